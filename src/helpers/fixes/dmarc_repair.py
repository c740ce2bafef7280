"""Candidates about the DMARC record: add it, keep one, mend it, relax it, or take its policy back.

Each takes a trial and gives the changed one, or None where there is nothing for it to do.
"""

from __future__ import annotations

from dataclasses import replace

from helpers.diagnosis import elsewhere, is_almost_dmarc, meant_record
from helpers.domains import parse_dmarc
from helpers.fixes.changes import registered
from helpers.fixes.results import Who
from helpers.fixes.trial import Trial
from helpers.terms import AlignmentMode, DmarcRecord


def with_tag(text: str, tag: str, value: str | None) -> str:
    """The record with this tag set to a value, or without it; everything else as written."""
    version, *pieces = text.split(";")
    kept: list[str] = []
    done = value is None
    for piece in filter(str.strip, pieces):
        if piece.partition("=")[0].strip().lower() != tag:
            kept.append(piece.strip())
        elif not done:
            kept.append(f"{tag}={value}")
            done = True
    if not done:
        kept.insert(0 if tag == "p" else min(1, len(kept)), f"{tag}={value}")
    return "; ".join((version.strip(), *kept))


def _changed(trial: Trial, title: str, name: str, *values: str) -> Trial:
    """The records at a name replaced; whose name it is says who does it: a CNAME leads to a service's."""
    ours = registered(name) == registered(trial.author)
    return trial.with_record(name, "TXT", *values).noting(
        title=title, who=(Who.OWNER if ours else Who.SERVICE,)
    )


def _record(trial: Trial) -> tuple[DmarcRecord, str] | None:
    """The record that applies, as it is now, and the name it stands at."""
    given = trial.case.dmarc.record
    if given is None:
        return None
    name = trial.home(f"_dmarc.{given.domain}", "TXT")
    found = [r for r in (parse_dmarc(v, given.domain) for v in trial.values(name, "TXT") or ()) if r]
    return (found[0], name) if len(found) == 1 else None


def _with_text(trial: Trial, title: str, record: DmarcRecord, name: str, text: str) -> Trial | None:
    values = trial.values(name, "TXT")
    if values is None or text == record.text:
        return None
    return _changed(trial, title, name, *(text if value == record.text else value for value in values))


# ------------------------------------------------------------ missing, broken


def add_record(trial: Trial) -> Trial | None:
    """A first record, at the domain that is registered, so that subdomains are covered too."""
    if not trial.author or trial.case.dmarc.record is not None:
        return None
    domain = registered(trial.author)
    name = f"_dmarc.{domain}"
    values = trial.values(name, "TXT")
    home = trial.home(name, "TXT")
    if values is None or any(parse_dmarc(value) for value in values):
        return None
    meant = [value for value in values if is_almost_dmarc(value)]
    astray = None if meant else elsewhere(domain, trial.dns)
    new = meant_record(meant[0] if meant else astray.text if astray else "")
    others = [value for value in values if value not in meant]
    if not new:
        new = f"v=DMARC1; p=none; rua=mailto:dmarc@{domain}"
        reports = f"Reports will come to dmarc@{domain}: make that address, or name another one."
        changed = _changed(trial, f"Publish a DMARC record for {domain}", home, *others, new)
        return changed.noting(other=(reports,))
    if astray is None:
        return _changed(trial, f"Make {name} a valid DMARC record", home, *others, new)
    changed = _changed(trial, f"Move the DMARC record from {astray.name} to {name}", home, *others, new)
    return changed.noting(other=(f"Remove the record at {astray.name}: {astray.why}.",))


def keep_one(trial: Trial) -> Trial | None:
    """Two records at one name are as good as none: the first one stays."""
    if not trial.author or trial.case.dmarc.record is not None:
        return None
    for domain in dict.fromkeys((trial.author, registered(trial.author))):
        values = trial.values(f"_dmarc.{domain}", "TXT") or ()
        records = [value for value in values if parse_dmarc(value)]
        if len(records) > 1:
            kept = [value for value in values if value not in records]
            home = trial.home(f"_dmarc.{domain}", "TXT")
            return _changed(trial, f"Keep one DMARC record at _dmarc.{domain}", home, *kept, records[0])
    return None


def mend_policy(trial: Trial) -> Trial | None:
    """A record without a valid policy gets one; the weakest, since nobody knows which was meant."""
    found = _record(trial)
    if found is None:
        return None
    record, name = found
    text = record.text
    for tag, _ in record.invalid:
        text = with_tag(text, tag, None)
    if record.p is None:
        text = with_tag(text, "p", "none")
    return _with_text(trial, f"Give the DMARC record of {record.domain} a valid policy", record, name, text)


# ---------------------------------------------------------------- alignment


def relax_spf(trial: Trial) -> Trial | None:
    """aspf=s is taken back."""
    return _relaxed(trial, "aspf")


def relax_dkim(trial: Trial) -> Trial | None:
    """adkim=s is taken back."""
    return _relaxed(trial, "adkim")


def _relaxed(trial: Trial, tag: str) -> Trial | None:
    found = _record(trial)
    if found is None or getattr(found[0], tag) is not AlignmentMode.STRICT:
        return None
    record, name = found
    what = "SPF" if tag == "aspf" else "DKIM"
    title = f"Let {what} align with subdomains, too: take {tag}=s out of the DMARC record"
    changed = _with_text(trial, title, record, name, with_tag(record.text, tag, None))
    if changed is None:
        return None
    effect = f"Whatever authenticates as a subdomain of {record.domain} can then write as {trial.author}."
    return changed.noting(effects=(effect,))


# ------------------------------------------------------------------- p=none


def policy_none(trial: Trial) -> Trial | None:
    """The policy that applies to this author becomes none: the domain gives its protection up."""
    found = _record(trial)
    if found is None or not trial.author:
        return None
    record, name = found
    text = record.text
    tags = ("p",) if record.domain == trial.author else ("sp", "np") if record.np else ("sp",)
    for tag in tags:
        text = with_tag(text, tag, "none")
    asked = " and ".join(f"{tag}=none" for tag in tags)
    title = f"Ask receivers to do nothing: {asked} for {trial.author}"
    changed = _with_text(trial, title, record, name, text)
    if changed is None:
        return None
    effects = (
        f"Protection is given up: whoever writes as {trial.author} gets delivered like this message.",
        "Receivers that ask for authentication themselves, as the large ones do, may refuse it all the same.",
    )
    return replace(changed, weaker=True).noting(effects=effects)
