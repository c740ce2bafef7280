"""From reports to a decision: would ``p=reject`` hit the owner's own mail? (RFC 9989 §5.1.5–5.1.7, §7.4)

The answer is "no", "not yet" or that nothing in these reports speaks against it. It is never "yes": reports
tell of the receivers that send them and of the days they cover, and only the owner knows which senders are
theirs. So the owner says that, and what nobody has answered for keeps the answer at "not yet".
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from helpers.reports.results import DAY, AggregateReport, Reports
from helpers.reports.senders import Sender, senders
from helpers.terms import Shown

A_MONTH = 30  # days: RFC 9989 §7.4 wants at least a month of p=none
MAX_GAPS = 0.2  # of the days: a receiver reports daily, and sends nothing for a day without mail
MAX_UNSIGNED = 0.05  # of a sender's aligned messages: now and then a signature breaks, a stream has none
NAMED = 5  # senders that a sentence names

Answer = Literal["no", "not yet", "nothing against it"]


@dataclass(frozen=True, slots=True, repr=False)
class Readiness(Shown):
    """What a domain's reports say about ``p=reject``, and what they can't say.

    ``against`` are reasons for "no", ``missing`` reasons for "not yet"; ``cautions`` remain in any case.
    """

    domain: str
    answer: Answer
    against: tuple[str, ...]
    missing: tuple[str, ...]
    cautions: tuple[str, ...]
    policy: str | None  # p as the newest report has it
    first: date | None
    last: date | None
    days: int  # with a report
    reporters: tuple[str, ...]
    messages: int
    aligned: int
    own: tuple[Sender, ...]  # the owner says so, or all their mail is aligned
    forwarded: tuple[Sender, ...]  # what is not aligned was forwarded, says the receiver
    undecided: tuple[Sender, ...]  # not aligned, and nobody has said whose they are
    not_own: tuple[Sender, ...]  # the owner says so: what p=reject is meant to stop

    @property
    def would_fail(self) -> int:
        """Messages of own senders in these reports that p=reject would have put at risk."""
        return sum(sender.not_aligned for sender in self.own)


def ready_for_reject(
    reports: Reports,
    *,
    domain: str | None = None,
    own: Iterable[str] = (),
    not_own: Iterable[str] = (),
    days: int = A_MONTH,
) -> Readiness:
    """Ask a domain's reports whether ``p=reject`` would hit its owner's own mail.

    ``reports``: what `read_reports` gave. ``domain``: the DMARC policy domain; None where the reports are on
    one only. ``own`` and ``not_own``: what the owner knows about senders, each a name as in
    `Readiness.undecided`, a domain that the sender authenticates as ("mailgun.org" takes its subdomains
    in), an address, or a network ("198.51.100.0/24"). ``days``: how many days with reports are enough.

    Returns `Readiness`. Raises ValueError when the domain is not clear, when a sender is called both own and
    not own, and for ``days`` below 1; TypeError for what are no reports. RFC 9989 §7.4.
    """
    if not isinstance(reports, Reports):
        raise TypeError(f"ready_for_reject takes what read_reports gave, not {type(reports).__name__}.")
    if days < 1:
        raise ValueError("days has to be 1 or more")
    wanted = _domain(reports, domain)
    about = reports.about(wanted)
    sides = _Sides(_entries("own", own), _entries("not_own", not_own), senders(about))
    covered = _covered(about.reports)
    against = (*_own_not_aligned(sides.own), *_spf_alone(sides.own))
    missing = (*_too_short(covered, days), *_not_seen(sides), *_undecided(sides.undecided))
    newest = max(about.reports, key=lambda one: _when(one.end), default=None)
    return Readiness(
        domain=wanted,
        answer="no" if against else "not yet" if missing else "nothing against it",
        against=against,
        missing=missing,
        cautions=_cautions(reports, about, sides, newest),
        policy=newest.p if newest is not None else None,
        first=min(covered, default=None),
        last=max(covered, default=None),
        days=len(covered),
        reporters=_reporters(about),
        messages=about.messages,
        aligned=sum(one.aligned for one in sides.all),
        own=sides.own,
        forwarded=sides.forwarded,
        undecided=sides.undecided,
        not_own=sides.not_own,
    )


def _domain(reports: Reports, domain: str | None) -> str:
    if domain is not None:
        wanted = domain.lower().rstrip(".")
        if wanted in reports.domains:
            return wanted
        raise ValueError(
            f"there is no report on {domain!r}; there are on: {', '.join(reports.domains) or '–'}"
        )
    if len(reports.domains) != 1:
        raise ValueError(f"say which domain: the reports are on {', '.join(reports.domains) or 'none'}")
    return reports.domains[0]


# ------------------------------------------------------------------ whose they are


class _Sides:
    """The senders by whose they are."""

    def __init__(self, own: Sequence[str], not_own: Sequence[str], everybody: Sequence[Sender]) -> None:
        self.all = everybody
        self.expected = own
        owned, foreign, forwarded, undecided = [], [], [], []
        for one in everybody:
            mine, theirs = _is_one_of(one, own), _is_one_of(one, not_own)
            if mine and theirs:
                raise ValueError(f"{one.name} is called both own and not own")
            if theirs:
                foreign.append(one)
            elif mine or not one.not_aligned:
                owned.append(one)
            elif one.forwarded == one.not_aligned:
                forwarded.append(one)
            else:
                undecided.append(one)
        self.own, self.not_own = tuple(owned), tuple(foreign)
        self.forwarded, self.undecided = tuple(forwarded), tuple(undecided)


def _entries(name: str, given: Iterable[str]) -> tuple[str, ...]:
    entries: tuple[object, ...] = (given,) if isinstance(given, str) else tuple(given)
    texts = tuple(one.strip().lower() for one in entries if isinstance(one, str) and one.strip())
    if len(texts) < len(entries):
        raise TypeError(f"{name} takes names of senders, domains, addresses or networks, as text")
    return texts


def _is_one_of(sender: Sender, entries: Sequence[str]) -> bool:
    return any(_matches(sender, entry) for entry in entries)


def _matches(sender: Sender, entry: str) -> bool:
    """Does an entry name this sender? An address or network has to hold all of the sender's addresses."""
    if entry == sender.name:
        return True
    try:
        network = ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return any(name == entry or name.endswith(f".{entry}") for name in sender.authenticated_as)
    return all(_is_in(address, network) for address in sender.addresses)


def _is_in(address: str, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    try:
        return ipaddress.ip_address(address) in network
    except ValueError:
        return False


# -------------------------------------------------------------------------- reasons


def _own_not_aligned(own: Sequence[Sender]) -> Iterable[str]:
    for one in own:
        if one.not_aligned:
            yield (
                f"{one.label} is yours, and {one.not_aligned:,} of its {one.messages:,} messages are not"
                f" aligned ({one.kind}): receivers are asked to refuse them."
            )


def _spf_alone(own: Sequence[Sender]) -> Iterable[str]:
    for one in own:
        unsigned = one.aligned - one.by_dkim
        if unsigned > MAX_UNSIGNED * one.aligned:
            yield (
                f"{unsigned:,} of {one.aligned:,} aligned messages of {one.label} pass by SPF alone, which"
                " forwarding takes away: have all of them signed (RFC 9989 §7.4: no p=reject by SPF alone)."
            )


def _too_short(covered: frozenset[date], days: int) -> Iterable[str]:
    if len(covered) < days:
        yield f"There are reports on {len(covered)} days; it takes {days} (RFC 9989 §7.4: at least a month)."
    if covered:
        span = (max(covered) - min(covered)).days + 1
        if span - len(covered) > MAX_GAPS * span:
            yield f"On {span - len(covered)} of {span} days there is no report: some may be missing."


def _not_seen(sides: _Sides) -> Iterable[str]:
    for entry in sides.expected:
        if not any(_matches(one, entry) for one in sides.all):
            yield f"{entry} is yours, and no report has seen mail from it: nothing is known about it."
    if not any(one.aligned for one in sides.own):
        yield "None of your own mail is in the reports."


def _undecided(undecided: Sequence[Sender]) -> Iterable[str]:
    """Who is not aligned and unknown."""
    for one in undecided:
        if one.authenticated_as:
            yield (
                f"{one.label}: {one.not_aligned:,} messages not aligned ({one.kind}). Yours or not?"
                " Say so with own= or not_own=."
            )
    nobody = [one for one in undecided if not one.authenticated_as]
    if nobody:
        total = sum(one.not_aligned for one in nobody)
        more = f" and {len(nobody) - NAMED} more" if len(nobody) > NAMED else ""
        names = ", ".join(one.name for one in nobody[:NAMED])
        yield (
            f"{total:,} messages authenticated as nobody, from {names}{more}: forgeries, or a server of yours"
            " that was forgotten. Say so with own= or not_own=."
        )


def _cautions(
    reports: Reports, about: Reports, sides: _Sides, newest: AggregateReport | None
) -> tuple[str, ...]:
    told = ["Only receivers that send reports are in here, and only mail that was sent in these days."]
    names = _reporters(about)
    if len(names) == 1:
        told.append(f"All reports are by {names[0]}: other receivers may see other mail.")
    forwarded = sum(one.forwarded for one in sides.all)
    if forwarded:
        told.append(
            f"{forwarded:,} messages were forwarded or went through lists, receivers say, and did not align:"
            " with p=reject such mail may be refused."
        )
    if newest is not None and newest.p == "none":
        told.append("The policy is p=none: p=quarantine comes first, for as long again (RFC 9989 §7.4).")
    if newest is not None and newest.testing == "y":
        told.append("The record has t=y: receivers treat the policy as one step milder (RFC 9989 §4.7).")
    if reports.unreadable:
        told.append(
            f"Files that could not be read, and may hold what is missing: {len(reports.unreadable):,}."
        )
    told.append("Anybody can send a report: look at who did before you act on one (RFC 9990 §8.2).")
    return tuple(told)


def _reporters(about: Reports) -> tuple[str, ...]:
    return tuple(sorted({report.org_name or "somebody unnamed" for report in about.reports}))


def _covered(reports: Iterable[AggregateReport]) -> frozenset[date]:
    """The days that reports are about. A period ends at midnight or a second before: both are one day."""
    found: set[date] = set()
    for report in reports:
        if report.begin is None or report.end is None or report.middle is None:
            continue
        if report.end - report.begin <= 1.5 * DAY:
            found.add(report.middle.date())
            continue
        whole = min((report.end - report.begin).days, 366)  # nobody reports on more than a year
        found.update((report.begin + DAY * number + DAY / 2).date() for number in range(whole))
    return frozenset(found)


def _when(moment: datetime | None) -> str:
    return moment.isoformat() if moment is not None else ""
