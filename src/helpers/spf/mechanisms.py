"""The mechanisms of an SPF record, one function each (RFC 7208 §5), but for ``include``.

Each takes the ledger, the term, the current domain and the words that count the look-up,
and returns an `Outcome`. ``include`` evaluates a record, so it is in ``spf`` itself.

Private to the room ``spf``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from helpers.spf.ledger import (
    Client,
    Ledger,
    Looked,
    addresses,
    ask,
    client_names,
    count_void,
    dns_name,
    host_name,
    in_words,
    shown,
    target_of,
)
from helpers.spf.record import SpfTerm, quoted
from helpers.terms import Answer, DnsStatus, Result, Step

MAX_MX = 10  # RFC 7208 §4.6.4: more MX records for one "mx" are a permerror

MATCH = {
    "+": "Match: the result is pass.",
    "-": "Match, and “-” makes it fail.",
    "~": "Match, and “~” makes it softfail.",
    "?": "Match, and “?” makes it neutral.",
}
_DATA = DnsStatus.DATA


class Outcome(NamedTuple):
    """What one mechanism says; ``why`` is the sentence for an error, or the trail inside an include."""

    step: Step
    matched: bool = False
    error: Result | None = None
    why: str = ""


Mechanism = Callable[[Ledger, SpfTerm, str, str], Outcome]


def outcome(
    term: SpfTerm,
    matched: bool,
    words: str,
    section: str,
    answer: Answer | None = None,
    steps: tuple[Step, ...] = (),
) -> Outcome:
    """Match or no match, said at the end of the words."""
    ending = MATCH[term.qualifier] if matched else "No match."
    return Outcome(Step(term.text, f"{words} {ending}", section, answer, steps), matched)


def broken(
    term: SpfTerm, domain: str, counted: str, looked: Looked, section: str, steps: tuple[Step, ...]
) -> Outcome:
    """DNS failed (temperror), or a limit is passed (permerror): the check ends here."""
    followed = f"{counted}{looked.words} The check ends with {looked.error}."
    why = f"In the record of {shown(domain)}, at {quoted(term.text)}: {looked.words}"
    return Outcome(Step(term.text, followed, section, looked.answer, steps), error=looked.error, why=why)


def no_name(
    term: SpfTerm, counted: str, target: str | None, section: str, steps: tuple[Step, ...]
) -> Outcome:
    """The target can't be asked for, so it doesn't exist (RFC 7208 §4.3; RFC 8616 §4)."""
    if target is None:
        words = "The local part isn't ASCII and can't be part of a name (RFC 8616 §4)."
    else:
        words = f"{quoted(target)} can't be a domain name, so there is nothing to ask."
    return outcome(term, False, counted + words, section, None, steps)


def check_all(ledger: Ledger, term: SpfTerm, domain: str, counted: str) -> Outcome:
    """``all`` matches every client (RFC 7208 §5.1)."""
    return outcome(term, True, "“all” stands for every client.", "RFC 7208 §5.1")


def check_ip(ledger: Ledger, term: SpfTerm, domain: str, counted: str) -> Outcome:
    """``ip4`` and ``ip6``; a client of the other kind doesn't match (RFC 7208 §5.6)."""
    client = ledger.client
    bits, prefix = (32, term.ip4_prefix) if term.name == "ip4" else (128, term.ip6_prefix)
    if client.bits != bits:
        mine, other = ("IPv4", "IPv6") if client.bits == 32 else ("IPv6", "IPv4")
        words = f"{client.text} is an {mine} address and this is an {other} network."
        return outcome(term, False, words, "RFC 7208 §5.6")
    matched = (client.value ^ term.network) >> (bits - prefix) == 0
    words = f"{client.text} is {'' if matched else 'not '}in this network."
    return outcome(term, matched, words, "RFC 7208 §5.6")


def check_a(ledger: Ledger, term: SpfTerm, domain: str, counted: str) -> Outcome:
    """``a``: is the client one of the target's addresses, or in their networks? (RFC 7208 §5.3)"""
    section = "RFC 7208 §5.3"
    target, steps = target_of(ledger, term, domain)
    name = dns_name(target) if target is not None else None
    if name is None:
        return no_name(term, counted, target, section, steps)
    looked = ask(ledger, name, ledger.rdtype)
    if looked.error is not None:
        return broken(term, domain, counted, looked, section, steps)
    matched = _is_in(ledger.client, term, looked.answer)
    return outcome(term, matched, counted + looked.words, section, looked.answer, steps)


def check_mx(ledger: Ledger, term: SpfTerm, domain: str, counted: str) -> Outcome:
    """``mx``: the same with the addresses of the target's mail servers, not its own (RFC 7208 §5.4)."""
    section = "RFC 7208 §5.4"
    target, steps = target_of(ledger, term, domain)
    name = dns_name(target) if target is not None else None
    if name is None:
        return no_name(term, counted, target, section, steps)
    looked = ask(ledger, name, "MX")
    if looked.error is None and len(looked.answer.values) > MAX_MX:
        words = f"It has {len(looked.answer.values)} MX records; more than {MAX_MX} are an error (§4.6.4)."
        looked = Looked(looked.answer, words, Result.PERMERROR)
    if looked.error is not None:
        return broken(term, domain, counted, looked, section, steps)
    matched = False
    for _, exchange in sorted(looked.answer.values):
        asked, step, matched = _check_exchange(ledger, term, exchange)
        steps = (*steps, step)
        if asked is not None and asked.error is not None:
            return broken(term, domain, counted, asked, section, steps)
        if matched:
            break
    return outcome(term, matched, counted + looked.words, section, looked.answer, steps)


def _check_exchange(ledger: Ledger, term: SpfTerm, exchange: str) -> tuple[Looked | None, Step, bool]:
    host = host_name(exchange)
    if host is None:  # "." or nothing: the domain takes no mail (RFC 7505)
        words = "The name is empty: the domain says that it takes no mail. There is nothing to ask."
        return None, Step("MX “.”", words, "RFC 7505 §3"), False
    asked = ask(ledger, host, ledger.rdtype)
    matched = asked.error is None and _is_in(ledger.client, term, asked.answer)
    words = asked.words
    if asked.answer.status == _DATA:
        words += " The client is there." if matched else " The client is not there."
    return asked, Step(f"MX {shown(host)}", words, "RFC 7208 §5.4", asked.answer), matched


def check_ptr(ledger: Ledger, term: SpfTerm, domain: str, counted: str) -> Outcome:
    """``ptr``: does the client have a validated name in the target domain? (RFC 7208 §5.5)"""
    section = "RFC 7208 §5.5"
    target, steps = target_of(ledger, term, domain)
    name = dns_name(target) if target is not None else None
    if name is None:
        return no_name(term, counted, target, section, steps)
    names = client_names(ledger)
    looked = count_void(ledger, names.answer, in_words(names.answer, ledger.client.arpa, "PTR"))
    if looked.error is not None:
        return broken(term, domain, counted, looked, section, steps)
    under = "." + name
    found = next((host for host in names.validated if host == name or host.endswith(under)), None)
    ending = (
        f"{shown(found)} is {shown(name)} or in it." if found else f"No validated name is in {shown(name)}."
    )
    words = f"{counted}{looked.words} {ending}"
    return outcome(term, found is not None, words, section, names.answer, steps + names.steps)


def check_exists(ledger: Ledger, term: SpfTerm, domain: str, counted: str) -> Outcome:
    """``exists``: has the target any A record? Type A for IPv6 clients, too (RFC 7208 §5.7)."""
    section = "RFC 7208 §5.7"
    target, steps = target_of(ledger, term, domain)
    name = dns_name(target) if target is not None else None
    if name is None:
        return no_name(term, counted, target, section, steps)
    looked = ask(ledger, name, "A")
    if looked.error is not None:
        return broken(term, domain, counted, looked, section, steps)
    matched = bool(looked.answer.values)
    return outcome(term, matched, counted + looked.words, section, looked.answer, steps)


def _is_in(client: Client, term: SpfTerm, answer: Answer) -> bool:
    """Is the client in the network of one of these addresses?"""
    shift = client.bits - (term.ip4_prefix if client.bits == 32 else term.ip6_prefix)
    wanted = client.value >> shift
    return any(address >> shift == wanted for address in addresses(answer, client.bits))


MECHANISMS: dict[str, Mechanism] = {
    "all": check_all,
    "ip4": check_ip,
    "ip6": check_ip,
    "a": check_a,
    "mx": check_mx,
    "ptr": check_ptr,
    "exists": check_exists,
}
