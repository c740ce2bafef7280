"""Domains and hosts renamed: the same stays the same, what is below a name stays below its new one.

An *organization* is what the public suffix list says (RFC 7489 §3.2); each becomes one label below
``example``, so that the list finds the same organizations in the copy. The tree walk of RFC 9989 asks
DNS, whose answers are renamed the same way; where a public suffix has a record of its own, what is
below it goes below a reserved top-level domain (RFC 6761) that has this record then.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

from helpers.domains import organizational_domain
from helpers.lookup import a_label
from helpers.redact.ledger import Ledger, cased
from helpers.redact.public import (
    WORDS,
    has_own_hosts,
    is_generic_label,
    is_generic_selector,
    listed,
    service_of,
)

MAX_NAME = 253  # RFC 1035 §2.3.4
MAX_LABEL = 63
MAX_INTERNATIONAL = 200  # names in U-labels that are looked for in running text

_RESERVED = ("test", "invalid")  # RFC 6761, beside example
_INSIDE = listed("inside")  # top-level domains of networks at home and at work
_KEPT = listed("kept_hosts")
_IP_LABELS = re.compile(r"\d{1,3}[-_.]\d{1,3}[-_.]\d{1,3}[-_.]\d{1,3}")


class Hostnames:
    """The table of domains and hosts. ``ip`` renames the addresses that some names spell."""

    def __init__(self, ledger: Ledger, ip: Callable[[str], str], keep_public: bool) -> None:
        self.ledger = ledger
        self.keep_public = keep_public
        self.seen: dict[str, None] = {}  # domains as A-labels, in order
        self.domains: dict[str, str] = {}
        self.hosts: dict[str, str] = {}
        self.selectors: dict[str, str] = {}
        self._suffixes: dict[str, str] = {}
        self._readable: dict[str, str] = {}  # A-label of a replacement -> U-label
        self._international: dict[str, None] = {}
        self._ip = ip

    def note_suffixes(self, suffixes: list[str]) -> None:
        """Public suffixes that have records: what is below them has to stay below them."""
        self._suffixes = dict(zip(suffixes, _RESERVED, strict=False))

    def assign(self) -> None:
        """Give every name that was noted its new one, organizations first."""
        for name in self.seen:
            self.ledger.taken.update(name.split("."))
        seen = [name for name in self.seen if not name.endswith(".arpa")]
        organizations = dict.fromkeys(organizational_domain(name, rules="rfc7489") for name in seen)
        for organization in organizations:
            if not organization.startswith("_"):
                self._renamed(organization)
                self._note_organization(organization)
        for name in self.seen:
            self._renamed(name)

    def _note_organization(self, organization: str) -> None:
        """``fujiba`` is a word that gives fujiba.net away."""
        label = organization.partition(".")[0]
        if len(label) < 4 or label in WORDS or is_generic_label(label) or self.is_public(organization):
            return
        new = self.domains[organization].partition(".")[0]
        self.ledger.words.setdefault(label, lambda text: cased(text, new))

    # ------------------------------------------------------------- questions

    def domain(self, name: str) -> str:
        """The replacement of a domain or host name: in the form (A- or U-labels, case) it is given in."""
        dot = "." if name.endswith(".") else ""
        plain = name.removesuffix(".")
        ready = a_label(plain) if len(plain) <= 2 * MAX_NAME else None
        if ready is None:
            return name if self.ledger.collecting else self._impossible(plain.lower()) + dot
        if "." not in ready:
            return self.host(plain) + dot
        if self.ledger.collecting:
            self.seen.setdefault(ready)
            if not plain.isascii() and len(self._international) < MAX_INTERNATIONAL:
                self._international[plain] = None
            return name
        new = self._renamed(ready)
        if not plain.isascii():
            new = ".".join(self._readable.get(label, label) for label in new.split("."))
        return cased(plain, new) + dot

    def host(self, name: str) -> str:
        """The replacement of a host name, which may be a single label."""
        if "." in name:
            return self.domain(name)
        lowered = name.lower()
        if not lowered or lowered in _KEPT or is_generic_label(lowered) or lowered.isdigit():
            return name
        if self.ledger.collecting:
            self.ledger.taken.add(lowered)
            if lowered not in WORDS:
                self.ledger.words.setdefault(lowered, lambda text: cased(text, self._host(lowered)))
            return name
        return cased(name, self._host(lowered))

    def selector(self, text: str) -> str:
        """A DKIM selector: the usual ones stay."""
        lowered = text.lower()
        if is_generic_selector(lowered) or lowered in WORDS or self.ledger.collecting:
            return text
        if "." in lowered:
            return ".".join(self.selector(label) for label in text.split("."))
        if lowered not in self.selectors:
            self.selectors[lowered] = self.ledger.numbered("selector")
        return self.selectors[lowered]

    def parted(self, text: str) -> list[str]:
        """Text cut at known names in U-labels, which no rule finds in a text without blanks.

        Every second piece is such a name.
        """
        if not self._international or text.isascii():
            return [text]
        names = "|".join(re.escape(name) for name in sorted(self._international, key=len, reverse=True))
        return re.split(rf"(?<![@A-Za-z0-9.-])({names})(?![A-Za-z0-9-])", text)

    def is_public(self, name: str) -> bool:
        """Does the name belong to a service whose name stays?"""
        return self.keep_public and service_of(name) is not None

    # ------------------------------------------------------------- renaming

    def _impossible(self, name: str) -> str:
        """For what stands where a domain should and can't be one."""
        if name not in self.domains:
            self.domains[name] = f"{self.ledger.free()}.example"
        return self.domains[name]

    def _host(self, lowered: str) -> str:
        if lowered not in self.hosts:
            self.hosts[lowered] = self.ledger.numbered("host")
        return self.hosts[lowered]

    def _renamed(self, name: str) -> str:
        """The new name of a lower-case A-label name."""
        known = self.domains.get(name)
        if known is None:
            known = self.domains[name] = self._rename(name)
        return known

    def _rename(self, name: str) -> str:
        if len(name) > MAX_NAME or any(len(label) > MAX_LABEL for label in name.split(".")):
            return f"{self.ledger.free()}.example"
        if name in self._suffixes:
            return self._suffixes[name]
        if name in _KEPT:
            return name
        if name.endswith(".arpa"):
            return self._reverse(name)
        top = name.rpartition(".")[2]
        service = service_of(name) if self.keep_public else None
        if service is not None:
            return self._below(name, service, service, keep=has_own_hosts(service))
        if top in _INSIDE:
            return self._below(name, top, top, keep=False)
        return self._private(name)

    def _private(self, name: str) -> str:
        organization = organizational_domain(name, rules="rfc7489")
        if organization != name and name.endswith(f".{organization}"):
            return self._below(name, organization, self._renamed(organization), keep=False)
        label, _, suffix = name.partition(".")
        top = self._suffixes.get(suffix, "example")
        if name.startswith("_"):  # what a tree walk asks a public suffix
            return f"{label}.{top}"
        if label.startswith("xn--"):
            return f"{self._international_label()}.{top}"
        return f"{self.ledger.free()}.{top}"

    def _international_label(self) -> str:
        while True:
            number = self.ledger.count("international")
            word = "\u898b\u672c" + (str(number) if number > 1 else "")  # mihon, a sample
            converted = a_label(word) or "sample"
            if converted not in self.ledger.taken:
                self._readable[converted] = word
                return converted

    def _below(self, name: str, base: str, new_base: str, *, keep: bool) -> str:
        """A name below a domain: labels of the usual kind stay, others are numbered hosts."""
        if name == base:
            return new_base
        labels = name[: -len(base) - 1].split(".")
        if len(labels) >= 4 and (octets := _reversed_octets(labels[:4])):  # a query to a DNS list
            rest = ".".join([*labels[4:], base])
            return ".".join([*self._ip(octets).split(".")[::-1], self._renamed(rest)])
        parent = ".".join([*labels[1:], base])
        new_parent = new_base if parent == base else self._renamed(parent)
        return f"{self._label(labels[0], parent, keep)}.{new_parent}"

    def _label(self, label: str, parent: str, keep: bool) -> str:
        inside = parent.rpartition(".")[2] in _INSIDE
        if is_generic_label(label) and not inside:
            return label
        if parent.startswith("_domainkey."):
            return self.selector(label)
        dashed = self._dashed(label)
        names_somebody = bool(dashed) or any(piece in self.ledger.words for piece in label.split("-"))
        if keep and not names_somebody and not _IP_LABELS.search(label):
            return label
        known = None if inside else self.ledger.words.get(label)
        return dashed or (known(label) if known is not None else self._host(label))

    def _dashed(self, label: str) -> str:
        """``fujiba-net`` for ``fujiba.net``, as services name their customers."""
        dotted = label.replace("-", ".")
        if "-" in label and dotted in self.seen and not self.is_public(dotted):
            return self._renamed(dotted).replace(".", "-")
        return ""

    def _reverse(self, name: str) -> str:
        """in-addr.arpa and ip6.arpa (RFC 1035 §3.5, RFC 3596 §2.5): the address inside is renamed."""
        octets = name.removesuffix(".in-addr.arpa").split(".")
        if len(octets) == 4 and (address := _reversed_octets(octets)):
            return ".".join([*self._ip(address).split(".")[::-1], "in-addr.arpa"])
        nibbles = name.removesuffix(".ip6.arpa").replace(".", "")[::-1]
        if re.fullmatch(r"[0-9a-f]{32}", nibbles):
            six = ipaddress.IPv6Address(int(nibbles, 16))
            return ipaddress.ip_address(self._ip(str(six))).reverse_pointer
        return f"{self.ledger.free()}.arpa"


def _reversed_octets(labels: list[str]) -> str:
    """The address that four labels spell backwards, "" if they don't."""
    good = all(label.isdigit() and len(label) <= 3 and int(label) < 256 for label in labels)
    return ".".join(labels[::-1]) if good else ""
