"""The keys that the lab's servers sign with, and two that fujiba.net's owner may sign with by hand.

Each is worked out from a sentence in this file, so that two runs sign with the same key and print
the same. That makes the private keys public. They protect nothing: nobody publishes them outside
the lab's own DNS. Signing itself is `services.sign`.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import Any, cast

from helpers.services import SigningKey

SEED = "A key of the mail lab of the e-mail authentication kit, known to everybody: "
PUBLIC_EXPONENT = 65537

# Where, among the numbers that follow from the sentence and the label, the first two usable primes are:
# searching takes most of a second for each key, and looking there takes nothing.
PRIMES = {
    "google": (2, 444),
    "workspace": (199, 101),
    "service": (129, 89),
    "service-customer": (140, 211),
    "own": (24, 704),
    "list": (779, 123),
    "fujiba-2024": (198, 202),
    "fujiba-2025": (618, 15),
}


def _number(label: str, part: str, count: int) -> int:
    """An odd 1024-bit number with the two highest bits set: a product of two has 2048 bits."""
    digest = hashlib.shake_256(f"{SEED}{label}/{part}/{count}".encode()).digest(128)
    return int.from_bytes(digest, "big") | 1 | (0b11 << 1022)


@cache
def lab_key(label: str) -> SigningKey:
    """One of the lab's RSA-2048 keys, the same in every run, ready for `services.sign`.

    ``label`` is ``fujiba-2024`` or ``fujiba-2025``, or one of the lab's servers; `PRIMES` has them all.
    Whoever wants a new key takes `services.make_key`. Raises ValueError for another label.
    """
    if label not in PRIMES:
        raise ValueError(f"the lab has no key {label!r}; it has: {', '.join(PRIMES)}")
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    p, q = (_number(label, part, count) for part, count in zip("pq", PRIMES[label], strict=True))
    d = pow(PUBLIC_EXPONENT, -1, (p - 1) * (q - 1))
    private = rsa.RSAPrivateNumbers(
        p,
        q,
        d,
        rsa.rsa_crt_dmp1(d, p),
        rsa.rsa_crt_dmq1(d, q),
        rsa.rsa_crt_iqmp(p, q),
        rsa.RSAPublicNumbers(PUBLIC_EXPONENT, p * q),
    ).private_key()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    record = f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"
    return SigningKey(label, record, cast(Any, pem))
