"""The words and fields of a report: a mail system's own, which stay, with the names in them replaced."""

from __future__ import annotations

import re

from helpers.redact.fields import FieldRedactor
from helpers.redact.filler import filler

MAX_REPORT = 400_000  # characters of a report's words that are kept

_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9_.-]{0,60})( ?:)(.*)", re.DOTALL)
# Lines of a report that quote a field of the mail.
_QUOTED_FIELD = re.compile(
    r"^([>\s|*]*)(subject|thread-topic|message-id|in-reply-to|references|betreff|objet|asunto|assunto|oggetto|"
    r"onderwerp|\u4ef6\u540d|from|to|cc)([ \t]?[:\uff1a])([ \t]*\S[^\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)
_ONE_ADDRESS = re.compile(r"[ \t]*(?:[^<>@:]{1,100}<[^\s<>@]+@[^\s<>@]+>|<?[^\s<>@]+@[^\s<>@]+>?)[ \t]*")
_ENCODED_LINE = re.compile(r"^[A-Za-z0-9+/=]{60,}$", re.MULTILINE)


def report_words(text: str, fields: FieldRedactor) -> str:
    """Running text of a report: fields it quotes are redacted as fields, encoded lines go."""
    kept, rest = text[:MAX_REPORT], text[MAX_REPORT:]
    if fields.names.collecting:
        fields.names.avoid(rest)
    quoting = FieldRedactor(fields.names, fields.weeks)
    kept = _QUOTED_FIELD.sub(lambda found: _quoted_field(found, quoting), kept)
    kept = _ENCODED_LINE.sub(lambda found: filler(found.group()), kept)
    return fields.words(kept) + filler(rest)


def _quoted_field(found: re.Match[str], quoting: FieldRedactor) -> str:
    lead, name, colon, value = found.groups()
    if name.lower() in ("from", "to", "cc") and not _ONE_ADDRESS.fullmatch(value):
        return found.group()  # a sentence: "to: be continued"
    return f"{lead}{name}{colon}{quoting.value(name.lower(), value)}"


def report_fields(text: str, fields: FieldRedactor) -> str:
    """The fields of a report (RFC 3464, RFC 5965), folded lines with the field they belong to."""
    out: list[str] = []
    pending: list[str] = []
    for line in text.split("\n"):
        if pending and line[:1] in (" ", "\t") and line.strip():
            pending.append(line)
            continue
        if pending:
            out.append(_report_field("\n".join(pending), fields))
        pending = [line] if line.strip() else []
        if not pending:
            out.append(line)
    if pending:
        out.append(_report_field("\n".join(pending), fields))
    return "\n".join(out)


def _report_field(text: str, fields: FieldRedactor) -> str:
    found = _FIELD.fullmatch(text)
    if found is None:
        return report_words(text, fields)
    name, colon, value = found.groups()
    return f"{name}{colon}{fields.value(name.lower(), value)}"


def unquoted(text: str) -> str:
    """One level of ``> `` off a text that is mostly a quotation, as the room `bounce` reads it."""
    if "\n>" not in text and not text.startswith(">"):
        return text
    lines = text.split("\n")
    marked = sum(line.startswith(">") for line in lines)
    if marked * 2 < sum(bool(line.strip()) for line in lines):
        return text
    return "\n".join([line[2:] if line.startswith("> ") else line.removeprefix(">") for line in lines])


def quoted(new: str, text: str, plain: str) -> str:
    """``new`` with the marks that `unquoted` took off, if it took any."""
    if text == plain:
        return new
    return "\n".join([f"> {line}" if line else ">" for line in new.split("\n")])
