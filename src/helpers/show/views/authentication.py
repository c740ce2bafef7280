"""All checks of one message, side by side."""

from __future__ import annotations

from collections.abc import Iterable

from helpers.show.views.dmarc import alignment_table
from helpers.show.views.view import Table, View, view_of
from helpers.terms import Authentication, Result


@view_of.register
def _(both: Authentication) -> View:
    dmarc = view_of(both.dmarc)
    rows = tuple((name, domain, result, reason) for name, domain, result, reason in _checks(both))
    checks = Table("Checks", ("check", "domain", "result", "reason"), rows)
    return View(
        dmarc.headline,
        dmarc.tone,
        (checks, alignment_table(both.dmarc), *view_of(both.envelope).tables),
        dmarc.notes,
    )


def _checks(both: Authentication) -> Iterable[tuple[str, str | None, str, str]]:
    if both.spf is None:
        yield "SPF", None, "not checked", "the client IP or MAIL FROM is not known"
    else:
        yield "SPF", both.spf.domain, both.spf.result.value, both.spf.reason
    for check in both.dkim:
        yield "DKIM", check.domain, check.result.value, check.reason
    if not both.dkim:
        yield "DKIM", None, Result.NONE.value, "no DKIM-Signature"
    if both.arc is not None and both.arc.result != Result.NONE:
        yield "ARC", None, both.arc.result.value, both.arc.reason
    yield "DMARC", both.dmarc.author_domain, both.dmarc.result.value, both.dmarc.reason
