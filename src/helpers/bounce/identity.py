"""Which of SPF's two identities a refusal is about: MAIL FROM, or the name in HELO (RFC 7208 §2.3, §2.4).

All of it reads a reply in the normal form of ``helpers.bounce.blame``: lower case, single blanks.
"""

from __future__ import annotations

import re

from helpers.bounce.phrases import HELO_BROKEN, HELO_FAIL, SPF_BROKEN, SPF_FAIL
from helpers.terms import SpfIdentity

# ``Why?s=helo;id=…`` in the links of SPF libraries, ``identity=helo`` as in Received-SPF (RFC 7208 §9.1).
_SCOPE = re.compile(
    r"(?:[?;&](?:s|scope)=|(?<![\w.-])identity ?[=:] ?[\"']?)(helo|ehlo|mfrom|mailfrom)(?![\w.-])"
)
# The word itself; "helo=mail.example.com" only says which name was used.
_HELO = re.compile(r"(?<![\w.@])(?:helo|ehlo)(?! ?=|[\w.@])")
# This only says which name was used, unless it is the only one (smtp.helo= of RFC 8601 §2.7.2).
_NAMED = re.compile(r"(?<![\w@-])(?:helo|ehlo) ?=")
_MAIL_FROM = re.compile(r"(?<![\w.])(?:mail ?from|mfrom|envelope[- ](?:from|sender)|return-path)(?![\w.@])")
_RESULT = re.compile(
    r"(?<![\w.])(helo|ehlo|mail ?from|mfrom)\b[^,;|]{0,80}?"
    r"\b(pass|none|neutral|softfail|fail|permerror|temperror)\w{0,3}\b"
)
_HARMLESS = frozenset({"pass", "none", "neutral"})


def identity_in(words: str, stage: str | None = None, others: bool = True) -> SpfIdentity | None:
    """The identity that words about SPF are about; None when they do not say.

    ``stage``: the command that was answered. At HELO there is no MAIL FROM yet. ``others``: whether the
    words name another domain than the one in HELO.
    """
    if scope := _SCOPE.search(words):
        return "helo" if scope.group(1) in {"helo", "ehlo"} else "mailfrom"
    if stage == "helo":
        return "helo"
    if not _HELO.search(words) and (others or not _NAMED.search(words)):
        return None
    return "helo" if not _MAIL_FROM.search(words) else _the_one_that_failed(words)


def _the_one_that_failed(words: str) -> SpfIdentity | None:
    """Both are named: the one whose result is bad, if only one is."""
    bad = {
        "helo" if found.group(1) in {"helo", "ehlo"} else "mailfrom"
        for found in _RESULT.finditer(words)
        if found.group(2) not in _HARMLESS
    }
    if len(bad) != 1:
        return None
    return "helo" if "helo" in bad else "mailfrom"


def told_of_helo(meaning: str) -> str:
    """What a refusal for SPF means, where it is about HELO and not about the envelope sender."""
    return {SPF_FAIL: HELO_FAIL, SPF_BROKEN: HELO_BROKEN}.get(meaning, meaning)
