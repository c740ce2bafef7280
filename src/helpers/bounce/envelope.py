"""The envelope of the refused message, as far as a bounce tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.bounce import dsn
from helpers.bounce.signs import is_passed_on
from helpers.terms import Basis, Blamed, BounceKind, Envelope, Fact

if TYPE_CHECKING:
    from helpers.bounce import Bounce


def envelope_of(bounce: Bounce) -> Envelope:
    """The envelope the refusing receiver saw, as far as the bounce tells (RFC 3461, RFC 5321 §4.5.5).

    The original's topmost Received line was written before the refusal, by the sender's own
    side, so its client IP is *not* the one the receiver checked; it is left out here. A
    bounce goes to MAIL FROM, so the bounce's own recipient says what MAIL FROM was.
    """
    facts: list[Fact] = []
    client_ip = bounce.blamed_ip
    if client_ip:
        facts.append(Fact("client IP", client_ip, Basis.STATED, "the receiver's words"))
    else:
        facts.append(
            Fact("client IP", None, Basis.UNKNOWN, "the bounce does not say which address connected")
        )
    mail_from, basis, source = _mail_from(bounce)
    helo = _helo(bounce) if bounce.blames_helo or mail_from == "" else None
    if helo is not None:
        facts.append(helo)
    facts.append(Fact("MAIL FROM", mail_from, basis, source))
    return Envelope(
        client_ip=client_ip, helo=helo.value if helo else None, mail_from=mail_from, facts=tuple(facts)
    )


def _helo(bounce: Bounce) -> Fact:
    """The name in HELO, where SPF is about that: as the receiver says, else the reporting server's name."""
    told = bounce.blamed_identity != "mailfrom" if bounce.kind != BounceKind.ARF else bounce.blames_helo
    if bounce.blamed == Blamed.SPF and told and bounce.blamed_domain:
        return Fact("HELO", bounce.blamed_domain, Basis.STATED, "the receiver's words")
    report = {name.lower(): value for name, value in bounce.report}
    reporting = dsn.host(report.get("reporting-mta"))
    if reporting is not None and reporting[:1].isalpha():
        source = "Reporting-MTA in the report: a server mostly introduces itself with its own name"
        return Fact("HELO", reporting, Basis.INFERRED, source)
    return Fact("HELO", None, Basis.UNKNOWN, "the bounce does not say which name the server gave")


def _mail_from(bounce: Bounce) -> tuple[str | None, Basis, str]:
    report = {name.lower(): value for name, value in bounce.report}
    if reported := report.get("original-mail-from"):
        return reported.strip("<> "), Basis.STATED, "Original-Mail-From in the report"
    original = bounce.original
    if original is not None and original.return_path is not None:
        return original.return_path, Basis.STATED, "Return-Path of the returned message"
    if bounce.message is not None and len(bounce.message.to) == 1 and not is_passed_on(bounce.message):
        address = bounce.message.to[0]
        if address.domain and address.local is not None:
            return (
                f"{address.local}@{address.domain}",
                Basis.INFERRED,
                "the bounce was sent there, and bounces go to MAIL FROM",
            )
    return None, Basis.UNKNOWN, "neither a Return-Path nor the bounce's own recipient is at hand"
