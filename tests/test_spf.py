"""SPF: the RFC 7208 suite as data, the trace of every mechanism, limits, and hostile input."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import shared_path

from helpers.lookup import SERVFAIL, TIMEOUT, Zone
from helpers.spf import check_spf, parse_spf
from helpers.terms import DnsStatus, Result, SpfCheck, flatten

CLIENT = "192.0.2.1"

# ------------------------------------------------------------- RFC 7208 suite


def zone_of(zonedata: dict[str, list[Any]]) -> Zone:
    """The suite's zone data as a zone: SPF records stand for TXT where a name has no TXT of its own."""
    records: dict[str, dict[str, Any]] = {}
    for name, entries in zonedata.items():
        node: dict[str, Any] = {}
        spf: list[Any] = []
        for entry in entries:
            if entry == "TIMEOUT":
                continue
            ((rdtype, value),) = entry.items()
            if rdtype == "SPF":
                spf.append(value)
            elif (rdtype, value) == ("TXT", "NONE"):
                node["TXT"] = []
            else:
                node.setdefault(rdtype, []).append(tuple(value) if rdtype == "MX" else value)
        if "TXT" not in node and spf:
            node["TXT"] = spf
        if "TIMEOUT" in entries:
            node = {rdtype: node.get(rdtype) or TIMEOUT for rdtype in ("TXT", "A", "AAAA", "MX", "PTR")}
        records[name] = node
    return Zone.from_dict(records)


def suite() -> Iterator[Any]:
    text = shared_path("conformance", "rfc7208-tests.yml").read_text(encoding="utf-8")
    for scenario in yaml.safe_load_all(text):
        zone = zone_of(scenario["zonedata"])
        for name, row in scenario["tests"].items():
            yield pytest.param(row, zone, id=name)


SUITE = list(suite())


@pytest.mark.parametrize(("row", "zone"), SUITE)
def test_rfc7208_suite_with_its_preferred_answers(row: dict[str, Any], zone: Zone) -> None:
    check = check_spf(client_ip=row["host"], mail_from=row["mailfrom"], helo=row["helo"], dns=zone)
    preferred = row["result"] if isinstance(row["result"], str) else row["result"][0]
    assert check.result == preferred, check.reason
    if "explanation" in row:
        assert (check.explanation or "DEFAULT") == row["explanation"]
    assert_whole(check)


def test_the_suite_is_whole() -> None:
    assert len(SUITE) == 203
    assert sum("explanation" in row.values[0] for row in SUITE) == 22


def assert_whole(check: SpfCheck) -> None:
    """What holds for every check, whatever went in."""
    assert check.result in set(Result) - {Result.POLICY}
    assert 0 <= check.dns_mechanisms <= 10
    assert 0 <= check.void_lookups <= 2
    assert check.reason
    assert check.steps
    steps = [step for _, step in flatten(check.steps)]
    assert all(step.looked_at and step.followed and step.rfc for step in steps)
    if check.matched is not None:
        assert check.record is not None
        assert check.matched in check.record.split(" ")
    if check.explanation is not None:
        assert check.result is Result.FAIL
    json.dumps(check.to_dict())


# ----------------------------------------------------------- one row a mechanism

ZONE = Zone.from_dict(
    {
        "example.com": {"TXT": ["v=spf1 ip4:192.0.2.0/24 -all", "another"], "A": ["192.0.2.1"]},
        "ip6.example.com": {"TXT": ["v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all"]},
        "a.example.com": {"TXT": ["v=spf1 a:example.com/31 -all"]},
        "mx.example.com": {
            "TXT": ["v=spf1 mx -all"],
            "MX": [(20, "example.com"), (10, "other.example.com"), (30, "never.example.com")],
        },
        "other.example.com": {"A": ["198.51.100.1"]},
        "nullmx.example.com": {"TXT": ["v=spf1 mx ~all"], "MX": [(0, ".")]},
        "ptr.example.com": {"TXT": ["v=spf1 ptr:example.org -all"]},
        "1.2.0.192.in-addr.arpa": {"PTR": ["forged.example.org", "host.example.org"]},
        "forged.example.org": {"A": ["203.0.113.9"]},
        "host.example.org": {"A": ["192.0.2.1"]},
        "exists.example.com": {"TXT": ["v=spf1 exists:%{ir}.%{l1r-}._spf.%{d2} -all"]},
        "1.2.0.192.alice._spf.example.com": {"A": ["127.0.0.2"]},
        "p.example.com": {"TXT": ["v=spf1 exists:%{p}.ok.example.com -all"]},
        "host.example.org.ok.example.com": {"A": ["127.0.0.2"]},
        "outer.example.com": {"TXT": ["v=spf1 include:miss.example.com include:inner.example.com -all"]},
        "miss.example.com": {"TXT": ["v=spf1 -all exp=text.example.com"]},
        "inner.example.com": {"TXT": ["v=spf1 include:example.com ?all"]},
        "not.example.com": {"TXT": ["v=spf1 -include:example.com +all exp=text.example.com"]},
        "redirect.example.com": {"TXT": ["v=spf1 ip4:203.0.113.1 redirect=not.example.com foo=bar"]},
        "nothing.example.com": {"TXT": ["v=spf1 ip4:203.0.113.1"]},
        "default.example.com": {"TXT": ["v=spf1 redirect=nothing.example.com"]},
        "text.example.com": {"TXT": ["%{i} is not mine, says %{o} (%{h}, %{r}, %{t}): %{L}"]},
        "slow.example.com": {"TXT": ["v=spf1 a:timeout.example.com -all"]},
        "timeout.example.com": TIMEOUT,
        "broken.example.com": SERVFAIL,
        "two.example.com": {"TXT": ["v=spf1 -all", "V=SPF1 ~all"]},
        "bad.example.com": {"TXT": ["v=spf1 ip4:192.0.2.0/24 ipv4:198.51.100.1 -all"]},
        "loop.example.com": {"TXT": ["v=spf1 include:loop.example.com -all"]},
        "void.example.com": {"TXT": ["v=spf1 a:x1.example.com exists:x2.example.com mx:x3.example.com -all"]},
        "xn--bcher-kva.example": {"TXT": ["v=spf1 exists:%{o} exists:%{d}.x.example.com -all"]},
        "xn--bcher-kva.example.x.example.com": {"A": ["127.0.0.2"]},
        "local.example.com": {"TXT": ["v=spf1 exists:%{l}.x.example.com ~all"]},
        "redirlocal.example.com": {"TXT": ["v=spf1 redirect=%{l}.example.com"]},
        "mail.example.com": {"TXT": ["v=spf1 a -all"], "A": ["192.0.2.1"]},
    }
)


def spf(mail_from: str | None, client_ip: str = CLIENT, helo: str | None = "mail.example.com") -> SpfCheck:
    check = check_spf(client_ip=client_ip, mail_from=mail_from, helo=helo, dns=ZONE, now=1_700_000_000)
    assert_whole(check)
    return check


ROWS = [
    # mail_from, client IP, result, matched, terms in the order looked at
    ("alice@example.com", CLIENT, "pass", "ip4:192.0.2.0/24", ["ip4:192.0.2.0/24"]),
    ("alice@example.com", "198.51.100.1", "fail", "-all", ["ip4:192.0.2.0/24", "-all"]),
    ("alice@EXAMPLE.com.", CLIENT, "pass", "ip4:192.0.2.0/24", ["ip4:192.0.2.0/24"]),
    (
        "alice@ip6.example.com",
        "2001:db8::1",
        "pass",
        "ip6:2001:db8::/32",
        ["ip4:192.0.2.0/24", "ip6:2001:db8::/32"],
    ),
    ("alice@ip6.example.com", "::ffff:192.0.2.1", "pass", "ip4:192.0.2.0/24", ["ip4:192.0.2.0/24"]),
    ("alice@a.example.com", "192.0.2.0", "pass", "a:example.com/31", ["a:example.com/31"]),
    ("alice@mx.example.com", CLIENT, "pass", "mx", ["mx"]),
    ("alice@nullmx.example.com", CLIENT, "softfail", "~all", ["mx", "~all"]),
    ("alice@ptr.example.com", CLIENT, "pass", "ptr:example.org", ["ptr:example.org"]),
    (
        "alice-b@exists.example.com",
        CLIENT,
        "pass",
        "exists:%{ir}.%{l1r-}._spf.%{d2}",
        ["exists:%{ir}.%{l1r-}._spf.%{d2}"],
    ),
    ("alice@p.example.com", CLIENT, "pass", "exists:%{p}.ok.example.com", ["exists:%{p}.ok.example.com"]),
    (
        "alice@outer.example.com",
        CLIENT,
        "pass",
        "include:inner.example.com",
        ["include:miss.example.com", "include:inner.example.com"],
    ),
    ("alice@not.example.com", CLIENT, "fail", "-include:example.com", ["-include:example.com"]),
    (
        "alice@redirect.example.com",
        "198.51.100.7",
        "pass",
        "redirect=not.example.com",
        ["ip4:203.0.113.1", "foo=bar", "redirect=not.example.com"],
    ),
    ("alice@nothing.example.com", CLIENT, "neutral", None, ["ip4:203.0.113.1"]),
    ("alice@default.example.com", CLIENT, "neutral", None, ["redirect=nothing.example.com"]),
    ("alice@bücher.example", CLIENT, "pass", "exists:%{d}.x.example.com", ["exists:%{o}"]),
    (
        "ålice@local.example.com",
        CLIENT,
        "softfail",
        "~all",
        ["exists:%{l}.x.example.com", "~all"],
    ),
]


@pytest.mark.parametrize(("mail_from", "client_ip", "result", "matched", "looked_at"), ROWS)
def test_terms_that_match_and_terms_that_do_not(
    mail_from: str, client_ip: str, result: str, matched: str | None, looked_at: list[str]
) -> None:
    check = spf(mail_from, client_ip)
    assert (check.result, check.matched) == (result, matched)
    outer = [step.looked_at for step in check.steps]
    assert [term for term in outer if term in looked_at] == looked_at
    assert check.domain == mail_from.rpartition("@")[2].lower().rstrip(".").replace("bücher", "xn--bcher-kva")
    assert check.identity == "mailfrom"


WHY = [
    # mail_from, result, words in the reason
    ("alice@slow.example.com", "temperror", ["a:timeout.example.com", "timeout"]),
    ("alice@broken.example.com", "temperror", ["broken.example.com", "servfail"]),
    ("alice@two.example.com", "permerror", ["2 SPF records"]),
    ("alice@bad.example.com", "permerror", ["ipv4:198.51.100.1", "perhaps ip4 was meant"]),
    ("alice@loop.example.com", "permerror", ["look-up 11", "include:loop.example.com"]),
    ("alice@void.example.com", "permerror", ["mx:x3.example.com", "third look-up that found nothing"]),
    ("ålice@redirlocal.example.com", "permerror", ["redirect=%{l}.example.com"]),
    ("alice@nowhere.example.net", "none", ["no name nowhere.example.net"]),
    ("alice@other.example.com", "none", ["no TXT records at other.example.com"]),
    ("alice@localhost", "none", ["localhost"]),
    ("alice@[192.0.2.1]", "none", ["[192.0.2.1]"]),
    ("alice@" + "a" * 64 + ".example.com", "none", ["no domain name"]),
    ("alice@" + "a." * 200 + "com", "none", ["no domain name"]),
    ("alice@-ü-.example..com", "none", ["no domain name"]),
]


@pytest.mark.parametrize(("mail_from", "result", "words"), WHY, ids=[row[0][:40] for row in WHY])
def test_the_reason_names_what_is_wrong(mail_from: str, result: str, words: list[str]) -> None:
    check = spf(mail_from)
    assert check.result == result
    assert all(word in check.reason for word in words), check.reason
    assert check.matched is None


def test_steps_inside_an_include_are_nested_and_say_what_matched() -> None:
    check = spf("alice@outer.example.com")
    depths = {step.looked_at: depth for depth, step in flatten(check.steps)}
    assert depths["include:inner.example.com"] == 0
    assert depths["include:example.com"] == 1
    assert depths["ip4:192.0.2.0/24"] == 2
    assert "“include:inner.example.com” → “include:example.com” → “ip4:192.0.2.0/24”" in check.reason
    assert [step.followed[:17] for _, step in flatten(check.steps) if "include:" in step.looked_at[:8]] == [
        "Look-up 1 of 10. ",
        "Look-up 2 of 10. ",
        "Look-up 3 of 10. ",
    ]
    assert (check.dns_mechanisms, check.void_lookups) == (3, 0)


def test_an_mx_step_holds_every_answer_in_order_of_preference() -> None:
    (mx,) = [step for step in spf("alice@mx.example.com").steps if step.looked_at == "mx"]
    assert mx.answer is not None
    assert mx.answer.rdtype == "MX"
    assert [step.looked_at for step in mx.steps] == ["MX other.example.com", "MX example.com"]
    assert [step.answer.values for step in mx.steps if step.answer] == [("198.51.100.1",), ("192.0.2.1",)]


def test_a_ptr_step_says_which_names_lead_back() -> None:
    (ptr,) = [step for step in spf("alice@ptr.example.com").steps if step.looked_at.startswith("ptr")]
    assert [step.looked_at for step in ptr.steps] == ["PTR forged.example.org", "PTR host.example.org"]
    assert ["Not validated" in step.followed for step in ptr.steps] == [True, False]


def test_a_macro_step_says_what_each_macro_became() -> None:
    (exists,) = [s for s in spf("alice-b@exists.example.com").steps if s.looked_at.startswith("exists")]
    (filled,) = exists.steps
    assert "1.2.0.192.alice._spf.example.com" in filled.followed
    assert [step.looked_at for step in filled.steps] == ["%{ir}", "%{l1r-}", "%{d2}"]
    assert ["“1.2.0.192”" in filled.steps[0].followed, "“alice”" in filled.steps[1].followed] == [True, True]


def test_void_lookups_are_counted_in_words() -> None:
    check = spf("alice@void.example.com")
    said = [step.followed for step in check.steps if step.answer and step.answer.status == DnsStatus.NXDOMAIN]
    assert "Void look-up 1 of 2." in said[0]
    assert "Void look-up 2 of 2." in said[1]
    assert "permerror" in said[2]
    assert check.void_lookups == 2


def test_the_explanation_is_the_owners_and_only_on_fail() -> None:
    check = spf("al&ice@not.example.com")
    assert check.explanation == (
        "192.0.2.1 is not mine, says not.example.com (mail.example.com, unknown, 1700000000): al%26ice"
    )
    assert check.steps[-1].looked_at == "exp=text.example.com"
    assert spf("alice@not.example.com", "198.51.100.9").explanation is None


@pytest.mark.parametrize("local", ["a\r\nb", "a\x1b[31m", "ålice"])
def test_an_explanation_that_is_not_plain_text_is_dropped(local: str) -> None:
    zone = ZONE.with_records("text.example.com", "TXT", ["Not %{l}"])
    check = check_spf(client_ip=CLIENT, mail_from=f"{local}@not.example.com", dns=zone)
    assert (check.result, check.explanation) == (Result.FAIL, None)


def test_the_null_sender_is_checked_by_its_helo_name() -> None:
    check = spf("")
    assert (check.result, check.identity, check.domain) == (Result.PASS, "helo", "mail.example.com")
    assert check.mail_from == ""
    assert "postmaster@mail.example.com" in check.steps[0].followed


def test_helo_alone_is_another_identity() -> None:
    check = spf(None)
    assert (check.result, check.identity, check.mail_from) == (Result.PASS, "helo", None)


@pytest.mark.parametrize("helo", [None, "", "localhost", "[192.0.2.1]", "nowhere.example.net"])
def test_without_a_name_to_ask_there_is_no_result(helo: str | None) -> None:
    assert spf("", helo=helo).result == Result.NONE
    assert spf(None, helo=helo).result == Result.NONE


@pytest.mark.parametrize(
    "mail_from",
    ["<alice@example.com>", "example.com", "@example.com", '"a@b c"@example.com', "@r:a@example.com"],
)
def test_addresses_in_odd_shapes(mail_from: str) -> None:
    check = spf(mail_from)
    assert (check.domain, check.result) == ("example.com", Result.PASS)


# ---------------------------------------------------------- limits, in a row each


def many(record: str, count: int, **more: Any) -> Zone:
    nodes: dict[str, Any] = {f"i{n}.example.com": {"TXT": ["v=spf1 ?all"]} for n in range(count)}
    return Zone.from_dict({"example.com": {"TXT": [record]}, **nodes, **more})


@pytest.mark.parametrize(("count", "result"), [(10, "pass"), (11, "permerror")])
def test_ten_lookups_are_allowed(count: int, result: str) -> None:
    includes = " ".join(f"include:i{n}.example.com" for n in range(count))
    check = check_spf(client_ip=CLIENT, mail_from="a@example.com", dns=many(f"v=spf1 {includes} +all", count))
    assert (check.result, check.dns_mechanisms) == (result, 10)


@pytest.mark.parametrize(("count", "result"), [(9, "pass"), (10, "permerror")])
def test_redirect_is_a_lookup_too(count: int, result: str) -> None:
    includes = " ".join(f"include:i{n}.example.com" for n in range(count))
    zone = many(
        f"v=spf1 {includes} redirect=r.example.com", count, **{"r.example.com": {"TXT": "v=spf1 +all"}}
    )
    check = check_spf(client_ip=CLIENT, mail_from="a@example.com", dns=zone)
    assert (check.result, check.dns_mechanisms) == (result, 10)


@pytest.mark.parametrize(("count", "result"), [(10, "fail"), (11, "permerror")])
def test_ten_mail_servers_are_allowed(count: int, result: str) -> None:
    hosts = {f"m{n}.example.com": {"A": ["198.51.100.1"]} for n in range(count)}
    zone = many("v=spf1 mx -all", 0, **hosts).with_records(
        "example.com", "MX", [(n, h) for n, h in enumerate(hosts)]
    )
    assert check_spf(client_ip=CLIENT, mail_from="a@example.com", dns=zone).result == result


@pytest.mark.parametrize(("place", "result"), [(9, "pass"), (10, "fail")])
def test_only_ten_names_of_a_client_are_looked_at(place: int, result: str) -> None:
    names = [f"n{n}.example.org" for n in range(12)]
    names[place] = "host.example.com"
    zone = many(
        "v=spf1 ptr -all",
        0,
        **{"1.2.0.192.in-addr.arpa": {"PTR": names}, "host.example.com": {"A": [CLIENT]}},
    )
    check = check_spf(client_ip=CLIENT, mail_from="a@example.com", dns=zone)
    # The names are the client's, not the owner's: those that lead nowhere are no void look-ups.
    assert (check.result, check.void_lookups) == (result, 0)


def test_a_name_that_grows_too_long_loses_labels_on_its_left() -> None:
    asked: list[str] = []

    def dns(name: str, rdtype: str) -> Any:
        asked.append(name)
        return zone(name, rdtype)

    zone = many("v=spf1 exists:%{s}.%{s}.%{s}.%{s}.%{s}.%{s}.%{d} -all", 0)
    check_spf(client_ip=CLIENT, mail_from="x.y." + "z" * 50 + "@example.com", dns=dns)
    assert len(asked[-1]) <= 253
    assert ("x.y." + asked[-1]).endswith(".y." + "z" * 50 + "@example.com.example.com")


@pytest.mark.parametrize(("octets", "kept"), [(253, True), (254, False)])
def test_a_name_of_253_octets_is_asked_for_whole(octets: int, kept: bool) -> None:
    asked: list[str] = []

    def dns(name: str, rdtype: str) -> Any:
        asked.append(name)
        return zone(name, rdtype)

    whole = ".".join(["a", *["b" * 60] * 3, "c" * (octets - 2 - 183 - 12), "example.com"])
    assert len(whole) == octets
    zone = many(f"v=spf1 exists:%{{l}}.{whole.partition('.')[2]} -all", 0)
    check_spf(client_ip=CLIENT, mail_from="a@example.com", dns=dns)
    assert asked[-1] == (whole if kept else whole.partition(".")[2])


@pytest.mark.parametrize(("octets", "asked"), [(63, True), (64, False)])
def test_a_label_of_64_octets_is_never_asked_for(octets: int, asked: bool) -> None:
    questions: list[str] = []

    def dns(name: str, rdtype: str) -> Any:
        questions.append(name)
        return zone(name, rdtype)

    zone = many("v=spf1 exists:%{l} -all", 0)
    check_spf(client_ip=CLIENT, mail_from="x" * octets + "@example.com", dns=dns)
    assert ("x" * octets in questions) == asked


def test_what_a_sender_says_of_itself_is_cut() -> None:
    """A path has at most 256 octets (RFC 5321 §4.5.3.1.3)."""
    zone = many("v=spf1 -all exp=e.example.com", 0, **{"e.example.com": {"TXT": ["%{l} %{h}"]}})
    check = check_spf(client_ip=CLIENT, mail_from="x" * 300 + "@example.com", helo="y" * 300, dns=zone)
    assert check.explanation == "x" * 256 + " " + "y" * 256


def test_of_many_macros_the_first_ten_have_a_step() -> None:
    zone = many("v=spf1 exists:" + "%{v}." * 12 + "example.com -all", 0)
    check = check_spf(client_ip=CLIENT, mail_from="a@example.com", dns=zone)
    (exists,) = [step for step in check.steps if step.looked_at.startswith("exists")]
    assert len(exists.steps[0].steps) == 10


@pytest.mark.parametrize(
    ("local", "spec", "name"),
    [
        ("a\\b", "%{l}.example.com", "a\\\\b.example.com"),
        ("A-b+c", "%{lr-+}.Example.COM", "c.b.a.example.com"),
        ("a.b.c", "%{l2}.%{l2r}.%{L99}.example.com", "b.c.b.a.a.b.c.example.com"),
        ("a=b", "%{L}.%{v}.%{i}.example.com", "a%3db.in-addr.192.0.2.1.example.com"),
        ("x", "%%.%_.%-.%{h}", "%. .%20.h.example.org"),
    ],
)
def test_macros(local: str, spec: str, name: str) -> None:
    asked: list[str] = []

    def dns(asked_for: str, rdtype: str) -> Any:
        asked.append(asked_for)
        return zone(asked_for, rdtype)

    zone = many(f"v=spf1 exists:{spec} -all", 0)
    check_spf(client_ip=CLIENT, mail_from=f"{local}@example.com", helo="h.example.org", dns=dns)
    assert asked == ["example.com", name]


# ------------------------------------------------------------------- parsing


def test_a_record_is_read_into_terms() -> None:
    record = parse_spf("v=spf1 a/24//64 -ip4:192.0.2.0/24 ip6:2001:db8::/32 ~all exp=e.example.com foo=bar")
    assert [(t.kind, t.qualifier, t.name, t.value, t.ip4_prefix, t.ip6_prefix) for t in record.terms] == [
        ("mechanism", "+", "a", None, 24, 64),
        ("mechanism", "-", "ip4", "192.0.2.0", 24, 128),
        ("mechanism", "+", "ip6", "2001:db8::", 32, 32),
        ("mechanism", "~", "all", None, 32, 128),
        ("modifier", "", "exp", "e.example.com", 32, 128),
        ("modifier", "", "foo", "bar", 32, 128),
    ]
    assert record.problems == ()
    assert record.terms[1].result == Result.FAIL
    assert record.mechanisms == record.terms[:4]
    assert (record.exp, record.redirect) == (record.terms[4], None)
    with pytest.raises(dataclasses.FrozenInstanceError):
        record.text = ""  # type: ignore[misc]


PROBLEMS = [
    ("ip4:192.0.2", "IPv4 address"),
    ("ip4:192.0.2.1/33", "0 to 32"),
    ("ip4:192.0.2.1/024", "0 to 32"),
    ("ip4:192.0.02.1", "IPv4 address"),
    ("ip6:2001:db8::/129", "0 to 128"),
    ("ip6:fe80::1%eth0", "IPv6 address"),
    ("ipv6:2001:db8::", "perhaps ip6"),
    ("a:192.0.2.1", "written ip4:"),
    ("a:example", "at least one dot"),
    ("a:example.123", "top-level"),
    ("a:foo.%%x", "right behind a macro"),
    ("a:%{d}com", "right behind a macro"),
    ("a:%{d}.-com", "top-level"),
    ("a/33", "prefix length"),
    ("a/24/64", "prefix length"),
    ("mx:", "names no domain"),
    ("include", "names no domain"),
    ("exists:%{x}.example.com", "%{x}"),
    ("exists:%{c}.example.com", "only in explanation"),
    ("exists:%{d0}", "zero parts"),
    ("exists:%d", "starts no macro"),
    ("ptr/24", "prefix length"),
    ("all:x", "behind “all”"),
    ("redirect:example.com", "redirect="),
    ("-redirect=example.com", "qualifier"),
    ("a,", "comma"),
    ("-all,", "comma"),
    ("--all", "neither"),
    ("moo", "no mechanism"),
    ("ip4:192.0.2.1\n", "U+000A"),
    ("a:bücher.example", "U+00FC"),
]


@pytest.mark.parametrize(("term", "words"), PROBLEMS)
def test_a_bad_term_is_named_with_what_is_wrong(term: str, words: str) -> None:
    record = parse_spf(f"v=spf1 {term} -all")
    (problem,) = record.problems
    assert words in problem
    assert record.terms[0].problem is not None
    check = check_spf(client_ip=CLIENT, mail_from="a@example.com", dns=many(f"v=spf1 -all {term}", 0))
    assert (check.result, check.dns_mechanisms) == (Result.PERMERROR, 0)
    assert words in check.reason
    assert_whole(check)


@pytest.mark.parametrize("modifier", ["redirect=a.example.com", "exp=a.example.com"])
def test_a_modifier_given_twice_is_an_error(modifier: str) -> None:
    (problem,) = parse_spf(f"v=spf1 {modifier} {modifier.upper()} -all").problems
    assert "more than once" in problem


def test_notes_say_what_is_allowed_but_hardly_meant() -> None:
    notes = parse_spf("v=spf1 ptr +all include=example.com mx redirect=example.com").notes
    assert len(notes) == 5
    assert "include:" in notes[-1]
    assert parse_spf("v=spf1 mx -all").notes == ()


def test_text_that_is_no_record_is_a_problem_not_an_error() -> None:
    assert parse_spf("v=spf10 -all").problems
    assert parse_spf("").problems


# -------------------------------------------------------------------- misuse


@pytest.mark.parametrize(
    "client_ip", ["", "localhost", "192.0.2", "192.0.2.1/24", "fe80::1%eth0", "1.2.3.4\0", "é"]
)
def test_a_client_ip_that_is_none_is_a_mistake_of_the_caller(client_ip: str) -> None:
    with pytest.raises(ValueError, match="IPv4 or IPv6 address"):
        check_spf(client_ip=client_ip, mail_from="a@example.com", dns=ZONE)


def test_forgetting_the_dns_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError):
        check_spf(client_ip=CLIENT, mail_from="a@example.com")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="dns"):
        check_spf(client_ip=CLIENT, mail_from="a@example.com", dns=None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="text"):
        check_spf(client_ip=CLIENT, mail_from=b"a@example.com", dns=ZONE)  # type: ignore[arg-type]


# ------------------------------------------------------------------- hostile

LONG = 65_000
HOSTILE = {
    "thousands of networks": "v=spf1 " + "ip4:203.0.113.1 " * (LONG // 16),
    "thousands of bad terms": "v=spf1 " + "x " * (LONG // 2),
    "thousands of modifiers": "v=spf1 " + "a= " * (LONG // 3),
    "an include of itself after thousands": "v=spf1 " + "ip4:1.2.3.4 " * 4000 + "include:example.com",
    "a macro bomb": "v=spf1 exists:" + "%{s}" * (LONG // 4),
    "a bomb of empty macros": "v=spf1 exists:" + "%{h}" * (LONG // 4),
    "many delimiters": "v=spf1 exists:%{s" + "-+" * (LONG // 2) + "}",
    "many percents": "v=spf1 exists:" + "%%" * (LONG // 2),
    "many dots": "v=spf1 a:" + "." * LONG,
    "many slashes": "v=spf1 a:" + "/1" * (LONG // 2),
    "many digits": "v=spf1 a/" + "1" * LONG,
    "many digits in a macro": "v=spf1 a:%{d" + "1" * LONG + "}",
    "a long label": "v=spf1 a:a." + "a-" * (LONG // 2),
    "more than DNS can carry": "v=spf1 " + "a " * 1_000_000,
}


@pytest.mark.parametrize("record", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_record_ends_in_a_result(record: str) -> None:
    zone = Zone.from_dict({"example.com": {"TXT": [record]}})
    mail_from = "-" * 100_000 + "@example.com"
    check = check_spf(client_ip=CLIENT, mail_from=mail_from, helo="h" * 100_000, dns=zone)
    assert_whole(check)
    assert len(check.reason) < 1_000


def test_an_explanation_bomb_stays_small() -> None:
    zone = many("v=spf1 -all exp=e.example.com", 0, **{"e.example.com": {"TXT": ["%{s}" * 16_000]}})
    check = check_spf(client_ip=CLIENT, mail_from="x" * 100_000 + "@example.com", dns=zone)
    assert check.explanation is not None
    assert len(check.explanation) <= 4_096


names = st.sampled_from(
    ["a.example.com", "b.example.com", "%{d}", "%{ir}.%{l1r-}.x", "none.example.net", "%{p}", "x"]
)
terms = st.one_of(
    st.builds(
        "{}{}:{}".format, st.sampled_from(["", "-", "~", "?"]), st.sampled_from(["a", "mx", "ptr"]), names
    ),
    st.builds("{}:{}".format, st.sampled_from(["include", "exists", "INCLUDE"]), names),
    st.builds("{}={}".format, st.sampled_from(["redirect", "exp", "foo"]), names),
    st.builds("ip4:{}".format, st.sampled_from(["192.0.2.0/24", "192.0.2.1", "203.0.113.1", "192.0.2"])),
    st.sampled_from(["all", "-all", "a/24//64", "mx", "ptr", "ip6:::/0"]),
)
records = st.one_of(
    st.builds("v=spf1 {}".format, st.lists(terms, max_size=5).map(" ".join)),
    st.builds("v=spf1 {}".format, st.text(max_size=40)),
    st.text(max_size=40),
)
hosts = st.lists(st.sampled_from(["a.example.com", "b.example.com", "none.example.net", "."]), max_size=12)
nodes = st.fixed_dictionaries(
    {"TXT": st.one_of(st.lists(records, max_size=2), st.sampled_from([TIMEOUT, SERVFAIL]))},
    optional={
        "A": st.one_of(st.just(["192.0.2.1"]), st.just(TIMEOUT)),
        "AAAA": st.just(["2001:db8::1"]),
        "MX": hosts.map(lambda found: [(1, host) for host in found]),
    },
)


@given(
    records=st.tuples(nodes, nodes),
    pointers=hosts,
    mail_from=st.one_of(
        st.sampled_from(["bob@a.example.com", "", "b-c@b.example.com"]), st.text(), st.none()
    ),
    helo=st.one_of(st.none(), st.just("a.example.com"), st.text()),
    client_ip=st.sampled_from(["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"]),
)
def test_any_records_end_in_a_result_within_the_limits(
    records: tuple[dict[str, Any], dict[str, Any]],
    pointers: list[str],
    mail_from: str | None,
    helo: str | None,
    client_ip: str,
) -> None:
    try:
        zone = Zone.from_dict(
            {
                "a.example.com": records[0],
                "b.example.com": records[1],
                "1.2.0.192.in-addr.arpa": {"PTR": pointers},
            }
        )
    except ValueError:  # text that no zone can hold, such as a lone surrogate
        return
    assert_whole(check_spf(client_ip=client_ip, mail_from=mail_from, helo=helo, dns=zone, now=1))


@given(st.text())
def test_any_text_can_be_parsed(text: str) -> None:
    for record in (parse_spf(text), parse_spf(f"v=spf1 {text}")):
        assert all(isinstance(problem, str) and problem.isprintable() for problem in record.problems)
