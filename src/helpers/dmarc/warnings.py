"""What a DMARC result does not say by itself, in few plain sentences. Changes no result."""

from __future__ import annotations

from helpers.dmarc.alignment import within
from helpers.dmarc.discovery import p_is_second
from helpers.domains import MAX_WALK_QUERIES, Lookups, registered_domain
from helpers.terms import Alignment, AlignmentMode, DmarcCheck, DmarcRecord, Policy, Result, Rules


def other_rules_may_differ(check: DmarcCheck, lookups: Lookups) -> bool:
    """False where RFC 9989 and RFC 7489 can't come to different ends, so that nobody need look.

    That is the usual message: both find the same record, it is plain in both, and each name that
    passed is aligned in both or in neither.
    """
    record, author = check.record, check.author_domain
    if check.result is Result.TEMPERROR or author is None:
        return False
    if record is None and check.rules == "rfc9989" and author.count(".") < MAX_WALK_QUERIES:
        return any(found.total for found in lookups.found())  # the walk has seen every name there is
    if record is None or check.result is Result.NONE or not _plain(record):
        return True
    if record.domain != author and not _same_parent(record, author, lookups):
        return True
    return any(_hangs_on_rules(row, author, check.rules) for row in check.alignments)


def _plain(record: DmarcRecord) -> bool:
    """Nothing in it that one of the RFCs reads otherwise: t, np, pct, values or an order not allowed."""
    new = record.t == "y" or record.np is not None
    return not (new or record.historic or record.invalid or record.p is None) and p_is_second(record)


def _same_parent(record: DmarcRecord, author: str, lookups: Lookups) -> bool:
    """Both find this record above an author domain that has none at all."""
    return not lookups.record_at(author).total and record.domain == registered_domain(author)


def _hangs_on_rules(row: Alignment, author: str, rules: Rules) -> bool:
    """True when the other set of rules may see this identifier otherwise."""
    name = row.domain or ""
    if row.result is not Result.PASS or row.mode is AlignmentMode.STRICT or name == author:
        return False
    if not row.aligned and name.split(".")[-2:] != author.split(".")[-2:]:
        return False  # not two labels in common: neither has them in one organization
    return rules == "rfc7489" or row.aligned != (registered_domain(name) == registered_domain(author))


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
        if found.total > 1 and within(check.author_domain or "", found.domain):
            return f"{found.query} has {found.total} DMARC records; receivers use none of them. Keep one."
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
            f"The record of {record.domain} asks for no reports (no valid rua): nobody sees what fails."
        )
    if record.p is not None and record.sp is not None and record.sp.strength < record.p.strength:
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
