"""How an organizational domain was found."""

from __future__ import annotations

from helpers.domains import TreeWalk
from helpers.show.views.terms import steps_table
from helpers.show.views.view import View, view_of


@view_of.register
def _(walk: TreeWalk) -> View:
    headline = f"organizational domain of {walk.name}: {walk.organizational_domain}"
    return View(headline, tables=(steps_table(walk.steps),), notes=(walk.decided_by,))
