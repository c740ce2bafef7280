"""Bytes of a mailbox as they come: counted for the progress bar, looked at ahead, bounded where packed.

budget   how far the packed bytes of one file may expand: megabytes that unpack to a terabyte are no mailbox
meter    how much of the whole source was read, of how much
"""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

BLOCK = 1 << 20  # bytes read at a time
SMALL_BLOCK = 1 << 16  # packed bytes read at a time: what is lost where they are damaged
GZIP = 31  # zlib's number for it
MAX_MESSAGE = 50_000_000  # bytes: Gmail takes 25 MB, which base64 makes 34 MB
MAX_NESTED = 2_000_000_000  # bytes of a packed file inside another
MAX_RATIO = 200  # unpacked to packed: text packs 3 to 20 times, a bomb a thousand times
FREE = 100_000_000  # unpacked bytes that need no such ratio

Read = Callable[[int], bytes]


class TooMuchError(Exception):
    """What is packed expands too far; the text says so."""


class TooLongError(Exception):
    """One piece of something packed would have to be held in memory and is too long; the text says so."""


# What reading damaged or foreign packed bytes raises. RuntimeError: a password is needed.
DAMAGED = (
    OSError, EOFError, zlib.error, zipfile.BadZipFile, tarfile.TarError, RuntimeError, NotImplementedError,
    ValueError, OverflowError, TooLongError, TooMuchError,
)  # fmt: skip


def why(error: BaseException) -> str:
    """The reason in one plain sentence."""
    if isinstance(error, TooLongError | TooMuchError):
        return str(error)
    if isinstance(error, EOFError):
        return "the packed file ends too early"
    if isinstance(error, RuntimeError) and "password" in str(error):
        return "it is locked with a password"
    if isinstance(error, OSError) and error.strerror:
        return f"can't be read ({error.strerror})"
    return f"the packed file is damaged ({error})"


@dataclass(frozen=True, slots=True)
class Item:
    """One message of a mailbox, or the reason why it could not be read (``raw`` is then None).

    ``file`` is the file it is in (a part of a packed file after the packed file's name), None for one that
    was handed over as bytes; ``position`` is its number in that file, the first is 1.
    """

    file: str | None
    position: int
    raw: bytes | None
    reason: str = ""


@dataclass(slots=True)
class Meter:
    """How much was read, in bytes, or in messages where the source has no size."""

    total: int | None = None
    done: int = 0
    unit: str = "B"

    def add(self, amount: int) -> None:
        """So much more was read."""
        self.done += amount


@dataclass(slots=True)
class Budget:
    """One packed file of ``packed`` bytes, with everything that is packed inside it."""

    packed: int
    expanded: int = 0

    def spend(self, amount: int) -> None:
        """So much more came out. Raises TooMuchError when no mailbox expands that far."""
        self.expanded += amount
        if self.expanded > FREE and self.expanded > MAX_RATIO * self.packed:
            raise TooMuchError(
                f"it unpacks to more than {MAX_RATIO} times its size, as no mailbox does; the rest is left"
            )


class Stream:
    """Something to read, once and from its start, whose first bytes can be looked at before."""

    def __init__(self, read: Read, budget: Budget | None = None) -> None:
        self._read = read
        self._ahead = b""
        self.budget = budget

    def peek(self, size: int) -> bytes:
        """The next bytes, at most ``size``; they are read again afterwards."""
        while len(self._ahead) < size:
            more = self._next(size - len(self._ahead))
            if not more:
                break
            self._ahead += more
        return self._ahead[:size]

    def read(self, size: int = -1) -> bytes:
        """The next bytes, fewer than ``size`` also before the end; everything that is left when negative."""
        if size < 0:
            return self.take(1 << 62)
        if self._ahead:
            piece, self._ahead = self._ahead[:size], self._ahead[size:]
            return piece
        return self._next(size)

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes, fewer only at the end."""
        pieces = []
        while size > 0 and (piece := self.read(min(size, BLOCK))):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def _next(self, size: int) -> bytes:
        data = self._read(size)
        if self.budget is not None:
            self.budget.spend(len(data))
        return data


def unpacks_in_pieces(info: zipfile.ZipInfo) -> bool:
    """Does Python unpack this member no further than it is asked to?

    Of bzip2 and LZMA it unpacks at once whatever it has read: some hundred bytes become a gigabyte. No
    mail program packs so.
    """
    return info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def gunzipped(read: Read) -> Read:
    """Reads what gzip packed (RFC 1952), several members one after the other too.

    A file that was cut off or damaged gives all that comes before that, and then raises EOFError or
    zlib.error; `gzip` of the standard library keeps the last megabyte to itself.
    """
    unpacker = zlib.decompressobj(GZIP)
    packed = b""

    def next_bytes(size: int) -> bytes:
        nonlocal unpacker, packed
        while True:
            if unpacker.eof:
                packed = (unpacker.unused_data or packed).lstrip(b"\0") or read(BLOCK).lstrip(b"\0")
                if not packed:
                    return b""
                unpacker = zlib.decompressobj(GZIP)
            if not packed and not (packed := read(SMALL_BLOCK)):
                raise EOFError
            data = unpacker.decompress(packed, size)
            packed = unpacker.unconsumed_tail
            if data:
                return data

    return next_bytes


def metered(read: Read, meter: Meter) -> Read:
    """``read``, and the meter hears of it."""

    def counted(size: int) -> bytes:
        data = read(size)
        meter.add(len(data))
        return data

    return counted
