"""DNS as one question: the in-process zone, live servers and recordings answer alike, and nothing raises."""

from __future__ import annotations

import copy
import os
import pickle
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.lookup import SERVFAIL, TIMEOUT, LiveDns, RecordingDns, Zone, a_label, sample_zone
from helpers.terms import Answer, DnsFailure, DnsStatus

HERE = Path(__file__).resolve().parent
CASES = HERE / "nsd" / "cases.zone"
SAMPLES = sorted((HERE.parent / "data" / "zones").glob("*.zone"))
DATA, NODATA, NXDOMAIN, FAILURE = DnsStatus.DATA, DnsStatus.NODATA, DnsStatus.NXDOMAIN, DnsStatus.FAILURE
TYPES = ("A", "AAAA", "CAA", "CNAME", "DNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT")


def brief(answer: Answer) -> tuple[str, tuple[Any, ...], tuple[str, ...]]:
    """Status or failure, values, chain."""
    return (answer.failure or answer.status).value, answer.values, answer.chain


# ------------------------------------------------------------ a zone from a dict

ZONE = Zone.from_dict(
    {
        "Example.COM.": {
            "TXT": ["v=spf1 -all", ["two ", "strings"], b"octets \xc3\xa4 \xff"],
            "MX": [(20, "MX2.Example.com."), "10 mx1.example.com"],
            "A": "192.0.2.1",
            "AAAA": ["2001:DB8::0001"],
            "CAA": ['0 issue "letsencrypt.org"'],
            "SOA": "NS.example.com. hostmaster.example.com. 1 2 3 4 5",
        },
        "one.example.com": {"mx": (10, "mx1.example.com"), "TXT": "just one"},
        "list.example.com": {"MX": [10, "mx1.example.com"]},
        "null.example.com": {"MX": [(0, ".")]},
        "empty.example.com": {},
        "no-txt.example.com": {"TXT": [], "A": ["192.0.2.9"]},
        "leaf.ent.example.com": {"TXT": ["leaf"]},
        "failing.example.com": SERVFAIL,
        "below.failing.example.com": {"A": ["192.0.2.2"]},
        "slow.example.com": {"TXT": TIMEOUT, "A": ["192.0.2.3"]},
        "partly.example.com": {"TXT": ["known"], "ANY": TIMEOUT},
        "*.wild.example.com": {"TXT": ["wild"], "A": SERVFAIL},
        "here.wild.example.com": {"A": ["192.0.2.4"]},
        "alias.example.com": {"CNAME": "ONE.example.com."},
        "outside.example.com": {"CNAME": "www.elsewhere.example"},
        "broken.example.com": {"CNAME": "failing.example.com"},
        "loop.example.com": {"CNAME": ["loop.example.com"]},
        "日本.example.com": {"TXT": ["IDN"]},
        "with blank.example.com": {"TXT": ["blank"]},
        r"dot\.in.example.com": {"TXT": ["dot"]},
        "foo:bar/baz.example.com": {"TXT": ["colon"]},
    }
)


@pytest.mark.parametrize(
    ("name", "rdtype", "expected"),
    [
        ("example.com", "TXT", ("data", ("v=spf1 -all", "two strings", "octets Ã¤ ÿ"), ())),
        ("EXAMPLE.com.", "txt", ("data", ("v=spf1 -all", "two strings", "octets Ã¤ ÿ"), ())),
        ("example.com", "MX", ("data", ((20, "mx2.example.com"), (10, "mx1.example.com")), ())),
        ("example.com", "A", ("data", ("192.0.2.1",), ())),
        ("example.com", "AAAA", ("data", ("2001:db8::1",), ())),
        ("example.com", "CAA", ("data", ('0 issue "letsencrypt.org"',), ())),
        ("example.com", "SOA", ("data", ("ns.example.com hostmaster.example.com 1 2 3 4 5",), ())),
        ("example.com", "PTR", ("nodata", (), ())),
        ("one.example.com", "MX", ("data", ((10, "mx1.example.com"),), ())),
        ("one.example.com", "TXT", ("data", ("just one",), ())),
        ("list.example.com", "MX", ("data", ((10, "mx1.example.com"),), ())),
        ("null.example.com", "MX", ("data", ((0, "."),), ())),
        ("empty.example.com", "TXT", ("nodata", (), ())),
        ("no-txt.example.com", "TXT", ("nodata", (), ())),
        ("ent.example.com", "TXT", ("nodata", (), ())),
        ("com", "A", ("nodata", (), ())),
        (".", "NS", ("nodata", (), ())),
        ("other.example.com", "TXT", ("nxdomain", (), ())),
        ("below.one.example.com", "TXT", ("nxdomain", (), ())),
        ("example.org", "TXT", ("nxdomain", (), ())),
        ("failing.example.com", "TXT", ("servfail", (), ())),
        ("failing.example.com", "CNAME", ("servfail", (), ())),
        ("below.failing.example.com", "A", ("data", ("192.0.2.2",), ())),
        ("missing.failing.example.com", "A", ("nxdomain", (), ())),
        ("slow.example.com", "TXT", ("timeout", (), ())),
        ("slow.example.com", "A", ("data", ("192.0.2.3",), ())),
        ("slow.example.com", "MX", ("nodata", (), ())),
        ("partly.example.com", "TXT", ("data", ("known",), ())),
        ("partly.example.com", "A", ("timeout", (), ())),
        ("a.wild.example.com", "TXT", ("data", ("wild",), ())),
        ("b.a.wild.example.com", "TXT", ("data", ("wild",), ())),
        ("a.wild.example.com", "MX", ("nodata", (), ())),
        ("a.wild.example.com", "A", ("servfail", (), ())),
        ("here.wild.example.com", "TXT", ("nodata", (), ())),
        ("a.here.wild.example.com", "TXT", ("nxdomain", (), ())),
        ("wild.example.com", "TXT", ("nodata", (), ())),
        ("*.wild.example.com", "TXT", ("data", ("wild",), ())),
        ("alias.example.com", "TXT", ("data", ("just one",), ("one.example.com",))),
        ("alias.example.com", "A", ("nodata", (), ("one.example.com",))),
        ("alias.example.com", "CNAME", ("data", ("one.example.com",), ())),
        ("outside.example.com", "A", ("nxdomain", (), ("www.elsewhere.example",))),
        ("broken.example.com", "A", ("servfail", (), ())),
        ("loop.example.com", "A", ("servfail", (), ())),
        ("loop.example.com", "CNAME", ("data", ("loop.example.com",), ())),
        ("xn--wgv71a.example.com", "TXT", ("data", ("IDN",), ())),
        ("日本.example.com", "TXT", ("data", ("IDN",), ())),
        ("with blank.example.com", "TXT", ("data", ("blank",), ())),
        (r"with\032blank.example.com", "TXT", ("data", ("blank",), ())),
        (r"dot\.in.example.com", "TXT", ("data", ("dot",), ())),
        ("dot.in.example.com", "TXT", ("nxdomain", (), ())),
        ("foo:bar/baz.example.com", "TXT", ("data", ("colon",), ())),
    ],
)
def test_what_a_zone_answers(name: str, rdtype: str, expected: Any) -> None:
    assert brief(ZONE(name, rdtype)) == expected
    assert brief(ZONE(name, rdtype)) == expected, "asked a second time"


def test_an_answer_names_the_question_in_one_spelling() -> None:
    answer = ZONE("EXAMPLE.com.", "txt")
    assert (answer.name, answer.rdtype) == ("example.com", "TXT")
    assert ZONE("with blank.example.com", "A").name == r"with\032blank.example.com"


def test_answers_that_differ_in_order_only_are_equal() -> None:
    there = Zone.from_dict({"x.example": {"A": ["192.0.2.1", "192.0.2.2"]}})
    back = Zone.from_dict({"x.example": {"A": ["192.0.2.2", "192.0.2.1"]}})
    assert there("x.example", "A") == back("x.example", "A")
    assert hash(there("x.example", "A")) == hash(back("x.example", "A"))
    assert there == back
    assert there("x.example", "A").values == ("192.0.2.1", "192.0.2.2"), "the order itself is kept"


HOSTILE = [
    "",
    "..",
    ".example.com",
    "example..com",
    "example.com..",
    "a" * 64 + ".example.com",
    "a." * 126 + "ab",
    "a." * 200000,
    "x" * 1000000,
    "\\",
    "example.com\\",
    r"\999.example.com",
    r"\25",
    "\x00.example.com",
    "ex\nample.com",
    "\udcff.example.com",
    "é" * 300,
    "\u202e.example.com",
    "💩.example.com",
    "xn--.example.com",
    "xn--\x00",
    "*." * 120,
    "\\." * 300,
    "@",
    "$ORIGIN",
    '"; DROP',
]


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: ascii(name[:20]))
def test_impossible_and_unknown_names_do_not_exist(name: str) -> None:
    assert ZONE(name, "TXT").status == NXDOMAIN
    assert LiveDns(resolver=NoNetwork())(name, "TXT").status in (NXDOMAIN, FAILURE)


@given(st.text(max_size=300), st.sampled_from(TYPES))
def test_no_name_makes_a_zone_raise(name: str, rdtype: str) -> None:
    assert isinstance(ZONE(name, rdtype), Answer)
    assert a_label(name) is None or ZONE(a_label(name) or "", rdtype) == ZONE(name, rdtype)


def test_a_stream_of_names_does_not_fill_the_memory() -> None:
    zone = Zone.from_dict({"*.example.com": {"A": "192.0.2.1"}})
    for number in range(20000):
        assert zone(f"{number}.example.com", "A").status == DATA
    assert len(pickle.dumps(zone)) < 1000


def test_a_chain_has_a_limit() -> None:
    links: dict[str, Any] = {f"n{i}.example": {"CNAME": f"n{i + 1}.example"} for i in range(30)}
    zone = Zone.from_dict({**links, "n30.example": {"A": "192.0.2.1"}})
    assert zone("n15.example", "A").chain == tuple(f"n{i}.example" for i in range(16, 31))
    assert zone("n14.example", "A").failure == SERVFAIL


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ({"example..com": {"A": "192.0.2.1"}}, ["example..com", "not a domain name"]),
        ({7: {"A": "192.0.2.1"}}, ["7 is not a domain name"]),
        ({"x.example": "v=spf1 -all"}, ["x.example", "record types"]),
        ({"x.example": None}, ["x.example", "record types"]),
        ({"x.example": {"A": "192.0.2.256"}}, ["x.example A", "IPv4"]),
        ({"x.example": {"A": "192.0.02.1"}}, ["x.example A", "IPv4"]),
        ({"x.example": {"A": "2001:db8::1"}}, ["x.example A", "IPv4"]),
        ({"x.example": {"AAAA": ["192.0.2.1"]}}, ["x.example AAAA", "IPv6"]),
        ({"x.example": {"AAAA": ["fe80::1%eth0"]}}, ["x.example AAAA", "IPv6"]),
        ({"x.example": {"MX": "mx.example"}}, ["x.example MX", "preference"]),
        ({"x.example": {"MX": [("ten", "mx.example")]}}, ["x.example MX", "preference"]),
        ({"x.example": {"MX": [(70000, "mx.example")]}}, ["x.example MX", "65535"]),
        ({"x.example": {"MX": [(10, "mx..example")]}}, ["x.example MX", "mx..example"]),
        ({"x.example": {"CNAME": ["a.example", "b.example"]}}, ["x.example CNAME", "one"]),
        ({"x.example": {"TXT": [7]}}, ["x.example TXT", "text"]),
        ({"x.example": {"TXT": ["\ud800"]}}, ["x.example TXT", "octets"]),
        ({"x.example": {"TXT": [SERVFAIL, "v=spf1"]}}, ["x.example TXT", "either fails or has records"]),
        ({"x.example": {"TXTT": ["v=spf1"]}}, ["x.example TXTT", "not a record type"]),
        ({"x.example": {"": ["v=spf1"]}}, ["x.example", "not a record type"]),
        ({"x.example": {"SRV": ["nonsense"]}}, ["x.example SRV", "nonsense"]),
    ],
)
def test_what_is_no_record_is_named(records: Any, words: list[str]) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        Zone.from_dict(records)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_zone_never_changes() -> None:
    zone = Zone.from_dict(
        {"example.com": {"TXT": ["v=spf1 -all"]}, "leaf.ent.example.com": {"A": "192.0.2.1"}}
    )
    before = zone.to_text()
    stricter = zone.with_records("_DMARC.example.com.", "txt", "v=DMARC1; p=reject")
    assert stricter("_dmarc.example.com", "TXT").values == ("v=DMARC1; p=reject",)
    assert zone("_dmarc.example.com", "TXT").status == NXDOMAIN
    assert stricter.without("_dmarc.example.com") == zone
    assert zone.with_records("example.com", "TXT", SERVFAIL)("example.com", "TXT").failure == SERVFAIL
    assert zone.with_records("example.com", "TXT", [])("example.com", "TXT").status == NODATA
    assert zone.without("example.com", "TXT")("example.com", "TXT").status == NODATA, "names below it exist"
    assert zone.without("leaf.ent.example.com", "A")("ent.example.com", "A").status == NXDOMAIN
    assert zone.without("not.there.example") == zone
    assert zone.to_text() == before
    with pytest.raises(ValueError, match=r"example\.com A: 'x' is not an IPv4 address"):
        zone.with_records("example.com", "A", "x")


def test_two_zones_make_one() -> None:
    one = Zone.from_dict({"a.example": {"A": "192.0.2.1", "TXT": "one"}})
    two = Zone.from_dict({"a.example": {"A": "192.0.2.2"}, "b.example": {"A": "192.0.2.3"}})
    both = one | two
    assert both("a.example", "A").values == ("192.0.2.2",)
    assert both("a.example", "TXT").values == ("one",)
    assert both("b.example", "A").values == ("192.0.2.3",)
    assert both.names() == ("a.example", "b.example")
    assert Zone() | one == one | Zone() == one
    with pytest.raises(TypeError):
        one | {}  # type: ignore[operator]


def test_a_zone_can_be_copied_sent_and_shown() -> None:
    assert pickle.loads(pickle.dumps(ZONE)) == ZONE == copy.deepcopy(ZONE)
    assert len({ZONE, copy.copy(ZONE)}) == 1
    assert Zone() != ZONE
    assert ZONE != "zone"
    assert ("one.example.com", "MX", "10 mx1.example.com.") in list(ZONE.rows())
    assert ("slow.example.com", "TXT", "timeout") in list(ZONE.rows())
    assert ZONE.to_dict()["one.example.com"] == {"MX": [[10, "mx1.example.com"]], "TXT": ["just one"]}
    assert ZONE.to_dict()["slow.example.com"] == {"TXT": "timeout", "A": ["192.0.2.3"]}


def test_importing_the_room_loads_no_dns_library() -> None:
    code = (
        "import sys, helpers.lookup as l; z = l.Zone.from_dict({'x.example': {'A': '192.0.2.1'}}); "
        "z('x.example', 'A'); z.to_text(); print(*sorted({m.split('.')[0] for m in sys.modules}))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"dns", "idna", "asyncio", "ipaddress"} & set(loaded.split())


# ------------------------------------------------------------------------ names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Example.COM", "example.com"),
        ("example.com.", "example.com"),
        ("localhost", "localhost"),
        ("_dmarc.Example.com", "_dmarc.example.com"),
        ("日本語.Example", "xn--wgv71a119e.example"),
        ("日本語。example", "xn--wgv71a119e.example"),
        ("BÜCHER.example.", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("_dmarc.bücher.example", "_dmarc.xn--bcher-kva.example"),
        ("ｅｘａｍｐｌｅ．com", "example.com"),
        ("XN--WGV71A119E.example", "xn--wgv71a119e.example"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
        (".".join(["a" * 49] * 5) + ".abc", ".".join(["a" * 49] * 5) + ".abc"),
        (".".join(["a" * 49] * 5) + ".abcd", None),
        ("a" * 64 + ".example", None),
        ("ü" * 63 + ".example", None),
        ("", None),
        (".", None),
        ("..", None),
        (".example.com", None),
        ("example..com", None),
        ("example.com..", None),
        ("exa mple.com", None),
        ("example.com\n", None),
        ("user@example.com", None),
        ("[192.0.2.1]", None),
        ("<example.com>", None),
        ("\x00.example.com", None),
        ("\ud800.example.com", None),
        ("💩.example", None),
        ("x" * 1000000, None),
        ("é" * 1000000, None),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_a_label(text: str, expected: str | None) -> None:
    assert a_label(text) == expected


@given(st.text(max_size=80))
def test_a_label_is_stable(text: str) -> None:
    label = a_label(text)
    assert label is None or (label.isascii() and a_label(label) == label == label.lower())


# ----------------------------------------------------------------- master files


def test_a_file_may_hold_several_domains(tmp_path: Path) -> None:
    file = tmp_path / "two.zone"
    file.write_text(
        '$ORIGIN example.com.\n@ TXT "v=spf1 " "-all"\nmx A 192.0.2.1\n\tAAAA 2001:db8::1\n'
        "$ORIGIN sub\n@ MX 10 mx.example.com.\nin MX 20 mx\nfull.example.org. A 192.0.2.2 ; a comment\n",
        encoding="utf-8",
    )
    zone = Zone.from_file(file)
    assert zone("example.com", "TXT").values == ("v=spf1 -all",)
    assert zone("mx.example.com", "AAAA").values == ("2001:db8::1",)
    assert zone("sub.example.com", "MX").values == ((10, "mx.example.com"),)
    assert zone("in.sub.example.com", "MX").values == ((20, "mx.sub.example.com"),)
    assert zone("full.example.org", "A").values == ("192.0.2.2",)


def test_several_files_and_an_origin(tmp_path: Path) -> None:
    one, two = tmp_path / "one.zone", tmp_path / "two.zone"
    one.write_bytes(b"\xef\xbb\xbf@ IN 60 A 192.0.2.1\r\nwww CNAME @\r\n")
    two.write_text("@ A 192.0.2.2\n@ A 192.0.2.1\n")
    zone = Zone.from_file(one, str(two), origin="Example.COM")
    assert zone("www.example.com", "A").values == ("192.0.2.1", "192.0.2.2")
    assert Zone.from_text("example.com A 192.0.2.1").names() == ("example.com",), "no origin: full names"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("x.example. A 192.0.2\n", 1, "x.example. A 192.0.2"),
        ("\n; a comment\nx.example. A 192.0.2.1 more\n", 3, "more"),
        ("x.example. TXT (\n a\n b\n\nx.example. A 192.0.2.1\n", 1, "parentheses"),
        ('x.example. TXT ok\nx.example. TXT "open\n', 2, "quoted string"),
        ("x.example. TXT " + "a" * 256, 1, "too long"),
        ("x.example. CNAME a.example.\nx.example. CNAME b.example.\n", 2, "CNAME already"),
        ("\nx.example. FOO bar\n", 2, "FOO"),
        ("x.example. CH TXT a\n", 1, "class"),
        ("x..example. A 192.0.2.1\n", 1, "empty"),
        ("$INCLUDE /etc/hostname\n", 1, "$INCLUDE"),
        ("$GENERATE 1-999999999 host$ A 192.0.2.1\n", 1, "$GENERATE"),
        ("x.example. A 192.0.2.1\n;!sevfail x.example. A\n", 2, "sevfail"),
        (";!nodata x..example. A\n", 1, ";!nodata"),
        ("\x00\x01JFIF\n", 1, "can't read"),
    ],
)
def test_a_bad_line_is_named(text: str, line: int, words: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.zone"
    file.write_text(text)
    with pytest.raises(ValueError, match=rf"bad\.zone, line {line}: [^\n]+$") as caught:
        Zone.from_file(file)
    assert words in str(caught.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Zone.from_file(tmp_path / "missing.zone")
    with pytest.raises(IsADirectoryError):
        Zone.from_file(tmp_path)
    image = tmp_path / "photo.jpg"
    image.write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF")
    with pytest.raises(ValueError, match=r"photo\.jpg.* not a text file"):
        Zone.from_file(image)
    with pytest.raises(ValueError, match=r"origin 'a\.\.b' is not a domain name"):
        Zone.from_text("@ A 192.0.2.1", origin="a..b")


@given(st.text(alphabet=' \t\n\r()"\\;$@.*!x019AINTXMO\x00é日', max_size=80))
def test_any_text_is_a_zone_or_a_sentence(text: str) -> None:
    try:
        zone = Zone.from_text(text)
    except ValueError:
        return
    assert Zone.from_text(zone.to_text()) == zone


label = st.one_of(
    st.sampled_from(
        ["a", "b", "c", "_dmarc", "*", "xn--wgv71a", "A-b", "a b", r"a\.b", "\\\\", "@", "$x", '"', ";"]
    ),
    st.text(
        alphabet=st.characters(min_codepoint=1, max_codepoint=126, exclude_characters=".\\"),
        min_size=1,
        max_size=5,
    ),
)
domain = st.lists(label, min_size=1, max_size=4).map(".".join)
text = st.one_of(
    st.sampled_from(["", "v=spf1 -all", "x" * 600]), st.text(st.characters(exclude_categories=["Cs"]))
)
failure = st.sampled_from(DnsFailure)
types = st.fixed_dictionaries(
    {},
    optional={
        "A": st.lists(st.ip_addresses(v=4).map(str), max_size=3) | failure,
        "AAAA": st.lists(st.ip_addresses(v=6).map(str), max_size=3),
        "TXT": st.lists(text | st.lists(text, max_size=3) | st.binary(max_size=300), max_size=4) | failure,
        "MX": st.lists(st.tuples(st.integers(0, 65535), domain | st.just(".")), max_size=3),
        "CNAME": domain,
        "PTR": st.lists(domain, max_size=3),
        "ANY": failure,
    },
)
zones = st.dictionaries(domain, types | failure, max_size=6).map(Zone.from_dict)
questions = st.lists(
    st.tuples(domain, st.sampled_from(["A", "TXT", "MX", "CNAME", "PTR", "NS"])), max_size=12
)


def asked_of(zone: Zone, extra: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Every name of a zone, each a level up and down too, and some more questions."""
    names = {near for name in zone.names() for near in (name, f"x.{name}", name.partition(".")[2])}
    return [(name, rdtype) for name in sorted(names) for rdtype in ("A", "TXT", "CNAME", "MX")] + extra


@settings(deadline=None)
@given(zones, questions)
def test_a_written_zone_reads_back_the_same(zone: Zone, extra: list[tuple[str, str]]) -> None:
    back = Zone.from_text(zone.to_text())
    assert back == zone
    for question in asked_of(zone, extra):
        assert back(*question).values == zone(*question).values
        assert back(*question) == zone(*question)


@settings(deadline=None)
@given(zones, questions)
def test_a_recording_reads_back_the_same(zone: Zone, extra: list[tuple[str, str]]) -> None:
    recording = RecordingDns(zone)
    answers = [recording(*question) for question in asked_of(zone, extra)]
    back = Zone.from_text(recording.zone().to_text())
    for question, answer in zip(recording.questions, answers, strict=True):
        assert back(*question) == answer


def test_what_repeats_counts_once_except_text() -> None:
    """Two TXT records of the same text exist in DNS when their strings are split differently."""
    zone = Zone.from_dict({"x.example": {"TXT": ["v=spf1 -all"] * 2, "A": ["192.0.2.1"] * 2}})
    assert zone("x.example", "TXT").values == ("v=spf1 -all", "v=spf1 -all")
    assert zone("x.example", "A").values == ("192.0.2.1",)
    file = Zone.from_text('x.example. TXT "a" "b"\nx.example. TXT "ab"\nx.example. TXT "ab"\n')
    assert file("x.example", "TXT").values == ("ab", "ab")


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_sample_zones_are_found_by_name(path: Path) -> None:
    assert sample_zone(path.stem) == Zone.from_file(path)


@pytest.mark.parametrize("name", ["nope", "", "../zones/fujiba", "fujiba.zone"])
def test_a_sample_zone_that_is_not_there(name: str) -> None:
    with pytest.raises(ValueError, match=r"no sample zone .*there are: .*fujiba"):
        sample_zone(name)


# ------------------------------------------------------------------- recordings


def test_a_recording_keeps_questions_in_order_and_saves(tmp_path: Path) -> None:
    recording = RecordingDns(ZONE)
    asked = [
        ("alias.example.com", "TXT"),
        ("Example.com.", "MX"),
        ("ent.example.com", "TXT"),
        ("gone.example.com", "A"),
        ("slow.example.com", "TXT"),
        ("failing.example.com", "A"),
        ("outside.example.com", "A"),
        ("alias.example.com", "TXT"),
        ("a..b", "A"),
    ]
    answers = [recording(*question) for question in asked]
    assert recording.questions == tuple(asked)
    assert recording.answers == tuple(answers)
    path = recording.save(tmp_path / "recorded.zone")
    back = Zone.from_file(path)
    assert [back(*question) for question in asked] == answers
    with pytest.raises(FileExistsError, match=r"recorded\.zone exists already"):
        recording.save(path)
    assert RecordingDns(Zone()).save(path, overwrite=True) == path
    assert Zone.from_file(path) == Zone()


def test_a_recording_is_faithful_to_a_server_that_contradicts_itself() -> None:
    """Seen in the wild: NXDOMAIN for a name that has names below, or for one type only."""
    said = {
        ("example.com", "TXT"): Answer("example.com", "TXT", NXDOMAIN),
        ("_dmarc.example.com", "TXT"): Answer("_dmarc.example.com", "TXT", DATA, ("v=DMARC1; p=none",)),
        ("example.com", "MX"): Answer("example.com", "MX", DATA, ((10, "mx.example.com"),)),
        ("www.example.com", "A"): Answer("www.example.com", "A", NODATA, chain=("cdn.example.net",)),
        ("www.example.com", "TXT"): Answer("www.example.com", "TXT", DATA, ("direct",)),
        ("*.example.com", "A"): Answer("*.example.com", "A", DATA, ("192.0.2.1",)),
        ("no.example.com", "A"): Answer("no.example.com", "A", NXDOMAIN),
    }
    recording = RecordingDns(lambda name, rdtype: said[name, rdtype])
    for question in said:
        recording(*question)
    back = Zone.from_text(recording.zone().to_text())
    assert {question: back(*question) for question in said} == said


def test_the_last_answer_counts() -> None:
    answers = iter(
        [
            Answer("x.example", "A", FAILURE, failure=TIMEOUT),
            Answer("x.example", "A", NXDOMAIN),
            Answer("x.example", "A", DATA, ("192.0.2.1",)),
            Answer("x.example", "A", DATA, ("192.0.2.2",), chain=("y.example",)),
        ]
    )
    recording = RecordingDns(lambda _name, _rdtype: next(answers))
    seen = [brief(recording("x.example", "A")) == brief(recording.zone()("x.example", "A")) for _ in range(4)]
    assert seen == [True] * 4


def test_a_change_to_a_recording_brings_names_into_being() -> None:
    """A fix is tried on what was recorded: the name it adds, and those above, exist from then on."""
    recording = RecordingDns(Zone())
    for question in [("example.com", "A"), ("_dmarc.example.com", "TXT"), ("a.w.example.com", "A")]:
        recording(*question)
    fixed = recording.zone().with_records("_dmarc.example.com", "TXT", "v=DMARC1; p=none")
    assert fixed("_dmarc.example.com", "TXT").status == DATA
    assert fixed("example.com", "A").status == NODATA
    wild = recording.zone().with_records("*.w.example.com", "A", "192.0.2.1")
    assert wild("a.w.example.com", "A").status == DATA
    other = recording.zone() | Zone.from_dict({"example.com": {"A": "192.0.2.1"}})
    assert other("example.com", "A").status == DATA


# ---------------------------------------------------------- a real name server


def free_port() -> int:
    """A port that is free for UDP and TCP."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind(("127.0.0.1", 0))
            port: int = udp.getsockname()[1]
            try:
                tcp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@contextmanager
def nsd(folder: Path, zones: dict[str, str]) -> Iterator[int]:
    """Debian's nsd serving these zones on loopback, as a child process; yields its port."""
    program = shutil.which("nsd") or shutil.which("nsd", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        reason = "nsd is not installed (Debian: apt-get install nsd)"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    port = free_port()
    conf = (HERE / "nsd" / "nsd.conf").read_text(encoding="utf-8")
    conf = conf.replace("{folder}", str(folder)).replace("{port}", str(port))
    for number, (name, content) in enumerate(zones.items()):
        (folder / f"{number}.zone").write_text(content, encoding="utf-8")
        conf += f'zone:\n    name: "{name}"\n    zonefile: "{number}.zone"\n'
    (folder / "nsd.conf").write_text(conf, encoding="utf-8")
    command = [program, "-d", "-c", str(folder / "nsd.conf")]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet) as server:
        try:
            wait_for(server, port, folder / "nsd.log")
            yield port
        finally:
            server.terminate()


def wait_for(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    question = dns.message.make_query("ready.test.", "A")
    for _ in range(100):
        try:
            dns.query.udp(question, "127.0.0.1", port=port, timeout=0.2)
        except (dns.exception.Timeout, OSError):
            if server.poll() is not None:
                break
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"nsd does not answer: {log.read_text() if log.exists() else 'it wrote no log'}")


@pytest.fixture(scope="module")
def cases_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with nsd(tmp_path_factory.mktemp("nsd"), {".": CASES.read_text(encoding="utf-8")}) as port:
        yield port


def names_to_ask(zone: Zone) -> list[str]:
    """Every name of the zone, those above them, and names beside and below that are not listed."""
    names = {"missing.example", "example.com.other.example"}
    for name in zone.names():
        names |= {name, name.upper(), f"below.{name}", f"two.below.{name}"} if name != "." else {name}
        labels = name.replace("\\.", "").split(".")
        for above in filter(None, (".".join(labels[i:]) for i in range(1, len(labels)))):
            names |= {above, f"beside.{above}"}
    return sorted(names)


CASE_ZONE = Zone.from_file(CASES)


@pytest.mark.parametrize("name", names_to_ask(CASE_ZONE))
def test_zone_and_server_answer_alike(name: str, cases_server: int) -> None:
    live = LiveDns("127.0.0.1", cases_server, timeout=10)
    for rdtype in TYPES:
        assert live(name, rdtype) == CASE_ZONE(name, rdtype)


@pytest.mark.parametrize(
    ("name", "rdtype", "expected"),
    [
        ("example.com", "TXT", ("data", ("v=spf1 mx -all", "Some Other Text"), ())),
        ("example.com", "MX", ("data", ((20, "mx2.example.com"), (10, "mx1.example.com")), ())),
        ("deep.tree.example.com", "TXT", ("nodata", (), ())),
        ("a.b.wild.example.com", "TXT", ("data", ("wild",), ())),
        ("exists.wild.example.com", "TXT", ("nodata", (), ())),
        ("x.exists.wild.example.com", "TXT", ("nxdomain", (), ())),
        ("x.ent.wild.example.com", "TXT", ("nxdomain", (), ())),
        ("ent.wild.example.com", "TXT", ("nodata", (), ())),
        ("x.star.example.com", "TXT", ("nodata", (), ())),
        ("x.alias.example.com", "A", ("data", ("192.0.2.80",), ("target.example.net",))),
        ("www.example.com", "A", ("data", ("192.0.2.80",), ("web.example.com", "target.example.net"))),
        ("halfway.example.com", "A", ("nxdomain", (), ("nowhere.example.com", "missing.example.org"))),
        ("silent.example.com", "TXT", ("nodata", (), ("mx1.example.com",))),
        ("outer.example.com", "TXT", ("data", ("wild",), ("x.wild.example.com",))),
        ("loop1.example.com", "A", ("servfail", (), ())),
        ("a.old.example.com", "TXT", ("data", ("wild",), ("a.wild.example.com",))),
        ("null.example.com", "MX", ("data", ((0, "."),), ())),
    ],
)
def test_what_both_answer(name: str, rdtype: str, expected: Any, cases_server: int) -> None:
    assert brief(CASE_ZONE(name, rdtype)) == expected
    assert brief(LiveDns("127.0.0.1", cases_server, timeout=10)(name, rdtype)) == expected


def test_a_truncated_answer_comes_by_tcp(cases_server: int) -> None:
    question = dns.message.make_query("big.example.com.", "TXT", use_edns=0, payload=1232)
    assert dns.query.udp(question, "127.0.0.1", port=cases_server, timeout=5).flags & dns.flags.TC
    answer = LiveDns("127.0.0.1", cases_server, timeout=10)("big.example.com", "TXT")
    assert len(answer.values) == 12
    assert answer == CASE_ZONE("big.example.com", "TXT")


def test_a_server_that_fails(cases_server: int) -> None:
    assert LiveDns("127.0.0.1", cases_server, timeout=10)("x.unloaded.test", "A").failure == SERVFAIL


def test_a_written_zone_is_read_by_a_server(tmp_path: Path) -> None:
    """What `to_text` writes is a master file to others too."""
    zone = Zone.from_file(CASES)
    with nsd(tmp_path, {".": zone.to_text()}) as port:
        live = LiveDns("127.0.0.1", port, timeout=10)
        for name in zone.names():
            for rdtype in TYPES:
                assert live(name, rdtype) == zone(name, rdtype)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_sample_zones_on_a_server(path: Path, tmp_path: Path) -> None:
    zone = Zone.from_file(path)
    with nsd(tmp_path, {".": path.read_text(encoding="utf-8")}) as port:
        live = LiveDns("127.0.0.1", port, timeout=10)
        for name in names_to_ask(zone):
            for rdtype in ("A", "AAAA", "CNAME", "MX", "TXT"):
                expected = zone(name, rdtype)
                if expected.status != FAILURE:  # those a server does not have in its file
                    assert live(name, rdtype) == expected


def test_a_chain_into_another_zone_is_followed(tmp_path: Path) -> None:
    """A server that does not recurse leaves the rest of the chain to who asks."""
    soa = "$TTL 300\n@ SOA ns.example. h.example. 1 7200 900 1209600 300\n"
    com = "www CNAME x.example.net.\nlost CNAME gone.example.net.\nback CNAME loop.example.net.\n"
    net = "*.example.net. CNAME a.example.net.\na A 192.0.2.1\nend TXT end\n"
    net += "gone CNAME no.end.example.net.\nloop CNAME back.example.com.\n"
    zone = Zone.from_text(f"$ORIGIN example.com.\n{soa}{com}\n$ORIGIN example.net.\n{soa}{net}")
    with nsd(tmp_path, {"example.com": soa + com, "example.net": soa + net}) as port:
        live = LiveDns("127.0.0.1", port, timeout=10)
        for name in ("www", "lost", "back", "none"):
            for rdtype in ("A", "TXT", "CNAME"):
                question = f"{name}.example.com", rdtype
                assert brief(live(*question)) == brief(zone(*question))


# ------------------------------------------------------ servers that misbehave


class NoNetwork:
    """A resolver of a machine that is offline."""

    nameservers = ("192.0.2.53",)

    def resolve(self, *_args: Any, **_kwargs: Any) -> Any:
        raise OSError("network is unreachable")


@contextmanager
def udp_server(reply: Callable[[dns.message.Message], bytes | None]) -> Iterator[int]:
    """Answers each question with what ``reply`` makes of it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                packet, client = server.recvfrom(65535)
                if not packet:
                    return
                answer = reply(dns.message.from_wire(packet))
                if answer is not None:
                    server.sendto(answer, client)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stop:
                stop.sendto(b"", server.getsockname())
            thread.join(5)


def response(
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR, answer: str = "", authority: str = "", flags: int = 0
) -> Callable[[dns.message.Message], bytes]:
    """A reply to any question: records as 'name type value', one a line."""

    def reply(query: dns.message.Message) -> bytes:
        message = dns.message.make_response(query)
        message.set_rcode(rcode)
        message.flags |= flags
        for section, lines in ((message.answer, answer), (message.authority, authority)):
            for line in lines.splitlines():
                name, rdtype, value = line.split(" ", 2)
                section.append(dns.rrset.from_text(name, 60, "IN", rdtype, value))
        return message.to_wire()

    return reply


SOA = "example. SOA ns.example. h.example. 1 2 3 4 5"
CHAIN = "\n".join(f"n{i}.example. CNAME n{i + 1}.example." for i in range(30))


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (response(dns.rcode.SERVFAIL), ("servfail", (), ())),
        (response(dns.rcode.REFUSED), ("servfail", (), ())),
        (response(dns.rcode.FORMERR), ("servfail", (), ())),
        (response(dns.rcode.NOTIMP), ("servfail", (), ())),
        (response(dns.rcode.YXDOMAIN), ("servfail", (), ())),
        (response(dns.rcode.NXDOMAIN), ("nxdomain", (), ())),
        (response(dns.rcode.NXDOMAIN, authority=SOA), ("nxdomain", (), ())),
        (response(dns.rcode.NXDOMAIN, "n0.example. A 192.0.2.1"), ("servfail", (), ())),
        (response(), ("nodata", (), ())),
        (response(authority=SOA), ("nodata", (), ())),
        (response(authority="example. NS ns.example."), ("servfail", (), ())),
        (response(authority="example. NS ns.example.", flags=dns.flags.AA), ("nodata", (), ())),
        (response(answer="other.example. A 192.0.2.1"), ("servfail", (), ())),
        (response(answer="n0.example. A 192.0.2.1"), ("data", ("192.0.2.1",), ())),
        (
            response(answer="n0.example. CNAME N1.example.\nn1.example. A 192.0.2.1"),
            ("data", ("192.0.2.1",), ("n1.example",)),
        ),
        (response(answer="n0.example. CNAME n1.example.", authority=SOA), ("nodata", (), ("n1.example",))),
        (response(answer="n0.example. CNAME n0.example."), ("servfail", (), ())),
        (response(answer=CHAIN), ("servfail", (), ())),
        (response(flags=dns.flags.TC), ("servfail", (), ())),
    ],
)
def test_what_servers_say(reply: Callable[[Any], bytes], expected: Any) -> None:
    with udp_server(reply) as port:
        assert brief(LiveDns("127.0.0.1", port, timeout=2)("n0.example", "A")) == expected


@pytest.mark.parametrize(
    "reply",
    [
        lambda _query: None,
        lambda _query: b"garbage",
        lambda _query: b"\x00" * 600,
        lambda query: query.to_wire(),
        lambda query: response()(dns.message.make_query("other.example.", "A", id=query.id)),
        lambda query: response()(dns.message.make_query("n0.example.", "A", id=query.id ^ 1)),
        lambda query: response(answer="n0.example. A 192.0.2.1")(query)[:-3],
    ],
)
def test_a_server_without_an_answer_of_use_is_a_timeout(reply: Callable[[Any], bytes | None]) -> None:
    with udp_server(reply) as port:
        started = time.monotonic()
        answer = LiveDns("127.0.0.1", port, timeout=0.3)("n0.example", "A")
        assert answer.status == FAILURE
        assert answer.failure in (TIMEOUT, SERVFAIL)
        assert time.monotonic() - started < 5


def test_a_server_that_never_answers() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        live = LiveDns(["127.0.0.1"], silent.getsockname()[1], timeout=0.2)
        assert brief(live("example.com", "TXT")) == ("timeout", (), ())


def test_without_a_network_or_a_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    assert LiveDns(resolver=NoNetwork())("example.com", "TXT").failure == SERVFAIL

    def unconfigured(*_args: Any, **_kwargs: Any) -> None:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.resolver, "Resolver", unconfigured)
    live = LiveDns()
    assert live("example.com", "TXT").failure == SERVFAIL
    assert "no name server" in repr(live)


class Scripted:
    """A resolver that raises what it is told and counts."""

    def __init__(self, error: Exception) -> None:
        self.error, self.asked = error, 0

    def resolve(self, *_args: Any, **_kwargs: Any) -> Any:
        self.asked += 1
        raise self.error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (dns.resolver.NXDOMAIN(), "nxdomain"),
        (
            dns.resolver.NoAnswer(
                response=dns.message.make_response(dns.message.make_query("x.example.", "TXT"))
            ),
            "nodata",
        ),
        (dns.resolver.NoAnswer(), "nodata"),
        (dns.resolver.NoNameservers(), "servfail"),
        (dns.resolver.YXDOMAIN(), "servfail"),
        (dns.resolver.LifetimeTimeout(timeout=1, errors=[]), "timeout"),
        (dns.exception.Timeout(), "timeout"),
        (ConnectionRefusedError(), "servfail"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_any_resolver_will_do_and_answers_are_kept(error: Exception, expected: str) -> None:
    resolver = Scripted(error)
    live = LiveDns(resolver=resolver)
    answers = {brief(live(name, "txt"))[0] for name in ("example.com", "EXAMPLE.com.", "example.com")}
    assert answers == {expected}
    assert resolver.asked == 1


def test_an_answer_is_kept_as_long_as_its_ttl_says(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def reply(query: dns.message.Message) -> bytes:
        asked.append(query)
        return response(answer="n0.example. A 192.0.2.1")(query)

    now = time.monotonic()
    with udp_server(reply) as port:
        live = LiveDns("127.0.0.1", port)
        for passed, count in ((0, 1), (59, 1), (61, 2)):
            monkeypatch.setattr("helpers.lookup.monotonic", lambda passed=passed: now + passed)
            assert live("n0.example", "A").status == DATA
            assert len(asked) == count


def test_misuse_is_said_in_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"dns\.example"):
        LiveDns("dns.example")
    with pytest.raises(ValueError, match="no name server"):
        LiveDns([])
    with pytest.raises(ValueError, match="timeout"):
        LiveDns(timeout=0)
    with pytest.raises(TypeError, match="text"):
        ZONE(None, "A")  # type: ignore[arg-type]
