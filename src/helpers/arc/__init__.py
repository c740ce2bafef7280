"""ARC: is the chain of custody that forwarders wrote into a message intact? RFC 8617.

An intact chain proves who handled the message and what each of them found; it does not say that
they are honest. A receiver that trusts the sealers may overrule a DMARC failure that forwarding
caused. `helpers.dkim` has the parts that ARC shares with DKIM.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers.arc.sets import MAX_SETS, NAMES, RESULTS, RawSet, read_sets
from helpers.dkim import CLOCK_SKEW
from helpers.dkim.canon import (
    CRLF,
    canonicalize_header,
    select_headers,
    signed_parts,
    without_signature_value,
)
from helpers.dkim.check import fetch_keys, try_keys
from helpers.dkim.letter import Letter
from helpers.dkim.words import (
    attempt_steps,
    beginnings,
    body_steps,
    header_steps,
    key_step,
    moment,
    sentence,
    tag_steps,
)
from helpers.terms import ArcCheck, Result, Shown, Step

if TYPE_CHECKING:
    from helpers.dkim.signature import Signature
    from helpers.dkim.tags import Problem
    from helpers.message import Message
    from helpers.terms import Dns

__all__ = ["MAX_SETS", "ArcSet", "key_names", "verify_arc"]


@dataclass(frozen=True, slots=True, repr=False)
class ArcSet(Shown):
    """What one forwarder added, and what is left of it (RFC 8617 §4.2).

    ``message_signature_ok`` tells whether the message is still as this forwarder sent it: False
    for all but the newest is usual, since each forwarder may change it. None: not checkable.
    """

    instance: int  # i=, 1 is the oldest
    domain: str | None  # who sealed: d= of ARC-Seal
    selector: str | None
    cv: str  # what the sealer found about the sets before: none, pass or fail
    authentication_results: str  # what it found itself, as written
    seal_ok: bool | None
    message_signature_ok: bool | None
    body_hash_ok: bool | None
    sealed_at: int | None  # t= of ARC-Seal, seconds since 1970
    reason: str = ""


def verify_arc(
    raw: bytes | str | Message, dns: Dns, now: float | None = None, *, body_returned: bool = True
) -> ArcCheck:
    """Is the ARC chain of this message intact?

    Arguments as for `verify_dkim`: the message, the source of key records, the time in seconds
    since 1970 (for signatures that expire), and ``body_returned=False`` when the body is known
    to be missing or cut.

    Returns ``none`` (no ARC field), ``pass``, or ``fail`` with the reason; ``neutral`` where the
    seals fit but the body did not come back, so that nobody can say. ``sets`` has one `ArcSet`
    a forwarder, oldest first. Never raises on odd mail. RFC 8617 §5.2.
    """
    if not callable(dns):
        raise TypeError("dns has to be something that answers DNS questions, for example a Zone")
    letter = Letter(raw, dns, body_returned)
    if not any(name in letter.positions for name in NAMES):
        step = Step("ARC fields", "There are none: no forwarder wrote down what it found.", "RFC 8617 §5.2")
        return ArcCheck(Result.NONE, (), "The message has no ARC fields.", (step,))
    return _Chain(letter, time.time() if now is None else now).run()


def key_names(message: Message) -> tuple[str, ...]:
    """Where `verify_arc` will ask for the keys of this message's sets."""
    sets, _ = read_sets(message.headers, message.positions)
    return _key_names(sets)


def _key_names(sets: list[RawSet]) -> tuple[str, ...]:
    fields = [field for one in reversed(sets) for field in (one.message, one.seal)]
    return tuple(dict.fromkeys([field.signature.query_name for field in fields]))


class _Chain:
    """The evaluation of one chain: collects steps and sets, ends in one frozen ArcCheck."""

    def __init__(self, letter: Letter, now: float) -> None:
        self.letter = letter
        self.now = now
        self.steps: list[Step] = []
        self.raw_sets: list[RawSet] = []
        self.problem: str | None = None  # the first thing that breaks the chain

    def run(self) -> ArcCheck:
        self.raw_sets, problem = read_sets(self.letter.headers, self.letter.positions)
        self._note_structure(problem)
        if problem is not None:
            return self._end(Result.FAIL, f"The chain is broken: {problem.reason}.", ())
        self.letter.ask_ahead(_key_names(self.raw_sets))
        found = [self._check_set(raw_set) for raw_set in reversed(self.raw_sets)][::-1]
        broken = self._first_break(found)
        if broken:
            return self._end(Result.FAIL, f"The chain is broken: {broken}.", tuple(found))
        sealers = ", ".join(dict.fromkeys([str(one.domain) for one in found]))
        if found[-1].message_signature_ok is None:
            reason = (
                f"The seals fit, but the body did not come back, so the chain can't be checked ({sealers})."
            )
            return self._end(Result.NEUTRAL, reason, tuple(found))
        reason = f"The chain is intact: {len(found)} set(s), sealed by {sealers}."
        return self._end(Result.PASS, reason, tuple(found))

    def _note_structure(self, problem: Problem | None) -> None:
        counts = ", ".join(
            f"{len(self.letter.positions.get(name, ()))} {shown}" for name, shown in NAMES.items()
        )
        if problem is not None:
            self.steps.append(Step(f"ARC fields: {counts}", sentence(problem.reason), problem.rfc))
            return
        followed = f"They make {len(self.raw_sets)} complete set(s), numbered without a gap."
        self.steps.append(Step(f"ARC fields: {counts}", followed, "RFC 8617 §5.2"))

    def _first_break(self, found: list[ArcSet]) -> str:
        """What breaks the chain, in the order RFC 8617 §5.2 looks; "" when nothing does."""
        newest = found[-1]
        if newest.cv == "fail":
            return f"{newest.domain}, the newest sealer, found it broken already (cv=fail)"
        for one in found:
            if one.cv != ("none" if one.instance == 1 else "pass"):
                return f"the seal i={one.instance} says cv={one.cv}, which can't be at that place"
        if newest.message_signature_ok is False:
            return f"the message is not as {newest.domain}, the newest sealer, signed it ({newest.reason})"
        for one in reversed(found):
            if not one.seal_ok:
                return f"the seal i={one.instance} of {one.domain} does not hold ({one.reason})"
        return ""

    # -- one set

    def _check_set(self, raw_set: RawSet) -> ArcSet:
        steps: list[Step] = [self._results_step(raw_set)]
        message_ok, body_ok, message_reason = self._check_message(raw_set, steps)
        seal_ok, seal_reason = self._check_seal(raw_set, steps)
        seal = raw_set.seal.signature
        words = {True: "fits", False: "does not fit", None: "can't be checked"}
        followed = (
            f"cv={raw_set.cv}; the seal {words[seal_ok]}; the signature over the message {words[message_ok]}."
        )
        where = f"ARC set i={raw_set.seal.instance}, sealed by {seal.domain}"
        self.steps.append(Step(where, followed, "RFC 8617 §5.2", steps=tuple(steps)))
        return ArcSet(
            instance=raw_set.seal.instance,
            domain=seal.domain,
            selector=seal.selector,
            cv=raw_set.cv,
            authentication_results=raw_set.results.text,
            seal_ok=seal_ok,
            message_signature_ok=message_ok,
            body_hash_ok=body_ok,
            sealed_at=seal.signed_at,
            reason=seal_reason if seal_ok is not True else message_reason,
        )

    def _results_step(self, raw_set: RawSet) -> Step:
        return Step(NAMES[RESULTS], f"It found: {raw_set.results.text[:300]}", "RFC 8617 §4.1.1")

    def _check_message(self, raw_set: RawSet, steps: list[Step]) -> tuple[bool | None, bool | None, str]:
        """The AMS: is the message as this forwarder signed it? RFC 8617 §4.1.2."""
        field, signature = raw_set.message, raw_set.message.signature
        chosen = select_headers(self.letter.positions, signature.signed_headers, field.place)
        parts = signed_parts(
            self.letter.headers, signature, field.place, chosen, self.letter.canonical_fields
        )
        where = f"ARC-Message-Signature (header {field.place + 1})"
        followed = f"{signature.domain} signed {len(chosen)} header fields and the body."
        shown = header_steps(signature.signed_headers, chosen, beginnings(parts))
        inner = (*tag_steps(signature.tags), *shown)
        steps.append(Step(where, followed, "RFC 8617 §4.1.2", steps=inner))
        body = self.letter.compare_body(signature, "sha256")
        steps += body_steps(signature, "sha256", body, len(self.letter.body))
        fits, reason = self._check_signature(signature, b"".join(parts), steps)
        if fits and signature.expires is not None and self.now > signature.expires + CLOCK_SKEW:
            return False, body.ok, f"it was only good until {moment(signature.expires)}"
        if not fits:
            return False, body.ok, reason or "the header was changed"
        if body.ok is None:
            return None, None, "the body did not come back"
        return body.ok, body.ok, "" if body.ok else "the body was changed"

    def _check_seal(self, raw_set: RawSet, steps: list[Step]) -> tuple[bool, str]:
        """The AS: are all sets up to this one as the sealer left them? RFC 8617 §5.1.1."""
        field, signature = raw_set.seal, raw_set.seal.signature
        signed = self._sealed_bytes(field.instance)
        where = f"ARC-Seal (header {field.place + 1})"
        followed = f"{signature.domain} sealed the sets 1 to {field.instance}, {len(signed)} bytes."
        steps.append(Step(where, followed, "RFC 8617 §4.1.3", steps=tag_steps(signature.tags)))
        fits, reason = self._check_signature(signature, signed, steps)
        return fits, reason or ("" if fits else "an ARC field was changed, or it is not their seal")

    def _sealed_bytes(self, instance: int) -> bytes:
        fields = [field for one in self.raw_sets[:instance] for field in (one.results, one.message, one.seal)]
        parts = [self._canonical(field.place) for field in fields[:-1]]
        own = without_signature_value(self.letter.headers[fields[-1].place].raw)
        parts.append(canonicalize_header(own, "relaxed").removesuffix(CRLF))
        return b"".join(parts)

    def _canonical(self, place: int) -> bytes:
        known = self.letter.canonical_fields.setdefault("relaxed", {})
        if place not in known:
            known[place] = canonicalize_header(self.letter.headers[place].raw, "relaxed")
        return known[place]

    def _check_signature(self, signature: Signature, signed: bytes, steps: list[Step]) -> tuple[bool, str]:
        records, problem, answer = fetch_keys(self.letter, signature)
        steps += key_step(signature.query_name, answer, records, problem)
        if problem is not None:
            return False, problem.reason
        trial = try_keys(records, signature, signed)
        steps += attempt_steps(signature.domain, trial.attempts)
        return trial.ok is True, trial.problem.reason if trial.problem is not None else ""

    def _end(self, result: Result, reason: str, sets: tuple[ArcSet, ...]) -> ArcCheck:
        self.steps.append(Step(f"result: {result}", reason, "RFC 8617 §5.2"))
        return ArcCheck(result, sets, reason, tuple(self.steps))
