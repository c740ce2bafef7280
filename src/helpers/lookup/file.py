"""Reads master files (RFC 1035 §5) with dnspython's parser. Imported by `lookup` when it is needed.

A line that starts with ``;!`` is a comment to every other program and says here what a
master file has no words for; the name is a full one, and without a type it holds for all:

    ;!nodata   example.com. MX      the name exists and has no such record
    ;!nxdomain gone.example. TXT    the name did not exist when this was asked
    ;!servfail example.com. TXT     the question fails
    ;!timeout  example.com.         every question for this name gets no answer in time
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.tokenizer
import dns.zonefile

from helpers.lookup.records import (
    EVERY,
    NAME_TYPES,
    TEXT_TYPES,
    Nodes,
    canonical_name,
    octets_text,
    read_value,
    spell,
)
from helpers.terms import DnsFailure

_MARK = re.compile(r"^;!(.*)$", re.MULTILINE)
_FINAL_DOT = re.compile(r"(?<=[^\s.\\])\.(?=\s|$)")
_WHERE = re.compile(r"^.*?:\d+: ", re.DOTALL)
_NAME_LISTS = frozenset({"AFSDB", "KX", "MINFO", "RP", "SOA", "SRV"})  # text with names in it, never quoted

# What most lines of a large file are: all in one line, nothing left out, quoted once or not at all.
_PLAIN_LINE = re.compile(
    r"([A-Za-z0-9_][A-Za-z0-9_.-]*\.)[ \t]+(?:[0-9]{1,9}[ \t]+)?IN[ \t]+"
    r'(?:(A)[ \t]+([0-9.]+)|(AAAA)[ \t]+([0-9A-Fa-f:.]+)|(TXT)[ \t]+"([ !#-\[\]-~]{0,255})")[ \t]*'
)
_NAMES_ITSELF = re.compile(r"[A-Za-z0-9_]")
MAX_TOKENS = 66_000  # words of one record: its data has at most 65,535 octets (RFC 1035 §3.2.1)

_DIRECTIVES = ("$ORIGIN", "$TTL")  # not $INCLUDE and $GENERATE: a file may come from a stranger
FAILURES = {"servfail": DnsFailure.SERVFAIL, "timeout": DnsFailure.TIMEOUT}


class _Tokens(dns.tokenizer.Tokenizer):
    """Remembers where the record at hand starts: that line is named when something is wrong with it."""

    started = 1
    taken = 0

    def get(self, want_leading: bool = False, want_comment: bool = False) -> dns.tokenizer.Token:
        if want_comment:  # asked for by the reader at the start of a line only
            self.started, self.taken = self.line_number, 0
        self.taken += 1
        if self.taken > MAX_TOKENS:
            raise ValueError("it is longer than a record can be (RFC 1035 §3.2.1)")
        return super().get(want_leading, want_comment)


class _Lines(dns.zonefile.RRsetsReaderTransaction):
    """Takes records as they are read: no SOA or NS is asked for, names may be of any domain."""

    def __init__(self) -> None:
        super().__init__(dns.zonefile.RRSetsReaderManager(), True, False)  # type: ignore[no-untyped-call]
        self.found: list[_Found] = []
        self.tokens: _Tokens | None = None
        self.aliases: dict[dns.name.Name, dns.rdata.Rdata] = {}

    def add(self, *args: Any) -> None:
        name, _ttl, rdata = args
        if rdata.rdtype == dns.rdatatype.CNAME and self.aliases.setdefault(name, rdata) != rdata:
            raise ValueError(f"{name} has a CNAME already and can have one only")
        line = self.tokens.started if self.tokens else 0
        rdtype, value = dns.rdatatype.to_text(rdata.rdtype), value_of(rdata)
        same = rdata.strings if rdtype in TEXT_TYPES else value  # text split differently counts twice
        self.found.append(_Found(line, spell(name.labels), rdtype, value, same))


class _Found(NamedTuple):
    """A record, the line that it starts in, and what it can't have twice at its name."""

    line: int
    name: str
    rdtype: str
    value: Any
    same: Any


def read_files(texts: list[tuple[str, str]], origin: str | None) -> tuple[Nodes, set[tuple[str, str]]]:
    """The records of master files, each given as its name and text: what stands at each name, and
    the questions marked as NXDOMAIN. Raises ValueError with file and line."""
    texts = [(source, text.replace("\r\n", "\n").replace("\r", "\n")) for source, text in texts]
    lines = _Lines()
    for source, text in texts:
        _read_records(source, text, _origin(origin), lines)
    values: dict[str, dict[str, list[Any]]] = {}
    seen: set[tuple[str, str, Any]] = set()
    for _, owner, rdtype, value, same in lines.found:
        if (owner, rdtype, same) not in seen:
            seen.add((owner, rdtype, same))
            values.setdefault(owner, {}).setdefault(rdtype, []).append(value)
    nodes: Nodes = {name: {kind: tuple(x) for kind, x in of.items()} for name, of in values.items()}
    absent: set[tuple[str, str]] = set()
    for source, text in texts:
        for word, name, kind in _marks(source, text):
            _apply(word, name, kind, nodes, absent)
    return nodes, absent


def _read_records(source: str, text: str, origin: dns.name.Name, lines: _Lines) -> None:
    start = len(lines.found)
    plain, rest = _plain_lines(text)
    lines.tokens = tokens = _Tokens(rest, source, idna_codec=dns.name.IDNA_2008_UTS_46)
    reader = dns.zonefile.Reader(
        tokens, dns.rdataclass.IN, lines, allow_directives=_DIRECTIVES, default_ttl=300
    )
    reader.current_origin = reader.last_name = origin
    try:
        reader.read()
    except (dns.exception.DNSException, ValueError, AssertionError) as problem:
        what = _WHERE.sub("", str(problem)).strip().rstrip(".") or "a name or value is missing"
        record = text.split("\n")[tokens.started - 1].strip()[:80]
        raise ValueError(f"{source}, line {tokens.started}: can't read {record!r}: {what}") from None
    lines.found[start:] = sorted([*lines.found[start:], *plain], key=lambda found: found.line)


def _plain_lines(text: str) -> tuple[list[_Found], str]:
    """The records of plain lines, and the text with those lines left empty, for dnspython's parser.

    That one takes 50 µs for a record. Where a bracket stands anywhere, a line may go on in the next,
    and all is left to it; so is a line whose name the next one takes over.
    """
    if "(" in text:
        return [], text
    rows = text.split("\n")
    found = []
    for number, row in enumerate(rows):
        match = _PLAIN_LINE.fullmatch(row)
        following = rows[number + 1] if number + 1 < len(rows) else ""
        if match is None or not (
            _NAMES_ITSELF.match(following) or (number + 1 >= len(rows) - 1 and not following)
        ):
            continue
        if record := _plain_record(number + 1, match):
            found.append(record)
            rows[number] = ""
    return found, "\n".join(rows)


def _plain_record(line: int, match: re.Match[str]) -> _Found | None:
    name = canonical_name(match[1])
    if name is None:
        return None
    if match[6]:
        return _Found(line, name, "TXT", match[7], (match[7].encode(),))
    rdtype, written = (match[2], match[3]) if match[2] else (match[4], match[5])
    try:
        value = read_value(rdtype, written)
    except ValueError:
        return None
    return _Found(line, name, rdtype, value, value)


def _apply(word: str, name: str, kind: str | None, nodes: Nodes, absent: set[tuple[str, str]]) -> None:
    if word == "nxdomain":
        absent.add((name, kind or EVERY))
        return
    node = nodes.setdefault(name, {})
    if word in FAILURES:
        node[kind or EVERY] = FAILURES[word]
    elif kind is not None:
        node.setdefault(kind, ())


def _origin(origin: str | None) -> dns.name.Name:
    name = canonical_name(origin) if origin is not None else "."
    if name is None:
        raise ValueError(f"the origin {origin!r} is not a domain name")
    return dns.name.from_text(name)


def _marks(source: str, text: str) -> Iterator[tuple[str, str, str | None]]:
    """Word, name and type (None: all) of each ``;!`` line. A misspelt one is an error, not a comment."""
    for match in _MARK.finditer(text):
        words = match[1].split()
        name = canonical_name(words[1]) if len(words) in (2, 3) else None
        if name is None or words[0] not in ("nodata", "nxdomain", *FAILURES):
            line = text.count("\n", 0, match.start()) + 1
            raise ValueError(
                f"{source}, line {line}: expected ';!', then nodata, nxdomain, servfail or timeout, "
                f"then a name and perhaps a type, not {match[0]!r}"
            )
        yield words[0], name, words[2].upper() if len(words) == 3 else None


def read_rdata(rdtype: str, text: str) -> Any:
    """One value of any type, from its text in a master file. Raises ValueError."""
    try:
        kind = dns.rdatatype.from_text(rdtype)
    except (dns.exception.DNSException, ValueError):
        raise ValueError(f"{rdtype!r} is not a record type") from None
    try:
        return value_of(dns.rdata.from_text("IN", kind, text, origin=dns.name.root, relativize=False))
    except (dns.exception.DNSException, ValueError):
        raise ValueError(f"{text!r} can't be read as {rdtype}") from None


def value_of(rdata: dns.rdata.Rdata) -> Any:
    """A record that dnspython parsed, in the shape of an Answer."""
    rdtype = dns.rdatatype.to_text(rdata.rdtype)
    data: Any = rdata
    if rdtype in TEXT_TYPES:
        return octets_text(b"".join(data.strings))
    if rdtype == "MX":
        return data.preference, spell(data.exchange.labels)
    if rdtype in NAME_TYPES:
        return spell(data.target.labels)
    if rdtype in ("A", "AAAA"):
        return read_value(rdtype, data.address)
    text = rdata.to_text()
    return _FINAL_DOT.sub("", text).lower() if rdtype in _NAME_LISTS else text
