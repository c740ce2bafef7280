"""Why no DMARC policy applies: what stands where the record should, or beside it.

Owners who published a record are sure to have one; nothing but the record itself convinces them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from helpers.domains import organizational_domain, parse_dmarc
from helpers.terms import DmarcCheck, DnsStatus, Result

if TYPE_CHECKING:
    from helpers.terms import Dns

ALMOST = re.compile(r"\W{0,3}v?\s{0,2}=?\s{0,2}dmarc[\s.]?1?(?=\W|$)[\s;,]*", re.IGNORECASE)
_NO_VERSION = re.compile(r"\W{0,3}(?:s?p|np)\s{0,2}=\s{0,2}(?:none|quarantine|reject)\b", re.IGNORECASE)
_QUOTES = "\"'\u201c\u201d\u2018\u2019\\"


class PolicyGap(NamedTuple):
    """What was found instead of a DMARC record: where, which text, and what is wrong with it."""

    name: str
    text: str
    why: str
    astray: bool = False  # a good record at a name where no receiver looks

    @property
    def sentence(self) -> str:
        """What the owner has to know, without its first letter and full stop."""
        why = self.why.rstrip(".")
        return f"its record is at {self.name}, and {why}" if self.astray else why


def is_almost_dmarc(text: str) -> bool:
    """True for a TXT record that was meant to be a DMARC record and is none."""
    return parse_dmarc(text) is None and bool(ALMOST.match(text) or _NO_VERSION.match(text))


def policy_gap(author: str | None, dmarc: DmarcCheck, dns: Dns) -> PolicyGap | None:
    """What the owner published instead of a policy; None when one applies or nothing like it is there."""
    if author is None or dmarc.result != Result.NONE:
        return None
    if dmarc.record is not None:
        return PolicyGap(f"_dmarc.{dmarc.record.domain}", dmarc.record.text, dmarc.reason)
    for domain in dict.fromkeys((author, organizational_domain(author, rules="rfc7489"))):
        found = _at_its_name(domain, dns) or elsewhere(domain, dns)
        if found is not None:
            return found
    return None


def _at_its_name(domain: str, dns: Dns) -> PolicyGap | None:
    name = f"_dmarc.{domain}"
    values = _texts(name, dns)
    valid = [value for value in values if parse_dmarc(value) is not None]
    if len(valid) > 1:
        why = f"{name} has {len(valid)} DMARC records, and receivers then use none of them"
        return PolicyGap(name, valid[0], why)
    meant = next((value for value in values if is_almost_dmarc(value)), None)
    return PolicyGap(name, meant, f"the record at {name} {_fault(meant)}") if meant is not None else None


def _fault(text: str) -> str:
    if text[:1] in _QUOTES:
        return "has quotation marks in its text; DNS panels add them where they are needed"
    if not ALMOST.match(text):
        return "does not begin with v=DMARC1, so it is no DMARC record"
    return "has to begin with v=DMARC1 and a semicolon, in exactly these letters, so it is no DMARC record"


def elsewhere(domain: str, dns: Dns) -> PolicyGap | None:
    """A DMARC record at one of the names where it lands by mistake, and no receiver looks."""
    for name, why in (
        (f"_dmarc.{domain}.{domain}", "the domain stands there twice: the DNS panel appends it by itself"),
        (domain, f"receivers look at _dmarc.{domain} and nowhere else"),
        (f"dmarc.{domain}", "the underscore before dmarc is missing"),
    ):
        text = next((value for value in _texts(name, dns) if parse_dmarc(value) is not None), None)
        if text is not None:
            return PolicyGap(name, text, why, astray=True)
    return None


def _texts(name: str, dns: Dns) -> tuple[str, ...]:
    answer = dns(name, "TXT")
    return answer.values if answer.status == DnsStatus.DATA else ()


def meant_record(text: str) -> str:
    """The record as it was meant, as far as that is plain; "" when nothing can be made of it."""
    plain = text.strip(" \t" + _QUOTES).replace('"', "")
    start = ALMOST.match(plain)
    rest = plain[start.end() :] if start else plain
    if ";" not in rest:
        rest = rest.replace(",", ";")
    record = f"v=DMARC1; {rest.strip(' ;')}"
    parsed = parse_dmarc(record)
    return record if parsed is not None and parsed.p is not None else ""
