"""A mail on its way: writing one, and adding to its header what servers add.

Nothing here raises for what a mail holds. Lines end in CRLF (RFC 5321 §2.3.8).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.header import Header as EncodedHeader
from email.utils import format_datetime

from helpers.dkim import with_crlf
from helpers.message import Header, read_message

# The lab's clock: it starts on the morning of the story's bounce and moves with the mail, not with the
# time of day, so that two runs print the same.
START = datetime.fromisoformat("2025-05-09T10:00:00+09:00")

# A path that can stand in MAIL FROM and RCPT TO as it is: atoms and dots (RFC 5321 §4.1.2), no quotes.
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


@dataclass(frozen=True, slots=True)
class Mail:
    """A message with its envelope. ``mail_from`` is "" for the null sender."""

    mail_from: str
    rcpt_to: str
    raw: bytes


def moment(number: int, hop: int = 0) -> datetime:
    """When the lab's mail of this number is at this hop: a minute for each mail, a second for each hop."""
    return START + timedelta(minutes=number - 1, seconds=hop)


def date_text(at: datetime) -> str:
    """A date as header fields have it (RFC 5322 §3.3)."""
    return format_datetime(at)


def read_mailbox(text: str, what: str) -> tuple[str, str]:
    """The name and the address of ``Name <user@example.com>``; the domain becomes an A-label.

    ``what`` names the argument in the sentence of the ValueError that comes when it is not one
    address that fits into SMTP without SMTPUTF8.
    """
    if not isinstance(text, str):
        raise TypeError(f"{what} is an address as text, not {type(text).__name__}")
    if any(character in text for character in "\r\n\0"):
        raise ValueError(f"{what} is one address on one line, not {text!r}")
    found = read_message(f"From: {text}\r\n\r\n".encode("utf-8", "replace")).from_addresses
    address = found[0] if len(found) == 1 else None
    whole = address is not None and text.strip() in (
        address.text,
        f"{text.rpartition('<')[0]}<{address.text}>",
    )
    if address is None or not whole or address.domain is None or not _LOCAL_PART.fullmatch(address.local):
        raise ValueError(f"{what} is one address such as monthly@fujiba.net, not {text!r}")
    name = "".join(c for c in address.name if c.isprintable())  # an encoded word may hide a line ending
    return name, f"{address.local}@{address.domain}"


def compose(author: tuple[str, str], to: tuple[str, str], subject: str, body: str, *, number: int) -> bytes:
    """A plain mail as a mail client writes it."""
    if any(character in subject for character in "\r\n\0"):
        raise ValueError(f"a subject is one line, not {subject!r}")
    domain = author[1].rpartition("@")[2]
    at = moment(number)
    fields = (
        f"From: {mailbox_text(author)}",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "Mime-Version: 1.0",
        f"Subject: {_encoded(subject, 'Subject')}",
        f"Message-Id: <{at:%Y%m%d}.{number}@{domain}>",
        f"Date: {date_text(at)}",
        f"To: {mailbox_text(to)}",
    )
    head = "\r\n".join(fields).encode("ascii")
    text = with_crlf(body.encode("utf-8", "replace"))
    return head + b"\r\n\r\n" + (text if text.endswith(b"\r\n") else text + b"\r\n")


def mailbox_text(name_and_address: tuple[str, str]) -> str:
    """A name and an address as they stand in From and To."""
    name, address = name_and_address
    if not name:
        return address
    bare = re.fullmatch(r"[A-Za-z0-9 ]+", name) or not name.isascii()
    return f"{_encoded(name, 'From') if bare else _quoted(name)} <{address}>"


def _encoded(text: str, field: str) -> str:
    """Text for a header: as it is in ASCII, otherwise in encoded words (RFC 2047), folded."""
    if text.isascii():
        return text
    clean = text.encode("utf-8", "replace").decode()
    return EncodedHeader(clean, "utf-8", header_name=field).encode(linesep="\r\n")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def on_top(raw: bytes, fields: Iterable[str]) -> bytes:
    """The message with these fields above its own, the first one topmost.

    A message that begins with a blank has no header: that line must not become a part of ours.
    """
    gap = "\r\n" if raw[:1] in (b" ", b"\t") else ""
    return ("".join(f"{field}\r\n" for field in fields) + gap).encode("utf-8", "backslashreplace") + raw


def changed(raw: bytes, change: Callable[[Header], bytes | None]) -> bytes:
    """The message with every field as ``change`` gives it: other bytes, the same, or None to drop it.

    A header that can't be taken apart without a repair stays as it is.
    """
    headers = read_message(raw).headers
    whole = b"".join([header.raw for header in headers])
    if not raw.startswith(whole):
        return raw
    pieces = [change(header) for header in headers]
    return b"".join([piece for piece in pieces if piece is not None]) + raw[len(whole) :]


def author_domain(raw: bytes) -> str | None:
    """The domain in From, or None."""
    return read_message(raw).author_domain
