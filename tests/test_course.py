"""What makes the lessons one course: ways, times, links to terms and sections, misconceptions."""

# ruff: noqa: E402 - the builder's modules stand in tools/

from __future__ import annotations

import json
import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from course import glossary, misconceptions
from course.assemble import assembled
from course.references import STANDARDS, references, with_links
from course.sources import Source, course
from course.ways import minutes

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
COURSE = course()

LESSON = """# %% [markdown] slideshow={{"slide_type": "slide"}}
# # {title}
#
# **What is {title}?**

# %% slideshow={{"slide_type": "-"}}
import helpers as h

# %% [markdown] slideshow={{"slide_type": "skip"}}
# {text}
"""


def text_of(notebook: Any) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A course in which most lessons are not written yet."""
    for name, title, text in (
        ("00_start_here", "Why?", "[[contents]]"),
        ("01_the_bounce", "01 – The bounce", "An envelope, and `envelope` again: envelope."),
        ("05_dmarc", "05 – DMARC", "Text."),
        ("99_practice", "99 – Practice", "Text."),
        ("talk", "The talk", "Text."),
    ):
        (tmp_path / f"{name}.py").write_text(LESSON.format(title=title, text=text), encoding="utf-8")
    return tmp_path


# ------------------------------------------------------------------- ways and times


def test_the_order_is_that_of_the_numbers_and_pages_come_last(folder: Path) -> None:
    names = [source.name for source in course(folder)]
    assert names == ["00_start_here", "01_the_bounce", "05_dmarc", "99_practice", "talk"]


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("00_start_here", None, "01_the_bounce"),
        ("01_the_bounce", "00_start_here", "05_dmarc"),
        ("05_dmarc", "01_the_bounce", "99_practice"),
        ("99_practice", "05_dmarc", None),
        ("talk", None, None),
    ],
)
def test_each_notebook_leads_to_its_neighbours_and_to_the_contents(
    folder: Path, name: str, before: str | None, after: str | None
) -> None:
    cells = assembled(Source(folder / f"{name}.py")).cells
    for made in (cells[1], cells[-1]):
        assert made.metadata.slideshow.slide_type == "skip"
        assert re.findall(r"\[← [^]]+\]\((\w+)\.ipynb\)", made.source) == ([before] if before else [])
        assert re.findall(r"\[[^]]+ →\]\((\w+)\.ipynb\)", made.source) == ([after] if after else [])
        assert "[all lessons](00_start_here.ipynb#cell-id=The-lessons)" in made.source
    assert cells[1].source.startswith("About 5 minutes") == (name != "talk")


def test_the_contents_list_every_lesson_with_its_question_and_its_time(folder: Path) -> None:
    text = text_of(assembled(Source(folder / "00_start_here.py")))
    assert "| [01 – The bounce](01_the_bounce.ipynb) | What is 01 – The bounce? | 5 |" in text
    assert [row for row in ("05_dmarc", "99_practice") if f"]({row}.ipynb) |" not in text] == []
    assert "](talk.ipynb)" not in text


def test_the_first_notebook_leads_to_all_there_are() -> None:
    first = text_of(nbformat.read(ROOT / "notebooks/00_start_here.ipynb", as_version=4))
    for source in COURSE[1:]:
        assert f"]({source.name}.ipynb" in first, source.name


@pytest.mark.parametrize(
    "source", [one for one in COURSE if one.number is not None], ids=lambda one: one.name
)
def test_a_lesson_says_how_long_it_takes_and_means_it(source: Source) -> None:
    """A person reads at most 250 words a minute and at least 80, whatever else there is to do."""
    stated = re.match(r"About (\d+) minutes", assembled(source, COURSE).cells[1].source)
    assert stated
    assert source.words / 250 <= int(stated[1]) <= source.words / 80 + sum(source.code_lines) / 4 + 10
    assert source.number == 0 or source.question, "a lesson opens with its question, in bold"


@pytest.mark.parametrize(
    ("remote", "place"),
    [
        ("https://github.com/someone/mail-kit.git\n", "gh/someone/mail-kit"),
        ("git@github.com:someone/mail.kit", "gh/someone/mail.kit"),
        ("https://name:secret@github.com/someone/kit/", "gh/someone/kit"),
        ("ssh://git@gitlab.com/group/sub/kit.git", "gl/group%2Fsub%2Fkit"),
        ("https://codeberg.org/someone/kit", "git/https%3A%2F%2Fcodeberg.org%2Fsomeone%2Fkit"),
        ("/srv/git/kit.git", "gh/OWNER/REPOSITORY"),
        ("", "gh/OWNER/REPOSITORY"),
    ],
)
def test_the_badge_leads_to_the_repository_of_the_remote(remote: str, place: str) -> None:
    import readme

    assert readme.place(remote) == place
    text = readme.with_badge((ROOT / "README.md").read_text(encoding="utf-8"), remote)
    (address,) = re.findall(r"\]\((https://mybinder\.org/v2/[^)]+)\)", text)
    assert address == f"https://mybinder.org/v2/{place}/HEAD?urlpath=lab/tree/notebooks/00_start_here.ipynb"


def test_the_readme_lists_the_lessons() -> None:
    import readme

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "](notebooks/01_the_bounce.ipynb) |" in text
    assert readme.with_lessons(text) == text, "python tools/readme.py"


def test_more_to_do_takes_longer(folder: Path) -> None:
    path = folder / "05_dmarc.py"
    short = minutes(Source(path))
    path.write_text(path.read_text(encoding="utf-8") + "# word word word\n" * 600, encoding="utf-8")
    assert minutes(Source(path)) >= short + 10


# ------------------------------------------------------------------- the glossary


TERMS = glossary.terms(COURSE)


def test_the_forms_of_words_belong_to_terms_that_there_are() -> None:
    assert sorted(TERMS) == sorted(glossary.FORMS)
    forms = [form.lower() for term, others in glossary.FORMS.items() for form in (term, *others)]
    assert len(forms) == len(set(forms)), "a word that means two terms"


def test_each_term_names_its_section_and_its_lesson() -> None:
    cells = [cell for source in COURSE if source.name == "glossary" for cell in source.cells]
    entries = [cell.source for cell in cells if cell.source.startswith("### ")]
    assert 30 <= len(entries) <= 60
    for entry in entries:
        assert re.search(r"^\*RFC \d+.* · \[\[\d\d\]\]\*$", entry, re.MULTILINE), entry
        sentences = re.findall(r"[.?](?=\s|$)", entry.split("\n\n")[1])
        assert 1 <= len(sentences) <= 4, entry


@pytest.mark.parametrize(
    ("text", "expected"),
    {
        "the first mention only": ("An envelope, an envelope.", "An [envelope](E), an envelope."),
        "a form of the word": ("It is aligned.", "It is [aligned](A)."),
        "the longest that fits": ("an aligned MAIL FROM", "an [aligned](A) [MAIL FROM](M)"),
        "over a line's end": ("the MAIL\nFROM", "the [MAIL\nFROM](M)"),
        "not a part of a word": ("envelopes, misaligned, x-envelope", "envelopes, misaligned, x-envelope"),
        "no name in lower case": ("mail from Tokyo was received", "mail from Tokyo was received"),
        "no name at a sentence's beginning": ("Mail from Tokyo.", "Mail from Tokyo."),
        "no heading": ("## The envelope\n\nText.", "## The envelope\n\nText."),
        "no code": ("`envelope` and `aligned`", "`envelope` and `aligned`"),
        "no block of code": ("```\nenvelope\n```", "```\nenvelope\n```"),
        "no link": ("[an envelope](x.ipynb)", "[an envelope](x.ipynb)"),
        "no quoted words": ("> envelope", "> envelope"),
        "a table's cell": ("| envelope |\n|---|\n", "| [envelope](E) |\n|---|\n"),
        "emphasis": ("*aligned*", "*[aligned](A)*"),
    }.values(),
)
def test_the_first_mention_of_a_term_becomes_a_link(text: str, expected: str) -> None:
    where = {"E": "Envelope", "A": "Identifier-alignment", "M": "MAIL-FROM"}
    for short, term in where.items():
        expected = expected.replace(f"]({short})", f"](glossary.ipynb#cell-id={term})")
    assert glossary.linked([text], ["Envelope", "Identifier alignment", "MAIL FROM", "Received"]) == [
        expected
    ]


def test_every_lesson_links_to_the_glossary_and_no_slide_is_full_of_it() -> None:
    for source in COURSE:
        if source.number in range(1, 99):
            cells = assembled(source, COURSE).cells[2:-1]
            counts = [cell.source.count("](glossary.ipynb#") for cell in cells]
            assert sum(counts) >= 2, source.name
            assert max(counts) <= 6, source.name


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_links_to_a_cell_lead_to_a_cell(path: Path) -> None:
    for name, cell in re.findall(
        r"\]\((\w+)\.ipynb#cell-id=([^)\s]+)\)", text_of(nbformat.read(path, as_version=4))
    ):
        target = nbformat.read(path.with_name(f"{name}.ipynb"), as_version=4)
        assert cell in {one.id for one in target.cells}, f"{name}.ipynb#cell-id={cell}"


# ------------------------------------------------------------------- misconceptions


def test_the_misconceptions_are_those_that_were_collected(shared: Any) -> None:
    collected = json.loads(shared("facts/misconceptions.json").read_text(encoding="utf-8"))
    assert sorted(misconceptions.MISCONCEPTIONS) == sorted(row["n"] for row in collected)
    for row in collected:
        ours = misconceptions.MISCONCEPTIONS[row["n"]]
        assert len(ours.belief.split()) >= 4
        assert len(ours.shown.split()) >= 8


def test_every_misconception_is_settled_by_an_experiment() -> None:
    missing = sorted(set(misconceptions.MISCONCEPTIONS) - set(misconceptions.places(COURSE)))
    assert missing == []


def test_only_experiments_settle_misconceptions() -> None:
    for source in COURSE:
        for cell in source.cells:
            for number in misconceptions.numbers(cell):
                assert number in misconceptions.MISCONCEPTIONS
                assert cell.cell_type == "code", f"{source.name}: a text settles nothing"


def test_the_index_leads_to_the_cells_that_settle_them() -> None:
    index = nbformat.read(ROOT / "notebooks/misconceptions.ipynb", as_version=4)
    listed: dict[int, list[tuple[str, str]]] = {}
    for cell, answer in pairwise(index.cells):
        if heading := re.match(r"## (\d+)\. “", cell.source):
            listed[int(heading[1])] = re.findall(r"\]\((\d\d_\w+)\.ipynb#cell-id=([\w-]+)\)", answer.source)
    assert set(listed) == set(misconceptions.places(COURSE))
    for number, links in listed.items():
        assert links
        for name, heading in links:
            cells = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4).cells
            (start,) = [at for at, cell in enumerate(cells) if cell.id == heading]
            section = [cells[start]]
            for cell in cells[start + 1 :]:
                if cell.cell_type == "markdown" and cell.source.startswith("#"):
                    break
                section.append(cell)
            settled = [one for cell in section for one in misconceptions.numbers(cell)]
            assert number in settled, f"{name}#{heading} does not settle {number}"


# ------------------------------------------------------------------- sections of RFCs


@pytest.mark.parametrize(
    ("text", "expected"),
    {
        "one": ("RFC 7208 §4.6.4", ["7208 4.6.4"]),
        "the RFC named last": ("RFC 7208 §3.2 and §4.5; RFC 9989 §4.4", ["7208 3.2", "7208 4.5", "9989 4.4"]),
        "a range": ("RFC 9989 §5.1.5–5.1.7 and §7.4", ["9989 5.1.5", "9989 5.1.7", "9989 7.4"]),
        "an appendix": ("RFC 9989 §4.7 and appendix A.6", ["9989 4.7", "9989 A.6"]),
        "no section": ("RFC 3463 §3 and RFC 7372.", ["3463 3", "7372 "]),
        "over a line's end": ("RFC\n3464 §2", ["3464 2"]),
        "nobody's": ("§4.7", []),
        "another dash": ("RFC 9989 §4.7 in 2025–2026", ["9989 4.7"]),
    }.values(),
)
def test_references_are_found_in_prose(text: str, expected: list[str]) -> None:
    assert [f"{one.rfc} {one.section}" for one in references(text)] == expected


def test_a_list_of_sources_leads_to_the_sections_and_shows_their_titles() -> None:
    made = with_links("**Sources:** alignment: RFC 9989 §4.4; lookups: RFC 7208 §4.6.4, §99.")
    assert '[RFC 9989 §4.4](https://www.rfc-editor.org/rfc/rfc9989#section-4.4 "Identifier Alignment' in made
    assert '#section-4.6.4 "DNS Lookup Limits")' in made
    assert made.endswith(", §99.")


@pytest.mark.parametrize("source", COURSE, ids=lambda source: source.name)
def test_sections_that_a_lesson_names_exist(source: Source) -> None:
    for cell in source.cells:
        text = re.sub(r"\s+", " ", cell.source)
        wrong = [f"RFC {one.rfc} §{one.section}" for one in references(text) if one.title is None]
        assert wrong == [], "a slip, or a section that tools/course/standards.json does not have yet"


CODE = sorted(
    [*(ROOT / "src").rglob("*.py"), *(ROOT / "src").rglob("*.json"), *(ROOT / "tools").rglob("*.py")]
)


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_sections_that_code_names_exist(path: Path) -> None:
    """A bare section in code belongs to an RFC that the file names; which one, a comment need not repeat."""
    text = re.sub(r"\n\s*(?:#:?\s*)?", " ", path.read_text(encoding="utf-8"))
    named = {one.rfc for one in references(text)}
    for one in references(text):
        known = one.title is not None
        if not text[slice(*one.span)].startswith("RFC"):
            known = known or any(one.section in STANDARDS.get(rfc, {}).get("sections", {}) for rfc in named)
        assert known, f"RFC {one.rfc} §{one.section}"


def test_titles_are_those_of_dmarcs_own_text(shared: Any) -> None:
    text = shared("standards/draft-ietf-dmarc-dmarcbis-41.txt").read_text(encoding="utf-8")
    body = re.sub(r"\n {3,}", " ", text)  # a long title goes on in the next line
    for section, title in STANDARDS["9989"]["sections"].items():
        assert f"\n{section}.  {title}" in re.sub(r" +(?=\S)", " ", body).replace(
            f"\n{section}. ", f"\n{section}.  "
        ), f"§{section} {title}"


def test_titles_are_those_of_the_text_on_aggregate_reports(shared: Any) -> None:
    text = shared("standards/draft-ietf-dmarc-aggregate-reporting.md").read_text(encoding="utf-8")
    counts, found = [0] * 5, {}
    for marks, title in re.findall(r"^(#+) (.+?)(?: *\{#[^}]*\})?\s*$", text, re.MULTILINE):
        counts[len(marks) - 1] += 1
        counts[len(marks) :] = [0] * (5 - len(marks))
        found[".".join(map(str, counts[: len(marks)]))] = title
    assert STANDARDS["9990"]["sections"] == found
