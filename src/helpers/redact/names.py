"""Who became whom: one table for domains, hosts, addresses, people and ids of a mail.

A mail is gone through twice. The first time everything is only noted (`Names.collecting`), so that
no replacement is a name that occurs anyway, and relations between IP addresses are known before the
first one is renamed. The second time each is looked up.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Callable

from helpers.domains import organizational_domain
from helpers.lookup import a_label
from helpers.redact.networks import Networks
from helpers.redact.public import (
    ROLES,
    WORDS,
    has_own_hosts,
    is_generic_label,
    is_generic_selector,
    service_of,
)

MAX_NAME = 253  # RFC 1035 §2.3.4
MAX_PHRASES = 200  # names of people and subjects that are looked for in running text
MAX_PHRASE = 300

_SPELLING = (
    "alpha bravo charlie delta echo foxtrot golf hotel juliett kilo lima mike november oscar papa "
    "romeo sierra tango uniform victor whiskey xray yankee zulu"
).split()
_RESERVED = ("test", "invalid")  # top-level domains nobody can have (RFC 6761), beside example
_INSIDE = frozenset("local lan localdomain internal home corp intranet private lcl localhost".split())
_KEPT_HOSTS = frozenset("localhost unknown localhost.localdomain none null helo unverified invalid".split())
_IP_LABELS = re.compile(r"\d{1,3}[-_.]\d{1,3}[-_.]\d{1,3}[-_.]\d{1,3}")
_WORD = re.compile(r"[^\W_]+")


class Names:
    """The table of one redaction."""

    def __init__(self, key: bytes, keep_public: bool) -> None:
        self.collecting = True
        self.keep_public = keep_public
        self.networks = Networks()
        self.suffixes: dict[str, str] = {}  # public suffixes with a DMARC record of their own
        self._key = key
        self._seen: dict[str, None] = {}  # domains, in order
        self._taken: set[str] = set()  # labels that occur in the mail
        self._domains: dict[str, str] = {}
        self._unicode: dict[str, str] = {}  # A-label form of a replacement -> as it is read
        self._hosts: dict[str, str] = {}
        self._locals: dict[str, str] = {}
        self._people: dict[str, str] = {}
        self._subjects: dict[str, str] = {}
        self._selectors: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        self._addresses: dict[str, str] = {}
        self._words: dict[str, Callable[[str], str]] = {}
        self._counts: dict[str, int] = {}
        self.phrases: dict[str, str] = {}

    @property
    def seen(self) -> set[str]:
        """The domains that were noted, as A-labels."""
        return set(self._seen)

    def note_suffixes(self, suffixes: list[str]) -> None:
        """Public suffixes that have records: what is below them has to stay below them."""
        self.suffixes = dict(zip(suffixes, _RESERVED, strict=False))

    def freeze(self) -> None:
        """All is noted: from now on names are replaced."""
        self.collecting = False
        self.networks.assign()
        for name in self._seen:
            self._taken.update(name.split("."))
        seen = [name for name in self._seen if not name.endswith(".arpa")]
        orgs = dict.fromkeys(organizational_domain(name, rules="rfc7489") for name in seen)
        for org in [org for org in orgs if not org.startswith("_")]:
            self._renamed(org)
            self._note_organization(org)
        for name in self._seen:
            self._renamed(name)

    def _note_organization(self, org: str) -> None:
        label = org.partition(".")[0]
        if len(label) < 4 or label in WORDS or is_generic_label(label) or self._is_public(org):
            return
        new = self._domains[org].partition(".")[0]
        self._words.setdefault(label, lambda text: _cased(text, new))

    # ------------------------------------------------------------- domains

    def domain(self, name: str) -> str:
        """The replacement of a domain or host name: in the form (A- or U-labels, case) it is given in."""
        dot = "." if name.endswith(".") else ""
        plain = name.removesuffix(".")
        ready = a_label(plain) if len(plain) <= 2 * MAX_NAME else None
        if ready is None:
            ready = plain.lower()
        if "." not in ready:
            return self.host(plain) + dot
        if self.collecting:
            self._seen.setdefault(ready)
            return name
        new = self._renamed(ready)
        if not plain.isascii():
            new = ".".join(self._unicode.get(label, label) for label in new.split("."))
        return _cased(plain, new) + dot

    def host(self, name: str) -> str:
        """The replacement of a host name, which may be a single label."""
        if "." in name:
            return self.domain(name)
        lowered = name.lower()
        if not lowered or lowered in _KEPT_HOSTS or is_generic_label(lowered) or lowered.isdigit():
            return name
        if self.collecting:
            self._taken.add(lowered)
            self._words.setdefault(lowered, lambda text: _cased(text, self._host(lowered)))
            return name
        return _cased(name, self._host(lowered))

    def _host(self, lowered: str) -> str:
        if lowered not in self._hosts:
            self._hosts[lowered] = self._numbered("host")
        return self._hosts[lowered]

    def _is_public(self, name: str) -> bool:
        return self.keep_public and service_of(name) is not None

    def _renamed(self, name: str) -> str:
        """The new name of a lower-case A-label name."""
        known = self._domains.get(name)
        if known is None:
            known = self._domains[name] = self._rename(name)
        return known

    def _rename(self, name: str) -> str:
        if len(name) > MAX_NAME or any(len(label) > 63 for label in name.split(".")):
            return f"{self._free()}.example"
        if name in _KEPT_HOSTS and name not in self.suffixes:
            return name
        if name.endswith(".arpa"):
            return self._reverse(name)
        top = name.rpartition(".")[2]
        service = service_of(name) if self.keep_public else None
        if service is not None:
            return self._below(name, service, service, keep=has_own_hosts(service))
        if top in _INSIDE:
            return self._below(name, top, top, keep=False)
        if name in self.suffixes:
            return self.suffixes[name]
        org = organizational_domain(name, rules="rfc7489")
        if org == name and name.startswith("_"):  # what a tree walk asks a public suffix
            label, _, suffix = name.partition(".")
            return f"{label}.{self.suffixes.get(suffix, 'example')}"
        if org != name and name.endswith(f".{org}"):
            return self._below(name, org, self._renamed(org), keep=False)
        return self._new_organization(name)

    def _new_organization(self, name: str) -> str:
        label, _, suffix = name.partition(".")
        top = self.suffixes.get(suffix, "example")
        if not label.startswith("xn--") and not label.endswith("xn--"):
            return f"{self._free()}.{top}"
        while True:
            number = self._count("idn")
            word = "\u898b\u672c" + (str(number) if number > 1 else "")  # mihon, a sample
            converted = a_label(word) or "sample"
            if converted not in self._taken:
                self._unicode[converted] = word
                return f"{converted}.{top}"

    def _below(self, name: str, base: str, new_base: str, *, keep: bool) -> str:
        """A name below a domain: labels of the usual kind stay, others are numbered hosts."""
        if name == base:
            return new_base
        labels = name[: -len(base) - 1].split(".")
        if len(labels) >= 4 and (octets := _reversed_octets(labels[:4])):  # a query to a DNS list
            new = self.ip(octets).split(".")[::-1]
            rest = ".".join([*labels[4:], base])
            return ".".join([*new, self._renamed(rest)])
        parent = ".".join([*labels[1:], base])
        new_parent = new_base if parent == base else self._renamed(parent)
        return f"{self._label(labels[0], name, parent, keep)}.{new_parent}"

    def _label(self, label: str, name: str, parent: str, keep: bool) -> str:
        if (label in WORDS and len(label) > 2) or is_generic_label(label):
            return label
        if parent.startswith("_domainkey."):
            return self.selector(label)
        if keep and not _IP_LABELS.search(label) and not self._names_somebody(label):
            return label
        if self._dashed(label):
            return self._dashed(label)
        return self._host(label)

    def _names_somebody(self, label: str) -> bool:
        return any(piece in self._words for piece in label.split("-")) or bool(self._dashed(label))

    def _dashed(self, label: str) -> str:
        """``fujiba-net`` for ``fujiba.net``, as services name their customers."""
        dotted = label.replace("-", ".")
        if "-" in label and dotted in self._seen and not self._is_public(dotted):
            return self._renamed(dotted).replace(".", "-")
        return ""

    def _reverse(self, name: str) -> str:
        """in-addr.arpa and ip6.arpa: the address inside is renamed."""
        try:
            if name.endswith(".in-addr.arpa"):
                octets = name.removesuffix(".in-addr.arpa").split(".")
                if len(octets) == 4:
                    return ".".join(self.ip(".".join(octets[::-1])).split(".")[::-1]) + ".in-addr.arpa"
            nibbles = name.removesuffix(".ip6.arpa").replace(".", "")[::-1]
            if name.endswith(".ip6.arpa") and len(nibbles) == 32:
                address = ipaddress.IPv6Address(int(nibbles, 16))
                return ipaddress.ip_address(self.ip(str(address))).reverse_pointer
        except ValueError:
            pass
        return f"{self._free()}.arpa"

    def selector(self, text: str) -> str:
        """A DKIM selector: the usual ones stay."""
        lowered = text.lower()
        if is_generic_selector(lowered) or lowered in WORDS or self.collecting:
            return text
        if "." in lowered:
            return ".".join(self.selector(label) for label in text.split("."))
        if lowered not in self._selectors:
            self._selectors[lowered] = self._numbered("selector")
        return self._selectors[lowered]

    # ----------------------------------------------------------- addresses

    def local(self, text: str) -> str:
        """The replacement of a local part without structure; names of roles stay."""
        lowered = text.lower()
        if not text or lowered in ROLES or (len(lowered) <= 2 and lowered.isdigit()):
            return text
        if self.collecting:
            if len(lowered) > 3 and lowered not in WORDS and not is_generic_label(lowered):
                self._words.setdefault(lowered, lambda _: self._local(lowered))
            return text
        return self._local(lowered)

    def _local(self, lowered: str) -> str:
        if lowered not in self._locals:
            self._locals[lowered] = self._numbered("user")
        return self._locals[lowered]

    def note_address(self, old: str, new: str) -> None:
        """Remember an address for the list of names."""
        if not self.collecting and old != new and len(old) <= 2 * MAX_NAME:
            self._addresses.setdefault(old, new)

    def ip(self, text: str, length: int | None = None) -> str:
        """The replacement of an IP address (or of a network, with ``length``); the text itself if it is none."""
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return text if length is None else f"{text}/{length}"
        inner = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        if inner is not None:
            return f"::ffff:{self.ip(str(inner))}" if length is None else f"{text}/{length}"
        if length is not None and length > address.max_prefixlen:
            length = None
        if self.collecting:
            self.networks.collect(address, length)
            return text if length is None else f"{text}/{length}"
        return (
            str(self.networks.address(address)) if length is None else self.networks.network(address, length)
        )

    # ------------------------------------------------------------- people

    def person(self, phrase: str) -> str:
        """The replacement of a display name; what mail systems call themselves stays."""
        text = " ".join(phrase.split())
        words = _WORD.findall(text.lower())
        if not words or all(word in WORDS or word in ROLES or word.isdigit() for word in words):
            return phrase
        if self.collecting:
            self._note_phrase(text, lambda: self._person(text))
            for word in words:
                if word.isascii() and len(word) > 2 and not word.isdigit() and word not in WORDS:
                    self._words.setdefault(word, lambda text: _cased(text, "somebody"))
            return phrase
        return self._person(text)

    def _person(self, text: str) -> str:
        key = text.lower()
        if key not in self._people:
            self._people[key] = f"Person {self._count('person')}"
        return self._people[key]

    def subject(self, text: str) -> str:
        """The replacement of a subject."""
        key = " ".join(text.split())
        if not key:
            return text
        if self.collecting:
            if len(key) > 5 and not all(word in WORDS for word in _WORD.findall(key.lower())):
                self._note_phrase(key, lambda: self._subject(key))
            return text
        return self._subject(key)

    def _subject(self, key: str) -> str:
        if key not in self._subjects:
            self._subjects[key] = f"Subject {self._count('subject')}"
        return self._subjects[key]

    def _note_phrase(self, text: str, new: Callable[[], str]) -> None:
        if len(self.phrases) < MAX_PHRASES and 1 < len(text) <= MAX_PHRASE and text not in self.phrases:
            self.phrases[text] = ""
            self._words[f"\0{text}"] = lambda _: new()

    def replace_phrases(self, text: str) -> str:
        """Running text without the names of people and the subjects that the mail is known to hold."""
        if self.collecting:
            return text
        for phrase in sorted(self.phrases, key=len, reverse=True):
            if phrase in text:
                text = text.replace(phrase, self._words[f"\0{phrase}"](phrase))
        return text

    # ---------------------------------------------------------------- ids

    def ident(self, text: str) -> str:
        """Another id of the same shape: digits for digits, letters for letters, the rest as it is."""
        if self.collecting or not text:
            return text
        if text not in self._ids:
            self._ids[text] = self._same_shape(text)
        return self._ids[text]

    def note_id(self, text: str) -> None:
        """An id that is to be replaced wherever it occurs."""
        for piece in re.split(r"[^A-Za-z0-9._-]+", text[:MAX_PHRASE]):
            lowered = piece.lower().strip("._-")
            if len(lowered) > 3 and lowered not in WORDS and self.collecting:
                self._words.setdefault(lowered, self.ident)

    def _same_shape(self, text: str) -> str:
        letters = "abcdef" if all(c in "abcdef" for c in text.lower() if c.isalpha()) else _LETTERS
        stream = self._bytes(text)
        out = []
        for character, byte in zip(text, stream, strict=False):
            if character.isdigit():
                out.append(str(byte % 10))
            elif character.isalpha():
                letter = letters[byte % len(letters)]
                out.append(letter.upper() if character.isupper() else letter)
            else:
                out.append(character)
        return "".join(out)

    def _bytes(self, text: str) -> bytes:
        seed = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=self._key[:64]).digest()
        return hashlib.shake_256(seed).digest(len(text))

    def secret(self, purpose: str) -> bytes:
        """32 bytes for one purpose, the same for the same mail."""
        return hashlib.blake2b(purpose.encode(), key=self._key[:64], digest_size=32).digest()

    # --------------------------------------------------------------- words

    def word(self, text: str) -> str | None:
        """The replacement of a word that names somebody or something, None for any other word."""
        found = self._words.get(text.lower())
        return None if found is None or self.collecting else found(text)

    def mapping(self) -> dict[str, str]:
        """Original to replacement, all kinds in one list; what stayed is left out."""
        tables = (
            self._domains, self._addresses, self._hosts, self._locals, self._selectors,
            self._people, self._subjects, self._ids, self.networks.names(),
        )  # fmt: skip
        return {old: new for table in tables for old, new in table.items() if old != new}

    def _free(self) -> str:
        while True:
            number = self._count("organization") - 1
            turn, place = divmod(number, len(_SPELLING))
            label = _SPELLING[place] + (str(turn + 1) if turn else "")
            if label not in self._taken:
                return label

    def _numbered(self, kind: str) -> str:
        while True:
            label = f"{kind}{self._count(kind)}"
            if label not in self._taken and label not in self._words:
                return label

    def _count(self, kind: str) -> int:
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return self._counts[kind]


_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _reversed_octets(labels: list[str]) -> str:
    """The address that four labels in front of a DNS list's name spell backwards, "" if they don't."""
    good = all(label.isdigit() and len(label) <= 3 and int(label) < 256 for label in labels)
    return ".".join(labels[::-1]) if good else ""


def _cased(model: str, text: str) -> str:
    """``text`` in the case of ``model``: all capitals, or as it is."""
    return text.upper() if len(model) > 1 and model.isupper() else text
