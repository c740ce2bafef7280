"""Results as HTML for notebooks. The only place that makes HTML: every value goes through `escape`."""

from __future__ import annotations

from typing import Any

from helpers.diagnosis import Diagnosis
from helpers.show.safe import escape
from helpers.show.views import MARKS, Cell, Table, Tone, View, view_of

# Blue and dark orange keep 4.5:1 on white and apart for colour-blind readers; a mark and a word say it too.
COLOURS: dict[Tone, str] = {"good": "#0072B2", "bad": "#B34700", "plain": "#444444"}
_CELL = "text-align:left;vertical-align:top;padding:2px 10px 2px 0;"
_SHORT, _LONG = _CELL + "white-space:nowrap", _CELL + "white-space:pre-wrap;overflow-wrap:anywhere"
SHORT = 32  # characters: a cell up to this length stays on one line

# Notebooks typeset $…$ and the like in what they show. Mail is not mathematics: these classes switch it off,
# for MathJax 2 and for later versions.
NO_MATHS = "tex2jax_ignore mathjax_ignore"


def html_of(obj: Any) -> str:
    """The result as an HTML fragment without script, style sheet, link or remote resource."""
    return render(view_of(obj))


def render(view: View) -> str:
    """A view as HTML."""
    title, _, rest = view.headline.partition("\n")
    colour = COLOURS[view.tone]
    parts = [
        f'<p style="margin:0 0 4px;color:{colour};font-weight:bold">{MARKS[view.tone]}{escape(title)}</p>'
    ]
    if rest:
        parts.append(f'<p style="margin:0 0 6px;max-width:60em">{escape(rest)}</p>')
    parts += [table_html(table) for table in view.tables if table.rows]
    parts += [f'<p style="margin:4px 0;color:#444444">note: {escape(note)}</p>' for note in view.notes]
    style = f"border-left:4px solid {colour};padding-left:10px"
    return f'<div class="{NO_MATHS}" style="{style}">{"".join(parts)}</div>'


def table_html(table: Table) -> str:
    """A table as HTML; a folded one is closed until it is clicked."""
    head = "".join(_cell("th", column, ' scope="col"', ";color:#444444") for column in table.columns)
    rows = "".join(f"<tr>{''.join(_cell('td', cell) for cell in row)}</tr>" for row in table.rows)
    body = f'<table style="margin:4px 0"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    if table.folded:
        return f"<details><summary>{escape(table.title)} ({len(table.rows)})</summary>{body}</details>"
    return body


def _cell(tag: str, cell: Cell, attribute: str = "", style: str = "") -> str:
    text = "" if cell is None else escape(cell)
    size = _SHORT if len(text) <= SHORT and "\n" not in text else _LONG
    return f'<{tag}{attribute} style="{size}{style}">{text}</{tag}>'


def page_of(obj: Any, *, title: str) -> str:
    """A whole HTML page with the result on it: no script, no link, nothing fetched.

    A diagnosis becomes the full report, with its figures; see `helpers.show.export.html_report`.
    """
    if isinstance(obj, Diagnosis):
        from helpers.show.export import html_report

        return html_report(obj, title=title)
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>{escape(title)}</title></head>"
        f'<body style="font-family:sans-serif;max-width:70em;margin:2em auto">'
        f"<h1>{escape(title)}</h1>{html_of(obj)}</body></html>"
    )
