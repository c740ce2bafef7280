"""A diagnosis as one HTML answer: cause, figure, what helps, what it rests on, what is missing.

The panel and the saved report show the same answer. It has no script, asks for nothing, and
carries its pictures in itself; every value that comes out of mail or DNS goes through `escape`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.diagnosis import Cause, Diagnosis
from helpers.show.answer.advice import fixes_html, rejected_html
from helpers.show.answer.checks import checks_html
from helpers.show.answer.expected import expected_html
from helpers.show.answer.missing import missing_html
from helpers.show.answer.parts import fold, picture, section, sentences, table
from helpers.show.answer.style import STYLE
from helpers.show.figures.alignment import alignment_figure
from helpers.show.figures.hops import hops_figure
from helpers.show.safe import escape
from helpers.show.views import view_of
from helpers.show.views.message import hops_table
from helpers.show.views.terms import facts_table

if TYPE_CHECKING:
    from helpers.services import Comparison

__all__ = ["answer_html", "problem_html"]

MARKS = {"good": "✔", "bad": "✘", "plain": "?"}
ABOUT_MORE = (Cause.NOT_ABOUT_AUTHENTICATION, Cause.NOT_A_MESSAGE)
EVIDENCE = (
    "Stated: a receiver wrote it. Recomputed: worked out here. Inferred: follows from what the source names."
)


def answer_html(
    diagnosis: Diagnosis, *, comparison: Comparison | None = None, notes: tuple[str, ...] = ()
) -> str:
    """The whole answer as an HTML fragment, with its own style sheet and pictures.

    Arguments: a diagnosis; ``comparison``, of the message with a sending service, where one is
    wanted; ``notes``, sentences about how the answer came about, shown below the cause.
    """
    parts = (
        _verdict(diagnosis, notes),
        _alignment(diagnosis),
        fixes_html(diagnosis),
        expected_html(comparison) if comparison is not None else "",
        rejected_html(diagnosis.rejected_fixes),
        section("Certain in any case", sentences(diagnosis.certain)),
        _evidence(diagnosis),
        missing_html(diagnosis),
        _way(diagnosis),
        checks_html(diagnosis),
    )
    return _paper("".join(parts))


def problem_html(name: str, sentence: str) -> str:
    """A sentence in the place of an answer, for something that can't be read as mail."""
    return _paper(
        f'<div class="verdict plain"><h2><span class="mark">?</span> {escape(name, 200)}</h2>'
        f"<p>{escape(sentence)}</p></div>"
    )


def _paper(body: str) -> str:
    # Notebooks typeset $…$ in what they show, and mail is not mathematics: the classes switch that off.
    return f'<div class="mailreport tex2jax_ignore mathjax_ignore"><style>{STYLE}</style>{body}</div>'


def _verdict(diagnosis: Diagnosis, notes: tuple[str, ...]) -> str:
    view = view_of(diagnosis)
    title, _, summary = view.headline.partition("\n")
    told = "".join(f'<p class="note">{escape(note)}</p>' for note in notes)
    mark = f'<span class="mark">{MARKS[view.tone]}</span>'
    return (
        f'<div class="verdict {view.tone}"><h2>{mark} {escape(title)}</h2>'
        f"<p>{escape(summary)}</p></div>{told}"
    )


def _alignment(diagnosis: Diagnosis) -> str:
    if diagnosis.message is None or diagnosis.cause in ABOUT_MORE:
        return ""
    return picture(alignment_figure(diagnosis))


def _evidence(diagnosis: Diagnosis) -> str:
    if not diagnosis.evidence:
        return ""
    hint = f'<p class="hint">{EVIDENCE}</p>'
    return section("What this rests on", hint + table(facts_table(diagnosis.evidence)))


def _way(diagnosis: Diagnosis) -> str:
    message = diagnosis.message
    if message is None or not message.hops:
        return ""
    hops = hops_table(message.hops)
    return section(
        "The way of the mail", picture(hops_figure(diagnosis)) + fold("Every hop as a table", table(hops))
    )
