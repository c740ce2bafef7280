"""What the DMARC policy asks for, with the tag it comes from."""

from __future__ import annotations

from helpers.terms import DmarcCheck, Policy, Result


def what_is_asked(dmarc: DmarcCheck | None) -> str:
    """What the domain owner asks receivers to do with a message that failed, as a sentence that goes on."""
    if dmarc is None or dmarc.policy is None or dmarc.result != Result.FAIL:
        return ""
    tag = _tag(dmarc)
    asked = {
        Policy.REJECT: f"asks receivers to reject such mail ({tag}=reject)",
        Policy.QUARANTINE: f"asks receivers to treat such mail as suspicious ({tag}=quarantine)",
        Policy.NONE: f"asks receivers to do nothing about it ({tag}=none), so most deliver it",
    }[dmarc.policy]
    if tag == "p" and dmarc.record is not None and dmarc.record.p is None:
        written = next((value for name, value in dmarc.record.invalid if name == "p"), "")
        fault = f"its p={written} is no policy" if written else "its record has no p="
        asked = f"asks receivers to do nothing about it, so most deliver it: {fault}, which counts as p=none"
    return f" {dmarc.policy_domain} {asked}."


def _tag(dmarc: DmarcCheck) -> str:
    """The tag that the policy comes from (RFC 9989 §4.10.1): sp or np below the domain of the record."""
    record = dmarc.record
    if record is None or record.domain == dmarc.author_domain:
        return "p"
    published = dmarc.published or dmarc.policy
    chosen = (("np", record.np), ("sp", record.sp))
    absent = any("does not exist" in step.followed and "np applies" in step.followed for step in dmarc.steps)
    return next((tag for tag, value in chosen if value == published and (tag != "np" or absent)), "p")
