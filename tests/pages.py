"""What tests of pages share: a browser, a JupyterLab on loopback with a copy of the course, and ways to look.

`browser`, `page`, `course` and `lab` are fixtures: conftest.py hands them to every test. Where Chromium or
Playwright is missing a test that asks for them is skipped, but on CI that is a failure.
Set SCREENSHOTS to a folder to keep a picture of what was seen.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
WIDTH, HEIGHT = 1280, 720
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# How much of a picture is not its background: a blank or half-drawn one gives nearly nothing.
INK = """img => {
    const canvas = document.createElement("canvas");
    canvas.width = img.naturalWidth; canvas.height = img.naturalHeight;
    const pen = canvas.getContext("2d");
    pen.drawImage(img, 0, 0);
    const data = pen.getImageData(0, 0, canvas.width, canvas.height).data;
    const halves = [0, 0];
    for (let i = 0; i < data.length; i += 4) {
        const same = data[i] === data[0] && data[i + 1] === data[1] && data[i + 2] === data[2];
        if (!same) halves[(i / 4) % canvas.width < canvas.width / 2 ? 0 : 1] += 1;
    }
    return halves.map(count => count / (canvas.width * canvas.height / 2));
}"""


# The contrast of every piece of text with what is behind it (WCAG 2.2, 1.4.3), with the text: [3.2, "words"].
# A canvas says what any way to write a colour comes to.
CONTRAST = """place => {
    const pen = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
    const drawn = (...colours) => {
        pen.clearRect(0, 0, 1, 1);
        for (const [colour, opacity] of colours) {
            pen.globalAlpha = opacity;
            pen.fillStyle = colour;
            pen.fillRect(0, 0, 1, 1);
        }
        return [...pen.getImageData(0, 0, 1, 1).data];
    };
    const light = channels => {
        const [r, g, b] = channels.map(c => c / 255).map(
            c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const found = [];
    for (const root of document.querySelectorAll(place)) {
        const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
            const part = texts.currentNode.parentElement;
            const words = texts.currentNode.data.trim();
            if (!words || part.closest("script, style, aside, .anchor-link")) continue;
            let opacity = 1;
            const behind = [];
            for (let at = part; at; at = at.parentElement) {
                const style = getComputedStyle(at);
                behind.unshift([style.backgroundColor, 1]);
                // What fades in and out, as slides do, is judged as it will be when it is there.
                if (!at.matches(".reveal section, .reveal .fragment")) opacity *= Number(style.opacity) || 1;
            }
            const paper = [["white", 1], ...behind];
            const text = [getComputedStyle(part).color, opacity];
            const [a, b] = [light(drawn(...paper, text)), light(drawn(...paper))];
            found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), words.slice(0, 40)]);
        }
    }
    return found;
}"""


def missing(what: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and on CI it has to be there")
    pytest.skip(f"{what} is not here")


def keep(page: Any, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder, f"{name}.png")))


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the browser is."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not found:
        missing("Chromium")
    return found


# Of a module, not of the session: while Playwright runs, nothing else in this thread can have an event loop.
@pytest.fixture(scope="module")
def browser(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright")
    with sync_playwright() as playwright:
        own = str(tmp_path_factory.mktemp("browser"))  # not this user's settings and caches
        environment = {**os.environ, "HOME": own, "XDG_CACHE_HOME": own, "XDG_CONFIG_HOME": own}
        started = playwright.chromium.launch(executable_path=chromium, args=FLAGS, env=environment)
        yield started
        started.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
    yield context.new_page()
    context.close()


# ------------------------------------------------------------------- JupyterLab


@pytest.fixture(scope="session")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the course that was never run, with nobody's mail in it."""
    copy = tmp_path_factory.mktemp("lab") / "course"
    ignore = shutil.ignore_patterns("private", "__pycache__", ".*")
    for part in ("notebooks", "data", "src"):
        shutil.copytree(ROOT / part, copy / part, ignore=ignore)
    (copy / "data" / "private").mkdir()
    for path in (copy / "notebooks").glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        nbformat.write(notebook, path)
    return copy


def add_notebook(course: Path, name: str, sources: Sequence[str]) -> None:
    """A notebook of a test's own, with these code cells, beside the lessons."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), course / "notebooks" / name)


@pytest.fixture(scope="session")
def lab(chromium: str, course: Path) -> Iterator[str]:
    """A JupyterLab on loopback with the copy of the course; gives its address with `{}` for a notebook."""
    folder = course.parent
    # All cells are in the page, also those out of sight.
    tracker = folder / "settings/@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
    tracker.parent.mkdir(parents=True)
    tracker.write_text('{"windowingMode": "none"}', encoding="utf-8")

    # What tools/setup.sh gives the environment that make sets up, for one that make has not set up.
    (folder / "config").mkdir()
    shutil.copy(ROOT / "tools/jupyter_server_config.py", folder / "config" / "jupyter_server_config.py")

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    environment = {
        **os.environ,
        **{f"JUPYTER_{kind}_DIR": str(folder / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")},
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_TOKEN": token,
    }
    options = ["--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0"]
    options.append("--LanguageServerManager.autodetect=False")  # it would ask npm, which writes logs
    with open(folder / "log", "w", encoding="utf-8") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options, f"--ServerApp.port={port}"],
            cwd=course,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            _wait_until_it_answers(f"http://127.0.0.1:{port}/api?token={token}", folder / "log")
            yield f"http://127.0.0.1:{port}/lab/tree/notebooks/{{}}?token={token}&reset"
        finally:
            server.terminate()
            server.wait(20)


def _wait_until_it_answers(address: str, log: Path) -> None:
    for _ in range(120):
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")


def run_all(page: Any) -> None:
    """Runs all cells: asked again while the kernel still connects and the wish gets lost."""
    page.get_by_text(re.compile(r"Python 3 .*\| Idle")).wait_for(timeout=60_000)
    prompts = "[...document.querySelectorAll('.jp-Notebook .jp-InputPrompt')].map(p => p.textContent.trim())"
    for _ in range(20):
        if page.locator(".jp-Dialog").count():
            pytest.fail(f"in the way: {page.locator('.jp-Dialog').first.inner_text()}")
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        page.wait_for_timeout(1500)
        if any(re.match(r"\[(\*|\d+)\]", prompt) for prompt in page.evaluate(prompts)):
            break
    page.wait_for_function(
        rf"{prompts}.filter(text => text && !/^\[\d+\]:?$/.test(text)).length === 0", timeout=120_000
    )
    page.wait_for_timeout(500)  # the last output is drawn
