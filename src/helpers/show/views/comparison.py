"""A mail beside a sending service, and the records that the service asks for beside what is in DNS."""

from __future__ import annotations

from helpers.services import Comparison, Difference, RecordState
from helpers.show.views.view import Table, Tone, View, view_of

STATES = {
    "there": "✔ there",
    "missing": "✘ not there",
    "differs": "✘ something else",
    "compare": "? there: compare",
    "no answer": "? no answer",
    "fill in": "? fill in first",
    "not asked": "not asked",
}
SAME = {True: "✔ the same", False: "✘ another", None: "? can't be told"}


@view_of.register
def _(row: Difference) -> View:
    return View(f"{row.what}: {row.here}, expected {row.expected}: {SAME[row.same]}")


@view_of.register
def _(one: RecordState) -> View:
    state = STATES.get(one.state, one.state)
    return View(f"{one.record.type} {one.record.name}: {state}", tables=(records_table((one,)),))


def differences_table(comparison: Comparison) -> Table:
    """What the mail says beside what the service would have written."""
    rows = tuple((row.what, row.here, row.expected, SAME[row.same]) for row in comparison.differences)
    columns = ("", "this mail", f"through {comparison.service.name}", "which is")
    return Table("Beside the service", columns, rows)


def records_table(records: tuple[RecordState, ...]) -> Table:
    """The service's records, and what DNS has in their place."""
    rows = tuple(
        (
            one.record.purpose,
            one.record.type,
            one.record.host,
            one.record.value,
            "yes" if one.record.required else "no",
            STATES.get(one.state, one.state),
            one.found,
        )
        for one in records
    )
    columns = ("for", "type", "host", "value", "needed", "in DNS", "found there")
    return Table("Records", columns, rows)


@view_of.register
def _(comparison: Comparison) -> View:
    tones: dict[bool | None, Tone] = {True: "plain", False: "bad", None: "plain"}
    title = f"{comparison.service.name} and {comparison.domain}\n{comparison.summary}"
    tables = (differences_table(comparison), records_table(comparison.records))
    return View(title, tones[comparison.sent_through], tables)
