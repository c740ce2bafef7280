"""What a DMARC result does not say by itself, in few plain sentences. Changes no result."""

from __future__ import annotations

from helpers._dmarc_alignment import within
from helpers.domains import MAX_WALK_QUERIES, Lookups
from helpers.terms import Alignment, AlignmentMode, DmarcCheck, DmarcRecord, Policy, Result

_STRENGTH = {Policy.NONE: 0, Policy.QUARANTINE: 1, Policy.REJECT: 2}


def other_rules_may_differ(check: DmarcCheck, lookups: Lookups) -> bool:
    """False where RFC 9989 and RFC 7489 can't come to different ends, so that nobody need look.

    That is the usual message: the record is the author domain's own, plain in both, and each
    name that passed is either the author domain itself or of another organization at sight.
    """
    record, author = check.record, check.author_domain
    if check.result is Result.TEMPERROR or author is None:
        return False
    if record is None and check.rules == "rfc9989" and author.count(".") < MAX_WALK_QUERIES:
        return any(found.count for found in lookups.found())  # the walk has seen every name there is
    if record is None or record.domain != author or check.result is Result.NONE:
        return True
    if record.t == "y" or record.historic or record.invalid or record.p is None:
        return True
    if record.text.split(";", 2)[1].partition("=")[0].strip().lower() != "p":
        return True  # RFC 7489 §6.4 wants p second
    return any(
        row.result is Result.PASS and row.domain is not None and _hangs_on_rules(row, author)
        for row in check.alignments
    )


def _hangs_on_rules(row: Alignment, author: str) -> bool:
    """True unless the names are identical, compared as strings, or share no more than one label."""
    name = row.domain or ""
    if row.mode is AlignmentMode.STRICT or name == author:
        return False
    return row.aligned or name.split(".")[-2:] == author.split(".")[-2:]


def warnings_for(check: DmarcCheck, other: DmarcCheck | None, lookups: Lookups) -> tuple[str, ...]:
    """The warnings of a check. ``other`` is the same message by the other set of rules."""
    found = [_disagreement(check, other), _discarded(check, lookups)]
    if check.record is not None:
        found += [_protection(check), _fragile(check), *_about_record(check, check.record)]
    return tuple(text for text in found if text)


def _disagreement(check: DmarcCheck, other: DmarcCheck | None) -> str:
    if other is None or other.result is Result.TEMPERROR:
        return ""
    who = "Receivers that follow RFC 7489 and its public suffix list"
    if other.rules == "rfc9989":
        who = "Receivers that follow RFC 9989 and its DNS tree walk"
    if other.result != check.result:
        return f"{who} come to dmarc={other.result}. {other.reason}"
    if check.result is Result.FAIL and other.disposition != check.disposition:
        return f"{who} are asked for {other.disposition} in place of {check.disposition}."
    return ""


def _discarded(check: DmarcCheck, lookups: Lookups) -> str:
    """Two records at one name are as good as none, and their owner won't see it."""
    for found in lookups.found():
        if found.count > 1 and within(check.author_domain or "", found.domain):
            return f"{found.query} has {found.count} DMARC records; receivers discard them all. Keep one."
    return ""


def _protection(check: DmarcCheck) -> str:
    if check.result is Result.TEMPERROR or check.published is None:
        return ""
    if check.published is Policy.NONE:
        return (
            f"The policy for {check.author_domain} is none: it gives no protection, "
            "a forged message is delivered like any other."
        )
    if check.policy is not check.published:
        return (
            f"{check.policy_domain} tests its policy: receivers are asked for {check.policy}, "
            f"one level below the published {check.published}."
        )
    return ""


def _fragile(check: DmarcCheck) -> str:
    if check.result is not Result.PASS or check.dkim_aligned:
        return ""
    text = "Only SPF is aligned, no DKIM signature: the pass is lost when the message is forwarded."
    if check.published is Policy.REJECT:
        text += " A domain with p=reject must not rely on SPF alone (RFC 9989 §7.4)."
    return text


def _about_record(check: DmarcCheck, record: DmarcRecord) -> list[str]:
    found = []
    if not record.rua:
        found.append(
            f"The record of {record.domain} asks for no reports (no valid rua): its owner stays blind."
        )
    if record.p is not None and record.sp is not None and _STRENGTH[record.sp] < _STRENGTH[record.p]:
        found.append(
            f"sp={record.sp} is weaker than p={record.p}: subdomains of {record.domain} are less guarded."
        )
    if record.historic and check.rules == "rfc9989":
        tags = ", ".join(f"{name}={value[:20]}" for name, value in record.historic)
        found.append(f"RFC 9989 has no such tags any more, they do nothing: {tags}.")
    if record.invalid:
        tags = ", ".join(f"{name}={value[:20]}" for name, value in record.invalid)
        found.append(f"The record of {record.domain} has values that are not allowed: {tags}.")
    return found
