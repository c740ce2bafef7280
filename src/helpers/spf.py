"""SPF: may this client IP use this domain in MAIL FROM or HELO? (RFC 7208, RFC 8616)

Glossary. *Client IP*: the host that connected. *MAIL FROM*: the address it gave for bounces;
empty (the null sender) in bounces themselves, where ``postmaster@`` the HELO name stands in.
*Look-up*: a term that makes the receiver ask DNS; ten are allowed. *Void look-up*: one that
finds nothing; two are allowed.

Reading a record (`parse_spf`) and evaluating it (`check_spf`) are two functions. A check
keeps one ledger that counts what the RFC counts; everything else is a value.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from helpers._spf_macro import MAX_NAME, Macro, ValueOf, expand_name, expand_text, read_macros
from helpers._spf_record import LOOKUP_MECHANISMS, SpfRecord, SpfTerm, is_spf, parse_spf, quoted
from helpers.lookup import a_label
from helpers.terms import Answer, DnsStatus, Result, SpfCheck, Step

if TYPE_CHECKING:
    from helpers.terms import Dns

__all__ = ["SpfRecord", "SpfTerm", "check_spf", "parse_spf"]

MAX_LOOKUPS = 10  # RFC 7208 §4.6.4: terms that ask DNS
MAX_VOID_LOOKUPS = 2  # RFC 7208 §4.6.4: look-ups that find nothing
MAX_MX = 10  # RFC 7208 §4.6.4: more names for one "mx" is a permerror
MAX_PTR = 10  # RFC 7208 §4.6.4: more names for one client IP are ignored
MAX_LOCAL_PART = 256  # RFC 5321 §4.5.3.1.3: a path has no more octets; bounds what macros can make

_NAME = re.compile(r"(?:[^.]{1,63}\.)*[^.]{1,63}")
_NOT_PRINTABLE = re.compile(r"[^\x20-\x7e]")
_COUNTED = tuple(f"Look-up {n} of {MAX_LOOKUPS}. " for n in range(MAX_LOOKUPS + 1))
_MATCH = {
    "+": "Match: the result is pass.",
    "-": "Match, and “-” makes it fail.",
    "~": "Match, and “~” makes it softfail.",
    "?": "Match, and “?” makes it neutral.",
}
_DATA, _FAILURE = DnsStatus.DATA, DnsStatus.FAILURE


class _Client(NamedTuple):
    """The client IP as a number, so that a network is one shift away."""

    value: int
    bits: Literal[32, 128]
    text: str

    @property
    def dotted(self) -> str:
        """Macro i: dotted quad, or 32 dotted hexadecimal digits (RFC 7208 §7.3)."""
        return self.text if self.bits == 32 else ".".join(f"{self.value:032X}")

    @property
    def arpa(self) -> str:
        """The name under which the client's PTR records are."""
        suffix = "in-addr.arpa" if self.bits == 32 else "ip6.arpa"
        return ".".join(reversed(self.dotted.lower().split("."))) + "." + suffix


class _Sender(NamedTuple):
    """The identity that is checked (RFC 7208 §2.3, §2.4)."""

    identity: Literal["mailfrom", "helo"]
    local: str
    domain: str


class _Verdict(NamedTuple):
    """What one record says; ``by`` is the trail of terms that decided, through the includes."""

    result: Result
    reason: str
    steps: tuple[Step, ...]
    record: str | None = None
    matched: str | None = None
    by: str = ""
    exp: tuple[SpfTerm, str] | None = None  # the exp= that counts, and its domain
    answer: Answer | None = None  # to the question for the record


class _Outcome(NamedTuple):
    """What one mechanism says; ``why`` is the sentence for an error, or the trail inside an include."""

    step: Step
    matched: bool = False
    error: Result | None = None
    why: str = ""


class _Looked(NamedTuple):
    """One answer, in words; ``error`` ends the check."""

    answer: Answer
    words: str
    error: Result | None = None


class _Names(NamedTuple):
    """The names of the client IP that lead back to it (RFC 7208 §5.5)."""

    answer: Answer
    validated: tuple[str, ...]
    steps: tuple[Step, ...]


class _Ledger:
    """The one thing that changes during a check: what was counted, and the client's names once known."""

    __slots__ = ("client", "dns", "helo", "lookups", "names", "now", "rdtype", "receiver", "sender", "voids")

    def __init__(
        self, client: _Client, dns: Dns, sender: _Sender, helo: str, receiver: str, now: float | None
    ) -> None:
        self.client = client
        self.dns = dns
        self.sender = sender
        self.helo = helo
        self.receiver = receiver
        self.now = now
        self.rdtype = "A" if client.bits == 32 else "AAAA"
        self.lookups = 0
        self.voids = 0
        self.names: _Names | None = None


# --------------------------------------------------------------------- check


def check_spf(
    *,
    client_ip: str,
    mail_from: str | None,
    helo: str | None = None,
    dns: Dns,
    receiver: str = "unknown",
    now: float | None = None,
) -> SpfCheck:
    """May ``client_ip`` use this domain? The result with every step that led to it (RFC 7208).

    ``client_ip``: IPv4 or IPv6 address as text; IPv4-mapped IPv6 counts as IPv4 (§5).
    ``mail_from``: the address in MAIL FROM. ``""`` is the null sender: ``postmaster@`` the
    HELO name is checked instead (§2.4). None: only the HELO identity is checked (§2.3).
    ``helo``: the name in HELO or EHLO, None if unknown. ``dns``: whom to ask, e.g. a `Zone`.
    ``receiver``, ``now`` (seconds since 1970, default the clock) fill the macros r and t of
    explanation texts, nothing else.

    Returns an `SpfCheck`. ``matched`` is a term of ``record``: where an include or a redirect
    decided it is that term, and the steps say what matched inside. A look-up that breaks a
    limit is not counted, so the counters never exceed 10 and 2. Bad records, names and DNS
    failures are results. Records once read are remembered, see `parse_spf`; DNS answers are not.

    Raises ValueError when ``client_ip`` is no IP address, TypeError for arguments of a wrong type.
    """
    _require(client_ip=client_ip, mail_from=mail_from or "", helo=helo or "", receiver=receiver)
    if not callable(dns):
        raise TypeError("dns has to be something that can be asked: dns(name, rdtype) -> Answer, e.g. a Zone")
    client = _client(client_ip)
    sender = _sender(mail_from, helo or "")
    ledger = _Ledger(client, dns, sender, (helo or "")[:MAX_LOCAL_PART], receiver, now)
    first = _identity_step(sender, mail_from)
    verdict = _check_host(ledger, sender.domain)
    explanation = None
    steps = (first, *verdict.steps)
    if verdict.result is Result.FAIL and verdict.exp:
        explanation, step = _explanation(ledger, *verdict.exp)
        steps = (*steps, step)
    return SpfCheck(
        verdict.result,
        _dns_name(sender.domain) or sender.domain,
        sender.identity,
        client_ip,
        mail_from,
        helo,
        verdict.record,
        verdict.matched,
        explanation,
        verdict.reason,
        ledger.lookups,
        ledger.voids,
        steps,
    )


def _require(**texts: object) -> None:
    for name, value in texts.items():
        if not isinstance(value, str):
            raise TypeError(f"{name} has to be text, not {type(value).__name__}")


@lru_cache(maxsize=256)
def _client(text: str) -> _Client:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            packed = socket.inet_pton(family, text)
        except (OSError, ValueError):
            continue
        if packed[:12] == b"\0" * 10 + b"\xff\xff":  # RFC 7208 §5: an IPv4-mapped address is IPv4
            packed = packed[12:]
        if len(packed) == 4:
            return _Client(int.from_bytes(packed, "big"), 32, socket.inet_ntop(socket.AF_INET, packed))
        return _Client(int.from_bytes(packed, "big"), 128, socket.inet_ntop(socket.AF_INET6, packed))
    raise ValueError(f"client_ip has to be an IPv4 or IPv6 address, not {quoted(text)}")


def _sender(mail_from: str | None, helo: str) -> _Sender:
    """Which identity, and its two halves; the local part is postmaster where there is none (§4.3)."""
    if not mail_from or mail_from == "<>":
        return _Sender("helo", "postmaster", _domain_text(helo))
    address = mail_from[1:-1] if mail_from[0] == "<" and mail_from[-1] == ">" else mail_from
    if address[:1] == "@" and ":" in address:  # a source route: accepted and ignored (RFC 5321 §4.1.1.3)
        address = address.partition(":")[2]
    local, _, domain = address.rpartition("@")
    return _Sender("mailfrom", local[:MAX_LOCAL_PART] or "postmaster", _domain_text(domain))


def _domain_text(domain: str) -> str:
    """As given, but A-labels for U-labels (RFC 7208 §4.3) and no final dot."""
    if not domain.isascii():
        return a_label(domain) or domain
    return domain.removesuffix(".")


def _dns_name(text: str) -> str | None:
    """The name to ask DNS for, lower case; None when it can't be a name (empty or long label, too long)."""
    if not text.isascii():
        return a_label(text)
    name = text.removesuffix(".").lower()
    if len(name) > MAX_NAME or not _NAME.fullmatch(name):
        return None
    return (
        name if "\\" not in name else name.replace("\\", "\\\\")
    )  # a backslash is one octet of a label here


def _host(value: object) -> str | None:
    """The name in an MX or PTR record, as DNS gave it; None for the root: there is no host."""
    return str(value).lower().removesuffix(".") or None


def _identity_step(sender: _Sender, mail_from: str | None) -> Step:
    domain = _shown(sender.domain)
    if sender.identity == "mailfrom":
        return Step(
            f"MAIL FROM {quoted(mail_from or '')}", f"The domain to ask is {domain}.", "RFC 7208 §2.4"
        )
    if mail_from is None:
        return Step("HELO", f"The identity checked is the HELO name: {domain}.", "RFC 7208 §2.3")
    followed = f"The sender is empty, so postmaster@{domain}, by the HELO name, stands in for it."
    return Step("MAIL FROM <>", followed, "RFC 7208 §2.4")


def _shown(text: str) -> str:
    """A name as it is, or in quotes and made harmless where it isn't an ordinary one."""
    return text if text and len(text) <= MAX_NAME and text.isprintable() else quoted(text)


# ------------------------------------------------------------------- records


def _check_host(ledger: _Ledger, domain: str) -> _Verdict:
    """The function check_host() of RFC 7208 §4: find the record of ``domain``, then evaluate it."""
    name = _dns_name(domain)
    if name is None or "." not in name or name[0] == "[":
        what = (
            f"{_shown(domain)} is no domain name with at least two parts" if domain else "There is no domain"
        )
        why = f"{what}, so there is no SPF record to ask for."
        return _Verdict(Result.NONE, why, (Step(domain, why, "RFC 7208 §4.3"),))
    answer = ledger.dns(name, "TXT")
    text, failed, words, section = _select(name, answer)
    step = Step(f"TXT records of {_shown(name)}", words, section, answer)
    if text is None:
        return _Verdict(failed, words, (step,), answer=answer)
    record = parse_spf(text)
    if record.problems:
        why = f"The SPF record of {_shown(name)} has an error: {record.problems[0]}"
        bad = tuple(Step(text, problem, "RFC 7208 §4.6") for problem in record.problems)
        return _Verdict(Result.PERMERROR, why, (step, *bad), text, answer=answer)
    return _evaluate(ledger, record, domain, step)


def _select(name: str, answer: Answer) -> tuple[str | None, Result, str, str]:
    """The one SPF record among the TXT records, or the result without one, in words (RFC 7208 §4.4, §4.5)."""
    name = _shown(name)
    if answer.status == _FAILURE:
        return None, Result.TEMPERROR, f"DNS gave no answer for {name} ({_failure(answer)}).", "RFC 7208 §4.4"
    if answer.status != _DATA:
        which = "There is no name" if answer.status == DnsStatus.NXDOMAIN else "There are no TXT records at"
        return None, Result.NONE, f"{which} {name}, so there is no SPF record.", "RFC 7208 §4.3"
    found = [text for text in answer.values if is_spf(text)]
    if len(found) == 1:
        return found[0], Result.NONE, f"The SPF record is {quoted(found[0], 300)}", "RFC 7208 §4.5"
    if found:
        why = f"{name} has {len(found)} SPF records; more than one is an error."
        return None, Result.PERMERROR, why, "RFC 7208 §4.5"
    return None, Result.NONE, f"{name} has TXT records, but no SPF record.", "RFC 7208 §4.5"


def _evaluate(ledger: _Ledger, record: SpfRecord, domain: str, found: Step) -> _Verdict:
    """The mechanisms in order until one matches, then redirect=, then neutral (RFC 7208 §4.6.2, §4.7)."""
    steps = [found]
    for term in record.terms:
        if term.kind == "modifier" and term.name not in ("redirect", "exp"):
            steps.append(Step(term.text, "This modifier is not known and is ignored.", "RFC 7208 §6"))
    for term in record.mechanisms:
        counted = ""
        if term.name in LOOKUP_MECHANISMS:
            if ledger.lookups == MAX_LOOKUPS:
                return _too_many(record, term, steps)
            ledger.lookups += 1
            counted = _COUNTED[ledger.lookups]
        outcome = _MECHANISMS[term.name](ledger, term, domain, counted)
        steps.append(outcome.step)
        if outcome.error is not None:
            return _Verdict(outcome.error, outcome.why, tuple(steps), record.text)
        if outcome.matched:
            return _matched(ledger, record, term, domain, outcome, steps)
    if record.redirect:
        return _redirect(ledger, record, record.redirect, domain, steps)
    name = _shown(domain)
    why = f"{name} makes no statement about {ledger.client.text}: no term of its SPF record matches."
    followed = "No term matched and there is no redirect=, so the result is neutral."
    steps.append(Step("end of the record", followed, "RFC 7208 §4.7"))
    return _Verdict(Result.NEUTRAL, why, tuple(steps), record.text)


def _matched(
    ledger: _Ledger, record: SpfRecord, term: SpfTerm, domain: str, outcome: _Outcome, steps: list[Step]
) -> _Verdict:
    result = term.result
    name, client = _shown(domain), ledger.client.text
    by = quoted(term.text) + outcome.why
    if result is Result.PASS:
        says = f"{name} lets {client} send its mail"
    elif result is Result.FAIL:
        says = f"{name} does not let {client} send its mail"
    elif result is Result.SOFTFAIL:
        says = f"{name} says that {client} probably should not send its mail"
    else:
        says = f"{name} deliberately makes no statement about {client}"
    exp = (record.exp, domain) if record.exp else None
    return _Verdict(result, f"{says}: {by} matches.", tuple(steps), record.text, term.text, by, exp)


def _too_many(record: SpfRecord, term: SpfTerm, steps: list[Step]) -> _Verdict:
    why = f"{quoted(term.text)} would be look-up {MAX_LOOKUPS + 1}, and only {MAX_LOOKUPS} are allowed."
    steps.append(Step(term.text, why, "RFC 7208 §4.6.4"))
    return _Verdict(
        Result.PERMERROR, f"The SPF record asks too much of DNS: {why}", tuple(steps), record.text
    )


def _redirect(ledger: _Ledger, record: SpfRecord, term: SpfTerm, domain: str, steps: list[Step]) -> _Verdict:
    """Nothing matched: another domain's record decides, its exp= included (RFC 7208 §6.1, §6.2)."""
    if ledger.lookups == MAX_LOOKUPS:
        return _too_many(record, term, steps)
    ledger.lookups += 1
    counted = _COUNTED[ledger.lookups]
    target, inner = _target(ledger, term, domain)
    verdict = _check_host(ledger, target or "")
    words, result, why = (
        f"The result is that of {_shown(target or '')}: {verdict.result}.",
        verdict.result,
        "",
    )
    if verdict.answer and (over := _void(ledger, verdict.answer)):
        words, result, why = over, Result.PERMERROR, over
    elif result is Result.NONE:
        words = f"{_shown(target or '')} has no SPF record, and a redirect needs one: permerror."
        result, why = Result.PERMERROR, f"{quoted(term.text)} leads nowhere. {verdict.reason}"
    steps.append(Step(term.text, counted + words, "RFC 7208 §6.1", None, inner + verdict.steps))
    by = f"{quoted(term.text)} → {verdict.by}" if verdict.by else ""
    reason = why or f"{verdict.reason} {_shown(domain)} redirects to it."
    matched = term.text if verdict.matched else None
    return _Verdict(result, reason, tuple(steps), record.text, matched, by, verdict.exp)


# ------------------------------------------------------------ asking, counting


def _ask(ledger: _Ledger, name: str, rdtype: str) -> _Looked:
    """One question for a mechanism; DNS failing or a void look-up too many ends the check."""
    answer = ledger.dns(name, rdtype)
    words = _words(answer, name, rdtype)
    if answer.status == _DATA:
        return _Looked(answer, words)
    if answer.status == _FAILURE:
        return _Looked(answer, words, Result.TEMPERROR)
    over = _void(ledger, answer)
    if over:
        return _Looked(answer, f"{words} {over}", Result.PERMERROR)
    return _Looked(answer, f"{words} This is void look-up {ledger.voids} of {MAX_VOID_LOOKUPS}.")


def _void(ledger: _Ledger, answer: Answer) -> str:
    """Count a look-up that found nothing (RFC 7208 §4.6.4); words when it is one too many, else ""."""
    if answer.status == _DATA or answer.status == _FAILURE:
        return ""
    if ledger.voids == MAX_VOID_LOOKUPS:
        return f"More than {MAX_VOID_LOOKUPS} look-ups found nothing, which is an error (§4.6.4)."
    ledger.voids += 1
    return ""


def _words(answer: Answer, name: str, rdtype: str) -> str:
    name = _shown(name)
    if answer.status == _DATA:
        values = [_value_text(value) for value in answer.values[:4]]
        more = f" and {len(answer.values) - 4} more" if len(answer.values) > 4 else ""
        return f"{rdtype} of {name}: {', '.join(values)}{more}."
    if answer.status == _FAILURE:
        return f"DNS gave no answer for {rdtype} of {name} ({_failure(answer)})."
    if answer.status == DnsStatus.NXDOMAIN:
        return f"There is no name {name}."
    return f"{name} has no {rdtype} record."


def _value_text(value: object) -> str:
    if isinstance(value, tuple):  # MX: preference and name
        return " ".join(_shown(str(item)) for item in value)
    return _shown(str(value))


def _failure(answer: Answer) -> str:
    return str(answer.failure or "no answer")


def _addresses(answer: Answer, bits: int) -> list[int]:
    """The addresses as numbers; what is no address of this family is left out."""
    family = socket.AF_INET if bits == 32 else socket.AF_INET6
    numbers = []
    for value in answer.values:
        try:
            numbers.append(int.from_bytes(socket.inet_pton(family, value), "big"))
        except (OSError, ValueError, TypeError):
            continue
    return numbers


def _is_in(client: _Client, term: SpfTerm, answer: Answer) -> bool:
    """Is the client in the network of one of these addresses?"""
    shift = client.bits - (term.ip4_prefix if client.bits == 32 else term.ip6_prefix)
    wanted = client.value >> shift
    return any(address >> shift == wanted for address in _addresses(answer, client.bits))


# ---------------------------------------------------------------- mechanisms


def _step(
    term: SpfTerm,
    matched: bool,
    words: str,
    section: str,
    answer: Answer | None,
    steps: tuple[Step, ...] = (),
) -> _Outcome:
    ending = _MATCH[term.qualifier] if matched else "No match."
    return _Outcome(Step(term.text, f"{words} {ending}", section, answer, steps), matched)


def _error(
    term: SpfTerm, counted: str, looked: _Looked, section: str, steps: tuple[Step, ...] = ()
) -> _Outcome:
    """DNS failed (temperror), or a limit is broken (permerror)."""
    step = Step(
        term.text, f"{counted}{looked.words} The check ends: {looked.error}.", section, looked.answer, steps
    )
    return _Outcome(step, error=looked.error, why=f"At {quoted(term.text)}: {looked.words}")


def _all(ledger: _Ledger, term: SpfTerm, domain: str, counted: str) -> _Outcome:
    return _step(term, True, "“all” matches every client.", "RFC 7208 §5.1", None)


def _ip(ledger: _Ledger, term: SpfTerm, domain: str, counted: str) -> _Outcome:
    client = ledger.client
    bits, prefix = (32, term.ip4_prefix) if term.name == "ip4" else (128, term.ip6_prefix)
    if client.bits != bits:
        words = f"{client.text} is an IPv{4 if client.bits == 32 else 6} address, this network is not."
        return _step(term, False, words, "RFC 7208 §5.6", None)
    matched = (client.value ^ term.network) >> (bits - prefix) == 0
    words = f"{client.text} is {'' if matched else 'not '}in this network."
    return _step(term, matched, words, "RFC 7208 §5.6", None)


def _a(ledger: _Ledger, term: SpfTerm, domain: str, counted: str) -> _Outcome:
    target, steps = _target(ledger, term, domain)
    name = _dns_name(target) if target is not None else None
    if name is None:
        return _no_name(term, counted, target, "RFC 7208 §5.3", steps)
    looked = _ask(ledger, name, ledger.rdtype)
    if looked.error is not None:
        return _error(term, counted, looked, "RFC 7208 §5.3", steps)
    matched = _is_in(ledger.client, term, looked.answer)
    return _step(term, matched, counted + looked.words, "RFC 7208 §5.3", looked.answer, steps)


def _mx(ledger: _Ledger, term: SpfTerm, domain: str, counted: str) -> _Outcome:
    section = "RFC 7208 §5.4"
    target, steps = _target(ledger, term, domain)
    name = _dns_name(target) if target is not None else None
    if name is None:
        return _no_name(term, counted, target, section, steps)
    looked = _ask(ledger, name, "MX")
    if looked.error is None and len(looked.answer.values) > MAX_MX:
        words = f"{_shown(name)} has {len(looked.answer.values)} MX records; more than {MAX_MX} is an error (§4.6.4)."
        looked = looked._replace(words=words, error=Result.PERMERROR)
    if looked.error is not None:
        return _error(term, counted, looked, section, steps)
    for _, exchange in sorted(looked.answer.values):
        host = _host(exchange)
        if host is None:  # "." or nothing: the domain takes no mail (RFC 7505)
            steps = (
                *steps,
                Step(f"MX {_shown(exchange)}", "This is no host name; there is nothing to ask.", section),
            )
            continue
        asked = _ask(ledger, host, ledger.rdtype)
        matched = asked.error is None and _is_in(ledger.client, term, asked.answer)
        words = f"{asked.words} The client is {'' if matched else 'not '}there."
        steps = (*steps, Step(f"MX {_shown(host)}", words, section, asked.answer))
        if asked.error is not None:
            return _error(term, counted, asked._replace(answer=looked.answer), section, steps)
        if matched:
            return _step(term, True, counted + looked.words, section, looked.answer, steps)
    return _step(term, False, counted + looked.words, section, looked.answer, steps)


def _ptr(ledger: _Ledger, term: SpfTerm, domain: str, counted: str) -> _Outcome:
    section = "RFC 7208 §5.5"
    target, steps = _target(ledger, term, domain)
    name = _dns_name(target) if target is not None else None
    if name is None:
        return _no_name(term, counted, target, section, steps)
    names = _client_names(ledger)
    if over := _void(ledger, names.answer):
        return _error(term, counted, _Looked(names.answer, over, Result.PERMERROR), section, steps)
    under = "." + name
    found = next((host for host in names.validated if host == name or host.endswith(under)), None)
    words = (
        f"{_shown(found)} is {_shown(name)} or in it."
        if found
        else f"No validated name is in {_shown(name)}."
    )
    first = _words(names.answer, ledger.client.arpa, "PTR")
    followed = f"{counted}{first} {words}"
    return _step(term, found is not None, followed, section, names.answer, steps + names.steps)


def _exists(ledger: _Ledger, term: SpfTerm, domain: str, counted: str) -> _Outcome:
    section = "RFC 7208 §5.7"
    target, steps = _target(ledger, term, domain)
    name = _dns_name(target) if target is not None else None
    if name is None:
        return _no_name(term, counted, target, section, steps)
    looked = _ask(ledger, name, "A")  # A for IPv6 clients, too
    if looked.error is not None:
        return _error(term, counted, looked, section, steps)
    return _step(term, looked.answer.status == _DATA, counted + looked.words, section, looked.answer, steps)


def _include(ledger: _Ledger, term: SpfTerm, domain: str, counted: str) -> _Outcome:
    """Another record is asked; only its pass is a match (RFC 7208 §5.2). Its exp= doesn't count (§6.2)."""
    section = "RFC 7208 §5.2"
    target, inner = _target(ledger, term, domain)
    if target is None:
        return _no_name(term, counted, target, section, inner)
    verdict = _check_host(ledger, target)
    steps = inner + verdict.steps
    if verdict.answer and (over := _void(ledger, verdict.answer)):
        return _error(term, counted, _Looked(verdict.answer, over, Result.PERMERROR), section, steps)
    if verdict.result is Result.PASS:
        words = f"{counted}The record of {_shown(target)} says pass, by {verdict.by}."
        return _step(term, True, words, section, None, steps)._replace(why=f" → {verdict.by}")
    if verdict.result in (Result.FAIL, Result.SOFTFAIL, Result.NEUTRAL):
        words = f"{counted}The record of {_shown(target)} says {verdict.result}; only its pass would count."
        return _step(term, False, words, section, None, steps)
    error = Result.TEMPERROR if verdict.result is Result.TEMPERROR else Result.PERMERROR
    words = f"{counted}{verdict.reason} An include can't do without: the check ends with {error}."
    return _Outcome(
        Step(term.text, words, section, None, steps),
        False,
        error,
        f"At {quoted(term.text)}: {verdict.reason}",
    )


_MECHANISMS: dict[str, Callable[[_Ledger, SpfTerm, str, str], _Outcome]] = {
    "all": _all,
    "ip4": _ip,
    "ip6": _ip,
    "a": _a,
    "mx": _mx,
    "ptr": _ptr,
    "exists": _exists,
    "include": _include,
}


def _no_name(
    term: SpfTerm, counted: str, target: str | None, section: str, steps: tuple[Step, ...]
) -> _Outcome:
    """The target can't be asked for, so it doesn't exist (RFC 7208 §4.3; RFC 8616 §4)."""
    if target is None:
        words = "The local part isn't ASCII and can't be part of a name (RFC 8616 §4)."
    else:
        words = f"{quoted(target)} can't be a domain name, so there is nothing to ask."
    return _step(term, False, counted + words, section, None, steps)


def _client_names(ledger: _Ledger) -> _Names:
    """The client's PTR names that have the client among their addresses; found once per check.

    The names belong to the client, not to the domain owner, so what fails or is void
    among them is passed over and not counted (RFC 7208 §5.5).
    """
    if ledger.names is not None:
        return ledger.names
    client = ledger.client
    answer = ledger.dns(client.arpa, "PTR")
    validated: list[str] = []
    steps: list[Step] = []
    for text in answer.values[:MAX_PTR] if answer.status == _DATA else ():
        host = _host(text)
        if host is None:
            continue
        asked = ledger.dns(host, ledger.rdtype)
        good = asked.status == _DATA and client.value in _addresses(asked, client.bits)
        if good:
            validated.append(host)
        words = (
            f"{_words(asked, host, ledger.rdtype)} {'Validated.' if good else 'Not validated: passed over.'}"
        )
        steps.append(Step(f"PTR {_shown(host)}", words, "RFC 7208 §5.5", asked))
    if len(answer.values) > MAX_PTR:
        words = f"Only the first {MAX_PTR} of {len(answer.values)} names are looked at."
        steps.append(Step("further PTR records", words, "RFC 7208 §4.6.4"))
    ledger.names = _Names(answer, tuple(validated), tuple(steps))
    return ledger.names


# -------------------------------------------------------------------- macros


def _target(ledger: _Ledger, term: SpfTerm, domain: str) -> tuple[str | None, tuple[Step, ...]]:
    """The name that a term is about, and the step that filled in its macros (RFC 7208 §4.8, §7)."""
    parts = term.parts
    if not parts:
        return domain, ()
    if len(parts) == 1 and isinstance(parts[0], str):
        text = parts[0].removesuffix(".")
        if len(text) <= MAX_NAME:
            return text, ()
    value_of = _values(ledger, domain)
    name = expand_name(parts, value_of)
    if name is None:
        return None, ()
    inner = []
    for part in parts:
        if isinstance(part, Macro) and len(inner) < MAX_LOOKUPS:
            value = part.apply(value_of(part.letter) or "")
            names = ledger.names.steps if part.letter == "p" and ledger.names else ()
            inner.append(Step(part.text, f"{part.meaning()}: {quoted(value)}", "RFC 7208 §7.2", None, names))
    followed = f"With the values filled in: {quoted(name, 260)}"
    return name, (Step(term.value or "", followed, "RFC 7208 §7.3", None, tuple(inner)),)


def _values(ledger: _Ledger, domain: str) -> ValueOf:
    """Macro letters to values (RFC 7208 §7.2). None: the value can't be part of a name (RFC 8616 §4)."""
    sender, client = ledger.sender, ledger.client

    def value_of(letter: str) -> str | None:
        if letter == "i":
            return client.dotted
        if letter == "d":
            return domain
        if letter in "sl":
            if not sender.local.isascii():
                return None
            return sender.local if letter == "l" else f"{sender.local}@{sender.domain}"
        if letter == "o":
            return sender.domain
        if letter == "h":
            return ledger.helo
        if letter == "v":
            return "in-addr" if client.bits == 32 else "ip6"
        if letter == "p":
            return _validated_name(ledger, domain)
        if letter == "c":
            return client.text
        if letter == "r":
            return ledger.receiver
        return str(_seconds(ledger))

    return value_of


def _validated_name(ledger: _Ledger, domain: str) -> str:
    """Macro p: the domain itself if the client has that name, or a name in it, or any, or "unknown"."""
    names = _client_names(ledger).validated
    own = domain.lower()
    if own in names:
        return own
    return next((name for name in names if name.endswith("." + own)), names[0] if names else "unknown")


def _seconds(ledger: _Ledger) -> int:
    if ledger.now is None:
        import time

        return int(time.time())
    return int(ledger.now)


def _explanation(ledger: _Ledger, term: SpfTerm, domain: str) -> tuple[str | None, Step]:
    """The owner's words on a fail; whatever goes wrong means there are none (RFC 7208 §6.2)."""
    target, steps = _target(ledger, term, domain)
    name = _dns_name(target) if target is not None else None
    if name is None:
        words = "Its target can't be a domain name, so there is no explanation."
        return None, Step(term.text, words, "RFC 7208 §6.2", None, steps)
    answer = ledger.dns(name, "TXT")
    text = None
    if answer.status != _DATA:
        words = f"{_words(answer, name, 'TXT')} So there is no explanation."
    elif len(answer.values) > 1:
        words = f"{_shown(name)} has {len(answer.values)} TXT records, so there is no explanation."
    else:
        text = _explanation_text(ledger, answer.values[0], domain)
        words = f"The domain owner's explanation: {quoted(text, 300)}" if text else "The text can't be used."
    return text, Step(term.text, words, "RFC 7208 §6.2", answer, steps)


def _explanation_text(ledger: _Ledger, text: str, domain: str) -> str | None:
    """The text with its macros filled in; None when it, or a value in it, isn't printable ASCII."""
    if _NOT_PRINTABLE.search(text):
        return None
    macros = read_macros(text, explanation=True)
    if macros.problem:
        return None
    filled = expand_text(macros.parts, _values(ledger, domain))
    if not filled or _NOT_PRINTABLE.search(filled):  # a local part may hold line breaks
        return None
    return filled
