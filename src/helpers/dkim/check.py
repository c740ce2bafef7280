"""The two halves that DKIM and ARC share: getting the keys of a signature, and trying them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers.dkim.key import KeyRecord, load_key, parse_key, signature_matches, unfit
from helpers.dkim.signature import ALGORITHMS, Signature
from helpers.dkim.tags import Problem
from helpers.dkim.words import no_key, record_step, sentence
from helpers.terms import Step, filled_directly

if TYPE_CHECKING:
    from helpers.dkim.letter import Letter

MAX_KEY_RECORDS = 10  # RFC 6376 §3.6.2.2: there has to be one, more are undefined; trying them has an end


@filled_directly
@dataclass(frozen=True, slots=True)
class Trial:
    """What trying the keys gave. ``ok`` is None when no key could be used; ``problem`` says why."""

    ok: bool | None
    problem: Problem | None
    record: KeyRecord | None
    bits: int | None
    steps: tuple[Step, ...]


def fetch_keys(letter: Letter, signature: Signature) -> tuple[list[KeyRecord], Problem | None, Step]:
    """Ask DNS for the key records of a signature. RFC 6376 §3.6.2, §6.1.2."""
    name = signature.query_name
    answer = letter.answer(name)
    problem = no_key(name, answer)
    if problem is not None:
        return [], problem, Step(f"key record at {name}", sentence(problem.reason), problem.rfc, answer)
    records = [parse_key(str(value)) for value in answer.values[:MAX_KEY_RECORDS]]
    inner = tuple([record_step(record.text) for record in records])
    followed = "One TXT record."
    if len(answer.values) > 1:
        followed = (
            f"{len(answer.values)} TXT records, where there has to be one: "
            f"each that can be used is tried, {MAX_KEY_RECORDS} at most."
        )
    return records, None, Step(f"key record at {name}", followed, "RFC 6376 §3.6.2", answer, inner)


def try_keys(records: list[KeyRecord], signature: Signature, signed: bytes) -> Trial:
    """Check the signature over ``signed`` with the first key that fits. RFC 6376 §6.1.2, §6.1.3."""
    kind, hash_name = ALGORITHMS[signature.algorithm or ""]
    steps: list[Step] = []
    problems: list[Problem] = []
    tried: tuple[KeyRecord, int | None] | None = None
    weak_bits = None
    for record in records:
        key, bits, problem = None, None, unfit(record, signature, kind, hash_name)
        if problem is None:
            key, bits, problem = load_key(kind, record.public_key)
        if key is None or problem is not None:
            assert problem is not None  # load_key gives a key or a problem  # noqa: S101
            problems.append(problem)
            weak_bits = weak_bits or bits
            steps.append(Step("signature, b=", f"Not checked with this key: {problem.reason}.", problem.rfc))
            continue
        tried = (record, bits)
        ok = signature_matches(kind, key, signature.signature, signed)
        steps.append(_matching_step(ok, "Ed25519" if kind == "ed25519" else f"{bits}-bit RSA", signature))
        if ok:
            return Trial(True, None, record, bits, tuple(steps))
    if tried is not None:
        return Trial(False, None, *tried, tuple(steps))
    # Another service's record at the same name (a wildcard, say) tells less than a broken or revoked key.
    problem = next((p for p in problems if "not a DKIM key record" not in p.reason), problems[0])
    reason = f"the key at {signature.query_name} can't be used: {problem.reason}"
    return Trial(None, Problem(problem.result, reason, problem.rfc), None, weak_bits, tuple(steps))


def _matching_step(ok: bool, key: str, signature: Signature) -> Step:
    if ok:
        followed = f"The {key} key confirms it: {signature.domain} signed exactly these bytes."
    else:
        followed = f"It does not fit these bytes under this {key} key."
    return Step("signature, b=", followed, "RFC 6376 §6.1.3")
