"""The judges of lesson 14: they hold the answer against the mailbox, say what is wrong, and keep the rest."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest
from tests.conftest import ROOT
from tests.judging import is_told

import helpers as h

NAMES = ("14-gmx", "14-spf", "14-rows")
ORCHARD = ROOT / "data" / "mailboxes" / "orchard.mbox.gz"


@pytest.fixture(scope="module")
def box() -> pd.DataFrame:
    return h.analyze_mailbox(ORCHARD)


def first_at_gmx(box: pd.DataFrame) -> pd.Timestamp:
    at_gmx = box["receiver"].str.startswith("GMX", na=False) & (box["blamed"] == "dmarc")
    return box.loc[at_gmx, "date"].min()


def test_the_day_in_whatever_form(box: pd.DataFrame) -> None:
    first = first_at_gmx(box)
    for answer in (first, first.date(), str(first.date()), f" {first.isoformat()} "):
        assert h.check_answer("14-gmx", answer).right
    assert "already" in h.check_answer("14-gmx", date(2026, 6, 30)).said
    assert "by then" in h.check_answer("14-gmx", "2026-04-14").said


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 ip4:203.0.113.25 ip4:203.0.113.77 -all",
        "v=spf1 a:shop.orchard.example ip4:203.0.113.25 ~all",
        "v=spf1 ip4:203.0.113.0/25 -all",
    ],
)
def test_every_record_that_does_the_job_is_right(record: str) -> None:
    assert h.check_answer("14-spf", record).right


def test_the_rows_of_the_office(box: pd.DataFrame) -> None:
    rows = box[(box["mail_from_domain"] == "gmail.com") & box["blamed"].notna()]["message"]
    for answer in (rows, list(rows), set(rows), rows.to_numpy(), tuple(reversed(list(rows)))):
        assert h.check_answer("14-rows", answer).right
    assert "not about authentication" in h.check_answer("14-rows", box["message"]).said
    assert "not about authentication" in h.check_answer(
        "14-rows", box[box["mail_from_domain"] == "gmail.com"]["message"]
    ).said  # fmt: skip
    assert "another way" in h.check_answer("14-rows", box[box["blamed"].notna()]["message"]).said
    only_dmarc = box[box["blamed"] == "dmarc"]["message"]
    assert "Yahoo" in h.check_answer("14-rows", only_dmarc).said


@pytest.mark.parametrize(
    ("exercise", "answer", "words"),
    [
        ("14-gmx", "in May", "is no day"),
        ("14-gmx", "1999-01-01", "no bounce came then"),
        ("14-spf", "v=spf1 ip4:203.0.113.77 -all", "the old server"),
        ("14-spf", "v=spf1 ip4:203.0.113.25 -all", "the new server"),
        ("14-spf", "v=spf1 +all", "so does a stranger"),
        ("14-spf", "v=spf1 ip4:203.0.113.25 ip4:203.0.113.777 -all", "permerror"),
        ("14-spf", ["v=spf1 -all"], "one SPF record"),
        ("14-rows", [], "are missing"),
        ("14-rows", [10**9], "no row with the message"),
        ("14-rows", "all", "column `message`"),
    ],
)
def test_wrong_answers_are_told_what_they_do(exercise: str, answer: Any, words: str) -> None:
    is_told(exercise, answer, words)


ODD = [
    None,
    7,
    1.5,
    "",
    "\x1b[2J",
    b"x",
    {},
    object(),
    [object()],
    [1.5],
    float("nan"),
    range(10**9),
    "x" * 10**6,
]


@pytest.mark.parametrize("exercise", NAMES)
@pytest.mark.parametrize("answer", ODD, ids=lambda one: type(one).__name__)
def test_nothing_raises(exercise: str, answer: Any) -> None:
    feedback = h.check_answer(exercise, answer)
    assert not feedback.right
    assert "\x1b" not in feedback.said
    assert len(feedback.said) < 1000
