"""What a person sees, in a real browser: the slide decks from files, and the notebooks run in JupyterLab.

tests/pages.py has the browser, the JupyterLab, and what happens where they are missing. Set SCREENSHOTS to a
folder to keep a picture of every slide and of every notebook.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
import pytest
from tests.pages import HEIGHT, INK, ROOT, WIDTH, add_notebook, keep, missing, run_all

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

lessons = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


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


def test_a_hostile_mail_stays_text_in_jupyterlab(page: Any, lab: str, course: Path) -> None:
    """Neither markup nor mathematics in a mail comes to life; the control shows that mathematics could."""
    add_notebook(course, "hostile.ipynb", HOSTILE_CELLS)
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
