"""What each kind of relay does to a mail before it sends it on. Pure: a mail in, another mail out.

The facts are those observed in the messages of `data/sample_headers`: Gmail puts the account that
logged in into MAIL FROM and signs for itself only; a service aligns when the domain's DNS points
to it; a list changes what DKIM covers.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING

from helpers.domains import organizational_domain
from helpers.lab.keys import lab_key
from helpers.lab.mail import Mail, author_domain, changed, date_text, mailbox_text, moment, on_top
from helpers.lab.relays import AUTHOR, Relay
from helpers.lab.trace import one_line
from helpers.message import Header, Message, read_message
from helpers.services import sign
from helpers.terms import DnsStatus

if TYPE_CHECKING:
    from helpers.terms import Dns

# What a list's footer looks like (RFC 3676 §4.3 would call it a signature block).
FOOTER = "\r\n________________________________________\r\n{name} mailing list – {address}\r\n"
_FOOTER_FITS = ("", "7bit", "8bit")  # appending text to base64 would make garbage of it


@dataclass(frozen=True, slots=True)
class Taken:
    """A mail as a server took it in: with what it knows of the client."""

    mail: Mail
    client_ip: str
    client_name: str | None  # what reverse DNS calls the address, None when nothing
    helo: str
    login: str | None = None

    @property
    def protocol(self) -> str:
        """RFC 3848: ESMTPA after a login. The lab has no TLS, so never ESMTPS."""
        return "ESMTPA" if self.login else "ESMTP"


@dataclass(frozen=True, slots=True)
class Passed:
    """The mail as it is sent on, from where, and one sentence for each change."""

    mail: Mail
    host: str
    host_ip: str
    changes: tuple[str, ...]
    report_to: str  # who hears of it when the next server refuses; "" nobody


@dataclass(frozen=True, slots=True)
class Signer:
    """Which signature a relay adds: ``None`` fields mean none."""

    domain: str
    selector: str
    key: str


def at_home(relay: Relay, author: str | None, dns: Dns) -> Relay:
    """The relay with its host names filled in, and the address that DNS has for them."""
    if AUTHOR not in relay.server + relay.host:
        return relay
    domain = author or "invalid"
    server, host = (text.replace(AUTHOR, domain) for text in (relay.server, relay.host))
    known = dns(host, "A").values
    ip = str(known[0]) if known else relay.host_ip
    return replace(relay, server=server, host=host, server_ip=ip, host_ip=ip, spf=f"ip4:{ip}")


def pass_on(relay: Relay, taken: Taken, *, dns: Dns, number: int, hop: int) -> Passed:
    """What the relay sends on of the mail it took. ``number`` and ``hop`` are the lab's clock."""
    at = moment(number, hop)
    relay = at_home(relay, author_domain(taken.mail.raw), dns)
    raw = on_top(taken.mail.raw, _trace_fields(relay, taken, number, hop))
    changes: list[str] = []
    if relay.list_name:
        raw = _as_list(raw, relay, taken.mail.rcpt_to, changes)
    author = author_domain(raw)
    rcpt_to = relay.sends_to or taken.mail.rcpt_to
    mail_from = _return_path(relay, taken, author, rcpt_to, dns, number, changes)
    raw = _signed(raw, relay, author, dns, int(at.timestamp()), changes)
    if relay.google:
        by = f"Received: by {relay.host} with SMTP id {queue_id(number, hop)}-out"
        raw = on_top(raw, [f"{by}\r\n\tfor <{rcpt_to}>; {date_text(at.astimezone(UTC))}"])
    mail = Mail(mail_from, rcpt_to, raw)
    return Passed(mail, relay.host, relay.host_ip, tuple(changes), _report_to(relay, taken, mail_from))


def queue_id(number: int, hop: int) -> str:
    """The id that a server of the lab gives to a mail."""
    return f"lab{number}-{hop}"


def received_field(taken: Taken, by: str, number: int, hop: int) -> str:
    """The Received field of a server that took the mail (RFC 5321 §4.4)."""
    date = date_text(moment(number, hop).astimezone(UTC))
    client = f"{one_line(taken.helo, 255)} ({taken.client_name or 'unknown'} [{taken.client_ip}])"
    return (
        f"Received: from {client}\r\n\tby {by} with {taken.protocol} id {queue_id(number, hop)}"
        f"\r\n\tfor <{taken.mail.rcpt_to}>; {date}"
    )


def _trace_fields(relay: Relay, taken: Taken, number: int, hop: int) -> list[str]:
    received = received_field(taken, relay.server, number, hop)
    if not relay.google:
        return [received]
    date = date_text(moment(number, hop).astimezone(UTC))
    return [
        f"X-Gm-Message-State: Lab{number}State",
        f"X-Google-Smtp-Source: Lab{number}Source",
        f"X-Received: by 2001:db8:a05:6a20::1 with SMTP id {queue_id(number, hop)}-in;\r\n\t{date}",
        received,
    ]


# -------------------------------------------------------------- Return-Path


def _return_path(
    relay: Relay,
    taken: Taken,
    author: str | None,
    rcpt_to: str,
    dns: Dns,
    number: int,
    changes: list[str],
) -> str:
    before = taken.mail.mail_from
    after = before
    if before or relay.return_path == "list":  # a bounce keeps the null sender (RFC 5321 §4.5.5)
        if relay.return_path == "account":
            after = taken.login or before
        elif relay.return_path == "aligned":
            after = f"bounce+{number}@{_bounce_domain(relay, author, dns)}"
        elif relay.return_path == "srs":
            after = srs_address(before, relay.domain, number)
        elif relay.return_path == "list":
            after = f"{relay.list_name.lower()}-bounces+{rcpt_to.replace('@', '=')}@{relay.domain}"
    same = after == before
    changes.append(f"MAIL FROM stays <{before}>" if same else f"MAIL FROM <{before}> became <{after}>")
    return after


def _bounce_domain(relay: Relay, author: str | None, dns: Dns) -> str:
    """``bounce.`` below the author domain where DNS points that name to the service, else its own."""
    own = f"return.{relay.domain}"
    for domain in _customers(author, dns):
        if own in dns(f"bounce.{domain}", "MX").chain:
            return f"bounce.{domain}"
    return own


def _customers(author: str | None, dns: Dns) -> tuple[str, ...]:
    """The domains under which a service may know the author: the domain itself, then its organization's."""
    if author is None:
        return ()
    organization = organizational_domain(author, dns=dns)
    return (author,) if organization in (None, author) else (author, organization)


def srs_address(address: str, domain: str, number: int) -> str:
    """The address as the sender rewriting scheme writes it: ``SRS0=hash=time=domain=local@forwarder``.

    The hash lets the forwarder know its own addresses again, the time lets them expire.
    """
    local, _, origin = address.rpartition("@")
    day = int(moment(number).timestamp()) // 86400 % 1024
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    stamp = digits[day // 32] + digits[day % 32]
    digest = hmac.new(
        b"the lab's forwarder", f"{stamp}{origin}{local}".lower().encode(), hashlib.sha1
    ).digest()
    token = base64.b32encode(digest)[:4].decode()
    return f"SRS0={token}={stamp}={origin}={local}@{domain}"


def _report_to(relay: Relay, taken: Taken, mail_from: str) -> str:
    """A bounce goes to the reverse-path (RFC 5321 §4.5.5), which for a list is the list itself."""
    if relay.return_path in ("account", "list"):
        return mail_from
    return taken.mail.mail_from


# --------------------------------------------------------------- signatures


def _signed(raw: bytes, relay: Relay, author: str | None, dns: Dns, at: int, changes: list[str]) -> bytes:
    if relay.google:  # Google's mark inside its own network: another name, so no receiver evaluates it
        marked = sign(raw, domain="1e100.net", selector="20230601", key=lab_key(relay.own_key), at=at)
        raw = b"X-Google-" + marked
    signer = signer_for(relay, author, dns)
    if signer is None:
        changes.append("no DKIM-Signature was added")
        return raw
    changes.append(f"DKIM-Signature added: d={signer.domain} s={signer.selector}")
    return sign(raw, domain=signer.domain, selector=signer.selector, key=lab_key(signer.key), at=at)


def signer_for(relay: Relay, author: str | None, dns: Dns) -> Signer | None:
    """Whose signature the relay adds: the author domain's when DNS has the relay's key there, or its own."""
    if relay.signing in ("author domain", "author or own domain"):
        for domain in _customers(author, dns):
            if publishes(relay, domain, dns):
                return Signer(domain, relay.author_selector, relay.key)
    if relay.signing not in ("own domain", "author or own domain"):
        return None
    if relay.domain == "gappssmtp.com":  # what Google Workspace signs with until a key is published
        if author is None:
            return None
        return Signer(f"{dashed(author)}.20230601.{relay.domain}", "20230601", relay.own_key)
    return Signer(relay.domain, relay.selector, relay.own_key)


def publishes(relay: Relay, domain: str, dns: Dns) -> bool:
    """Does DNS have the relay's key for this domain, itself or by a CNAME?"""
    answer = dns(f"{relay.author_selector}._domainkey.{domain}", "TXT")
    wanted = lab_key(relay.key).public
    return answer.status == DnsStatus.DATA and any(
        wanted in re.sub(r"\s", "", str(text)) for text in answer.values
    )


def dashed(domain: str) -> str:
    """A domain as one label, as providers write their customers' names."""
    return domain.replace(".", "-")


# --------------------------------------------------------------------- list


def _as_list(raw: bytes, relay: Relay, address: str, changes: list[str]) -> bytes:
    message = read_message(raw)
    tag = f"[{relay.list_name}]"

    def change(header: Header) -> bytes | None:
        if header.lname == "subject" and tag.encode() not in header.raw:
            return b"%b: %b %b" % (header.name.encode(), tag.encode(), header.raw.partition(b":")[2].lstrip())
        if header.lname == "from" and relay.list_takes_from:
            return _from_the_list(message, relay, address).encode("utf-8", "backslashreplace")
        return header.raw

    raw = changed(raw, change)
    changes.append(f"Subject now starts with {tag}")
    if relay.list_takes_from:
        changes.append(f"From is now {address}")
    if _takes_text(message):
        ending = b"" if raw.endswith(b"\r\n") else b"\r\n"
        raw += ending + FOOTER.format(name=relay.list_name, address=address).encode()
        changes.append("a footer was added to the body")
    return on_top(
        raw,
        [
            f"List-Id: {relay.list_name} <{relay.list_name.lower()}.{relay.domain}>",
            f"List-Post: <mailto:{address}>",
            f"Sender: {relay.list_name.lower()}-bounces@{relay.domain}",
        ],
    )


def _from_the_list(message: Message, relay: Relay, address: str) -> str:
    who = message.from_addresses[0] if message.from_addresses else None
    name = re.sub(r"[^\w .@-]", "", (who.name or who.text) if who else "somebody")
    reply = f"Reply-To: {who.text}\r\n" if who and who.text.isascii() and who.text.isprintable() else ""
    return f"From: {mailbox_text((f'{name} via {relay.list_name}', address))}\r\n{reply}"


def _takes_text(message: Message) -> bool:
    content = message.get("content-type")
    encoding = message.get("content-transfer-encoding")
    plain = content is None or content.value.lower().startswith("text/plain")
    return plain and (encoding.value.lower().strip() if encoding else "") in _FOOTER_FITS
