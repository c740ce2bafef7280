"""The judges of lesson 04: they verify real signatures with the answer, and say which part does not hold."""

from __future__ import annotations

from typing import Any

import pytest
from tests.judging import is_right, is_told

import helpers as h

KEYS = h.sample_zone("keys")
MISSING = "may2025._domainkey.signer.example"
RECORD = KEYS("2025._domainkey.signer.example", "TXT").values[0]
MAIL = (
    b"From: Fujiba Office <monthly@fujiba.net>\r\nTo: desk@737flight.example\r\n"
    b"Subject: Monthly  report,\r\n April 2025\r\nDate: Fri, 9 May 2025 10:00:00 +0900\r\n\r\n"
    b"The report  is ready. \r\n\r\n\r\n"
)
KEY = h.lab.lab_key("fujiba-2025")
SEALED = h.services.sign(MAIL, domain="fujiba.net", selector="2025", key=KEY)
PUBLISH, SWITCH, REMOVE = "publish 2025", "sign with 2025", "remove 2024"


def resigned(mail: bytes, domain: str = "fujiba.net") -> bytes:
    return h.services.sign(mail, domain=domain, selector="2025", key=KEY)


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("04-missing-key", KEYS.with_records(MISSING, "TXT", [RECORD])),
        ("04-missing-key", KEYS.with_records(MISSING, "CNAME", ["2025._domainkey.signer.example"])),
        ("04-missing-key", KEYS.with_records(MISSING, "TXT", [RECORD.replace("k=rsa; ", "")])),
        ("04-missing-key", {MISSING: RECORD}),
        ("04-missing-key", {f"{MISSING}.": [RECORD]}),
        ("04-unnoticed", b"Subject: Pay now\r\n" + SEALED),
        ("04-unnoticed", (b"Subject: Pay now\r\n" + SEALED).decode()),
        ("04-unnoticed", h.read_message(b"Subject: =?utf-8?q?Pay_now?=\r\n" + SEALED)),
        ("04-unnoticed", b"X-Note: 1\r\nSubject: Pay now\r\n" + SEALED.replace(b"\r\n", b"\n")),
        ("04-new-key", [PUBLISH, SWITCH, "wait", REMOVE]),
        ("04-new-key", [PUBLISH, "wait", SWITCH, "wait", "wait", REMOVE, "wait"]),
        ("04-new-key", (" Publish  2025", SWITCH.upper(), "wait", REMOVE)),
    ],
)
def test_whatever_does_the_job_is_right(exercise: str, answer: Any) -> None:
    is_right(exercise, answer)


@pytest.mark.parametrize(
    ("exercise", "answer", "words"),
    [
        ("04-missing-key", KEYS, "no name was added"),
        (
            "04-missing-key",
            KEYS.with_records("may2025.signer.example", "TXT", [RECORD]),
            "“may2025.signer.example”, and nobody asks for that",
        ),
        (
            "04-missing-key",
            {f"{MISSING}.signer.example": RECORD},
            f"“{MISSING}.signer.example”, and nobody asks for that",
        ),
        ("04-missing-key", {MISSING: "v=DKIM1; p="}, "the key was revoked"),
        ("04-missing-key", {MISSING: RECORD.rpartition("p=")[2]}, "can't be used"),
        ("04-missing-key", {MISSING: KEY.record}, "the signature does not fit the header"),
        ("04-missing-key", {MISSING: RECORD[:200]}, "can't be used"),
        (
            "04-missing-key",
            KEYS.with_records(MISSING, "TXT", [RECORD]).without("2025._domainkey.signer.example"),
            "mail signed with the selector 2025 does not",
        ),
        ("04-missing-key", RECORD, "is no zone"),
        ("04-missing-key", {7: 8}, "is no zone"),
        ("04-unnoticed", SEALED, "the same subject and the same text"),
        ("04-unnoticed", b"X-Note: hello\r\n" + SEALED, "the same subject and the same text"),
        ("04-unnoticed", SEALED.replace(b"is ready", b"is late"), "the body was changed on the way"),
        ("04-unnoticed", SEALED.replace(b"April", b"May"), "the signature does not fit the header"),
        ("04-unnoticed", MAIL, "no DKIM signature in it"),
        ("04-unnoticed", resigned(MAIL.replace(b"April", b"May")), "no key, only the signature"),
        ("04-unnoticed", resigned(MAIL, "evil.example"), "signed by “evil.example”"),
        ("04-unnoticed", b"Subject:\r\n" + SEALED, "is empty"),
        ("04-unnoticed", 7, "is no mail"),
        ("04-new-key", [SWITCH, PUBLISH, "wait", REMOVE], "After step 1, “sign with 2025”"),
        (
            "04-new-key",
            [PUBLISH, SWITCH, REMOVE],
            "After step 3, “remove 2024”, a mail that was signed with 2024",
        ),
        ("04-new-key", [PUBLISH, "wait", SWITCH, REMOVE], "signed with 2024"),
        ("04-new-key", [REMOVE, PUBLISH, SWITCH], "After step 1"),
        ("04-new-key", [PUBLISH, SWITCH, "wait"], "stays in DNS for good"),
        ("04-new-key", [PUBLISH, "wait"], "you still sign with 2024"),
        ("04-new-key", [], "you still sign with 2024"),
        ("04-new-key", ["pray"], "“pray” is none of the four"),
        ("04-new-key", [None], "“None” is none of the four"),
        ("04-new-key", "wait", "is a list of steps"),
        ("04-new-key", ["wait"] * 1000, "1000 steps"),
    ],
)
def test_what_is_wrong_is_said_of_this_very_answer(exercise: str, answer: Any, words: str) -> None:
    is_told(exercise, answer, words)


def test_the_answers_are_not_given_away() -> None:
    for answer in (KEYS, {"x.example": RECORD}, 7, None):
        for _ in range(3):
            feedback = h.check_answer("04-missing-key", answer)
            assert MISSING not in feedback.said + feedback.hint
            assert RECORD not in feedback.said + feedback.hint


@pytest.mark.parametrize("exercise", ["04-missing-key", "04-unnoticed", "04-new-key"])
@pytest.mark.parametrize(
    "answer",
    [None, "", b"", [], {}, object(), float("nan"), {"a..b": "x"}, {"x" * 5000: "y"}, ["\ud800"],
     b"\xff\0" * 999, {"ok.example": 7}, {"ok.example": [None]}, [[]], [{}], range(10**9),
     b"DKIM-Signature:" * 50],
)  # fmt: skip
def test_nothing_raises_whatever_is_passed(exercise: str, answer: Any) -> None:
    feedback = h.check_answer(exercise, answer)
    assert not feedback.right
    assert len(feedback.said) < 400
    assert "\x00" not in feedback.said
