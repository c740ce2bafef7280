"""The sentences for what can't be told: the words alone, a part of the header, a copy that passes."""

from __future__ import annotations

from helpers.diagnosis.evidence import Findings, Identifier, may_be_signed
from helpers.terms import DkimCheck, Result, flatten


def stated_only(f: Findings) -> str:
    """Only the words of the refusal are at hand."""
    bounce = f.bounce
    if bounce is None:
        return "There is nothing to go on."
    whose = f" of {bounce.blamed_domain}" if bounce.blamed_domain else ""
    if bounce.says_why:
        return f"{bounce.meaning} More can't be told from these words alone."
    if bounce.blamed in ("dmarc", "alignment"):
        return (
            f"The receiver says that DMARC{whose} failed. So neither SPF nor DKIM passed for a domain "
            "aligned with From; which of them was missing can't be told from these words alone."
        )
    what = {"spf": "SPF", "dkim": "DKIM", "arc": "ARC"}.get(
        bounce.blamed or "", "the sender's authentication"
    )
    return f"The receiver says that {what}{whose} failed. Why can't be told from these words alone."


def not_reproduced(f: Findings) -> str:
    """What came back passes, or does not show why it failed."""
    blamed = f.bounce.blamed if f.bounce is not None else None
    said = f"The receiver blames {blamed}" if blamed else "A receiver refused it"
    good = next((i for i in f.identifiers if i.aligned and i.result == Result.PASS), None)
    if good is not None:
        if f.bounce is not None and f.bounce.asks_for_policy:
            return (
                f"The receiver saw no DMARC record of {f.author_domain}; here is one, and the message passes."
            )
        return (
            f"{said}, yet here the message passes: {good.label} {good.domain} is aligned. "
            f"{_other_key(good)}The receiver saw "
            "something else: a changed copy, other DNS records at that time, or another sending server."
        )
    return (
        f"{said}, yet the headers that came back still carry a valid signature by {f.author_domain}. "
        "If it failed at the receiver, the body was changed on the way, or the key could not be fetched."
    )


def _other_key(good: Identifier) -> str:
    """Two records for one key: the receiver may have taken the one that does not fit."""
    for _, step in flatten(good.check.steps) if isinstance(good.check, DkimCheck) else ():
        answer = step.answer
        if answer is not None and "._domainkey." in answer.name and len(answer.values) > 1:
            return (
                f"But there are {len(answer.values)} records at {answer.name}, where one has to be, and a "
                "receiver may take any of them (RFC 6376 §3.6.2.2): keep the one that fits. Or else: "
            )
    return ""


def _only_some_lines(f: Findings) -> str:
    spf = f.spf
    known = ""
    if spf is not None:
        said = f"SPF: {spf.result} for" if spf.result else "SPF speaks for"
        aligned = {True: "is aligned", False: "is not aligned", None: "may be aligned"}[spf.aligned]
        known = f"{said} {spf.domain}, which {aligned} with {f.author_domain}. "
    source = (
        "in your Sent folder is the whole message" if f.bounce else "give the whole source of the message"
    )
    return (
        f"Only some lines of the header are at hand. {known}Whether {f.author_domain} signed the message "
        f"with DKIM can't be told from them: {source}."
    )


def undecided(f: Findings) -> str:
    """Several things may have failed."""
    if f.unknown_domain and f.bounce is None:
        return (
            f"The DNS that was asked has no name {f.unknown_domain}. A zone file that was given is another "
            f"domain's, then; and if live DNS says so, there is no such domain, and From may be mistyped."
        )
    if may_be_signed(f):
        return _only_some_lines(f)
    could = [
        f"SPF for {i.domain}" if i.method == "spf" else f"the DKIM signature by {i.domain}"
        for i in f.identifiers
        if i.aligned is not False
    ]
    said = "The receiver says that nothing did. Which failed, and why," if f.bounce else "Whether any did"
    return (
        f"Could have passed for {f.author_domain}: {', '.join(could)}. "
        f"{said} can't be told from what is at hand."
    )


def not_about_authentication(f: Findings) -> str:
    """The refusal is about something else."""
    meaning = f.bounce.meaning if f.bounce is not None else ""
    if f.bounce is not None and f.bounce.says_it_arrived:
        return "Nothing was refused: this report says that the message arrived."
    if f.bounce is not None and f.bounce.refuses_policy:
        return meaning
    if f.bounce is not None and f.bounce.is_wordless:
        return (
            f"The refusal has no words, only a code. {meaning} Whether SPF, DKIM or DMARC is behind it can't "
            "be told from that: the sending server's log may have the words."
        ).replace("  ", " ")
    return f"The refusal is not about SPF, DKIM or DMARC. {meaning}".strip()


def not_a_message(_: Findings) -> str:
    """Nothing to read."""
    return "There is no header and no refusal in it: nothing here can be read as mail."
