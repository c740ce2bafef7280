"""One question to real name servers, through dnspython. Imported by `lookup.LiveDns` when it is made."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.resolver
import dns.rrset

from helpers.lookup.file import value_of
from helpers.lookup.records import MAX_CNAMES, spell
from helpers.terms import Answer, DnsFailure, DnsStatus

EDNS_PAYLOAD = 1232  # octets: larger answers come by TCP instead of in fragments (RFC 9715 §3.1)
FAILURE_TTL = 5.0  # seconds, RFC 9520 §3.2
TRY_TIMEOUT = 2.0  # seconds for one try, so that one lost packet does not use up the whole time

Found = tuple[Answer, float]
"""An answer and for how many seconds it may be kept."""


def make_resolver(nameservers: Sequence[str] | None, port: int, timeout: float) -> Any:
    """A resolver for these servers, or for the system's; None where the system names none."""
    try:
        resolver = dns.resolver.Resolver(configure=nameservers is None)
    except dns.resolver.NoResolverConfiguration:
        return None
    resolver.port = port
    if nameservers is not None:
        if not nameservers:
            raise ValueError("no name server is given; None takes the system's")
        try:
            resolver.nameservers = list(nameservers)
        except ValueError:
            raise ValueError(f"{nameservers!r} are not IP addresses of name servers") from None
    resolver.timeout = min(TRY_TIMEOUT, timeout / 2)
    resolver.use_edns(0, 0, EDNS_PAYLOAD)
    return resolver


def ask(resolver: Any, name: str, rdtype: str, timeout: float) -> Found:
    """The answer to one question. Every failure is an answer too; nothing is raised for one."""
    deadline = time.monotonic() + timeout
    chain: list[str] = []
    keep = float("inf")
    while len(chain) <= MAX_CNAMES:
        try:
            reply = _reply(resolver, chain[-1] if chain else name, rdtype, deadline - time.monotonic())
            found = None if reply is None else reply.resolve_chaining()
        except dns.exception.Timeout:
            return _failure(name, rdtype, DnsFailure.TIMEOUT)
        except (dns.exception.DNSException, OSError, ValueError):
            return _failure(name, rdtype, DnsFailure.SERVFAIL)
        if reply is None or found is None:  # a resolver that does not show the server's words
            return Answer(name, rdtype, DnsStatus.NODATA), FAILURE_TTL
        links = [spell(record.target.labels) for rrset in found.cnames for record in rrset[:1]]
        chain += links
        keep = min(keep, float(found.minimum_ttl))
        if found.answer is None and reply.rcode() == dns.rcode.NOERROR and not _is_final(reply):
            if links:  # the server leaves the rest of the chain to us
                continue
            return _failure(name, rdtype, DnsFailure.SERVFAIL)
        if len(chain) > MAX_CNAMES:
            break
        return _answer(name, rdtype, reply, found.answer, tuple(chain)), keep
    return _failure(name, rdtype, DnsFailure.SERVFAIL)


def _reply(resolver: Any, name: str, rdtype: str, seconds: float) -> dns.message.QueryMessage | None:
    """The server's message, also where dnspython raises to say NXDOMAIN or NODATA."""
    if seconds <= 0:
        raise dns.exception.Timeout
    qname = dns.name.from_text(name)
    try:
        got = resolver.resolve(qname, rdtype, raise_on_no_answer=False, lifetime=seconds, search=False)
        reply: dns.message.QueryMessage | None = got.response
    except dns.resolver.NXDOMAIN as answer:
        replies = answer.kwargs.get("responses") or {}
        reply = replies.get(qname) or _nxdomain(qname, rdtype)
    except dns.resolver.NoAnswer as answer:
        reply = answer.kwargs.get("response")
    return reply


def _nxdomain(qname: dns.name.Name, rdtype: str) -> dns.message.QueryMessage:
    reply = dns.message.QueryMessage()
    reply.flags = dns.flags.QR
    reply.set_rcode(dns.rcode.NXDOMAIN)
    reply.question.append(dns.rrset.RRset(qname, dns.rdataclass.IN, dns.rdatatype.from_text(rdtype)))
    return reply


def _is_final(reply: dns.message.QueryMessage) -> bool:
    """Is an empty answer NODATA (RFC 2308 §2.2), and not a referral to other servers or half a chain?"""
    kinds = {rrset.rdtype for rrset in reply.authority}
    if dns.rdatatype.SOA in kinds:
        return True
    if reply.answer:  # a chain without its end
        return False
    recursive = bool(reply.flags & (dns.flags.RA | dns.flags.AA))
    return recursive or dns.rdatatype.NS not in kinds


def _answer(
    name: str, rdtype: str, reply: dns.message.QueryMessage, records: Any, chain: tuple[str, ...]
) -> Answer:
    if records is not None:
        values = tuple(value_of(record) for record in records)
        return Answer(name, rdtype, DnsStatus.DATA, values, chain=chain)
    missing = reply.rcode() == dns.rcode.NXDOMAIN
    return Answer(name, rdtype, DnsStatus.NXDOMAIN if missing else DnsStatus.NODATA, chain=chain)


def _failure(name: str, rdtype: str, failure: DnsFailure) -> Found:
    return Answer(name, rdtype, DnsStatus.FAILURE, failure=failure), FAILURE_TTL
