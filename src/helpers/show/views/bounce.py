"""A bounce: who refused what, in which words, and what is blamed."""

from __future__ import annotations

from collections.abc import Sequence

from helpers.bounce import Bounce, Reply
from helpers.show.views.view import Table, View, about_table, view_of


@view_of.register
def _(bounce: Bounce) -> View:
    if not bounce.is_bounce:
        return View("not a bounce", notes=bounce.notes)
    blamed = (
        f"{bounce.blamed}{f' of {bounce.blamed_domain}' if bounce.blamed_domain else ''}"
        if bounce.blamed
        else "not authentication"
    )
    about = about_table(
        (
            ("kind", bounce.kind),
            ("written by", bounce.reporter),
            ("refused by", bounce.receiver),
            ("blamed", blamed),
            ("known by", bounce.basis),
            ("the words", bounce.clue),
            ("meaning", bounce.meaning),
            ("came back", bounce.returned or "nothing of the message"),
        ),
        "Bounce",
    )
    return View(
        f"{bounce.kind} by {bounce.reporter or 'an unnamed system'}; blamed: {blamed}",
        tables=(replies_table(bounce.replies), about),
        notes=bounce.notes,
    )


@view_of.register
def _(reply: Reply) -> View:
    return View(f"{reply.recipient or 'unknown recipient'}: {reply.text}", tables=(replies_table((reply,)),))


def replies_table(replies: Sequence[Reply]) -> Table:
    """One row a failed recipient."""
    rows = tuple((r.recipient, r.code, r.enhanced, r.text, r.receiver) for r in replies)
    return Table("Replies", ("recipient", "code", "enhanced", "text", "receiver"), rows)
