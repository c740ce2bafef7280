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
    TooMuchError,
    gunzipped,
    why,
)

MAX_NESTING = 3  # packed files inside packed files
MAX_DIRECTORY = 20_000_000  # bytes of a zip's list of members, which is held in memory: 200,000 and more
IN_MEMORY = 8_000_000  # bytes of a zip inside another file that need no disk
HEAD = 4_000  # first bytes of a file, which tell what it is

MBOX_ENDINGS = (".mbox", ".mbx")
ONE_MESSAGE = (".eml", ".emlx", ".txt", ".mail", ".msg")
PACKED = (".gz", ".zip", ".tgz", ".tar")
LARGE = f"larger than {MAX_MESSAGE // 1_000_000} MB, as no mail is"
OUTLOOK = "Outlook's own format (.msg) can't be read; open it there and save it as .eml"
EMPTY = "the file is empty"
TOO_DEEP = f"packed more than {MAX_NESTING} times"

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
    if _directory_size(file) > MAX_DIRECTORY:
        yield Item(label, 1, None, "it holds too many files; unpack it into a folder and name that")
        return
    with zipfile.ZipFile(file) as packed:
        for info in packed.infolist():
            if not info.is_dir() and _member_may_hold_mail(info.filename):
                yield from _of_member(packed, info, f"{label or ''}/{info.filename}", budget, depth)
            meter.add(info.compress_size)


def _of_member(
    packed: zipfile.ZipFile, info: zipfile.ZipInfo, label: str, budget: Budget, depth: int
) -> Iterator[Item]:
    with _told(inside=True) as trouble, packed.open(info) as member:
        name = info.filename.rpartition("/")[2]
        yield from _of_stream(Stream(member.read, budget), label, name, budget, depth + 1)
    yield from trouble.items(label)


def _directory_size(file: IO[bytes]) -> int:
    """How many bytes a zip's list of members takes, as its last record says (APPNOTE.TXT §4.3)."""
    end = file.seek(0, 2)
    start = max(0, end - 70_000)
    file.seek(start)
    tail = file.read(70_000)
    at = tail.rfind(b"PK\x05\x06")
    size = int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0
    if size == 0xFFFFFFFF and (at := tail.rfind(b"PK\x06\x06")) >= 0:
        size = int.from_bytes(tail[at + 40 : at + 48], "little")
    return size


def _of_tar(stream: Stream, label: str | None, budget: Budget, depth: int) -> Iterator[Item]:
    reader: Any = stream  # all that it needs is read()
    with tarfile.open(fileobj=reader, mode="r|") as packed:
        for info in packed:
            packed.members = []  # type: ignore[attr-defined]  # it keeps a list of all that it has seen
            if not info.isfile() or info.issparse() or not _member_may_hold_mail(info.name):
                continue
            name = info.name.rpartition("/")[2]
            member = packed.extractfile(info)
            if member is not None:
                inner = Stream(member.read)  # its bytes were counted when the whole was unpacked
                yield from _of_stream(inner, f"{label or ''}/{info.name}", name, budget, depth + 1)
