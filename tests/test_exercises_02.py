"""The judges of lesson 02: they read the answer as mail, say what it does, and never give it away."""

from __future__ import annotations

from typing import Any

import pytest
from tests.judging import is_right, is_told

import helpers as h

NAMES = {
    "From": "customer.example",
    "MAIL FROM": "customer.example",
    "HELO": "so254-10.mailgun.net",
    "d=": "customer.example",
}
SUBJECT = "=?iso-2022-jp?B?GyRCTzs3biROTT1EahsoQg==?="
TOP = """\
Return-Path: <news@example.net>
Received: from host200.example.net (host200.example.net [198.51.100.200])
 by mx.receiver.example with ESMTP; Wed, 14 May 2025 04:12:09 +0900
"""
HONEST = "Authentication-Results: mx.receiver.example; dmarc=fail header.from=fujiba.net\n"
BELOW = "Received: from a.example.net ([192.0.2.1]) by b.example.net; Wed, 14 May 2025 04:12:01 +0900\n"
PLANTED = "Authentication-Results: mx.receiver.example; dmarc=pass header.from=fujiba.net\n"
END = "From: Fujiba Office <monthly@fujiba.net>\n\nPlease pay.\n"
FORGED = TOP + HONEST + BELOW + PLANTED + END


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("02-four-names", NAMES),
        ("02-four-names", {**NAMES, "MAIL FROM": "<anna@Customer.EXAMPLE>", "From": "anna@customer.example"}),
        ("02-four-names", {"author domain": "customer.example.", "return-path": "a@customer.example",
                           "EHLO": "so254-10.mailgun.net", "d": "customer.example"}),
        ("02-subject", SUBJECT),
        ("02-subject", " =?utf-8?b?5YWt5pyI44Gu5LqI5a6a?= "),
        ("02-subject", "=?utf-8?Q?=E5=85=AD=E6=9C=88?= =?utf-8?Q?=E3=81=AE=E4=BA=88=E5=AE=9A?="),
        ("02-planted", FORGED),
        ("02-planted", FORGED.encode()),
        ("02-planted", h.read_message(FORGED.encode())),
        ("02-planted", FORGED.replace("dmarc=fail", "dmarc=none")),
        ("02-planted", TOP + HONEST + BELOW + PLANTED.replace("mx.receiver", "mx.google") + END),
    ],
)  # fmt: skip
def test_whatever_does_the_job_is_right(exercise: str, answer: Any) -> None:
    is_right(exercise, answer)


@pytest.mark.parametrize(
    ("exercise", "answer", "words"),
    [
        ("02-four-names", "customer.example", "The answer is a dict"),
        ("02-four-names", {}, "From: a domain name is missing"),
        ("02-four-names", {**NAMES, "HELO": "mail.customer.example"},
         "3 of 4. HELO: mail.customer.example greeted mxa.mailgun.org"),
        ("02-four-names", {**NAMES, "HELO": "mx.google.com"}, "mx.google.com is a server that took the mail"),
        ("02-four-names", {**NAMES, "d=": "so254-10.mailgun.net"}, "under another of the four names"),
        ("02-four-names", {**NAMES, "d=": "google.com"}, "d=: not google.com."),
        ("02-four-names", {**NAMES, "Sender": "x.example"}, "“Sender” is none of the four"),
        ("02-four-names", {**NAMES, "d=": 7}, "a domain name is missing"),
        ("02-subject", 7, "as text"),
        ("02-subject", "六月の予定", "no single line of ASCII"),
        ("02-subject", "Plans for June", "No part of it is an encoded word"),
        ("02-subject", "Subject: " + SUBJECT, "Only the value"),
        ("02-subject", "=?utf-8?B?5YWt5pyI?=", "It reads “六月”"),
        ("02-subject", "=?utf-8?B?" + "A" * 200_000, "longer than any Subject"),
        ("02-planted", 7, "whole header, as text"),
        ("02-planted", FORGED.replace("monthly@fujiba", "monthly@example"), "author domain is example.net"),
        ("02-planted", END, "No Received field shows"),
        ("02-planted", TOP + HONEST + END, "plant one"),
        ("02-planted", TOP + PLANTED + END, "The kit believes the pass in header 3"),
        ("02-planted", TOP + BELOW + PLANTED + END, "the receiver's own, other verdict is missing"),
        ("02-planted", TOP + BELOW + HONEST + PLANTED + END, "the receiver's own, other verdict is missing"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_of_this_very_answer(exercise: str, answer: Any, words: str) -> None:
    is_told(exercise, answer, words)


@pytest.mark.parametrize("exercise", ["02-four-names", "02-subject", "02-planted"])
@pytest.mark.parametrize(
    "answer",
    [
        None,
        0,
        "",
        "\x00\x1b[31m\ud800",
        b"\xff" * 99,
        [],
        {},
        {None: None},
        object(),
        "a" * 500_000,
        {"d": "."},
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_nothing_that_is_passed_makes_a_judge_fail(exercise: str, answer: Any) -> None:
    feedback = h.check_answer(exercise, answer)
    assert not feedback.right
    assert len(feedback.said) < 400
    assert "\x1b" not in str(feedback)


def test_no_feedback_gives_the_answer_away() -> None:
    secrets = ("so254-10.mailgun.net", "5YWt5pyI44Gu5LqI5a6a", "GyRCTzs3biROTT1EahsoQg")
    for exercise, tries in (
        ("02-four-names", [{}, {"HELO": "x.example"}, {**NAMES, "HELO": "mx.google.com"}]),
        ("02-subject", ["a", "=?utf-8?B?5YWt?=", "六"]),
    ):
        for answer in tries:
            feedback = h.check_answer(exercise, answer)
            assert not any(secret in feedback.said + feedback.hint for secret in secrets)
