"""A failure report out of what the room `bounce` read (RFC 9991 and RFC 6591, in the format of RFC 5965)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from helpers.bounce import read_bounce
from helpers.message import Message
from helpers.reports.results import FailureReport
from helpers.terms import BounceKind

_WORDS = re.compile(r"^[ \t]{0,20}([A-Za-z ]{1,30}):[ \t]{1,20}([^\r\n]{1,300})", re.MULTILINE)


def failure_of(message: Message, source: str) -> FailureReport | None:
    """The failure report in a message; None when it is no report of an authentication failure."""
    bounce = read_bounce(message)
    fields: dict[str, str] = {}
    for name, value in bounce.report if bounce.kind == BounceKind.ARF else ():
        fields.setdefault(name.lower(), " ".join(value.split()))
    fields = fields or _in_words(message)
    if not fields.get("feedback-type", "").lower().startswith("auth-failure"):
        return None
    original = bounce.original
    author = original.author_domain if original is not None else None
    return FailureReport(
        reporter=fields.get("user-agent"),
        arrived=_moment(fields.get("arrival-date") or fields.get("received-date")),
        source_ip=fields.get("source-ip", "").partition(" ")[0].lower() or None,
        reported_domain=_domain(fields.get("reported-domain")) or author,
        header_from=author,
        auth_failure=fields.get("auth-failure", "").lower() or None,
        identity_alignment=_aligned(fields),
        mail_from=_address(fields, "original-mail-from"),
        recipient=_address(fields, "original-rcpt-to"),
        delivery_result=fields.get("delivery-result", "").lower() or None,
        dkim_domain=_domain(fields.get("dkim-domain")),
        dkim_selector=fields.get("dkim-selector"),
        authentication_results=fields.get("authentication-results"),
        subject=original.subject if original is not None and original.get("subject") else None,
        source=source,
    )


def _in_words(message: Message) -> dict[str, str]:
    """The fields that Exim's usual set-up writes as a text for people, under the names of RFC 6591."""
    words = next((part.text() for part in message.parts if part.content_type == "text/plain"), "")
    if "A message claiming to be from you has failed" not in words[:2000]:
        return {}
    said = {name.lower(): value.strip() for name, value in _WORDS.findall(words[:4000])}
    aligned = [check for check in ("spf", "dkim") if said.get(f"{check} alignment", "").lower() == "yes"]
    return {
        "feedback-type": "auth-failure",
        "auth-failure": "dmarc",
        "source-ip": said.get("sender ip address", ""),
        "arrival-date": said.get("received date", ""),
        "reported-domain": said.get("sender domain", ""),
        "identity-alignment": ", ".join(aligned) or "none",
        "delivery-result": said.get("dmarc results", "").rpartition(",")[2].strip(),
    }


def _aligned(fields: Mapping[str, str]) -> tuple[str, ...]:
    """Identity-Alignment: a list of dkim and spf, or none (RFC 9991)."""
    said = fields.get("identity-alignment", "").lower()
    return tuple(word for word in re.split(r"[\s,]+", said) if word and word != "none")


def _address(fields: Mapping[str, str], name: str) -> str | None:
    """An address without its angle brackets; "" is the null sender."""
    return fields[name].strip("<> ") if name in fields else None


def _domain(text: str | None) -> str | None:
    return (text or "").strip(" .").lower() or None


def _moment(text: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(text or "")
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
