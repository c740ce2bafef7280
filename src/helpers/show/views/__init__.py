"""What each result shows, one file a room, named after it: `view_of` imports it with the room's first result.

A view is a description (`helpers.show.views.view`); text, HTML and DataFrames all render it.
"""

from __future__ import annotations

from helpers.show.views.view import MARKS, Cell, Table, Tone, View, view_of

__all__ = ["MARKS", "Cell", "Table", "Tone", "View", "view_of"]
