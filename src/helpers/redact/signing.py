"""Signatures made again: what the original's proved, a key of this redaction proves for the new names.

Without DNS nothing is signed. With it, a signature that fitted is made anew with an Ed25519 key (RFC
8463) whose record takes the place of the original's in the redacted zone, so that the checks end the
same; one that did not fit gets a value that does not fit either.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from helpers.dkim import (
    body_hash,
    canonicalize_body,
    header_hash_input,
    parse_signature,
    with_crlf,
)
from helpers.message import Header, Message
from helpers.redact.names import Names
from helpers.terms import DkimCheck, KeyState

PLACE = b"A" * 88  # as long as an Ed25519 signature in base64


@dataclass(slots=True)
class Signer:
    """Which signatures of which message held, and the keys that stand in for theirs."""

    message: Message
    checks: tuple[DkimCheck, ...]
    names: Names
    made: int = 0
    keys: dict[str, bytes] = field(default_factory=dict)  # original name of the record -> public key

    _own: bytes = b""

    def __post_init__(self) -> None:
        self._own = _comparable(self.message.raw)
        for check in self.checks:
            if check.key_state == KeyState.FOUND and check.domain and check.selector:
                name = f"{check.selector}._domainkey.{check.domain}"
                self.keys[name] = _public(self._private(name))

    def _private(self, name: str) -> object:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.names.secret(f"dkim {name}"))

    def resign(self, message: Message, headers: list[Header], body: bytes) -> list[Header]:
        """The redacted fields, with signatures that end as before; those of other messages as they are."""
        if _comparable(message.raw) != self._own:
            return headers
        for check in sorted(self.checks, key=lambda check: -(check.header_index or 0)):
            place = check.header_index
            if place is None or place >= len(headers) or parse_signature(headers[place].raw).problem:
                continue
            headers[place] = self._made_again(check, headers, place, message, body)
        return headers

    def _made_again(
        self, check: DkimCheck, headers: Sequence[Header], place: int, message: Message, body: bytes
    ) -> Header:
        raw, name = headers[place].raw, headers[place].name
        if check.key_state == KeyState.FOUND:
            raw = _with_tag(raw, b"a", b"ed25519-sha256")
        signature = parse_signature(raw)
        canonical = canonicalize_body(with_crlf(body), signature.body_canonicalization)
        length = _new_length(signature.length, message, canonical, signature.body_canonicalization)
        if length is not None:
            raw = _with_tag(raw, b"l", str(length).encode())
        if check.body_hash_ok:
            raw = _with_tag(raw, b"bh", base64.b64encode(body_hash(canonical, length)))
        if check.key_state != KeyState.FOUND:
            return Header(name, raw)
        raw = _with_tag(raw, b"b", PLACE)
        if not check.signature_ok:
            wrong = self.names.secret(f"broken {place}") * 2
            return Header(name, raw.replace(PLACE, base64.b64encode(wrong)))
        trial = [*headers[:place], Header(name, raw), *headers[place + 1 :]]
        signed = header_hash_input(trial, parse_signature(raw), place)
        private = self._private(f"{check.selector}._domainkey.{check.domain}")
        value = private.sign(hashlib.sha256(signed).digest())  # type: ignore[attr-defined]
        self.made += 1
        return Header(name, raw.replace(PLACE, base64.b64encode(value)))


def _comparable(raw: bytes) -> bytes:
    """A message as it is the same in a part of its own and in the text of a report."""
    return raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").strip()


def _public(private: object) -> bytes:
    return private.public_key().public_bytes_raw()  # type: ignore[attr-defined, no-any-return]


def _with_tag(raw: bytes, name: bytes, value: bytes) -> bytes:
    """The field with one tag's value replaced, blanks around it kept."""
    pattern = re.compile(rb"((?:^[^:]*:|;)[ \t\r\n]*" + name + rb"[ \t\r\n]*=[ \t\r\n]*)([^;]*)", re.DOTALL)

    def replaced(found: re.Match[bytes]) -> bytes:
        old = found.group(2)
        return found.group(1) + value + old[len(old.rstrip(b" \t\r\n")) :]

    return pattern.sub(replaced, raw, count=1)


def _new_length(length: int | None, message: Message, canonical: bytes, method: str) -> int | None:
    """l= for the new body: all of it where it was all, else the same share."""
    if length is None:
        return None
    old = len(canonicalize_body(with_crlf(message.body), method))
    if length >= old:
        return len(canonical) if length == old else len(canonical) + length - old
    return min(len(canonical) * length // old, max(0, len(canonical) - 1)) if old else 0
