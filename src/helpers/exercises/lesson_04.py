"""Exercises of lesson 04, on DKIM: answers are judged by verifying real signatures with them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from helpers.dkim import verify_dkim
from helpers.exercises import Exercise, Feedback, quoted, right, wrong
from helpers.lab import lab_key
from helpers.lookup import Zone, a_label, sample_zone
from helpers.message import Message, read_message
from helpers.services import sign
from helpers.terms import DkimCheck, KeyState, Result

# ------------------------------------------------------------ a missing key

OWNER, MISSING, THERE = "signer.example", "may2025", "2025"


@cache
def _sample(name: str) -> Message:
    folder = Path(__file__).resolve().parents[3] / "data/sample_headers"
    return read_message(folder / name)


def _zone_of(answer: Any) -> Zone | None:
    """A zone, or the records that are to be added to the sample zone ``keys`` as a dict."""
    if isinstance(answer, Zone):
        return answer
    if not isinstance(answer, Mapping) or not answer:
        return None
    zone = sample_zone("keys")
    for name, text in answer.items():
        texts = [text] if isinstance(text, str) else text
        if not isinstance(name, str) or a_label(name.rstrip(".")) is None:
            return None
        if not isinstance(texts, (list, tuple)) or not all(isinstance(one, str) for one in texts):
            return None
        zone = zone.with_records(name, "TXT", list(texts))
    return zone


def _missing_key(answer: Any) -> Feedback:
    zone = _zone_of(answer)
    if zone is None:
        return wrong(f"{quoted(answer)} is no zone; the answer is what `with_records` returns.")
    check = verify_dkim(_sample("key_missing.eml"), zone)[0]
    if check.result != Result.PASS:
        return wrong(_why_not(check, zone))
    others = verify_dkim(_sample("two_algorithms.eml"), zone)
    lost = [other.selector for other in others if other.result != Result.PASS]
    if lost:
        return wrong(f"It passes now, but mail signed with the selector {lost[0]} does not any more.")
    return right(f"dkim=pass for {check.domain}, selector {check.selector}, and the other keys still work.")


def _why_not(check: DkimCheck, zone: Zone) -> str:
    if check.key_state == KeyState.MISSING:
        added = sorted(set(zone.names()) - set(sample_zone("keys").names()))
        if not added:
            return f"A verifier that reads s={MISSING} and d={OWNER} still finds no key: no name was added."
        return (
            f"A verifier that reads s={MISSING} and d={OWNER} still finds no key. Your zone has "
            f"{quoted(', '.join(added[:3]))}, and nobody asks for that."
        )
    return f"The verifier finds a record now, but: {check.reason}"


# ---------------------------------------------------------------- unnoticed

MAIL = (
    b"From: Fujiba Office <monthly@fujiba.net>\r\nTo: desk@737flight.example\r\n"
    b"Subject: Monthly  report,\r\n April 2025\r\nDate: Fri, 9 May 2025 10:00:00 +0900\r\n\r\n"
    b"The report  is ready. \r\n\r\n\r\n"
)
SUBJECT = "Monthly report, April 2025"
TEXT = "The report is ready."


@cache
def _zone() -> Zone:
    zone = sample_zone("fujiba")
    return zone.with_records("2025._domainkey.fujiba.net", "TXT", [lab_key("fujiba-2025").record])


def _unnoticed(answer: Any) -> Feedback:
    if isinstance(answer, str):
        answer = answer.encode("utf-8", "surrogatepass")
    if not isinstance(answer, (bytes, bytearray, Message)):
        return wrong(f"{quoted(answer)} is no mail; the answer is bytes, made from `sealed`.")
    mail = answer if isinstance(answer, Message) else read_message(bytes(answer))
    checks = verify_dkim(mail, _zone())
    ours = [check for check in checks if check.domain == "fujiba.net"]
    passed = [check for check in ours if check.result == Result.PASS]
    if not passed:
        return wrong(_not_passed(checks, ours))
    if not any(_is_given(mail, check) for check in passed):
        return wrong(
            "It passes with a fresh signature. A stranger has no key, only the signature of `sealed`."
        )
    subject, text = _seen(mail)
    if subject == SUBJECT and text == TEXT:
        return wrong("It still passes, but a reader sees the same subject and the same text as before.")
    if not subject:
        return wrong("It still passes, but its topmost Subject is empty or does not say anything.")
    return right(f"dkim=pass for fujiba.net, and a reader sees {quoted(subject)} with {quoted(text)}.")


def _not_passed(checks: tuple[DkimCheck, ...], ours: list[DkimCheck]) -> str:
    if ours:
        return f"dkim={ours[0].result}: {ours[0].reason}"
    if checks:
        return f"It is signed by {quoted(checks[0].domain)}. The pass has to be for fujiba.net."
    return "There is no DKIM signature in it at all, so nothing passes."


def _is_given(mail: Message, check: DkimCheck) -> bool:
    """Is this the signature that the lesson's mail has?"""
    given = sign(MAIL, domain="fujiba.net", selector="2025", key=lab_key("fujiba-2025"))
    value = b"".join(mail.headers[check.header_index or 0].raw.split())
    return b"".join(read_message(given).headers[0].raw.split()).lower() == value.lower()


def _seen(mail: Message) -> tuple[str, str]:
    """The topmost Subject and the text, each as a reader takes them: blanks don't matter."""
    subjects = [header.decoded for header in mail.headers if header.lname == "subject"]
    text = mail.body.decode("utf-8", "replace")
    return " ".join((subjects or [""])[0].split()), " ".join(text.split())


# ---------------------------------------------------------------- a new key

PUBLISH, SWITCH, REMOVE, WAIT = "publish 2025", "sign with 2025", "remove 2024", "wait"
STEPS = (PUBLISH, SWITCH, REMOVE, WAIT)
MAX_STEPS = 20


def _new_key(answer: Any) -> Feedback:
    if isinstance(answer, str) or not isinstance(answer, (list, tuple)):
        return wrong('The answer is a list of steps, such as ["wait", …].')
    if len(answer) > MAX_STEPS:
        return wrong(f"{len(answer)} steps are more than this takes.")
    steps = [" ".join(step.lower().split()) if isinstance(step, str) else "" for step in answer]
    for step, written in zip(steps, answer, strict=True):
        if step not in STEPS:
            return wrong(f"{quoted(written)} is none of the four steps.")
    lost = _first_loss(steps)
    if lost:
        return wrong(lost)
    if SWITCH not in steps:
        return wrong("No mail is lost, but at the end you still sign with 2024.")
    if REMOVE not in steps:
        return wrong("No mail is lost, but the key 2024 stays in DNS for good: whoever stole it can use it.")
    return right("Every mail was verified, whichever day it arrived, and the old key is gone.")


def _first_loss(steps: list[str]) -> str:
    """Play the plan: a mail goes out before each step and after the last, and waits up to a week."""
    published, selector = {"2024"}, "2024"
    under_way = [selector]
    for number, step in enumerate(steps, 1):
        if step == WAIT:
            under_way.clear()
        published = published | {"2025"} if step == PUBLISH else published
        published = published - {"2024"} if step == REMOVE else published
        selector = "2025" if step == SWITCH else selector
        under_way.append(selector)
        for signed_with in under_way:
            check = verify_dkim(_signed(signed_with), _published(frozenset(published)))[0]
            if check.result != Result.PASS:
                return (
                    f"After step {number}, “{step}”, a mail that was signed with {signed_with} meets a "
                    f"receiver: dkim={check.result}, no key."
                )
    return ""


@cache
def _signed(selector: str) -> bytes:
    return sign(MAIL, domain="fujiba.net", selector=selector, key=lab_key(f"fujiba-{selector}"))


@cache
def _published(selectors: frozenset[str]) -> Zone:
    zone = sample_zone("fujiba")
    for selector in selectors:
        name = f"{selector}._domainkey.fujiba.net"
        zone = zone.with_records(name, "TXT", [lab_key(f"fujiba-{selector}").record])
    return zone


EXERCISES = {
    "04-missing-key": Exercise(
        _missing_key,
        "A verifier builds the name from the two tags s= and d=, with a fixed label between them. "
        "The text is the whole record, from v= to the end.",
    ),
    "04-unnoticed": Exercise(
        _unnoticed,
        "Look at the five mails of the lesson that were changed on the way, and at what h= names.",
    ),
    "04-new-key": Exercise(
        _new_key,
        "Two keys may be in DNS at a time. Ask of each step: which mails are under way now, and which key do "
        "they need?",
    ),
}
