"""Which DNS records a service asks for. `services` has these under their public names.

A *placeholder* is a word in braces, such as ``{key}``: something that only the service's
dashboard can tell. Everything else in a record is exact.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from helpers.domains import organizational_domain
from helpers.lookup import Zone, a_label
from helpers.services.facts import Service, all_services, entry_of, find, source_of
from helpers.services.signing import AUTHOR_KEY, make_key
from helpers.terms import Shown

MAX_DOMAIN = 180  # characters: room for the longest host and target below 253 (RFC 1035 §2.3.4)
MAX_LABEL = 63  # RFC 1035 §2.3.4

_HOST_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")  # RFC 1123 §2.1
_PLACEHOLDER = re.compile(r"\{([a-z0-9_]+)\}")
_TEXT_LABEL = re.compile(
    r"[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?)*"
)


@dataclass(frozen=True, slots=True, repr=False)
class DnsRecord(Shown):
    """One record to add. ``host`` is what a DNS panel wants that appends the domain, ``name`` the whole name.

    ``purpose`` is "DKIM key", "Return-Path", "SPF", "receiving MX", "tracking", "verification"
    or "DMARC". The value of an MX record starts with its preference.
    """

    purpose: str
    type: str
    name: str
    host: str
    value: str
    required: bool
    note: str
    source: str
    date: str

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The words in braces that the service's dashboard fills in; none in an example."""
        return tuple(dict.fromkeys(_PLACEHOLDER.findall(f"{self.name} {self.value}")))


def records_for(
    service: str | Service,
    *,
    domain: str,
    region: str | None = None,
    selector: str | None = None,
    example: bool = False,
) -> tuple[DnsRecord, ...]:
    """The records that a service wants for a domain, as a DNS panel takes them.

    Arguments: the service, by any of its names; the domain in From; ``region``, for services
    that have some (left out: their usual one); ``selector``, where the owner or the dashboard
    chooses the DKIM selector. With ``example=True`` the placeholders are filled in with
    example values and a key made on the spot, ready to be put into a zone.

    Empty for plain Gmail: nothing that the owner publishes changes its result. Raises
    ValueError, in a sentence, for an unknown service, a domain that no service can take, a
    region or selector that the service does not have.
    """
    found = find(service)
    values = fillings(found, domain, region, selector, example)
    zone_name = organizational_domain(values["domain"], rules="rfc7489")
    return tuple(
        _record(row, values, zone_name, AUTHOR_KEY if example else None)
        for row in entry_of(owner_of(found))["records"]
    )


def with_include(domain: str) -> tuple[Service, str | None] | None:
    """The service that has ``include:domain`` put into an SPF record, and its region; None if none has.

    The region is None where it is the usual one, or there are none.
    """
    found = _by_include().get(domain.lower().removesuffix("."))
    return (find(found[0]), found[1]) if found is not None else None


@cache
def _by_include() -> dict[str, tuple[str, str | None]]:
    known: dict[str, tuple[str, str | None]] = {}
    for service in all_services():
        for region in (None, *((entry_of(service.id).get("regions") or {}).get("known") or {})):
            records = records_for(service, domain="example.com", region=region)
            texts = [service.spf_include or "", *(row.value for row in records if row.purpose == "SPF")]
            for word in " ".join(texts).split():
                if word.startswith("include:"):
                    known.setdefault(word.removeprefix("include:"), (service.id, region))
    return known


def owner_of(service: Service) -> str:
    """Whose records and rules count: the service itself, or the one that it hands mail over to."""
    via: str = entry_of(service.id).get("via", service.id)
    return via


def _record(row: Mapping[str, Any], values: Mapping[str, str], zone_name: str, key: str | None) -> DnsRecord:
    values = dict(values, key=make_key(key).public) if key else values
    host = fill(row["host"], values)
    name = values["domain"] if host == "@" else f"{host}.{values['domain']}"
    shown = "@" if name == zone_name else name.removesuffix(f".{zone_name}")
    value, required = fill(row["value"], values), row["required"]
    return DnsRecord(
        row["purpose"], row["type"], name, shown, value, required, row.get("note", ""), *source_of(row)
    )


# ------------------------------------------------------------- what fills in


def fillings(
    service: Service, domain: str, region: str | None, selector: str | None, example: bool
) -> dict[str, str]:
    """What stands for the words in braces: the domain, region and selector, and in an example the rest."""
    name = sending_domain(domain)
    entry = entry_of(owner_of(service))
    values = {"domain": name, "hyphens": name.replace(".", "-")[:MAX_LABEL].rstrip("-")}
    values |= _region(service.name, entry.get("regions"), region)
    if example:
        values |= {key: fill(text, values) for key, text in entry["simulated"]["examples"].items()}
    if chosen := _selector(service.name, entry.get("selector"), selector):
        values["selector"] = fill(chosen, values)
    return values


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with the known words in braces filled in; the others stay."""
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)


def sending_domain(domain: str) -> str:
    """The domain as an A-label name that a service can be set up for; ValueError if it is none."""
    name = _a_label(domain)
    labels = name.split(".") if name else []
    if name is None or not all(_HOST_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"{domain!r} is not a domain name; expected one such as 'example.com'")
    if labels[-1].isdigit():
        raise ValueError(
            f"{domain!r} is an address and not a domain name; expected one such as 'example.com'"
        )
    if organizational_domain(f"a.{name}", rules="rfc7489") == f"a.{name}":
        raise ValueError(
            f"{domain!r} is a public suffix: nobody can add records to it; give the domain below it"
        )
    if len(name) > MAX_DOMAIN:
        raise ValueError(f"a domain name of {len(name)} characters leaves no room for the services' hosts")
    return name


def _a_label(text: object) -> str | None:
    return a_label(text.strip()) if isinstance(text, str) else None


def _region(service: str, regions: Mapping[str, Any] | None, region: str | None) -> dict[str, str]:
    if regions is None:
        if region is not None:
            raise ValueError(f"{service} has no regions to choose from: leave region out")
        return {}
    chosen = regions["default"] if region is None else region
    known = regions.get("known")
    if known is not None and chosen not in known:
        raise ValueError(f"{service} has no region {chosen!r}; there are: {', '.join(known)}")
    if known is None and not (isinstance(chosen, str) and re.fullmatch(regions["pattern"], chosen)):
        raise ValueError(f"{chosen!r} is no region of {service}; expected one such as {regions['default']!r}")
    return {"region": chosen, **(known[chosen] if known else {})}


def _selector(service: str, usual: str | None, selector: object) -> str | None:
    if selector is None:
        return usual
    if usual is None:
        raise ValueError(f"{service} chooses the DKIM selectors itself: leave selector out")
    if not isinstance(selector, str) or not _TEXT_LABEL.fullmatch(selector) or len(selector) > MAX_LABEL:
        raise ValueError(f"{selector!r} can't be a DKIM selector; expected a word such as 'mx'")
    return selector.lower()


# ------------------------------------------------------------------ publishing


def publish(zone: Zone, records: Iterable[DnsRecord]) -> Zone:
    """A new zone with the records added as somebody who knows what they do would; ``zone`` itself stays.

    An SPF record's mechanisms go into the one that is there (RFC 7208 §3.2: only one), a
    DMARC record is left out where there is one (RFC 9989 §4.7), MX records replace those at
    their name (only where there are none, if they are not required), and a CNAME everything at
    its name. Raises ValueError when a record still has placeholders.
    """
    records = tuple(records)
    open_words = [word for record in records for word in record.placeholders]
    if open_words:
        raise ValueError(
            f"{{{open_words[0]}}} in a record is still to be filled in: take records_for(…, example=True)"
        )
    exchanges: dict[str, list[str]] = {}
    for record in records:
        if record.type == "TXT":
            zone = _with_text(zone, record)
        elif record.type == "CNAME":
            zone = zone.without(record.name).with_records(record.name, "CNAME", [record.value])
        elif record.required or not zone(record.name, "MX").values:
            exchanges.setdefault(record.name, []).append(record.value)
    for name, values in exchanges.items():
        zone = zone.without(name, "CNAME").with_records(name, "MX", values)
    return zone


def _with_text(zone: Zone, record: DnsRecord) -> Zone:
    node = zone.to_dict().get(record.name, {})
    there = node.get("TXT", [])
    texts = list(there) if isinstance(there, list) else []
    if record.value in texts:
        return zone
    if record.purpose == "DMARC" and any(_starts(text, "v=dmarc1") for text in texts):
        return zone
    spf = [text for text in texts if _starts(text, "v=spf1")]
    if record.purpose == "SPF" and len(spf) == 1:
        texts[texts.index(spf[0])] = merged_spf(spf[0], record.value)
    else:
        texts.append(record.value)
    return zone.without(record.name, "CNAME").with_records(record.name, "TXT", texts)


def _starts(text: str, version: str) -> bool:
    return re.split(r"[\s;]", text.strip().lower(), maxsplit=1)[0] == version


def merged_spf(there: str, added: str) -> str:
    """One SPF record out of two: the new mechanisms go before the ``all`` or ``redirect`` of the old one."""
    terms, known = there.split(), {term.lower() for term in there.split()}
    new = [term for term in added.split()[1:] if not _ends(term) and term.lower() not in known]
    at = next((i for i, term in enumerate(terms) if _ends(term)), len(terms))
    return " ".join([*terms[:at], *new, *terms[at:]])


def _ends(term: str) -> bool:
    return term.lstrip("+-~?").lower() == "all" or term.lower().startswith("redirect=")


def without_purposes(records: Iterable[DnsRecord], left_out: Iterable[str]) -> tuple[DnsRecord, ...]:
    """The records but for those of some purposes: a set-up that was not finished."""
    gone = frozenset(left_out)
    return tuple(record for record in records if record.purpose not in gone)
