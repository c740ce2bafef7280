"""Every refusal says the same in whichever report it stands, and odd or damaged reports are read, too."""

from __future__ import annotations

import base64
import json
import quopri
import re
import textwrap
from collections.abc import Callable
from html import escape
from pathlib import Path

import pytest

from helpers.bounce import Bounce, Reply, read_bounce
from helpers.terms import Blamed, BounceKind

TO = "user@rcpt.example"
HEADER = "Return-Path: <>\nTo: news@shop.example\n"
# Words of authentication stand in what was returned; they must not count.
ORIGINAL = (
    f"Return-Path: <news@shop.example>\nReceived: from a by b\nFrom: News <news@shop.example>\nTo: {TO}\n"
    "Subject: 550 5.7.26 spf=fail\n\nDMARC, DKIM and SPF fail.\n"
)
REFUSALS = {
    row["id"]: row["words"]
    for row in json.loads((Path(__file__).parent / "data" / "refusals.json").read_text("utf-8"))
}

# ------------------------------------------------------------------ layouts of reports


def flat(words: str) -> str:
    return " ".join(words.split("\n"))


def wrapped(text: str) -> str:
    """Folded as Postfix does it."""
    return "\n    ".join(textwrap.wrap(text, 76, break_long_words=False, break_on_hyphens=False))


def report(sender: str, prose: str, status: str, encoding: str = "8bit") -> str:
    """A delivery status notification (RFC 3464)."""
    if encoding == "quoted-printable":
        prose, status = (quopri.encodestring(text.encode()).decode() for text in (prose, status))
    elif encoding == "base64":
        prose, status = (base64.encodebytes(text.encode()).decode() for text in (prose, status))
    return (
        f"{HEADER}From: {sender}\nSubject: Undelivered Mail\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        f"--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {encoding}\n\n{prose}\n"
        f"--b\nContent-Type: message/delivery-status\nContent-Transfer-Encoding: {encoding}\n\n{status}\n"
        f"--b\nContent-Type: message/rfc822\n\n{ORIGINAL}\n--b--\n"
    )


def status(diagnostic: str, recipient: str = TO, host: str = "mx.rcpt.example") -> str:
    return (
        f"Reporting-MTA: dns; mx.shop.example\n\nFinal-Recipient: rfc822; {recipient}\nAction: failed\n"
        f"Status: 5.0.0\nRemote-MTA: dns; {host}\nDiagnostic-Code: smtp; {diagnostic}\n"
    )


def said(words: str) -> str:
    quoted = (
        f"<{TO}>: host mx.rcpt.example[198.51.100.7] said: {flat(words)} (in reply to end of DATA command)"
    )
    return f"This is the mail system at host mx.shop.example.\n\n{wrapped(quoted)}\n"


def postfix(words: str, encoding: str = "8bit") -> str:
    return report("MAILER-DAEMON@mx.shop.example", said(words), status(wrapped(flat(words))), encoding)


def postfix_in_text(words: str) -> str:
    return f"{HEADER}From: MAILER-DAEMON@mx.shop.example\nSubject: Undelivered\n\n{said(words)}\n{ORIGINAL}"


def exim(words: str) -> str:
    lines = words.replace("\n", "\n    ")
    return (
        f"{HEADER}X-Failed-Recipients: {TO}\nFrom: Mail Delivery System <Mailer-Daemon@mx.shop.example>\n"
        "Subject: Mail delivery failed: returning message to sender\n\n"
        "This message was created automatically by mail delivery software.\n\n"
        f"The following address(es) failed:\n\n  {TO}\n    host mx.rcpt.example [198.51.100.7]\n"
        f"    SMTP error from remote mail server after end of data:\n    {lines}\n\n"
        f"------ This is a copy of the message, including all the headers. ------\n\n{ORIGINAL}"
    )


def sendmail(words: str) -> str:
    lines = words.split("\n")
    transcript = "\n".join(f"<<< {line}" for line in lines)
    prose = (
        f"   ----- The following addresses had permanent fatal errors -----\n<{TO}>\n"
        f"    (reason: {lines[0]})\n\n   ----- Transcript of session follows -----\n"
        f"... while talking to mx.rcpt.example.:\n>>> DATA\n{transcript}\n554 5.0.0 Service unavailable\n"
    )
    return report("Mail Delivery Subsystem <MAILER-DAEMON@mx.shop.example>", prose, status(lines[0]))


def exchange(words: str) -> str:
    prose = (
        f"Delivery has failed to these recipients or groups:\n\n{TO}<mailto:{TO}>\nIt was rejected.\n\n"
        f"Diagnostic information for administrators:\n\nGenerating server: EX.shop.example\n\n{TO}\n"
        f"mx.rcpt.example\nRemote Server returned '{flat(words)}'\n\nOriginal message headers:\n\n{ORIGINAL}"
    )
    return report("Microsoft Outlook <postmaster@shop.example>", prose, status(flat(words)))


def qmail(words: str) -> str:
    return (
        f"{HEADER}From: MAILER-DAEMON@mx.shop.example\nSubject: failure notice\n\n"
        "Hi. This is the qmail-send program at mx.shop.example.\n\n"
        f"<{TO}>:\n198.51.100.7 failed after I sent the message.\nRemote host said: {words}\n\n"
        f"--- Below this line is a copy of the message.\n\n{ORIGINAL}"
    )


def google(words: str) -> str:
    prose = (
        f"Your message to {TO} has been blocked.\n\nThe response from the remote server was:\n{flat(words)}\n"
    )
    host = "mx.rcpt.example. (198.51.100.7, the server for the domain rcpt.example.)"
    return report("<mailer-daemon@googlemail.com>", prose, status(flat(words), host=host))


def in_html(words: str) -> str:
    return (
        f"{HEADER}From: postmaster@shop.example\nSubject: Unzustellbar\n"
        "Content-Type: text/html; charset=utf-8\n\n<html><head><style>p {spf: fail}</style></head><body>"
        f"<p>Fehler bei der Zustellung:</p><p><a href='mailto:{TO}'>{TO}</a><br>mx.rcpt.example<br>"
        f"Remote Server returned '{escape(flat(words), quote=False)}'</p></body></html>\n"
    )


def forwarded(words: str) -> str:
    return (
        "From: me@shop.example\nTo: help@example.org\nSubject: Fwd: help\n"
        'Content-Type: multipart/mixed; boundary="o"\n\n--o\nContent-Type: text/plain\n\nIs this SPF?\n'
        f"--o\nContent-Type: message/rfc822\n\n{postfix(words)}\n--o--\n"
    )


LAYOUTS: dict[str, Callable[[str], str]] = {
    "Postfix": postfix,
    "Postfix, quoted-printable": lambda words: postfix(words, "quoted-printable"),
    "Postfix, base64": lambda words: postfix(words, "base64"),
    "Postfix, CRLF": lambda words: postfix(words).replace("\n", "\r\n"),
    "Postfix, text only": postfix_in_text,
    "Exim": exim,
    "Sendmail": sendmail,
    "Sendmail, CR": lambda words: sendmail(words).replace("\n", "\r"),
    "Exchange": exchange,
    "Exchange, HTML only": in_html,
    "qmail": qmail,
    "Google": google,
    "forwarded": forwarded,
}


def told(bounce: Bounce) -> tuple[object, ...]:
    (reply,) = bounce.replies
    return (bounce.blamed, bounce.blamed_domain, bounce.blamed_ip, bounce.basis, reply.code, reply.enhanced)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_refusal_says_the_same_in_every_layout(layout):
    for name, words in REFUSALS.items():
        bounce = read_bounce(LAYOUTS[layout](words).encode())
        assert told(bounce) == told(read_bounce(words)), name
        assert bounce.replies[0].recipient == TO, name


# ------------------------------------------------------------------------ damaged reports

DAMAGED = {
    "the boundary is not given": lambda text: text.replace('; boundary="b"', ""),
    "another boundary is given": lambda text: text.replace('boundary="b"', 'boundary="c"'),
    "the last boundary is lost": lambda text: text.replace("--b--\n", ""),
    "the type is lost": lambda text: re.sub(r"MIME-Version.*\nContent-Type: multipart.*\n", "", text),
    "the status part is text": lambda text: text.replace("message/delivery-status", "text/plain"),
    "the status part is cut off": lambda text: text[: text.index("--b\nContent-Type: message/delivery")],
    "a byte order mark": lambda text: "\ufeff" + text,
    "empty lines before the header": lambda text: "\n\n" + text,
    "a mailbox of two": lambda text: f"From a Mon\n{text}\nFrom b Mon\n{qmail('550 5.1.1 no such user')}",
    "RFC 6533": lambda text: text.replace("message/", "message/global-").replace("global-rfc822", "global"),
}


@pytest.mark.parametrize("how", DAMAGED)
def test_a_damaged_report_is_read(how):
    bounce = read_bounce(DAMAGED[how](postfix(REFUSALS["opendmarc"])).encode())
    (reply,) = bounce.replies
    assert (reply.recipient, reply.code, reply.enhanced) == (TO, 550, "5.7.1")
    assert (reply.stage, reply.receiver) == ("end-of-data", "mx.rcpt.example")
    assert (bounce.blamed, bounce.blamed_domain) == (Blamed.DMARC, "shop.example")
    assert bounce.is_bounce


# ------------------------------------------------------------------------ single oddities


def reply_to(fields: str) -> Reply:
    """The only reply of a report whose status fields are given, after Reporting-MTA."""
    (reply,) = read_bounce(report("postmaster@a.example", "", f"Reporting-MTA: dns; a\n\n{fields}")).replies
    return reply


def test_addresses_in_the_forms_of_rfc_3461_and_6533():
    reply = reply_to(
        "Final-Recipient: utf-8; J\\x{F6}rg@rcpt.example\n"
        "Original-Recipient: rfc822;rfc822;old+40alias.example\nAction: failed\n"
    )
    assert (reply.recipient, reply.original_recipient) == ("J\u00f6rg@rcpt.example", "old@alias.example")


def test_an_empty_line_within_one_recipients_fields():
    reply = reply_to(
        f"Action: failed\n\nFinal-Recipient: rfc822; {TO}\nDiagnostic-Code: X-A; Unknown to us\n"
    )
    assert (reply.recipient, reply.action, reply.text) == (TO, "failed", "Unknown to us")


def test_a_recipient_reported_again_and_again_is_one():
    fields = f"Final-Recipient: rfc822; {TO}\nAction: failure\nStatus: 5.1.1\n"
    assert reply_to("\n".join([fields] * 5)).action == "failed"


def test_the_receiver_is_who_refused_for_authentication():
    """A code is judged under its own receiver, not under that of the first recipient."""
    google_mx = "gmail-smtp-in.l.google.com"
    for first, second, blamed in (
        ("mx.rcpt.example", google_mx, Blamed.SPF),
        (google_mx, "mx.rcpt.example", None),
    ):
        fields = status("550 5.1.1 no", "a@x.example", first)
        fields += "\n" + status("550 5.7.27 Refused", "b@x.example", second).partition("\n\n")[2]
        bounce = read_bounce(report("postmaster@a.example", "", fields))
        assert bounce.blamed == blamed
        assert bounce.receiver == "Gmail"


PROSE = {
    "a telephone number is no code": (
        "Delivery failed. Call (480) 555-0100 or 480-555-0100.\n\n"
        f"<{TO}>:\nThe message could not be delivered because the folder is full.\n",
        None,
        "The message could not be delivered because the folder is full.",
    ),
    "a code behind the words": (
        f"Failed recipients:\n\n<{TO}>: mailbox unavailable. [SMTP Error Code 550]\n",
        550,
        "mailbox unavailable. [SMTP Error Code 550",
    ),
    "the recipient of a transcript": (
        "Error: Invalid user address\n\nError message below:\n550 - no such user here\n\n"
        f"  MAIL FROM: news@shop.example\n  RCPT TO: {TO}\n",
        550,
        "550 no such user here",
    ),
    "a recipient in a sentence": (
        f"The following message, addressed to '{TO}',\nfailed because nobody collected it.\n",
        None,
        f"The following message, addressed to '{TO}', failed because nobody collected it.",
    ),
    "an X.400 address": (
        f"Your message\n\n  To:      all@lists.example\n\ndid not reach the following recipient(s):\n\n"
        f"c=US;a= ;p=Shop;dda:SMTP={TO}; on Fri, 4 Oct 2002\n    The recipient name is not recognized\n",
        None,
        "The recipient name is not recognized",
    ),
    "an address with a date": (
        f"The following recipient(s) could not be reached:\n\n      {TO} on 4/29/01 11:34 PM\n"
        "            Recipient Not Found\n",
        None,
        "Recipient Not Found",
    ),
}


@pytest.mark.parametrize("what", PROSE)
def test_a_report_in_free_text(what):
    prose, code, text = PROSE[what]
    bounce = read_bounce(f"From: MAILER-DAEMON@a.example\nTo: news@shop.example\nSubject: Failure\n\n{prose}")
    assert bounce.kind == BounceKind.PLAIN_BOUNCE
    (reply,) = bounce.replies
    assert (reply.recipient, reply.code) == (TO, code)
    assert text in reply.text


def test_the_sender_is_no_recipient():
    text = exim("550 5.1.1 no").replace(f"X-Failed-Recipients: {TO}\n", "")
    text = text.replace(
        "The following", "A message sent by\n\n  <news@shop.example>\n\nfailed. The following"
    )
    assert [reply.recipient for reply in read_bounce(text).replies] == [TO]


def test_the_address_in_the_text_counts_where_the_header_names_another():
    bounce = read_bounce(exim("554 5.7.0 no").replace(f"Recipients: {TO}", "Recipients: user@other.example"))
    assert [(reply.recipient, reply.code) for reply in bounce.replies] == [(TO, 554)]


def test_a_gateway_without_a_daemons_name():
    """It has to say that it failed in subject and text, and to return the message."""
    text = f"From: scanner@gw.example\nSubject: Mail could not be delivered\n\nUnable to deliver to <{TO}>.\n"
    assert read_bounce(text).kind == BounceKind.NOT_A_BOUNCE
    bounce = read_bounce(f"{text}\n----- Original message -----\n\n{ORIGINAL}")
    assert (bounce.kind, bounce.replies[0].recipient) == (BounceKind.PLAIN_BOUNCE, TO)
    about_a_parcel = text.replace("Mail could", "Your parcel could").replace(f"to <{TO}>", "the parcel")
    assert read_bounce(about_a_parcel).kind == BounceKind.NOT_A_BOUNCE


def test_a_list_manager_that_returns_an_article():
    """fml: the list is the recipient, not the member whom the words name, too."""
    text = (
        f"From: list-admin@lists.example\nTo: news@shop.example\nSubject: NOT MEMBER\nX-MLServer: fml\n\n"
        f"You <news@shop.example> are not member of <{TO}>.\n\nOriginal mail as follows:\n\n{ORIGINAL}"
    )
    bounce = read_bounce(text)
    assert (bounce.kind, bounce.replies[0].recipient) == (BounceKind.PLAIN_BOUNCE, TO)
    assert read_bounce(text.replace("list-admin@", "member@")).kind == BounceKind.NOT_A_BOUNCE


def test_a_transcript_without_angle_brackets():
    prose = f"   ----- Transcript of session follows -----\n550 {TO}... Host unknown\n"
    (reply,) = read_bounce(f"From: MAILER-DAEMON@a.example\nSubject: Returned mail\n\n{prose}").replies
    assert (reply.recipient, reply.code, reply.text) == (TO, 550, "550 Host unknown")


def test_help_for_owners_of_a_group_blames_nobody():
    """Google Groups: spam is the reason, SPF only advice."""
    advice = (
        f"Your email to group {TO} was rejected due to spam classification. To address this issue:\n\n"
        "* Set up SPF records for your sending domain if you have not done so already.\n"
    )
    prose = f"Delivery to the following recipient failed permanently:\n\n     {TO}\n\n{advice}"
    bounce = read_bounce(f"From: mailer-daemon@googlemail.com\nSubject: Failure\n\n{prose}")
    assert (bounce.replies[0].recipient, bounce.blamed) == (TO, None)
