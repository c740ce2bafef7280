"""One mail, part by part: fields, report texts, returned messages and content, each as its kind asks.

What comes out has the structure of what came in: fields in order, parts, encodings, charsets and
line ends.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from helpers.bounce import Bounce, read_bounce
from helpers.message import Header, Message, Part, read_message
from helpers.redact.encodings import encode_text, line_ending, transfer_encode
from helpers.redact.fields import FieldRedactor
from helpers.redact.filler import HTML, filler
from helpers.redact.glue import Glue
from helpers.redact.names import Names
from helpers.redact.notification import is_notification, redact_notification
from helpers.redact.public import listed
from helpers.redact.report import quoted, report_fields, report_words, unquoted
from helpers.terms import BounceKind

MAX_DEPTH = 12  # messages inside messages
REMOVED = b"Removed.\n"

_RETURNED = listed("returned_types")
_FIELDS = listed("report_types")
_MBOX_LINE = re.compile(rb">?From (?![ \t]*:)[^\r\n]*\r{0,3}\n?")
_EMPTY_LINE = re.compile(rb"(?:\n|\A)[ \t\r]*\n\Z")
_HOST = re.compile(r"[A-Za-z0-9_-][\w.-]*")
_USER = re.compile(
    r"(?:authenticated[ _-](?:sender|user|as|id)|auth(?:enticated)?(?:id)?|account|user|sasl_username|login)"
    r"[:= ]+\"?([A-Za-z0-9._+-]{2,64})(?=[\s;,)\"]|$)",
    re.IGNORECASE,
)

Resign = Callable[[Message, list[Header], bytes], list[Header]]


class MailRedactor:
    """Redacts a mail and what is in it. With ``names.collecting`` it only takes notes.

    ``weeks``: how far dates move; ``resign``: signs a redacted message anew where it can.
    """

    def __init__(self, names: Names, weeks: int, resign: Resign | None = None) -> None:
        self.names = names
        self.weeks = weeks
        self.resign = resign

    def redact(self, raw: bytes, head: bytes = b"", depth: int = 0) -> bytes:
        """The redacted bytes; ``head`` is a field to put on top, ``depth`` counts messages around it."""
        if depth > MAX_DEPTH:
            return REMOVED
        old_mac = b"\n" not in raw and b"\r" in raw
        new = _OneMessage(self, raw.replace(b"\r", b"\n") if old_mac else raw, depth).run(head)
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
        self.fields = FieldRedactor(self.names, mail.weeks, self.is_report, self._boundaries())
        if self.names.collecting:
            self._note()

    def _boundaries(self) -> dict[str, str]:
        old = dict.fromkeys(part.params.get("boundary", "").rstrip() for part in self.message.parts)
        return {boundary: f"=_{self.depth}_{number}_part" for number, boundary in enumerate(old) if boundary}

    def _note(self) -> None:
        """Names that only their place tells: hosts of one label, ids, users who logged in."""
        message, names = self.message, self.names
        hosts = [host for hop in message.hops for host in (hop.helo, hop.rdns, hop.by)]
        hosts += [host for row in message.stated for host in (row.by, row.value_of("smtp.helo", "helo"))]
        for host in (message.author_domain, *hosts):
            if host and _HOST.fullmatch(host) and not host.replace(".", "").isdigit():
                names.host(host)
        for hop in message.hops:
            names.note_id(hop.id or "")
            for user in _USER.findall(hop.raw_text):
                names.local(user)

    # --------------------------------------------------------------- whole

    def run(self, head: bytes) -> bytes:
        """The message with ``head`` on top; what came in while notes are taken."""
        if not self.message.headers:
            return self._pasted()
        changed: dict[str, str] = {}
        body = self._body(changed) if self.message.has_body else b""
        fields = [self.field(header, changed) for header in self.message.headers]
        mbox = _MBOX_LINE.match(self.raw)
        first = self.fields.words(mbox.group().decode("utf-8", "replace")) if mbox else ""
        if self.names.collecting:
            return self.raw
        if self.mail.resign is not None:
            headers = [Header(h.name, raw) for h, raw in zip(self.message.headers, fields, strict=True)]
            fields = [header.raw for header in self.mail.resign(self.message, headers, body)]
        top = first.encode("utf-8", "replace") + head.replace(b"\n", self.ending) + b"".join(fields)
        if not self.message.has_body:
            return top
        top += b"" if top.endswith(b"\n") else self.ending
        return top + (self.ending if self._is_parted() else b"") + body

    def _is_parted(self) -> bool:
        """Does an empty line stand between fields and body, as it should?"""
        body = self.message.body
        if not self.raw.endswith(body):
            return True
        before = self.raw[max(0, len(self.raw) - len(body) - 10) : len(self.raw) - len(body)]
        return _EMPTY_LINE.search(before) is not None

    def field(self, header: Header, changed: dict[str, str]) -> bytes:
        """A field of the message or of a part; ``changed`` holds a charset that is another one now."""
        new = self.fields.header(header)
        charset = changed.get("charset", "").encode()
        if charset and header.lname == "content-type":
            new = re.sub(rb"(?i)(charset\*?\s*=\s*)(\"[^\"]*\"|[^;\s]+)", rb"\1" + charset, new)
        elif charset and header.lname == "content-transfer-encoding":
            new = re.sub(rb"(?i)7bit", b"8bit", new)
        return new

    def _pasted(self) -> bytes:
        """Text without any header field: the words of a refusal, or nothing that is known."""
        text = self.raw.decode("utf-8", "surrogateescape")
        crlf = "\r\n" in text
        text = text.replace("\r\n", "\n")
        new = self._text(text)
        return (new.replace("\n", "\r\n") if crlf else new).encode("utf-8", "surrogateescape")

    # ---------------------------------------------------------------- parts

    def _body(self, changed: dict[str, str]) -> bytes:
        parts, body = self.message.parts, self.message.body
        base = parts[0].span[0]
        glue = Glue(self.fields, self.ending, self.field)
        out: list[bytes] = []
        position = 0
        for part in [part for part in parts if part.is_leaf]:
            start, end = part.span[0] - base, part.span[1] - base
            mine: dict[str, str] = {}
            content = self._leaf(part, mine)
            out += [glue.run(body[position:start], mine), content]
            position = end
            if part.depth == 0:
                changed.update(mine)
        out.append(glue.run(body[position:], {}))
        return b"".join(out)

    def _leaf(self, part: Part, changed: dict[str, str]) -> bytes:
        """The content of a part, in the transfer encoding of the part."""
        kind = part.content_type
        if kind in _RETURNED:
            data = part.decoded()
            text = data.lstrip(b"\r\n")
            new = data[: len(data) - len(text)] + self.mail.redact(text, depth=self.depth + 1)
            return transfer_encode(new, part.encoding, line_ending(part.body))
        if kind in _FIELDS:
            return self._encoded(part, report_fields(part.text(), self.fields), changed)
        if kind == "text/html":
            return self._encoded(part, self._html(part), changed)
        if kind.startswith(("text/", "multipart/")):
            return self._encoded(part, self._text(part.text()), changed)
        if self.names.collecting:  # an attachment: it goes
            self.names.avoid(part.decoded().decode("latin-1"))
        if not part.body.strip():
            return part.body
        ending = line_ending(part.body)
        return transfer_encode(REMOVED.replace(b"\n", ending), part.encoding, ending)

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

    def _html(self, part: Part) -> str:
        leaves = [leaf for leaf in self.message.parts if leaf.is_leaf]
        has_text = any(leaf.content_type == "text/plain" and leaf.body.strip() for leaf in leaves)
        if self.is_report and not has_text:
            return report_words(part.text(), self.fields)
        if self.names.collecting:
            self.names.avoid(part.text())
        return HTML

    def _text(self, text: str) -> str:
        """The message inside as a message; a report's words stay, a person's are replaced by filling."""
        if is_notification(text):
            return redact_notification(text, self.fields)
        plain = unquoted(text)
        inside = self.inside.decode("utf-8", "replace").rstrip("\n") if self.inside else ""
        at = plain.find(inside) if inside.strip() else -1
        if at < 0:
            return quoted(self._own_words(plain), text, plain)
        end = at + len(inside)
        new = self._own_words(plain[:at]) + self._returned(plain[at:end]) + self._own_words(plain[end:])
        return quoted(new, text, plain)

    def _own_words(self, text: str) -> str:
        if self.is_report:
            return report_words(text, self.fields)
        if self.names.collecting:
            self.names.avoid(text)
            return text
        return filler(text)

    def _returned(self, text: str) -> str:
        new = self.mail.redact(text.encode("utf-8", "replace"), depth=self.depth + 1)
        return new.decode("utf-8", "replace").replace("\r\n", "\n")


def _inside(bounce: Bounce, own: bool) -> bytes | None:
    """The bytes of the message that came with this one: returned by a report, or a report passed on."""
    message = bounce.original if own else bounce.message
    return message.raw if message is not None else None
