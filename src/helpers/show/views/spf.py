"""An SPF record term by term, and an SPF check step by step."""

from __future__ import annotations

from helpers.show.views.terms import steps_table
from helpers.show.views.view import Table, View, about_table, view_of
from helpers.spf import SpfRecord
from helpers.terms import SpfCheck


@view_of.register
def _(record: SpfRecord) -> View:
    rows = tuple((t.text, t.kind, t.qualifier, t.name, t.value, t.problem) for t in record.terms)
    terms = Table("Terms", ("term", "kind", "qualifier", "name", "value", "problem"), rows)
    return View(record.text, tables=(terms,), notes=(*record.problems, *record.notes))


@view_of.register
def _(check: SpfCheck) -> View:
    about = about_table(
        (
            ("identity", "MAIL FROM" if check.identity == "mailfrom" else "HELO"),
            ("client IP", check.client_ip),
            ("record", check.record),
            ("matched", check.matched),
            ("reason", check.reason),
            ("explanation", check.explanation),
            ("look-ups", f"{check.dns_mechanisms} of 10, void {check.void_lookups} of 2"),
        )
    )
    return View(f"SPF {check.result} for {check.domain}", tables=(steps_table(check.steps), about))
