"""What helps, as records to copy; what was tried in vain; and who does what."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from helpers.fixes import Change, Fix, RejectedFix
from helpers.show.views.terms import steps_table
from helpers.show.views.view import Cell, Table, Tone, View, view_of
from helpers.terms import Result


@view_of.register
def _(change: Change) -> View:
    value = change.before if change.action == "remove" else change.value
    return View(f"{change.action} {change.type} {change.host}: {value}", tables=(changes_table((change,)),))


@view_of.register
def _(fix: Fix) -> View:
    tone: Tone = "good" if fix.protection_kept and fix.proof.result == Result.PASS else "plain"
    tables = (changes_table(fix.changes), about_fixes_table((fix,), folded=False), _proof_table(fix))
    return View(f"{fix.title}\n{fix.outcome}", tone, tables)


@view_of.register
def _(fix: RejectedFix) -> View:
    return View(f"{fix.title}\n{fix.why}", "bad", (changes_table(fix.changes), _proof_table(fix)))


def _proof_table(fix: Fix | RejectedFix) -> Table:
    return dataclasses.replace(steps_table(fix.proof.steps, folded=True), title="Steps of the proof")


def changes_table(changes: Sequence[Change]) -> Table:
    """Records as a DNS panel asks for them: each cell can be copied."""
    rows = tuple((c.action, c.type, c.host, c.value, c.before, c.name) for c in changes)
    return Table("Records", ("do", "type", "host", "value", "now there", "full name"), rows)


def fixes_table(fixes: Sequence[Fix]) -> Table:
    """What helps, best first: a row for each record and for what is to be done elsewhere, once."""
    rows: list[tuple[Cell, ...]] = []
    told: set[str] = set()
    for number, fix in enumerate(fixes, 1):
        kept = "" if fix.protection_kept else " (weakens protection)"
        title: Cell = f"{number}. {fix.title}{kept}"
        for change in fix.changes:
            gone = change.action == "remove"
            value = f"(remove) {change.before}" if gone else change.value
            rows.append((title, change.type, change.host, value))
            title = None
        for sentence in fix.other:
            if sentence not in told:
                rows.append((title, None, None, sentence))
                title = None
        told.update(fix.other)
        if title is not None:
            rows.append((title, None, None, "(no record)"))
    columns = ("what helps, tried on a copy", "type", "host", "value, or what to do elsewhere")
    return Table("What helps", columns, tuple(rows))


def rejected_table(fixes: Sequence[RejectedFix]) -> Table:
    """What was tried in vain, and why."""
    rows = tuple((fix.title, fix.why) for fix in fixes)
    return Table("Tried in vain", ("tried in vain", "why it does not help"), rows)


def about_fixes_table(fixes: Sequence[Fix], *, folded: bool = True) -> Table:
    """Who does what outside DNS, what else changes, and what the proofs took for granted."""
    rows: list[tuple[Cell, ...]] = []
    for number, fix in enumerate(fixes, 1):
        told = (
            ("who", (", ".join(who.value for who in fix.who),)),
            ("also to do", fix.other),
            ("what else changes", fix.side_effects),
            ("taken for granted", fix.assumptions),
        )
        rows += [(number, what, sentence) for what, sentences in told for sentence in sentences if sentence]
    return Table("Who does what, and what else changes", ("fix", "what", "detail"), tuple(rows), folded)
