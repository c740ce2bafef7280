"""Own mail stays out of what git tracks: notebook 13 is saved without what it showed."""

from __future__ import annotations

import asyncio
import copy
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
SECRET = "somebody@private.example"


def notebook() -> Any:
    made = nbformat.v4.new_notebook()
    shown = nbformat.v4.new_output("display_data", {"text/html": f"<p>{SECRET}</p>", "text/plain": SECRET})
    printed = nbformat.v4.new_output("stream", text=SECRET)
    made.cells = [
        nbformat.v4.new_markdown_cell("what it is about"),
        nbformat.v4.new_code_cell("h.bounce_panel()", outputs=[shown, printed], execution_count=3),
    ]
    made.metadata["widgets"] = {"state": SECRET}
    return made


@pytest.fixture
def contents(tmp_path: Path) -> Any:
    """What JupyterLab saves with, with the kit's settings."""
    from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
    from traitlets.config import PyFileConfigLoader

    config = PyFileConfigLoader("jupyter_server_config.py", path=str(ROOT / "tools")).load_config()
    return AsyncLargeFileManager(root_dir=str(tmp_path), config=config)


def saved(contents: Any, tmp_path: Path, name: str, content: Any) -> str:
    model = {"type": "notebook", "format": "json", "content": copy.deepcopy(content)}
    asyncio.run(contents.save(model, name))
    return (tmp_path / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["13_your_own_bounce.ipynb", "13_your_own_bounce-Copy1.ipynb"])
def test_what_the_notebook_showed_is_not_stored(contents: Any, tmp_path: Path, name: str) -> None:
    text = saved(contents, tmp_path, name, notebook())
    assert SECRET not in text
    assert "h.bounce_panel()" in text
    nbformat.validate(nbformat.reads(text, as_version=4))


def test_other_notebooks_keep_what_they_show(contents: Any, tmp_path: Path) -> None:
    assert SECRET in saved(contents, tmp_path, "01_the_bounce.ipynb", notebook())


def test_an_environment_gets_these_settings(tmp_path: Path) -> None:
    subprocess.run([sys.executable, ROOT / "tools" / "jupyter_settings.py", tmp_path], check=True)
    command = [sys.executable, "-m", "jupyter", "server", "--show-config"]
    environment = {**os.environ, "JUPYTER_CONFIG_PATH": str(tmp_path / "etc" / "jupyter")}
    shown = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert "leave_own_mail_out" in shown.stdout
    assert "websocket_max_message_size" in shown.stdout


def test_the_stored_notebook_holds_nobodys_mail() -> None:
    """Sample data is all that it may show, and no name of a file in data/private."""
    path = ROOT / "notebooks" / "13_your_own_bounce.ipynb"
    text = path.read_text(encoding="utf-8")
    mine = [file.name for file in (ROOT / "data" / "private").iterdir() if file.name != "README.md"]
    assert [name for name in mine if name in text] == []
