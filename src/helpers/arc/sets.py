"""Reading ARC's three fields and putting them together as sets (RFC 8617 §4.1, §4.2, §5.2 step 3).

Glossary: an *ARC set* is what one forwarder added: what it found (ARC-Authentication-Results),
its signature over the message (ARC-Message-Signature, AMS), and its seal over all sets so far
(ARC-Seal, AS). The sets are numbered by ``i=``, oldest first; ``cv=`` is what the sealer found
about the sets before its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from helpers.dkim.signature import Signature, domain_label, read_content_tags, read_key_tags, require
from helpers.dkim.tags import FWS, MalformedError, Problem, parse_tags, shorten
from helpers.message import Header
from helpers.terms import Result

MAX_SETS = 50  # RFC 8617 §4.2.1
RESULTS, MESSAGE, SEAL = "arc-authentication-results", "arc-message-signature", "arc-seal"
NAMES = {RESULTS: "ARC-Authentication-Results", MESSAGE: "ARC-Message-Signature", SEAL: "ARC-Seal"}


@dataclass(frozen=True, slots=True)
class Field:
    """One ARC field: its number, where it is in the message, and its content."""

    instance: int
    place: int
    signature: Signature  # of AMS and AS; without tags for ARC-Authentication-Results
    text: str = ""  # what ARC-Authentication-Results says after i=


@dataclass(frozen=True, slots=True)
class RawSet:
    """The three fields with the same number."""

    results: Field
    message: Field
    seal: Field

    @property
    def cv(self) -> str:
        """What the sealer found about the chain before it."""
        return self.seal.signature.tags.get("cv", "").lower()


def read_sets(
    headers: Sequence[Header], positions: Mapping[str, Sequence[int]]
) -> tuple[list[RawSet], Problem | None]:
    """The ARC sets in order, oldest first; or why the fields don't make a chain (RFC 8617 §5.2)."""
    try:
        fields = {name: _read_all(name, headers, positions.get(name, [])) for name in NAMES}
        return _assemble(fields), None
    except MalformedError as malformed:
        return [], malformed.problem


def _read_all(name: str, headers: Sequence[Header], places: Sequence[int]) -> dict[int, Field]:
    if len(places) > MAX_SETS:
        raise MalformedError(
            f"there are more than {MAX_SETS} fields {NAMES[name]}", "RFC 8617 §4.2.1", Result.FAIL
        )
    found: dict[int, Field] = {}
    for place in places:
        try:
            field = (
                _read_results(headers[place], place)
                if name == RESULTS
                else _read_signed(name, headers, place)
            )
        except MalformedError as malformed:
            reason = f"{NAMES[name]} (header {place + 1}): {malformed.problem.reason}"
            raise MalformedError(reason, malformed.problem.rfc, Result.FAIL) from None
        if field.instance in found:
            reason = f"there are two fields {NAMES[name]} with the number i={field.instance}"
            raise MalformedError(reason, "RFC 8617 §4.2.1", Result.FAIL)
        found[field.instance] = field
    return found


def _assemble(fields: dict[str, dict[int, Field]]) -> list[RawSet]:
    count = max(max(found, default=0) for found in fields.values())
    sets = []
    for instance in range(1, count + 1):
        for name, found in fields.items():
            if instance not in found:
                reason = f"the set i={instance} lacks its {NAMES[name]}"
                raise MalformedError(reason, "RFC 8617 §5.2", Result.FAIL)
        sets.append(RawSet(*[fields[name][instance] for name in (RESULTS, MESSAGE, SEAL)]))
    return sets


def _read_results(header: Header, place: int) -> Field:
    first, semicolon, rest = header.value.partition(";")
    name, equals, number = first.partition("=")
    if not semicolon or not equals or name.strip(FWS) != "i":
        raise MalformedError("it does not begin with i= and a semicolon", "RFC 8617 §4.1.1")
    return Field(_instance(number.strip(FWS)), place, Signature(tags={}), rest.strip())


def _read_signed(name: str, headers: Sequence[Header], place: int) -> Field:
    listed = parse_tags(headers[place].raw.partition(b":")[2])
    tags = listed.tags
    if listed.problem:
        raise MalformedError(f"it is not a valid list of tags: {listed.problem}", "RFC 6376 §3.2")
    known: dict[str, Any] = {
        "domain": domain_label(tags.get("d", "")),
        "selector": domain_label(tags.get("s", "")),
    }
    if name == MESSAGE:
        require(tags, ("i", "a", "b", "bh", "d", "h", "s"))
        # Without c=, implementations of ARC and their common test suite take relaxed, unlike DKIM.
        read_content_tags({"c": "relaxed/relaxed", **tags}, known)
        names = [item.strip(FWS).lower() for item in tags["h"].split(":")]
        if SEAL in names:
            raise MalformedError("h= lists ARC-Seal, which it must not", "RFC 8617 §4.1.2")
        known["signed_headers"] = tuple([item for item in names if item])
    else:
        require(tags, ("i", "a", "b", "cv", "d", "s"))
        if "h" in tags:
            raise MalformedError("it has a tag h=, which a seal must not have", "RFC 8617 §4.1.3")
        if tags["cv"].lower() not in ("none", "pass", "fail"):
            raise MalformedError(f"cv={shorten(tags['cv'], 20)} is not none, pass or fail", "RFC 8617 §4.1.3")
    read_key_tags(tags, known)
    if known["algorithm"] == "rsa-sha1":
        raise MalformedError("a=rsa-sha1 no longer counts as a signature", "RFC 8301 §3.1")
    signature = Signature(tags=tags, identity_domain=known["domain"], **known)
    return Field(_instance(tags["i"]), place, signature)


def _instance(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 2 or not 1 <= int(text) <= MAX_SETS:
        raise MalformedError(f"i={shorten(text, 20)} is not a number from 1 to {MAX_SETS}", "RFC 8617 §4.2.1")
    return int(text)
