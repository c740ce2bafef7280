"""Real DKIM signatures, by keys that are made on the spot. `services` has both under its public names.

dkimpy signs, so that the kit's own verifier is checked against somebody else's work. It is not
asked to read the message: its parser refuses odd headers, and ours does not.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from helpers.dkim import single_blanks, with_crlf
from helpers.lookup import a_label
from helpers.message import read_message
from helpers.terms import Shown

if TYPE_CHECKING:
    from collections.abc import Sequence

KEY_BITS = 2048  # RFC 8301 §3.2: signers SHOULD use at least this many
MAX_KEYS = 256  # kept in a process
# Which key signs for the author domain in examples, simulations and proofs. It is the same one at each
# service, and each service's own key is named "service": making one takes some 50 ms.
AUTHOR_KEY = "author"

MAX_FOLDED = 60  # characters of a name that fit a folded line together with its tag

# What an author's program writes and a reader sees. RFC 6376 §5.4.1 recommends these, among others.
SIGNED = ("from", "to", "cc", "subject", "date", "message-id", "reply-to", "mime-version", "content-type")

CANONICALIZATION = b"relaxed/relaxed"


class PrivatePem(bytes):
    """A private key in PEM (PKCS #1, as dkimpy reads it) that does not show itself."""

    def __repr__(self) -> str:
        return "(not shown)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey(Shown):
    """A key pair. ``record`` is the text of the TXT record that publishes it (RFC 6376 §3.6.1)."""

    name: str
    record: str
    pem: PrivatePem = field(metadata={"json": False})

    @property
    def public(self) -> str:
        """The value of ``p=`` in the record: the public key in base64."""
        return self.record.rpartition("p=")[2]

    def sign(self, data: bytes) -> bytes:
        """What ``b=`` has to hold for these bytes: rsa-sha256, as a signer makes it (RFC 6376 §3.3.2).

        ``data`` are the header fields in canonical form with the signature itself at the end
        (RFC 6376 §3.7). `sign`, the function, does all of that for a whole message.
        """
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        private = load_pem_private_key(bytes(self.pem), None)
        if not isinstance(private, RSAPrivateKey):
            raise TypeError(f"the key {self.name!r} is no RSA key")
        return private.sign(data, PKCS1v15(), SHA256())


@lru_cache(maxsize=MAX_KEYS)
def make_key(name: str = "example") -> SigningKey:
    """An RSA-2048 key, made now. Asked again for the same name, a process gives the same key.

    ``name`` is only a label, and keeps keys apart: making one takes some 50 ms. Nothing is
    written to disk; another process makes another key.
    """
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    private = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return SigningKey(name, f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}", PrivatePem(pem))


def sign(
    raw: bytes,
    *,
    domain: str,
    selector: str,
    key: SigningKey,
    at: int | None = None,
    headers: Sequence[str] = SIGNED,
    header_name: str = "DKIM-Signature",
) -> bytes:
    """The message with a signature on top (RFC 6376 §3.5; rsa-sha256, c=relaxed/relaxed).

    Arguments: the message; the DKIM signing domain (``d=``) and selector (``s=``); the key from
    `make_key`, whose record the caller publishes at ``<selector>._domainkey.<domain>``; ``at``,
    the time of signing in seconds since 1970 (left out, so is ``t=``: then the clock has no
    say in the result); ``headers``, which fields to sign, those that the message has. From is
    always signed. ``header_name`` is for marks that look like a signature, such as
    X-Google-DKIM-Signature.

    Line endings become CRLF. Raises ValueError for a domain or selector that can't be one;
    never for what the message holds.
    """
    domain, selector = _name(domain, "DKIM signing domain"), _name(selector, "selector")
    message = read_message(raw)
    fields = [with_crlf(header.raw) for header in message.headers]
    fields = [one if one.endswith(b"\r\n") else one + b"\r\n" for one in fields]
    body = with_crlf(message.body)
    given = [header.lname for header in message.headers]
    there = set(given)
    names = ["from", *(n.lower() for n in headers if n.lower() in there and n.lower() != "from")]
    named = frozenset(names)
    signed = [field for field, name in zip(fields, given, strict=True) if name in named]
    value = _signature(signed, body, domain, selector, key, at, names, header_name.encode())
    return b"%b: %b%b\r\n%b" % (header_name.encode(), value, b"".join(fields), body)


def _name(text: object, what: str) -> str:
    label = a_label(text) if isinstance(text, str) else None
    if label is None:
        raise ValueError(f"{text!r} can't be a {what}")
    return label


def _signature(
    fields: list[bytes],
    body: bytes,
    domain: str,
    selector: str,
    key: SigningKey,
    at: int | None,
    names: list[str],
    header_name: bytes,
) -> bytes:
    import dkim

    signer = dkim.DKIM(b"", signature_algorithm=b"rsa-sha256")
    signer.headers = [(one.partition(b":")[0], one.partition(b":")[2]) for one in fields]
    signer.hasher = hashlib.sha256
    policy = dkim.CanonicalizationPolicy.from_c_value(CANONICALIZATION)
    body = single_blanks(body)  # changes nothing in relaxed form; on a long run dkimpy takes the square of it
    tags = [
        ("v", "1"),
        ("a", "rsa-sha256"),
        ("c", CANONICALIZATION.decode()),
        ("d", domain),
        ("s", selector),
        *([("t", str(at))] if at is not None else []),
        ("h", " : ".join(names)),  # blanks, so that the line can be folded
        ("bh", base64.b64encode(hashlib.sha256(policy.canonicalize_body(body)).digest()).decode()),
        ("b", "0" * 60),  # as long as the lines of the real value
    ]
    pairs = [(tag.encode(), value.encode()) for tag, value in tags]
    include = tuple(name.encode() for name in names)
    private = dkim.parse_pem_private_key(key.pem)
    # dkimpy folds inside long words, which would break d= and s=: then it is asked for one long line instead.
    one_line = max(len(domain), len(selector)) > MAX_FOLDED
    value: bytes = signer.gen_header(pairs, include, policy, header_name, private, standardize=one_line)
    return value
