"""Candidates about SPF: repair the record that is asked for, list the server in it, and what people are told.

Each takes a trial and gives the changed one, or None where there is nothing for it to do.
"""

from __future__ import annotations

import ipaddress
from dataclasses import replace

from helpers.diagnosis import Cause, is_private
from helpers.fixes.changes import registered
from helpers.fixes.results import Who
from helpers.fixes.spf_flat import (
    LOOKUPS,
    check_worst,
    lightened,
    listed_address,
    records_at,
    with_spf_record,
)
from helpers.fixes.spf_text import (
    MAX_RECORD,
    is_almost_spf,
    joined,
    merged,
    respelled,
    terms_of,
    with_hard_end,
    with_term,
    without_plus_all,
)
from helpers.fixes.trial import Goal, Trial
from helpers.lookup import a_label
from helpers.spf import check_spf, parse_spf
from helpers.terms import Result, SpfCheck

# To list a server in SPF lets it speak for the domain, so that is tried only where SPF is what failed.
SPF_CAUSES = frozenset(
    {
        Cause.SPF_UNAUTHORIZED,
        Cause.SPF_RECORD_ERROR,
        Cause.NOTHING_AUTHENTICATES,
        Cause.STRICT_ALIGNMENT,
        Cause.NO_POLICY,
        Cause.FORWARDED,
        Cause.UNDECIDED,
    }
)

ONE_RECORD = "Change the record that is there: a second one that starts with v=spf1 makes both invalid."


def spf_domain(trial: Trial) -> str | None:
    """The domain whose SPF record is asked for: that of MAIL FROM, or HELO for the null sender."""
    envelope = trial.envelope
    if envelope.mail_from is None:
        return None
    return a_label(envelope.mail_from.rpartition("@")[2] or envelope.helo or "")


def asked_domain(trial: Trial) -> str | None:
    """The domain whose SPF record the receiver asked for: HELO's where it refused for that."""
    return a_label(trial.envelope.helo or "") if trial.case.about_helo else spf_domain(trial)


def _own(trial: Trial) -> str | None:
    """The domain asked for, if the owner of the author domain can change its record."""
    domain = asked_domain(trial)
    if domain is None or "." not in domain or (trial.case.helo_counts and is_private(domain)):
        return None
    if trial.case.goal is Goal.SPF or (trial.author and registered(domain) == registered(trial.author)):
        return domain
    return None


def _replaced(trial: Trial, domain: str, new: str, title: str) -> Trial | None:
    """The trial with this one SPF record, and how many look-ups it takes."""
    changed = with_spf_record(trial, domain, new)
    if changed is None:
        return None
    used = check_worst(changed, domain)
    effect = f"The SPF record of {domain} then uses {used.dns_mechanisms} of {LOOKUPS} look-ups."
    if used.result == Result.PERMERROR:
        effect = used.reason
    return changed.noting(title=title, who=(Who.OWNER,), effects=(effect,))


# ------------------------------------------------------------------- repairs


def merge(trial: Trial) -> Trial | None:
    """Two records or more that start with v=spf1 become one."""
    domain = _own(trial)
    found = records_at(trial, domain) if domain else None
    if domain is None or found is None or len(found[1]) < 2:
        return None
    new = merged(found[1])
    title = f"Make one SPF record out of the {len(found[1])} of {domain}"
    return _proving(_replaced(trial, domain, new, title), domain) if len(new) <= MAX_RECORD else None


def respell(trial: Trial) -> Trial | None:
    """Errors of syntax in the one record, or in the one that was meant to be it."""
    domain = _own(trial)
    found = records_at(trial, domain) if domain else None
    if domain is None or found is None:
        return None
    values, records = found
    if not records:
        meant = [value for value in values if is_almost_spf(value)]
        new = respelled(meant[0]) if len(meant) == 1 else None
        if new is None:
            return None
        home = trial.home(domain, "TXT")
        others = [new if value == meant[0] else value for value in values]
        changed = trial.with_record(home, "TXT", *others)
        title = f"Make the record of {domain} a valid SPF record"
        return _proving(changed.noting(title=title, who=(Who.OWNER,)), domain)
    if len(records) > 1 or not parse_spf(records[0]).problems:
        return None
    new = respelled(records[0])
    title = f"Correct what can't be read in the SPF record of {domain}"
    return _proving(_replaced(trial, domain, without_plus_all(new), title), domain) if new else None


def lighten(trial: Trial) -> Trial | None:
    """Too many look-ups, or terms that lead to nothing: drop what finds nothing, write out the rest."""
    domain = _own(trial)
    found = lightened(trial, domain) if domain else None
    if domain is None or found is None:
        return None
    new, told = found
    changed = _replaced(trial, domain, new, f"Bring the SPF record of {domain} down to {LOOKUPS} look-ups")
    return _proving(changed.noting(effects=told), domain) if changed is not None else None


def _proving(changed: Trial | None, domain: str) -> Trial | None:
    """Bounces seldom say which address connected: then one that the mended record lists stands for it."""
    if changed is None or changed.envelope.client_ip is not None:
        return changed
    address = listed_address(changed, domain)
    if address is None:
        return changed
    assumed = f"The client IP is not known: the proof took {address}, which the mended record lists."
    return replace(changed, envelope=replace(changed.envelope, client_ip=address, facts=())).noting(
        assumed=(assumed,)
    )


# ------------------------------------------------------------ listing a server


def list_address(trial: Trial) -> Trial | None:
    """The client IP into the record that is asked for."""
    ip = trial.envelope.client_ip
    domain = _own(trial)
    if domain is not None and trial.case.helo_counts and (own := own_address(trial, domain)) is not None:
        return own
    if ip is None or domain is None:
        return None
    return _listed(trial, domain, address_term(ip), f"from {ip}")


def own_address(trial: Trial, domain: str) -> Trial | None:
    """The name in HELO lists its own addresses, where the client IP is one of them (RFC 7208 §10.1.2)."""
    addresses = [*trial.dns(domain, "A").values, *trial.dns(domain, "AAAA").values]
    ip = trial.envelope.client_ip
    if ip is not None:
        same = any(ipaddress.ip_address(one) == ipaddress.ip_address(ip) for one in addresses)
        return _listed(trial, domain, "a", f"from an address of {domain}") if same else None
    if not addresses:
        return None
    assumed = f"The client IP is not known: the proof took {addresses[0]}, an address of {domain} itself."
    known = replace(trial, envelope=replace(trial.envelope, client_ip=addresses[0], facts=()))
    changed = _listed(known, domain, "a", f"from an address of {domain}")
    return changed.noting(assumed=(assumed,)) if changed is not None else None


def address_term(ip: str) -> str:
    """The mechanism that lists one address; IPv4 written as IPv6 counts as IPv4 (RFC 7208 §5)."""
    address = ipaddress.ip_address(ip)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return f"ip{address.version}:{address}"


def list_include(trial: Trial) -> Trial | None:
    """The record of whoever runs the server, by an include, where that lists the client IP."""
    ip, helo = trial.envelope.client_ip, (trial.envelope.helo or "").lower().removesuffix(".")
    domain = _own(trial)
    if ip is None or domain is None or "." not in helo or registered(helo) == registered(domain):
        return None
    if trial.case.helo_counts:  # the name itself is what has to list the server
        return None
    for name in dict.fromkeys((registered(helo), helo)):
        check = check_spf(client_ip=ip, mail_from=f"postmaster@{name}", helo=helo, dns=trial.dns)
        if check.result == Result.PASS and not without_policy(check):
            return _listed(trial, domain, f"include:{pointed_to(trial, name)}", f"from a server of {name}")
    return None


def without_policy(check: SpfCheck) -> bool:
    """True for a record that lets everybody pass: to include it would open the domain."""
    return check.record is not None and any(
        term.name == "all" and term.qualifier == "+" for term in parse_spf(check.record).terms
    )


def pointed_to(trial: Trial, domain: str) -> str:
    """The name that lists a relay's servers: what its own record redirects to, or itself."""
    found = records_at(trial, domain)
    record = parse_spf(found[1][0]) if found and len(found[1]) == 1 else None
    redirect = record.redirect if record and not record.problems and not record.mechanisms else None
    return redirect.value if redirect and redirect.value and "%" not in redirect.value else domain


def _listed(trial: Trial, domain: str, term: str, whom: str) -> Trial | None:
    found = records_at(trial, domain)
    if found is None or len(found[1]) > 1:
        return None
    old = found[1][0] if found[1] else None
    if old is not None and (term in terms_of(old) or len(old) > MAX_RECORD):
        return None
    new = with_term(without_plus_all(old) if old is not None else None, term)
    if old is None and trial.case.helo_counts:  # nobody but these hosts introduces itself so
        new = joined((term, "-all"))
    record = f"the SPF record of {domain}" if old is not None else f"a first SPF record of {domain}"
    changed = _replaced(trial, domain, new, f"List the sending server in {record}: {term}")
    if changed is None:
        return None
    effects = [f"Whoever sends {whom} can then pass SPF for {domain}: list it only if it sends your mail."]
    if old is not None:
        effects.append(ONE_RECORD)
    if trial.case.forwarded:
        effects.append("This helps with this one forwarder; the next one is not in the record either.")
        changed = replace(changed, weaker=True)
    return changed.noting(effects=tuple(effects))


# ------------------------------------------------------- what people are told


def relay_include(trial: Trial) -> Trial | None:
    """The author domain's SPF record with the relay in it: what nearly everybody advises."""
    author, domain = trial.author, spf_domain(trial)
    if not author:
        return None
    found = records_at(trial, author)
    if found is None or len(found[1]) > 1:
        return None
    term = _relay_term(trial, domain, author)
    if term is None or (found[1] and term in terms_of(found[1][0])):
        return None
    new = with_term(found[1][0] if found[1] else None, term)
    changed = _replaced(trial, author, new, f"Add {term} to the SPF record of {author}")
    if changed is None:
        return None
    # Where it helps, and SPF is not what failed, it lets a server speak for the domain that nobody asked for.
    weaker = trial.case.cause not in SPF_CAUSES
    effects = (
        f"Whoever uses that server can then pass SPF for {author}.",
        *((ONE_RECORD,) if found[1] else ()),
    )
    return replace(changed, weaker=weaker).noting(effects=effects)


def _relay_term(trial: Trial, domain: str | None, author: str) -> str | None:
    """How the relay would be listed: its include, or its address where it has no record."""
    ip = trial.envelope.client_ip
    if domain and "." in domain and registered(domain) != registered(author):
        found = records_at(trial, domain)
        if found and found[1]:
            return f"include:{pointed_to(trial, domain)}"
        if ip is None:
            return f"a:{domain}"
    return address_term(ip) if ip else None


def hard_end(trial: Trial) -> Trial | None:
    """“-all” in place of a softer one, in the author domain's record."""
    found = records_at(trial, trial.author) if trial.author else None
    new = with_hard_end(found[1][0]) if found and len(found[1]) == 1 else None
    title = f"End the SPF record of {trial.author} with -all"
    return _replaced(trial, trial.author, new, title) if new else None
