"""Real bounces: what is known about each; nothing else is blamed; damaged ones are read, too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import shared_path

from helpers.bounce import Bounce, read_bounce
from helpers.terms import Basis, BounceKind

WORDS = {"auth-unspecified": "authentication", "sender-id": "authentication"}
BASES = {
    "stated": Basis.STATED,
    "receiver-documentation": Basis.DOCUMENTED,
    "inferred-from-wording": Basis.INFERRED,
}
OTHERWISE = {
    ("maildir/bsd/arf-25.eml", "returned"): "the part says only REDACTED, which is no message",
    (
        "maildir/bsd/lhost-x3-01.eml",
        "returned",
    ): "an empty line before its fields does no harm",
    ("maildir/bsd/lhost-x3-01.eml", "orig_from_domain"): "as above",
}


def corpus() -> Path:
    return shared_path("corpus", "bounces")


def truth_rows() -> list[dict]:
    return json.loads((corpus() / "truth.json").read_text("utf-8"))["rows"]


@pytest.fixture(scope="module")
def everything() -> dict[str, Bounce]:
    base = corpus()
    files = [path for path in sorted(base.rglob("*")) if path.is_file() and path.parent != base]
    return {str(path.relative_to(base)): read_bounce(path) for path in files}


def told(bounce: Bounce, field: str) -> object:
    """What the bounce says about a field of a row of truth."""
    first = bounce.replies[0] if bounce.replies else None
    if field == "recipients":
        return [reply.recipient for reply in bounce.replies]
    if field == "recipients_actual":
        return [reply.actual_recipient for reply in bounce.replies]
    if field == "recipients_original":
        return [reply.original_recipient for reply in bounce.replies]
    if field == "orig_from_domain":
        return bounce.original.author_domain if bounce.original else None
    if field in {"kind", "returned", "blamed_domain"}:
        return getattr(bounce, field)
    names = {"smtp_code": "code", "enhanced": "enhanced", "status_field": "status", "stage": "stage"}
    return getattr(first, names[field]) if first else None


STATED_WHEN_KNOWN = (
    *("smtp_code", "enhanced", "status_field", "stage"),
    *("recipients", "recipients_actual", "recipients_original", "returned", "orig_from_domain"),
)


@pytest.mark.parametrize("row", truth_rows(), ids=lambda row: row["file"])
def test_what_is_known_about_a_real_bounce(row, everything):
    bounce = everything[row["file"]]
    assert bounce.kind == row["kind"]
    for field in STATED_WHEN_KNOWN:
        if row[field] and (row["file"], field) not in OTHERWISE:
            assert told(bounce, field) == row[field], field


@pytest.mark.parametrize("row", truth_rows(), ids=lambda row: row["file"])
def test_what_a_real_bounce_blames(row, everything):
    bounce = everything[row["file"]]
    wanted = row["mechanism"]
    if wanted is None:
        assert bounce.blamed is None
        assert bounce.clue == ""
        return
    accepted = {WORDS.get(word, word) for word in (wanted, *row["also_acceptable"])}
    assert bounce.blamed in accepted
    assert bounce.basis == BASES[row["basis"]]
    assert bounce.blamed_domain == row["blamed_domain"]
    if row["blamed_ip"]:
        assert bounce.blamed_ip == row["blamed_ip"]
    assert bounce.clue
    assert bounce.meaning


def test_nothing_else_in_the_corpus_is_blamed_on_authentication(everything):
    known = {row["file"] for row in truth_rows() if row["mechanism"]}
    assert len(everything) > 430
    assert [name for name, bounce in everything.items() if bounce.blamed and name not in known] == []


def test_nearly_all_of_the_corpus_are_bounces_with_a_recipient(everything):
    """Feedback reports need not name a recipient, and two files are answering machines."""
    refusals = [bounce for bounce in everything.values() if bounce.kind != BounceKind.ARF]
    named = [bounce for bounce in refusals if bounce.replies and bounce.replies[0].recipient]
    assert len(refusals) - len(named) <= 3


def test_results_are_json_ready_and_hold_no_message_text(everything):
    for bounce in everything.values():
        plain = json.dumps(bounce.to_dict())
        assert json.loads(plain)["kind"] == bounce.kind
        assert len(plain) < 40_000


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_damaged_real_bounces_are_read(data):
    files = sorted((corpus() / "maildir").glob("*/*.eml"))
    raw = bytearray(data.draw(st.sampled_from(files)).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, max(0, len(raw) - 1)))
        length = data.draw(st.integers(0, 60))
        raw[at : at + length] = data.draw(st.binary(max_size=20))
    json.dumps(read_bounce(bytes(raw)).to_dict())
