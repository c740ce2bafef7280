"""One message as all its DKIM signatures see it: fields, canonical bodies and DNS answers, made once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers.dkim.canon import CRLF, body_hash, canonicalize_body, with_crlf
from helpers.lookup import ahead, can_ask_ahead
from helpers.message import Header, Message, positions_by_name, split_headers
from helpers.terms import filled_directly

if TYPE_CHECKING:
    from helpers.dkim.signature import Signature
    from helpers.terms import Answer, Dns

MAX_SHOWN = 61  # bytes of the canonical body that a finding keeps: a step quotes 60

AS_IS = ""
EVENED = "line endings mixed, all taken as CRLF"  # stored partly with other ones than it was sent with
# RFC 6376 §3.4.4 does not say whether blanks go at the end of a last line without CRLF. Such a line
# can't travel over SMTP, and signers that see one (dkimpy, for instance) keep a blank.
OPEN_END = "blanks at the end of its unfinished last line kept"


@filled_directly
@dataclass(frozen=True, slots=True)
class BodyFinding:
    """What became of ``bh=``. ``ok`` is None where the body may be missing or cut."""

    ok: bool | None
    computed: bytes
    size: int  # bytes of the canonical body
    beginning: bytes  # as much of it as is shown
    unsigned: int = 0  # bytes after those that l= covers
    reading: str = ""  # how the body was read: `AS_IS`, `EVENED` or `OPEN_END`


class Letter:
    """A message, and where its keys come from.

    A lone LF or CR in a body of CRLF lines is a byte like any other (RFC 6376 §5.3). Where the
    header's lines end in LF or CR, the whole message was stored that way, and is read with CRLF.
    """

    def __init__(self, source: bytes | str | Message, dns: Dns, body_returned: bool) -> None:
        self.headers: Sequence[Header]
        self.headers, body = _cut(source)
        self.body = body
        if body and not any(header.raw.endswith(CRLF) for header in self.headers):
            self.body = _from_store(self.headers, body)
        self.positions: Mapping[str, Sequence[int]] = (
            source.positions if isinstance(source, Message) else positions_by_name(self.headers)
        )
        self.may_lack_body = not body_returned or not body
        self.canonical_fields: dict[str, dict[int, bytes]] = {}  # by method and place, for `signed_parts`
        self._dns = dns
        self._answers: dict[str, Answer] = {}
        self._bodies: dict[tuple[str, str], bytes] = {}
        self._hashes: dict[tuple[str, str, int | None, str], bytes] = {}
        self._readings: dict[str, list[str]] = {}

    def ask_ahead(self, names: Iterable[str]) -> None:
        """Have the TXT records at these names looked up at the same time, where DNS can do that."""
        if can_ask_ahead(self._dns):
            self._dns = ahead(self._dns, [(name, "TXT") for name in names])

    def answer(self, name: str) -> Answer:
        """The TXT records at a name, asked once."""
        if name not in self._answers:
            self._answers[name] = self._dns(name, "TXT")
        return self._answers[name]

    def compare_body(self, signature: Signature, hash_name: str) -> BodyFinding:
        """Does the body have the hash that ``bh=`` says? RFC 6376 §3.7, §6.1.3.

        Where it does not, the body is also tried as it may have been signed before it was stored.
        """
        found = self._compare(signature, hash_name, AS_IS)
        if found.ok:
            return found
        method = signature.body_canonicalization
        if method not in self._readings:
            self._readings[method] = self._other_readings(method)
        for reading in self._readings[method]:
            other = self._compare(signature, hash_name, reading)
            if other.ok:
                return other
        return found

    def _compare(self, signature: Signature, hash_name: str, reading: str) -> BodyFinding:
        method, length = signature.body_canonicalization, signature.length
        body = self._canonical_body(method, reading)
        key = (method, reading, length, hash_name)
        computed = self._hashes.get(key)
        if computed is None:
            computed = self._hashes[key] = body_hash(body, length, hash_name)
        ok: bool | None = computed == signature.body_hash and (length or 0) <= len(body)
        if not ok and self.may_lack_body:
            ok = None
        unsigned = 0 if length is None else max(0, len(body) - length)
        return BodyFinding(ok, computed, len(body), body[:MAX_SHOWN], unsigned, reading)

    def _canonical_body(self, method: str, reading: str) -> bytes:
        key = (method, reading)
        if key not in self._bodies:
            body = self.body
            if reading == EVENED:
                body = body.replace(CRLF, b"\n").replace(b"\r", b"\n").replace(b"\n", CRLF)
            if reading == OPEN_END:
                canonical = canonicalize_body(body + b".", method).removesuffix(b".\r\n") + CRLF
            else:
                canonical = canonicalize_body(body, method)
            self._bodies[key] = canonical
        return self._bodies[key]

    def _other_readings(self, method: str) -> list[str]:
        readings = []
        if method == "relaxed" and self.body.endswith((b" ", b"\t")):
            readings.append(OPEN_END)
        pairs = self.body.count(CRLF)
        if not pairs == self.body.count(b"\n") == self.body.count(b"\r"):
            readings.append(EVENED)
        return readings


def _cut(source: bytes | str | Message) -> tuple[Sequence[Header], bytes]:
    if isinstance(source, Message):
        return source.headers, source.body
    if isinstance(source, str):
        source = source.encode("utf-8", "surrogatepass")
    if not isinstance(source, (bytes, bytearray, memoryview)):
        raise TypeError(f"a message is bytes, text or a Message, not {type(source).__name__}")
    headers, body, _ = split_headers(bytes(source))
    return headers, body


def _from_store(headers: Sequence[Header], body: bytes) -> bytes:
    if b"\n" not in body and any(header.raw.endswith(b"\r") for header in headers):
        return body.replace(b"\r", CRLF)
    return with_crlf(body)
