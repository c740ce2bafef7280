"""The judges of lesson 11: they evaluate the answer, say what is wrong with it, and never give it away."""

from __future__ import annotations

from typing import Any

import pytest
from tests.judging import is_right, is_told

import helpers as h

NAMES = ("11-unsigned", "11-srs", "11-list-policy")


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("11-unsigned", set()),
        ("11-unsigned", []),
        ("11-srs", "monthly+3@bounce.fujiba.net"),
        ("11-srs", " <monthly+3@BOUNCE.fujiba.net> "),
        ("11-list-policy", {"_dmarc.lists.fujiba.net": "v=DMARC1; p=none"}),
        ("11-list-policy", {"_dmarc.lists.fujiba.net": ["v=DMARC1; p=none; rua=mailto:dmarc@fujiba.net"]}),
    ],
)
def test_whatever_does_the_job_is_right(exercise: str, answer: Any) -> None:
    is_right(exercise, answer)


@pytest.mark.parametrize(
    ("exercise", "answer", "words"),
    [
        ("11-unsigned", {"forwarder"}, "spf=fail for fujiba.net, dmarc=fail"),
        ("11-unsigned", {"forwarder-srs"}, "spf=pass for mailgun.org, dmarc=fail"),
        ("11-unsigned", {"pigeon"}, "none of the three ways"),
        ("11-unsigned", "list", "is a set of ways"),
        ("11-srs", "x@mailgun.org", "goes first"),
        ("11-srs", "monthly+3@fujiba.net", "The domain is not fujiba.net"),
        ("11-srs", "monthly@bounce.fujiba.net", "before the @ is not monthly"),
        ("11-srs", "fujiba.net", "one e-mail address"),
        ("11-list-policy", {"_dmarc.fujiba.net": "v=DMARC1; p=none"}, "no longer refused"),
        (
            "11-list-policy",
            {"_dmarc.fujiba.net": "v=DMARC1; p=reject; sp=none"},
            "other.fujiba.net is no longer",
        ),
        (
            "11-list-policy",
            {"_dmarc.lists.fujiba.net": "v=DMARC1; p=quarantine"},
            "still asks for quarantine",
        ),
        ("11-list-policy", {"lists.fujiba.net": "v=DMARC1; p=none"}, "still asks for reject"),
        ("11-list-policy", {"_dmarc..net": "x"}, "no records"),
        ("11-list-policy", "v=DMARC1; p=none", "dict of records"),
    ],
)
def test_a_wrong_answer_is_told_what_it_does(exercise: str, answer: Any, words: str) -> None:
    is_told(exercise, answer, words)


@pytest.mark.parametrize("answer", [None, 1, "", "\x00", b"x", {1: 2}, [None], "a@" * 300, object()])
def test_a_judge_takes_anything(answer: Any) -> None:
    for exercise in NAMES:
        assert not h.check_answer(exercise, answer).right
