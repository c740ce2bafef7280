"""Tag lists, the syntax of DKIM-Signature fields and key records alike (RFC 6376 §3.2).

``name=value`` pairs between semicolons. Names are case-sensitive, and so is every value unless
its tag says otherwise. *FWS* is white space that may be folded over a line ending.
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from helpers.terms import Result, Shown, filled_directly

FWS = " \t\r\n"
_KNOWN_TAGS = frozenset({*"vabcdhilqstxzgknp", "bh"})  # the usual ones, for speed
_VISIBLE = bytes(range(0x20, 0x7F))


@filled_directly
@dataclass(frozen=True, slots=True, repr=False)
class Problem(Shown):
    """Why something can't be used: the result it leads to, one sentence, and the section."""

    result: Result
    reason: str
    rfc: str


@filled_directly
@dataclass(frozen=True, slots=True, repr=False)
class TagList(Shown):
    """A tag list as read, in its order; with ``problem`` the tags are those that could be read."""

    tags: Mapping[str, str]
    problem: str = ""


class MalformedError(Exception):
    """Carries a Problem from a small reader to the one place that makes it a result."""

    def __init__(self, reason: str, rfc: str, result: Result = Result.PERMERROR) -> None:
        super().__init__(reason)
        self.problem = Problem(result, reason, rfc)


def parse_tags(text: str | bytes) -> TagList:
    """Which tags does this text hold? RFC 6376 §3.2.

    ``text`` is a tag list, folded or not: the part of a DKIM-Signature field after the colon,
    or a key record. A name given twice makes the list invalid; the first value is kept.
    """
    if isinstance(text, str):
        return _read_tags(text)
    try:
        return _read_tags(text.decode("utf-8"))
    except UnicodeDecodeError:
        listed = _read_tags(text.decode("latin-1"))
        return TagList(listed.tags, "it holds bytes that are not UTF-8 text")


def _read_tags(text: str) -> TagList:
    text = "".join(text.split("\r\n")).replace("\n", "").replace("\t", " ")
    pieces = [piece.partition("=") for piece in text.split(";")]
    if len(pieces) > 1 and not "".join(pieces[-1]).strip(" \r"):
        pieces.pop()  # one semicolon may stand at the end
    tags = {name.strip(" \r"): value.strip(" \r") for name, equals, value in pieces if equals}
    usual = text.isascii() and not text.encode().translate(None, _VISIBLE)  # quicker than isprintable
    if usual and len(tags) == len(pieces) and _KNOWN_TAGS.issuperset(tags):
        return TagList(tags)
    return _read_with_care(text, pieces)


def _read_with_care(text: str, pieces: list[tuple[str, str, str]]) -> TagList:
    """The same where a tag is unknown, given twice or none at all, or the text holds odd characters."""
    tags: dict[str, str] = {}
    problem = "" if text.isprintable() else _control_character(text)
    for piece in pieces:
        name, equals, value = piece
        name = name.strip(" \r")
        if not equals or not (name in _KNOWN_TAGS or _is_tag_name(name)):
            problem = problem or _not_a_tag("".join(piece))
        elif name in tags:
            problem = problem or f"the tag {shorten(name, 20)}= is there twice"
        else:
            tags[name] = value.strip(" \r")
    return TagList(tags, problem)


def _is_tag_name(name: str) -> bool:
    return name.isidentifier() and name.isascii() and name[0] != "_"


def _control_character(text: str) -> str:
    for character in text:
        if character < " " or "\x7f" <= character < "\xa0" or "\ud800" <= character <= "\udfff":
            return f"it holds a control character (number {ord(character)})"
    return ""


def _not_a_tag(piece: str) -> str:
    if not piece.strip(FWS):
        return "there is nothing between two semicolons, or nothing at all"
    return f"“{shorten(piece.strip(FWS), 30)}” is not of the form name=value"


def shorten(text: str, size: int) -> str:
    """The text itself, or its beginning and how long it is in all."""
    return text if len(text) <= size else f"{text[:size]}… ({len(text)} characters)"


def base64_bytes(value: str, where: str, rfc: str) -> bytes:
    """The bytes behind a base64 value of a tag list, blanks anywhere in it; raises MalformedError."""
    digits = value.replace(" ", "") if " " in value else value
    try:
        if len(digits) % 4:  # some versions of Python take "AAAA=", others don't
            raise ValueError
        found = binascii.a2b_base64(digits, strict_mode=True)
    except (binascii.Error, ValueError):
        raise MalformedError(f"{where} is not valid base64", rfc) from None
    if not found:
        raise MalformedError(f"{where} is empty", rfc)
    return found
