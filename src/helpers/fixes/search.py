"""Which candidates there are, which sets of them mend a message, and in which order they are told.

Every set is applied to a copy and evaluated. A set is listed when it passes and no smaller one
made of its parts does: nobody is told to do more than it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations

from helpers.diagnosis import Cause, default_signer
from helpers.fixes import dkim_repair, dmarc_repair, spf_repair, ways
from helpers.fixes.known_service import listed_service
from helpers.fixes.results import Fix, RejectedFix
from helpers.fixes.trial import Case, Goal, Trial, mended, outcome_of
from helpers.fixes.words import why_not
from helpers.terms import Authentication, DmarcCheck, Policy, Result

MAX_SET = 3  # more at once is not a repair any more
MAX_FIXES = 8
MAX_REJECTED = 6
MAX_TRIALS = 400  # a bound for odd cases; the samples need twenty to sixty

Step = Callable[[Trial], Trial | None]


@dataclass(frozen=True)
class Candidate:
    """One thing to try. Of those that are ``alone`` a set holds one at most."""

    code: str
    apply: Step
    alone: bool = False


# In the order in which they are applied when a set has several: the way first, then what it needs.
REPAIRS = (
    Candidate("one_author", ways.one_author),
    Candidate("exact_mail_from", ways.exact_mail_from),
    Candidate("helo_name", ways.helo_name, alone=True),
    Candidate("spf_merge", spf_repair.merge),
    Candidate("spf_syntax", spf_repair.respell),
    Candidate("spf_lookups", spf_repair.lighten),
    Candidate("spf_list_include", spf_repair.list_include, alone=True),
    Candidate("spf_list_address", spf_repair.list_address, alone=True),
    Candidate("dkim_key_mend", dkim_repair.mend_key, alone=True),
    Candidate("dkim_key_elsewhere", dkim_repair.key_elsewhere, alone=True),
    Candidate("dkim_key_publish", dkim_repair.publish_key, alone=True),
    Candidate("dmarc_keep_one", dmarc_repair.keep_one),
    Candidate("dmarc_mend", dmarc_repair.mend_policy),
    Candidate("dmarc_add", dmarc_repair.add_record),
    Candidate("relax_dkim", dmarc_repair.relax_dkim),
    Candidate("relax_spf", dmarc_repair.relax_spf),
    Candidate("listed_service", listed_service, alone=True),
    Candidate("listed_server", ways.listed_server, alone=True),
    Candidate("service_sign", dkim_repair.sign_for_author, alone=True),
    Candidate("service_return_path", ways.return_path, alone=True),
    Candidate("list_author", ways.list_writes_as_itself, alone=True),
    Candidate("author_change", ways.write_as_sender, alone=True),
)
_APPLIED = (
    "one_author",
    "listed_service",
    "listed_server",
    "service_return_path",
    "exact_mail_from",
    "helo_name",
    "author_change",
    "list_author",
)

# What people are told to do. It is tried whatever else helps, and told with its result.
ADVICE = (
    Candidate("spf_include", spf_repair.relay_include),
    Candidate("spf_hard_fail", spf_repair.hard_end),
    Candidate("dkim_key_only", dkim_repair.key_only),
    Candidate("srs", ways.rewritten_by_forwarder),
)
SENDER_TOO = ADVICE[0]  # beside HELO's record, where DMARC needs MAIL FROM to pass as well
BOTH = Candidate("service_both", ways.both)
POLICY_NONE = Candidate("policy_none", dmarc_repair.policy_none)

LISTING = frozenset({"spf_list_include", "spf_list_address"})
WITH_POLICY_GOAL = frozenset({"dmarc_keep_one", "dmarc_mend", "dmarc_add", "relax_dkim", "relax_spf"})


@dataclass(frozen=True)
class Tried:
    """A set of candidates, applied and evaluated."""

    parts: tuple[Candidate, ...]
    trial: Trial
    found: Authentication

    @property
    def code(self) -> str:
        """The codes of its parts."""
        return "+".join(part.code for part in self.parts)

    @property
    def passed(self) -> bool:
        """Whether the receiver has no reason left to refuse."""
        return mended(self.trial, self.found)


def search(case: Case) -> tuple[tuple[Fix, ...], tuple[RejectedFix, ...]]:
    """What mends the case, best first, and what was tried in vain."""
    start = Trial(case, case.message, case.envelope)
    if mended(start, start.judged()):
        return (), ()
    bench = _Bench(start)
    good = [one for size in range(1, MAX_SET + 1) for one in bench.sets(candidates_for(case), size)]
    good += bench.both(good)
    advice = [one for candidate in ADVICE if (one := bench.one((candidate,))) is not None]
    good += [one for one in advice if one.passed]
    last = bench.one((POLICY_NONE,)) if case.goal is Goal.DMARC else None
    fixes = [_fix(one) for one in sorted(_different(good), key=_rank)]
    if last is not None and _lets_through(case, last):
        fixes = [*fixes[: MAX_FIXES - 1], _fix(last)]
    bad = [one for one in (*advice, *bench.failed) if not one.passed]
    return tuple(fixes[:MAX_FIXES]), tuple(_rejected(one) for one in _different(bad)[:MAX_REJECTED])


def candidates_for(case: Case) -> tuple[Candidate, ...]:
    """The candidates that make sense for the cause."""
    left_out: set[str] = set()
    if case.cause not in spf_repair.SPF_CAUSES:
        left_out |= LISTING
    if case.goal is not Goal.DMARC:
        left_out |= WITH_POLICY_GOAL
    kept = tuple(one for one in REPAIRS if one.code not in left_out)
    return (*kept, SENDER_TOO) if case.about_helo else kept


class _Bench:
    """Where sets are tried: remembers what passed and what failed, so that no set is tried in vain."""

    def __init__(self, start: Trial) -> None:
        self.start = start
        self.failed: list[Tried] = []
        self._passing: list[frozenset[str]] = []
        self._count = 0

    def sets(self, candidates: tuple[Candidate, ...], size: int) -> Iterator[Tried]:
        """The sets of this size that pass and hold no smaller one that does."""
        passed = []
        for parts in combinations(candidates, size):
            codes = frozenset(part.code for part in parts)
            if sum(part.alone for part in parts) > 1 or any(smaller <= codes for smaller in self._passing):
                continue
            tried = self.one(_in_order(parts))
            if tried is None:
                continue
            if tried.passed:
                passed.append(tried)
            elif size == 1:
                self.failed.append(tried)
        self._passing += [frozenset(part.code for part in one.parts) for one in passed]
        return iter(passed)

    def both(self, good: list[Tried]) -> list[Tried]:
        """Return-Path and signature together, where either is enough: more than it takes, but sturdier."""
        alone = {one.code for one in good}
        if not {"service_sign", "service_return_path"} <= alone:
            return []
        tried = self.one((BOTH,))
        return [tried] if tried is not None and tried.passed else []

    def one(self, parts: tuple[Candidate, ...]) -> Tried | None:
        """A set, applied in its order and evaluated; None when a part of it has nothing to do."""
        trial: Trial | None = self.start
        for part in parts:
            trial = part.apply(trial) if trial is not None else None
        if trial is None or self._count >= MAX_TRIALS:
            return None
        self._count += 1
        found = trial.judged()
        return Tried(parts, _with_weaker_policy(trial, found.dmarc), found)


def _with_weaker_policy(trial: Trial, after: DmarcCheck) -> Trial:
    """Told as such where less is asked for mail of this author: a record below a name makes the name exist,
    so that sp applies to it in place of np (RFC 9989 §4.7)."""
    before = trial.case.dmarc
    if trial.weaker or before.policy is None or after.author_domain != before.author_domain:
        return trial
    if after.policy is not None and after.policy.strength >= before.policy.strength:
        return trial
    now = after.policy or "none at all"
    effect = f"The policy that applies to {after.author_domain} is then {now}, and no longer {before.policy}."
    return replace(trial, weaker=True).noting(effects=(effect,))


def _in_order(parts: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """Who writes and with which envelope first: the records that are needed depend on it."""
    return tuple(sorted(parts, key=lambda part: part.code not in _APPLIED))


def _different(rows: list[Tried]) -> list[Tried]:
    """Without those that ask for the same as one before them."""
    seen = set()
    kept = []
    for one in rows:
        asked = (one.trial.changes(), one.trial.envelope, one.trial.author)
        if asked not in seen:
            seen.add(asked)
            kept.append(one)
    return kept


def _rank(one: Tried) -> tuple[bool, bool, bool, bool, int, int]:
    """Proven by a pass first, then what keeps protection and author, then what finishes a DKIM set-up that
    is there already, then what asks for fewer changes."""
    trial = one.trial
    passed = one.found.dmarc.result == Result.PASS
    to_do = len(trial.changes()) + len(trial.other)
    to_do -= one.parts[0].code == "listed_service"  # the account is there, and it is plain where to go
    return not passed, trial.weaker, not trial.keeps_author, not _finishes(one), to_do, len(one.parts)


def _finishes(one: Tried) -> bool:
    """True for the very key that a signature needs, or for DKIM at a service that signs as itself so far."""
    if one.code in {"dkim_key_mend", "dkim_key_elsewhere"}:
        return True
    return one.code == "service_sign" and any(default_signer(c.domain or "") for c in one.trial.case.dkim)


def _lets_through(case: Case, one: Tried) -> bool:
    """p=none: it still fails, but nobody is asked to refuse it any more."""
    before, after = case.dmarc, one.found.dmarc
    asked = before.result == Result.FAIL and before.disposition != Policy.NONE
    return asked and after.result == Result.FAIL and after.disposition == Policy.NONE


# -------------------------------------------------------------------- results


def _assumed(one: Tried) -> tuple[str, ...]:
    """What the proof took for granted, or did without."""
    case, trial = one.trial.case, one.trial
    rows = list(trial.assumed)
    if one.found.spf is None:
        rows.append("SPF can't be recomputed without the client IP: the proof does without it.")
    if case.cause in NOT_SURELY_OURS:
        rows.append(
            "The message is one of your own. A forgery has to fail, and nothing is to be changed for it."
        )
    if case.message.is_excerpt:
        rows.append(
            "Only some lines of the header are at hand: look at the whole source before you change anything."
        )
    if case.forwarded and "service_sign" in one.code:
        rows.append("The forwarder passes the message on unchanged, as it did with this one.")
    return tuple(rows)


NOT_SURELY_OURS = frozenset({Cause.SPF_UNAUTHORIZED, Cause.SIGNATURE_BROKEN, Cause.NOTHING_AUTHENTICATES})


def _title(trial: Trial) -> str:
    """What is done, in one line: each part begins with a verb."""
    first, *more = trial.titles
    return "; ".join((first, *(f"and {part[:1].lower()}{part[1:]}" for part in more)))


def _fix(one: Tried) -> Fix:
    trial, proof = one.trial, one.found.dmarc
    fragile = tuple(text for text in proof.warnings if text.startswith("Only SPF is aligned"))
    return Fix(
        code=one.code,
        title=_title(trial),
        changes=trial.changes(),
        other=trial.other,
        who=trial.who,
        outcome=outcome_of(trial, one.found),
        proof=proof,
        protection_kept=not trial.weaker,
        side_effects=(*trial.effects, *fragile),
        assumptions=_assumed(one),
        stand_ins=trial.stand_ins(),
        message=trial.message,
        envelope=trial.envelope,
        authentication=one.found,
    )


def _rejected(one: Tried) -> RejectedFix:
    trial = one.trial
    return RejectedFix(
        code=one.code,
        title=_title(trial),
        changes=trial.changes(),
        why=why_not(one.code, trial, one.found),
        outcome=outcome_of(trial, one.found),
        proof=one.found.dmarc,
        other=trial.other,
        assumptions=_assumed(one),
        stand_ins=trial.stand_ins(),
        message=trial.message,
        envelope=trial.envelope,
        authentication=one.found,
    )
