"""The check of an ARC chain."""

from __future__ import annotations

from helpers.show.views.terms import steps_table
from helpers.show.views.view import View, view_of
from helpers.terms import ArcCheck


@view_of.register
def _(check: ArcCheck) -> View:
    notes = (check.reason,) if check.reason else ()
    return View(
        f"ARC {check.result}, sets: {len(check.sets)}", tables=(steps_table(check.steps),), notes=notes
    )
