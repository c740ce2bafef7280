"""What could identify somebody in a mail, found without the room `redact`: by expressions on every layer.

A *layer* is the mail's bytes as text, or what a transfer encoding, an encoded word or a URL escape
hides in it. Whatever is found in a layer of the original must be in no layer of the copy.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
import quopri
import re
from collections.abc import Iterator
from email.header import decode_header
from pathlib import Path
from urllib.parse import unquote

ADDRESS = re.compile(r"[^\s<>()\[\],;:\"'@|\\=&?]{1,64}@[\w-]+(?:\.[\w-]+)+")
NAME = re.compile(
    r"(?<![\w.@\x00-\x08\x0e-\x1f-])(?<!=[0-9A-F])"
    r"(?:[A-Za-z0-9_][\w-]{0,62}\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9](?![\w-])"
)
IPV4 = re.compile(r"(?<![\w.\x00-\x08\x0e-\x1f-])\d{1,3}(?:\.\d{1,3}){3}(?![\w-]|\.\w)")
IPV6 = re.compile(r"(?<![\w:.-])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f.]{0,15}(?![\w:])")
BASE64 = re.compile(r"(?:^[A-Za-z0-9+/]{4,}={0,2}[ \t]*\r?\n?)+", re.MULTILINE)
WORD = re.compile(r"=\?[^?\s]+\?[bBqQ]\?[^?]*\?=(?:\s+=\?[^?\s]+\?[bBqQ]\?[^?]*\?=)*")
ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")
JAPANESE = ("iso-2022-jp", "cp932", "euc-jp")


# ------------------------------------------------------------------ layers


def layers(raw: bytes, depth: int = 0) -> Iterator[str]:
    """The mail as text, and everything that is encoded in it, decoded."""
    is_quoted_printable = b"quoted-printable" in raw.lower()
    if is_quoted_printable:
        raw = re.sub(rb"=\r?\n", b"", raw)
    text = re.sub(r"\r\n?", "\n", raw.decode("utf-8", "surrogateescape"))
    yield text
    if not raw.isascii() or b"\x1b" in raw:
        yield from (raw.decode(charset, "replace") for charset in (*JAPANESE, "latin-1"))
    for found in WORD.finditer(text):
        yield _encoded_words(found.group())
    if is_quoted_printable or depth:
        decoded = quopri.decodestring(text.encode("utf-8", "surrogateescape"))
        yield from (decoded.decode(charset, "replace") for charset in ("utf-8", "latin-1", "iso-2022-jp"))
    if ESCAPED.search(text):
        yield unquote(text)
    if depth < 3:
        for found in BASE64.finditer(text):
            yield from _in_base64("".join(found.group().split()), depth)


def _in_base64(data: str, depth: int) -> Iterator[str]:
    if len(data) < 16:
        return
    try:
        decoded = base64.b64decode(data + "=" * (-len(data) % 4))
    except (binascii.Error, ValueError):
        return
    yield from layers(decoded, depth + 1)


def _encoded_words(text: str) -> str:
    try:
        return "".join(
            piece if isinstance(piece, str) else piece.decode(charset or "ascii", "replace")
            for piece, charset in decode_header(text)
        )
    except (LookupError, ValueError):
        return ""


# ------------------------------------------------------- what is looked for

LISTS = json.loads(Path(__file__).with_name("redaction.json").read_text("utf-8"))
PUBLIC = frozenset(LISTS["public"])  # services whose names may stay, written down apart from the room's list
ROLES = frozenset(LISTS["roles"])
# What looks like a host name and is none: properties of RFC 8601, file names, codes of Exchange.
NOT_A_NAME = re.compile(
    r"(?:smtp|header|body|policy|dns)\.(?:mailfrom|mfrom|mail|from|helo|auth|id|[disb]|iprev|rcptto|client-ip|remote-ip)|localhost\..*|"
    r"(?:resolver|storedrv|routing)\..*|[^.]+\.(?:" + "|".join(LISTS["file_endings"]) + ")"
)


def is_public(host: str) -> bool:
    labels = host.split(".")
    return any(".".join(labels[start:]) in PUBLIC for start in range(len(labels)))


def identifiers(raw: bytes) -> set[str]:
    """Addresses, host names and IP addresses of a mail that must not be left in a copy, in lower case."""
    found: set[str] = set()
    for text in set(layers(raw)):
        found |= _addresses(text) | _names(text) | _ips(text)
    return found | {form for item in found for form in _other_forms(item)}


def _other_forms(item: str) -> Iterator[str]:
    """What else tells it: an address backwards (DNS lists), with hyphens or in hex; a domain with hyphens."""
    if IPV4.fullmatch(item):
        octets = item.split(".")
        yield ".".join(reversed(octets))
        yield "-".join(octets)
        yield "".join(f"{int(octet):02x}" for octet in octets)
    elif "@" not in item and ":" not in item and item.count(".") == 1:
        yield item.replace(".", "-")


def _addresses(text: str) -> set[str]:
    found: set[str] = set()
    for match in ADDRESS.finditer(text):
        local, _, host = match.group().lower().rpartition("@")
        local = local.lstrip("*>-.")
        if host.isascii() and not (is_public(host) and local in ROLES):
            found.add(f"{local}@{host}")
        if host.isascii() and not is_public(host):
            found.add(host)
    return found


def _names(text: str) -> set[str]:
    found: set[str] = set()
    for match in NAME.finditer(text):
        top = match.group().rpartition(".")[2]
        if len(top) < 2 or not (top.islower() or top.isupper()):
            continue  # two sentences without a blank between them
        name = match.group().lower()
        if re.match(r"[0-9a-f]{2}", name) and text[match.start() - 1 : match.start()] in ("=", "%"):
            continue  # half of an escaped octet; the decoded layer has the name
        if not is_public(name) and not NOT_A_NAME.fullmatch(name):
            found.add(name)
    return found


def _ips(text: str) -> set[str]:
    found = {match.group() for match in IPV4.finditer(text)}
    found |= {match.group().lower() for match in IPV6.finditer(text)}
    return {ip for ip in found if _is_telling(ip)}


def _is_telling(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified or text == "255.255.255.255")


# ------------------------------------------------------------------- leaks


def leaks(original: bytes, copy: bytes, *more: str) -> set[str]:
    """Identifiers of the original, and ``more`` words, left in some layer of the copy in whatever case."""
    wanted = identifiers(original) | {word.lower() for word in more}
    text = "\n".join(dict.fromkeys(layers(copy))).lower()
    return {item for item in wanted if item in text and _occurs(item, text)}


def _occurs(item: str, text: str) -> bool:
    """As a word of its own: example.jp is not in my-example.jp, but it is in mail.example.jp."""
    before = r"(?<![\w.+-])" if "@" in item else r"(?<![\w.-])" if _is_telling(item) else r"(?<![\w-])"
    return re.search(before + re.escape(item) + r"(?![\w-]|\.\w)", text) is not None
