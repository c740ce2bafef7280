"""DMARC: is the domain in From the one that SPF or DKIM authenticated, and what if not?

Takes the results of SPF and DKIM, not the message. Words: the *author domain* is the domain of
From; *published* is the policy its owner wrote down, *policy* what remains of it for this
message; the *disposition* is what the owner asks receivers to do with this very message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from helpers.dmarc.alignment import MAX_IDENTIFIERS_WALKED, Aligner, Identifier, Verdict
from helpers.dmarc.discovery import Discovery, discover
from helpers.dmarc.warnings import other_rules_may_differ, warnings_for
from helpers.domains import Lookups, clip, dns_name, parse_dmarc, registered_domain
from helpers.lookup import ahead, can_ask_ahead
from helpers.terms import Alignment, DkimCheck, DmarcCheck, Policy, Result, Rules, SpfCheck, Step

if TYPE_CHECKING:
    from helpers.terms import Dns

__all__ = ["evaluate_dmarc", "foresee", "parse_dmarc"]

MAX_NAMED = 3  # domains spelled out in a reason

Pair = tuple[str | None, Result | str]


def evaluate_dmarc(
    *,
    author_domain: str | None,
    spf: SpfCheck | Pair | Sequence[SpfCheck | Pair] | None = None,
    dkim: DkimCheck | Pair | Sequence[DkimCheck | Pair] | None = (),
    dns: Dns,
    rules: Rules = "rfc9989",
) -> DmarcCheck:
    """Is one authenticated identifier aligned with the author domain, and what follows? (RFC 9989)

    Args:
        author_domain: the domain of From, ``Message.author_domain``: A-labels or U-labels, any case.
            None when there is no single one; the result is then ``none``.
        spf: an ``SpfCheck``, a pair ``(domain, result)`` for the MAIL FROM identity, or several. A
            check of HELO counts only as the stand-in for the null sender (RFC 7208 §2.4).
        dkim: a ``DkimCheck`` or pair ``(domain, result)`` for each signature.
        dns: who is asked: ``dns(name, rdtype) -> Answer``. The first questions are those of policy
            discovery, in order; none is asked twice.
        rules: ``"rfc9989"`` with its DNS tree walk, or ``"rfc7489"`` with the public suffix list.

    Returns:
        The result, its reason and every step. ``temperror`` only where the answer hangs on a
        look-up that failed (§5.3.6).

    Raises:
        TypeError: ``dns`` is missing, or ``spf`` or ``dkim`` is something else. ValueError: an
            unknown ``rules`` or result word.
    """
    if not callable(dns):
        raise TypeError(
            "evaluate_dmarc needs dns=, a zone or a resolver to ask: nothing is looked up silently"
        )
    if rules not in ("rfc9989", "rfc7489"):
        raise ValueError(f'rules has to be "rfc9989" or "rfc7489", not {rules!r}')
    identifiers = [_spf_identifier(item) for item in _several(spf, "spf")]
    identifiers += [_dkim_identifier(item) for item in _several(dkim, "dkim")]
    author = dns_name(author_domain)
    if author is None:
        return _without_author(author_domain, rules)
    if can_ask_ahead(dns):
        dns = ahead(dns, [_first_question(author)], _rehearsals(author, identifiers, rules))
    return _check(author, identifiers, dns, rules)


def foresee(
    author_domain: str | None, identifiers: Sequence[tuple[str, str]], rules: Rules
) -> tuple[list[tuple[str, str]], list[Callable[[Dns], object]]]:
    """What `evaluate_dmarc` will ask first, and its rehearsals, before SPF and DKIM have results.

    ``identifiers``: pairs of ``"spf"`` or ``"dkim"`` and a domain. They are taken to pass, since
    only what passes may need a look-up. Both as `lookup.ahead` takes them.
    """
    author = dns_name(author_domain)
    if author is None or rules not in ("rfc9989", "rfc7489"):
        return [], []
    named = [
        (_spf_identifier if method == "spf" else _dkim_identifier)((domain, Result.PASS))
        for method, domain in identifiers
    ]
    return [_first_question(author)], _rehearsals(author, named, rules)


def _first_question(author: str) -> tuple[str, str]:
    return f"_dmarc.{author}", "TXT"


def _rehearsals(author: str, identifiers: list[Identifier], rules: Rules) -> list[Callable[[Dns], object]]:
    found: list[Callable[[Dns], object]] = [lambda dns: _check(author, identifiers, dns, rules)]
    if rules == "rfc7489":  # the record that counts where the author domain has none
        found.append(lambda dns: Lookups(dns, rules).record_at(registered_domain(author)))
    return found


def _check(author: str, identifiers: list[Identifier], dns: Dns, rules: Rules) -> DmarcCheck:
    """The check with its warnings, for an author domain in A-label form."""
    lookups = Lookups(dns, rules)
    check = _evaluate(author, identifiers, lookups, rules)
    other = None
    if other_rules_may_differ(check, lookups):  # what it still has to ask comes after everything above
        other = _evaluate(author, identifiers, lookups, "rfc7489" if rules == "rfc9989" else "rfc9989")
    warnings = warnings_for(check, other, lookups)
    return replace(check, warnings=warnings) if warnings else check


# ---------------------------------------------------------------- what was given


def _several(given: Any, name: str) -> Iterable[Any]:
    """The checks as a sequence, whether none, one or several were given."""
    if given is None:
        return ()
    if isinstance(given, (SpfCheck, DkimCheck)) or _is_pair(given):
        return (given,)
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise TypeError(f"{name} has to be a check, a pair (domain, result) or a sequence of these")
    return given


def _is_pair(given: Any) -> bool:
    return (
        isinstance(given, (tuple, list))
        and len(given) == 2
        and isinstance(given[1], str)
        and (given[0] is None or isinstance(given[0], str))
    )


def _spf_identifier(item: Any) -> Identifier:
    if isinstance(item, SpfCheck):
        helo = item.identity == "helo"
        counts = not helo or (item.mail_from is not None and not item.mail_from.strip(" <>"))
        label = "HELO" if helo else "MAIL FROM"
        return Identifier(label, "spf", item.domain, dns_name(item.domain), item.result, counts)
    if not _is_pair(item):
        raise TypeError(f"spf has to hold SpfCheck or (domain, result), not {type(item).__name__}")
    return Identifier("MAIL FROM", "spf", item[0], dns_name(item[0]), Result(item[1].lower()))


def _dkim_identifier(item: Any) -> Identifier:
    if isinstance(item, DkimCheck):
        return Identifier("DKIM d=", "dkim", item.domain, dns_name(item.domain), item.result)
    if not _is_pair(item):
        raise TypeError(f"dkim has to hold DkimCheck or (domain, result), not {type(item).__name__}")
    return Identifier("DKIM d=", "dkim", item[0], dns_name(item[0]), Result(item[1].lower()))


def _without_author(given: str | None, rules: Rules) -> DmarcCheck:
    if given is None:
        reason = "There is no single author domain: From is missing, repeated, or names several domains."
    else:
        reason = f"{clip(given) or 'An empty text'} is not a domain name, so it can't have a DMARC record."
    section = "RFC 9989 §5.3.1" if rules == "rfc9989" else "RFC 7489 §6.6.1"
    step = Step("Author domain", f"{reason} DMARC can't be evaluated.", section)
    return DmarcCheck(Result.NONE, given, rules=rules, reason=reason, steps=(step,))


# ------------------------------------------------------------------- evaluation


def _evaluate(author: str, identifiers: list[Identifier], lookups: Lookups, rules: Rules) -> DmarcCheck:
    """The check by one set of rules, without warnings."""
    found = discover(author, lookups, rules)
    if found.state != "found" or found.record is None:
        return _without_policy(author, found, rules)
    aligner = Aligner(author, found.record, lookups, rules, found.walk)
    if len(identifiers) > MAX_IDENTIFIERS_WALKED:  # a flood of failed signatures must not use the walks up
        identifiers = sorted(identifiers, key=lambda one: one.result is not Result.PASS)
    verdicts = [aligner.compare(identifier) for identifier in identifiers]
    result, reason = _result(author, verdicts, found)
    disposition = found.applied if result is Result.FAIL and found.applied is not None else Policy.NONE
    steps = (
        *found.steps,
        *aligner.steps,
        *_conclusion(result, reason, disposition, found, rules, found.record.domain),
    )
    return DmarcCheck(
        result,
        author,
        policy=found.applied,
        published=found.published,
        policy_domain=found.record.domain,
        organizational_domain=aligner.organization.domain,
        disposition=disposition,
        record=found.record,
        alignments=tuple([verdict.row for verdict in verdicts]),
        rules=rules,
        reason=reason,
        steps=steps,
    )


def _without_policy(author: str, found: Discovery, rules: Rules) -> DmarcCheck:
    """No policy applies: ``none``, or ``temperror`` when DNS did not say whether one does."""
    result = Result.TEMPERROR if found.state == "failed" else Result.NONE
    section = "RFC 9989 §5.3.2" if rules == "rfc9989" else "RFC 7489 §6.6.3"
    if result is Result.TEMPERROR:
        section = "RFC 9989 §5.3.6" if rules == "rfc9989" else "RFC 7489 §6.6.3"
    return DmarcCheck(
        result,
        author,
        policy_domain=found.record.domain if found.record is not None else None,
        organizational_domain=found.walk.organizational_domain if found.walk is not None else None,
        record=found.record,
        rules=rules,
        reason=found.reason,
        steps=(*found.steps, Step("Result", f"dmarc={result}: {found.reason}", section)),
    )


def _result(author: str, verdicts: list[Verdict], found: Discovery) -> tuple[Result, str]:
    """pass, fail or temperror, and why in one sentence (RFC 9989 §5.3.5, §5.3.6)."""
    rows = [verdict.row for verdict in verdicts]
    passed = [row for row in rows if row.result is Result.PASS]
    if aligned := [row for row in passed if row.aligned]:
        return Result.PASS, _passed(aligned, author)
    for row, undecided in verdicts:
        if undecided and row.result in (Result.PASS, Result.TEMPERROR):
            return Result.TEMPERROR, f"{row.decided_by[:1].upper()}{row.decided_by[1:]}."
        if row.aligned and row.result is Result.TEMPERROR:
            # The queries of SPF and DKIM are among those that DMARC validation requires. RFC 9989
            # §5.3.6 does not name them; RFC 7489 §6.6.2 did: when nothing passes and one of the two
            # ended in a temporary error, the policy can't be applied. Where nothing could align
            # either way, the outcome does not hang on the error, and the message fails.
            what = f"{row.method.upper()} could not be checked for {row.domain}, which would be aligned"
            return Result.TEMPERROR, f"{what}: DNS did not answer."
    if found.published is None:
        return Result.TEMPERROR, f"DNS did not say whether {author} exists, and its policy hangs on that."
    if passed:
        return Result.FAIL, _passed(passed, author)
    tried = [f"{row.method.upper()} {row.result} for {row.domain or 'no domain'}" for row in rows]
    detail = f": {_listed(tried)}" if tried else ", and no signature or SPF result is there at all"
    return Result.FAIL, f"Nothing authenticates the author domain {author}{detail}."


def _passed(rows: list[Alignment], author: str) -> str:
    """One sentence about identifiers that passed, all of them aligned or none."""
    names = list(dict.fromkeys(f"{row.method.upper()} passed for {row.domain}" for row in rows))
    yes = rows[0].aligned
    if len(names) == 1:
        return f"{names[0]}, which is {'' if yes else 'not '}aligned with the author domain {author}."
    return f"{_listed(names)}: {'' if yes else 'not '}aligned with the author domain {author}."


def _listed(names: list[str]) -> str:
    unique = list(dict.fromkeys(names))
    rest = len(unique) - MAX_NAMED
    return ", ".join(unique[:MAX_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _conclusion(
    result: Result, reason: str, disposition: Policy, found: Discovery, rules: Rules, owner: str
) -> tuple[Step, Step]:
    new = rules == "rfc9989"
    section = "RFC 9989 §5.3.5" if new else "RFC 7489 §6.6.2"
    if result is Result.TEMPERROR and new:
        section = "RFC 9989 §5.3.6"
    handling = _handling(result, disposition, found.pct, owner, new)
    return (
        Step("Result", f"dmarc={result}: {reason}", section),
        Step("Disposition", handling, "RFC 9989 §5.4, §7.4" if new else "RFC 7489 §6.6.4"),
    )


def _handling(result: Result, disposition: Policy, pct: int, owner: str, new: bool) -> str:
    """What the domain owner asks receivers to do with this message."""
    if result is Result.PASS:
        return "none: the message passed, so no policy is applied to it."
    if result is Result.TEMPERROR:
        return "none: neither passed nor failed, so no policy can be applied; a later attempt may decide."
    if pct not in (0, 100) and disposition is not Policy.NONE:
        return f"{disposition} for {pct} of 100 such messages, one level less for the others."
    if disposition is Policy.NONE:
        return f"none: {owner} asks for no other handling than without DMARC."
    if disposition is Policy.QUARANTINE:
        return f"quarantine: {owner} asks receivers to take it as suspicious."
    text = f"reject: {owner} asks receivers to refuse it."
    return text + (" For that reason alone they must not, but treat it as quarantine." if new else "")
