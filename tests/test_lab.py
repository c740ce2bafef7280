"""The mail lab: real SMTP on loopback, from the author's mail client to the bounce in the author's inbox."""

from __future__ import annotations

import _thread
import asyncio
import contextlib
import dataclasses
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import dkim
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import helpers as h
from helpers.lab import RECEIVERS, RELAYS, Account, LabHop, Line
from helpers.lab.client import deliver, stuffed
from helpers.lab.keys import PRIMES, lab_key
from helpers.lab.mail import Mail, changed
from helpers.lab.passing import Taken, srs_address
from helpers.lab.receivers import kept
from helpers.lab.report import Refusal, delivery_report
from helpers.lab.wires import Party, loopback
from helpers.lab.world import PROVIDERS, mail_server, world_of

ROOT = Path(__file__).resolve().parent.parent
FUJIBA = h.sample_zone("fujiba")
FIXED = h.sample_zone("fujiba-fixed")
FORWARDING = h.sample_zone("forwarding")
AUTHOR = "Fujiba Office <monthly@fujiba.net>"


@pytest.fixture(scope="module")
def net():
    """One running lab for the tests that only send; each gives it the zone it needs."""
    with h.lab(FUJIBA) as running:
        yield running


def policy(zone: h.Zone, text: str) -> h.Zone:
    return zone.with_records("_dmarc.fujiba.net", "TXT", [text])


def threads() -> set[threading.Thread]:
    return set(threading.enumerate())


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


# --------------------------------------------------------------------- the story


def test_the_incident_happens_again(net):
    trace = net.with_zone(FUJIBA).send(from_=AUTHOR, through="gmail", receiver="apple")
    assert trace.reply == "550 5.7.1 Your message was rejected due to fujiba.net's DMARC policy."
    assert (trace.delivered, trace.disposition, trace.received) == (False, "reject", None)
    assert [(hop.client, hop.server, hop.mail_from) for hop in trace.hops] == [
        ("smtpclient.apple", "smtp.gmail.com", "monthly@fujiba.net"),
        ("mail-sor-f41.google.com", "mx1.737flight.example", "owner.example@gmail.com"),
        ("mail-sor-f41.google.com", "gmail-smtp-in.l.google.com", ""),
    ]
    found = trace.authentication
    assert (found.spf.result, found.spf.domain, found.dkim) == ("pass", "gmail.com", ())
    assert (found.dmarc.result, found.dmarc.policy) == ("fail", "reject")
    assert found.dmarc.steps
    assert trace.bounced_to == "owner.example@gmail.com"
    mark = trace.bounce.original.signatures_not_counted
    assert [(row.name, row.domain) for row in mark] == [("X-Google-DKIM-Signature", "1e100.net")]


def test_the_labs_bounce_is_read_like_the_sample(net):
    """The sample message and the lab tell the same story to the diagnosis."""
    trace = net.with_zone(FUJIBA).send(from_=AUTHOR, through="gmail", receiver="apple")
    sample = h.read_bounce(ROOT / "data/sample_headers/incident_bounce.eml")
    for name in ("kind", "reporter", "receiver", "blamed", "blamed_domain", "basis", "returned"):
        assert getattr(trace.bounce, name) == getattr(sample, name), name
    assert trace.bounce.replies[0].text == sample.replies[0].text
    mine, theirs = (h.diagnose(one, dns=net.dns) for one in (trace.bounce, sample))
    assert mine.cause == theirs.cause == "authenticated_as_other"
    assert mine.authentication.envelope.mail_from == theirs.authentication.envelope.mail_from


def test_the_fix_arrives(net):
    trace = net.with_zone(FIXED).send(from_=AUTHOR, through="service", receiver="apple")
    assert trace.delivered
    assert trace.reply.startswith("250 ")
    assert (trace.disposition, trace.bounce, trace.bounced_to) == ("none", None, None)
    aligned = [(row.method, row.domain) for row in trace.authentication.dmarc.alignments if row.aligned]
    assert aligned == [("spf", "bounce.fujiba.net"), ("dkim", "fujiba.net")]
    assert net.inbox("desk@737flight.example")[-1] == trace.received


def test_one_line_changes_dns(net):
    net.zone = FUJIBA
    assert not net.send(from_=AUTHOR, through="service").delivered
    net.zone = policy(FUJIBA, "v=DMARC1; p=none")
    assert net.send(from_=AUTHOR, through="service").delivered
    assert net.with_zone(FIXED).send(from_=AUTHOR, through="service").authentication.dmarc.result == "pass"
    assert net.zone is FIXED
    assert h.sample_zone("fujiba-fixed") == FIXED


# --------------------------------------------------------- the circle, by receiver

BLAMES = {
    "apple": ("dmarc", "stated", "fujiba.net", "5.7.1", 550),
    "gmail": ("dmarc", "stated", "fujiba.net", "5.7.26", 550),
    "yahoo": ("authentication", "documented", None, "5.7.9", 554),  # the words name neither
    "microsoft": ("dmarc", "stated", "fujiba.net", "5.7.509", 550),
    "plain": ("dmarc", "stated", "fujiba.net", "5.7.1", 550),
}


@pytest.mark.parametrize("relay", ["gmail", "own", "service"])
@pytest.mark.parametrize("receiver", RECEIVERS)
def test_the_circle_closes(net, receiver, relay):
    trace = net.with_zone(FUJIBA).send(from_=AUTHOR, through=relay, receiver=receiver)
    bounce = trace.bounce
    reply = bounce.replies[0]
    assert (bounce.kind, bounce.returned, len(bounce.replies)) == ("dsn", "full", 1)
    got = (bounce.blamed, bounce.basis, bounce.blamed_domain, reply.enhanced, reply.code)
    assert got == BLAMES[receiver]
    assert reply.recipient == "desk@737flight.example"
    assert reply.status == reply.enhanced
    assert bounce.original.message_id == trace.hops[0].message.message_id
    assert bounce.original.body == trace.hops[0].message.body
    assert bounce.envelope.mail_from == trace.hops[1].mail_from
    assert bounce.message.return_path == ""
    assert net.inbox(trace.bounced_to)[-1] == bounce.message


def test_every_receiver_is_blamed_for_the_right_thing():
    assert set(BLAMES) == set(RECEIVERS)


def test_a_bounce_goes_to_the_sender_of_the_refused_mail(net):
    net.zone = FUJIBA
    assert net.send(from_=AUTHOR, through="gmail").bounced_to == "owner.example@gmail.com"
    assert net.send(from_=AUTHOR, through="own").bounced_to == "monthly@fujiba.net"
    listed = net.send(from_=AUTHOR, through="list")
    assert (
        listed.bounced_to == "members-bounces+reader=example.jp@lists.example.org"
    )  # the author hears nothing
    assert (
        net.send(from_=AUTHOR, through="direct").bounce is None
    )  # the client hears it in the session itself


# ------------------------------------------------- matrix: relay, policy, alignment mode

BOUNCE_ONLY = FIXED.without("svc1._domainkey.fujiba.net")
KEY_ONLY = FIXED.without("bounce.fujiba.net")

# name: zone, author, relay, aligned when relaxed, aligned when strict
WAYS = {
    "gmail": (FUJIBA, AUTHOR, "gmail", False, False),
    "gmail-signing": (FUJIBA, AUTHOR, "gmail-signing", False, False),
    "workspace, no key": (FUJIBA, AUTHOR, "workspace", False, False),
    "workspace, key": (FUJIBA, AUTHOR, "workspace+", True, True),
    "service, unverified": (FUJIBA, AUTHOR, "service", False, False),
    "service, verified": (FIXED, AUTHOR, "service", True, True),  # d= is the author domain itself
    "service, Return-Path only": (BOUNCE_ONLY, AUTHOR, "service", True, False),
    "service, key only": (KEY_ONLY, AUTHOR, "service", True, True),
    "service, subdomain in From": (FIXED, "a@news.fujiba.net", "service", True, False),
    "own, no key": (FUJIBA, AUTHOR, "own", False, False),
    "own, key": (FUJIBA, AUTHOR, "own+", True, True),
    "direct": (FUJIBA, AUTHOR, "direct", False, False),
    "list": (FIXED, AUTHOR, ("service", "list"), False, False),
    "forwarder": (FIXED, AUTHOR, ("service", "forwarder"), True, True),
    "forwarder-srs": (FIXED, AUTHOR, ("service", "forwarder-srs"), True, True),
}


@pytest.mark.parametrize("mode", ["r", "s"])
@pytest.mark.parametrize("p", ["none", "quarantine", "reject"])
@pytest.mark.parametrize("way", WAYS)
def test_matrix(net, way, p, mode):
    zone, author, through, relaxed, strict = WAYS[way]
    net.zone = policy(zone, f"v=DMARC1; p={p}; adkim={mode}; aspf={mode}")
    if isinstance(through, str) and through.endswith("+"):
        through = through.removesuffix("+")
        net.zone = net.zone | net.records(through, "fujiba.net")
    trace = net.send(from_=author, through=through, receiver="plain")
    aligned = relaxed if mode == "r" else strict
    assert trace.authentication.dmarc.result == ("pass" if aligned else "fail")
    assert trace.disposition == ("none" if aligned else p)
    assert trace.delivered == (trace.disposition != "reject") == (trace.received is not None)
    assert (trace.bounce is None) == (trace.delivered or through == "direct")


# ------------------------------------------------------- what a relay does, and does not


def test_gmail_puts_the_account_into_mail_from(net):
    trace = net.with_zone(FUJIBA).send(from_=AUTHOR, through="gmail", receiver="plain")
    assert trace.hops[1].changes == (
        "MAIL FROM <monthly@fujiba.net> became <owner.example@gmail.com>",
        "no DKIM-Signature was added",
    )


def test_a_signature_for_another_domain_does_not_align(net):
    trace = net.with_zone(FUJIBA).send(from_=AUTHOR, through="gmail-signing")
    (check,) = trace.authentication.dkim
    assert (check.result, check.domain) == ("pass", "gmail.com")
    assert not trace.authentication.dmarc.dkim_aligned
    assert not trace.delivered


def test_mail_as_gmail_itself_passes(net):
    trace = net.with_zone(FUJIBA).send(from_="owner.example@gmail.com", through="gmail")
    assert trace.delivered
    assert trace.authentication.dmarc.spf_aligned


def test_workspace_signs_for_itself_until_its_key_is_published(net):
    net.zone = FUJIBA
    before = net.send(from_=AUTHOR, through="workspace").authentication.dkim
    net.zone = net.zone | net.records("workspace", "fujiba.net")
    after = net.send(from_=AUTHOR, through="workspace").authentication.dkim
    assert [(c.result, c.domain) for c in before] == [("pass", "fujiba-net.20230601.gappssmtp.com")]
    assert [(c.result, c.domain, c.selector) for c in after] == [("pass", "fujiba.net", "google")]


def test_another_key_at_the_selector_is_not_the_relays(net):
    other = "v=DKIM1; p=" + lab_key("own").public
    net.zone = FUJIBA.with_records("google._domainkey.fujiba.net", "TXT", [other])
    trace = net.send(from_=AUTHOR, through="workspace")
    assert trace.authentication.dkim[0].domain != "fujiba.net"


def test_a_service_is_verified_record_by_record(net):
    spf_only = net.with_zone(BOUNCE_ONLY).send(from_=AUTHOR, through="service").authentication
    key_only = net.with_zone(KEY_ONLY).send(from_=AUTHOR, through="service").authentication
    assert (spf_only.spf.domain, spf_only.dkim[0].domain) == ("bounce.fujiba.net", "sending-service.example")
    assert (key_only.spf.domain, key_only.dkim[0].domain) == ("return.sending-service.example", "fujiba.net")


@pytest.mark.parametrize("relay", ["service", "workspace", "own"])
@pytest.mark.parametrize("domain", ["fujiba.net", "shop.example.com"])
def test_the_records_for_a_relay_are_all_it_takes(net, relay, domain):
    """In a zone that has nothing else: refused before, passes after, for a domain the lab never heard of."""
    net.zone = h.Zone.from_dict(
        {f"_dmarc.{domain}": {"TXT": ["v=DMARC1; p=reject"]}, domain: {"A": ["192.0.2.1"]}}
    )
    assert not net.send(from_=f"a@{domain}", through=relay).delivered
    net.zone = net.zone | net.records(relay, domain)
    check = net.send(from_=f"a@{domain}", through=relay).authentication.dmarc
    assert check.spf_aligned
    assert check.dkim_aligned


def test_nothing_that_the_owner_publishes_helps_with_gmail(net):
    assert net.records("gmail", "fujiba.net").names() == ()
    spf = ["v=spf1 include:mailgun.org include:_spf.google.com ~all"]
    trace = net.with_zone(FUJIBA.with_records("fujiba.net", "TXT", spf)).send(from_=AUTHOR, through="gmail")
    assert not trace.delivered
    assert trace.authentication.spf.domain == "gmail.com"


def test_records_keep_what_is_there(net):
    net.zone = FUJIBA.with_records("fujiba.net", "TXT", ["token=1", "v=spf1 include:mailgun.org ~all"])
    for _ in range(2):  # publishing twice is publishing once
        net.zone = net.zone | net.records("workspace", "fujiba.net")
        assert net.zone("fujiba.net", "TXT").values == (
            "token=1",
            "v=spf1 include:mailgun.org include:_spf.google.com ~all",
        )


def test_forwarding_breaks_spf_and_leaves_dkim(net):
    net.zone = FORWARDING | net.with_zone(FORWARDING).records("own", "customer.example")
    trace = net.send(
        from_="anna@customer.example", to="monthly@fujiba.net", through="forwarder", receiver="gmail"
    )
    assert [hop.rcpt_to for hop in trace.hops] == ["monthly@fujiba.net"] * 2 + ["owner.example@gmail.com"]
    assert trace.authentication.spf.result == "softfail"
    assert [c.result for c in trace.authentication.dkim] == ["pass"]
    assert trace.delivered
    assert trace.disposition == "none"


def test_without_a_signature_forwarding_breaks_everything(net):
    net.zone = FORWARDING  # p=quarantine, SPF for the own server, no key of the lab's
    kept_path = net.send(from_="anna@customer.example", to="monthly@fujiba.net", through="forwarder")
    rewritten = net.send(from_="anna@customer.example", to="monthly@fujiba.net", through="forwarder-srs")
    straight = net.send(from_="anna@customer.example", through="own")
    assert straight.disposition == "none"
    assert (kept_path.authentication.spf.result, kept_path.authentication.spf.domain) == (
        "softfail",
        "customer.example",
    )
    # SRS brings SPF's pass back, for the forwarder: it never aligns.
    assert (rewritten.authentication.spf.result, rewritten.authentication.spf.domain) == (
        "pass",
        "mailgun.org",
    )
    assert kept_path.disposition == rewritten.disposition == "quarantine"
    assert rewritten.received.return_path.startswith("SRS0=")
    assert rewritten.received.return_path.endswith("=customer.example=anna@mailgun.org")


def test_srs_addresses_are_the_same_for_the_same_sender():
    one, two = srs_address("a@example.com", "f.example", 1), srs_address("a@example.com", "f.example", 2)
    assert one == two != srs_address("b@example.com", "f.example", 1)


def test_a_list_breaks_the_authors_signature(net):
    trace = net.with_zone(FIXED).send(
        from_=AUTHOR, to="members@lists.example.org", through=("service", "list")
    )
    checks = {c.domain: (c.result, c.body_hash_ok) for c in trace.authentication.dkim}
    assert checks == {"lists.example.org": ("pass", True), "fujiba.net": ("fail", False)}
    assert trace.authentication.spf.domain == "lists.example.org"
    assert not trace.delivered
    sent = trace.hops[2].message
    assert sent.subject == "[Members] Monthly report, April 2025"
    assert b"Members mailing list" in sent.body
    assert sent.author_domain == "fujiba.net"


def test_a_list_that_takes_over_from_arrives(net):
    trace = net.with_zone(FIXED).send(
        from_=AUTHOR, to="members@lists.example.org", through=("service", "list-from")
    )
    assert trace.delivered
    (author,) = trace.received.from_addresses
    assert (author.name, author.text) == ("Fujiba Office via Members", "members@lists.example.org")
    assert [a.text for a in trace.received.reply_to] == ["monthly@fujiba.net"]


def test_a_list_leaves_an_encoded_body_alone(net):
    raw = b"From: a@fujiba.net\r\nSubject: x\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n"
    sent = net.with_zone(FIXED).send(raw, through="list").hops[2].message
    assert sent.subject == "[Members] x"
    assert sent.body == b"aGVsbG8=\r\n"


# ------------------------------------------------------------- receivers and temporary errors


def test_dns_that_does_not_answer_defers(net):
    net.zone = FUJIBA.with_records("_dmarc.fujiba.net", "TXT", h.TIMEOUT)
    trace = net.send(from_=AUTHOR, through="own", receiver="gmail")
    assert trace.reply.startswith("451-4.7.26 ")
    assert (trace.delivered, trace.disposition) == (False, "none")
    assert trace.bounce.replies[0].action == "delayed"
    assert str(trace).startswith("✘ not delivered")


def test_quarantine_is_delivered_and_says_so(net):
    net.zone = policy(FUJIBA, "v=DMARC1; p=quarantine")
    trace = net.send(from_=AUTHOR, through="gmail")
    assert trace.delivered
    assert "dmarc=fail (p=quarantine dis=quarantine)" in trace.received.get("authentication-results").value
    assert str(trace).startswith("✘ quarantined")


@pytest.mark.parametrize("way", ["gmail", "service", ("service", "list"), "forwarder-srs", "direct"])
def test_what_the_receiver_wrote_reads_back_the_same(net, way):
    """The kit reads the lab's mail like anybody else's: envelope, statements and checks come out again."""
    net.zone = policy(FIXED, "v=DMARC1; p=none")
    trace = net.send(from_=AUTHOR, through=way, receiver="gmail")
    read = trace.received
    names = ("client_ip", "helo", "mail_from")
    assert [getattr(read.envelope, n) for n in names] == [
        getattr(trace.authentication.envelope, n) for n in names
    ]
    stated = [(s.method, s.result, s.domain) for s in read.stated if s.counted]
    found = trace.authentication
    assert stated == [
        ("spf", found.spf.result, found.spf.domain),
        *(("dkim", c.result, c.domain) for c in found.dkim),
        *([] if found.dkim else [("dkim", "none", None)]),
        ("dmarc", found.dmarc.result, "fujiba.net"),
    ]
    again = h.authenticate(read, dns=net.dns)
    assert (again.dmarc.result, again.spf.result) == (found.dmarc.result, found.spf.result)
    assert [c.result for c in again.dkim] == [c.result for c in found.dkim]
    assert all(hop.delay_seconds >= 0 for hop in read.hops[1:])


def test_a_forged_statement_is_dropped(net):
    net.zone = policy(FUJIBA, "v=DMARC1; p=none")
    raw = (
        b"Authentication-Results: MX1.737flight.example; dmarc=pass\r\n"
        b"Authentication-Results: other.example; spf=pass\r\n"
        b"Return-Path: <forged@example.com>\r\nFrom: monthly@fujiba.net\r\n\r\nhello\r\n"
    )
    stored = net.send(raw, through="direct").received
    assert [f.value.partition(";")[0] for f in stored.all("authentication-results")] == [
        "mx1.737flight.example",
        "other.example",
    ]
    assert [f.value for f in stored.all("return-path")] == ["<monthly@fujiba.net>"]


# ------------------------------------------------------------------ the mail client


def test_the_outgoing_server_is_bound_to_the_account():
    accounts = (
        Account("owner.example@gmail.com", outgoing="gmail"),
        Account("monthly@fujiba.net", outgoing="service"),
    )
    with h.lab(FIXED, accounts=accounts) as net:
        assert net.send(from_="monthly@fujiba.net").through == ("service",)
        assert net.send(from_="owner.example@gmail.com").through == ("gmail",)
        assert net.send(from_="somebody@else.example").through == ("gmail",)  # the first one
    with h.lab(FIXED) as net:  # the story: the address belongs to the Gmail account
        assert net.send(from_="monthly@fujiba.net").through == ("gmail",)


def test_a_mail_in_japanese_arrives(net):
    net.zone = FIXED
    trace = net.send(
        from_="藤葉 事務所 <monthly@fujiba.net>",
        subject="四月の報告" * 12,
        body="こんにちは。\n.\n",
        through="service",
    )
    assert trace.delivered
    assert trace.received.subject == "四月の報告" * 12
    assert trace.received.from_addresses[0].name == "藤葉 事務所"
    assert trace.received.body.decode() == "こんにちは。\r\n.\r\n"
    assert all(len(line) <= 78 for line in trace.hops[0].message.get("subject").raw.split(b"\r\n"))


def test_an_idn_author_domain(net):
    net.zone = h.sample_zone("japanese")
    trace = net.send(from_="a@例え.example", through="own")
    assert trace.author_domain == "xn--r8jz45g.example"
    assert trace.hops[0].mail_from == "a@xn--r8jz45g.example"


def test_relays_and_receivers_are_values(net):
    """A lesson makes its own by changing a fact of an existing one."""
    net.zone = FIXED
    relay = dataclasses.replace(RELAYS["service"], name="service-2", signing="nobody")
    receiver = dataclasses.replace(RECEIVERS["plain"], name="rude", refusal=("550 no",))
    trace = net.send(from_=AUTHOR, through=relay)
    assert (trace.delivered, trace.through, trace.authentication.dkim) == (True, ("service-2",), ())
    refused = net.with_zone(FUJIBA).send(from_=AUTHOR, through=relay, receiver=receiver)
    assert (refused.reply, refused.bounce.replies[0].status) == ("550 no", "5.0.0")


def test_the_clients_address_is_what_spf_sees(net):
    net.zone = h.Zone.from_dict(
        {
            "example.com": {"TXT": ["v=spf1 ip4:203.0.113.7 ip6:2001:db8::/32 -all"]},
            "_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject"]},
        }
    )
    for ip, passes in (("203.0.113.7", True), ("2001:db8::7", True), ("203.0.113.8", False)):
        trace = net.send(from_="a@example.com", through="direct", client_ip=ip)
        assert trace.authentication.envelope.client_ip == ip
        assert trace.delivered == passes


# ----------------------------------------------------------------- the labs' DNS


def test_what_the_zone_says_counts(net):
    """The lab adds a provider where the zone has nothing of it, and never brings back what was removed."""
    bare = h.Zone.from_dict({"example.com": {"TXT": ["v=spf1 -all"]}})
    assert world_of(bare)("gmail.com", "TXT").values == FUJIBA("gmail.com", "TXT").values
    gone = FUJIBA.without("_spf.google.com").without("_dmarc.fujiba.net")
    for name in ("_spf.google.com", "_dmarc.fujiba.net"):
        assert world_of(gone)(name, "TXT").status == "nxdomain"
    assert world_of(bare)("fujiba.net", "MX").status == "nxdomain"
    revoked = FIXED.with_records("svc._domainkey.sending-service.example", "TXT", ["v=DKIM1; p="])
    assert world_of(revoked)("svc._domainkey.sending-service.example", "TXT").values == ("v=DKIM1; p=",)
    own = h.Zone.from_dict({"gmail.com": {"TXT": ["v=spf1 -all"]}})
    assert world_of(own)("gmail.com", "TXT").values == ("v=spf1 -all",)
    assert "fujiba.net" not in PROVIDERS


def test_every_recipient_has_a_server():
    zone = h.Zone.from_dict(
        {
            "two.example": {"MX": [(20, "b.two.example"), (10, "a.two.example")]},
            "a.two.example": {"AAAA": ["2001:db8::1"]},
            "null.example": {"MX": [(0, ".")]},
        }
    )
    assert mail_server("two.example", zone) == ("a.two.example", "2001:db8::1")
    assert mail_server("null.example", zone) == ("mx1.null.example", "203.0.113.20")
    assert mail_server("none.example", zone) == ("mx1.none.example", "203.0.113.20")


# ------------------------------------------------------------------- signatures


def dkimpy_dns(zone: h.Zone):
    def ask(name: bytes, timeout: int = 5) -> bytes | None:
        values = zone(name.decode().removesuffix("."), "TXT").values
        return values[0].encode() if values else None

    return ask


def verifies(raw: bytes, index: int, zone: h.Zone) -> bool:
    try:
        return dkim.DKIM(raw).verify(idx=index, dnsfunc=dkimpy_dns(zone))
    except dkim.ValidationError:
        return False


@pytest.mark.parametrize(
    ("through", "count"), [("service", 1), ("workspace", 1), ("gmail-signing", 1), (("service", "list"), 2)]
)
def test_dkimpy_verifies_the_labs_signatures(net, through, count):
    net.zone = policy(FIXED, "v=DMARC1; p=none")
    trace = net.send(from_=AUTHOR, through=through)
    fields = trace.received.all("dkim-signature")
    assert len(fields) == count
    verified = [verifies(trace.received.raw, index, net.dns) for index in range(count)]
    assert verified == [True] + [False] * (count - 1)  # the list broke the one below its own


def test_googles_mark_is_a_real_signature_under_another_name(net):
    net.zone = policy(FUJIBA, "v=DMARC1; p=none")
    raw = net.send(from_=AUTHOR, through="gmail").received.raw
    assert dkim.verify(
        raw.replace(b"X-Google-DKIM-Signature", b"DKIM-Signature"), dnsfunc=dkimpy_dns(net.dns)
    )


@pytest.mark.parametrize("label", PRIMES)
def test_the_keys_are_what_they_claim(label):
    """Loading a private key checks its numbers; a product of two primes verifies what it signed."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    private = load_pem_private_key(bytes(lab_key(label).pem), None)
    assert private.key_size == 2048
    assert len({lab_key(other).record for other in PRIMES}) == len(PRIMES)


# ------------------------------------------------------------------ what is shown


def test_the_dialogue_can_be_read(net):
    trace = net.with_zone(FUJIBA).send(from_=AUTHOR, through="gmail", receiver="apple")
    text = str(trace.dialogue)
    first = text.split("\n\n")[0].splitlines()
    assert first[:3] == [
        "C: PROXY TCP4 203.0.113.77 192.0.2.60 40000 25",
        "S: 220 smtp.gmail.com ESMTP",
        "C: EHLO smtpclient.apple",
    ]
    assert "C: AUTH PLAIN (as owner.example@gmail.com)" in first
    assert first[-2:] == ["C: QUIT", "S: 221 2.0.0 Bye"]
    assert "C: X-Google-DKIM-Signature: a=rsa-sha256; d=1e100.net; s=20230601; …" in text
    assert "b=" not in text
    assert "\nS: 550 5.7.1 Your message was rejected due to fujiba.net's DMARC policy.\n" in text
    assert len(text.split("\n\n")) == len(trace.hops) == 3
    assert [line.hop for line in trace.dialogue] == sorted(line.hop for line in trace.dialogue)
    assert {line.speaker for line in trace.dialogue} == {"client", "server"}
    assert tuple(line for hop in trace.hops for line in hop.dialogue) == trace.dialogue


def test_a_trace_is_shown_and_exported(net):
    trace = net.with_zone(FUJIBA).send(from_=AUTHOR, through="gmail", receiver="apple")
    exported = json.loads(json.dumps(trace.to_dict()))
    assert exported["bounce"]["blamed"] == "dmarc"
    assert exported["dialogue"][0]["speaker"] == "client"
    assert exported["authentication"]["dmarc"]["result"] == "fail"
    assert list(trace.to_frame()["to"]) == [hop.server for hop in trace.hops]
    assert repr(trace).startswith("<Trace: ✘ refused: 550 5.7.1 ")
    assert "owner.example@gmail.com got a bounce" in str(trace)
    assert "smtp.gmail.com" in trace._repr_html_()
    assert isinstance(trace.hops[0], LabHop)
    assert str(trace.hops[1]).startswith("mail-sor-f41.google.com → mx1.737flight.example: 550")
    assert repr(trace.dialogue[1:3]) == "S: 220 smtp.gmail.com ESMTP\nC: EHLO smtpclient.apple"
    assert str(Line(1, "server", "250 OK\x1b[31m")) == "S: 250 OK\\x1b[31m"
    with pytest.raises(dataclasses.FrozenInstanceError):
        trace.delivered = True


STORY = """
import helpers as h
with h.lab(h.sample_zone("fujiba")) as net:
    for way in ("gmail", "service", ("service", "list"), "forwarder-srs"):
        trace = net.send(from_="monthly@fujiba.net", through=way, receiver="gmail")
        print(trace.dialogue)
        print(trace.bounce.message.raw)
        print(trace.to_dict())
    net.zone = h.sample_zone("fujiba-fixed")
    print(net.send(from_="monthly@fujiba.net", through="service").received.raw)
"""


def test_two_runs_print_the_same():
    def run(seed: str) -> bytes:
        env = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": str(ROOT / "src"),
            "PYTHONIOENCODING": "utf-8",
        }
        return subprocess.run([sys.executable, "-c", STORY], capture_output=True, check=True, env=env).stdout

    first = run("1")
    assert first == run("2")
    assert first.count(b"\nC: QUIT") == 3 + 3 + 4 + 4


# ------------------------------------------------------------- start, end, threads


def test_everything_has_stopped_after_the_block():
    before = threads()
    with h.lab(FUJIBA) as net:
        net.send(from_=AUTHOR)
        ports = net.ports
        assert len(ports) == 3  # relay, receiver, inbox
        assert all(is_open(port) for port in ports)
        assert len(threads() - before) == 1
    assert threads() == before
    assert not any(is_open(port) for port in ports)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_everything_has_stopped_after_an_exception(error):
    before, ports = threads(), ()
    with pytest.raises(error), h.lab(FUJIBA) as net:  # noqa: PT012
        net.send(from_=AUTHOR)
        ports = net.ports
        raise error
    assert threads() == before
    assert len(ports) == 3
    assert not any(is_open(port) for port in ports)


def test_a_kernels_interrupt_in_the_middle_of_sending():
    before, ports = threads(), ()
    timer = threading.Timer(0.1, _thread.interrupt_main)
    with pytest.raises(KeyboardInterrupt), h.lab(FUJIBA) as net:  # noqa: PT012
        net.send(from_=AUTHOR)
        ports = net.ports
        timer.start()
        while True:
            net.send(from_=AUTHOR)
    timer.join()
    assert threads() == before
    assert not any(is_open(port) for port in ports)


def test_a_client_that_hangs_on_does_not_keep_the_lab_alive():
    before = threads()
    with h.lab(FUJIBA) as net, socket.create_connection(net.address("gmail")) as silent:
        silent.sendall(b"PROXY TCP4 203.0.113.77 192.0.2.60 40000 25\r\n")
        assert silent.recv(100).startswith(b"220 ")
        net.close()
        with contextlib.suppress(ConnectionResetError):
            assert silent.recv(100) == b""
    assert threads() == before


def test_no_warning_is_left_behind():
    code = STORY.replace("print(trace.dialogue)", "pass")
    run = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        encoding="utf-8",
    )
    assert (run.returncode, run.stderr) == (0, "")


def test_a_lab_starts_again_and_alone():
    net = h.lab(FUJIBA)
    for _ in range(2):
        with net:
            assert net.send(from_=AUTHOR).hops[0].message.message_id == "20250509.1@fujiba.net"
            with pytest.raises(ValueError, match="runs already"):
                net.start()
        net.close()  # a second time does nothing
    assert net.ports == ()
    assert repr(net).startswith("<Lab: not running")


def test_it_works_where_a_loop_runs_already():
    """A notebook's kernel runs one in the main thread."""

    async def cell():
        with h.lab(FUJIBA) as net:
            return net.send(from_=AUTHOR)

    assert asyncio.run(cell()).bounce.blamed == "dmarc"


def test_several_threads_can_send_at_once():
    with h.lab(FUJIBA) as net:
        found: list = []

        def send(number: int) -> None:
            found.append(net.send(from_=AUTHOR, to=f"r{number}@737flight.example"))

        workers = [threading.Thread(target=send, args=(number,)) for number in range(12)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert len(found) == len(net.traces) == 12
        for trace in found:
            assert trace.bounce.replies[0].recipient == trace.hops[0].rcpt_to
            assert len(trace.hops) == 3


def test_a_hundred_mails_and_no_growth():
    with h.lab(FIXED) as net:
        for _ in range(100):
            assert net.send(from_=AUTHOR, through="service").delivered
        assert len(net.ports) == 2
        assert len(net.inbox("desk@737flight.example")) == 100
        assert net._post._tickets == {}
        assert net._post._connections == set()


def test_importing_and_showing_loads_no_server():
    code = (
        "import sys, helpers as h, helpers.lab\n"
        "str(h.sample_zone('fujiba'))\n"
        "assert callable(h.lab)\n"
        "print([name for name in ('aiosmtpd', 'asyncio') if name in sys.modules])"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert run.stdout == "[]\n"


# ------------------------------------------------------------------- loopback only


@pytest.mark.parametrize(
    "address", ["0.0.0.0", "192.0.2.1", "::", "", "localhost", "example.com", "127.0.0.1.example"]
)
def test_nothing_but_loopback(address):
    with pytest.raises(ValueError, match="loopback only"):
        h.lab(FUJIBA, address=address)
    with pytest.raises(ValueError, match="loopback only"):
        loopback(address)


def test_a_client_connects_to_nothing_but_loopback():
    party = Party("mx.example.com", "192.0.2.1")
    with pytest.raises(ValueError, match="loopback only"):
        asyncio.run(
            deliver(
                Mail("", "a@example.com", b""),
                hop=1,
                address="192.0.2.1",
                port=25,
                client=party,
                server=party,
            )
        )


def test_ports_are_open_on_loopback_only():
    with h.lab(FUJIBA) as net:
        net.send(from_=AUTHOR)
        names = [sock.getsockname()[0] for server in net._post._servers for sock in server.sockets]
    assert names == ["127.0.0.1"] * 3


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_the_other_loopback():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            pass
    except OSError:
        pytest.skip("this machine has no ::1")
    with h.lab(FUJIBA, address="::1") as net:
        assert net.send(from_=AUTHOR).bounce.blamed == "dmarc"


# --------------------------------------------------------------------- bad input


def test_unknown_names_are_told_with_those_there_are(net):
    with pytest.raises(ValueError, match=r"^the lab has no relay 'gmial'; it has: gmail, .*, direct$"):
        net.send(from_=AUTHOR, through="gmial")
    with pytest.raises(ValueError, match=r"^the lab has no receiver 'hotmail'; it has: apple, "):
        net.send(from_=AUTHOR, receiver="hotmail")
    with pytest.raises(ValueError, match="only the author's mail client can use"):
        net.send(from_=AUTHOR, through=("list", "gmail"))
    with pytest.raises(ValueError, match="at least one relay"):
        net.send(from_=AUTHOR, through=())


NO_ADDRESSES = (
    *("", "fujiba.net", "a@", "@b", "a@b@c", "a b@c.example", "a@b.example, c@d.example", "<>"),
    *("a@b.example\r\nRCPT TO:<x@y>", "a@[192.0.2.1]", "ü@fujiba.net", "a\0@b.example"),
)


@pytest.mark.parametrize("address", NO_ADDRESSES)
def test_what_is_no_address_is_refused_in_one_sentence(net, address):
    for arguments in ({"from_": address}, {"from_": AUTHOR, "to": address}):
        with pytest.raises(ValueError, match="is one address"):
            net.send(**arguments)


def test_header_lines_can_not_be_smuggled_in(net):
    with pytest.raises(ValueError, match="one line"):
        net.send(from_=AUTHOR, subject="x\r\nBcc: everybody@example.com")
    hidden = "=?utf-8?q?a=0d=0aBcc:_everybody@example.com?= <monthly@fujiba.net>"
    sent = net.send(from_=hidden).hops[0].message
    assert sent.get("bcc") is None


def test_misuse_is_one_clear_sentence(net):
    with pytest.raises(TypeError, match="the lab's DNS is a Zone"):
        h.lab({"example.com": {}})
    with pytest.raises(TypeError, match="the lab's DNS is a Zone"):
        net.zone = h.LiveDns("192.0.2.53")
    with pytest.raises(ValueError, match="rules has to be"):
        h.lab(FUJIBA, rules="rfc1")
    with pytest.raises(ValueError, match="who sends it"):
        net.send()
    with pytest.raises(ValueError, match="0 authors"):
        net.send(b"Subject: x\r\n\r\n")
    with pytest.raises(ValueError, match="without an account"):
        h.lab(FUJIBA, accounts=())
    with pytest.raises(ValueError, match="no domain name"):
        net.records("service", "not a domain")
    with pytest.raises(ValueError, match="does not appear to be"):
        net.send(from_=AUTHOR, client_ip="somewhere")
    with (
        h.lab(FUJIBA, accounts=(Account("monthly@fujiba.net", outgoing="gmail"),)) as other,
        pytest.raises(ValueError, match=r"none of the mail client's accounts is at gmail\.com"),
    ):
        other.send(from_=AUTHOR)
    with pytest.raises(ValueError, match="needs a domain"):
        dataclasses.replace(RELAYS["gmail"], return_path="srs", domain="")
    with pytest.raises(ValueError, match="needs a key"):
        dataclasses.replace(RELAYS["own"], key="")


def test_a_lab_that_has_ended_says_so():
    with h.lab(FUJIBA) as net:
        pass
    for use in (lambda: net.send(from_=AUTHOR), lambda: net.traces, lambda: net.address("gmail")):
        with pytest.raises(ValueError, match="does not run"):
            use()


def test_a_closed_port_says_so():
    with h.lab(FUJIBA) as net:
        net.send(from_=AUTHOR)
        for server in net._post._servers:
            net._loop.call_soon_threadsafe(server.close)
        with pytest.raises(
            ConnectionError,
            match=r"^nobody answers for smtp\.gmail\.com at 127\.0\.0\.1 port \d+: the port is closed$",
        ):
            net.send(from_=AUTHOR)


def test_a_receiver_that_is_gone_says_so():
    with h.lab(FUJIBA) as net:
        net.send(from_=AUTHOR)
        net._loop.call_soon_threadsafe(net._post._servers[1].close)
        with pytest.raises(ConnectionError, match=r"nobody answers for mx1\.737flight\.example"):
            net.send(from_=AUTHOR)
        assert net.send(from_=AUTHOR, receiver="gmail").bounce is not None  # the lab goes on


def test_a_fault_of_the_lab_is_raised_where_it_is_seen(monkeypatch):
    def broken(*args, **kwargs):
        raise ZeroDivisionError("on purpose")

    with h.lab(FUJIBA) as net:
        for place in ("helpers.lab.roles.judge", "helpers.lab.post.pass_on"):
            with monkeypatch.context() as patch:
                patch.setattr(place, broken)
                with pytest.raises(ZeroDivisionError, match="on purpose"):
                    net.send(from_=AUTHOR)
        assert net.send(from_=AUTHOR).bounce is not None


# -------------------------------------------------------------------- hostile mail

NOBODY = h.Zone.from_dict({"example.com": {"TXT": ["v=spf1 -all"]}})
HOSTILE = {
    "dots": b"From: a@example.com\r\n\r\n.\r\n..\r\n.x\r\n...\r\n",
    "first byte a dot": b".\r\n",
    "a long line": b"From: a@example.com\r\n\r\n" + b"x" * 200_000 + b"\r\n",
    "a long header": b"From: a@example.com\r\nSubject: " + b"y" * 100_000 + b"\r\n\r\n",
    "8-bit": b"From: a@example.com\r\nSubject: \xff\xfe\r\n\r\n\x80\xff\r\n",
    "NUL": b"From: a@example.com\r\nX-\0: \0\r\n\r\n\0\r\n\0\0\r\n",
    "no end of line": b"From: a@example.com\r\n\r\nno end",
    "lone CR": b"From: a@example.com\r\n\r\na\rb\r.\rc\r\n",
    "another mail inside": b"From: a@example.com\r\n\r\n\r\n.\rMAIL FROM:<x@example.com>\r\n",
    "empty": b"",
    "no header": b"\r\n\r\nhello\r\n",
    "starts with a blank": b" x: y\r\n\r\n",
    "many headers": b"X: y\r\n" * 3000 + b"From: a@example.com\r\n\r\n",
    "two authors": b"From: a@example.com\r\nFrom: b@example.net\r\n\r\n",
}


def ended(raw: bytes) -> bytes:
    """What DATA carries ends with a line ending (RFC 5321 §4.1.1.4)."""
    return raw if raw.endswith(b"\r\n") or not raw else raw + b"\r\n"


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_hostile_mail_survives(net, raw):
    net.zone = NOBODY
    direct = net.send(raw, from_="a@example.com", through="direct")
    assert direct.received.raw.endswith(ended(raw))
    for through in ("gmail", "service", ("own", "list", "forwarder-srs")):
        trace = net.send(raw, from_="a@example.com", through=through)
        assert trace.delivered
        assert str(trace)
        assert trace.to_dict()


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_hostile_mail_comes_back(net, raw):
    """Refused whatever it is: the report is one, and holds the mail."""
    everything = dataclasses.replace(RECEIVERS["plain"], name="closed", accepted="550 5.7.1 no")
    net.zone = NOBODY
    bounce = net.send(raw, from_="a@example.com", through="own", receiver=everything).bounce
    assert bounce.kind == "dsn"
    assert bounce.replies[0].text == "550 5.7.1 no"
    assert raw in bounce.message.raw


def test_lines_without_cr_get_one(net):
    net.zone = NOBODY
    trace = net.send(b"From: a@example.com\n\n.\nhello\n.\n", through="direct")
    assert trace.received.raw.endswith(b"From: a@example.com\r\n\r\n.\r\nhello\r\n.\r\n")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=300) | st.text("\r\n.x", max_size=60).map(str.encode))
def test_any_body_arrives_as_it_was_sent(net, body):
    net.zone = NOBODY
    raw = b"From: a@example.com\r\n\r\n" + body
    trace = net.send(raw, from_="a@example.com", through="direct")
    travelled = stuffed(trace.hops[0].message.raw)
    assert b"\r\n.\r\n" not in travelled
    assert trace.received.raw.endswith(ended(trace.hops[0].message.raw))


def test_a_line_that_begins_with_a_blank_does_not_join_the_receivers_statement(net):
    net.zone = NOBODY
    trace = net.send(b" ; dkim=pass header.d=example.com\r\n\r\n", from_="a@example.com", through="direct")
    assert "header.d" not in trace.received.get("authentication-results").value


def test_an_address_too_long_for_smtp_is_refused_by_the_server(net):
    long = "a" * 600 + "@example.com"
    trace = net.send(from_=long, through="own")
    assert trace.reply == "500 Command line too long"
    assert (trace.delivered, trace.authentication, trace.bounce, len(trace.hops)) == (False, None, None, 1)


def test_values_that_are_no_tokens_stand_in_quotes():
    mail = Mail('"a;b c"@example.com', "x@example.net", b"From: a@example.com\r\n\r\n")
    envelope = h.Envelope("192.0.2.1", "mx.example.com", mail.mail_from)
    found = h.authenticate(mail.raw, envelope=envelope, dns=NOBODY, now=0)
    stored = kept(
        Taken(mail, "192.0.2.1", None, "mx.example.com"), found, host="mx.example.net", number=1, hop=1
    )
    read = h.read_message(stored)
    assert r'smtp.mailfrom="\"a;b c\"@example.com"' in read.get("authentication-results").value
    assert [(s.method, s.result) for s in read.stated][:2] == [("spf", "fail"), ("dkim", "none")]


def test_a_header_that_can_not_be_taken_apart_stays():
    odd = b"no colon here\r\nSubject: x\r\n\r\n"
    assert changed(odd, lambda header: None) == odd


def test_the_returned_mail_can_not_end_the_report():
    from helpers.lab.mail import START

    raw = b"From: a@example.com\r\n\r\n--report-q-0--\r\n--report-q-1\r\n"
    refusal = Refusal(("550 5.7.1 no",), "mx.example.net", "192.0.2.1")
    report = delivery_report(
        RELAYS["gmail"],
        Mail("a@example.com", "b@example.net", raw),
        refusal,
        to="a@example.com",
        at=START,
        identifier="q",
    )
    bounce = h.read_bounce(report.raw)
    assert bounce.original.body == b"--report-q-0--\r\n--report-q-1\r\n"


# ------------------------------------------------------------------- other clients

PROXY = b"PROXY TCP4 203.0.113.77 192.0.2.60 40000 25\r\n"


def talk(address: tuple[str, int], *lines: bytes) -> bytes:
    """What a server answers to these lines, all of it."""
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(b"".join(lines))
        answers = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(10_000):
                answers += piece
    return answers


def test_a_submission_server_wants_a_login():
    with h.lab(FUJIBA) as net:
        answers = talk(
            net.address("gmail"), PROXY, b"EHLO x.example\r\nMAIL FROM:<a@example.com>\r\nQUIT\r\n"
        )
        assert b"530 5.7.0 Authentication required" in answers
        wrong = b"AUTH PLAIN " + b"AGEAYg==" + b"\r\n"  # a, b
        answers = talk(net.address("gmail"), PROXY, b"EHLO x.example\r\n", wrong, b"QUIT\r\n")
        assert b"535 5.7.8" in answers
        assert b"AUTH" not in talk(net.address("apple"), PROXY, b"EHLO x.example\r\nQUIT\r\n")
        assert net.traces == ()


def test_who_does_not_say_where_he_comes_from_is_not_heard():
    with h.lab(FUJIBA) as net:
        assert talk(net.address("apple"), b"EHLO x.example\r\n") == b""
        assert net.address("gmail") != net.address("to gmail")


@pytest.fixture(scope="module")
def swaks() -> str:
    found = shutil.which("swaks")
    if found is None and not os.environ.get("CI"):
        pytest.skip("swaks is not installed")
    assert found, "swaks is missing: .ci/run installs it"
    return found


def run_swaks(
    swaks: str, address: tuple[str, int], source: str, *more: str
) -> subprocess.CompletedProcess[str]:
    command = [
        *(swaks, "--server", address[0], "--port", str(address[1])),
        *("--proxy-version", "1", "--proxy-family", "TCP4", "--proxy-source", source),
        *("--proxy-source-port", "40000", "--proxy-dest", "192.0.2.60", "--proxy-dest-port", "25"),
        *("--from", "monthly@fujiba.net", "--to", "desk@737flight.example"),
        *("--header", "Subject: by swaks", *more),
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_a_real_client_can_use_the_relay(swaks):
    with h.lab(FUJIBA) as net:
        login = ("--auth", "PLAIN", "--auth-user", "owner.example@gmail.com", "--auth-password", "lab")
        run = run_swaks(swaks, net.address("gmail"), "203.0.113.77", "--ehlo", "smtpclient.apple", *login)
        assert run.returncode == 0, run.stdout
        (trace,) = net.traces
    assert trace.reply == "550 5.7.1 Your message was rejected due to fujiba.net's DMARC policy."
    assert (trace.bounced_to, trace.bounce.blamed) == ("owner.example@gmail.com", "dmarc")
    assert trace.bounce.original.subject == "by swaks"


def test_a_real_client_can_speak_to_the_receiver(swaks):
    with h.lab(FUJIBA) as net:
        mailgun = run_swaks(swaks, net.address("apple"), "198.51.100.10", "--ehlo", "so254-10.mailgun.net")
        spoof = run_swaks(swaks, net.address("apple"), "198.51.100.200", "--ehlo", "host200.example.net")
        assert mailgun.returncode == 0, mailgun.stdout
        assert spoof.returncode == 26, spoof.stdout  # swaks: the server refused DATA
        assert "** 550 5.7.1 Your message was rejected due to fujiba.net's DMARC policy." in spoof.stdout
        assert [trace.delivered for trace in net.traces] == [True, False]
        assert net.traces[0].authentication.spf.result == "pass"
