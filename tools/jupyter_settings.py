"""Gives an environment the kit's settings for Jupyter: python tools/jupyter_settings.py [PREFIX]

PREFIX is the environment's folder, by default that of the Python that runs this. `make` and Binder call it;
in an environment of conda or mamba it is one command more. What else is set there stays.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

TOOLS = Path(__file__).resolve().parent
SETTINGS = {
    # No news pop-up, nothing asks outside for updates, and live slides that a room can read.
    "jupyterlab_overrides.json": "share/jupyter/lab/settings/overrides.json",
    # An upload to a notebook is one message, and Jupyter hangs up above 10 MB: a mail can be larger.
    "jupyter_server_config.json": "etc/jupyter/jupyter_server_config.d/email-auth-kit.json",
}


def settle(prefix: Path) -> list[Path]:
    """Writes the settings into an environment, beside those that are there; returns the files."""
    written = []
    for source, place in SETTINGS.items():
        path = prefix / place
        there: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        ours: dict[str, Any] = json.loads((TOOLS / source).read_text(encoding="utf-8"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({**there, **ours}, indent=2) + "\n", encoding="utf-8")
        written.append(path)
    return written


if __name__ == "__main__":
    settle(Path(sys.argv[1] if len(sys.argv) > 1 else sys.prefix))
