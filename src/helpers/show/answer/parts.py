"""The pieces that an answer is made of. Every value goes through `escape` here."""

from __future__ import annotations

import base64
from collections.abc import Iterable

from helpers.show.figures import SCREEN_DPI, Picture
from helpers.show.safe import escape
from helpers.show.views import Cell, Table

SHORT = 24  # characters: a cell up to this length stays on one line
MAX_COPIED = 70_000  # characters of a value to copy, which must not be cut: a record has at most 65,535


def section(title: str, body: str) -> str:
    """A heading with what belongs to it; nothing when there is nothing."""
    return f"<section><h3>{escape(title)}</h3>{body}</section>" if body else ""


def fold(title: str, body: str, *, is_open: bool = False, marked: str = "") -> str:
    """Something behind its title, closed until it is clicked. ``marked`` is HTML that follows the title."""
    state = " open" if is_open else ""
    return f"<details{state}><summary>{escape(title)}{marked}</summary><div>{body}</div></details>"


def picture(drawn: Picture) -> str:
    """A figure, carried in the page itself, with its text alternative."""
    width, height = (round(inches * SCREEN_DPI) for inches in drawn.figure.get_size_inches())
    data = base64.b64encode(drawn.png()).decode("ascii")
    return (
        f'<img class="picture" width="{width}" height="{height}" style="max-width:100%;height:auto" '
        f'alt="{escape(drawn.alt, 4000)}" src="data:image/png;base64,{data}">'
    )


def table(shown: Table) -> str:
    """A table; a column without any value is left out."""
    kept = [i for i, _ in enumerate(shown.columns) if any(row[i] not in (None, "") for row in shown.rows)]
    head = "".join(f'<th scope="col">{escape(shown.columns[i])}</th>' for i in kept)
    rows = "".join(f"<tr>{''.join(_cell(row[i]) for i in kept)}</tr>" for row in shown.rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _cell(value: Cell) -> str:
    text = "" if value is None else str(value)
    short = ' class="short"' if len(text) <= SHORT and "\n" not in text else ""
    return f"<td{short}>{escape(text)}</td>"


def sentences(lines: Iterable[str]) -> str:
    """A list of sentences; nothing when there are none."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""


def copied(text: str) -> str:
    """A value that one click selects as a whole, never cut."""
    return f'<code class="copy">{escape(text, MAX_COPIED)}</code>'
