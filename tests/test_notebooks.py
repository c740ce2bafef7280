"""Every stored notebook is what its source says, was run in order, and can be read, presented and tested.

nbval compares outputs with what is stored, and passes a notebook that was never run: here are other guards.
"""

from __future__ import annotations

import ast
import re
import statistics
import sys
import warnings
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SOURCES = sorted((ROOT / "notebooks/sources").glob("*.py"))

SLIDE_TYPES = {"slide", "subslide", "fragment", "-", "skip", "notes"}
TAGS = {
    "solution",  # an exercise's answer: run and tested, left out of the slides
    "raises-exception",  # the error is the lesson; nbval compares its name and message
    "nbval-ignore-output",  # shows timings
    "remove-input",  # slides show the output only
    *(f"misconception-{number:02}" for number in range(1, 26)),  # this cell settles it
}
LINES_WANTED, LINES_ALLOWED = 12, 25

# What the best courses of this kind have, for a lesson (not the first one, the exam or the pages): to learn
# from, so what is outside is a warning.
CELLS, WORDS, CODE_LINES, MEDIAN_CELL, MINUTES = (25, 45), (900, 1800), (40, 90), (1, 3), (15, 25)

lessons = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def code_cells(path: Path) -> list[Any]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def tags(cell: Any) -> set[str]:
    return set(cell.metadata.get("tags", ()))


def tree(cell: Any) -> ast.Module:
    """The cell's Python, without lines that are IPython's own."""
    lines = cell.source.splitlines()
    return ast.parse("\n".join("" if line.startswith(("%", "!")) else line for line in lines))


@cache
def builder() -> Any:
    sys.path.insert(0, str(ROOT / "tools"))
    import build_notebooks

    return build_notebooks


def lesson_sources() -> list[Any]:
    """The lessons' sources as the builder reads them."""
    return [source for source in builder().course() if source.number in range(1, 99)]


def test_there_are_lessons_and_each_has_a_source() -> None:
    assert NOTEBOOKS
    assert [path.stem for path in NOTEBOOKS] == [path.stem for path in SOURCES]
    assert {path.stem for path in NOTEBOOKS} == {source.name for source in builder().course()}
    numbered = [path.stem for path in NOTEBOOKS if path.stem[0].isdigit()]
    assert [name for name in numbered if not re.fullmatch(r"\d\d_[a-z0-9_]+", name)] == []
    assert len({name[:2] for name in numbered}) == len(numbered), "two lessons have the same number"


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_notebook_is_what_its_source_says(source: Path) -> None:
    assert builder().differences(source) == [], f"make notebooks ARGS={source.stem}"


def test_lessons_have_the_size_of_good_lessons() -> None:
    """Outside of the numbers is a warning: where they make a lesson worse, the lesson is right."""
    for source in lesson_sources():
        sizes = {
            "cells": (len(source.cells), CELLS),
            "words": (source.words, WORDS),
            "lines of code": (sum(source.code_lines), CODE_LINES),
            "lines in the median code cell": (statistics.median(source.code_lines), MEDIAN_CELL),
            "minutes": (sys.modules["course.ways"].minutes(source), MINUTES),
        }
        for what, (size, (least, most)) in sizes.items():
            if not least <= size <= most:
                warnings.warn(f"{source.name}: {size} {what}, not {least} to {most}", stacklevel=1)


@lessons
def test_a_notebook_is_valid_and_says_nothing_of_where_it_was_run(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    assert notebook.metadata == builder().METADATA
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"slideshow", "tags"}


@lessons
def test_every_code_cell_was_run_in_order(path: Path) -> None:
    counts = [cell.execution_count for cell in code_cells(path)]
    assert counts == list(range(1, len(counts) + 1))


@lessons
def test_cells_that_end_in_an_expression_show_something(path: Path) -> None:
    for cell in code_cells(path):
        body = tree(cell).body
        if body and isinstance(body[-1], ast.Expr):
            assert cell.outputs, f"this cell shows nothing:\n{cell.source}"


@lessons
def test_errors_are_stored_only_where_they_are_the_lesson(path: Path) -> None:
    for cell in code_cells(path):
        failed = any(output.output_type == "error" for output in cell.outputs)
        assert failed == ("raises-exception" in tags(cell)), cell.source


@lessons
def test_no_output_depends_on_the_run(path: Path) -> None:
    for cell in code_cells(path):
        for output in cell.outputs:
            shown = output.get("text", "") + "".join(
                str(value) for kind, value in output.get("data", {}).items() if kind.startswith("text/")
            )
            assert not re.search(r"\bat 0x[0-9a-f]{6,}", shown), f"an object's address:\n{cell.source}"
            assert not re.search(r"(?<![\w./])/(?:root|home|Users|tmp)/\w", shown), f"a path:\n{cell.source}"
            assert output.get("name") != "stderr", f"a warning:\n{cell.source}"
            assert not [kind for kind in output.get("data", {}) if "widget-view" in kind], cell.source


@lessons
def test_pictures_say_the_same_in_words(path: Path) -> None:
    for cell in code_cells(path):
        for output in cell.outputs:
            if any(kind.startswith("image/") for kind in output.get("data", {})):
                words = output.data.get("text/plain", "")
                assert len(words) > 10, cell.source
                assert not words.startswith("<"), (
                    f"{words} does not say what the picture shows:\n{cell.source}"
                )
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            assert "![](" not in cell.source, "a picture without a text alternative"


@lessons
def test_figures_have_one_width_and_carry_their_words(path: Path) -> None:
    """One width for all: sizes of letters agree, and a slide has room for it."""
    for cell in code_cells(path):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                about = output.metadata["image/png"]
                assert about["width"] == 960, cell.source
                assert about["alt"] == output.data["text/plain"], cell.source


@lessons
def test_slide_types_and_tags_are_known_ones(path: Path) -> None:
    cells = read(path).cells
    for cell in cells:
        assert cell.metadata.get("slideshow", {}).get("slide_type") in SLIDE_TYPES, cell.source
        assert tags(cell) <= TAGS, cell.source
        if "solution" in tags(cell):
            assert cell.metadata.slideshow.slide_type == "skip", f"live slides would show it:\n{cell.source}"
    assert cells[0].metadata.slideshow.slide_type == "slide"


@lessons
def test_headings_are_in_order(path: Path) -> None:
    levels = []
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            text = re.sub(r"^```.*?^```", "", cell.source, flags=re.MULTILINE | re.DOTALL)
            levels += [len(marks) for marks in re.findall(r"^(#+) ", text, re.MULTILINE)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert [(a, b) for a, b in pairwise(levels) if b > a + 1] == []


@lessons
def test_helpers_come_in_the_one_way(path: Path) -> None:
    cells = code_cells(path)
    if cells or path.stem[:2].isdigit():
        assert cells[0].source.splitlines()[0] == "import helpers as h"
    for cell in cells:
        assert "sys.path" not in cell.source


@lessons
def test_code_cells_can_be_taken_in_at_a_glance(path: Path) -> None:
    in_a_row = 0
    for cell in read(path).cells:
        in_a_row = in_a_row + 1 if cell.cell_type == "code" else 0
        lines = len([line for line in cell.source.splitlines() if line.strip()]) if in_a_row else 0
        assert lines <= LINES_ALLOWED, cell.source
        if lines > LINES_WANTED:
            warnings.warn(f"{path.stem}: a cell of {lines} lines: {cell.source[:60]!r}", stacklevel=1)
        if in_a_row > 2:
            warnings.warn(f"{path.stem}: {in_a_row} code cells in a row: {cell.source[:60]!r}", stacklevel=1)


@lessons
def test_a_lesson_has_exercises_with_solutions(path: Path) -> None:
    if path.stem[:2].isdigit() and not path.stem.startswith("00"):
        assert sum("solution" in tags(cell) for cell in code_cells(path)) >= 2


@lessons
def test_links_lead_somewhere(path: Path) -> None:
    for cell in read(path).cells:
        if cell.cell_type != "markdown":
            continue
        for target in re.findall(r"\]\(([^)\s]+)\)", cell.source):
            if "://" not in target and not target.startswith(("#", "mailto:")):
                assert (path.parent / target.split("#")[0]).exists(), f"{target} in:\n{cell.source}"


def test_nothing_is_defined_in_two_notebooks() -> None:
    where: dict[str, str] = {}
    for path in NOTEBOOKS:
        for cell in code_cells(path):
            for node in ast.walk(tree(cell)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    assert where.setdefault(node.name, path.stem) == path.stem, (
                        f"{node.name} is in {where[node.name]} and {path.stem}: it belongs into helpers"
                    )
