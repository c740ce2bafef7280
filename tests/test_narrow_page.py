"""What the kit shows, in a real browser: in a narrow pane, and on JupyterLab's light and dark themes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.pages import CONTRAST, HEIGHT, add_notebook, keep, run_all

NARROW = 700  # pixels of the window: notebook and side bars, beside another program's window
CELLS = [
    "import helpers as h\n"
    "zone = h.sample_zone('fujiba')\n"
    "both = h.authenticate('../data/sample_headers/incident_received.eml', dns=zone)\n"
    "both",
    "bounce = h.read_bounce('../data/sample_headers/incident_bounce.eml')\nbounce",
    "diagnosis = h.diagnose(bounce, dns=zone)\ndiagnosis",
    "diagnosis.fixes[0]",
    "both.spf",
    "h.step_player(both.dmarc)",
    "h.alignment_playground()",
    "h.service_chooser()",
    "h.bounce_panel()",
    "h.services_table(h.services.all_services()[:6])",
    "h.check_answer('03-no-mail', 'v=spf1 -all')",
]

# Of each table: its title, how far its last column ends right of what can be seen or scrolled to, and the
# letters of its narrowest column of sentences that fit into a line.
TABLES = """() => [...document.querySelectorAll(".jp-OutputArea-output table:not(.dataframe)")].map(
    table => {
        const edge = table.getBoundingClientRect().right;
        let beyond = 0;
        for (let at = table.parentElement; !at.matches(".jp-OutputArea-output"); at = at.parentElement) {
            const can = getComputedStyle(at).overflowX;
            if (can === "auto" || can === "scroll") break;
            beyond = Math.max(beyond, edge - at.getBoundingClientRect().right);
        }
        const cells = [...table.querySelectorAll("td")].filter(
            cell => cell.textContent.length > 40 && cell.getClientRects().length);
        const letters = Math.min(...cells.map(cell => {
            const style = getComputedStyle(cell);
            return (cell.clientWidth - parseFloat(style.paddingRight)) / parseFloat(style.fontSize) / 0.6;
        }));
        return [table.textContent.slice(0, 60), beyond, letters];
    })"""


@pytest.fixture
def themed(course: Path) -> Iterator[Any]:
    """Sets JupyterLab's theme for the next page, and takes the setting away again."""
    setting = course.parent / "settings/@jupyterlab/apputils-extension/themes.jupyterlab-settings"
    setting.parent.mkdir(parents=True, exist_ok=True)
    yield lambda theme: setting.write_text(f'{{"theme": "JupyterLab {theme}"}}', encoding="utf-8")
    setting.unlink(missing_ok=True)


def opened(page: Any, lab: str, course: Path, theme: str) -> None:
    """A notebook with all that the kit shows, run."""
    add_notebook(course, f"{theme}.ipynb", CELLS)
    page.set_viewport_size({"width": NARROW, "height": HEIGHT})
    page.goto(lab.format(f"{theme}.ipynb"))
    page.wait_for_selector(".jp-Notebook .jp-InputPrompt", timeout=60_000)
    page.keyboard.press("Control+b")  # the files beside it
    run_all(page)
    page.wait_for_selector("img.picture")
    keep(page, f"narrow-{theme}")


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_everything_can_be_read_in_a_narrow_pane(
    theme: str, page: Any, lab: str, course: Path, themed: Any
) -> None:
    themed(theme)
    opened(page, lab, course, theme)
    assert page.evaluate("document.body.dataset.jpThemeLight") == str(theme == "Light").lower()

    tables = page.evaluate(TABLES)
    assert len(tables) > 12
    assert [table for table in tables if table[1] > 1] == [], "a column that can't be reached"
    assert [table for table in tables if table[2] < 10] == [], "a column too narrow for words"

    texts = page.evaluate(CONTRAST, ".jp-OutputArea-output")
    assert len(texts) > 200
    assert [text for text in texts if text[0] < 4.5] == []

    # A picture brings its own light background, whatever is behind it.
    corner = """img => {
        const canvas = document.createElement("canvas");
        canvas.width = canvas.height = 1;
        canvas.getContext("2d").drawImage(img, 0, 0);
        return [...canvas.getContext("2d").getImageData(0, 0, 1, 1).data];
    }"""
    pictures = page.query_selector_all(".jp-OutputArea-output img")
    assert pictures
    for picture in pictures:
        assert min(picture.evaluate(corner)) > 240


# ------------------------------------------------------------------- without seeing, without a mouse

CONTROLS = {"button", "textbox", "combobox", "listbox", "slider", "checkbox", "radio", "spinbutton", "image"}
# ipywidgets gives these no name of their own: the slider of the step player, and what plays and stops it.
# The buttons beside them have names and do the same.
NAMELESS = [("slider", ""), ("button", "\uf04b"), ("button", "\uf04d")]


def test_controls_and_pictures_have_names(page: Any, lab: str, course: Path) -> None:
    """What a screen reader says to each, and that the Tab key gets there."""
    cells = [CELLS[0], "h.step_player(both.dmarc)", "h.alignment_playground()", "h.service_chooser()"]
    add_notebook(course, "named.ipynb", [*cells, "h.bounce_panel()"])
    page.goto(lab.format("named.ipynb"))
    page.wait_for_selector(".jp-Notebook .jp-InputPrompt", timeout=60_000)
    run_all(page)
    page.locator("img.picture").last.wait_for()
    tools = page.context.new_cdp_session(page)
    tools.send("DOM.enable")
    tools.send("Accessibility.enable")
    found = []
    for number in range(page.locator(".jp-OutputArea-output").count()):
        expression = f"document.querySelectorAll('.jp-OutputArea-output')[{number}]"
        place = tools.send("Runtime.evaluate", {"expression": expression})["result"]["objectId"]
        nodes = tools.send("Accessibility.queryAXTree", {"objectId": place})["nodes"]
        shown = [node for node in nodes if not node["ignored"]]
        found += [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in shown]
    controls = [(role, name) for role, name in found if role in CONTROLS]
    assert len(controls) > 25
    assert [
        one for one in controls if not any(letter.isascii() and letter.isalpha() for letter in one[1])
    ] == NAMELESS
    assert sum(role == "image" for role, _ in controls) == 2

    page.get_by_label("domain in From", exact=True).focus()
    for label in ("domain of MAIL FROM", "SPF says", "signature, d="):
        page.keyboard.press("Tab")
        assert page.get_by_label(label, exact=True).evaluate("one => one === document.activeElement")
