"""Aggregate and failure reports as tables and views: raw and aligned results each in a column of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from helpers.reports import (
    AggregateReport,
    FailureReport,
    Readiness,
    Record,
    Reports,
    Sender,
    Unreadable,
    senders,
)
from helpers.show.report_frame import records_frame
from helpers.show.safe import one_line
from helpers.show.views.rows_table import RowsTable
from helpers.show.views.view import Cell, Table, Tone, View, view_of

MAX_ROWS = 50  # of a table in a view; `to_frame` has all
_FEW = 3  # addresses that a cell names


class ReportsTable(RowsTable):
    """Results of the room `reports`, one row each. `to_frame` gives the same rows."""

    __slots__ = ()


def senders_table(reports: Reports | Iterable[AggregateReport] | Sequence[Sender]) -> ReportsTable:
    """Who sent as the domain: one row a sender, with how much of it aligned and by what.

    Takes what `read_reports` gave, several reports, or senders. Raises TypeError for anything else.
    """
    given = reports if isinstance(reports, Reports) else tuple(reports)
    if isinstance(given, tuple) and all(isinstance(one, Sender) for one in given):
        found: Sequence[Sender] = [one for one in given if isinstance(one, Sender)]
    elif isinstance(given, Reports) or all(isinstance(one, AggregateReport) for one in given):
        found = senders(given)  # type: ignore[arg-type]
    else:
        raise TypeError("senders_table takes reports or senders, as read_reports and senders give them")
    return ReportsTable("Senders", _SENDER_COLUMNS, tuple(map(_sender_row, found)))


def failures_table(reports: Reports) -> ReportsTable:
    """The failure reports, one row each. Takes what `read_reports` gave; raises TypeError for others."""
    if not isinstance(reports, Reports):
        raise TypeError(f"failures_table takes what read_reports gave, not {type(reports).__name__}")
    return ReportsTable("Failure reports", _FAILURE_COLUMNS, tuple(map(_failure_row, reports.failures)))


# ----------------------------------------------------------------------- rows

_SENDER_COLUMNS = (
    "authenticated as",
    "addresses",
    "messages",
    "aligned",
    "by DKIM",
    "by SPF",
    "not aligned",
    "what they are",
)


def _sender_row(sender: Sender) -> tuple[Cell, ...]:
    return (
        ", ".join(sender.authenticated_as) or "nobody",
        _some(sender.addresses),
        sender.messages,
        sender.aligned,
        sender.by_dkim,
        sender.by_spf,
        sender.not_aligned,
        f"{'✘' if sender.not_aligned else '✔'} {sender.kind}",
    )


def _some(addresses: Sequence[str]) -> str:
    more = f" and {len(addresses) - _FEW} more" if len(addresses) > _FEW else ""
    return ", ".join(addresses[:_FEW]) + more


_FAILURE_COLUMNS = ("arrived", "source IP", "From", "MAIL FROM", "failed", "aligned", "done", "subject")


def _failure_row(one: FailureReport) -> tuple[Cell, ...]:
    return (
        _time(one.arrived),
        one.source_ip,
        one.header_from or one.reported_domain,
        one.mail_from,
        one.auth_failure,
        ", ".join(one.identity_alignment) or "nothing",
        one.delivery_result,
        one.subject,
    )


_RECORD_COLUMNS = (
    "source IP",
    "messages",
    "From",
    "SPF said",
    "SPF aligned",
    "DKIM said",
    "DKIM aligned",
    "DMARC",
    "done",
    "why",
)


def _record_row(record: Record) -> tuple[Cell, ...]:
    return (
        record.source_ip,
        record.count,
        record.header_from,
        ", ".join(f"{one.result} for {one.domain}" for one in record.spf) or "nothing",
        _aligned(record.spf_aligned),
        ", ".join(f"{one.result} for {one.domain}" for one in record.dkim) or "nothing",
        _aligned(record.dkim_aligned),
        "✔ pass" if record.aligned else "✘ fail",
        record.disposition,
        "; ".join(_why(record)),
    )


def _why(record: Record) -> Iterator[str]:
    for one in record.reasons:
        yield ": ".join(part for part in (one.type, one.comment) if part)


def _aligned(aligned: bool) -> str:
    return "✔ aligned" if aligned else "✘ not aligned"


def _time(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%d %H:%M}" if moment is not None else None


def _cut(title: str, columns: tuple[str, ...], rows: Sequence[Any], row: Callable[[Any], Any]) -> Table:
    """A table of at most `MAX_ROWS`; the title says of how many. Only what is shown is made."""
    many = f" ({MAX_ROWS} of {len(rows):,})" if len(rows) > MAX_ROWS else ""
    return Table(title + many, columns, tuple(row(one) for one in rows[:MAX_ROWS]))


_SIDES = ("whose", "sender", "messages", "not aligned", "what they are")


# ----------------------------------------------------------------------- views


@view_of.register
def _(reports: Reports) -> View:
    found = senders(reports)
    tables = [_cut("Senders", _SENDER_COLUMNS, found, _sender_row)]
    if reports.failures:
        tables.append(_cut("Failure reports", _FAILURE_COLUMNS, reports.failures, _failure_row))
    if reports.unreadable:
        tables.append(
            _cut("Not read", ("what", "why"), reports.unreadable, lambda one: (one.source, one.why))
        )
    notes = (*reports.notes, *_liberties(reports))
    return View(
        _reports_words(reports, found), "plain", tuple(tables), notes, partial(records_frame, reports.rows())
    )


def _reports_words(reports: Reports, found: Sequence[Sender]) -> str:
    if not reports.reports:
        said = "no aggregate report"
    else:
        about = ", ".join(one_line(name, 60) for name in reports.domains[:_FEW]) or "no domain"
        aligned = sum(one.aligned for one in found)
        said = (
            f"{len(reports):,} aggregate reports on {about}{_period(reports.reports)}:"
            f" {reports.messages:,} messages, {aligned:,} aligned"
        )
    more = [f"{len(reports.failures):,} failure reports"] if reports.failures else []
    more += [f"{len(reports.unreadable):,} not read"] if reports.unreadable else []
    return "; ".join([said, *more])


def _period(reports: Sequence[AggregateReport]) -> str:
    days = [report.middle.date() for report in reports if report.middle is not None]
    if not days:
        return ""
    return f", {min(days)}" if min(days) == max(days) else f", {min(days)} to {max(days)}"


def _liberties(reports: Reports) -> Iterator[str]:
    """What reading the reports took, for the first few."""
    noted = [report for report in reports if report.notes]
    for report in noted[:_FEW]:
        yield f"{report.source}: {' '.join(report.notes[:_FEW])}"
    if len(noted) > _FEW:
        yield f"{len(noted) - _FEW:,} more reports have notes of their own."


@view_of.register
def _(report: AggregateReport) -> View:
    aligned = sum(record.count for record in report.records if record.aligned)
    when = _period((report,)).removeprefix(", ")
    headline = (
        f"{report.org_name or 'somebody unnamed'} on {report.domain or 'no domain'}, {when or 'no period'}:"
        f" {report.messages:,} messages, {aligned:,} aligned"
    )
    pairs = (
        ("report_id", report.report_id),
        ("begin", _time(report.begin)),
        ("end", _time(report.end)),
        ("policy", f"p={report.p}; sp={report.sp}; adkim={report.adkim}; aspf={report.aspf}"),
        ("form", report.namespace or "no namespace, as in RFC 7489"),
        ("written by", report.generator or report.email),
        ("read from", report.source),
    )
    about = Table("Report", ("field", "value"), tuple((name, value) for name, value in pairs if value))
    records = _cut("Records", _RECORD_COLUMNS, report.records, _record_row)
    rows = ((report, record) for record in report.records)
    return View(
        headline,
        tables=(records, about),
        notes=(*report.errors, *report.notes),
        frame=partial(records_frame, rows),
    )


@view_of.register
def _(record: Record) -> View:
    row = zip(_RECORD_COLUMNS, _record_row(record), strict=True)
    table = Table("Record", ("field", "value"), tuple((name, value) for name, value in row if value != ""))
    return View(f"{record.count:,} messages from {record.source_ip}: {record.in_words}",
                "good" if record.aligned else "bad", (table,))  # fmt: skip


@view_of.register
def _(sender: Sender) -> View:
    row = zip(_SENDER_COLUMNS, _sender_row(sender), strict=True)
    headline = f"{sender.name}: {sender.messages:,} messages, {sender.aligned:,} aligned"
    tone: Tone = "bad" if sender.not_aligned else "good"
    return View(headline, tone, (Table("Sender", ("field", "value"), tuple(row)),))


@view_of.register
def _(one: FailureReport) -> View:
    row = zip(_FAILURE_COLUMNS, _failure_row(one), strict=True)
    table = Table("Failure report", ("field", "value"), tuple((name, value) for name, value in row if value))
    return View(
        f"a message from {one.source_ip or 'an unknown address'} failed: {one.auth_failure}", tables=(table,)
    )


@view_of.register
def _(one: Unreadable) -> View:
    return View(f"{one.source}: {one.why}")


@view_of.register
def _(ready: Readiness) -> View:
    tone: dict[str, Tone] = {"no": "bad", "nothing against it": "good"}
    sides = (
        ("your own", ready.own), ("undecided", ready.undecided), ("forwarded", ready.forwarded),
        ("not yours", ready.not_own),
    )  # fmt: skip
    rows = tuple(
        (whose, one.label, one.messages, one.not_aligned, one.kind)
        for whose, found in sides
        for one in found[:MAX_ROWS]
    )
    reasons = [("against", why) for why in ready.against] + [("missing", why) for why in ready.missing]
    reasons += [("mind", why) for why in ready.cautions]
    share = f" ({ready.aligned / ready.messages:.0%})" if ready.messages else ""
    headline = (
        f"p=reject for {ready.domain}: {ready.answer}\nReports on {ready.days} days,"
        f" {ready.first or 'none'} to {ready.last or 'none'}, by {len(ready.reporters)} receivers:"
        f" {ready.messages:,} messages, {ready.aligned:,}{share} aligned; the policy is p={ready.policy}."
    )
    why = Table("Reasons", ("", "reason"), tuple(reasons))
    return View(headline, tone.get(ready.answer, "plain"), (why, Table("Senders", _SIDES, rows)))
