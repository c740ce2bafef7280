"""The final exam: ten cases with a domain that is set up wrongly, judged by sending the mail again.

case    a mail, the way it is sent, the zone of the domain's owner; what came back
way     how the mail is sent: what is in MAIL FROM, who signs with which selector
fix     changed records, another way of sending, or both: right is whatever makes the same mail pass
        without giving up what protected the domain, and without harm to its other mail
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from helpers.authentication import authenticate
from helpers.diagnosis import Cause, find_cause
from helpers.domains import organizational_domain
from helpers.exercises import Feedback, right, wrong
from helpers.lab import lab_key
from helpers.lookup import Zone, a_label
from helpers.message import Message, read_message
from helpers.services import sign
from helpers.terms import Authentication, Result, Shown

STRANGER = "192.0.2.200"  # nobody whom any record lists
RECEIVER, READER = "mx.receiver.example", "reader@receiver.example"
CHANGEABLE = ("mail_from", "signed_by", "selector")


@dataclass(frozen=True, slots=True, repr=False)
class Way(Shown):
    """How a mail is sent: server, envelope and signature. ``signed_by`` None: nobody signs."""

    client_ip: str
    helo: str
    mail_from: str
    signed_by: str | None = None
    selector: str = "s1"


@dataclass(frozen=True, slots=True, repr=False)
class Case(Shown):
    """One case of the exam: read ``story``, look at ``message`` and ``zone``, then `judge` your answer.

    ``key`` is the record's text that belongs to the key the mail is, or would be, signed with.
    ``others`` are the domain's other mails, which pass today and have to go on passing.
    """

    number: int
    title: str
    story: str
    author: str
    way: Way
    zone: Zone
    others: tuple[Way, ...] = ()
    on_the_way: Literal["", "forwarder"] = ""

    @property
    def key(self) -> str:
        """The text of the TXT record for the key in use (RFC 6376 §3.6.1)."""
        return lab_key("own").record

    @property
    def message(self) -> Message:
        """The mail as the receiver got it."""
        return read_message(_sent(self, self.way))

    @property
    def refusal(self) -> str:
        """What the receiver answered."""
        return f"550 5.7.1 Your message was rejected due to {self.domain}'s DMARC policy."

    @property
    def domain(self) -> str:
        """The author domain."""
        return self.author.rpartition("@")[2]

    def judge(self, *, cause: Any, dns: Any = None, **sending: Any) -> Feedback:
        """Is this the cause, and does this change help? The mail is sent again with the change.

        Arguments: ``cause``, one of `helpers.Cause`; ``dns``, the records that change, as name → text or
        texts of TXT (an empty list takes a record away); ``mail_from``, ``signed_by``, ``selector``,
        another way of sending, in so far as it changes. Returns `Feedback`, which says what the change
        does, and never the answer. Raises TypeError for a keyword that is none of these.
        """
        if unknown := set(sending) - set(CHANGEABLE):
            raise TypeError(f"{min(unknown)!r} can't be changed; what can: dns, {', '.join(CHANGEABLE)}")
        if any(given is ... for given in (cause, dns, *sending.values())):
            return wrong("Not answered yet: put your cause and your change in the place of the dots.")
        if said := _wrong_cause(self, cause):
            return wrong(said)
        zone, problem = _changed_zone(self, dns or {})
        way, odd = _changed_way(self.way, sending)
        if problem or odd:
            return wrong(problem or odd)
        return _verdict(self, zone, way)


# ------------------------------------------------------------------- sending


def _sent(case: Case, way: Way) -> bytes:
    """The mail as it arrives: signed where the way says so, with the traces of its hops."""
    text = (
        f"From: {case.author}\r\nTo: {READER}\r\nSubject: {case.title}\r\n"
        f"Date: Mon, 02 Jun 2025 09:00:00 +0000\r\nMessage-ID: <exam-{case.number}@{case.domain}>\r\n\r\n"
        "A few lines of text.\r\n"
    ).encode()
    if way.signed_by:
        text = sign(text, domain=way.signed_by, selector=way.selector, key=lab_key("own"), at=1748854800)
    client, helo = way.client_ip, way.helo
    if case.on_the_way == "forwarder":
        taken = _received(way.helo, way.client_ip, "mx.forwarder.example", "member@forwarder.example", 1)
        text = taken.encode() + text
        client, helo = "203.0.113.200", "out.forwarder.example"
    head = f"Return-Path: <{way.mail_from}>\r\n" + _received(helo, client, RECEIVER, READER, 3)
    return head.encode() + text


def _received(helo: str, ip: str, by: str, recipient: str, second: int) -> str:
    return (
        f"Received: from {helo} ({helo} [{ip}])\r\n\tby {by} with ESMTPS id exam\r\n"
        f"\tfor <{recipient}>; Mon, 02 Jun 2025 09:00:{second:02} +0000\r\n"
    )


def check(case: Case, way: Way, zone: Zone) -> Authentication:
    """All checks of the mail of this case, sent this way, with this DNS."""
    return authenticate(_sent(case, way), dns=zone)


# --------------------------------------------------------------------- cause


def true_cause(case: Case) -> Cause:
    """What the kit finds: the cause is computed, not stored."""
    return find_cause(_sent(case, case.way), dns=case.zone).cause


def _wrong_cause(case: Case, cause: Any) -> str:
    """What speaks against the stated cause; empty when it is the one."""
    words = [one.value for one in Cause]
    if cause not in words:
        return f"“{str(cause)[:40]}” is none of the causes; h.Cause lists them."
    if cause == true_cause(case):
        return ""
    found = check(case, case.way, case.zone)
    spf = f"spf={found.spf.result} for {found.spf.domain}" if found.spf else "SPF was not checked"
    dkim = ", ".join(f"dkim={one.result} for {one.domain}" for one in found.dkim) or "no signature"
    return f"“{cause}” does not fit what the checks say: {spf}; {dkim}; dmarc={found.dmarc.result}."


# -------------------------------------------------------------------- change


def _changed_zone(case: Case, dns: Any) -> tuple[Zone, str]:
    if not isinstance(dns, Mapping):
        return case.zone, 'dns is a dict of TXT records: {"_dmarc.somewhere.example": "v=DMARC1; …"}.'
    zone = case.zone
    owner = organizational_domain(case.domain, dns=Zone.from_dict({}), rules="rfc7489")
    for name, texts in dns.items():
        at = a_label(name) if isinstance(name, str) else None
        if at is None:
            return zone, f"“{str(name)[:60]}” is not a name that DNS can hold."
        if at != owner and not at.endswith(f".{owner}"):
            return zone, f"{at} is not yours to change: you run the DNS of {owner}."
        try:
            zone = zone.with_records(at, "TXT", [texts] if isinstance(texts, str) else list(texts))
        except (TypeError, ValueError) as error:
            return zone, f"The record at {at} can't be published: {error}"
    return zone, ""


def _changed_way(way: Way, sending: Mapping[str, Any]) -> tuple[Way, str]:
    for name, value in sending.items():
        allowed = isinstance(value, str) or (name == "signed_by" and value is None)
        if not allowed:
            return way, f"{name} is text, such as {getattr(way, name) or 'example.com'!r}."
        domain = value.rpartition("@")[2] if isinstance(value, str) else ""
        if value is not None and (not value.isprintable() or a_label(domain) is None):
            return way, f"“{value[:60]}” can't be {name}: its domain is none."
    return replace(way, **dict(sending)), ""


def _verdict(case: Case, zone: Zone, way: Way) -> Feedback:
    try:
        found = check(case, way, zone)
    except ValueError as error:
        return wrong(f"The mail can't be sent like this: {error}")
    if found.dmarc.result != Result.PASS:
        return wrong(
            f"The cause is right. After the change, though: dmarc={found.dmarc.result}. {found.dmarc.reason}"
        )
    for guard in (_opened, _harmed):
        if said := guard(case, zone):
            return wrong(f"The cause is right, and this mail would pass. {said}")
    return right(f"The mail passes, and a stranger's still does not. {found.dmarc.reason}")


def _opened(case: Case, zone: Zone) -> str:
    """What the change gives up: a stranger's mail has to fare as badly as before."""
    domain = case.domain
    ways = (
        Way(STRANGER, "stranger.example", "someone@stranger.example"),
        Way(STRANGER, "stranger.example", case.author),
        Way(STRANGER, "stranger.example", f"x@{case.way.mail_from.rpartition('@')[2]}"),
    )
    for way in ways:
        before, after = (check(case, way, world).dmarc for world in (case.zone, zone))
        if after.result == Result.PASS:
            return f"But so does a stranger who writes as {domain} from anywhere."
        if after.disposition.strength < before.disposition.strength:
            return (
                f"But a forgery in the name of {domain} was answered with {before.disposition} before, "
                f"and now with {after.disposition}."
            )
    return ""


def _harmed(case: Case, zone: Zone) -> str:
    """Which of the domain's other mail no longer passes."""
    for other in case.others:
        found = check(replace(case, on_the_way=""), other, zone)
        if found.dmarc.result != Result.PASS:
            return (
                f"But the mail that {other.helo} sends for {case.domain} no longer does: {found.dmarc.reason}"
            )
    return ""
