"""Runs the lessons in notebooks/sources/*.py and writes them, with their outputs, as notebooks/*.ipynb.

    python tools/build_notebooks.py [--check | --text] [NAME …]

A lesson is a text file in the percent format: `# %%` starts a code cell, `# %% [markdown]` a text cell.
Slide types and tags stand in the marker: `# %% slideshow={"slide_type": "slide"} tags=["solution"]`.
The ways between the lessons, their times, the contents, the index of misconceptions and the links to the
glossary are made (tools/course); a notebook in which only such text is out of date is written anew with the
outputs it has.
The same source gives the same file, byte for byte, on every Python of the kit: cell ids come from the cells'
sources, and nothing is kept that tells when, where or by which Python a notebook was run.
`--text` runs nothing and writes the notebooks in which only text is out of date; `--check` runs and writes
nothing, and tells which notebooks are not what their sources say.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbclient import NotebookClient

sys.path.insert(0, str(Path(__file__).resolve().parent))

from course.assemble import assembled
from course.sources import METADATA, NOTEBOOKS, Source, course

if TYPE_CHECKING:
    from nbformat import NotebookNode

CELL_TIMEOUT = 120  # seconds
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def run(notebook: NotebookNode, folder: Path) -> None:
    """Runs all cells in order in a fresh kernel in `folder`; raises on the first error or warning."""
    os.environ["TQDM_DISABLE"] = "1"  # on a slow machine a progress bar would get into the outputs
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    if noise := [output.text for output in outputs if output.get("name") == "stderr"]:
        raise RuntimeError(f"a lesson writes nothing to standard error, and this one did: {noise[0][:500]}")
    # What the kernel said of itself goes, and widgets' state.
    notebook.metadata = nbformat.from_dict(METADATA)
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
    """Checks the notebook against the format and writes it, whole or not at all."""
    nbformat.validate(notebook)
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        draft.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def stored(source: Source) -> Path:
    """Where a source's notebook is."""
    return NOTEBOOKS / f"{source.name}.ipynb"


def differences(source: Source | Path, order: list[Source] | None = None) -> list[str]:
    """What in the stored notebook is not what its source says; empty when it is."""
    source = source if isinstance(source, Source) else Source(source)
    path = stored(source)
    if not path.exists():
        return [f"{path.name} was never built"]
    wanted, have = assembled(source, order), nbformat.read(path, as_version=4)
    if len(wanted.cells) != len(have.cells):
        return [f"{path.name} has {len(have.cells)} cells, its source {len(wanted.cells)}"]
    return [
        f"{path.name}, cell {number}: {part} differs from the source"
        for number, (want, is_there) in enumerate(zip(wanted.cells, have.cells, strict=True), start=1)
        for part in ("cell_type", "source", "metadata", "id")
        if want[part] != is_there[part]
    ]


def refresh(source: Source, order: list[Source]) -> bool:
    """Writes a notebook anew with the outputs it has, where only text changed; whether that was so."""
    path = stored(source)
    if not differences(source, order) or not path.exists():
        return False
    wanted, have = assembled(source, order), nbformat.read(path, as_version=4)
    new = [cell for cell in wanted.cells if cell.cell_type == "code"]
    old = [cell for cell in have.cells if cell.cell_type == "code"]
    if [cell.source for cell in new] != [cell.source for cell in old]:
        return False
    for cell, was in zip(new, old, strict=True):
        cell.outputs, cell.execution_count = was.outputs, was.execution_count
    write(wanted, path)
    return True


def main() -> int:
    """Builds or checks the named lessons, or all."""
    parser = argparse.ArgumentParser(description="Run the lessons and write the notebooks.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="such as 01_the_bounce; default: all")
    parser.add_argument("--check", action="store_true", help="only tell which notebooks are out of date")
    parser.add_argument("--text", action="store_true", help="run nothing: write what has new text only")
    args = parser.parse_args()

    order = course()
    names = {Path(name).stem for name in args.names} or {source.name for source in order}
    if missing := names - {source.name for source in order}:
        parser.error(f"no such lesson: {', '.join(sorted(missing))}")
    chosen = [source for source in order if source.name in names]

    if args.check:
        found = [difference for source in chosen for difference in differences(source, order)]
        print("\n".join(found) or f"{len(chosen)} notebooks are what their sources say")
        return 1 if found else 0

    for source in [] if args.text else chosen:
        notebook = assembled(source, order)
        run(notebook, NOTEBOOKS)
        write(notebook, stored(source))
        print(f"notebooks/{source.name}.ipynb")
    for source in order:
        if (args.text or source not in chosen) and refresh(source, order):
            print(f"notebooks/{source.name}.ipynb (text only)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
