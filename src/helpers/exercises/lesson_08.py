"""Exercises of lesson 08, on advice: which mail it is right for, and what took the place of an old tag."""

from __future__ import annotations

from typing import Any

from helpers.dmarc import evaluate_dmarc
from helpers.exercises import Exercise, Feedback, quoted, right, wrong
from helpers.exercises.answers import texts_of
from helpers.lab import RELAYS, lab
from helpers.lookup import sample_zone
from helpers.terms import Policy, Result

AUTHOR = "fujiba.net"
ADVISED = "v=spf1 include:mailgun.org include:_spf.google.com ~all"


def _relay(answer: Any) -> Feedback:
    name = answer.strip().lower() if isinstance(answer, str) else answer
    if not isinstance(name, str) or name not in RELAYS:
        return wrong(f"{quoted(answer)} is no relay of the lab. Their names: {', '.join(sorted(RELAYS))}.")
    zone = sample_zone("fujiba")
    with lab(zone) as net:
        before = net.send(from_=f"monthly@{AUTHOR}", through=name).authentication
        net.zone = zone.with_records(AUTHOR, "TXT", [ADVISED])
        after = net.send(from_=f"monthly@{AUTHOR}", through=name).authentication
    if before is None or after is None:
        return wrong(f"Through {name} the mail is not judged at all.")
    asked = f"SPF was asked about {after.spf.domain}" if after.spf else "SPF was not asked"
    if before.dmarc.result == Result.PASS:
        return wrong(f"Through {name} the mail passes without the advice, too.")
    if after.dmarc.result != Result.PASS:
        return wrong(f"Through {name} it is dmarc={after.dmarc.result} before and after: {asked}.")
    return right(f"Through {name} the advice turns dmarc={before.dmarc.result} into pass: {asked}.")


def _gently(answer: Any) -> Feedback:
    texts = texts_of(answer)
    if not texts:
        return wrong(f"{quoted(answer)} is no record; the answer is its text, v=DMARC1 and what follows.")
    zone = sample_zone("fujiba").with_records(f"_dmarc.{AUTHOR}", "TXT", texts)
    check = evaluate_dmarc(author_domain=AUTHOR, spf=("gmail.com", "pass"), dkim=[], dns=zone)
    if check.result == Result.NONE:
        return wrong(f"dmarc=none: {check.reason}")
    if check.published != Policy.REJECT:
        return wrong(f"The record says p={check.published}; it should announce reject.")
    if check.disposition == "quarantine":
        return right("It announces reject, and receivers that follow RFC 9989 are asked for quarantine only.")
    return wrong(f"It announces reject, and asks for {check.disposition}: nothing in it makes that milder.")


EXERCISES = {
    "08-right-for": Exercise(
        _relay,
        "The record that the advice changes is read only when its domain stands in MAIL FROM, and it "
        "names Google's addresses. Which relay sends from there with the author's own domain in the "
        "envelope?",
    ),
    "08-gently": Exercise(
        _gently,
        "The tag is one letter long, for “testing”, and takes y or n.",
    ),
}
