"""Mail is hostile input: what comes out of it is made harmless here before anyone sees it."""

from __future__ import annotations

import html
import re
import unicodedata

# Control characters (ANSI escapes among them), bidirectional overrides, line/paragraph separators, lone
# surrogates, and whatever shows nothing: zero-width characters, fillers, variation selectors, tags (Unicode's
# Default_Ignorable_Code_Point). They can hide text, reorder it, tell look-alikes apart or drive a terminal.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
MAX_SHOWN = 2_000  # characters of one value; longer ones are cut, and say so


def _visible(match: re.Match[str]) -> str:
    number = ord(match.group())
    if number > 0xFFFF:
        return f"\\U{number:08x}"
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def clean(text: object, limit: int = MAX_SHOWN) -> str:
    """Text that can't steer a terminal or hide part of itself: such characters become visible."""
    whole = str(text)
    cut = whole if len(whole) <= limit else f"{whole[:limit]} … ({len(whole):,} characters in all)"
    return _UNSAFE.sub(_visible, cut.replace("\r\n", "\n").replace("\r", "\n"))


def escape(text: object, limit: int = MAX_SHOWN) -> str:
    """`clean`, and then safe inside HTML text and quoted attributes."""
    return html.escape(clean(text, limit), quote=True)


def one_line(text: object, limit: int = 200) -> str:
    """`clean` with white space squeezed, so that it fits a table cell in a terminal."""
    return " ".join(clean(text, limit).split())


def width(text: str) -> int:
    """Columns the text takes in a terminal: East Asian wide characters take two."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else not unicodedata.combining(c) for c in text)
