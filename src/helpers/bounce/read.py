"""From a message to the facts of a bounce; ``helpers.bounce`` gives them their form."""

from __future__ import annotations

import re
from dataclasses import dataclass

from helpers.bounce import dsn
from helpers.bounce.blame import NOTHING, blame
from helpers.bounce.codes import code_meaning
from helpers.bounce.feedback import read_feedback, read_notification
from helpers.bounce.names import receiver_by_words, receiver_name, reporter_name
from helpers.bounce.parts import MAX_REPLIES, Copy, Material, Reading, Row, sort_parts
from helpers.bounce.prose import read_session, read_words, rows_from_words
from helpers.bounce.signs import is_binary
from helpers.bounce.status import ARRIVED, read_status
from helpers.message import Message, read_message
from helpers.terms import BounceKind

MAX_JUDGED = 50  # different texts; further recipients of one bounce repeat them
MAX_NESTING = 3
_MAY_WRAP = frozenset({BounceKind.NOT_A_BOUNCE, BounceKind.PLAIN_BOUNCE})
_MAY_REPORT = re.compile(rb"delivery-status|final-recipient|feedback-", re.IGNORECASE)
_REPORTS = frozenset({BounceKind.DSN, BounceKind.ARF})
_REFUSALS = _REPORTS | {BounceKind.PLAIN_BOUNCE, BounceKind.POSTMASTER_NOTICE}


@dataclass(slots=True)
class Facts:
    """A bounce's reading, its parts and what follows from both."""

    reading: Reading
    message: Message
    copy: Copy | None = None
    receiver: str | None = None


def read_facts(message: Message, depth: int = 0) -> Facts:
    """Read a message as a bounce. ``depth``: how many messages it was found inside of."""
    if not message.raw.strip():
        return Facts(Reading(notes=["The input is empty."]), message)
    if is_binary(message.raw):
        return Facts(Reading(notes=["This is not text, so neither a message nor a bounce."]), message)
    message = _as_utf8(message)
    material = sort_parts(_with_line_feeds(message))
    reading = _reading(message, material)
    if material.copy is not None and depth < MAX_NESTING:
        inner = _bounce_inside(reading, material.copy, depth)
        if inner is not None:
            return inner
    if message.raw.startswith(b"From ") and b"\nFrom " in message.body:
        reading.notes.append("The file may hold several messages; the first one was read.")
    if len(reading.replies) > MAX_REPLIES:
        reading.notes.append(f"Of {len(reading.replies)} recipients the first {MAX_REPLIES} are shown.")
        del reading.replies[MAX_REPLIES:]
    facts = Facts(reading, message, material.copy)
    if reading.kind != BounceKind.NOT_A_BOUNCE:
        _conclude(facts, material)
    return facts


def _reading(message: Message, material: Material) -> Reading:
    """The first reader that knows this sort of message decides."""
    for reader in (read_feedback, read_status, read_session, read_notification):
        reading = reader(message, material)
        if reading is not None:
            if reading.kind == BounceKind.DSN and not reading.replies:
                reading.replies = rows_from_words(material.words, message, material.copy)
            return reading
    return read_words(message, material)


def _as_utf8(message: Message) -> Message:
    """Text that an editor saved as UTF-16, which its first two bytes tell."""
    if not message.raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return message
    return read_message(message.raw.decode("utf-16", "replace").encode("utf-8", "replace"))


def _with_line_feeds(message: Message) -> Message:
    """Bare CR as line end (old Macs): MIME's encodings are undone line by line and need line feeds."""
    return read_message(message.raw.replace(b"\r", b"\n")) if b"\n" not in message.raw else message


def _bounce_inside(reading: Reading, inside: Copy, depth: int) -> Facts | None:
    """A bounce that was forwarded, or wrapped by a further server that adds no reply of its own."""
    if reading.kind not in _MAY_WRAP or any(
        row.get("code") or row.get("enhanced") for row in reading.replies
    ):
        return None
    passed_on = reading.kind == BounceKind.NOT_A_BOUNCE
    if not passed_on and not _MAY_REPORT.search(inside.raw):
        return None  # spares reading most of the messages that came back
    inner = read_facts(inside.message, depth + 1)
    if inner.reading.kind not in (_REFUSALS if passed_on else _REPORTS):
        return None
    if not inner.reading.replies and not (passed_on and inner.reading.kind == BounceKind.ARF):
        return None
    inner.reading.notes.insert(0, "The bounce was found inside another message that passes it on.")
    return inner


def _conclude(facts: Facts, material: Material) -> None:
    """Who refused, who reports, what is blamed."""
    reading = facts.reading
    names = [_known_receiver(row) for row in reading.replies]
    decided = _judge(reading, names, material.words) if reading.kind != BounceKind.ARF else None
    if decided is not None:
        names = names[decided : decided + 1]
    rows = reading.replies if decided is None else [reading.replies[decided]]
    host = next((row["receiver"] for row in rows if row.get("receiver")), None)
    name = next(filter(None, names), None)
    recipient = next((row["recipient"] for row in rows if row.get("recipient")), None)
    domain = recipient.rpartition("@")[2] if recipient else None
    facts.receiver = name or (receiver_name(domain) if not host or host[0].isdigit() else None) or host
    if reading.blame.receiver and name is None and reading.blame.blamed is not None:
        reading.notes.append(f"These words are known from {reading.blame.receiver}.")
    reporting = next((dsn.host(value) for label, value in reading.report if label == "Reporting-MTA"), None)
    reading.reporter = reading.reporter or _reporter(facts.message, material, reporting)


def _known_receiver(row: Row) -> str | None:
    """The readable name of who gave a reply: by the host's name, else by the help page in its words."""
    return receiver_name(row.get("receiver")) or (receiver_by_words(row["text"]) if row.get("code") else None)


def _judge(reading: Reading, receivers: list[str | None], words: str) -> int | None:
    """What the replies blame. The first that blames authentication decides, and its number is returned."""
    judged: set[tuple[str, str | None]] = set()
    for number, row in enumerate(reading.replies):
        text, enhanced = row.get("text", ""), row.get("enhanced") or row.get("status")
        if row.get("action") in ARRIVED or (text, enhanced) in judged or len(judged) >= MAX_JUDGED:
            continue
        judged.add((text, enhanced))
        result = blame(text, enhanced=enhanced, receiver=receivers[number], stage=row.get("stage"))
        if result.blamed is not None:
            reading.blame = result
            return number
        if not reading.blame.meaning:
            reading.blame = result
    if not any(text for text, _ in judged):
        reading.blame = blame(words) if words.strip() else NOTHING
    if not reading.blame.meaning and reading.replies:
        row = reading.replies[0]
        meaning = code_meaning(row.get("enhanced") or row.get("status"), row.get("code"))
        reading.blame = reading.blame._replace(meaning=meaning)
    return None


def _reporter(message: Message, material: Material, reporting: str | None) -> str | None:
    prose = [material.words[:700], material.words[-300:], material.status[:200]]
    if message.get("x-ms-exchange-message-is-ndr"):
        prose.append("x-ms-exchange-message-is-ndr")
    headers = [message.get(name) for name in ("from", "message-id", "subject")]
    addresses = [header.value[:300] for header in headers if header] + [reporting or ""]
    if message.get("x-bounced-address"):
        prose.append("indimail")
    return reporter_name("\n".join(prose), "\n".join(addresses), reporting)
