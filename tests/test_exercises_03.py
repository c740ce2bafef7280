"""The judges of lesson 03: they evaluate the record, say what it does, and never give the answer away."""

from __future__ import annotations

from typing import Any

import pytest
from tests.judging import is_right, is_told

import helpers as h

SERVICE = "include:_spf.sending-service.example"
OWN = "ip4:203.0.113.110"
HOSTS = [f"ip4:203.0.113.{number}" for number in range(141, 152)]
INCLUDES = [f"include:s{number}.many-lookups.example" for number in range(1, 12)]


def spf(*terms: str) -> str:
    return " ".join(("v=spf1", *terms))


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("03-no-mail", "v=spf1 -all"),
        ("03-no-mail", ' "V=SPF1  -ALL" '),
        ("03-no-mail", spf("-ip4:0.0.0.0/0", "-ip6:::/0")),
        ("03-no-mail", ["v=spf1 -all"]),
        ("03-two-records", spf(OWN, SERVICE, "~all")),
        ("03-two-records", spf(SERVICE, OWN, "-all")),
        ("03-two-records", spf("a:mail.two-records.example", SERVICE, "?all")),
        ("03-two-records", spf(OWN, "redirect=_spf.sending-service.example")),
        ("03-ten-look-ups", spf(*HOSTS, "~all")),
        ("03-ten-look-ups", spf(*HOSTS[:1], *INCLUDES[1:], "-all")),
        ("03-ten-look-ups", spf("ip4:203.0.113.144/29", *HOSTS[:3], "-all")),
    ],
)
def test_whatever_does_the_job_is_right(exercise: str, answer: Any) -> None:
    is_right(exercise, answer)


@pytest.mark.parametrize(
    ("exercise", "answer", "words"),
    [
        ("03-no-mail", "v=spf1 ~all", "For 192.0.2.99 it ends in softfail, not in fail"),
        ("03-no-mail", "v=spf1", "it ends in neutral, not in fail"),
        ("03-no-mail", "v=spf1 +all", "192.0.2.99, a host of the Internet (4 such), passes as well"),
        ("03-no-mail", "v=spf1 a -all", "passes as well"),
        ("03-no-mail", "v=spf1 -ip4:0.0.0.0/0", "For 2001:db8::99 it ends in neutral"),
        ("03-no-mail", "v=spf1 -all -foo", "The term “-foo” is no mechanism"),
        ("03-no-mail", "spf1 -all", "does not begin with v=spf1"),
        ("03-no-mail", "v=spf1 include:gone.example -all", "ends in permerror"),
        ("03-two-records", [spf(OWN, "~all"), spf(SERVICE, "~all")], "These are 2 records"),
        ("03-two-records", spf(OWN, "~all"), "198.51.100.71, the service (2 of 2 such), gets softfail"),
        ("03-two-records", spf(SERVICE, "~all"), "203.0.113.110, the domain's own server, gets softfail"),
        ("03-two-records", spf(OWN, "~all", SERVICE), "the service (2 of 2 such), gets softfail"),
        ("03-two-records", spf("ip4:203.0.113.0/24", SERVICE), "203.0.113.109, a stranger (2 such), passes"),
        ("03-two-records", spf(OWN, SERVICE, "+all"), "a stranger (7 such), passes as well"),
        ("03-two-records", spf(OWN, "ip4:198.51.100.64/27", "-all"), "addresses are written out"),
        ("03-two-records", spf(OWN, "redirect=sending-service.example"), "ends in permerror"),
        ("03-ten-look-ups", spf(*INCLUDES, "~all"), "would be look-up 11"),
        ("03-ten-look-ups", spf(*INCLUDES[:10], "~all"), "203.0.113.151, one of the eleven (1 of 11 such)"),
        ("03-ten-look-ups", spf("ip4:203.0.113.128/27", "-all"), "which is none of the eleven (21 such)"),
        ("03-ten-look-ups", spf("ip4:0.0.0.0/0"), "which is none of the eleven (247 such)"),
    ],
)
def test_what_is_wrong_is_said_of_this_very_answer(exercise: str, answer: Any, words: str) -> None:
    is_told(exercise, answer, words)


@pytest.mark.parametrize("exercise", ["03-no-mail", "03-two-records", "03-ten-look-ups"])
@pytest.mark.parametrize(
    "answer",
    [None, 0, "", [], {}, object(), "\x00\x1b[31m\ud800", b"v=spf1 -all", ["v=spf1", None],
     "v=spf1 " + "a " * 9_000, "v=spf1 exists:%{l}%{z} -all",
     "v=spf1 include:two-records.example include:many-lookups.example -all"],
    ids=lambda answer: type(answer).__name__,
)  # fmt: skip
def test_nothing_that_is_passed_makes_a_judge_fail(exercise: str, answer: Any) -> None:
    feedback = h.check_answer(exercise, answer)
    assert not feedback.right
    assert len(feedback.said) < 600
    assert "\x1b" not in str(feedback)


@pytest.mark.parametrize("answer", ["v=spf1 ~all", "v=spf1 +all", "v=spf1 ip4:192.0.2.1 -all", 7])
def test_no_feedback_gives_the_answer_away(answer: Any) -> None:
    secrets = {
        "03-no-mail": ("v=spf1 -all", "“-all”"),
        "03-two-records": (SERVICE, OWN),
        "03-ten-look-ups": ("ip4:203.0.113.141",),
    }
    for exercise, hidden in secrets.items():
        h.check_answer(exercise, answer)
        feedback = h.check_answer(exercise, answer)
        if not feedback.right:
            assert not any(secret in feedback.hint for secret in hidden)
            assert not any(secret in feedback.said for secret in hidden if secret not in str(answer))


def test_a_pass_says_what_the_record_costs() -> None:
    assert "0 of 10 look-ups" in h.check_answer("03-ten-look-ups", spf(*HOSTS, "~all")).said
    assert "10 of 10" in h.check_answer("03-ten-look-ups", spf(*HOSTS[:1], *INCLUDES[1:], "-all")).said
    assert "costs up to 1 look-ups" in h.check_answer("03-no-mail", "v=spf1 -exists:gone.example -all").said
