"""Feedback that is no refusal in SMTP: failure reports (RFC 6591) and notifications of Amazon SES."""

from __future__ import annotations

import re
from typing import Any

from helpers.bounce import dsn
from helpers.bounce.blame import Blame
from helpers.bounce.identity import told_of_helo
from helpers.bounce.parts import Material, Reading, Row
from helpers.bounce.phrases import DKIM_FAIL, DMARC_REJECT, NO_AUTH, NOT_ALIGNED, SPF_FAIL
from helpers.bounce.reply import read_reply
from helpers.message import Message
from helpers.terms import Basis, Blamed, BounceKind, SpfIdentity

_BY_AUTH_FAILURE = {  # RFC 6591 §3.1, RFC 9991
    "dmarc": (Blamed.DMARC, DMARC_REJECT),
    "spf": (Blamed.SPF, SPF_FAIL),
    "adsp": (
        Blamed.DKIM,
        "The From domain asks for its own DKIM signature (ADSP, historic), and none passed.",
    ),
    "bodyhash": (Blamed.DKIM, "The message's body was changed after it was signed with DKIM."),
    "revoked": (Blamed.DKIM, "The key of the DKIM signature was withdrawn."),
    "signature": (Blamed.DKIM, DKIM_FAIL),
}
_MEANING_OF_TYPE = {  # RFC 5965 §7.3
    "abuse": "A recipient marked the message as unwanted (feedback loop).",
    "fraud": "A recipient reported the message as fraud or phishing.",
    "virus": "The message was reported as carrying a virus.",
    "not-spam": "A recipient said that the message is not spam.",
    "other": "A recipient or filter complained about the message.",
    "opt-out": "A recipient wants no more of such messages.",
}
_UNALIGNED = re.compile(r"non-?aligned|not aligned|unaligned|misaligned", re.IGNORECASE)
_FAILED = re.compile(r"\b(dmarc|spf|dkim|arc)=(fail|softfail|permerror|temperror|none|policy)", re.IGNORECASE)
_HEADER_FROM = re.compile(r"header\.from=[\"']?(?:[^\s;\"'@]{0,64}@)?([\w.-]{1,253})", re.IGNORECASE)


def read_feedback(message: Message, material: Material) -> Reading | None:
    """A feedback or authentication failure report; None when it is none."""
    fields = dsn.read_feedback(material.feedback) if material.feedback else []
    if not any(name.lower() == "feedback-type" for name, _ in fields):
        return _read_complaint(message, material)
    first = {name.lower(): value for name, value in reversed(fields)}
    addresses = [dsn.address(value) for name, value in fields if name.lower() == "original-rcpt-to"]
    delivery = first.get("delivery-result")
    return Reading(
        BounceKind.ARF,
        [{"recipient": address, "action": delivery} for address in addresses if address],
        report=fields,
        blame=_blame(fields, first, material.words),
        reporter=first.get("user-agent"),
    )


def _read_complaint(message: Message, material: Material) -> Reading | None:
    """Hotmail's feedback loop sends the message complained about without any report part."""
    subject = message.get("subject") if material.copy is not None else None
    if subject is None or b"complaint about message from" not in subject.raw[:200].lower():
        return None
    return Reading(BounceKind.ARF, blame=Blame(None, meaning=_MEANING_OF_TYPE["abuse"]), reporter="Hotmail")


def _blame(fields: list[tuple[str, str]], first: dict[str, str], words: str) -> Blame:
    """What an authentication failure report blames: its Auth-Failure field first (RFC 6591 §3.1)."""
    kind = first.get("feedback-type", "").lower().strip()
    if not kind.startswith("auth-failure"):
        return Blame(None, meaning=_MEANING_OF_TYPE.get(kind, _MEANING_OF_TYPE["other"]))
    results = " ".join(value for name, value in fields if name.lower() == "authentication-results")
    blamed, meaning, clue = _what_failed(first, results, words)
    address = first.get("source-ip", "").strip() or None
    whose = _whose(blamed, first, results)
    about_helo = blamed == Blamed.SPF and whose is not None and whose == _helo_in(results)
    identity: SpfIdentity | None = "helo" if about_helo else None
    meaning = told_of_helo(meaning) if about_helo else meaning
    return Blame(blamed, Basis.STATED, clue, meaning, "", whose, address, identity)


def _what_failed(first: dict[str, str], results: str, words: str) -> tuple[Blamed, str, str]:
    failure = first.get("auth-failure", "").lower().split()
    if failure and failure[0] in _BY_AUTH_FAILURE:
        return (*_BY_AUTH_FAILURE[failure[0]], f"Auth-Failure: {failure[0]}")
    if found := _UNALIGNED.search(words):
        return Blamed.ALIGNMENT, NOT_ALIGNED, found.group()
    if first.get("identity-alignment", "").strip().lower() == "none":
        return Blamed.ALIGNMENT, NOT_ALIGNED, "Identity-Alignment: none"
    failed = {method.lower(): f"{method}={result}" for method, result in _FAILED.findall(results)}
    if "dmarc" in failed:
        return Blamed.DMARC, DMARC_REJECT, failed["dmarc"]
    if len(failed) == 1:
        method, clue = failed.popitem()
        return Blamed(method), {"spf": SPF_FAIL, "dkim": DKIM_FAIL}.get(method, NO_AUTH), clue
    return Blamed.AUTHENTICATION, NO_AUTH, "Feedback-Type: auth-failure"


def _whose(blamed: Blamed, first: dict[str, str], results: str) -> str | None:
    """The domain the failure is about: for SPF the envelope sender's, for DKIM the signer's, else From's."""
    candidates = [first.get("reported-domain")]
    if author := _HEADER_FROM.search(results):
        candidates.insert(0, author.group(1))
    if blamed == Blamed.SPF:
        sender = dsn.address(first.get("original-mail-from")) or ""
        candidates.insert(0, sender.rpartition("@")[2] or _helo_in(results))
    elif blamed == Blamed.DKIM:
        candidates.insert(0, first.get("dkim-domain", "").partition(";")[0])
    for candidate in candidates:
        domain = (candidate or "").strip(" <>.\t").lower()
        if "." in domain:
            return domain
    return None


def _helo_in(results: str) -> str | None:
    """The name in HELO, where results of SPF are about that and not about MAIL FROM (RFC 8601 §2.7.2)."""
    found = _HELO.search(results)
    return found.group(1).lower() if found and "smtp.mailfrom" not in results.lower() else None


_HELO = re.compile(r"\bsmtp\.(?:helo|ehlo)=[\"']?([\w.-]{1,253})", re.IGNORECASE)


def read_notification(message: Message, material: Material) -> Reading | None:
    """Amazon SNS: a bounce, delivery or complaint of Amazon SES as JSON; None when it is none."""
    text = material.words.lstrip()
    if not text.startswith("{") or ('"notificationType"' not in text and '"eventType"' not in text):
        return None
    what, rows = _event(text.replace("!\n ", ""))  # a mail server had broken the long line
    if what == "Bounce":
        return Reading(BounceKind.PLAIN_BOUNCE, rows)
    why = f"A notification by Amazon SNS ({what or 'of an unknown type'}), not a bounce."
    return Reading(BounceKind.NOT_A_BOUNCE, rows, notes=[why])


def _event(text: str) -> tuple[str, list[Row]]:
    """Type and recipients of an Amazon SES event; ("", []) when the JSON can't be read."""
    import json

    try:
        event, _ = json.JSONDecoder(strict=False).raw_decode(text)
        if isinstance(event, dict) and isinstance(event.get("Message"), str):
            event = json.loads(event["Message"], strict=False)
    except (ValueError, RecursionError):
        return "", []
    if not isinstance(event, dict):
        return "", []
    what = str(event.get("notificationType") or event.get("eventType") or "")[:40]
    detail = event.get(what.lower())
    if not isinstance(detail, dict):
        return what, []
    recipients = (
        detail.get("bouncedRecipients")
        or detail.get("complainedRecipients")
        or detail.get("recipients")
        or []
    )
    if not isinstance(recipients, list):
        return what, []
    return what, [_notified(entry, detail) for entry in recipients]


def _notified(entry: Any, detail: dict[str, Any]) -> Row:
    if not isinstance(entry, dict):
        entry = {
            "emailAddress": entry,
            "action": "delivered",
            "diagnosticCode": detail.get("smtpResponse", ""),
        }
    words = read_reply(str(entry.get("diagnosticCode") or ""))
    status = entry.get("status")
    action = entry.get("action")
    return {
        "recipient": str(entry.get("emailAddress") or "") or None,
        "code": words.code,
        "enhanced": words.enhanced,
        "text": words.text,
        "action": str(action) if action else None,
        "status": dsn.status(str(status)) if status else None,
    }
