"""A mail as it would leave a service. `services` has `send_through` and `Sent` under their public names.

Signatures are real, by keys made on the spot; addresses are out of the ranges that are kept for
documentation (RFC 5737), so only the names are the service's own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from helpers.dkim import with_crlf
from helpers.lookup import Zone
from helpers.message import Message, read_message
from helpers.services.facts import Service, entry_of, find
from helpers.services.records import (
    DnsRecord,
    fill,
    fillings,
    owner_of,
    publish,
    records_for,
    without_purposes,
)
from helpers.services.signing import make_key, sign
from helpers.terms import Envelope, Shown

if TYPE_CHECKING:
    from helpers.authentication import Source

ACCOUNT = "owner.example@gmail.com"  # the Gmail account of the sample messages
RECIPIENT = "reader@example.net"
PURPOSES = ("DKIM key", "Return-Path", "SPF", "receiving MX", "tracking", "verification", "DMARC")

# What servers wrote on an earlier journey: the author's program sends the mail without it.
_TRACE = frozenset(
    (
        "return-path",
        "received",
        "received-spf",
        "authentication-results",
        "dkim-signature",
        "x-received",
        "delivered-to",
        "bcc",
    )
)
_TRACE_FAMILIES = ("arc-", "x-google-", "x-gm-")

_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}")  # RFC 5321 §4.5.3.1.1
_ADDRESS = re.compile(r"([^@\s<>]+)@([A-Za-z0-9.-]+)")
_CONTROLS = bytes.maketrans(b"\0\r\v\f", b"    ")
_KEY = re.compile(r"\{key:([a-z]+)\}")


@dataclass(frozen=True, slots=True, repr=False)
class Sent(Shown):
    """A mail as it leaves a service, for a receiver to check.

    ``records`` are the author's, with example values (none when not verified); ``world`` is
    the DNS of the service itself; ``notes`` say what was assumed.
    """

    service: str
    domain: str
    verified: bool
    message: Message
    envelope: Envelope
    records: tuple[DnsRecord, ...]
    world: Zone
    notes: tuple[str, ...] = ()

    @property
    def raw(self) -> bytes:
        """The message as bytes."""
        return self.message.raw

    def zone(self, author: Zone | None = None) -> Zone:
        """All DNS that a receiver would see: the author's own zone, these records, the service's world."""
        return publish(Zone() if author is None else author, self.records) | self.world


def send_through(
    service: str | Service,
    message: Source,
    *,
    domain: str,
    verified: bool,
    region: str | None = None,
    selector: str | None = None,
    recipient: str | None = None,
    account: str = ACCOUNT,
    left_out: Collection[str] = (),
) -> Sent:
    """The same mail as a service would send it, before or after the domain was verified there.

    Arguments: the service; the mail (what servers wrote on it on an earlier journey is taken
    off); the domain set up at the service; ``verified``, whether its records are published and
    the service has seen them; ``region`` and ``selector`` as in `records_for`; ``recipient``,
    for services that write it into Return-Path (by default the first in To); ``account``, the
    Gmail account for plain Gmail; ``left_out``, purposes of records that were forgotten, such
    as ``("Return-Path",)``: without them a service keeps its own Return-Path or signature.

    To evaluate: ``authenticate(sent.message, envelope=sent.envelope, dns=sent.zone(zone))``.
    Raises ValueError for an unknown service, domain, region, selector or purpose; never for
    what the message holds.
    """
    found = find(service)
    for purpose in left_out:
        if purpose not in PURPOSES:
            raise ValueError(f"there is no purpose {purpose!r}; there are: {', '.join(PURPOSES)}")
    values = fillings(found, domain, region, selector, True)
    mail = author_copy(message)
    values |= _people(mail, recipient, account)
    records: tuple[DnsRecord, ...] = ()
    if verified:
        asked = records_for(found, domain=domain, region=region, selector=selector, example=True)
        records = without_purposes(asked, left_out)
    owner = owner_of(found)
    rules = entry_of(owner)["simulated"]
    mail_from, signatures = _behaviour(entry_of(owner), verified, {row.purpose for row in records})
    envelope = Envelope(rules["ip"], rules["helo"], fill(mail_from, values))
    raw = mail.raw
    for signature in signatures:
        raw = _signed(raw, signature, values)
    world = _world(rules["world"], values)
    notes = tuple(_notes(found, owner, verified))
    return Sent(found.id, values["domain"], verified, read_message(raw), envelope, records, world, notes)


def _behaviour(
    entry: Mapping[str, Any], verified: bool, published: Collection[str]
) -> tuple[str, list[Mapping[str, str]]]:
    """MAIL FROM and signatures: those after verification, as far as the records for them are there."""
    before, after = entry["simulated"]["before"], entry["simulated"]["after"]
    if not verified:
        return before["mail_from"], before["signatures"]
    own_path = "Return-Path" in published or all(row["purpose"] != "Return-Path" for row in entry["records"])
    signatures = after["signatures"]
    if "DKIM key" not in published:
        others = [row for row in signatures if row["domain"] != "{domain}"]
        signatures = others or before["signatures"]
    return after["mail_from"] if own_path else before["mail_from"], signatures


def _signed(raw: bytes, signature: Mapping[str, str], values: Mapping[str, str]) -> bytes:
    return sign(
        raw,
        domain=fill(signature["domain"], values),
        selector=fill(signature["selector"], values),
        key=make_key(signature["key"]),
        header_name=signature.get("header", "DKIM-Signature"),
    )


def _world(names: Mapping[str, Any], values: Mapping[str, str]) -> Zone:
    def text(value: str) -> str:
        return _KEY.sub(lambda match: make_key(match[1]).record, fill(value, values))

    return Zone.from_dict(
        {
            fill(name, values): {rdtype: [text(value) for value in rows] for rdtype, rows in types.items()}
            for name, types in names.items()
        }
    )


def _notes(service: Service, owner: str, verified: bool) -> Iterator[str]:
    if note := entry_of(owner)["simulated"].get("assumed_after" if verified else "assumed"):
        yield note
    if owner != service.id:
        yield entry_of(service.id)["simulated"]["assumed"]


def _people(mail: Message, recipient: str | None, account: str) -> dict[str, str]:
    _check_address(account, ACCOUNT)
    if recipient is not None:
        _check_address(recipient, RECIPIENT)
    author = mail.from_addresses[0].local if mail.from_addresses else ""
    to = recipient or (mail.to[0].text if mail.to else RECIPIENT)
    verp = to.replace("@", "=")[:40]
    return {
        "user": author if _LOCAL_PART.fullmatch(author) else "owner",
        "account": account,
        "verp": verp if _LOCAL_PART.fullmatch(verp) else RECIPIENT.replace("@", "="),
    }


def _check_address(text: object, such_as: str) -> None:
    if not isinstance(text, str) or not _ADDRESS.fullmatch(text):
        raise ValueError(f"{text!r} is not an address; expected one such as {such_as!r}")


def author_copy(message: Source) -> Message:
    """The mail as the author's program hands it over: without what servers wrote on an earlier journey.

    Line endings become CRLF, and control characters in header fields blanks, as services do.
    """
    mail = read_message(message)
    fields = [
        _clean(header.raw)
        for header in mail.headers
        if header.lname not in _TRACE and not header.lname.startswith(_TRACE_FAMILIES)
    ]
    return read_message(b"".join(fields) + b"\r\n" + with_crlf(mail.body))


def _clean(raw: bytes) -> bytes:
    lines = raw.replace(b"\r\n", b"\n").rstrip(b"\r\n").translate(_CONTROLS).split(b"\n")
    kept = [lines[0], *(line for line in lines[1:] if line.strip())]
    return b"\r\n".join(kept) + b"\r\n"
