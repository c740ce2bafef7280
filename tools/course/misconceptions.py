"""What people believe about e-mail authentication, and what the lessons' experiments show instead.

The words stand in misconceptions.json: what is believed, and what the experiment showed. The experiment that
settles number 7 is the code cell with the tag `misconception-07`; the index page is made from these tags.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from course.sources import MISCONCEPTION, Source, as_notebook, markdown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbformat import NotebookNode


@dataclass(frozen=True)
class Misconception:
    """A belief in a reader's words, and what the experiment showed, in a sentence or two."""

    belief: str
    shown: str


@dataclass(frozen=True)
class Place:
    """Where a notebook settles a misconception first: the heading above, and the id of the heading's cell."""

    source: Source
    heading: str
    cell: str

    @property
    def link(self) -> str:
        """The place as a Markdown link."""
        heading = re.sub(r"[`*]", "", self.heading)
        title = "" if heading == self.source.title else f": {heading}"
        return f"[{self.source.title}{title}]({self.source.name}.ipynb#cell-id={self.cell})"


MISCONCEPTIONS = {
    int(number): Misconception(**words)
    for number, words in json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8")).items()
}


def places(order: Sequence[Source]) -> dict[int, list[Place]]:
    """For each misconception the lessons that settle it, in the order of the course."""
    found: dict[int, list[Place]] = {}
    for source in order:
        ids = [cell.id for cell in as_notebook(source.cells).cells]
        here: dict[int, Place] = {}
        for at, cell in enumerate(source.cells):
            for number in numbers(cell):
                above, heading = source.heading_of(at)
                here.setdefault(number, Place(source, heading, ids[above]))
        for number, place in here.items():
            found.setdefault(number, []).append(place)
    return found


def numbers(cell: NotebookNode) -> list[int]:
    """The misconceptions that a cell settles."""
    matches = (MISCONCEPTION.fullmatch(tag) for tag in cell.metadata.get("tags", ()))
    return [int(match[1]) for match in matches if match]


def index(order: Sequence[Source]) -> list[NotebookNode]:
    """Two cells for each misconception that some lesson settles: the belief; what was shown, and where."""
    where = places(order)
    made = []
    for number, one in MISCONCEPTIONS.items():
        if number in where:
            links = ", *again in* ".join(place.link for place in where[number])
            made.append(markdown(f"## {number}. “{one.belief}”", "slide"))
            made.append(markdown(f"{one.shown}\n\n*Settled in* {links}", "fragment"))
    return made
