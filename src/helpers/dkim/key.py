"""Reading a DKIM key record and checking a signature with it (RFC 6376 §3.6.1, RFC 8301, RFC 8463).

The arithmetic of RSA and Ed25519 is `cryptography`'s; which keys and records count is decided here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from helpers.dkim.signature import Signature
from helpers.dkim.tags import FWS, MalformedError, Problem, base64_bytes, parse_tags, shorten
from helpers.terms import Result, Shown, filled_directly

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    PublicKey = RSAPublicKey | Ed25519PublicKey

MIN_RSA_BITS = 1024  # RFC 8301 §3.2: below that a signature must not count
GOOD_RSA_BITS = 2048  # RFC 8301 §3.2: what signers should use at least
MAX_RSA_BITS = 16384  # what OpenSSL evaluates; RFC 8301 §3.2 asks for 4096 at least
MAX_KEY_RECORDS = 10  # RFC 6376 §3.6.2.2: there has to be one, more are undefined; trying them has an end
ED25519_BYTES = 32  # RFC 8463 §4.2
MAX_REMEMBERED = 4096  # ours: characters of a record worth keeping; the largest RSA key makes 2,800


@filled_directly
@dataclass(frozen=True, slots=True, repr=False)
class KeyRecord(Shown):
    """A key record as read (RFC 6376 §3.6.1). With ``problem`` it can't be used.

    Its words are in lower case: the grammar gives them no case (RFC 5234 §2.3).
    """

    text: str
    tags: Mapping[str, str]
    problem: Problem | None = None
    kind: str = "rsa"  # k=
    hashes: tuple[str, ...] | None = None  # h=, None when any hash may be used
    services: tuple[str, ...] = ("*",)  # s=
    flags: tuple[str, ...] = ()  # t=
    public_key: bytes = b""  # p=
    warnings: tuple[str, ...] = ()

    @property
    def revoked(self) -> bool:
        """An empty p= takes the key back (RFC 6376 §3.6.1)."""
        return self.tags.get("p") == ""

    @property
    def testing(self) -> bool:
        """t=y: the domain is trying DKIM out."""
        return "y" in self.flags

    @property
    def same_domain_only(self) -> bool:
        """t=s: the domain of i= has to be d= itself, not one below it."""
        return "s" in self.flags


def parse_key(text: str) -> KeyRecord:
    """What does this key record say, and can it be used at all? RFC 6376 §3.6.1 and §6.1.2.

    ``text`` is one TXT record, its strings joined. Never raises: see ``problem``. Records of usual
    length are remembered once read.
    """
    return _remembered(text) if len(text) <= MAX_REMEMBERED else _read(text)


@lru_cache(maxsize=256)  # many messages, few keys; a record of usual length, so a bounded memory
def _remembered(text: str) -> KeyRecord:
    return _read(text)


def _read(text: str) -> KeyRecord:
    listed = parse_tags(text)
    tags = listed.tags
    problem, key = None, b""
    version_first = next(iter(tags), "v") == "v"
    try:
        if tags.get("v", "DKIM1") != "DKIM1":
            raise MalformedError(
                f"it is not a DKIM key record: it says v={shorten(tags['v'], 30)}", "RFC 6376 §3.6.1"
            )
        if listed.problem:
            raise MalformedError(f"it is not a valid list of tags: {listed.problem}", "RFC 6376 §3.2")
        if "p" not in tags:
            raise MalformedError("it has no p=, so there is no key in it", "RFC 6376 §3.6.1")
        if not tags["p"]:
            raise MalformedError("the key was revoked: p= is empty", "RFC 6376 §3.6.1")
        key = base64_bytes(tags["p"], "p=", "RFC 6376 §3.6.1")
    except MalformedError as malformed:
        problem = malformed.problem
    return KeyRecord(
        text=text,
        tags=MappingProxyType(dict(tags)),  # kept in the cache: nobody may change it
        problem=problem,
        kind=tags.get("k", "rsa").lower(),
        hashes=_listed(tags["h"]) if "h" in tags else None,
        services=_listed(tags.get("s", "*")),
        flags=_listed(tags.get("t", "")),
        public_key=key,
        warnings=()
        if version_first or "v" not in tags
        else ("The key record's v= does not stand first, as it has to.",),
    )


def _listed(value: str) -> tuple[str, ...]:
    return tuple([item.strip(FWS) for item in value.lower().split(":")])


def unfit(key: KeyRecord, signature: Signature, kind: str, hash_name: str) -> Problem | None:
    """Why this key must not be used for this signature, None when it may (RFC 6376 §6.1.2)."""
    if key.problem is not None:
        return key.problem
    if key.kind != kind:
        reason = f"the key is of type {shorten(key.kind, 20)}, the signature was made with {kind}"
        return Problem(Result.PERMERROR, reason, "RFC 6376 §6.1.2")
    if key.hashes is not None and hash_name not in key.hashes:
        reason = f"the key is not meant for the hash {hash_name} (h={shorten(':'.join(key.hashes), 40)})"
        return Problem(Result.PERMERROR, reason, "RFC 6376 §6.1.2")
    if not {"*", "email"} & set(key.services):
        reason = f"the key is not meant for mail (s={shorten(':'.join(key.services), 40)})"
        return Problem(Result.PERMERROR, reason, "RFC 6376 §3.6.1")
    if key.same_domain_only and signature.identity_domain != signature.domain:
        reason = (
            f"the key (t=s) may not sign for domains below its own, and i= names {signature.identity_domain}"
        )
        return Problem(Result.PERMERROR, reason, "RFC 6376 §3.6.1")
    return None


# --------------------------------------------------------------- cryptography


def load_key(kind: str, key: bytes) -> tuple[PublicKey | None, int | None, Problem | None]:
    """The key ready for use, its size in bits, and why it can't be used (one of the two is None).

    RSA keys come as SubjectPublicKeyInfo, as everybody publishes them, or as RSAPublicKey, as
    RFC 6376 §3.6.1 says; Ed25519 keys as 32 bare bytes (RFC 8463 §4.2).
    """
    return _loaded(kind, key) if len(key) <= MAX_REMEMBERED else _load(kind, key)


def _load(kind: str, key: bytes) -> tuple[PublicKey | None, int | None, Problem | None]:
    return _load_ed25519(key) if kind == "ed25519" else _load_rsa(key)


_loaded = lru_cache(maxsize=256)(_load)


def _load_ed25519(key: bytes) -> tuple[PublicKey | None, int | None, Problem | None]:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if len(key) != ED25519_BYTES:
        reason = f"an Ed25519 key has {ED25519_BYTES} bytes, p= holds {len(key)}"
        return None, None, Problem(Result.PERMERROR, reason, "RFC 8463 §4.2")
    return Ed25519PublicKey.from_public_bytes(key), 8 * ED25519_BYTES, None


def _load_rsa(key: bytes) -> tuple[PublicKey | None, int | None, Problem | None]:
    from cryptography.exceptions import InternalError, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        loaded = load_der_public_key(key)
    except (ValueError, TypeError, UnsupportedAlgorithm, InternalError):
        loaded = None
    if not isinstance(loaded, RSAPublicKey):
        return None, None, Problem(Result.PERMERROR, "p= does not hold an RSA key", "RFC 6376 §3.6.1")
    bits = loaded.key_size
    if bits < MIN_RSA_BITS:
        reason = f"the key has only {bits} bits: fewer than {MIN_RSA_BITS} prove nothing"
        return None, bits, Problem(Result.POLICY, reason, "RFC 8301 §3.2")
    if bits > MAX_RSA_BITS:
        reason = f"the key has {bits} bits: more than {MAX_RSA_BITS} are not evaluated"
        return None, bits, Problem(Result.POLICY, reason, "RFC 8301 §3.2")
    return loaded, bits, None


@lru_cache(maxsize=1)
def _parts() -> tuple[type[Exception], Any, Any]:
    """What each check needs of `cryptography`, imported at the first one."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    return InvalidSignature, PKCS1v15(), SHA256()


def signature_matches(kind: str, key: PublicKey, signature: bytes, signed: bytes) -> bool:
    """Was ``signature`` made over the bytes ``signed`` with this key's private half? RFC 6376 §3.3."""
    invalid_signature, padding, sha256 = _parts()
    verify: Any = key.verify
    try:
        if kind == "ed25519":  # RFC 8463 §3: the hash is what is signed
            verify(signature, hashlib.sha256(signed).digest())
        else:
            verify(signature, signed, padding, sha256)
    except (invalid_signature, ValueError):
        return False
    return True
