"""What an exercise's feedback shows. Importing this teaches `view_of` the results of the room `exercises`."""

from __future__ import annotations

from helpers.exercises import Feedback
from helpers.show.views import View, view_of


@view_of.register
def _(feedback: Feedback) -> View:
    headline = f"{'Right' if feedback.right else 'Not yet'}.\n{feedback.said}"
    notes = (f"a hint: {feedback.hint}",) if feedback.hint else ()
    return View(headline, "good" if feedback.right else "bad", notes=notes)
