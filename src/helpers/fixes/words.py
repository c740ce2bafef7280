"""One sentence for what was tried in vain: why it changes nothing. No decisions here."""

from __future__ import annotations

from collections.abc import Callable

from helpers.fixes.spf_repair import spf_domain
from helpers.fixes.trial import Goal, Trial
from helpers.terms import Authentication, Result


def why_not(code: str, trial: Trial, found: Authentication) -> str:
    """Why the message fails all the same."""
    if trial.case.about_helo and (told := _about_helo(trial, found)):
        return told
    passing = any(check.result == Result.PASS for check in found.dkim)
    if trial.case.goal is Goal.DKIM and not passing and "dkim" not in code and "sign" not in code:
        return "The receiver refused for DKIM itself, and this adds no signature that passes."
    sentence = _SENTENCES.get(code)
    said = sentence(trial, found) if sentence is not None else ""
    return said or found.dmarc.reason


def _about_helo(trial: Trial, found: Authentication) -> str:
    """Where the receiver refused for the name in HELO, and that still does not pass."""
    spf = trial.asked_spf(found)
    if spf is None or spf.result == Result.PASS:
        return ""
    return (
        f"The receiver asked about {spf.domain}, the name that the server gives in HELO, and SPF for that "
        f"name still ends in {spf.result}."
    )


def _spf_include(trial: Trial, found: Authentication) -> str:
    asked = spf_domain(trial)
    author = trial.author
    if asked is None:
        return (
            f"SPF asks for the domain in MAIL FROM, which is not known here, and never for From ({author})."
        )
    if asked != author:
        what = (
            "the domain in MAIL FROM"
            if trial.envelope.mail_from
            else "the name in HELO, as MAIL FROM is empty"
        )
        return f"SPF asks for {what}, here {asked}; the record of {author} is never read for this message."
    return _spf_still(found) or found.dmarc.reason


def _spf_still(found: Authentication) -> str:
    """What SPF says after the change, where it is asked about the right domain."""
    if found.spf is None:
        return "Without the client IP nobody can say whether the record would let it pass."
    return (
        "" if found.spf.result == Result.PASS else f"SPF still ends in {found.spf.result}. {found.spf.reason}"
    )


def _spf_hard_fail(trial: Trial, found: Authentication) -> str:
    asked = spf_domain(trial)
    if asked is not None and asked != trial.author:
        return f"SPF asks for {asked}, so how the record of {trial.author} ends makes no difference here."
    return "“-all” only says what is to become of servers that are not listed; it lists no server."


def _dkim_key_only(trial: Trial, found: Authentication) -> str:
    return (
        f"A key proves nothing until somebody signs with it, and nobody signs this message as {trial.author}."
    )


def _srs(trial: Trial, found: Authentication) -> str:
    return f"SPF then passes for the forwarder's domain, which is not aligned with {trial.author}."


def _return_path(trial: Trial, found: Authentication) -> str:
    if found.spf is not None and found.spf.result != Result.PASS:
        return (
            "The receiver sees the forwarder's server, which the record of the service does not list: "
            f"SPF ends in {found.spf.result}."
        )
    return _no_policy(found) or next(
        (f"Not enough: {row.decided_by}." for row in found.dmarc.alignments if row.method == "spf"), ""
    )


def _sign(trial: Trial, found: Authentication) -> str:
    if trial.case.goal is Goal.SPF:
        return _refused_for_spf(trial)
    if any(check.result == Result.FAIL for check in found.dkim if check.domain == trial.author):
        return (
            "The list changes the message after the signing, so the new signature breaks as the old one did."
        )
    return _no_policy(found)


def _refused_for_spf(trial: Trial) -> str:
    """At MAIL FROM or RCPT the receiver has not seen any header yet; later it may look at both."""
    bounce = trial.case.bounce
    stages = {reply.stage for reply in bounce.replies} if bounce is not None else set()
    if stages & {"helo", "mail", "rcpt"}:
        return "The receiver refused for SPF itself, before it looked at any signature."
    return "The receiver blames SPF alone; its words do not say that a signature would do instead."


def _no_policy(found: Authentication) -> str:
    if found.dmarc.result != Result.NONE:
        return ""
    return f"{found.dmarc.author_domain} has no DMARC record, so a pass is not counted for anything."


def _author_change(trial: Trial, found: Authentication) -> str:
    if found.spf is None or found.spf.result == Result.PASS:
        return ""
    return f"Nothing vouches for that address either: SPF ends in {found.spf.result} for {found.spf.domain}."


def _dmarc_add(trial: Trial, found: Authentication) -> str:
    return f"A policy alone vouches for nothing: no pass belongs to {trial.author}."


_SENTENCES: dict[str, Callable[[Trial, Authentication], str]] = {
    "spf_include": _spf_include,
    "spf_hard_fail": _spf_hard_fail,
    "dkim_key_only": _dkim_key_only,
    "srs": _srs,
    "service_return_path": _return_path,
    "service_sign": _sign,
    "author_change": _author_change,
    "dmarc_add": _dmarc_add,
}
