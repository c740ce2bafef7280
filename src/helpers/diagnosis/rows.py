"""The rows of a diagnosis: facts with their source, and what is certain. No decisions here."""

from __future__ import annotations

import re
from collections.abc import Iterator

from helpers.bounce import Bounce
from helpers.diagnosis.evidence import Findings, Identifier, may_be_signed, stated_source
from helpers.diagnosis.look_alikes import rows_about_name, with_dns_name
from helpers.diagnosis.missing import signed_late
from helpers.message import Message
from helpers.terms import Authentication, Basis, DmarcCheck, Fact, Result

MAX_REPLIES = 3  # a bounce for hundreds of recipients repeats itself
MAX_NAME = 500  # characters of a display name
_ADDRESS = re.compile(r"[^\s<>\"'(),;:@]{1,64}@((?:[\w-]{1,63}\.){1,9}[A-Za-z]{2,63})")

_DEFAULT_SIGNERS = {".gappssmtp.com": "Google Workspace", ".onmicrosoft.com": "Microsoft 365"}


def default_signer(domain: str) -> str | None:
    """The service that signs with this d= as long as its customer has not set DKIM up, None for others."""
    return next((name for ending, name in _DEFAULT_SIGNERS.items() if domain.endswith(ending)), None)


def evidence_of(findings: Findings) -> tuple[Fact, ...]:
    """The facts in reading order: the refusal, the names, what vouches, the policy, the result."""
    return tuple(_rows(findings))


def _rows(findings: Findings) -> Iterator[Fact]:
    message = findings.message
    if findings.bounce is not None:
        yield from _refusal(findings.bounce)
    if message is not None:
        yield Fact("author domain", message.author_domain, Basis.RECOMPUTED, "the From header")
        yield from rows_about_name(message.author_domain)
        yield from _display_name(message)
    if message is not None or findings.envelope.mail_from is not None:
        yield from map(with_dns_name, findings.envelope.facts)
    for identifier in findings.identifiers:
        yield _identifier_row(identifier)
    if findings.helo is not None:
        yield _helo_row(findings.helo)
    if findings.unsigned:
        yield Fact("DKIM", "no DKIM-Signature header", Basis.RECOMPUTED, "all headers that are at hand")
    elif may_be_signed(findings):
        source = "no DKIM-Signature among the header lines at hand; the others may hold one"
        yield Fact("DKIM", None, Basis.UNKNOWN, source)
    if message is not None:
        yield from _not_counted(message)
        yield from _stated_rows(message, findings.identifiers)
        yield from _arc_row(findings.authentication)
        yield from _dmarc_rows(findings)


def _refusal(bounce: Bounce) -> Iterator[Fact]:
    receiver = bounce.receiver or "the receiver"
    source = f"{receiver}, quoted by {bounce.reporter}" if bounce.reporter else receiver
    for reply in bounce.replies[:MAX_REPLIES]:
        if reply.text:
            yield Fact("refusal", reply.text, Basis.STATED, source)
    if bounce.blamed is not None:
        about = f"{bounce.blamed} of {bounce.blamed_domain}" if bounce.blamed_domain else str(bounce.blamed)
        words = f"the words “{bounce.clue}”" if bounce.clue else source
        yield Fact("blamed", about, bounce.basis or Basis.STATED, words)


def _identifier_row(identifier: Identifier) -> Fact:
    aligned = {True: "aligned", False: "not aligned", None: "alignment depends on the DMARC record"}
    name = "SPF" if identifier.method == "spf" else "DKIM"
    value = (
        f"{identifier.result or 'result not known'} for {identifier.domain} – {aligned[identifier.aligned]}"
    )
    why = identifier.check.reason if identifier.check and identifier.result != Result.PASS else ""
    return Fact(name, value, identifier.basis, f"{identifier.source}: {why}" if why else identifier.source)


def _helo_row(helo: Identifier) -> Fact:
    value = f"{helo.result or 'result not known'} for {helo.domain} – what the receiver asked about"
    why = helo.check.reason if helo.check and helo.result != Result.PASS else ""
    return Fact("SPF of HELO", value, helo.basis, f"{helo.source}: {why}" if why else helo.source)


def _not_counted(message: Message) -> Iterator[Fact]:
    for name, domain, why in message.signatures_not_counted:
        yield Fact(name, f"d={domain}" if domain else "present", Basis.RECOMPUTED, f"not counted: {why}")


def _stated_rows(message: Message, identifiers: tuple[Identifier, ...]) -> Iterator[Fact]:
    used = {(i.method, i.source) for i in identifiers}
    for stated in message.stated:
        source = stated_source(stated)
        if not stated.counted or (stated.method, source) in used:
            continue
        about = f" for {stated.domain}" if stated.domain else ""
        value = f"{stated.result or stated.result_text}{about}"
        doubt = "" if stated.trusted else ", who may be the sender: don't rely on it"
        yield Fact(f"{stated.method}, as stated", value, Basis.STATED, source + doubt)


def _arc_row(authentication: Authentication | None) -> Iterator[Fact]:
    arc = authentication.arc if authentication is not None else None
    if arc is not None and arc.result != Result.NONE:
        why = arc.reason or "a receiver may believe the forwarder; DMARC itself does not ask"
        yield Fact("ARC", f"{arc.result}, sets: {len(arc.sets)}", Basis.RECOMPUTED, why)


def _display_name(message: Message) -> Iterator[Fact]:
    """A name that looks like an address: people read it, DMARC does not."""
    for address in message.from_addresses[:MAX_REPLIES]:
        named = _ADDRESS.search(address.name[:MAX_NAME])
        if named and named.group(1).lower() != (address.domain or ""):
            source = "the name in From, which DMARC does not look at: only the address behind it counts"
            yield Fact("display name", named.group(), Basis.STATED, source)


def _dmarc_rows(findings: Findings) -> Iterator[Fact]:
    dmarc, identifiers, gap = findings.dmarc, findings.identifiers, findings.policy_gap
    if gap is not None:
        yield Fact("no DMARC record", gap.text, Basis.RECOMPUTED, f"TXT {gap.name}: {gap.why}")
    if dmarc is None:
        yield Fact("DMARC record", None, Basis.UNKNOWN, "DNS was not asked")
    elif dmarc.record is None:
        yield Fact("DMARC", str(dmarc.result.value), Basis.RECOMPUTED, dmarc.reason)
    else:
        yield Fact("DMARC record", dmarc.record.text, Basis.RECOMPUTED, f"TXT _dmarc.{dmarc.policy_domain}")
        yield from (Fact("DMARC record", text, Basis.RECOMPUTED, "a warning") for text in _invalid(dmarc))
        open_ones = [i for i in identifiers if i.result is None]
        unseen = may_be_signed(findings) or any(i.aligned is not False for i in open_ones)
        if dmarc.result == Result.FAIL and unseen:
            yield Fact("DMARC", None, Basis.UNKNOWN, "it depends on a check that could not be made")
            return
        value = f"{dmarc.result}, disposition {dmarc.disposition}"
        why = "nothing at hand can align, whatever could not be checked" if open_ones else dmarc.reason
        yield Fact("DMARC", value, Basis.RECOMPUTED, why)


def _invalid(dmarc: DmarcCheck) -> list[str]:
    return [text for text in dmarc.warnings if "values that are not allowed" in text]


# ------------------------------------------------------------------- certain


def certain_of(findings: Findings) -> tuple[str, ...]:
    """What holds whatever else may turn up."""
    author = findings.author_domain
    bounce = findings.bounce
    waiting = (STILL_TRIED,) if bounce is not None and bounce.still_tried else ()
    if author is None or (bounce is not None and (bounce.blamed is None or not bounce.is_bounce)):
        return waiting
    return (*waiting, *_certainties(findings, author))


STILL_TRIED = (
    "Nothing is lost yet: the message is only delayed, and the sending server goes on trying by itself, "
    "mostly for some days."
)


def _certainties(findings: Findings, author: str) -> Iterator[str]:
    for identifier in findings.identifiers:
        if identifier.aligned is not False:
            continue
        if identifier.aligned_if_relaxed:
            name, tag = ("SPF", "aspf=s") if identifier.method == "spf" else ("The signature", "adkim=s")
            yield (
                f"{name} speaks for {identifier.domain}, which belongs to the same organization as {author}; "
                f"it does not align since the DMARC record asks for exactly the same name ({tag})."
            )
        elif identifier.method == "spf":
            yield (
                f"SPF can pass or fail: it speaks for {identifier.domain}, which can't align with {author}. "
                f"No SPF record that {author} publishes is ever read for it."
            )
        else:
            yield f"The signature by {identifier.domain} can't align with {author}, verified or not."
            if service := default_signer(identifier.domain):
                yield (
                    f"{identifier.domain} is the name that {service} signs with by itself, until DKIM is "
                    f"turned on there for {author}."
                )
    if findings.helo is not None and findings.helo.domain != author:
        yield (
            f"The receiver asked SPF about {findings.helo.domain}, the name in HELO. No SPF record of "
            f"{author} is read for that."
        )
    if findings.unsigned and not signed_late(findings.message, findings.bounce):
        yield f"There is no DKIM signature, so DKIM can't authenticate {author}."
    bounce = findings.bounce
    if findings.message is None and bounce is not None and bounce.blamed in ("dmarc", "alignment"):
        yield f"The policy is the one that {author} itself publishes, not the receiver's."
        yield f"An SPF or DKIM pass for a domain outside {author}'s own makes no difference."
