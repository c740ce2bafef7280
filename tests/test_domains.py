"""Organizational domains: the tree walk with its limit and stop rules, and the public suffix list."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from publicsuffixlist import PublicSuffixList

from helpers.domains import organizational_domain, registered_domain, tree_walk, walk_names
from helpers.lookup import SERVFAIL, TIMEOUT, Zone
from helpers.terms import Answer, DnsStatus, flatten

RECORD = "v=DMARC1; p=reject"
YES = RECORD + "; psd=y"
NO = RECORD + "; psd=n"


def zone_of(records: dict[str, Any]) -> Zone:
    """Domain -> the text of its DMARC record, a list of texts, or a failure."""
    return Zone.from_dict(
        {
            f"_dmarc.{name}": {"TXT": [value] if type(value) is str else value}
            for name, value in records.items()
        }
    )


# ------------------------------------------------------------------ which names


def test_a_name_of_eight_labels_is_asked_for_label_by_label() -> None:
    assert walk_names("a.b.c.d.e.f.example.com") == (
        "a.b.c.d.e.f.example.com",
        "b.c.d.e.f.example.com",
        "c.d.e.f.example.com",
        "d.e.f.example.com",
        "e.f.example.com",
        "f.example.com",
        "example.com",
        "com",
    )


def test_a_longer_name_is_cut_to_seven_labels_after_the_first_question() -> None:
    names = walk_names("a.b.c.d.e.f.g.h.i.j.mail.example.com")
    assert len(names) == 8
    assert names[:2] == ("a.b.c.d.e.f.g.h.i.j.mail.example.com", "g.h.i.j.mail.example.com")
    assert names[-1] == "com"


def test_a_single_label_is_asked_for_once() -> None:
    assert walk_names("localhost") == ("localhost",)


# ------------------------------------------------------- organizational domain

WALKS: list[tuple[str, dict[str, Any], str, str, int]] = [
    # what, records, name, organizational domain, queries
    ("the RFC's first example", {"mail.example.com": RECORD, "example.com": RECORD},
     "a.mail.example.com", "example.com", 4),
    ("the RFC's second example", {"mail.example.com": NO},
     "a.mail.example.com", "mail.example.com", 2),
    ("the RFC's third example", {"com": YES}, "a.mail.example.com", "example.com", 4),
    ("nothing found", {}, "mail.example.com", "mail.example.com", 3),
    ("a record at the name only", {"mail.example.com": RECORD}, "mail.example.com", "mail.example.com", 3),
    ("a record at the parent only", {"example.com": RECORD}, "mail.example.com", "example.com", 3),
    ("psd=y at the start is the start", {"bank.example": YES}, "bank.example", "bank.example", 1),
    ("psd=y above", {"bank.example": YES}, "giant.bank.example", "giant.bank.example", 2),
    ("the nearer psd=y ends the walk", {"b.c": YES, "c": YES}, "x.a.b.c", "a.b.c", 3),
    ("psd=n above the name, psd=y beyond", {"b.c": NO, "c": YES}, "a.b.c", "b.c", 2),
    ("psd=n beats records below it", {"a.b.c": RECORD, "b.c": NO}, "a.b.c", "b.c", 2),
    ("psd in capitals", {"b.c": "v=DMARC1; p=none; PSD=Y"}, "x.a.b.c", "a.b.c", 3),
    ("psd=u changes nothing", {"b.c": RECORD + "; psd=u", "c": RECORD}, "a.b.c", "c", 3),
    ("psd with another value counts as u", {"b.c": RECORD + "; psd=yes", "c": RECORD}, "a.b.c", "c", 3),
    ("two records are none", {"b.c": [RECORD, NO], "c": RECORD}, "a.b.c", "c", 3),
    ("other TXT records are none", {"b.c": ["v=spf1 -all", "v=DMARC2; p=none; psd=n"]}, "a.b.c", "a.b.c", 3),
    ("a record without p counts here", {"b.c": "v=DMARC1; rua=mailto:d@b.c.example"}, "a.b.c", "b.c", 3),
    ("psd=y one label above what was cut off", {"c.d.e.f.g.h.i": YES},
     "x.y.a.b.c.d.e.f.g.h.i", "b.c.d.e.f.g.h.i", 2),
    ("what was cut off is not seen", {"b.c.d.e.f.g.h.i": NO},
     "x.a.b.c.d.e.f.g.h.i", "x.a.b.c.d.e.f.g.h.i", 8),
    ("the longest name is asked for whatever its length", {"x.a.b.c.d.e.f.g.h.i": NO},
     "x.a.b.c.d.e.f.g.h.i", "x.a.b.c.d.e.f.g.h.i", 1),
]  # fmt: skip


@pytest.mark.parametrize(
    ("records", "name", "expected", "queries"), [w[1:] for w in WALKS], ids=[w[0] for w in WALKS]
)
def test_the_organizational_domain_by_tree_walk(
    records: dict[str, Any], name: str, expected: str, queries: int
) -> None:
    walk = tree_walk(name, zone_of(records))
    assert walk.organizational_domain == expected
    assert walk.failed is None
    assert walk.queries == tuple(f"_dmarc.{asked}" for asked in walk_names(name)[:queries])
    assert [step.answer.name for step in walk.steps if step.answer] == list(walk.queries)
    assert organizational_domain(name, dns=zone_of(records)) == expected


@pytest.mark.parametrize("written", ["MAIL.Example.COM", "mail.example.com.", "mail.example.com"])
def test_case_and_final_dot_do_not_matter(written: str) -> None:
    walk = tree_walk(written, zone_of({"example.com": RECORD}))
    assert walk.organizational_domain == "example.com"
    assert walk.queries[0] == "_dmarc.mail.example.com"


def test_a_u_label_is_asked_for_as_a_label() -> None:
    walk = tree_walk("post.bücher.example", zone_of({"xn--bcher-kva.example": RECORD}))
    assert walk.organizational_domain == "xn--bcher-kva.example"


@pytest.mark.parametrize("failure", [SERVFAIL, TIMEOUT])
def test_a_failed_walk_ends_there_and_says_so(failure: Any) -> None:
    walk = tree_walk("a.b.example.com", zone_of({"a.b.example.com": RECORD, "b.example.com": failure}))
    assert walk.failed is not None
    assert walk.failed.name == "_dmarc.b.example.com"
    assert walk.queries == ("_dmarc.a.b.example.com", "_dmarc.b.example.com")
    assert walk.organizational_domain == "a.b.example.com"
    assert "did not answer" in walk.steps[-1].followed


@pytest.mark.parametrize(
    "text", ["", ".", "a..b", "[192.0.2.1]", "192.0.2.1", "192.0.2.1.", "a b.example", "x" * 64]
)
def test_what_is_no_domain_name_asks_nothing(text: str) -> None:
    def dns(name: str, rdtype: str) -> Answer:
        raise AssertionError(f"asked for {name}")

    assert tree_walk(text, dns).organizational_domain == text
    assert organizational_domain(text, dns=dns) == text
    assert organizational_domain(text, rules="rfc7489") == text


def test_a_name_too_long_to_be_asked_for_has_no_record() -> None:
    name = ".".join(["a" * 60] * 4) + ".example"  # 251 characters; _dmarc. makes it 258
    walk = tree_walk(name, zone_of({}))
    assert walk.failed is None
    assert walk.organizational_domain == name
    assert "longer than a name in DNS can be" in walk.steps[0].followed


def test_without_dns_there_is_an_error_and_no_silent_look_up() -> None:
    with pytest.raises(TypeError, match="needs dns="):
        organizational_domain("example.com")
    with pytest.raises(TypeError, match="needs dns="):
        tree_walk("example.com", None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="rules has to be"):
        organizational_domain("example.com", dns=zone_of({}), rules="rfc822")  # type: ignore[arg-type]


# ------------------------------------------------------------ public suffix list


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("example.com", "example.com"),
        ("a.b.example.com", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("co.uk", "co.uk"),
        ("com", "com"),
        ("localhost", "localhost"),
        ("mail.unlisted.example", "unlisted.example"),
        ("WWW.Example.Com.", "example.com"),
        ("www.食狮.公司.cn", "xn--85x722f.xn--55qx5d.cn"),
        ("a.me.blogspot.com", "me.blogspot.com"),
        ("www.ck", "www.ck"),
        ("a.b.c.ck", "b.c.ck"),
    ],
)
def test_the_organizational_domain_by_public_suffix_list(name: str, expected: str) -> None:
    assert organizational_domain(name, rules="rfc7489") == expected


# -------------------------------------------------------------------- properties

labels = st.sampled_from(["a", "b", "c"])
names = st.lists(labels, min_size=1, max_size=11).map(".".join)
texts = st.sampled_from(
    [RECORD, RECORD + "; psd=n", RECORD + "; psd=y", RECORD + ";psd=u", "v=DMARC1", "v=DMARC2; psd=n", "junk"]
)
values = st.lists(texts, max_size=2)
zones = st.dictionaries(st.lists(labels, min_size=1, max_size=8).map(".".join), values, max_size=12)


def counted(zone: Zone) -> tuple[Any, list[str]]:
    asked: list[str] = []

    def dns(name: str, rdtype: str) -> Answer:
        asked.append(name)
        return zone(name, rdtype)

    return dns, asked


def organization_read_from_the_text(name: str, records: dict[str, list[str]]) -> str:
    """RFC 9989 §4.10 and §4.10.2 once more, straight from the text and without any of the room's code."""
    parts = name.split(".")
    targets = [parts] + [parts[-n:] for n in range(min(len(parts) - 1, 7), 0, -1)]
    found = []
    for target in targets:
        valid = [text for text in records.get(".".join(target), []) if text.startswith("v=DMARC1")]
        if len(valid) == 1:
            found.append((target, valid[0][-1] if "psd=" in valid[0] else "u"))
            if found[-1][1] in "yn":
                break
    for target, psd in found:
        if psd == "n":
            return ".".join(target)
        if psd == "y" and target != parts:
            return ".".join(parts[-len(target) - 1 :])
    return ".".join(found[-1][0] if found else parts)


@settings(deadline=None)
@given(name=names, records=zones)
def test_a_walk_costs_at_most_eight_and_ends_at_the_name_or_above(
    name: str, records: dict[str, list[str]]
) -> None:
    dns, asked = counted(zone_of(records))
    walk = tree_walk(name, dns)
    assert len(asked) == len(walk.queries) <= 8
    assert len(set(asked)) == len(asked)
    assert name == walk.organizational_domain or name.endswith("." + walk.organizational_domain)
    assert walk.organizational_domain == organization_read_from_the_text(name, records)


@settings(deadline=None)
@given(name=st.text(max_size=300))
def test_any_text_has_an_answer(name: str) -> None:
    walk = tree_walk(name, zone_of({}))
    assert len(walk.queries) <= 8
    assert all(step.rfc for _, step in flatten(walk.steps))


@settings(deadline=None)
@given(text=st.text(max_size=200))
def test_any_record_text_is_read_or_passed_over(text: str) -> None:
    def dns(name: str, rdtype: str) -> Answer:
        return Answer(name, rdtype, DnsStatus.DATA, (text,))

    assert tree_walk("mail.example.com", dns).failed is None


def test_suffixes_of_other_alphabets_are_found_by_their_a_labels() -> None:
    """The list is kept as it is written; read with an A-label for each name, it says the same."""
    with_a_labels = PublicSuffixList()
    suffixes = [suffix.lstrip("!").replace("*", "any") for suffix in with_a_labels._publicsuffix]
    fronts = ("", "a.", "xn--bcher-kva.b.")
    names = [f"{front}{suffix}" for suffix in suffixes if "xn--" in suffix for front in fronts]
    assert len(names) > 500
    for name in [*names, "xn--bcher-kva.co.uk", "a.xn--bcher-kva.co.uk", "xn--.example.com", "A.B.CO.UK"]:
        assert registered_domain(name) == (with_a_labels.privatesuffix(name) or name)
