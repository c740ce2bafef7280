"""References to sections of RFCs: found in prose and code, checked against the titles in standards.json.

The sections that the kit refers to stand in standards.json with their titles. `tests/test_course.py` compares
them with the standards' own texts where those are at hand, so that a slip in a number is noticed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STANDARDS: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("standards.json").read_text(encoding="utf-8")
)

_SECTION = r"(?:[A-Z]\.\d+|\d+)(?:\.\d+)*|[A-Z](?![\w.])"
_REFERENCE = re.compile(
    rf"\bRFC\s+(?P<rfc>\d{{3,5}})|(?:§+\s*|\b[Aa]ppendix\s+)(?P<section>{_SECTION})"
    rf"|(?<=\d)\s*[–-]\s*(?:§\s*)?(?P<last>{_SECTION})(?=[\s,.;:)]|$)"
)


@dataclass(frozen=True)
class Reference:
    """A section of an RFC, and where it stands in the text; `section` is empty for a whole RFC."""

    rfc: str
    section: str
    span: tuple[int, int]

    @property
    def title(self) -> str | None:
        """The section's title, or None where standards.json does not know it."""
        known = STANDARDS.get(self.rfc, {})
        sections: dict[str, str] = known.get("sections", {})
        return sections.get(self.section) if self.section else known.get("title")

    @property
    def address(self) -> str:
        """Where to read it."""
        part = f"appendix-{self.section}" if self.section[:1].isalpha() else f"section-{self.section}"
        return f"https://www.rfc-editor.org/rfc/rfc{self.rfc}" + (f"#{part}" if self.section else "")


def references(text: str) -> Iterator[Reference]:
    """Every reference in a text, in order; a bare `§4.7` belongs to the RFC that was named last."""
    rfc, rfc_from, section_to = "", -1, -1  # the RFC named last, where, and where the last section ended
    for match in _REFERENCE.finditer(text):
        if match["rfc"]:
            rfc, rfc_from = match["rfc"], match.start()
            if not re.match(r"\s*(?:§|appendix)", text[match.end() :], re.IGNORECASE):
                yield Reference(rfc, "", match.span())
                rfc_from = -1
            continue
        if not rfc or (match["last"] and match.start() != section_to):
            continue  # a dash between other numbers
        start = rfc_from if rfc_from >= 0 else match.start()
        yield Reference(rfc, match["section"] or match["last"], (start, match.end()))
        rfc_from, section_to = -1, match.end()


def with_links(text: str) -> str:
    """The list of sources at a lesson's end, each section a link that shows its title."""
    parts, at = [], 0
    for one in references(text):
        if not one.section or one.title is None:
            continue
        start, stop = one.span
        title = one.title.replace('"', "'")
        words = " ".join(text[start:stop].split())
        parts += [text[at:start], f'[{words}]({one.address} "{title}")']
        at = stop
    return "".join([*parts, text[at:]])
