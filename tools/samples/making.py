"""What every sample is made with: keys, signatures, ARC sets and the shape of an index row.

The private keys are not stored: each is worked out from a sentence in this file, so that every
run makes the same bytes. That makes them public. They protect nothing: they only sign the sample
messages, and no real domain publishes them.
"""

from __future__ import annotations

import base64
import hashlib
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

import dkim
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

SEED = "A key of the sample messages of the e-mail authentication kit, known to everybody: "
PUBLIC_EXPONENT = 65537
SMALL_PRIMES = [n for n in range(3, 2000, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2))]


# ---------------------------------------------------------------------- keys


@dataclass(frozen=True)
class Key:
    """A signing key: whose it is (``domain``), where it is published (``selector``), which algorithm."""

    label: str  # the word in the comment "; key <label>" above its record in the zone files
    domain: str
    selector: str
    algorithm: str = "rsa-sha256"


KEYS = {
    key.label: key
    for key in (
        Key("gmail", "gmail.com", "20230601"),
        Key("googlemail", "googlemail.com", "20230601"),
        Key("1e100", "1e100.net", "20230601"),
        Key("google-arc", "google.com", "arc-20240605"),
        Key("fujiba", "fujiba.net", "svc1"),
        Key("service", "sending-service.example", "svc"),
        Key("list", "lists.example.org", "2025"),
        Key("customer", "customer.example", "k1"),
        Key("japanese", "xn--r8jz45g.example", "2025"),
        Key("signer", "signer.example", "2025"),
        Key("signer-ed25519", "signer.example", "ed2025", "ed25519-sha256"),
        Key("strict", "news.strict.example", "2025"),
        Key("orchard", "orchard.example", "2026"),
    )
}


def _stream(seed: str) -> Iterator[int]:
    """Odd 1024-bit numbers with the two highest bits set, always the same ones for a seed."""
    for count in range(100_000):
        number = int.from_bytes(hashlib.shake_256(f"{seed}/{count}".encode()).digest(128), "big")
        yield number | 1 | (0b11 << 1022)


def _is_prime(number: int) -> bool:
    """Miller–Rabin with fixed bases. Nobody chose these numbers to fool it."""
    if any(number % prime == 0 for prime in SMALL_PRIMES):
        return False
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in (2, 3, 5, 7, 11, 13, 17, 19):
        x = pow(base, odd, number)
        if x in (1, number - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % number
            if x == number - 1:
                break
        else:
            return False
    return True


def _prime(seed: str) -> int:
    return next(n for n in _stream(seed) if (n - 1) % PUBLIC_EXPONENT and _is_prime(n))


@cache
def rsa_key(label: str) -> rsa.RSAPrivateKey:
    """The RSA-2048 key of a label."""
    p, q = _prime(f"{SEED}{label}/p"), _prime(f"{SEED}{label}/q")
    d = pow(PUBLIC_EXPONENT, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(PUBLIC_EXPONENT, p * q)
    numbers = rsa.RSAPrivateNumbers(
        p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q), public
    )
    return numbers.private_key()


def ed25519_key(label: str) -> ed25519.Ed25519PrivateKey:
    """The Ed25519 key of a label."""
    return ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"{SEED}{label}".encode()).digest())


def key_record(key: Key) -> str:
    """The text of the key's TXT record (RFC 6376 §3.6.1, RFC 8463 §4.2)."""
    if key.algorithm == "ed25519-sha256":
        public = ed25519_key(key.label).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return f"v=DKIM1; k=ed25519; p={base64.b64encode(public).decode()}"
    public = rsa_key(key.label).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"


# ---------------------------------------------------------------- signatures


class _Ed25519Signer:
    """The one method that dkimpy wants of a PyNaCl key, over `cryptography`."""

    def __init__(self, label: str) -> None:
        self._key = ed25519_key(label)
        self.signature = b""

    def sign(self, digest: bytes) -> _Ed25519Signer:
        self.signature = self._key.sign(digest)
        return self


def _signer(message: bytes, key: Key) -> tuple[dkim.DKIM, Any]:
    signer = dkim.DKIM(message, signature_algorithm=key.algorithm.encode())
    signer.hasher = hashlib.sha256
    if key.algorithm == "ed25519-sha256":
        return signer, _Ed25519Signer(key.label)
    pem = rsa_key(key.label).private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return signer, dkim.parse_pem_private_key(pem)


def signature(
    message: bytes,
    label: str,
    *,
    at: str,
    headers: str = "from:to:subject:date:message-id:mime-version:content-type",
    canonicalization: str = "relaxed/relaxed",
    name: str = "DKIM-Signature",
    expires_after: int | None = None,
    body_length: bool = False,
    selector: str | None = None,
) -> bytes:
    """A DKIM-Signature field for a message (CRLF at the end), made by dkimpy.

    ``at`` is the time of signing (ISO 8601), so that t= and x= do not depend on the clock, which
    dkimpy's own ``sign`` would read. ``body_length`` adds l=; ``selector`` names another selector
    than the one the key is published under.
    """
    key = KEYS[label]
    signer, private = _signer(message, key)
    policy = dkim.CanonicalizationPolicy.from_c_value(canonicalization.encode())
    body = policy.canonicalize_body(signer.body)
    time = seconds(at)
    tags = {
        "v": "1",
        "a": key.algorithm,
        "c": canonicalization,
        "d": key.domain,
        "s": selector or key.selector,
        "t": str(time),
        "x": str(time + expires_after) if expires_after else "",
        "l": str(len(body)) if body_length else "",
        "h": headers.replace(":", " : "),  # blanks, so that the line can be folded
        "bh": base64.b64encode(hashlib.sha256(body).digest()).decode(),
        "b": "0" * 60,  # as long as the lines of the real value
    }
    fields = [(tag.encode(), value.encode()) for tag, value in tags.items() if value]
    names = tuple(one.encode() for one in headers.lower().split(":"))
    value: bytes = signer.gen_header(fields, names, policy, b"DKIM-Signature", private)
    return f"{name}: ".encode() + value


def signed(message: bytes, label: str, **how: Any) -> bytes:
    """The message with a signature on top."""
    return signature(message, label, **how) + message


def sealed(message: bytes, label: str, *, at: str, results: str) -> bytes:
    """The message with the first ARC set on top (RFC 8617 §5.1): what the sealer found, signed and sealed."""
    key = KEYS[label]
    authentication_results = crlf(f"ARC-Authentication-Results: i=1; {results}")
    time, policy = str(seconds(at)).encode(), dkim.CanonicalizationPolicy.from_c_value(b"relaxed/relaxed")
    signer, private = _signer(message, key)
    names = (b"from", b"to", b"subject", b"date", b"message-id", b"dkim-signature")
    body = hashlib.sha256(policy.canonicalize_body(signer.body)).digest()
    common = [(b"a", b"rsa-sha256"), (b"d", key.domain.encode()), (b"s", key.selector.encode()), (b"t", time)]
    fields = [(b"i", b"1"), *common[:1], (b"c", b"relaxed/relaxed"), *common[1:]]
    fields += [(b"h", b" : ".join(names)), (b"bh", base64.b64encode(body)), (b"b", b"0" * 60)]
    message_signature = b"ARC-Message-Signature: " + signer.gen_header(
        fields, names, policy, b"ARC-Message-Signature", private
    )
    # The seal covers the other two fields and nothing else (RFC 8617 §5.1.1).
    sealer, private = _signer(authentication_results + message_signature + b"\r\n", key)
    fields = [(b"i", b"1"), *common, (b"cv", b"none"), (b"b", b"0" * 60)]
    order = (b"arc-authentication-results", b"arc-message-signature")
    seal: bytes = b"ARC-Seal: " + sealer.gen_header(fields, order, policy, b"ARC-Seal", private)
    return seal + message_signature + authentication_results + message


# ---------------------------------------------------------------------- text


def crlf(text: str, charset: str = "utf-8") -> bytes:
    """Text as it stands in a function of this package, as bytes with CRLF at the end of each line."""
    lines = textwrap.dedent(text).strip("\n").split("\n")
    return "".join(f"{line}\r\n" for line in lines).encode(charset)


def message(header: str, body: str, charset: str = "utf-8") -> bytes:
    """A header and a body, with the empty line between them."""
    return crlf(header) + b"\r\n" + crlf(body, charset)


def inside(part: bytes) -> str:
    """A message as text, to be put inside another one."""
    return part.decode().replace("\r\n", "\n").rstrip("\n")


def header_of(part: bytes) -> bytes:
    """The header of a message, without the empty line after it."""
    return part[: part.index(b"\r\n\r\n") + 2]


def report(header: str, parts: list[tuple[str, str]], boundary: str) -> bytes:
    """A multipart message of (part header, part body) texts."""
    text = textwrap.dedent(header).strip("\n") + "\n\n"
    for part_header, part_body in parts:
        fields = textwrap.dedent(part_header).strip("\n")
        content = textwrap.dedent(part_body).strip("\n")
        text += f"--{boundary}\n{fields}\n\n{content}\n\n"
    return f"{text}--{boundary}--\n".replace("\n", "\r\n").encode()


def seconds(at: str) -> int:
    """ISO 8601 with an offset, as seconds since 1970."""
    return int(datetime.fromisoformat(at).timestamp())


def last_hop(part: bytes) -> str:
    """The time in the topmost Received field, as ISO 8601."""
    found = re.search(rb"^Received:[^\r\n]*(?:\r\n[ \t][^\r\n]*)*", part, re.MULTILINE)
    if found is None:
        raise ValueError("no Received field")
    return parsedate_to_datetime(found.group().decode().rpartition(";")[2].strip()).isoformat()


# --------------------------------------------------------------------- index


@dataclass(frozen=True)
class Sample:
    """One file of the folder and its row in the index."""

    file: str
    title: str
    shows: str
    origin: str
    zone: str
    content: bytes
    expect: dict[str, Any]
    received_at: str | None = None  # the last hop of the message that is judged
    envelope: dict[str, str | None] = field(default_factory=dict)


MADE = "Made for this kit with invented people and addresses"


def spf(result: str, domain: str) -> dict[str, str]:
    """What SPF ends with."""
    return {"result": result, "domain": domain}


def dkim_row(result: str, label_or_domain: str, selector: str | None = None, **more: Any) -> dict[str, Any]:
    """What one signature ends with; ``more``: signature_ok, body_hash_ok, key_state."""
    if label_or_domain in KEYS:
        key = KEYS[label_or_domain]
        return {"result": result, "domain": key.domain, "selector": selector or key.selector, **more}
    return {"result": result, "domain": label_or_domain, "selector": selector, **more}


def dmarc(
    result: str,
    policy: str | None = None,
    policy_domain: str | None = None,
    *,
    disposition: str = "none",
    aligned: list[list[str]] | None = None,
) -> dict[str, Any]:
    """What DMARC ends with; ``aligned``: the identifiers that passed and align, as [method, domain]."""
    return {
        "result": result,
        "policy": policy,
        "policy_domain": policy_domain,
        "disposition": disposition,
        "aligned": aligned or [],
    }
