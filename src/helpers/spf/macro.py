"""SPF macros (RFC 7208 §7): reading ``%{ir}.%{d2}``, and putting the values in.

Glossary. *Macro letter*: which value (``i`` is the client IP, ``d`` the current domain).
*Transformers*: how many parts from the right are kept, ``r`` for reversed. *Delimiters*:
where the value is cut into parts; at dots when none is given. A letter in upper case
URL-escapes the value.

Private to the room ``spf``. Values come in as a function, so nothing here knows DNS.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

MAX_NAME = 253  # RFC 7208 §7.3: a longer name loses labels on its left until it fits
MAX_TEXT = 4096  # ours, for an explanation: one SMTP reply line holds 512 octets (RFC 5321 §4.5.3.1.5)

MEANINGS = {  # RFC 7208 §7.2
    "s": "the sender's address",
    "l": "the local part of the sender's address",
    "o": "the domain of the sender's address",
    "d": "the domain whose record is being read",
    "i": "the client IP",
    "p": "the validated name of the client IP",
    "h": "the HELO name",
    "v": "in-addr for IPv4, ip6 for IPv6",
    "c": "the client IP in readable form",
    "r": "the host that makes this check",
    "t": "the time in seconds since 1970",
}
ONLY_IN_TEXT = frozenset("crt")
_IN_NAMES = frozenset(MEANINGS) - ONLY_IN_TEXT

_MACRO = re.compile(r"(%(?:([%_-])|\{([A-Za-z])([0-9]*)([rR]?)([.\-+,/_=]*)\}))")
_GROUPS = 7  # that `_MACRO.split` gives for each macro: the text before it, itself, and its five parts
_STRAY = "has a % that starts no macro (§7.1)"
_LITERAL = {"%": "%", "_": " ", "-": "%20"}
_UNRESERVED = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
)  # RFC 3986 §2.3


class Macro(NamedTuple):
    """One ``%{…}``: ``text`` as written, and what to do with the value of ``letter``."""

    text: str
    letter: str  # lower case
    keep: int  # parts kept from the right; 0 keeps all
    reverse: bool
    delimiters: str  # each once
    escape: bool
    meaning: str  # what it stands for, in words

    def apply(self, value: str) -> str:
        """Cut at the delimiters, reverse, keep the right-hand parts, join with dots (RFC 7208 §7.3)."""
        _, _, keep, reverse, delimiters, escape, _ = self
        if keep or reverse or delimiters:
            for other in delimiters[1:]:
                value = value.replace(other, delimiters[0])
            parts = value.split(delimiters[0] if delimiters else ".")
            if reverse:
                parts.reverse()
            value = ".".join(parts[-keep:] if keep else parts)
        return _url_escaped(value) if escape else value


Part = str | Macro
ValueOf = Callable[[str], str | None]


def _url_escaped(value: str) -> str:
    octets = value.encode("utf-8", "surrogatepass")
    return "".join(chr(octet) if octet in _UNRESERVED else f"%{octet:02X}" for octet in octets)


def read_macros(text: str, *, explanation: bool = False) -> tuple[tuple[Part, ...], str, str | None]:
    """Cut a macro-string into literal text and macros (RFC 7208 §7.1), in linear time.

    ``explanation``: the letters c, r and t are allowed there only (§7.2). Returns the parts; the
    literal text behind the last macro; and None, or what is wrong, as the end of a sentence.
    """
    parts: list[Part] = []
    allowed = MEANINGS if explanation else _IN_NAMES
    pieces = _MACRO.split(text)
    tail = pieces[-1]
    for at in range(0, len(pieces) - 1, _GROUPS):
        before, whole, literal, letter, digits, reverse, delimiters = pieces[at : at + _GROUPS]
        if before:
            parts.append(before)
            if "%" in before:
                return (), "", _STRAY
        if literal:
            parts.append(_LITERAL[literal])
            continue
        low = letter.lower()
        count = digits.lstrip("0") if digits else ""
        if low not in allowed or (digits and not count):
            return (), "", _problem(letter, low)
        keep = int(count) if count and len(count) <= 3 else 0  # 1,000 parts or more: that is all of them
        if len(delimiters) > 1:
            delimiters = "".join(dict.fromkeys(delimiters))
        turn, escape = reverse != "", letter != low
        meaning = _meaning(low, keep, turn, delimiters, escape)
        parts.append(Macro(whole, low, keep, turn, delimiters, escape, meaning))
    if tail:
        parts.append(tail)
        if "%" in tail:
            return (), "", _STRAY
    return tuple(parts), tail, None


def _problem(letter: str, low: str) -> str:
    if low not in MEANINGS:
        return f"uses %{{{letter}}}, a macro letter that doesn't exist (§7.2)"
    if low in ONLY_IN_TEXT:
        return f"uses %{{{letter}}}, which is allowed only in explanation text (§7.2)"
    return "asks for zero parts of a macro (§7.3)"


@lru_cache(maxsize=256)  # records use the same few macros
def _meaning(letter: str, keep: int, reverse: bool, delimiters: str, escape: bool) -> str:
    words = MEANINGS[letter]
    if delimiters:
        words += f", cut at {' '.join(delimiters)}"
    if reverse:
        words += ", reversed"
    if keep:
        words += f", the last {keep} of its parts" if keep > 1 else ", its last part"
    return words + ", URL-escaped" if escape else words


def expand_name(parts: tuple[Part, ...], value_of: ValueOf) -> tuple[str | None, list[tuple[Macro, str]]]:
    """The name that a domain-spec with macros stands for, and each macro with what it became.

    The name is None when a value can't be part of one. Works from the right, since only the
    last 253 characters can matter (RFC 7208 §7.3): that bounds the work for any record.
    """
    pieces: list[str] = []
    filled: list[tuple[Macro, str]] = []
    length = 0
    for part in reversed(parts):
        if isinstance(part, str):
            piece = part
        else:
            value = value_of(part.letter)
            if value is None:
                return None, filled
            piece = part.apply(value)
            filled.append((part, piece))
        pieces.append(piece)
        length += len(piece)
        if length > MAX_NAME + 1:  # one more for a final dot
            break
    pieces.reverse()
    filled.reverse()
    name = "".join(pieces).removesuffix(".")
    if len(name) > MAX_NAME:
        cut = name.find(".", len(name) - MAX_NAME - 1)
        name = name[cut + 1 :] if cut >= 0 else name[-MAX_NAME - 1 :]
    return name, filled


def expand_text(parts: tuple[Part, ...], value_of: ValueOf) -> str | None:
    """Explanation text with its values, at most 4,096 characters; None when a value is missing."""
    pieces: list[str] = []
    length = 0
    for part in parts:
        if isinstance(part, str):
            piece = part
        else:
            value = value_of(part.letter)
            if value is None:
                return None
            piece = part.apply(value)
        pieces.append(piece)
        length += len(piece)
        if length > MAX_TEXT:
            break
    return "".join(pieces)[:MAX_TEXT]
