"""Cause and evidence: why this message was refused, in a sentence, and what that rests on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from helpers.authentication import Source
from helpers.bounce import Bounce, read_bounce
from helpers.diagnosis.evidence import (
    Findings,
    Identifier,
    collect,
    may_be_signed,
    only_spf_can_have_failed,
)
from helpers.diagnosis.helo import check_helo, helo_envelope, is_private
from helpers.diagnosis.policy import PolicyGap, elsewhere, is_almost_dmarc, meant_record
from helpers.diagnosis.rows import certain_of, default_signer, evidence_of
from helpers.diagnosis.srs import rewritten_sender
from helpers.diagnosis.words import summary_of
from helpers.message import Message, read_message
from helpers.terms import (
    Authentication,
    Blamed,
    DkimCheck,
    Envelope,
    Fact,
    KeyState,
    Result,
    Rules,
    Shown,
)

if TYPE_CHECKING:
    from helpers.terms import Dns

__all__ = [
    "TITLES",
    "Cause",
    "Diagnosis",
    "Findings",
    "Identifier",
    "PolicyGap",
    "cause_of",
    "check_helo",
    "collect",
    "conclude",
    "default_signer",
    "elsewhere",
    "find_cause",
    "forwarder",
    "helo_envelope",
    "is_almost_dmarc",
    "is_private",
    "meant_record",
]


class Cause(StrEnum):
    """Why a message was refused, or would be. A closed set: every diagnosis ends in one."""

    PASSES = "passes"
    AUTHENTICATED_AS_OTHER = "authenticated_as_other"
    NOTHING_AUTHENTICATES = "nothing_authenticates"
    SPF_UNAUTHORIZED = "spf_unauthorized"
    SPF_RECORD_ERROR = "spf_record_error"
    FORWARDED = "forwarded"
    SIGNATURE_BROKEN = "signature_broken"
    SIGNATURE_INVALID = "signature_invalid"
    KEY_MISSING = "key_missing"
    KEY_REVOKED = "key_revoked"
    KEY_INVALID = "key_invalid"
    STRICT_ALIGNMENT = "strict_alignment"
    NO_POLICY = "no_policy"
    DNS_TROUBLE = "dns_trouble"
    NO_AUTHOR_DOMAIN = "no_author_domain"
    NOT_REPRODUCED = "not_reproduced"
    STATED_ONLY = "stated_only"
    UNDECIDED = "undecided"
    NOT_ABOUT_AUTHENTICATION = "not_about_authentication"
    NOT_A_MESSAGE = "not_a_message"


TITLES = {
    Cause.PASSES: "Nothing is wrong with the authentication",
    Cause.AUTHENTICATED_AS_OTHER: "Authenticated as somebody else",
    Cause.NOTHING_AUTHENTICATES: "Nothing vouches for the message",
    Cause.SPF_UNAUTHORIZED: "Sent from a server that the domain does not list",
    Cause.SPF_RECORD_ERROR: "The SPF record can't be evaluated",
    Cause.FORWARDED: "Forwarding took the authentication away",
    Cause.SIGNATURE_BROKEN: "The message was changed after it was signed",
    Cause.SIGNATURE_INVALID: "The DKIM signature itself is not valid",
    Cause.KEY_MISSING: "The DKIM key is not in DNS",
    Cause.KEY_REVOKED: "The DKIM key was revoked",
    Cause.KEY_INVALID: "The DKIM key in DNS is damaged",
    Cause.STRICT_ALIGNMENT: "The domain asks for an exact match",
    Cause.NO_POLICY: "The domain publishes no DMARC policy",
    Cause.DNS_TROUBLE: "DNS did not answer",
    Cause.NO_AUTHOR_DOMAIN: "There is not exactly one author domain",
    Cause.NOT_REPRODUCED: "What came back does not show the failure",
    Cause.STATED_ONLY: "Only the receiver's words are at hand",
    Cause.UNDECIDED: "Too little is known to name one cause",
    Cause.NOT_ABOUT_AUTHENTICATION: "The refusal is not about authentication",
    Cause.NOT_A_MESSAGE: "This is not a message",
}


@dataclass(frozen=True, repr=False)
class Diagnosis(Shown):
    """The answer to "why exactly?". ``summary`` is the cause in plain sentences, ``evidence``
    the facts it rests on, ``certain`` what holds whatever else may turn up, ``unchecked``
    what could not be looked at and how to get it. ``fixes`` and ``rejected_fixes`` are those
    of the room `fixes`, which proposes and tries them; `find_cause` leaves them empty."""

    cause: Cause
    summary: str
    evidence: tuple[Fact, ...] = ()
    certain: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    fixes: tuple[Any, ...] = ()
    rejected_fixes: tuple[Any, ...] = ()
    authentication: Authentication | None = None
    bounce: Bounce | None = None
    message: Message | None = None
    identifiers: tuple[Identifier, ...] = ()

    @property
    def title(self) -> str:
        """The cause as a heading."""
        return TITLES[self.cause]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: cause, title, summary, evidence and what was and wasn't checked."""
        plain: dict[str, Any] = {
            "cause": self.cause.value,
            "title": self.title,
            "summary": self.summary,
            "evidence": [fact.to_dict() for fact in self.evidence],
            "certain": list(self.certain),
            "unchecked": list(self.unchecked),
            "fixes": [fix.to_dict() for fix in self.fixes],
            "rejected_fixes": [fix.to_dict() for fix in self.rejected_fixes],
        }
        plain["authentication"] = self.authentication.to_dict() if self.authentication else None
        plain["bounce"] = self.bounce.to_dict() if self.bounce else None
        return plain


def find_cause(
    bounce_or_message: Source | Bounce,
    *,
    dns: Dns | None,
    envelope: Envelope | None = None,
    rules: Rules = "rfc9989",
    now: float | None = None,
) -> Diagnosis:
    """Why was this message refused (or would be), and what does that rest on?

    Arguments: a bounce or a message, or anything `read_bounce` takes; ``dns``: a zone, live
    or recorded DNS, or None to work from the message alone; ``envelope`` where it is known
    better than the headers tell; ``rules`` and ``now`` as in `authenticate`.

    Returns the diagnosis without fixes: `helpers.diagnose` is this with fixes. Never raises on
    odd mail. With partial evidence the cause may be `Cause.UNDECIDED`; what is certain all the
    same stands in ``certain``.
    """
    bounce = bounce_or_message if isinstance(bounce_or_message, Bounce) else read_bounce(bounce_or_message)
    reported = bounce.is_bounce or bounce.says_it_arrived
    message = bounce.original if reported else _message_of(bounce, bounce_or_message)
    findings = collect(
        message, bounce if reported else None, dns=dns, envelope=envelope, rules=rules, now=now
    )
    return conclude(findings)


def conclude(findings: Findings) -> Diagnosis:
    """The diagnosis that follows from what was found. Pure."""
    cause = cause_of(findings)
    return Diagnosis(
        cause=cause,
        summary=summary_of(cause, findings),
        evidence=evidence_of(findings),
        certain=certain_of(findings),
        unchecked=findings.unchecked,
        authentication=findings.authentication,
        bounce=findings.bounce,
        message=findings.message,
        identifiers=findings.identifiers,
    )


def _message_of(bounce: Bounce, source: Source | Bounce) -> Message | None:
    message = bounce.message
    if message is None and not isinstance(source, Bounce):
        message = read_message(source)
    if message is None or not any(_FIELD_NAME.fullmatch(header.lname) for header in message.headers):
        return None
    return message


_FIELD_NAME = re.compile(r"[a-z][\w-]*")  # and none that begins as JSON does


# ---------------------------------------------------------------------- cause


def cause_of(findings: Findings) -> Cause:
    """The one cause that fits the findings best. Pure."""
    bounce, message = findings.bounce, findings.message
    if bounce is not None and (bounce.blamed is None or not bounce.is_bounce):
        return Cause.NOT_ABOUT_AUTHENTICATION
    if message is None:
        return Cause.STATED_ONLY if bounce is not None else Cause.NOT_A_MESSAGE
    if message.author_domain is None:
        return Cause.NO_AUTHOR_DOMAIN
    if (named := _what_the_receiver_named(findings)) is not None:
        return named
    dmarc = findings.dmarc
    if dmarc is not None and dmarc.result == Result.TEMPERROR:
        return Cause.DNS_TROUBLE
    if _asks_for_policy(findings):
        return Cause.NO_POLICY
    if any(i.aligned and i.result == Result.PASS for i in findings.identifiers):
        return Cause.NOT_REPRODUCED if _refused_for_authentication(bounce) else Cause.PASSES
    if dmarc is not None and dmarc.result == Result.NONE and not _refused_for_authentication(bounce):
        return Cause.UNDECIDED if findings.unknown_domain else Cause.NO_POLICY
    found = _failure(findings)
    if may_be_signed(findings) and found != Cause.AUTHENTICATED_AS_OTHER:  # that it is, signed or not
        return Cause.UNDECIDED
    return found


def _asks_for_policy(findings: Findings) -> bool:
    """The receiver saw no DMARC record, and nothing here says otherwise."""
    dmarc, bounce = findings.dmarc, findings.bounce
    return bounce is not None and bounce.asks_for_policy and (dmarc is None or dmarc.result == Result.NONE)


def _what_the_receiver_named(findings: Findings) -> Cause | None:
    """A receiver that refuses for SPF or DKIM itself does not ask about alignment."""
    bounce = findings.bounce
    blamed = bounce.blamed if bounce is not None else None
    if bounce is not None and bounce.says_dns and not _fails_here(findings):
        return Cause.DNS_TROUBLE
    if blamed == Blamed.SPF and findings.asks_helo and findings.helo is None:
        return Cause.UNDECIDED
    if blamed == Blamed.SPF:
        spf = findings.asked_spf
        if findings.asks_helo and spf is not None and spf.result == Result.PASS:
            return Cause.NOT_REPRODUCED
        return _spf_fault(findings, spf) if spf is not None and spf.result != Result.PASS else None
    if blamed == Blamed.DKIM:
        checks = [i.check for i in findings.identifiers if isinstance(i.check, DkimCheck)]
        failed = [c for c in checks if c.result not in (Result.PASS, Result.NEUTRAL)]
        if failed:
            return _signature_fault(failed[0])
        return Cause.NOTHING_AUTHENTICATES if findings.unsigned else None
    return None


def _fails_here(findings: Findings) -> bool:
    """Whether what DNS did not answer the receiver was looked up here, whatever came of it."""
    blamed = findings.bounce.blamed if findings.bounce is not None else None
    if blamed == Blamed.SPF:
        return findings.asked_spf is not None and findings.asked_spf.check is not None
    if blamed == Blamed.DKIM:
        return any(isinstance(i.check, DkimCheck) for i in findings.identifiers)
    return findings.dmarc is not None


def _refused_for_authentication(bounce: Bounce | None) -> bool:
    return bounce is not None and bounce.blamed is not None


def _failure(findings: Findings) -> Cause:
    """Why none passed and aligned. What would have aligned comes first: it was meant to work."""
    mine = [i for i in findings.identifiers if i.aligned is not False]
    signatures = [i for i in mine if i.method == "dkim"]
    for identifier in signatures:
        if isinstance(identifier.check, DkimCheck) and identifier.result is not None:
            return _signature_fault(identifier.check)
    if any(i.result is None for i in signatures):  # headers verify, or no DNS: nobody can say yet
        known = findings.authentication is not None and not findings.excerpt
        return Cause.NOT_REPRODUCED if known else Cause.UNDECIDED
    if any(i.aligned_if_relaxed and i.result == Result.PASS for i in findings.identifiers):
        return Cause.STRICT_ALIGNMENT
    if signatures:  # stated by a receiver, who does not say why
        return Cause.SIGNATURE_BROKEN
    if spf := [i for i in mine if i.method == "spf"]:
        return _spf_fault(findings, spf[0])
    if rewritten_sender(findings) is not None and not signatures:
        return Cause.FORWARDED
    if findings.identifiers and any(i.result in (Result.PASS, None) for i in findings.identifiers):
        return Cause.AUTHENTICATED_AS_OTHER
    return Cause.NOTHING_AUTHENTICATES


def _signature_fault(check: DkimCheck) -> Cause:
    if check.result == Result.TEMPERROR:
        return Cause.DNS_TROUBLE
    if check.body_hash_ok is False or check.signature_ok is False:
        return Cause.SIGNATURE_BROKEN
    return _KEY_FAULTS.get(check.key_state, Cause.SIGNATURE_INVALID)


_KEY_FAULTS: dict[KeyState | None, Cause] = {
    KeyState.MISSING: Cause.KEY_MISSING,
    KeyState.REVOKED: Cause.KEY_REVOKED,
    KeyState.INVALID: Cause.KEY_INVALID,
    KeyState.UNREACHABLE: Cause.DNS_TROUBLE,
}


def _spf_fault(findings: Findings, identifier: Identifier) -> Cause:
    if identifier.result is None and not only_spf_can_have_failed(findings):
        return Cause.UNDECIDED
    if identifier.result is None and findings.broken_spf is not None:
        return Cause.SPF_RECORD_ERROR
    if identifier.result == Result.TEMPERROR:
        return Cause.DNS_TROUBLE
    if identifier.result == Result.PERMERROR:
        return Cause.SPF_RECORD_ERROR
    if findings.asks_helo:  # of that name: the way that the message took and its signatures don't matter
        return Cause.SPF_UNAUTHORIZED
    if identifier.result == Result.NONE:
        return Cause.NOTHING_AUTHENTICATES
    forwarded = findings.message is not None and forwarder(findings.message, findings.bounce)
    return Cause.FORWARDED if forwarded else Cause.SPF_UNAUTHORIZED


def forwarder(message: Message, bounce: Bounce | None) -> str | None:
    """The host that took the message in for one address and passed it on for another, if any."""
    hops = message.hops
    seen = [(hop.for_address.lower(), hop.by or "a forwarding host") for hop in hops if hop.for_address]
    refused = [r.recipient.lower() for r in bounce.replies if r.recipient] if bounce else []
    if refused and not (seen and seen[-1][0] in refused):  # one of several recipients is named here
        seen.append((refused[0], ""))
    return next((host for (first, host), (later, _) in pairwise(seen) if first != later), None)
