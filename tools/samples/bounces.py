"""Other people's bounces: who writes them, how they look, what comes back in them."""

from __future__ import annotations

import textwrap
from typing import Any

from samples.making import (
    MADE,
    Sample,
    crlf,
    dkim_row,
    dmarc,
    header_of,
    inside,
    message,
    report,
    signed,
    spf,
)
from samples.story import AT_SERVICE, FAILS, OVERSIGNED, by_service, from_google, monthly, passes


def bounce_row(
    kind: str,
    returned: str | None,
    replies: list[list[Any]],
    *,
    reporter: str | None,
    receiver: str | None,
    blamed: str | None = None,
    domain: str | None = None,
    ip: str | None = None,
) -> dict[str, Any]:
    """What a bounce says; ``replies``: [recipient, code, enhanced] each."""
    return {
        "kind": kind,
        "returned": returned,
        "reporter": reporter,
        "receiver": receiver,
        "replies": replies,
        "blamed": blamed,
        "blamed_domain": domain,
        "blamed_ip": ip,
        "basis": "stated" if blamed else None,
    }


def headers_only() -> Sample:
    """25: Sendmail returns the headers, and the signature over them can still be checked."""
    recipient = "desk@737flight.example"
    mail = message(
        f"""\
From: Fujiba Office <monthly@fujiba.net>
To: {recipient}
Subject: Newsletter, May 2025
Date: Wed, 14 May 2025 09:00:00 +0900
Message-ID: <20250514.25@sending-service.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii
""",
        """\
        This text does not come back in the bounce.
        """,
    )
    sent = signed(mail, "service", at="2025-05-14T00:00:02+00:00")
    returned = crlf("""\
        Return-Path: <return+25@return.sending-service.example>
        Received: (from app@localhost)
                by out7.sending-service.example (8.18.1/8.18.1/Submit) id 54E002sample
                for desk@737flight.example; Wed, 14 May 2025 00:00:02 GMT
        """) + header_of(sent)
    refusal = "550 5.7.1 Email rejected per DMARC policy for fujiba.net"
    boundary = "54E004sample.1747180804/out7.sending-service.example"
    bounce = report(
        f"""\
Return-Path: <>
Received: from localhost (localhost)
        by out7.sending-service.example (8.18.1/8.18.1) id 54E004sample;
        Wed, 14 May 2025 00:00:04 GMT
Date: Wed, 14 May 2025 00:00:04 GMT
From: Mail Delivery Subsystem <MAILER-DAEMON@out7.sending-service.example>
Message-Id: <202505140000.54E004sample@out7.sending-service.example>
To: <return+25@return.sending-service.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
        boundary="{boundary}"
Subject: Returned mail: see transcript for details
Auto-Submitted: auto-generated (failure)
""",
        [
            (
                "Content-Type: text/plain; charset=us-ascii",
                f"""\
A message taken in at Wed, 14 May 2025 00:00:02 GMT was refused.

   ----- Addresses with permanent errors -----
<{recipient}>
    (reason: {refusal})

   ----- Transcript of session follows -----
... while talking to mx1.737flight.example.:
>>> DATA
<<< {refusal}
""",
            ),
            (
                "Content-Type: message/delivery-status",
                f"""\
Reporting-MTA: dns; out7.sending-service.example
Arrival-Date: Wed, 14 May 2025 00:00:02 GMT

Final-Recipient: RFC822; {recipient}
Action: failed
Status: 5.7.1
Remote-MTA: DNS; mx1.737flight.example
Diagnostic-Code: SMTP; {refusal}
Last-Attempt-Date: Wed, 14 May 2025 00:00:04 GMT
""",
            ),
            ("Content-Type: text/rfc822-headers", inside(returned)),
        ],
        boundary,
    )
    return Sample(
        file="bounce_headers_only.eml",
        title="Only the headers came back",
        shows="The service signed as itself and wrote itself into Return-Path. The signature over the "
        "returned headers still verifies: they are what was sent. The body is missing, so its hash "
        "can't be checked – neither pass nor fail. Aligned it would not be in any case.",
        origin=f"{MADE}; shape as Sendmail's reports. Real RSA signature; the body was cut off afterwards.",
        zone="fujiba",
        content=bounce,
        received_at="2025-05-14T00:00:02+00:00",
        envelope={
            "client_ip": None,
            "helo": None,
            "mail_from": "return+25@return.sending-service.example",
        },
        expect={
            "cause": "authenticated_as_other",
            "author_domain": "fujiba.net",
            "spf": None,
            "dkim": [dkim_row("neutral", "service", signature_ok=True, body_hash_ok=None)],
            "dmarc": FAILS,
            "stated": [],
            "bounce": bounce_row(
                "dsn",
                "headers",
                [[recipient, 550, "5.7.1"]],
                reporter="Sendmail",
                receiver="mx1.737flight.example",
                blamed="dmarc",
                domain="fujiba.net",
            ),
        },
    )


def microsoft() -> Sample:
    """26: an Exchange Online report, and Authentication-Results that name nobody."""
    sent = from_google(
        monthly("info@tenant-a.example"),
        "info@tenant-a.example",
        at="2025-05-08T18:00:03-07:00",
        host="mail-sor-f41.google.com",
    )
    returned = (
        crlf("""\
        Received: from AS4P0000MB0001.eurprd00.prod.outlook.com (2001:db8:10a6::1) by
         DB9P0000MB0002.eurprd00.prod.outlook.com (2001:db8:10a6::2) with Microsoft SMTP
         Server (version=TLS1_2, cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id
         15.20.8722.20; Fri, 9 May 2025 01:00:08 +0000
        Authentication-Results: spf=pass (sender IP is 192.0.2.41)
         smtp.mailfrom=gmail.com; dkim=none (message not signed)
         header.d=none;dmarc=fail action=oreject
         header.from=fujiba.net;compauth=fail reason=000
        Received-SPF: Pass (protection.outlook.com: domain of gmail.com designates
         192.0.2.41 as permitted sender) receiver=protection.outlook.com;
         client-ip=192.0.2.41; helo=mail-sor-f41.google.com; pr=C
        Received: from mail-sor-f41.google.com (192.0.2.41) by
         AM4P0000FT003.mail.protection.outlook.com (203.0.113.163) with Microsoft SMTP
         Server (version=TLS1_3, cipher=TLS_AES_256_GCM_SHA384) id 15.20.8722.20 via
         Frontend Transport; Fri, 9 May 2025 01:00:06 +0000
        Return-Path: owner.example@gmail.com
        """)
        + sent
    )
    recipient = "info@tenant-b.example"
    refusal = (
        "550 5.7.509 Access denied, sending domain FUJIBA.NET does not pass DMARC verification "
        "and has a DMARC policy of reject."
    )
    boundary = "9f3c0000-0000-sample-26-000000000001"
    bounce = report(
        f"""\
Received: from AS4P0000MB0001.eurprd00.prod.outlook.com (2001:db8:10a6::1) by
 DB9P0000MB0002.eurprd00.prod.outlook.com (2001:db8:10a6::2); Fri, 9 May 2025
 01:00:12 +0000
MIME-Version: 1.0
From: <postmaster@tenant-a.example>
To: <owner.example@gmail.com>
Date: Fri, 9 May 2025 01:00:12 +0000
Content-Type: multipart/report; report-type=delivery-status;
 boundary="{boundary}"
X-MS-Exchange-Message-Is-Ndr:
Content-Language: en-US
Message-ID: <sample26@AS4P0000MB0001.eurprd00.prod.outlook.com>
In-Reply-To: <7C1A52E0-9B44-4C07-A0F1-0920250500A1@fujiba.net>
Subject: Undeliverable: Monthly report, April 2025
Auto-Submitted: auto-replied
""",
        [
            (
                "Content-Type: text/plain; charset=us-ascii",
                f"""\
tenant-b.example refused the message for {recipient}.

Technical details for administrators

Generating server: AS4P0000MB0001.eurprd00.prod.outlook.com

{recipient}
Remote server returned '{refusal}'
""",
            ),
            (
                "Content-Type: message/delivery-status",
                f"""\
Reporting-MTA: dns;AS4P0000MB0001.eurprd00.prod.outlook.com
Received-From-MTA: dns;mail-sor-f41.google.com
Arrival-Date: Fri, 9 May 2025 01:00:08 +0000

Original-Recipient: rfc822;info@tenant-a.example
Final-Recipient: rfc822;{recipient}
Action: failed
Status: 5.7.509
Diagnostic-Code: smtp;{refusal}
Remote-MTA: dns;tenant-b-example.mail.protection.outlook.com
""",
            ),
            ("Content-Type: message/rfc822", inside(returned)),
        ],
        boundary,
    )
    return Sample(
        file="bounce_microsoft.eml",
        title="Refused at Microsoft, after a redirect",
        shows="One Microsoft tenant took the mail although DMARC failed there (action=oreject) and "
        "redirected it to another, which refused it: 5.7.509. Microsoft's Authentication-Results say "
        "what was found but not by whom: only the Received line below them tells.",
        origin=f"{MADE}; header and report shapes as Exchange Online writes them, the readable part in "
        "our own words, the refusal as Microsoft documents it.",
        zone="fujiba",
        content=bounce,
        received_at="2025-05-09T01:00:08+00:00",
        envelope={"client_ip": None, "helo": None, "mail_from": "owner.example@gmail.com"},
        expect={
            "cause": "authenticated_as_other",
            "author_domain": "fujiba.net",
            "spf": None,
            "dkim": [],
            "dmarc": FAILS,
            "stated": [
                ["am4p0000ft003.mail.protection.outlook.com", method, result]
                for method, result in (
                    ("spf", "pass"),
                    ("dkim", "none"),
                    ("dmarc", "fail"),
                    ("compauth", "fail"),
                )
            ],
            "not_counted": ["X-Google-DKIM-Signature"],
            "bounce": bounce_row(
                "dsn",
                "full",
                [[recipient, 550, "5.7.509"]],
                reporter="Exchange Online",
                receiver="Microsoft (Exchange Online)",
                blamed="dmarc",
                domain="fujiba.net",
            ),
        },
    )


def folded(text: str) -> str:
    """Text in lines of Postfix's length, all but the first indented."""
    return textwrap.fill(text, 78, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def postfix_dsn(
    host: str,
    sender: str,
    recipient: str,
    remote: str,
    remote_ip: str,
    reply: str,
    returned: bytes,
    *,
    at: str,
    arrived: str,
    queue: str,
    status: str,
    stage: str = "end of DATA command",
    action: str = "failed",
    envelope_sender: str | None = None,
) -> bytes:
    """A report as Postfix writes it, the readable part in our own words."""
    boundary = f"{queue}.1748000000/{host}"
    delayed = action == "delayed"
    subject = "Delayed Mail (still being retried)" if delayed else "Undelivered Mail Returned to Sender"
    said = folded(f"<{recipient}>: host {remote}[{remote_ip}] said: {reply} (in reply to {stage})")
    opening = (
        "The message below waits here; it will be tried again for 5 days."
        if delayed
        else "The message below could not be delivered, and will not be tried again."
    )
    return report(
        f"""\
Return-Path: <>
Received: by {host} (Postfix)
        id {queue}R; {at}
Date: {at}
From: MAILER-DAEMON@{host} (Mail Delivery System)
Subject: {subject}
To: {sender}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
        boundary="{boundary}"
Message-Id: <20250500000000.{queue}R@{host}>
""",
        [
            (
                "Content-Description: Notification\nContent-Type: text/plain; charset=us-ascii",
                f"This is host {host}.\n\n{opening}\n\n{said}\n",
            ),
            (
                "Content-Description: Delivery report\nContent-Type: message/delivery-status",
                f"""\
Reporting-MTA: dns; {host}
X-Postfix-Queue-ID: {queue}
X-Postfix-Sender: rfc822; {envelope_sender or sender}
Arrival-Date: {arrived}

Final-Recipient: rfc822; {recipient}
Original-Recipient: rfc822;{recipient}
Action: {action}
Status: {status}
Remote-MTA: dns; {remote}
{folded(f"Diagnostic-Code: smtp; {reply}")}
""",
            ),
            ("Content-Description: Undelivered Message\nContent-Type: message/rfc822", inside(returned)),
        ],
        boundary,
    )


GMAIL_MX = "gmail-smtp-in.l.google.com"


def postfix_gmail() -> Sample:
    """27: a web form that sends as fujiba.net, refused by Gmail."""
    recipient = "visitor.example@gmail.com"
    returned = crlf(f"""\
        Return-Path: <www-data@web1.example.net>
        Received: by web1.example.net (Postfix, from userid 33)
                id 4a6Sample27; Tue, 27 May 2025 20:15:00 +0900 (JST)
        To: {recipient}
        Subject: Thank you for your enquiry
        From: Fujiba Office <monthly@fujiba.net>
        MIME-Version: 1.0
        Content-Type: text/plain; charset=us-ascii
        Message-Id: <20250527111500.4a6Sample27@web1.example.net>
        Date: Tue, 27 May 2025 20:15:00 +0900 (JST)

        We will answer soon.
        """)
    reply = (
        "550-5.7.26 Unauthenticated email from fujiba.net is not accepted due to domain's"
        " 550-5.7.26 DMARC policy. See"
        " 550 5.7.26 https://support.google.com/mail/?p=DmarcRejection sample27.1 - gsmtp"
    )
    content = postfix_dsn(
        "web1.example.net",
        "www-data@web1.example.net",
        recipient,
        GMAIL_MX,
        "192.0.2.61",
        reply,
        returned,
        at="Tue, 27 May 2025 20:15:03 +0900 (JST)",
        arrived="Tue, 27 May 2025 20:15:00 +0900 (JST)",
        queue="4a6Sample27",
        status="5.7.26",
    )
    return Sample(
        file="bounce_gmail_dmarc.eml",
        title="A web form, refused by Gmail",
        shows="A web server sends as fujiba.net with its own host name in Return-Path: no SPF record "
        "there, no signature. Nothing authenticates at all, aligned or not. Gmail's answer runs over "
        "three lines, with the code on each.",
        origin=f"{MADE}; shape as Postfix's reports, Gmail's answer shortened.",
        zone="fujiba",
        content=content,
        received_at="2025-05-27T20:15:00+09:00",
        envelope={"client_ip": None, "helo": None, "mail_from": "www-data@web1.example.net"},
        expect={
            "cause": "authenticated_as_other",
            "author_domain": "fujiba.net",
            "spf": None,
            "dkim": [],
            "dmarc": FAILS,
            "stated": [],
            "bounce": bounce_row(
                "dsn",
                "full",
                [[recipient, 550, "5.7.26"]],
                reporter="Postfix",
                receiver="Gmail",
                blamed="dmarc",
                domain="fujiba.net",
            ),
        },
    )


def office_mail(number: int, recipient: str, domain: str) -> bytes:
    """A short unsigned mail."""
    return message(
        f"""\
From: Office <office@{domain}>
To: {recipient}
Subject: Opening hours
Date: Wed, 28 May 2025 10:00:00 +0200
Message-ID: <20250528.{number}@{domain}>
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii
""",
        """\
        We are closed on Thursday.
        """,
    )


def gmail_spf() -> Sample:
    """28: the code 5.7.26 again, and it means something else."""
    recipient = "visitor.example@gmail.com"
    returned = crlf("""\
        Return-Path: <office@hard-fail.example>
        Received: from [203.0.113.201] (p90.client.example.net [203.0.113.200])
                by vps7.example.net (Postfix) with ESMTPSA id 4a7Sample28
                for <visitor.example@gmail.com>; Wed, 28 May 2025 10:00:01 +0200 (CEST)
        """) + office_mail(28, recipient, "hard-fail.example")
    reply = (
        "550-5.7.26 The MAIL FROM domain [hard-fail.example] has an SPF record with a hard"
        " 550-5.7.26 fail policy (-all) but it fails to pass SPF checks with the ip:"
        " 550 5.7.26 [198.51.100.91]. sample28.2 - gsmtp"
    )
    content = postfix_dsn(
        "vps7.example.net",
        "office@hard-fail.example",
        recipient,
        GMAIL_MX,
        "192.0.2.61",
        reply,
        returned,
        at="Wed, 28 May 2025 10:00:04 +0200 (CEST)",
        arrived="Wed, 28 May 2025 10:00:01 +0200 (CEST)",
        queue="4a7Sample28",
        status="5.7.26",
    )
    return Sample(
        file="bounce_gmail_spf.eml",
        title="The same code, another reason: SPF with -all",
        shows="5.7.26 once more, but the words blame SPF and give the address that Gmail saw. The "
        "domain moved to a new server and its record, with a hard fail, still lists only the old one. "
        "No DMARC record is involved.",
        origin=f"{MADE}; shape as Postfix's reports, Gmail's answer shortened.",
        zone="spf-records",
        content=content,
        received_at="2025-05-28T10:00:01+02:00",
        envelope={
            "client_ip": "198.51.100.91",
            "helo": None,
            "mail_from": "office@hard-fail.example",
        },
        expect={
            "cause": "spf_unauthorized",
            "author_domain": "hard-fail.example",
            "spf": spf("fail", "hard-fail.example"),
            "dkim": [],
            "dmarc": dmarc("none"),
            "stated": [],
            "bounce": bounce_row(
                "dsn",
                "full",
                [[recipient, 550, "5.7.26"]],
                reporter="Postfix",
                receiver="Gmail",
                blamed="spf",
                domain="hard-fail.example",
                ip="198.51.100.91",
            ),
        },
    )


def user_unknown() -> Sample:
    """29: nothing to do with authentication."""
    recipient = "desc@737flight.example"
    sent = signed(
        by_service(monthly(recipient, day=12, clock="10:30:00"), recipient),
        "fujiba",
        at=AT_SERVICE,
        headers=OVERSIGNED,
    )
    returned = crlf("Return-Path: <bounce+20250512.29@bounce.fujiba.net>") + sent
    reply = f"550 5.1.1 <{recipient}>: no mailbox of this name here"
    content = postfix_dsn(
        "out7.sending-service.example",
        "bounce+20250512.29@bounce.fujiba.net",
        recipient,
        "mx1.737flight.example",
        "203.0.113.20",
        reply,
        returned,
        at="Mon, 12 May 2025 01:30:04 +0000 (UTC)",
        arrived="Mon, 12 May 2025 01:30:01 +0000 (UTC)",
        queue="4a8Sample29",
        status="5.1.1",
        stage="RCPT TO command",
    )
    return Sample(
        file="bounce_user_unknown.eml",
        title="Not about authentication: no such mailbox",
        shows="A typing error in the address, 5.1.1. Not every bounce is about SPF, DKIM or DMARC; "
        "this mail would have passed.",
        origin=f"{MADE}; shape as Postfix's reports. Real RSA signature.",
        zone="fujiba-fixed",
        content=content,
        received_at="2025-05-12T01:30:01+00:00",
        envelope={"client_ip": None, "helo": None, "mail_from": "bounce+20250512.29@bounce.fujiba.net"},
        expect={
            "cause": "not_about_authentication",
            "author_domain": "fujiba.net",
            "spf": None,
            "dkim": [dkim_row("pass", "fujiba")],
            "dmarc": passes(("dkim", "fujiba.net")),
            "stated": [],
            "bounce": bounce_row(
                "dsn",
                "full",
                [[recipient, 550, "5.1.1"]],
                reporter="Postfix",
                receiver="mx1.737flight.example",
            ),
        },
    )


def delayed_dns() -> Sample:
    """32: nobody can say, for now."""
    recipient = "visitor.example@gmail.com"
    sent = signed(
        by_service(monthly(recipient, day=12, clock="10:30:00"), recipient),
        "fujiba",
        at=AT_SERVICE,
        headers=OVERSIGNED,
    )
    returned = crlf("Return-Path: <bounce+20250512.32@bounce.fujiba.net>") + sent
    reply = (
        "451-4.7.26 Unauthenticated email from fujiba.net is not accepted due to domain's"
        " 451-4.7.26 DMARC policy, but temporary DNS failures prevent authentication."
        " 451 4.7.26 sample32.3 - gsmtp"
    )
    content = postfix_dsn(
        "out7.sending-service.example",
        "bounce+20250512.32@bounce.fujiba.net",
        recipient,
        GMAIL_MX,
        "192.0.2.61",
        reply,
        returned,
        at="Mon, 12 May 2025 05:30:11 +0000 (UTC)",
        arrived="Mon, 12 May 2025 01:30:01 +0000 (UTC)",
        queue="4a9Sample32",
        status="4.7.26",
        action="delayed",
    )
    return Sample(
        file="bounce_delayed_dns.eml",
        title="Delayed: DNS did not answer",
        shows="A mail in perfect order, on a day when the servers of fujiba.net's DNS are down. The "
        "receiver can't fetch the key or the policy: neither pass nor fail, but temperror, and the "
        "sender tries again.",
        origin=f"{MADE}; shape as Postfix's reports, Gmail's answer shortened. Real RSA signature.",
        zone="dns-trouble",
        content=content,
        received_at="2025-05-12T01:30:01+00:00",
        envelope={"client_ip": None, "helo": None, "mail_from": "bounce+20250512.32@bounce.fujiba.net"},
        expect={
            "cause": "dns_trouble",
            "author_domain": "fujiba.net",
            "spf": None,
            "dkim": [dkim_row("temperror", "fujiba")],
            "dmarc": dmarc("temperror"),
            "stated": [],
            "bounce": bounce_row(
                "dsn",
                "full",
                [[recipient, 451, "4.7.26"]],
                reporter="Postfix",
                receiver="Gmail",
                blamed="dmarc",
                domain="fujiba.net",
            ),
        },
    )


def qmail() -> Sample:
    """30: free text, in qmail's way."""
    content = crlf("""\
        Return-Path: <>
        Received: (qmail 30301 invoked for bounce); 29 May 2025 02:00:05 -0000
        Date: 29 May 2025 02:00:05 -0000
        From: MAILER-DAEMON@mail.example.net
        To: owner@example.net
        Subject: failure notice

        Hi. This is the qmail-send program at mail.example.net.
        I could not deliver your message to the address below. The error is
        permanent; there will be no further attempt.

        <desk@737flight.example>:
        203.0.113.20 failed after I sent the message.
        Remote host said: 550 5.7.1 rejected by DMARC policy for fujiba.net

        --- Below this line is a copy of the message.

        Return-Path: <owner@example.net>
        Received: (qmail 30299 invoked from network); 29 May 2025 02:00:02 -0000
        Received: from p77.client.example.jp (HELO smtpclient.apple) (203.0.113.77)
          by mail.example.net with SMTP; 29 May 2025 02:00:02 -0000
        From: Fujiba Office <monthly@fujiba.net>
        Content-Type: text/plain; charset=us-ascii
        Mime-Version: 1.0 (Mac OS X Mail 16.0 \\(3826.500.181.1.5\\))
        Subject: Monthly report, April 2025
        Message-Id: <7C1A52E0-9B44-4C07-A0F1-3020250500A1@fujiba.net>
        Date: Thu, 29 May 2025 11:00:00 +0900
        To: desk@737flight.example
        X-Mailer: Apple Mail (2.3826.500.181.1.5)

        Once more, through another server.
        """)
    return Sample(
        file="bounce_qmail.eml",
        title="A bounce in plain text: qmail",
        shows="No fields for a machine, only sentences: address, host, the words of the refusal, then "
        "a copy of the mail. It went out through yet another server that puts its own domain into "
        "Return-Path.",
        origin=f"{MADE}; the lines that mark the parts are qmail's, the sentences ours.",
        zone="fujiba",
        content=content,
        received_at="2025-05-29T02:00:02+00:00",
        envelope={"client_ip": None, "helo": None, "mail_from": "owner@example.net"},
        expect={
            "cause": "authenticated_as_other",
            "author_domain": "fujiba.net",
            "spf": None,
            "dkim": [],
            "dmarc": FAILS,
            "stated": [],
            "bounce": bounce_row(
                "plain-bounce",
                "full-in-text",
                [["desk@737flight.example", 550, "5.7.1"]],
                reporter="qmail",
                receiver="203.0.113.20",
                blamed="dmarc",
                domain="fujiba.net",
            ),
        },
    )


def exim() -> Sample:
    """31: free text, in Exim's way."""
    mail = office_mail(31, "someone@receiver.example", "hard-fail.example")
    copy = (
        "Return-path: <office@hard-fail.example>\n"
        "Received: from p90.client.example.net ([203.0.113.200] helo=[203.0.113.201])\n"
        "\tby vps7.example.net with esmtpsa (TLS1.3) tls TLS_AES_256_GCM_SHA384\n"
        "\t(Exim 4.98)\n"
        "\t(envelope-from <office@hard-fail.example>)\n"
        "\tid 1uKSample-31\n"
        "\tfor someone@receiver.example; Wed, 28 May 2025 10:00:01 +0200\n" + inside(mail)
    )
    content = (
        crlf("""\
        Return-path: <>
        Received: from mail by vps7.example.net with local (Exim 4.98)
                id 1uKSample-31B
                for office@hard-fail.example; Wed, 28 May 2025 10:00:04 +0200
        X-Failed-Recipients: someone@receiver.example
        Auto-Submitted: auto-replied
        From: Mail Delivery System <Mailer-Daemon@vps7.example.net>
        To: office@hard-fail.example
        Subject: Mail delivery failed: returning message to sender
        Message-Id: <E1uKSample-31B@vps7.example.net>
        Date: Wed, 28 May 2025 10:00:04 +0200

        This message was created automatically by mail delivery software.

        A message that you sent could not be delivered to:

          someone@receiver.example
            host mx.receiver.example [203.0.113.30]
            SMTP error from remote mail server after MAIL FROM:<office@hard-fail.example>:
            550 SPF-check failed: hard-fail.example doesn't allow sending mails from 198.51.100.91

        ------ This is a copy of the message, including all the headers. ------

        """)
        + b"\r\n"
        + copy.replace("\n", "\r\n").encode()
        + b"\r\n"
    )
    return Sample(
        file="bounce_exim.eml",
        title="A bounce in plain text: Exim",
        shows="Refused at MAIL FROM, before the receiver had seen a single header: SPF with a hard "
        "fail needs nothing else. No enhanced status code is given.",
        origin=f"{MADE}; the lines that mark the parts are Exim's, the sentences ours.",
        zone="spf-records",
        content=content,
        received_at="2025-05-28T10:00:01+02:00",
        envelope={
            "client_ip": "198.51.100.91",
            "helo": None,
            "mail_from": "office@hard-fail.example",
        },
        expect={
            "cause": "spf_unauthorized",
            "author_domain": "hard-fail.example",
            "spf": spf("fail", "hard-fail.example"),
            "dkim": [],
            "dmarc": dmarc("none"),
            "stated": [],
            "bounce": bounce_row(
                "plain-bounce",
                "full-in-text",
                [["someone@receiver.example", 550, None]],
                reporter="Exim",
                receiver="mx.receiver.example",
                blamed="spf",
                domain="hard-fail.example",
                ip="198.51.100.91",
            ),
        },
    )


def failure_report() -> Sample:
    """33: a receiver tells the domain owner (RFC 6591, RFC 9991)."""
    boundary = "sample33-failure-report"
    content = report(
        f"""\
Return-Path: <dmarc-noreply@receiver.example>
Received: from mx.receiver.example (mx.receiver.example [203.0.113.30])
        by mxb.mailgun.org with ESMTPS id mgin33sample
        for <dmarc@fujiba.net>; Thu, 08 May 2025 20:41:20 +0000 (UTC)
From: DMARC reports <dmarc-noreply@receiver.example>
To: dmarc@fujiba.net
Subject: Authentication failure report for fujiba.net
Date: Thu, 08 May 2025 20:41:18 +0000
Message-ID: <20250508.33@receiver.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report;
        boundary="{boundary}"
""",
        [
            (
                "Content-Type: text/plain; charset=us-ascii",
                "A message that claims to be from fujiba.net failed DMARC here.\n",
            ),
            (
                "Content-Type: message/feedback-report",
                """\
Feedback-Type: auth-failure
User-Agent: receiver.example reporter/1.0
Version: 1
Original-Mail-From: <bulk@host200.example.net>
Arrival-Date: Thu, 08 May 2025 20:41:12 +0000
Source-IP: 198.51.100.200
Reported-Domain: fujiba.net
Original-Rcpt-To: <someone@receiver.example>
Authentication-Results: mx.receiver.example; spf=none smtp.mailfrom=host200.example.net;
 dmarc=fail header.from=fujiba.net
Auth-Failure: dmarc
Delivery-Result: reject
Identity-Alignment: none
""",
            ),
            (
                "Content-Type: text/rfc822-headers",
                """\
Received: from host200.example.net (host200.example.net [198.51.100.200])
        by mx.receiver.example (Postfix) with ESMTP id 4aaSample33
        for <someone@receiver.example>; Thu, 08 May 2025 20:41:12 +0000 (UTC)
From: Fujiba Office <monthly@fujiba.net>
To: someone@receiver.example
Subject: Your invoice
Date: Thu, 08 May 2025 20:41:10 +0000
Message-ID: <33.sample@host200.example.net>
MIME-Version: 1.0
Content-Type: text/html; charset=us-ascii
""",
            ),
        ],
        boundary,
    )
    return Sample(
        file="failure_report.eml",
        title="A failure report about a forgery",
        shows="Not a bounce of one's own mail: a receiver tells the owner of fujiba.net (ruf=) that "
        "somebody else used the name. It gives the source address and MAIL FROM, which bounces rarely "
        "do.",
        origin=f"{MADE}, by the fields of RFC 6591.",
        zone="fujiba",
        content=content,
        received_at="2025-05-08T20:41:12+00:00",
        envelope={
            "client_ip": "198.51.100.200",
            "helo": None,
            "mail_from": "bulk@host200.example.net",
        },
        expect={
            "cause": "nothing_authenticates",
            "author_domain": "fujiba.net",
            "spf": spf("none", "host200.example.net"),
            "dkim": [],
            "dmarc": FAILS,
            "stated": [],
            "bounce": bounce_row(
                "arf",
                "headers",
                [["someone@receiver.example", None, None]],
                reporter="receiver.example reporter/1.0",
                receiver=None,
                blamed="dmarc",
                domain="fujiba.net",
                ip="198.51.100.200",
            ),
        },
    )


def auto_reply() -> Sample:
    """36: an answer, not a bounce."""
    mail = message(
        """\
From: Anna Kunde <anna@customer.example>
To: monthly@fujiba.net
Subject: Automatic reply: Monthly report, April 2025
Date: Fri, 09 May 2025 03:00:08 +0200
Message-ID: <20250509.36@customer.example>
In-Reply-To: <7C1A52E0-9B44-4C07-A0F1-0920250500A1@fujiba.net>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii
""",
        """\
        I am back on Monday, 19 May. Undelivered mail is not lost, only unread.
        """,
    )
    content = crlf("""\
        Return-Path: <>
        Received: from mail.customer.example (mail.customer.example [203.0.113.64])
                by mxa.mailgun.org with ESMTPS id mgin36sample
                for <monthly@fujiba.net>; Fri, 09 May 2025 01:00:10 +0000 (UTC)
        """) + signed(mail, "customer", at="2025-05-09T01:00:08+00:00")
    return Sample(
        file="auto_reply.eml",
        title="Looks like a bounce and is none",
        shows="An answer from somebody on holiday: null Return-Path, Auto-Submitted, the word "
        "'undelivered' – and the mail did arrive. With an empty MAIL FROM, SPF looks at the HELO name "
        "instead.",
        origin=f"{MADE}. Real RSA signature.",
        zone="forwarding",
        content=content,
        received_at="2025-05-09T01:00:10+00:00",
        envelope={"client_ip": "203.0.113.64", "helo": "mail.customer.example", "mail_from": ""},
        expect={
            "cause": "passes",
            "author_domain": "customer.example",
            "spf": spf("none", "mail.customer.example"),
            "dkim": [dkim_row("pass", "customer")],
            "dmarc": dmarc("pass", "quarantine", "customer.example", aligned=[["dkim", "customer.example"]]),
            "stated": [],
            "bounce": bounce_row("not-a-bounce", None, [], reporter=None, receiver=None),
        },
    )


SAMPLES = (
    headers_only,
    microsoft,
    postfix_gmail,
    gmail_spf,
    user_unknown,
    delayed_dns,
    qmail,
    exim,
    failure_report,
    auto_reply,
)
