"""How many look-ups an SPF record takes, what is behind its terms, and a record that takes fewer.

RFC 7208 §4.6.4 allows ten terms that make a receiver ask DNS, and two that find nothing.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from itertools import islice

from helpers.fixes.changes import registered
from helpers.fixes.spf_text import MAX_RECORD, is_spf, joined, terms_of, without_plus_all
from helpers.fixes.trial import Trial
from helpers.spf import SpfTerm, check_spf, parse_spf
from helpers.terms import DnsStatus, Result, SpfCheck

LOOKUPS = 10  # RFC 7208 §4.6.4
MAX_FLAT = 20  # ours: networks that a look-up may be replaced by; more are not kept up by hand
MAX_TERMS = 40  # ours: terms of one record that are looked into, for hostile records
NOBODY = "240.0.0.1"  # RFC 1112 §4: reserved, so no term lists it and every term is looked at


class Budget:
    """How many more records may be read to write others out: records that lead in circles have no end."""

    def __init__(self, records: int = 3 * LOOKUPS) -> None:
        self.left = records

    def one_more(self) -> bool:
        """Whether one more may be read; it is counted."""
        self.left -= 1
        return self.left >= 0


def records_at(trial: Trial, domain: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """All TXT records of a domain, and those of them that are SPF records. None: DNS does not say."""
    values = trial.values(domain, "TXT")
    return None if values is None else (values, tuple(value for value in values if is_spf(value)))


def with_spf_record(trial: Trial, domain: str, new: str) -> Trial | None:
    """The trial with this one SPF record, in the place of those that are there."""
    found = records_at(trial, domain)
    if found is None:
        return None
    values, old = found
    place = values.index(old[0]) if old else len(values)
    kept = [value for value in values if value not in old]
    kept.insert(min(place, len(kept)), new)
    return trial.with_record(trial.home(domain, "TXT"), "TXT", *kept)


def check_worst(trial: Trial, domain: str) -> SpfCheck:
    """SPF for an address that nothing lists: every term is looked at, and counted."""
    return check_spf(client_ip=NOBODY, mail_from=f"postmaster@{domain}", helo=domain, dns=trial.dns)


def lightened(trial: Trial, domain: str) -> tuple[str, tuple[str, ...]] | None:
    """The record without what finds nothing, and other terms written out until it takes ten look-ups.

    With it a sentence for each term that went. None where there is nothing to do, or no way.
    """
    found = records_at(trial, domain)
    if found is None or len(found[1]) != 1 or len(found[1][0]) > MAX_RECORD:
        return None
    old = found[1][0]
    if parse_spf(old).problems or check_worst(trial, domain).result != Result.PERMERROR:
        return None
    terms = _kept(trial, old)
    told = [f"“{term}” leads nowhere or is not to be used, and is left out." for term in _gone(old, terms)]
    for term, networks in _cheapest(trial, domain, terms):
        if not _too_heavy(trial, domain, terms):
            break
        terms = list(dict.fromkeys(new for one in terms for new in (networks if one == term else (one,))))
        told.append(f"“{term}” is written out as addresses: when they change, this record has to follow.")
    new = without_plus_all(joined(terms))
    if new == old or _too_heavy(trial, domain, terms):
        return None
    return new, tuple(told)


def _too_heavy(trial: Trial, domain: str, terms: list[str]) -> bool:
    changed = with_spf_record(trial, domain, without_plus_all(joined(terms)))
    return changed is None or check_worst(changed, domain).result == Result.PERMERROR


def _gone(old: str, terms: list[str]) -> list[str]:
    return [term for term in dict.fromkeys(terms_of(old)) if term not in terms]


def _kept(trial: Trial, record: str) -> list[str]:
    """The terms that lead somewhere, each once (RFC 7208 §4.6.4, §5.2, §5.5)."""
    kept: list[str] = []
    for term in parse_spf(record).terms[:MAX_TERMS]:
        if term.text not in kept and not _leads_nowhere(trial, term):
            kept.append(term.text)
    return kept


def _leads_nowhere(trial: Trial, term: SpfTerm) -> bool:
    if term.name == "ptr":
        return True
    if term.value is None or "%" in term.text:
        return False
    if term.name in ("include", "redirect"):
        return check_worst(trial, term.value).result in (Result.NONE, Result.PERMERROR) and not _flat(
            trial, term.value
        )
    if term.name in ("a", "mx"):
        types = ("A", "AAAA") if term.name == "a" else ("MX",)
        found = [trial.dns(term.value, rdtype).status for rdtype in types]
        return all(status in (DnsStatus.NODATA, DnsStatus.NXDOMAIN) for status in found)
    return False


def _cheapest(trial: Trial, domain: str, terms: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Terms that cost a look-up and what they can be written out as: one's own first, short ones first."""
    rows = []
    for term in parse_spf(joined(terms)).terms:
        target = term.value or domain
        if term.name not in ("include", "a", "mx") or term.qualifier != "+" or "%" in term.text:
            continue
        flat = _flat(trial, target) if term.name == "include" else _hosts(trial, term, target)
        if flat:
            own = registered(target) == registered(domain)
            rows.append((not own, len(flat), term.text, flat))
    for _, _, text, flat in sorted(rows):
        yield text, flat


def _flat(trial: Trial, domain: str, budget: Budget | None = None) -> list[str]:
    """What an include lists, as ip4: and ip6: terms; empty when that can't be said so."""
    budget = budget or Budget()
    found = records_at(trial, domain) if budget.one_more() else None
    if found is None or len(found[1]) != 1 or parse_spf(found[1][0]).problems:
        return []
    listed: list[str] = []
    for term in parse_spf(found[1][0]).terms:
        if term.name == "all":
            if term.qualifier == "+":
                return []
            break
        if "%" in term.text or (term.kind == "mechanism" and term.qualifier != "+"):
            return []
        more = _flat_term(trial, term, domain, budget)
        if more is None:
            return []
        listed += more
        if len(listed) > MAX_FLAT:
            return []
    return list(dict.fromkeys(listed))


def _flat_term(trial: Trial, term: SpfTerm, domain: str, budget: Budget) -> list[str] | None:
    if term.name in ("ip4", "ip6"):
        return [term.text.lstrip("+")]
    if term.name in ("include", "redirect") and term.value:
        return _flat(trial, term.value, budget) or None
    if term.name in ("a", "mx"):
        return _hosts(trial, term, term.value or domain) or None
    return [] if term.kind == "modifier" else None


def _hosts(trial: Trial, term: SpfTerm, name: str) -> list[str]:
    """The addresses behind a or mx, as terms."""
    hosts = [name]
    if term.name == "mx":
        hosts = [str(value[1]) for value in trial.dns(name, "MX").values][:LOOKUPS]
    listed = []
    for host in hosts:
        listed += [_network("ip4", value, term.ip4_prefix, 32) for value in trial.dns(host, "A").values]
        listed += [_network("ip6", value, term.ip6_prefix, 128) for value in trial.dns(host, "AAAA").values]
    return list(dict.fromkeys(listed)) if len(listed) <= MAX_FLAT else []


def _network(name: str, address: str, prefix: int, bits: int) -> str:
    if prefix == bits:
        return f"{name}:{address}"
    return f"{name}:{ipaddress.ip_network(f'{address}/{prefix}', strict=False)}"


def listed_address(trial: Trial, domain: str) -> str | None:
    """An address that this domain's own record lets pass, for a proof where the client IP is not known."""
    for term in islice(_flat_any(trial, domain, Budget()), MAX_FLAT):
        address = str(ipaddress.ip_network(term.partition(":")[2], strict=False).network_address)
        check = check_spf(client_ip=address, mail_from=f"postmaster@{domain}", helo=domain, dns=trial.dns)
        if check.result == Result.PASS:
            return address
    return None


def _flat_any(trial: Trial, domain: str, budget: Budget) -> Iterator[str]:
    """Networks out of a record and those it leads to, in order, as many as are asked for."""
    found = records_at(trial, domain) if budget.one_more() else None
    if found is None or len(found[1]) != 1:
        return
    for term in parse_spf(found[1][0]).terms:
        if term.problem or "%" in term.text:
            continue
        if term.name in ("ip4", "ip6"):
            yield term.text.lstrip("+-~?")
        elif term.name in ("include", "redirect") and term.value:
            yield from _flat_any(trial, term.value, budget)
        elif term.name in ("a", "mx"):
            yield from _hosts(trial, term, term.value or domain)
