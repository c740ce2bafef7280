"""Causes as data: one small message each, with the zone and envelope that make the cause."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from helpers.bounce import read_bounce
from helpers.diagnosis import TITLES, Cause
from helpers.fixes import diagnose
from helpers.lookup import SERVFAIL, Zone
from helpers.terms import Basis, Envelope, Result

NOW = 1_800_000_000
HEADERS = (
    b"From: Reports <monthly@example.com>\r\nTo: reader@example.net\r\n"
    b"Subject: June\r\nDate: Sun, 15 Jun 2025 15:00:00 +0000\r\n"
)
BODY = b"\r\nThe numbers of June.\r\n"
PLAIN = HEADERS + BODY

_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_PEM = _KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
)
_DER = _KEY.public_key().public_bytes(
    serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
)
KEY = f"v=DKIM1; k=rsa; p={base64.b64encode(_DER).decode()}"


def signed(domain: bytes = b"example.com", raw: bytes = PLAIN) -> bytes:
    """The message with a real signature of ours."""
    return dkim.sign(raw, b"s1", domain, _PEM, include_headers=[b"from", b"to", b"subject", b"date"]) + raw


WORLD = {
    "example.com": {"TXT": ["v=spf1 ip4:192.0.2.1 -all"], "MX": [(10, "mx.example.com")]},
    "_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject"]},
    "s1._domainkey.example.com": {"TXT": [KEY]},
    "mailbox.example": {"TXT": ["v=spf1 ip4:198.51.100.7 -all"]},
    "s1._domainkey.mailbox.example": {"TXT": [KEY]},
}
OWN = Envelope(client_ip="192.0.2.1", helo="mx.example.com", mail_from="monthly@example.com")
OTHER = Envelope(client_ip="198.51.100.7", helo="out.mailbox.example", mail_from="owner@mailbox.example")
STRANGER = Envelope(client_ip="203.0.113.9", helo="host.example.org", mail_from="monthly@example.com")


@dataclass
class Row:
    """One constructed message, and the cause it must get."""

    name: str
    cause: Cause
    raw: bytes = PLAIN
    envelope: Envelope = OWN
    world: dict = field(default_factory=dict)
    says: tuple[str, ...] = ()


ROWS = [
    Row("own-server", Cause.PASSES),
    Row("signed-elsewhere", Cause.PASSES, signed(), OTHER),
    Row(
        "the-story",
        Cause.AUTHENTICATED_AS_OTHER,
        PLAIN,
        OTHER,
        says=(
            "SPF passed for mailbox.example",
            "no DKIM signature by example.com",
            "nothing aligns with From: example.com",
            "p=reject",
        ),
    ),
    Row(
        "signed-by-other",
        Cause.AUTHENTICATED_AS_OTHER,
        signed(b"mailbox.example"),
        OTHER,
        says=("DKIM passed for mailbox.example", "also no DKIM signature by example.com"),
    ),
    Row(
        "unlisted-server",
        Cause.SPF_UNAUTHORIZED,
        PLAIN,
        STRANGER,
        says=("203.0.113.9", "does not list (fail)"),
    ),
    Row(
        "unlisted-server-p-none",
        Cause.SPF_UNAUTHORIZED,
        PLAIN,
        STRANGER,
        {"_dmarc.example.com": {"TXT": ["v=DMARC1; p=none"]}},
        says=("p=none",),
    ),
    Row(
        "no-spf-record",
        Cause.NOTHING_AUTHENTICATES,
        PLAIN,
        OWN,
        {"example.com": {}},
        says=("SPF ended in none",),
    ),
    Row(
        "two-spf-records",
        Cause.SPF_RECORD_ERROR,
        PLAIN,
        OWN,
        {"example.com": {"TXT": ["v=spf1 -all", "v=spf1 a -all"]}},
    ),
    Row("list-footer", Cause.SIGNATURE_BROKEN, signed() + b"-- \r\nlist\r\n", OTHER, says=("body changed",)),
    Row(
        "subject-tag",
        Cause.SIGNATURE_BROKEN,
        signed().replace(b"Subject: June", b"Subject: [list] June"),
        OTHER,
        says=("never made it",),
    ),
    Row(
        "key-missing",
        Cause.KEY_MISSING,
        signed(),
        OTHER,
        {"s1._domainkey.example.com": None},
        says=("s1._domainkey.example.com",),
    ),
    Row(
        "key-revoked",
        Cause.KEY_REVOKED,
        signed(),
        OTHER,
        {"s1._domainkey.example.com": {"TXT": ["v=DKIM1; p="]}},
    ),
    Row(
        "key-damaged",
        Cause.KEY_INVALID,
        signed(),
        OTHER,
        {"s1._domainkey.example.com": {"TXT": ["v=DKIM1; p=MIIB!!"]}},
    ),
    Row(
        "key-unreachable",
        Cause.DNS_TROUBLE,
        signed(),
        OTHER,
        {"s1._domainkey.example.com": {"TXT": SERVFAIL}},
    ),
    Row("dmarc-unreachable", Cause.DNS_TROUBLE, PLAIN, OTHER, {"_dmarc.example.com": {"TXT": SERVFAIL}}),
    Row(
        "strict-subdomain",
        Cause.STRICT_ALIGNMENT,
        PLAIN,
        Envelope(client_ip="192.0.2.1", mail_from="b@bounce.example.com", helo="mx.example.com"),
        {
            "_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject; aspf=s"]},
            "bounce.example.com": {"TXT": ["v=spf1 ip4:192.0.2.1 -all"]},
        },
        says=("bounce.example.com", "aspf=s"),
    ),
    Row("no-policy", Cause.NO_POLICY, PLAIN, OTHER, {"_dmarc.example.com": None}),
    Row(
        "two-authors",
        Cause.NO_AUTHOR_DOMAIN,
        PLAIN.replace(b"From: ", b"From: a@example.org, "),
        says=("example.org",),
    ),
    Row("no-from", Cause.NO_AUTHOR_DOMAIN, PLAIN.partition(b"\r\n")[2], says=("none",)),
]


def zone_of(changes: dict) -> Zone:
    world = {**WORLD, **changes}
    return Zone.from_dict({name: records for name, records in world.items() if records is not None})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_cause(row: Row) -> None:
    diagnosis = diagnose(row.raw, dns=zone_of(row.world), envelope=row.envelope, now=NOW)
    assert diagnosis.cause == row.cause, diagnosis.summary
    for words in row.says:
        assert words in diagnosis.summary
    assert diagnosis.evidence
    assert diagnosis.authentication is not None
    passed = diagnosis.authentication.dmarc.result == Result.PASS
    assert passed == (row.cause == Cause.PASSES)


def test_forwarded_without_signature() -> None:
    hops = (
        b"Received: from fwd.example.org ([203.0.113.9]) by mx.example.net with ESMTP"
        b" for <me@example.net>; Sun, 15 Jun 2025 15:02:00 +0000\r\n"
        b"Received: from mx.example.com ([192.0.2.1]) by fwd.example.org with ESMTP"
        b" for <me@example.org>; Sun, 15 Jun 2025 15:01:00 +0000\r\n"
    )
    diagnosis = diagnose(hops + PLAIN, dns=zone_of({}), envelope=STRANGER, now=NOW)
    assert diagnosis.cause == Cause.FORWARDED
    assert "forwarded" in diagnosis.summary


def test_every_cause_has_its_title() -> None:
    assert set(TITLES) == set(Cause)


def test_nothing_is_looked_up_by_accident() -> None:
    with pytest.raises(TypeError, match="dns"):
        diagnose(PLAIN)  # type: ignore[call-arg]


# ---------------------------------------------------------- partial evidence

STORY = "550 5.7.1 Your message was rejected due to fujiba.net's DMARC policy."


def test_one_pasted_line() -> None:
    diagnosis = diagnose(STORY, dns=None)
    assert diagnosis.cause == Cause.STATED_ONLY
    assert "DMARC of fujiba.net failed" in diagnosis.summary
    assert any("fujiba.net itself publishes" in sentence for sentence in diagnosis.certain)
    assert any("Sent folder" in sentence for sentence in diagnosis.unchecked)


def test_without_dns_the_headers_alone_settle_the_story() -> None:
    raw = b"Return-Path: <owner@mailbox.example>\r\n" + PLAIN
    diagnosis = diagnose(raw, dns=None)
    assert diagnosis.cause == Cause.AUTHENTICATED_AS_OTHER
    assert diagnosis.authentication is None
    assert any("can't align with example.com" in sentence for sentence in diagnosis.certain)
    assert any("not looked up" in sentence for sentence in diagnosis.unchecked)


def test_without_dns_an_unchecked_signature_of_the_author_stays_undecided() -> None:
    assert diagnose(b"Return-Path: <owner@mailbox.example>\r\n" + signed(), dns=None).cause == Cause.UNDECIDED


def test_without_dns_stated_results_count() -> None:
    stated = (
        b"Return-Path: <owner@mailbox.example>\r\n"
        b"Authentication-Results: mx.example.net; spf=pass smtp.mailfrom=owner@mailbox.example;\r\n"
        b" dmarc=fail header.from=example.com\r\n"
    )
    diagnosis = diagnose(stated + PLAIN, dns=None)
    assert diagnosis.cause == Cause.AUTHENTICATED_AS_OTHER
    assert "SPF passed for mailbox.example" in diagnosis.summary
    spf = next(fact for fact in diagnosis.evidence if fact.name == "SPF")
    assert (spf.basis, "mx.example.net" in spf.source) == (Basis.STATED, True)


def dsn(
    original: bytes,
    *,
    form: bytes = b"message/rfc822",
    to: bytes = b"owner@mailbox.example",
    reply: bytes = STORY.encode(),
) -> bytes:
    """A bounce as RFC 3464 wants it."""
    return (
        b"From: mailer-daemon@mailbox.example\r\nTo: " + to + b"\r\nSubject: Undelivered\r\n"
        b"MIME-Version: 1.0\r\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nNot delivered.\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; out.mailbox.example\r\n\r\n"
        b"Final-Recipient: rfc822; reader@example.net\r\nAction: failed\r\nStatus: 5.7.1\r\n"
        b"Diagnostic-Code: smtp; "
        + reply
        + b"\r\n\r\n--b\r\nContent-Type: "
        + form
        + b"\r\n\r\n"
        + original
        + b"\r\n--b--\r\n"
    )


def test_a_bounce_goes_to_mail_from() -> None:
    diagnosis = diagnose(dsn(PLAIN), dns=zone_of({}))
    assert diagnosis.cause == Cause.AUTHENTICATED_AS_OTHER
    mail_from = next(fact for fact in diagnosis.evidence if fact.name == "MAIL FROM")
    assert (mail_from.value, mail_from.basis) == ("owner@mailbox.example", Basis.INFERRED)
    client = next(fact for fact in diagnosis.evidence if fact.name == "client IP")
    assert client.basis == Basis.UNKNOWN


def test_only_the_headers_came_back_and_they_verify() -> None:
    headers = signed().partition(b"\r\n\r\n")[0] + b"\r\n"
    diagnosis = diagnose(dsn(headers, form=b"text/rfc822-headers"), dns=zone_of({}), now=NOW)
    assert diagnosis.cause == Cause.NOT_REPRODUCED
    assert "valid signature by example.com" in diagnosis.summary
    assert any("body hash" in sentence for sentence in diagnosis.unchecked)


def test_only_the_headers_came_back_and_they_were_changed() -> None:
    headers = signed().partition(b"\r\n\r\n")[0].replace(b"Subject: June", b"Subject: July") + b"\r\n"
    assert (
        diagnose(dsn(headers, form=b"text/rfc822-headers"), dns=zone_of({}), now=NOW).cause
        == Cause.SIGNATURE_BROKEN
    )


def test_a_whole_message_that_passes_here_was_another_there() -> None:
    assert diagnose(dsn(signed()), dns=zone_of({}), now=NOW).cause == Cause.NOT_REPRODUCED


def test_a_bounce_about_something_else_says_what() -> None:
    diagnosis = diagnose(dsn(PLAIN, reply=b"550 5.1.1 no such user here"), dns=zone_of({}))
    assert diagnosis.cause == Cause.NOT_ABOUT_AUTHENTICATION
    assert diagnosis.summary.startswith("The refusal is not about SPF, DKIM or DMARC. ")
    assert len(diagnosis.summary) > len("The refusal is not about SPF, DKIM or DMARC. ")


@pytest.mark.parametrize(
    "raw", [b"", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 20, b"\x00" * 1000]
)
def test_what_is_no_mail_is_said_to_be_none(raw: bytes) -> None:
    assert diagnose(raw, dns=None).cause == Cause.NOT_A_MESSAGE


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_json_ready(row: Row) -> None:
    plain = diagnose(row.raw, dns=zone_of(row.world), envelope=row.envelope, now=NOW).to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert {"cause", "summary", "evidence", "fixes", "rejected_fixes"} <= plain.keys()


def test_zone_and_bounce_stay_as_they_were() -> None:
    zone, bounce = zone_of({}), read_bounce(dsn(PLAIN))
    before = (zone.to_text(), bounce.to_dict())
    diagnose(bounce, dns=zone)
    assert (zone.to_text(), bounce.to_dict()) == before


# ------------------------------------------------- what the receiver's words add


def test_the_receivers_words_settle_what_nobody_here_saw() -> None:
    """Unsigned, and MAIL FROM is aligned: if DMARC failed there, SPF did not pass there."""
    diagnosis = diagnose(dsn(PLAIN, to=b"monthly@example.com"), dns=None)
    assert diagnosis.cause == Cause.SPF_UNAUTHORIZED
    assert "only SPF for example.com could have passed" in diagnosis.summary


def test_a_signature_of_ones_own_leaves_it_open() -> None:
    diagnosis = diagnose(dsn(signed(), to=b"monthly@example.com"), dns=None)
    assert diagnosis.cause == Cause.UNDECIDED
    assert "SPF for example.com, the DKIM signature by example.com" in diagnosis.summary


def test_a_refusal_for_spf_does_not_ask_about_alignment() -> None:
    reply = b"550 5.7.23 The message was rejected because of Sender Policy Framework violation"
    diagnosis = diagnose(dsn(PLAIN, reply=reply), dns=None)
    assert diagnosis.cause == Cause.SPF_UNAUTHORIZED
    assert "here mailbox.example" in diagnosis.summary


def test_a_refusal_at_another_address_was_forwarded() -> None:
    hop = (
        b"Received: from mx.example.com ([192.0.2.1]) by fwd.example.org with ESMTP"
        b" for <me@example.org>; Sun, 15 Jun 2025 15:01:00 +0000\r\n"
    )
    diagnosis = diagnose(dsn(hop + PLAIN, to=b"monthly@example.com"), dns=None)
    assert diagnosis.cause == Cause.FORWARDED


def test_what_the_sender_could_have_written_is_not_believed() -> None:
    """An Authentication-Results line below the outside hop may be the sender's own."""
    forged = (
        b"Received: from out.mailbox.example ([198.51.100.7]) by mx.example.net with ESMTP id 1;"
        b" Sun, 15 Jun 2025 15:01:00 +0000\r\n"
        b"Authentication-Results: elsewhere.example; dkim=pass header.d=example.com\r\n"
    )
    diagnosis = diagnose(forged + PLAIN, dns=None)
    assert diagnosis.cause != Cause.PASSES
    row = next(fact for fact in diagnosis.evidence if fact.name == "dkim, as stated")
    assert "may be the sender" in row.source


def test_an_spf_result_for_helo_does_not_count() -> None:
    stated = (
        b"Authentication-Results: mx.example.net; spf=pass smtp.helo=mail.example.com;\r\n"
        b" spf=softfail smtp.mailfrom=owner@mailbox.example; dmarc=fail header.from=example.com\r\n"
    )
    diagnosis = diagnose(stated + PLAIN, dns=zone_of({}))
    assert diagnosis.cause != Cause.PASSES
    assert "softfail for mailbox.example" in diagnosis.summary


def test_a_copied_signature_is_named_where_the_server_is_a_stranger() -> None:
    copied = signed() + b"Pay here instead.\r\n"
    from_stranger = diagnose(copied, dns=zone_of({}), envelope=STRANGER, now=NOW)
    assert from_stranger.cause == Cause.SIGNATURE_BROKEN
    assert "copies a signature" in from_stranger.summary
    assert "copies a signature" not in diagnose(copied, dns=zone_of({}), envelope=OTHER, now=NOW).summary


# ------------------------------------------------------------------- excerpts

FROM = "From: monthly@example.com\n"
WHOLE = "Date: Sun, 15 Jun 2025 15:00:00 +0000\nMessage-ID: <1@example.com>\n"
STATED = "Authentication-Results: mx.example.net; spf=pass smtp.mailfrom=a@mailbox.example; "
EXCERPTS = {
    # name: (lines, cause)
    "few fields": (f"{FROM}Subject: June\nReceived: from a.example by b.example; x\n", Cause.UNDECIDED),
    "what mail programs show": (f"{FROM}To: b@example.net\nDate: {WHOLE[6:37]}\n", Cause.UNDECIDED),
    "MAIL FROM of the author": (f"{FROM}Return-Path: <a@example.com>\n", Cause.UNDECIDED),
    "MAIL FROM of another": (f"{FROM}Return-Path: <a@mailbox.example>\n", Cause.AUTHENTICATED_AS_OTHER),
    "a receiver saw no signature": (f"{FROM}{STATED}dkim=none\n", Cause.AUTHENTICATED_AS_OTHER),
    "a receiver saw another's": (
        f"{FROM}{STATED}dkim=pass header.d=mailbox.example\n",
        Cause.AUTHENTICATED_AS_OTHER,
    ),
    "a receiver saw a broken one": (
        f"{FROM}{STATED}dkim=fail header.d=example.com\n",
        Cause.SIGNATURE_BROKEN,
    ),
    "a receiver saw a good one": (f"{FROM}{STATED}dkim=pass header.d=example.com\n", Cause.PASSES),
    "a signature, without what it signs": (
        signed().decode().partition("From:")[0].replace("\r", "") + FROM,
        Cause.UNDECIDED,
    ),
    "a whole header": (f"{FROM}{WHOLE}Return-Path: <a@mailbox.example>\n", Cause.AUTHENTICATED_AS_OTHER),
}


@pytest.mark.parametrize("name", list(EXCERPTS))
@pytest.mark.parametrize("with_dns", [True, False], ids=["dns", "no dns"])
def test_a_few_lines_prove_no_missing_signature(name: str, with_dns: bool) -> None:
    lines, cause = EXCERPTS[name]
    diagnosis = diagnose(lines, dns=zone_of({}) if with_dns else None, now=NOW)
    assert diagnosis.cause == cause, diagnosis.summary
    whole = name == "a whole header"
    assert any("only some lines of the header" in sentence for sentence in diagnosis.unchecked) is not whole
    if cause == Cause.UNDECIDED:
        assert "no DKIM signature" not in " ".join((diagnosis.summary, *diagnosis.certain))
        assert "asks receivers" not in diagnosis.summary  # nobody has said that it failed
    if name == "MAIL FROM of another":
        assert "no DKIM signature by example.com among the header lines at hand" in diagnosis.summary
        assert "the others may hold a signature: give the whole source" in diagnosis.summary
    for fix in diagnosis.fixes:
        assert any("whole source" in sentence for sentence in fix.assumptions) is not whole


def test_a_bounce_that_returned_a_few_lines() -> None:
    few = dsn(b"From: monthly@example.com\r\nSubject: June\r\n", form=b"text/rfc822-headers")
    diagnosis = diagnose(few, dns=zone_of({}), now=NOW)
    assert diagnosis.cause == Cause.AUTHENTICATED_AS_OTHER
    assert "others may hold a signature: look at the message in your Sent folder" in diagnosis.summary
    assert any("can't align" in sentence for sentence in diagnosis.certain)
    assert any("Sent folder" in sentence for sentence in diagnosis.unchecked)
    fact = next(fact for fact in diagnosis.evidence if fact.name == "DKIM")
    assert (fact.value, fact.basis) == (None, Basis.UNKNOWN)


# ------------------------------------------------------- what the receiver says

HIS_OWN = b"monthly@example.com"  # where the bounce went, and so MAIL FROM
BROKEN_SPF = {"example.com": {"TXT": ["v=spf1 ip4:192.0.2.1 -all", "v=spf1 a -all"]}}
REFUSED = {
    # name: (reply, original, records, cause, words of the summary)
    "no policy, and there is none": (
        "421 4.7.40 the sending domain doesn't have a DMARC record",
        signed(),
        {"_dmarc.example.com": None},
        Cause.NO_POLICY,
        "saw none, and there is none",
    ),
    "no policy, and here is one": (
        "421 4.7.40 the sending domain doesn't have a DMARC record",
        signed(),
        {},
        Cause.NOT_REPRODUCED,
        "here is one",
    ),
    "another's signature leaves only SPF": (
        STORY,
        signed(b"mailbox.example"),
        {},
        Cause.SPF_UNAUTHORIZED,
        "No signature here can align with example.com, so only SPF",
    ),
    "a record that is broken for every server": (
        STORY,
        PLAIN,
        BROKEN_SPF,
        Cause.SPF_RECORD_ERROR,
        "has 2 SPF records",
    ),
    "the same record while a signature may have failed": (
        "550 5.7.26 the sender is unauthenticated: must authenticate with at least one of SPF or DKIM",
        signed(b"mailbox.example"),
        BROKEN_SPF,
        Cause.UNDECIDED,
        "can't be told",
    ),
    "SPF alone, although DKIM passes": (
        "550 5.7.1 SPF fail: 203.0.113.9 is not allowed to send mail for example.com",
        signed(),
        {},
        Cause.SPF_UNAUTHORIZED,
        "The signature by example.com does pass, but the receiver refused for SPF itself",
    ),
    "Microsoft's list with one failure": (
        "550 5.7.515 Access denied, sending domain EXAMPLE.COM does not meet the required authentication "
        "level. Spf= Fail , Dkim= Pass , DMARC= Pass",
        signed(),
        {},
        Cause.SPF_UNAUTHORIZED,
        "The receiver says that SPF failed",
    ),
    "two keys": (
        STORY,
        signed(),
        {"s1._domainkey.example.com": {"TXT": [KEY, "v=DKIM1; p=AAAA"]}},
        Cause.NOT_REPRODUCED,
        "There are 2 records at s1._domainkey.example.com",
    ),
    "a key that is too short": (
        STORY,
        signed(),
        {"s1._domainkey.example.com": {"TXT": ["v=DKIM1; k=rsa; p=MIIB"]}},
        Cause.KEY_INVALID,
        "the key at s1._domainkey.example.com",
    ),
    "a list": (
        STORY,
        b"List-Id: Talk <talk.mailbox.example>\r\n" + signed() + b"-- \r\nfooter\r\n",
        {},
        Cause.SIGNATURE_BROKEN,
        "through a mailing list (Talk <talk.mailbox.example)",
    ),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_cause_of_a_refusal(name: str) -> None:
    reply, original, records, cause, words = REFUSED[name]
    diagnosis = diagnose(dsn(original, to=HIS_OWN, reply=reply.encode()), dns=zone_of(records), now=NOW)
    assert diagnosis.cause == cause, diagnosis.summary
    assert words.lower() in diagnosis.summary.lower()


OTHER_MATTERS = {
    "mailbox full": "552 5.2.2 The email account that you tried to reach is over quota.",
    "unknown at Exchange Online": "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found",
    "greylisted": "451 4.7.1 Greylisting in action, please come back later",
}


@pytest.mark.parametrize("name", list(OTHER_MATTERS))
def test_a_refusal_about_something_else_says_nothing_about_policies(name: str) -> None:
    diagnosis = diagnose(dsn(PLAIN, reply=OTHER_MATTERS[name].encode()), dns=zone_of({}), now=NOW)
    assert diagnosis.cause == Cause.NOT_ABOUT_AUTHENTICATION
    assert "asks receivers" not in diagnosis.summary
    assert (diagnosis.certain, diagnosis.unchecked, diagnosis.fixes) == ((), (), ())


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("421 4.7.40 the sending domain doesn't have a DMARC record", "saw none"),
        ("451 4.7.1 SPF lookup temporary error for example.com", "DNS for SPF got no answer"),
        ("550 5.7.24 SPF permanent error: too many DNS lookups", "has an error"),
    ],
)
def test_pasted_words_that_say_why(words: str, part: str) -> None:
    diagnosis = diagnose(words, dns=None)
    assert diagnosis.cause == Cause.STATED_ONLY
    assert part in diagnosis.summary
    assert "neither SPF nor DKIM passed" not in diagnosis.summary


def test_exim_returns_a_copy_from_before_it_signs() -> None:
    by_exim = dsn(PLAIN, to=HIS_OWN).replace(
        b"Not delivered.", b"This message was created automatically by mail delivery software."
    )
    diagnosis = diagnose(by_exim, dns=zone_of({}), now=NOW)
    assert diagnosis.bounce is not None
    assert diagnosis.bounce.reporter == "Exim"
    assert "The copy that came back has no DKIM signature" in diagnosis.summary
    assert not any("no DKIM signature" in sentence for sentence in diagnosis.certain)
    assert any("Exim signs a message while it sends it" in sentence for sentence in diagnosis.unchecked)


# ------------------------------------------------------------ what is published


@pytest.mark.parametrize(
    ("author", "record", "asked"),
    [
        ("example.com", "v=DMARC1; p=reject; sp=none", "to reject such mail (p=reject)"),
        ("www.example.com", "v=DMARC1; p=reject", "to reject such mail (p=reject)"),
        ("www.example.com", "v=DMARC1; p=none; sp=reject", "to reject such mail (sp=reject)"),
        ("gone.example.com", "v=DMARC1; p=none; np=reject", "to reject such mail (np=reject)"),
        ("gone.example.com", "v=DMARC1; p=none; sp=quarantine", "as suspicious (sp=quarantine)"),
        ("www.example.com", "v=DMARC1; p=none; sp=reject; np=none", "to reject such mail (sp=reject)"),
        ("example.com", "v=DMARC1; p=rejct; rua=mailto:d@example.com", "p=rejct is no policy"),
        ("example.com", "v=DMARC1; rua=mailto:d@example.com", "its record has no p="),
    ],
)
def test_the_policy_is_named_with_the_tag_it_comes_from(author: str, record: str, asked: str) -> None:
    zone = zone_of({"_dmarc.example.com": {"TXT": [record]}, "www.example.com": {"A": ["192.0.2.80"]}})
    raw = PLAIN.replace(b"monthly@example.com", b"monthly@" + author.encode())
    diagnosis = diagnose(raw, dns=zone, envelope=OTHER, now=NOW)
    assert asked in diagnosis.summary


@pytest.mark.parametrize(
    ("name", "record", "why"),
    [
        ("_dmarc.example.com", "v=dmarc1; p=reject", "in exactly these letters"),
        ("_dmarc.example.com", "v=DMARC1, p=reject", "v=DMARC1 and a semicolon"),
        ("_dmarc.example.com", "p=reject; rua=mailto:d@example.com", "does not begin with v=DMARC1"),
        ("_dmarc.example.com", '"v=DMARC1; p=reject"', "has quotation marks in its text"),
        ("_dmarc.example.com", "v=DMARC1; p=rejct", "no valid p"),
        ("_dmarc.example.com.example.com", "v=DMARC1; p=reject", "the domain stands there twice"),
        ("dmarc.example.com", "v=DMARC1; p=reject", "the underscore before dmarc is missing"),
        ("example.com", "v=DMARC1; p=reject", "receivers look at _dmarc.example.com and nowhere else"),
        ("_dmarc.example.com", "an unrelated note", "publishes no DMARC policy"),
    ],
)
def test_why_no_policy_applies(name: str, record: str, why: str) -> None:
    zone = zone_of({"_dmarc.example.com": None, name: {"TXT": [record]}})
    diagnosis = diagnose(PLAIN, dns=zone, envelope=OTHER, now=NOW)
    assert diagnosis.cause == Cause.NO_POLICY
    assert why in diagnosis.summary
    told = [fact for fact in diagnosis.evidence if fact.name == "no DMARC record"]
    assert [fact.value for fact in told] == ([] if "unrelated" in record else [record])


def test_two_policies_are_none() -> None:
    zone = zone_of({"_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject", "v=DMARC1; p=none"]}})
    assert "has 2 DMARC records" in diagnose(PLAIN, dns=zone, envelope=OTHER, now=NOW).summary


def test_strict_alignment_is_not_told_as_another_owner() -> None:
    zone = zone_of(
        {
            "_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject; aspf=s"]},
            "bounce.example.com": {"TXT": ["v=spf1 ip4:192.0.2.1 -all"]},
        }
    )
    envelope = Envelope(client_ip="192.0.2.1", helo="mx.example.com", mail_from="b@bounce.example.com")
    certain = " ".join(diagnose(PLAIN, dns=zone, envelope=envelope, now=NOW).certain)
    assert "exactly the same name (aspf=s)" in certain
    assert "can't align" not in certain


@pytest.mark.parametrize(
    ("domain", "service"),
    [
        (b"example-com.20230601.gappssmtp.com", "Google Workspace"),
        (b"example.onmicrosoft.com", "Microsoft 365"),
    ],
)
def test_the_signature_that_a_service_makes_by_itself(domain: bytes, service: str) -> None:
    zone = zone_of({f"s1._domainkey.{domain.decode()}": {"TXT": [KEY]}})
    diagnosis = diagnose(signed(domain), dns=zone, envelope=STRANGER, now=NOW)
    assert any(service in sentence and "turned on" in sentence for sentence in diagnosis.certain)
    best = diagnosis.fixes[0]
    assert best.code == "spf_list_address" or best.code == "service_sign"
    signing = next(fix for fix in diagnosis.fixes if fix.code == "service_sign")
    assert any(service in sentence for sentence in signing.other)


def test_a_name_that_looks_like_an_address() -> None:
    raw = PLAIN.replace(b"From: Reports <", b'From: "boss@example.org" <')
    facts = {fact.name: fact for fact in diagnose(raw, dns=zone_of({}), envelope=OWN, now=NOW).evidence}
    assert facts["display name"].value == "boss@example.org"
    assert facts["author domain"].value == "example.com"
    assert "display name" not in {f.name for f in diagnose(PLAIN, dns=zone_of({}), envelope=OWN).evidence}


def test_a_zone_of_another_domain_says_nothing_about_this_one():
    other = Zone.from_dict({"example.net": {"TXT": ["v=spf1 -all"]}})
    diagnosis = diagnose(b"From: a@example.com\r\nMessage-ID: <1@example.com>\r\n\r\nText\r\n", dns=other)
    assert diagnosis.cause == Cause.UNDECIDED
    assert "has no name example.com" in diagnosis.summary
    assert "publishes no DMARC policy" not in json.dumps(diagnosis.to_dict())


# ------------------------------------------------------------ more than one recipient, and later


def _several(first: bytes, second: bytes, action: bytes = b"failed") -> bytes:
    """A bounce with a recipient more, in front."""
    block = b"Final-Recipient: rfc822; " + first + b"\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    block += b"Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n"
    bounce = dsn(b"Received: from a by b for <" + second + b">; Sun, 15 Jun 2025 15:00:00 +0000\r\n" + PLAIN)
    head, _, rest = bounce.partition(b"Final-Recipient")
    return head + block + b"Final-Recipient" + rest.replace(b"Action: failed", b"Action: " + action)


def test_a_hop_for_one_of_several_recipients_is_no_forwarding() -> None:
    raw = _several(b"nobody@example.org", b"reader@example.net").replace(b"owner@mailbox", b"monthly@example")
    raw = raw.replace(b"monthly@example.example", b"monthly@example.com")
    assert diagnose(raw, dns=None).cause == Cause.SPF_UNAUTHORIZED
    forwarded = raw.replace(b"for <reader@example.net>", b"for <old@example.net>")
    assert diagnose(forwarded, dns=None).cause == Cause.FORWARDED


def test_a_report_of_success_says_that_it_arrived() -> None:
    raw = dsn(PLAIN, reply=b"250 2.0.0 Ok").replace(b"Action: failed", b"Action: relayed")
    found = diagnose(raw.replace(b"Status: 5.7.1", b"Status: 2.0.0"), dns=None)
    assert found.cause == Cause.NOT_ABOUT_AUTHENTICATION
    assert found.summary == "Nothing was refused: this report says that the message arrived."
    assert not found.unchecked


def test_a_delay_says_that_nothing_is_lost_yet() -> None:
    raw = dsn(PLAIN, reply=b"421 4.7.27 SPF authentication didn't pass").replace(
        b"Action: failed", b"Action: delayed"
    )
    assert "Nothing is lost yet" in diagnose(raw, dns=None).certain[0]
    assert "Nothing is lost yet" not in " ".join(diagnose(dsn(PLAIN), dns=None).certain)


def test_a_rewritten_mail_from_is_told_as_forwarding() -> None:
    sender = b"SRS0=AbCd=XY=example.com=monthly@fwd.example.org"
    found = diagnose(dsn(PLAIN, to=sender), dns=None)
    assert found.cause == Cause.FORWARDED
    assert "an address of its own into MAIL FROM (SRS)" in found.summary
    elsewhere = diagnose(dsn(PLAIN, to=sender.replace(b"=example.com=", b"=example.net=")), dns=None)
    assert elsewhere.cause == Cause.AUTHENTICATED_AS_OTHER
    with_dns = diagnose(dsn(PLAIN, to=sender), dns=zone_of({}), now=NOW)
    assert with_dns.fixes[0].code == "service_sign"
    assert "srs" not in {fix.code for fix in with_dns.rejected_fixes}


def test_a_refusal_without_words_is_not_explained_away() -> None:
    found = diagnose(dsn(PLAIN, reply=b"550 5.7.1"), dns=None)
    assert found.cause == Cause.NOT_ABOUT_AUTHENTICATION
    assert "no words, only a code" in found.summary


def test_data_without_a_refusal_is_no_message() -> None:
    assert (
        diagnose('{"event": "opened", "email": "reader@example.net"}', dns=None).cause == Cause.NOT_A_MESSAGE
    )


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("421 4.7.1 SPF temporary failure for example.com", Cause.DNS_TROUBLE),
        ("451 4.7.1 DMARC policy of example.com can not be looked up", Cause.DNS_TROUBLE),
        ("550 5.7.1 SPF fail for example.com", Cause.SPF_UNAUTHORIZED),
    ],
)
def test_dns_that_did_not_answer_the_receiver_is_no_failure(words: str, cause: Cause) -> None:
    assert diagnose(dsn(PLAIN, to=b"monthly@example.com", reply=words.encode()), dns=None).cause == cause


def test_what_dns_says_here_counts_more_than_that_it_did_not_answer_there() -> None:
    words = b"421 4.7.1 SPF temporary failure for example.com [203.0.113.9]"
    raw = dsn(PLAIN, to=b"monthly@example.com", reply=words)
    assert diagnose(raw, dns=zone_of({}), now=NOW).cause == Cause.SPF_UNAUTHORIZED
