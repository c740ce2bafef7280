"""Results as HTML for notebooks. The only place that makes HTML: every value goes through `escape`."""

from __future__ import annotations

from typing import Any

from helpers.diagnosis import Diagnosis
from helpers.show.safe import escape
from helpers.show.views import MARKS, Table, Tone, View, view_of

# Blue, dark orange and grey: apart for colour-blind readers; a mark and a word say it too.
COLOURS: dict[Tone, str] = {"good": "#0072B2", "bad": "#B34700", "plain": "#767676"}
SHORT = 12  # characters: a cell up to this length stays on one line
WORD, SENTENCE = 12, 12  # digits: a column is not squeezed below its longest word, or below this
_CELL = "text-align:left;vertical-align:top;padding:2px 8px 2px 0;"
_SHORT, _LONG = _CELL + "white-space:nowrap", _CELL + "white-space:pre-wrap;overflow-wrap:anywhere"
_HEAD = _CELL + "white-space:normal;overflow-wrap:normal;min-width:{}ch"

# Notebooks typeset $…$ and the like in what they show. Mail is not mathematics: these classes switch it off,
# for MathJax 2 and for later versions.
NO_MATHS = "tex2jax_ignore mathjax_ignore"


def ink(tone: Tone = "plain") -> str:
    """CSS for words in a tone: mixed with the page's own colour, so they can be read in light and dark themes.

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
    head = "".join(
        f'<th scope="col" style="{_HEAD.format(_room([row[i] for row in shown]))}">{escape(column)}</th>'
        for i, column in enumerate(table.columns)
    )
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in shown)
    body = (
        f'<div style="overflow-x:auto"><table aria-label="{escape(table.title)}" style="margin:4px 0">'
        f'<thead><tr style="{ink()}">{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )
    if table.folded:
        return f"<details><summary>{escape(table.title)} ({len(table.rows)})</summary>{body}</details>"
    return body


def _cell(text: str) -> str:
    size = _SHORT if len(text) <= SHORT and "\n" not in text else _LONG
    return f'<td style="{size}">{text}</td>'


def _room(texts: list[str]) -> int:
    """How many digits wide a column has to be, so that a narrow page breaks its lines between words."""
    longest = max((len(word) for text in texts for word in text.split()), default=0)
    sentence = SENTENCE if any(len(text) > 2 * SENTENCE for text in texts) else 0
    return max(min(longest, WORD), sentence)


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
