"""DMARC: the conformance rows as data, further rows of our own, both sets of rules, hostile input."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import shared_path

from helpers.dmarc import evaluate_dmarc, parse_dmarc
from helpers.domains import tree_walk, walk_names
from helpers.lookup import SERVFAIL, TIMEOUT, Zone
from helpers.message import read_message
from helpers.terms import Answer, DkimCheck, DmarcCheck, Policy, Result, SpfCheck, flatten

MARKS = {"!servfail": SERVFAIL, "!timeout": TIMEOUT}


class Asked:
    """A zone that remembers what it was asked."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.questions: list[tuple[str, str]] = []

    def __call__(self, name: str, rdtype: str) -> Answer:
        self.questions.append((name, rdtype))
        return self.zone(name, rdtype)


def asked_of(records: dict[str, Any]) -> Asked:
    """Name -> type -> values (``"!servfail"`` fails), or domain -> the text of its DMARC record."""
    zone: dict[str, dict[str, Any]] = {}
    for name, given_types in records.items():
        if isinstance(given_types, dict):
            owner, types = name, given_types
        else:
            owner, types = (
                f"_dmarc.{name}",
                {"TXT": [given_types] if type(given_types) is str else given_types},
            )
        zone[owner] = {}
        for rdtype, values in types.items():
            mark = MARKS.get(values[0]) if len(values) == 1 and isinstance(values[0], str) else None
            zone[owner][rdtype] = mark or [tuple(v) if rdtype == "MX" else v for v in values]
    return Asked(Zone.from_dict(zone))


# ------------------------------------------------------------ conformance rows


def conformance() -> Iterator[Any]:
    for row in json.loads(shared_path("conformance", "dmarc_cases.json").read_text(encoding="utf-8")):
        yield pytest.param(row, id=row["id"])


def author_of(fields: str | list[str]) -> str | None:
    lines = [f"From: {field}\r\n" for field in ([fields] if isinstance(fields, str) else fields)]
    return read_message("".join(lines).encode() + b"Subject: test\r\n\r\ntext\r\n").author_domain


def spf_of(row: dict[str, str]) -> SpfCheck | tuple[str, str]:
    if row.get("scope") == "helo":
        return SpfCheck(Result(row["result"]), row["domain"], "helo", helo=row["domain"])
    return row["domain"], row["result"]


def seen(check: DmarcCheck, dns: Asked, key: str, expected: Any) -> Any:
    if key == "queries":  # the first look-ups are those of policy discovery
        assert all(rdtype == "TXT" for _, rdtype in dns.questions[: len(expected)])
        return [name for name, _ in dns.questions[: len(expected)]]
    if key == "rua":
        return list(check.record.rua) if check.record else None
    if key == "absent":
        shown = check.to_dict()
        return [name for name in expected if not hasattr(check, name) and name not in shown]
    return getattr(check, {"org_domain": "organizational_domain"}.get(key, key))


@pytest.mark.parametrize("case", list(conformance()))
def test_rfc9989_row(case: dict[str, Any]) -> None:
    dns = asked_of(case["zone"])
    check = evaluate_dmarc(
        author_domain=author_of(case["from"]),
        spf=[spf_of(one) for one in case["spf"]],
        dkim=[(one["domain"], one["result"]) for one in case["dkim"]],
        dns=dns,
    )
    expected = dict(case["expect"])
    answers = [expected, *expected.pop("accept", [])]
    expected.pop("disputed", None)
    wrong = [
        {key: (seen(check, dns, key, value), value) for key, value in answer.items()
         if seen(check, dns, key, value) != value}
        for answer in answers
    ]  # fmt: skip
    assert {} in wrong, f"{case['why']} ({case['rfc_section']}): {wrong[0]}\n{check.reason}"
    assert len(set(dns.questions)) == len(dns.questions)


# ------------------------------------------------------------- rows of our own

REJECT, QUARANTINE, NONE = "v=DMARC1; p=reject", "v=DMARC1; p=quarantine", "v=DMARC1; p=none"
HOST = {"A": ["192.0.2.1"]}
SUB = "mail.example.com"
ORG = {"example.com": REJECT, SUB: HOST}
ALL = "v=DMARC1; p=reject; sp=none; np=quarantine"
PSD = "v=DMARC1; p=none; sp=quarantine; np=reject; psd=y"


def row(
    zone: dict[str, Any], author: str, result: str, spf: Any = (), dkim: Any = (), **expected: Any
) -> tuple[Any, ...]:
    return zone, author, spf, dkim, result, expected


ROWS = {
    # Which policy
    "np of the PSD for a ghost": row(
        {"bank.example": PSD},
        "ghost.bank.example",
        "fail",
        policy="reject",
        policy_domain="bank.example",
        organizational_domain="ghost.bank.example",
    ),
    "the PSD as author uses p": row(
        {"bank.example": PSD}, "bank.example", "fail", policy="none", policy_domain="bank.example"
    ),
    "a top-level domain as PSD": row(
        {"example": PSD},
        "ghost.example",
        "fail",
        policy="reject",
        policy_domain="example",
        organizational_domain="ghost.example",
    ),
    "psd=y twice, the nearer counts": row(
        {"b.example": PSD, "example": "v=DMARC1; p=reject; psd=y"},
        "a.b.example",
        "fail",
        policy_domain="b.example",
        organizational_domain="a.b.example",
        policy="reject",
    ),
    "psd=n between author and PSD": row(
        {"corp.bank.example": REJECT + "; psd=n", "bank.example": PSD, "a.corp.bank.example": HOST},
        "a.corp.bank.example",
        "pass",
        dkim=[("x.corp.bank.example", "pass")],
        policy_domain="corp.bank.example",
        organizational_domain="corp.bank.example",
    ),
    "sp of a psd=n record": row(
        {
            "dept.example.com": "v=DMARC1; p=none; sp=quarantine; psd=n",
            "example.com": REJECT,
            "a.dept.example.com": HOST,
        },
        "a.dept.example.com",
        "fail",
        policy="quarantine",
        policy_domain="dept.example.com",
    ),
    "np and an MX": row(
        {"example.com": ALL, SUB: {"MX": [(10, "mx.example.net")]}}, SUB, "fail", policy="none"
    ),
    "np and a dangling CNAME, which exists": row(
        {"example.com": ALL, SUB: {"CNAME": ["gone.example.net"]}}, SUB, "fail", policy="none"
    ),
    "np where _dmarc below exists without records": row(
        {"example.com": ALL, f"_dmarc.{SUB}": {"A": ["192.0.2.1"]}}, SUB, "fail", policy="none"
    ),
    "np is not for the organizational domain": row(
        {"example.com": "v=DMARC1; p=none; np=reject"}, "example.com", "fail", policy="none"
    ),
    "np=none for a ghost under p=reject": row(
        {"example.com": REJECT + "; np=none"}, "ghost.example.com", "fail", policy="none"
    ),
    "sp in capitals": row({"example.com": NONE + "; SP=REJECT", SUB: HOST}, SUB, "fail", policy="reject"),
    "t=Y with p=reject for a subdomain": row(
        {"example.com": REJECT + "; t=Y", SUB: HOST},
        SUB,
        "fail",
        policy="quarantine",
        published="reject",
        disposition="quarantine",
    ),
    "t=n is the default": row({"example.com": REJECT + "; t=n"}, "example.com", "fail", policy="reject"),
    "t=y with np": row(
        {"example.com": NONE + "; np=reject; t=y"},
        "ghost.example.com",
        "fail",
        policy="quarantine",
        published="reject",
    ),
    "a wildcard TXT record answers for the author": row(
        {"*.example.com": {"TXT": [QUARANTINE]}}, SUB, "fail", policy="quarantine", policy_domain=SUB
    ),
    "a CNAME at _dmarc": row(
        {"_dmarc.example.com": {"CNAME": ["policy.example.net"]}, "policy.example.net": {"TXT": [REJECT]}},
        "example.com",
        "fail",
        policy="reject",
        policy_domain="example.com",
    ),
    # Records
    "a record in several strings": row(
        {"_dmarc.example.com": {"TXT": [["v=DMARC1; p=rej", "ect; adkim=s"]]}},
        "example.com",
        "fail",
        policy="reject",
    ),
    "blanks and semicolon at the end": row(
        {"example.com": REJECT + " ; \t"}, "example.com", "fail", policy="reject"
    ),
    "no blanks": row({"example.com": "v=DMARC1;p=reject;"}, "example.com", "fail", policy="reject"),
    "V in capitals": row({"example.com": "V=DMARC1; p=reject"}, "example.com", "fail", policy="reject"),
    "dmarc1 in small letters": row({"example.com": "v=dmarc1; p=reject"}, "example.com", "none", record=None),
    "DMARC10": row({"example.com": "v=DMARC10; p=reject"}, "example.com", "none"),
    "no semicolon behind the version": row({"example.com": "v=DMARC1 p=reject"}, "example.com", "none"),
    "p last": row(
        {"example.com": "v=DMARC1; rua=mailto:d@example.com; p=reject"},
        "example.com",
        "fail",
        policy="reject",
    ),
    "no p but reports": row(
        {"example.com": "v=DMARC1; rua=mailto:d@example.com"}, "example.com", "fail", policy="none"
    ),
    "an empty p": row(
        {"example.com": "v=DMARC1; p=; rua=mailto:d@example.com"}, "example.com", "fail", policy="none"
    ),
    "a bad np without reports": row(
        {"example.com": REJECT + "; np=drop"}, "example.com", "none", policy=None
    ),
    "a bad record at the author hides the one above": row(
        {SUB: "v=DMARC1; p=block", "example.com": REJECT}, SUB, "none", dkim=[(SUB, "pass")]
    ),
    "a bad sp with reports, aligned": row(
        {"example.com": REJECT + "; sp=x; rua=mailto:d@example.com"},
        "example.com",
        "pass",
        dkim=[("example.com", "pass")],
        policy="none",
    ),
    # §4.10.1: "contains at least one syntactically valid reporting URI"; RFC 3986 lets a path be empty
    "a bad p and an address without a mailbox": row(
        {"example.com": "v=DMARC1; p=block; rua=mailto:"}, "example.com", "fail", policy="none"
    ),
    # §4.10.1 speaks of the record retrieved, not of the policy that would be taken from it
    "a bad sp in the author's own record": row(
        {SUB: REJECT + "; sp=block", "example.com": REJECT}, SUB, "none", dkim=[(SUB, "pass")]
    ),
    "sp alone, without p": row(
        {"example.com": "v=DMARC1; sp=reject; rua=mailto:d@example.com", SUB: HOST},
        SUB,
        "fail",
        policy="none",
        policy_domain="example.com",
    ),
    "p and p=none for testing": row({"example.com": NONE + "; t=y; sp=none"}, SUB, "fail", policy="none"),
    "no valid p, but psd=y": row(
        {"bank.example": "v=DMARC1; psd=y", "giant.bank.example": HOST},
        "giant.bank.example",
        "none",
        dkim=[("giant.bank.example", "pass")],
    ),
    "no valid p, but psd=n still splits": row(
        {"a.example.com": REJECT, "dept.a.example.com": "v=DMARC1; psd=n"},
        "a.example.com",
        "fail",
        dkim=[("dept.a.example.com", "pass")],
    ),
    "a word behind p without a value": row(
        {"example.com": REJECT + "; p"}, "example.com", "fail", policy="reject"
    ),
    "np beside an own record": row(
        {"ghost.example.com": QUARANTINE, "example.com": NONE + "; np=reject"},
        "ghost.example.com",
        "fail",
        policy="quarantine",
        policy_domain="ghost.example.com",
    ),
    # Alignment
    "a PSD as author is not one organization with what is below": row(
        {"bank.example": PSD},
        "bank.example",
        "fail",
        dkim=[("giant.bank.example", "pass")],
        dkim_aligned=False,
    ),
    "two registrants under one PSD record": row(
        {"bank.example": PSD, "giant.bank.example": HOST},
        "giant.bank.example",
        "fail",
        dkim=[("mega.bank.example", "pass")],
        policy="quarantine",
        organizational_domain="giant.bank.example",
    ),
    "psd=n on the identifier's way ends its walk": row(
        {"example.com": REJECT, "b.example.com": NONE + "; psd=n"},
        "example.com",
        "fail",
        spf=[("a.b.example.com", "pass")],
    ),
    "a record at the top-level domain makes everything one organization": row(
        {"com": NONE, "example.com": REJECT}, "example.com", "pass", dkim=[("other.com", "pass")]
    ),
    "SPF softfail aligned, DKIM pass unaligned": row(
        ORG,
        SUB,
        "fail",
        spf=[("example.com", "softfail")],
        dkim=[("example.net", "pass")],
        spf_aligned=False,
        dkim_aligned=False,
    ),
    "a failed aligned signature": row(ORG, SUB, "fail", dkim=[("example.com", "fail")], dkim_aligned=False),
    "SPF permerror": row(ORG, SUB, "fail", spf=[("example.com", "permerror")]),
    "SPF none": row(ORG, SUB, "fail", spf=[("example.com", "none")]),
    "DKIM policy": row(ORG, SUB, "fail", dkim=[("example.com", "policy")]),
    "sibling by a record above": row(
        ORG, SUB, "pass", spf=[("bounce.example.com", "pass")], spf_aligned=True
    ),
    "sibling without a record above": row(
        {SUB: REJECT}, SUB, "fail", spf=[("bounce.example.com", "pass")], organizational_domain=SUB
    ),
    "below the author, record at the author": row({SUB: REJECT}, SUB, "pass", dkim=[(f"b.{SUB}", "pass")]),
    "psd=n splits the signer off": row(
        {"example.com": REJECT, "dept.example.com": NONE + "; psd=n"},
        "example.com",
        "fail",
        dkim=[("dept.example.com", "pass")],
    ),
    "strict by the author's own record only": row(
        {SUB: REJECT + "; adkim=s", "example.com": REJECT}, SUB, "fail", dkim=[("example.com", "pass")]
    ),
    "strict SPF with the same name in capitals": row(
        {"example.com": REJECT + "; aspf=s"},
        "EXAMPLE.com",
        "pass",
        spf=[("Example.COM.", "pass")],
        spf_aligned=True,
    ),
    "A-label and U-label": row(
        {"xn--bcher-kva.example": REJECT + "; adkim=s"},
        "bücher.example",
        "pass",
        dkim=[("BÜCHER.example", "pass")],
        author_domain="xn--bcher-kva.example",
    ),
    "identifiers without a domain": row(
        ORG, SUB, "fail", spf=[("", "pass"), (None, "none")], dkim=[(None, "permerror"), ("", "pass")]
    ),
    "an empty label": row(ORG, SUB, "fail", dkim=[("mail..example.com", "pass")]),
    "a single label": row({}, "localhost", "none", spf=[("localhost", "pass")]),
    "a top-level domain with a record": row(
        {"test": REJECT}, "test", "pass", dkim=[("test", "pass")], policy="reject"
    ),
    "an IPv4 address as author": row({"0.2.1": REJECT}, "192.0.2.1", "none"),
    "a PSD signs for itself, not for what is below": row(
        {"bank.example": PSD}, "giant.bank.example", "fail", spf=[("bank.example", "pass")], spf_aligned=False
    ),
    # DNS errors
    "servfail at the middle of the walk": row(
        {"b.example.com": ["!servfail"], "example.com": REJECT},
        "a.b.example.com",
        "temperror",
        dkim=[("a.b.example.com", "pass")],
        disposition="none",
    ),
    "timeout at the top-level domain": row({"example.com": REJECT, "com": ["!timeout"]}, SUB, "temperror"),
    "own record, nothing passed, parent fails": row(
        {SUB: REJECT, "example.com": ["!servfail"]}, SUB, "fail", policy="reject"
    ),
    "own record, the signer is elsewhere, parent fails": row(
        {SUB: REJECT, "example.com": ["!servfail"]},
        SUB,
        "fail",
        spf=[("gmail.com", "pass")],
        dkim=[("other.example", "pass")],
        policy="reject",
    ),
    "the signer's walk decides and fails": row(
        {"example.com": REJECT, "x.example.com": ["!servfail"]},
        "example.com",
        "temperror",
        dkim=[("x.example.com", "pass")],
    ),
    "the walk of a signer elsewhere fails": row(
        {"example.com": REJECT, "example.net": ["!servfail"]},
        "example.com",
        "fail",
        dkim=[("example.net", "pass")],
        policy="reject",
    ),
    "the walk of a failed signature fails": row(
        {"example.com": REJECT, "x.example.com": ["!servfail"]},
        "example.com",
        "fail",
        dkim=[("x.example.com", "fail")],
    ),
    "strict for DKIM, SPF's walk decides and fails": row(
        {"example.com": REJECT + "; adkim=s", "x.example.com": ["!timeout"]},
        "example.com",
        "temperror",
        spf=[("x.example.com", "pass")],
        dkim=[("y.example.com", "pass")],
    ),
    "existence unknown, but aligned": row(
        {"example.com": ALL, SUB: {t: ["!servfail"] for t in ("A", "AAAA", "MX", "TXT", "NS", "SOA")}},
        SUB,
        "pass",
        dkim=[("example.com", "pass")],
        policy=None,
        disposition="none",
    ),
    "existence unknown, sp and np say the same": row(
        {"example.com": REJECT + "; sp=none; np=none", SUB: {"A": ["!servfail"]}}, SUB, "fail", policy="none"
    ),
    "SPF itself ended in temperror, aligned": row(
        ORG, SUB, "temperror", spf=[(SUB, "temperror")], disposition="none"
    ),
    "a signature ended in temperror, aligned": row(
        ORG, SUB, "temperror", spf=[("gmail.com", "pass")], dkim=[(SUB, "temperror")], disposition="none"
    ),
    "a signature ended in temperror, not aligned": row(
        ORG, SUB, "fail", dkim=[("esp.example", "temperror")], disposition="reject"
    ),
    "the existence is known from the name below": row(  # _dmarc.mail has records, though none of DMARC
        {"example.com": ALL, f"_dmarc.{SUB}": {"TXT": ["junk"]}, SUB: {"A": ["!servfail"]}},
        SUB,
        "fail",
        policy="none",
    ),
    "SPF temperror elsewhere": row(ORG, SUB, "fail", spf=[("gmail.com", "temperror")], disposition="reject"),
    "SPF temperror, DKIM aligned": row(ORG, SUB, "pass", spf=[(SUB, "temperror")], dkim=[(SUB, "pass")]),
}


@pytest.mark.parametrize(("zone", "author", "spf", "dkim", "result", "expected"), ROWS.values(), ids=ROWS)
def test_rfc9989_row_of_our_own(
    zone: dict[str, Any], author: str, spf: Any, dkim: Any, result: str, expected: dict[str, Any]
) -> None:
    dns = asked_of(zone)
    check = evaluate_dmarc(author_domain=author, spf=spf, dkim=dkim, dns=dns)
    assert check.result == result, check.reason
    assert {key: getattr(check, key) for key in expected} == expected
    if check.result in ("pass", "fail"):
        assert len(check.alignments) == len(spf) + len(dkim)
    assert len(set(dns.questions)) == len(dns.questions)
    assert check.reason.endswith(".")


# ------------------------------------------------------------ which names are asked

DEEP = "a.b.c.d.e.f.g.h.i.example.com"
WALKS = {
    "one label": ("localhost", {}, "localhost"),
    "seven labels": (
        "a.b.c.d.e.example.com",
        {},
        "a.b.c.d.e.example.com b.c.d.e.example.com c.d.e.example.com d.e.example.com e.example.com"
        " example.com com",
    ),
    "nine labels": (  # §4.10 step 4: cut to seven
        "a.b.c.d.e.f.g.example.com",
        {"example.com": REJECT},
        "a.b.c.d.e.f.g.example.com c.d.e.f.g.example.com d.e.f.g.example.com e.f.g.example.com"
        " f.g.example.com g.example.com example.com com",
    ),
    "psd=y ends the walk": (
        "a.mega.bank.example",
        {"bank.example": PSD},
        "a.mega.bank.example mega.bank.example bank.example",
    ),
    "psd=n ends the walk": (
        "a.dept.example.com",
        {"dept.example.com": REJECT + "; psd=n", "example.com": NONE},
        "a.dept.example.com dept.example.com",
    ),
    "psd=u does not": (SUB, {"example.com": REJECT + "; psd=u"}, f"{SUB} example.com com"),
    "nor one of two records": (SUB, {SUB: [REJECT + "; psd=n", NONE]}, f"{SUB} example.com com"),
    "a failure does": (SUB, {"example.com": ["!timeout"]}, f"{SUB} example.com"),
    "an own record is enough for discovery": (DEEP, {DEEP: REJECT + "; psd=n"}, DEEP),
}


@pytest.mark.parametrize(("author", "zone", "expected"), WALKS.values(), ids=WALKS)
def test_discovery_asks_these_names_in_this_order(author: str, zone: dict[str, Any], expected: str) -> None:
    dns = asked_of(zone)
    evaluate_dmarc(author_domain=author, dns=dns)
    asked = [name for name, rdtype in dns.questions if rdtype == "TXT"]
    names = [f"_dmarc.{name}" for name in expected.split()]
    assert asked[: len(names)] == names
    assert list(tree_walk(author, asked_of(zone)).queries) == names  # and then it ends


# From as written; broken fields are the reader's tests.
FROM: dict[str | tuple[str, ...], str] = {
    "Team: a@example.com, b@example.com;": "fail",
    "<@relay.example.net:a@example.com>": "fail",
    "=?utf-8?q?x=40example.net?= <a@example.com>": "fail",
    '"x@example.net" <a@example.com>': "fail",
    "A\r\n <a@example.com>": "fail",
    "a%example.net@example.com": "fail",
    "a@sub.example.com, b@example.com": "none",
    "a@example.com@example.net": "none",
    "a@[192.0.2.1]": "none",
    "a@192.0.2.1": "none",
    "a@example..com": "none",
    "undisclosed-recipients:;": "none",
    "<>": "none",
    "": "none",
    ("a@example.com", "a@example.com"): "none",
    (): "none",
}


@pytest.mark.parametrize("fields", FROM, ids=str)
def test_the_author_domain_of_a_from_field(fields: str | tuple[str, ...]) -> None:
    dns = asked_of({"example.com": REJECT, "example.net": NONE, "192.0.2.1": REJECT})
    author = author_of(fields if isinstance(fields, str) else list(fields))
    check = evaluate_dmarc(author_domain=author, dkim=[("example.net", "pass")], dns=dns)
    assert check.result == FROM[fields], check.reason
    assert check.policy_domain == ("example.com" if FROM[fields] == "fail" else None)


# -------------------------------------------------------------------- identities


def test_helo_counts_only_for_the_null_sender() -> None:
    zone = asked_of({"example.com": REJECT})
    helo = SpfCheck(Result.PASS, "mx.example.com", "helo", helo="mx.example.com")
    assert evaluate_dmarc(author_domain="example.com", spf=helo, dns=zone).result == "fail"
    null = SpfCheck(Result.PASS, "mx.example.com", "helo", mail_from="", helo="mx.example.com")
    check = evaluate_dmarc(author_domain="example.com", spf=null, dns=zone)
    assert check.result == "pass"
    assert check.alignments[0].identifier == "HELO"
    written = SpfCheck(Result.PASS, "mx.example.com", "helo", mail_from="<>", helo="mx.example.com")
    assert evaluate_dmarc(author_domain="example.com", spf=written, dns=zone).result == "pass"


def test_every_identifier_is_a_row_in_the_order_given() -> None:
    spf = SpfCheck(Result.PASS, "gmail.com", "mailfrom", mail_from="a@gmail.com")
    dkim = (DkimCheck(Result.FAIL, "example.com", "s1"), DkimCheck(Result.PASS, "news.example.com", "s2"))
    check = evaluate_dmarc(
        author_domain="example.com", spf=spf, dkim=dkim, dns=asked_of({"example.com": REJECT})
    )
    rows = [(row.identifier, row.domain, str(row.result), row.aligned) for row in check.alignments]
    assert rows == [
        ("MAIL FROM", "gmail.com", "pass", False),
        ("DKIM d=", "example.com", "fail", True),
        ("DKIM d=", "news.example.com", "pass", True),
    ]
    assert [row.organizational_domain for row in check.alignments] == [
        "gmail.com",
        "example.com",
        "example.com",
    ]
    assert check.alignments[0].decided_by == "gmail.com and example.com have different organizational domains"
    assert not check.spf_aligned
    assert check.dkim_aligned


@pytest.mark.parametrize(
    "author", [None, "", ".", "[192.0.2.1]", "[IPv6:2001:db8::1]", "a..b", "x" * 64, "a b.example"]
)
def test_without_an_author_domain_nothing_is_asked(author: str | None) -> None:
    dns = asked_of({"example.com": REJECT})
    check = evaluate_dmarc(author_domain=author, dkim=[("example.com", "pass")], dns=dns)
    assert (check.result, check.policy, check.record, dns.questions) == ("none", None, None, [])
    assert check.reason
    assert check.steps


def test_misuse_is_an_error_with_a_clear_message() -> None:
    zone = asked_of({})
    with pytest.raises(TypeError):
        evaluate_dmarc(author_domain="example.com")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="needs dns="):
        evaluate_dmarc(author_domain="example.com", dns=None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="rules has to be"):
        evaluate_dmarc(author_domain="example.com", dns=zone, rules="rfc5322")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="spf has to be"):
        evaluate_dmarc(author_domain="example.com", spf="example.com", dns=zone)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="dkim has to hold"):
        evaluate_dmarc(author_domain="example.com", dkim=[object()], dns=zone)  # type: ignore[list-item]
    with pytest.raises(ValueError, match="temperr"):
        evaluate_dmarc(author_domain="example.com", spf=("example.com", "temperr"), dns=zone)


# ----------------------------------------------------------------- order, trace


def test_discovery_asks_first_then_existence_then_alignment_then_the_other_rules() -> None:
    dns = asked_of({"example.com": ALL, "other.example.com": QUARANTINE})
    check = evaluate_dmarc(author_domain="a.b.example.com", dkim=[("other.example.com", "pass")], dns=dns)
    assert dns.questions == [
        ("_dmarc.a.b.example.com", "TXT"),
        ("_dmarc.b.example.com", "TXT"),
        ("_dmarc.example.com", "TXT"),
        ("_dmarc.com", "TXT"),
        ("a.b.example.com", "A"),
        ("_dmarc.other.example.com", "TXT"),
    ]
    assert {step.answer.name for _, step in flatten(check.steps) if step.answer} == {
        n for n, _ in dns.questions
    }


def test_an_own_record_is_one_question_before_anything_else() -> None:
    dns = asked_of({SUB: REJECT, "example.com": NONE})
    evaluate_dmarc(author_domain=SUB, spf=("bounce.example.com", "pass"), dns=dns)
    assert dns.questions[0] == (f"_dmarc.{SUB}", "TXT")
    assert len(dns.questions) == 4


def test_the_last_steps_are_the_result_and_the_disposition() -> None:
    check = evaluate_dmarc(author_domain="example.com", dns=asked_of({"example.com": REJECT}))
    assert [step.looked_at for step in check.steps[-2:]] == ["Result", "Disposition"]
    assert all(
        step.looked_at and step.followed and step.rfc.startswith("RFC ") for _, step in flatten(check.steps)
    )


def test_many_signatures_do_not_cause_many_questions() -> None:
    dns = asked_of({"example.com": REJECT})
    deep = [(f"s{n}.a.b.c.d.e.f.g.example.com", "pass") for n in range(500)]
    far = [(f"s{n}.a.b.c.d.e.f.g.example.net", "pass") for n in range(500)]
    check = evaluate_dmarc(author_domain="example.com", dkim=far + deep, dns=dns)
    assert check.result in ("pass", "fail")
    assert len(check.alignments) == 1000
    assert len(dns.questions) < 60


# ---------------------------------------------------------------------- records


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v=DMARC1; p=Quarantine; sp=NONE; np=reject", {"p": "quarantine", "sp": "none", "np": "reject"}),
        (
            "v=DMARC1; p=none; adkim=S; aspf=x",
            {"adkim": "strict", "aspf": "relaxed", "invalid": (("aspf", "x"),)},
        ),
        ("v=DMARC1; p=none; psd=Y; t=y", {"psd": "y", "t": "y"}),
        (
            "v=DMARC1; p=none; pct=50; rf=afrf; ri=3600",
            {"historic": (("pct", "50"), ("rf", "afrf"), ("ri", "3600"))},
        ),
        ("v=DMARC1; foo=bar; p=reject; zz = 2", {"p": "reject", "unknown": (("foo", "bar"), ("zz", "2"))}),
        ("v=DMARC1; x1=2; p=reject", {"p": "reject", "unknown": ()}),
        ("v=DMARC1; p=reject; p=none", {"p": "none"}),
        ("v=DMARC1; p=none; fo=1:d:s; ruf=mailto:f@example.com", {"fo": ("1", "d", "s")}),
        ("v=DMARC1; p=none; fo=d; ruf=mailto:f@example.com", {"fo": ("d",)}),
        ("v=DMARC1; p=none; fo=0:1; ruf=mailto:f@example.com", {"fo": ("0",)}),
        ("v=DMARC1; p=none; fo=d:d", {"fo": ("0",)}),
        ("v=DMARC1; p=none; fo=", {"fo": ("0",)}),
        (
            "v=DMARC1; p=none; rua=mailto:A@Example.COM , https://r.example.com/x?y=1",
            {"rua": ("mailto:A@Example.COM", "https://r.example.com/x?y=1")},
        ),
        (
            "v=DMARC1; p=none; rua=mailto:a@x.example!10m,mailto:b@x.example!50,mailto:c@x.example!1G",
            {"rua": ("mailto:a@x.example", "mailto:b@x.example", "mailto:c@x.example")},
        ),
        ("v=DMARC1; p=none; rua=mailto:a@x.example!10mb,mailto:b@x.example!", {"rua": ()}),
        (
            "v=DMARC1; p=none; rua=mailto:a%21b@x.example,MAILTO:c@x.example",
            {"rua": ("mailto:a%21b@x.example", "MAILTO:c@x.example")},
        ),
        ("v=DMARC1; p=none; rua=d@example.com,,mailto:%zz@x.example", {"rua": ()}),
        # RFC 3986 lets what follows the scheme be empty: a URI, though nobody gets the report
        ("v=DMARC1; p=none; rua=mailto:", {"rua": ("mailto:",)}),
        ("v=DMARC1", {"p": None, "rua": ()}),
        ("v=DMARC1;;; p=none", {"p": "none"}),
        (" v\t= DMARC1 ;p=none", {"p": "none"}),
    ],
)
def test_a_record_is_read_tag_by_tag(text: str, expected: dict[str, Any]) -> None:
    record = parse_dmarc(text, "example.com")
    assert record is not None
    assert (record.text, record.domain) == (text, "example.com")
    assert {key: getattr(record, key) for key in expected} == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v=DMARC",
        "v=DMARC1x; p=none",
        "p=none; v=DMARC1",
        "v=DMARC1,p=none",
        "v==DMARC1; p=none",
        "DMARC1",
    ],
)
def test_what_does_not_start_with_the_version_is_no_dmarc_record(text: str) -> None:
    assert parse_dmarc(text) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("v=DMARC1; p=block", "p=block is not allowed"),
        ("v=DMARC1; p=none; oops", '"oops" is not a tag'),
        ("v=DMARC1; p=none; x1=2", '"x1" is not a tag name'),
        ("v=DMARC1; p=none; p=reject", "p is there more than once"),
        ("v=DMARC1; p=none;; t=y", "Two semicolons"),
        ("v=DMARC1; p=none; rua=reports at example", "not a reporting URI"),
        ("v=DMARC1; p=none; rua=mailto:d@example.com!10m", "obsolete"),
        ("v=DMARC1; p=none; rua=mailto:postmaster", "names no mailbox"),
        ("v=DMARC1; p=none; fo=1", "no effect without a ruf"),
    ],
)
def test_a_problem_is_one_sentence_and_never_fatal(text: str, words: str) -> None:
    record = parse_dmarc(text)
    assert record is not None
    assert any(words in problem for problem in record.problems), record.problems
    assert parse_dmarc("v=DMARC1; p=none; rua=mailto:d@example.com;").problems == ()  # type: ignore[union-attr]


def test_a_record_of_64_kilobytes_of_errors_is_read_in_a_few_sentences() -> None:
    for filler in (";x", ";p=x", ";rua=a,", ";!!!=1", "; ", ";rua=mailto:" + "!1" * 9):
        record = parse_dmarc("v=DMARC1" + filler * (65_000 // len(filler)))
        assert record is not None
        assert len(record.problems) <= 21
        assert all(len(problem) < 300 for problem in record.problems)


# --------------------------------------------------------------------- RFC 7489

OLD = {
    "the registered domain needs no record to align": row(
        {SUB: REJECT}, SUB, "pass", dkim=[("example.com", "pass")], organizational_domain="example.com"
    ),
    "the record of the registered domain": row(
        {"example.co.uk": ALL}, "a.b.example.co.uk", "fail", policy="none", policy_domain="example.co.uk"
    ),
    "no record in between": row({"b.example.com": REJECT}, "a.b.example.com", "none"),
    "two records end it": row({SUB: [REJECT, NONE], "example.com": REJECT}, SUB, "none"),
    "np, psd and t mean nothing": row(
        {"example.com": REJECT + "; np=none; psd=y; t=y"},
        "ghost.example.com",
        "pass",
        dkim=[("x.example.com", "pass")],
        policy="reject",
        published="reject",
    ),
    "a public suffix is not joined with what is below": row(
        {"blogspot.com": REJECT, "me.blogspot.com": REJECT},
        "me.blogspot.com",
        "fail",
        dkim=[("blogspot.com", "pass")],
    ),
    "p has to follow v": row({"example.com": "v=DMARC1; sp=none; p=reject"}, "example.com", "none"),
    "p elsewhere, but reports": row(
        {"example.com": "v=DMARC1; rua=mailto:d@example.com; p=reject"}, "example.com", "fail", policy="none"
    ),
    "pct=30": row(
        {"example.com": REJECT + "; pct=30"}, "example.com", "fail", policy="reject", disposition="reject"
    ),
    "pct=0": row(
        {"example.com": REJECT + "; pct=0"},
        "example.com",
        "fail",
        policy="quarantine",
        published="reject",
        disposition="quarantine",
    ),
    "pct with nonsense": row({"example.com": REJECT + "; pct=many"}, "example.com", "fail", policy="reject"),
    "strict": row(
        {"example.com": REJECT + "; adkim=s", SUB: HOST}, SUB, "fail", dkim=[("example.com", "pass")]
    ),
    "servfail at the author": row(
        {SUB: ["!servfail"], "example.com": REJECT}, SUB, "temperror", dkim=[(SUB, "pass")]
    ),
    "servfail at the registered domain": row(
        {"example.com": ["!servfail"]}, SUB, "temperror", dkim=[(SUB, "pass")]
    ),
    "a broken name above is not asked for": row(
        {"example.com": REJECT, "com": ["!servfail"]}, SUB, "pass", dkim=[("example.com", "pass")]
    ),
}


@pytest.mark.parametrize(("zone", "author", "spf", "dkim", "result", "expected"), OLD.values(), ids=OLD)
def test_rfc7489_row(
    zone: dict[str, Any], author: str, spf: Any, dkim: Any, result: str, expected: dict[str, Any]
) -> None:
    check = evaluate_dmarc(author_domain=author, spf=spf, dkim=dkim, dns=asked_of(zone), rules="rfc7489")
    assert check.result == result, check.reason
    assert {key: getattr(check, key) for key in expected} == expected
    assert all("9989" not in step.rfc for _, step in flatten(check.steps))


def test_pct_says_what_applies_to_whom() -> None:
    zone = asked_of({"example.com": REJECT + "; pct=30"})
    steps = evaluate_dmarc(author_domain="example.com", dns=zone, rules="rfc7489").steps
    assert any(
        "reject for 30 of 100" in step.followed and "quarantine for the others" in step.followed
        for step in steps
    )


# --------------------------------------------------------------------- warnings

REPORTS = "; rua=mailto:d@example.com"
BOTH = {"spf": ("example.com", "pass"), "dkim": [("example.com", "pass")]}


def warnings_of(zone: dict[str, Any], author: str = "example.com", **given: Any) -> tuple[str, ...]:
    return evaluate_dmarc(author_domain=author, dns=asked_of(zone), **given).warnings


def test_a_sound_set_up_has_no_warning() -> None:
    assert warnings_of({"example.com": REJECT + REPORTS}, **BOTH) == ()


@pytest.mark.parametrize(
    ("record", "given", "words"),
    [
        (NONE + REPORTS, BOTH, "gives no protection"),
        (REJECT, BOTH, "asks for no reports"),
        (REJECT + REPORTS, {"spf": ("example.com", "pass")}, "Only SPF is aligned"),
        (REJECT + REPORTS + "; sp=none", BOTH, "sp=none is weaker than p=reject"),
        (REJECT + REPORTS + "; pct=50", BOTH, "they do nothing: pct=50"),
        (REJECT + REPORTS + "; t=y", BOTH, "tests its policy"),
        (REJECT + REPORTS + "; adkim=yes", BOTH, "not allowed: adkim=yes"),
        (
            REJECT + REPORTS + "; t=y",
            {},
            "RFC 7489 and its public suffix list are asked for reject in place of",
        ),
    ],
)
def test_a_warning_is_one_plain_sentence(record: str, given: dict[str, Any], words: str) -> None:
    warnings = warnings_of({"example.com": record}, **given)
    assert any(words in warning for warning in warnings), warnings
    assert len(warnings) <= 2


def test_two_records_are_told() -> None:
    assert any("2 DMARC records" in text for text in warnings_of({"example.com": [REJECT, NONE]}))
    assert any("2 DMARC records" in text for text in warnings_of({"example.com": [REJECT, NONE]}, author=SUB))


def test_it_is_told_when_the_other_rules_come_to_another_end() -> None:
    zone = {SUB: REJECT + REPORTS}
    (new,) = warnings_of(zone, author=SUB, dkim=[("example.com", "pass")])
    assert new.startswith("Receivers that follow RFC 7489")
    assert "dmarc=pass" in new
    (old,) = warnings_of(zone, author=SUB, dkim=[("example.com", "pass")], rules="rfc7489")
    assert old.startswith("Receivers that follow RFC 9989")
    assert "dmarc=fail" in old


def test_a_look_up_for_the_other_rules_never_changes_the_result() -> None:
    zone = {"example.com": REJECT + REPORTS, "com": ["!servfail"]}
    check = evaluate_dmarc(
        author_domain=SUB, dkim=[("example.com", "pass")], dns=asked_of(zone), rules="rfc7489"
    )
    assert (check.result, check.warnings) == ("pass", ())


# ------------------------------------------------------------------- properties

labels = st.sampled_from(["a", "b", "com", "example"])
names = st.lists(labels, min_size=1, max_size=9).map(".".join)
policies = st.sampled_from(["none", "quarantine", "reject", "block", ""])
tags = st.fixed_dictionaries(
    {"p": policies},
    optional={
        "sp": policies,
        "np": policies,
        "psd": st.sampled_from(["y", "n", "u", "x"]),
        "t": st.sampled_from(["y", "n"]),
        "adkim": st.sampled_from(["r", "s"]),
        "aspf": st.sampled_from(["r", "s"]),
        "rua": st.sampled_from(["mailto:d@example.com", "nonsense"]),
        "pct": st.sampled_from(["0", "50", "100"]),
    },
)
records = tags.map(lambda t: "v=DMARC1; " + "; ".join(f"{k}={v}" for k, v in t.items()))
entries = st.one_of(st.just(["!servfail"]), st.lists(st.one_of(records, st.just("junk")), max_size=2))
zones = st.dictionaries(names, entries, max_size=8)
results = st.sampled_from([str(result) for result in Result])
identifiers = st.lists(st.tuples(names, results), max_size=4)


@settings(deadline=None)
@given(
    zone=zones, author=names, spf=identifiers, dkim=identifiers, rules=st.sampled_from(["rfc9989", "rfc7489"])
)
def test_whatever_the_zone_says_the_result_fits_together(
    zone: Any, author: str, spf: Any, dkim: Any, rules: Any
) -> None:
    dns = asked_of(zone)
    check = evaluate_dmarc(author_domain=author, spf=spf, dkim=dkim, dns=dns, rules=rules)
    assert len(set(dns.questions)) == len(dns.questions)
    assert check.result in ("pass", "fail", "none", "temperror")
    assert (check.result == "pass") == (check.spf_aligned or check.dkim_aligned)
    assert check.disposition == (check.policy if check.result == "fail" else "none")
    assert check.result != "fail" or check.policy in tuple(Policy)
    asked = [name for name, rdtype in dns.questions if rdtype == "TXT"]
    if rules == "rfc9989":
        expected = [f"_dmarc.{name}" for name in walk_names(author)]
        first = [name for name, _ in zip(asked, expected, strict=False)]
        own = dns.questions[0] == (expected[0], "TXT")
        assert own
        assert check.record is None or check.record.domain == author or first == expected[: len(first)]
    json.dumps(check.to_dict())


@settings(deadline=None)
@given(zone=zones, one=names, two=names)
def test_alignment_is_symmetric(zone: Any, one: str, two: str) -> None:
    zone = {**zone, one: REJECT, two: REJECT}  # so that DMARC applies to both
    there, back = (
        evaluate_dmarc(author_domain=a, dkim=[(b, "pass")], dns=asked_of(zone)).result
        for a, b in ((one, two), (two, one))
    )
    assert there == back or "temperror" in (there, back)


@settings(deadline=None)
@given(zone=zones, author=names, dkim=identifiers)
def test_no_disagreement_of_the_rules_goes_untold(zone: Any, author: str, dkim: Any) -> None:
    """The short cut that spares the second evaluation must not hide a difference."""
    new, old = (
        evaluate_dmarc(author_domain=author, dkim=dkim, dns=asked_of(zone), rules=rules)
        for rules in ("rfc9989", "rfc7489")
    )
    if "temperror" in (new.result, old.result):
        return
    differs = new.result != old.result or (new.result == "fail" and new.disposition != old.disposition)
    for check, other in ((new, "RFC 7489"), (old, "RFC 9989")):
        told = any(text.startswith(f"Receivers that follow {other}") for text in check.warnings)
        assert told == differs, (new.reason, old.reason)


@settings(deadline=None)
@given(author=st.text(max_size=80), domain=st.text(max_size=80), text=st.text(max_size=200))
def test_nothing_raises_on_any_text(author: str, domain: str, text: str) -> None:
    def dns(name: str, rdtype: str) -> Answer:
        return asked_of({"x.example": text}).zone(f"_dmarc.{'x.example'}", rdtype)

    for rules in ("rfc9989", "rfc7489"):
        check = evaluate_dmarc(author_domain=author, spf=(domain, "pass"), dns=dns, rules=rules)
        assert check.steps
