"""What a file holds, told by its first bytes: an mbox, one message, or something packed with more inside.

Packed files are read as they flow by, and what they may expand to is bounded. What is damaged gives one
`Item` with the reason, after everything before the damage.
"""

from __future__ import annotations

import re
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

from helpers.mailbox.mbox import begins_mbox, split_mbox
from helpers.mailbox.streams import (
    BLOCK,
    DAMAGED,
    MAX_MESSAGE,
    MAX_NESTED,
    Budget,
    Item,
    Meter,
    Stream,
    TooLongError,
    TooMuchError,
    gunzipped,
    unpacks_in_pieces,
    why,
)

MAX_NESTING = 3  # packed files inside packed files
MAX_DIRECTORY = 20_000_000  # bytes of a zip's list of members, which is held in memory: 200,000 and more
MAX_INNER_DIRECTORY = 2_000_000  # the same of a zip inside another file, where repeated names take no room
MAX_HEADERS = 1_000_000  # bytes between two members of a tar: names and the like, which are held in memory
IN_MEMORY = 8_000_000  # bytes of a zip inside another file that need no disk
HEAD = 4_000  # first bytes of a file, which tell what it is

MBOX_ENDINGS = (".mbox", ".mbx")
ONE_MESSAGE = (".eml", ".emlx", ".txt", ".mail", ".msg")
PACKED = (".gz", ".zip", ".tgz", ".tar")
LARGE = f"larger than {MAX_MESSAGE // 1_000_000} MB, as no mail is"
OUTLOOK = "Outlook's own format (.msg) can't be read; open it there and save it as .eml"
EMPTY = "the file is empty"
TOO_DEEP = f"packed more than {MAX_NESTING} times"
TOO_MANY = "it holds too many files; unpack it into a folder and name that"
ODD_PACKING = "packed in a way that is not used for mail; unpack it and pack it again"

_ENDING = re.compile(r"\.[A-Za-z]\w{0,9}\Z")
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


def may_hold_mail(name: str) -> bool:
    """By a file's name: mail's usual endings, or none, as in MH's and Thunderbird's folders."""
    name = name.lower()
    if name.startswith(".") or name == "table_of_contents":  # the latter is Apple Mail's own
        return False
    return name.endswith((*MBOX_ENDINGS, *ONE_MESSAGE, *PACKED)) or not _ENDING.search(name)


def is_packed(head: bytes) -> bool:
    """By a file's first bytes: gzip, zip or tar?"""
    return head.startswith((b"\x1f\x8b", *_ZIP)) or head[257:262] == b"ustar"


def _member_may_hold_mail(path: str) -> bool:
    """The same for a path in a packed file; what is in a Maildir's cur or new is mail whatever its name."""
    *folders, name = path.replace("\\", "/").split("/")
    if "__MACOSX" in folders:
        return False
    return may_hold_mail(name) or (folders[-1:] in (["cur"], ["new"]) and not name.startswith("."))


def of_file(
    file: IO[bytes], stream: Stream, label: str | None, name: str, budget: Budget, meter: Meter
) -> Iterator[Item]:
    """The messages of a file that can be read at any place, as a zip has to be."""
    if not stream.peek(4).startswith(_ZIP):
        yield from of_stream(stream, label, name, budget)
        return
    with _told() as trouble:
        yield from _of_zip(file, label, budget, 0, meter)
    yield from trouble.items(label)


def of_stream(stream: Stream, label: str | None, name: str, budget: Budget) -> Iterator[Item]:
    """The messages of what can only be read from its start to its end."""
    with _told() as trouble:
        yield from _of_stream(stream, label, name, budget, 0)
    yield from trouble.items(label)


@dataclass(slots=True)
class _Trouble:
    reason: str = ""
    position: int = 1

    def items(self, label: str | None) -> Iterator[Item]:
        """The reason as an item, if there is one."""
        if self.reason:
            yield Item(label, self.position, None, self.reason)


@contextmanager
def _told(*, inside: bool = False) -> Iterator[_Trouble]:
    """What goes wrong in reading becomes a reason.

    ``inside``: what is read is packed in something else, whose budget is used up for all of it.
    """
    trouble = _Trouble()
    try:
        yield trouble
    except DAMAGED as error:
        if inside and isinstance(error, TooMuchError):
            raise
        trouble.reason = why(error)


def _of_stream(stream: Stream, label: str | None, name: str, budget: Budget, depth: int) -> Iterator[Item]:
    """By the first bytes. ``depth``: how often it was packed."""
    with _told(inside=True) as trouble:
        head = stream.peek(HEAD)
        ending = name.lower()
        packed = is_packed(head)
        if packed and depth >= MAX_NESTING:
            yield Item(label, 1, None, TOO_DEEP)
        elif head.startswith(b"\x1f\x8b"):
            yield from _of_gzip(stream, label, name, budget, depth)
        elif head.startswith(_ZIP):
            yield from _of_inner_zip(stream, label, budget, depth)
        elif packed:
            yield from _of_tar(stream, label, budget, depth)
        elif head.startswith(b"\xd0\xcf\x11\xe0"):
            yield Item(label, 1, None, OUTLOOK)
        elif ending.endswith(MBOX_ENDINGS) or (not ending.endswith(ONE_MESSAGE) and begins_mbox(head)):
            for position, raw in enumerate(split_mbox(stream.read), 1):
                yield _checked(label, position, raw)
                trouble.position = position + 1
        else:
            yield _one_message(stream, label)
    yield from trouble.items(label)


def _checked(label: str | None, position: int, raw: bytes | None) -> Item:
    if raw is None:
        return Item(label, position, None, LARGE)
    return Item(label, position, raw) if raw.strip() else Item(label, position, None, "the message is empty")


def _one_message(stream: Stream, label: str | None) -> Item:
    raw = stream.take(MAX_MESSAGE + 1)
    if len(raw) > MAX_MESSAGE:
        return Item(label, 1, None, LARGE)
    if not raw.strip():
        return Item(label, 1, None, EMPTY)
    return Item(label, 1, raw)


# ------------------------------------------------------------------- packed


def _of_gzip(stream: Stream, label: str | None, name: str, budget: Budget, depth: int) -> Iterator[Item]:
    inner = Stream(gunzipped(stream.read), budget)
    plain = name[: -len(".gz")] if name.lower().endswith(".gz") else name
    yield from _of_stream(inner, label, plain, budget, depth + 1)


def _of_inner_zip(stream: Stream, label: str | None, budget: Budget, depth: int) -> Iterator[Item]:
    """A zip has to be read from its end, so one that only flows by is written to disk first."""
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
        size = 0
        while block := stream.read(BLOCK):
            size += file.write(block)
            if size > MAX_NESTED:
                yield Item(label, 1, None, f"larger than {MAX_NESTED // 1_000_000} MB inside another file")
                return
        yield from _of_zip(file, label, budget, depth, Meter())


def _of_zip(file: IO[bytes], label: str | None, budget: Budget, depth: int, meter: Meter) -> Iterator[Item]:
    reader: Any = _ShortReads(file, MAX_INNER_DIRECTORY if depth else MAX_DIRECTORY)
    with zipfile.ZipFile(reader) as packed:
        for info in packed.infolist():
            name = info.filename
            if name and not name.endswith("/") and _member_may_hold_mail(name):
                yield from _of_member(packed, info, f"{label or ''}/{name}", budget, depth)
            meter.add(info.compress_size)


class _ShortReads:
    """A file for `zipfile`, which reads a zip's whole list of members at once, however long it is.

    How long that is a zip says in up to three places, so the reading itself is bounded.
    """

    def __init__(self, file: IO[bytes], most: int) -> None:
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self._file, self._most = file, most

    def read(self, size: int = -1) -> bytes:
        """As a file does it; TooLongError where it would be more than a list of members may take."""
        data = self._file.read(self._most + 1 if size < 0 else min(size, self._most + 1))
        if len(data) > self._most:
            raise TooLongError(TOO_MANY)
        return data


def _of_member(
    packed: zipfile.ZipFile, info: zipfile.ZipInfo, label: str, budget: Budget, depth: int
) -> Iterator[Item]:
    if not unpacks_in_pieces(info) and not info.flag_bits & 1:  # what is locked says so itself
        yield Item(label, 1, None, ODD_PACKING)
        return
    with _told(inside=True) as trouble, packed.open(info) as member:
        name = info.filename.rpartition("/")[2]
        yield from _of_stream(Stream(member.read, budget), label, name, budget, depth + 1)
    yield from trouble.items(label)


class _BoundedHeaders:
    """A stream for `tarfile`, which reads the headers before a member at once, however long they are."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._left = MAX_HEADERS

    def read(self, size: int) -> bytes:
        """The next bytes; TooLongError when they are more than what comes before a member may be."""
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise TooLongError("what stands before one of its files is longer than any name")
        return data

    def member(self, size: int) -> None:
        """So many bytes come now before the next headers."""
        self._left = size + MAX_HEADERS


def _of_tar(stream: Stream, label: str | None, budget: Budget, depth: int) -> Iterator[Item]:
    source = _BoundedHeaders(stream)
    reader: Any = source  # all that it needs is read()
    with tarfile.open(fileobj=reader, mode="r|") as packed:
        for info in packed:
            packed.members = []  # type: ignore[attr-defined]  # it keeps a list of all that it has seen
            source.member(packed.offset - info.offset_data)
            if not info.isfile() or info.issparse() or not _member_may_hold_mail(info.name):
                continue
            name = info.name.rpartition("/")[2]
            member = packed.extractfile(info)
            if member is not None:
                inner = Stream(member.read)  # its bytes were counted when the whole was unpacked
                yield from _of_stream(inner, f"{label or ''}/{info.name}", name, budget, depth + 1)
