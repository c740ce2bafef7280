"""What a person gave: files and pasted text as bytes of mail, and a plain sentence for what can't be mail."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LARGE = 25_000_000  # bytes: what many receivers take at most; above it something is said
TOO_LARGE = 200_000_000  # bytes: no mail; a disk image or a whole mailbox given by mistake
MAX_LISTED = 200  # files of a folder, the newest ones
PASTED = "pasted text"

# What files of other kinds begin with, and what to say about them.
_PICTURE = "This is a picture, and the kit can't read words in pictures. Paste the refusal as text instead."
_PACKED = "This is a packed file. Unpack it, and give the mails in it, one file each."
_NO_MAIL = "Save the bounce as .eml, or paste its text."
_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", _PICTURE),
    (b"\x89PNG\r\n", _PICTURE),
    (b"GIF8", _PICTURE),
    (b"II*\x00", _PICTURE),
    (b"MM\x00*", _PICTURE),
    (b"RIFF", _PICTURE),
    (b"%PDF", f"This is a PDF: a printed mail has lost its headers. {_NO_MAIL}"),
    (
        b"\xd0\xcf\x11\xe0",
        "This is Outlook's own .msg format or an old Office document. Open it in Outlook, choose File, then "
        "Properties, and paste what stands under Internet headers; new Outlook saves .eml.",
    ),
    (b"x\x9f>\x22", f"This is winmail.dat, Outlook's wrapping of an attachment, and no mail. {_NO_MAIL}"),
    (b"{\\rtf", f"This is a word processor's document (RTF). {_NO_MAIL}"),
    (b"\x1f\x8b", _PACKED),
    (b"BZh", _PACKED),
    (b"\xfd7zXZ", _PACKED),
    (b"7z\xbc\xaf", _PACKED),
    (b"Rar!", _PACKED),
    (b"SQLite format", "This is a database, such as a mail program's index, and no mail. " + _NO_MAIL),
)
_OFFICE = (b"word/", b"[Content_Types].xml", b"mimetypeapplication/vnd.oasis", b"Index/Document.iwa")
_UTF16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_EMLX = re.compile(
    rb"\A(\d{1,10})[ \t]*\r?\n(?=[!-9;-~]+:)"
)  # Apple Mail's own files: a length, then the mail


@dataclass(frozen=True)
class Given:
    """One thing to explain. ``kept``: it stands in the folder for own mail already."""

    name: str
    raw: bytes
    kept: bool = False


def why_not_mail(raw: bytes) -> str:
    """Why these bytes can't be mail, in a sentence that says what to do; empty when they may be."""
    if not raw.strip():
        return "There is nothing in it. Save the bounce again, with all its headers."
    if len(raw) > TOO_LARGE:
        return _size_words(len(raw))
    if raw.startswith(b"PK\x03\x04"):
        office = any(mark in raw[:4096] or mark in raw[-65536:] for mark in _OFFICE)
        return f"This is a word processor's document. {_NO_MAIL}" if office else _PACKED
    if raw[4:12] in (b"ftypheic", b"ftypmif1", b"ftypheix", b"ftypavif"):
        return _PICTURE
    return next((said for start, said in _KINDS if raw.startswith(start)), "")


def _size_words(size: int) -> str:
    return (
        f"With {size // 1_000_000} MB this is larger than any mail. For a whole mailbox there is "
        "h.analyze_mailbox, in lesson 14."
    )


def large_words(size: int) -> str:
    """What to know about a large mail; empty for others."""
    if size <= LARGE:
        return ""
    return (
        f"This is a large mail, {size // 1_000_000} MB: many receivers take no more than "
        f"{LARGE // 1_000_000} MB, whatever vouches for it."
    )


def mail_bytes(content: bytes) -> bytes:
    """The mail in a file's bytes: out of UTF-16 text, and out of the files that Apple Mail keeps."""
    if (codec := _UTF16.get(content[:2])) is not None:
        return content[2:].decode(codec, "replace").encode("utf-8", "replace")
    if (found := _EMLX.match(content)) is not None:
        return content[found.end() : found.end() + int(found.group(1))]
    return content


def pasted(text: str) -> Iterator[Given]:
    """What was pasted, when anything was. Blanks before the first header are the clipboard's."""
    if text.strip():
        yield Given(PASTED, text.lstrip().encode("utf-8", "replace"))


def read_kept(path: Path) -> Given:
    """A file of the folder. Raises OSError when it can't be read; one that is too large is left alone."""
    size = path.stat().st_size
    if size > TOO_LARGE:
        raise OSError(_size_words(size))
    return Given(path.name, mail_bytes(path.read_bytes()), kept=True)


# What the kit itself writes into the folder, and its page: none of it is mail.
_NOT_LISTED = (".zone", ".html", ".md", ".json", ".csv")


def listed(folder: Path) -> Sequence[Path]:
    """The files in a folder that may be mail, newest first; none when there is no folder."""
    return _newest(folder, lambda suffix: suffix not in _NOT_LISTED)


def listed_zones(folder: Path) -> Sequence[Path]:
    """The recorded zones in a folder, newest first."""
    return _newest(folder, lambda suffix: suffix == ".zone")


def _newest(folder: Path, wanted: Callable[[str], bool]) -> Sequence[Path]:
    found: list[tuple[float, str, Path]] = []
    with suppress(OSError):  # no such folder, or a file that is gone by now
        found.extend(
            (-path.stat().st_mtime, path.name, path)
            for path in folder.iterdir()
            if not path.name.startswith(".") and wanted(path.suffix.lower()) and path.is_file()
        )
    return [path for _, _, path in sorted(found)[:MAX_LISTED]]
