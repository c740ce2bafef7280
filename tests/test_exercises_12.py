"""The judges of lesson 12: they hold a record against DMARC and names and days against the reports."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from tests.judging import is_right, is_told
from tests.report_texts import FORMS, OLD

import helpers as h

TEXT = (FORMS / f"{OLD}.xml").read_text(encoding="utf-8")
GIVEN = TEXT[TEXT.index("<record>") : TEXT.index("</record>")] + "</record>"
RIGHT = GIVEN.replace("gmail.com", "bounce.fujiba.net").replace("<spf>fail", "<spf>pass")
SIGNED = "<dkim><domain>fujiba.net</domain><selector>s</selector><result>pass</result></dkim>"


def other(old: str, new: str) -> str:
    """The right record with something else in it."""
    assert old in RIGHT
    return RIGHT.replace(old, new)


FORGERS = {f"198.51.100.{number}": "not own" for number in (200, 201, 202, 203)}
WHOSE = {**FORGERS, "198.51.100.90": "own", "gmail.com": "own"}


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("12-record", RIGHT),
        ("12-record", f"\n\n  {RIGHT}\n"),
        ("12-record", RIGHT.replace("bounce.fujiba.net", "FUJIBA.net").replace("pass", "Pass")),
        ("12-record", RIGHT.replace("<spf>\n", SIGNED.replace("pass", "fail") + "<spf>\n")),
        ("12-record", RIGHT.replace("<spf>\n", SIGNED.replace("fujiba.net", "example.com") + "<spf>\n")),
        ("12-record", RIGHT.replace(RIGHT[RIGHT.index("<reason>") : RIGHT.index("</policy_")], "")),
        ("12-record", RIGHT.replace("<disposition>none", "<disposition>pass")),
        ("12-record", RIGHT.replace("192.0.2.41", "2001:db8::1").replace(">40<", ">1<")),
        ("12-whose", WHOSE),
        ("12-whose", {name: {"own": " Mine", "not own": "NOT MINE"}[side] for name, side in WHOSE.items()}),
        ("12-when", "2025-06-04"),
        ("12-when", " 20250604 "),
        ("12-when", "2025-06-04 12:00"),
        ("12-when", date(2025, 6, 4)),
        ("12-when", datetime(2025, 6, 4, 12)),  # noqa: DTZ001 - as a reader writes it
    ],
)
def test_whatever_does_the_job_is_right(exercise: str, answer: Any) -> None:
    is_right(exercise, answer)


@pytest.mark.parametrize(
    ("exercise", "answer", "words"),
    [
        ("12-record", GIVEN, "It is consistent, and DMARC fails in it: SPF pass for gmail.com, not aligned"),
        ("12-record", GIVEN.replace("<spf>fail", "<spf>pass"), "spf=pass, and under auth_results pass for"),
        ("12-record", other("<spf>pass", "<spf>fail"), "spf=fail, and under auth_results pass for bounce."),
        ("12-record", other("<result>pass", "<result>softfail"), "softfail for bounce.fujiba.net: nothing"),
        ("12-record", other("<dkim>fail", "<dkim>pass"), "dkim=pass, and under auth_results nothing"),
        (
            "12-record",
            other("<dkim>fail", "<dkim>pass").replace("<spf>\n", SIGNED + "<spf>\n"),
            "DMARC passes in it, but not by SPF alone",
        ),
        ("12-record", other("<disposition>none", "<disposition>reject"), "nothing to do about the mail"),
        ("12-record", other("fujiba.net</header", "example.com</header"), "“example.com”: does it align?"),
        ("12-record", RIGHT * 2, "These are 2 records"),
        ("12-record", RIGHT.removesuffix("</record>"), "not well-formed"),
        ("12-record", RIGHT.replace(">40<", ">many<"), "does not say how many messages"),
        ("12-record", "<record/>", "it has no row"),
        ("12-record", "<!DOCTYPE f>" + RIGHT.replace("<row>", "<!DOCTYPE x><row>"), "document type"),
        ("12-record", "SPF passes", "it begins with <record>"),
        ("12-whose", {**WHOSE, "gmail.com": "not own"}, "Look again at gmail.com: 184 messages on"),
        ("12-whose", {**WHOSE, "198.51.100.90": "not own"}, "said none for web1.example.net. What was"),
        ("12-whose", {**WHOSE, "198.51.100.201": "own"}, "softfail for fujiba.net. Whose name is that"),
        ("12-whose", FORGERS, "So far so good. Not answered yet: 198.51.100.90, gmail.com."),
        ("12-whose", {"192.0.2.1": "own"}, "“192.0.2.1” is none of the undecided senders"),
        ("12-whose", {"gmail.com": "perhaps"}, "you say “perhaps”; say “own” or “not own”"),
        ("12-whose", ["gmail.com"], "The answer is a dict"),
        ("12-when", "2025-05-12", "198.51.100.90 still sends mail that does not align: 12 of 12"),
        ("12-when", "2025-06-03", "gmail.com still sends mail that does not align: 1 of 1, the last on"),
        ("12-when", "2025-06-05", "So are those from a day earlier"),
        ("12-when", "2025-06-25", "reports on 12 days; it takes 30"),
        ("12-when", "2031-01-01", "There are no reports on the 30 days from 2031-01-01 on"),
        ("12-when", "0001-01-01", "There are no reports"),
        ("12-when", "June", "The answer is a day, as text"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_of_this_very_answer(exercise: str, answer: Any, words: str) -> None:
    is_told(exercise, answer, words)


@pytest.mark.parametrize("exercise", ["12-record", "12-whose", "12-when"])
@pytest.mark.parametrize(
    "answer",
    [None, 5, "", b"x", [], {}, {1: 2}, object(), float("nan"), "<record>" * 50_000, "\x00<record>\x1b",
     {"gmail.com": []}, "9999-12-31", date.max, date.min, [[[]]]],
)  # fmt: skip
def test_nothing_that_a_reader_passes_raises(exercise: str, answer: Any) -> None:
    feedback = h.check_answer(exercise, answer)
    assert not feedback.right
    assert feedback.said
    assert "<img" not in feedback._repr_html_()


def test_no_feedback_gives_the_answer_away() -> None:
    said = [
        h.check_answer("12-when", day) for day in ("2025-05-20", "2025-06-20", "2025-06-05", "2025-06-03")
    ]
    assert all("2025-06-04" not in one.said + one.hint for one in said)
