"""The judges of lesson 13: few lines, a service's records, a mail that nobody recognizes."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

import helpers as h

SAMPLES = Path(__file__).resolve().parent.parent / "data" / "sample_headers"
BOUNCE = (SAMPLES / "incident_bounce.eml").read_bytes()
ZONE = h.sample_zone("fujiba")
LONG = f"{'a' * 40}.{'b' * 40}.example"
RECORDS = {
    "rwmt1._domainkey.fujiba.net": "rwmt1.dkim.smtp.mailtrap.live",
    "rwmt2._domainkey.fujiba.net": "rwmt2.dkim.smtp.mailtrap.live",
}


def with_records(records: dict[str, str], zone: h.Zone = ZONE) -> h.Zone:
    for name, value in records.items():
        zone = zone.with_records(name, "CNAME", [value])
    return zone


@pytest.mark.parametrize(
    ("answer", "right", "said"),
    [
        ("Return-Path: <owner.example@gmail.com>\nFrom: monthly@fujiba.net", True, "gmail.com"),
        ("From: Monthly <x@fujiba.net>\r\n\r\nReturn-Path: <a@gmail.com>", False, "From these lines"),
        ("From: x@fujiba.net\nReturn-Path: <a@b.example>\n\n\n", True, "b.example"),
        ("From: x@fujiba.net", False, "From these lines"),
        ("From: x@fujiba.net\nReturn-Path: <x@fujiba.net>", False, "From these lines"),
        ("From: x@example.com\nReturn-Path: <a@gmail.com>", False, "example.com"),
        (f"From: x@{LONG}\nReturn-Path: <a@gmail.com>", False, f"mail from {LONG[:60]}…; the story's"),
        ("From: x@fujiba.net\nReturn-Path: <a@gmail.com>\nSubject: x", False, "Fewer are enough"),
        ("550 5.7.1 rejected due to fujiba.net's DMARC policy.", False, "a receiver's words"),
        (BOUNCE.decode(), False, "Fewer are enough"),
        ("", False, "The answer is text"),
        (None, False, "The answer is text"),
    ],
)
def test_few_lines(answer: Any, right: bool, said: str) -> None:
    feedback = h.check_answer("13-few-lines", answer)
    assert feedback.right is right
    assert said in feedback.said


@pytest.mark.parametrize(
    ("answer", "right", "said"),
    [
        (with_records(RECORDS), True, "2 records"),
        (with_records({name: f"{value}." for name, value in RECORDS.items()}), True, "2 records"),
        (ZONE, False, "rwmt1._domainkey.fujiba.net: missing"),
        (with_records(dict(list(RECORDS.items())[:1])), False, "rwmt2._domainkey.fujiba.net: missing"),
        (with_records(dict.fromkeys(RECORDS, "elsewhere.example")), False, "differs: elsewhere.example"),
        (with_records({f"{name}.fujiba.net": value for name, value in RECORDS.items()}), False, "missing"),
        (with_records(RECORDS, h.Zone.from_dict({})), False, "another one is gone"),
        (with_records(RECORDS).with_records("fujiba.net", "MX", []), False, "gone: MX fujiba.net"),
        (RECORDS, False, "The answer is a zone"),
    ],
)
def test_records(answer: Any, right: bool, said: str) -> None:
    feedback = h.check_answer("13-records", answer)
    assert feedback.right is right
    assert said in feedback.said


ENCODED = base64.b64encode(b"write to owner.example@gmail.com now, please")
TAKEN = BOUNCE.replace(b"owner.example", b"someone").replace(b"737flight", b"receiver")
TAKEN = TAKEN.replace(b"203.0.113.77", b"198.51.100.1")
BY_HAND = TAKEN.replace(b"fujiba.net", b"example.com")


@pytest.mark.parametrize(
    ("answer", "right", "said"),
    [
        (h.redact(BOUNCE).message, True, "Nobody can tell"),
        (h.read_message(h.redact(BOUNCE).message), True, "Nobody can tell"),
        (BY_HAND, True, "example.com"),
        (BOUNCE, False, "owner.example"),
        (TAKEN, False, "still read fujiba.net"),
        (BY_HAND + b"\n" + ENCODED + b"\n", False, "owner.example"),
        (BY_HAND + b"\nowner=2Eexample", False, "owner.example"),
        (BY_HAND + b"\nhttp://x.example/owner%2Eexample", False, "owner.example"),
        (b"From: a@example.com\n\nnothing", False, "nor is the cause"),
        ("", False, "The answer is a mail"),
        (5, False, "The answer is a mail"),
    ],
)
def test_redacted(answer: Any, right: bool, said: str) -> None:
    feedback = h.check_answer("13-redacted", answer)
    assert feedback.right is right
    assert said in feedback.said
