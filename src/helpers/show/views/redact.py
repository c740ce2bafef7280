"""What a redacted mail shows: the verdicts of the original, what to know, and the copy's own fields.

Who became whom is never shown.
"""

from __future__ import annotations

from helpers.message import read_message
from helpers.redact import Redacted
from helpers.show.views.terms import facts_table
from helpers.show.views.view import Table, View, view_of

MAX_FIELDS = 60
MAX_VALUE = 300  # characters of a field


@view_of.register
def _(redacted: Redacted) -> View:
    headers = read_message(redacted.message).headers
    rows = tuple((header.name, header.decoded[:MAX_VALUE]) for header in headers[:MAX_FIELDS])
    zone = "" if redacted.zone is None else ", with the DNS answers that belong to it"
    return View(
        f"A redacted mail of {len(redacted.message):,} bytes{zone}.",
        tables=(
            facts_table(redacted.verdicts, "Verdicts of the original"),
            Table("Fields of the copy", ("field", "value"), rows, folded=True),
        ),
        notes=redacted.notes,
    )
