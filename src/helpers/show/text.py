"""Results as plain text, for terminals, `print` and the side of a notebook that has no HTML."""

from __future__ import annotations

import sys
import textwrap
from typing import Any

from helpers.show.safe import clean, one_line, width
from helpers.show.views import MARKS, Cell, Table, View, view_of

LINE = 100  # columns: fits a terminal and a slide


def text_of(obj: Any) -> str:
    """The whole result as text; tables that HTML shows folded are left out."""
    return render(view_of(obj))


def line_of(obj: Any) -> str:
    """The result in one line."""
    view = view_of(obj)
    return MARKS[view.tone] + one_line(view.headline)


def say(*texts: object) -> None:
    """Print each of these in lines that fit: a notebook and a slide break a longer one within a word.

    What could steer a terminal is made visible, as in everything shown.
    """
    for text in texts:
        sys.stdout.write(textwrap.fill(clean(text), LINE) + "\n")


def render(view: View) -> str:
    """A view as text."""
    title, _, rest = view.headline.partition("\n")
    parts = [MARKS[view.tone] + one_line(title, 400)]
    if rest:
        parts.append(textwrap.fill(clean(rest), LINE))
    parts += [table_text(table) for table in view.tables if table.rows and not table.folded]
    parts += [textwrap.fill(f"note: {clean(note)}", LINE) for note in view.notes]
    return "\n\n".join(parts)


def table_text(table: Table) -> str:
    """A table with its columns lined up; the last column is wrapped."""
    if len(table.columns) == 1:
        lines = [
            textwrap.fill(one_line(row[0], 600), LINE, initial_indent="- ", subsequent_indent="  ")
            for row in table.rows
        ]
        return "\n".join([f"{_text(table.title)}:", *lines])
    cells = [[_text(cell) for cell in row] for row in table.rows]
    columns = tuple(_text(column) for column in table.columns)  # one may be named after a file
    widths = _widths(columns, cells)
    heading = "  ".join(_pad(column, size) for column, size in zip(columns, widths, strict=True)).rstrip()
    rows = ["\n".join(_wrapped(row, widths)) for row in cells]
    return "\n".join([heading, "  ".join("-" * size for size in widths), *rows])


def _text(cell: Cell) -> str:
    return "" if cell is None else one_line(cell, 240)


def _widths(columns: tuple[str, ...], cells: list[list[str]]) -> list[int]:
    """Natural widths, the widest columns narrowed until the table fits the line."""
    natural = [max([width(name), *(width(row[i]) for row in cells)]) for i, name in enumerate(columns)]
    room = LINE - 2 * (len(columns) - 1)
    while sum(natural) > room and max(natural) > 12:
        natural[natural.index(max(natural))] -= 1
    return natural


def _wrapped(row: list[str], widths: list[int]) -> list[str]:
    columns = [_fold(cell, size) for cell, size in zip(row, widths, strict=True)]
    height = max(len(column) for column in columns)
    lines = []
    for i in range(height):
        parts = [
            _pad(column[i] if i < len(column) else "", size)
            for column, size in zip(columns, widths, strict=True)
        ]
        lines.append("  ".join(parts).rstrip())
    return lines


def _fold(cell: str, size: int) -> list[str]:
    if width(cell) <= size:
        return [cell]
    wide = width(cell) / max(len(cell), 1)  # East Asian text needs fewer characters a line
    return textwrap.wrap(cell, max(4, int(size / wide))) or [""]


def _pad(cell: str, size: int) -> str:
    return cell + " " * (size - width(cell))
