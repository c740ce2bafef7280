"""A lesson as it is stored: its own cells, and what follows from the rest of the course."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import nbformat

from course import glossary, misconceptions
from course.references import with_links
from course.sources import Source, as_notebook, course
from course.ways import contents, end, top

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbformat import NotebookNode


PRESENTING = "*Presenting:*"  # so begin speaker's notes, which who studies alone sees as well


def assembled(source: Source, order: Sequence[Source] | None = None) -> NotebookNode:
    """The whole notebook of a source, not run yet; `order` is the course it belongs to."""
    order = course(source.path.parent) if order is None else order
    own = [new for cell in source.cells for new in _filled(cell, order)]
    if source.name != "glossary":
        own = _with_terms(own, glossary.terms(order))
    own = [own[0], top(source, order), *own[1:], end(source, order)]
    return as_notebook(own)


def _filled(cell: NotebookNode, order: Sequence[Source]) -> list[NotebookNode]:
    """A cell with what is made in the place of its `[[mark]]`: text, or cells of its own."""
    if cell.cell_type != "markdown":
        return [cell]
    if cell.source == "[[misconceptions]]":
        return misconceptions.index(order)
    text = cell.source.replace("[[contents]]", contents(order))
    if cell.metadata.slideshow.slide_type == "notes" and not text.startswith(PRESENTING):
        text = f"{PRESENTING} {text}"
    text = re.sub(r"\[\[(\d\d)\]\]", lambda mark: _lesson(mark[1], order), text)
    return [_saying(cell, with_links(text) if _names_sections(text) else text)]


def _names_sections(text: str) -> bool:
    """Whether a cell is a lesson's list of sources, or a term of the glossary."""
    return "**Sources:**" in text or (text.startswith("### ") and "\n*RFC " in text)


def _lesson(number: str, order: Sequence[Source]) -> str:
    """`[[05]]` as a link to that lesson, if it is there."""
    found = [source for source in order if source.name.startswith(number)]
    return f"[{found[0].title}]({found[0].name}.ipynb)" if found else f"lesson {number}"


def _with_terms(cells: list[NotebookNode], known: list[str]) -> list[NotebookNode]:
    """Links to the glossary in all prose but the title, the speaker's notes and the sources."""
    prose = [
        number
        for number, cell in enumerate(cells)
        if number
        and cell.cell_type == "markdown"
        and cell.metadata.slideshow.slide_type != "notes"
        and "**Sources:**" not in cell.source
        and "| lesson | the question |" not in cell.source
    ]
    texts = glossary.linked((cells[number].source for number in prose), known)
    for number, text in zip(prose, texts, strict=True):
        cells[number] = _saying(cells[number], text)
    return cells


def _saying(cell: NotebookNode, text: str) -> NotebookNode:
    return nbformat.from_dict({**cell, "source": text})
