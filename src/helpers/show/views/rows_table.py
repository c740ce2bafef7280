"""Several results of one type as one table, a row each: what `services_table` and its like return."""

from __future__ import annotations

from dataclasses import dataclass

from helpers.show.safe import one_line
from helpers.show.views.view import Cell, Table, View, view_of
from helpers.terms import Shown


@dataclass(frozen=True, slots=True, repr=False)
class RowsTable(Shown):
    """Results of one type, a row each. `to_frame` gives the same rows."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@view_of.register
def _(table: RowsTable) -> View:
    # Titles and columns are the kit's own everywhere else; in a table that anybody can make they are cleaned.
    title, columns = one_line(table.title), tuple(map(one_line, table.columns))
    return View(f"{title}: {len(table.rows):,}", tables=(Table(title, columns, table.rows),))
