"""What a sending service notes about a message, as its event log or webhook shows it: JSON.

Services name their fields differently (SendGrid: ``reason``, Amazon SES: ``diagnosticCode``, Mailgun:
``message`` beside ``code``, Postmark: ``Details``), and mean the same: the receiver's words, and the
recipient near them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from helpers.bounce.blame import is_refusal
from helpers.bounce.parts import MAX_REPLIES, Row
from helpers.bounce.reply import read_reply

MAX_EVENTS_TEXT = 60_000  # ours: characters
MAX_DEPTH = 12  # ours: of nesting; an SNS message has a JSON text within JSON

_WORDS = (
    "diagnosticcode",
    "rawreason",
    "reason",
    "response",
    "smtpresponse",
    "message",
    "details",
    "description",
    "diag",
    "comment",
    "error",
)
_RECIPIENTS = ("email", "emailaddress", "recipient", "rcptto", "rawrcptto", "rcpt", "to")


def rows_of_events(text: str) -> list[Row]:
    """One row for each refusal in the JSON ``text``; none when it holds no refusal. Never raises."""
    if len(text) > MAX_EVENTS_TEXT:
        return []
    rows: dict[tuple[str | None, str], Row] = {}
    for recipient, words, waits in _refusals(_loaded(text), None, False, 0):
        reply = read_reply(words)
        row = {"recipient": recipient, "code": reply.code, "enhanced": reply.enhanced, "text": reply.text}
        if waits:
            row["action"] = "delayed"
        rows.setdefault((recipient, words), row)
        if len(rows) > MAX_REPLIES:
            break
    return list(rows.values())


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:  # one event a line
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        return None


def _refusals(
    found: Any, recipient: str | None, waits: bool, depth: int
) -> Iterator[tuple[str | None, str, bool]]:
    """Recipient, words, and whether the service goes on trying, from the outside in.

    A recipient counts for everything inside its object.
    """
    if depth > MAX_DEPTH:
        return
    if isinstance(found, str) and found.lstrip()[:1] == "{":
        found = _loaded(found)
    if isinstance(found, list):
        for item in found[:MAX_REPLIES]:
            yield from _refusals(item, recipient, waits, depth + 1)
    if not isinstance(found, dict):
        return
    plain = {str(name).lower().replace("-", "").replace("_", ""): value for name, value in found.items()}
    recipient = next((v for name in _RECIPIENTS if _is_address(v := plain.get(name))), recipient)
    waits = waits or any(str(plain.get(name)).lower() in _WAITING for name in _KINDS)
    words = next((w for name in _WORDS if (w := _words(plain.get(name), plain.get("code")))), None)
    words = words or _code_alone(plain)
    if words is not None:
        yield recipient, words, waits
    for value in found.values():
        yield from _refusals(value, recipient, waits, depth + 1)


_KINDS = ("event", "severity", "type", "eventtype", "notificationtype")
_WAITING = frozenset({"deferred", "temporary", "delayed", "delay", "deliverydelay"})


def _code_alone(plain: dict[str, Any]) -> str | None:
    """Code and enhanced status code, where the receiver's words were left empty (Mailgun)."""
    code, enhanced = str(plain.get("code")), plain.get("enhancedcode")
    if not isinstance(enhanced, str) or not (code.isdigit() and 400 <= int(code[:4]) < 600):
        return None
    return f"{code} {enhanced[:20]}"


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and 2 < len(value) <= 320 and "@" in value and " " not in value


def _words(value: Any, code: Any) -> str | None:
    """The receiver's words: with a code in them or beside them, or clear without one."""
    if not isinstance(value, str) or value.lstrip()[:1] in {"{", "["}:
        return None
    reply = read_reply(value)
    if reply.code is not None and reply.code >= 400:
        return value
    beside = str(code)
    if beside.isdigit() and 400 <= int(beside[:4]) < 600 and value.strip():
        return f"{beside} {value}"
    return value if is_refusal(value) else None
