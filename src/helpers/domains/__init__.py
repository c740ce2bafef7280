"""Which organization a domain name belongs to: by DNS tree walk, or by the public suffix list.

RFC 9989 §4.10 climbs from a name towards the root and looks for DMARC records on the way: the
*DNS tree walk*. RFC 7489 §3.2 took a list of *public suffixes* (com, co.uk, …) and added one
label. Both answer the same question, the *organizational domain* of a name, and sometimes
differently, which is why the kit has both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from helpers.domains.record import clip, parse_dmarc
from helpers.lookup import a_label, ahead, u_label
from helpers.terms import Answer, DmarcRecord, DnsStatus, Rules, Shown, Step, filled_directly

if TYPE_CHECKING:
    from helpers.terms import Dns

__all__ = ["Lookups", "TreeWalk", "clip", "organizational_domain", "parse_dmarc", "tree_walk", "walk_names"]

MAX_WALK_QUERIES = 8  # RFC 9989 §4.10: a name of any length costs no more
LABELS_AFTER_FIRST = 7  # RFC 9989 §4.10 step 4: what a longer name is cut to after the first query
MAX_NAME = 253  # RFC 1035 §2.3.4, without the final dot

WALK = "RFC 9989 §4.10"
PREFIX = "_dmarc."


@filled_directly
@dataclass(frozen=True, slots=True, repr=False)
class TreeWalk(Shown):
    """A DNS tree walk and the organizational domain that follows from it (RFC 9989 §4.10.2)."""

    name: str  # where the walk started
    queries: tuple[str, ...]  # names asked for TXT, in order; at most 8
    records: tuple[DmarcRecord, ...]  # the valid ones, longest name first
    organizational_domain: str  # best known when the walk failed
    decided_by: str  # one sentence: which rule chose it
    failed: Answer | None = None  # the answer that ended the walk without a conclusion
    steps: tuple[Step, ...] = ()


class RecordAt(NamedTuple):
    """What one name on the way has: its DMARC record if it has exactly one."""

    domain: str
    query: str
    answer: Answer | None  # None: the name is too long to be asked for
    record: DmarcRecord | None
    total: int  # records that start with v=DMARC1
    step: Step

    @property
    def failed(self) -> bool:
        """True when DNS did not answer."""
        return self.answer is not None and self.answer.status is DnsStatus.FAILURE


class Lookups:
    """The DNS of one evaluation: every question is asked once, however many walks need it."""

    __slots__ = ("_answers", "_dns", "_found", "rules")

    def __init__(self, dns: Dns, rules: Rules = "rfc9989") -> None:
        self.rules = rules  # whose words the steps use
        self._dns = dns
        self._answers: dict[tuple[str, str], Answer] = {}
        self._found: dict[str, RecordAt] = {}

    def ask(self, name: str, rdtype: str) -> Answer:
        """The answer to one question, from DNS the first time."""
        answer = self._answers.get((name, rdtype))
        if answer is None:
            answer = self._answers[name, rdtype] = self._dns(name, rdtype)
        return answer

    def record_at(self, domain: str) -> RecordAt:
        """The DMARC record published for exactly this domain (RFC 9989 §4.10 steps 1 and 2)."""
        found = self._found.get(domain)
        if found is None:
            found = self._found[domain] = _record_at(domain, self)
        return found

    def found(self) -> tuple[RecordAt, ...]:
        """Everything ``record_at`` came to know, in the order it was asked for."""
        return tuple(self._found.values())


def _record_at(domain: str, lookups: Lookups) -> RecordAt:
    query = PREFIX + domain
    section = WALK if lookups.rules == "rfc9989" else "RFC 7489 §6.6.3"
    if len(query) > MAX_NAME:
        text = f"{query[:40]}… would be longer than a name in DNS can be, so there is no record."
        return RecordAt(domain, query, None, None, 0, Step(f"TXT {clip(query)}", text, section))
    answer = lookups.ask(query, "TXT")
    records = []
    if answer.status is DnsStatus.DATA:
        parsed = (parse_dmarc(value, domain) for value in answer.values)
        records = [record for record in parsed if record is not None]
    record = records[0] if len(records) == 1 else None
    followed = _what_followed(answer, record, len(records), lookups.rules)
    step = Step(f"TXT {query}", followed, section, answer)
    return RecordAt(domain, query, answer, record, len(records), step)


def _what_followed(answer: Answer, record: DmarcRecord | None, total: int, rules: Rules) -> str:
    if record is not None:
        text = f"One DMARC record: {clip(record.text, 200)}"
        return (
            f"{text} (psd={record.psd} ends the walk here)"
            if record.psd != "u" and rules == "rfc9989"
            else text
        )
    if total:
        what = "all of them are discarded" if rules == "rfc9989" else "which one holds is not defined"
        return f"{total} DMARC records at one name: {what}."
    if answer.status is DnsStatus.FAILURE:
        why = f" ({answer.failure})" if answer.failure else ""
        return f"DNS did not answer{why}: whether there is a DMARC record here stays unknown."
    if answer.status is DnsStatus.NXDOMAIN:
        return "There is no such name, so no DMARC record here."
    if answer.status is DnsStatus.NODATA:
        return "The name has no TXT record, so no DMARC record here."
    what = (
        "1 TXT record, which does"
        if len(answer.values) == 1
        else f"{len(answer.values)} TXT records, which do"
    )
    return f"{what} not start with v=DMARC1: no DMARC record here."


# --------------------------------------------------------------- RFC 9989, walk


def walk_names(name: str) -> tuple[str, ...]:
    """The domains whose ``_dmarc`` name a tree walk asks for, in order, if nothing stops it.

    At most eight: the name itself, then its ancestors from the one with seven labels on, or from
    its parent if that is shorter (RFC 9989 §4.10 steps 3 to 7).
    """
    labels = name.split(".")
    above = labels[1:] if len(labels) <= LABELS_AFTER_FIRST else labels[-LABELS_AFTER_FIRST:]
    return (name, *(".".join(above[start:]) for start in range(len(above))))


def walk(name: str, lookups: Lookups) -> TreeWalk:
    """``tree_walk`` for a name already in A-label form, with questions shared with other walks."""
    steps, queries, records = [], [], []
    failed = None
    for domain in walk_names(name):
        found = lookups.record_at(domain)
        steps.append(found.step)
        queries.append(found.query)
        if found.record is not None:
            records.append(found.record)
            if found.record.psd != "u":
                break
        elif found.failed:
            failed = found.answer
            break
    organizational, decided_by = _select(name, records)
    if failed is not None:
        decided_by = (
            f"DNS did not answer for {failed.name}, so the organizational domain of {name} is unknown"
        )
    return TreeWalk(
        name, tuple(queries), tuple(records), organizational, decided_by, failed, steps=tuple(steps)
    )


def _select(name: str, records: list[DmarcRecord]) -> tuple[str, str]:
    """The organizational domain among the records found, longest name first (RFC 9989 §4.10.2)."""
    for record in records:
        if record.psd == "n":
            return record.domain, f"psd=n at {record.domain} declares an organizational domain"
        if record.psd == "y" and record.domain != name:
            below = ".".join(name.split(".")[-(record.domain.count(".") + 2) :])
            return below, f"psd=y at {record.domain} puts the organizational domain one label below it"
    if records:
        top = records[-1].domain
        return top, f"{top} is the shortest name with a DMARC record on the way up"
    return name, f"no name from {name} up has a DMARC record, so {name} stands for itself"


def tree_walk(name: str, dns: Dns) -> TreeWalk:
    """Climb from a name towards the root, looking for DMARC records (RFC 9989 §4.10).

    Args:
        name: a domain name, in A-labels or U-labels, any case, with or without a final dot.
        dns: who is asked: ``dns(name, rdtype) -> Answer``.

    Returns:
        The names asked, the records found and the organizational domain. When DNS does not answer
        the walk ends there and ``failed`` holds that answer. A text that can't be a domain name
        is its own organizational domain, and nothing is asked.

    Raises:
        TypeError: ``dns`` is not a function.
    """
    if not callable(dns):
        raise TypeError("tree_walk needs dns=, a zone or a resolver to ask: nothing is looked up silently")
    ready = dns_name(name)
    if ready is None:
        return TreeWalk(name, (), (), name, f"{clip(name)} is not a domain name, so nothing is asked")
    dns = ahead(dns, [(PREFIX + ready, "TXT")], [lambda rehearsed: walk(ready, Lookups(rehearsed))])
    return walk(ready, Lookups(dns))


def dns_name(name: str | None) -> str | None:
    """A domain as the A-label name that DNS is asked for, or None: no domain, or an IP address."""
    ready = a_label(name) if name else None
    # No top-level domain is a number (RFC 3696 §2): 192.0.2.1 is an address. a_label refuses [ and ].
    return None if ready is None or ready.rpartition(".")[2].isdigit() else ready


# ------------------------------------------------- RFC 7489, public suffix list


@lru_cache(maxsize=1)
def _public_suffixes():  # type: ignore[no-untyped-def] # the package has no types
    from publicsuffixlist import PublicSuffixList  # reading the list takes 10 ms: when needed, once

    return PublicSuffixList(
        accept_encoded_idn=False
    )  # A-labels for its ten thousand names would take 30 more


def registered_domain(name: str) -> str:
    """The public suffix of an A-label name plus one label (RFC 7489 §3.2); a suffix is its own."""
    if "xn--" not in name:
        return _public_suffixes().privatesuffix(name) or name
    found = _public_suffixes().privatesuffix(u_label(name)) or name
    return ".".join(name.split(".")[-found.count(".") - 1 :])


def organizational_domain(name: str, dns: Dns | None = None, rules: Rules = "rfc9989") -> str:
    """The domain of the organization that a name belongs to.

    Args:
        name: a domain name, in A-labels or U-labels, any case, with or without a final dot.
        dns: who is asked; ``rules="rfc7489"`` asks nobody.
        rules: ``"rfc9989"`` by DNS tree walk (§4.10.2), ``"rfc7489"`` by public suffix list (§3.2).

    Returns:
        An A-label name: ``name`` or one of its ancestors. When DNS fails, what is known until
        then: ``tree_walk`` tells the two apart. A text that is no domain name comes back as it is.

    Raises:
        TypeError: no ``dns`` for RFC 9989. ValueError: unknown ``rules``.
    """
    if rules == "rfc7489":
        ready = dns_name(name)
        return registered_domain(ready) if ready is not None else name
    if rules != "rfc9989":
        raise ValueError(f'rules has to be "rfc9989" or "rfc7489", not {rules!r}')
    if dns is None:
        raise TypeError("organizational_domain needs dns=, a zone or a resolver to ask")
    return tree_walk(name, dns).organizational_domain
