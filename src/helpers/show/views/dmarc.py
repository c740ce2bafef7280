"""A DMARC record tag by tag, and a DMARC check: here alignment decides, so a result is good or bad news."""

from __future__ import annotations

import dataclasses

from helpers.show.views.terms import steps_table
from helpers.show.views.view import Table, Tone, View, about_table, cell_of, view_of
from helpers.terms import DmarcCheck, DmarcRecord


@view_of.register
def _(record: DmarcRecord) -> View:
    fields = [
        (f.name, cell_of(getattr(record, f.name)))
        for f in dataclasses.fields(record)
        if f.name not in ("text", "domain", "problems")
    ]
    return View(record.text, tables=(about_table(fields, "Tags"),), notes=record.problems)


@view_of.register
def _(check: DmarcCheck) -> View:
    tone: Tone = {"pass": "good", "fail": "bad"}.get(check.result.value, "plain")  # type: ignore[assignment]
    about = about_table(
        (
            ("author domain", check.author_domain),
            ("organizational domain", check.organizational_domain),
            ("record", check.record.text if check.record else None),
            ("policy domain", check.policy_domain),
            ("policy", check.policy),
            ("disposition", check.disposition),
            ("reason", check.reason),
        )
    )
    headline = f"DMARC {check.result} for {check.author_domain or 'no author domain'}"
    return View(
        headline, tone, (steps_table(check.steps, folded=True), alignment_table(check), about), check.warnings
    )


def alignment_table(check: DmarcCheck) -> Table:
    """One row an identifier: what passed, for whom, and whether that is the author's domain."""
    rows = tuple(
        (
            row.identifier,
            row.domain,
            row.result.value,
            row.mode.value,
            "✔ aligned" if row.aligned else "✘ not aligned",
            row.decided_by,
        )
        for row in check.alignments
    )
    return Table(
        "Alignment", ("identifier", "domain", "result", "mode", "with the author domain", "decided by"), rows
    )
