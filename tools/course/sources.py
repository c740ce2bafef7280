"""A lesson's source as cells, and what can be read off it: title, question, headings, words, code lines."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from copy import deepcopy
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import jupytext
import nbformat

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbformat import NotebookNode

NOTEBOOKS = Path(__file__).resolve().parent.parent.parent / "notebooks"
SOURCES = NOTEBOOKS / "sources"
PAGES = ("talk", "glossary", "misconceptions")  # in this order, after the lessons
MISCONCEPTION = re.compile(r"misconception-(\d\d)")

METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}


class Source:
    """One source file. Nothing in it was run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.stem

    @cached_property
    def cells(self) -> list[NotebookNode]:
        """The cells as the source has them, with slide types and tags only."""
        return deepcopy(_cells(self.path.read_text(encoding="utf-8")))

    @property
    def number(self) -> int | None:
        """The lesson's number, or None for a page that has none."""
        return int(self.name[:2]) if self.name[:2].isdigit() else None

    @cached_property
    def title(self) -> str:
        """What links to this notebook say: its first heading, or its file's name where that has no number."""
        heading = next(self.headings(), (0, self.name))[1]
        if self.number is None or heading.startswith(self.name[:2]):
            return heading
        return f"{self.name[:2]} – {self.name[3:].replace('_', ' ').capitalize()}"

    @cached_property
    def question(self) -> str:
        """The question the lesson opens with, in bold below its title; empty when there is none."""
        for block in self.cells[0].source.split("\n\n"):
            if match := re.fullmatch(r"\*\*(.+)\*\*", block.replace("\n", " ").strip()):
                return match[1]
        return ""

    def headings(self) -> Iterable[tuple[int, str]]:
        """Each heading with the number of its cell."""
        for number, cell in enumerate(self.cells):
            if cell.cell_type == "markdown":
                for title in re.findall(r"^#+ (.+)$", without_code_blocks(cell.source), re.MULTILINE):
                    yield number, title.strip()

    def heading_of(self, cell: int) -> tuple[int, str]:
        """The heading under which a cell stands, with the number of the heading's own cell."""
        return [found for found in self.headings() if found[0] <= cell][-1]

    @cached_property
    def words(self) -> int:
        """Words of prose."""
        prose = [cell.source for cell in self.cells if cell.cell_type == "markdown"]
        return sum(len(re.findall(r"\w[\w.'’-]*", text)) for text in prose)

    @cached_property
    def code_lines(self) -> list[int]:
        """For each code cell, how many lines of it are not empty."""
        code = [cell.source.splitlines() for cell in self.cells if cell.cell_type == "code"]
        return [sum(bool(line.strip()) for line in lines) for lines in code]

    @cached_property
    def exercises(self) -> int:
        """How many cells answer an exercise."""
        return sum("solution" in cell.metadata.get("tags", ()) for cell in self.cells)


@lru_cache(maxsize=64)
def _cells(text: str) -> list[NotebookNode]:
    """A source's cells; the same text is read once, however many lessons look at it."""
    made = []
    for cell in jupytext.reads(text, fmt="py:percent").cells:
        metadata = {key: value for key, value in cell.metadata.items() if key in {"slideshow", "tags"}}
        made.append(nbformat.from_dict({**cell, "metadata": metadata}))
    return made


def without_code_blocks(text: str) -> str:
    """Markdown with its fenced blocks taken out."""
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def anchor(heading: str) -> str:
    """A heading as the id of the cell that begins with it: letters, digits and hyphens."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", heading).strip("-")[:60]
    return words or hashlib.sha256(heading.encode()).hexdigest()[:12]


def course(folder: Path = SOURCES) -> list[Source]:
    """The one ordered list: all lessons that there are by number, then the pages."""
    found = {path.stem: Source(path) for path in sorted(folder.glob("*.py"))}
    lessons = [source for source in found.values() if source.number is not None]
    return [*lessons, *(found[name] for name in PAGES if name in found)]


def markdown(text: str, slide_type: str) -> NotebookNode:
    """A text cell that no source has."""
    return nbformat.v4.new_markdown_cell(text, metadata={"slideshow": {"slide_type": slide_type}})


def as_notebook(cells: Iterable[NotebookNode]) -> NotebookNode:
    """Cells as a notebook that was not run. Inserting a cell renames no other.

    A cell that begins with a heading is named after it, so that others can link to it; every other id
    follows from what the cell says.
    """
    notebook = nbformat.v4.new_notebook(metadata=METADATA)
    seen: Counter[str] = Counter()
    for cell in cells:
        new = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
        name = _cell_id(cell)
        seen[name] += 1
        unique = name if seen[name] == 1 else f"{name}-{seen[name]}"
        notebook.cells.append(new(cell.source, id=unique, metadata=cell.metadata))
    return notebook


def _cell_id(cell: NotebookNode) -> str:
    if cell.cell_type == "markdown" and (heading := re.match(r"#+ (.+)", cell.source)):
        return anchor(heading[1])
    return hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
