"""What a person sees, in a real browser: the slide decks from files, and the notebooks run in JupyterLab.

Where Chromium or Playwright is missing these are skipped, but on CI that is a failure.
Set SCREENSHOTS to a folder to keep a picture of every slide and of every notebook.
"""

from __future__ import annotations

import os
import re
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
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

lessons = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def missing(what: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and on CI it has to be there")
    pytest.skip(f"{what} is not here")


def keep(page: Any, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder, f"{name}.png")))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not chromium:
        missing("Chromium")
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


# ------------------------------------------------------------------- slides


@pytest.fixture(scope="module")
def decks(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not shutil.which("make"):
        missing("make")
    folder = tmp_path_factory.mktemp("slides")
    command = [
        "make",
        "-s",
        "-o",
        ".venv/.installed",
        f"PY={shlex.quote(sys.executable)}",
        f"SLIDES={folder}",
        "slides",
    ]
    # Not what `make test` was told, which make hands down to every make below it.
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    made = subprocess.run(command, cwd=ROOT, env=clean, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return folder


def open_deck(page: Any, decks: Path, path: Path) -> list[str]:
    """Opens a deck as a file, without a network; gives what it asked for besides itself."""
    deck = decks / f"{path.stem}.slides.html"
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.context.set_offline(True)
    page.goto(deck.as_uri())
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    return [url for url in asked if url != deck.as_uri() and not url.startswith("data:")]


def walk(page: Any) -> Iterator[int]:
    """Shows one slide after the other, with all its fragments."""
    places = page.evaluate("Reveal.getSlides().map(slide => Reveal.getIndices(slide))")
    for number, place in enumerate(places, start=1):
        page.evaluate("place => Reveal.slide(place.h, place.v, 99)", place)
        yield number


@lessons
def test_a_deck_asks_nothing_of_the_network(path: Path, page: Any, decks: Path) -> None:
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    assert open_deck(page, decks, path) == []
    for number in walk(page):
        keep(page, f"{path.stem}-slide-{number:02}")
    assert problems == []
    html = (decks / f"{path.stem}.slides.html").read_text(encoding="utf-8")
    assert not re.search(r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=[\"']?(?:https?:)?//", html)


@lessons
def test_slides_fit(path: Path, page: Any, decks: Path) -> None:
    open_deck(page, decks, path)
    too_large = []
    for number in walk(page):
        width, height, title = page.evaluate(
            "(s => [s.scrollWidth, s.scrollHeight, s.innerText.slice(0, 60)])(Reveal.getCurrentSlide())"
        )
        if width > WIDTH or height > HEIGHT:
            too_large.append(f"slide {number} is {width} by {height}: {title!r}")
    assert too_large == []
    assert page.evaluate("Reveal.getTotalSlides()") > 2


@lessons
def test_a_decks_pictures_are_drawn_and_described(path: Path, page: Any, decks: Path) -> None:
    open_deck(page, decks, path)
    for _ in walk(page):
        for picture in page.query_selector_all(".reveal section.present img"):
            assert picture.evaluate("img => img.complete && img.naturalWidth") > 100
            assert min(picture.evaluate(INK)) > 0.005, "a blank or half-drawn picture"
            assert len(picture.get_attribute("alt") or "") > 10


@lessons
def test_a_deck_gives_no_solution_away(path: Path, page: Any, decks: Path) -> None:
    open_deck(page, decks, path)
    shown = re.sub(r"\s", "", page.evaluate("document.querySelector('.slides').textContent"))
    for cell in nbformat.read(path, as_version=4).cells:
        if "solution" in cell.metadata.get("tags", ()):
            assert re.sub(r"\s", "", cell.source) not in shown


# ------------------------------------------------------------------- JupyterLab


@pytest.fixture(scope="module")
def lab(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A JupyterLab on loopback with a copy of the course that was never run; gives its address with `{}`."""
    folder = tmp_path_factory.mktemp("lab")
    course = folder / "course"
    ignore = shutil.ignore_patterns("private", "__pycache__", ".*")
    for part in ("notebooks", "data", "src"):
        shutil.copytree(ROOT / part, course / part, ignore=ignore)
    for path in (course / "notebooks").glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        nbformat.write(notebook, path)

    cells = [nbformat.v4.new_code_cell(source) for source in HOSTILE_CELLS]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}}
    hostile = nbformat.v4.new_notebook(cells=cells, metadata=kernel)
    nbformat.write(hostile, course / "notebooks" / "hostile.ipynb")

    # All cells are in the page, also those out of sight.
    tracker = folder / "settings/@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
    tracker.parent.mkdir(parents=True)
    tracker.write_text('{"windowingMode": "none"}', encoding="utf-8")

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


@lessons
def test_a_notebook_runs_in_jupyterlab(path: Path, page: Any, lab: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(lab.format(path.name))
    page.wait_for_selector(".jp-Notebook .jp-InputPrompt", timeout=60_000)
    run_all(page)
    keep(page, f"{path.stem}-lab")

    stored = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert page.locator(".jp-Notebook [data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    allowed = sum("raises-exception" in cell.metadata.get("tags", ()) for cell in stored)
    assert page.locator(".jp-Notebook [data-mime-type='application/vnd.jupyter.error']").count() == allowed

    # A widget's picture is drawn only now: the stored notebook holds the panel's words.
    pictures = page.query_selector_all(".jp-Notebook .jp-OutputArea img:not(.widget-image)")
    expected = sum("image/png" in output.get("data", {}) for cell in stored for output in cell.outputs)
    assert len(pictures) == expected
    for picture in (*pictures, *page.query_selector_all(".jp-Notebook .jp-OutputArea img.widget-image")):
        assert picture.evaluate("img => img.complete && img.naturalWidth") > 100
        assert min(picture.evaluate(INK)) > 0.005, "a blank or half-drawn picture"

    assert page.locator(".jp-Dialog").count() == 0
    assert [url for url in asked if urlsplit(url).hostname not in {None, "127.0.0.1"}] == []


HOSTILE_CELLS = [
    "import helpers as h\n"
    "from IPython.display import HTML\n"
    "attack = '<img src=x onerror=\"window.caught=1\"><script>window.caught=2</script> $x^2$ \\\\(y^2\\\\)'\n"
    "raw = f'From: {attack} <a@example.com>\\nSubject: {attack}\\nReceived: by {attack}; now'\n"
    "HTML('<p>control: $z^2$</p>')",
    "h.read_message(raw)",
    "h.read_message(raw).to_frame()",
    "h.read_bounce('550 5.7.1 ' + attack + ' DMARC policy')",
    "records = {'_dmarc.example.com': {'TXT': ['v=DMARC1; p=none; x=' + attack]}}\n"
    "h.diagnose(raw, dns=h.Zone.from_dict(records))",
]


def test_a_hostile_mail_stays_text_in_jupyterlab(page: Any, lab: str) -> None:
    """Neither markup nor mathematics in a mail comes to life; the control shows that mathematics could."""
    page.goto(lab.format("hostile.ipynb"))
    page.wait_for_selector(".jp-Notebook .jp-InputPrompt", timeout=60_000)
    run_all(page)
    page.wait_for_selector("mjx-container", timeout=30_000)
    keep(page, "hostile")
    assert page.locator(".jp-OutputArea-output").count() == len(HOSTILE_CELLS)
    assert page.locator("mjx-container").count() == 1, "more than the control was taken for mathematics"
    assert page.evaluate("window.caught") is None
    assert page.locator(".jp-OutputArea-output img, .jp-OutputArea-output script").count() == 0
    assert "onerror" in page.locator(".jp-OutputArea-output").nth(1).inner_text()


def test_live_slides_ask_nothing_of_the_network(page: Any, lab: str) -> None:
    settings = Path(sys.prefix, "share/jupyter/lab/settings/overrides.json")
    if (
        not settings.exists()
        or settings.read_bytes() != (ROOT / "tools/jupyterlab_overrides.json").read_bytes()
    ):
        missing("an environment that make has set up")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(lab.replace("/lab/tree/", "/rise/").format(NOTEBOOKS[0].name))
    page.wait_for_selector(".reveal section.present h1", timeout=60_000)
    page.wait_for_timeout(3000)  # the theme is loaded
    keep(page, "live-slide-01")
    assert [url for url in asked if urlsplit(url).hostname not in {None, "127.0.0.1"}] == []
