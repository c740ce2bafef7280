"""Lesson 06's playground in a real browser: what is typed and toggled changes the picture."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from tests.pages import INK, keep, run_all

PIXELS = """img => {
    const canvas = document.createElement("canvas");
    canvas.width = img.naturalWidth; canvas.height = img.naturalHeight;
    canvas.getContext("2d").drawImage(img, 0, 0);
    return canvas.toDataURL();
}"""
LOADED = "img => img.complete && img.naturalWidth > 100"


def drawn(page: Any, before: str = "") -> str:
    """The picture's pixels, once they are others than before."""
    picture = page.locator("img.picture").first
    for _ in range(100):
        if picture.evaluate(LOADED) and (now := picture.evaluate(PIXELS)) != before:
            assert min(picture.evaluate(INK)) > 0.005, "a blank or half-drawn picture"
            return str(now)
        page.wait_for_timeout(100)
    raise AssertionError("the picture stayed as it was")


def test_typing_and_toggling_change_the_picture(page: Any, lab: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(lab.format("06_alignment.ipynb"))
    page.wait_for_selector(".jp-Notebook .jp-InputPrompt", timeout=60_000)
    run_all(page)
    signed = drawn(page)  # the lesson's own cell has set a signature

    field = page.get_by_label("signature, d=")
    field.scroll_into_view_if_needed()
    field.fill("shop.fujiba.net")
    field.press("Enter")
    sibling = drawn(page, signed)
    said = page.locator(".jp-OutputArea .widget-html").filter(has_text="DMARC")
    assert "shop.fujiba.net" in said.first.inner_text()
    assert "pass" in said.first.inner_text()

    page.get_by_text("adkim=s: strict for DKIM").click()
    strict = drawn(page, sibling)
    keep(page, "playground-strict")
    assert "fail" in said.first.inner_text()

    field.fill("no domain <img src=x onerror=alert(1)>")
    field.press("Enter")
    page.locator(".widget-html p[role=alert]").wait_for()
    assert "is not a domain name" in page.locator(".widget-html p[role=alert]").inner_text()
    assert page.locator("p[role=alert] img").count() == 0
    assert not page.locator("img.picture").first.is_visible(), "a picture of what was typed before"

    field.fill("fujiba.net")
    field.press("Enter")
    drawn(page, strict)
    assert page.locator("img.picture").first.is_visible()
    assert [url for url in asked if urlsplit(url).hostname not in {None, "127.0.0.1"}] == []
