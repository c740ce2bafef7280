"""Results as HTML for notebooks. The only place that makes HTML: every value goes through `escape`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from helpers.diagnosis import Diagnosis
from helpers.show.safe import escape
from helpers.show.views import MARKS, Table, Tone, View, view_of

# Blue, dark orange and grey: apart for colour-blind readers; a mark and a word say it too.
COLOURS: dict[Tone, str] = {"good": "#0072B2", "bad": "#B34700", "plain": "#767676"}
SHORT = 14  # characters: a cell up to this length stays on one line, however narrow the page is
WANTED = 32  # characters: a cell up to this length stays on one line where the page has room
_CELL = "text-align:left;vertical-align:top;padding:2px 8px 2px 0;"
_SHORT, _LONG = _CELL + "white-space:nowrap", _CELL + "white-space:pre-wrap;overflow-wrap:anywhere"
_HEAD = _CELL + "white-space:normal;overflow-wrap:normal;min-width:{}"

# Notebooks typeset $…$ and the like in what they show. Mail is not mathematics: these classes switch it off,
# for MathJax 2 and for later versions.
NO_MATHS = "tex2jax_ignore mathjax_ignore"


def ink(tone: Tone = "plain") -> str:
    """CSS for words in a tone: mixed with the page's own colour, to be read in light and dark themes.

    A page that can't mix colours takes the first one, which keeps 4.5:1 on white.
    """
    colour = COLOURS[tone]
    return f"color:{colour};color:color-mix(in srgb,{colour} 65%,currentColor)"


def html_of(obj: Any) -> str:
    """The result as an HTML fragment without script, style sheet, link or remote resource."""
    return render(view_of(obj))


def render(view: View) -> str:
    """A view as HTML."""
    title, _, rest = view.headline.partition("\n")
    style = f"margin:0 0 4px;{ink(view.tone)};font-weight:bold"
    parts = [f'<p style="{style}">{MARKS[view.tone]}{escape(title)}</p>']
    if rest:
        parts.append(f'<p style="margin:0 0 6px;max-width:60em">{escape(rest)}</p>')
    parts += [table_html(table) for table in view.tables if table.rows]
    parts += [f'<p style="margin:4px 0;{ink()}">note: {escape(note)}</p>' for note in view.notes]
    return framed("".join(parts), view.tone)


def framed(body: str, tone: Tone = "plain") -> str:
    """HTML with a line in the tone's colour beside it, wherever mathematics is not looked for."""
    style = f"border-left:4px solid {COLOURS[tone]};padding-left:10px;line-height:1.45"
    return f'<div class="{NO_MATHS}" style="{style}">{body}</div>'


def table_html(table: Table) -> str:
    """A table as HTML; a folded one is closed until it is clicked.

    Long cells wrap, and where the room is too narrow for whole words the table can be scrolled:
    no column is pushed out of sight.
    """
    shown = [["" if cell is None else escape(cell) for cell in row] for row in table.rows]
    widths = _widths(table.columns, shown)
    head = "".join(
        f'<th scope="col" style="{_HEAD.format(width)}">{escape(column)}</th>'
        for column, width in zip(table.columns, widths, strict=True)
    )
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in shown)
    body = (
        f'<div style="overflow-x:auto;container-type:inline-size">'
        f'<table aria-label="{escape(table.title)}" style="margin:4px 0">'
        f'<thead><tr style="{ink()}">{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )
    if table.folded:
        return f"<details><summary>{escape(table.title)} ({len(table.rows)})</summary>{body}</details>"
    return body


def _cell(text: str) -> str:
    size = _SHORT if len(text) <= SHORT and "\n" not in text else _LONG
    return f'<td style="{size}">{text}</td>'


def _widths(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """What each column is not squeezed below, as CSS.

    That is its share of the room there is, up to what it wants (`WANTED`), and down to its longest
    word, which may be broken from `SHORT` characters on.
    """
    texts = [[name, *(row[i] for row in rows)] for i, name in enumerate(columns)]
    wanted = [min(max(map(len, column)), WANTED) for column in texts]
    words = [max((len(word) for text in column for word in text.split()), default=0) for column in texts]
    # A digit is wider than most letters; what narrow columns need beyond their share is taken off all shares.
    return [
        f"clamp({min(word, SHORT) * 0.75:.0f}ch,{want * 80 // max(sum(wanted), 1)}cqw,{want}ch)"
        for want, word in zip(wanted, words, strict=True)
    ]


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
