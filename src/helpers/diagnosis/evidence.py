"""What is known about one refused message, and how: collected before any conclusion is drawn.

Identifier  a name that SPF or DKIM can vouch for: the MAIL FROM domain (HELO for ``<>``), or one ``d=``
candidate   an identifier that might have passed: nothing at hand says so or otherwise
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from helpers.arc import verify_arc
from helpers.authentication import asking_ahead, check_envelope, received_at
from helpers.diagnosis.helo import check_helo, helo_envelope
from helpers.diagnosis.missing import missing
from helpers.diagnosis.policy import PolicyGap, policy_gap
from helpers.diagnosis.spf_record import broken_record
from helpers.dkim import verify_dkim
from helpers.dmarc import evaluate_dmarc
from helpers.domains import organizational_domain
from helpers.lookup import a_label
from helpers.terms import (
    Alignment,
    Authentication,
    Basis,
    Blamed,
    DkimCheck,
    DmarcCheck,
    DnsStatus,
    Envelope,
    Result,
    Rules,
    SpfCheck,
)

if TYPE_CHECKING:
    from helpers.bounce import Bounce
    from helpers.message import Message, Stated
    from helpers.terms import Dns


@dataclass(frozen=True, slots=True)
class Identifier:
    """One identifier that could authenticate the author domain. ``result`` None: not known."""

    method: Literal["spf", "dkim"]
    domain: str
    result: Result | None
    basis: Basis
    source: str
    aligned: bool | None = None
    aligned_if_relaxed: bool | None = None
    check: SpfCheck | DkimCheck | None = None

    @property
    def label(self) -> str:
        """The identifier's name in tables."""
        if self.method == "spf":
            return (
                "HELO" if isinstance(self.check, SpfCheck) and self.check.identity == "helo" else "MAIL FROM"
            )
        return "DKIM d="


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything at hand about one message."""

    message: Message | None
    bounce: Bounce | None
    envelope: Envelope
    identifiers: tuple[Identifier, ...]
    authentication: Authentication | None  # None: no DNS was given, or no message came back
    unsigned: bool  # all headers are at hand and none is a DKIM-Signature, or a receiver says so
    unchecked: tuple[str, ...]
    excerpt: bool = False  # only some lines of the header are at hand
    broken_spf: SpfCheck | None = None  # the client IP is not known, and the record has an error all the same
    policy_gap: PolicyGap | None = None  # what stands where a DMARC record should
    unknown_domain: str = ""  # the registered domain of the author, where DNS has no such name
    helo: Identifier | None = None  # SPF of the name in HELO, where the receiver refused for that

    @property
    def author_domain(self) -> str | None:
        """The author domain, or the one the receiver named when no header came back."""
        if self.message is not None:
            return self.message.author_domain
        return self.bounce.blamed_domain if self.bounce is not None else None

    @property
    def spf(self) -> Identifier | None:
        """What SPF speaks for, if MAIL FROM is known."""
        return next((i for i in self.identifiers if i.method == "spf"), None)

    @property
    def asks_helo(self) -> bool:
        """Whether the receiver refused for SPF of the name in HELO, and MAIL FROM is another one."""
        return helo_envelope(self.bounce, self.envelope) is not None

    @property
    def asked_spf(self) -> Identifier | None:
        """What the receiver asked SPF about, if it is known: the name in HELO, or else that of `spf`."""
        return self.helo if self.asks_helo else self.spf

    @property
    def dmarc(self) -> DmarcCheck | None:
        """The DMARC check, when DNS was there to make one."""
        return self.authentication.dmarc if self.authentication is not None else None


def only_spf_can_have_failed(findings: Findings) -> bool:
    """Whether the receiver's words, with what is at hand, leave nothing but SPF to have failed."""
    blamed = findings.bounce.blamed if findings.bounce is not None else None
    if blamed == Blamed.SPF:
        return True
    if blamed == Blamed.AUTHENTICATION:
        return findings.unsigned
    if blamed not in (Blamed.DMARC, Blamed.ALIGNMENT) or may_be_signed(findings):
        return False
    return not any(i.method == "dkim" and i.aligned is not False for i in findings.identifiers)


def may_be_signed(findings: Findings) -> bool:
    """Whether a signature may have been among header lines that are not at hand."""
    signed = any(identifier.method == "dkim" for identifier in findings.identifiers)
    return findings.excerpt and not findings.unsigned and not signed


# ---------------------------------------------------------------- collecting


def collect(
    message: Message | None,
    bounce: Bounce | None,
    *,
    dns: Dns | None,
    envelope: Envelope | None,
    rules: Rules,
    now: float | None,
) -> Findings:
    """Everything that can be found out about the message, with DNS or without."""
    if envelope is None:
        envelope = _best_envelope(message, bounce)
    if message is None:
        return Findings(None, bounce, envelope, (), None, False, missing(None, bounce, envelope, dns))
    if dns is not None:
        dns = asking_ahead(message, envelope, dns, rules)
    spf = check_envelope(envelope, dns) if dns is not None else None
    dkim = _signatures(message, bounce, dns, now) if dns is not None else ()
    identifiers = (
        *_spf_identifiers(message, envelope, spf),
        *_dkim_identifiers(message, dkim, dns is not None),
    )
    authentication = None
    if dns is None:
        identifiers = tuple(_aligned_by_name(message.author_domain, identifier) for identifier in identifiers)
    else:
        dmarc, identifiers = _compared(message.author_domain, spf, dkim, identifiers, dns, rules)
        arc = verify_arc(message, dns=dns, now=_judged_at(message, now), body_returned=_whole(bounce))
        authentication = Authentication(envelope=envelope, spf=spf, dkim=dkim, arc=arc, dmarc=dmarc)
    return Findings(
        message,
        bounce,
        envelope,
        identifiers,
        authentication,
        _unsigned(message),
        missing(message, bounce, envelope, dns),
        message.is_excerpt,
        _broken_spf(identifiers, bounce, envelope, dns),
        policy_gap(message.author_domain, authentication.dmarc, dns) if dns and authentication else None,
        _unknown_domain(message.author_domain, authentication, dns) if dns is not None else "",
        _helo_identifier(bounce, envelope, dns),
    )


def _broken_spf(
    identifiers: Sequence[Identifier], bounce: Bounce | None, envelope: Envelope, dns: Dns | None
) -> SpfCheck | None:
    """The record that the receiver asked for, if it is in error and the client IP is not known."""
    if dns is None:
        return None
    helo = helo_envelope(bounce, envelope)
    if helo is not None:
        return broken_record(helo, bounce, dns) if helo.client_ip is None else None
    return broken_record(envelope, bounce, dns) if _might_align(identifiers) else None


def _helo_identifier(bounce: Bounce | None, envelope: Envelope, dns: Dns | None) -> Identifier | None:
    """SPF of the name in HELO, where the receiver refused for that and the name is known."""
    asked = helo_envelope(bounce, envelope)
    if asked is None or not asked.helo:
        return None
    check = None
    if dns is not None:
        if dns(_registered(asked.helo), "TXT").status == DnsStatus.NXDOMAIN:  # another domain's zone
            source = f"the DNS that was asked has no name {_registered(asked.helo)}"
            return Identifier("spf", asked.helo, None, Basis.UNKNOWN, source)
        check = check_helo(asked, dns)
    if check is None:
        return Identifier("spf", asked.helo, None, Basis.UNKNOWN, "SPF result of HELO not at hand")
    return Identifier("spf", check.domain, check.result, Basis.RECOMPUTED, "SPF check of HELO", check=check)


def _unknown_domain(author: str | None, found: Authentication | None, dns: Dns) -> str:
    """The author's registered domain, if DNS has no such name: its zone is not at hand, or there is none."""
    if author is None or found is None or found.dmarc.record is not None:
        return ""
    domain = organizational_domain(author, rules="rfc7489")
    return domain if dns(domain, "TXT").status == DnsStatus.NXDOMAIN else ""


def _might_align(identifiers: Sequence[Identifier]) -> bool:
    """Whether SPF could have passed for the author, and nobody knows whether it did."""
    return any(i.method == "spf" and i.result is None and i.aligned is not False for i in identifiers)


def _unsigned(message: Message) -> bool:
    """No signature: none among whole headers, or, of an excerpt, a receiver that says there was none."""
    if message.get("DKIM-Signature") is not None:
        return False
    said = (s for s in message.stated if s.counted and s.trusted and s.method == "dkim")
    return not message.is_excerpt or any(s.result == Result.NONE for s in said)


def _signatures(
    message: Message, bounce: Bounce | None, dns: Dns, now: float | None
) -> tuple[DkimCheck, ...]:
    """Every signature, judged at the time of the message's last hop unless ``now`` says otherwise."""
    return verify_dkim(message, dns=dns, now=_judged_at(message, now), body_returned=_whole(bounce))


def _whole(bounce: Bounce | None) -> bool:
    return bounce is None or bounce.returned in ("full", "full-in-text")


def _judged_at(message: Message, now: float | None) -> float | None:
    return received_at(message) if now is None else now


def _compared(
    author: str | None,
    spf: SpfCheck | None,
    dkim: tuple[DkimCheck, ...],
    identifiers: tuple[Identifier, ...],
    dns: Dns,
    rules: Rules,
) -> tuple[DmarcCheck, tuple[Identifier, ...]]:
    """The DMARC check of what is known, and each identifier with its alignment.

    Alignment is a question of names, so it is asked for an SPF result that is not known, too.
    """
    known = spf if spf is not None else _known_spf(identifiers)
    dmarc = evaluate_dmarc(author_domain=author, spf=known, dkim=dkim, dns=dns, rules=rules)
    named = [(i.domain, Result.PASS) for i in identifiers if i.method == "spf"]
    rows = evaluate_dmarc(author_domain=author, spf=named, dkim=dkim, dns=dns, rules=rules).alignments
    return dmarc, tuple(_aligned_by(author, rows, identifier, dns, rules) for identifier in identifiers)


def _best_envelope(message: Message | None, bounce: Bounce | None) -> Envelope:
    if bounce is not None and bounce.is_bounce:
        return bounce.envelope
    return message.envelope if message is not None else Envelope()


def _spf_identifiers(message: Message, envelope: Envelope, spf: SpfCheck | None) -> list[Identifier]:
    if spf is not None:
        return [Identifier("spf", spf.domain, spf.result, Basis.RECOMPUTED, "SPF check", check=spf)]
    if stated := _stated(message, "spf"):
        return stated[:1]
    if envelope.mail_from is None:
        return []
    domain = a_label(envelope.mail_from.rpartition("@")[2] or envelope.helo or "")
    if domain is None:
        return []
    return [Identifier("spf", domain, None, Basis.UNKNOWN, "SPF result not at hand")]


def _dkim_identifiers(message: Message, checks: Sequence[DkimCheck], checked: bool) -> list[Identifier]:
    if checked and not (message.is_excerpt and not checks):
        return [
            Identifier(
                "dkim",
                check.domain,
                None if message.is_excerpt and check.result != Result.PASS else _certain_result(check),
                Basis.RECOMPUTED,
                f"signature s={check.selector}",
                check=check,
            )
            for check in checks
            if check.domain
        ]
    if stated := _stated(message, "dkim"):
        return stated
    found = (_signing_domain(header.value) for header in message.all("DKIM-Signature"))
    return [
        Identifier("dkim", domain, None, Basis.UNKNOWN, "signature not checked: its key is in DNS")
        for domain in found
        if domain
    ]


def _certain_result(check: DkimCheck) -> Result | None:
    """None for a signature whose headers verify and whose body did not come back."""
    if check.signature_ok and check.body_hash_ok is None:
        return None
    return check.result


def _stated(message: Message, method: Literal["spf", "dkim"]) -> list[Identifier]:
    """What receivers stated, as identifiers. Lines that the sender could have written don't count,
    nor does SPF's result for HELO, which DMARC leaves aside (RFC 9989 §4.4.2)."""
    return [
        Identifier(method, s.domain, s.result, Basis.STATED, stated_source(s))
        for s in message.stated
        if s.counted and s.trusted and not s.about_helo and s.method == method and s.domain and s.result
    ]


def stated_source(stated: Stated) -> str:
    """Who wrote a statement, and in which header."""
    return f"{stated.header} by {stated.by or 'an unnamed receiver'}"


def _signing_domain(signature: str) -> str | None:
    for tag in signature.split(";"):
        name, _, value = tag.partition("=")
        if name.strip() == "d":
            return a_label("".join(value.split()))
    return None


# ----------------------------------------------------------------- alignment


def _known_spf(identifiers: Sequence[Identifier]) -> tuple[str, Result] | None:
    """What a receiver stated about SPF; None when nobody did, rather than a made-up result."""
    return next(((i.domain, i.result) for i in identifiers if i.method == "spf" and i.result), None)


def _aligned_by(
    author: str | None, rows: Sequence[Alignment], identifier: Identifier, dns: Dns, rules: Rules
) -> Identifier:
    """The identifier with its row's verdict: by name it aligns or not, whatever its result is."""
    row = next((r for r in rows if (r.method, r.domain) == (identifier.method, identifier.domain)), None)
    if row is None or author is None:
        return _aligned_by_name(author, identifier)
    relaxed = row.aligned or (
        organizational_domain(identifier.domain, dns=dns, rules=rules)
        == organizational_domain(author, dns=dns, rules=rules)
    )
    return replace(identifier, aligned=row.aligned, aligned_if_relaxed=relaxed)


def _aligned_by_name(author: str | None, identifier: Identifier) -> Identifier:
    """What the two names alone say: the same name aligns, names of different owners never do."""
    if author is None:
        return replace(identifier, aligned=False, aligned_if_relaxed=False)
    if author == identifier.domain:
        return replace(identifier, aligned=True, aligned_if_relaxed=True)
    ours, theirs = _registered(author), _registered(identifier.domain)
    if ours != theirs:
        return replace(identifier, aligned=False, aligned_if_relaxed=False)
    return replace(
        identifier, aligned=None, aligned_if_relaxed=True
    )  # depends on aspf/adkim, which DNS holds


def _registered(domain: str) -> str:
    def no_dns(name: str, rdtype: str) -> None:  # RFC 7489 needs the public suffix list only
        raise AssertionError("the public suffix list needs no DNS")

    return organizational_domain(domain, dns=no_dns, rules="rfc7489")  # type: ignore[arg-type]
