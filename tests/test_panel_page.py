"""One's own bounce in a real JupyterLab: files through the real file chooser, clicks, and what is to be seen.

All tests use one page with one panel, as a person would. Set SCREENSHOTS to a folder to keep pictures.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from benchmarks.dns_server import dns_server
from tests.pages import INK, ROOT, add_notebook, keep, run_all

from helpers.lookup import sample_zone

SAMPLES = ROOT / "data" / "sample_headers"
BOUNCE = SAMPLES / "incident_bounce.eml"
LINE = "550 5.7.1 Your message was rejected due to fujiba.net's DMARC policy."
CAUSE = "Authenticated as somebody else"

ATTACK = (
    '<img src=x onerror="alert(1);window.caught=1"><script>alert(2);window.caught=2</script>'
    '<svg onload=alert(3)><a href="javascript:alert(4)">here</a><iframe src="http://192.0.2.1/frame"></iframe>'
    '<img src="http://192.0.2.1/pixel.png"><style>body{background:url(http://192.0.2.1/style)}</style>'
    '"><details open ontoggle=alert(5)>'
)


@dataclass
class Panel:
    """The page with the panel: what a person does there, and what the browser did besides."""

    page: Any
    private: Path
    asked: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def button(self, name: str) -> Any:
        return self.page.locator(".bouncepanel button", has_text=re.compile(rf"^\s*{name}\s*$"))

    def start_over(self) -> None:
        self.button("Start over").click()
        self.page.wait_for_selector(".bouncepanel .mailreport", state="detached")
        self.page.get_by_role("button", name="Choose files (0)").wait_for()

    def choose(self, *files: Path) -> None:
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role("button", name=re.compile("Choose files")).click()
        chooser.value.set_files([str(file) for file in files])
        self.page.get_by_text(files[-1].name).first.wait_for()

    def paste(self, text: str) -> None:
        self.page.locator(".bouncepanel textarea").fill(text)

    def dns(self, words: str) -> None:
        self.page.locator(".bouncepanel").get_by_label(words).check()

    def zone(self, name: str) -> None:
        self.dns("a recorded zone")
        self.page.locator(".bouncepanel-zone select").select_option(label=f"sample: {name}")

    def explain(self) -> str:
        """Presses the button and waits for what comes: the words that are then to be read."""
        self.page.evaluate(
            "document.querySelectorAll('.bouncepanel :is(.mailreport, .said)').forEach("
            "shown => shown.dataset.old = 1)"
        )
        self.button("Explain").click()
        self.page.wait_for_function(
            "() => document.querySelector('.bouncepanel :is(.mailreport, .said):not([data-old])')"
            " && ![...document.querySelectorAll('.bouncepanel button')].some("
            "b => b.textContent.trim() === 'Explain' && b.disabled)"
        )
        shown: str = self.page.locator(".bouncepanel").inner_text()
        return shown.replace("\xa0", " ")  # a list's lines have no other blanks

    def choose_answer(self, place: int) -> None:
        """Of several answers another one."""
        old = self.page.query_selector(".bouncepanel .mailreport")
        self.page.locator(".bouncepanel-answers select").select_option(index=place)
        old.wait_for_element_state("hidden")
        self.page.locator(".bouncepanel .mailreport").wait_for()

    def ink(self) -> list[float]:
        """How much is drawn in each half of every picture that is to be seen."""
        pictures = self.page.query_selector_all(".bouncepanel img")
        return [min(one.evaluate(INK)) for one in pictures if one.is_visible()]

    def went_out(self) -> list[str]:
        return [url for url in self.asked if urlsplit(url).hostname not in {None, "", "127.0.0.1"}]


@pytest.fixture(scope="module")
def panel(browser: Any, lab: str, course: Path) -> Iterator[Panel]:
    add_notebook(course, "panel.ipynb", ["import helpers as h", "h.bounce_panel(timeout=2)"])
    private = course / "data" / "private"
    shutil.copy(SAMPLES / "bounce_gmail_spf.eml", private / "kept.eml")
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(15_000)
    opened = Panel(page, private)
    page.on("request", lambda request: opened.asked.append(request.url))
    page.on("dialog", lambda dialog: (opened.dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(lab.format("panel.ipynb"))
    page.wait_for_selector(".jp-Notebook .jp-InputPrompt", timeout=60_000)
    run_all(page)
    page.wait_for_selector(".bouncepanel")
    yield opened
    context.close()


def test_a_bounce_from_the_file_chooser(panel: Panel) -> None:
    panel.start_over()
    panel.choose(BOUNCE)
    panel.zone("fujiba")
    shown = panel.explain()
    keep(panel.page, "panel-bounce")
    assert CAUSE in shown
    assert "fujiba.net asks receivers to reject such mail" in shown
    assert len(panel.ink()) >= 2, "alignment and hops"
    assert min(panel.ink()) > 0.005, "a blank or half-drawn picture"
    for image in panel.page.query_selector_all(".bouncepanel img"):
        assert len(image.get_attribute("alt")) > 40
    evidence = panel.page.locator(".mailreport table", has_text="how it is known")
    assert "owner.example@gmail.com" in evidence.inner_text()
    assert "inferred" in evidence.inner_text()
    assert "What helps, proven" in shown
    assert "Tried in vain" in shown
    assert "Not checked, and how to get it" in shown


def test_one_click_selects_a_whole_record(panel: Panel) -> None:
    """Follows the test before it: its answer is still there."""
    value = panel.page.locator(".mailreport td code.copy:visible", has_text="k=rsa; p=")
    value.first.click()
    assert panel.page.evaluate("getSelection().toString().trim()") == value.first.inner_text().strip()
    assert value.first.inner_text().startswith("k=rsa; p=")  # Mailgun's records go without v=DKIM1


def test_each_check_unfolds(panel: Panel) -> None:
    panel.page.locator(".mailreport summary", has_text="DMARC fail for fujiba.net").click()
    steps = panel.page.locator(".mailreport details[open]", has_text="DMARC fail for fujiba.net")
    assert "_dmarc.fujiba.net" in steps.inner_text()
    assert "RFC 9989" in steps.inner_text()
    assert min(panel.ink()) > 0.005


def test_the_report_stands_alone(panel: Panel, browser: Any) -> None:
    panel.button("Report").click()
    panel.page.get_by_text("data/private/incident_bounce.html").wait_for()
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    report = (panel.private / "incident_bounce.html").as_uri()
    page.goto(report)
    assert [url for url in asked if url != report and not url.startswith("data:")] == []
    assert CAUSE in page.inner_text("body")
    drawn = [min(image.evaluate(INK)) for image in page.query_selector_all("img")]
    assert len(drawn) >= 3
    assert min(drawn) > 0.005
    page.emulate_media(media="print")
    assert page.locator("summary", has_text="How to get a mail").is_visible()
    assert page.get_by_text("Download Original").is_visible(), "on paper, folds stand open"
    context.close()


def test_one_pasted_line(panel: Panel) -> None:
    panel.start_over()
    panel.dns("no DNS: from the message alone")
    panel.paste(LINE)
    shown = panel.explain()
    keep(panel.page, "panel-line")
    assert "DMARC of fujiba.net failed" in shown
    assert "The policy is the one that fujiba.net itself publishes" in shown
    for program in ("Apple Mail", "Gmail", "Outlook", "Thunderbird"):
        assert program in shown
    assert "pasted text" not in [path.stem for path in panel.private.iterdir()], "nothing is kept unasked"


def test_live_dns_on_loopback(panel: Panel) -> None:
    panel.start_over()
    panel.choose(BOUNCE)
    with dns_server(sample_zone("fujiba"), delay=0.02) as server:
        panel.dns("live: ask real name servers")
        panel.page.get_by_placeholder("empty: this computer's own").fill("127.0.0.1")
        panel.page.locator(".bouncepanel input[type=number]:visible").fill(str(server.port))
        panel.page.keyboard.press("Tab")
        shown = panel.explain()
    keep(panel.page, "panel-live")
    assert CAUSE in shown
    assert ("_dmarc.fujiba.net", "TXT") in server.questions
    assert re.search(r"DNS: live, \d+ quer\w+ in \d+ rounds", shown)
    assert "data/private/incident_bounce.zone" in shown
    saved = (panel.private / "incident_bounce.zone").read_text(encoding="utf-8")
    assert "_dmarc.fujiba.net." in saved

    panel.dns("a recorded zone")
    panel.page.locator(".bouncepanel-zone select").select_option(label="data/private/incident_bounce.zone")
    again = panel.explain()
    assert CAUSE in again
    assert "nothing was asked live" in again


def test_a_hostile_mail_does_nothing(panel: Panel, browser: Any, tmp_path: Path) -> None:
    mail = tmp_path / "hostile<img src=x onerror=alert(6)>.eml"
    mail.write_text(
        f"Return-Path: <{ATTACK}@example.com>\nReceived: from {ATTACK} ([192.0.2.1]) by mx.example.net; now\n"
        f"Authentication-Results: {ATTACK}; spf=pass smtp.mailfrom=example.com\n"
        f"DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s={ATTACK}; h=from; bh=; b=\n"
        f"From: {ATTACK} <a@fujiba.net>\nSubject: {ATTACK}\n\n{ATTACK}\n",
        encoding="utf-8",
    )
    panel.start_over()
    panel.zone("fujiba")
    panel.choose(mail)
    panel.paste(f"550 5.7.1 {ATTACK} rejected due to DMARC policy of {ATTACK}")
    shown = panel.explain()
    panel.choose_answer(1)
    panel.page.wait_for_timeout(500)  # whatever would run has run
    keep(panel.page, "panel-hostile")
    assert "onerror" in shown
    assert panel.page.evaluate("window.caught") is None
    assert panel.page.locator(".mailreport :is(script, iframe, a, svg)").count() == 0
    for image in panel.page.query_selector_all(".bouncepanel img"):
        assert image.get_attribute("src").startswith("data:image/png;base64,")
    panel.button("Report").click()
    panel.page.get_by_text("Saved:").first.wait_for()
    assert panel.dialogs == []
    assert panel.went_out() == []

    report = max(panel.private.glob("*.html"), key=lambda path: path.stat().st_mtime_ns)
    context = browser.new_context()
    page, asked, dialogs = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(report.as_uri())
    page.wait_for_timeout(500)
    assert "onerror" in page.inner_text("body")
    assert page.evaluate("window.caught") is None
    assert dialogs == []
    assert [url for url in asked if url != report.as_uri() and not url.startswith("data:")] == []
    context.close()


def test_thirty_megabytes_and_a_picture_get_a_clear_sentence(panel: Panel, tmp_path: Path) -> None:
    large, picture = tmp_path / "large.eml", tmp_path / "screenshot.jpg"
    text = BOUNCE.read_bytes()
    large.write_bytes(text + (b"x" * 75 + b"\n") * (30_000_000 // 76))
    picture.write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(256)) * 40)
    panel.start_over()
    panel.dns("no DNS: from the message alone")
    panel.choose(large, picture)
    shown = panel.explain()
    keep(panel.page, "panel-large")
    assert CAUSE in shown
    assert "This is a large mail, 30 MB" in shown
    assert "This is a picture, and the kit can't read words in pictures" in shown, "already in the list"
    panel.choose_answer(1)
    sentence = panel.page.locator(".mailreport .verdict").inner_text()
    assert "screenshot.jpg" in sentence
    assert "Paste the refusal as text instead" in sentence


def test_files_beside_the_course(panel: Panel) -> None:
    panel.start_over()
    panel.page.locator(".bouncepanel select[multiple]").select_option(label="kept.eml")
    assert "kept.eml" not in panel.explain().partition("Start over")[2]
    assert panel.page.locator(".mailreport .verdict").count() == 1
    assert panel.button("Keep the mail").count() == 0, "it is kept already"


def test_nothing_given_is_said(panel: Panel) -> None:
    panel.start_over()
    shown = panel.explain()
    assert "Nothing to explain yet" in shown
    assert panel.button("Explain").is_enabled()
    assert panel.went_out() == []
    assert panel.dialogs == []
