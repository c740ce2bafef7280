"""Where mail is kept: an mbox, a Maildir, a folder, a packed file, or a list of any of these.

Every message comes out with the file that it is in and its place there. What can't be read comes out as
well, with the reason, and the walk goes on.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Sized
from pathlib import Path
from typing import Any

from helpers.mailbox.files import may_hold_mail, of_file, of_stream
from helpers.mailbox.streams import Budget, Item, Meter, Read, Stream, metered, why
from helpers.message import Message

MAX_FOLDERS = 100  # folders inside folders


def is_content(source: Any) -> bool:
    """Is this the mail itself, rather than where it is?"""
    return isinstance(source, bytes | bytearray | memoryview | Message) or (
        isinstance(source, str) and "\n" in source
    )


def size_of(source: Any) -> Meter:
    """How much there is to read, as far as that is known before. OSError for a path that leads nowhere."""
    if isinstance(source, str | os.PathLike) and not is_content(source):
        path = Path(source)
        if path.is_dir():
            return Meter(sum(_size(name) for name in _files(path, top=True)))
        return Meter(path.stat().st_size)
    if is_content(source):
        return Meter(len(_content(source)))
    if hasattr(source, "read"):
        return Meter(None)
    return Meter(len(source) if isinstance(source, Sized) else None, unit=" messages")


def items_of(source: Any, meter: Meter) -> Iterator[Item]:
    """Every message of a source; see `helpers.mailbox.read_mailbox` for what it may be."""
    if is_content(source):
        file = io.BytesIO(_content(source))
        budget = Budget(max(1, file.getbuffer().nbytes))
        yield from of_file(file, Stream(metered(file.read, meter)), None, "", budget, meter)
    elif isinstance(source, str | os.PathLike):
        yield from _of_path(Path(source), meter)
    elif hasattr(source, "read"):
        budget = Budget(0)  # of as many bytes as will have been read
        yield from of_stream(Stream(_reader(source, budget, meter)), _name_of_file(source), "", budget)
    elif isinstance(source, Iterable):
        yield from _of_iterable(source, meter)
    else:
        raise TypeError(f"a mailbox is a path, an open file or mails in a row, not {type(source).__name__}")


def _content(source: Any) -> bytes:
    if isinstance(source, Message):
        return source.raw
    return source.encode("utf-8", "surrogateescape") if isinstance(source, str) else bytes(source)


def _reader(source: Any, budget: Budget, meter: Meter) -> Read:
    def read(size: int) -> bytes:
        data = source.read(size)
        data = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else bytes(data)
        budget.packed += len(data)
        return data

    return metered(read, meter)


def _name_of_file(source: Any) -> str | None:
    name = getattr(source, "name", None)
    return name if isinstance(name, str) else None


def _of_iterable(source: Iterable[Any], meter: Meter) -> Iterator[Item]:
    """Bytes, messages, paths and open files in a row; what is none of these is told, and the row goes on."""
    aside = Meter()  # the messages are counted here, not their bytes
    for position, one in enumerate(source, 1):
        if is_content(one):
            yield Item(None, position, _content(one))
        elif isinstance(one, str | os.PathLike) or hasattr(one, "read"):
            try:
                yield from items_of(one, aside)
            except OSError as error:
                yield Item(str(one), 1, None, why(error))
        else:
            kind = type(one).__name__
            yield Item(None, position, None, f"a message is bytes, text, a path or an open file, not {kind}")
        meter.add(1)


# ------------------------------------------------------------------- files


def _of_path(path: Path, meter: Meter) -> Iterator[Item]:
    if path.is_dir():
        for name in _files(path, top=True):
            yield from _of_file(name, meter)
    elif not path.is_file() and path.exists():
        yield Item(_shown(path), 1, None, "neither a file nor a folder")
    else:
        with path.open("rb") as file:  # raises for a path that leads nowhere
            yield from _of_open_file(file, path, meter)


def _of_file(path: Path, meter: Meter) -> Iterator[Item]:
    """A file of a folder: what is wrong with it is told, never raised."""
    try:
        with path.open("rb") as file:
            yield from _of_open_file(file, path, meter)
    except OSError as error:
        yield Item(_shown(path), 1, None, why(error))


def _of_open_file(file: Any, path: Path, meter: Meter) -> Iterator[Item]:
    budget = Budget(max(1, os.fstat(file.fileno()).st_size))
    yield from of_file(file, Stream(metered(file.read, meter)), _shown(path), path.name, budget, meter)


def _shown(path: Path) -> str:
    """The file's name as text, also where it is not UTF-8."""
    return os.fsencode(path).decode("utf-8", "replace")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _files(folder: Path, *, top: bool, depth: int = 0) -> Iterator[Path]:
    """The files that may hold mail, in the order of their names: first the folder's own, then those below.

    In a Maildir that is everything in ``cur`` and ``new`` (what is in ``tmp`` is not delivered yet), with
    Maildir++ folders (``.Sent``) below. Links to folders are not followed: they may lead round in a circle.
    """
    try:
        with os.scandir(folder) as listed:
            entries = sorted(listed, key=lambda entry: entry.name)
    except OSError:
        if top:
            raise
        return
    folders = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    maildir = "cur" in folders or "new" in folders
    if maildir:
        for name in ("cur", "new"):
            yield from _delivered(folder / name)
    else:
        yield from (folder / entry.name for entry in entries if may_hold_mail(entry.name) and _is_file(entry))
    if depth < MAX_FOLDERS:
        for name in folders:
            if not (maildir and name in ("cur", "new", "tmp")) and (maildir or not name.startswith(".")):
                yield from _files(folder / name, top=False, depth=depth + 1)


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Is it a file, or a link to one? A link that leads back to itself is none."""
    try:
        return entry.is_file()
    except OSError:
        return False


def _delivered(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as listed:
            return [folder / name for name in sorted(entry.name for entry in listed if _is_file(entry))]
    except OSError:
        return []
