"""Sending services: the data file, the records, each service simulated, and the choice."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import dkim
import pytest

import helpers as h
from helpers import services
from helpers.authentication import authenticate
from helpers.dkim import verify_dkim
from helpers.lookup import RecordingDns, Zone
from helpers.message import read_message
from helpers.services.facts import FACTS, document
from helpers.services.send import PURPOSES
from helpers.terms import Result

SIX = ("mailgun", "mailtrap", "google_workspace", "sendgrid", "postmark", "ses")
OTHERS = ("gmail", "gmail_send_as", "cloudflare", "resend", "brevo", "fastmail", "icloud", "zoho")
ALL = (*SIX, *OTHERS)
DOMAIN = "fujiba.net"
ONLY_A_POLICY = Zone.from_dict({f"_dmarc.{DOMAIN}": {"TXT": ["v=DMARC1; p=reject"]}})
MAIL = (
    b"From: Fujiba Office <monthly@fujiba.net>\r\nTo: reader@example.jp\r\nSubject: Monthly report\r\n"
    b"Date: Fri, 9 May 2025 10:00:00 +0900\r\nMessage-ID: <1@fujiba.net>\r\n\r\nThe report is ready.\r\n"
)
SAMPLE = Path(__file__).resolve().parent.parent / "data" / "sample_headers" / "incident_received.eml"


def checked(sent: services.Sent, zone: Zone) -> Any:
    return authenticate(sent.message, envelope=sent.envelope, dns=sent.zone(zone))


def concrete(service: str, **how: Any) -> tuple[services.DnsRecord, ...]:
    return services.records_for(service, domain=DOMAIN, example=True, **how)


# ------------------------------------------------------------------- the data file


def test_the_file_has_the_services_of_the_story_and_the_others() -> None:
    assert tuple(service.id for service in services.all_services()) == ALL
    assert set(document()) == {"about", "sources", "services"}


DATE = r"20\d\d(-\d\d(-\d\d)?)?|undated"


@pytest.mark.parametrize("source", document()["sources"])
def test_every_source_has_title_and_date_and_is_used(source: str) -> None:
    row = document()["sources"][source]
    assert sorted(row) == ["date", "title"]
    assert re.fullmatch(DATE, row["date"]), row
    assert len(row["title"]) > 10
    assert f'"source": "{source}"' in json.dumps(document()["services"])


# What a value may be, besides None for what is not known.
KINDS: dict[str, type | tuple[type, ...]] = {
    "selectors": list,
    "free_messages_per_month": int,
    "free_messages_per_day": int,
    "free_months": int,
    "paid_messages_per_month": int,
    "price_per_month_usd": float,
    "smtp_submission": bool,
    "setup_ease": int,
    "dns_ease": int,
}
REQUIRED = {"id", "name", "aliases", "kind", "caveats", "changed_since", "records", "simulated", *FACTS}
OPTIONAL = {"regions", "selector", "via"}


def problems_of(entry: dict[str, Any], sources: set[str]) -> list[str]:
    """What is wrong with an entry of the file: the schema, as code."""
    found = [f"missing {key}" for key in REQUIRED - set(entry)]
    found += [f"unknown {key}" for key in set(entry) - REQUIRED - OPTIONAL]
    for field in FACTS:
        row = entry.get(field)
        if not isinstance(row, dict):
            found.append(f"{field}: no value with a source")
            continue
        if not {"value", "source"} <= set(row) <= {"value", "source", "note"}:
            found.append(f"{field}: keys {sorted(row)}")
            continue
        if row["source"] not in sources:
            found.append(f"{field}: no source {row['source']}")
        kind = KINDS.get(field, str)
        if row["value"] is None and not row.get("note"):
            found.append(f"{field}: unknown, and no note says why")
        if row["value"] is not None and type(row["value"]) is not kind:
            found.append(f"{field}: {row['value']!r} is not {kind}")
    for field in ("setup_ease", "dns_ease"):
        row = entry.get(field) or {}
        if row.get("value") not in (None, 1, 2, 3, 4, 5) or not row.get("note"):
            found.append(f"{field}: from 1 to 5, with a reason")
    if (entry.get("mx") or {}).get("value") not in ("stays", "moves"):
        found.append("mx: stays or moves")
    rows = [("caveat", {"value", "source"}), ("changed_since", {"field", "then", "now", "source"})]
    for name, keys in rows:
        for row in entry.get("caveats" if name == "caveat" else name, []):
            if set(row) != keys or row["source"] not in sources or not all(row.values()):
                found.append(f"{name}: {row}")
    for row in entry.get("records", []):
        if set(row) - {"note"} != {"purpose", "type", "host", "value", "required", "source"}:
            found.append(f"record: keys {sorted(row)}")
        elif row["purpose"] not in PURPOSES or row["type"] not in ("TXT", "CNAME", "MX"):
            found.append(f"record: {row['purpose']} {row['type']}")
        elif row["source"] not in sources:
            found.append(f"record: no source {row['source']}")
    return found


@pytest.mark.parametrize("entry", document()["services"], ids=lambda entry: entry["id"])
def test_an_entry_fits_the_schema(entry: dict[str, Any]) -> None:
    assert problems_of(entry, set(document()["sources"])) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, None),
        ({"smtp_host": "smtp.example.net"}, "smtp_host: no value with a source"),
        ({"smtp_host": {"value": None, "source": "tried"}}, "smtp_host: unknown, and no note says why"),
        ({"smtp_host": {"value": 1, "source": "tried"}}, "smtp_host: 1 is not <class 'str'>"),
        ({"smtp_host": {"value": "a", "source": "hearsay"}}, "smtp_host: no source hearsay"),
        (
            {"setup_ease": {"value": 6, "source": "tried", "note": "x"}},
            "setup_ease: from 1 to 5, with a reason",
        ),
        ({"weather": 1}, "unknown weather"),
    ],
)
def test_the_schema_finds_faults(change: dict[str, Any], problem: str | None) -> None:
    found = problems_of(document()["services"][0] | change, set(document()["sources"]))
    assert found == ([problem] if problem else [])


@pytest.mark.parametrize("service", ALL)
def test_every_field_has_source_and_date(service: str) -> None:
    found = services.find(service)
    rows = found.facts
    assert {row.field for row in rows} == {*FACTS, *(["caveat"] if found.caveats else [])}
    assert len([row for row in rows if row.field == "caveat"]) == len(found.caveats)
    for row in rows:
        assert row.source
        assert re.fullmatch(DATE, row.date), row
        if row.field != "caveat":
            assert row.value == getattr(found, row.field) == found.fact(row.field).value
        if row.value is None:
            assert row.note
    for record in services.records_for(service, domain=DOMAIN):
        assert record.source
        assert re.fullmatch(DATE, record.date)


# What may be unknown of the six that have to be complete, and what about each has to be said.
UNKNOWN = {
    "mailtrap": {"return_path_default", "dkim_default"},  # it sends nothing before verification
    "google_workspace": {"paid_messages_per_month", "price_per_month_usd"},  # sources contradict
    "postmark": {"free_messages_per_day"},
    "ses": {"free_messages_per_day"},
}
CAVEATS = {
    "mailgun": ("whatever From says", "forwarding"),
    "mailtrap": ("_dmarc", "aspf=s"),
    "google_workspace": ("MX has to move",),
    "sendgrid": ("sendgrid.net, and DMARC fails", "aspf=s"),
    "postmark": ("No SPF record is needed", "aspf=s"),
    "ses": ("falls back to amazonses.com", "aspf=s"),
}


@pytest.mark.parametrize("service", SIX)
def test_the_six_are_complete(service: str) -> None:
    found = services.find(service)
    unknown = {row.field for row in found.facts if row.value is None}
    assert unknown == UNKNOWN.get(service, set())
    for words in CAVEATS[service]:
        assert any(words in caveat for caveat in found.caveats), words


def test_what_changed_since_the_story() -> None:
    changes = {(row.service, row.field): row for row in services.changed_since()}
    mailtrap = changes["mailtrap", "free messages per month"]
    assert (mailtrap.then, mailtrap.now[:5]) == ("1,000", "4,000")
    assert ("google_workspace", "price per user and month") in changes
    assert all(
        row.then != row.now and row.source and re.fullmatch(DATE, row.date) for row in changes.values()
    )


# ------------------------------------------------------------------------ look-ups


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("Mailtrap", "mailtrap"),
        ("  MAILGUN ", "mailgun"),
        ("Amazon SES", "ses"),
        ("aws-ses", "ses"),
        ("Google Workspace", "google_workspace"),
        ("G Suite", "google_workspace"),
        ("Twilio SendGrid", "sendgrid"),
        ("Gmail", "gmail"),
        ("smtp.gmail.com", "gmail"),
        ("Send mail as", "gmail_send_as"),
        ("iCloud+", "icloud"),
        ("Zoho", "zoho"),
    ],
)
def test_a_service_is_found_by_any_of_its_names(name: str, service: str) -> None:
    assert services.find(name).id == service
    assert services.find(services.find(name)) is services.find(name)


@pytest.mark.parametrize("name", ["Mailchimp", "", "+", None, 7])
def test_an_unknown_service_is_one_clear_sentence(name: Any) -> None:
    for call in (
        lambda: services.find(name),
        lambda: services.records_for(name, domain=DOMAIN),
        lambda: services.send_through(name, MAIL, domain=DOMAIN, verified=True),
        lambda: services.simulate(MAIL, domain=DOMAIN, dns_zone=ONLY_A_POLICY, services=[name]),
        lambda: services.choose(already=[name]),
    ):
        with pytest.raises(ValueError, match=r"^there is no service ") as caught:
            call()
        assert repr(name) in str(caught.value)
        assert all(service in str(caught.value) for service in ALL)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        ("", "not a domain name"),
        ("fujiba", "public suffix"),
        ("net", "public suffix"),
        ("co.jp", "public suffix"),
        ("fujiba..net", "not a domain name"),
        ("-fujiba.net", "not a domain name"),
        ("_dmarc.fujiba.net", "not a domain name"),
        ("monthly@fujiba.net", "not a domain name"),
        ("https://fujiba.net/", "not a domain name"),
        ("fujiba .net", "not a domain name"),
        ("192.0.2.1", "an address"),
        ("a" * 64 + ".net", "not a domain name"),
        (".".join(["a" * 60] * 3) + ".net", "leaves no room"),
        ("{domain}.net", "not a domain name"),
        (None, "not a domain name"),
        (7, "not a domain name"),
    ],
)
def test_an_invalid_domain_is_one_clear_sentence(domain: Any, words: str) -> None:
    for call in (
        lambda: services.records_for("mailtrap", domain=domain),
        lambda: services.send_through("mailtrap", MAIL, domain=domain, verified=False),
        lambda: services.simulate(MAIL, domain=domain, dns_zone=ONLY_A_POLICY),
    ):
        with pytest.raises(ValueError, match=words) as caught:
            call()
        assert "\n" not in str(caught.value)


# ------------------------------------------------------------------------- records

EXPECTED = {
    "mailgun": [
        ("SPF", "TXT", "@", "v=spf1 include:mailgun.org ~all", True),
        ("DKIM key", "TXT", "mx._domainkey", "k=rsa; p={key}", True),
        ("tracking", "CNAME", "email", "mailgun.org", False),
        ("receiving MX", "MX", "@", "10 mxa.mailgun.org", False),
        ("receiving MX", "MX", "@", "10 mxb.mailgun.org", False),
    ],
    "mailtrap": [
        ("Return-Path", "CNAME", "mt{number}", "smtp.mailtrap.live", True),
        ("DKIM key", "CNAME", "rwmt1._domainkey", "rwmt1.dkim.smtp.mailtrap.live", True),
        ("DKIM key", "CNAME", "rwmt2._domainkey", "rwmt2.dkim.smtp.mailtrap.live", True),
        ("tracking", "CNAME", "mt-link", "t.mailtrap.live", False),
        ("DMARC", "TXT", "_dmarc", "v=DMARC1; p=none; rua=mailto:dmarc@smtp.mailtrap.net", False),
    ],
    "google_workspace": [
        ("SPF", "TXT", "@", "v=spf1 include:_spf.google.com ~all", True),
        ("DKIM key", "TXT", "google._domainkey", "v=DKIM1; k=rsa; p={key}", True),
        ("receiving MX", "MX", "@", "1 aspmx.l.google.com", True),
        ("receiving MX", "MX", "@", "5 alt1.aspmx.l.google.com", True),
        ("receiving MX", "MX", "@", "5 alt2.aspmx.l.google.com", True),
        ("receiving MX", "MX", "@", "10 alt3.aspmx.l.google.com", True),
        ("receiving MX", "MX", "@", "10 alt4.aspmx.l.google.com", True),
    ],
    "sendgrid": [
        ("Return-Path", "CNAME", "em{number}", "u{userid}.wl{server}.sendgrid.net", True),
        ("DKIM key", "CNAME", "s1._domainkey", "s1.domainkey.u{userid}.wl{server}.sendgrid.net", True),
        ("DKIM key", "CNAME", "s2._domainkey", "s2.domainkey.u{userid}.wl{server}.sendgrid.net", True),
        ("DMARC", "TXT", "_dmarc", "v=DMARC1; p=none;", False),
    ],
    "postmark": [
        ("DKIM key", "TXT", "{timestamp}pm._domainkey", "k=rsa; p={key}", True),
        ("Return-Path", "CNAME", "pm-bounces", "pm.mtasv.net", True),
    ],
    "ses": [
        ("DKIM key", "CNAME", "{token1}._domainkey", "{token1}.dkim.amazonses.com", True),
        ("DKIM key", "CNAME", "{token2}._domainkey", "{token2}.dkim.amazonses.com", True),
        ("DKIM key", "CNAME", "{token3}._domainkey", "{token3}.dkim.amazonses.com", True),
        ("Return-Path", "MX", "bounce", "10 feedback-smtp.us-east-1.amazonses.com", True),
        ("SPF", "TXT", "bounce", "v=spf1 include:amazonses.com ~all", True),
    ],
    "gmail": [],
}


@pytest.mark.parametrize("service", EXPECTED)
def test_the_records_are_exact(service: str) -> None:
    records = services.records_for(service, domain=DOMAIN)
    assert [(r.purpose, r.type, r.host, r.value, r.required) for r in records] == EXPECTED[service]
    for record in records:
        assert record.name == (DOMAIN if record.host == "@" else f"{record.host}.{DOMAIN}")
        assert not record.host.endswith(DOMAIN)  # the panel appends it


def test_hosts_are_relative_to_the_registered_domain() -> None:
    records = services.records_for("mailgun", domain="mg.example.co.jp")
    assert [(r.name, r.host) for r in records[:2]] == [
        ("mg.example.co.jp", "mg"),
        ("mx._domainkey.mg.example.co.jp", "mx._domainkey.mg"),
    ]
    assert (
        services.records_for("postmark", domain="Bücher.example")[1].name
        == "pm-bounces.xn--bcher-kva.example"
    )


def test_regions_and_selectors() -> None:
    assert (
        services.records_for("mailgun", domain=DOMAIN, region="eu")[0].value
        == "v=spf1 include:eu.mailgun.org ~all"
    )
    assert services.records_for("mailgun", domain=DOMAIN, selector="pic")[1].host == "pic._domainkey"
    ses = services.records_for("ses", domain=DOMAIN, region="ap-northeast-1")
    assert ses[3].value == "10 feedback-smtp.ap-northeast-1.amazonses.com"
    assert services.records_for("zoho", domain=DOMAIN, region="eu")[2].value == "10 mx.zoho.eu"


@pytest.mark.parametrize(
    ("service", "how", "words"),
    [
        ("mailgun", {"region": "mars"}, "no region 'mars'; there are: us, eu"),
        ("ses", {"region": "Tokyo"}, "'Tokyo' is no region of Amazon SES"),
        ("ses", {"region": 1}, "1 is no region of Amazon SES"),
        ("mailtrap", {"region": "eu"}, "Mailtrap has no regions"),
        ("mailtrap", {"selector": "mine"}, "Mailtrap chooses the DKIM selectors itself"),
        ("mailgun", {"selector": "a b"}, "'a b' can't be a DKIM selector"),
        ("mailgun", {"selector": ""}, "'' can't be a DKIM selector"),
    ],
)
def test_regions_and_selectors_that_are_none(service: str, how: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        services.records_for(service, domain=DOMAIN, **how)


@pytest.mark.parametrize("service", ALL)
def test_an_example_fills_in_what_the_dashboard_tells_and_nothing_else(service: str) -> None:
    printed, filled = services.records_for(service, domain=DOMAIN), concrete(service)
    assert len(printed) == len(filled)
    for before, after in zip(printed, filled, strict=True):
        assert (before.purpose, before.type, before.required) == (after.purpose, after.type, after.required)
        assert after.placeholders == ()
        if not before.placeholders:
            assert before == after
        pattern = re.sub(r"\\\{\w+\\\}", "[A-Za-z0-9+/=._-]+", re.escape(f"{before.name} {before.value}"))
        assert re.fullmatch(pattern, f"{after.name} {after.value}")


# ---------------------------------------------------------------------- publishing


def test_publishing_keeps_one_spf_record_and_one_policy() -> None:
    mine = Zone.from_dict(
        {
            DOMAIN: {"TXT": ["v=spf1 include:mailgun.org ~all", "site=1"], "MX": [(10, "mx.example.com")]},
            f"_dmarc.{DOMAIN}": {"TXT": ["v=DMARC1; p=reject"]},
        }
    )
    workspace = services.publish(mine, concrete("google_workspace"))
    assert workspace(DOMAIN, "TXT").values == (
        "v=spf1 include:mailgun.org include:_spf.google.com ~all",
        "site=1",
    )
    assert len(workspace(DOMAIN, "MX").values) == 5
    mailtrap = services.publish(mine, concrete("mailtrap"))
    assert mailtrap(f"_dmarc.{DOMAIN}", "TXT").values == ("v=DMARC1; p=reject",)
    assert mailtrap(DOMAIN, "MX").values == ((10, "mx.example.com"),)
    mailgun = services.publish(mine, concrete("mailgun"))
    assert mailgun(DOMAIN, "TXT") == mine(DOMAIN, "TXT")  # the include is there already
    assert mailgun(DOMAIN, "MX") == mine(DOMAIN, "MX")  # Mailgun's are not required
    assert mine(DOMAIN, "MX").values == ((10, "mx.example.com"),)


def test_a_record_with_placeholders_is_not_published() -> None:
    with pytest.raises(ValueError, match=re.escape("{number} in a record is still to be filled in")):
        services.publish(Zone(), services.records_for("mailtrap", domain=DOMAIN))


@pytest.mark.parametrize(
    ("there", "merged"),
    [
        ("v=spf1 -all", "v=spf1 include:mailgun.org -all"),
        ("v=spf1 ?all", "v=spf1 include:mailgun.org ?all"),
        ("v=spf1", "v=spf1 include:mailgun.org"),
        ("v=spf1 mx redirect=_spf.example.com", "v=spf1 mx include:mailgun.org redirect=_spf.example.com"),
        ("v=spf1 INCLUDE:Mailgun.org ~all", "v=spf1 INCLUDE:Mailgun.org ~all"),
    ],
)
def test_merging_spf_records(there: str, merged: str) -> None:
    assert services.merged_spf(there, "v=spf1 include:mailgun.org ~all") == merged


# ----------------------------------------------------------- each service, simulated


@pytest.mark.parametrize("service", SIX)
def test_unverified_fails_and_verified_passes_with_exactly_the_printed_records(service: str) -> None:
    before = services.send_through(service, MAIL, domain=DOMAIN, verified=False)
    assert before.records == ()
    assert checked(before, ONLY_A_POLICY).dmarc.result == Result.FAIL

    after = services.send_through(service, MAIL, domain=DOMAIN, verified=True)
    assert after.records == concrete(service)
    zone = after.zone(ONLY_A_POLICY)
    assert {name for name in zone.names() if name.endswith(DOMAIN)} == {
        f"_dmarc.{DOMAIN}",
        *(record.name for record in after.records),
    }
    found = checked(after, ONLY_A_POLICY)
    assert found.dmarc.result == Result.PASS
    assert found.dmarc.spf_aligned
    assert found.dmarc.dkim_aligned
    assert found.spf.result == Result.PASS
    assert all(check.result == Result.PASS for check in found.dkim)


@pytest.mark.parametrize("service", SIX)
@pytest.mark.parametrize("purpose", ["DKIM key", "Return-Path", "SPF"])
def test_one_aligned_identifier_is_enough_and_none_is_not(service: str, purpose: str) -> None:
    """Each kind of record left out takes away its own identifier and no other."""
    sent = services.send_through(service, MAIL, domain=DOMAIN, verified=True, left_out=[purpose])
    found = checked(sent, ONLY_A_POLICY).dmarc
    asked = {record.purpose for record in concrete(service)}
    assert found.result == Result.PASS
    assert found.dkim_aligned == (purpose != "DKIM key")
    assert found.spf_aligned == (purpose == "DKIM key" or purpose not in asked)
    both = services.send_through(
        service, MAIL, domain=DOMAIN, verified=True, left_out=["DKIM key", "Return-Path", "SPF"]
    )
    assert checked(both, ONLY_A_POLICY).dmarc.result == Result.FAIL


@pytest.mark.parametrize("service", SIX)
def test_with_alignment_gone_the_service_itself_still_passes_spf(service: str) -> None:
    """A raw pass is not the point: SPF and DKIM pass for the service, which is not the author."""
    found = checked(services.send_through(service, MAIL, domain=DOMAIN, verified=False), ONLY_A_POLICY)
    if service == "google_workspace":  # the user's own address, and no record that lists Google
        assert found.spf.domain == DOMAIN
        assert found.spf.result == Result.NONE
    else:
        assert found.spf.result == Result.PASS
    assert all(check.result == Result.PASS for check in found.dkim)
    assert found.dkim


def test_ses_falls_back_to_amazonses_without_its_mx() -> None:
    sent = services.send_through("ses", MAIL, domain=DOMAIN, verified=True, left_out=["Return-Path"])
    assert (sent.envelope.mail_from or "").endswith(".amazonses.com")
    found = checked(sent, ONLY_A_POLICY)
    assert found.spf.result == Result.PASS
    assert not found.dmarc.spf_aligned
    assert found.dmarc.result == Result.PASS  # on DKIM alone: nobody notices


STRICT = {
    "mailgun": ("MAIL FROM fujiba.net", "DKIM d=fujiba.net"),
    "google_workspace": ("MAIL FROM fujiba.net", "DKIM d=fujiba.net"),
    "mailtrap": ("DKIM d=fujiba.net",),
    "sendgrid": ("DKIM d=fujiba.net",),
    "postmark": ("DKIM d=fujiba.net",),
    "ses": ("DKIM d=fujiba.net",),
    "gmail": (),
    "gmail_send_as": ("DKIM d=fujiba.net",),
    "cloudflare": ("DKIM d=fujiba.net",),
    "resend": ("DKIM d=fujiba.net",),
    "brevo": ("DKIM d=fujiba.net",),
    "fastmail": ("MAIL FROM fujiba.net", "DKIM d=fujiba.net"),
    "icloud": ("MAIL FROM fujiba.net", "DKIM d=fujiba.net"),
    "zoho": ("MAIL FROM fujiba.net", "DKIM d=fujiba.net"),
}


@pytest.fixture(scope="module")
def rows() -> dict[str, services.Simulation]:
    found = services.simulate(SAMPLE, domain=DOMAIN, dns_zone=h.sample_zone("fujiba"))
    return {row.service: row for row in found}


@pytest.mark.parametrize("service", ALL)
def test_the_same_mail_through_every_service(service: str, rows: dict[str, services.Simulation]) -> None:
    row = rows[service]
    verdict = Result.FAIL if service == "gmail" else Result.PASS
    assert row.before == row.strict_before == Result.FAIL
    assert row.after == row.strict_after == verdict
    assert row.strict_aligned == STRICT[service]
    assert set(row.strict_aligned) <= set(row.aligned)
    assert row.why
    assert row.strict_why
    if row.aligned != row.strict_aligned:  # a Return-Path at a subdomain
        assert "aspf=s asks for identical names" in row.strict_why
    assert list(rows) == list(ALL)


def test_relaxed_and_strict_are_asked_for_whatever_the_zone_says() -> None:
    zone = Zone.from_dict({f"_dmarc.{DOMAIN}": {"TXT": ["v=DMARC1; p=reject; aspf=s; adkim=s; sp=none"]}})
    row = services.simulate(MAIL, domain=DOMAIN, dns_zone=zone, services=["mailtrap"])[0]
    assert row.aligned == ("MAIL FROM mt64.fujiba.net", "DKIM d=fujiba.net")
    changed = services.with_alignment(zone, DOMAIN, h.parse_dmarc("v=DMARC1; p=none", DOMAIN).aspf)
    assert changed(f"_dmarc.{DOMAIN}", "TXT").values == ("v=DMARC1; p=reject; sp=none; adkim=r; aspf=r",)


def test_from_at_a_subdomain_is_aligned_only_relaxed() -> None:
    mail = MAIL.replace(b"monthly@fujiba.net", b"monthly@news.fujiba.net")
    row = services.simulate(mail, domain=DOMAIN, dns_zone=ONLY_A_POLICY, services=["mailtrap"])[0]
    assert (row.after, row.strict_after) == (Result.PASS, Result.FAIL)


def test_from_at_another_domain_fails_with_every_raw_pass() -> None:
    mail = MAIL.replace(b"monthly@fujiba.net", b"monthly@example.com")
    zone = Zone.from_dict({"_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject"]}})
    found = checked(services.send_through("mailgun", mail, domain=DOMAIN, verified=True), zone)
    assert (found.spf.result, found.dkim[0].result) == (Result.PASS, Result.PASS)
    assert found.dmarc.result == Result.FAIL


@pytest.mark.parametrize("policy", ["v=DMARC1; p=none", "v=DMARC1; p=reject; adkim=r; aspf=r"])
@pytest.mark.parametrize("include", ["", "include:_spf.google.com ", "include:mailgun.org "])
def test_plain_gmail_fails_whatever_the_owner_publishes(policy: str, include: str) -> None:
    zone = Zone.from_dict({DOMAIN: {"TXT": [f"v=spf1 {include}~all"]}, f"_dmarc.{DOMAIN}": {"TXT": [policy]}})
    for verified in (False, True):
        sent = services.send_through("gmail", SAMPLE, domain=DOMAIN, verified=verified)
        found = checked(sent, zone)
        assert found.dmarc.result == Result.FAIL
        assert found.spf.domain == "gmail.com"
        assert found.spf.result == Result.PASS
        assert found.dkim == ()
        assert sent.message.get("X-Google-DKIM-Signature") is not None
        asked = RecordingDns(sent.zone(zone))
        h.check_spf(
            client_ip=sent.envelope.client_ip, mail_from=sent.envelope.mail_from, helo=None, dns=asked
        )
        assert not any(name.endswith(DOMAIN) for name, _ in asked.questions)


@pytest.mark.parametrize("service", ALL)
@pytest.mark.parametrize(
    "domain", ["mail.example.co.jp", "xn--r8jz45g.example", "a" * 63 + "." + "b" * 63 + ".net"]
)
def test_any_domain_can_be_simulated(service: str, domain: str) -> None:
    mail = MAIL.replace(b"fujiba.net", domain.encode())
    zone = Zone.from_dict({f"_dmarc.{domain}": {"TXT": ["v=DMARC1; p=reject"]}})
    sent = services.send_through(service, mail, domain=domain, verified=True)
    found = checked(sent, zone).dmarc
    assert found.result == (Result.FAIL if service == "gmail" else Result.PASS)
    assert found.dkim_aligned == (service != "gmail")


@pytest.mark.parametrize(("service", "region"), [("mailgun", "eu"), ("ses", "eu-west-1"), ("zoho", "in")])
def test_every_region_can_be_simulated(service: str, region: str) -> None:
    for verified in (False, True):
        sent = services.send_through(service, MAIL, domain=DOMAIN, verified=verified, region=region)
        found = checked(sent, ONLY_A_POLICY)
        assert found.spf.result == Result.PASS
        assert found.dmarc.result == (Result.PASS if verified else Result.FAIL)


def test_assumptions_are_said() -> None:
    before = services.send_through("mailtrap", MAIL, domain=DOMAIN, verified=False)
    assert len(before.notes) == 1
    assert before.notes[0].startswith(
        "Mailtrap sends nothing for a domain that is not set up there; simulated "
    )
    assert services.send_through("mailtrap", MAIL, domain=DOMAIN, verified=True).notes == ()
    for service in services.all_services():  # what is unknown in the data is an assumption in the simulation
        if service.return_path_default is None:
            assert services.send_through(service, MAIL, domain=DOMAIN, verified=False).notes


def test_only_documentation_addresses_are_used() -> None:
    inside = re.compile(r"(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+(/\d+)?|2001:db8:[0-9a-f:]+(/\d+)?")
    for service in ALL:
        sent = services.send_through(service, MAIL, domain=DOMAIN, verified=True)
        assert inside.fullmatch(sent.envelope.client_ip or "")
        for _, rdtype, value in sent.world.rows():
            addresses = [value] if rdtype in ("A", "AAAA") else re.findall(r"ip[46]:(\S+?)[\s\"]", value)
            assert all(inside.fullmatch(address) for address in addresses), value


# --------------------------------------------------------------------- the mail itself


def test_an_earlier_journey_is_taken_off_and_the_rest_stays() -> None:
    sent = services.send_through("mailtrap", SAMPLE, domain=DOMAIN, verified=True)
    names = [header.lname for header in sent.message.headers]
    assert names[0] == "dkim-signature"
    assert not {"return-path", "received", "authentication-results", "x-google-dkim-signature"} & set(names)
    original = read_message(SAMPLE)
    assert (sent.message.subject, sent.message.body) == (original.subject, original.body)
    assert sent.message.author_domain == DOMAIN
    assert original == read_message(SAMPLE)


HOSTILE = [
    b"",
    b"\r\n",
    b"no colon at all",
    b"From: a@fujiba.net\nSubject: x\x00y\x0bz\r w\n folded\n \n\tmore\n\nbody\rbody\x00\n\n\n",
    b"From: a@fujiba.net\r\nFrom: b@fujiba.net\r\n\r\nx",
    b'From: "a b"@fujiba.net\r\nTo: <\r\n\r\nx',
    b"From: =?utf-8?q?=00?= <a@[192.0.2.1]>\r\nTo: " + b"a" * 300 + b"@example.net\r\n\r\nx",
    b"From MAILER Fri\nFrom: a@fujiba.net\n\nFrom inside\n",
    b"\xff\xfe: x\nFrom: a@fujiba.net\nSubject: \xe3\x81\x82\n\n\xff",
    b" starts with a blank\nFrom: a@fujiba.net\n\n",
    b"DKIM-Signature: v=1\nX-Nothing:\nFrom: a@fujiba.net\n\n" + b"x" * 5000,
]


@pytest.mark.parametrize("raw", HOSTILE)
@pytest.mark.parametrize("service", ["mailgun", "google_workspace", "gmail"])
def test_odd_mail_never_raises_and_is_signed_correctly(raw: bytes, service: str) -> None:
    sent = services.send_through(service, raw, domain=DOMAIN, verified=True)
    found = checked(sent, ONLY_A_POLICY)
    assert all(check.result == Result.PASS for check in found.dkim)
    assert len(found.dkim) == (0 if service == "gmail" else 1)


def test_dkimpy_verifies_what_was_signed_and_so_does_the_kit() -> None:
    key = services.make_key("a test")
    raw = services.sign(MAIL, domain=DOMAIN, selector="s1", key=key)
    assert dkim.verify(raw, dnsfunc=lambda name, timeout=5: key.record.encode())
    zone = Zone.from_dict({f"s1._domainkey.{DOMAIN}": {"TXT": [key.record]}})
    (check,) = verify_dkim(raw, dns=zone)
    assert (check.result, check.domain, check.selector, check.key_bits) == (Result.PASS, DOMAIN, "s1", 2048)
    assert "from" in check.signed_headers
    changed = raw.replace(b"The report is ready.", b"The report is late.")
    assert verify_dkim(changed, dns=zone)[0].result == Result.FAIL


def test_signing_is_repeatable_and_has_a_time_only_when_it_is_given_one() -> None:
    key = services.make_key("a test")
    signed = [services.sign(MAIL, domain=DOMAIN, selector="s1", key=key) for _ in range(2)]
    assert signed[0] == signed[1]
    assert b"; t=" not in signed[0].split(b"From:")[0].replace(b"\r\n", b"")
    at = services.sign(MAIL, domain=DOMAIN, selector="s1", key=key, at=1_746_752_400)
    assert b"t=1746752400" in at
    assert signed[0].endswith(MAIL)
    assert services.sign(MAIL.replace(b"\r\n", b"\n"), domain=DOMAIN, selector="s1", key=key) == signed[0]


def test_a_key_is_made_once_for_a_name_and_does_not_show_its_private_part() -> None:
    key = services.make_key("a test")
    assert services.make_key("a test") is key
    assert services.make_key("another").record != key.record
    assert key.record == f"v=DKIM1; k=rsa; p={key.public}"
    shown = str(key) + repr(key) + json.dumps(key.to_dict()) + key._repr_html_()
    assert "PRIVATE" not in shown


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"domain": "a b", "selector": "s1"}, "'a b' can't be a DKIM signing domain"),
        ({"domain": None, "selector": "s1"}, "None can't be a DKIM signing domain"),
        ({"domain": DOMAIN, "selector": ""}, "'' can't be a selector"),
    ],
)
def test_signing_for_no_domain_is_one_clear_sentence(how: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        services.sign(MAIL, key=services.make_key("a test"), **how)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"left_out": ["SPF record"]}, "there is no purpose 'SPF record'; there are: DKIM key, Return-Path"),
        ({"account": "owner"}, "'owner' is not an address"),
        ({"recipient": "<x>"}, "'<x>' is not an address"),
    ],
)
def test_misuse_of_send_through_is_one_clear_sentence(how: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        services.send_through("mailtrap", MAIL, domain=DOMAIN, verified=True, **how)


def test_simulate_wants_a_zone() -> None:
    with pytest.raises(TypeError, match="simulate needs dns_zone="):
        services.simulate(MAIL, domain=DOMAIN, dns_zone={})  # type: ignore[arg-type]


def test_recipient_and_account_are_in_return_path() -> None:
    sent = services.send_through("mailgun", MAIL, domain=DOMAIN, verified=True, recipient="some@one.example")
    assert sent.envelope.mail_from == f"bounce+c0ffee.some=one.example@{DOMAIN}"
    sent = services.send_through("gmail", MAIL, domain=DOMAIN, verified=False, account="me.example@gmail.com")
    assert sent.envelope.mail_from == "me.example@gmail.com"


# -------------------------------------------------------------------------- the choice


def test_the_storys_constraint_chooses_mailtrap_and_shows_that_mailgun_was_overlooked() -> None:
    choices = services.choose(messages_per_month=20, keep_mx=True, dns_at="squarespace", smtp=True)
    assert [choice.service for choice in choices if choice.fits] == [
        "mailtrap",
        "mailgun",
        "postmark",
        "resend",
        "brevo",
    ]
    assert "In the story: chosen." in choices[0].reasons
    assert "4,000 messages a month are free, and 20 are sent." in choices[0].reasons
    assert any("overlooked" in reason for reason in choices[1].reasons)
    assert all(choice.fits == (not choice.obstacles) for choice in choices)
    assert all(
        choice.score == choice.setup + choice.dns + choice.cost + choice.alignment for choice in choices
    )


def test_who_has_mailgun_already_would_choose_it() -> None:
    best = services.choose(already=["Mailgun"])[0]
    assert best.service == "mailgun"
    assert "The account and its records in DNS are there already." in best.reasons


OBSTACLES = {
    "google_workspace": "MX records would have to change",
    "sendgrid": "It costs $19.95 a month",
    "ses": "Free for 6 months only",
    "gmail": "Nothing aligns",
    "gmail_send_as": "A mail program can't send through it",
    "cloudflare": "DNS has to be at Cloudflare",
    "fastmail": "MX records would have to change",
    "icloud": "MX records would have to change",
    "zoho": "MX records would have to change",
}


@pytest.mark.parametrize("service", OBSTACLES)
def test_what_does_not_fit_says_why(service: str) -> None:
    (choice,) = (choice for choice in services.choose() if choice.service == service)
    assert not choice.fits
    assert any(OBSTACLES[service] in obstacle for obstacle in choice.obstacles)


@pytest.mark.parametrize(
    ("constraint", "fits", "fits_not"),
    [
        ({"max_price_usd": 20}, {"sendgrid", "ses"}, {"gmail", "zoho"}),
        ({"max_price_usd": 1, "keep_mx": False}, {"zoho"}, {"sendgrid", "fastmail"}),
        ({"max_price_usd": 5, "dns_at": "Cloudflare"}, {"cloudflare"}, {"google_workspace"}),
        ({"messages_per_month": 3500}, {"mailtrap", "brevo"}, {"mailgun", "postmark", "resend"}),
        ({"messages_per_month": 3500, "max_price_usd": 15}, {"mailgun", "postmark"}, {"resend"}),
        ({"messages_per_month": 200_000, "max_price_usd": 1000}, {"ses"}, {"mailtrap", "mailgun"}),
    ],
)
def test_other_constraints(constraint: dict[str, Any], fits: set[str], fits_not: set[str]) -> None:
    found = {choice.service for choice in services.choose(**constraint) if choice.fits}
    assert fits <= found
    assert not fits_not & found


@pytest.mark.parametrize(
    "how",
    [
        {"messages_per_month": -1},
        {"messages_per_month": "20"},
        {"max_price_usd": float("nan")},
        {"max_price_usd": True},
    ],
)
def test_a_number_that_is_none_is_one_clear_sentence(how: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(how))} has to be a number from 0 on"):
        services.choose(**how)


# ------------------------------------------------------------------ shown, fast, offline


def test_everything_shows_itself_and_is_json() -> None:
    sent = services.send_through("postmark", MAIL, domain=DOMAIN, verified=True)
    shown = (
        services.find("ses"),
        services.find("ses").facts[0],
        services.changed_since()[0],
        services.records_for("ses", domain=DOMAIN)[0],
        sent,
        services.choose()[0],
        services.simulate(MAIL, domain=DOMAIN, dns_zone=ONLY_A_POLICY, services=["gmail"])[0],
    )
    for result in shown:
        assert str(result)
        assert result._repr_html_().startswith("<div")
        assert json.dumps(result.to_dict())
        assert hash(result) == hash(result)
        with pytest.raises(AttributeError):
            setattr(result, dataclasses.fields(result)[0].name, "changed")


def test_importing_is_cheap_and_reads_no_file() -> None:
    code = (
        "import sys, helpers as h\n"
        "h.services\n"
        "import helpers.services.facts as facts\n"
        "assert facts.document.cache_info().currsize == 0\n"
        "heavy = ('dkim.util', 'cryptography', 'dns', 'pandas', 'publicsuffixlist')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "[]\n"


def test_nothing_asks_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    services.simulate(MAIL, domain=DOMAIN, dns_zone=ONLY_A_POLICY)
    services.choose()
