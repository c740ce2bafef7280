"""A lesson as it is stored: its own cells, and those that follow from the rest of the course."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat

from course.sources import Source, as_notebook, course
from course.ways import contents, end, top

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbformat import NotebookNode


def assembled(source: Source, order: Sequence[Source] | None = None) -> NotebookNode:
    """The whole notebook of a source, not run yet; `order` is the course it belongs to."""
    order = course(source.path.parent) if order is None else order
    own = [_filled(cell, order) for cell in source.cells]
    return as_notebook([own[0], top(source, order), *own[1:], end(source, order)])


def _filled(cell: NotebookNode, order: Sequence[Source]) -> NotebookNode:
    """A cell with the course's table of contents in its place."""
    if cell.cell_type != "markdown" or "[[contents]]" not in cell.source:
        return cell
    return nbformat.from_dict({**cell, "source": cell.source.replace("[[contents]]", contents(order))})
