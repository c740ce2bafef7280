"""What is in a report: one report, its records, what each check found, what could not be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from helpers.terms import Shown, filled_directly


@filled_directly
@dataclass(frozen=True, slots=True, repr=False)
class DkimFound(Shown):
    """The raw result of one DKIM signature (RFC 9990 §3.1.1.12): it says nothing about alignment."""

    domain: str  # d=, lower case
    result: str  # pass, fail, none, … in lower case; another word stays as it was written
    selector: str | None = None  # s=; RFC 7489 let reporters leave it out
    comment: str | None = None  # human_result


@filled_directly
@dataclass(frozen=True, slots=True, repr=False)
class SpfFound(Shown):
    """The raw result of SPF (RFC 9990 §3.1.1.13): it says nothing about alignment."""

    domain: str  # the domain that SPF was asked for, lower case
    result: str
    scope: str = "mfrom"  # mfrom or, in RFC 7489 reports, helo
    comment: str | None = None


@filled_directly
@dataclass(frozen=True, slots=True, repr=False)
class Override(Shown):
    """Why the receiver did something else than the policy asks (RFC 9990 §3.1.6)."""

    type: str | None
    comment: str | None = None


@filled_directly
@dataclass(frozen=True, slots=True, repr=False)
class Record(Shown):
    """Messages from one address that all fared alike.

    ``dkim_aligned`` and ``spf_aligned`` are what stands as ``pass`` in ``policy_evaluated``: the check
    passed *and* its domain aligns with the author domain. ``dkim`` and ``spf`` are the raw results: what
    passed or failed, for whatever domain.
    """

    source_ip: str
    count: int  # messages
    disposition: str  # none, pass, quarantine, reject
    dkim_aligned: bool
    spf_aligned: bool
    header_from: str  # the author domain
    envelope_from: str | None = None  # None: the report does not say
    envelope_to: str | None = None
    dkim: tuple[DkimFound, ...] = ()
    spf: tuple[SpfFound, ...] = ()
    reasons: tuple[Override, ...] = ()

    @property
    def aligned(self) -> bool:
        """True when DMARC passed: one aligned identifier is enough (RFC 9989 §4.4)."""
        return self.dkim_aligned or self.spf_aligned

    @property
    def authenticated_as(self) -> tuple[str, ...]:
        """The domains for which a check passed, aligned or not: who the mail came from, proven."""
        signed = [one.domain for one in self.dkim if one.result == "pass"]
        sent = [one.domain for one in self.spf if one.result == "pass"]
        return tuple(dict.fromkeys((*signed, *sent)))

    @property
    def in_words(self) -> str:
        """Raw and aligned result of both checks in one sentence, so that nobody takes one for the other."""
        spf = _words("SPF", self.spf, aligned=self.spf_aligned)
        dkim = _words("DKIM", self.dkim, aligned=self.dkim_aligned)
        return f"{spf}; {dkim}: DMARC {'passes' if self.aligned else 'fails'}"


def _words(check: str, found: tuple[SpfFound, ...] | tuple[DkimFound, ...], *, aligned: bool) -> str:
    """One check in words. Where the report contradicts itself, both sides are told."""
    results = [(one.result, one.domain) for one in found]
    said = f"{check} {', '.join(f'{result} for {domain}' for result, domain in results)}"
    if not results:
        said = f"no {check} result"
    if aligned:
        return f"{said}, aligned"
    return f"{said}, not aligned" if any(result == "pass" for result, _ in results) else said


@dataclass(frozen=True, slots=True, repr=False)
class AggregateReport(Shown):
    """What one receiver saw of one domain in one period (RFC 9990 §3.1, RFC 7489 §7.2)."""

    org_name: str | None  # who reports
    report_id: str | None
    begin: datetime | None  # UTC
    end: datetime | None
    domain: str | None  # the DMARC policy domain
    p: str | None  # the policy as the receiver saw it, in lower case
    sp: str | None = None  # p where the report does not say (RFC 9989 §4.7)
    np: str | None = None  # None: not said
    adkim: str = "r"
    aspf: str = "r"
    pct: str | None = None  # RFC 7489 only
    fo: str | None = None
    testing: str | None = None  # RFC 9990 only: the tag t
    discovery_method: str | None = None  # RFC 9990 only: psl or treewalk
    email: str | None = None
    extra_contact_info: str | None = None
    generator: str | None = None
    version: str | None = None
    namespace: str | None = None  # of the root element
    errors: tuple[str, ...] = ()  # what the reporter itself had to say
    records: tuple[Record, ...] = ()
    notes: tuple[str, ...] = ()  # liberties taken in reading, a sentence each
    source: str = ""  # the file, and the attachment in it

    @property
    def messages(self) -> int:
        """How many messages the report is about."""
        return sum([record.count for record in self.records])

    @property
    def middle(self) -> datetime | None:
        """The middle of the period: the day that the report is about, whatever the reporter's time zone."""
        if self.begin is None or self.end is None:
            return self.begin or self.end
        return self.begin + (self.end - self.begin) / 2


@dataclass(frozen=True, slots=True, repr=False)
class FailureReport(Shown):
    """One failure report: a single message that failed, as one receiver saw it (RFC 9991, RFC 6591)."""

    reporter: str | None  # User-Agent
    arrived: datetime | None  # Arrival-Date
    source_ip: str | None
    reported_domain: str | None
    header_from: str | None  # the author domain of the message that failed
    auth_failure: str | None  # dmarc, spf, bodyhash, revoked, signature
    identity_alignment: tuple[str, ...] = ()  # what did align: dkim, spf; empty for none
    mail_from: str | None = None
    recipient: str | None = None
    delivery_result: str | None = None
    dkim_domain: str | None = None
    dkim_selector: str | None = None
    authentication_results: str | None = None
    subject: str | None = None
    source: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Unreadable(Shown):
    """Something that is no report, or one that can't be read; ``why`` is one sentence."""

    source: str
    why: str


@dataclass(frozen=True, slots=True, repr=False)
class Reports(Shown):
    """All that was read: aggregate reports by time, failure reports, and what could not be read.

    `to_frame` gives one row a record: who reports and when (``org report_id begin end source``), the policy
    (``domain p sp np adkim aspf``), the messages (``source_ip count header_from envelope_from envelope_to``),
    what counts (``dmarc spf_aligned dkim_aligned disposition reason comment``), the raw results
    (``spf_result spf_domain spf_scope dkim_result dkim_domain dkim_selector``, several joined by commas), and
    both ``in_words``. `helpers.failures_table` has the failure reports.
    """

    reports: tuple[AggregateReport, ...] = ()
    failures: tuple[FailureReport, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[AggregateReport]:
        return iter(self.reports)

    def __len__(self) -> int:
        return len(self.reports)

    @property
    def messages(self) -> int:
        """How many messages the aggregate reports are about."""
        return sum(report.messages for report in self.reports)

    @property
    def domains(self) -> tuple[str, ...]:
        """The DMARC policy domains that are reported on."""
        return tuple(sorted({report.domain for report in self.reports if report.domain}))

    def rows(self) -> Iterator[tuple[AggregateReport, Record]]:
        """Every record with the report it stands in."""
        return ((report, record) for report in self.reports for record in report.records)

    def about(self, domain: str) -> Reports:
        """Only the reports on one policy domain."""
        wanted = domain.lower().rstrip(".")
        failures = tuple(one for one in self.failures if one.reported_domain == wanted)
        return Reports(tuple(one for one in self.reports if one.domain == wanted), failures)

    def between(self, first: datetime | str, last: datetime | str) -> Reports:
        """Only what was seen from ``first`` on and before ``last``, dates such as "2025-05-01" (UTC).

        A report counts where the middle of its period is. Raises ValueError for what is no date.
        """
        start, end = _moment(first), _moment(last)
        return Reports(
            tuple(one for one in self.reports if one.middle is not None and start <= one.middle < end),
            tuple(one for one in self.failures if one.arrived is not None and start <= one.arrived < end),
        )


def _moment(when: datetime | str) -> datetime:
    from datetime import UTC

    found = datetime.fromisoformat(when) if isinstance(when, str) else when
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


DAY = timedelta(days=1)
