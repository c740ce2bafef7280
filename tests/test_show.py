"""Nothing out of a mail reaches HTML unescaped or a terminal unfiltered, and text, HTML and frames agree."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import subprocess
import sys
import typing
from html.parser import HTMLParser
from types import UnionType

import pytest
from tests.conftest import ROOT

import helpers
from helpers import authentication, bounce, diagnosis, fixes, lookup, message, terms
from helpers.show.html import html_of, page_of, table_html
from helpers.show.safe import clean, escape, one_line, width
from helpers.show.text import line_of, table_text, text_of
from helpers.show.views import Table
from helpers.show.views.view import VIEWS
from helpers.terms import Basis, Envelope, Shown, Step

ATTACKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '<a href="javascript:alert(1)">click</a>',
    "<svg/onload=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<!--><script>alert(1)</script-->",
    "</td></tr></table></div><iframe src=//evil.example>",
    "\x1b]0;title\x07\x1b[2J\x1b[31mred\x1b[0m",
    "safe\u202egpj.exe\u2066\u2069\u200b\u2028",
    "fill\u3164\u115f\uffa0\u2800 join\u034f\u180e vary\ufe0f\U000e0101 tag\U000e0041\U000e007f",
    "nul\x00byte\x9b31m\x85",
    "$\\href{javascript:alert(1)}{x}$",
]
HOSTILE = " ".join(ATTACKS)
CONTROLS = {
    chr(number)
    for numbers in (
        range(9),
        range(0x0B, 0x20),
        range(0x7F, 0xA0),
        range(0x2028, 0x202F),
        range(0xE0000, 0xE1000),
    )
    for number in (*numbers, 0x200B, 0x2066, 0x2069, 0x3164, 0x115F, 0xFFA0, 0x2800, 0x34F, 0x180E, 0xFE0F)
}

DEFAULT_IGNORABLE = [  # Unicode 16, DerivedCoreProperties.txt: what shows nothing
    *[0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFEFF, 0xFFA0],
    *[*range(0x180B, 0x1810), *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)],
    *[*range(0xFE00, 0xFE10), *range(0xFFF0, 0xFFF9), *range(0x1BCA0, 0x1BCA4), *range(0x1D173, 0x1D17B)],
    *range(0xE0000, 0xE1000),
]


def test_no_character_that_shows_nothing_stays() -> None:
    for number in DEFAULT_IGNORABLE:
        shown = clean(f"a{chr(number)}b")
        assert shown.isascii()
        assert int(shown[3:-1], 16) == number


ALLOWED_TAGS = {"div", "p", "table", "thead", "tbody", "tr", "th", "td", "details", "summary"}
ALLOWED_ATTRIBUTES = {"style", "scope", "class", "aria-label"}


class Auditor(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.text = ""
        self.styles: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in ALLOWED_TAGS:
            self.faults.append(f"tag {tag}")
        for name, value in attributes:
            if name not in ALLOWED_ATTRIBUTES:
                self.faults.append(f"attribute {name} of {tag}")
            if name == "class" and value != "tex2jax_ignore mathjax_ignore":
                self.faults.append(f"class {value}")
            self.styles.add(value or "")

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"comment {data}")

    def handle_decl(self, decl: str) -> None:
        self.faults.append(f"declaration {decl}")

    def handle_data(self, data: str) -> None:
        self.text += data


def audit(html: str) -> Auditor:
    """What is in a fragment, having asserted that all of it is harmless."""
    auditor = Auditor()
    auditor.feed(html)
    auditor.close()
    assert auditor.faults == []
    assert not CONTROLS & set(html)
    assert not any("url(" in style or "expression" in style for style in auditor.styles)
    return auditor


# ------------------------------------------------- every type that has HTML


def shown_types() -> set[type]:
    """Every class of the package that a notebook would show as HTML."""
    found = set()
    for module in pkgutil.walk_packages(helpers.__path__, "helpers."):
        if module.name == "helpers.__main__":
            continue
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, Shown) and value is not Shown:
                found.add(value)
    return found


def hostile(kind: object, depth: int = 0) -> object:
    """A value of an annotated type with the attacks in every text it holds."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is str or kind is typing.Any:
        return HOSTILE
    if kind is lookup.Zone:
        return hostile_instance(kind, depth)
    if origin in (typing.Union, UnionType):
        return hostile(next((a for a in arguments if a is not type(None)), type(None)), depth)
    if origin is typing.Literal:
        return arguments[0]
    if origin in (tuple, list):
        return (hostile(arguments[0], depth + 1),) if depth < 3 else ()
    if isinstance(kind, type) and issubclass(kind, terms.StrEnum):
        return list(kind)[-1]
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return hostile_instance(kind, depth + 1)
    return {bool: True, int: 7, float: 7.0, bytes: HOSTILE.encode("utf-8", "replace")}.get(kind)  # type: ignore[call-overload]


def hostile_instance(kind: type, depth: int = 0) -> object:
    if kind is message.Message:
        return message.read_message(hostile_mail())
    if kind is bounce.Bounce:
        return dataclasses.replace(
            bounce.read_bounce(b"550 5.7.1 " + HOSTILE.encode()),
            receiver=HOSTILE,
            reporter=HOSTILE,
            clue=HOSTILE,
        )
    if kind is lookup.Zone:
        return lookup.Zone.from_dict({"example.com": {"TXT": [HOSTILE]}})
    if kind is Step and depth > 2:
        return Step(HOSTILE, HOSTILE, HOSTILE)
    hints = typing.get_type_hints(kind, vars(importlib.import_module(kind.__module__)) | _LATE)
    values = {f.name: hostile(hints[f.name], depth) for f in dataclasses.fields(kind) if f.init}
    if kind is diagnosis.Diagnosis:  # fixes are of a room to its right, so it can't name their types
        values["fixes"] = (hostile_instance(fixes.Fix, 1),)
        values["rejected_fixes"] = (hostile_instance(fixes.RejectedFix, 1),)
    return kind(**values)


_LATE = {
    name: value
    for module in (terms, lookup, message, bounce, authentication, diagnosis, fixes)
    for name, value in vars(module).items()
    if isinstance(value, type)
}


def hostile_mail() -> bytes:
    names = [
        "From",
        "To",
        "Subject",
        "Return-Path",
        "Received",
        "Authentication-Results",
        "X-Mailer",
        "DKIM-Signature",
    ]
    lines = [f"{name}: {attack}" for name in names for attack in ATTACKS]
    lines += [
        "From: =?utf-8?q?=3Cscript=3Ealert(1)=3C/script=3E?= <a@example.com>",
        "Authentication-Results: <script>alert(1)</script>;"
        ' spf=pass smtp.mailfrom="<img src=x onerror=1>"@example.com',
    ]
    return ("\r\n".join(lines) + "\r\n\r\n" + HOSTILE).encode("utf-8", "replace")


@pytest.mark.parametrize(
    "kind", sorted(shown_types(), key=lambda kind: kind.__name__), ids=lambda kind: kind.__name__
)
def test_no_type_lets_mail_into_html(kind: type) -> None:
    thing = hostile_instance(kind)
    audit(thing._repr_html_())
    for text in (str(thing), repr(thing)):
        assert not CONTROLS & set(text)
    assert "\n" not in repr(thing)


def test_attacks_stay_readable() -> None:
    shown = audit(html_of(Step(ATTACKS[0], ATTACKS[9]))).text
    assert "<script>alert(1)</script>" in shown
    assert "\\u202egpj.exe" in shown


@pytest.mark.parametrize("attack", ATTACKS)
def test_every_way_a_hostile_mail_is_shown(attack: str) -> None:
    raw = (
        f"Return-Path: <{attack}@example.com>\r\n"
        f"Received: from {attack} ([192.0.2.1]) by mx.example.net; now\r\n"
        f"Authentication-Results: {attack}; dkim=pass header.d={attack}\r\n"
        f"DKIM-Signature: v=1; a=rsa-sha256; d={attack}; s={attack}; h=from; bh=; b=\r\n"
        f"From: {attack} <a@example.com>\r\nSubject: {attack}\r\n\r\n{attack}"
    ).encode("utf-8", "replace")
    zone = lookup.Zone.from_dict(
        {"_dmarc.example.com": {"TXT": [f"v=DMARC1; p=reject; rua={attack}; x={attack}"]}}
    )
    read = message.read_message(raw)
    results = [
        read,
        read.envelope,
        *read.hops,
        *read.stated,
        fixes.diagnose(raw, dns=zone),
        fixes.diagnose(raw, dns=None),
    ]
    results += [authentication.authenticate(raw, dns=zone), bounce.read_bounce(raw)]
    for result in results:
        audit(result._repr_html_() if hasattr(result, "_repr_html_") else html_of(result))
        assert not CONTROLS & set(text_of(result))


def test_a_page_runs_and_fetches_nothing() -> None:
    page = page_of(Step(HOSTILE, HOSTILE), title=HOSTILE)
    assert "default-src 'none'" in page
    assert "<script" not in page.lower()
    assert not CONTROLS & set(page)


# ---------------------------------------------------------------- small parts


def test_what_is_said_fits_a_slide_and_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    helpers.say("a word " * 40, HOSTILE)
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines) <= 100
    assert not CONTROLS & set("".join(lines))
    assert " ".join(lines).startswith("a word " * 40)


def test_clean_says_what_it_cut() -> None:
    assert clean("x" * 50, limit=10) == "xxxxxxxxxx … (50 characters in all)"
    assert clean("two\r\nlines\tand a tab") == "two\nlines\tand a tab"
    assert one_line(" two\r\n  lines ") == "two lines"
    assert escape("<a href='x'>") == "&lt;a href=&#x27;x&#x27;&gt;"


def test_wide_characters_take_two_columns() -> None:
    assert width("abc") == 3
    assert width("月次") == 4


def test_frames_hold_the_first_table() -> None:
    envelope = Envelope(facts=(terms.Fact("MAIL FROM", "a@example.com", Basis.STATED, "Return-Path"),))
    frame = envelope.to_frame()
    assert list(frame.columns) == ["fact", "value", "how it is known", "source"]
    assert frame.loc[0, "value"] == "a@example.com"


def test_one_line_and_json() -> None:
    step = Step("TXT example.com", "no SPF record", "RFC 7208 §4.5")
    assert line_of(step) == "TXT example.com: no SPF record"
    assert step.to_dict() == {
        "looked_at": "TXT example.com",
        "followed": "no SPF record",
        "rfc": "RFC 7208 §4.5",
        "answer": None,
        "steps": [],
    }


VIEWS_PROGRAM = """
import sys
import helpers as h
found = h.diagnose(h.read_bounce({sample!r}), dns=h.sample_zone("fujiba"))
assert "authenticated as somebody else" in str(found).lower()
assert "<table" in found._repr_html_()
print([name for name in ("helpers.reports", "helpers.redact", "pandas") if name in sys.modules])
"""


def test_the_first_answer_waits_only_for_its_own_views() -> None:
    program = VIEWS_PROGRAM.format(sample=str(ROOT / "data" / "sample_headers" / "incident_bounce.eml"))
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


def test_every_file_of_views_is_found_by_its_room() -> None:
    """A file that no room leads to would leave its results to be shown field by field."""
    listed = {name for names in VIEWS.values() for name in names}
    folder = ROOT / "src" / "helpers" / "show" / "views"
    shown_by_show = {"__init__", "view", "rows_table", "checks_table"}
    assert listed == {path.stem for path in folder.glob("*.py")} - shown_by_show
    assert all((ROOT / "src" / "helpers" / room).exists() or room == "terms" for room in VIEWS)


def test_titles_of_tables_are_escaped_too() -> None:
    table = Table(HOSTILE, (HOSTILE,), ((HOSTILE,),), folded=True)
    audit(table_html(table))
    assert not CONTROLS & set(table_text(table))


def test_notebooks_typeset_nothing_in_a_result() -> None:
    assert html_of(Step("$a$", "$b$")).startswith('<div class="tex2jax_ignore mathjax_ignore"')
