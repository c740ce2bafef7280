"""The two halves that DKIM and ARC share: getting the keys of a signature, and trying them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from helpers.dkim.key import MAX_KEY_RECORDS, KeyRecord, load_key, parse_key, signature_matches, unfit
from helpers.dkim.signature import ALGORITHMS, Signature
from helpers.dkim.tags import Problem
from helpers.dkim.words import no_key

if TYPE_CHECKING:
    from helpers.dkim.letter import Letter
    from helpers.terms import Answer


class Attempt(NamedTuple):
    """One key that was tried: ``ok`` is None where it could not be used, for the reason in ``problem``."""

    ok: bool | None
    kind: str
    bits: int | None = None
    problem: Problem | None = None


class Trial(NamedTuple):
    """What trying the keys gave. ``ok`` is None when no key could be used; ``problem`` says why."""

    ok: bool | None
    problem: Problem | None
    record: KeyRecord | None
    bits: int | None
    attempts: tuple[Attempt, ...]


def fetch_keys(letter: Letter, signature: Signature) -> tuple[list[KeyRecord], Problem | None, Answer]:
    """Ask DNS for the key records of a signature. RFC 6376 §3.6.2, §6.1.2."""
    name = signature.query_name
    answer = letter.answer(name)
    problem = no_key(name, answer)
    if problem is not None:
        return [], problem, answer
    return [parse_key(str(value)) for value in answer.values[:MAX_KEY_RECORDS]], None, answer


def try_keys(records: list[KeyRecord], signature: Signature, signed: bytes) -> Trial:
    """Check the signature over ``signed`` with the first key that fits. RFC 6376 §6.1.2, §6.1.3."""
    kind, hash_name = ALGORITHMS[signature.algorithm or ""]
    attempts: list[Attempt] = []
    tried: tuple[KeyRecord, int | None] | None = None
    weak_bits = None
    for record in records:
        key, bits, problem = None, None, unfit(record, signature, kind, hash_name)
        if problem is None:
            key, bits, problem = load_key(kind, record.public_key)
        if key is None or problem is not None:
            weak_bits = weak_bits or bits
            attempts.append(Attempt(None, kind, bits, problem))
            continue
        tried = (record, bits)
        ok = signature_matches(kind, key, signature.signature, signed)
        attempts.append(Attempt(ok, kind, bits))
        if ok:
            return Trial(True, None, record, bits, tuple(attempts))
    if tried is not None:
        return Trial(False, None, *tried, tuple(attempts))
    # Another service's record at the same name (a wildcard, say) tells less than a broken or revoked key.
    problems = [attempt.problem for attempt in attempts if attempt.problem is not None]
    problem = next((p for p in problems if "not a DKIM key record" not in p.reason), problems[0])
    reason = f"the key at {signature.query_name} can't be used: {problem.reason}"
    return Trial(None, Problem(problem.result, reason, problem.rfc), None, weak_bits, tuple(attempts))
