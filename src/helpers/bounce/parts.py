"""The parts of a bounce, sorted: words for people, fields for machines, the returned message.

What has lost its MIME structure (no Content-Type, forwarded inline, pasted) is put back in order
here, so that the readers behind see the same three things whatever came in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from html import unescape
from typing import Any, Literal

from helpers.bounce.blame import NOTHING, Blame
from helpers.bounce.cut import MAX_REPORT, cut_returned
from helpers.message import Message, Part, read_message
from helpers.terms import BounceKind

Returned = Literal["full", "headers", "headers-in-text", "full-in-text"]

_RETURNED_TYPES = frozenset(
    [
        "message/rfc822",
        "message/global",
        "text/rfc822-headers",
        "text/rfc822-header",
        "message/rfc822-headers",
        "message/global-headers",
        "text/rfc822",
        "message/partial",
        "application/rfc822",
        "message/news",
    ]
)
_STATUS_TYPES = frozenset(
    ["message/delivery-status", "message/global-delivery-status", "text/delivery-status"]
)
_MAIL_FIELDS = frozenset(
    [
        "from",
        "to",
        "subject",
        "date",
        "received",
        "return-path",
        "message-id",
        "mime-version",
        "content-type",
        "delivered-to",
        "sender",
        "x-failed-recipients",
        "x-apparently-to",
        "reply-to",
    ]
)
_STATUS_IN_TEXT = re.compile(
    r"^(?:Final-Recipient|Original-Recipient|Diagnostic-Code) ?:", re.IGNORECASE | re.MULTILINE
)
_FIELD_OR_EMPTY = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60} ?:|[ \t]|\Z")
_FEEDBACK_IN_TEXT = re.compile(
    r"^Feedback-Type ?: ?(?:abuse|auth-failure|fraud|not-spam|other|virus|opt-out)", re.I | re.M
)
_TAG = re.compile(r"<[^<>]{0,2000}>")
_UNSEEN = re.compile(r"<(script|style|head)\b", re.I)
_BREAK = re.compile(r"<(?:br|p|div|tr|li|h\d|pre|td)\b[^<>]{0,500}>", re.I)


MAX_REPLIES = 1_000

Row = dict[str, Any]  # the fields of one Reply


@dataclass(frozen=True)
class Copy:
    """The message that came back, and in which form. It is read when it is asked for."""

    raw: bytes
    form: Returned

    @cached_property
    def message(self) -> Message:
        """The original message, as far as it came back."""
        return read_message(self.raw)


@dataclass(slots=True)
class Reading:
    """What a reader made of a bounce."""

    kind: BounceKind = BounceKind.NOT_A_BOUNCE
    replies: list[Row] = field(default_factory=list)
    report: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    blame: Blame = NOTHING
    reporter: str | None = None


@dataclass(slots=True)
class Material:
    """A bounce taken apart."""

    words: str = ""
    status: str = ""
    feedback: str = ""
    is_mail: bool = True  # False: pasted text without mail headers
    copy: Copy | None = None


def sort_parts(message: Message) -> Material:
    """Take a message apart into words, report fields and the returned message."""
    material = Material()
    material.is_mail = any(header.name.lower() in _MAIL_FIELDS for header in message.headers)
    words: list[str] = []
    html: list[str] = []
    if not material.is_mail:
        text = (
            message.raw[: 4 * MAX_REPORT].decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
        )
        _take_text(material, _unquoted(text), words)
    else:
        for part in message.parts:
            if part.is_leaf:
                _take(material, part, words, html)
    if not any(text.strip() for text in words) and html:
        for markup in html:
            _take_text(material, _plain(markup), words)
    material.words = "\n\n".join(words)
    return material


def _take(material: Material, part: Part, words: list[str], html: list[str]) -> None:
    kind = part.content_type
    if kind in _STATUS_TYPES:
        if len(material.status) < MAX_REPORT * 10:
            material.status += ("\n\n" if material.status else "") + part.text()
    elif kind == "message/feedback-report":
        material.feedback = material.feedback or part.text()
    elif kind in _RETURNED_TYPES:
        if material.copy is None or material.copy.form in ("headers-in-text", "full-in-text"):
            whole = "headers" not in kind and "header" not in kind
            _take_copy(material, part.decoded(), "full" if whole else "headers", "headers")
    elif part.depth and _is_message_file(part):
        if material.copy is None:
            _take_copy(material, part.decoded(), "full", "headers")
    elif part.depth and _is_message_itself(part):
        raw = b"".join([header.raw for header in part.headers]) + b"\n" + part.body
        _take_copy(material, raw, "full", "headers")
    elif kind == "text/html":
        if len(html) < 3:
            html.append(part.text()[:MAX_REPORT])
    elif kind.startswith(("text/", "multipart/")) and len(words) < 20:
        _take_text(material, _unquoted(part.text()), words)


def _is_message_file(part: Part) -> bool:
    """A saved message, attached under a type that is none of a message: webmail does that."""
    names = (part.get("content-type"), part.get("content-disposition"))
    return any(name is not None and _SAVED.search(name.value[:1_000]) for name in names)


_SAVED = re.compile(r"name\*?\d?\*?=[^;]{0,250}\.eml\b", re.I)


def _is_message_itself(part: Part) -> bool:
    """A part whose own header fields are those of a message: its Content-Type was forgotten."""
    return part.get("received") is not None and part.get("from") is not None


def _take_text(material: Material, text: str, words: list[str]) -> None:
    """A text part may hold everything: words, fields and the returned message."""
    report = cut_returned(text)
    own = report.words
    if "eedback-" in own and not material.feedback and _FEEDBACK_IN_TEXT.search(own, 0, MAX_REPORT):
        material.feedback = own
    elif (
        not material.status
        and _names_status_field(own[:MAX_REPORT].lower())
        and (found := _STATUS_IN_TEXT.search(own, 0, MAX_REPORT))
    ):
        start = _start_of_block(own, found.start())
        material.status = own[start:]
        own = own[:start]
    words.append(own)
    if report.returned.strip() and material.copy is None:
        raw = report.returned.encode("utf-8", "surrogateescape" if text.isascii() else "replace")
        _take_copy(material, raw, "full-in-text", "headers-in-text")


def _names_status_field(lowered: str) -> bool:
    return "-recipient" in lowered or "diagnostic-code" in lowered


def _start_of_block(text: str, position: int) -> int:
    """The fields before the one that was found belong to the report, too."""
    start = position
    for line in reversed(text[max(0, position - 2_000) : position].split("\n")[:-1]):
        if not _FIELD_OR_EMPTY.match(line):
            break
        start -= len(line) + 1
    return max(0, start)


_FIELD = re.compile(rb"(?:>?From [^\r\n]{1,500}\r?\n)?[A-Za-z][A-Za-z0-9-]{0,60} ?:")
_SEPARATOR = re.compile(rb"\n\r{0,3}\n")


def _take_copy(material: Material, raw: bytes, whole: Returned, headers_only: Returned) -> None:
    """Keep what came back, if it has header fields; ``whole`` is its form when it has text, too."""
    raw = raw.lstrip(b"\r\n")
    if not _FIELD.match(raw) and not read_message(raw).headers:
        return
    separator = _SEPARATOR.search(raw)
    text = raw[separator.end() : separator.end() + 2_000] if separator else b""
    material.copy = Copy(raw, whole if text.strip(b" \t\r\n-=_") else headers_only)


def _unquoted(text: str) -> str:
    """A bounce forwarded or pasted as a quotation: take one level of ``> `` off."""
    if "\n>" not in text[:MAX_REPORT] and not text.startswith(">"):
        return text
    lines = text.split("\n")
    quoted = sum(1 for line in lines if line.startswith(">"))
    filled = sum(1 for line in lines if line.strip())
    if quoted * 2 < filled:
        return text
    return "\n".join(
        [line[2:] if line.startswith("> ") else line[1:] if line.startswith(">") else line for line in lines]
    )


_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[A-Za-z]{2,31});")


def _plain(markup: str) -> str:
    """The words of an HTML part, for bounces that have no other text."""
    text = _TAG.sub(" ", _BREAK.sub("\n", _seen(markup)))
    text = _ENTITY.sub(lambda found: unescape(found.group()), text)
    return text.replace("\r", "").replace("\u00a0", " ")


def _seen(markup: str) -> str:
    """Without scripts, style sheets and the document's head."""
    pieces: list[str] = []
    position, lowered = 0, markup.lower()
    while found := _UNSEEN.search(markup, position):
        pieces.append(markup[position : found.start()])
        end = lowered.find(f"</{found.group(1).lower()}", found.end())
        if end < 0:
            return "".join(pieces)
        position = end
    return "".join([*pieces, markup[position:]])
