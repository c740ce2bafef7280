"""One message of a mailbox as rows: a row for each recipient that did not get it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from helpers.bounce import Bounce, each_recipient, read_bounce
from helpers.diagnosis import Cause, Diagnosis, Findings, conclude, find_cause
from helpers.lookup import a_label
from helpers.message import Message, read_message
from helpers.terms import Basis, Blamed, BounceKind, Envelope, Policy, Result, Rules, Shown

if TYPE_CHECKING:
    from helpers.terms import Dns

MAX_TEXT = 1_000  # characters of a reply
MAX_NAME = 500  # characters of a subject, a message id, a list of domains
NO_TEXT = "a picture or some other file that is not text"
_UNKNOWN = Envelope()
_SIGNER = re.compile(r"(?:^|;)\s*d\s*=\s*([^\s;]+)")  # RFC 6376 §3.5
NO_MAIL = "no mail: neither header fields nor the words of a refusal"


@dataclass(frozen=True, slots=True, repr=False)
class MailboxRow(Shown):
    """One failed recipient. None is "not known" or "not said" throughout.

    ``message`` numbers the messages of the whole run from 1; ``file`` and ``position`` say where it is.
    ``date`` (UTC) is the bounce's own. ``receiver`` is who refused, by name where the kit knows it, else
    the host, which ``receiver_host`` has always; ``reporter`` is who wrote the bounce. ``action`` is failed
    or delayed (RFC 3464 §2.3.3). ``code``, ``enhanced`` and ``text`` are the reply, ``meaning`` says it
    plainly. ``blamed`` (dmarc, spf, dkim …; None: not about authentication), ``blamed_domain`` and
    ``basis`` are what the reply blames and how that is known; ``cause`` and ``summary`` why it happened.
    ``author_domain``, ``mail_from_domain`` and ``dkim_domains`` (comma-separated) are the names in the
    message that came back, ``client_ip`` the address that the receiver named. ``dmarc`` and ``policy``
    are recomputed where the refusal is about authentication, so they need DNS. ``subject`` and
    ``message_id`` are those of the message that came back.
    """

    message: int
    file: str | None
    position: int
    date: datetime | None
    kind: BounceKind
    action: str | None
    recipient: str | None
    recipient_domain: str | None
    receiver: str | None
    receiver_host: str | None
    reporter: str | None
    code: int | None
    enhanced: str | None
    text: str | None
    meaning: str | None
    blamed: Blamed | None
    blamed_domain: str | None
    basis: Basis | None
    cause: Cause
    summary: str
    author_domain: str | None
    mail_from_domain: str | None
    dkim_domains: str | None
    client_ip: str | None
    dmarc: Result | None
    policy: Policy | None
    subject: str | None
    message_id: str | None


COLUMNS = tuple(f.name for f in fields(MailboxRow))
PLACE = 3  # the first columns, which only who walks through the mailbox can tell

Values = tuple[Any, ...]
"""A row without its first `PLACE` columns."""


def rows_of(raw: bytes, *, dns: Dns | None, rules: Rules, everything: bool) -> tuple[Values, ...] | str:
    """The rows of one message: none for one that is no bounce, or the reason why it can't be read.

    ``everything``: a message that is no bounce has a row as well, with what would become of it.
    """
    message = read_message(raw)
    bounce = read_bounce(message)
    if bounce.kind == BounceKind.NOT_A_BOUNCE and not message.headers:
        return NO_TEXT if any("not text" in note for note in bounce.notes) else NO_MAIL
    if not bounce.is_bounce:
        found = find_cause(bounce, dns=dns, rules=rules) if everything else None
        return (_row(bounce, found, message),) if found is not None else ()
    return tuple([_row(one, _cause(one, dns, rules), one.original) for one in each_recipient(bounce)])


def _cause(bounce: Bounce, dns: Dns | None, rules: Rules) -> Diagnosis:
    """Most refusals are not about authentication, and then no check of it would change anything."""
    if bounce.blamed is None:
        return conclude(Findings(None, bounce, _UNKNOWN, (), None, False, ()))
    return find_cause(bounce, dns=dns, rules=rules)


def _row(bounce: Bounce, found: Diagnosis, message: Message | None) -> Values:
    """The values of one recipient, in the order of `COLUMNS`."""
    reply = bounce.replies[0] if bounce.replies else None
    recipient = reply.recipient if reply else None
    dmarc = found.authentication.dmarc if found.authentication else None
    return (
        _date(bounce.message),
        bounce.kind,
        reply.action if reply else None,
        _short(recipient),
        _domain(recipient),
        _short(bounce.receiver),
        _short(reply.receiver if reply else None),
        _short(bounce.reporter),
        reply.code if reply else None,
        (reply.enhanced or reply.status) if reply else None,
        (reply.text[:MAX_TEXT] or None) if reply else None,
        bounce.meaning or None,
        bounce.blamed,
        bounce.blamed_domain,
        bounce.basis,
        found.cause,
        found.summary,
        message.author_domain if message else None,
        _mail_from_domain(bounce, message),
        _short(", ".join(dict.fromkeys(_signers(message)))),
        bounce.blamed_ip,
        dmarc.result if dmarc else None,
        dmarc.policy if dmarc else None,
        _short(message.subject if message else None),
        _short(message.message_id if message else None),
    )


def _short(text: str | None) -> str | None:
    return text[:MAX_NAME] or None if text else None


def _signers(message: Message | None) -> Iterator[str]:
    """The ``d=`` of each signature, topmost first."""
    for header in message.all("DKIM-Signature") if message else ():
        if found := _SIGNER.search(header.value):
            yield a_label(found.group(1)) or found.group(1).lower()


def _domain(address: str | None) -> str | None:
    """The domain of an address, as an A-label where it is one."""
    domain = address.rpartition("@")[2] if address and "@" in address else ""
    return (a_label(domain) or domain.lower()[:MAX_NAME]) or None


def _mail_from_domain(bounce: Bounce, message: Message | None) -> str | None:
    envelope = bounce.envelope if bounce.is_bounce or message is None else message.envelope
    return _domain(envelope.mail_from)


def _date(message: Message | None) -> datetime | None:
    """When the bounce was written, else when the last server took it; None when neither can be told."""
    if message is None:
        return None
    date = message.date or next((hop.date for hop in reversed(message.hops) if hop.date), None)
    try:
        return date.astimezone(UTC) if date else None
    except OverflowError:  # the first or last day that there is
        return None
