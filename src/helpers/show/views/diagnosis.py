"""A diagnosis: the cause, what it rests on, what helps, and what could not be checked."""

from __future__ import annotations

import dataclasses

from helpers.diagnosis import Cause, Diagnosis
from helpers.show.views.fixes import about_fixes_table, fixes_table, rejected_table
from helpers.show.views.terms import facts_table, steps_table
from helpers.show.views.view import Table, Tone, View, view_of

BAD_CAUSES = frozenset(Cause) - {
    Cause.PASSES,
    Cause.NO_POLICY,
    Cause.STATED_ONLY,
    Cause.UNDECIDED,
    Cause.NOT_ABOUT_AUTHENTICATION,
    Cause.NOT_A_MESSAGE,
    Cause.NOT_REPRODUCED,
}


@view_of.register
def _(diagnosis: Diagnosis) -> View:
    tone: Tone = (
        "good" if diagnosis.cause == Cause.PASSES else "bad" if diagnosis.cause in BAD_CAUSES else "plain"
    )
    tables = [
        facts_table(diagnosis.evidence),
        fixes_table(diagnosis.fixes),
        rejected_table(diagnosis.rejected_fixes),
    ]
    for title, sentences in (
        ("Certain in any case", diagnosis.certain),
        ("Not checked", diagnosis.unchecked),
    ):
        if sentences:
            tables.append(Table(title, (title.lower(),), tuple((sentence,) for sentence in sentences)))
    if diagnosis.authentication is not None:
        steps = steps_table(diagnosis.authentication.dmarc.steps, folded=True)
        tables.append(dataclasses.replace(steps, title="Steps of the DMARC check"))
    tables += [about_fixes_table(diagnosis.fixes), proofs_table(diagnosis)]
    summary = diagnosis.summary.removeprefix(f"{diagnosis.title}: ")
    return View(f"{diagnosis.title}\n{summary[:1].upper()}{summary[1:]}", tone, tuple(tables))


def proofs_table(diagnosis: Diagnosis) -> Table:
    """Where each proof differs from the check of the message as it came; a fix shows its own in full."""
    before = diagnosis.authentication.dmarc.steps if diagnosis.authentication is not None else ()
    rows = tuple(
        (fix.title, step.looked_at, step.followed, step.rfc)
        for fix in (*diagnosis.fixes, *diagnosis.rejected_fixes)
        for step in fix.proof.steps
        if step not in before or step.looked_at == "Result"
    )
    return Table("Steps of the proofs", ("tried", "looked at", "what followed", "source"), rows, folded=True)
