"""Is an authenticated identifier aligned with the author domain? (RFC 9989 §4.4, §4.10.2)

*Strict*: the two names are identical. *Relaxed*: they have the same organizational domain. An
organizational domain is the name itself or an ancestor of it, which settles most comparisons
without a question to DNS: a name that is not below the author's organizational domain can't
have that one.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from helpers.domains import Lookups, TreeWalk, registered_domain, walk
from helpers.terms import Alignment, AlignmentMode, DmarcRecord, Result, Rules, Step

MAX_IDENTIFIERS_WALKED = 20  # ours: RFC 9989 bounds one walk, not how many a message can cause


class Identifier(NamedTuple):
    """What a method authenticated, or tried to."""

    label: str  # "MAIL FROM", "HELO" or "DKIM d="
    method: Literal["spf", "dkim"]
    written: str | None
    domain: str | None  # as A-label; None when there is none to compare
    result: Result
    counts: bool = True  # False: an SPF check of HELO alone


class Verdict(NamedTuple):
    """One row, and whether DNS left it open: then ``row.aligned`` is False, but unproven."""

    row: Alignment
    undecided: bool


class _Organization(NamedTuple):
    domain: str | None  # None: DNS did not answer
    decided_by: str
    steps: tuple[Step, ...] = ()


class Aligner:
    """Compares identifiers with one author domain. Each organizational domain is found once."""

    def __init__(
        self, author: str, record: DmarcRecord, lookups: Lookups, rules: Rules, climbed: TreeWalk | None
    ) -> None:
        self.author = author
        self.steps: list[Step] = []
        self._modes = {"spf": record.aspf, "dkim": record.adkim}
        self._lookups = lookups
        self._rules = rules
        self._known: dict[str, _Organization] = {}
        if climbed is not None:
            self._known[author] = _from_walk(climbed)
        self.organization = self._organization(author)
        shown = () if climbed is not None else self.organization.steps  # discovery shows that walk
        self.steps.append(
            Step(
                f"Organizational domain of the author domain {author}",
                f"{self.organization.domain or 'Unknown'}: {self.organization.decided_by}.",
                "RFC 9989 §4.10.2" if rules == "rfc9989" else "RFC 7489 §3.2",
                steps=shown,
            )
        )

    def compare(self, identifier: Identifier) -> Verdict:
        """One identifier against the author domain, whatever its own result is."""
        mode = self._modes[identifier.method]
        aligned, theirs, decided_by = self._decide(identifier, mode)
        row = Alignment(
            identifier.label,
            identifier.method,
            identifier.domain or identifier.written,
            identifier.result,
            theirs.domain if theirs is not None else None,
            mode,
            bool(aligned),
            decided_by,
        )
        word = {True: "Aligned", False: "Not aligned", None: "Unknown"}[aligned]
        result = f"{identifier.method.upper()} {identifier.result}"
        self.steps.append(
            Step(
                f"{identifier.label} {row.domain or '(none)'}, {result}",
                f"{word}: {decided_by}.",
                _section(self._rules, identifier.method),
                steps=theirs.steps if theirs is not None and identifier.domain != self.author else (),
            )
        )
        return Verdict(row, aligned is None)

    def _decide(
        self, identifier: Identifier, mode: AlignmentMode
    ) -> tuple[bool | None, _Organization | None, str]:
        """Aligned or not (None: DNS left it open), the identifier's organization if looked up, why."""
        name, author = identifier.domain, self.author
        if not identifier.counts:
            return False, None, "DMARC counts the MAIL FROM identity of SPF and not HELO"
        if name is None:
            return False, None, "there is no domain name to compare"
        if name == author:
            return True, self.organization, f"it is the author domain {author} itself"
        if mode is AlignmentMode.STRICT:
            tag = "aspf" if identifier.method == "spf" else "adkim"
            return False, None, f"{tag}=s asks for identical names, and {name} is not {author}"
        return self._decide_relaxed(name, identifier.result is Result.PASS)

    def _decide_relaxed(self, name: str, passed: bool) -> tuple[bool | None, _Organization | None, str]:
        ours = self.organization.domain
        below = ours is None or within(name, ours)
        theirs = self._organization(name) if (below or passed) and self._may_walk(name) else None
        if not below:
            if theirs is None or theirs.domain is None:
                why = f"{name} is neither {ours} nor below it, so {ours} can't be its organizational domain"
                return False, theirs, why
            return False, theirs, _different(name, theirs.domain, self.author, ours)
        if theirs is None:
            return False, None, f"more than {MAX_IDENTIFIERS_WALKED} identifiers: this one was not looked up"
        if ours is None or theirs.domain is None:
            return self._decide_blindly(name, theirs)
        if ours == theirs.domain:
            return True, theirs, f"{name} and {self.author} have the same organizational domain, {ours}"
        return False, theirs, _different(name, theirs.domain, self.author, ours)

    def _decide_blindly(self, name: str, theirs: _Organization) -> tuple[bool | None, _Organization, str]:
        """DNS did not answer for one of the two: certain only where nothing can bring them together."""
        if theirs.domain is not None:
            possible = within(self.author, theirs.domain)
        else:
            possible = self.organization.domain is not None or _top(name) == _top(self.author)
        if possible:
            failed = self.organization if self.organization.domain is None else theirs
            return None, theirs, failed.decided_by
        return False, theirs, f"{name} and {self.author} can't have the same organizational domain"

    def _may_walk(self, name: str) -> bool:
        return self._rules == "rfc7489" or name in self._known or len(self._known) <= MAX_IDENTIFIERS_WALKED

    def _organization(self, name: str) -> _Organization:
        found = self._known.get(name)
        if found is None:
            new = self._rules == "rfc9989"
            found = _from_walk(walk(name, self._lookups)) if new else _by_suffix(name)
            self._known[name] = found
        return found


def _from_walk(climbed: TreeWalk) -> _Organization:
    domain = None if climbed.failed is not None else climbed.organizational_domain
    return _Organization(domain, climbed.decided_by, climbed.steps)


def _by_suffix(name: str) -> _Organization:
    domain = registered_domain(name)
    if domain == name:
        why = f"{name} is registered directly under a public suffix, or is one"
    else:
        why = f"{domain} is one label more than the public suffix {domain.partition('.')[2]}"
    return _Organization(domain, why)


def _different(name: str, theirs: str, author: str, ours: str | None) -> str:
    text = f"{name} and {author} have different organizational domains"
    return text if name == theirs and author == ours else f"{text}, {theirs} and {ours}"


def _section(rules: Rules, method: str) -> str:
    if rules == "rfc9989":
        return "RFC 9989 §4.4.2" if method == "spf" else "RFC 9989 §4.4.1"
    return "RFC 7489 §3.1.2" if method == "spf" else "RFC 7489 §3.1.1"


def within(name: str, parent: str) -> bool:
    """True when ``name`` is ``parent`` or below it."""
    return name == parent or name.endswith("." + parent)


def _top(name: str) -> str:
    return name.rpartition(".")[2]
