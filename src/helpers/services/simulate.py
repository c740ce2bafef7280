"""The same mail through every service: DMARC before and after verification, relaxed and strict.

`services` has `simulate` under its public name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers.authentication import authenticate
from helpers.domains import organizational_domain
from helpers.lookup import Zone
from helpers.message import read_message
from helpers.services.facts import Service, all_services, find
from helpers.services.send import ACCOUNT, Sent, send_through
from helpers.terms import Alignment, AlignmentMode, DmarcCheck, Result, Rules, Shown

if TYPE_CHECKING:
    from helpers.authentication import Source


@dataclass(frozen=True, slots=True, repr=False)
class Simulation(Shown):
    """One service: what DMARC says of the mail, unverified and verified, under relaxed and strict alignment.

    ``aligned`` and ``strict_aligned`` name the identifiers that pass and align after
    verification; ``why`` and ``strict_why`` what decided, a sentence for each identifier.
    """

    service: str
    name: str
    before: Result
    after: Result
    strict_before: Result
    strict_after: Result
    aligned: tuple[str, ...]
    strict_aligned: tuple[str, ...]
    before_why: str
    why: str
    strict_why: str
    notes: tuple[str, ...] = ()


def simulate(
    message: Source,
    *,
    domain: str,
    dns_zone: Zone,
    services: Iterable[str | Service] | None = None,
    account: str = ACCOUNT,
    rules: Rules = "rfc9989",
) -> tuple[Simulation, ...]:
    """The same mail through every service, evaluated as a receiver would.

    Arguments: the mail; the domain set up at the services, the one in From; ``dns_zone``, the
    author's own zone as it is now (its DMARC record is asked for, with ``adkim`` and ``aspf``
    set to relaxed and to strict in turn); ``services`` to try, by default all; ``account``,
    the Gmail account; ``rules`` as in `evaluate_dmarc`. Raises ValueError for an unknown
    service or a domain that is none, TypeError when ``dns_zone`` is no zone.
    """
    _check_zone(dns_zone)
    chosen = all_services() if services is None else [find(service) for service in services]
    mail = read_message(message)
    return tuple(_one(mail, service, domain, dns_zone, account, rules) for service in chosen)


def _check_zone(zone: object) -> None:
    if not isinstance(zone, Zone):
        raise TypeError("simulate needs dns_zone=, the author's own records as a Zone")


def _one(mail: Source, service: Service, domain: str, zone: Zone, account: str, rules: Rules) -> Simulation:
    before, after = (
        send_through(service, mail, domain=domain, verified=verified, account=account)
        for verified in (False, True)
    )
    relaxed, strict = AlignmentMode.RELAXED, AlignmentMode.STRICT
    was, was_strict = (_evaluate(before, zone, mode, rules) for mode in (relaxed, strict))
    now, now_strict = (_evaluate(after, zone, mode, rules) for mode in (relaxed, strict))
    return Simulation(
        service=service.id,
        name=service.name,
        before=was.result,
        after=now.result,
        strict_before=was_strict.result,
        strict_after=now_strict.result,
        aligned=_aligned(now.alignments),
        strict_aligned=_aligned(now_strict.alignments),
        before_why=_why(was),
        why=_why(now),
        strict_why=_why(now_strict),
        notes=tuple(dict.fromkeys((*before.notes, *after.notes))),
    )


def _evaluate(sent: Sent, zone: Zone, mode: AlignmentMode, rules: Rules) -> DmarcCheck:
    world = with_alignment(sent.zone(zone), sent.domain, mode)
    return authenticate(sent.message, envelope=sent.envelope, dns=world, rules=rules).dmarc


def _aligned(rows: Sequence[Alignment]) -> tuple[str, ...]:
    return tuple(_label(row) for row in rows if row.aligned and row.result == Result.PASS)


def _label(row: Alignment) -> str:
    return f"{row.identifier}{'' if row.identifier.endswith('=') else ' '}{row.domain}"


def _why(check: DmarcCheck) -> str:
    if not check.alignments:
        return check.reason
    return " ".join(
        f"{_label(row)}: {row.method.upper()} {row.result}, {row.decided_by.rstrip('.')}."
        for row in check.alignments
    )


def with_alignment(zone: Zone, domain: str, mode: AlignmentMode) -> Zone:
    """A new zone where the DMARC record that counts for a domain asks for this alignment (RFC 9989 §4.7)."""
    letter = "s" if mode is AlignmentMode.STRICT else "r"
    for name in dict.fromkeys((domain, organizational_domain(domain, rules="rfc7489"))):
        texts = zone.to_dict().get(f"_dmarc.{name}", {}).get("TXT", [])
        if isinstance(texts, list) and texts:
            zone = zone.with_records(f"_dmarc.{name}", "TXT", [_asking(text, letter) for text in texts])
    return zone


def _asking(text: str, letter: str) -> str:
    if not re.match(r"\s*v\s*=\s*DMARC1\b", text):
        return text
    tags = [tag.strip() for tag in text.split(";") if tag.strip()]
    kept = [tag for tag in tags if tag.partition("=")[0].strip().lower() not in ("adkim", "aspf")]
    return "; ".join([*kept, f"adkim={letter}", f"aspf={letter}"])
