"""The envelope of a mail that is only known by its header: client IP, HELO, MAIL FROM, each with its source.

A header holds no envelope. What receivers noted of it is *stated*; what follows from the Received
field of the server that took the mail in is *inferred*; the rest is *unknown*. The From field says
nothing about MAIL FROM and is never used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from helpers.message.addresses import addr_spec
from helpers.message.fields import Header
from helpers.message.hops import Hop
from helpers.message.stated import Stated, client_ip, is_copy
from helpers.message.trust import related
from helpers.terms import Basis, Envelope, Fact

_SAID_SENDER = re.compile(
    r"(?:(?<!record for )domain|lookup) of (?:transitioning )?([^\s@]+@[A-Za-z0-9.-]*[A-Za-z0-9])"
)
_ENVELOPE_FIELDS = (
    "x-envelope-from", "x-envelope-sender", "envelope-from", "x-return-path", "x-mail-from",
    "x-barracuda-envelope-from",
)  # fmt: skip

_INTERNAL = ("Microsoft", "HTTPS", "MAPI")  # these write the client's name without its reverse name

Found = tuple[str, str, Basis, str]  # name, value, basis, source


def incoming(hops: tuple[Hop, ...], stated: tuple[Stated, ...]) -> Hop | None:
    """The hop by which the mail came in from outside: what SPF's client IP is taken from.

    Newest first, past private addresses: the first hop whose address a receiver stated as the
    client's, or whose verified name is not of the receiver's own organization; else the newest
    with a public address. A user's submission to the own server ends the search: SPF is not about it.
    """
    said = {client_ip(row) for row in stated if not is_copy(row)}
    newest = None
    for hop in reversed(hops):
        if not hop.ip or not is_public(hop.ip):
            continue
        known_name = hop.rdns or (hop.helo if (hop.protocol or "").startswith(_INTERNAL) else None)
        same_organization = related(known_name, hop.by)
        if hop.authenticated and not same_organization:
            break
        if hop.ip in said or not same_organization:
            return hop
        newest = newest or hop
    return newest


@lru_cache(maxsize=256)  # the same few hosts pass most of one's mail
def is_public(ip: str) -> bool:
    """Can this address be a host on the Internet? The addresses reserved for examples count as such."""
    import ipaddress

    address = ipaddress.ip_address(ip)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    return not any(
        address in ipaddress.ip_network(net) for net in _INSIDE if (":" in net) == (":" in str(address))
    )


_INSIDE = (
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "0.0.0.0/8",
    "240.0.0.0/4",
    "fc00::/7",
)


def infer_envelope(
    headers: tuple[Header, ...], hop: Hop | None, stated: tuple[Stated, ...], mbox_line: bytes
) -> Envelope:
    """The envelope as far as the header tells it; ``facts`` has a row for each source.

    ``hop`` is the one by which the mail came in (`incoming`).
    """
    found = [*_from_statements(stated), *_from_hop(hop), *_from_fields(headers, mbox_line)]
    facts: list[Fact] = []
    values: dict[str, str | None] = {}
    for name in ("client IP", "HELO", "MAIL FROM"):
        rows = sorted((row for row in found if row[0] == name), key=_rank)
        values[name] = rows[0][1] if rows else None
        facts += _facts(name, rows)
    return Envelope(values["client IP"], values["HELO"], values["MAIL FROM"], tuple(facts))


def _rank(row: Found) -> int:
    _, _, basis, source = row
    if source.startswith("Return-Path"):
        return 0
    return 1 if basis is Basis.STATED else 2


def _facts(name: str, rows: list[Found]) -> Iterator[Fact]:
    if not rows:
        yield Fact(name, None, Basis.UNKNOWN, "no field of the header tells it")
        return
    chosen = rows[0][1]
    seen: set[tuple[str, str]] = set()
    for _, value, basis, source in rows:
        if (value, source) in seen:
            continue
        seen.add((value, source))
        domain = chosen.rpartition("@")[2]  # all that some receivers state
        same = value.lower() in (chosen.lower(), domain.lower())
        yield Fact(name, value, basis, source if same else f"{source} (differs; not used)")


def _from_statements(stated: tuple[Stated, ...]) -> Iterator[Found]:
    """What the receivers' trusted statements tell of the envelope."""
    for row in stated:
        if not row.counted or not row.trusted:
            continue
        source = f"{row.header} (header {row.header_index + 1})"
        if ip := client_ip(row):
            yield "client IP", ip, Basis.STATED, source
        if helo := row.value_of("helo", "smtp.helo", "smtp.ehlo"):
            yield "HELO", helo.lower(), Basis.STATED, source
        sender = row.value_of("envelope-from", "smtp.mailfrom", "smtp.mfrom", "smtp.mail", "smtp.envfrom")
        if sender is None and (said := _SAID_SENDER.search(row.comment)):
            sender = said.group(1)
        if sender is not None and row.method in ("spf", "auth"):
            yield "MAIL FROM", sender.strip("<>"), Basis.STATED, source


def _from_hop(hop: Hop | None) -> Iterator[Found]:
    if hop is None:
        return
    source = f"Received by {hop.by or 'an unnamed server'} (header {hop.header_index + 1})"
    if hop.ip:
        yield "client IP", hop.ip, Basis.INFERRED, source
    if hop.helo:
        yield "HELO", hop.helo, Basis.INFERRED, source
    if hop.envelope_from is not None:
        yield "MAIL FROM", hop.envelope_from, Basis.INFERRED, source


def _from_fields(headers: tuple[Header, ...], mbox_line: bytes) -> Iterator[Found]:
    for index, header in enumerate(headers):
        if header.lname == "return-path":
            address = addr_spec(header.value)
            if address is not None:
                yield "MAIL FROM", address, Basis.STATED, f"Return-Path (header {index + 1})"
            break
    for index, header in enumerate(headers):
        if header.lname in _ENVELOPE_FIELDS:
            address = addr_spec(header.value)
            if address is not None:
                yield "MAIL FROM", address, Basis.INFERRED, f"{header.name} (header {index + 1})"
    words = mbox_line.decode("utf-8", "replace").lstrip(">").split()
    if len(words) > 1 and words[0] == "From" and "@" in words[1]:
        yield "MAIL FROM", words[1].strip("<>"), Basis.INFERRED, 'the "From " line of the mailbox file'
