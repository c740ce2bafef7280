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
from dataclasses import dataclass
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

_MACRO = re.compile(r"%(?:([%_-])|\{([A-Za-z])([0-9]*)([rR]?)([.\-+,/_=]*)\})")
_LITERAL = {"%": "%", "_": " ", "-": "%20"}
_UNRESERVED = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
)  # RFC 3986 §2.3


@dataclass(frozen=True, slots=True)
class Macro:
    """One ``%{…}``: ``text`` as written, and what to do with the value of ``letter``."""

    text: str
    letter: str  # lower case
    keep: int  # parts kept from the right; 0 keeps all
    reverse: bool
    delimiters: str
    escape: bool

    def apply(self, value: str) -> str:
        """Cut at the delimiters, reverse, keep the right-hand parts, join with dots (RFC 7208 §7.3)."""
        if self.keep or self.reverse or self.delimiters:
            first, *others = self.delimiters or "."
            for other in others:
                value = value.replace(other, first)
            parts = value.split(first)
            if self.reverse:
                parts.reverse()
            value = ".".join(parts[-self.keep :] if self.keep else parts)
        return _url_escaped(value) if self.escape else value

    def meaning(self) -> str:
        """What it stands for, in words."""
        words = MEANINGS[self.letter]
        if self.delimiters:
            words += f", cut at {' and '.join(dict.fromkeys(self.delimiters))}"
        if self.reverse:
            words += ", reversed"
        if self.keep:
            words += f", the last {self.keep} of its parts" if self.keep > 1 else ", its last part"
        return words + ", URL-escaped" if self.escape else words


Part = str | Macro
ValueOf = Callable[[str], str | None]


class MacroString(NamedTuple):
    """A macro-string as read; ``problem`` is None or what is wrong, as the end of a sentence."""

    parts: tuple[Part, ...] = ()
    tail: str = ""  # literal text behind the last macro
    problem: str | None = None


def _url_escaped(value: str) -> str:
    octets = value.encode("utf-8", "surrogatepass")
    return "".join(chr(octet) if octet in _UNRESERVED else f"%{octet:02X}" for octet in octets)


def read_macros(text: str, *, explanation: bool = False) -> MacroString:
    """Cut a macro-string into literal text and macros (RFC 7208 §7.1), in linear time.

    ``explanation``: the letters c, r and t are allowed there only (§7.2).
    """
    parts: list[Part] = []
    end = 0
    while (start := text.find("%", end)) >= 0:
        if start > end:
            parts.append(text[end:start])
        match = _MACRO.match(text, start)
        if match is None:
            return MacroString(problem="has a % that starts no macro (§7.1)")
        end = match.end()
        if match[1]:
            parts.append(_LITERAL[match[1]])
            continue
        macro = _macro(match, explanation)
        if isinstance(macro, str):
            return MacroString(problem=macro)
        parts.append(macro)
    if end < len(text):
        parts.append(text[end:])
    return MacroString(tuple(parts), text[end:])


def _macro(match: re.Match[str], explanation: bool) -> Macro | str:
    """The macro, or what is wrong with it."""
    _, letter, digits, reverse, delimiters = match.groups()
    low = letter.lower()
    if low not in MEANINGS:
        return f"uses %{{{letter}}}, a macro letter that doesn't exist (§7.2)"
    if low in ONLY_IN_TEXT and not explanation:
        return f"uses %{{{letter}}}, which is allowed only in explanation text (§7.2)"
    count = digits.lstrip("0")
    if digits and not count:
        return "asks for zero parts of a macro (§7.3)"
    keep = int(count) if count and len(count) <= 3 else 0  # 1,000 parts or more: that is all of them
    return Macro(match[0], low, keep, bool(reverse), delimiters, letter != low)


def expand_name(parts: tuple[Part, ...], value_of: ValueOf) -> str | None:
    """The name that a domain-spec with macros stands for; None when a value can't be part of a name.

    Works from the right, since only the last 253 characters can matter (RFC 7208 §7.3):
    that bounds the work for any record.
    """
    pieces: list[str] = []
    length = 0
    for part in reversed(parts):
        piece: str | None = part if isinstance(part, str) else None
        if isinstance(part, Macro):
            value = value_of(part.letter)
            if value is None:
                return None
            piece = part.apply(value)
        pieces.append(piece or "")
        length += len(pieces[-1])
        if length > MAX_NAME + 1:  # one more for a final dot
            break
    name = "".join(reversed(pieces)).removesuffix(".")
    if len(name) > MAX_NAME:
        cut = name.find(".", len(name) - MAX_NAME - 1)
        name = name[cut + 1 :] if cut >= 0 else name[-MAX_NAME - 1 :]
    return name


def expand_text(parts: tuple[Part, ...], value_of: ValueOf) -> str | None:
    """Explanation text with its values, at most 4,096 characters; None when a value is missing."""
    pieces: list[str] = []
    length = 0
    for part in parts:
        if isinstance(part, Macro):
            value = value_of(part.letter)
            if value is None:
                return None
            part = part.apply(value)
        pieces.append(part)
        length += len(part)
        if length > MAX_TEXT:
            break
    return "".join(pieces)[:MAX_TEXT]
