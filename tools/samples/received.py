"""Mail that arrived, from other domains: keys, alignment modes, records, policies, Japanese."""

from __future__ import annotations

import base64
from typing import Any

from samples.making import MADE, Sample, crlf, dkim_row, dmarc, message, signature, signed, spf

# -------------------------------------------------------------------- Japanese

JAPANESE_DOMAIN = "xn--r8jz45g.example"  # 例え.example


def encoded_word(text: str, charset: str) -> str:
    """RFC 2047: text for a header, as ASCII."""
    return f"=?{charset}?B?{base64.b64encode(text.encode(charset)).decode()}?="


def japanese_top(number: int, mail_from: str, protocol: str, client: str, results: str) -> bytes:
    """What the receiver put on top of a Japanese mail."""
    return crlf(f"""\
        Return-Path: <{mail_from}>
        Received: from mail.xn--r8jz45g.example (mail.xn--r8jz45g.example [{client}])
                by mx.receiver.example (Postfix) with {protocol} id 4a1Sample{number}
                for <reader@receiver.example>; Mon, 19 May 2025 09:30:05 +0900 (JST)
        Authentication-Results: mx.receiver.example; {results};
                dmarc=pass header.from=xn--r8jz45g.example
        """)


def japanese_expectation() -> dict[str, Any]:
    """Both Japanese mails pass in the same way, under strict alignment."""
    aligned = [["spf", JAPANESE_DOMAIN], ["dkim", JAPANESE_DOMAIN]]
    return {
        "cause": "passes",
        "author_domain": JAPANESE_DOMAIN,
        "spf": spf("pass", JAPANESE_DOMAIN),
        "dkim": [dkim_row("pass", "japanese")],
        "dmarc": dmarc("pass", "reject", JAPANESE_DOMAIN, aligned=aligned),
        "stated": [
            ["mx.receiver.example", "spf", "pass"],
            ["mx.receiver.example", "dkim", "pass"],
            ["mx.receiver.example", "dmarc", "pass"],
        ],
    }


def japanese_iso2022jp() -> Sample:
    """11: the encoding of Japanese mail for decades."""
    mail = message(
        f"""\
From: {encoded_word("例え商会", "iso-2022-jp")} <info@{JAPANESE_DOMAIN}>
To: reader@receiver.example
Subject: {encoded_word("五月のお知らせ", "iso-2022-jp")}
Date: Mon, 19 May 2025 09:30:00 +0900
Message-ID: <20250519.11@{JAPANESE_DOMAIN}>
MIME-Version: 1.0
Content-Type: text/plain; charset=ISO-2022-JP
Content-Transfer-Encoding: 7bit
""",
        """\
        いつもお世話になっております。

        五月の営業日をお知らせします。三日から六日までお休みします。

        例え商会
        """,
        charset="iso-2022-jp",
    )
    results = (
        f"spf=pass smtp.mailfrom=info@{JAPANESE_DOMAIN};\n"
        f"                dkim=pass header.d={JAPANESE_DOMAIN} header.s=2025"
    )
    top = japanese_top(11, f"info@{JAPANESE_DOMAIN}", "ESMTPS", "203.0.113.80", results)
    return Sample(
        file="japanese_iso2022jp.eml",
        title="Japanese, in ISO-2022-JP",
        shows="Subject, name and body in ISO-2022-JP, which has escape characters but no byte above "
        "127. DKIM signs the bytes as they are and does not care what they mean.",
        origin=f"{MADE}. Real RSA signature.",
        zone="japanese",
        content=top + signed(mail, "japanese", at="2025-05-19T09:30:02+09:00"),
        received_at="2025-05-19T09:30:05+09:00",
        envelope={
            "client_ip": "203.0.113.80",
            "helo": "mail.xn--r8jz45g.example",
            "mail_from": f"info@{JAPANESE_DOMAIN}",
        },
        expect={**japanese_expectation(), "subject": "五月のお知らせ"},
    )


def japanese_utf8_domain() -> Sample:
    """12: the domain in From as people write it (RFC 6532)."""
    text = base64.encodebytes("六月の予定をお知らせします。\r\n\r\n例え商会\r\n".encode()).decode()
    mail = message(
        """\
From: 例え商会 <info@例え.example>
To: reader@receiver.example
Subject: 六月の予定
Date: Mon, 19 May 2025 09:30:00 +0900
Message-ID: <20250519.12@xn--r8jz45g.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: base64
""",
        text,
    )
    results = (
        "spf=pass smtp.mailfrom=info@例え.example;\n"
        f"                dkim=pass header.d={JAPANESE_DOMAIN} header.s=2025"
    )
    top = japanese_top(12, "info@例え.example", "UTF8SMTPS", "IPv6:2001:db8:80::25", results)
    return Sample(
        file="japanese_utf8_domain.eml",
        title="An internationalised domain in From",
        shows="The author domain is written 例え.example. Every look-up and every comparison uses the "
        "A-label, xn--r8jz45g.example; the receiver's own header mixes both. The body is base64.",
        origin=f"{MADE}. Real RSA signature; the client is an IPv6 address.",
        zone="japanese",
        content=top + signed(mail, "japanese", at="2025-05-19T09:30:02+09:00"),
        received_at="2025-05-19T09:30:05+09:00",
        envelope={
            "client_ip": "2001:db8:80::25",
            "helo": "mail.xn--r8jz45g.example",
            "mail_from": "info@例え.example",
        },
        expect={**japanese_expectation(), "subject": "六月の予定"},
    )


# ------------------------------------------------------------------ monitoring


def monitoring() -> Sample:
    """13: p=none."""
    mail = message(
        """\
From: The Shop <hello@shop.example>
To: reader@receiver.example
Subject: Ten percent off in May
Date: Tue, 20 May 2025 08:00:00 +0200
Message-ID: <20250520.13@shop.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii
""",
        """\
        Ten percent off everything that is green. Until Sunday.
        """,
    )
    content = crlf("""\
        Delivered-To: shopper.example@gmail.com
        Return-Path: <return+13@return.sending-service.example>
        Received: from out7.sending-service.example (out7.sending-service.example. [198.51.100.71])
                by mx.google.com with ESMTPS id 5b1f17b1804b1-44sample13.2025.05.19.23.00.06
                for <shopper.example@gmail.com>
                (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256);
                Mon, 19 May 2025 23:00:06 -0700 (PDT)
        Authentication-Results: mx.google.com;
               dkim=pass header.i=@sending-service.example header.s=svc header.b=Sample13;
               spf=pass (google.com: domain of return+13@return.sending-service.example designates
                198.51.100.71 as permitted sender) smtp.mailfrom=return+13@return.sending-service.example;
               dmarc=fail (p=NONE sp=NONE dis=NONE) header.from=shop.example
        """)
    return Sample(
        file="monitoring.eml",
        title="DMARC fails and nothing happens (p=none)",
        shows="A newsletter sent through a service that signs as itself: SPF and DKIM pass, both "
        "unaligned, DMARC fails. The domain publishes p=none, so the mail is delivered, and the owner "
        "may not know until a report or a stricter policy tells.",
        origin=f"{MADE}. Real RSA signature.",
        zone="monitoring",
        content=content + signed(mail, "service", at="2025-05-20T08:00:03+02:00"),
        received_at="2025-05-19T23:00:06-07:00",
        envelope={
            "client_ip": "198.51.100.71",
            "helo": "out7.sending-service.example",
            "mail_from": "return+13@return.sending-service.example",
        },
        expect={
            "cause": "authenticated_as_other",
            "author_domain": "shop.example",
            "spf": spf("pass", "return.sending-service.example"),
            "dkim": [dkim_row("pass", "service")],
            "dmarc": dmarc("fail", "none", "shop.example"),
            "stated": [
                ["mx.google.com", "dkim", "pass"],
                ["mx.google.com", "spf", "pass"],
                ["mx.google.com", "dmarc", "fail"],
            ],
        },
    )


# ------------------------------------------------------------------------ keys

KEY_MAIL_FROM = "mail+signer@carrier.example"
AT_SIGNER = "2025-05-21T07:00:01+00:00"


def notice(number: int) -> bytes:
    """A mail by signer.example."""
    return message(
        f"""\
From: Accounts <accounts@signer.example>
To: reader@receiver.example
Subject: Your statement
Date: Wed, 21 May 2025 07:00:00 +0000
Message-ID: <20250521.{number}@signer.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii
""",
        """\
        Your statement for April is in your account.
        """,
    )


def carried(number: int, mail: bytes, dkim_said: str, dmarc_said: str) -> bytes:
    """A mail as mx.receiver.example got it from the carrier."""
    return (
        crlf(f"""\
        Return-Path: <{KEY_MAIL_FROM}>
        Received: from out.carrier.example (out.carrier.example [198.51.100.130])
                by mx.receiver.example (Postfix) with ESMTPS id 4a2Sample{number}
                for <reader@receiver.example>; Wed, 21 May 2025 07:00:05 +0000 (UTC)
        Authentication-Results: mx.receiver.example; spf=pass smtp.mailfrom={KEY_MAIL_FROM};
                {dkim_said};
                dmarc={dmarc_said} header.from=signer.example
        """)
        + mail
    )


def key_sample(
    number: int,
    file: str,
    title: str,
    shows: str,
    mail: bytes,
    said: str,
    cause: str,
    rows: list[dict[str, Any]],
    stated: list[str],
) -> Sample:
    """A sample of the keys scenario: SPF always passes for the carrier, so the signature decides."""
    aligned = [["dkim", "signer.example"] for row in rows if row["result"] == "pass"]
    good = bool(aligned)
    judged = (
        dmarc("pass", "quarantine", "signer.example", aligned=aligned)
        if good
        else dmarc("fail", "quarantine", "signer.example", disposition="quarantine")
    )
    return Sample(
        file=file,
        title=title,
        shows=shows,
        origin=f"{MADE}. Signed for real, by dkimpy.",
        zone="keys",
        content=carried(number, mail, said, "pass" if good else "fail"),
        received_at="2025-05-21T07:00:05+00:00",
        envelope={
            "client_ip": "198.51.100.130",
            "helo": "out.carrier.example",
            "mail_from": KEY_MAIL_FROM,
        },
        expect={
            "cause": cause,
            "author_domain": "signer.example",
            "spf": spf("pass", "carrier.example"),
            "dkim": rows,
            "dmarc": judged,
            "stated": [
                ["mx.receiver.example", "spf", "pass"],
                *(["mx.receiver.example", "dkim", one] for one in stated),
                ["mx.receiver.example", "dmarc", "pass" if good else "fail"],
            ],
        },
    )


def key_revoked() -> Sample:
    """14: an empty p=."""
    return key_sample(
        14,
        "key_revoked.eml",
        "The key was revoked",
        "The sender still signs with last year's key, whose record now has an empty p=. That is not a bad "
        "signature: it is a key that its owner took back.",
        signed(notice(14), "signer", at=AT_SIGNER, selector="2024"),
        "dkim=permerror (key revoked) header.d=signer.example header.s=2024",
        "key_revoked",
        [dkim_row("permerror", "signer", "2024", key_state="revoked")],
        ["permerror"],
    )


def key_missing() -> Sample:
    """15: nobody published the key."""
    return key_sample(
        15,
        "key_missing.eml",
        "The key is not in DNS",
        "A new selector, and nobody published its record. The signature may be perfect; without the key no "
        "receiver can tell.",
        signed(notice(15), "signer", at=AT_SIGNER, selector="may2025"),
        "dkim=permerror (no key for signature) header.d=signer.example header.s=may2025",
        "key_missing",
        [dkim_row("permerror", "signer", "may2025", key_state="missing")],
        ["permerror"],
    )


def signature_expired() -> Sample:
    """16: x= in the past."""
    return key_sample(
        16,
        "signature_expired.eml",
        "The signature expired on the way",
        "The sender gave the signature one minute (x=), and the mail waited a day in a queue. Hash and "
        "signature still fit; they no longer count.",
        signed(notice(16), "signer", at="2025-05-20T07:00:01+00:00", expires_after=60),
        "dkim=fail (signature expired) header.d=signer.example header.s=2025",
        "signature_invalid",
        [dkim_row("policy", "signer", signature_ok=True, body_hash_ok=True)],
        ["fail"],
    )


def two_algorithms() -> Sample:
    """18: RSA and Ed25519."""
    mail = notice(18)
    both = signature(mail, "signer-ed25519", at=AT_SIGNER) + signed(mail, "signer", at=AT_SIGNER)
    return key_sample(
        18,
        "two_algorithms.eml",
        "Signed twice: RSA and Ed25519",
        "The small new key and the large old one. A receiver that doesn't know Ed25519 yet goes by the RSA "
        "signature; one that passes is enough.",
        both,
        "dkim=pass header.d=signer.example header.s=ed2025;\n"
        "                dkim=pass header.d=signer.example header.s=2025",
        "passes",
        [dkim_row("pass", "signer-ed25519"), dkim_row("pass", "signer")],
        ["pass", "pass"],
    )


def length_tag_appended() -> Sample:
    """17: l= lets anybody add text."""
    mail = signed(notice(17), "signer", at=AT_SIGNER, body_length=True)
    longer = mail + crlf("""\

        IMPORTANT: our bank account has changed. Please pay to the new one.
        """)
    content = (
        crlf("""\
        Return-Path: <info@host201.example.net>
        Received: from host201.example.net (host201.example.net [198.51.100.201])
                by mx.receiver.example (Postfix) with ESMTP id 4a2Sample17
                for <reader@receiver.example>; Wed, 21 May 2025 21:14:40 +0000 (UTC)
        Authentication-Results: mx.receiver.example; spf=none smtp.mailfrom=info@host201.example.net;
                dkim=pass header.d=signer.example header.s=2025;
                dmarc=pass header.from=signer.example
        """)
        + longer
    )
    return Sample(
        file="length_tag_appended.eml",
        title="What a pass can hide: text added below l=",
        shows="The signature covers the first bytes of the body only (l=). A stranger added a "
        "paragraph and sent the mail on from elsewhere; it verifies, it aligns, DMARC passes.",
        origin=f"{MADE}: signed with l= by dkimpy, two lines added afterwards.",
        zone="keys",
        content=content,
        received_at="2025-05-21T21:14:40+00:00",
        envelope={
            "client_ip": "198.51.100.201",
            "helo": "host201.example.net",
            "mail_from": "info@host201.example.net",
        },
        expect={
            "cause": "passes",
            "author_domain": "signer.example",
            "spf": spf("none", "host201.example.net"),
            "dkim": [dkim_row("pass", "signer")],
            "dkim_warns": "l=",
            "dmarc": dmarc("pass", "quarantine", "signer.example", aligned=[["dkim", "signer.example"]]),
            "stated": [
                ["mx.receiver.example", "spf", "none"],
                ["mx.receiver.example", "dkim", "pass"],
                ["mx.receiver.example", "dmarc", "pass"],
            ],
        },
    )


# --------------------------------------------------------- alignment, records


def strict_alignment() -> Sample:
    """19: the own subdomain is not good enough."""
    mail = message(
        """\
From: News <news@strict.example>
To: reader@receiver.example
Subject: News in May
Date: Thu, 22 May 2025 12:00:00 +0200
Message-ID: <20250522.19@news.strict.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii
""",
        """\
        No news is good news.
        """,
    )
    content = crlf("""\
        Return-Path: <bounces@news.strict.example>
        Received: from mx.strict.example (mx.strict.example [203.0.113.101])
                by mx.receiver.example (Postfix) with ESMTPS id 4a3Sample19
                for <reader@receiver.example>; Thu, 22 May 2025 12:00:06 +0200 (CEST)
        Authentication-Results: mx.receiver.example; spf=pass smtp.mailfrom=bounces@news.strict.example;
                dkim=pass header.d=news.strict.example header.s=2025;
                dmarc=fail header.from=strict.example
        """) + signed(mail, "strict", at="2025-05-22T12:00:02+02:00")
    return Sample(
        file="strict_alignment.eml",
        title="Strict alignment, and one's own subdomain fails",
        shows="SPF and DKIM pass for news.strict.example. The domain asks for strict alignment "
        "(adkim=s, aspf=s): only strict.example itself would do.",
        origin=f"{MADE}. Real RSA signature.",
        zone="strict",
        content=content,
        received_at="2025-05-22T12:00:06+02:00",
        envelope={
            "client_ip": "203.0.113.101",
            "helo": "mx.strict.example",
            "mail_from": "bounces@news.strict.example",
        },
        expect={
            "cause": "strict_alignment",
            "author_domain": "strict.example",
            "spf": spf("pass", "news.strict.example"),
            "dkim": [dkim_row("pass", "strict")],
            "dmarc": dmarc("fail", "reject", "strict.example", disposition="reject"),
            "stated": [
                ["mx.receiver.example", "spf", "pass"],
                ["mx.receiver.example", "dkim", "pass"],
                ["mx.receiver.example", "dmarc", "fail"],
            ],
        },
    )


def record_sample(
    number: int, file: str, title: str, shows: str, domain: str, client: str, helo: str
) -> Sample:
    """A mail whose only hope is an SPF record that can't be evaluated."""
    mail = message(
        f"""\
From: Office <office@{domain}>
To: reader@receiver.example
Subject: An offer
Date: Fri, 23 May 2025 10:00:00 +0200
Message-ID: <20250523.{number}@{domain}>
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii
""",
        """\
        Here is our offer.
        """,
    )
    content = (
        crlf(f"""\
        Return-Path: <office@{domain}>
        Received: from {helo} ({helo} [{client}])
                by mx.receiver.example (Postfix) with ESMTPS id 4a4Sample{number}
                for <reader@receiver.example>; Fri, 23 May 2025 10:00:04 +0200 (CEST)
        Authentication-Results: mx.receiver.example; spf=permerror smtp.mailfrom=office@{domain};
                dmarc=fail header.from={domain}
        """)
        + mail
    )
    return Sample(
        file=file,
        title=title,
        shows=shows,
        origin=MADE + ".",
        zone="spf-records",
        content=content,
        received_at="2025-05-23T10:00:04+02:00",
        envelope={"client_ip": client, "helo": helo, "mail_from": f"office@{domain}"},
        expect={
            "cause": "spf_record_error",
            "author_domain": domain,
            "spf": spf("permerror", domain),
            "dkim": [],
            "dmarc": dmarc("fail", "quarantine", domain, disposition="quarantine"),
            "stated": [
                ["mx.receiver.example", "spf", "permerror"],
                ["mx.receiver.example", "dmarc", "fail"],
            ],
        },
    )


def spf_two_records() -> Sample:
    """20: two records."""
    return record_sample(
        20,
        "spf_two_records.eml",
        "Two SPF records are none",
        "A second v=spf1 record was added for a new service, beside the first. Each alone would be right; "
        "together they are an error, even for the server that the first one lists.",
        "two-records.example",
        "203.0.113.110",
        "mail.two-records.example",
    )


def spf_too_many_lookups() -> Sample:
    """21: eleven includes."""
    return record_sample(
        21,
        "spf_too_many_lookups.eml",
        "One look-up too many",
        "Eleven includes, and the sending address is in the last. A receiver stops at ten: permerror, and "
        "the mail fails although its server is listed.",
        "many-lookups.example",
        "203.0.113.151",
        "mail.many-lookups.example",
    )


def no_policy() -> Sample:
    """23: nothing published."""
    mail = message(
        """\
From: Club <club@plain.example>
To: reader@receiver.example
Subject: Meeting on Friday
Date: Mon, 26 May 2025 18:00:00 +0200
Message-ID: <20250526.23@plain.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii
""",
        """\
        We meet on Friday at seven.
        """,
    )
    content = (
        crlf("""\
        Return-Path: <club@plain.example>
        Received: from mail.plain.example (mail.plain.example [203.0.113.60])
                by mx.receiver.example (Postfix) with ESMTPS id 4a5Sample23
                for <reader@receiver.example>; Mon, 26 May 2025 18:00:03 +0200 (CEST)
        Authentication-Results: mx.receiver.example 1; spf=none (no record) smtp.mailfrom=club@plain.example;
                dkim=none (not signed); dmarc=none header.from=plain.example
        """)
        + mail
    )
    return Sample(
        file="no_policy.eml",
        title="Nothing published, nothing checked",
        shows="No SPF record, no signature, no DMARC record: none, none, none. Not a failure – but "
        "anybody could send mail that looks just like this.",
        origin=MADE + ".",
        zone="no-records",
        content=content,
        received_at="2025-05-26T18:00:03+02:00",
        envelope={
            "client_ip": "203.0.113.60",
            "helo": "mail.plain.example",
            "mail_from": "club@plain.example",
        },
        expect={
            "cause": "no_policy",
            "author_domain": "plain.example",
            "spf": spf("none", "plain.example"),
            "dkim": [],
            "dmarc": dmarc("none"),
            "stated": [
                ["mx.receiver.example", "spf", "none"],
                ["mx.receiver.example", "dkim", "none"],
                ["mx.receiver.example", "dmarc", "none"],
            ],
        },
    )


SAMPLES = (
    japanese_iso2022jp,
    japanese_utf8_domain,
    monitoring,
    key_revoked,
    key_missing,
    signature_expired,
    length_tag_appended,
    two_algorithms,
    strict_alignment,
    spf_two_records,
    spf_too_many_lookups,
    no_policy,
)
