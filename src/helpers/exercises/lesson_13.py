"""Exercises of lesson 13, on one's own bounce: answers are diagnosed, published, read as a stranger would."""

from __future__ import annotations

import base64
import quopri
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from helpers import services
from helpers.diagnosis import Cause
from helpers.exercises import Exercise, Feedback, right, short, wrong
from helpers.fixes import diagnose
from helpers.lookup import Zone, sample_zone
from helpers.message import Message

DATA = Path(__file__).resolve().parents[3] / "data"
BOUNCE = DATA / "sample_headers" / "incident_bounce.eml"
LONGEST = 1_000_000  # characters of an answer that are read
FEW = 2  # lines that are enough
SENTENCE = 200  # characters of the kit's own words: names in them are the reader's


# ------------------------------------------------------------------- few lines


def _few_lines(answer: Any) -> Feedback:
    if not isinstance(answer, str) or not answer.strip():
        return wrong("The answer is text: a few header lines, one below the other.")
    if len(answer) > LONGEST:
        return wrong("That is a whole mail and more; a few header lines are asked for.")
    found = diagnose(answer.encode("utf-8", "replace"), dns=None)  # text without a line end could name a file
    if found.cause == Cause.STATED_ONLY:
        return wrong(f"These are a receiver's words, and the kit says: {short(found.summary, SENTENCE)}")
    if found.cause != Cause.AUTHENTICATED_AS_OTHER:
        return wrong(f"From these lines the kit says “{found.title}”: {short(found.summary, SENTENCE)}")
    lines = [line for line in answer.splitlines() if line.strip()]
    if len(lines) > FEW:
        return wrong(f"The cause follows, out of {len(lines)} lines. Fewer are enough: take one away.")
    author = found.message.author_domain if found.message is not None else None
    if author != "fujiba.net":
        return wrong(
            f"The cause follows, for mail from {short(author)}; the story's mail is from fujiba.net."
        )
    return right(
        f"{len(lines)} lines, and no DNS: SPF speaks for {found.identifiers[0].domain}, and the reader sees "
        "fujiba.net."
    )


# --------------------------------------------------------------------- records


def _records(answer: Any) -> Feedback:
    if not isinstance(answer, Zone):
        return wrong("The answer is a zone: zone.with_records(…) makes a changed one.")
    found = services.compare(diagnose(BOUNCE, dns=answer), "mailtrap", dns=answer)
    asked = [one for one in found.records if one.record.required and one.state != "fill in"]
    for one in asked:
        if one.state != "there":
            has = f": {short(one.found)}" if one.found else ""
            return wrong(f"{one.record.type} {one.record.name}: {one.state}{has}.")
    before = sample_zone("fujiba")
    lost = sorted(set(before.rows()) - set(answer.rows()))
    if lost:
        name, rdtype, value = lost[0]
        return wrong(
            f"Mailtrap's records are there, and another one is gone: {rdtype} {name} {short(value)}."
        )
    return right(
        f"{len(asked)} records with fixed names are there, and what was there before still is. The one left "
        "has a number in its name that only the service's page tells."
    )


# -------------------------------------------------------------------- redacted

SECRETS = (b"owner.example", b"fujiba.net", b"737flight", b"203.0.113.77")


def _redacted(answer: Any) -> Feedback:
    raw = _bytes(answer)
    if raw is None:
        return wrong("The answer is a mail: bytes or text, such as h.redact(…).message.")
    seen = _every_reading(raw)
    left = [secret.decode() for secret in SECRETS if secret in seen]
    if left:
        return wrong(f"A stranger would still read {', '.join(left)} in it.")
    found = diagnose(raw, dns=None)
    if found.cause != Cause.AUTHENTICATED_AS_OTHER:
        return wrong(f"Nothing of yours is left in it, nor is the cause: the kit now says “{found.title}”.")
    author = found.message.author_domain if found.message is not None else None
    return right(f"Nobody can tell whose it is, and it still shows why: the reader sees {short(author)}.")


def _bytes(answer: Any) -> bytes | None:
    if isinstance(answer, Message):
        answer = answer.raw
    if isinstance(answer, str):
        answer = answer.encode("utf-8", "replace")
    elif isinstance(answer, (bytearray, memoryview)):
        answer = bytes(answer)
    return answer[:LONGEST] if isinstance(answer, bytes) and answer.strip() else None


def _every_reading(raw: bytes) -> bytes:
    """The bytes in lower case as they are, and with quoted-printable, percent signs and base64 undone."""
    readings = [raw, quopri.decodestring(raw), unquote_to_bytes(raw)]
    for line in raw.split(b"\n"):
        word = line.strip()
        try:
            readings.append(base64.b64decode(word[: len(word) // 4 * 4], validate=True))
        except ValueError:
            continue
    return b"\n".join(readings).lower()


EXERCISES: Mapping[str, Exercise] = {
    "13-few-lines": Exercise(
        _few_lines, "DMARC compares names. Which line has the name that the reader sees, and which SPF's?"
    ),
    "13-records": Exercise(
        _records,
        "h.services.compare(diagnosis, 'mailtrap', dns=zone).records has host, value and state of each.",
    ),
    "13-redacted": Exercise(
        _redacted, "h.redact takes the same things as h.read_message; what it gives has .message."
    ),
}
