"""Exercises of lesson 03, on SPF: a record is judged by what it lets pass, and at what cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from helpers.exercises import Exercise, Feedback, right, wrong
from helpers.lookup import Zone, sample_zone
from helpers.spf import check_spf, parse_spf
from helpers.terms import Result, SpfCheck

LONGEST = 4_000  # characters of a record; DNS over UDP has long given up
ERRORS = (Result.PERMERROR, Result.TEMPERROR, Result.NONE)
MANY = tuple(f"203.0.113.{number}" for number in range(141, 152))  # the hosts of the third exercise
NEIGHBOURS = tuple(f"203.0.113.{n}" for n in range(256) if not 141 <= n <= 151)
STRANGERS = ("192.0.2.99", "198.51.100.5", "2001:db8::99")


def _record(answer: Any) -> str | Feedback:
    """The one record of an answer, or what is wrong with it before anything is evaluated."""
    if isinstance(answer, (list, tuple)) and len(answer) > 1:
        return wrong(
            f"These are {len(answer)} records, and a domain may have one: the others make it an error."
        )
    if isinstance(answer, (list, tuple)) and answer:
        answer = answer[0]
    if not isinstance(answer, str) or not answer.strip():
        return wrong('The answer is an SPF record, as text: "v=spf1 …".')
    text = " ".join(answer.split()).strip("\"'")
    if len(text) > LONGEST:
        return wrong(f"The record has {len(text):,} characters, which no DNS answer carries well.")
    problems = parse_spf(text).problems
    return wrong(problems[0]) if problems else text


def _asked(record: str, domain: str, zone: Zone, client_ip: str) -> SpfCheck:
    there = zone.with_records(domain, "TXT", [record])
    return check_spf(client_ip=client_ip, mail_from=f"office@{domain}", dns=there, now=0)


def _error(checks: Sequence[SpfCheck]) -> Feedback | None:
    """What is wrong with the record itself, whoever sends."""
    broken = next((check for check in checks if check.result in ERRORS), None)
    return wrong(f"For {broken.client_ip} it ends in {broken.result}: {broken.reason}") if broken else None


def _let_in(checks: Sequence[SpfCheck], who: str) -> Feedback | None:
    """A client that is let pass and should not be."""
    passed = [check for check in checks if check.result is Result.PASS]
    if not passed:
        return None
    more = f" ({len(passed):,} such)" if len(passed) > 1 else ""
    return wrong(f"{passed[0].client_ip}, {who}{more}, passes as well: {passed[0].reason}")


def _left_out(checks: Sequence[SpfCheck], who: str) -> Feedback | None:
    """A client that should pass and does not."""
    failed = [check for check in checks if check.result is not Result.PASS]
    if not failed:
        return None
    count = f" ({len(failed)} of {len(checks)} such)" if len(checks) > 1 else ""
    return wrong(
        f"Mail from {failed[0].client_ip}, {who}{count}, gets {failed[0].result}: {failed[0].reason}"
    )


# --------------------------------------------------------------------- no mail


def _no_mail(answer: Any) -> Feedback:
    record = _record(answer)
    if isinstance(record, Feedback):
        return record
    zone = Zone.from_dict({"quiet.example": {"A": ["192.0.2.99"], "MX": [(10, "quiet.example")]}})
    checks = [_asked(record, "quiet.example", zone, client) for client in (*STRANGERS, *MANY[:1])]
    if found := _error(checks) or _let_in(checks, "a host of the Internet"):
        return found
    lenient = next((check for check in checks if check.result is not Result.FAIL), None)
    if lenient is not None:
        return wrong(
            f"For {lenient.client_ip} it ends in {lenient.result}, not in fail: nobody may send here, so it "
            "can be said without a doubt."
        )
    cost = max(check.dns_mechanisms for check in checks)
    told = "asks DNS nothing more" if not cost else f"costs up to {cost} look-ups that it does not need"
    return right(f"Every client gets fail, and the record {told}.")


# ----------------------------------------------------------------- two records

OWN = "203.0.113.110"
SERVICE = ("198.51.100.71", "198.51.100.91")  # both ends of the service's network


def _two_records(answer: Any) -> Feedback:
    record = _record(answer)
    if isinstance(record, Feedback):
        return record
    zone, domain = sample_zone("spf-records"), "two-records.example"

    def ask(clients: Sequence[str]) -> list[SpfCheck]:
        return [_asked(record, domain, zone, client) for client in clients]

    own, service = ask((OWN,)), ask(SERVICE)
    strangers = ask((*STRANGERS, "203.0.113.109", "203.0.113.111", "198.51.100.63", "198.51.100.96"))
    found = (
        _error([*own, *service, *strangers])
        or _left_out(own, "the domain's own server")
        or _left_out(service, "the service")
        or _let_in(strangers, "a stranger")
    )
    if found:
        return found
    if not any("_spf.sending-service.example" in term.text.lower() for term in parse_spf(record).terms):
        return wrong(
            "Today it lets the right ones pass. But the service's addresses are written out, and only the "
            "service knows when they change: name its record instead."
        )
    return right("Both pass, strangers don't, and there is one record.")


# ----------------------------------------------------------------- ten look-ups


def _ten_look_ups(answer: Any) -> Feedback:
    record = _record(answer)
    if isinstance(record, Feedback):
        return record
    zone, domain = sample_zone("spf-records"), "many-lookups.example"
    checks = {client: _asked(record, domain, zone, client) for client in (*MANY, *NEIGHBOURS, *STRANGERS)}
    hosts = [checks[client] for client in MANY]
    others = [checks[client] for client in (*NEIGHBOURS, *STRANGERS)]
    found = (
        _left_out([check for check in hosts if check.result not in ERRORS], "one of the eleven")
        or _error([*hosts, *others])
        or _let_in(others, "which is none of the eleven")
    )
    if found:
        return found
    cost = max(check.dns_mechanisms for check in checks.values())
    return right(f"All eleven pass, nobody else does, and it costs {cost} of 10 look-ups.")


EXERCISES = {
    "03-no-mail": Exercise(
        _no_mail,
        "One mechanism matches every client, of either kind. Which sign in front of it says fail?",
    ),
    "03-two-records": Exercise(
        _two_records,
        "Take the terms of both records, one after the other, behind a single v=spf1. What always matches "
        "has to stand at the end, once.",
    ),
    "03-ten-look-ups": Exercise(
        _ten_look_ups,
        "Some mechanisms ask DNS nothing. How many includes have to go, and what do their records say?",
    ),
}
