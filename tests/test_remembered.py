"""What is remembered between calls is of usual size: no large mail or record stays in memory."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable

import pytest

import helpers as h

LARGE = 200_000  # characters, each time others
TIMES = 12
MAY_STAY = LARGE * 2  # bytes; all of the texts together have six times as many, or more

EMPTY = h.Zone.from_dict({})
SIGNATURE = "DKIM-Signature: v=1; a=rsa-sha256; d={}; s={}; h=from; bh=AAAA; b=AAAA"
REST = "\r\nFrom: a@example.com\r\n\r\nx"
DSN = """\
From: MAILER-DAEMON@mx.example.net
To: a@example.com
Subject: Undelivered
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; b@example.net
Action: failed
Status: 5.7.1
Diagnostic-Code: smtp; 550 5.7.1 refused {}
--b--
"""


def large(number: int) -> str:
    piece = f"{chr(97 + number)}{number}"
    return piece * (LARGE // len(piece))


def names_of_a_signature(number: int) -> object:
    text = (
        f"DKIM-Signature: v=1; a=rsa-sha256; d=d.{large(number)}; s={large(number)}; h=from; bh=AAAA; b=AAAA"
    )
    return h.verify_dkim(f"{text}\r\nFrom: a@example.com\r\n\r\nx", dns=EMPTY)


def key_record(number: int) -> object:
    record = f"v=DKIM1; p={'A' * LARGE}; n={number}"
    zone = h.Zone.from_dict({"s._domainkey.example.com": {"TXT": record}})
    return h.verify_dkim(SIGNATURE.format("example.com", "s") + REST, dns=zone)[0].steps


def spf_record(number: int) -> object:
    zone = h.Zone.from_dict(
        {"example.com": {"TXT": f"v=spf1 {'ip4:192.0.2.1 ' * 5_000}a:a{number}.example -all"}}
    )
    return h.check_spf(client_ip="192.0.2.9", mail_from="a@example.com", helo=None, dns=zone)


def dmarc_record(number: int) -> object:
    record = f"v=DMARC1; p=none; rua={','.join([f'mailto:a{number}@example.com'] * 8_000)}"
    zone = h.Zone.from_dict({"_dmarc.example.com": {"TXT": record}})
    return h.evaluate_dmarc(author_domain="example.com", dns=zone)


def refusal(number: int) -> object:
    return h.diagnose(DSN.format(large(number)).encode(), dns=None)


def header(number: int) -> object:
    text = large(number)
    message = h.read_message(
        f"From: <a@{text}>\r\n"
        f"Received: from {text} (x [192.0.2.1]) by {text}; Mon, 1 Jun 2026 00:00:00 +0000\r\n"
        f"Authentication-Results: {text}; spf=pass\r\nSubject: =?{text}?q?{text}?=\r\n\r\n".encode()
    )
    return message.author_domain, message.envelope, message.hops, message.stated, str(message)


@pytest.mark.parametrize(
    "read", [names_of_a_signature, key_record, spf_record, dmarc_record, refusal, header]
)
def test_nothing_large_is_kept(read: Callable[[int], object]) -> None:
    read(0)  # what is imported and made once is not counted
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(1, TIMES + 1):
            read(number)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < MAY_STAY
    finally:
        tracemalloc.stop()
