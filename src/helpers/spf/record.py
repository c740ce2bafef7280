"""Reading an SPF record: text to terms (RFC 7208 §4.5, §4.6.1, §5, §6, §12). No DNS here.

Glossary. A *term* is a *mechanism* (``ip4:192.0.2.0/24``: does the client match?) or a
*modifier* (``redirect=…``: what else to do). A *qualifier* before a mechanism says what a
match means. A *domain-spec* is the name in a term; it may hold macros.

Private to the room ``spf``, which offers ``parse_spf``, ``SpfRecord`` and ``SpfTerm``.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

from helpers.spf.macro import Part, read_macros
from helpers.terms import Result, Shown, filled_directly

MAX_RECORD = 65_535  # RFC 1035 §3.2.1: no DNS record is longer
MAX_PROBLEMS = 20  # sentences kept for one record; a hostile one could have 30,000
CACHED_RECORD = 2_048  # longer records are read anew each time, so that the cache stays small

VERSION = "v=spf1"
QUALIFIERS = {
    "+": Result.PASS,
    "-": Result.FAIL,
    "~": Result.SOFTFAIL,
    "?": Result.NEUTRAL,
}  # RFC 7208 §4.6.2
KNOWN_MODIFIERS = ("redirect", "exp")  # RFC 7208 §6; others are ignored
LOOKUP_MECHANISMS = frozenset(("include", "a", "mx", "ptr", "exists"))  # RFC 7208 §4.6.4; and redirect=

_TERM = re.compile(r"([+\-~?]?)([A-Za-z][A-Za-z0-9\-_.]*)(?:([:=/])(.*))?", re.DOTALL)
_PREFIXES = re.compile(r"(?:/(0|[1-9][0-9]{0,2}))?(?://(0|[1-9][0-9]{0,2}))?\Z")
_LENGTHS = {str(bits): bits for bits in range(129)}  # prefix lengths as they may be written: no leading zeros
_NOT_ASCII_TEXT = re.compile(r"[^\x20-\x7e]")
_COMMA = "ends in a comma; terms are separated by blanks (§4.6.1)"
_MISTAKES = {
    "ip": "ip4",
    "ipv4": "ip4",
    "ipv6": "ip6",
    "prt": "ptr",
    "includes": "include",
    "exist": "exists",
    "al": "all",
    "all.": "all",
}


def _inner() -> dict[str, object]:
    return {"json": False}


@filled_directly
@dataclass(frozen=True, slots=True, repr=False)
class SpfTerm(Shown):
    """One term of a record: ``text`` as written, and ``problem``, what is wrong with it, if anything."""

    text: str
    kind: Literal["mechanism", "modifier", "unreadable"]
    name: str = ""  # lower case
    qualifier: str = ""  # "+", "-", "~" or "?"; "+" where none is written; "" for a modifier
    value: str | None = None  # the domain-spec, network or modifier's text, without prefix lengths
    ip4_prefix: int = 32
    ip6_prefix: int = 128
    problem: str | None = None
    parts: tuple[Part, ...] = field(default=(), metadata=_inner())  # the domain-spec cut at its macros
    network: int = field(default=0, metadata=_inner())  # of ip4 and ip6

    @property
    def result(self) -> Result:
        """What a match of this mechanism means (RFC 7208 §4.6.2)."""
        return QUALIFIERS.get(self.qualifier, Result.NEUTRAL)


@filled_directly
@dataclass(frozen=True, slots=True, repr=False)
class SpfRecord(Shown):
    """An SPF record as read. Any of ``problems`` makes a check end in permerror (RFC 7208 §4.6)."""

    text: str
    terms: tuple[SpfTerm, ...] = ()
    problems: tuple[str, ...] = ()  # one sentence each, naming the bad term

    @property
    def mechanisms(self) -> tuple[SpfTerm, ...]:
        """The terms that a client can match, in order."""
        return tuple(term for term in self.terms if term.kind == "mechanism")

    @property
    def redirect(self) -> SpfTerm | None:
        """The modifier redirect=, if there is one (RFC 7208 §6.1)."""
        return self._modifier("redirect")

    @property
    def exp(self) -> SpfTerm | None:
        """The modifier exp=, if there is one (RFC 7208 §6.2)."""
        return self._modifier("exp")

    def _modifier(self, name: str) -> SpfTerm | None:
        return next((term for term in self.terms if term.name == name and term.kind == "modifier"), None)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the RFC allows but the owner hardly meant, a sentence each."""
        return tuple(_notes(self))


class _Read(NamedTuple):
    """What follows the colon or equals sign, read; or what is wrong with it."""

    problem: str | None = None
    value: str | None = None
    parts: tuple[Part, ...] = ()
    ip4_prefix: int = 32
    ip6_prefix: int = 128
    network: int = 0


_NOTHING = _Read()


def quoted(text: str, limit: int = 80) -> str:
    """Text out of a record or a mail, short and harmless enough to stand in a sentence."""
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if not text.isprintable():
        text = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
    return f"“{text}”"


def is_spf(text: str) -> bool:
    """True for a TXT record that is an SPF record (RFC 7208 §4.5): ``v=spf1``, then a blank or the end."""
    return text[:7] == "v=spf1 " or (text[:6].lower() == VERSION and text[6:7] in ("", " "))


def parse_spf(text: str) -> SpfRecord:
    """Read an SPF record (RFC 7208 §4.6.1, grammar in §12). Asks DNS nothing, never raises on bad text.

    ``text`` is the whole TXT record, its character-strings joined. Returns an `SpfRecord`
    with every term in order; what is wrong is a sentence in ``.problems`` and in the
    term's ``.problem``. Records up to 2,048 characters are remembered (the last 512 of
    them), so reading the same one again costs nothing.
    """
    return _parse_cached(text) if len(text) <= CACHED_RECORD else _parse(text)


def _parse(text: str) -> SpfRecord:
    if not is_spf(text):
        return SpfRecord(text, problems=(f"{quoted(text)} does not begin with v=spf1 (§4.5).",))
    if len(text) > MAX_RECORD:
        return SpfRecord(text, problems=("The record is longer than a DNS record can be (65,535 octets).",))
    readable = text.isascii() and text.isprintable()
    terms = tuple([_term(word, readable) for word in text[7:].split(" ") if word])
    problems = [f"The term {quoted(term.text)} {term.problem}." for term in terms if term.problem]
    if len(problems) > MAX_PROBLEMS:
        problems[MAX_PROBLEMS:] = [f"And {len(problems) - MAX_PROBLEMS} more terms can't be read."]
    if "=" in text[7:]:
        modifiers = [term.name for term in terms if term.kind == "modifier"]
        twice = [name for name in KNOWN_MODIFIERS if modifiers.count(name) > 1]
        problems += [f"The modifier {name}= stands in the record more than once (§6)." for name in twice]
    return SpfRecord(text, terms, tuple(problems))


_parse_cached = lru_cache(maxsize=512)(_parse)


def _notes(record: SpfRecord) -> Iterator[str]:
    """At most one sentence of each sort."""
    mechanisms = record.mechanisms
    at = next((i for i, term in enumerate(mechanisms) if term.name == "all"), None)
    if at is not None:
        if at + 1 < len(mechanisms):
            unseen = quoted(mechanisms[at + 1].text)
            yield f"“all” always matches, so {unseen} and whatever follows is never looked at (§5.1)."
        if mechanisms[at].qualifier == "+":
            yield "“+all” lets every host in the world pass."
        if record.redirect:
            yield "redirect= is ignored where there is an “all” (§6.1)."
    if any(term.name == "ptr" for term in mechanisms):
        yield "The mechanism “ptr” is slow and should not be published any more (§5.5)."
    for term in record.terms:
        if term.kind == "modifier" and term.name not in KNOWN_MODIFIERS:
            hint = f"; the mechanism is written {term.name}:" if term.name in _MECHANISMS else ""
            yield f"The modifier {quoted(term.text)} is not known and is ignored (§6){hint}."
            break


# --------------------------------------------------------------------- terms


def _term(text: str, readable: bool) -> SpfTerm:
    if not readable and (bad := _NOT_ASCII_TEXT.search(text)):
        what = f"the character U+{ord(bad.group()):04X}; a record is plain visible ASCII (§3.1, §12)"
        return SpfTerm(text, "unreadable", problem=f"holds {what}")
    match = _TERM.fullmatch(text)
    if match is None:
        what = _COMMA if text.endswith(",") else "is neither a mechanism nor a modifier (§4.6.1)"
        return SpfTerm(text, "unreadable", problem=what)
    qualifier, name, separator, rest = match.groups()
    name = name.lower()
    if separator == "=":
        return _modifier(text, qualifier, name, rest)
    read_argument = _MECHANISMS.get(name)
    if read_argument is None:
        read = _Read(_unknown(text, name))
    else:
        argument = None if separator is None else rest if separator == ":" else "/" + rest
        read = read_argument(separator, argument)
        if read.problem and text.endswith(","):
            read = _Read(_COMMA)
    problem, value, parts, ip4_prefix, ip6_prefix, network = read
    qualifier = qualifier or "+"
    return SpfTerm(text, "mechanism", name, qualifier, value, ip4_prefix, ip6_prefix, problem, parts, network)


def _unknown(text: str, name: str) -> str:
    if name in KNOWN_MODIFIERS:
        return f"has a colon, but {name} is a modifier and is written {name}= (§6)"
    if text.endswith(","):
        return _COMMA
    meant = _MISTAKES.get(name)
    return "is no mechanism that SPF knows (§5)" + (f"; perhaps {meant} was meant" if meant else "")


def _modifier(text: str, qualifier: str, name: str, rest: str) -> SpfTerm:
    if qualifier:
        return SpfTerm(text, "unreadable", problem="has a qualifier, which a modifier can't have (§4.6.1)")
    if name in KNOWN_MODIFIERS:
        read = _domain_spec(rest)
    else:
        parts, _, problem = read_macros(rest)
        read = _Read(problem, rest, parts)
    return SpfTerm(text, "modifier", name, "", read.value, problem=read.problem, parts=read.parts)


def _domain_spec(text: str | None) -> _Read:
    """RFC 7208 §7.1: anything visible, then a dot and a top-level label, or a macro."""
    if not text:
        return _Read("names no domain, which it needs (§7.1)")
    if "%" not in text:
        return _Read(_end_problem(text), text, (text,))
    parts, tail, problem = read_macros(text)
    if tail and not problem:
        problem = _end_problem(tail)
        if problem and "." not in tail:
            problem = f"has {quoted(tail, 40)} right behind a macro; a dot belongs there (§7.1)"
    return _Read(problem, text, parts)


def _end_problem(text: str) -> str | None:
    """The part of a domain-spec after its last macro has to end in ``.toplabel`` or ``.toplabel.``"""
    front, dot, label = text.removesuffix(".").rpartition(".")
    if dot and label[-1:].isalnum() and label[0].isalnum():
        if label.isalnum() and not label.isdigit():
            return None
        if "-" in label and label.replace("-", "").isalnum():
            return None
    if label.isdigit() and front.replace(".", "").isdigit():
        return "holds an IP address where a name belongs; addresses are written ip4: (§5.6)"
    if not dot:
        return "needs a name with at least one dot in it (§7.1)"
    return f"has {quoted(label, 40)} where a top-level domain belongs (§7.1)"


# ---------------------------------------------------------------- mechanisms


def _all(separator: str | None, argument: str | None) -> _Read:
    return _Read("has something behind “all”, which takes nothing (§5.1)") if separator else _NOTHING


def _named(separator: str | None, argument: str | None) -> _Read:
    """include and exists: a domain-spec is required and no prefix length allowed."""
    if separator != ":":
        return _Read("names no domain, which it needs (§5.2, §5.7)")
    return _domain_spec(argument)


def _ptr(separator: str | None, argument: str | None) -> _Read:
    if separator == "/":
        return _Read("has a prefix length, which ptr can't have (§5.5)")
    return _domain_spec(argument) if separator else _NOTHING


def _host(separator: str | None, argument: str | None) -> _Read:
    """a and mx: an optional domain-spec, then optional prefix lengths for IPv4 and IPv6 (§5.3, §5.4)."""
    if argument is None:
        return _NOTHING
    if "/" not in argument:
        return _domain_spec(argument)
    match = _PREFIXES.search(argument)
    start = match.start() if match else len(argument)
    spec = _domain_spec(argument[:start]) if separator == ":" else _Read()
    ip4, ip6 = match.groups() if match else (None, None)
    if separator == "/" and start:
        return _Read("has a prefix length that can't be read (§5.3)")
    if int(ip4 or 0) > 32 or int(ip6 or 0) > 128:
        return _Read("has a prefix length above 32 (IPv4) or 128 (IPv6) (§5.3)")
    return spec._replace(ip4_prefix=int(ip4 or 32), ip6_prefix=int(ip6 or 128))


def _network(
    family: socket.AddressFamily, bits: int, section: str
) -> Callable[[str | None, str | None], _Read]:
    def read(separator: str | None, argument: str | None) -> _Read:
        if separator != ":" or not argument:
            return _Read(f"names no network, which it needs ({section})")
        address, slash, length = argument.partition("/")
        try:
            network = int.from_bytes(socket.inet_pton(family, address), "big")
        except (OSError, ValueError):
            which = "IPv4" if bits == 32 else "IPv6"
            return _Read(f"has {quoted(address, 60)} where an {which} address belongs ({section})")
        if not slash:
            return _Read(None, argument, (), 32, 128, network)
        prefix = _LENGTHS.get(length, bits + 1)
        if prefix > bits:
            return _Read(f"has a prefix length that isn't a number from 0 to {bits} ({section})")
        if bits == 32:
            return _Read(None, address, (), prefix, 128, network)
        return _Read(None, address, (), 32, prefix, network)

    return read


_MECHANISMS: dict[str, Callable[[str | None, str | None], _Read]] = {
    "all": _all,
    "include": _named,
    "exists": _named,
    "a": _host,
    "mx": _host,
    "ptr": _ptr,
    "ip4": _network(socket.AF_INET, 32, "§5.6"),
    "ip6": _network(socket.AF_INET6, 128, "§5.6"),
}
