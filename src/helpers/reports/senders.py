"""Who sent: records put together by what their mail authenticated as, whether it aligned or not.

An address tells little: a sending service has hundreds, and changes them. The domains for which SPF or a
signature passed tell who it was, proven. Mail that authenticated as nobody has only its address.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from helpers.domains import registered_domain
from helpers.reports.results import AggregateReport, Record, Reports
from helpers.terms import Shown

FORWARDED = frozenset({"forwarded", "mailing_list", "trusted_forwarder"})  # RFC 9990 §3.1.6, RFC 7489 C


@dataclass(frozen=True, slots=True, repr=False)
class Sender(Shown):
    """All messages that authenticated as the same organizations, or came from one address and as nobody."""

    name: str  # the organizations' domains, or the address
    authenticated_as: tuple[str, ...]  # every domain for which a check passed; empty: nobody
    addresses: tuple[str, ...]  # most messages first
    messages: int
    aligned: int  # messages for which DMARC passed
    by_dkim: int  # messages with an aligned signature
    by_spf: int  # messages with aligned SPF
    forwarded: int  # messages not aligned of which the receiver says that they were forwarded
    broken: int  # messages not aligned with a signature of the author's own organization that failed
    refused: int  # messages that the receiver rejected or put aside
    header_from: tuple[str, ...]
    first: datetime | None
    last: datetime | None

    @property
    def label(self) -> str:
        """The name to show: the one domain in full where there is only one."""
        return self.authenticated_as[0] if len(self.authenticated_as) == 1 else self.name

    @property
    def not_aligned(self) -> int:
        """Messages for which DMARC failed."""
        return self.messages - self.aligned

    @property
    def kind(self) -> str:
        """What the reports alone tell about those that are not aligned, in a word or two."""
        if not self.not_aligned:
            return "aligned"
        if self.forwarded:
            return "forwarded, says the receiver"
        if self.broken:
            return "own signature broken"
        if not self.authenticated_as:
            return "authenticated as nobody"
        own = {registered(name) for name in self.header_from} & {registered(n) for n in self.authenticated_as}
        return "own domain, not aligned" if own else "authenticated as somebody else"


def senders(reports: Reports | Iterable[AggregateReport]) -> tuple[Sender, ...]:
    """Everybody who sent as the domain, those with most messages first.

    Takes `Reports` or several `AggregateReport`; one domain's (`Reports.about`) if they are to be compared.
    Domains are put together by the public suffix list, for the eye: whether something aligns is what the
    receiver wrote.
    """
    found: dict[str, _Sum] = {}
    names: dict[tuple[str, ...], str] = {}
    for report in reports:
        for record in report.records:
            who = record.authenticated_as
            name = names.get(who)
            if name is None:
                name = names[who] = ", ".join(dict.fromkeys(map(registered, who)))
            found.setdefault(name or record.source_ip, _Sum()).add(report, record)
    made = [one.sender(name) for name, one in found.items()]
    return tuple(sorted(made, key=lambda one: (-one.messages, one.name)))


def registered(name: str) -> str:
    """The organization's domain of a name, by the public suffix list; a text that is none stays itself."""
    return registered_domain(name) if name.isascii() and "." in name else name


@dataclass(slots=True)
class _Sum:
    """What is added up for one sender."""

    counts: Counter[str] = field(default_factory=Counter)
    addresses: Counter[str] = field(default_factory=Counter)
    domains: dict[str, None] = field(default_factory=dict)
    authors: dict[str, None] = field(default_factory=dict)
    first: datetime | None = None
    last: datetime | None = None

    def add(self, report: AggregateReport, record: Record) -> None:
        count, counts = record.count, self.counts
        self.addresses[record.source_ip] += count
        self.domains.update(dict.fromkeys(record.authenticated_as))
        self.authors[record.header_from] = None
        counts["messages"] += count
        counts["dkim"] += count * record.dkim_aligned
        counts["spf"] += count * record.spf_aligned
        counts["aligned"] += count * record.aligned
        if record.disposition in ("quarantine", "reject"):
            counts["refused"] += count
        if not record.aligned:
            counts["forwarded"] += count * any(why.type in FORWARDED for why in record.reasons)
            counts["broken"] += count * has_broken_signature(record)
        when = report.middle
        if when is not None:
            self.first = min(self.first or when, when)
            self.last = max(self.last or when, when)

    def sender(self, name: str) -> Sender:
        counts = self.counts
        return Sender(
            name=name,
            authenticated_as=tuple(self.domains),
            addresses=tuple(address for address, _ in self.addresses.most_common()),
            messages=counts["messages"],
            aligned=counts["aligned"],
            by_dkim=counts["dkim"],
            by_spf=counts["spf"],
            forwarded=counts["forwarded"],
            broken=counts["broken"],
            refused=counts["refused"],
            header_from=tuple(self.authors),
            first=self.first,
            last=self.last,
        )


def has_broken_signature(record: Record) -> bool:
    """True when a signature of the author's own organization is there and does not verify: changed mail."""
    if not record.dkim:
        return False
    own = registered(record.header_from)
    return any(one.result == "fail" and registered(one.domain) == own for one in record.dkim)
