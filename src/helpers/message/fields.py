"""A header field, and a header block that was read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from helpers.message.words import bytes_to_text, decode_words
from helpers.terms import filled_directly

_LINE_END = re.compile(r"\r{1,3}(?:\n|(?=[ \t])|\Z)")


@filled_directly
@dataclass(frozen=True, slots=True)
class Header:
    """One field as it came: ``raw`` keeps folding and line endings (RFC 5322 §2.2)."""

    name: str
    raw: bytes

    @property
    def lname(self) -> str:
        """The name in lower case: field names are case-insensitive."""
        return self.name.lower()

    @property
    def value(self) -> str:
        """Text after the colon, unfolded and stripped; encoded words are left as they are."""
        return _unfolded(self.raw.partition(b":")[2].decode("utf-8", "backslashreplace"))

    @property
    def decoded(self) -> str:
        """``value`` with RFC 2047 encoded words and unlabelled charsets made readable; never raises."""
        value = self.raw.partition(b":")[2]
        if value.isascii() and b"=?" not in value and b"\x1b" not in value:
            return self.value
        return decode_words(_unfolded(bytes_to_text(value)))


def _unfolded(text: str) -> str:
    """The text without its line endings. A CR inside a line is none and parts words like a blank."""
    if "\r" in text:
        text = text.replace("\r\n", "")
        if "\r" in text:
            text = _LINE_END.sub("", text).replace("\r", " ")
    return text.replace("\n", "").strip()


def positions_by_name(headers: Sequence[Header]) -> dict[str, list[int]]:
    """Where each field name, in lower case, is in the message; topmost first."""
    found: dict[str, list[int]] = {}
    for position, header in enumerate(headers):
        found.setdefault(header.name.lower(), []).append(position)
    return found


@dataclass(frozen=True, slots=True)
class Block:
    """A header block that was read. ``text`` is what was read: the input itself unless noted."""

    headers: tuple[Header, ...]
    text: bytes
    body_at: int
    has_body: bool
    repairs: tuple[str, ...] = ()
    mbox_line: bytes = b""

    @property
    def body(self) -> bytes:
        """Everything after the separator."""
        return self.text[self.body_at :]
