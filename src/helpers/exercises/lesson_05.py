"""Exercises of lesson 05, on DMARC records: answers are judged by what they ask of receivers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from helpers.dmarc import evaluate_dmarc, parse_dmarc
from helpers.exercises import Exercise, Feedback, quoted, right, wrong
from helpers.lookup import Zone, a_label
from helpers.terms import DmarcCheck, Policy, Result, Rules

NO_RECORD = "is not a DMARC record: a verifier passes over it as if nothing were there."

STORY = "v=DMARC1; p=reject; rua=mailto:dmarc@fujiba.net"
REPORTS = "mailto:dmarc@fujiba.net"
THERE: dict[str, dict[str, Any]] = {  # names that exist below fujiba.net; any other does not
    "fujiba.net": {"MX": [(10, "mxa.mailgun.org")]},
    "news.fujiba.net": {"MX": [(10, "mxa.mailgun.org")]},
    "list.fujiba.net": {"MX": [(10, "mxa.mailgun.org")]},
    "_dmarc.fujiba.net": {"TXT": [STORY]},
}
WHO = {
    "fujiba.net": "the domain itself",
    "news.fujiba.net": "an existing subdomain",
    "ghost.fujiba.net": "a name that nobody made",
    "list.fujiba.net": "the one that writes to lists",
}
ASKED = {Policy.NONE: "nothing", Policy.QUARANTINE: "quarantine", Policy.REJECT: "reject"}


def _failed(author: str, zone: Zone, rules: Rules = "rfc9989") -> DmarcCheck:
    """A mail from this domain that nobody vouches for."""
    return evaluate_dmarc(author_domain=author, dns=zone, rules=rules)


def _differs(check: DmarcCheck, wanted: Policy) -> str:
    """What is asked in place of what was wanted, or nothing."""
    who = f"mail from {check.author_domain}, {WHO[str(check.author_domain)]},"
    if check.result != Result.FAIL:
        return f"For {who} DMARC does not apply at all: {check.reason}"
    if check.disposition == wanted:
        return ""
    tags = f" (by the record of {check.policy_domain})" if check.policy_domain else ""
    return f"For {who} receivers are asked for {ASKED[check.disposition]}{tags}."


# ------------------------------------------------------------ three answers

THREE = {"fujiba.net": Policy.QUARANTINE, "news.fujiba.net": Policy.NONE, "ghost.fujiba.net": Policy.REJECT}


def _three_answers(answer: Any) -> Feedback:
    zone = _with_text(answer)
    if zone is None:
        return wrong(f"{quoted(answer)} {NO_RECORD}")
    faults = [_differs(_failed(name, zone), wanted) for name, wanted in THREE.items()]
    if any(faults):
        return wrong(" ".join(filter(None, faults)))
    return right("quarantine for the domain, nothing for its subdomains, reject for names that do not exist.")


def _with_text(answer: Any) -> Zone | None:
    """The zone with this record at fujiba.net; None when the text is no DMARC record."""
    if not isinstance(answer, str) or parse_dmarc(answer) is None:
        return None
    return Zone.from_dict(THERE).with_records("_dmarc.fujiba.net", "TXT", [answer])


# ------------------------------------------------------- a record of its own


def _own_record(answer: Any) -> Feedback:
    if not isinstance(answer, Mapping) or not answer:
        return wrong(f"{quoted(answer)} is no record; the answer is {{name: text}}, as in DNS.")
    zone = Zone.from_dict(THERE)
    for name, text in answer.items():
        label = a_label(name.strip().rstrip(".")) if isinstance(name, str) else None
        if label is None or not isinstance(text, str):
            return wrong(f"{quoted(name)}: {quoted(text)} is not a name and a text that DNS could hold.")
        zone = zone.with_records(label, "TXT", [text])
    listed = _failed("list.fujiba.net", zone)
    if fault := _differs(listed, Policy.NONE):
        return wrong(fault)
    for name in ("fujiba.net", "news.fujiba.net", "ghost.fujiba.net"):
        if fault := _differs(_failed(name, zone), Policy.REJECT):
            return wrong(f"list.fujiba.net is let through now, and not alone. {fault}")
    for name in ("list.fujiba.net", "fujiba.net"):
        record = _failed(name, zone).record
        if record is None or REPORTS not in record.rua:
            there = ", ".join(record.rua) if record is not None and record.rua else "nobody"
            return wrong(f"The policies are right, but what fails at {name} is reported to {quoted(there)}.")
    return right(
        "Mail from list.fujiba.net is only reported; for every other name receivers refuse as before."
    )


# ------------------------------------------------------- two kinds of receiver


def _both_kinds(answer: Any) -> Feedback:
    zone = _with_text(answer)
    if zone is None:
        return wrong(f"{quoted(answer)} {NO_RECORD}")
    kinds: tuple[tuple[Rules, str], ...] = (("rfc9989", "RFC 9989"), ("rfc7489", "RFC 7489"))
    faults = []
    for rules, name in kinds:
        check = _failed("fujiba.net", zone, rules)
        if check.result != Result.FAIL:
            return wrong(f"Receivers that follow {name} don't apply it: {check.reason}")
        if check.published != Policy.REJECT:
            return wrong(f"The record says p={check.published}, where reject is to be seen as the goal.")
        if check.disposition != Policy.QUARANTINE:
            asked = check.steps[-1].followed.partition(":")[0].rstrip(".")
            faults.append(f"Receivers that follow {name} read: {asked}.")
    if faults:
        return wrong(" ".join(faults))
    return right("p=reject is announced, and both kinds of receiver are asked for quarantine.")


EXERCISES = {
    "05-three-answers": Exercise(
        _three_answers,
        "There is one tag for the domain itself, one for what exists below it, one for the rest.",
    ),
    "05-own-record": Exercise(
        _own_record,
        "A record holds for the name it stands at, and takes nothing over from the record above. Which name "
        "asks for another policy, and what else does its record have to say?",
    ),
    "05-both-kinds": Exercise(
        _both_kinds,
        "No single tag is read by both. Each RFC has one for trying a policy out, and skips the other's.",
    ),
}
