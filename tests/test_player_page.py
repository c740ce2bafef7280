"""Lesson 03's step player in a real browser: buttons, slider and play go through the steps of a check."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.pages import add_notebook, keep, run_all

HOSTILE = """
import helpers as h
from helpers.terms import Step
bad = "<img src=x onerror=\\"document.title='struck'\\"><script>document.title='struck'</script> $x^2$"
h.step_player([Step(bad, bad, bad), Step("the second", bad)])
"""


def shown(page: Any, words: str) -> None:
    """The player says these words."""
    page.locator(".jp-OutputArea .widget-html").filter(has_text=words).first.wait_for(timeout=10_000)


def test_the_player_goes_through_the_steps_of_the_lesson(page: Any, lab: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(lab.format("03_spf.ipynb"))
    page.wait_for_selector(".jp-Notebook .jp-InputPrompt", timeout=60_000)
    run_all(page)
    shown(page, "(1 of 11)")
    player = page.locator(".jp-OutputArea .widget-vbox").first
    player.scroll_into_view_if_needed()

    for number in range(2, 5):
        player.get_by_role("button", name="next").click()
        shown(page, f"({number} of 11)")
    shown(page, "DNS answered: TXT mailgun.org:")
    keep(page, "player-next")
    player.get_by_role("button", name="back").click()
    shown(page, "(3 of 11)")

    player.get_by_role("slider").focus()
    page.keyboard.press("End")
    shown(page, "(11 of 11)")
    shown(page, "198.51.100.40 is in this network.")
    page.keyboard.press("Home")
    shown(page, "(1 of 11)")

    player.locator(".widget-play button").first.click()  # an icon without a name
    shown(page, "(2 of 11)")
    shown(page, "(3 of 11)")
    keep(page, "player-plays")
    assert [url for url in asked if urlsplit(url).hostname not in {None, "127.0.0.1"}] == []


def test_a_hostile_step_stays_text(page: Any, lab: str, course: Any) -> None:
    add_notebook(course, "hostile_steps.ipynb", [HOSTILE])
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))
    page.goto(lab.format("hostile_steps.ipynb"))
    page.wait_for_selector(".jp-Notebook .jp-InputPrompt", timeout=60_000)
    run_all(page)
    shown(page, "<img src=x onerror=")
    page.locator(".jp-OutputArea .widget-vbox").get_by_role("button", name="next").click()
    shown(page, "(2 of 2)")
    page.wait_for_timeout(500)
    assert "struck" not in page.title()
    assert (
        page.locator(".jp-OutputArea img, .jp-OutputArea script, .jp-OutputArea mjx-container").count() == 0
    )
