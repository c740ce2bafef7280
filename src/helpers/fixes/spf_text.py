"""Mending the text of SPF records: text in, text out (RFC 7208 §4.5, §4.6, §5, §12). Asks nothing of DNS."""

from __future__ import annotations

import re
from collections.abc import Iterable

from helpers.spf import SpfTerm, parse_spf

MAX_RECORD = 2_048  # ours: characters of a record that are worth mending
START = "v=spf1"

_ALMOST = re.compile(r"[^a-z]{0,4}v?\s{0,2}=?\s{0,2}spf[\s.]?1(?:[.\s]?0)?(?=\W|$)[\s;,:.]*", re.IGNORECASE)
_BLANKS = re.compile(r"[\s\u00a0\u200b\u3000\ufeff;]+")
_QUOTES = re.compile("[\"'`\u2018\u2019\u201c\u201d\u201e]+")
_IPV4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:/[0-9]{1,2})?")
_IPV6 = re.compile(r"[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:/[0-9]{1,3})?")
_SPELLED = {
    "ip": "ip4",
    "ipv4": "ip4",
    "ipv6": "ip6",
    "prt": "ptr",
    "includes": "include",
    "included": "include",
    "exist": "exists",
    "al": "all",
}
_SOFTER = ("?", "~", "-")


def is_spf(text: str) -> bool:
    """True for a TXT record that is an SPF record (RFC 7208 §4.5)."""
    return text[:6].lower() == START and (len(text) == 6 or text[6] == " ")


def is_almost_spf(text: str) -> bool:
    """True for a TXT record that was meant to be one, and that no receiver takes for one."""
    return not is_spf(text) and len(text) <= MAX_RECORD and _ALMOST.match(text) is not None


def terms_of(text: str) -> tuple[str, ...]:
    """The terms behind the version, as written."""
    return tuple(term.text for term in parse_spf(text).terms)


def joined(terms: Iterable[str]) -> str:
    """A record of these terms."""
    return " ".join((START, *terms))


def with_term(text: str | None, term: str) -> str:
    """The record with a mechanism before its “all” or redirect=; a new one for None."""
    if text is None:
        return joined((term, "~all"))
    terms = list(terms_of(text))
    ends = [i for i, one in enumerate(parse_spf(text).terms) if _is_end(one)]
    terms.insert(ends[0] if ends else len(terms), term)
    return joined(terms)


def _is_end(term: SpfTerm) -> bool:
    return term.name == "all" or (term.kind == "modifier" and term.name == "redirect")


def without_plus_all(text: str) -> str:
    """“all” that lets every host in the world pass becomes “~all”."""
    return joined(
        "~all" if term.name == "all" and term.qualifier == "+" and not term.problem else term.text
        for term in parse_spf(text).terms
    )


def merged(records: Iterable[str]) -> str:
    """Several records as one: every term once, one “all” at the end, the softest of theirs.

    A redirect= becomes an include, since one beside other terms would not be followed.
    """
    terms: list[str] = []
    ends: list[str] = []
    for record in records:
        for term in parse_spf(record).terms:
            if term.name == "all":
                ends.append(term.qualifier if term.qualifier in _SOFTER else "~")
            elif term.kind == "modifier" and term.name == "redirect":
                terms.append(f"include:{term.value or term.text.partition('=')[2]}")
            else:
                terms.append(term.text)
    last = min(ends, key=_SOFTER.index, default="~")
    return joined((*dict.fromkeys(terms), f"{last}all"))


def with_hard_end(text: str) -> str | None:
    """The record with “-all” where it has a softer one; None where it has none."""
    terms = parse_spf(text).terms
    if not any(term.name == "all" and term.qualifier in "~?+" and not term.problem for term in terms):
        return None
    return joined("-all" if term.name == "all" else term.text for term in terms)


# -------------------------------------------------------------------- syntax


def respelled(text: str) -> str | None:
    """The record as it was probably meant, without what can't be read; None when that does not help.

    Blanks, quotes and semicolons out of word processors and forms, commas between terms, names
    misspelt, an address behind the wrong mechanism. What is left unreadable is dropped.
    """
    if len(text) > MAX_RECORD:
        return None
    start = _ALMOST.match(text)
    rest = text[6:] if is_spf(text) else text[start.end() :] if start else ""
    words = _BLANKS.sub(" ", _QUOTES.sub("", rest).replace(",", " ")).split(" ")
    terms = [fixed for word in words if word and (fixed := _respelled_term(word))]
    seen: set[str] = set()
    kept = []
    for term in terms:
        name = term.partition("=")[0].lower() if re.match(r"(?:redirect|exp)=", term, re.IGNORECASE) else term
        if name not in seen:
            seen.add(name)
            kept.append(term)
    ends = [term for term in kept if parse_spf(joined((term,))).terms[0].name == "all"]
    if ends:  # what stood behind it was never looked at, and is meant to be
        kept = [term for term in kept if term not in ends]
        kept.append(ends[0])
    record = joined(kept)
    return record if kept and not parse_spf(record).problems and record != text else None


def _respelled_term(word: str) -> str | None:
    word = word.strip(".")
    match = re.fullmatch(r"([+\-~?]?)([A-Za-z][A-Za-z0-9\-]*)(?:([:=/])(.*))?", word)
    if match is None:
        return _address(word)
    qualifier, name, separator, value = match.groups()
    name, value = name.lower(), value or ""
    name = _SPELLED.get(name, name)
    if name not in ("redirect", "exp") and separator == "=" and name in _MECHANISMS:
        separator = ":"
    if name in ("ip4", "ip6", "a", "mx", "include") and (address := _address(value)):
        return f"{qualifier}{address}"
    if name in ("include", "redirect", "exists", "a", "mx"):
        value = re.sub(r"^(?:https?://|spf1?:)|/$", "", value, flags=re.IGNORECASE)
    fixed = f"{qualifier}{name}{separator}{value}" if separator and value else f"{qualifier}{name}"
    term = parse_spf(joined((fixed,))).terms[0]
    return None if term.problem else fixed


_MECHANISMS = ("all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists")


def _address(text: str) -> str | None:
    """An address or network as the mechanism that lists it."""
    for pattern, name in ((_IPV4, "ip4"), (_IPV6, "ip6")):
        if pattern.fullmatch(text):
            term = f"{name}:{text}"
            return None if parse_spf(joined((term,))).problems else term
    return None
