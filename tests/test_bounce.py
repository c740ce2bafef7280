"""Bounces of every shape, refusals in many wordings and their look-alikes, and hostile input."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.bounce import code_meaning, read_bounce
from helpers.message import read_message
from helpers.terms import Basis, Blamed, BounceKind

# --------------------------------------------------------------- the receivers' words

# Wordings of many receivers, our own wordings, and look-alikes (blamed: null).
REFUSALS = {
    row["id"]: row
    for row in json.loads((Path(__file__).parent / "data" / "refusals.json").read_text("utf-8"))
}
ABOUT_AUTHENTICATION = [name for name, row in REFUSALS.items() if row["blamed"]]
LOOK_ALIKES = [name for name, row in REFUSALS.items() if not row["blamed"]]


@pytest.mark.parametrize("name", ABOUT_AUTHENTICATION)
def test_a_refusal_about_authentication(name):
    row = REFUSALS[name]
    bounce = read_bounce(row["words"])
    assert bounce.kind == BounceKind.PASTED_REPLY
    assert (bounce.blamed, bounce.blamed_domain, bounce.blamed_ip) == (
        row["blamed"],
        row["domain"],
        row["ip"],
    )
    if "identity" in row or "helo" in row["words"].lower():
        assert bounce.blamed_identity == row.get("identity")
        assert ("(HELO)" in bounce.meaning) is (row.get("identity") == "helo")
    assert bounce.basis in {Basis.STATED, Basis.DOCUMENTED, Basis.INFERRED}
    assert bounce.clue
    assert bounce.meaning.endswith(".")
    assert read_bounce(row["words"].upper()).blamed == row["blamed"]


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_a_refusal_that_only_sounds_like_it(name):
    bounce = read_bounce(REFUSALS[name]["words"])
    assert bounce.kind == BounceKind.PASTED_REPLY
    assert (bounce.blamed, bounce.basis, bounce.blamed_domain) == (None, None, None)
    assert bounce.meaning.endswith(".")


def test_the_same_code_means_another_thing_elsewhere():
    """5.7.27 is SPF at Gmail, and the sender's null MX in RFC 7505."""
    dsn = DSN.replace("550 5.7.1 rejected by DMARC policy for shop.example", "550 5.7.27 Refused")
    assert read_bounce(dsn.replace("mx.example.com", "gmail-smtp-in.l.google.com")).blamed == Blamed.SPF
    assert read_bounce(dsn).blamed is None


def test_every_row_of_the_table_of_phrases_can_be_reached():
    from helpers.bounce.blame import blame
    from helpers.bounce.phrases import EXACT, LOOK_ALIKES, OTHER, OTHERWISE

    for row in EXACT:
        assert blame(" and ".join(row.words)).blamed == row.blamed, row.words
    for row in (*EXACT, *OTHERWISE, *LOOK_ALIKES, *OTHER):
        assert row.source
        assert row.meaning.endswith(".")
        assert all(word == word.lower() for word in row.words)
    for row in (*OTHERWISE, *LOOK_ALIKES, *OTHER):
        assert blame(" and ".join(row.words)).blamed is None, row.words


def test_only_the_reply_is_searched_not_the_returned_message():
    dsn = DSN.replace(
        "rejected by DMARC policy for shop.example", "<user@example.com> no mailbox by that name"
    )
    bounce = read_bounce(dsn.replace("Subject: hello", "Subject: 550 5.7.26 spf=fail dkim=fail dmarc=fail"))
    assert bounce.blamed is None
    assert bounce.returned == "full"


def test_help_texts_of_the_reporting_server_do_not_blame():
    """What the sender's own server adds for its users is no refusal."""
    advice = "Ask the sender to check SPF, DKIM and DMARC: authentication may have failed."
    dsn = DSN.replace("rejected by DMARC policy for shop.example", "no mailbox by that name")
    assert read_bounce(dsn.replace("I'm sorry to have to inform you", advice)).blamed is None


# ---------------------------------------------------------------------- shapes of bounces

DSN = """\
Return-Path: <>
From: MAILER-DAEMON@mx.shop.example (Mail Delivery System)
To: news@shop.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.shop.example.

I'm sorry to have to inform you that your message could not be delivered.

<user@example.com>: host mx.example.com[192.0.2.1] said: 550 5.7.1
    rejected by DMARC policy for shop.example (in reply to end of DATA command)

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.shop.example
Arrival-Date: Mon, 1 Jan 2024 00:00:00 +0000

Final-Recipient: rfc822; user@example.com
Original-Recipient: rfc822;alias@example.net
Action: failed
Status: 5.0.0
Remote-MTA: dns; mx.example.com
Diagnostic-Code: smtp; 550 5.7.1 rejected by DMARC policy for shop.example

--b1
Content-Type: message/rfc822

From: News <news@shop.example>
To: alias@example.net
Subject: hello

Hello.

--b1--
"""


def test_a_delivery_status_notification():
    bounce = read_bounce(DSN)
    assert bounce.kind == BounceKind.DSN
    assert bounce.is_bounce
    (reply,) = bounce.replies
    assert (reply.recipient, reply.original_recipient) == ("user@example.com", "alias@example.net")
    assert (reply.code, reply.enhanced, reply.status) == (550, "5.7.1", "5.0.0")
    assert reply.text == "550 5.7.1 rejected by DMARC policy for shop.example"
    assert (reply.receiver, reply.stage, reply.action) == ("mx.example.com", "end-of-data", "failed")
    assert (bounce.receiver, bounce.reporter) == ("mx.example.com", "Postfix")
    assert (bounce.blamed, bounce.blamed_domain, bounce.basis) == (Blamed.DMARC, "shop.example", Basis.STATED)
    assert bounce.original is not None
    assert bounce.original.author_domain == "shop.example"
    assert bounce.returned == "full"
    assert dict(bounce.report)["Reporting-MTA"] == "dns; mx.shop.example"


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_line_endings_make_no_difference(ending):
    plain, other = read_bounce(DSN), read_bounce(DSN.replace("\n", ending).encode())
    assert plain.replies == other.replies
    assert (plain.blamed, plain.returned) == (other.blamed, other.returned)


def test_every_kind_of_source_gives_the_same_bounce(tmp_path):
    path = tmp_path / "bounce.eml"
    path.write_text(DSN)
    raw = DSN.encode()
    for source in (raw, DSN, path, str(path), io.BytesIO(raw), io.StringIO(DSN), read_message(raw)):
        assert read_bounce(source) == read_bounce(raw)


def test_misuse_is_an_error(tmp_path):
    with pytest.raises(TypeError):
        read_bounce(550)
    with pytest.raises(OSError, match="missing"):
        read_bounce(tmp_path / "missing.eml")


def with_status(fields: str, prose: str = "Something went wrong.") -> str:
    start, middle = (
        DSN.index("This is the mail system"),
        DSN.index("--b1\nContent-Type: message/delivery-status"),
    )
    text = DSN[:start] + prose + "\n\n" + DSN[middle:]
    first, last = text.index("Reporting-MTA"), text.index("--b1\nContent-Type: message/rfc822")
    return text[:first] + fields + "\n" + text[last:]


def test_several_recipients_and_one_who_was_reached():
    recipients = (
        "Reporting-MTA: dns; mx.shop.example\n\n"
        "Final-Recipient: rfc822; a@example.com\nAction: failed\nStatus: 5.1.1\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no\n\n"
        "Final-Recipient: rfc822; b@example.com\nAction: delayed\nStatus: 4.2.2\n"
        "Diagnostic-Code: smtp; 452 4.2.2 full\n\n"
        "Final-Recipient: rfc822; c@example.com\nAction: delivered\nStatus: 2.0.0\n"
    )
    bounce = read_bounce(with_status(recipients))
    assert [(reply.recipient, reply.code, reply.action) for reply in bounce.replies] == [
        ("a@example.com", 550, "failed"),
        ("b@example.com", 452, "delayed"),
    ]
    assert any("1 recipients who were reached" in note for note in bounce.notes)


def test_a_success_report_is_no_bounce():
    fields = (
        "Reporting-MTA: dns; mx.example.com\n\nFinal-Recipient: rfc822; a@example.com\nAction: relayed\n"
        "Status: 2.1.5\nDiagnostic-Code: smtp; 250 2.1.5 Ok\n"
    )
    bounce = read_bounce(with_status(fields))
    assert (bounce.kind, bounce.is_bounce) == (BounceKind.DSN, False)
    assert bounce.replies[0].code == 250
    assert bounce.blamed is None


def test_a_diagnostic_code_that_holds_the_first_line_only():
    transcript = """\
   ----- The following addresses had permanent fatal errors -----
<user@example.com>
    (reason: 550-5.7.1 Unauthenticated email from shop.example is not accepted due to domain's)
    (expanded from: <list@example.net>)

   ----- Transcript of session follows -----
... while talking to mx.example.com.:
>>> DATA
<<< 550-5.7.1 Unauthenticated email from shop.example is not accepted due to domain's
<<< 550-5.7.1 DMARC policy. Please contact the administrator of shop.example domain
<<< 550 5.7.1 if this was a legitimate mail.
554 5.0.0 Service unavailable
"""
    fields = """\
Reporting-MTA: dns; mx.shop.example

Final-Recipient: RFC822; list@example.net
X-Actual-Recipient: RFC822; user@example.com
Action: failed
Status: 5.7.1
Remote-MTA: DNS; mx.example.com
Diagnostic-Code: SMTP; 550-5.7.1 Unauthenticated email from shop.example is not accepted due to domain's
"""
    bounce = read_bounce(with_status(fields, transcript))
    (reply,) = bounce.replies
    assert "domain's DMARC policy. Please" in reply.text
    assert (reply.recipient, reply.actual_recipient) == ("list@example.net", "user@example.com")
    assert (bounce.blamed, bounce.blamed_domain) == (Blamed.DMARC, "shop.example")


def test_sloppy_status_fields():
    fields = """\
Reporting-MTA : dns;mx.shop.example
Action : failed
Status : 5.0.0 (permanent failure)
Diagnostic-Code : smtp;550-5.7.54 SMTP; Unable to relay
550 5.7.54 recipient in non-accepted domain
Remote-MTA : mx.example.com
Final-Recipient : rfc/822;user@example.com
"""
    (reply,) = read_bounce(with_status(fields)).replies
    assert (reply.recipient, reply.code, reply.enhanced) == ("user@example.com", 550, "5.7.54")
    assert reply.text == "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain"
    assert (reply.status, reply.receiver) == ("5.0.0", "mx.example.com")


def test_status_fields_in_plain_text():
    """A report that lost its MIME structure is one all the same."""
    text = DSN[DSN.index("--b1") :]
    bounce = read_bounce("From: MAILER-DAEMON\nTo: news@shop.example\nSubject: Returned mail\n\n" + text)
    assert bounce.kind == BounceKind.DSN
    assert bounce.replies[0].recipient == "user@example.com"
    assert bounce.returned == "full-in-text"
    assert bounce.original is not None
    assert bounce.original.author_domain == "shop.example"


PROSE = {
    "qmail": (
        "Hi. This is the qmail-send program at mx.shop.example.\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n\n"
        "<user@example.com>:\n192.0.2.1 failed after I sent the message.\n"
        "Remote host said: 550-5.7.1 Email rejected per\n550 5.7.1 DMARC policy for shop.example\n\n"
        "--- Below this line is a copy of the message.\n\n",
        "end-of-data",
        "192.0.2.1",
        "qmail",
    ),
    "Exim": (
        "This message was created automatically by mail delivery software.\n\n"
        "A message that you sent could not be delivered. The following address(es) failed:\n\n"
        "  user@example.com\n    host mx.example.com [192.0.2.1]\n"
        "    SMTP error from remote mail server after end of data:\n"
        "    550 5.7.1 Email rejected per DMARC policy for shop.example\n\n"
        "------ This is a copy of the message, including all the headers. ------\n\n",
        "end-of-data",
        "mx.example.com",
        "Exim",
    ),
    "DragonFly dma": (
        "This is the DragonFly Mail Agent v0.13 at shop.example.\n\n"
        "There was an error delivering your mail to <user@example.com>.\n\n"
        "mx.example.com [192.0.2.1] did not like our final DATA:\n"
        "550-5.7.1 Email rejected per\n\n550 5.7.1 DMARC policy for shop.example\n\n"
        "Message headers follow.\n\n",
        "end-of-data",
        "mx.example.com",
        "DragonFly dma",
    ),
    "Google": (
        "Delivery to the following recipient failed permanently:\n\n     user@example.com\n\n"
        "Technical details of permanent failure:\nGoogle tried to deliver your message, but it was rejected "
        "by the server for the recipient domain example.com by mx.example.com. [192.0.2.1].\n\n"
        "The error that the other server returned was:\n"
        "550 5.7.1 Email rejected per DMARC policy for shop.example\n\n"
        "----- Original message -----\n\n",
        None,
        "mx.example.com",
        "Google",
    ),
    "Exchange Server": (
        "Delivery has failed to these recipients or groups:\n\nuser@example.com<mailto:user@example.com>\n"
        "Your message was rejected, see DSN code 5.7.1.\n\nDiagnostic information for administrators:\n\n"
        "Generating server: a.shop.example\n\nuser@example.com\nmx.example.com\n"
        "Remote Server returned '550 5.7.1 Email rejected per DMARC policy for shop.example'\n\n"
        "Original message headers:\n\n",
        None,
        None,
        "Exchange Server",
    ),
    "Yahoo": (
        "Sorry, we were unable to deliver your message to the following address.\n\n<user@example.com>:\n"
        "550: 5.7.1 Email rejected per DMARC policy for shop.example [BODY]\n\n"
        "--- Below this line is a copy of the message.\n\n",
        "end-of-data",
        None,
        "Yahoo",
    ),
}


@pytest.mark.parametrize("writer", PROSE)
def test_a_bounce_in_free_text(writer):
    prose, stage, host, reporter = PROSE[writer]
    sender = {"Google": "mailer-daemon@googlemail.com", "Yahoo": "MAILER-DAEMON@yahoo.com"}.get(
        writer, "postmaster@a"
    )
    original = "Received: from a by b\nFrom: news@shop.example\nTo: user@example.com\nSubject: hello\n"
    bounce = read_bounce(
        f"From: {sender}\nTo: news@shop.example\nSubject: failure notice\n\n{prose}{original}"
    )
    assert bounce.kind == BounceKind.PLAIN_BOUNCE
    (reply,) = bounce.replies
    assert (reply.recipient, reply.code, reply.enhanced) == ("user@example.com", 550, "5.7.1")
    assert reply.text.startswith("550 5.7.1 Email rejected per DMARC policy for shop.example")
    assert (reply.stage, reply.receiver, bounce.reporter) == (stage, host, reporter)
    assert (bounce.blamed, bounce.blamed_domain) == (Blamed.DMARC, "shop.example")
    assert bounce.returned == "headers-in-text"
    assert bounce.original is not None
    assert bounce.original.author_domain == "shop.example"


STORY = "550 5.7.1 Your message was rejected due to fujiba.net's DMARC policy."
PASTED = {
    "words only": STORY.removeprefix("550 5.7.1 "),
    "folded": STORY.replace(" due", "\n    due"),
    "quoted": "> " + STORY.replace(" due", "\n> due"),
    "diagnostic": f"smtp; {STORY}",
    "transcript": f"<<< {STORY}",
    "introduced": f"The response was:\n\n{STORY}",
    "exchange": f"Remote Server returned '{STORY}'",
    "exchange, tagged": f"#{STORY} ##",
    "postfix": (
        f"<user@example.com>: host mx.example.com[192.0.2.1] said: {STORY} (in reply to end of DATA command)"
    ),
    "mail log": (
        "postfix/smtp[1]: AB: to=<user@example.com>, dsn=5.7.1, status=bounced "
        f"(host mx.example.com[192.0.2.1] said: {STORY} (in reply to end of DATA command))"
    ),
}


@pytest.mark.parametrize("how", PASTED)
def test_a_pasted_refusal(how):
    bounce = read_bounce(PASTED[how])
    assert bounce.kind == BounceKind.PASTED_REPLY
    assert (bounce.blamed, bounce.blamed_domain) == (Blamed.DMARC, "fujiba.net")
    assert "Your message was rejected due to fujiba.net's DMARC policy." in bounce.replies[0].text
    assert read_bounce(PASTED[how].encode()) == bounce
    if how in {"postfix", "mail log"}:
        assert bounce.replies[0].recipient == "user@example.com"
        assert bounce.replies[0].stage == "end-of-data"


def test_pasted_status_fields():
    text = DSN[DSN.index("Final-Recipient") : DSN.index("--b1\nContent-Type: message/rfc822")]
    bounce = read_bounce(text)
    assert (bounce.kind, bounce.replies[0].code, bounce.blamed) == (BounceKind.DSN, 550, Blamed.DMARC)


FORWARDED = {
    "attached": (
        'Content-Type: multipart/mixed; boundary="o"\n\n--o\nContent-Type: text/plain\n\nSee below.\n--o\n'
        "Content-Type: message/rfc822\n\n" + DSN + "\n--o--\n"
    ),
    "inline": (
        "\nSee below.\n\n---------- Forwarded message ---------\n"
        "From: Mail Delivery Subsystem <mailer-daemon@a.example>\n"
        "Date: Mon, 1 Jan 2024\nSubject: Delivery Status Notification (Failure)\nTo: <news@shop.example>\n\n"
        "Your message to user@example.com has been blocked.\n\nThe response was:\n\n"
        "550 5.7.1 rejected by DMARC policy for shop.example\n"
    ),
}


@pytest.mark.parametrize("how", FORWARDED)
def test_a_forwarded_bounce_is_found(how):
    bounce = read_bounce("From: me@shop.example\nTo: help@example.org\nSubject: Fwd: help\n" + FORWARDED[how])
    assert bounce.kind in {BounceKind.DSN, BounceKind.PLAIN_BOUNCE}
    assert (bounce.replies[0].recipient, bounce.blamed) == ("user@example.com", Blamed.DMARC)
    assert "found inside another message" in bounce.notes[0]
    assert bounce.message is not None
    assert [address.domain for address in bounce.message.to] == ["shop.example"]


def failure_report(fields: str) -> str:
    return (
        "From: reports@example.com\nTo: dmarc@shop.example\nSubject: FW: hello\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="f"\n\n'
        "--f\nContent-Type: text/plain\n\nThis is an authentication failure report.\n\n"
        f"--f\nContent-Type: message/feedback-report\n\n{fields}\n"
        "--f\nContent-Type: text/rfc822-headers\n\nFrom: news@shop.example\nSubject: hello\n\n--f--\n"
    )


REPORTS = {
    "dmarc": ("Auth-Failure: dmarc\n", "dmarc", "shop.example"),
    "spf": ("Auth-Failure: spf\nOriginal-Mail-From: <bounce@mail.example>\n", "spf", "mail.example"),
    "dkim": ("Auth-Failure: signature\nDKIM-Domain: sign.example\n", "dkim", "sign.example"),
    "body hash": ("Auth-Failure: bodyhash\nDKIM-Domain: sign.example\n", "dkim", "sign.example"),
    "alignment": ("Identity-Alignment: none\n", "alignment", "shop.example"),
    "results": (
        "Authentication-Results: a; dmarc=fail header.from=x.shop.example\n",
        "dmarc",
        "x.shop.example",
    ),
    "nothing more": ("", "authentication", "shop.example"),
}


@pytest.mark.parametrize("name", REPORTS)
def test_an_authentication_failure_report(name):
    fields, blamed, domain = REPORTS[name]
    fields = (
        f"Feedback-Type: auth-failure\nUser-Agent: Test/1.0\nVersion: 1\n{fields}"
        "Reported-Domain: shop.example\nSource-IP: 192.0.2.1\n"
        "Original-Rcpt-To: <user@example.com>\nDelivery-Result: reject\n"
    )
    bounce = read_bounce(failure_report(fields))
    assert bounce.kind == BounceKind.ARF
    assert (bounce.blamed, bounce.blamed_domain, bounce.blamed_ip) == (blamed, domain, "192.0.2.1")
    assert (bounce.replies[0].recipient, bounce.replies[0].action) == ("user@example.com", "reject")
    assert (bounce.reporter, bounce.returned) == ("Test/1.0", "headers")
    assert ("Delivery-Result", "reject") in bounce.report


def test_a_forwarded_failure_report_is_found():
    inside = failure_report(
        "Feedback-Type: auth-failure\nUser-Agent: Test/1.0\nVersion: 1\nAuth-Failure: spf\n"
    )
    outside = (
        'From: me@shop.example\nSubject: Fwd: help\nContent-Type: multipart/mixed; boundary="o"\n\n'
        f"--o\nContent-Type: message/rfc822\n\n{inside}\n--o--\n"
    )
    assert (read_bounce(outside).kind, read_bounce(outside).blamed) == (BounceKind.ARF, Blamed.SPF)


def test_a_complaint_blames_nobody():
    bounce = read_bounce(failure_report("Feedback-Type: abuse\nUser-Agent: Test/1.0\nVersion: 1\n"))
    assert (bounce.kind, bounce.blamed) == (BounceKind.ARF, None)
    assert "unwanted" in bounce.meaning


NOT_BOUNCES = {
    "empty": b"",
    "blank": b" \r\n\n",
    "picture": b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(256)) * 8,
    "prose": b"SPF and DMARC are two ways to tell who sent a message.",
    "data": b'[{"code": "550 5.7.1", "words": "DMARC policy"}]',
    "mail": b"From: a@example.com\nSubject: Lunch\n\nI was unable to deliver the parcel.\n",
    "mail about a bounce": (
        b"From: a@example.com\nSubject: our bounces\n\nIt could not be delivered: 550 5.7.1 DMARC.\n"
    ),
    "auto-reply about a delivery": (
        b"Return-Path: <>\nFrom: a@example.com\nSubject: Automatic reply: delivery of your order\n"
        b"Auto-Submitted: auto-replied\n\nI am away.\n\n500 Market Street\n"
    ),
    "answer of a machine": (
        b"Return-Path: <>\nFrom: a@example.com\nSubject: Re: Delivery\n\nThank you, we look into it.\n"
    ),
    "auto-reply": (
        b"Return-Path: <>\nFrom: a@example.com\nSubject: Away\n"
        b"Auto-Submitted: auto-replied (vacation)\n\nI am away.\n"
    ),
}


@pytest.mark.parametrize("name", NOT_BOUNCES)
def test_what_is_no_bounce(name):
    bounce = read_bounce(NOT_BOUNCES[name])
    assert (bounce.kind, bounce.is_bounce) == (BounceKind.NOT_A_BOUNCE, False)
    assert (bounce.replies, bounce.blamed) == ((), None)
    assert bounce.notes


# --------------------------------------------------------------------------- meanings


@pytest.mark.parametrize(
    ("enhanced", "code", "word"),
    [
        ("5.1.1", 550, "no such mailbox"),
        ("4.2.2", 452, "A temporary failure: the mailbox is full"),
        ("5.7.25", 550, "reverse DNS"),
        ("5.7.1", None, "policy"),
        ("5.3.99", None, "receiving mail system"),
        ("2.1.5", 250, "accepted or delivered"),
        (None, 554, "A permanent failure"),
        (None, 499, "A temporary failure"),
        (None, 250, "accepted or delivered"),
        (None, None, ""),
        ("9.9.9", None, ""),
        ("nonsense", 9999, ""),
    ],
)
def test_what_a_code_means(enhanced, code, word):
    assert word in code_meaning(enhanced, code)


# ----------------------------------------------------------------------- hostile input

HOSTILE = {
    "one long line": "x" * 300_000,
    "addresses without end": "a@" * 150_000,
    "an endless domain": "<a@" + "b." * 100_000 + ">:",
    "codes": "550 5.7.1 " * 30_000,
    "code lines": "550-" * 80_000,
    "recipients": "".join(f"<u{n}@example.com>:\n550 5.1.1 no\n\n" for n in range(8_000)),
    "the same recipient": "<u@example.com>:\n" * 20_000,
    "markers": "original\n" * 30_000,
    "fields": "From: a\nSubject: b\n\n" * 15_000,
    "quotes": "> > > \n" * 40_000,
    "prompts": "<<< 550 x\n>>> DATA\n" * 15_000,
    "brackets": "550 " + "[(<" * 80_000,
    "html": "<script" * 40_000,
    "JSON": '{"notificationType":"Bounce","bounce":' + "[" * 100_000,
    "hexadecimal": "550 5.7.1 spf fail " + "a:a:aaaaaaaa" * 20_000,
    "labels": "550 5.7.1 spf fail " + "a-" * 100_000,
    "identities": "550 5.7.1 spf fail helo mail from " + "helo a " * 40_000,
    "rewritten": "550 5.7.1 spf fail " + "SRS1=a=" * 40_000 + "@",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(
    "header",
    [
        "From: MAILER-DAEMON@example.com\nSubject: Undelivered\n\n",
        "From: MAILER-DAEMON@example.com\nSubject: Undelivered\nContent-Type: text/html\n\n",
        "",
    ],
    ids=["text", "html", "pasted"],
)
def test_hostile_text_is_read_within_bounds(name, header):
    bounce = read_bounce((header + HOSTILE[name]).encode())
    assert len(bounce.replies) <= 1_000
    assert all(len(reply.text) <= 8_000 for reply in bounce.replies)


def test_thousands_of_recipients_are_cut_with_a_note():
    fields = "Reporting-MTA: dns; a.example\n\n" + "".join(
        f"Final-Recipient: rfc822; u{n}@example.com\nAction: failed\nStatus: 5.1.1\n"
        f"Diagnostic-Code: smtp; 550 5.1.1 no {n}\n\n"
        for n in range(5_000)
    )
    bounce = read_bounce(with_status(fields))
    assert len(bounce.replies) == 1_000
    assert any("the first 1000 are shown" in note for note in bounce.notes)


def test_messages_nested_without_end():
    text = "hello"
    for depth in range(60):
        text = (
            f"From: MAILER-DAEMON\nSubject: Undelivered\nContent-Type: multipart/mixed; boundary=b{depth}\n\n"
            f"--b{depth}\nContent-Type: message/rfc822\n\n{text}\n--b{depth}--\n"
        )
    assert read_bounce(text).is_bounce


@given(st.binary(max_size=400))
def test_any_bytes_are_read(raw):
    bounce = read_bounce(raw)
    json.dumps(bounce.to_dict())


PIECES = st.sampled_from(
    [
        *DSN.splitlines(keepends=True),
        *(line for prose, *_ in PROSE.values() for line in prose.splitlines(keepends=True)),
        *(
            "\n",
            "\r",
            "\0",
            "550-",
            "<",
            "@",
            "5.7.1 ",
            "smtp; ",
            "\u2019",
            "Content-Type: message/rfc822\n\n",
            "--b1\n",
        ),
        *(
            "Final-Recipient: rfc822;\n",
            "Action:\n",
            "Diagnostic-Code: x-unix; 255\n",
            "Feedback-Type: abuse\n",
        ),
    ]
)


@given(st.lists(PIECES, max_size=40))
@settings(max_examples=200, deadline=None)
def test_shuffled_pieces_of_bounces_are_read(pieces):
    bounce = read_bounce("".join(pieces).encode())
    json.dumps(bounce.to_dict())
    assert (bounce.blamed is None) == (bounce.basis is None)
    assert bounce.original is None or bounce.returned is not None


# ---------------------------------------------------------------------- what the words mean

MEANINGS = [
    # reply, a part of what it means
    ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient a@example.com not found", "no such mailbox"),
    ("556 5.1.10 Recipient address has null MX", "takes no mail (null MX)"),
    ("550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", "no such mailbox"),
    ("550 5.1.8 Access denied, bad outbound sender AS(42004)", "stopped this account"),
    ("550 5.7.750 Service unavailable. Client blocked from sending from unregistered domains", "unblock"),
    ("550 5.7.60 SMTP; Client does not have permissions to send as this sender", "account that logged in"),
    ("451 4.7.1 Greylisting in action, please come back later", "tries again by itself"),
    ("421 4.7.0 [TSS04] Messages temporarily deferred due to unexpected volume or complaints", "slows mail"),
    ("451 4.7.1 SPF lookup temporary error for shop.example, try again later", "DNS for SPF got no answer"),
    ("550 5.7.24 SPF permanent error: too many DNS lookups for shop.example", "it has an error"),
    ("451 4.7.5 DKIM verification temporarily failed", "could not fetch the DKIM key"),
    ("421 4.7.26 DMARC policy, but temporary DNS failures prevent authentication", "DNS did not answer"),
    ("421 4.7.1 Message temporarily rejected: SPF check failed for shop.example", "not on the list"),
    ("550 5.7.1 The domain shop.example has no DMARC record, message refused", "saw none"),
    ("550 5.7.1 rejected by DMARC policy for shop.example", "did not pass DMARC"),
]


@pytest.mark.parametrize(("words", "part"), MEANINGS)
def test_what_a_refusal_means(words, part):
    assert part in read_bounce(words).meaning


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("Amazon SES did not send the message to this address, it is on the suppression list", "even try"),
        ("Not delivering to previously bounced address", "even try"),
        ("Domain example.org does not accept mail (nullMX)", "null MX"),
    ],
)
def test_words_without_a_code_that_only_a_refusal_has(words, part):
    bounce = read_bounce(words)
    assert (bounce.kind, bounce.blamed) == (BounceKind.PASTED_REPLY, None)
    assert part in bounce.meaning


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        ("421 4.7.40 the sending domain doesn't have a DMARC record", True),
        ("550 5.7.1 no DMARC record found for shop.example", True),
        ("550 5.7.1 rejected by DMARC policy for shop.example", False),
        ("550 5.1.1 user unknown", False),
    ],
)
def test_a_receiver_that_saw_no_policy_asks_for_one(words, asks):
    assert read_bounce(words).asks_for_policy is asks


def test_the_client_that_is_blocked_is_not_who_refused():
    words = "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org"
    bounce = read_bounce(words)
    assert bounce.receiver is None
    assert bounce.replies[0].receiver is None


@pytest.mark.parametrize(
    "said",
    [
        "No se ha podido entregar su mensaje a reader@example.net.\n\n550 5.7.1 Rechazado",
        "A mensagem n\u00e3o p\u00f4de ser entregue a reader@example.net.\n\n550 5.7.1 Rejeitada",
    ],
)
def test_a_recipient_in_a_sentence_of_another_language(said):
    assert [reply.recipient for reply in read_bounce(said).replies] == ["reader@example.net"]


# ---------------------------------------------------------------------- a service's events

POLICY = "550 5.7.26 Unauthenticated email from shop.example is not accepted due to domain's DMARC policy"
EVENTS = {
    "sendgrid": {"email": "a@example.com", "event": "bounce", "type": "blocked", "reason": POLICY},
    "mailgun": {
        "event": "failed",
        "recipient": "a@example.com",
        "delivery-status": {"code": 550, "message": POLICY.removeprefix("550 "), "description": ""},
    },
    "amazon ses": {
        "notificationType": "Bounce",
        "bounce": {
            "bouncedRecipients": [{"emailAddress": "a@example.com", "diagnosticCode": f"smtp; {POLICY}"}]
        },
    },
    "amazon sns": {
        "Type": "Notification",
        "Message": json.dumps(
            {"bounce": {"bouncedRecipients": [{"emailAddress": "a@example.com", "diagnosticCode": POLICY}]}}
        ),
    },
    "postmark": {"RecordType": "Bounce", "Email": "a@example.com", "Details": f"smtp;{POLICY}"},
}


@pytest.mark.parametrize("name", list(EVENTS))
@pytest.mark.parametrize("form", ["object", "indented", "list", "line by line"])
def test_an_event_of_a_sending_service(name, form):
    event = EVENTS[name]
    text = json.dumps([event] if form == "list" else event, indent=2 if form == "indented" else None)
    if form == "line by line":
        text = f"{text}\n{text}\n"
    bounce = read_bounce(text)
    assert bounce.is_bounce
    assert (bounce.blamed, bounce.blamed_domain) == (Blamed.DMARC, "shop.example")
    assert [(reply.recipient, reply.code, reply.enhanced) for reply in bounce.replies] == [
        ("a@example.com", 550, "5.7.26")
    ]


def test_a_message_that_a_service_did_not_even_try():
    event = {"recipient": "a@example.com", "message": "Not delivering to previously bounced address"}
    bounce = read_bounce(json.dumps(event))
    assert (bounce.is_bounce, bounce.blamed) == (True, None)
    assert "did not even try" in bounce.meaning


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        "[1, 2]",
        '{"reason": "because"}',
        '{"reason": ',
        "[" * 5000,
        '{"a":' * 300 + "1" + "}" * 300,
    ],
)
def test_other_data_is_no_bounce(text):
    assert read_bounce(text).kind == BounceKind.NOT_A_BOUNCE


# ------------------------------------------------------- what else comes into a person's hands

MORE_EVENTS = {
    "SparkPost": (
        {
            "raw_rcpt_to": "reader@example.net",
            "raw_reason": "550 5.7.1 DMARC of shop.example",
            "reason": "550 …",
        },
        "550 5.7.1 DMARC of shop.example",
        None,
    ),
    "Mailjet": (
        {"event": "blocked", "email": "reader@example.net", "comment": "550 5.7.1 DKIM signature is broken"},
        "550 5.7.1 DKIM signature is broken",
        None,
    ),
    "Mandrill": (
        {"event": "hard_bounce", "msg": {"email": "reader@example.net", "diag": "smtp;550 5.7.1 SPF fail"}},
        "550 5.7.1 SPF fail",
        None,
    ),
    "Mailgun, without words": (
        {
            "recipient": "reader@example.net",
            "delivery-status": {"message": "", "code": 550, "enhanced-code": "5.7.1"},
        },
        "550 5.7.1",
        None,
    ),
    "SendGrid, deferred": (
        {"event": "deferred", "email": "reader@example.net", "response": "451 4.7.1 SPF temporary error"},
        "451 4.7.1 SPF temporary error",
        "delayed",
    ),
    "Mailgun, temporary": (
        {
            "severity": "temporary",
            "recipient": "reader@example.net",
            "delivery-status": {"code": 421, "message": "4.7.0 try again"},
        },
        "421 4.7.0 try again",
        "delayed",
    ),
}


@pytest.mark.parametrize("service", MORE_EVENTS)
def test_an_event_of_one_more_service(service):
    event, text, action = MORE_EVENTS[service]
    (reply,) = read_bounce(json.dumps(event)).replies
    assert (reply.recipient, reply.text, reply.action) == (
        "reader@example.net",
        text,
        action,
    )


@pytest.mark.parametrize("marks", ['""', "\u201c\u201d", "\u201e\u201c"])
def test_a_quoted_reply_ends_where_the_quotation_ends(marks):
    opening, closing = marks
    text = f"My mail comes back with {opening}550 5.7.1 SPF check failed for shop.example{closing}. Thanks!"
    (reply,) = read_bounce(text).replies
    assert reply.text == "550 5.7.1 SPF check failed for shop.example"


def test_a_saved_message_is_found_under_any_type():
    bounce = "From: MAILER-DAEMON@shop.example\nTo: me@shop.example\nSubject: Undelivered mail\n\n" + QUOTED
    told = (
        "From: me@shop.example\nTo: desk@example.org\nSubject: bounce\nMIME-Version: 1.0\n"
        'Content-Type: multipart/mixed; boundary="F"\n\n--F\nContent-Type: text/plain\n\nSee attached.\n--F\n'
        'Content-Type: application/octet-stream; name="bounce.eml"\nContent-Transfer-Encoding: base64\n\n'
    )
    found = read_bounce(told + base64.encodebytes(bounce.encode()).decode() + "--F--\n")
    assert (found.kind, found.blamed) == (BounceKind.PLAIN_BOUNCE, Blamed.DMARC)
    assert found.envelope.mail_from == "me@shop.example"


QUOTED = (
    "This is the mail system at host mail.shop.example.\n\n<reader@example.net>: host mx.example.net"
    "[192.0.2.5] said: 550 5.7.1 rejected by DMARC policy for shop.example\n"
)


def test_who_answers_a_bounce_does_not_tell_its_mail_from():
    quoted = "".join(f"> {line}\n" for line in QUOTED.splitlines())
    found = read_bounce(
        "From: me@shop.example\nTo: desk@example.org\nSubject: Re: Undelivered mail\n\n" + quoted
    )
    assert found.blamed == Blamed.DMARC
    assert found.envelope.mail_from is None


def test_a_warning_is_no_failure_yet():
    warning = (
        "From: Mailer-Daemon@shop.example\nTo: me@shop.example\nSubject: Warning: message delayed\n\n"
        "A message that you sent has not yet been delivered to one or more of its recipients.\n\n"
        "  reader@example.net\n    451 4.7.1 SPF temporary error for shop.example\n\n"
        "Delivery attempts will continue for some time.\n"
    )
    found = read_bounce(warning)
    assert [reply.action for reply in found.replies] == ["delayed"]
    assert found.still_tried


LISTS = {
    "Mailman 3": "Your message to the talk mailing-list was rejected for the following\nreasons:\n\n{}\n",
    "Mailman 2": (
        'Your request to the talk@lists.example.org mailing list\n\n    Posting of your message titled "June"'
        "\n\n"
        "has been rejected by the list moderator.  The moderator gave the\n"
        "following reason for rejecting your request:\n\n{}\n"
    ),
    "held": (
        "Your mail to 'talk' with the subject\n\n    June\n\nIs being held until the list moderator can "
        "review it for approval.\n\nThe reason it is being held:\n\n    {}\n"
    ),
}


@pytest.mark.parametrize("how", LISTS)
def test_a_list_that_takes_no_mail_of_such_a_domain(how):
    reason = "You are not allowed to post From: a domain which publishes a DMARC policy of reject"
    head = "From: talk-owner@lists.example.org\nTo: me@shop.example\nSubject: June\n\n"
    found = read_bounce(head + LISTS[how].format(reason))
    assert found.kind == BounceKind.PLAIN_BOUNCE
    assert found.replies[0].text == reason
    assert found.blamed is None
    assert found.refuses_policy


@pytest.mark.parametrize(
    ("sender", "words", "reporter"),
    [
        (
            "mailer-daemon@mail.zoho.eu",
            "This message was created automatically by mail delivery software.",
            "Zoho",
        ),
        ("Mailer-Daemon@t-online.de", "Failed addresses follow:", "T-Online"),
    ],
)
def test_who_reports_is_known_by_the_address_before_the_template(sender, words, reporter):
    head = f"From: {sender}\nTo: me@shop.example\nSubject: Undeliverable\n\n"
    text = f"{head}{words}\n\n<reader@example.net>: 550 no\n"
    assert read_bounce(text).reporter == reporter


def test_a_host_in_brackets_names_the_receiver():
    words = "550 5.7.509 Access denied [AM0EUR02FT012.eop-EUR02.prod.protection.outlook.com]"
    assert read_bounce(words).receiver == "Microsoft (Exchange Online)"


@pytest.mark.parametrize(
    ("text", "recipient", "receiver"),
    [
        (
            "2026-10-04 10:00:05 1abcDE-0001Ab-CD ** reader@example.net F=<me@shop.example> R=dnslookup "
            "T=remote_smtp H=mx.example.net [192.0.2.5]: SMTP error from remote mail server after end of "
            "data: 550 5.7.1 rejected by DMARC policy for shop.example",
            "reader@example.net",
            "mx.example.net",
        ),
        (
            "The mail server responded:\n"
            "5.7.1 <me@shop.example>: Sender address rejected: SPF fail for shop.example",
            None,
            None,
        ),
        (
            "Delivery has failed to these recipients or groups:\n\nreader@example.net\n"
            "Receiving server: mx.example.net\n"
            "Remote server returned \u2018550 5.7.1 SPF check failed for shop.example\u2019\n",
            "reader@example.net",
            "mx.example.net",
        ),
        (
            "\u6536\u4ef6\u4eba\uff1areader@example.net\n"
            "550 SPF check failed. http://service.mail.qq.com/cgi-bin/help?id=20022\n",
            "reader@example.net",
            "Tencent QQ",
        ),
    ],
    ids=["Exim's log", "a mail program", "Outlook", "QQ"],
)
def test_who_was_meant_and_who_refused(text, recipient, receiver):
    found = read_bounce(text)
    (reply,) = found.replies
    assert (reply.recipient, found.receiver) == (recipient, receiver)
    assert found.blamed in {Blamed.SPF, Blamed.DMARC}
    assert reply.enhanced == "5.7.1" or reply.code == 550


def test_text_in_utf_16_is_read():
    found = read_bounce("550 5.7.1 rejected by DMARC policy for shop.example".encode("utf-16"))
    assert (found.blamed, found.blamed_domain) == (Blamed.DMARC, "shop.example")


def test_entities_of_html_are_letters_again():
    html = (
        "From: postmaster@example.net\nTo: me@shop.example\nSubject: Undeliverable\n"
        "Content-Type: text/html\n\n<p>Delivery has failed to &lt;reader&#64;example.net&gt;</p>"
        "<p>550&nbsp;5.7.1 rejected due to shop.example&rsquo;s DMARC policy &#99999999999999999999;</p>"
    )
    found = read_bounce(html)
    assert found.replies[0].recipient == "reader@example.net"
    assert (found.blamed, found.blamed_domain) == (Blamed.DMARC, "shop.example")


def test_what_a_program_sent_is_a_bounce_when_it_quotes_a_refusal():
    head = "From: no-reply@gateway.example\nTo: me@shop.example\nAuto-Submitted: auto-replied\n"
    words = (
        "\nYour message to reader@example.net was stopped.\n\nReason: 550 5.7.1 SPF fail for shop.example\n"
    )
    assert read_bounce(head + "Subject: Undeliverable: June\n" + words).blamed == Blamed.SPF
    assert not read_bounce(head + "Subject: Re: Undeliverable: June\n" + words).is_bounce
    assert not read_bounce(head + "Subject: Your parcel is delivered\n\nIt is here.\n").is_bounce


def test_of_several_recipients_none_gets_the_host_of_another():
    fields = (
        "Final-Recipient: rfc822; a@example.net\nAction: failed\nStatus: 5.7.1\n"
        "Diagnostic-Code: smtp; 550 5.7.1 SPF fail\n\n"
        "Final-Recipient: rfc822; b@example.org\nAction: failed\nStatus: 5.2.2\n"
        "Diagnostic-Code: smtp; 552 5.2.2 mailbox full\n"
    )
    prose = "<a@example.net>: host mx.example.net[192.0.2.5] said: 550 5.7.1 SPF fail (in reply to RCPT TO)"
    first, second = read_bounce(with_status(fields, prose)).replies
    assert (first.receiver, first.stage) == ("mx.example.net", "rcpt")
    assert (second.receiver, second.stage) == (None, None)


@pytest.mark.parametrize("name", ["DMARC record in error", "several DMARC records"])
def test_a_dmarc_record_in_error_is_told_as_that(name):
    found = read_bounce(REFUSALS[name]["words"])
    assert "could not use the DMARC record" in found.meaning
    assert found.says_why


@pytest.mark.parametrize(
    ("results", "sender", "domain", "identity", "helo"),
    [
        (
            "spf=fail smtp.helo=mail.shop.example; dmarc=fail",
            "<>",
            "mail.shop.example",
            "helo",
            "mail.shop.example",
        ),
        ("spf=fail smtp.mailfrom=shop.example", "<me@shop.example>", "shop.example", None, None),
        ("dmarc=fail header.from=shop.example", "<>", "shop.example", None, None),
    ],
)
def test_a_failure_report_about_helo(results, sender, domain, identity, helo):
    fields = (
        "Feedback-Type: auth-failure\nAuth-Failure: spf\nSource-IP: 192.0.2.9\n"
        "Reported-Domain: shop.example\n"
        f"Original-Mail-From: {sender}\nAuthentication-Results: mx.example.net; {results}\n"
    )
    found = read_bounce(failure_report(fields))
    assert (found.blamed, found.blamed_domain, found.blamed_identity) == (Blamed.SPF, domain, identity)
    assert found.envelope.helo == helo
