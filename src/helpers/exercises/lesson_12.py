"""Exercises of lesson 12, on reports: a record is held against DMARC, senders and days against reports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from helpers.dmarc import evaluate_dmarc
from helpers.exercises import Exercise, Feedback, quoted, right, wrong
from helpers.exercises.answers import day_of
from helpers.lookup import sample_zone
from helpers.reports import Record, Reports, Sender, read_reports, ready_for_reject, senders
from helpers.terms import DmarcCheck

FOLDER = Path(__file__).resolve().parents[3] / "data" / "reports" / "fujiba"
FORGERS = "198.51.100.200/30"
FIRST, LAST = "2025-05-12", "2025-06-04"  # the weeks of the second exercise
OWN = ("gmail.com", "198.51.100.90")  # the phone, and the web form
DAYS = 30
LONGEST = 100_000  # characters of an answer that are read
AROUND = (
    "<feedback><report_metadata><org_name>you</org_name><report_id>1</report_id><date_range><begin>0</begin>"
    "<end>86399</end></date_range></report_metadata><policy_published><domain>fujiba.net</domain><p>reject</p>"
    "</policy_published>{}</feedback>"
)


@cache
def _reports() -> Reports:
    return read_reports(FOLDER)


# -------------------------------------------------------------------------- a record


def _record(answer: Any) -> Feedback:
    if not isinstance(answer, str) or "<record" not in answer:
        return wrong("The answer is one record, as text: it begins with <record> and ends with </record>.")
    record = _read(answer[:LONGEST])
    if isinstance(record, str):
        return wrong(record)
    check = _evaluated(record)
    for method, said in (("spf", record.spf_aligned), ("dkim", record.dkim_aligned)):
        true = check.spf_aligned if method == "spf" else check.dkim_aligned
        if said != true:
            return wrong(_contradiction(method, record, said=said))
    if not record.aligned:
        return wrong(f"It is consistent, and DMARC fails in it: {record.in_words}.")
    if record.dkim_aligned:
        return wrong(f"DMARC passes in it, but not by SPF alone: {record.in_words}.")
    if record.disposition in ("reject", "quarantine"):
        return wrong(
            f"DMARC passes, so there is nothing to do about the mail; you write {record.disposition}."
        )
    return right(f"{record.in_words[0].upper()}{record.in_words[1:]}, with one leg to stand on.")


def _read(answer: str) -> Record | str:
    """The one record in an answer, or what is wrong with it."""
    read = read_reports(AROUND.format(answer[answer.index("<record") :]))
    if read.unreadable:
        return read.unreadable[0].why
    report = read.reports[0]
    if len(report.records) == 1 and not report.notes:
        return report.records[0]
    if len(report.records) > 1:
        return f"These are {len(report.records)} records; one is enough."
    return " ".join(report.notes) or "There is no record in it."


def _evaluated(record: Record) -> DmarcCheck:
    """DMARC of what the record says that SPF and DKIM said."""
    spf = record.spf[0] if record.spf else None
    return evaluate_dmarc(
        author_domain=record.header_from or None,
        spf=(spf.domain, spf.result) if spf is not None else None,
        dkim=[(one.domain, one.result) for one in record.dkim],
        dns=sample_zone("fujiba-fixed"),
    )


def _contradiction(method: str, record: Record, *, said: bool) -> str:
    found = [(one.result, one.domain) for one in (record.spf if method == "spf" else record.dkim)]
    raw = ", ".join(f"{result} for {domain}" for result, domain in found) or "nothing"
    word = "pass" if said else "fail"
    if not any(result == "pass" for result, _ in found):
        return (
            f"Under policy_evaluated it says {method}={word}, and under auth_results {raw}: nothing passed."
        )
    return (
        f"Under policy_evaluated it says {method}={word}, and under auth_results {raw}."
        f" Compare the domain with {quoted(record.header_from)}: does it align?"
    )


# ------------------------------------------------------------------------- whose it is

_SIDES = {"own": True, "mine": True, "not own": False, "not mine": False, "foreign": False}


def _whose(answer: Any) -> Feedback:
    if not isinstance(answer, Mapping):
        return wrong('The answer is a dict: {"198.51.100.90": "own" or "not own", …}, one entry a sender.')
    undecided = ready_for_reject(_reports().between(FIRST, LAST)).undecided
    names = {one.name: one for one in undecided}
    for name, side in answer.items():
        if name not in names:
            return wrong(f"{quoted(name)} is none of the undecided senders: {', '.join(names)}.")
        if _SIDES.get(str(side).strip().lower()) is None:
            return wrong(f"For {name} you say {quoted(side)}; say “own” or “not own”.")
    for one in undecided:
        if one.name in answer and _SIDES[str(answer[one.name]).strip().lower()] != (one.name in OWN):
            return wrong(_evidence(one))
    left = [name for name in names if name not in answer]
    if left:
        return wrong(f"So far so good. Not answered yet: {', '.join(left)}.")
    return right("Two are the owner's, forgotten ones both; the others never authenticated as anybody.")


def _evidence(sender: Sender) -> str:
    """What the reports have on one sender, from which an owner knows it; not the answer."""
    whole = _reports()
    found = [
        (report, record)
        for report, record in whole.rows()
        if record.source_ip in sender.addresses or set(record.authenticated_as) & set(sender.authenticated_as)
    ]
    days = sorted({report.middle.date() for report, _ in found if report.middle is not None})
    spf = sorted({f"{one.result} for {one.domain}" for _, record in found for one in record.spf})
    total = sum(record.count for _, record in found)
    end = max(report.middle.date() for report in whole if report.middle is not None)
    stopped = (end - days[-1]).days > DAYS
    ask = (
        "What was changed then, and whose host name is that?"
        if stopped
        else "Whose name is that, and who uses it?"
    )
    return (
        f"Look again at {sender.label}: {total:,} messages on {len(days)} days from {days[0]} to {days[-1]},"
        f" and SPF said {', '.join(spf)}. {ask}"
    )


# ----------------------------------------------------------------------------- since when


def _when(answer: Any) -> Feedback:
    day = day_of(answer)
    if day is None:
        return wrong('The answer is a day, as text: "2025-06-15".')
    found = _month_from(day)
    if isinstance(found, Feedback):
        return found
    if not isinstance(_month_from(day - timedelta(days=1)), Feedback):
        return wrong(f"The {DAYS} days from {day} on are clean. So are those from a day earlier: go back.")
    return right(f"From {day} on, {found} messages in {DAYS} days, and not one of the owner's own fails.")


def _month_from(day: date) -> int | Feedback:
    """How many messages the month that begins on a day is about, or what speaks against it."""
    try:
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        month = _reports().between(start, start + timedelta(days=DAYS))
        if not month.reports:
            return wrong(f"There are no reports on the {DAYS} days from {day} on.")
        found = ready_for_reject(month, own=(), not_own=[FORGERS])
    except (ValueError, OverflowError):
        return wrong(f"There are no reports on the {DAYS} days from {day} on.")
    for one in senders(month):
        if one.name in OWN and one.not_aligned:
            last = one.last.date() if one.last is not None else "an unknown day"
            return wrong(
                f"In the {DAYS} days from {day} on, {one.label} still sends mail that does not align:"
                f" {one.not_aligned:,} of {one.messages:,}, the last on {last}."
            )
    return wrong(" ".join(found.missing)) if found.missing else found.messages


EXERCISES = {
    "12-record": Exercise(
        _record,
        "Two places have to fit each other: what SPF said, for which domain (auth_results), and whether that"
        " domain aligns with header_from (policy_evaluated).",
    ),
    "12-whose": Exercise(
        _whose,
        "Ask three things of each sender: as whom did it authenticate, which MAIL FROM did it use, and when"
        " did it stop? Forgers use your name; your own servers use theirs.",
    ),
    "12-when": Exercise(
        _when,
        "The figure of the senders has it: in which week does the last mark of gmail.com stand? The month"
        " begins after that message.",
    ),
}
