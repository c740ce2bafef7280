"""Exercises of lesson 06, on alignment: answers are judged by evaluating DMARC with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from helpers.dmarc import evaluate_dmarc
from helpers.exercises import Exercise, Feedback, quoted, right, sentence, wrong
from helpers.exercises.answers import domain_of
from helpers.lookup import Zone
from helpers.terms import DmarcCheck, Result

# ------------------------------------------------------------- one signature

SIGNED = {
    "_dmarc.news.example.com": {"TXT": ["v=DMARC1; p=reject; adkim=s"]},
    "_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject"]},
}


def _signed_by(answer: Any) -> DmarcCheck | None:
    domain = domain_of(answer)
    if domain is None:
        return None
    return evaluate_dmarc(
        author_domain="news.example.com",
        spf=("bounce.service.example", "pass"),
        dkim=[(domain, "pass")],
        dns=Zone.from_dict(SIGNED),
    )


def _signer(answer: Any) -> Feedback:
    check = _signed_by(answer)
    if check is None:
        return wrong(f"{quoted(answer)} is not a domain name; the answer is the value of d=, as text.")
    decided = sentence(check.alignments[-1].decided_by)
    if check.result == Result.PASS:
        return right(f"dmarc=pass. {decided}")
    return wrong(
        f"The signature passes, for {check.alignments[-1].domain}, and dmarc={check.result}. {decided}"
    )


# ---------------------------------------------------------------- ten messages

MESSAGE = "(From, MAIL FROM, SPF result, d=, DKIM result, tags)"


def judged(row: tuple[str, str, str, str | None, str, str]) -> DmarcCheck:
    """What DMARC makes of one line of the lesson's table. RFC 9989 §4.4."""
    author, mail_from, spf, signer, dkim, tags = row
    at = ".".join(author.split(".")[-2:])
    record = "; ".join(filter(None, ["v=DMARC1", "p=reject", tags]))
    return evaluate_dmarc(
        author_domain=author,
        spf=(mail_from, spf),
        dkim=[(signer, dkim)] if signer else [],
        dns=Zone.from_dict({f"_dmarc.{at}": {"TXT": [record]}}),
    )


def _ten_messages(answer: Any) -> Feedback:
    if not isinstance(answer, (list, tuple)) or not all(
        isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in answer
    ):
        return wrong("The answer is a list of pairs, a message and your verdict: list(zip(ten, verdicts)).")
    if len(answer) != 10:
        return wrong(f"There are ten messages, and {len(answer)} verdicts with one: give each message one.")
    try:
        checks = [judged(tuple(message)) for message, _ in answer]
    except (TypeError, ValueError, AttributeError):
        return wrong(f"A message is not as the lesson has it, {MESSAGE}: run the cell with the table again.")
    odd = [verdict for _, verdict in answer if verdict not in ("pass", "fail")]
    if odd:
        return wrong(f"A verdict is either 'pass' or 'fail'; {quoted(odd[0])} is neither.")
    missed = [check for (_, verdict), check in zip(answer, checks, strict=True) if verdict != check.result]
    if not missed:
        return right("Ten of ten: every message ends as you said.")
    too_kind = sum(check.result == Result.FAIL for check in missed)
    words = [f"{10 - len(missed)} of 10."]
    if too_kind:
        words.append(
            f"{too_kind} that you let pass fails: somebody passed there, but is it the domain in From?"
        )
    if len(missed) > too_kind:
        words.append(f"{len(missed) - too_kind} that you let fail passes: one aligned pass is enough.")
    return wrong(" ".join(words))


# ------------------------------------------------------------- sibling domains


def _siblings(answer: Any) -> Feedback:
    if not isinstance(answer, Mapping):
        return wrong('The answer is a dict of records: {"_dmarc.somewhere.example": "v=DMARC1; p=…"}.')
    try:
        zone = Zone.from_dict({str(name): {"TXT": texts} for name, texts in answer.items()})
    except (ValueError, TypeError) as error:
        return wrong(f"These are no records: {error}")
    check = evaluate_dmarc(
        author_domain="news.example.com", dkim=[("shop.example.com", "pass")], dns=zone, spf=None
    )
    stranger = evaluate_dmarc(
        author_domain="news.example.com", dkim=[("evil.example.org", "pass")], dns=zone, spf=None
    )
    if check.result == Result.NONE:
        return wrong(f"dmarc=none: {check.reason}")
    if check.result != Result.PASS:
        return wrong(f"dmarc={check.result}: {check.alignments[-1].decided_by}.")
    if stranger.disposition == "none":
        return wrong("It aligns, and what does not align is let through as well: ask receivers to act on it.")
    return right(f"dmarc=pass for a sibling's signature. {sentence(check.alignments[-1].decided_by)}")


EXERCISES = {
    "06-signer": Exercise(
        _signer,
        "The record that counts stands at news.example.com itself, and it has a tag for signatures. "
        "How does strict compare two names?",
    ),
    "06-ten-messages": Exercise(
        _ten_messages,
        "Take one line at a time. Cross out what did not pass. Of what is left, is one domain the domain in "
        "From (under strict), or of the same organizational domain (under relaxed)?",
    ),
    "06-siblings": Exercise(
        _siblings,
        "The tree walk of each of the two names climbs towards the root. At which name do the two ways meet "
        "first? What has to stand there?",
    ),
}
