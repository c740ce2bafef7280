"""Gives an environment the kit's settings for Jupyter: python tools/jupyter_settings.py [PREFIX]

PREFIX is the environment's folder, by default that of the Python that runs this. `make` and Binder call it;
in an environment of conda or mamba it is one command more. What else is set there stays.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

TOOLS = Path(__file__).resolve().parent
SETTINGS = {
    # No news pop-up, nothing asks outside for updates, and live slides that a room can read.
    "jupyterlab_overrides.json": "share/jupyter/lab/settings/overrides.json",
    # Large uploads, and no own mail in a stored notebook.
    "jupyter_server_config.py": "etc/jupyter/jupyter_server_config.py",
}


def settle(prefix: Path) -> list[Path]:
    """Writes the settings into an environment, beside those that are there; returns the files."""
    written = []
    for source, place in SETTINGS.items():
        path = prefix / place
        path.parent.mkdir(parents=True, exist_ok=True)
        written.append(path)
        if path.suffix == ".py":
            _copy_ours(TOOLS / source, path)
            continue
        there: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        ours: dict[str, Any] = json.loads((TOOLS / source).read_text(encoding="utf-8"))
        path.write_text(json.dumps({**there, **ours}, indent=2) + "\n", encoding="utf-8")
    return written


def _copy_ours(source: Path, path: Path) -> None:
    """Put the file there, unless somebody else's is there already."""
    first_line = source.read_text(encoding="utf-8").split("\n", 1)[0]
    if path.exists() and not path.read_text(encoding="utf-8").startswith(first_line):
        print(f"{path} is not the kit's and stays as it is; {source} says what it would set", file=sys.stderr)
        return
    shutil.copyfile(source, path)


if __name__ == "__main__":
    settle(Path(sys.argv[1] if len(sys.argv) > 1 else sys.prefix))
