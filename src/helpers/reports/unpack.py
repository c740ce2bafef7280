"""From a file's bytes to the XML in it: plain, gzip or zip, a chunk at a time and with an end to it.

A report comes from whoever answers to a DNS record, so it may be a bomb: nothing is unpacked whole,
and every stream stops at a limit with a sentence that says which.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator

MIB = 1 << 20
MAX_REPORT = 100 * MIB  # of XML: large receivers' reports have a few; parsedmarc stops here, too
MAX_UNPACKED = 2 * MAX_REPORT  # from one file or mail, whatever it holds
MAX_MEMBERS = 100  # files in one zip: reporters send one
CHUNK = 1 << 18

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"

Chunks = Callable[[], Iterator[bytes]]


class RefusedError(Exception):
    """This is no report that can be read; the message is the sentence to show."""


class Budget:
    """How much may still be unpacked from one file: its members share it."""

    def __init__(self, left: int = MAX_UNPACKED) -> None:
        self.left = left

    def limited(self, start: Chunks) -> Chunks:
        """The same stream, until one report or the whole file has had its share.

        A report may be read more than once; what was unpacked before costs nothing again.
        """
        reached = 0

        def chunks() -> Iterator[bytes]:
            nonlocal reached
            size = 0
            for chunk in start():
                size += len(chunk)
                self.left -= max(0, size - reached)
                reached = max(reached, size)
                if size > MAX_REPORT:
                    raise RefusedError(
                        f"It has more than {MAX_REPORT // MIB} MiB of XML, the most for one report."
                    )
                if self.left < 0:
                    raise RefusedError(
                        f"Its file unpacks to more than {MAX_UNPACKED // MIB} MiB, the most for one."
                    )
                yield chunk

        return chunks


def is_packed(data: bytes) -> bool:
    """True when the bytes are gzip or zip, by how they begin: names and types of reporters are unreliable."""
    return data.startswith((GZIP, ZIP, _EMPTY_ZIP))


def unpack(data: bytes, budget: Budget) -> Iterator[tuple[str, Chunks]]:
    """``(name, chunks)`` of each file in the bytes; the name is "" where there is none.

    ``chunks()`` starts from the beginning each time. Raises RefusedError for a zip that can't be opened;
    the chunks raise it for what comes later.
    """
    if data.startswith(GZIP):
        yield "", budget.limited(lambda: _gunzip(data))
    elif data.startswith((ZIP, _EMPTY_ZIP)):
        yield from _members(data, budget)
    else:
        yield "", budget.limited(lambda: (data[at : at + CHUNK] for at in range(0, len(data), CHUNK)))


def _gunzip(data: bytes) -> Iterator[bytes]:
    """RFC 1952: one member after the other; padding after the last is left out, as gzip does."""
    at = members = 0
    while data.startswith(GZIP, at):
        members += 1
        if members > MAX_MEMBERS:
            raise RefusedError(f"The gzip data has more than {MAX_MEMBERS} members; a report is one.")
        unpacker = zlib.decompressobj(wbits=31)
        while not unpacker.eof:
            packed = unpacker.unconsumed_tail
            if not packed:
                packed = data[at : at + CHUNK]
                at += len(packed)
            try:
                chunk = unpacker.decompress(packed, CHUNK)
            except zlib.error as error:
                raise RefusedError(f"The gzip data is damaged: {error}.") from None
            if chunk:
                yield chunk
            elif not packed:
                raise RefusedError("The gzip data ends too early: a part of the file is missing.")
        at -= len(unpacker.unused_data)


def _members(data: bytes, budget: Budget) -> Iterator[tuple[str, Chunks]]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = [
            entry for entry in archive.infolist()
            if not entry.filename.endswith("/") and not entry.filename.startswith("__MACOSX/")
        ]  # fmt: skip
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError) as error:
        raise RefusedError(f"The zip archive can't be opened: {_words(error)}.") from None
    if not entries:
        raise RefusedError("The zip archive is empty.")
    if len(entries) > MAX_MEMBERS:
        raise RefusedError(f"The zip archive holds {len(entries):,} files; a report is one.")
    for entry in entries:
        yield entry.filename, _reader(archive, entry, budget)


def _reader(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: Budget) -> Chunks:
    return budget.limited(lambda: _member(archive, entry))


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    if entry.flag_bits & 1:
        raise RefusedError("The zip archive is encrypted.")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # Of bzip2 and LZMA Python unpacks at once whatever it has read: some hundred bytes become a gigabyte.
        raise RefusedError("A file in the zip archive can't be unpacked: its compression is not deflate.")
    try:
        with archive.open(entry) as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise RefusedError(f"A file in the zip archive is damaged: {_words(error)}.") from None
    except (NotImplementedError, RuntimeError) as error:  # a compression that Python has not
        raise RefusedError(f"A file in the zip archive can't be unpacked: {_words(error)}.") from None


def _words(error: Exception) -> str:
    return str(error).rstrip(".")[:200] or type(error).__name__
