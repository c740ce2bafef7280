"""Asking ahead changes how long an analysis waits, and nothing else: not its result, steps or counters."""

from __future__ import annotations

import json
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dns.resolver
import pytest
import yaml
from benchmarks.dns_server import DnsServer, dns_server
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import shared_path
from tests.test_spf import suite as spf_suite

import helpers as h
from helpers.arc import verify_arc
from helpers.authentication import authenticate
from helpers.dkim import verify_dkim
from helpers.dmarc import evaluate_dmarc
from helpers.domains import organizational_domain, tree_walk
from helpers.fixes import diagnose, propose
from helpers.lookup import (
    SERVFAIL,
    TIMEOUT,
    AskedOnce,
    LiveDns,
    Lookups,
    Overlay,
    RecordingDns,
    Zone,
    ahead,
    can_ask_ahead,
)
from helpers.lookup.ahead import Ticket
from helpers.services import make_key, sign
from helpers.spf import check_spf
from helpers.terms import Answer, DnsStatus, Envelope, Result

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "data" / "sample_headers"
INDEX = json.loads((SAMPLES / "index.json").read_text(encoding="utf-8"))

KEY = make_key("live")
PLAIN = (
    b"From: Alice <alice@news.example.com>\r\nTo: Bob <bob@example.net>\r\nSubject: The monthly report\r\n"
    b"Date: Sun, 15 Jun 2025 15:06:39 +0000\r\nMessage-ID: <1@example.com>\r\n\r\nA line of the report.\r\n"
)
SIGNED = sign(
    sign(PLAIN, domain="example.com", selector="one", key=KEY), domain="example.com", selector="two", key=KEY
)
ENVELOPE = Envelope(client_ip="192.0.2.1", helo="mail.example.com", mail_from="alice@example.com")
NOW = time.time() + 60  # signatures are dated with the clock
TYPICAL = Zone.from_dict(
    {
        "example.com": {"TXT": "v=spf1 include:one.example.com -all"},
        "one.example.com": {"TXT": "v=spf1 ip4:198.51.100.0/24 include:two.example.com ~all"},
        "two.example.com": {"TXT": "v=spf1 ip4:203.0.113.0/25 include:three.example.com ~all"},
        "three.example.com": {"TXT": "v=spf1 ip4:192.0.2.0/24 ~all"},
        "one._domainkey.example.com": {"TXT": KEY.record},
        "two._domainkey.example.com": {"TXT": KEY.record},
        "_dmarc.example.com": {"TXT": "v=DMARC1; p=reject; rua=mailto:reports@example.com"},
    }
)


def as_if_live(zone: Zone) -> LiveDns:
    """Live DNS without a network: answers at once, and counts rounds as if they took time."""
    return LiveDns(resolver=zone)


def singly(dns: Any) -> Any:
    """The same DNS for a check that can't ask ahead."""

    def ask(name: str, rdtype: str) -> Answer:
        answer: Answer = dns(name, rdtype)
        return answer

    return ask


def rounds(found: Lookups) -> list[set[str]]:
    return [{f"{row.rdtype} {row.name}" for row in group} for group in found.by_round()]


# ------------------------------------------------------------------- how many rounds


def test_a_typical_message_takes_nine_queries_in_four_rounds() -> None:
    live = as_if_live(TYPICAL)
    found = authenticate(SIGNED, envelope=ENVELOPE, dns=live, now=NOW)
    assert found.dmarc.result == Result.PASS
    looked_up = live.looked_up()
    assert looked_up.words == "9 queries in 4 rounds"
    assert (looked_up.queries, looked_up.rounds, looked_up.depth, looked_up.unused) == (9, 4, 4, 0)
    assert rounds(looked_up) == [
        {
            "TXT example.com",
            "TXT one._domainkey.example.com",
            "TXT two._domainkey.example.com",
            "TXT _dmarc.news.example.com",
            "TXT _dmarc.example.com",
            "TXT _dmarc.com",
        },
        {"TXT one.example.com"},
        {"TXT two.example.com"},
        {"TXT three.example.com"},
    ]


def test_over_the_network_too() -> None:
    with dns_server(TYPICAL, delay=0.02) as server:
        live = LiveDns("127.0.0.1", server.port, timeout=20)
        found = authenticate(SIGNED, envelope=ENVELOPE, dns=live, now=NOW)
        looked_up = live.looked_up()
        assert found == authenticate(SIGNED, envelope=ENVELOPE, dns=TYPICAL, now=NOW)
        assert looked_up.words == "9 queries in 4 rounds"
        assert looked_up.depth == 4
        assert len(server.questions) == len(set(server.questions)) == 9
        assert all(row.seconds is not None and row.seconds >= 0.02 for row in looked_up.rows)
        assert looked_up.waited > 3.5 * 0.02  # four rounds, and clocks that round
        assert sorted((row.name, row.rdtype) for row in looked_up.rows) == sorted(server.questions)
        # Without asking ahead each question is a round.
        one_by_one = LiveDns("127.0.0.1", server.port, timeout=20)
        assert authenticate(SIGNED, envelope=ENVELOPE, dns=singly(one_by_one), now=NOW) == found
        assert one_by_one.looked_up().words == "9 queries in 9 rounds"


WIDE = "v=spf1 a mx exists:%{ir}.e1.example.net exists:%{ir}.e2.example.net include:i1.example.net {}"
NET = {
    "wide.example.net": {
        "TXT": WIDE.replace("{}", "include:i2.example.net redirect=r.example.net"),
        "A": "203.0.113.5",
        "MX": [(10, "m1.example.net"), (20, "m2.example.net"), (30, "m3.example.net")],
    },
    **{f"m{n}.example.net": {"A": f"203.0.113.{n}"} for n in (1, 2, 3)},
    **{f"i{n}.example.net": {"TXT": "v=spf1 -all"} for n in (1, 2)},
    "r.example.net": {"TXT": "v=spf1 ip4:192.0.2.1 -all"},
}


def test_all_terms_of_a_record_are_looked_up_together() -> None:
    """And then the addresses of all mail servers. Sure questions from elsewhere give the budget for it."""
    live = as_if_live(Zone.from_dict(NET))
    arguments = {"client_ip": "192.0.2.1", "mail_from": "a@wide.example.net", "helo": "h.example.net"}
    others = [(f"key{n}.example.net", "TXT") for n in range(9)]
    dns_ahead = ahead(live, [("wide.example.net", "TXT"), *others], [lambda d: check_spf(**arguments, dns=d)])
    assert check_spf(**arguments, dns=dns_ahead).result == Result.PASS
    for question in others:
        dns_ahead(*question)
    first, second, third = rounds(live.looked_up())
    assert first == {"TXT wide.example.net", *[f"TXT key{n}.example.net" for n in range(9)]}
    assert second == {
        "A wide.example.net",
        "MX wide.example.net",
        "A 1.2.0.192.e1.example.net",
        "A 1.2.0.192.e2.example.net",
        "TXT i1.example.net",
        "TXT i2.example.net",
        "TXT r.example.net",
    }
    assert third == {"A m1.example.net", "A m2.example.net", "A m3.example.net"}
    assert live.looked_up().rounds == live.looked_up().depth == 3


@pytest.mark.parametrize(
    ("record", "more", "never"),
    [  # what hangs on an answer that is not known is not guessed at
        ("v=spf1 exists:%{p}.x.example.net -all", {}, "unknown.x.example.net"),
        ("v=spf1 ptr exists:%{p}.x.example.net -all", {}, "unknown.x.example.net"),
        ("v=spf1 include:%{h} -all", {}, ""),
    ],
)
def test_a_name_is_only_sent_when_it_is_known(record: str, more: dict[str, Any], never: str) -> None:
    zone = Zone.from_dict(
        {
            "example.net": {"TXT": record},
            "1.2.0.192.in-addr.arpa": {"PTR": "host.example.org"},
            "host.example.org": {"A": "192.0.2.1"},
            **more,
        }
    )
    live = as_if_live(zone)
    arguments = {"client_ip": "192.0.2.1", "mail_from": "a@example.net", "helo": "h.example.net"}
    assert check_spf(**arguments, dns=live) == check_spf(**arguments, dns=zone)
    assert never not in {row.name for row in live.looked_up().rows}


def test_the_keys_of_all_arc_sets_are_looked_up_together() -> None:
    raw = (SAMPLES / "forwarded_signed.eml").read_bytes()
    zone = h.sample_zone("fujiba")
    live = as_if_live(zone)
    assert verify_arc(raw, dns=live) == verify_arc(raw, dns=zone)
    assert live.looked_up().rounds == 1
    assert live.looked_up().queries >= 1


def test_the_null_sender_is_looked_up_by_its_helo_name() -> None:
    live = as_if_live(TYPICAL)
    envelope = Envelope(client_ip="192.0.2.1", helo="example.com", mail_from="")
    assert authenticate(SIGNED, envelope=envelope, dns=live, now=NOW).spf is not None
    assert "TXT example.com" in rounds(live.looked_up())[0]


def test_the_other_doors_ask_ahead_as_well() -> None:
    for ask in (
        lambda dns: verify_dkim(SIGNED, dns=dns, now=NOW),
        lambda dns: tree_walk("a.b.news.example.com", dns),
        lambda dns: organizational_domain("a.b.news.example.com", dns=dns),
    ):
        live = as_if_live(TYPICAL)
        assert ask(live) == ask(TYPICAL)
        assert live.looked_up().rounds < live.looked_up().queries


@pytest.mark.parametrize("rules", ["rfc9989", "rfc7489"])
def test_dmarc_alone_asks_ahead(rules: Any) -> None:
    live = as_if_live(TYPICAL)
    arguments: dict[str, Any] = {"author_domain": "news.example.com", "spf": ("bounce.example.com", "pass")}
    assert evaluate_dmarc(**arguments, dns=live, rules=rules) == evaluate_dmarc(
        **arguments, dns=TYPICAL, rules=rules
    )
    assert live.looked_up().rounds < live.looked_up().queries


# ------------------------------------------------------------------- the same results

LABELS = ("a", "b", "c", "mail")
DOMAINS = (*[f"{label}.example.com" for label in LABELS], "example.com", "example.org", "x.y.example.org")
TERMS = st.one_of(
    st.builds(
        "{}{}:{}".format, st.sampled_from(("", "-", "?")), st.just("include"), st.sampled_from(DOMAINS)
    ),
    st.builds("{}:{}".format, st.sampled_from(("a", "mx", "exists", "ptr")), st.sampled_from(DOMAINS)),
    st.sampled_from(("a", "mx", "ptr", "ip4:192.0.2.1", "ip4:203.0.113.0/24", "ip6:2001:db8::/32", "bad:x")),
    st.builds(
        "exists:%{{{}}}.{}".format, st.sampled_from(("i", "p", "l", "d1r", "h")), st.sampled_from(DOMAINS)
    ),
    st.builds("{}={}".format, st.sampled_from(("redirect", "exp")), st.sampled_from(DOMAINS)),
)
SPF = st.builds(
    "v=spf1 {} {}".format, st.lists(TERMS, max_size=6).map(" ".join), st.sampled_from(("-all", "", "?all"))
)
DMARC = st.builds(
    "v=DMARC1; p={}{}{}".format,
    st.sampled_from(("none", "reject", "x")),
    st.sampled_from(("", "; psd=y", "; psd=n", "; np=reject; sp=none")),
    st.sampled_from(("", "; aspf=s", "; adkim=s", "; rua=mailto:r@example.com")),
)
ADDRESSES = st.sampled_from(("192.0.2.1", "203.0.113.9", "198.51.100.7"))
KEYS = st.sampled_from((KEY.record, "v=DKIM1; p=", "nonsense"))
MXS = st.tuples(st.integers(0, 9), st.sampled_from(DOMAINS))


@st.composite
def zones(draw: st.DrawFn, failures: Sequence[Any] = (SERVFAIL, TIMEOUT)) -> Zone:
    """Records of all sorts that lead to each other, names without any, CNAMEs, and failures."""

    def some(values: st.SearchStrategy[Any], most: int) -> Any:
        usual = st.lists(values, min_size=1, max_size=most)
        return draw(st.one_of(st.lists(values, max_size=most), usual, usual, st.sampled_from(failures)))

    records: dict[str, Any] = {}
    for domain in DOMAINS:
        if draw(st.integers(0, 9)):
            types = (("TXT", SPF, 1), ("A", ADDRESSES, 2), ("MX", MXS, 4))
            node = {rdtype: some(values, most) for rdtype, values, most in types if draw(st.integers(0, 4))}
            records[domain] = node
        elif draw(st.booleans()):
            records[domain] = {"CNAME": draw(st.sampled_from(DOMAINS))}
        if draw(st.booleans()):
            records[f"_dmarc.{domain}"] = {"TXT": some(DMARC, 2)}
        if draw(st.booleans()):
            records[f"one._domainkey.{domain}"] = {"TXT": some(KEYS, 2)}
    records["1.2.0.192.in-addr.arpa"] = {"PTR": some(st.sampled_from(DOMAINS), 3)}
    return Zone.from_dict(records)


ENVELOPES = st.builds(
    Envelope,
    st.sampled_from(("192.0.2.1", "203.0.113.9", "2001:db8::1", None)),
    st.sampled_from((*DOMAINS, "localhost", None)),
    st.one_of(st.builds("u.{}@{}".format, st.sampled_from(LABELS), st.sampled_from(DOMAINS)), st.just("")),
)
SIGNATURES = {d: sign(PLAIN, domain=d, selector="one", key=KEY)[: -len(PLAIN)] for d in DOMAINS}


def letters() -> st.SearchStrategy[bytes]:
    return st.builds(
        lambda author, signers: (
            b"".join(SIGNATURES[one] for one in signers)
            + PLAIN.replace(b"alice@news.example.com", b"alice@" + author.encode())
        ),
        st.sampled_from(DOMAINS),
        st.lists(st.sampled_from(DOMAINS), max_size=3),
    )


def compared(dns: Any, zone: Zone, analysis: Any) -> tuple[int, int]:
    """Queries sent ahead and one by one, after the two results were found to be the same."""
    recorded = RecordingDns(zone)
    expected = analysis(recorded)
    live = RecordingDns(dns)
    assert analysis(live) == expected
    assert analysis(live.zone()) == expected  # what was recorded is enough to repeat it
    assert live.questions[: len(recorded.questions)] == recorded.questions or expected is None
    return live.looked_up().queries, len(set(recorded.questions))


@settings(max_examples=150, deadline=None)
@given(zones(), letters(), ENVELOPES, st.sampled_from(("rfc9989", "rfc7489")))
def test_results_are_the_same_and_queries_at_most_twice_as_many(
    zone: Zone, raw: bytes, envelope: Envelope, rules: Any
) -> None:
    def everything(dns: Any) -> Any:
        return authenticate(raw, envelope=envelope, dns=dns, now=NOW, rules=rules)

    sent, needed = compared(as_if_live(zone), zone, everything)
    assert sent <= 2 * needed


@settings(max_examples=100, deadline=None)
@given(zones(), st.sampled_from(DOMAINS))
def test_spf_alone_keeps_to_its_budget(zone: Zone, domain: str) -> None:
    def spf(dns: Any) -> Any:
        return check_spf(client_ip="192.0.2.1", mail_from=f"u@{domain}", helo="h.example.com", dns=dns, now=0)

    sent, needed = compared(as_if_live(zone), zone, spf)
    assert sent <= 2 * needed


@contextmanager
def jittery_server(held: list[Zone]) -> Iterator[DnsServer]:
    """Serves the zone that is held now; answers overtake each other."""

    def answer(name: str, rdtype: str) -> Answer:
        return held[0](name, rdtype)

    def delay(name: str, rdtype: str) -> float:
        return sum(map(ord, name + rdtype)) % 4 / 1000

    with dns_server(answer, delay) as server:  # type: ignore[arg-type]
        yield server


def test_the_server_of_these_tests_keeps_the_order_of_records() -> None:
    """Else a result could differ by the order alone, as it may with real servers."""
    addresses = [f"192.0.2.{n}" for n in range(20)]
    with dns_server(Zone.from_dict({"example.com": {"A": addresses}}), delay=0) as server:
        live = LiveDns("127.0.0.1", server.port, timeout=20)
        assert list(live("example.com", "A").values) == addresses


def test_results_are_the_same_whichever_answer_comes_first() -> None:
    """The same property with threads and a real server."""
    held = [Zone()]
    with jittery_server(held) as server:

        @settings(max_examples=40, deadline=None, database=None)
        @given(zones([SERVFAIL]), letters(), ENVELOPES)  # time-outs would have to be waited for
        def check(zone: Zone, raw: bytes, envelope: Envelope) -> None:
            held[0] = zone
            live = LiveDns("127.0.0.1", server.port, timeout=30)
            server.forget()

            def everything(dns: Any) -> Any:
                return authenticate(raw, envelope=envelope, dns=dns, now=NOW)

            sent, needed = compared(live, zone, everything)
            assert sent <= 2 * needed
            # What is not needed may still be on its way: the next example must not find it among its own. A
            # question that the resolver repeats, on a machine that is busy, is one question all the same.
            patience = time.monotonic() + 10
            while len(set(server.questions)) < sent and time.monotonic() < patience:
                time.sleep(0.001)
            assert len(set(server.questions)) <= 2 * needed

        check()


def test_the_rfc7208_suite_comes_out_the_same() -> None:
    """Its limits are counted as if nothing had been asked ahead."""
    rows = [case.values for case in spf_suite()]
    for row, zone in rows:
        arguments = {"client_ip": row["host"], "mail_from": row["mailfrom"], "helo": row["helo"], "now": 0}
        assert check_spf(**arguments, dns=as_if_live(zone)) == check_spf(**arguments, dns=zone)
    assert len(rows) > 200


def test_the_arc_suite_comes_out_the_same() -> None:
    text = shared_path("conformance", "arc-draft-validation-tests.yml").read_text(encoding="utf-8")
    for part in yaml.safe_load_all(text):
        zone = Zone.from_dict({name: {"TXT": text} for name, text in (part.get("txt-records") or {}).items()})
        for case in part["tests"].values():
            message = case["message"].replace("\n", "\r\n").encode()
            assert verify_arc(message, dns=as_if_live(zone), now=0) == verify_arc(message, dns=zone, now=0)


@pytest.mark.parametrize("row", INDEX["messages"], ids=lambda row: row["file"])
def test_the_diagnosis_of_every_sample_is_the_same(row: dict[str, Any]) -> None:
    """With its fixes, each of which changes records over the live ones."""
    zone = h.sample_zone(row["zone"])
    raw = (SAMPLES / row["file"]).read_bytes()
    sequential = RecordingDns(zone)
    expected = diagnose(raw, dns=sequential)
    recorded = RecordingDns(as_if_live(zone))
    assert diagnose(raw, dns=recorded) == expected
    assert diagnose(raw, dns=recorded.zone()) == expected
    found = recorded.looked_up()
    assert found.queries <= 2 * len(set(sequential.questions))
    assert found.rounds <= max(1, len(set(sequential.questions)))


def test_fixes_for_a_diagnosis_made_without_dns() -> None:
    raw = (SAMPLES / "incident_bounce.eml").read_bytes()
    zone = h.sample_zone("fujiba")
    without = diagnose(raw, dns=None)
    live = as_if_live(zone)
    assert propose(without, live) == propose(without, zone)
    assert live.looked_up().rounds < live.looked_up().queries


# ------------------------------------------------------------------------ who is asked ahead


def test_a_zone_and_a_function_are_asked_as_ever() -> None:
    """No more questions, and in the same order."""
    plain = RecordingDns(TYPICAL)
    found = authenticate(SIGNED, envelope=ENVELOPE, dns=plain, now=NOW)
    assert found == authenticate(SIGNED, envelope=ENVELOPE, dns=singly(TYPICAL), now=NOW)
    live = RecordingDns(as_if_live(TYPICAL))
    authenticate(SIGNED, envelope=ENVELOPE, dns=live, now=NOW)
    assert plain.questions == live.questions
    assert plain.answers == live.answers
    assert plain.looked_up() == Lookups()
    for fixed in (TYPICAL, plain, singly(live), Overlay(plain, {}), Overlay(TYPICAL, {}), AskedOnce(plain)):
        assert not can_ask_ahead(fixed)
        assert ahead(fixed, [("example.com", "TXT")]) is fixed
    for able in (live, as_if_live(TYPICAL), Overlay(live, {}), AskedOnce(live), RecordingDns(live)):
        assert can_ask_ahead(able)


CHANGES = {
    "one.example.com": {"TXT": "v=spf1 include:new.example.com ~all"},
    "new.example.com": {"TXT": "v=spf1 ip4:192.0.2.0/24 -all"},
    "one._domainkey.example.com": {"CNAME": "two._domainkey.example.com"},
    "_dmarc.news.example.com": {"TXT": "v=DMARC1; p=none"},
}


def test_what_is_changed_is_never_sent_for() -> None:
    live = as_if_live(TYPICAL)
    recorded = RecordingDns(Overlay(live, CHANGES))
    found = authenticate(SIGNED, envelope=ENVELOPE, dns=recorded, now=NOW)
    expected = authenticate(SIGNED, envelope=ENVELOPE, dns=Overlay(TYPICAL, CHANGES), now=NOW)
    assert found == expected
    assert authenticate(SIGNED, envelope=ENVELOPE, dns=recorded.zone(), now=NOW) == expected
    sent = {row.name for row in live.looked_up().rows}
    assert sent == {"example.com", "two._domainkey.example.com", "_dmarc.example.com", "_dmarc.com"}
    assert live.looked_up().rounds == 1


def test_a_cname_into_a_changed_name_is_followed() -> None:
    zone = Zone.from_dict({"a.example.com": {"CNAME": "b.example.com"}, "b.example.com": {"TXT": "old"}})
    changes = {"b.example.com": {"CNAME": "c.example.com"}}
    with dns_server(zone | Zone.from_dict({"c.example.com": {"TXT": "new"}}), delay=0.05) as server:
        live = LiveDns("127.0.0.1", server.port, timeout=20)
        asked = ahead(Overlay(live, changes), [("a.example.com", "TXT")])
        assert asked("a.example.com", "TXT").values == ("new",)
    assert [row.name for row in live.looked_up().rows] == ["a.example.com", "c.example.com"]
    assert live.looked_up().rounds == live.looked_up().depth == 2


def test_every_question_of_an_analysis_is_asked_once() -> None:
    """Even where answers may not be kept."""
    with dns_server(TYPICAL, delay=0, ttl=0) as server:
        live = LiveDns("127.0.0.1", server.port, timeout=20)
        found = authenticate(SIGNED, envelope=ENVELOPE, dns=live, now=NOW)
        assert found.dmarc.result == Result.PASS
        assert len(server.questions) == len(set(server.questions)) == 9


def test_answers_of_one_analysis_serve_the_next() -> None:
    live = as_if_live(TYPICAL)
    first = authenticate(SIGNED, envelope=ENVELOPE, dns=live, now=NOW)
    assert authenticate(SIGNED, envelope=ENVELOPE, dns=live, now=NOW) == first
    assert live.looked_up().words == "9 queries in 4 rounds"


def test_analyses_in_several_threads_share_one_live_dns() -> None:
    expected = authenticate(SIGNED, envelope=ENVELOPE, dns=TYPICAL, now=NOW)
    results = []
    with dns_server(TYPICAL, delay=0.005) as server:
        live = LiveDns("127.0.0.1", server.port, timeout=20)
        recorded = RecordingDns(live)

        def work() -> None:
            results.append(authenticate(SIGNED, envelope=ENVELOPE, dns=recorded, now=NOW))

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == [expected] * 8
        assert len(server.questions) == 9
        assert authenticate(SIGNED, envelope=ENVELOPE, dns=recorded.zone(), now=NOW) == expected


# ------------------------------------------------------------------- when DNS fails


def broken(kind: Any) -> Zone:
    names = [row.name for row in _asked()]
    return Zone.from_dict(dict.fromkeys(names, kind))


def _asked() -> tuple[Any, ...]:
    live = as_if_live(TYPICAL)
    authenticate(SIGNED, envelope=ENVELOPE, dns=live, now=NOW)
    return live.looked_up().rows


def assert_temperror(found: Any, why: str) -> None:
    assert found.spf.result == Result.TEMPERROR
    assert {check.result for check in found.dkim} == {Result.TEMPERROR}
    assert found.dmarc.result == Result.TEMPERROR
    for reason in (found.spf.reason, found.dmarc.reason, *[check.reason for check in found.dkim]):
        assert reason.endswith(".")
        assert "DNS" in reason
    assert why in found.spf.reason
    str(found)
    json.dumps(found.to_dict())


@pytest.mark.parametrize(("kind", "why"), [(SERVFAIL, "servfail"), (TIMEOUT, "timeout")])
def test_a_server_that_fails_or_is_silent_is_a_temperror(kind: Any, why: str, tmp_path: Path) -> None:
    """All questions fail in the time of one: they are on their way together."""
    with dns_server(broken(kind), delay=0) as server:
        live = LiveDns("127.0.0.1", server.port, timeout=0.5)
        recorded = RecordingDns(live)
        found = authenticate(SIGNED, envelope=ENVELOPE, dns=recorded, now=NOW)
        assert_temperror(found, why)
        assert live.looked_up().rounds == 1
        # Failures are saved, and the saved file fails the same way.
        saved = Zone.from_file(recorded.save(tmp_path / "failed.zone"))
        assert authenticate(SIGNED, envelope=ENVELOPE, dns=saved, now=NOW) == found
        diagnosis = diagnose(SIGNED, envelope=ENVELOPE, dns=recorded, now=NOW)
        assert diagnosis.cause == h.Cause.DNS_TROUBLE
        assert diagnose(SIGNED, envelope=ENVELOPE, dns=saved, now=NOW) == diagnosis


def test_without_a_network_or_a_configured_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    def unconfigured(*_args: Any, **_kwargs: Any) -> None:
        raise dns.resolver.NoResolverConfiguration

    class Offline:
        def resolve(self, *_args: Any, **_kwargs: Any) -> Any:
            raise OSError("network is unreachable")

    offline = LiveDns(resolver=Offline())
    assert_temperror(authenticate(SIGNED, envelope=ENVELOPE, dns=offline, now=NOW), "servfail")
    monkeypatch.setattr(dns.resolver, "Resolver", unconfigured)
    live = LiveDns()
    assert_temperror(authenticate(SIGNED, envelope=ENVELOPE, dns=live, now=NOW), "servfail")
    assert live.looked_up().words == "no queries"


def chain_zone(length: int) -> Zone:
    records = {f"n{n}.example.com": {"TXT": f"v=spf1 redirect=n{n + 1}.example.com"} for n in range(length)}
    return Zone.from_dict({**records, f"n{length}.example.com": {"TXT": "v=spf1 +all"}})


@pytest.mark.parametrize("once", [False, True])
def test_an_analysis_as_a_whole_has_a_limit(once: bool) -> None:
    """Each answer comes in time, but all of them together don't: what is left is a time-out."""
    zone = chain_zone(8)
    arguments: dict[str, Any] = {"client_ip": "192.0.2.1", "helo": None, "now": 0}
    with dns_server(zone, delay=0.25) as server:
        live: Any = LiveDns("127.0.0.1", server.port, timeout=20, total=0.6)
        recorded = RecordingDns(live)
        asked = AskedOnce(recorded) if once else recorded
        check = check_spf(mail_from="a@n0.example.com", **arguments, dns=asked)
        assert check.result == Result.TEMPERROR
        assert "timeout" in check.reason
        assert len(server.questions) < 6
        assert check_spf(mail_from="a@n0.example.com", **arguments, dns=recorded.zone()) == check
        if once:  # the limit is that of all checks: nothing is sent for the next one
            count = len(server.questions)
            assert check_spf(mail_from="a@n7.example.com", **arguments, dns=asked).result == Result.TEMPERROR
            assert len(server.questions) == count
    patient = LiveDns(resolver=zone)
    assert check_spf(mail_from="a@n0.example.com", **arguments, dns=patient).result == Result.PASS


class Hanging:
    """A resolver that does not keep to the time it is given."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def resolve(self, *_args: Any, **_kwargs: Any) -> Any:
        self.let_go.wait(60)
        raise dns.resolver.NXDOMAIN


def test_a_resolver_that_hangs_is_not_waited_for() -> None:
    others = set(threading.enumerate())
    resolver = Hanging()
    live = LiveDns(resolver=resolver, timeout=0.2)
    recorded = RecordingDns(live)
    try:
        assert recorded("example.com", "A").failure == TIMEOUT
        found = authenticate(SIGNED, envelope=ENVELOPE, dns=recorded, now=NOW)
        assert_temperror(found, "timeout")
    finally:
        resolver.let_go.set()
    assert_threads_end(others)
    assert recorded.zone()("example.com", "A").failure == TIMEOUT
    assert authenticate(SIGNED, envelope=ENVELOPE, dns=recorded.zone(), now=NOW) == found


def assert_threads_end(others: set[threading.Thread]) -> None:
    """None is left but those that were there before."""
    mine = set(threading.enumerate()) - others
    for thread in mine:
        thread.join(20)
    assert not any(thread.is_alive() for thread in mine)


class Counting:
    """A resolver that notes how many questions it has at once."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.lock = threading.Lock()

    def resolve(self, *_args: Any, **_kwargs: Any) -> Any:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.01)
        with self.lock:
            self.now -= 1
        raise dns.resolver.NXDOMAIN


def test_sixteen_questions_at_once_and_no_thread_is_left() -> None:
    others = set(threading.enumerate())
    resolver = Counting()
    live = LiveDns(resolver=resolver, timeout=20)
    asked = ahead(live, [(f"n{n}.example.com", "TXT") for n in range(100)])
    assert {asked(f"n{n}.example.com", "TXT").status for n in range(100)} == {DnsStatus.NXDOMAIN}
    assert 4 < resolver.most <= 16  # a busy machine does not get all of them going at once
    assert_threads_end(others)


def test_where_no_thread_is_to_be_had_it_is_asked_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    resolver = Counting()
    live = LiveDns(resolver=resolver, timeout=20)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert (
        check_spf(client_ip="192.0.2.1", mail_from="a@example.com", helo=None, dns=live).result == Result.NONE
    )
    assert resolver.most == 1


class Faulty:
    """A resolver with a mistake in it."""

    def resolve(self, *_args: Any, **_kwargs: Any) -> Any:
        raise ZeroDivisionError("a mistake in the resolver")


def test_a_fault_in_a_resolver_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError, match="mistake"):
        LiveDns(resolver=Faulty())("example.com", "TXT")
    with pytest.raises(ZeroDivisionError, match="mistake"):
        authenticate(SIGNED, envelope=ENVELOPE, dns=LiveDns(resolver=Faulty()), now=NOW)


PROGRAM = """
import sys, threading
from helpers.lookup import LiveDns, ahead
begun = threading.Event()
class Hanging:
    def resolve(self, *args, **kwargs):
        begun.set()
        threading.Event().wait(100)
asked = ahead(LiveDns(resolver=Hanging(), timeout=100), [("example.com", "TXT")])
begun.wait()
print("asked", flush=True)
if sys.argv[1] == "wait":
    asked("example.com", "TXT")
"""


@pytest.mark.parametrize("how", ["wait", "leave"])
def test_a_question_on_its_way_keeps_nobody_from_leaving(how: str) -> None:
    """Ctrl-C ends the wait, and a program that is done ends."""
    command = [sys.executable, "-c", PROGRAM, how]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=ROOT / "src") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "asked\n"
        if how == "wait":
            time.sleep(0.3)  # let it begin to wait
            process.send_signal(signal.SIGINT)
        try:
            status = process.wait(30)
        finally:
            process.kill()
        assert ("KeyboardInterrupt" in process.stderr.read()) == (how == "wait")
        assert (status == 0) == (how == "leave")


# --------------------------------------------------------------- recorded and saved


def test_what_was_asked_ahead_in_vain_is_recorded_too(tmp_path: Path) -> None:
    """The first mechanism matches, so the rest of the record is not needed."""
    zone = Zone.from_dict(
        {
            "example.com": {"TXT": "v=spf1 include:one.example.com include:two.example.com -all"},
            "one.example.com": {"TXT": "v=spf1 ip4:192.0.2.0/24 -all"},
            "two.example.com": {"TXT": "v=spf1 -all"},
        }
    )
    live = as_if_live(zone)
    recorded = RecordingDns(live)
    check = check_spf(client_ip="192.0.2.1", mail_from="a@example.com", helo=None, dns=recorded)
    assert check.result == Result.PASS
    assert [name for name, _ in recorded.questions] == ["example.com", "one.example.com"]
    assert live.looked_up().unused == 1
    assert live.looked_up().words == "3 queries in 2 rounds, 1 of them not needed in the end"
    saved = Zone.from_file(recorded.save(tmp_path / "all.zone"))
    assert saved == recorded.zone() == zone


def test_a_file_is_written_wholly_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = RecordingDns(TYPICAL)
    recorded("example.com", "TXT")
    path = tmp_path / "dns.zone"
    assert recorded.save(path) == path
    before = path.read_bytes()
    recorded("one.example.com", "TXT")
    with pytest.raises(FileExistsError, match=r"dns\.zone exists already"):
        recorded.save(path)
    assert path.read_bytes() == before

    def interrupted(*_args: Any) -> None:
        raise KeyboardInterrupt

    for step, name in (("link", "new.zone"), ("replace", "dns.zone")):
        with monkeypatch.context() as patched:
            patched.setattr(f"os.{step}", interrupted)
            with pytest.raises(KeyboardInterrupt):
                recorded.save(tmp_path / name, overwrite=name == "dns.zone")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    recorded.save(path, overwrite=True)
    assert Zone.from_file(path) == recorded.zone()
    with pytest.raises(FileNotFoundError) as missing:
        recorded.save(tmp_path / "no" / "dns.zone")
    assert missing.value.filename == str(tmp_path / "no" / "dns.zone")
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_args: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", unsupported)
    path = TYPICAL.save(tmp_path / "dns.zone")
    assert Zone.from_file(path) == TYPICAL
    with pytest.raises(FileExistsError):
        TYPICAL.save(path)
    assert list(tmp_path.iterdir()) == [path]


# ------------------------------------------------------------------------ what is shown


def test_look_ups_are_shown_round_by_round() -> None:
    live = as_if_live(TYPICAL)
    authenticate(SIGNED, envelope=ENVELOPE, dns=live, now=NOW)
    found = live.looked_up()
    text = str(found)
    assert text.startswith("9 queries in 4 rounds\n")
    assert "TXT _dmarc.example.com" in text
    assert list(found.to_frame()["round"]) == [1, 2, 3, 4]
    assert list(found.to_frame()["queries"]) == [6, 1, 1, 1]
    assert "9 queries in 4 rounds" in repr(found)
    data = json.loads(json.dumps(found.to_dict()))
    assert (data["queries"], data["rounds"], data["depth"], data["unused"]) == (9, 4, 4, 0)
    assert len(data["rows"]) == 9
    assert data["rows"][0] == {
        "round": 1,
        "name": "example.com",
        "rdtype": "TXT",
        "needed": True,
        "status": "data",
        "failure": None,
        "seconds": None,
    }
    assert "example.com" in str(found.rows[0])
    assert str(Lookups()).startswith("No queries")
    assert Lookups().words == "no queries"


def test_a_hostile_name_is_shown_harmlessly() -> None:
    zone = Zone.from_dict(
        {"example.com": {"TXT": "v=spf1 exists:<script>alert(1)</script>.example.com -all"}}
    )
    live = as_if_live(zone)
    check_spf(client_ip="192.0.2.1", mail_from="a@example.com", helo=None, dns=live)
    html = live.looked_up()._repr_html_()
    assert "&lt;script&gt;" in html
    assert "<script>" not in html


def test_single_questions_are_counted_too() -> None:
    live = as_if_live(TYPICAL)
    live("example.com", "TXT")
    live("EXAMPLE.com.", "txt")
    live("a..b", "TXT")
    live("nowhere.example", "A")
    assert live.looked_up().words == "2 queries in 2 rounds"
    assert live.looked_up().rows[1].status == DnsStatus.NXDOMAIN


def test_live_dns_travels_to_other_processes() -> None:
    with dns_server(TYPICAL, delay=0) as server:
        live = LiveDns("127.0.0.1", server.port, timeout=7, total=9)
        live("example.com", "TXT")
        copied = pickle.loads(pickle.dumps(live))
        assert repr(copied) == repr(live)
        assert copied.looked_up().queries == 0
        assert copied("example.com", "TXT") == live("example.com", "TXT")


def test_misuse_is_said_in_a_sentence() -> None:
    for arguments in ({"timeout": 0}, {"timeout": -1}, {"total": 0}, {"timeout": 3, "total": -2}):
        with pytest.raises(ValueError, match="leaves no time to ask"):
            LiveDns("127.0.0.1", **arguments)  # type: ignore[arg-type]
    assert Ticket(("example.com", "A")).needed
