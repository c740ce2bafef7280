"""The lab's DNS: the given zone, and beside it what the relays publish in their own domains.

What the zone says counts. The lab adds a provider's domain only where the zone does not know it,
and the relays' keys, since no file can hold the keys that the lab signs with.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from helpers.dkim import parse_key
from helpers.lab.keys import lab_key
from helpers.lab.passing import at_home, dashed
from helpers.lab.relays import Relay
from helpers.lookup import Zone, sample_zone
from helpers.services import merged_spf
from helpers.terms import DnsStatus

if TYPE_CHECKING:
    from helpers.terms import Dns

# Whose records the lab brings along when the zone has none of them.
PROVIDERS = (
    "gmail.com",
    "googlemail.com",
    "google.com",
    "1e100.net",
    "mailgun.org",
    "sending-service.example",
    "lists.example.org",
)

# Where the relays publish their own keys, and which key that is.
KEY_NAMES = {
    "20230601._domainkey.1e100.net": "google",
    "20230601._domainkey.gmail.com": "google",
    "svc._domainkey.sending-service.example": "service",
    "2025._domainkey.lists.example.org": "list",
    "*.20230601.gappssmtp.com": "google",
    "*.dkim.sending-service.example": "service-customer",
}
CUSTOMER_KEYS = ".dkim.sending-service.example"

RECEIVER_IP = "203.0.113.20"  # a recipient's server whose address the zone does not have
INBOX_IP = "192.0.2.61"


def world_of(zone: Zone) -> Zone:
    """The zone with the relays' world beside it. The zone itself stays as it is."""
    known = tuple(
        provider for provider in PROVIDERS if any(_below(name, (provider,)) for name in zone.names())
    )
    world = _providers(known) | zone
    for name, label in KEY_NAMES.items():
        if name.startswith("*.") or _has_key(world, name):
            world = world.with_records(name, "TXT", [lab_key(label).record])
    for name in world.names():
        if name.endswith(CUSTOMER_KEYS) and _has_key(world, name):
            world = world.with_records(name, "TXT", [lab_key("service-customer").record])
    return world


def _below(name: str, domains: tuple[str, ...]) -> bool:
    return any(name == domain or name.endswith(f".{domain}") for domain in domains)


@cache
def _providers(known: tuple[str, ...]) -> Zone:
    """The providers' records, without those of the domains that the zone knows."""
    providers = sample_zone("fujiba-fixed")
    for name in providers.names():
        if not _below(name, PROVIDERS) or _below(name, known):
            providers = providers.without(name)
    return providers


def _has_key(zone: Zone, name: str) -> bool:
    """Is a usable key there? One that was taken away or revoked stays away."""
    answer = zone(name, "TXT")
    if answer.status != DnsStatus.DATA or answer.chain:
        return False
    return any(parse_key(str(text)).problem is None for text in answer.values)


def mail_server(domain: str, dns: Dns, fallback_ip: str = RECEIVER_IP) -> tuple[str, str]:
    """Name and address of the server that takes mail for a domain (RFC 5321 §5.1).

    Every recipient of the lab has one: where DNS names none, it is ``mx1.`` below the domain.
    """
    exchanges = sorted(value for value in dns(domain, "MX").values if value[1] not in ("", "."))
    host = str(exchanges[0][1]) if exchanges else f"mx1.{domain}"
    addresses = (*dns(host, "A").values, *dns(host, "AAAA").values)
    return host, str(addresses[0]) if addresses else fallback_ip


def records_for(relay: Relay, domain: str, zone: Zone) -> Zone:
    """What the owner of a domain publishes so that the relay can align. Empty where nothing helps.

    SPF is the record that is there with the relay's term in it, or a new one.
    """
    relay = at_home(relay, domain, zone)
    records: dict[str, dict[str, object]] = {}
    if relay.return_path == "aligned":
        records[f"bounce.{domain}"] = {"CNAME": f"return.{relay.domain}"}
        key = f"{dashed(domain)}.dkim.{relay.domain}"
        records[f"{relay.author_selector}._domainkey.{domain}"] = {"CNAME": key}
    elif relay.key:
        record = lab_key(relay.key).record
        records[f"{relay.author_selector}._domainkey.{domain}"] = {"TXT": [record]}
    if relay.spf:
        texts = [str(text) for text in zone(domain, "TXT").values]
        records[domain] = {"TXT": _with_term(texts, relay.spf)}
    return Zone.from_dict(records)


def _with_term(texts: list[str], term: str) -> list[str]:
    """The TXT records of a domain with the term in the SPF record (RFC 7208 §3.2: there is only one)."""
    others = [text for text in texts if not _is_spf(text)]
    there = next((text for text in texts if _is_spf(text)), "v=spf1 ~all")
    return [*others, merged_spf(there, f"v=spf1 {term}")]


def _is_spf(text: str) -> bool:
    return text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")
