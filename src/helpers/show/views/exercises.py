"""What an exercise's feedback shows, and a case of the exam."""

from __future__ import annotations

from helpers.exercises import Case, Feedback, Way
from helpers.show.views.view import Table, View, view_of


@view_of.register
def _(feedback: Feedback) -> View:
    headline = f"{'Right' if feedback.right else 'Not yet'}.\n{feedback.said}"
    notes = (f"a hint: {feedback.hint}",) if feedback.hint else ()
    return View(headline, "good" if feedback.right else "bad", notes=notes)


@view_of.register
def _(way: Way) -> View:
    return View(f"{way.mail_from} by {way.helo}", tables=(Table("Way", ("fact", "value"), _way_rows(way)),))


def _way_rows(way: Way) -> tuple[tuple[str, str], ...]:
    return (
        ("client IP", way.client_ip),
        ("HELO", way.helo),
        ("MAIL FROM", way.mail_from),
        ("signed by", f"d={way.signed_by}; s={way.selector}" if way.signed_by else "nobody"),
    )


@view_of.register
def _(case: Case) -> View:
    rows = (
        ("From", case.author),
        *_way_rows(case.way),
        ("the receiver said", case.refusal),
        ("the key's record", f"{case.key[:40]}… (case.key has all of it)"),
        *(
            (f"other mail {number}", f"{other.mail_from} by {other.helo} [{other.client_ip}]")
            for number, other in enumerate(case.others, 1)
        ),
    )
    own = tuple(row for row in case.zone.rows() if _is_own(case, row[0]))
    return View(
        f"Case {case.number}: {case.title}\n{case.story}",
        tables=(
            Table("The mail", ("fact", "value"), rows),
            Table(
                f"DNS of {case.domain}",
                ("name", "type", "value"),
                tuple((n, t, _short(str(v))) for n, t, v in own),
            ),
        ),
    )


def _short(text: str) -> str:
    """A key's record has 400 characters: both ends, and how long it is, say enough."""
    return text if len(text) <= 160 else f"{text[:60]} … {text[-20:]} ({len(text)} characters in all)"


def _is_own(case: Case, name: str) -> bool:
    owner = ".".join(case.domain.split(".")[-2:])
    return name == owner or name.endswith(f".{owner}")
