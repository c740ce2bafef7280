"""Exercises of lesson 14, on many bounces: each answer is held against the sample mailbox, read again."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from helpers.exercises import Exercise, Feedback, quoted, right, wrong
from helpers.exercises.answers import day_of
from helpers.lookup import Zone
from helpers.mailbox import MailboxRow, read_mailbox
from helpers.spf import check_spf
from helpers.terms import Result

FOLDER = Path(__file__).resolve().parents[3] / "data" / "mailboxes"
OLD_SERVER, NEW_SERVER, STRANGER = "203.0.113.25", "203.0.113.77", "198.51.100.7"


@cache
def _rows() -> tuple[MailboxRow, ...]:
    return tuple(read_mailbox(FOLDER / "orchard.mbox.gz", progress=False))


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


# ------------------------------------------------------------------------- GMX


def _gmx(answer: Any) -> Feedback:
    day = day_of(answer)
    if day is None:
        return wrong(f"{quoted(answer)} is no day; the answer is one, such as 2026-04-14 in quotation marks.")
    days = sorted(
        row.date.date()
        for row in _rows()
        if row.date and row.blamed == "dmarc" and (row.receiver or "").startswith("GMX")
    )
    before = sum(one < day for one in days)
    if before:
        return wrong(f"Before {day} GMX refused {_counted(before, 'mail')} because of the policy already.")
    if day not in days:
        late = sum(row.date is not None and row.date.date() == day for row in _rows())
        there = (
            f"on that day came {_counted(late, 'bounce')}, none of them such"
            if late
            else "no bounce came then"
        )
        return wrong(f"GMX had not refused anything because of the policy by then: {there}.")
    return right(
        f"From {day} on, weeks after the others: who receives decides since when it follows a policy."
    )


# ------------------------------------------------------------------------- SPF


def _spf(answer: Any) -> Feedback:
    if not isinstance(answer, str):
        return wrong("The answer is one SPF record, as text that begins with v=spf1.")
    zone = Zone.from_file(FOLDER / "orchard.zone").with_records("orchard.example", "TXT", [answer])
    for what, ip in (("the old server", OLD_SERVER), ("the new server", NEW_SERVER)):
        check = check_spf(
            client_ip=ip, mail_from="orders@orchard.example", helo="shop.orchard.example", dns=zone
        )
        if check.result != Result.PASS:
            return wrong(f"Mail from {what}, {ip}, ends in spf={check.result}. {check.reason}")
    check = check_spf(client_ip=STRANGER, mail_from="orders@orchard.example", helo="forger.example", dns=zone)
    if check.result == Result.PASS:
        return wrong(f"Both servers pass, and so does a stranger at {STRANGER}, by {check.matched}.")
    return right(f"Both servers pass during the move, and a stranger ends in spf={check.result}.")


# ------------------------------------------------------------------------ rows


def _office(answer: Any) -> Feedback:
    numbers = _numbers(answer)
    if numbers is None:
        return wrong("The answer is the column `message` of some rows, or a list of such numbers.")
    by_number = {row.message: row for row in _rows()}
    if strange := [number for number in numbers if number not in by_number]:
        return wrong(f"There is no row with the message {strange[0]}: not every message is a bounce.")
    picked = [by_number[number] for number in sorted(numbers)]
    if others := [row for row in picked if row.blamed is None]:
        return wrong(
            f"{_counted(len(others), 'row')} of yours are not about authentication, such as message "
            f"{others[0].message}: {others[0].meaning}"
        )
    if others := [row for row in picked if row.mail_from_domain != "gmail.com"]:
        return wrong(
            f"{_counted(len(others), 'row')} of yours came another way, such as message {others[0].message}: "
            f"its MAIL FROM is at {others[0].mail_from_domain}."
        )
    missing = [row for row in _rows() if _is_office(row) and row.message not in numbers]
    if missing:
        return wrong(
            f"{_counted(len(missing), 'row')} are missing, such as message {missing[0].message}, refused by "
            f"{missing[0].receiver} with the words “{missing[0].text}”"
        )
    return right(f"All {len(picked)} of them: one sending service that aligns would end every one.")


def _is_office(row: MailboxRow) -> bool:
    return row.blamed is not None and row.mail_from_domain == "gmail.com"


def _numbers(answer: Any) -> set[int] | None:
    """Whole numbers from a list, a set or a column; pandas' and numpy's are none of Python's own."""
    if isinstance(answer, str | bytes) or not isinstance(answer, Iterable):
        return None
    found = set()
    for position, one in enumerate(answer):
        if position > 10_000 or not hasattr(one, "__index__"):
            return None
        found.add(one.__index__())
    return found


EXERCISES = {
    "14-gmx": Exercise(
        _gmx, "Keep the rows whose receiver begins with GMX and that blame dmarc, and ask for the least date."
    ),
    "14-spf": Exercise(
        _spf, "A record may list more than one address: a mechanism for each, and `-all` at the end."
    ),
    "14-rows": Exercise(
        _office,
        "Two columns are needed: one says by which way a mail went out, the other whether the refusal blames "
        "authentication at all, in whatever words.",
    ),
}
