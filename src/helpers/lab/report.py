"""The bounce that a relay writes when the next server did not take a mail: a DSN (RFC 3464)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from helpers.lab.mail import Mail, date_text, on_top
from helpers.lab.relays import Relay
from helpers.lab.trace import one_line
from helpers.message import read_message

_ENHANCED = re.compile(r"\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})(?!\S)")  # RFC 2034 §4


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the next server said, and who that is."""

    reply: tuple[str, ...]
    server: str
    server_ip: str

    @property
    def permanent(self) -> bool:
        """A reply of 5yz: trying again is no use (RFC 5321 §4.2.1)."""
        return self.reply[0].startswith("5")

    @property
    def status(self) -> str:
        """The enhanced status code: the reply's own, or its class with nothing more known (RFC 3463)."""
        found = _ENHANCED.match(self.reply[-1])
        return found.group(1) if found else f"{self.reply[0][:1]}.0.0"


def delivery_report(
    relay: Relay, sent: Mail, refusal: Refusal, *, to: str, at: datetime, identifier: str
) -> Mail:
    """The report about one recipient, for ``to``, with the mail as the relay sent it attached.

    A temporary refusal is reported as a delay (``Action: delayed``, RFC 3464 §2.3.3).
    """
    failed = refusal.permanent
    boundary = _boundary(sent.raw, identifier)
    sender = relay.reporter or f"Mail Delivery System <MAILER-DAEMON@{relay.host}>"
    original = read_message(sent.raw).message_id
    thread = [f"{name}: <{one_line(original)}>" for name in ("References", "In-Reply-To")] if original else []
    head = [
        f"From: {sender}",
        f"To: {to}",
        f"Subject: Delivery Status Notification ({'Failure' if failed else 'Delay'})",
        *thread,
        "Auto-Submitted: auto-replied",
        f"Message-ID: <{identifier}@{_reporting(relay)}>",
        f"Date: {date_text(at.astimezone(UTC))}",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type=delivery-status;\r\n boundary="{boundary}"',
        *(["X-Failed-Recipients: " + sent.rcpt_to] if relay.google and failed else []),
    ]
    parts = [
        ("text/plain; charset=us-ascii", _words(sent, refusal)),
        ("message/delivery-status", _fields(relay, sent, refusal, at)),
    ]
    text = "".join(
        f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n{content}\r\n" for kind, content in parts
    ).encode("ascii", "replace")
    raw = _original(relay, sent)
    encoding = b"" if raw.isascii() else b"Content-Transfer-Encoding: 8bit\r\n"
    attached = b"--%b\r\nContent-Type: message/rfc822\r\n%b\r\n%b" % (boundary.encode(), encoding, raw)
    body = text + attached + f"\r\n--{boundary}--\r\n".encode()
    if encoding:
        head.append("Content-Transfer-Encoding: 8bit")
    return Mail("", to, on_top(b"\r\n" + body, head))


def _boundary(raw: bytes, identifier: str) -> str:
    """A line that the returned mail does not hold (RFC 2046 §5.1.1)."""
    count = 0
    while (boundary := f"report-{identifier}-{count}").encode() in raw:
        count += 1
    return boundary


def _reporting(relay: Relay) -> str:
    return "googlemail.com" if relay.google else relay.host


def _words(sent: Mail, refusal: Refusal) -> str:
    happened = (
        "was not delivered, and will not be tried again"
        if refusal.permanent
        else ("was not delivered yet; it will be tried again")
    )
    said = "\r\n".join(f"    {one_line(line, 500)}" for line in refusal.reply)
    return (
        f"Your message to {sent.rcpt_to}\r\n{happened}.\r\n\r\n"
        f"The server {refusal.server} answered:\r\n\r\n{said}\r\n"
    )


def _fields(relay: Relay, sent: Mail, refusal: Refusal, at: datetime) -> str:
    date = date_text(at.astimezone(UTC))
    remote = refusal.server
    if relay.google:
        remote = f"{refusal.server}. ({refusal.server_ip}, the server for this recipient)"
    said = "\r\n ".join(one_line(line, 500) for line in refusal.reply)
    return "\r\n".join(
        [
            f"Reporting-MTA: dns; {_reporting(relay)}",
            f"Arrival-Date: {date}",
            "",
            f"Final-Recipient: rfc822; {sent.rcpt_to}",
            f"Action: {'failed' if refusal.permanent else 'delayed'}",
            f"Status: {refusal.status}",
            f"Remote-MTA: dns; {remote}",
            f"Diagnostic-Code: smtp; {said}",
            f"Last-Attempt-Date: {date}",
            "",
        ]
    )


def _original(relay: Relay, sent: Mail) -> bytes:
    """The mail as it was sent; other servers than Google's add the Return-Path they used."""
    return sent.raw if relay.google else on_top(sent.raw, [f"Return-Path: <{sent.mail_from}>"])
