"""Runs the lessons in notebooks/sources/*.py and writes them, with their outputs, as notebooks/*.ipynb.

    python tools/build_notebooks.py [--check] [NAME …]

A lesson is a text file in the percent format: `# %%` starts a code cell, `# %% [markdown]` a text cell.
Slide types and tags stand in the marker: `# %% slideshow={"slide_type": "slide"} tags=["solution"]`.
The same source gives the same file, byte for byte, on every Python of the kit: cell ids come from the cells'
sources, and nothing is kept that tells when, where or by which Python a notebook was run.
`--check` runs nothing and tells which notebooks are not what their sources say.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import jupytext
import nbformat
from nbclient import NotebookClient

if TYPE_CHECKING:
    from nbformat import NotebookNode

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
SOURCES = NOTEBOOKS / "sources"
CELL_TIMEOUT = 120  # seconds
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}


def read_source(source: Path) -> NotebookNode:
    """The lesson in a source file as a notebook that was not run yet."""
    lesson = jupytext.read(source, fmt="py:percent")
    notebook = nbformat.v4.new_notebook(metadata=METADATA)
    seen: Counter[str] = Counter()
    for cell in lesson.cells:
        new = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
        metadata = {key: value for key, value in cell.metadata.items() if key in {"slideshow", "tags"}}
        notebook.cells.append(new(cell.source, id=_cell_id(cell, seen), metadata=metadata))
    return notebook


def _cell_id(cell: NotebookNode, seen: Counter[str]) -> str:
    """An id that follows from what the cell says, so that inserting a cell renames no other."""
    digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
    seen[digest] += 1
    return digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


def run(notebook: NotebookNode, folder: Path) -> None:
    """Runs all cells in order in a fresh kernel in `folder`; raises on the first error."""
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    notebook.metadata = nbformat.from_dict(
        METADATA
    )  # what the kernel said of itself goes, and widgets' state
    for cell in notebook.cells:
        if cell.cell_type == "code":
            _tidy(cell)


def _tidy(cell: NotebookNode) -> None:
    for output in cell.outputs:
        if "data" in output:
            output.data.pop(WIDGET_VIEW, None)  # a view of a widget that is gone shows as an error
            output.data = nbformat.from_dict(dict(sorted(output.data.items())))
    cell.outputs = _join_streams(cell.outputs)


def _join_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Neighbouring pieces of one stream as one: how they were cut depends on the machine's speed."""
    joined: list[NotebookNode] = []
    for output in outputs:
        last = joined[-1] if joined else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined


def write(notebook: NotebookNode, path: Path) -> None:
    """Checks the notebook against the format and writes it."""
    nbformat.validate(notebook)
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")


def differences(source: Path) -> list[str]:
    """What in the stored notebook is not what its source says; empty when it is."""
    path = NOTEBOOKS / f"{source.stem}.ipynb"
    if not path.exists():
        return [f"{path.name} was never built"]
    wanted, stored = read_source(source), nbformat.read(path, as_version=4)
    if len(wanted.cells) != len(stored.cells):
        return [f"{path.name} has {len(stored.cells)} cells, its source {len(wanted.cells)}"]
    return [
        f"{path.name}, cell {number}: {part} differs from the source"
        for number, (want, have) in enumerate(zip(wanted.cells, stored.cells, strict=True), start=1)
        for part in ("cell_type", "source", "metadata", "id")
        if want[part] != have[part]
    ]


def main() -> int:
    """Builds or checks the named lessons, or all."""
    parser = argparse.ArgumentParser(description="Run the lessons and write the notebooks.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="such as 01_the_bounce; default: all")
    parser.add_argument("--check", action="store_true", help="only tell which notebooks are out of date")
    args = parser.parse_args()

    sources = sorted(SOURCES.glob("*.py"))
    if args.names:
        wanted = {Path(name).stem for name in args.names}
        if missing := wanted - {source.stem for source in sources}:
            parser.error(f"no such lesson: {', '.join(sorted(missing))}")
        sources = [source for source in sources if source.stem in wanted]

    if args.check:
        found = [difference for source in sources for difference in differences(source)]
        print("\n".join(found) or f"{len(sources)} notebooks are what their sources say")
        return 1 if found else 0

    for source in sources:
        notebook = read_source(source)
        run(notebook, NOTEBOOKS)
        write(notebook, NOTEBOOKS / f"{source.stem}.ipynb")
        print(f"notebooks/{source.stem}.ipynb")
    return 0


if __name__ == "__main__":
    sys.exit(main())
