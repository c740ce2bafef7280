"""Where, in a bounce's text, the returned message starts.

At a marker line ("Below this line is a copy of the message"), or at a block of header fields,
which needs no words and so works in every language.
"""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_REPORT = 60_000  # characters of prose that are looked at

_MARK = re.compile(
    r"message headers? follows?|original message follows|"
    r"(?:below|this|included|enclosed|below this line) is a copy of (?:the|your) .{0,80}|"
    r"(?:the )?headers? of the original message.{0,60}|original message headers?|"
    r"original mail info|original (?:e-?mail )?message|unsent message (?:follows|below)|returned message|"
    r"undelivered message|message text follows|original mail as follows|(?:bounced|returned) e-?mail|"
    r"the original message (?:follows|is attached) below"
)
_MARK_WORDS = ("copy of", "original", "follow", "unsent", "returned", "undelivered", "bounced")
_HEADER_NAMES = frozenset(
    [
        "received",
        "return-path",
        "delivered-to",
        "dkim-signature",
        "domainkey-signature",
        "received-spf",
        "authentication-results",
        "from",
        "to",
        "cc",
        "date",
        "subject",
        "message-id",
        "mime-version",
        "content-type",
        "content-transfer-encoding",
        "reply-to",
        "sender",
        "user-agent",
        "precedence",
        "in-reply-to",
        "references",
        "feedback-id",
    ]
)
_NAMED = frozenset({"from", "received", "return-path"})  # one of them is in every header that came back
_FIRST_LINES = tuple(f"{name}:" for name in sorted(_NAMED))
_LINES = tuple(f"\n{name}{end}" for name in sorted(_NAMED) for end in (":", " :"))
_STATUS_NAMES = frozenset({"reporting-mta", "final-recipient", "x-postfix-queue-id"})


class Report(NamedTuple):
    """A text cut in two: what the reporting server wrote, and the message it returned ("" for none)."""

    words: str
    returned: str


def cut_returned(text: str) -> Report:
    """Cut a bounce's text where the returned message starts: at a marker line, or at header fields."""
    lowered = text[:MAX_REPORT].lower()
    mark = _mark_line(lowered)
    if lowered.startswith(_FIRST_LINES) or any(start in lowered for start in _LINES):
        block = _header_block(text[: mark[0] if mark else MAX_REPORT])
        if block is not None:
            return Report(text[:block], text[block:])
    if mark:
        return Report(text[: mark[0]], text[mark[1] :].lstrip(" \t\n=-*|"))
    return Report(text, "")


def _mark_line(lowered: str) -> tuple[int, int] | None:
    """Start and end of the first line that announces the returned message."""
    best: tuple[int, int] | None = None
    for word in _MARK_WORDS:
        at = lowered.find(word)
        while at >= 0 and (best is None or at < best[0]):
            start, end = lowered.rfind("\n", 0, at) + 1, lowered.find("\n", at)
            end = len(lowered) if end < 0 else end
            if end - start < 200 and _MARK.fullmatch(lowered[start:end].strip(" \t>|*=_-:.")):
                best = (start, end)
                break
            at = lowered.find(word, end)
    return best


def _header_block(text: str) -> int | None:
    """Where three or more header fields in a row start, one of them From, Received or Return-Path."""
    lines = text.split("\n")
    position = skip_to = 0
    for number, line in enumerate(lines):
        if number >= skip_to and _field_name(line) in _HEADER_NAMES:
            names, skip_to = _names_of_block(lines, number)
            if len(names) >= 3 and names & _NAMED and not names & _STATUS_NAMES:
                return position
        position += len(line) + 1
    return None


def _field_name(line: str) -> str:
    """The name when a line starts like a header field, else ""; unknown X- fields count as one name."""
    colon = line.find(":", 1, 70)
    if colon < 0 or not line[0].isalpha():
        return ""
    name = line[:colon].rstrip(" ").lower()
    if name in _HEADER_NAMES or not name.startswith(("x-", "arc-", "list-")) or " " in name:
        return name
    return "subject" if name not in _STATUS_NAMES else name


def _names_of_block(lines: list[str], start: int) -> tuple[set[str], int]:
    """The different field names from a line on, and the number of the line where the fields end."""
    names: set[str] = set()
    for number in range(start, len(lines)):
        line = lines[number]
        if line[:1] in " \t" and line.strip():
            continue
        name = (
            line[: line.find(":", 1, 70)].rstrip(" ").lower()
            if line[:1].isalpha() and ":" in line[:70]
            else ""
        )
        if not name or " " in name:
            return names, number
        names.add(name)
        if len(names) >= 8 and names & _NAMED:
            return names, number
    return names, len(lines)
