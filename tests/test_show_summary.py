"""The course on one page: it is up to date, fits one sheet of A4, and says the same in words."""

from __future__ import annotations

import os
import re
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

import helpers as h

ROOT = Path(__file__).resolve().parent.parent
PDF = ROOT / "docs" / "summary.pdf"
A4 = (595.3, 841.9)  # points


@pytest.fixture(scope="module")
def page() -> bytes:
    """The page as the kit draws it now."""
    sys.path.insert(0, str(ROOT / "tools"))
    import summary_page

    made: bytes = summary_page.page()
    return made


@pytest.fixture(scope="module")
def boxes() -> list[tuple[str, Any]]:
    """Each text of the page with its place, in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = h.summary_figure().figure
    renderer = FigureCanvasAgg(figure).get_renderer()
    return [
        (text.get_text(), text.get_window_extent(renderer).transformed(figure.dpi_scale_trans.inverted()))
        for text in figure.axes[0].texts
        if text.get_text()
    ]


def test_the_stored_page_is_what_the_kit_draws(page: bytes) -> None:
    stored = PDF.read_bytes()
    made_by = re.compile(rb"/Producer \((.*?)\)")
    if made_by.findall(stored) != made_by.findall(page):
        reason = "another matplotlib than the one that drew the stored page: python tools/summary_page.py"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    assert stored == page, "python tools/summary_page.py"


def test_it_is_one_sheet_of_a4(page: bytes) -> None:
    assert len(re.findall(rb"/Type /Page\b(?!s)", page)) == 1
    (box,) = re.findall(rb"/MediaBox \[ ([\d. ]+) \]", page)
    left, bottom, right, top = map(float, box.split())
    assert (left, bottom) == (0, 0)
    assert (right, top) == pytest.approx(A4, abs=1)


def test_every_text_is_on_the_sheet_and_none_covers_another(boxes: list[tuple[str, Any]]) -> None:
    for text, box in boxes:
        assert 0.25 < box.x0 < box.x1 < 8.27 - 0.25, text
        assert 0.25 < box.y0 < box.y1 < 11.69 - 0.25, text
    for (one, first), (other, second) in combinations(boxes, 2):
        assert not first.overlaps(second), f"{one!r} and {other!r}"


def test_the_page_says_the_same_in_words(page: bytes) -> None:
    words = str(h.summary_figure())
    for said in (
        "MAIL FROM",
        "HELO",
        "relaxed alignment",
        "strict",
        "p=quarantine",
        "DMARC passes if",
        "refuse it",
    ):
        assert said in words
    assert b"/Subject" in page


def test_what_it_says_is_what_the_kit_says() -> None:
    from helpers.show.figures.summary import NAMES, POLICIES

    for name, *aligned in NAMES:
        for mode, wanted in zip("rs", aligned, strict=True):
            zone = h.Zone.from_dict(
                {"_dmarc.fujiba.net": {"TXT": [f"v=DMARC1; p=reject; aspf={mode}"]}, "fujiba.net": {}}
            )
            check = h.evaluate_dmarc(author_domain="fujiba.net", spf=(name, "pass"), dkim=[], dns=zone)
            assert check.spf_aligned == wanted, (name, mode)
    for policy, _ in POLICIES:
        zone = h.Zone.from_dict({"_dmarc.fujiba.net": {"TXT": [f"v=DMARC1; {policy}"]}})
        check = h.evaluate_dmarc(author_domain="fujiba.net", spf=("gmail.com", "pass"), dkim=[], dns=zone)
        assert f"p={check.disposition}" == policy
