"""Files for the person at the panel: reports, evidence and recorded DNS, beside their mail, over nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

MAX_STEM = 60  # characters of a file's name that are kept
MAX_TRIES = 10_000


def private_folder() -> Path:
    """``data/private`` of the kit; where the kit is installed without its data, that of this folder."""
    data = Path(__file__).resolve().parents[4] / "data"
    return (data if data.is_dir() else Path.cwd() / "data") / "private"


def stem_of(name: str) -> str:
    """A file name without its ending, of letters, digits and a few signs: a stranger may have chosen it."""
    base = name.replace("\\", "/").rpartition("/")[2]
    stem = base.rpartition(".")[0] or base
    return re.sub(r"[^\w .+=@-]+", "_", stem).strip(" .")[:MAX_STEM].strip(" .") or "mail"


def write_beside(folder: Path, name: str, suffix: str, write: Callable[[Path], object]) -> Path:
    """Write a new file named after a mail: ``name.html``, or ``name-2.html`` where that is taken.

    ``write`` gets the path and raises FileExistsError rather than overwrite. Raises OSError when
    the folder can't be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = stem_of(name)
    for number in range(1, MAX_TRIES):
        place = folder / (f"{stem}{suffix}" if number == 1 else f"{stem}-{number}{suffix}")
        try:
            write(place)
        except FileExistsError:
            continue
        return place
    raise OSError(f"there are too many files named {stem}{suffix} in {folder}")


def shown_path(place: Path) -> str:
    """A path as a person at the notebook knows it: from the kit's own folder on."""
    for base in (Path(__file__).resolve().parents[4], Path.cwd()):
        if place.is_relative_to(base):
            return place.relative_to(base).as_posix()
    return str(place)
