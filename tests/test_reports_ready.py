"""What a domain's reports say about p=reject: never yes, and not yet until everything is answered for."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Any

import pytest
from tests.report_texts import DATA

import helpers as h
from helpers.reports import AggregateReport, DkimFound, Override, Record, Reports, SpfFound
from helpers.reports import ready_for_reject as ready

GMAIL = "gmail.com"
FORGERS = "198.51.100.200/30"
FORM = "198.51.100.90"


@pytest.fixture(scope="module")
def all_reports() -> Reports:
    return h.read_reports(DATA / "fujiba")


@pytest.fixture(scope="module")
def june(all_reports: Reports) -> Reports:
    return all_reports.between("2025-06-04", "2025-07-07")


def test_before_the_fix_the_owners_own_mail_speaks_against_it(all_reports: Reports) -> None:
    found = ready(all_reports.between("2025-04-07", "2025-05-12"), own=[GMAIL])
    assert found.answer == "no"
    assert len(found.against) == 1
    assert found.against[0].startswith("gmail.com is yours, and 181 of its 181 messages are not aligned")
    assert found.would_fail == 181
    assert (found.messages, found.aligned, found.policy) == (360, 0, "reject")


def test_without_the_owner_nobody_knows_whose_it_is(all_reports: Reports) -> None:
    found = ready(all_reports.between("2025-04-07", "2025-05-12"))
    assert found.answer == "not yet"
    assert found.against == ()
    assert [one.name for one in found.undecided[:3]] == [GMAIL, "198.51.100.200", FORM]
    assert any(
        "gmail.com: 181 messages not aligned (authenticated as somebody else)" in why for why in found.missing
    )
    assert any("174 messages authenticated as nobody" in why for why in found.missing)


def test_a_forgotten_server_is_the_owners_to_name(all_reports: Reports) -> None:
    found = ready(all_reports.between("2025-05-12", "2025-06-04"), own=[FORM], not_own=[FORGERS, GMAIL])
    assert found.answer == "no"
    assert found.against[0].startswith("198.51.100.90 is yours, and 12 of its 12 messages")
    assert any("reports on 23 days; it takes 30" in why for why in found.missing)


def test_after_the_fix_nothing_speaks_against_it_once_the_forgers_are_named(june: Reports) -> None:
    before = ready(june)
    assert before.answer == "not yet"
    assert all(one.name.startswith("198.51.100.20") for one in before.undecided)
    after = ready(june, not_own=[one.name for one in before.undecided])
    assert after == ready(june, not_own=[FORGERS])
    assert (after.answer, after.against, after.missing) == ("nothing against it", (), ())
    assert (after.first, after.last, after.days) == (date(2025, 6, 4), date(2025, 7, 6), 33)
    assert after.reporters == ("737flight.example", "receiver.example")
    assert [one.label for one in after.forwarded] == ["lists.example.org"]
    assert any("10 messages were forwarded or went through lists" in why for why in after.cautions)


def test_a_sender_that_no_report_has_seen_is_missing(june: Reports) -> None:
    found = ready(june, own=["mailgun.org"], not_own=[FORGERS])
    assert found.answer == "not yet"
    assert found.missing == (
        "mailgun.org is yours, and no report has seen mail from it: nothing is known about it.",
    )


def test_fewer_days_may_be_enough_and_more_may_be_wanted(june: Reports) -> None:
    week = june.between("2025-06-09", "2025-06-16")
    assert ready(week, not_own=[FORGERS], days=7).answer == "nothing against it"
    assert ready(june, not_own=[FORGERS], days=90).answer == "not yet"


# ------------------------------------------------------------------- made for the purpose

BY_BOTH = Record(
    "192.0.2.1", 10, "none", True, True, "example.com", dkim=(DkimFound("example.com", "pass", "s"),),
    spf=(SpfFound("example.com", "pass"),),
)  # fmt: skip
BY_SPF = Record("192.0.2.2", 5, "none", False, True, "example.com", spf=(SpfFound("m.example.com", "pass"),))
STRICT = Record("192.0.2.3", 4, "none", False, False, "example.com", spf=(SpfFound("m.example.com", "pass"),))
LIST = Record(
    "192.0.2.4", 2, "none", False, False, "example.com", dkim=(DkimFound("example.com", "fail", "s"),),
    spf=(SpfFound("lists.example.net", "pass"),), reasons=(Override("mailing_list"),),
)  # fmt: skip


def month(*records: Record, **fields: Any) -> Reports:
    """Thirty days of the same."""
    return Reports(tuple(
        dataclasses.replace(
            AggregateReport(
                "receiver.example", f"{day}", _day(day), _day(day, 23), "example.com", "none", records=records
            ),
            **fields,
        )
        for day in range(1, 31)
    ))  # fmt: skip


def _day(day: int, hour: int = 0) -> Any:
    from datetime import UTC, datetime

    return datetime(2026, 6, day, hour, tzinfo=UTC)


def test_spf_alone_is_not_enough() -> None:
    alone, beside = ready(month(BY_SPF)), ready(month(BY_BOTH, BY_SPF))
    assert alone.answer == beside.answer == "no"
    assert "150 of 150 aligned messages of m.example.com pass by SPF alone" in alone.against[0]
    assert "150 of 450 aligned messages of example.com pass by SPF alone" in beside.against[0]
    now_and_then = dataclasses.replace(BY_BOTH, dkim_aligned=False, count=1)
    assert ready(month(dataclasses.replace(BY_BOTH, count=30), now_and_then)).answer == "nothing against it"


def test_own_mail_may_fail_by_strict_alignment_alone() -> None:
    found = ready(month(BY_BOTH, STRICT))
    assert found.answer == "not yet"
    assert found.undecided[0].kind == "own domain, not aligned"


def test_lists_and_broken_signatures_are_told_apart() -> None:
    listed = ready(month(BY_BOTH, LIST))
    assert listed.answer == "nothing against it"
    assert listed.forwarded[0].kind == "forwarded, says the receiver"
    unsaid = ready(month(BY_BOTH, dataclasses.replace(LIST, reasons=())))
    assert unsaid.answer == "not yet"
    assert unsaid.undecided[0].kind == "own signature broken"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "The policy is p=none: p=quarantine comes first"),
        ({}, "All reports are by receiver.example"),
        ({"testing": "y", "p": "reject"}, "The record has t=y"),
    ],
)
def test_cautions_name_what_reports_cannot_show(fields: dict[str, Any], words: str) -> None:
    assert any(words in why for why in ready(month(BY_BOTH, **fields)).cautions)


def test_files_that_were_not_read_are_a_caution() -> None:
    read = h.read_reports(DATA)
    found = ready(dataclasses.replace(read, unreadable=read.unreadable))
    assert any(
        "Files that could not be read, and may hold what is missing: 8." in why for why in found.cautions
    )


def test_days_are_counted_once_and_gaps_are_told() -> None:
    few = Reports(tuple(report for number, report in enumerate(month(BY_BOTH)) if number % 2))
    found = ready(few, days=15)
    assert found.days == 15
    assert found.missing == ("On 14 of 29 days there is no report: some may be missing.",)
    weekly = AggregateReport(
        "receiver.example", "w", _day(1), _day(8), "example.com", "none", records=(BY_BOTH,)
    )
    assert ready(Reports((weekly,)), days=7).days == 7


def test_nothing_at_all_is_not_yet() -> None:
    silent = ready(month())
    assert silent.answer == "not yet"
    assert "None of your own mail is in the reports." in silent.missing


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"domain": "example.org"}, ValueError, "there is no report on 'example.org'"),
        ({"days": 0}, ValueError, "days has to be 1 or more"),
        ({"own": [5]}, TypeError, "own takes names of senders"),
        ({"own": [GMAIL], "not_own": ["192.0.2.41", GMAIL]}, ValueError, "called both own and not own"),
    ],
)
def test_misuse_is_an_error(
    all_reports: Reports, arguments: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        ready(all_reports, **arguments)


def test_misuse_of_what_is_asked() -> None:
    with pytest.raises(TypeError, match="takes what read_reports gave"):
        ready([])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="say which domain: the reports are on none"):
        ready(Reports())
    two = Reports((*month(BY_BOTH), *month(BY_BOTH, domain="example.net")))
    with pytest.raises(ValueError, match=r"say which domain: the reports are on example\.com, example\.net"):
        ready(two)
    assert ready(two, domain="Example.NET.").messages == 300
