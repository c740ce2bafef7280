"""The words and fields of a report: a mail system's own, which stay, with the names in them replaced."""

from __future__ import annotations

import re
from collections.abc import Iterator

from helpers.message import Header
from helpers.redact.fields import FieldRedactor
from helpers.redact.filler import filler
from helpers.redact.names import Names
from helpers.redact.public import listed

MAX_REPORT = 400_000  # characters of a report's words that are kept

_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9_.-]{0,60})( ?:)(.*)", re.DOTALL)
_START = re.compile(r"([A-Za-z][A-Za-z0-9-]{1,60})[ \t]?:")
_MAIL_FIELDS = listed("mail_fields")
MIN_FIELDS = 3  # fields in a row that are the header of a mail

# A line that quotes one field of the mail, or tells its subject in words.
_QUOTED_FIELD = re.compile(
    r"^((?:[>|*]|[^\S\n])*+)(subject|thread-topic|message-id|in-reply-to|references|betreff|objet|asunto|assunto|oggetto|"
    r"onderwerp|\u4ef6\u540d|from|to|cc)([ \t]?[:\uff1a])([ \t]*\S[^\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)
_TOLD_SUBJECT = re.compile(
    r"^(?![^\n]*[245]\d\d[ -])([^\n:]{0,80}\bsubject\b[^:\n]{0,40}:[ \t]*)(\S[^\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)
_ONE_ADDRESS = re.compile(r"[ \t]*(?:[^<>@:]{1,100}<[^\s<>@]+@[^\s<>@]+>|<?[^\s<>@]+@[^\s<>@]+>?)[ \t]*")
_HOME = re.compile(r"((?:/home|/users|/var/mail|/var/spool/mail|\\users)[/\\])([\w.-]+)", re.IGNORECASE)
_BARE_LOCAL = re.compile(r"(?<!<)<([A-Za-z0-9._+-]{2,64})>(?!>)")
# Names in directories: X.400 (c=us;a= ;p=organization), X.500 (/o=organization/cn=user), Exchange 5.5.
_DIRECTORY = re.compile(
    r"((?:/(?:o|ou|cn|dc)|;(?:a|p|o|ou\d?|s|g|l))=|MSEXCH:IMS:)"
    r"(?!none|quarantine|reject)([^/;\n<>\"]{1,200}?)(?=[/;\n<>\"]| \d|$)",
    re.IGNORECASE,
)
_ENCODED_LINE = re.compile(r"^[A-Za-z0-9+/=]{60,}$", re.MULTILINE)


def report_words(text: str, fields: FieldRedactor) -> str:
    """Running text of a report: fields it quotes are redacted as fields, encoded lines go."""
    kept, rest = text[:MAX_REPORT], text[MAX_REPORT:]
    if fields.names.collecting:
        fields.names.avoid(rest)
    quoting = FieldRedactor(fields.names, fields.weeks)
    out = [
        "\n".join(_quoted_block(lines, quoting) if is_block else [_words("\n".join(lines), fields, quoting)])
        for is_block, lines in _blocks(kept.split("\n"))
    ]
    return "\n".join(out) + filler(rest)


def _words(text: str, fields: FieldRedactor, quoting: FieldRedactor) -> str:
    names = fields.names
    text = _QUOTED_FIELD.sub(lambda found: _quoted_field(found, quoting), text)
    text = _TOLD_SUBJECT.sub(lambda found: found.group(1) + names.subject(found.group(2)), text)
    text = _ENCODED_LINE.sub(lambda found: filler(found.group()), text)
    text = _HOME.sub(lambda found: found.group(1) + names.local(found.group(2)), text)
    text = _DIRECTORY.sub(lambda found: found.group(1) + fields.scrubber.shape(found.group(2)), text)
    if "</" not in text:
        text = _BARE_LOCAL.sub(lambda found: _bare_local(found, names), text)
    return fields.words(text)


def _bare_local(found: re.Match[str], names: Names) -> str:
    text = found.group(1)
    return found.group() if names.is_host_like(text) else f"<{names.local(text)}>"


def _quoted_field(found: re.Match[str], quoting: FieldRedactor) -> str:
    lead, name, colon, value = found.groups()
    if name.lower() in ("from", "to", "cc") and not _ONE_ADDRESS.fullmatch(value):
        return found.group()  # a sentence: "to: be continued"
    return f"{lead}{name}{colon}{quoting.value(name.lower(), value)}"


# --------------------------------------------------- the header of a mail in a text


def _blocks(lines: list[str]) -> Iterator[tuple[bool, list[str]]]:
    """The lines in pieces, each with whether it is the header of a mail."""
    plain: list[str] = []
    position = 0
    while position < len(lines):
        if not _START.match(lines[position]):
            plain.append(lines[position])
            position += 1
            continue
        end = position
        names: set[str] = set()
        while end < len(lines) and lines[end].strip():
            if found := _START.match(lines[end]):
                names.add(found.group(1).lower())
            end += 1
        if len(names & _MAIL_FIELDS) >= MIN_FIELDS:
            if plain:
                yield False, plain
            yield True, lines[position:end]
            plain = []
        else:
            plain += lines[position:end]
        position = end
    if plain:
        yield False, plain


def _quoted_block(lines: list[str], quoting: FieldRedactor) -> list[str]:
    """A header in a text; lines that are no field go on with the one before, folded or not."""
    fields: list[list[str]] = []
    for line in lines:
        if _START.match(line) or not fields:
            fields.append([])
        fields[-1].append(line)
    return [_block_field("\n".join(field), quoting) for field in fields]


def _block_field(text: str, quoting: FieldRedactor) -> str:
    name = text.partition(":")[0].strip()
    raw = text.encode("utf-8", "replace")
    return quoting.header(Header(name, raw)).decode("utf-8", "replace")


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
