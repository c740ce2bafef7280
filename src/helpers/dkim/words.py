"""What DKIM's steps and warnings say: the meaning of each tag, excerpts, and what a pass hides."""

from __future__ import annotations

import binascii
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from helpers.dkim.key import GOOD_RSA_BITS, MAX_KEY_RECORDS, KeyRecord
from helpers.dkim.signature import Signature
from helpers.dkim.tags import Problem, shorten
from helpers.terms import Answer, DnsFailure, DnsStatus, Result, Step

if TYPE_CHECKING:
    from helpers.dkim.check import Attempt
    from helpers.dkim.letter import BodyFinding

_GONE = "not in the message (any more): nobody may add one"
MAX_INNER_STEPS = 60  # a list longer than this is no help to a reader
_EXCERPT = 60  # bytes of a field or a body, characters of a tag
MAX_KEPT = _EXCERPT + 1  # bytes of what is quoted later: one more shows that there is more

_SIGNATURE_TAGS = {
    "v": "version; 1 is the only one",
    "a": "how it was signed: kind of key and hash",
    "b": "the signature itself",
    "bh": "hash of the body when it was signed",
    "c": "which changes are forgiven: in the header / in the body",
    "d": "the domain that vouches",
    "h": "header fields that are signed",
    "i": "on whose behalf, at that domain or below it",
    "l": "how many bytes of the body are signed; what follows is anybody's",
    "q": "how to get the key",
    "s": "selector: which of the domain's keys",
    "t": "when it was signed, in seconds since 1970",
    "x": "when it expires, in seconds since 1970",
    "z": "copies of header fields, for finding out what changed; not used for verifying",
}
_KEY_TAGS = {
    "v": "version; DKIM1 is the only one",
    "g": "obsolete, ignored",
    "h": "hashes that may be used",
    "k": "kind of key",
    "n": "a note for people",
    "p": "the public key; empty: revoked",
    "s": "services it is for: * or email",
    "t": "flags: y testing, s not for domains below",
}
# Fields that readers see or that decide how the body looks (RFC 6376 §5.4.1 lists most of them).
_MATTERS = {
    "subject": "Subject",
    "to": "To",
    "cc": "Cc",
    "date": "Date",
    "reply-to": "Reply-To",
    "message-id": "Message-ID",
    "in-reply-to": "In-Reply-To",
    "mime-version": "MIME-Version",
    "content-type": "Content-Type",
    "content-transfer-encoding": "Content-Transfer-Encoding",
}
_SHOWN_ONCE = ("from", "subject", "to", "date", "reply-to", "content-type")  # RFC 5322 §3.6: at most one each


def signature_step(place: int, signature: Signature, problem: Problem | None) -> tuple[Step]:
    """The DKIM-Signature field with its tags, and whether it can be evaluated."""
    finding = (
        problem.reason if problem else f"{signature.domain} vouches, with its key “{signature.selector}”"
    )
    followed = f"{len(signature.tags)} tags: {finding}."
    where = f"DKIM-Signature (header {place + 1})"
    return (Step(where, followed, "RFC 6376 §3.5", steps=tag_steps(signature.tags)),)


def tag_steps(tags: Mapping[str, str], key: bool = False) -> tuple[Step, ...]:
    """One step a tag: what it says and what it is for."""
    steps = [
        _tag_step(name, value, key)
        if len(name) <= _EXCERPT >= len(value)
        else _tag_step(shorten(name, _EXCERPT), shorten(value, _EXCERPT), key)
        for name, value in islice(tags.items(), MAX_INNER_STEPS)
    ]
    if len(tags) > MAX_INNER_STEPS:
        steps.append(_rest(len(tags)))
    return tuple(steps)


@lru_cache(maxsize=1024)  # a domain's messages differ in few tags
def _tag_step(name: str, value: str, key: bool) -> Step:
    meaning = (_KEY_TAGS if key else _SIGNATURE_TAGS).get(name, "unknown, ignored")
    return Step(f"{name}={value}", meaning, "RFC 6376 §3.6.1" if key else "RFC 6376 §3.5")


def beginnings(parts: Sequence[bytes]) -> list[bytes]:
    """As much of the parts that were signed as `header_steps` quotes; the last is the signature itself."""
    return [part[:MAX_KEPT] for part in [*parts[:MAX_INNER_STEPS], parts[-1]]]


def signed_step(
    signature: Signature, chosen: Sequence[int | None], parts: Sequence[bytes], size: int
) -> tuple[Step]:
    """The header fields that ``h=`` names; ``parts`` as `beginnings` cuts them, ``size`` in bytes of all."""
    return (
        Step(
            f"signed header fields, c={signature.canonicalization}",
            f"h= names {len(chosen)}; with the signature itself, b= left empty, {size} bytes.",
            "RFC 6376 §3.7",
            steps=header_steps(signature.signed_headers, chosen, parts),
        ),
    )


def header_steps(
    names: Sequence[str], chosen: Sequence[int | None], parts: Sequence[bytes]
) -> tuple[Step, ...]:
    """One step a signed field: which field of the message it is and what was hashed of it."""
    steps = [
        Step(
            name if len(name) <= _EXCERPT else shorten(name, _EXCERPT),
            _GONE if place is None else f"header {place + 1}: {excerpt(part)}",
            "RFC 6376 §5.4.2",
        )
        for name, place, part in zip(names[:MAX_INNER_STEPS], chosen, parts, strict=False)
    ]
    if len(names) > MAX_INNER_STEPS:
        steps.append(_rest(len(names)))
    steps.append(Step("dkim-signature", f"this one, b= emptied: {excerpt(parts[-1])}", "RFC 6376 §3.7"))
    return tuple(steps)


def key_step(name: str, answer: Answer, records: Sequence[KeyRecord], problem: Problem | None) -> tuple[Step]:
    """The question for the key, and what came back."""
    where = f"key record at {name}"
    if problem is not None:
        return (Step(where, sentence(problem.reason), problem.rfc, answer),)
    followed = "One TXT record."
    if len(answer.values) > 1:
        followed = (
            f"{len(answer.values)} TXT records, where there has to be one: "
            f"each that can be used is tried, {MAX_KEY_RECORDS} at most."
        )
    inner = tuple([record_step(record) for record in records])
    return (Step(where, followed, "RFC 6376 §3.6.2", answer, inner),)


def attempt_steps(domain: str | None, attempts: Sequence[Attempt]) -> tuple[Step, ...]:
    """One step a key that was tried."""
    return tuple([_attempt_step(domain, attempt) for attempt in attempts])


def _attempt_step(domain: str | None, attempt: Attempt) -> Step:
    where = "signature, b="
    if attempt.problem is not None:
        followed = f"Not checked with this key: {attempt.problem.reason}."
        return Step(where, followed, attempt.problem.rfc)
    key = "Ed25519" if attempt.kind == "ed25519" else f"{attempt.bits}-bit RSA"
    if attempt.ok:
        followed = f"The {key} key confirms it: {domain} signed exactly these bytes."
    else:
        followed = f"It does not fit these bytes under this {key} key."
    return Step(where, followed, "RFC 6376 §6.1.3")


def record_step(record: KeyRecord) -> Step:
    """One TXT record at the key's name, with its tags."""
    followed = (
        f"Can't be used: {record.problem.reason}." if record.problem else f"A key of type {record.kind}."
    )
    return Step(shorten(record.text, 80), followed, "RFC 6376 §3.6.1", steps=tag_steps(record.tags, key=True))


def no_key(name: str, answer: Answer) -> Problem | None:
    """Why DNS gave no key record at all; None when it gave one (RFC 6376 §6.1.2)."""
    if answer.status == DnsStatus.FAILURE:
        why = (
            "DNS did not answer in time" if answer.failure == DnsFailure.TIMEOUT else "DNS reported a failure"
        )
        reason = f"the key at {name} could not be fetched: {why}, so this may work later"
        return Problem(Result.TEMPERROR, reason, "RFC 6376 §6.1.2")
    if answer.status == DnsStatus.DATA and answer.values:
        return None
    why = "the name does not exist" if answer.status == DnsStatus.NXDOMAIN else "the name has no TXT record"
    reason = f"there is no key at {name} ({why}), so nobody can check this signature"
    return Problem(Result.PERMERROR, reason, "RFC 6376 §6.1.2")


def body_steps(signature: Signature, hash_name: str, found: BodyFinding, size: int) -> tuple[Step, Step]:
    """How the body was made canonical, and what its hash says; ``size`` is in bytes before that."""
    method, length = signature.body_canonicalization, signature.length
    canonical = Step(
        f"body, c={signature.canonicalization}",
        f"{size} bytes, {found.size} in the form “{method}”: {excerpt(found.beginning, found.size)}",
        "RFC 6376 §3.4.4" if method == "relaxed" else "RFC 6376 §3.4.3",
    )
    part = "the whole body" if length is None else f"the first {length} bytes (l=)"
    computed = binascii.b2a_base64(found.computed, newline=False).decode()
    if found.ok:
        reading = f" ({found.reading})" if found.reading else ""
        followed = f"The {hash_name} of {part}{reading} is {computed}, as bh= says: unchanged."
    elif length is not None and length > found.size:
        followed = f"l= says {length} bytes were signed, but only {found.size} are there."
    else:
        followed = (
            f"The {hash_name} of {part} is {computed}, but bh= says {shorten(signature.tags['bh'], 90)}."
        )
    if found.ok is None:
        followed += " The body did not come back whole, so this says nothing."
    return canonical, Step("body hash, bh=", followed, "RFC 6376 §6.1.3")


def times_step(signature: Signature, now: float, in_time: bool) -> tuple[Step]:
    """``t=`` and ``x=`` against the time of the check."""
    signed_at, expires = signature.signed_at, signature.expires
    made = "" if signed_at is None else f"Made {moment(signed_at)}. "
    until = "" if expires is None else f"Good until {moment(expires)}. "
    followed = f"{made}{until}Judged as of {moment(int(now))}: {'' if in_time else 'not '}in time."
    return (Step("times, t= and x=", followed, "RFC 6376 §3.5"),)


def sentence(text: str) -> str:
    """A reason with a capital letter and a full stop."""
    return f"{text[0].upper()}{text[1:]}."


def _rest(count: int) -> Step:
    return Step("…", f"and {count - MAX_INNER_STEPS} more")


def excerpt(data: bytes, size: int | None = None) -> str:
    """The beginning of ``size`` bytes (of ``data`` by default) as one line; ↵ stands for a line ending."""
    text = data[:_EXCERPT].decode("ascii", "backslashreplace").replace("\r\n", "↵")
    if not text.isprintable():
        text = "".join([c if c.isprintable() else f"\\x{ord(c):02x}" for c in text])
    return f"“{text}”" if (len(data) if size is None else size) <= _EXCERPT else f"“{text}…”"


@lru_cache(maxsize=256)
def moment(seconds: float) -> str:
    """A time in seconds since 1970 as date and time."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
    except (ValueError, OverflowError, OSError):
        return f"{seconds:.0f} seconds after 1970"


def warnings_of(
    signature: Signature,
    key: KeyRecord | None,
    rsa_bits: int | None,
    positions: Mapping[str, Sequence[int]],
    found: BodyFinding,
) -> tuple[str, ...]:
    """What "it fits" alone would hide (RFC 6376 §8.2 and §8.15; RFC 8301 §3.2)."""
    warnings = _about_fields(signature, positions)
    if signature.length is not None:
        extra = f"; {found.unsigned} more are here that nobody signed" if found.unsigned else ""
        warnings.append(
            f"Only the first {signature.length} bytes of the body are signed (l=){extra}: "
            "anybody may append text."
        )
    if rsa_bits is not None and rsa_bits < GOOD_RSA_BITS:
        warnings.append(f"The key has only {rsa_bits} bits; {GOOD_RSA_BITS} or more are recommended.")
    if signature.identity_domain != signature.domain:
        warnings.append(
            f"i= names {signature.identity_domain}; what counts for alignment is d={signature.domain} alone."
        )
    if found.reading:
        warnings.append(f"The hash of the body fits only in a second reading: {found.reading}.")
    return (*warnings, *key_warnings(key))


def key_warnings(key: KeyRecord | None) -> tuple[str, ...]:
    """What is worth knowing about the key, whatever the result."""
    if key is None or not key.testing:
        return key.warnings if key is not None else ()
    testing = "The domain says it is only testing DKIM (t=y): a failure counts no more than no signature."
    return (testing, *key.warnings)


def _about_fields(signature: Signature, positions: Mapping[str, Sequence[int]]) -> list[str]:
    signed: dict[str, int] = {}
    for name in signature.signed_headers:
        signed[name] = signed.get(name, 0) + 1
    found = []
    for name in _SHOWN_ONCE:
        there, covered = len(positions.get(name, ())), signed.get(name, 0)
        if there > 1 and 0 < covered < there:
            shown = _MATTERS.get(name, "From")
            found.append(
                f"There are {there} {shown} fields, of which the lower {covered} "
                f"{'is' if covered == 1 else 'are'} signed: the one a reader sees may be forged."
            )
    unsigned = [_MATTERS[name] for name in _MATTERS if name in positions and name not in signed]
    if unsigned:
        found.append(f"Not signed, so anybody may have changed them: {', '.join(unsigned)}.")
    single = [
        _MATTERS.get(name, "From")
        for name in ("from", "subject")
        if 0 < signed.get(name, 0) == len(positions.get(name, ()))
    ]
    if single:
        found.append(f"Not oversigned, so another one could be added unnoticed: {' and '.join(single)}.")
    return found
