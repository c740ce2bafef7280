"""Fixes that were tried: applied to a copy of the message, its envelope and DNS, and evaluated again.

Nothing is proposed that was not replayed with the kit's own checks. What people are told to do
and what changes nothing is tried as well, and told with its proof. Zones and messages that are
passed in stay as they are: a change is made in an `Overlay`, a new envelope, a new message.

Words: a *candidate* is one thing to try; a *fix* is the smallest set of them that passes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from helpers.authentication import Source
from helpers.bounce import Bounce
from helpers.diagnosis import Cause, Diagnosis, Findings, conclude, find_cause, is_private
from helpers.fixes.changes import registered
from helpers.fixes.results import Change, Fix, RejectedFix, Who
from helpers.fixes.trial import Case, Signed
from helpers.lookup import AskedOnce, ahead, can_ask_ahead
from helpers.terms import DnsStatus, Envelope, Rules

if TYPE_CHECKING:
    from helpers.terms import Dns

__all__ = ["Change", "Fix", "RejectedFix", "Who", "diagnose", "propose"]

Proposed = tuple[tuple[Fix, ...], tuple[RejectedFix, ...]]

# Causes that a change can do something about. The others: it passes, it is about something else,
# DNS does not answer, or there is no message to try anything on.
MENDABLE = frozenset(
    {
        Cause.AUTHENTICATED_AS_OTHER,
        Cause.NOTHING_AUTHENTICATES,
        Cause.SPF_UNAUTHORIZED,
        Cause.SPF_RECORD_ERROR,
        Cause.FORWARDED,
        Cause.SIGNATURE_BROKEN,
        Cause.SIGNATURE_INVALID,
        Cause.KEY_MISSING,
        Cause.KEY_REVOKED,
        Cause.KEY_INVALID,
        Cause.STRICT_ALIGNMENT,
        Cause.NO_POLICY,
        Cause.NO_AUTHOR_DOMAIN,
        Cause.UNDECIDED,
    }
)
WITHOUT_DNS = "No fixes are proposed: without DNS nothing could be tried out."


def diagnose(
    bounce_or_message: Source | Bounce,
    *,
    dns: Dns | None,
    envelope: Envelope | None = None,
    rules: Rules = "rfc9989",
    now: float | None = None,
) -> Diagnosis:
    """Why was this message refused (or would be), what does that rest on, and what helps?

    Arguments: a bounce or a message, or anything `read_bounce` takes; ``dns``: a zone, live
    or recorded DNS, or None to work from the message alone; ``envelope`` where it is known
    better than the headers tell; ``rules`` and ``now`` as in `authenticate`.

    Never raises on odd mail. With partial evidence the cause may be `Cause.UNDECIDED`;
    what is certain all the same stands in ``certain``. ``fixes`` were applied to a copy and
    evaluated again, best first; ``rejected_fixes`` were tried in vain. Without DNS there are
    none, since nothing could be tried.
    """
    if dns is not None and can_ask_ahead(dns):
        dns = AskedOnce(dns)  # one limit of time for the diagnosis and all its fixes
    diagnosis = find_cause(bounce_or_message, dns=dns, envelope=envelope, rules=rules, now=now)
    if diagnosis.cause not in MENDABLE or diagnosis.message is None:
        return diagnosis
    if dns is None:
        return replace(diagnosis, unchecked=(*diagnosis.unchecked, WITHOUT_DNS))
    dns = _foreseeing(diagnosis, dns, now)
    if missing := _unknown_domain(diagnosis, dns):
        return replace(diagnosis, unchecked=(*diagnosis.unchecked, missing))
    fixes, rejected = propose(diagnosis, dns, now=now)
    return replace(diagnosis, fixes=fixes, rejected_fixes=rejected)


def propose(found: Diagnosis | Findings, dns: Dns, *, now: float | None = None) -> Proposed:
    """What mends this message, and what people are told to do and is of no use here.

    Arguments: a diagnosis, or the findings of one; ``dns``, a zone, live or recorded DNS, in
    which the changes are tried; ``now`` in seconds since 1970, by default the time of the
    message's last hop. The rules (RFC 9989 or 7489) are those of the diagnosis.

    Returns fixes, best first (proven by a pass and keeping protection, then fewer changes), and
    rejected fixes. A set of changes is a fix when the message passes with it and with no part of
    it. Both are empty when nothing is wrong, when the refusal is not about authentication, when
    no message is at hand, and when DNS knows nothing about the author domain.

    Raises TypeError when ``found`` is neither, or ``dns`` can't be asked.
    """
    if not callable(dns):
        raise TypeError("propose needs dns, a zone or a resolver: without it nothing can be tried out")
    if isinstance(found, Findings):
        found = conclude(found)
    if not isinstance(found, Diagnosis):
        raise TypeError(f"propose takes a diagnosis or its findings, not {type(found).__name__}")
    if found.cause not in MENDABLE or found.message is None:
        return (), ()
    if found.authentication is None:  # it was made without DNS
        found = find_cause(found.bounce or found.message, dns=dns, now=now)
    if found.message is None or found.authentication is None or found.cause not in MENDABLE:
        return (), ()
    dns = _foreseeing(found, dns, now)
    if _unknown_domain(found, dns):
        return (), ()
    return _search(found, dns, now)


def _search(found: Diagnosis, dns: Dns, now: float | None, signed: Signed | None = None) -> Proposed:
    from helpers.fixes.search import search

    if found.message is None or found.authentication is None:
        return (), ()
    return search(Case(found, found.message, found.authentication, dns, now, signed))


def _foreseeing(found: Diagnosis, dns: Dns, now: float | None) -> Dns:
    """Live DNS, asked ahead for what the search for fixes will ask; other DNS as it is."""
    if not can_ask_ahead(dns):
        return dns
    author = found.message.author_domain if found.message is not None else None
    sure = [(registered(author), "TXT")] if author is not None else []
    signed: Signed = {}
    rehearsal = [lambda rehearsed: _search(found, rehearsed, now, signed)]
    return ahead(AskedOnce(dns), sure, rehearsal, eager=False)


def _unknown_domain(diagnosis: Diagnosis, dns: Dns) -> str:
    """Why nothing can be tried: the zone at hand is another domain's. Empty when it is not."""
    author = diagnosis.message.author_domain if diagnosis.message is not None else None
    if author is None:
        return ""
    domains = [registered(author)]
    bounce = diagnosis.bounce
    helo = bounce.envelope.helo if bounce is not None and bounce.blames_helo else None
    if helo and not is_private(helo):
        domains.append(registered(helo))
    domain = next((name for name in domains if dns(name, "TXT").status == DnsStatus.NXDOMAIN), None)
    if domain is None:
        return ""
    return (
        f"The DNS that was asked has no name {domain}, so no fix could be tried out: pass the zone of "
        f"{domain}, or ask for live DNS."
    )
