"""Reading a DKIM-Signature field (RFC 6376 §3.5, RFC 8616 §5).

Nothing here raises on odd input: what is wrong is in ``problem`` of what `parse_signature`
returns. The readers that raise MalformedError are shared with ARC, whose fields have the same tags.

Glossary: *selector* (``s=``) names one of a domain's keys; *signing domain* (``d=``) is who
vouches; *AUID* (``i=``) is on whose behalf, at that domain or below it.

Words such as ``rsa-sha256`` or ``relaxed`` may be written in any case: the grammar quotes them, and
quoted text has no case (RFC 5234 §2.3). Where case counts, as in the names of tags and in
``v=DKIM1``, RFC 6376 writes the characters as numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from helpers.dkim.tags import MalformedError, Problem, base64_bytes, parse_tags, shorten
from helpers.lookup import a_label
from helpers.terms import Result, Shown, filled_directly

MAX_LENGTH_DIGITS = 76  # RFC 6376 §3.5, grammar of l=
MAX_TIME_DIGITS = 12  # RFC 6376 §3.5, grammar of t= and x=
REQUIRED_TAGS = ("v", "a", "b", "bh", "d", "h", "s")  # RFC 6376 §3.5
CANONICALIZATIONS = ("simple", "relaxed")
ALGORITHMS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {  # a= in lower case -> type of key, hash. RFC 6376 §3.3, RFC 8463 §3
        "rsa-sha256": ("rsa", "sha256"),
        "ed25519-sha256": ("ed25519", "sha256"),
        "rsa-sha1": ("rsa", "sha1"),  # read, so that it can be named; RFC 8301 §3.1 forbids to accept it
    }
)
MAX_NAME = 253  # octets, RFC 1035 §2.3.4
# RFC 6376 §3.5 has no underscores, but selectors in the wild do.
_LABELS = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*")
_FIELD_NAMES = re.compile("[!-9<-~]+(?: *: *[!-9<-~]+)*")  # RFC 6376 §3.5, h=; characters RFC 5322 §3.6.8
_NOT_IN_LOCAL_PARTS = frozenset(map(chr, range(33))) | frozenset('()<>[]:;@\\,"\x7f')  # RFC 5321 §4.1.2


@filled_directly
@dataclass(frozen=True, slots=True, repr=False)
class Signature(Shown):
    """A DKIM-Signature field as read (RFC 6376 §3.5). Without ``problem`` every part is valid."""

    tags: Mapping[str, str]
    problem: Problem | None = None
    domain: str | None = None  # d= as A-label
    selector: str | None = None  # s= as A-label
    algorithm: str | None = None  # a=, lower case
    header_canonicalization: str = "simple"
    body_canonicalization: str = "simple"
    signed_headers: tuple[str, ...] = ()  # h=, lower case
    body_hash: bytes = b""
    signature: bytes = b""
    identity: str | None = None  # i=, decoded; "@" and d= by default
    identity_domain: str | None = None
    length: int | None = None  # l=, bytes of the canonical body
    signed_at: int | None = None  # t=, seconds since 1970
    expires: int | None = None  # x=, the same

    @property
    def canonicalization(self) -> str:
        """Both methods as ``c=`` writes them in full, header first."""
        return f"{self.header_canonicalization}/{self.body_canonicalization}"

    @property
    def query_name(self) -> str:
        """Where the key record is (RFC 6376 §3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain}"


def parse_signature(source: bytes | str) -> Signature:
    """What does this DKIM-Signature say? RFC 6376 §3.5 and §6.1.1, RFC 8616 §5.

    ``source`` is the whole field, name included, or only its tag list. The result's
    ``problem`` tells why a verifier can't go on; whether x= has passed or the key exists is
    not looked at here.
    """
    text = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
    name, colon, rest = text.partition(b":")
    rest = rest if colon and b"=" not in name else text
    listed = parse_tags(rest if b"\n" in rest else rest.replace(b"\r", b"\n"))  # CR: stored on an old Mac
    tags = listed.tags
    known: dict[str, Any] = {}
    problem = None
    try:
        known["domain"], known["selector"] = domain_label(tags.get("d", "")), domain_label(tags.get("s", ""))
        known["algorithm"] = tags["a"].lower() if "a" in tags else None
        if listed.problem:
            raise MalformedError(
                f"the signature is not a valid list of tags: {listed.problem}", "RFC 6376 §3.2"
            )
        _read_fields(tags, known)
    except MalformedError as malformed:
        problem = malformed.problem
    return Signature(tags=tags, problem=problem, **known)


def _read_fields(tags: Mapping[str, str], known: dict[str, Any]) -> None:
    require(tags, REQUIRED_TAGS)
    if tags["v"] != "1":
        raise MalformedError(f"v={shorten(tags['v'], 20)} is a version nobody knows", "RFC 6376 §3.5")
    read_content_tags(tags, known)
    known["signed_headers"] = _field_names(tags["h"])
    read_key_tags(tags, known)
    known["identity"], known["identity_domain"] = _identity(tags.get("i"), str(known["domain"]))
    known["length"] = _length(tags.get("l"))
    _check_query(tags.get("q"))
    if "from" not in known["signed_headers"]:
        raise MalformedError("h= does not list From, which every signature has to cover", "RFC 6376 §5.4")


def require(tags: Mapping[str, str], names: Sequence[str]) -> None:
    """Raise MalformedError unless all these tags are there."""
    missing = [name for name in names if name not in tags]
    if missing:
        raise MalformedError(f"the tag {missing[0]}= is missing, which is required", "RFC 6376 §3.5")


def read_content_tags(tags: Mapping[str, str], known: dict[str, Any]) -> None:
    """c= and bh=: what DKIM-Signature and ARC-Message-Signature have and ARC-Seal has not."""
    known["header_canonicalization"], known["body_canonicalization"] = _methods(tags.get("c"))
    known["body_hash"] = base64_bytes(tags["bh"], "bh=", "RFC 6376 §3.5")


def read_key_tags(tags: Mapping[str, str], known: dict[str, Any]) -> None:
    """a=, b=, d=, s=, t= and x=: who signed, how, and when; ``known`` has domain and selector."""
    known["algorithm"] = tags["a"].lower()
    if known["algorithm"] not in ALGORITHMS:
        reason = f"a={shorten(tags['a'], 30)} is an algorithm this verifier does not know"
        raise MalformedError(reason, "RFC 6376 §3.3.4", Result.NEUTRAL)
    known["signature"] = base64_bytes(tags["b"], "b=", "RFC 6376 §3.5")
    if not known["domain"] or "." not in str(known["domain"]):
        raise MalformedError(f"d={shorten(tags['d'], 60)} is not a domain name", "RFC 6376 §3.5")
    if not known["selector"]:
        raise MalformedError(f"s={shorten(tags['s'], 60)} is not a selector", "RFC 6376 §3.1")
    if len(f"{known['selector']}._domainkey.{known['domain']}") > MAX_NAME:
        raise MalformedError("selector and domain are longer than a DNS name can be", "RFC 1035 §2.3.4")
    signed_at, expires = _time(tags, "t"), _time(tags, "x")
    known["signed_at"], known["expires"] = signed_at, expires
    if signed_at is not None and expires is not None and expires <= signed_at:
        raise MalformedError("it expires (x=) no later than it was made (t=)", "RFC 6376 §3.5")


def domain_label(name: str) -> str | None:
    """A domain name or selector as lower-case A-label; None where it is neither."""
    return _label(name) if len(name) <= MAX_NAME else None


@lru_cache(maxsize=512)  # of names, none of them long, so a bounded memory
def _label(name: str) -> str | None:
    label = name.lower() if name.isascii() else a_label(name)
    return label if label is not None and not name.endswith(".") and _LABELS.fullmatch(label) else None


def _methods(value: str | None) -> tuple[str, str]:
    header, slash, body = (value.lower() if value is not None else "simple").partition("/")
    body = body if slash else "simple"
    for method in (header, body):
        if method not in CANONICALIZATIONS:
            raise MalformedError(
                f"c={shorten(str(value), 30)} names a canonicalization nobody knows",
                "RFC 6376 §3.4",
                Result.NEUTRAL,
            )
    return header, body


def _field_names(value: str) -> tuple[str, ...]:
    if not _FIELD_NAMES.fullmatch(value):
        empty = "" in [name.strip(" ") for name in value.split(":")]
        what = (
            "an empty place where a field's name should be" if empty else "something that is no field's name"
        )
        raise MalformedError(f"h= has {what}", "RFC 6376 §3.5")
    return tuple(value.lower().replace(" ", "").split(":"))


def _identity(value: str | None, domain: str) -> tuple[str, str]:
    default = f"@{domain}"
    if value is None or value == default:
        return default, domain
    identity = _quoted_printable(value)
    local, at, host = identity.rpartition("@")
    host_label = domain_label(host)
    if not at or host_label is None or not _is_local_part(local):
        raise MalformedError(f"i={shorten(value, 60)} is not an address", "RFC 6376 §3.5")
    if host_label != domain and not host_label.endswith(f".{domain}"):
        raise MalformedError(
            f"i= names {shorten(host_label, 60)}, which is not {domain} or below it", "RFC 6376 §6.1.1"
        )
    return f"{local}@{host_label}", host_label


def _is_local_part(text: str) -> bool:
    """Nothing, atoms and dots (in any order, as some mailboxes have them), or a quoted string."""
    if text[:1] != '"':
        return _NOT_IN_LOCAL_PARTS.isdisjoint(text)
    inner = text[1:].replace("\\\\", "").replace('\\"', "")  # what is escaped ends nothing
    return inner.find('"') == len(inner) - 1 >= 0


def _quoted_printable(value: str) -> str:
    """Undo dkim-quoted-printable (RFC 6376 §2.11); what is no valid escape stays as it is."""
    value = value.replace(" ", "")
    if "=" not in value:
        return value
    first, *rest = value.split("=")
    found = bytearray(first.encode())
    for piece in rest:
        code = piece[:2]
        if (
            len(code) == 2
            and code.isascii()
            and code.isalnum()
            and set(code) <= set("0123456789ABCDEFabcdef")
        ):
            found.append(int(code, 16))
            found += piece[2:].encode()
        else:
            found += b"=" + piece.encode()
    return found.decode("utf-8", "backslashreplace")


def _length(value: str | None) -> int | None:
    if value is None:
        return None
    if not (value.isascii() and value.isdigit()) or len(value) > MAX_LENGTH_DIGITS:
        raise MalformedError(f"l={shorten(value, 30)} is not a number of bytes", "RFC 6376 §3.5")
    return int(value)


def _time(tags: Mapping[str, str], name: str) -> int | None:
    value = tags.get(name)
    if value is None:
        return None
    if not (value.isascii() and value.isdigit()) or len(value) > MAX_TIME_DIGITS:
        raise MalformedError(
            f"{name}={shorten(value, 30)} is not a time in seconds since 1970", "RFC 6376 §3.5"
        )
    return int(value)


def _check_query(value: str | None) -> None:
    if value is None or value == "dns/txt":
        return
    if "dns/txt" not in [method.strip(" ") for method in value.lower().split(":")]:
        raise MalformedError(
            f"q={shorten(value, 30)} has no way to get the key that this verifier knows (dns/txt)",
            "RFC 6376 §3.5",
            Result.NEUTRAL,
        )
