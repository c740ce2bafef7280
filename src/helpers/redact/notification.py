"""Notifications as JSON, as Amazon SES sends them through SNS: a bounce, a delivery or a complaint."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from helpers.redact.public import listed

if TYPE_CHECKING:
    from helpers.redact.fields import FieldRedactor

MAX_JSON = 400_000
_KEPT = listed("json_kept")
_TIMES = listed("json_times")
_WORDS = listed("json_words")


def is_notification(text: str) -> bool:
    """Does the text look like such a notification?"""
    start = text.lstrip()[:MAX_JSON]
    return start.startswith("{") and ('"notificationType"' in start or '"eventType"' in start)


def redact_notification(text: str, fields: FieldRedactor) -> str:
    """The notification with every value redacted as its key asks; text that is no JSON as unknown text."""
    joined = text.replace("!\n ", "").lstrip()
    lead = text[: len(text) - len(text.lstrip())]
    try:
        event, end = json.JSONDecoder(strict=False).raw_decode(joined)
        new = json.dumps(_walk(event, "", fields), ensure_ascii=False)
    except (ValueError, RecursionError):
        return fields.scrubber.shape(text)
    if fields.names.collecting:
        return text
    return lead + new + fields.scrubber.shape(joined[end:])


def _walk(value: Any, key: str, fields: FieldRedactor) -> Any:
    if isinstance(value, dict):
        name = str(value.get("name", "")) if "value" in value else ""
        return {k: _walk(v, name.lower() if k == "value" and name else k, fields) for k, v in value.items()}
    if isinstance(value, list):
        return [_walk(item, key, fields) for item in value]
    return _text(value, key, fields) if isinstance(value, str) else value


def _text(text: str, key: str, fields: FieldRedactor) -> str:
    if key in _KEPT or key in _TIMES:
        return fields.value("date", text)
    if key == "Message" and is_notification(text):
        return redact_notification(text, fields)
    if key in _WORDS:
        return fields.scrubber.words(text)
    if key == "subject":
        return fields.names.subject(text)
    return fields.value(
        key.lower() if key.lower() in ("subject", "from", "to", "message-id") else "x-unknown", text
    )
