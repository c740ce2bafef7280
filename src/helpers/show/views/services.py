"""Sending services as tables and views: dated facts, records for a DNS panel, simulations, choices."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from helpers.services import (
    Change,
    Choice,
    DnsRecord,
    Sent,
    Service,
    Simulation,
    Sourced,
    all_services,
)
from helpers.show.views.rows_table import RowsTable
from helpers.show.views.view import Cell, Table, Tone, View, view_of
from helpers.terms import AlignmentMode, Result, Shown

FACT_COLUMNS = ("fact", "value", "as of", "read at", "note")
NO_ROWS = "there is nothing to tabulate: give services, records, changes, simulations or choices"


class ServicesTable(RowsTable):
    """Results of the room `services`, one row each. `to_frame` gives the same rows."""

    __slots__ = ()


def services_table(results: Iterable[Shown]) -> ServicesTable:
    """Services, facts, changes, DNS records, simulations or choices as one table, a row each.

    Takes results of one type, in the order in which they are to be shown. An unknown fact is
    "not known", never an empty cell. Raises TypeError when there are none, when they are of
    several types, or of a type that has no table.
    """
    given = tuple(results)
    if not given:
        raise TypeError(NO_ROWS)
    kind = type(given[0])
    if kind not in _TABLES or any(type(one) is not kind for one in given):
        names = ", ".join(sorted({type(one).__name__ for one in given}))
        raise TypeError(f"services_table takes results of one type of the room services, not {names}")
    title, columns, row = _TABLES[kind]
    return ServicesTable(title, columns, tuple(row(one) for one in given))


# --------------------------------------------------------------------- words


def words(value: Any) -> str:
    """A fact's value in words. None is unknown; empty text, an empty tuple and 0 mean that there is none."""
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value) or "none"
    if isinstance(value, (int, float)):
        return f"{value:,}" if value else "none"
    return str(value) or "none"


def name_of(service: str) -> str:
    """A service's name by its id; the text itself where the kit knows none of that id."""
    return next((one.name for one in all_services() if one.id == service), service)


def free_words(service: Service) -> str:
    """How many messages a month are free, and for how long."""
    free = words(service.free_messages_per_month)
    return f"{free}, {service.free_months} months" if service.free_months else free


def price_words(service: Service) -> str:
    """The lowest price in US dollars, and how many messages a month it is for."""
    price, size = service.price_per_month_usd, service.paid_messages_per_month
    if price is None:
        return "not known"
    if price == 0:
        return "nothing"
    return f"${price:,.2f}" + (f" for {size:,}" if size else "")


def verdict(result: Result) -> str:
    """A result of DMARC with its mark: here alignment has decided, so it is good or bad news."""
    return f"{ {Result.PASS: '✔ ', Result.FAIL: '✘ '}.get(result, '') }{result.value}"


def aligned_words(identifiers: tuple[str, ...]) -> str:
    """Which checks pass and align: "SPF + DKIM", "DKIM only", "SPF only" or "nothing"."""
    dkim = any(one.startswith("DKIM") for one in identifiers)
    spf = any(not one.startswith("DKIM") for one in identifiers)
    if spf and dkim:
        return "SPF + DKIM"
    return "DKIM only" if dkim else "SPF only" if spf else "nothing"


# ---------------------------------------------------------------------- rows


def _service_row(service: Service) -> tuple[str, ...]:
    return (
        service.name,
        words(service.return_path_aligned),
        words(service.dkim_verified),
        free_words(service),
        price_words(service),
        words(service.mx),
    )


def _fact_row(fact: Sourced) -> tuple[str, ...]:
    return fact.field.replace("_", " "), words(fact.value), fact.date, fact.source, fact.note


def _change_row(change: Change) -> tuple[str, ...]:
    return name_of(change.service), change.field, change.then, change.now, change.date


def _record_row(record: DnsRecord) -> tuple[str, ...]:
    needed = "yes" if record.required else "no"
    return record.purpose, record.type, record.host, record.value, needed, record.note


def _simulation_row(one: Simulation) -> tuple[str, ...]:
    return (
        one.name,
        verdict(one.before),
        f"{verdict(one.after)}: {aligned_words(one.aligned)}",
        f"{verdict(one.strict_after)}: {aligned_words(one.strict_aligned)}",
        " ".join(one.notes),
    )


def _choice_row(choice: Choice) -> tuple[str, ...]:
    points = (choice.score, choice.setup, choice.dns, choice.cost, choice.alignment)
    why = " ".join(choice.obstacles or choice.reasons[:1])
    return choice.name, "✔ fits" if choice.fits else "✘", *map(str, points), why


_TABLES: dict[type, tuple[str, tuple[str, ...], Callable[[Any], tuple[str, ...]]]] = {
    Service: (
        "Services",
        ("service", "Return-Path", "signature", "free a month", "price a month", "MX"),
        _service_row,
    ),
    Sourced: ("Facts", FACT_COLUMNS, _fact_row),
    Change: ("Changes", ("service", "what", "May 2025", "now", "as of"), _change_row),
    DnsRecord: ("Records", ("for", "type", "host", "value", "needed", "note"), _record_row),
    Simulation: (
        "Simulation",
        ("service", "before set-up", "after, relaxed", "after, strict", "assumed"),
        _simulation_row,
    ),
    Choice: (
        "Choice",
        ("service", "fits", "points", "set-up", "DNS", "cost", "alignment", "why"),
        _choice_row,
    ),
}


def _table(results: Iterable[Shown], *, folded: bool = False) -> Table:
    shown = services_table(results)
    return Table(shown.title, shown.columns, shown.rows, folded)


# --------------------------------------------------------------------- views


@view_of.register
def _(service: Service) -> View:
    known = {fact.field: fact for fact in service.facts} if service in all_services() else {}
    rows = tuple(_fact_row(known[name]) for name in _fields(service) if name in known)
    if not rows:  # not one of the file's: there is no source to show
        rows = tuple(
            (name.replace("_", " "), words(getattr(service, name)), "", "", "") for name in _fields(service)
        )
    return View(
        f"{service.name} ({service.kind})",
        tables=(Table("Facts", FACT_COLUMNS, rows),),
        notes=service.caveats,
    )


def _fields(service: Service) -> tuple[str, ...]:
    return tuple(name for name in service.to_dict() if name not in ("id", "name", "kind", "caveats"))


@view_of.register
def _(fact: Sourced) -> View:
    return View(
        f"{fact.field.replace('_', ' ')}: {words(fact.value)} ({fact.date})", tables=(_table((fact,)),)
    )


@view_of.register
def _(change: Change) -> View:
    headline = f"{name_of(change.service)}, {change.field}: {change.then} → {change.now}"
    return View(headline, tables=(_table((change,)),), notes=(f"read at {change.source}",))


@view_of.register
def _(record: DnsRecord) -> View:
    headline = f"{record.purpose}: {record.type} {record.name} → {record.value}"
    return View(headline, tables=(_table((record,)),), notes=(f"read at {record.source} ({record.date})",))


@view_of.register
def _(sent: Sent) -> View:
    state = "after" if sent.verified else "before"
    headline = (
        f"{name_of(sent.service)}, {state} {sent.domain} was set up: MAIL FROM {sent.envelope.mail_from}"
    )
    signatures = [value for header in sent.message.headers if header.lname == "dkim-signature"
                  if (value := " ".join(header.decoded.split()))]  # fmt: skip
    about: list[tuple[Cell, ...]] = [
        ("client IP", sent.envelope.client_ip),
        ("HELO", sent.envelope.helo),
        ("MAIL FROM", sent.envelope.mail_from),
        *(("DKIM-Signature", signature) for signature in signatures),
    ]
    tables = [Table("Sent", ("field", "value"), tuple(about))]
    if sent.records:
        tables.append(_table(sent.records))
    return View(headline, tables=tuple(tables), notes=sent.notes)


@view_of.register
def _(one: Simulation) -> View:
    rows = (
        ("before set-up", AlignmentMode.RELAXED.value, verdict(one.before), one.before_why),
        ("after", AlignmentMode.RELAXED.value, verdict(one.after), one.why),
        ("after", AlignmentMode.STRICT.value, verdict(one.strict_after), one.strict_why),
    )
    headline = f"{one.name}: DMARC {one.before} before set-up, {one.after} after"
    tone: Tone = "good" if one.after == Result.PASS else "bad"
    return View(
        headline, tone, (Table("Simulation", ("when", "alignment", "DMARC", "why"), rows),), notes=one.notes
    )


@view_of.register
def _(choice: Choice) -> View:
    word = "fits" if choice.fits else "does not fit"
    parts = (
        ("set-up", choice.setup),
        ("DNS", choice.dns),
        ("cost", choice.cost),
        ("alignment", choice.alignment),
    )
    rows: list[tuple[Cell, ...]] = [(name, f"{points} of 5") for name, points in parts]
    rows += [("obstacle", text) for text in choice.obstacles]
    rows += [("reason", text) for text in choice.reasons]
    return View(
        f"{choice.name} {word}: {choice.score} of 20 points",
        tables=(Table("Choice", ("part", "words"), tuple(rows)),),
    )
