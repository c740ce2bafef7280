"""What DNS answered, renamed the same way, so that the checks can be run again on the redacted mail."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from helpers.dkim import load_key, parse_key
from helpers.domains import organizational_domain
from helpers.lookup import RecordingDns, Zone
from helpers.redact.names import Names
from helpers.redact.text import Scrubber
from helpers.terms import Answer, DnsStatus

_NAME_TYPES = frozenset({"CNAME", "DNAME", "NS", "PTR"})
_MACRO = re.compile(r"%\{[^}]*\}|%[%_-]")
_TERM = re.compile(r"([+?~-]?)([A-Za-z0-9_-]+)([:=])(.*)", re.DOTALL)


def redact_answers(recorded: RecordingDns, names: Names, keys: Mapping[str, bytes]) -> Zone | None:
    """The recorded answers as a zone under the new names; None while notes are taken.

    ``keys``: for the name of a key record the public key (Ed25519) that takes the place of the one there.
    """
    table: dict[tuple[str, str], Answer] = {}
    for (name, rdtype), answer in zip(recorded.questions, recorded.answers, strict=True):
        new_name = names.domain(name.lower())
        table[new_name, rdtype] = _answer(answer, new_name, names, keys)
    if names.collecting:
        return None
    replay = RecordingDns(lambda name, rdtype: table[name, rdtype])
    for name, rdtype in table:
        replay(name, rdtype)
    return replay.zone()


def suffixes_with_records(recorded: RecordingDns, domains: set[str]) -> list[str]:
    """Public suffixes above the mail's domains that have a DMARC record: these relations count, too."""
    found = []
    organizations = {organizational_domain(domain, rules="rfc7489") for domain in domains}
    for answer in recorded.answers:
        suffix = answer.name.removeprefix("_dmarc.")
        if suffix == answer.name or answer.rdtype != "TXT" or answer.status != DnsStatus.DATA:
            continue
        if any(organization.endswith(f".{suffix}") for organization in organizations) and suffix not in found:
            found.append(suffix)
    return found


def _answer(answer: Answer, name: str, names: Names, keys: Mapping[str, bytes]) -> Answer:
    values = tuple([_value(value, answer, names, keys) for value in answer.values])
    chain = tuple([names.domain(link) for link in answer.chain])
    return replace(answer, name=name, values=values, chain=chain)


def _value(value: Any, answer: Answer, names: Names, keys: Mapping[str, bytes]) -> Any:
    rdtype = answer.rdtype
    if rdtype in ("A", "AAAA"):
        return names.ip(value)
    if rdtype == "MX":
        return (value[0], value[1] if value[1] == "." else names.domain(value[1]))
    if rdtype in _NAME_TYPES:
        return names.domain(value)
    if rdtype in ("TXT", "SPF"):
        return _text(str(value), answer.name, names, keys)
    return Scrubber(names).shape(str(value))


def _text(text: str, name: str, names: Names, keys: Mapping[str, bytes]) -> str:
    scrubber = Scrubber(names)
    if "._domainkey." in f".{name}":
        return _key_record(text, name, names, keys)
    if text.lower().startswith("v=spf1"):
        return " ".join(_spf_term(term, names, scrubber) for term in text.split(" "))
    if text.lower().startswith(("v=", "spf2.0")):
        return scrubber.words(text)
    if "%{" in text:
        return _macro_text(text, scrubber)
    return scrubber.shape(text)


def _spf_term(term: str, names: Names, scrubber: Scrubber) -> str:
    found = _TERM.fullmatch(term)
    if found is None:
        return (
            term
            if re.fullmatch(r"[+?~-]?(?:all|a|mx|ptr)(?:/.*)?", term, re.IGNORECASE)
            else scrubber.words(term)
        )
    sign, name, mark, value = found.groups()
    if name.lower() in ("ip4", "ip6", "v"):
        address, slash, length = value.partition("/")
        if slash and length.isdigit() and len(length) < 4:
            return f"{sign}{name}{mark}{names.ip(address, int(length))}"
        return f"{sign}{name}{mark}{names.ip(address)}{slash}{length}"
    domain, slash, length = value.partition("/") if "%{" not in value else (value, "", "")
    return f"{sign}{name}{mark}{_macro_name(domain, names)}{slash}{length}"


def _macro_name(text: str, names: Names) -> str:
    """A domain-spec: what stands behind its last macro is a name."""
    macros = list(_MACRO.finditer(text))
    if not macros:
        return names.domain(text) if text else text
    end = macros[-1].end()
    rest = text[end:]
    length = re.search(r"(?:/\d+)?(?://\d+)?$", rest)
    tail = length.group() if length else ""
    rest = rest[: len(rest) - len(tail)]
    dot = "." if rest.startswith(".") else ""
    return text[:end] + dot + (names.domain(rest[len(dot) :]) if rest[len(dot) :] else "") + tail


def _macro_text(text: str, scrubber: Scrubber) -> str:
    """An explanation (exp=): the macros stay, the words around them may name somebody."""
    out, position = [], 0
    for macro in _MACRO.finditer(text):
        out += [scrubber.words(text[position : macro.start()]), macro.group()]
        position = macro.end()
    return "".join([*out, scrubber.words(text[position:])])


def usable_key(text: str) -> bool:
    """Can a signature be checked with this key record?"""
    record = parse_key(text)
    return record.problem is None and load_key(record.kind, record.public_key)[0] is not None


def _key_record(text: str, name: str, names: Names, keys: Mapping[str, bytes]) -> str:
    """A key names its owner, too: another one takes its place, useless ones are made unreadable."""
    key = keys.get(name)
    if key is not None and usable_key(text):
        tags = [tag.strip() for tag in text.split(";") if tag.strip()]
        kept = [tag for tag in tags if tag[:1] not in ("k", "p", "n")]
        return "; ".join([*kept, "k=ed25519", f"p={base64.b64encode(key).decode()}"])
    out = []
    for tag in text.split(";"):
        tag_name, equals, value = tag.partition("=")
        if tag_name.strip() not in ("v", "k", "h", "s", "t") and value.strip():
            value = names.ident(value)
        out.append(tag_name + equals + value)
    return ";".join(out)
