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
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

from helpers.lookup import ahead, can_ask_ahead
from helpers.spf.ledger import (
    COUNTED,
    MAX_LOCAL_PART,
    MAX_LOOKUPS,
    Client,
    Ledger,
    Sender,
    count_void,
    dns_name,
    failure,
    in_words,
    read_client,
    read_sender,
    shown,
    target_of,
    values,
)
from helpers.spf.macro import expand_text, read_macros
from helpers.spf.mechanisms import MATCH, MECHANISMS, Mechanism, Outcome, broken, no_name, outcome
from helpers.spf.record import (
    KNOWN_MODIFIERS,
    LOOKUP_MECHANISMS,
    SpfRecord,
    SpfTerm,
    is_spf,
    parse_spf,
    quoted,
)
from helpers.terms import Answer, DnsStatus, Result, SpfCheck, Step

if TYPE_CHECKING:
    from helpers.terms import Dns

__all__ = ["SpfRecord", "SpfTerm", "check_spf", "first_name", "parse_spf"]

_NOT_PRINTABLE = re.compile(r"[^\x20-\x7e]")
_DATA, _FAILURE = DnsStatus.DATA, DnsStatus.FAILURE
_SAYS = {
    Result.PASS: ("lets ", " send its mail"),
    Result.FAIL: ("does not let ", " send its mail"),
    Result.SOFTFAIL: ("says that ", " probably should not send its mail"),
    Result.NEUTRAL: ("deliberately makes no statement about ", ""),
}


class _Verdict(NamedTuple):
    """What one record says; ``by`` is the trail of terms that decided, through the includes."""

    result: Result
    reason: str
    steps: tuple[Step, ...]
    record: str | None = None
    matched: str | None = None
    by: str = ""
    exp: tuple[SpfTerm, str] | None = None  # the exp= that counts, and its domain
    answer: Answer | None = None  # to the question for the record, where that ended it


def check_spf(
    *,
    client_ip: str,
    mail_from: str | None,
    helo: str | None = None,
    dns: Dns,
    receiver: str = "unknown",
    now: float | None = None,
) -> SpfCheck:
    """May ``client_ip`` use this domain? The result, with every step that led to it (RFC 7208).

    ``client_ip``: IPv4 or IPv6 address as text; IPv4-mapped IPv6 counts as IPv4 (§5).
    ``mail_from``: the address in MAIL FROM. ``""`` is the null sender: ``postmaster@`` the
    HELO name is checked instead (§2.4). None: only the HELO identity is checked (§2.3).
    ``helo``: the name in HELO or EHLO, None if unknown. ``dns``: whom to ask, e.g. a `Zone`.
    ``receiver`` and ``now`` (seconds since 1970, default the clock) fill the macros r and t
    of explanation texts, nothing else.

    Returns an `SpfCheck`. ``matched`` is a term of ``record``: where an include or a redirect
    decided it is that term, and the steps say what matched inside. A look-up that would pass
    a limit is not counted, so the counters never exceed 10 and 2. Bad records, bad names and
    DNS failures are results. Records are remembered once read (see `parse_spf`), DNS answers not.

    Raises ValueError when ``client_ip`` is no IP address, TypeError for arguments of a wrong type.
    """
    if not callable(dns):
        raise TypeError("dns has to be something that can be asked: dns(name, rdtype) -> Answer, e.g. a Zone")
    if not _are_text(client_ip, mail_from or "", helo or "", receiver):
        raise TypeError("client_ip and receiver have to be text; mail_from and helo text or None")
    client = read_client(client_ip)
    sender = read_sender(mail_from, helo or "")
    name = dns_name(sender.domain)
    if can_ask_ahead(dns):
        who: Any = {"client_ip": client_ip, "mail_from": mail_from, "helo": helo, "receiver": receiver}
        sure = [(name, "TXT")] if _can_publish(name) else []
        dns = ahead(dns, sure, [lambda rehearsed: check_spf(**who, dns=rehearsed, now=now)])
    ledger = Ledger(client, dns, sender, (helo or "")[:MAX_LOCAL_PART], receiver, now)
    verdict = _check_host(ledger, sender.domain, name)
    steps = (*_first_steps(client, client_ip, sender, mail_from), *verdict.steps)
    explanation = None
    if verdict.result is Result.FAIL and verdict.exp:
        explanation, step = _explanation(ledger, *verdict.exp)
        steps = (*steps, step)
    return SpfCheck(
        verdict.result,
        name or sender.domain,
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


def first_name(mail_from: str | None, helo: str | None) -> str | None:
    """The name whose record a check of this sender asks for first, whatever the client IP; None if none."""
    name = dns_name(read_sender(mail_from, helo or "").domain)
    return name if _can_publish(name) else None


def _are_text(one: object, two: object, three: object, four: object) -> bool:
    return isinstance(one, str) and isinstance(two, str) and isinstance(three, str) and isinstance(four, str)


def _first_steps(client: Client, given: str, sender: Sender, mail_from: str | None) -> tuple[Step, ...]:
    """What is checked, before DNS is asked anything."""
    domain = shown(sender.domain)
    if sender.identity == "mailfrom":
        words = f"The domain to ask is {domain}."
        step = Step(f"MAIL FROM {quoted(mail_from or '')}", words, "RFC 7208 §2.4")
    elif mail_from is None:
        step = Step("HELO", f"The identity checked is the HELO name: {domain}.", "RFC 7208 §2.3")
    else:
        words = f"The sender is empty, so the HELO name stands in for it, as postmaster@{domain}."
        step = Step("MAIL FROM <>", words if sender.domain else "The sender is empty.", "RFC 7208 §2.4")
    if not client.mapped:
        return (step,)
    words = f"This is an IPv4 address written as IPv6, and counts as {client.text}."
    return Step(f"client IP {given}", words, "RFC 7208 §5"), step


# ------------------------------------------------------------------- records


def _can_publish(name: str | None) -> TypeGuard[str]:
    """Whether this is a name that is asked for a record (RFC 7208 §4.3)."""
    return name is not None and "." in name and name[0] != "["


def _check_host(ledger: Ledger, domain: str, name: str | None) -> _Verdict:
    """The function check_host() of RFC 7208 §4: find the record of ``domain``, then evaluate it.

    ``name`` is the domain as DNS is asked for it, None when it can't be.
    """
    if name is None or "." not in name or name[0] == "[":  # as `_can_publish`, written out for speed
        what = f"{shown(domain)} is no domain name of two parts or more" if domain else "No domain is known"
        why = f"{what}, so there is no SPF record to ask for."
        return _Verdict(Result.NONE, why, (Step(domain or "no domain", why, "RFC 7208 §4.3"),))
    answer = ledger.dns(name, "TXT")
    text, failed, words, section = _select(name, answer)
    step = Step(f"TXT records of {shown(name)}", words, section, answer)
    if text is None:
        return _Verdict(failed, words, (step,), answer=answer)
    record = parse_spf(text)
    if record.problems:
        why = f"The SPF record of {shown(name)} has an error. {record.problems[0]}"
        return _Verdict(Result.PERMERROR, why, (step, *_problem_steps(record)), text)
    return _evaluate(ledger, record, domain, step)


def _select(name: str, answer: Answer) -> tuple[str | None, Result, str, str]:
    """The one SPF record among the TXT records, or the result without one, in words (RFC 7208 §4.4, §4.5)."""
    name = shown(name)
    if answer.status == _FAILURE:
        why = f"DNS gave no answer for the TXT records of {name} ({failure(answer)})."
        return None, Result.TEMPERROR, why, "RFC 7208 §4.4"
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


def _problem_steps(record: SpfRecord) -> list[Step]:
    """A step for every problem, with the term it is about; errors count wherever they stand (§4.6)."""
    bad = [term.text for term in record.terms if term.problem]
    looked_at = bad[: len(record.problems)] + [record.text] * (len(record.problems) - len(bad))
    return [
        Step(text, problem, "RFC 7208 §4.6") for text, problem in zip(looked_at, record.problems, strict=True)
    ]


def _evaluate(ledger: Ledger, record: SpfRecord, domain: str, found: Step) -> _Verdict:
    """The mechanisms in order until one matches, then redirect=, then neutral (RFC 7208 §4.6.2, §4.7)."""
    steps = [found]
    for term in record.terms:
        if term.kind != "mechanism":
            if term.name not in KNOWN_MODIFIERS:
                steps.append(Step(term.text, "This modifier is not known and is ignored.", "RFC 7208 §6"))
            continue
        counted = ""
        if term.name in LOOKUP_MECHANISMS:
            if ledger.lookups == MAX_LOOKUPS:
                return _too_many(record, term, domain, steps)
            ledger.lookups += 1
            counted = COUNTED[ledger.lookups]
        said = _MECHANISMS[term.name](ledger, term, domain, counted)
        steps.append(said.step)
        if said.error is not None:
            return _Verdict(said.error, said.why, tuple(steps), record.text)
        if said.matched:
            return _matched(ledger, record, term, domain, said.why, steps)
    if (redirect := record.redirect) is not None:
        return _redirect(ledger, record, redirect, domain, steps)
    why = f"{shown(domain)} makes no statement about {ledger.client.text}: no term of its SPF record matches."
    followed = "No term matched and there is no redirect=, so the result is neutral."
    steps.append(Step("end of the record", followed, "RFC 7208 §4.7"))
    return _Verdict(Result.NEUTRAL, why, tuple(steps), record.text)


def _matched(
    ledger: Ledger, record: SpfRecord, term: SpfTerm, domain: str, trail: str, steps: list[Step]
) -> _Verdict:
    result = term.result
    by = quoted(term.text) + trail
    before, after = _SAYS[result]
    why = f"{shown(domain)} {before}{ledger.client.text}{after}: {by} matches."
    exp = record.exp if result is Result.FAIL else None
    explained = (exp, domain) if exp is not None else None
    return _Verdict(result, why, tuple(steps), record.text, term.text, by, explained)


def _too_many(record: SpfRecord, term: SpfTerm, domain: str, steps: list[Step]) -> _Verdict:
    what = f"{quoted(term.text)} would be look-up {MAX_LOOKUPS + 1}, and {MAX_LOOKUPS} are allowed."
    steps.append(Step(term.text, f"{what} The check ends with permerror.", "RFC 7208 §4.6.4"))
    why = f"The SPF record makes receivers ask DNS too often: in the record of {shown(domain)}, {what}"
    return _Verdict(Result.PERMERROR, why, tuple(steps), record.text)


def _include(ledger: Ledger, term: SpfTerm, domain: str, counted: str) -> Outcome:
    """Another record is asked; only its pass is a match (RFC 7208 §5.2). Its exp= doesn't count (§6.2)."""
    section = "RFC 7208 §5.2"
    target, inner = target_of(ledger, term, domain)
    if target is None:
        return no_name(term, counted, target, section, inner)
    verdict = _check_host(ledger, target, dns_name(target))
    steps = inner + verdict.steps
    if verdict.answer:
        looked = count_void(ledger, verdict.answer, verdict.reason)
        if looked.error is not None:
            return broken(term, domain, counted, looked, section, steps)
    if verdict.result is Result.PASS:
        words = f"{counted}The record of {shown(target)} says pass, by {verdict.by}."
        followed = f"{words} {MATCH[term.qualifier]}"
        return Outcome(Step(term.text, followed, section, None, steps), True, None, f" → {verdict.by}")
    if verdict.result in _SAYS:
        words = f"{counted}The record of {shown(target)} says {verdict.result}; only its pass would count."
        return outcome(term, False, words, section, None, steps)
    error, why = _unusable(term, domain, verdict)
    words = f"{counted}{shown(target)} gives {verdict.result}, so the check ends with {error}."
    return Outcome(Step(term.text, words, section, None, steps), False, error, why)


def _unusable(term: SpfTerm, domain: str, verdict: _Verdict) -> tuple[Result, str]:
    """An include or redirect that leads to no usable record; the reason stays that of the innermost."""
    if verdict.result is not Result.NONE:
        return verdict.result, verdict.reason
    why = f"In the record of {shown(domain)}, {quoted(term.text)} leads to no SPF record. {verdict.reason}"
    return Result.PERMERROR, why


def _redirect(ledger: Ledger, record: SpfRecord, term: SpfTerm, domain: str, steps: list[Step]) -> _Verdict:
    """Nothing matched: another domain's record decides, its exp= included (RFC 7208 §6.1, §6.2)."""
    if ledger.lookups == MAX_LOOKUPS:
        return _too_many(record, term, domain, steps)
    ledger.lookups += 1
    counted = COUNTED[ledger.lookups]
    target, inner = target_of(ledger, term, domain)
    target = target or ""
    verdict = _check_host(ledger, target, dns_name(target))
    if verdict.answer:
        looked = count_void(ledger, verdict.answer, verdict.reason)
        if looked.error is not None:
            said = broken(term, domain, counted, looked, "RFC 7208 §6.1", inner + verdict.steps)
            return _Verdict(looked.error, said.why, (*steps, said.step), record.text)
    if verdict.result in _SAYS:
        result, why = verdict.result, f"{verdict.reason} {shown(domain)} redirects to that record."
        words = f"The result is that of {shown(target)}: {result}."
    else:
        result, why = _unusable(term, domain, verdict)
        words = f"{shown(target)} gives {verdict.result}, so the check ends with {result}."
    steps.append(Step(term.text, counted + words, "RFC 7208 §6.1", None, inner + verdict.steps))
    by = f"{quoted(term.text)} → {verdict.by}" if verdict.by else ""
    matched = term.text if verdict.matched else None
    return _Verdict(result, why, tuple(steps), record.text, matched, by, verdict.exp)


_MECHANISMS: dict[str, Mechanism] = {**MECHANISMS, "include": _include}


# --------------------------------------------------------------- explanation


def _explanation(ledger: Ledger, term: SpfTerm, domain: str) -> tuple[str | None, Step]:
    """The owner's words on a fail; whatever goes wrong means there are none (RFC 7208 §6.2)."""
    section = "RFC 7208 §6.2"
    target, steps = target_of(ledger, term, domain)
    name = dns_name(target) if target is not None else None
    if name is None:
        words = "Its target can't be a domain name, so there is no explanation."
        return None, Step(term.text, words, section, None, steps)
    answer = ledger.dns(name, "TXT")
    text = None
    if answer.status != _DATA:
        words = f"{in_words(answer, name, 'TXT')} So there is no explanation."
    elif len(answer.values) > 1:
        words = f"{shown(name)} has {len(answer.values)} TXT records, so there is no explanation."
    else:
        text = _explanation_text(ledger, answer.values[0], domain)
        words = f"The domain owner's explanation: {quoted(text, 300)}" if text else "The text can't be used."
    return text, Step(term.text, words, section, answer, steps)


def _explanation_text(ledger: Ledger, text: str, domain: str) -> str | None:
    """The text with its macros filled in; None when it, or a value in it, isn't printable ASCII."""
    if _NOT_PRINTABLE.search(text):
        return None
    parts, _, problem = read_macros(text, explanation=True)
    if problem:
        return None
    filled = expand_text(parts, values(ledger, domain))
    if not filled or _NOT_PRINTABLE.search(filled):  # a local part may hold line breaks
        return None
    return filled
