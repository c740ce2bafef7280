"""The candidate that names a service: one whose servers the author domain's SPF record lists already.

Who has such a service needs no other one, and it asks for records of its own, which `services` knows. The
proof is the mail as that service would send it, with its own signatures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from helpers.authentication import check_envelope
from helpers.dkim import verify_dkim
from helpers.fixes.results import Who
from helpers.fixes.spf_flat import check_worst, records_at
from helpers.fixes.spf_text import is_spf
from helpers.fixes.trial import Trial
from helpers.lookup import Overlay
from helpers.spf import parse_spf
from helpers.terms import Result

if TYPE_CHECKING:
    from helpers.services import DnsRecord, Sent, Service
    from helpers.terms import Answer

# Others are not needed for sending, or there already: the MX records, tracking, a DMARC record.
_PURPOSES = ("verification", "SPF", "DKIM key", "Return-Path")
_PLACEHOLDER = re.compile(r"\{([a-z]+)[0-9_]*\}")


def listed_service(trial: Trial) -> Trial | None:
    """The domain is set up at the service whose include stands in its SPF record, and mail goes that way."""
    author = trial.author
    if not author or trial.case.mediated or check_worst(trial, author).result == Result.PERMERROR:
        return None
    for service, region in _listed(trial):
        sent = trial.case.send(trial.message, service, author, region)
        if sent is not None:
            return _set_up(trial, service, region, sent)
    return None


def _listed(trial: Trial) -> Iterator[tuple[Service, str | None]]:
    """Services that the SPF record of the author domain includes by name, in its order."""
    found = records_at(trial, trial.author)
    if found is None or len(found[1]) != 1:
        return
    from helpers.services import with_include  # the facts are a file: read where they are needed

    for term in parse_spf(found[1][0]).mechanisms:
        if term.name == "include" and term.value and (known := with_include(term.value)) is not None:
            yield known


def _set_up(trial: Trial, service: Service, region: str | None, sent: Sent) -> Trial:
    from helpers.services import records_for

    changed = trial
    asked = records_for(service, domain=trial.author, region=region)
    tried = records_for(service, domain=trial.author, region=region, example=True)
    for record, example in zip(asked, tried, strict=True):
        if record.required and record.purpose in _PURPOSES:
            changed = _with(changed, record, example, service.name)
    changed = _with_world(replace(changed, message=sent.message, envelope=sent.envelope), sent)
    server = service.smtp_host
    return changed.noting(
        title=f"Send through {service.name}, which the SPF record of {trial.author} lists already",
        who=(Who.OWNER, Who.SERVICE, Who.CLIENT),
        other=(
            f"At {service.name}, set up and verify {trial.author}.",
            f"In the mail client, send through {_shown(server, service.name) if server else 'its server'}.",
        ),
        assumed=(
            *sent.notes,
            f"{sent.envelope.client_ip} and the keys of the proof stand for {service.name}'s own.",
        ),
    )


def _with_world(trial: Trial, sent: Sent) -> Trial:
    """The trial with what the checks ask of the service's own DNS, and nothing else of it."""
    world = Overlay(trial.dns, sent.world)
    asked: set[str] = set()

    def dns(name: str, rdtype: str) -> Answer:
        answer = world(name, rdtype)
        asked.update((name, *answer.chain))
        return answer

    check_envelope(sent.envelope, dns)
    verify_dkim(sent.message, dns, now=trial.case.now)
    for name, types in sent.world.to_dict().items():
        for rdtype, values in types.items() if name in asked else ():
            trial = trial.with_record(name, rdtype, *map(_text, values), foreign=True)
    return trial


def _with(trial: Trial, record: DnsRecord, example: DnsRecord, service: str) -> Trial:
    """One record more. What is there already is the service's own, and only the proof replaces it."""
    name, rdtype = example.name, example.type
    there = [_text(value) for value in trial.values(name, rdtype) or ()]
    if record.purpose == "SPF" and any(is_spf(value) for value in there):
        return trial
    if record.purpose == "DKIM key" and there:
        return trial.with_record(name, rdtype, example.value, foreign=True)
    changed = trial.with_record(name, rdtype, *there, example.value)
    for real, text in ((example.value, record.value), (name, record.host)):
        changed = changed.showing(real, _shown(text, service))
    return changed.noting(
        assumed=(f"{record.type} at {_shown(record.host, service)}: {record.note}",) if record.note else ()
    )


def _text(value: object) -> str:
    """A value of a zone as a master file has it; an MX record is a pair."""
    return value if isinstance(value, str) else " ".join(map(str, value))  # type: ignore[call-overload]


def _shown(text: str, service: str) -> str:
    """What only the service can tell, in words."""
    return _PLACEHOLDER.sub(lambda word: f"<the {word[1]} that {service} shows>", text)
