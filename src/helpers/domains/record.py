"""Read one DMARC policy record: text in, ``DmarcRecord`` out. Asks nothing of DNS.

It stands here and not in ``dmarc`` because a tree walk has to know a record when it sees one.

Words: a record is a list of *tags*, ``name=value`` with semicolons between; *historic* tags
belong to RFC 7489 and mean nothing now; an *invalid* tag is a known one whose value is none of
those allowed. RFC 9989 wants every syntax error behind the version tag dropped, not the record.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from helpers.terms import AlignmentMode, DmarcRecord, Policy

HISTORIC_TAGS = frozenset({"pct", "rf", "ri"})  # RFC 9989 §9.3
MAX_REMEMBERED = 1024  # ours: characters of a record worth keeping
MAX_PROBLEMS = 20  # ours: a hostile record may be 64 KB of errors

# RFC 9989 §4.8: "v" like any literal of an ABNF without regard to case, "DMARC1" with it. A blank
# in front is not in the grammar, but RFC 6376 §3.2, whose tag lists these are, has it.
_VERSION = re.compile(r"\s*[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|\s*\Z)")
# RFC 3986, without "," and "!" (§4.8 wants both encoded); ";" can't occur, it ends the tag. What
# follows the scheme may be empty: §4.10.1 asks for no more than valid syntax.
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:(?:[A-Za-z0-9\-._~:/?#\[\]@$&'()*+=]|%[0-9A-Fa-f]{2})*")
_OBSOLETE_SIZE = re.compile(r"![0-9]+[kmgtKMGT]?\Z")  # RFC 9989 §4.8 obs-dmarc-report-size
_MAILBOX = re.compile(r"mailto:[^@?]+@[^@?]+(?:\?.*)?", re.IGNORECASE)

_POLICIES = {policy.value: policy for policy in Policy}
_MODES = {"r": AlignmentMode.RELAXED, "s": AlignmentMode.STRICT}
_WORDS: dict[str, tuple[dict[str, Any], str]] = {
    "p": (_POLICIES, "none, quarantine or reject"),
    "sp": (_POLICIES, "none, quarantine or reject"),
    "np": (_POLICIES, "none, quarantine or reject"),
    "adkim": (_MODES, "r or s"),
    "aspf": (_MODES, "r or s"),
    "psd": ({"y": "y", "n": "n", "u": "u"}, "y, n or u"),
    "t": ({"y": "y", "n": "n"}, "y or n"),
}


def clip(text: str, limit: int = 80) -> str:
    """Text of a stranger for use inside a sentence: at most ``limit`` characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def parse_dmarc(text: str, domain: str = "") -> DmarcRecord | None:
    """Read the text of a TXT record as a DMARC policy record (RFC 9989 §4.7, §4.8).

    Args:
        text: one TXT record, its character-strings joined without a separator (§4.5).
        domain: the name the record was found for, without ``_dmarc.``; only kept.

    Returns:
        The record as it stands, its errors in ``problems``; None when it is not a DMARC record
        at all, that is when ``v=DMARC1`` (in capitals) is not the first tag.
    """
    return _remembered(text, domain) if len(text) <= MAX_REMEMBERED else _read(text, domain)


@lru_cache(maxsize=256)  # many messages, few domains; a record of usual length, so a bounded memory
def _remembered(text: str, domain: str) -> DmarcRecord | None:
    return _read(text, domain)


def _read(text: str, domain: str) -> DmarcRecord | None:
    version = _VERSION.match(text)
    if version is None:
        return None
    tags, problems = _split(text[version.end() :])
    fields: dict[str, Any] = {}
    historic, unknown, invalid = [], [], []
    for name, value in tags.items():
        if name in _WORDS:
            words, allowed = _WORDS[name]
            if (word := words.get(value.lower())) is not None:
                fields[name] = word
            else:
                invalid.append((name, value))
                problems.append(f"{name}={clip(value)} is not allowed: the value has to be {allowed} (§4.7).")
        elif name == "rua" or name == "ruf":
            fields[name] = _uris(name, value, problems)
        elif name == "fo":
            fields[name] = _failure_options(value, invalid, problems)
        elif name in HISTORIC_TAGS:
            historic.append((name, value))
        else:
            unknown.append((name, value))
    if "fo" in tags and not fields.get("ruf"):
        problems.append("fo has no effect without a ruf address (§4.7).")
    return DmarcRecord(
        text=text,
        domain=domain,
        historic=tuple(historic),
        unknown=tuple(unknown),
        problems=_shortened(problems),
        invalid=tuple(invalid),
        **fields,
    )


def _split(rest: str) -> tuple[dict[str, str], list[str]]:
    """The tags behind the version, and what is wrong with them. A repeated tag: its last value."""
    tags: dict[str, str] = {}
    problems: list[str] = []
    pieces = rest.split(";")
    for number, piece in enumerate(pieces):
        name, equals, value = piece.partition("=")
        name, value = name.strip().lower(), value.strip()
        if not equals:
            if name:
                problems.append(f'"{clip(piece.strip())}" is not a tag, it has no "=": ignored (§4.8).')
            elif number < len(pieces) - 1:
                problems.append("Two semicolons with nothing between them (§4.8).")
        elif not (name.isascii() and name.isalpha()):
            problems.append(f'"{clip(name)}" is not a tag name, which has letters only: ignored (§4.8).')
        else:
            if name in tags:
                # Forbidden by the syntax of DKIM's tag lists, which DMARC takes over (§4.7);
                # the RFC doesn't say which one holds. Software in use takes the last.
                problems.append(f"{clip(name)} is there more than once: the last one counts here.")
            tags[name] = value
    return tags, problems


def _uris(tag: str, value: str, problems: list[str]) -> tuple[str, ...]:
    """The valid reporting URIs of ``rua`` or ``ruf``, their case kept, an obsolete size removed."""
    uris = []
    for written in map(str.strip, value.split(",")):
        uri = _OBSOLETE_SIZE.sub("", written)
        if uri != written:
            problems.append(f"{tag}: the size limit in {clip(written)} is obsolete and ignored (§4.8).")
        if not _URI.fullmatch(uri):
            problems.append(f'{tag}: "{clip(written)}" is not a reporting URI such as mailto:… (§4.8).')
            continue
        if uri[:7].lower() == "mailto:" and not _MAILBOX.fullmatch(uri):
            problems.append(f"{tag}: {clip(uri)} names no mailbox, so no report can reach it.")
        uris.append(uri)
    return tuple(uris)


def _failure_options(value: str, invalid: list[tuple[str, str]], problems: list[str]) -> tuple[str, ...]:
    """The options of ``fo``: 0 or 1, d, s, each at most once (RFC 9989 §4.8 dmarc-fo)."""
    options = tuple(option.strip().lower() for option in value.split(":", 5))
    chosen = set(options)
    if chosen <= {"0", "1", "d", "s"} and len(chosen) == len(options) and not {"0", "1"} <= chosen:
        return options
    invalid.append(("fo", value))
    problems.append(f"fo={clip(value)} is not allowed: 0 or 1, d and s, with colons between (§4.7).")
    return ("0",)


def _shortened(problems: list[str]) -> tuple[str, ...]:
    if len(problems) <= MAX_PROBLEMS:
        return tuple(problems)
    return (*problems[:MAX_PROBLEMS], f"And {len(problems) - MAX_PROBLEMS} more problems.")
