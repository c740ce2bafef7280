"""One mail, part by part: fields, report texts, returned messages and content, each redacted as its kind asks.

What comes out has the structure of what came in: fields in order, parts, encodings, charsets, line ends.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from helpers.bounce import Bounce, read_bounce
from helpers.message import Header, Message, Part, read_message
from helpers.redact.dates import shift_dates
from helpers.redact.encodings import encode_text, line_ending, transfer_encode
from helpers.redact.fields import FieldRedactor
from helpers.redact.filler import HTML, filler
from helpers.redact.names import Names
from helpers.redact.notification import is_notification, redact_notification
from helpers.terms import BounceKind

MAX_DEPTH = 12  # messages inside messages
MAX_REPORT = 400_000  # characters of a report's text that are kept
REMOVED = b"Removed.\n"

_RETURNED = frozenset(
    """message/rfc822 message/global text/rfc822-headers text/rfc822-header message/rfc822-headers message/global-headers
    text/rfc822 message/partial application/rfc822 message/news message/external-body""".split()
)
_FIELDS = frozenset(
    """message/delivery-status message/global-delivery-status text/delivery-status message/feedback-report
    message/disposition-notification message/tracking-status""".split()
)
_MBOX_LINE = re.compile(rb">?From (?![ \t]*:)[^\r\n]*\r{0,3}\n?")
_FIELD_LINE = re.compile(r"([A-Za-z][A-Za-z0-9_.-]{0,60})( ?:)(.*)", re.DOTALL)
_SENSITIVE = re.compile(
    r"(?m)^([>\s|*]*)(subject|thread-topic|message-id|in-reply-to|references|\u4ef6\u540d|betreff|objet|asunto|"
    r"assunto|oggetto|onderwerp|from|to|cc)([ \t]?[:\uff1a])([ \t]*\S[^\n]*)$",
    re.IGNORECASE,
)
_ENCODED_LINE = re.compile(r"(?m)^[A-Za-z0-9+/=]{60,}$")
_USER = re.compile(
    r"(?:authenticated[ _-](?:sender|user|as|id)|auth(?:enticated)?(?:id)?|account|user|sasl_username|login)"
    r"[:= ]+\"?([A-Za-z0-9._+-]{2,64})(?=[\s;,)\"]|$)",
    re.IGNORECASE,
)

Resign = Callable[[Message, list[Header], bytes], list[Header]]


class MailRedactor:
    """Redacts a mail and what is in it. With ``names.collecting`` it only takes notes."""

    def __init__(self, names: Names, weeks: int, resign: Resign | None = None) -> None:
        self.names = names
        self.weeks = weeks
        self.resign = resign

    def redact(self, raw: bytes, head: bytes = b"", depth: int = 0) -> bytes:
        """The redacted bytes; ``head`` is a field to put on top."""
        if depth > MAX_DEPTH:
            return REMOVED
        old_mac = b"\n" not in raw and b"\r" in raw
        if old_mac:
            raw = raw.replace(b"\r", b"\n")
        new = _OneMessage(self, raw, depth).run(head)
        return new.replace(b"\n", b"\r") if old_mac else new


class _OneMessage:
    """The redaction of one message, without those inside it."""

    def __init__(self, mail: MailRedactor, raw: bytes, depth: int) -> None:
        self.mail = mail
        self.names = mail.names
        self.raw = raw
        self.depth = depth
        self.message = read_message(raw)
        bounce = read_bounce(self.message)
        own = bounce.message is not None and bounce.message.raw == self.message.raw
        self.is_report = own and bounce.kind != BounceKind.NOT_A_BOUNCE
        self.inside = _inside(bounce, own)
        self.ending = line_ending(raw[:20_000])
        original = bounce.original.subject if self.is_report and bounce.original is not None else ""
        self.fields = FieldRedactor(
            self.names, mail.weeks, self.is_report, " ".join(original.split()), self._boundaries()
        )
        if self.names.collecting:
            self._note()

    def _boundaries(self) -> dict[str, str]:
        old = [part.params.get("boundary", "").rstrip() for part in self.message.parts]
        return {
            boundary: f"=_part_{self.depth}_{number}"
            for number, boundary in enumerate(dict.fromkeys(old))
            if boundary
        }

    def _note(self) -> None:
        """Names that only their place tells: hosts of one label, ids, users who logged in."""
        message, names = self.message, self.names
        if message.author_domain:
            names.domain(message.author_domain)
        for hop in message.hops:
            for host in (hop.helo, hop.rdns, hop.by):
                if host and re.fullmatch(r"[\w.-]+", host) and not re.fullmatch(r"[\d.]+", host):
                    names.host(host)
            names.note_id(hop.id or "")
            for user in _USER.findall(hop.raw_text):
                names.local(user)
        for stated in message.stated:
            for host in (stated.by, stated.value_of("smtp.helo", "helo")):
                if host and re.fullmatch(r"[A-Za-z][\w.-]+", host):
                    names.host(host)

    # --------------------------------------------------------------- whole

    def run(self, head: bytes) -> bytes:
        if not self.message.headers:
            return self._pasted()
        changed: dict[str, str] = {}
        body = self._body(changed) if self.message.has_body else b""
        fields = [self._field(header, changed) for header in self.message.headers]
        if self.names.collecting:
            return self.raw
        if self.mail.resign is not None:
            headers = [Header(h.name, raw) for h, raw in zip(self.message.headers, fields, strict=True)]
            fields = [header.raw for header in self.mail.resign(self.message, headers, body)]
        mbox = _MBOX_LINE.match(self.raw)
        first = self._mbox_line(mbox.group()) if mbox else b""
        top = first + head.replace(b"\n", self.ending) + b"".join(fields)
        if not self.message.has_body:
            return top
        return top + (b"" if top.endswith(b"\n") else self.ending) + self.ending + body

    def _mbox_line(self, line: bytes) -> bytes:
        text = line.decode("utf-8", "replace")
        return shift_dates(self.fields.scrubber.words(text), self.mail.weeks).encode("utf-8", "replace")

    def _field(self, header: Header, changed: dict[str, str]) -> bytes:
        new = self.fields.header(header)
        if header.lname == "content-type" and "charset" in changed:
            new = re.sub(
                rb"(?i)(charset\*?\s*=\s*)(\"[^\"]*\"|[^;\s]+)", rb"\1" + changed["charset"].encode(), new
            )
        if header.lname == "content-transfer-encoding" and "charset" in changed:
            new = re.sub(rb"(?i)7bit", b"8bit", new)
        return new

    def _pasted(self) -> bytes:
        """Text without any header field: the words of a refusal, or nothing that is known."""
        text = self.raw.decode("utf-8", "surrogateescape")
        crlf = "\r\n" in text
        text = text.replace("\r\n", "\n")
        new = self._report_text(text) if self.is_report else self._content(text)
        new = new.replace("\n", "\r\n") if crlf else new
        return new.encode("utf-8", "surrogateescape")

    # ---------------------------------------------------------------- parts

    def _body(self, changed: dict[str, str]) -> bytes:
        parts = self.message.parts
        base = parts[0].span[0]
        body = self.message.body
        out: list[bytes] = []
        position = 0
        glue = _Glue(self)
        for part in parts:
            if not part.is_leaf:
                continue
            start, end = part.span[0] - base, part.span[1] - base
            mine: dict[str, str] = {}
            new = self._leaf(part, mine)
            out.append(glue.run(body[position:start], mine))
            out.append(new)
            position = end
            if part.depth == 0:
                changed.update(mine)
        out.append(glue.run(body[position:], {}))
        return b"".join(out)

    def _leaf(self, part: Part, changed: dict[str, str]) -> bytes:
        kind = part.content_type
        if kind in _RETURNED:
            data = part.decoded()
            text = data.lstrip(b"\r\n")
            lead = data[: len(data) - len(text)]
            new = lead + self.mail.redact(text, depth=self.depth + 1)
            return transfer_encode(new, part.encoding, line_ending(part.body))
        if kind in _FIELDS:
            return self._encoded(part, self._report_fields(part.text()), changed)
        if kind == "text/html":
            return self._encoded(part, self._html(part), changed)
        if kind.startswith(("text/", "multipart/")):
            text = part.text()
            return self._encoded(
                part, self._report_text(text) if self.is_report else self._content(text), changed
            )
        return b"" if not self.names.collecting else part.body

    def _encoded(self, part: Part, text: str, changed: dict[str, str]) -> bytes:
        if self.names.collecting:
            return part.body
        data, charset = encode_text(text, part.params.get("charset", ""), part.body)
        if charset:
            changed["charset"] = charset
        ending = line_ending(part.body)
        if ending != b"\n" and b"\0" not in data:
            data = data.replace(b"\n", ending)
        return transfer_encode(data, part.encoding, ending)

    # ---------------------------------------------------------------- texts

    def _content(self, text: str) -> str:
        """What a person wrote."""
        if is_notification(text):
            return redact_notification(text, self.fields)
        return text if self.names.collecting else filler(text)

    def _html(self, part: Part) -> str:
        plain = any(
            p.is_leaf and p.content_type == "text/plain" and p.body.strip() for p in self.message.parts
        )
        if self.is_report and not plain:
            return self._words(part.text())
        return HTML

    def _report_text(self, text: str) -> str:
        """A mail system's words stay; the message it quotes is redacted as a message."""
        if is_notification(text):
            return redact_notification(text, self.fields)
        unquoted = _unquoted(text)
        if self.inside is not None and self.inside.strip():
            returned = self.inside.decode("utf-8", "replace")
            at = unquoted.find(returned.rstrip("\n"))
            if at >= 0:
                end = at + len(returned.rstrip("\n"))
                new = (
                    self._words(unquoted[:at])
                    + self._returned(unquoted[at:end])
                    + self._words(unquoted[end:])
                )
                return _quoted(new, text, unquoted)
        return _quoted(self._words(unquoted), text, unquoted)

    def _returned(self, text: str) -> str:
        new = self.mail.redact(text.encode("utf-8", "replace"), depth=self.depth + 1)
        return text if self.names.collecting else new.decode("utf-8", "replace").replace("\r\n", "\n")

    def _words(self, text: str) -> str:
        kept, rest = text[:MAX_REPORT], text[MAX_REPORT:]
        kept = _SENSITIVE.sub(self._sensitive, kept)
        kept = _ENCODED_LINE.sub(lambda found: filler(found.group()), kept)
        new = shift_dates(self.fields.scrubber.words(kept), self.mail.weeks)
        return new + (rest if self.names.collecting else filler(rest))

    def _sensitive(self, found: re.Match[str]) -> str:
        """A line of a report that quotes a field of the mail."""
        lead, name, colon, value = found.groups()
        quoting = FieldRedactor(self.names, self.mail.weeks, False)
        if name.lower() in ("from", "to", "cc") and "@" not in value:
            return found.group()
        return f"{lead}{name}{colon}{quoting.value(name.lower(), value)}"

    def _report_fields(self, text: str) -> str:
        """The fields of a report (RFC 3464, RFC 5965), folded lines with the field they belong to."""
        out: list[str] = []
        pending = ""
        for line in [*text.split("\n"), None]:
            if line is not None and pending and line[:1] in (" ", "\t") and line.strip():
                pending += "\n" + line
                continue
            if pending:
                out.append(self._report_field(pending))
            if line is not None and not line.strip():
                out.append(line)
            pending = line if line and line.strip() else ""
        return "\n".join(out)

    def _report_field(self, text: str) -> str:
        found = _FIELD_LINE.fullmatch(text)
        if found is None:
            return self._words(text)
        name, colon, value = found.groups()
        return f"{name}{colon}{self.fields.value(name.lower(), value)}"


class _Glue:
    """What stands between the contents of parts: delimiter lines, the parts' own fields, and filling."""

    def __init__(self, one: _OneMessage) -> None:
        self.one = one
        self.in_fields = False
        self.names = {
            b"--" + old.encode("utf-8", "backslashreplace"): new for old, new in one.fields.boundaries.items()
        }

    def run(self, text: bytes, changed: dict[str, str]) -> bytes:
        if not text or self.one.names.collecting and b":" not in text:
            return text
        out: list[bytes] = []
        block: list[bytes] = []
        for line in text.splitlines(keepends=True):
            stripped = line.rstrip(b"\r\n \t")
            delimiter = self._delimiter(stripped) if stripped.startswith(b"--") else None
            if delimiter is not None or (self.in_fields and not stripped):
                out += self._fields(block, changed)
                block = []
                self.in_fields = delimiter is not None and not delimiter.endswith(b"--")
                out.append(line if delimiter is None else delimiter + line[len(stripped) :])
            elif self.in_fields:
                block.append(line)
            elif self.one.names.collecting or not stripped:
                out.append(line)
            else:
                out.append(filler(stripped.decode("latin-1")).encode() + line[len(line.rstrip(b"\r\n")) :])
        out += self._fields(block, changed)
        return b"".join(out)

    def _delimiter(self, line: bytes) -> bytes | None:
        for text, end in ((line, b""), (line[:-2], b"--")):
            if (end == b"" or line.endswith(b"--")) and text in self.names:
                return b"--" + self.names[text].encode() + end
        return b"--=_part" + (b"--" if line.endswith(b"--") else b"") if not self.names else None

    def _fields(self, block: list[bytes], changed: dict[str, str]) -> list[bytes]:
        if not block:
            return []
        raw = b"".join(block)
        message = read_message(raw)
        if not message.headers:
            return [raw if self.one.names.collecting else b"X-Removed: yes" + self.one.ending]
        return [self.one._field(header, changed) for header in message.headers]


def _inside(bounce: Bounce, own: bool) -> bytes | None:
    """The bytes of the message that came with this one."""
    if not own:
        return bounce.message.raw if bounce.message is not None else None
    return bounce.original.raw if bounce.original is not None else None


def _unquoted(text: str) -> str:
    """One level of ``> `` off a text that is mostly a quotation, as the room `bounce` reads it."""
    if "\n>" not in text and not text.startswith(">"):
        return text
    lines = text.split("\n")
    quoted = sum(line.startswith(">") for line in lines)
    if quoted * 2 < sum(bool(line.strip()) for line in lines):
        return text
    return "\n".join([line[2:] if line.startswith("> ") else line.removeprefix(">") for line in lines])


def _quoted(new: str, text: str, unquoted: str) -> str:
    if text == unquoted:
        return new
    return "\n".join([f"> {line}" if line else ">" for line in new.split("\n")])
