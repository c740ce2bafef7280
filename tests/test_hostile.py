"""The worst mail and DNS costs no more than its size allows, and never raises but as documented.

What is counted is work, not time: calls of functions, those in C included, and bytes of memory.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import nasty
from tests.conftest import ROOT
from tools.fuzz import TARGETS, minimised, seeds

import helpers as h

PATTERNS = nasty.patterns()
SMALL, LARGE = 12_500, 50_000  # bytes; four times as much may cost four times as much
EVENTS_A_BYTE = 32  # a call and its return are two events; addresses cost most
EVENTS_ALWAYS = 150_000  # diagnosis tries some dozens of repairs, whatever the size
MEMORY_A_BYTE = 110  # most is for the proposed fixes: each holds its changed copy of the mail
MEMORY_ALWAYS = 3_000_000
HANGS = 20  # seconds of processor time for what takes half a second: no measurement, an emergency brake


class Hangs(BaseException):
    """Not an Exception, so that nobody in between takes it for a broken mail."""


@contextmanager
def brake() -> Iterator[None]:
    """Ends what would not end."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise Hangs

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, HANGS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def work(reader: Callable[[Any], Any], source: Any) -> int:
    """How many calls and returns it takes to read this."""
    events = 0

    def count(_frame: FrameType, _event: str, _what: object) -> None:
        nonlocal events
        events += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        reader(source)
    finally:
        sys.setprofile(before)
    return events


@pytest.mark.parametrize("name", PATTERNS)
def test_work_grows_with_the_size_and_not_faster(name: str) -> None:
    make, reader = PATTERNS[name]
    reader(make(1_000))  # what is imported and made once is not counted
    small, large = work(reader, make(SMALL)), work(reader, make(LARGE))
    assert large <= 4.6 * small + 5_000
    assert large <= EVENTS_ALWAYS + EVENTS_A_BYTE * LARGE


@pytest.mark.parametrize("name", PATTERNS)
def test_memory_is_bounded_by_the_size(name: str) -> None:
    make, reader = PATTERNS[name]
    reader(make(1_000))
    assert nasty.peak(reader, make(LARGE)) <= MEMORY_ALWAYS + MEMORY_A_BYTE * LARGE


@pytest.mark.parametrize("name", PATTERNS)
def test_no_large_input_hangs(name: str) -> None:
    """Work inside one call of C is not counted above; here it would be seen."""
    make, reader = PATTERNS[name]
    large = make(400_000)
    with brake():
        reader(large)


@pytest.mark.parametrize("name", nasty.MESSAGES)
def test_redaction_does_not_hang(name: str) -> None:
    raw = nasty.MESSAGES[name](100_000)
    with brake():
        assert h.redact(raw).message


@pytest.mark.parametrize("tag", [b"b", b"bh"])
def test_redaction_of_a_signature_with_blanks_does_not_hang(tag: bytes) -> None:
    key = {"s._domainkey.example.com": {"TXT": [h.services.make_key("hostile").record]}}
    blanks = nasty.SIGNATURE.replace(b" %b=AAAA" % tag, b" %b=AA%bAA" % (tag, b" \r\n " * 25_000))
    with brake():
        copy = h.redact(blanks + nasty.HEAD + b"\r\nx", dns=h.Zone.from_dict({**nasty.DNS, **key}))
    assert len(h.verify_dkim(copy.message, dns=nasty.ZONE)) == 1


ENORMOUS = {
    "a header of 10 MB": ("a header without an end", 10_000_000),
    "a header of 10 MB, folded": ("folded lines", 10_000_000),
    "100,000 Received fields": ("Received lines", 7_000_000),
    "10,000 DKIM signatures": ("DKIM-Signatures", 1_050_000),
    "a multipart nested 10,000 deep": ("parts nested", 1_000_000),
}


@pytest.mark.parametrize("name", ENORMOUS)
def test_enormous_mail_is_read(name: str) -> None:
    pattern, size = ENORMOUS[name]
    raw = nasty.MESSAGES[pattern](size)
    with brake():
        message = h.read_message(raw)
        assert message.raw == raw
        assert h.authenticate(message, dns=nasty.ZONE).dmarc.result in h.Result
        assert len(message.parts) >= 1
        assert len(message.hops) <= 1_000


@pytest.mark.parametrize("name", nasty.bombs())
def test_a_bomb_is_refused_before_it_goes_off(name: str) -> None:
    bomb = nasty.bombs()[name]
    h.read_reports(bomb[:100])
    reports = None

    def reader(source: bytes) -> None:
        nonlocal reports
        reports = h.read_reports(source)

    assert nasty.peak(reader, bomb) <= 30_000_000
    assert reports is not None
    assert len(reports) == 0
    assert reports.unreadable[0].why


@pytest.mark.parametrize("reader", [h.read_reports, h.analyze_mailbox], ids=["reports", "mailbox"])
@pytest.mark.parametrize("name", nasty.archives())
def test_an_archive_costs_no_more_than_its_reader_allows(name: str, reader: Callable[[Any], Any]) -> None:
    archive = nasty.archives()[name]
    reader(archive[:100])
    found = None

    def read(source: bytes) -> None:
        nonlocal found
        found = reader(source)

    with brake():
        assert nasty.peak(read, archive) <= 30_000_000
    assert found is not None
    assert len(found) == 0


# --------------------------------------------------- what is left out is said


def test_what_is_not_interpreted_is_said() -> None:
    many = h.read_message(nasty.fill(b"Received: from a by b\r\n", 40_000) + nasty.HEAD)
    count = len(many.all("received"))
    assert len(many.hops) == 1_000 < count
    assert f"{count} Received fields: the topmost 1000 were interpreted" in many.repairs
    assert many.hops[0].note == f"The {count - 1_000} Received fields below it were not read."
    assert many.hops[-1].header_index == 0

    stated = h.read_message(nasty.fill(b"Authentication-Results: mx; spf=pass\r\n", 60_000) + nasty.HEAD)
    assert len(stated.stated) == 1_000
    assert any("statements about authentication" in repair for repair in stated.repairs)


def test_no_address_is_cut_into_another_one() -> None:
    message = h.read_message(nasty.MESSAGES["addresses"](400_000))
    assert {address.text for address in message.to} == {"a@example.com", "b@example.net"}
    assert any(repair.endswith("of To: the first 200000 were interpreted") for repair in message.repairs)

    author = b"From: " + nasty.fill(b"a@example.com, ", 250_000) + b"b@example.net\r\n\r\nx"
    assert h.read_message(author).author_domain is None  # nobody knows who else is there


def test_signatures_without_a_row_of_their_own_are_counted() -> None:
    checks = h.verify_dkim(nasty.SIGNATURE * 700 + nasty.HEAD + b"\r\nx", dns=nasty.ZONE)
    assert len(checks) == 501
    assert "this and 199 more. The message has 700 signatures" in checks[-1].reason
    assert checks[-1].header_index == 500


def test_results_and_comments_of_one_field_stay_together() -> None:
    value = (
        b"Authentication-Results: mx; spf=pass (one) dkim=fail (two) (three); x.y=1; z.w=2; dmarc=none\r\n"
    )
    rows = h.read_message(value + nasty.HEAD).stated
    assert [(row.method, row.comment) for row in rows] == [
        ("spf", "one"), ("dkim", "two; three"), ("dmarc", ""),
    ]  # fmt: skip
    assert rows[1].properties == (("x.y", "1"), ("z.w", "2"))


# ------------------------------------------------------------- master files

PLAIN = """a.example.com. IN TXT "one"
a.example.com. 300 IN TXT "two"
  IN A 192.0.2.2
a.example.com. IN TXT "one"
b.example.com. IN A 192.0.2.1
B.example.com. IN A 192.0.2.3
b.example.com. IN A 192.0.2.1
b.example.com. IN TXT "a" "b"
b.example.com. IN TXT "ab"
"""


def test_plain_lines_of_a_master_file_are_read_as_all_others() -> None:
    zone = h.Zone.from_text(PLAIN)
    assert zone("a.example.com", "TXT").values == ("one", "two")
    assert zone("a.example.com", "A").values == ("192.0.2.2",)
    assert zone("b.example.com", "A").values == ("192.0.2.1", "192.0.2.3")
    assert zone("b.example.com", "TXT").values == ("ab", "ab")
    # With a bracket anywhere, dnspython reads every line.
    assert h.Zone.from_text(PLAIN + "; (").to_dict() == zone.to_dict()


@pytest.mark.parametrize("line", ["A 192.0.2.256", "A 1.2.3", "AAAA 1::2::3", "AAAA :", 'TXT "open'])
def test_a_wrong_value_in_a_plain_line_is_named(line: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        h.Zone.from_text(f"a.example. IN A 192.0.2.1\nb.example. IN {line}\nc.example. IN A 192.0.2.1\n")


def test_a_record_can_be_only_so_long() -> None:
    with pytest.raises(ValueError, match="longer than a record can be"):
        h.Zone.from_text("example.com. IN TXT " + '"" ' * 70_000)


# ---------------------------------------------------------- anything at all

SEEDS = {name: seeds(name)[:40] for name in TARGETS}


@st.composite
def damaged(draw: st.DrawFn, target: str) -> bytes:
    """A sample with parts of it cut out, repeated, replaced, or put into another one; or anything."""
    data = draw(st.sampled_from(SEEDS[target]))
    for _ in range(draw(st.integers(1, 4))):
        start, end = sorted((draw(st.integers(0, len(data))), draw(st.integers(0, len(data)))))
        other = draw(st.sampled_from(SEEDS[target]))
        between = draw(
            st.sampled_from([b"", data[start:end] * 2, other[start:end], b"\r", b"\0", b'"', b"("])
        )
        data = data[:start] + between + draw(st.binary(max_size=8)) + data[end:]
    return draw(st.sampled_from([data, data.replace(b"\n", b"\r\n")]))


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_raises_but_as_documented(target: str) -> None:
    @settings(max_examples=25, deadline=None, database=None, derandomize=True)
    @given(st.one_of(damaged(target), damaged(target), st.binary(max_size=300)))
    def read(data: bytes) -> None:
        TARGETS[target](data)

    with brake():
        read()


def test_fuzzing_makes_a_find_small() -> None:
    def fails(data: bytes) -> None:
        if b"(" in data and b")" in data:
            raise KeyError

    TARGETS["own"] = fails
    try:
        assert minimised("own", b"x" * 50 + b"(" + b"y" * 70 + b")z") == b"()"
        assert minimised("own", b"nothing") == b"nothing"
    finally:
        del TARGETS["own"]


# -------------------------------------------------------- what was found before

FINDS = sorted(path for path in (ROOT / "tests" / "finds").glob("*/*") if path.name != ".gitkeep")


@pytest.mark.parametrize("find", FINDS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_fuzzing_found_stays_mended(find: Any) -> None:
    with brake():
        TARGETS[find.parent.name](find.read_bytes())
