"""Each check step by step, behind folds: what was looked at, what DNS answered, what followed."""

from __future__ import annotations

from collections.abc import Iterator

from helpers.diagnosis import Diagnosis
from helpers.message import Message
from helpers.show.answer.parts import fold, picture, section, table
from helpers.show.figures import Picture
from helpers.show.figures.discovery import discovery_figure
from helpers.show.figures.dkim import dkim_figure
from helpers.show.figures.spf import spf_figure
from helpers.show.safe import escape
from helpers.show.views import view_of
from helpers.show.views.terms import steps_table
from helpers.terms import ArcCheck, Authentication, DkimCheck, DmarcCheck, Result, SpfCheck

MAX_SIGNATURES = 10  # shown; a hostile mail can carry hundreds
MAX_DRAWN = 3  # of them as figures

NO_SPF = "SPF: not checked, since the client's IP address or MAIL FROM is not known"


def checks_html(diagnosis: Diagnosis) -> str:
    """SPF, every signature, ARC and DMARC with their steps; nothing when no check was made."""
    if diagnosis.authentication is None:
        return ""
    folds = _folds(diagnosis.authentication, diagnosis.message)
    return section("Each check, step by step", "".join(folds))


def _folds(both: Authentication, message: Message | None) -> Iterator[str]:
    if both.spf is None:
        yield fold(NO_SPF, "<p>There are no steps to show.</p>")
    else:
        yield _fold(both.spf, spf_figure(both.spf))
    for number, check in enumerate(both.dkim[:MAX_SIGNATURES]):
        yield _fold(check, _anatomy(message, check) if number < MAX_DRAWN else None)
    if len(both.dkim) > MAX_SIGNATURES:
        yield f"<p>{len(both.dkim) - MAX_SIGNATURES} more signatures are not shown.</p>"
    if both.arc is not None and both.arc.result != Result.NONE:
        yield _fold(both.arc)
    yield _fold(both.dmarc, discovery_figure(both.dmarc) if both.dmarc.author_domain else None)


def _anatomy(message: Message | None, check: DkimCheck) -> Picture | None:
    if message is None:
        return None
    try:
        return dkim_figure(message, check)
    except ValueError:  # the check is of no signature that the message has
        return None


def _fold(check: SpfCheck | DkimCheck | ArcCheck | DmarcCheck, drawn: Picture | None = None) -> str:
    view = view_of(check)
    rest = "".join(
        f"<h4>{escape(part.title)}</h4>{table(part)}"
        for part in view.tables
        if part.rows and part.title != "Steps"
    )
    notes = "".join(f"<p>note: {escape(note)}</p>" for note in view.notes)
    figure = picture(drawn) if drawn is not None else ""
    return fold(view.headline, figure + table(steps_table(check.steps)) + rest + notes)
