"""The incident and its repair: mail from fujiba.net before, during and after."""

from __future__ import annotations

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
    sealed,
    seconds,
    signature,
    signed,
    spf,
)

STORY = (
    "Reconstructed from the owner's published account of the bounce of May 2025: which headers were there "
    "and which were not, what they said, the refusal word for word. Local parts, recipients, addresses, "
    "ids and the text of the mail are invented"
)
FAILS = dmarc("fail", "reject", "fujiba.net", disposition="reject")


def passes(*aligned: tuple[str, str]) -> dict[str, object]:
    """DMARC passes for fujiba.net through these identifiers."""
    return dmarc("pass", "reject", "fujiba.net", aligned=[list(pair) for pair in aligned])


def monthly(recipient: str, *, day: int = 9, clock: str = "10:00:00") -> bytes:
    """The monthly mail as it leaves macOS Mail."""
    weekday = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[(day + 2) % 7]
    return message(
        f"""\
From: Fujiba Office <monthly@fujiba.net>
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit
Mime-Version: 1.0 (Mac OS X Mail 16.0 \\(3826.500.181.1.5\\))
Subject: Monthly report, April 2025
Message-Id: <7C1A52E0-9B44-4C07-A0F1-{day:02d}20250500A1@fujiba.net>
Date: {weekday}, {day} May 2025 {clock} +0900
To: {recipient}
X-Mailer: Apple Mail (2.3826.500.181.1.5)
""",
        """\
        Dear partner,

        the report for April is ready. Three flights were booked, one was
        moved to June, and the invoice follows by post.

        Kind regards from the office – see you in May.
        """,
    )


def from_google(mail: bytes, recipient: str, *, at: str, sign: bool = False, host: str = "") -> bytes:
    """The mail as smtp.gmail.com hands it on: its Received lines and its own signature header.

    Google's private X- headers hold nothing that can be checked; short invented values stand in.
    """
    relayed = crlf(f"""\
        X-Gm-Message-State: AOJu0YzSampleOnly2025
        X-Google-Smtp-Source: AGHT+IFSampleOnly2025
        X-Received: by 2001:db8:a05:6a20::1 with SMTP id adf61e73a8af0-203SampleOnly.42.{seconds(at)}123;
                Thu, 08 May 2025 18:00:03 -0700 (PDT)
        Received: from smtpclient.apple (p77.client.example.jp. [203.0.113.77])
                by smtp.gmail.com with ESMTPSA id d2e1a72fcca58-740sample.17.2025.05.08.18.00.02
                for <{recipient}>
                (version=TLS1_3 cipher=TLS_AES_128_GCM_SHA256 bits=128/128);
                Thu, 08 May 2025 18:00:03 -0700 (PDT)
        """)
    google = "to:date:message-id:subject:mime-version:content-transfer-encoding:from"
    week = 7 * 24 * 3600
    top = signature(mail, "1e100", at=at, headers=google, name="X-Google-DKIM-Signature", expires_after=week)
    if sign:
        top = signature(mail, "gmail", at=at, headers=google, expires_after=week) + top
    if host:
        top = (
            crlf(f"""\
            Received: by {host} with SMTP id 98e67ed59e1d1-30asample.1
                    for <{recipient}>; Thu, 08 May 2025 18:00:04 -0700 (PDT)
            """)
            + top
        )
    return top + relayed + mail


AT_GOOGLE = "2025-05-08T18:00:03-07:00"


def incident_received() -> Sample:
    """1: the mail that one receiver accepted, and labelled."""
    recipient = "reader@example.jp"
    sent = from_google(monthly(recipient), recipient, at=AT_GOOGLE, host="mail-sor-f41.google.com")
    received = crlf("""\
        Return-Path: <owner.example@gmail.com>
        Received: from mail-sor-f41.google.com (mail-sor-f41.google.com [192.0.2.41])
                by cm2.dti.ne.jp (Postfix) with ESMTPS id 4ZtSample01
                for <reader@example.jp>; Fri, 09 May 2025 10:00:06 +0900 (JST)
        Authentication-Results: cm2.dti.ne.jp; spf=pass smtp.mailfrom=owner.example@gmail.com;
                dmarc=fail header.from=fujiba.net
        """)
    return Sample(
        file="incident_received.eml",
        title="The monthly mail, as one receiver got it",
        shows="SPF passes for gmail.com, there is no DKIM-Signature, and so nothing speaks for "
        "fujiba.net: DMARC fails. This receiver delivered the mail all the same and wrote down what "
        "it found.",
        origin=f"{STORY}. The shape of the receiver's own Received line is assumed. The "
        "X-Google-DKIM-Signature is real: renamed to DKIM-Signature it verifies, for 1e100.net.",
        zone="fujiba",
        content=received + sent,
        received_at="2025-05-09T10:00:06+09:00",
        envelope={
            "client_ip": "192.0.2.41",
            "helo": "mail-sor-f41.google.com",
            "mail_from": "owner.example@gmail.com",
        },
        expect={
            "cause": "authenticated_as_other",
            "author_domain": "fujiba.net",
            "spf": spf("pass", "gmail.com"),
            "dkim": [],
            "dmarc": FAILS,
            "stated": [["cm2.dti.ne.jp", "spf", "pass"], ["cm2.dti.ne.jp", "dmarc", "fail"]],
            "not_counted": ["X-Google-DKIM-Signature"],
        },
    )


def incident_signed_by_gmail() -> Sample:
    """2: the same with a signature, which changes nothing."""
    recipient = "reader@example.jp"
    sent = from_google(
        monthly(recipient), recipient, at=AT_GOOGLE, sign=True, host="mail-pj1-x102b.google.com"
    )
    received = crlf("""\
        Return-Path: <owner.example@gmail.com>
        Received: from mail-pj1-x102b.google.com (mail-pj1-x102b.google.com [IPv6:2001:db8:4864:20::102b])
                by cm2.dti.ne.jp (Postfix) with ESMTPS id 4ZtSample02
                for <reader@example.jp>; Fri, 09 May 2025 10:00:07 +0900 (JST)
        Authentication-Results: cm2.dti.ne.jp; spf=pass smtp.mailfrom=owner.example@gmail.com;
                dkim=pass header.d=gmail.com header.s=20230601;
                dmarc=fail header.from=fujiba.net
        """)
    return Sample(
        file="incident_signed_by_gmail.eml",
        title="The monthly mail, signed by gmail.com",
        shows="SPF passes and DKIM passes, both for gmail.com, and DMARC still fails. Two passes for "
        "somebody else are worth as much as none. The client is an IPv6 address.",
        origin=f"{STORY}. Whether Google signs such mail with d=gmail.com is reported differently by "
        "different people; this is the variant where it did. The signature is real, with a key of "
        "ours.",
        zone="fujiba",
        content=received + sent,
        received_at="2025-05-09T10:00:07+09:00",
        envelope={
            "client_ip": "2001:db8:4864:20::102b",
            "helo": "mail-pj1-x102b.google.com",
            "mail_from": "owner.example@gmail.com",
        },
        expect={
            "cause": "authenticated_as_other",
            "author_domain": "fujiba.net",
            "spf": spf("pass", "gmail.com"),
            "dkim": [dkim_row("pass", "gmail")],
            "dmarc": FAILS,
            "stated": [
                ["cm2.dti.ne.jp", "spf", "pass"],
                ["cm2.dti.ne.jp", "dkim", "pass"],
                ["cm2.dti.ne.jp", "dmarc", "fail"],
            ],
            "not_counted": ["X-Google-DKIM-Signature"],
        },
    )


REFUSAL = "550 5.7.1 Your message was rejected due to fujiba.net's DMARC policy."


def incident_bounce() -> Sample:
    """3: the bounce."""
    recipient = "desk@737flight.example"
    returned = from_google(monthly(recipient), recipient, at=AT_GOOGLE)
    boundary = "000000000000sample0634a1b2c3"
    words = f"""\
** Message blocked **

The message to {recipient} was not delivered. The technical details
below tell why.

This is what the other server answered:
{REFUSAL}
"""
    bounce = report(
        f"""\
Mime-Version: 1.0
From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
To: owner.example@gmail.com
Auto-Submitted: auto-replied
Subject: Delivery Status Notification (Failure)
References: <7C1A52E0-9B44-4C07-A0F1-0920250500A1@fujiba.net>
In-Reply-To: <7C1A52E0-9B44-4C07-A0F1-0920250500A1@fujiba.net>
X-Failed-Recipients: {recipient}
Message-ID: <681d52c6.sample.0634a1.GMR@mx.google.com>
Date: Thu, 08 May 2025 18:00:06 -0700 (PDT)
Content-Type: multipart/report; boundary="{boundary}"; report-type=delivery-status
""",
        [
            ("Content-Type: text/plain; charset=UTF-8", words),
            (
                "Content-Type: message/delivery-status",
                f"""\
Reporting-MTA: dns; googlemail.com
Received-From-MTA: dns; owner.example@gmail.com
Arrival-Date: Thu, 08 May 2025 18:00:03 -0700 (PDT)
X-Original-Message-ID: <7C1A52E0-9B44-4C07-A0F1-0920250500A1@fujiba.net>

Final-Recipient: rfc822; {recipient}
Action: failed
Status: 5.7.1
Remote-MTA: dns; mx1.737flight.example. (203.0.113.20, the server for the domain
 737flight.example.)
Diagnostic-Code: smtp; {REFUSAL}
Last-Attempt-Date: Thu, 08 May 2025 18:00:06 -0700 (PDT)
""",
            ),
            ("Content-Type: message/rfc822", inside(returned)),
        ],
        boundary,
    )
    genuine = signed(
        bounce,
        "googlemail",
        at="2025-05-08T18:00:06-07:00",
        headers="to:auto-submitted:message-id:date:from:mime-version:subject",
    )
    delivered = crlf("""\
        Delivered-To: owner.example@gmail.com
        Received: by 2001:db8:a05:6a20::2 with SMTP id adf61e73a8af0-204SampleOnly;
                Thu, 08 May 2025 18:00:06 -0700 (PDT)
        Return-Path: <>
        """)
    return Sample(
        file="incident_bounce.eml",
        title="The bounce",
        shows="Google wrote this report; the refusal in it is the other server's. The mail came back "
        "whole: From fujiba.net, no DKIM-Signature. Google does not record which of its hosts spoke "
        "to the receiver, so SPF can't be repeated; but it could only ever pass for gmail.com.",
        origin=f"{STORY}. Parts, fields and their order as in Google's reports; the human-readable "
        "part is in our own words. The recipient's domain has the story's first label under .example. "
        "The report itself is signed d=googlemail.com, with a key of ours.",
        zone="fujiba",
        content=delivered + genuine,
        received_at="2025-05-08T18:00:03-07:00",
        envelope={"client_ip": None, "helo": None, "mail_from": "owner.example@gmail.com"},
        expect={
            "cause": "authenticated_as_other",
            "author_domain": "fujiba.net",
            "spf": None,
            "dkim": [],
            "dmarc": FAILS,
            "stated": [],
            "not_counted": ["X-Google-DKIM-Signature"],
            "bounce": {
                "kind": "dsn",
                "returned": "full",
                "reporter": "Google",
                "receiver": "mx1.737flight.example",
                "replies": [[recipient, 550, "5.7.1"]],
                "blamed": "dmarc",
                "blamed_domain": "fujiba.net",
                "basis": "stated",
            },
        },
    )


def by_service(mail: bytes, recipient: str) -> bytes:
    """The mail as the sending service takes it in from macOS Mail."""
    return (
        crlf(f"""\
        Received: from smtpclient.apple (p77.client.example.jp [203.0.113.77])
                by out7.sending-service.example with ESMTPSA id svc20250512sample
                for <{recipient}>; Mon, 12 May 2025 01:30:01 +0000 (UTC)
        """)
        + mail
    )


AT_SERVICE = "2025-05-12T01:30:01+00:00"
OVERSIGNED = "from:from:to:subject:subject:date:message-id:mime-version:content-type"


def delivered_by_service(number: int, mail: bytes, mail_from: str, results: str) -> bytes:
    """What the story's receiver put on top of mail from the sending service."""
    return (
        crlf(f"""\
        Return-Path: <{mail_from}>
        Received: from out7.sending-service.example (out7.sending-service.example [198.51.100.71])
                by cm2.dti.ne.jp (Postfix) with ESMTPS id 4ZwSample{number:02d}
                for <reader@example.jp>; Mon, 12 May 2025 10:30:04 +0900 (JST)
        Authentication-Results: cm2.dti.ne.jp; {results};
                dmarc=pass header.from=fujiba.net
        """)
        + mail
    )


FROM_SERVICE = {"client_ip": "198.51.100.71", "helo": "out7.sending-service.example"}


def fixed_by_service() -> Sample:
    """4: both halves aligned."""
    mail = monthly("reader@example.jp", day=12, clock="10:30:00")
    sent = signed(by_service(mail, "reader@example.jp"), "fujiba", at=AT_SERVICE, headers=OVERSIGNED)
    content = delivered_by_service(
        4,
        sent,
        "bounce+20250512.4@bounce.fujiba.net",
        "spf=pass smtp.mailfrom=bounce+20250512.4@bounce.fujiba.net;\n"
        "                dkim=pass header.d=fujiba.net header.s=svc1",
    )
    return Sample(
        file="fixed_by_service.eml",
        title="After the fix: SPF and DKIM both aligned",
        shows="A sending service puts bounce.fujiba.net into Return-Path and signs with d=fujiba.net. "
        "Each of the two would be enough; together they survive a forwarder or a broken signature.",
        origin=f"{MADE}, after the way sending services work (a Return-Path and a key, each lent "
        "through a CNAME). Real RSA signature.",
        zone="fujiba-fixed",
        content=content,
        received_at="2025-05-12T10:30:04+09:00",
        envelope={**FROM_SERVICE, "mail_from": "bounce+20250512.4@bounce.fujiba.net"},
        expect={
            "cause": "passes",
            "author_domain": "fujiba.net",
            "spf": spf("pass", "bounce.fujiba.net"),
            "dkim": [dkim_row("pass", "fujiba")],
            "dmarc": passes(("spf", "bounce.fujiba.net"), ("dkim", "fujiba.net")),
            "stated": [
                ["cm2.dti.ne.jp", "spf", "pass"],
                ["cm2.dti.ne.jp", "dkim", "pass"],
                ["cm2.dti.ne.jp", "dmarc", "pass"],
            ],
        },
    )


def fixed_by_dkim_only() -> Sample:
    """5: DKIM alone."""
    mail = monthly("reader@example.jp", day=12, clock="10:30:00")
    sent = signed(by_service(mail, "reader@example.jp"), "fujiba", at=AT_SERVICE, headers=OVERSIGNED)
    content = delivered_by_service(
        5,
        sent,
        "return+5@return.sending-service.example",
        "spf=pass smtp.mailfrom=return+5@return.sending-service.example;\n"
        "                dkim=pass header.d=fujiba.net header.s=svc1",
    )
    return Sample(
        file="fixed_by_dkim_only.eml",
        title="After the fix: DKIM alone",
        shows="The Return-Path stays the service's own, so SPF passes unaligned, as in the incident. "
        "The signature by fujiba.net is enough.",
        origin=f"{MADE}: the mail before, without the CNAME for Return-Path. Real RSA signature.",
        zone="fujiba-fixed",
        content=content,
        received_at="2025-05-12T10:30:04+09:00",
        envelope={**FROM_SERVICE, "mail_from": "return+5@return.sending-service.example"},
        expect={
            "cause": "passes",
            "author_domain": "fujiba.net",
            "spf": spf("pass", "return.sending-service.example"),
            "dkim": [dkim_row("pass", "fujiba")],
            "dmarc": passes(("dkim", "fujiba.net")),
            "stated": [
                ["cm2.dti.ne.jp", "spf", "pass"],
                ["cm2.dti.ne.jp", "dkim", "pass"],
                ["cm2.dti.ne.jp", "dmarc", "pass"],
            ],
        },
    )


def fixed_by_spf_only() -> Sample:
    """6: SPF alone."""
    mail = monthly("reader@example.jp", day=12, clock="10:45:00")
    content = (
        crlf("""\
        Return-Path: <monthly@fujiba.net>
        Received: from so254-10.mailgun.net (so254-10.mailgun.net [198.51.100.10])
                by cm2.dti.ne.jp (Postfix) with ESMTPS id 4ZwSample06
                for <reader@example.jp>; Mon, 12 May 2025 10:45:05 +0900 (JST)
        Received-SPF: pass (cm2.dti.ne.jp: domain of monthly@fujiba.net designates 198.51.100.10 as permitted
                sender) client-ip=198.51.100.10; envelope-from="monthly@fujiba.net";
                helo=so254-10.mailgun.net;
        Authentication-Results: cm2.dti.ne.jp; spf=pass smtp.mailfrom=monthly@fujiba.net;
                dmarc=pass header.from=fujiba.net
        Received: from smtpclient.apple (p77.client.example.jp [203.0.113.77])
                by so254-10.mailgun.net with ESMTPSA id mg20250512sample
                for <reader@example.jp>; Mon, 12 May 2025 01:45:01 +0000 (UTC)
        """)
        + mail
    )
    return Sample(
        file="fixed_by_spf_only.eml",
        title="After the fix: SPF alone",
        shows="Sent through a server that fujiba.net's SPF record lists, with fujiba.net in "
        "Return-Path: aligned SPF is enough, until somebody forwards the mail. The receiver also "
        "wrote a Received-SPF header.",
        origin=f"{MADE}. Mailgun would sign as well; this is what it looks like when nobody does.",
        zone="fujiba-fixed",
        content=content,
        received_at="2025-05-12T10:45:05+09:00",
        envelope={
            "client_ip": "198.51.100.10",
            "helo": "so254-10.mailgun.net",
            "mail_from": "monthly@fujiba.net",
        },
        expect={
            "cause": "passes",
            "author_domain": "fujiba.net",
            "spf": spf("pass", "fujiba.net"),
            "dkim": [],
            "dmarc": passes(("spf", "fujiba.net")),
            "stated": [
                ["cm2.dti.ne.jp", "spf", "pass"],
                ["cm2.dti.ne.jp", "dmarc", "pass"],
            ],
        },
    )


def spoof() -> Sample:
    """7: what the policy is there for."""
    genuine = monthly("reader@example.jp", day=12, clock="10:30:00")
    stolen = signature(genuine, "fujiba", at=AT_SERVICE, headers=OVERSIGNED)
    forged = genuine.replace(b"the invoice follows by post", b"the bank account has changed")
    content = (
        crlf("""\
        Return-Path: <monthly@fujiba.net>
        Received: from mail.fujiba.net (host200.example.net [198.51.100.200])
                by cm2.dti.ne.jp (Postfix) with ESMTP id 4ZySample07
                for <reader@example.jp>; Wed, 14 May 2025 04:12:09 +0900 (JST)
        Authentication-Results: cm2.dti.ne.jp; spf=softfail smtp.mailfrom=monthly@fujiba.net;
                dkim=fail (body hash did not verify) header.d=fujiba.net header.s=svc1;
                dmarc=fail header.from=fujiba.net
        """)
        + stolen
        + forged
    )
    return Sample(
        file="spoof.eml",
        title="A forgery",
        shows="A stranger's server claims to be fujiba.net in HELO, MAIL FROM and From, and pastes a "
        "signature copied from a genuine mail over changed text. SPF softfails, the body hash does "
        "not fit, DMARC fails. To a receiver the incident's mail looked no different.",
        origin=f"{MADE}: a signed mail of ours, its text changed after signing, sent from elsewhere.",
        zone="fujiba-fixed",
        content=content,
        received_at="2025-05-14T04:12:09+09:00",
        envelope={
            "client_ip": "198.51.100.200",
            "helo": "mail.fujiba.net",
            "mail_from": "monthly@fujiba.net",
        },
        expect={
            "cause": "signature_broken",
            "author_domain": "fujiba.net",
            "spf": spf("softfail", "fujiba.net"),
            "dkim": [dkim_row("fail", "fujiba", body_hash_ok=False)],
            "dmarc": FAILS,
            "stated": [
                ["cm2.dti.ne.jp", "spf", "softfail"],
                ["cm2.dti.ne.jp", "dkim", "fail"],
                ["cm2.dti.ne.jp", "dmarc", "fail"],
            ],
        },
    )


# ---------------------------------------------------------- the second hop


def question_to_fujiba(number: int) -> bytes:
    """A customer's mail to fujiba.net."""
    return message(
        f"""\
Date: Tue, 13 May 2025 15:20:{number:02d} +0900
From: Anna Kunde <anna@customer.example>
To: monthly@fujiba.net
Subject: A question about the April report
Message-ID: <20250513.{number}@customer.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii
""",
        """\
        Dear office,

        is the second flight on page 3 the one of the 28th?

        Anna
        """,
    )


def forwarded(mail: bytes, number: int, dkim_said: str, dmarc_said: str, *, seal: bool) -> bytes:
    """The mail after Mailgun took it for fujiba.net and passed it on to Gmail, Return-Path unchanged."""
    via = (
        crlf(f"""\
        Received: from mail.customer.example (mail.customer.example [203.0.113.64])
                by mxa.mailgun.org with ESMTPS id mgin{number:02d}sample
                for <monthly@fujiba.net>; Tue, 13 May 2025 06:20:12 +0000 (UTC)
        """)
        + mail
    )
    found = (
        f"mx.google.com;\n{dkim_said}"
        "       spf=softfail (google.com: domain of transitioning anna@customer.example does not designate\n"
        "        198.51.100.10 as permitted sender) smtp.mailfrom=anna@customer.example;\n"
        f"       dmarc={dmarc_said} header.from=customer.example"
    )
    stated = crlf(f"Authentication-Results: {found}")
    if seal:
        via = sealed(via, "google-arc", at="2025-05-13T06:20:15+00:00", results=found)
    return (
        crlf(f"""\
        Delivered-To: owner.example@gmail.com
        Return-Path: <anna@customer.example>
        Received: from so254-10.mailgun.net (so254-10.mailgun.net. [198.51.100.10])
                by mx.google.com with ESMTPS id d9443c01a7336-22sample{number:02d}.2025.05.12.23.20.15
                for <owner.example@gmail.com>
                (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256);
                Mon, 12 May 2025 23:20:15 -0700 (PDT)
        Received-SPF: softfail (google.com: domain of transitioning anna@customer.example does not designate
                198.51.100.10 as permitted sender) client-ip=198.51.100.10;
        """)
        + stated
        + via
    )


FORWARDER = {
    "client_ip": "198.51.100.10",
    "helo": "so254-10.mailgun.net",
    "mail_from": "anna@customer.example",
}


def forwarded_signed() -> Sample:
    """8: DKIM survives forwarding."""
    mail = signed(question_to_fujiba(8), "customer", at="2025-05-13T15:20:08+09:00")
    dkim_said = "       dkim=pass header.i=@customer.example header.s=k1 header.b=Sample08;\n"
    return Sample(
        file="forwarded_signed.eml",
        title="Forwarded, and the signature survived",
        shows="Gmail sees the forwarder's address, which the customer's SPF record does not list. The "
        "signature does not care who carried the mail: DMARC passes. Gmail's ARC set on top is not a "
        "signature of the sender and is not counted.",
        origin=f"{MADE}. Mailgun may put its own Return-Path on forwarded mail; here it did not, the "
        "plain case. Real RSA signature; real ARC seal, with a key of ours.",
        zone="forwarding",
        content=forwarded(mail, 8, dkim_said, "pass (p=QUARANTINE sp=QUARANTINE dis=NONE)", seal=True),
        received_at="2025-05-12T23:20:15-07:00",
        envelope=dict(FORWARDER),
        expect={
            "cause": "passes",
            "author_domain": "customer.example",
            "spf": spf("softfail", "customer.example"),
            "dkim": [dkim_row("pass", "customer")],
            "arc": "pass",
            "dmarc": dmarc("pass", "quarantine", "customer.example", aligned=[["dkim", "customer.example"]]),
            "stated": [
                ["mx.google.com", "dkim", "pass"],
                ["mx.google.com", "spf", "softfail"],
                ["mx.google.com", "dmarc", "pass"],
            ],
            "not_counted": ["ARC-Seal", "ARC-Message-Signature"],
        },
    )


def forwarded_unsigned() -> Sample:
    """9: SPF does not."""
    return Sample(
        file="forwarded_unsigned.eml",
        title="Forwarded, with nothing to survive",
        shows="The same way without a signature. SPF was the only thing that spoke for the customer, "
        "and it speaks for an address, not for a mail: after the second hop nothing is left.",
        origin=f"{MADE}: the mail before, unsigned.",
        zone="forwarding",
        content=forwarded(
            question_to_fujiba(9), 9, "", "fail (p=QUARANTINE sp=QUARANTINE dis=QUARANTINE)", seal=False
        ),
        received_at="2025-05-12T23:20:15-07:00",
        envelope=dict(FORWARDER),
        expect={
            "cause": "forwarded",
            "author_domain": "customer.example",
            "spf": spf("softfail", "customer.example"),
            "dkim": [],
            "dmarc": dmarc("fail", "quarantine", "customer.example", disposition="quarantine"),
            "stated": [
                ["mx.google.com", "spf", "softfail"],
                ["mx.google.com", "dmarc", "fail"],
            ],
        },
    )


def mailing_list() -> Sample:
    """10: a footer breaks the body hash."""
    mail = monthly("members@lists.example.org", day=15, clock="09:00:00")
    sent = signed(mail, "fujiba", at="2025-05-15T00:00:03+00:00", headers=OVERSIGNED)
    top = crlf("""\
        List-Id: Members <members.lists.example.org>
        List-Post: <mailto:members@lists.example.org>
        Sender: members-bounces@lists.example.org
        Received: from out7.sending-service.example (out7.sending-service.example [198.51.100.71])
                by mail.lists.example.org (Postfix) with ESMTPS id 4ZzSample10
                for <members@lists.example.org>; Thu, 15 May 2025 00:00:05 +0000 (UTC)
        """)
    footer = crlf("""\

        ________________________________________
        Members mailing list – members@lists.example.org
        """)
    relisted = top + sent + b"\r\n" + footer
    again = signed(relisted, "list", at="2025-05-15T00:00:08+00:00", headers="from:to:subject:date:list-id")
    content = (
        crlf("""\
        Return-Path: <members-bounces+reader=example.jp@lists.example.org>
        Received: from mail.lists.example.org (mail.lists.example.org [203.0.113.130])
                by cm2.dti.ne.jp (Postfix) with ESMTPS id 4ZzSample11
                for <reader@example.jp>; Thu, 15 May 2025 09:00:11 +0900 (JST)
        Authentication-Results: cm2.dti.ne.jp;
                spf=pass smtp.mailfrom=members-bounces+reader=example.jp@lists.example.org;
                dkim=pass header.d=lists.example.org header.s=2025;
                dkim=fail (body hash did not verify) header.d=fujiba.net header.s=svc1;
                dmarc=fail header.from=fujiba.net
        """)
        + again
    )
    return Sample(
        file="mailing_list.eml",
        title="Through a mailing list that adds a footer",
        shows="Everything was right when it left. The list added three lines, so the body hash of our "
        "signature no longer fits, although the signed headers still verify; the list's own signature "
        "and SPF pass for the list. With p=reject, members do not get such mail.",
        origin=f"{MADE}: a signed mail, a footer added afterwards as list software does, then signed "
        "by the list.",
        zone="fujiba-fixed",
        content=content,
        received_at="2025-05-15T09:00:11+09:00",
        envelope={
            "client_ip": "203.0.113.130",
            "helo": "mail.lists.example.org",
            "mail_from": "members-bounces+reader=example.jp@lists.example.org",
        },
        expect={
            "cause": "signature_broken",
            "author_domain": "fujiba.net",
            "spf": spf("pass", "lists.example.org"),
            "dkim": [
                dkim_row("pass", "list"),
                dkim_row("fail", "fujiba", body_hash_ok=False),
            ],
            "dmarc": FAILS,
            "stated": [
                ["cm2.dti.ne.jp", "spf", "pass"],
                ["cm2.dti.ne.jp", "dkim", "pass"],
                ["cm2.dti.ne.jp", "dkim", "fail"],
                ["cm2.dti.ne.jp", "dmarc", "fail"],
            ],
        },
    )


def several_authors() -> Sample:
    """22: two domains in From."""
    mail = message(
        """\
From: Fujiba Office <monthly@fujiba.net>, Desk <desk@737flight.example>
Sender: monthly@fujiba.net
To: reader@example.jp
Subject: A joint letter
Date: Fri, 16 May 2025 11:00:00 +0900
Message-ID: <20250516.22@fujiba.net>
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii
""",
        """\
        Two offices, one letter.
        """,
    )
    sent = signed(mail, "fujiba", at="2025-05-16T02:00:02+00:00", headers=OVERSIGNED)
    content = (
        crlf("""\
        Return-Path: <bounce+20250516.22@bounce.fujiba.net>
        Received: from out7.sending-service.example (out7.sending-service.example [198.51.100.71])
                by cm2.dti.ne.jp (Postfix) with ESMTPS id 4a0Sample22
                for <reader@example.jp>; Fri, 16 May 2025 11:00:06 +0900 (JST)
        Authentication-Results: cm2.dti.ne.jp; spf=pass smtp.mailfrom=bounce+20250516.22@bounce.fujiba.net;
                dkim=pass header.d=fujiba.net header.s=svc1
        """)
        + sent
    )
    return Sample(
        file="several_authors.eml",
        title="Two domains in From",
        shows="Allowed by the message format, and not something DMARC can judge: there is not one "
        "author domain but two. SPF and DKIM pass, DMARC says none, and many receivers refuse such "
        "mail for that alone.",
        origin=f"{MADE}. Real RSA signature.",
        zone="fujiba-fixed",
        content=content,
        received_at="2025-05-16T11:00:06+09:00",
        envelope={**FROM_SERVICE, "mail_from": "bounce+20250516.22@bounce.fujiba.net"},
        expect={
            "cause": "no_author_domain",
            "author_domain": None,
            "spf": spf("pass", "bounce.fujiba.net"),
            "dkim": [dkim_row("pass", "fujiba")],
            "dmarc": dmarc("none"),
            "stated": [["cm2.dti.ne.jp", "spf", "pass"], ["cm2.dti.ne.jp", "dkim", "pass"]],
        },
    )


def pasted_reply() -> Sample:
    """21: all that many people have."""
    return Sample(
        file="pasted_reply.txt",
        title="Only the words of the refusal",
        shows="One line, copied out of a mail program. It names the domain and the check. Why the "
        "check failed, no line can tell: for that the headers of the mail are needed.",
        origin="The refusal of the story, word for word.",
        zone="fujiba",
        content=(REFUSAL + "\n").encode(),
        expect={
            "cause": "stated_only",
            "author_domain": None,
            "spf": None,
            "dkim": [],
            "dmarc": None,
            "stated": [],
            "bounce": {
                "kind": "pasted-reply",
                "returned": None,
                "reporter": None,
                "receiver": None,
                "replies": [[None, 550, "5.7.1"]],
                "blamed": "dmarc",
                "blamed_domain": "fujiba.net",
                "basis": "stated",
            },
        },
    )


def pasted_headers() -> Sample:
    """Headers copied out of a web page, with their folding lost."""
    whole = incident_received().content
    lines = header_of(whole).decode().replace("\r\n", "\n").split("\n")
    text = "\n".join(line.strip() for line in lines)
    return Sample(
        file="pasted_headers.txt",
        title="Headers pasted without their indentation",
        shows="The headers of the first sample, copied out of a web page: line endings and the blanks "
        "at the start of continued lines are gone, and so is the body. Enough to see the cause.",
        origin="incident_received.eml, its header only, each line stripped.",
        zone="fujiba",
        content=text.encode(),
        received_at="2025-05-09T10:00:06+09:00",
        envelope={
            "client_ip": "192.0.2.41",
            "helo": "mail-sor-f41.google.com",
            "mail_from": "owner.example@gmail.com",
        },
        expect={
            "cause": "authenticated_as_other",
            "author_domain": "fujiba.net",
            "spf": spf("pass", "gmail.com"),
            "dkim": [],
            "dmarc": FAILS,
            "stated": [["cm2.dti.ne.jp", "spf", "pass"], ["cm2.dti.ne.jp", "dmarc", "fail"]],
            "not_counted": ["X-Google-DKIM-Signature"],
        },
    )


SAMPLES = (
    incident_received,
    incident_signed_by_gmail,
    incident_bounce,
    fixed_by_service,
    fixed_by_dkim_only,
    fixed_by_spf_only,
    spoof,
    forwarded_signed,
    forwarded_unsigned,
    mailing_list,
    several_authors,
    pasted_reply,
    pasted_headers,
)
