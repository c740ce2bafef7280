"""Fixes for what real bounces look like: no client IP, records at the wrong name, a service's signature."""

from __future__ import annotations

import pytest
from tests.test_diagnosis import HIS_OWN, KEY, NOW, PLAIN, STORY, WORLD, dsn, signed, zone_of
from tests.test_fixes import assert_proven, changed

import helpers as h
from helpers.diagnosis import Cause
from helpers.terms import Envelope, Result

UNAUTHENTICATED = (
    "550 5.7.26 the sender is unauthenticated: all senders must authenticate with either SPF or DKIM"
)


def diagnosed(original: bytes, records: dict, *, to: bytes = HIS_OWN, reply: str = STORY) -> h.Diagnosis:
    """The diagnosis of a bounce, with every fix done again from scratch."""
    zone = zone_of(records)
    found = h.diagnose(dsn(original, to=to, reply=reply.encode()), dns=zone, now=NOW)
    assert_proven(found, zone, NOW)
    return found


def fix_of(found: h.Diagnosis, code: str) -> object:
    return next((fix for fix in found.fixes if fix.code == code), None)


# ------------------------------------------------- bounces seldom name the client IP

INCLUDES = {f"s{n}.example.org": {"TXT": [f"v=spf1 ip4:198.51.100.{n} -all"]} for n in range(12)}
HEAVY = f"v=spf1 {' '.join(f'include:{name}' for name in INCLUDES)} ip4:192.0.2.1 -all"
BROKEN = {
    "spf_merge": {"example.com": {"TXT": ["v=spf1 ip4:192.0.2.1 -all", "v=spf1 ip4:192.0.2.2 ~all"]}},
    "spf_syntax": {"example.com": {"TXT": ["v=spf1 ipv4:192.0.2.1 -all"]}},
    "spf_lookups": {"example.com": {"TXT": [HEAVY]}, **INCLUDES},
}


@pytest.mark.parametrize("code", list(BROKEN))
@pytest.mark.parametrize("reply", [STORY, "550 5.7.24 SPF permanent error for example.com"])
def test_a_broken_spf_record_is_mended_without_knowing_the_server(code: str, reply: str) -> None:
    found = diagnosed(PLAIN, BROKEN[code], reply=reply)
    assert found.cause == Cause.SPF_RECORD_ERROR
    best = found.fixes[0]
    assert best.code == code
    assert any("The client IP is not known" in sentence for sentence in best.assumptions)


def test_a_known_client_is_the_one_that_has_to_pass() -> None:
    stranger = Envelope(client_ip="203.0.113.9", helo="host.example.org", mail_from="monthly@example.com")
    found = h.diagnose(PLAIN, dns=zone_of(BROKEN["spf_merge"]), envelope=stranger, now=NOW)
    assert "spf_merge" not in {fix.code for fix in found.fixes}


# --------------------------------------------------------- records at the wrong name


@pytest.mark.parametrize(
    ("name", "record", "becomes"),
    [
        ("_dmarc.example.com", '"v=DMARC1; p=reject"', "v=DMARC1; p=reject"),
        ("_dmarc.example.com", "v=dmarc1; p=quarantine", "v=DMARC1; p=quarantine"),
        (
            "_dmarc.example.com",
            "p=reject; rua=mailto:d@example.com",
            "v=DMARC1; p=reject; rua=mailto:d@example.com",
        ),
        ("_dmarc.example.com", "v=DMARC1, p=reject", "v=DMARC1; p=reject"),
        ("_dmarc.example.com.example.com", "v=DMARC1; p=reject", "v=DMARC1; p=reject"),
        ("dmarc.example.com", "v=DMARC1; p=reject", "v=DMARC1; p=reject"),
    ],
)
def test_a_policy_that_no_receiver_sees(name: str, record: str, becomes: str) -> None:
    asks = "421 4.7.40 the sending domain doesn't have a DMARC record"
    found = diagnosed(signed(), {"_dmarc.example.com": None, name: {"TXT": [record]}}, reply=asks)
    assert found.cause == Cause.NO_POLICY
    best = found.fixes[0]
    assert best.code == "dmarc_add"
    assert [(change.name, change.new) for change in best.changes] == [("_dmarc.example.com", becomes)]
    astray = name != "_dmarc.example.com"
    assert any(f"Remove the record at {name}" in sentence for sentence in best.other) is astray
    assert best.title.startswith("Move the DMARC record" if astray else "Make _dmarc.example.com a valid")


@pytest.mark.parametrize(
    "place", ["s1._domainkey.example.com.example.com", "s1.domainkey.example.com", "s1.example.com"]
)
def test_a_key_that_no_receiver_sees(place: str) -> None:
    found = diagnosed(signed(), {"s1._domainkey.example.com": None, place: {"TXT": [KEY]}})
    best = found.fixes[0]
    assert best.code == "dkim_key_elsewhere"
    assert [(change.name, change.new) for change in best.changes] == [("s1._domainkey.example.com", KEY)]
    assert any(f"Remove the record at {place}" in sentence for sentence in best.other)


def test_a_policy_behind_a_cname_is_changed_by_whose_it_is() -> None:
    records = {
        "_dmarc.example.com": {"CNAME": ["example.com._dmarc.vendor.example"]},
        "example.com._dmarc.vendor.example": {"TXT": ["v=DMARC1; p=reject"]},
    }
    found = diagnosed(PLAIN, records, to=b"owner@mailbox.example")
    taken_back = fix_of(found, "policy_none")
    assert [who.value for who in taken_back.who] == ["sending service"]
    assert [change.name for change in taken_back.changes] == ["example.com._dmarc.vendor.example"]


@pytest.mark.parametrize(
    ("record", "title"),
    [
        ("v=DMARC1; p=reject", "sp=none for www.example.com"),
        ("v=DMARC1; p=none; np=reject", "sp=none and np=none for www.example.com"),
    ],
)
def test_giving_up_is_named_with_its_tags(record: str, title: str) -> None:
    raw = PLAIN.replace(b"monthly@example.com", b"monthly@www.example.com")
    zone = zone_of({"_dmarc.example.com": {"TXT": [record]}})
    found = h.diagnose(dsn(raw, to=b"owner@mailbox.example"), dns=zone, now=NOW)
    assert fix_of(found, "policy_none").title.endswith(title)


# -------------------------------------------------------------- what is not asked for


def test_a_receiver_that_asks_for_spf_or_dkim_does_not_ask_for_a_policy() -> None:
    records = {"_dmarc.example.com": None, "example.com": {"MX": [(10, "mx.example.com")]}}
    reply = f"{UNAUTHENTICATED} SPF [example.com] with ip: [203.0.113.9] = did not pass"
    zone = zone_of(records)
    found = h.diagnose(dsn(PLAIN, to=HIS_OWN, reply=reply.encode()), dns=zone, now=NOW)
    assert found.cause == Cause.NOTHING_AUTHENTICATES
    codes = [fix.code for fix in found.fixes]
    assert {"spf_list_address", "service_sign", "service_return_path"} <= set(codes)
    assert not any("dmarc_add" in code for code in codes)
    listed = fix_of(found, "spf_list_address")
    assert "as the receiver asks" in listed.outcome
    again = h.authenticate(listed.message, dns=changed(zone, listed.changes), envelope=listed.envelope)
    assert again.spf is not None
    assert again.spf.result == Result.PASS


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (" (in reply to RCPT TO command)", "before it looked at any signature"),
        (" (in reply to end of DATA command)", "do not say that a signature would do"),
    ],
)
def test_why_a_signature_is_no_answer_to_a_refusal_for_spf(where: str, words: str) -> None:
    reply = f"550 5.7.23 SPF fail: 203.0.113.9 is not allowed to send mail for example.com{where}"
    bounce = dsn(PLAIN, to=HIS_OWN, reply=reply.encode())
    bounce = bounce.replace(
        b"Not delivered.", b"<reader@example.net>: host mx.example.net[198.51.100.2] said: " + reply.encode()
    )
    found = h.diagnose(bounce, dns=zone_of({}), now=NOW)
    why = next(fix.why for fix in found.rejected_fixes if fix.code == "service_sign")
    assert words in why


@pytest.mark.parametrize(
    ("mail_from", "offered"),
    [
        (b"owner@mailbox.example", True),
        (b"tanaka12345@mailbox.example", True),
        (b"0102018f1234abcd-1111-2222-000000@mailbox.example", False),
        (b"4711@mailbox.example", False),
        (b"news@bounces.mailbox.example", False),
        (b"news@em42.mailbox.example", False),
        (b"owner@eu-west-1.amazonses.com", False),
    ],
)
def test_nobody_is_told_to_write_as_a_services_return_path(mail_from: bytes, offered: bool) -> None:
    domain = mail_from.partition(b"@")[2].decode()
    found = diagnosed(PLAIN, {domain: WORLD["mailbox.example"]}, to=mail_from)
    assert found.cause == Cause.AUTHENTICATED_AS_OTHER
    assert (fix_of(found, "author_change") is not None) is offered


def test_a_list_whose_spf_nobody_knows_can_still_write_as_itself() -> None:
    raw = b"List-Id: <talk.mailbox.example>\r\nList-Post: <mailto:talk@mailbox.example>\r\n" + signed()
    found = diagnosed(raw + b"-- \r\nfooter\r\n", {}, to=b"talk-bounces@mailbox.example")
    assert found.cause == Cause.SIGNATURE_BROKEN
    best = found.fixes[0]
    assert best.code == "list_author"
    assert "talk@mailbox.example" in best.title


@pytest.mark.parametrize("domain", ["example-com.20230601.gappssmtp.com", "example.onmicrosoft.com"])
def test_a_half_finished_set_up_is_finished_first(domain: str) -> None:
    found = diagnosed(signed(domain.encode()), {f"s1._domainkey.{domain}": {"TXT": [KEY]}})
    assert found.cause == Cause.SPF_UNAUTHORIZED
    assert found.fixes[0].code == "service_sign"
    assert any("This message came from" in sentence for sentence in found.fixes[0].other)


# -------------------------------------------------- a refusal for SPF of the name in HELO

HELO_LINK = (
    "550 5.7.23 <reader@example.net>: Recipient address rejected: Message rejected due to: SPF fail - not "
    "authorized. Please see http://www.open-spf.org/Why?s=helo;id=mail.example.com;ip=192.0.2.1;r=mx.example.net"
)
ARPA = "1.2.0.192.in-addr.arpa"


@pytest.mark.parametrize(
    ("records", "code", "value"),
    [
        (
            {"TXT": ["v=spf1 ip4:192.0.2.77 -all"], "A": ["192.0.2.1"]},
            "spf_list_address",
            "v=spf1 ip4:192.0.2.77 a -all",
        ),
        ({"TXT": ["v=spf1 -all"]}, "spf_list_address", "v=spf1 ip4:192.0.2.1 -all"),
        ({"A": ["192.0.2.1"]}, "spf_list_address", "v=spf1 a -all"),
        ({"TXT": ["v=spf1 ipv4:192.0.2.1 -all"]}, "spf_syntax", "v=spf1 ip4:192.0.2.1 -all"),
    ],
)
def test_the_record_at_the_name_in_helo_is_the_one_to_mend(records: dict, code: str, value: str) -> None:
    found = diagnosed(PLAIN, {"mail.example.com": records}, reply=HELO_LINK)
    assert found.cause in (Cause.SPF_UNAUTHORIZED, Cause.SPF_RECORD_ERROR)
    assert "mail.example.com, the name that the sending server gave in HELO" in found.summary
    assert found.authentication is not None
    assert found.authentication.dmarc.result == Result.PASS  # by MAIL FROM, which nobody refused
    best = found.fixes[0]
    assert best.code == code
    (change,) = best.changes
    assert (change.name, change.host, change.value) == ("mail.example.com", "mail", value)
    assert best.outcome.startswith("spf=pass for mail.example.com in HELO")
    assert "No SPF record of example.com is read for that" in " ".join(found.certain)


def test_a_server_can_introduce_itself_with_the_name_its_address_has() -> None:
    records = {
        "mail.example.com": {"A": ["192.0.2.99"], "TXT": ["v=spf1 a -all"]},
        "vps.example.com": {"A": ["192.0.2.1"]},
        ARPA: {"PTR": ["liar.example.com", "vps.example.com"]},
    }
    best = diagnosed(PLAIN, records, reply=HELO_LINK).fixes[0]
    assert best.code == "helo_name"
    assert "vps.example.com" in best.title
    assert best.changes == ()


def test_the_sender_domains_record_is_of_no_use_for_helo_unless_dmarc_needs_it_too() -> None:
    records = {
        "example.com": {"TXT": ["v=spf1 -all"]},
        "mail.example.com": {"A": ["192.0.2.1"], "TXT": ["v=spf1 -all"]},
    }
    found = diagnosed(PLAIN, records, reply=HELO_LINK)
    assert found.fixes[0].code == "spf_list_address+spf_include"
    why = next(fix.why for fix in found.rejected_fixes if fix.code == "spf_include")
    assert "mail.example.com, the name that the server gives in HELO" in why


def test_of_the_null_sender_helo_is_what_counts() -> None:
    records = {"mail.example.com": {"A": ["192.0.2.1"], "TXT": ["v=spf1 -all"]}}
    reply = "550 5.7.1 SPF fail for mail.example.com [192.0.2.1]"
    original = b"Return-Path: <>\r\n" + PLAIN
    found = diagnosed(original, records, to=b"postmaster@example.com", reply=reply)
    assert found.bounce is not None
    assert found.bounce.envelope.mail_from == ""
    assert "empty MAIL FROM, for which HELO stands in" in found.summary
    assert found.fixes[0].changes[0].value == "v=spf1 a -all"
    assert not {"exact_mail_from", "listed_server"} & {fix.code for fix in found.fixes}


def test_a_name_in_helo_that_nobody_says_is_the_reporting_servers() -> None:
    reply = "550 5.7.23 SPF HELO validation failed, status: Fail."
    records = {"out.mailbox.example": {"A": ["198.51.100.7"], "TXT": ["v=spf1 -all"]}}
    found = diagnosed(PLAIN, records, reply=reply)
    assert found.bounce is not None
    assert found.bounce.envelope.helo == "out.mailbox.example"
    assert "SPF of out.mailbox.example" in found.summary


def test_no_fix_for_a_name_in_helo_whose_zone_is_not_at_hand() -> None:
    found = diagnosed(PLAIN, {}, reply=HELO_LINK.replace("mail.example.com", "vps.hoster.example"))
    assert found.cause == Cause.SPF_UNAUTHORIZED
    assert not found.fixes
    assert any("hoster.example" in sentence for sentence in found.unchecked)


def test_a_name_in_helo_that_passes_here_is_not_reproduced() -> None:
    found = diagnosed(
        PLAIN, {"mail.example.com": {"A": ["192.0.2.1"], "TXT": ["v=spf1 a -all"]}}, reply=HELO_LINK
    )
    assert found.cause == Cause.NOT_REPRODUCED
    assert "SPF passes for that name" in found.summary


def test_words_about_helo_alone() -> None:
    found = h.diagnose("550 5.7.1 SPF check failed for HELO mail.example.com", dns=None)
    assert found.cause == Cause.STATED_ONLY
    assert "the name in HELO, mail.example.com" in found.summary
    assert "not about MAIL FROM" in found.summary


def test_why_spf_is_no_answer_to_a_refusal_for_dkim() -> None:
    broken = signed().replace(b"Subject: June", b"Subject: July")
    found = diagnosed(broken, {}, reply="550 5.7.20 DKIM check failed: no signature by example.com passes")
    whys = {fix.code: fix.why for fix in found.rejected_fixes}
    assert "adds no signature" in whys["service_return_path"]


@pytest.mark.parametrize("name", ["localhost.localdomain", "macbook.local", "server.lan"])
def test_a_name_from_inside_has_to_give_way_to_one_in_dns(name: str) -> None:
    records = {"mx.example.com": {"A": ["192.0.2.1"]}}
    reply = f"550 5.7.1 SPF fail for HELO {name} [192.0.2.1]"
    found = diagnosed(PLAIN, records, reply=reply)
    assert found.cause == Cause.SPF_UNAUTHORIZED
    assert "outside of a network of one's own" in found.summary
    assert found.fixes[0].code == "helo_name"
    assert "mx.example.com" in found.fixes[0].title


def test_helo_with_the_senders_own_name_is_one_record() -> None:
    reply = "550 5.7.1 SPF fail for HELO example.com [192.0.2.9]"
    found = diagnosed(PLAIN, {}, reply=reply)
    assert "its record is not asked" not in found.summary
    assert found.fixes[0].changes[0].value == "v=spf1 ip4:192.0.2.1 ip4:192.0.2.9 -all"
