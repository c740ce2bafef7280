"""A zone's records, and what live DNS was asked, round by round."""

from __future__ import annotations

from helpers.lookup import Lookup, Lookups, Zone
from helpers.show.views.view import Cell, Table, View, view_of


@view_of.register
def _(zone: Zone) -> View:
    rows = tuple(tuple(row) for row in zone.rows())
    return View(f"zone with {len(rows)} records", tables=(Table("Records", ("name", "type", "value"), rows),))


@view_of.register
def _(found: Lookups) -> View:
    if not found.rows:
        return View("No queries\nNothing was sent: the answers were at hand, or no live DNS was asked.")
    return View(found.words, tables=(rounds_table(found), questions_table(found)), notes=(_compared(found),))


@view_of.register
def _(one: Lookup) -> View:
    needed = "" if one.needed else ", not needed in the end"
    return View(f"round {one.round}: {one.rdtype} {one.name}, {_answered(one)}{needed}")


def rounds_table(found: Lookups) -> Table:
    """A row a round: what was on its way together."""
    rows: list[tuple[Cell, ...]] = [
        (group[0].round, len(group), ", ".join(f"{row.rdtype} {row.name}" for row in group))
        for group in found.by_round()
    ]
    return Table("Rounds", ("round", "queries", "sent together"), tuple(rows))


def questions_table(found: Lookups) -> Table:
    """A row a question: what was answered, and whether it was needed in the end."""
    rows: list[tuple[Cell, ...]] = [
        (row.round, row.name, row.rdtype, _answered(row), "yes" if row.needed else "no") for row in found.rows
    ]
    return Table("Queries", ("round", "name", "type", "answer", "needed"), tuple(rows), folded=True)


def _answered(one: Lookup) -> str:
    return str(one.failure or one.status or "not yet")


def _compared(found: Lookups) -> str:
    """How often the analysis had to wait, and how often it would have, one question at a time."""
    needed = found.queries - found.unused
    text = f"One question after the other, the {needed} that were needed would have taken {needed} rounds."
    if needed == found.rounds:
        text = "Each question hung on the answer to the one before."
    return f"{text} No question in a round needs the answer to another one in it."
