"""DKIM: does the domain ``d=`` vouch for these bytes? RFC 6376, 8301, 8463 (Ed25519), 8616 (IDN).

`verify_dkim` answers for every signature of a message. The functions it is made of are public, so
that a lesson can stop between any two: `parse_signature`, `parse_key`, `canonicalize_header`,
`canonicalize_body`, `body_hash`, `header_hash_input`, `signature_matches`.

How RFC 6376's outcomes are said in RFC 8601's words:

=========  ==================================================================================
pass       the signature and the body hash fit
fail       one of them does not: something was changed, or another key made the signature
neutral    the headers fit but the body did not come back; or a version of a=, c=, q= nobody knows
policy     valid in itself, but not to be counted: rsa-sha1, a key below 1024 bits, expired,
           from the future, or one of too many
permerror  can't be evaluated, now or later: bad syntax, key missing, revoked or unusable
temperror  DNS did not answer
=========  ==================================================================================
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from helpers.dkim.canon import (
    body_hash,
    canonicalize_body,
    canonicalize_header,
    header_hash_input,
    select_headers,
    signed_parts,
    single_blanks,
    with_crlf,
    without_signature_value,
)
from helpers.dkim.check import fetch_keys, try_keys
from helpers.dkim.key import MAX_KEY_RECORDS, KeyRecord, load_key, parse_key, signature_matches
from helpers.dkim.letter import BodyFinding, Letter
from helpers.dkim.signature import ALGORITHMS, Signature, parse_signature
from helpers.dkim.tags import Problem, TagList, parse_tags
from helpers.dkim.words import (
    attempt_steps,
    beginnings,
    body_steps,
    key_step,
    key_warnings,
    moment,
    sentence,
    signature_step,
    signed_step,
    tag_steps,
    times_step,
    warnings_of,
)
from helpers.message import positions_by_name
from helpers.terms import DkimCheck, KeyState, Result, Step, later, told

if TYPE_CHECKING:
    from helpers.message import Message
    from helpers.terms import Dns

__all__ = [
    "CLOCK_SKEW",
    "MAX_KEY_RECORDS",
    "MAX_SIGNATURES",
    "KeyRecord",
    "Problem",
    "Signature",
    "TagList",
    "body_hash",
    "canonicalize_body",
    "canonicalize_header",
    "header_hash_input",
    "key_questions",
    "load_key",
    "parse_key",
    "parse_signature",
    "parse_tags",
    "positions_by_name",
    "select_headers",
    "signature_matches",
    "single_blanks",
    "tag_steps",
    "verify_dkim",
    "with_crlf",
    "without_signature_value",
]

# RFC 6376 §6.1 lets a verifier limit the number it tries, since each costs a DNS query and a public-key
# operation. Mail in the wild has one to six; 50 leaves room for any chain of mailing lists.
MAX_SIGNATURES = 50
MAX_LISTED = 500  # ours: beyond, one row stands for all that are left
CLOCK_SKEW = 300  # seconds that clocks may differ, for t= and x= (RFC 6376 §3.5 leaves it open)


def verify_dkim(
    raw: bytes | str | Message, dns: Dns, now: float | None = None, *, body_returned: bool = True
) -> tuple[DkimCheck, ...]:
    """Which domains vouch for this message, and what did each signature prove?

    Arguments: ``raw``, the message as bytes (any line endings), as text, or read by
    `read_message`; ``dns``, the one source of key records; ``now`` in seconds since 1970, by
    default the clock, for signatures that expire; ``body_returned=False`` when the body is
    known to be missing or cut, as in bounces: a body that does not fit is then "not checkable"
    instead of changed. The same holds by itself when nothing follows the header.

    Returns one DkimCheck a DKIM-Signature field, topmost first; none: the message is unsigned. Of more
    than `MAX_SIGNATURES` the topmost are evaluated, and the others are "policy", with that reason; of
    more than `MAX_LISTED` the last row says how many have none of their own.
    Never raises on odd mail or odd DNS answers; TypeError when an argument is of the wrong
    type. RFC 6376 §6.1.
    """
    if not callable(dns):
        raise TypeError("dns has to be something that answers DNS questions, for example a Zone")
    letter = Letter(raw, dns, body_returned)
    now = time.time() if now is None else now
    places = letter.positions.get("dkim-signature", [])
    checks = [_Check(letter, place, now) for place in places[:MAX_SIGNATURES]]
    letter.ask_ahead(check.signature.query_name for check in checks if not problem_of(check.signature))
    tried = [check.run() for check in checks]
    listed = [_not_tried(letter, place, len(places)) for place in places[MAX_SIGNATURES:MAX_LISTED]]
    if len(places) > MAX_LISTED:
        listed.append(_not_listed(places[MAX_LISTED], len(places)))
    return (*tried, *listed)


def key_questions(message: Message) -> tuple[tuple[str, str], ...]:
    """For each signature of a message whose key `verify_dkim` will ask for: ``d=`` and the key's name."""
    fields = [header.raw for header in message.headers if header.name.lower() == "dkim-signature"]
    signatures = [parse_signature(raw) for raw in fields[:MAX_SIGNATURES]]
    return tuple([(str(one.domain), one.query_name) for one in signatures if not problem_of(one)])


def problem_of(signature: Signature) -> Problem | None:
    """Why this signature can't be evaluated, whatever its key; None when its key is asked for."""
    if signature.problem is None and ALGORITHMS.get(signature.algorithm or "", ("", ""))[1] == "sha1":
        reason = "rsa-sha1 can be forged and no longer counts as a signature"
        return Problem(Result.POLICY, reason, "RFC 8301 §3.1")
    return signature.problem


def _not_tried(letter: Letter, place: int, count: int) -> DkimCheck:
    listed = parse_signature(letter.headers[place].raw)
    reason = (
        f"Not evaluated: the message has {count} signatures, of which the first {MAX_SIGNATURES} are tried."
    )
    step = Step(f"DKIM-Signature (header {place + 1})", reason, "RFC 6376 §6.1")
    return DkimCheck(Result.POLICY, listed.domain, listed.selector, reason, header_index=place, steps=(step,))


def _not_listed(place: int, count: int) -> DkimCheck:
    reason = (
        f"Not evaluated: this and {count - MAX_LISTED - 1} more. The message has {count} signatures, "
        f"of which the first {MAX_SIGNATURES} are tried."
    )
    step = Step(f"DKIM-Signature (header {place + 1}) and those below", reason, "RFC 6376 §6.1")
    return DkimCheck(Result.POLICY, None, None, reason, header_index=place, steps=(step,))


# ---------------------------------------------------------------- one signature


class _Check:
    """The evaluation of one signature: collects steps, ends in one frozen DkimCheck."""

    def __init__(self, letter: Letter, place: int, now: float) -> None:
        self.letter = letter
        self.place = place
        self.now = now
        self.notes: list[Callable[[], tuple[Step, ...]]] = []  # what the steps will say, in order
        self.signature = parse_signature(letter.headers[place].raw)
        self.kind, self.hash_name = ALGORITHMS.get(self.signature.algorithm or "", ("", ""))
        self.key: KeyRecord | None = None
        self.key_state: KeyState | None = None
        self.key_bits: int | None = None
        self.signature_ok: bool | None = None
        self.body: BodyFinding | None = None

    def run(self) -> DkimCheck:
        problem = self._read()
        if problem is not None:
            return self._end(
                problem.result, f"The signature can't be evaluated: {problem.reason}.", problem.rfc
            )
        records, problem, answer = fetch_keys(self.letter, self.signature)
        self.notes.append(partial(key_step, self.signature.query_name, answer, records, problem))
        if problem is not None:
            unreachable = problem.result == Result.TEMPERROR
            self.key_state = KeyState.UNREACHABLE if unreachable else KeyState.MISSING
        self.body = self.letter.compare_body(self.signature, self.hash_name)
        size = len(self.letter.body)
        self.notes.append(partial(body_steps, self.signature, self.hash_name, self.body, size))
        if problem is None:
            problem = self._check_signature(records)
        if problem is not None:
            return self._end(problem.result, sentence(problem.reason), problem.rfc)
        return self._judge()

    # -- reading

    def _read(self) -> Problem | None:
        problem = problem_of(self.signature)
        self.notes.append(partial(signature_step, self.place, self.signature, problem))
        return problem

    # -- signature

    def _check_signature(self, records: list[KeyRecord]) -> Problem | None:
        """Try each key that may be used. A Problem when there is none."""
        signature, headers = self.signature, self.letter.headers
        chosen = select_headers(self.letter.positions, signature.signed_headers, self.place)
        parts = signed_parts(headers, signature, self.place, chosen, self.letter.canonical_fields)
        signed = b"".join(parts)
        self.notes.append(partial(signed_step, signature, chosen, beginnings(parts), len(signed)))
        trial = try_keys(records, signature, signed)
        self.notes.append(partial(attempt_steps, signature.domain, trial.attempts))
        self.key, self.key_bits, self.signature_ok = trial.record, trial.bits, trial.ok
        self.key_state = KeyState.FOUND
        if trial.ok is None:
            revoked = any(record.revoked for record in records)
            self.key_state = KeyState.REVOKED if revoked else KeyState.INVALID
        return trial.problem

    # -- verdict

    def _judge(self) -> DkimCheck:
        assert self.body is not None  # set before  # noqa: S101
        body_ok = self.body.ok
        if not self.signature_ok or body_ok is False:
            return self._end(Result.FAIL, self._what_differs(), "RFC 6376 §6.1.3")
        problem = self._check_times()
        if problem is not None:
            return self._end(problem.result, problem.reason, problem.rfc)
        domain = self.signature.domain
        if body_ok is None:
            reason = (
                f"{domain} did sign these header fields. The body did not come back with them, "
                "so whether it was changed can't be checked: neither pass nor fail."
            )
            return self._end(Result.NEUTRAL, reason, "RFC 6376 §6.1.3")
        what = "the part of it that was signed" if self.body.unsigned else "what was signed"
        reason = f"{domain} signed this message, and {what} is unchanged."
        return self._end(Result.PASS, reason, "RFC 6376 §6.1.3")

    def _what_differs(self) -> str:
        assert self.body is not None  # set before  # noqa: S101
        domain = self.signature.domain
        if self.signature_ok:
            if (self.signature.length or 0) > self.body.size:
                return f"{domain} signed this header and a longer body: a part of the body is missing (l=)."
            return f"{domain} signed this header, but not this body: the body was changed on the way."
        header = f"a signed header field was changed, or {domain} did not make this signature"
        if self.body.ok is None:
            return f"The signature does not fit the header: {header}. The body did not come back."
        if self.body.ok:
            return (
                f"The body is the one that was signed, but the signature does not fit the header: {header}."
            )
        return f"The body was changed, and the signature does not fit the header: {header}."

    def _check_times(self) -> Problem | None:
        signed_at, expires = self.signature.signed_at, self.signature.expires
        if signed_at is None and expires is None:
            return None
        problem = None
        if expires is not None and self.now > expires + CLOCK_SKEW:
            reason = f"The signature fits, but it was only good until {moment(expires)}: it has expired."
            problem = Problem(Result.POLICY, reason, "RFC 6376 §3.5")
        elif signed_at is not None and signed_at > self.now + CLOCK_SKEW:
            reason = (
                f"The signature fits, but says it was made on {moment(signed_at)}, which is in the future."
            )
            problem = Problem(Result.POLICY, reason, "RFC 6376 §3.5")
        self.notes.append(partial(times_step, self.signature, self.now, problem is None))
        return problem

    def _end(self, result: Result, reason: str, rfc: str) -> DkimCheck:
        signature, body = self.signature, self.body
        warnings = key_warnings(self.key)
        if self.signature_ok and body is not None:
            bits = self.key_bits if self.kind == "rsa" else None
            warnings = later(warnings_of, signature, self.key, bits, self.letter.positions, body)
        self.notes.append(partial(_result_step, result, reason, rfc))
        return DkimCheck(
            result=result,
            domain=signature.domain,
            selector=signature.selector,
            reason=reason,
            body_hash_ok=body.ok if body is not None else None,
            signature_ok=self.signature_ok,
            identity=signature.identity,
            algorithm=signature.algorithm,
            canonicalization=signature.canonicalization,
            signed_headers=signature.signed_headers,
            key_state=self.key_state,
            key_bits=self.key_bits,
            header_index=self.place,
            warnings=warnings,
            steps=later(told, self.notes),
        )


def _result_step(result: Result, reason: str, rfc: str) -> tuple[Step]:
    return (Step(f"result: {result}", reason, rfc),)
