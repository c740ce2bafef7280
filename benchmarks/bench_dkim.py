"""`verify_dkim` with its trace against dkimpy, both asking the same dict: calls a second, in one run.

    python benchmarks/bench_dkim.py

dkimpy signs, with keys made on the spot. The two take turns and each one's best window counts,
so a busy machine slows both. Ours remembers keys once read; "cold" rows, where that memory is
emptied before every call, are shown as well. Ed25519 rows need PyNaCl, which dkimpy uses for it.
"""

from __future__ import annotations

import base64
import importlib.util
import time
from collections.abc import Callable

import dkim
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from helpers.dkim import key, signature, verify_dkim, words
from helpers.terms import Answer, DnsStatus

WINDOW = 0.2  # seconds
ROUNDS = 7
SIZES = {"5 KB": 5_000, "1 MB": 1 << 20}
NAME = "sel._domainkey.example.com"

HEAD = (
    b"Received: from mx.example.com (mx.example.com [192.0.2.10])\r\n"
    b"\tby in.example.net with ESMTPS id abc;\r\n\tTue, 24 Nov 2026 07:00:00 +0000\r\n"
    b"From: Sender <user@example.com>\r\nTo: Recipient <rcpt@example.net>\r\n"
    b"Subject: a  test\r\n message\r\nDate: Tue, 24 Nov 2026 07:00:00 +0000\r\n"
    b"Message-ID: <1@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
)
LINE = b"A line with  two blanks in a row, some words, 1234567890, and blanks at its end. \t\r\n"


def rsa_key() -> tuple[bytes, str, bytes]:
    """A new private key as dkimpy wants it, its record, and the algorithm's name."""
    key = generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return pem, f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}", b"rsa-sha256"


def ed25519_key() -> tuple[bytes, str, bytes]:
    """The same for Ed25519."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    record = f"v=DKIM1; k=ed25519; p={base64.b64encode(public).decode()}"
    return base64.b64encode(private), record, b"ed25519-sha256"


def signed_message(size: int, private: bytes, algorithm: bytes, selector: bytes = b"sel") -> bytes:
    """A message of about this many bytes with one signature, relaxed/relaxed."""
    message = HEAD + (LINE * (size // len(LINE) + 1))[:size].rstrip() + b"\r\n"
    methods = (b"relaxed", b"relaxed")
    signature = dkim.sign(
        message, selector, b"example.com", private, canonicalize=methods, signature_algorithm=algorithm
    )
    return signature + message


def forget() -> None:
    """Empty what ours remembers between calls."""
    for function in (
        key._remembered,
        key._loaded,
        signature._label,
        words._tag_step,
        words.moment,
    ):
        function.cache_clear()


def calls_a_second(verify: Callable[[], object]) -> float:
    """Over one window."""
    count, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < WINDOW:
        verify()
        count += 1
    return count / spent


def compare(message: bytes, record: str) -> list[tuple[str, float, float]]:
    """Ours, warm and cold, and dkimpy on one message; each row has a suffix of the case's name."""
    answers = {NAME: Answer(NAME, "TXT", DnsStatus.DATA, (record,))}
    texts = {f"{NAME}.".encode(): record.encode()}

    def ours() -> str:
        return verify_dkim(message, dns=lambda name, rdtype: answers[name])[0].result

    def cold() -> str:
        forget()
        return ours()

    def theirs() -> bool:
        return bool(dkim.verify(message, dnsfunc=lambda name, timeout=5: texts[name]))

    if ours() != "pass" or not theirs():
        raise AssertionError("the two don't both pass")
    best = dict.fromkeys((ours, cold, theirs), 0.0)
    for _ in range(ROUNDS):
        for verify in best:
            best[verify] = max(best[verify], calls_a_second(verify))
    return [("", best[ours], best[theirs]), (", cold", best[cold], best[theirs])]


def ratios() -> list[tuple[str, float, float]]:
    """One row a case: its name, our calls a second, dkimpy's."""
    keys = {"RSA-2048": rsa_key()}
    if importlib.util.find_spec("nacl"):
        keys["Ed25519"] = ed25519_key()
    rows = []
    for kind, (private, record, algorithm) in keys.items():
        for label, size in SIZES.items():
            message = signed_message(size, private, algorithm)
            for suffix, ours, theirs in compare(message, record):
                rows.append((f"{kind}, {label}{suffix}", ours, theirs))
    return rows


def main() -> None:
    print(f"{'DKIM, calls a second':24}{'ours':>10}{'dkimpy':>10}{'ratio':>8}")
    for case, mine, peers in ratios():
        print(f"{case:24}{mine:10,.1f}{peers:10,.1f}{mine / peers:8.2f}")


if __name__ == "__main__":
    main()
