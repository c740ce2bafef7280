"""The receivers: what they decide, in which words they refuse, and what they write into the mail they keep.

Everyone runs the kit's own checks. The words are those that the receivers are known for, as
`helpers.bounce.phrases` reads them; the decision is the domain owner's (RFC 9989 §5.3, §7).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers.authentication import authenticate
from helpers.lab.mail import changed, moment, on_top
from helpers.lab.passing import Taken, queue_id, received_field
from helpers.message import Header
from helpers.terms import Envelope, Policy, Result, Shown

if TYPE_CHECKING:
    from helpers.terms import Authentication, Dns, Rules


@dataclass(frozen=True, slots=True, repr=False)
class Receiver(Shown):
    """One kind of receiver: its words, and what it does with mail that its author domain wants rejected.

    In the words ``{domain}`` stands for the author domain, ``{id}`` for the mail. ``at_reject`` is
    ``quarantine`` for a receiver that knows nothing of a sender but its policy and keeps to RFC 9989 §7.4,
    and ``none`` for one that only writes down what it found. Raises ValueError for any other word.
    """

    name: str
    title: str
    refusal: tuple[str, ...]  # the lines of the reply that refuses for p=reject
    deferral: tuple[str, ...]  # when DNS does not answer
    accepted: str = "250 2.0.0 OK {id}"
    at_reject: Policy = Policy.REJECT

    def __post_init__(self) -> None:
        object.__setattr__(self, "at_reject", Policy(self.at_reject))  # a plain word will do


_DEFERRAL = ("451 4.7.1 The DMARC policy of {domain} can't be looked up now, try again later.",)

RECEIVERS: dict[str, Receiver] = {
    receiver.name: receiver
    for receiver in (
        Receiver(
            "apple",
            "Apple iCloud",
            ("550 5.7.1 Your message was rejected due to {domain}'s DMARC policy.",),
            _DEFERRAL,
        ),
        Receiver(
            "gmail",
            "Gmail",
            (
                "550-5.7.26 Unauthenticated email from {domain} is not accepted due to domain's",
                "550-5.7.26 DMARC policy. See",
                "550 5.7.26 https://support.google.com/mail/?p=DmarcRejection {id} - gsmtp",
            ),
            (
                "451-4.7.26 Unauthenticated email from {domain} is not accepted due to domain's",
                "451-4.7.26 DMARC policy, but temporary DNS failures prevent authentication.",
                "451 4.7.26 {id} - gsmtp",
            ),
            "250 2.0.0 OK {id} - gsmtp",
        ),
        Receiver(
            "yahoo",
            "Yahoo",
            (
                "554 5.7.9 Message not accepted for policy reasons."
                " See https://senders.yahooinc.com/error-codes",
            ),
            _DEFERRAL,
        ),
        Receiver(
            "microsoft",
            "Microsoft 365",
            (
                "550 5.7.509 Access denied, sending domain {domain} does not pass DMARC verification"
                " and has a DMARC policy of reject.",
            ),
            _DEFERRAL,
        ),
        Receiver(
            "plain",
            "a receiver that answers in the RFC's words",
            ("550 5.7.1 Email rejected per DMARC policy for {domain}",),
            _DEFERRAL,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a receiver found and did. ``stored`` is the mail as kept, None when it was not."""

    authentication: Authentication
    disposition: Policy
    reply: tuple[str, ...]
    stored: bytes | None


def judge(
    receiver: Receiver, taken: Taken, *, host: str, dns: Dns, rules: Rules, number: int, hop: int
) -> Judgement:
    """Check the mail and do what its author domain asks for, as far as the receiver goes along with it.

    A mail whose checks ended in a temporary error is to be sent again later (RFC 9989 §5.3.5 leaves
    that to the receiver). Everything else is accepted.
    """
    envelope = Envelope(taken.client_ip, taken.helo, taken.mail.mail_from)
    now = moment(number, hop).timestamp()
    found = authenticate(taken.mail.raw, envelope=envelope, dns=dns, rules=rules, now=now)
    words = {"domain": found.dmarc.author_domain or "its sender", "id": queue_id(number, hop)}
    if found.dmarc.result == Result.TEMPERROR:
        return Judgement(found, Policy.NONE, _filled(receiver.deferral, words), None)
    done = found.dmarc.disposition
    if done == Policy.REJECT:
        done = receiver.at_reject
    if done == Policy.REJECT:
        return Judgement(found, done, _filled(receiver.refusal, words), None)
    stored = kept(taken, found, host=host, number=number, hop=hop, done=done)
    return Judgement(found, done, _filled((receiver.accepted,), words), stored)


def _filled(lines: tuple[str, ...], words: dict[str, str]) -> tuple[str, ...]:
    return tuple(line.format(**words) for line in lines)


def kept(
    taken: Taken, found: Authentication, *, host: str, number: int, hop: int, done: Policy | None = None
) -> bytes:
    """The mail as the receiver keeps it: with Return-Path, Received and Authentication-Results on top.

    Fields that only the last server may write are dropped first: somebody else's Return-Path
    (RFC 5321 §4.4), and results that claim to be from this receiver (RFC 8601 §5).
    """

    def change(header: Header) -> bytes | None:
        forged = header.lname == "authentication-results" and _names(header, host)
        return None if header.lname == "return-path" or forged else header.raw

    fields = [
        f"Return-Path: <{taken.mail.mail_from}>",
        received_field(taken, host, number, hop),
        results_field(found, host, done),
    ]
    return on_top(changed(taken.mail.raw, change), fields)


def _names(header: Header, host: str) -> bool:
    return re.match(rf"\s*{re.escape(host)}(?![\w.-])", header.value, re.IGNORECASE) is not None


def stored_report(taken: Taken, *, host: str, number: int, hop: int) -> bytes:
    """A bounce as the author's own inbox keeps it."""
    fields = [f"Return-Path: <{taken.mail.mail_from}>", received_field(taken, host, number, hop)]
    return on_top(taken.mail.raw, fields)


def results_field(found: Authentication, host: str, done: Policy | None = None) -> str:
    """The Authentication-Results field for these checks (RFC 8601 §2.2); ``done``: not what was asked for."""
    parts = [host]
    if found.spf is not None:
        said = "smtp.mailfrom" if found.envelope.mail_from else "smtp.helo"
        value = found.envelope.mail_from or found.envelope.helo or ""
        parts.append(f"spf={found.spf.result} {said}={_value(value)}")
    for check in found.dkim:
        about = f" header.d={_value(check.domain)}" if check.domain else ""
        about += f" header.s={_value(check.selector)}" if check.selector else ""
        parts.append(f"dkim={check.result}{about}")
    if not found.dkim:
        parts.append("dkim=none")
    if found.arc is not None and found.arc.result != Result.NONE:
        parts.append(f"arc={found.arc.result}")
    dmarc = found.dmarc
    policy = f" (p={dmarc.policy} dis={done or dmarc.disposition})" if dmarc.policy is not None else ""
    author = f" header.from={_value(dmarc.author_domain)}" if dmarc.author_domain else ""
    parts.append(f"dmarc={dmarc.result}{policy}{author}")
    return "Authentication-Results: " + ";\r\n\t".join(parts)


_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~@/=-]+")


def _value(text: str) -> str:
    """RFC 8601 §2.2: a value that is no token stands in quotes."""
    if _TOKEN.fullmatch(text):
        return text
    printable = "".join(c if 32 <= ord(c) < 127 else "?" for c in text[:200])
    return '"' + printable.replace("\\", "\\\\").replace('"', '\\"') + '"'
