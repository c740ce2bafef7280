"""Every display of the kit with attacks in every field that comes from mail or DNS, opened in a real browser.

tests/test_show.py reads the HTML and finds nothing; here a browser is asked, which knows more tricks than a
parser: nothing runs, nothing is asked for, and what would hide or reorder text is made visible.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.pages import add_notebook, keep, run_all
from tests.test_show import ATTACKS, hostile_instance, shown_types

import helpers as h

MORE = [
    "<img src=x onerror=window.caught=1>",
    "<iframe src='javascript:parent.caught=2'></iframe>",
    "<meta http-equiv=refresh content='0;url=http://192.0.2.1/'>",
    "<link rel=stylesheet href=http://192.0.2.1/x.css>",
    "<base href=http://192.0.2.1/>",
    "<style>@import 'http://192.0.2.1/x.css'</style>",
    "<form action=http://192.0.2.1/><input autofocus onfocus=window.caught=3></form>",
    "<details open ontoggle=window.caught=4>",
    "<math><mtext><table><mglyph><style><img src=x onerror=window.caught=5>",
    "<template><script>window.caught=6</script></template>",
    "]]><script>window.caught=7</script>",
    "</script><script>window.caught=8</script>",
    "![x](http://192.0.2.1/x.png) [x](javascript:window.caught=9) $\\href{javascript:window.caught=10}{x}$",
    "fujiba.net.example.com fujibа.net xn--80ak6aa92e.example",
]
HIDDEN = {
    *map(chr, range(0x202A, 0x202F)),
    *map(chr, range(0x2066, 0x206A)),
    "\u200b",
    "\u200e",
    "\u200f",
    "\x1b",
    "\x00",
}
OURS = {"IMG": "data:image/png", "A": "#"}  # what the kit itself puts on a page, and where it may point


def hostile_diagnosis(attack: str, *, live: bool = True) -> h.Diagnosis:
    """A mail, its envelope and its DNS with the attack wherever text can stand."""
    raw = (
        f"Return-Path: <{attack}@example.com>\r\n"
        f"Received: from {attack} ({attack} [192.0.2.1]) by {attack} for <{attack}>; now\r\n"
        f"Authentication-Results: {attack}; spf=pass ({attack}) smtp.mailfrom={attack}\r\n"
        f"Authentication-Results: mx.example.net; dkim=pass header.d={attack}\r\n"
        f"Received-SPF: pass ({attack}) client-ip={attack}\r\n"
        f"DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s; h=from:{attack}; bh={attack}; b={attack}\r\n"
        f"ARC-Seal: i=1; a=rsa-sha256; d={attack}; s=s; cv=none; b=AA\r\n"
        f"From: {attack} <a@example.com>\r\nTo: {attack}\r\nSubject: {attack}\r\n"
        f"Message-ID: <{attack}>\r\n\r\n{attack}"
    ).encode("utf-8", "replace")
    records = {
        "example.com": {"TXT": [f"v=spf1 include:{attack} exp={attack} x={attack} -all"]},
        "_dmarc.example.com": {"TXT": [f"v=DMARC1; p=reject; rua=mailto:{attack}; x={attack}"]},
        "s._domainkey.example.com": {"TXT": [f"v=DKIM1; n={attack}; p={attack}"]},
    }
    return h.diagnose(raw, dns=h.Zone.from_dict(records) if live else None)


class Watched:
    """A page, and whatever it did that a page of ours must not do."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.asked: list[str] = []
        self.dialogs: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))

    def open(self, html: str, folder: Path) -> None:
        path = folder / "page.html"
        path.write_text(html, encoding="utf-8")
        self.page.goto(path.as_uri())
        self.page.wait_for_timeout(100)
        self.asked = [url for url in self.asked if not url.startswith(("file:", "data:"))]

    def is_harmless(self) -> None:
        assert self.dialogs == []
        assert self.asked == []
        assert self.page.evaluate("window.caught") is None
        live = self.page.evaluate(
            "[...document.querySelectorAll('script,iframe,object,embed,form,input,base,link,svg,math,template,a,img')]"
            ".map(e => [e.tagName.toUpperCase(), e.getAttribute('src') || e.getAttribute('href') || ''])"
        )
        assert [one for one in live if not one[1].startswith(OURS.get(one[0], "never"))] == []
        handlers = self.page.evaluate(
            "[...document.querySelectorAll('*')]"
            ".filter(e => [...e.attributes].some(a => a.name.startsWith('on'))).length"
        )
        assert handlers == 0
        text = self.page.evaluate("document.documentElement.textContent")
        assert not HIDDEN & set(text)


@pytest.fixture
def watched(page: Any) -> Watched:
    return Watched(page)


def test_every_type_that_a_notebook_shows(watched: Watched, tmp_path: Path) -> None:
    """All of them on one page, without the protection that a real page's policy would add."""
    parts = [
        hostile_instance(kind)._repr_html_() for kind in sorted(shown_types(), key=lambda kind: kind.__name__)
    ]
    watched.open(f"<!doctype html><meta charset=utf-8><body>{''.join(parts)}", tmp_path)
    keep(watched.page, "injection-types")
    watched.is_harmless()
    assert len(parts) > 40


@pytest.mark.parametrize("live", [True, False], ids=["with DNS", "the message alone"])
def test_the_exported_report(watched: Watched, tmp_path: Path, live: bool) -> None:
    attacks = [*ATTACKS, *MORE]
    for start in range(0, len(attacks), 5):
        attack = " ".join(attacks[start : start + 5])
        watched.open(h.html_report(hostile_diagnosis(attack, live=live), title=attack), tmp_path)
        watched.is_harmless()
        keep(watched.page, f"injection-report-{start}")


def test_results_of_every_check(watched: Watched, tmp_path: Path) -> None:
    parts = []
    for attack in [*ATTACKS, *MORE]:
        found = hostile_diagnosis(attack)
        both = found.authentication
        shown = [
            found,
            found.bounce,
            found.message,
            both,
            both.spf,
            *both.dkim,
            both.arc,
            both.dmarc,
            h.redact(found.message),
        ]
        parts += [one._repr_html_() for one in shown if one is not None]
        parts.append(h.checks_table({attack: both.dmarc})._repr_html_())
        parts.append(h.check_answer("06-signer", attack)._repr_html_())
    watched.open(f"<!doctype html><meta charset=utf-8><body>{''.join(parts)}", tmp_path)
    watched.is_harmless()


CELLS = [
    "import helpers as h\nfrom tests_injection import attacks, hostile_diagnosis\n"
    "found = [hostile_diagnosis(a) for a in attacks]",
    "found[0]",
    "found[0].to_frame()",
    "h.analyze_mailbox([one.message.raw for one in found], progress=False)",
    "h.step_player(found[1].authentication.dmarc)",
    "h.hops_figure(found[2].message)",
    "h.alignment_figure(found[3])",
    "envelope = {'client_ip': '192.0.2.1', 'mail_from': 'a@example.com'}\n"
    "records = {'example.com': {'TXT': ['v=spf1 include:' + attacks[4] + ' -all']}}\n"
    "h.spf_figure(h.check_spf(**envelope, dns=h.Zone.from_dict(records)))",
    "h.dkim_figure(found[5].message)",
    "h.discovery_figure(found[6].authentication.dmarc)",
    "p = h.alignment_playground(attacks[0], attacks[1], attacks[2])\np",
    "p.fields['author'].value = attacks[3]",
    "print(h.evidence_pack(found[7]))",
]


def test_frames_widgets_and_figures_in_jupyterlab(watched: Watched, lab: str, course: Path) -> None:
    module = Path(__file__).read_text(encoding="utf-8")
    start, end = module.index("def hostile_diagnosis"), module.index("class Watched")
    source = f"import helpers as h\nattacks = {[*ATTACKS[:6], *MORE]!r}\n\n{module[start:end]}"
    (course / "notebooks" / "tests_injection.py").write_text(source, encoding="utf-8")
    add_notebook(course, "injection.ipynb", CELLS)
    page = watched.page
    page.goto(lab.format("injection.ipynb"))
    page.wait_for_selector(".jp-Notebook .jp-InputPrompt", timeout=60_000)
    run_all(page)
    keep(page, "injection-lab")
    assert page.locator(".jp-Notebook [data-mime-type='application/vnd.jupyter.error']").count() == 0
    assert watched.dialogs == []
    assert page.evaluate("window.caught") is None
    assert [url for url in watched.asked if urlsplit(url).hostname not in {None, "127.0.0.1"}] == []
    assert (
        page.locator(
            ".jp-OutputArea-output :is(script, iframe, object, embed, form, base, link, svg.x)"
        ).count()
        == 0
    )
    assert page.locator("mjx-container").count() == 0
    shown = page.locator(".jp-OutputArea").all_inner_texts()
    assert not HIDDEN & set("".join(shown))


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("fujiba.net.example.com", "fujiba.net.example.com"),
        ("fujib\u0430.net", "xn--fujib-8ve.net"),  # a Cyrillic letter
        ("FUJIBA.NET", "fujiba.net"),
        ("b\u00fccher.example", "xn--bcher-kva.example"),
    ],
)
def test_a_look_alike_domain_is_shown_as_what_it_is(written: str, shown: str) -> None:
    """Not as what it looks like: names are compared, and shown, as DNS has them."""
    message = h.read_message(f"From: Fujiba <a@{written}>\r\n\r\n".encode())
    assert message.author_domain == shown
    zone = h.Zone.from_dict(
        {
            f"_dmarc.{shown}": {"TXT": ["v=DMARC1; p=reject"]},
            "_dmarc.fujiba.net": {"TXT": ["v=DMARC1; p=reject"]},
        }
    )
    check = h.evaluate_dmarc(author_domain=message.author_domain, spf=("fujiba.net", "pass"), dns=zone)
    assert check.spf_aligned == (shown == "fujiba.net")
    assert shown in str(check)


def test_a_look_alike_in_the_envelope_has_its_name_in_dns_beside_it() -> None:
    raw = "Return-Path: <a@fujib\u0430.net>\r\nFrom: a@fujiba.net\r\n\r\nx".encode()
    found = h.diagnose(h.read_message(raw), dns=h.sample_zone("fujiba"))
    fact = next(fact for fact in found.evidence if fact.name == "MAIL FROM")
    assert fact.value == "a@fujib\u0430.net"
    assert fact.source.endswith("; DNS knows its domain as xn--fujib-8ve.net")
