"""A mail as bytes, read: its fields, who it says it is from, the way it took, what receivers stated.

A ``Message`` is a value: its identity is its bytes, and everything else is worked out from them
when it is asked for. Nothing here raises for what a mail holds; what had to be repaired is in
``repairs``. RFC 5322 (format), RFC 2045–2047 (MIME), RFC 8601 and RFC 7208 §9 (what receivers state).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from helpers.message import parts
from helpers.message.addresses import Address, addr_spec, parse_addresses
from helpers.message.dates import parse_date
from helpers.message.envelope import incoming, infer_envelope
from helpers.message.excerpt import is_excerpt
from helpers.message.fields import Header, positions_by_name
from helpers.message.hops import Hop, parse_hops
from helpers.message.limits import MAX_ADDRESS_TEXT, MAX_VALUE, exceeded
from helpers.message.parts import Part
from helpers.message.read import read_block, split_headers
from helpers.message.stated import Stated, parse_stated
from helpers.message.trust import judged
from helpers.message.words import is_charset
from helpers.terms import Envelope, Shown, plain

if TYPE_CHECKING:
    from datetime import datetime

__all__ = [
    "Address", "Header", "Hop", "Message", "NotCounted", "Part", "Stated", "is_charset",
    "positions_by_name", "read_message", "split_headers",
]  # fmt: skip

_REPLY = re.compile(r"[245]\d\d[ -]|<")  # a pasted SMTP reply, whatever it ends with
_FILE_ENDINGS = (".eml", ".msg", ".mbox", ".txt", ".mail", ".mbx")


def _derived(default: Any = None) -> Any:
    return field(default=default, compare=False, repr=False)


@dataclass(frozen=True, repr=False)
class Message(Shown):
    """One mail. Make it with :func:`read_message`; two messages are equal when their bytes are.

    ``headers`` are in order, topmost first. ``has_body`` is False when only a header came, with
    nothing to say where it ends (usual for what a bounce returns): the body is then unknown.
    """

    raw: bytes
    headers: tuple[Header, ...] = _derived(())
    has_body: bool = _derived(True)
    repairs: tuple[str, ...] = _derived(())
    _text: bytes = _derived(b"")  # what was read: `raw` itself unless something was repaired
    _body_at: int = _derived(0)
    _mbox_line: bytes = _derived(b"")

    @cached_property
    def body(self) -> bytes:
        """Everything after the separator, as it came."""
        return self._text[self._body_at :]

    @cached_property
    def positions(self) -> Mapping[str, Sequence[int]]:
        """Where in ``headers`` each field name, in lower case, is; topmost first."""
        return positions_by_name(self.headers)

    def get(self, name: str) -> Header | None:
        """The topmost header of this name (any case), or None."""
        found = self.positions.get(name.lower())
        return self.headers[found[0]] if found else None

    def all(self, name: str) -> tuple[Header, ...]:
        """Every header of this name (any case), topmost first."""
        return tuple([self.headers[place] for place in self.positions.get(name.lower(), ())])

    def _addresses(self, name: str) -> tuple[Address, ...]:
        found: list[Address] = []
        left = MAX_ADDRESS_TEXT
        for header in self.all(name):
            value = header.value
            if len(value) > left:  # an address that is cut would be another one: end at a comma
                value = value[:left].rpartition(",")[0]
            found += parse_addresses(value)
            left -= len(value)
            if left <= 0:
                break
        return tuple(found)

    @cached_property
    def from_addresses(self) -> tuple[Address, ...]:
        """Every mailbox of every From field (RFC 5322 §3.6.2 wants one field)."""
        return self._addresses("from")

    @cached_property
    def author_domains(self) -> tuple[str, ...]:
        """The different domains in From, as A-labels, in order."""
        return tuple(dict.fromkeys(a.domain for a in self.from_addresses if a.domain is not None))

    @cached_property
    def author_domain(self) -> str | None:
        """The author domain, or None: no From, several From fields or domains, or no domain name in it.

        None also where a broken field can be read in two ways: it is the sender who would choose.
        """
        if len(self.all("from")) != 1 or len(self.author_domains) != 1:
            return None
        if len(self.all("from")[0].raw) > MAX_ADDRESS_TEXT:
            return None  # not read to its end
        if any(a.domain is None and "@" in a.text for a in self.from_addresses):
            return None  # an author without a usable domain, such as user@[192.0.2.1] or a@b@c
        return self.author_domains[0]

    @property
    def sender(self) -> tuple[Address, ...]:
        """The mailboxes of Sender."""
        return self._addresses("sender")

    @property
    def reply_to(self) -> tuple[Address, ...]:
        """The mailboxes of Reply-To."""
        return self._addresses("reply-to")

    @property
    def to(self) -> tuple[Address, ...]:
        """The mailboxes of To."""
        return self._addresses("to")

    @property
    def subject(self) -> str:
        """The topmost Subject, readable; ``""`` when there is none."""
        header = self.get("subject")
        return header.decoded if header else ""

    @property
    def message_id(self) -> str | None:
        """Message-ID without its angle brackets."""
        header = self.get("message-id")
        return header.value.strip("<> \t") or None if header else None

    @cached_property
    def return_path(self) -> str | None:
        """The address in the topmost Return-Path, ``""`` for the null sender ``<>``, None for none."""
        header = self.get("return-path")
        return addr_spec(header.value[:MAX_VALUE]) if header else None

    @cached_property
    def date(self) -> datetime | None:
        """The time in Date, with its zone."""
        header = self.get("date")
        return parse_date(header.value) if header else None

    @cached_property
    def is_excerpt(self) -> bool:
        """True for a few lines picked out of a header: what is not among them may have been in the mail."""
        return is_excerpt(self)

    @cached_property
    def hops(self) -> tuple[Hop, ...]:
        """The servers that passed the mail on, oldest first (Received, RFC 5321 §4.4)."""
        return parse_hops(self.headers)

    @cached_property
    def _statements(self) -> tuple[Stated, ...]:
        return parse_stated(self.headers, self.hops)

    @cached_property
    def _incoming(self) -> Hop | None:
        return incoming(self.hops, self._statements)

    @property
    def incoming_hop(self) -> Hop | None:
        """The hop by which the mail came in from outside, None when the header does not tell.

        The receiver wrote it and everything above it. What stands below it was in the mail already,
        so the sender could have written it (RFC 5321 §4.4, RFC 8601 §1.2).
        """
        return self._incoming

    @cached_property
    def stated(self) -> tuple[Stated, ...]:
        """What receivers stated about authentication, topmost first; copies with ``counted=False``."""
        boundary = self._incoming.header_index if self._incoming else None
        return judged(self._statements, self.headers, self.hops, boundary)

    @cached_property
    def envelope(self) -> Envelope:
        """Client IP, HELO and MAIL FROM as far as the header tells them, each fact with its source."""
        return infer_envelope(self.headers, self._incoming, self.stated, self._mbox_line)

    @cached_property
    def signatures_not_counted(self) -> tuple[NotCounted, ...]:
        """Fields that look like a DKIM signature and authenticate nobody here, each with the reason."""
        return tuple(_not_counted(self.headers))

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The MIME tree flattened, depth first; the first part is the message itself."""
        return parts.walk(self.headers, self._text, self._body_at)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: headers and what was read out of them, never the body."""
        own = (
            "subject",
            "message_id",
            "return_path",
            "author_domain",
            "author_domains",
            "has_body",
            "repairs",
        )
        return {
            "headers": [{"name": header.name, "value": header.value} for header in self.headers],
            **{name: plain(getattr(self, name)) for name in own},
            "date": plain(self.date),
            "from": plain(self.from_addresses),
            "sender": plain(self.sender),
            "reply_to": plain(self.reply_to),
            "to": plain(self.to),
            "hops": plain(self.hops),
            "stated": plain(self.stated),
            "signatures_not_counted": [row._asdict() for row in self.signatures_not_counted],
            "envelope": self.envelope.to_dict(),
        }


class NotCounted(NamedTuple):
    """A field like a DKIM signature that no receiver counts for the author domain."""

    name: str
    domain: str | None  # its d=
    why: str


_WHY_NOT_COUNTED = {
    "x-google-dkim-signature": "Google's own mark inside its network: another name than DKIM-Signature,"
    " so no receiver evaluates it",
    "arc-message-signature": "ARC: a forwarder signs what it received; the author is not asked (RFC 8617)",
    "arc-seal": "ARC: a forwarder's seal over its own chain, not over the mail (RFC 8617)",
    "domainkey-signature": "DomainKeys, the predecessor of DKIM: historic since 2007 (RFC 4870)",
}


def _not_counted(headers: tuple[Header, ...]) -> Iterator[NotCounted]:
    for header in headers:
        name = header.lname
        why = _WHY_NOT_COUNTED.get(name)
        if why is None and name.startswith("x-") and name.endswith("dkim-signature"):
            why = "another name than DKIM-Signature, so no receiver evaluates it"
        if why:
            domain = re.search(r"(?:^|;)\s*d\s*=\s*([^\s;]+)", header.value)
            yield NotCounted(header.name, domain.group(1).lower() if domain else None, why)


def read_message(source: Any) -> Message:
    """Read one mail.

    ``source``: bytes; text; a path (``str`` or ``os.PathLike``); an open file, binary or text; or a
    ``Message``, which comes back as it is. A ``str`` is a path when such a file exists or when it
    looks like one (``mails/bounce.eml``), otherwise the text itself.

    Raises OSError when a file can't be read and TypeError for anything else than the above; never
    because of what the mail holds.
    """
    if isinstance(source, Message):
        return source
    raw = _bytes_of(source)
    block = read_block(raw)
    repairs = (*block.repairs, *exceeded(block.headers, block.body_at))
    return Message(raw, block.headers, block.has_body, repairs, block.text, block.body_at, block.mbox_line)


def _bytes_of(source: Any) -> bytes:
    if isinstance(source, bytes):
        return source
    if isinstance(source, str):
        if _is_path(source):
            with open(source, "rb") as file:
                return file.read()
        return _encoded(source)
    if isinstance(source, (bytearray, memoryview)):
        return bytes(source)
    if isinstance(source, os.PathLike):
        with open(source, "rb") as file:
            return file.read()
    read = getattr(source, "read", None)
    if callable(read):
        content = read()
        if isinstance(content, str):
            return _encoded(content)
        if isinstance(content, (bytes, bytearray, memoryview)):
            return bytes(content)
    raise TypeError(f"A message is bytes, text, a path or an open file, not {type(source).__name__}.")


def _is_path(text: str) -> bool:
    if not 0 < len(text) < 4096 or "\n" in text or "\r" in text or "\0" in text:
        return False
    if os.path.exists(text):
        return True
    if "://" in text or _REPLY.match(text) or not text.isprintable():
        return False
    return text.lower().endswith(_FILE_ENDINGS) or ("/" in text and not re.search(r"[\s:@]", text))


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")
