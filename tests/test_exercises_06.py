"""The judges of lesson 06: they evaluate the answer, say what is wrong with it, and never give it away."""

from __future__ import annotations

from typing import Any

import pytest
from tests.judging import is_right, is_told, new_session

import helpers as h

TEN = [
    ("fujiba.net", "gmail.com", "pass", None, "none", ""),
    ("fujiba.net", "gmail.com", "pass", "fujiba.net", "pass", ""),
    ("fujiba.net", "bounce.fujiba.net", "pass", None, "none", "aspf=s"),
    *[("fujiba.net", "gmail.com", "fail", None, "none", "")] * 7,
]
RIGHT = ["fail", "pass", "fail", *["fail"] * 7]


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("06-signer", "news.example.com"),
        ("06-signer", " News.Example.COM. "),
        ("06-ten-messages", list(zip(TEN, RIGHT, strict=True))),
        ("06-siblings", {"_dmarc.example.com": "v=DMARC1; p=reject"}),
        ("06-siblings", {"_dmarc.example.com": ["v=DMARC1; p=quarantine; sp=quarantine"]}),
        (
            "06-siblings",
            {"_dmarc.example.com": "v=DMARC1; p=reject", "_dmarc.shop.example.com": "v=DMARC1; p=none"},
        ),
    ],
)
def test_whatever_does_the_job_is_right(exercise: str, answer: Any) -> None:
    is_right(exercise, answer)


@pytest.mark.parametrize(
    ("exercise", "answer", "words"),
    [
        ("06-signer", "example.com", "passes, for example.com"),
        ("06-signer", "bounce.service.example", "passes, for bounce.service.example"),
        ("06-signer", "not a domain", "is not a domain name"),
        ("06-signer", 7, "is not a domain name"),
        ("06-ten-messages", list(zip(TEN, ["pass"] * 10, strict=True)), "1 of 10. 9 that you let pass fails"),
        (
            "06-ten-messages",
            list(zip(TEN, ["fail"] * 10, strict=True)),
            "9 of 10. 1 that you let fail passes",
        ),
        ("06-ten-messages", list(zip(TEN, ["yes"] * 10, strict=True)), "“yes” is neither"),
        ("06-ten-messages", list(zip(TEN[:3], RIGHT, strict=False)), "3 verdicts"),
        ("06-ten-messages", ["pass"] * 10, "list of pairs"),
        ("06-ten-messages", [("x", "pass")] * 10, "not as the lesson has it"),
        ("06-siblings", {"_dmarc.news.example.com": "v=DMARC1; p=reject"}, "dmarc=fail"),
        ("06-siblings", {"_dmarc.example.com": "v=DMARC1; p=none"}, "let through"),
        ("06-siblings", {"_dmarc.example.com": "p=reject"}, "dmarc=none"),
        ("06-siblings", {}, "dmarc=none"),
        ("06-siblings", {"_dmarc..com": "x"}, "no records"),
        ("06-siblings", "v=DMARC1; p=reject", "dict of records"),
    ],
)
def test_a_wrong_answer_is_told_what_it_does(exercise: str, answer: Any, words: str) -> None:
    is_told(exercise, answer, words)


@pytest.mark.parametrize("exercise", ["06-signer", "06-ten-messages", "06-siblings"])
def test_no_answer_is_no_try(exercise: str) -> None:
    new_session()
    assert h.check_answer(exercise, ...).hint == ""
    assert h.check_answer(exercise, None).hint == ""
    assert h.check_answer(exercise, None).hint


@pytest.mark.parametrize(
    "answer", [None, 1, "", "\x00", b"x", [], {}, {1: 2}, [None] * 10, "a." * 300, object()]
)
def test_a_judge_takes_anything(answer: Any) -> None:
    for exercise in ("06-signer", "06-ten-messages", "06-siblings"):
        assert not h.check_answer(exercise, answer).right


def test_no_feedback_gives_the_answer_away() -> None:
    for answer in ("example.com", "x", None):
        for _ in range(3):
            feedback = h.check_answer("06-signer", answer)
            assert "d=news.example.com" not in f"{feedback.said} {feedback.hint}"
