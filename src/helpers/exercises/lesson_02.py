"""Exercises of lesson 02, on headers: answers are read as a receiver's mail would be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from helpers.dkim import parse_signature
from helpers.exercises import Exercise, Feedback, quoted, right, wrong
from helpers.exercises.answers import domain_of
from helpers.message import Message, Stated, read_message
from helpers.terms import Result

SAMPLES = Path(__file__).resolve().parents[3] / "data" / "sample_headers"
LONGEST = 100_000  # characters of a header that is read


# ------------------------------------------------------------------ four names

FORWARDED = "forwarded_signed.eml"
KEYS = {
    "from": "From", "author domain": "From", "author": "From",
    "mail from": "MAIL FROM", "mailfrom": "MAIL FROM", "return-path": "MAIL FROM",
    "helo": "HELO", "ehlo": "HELO", "d": "d=",
}  # fmt: skip
WHERE = {
    "From": "That is not the domain in the From field.",
    "MAIL FROM": "MAIL FROM is what the receiver copied into Return-Path.",
    "HELO": "HELO is what the client called itself where the mail came in.",
    "d=": "d= stands in the field DKIM-Signature, and in no other.",
}


def _four_names(answer: Any) -> Feedback:
    if not isinstance(answer, Mapping):
        return wrong('The answer is a dict: {"From": "…", "MAIL FROM": "…", "HELO": "…", "d=": "…"}.')
    given = {}
    for key, value in answer.items():
        name = KEYS.get(str(key).strip().rstrip("=:").lower())
        if name is None:
            return wrong(f"{quoted(key)} is none of the four: {', '.join(WHERE)}.")
        given[name] = domain_of(value)
    message = read_message(SAMPLES / FORWARDED)
    true = _names_of(message)
    found = [name for name in WHERE if given.get(name) == true[name]]
    for name in WHERE:
        if name not in found:
            count = f"{len(found)} of 4. " if found else ""
            return wrong(f"{count}{name}: {_what_it_is(message, name, given.get(name))}")
    return right(
        "All four. Three still name the customer; HELO is the forwarder's, which knocked at the last door."
    )


def _names_of(message: Message) -> dict[str, str | None]:
    signature = message.get("dkim-signature")
    return {
        "From": message.author_domain,
        "MAIL FROM": domain_of(message.envelope.mail_from or ""),
        "HELO": domain_of(message.envelope.helo or ""),
        "d=": parse_signature(signature.raw).domain if signature else None,
    }


def _what_it_is(message: Message, name: str, domain: str | None) -> str:
    """Whose name the wrong one is, as far as the header tells."""
    if domain is None:
        return "a domain name is missing here."
    border = message.incoming_hop
    for hop in message.hops:
        if name == "HELO" and domain == hop.helo and (border is None or hop.index != border.index):
            return f"{domain} greeted {hop.by}. The last receiver was greeted by another client."
        if domain == hop.by:
            return f"{domain} is a server that took the mail. {WHERE[name]}"
    if any(domain == other for other in _names_of(message).values()):
        return f"{domain} is in this mail under another of the four names. {WHERE[name]}"
    return f"not {domain}. {WHERE[name]}"


# --------------------------------------------------------------------- subject

WANTED = "六月の予定"


def _subject(answer: Any) -> Feedback:
    if not isinstance(answer, str) or not answer.strip():
        return wrong("The answer is the value of a Subject field, as text.")
    value = answer.strip()
    if len(value) > LONGEST:
        return wrong("That is longer than any Subject.")
    if not (value.isascii() and "\n" not in value and value.isprintable()):
        return wrong(f"{quoted(value)} is no single line of ASCII: older servers may refuse or mangle it.")
    if value.lower().startswith("subject:"):
        return wrong("Only the value: what stands behind “Subject:”.")
    read = read_message(f"Subject: {value}\n\n".encode()).subject
    if read == WANTED:
        return right(f"It reads {read}.")
    if read == value:
        return wrong("No part of it is an encoded word, so a reader sees just these characters.")
    return wrong(f"It reads {quoted(read)}, which is not {WANTED}.")


# --------------------------------------------------------------------- planted

AUTHOR = "fujiba.net"


def _planted(answer: Any) -> Feedback:
    if isinstance(answer, Message):
        message = answer
    elif isinstance(answer, (str, bytes)) and answer.strip() and len(answer) <= LONGEST:
        message = read_message(answer.encode("utf-8", "replace") if isinstance(answer, str) else answer)
    else:
        return wrong("The answer is a whole header, as text: its fields, one below the other.")
    if message.author_domain != AUTHOR:
        return wrong(f"Its author domain is {message.author_domain or 'none'}, not {AUTHOR}.")
    border = message.incoming_hop
    if border is None:
        return wrong(
            "No Received field shows where it came in from outside, so nothing is above or below that."
        )
    verdicts = [row for row in message.stated if row.method == "dmarc" and row.counted]
    planted = [row for row in verdicts if row.result is Result.PASS and row.domain == AUTHOR]
    honest = [row for row in verdicts if row.result not in (None, Result.PASS)]
    return _judge_planted(planted, honest)


def _judge_planted(planted: list[Stated], honest: list[Stated]) -> Feedback:
    if not planted:
        return wrong(f"There is no Authentication-Results that says dmarc=pass for {AUTHOR}: plant one.")
    believed = [row for row in planted if row.trusted]
    if believed:
        return wrong(
            f"The kit believes the pass in header {believed[0].header_index + 1}: by its place "
            "the receiver could have written it."
        )
    if not any(row.trusted for row in honest):
        return wrong(
            "The planted pass is not believed. But the receiver's own, other verdict is missing above it."
        )
    return right(
        f"The text says dmarc=pass, and the kit goes by {honest[0].by or 'the receiver'}: "
        f"dmarc={honest[0].result}."
    )


EXERCISES = {
    "02-four-names": Exercise(
        _four_names,
        "h.hops_figure shows where the mail came in to the last receiver, and h.parse_signature reads a "
        "DKIM-Signature. Which of the four did the forwarder set, and which did it leave?",
    ),
    "02-subject": Exercise(
        _subject,
        "An encoded word is =?charset?B?…?=. Between the last two question marks stands base64 of the text's "
        "bytes in that charset; base64.b64encode makes it.",
    ),
    "02-planted": Exercise(
        _planted,
        "Top to bottom: the receiver's Received field, with the address of the client in brackets; its own "
        "results; then whatever came with the mail: a Received field of somebody else, and what you plant.",
    ),
}
