"""Which DMARC record applies to an author domain, and which of its policies.

RFC 9989 §4.10.1 looks at the author domain, then its organizational domain, then a public suffix
domain; RFC 7489 §6.6.3 at the author domain, then at its organizational domain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from helpers.domains import Lookups, RecordAt, TreeWalk, clip, registered_domain, walk
from helpers.terms import DmarcRecord, DnsStatus, Policy, Rules, Step, filled_directly

DISCOVERY = "RFC 9989 §4.10.1"
OLD_DISCOVERY = "RFC 7489 §6.6.3"

ONE_LEVEL_LESS = {  # RFC 9989 §4.7 tag t; RFC 7489 §6.6.4 for messages that pct leaves out
    Policy.REJECT: Policy.QUARANTINE,
    Policy.QUARANTINE: Policy.NONE,
    Policy.NONE: Policy.NONE,
}


@filled_directly
@dataclass(frozen=True, slots=True)
class Discovery:
    """The end of policy discovery. ``record`` may be there although no policy comes out of it.

    found: DMARC applies. absent: there is nothing to apply. failed: DNS did not answer.
    ``published`` is None although found when it hangs on whether the author domain exists and
    DNS did not say.
    """

    state: Literal["found", "absent", "failed"]
    reason: str
    steps: tuple[Step, ...]
    record: DmarcRecord | None = None
    published: Policy | None = None
    applied: Policy | None = None
    walk: TreeWalk | None = None  # of the author domain, when discovery needed all of it
    pct: int = 100  # RFC 7489 only: how many of 100 failing messages the policy is asked for


def discover(author: str, lookups: Lookups, rules: Rules) -> Discovery:
    """Policy discovery for an author domain in A-label form. The first questions DNS gets."""
    return _discover(author, lookups) if rules == "rfc9989" else _discover_by_suffix(author, lookups)


# --------------------------------------------------------------------- RFC 9989


def _discover(author: str, lookups: Lookups) -> Discovery:
    first = lookups.record_at(author)
    if first.record is not None:
        text = f"{author} has a DMARC record of its own, which comes before any other."
        step = Step(f"DMARC record for {author}", text, DISCOVERY, steps=(first.step,))
        return _with_policy(author, first.record, lookups, step, None)
    climbed = walk(author, lookups)
    name = f"DNS tree walk from {author}"
    if climbed.failed is not None:
        reason = f"DNS did not answer for {climbed.failed.name}, so it is unknown which DMARC policy applies."
        return Discovery("failed", reason, (Step(name, reason, DISCOVERY, steps=climbed.steps),))
    record = _record_for(climbed)
    if record is None:
        reason = f"No DMARC record applies to {author}."
        if climbed.records:
            reason = f"No DMARC record at {author}, its organizational domain or a public suffix domain."
        text = f"{reason} The DMARC mechanism does not apply to this message."
        step = Step(name, text, DISCOVERY, steps=climbed.steps)
        return Discovery("absent", reason, (step,), walk=climbed)
    text = f"{author} has no record that counts. {_which(record, climbed)} {climbed.decided_by}."
    return _with_policy(author, record, lookups, Step(name, text, DISCOVERY, steps=climbed.steps), climbed)


def _record_for(climbed: TreeWalk) -> DmarcRecord | None:
    """The record of the organizational domain, or else of the public suffix domain above it."""
    for record in climbed.records:
        if record.domain == climbed.organizational_domain:
            return record
    # A record between the two is nobody's policy; psd=y, which ends a walk, can only come last.
    last = climbed.records[-1] if climbed.records else None
    return last if last is not None and last.psd == "y" else None


def _which(record: DmarcRecord, climbed: TreeWalk) -> str:
    if record.domain == climbed.organizational_domain:
        return f"The record of the organizational domain {record.domain} applies:"
    return (
        f"The organizational domain {climbed.organizational_domain} has none either, "
        f"so the record of the public suffix domain {record.domain} applies:"
    )


def _with_policy(
    author: str, record: DmarcRecord, lookups: Lookups, step: Step, climbed: TreeWalk | None
) -> Discovery:
    """Read the policy for this author out of the record (RFC 9989 §4.7 p, sp, np, t; §4.10.1)."""
    fault = _fault(record)
    if fault:
        return _with_faulty_record(record, fault, step, climbed, DISCOVERY)
    steps = [step]
    if author == record.domain:
        published = record.p
        text = f"The record is the author domain's own, so p applies: {record.p}."
        rfc = DISCOVERY
    else:
        published, text = _for_subdomain(author, record, lookups, steps)
        rfc = "RFC 9989 §4.7 sp, np"
    steps.append(Step(f"Policy for {author}", text, rfc))
    applied = published
    if record.t == "y" and published is not None:
        applied = ONE_LEVEL_LESS[published]
        text = f"t=y, the domain owner is testing: {applied} is applied in place of {published}."
        if applied is published:
            text = "t=y, the domain owner is testing: there is nothing below none."
        steps.append(Step("Test mode", text, "RFC 9989 §4.7 t"))
    return Discovery("found", "", tuple(steps), record, published, applied, climbed)


def _for_subdomain(
    author: str, record: DmarcRecord, lookups: Lookups, steps: list[Step]
) -> tuple[Policy | None, str]:
    """np, sp or p for an author below the name of the record, and the sentence that says why."""
    existing, tag = (record.sp, "sp") if record.sp is not None else (record.p, "p")
    below = f"{author} is below {record.domain}"
    if record.np is None or record.np == existing:
        return existing, f"{below}, so {tag} applies: {existing}."
    exists, step = _exists(author, lookups)
    steps.append(step)
    if exists is None:
        return None, f"{below}, and whether it exists is unknown: {tag}={existing} or np={record.np}."
    if exists:
        return existing, f"{below} and exists, so {tag} applies: {existing}."
    return record.np, f"{below} and does not exist, so np applies: {record.np}."


def _exists(author: str, lookups: Lookups) -> tuple[bool | None, Step]:
    """Whether a name exists: only NXDOMAIN says that it does not (RFC 9989 §3.2.13, RFC 8020)."""
    rfc = "RFC 9989 §3.2.13"
    title = f"Does {author} exist?"
    answer = lookups.record_at(author).answer
    if answer is not None and answer.status in (DnsStatus.DATA, DnsStatus.NODATA):
        return True, Step(title, f"Yes: _dmarc.{author} exists, so the name above it does.", rfc, answer)
    answer = lookups.ask(author, "A")
    if answer.status is DnsStatus.FAILURE:
        return None, Step(title, "Unknown: DNS did not answer.", rfc, answer)
    if answer.status is DnsStatus.NXDOMAIN and not answer.chain:
        return False, Step(title, "No: DNS says there is no such name (NXDOMAIN).", rfc, answer)
    # With a CNAME the NXDOMAIN is about where it points (RFC 6604 §3); the name itself is there.
    return True, Step(title, "Yes: DNS knows the name, whatever records it has.", rfc, answer)


# -------------------------------------------------------------- records at fault


def _fault(record: DmarcRecord, second: bool = False) -> str:
    """Why the policy tags can't be used, or "". ``second``: p has to follow v (RFC 7489 §6.4)."""
    wrong = [name for name, _ in record.invalid if name in ("sp", "np") and not (second and name == "np")]
    if record.p is None:
        return "has no valid p"
    if wrong:
        return f"has an {wrong[0]} that is not valid"
    if second and not p_is_second(record):
        return "does not have p right behind v"
    return ""


def p_is_second(record: DmarcRecord) -> bool:
    """True when p follows v at once: RFC 7489 §6.4 wants that, RFC 9989 leaves the order open."""
    pieces = record.text.split(";", 2)
    return len(pieces) > 1 and pieces[1].partition("=")[0].strip().lower() == "p"


def _with_faulty_record(
    record: DmarcRecord, fault: str, step: Step, climbed: TreeWalk | None, rfc: str
) -> Discovery:
    """A record whose policy can't be used: as p=none if it asks for reports, else not at all."""
    what = f"The DMARC record of {record.domain} {fault}"
    title = f"Policy in {clip(record.text)}"
    if record.rua:
        text = f"{what}, but it asks for reports (rua), so it is taken as p=none."
        return Discovery(
            "found", "", (step, Step(title, text, rfc)), record, Policy.NONE, Policy.NONE, climbed
        )
    reason = f"{what} and asks for no reports, so DMARC is not applied."
    return Discovery("absent", reason, (step, Step(title, reason, rfc)), record, walk=climbed)


# --------------------------------------------------------------------- RFC 7489


def _discover_by_suffix(author: str, lookups: Lookups) -> Discovery:
    found = lookups.record_at(author)
    nested = [found.step]
    if not found.failed and not found.total:
        above = registered_domain(author)
        if above != author:
            found = lookups.record_at(above)
            nested.append(found.step)
    title = f"DMARC record for {author}"
    record = found.record
    if record is None:
        state, reason = _no_record(author, found)
        return Discovery(state, reason, (Step(title, reason, OLD_DISCOVERY, steps=tuple(nested)),))
    whose = "the author domain" if record.domain == author else "its organizational domain"
    step = Step(title, f"The record of {whose} applies.", OLD_DISCOVERY, steps=tuple(nested))
    fault = _fault(record, second=True)
    if fault:
        return _with_faulty_record(record, fault, step, None, OLD_DISCOVERY)
    below = author != record.domain
    tag, published = ("sp", record.sp) if below and record.sp is not None else ("p", record.p)
    steps = [step, Step(f"Policy for {author}", f"{tag} applies: {published}.", "RFC 7489 §6.3")]
    pct = _percent(record)
    if published is not None and pct < 100:
        steps.append(Step("Sampling", _sampling(pct, published), "RFC 7489 §6.6.4"))
    applied = published if pct or published is None else ONE_LEVEL_LESS[published]
    return Discovery("found", "", tuple(steps), record, published, applied, pct=pct)


def _no_record(author: str, found: RecordAt) -> tuple[Literal["absent", "failed"], str]:
    if found.failed:
        reason = f"DNS did not answer for {found.query}, so it is unknown which DMARC policy applies."
        return "failed", reason
    if found.total:
        reason = (
            f"{found.domain} has {found.total} DMARC records, so discovery ends and DMARC is not applied."
        )
        return "absent", reason
    return "absent", f"No DMARC record applies to {author}."


def _percent(record: DmarcRecord) -> int:
    """pct of RFC 7489 §6.3: 0 to 100, anything else counts as the default."""
    value = dict(record.historic).get("pct", "100")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 4 and int(value) <= 100 else 100


def _sampling(pct: int, policy: Policy) -> str:
    less = ONE_LEVEL_LESS[policy]
    if less is policy:
        return f"pct={pct} changes nothing: there is nothing below none."
    if not pct:
        return f"pct=0: {less} for every message that fails, in place of {policy}."
    return f"pct={pct}: {policy} for {pct} of 100 messages that fail, {less} for the others."
