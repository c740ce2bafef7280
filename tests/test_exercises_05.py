"""The judges of lesson 05: they ask what a record asks of receivers, and say where it is something else."""

from __future__ import annotations

from typing import Any

import pytest
from tests.judging import is_right, is_told

import helpers as h

LIST, TOP = "_dmarc.list.fujiba.net", "_dmarc.fujiba.net"
REPORTS = "rua=mailto:dmarc@fujiba.net"


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("05-three-answers", "v=DMARC1; p=quarantine; sp=none; np=reject"),
        ("05-three-answers", " V = DMARC1 ; np=reject; sp=none; p=quarantine; rua=mailto:a@fujiba.net"),
        ("05-own-record", {LIST: f"v=DMARC1; p=none; {REPORTS}"}),
        ("05-own-record", {f"{LIST.upper()}.": f"v=DMARC1; p=none; {REPORTS}; adkim=s"}),
        ("05-own-record", {LIST: f"v=DMARC1; p=quarantine; t=y; {REPORTS},mailto:list@fujiba.net"}),
        ("05-own-record", {LIST: f"v=DMARC1; {REPORTS}"}),  # no p, but reports: as p=none (RFC 9989 §4.10.1)
        ("05-both-kinds", "v=DMARC1; p=reject; t=y; pct=0"),
        ("05-both-kinds", f"v=DMARC1; p=reject; pct=0; {REPORTS}; t=y"),
    ],
)
def test_whatever_does_the_job_is_right(exercise: str, answer: Any) -> None:
    is_right(exercise, answer)


@pytest.mark.parametrize(
    ("exercise", "answer", "words"),
    [
        (
            "05-three-answers",
            "v=DMARC1; p=quarantine",
            "For mail from news.fujiba.net, an existing subdomain, receivers are asked for quarantine",
        ),
        (
            "05-three-answers",
            "v=DMARC1; p=quarantine; sp=none",
            "a name that nobody made, receivers are asked for nothing",
        ),
        (
            "05-three-answers",
            "v=DMARC1; p=reject; sp=none",
            "the domain itself, receivers are asked for reject",
        ),
        ("05-three-answers", "v=DMARC1; p=quarantine; sp=none; np=refuse", "DMARC does not apply at all"),
        ("05-three-answers", "v=DMARC1; sp=none; np=reject", "DMARC does not apply at all"),
        ("05-three-answers", "p=quarantine; v=DMARC1; sp=none; np=reject", "is not a DMARC record"),
        ("05-three-answers", "v=dmarc1; p=quarantine", "is not a DMARC record"),
        ("05-three-answers", 7, "is not a DMARC record"),
        ("05-own-record", {TOP: f"v=DMARC1; p=reject; sp=none; {REPORTS}"}, "not alone. For mail from news"),
        ("05-own-record", {TOP: f"v=DMARC1; p=none; {REPORTS}"}, "not alone. For mail from fujiba.net"),
        ("05-own-record", {LIST: "v=DMARC1; p=none"}, "fails at list.fujiba.net is reported to “nobody”"),
        (
            "05-own-record",
            {LIST: "v=DMARC1; p=none; rua=mailto:me@example.net"},
            "is reported to “mailto:me@example.net”",
        ),
        ("05-own-record", {LIST: f"v=DMARC1; p=quarantine; {REPORTS}"}, "receivers are asked for quarantine"),
        ("05-own-record", {LIST: "v=DMARC1; p=nothing"}, "DMARC does not apply at all"),
        ("05-own-record", {"list.fujiba.net": f"v=DMARC1; p=none; {REPORTS}"}, "are asked for reject"),
        (
            "05-own-record",
            {LIST: f"v=DMARC1; p=none; {REPORTS}", TOP: "v=DMARC1; p=reject"},
            "fails at fujiba.net is reported to “nobody”",
        ),
        ("05-own-record", "v=DMARC1; p=none", "is no record"),
        ("05-own-record", {"a b": "v=DMARC1"}, "is not a name and a text"),
        ("05-own-record", {LIST: 7}, "is not a name and a text"),
        ("05-both-kinds", "v=DMARC1; p=reject; t=y", "that follow RFC 7489 read: reject"),
        ("05-both-kinds", "v=DMARC1; p=reject; pct=0", "that follow RFC 9989 read: reject"),
        ("05-both-kinds", "v=DMARC1; p=reject; t=y; pct=25", "RFC 7489 read: reject for 25 of 100"),
        ("05-both-kinds", "v=DMARC1; p=quarantine", "says p=quarantine"),
        ("05-both-kinds", "v=DMARC1; t=y; p=reject; pct=0", "that follow RFC 7489 don't apply it"),
        ("05-both-kinds", "p=reject", "is not a DMARC record"),
    ],
)
def test_what_is_wrong_is_said_of_this_very_answer(exercise: str, answer: Any, words: str) -> None:
    is_told(exercise, answer, words)


def test_the_answers_are_not_given_away() -> None:
    for exercise, secrets in {
        "05-three-answers": ("np=", "sp="),
        "05-own-record": (LIST,),
        "05-both-kinds": ("t=y", "pct=0"),
    }.items():
        for answer in ("v=DMARC1; p=reject", {TOP: "v=DMARC1; p=reject"}, None):
            for _ in range(3):
                feedback = h.check_answer(exercise, answer)
                said = (feedback.said + feedback.hint).replace(str(answer), "")
                assert not [secret for secret in secrets if secret in said]


@pytest.mark.parametrize("exercise", ["05-three-answers", "05-own-record", "05-both-kinds"])
@pytest.mark.parametrize(
    "answer",
    [
        None,
        "",
        b"v=DMARC1; p=none",
        [],
        {},
        {"": ""},
        {None: None},
        {"x" * 5000: "y"},
        {LIST: "v=DMARC1;" * 9999},
        {"\ud800": "\ud800"},
        "v=DMARC1; " + "p=none;" * 9999,
        object(),
        float("nan"),
    ],
)
def test_nothing_raises_whatever_is_passed(exercise: str, answer: Any) -> None:
    feedback = h.check_answer(exercise, answer)
    assert not feedback.right
    assert len(feedback.said) < 500
