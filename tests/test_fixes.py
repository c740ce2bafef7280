"""Fixes are replayed from scratch, by code of this file: none fails, none asks for more than it takes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path

import mistune
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import helpers as h
from helpers import fixes, services
from helpers.diagnosis import Cause, collect, find_cause
from helpers.fixes.dmarc_repair import with_tag
from helpers.fixes.spf_text import is_almost_spf, merged, respelled, with_term
from helpers.show.html import html_of
from helpers.show.text import text_of
from helpers.terms import Authentication, DnsStatus, Envelope, Policy, Result

ROOT = Path(__file__).resolve().parent.parent
MESSAGES = ROOT / "data" / "sample_headers"
ROWS = json.loads((MESSAGES / "index.json").read_text("utf-8"))["messages"]
NOW = 1_800_000_000

# ------------------------------------------------------------- replay from scratch


def changed(zone: h.Zone, changes) -> h.Zone:
    """The zone with single records added, changed and removed, one after the other."""
    for change in changes:
        found = zone(change.name, change.type)
        assert not found.chain, "a record is changed where it stands, not where a CNAME leads from"
        values = list(found.values) if change.name in zone.names() else []  # not those of a wildcard
        if change.action != "add":
            values.remove(change.before)
        if change.action != "remove":
            values.append(change.new)
        zone = (
            zone.with_records(change.name, change.type, values)
            if values
            else zone.without(change.name, change.type)
        )
    return zone


def replayed(fix, zone: h.Zone, rules: str, now: float | None = None) -> Authentication:
    """The checks of what the fix names, with nothing of what its proposer computed."""
    after = changed(zone, (*fix.changes, *fix.stand_ins))
    return h.authenticate(fix.message, dns=after, envelope=fix.envelope, rules=rules, now=now)


def assert_proven(diagnosis: h.Diagnosis, zone: h.Zone, now: float | None = None) -> None:
    """Every fix does what it says when it is done again; so does every rejected one."""
    before = diagnosis.authentication.dmarc
    blamed = diagnosis.bounce.blamed if diagnosis.bounce is not None else None
    for fix in diagnosis.fixes:
        found = replayed(fix, zone, before.rules, now)
        assert (found.dmarc.result, found.dmarc.disposition) == (fix.proof.result, fix.proof.disposition)
        if fix.code == "policy_none":
            assert found.dmarc.disposition == Policy.NONE != before.disposition
            assert not fix.protection_kept
        elif diagnosis.bounce is not None and diagnosis.bounce.blames_helo and found.envelope.mail_from:
            envelope, after = fix.envelope, changed(zone, (*fix.changes, *fix.stand_ins))
            helo = h.check_spf(client_ip=envelope.client_ip, mail_from=None, helo=envelope.helo, dns=after)
            another = envelope.helo != diagnosis.bounce.envelope.helo
            assert helo.result == Result.PASS or (another and helo.result == Result.NONE)
            assert found.dmarc.result in (Result.PASS, Result.NONE)
        elif blamed in ("spf", "dkim"):  # the receiver asked for that, whatever DMARC says
            checks = (found.spf,) if blamed == "spf" else found.dkim
            assert Result.PASS in [check.result for check in checks]
            assert found.dmarc.result in (Result.PASS, Result.NONE)
        elif fix.proof.result == Result.NONE and (
            fix.proof.author_domain != before.author_domain or blamed == "authentication"
        ):
            author = h.organizational_domain(fix.proof.author_domain, rules="rfc7489")
            passed = [found.spf.domain] if found.spf and found.spf.result == Result.PASS else []
            passed += [check.domain for check in found.dkim if check.result == Result.PASS]
            assert author in [h.organizational_domain(domain, rules="rfc7489") for domain in passed]
        else:
            assert found.dmarc.result == Result.PASS, fix.code
        if fix.protection_kept and fix.proof.author_domain == before.author_domain:
            assert strength(found.dmarc.policy) >= strength(before.policy)
    for fix in diagnosis.rejected_fixes:
        found = replayed(fix, zone, before.rules, now)
        assert found.dmarc.result == fix.proof.result
        if blamed not in ("spf", "dkim"):
            assert found.dmarc.result != Result.PASS, fix.code
        assert re.fullmatch(r"\S.{20,}[.…]", fix.why)


def strength(policy: Policy | None) -> int:
    return [None, Policy.NONE, Policy.QUARANTINE, Policy.REJECT].index(policy)


# ------------------------------------------------------------------------- the story


@pytest.fixture(scope="module")
def story() -> h.Diagnosis:
    return h.diagnose(MESSAGES / "incident_bounce.eml", dns=h.sample_zone("fujiba"))


def test_the_storys_bounce_has_proven_fixes_with_records(story):
    with_records = [fix for fix in story.fixes if fix.changes and fix.proof.result == Result.PASS]
    assert len(with_records) >= 2
    assert_proven(story, h.sample_zone("fujiba"))
    both = next(fix for fix in story.fixes if fix.code == "service_both")
    assert [(c.action, c.type, c.host) for c in both.changes] == [
        ("add", "CNAME", "bounce"),
        ("add", "TXT", "s1._domainkey"),
    ]
    assert both.proof.spf_aligned
    assert both.proof.dkim_aligned
    assert {who.value for who in both.who} == {"domain owner", "sending service", "mail client"}
    assert any("MX records of fujiba.net stay as they are" in effect for effect in both.side_effects)
    assert any("smtp.gmail.com" in sentence for sentence in both.other)


def test_the_storys_advice_is_rejected_with_its_reason(story):
    rejected = {fix.code: fix for fix in story.rejected_fixes}
    include = rejected["spf_include"]
    assert include.changes[0].value == "v=spf1 include:mailgun.org include:_spf.google.com ~all"
    assert include.changes[0].before == "v=spf1 include:mailgun.org ~all"
    assert include.proof.result == Result.FAIL
    assert "SPF asks for the domain in MAIL FROM, here gmail.com" in include.why
    assert {"spf_hard_fail", "dkim_key_only"} <= rejected.keys()


def test_giving_up_protection_comes_last_and_says_so(story):
    last = story.fixes[-1]
    assert (last.code, last.protection_kept, last.proof.disposition) == ("policy_none", False, Policy.NONE)
    assert all(fix.protection_kept for fix in story.fixes[:-1])
    assert "Protection is given up" in " ".join(last.side_effects)


def test_partial_evidence_says_what_the_proof_took_for_granted(story):
    assumed = {fix.code: " ".join(fix.assumptions) for fix in story.fixes}
    assert "without the client IP" in assumed["service_sign"]
    assert "the proof took 192.0.2.0, which gmail.com itself lists" in assumed["author_change"]
    headers_only = h.diagnose(MESSAGES / "bounce_headers_only.eml", dns=h.sample_zone("fujiba"))
    sign = next(fix for fix in headers_only.fixes if fix.code == "service_sign")
    assert any("empty body" in sentence for sentence in sign.assumptions)


def test_a_server_that_is_listed_already_is_not_overlooked(story):
    fix = story.fixes[0]
    assert fix.title == "Send through Mailgun, which the SPF record of fujiba.net lists already"
    assert [(c.action, c.type, c.host, c.value) for c in fix.changes] == [
        ("add", "TXT", "mx._domainkey", "k=rsa; p=<the key that Mailgun shows>")
    ]
    assert "smtp.mailgun.org:587" in " ".join(fix.other)
    assert (fix.proof.spf_aligned, fix.proof.dkim_aligned) == (True, True)


SES_KEYS = [("CNAME", "<the token that Amazon SES shows>._domainkey")] * 3
LISTED = {  # an include in the SPF record -> what the service asks for besides
    "mailgun.org": ("Mailgun", [("TXT", "mx._domainkey")]),
    "eu.mailgun.org": ("Mailgun", [("TXT", "mx._domainkey")]),
    "_spf.google.com": ("Google Workspace", [("TXT", "google._domainkey")]),
    "amazonses.com": (
        "Amazon SES",
        [
            *[("CNAME", "<the token that Amazon SES shows>._domainkey")] * 3,
            ("MX", "bounce"),
            ("TXT", "bounce"),
        ],
    ),
    "sendgrid.net": (
        "SendGrid",
        [
            ("CNAME", "em<the number that SendGrid shows>"),
            ("CNAME", "s1._domainkey"),
            ("CNAME", "s2._domainkey"),
        ],
    ),
    "icloud.com": ("iCloud+ custom domain", [("TXT", "@"), ("CNAME", "sig1._domainkey")]),
}


@pytest.mark.parametrize("include", LISTED)
def test_a_listed_service_is_named_with_its_own_records(include):
    zone = h.Zone.from_dict({
        "example.com": {"TXT": [f"v=spf1 include:{include} ~all"], "MX": [(10, "mx.example.com")]},
        include: {"TXT": ["v=spf1 ip4:192.0.2.0/24 -all"]},
        "_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject"]},
    })  # fmt: skip
    envelope = Envelope("198.51.100.7", "mail.example.net", "a@example.net")
    diagnosis = h.diagnose(PLAIN, dns=zone, envelope=envelope)
    assert_proven(diagnosis, zone)
    fix = next(fix for fix in diagnosis.fixes if fix.code == "listed_service")
    service, records = LISTED[include]
    assert fix.title.startswith(f"Send through {service}, which")
    assert [(change.type, change.host) for change in fix.changes] == records
    assert not any("{" in f"{change.host} {change.value}" for change in fix.changes)
    assert not any(other.code == "listed_server" for other in diagnosis.fixes)


def test_what_a_listed_service_has_already_stays():
    record = "v=spf1 include:mailgun.org ~all"
    key = "k=rsa; p=MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg"
    zone = h.Zone.from_dict({
        "example.com": {"TXT": [record]},
        "mailgun.org": {"TXT": ["v=spf1 ip4:192.0.2.0/24 -all"]},
        "mx._domainkey.example.com": {"TXT": [key]},
        "_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject"]},
    })  # fmt: skip
    envelope = Envelope("198.51.100.7", "mail.example.net", "a@example.net")
    fix = h.diagnose(PLAIN, dns=zone, envelope=envelope).fixes[0]
    assert (fix.code, fix.changes) == ("listed_service", ())


def test_a_listed_server_that_nobody_knows_is_named_by_its_record():
    zone = h.Zone.from_dict({
        "example.com": {"TXT": ["v=spf1 include:out.example.org ~all"]},
        "out.example.org": {"TXT": ["v=spf1 ip4:192.0.2.0/24 -all"]},
        "_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject"]},
    })  # fmt: skip
    envelope = Envelope("198.51.100.7", "mail.example.net", "a@example.net")
    fix = h.diagnose(PLAIN, dns=zone, envelope=envelope).fixes[0]
    assert (fix.code, fix.changes) == ("listed_server", ())
    assert "out.example.org" in fix.title


# ------------------------------------------------------------------------ every sample

SERVICE = ("service_sign", "service_return_path", "service_both")
ADVICE = ("spf_include", "spf_hard_fail", "dkim_key_only")
STORY = ("listed_service", *SERVICE, "author_change", "policy_none")
NOTHING: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

# What helps and what does not, by cause. A file that differs has a row of its own.
BY_CAUSE = {
    "passes": NOTHING,
    "not_about_authentication": NOTHING,
    "dns_trouble": NOTHING,
    "stated_only": NOTHING,
    "authenticated_as_other": (("listed_service", *SERVICE, "policy_none"), ADVICE),
    "nothing_authenticates": (("listed_service", *SERVICE, "policy_none"), (*ADVICE, "author_change")),
    "no_author_domain": (("one_author",), ()),
    "key_missing": (("dkim_key_publish", *SERVICE, "policy_none"), ("spf_include",)),
    "key_revoked": (("service_sign", "dkim_key_publish", *SERVICE[1:], "policy_none"), ("spf_include",)),
    "signature_invalid": ((*SERVICE, "policy_none"), ("spf_include",)),
    "spf_unauthorized": (
        ("spf_list_address", "listed_server", "service_return_path"),
        ("dkim_key_only", "service_sign"),
    ),
    "forwarded": (
        ("service_sign", "spf_list_address", "policy_none"),
        ("spf_hard_fail", "dkim_key_only", "srs", "service_return_path"),
    ),
    "strict_alignment": (
        (
            "relax_dkim",
            "relax_spf",
            "listed_server",
            "service_sign",
            "exact_mail_from+spf_list_address",
            "policy_none",
        ),
        ("spf_include", "exact_mail_from", "service_return_path"),
    ),
    "no_policy": (
        ("spf_list_address+dmarc_add", "dmarc_add+service_sign", "service_return_path+dmarc_add"),
        ("spf_include", "dkim_key_only", "dmarc_add", "service_sign", "service_return_path"),
    ),
}
BY_FILE = {
    "incident_received.eml": (STORY, ADVICE),
    "incident_signed_by_gmail.eml": (STORY, ADVICE),
    "incident_bounce.eml": (STORY, ADVICE),
    "bounce_by_postfix.eml": (STORY, ADVICE),
    "bounce_by_exim.eml": (STORY, ADVICE),
    # The bounce does not say from which address the mail came, so no address can be listed.
    "bounce_by_opensmtpd.eml": (
        ("listed_service", *SERVICE, "policy_none"),
        ("spf_hard_fail", "dkim_key_only"),
    ),
    # Redirected by one tenant to another, which sees the first one's server.
    "bounce_microsoft.eml": (("service_sign", "policy_none"), (*ADVICE, "srs", "service_return_path")),
    "pasted_headers.txt": (STORY, ADVICE),
    "monitoring.eml": (("listed_server", *SERVICE), ("spf_include", "dkim_key_only")),
    "spf_two_records.eml": (("spf_merge", *SERVICE, "policy_none"), ("dkim_key_only",)),
    "spf_too_many_lookups.eml": (("spf_lookups", *SERVICE, "policy_none"), ADVICE),
    "spoof.eml": (("listed_service", *SERVICE, "spf_include", "policy_none"), ("spf_hard_fail",)),
    "mailing_list.eml": (("list_author", "policy_none"), ("spf_include", "spf_hard_fail", "service_sign")),
}


@pytest.mark.parametrize("row", ROWS, ids=[row["file"] for row in ROWS])
def test_every_sample_gets_fixes_for_its_cause(row):
    raw, zone = (MESSAGES / row["file"]).read_bytes(), h.sample_zone(row["zone"])
    diagnosis = h.diagnose(raw, dns=zone)
    expected = BY_FILE.get(row["file"]) or BY_CAUSE[row["expect"]["cause"]]
    codes = [fix.code for fix in diagnosis.fixes], [fix.code for fix in diagnosis.rejected_fixes]
    assert codes == (list(expected[0]), list(expected[1]))
    if diagnosis.fixes:
        assert_proven(diagnosis, zone)


@pytest.mark.parametrize("row", ROWS, ids=[row["file"] for row in ROWS])
def test_other_dns_gives_the_same_fixes_as_a_zone(row):
    """Live DNS does not show its records, and a recording of it is a zone again."""
    raw, zone = (MESSAGES / row["file"]).read_bytes(), h.sample_zone(row["zone"])
    recorded = h.RecordingDns(zone)
    live, offline = h.diagnose(raw, dns=recorded), h.diagnose(raw, dns=recorded.zone())
    assert live.to_dict() == offline.to_dict() == h.diagnose(raw, dns=zone).to_dict()


@pytest.mark.parametrize("row", ROWS, ids=[row["file"] for row in ROWS])
def test_the_old_rules_have_proofs_of_their_own(row):
    zone = h.sample_zone(row["zone"])
    diagnosis = h.diagnose(MESSAGES / row["file"], dns=zone, rules="rfc7489")
    if diagnosis.fixes:
        assert_proven(diagnosis, zone)
        assert {fix.proof.rules for fix in (*diagnosis.fixes, *diagnosis.rejected_fixes)} == {"rfc7489"}


def test_every_cause_is_accounted_for():
    seen = {row["expect"]["cause"] for row in ROWS}
    assert seen - BY_CAUSE.keys() - {"signature_broken", "spf_record_error"} == set()


# ------------------------------------------------------------------- constructed cases

HEADERS = (
    b"From: Reports <monthly@example.com>\r\nTo: reader@example.net\r\n"
    b"Subject: June\r\nDate: Sun, 15 Jun 2025 15:00:00 +0000\r\n"
)
PLAIN = HEADERS + b"\r\nThe numbers of June.\r\n"
KEY = services.make_key("test of fixes")
OTHER_KEY = services.make_key("another test of fixes")
NEWS = services.sign(PLAIN, domain="news.example.com", selector="s1", key=KEY)
OWN = services.sign(PLAIN, domain="example.com", selector="s1", key=KEY)
OWNS_SERVER = Envelope(client_ip="192.0.2.1", helo="mx.example.com", mail_from="monthly@example.com")
UNLISTED = Envelope(client_ip="203.0.113.9", helo="vps.example.org", mail_from="monthly@example.com")
BELOW = Envelope(client_ip="192.0.2.1", helo="mx.example.com", mail_from="b@bounce.example.com")
ELSEWHERE = Envelope(client_ip="198.51.100.7", helo="out.mailbox.example", mail_from="a+b@mailbox.example")

WORLD = {
    "example.com": {"TXT": ["v=spf1 ip4:192.0.2.1 -all", "a-token=1"], "MX": [(10, "mx.example.com")]},
    "mx.example.com": {"A": ["192.0.2.1"]},
    "_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject"]},
    "bounce.example.com": {"TXT": ["v=spf1 ip4:192.0.2.1 -all"]},
    "s1._domainkey.example.com": {"TXT": [KEY.record]},
    "s1._domainkey.news.example.com": {"TXT": [KEY.record]},
    "mailbox.example": {"TXT": ["v=spf1 ip4:198.51.100.0/28 -all"]},
}


@dataclass
class Constructed:
    """One message with something wrong, and the repair that has to be found for it."""

    name: str
    code: str
    world: dict = field(default_factory=dict)
    raw: bytes = PLAIN
    envelope: Envelope = OWNS_SERVER
    values: tuple = ()  # of the records afterwards, in the order of the changes
    edits: dict = field(default_factory=dict)  # for brute force: name and type -> the right values

    def zone(self) -> h.Zone:
        world = {**WORLD, **self.world}
        return h.Zone.from_dict({name: types for name, types in world.items() if types is not None})

    def diagnosis(self) -> h.Diagnosis:
        return h.diagnose(self.raw, dns=self.zone(), envelope=self.envelope, now=NOW)


def txt(*values: str) -> dict:
    return {"TXT": list(values)}


TWO = txt("v=spf1 ip4:192.0.2.1 ~all", "v=spf1 include:mailbox.example -all")
PUBLIC = KEY.public
SINGLE = [
    Constructed(
        "two SPF records",
        "spf_merge",
        {"example.com": TWO},
        values=("v=spf1 ip4:192.0.2.1 include:mailbox.example ~all", None),
    ),
    Constructed(
        "three SPF records, one ends in +all",
        "spf_merge",
        {"example.com": txt("v=spf1 ip4:192.0.2.1 +all", "v=spf1 mx -all", "v=spf1 a:mx.example.com -all")},
        values=("v=spf1 ip4:192.0.2.1 mx a:mx.example.com ~all", None, None),
    ),
    Constructed(
        "syntax",
        "spf_syntax",
        {"example.com": txt("v=spf1 ip:192.0.2.1, -all")},
        values=("v=spf1 ip4:192.0.2.1 -all",),
    ),
    Constructed(
        "a record in quotes",
        "spf_syntax",
        {"example.com": txt('"v=spf1 ip4:192.0.2.1 -all"')},
        values=("v=spf1 ip4:192.0.2.1 -all",),
    ),
    Constructed(
        "syntax, and everybody let in",
        "spf_syntax",
        {"example.com": txt("v=spf1 ip4:192.0.2.1 foo all")},
        values=("v=spf1 ip4:192.0.2.1 ~all",),
    ),
    Constructed(
        "no SPF record",
        "spf_list_address",
        {"example.com": txt("a-token=1")},
        values=("v=spf1 ip4:192.0.2.1 ~all",),
    ),
    Constructed(
        "server not listed",
        "spf_list_address",
        envelope=UNLISTED,
        values=("v=spf1 ip4:192.0.2.1 ip4:203.0.113.9 -all",),
    ),
    Constructed(
        "server not listed, by IPv6",
        "spf_list_address",
        envelope=replace(UNLISTED, client_ip="2001:db8::9"),
        values=("v=spf1 ip4:192.0.2.1 ip6:2001:db8::9 -all",),
    ),
    Constructed(
        "a service not included",
        "spf_list_include",
        envelope=replace(UNLISTED, client_ip="198.51.100.7", helo="out.mailbox.example"),
        values=("v=spf1 ip4:192.0.2.1 include:mailbox.example -all",),
    ),
    Constructed(
        "an include that leads nowhere",
        "spf_lookups",
        {"example.com": txt("v=spf1 include:gone.example ip4:192.0.2.1 -all")},
        values=("v=spf1 ip4:192.0.2.1 -all",),
    ),
    Constructed(
        "three void look-ups",
        "spf_lookups",
        {
            "example.com": txt(
                "v=spf1 a:x.example.com a:y.example.com mx:z.example.com ptr ip4:192.0.2.1 -all"
            )
        },
        values=("v=spf1 ip4:192.0.2.1 -all",),
    ),
    Constructed(
        "eleven look-ups",
        "spf_lookups",
        {
            "example.com": txt(
                "v=spf1 " + " ".join(f"a:h{n}.example.com" for n in range(11)) + " ip4:192.0.2.1 -all"
            ),
            **{f"h{n}.example.com": {"A": [f"192.0.2.{100 + n}"]} for n in range(11)},
        },
        values=(
            "v=spf1 ip4:192.0.2.100 "
            + " ".join(f"a:h{n}.example.com" for n in range(1, 11))
            + " ip4:192.0.2.1 -all",
        ),
    ),
    Constructed(
        "key missing",
        "dkim_key_publish",
        {"s1._domainkey.example.com": None},
        OWN,
        ELSEWHERE,
        ("v=DKIM1; k=rsa; p=<the key your service shows>",),
    ),
    Constructed(
        "key under another selector",
        "dkim_key_elsewhere",
        {"s1._domainkey.example.com": None, "default._domainkey.example.com": txt(KEY.record)},
        OWN,
        ELSEWHERE,
        (KEY.record,),
    ),
    Constructed(
        "key revoked",
        "dkim_key_publish",
        {"s1._domainkey.example.com": txt("v=DKIM1; p=")},
        OWN,
        ELSEWHERE,
        ("v=DKIM1; k=rsa; p=<the key your service shows>",),
    ),
    Constructed(
        "key with quotes between its strings",
        "dkim_key_mend",
        {"s1._domainkey.example.com": txt(f'v=DKIM1; k=rsa; p={PUBLIC[:200]}" "{PUBLIC[200:]}')},
        OWN,
        ELSEWHERE,
        (KEY.record,),
    ),
    Constructed(
        "key as a PEM file",
        "dkim_key_mend",
        {
            "s1._domainkey.example.com": txt(
                f"v=DKIM1; p=-----BEGIN PUBLIC KEY-----{PUBLIC}-----END PUBLIC KEY-----"
            )
        },
        OWN,
        ELSEWHERE,
        (KEY.record,),
    ),
    Constructed(
        "key with escaped semicolons",
        "dkim_key_mend",
        {"s1._domainkey.example.com": txt(f"v=DKIM1\\; k=rsa\\; p={PUBLIC}")},
        OWN,
        ELSEWHERE,
        (KEY.record,),
    ),
    Constructed(
        "key cut in two records",
        "dkim_key_mend",
        {"s1._domainkey.example.com": txt(f"v=DKIM1; k=rsa; p={PUBLIC[:101]}", PUBLIC[101:])},
        OWN,
        ELSEWHERE,
        (KEY.record, None),
    ),
    Constructed(
        "key of the wrong type",
        "dkim_key_mend",
        {"s1._domainkey.example.com": txt(f"v=DKIM1; k=ed25519; p={PUBLIC}")},
        OWN,
        ELSEWHERE,
        (KEY.record,),
    ),
    Constructed(
        "strict SPF",
        "relax_spf",
        {"_dmarc.example.com": txt("v=DMARC1; p=reject; aspf=s; rua=mailto:d@example.com")},
        envelope=BELOW,
        values=("v=DMARC1; p=reject; rua=mailto:d@example.com",),
    ),
    Constructed(
        "strict DKIM",
        "relax_dkim",
        {"_dmarc.example.com": txt("v=DMARC1; p=reject; adkim=s")},
        NEWS,
        ELSEWHERE,
        ("v=DMARC1; p=reject",),
    ),
]


@pytest.mark.parametrize("case", SINGLE, ids=lambda case: case.name)
def test_one_thing_wrong_is_put_right(case):
    diagnosis = case.diagnosis()
    fix = next((fix for fix in diagnosis.fixes if fix.code == case.code), None)
    assert fix is not None, [fix.code for fix in diagnosis.fixes]
    assert tuple(change.value for change in fix.changes) == case.values
    assert_proven(diagnosis, case.zone(), NOW)


# Several things wrong at once. `edits` are the right records, one set for each fault.
GOOD_SPF = {("example.com", "TXT"): ["v=spf1 ip4:192.0.2.1 ip4:203.0.113.9 -all"]}
SEVERAL = [
    Constructed(
        "two SPF records, none lists the server",
        "spf_merge+spf_list_address",
        {"example.com": TWO},
        envelope=UNLISTED,
    ),
    Constructed(
        "syntax, and the server is not listed",
        "spf_syntax+spf_list_address",
        {"example.com": txt("v=spf1 ipv4:192.0.2.1 -all")},
        envelope=UNLISTED,
    ),
    Constructed(
        "key damaged, and strict",
        "dkim_key_mend+relax_dkim",
        {
            "s1._domainkey.news.example.com": txt(f"p='{PUBLIC}'"),
            "_dmarc.example.com": txt("v=DMARC1; p=reject; adkim=s"),
        },
        NEWS,
        ELSEWHERE,
        edits={
            ("s1._domainkey.news.example.com", "TXT"): [KEY.record],
            ("_dmarc.example.com", "TXT"): ["v=DMARC1; p=reject"],
        },
    ),
    Constructed(
        "SPF of the subdomain damaged, and strict",
        "spf_syntax+relax_spf",
        {
            "bounce.example.com": txt("v=spf1 ip4=192.0.2.1 foo -all"),
            "_dmarc.example.com": txt("v=DMARC1; p=reject; aspf=s"),
        },
        envelope=BELOW,
        edits={
            ("bounce.example.com", "TXT"): ["v=spf1 ip4:192.0.2.1 -all"],
            ("_dmarc.example.com", "TXT"): ["v=DMARC1; p=reject"],
        },
    ),
    Constructed(
        "no DMARC record, and SPF damaged",
        "spf_syntax+dmarc_add",
        {"_dmarc.example.com": None, "example.com": txt("v=spf1 ip4:192.0.2.1; -all")},
        edits={
            ("example.com", "TXT"): ["v=spf1 ip4:192.0.2.1 -all"],
            ("_dmarc.example.com", "TXT"): ["v=DMARC1; p=none"],
        },
    ),
    Constructed(
        "a DMARC record that is none, and the key is damaged",
        "dkim_key_mend+dmarc_add",
        {
            "_dmarc.example.com": txt("v=DMARC 1, p=quarantine"),
            "s1._domainkey.example.com": txt(
                f"v=DKIM1; p={PUBLIC[:50]} x={PUBLIC[50:]}".replace(" x=", " ' ")
            ),
        },
        OWN,
        ELSEWHERE,
        values=(KEY.record, "v=DMARC1; p=quarantine"),
        edits={
            ("_dmarc.example.com", "TXT"): ["v=DMARC1; p=quarantine"],
            ("s1._domainkey.example.com", "TXT"): [KEY.record],
        },
    ),
    Constructed(
        "no DMARC record, two SPF records, and the server is not listed",
        "spf_merge+spf_list_address+dmarc_add",
        {"_dmarc.example.com": None, "example.com": TWO},
        envelope=UNLISTED,
    ),
    Constructed(
        "two DMARC records, and the key is damaged",
        "dkim_key_mend+dmarc_keep_one",
        {
            "_dmarc.example.com": txt("v=DMARC1; p=reject", "v=DMARC1; p=none"),
            "s1._domainkey.example.com": txt(f"v=DKIM1; p={PUBLIC[:50]}\\{PUBLIC[50:]}"),
        },
        OWN,
        ELSEWHERE,
        edits={
            ("_dmarc.example.com", "TXT"): ["v=DMARC1; p=reject"],
            ("s1._domainkey.example.com", "TXT"): [KEY.record],
        },
    ),
]


@pytest.mark.parametrize("case", SEVERAL, ids=lambda case: case.name)
def test_several_things_wrong_take_the_smallest_set(case):
    diagnosis = case.diagnosis()
    fix = next((fix for fix in diagnosis.fixes if fix.code == case.code), None)
    assert fix is not None, [fix.code for fix in diagnosis.fixes]
    if case.values:
        assert tuple(change.value for change in fix.changes) == case.values
    parts = case.code.split("+")
    codes = [set(other.code.split("+")) for other in diagnosis.fixes]
    for size in range(1, len(parts)):
        for smaller in combinations(parts, size):
            assert set(smaller) not in codes
    assert_proven(diagnosis, case.zone(), NOW)


@pytest.mark.parametrize("case", [case for case in SEVERAL if case.edits], ids=lambda case: case.name)
def test_brute_force_agrees_that_no_smaller_set_passes(case):
    """All subsets of the right records, written down here and applied without the proposer."""
    passing = []
    for size in range(len(case.edits) + 1):
        for edits in combinations(case.edits.items(), size):
            zone = case.zone()
            for (name, rdtype), values in edits:
                zone = zone.with_records(name, rdtype, values)
            found = h.authenticate(case.raw, dns=zone, envelope=case.envelope, now=NOW)
            if found.dmarc.result == Result.PASS:
                passing.append(len(edits))
    assert min(passing) == len(case.edits) == case.code.count("+") + 1


@pytest.mark.parametrize("case", [*SINGLE, *SEVERAL], ids=lambda case: case.name)
def test_no_record_of_a_fix_can_be_left_out(case):
    """Brute force over the records of each fix: with any of them missing the message fails."""
    diagnosis, zone = case.diagnosis(), case.zone()
    for fix in diagnosis.fixes:
        if fix.code in ("service_both", "policy_none") or "merge" in fix.code or "keep_one" in fix.code:
            continue  # the first is more than it takes, and says so; two records become one in two changes
        if "key_mend" in fix.code and any(change.action == "remove" for change in fix.changes):
            continue
        for size in range(len(fix.changes)):
            for some in combinations(fix.changes, size):
                fewer = replace(fix, changes=some)
                assert replayed(fewer, zone, "rfc9989", NOW).dmarc.result != Result.PASS, (fix.code, some)


def test_two_faults_that_either_repair_mends_are_two_fixes():
    case = Constructed(
        "", "", {"example.com": TWO, "s1._domainkey.example.com": txt(f"p='{PUBLIC}'")}, OWN, OWNS_SERVER
    )
    codes = [fix.code for fix in case.diagnosis().fixes]
    assert {"spf_merge", "dkim_key_mend"} <= set(codes)
    assert "spf_merge+dkim_key_mend" not in codes


def test_a_key_at_the_services_name_is_the_services_to_mend():
    world = {
        "s1._domainkey.example.com": {"CNAME": "s1.dkim.mailbox.example"},
        "s1.dkim.mailbox.example": txt(f'"{KEY.record}"'),
    }
    case = Constructed("", "", world, OWN, ELSEWHERE)
    diagnosis = case.diagnosis()
    fix = next(fix for fix in diagnosis.fixes if fix.code == "dkim_key_mend")
    assert fix.changes[0].name == "s1.dkim.mailbox.example"
    assert [who.value for who in fix.who] == ["sending service"]
    assert_proven(diagnosis, case.zone(), NOW)


def test_a_changed_body_is_not_hidden_by_signing_anew():
    """With the key missing and the body changed, a new key alone would not help."""
    case = Constructed("", "", {"s1._domainkey.example.com": None}, OWN + b"-- \r\nlist\r\n", ELSEWHERE)
    assert "dkim_key_publish" not in [fix.code for fix in case.diagnosis().fixes]


def test_panels_append_the_domain():
    world = {
        "_dmarc.example.co.uk": txt("v=DMARC1; p=reject"),
        "example.co.uk": txt("v=spf1 -all"),
        "post.example.co.uk": txt("x"),
        "mailbox.example": WORLD["mailbox.example"],
    }
    raw = PLAIN.replace(b"@example.com", b"@post.example.co.uk")
    diagnosis = h.diagnose(raw, dns=h.Zone.from_dict(world), envelope=ELSEWHERE)
    hosts = {c.host for fix in (*diagnosis.fixes, *diagnosis.rejected_fixes) for c in fix.changes}
    assert {"bounce.post", "s1._domainkey.post", "_dmarc"} <= hosts
    assert all(c.name.endswith("example.co.uk") for fix in diagnosis.fixes for c in fix.changes)


def test_names_that_are_taken_are_left_alone():
    world = {"bounce.example.com": {"A": ["192.0.2.9"]}, "return.example.com": {"CNAME": "elsewhere.example"}}
    case = Constructed("", "", world, PLAIN, ELSEWHERE)
    fix = next(fix for fix in case.diagnosis().fixes if fix.code == "service_return_path")
    assert fix.changes[0].host == "mail-bounce"


def test_a_wildcard_takes_no_names():
    case = Constructed(
        "",
        "",
        {"*.example.com": {"MX": [(10, "mx.example.com")]}, "bounce.example.com": None},
        PLAIN,
        ELSEWHERE,
    )
    diagnosis = case.diagnosis()
    fix = next(fix for fix in diagnosis.fixes if fix.code == "service_return_path")
    assert fix.changes[0].host == "bounce"
    assert_proven(diagnosis, case.zone(), NOW)


def test_a_list_that_signs_but_has_no_spf_is_resigned_by_its_stand_in():
    raw = (MESSAGES / "mailing_list.eml").read_bytes()
    zone = h.sample_zone("fujiba-fixed").with_records("lists.example.org", "TXT", [])
    zone = zone.with_records("_dmarc.lists.example.org", "TXT", ["v=DMARC1; p=reject"])
    diagnosis = h.diagnose(raw, dns=zone)
    fix = next(fix for fix in diagnosis.fixes if fix.code == "list_author")
    assert fix.proof.result == Result.PASS
    assert fix.proof.dkim_aligned
    assert_proven(diagnosis, zone)


# --------------------------------------------------------------------------- properties

SPF_RECORDS = st.lists(
    st.sampled_from(
        [
            "v=spf1 ip4:192.0.2.1 -all",
            "v=spf1 ip4:192.0.2.0/24 ~all",
            "v=spf1 include:mailbox.example ?all",
            "v=spf1 mx a +all",
            "v=spf1 redirect=mailbox.example",
            "v=spf1 include:loop.example.com -all",
            "v=spf1 exists:%{i}.x.example.com ptr -all",
            "v=spf1 ip:192.0.2.1 all",
            "v=spf1;ip4:192.0.2.1",
            "v=spf1",
            "other text",
        ]
    ),
    max_size=3,
)
DMARC_RECORDS = st.lists(
    st.sampled_from(
        [
            "v=DMARC1; p=reject",
            "v=DMARC1; p=quarantine; adkim=s; aspf=s; rua=mailto:d@example.com",
            "v=DMARC1; p=none",
            "v=DMARC1; aspf=s; p=reject; sp=none; np=reject",
            "v=DMARC1; p=rejected",
            "v=DMARC1;p=reject;psd=n;t=y",
            "dmarc1 p=reject",
        ]
    ),
    max_size=2,
)
KEY_RECORDS = st.lists(
    st.sampled_from(
        [
            KEY.record,
            f'"{KEY.record}"',
            "v=DKIM1; p=",
            "v=DKIM1; p=@@@",
            OTHER_KEY.record,
            f"k=rsa; s=x; p={PUBLIC}",
        ]
    ),
    max_size=2,
)
LIST_FOOTER = b"\r\n-- \r\nlist\r\n"
RAWS = st.sampled_from(
    [
        PLAIN,
        OWN,
        NEWS,
        OWN + LIST_FOOTER,
        b"List-Id: <l.lists.example.org>\r\n" + OWN + LIST_FOOTER,
        HEADERS,
        OWN.replace(b"Subject: June", b"Subject: July"),
        PLAIN.replace(b"From: ", b"From: boss@example.org, "),
        PLAIN.replace(b"@example.com", b"@sub.example.com"),
        PLAIN.replace(b"\r\n", b"\n"),
    ]
)
ENVELOPES = st.sampled_from(
    [
        OWNS_SERVER,
        UNLISTED,
        BELOW,
        ELSEWHERE,
        replace(ELSEWHERE, mail_from="owner@mailbox.example"),
        Envelope(mail_from="owner@mailbox.example"),
        Envelope(mail_from="monthly@example.com"),
        Envelope("192.0.2.1", "mx.example.com", ""),
        Envelope(),
        Envelope("2001:db8::1", None, "x@sub.example.com"),
    ]
)


REPLIES = st.sampled_from(
    [
        None,
        None,
        b"550 5.7.1 Your message was rejected due to example.com's DMARC policy.",
        b"550 5.7.23 The message was rejected because of Sender Policy Framework violation",
        b"550 5.7.20 No passing DKIM signature found",
    ]
)


def bounced(original: bytes, reply: bytes) -> bytes:
    return (
        b"From: mailer-daemon@mailbox.example\r\nTo: owner@mailbox.example\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nNot delivered.\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; out.mailbox.example\r\n\r\n"
        b"Final-Recipient: rfc822; reader@example.net\r\nAction: failed\r\nStatus: 5.7.1\r\n"
        b"Diagnostic-Code: smtp; " + reply + b"\r\n\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + original + b"\r\n--b--\r\n"
    )


@settings(max_examples=150, deadline=None)
@given(
    spf=SPF_RECORDS, below=SPF_RECORDS, dmarc=DMARC_RECORDS, key=KEY_RECORDS, raw=RAWS, envelope=ENVELOPES,
    wild=st.booleans(), reply=REPLIES, rules=st.sampled_from(["rfc9989", "rfc7489"]),
)  # fmt: skip
def test_no_proposed_fix_fails_when_replayed(spf, below, dmarc, key, raw, envelope, wild, reply, rules):
    world = {
        **WORLD,
        "example.com": {"TXT": spf, "MX": [(10, "mx.example.com")]},
        "bounce.example.com": {"TXT": below},
        "_dmarc.example.com": {"TXT": dmarc},
        "s1._domainkey.example.com": {"TXT": key},
        "s1._domainkey.news.example.com": {"TXT": key[:1]},
        "loop.example.com": {"TXT": ["v=spf1 include:loop.example.com include:mailbox.example -all"]},
        **({"*.example.com": {"TXT": ["v=spf1 -all"]}} if wild else {}),
    }
    zone = h.Zone.from_dict(world)
    message = h.read_message(raw) if reply is None else h.read_bounce(bounced(raw, reply))
    before = (zone.to_text(), message.to_dict())
    diagnosis = h.diagnose(message, dns=zone, envelope=envelope, now=NOW, rules=rules)
    if diagnosis.fixes or diagnosis.rejected_fixes:
        assert_proven(diagnosis, zone, NOW)
    ranks = [not fix.protection_kept for fix in diagnosis.fixes if fix.proof.result == Result.PASS]
    assert ranks == sorted(ranks)
    results = [fix.proof.result == Result.PASS for fix in diagnosis.fixes]
    assert results == sorted(results, reverse=True)
    assert (zone.to_text(), message.to_dict()) == before
    json.dumps(diagnosis.to_dict())


def test_a_fix_that_makes_a_name_exist_says_which_policy_applies_then():
    """np=reject was for a name that did not exist; with a record below it, sp=none is what applies."""
    world = {**WORLD, "_dmarc.example.com": txt("v=DMARC1; p=reject; sp=none; np=reject")}
    zone = h.Zone.from_dict(world)
    raw = PLAIN.replace(b"@example.com", b"@shop.example.com")
    diagnosis = h.diagnose(raw, dns=zone, envelope=ELSEWHERE, now=NOW)
    assert diagnosis.authentication.dmarc.policy == Policy.REJECT
    below = [fix for fix in diagnosis.fixes if any(c.name.endswith(".shop.example.com") for c in fix.changes)]
    assert below
    for fix in below:
        assert not fix.protection_kept
        assert any("is then none, and no longer reject" in effect for effect in fix.side_effects)
    assert_proven(diagnosis, zone, NOW)


def test_records_that_lead_in_circles_have_an_end():
    """A hostile record makes a receiver ask at most ten times; a proposal has bounds of its own."""
    loop = " ".join(f"include:l{n}.example.com" for n in range(30))
    world = {
        "example.com": txt(f"v=spf1 {loop} -all"),
        **{f"l{n}.example.com": txt(f"v=spf1 {loop} ip4:192.0.2.{n} -all") for n in range(30)},
        "_dmarc.example.com": txt("v=DMARC1; p=reject"),
    }
    zone = h.Zone.from_dict(world)
    asked = h.RecordingDns(zone)
    h.diagnose(PLAIN, dns=asked, envelope=UNLISTED, now=NOW)
    h.diagnose(PLAIN, dns=asked, envelope=replace(ELSEWHERE, mail_from="owner@mailbox.example"), now=NOW)
    assert len(asked.questions) < 500


# ------------------------------------------------------------------------ what is refused


def test_without_dns_nothing_is_proposed_and_that_is_said():
    diagnosis = h.diagnose(MESSAGES / "incident_bounce.eml", dns=None)
    assert (diagnosis.fixes, diagnosis.rejected_fixes) == ((), ())
    assert "No fixes are proposed: without DNS nothing could be tried out." in diagnosis.unchecked


def test_a_zone_of_somebody_else_is_said_to_be_one():
    zone = h.Zone.from_dict({"example.org": txt("v=spf1 -all")})
    diagnosis = h.diagnose(MESSAGES / "incident_bounce.eml", dns=zone)
    assert (diagnosis.fixes, diagnosis.rejected_fixes) == ((), ())
    assert any("no name fujiba.net" in sentence for sentence in diagnosis.unchecked)
    assert fixes.propose(diagnosis, zone) == ((), ())


def test_dns_that_does_not_answer_proves_nothing():
    zone = h.Zone.from_dict({"example.com": h.SERVFAIL, "_dmarc.example.com": txt("v=DMARC1; p=reject")})
    diagnosis = h.diagnose(PLAIN, dns=zone, envelope=ELSEWHERE)
    for fix in diagnosis.fixes:
        assert fix.proof.result == Result.PASS or fix.code == "policy_none"


def test_propose_takes_findings_and_diagnoses_made_without_dns(story):
    zone, raw = h.sample_zone("fujiba"), MESSAGES / "incident_bounce.eml"
    bounce = h.read_bounce(raw)
    found = collect(bounce.original, bounce, dns=zone, envelope=None, rules="rfc9989", now=None)
    without = find_cause(raw, dns=None)
    expected = [fix.code for fix in story.fixes]
    for given_ in (found, without, story):
        proposed, rejected = fixes.propose(given_, zone)
        assert [fix.code for fix in proposed] == expected
        assert [fix.code for fix in rejected] == [fix.code for fix in story.rejected_fixes]


@pytest.mark.parametrize(
    ("found", "dns", "words"),
    [
        ("a text", h.Zone.from_dict({}), "propose takes a diagnosis or its findings, not str"),
        (None, None, "propose needs dns"),
    ],
)
def test_misuse_is_one_clear_sentence(found, dns, words):
    with pytest.raises(TypeError, match=words):
        fixes.propose(found, dns)


def test_nothing_is_proposed_where_nothing_is_wrong():
    zone = h.Zone.from_dict(WORLD)
    for raw, cause in ((PLAIN, Cause.PASSES), (b"550 5.1.1 no such user", Cause.NOT_ABOUT_AUTHENTICATION)):
        diagnosis = h.diagnose(raw, dns=zone, envelope=OWNS_SERVER)
        assert (diagnosis.cause, diagnosis.fixes, diagnosis.rejected_fixes) == (cause, (), ())


# ------------------------------------------------------------------------------ display


def test_no_text_of_a_key_is_shown(story):
    """Keys are made on the spot: another process makes other ones, and outputs are compared."""
    public = services.make_key(services.AUTHOR_KEY).public
    fix = story.fixes[1]
    for shown in (
        json.dumps(story.to_dict()),
        html_of(story),
        text_of(story),
        h.evidence_pack(story),
        html_of(fix),
        text_of(fix),
        html_of(fix.changes[0]),
        fix.to_frame().to_html(),
    ):
        assert public[:40] not in shown
        assert public[40:120] not in shown


def test_two_processes_show_the_same(story):
    code = (
        "import helpers as h, hashlib, json\n"
        f"d = h.diagnose({str(MESSAGES / 'incident_bounce.eml')!r}, dns=h.sample_zone('fujiba'))\n"
        "print(d._repr_html_() + json.dumps(d.to_dict()) + h.evidence_pack(d))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True, cwd=ROOT / "src"
    )
    assert (
        run.stdout.strip()
        == story._repr_html_() + json.dumps(story.to_dict()) + h.evidence_pack(story).strip()
    )


def test_the_diagnosis_shows_fixes_after_the_evidence(story):
    text = text_of(story)
    assert text.index("refusal") < text.index("what helps") < text.index("tried in vain")
    assert "s1._domainkey" in text
    assert "Steps of the proofs" not in text, "proofs are folded, and the terminal stays short"
    assert "<summary>Steps of the proofs" in html_of(story)
    frame = story.fixes[-1].to_frame()
    assert list(frame.columns) == ["do", "type", "host", "value", "now there", "full name"]
    assert frame.loc[0, "host"] == "_dmarc"


def test_the_command_line_carries_both():
    run = subprocess.run(
        [
            sys.executable, "-m", "helpers", "diagnose", str(MESSAGES / "incident_bounce.eml"),
            "--zone", str(ROOT / "data/zones/fujiba.zone"), "--json",
        ],
        capture_output=True, encoding="utf-8", check=True, cwd=ROOT / "src",
    )  # fmt: skip
    plain = json.loads(run.stdout)
    proven = [fix for fix in plain["fixes"] if fix["changes"] and fix["proof"]["result"] == "pass"]
    assert len(proven) >= 2
    assert {"action", "type", "name", "host", "value", "before"} == proven[0]["changes"][0].keys()
    assert proven[0]["proof"]["steps"]
    include = next(fix for fix in plain["rejected_fixes"] if fix["code"] == "spf_include")
    assert (include["proof"]["result"], "never read" in include["why"]) == ("fail", True)


# ------------------------------------------------------------------------ evidence pack

ATTACK = (
    "`x` ```y``` | <script>alert(1)</script> **b** [l](https://evil.example) ![i](x) www.evil.example $z$ # h"
)


class Tags(HTMLParser):
    """The tags that a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.found.add(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data):
        self.text += data


def rendered(markdown: str) -> Tags:
    to_html = mistune.create_markdown(escape=False, plugins=["url", "table", "strikethrough", "footnotes"])
    tags = Tags()
    tags.feed(to_html(markdown))
    return tags


OURS = {"h1", "h2", "h3", "p", "ul", "li", "code", "pre", "strong"}


def test_nothing_in_a_mail_becomes_markup_in_the_pack():
    raw = (
        f"Return-Path: <{ATTACK.split()[0]}@mailbox.example>\r\n"
        f"Authentication-Results: {ATTACK}; spf=pass smtp.mailfrom={ATTACK}@mailbox.example\r\n"
        f"From: {ATTACK} <monthly@example.com>\r\nSubject: {ATTACK}\r\n\r\n{ATTACK}"
    ).encode()
    zone = h.Zone.from_dict(WORLD).with_records(
        "_dmarc.example.com", "TXT", [f"v=DMARC1; p=reject; x={ATTACK}"]
    )
    zone = zone.with_records("example.com", "TXT", [f"v=spf1 include:{ATTACK} ~all"])
    bounce = f"550 5.7.1 rejected due to DMARC policy {ATTACK}".encode()
    for source in (raw, bounce):
        for dns in (zone, None):
            for hide in (True, False):
                tags = rendered(h.evidence_pack(h.diagnose(source, dns=dns), hide_addresses=hide))
                assert tags.found <= OURS
                assert tags.links == []
    shown = rendered(h.evidence_pack(h.diagnose(bounce, dns=None))).text
    assert "<script>alert(1)</script>" in shown, "it stays readable"


@pytest.mark.parametrize("row", ROWS, ids=[row["file"] for row in ROWS])
def test_the_pack_of_every_sample_is_plain_markdown(row):
    diagnosis = h.diagnose(MESSAGES / row["file"], dns=h.sample_zone(row["zone"]))
    pack = h.evidence_pack(diagnosis)
    tags = rendered(pack)
    assert tags.found <= OURS
    assert tags.links == []
    for fix in diagnosis.fixes:
        for change in fix.changes:
            assert f"host {change.host}" in pack
            assert " ".join((change.value or change.before).split()) in pack


def test_the_pack_has_facts_with_sources_what_failed_and_what_is_unknown(story):
    pack = h.evidence_pack(story)
    assert pack.startswith("# Authenticated as somebody else\n")
    for part in ("## Facts", "## What helps, proven", "## Tried in vain", "## Not known", "RFC 9989"):
        assert part in pack
    assert "(stated, `mx1.737flight.example, quoted by Google`)" in pack


def test_addresses_can_be_hidden_consistently(story):
    open_, hidden = h.evidence_pack(story), h.evidence_pack(story, hide_addresses=True)
    assert "owner.example@gmail.com" in open_
    assert "owner.example" not in hidden
    assert hidden.count("person1@gmail.com") == open_.count("owner.example@gmail.com") > 1
    assert "mailto:dmarc@" not in hidden
    assert not re.search(r"(?<![\w.])(?!person\d)[\w.+=-]+@[\w.]", hidden)


def test_the_pack_is_about_a_diagnosis():
    with pytest.raises(TypeError, match="takes a diagnosis, not str"):
        h.evidence_pack("550 5.7.1 no")


# ------------------------------------------------------------------------------ overlay

BASE = h.Zone.from_dict(
    {
        "example.com": {"TXT": ["a"], "MX": [(10, "mx.example.com")]},
        "alias.example.com": {"CNAME": "target.example.org"},
        "target.example.org": {"TXT": ["t"], "A": ["192.0.2.1"]},
        "deep.down.example.com": {"TXT": ["d"]},
        "broken.example.com": {"TXT": h.SERVFAIL},
    }
)
ANY_DNS = BASE.__call__  # answers alike, and does not show that it is a zone
NAMES = [
    "example.com", "alias.example.com", "target.example.org", "deep.down.example.com", "down.example.com",
    "broken.example.com", "new.example.com", "far.below.new.example.com", "below.new.example.com",
    "nothing.example.net",
]  # fmt: skip
CHANGED = st.dictionaries(
    st.sampled_from(NAMES),
    st.sampled_from(
        [
            {"TXT": ["new"]},
            {"TXT": []},
            {"CNAME": "target.example.org"},
            {"CNAME": "alias.example.com"},
            {"CNAME": "new.example.com"},
            {"CNAME": []},
            {"CNAME": [], "A": ["192.0.2.7"]},
            {"A": h.TIMEOUT},
            {},
        ]
    ),
    max_size=3,
)


@settings(max_examples=300, deadline=None)
@given(changes=CHANGED, name=st.sampled_from(NAMES), rdtype=st.sampled_from(["TXT", "A", "MX", "CNAME"]))
def test_an_overlay_over_any_dns_answers_as_one_over_the_zone(changes, name, rdtype):
    exact = h.Overlay(BASE, changes)
    general = h.Overlay(ANY_DNS, changes)
    assert general(name, rdtype) == exact(name, rdtype)
    assert general(name, rdtype).chain == exact(name, rdtype).chain


@pytest.mark.parametrize("base", [BASE, ANY_DNS], ids=["zone", "dns"])
def test_an_overlay_changes_what_it_names_and_nothing_else(base):
    what_if = h.Overlay(
        base,
        {
            "example.com": {"TXT": ["b"]},
            "target.example.org": {"TXT": ["changed"]},
            "www.example.com": {"CNAME": "alias.example.com"},
            "gone.example.com": {"TXT": h.TIMEOUT},
        },
    )
    assert what_if("example.com", "txt").values == ("b",)
    assert what_if("Example.COM.", "MX").values == ((10, "mx.example.com"),)
    assert what_if("alias.example.com", "TXT").values == ("changed",)
    assert what_if("www.example.com", "TXT").values == ("changed",)
    assert what_if("www.example.com", "A").chain == ("alias.example.com", "target.example.org")
    assert what_if("gone.example.com", "TXT").status == DnsStatus.FAILURE
    assert what_if("broken.example.com", "TXT").status == DnsStatus.FAILURE
    assert what_if("x." * 200, "TXT").status == DnsStatus.NXDOMAIN
    assert BASE("example.com", "TXT").values == ("a",)
    assert repr(what_if).startswith("<Overlay: ")


def test_an_overlay_over_an_overlay():
    first = h.Overlay(BASE, {"example.com": txt("b")})
    assert h.Overlay(first, {"new.example.com": txt("n")})("example.com", "TXT").values == ("b",)
    assert h.Overlay(first, h.Zone.from_dict({"example.com": txt("c")}))("example.com", "TXT").values == (
        "c",
    )


def test_an_overlay_of_cnames_in_a_circle_fails_as_dns_does():
    circle = {"a.example": {"CNAME": "b.example"}, "b.example": {"CNAME": "a.example"}}
    assert h.Overlay(ANY_DNS, circle)("a.example", "TXT").status == DnsStatus.FAILURE


def test_bad_overlays_are_refused_in_a_sentence():
    with pytest.raises(TypeError, match="needs dns"):
        h.Overlay(None, {})
    with pytest.raises(ValueError, match="not an IPv4 address"):
        h.Overlay(BASE, {"example.com": {"A": ["nine"]}})
    with pytest.raises(ValueError, match="only be laid over a zone"):
        h.Overlay(ANY_DNS, {"*.example.com": txt("x")})


# ------------------------------------------------------------------------ text of records


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("v=spf1;include:a.example;~all", "v=spf1 include:a.example ~all"),
        ("v=spf1 ipv4:192.0.2.1, a mx -all", "v=spf1 ip4:192.0.2.1 a mx -all"),
        ("spf1 include:a.example ~all", "v=spf1 include:a.example ~all"),
        ("v=spf1 include=a.example -all", "v=spf1 include:a.example -all"),
        ("v=spf1 a:192.0.2.5 ~all", "v=spf1 ip4:192.0.2.5 ~all"),
        ("v=spf1 ip4:2001:db8::1 ~all", "v=spf1 ip6:2001:db8::1 ~all"),
        ("v=spf1 all ip4:192.0.2.1 foo", "v=spf1 ip4:192.0.2.1 all"),
        ("v=spf1 include:https://a.example/ -all", "v=spf1 include:a.example -all"),
        ("v=spf1\u00a0mx ~all", "v=spf1 mx ~all"),
        ("\u201cv=spf1 mx -all\u201d", "v=spf1 mx -all"),
        ("v=spf1 redirect=a.example redirect=b.example", "v=spf1 redirect=a.example"),
        ("v=spf1 ip4:192.0.2.300 -all", "v=spf1 -all"),
        ("v=spf1 mx -all", None),
        ("v=spf2.0/mfrom a", None),
        ("google-site-verification=abc", None),
    ],
)
def test_spf_as_it_was_meant(written, meant):
    assert respelled(written) == meant


@given(st.text(max_size=80))
@settings(deadline=None)
def test_any_text_is_survived_by_the_menders(text):
    new = respelled(f"v=spf1 {text}")
    assert new is None or h.parse_spf(new).problems == ()
    assert h.parse_spf(with_term(f"v=spf1 {text}", "ip4:192.0.2.1")) is not None
    is_almost_spf(text)
    merged([text, f"v=spf1 {text}"])
    with_tag(text, "p", "none")


@pytest.mark.parametrize(
    ("record", "tag", "value", "after"),
    [
        ("v=DMARC1; p=reject", "p", "none", "v=DMARC1; p=none"),
        ("v=DMARC1;p=reject;aspf=s;", "aspf", None, "v=DMARC1; p=reject"),
        ("v=DMARC1; rua=mailto:a@b.example", "p", "none", "v=DMARC1; p=none; rua=mailto:a@b.example"),
        ("v=DMARC1; p=reject; rua=x:y", "sp", "none", "v=DMARC1; p=reject; sp=none; rua=x:y"),
        ("v=DMARC1; P=reject; p=none", "p", "quarantine", "v=DMARC1; p=quarantine"),
    ],
)  # fmt: skip
def test_tags_of_a_dmarc_record(record, tag, value, after):
    assert with_tag(record, tag, value) == after
