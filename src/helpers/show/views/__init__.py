"""What each result shows: importing this teaches `view_of` the results of every room, one file a room.

A view is a description (`helpers.show.views.view`); text, HTML and DataFrames all render it.
A file for a new room is named after it, registers its views, and is imported here.
"""

from __future__ import annotations

from helpers.show.views import (  # noqa: F401 - each registers its views
    arc,
    authentication,
    bounce,
    checks_table,
    comparison,
    diagnosis,
    dkim,
    dmarc,
    domains,
    exercises,
    fixes,
    lab,
    lookup,
    message,
    redact,
    reports,
    rows_table,
    services,
    spf,
    terms,
)
from helpers.show.views.view import MARKS, Cell, Table, Tone, View, view_of

__all__ = ["MARKS", "Cell", "Table", "Tone", "View", "view_of"]
