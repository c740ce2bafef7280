"""What a person sees, in a real browser: the slide decks from files, and the notebooks run in JupyterLab.

tests/pages.py has the browser, the JupyterLab, and what happens where they are missing. Set SCREENSHOTS to a
folder to keep a picture of every slide and of every notebook.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
import pytest
from tests.pages import CONTRAST, HEIGHT, INK, ROOT, WIDTH, add_notebook, keep, missing, run_all

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

lessons = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def runs(path: Path) -> bool:
    """Whether there is anything to run in a notebook."""
    return any(cell.cell_type == "code" for cell in nbformat.read(path, as_version=4).cells)


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


@dataclass
class Deck:
    """What one walk through a deck saw."""

    asked: list[str] = field(default_factory=list)  # addresses besides the deck's own
    errors: list[str] = field(default_factory=list)
    slides: int = 0
    too_large: list[str] = field(default_factory=list)
    pictures: list[tuple[int, float, str]] = field(default_factory=list)  # width, ink, text alternative
    text: str = ""
    notes: str = ""
    links: list[str] = field(default_factory=list)
    pale: list[Any] = field(default_factory=list)


@pytest.fixture(scope="module")
def walked(browser: Any, decks: Path) -> Iterator[Callable[[Path], Deck]]:
    """Opens a deck as a file, without a network, and walks through it once, whatever asks how it was."""
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, offline=True)
    yield cache(lambda path: walk(context.new_page(), decks / f"{path.stem}.slides.html"))
    context.close()


def walk(page: Any, deck: Path) -> Deck:
    seen = Deck()
    page.on("request", lambda request: seen.asked.append(request.url))
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.goto(deck.as_uri())
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    places = page.evaluate("Reveal.getSlides().map(slide => Reveal.getIndices(slide))")
    for seen.slides, place in enumerate(places, start=1):
        page.evaluate("place => Reveal.slide(place.h, place.v, 99)", place)  # with all its fragments
        keep(page, f"{deck.name.partition('.')[0]}-slide-{seen.slides:02}")
        width, height, title = page.evaluate(
            "(s => [s.scrollWidth, s.scrollHeight, s.innerText.slice(0, 60)])(Reveal.getCurrentSlide())"
        )
        if width > WIDTH or height > HEIGHT:
            seen.too_large.append(f"slide {seen.slides} is {width} by {height}: {title!r}")
        for picture in page.query_selector_all(".reveal section.present img"):
            width = picture.evaluate("img => img.complete && img.naturalWidth")
            seen.pictures.append((width, min(picture.evaluate(INK)), picture.get_attribute("alt") or ""))
    seen.asked = [url for url in seen.asked if url != deck.as_uri() and not url.startswith("data:")]
    seen.text = page.evaluate("document.querySelector('.slides').textContent")
    seen.notes = " ".join(page.locator("aside.notes").all_text_contents())
    seen.links = page.evaluate("[...document.querySelectorAll('.slides a[href]')].map(a => a.href)")
    seen.pale = [text for text in page.evaluate(CONTRAST, ".slides") if text[0] < 4.5]
    page.close()
    return seen


@lessons
def test_a_deck_asks_nothing_of_the_network(path: Path, walked: Any, decks: Path) -> None:
    deck = walked(path)
    assert deck.asked == []
    assert deck.errors == []
    html = (decks / f"{path.stem}.slides.html").read_text(encoding="utf-8")
    assert not re.search(r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=[\"']?(?:https?:)?//", html)


@lessons
def test_slides_fit(path: Path, walked: Any) -> None:
    deck = walked(path)
    assert deck.too_large == []
    assert deck.slides > 2


@lessons
def test_a_decks_pictures_are_drawn_and_described(path: Path, walked: Any) -> None:
    for width, ink, alt in walked(path).pictures:
        assert width > 100
        assert ink > 0.005, f"a blank or half-drawn picture: {alt}"
        assert len(alt) > 10


@lessons
def test_text_on_slides_is_dark_enough(path: Path, walked: Any) -> None:
    assert walked(path).pale == []


@lessons
def test_a_deck_gives_no_solution_away(path: Path, walked: Any) -> None:
    shown = re.sub(r"\s", "", walked(path).text)
    for cell in nbformat.read(path, as_version=4).cells:
        if "solution" in cell.metadata.get("tags", ()):
            assert re.sub(r"\s", "", cell.source) not in shown


@lessons
def test_a_deck_has_the_presenters_notes_and_leads_to_other_decks(
    path: Path, walked: Any, decks: Path
) -> None:
    deck = walked(path)
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.metadata.get("slideshow", {}).get("slide_type") == "notes":
            first = re.sub(r"[*`]", "", cell.source).split()[:3]
            assert " ".join(first) in " ".join(deck.notes.split())
    for link in deck.links:
        target = urlsplit(link)
        assert ".ipynb" not in link
        if target.scheme == "file":
            assert (decks / Path(target.path).name).exists(), link


# ------------------------------------------------------------------- JupyterLab


@pytest.mark.parametrize("path", [*filter(runs, NOTEBOOKS)], ids=lambda path: path.stem)
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
    pictures = page.query_selector_all(".jp-Notebook .jp-OutputArea img:not(.picture)")
    expected = sum("image/png" in output.get("data", {}) for cell in stored for output in cell.outputs)
    assert len(pictures) == expected
    for picture in (*pictures, *page.query_selector_all(".jp-Notebook .jp-OutputArea img.picture")):
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


def needs_settings() -> None:
    """Skips where this environment was not set up by make or tools/jupyter_settings.py."""
    settings = Path(sys.prefix, "share/jupyter/lab/settings/overrides.json")
    ours = json.loads((ROOT / "tools/jupyterlab_overrides.json").read_text(encoding="utf-8"))
    there = json.loads(settings.read_text(encoding="utf-8")) if settings.exists() else {}
    if {**there, **ours} != there:
        missing("an environment that make has set up")


def test_live_slides_are_large_and_ask_nothing_of_the_network(page: Any, lab: str) -> None:
    needs_settings()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(lab.replace("/lab/tree/", "/rise/").format("01_the_bounce.ipynb"))
    page.wait_for_selector(".reveal section.present h1", timeout=60_000)
    page.wait_for_timeout(3000)  # the theme is loaded
    keep(page, "live-slide-01")
    sizes = "p => p.map(one => parseFloat(getComputedStyle(one).fontSize))"
    assert min(page.locator("section.present p").evaluate_all(sizes)) >= 20, "too small for a room"
    first = page.locator(".reveal section.present").last.inner_text()
    assert "About" not in first.split(), "the line with the ways between lessons is no part of a slide"
    page.keyboard.press("Space")
    page.locator("section.present h2", has_text="A mail about a mail").wait_for()
    keep(page, "live-slide-02")
    assert [url for url in asked if urlsplit(url).hostname not in {None, "127.0.0.1"}] == []


def test_a_link_to_a_term_leads_to_the_term(page: Any, lab: str, course: Path) -> None:
    """The first click opens the glossary there, with the windowing that JupyterLab has by default."""
    tracker = course.parent / "settings/@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
    tests_own = tracker.read_text(encoding="utf-8")
    tracker.write_text("{}", encoding="utf-8")
    try:
        page.goto(lab.format("07_reproduce_it.ipynb"))
        shown = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-RenderedMarkdown"
        page.wait_for_selector(f"{shown} h1", timeout=60_000)
        link = page.locator(f"{shown} a[href*='cell-id=Sending-service']").first
        link.scroll_into_view_if_needed()
        link.click()
        term = page.locator(f"{shown} h3", has_text="Sending service")
        term.wait_for(timeout=30_000)
        page.wait_for_timeout(2000)  # all cells above are drawn
        keep(page, "glossary-from-lesson")
        assert 0 <= term.bounding_box()["y"] < HEIGHT - 100
    finally:
        tracker.write_text(tests_own, encoding="utf-8")


def test_jupyterlab_opens_with_the_kits_settings(page: Any, lab: str) -> None:
    """No news, no question, and the files beside the notebook are the course."""
    needs_settings()
    page.goto(lab.format("00_start_here.ipynb"))
    page.wait_for_selector(".jp-NotebookPanel h1", timeout=60_000)
    page.locator(".jp-DirListing-item", has_text="01_the_bounce.ipynb").wait_for(timeout=30_000)
    page.wait_for_timeout(1000)
    keep(page, "jupyterlab")
    assert page.locator(".jp-Dialog, .Toastify__toast").count() == 0
