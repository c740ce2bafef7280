"""Exercises of lesson 01, on the bounce: the names in a message, and words that decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from helpers.bounce import read_bounce
from helpers.exercises import Exercise, Feedback, quoted, right, wrong
from helpers.exercises.answers import domain_of

# The newsletter of shop.example: who the reader sees, who answers for the envelope, who signed.
NAMES = {
    "author domain": "shop.example",
    "MAIL FROM": "return.sending-service.example",
    "signing domain": "sending-service.example",
}


def _names(answer: Any) -> Feedback:
    if not isinstance(answer, Mapping) or set(answer) != set(NAMES):
        return wrong(f"The answer is a dict with a domain for each of {', '.join(map(repr, NAMES))}.")
    given = {role: domain_of(value) for role, value in answer.items()}
    for role, domain in given.items():
        if domain is None:
            return wrong(f"{quoted(answer[role])} is no domain; that is what was given as {role}.")
    missed = [role for role in NAMES if given[role] != NAMES[role]]
    if not missed:
        return right("Three names, three owners' decisions: that is why they have to be compared.")
    words = []
    for role in missed:
        real = [other for other, domain in NAMES.items() if domain == given[role]]
        words.append(
            f"{given[role]} is not its {role}, it is its {real[0]}."
            if real
            else f"{given[role]} is not its {role}: it stands nowhere in the message as one of the three."
        )
    return wrong(" ".join(words))


def _words(answer: Any) -> Feedback:
    if not isinstance(answer, str) or not answer.strip():
        return wrong("The answer is one line of text, as a server would say it.")
    bounce = read_bounce(answer[:2000].encode("utf-8", "replace"))  # never a path
    reply = bounce.replies[0] if bounce.replies else None
    if reply is None or reply.enhanced != "5.7.1":
        found = f"{reply.enhanced or 'no enhanced code'}" if reply else "no reply of a server"
        return wrong(f"The kit finds {found} in it; it has to carry 5.7.1, like the story's.")
    if bounce.blamed == "dmarc":
        return wrong(f"The kit reads it as a refusal about DMARC, since it says so: {bounce.meaning}")
    if bounce.blamed is None:
        return wrong(
            "The kit reads it as not about authentication at all. Which words would an SPF failure have?"
        )
    if bounce.blamed != "spf":
        return wrong(f"The kit reads it as a refusal about {bounce.blamed}: {bounce.meaning}")
    return right(f"The code of the story, and about SPF: {bounce.meaning} The words decided.")


EXERCISES = {
    "01-names": Exercise(
        _names,
        "The author domain stands in From. A service that sends for many people writes its own name into "
        "the "
        "envelope: look at Return-Path. And whoever signs says so after d=.",
    ),
    "01-words": Exercise(
        _words,
        "Begin like the second of the four refusals, and let the server complain about the SPF check, or "
        "about an "
        "address that is not permitted to send. The third refusal says what it is about; yours may, too.",
    ),
}
