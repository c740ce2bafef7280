"""What a refusal means in plain words, where no row of the table of phrases says it."""

from __future__ import annotations

import re

from helpers.bounce.phrases import (
    DKIM_DNS,
    DKIM_FAIL,
    DMARC_BROKEN,
    DMARC_DNS,
    DMARC_REJECT,
    NO_AUTH,
    NO_POLICY,
    NOT_ALIGNED,
    SPF_BROKEN,
    SPF_DNS,
    SPF_FAIL,
)
from helpers.terms import Blamed

MEANINGS = {
    Blamed.DMARC: DMARC_REJECT,
    Blamed.SPF: SPF_FAIL,
    Blamed.DKIM: DKIM_FAIL,
    Blamed.ARC: "The chain of custody (ARC) that forwarders added did not verify.",
    Blamed.ALIGNMENT: NOT_ALIGNED,
    Blamed.AUTHENTICATION: NO_AUTH,
}
_UNREACHED = re.compile(
    r"temperror|temporar(?:y|ily) (?:\w+ ){0,2}(?:error|fail)|dns (?:\w+ )?(?:time-?out|error|fail)|"
    r"(?:time-?out|timed out|servfail)\b|"
    r"(?:can ?not|can't|could not|couldn't) be (?:looked up|resolved|retrieved|fetched)"
)
_BROKEN = re.compile(
    r"permerror|permanent(?: \w+)? error|too many (?:dns )?(?:look-?ups|terms|mechanisms)|syntax|malformed|"
    r"invalid spf|(?:multiple|two|several) (?:\w+ )?records|validation error"
)
_BROKEN_DMARC = re.compile(
    r"permerror|(?:invalid|malformed|broken|bad|multiple|several|two|more than one) dmarc records?|"
    r"dmarc records? (?:is|are|was) (?:invalid|malformed|broken)|dmarc (?:record )?syntax"
)
_NO_RECORD = re.compile(r"(?:no|without|missing|lacks?)(?: an?)?(?: valid)? dmarc (?:record|policy)")


def meaning_in(words: str, blamed: Blamed) -> str:
    """The meaning of words that blame a method: whether it failed, was out of reach or is set up wrongly.

    ``words`` are in the normal form of ``helpers.bounce.blame``.
    """
    if blamed == Blamed.DMARC and _NO_RECORD.search(words):
        return NO_POLICY
    if _UNREACHED.search(words):
        unreached = {Blamed.SPF: SPF_DNS, Blamed.DKIM: DKIM_DNS, Blamed.DMARC: DMARC_DNS}
        return unreached.get(blamed, MEANINGS[blamed])
    if blamed == Blamed.DMARC and _BROKEN_DMARC.search(words):
        return DMARC_BROKEN
    if blamed == Blamed.SPF and _BROKEN.search(words):
        return SPF_BROKEN
    return MEANINGS[blamed]


_LISTED = re.compile(r"(?<![\w.-])(spf|dkim|dmarc) ?= ?(pass|fail|softfail|none|permerror|temperror)\b")


def only_failure(words: str) -> tuple[Blamed, str] | None:
    """The one method that failed, where the words list the results of all three; with its listing."""
    results = {found.group(1): found for found in _LISTED.finditer(words)}
    failed = [found for found in results.values() if found.group(2) != "pass"]
    if len(results) < 3 or len(failed) != 1:
        return None
    return Blamed(failed[0].group(1)), failed[0].group()
