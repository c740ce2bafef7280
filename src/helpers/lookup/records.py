"""Names and record values in the one spelling that ``lookup`` compares and stores.

A *name* here is text: labels joined by dots, lower case, no final dot, ``"."`` for the
root. ``\\.`` and ``\\\\`` stand for a dot and a backslash inside a label, ``\\DDD`` for an
octet that is not printable ASCII (RFC 1035 §5.1). A *value* has the shape that
``terms.Answer`` describes, whether it came from a dict, a master file or the network.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from helpers.terms import DnsFailure

MAX_LABEL = 63  # octets, RFC 1035 §2.3.4
MAX_NAME = 253  # octets as text without the final dot; 255 on the wire, RFC 1035 §2.3.4
MAX_STRING = 255  # octets of one character-string, RFC 1035 §3.3
MAX_CNAMES = 15  # links of one chain; RFC 1034 §3.6.2 asks for a limit and leaves the number open
MAX_NAME_TEXT = 4 * MAX_NAME  # every octet written as \DDD: longer text is no name

EVERY = "ANY"  # as a type at a name: what every type without an entry of its own answers

Entry = tuple[Any, ...] | DnsFailure
"""What stands for one type at one name: its values, or how the question fails."""
Nodes = dict[str, dict[str, Entry]]

# --------------------------------------------------------------------- names

_PLAIN = re.compile(r"[!-\-/-\[\]-~]{1,63}(?:\.[!-\-/-\[\]-~]{1,63})*")  # printable, no dot, no backslash
_DOMAIN = re.compile(r"[^\x00-\x20\x7f.@\[\]<>(),;\"\\]{1,63}(?:\.[^\x00-\x20\x7f.@\[\]<>(),;\"\\]{1,63})*")
_CHARACTER = re.compile(r"\\([0-9]{3})|\\([^0-9])|([^\\])", re.DOTALL)
_LABEL = re.compile(r"(?:[^.\\]|\\.)+")


def _spelling(octet: int) -> str:
    if octet in b".\\":
        return "\\" + chr(octet)
    return chr(octet).lower() if 0x21 <= octet <= 0x7E else f"\\{octet:03d}"


_SPELLING = [_spelling(octet) for octet in range(256)]


def a_label(name: str) -> str | None:
    """The domain as DNS and the RFCs compare it: A-labels, lower case, no final dot.

    Internationalised names are mapped by UTS #46 (non-transitional) and encoded by
    IDNA2008 (RFC 5891). None when the text can't be a mail domain: an empty label, a label
    over 63 octets, over 253 octets in all (RFC 1035 §2.3.4), or one of the characters that
    RFC 5321 §4.1.2 keeps out of domains (blanks, control characters, ``@ [ ] < > ( ) , ; " \\``).
    """
    if not name.isascii():
        ascii_name = _idna(name)
        if ascii_name is None:
            return None
        name = ascii_name
    name = name.lower().removesuffix(".")
    return name if len(name) <= MAX_NAME and _DOMAIN.fullmatch(name) else None


def u_label(name: str) -> str:
    """The domain as people read it, of `a_label`'s form; what is no valid A-label in it stays as it is.

    RFC 5890 §2.3.2.1, RFC 5891 §5.
    """
    import idna

    labels = name.split(".")
    for number, label in enumerate(labels):
        with suppress(UnicodeError):  # IDNAError is one of these
            labels[number] = idna.ulabel(label) if label.startswith("xn--") else label
    return ".".join(labels)


def _idna(name: str) -> str | None:
    """Each label as an A-label; labels that are ASCII already (``_dmarc``) stay as they are."""
    if len(name) > 2 * MAX_NAME:  # room for what UTS #46 removes; more is never a name
        return None
    import idna

    try:
        mapped = idna.uts46_remap(name, std3_rules=False, transitional=False)
        labels = (x if x.isascii() else idna.alabel(x).decode("ascii") for x in mapped.split("."))
        return ".".join(labels)
    except UnicodeError:  # IDNAError is one of these, lone surrogates raise others
        return None


def canonical_name(name: str) -> str | None:
    """The name in the spelling of this module, or None when no such name can be asked for.

    Unlike `a_label` this takes what macros and odd zones produce: any octet in a label.
    """
    if not name.isascii():
        return a_label(name)
    text = name.lower()
    plain = text.removesuffix(".")
    if len(plain) <= MAX_NAME and _PLAIN.fullmatch(plain):
        return plain
    if text == ".":
        return text
    labels = _labels(text)
    return None if labels is None else spell(labels)


def _labels(text: str) -> list[bytes] | None:
    """Labels of a name that has escapes or odd octets; None when it breaks a rule."""
    if len(text) > MAX_NAME_TEXT:
        return None
    labels, label, end = [], bytearray(), 0
    for match in _CHARACTER.finditer(text):
        if match.start() != end:
            return None  # a lone backslash
        end = match.end()
        number, escaped, plain = match.groups()
        if plain == ".":
            labels.append(bytes(label))
            label.clear()
        elif number and int(number) > 255:
            return None
        else:
            label.append(int(number) if number else ord(escaped or plain))
    if label or not labels:  # else the last dot was the root's
        labels.append(bytes(label))
    if end != len(text) or not all(0 < len(x) <= MAX_LABEL for x in labels):
        return None
    return labels if sum(len(x) + 1 for x in labels) - 1 <= MAX_NAME else None


def spell(labels: Iterable[bytes]) -> str:
    """Labels (the root's empty one is left out) as a name."""
    return ".".join("".join([_SPELLING[octet] for octet in label]) for label in labels if label) or "."


def parent(name: str) -> str:
    """The name without its first label; ``"."`` above a top-level domain."""
    if "\\" not in name:
        return name.partition(".")[2] or "."
    match = _LABEL.match(name)
    return name[match.end() + 1 :] if match and match.end() < len(name) else "."


def ancestors(name: str) -> Iterator[str]:
    """Every name above this one, nearest first, the root last."""
    while name != ".":
        name = parent(name)
        yield name


def hierarchy(name: str) -> list[str]:
    """Sort key that puts a domain before what is below it (the order of RFC 4034 §6.1)."""
    labels = _LABEL.findall(name) if "\\" in name else name.split(".")
    return [] if name == "." else labels[::-1]


# -------------------------------------------------------------------- values

_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}", re.ASCII)
_LEADING_ZERO = re.compile(r"(?:^|\.)0\d", re.ASCII)
_RDTYPE = re.compile(r"[A-Z][A-Z0-9-]*", re.ASCII)
NAME_TYPES = frozenset({"CNAME", "DNAME", "NS", "PTR"})
TEXT_TYPES = frozenset({"SPF", "TXT"})


def octets_text(octets: bytes) -> str:
    """Octets of TXT as text: UTF-8 where they are that, else one character an octet."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def _a(value: Any) -> str:
    text = str(value)
    if not _IPV4.fullmatch(text) or _LEADING_ZERO.search(text):
        raise ValueError(f"{value!r} is not an IPv4 address")
    return text


def _aaaa(value: Any) -> str:
    import ipaddress

    try:
        address = ipaddress.IPv6Address(str(value))
    except ValueError:
        address = None
    if address is None or address.scope_id:
        raise ValueError(f"{value!r} is not an IPv6 address")
    return str(address)


def _text(value: Any) -> str:
    parts = value if isinstance(value, (list, tuple)) else [value]
    if not all(isinstance(part, (str, bytes)) for part in parts):
        raise ValueError(f"{value!r} is not text, nor a list of character-strings")
    joined = "".join(octets_text(part) if isinstance(part, bytes) else part for part in parts)
    try:
        joined.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{joined!r} holds characters that can't be written as octets") from None
    return joined


def _name(value: Any) -> str:
    name = canonical_name(value or ".") if isinstance(value, str) else None
    if name is None:
        raise ValueError(f"{value!r} is not a domain name")
    return name


def _mx(value: Any) -> tuple[int, str]:
    parts = value.split() if isinstance(value, str) else list(value) if isinstance(value, Sequence) else []
    if len(parts) != 2 or isinstance(parts[0], bool) or not re.fullmatch(r"[0-9]{1,5}", str(parts[0])):
        raise ValueError(f"{value!r} is not a preference and a host, such as (10, 'mx.example.com')")
    preference = int(parts[0])
    if preference > 65535:
        raise ValueError(f"the preference {preference} is above 65535")
    return preference, _name(parts[1])


_READERS: dict[str, Callable[[Any], Any]] = {
    "A": _a,
    "AAAA": _aaaa,
    "MX": _mx,
    "SPF": _text,
    "TXT": _text,
    **dict.fromkeys(NAME_TYPES, _name),
}


def read_type(rdtype: Any) -> str:
    """The record type in upper case. Raises ValueError when it is none."""
    if not isinstance(rdtype, str) or not _RDTYPE.fullmatch(rdtype.upper()):
        raise ValueError(f"{rdtype!r} is not a record type")
    return rdtype.upper()


def read_value(rdtype: str, value: Any) -> Any:
    """One value of a dict in the shape of an Answer. Raises ValueError with one sentence."""
    reader = _READERS.get(rdtype)
    return reader(value) if reader else _other(rdtype, value)


def _other(rdtype: str, value: Any) -> str:
    """Types that the kit only shows: dnspython knows how each is written."""
    from helpers.lookup.file import read_rdata

    return str(read_rdata(rdtype, str(value)))


def read_values(rdtype: str, given: Any) -> tuple[Any, ...] | DnsFailure:
    """What stands for one type in a dict: a list, one value, or a failure.

    Their order is kept. Records of a type are a set (RFC 2181 §5), so what is repeated
    counts once, except for text: records whose strings are split differently are two
    records of the same text, and SPF and DMARC count them as two.
    """
    if isinstance(given, DnsFailure):
        return given
    items = [given] if _is_single(rdtype, given) else list(given)
    failures = [item for item in items if isinstance(item, DnsFailure)]
    if failures:
        if len(items) > 1:
            raise ValueError("a question either fails or has records, not both")
        return failures[0]
    values = [read_value(rdtype, item) for item in items]
    return tuple(values if rdtype in TEXT_TYPES else dict.fromkeys(values))


def _is_single(rdtype: str, given: Any) -> bool:
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        return True
    return rdtype == "MX" and isinstance(given, (list, tuple)) and bool(given) and isinstance(given[0], int)


# ----------------------------------------------------------------- as written

_QUOTED = {ord('"'): '\\"', ord("\\"): "\\\\"}
_SPECIAL = re.compile(r"([\"();@$])")  # what the master file format gives a meaning, RFC 1035 §5.1


def written_name(name: str) -> str:
    """A name as a master file has it: with its final dot and every special character escaped."""
    return name if name == "." else _SPECIAL.sub(r"\\\1", name) + "."


def written_text(text: str, extra_strings: int = 0) -> str:
    """Text as quoted character-strings of at most 255 octets, and some empty ones after them."""
    octets = text.encode()
    chunks = [octets[i : i + MAX_STRING] for i in range(0, len(octets), MAX_STRING)] or [b""]
    return " ".join(f'"{_quoted(chunk)}"' for chunk in chunks + [b""] * extra_strings)


def _quoted(octets: bytes) -> str:
    return "".join([_QUOTED.get(x) or (chr(x) if 0x20 <= x <= 0x7E else f"\\{x:03d}") for x in octets])


def written_values(rdtype: str, values: Sequence[Any]) -> Iterator[str]:
    """Each value as the last column of a master file.

    The same text a second time gets an empty string more: without it the two would be one record.
    """
    seen: dict[str, int] = {}
    for value in values:
        if rdtype in TEXT_TYPES:
            yield written_text(value, seen.get(value, 0))
            seen[value] = seen.get(value, 0) + 1
        elif rdtype == "MX":
            yield f"{value[0]} {written_name(value[1])}"
        else:
            yield written_name(value) if rdtype in NAME_TYPES else str(value)
