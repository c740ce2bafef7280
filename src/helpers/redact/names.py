"""Who became whom: the tables of one redaction, in one place."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

from helpers.redact.hostnames import MAX_NAME, Hostnames
from helpers.redact.ledger import Ledger, cased
from helpers.redact.networks import Networks
from helpers.redact.public import ROLES, WORDS, is_generic_label, listed

MAX_PHRASES = 200  # names of people and subjects that are looked for in running text
MAX_PHRASE = 300

_SYSTEMS = listed("system_names")
_PLAIN = WORDS | ROLES | _SYSTEMS
_WORD = re.compile(r"[^\W_]+")
_LATIN = re.compile(r"[a-z0-9\u00df-\u024f]+")
_NOT_AN_ID = re.compile(  # the number of a version, or a host's name
    r"\d{1,2}(?:\.\d{1,5}){1,4}|(?:[a-z0-9_-]*[a-z][a-z0-9_-]*\.)+[a-z]{2,}"
)
_ANY_IP = re.compile(
    r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)|(?<![\w:])(?:2001:0?db8|3fff|f[de]\w\w):[0-9a-f:]+", re.I
)


class Names(Ledger):
    """The tables: `domain`, `local`, `ip`, `person`, `subject`, `ident` each give the replacement.

    While notes are taken they give back what they got.
    """

    def __init__(self, key: bytes, keep_public: bool) -> None:
        super().__init__(key)
        self.keep_public = keep_public
        self.networks = Networks()
        self.hostnames = Hostnames(self, self.ip, keep_public)
        self.domain = self.hostnames.domain
        self.host = self.hostnames.host
        self.selector = self.hostnames.selector
        self._locals: dict[str, str] = {}
        self._people: dict[str, str] = {}
        self._subjects: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        self._addresses: dict[str, str] = {}
        self._name_words: set[str] = set()  # words that are only known from people's names
        self._phrases: dict[str, Callable[[], str]] = {}

    def avoid(self, text: str) -> None:
        """Text that is not kept: what occurs in it is nobody's replacement all the same."""
        self.take_from(text)
        for found in _ANY_IP.findall(text):
            self.networks.avoid(found)

    def freeze(self) -> None:
        """All is noted: from now on names are replaced."""
        self.collecting = False
        self.networks.assign()
        self.hostnames.assign()

    # ----------------------------------------------------------- addresses

    def local(self, text: str) -> str:
        """The replacement of a local part without structure; names of roles stay."""
        lowered = text.lower()
        if not text or lowered in ROLES or (len(lowered) <= 2 and lowered.isdigit()):
            return text
        if self.collecting:
            self.taken.add(lowered)
            if len(lowered) > 3 and lowered not in WORDS and not is_generic_label(lowered):
                self.words.setdefault(lowered, lambda _: self._local(lowered))
            return text
        return self._local(lowered)

    def _local(self, lowered: str) -> str:
        if lowered not in self._locals:
            self._locals[lowered] = self.numbered("user")
        return self._locals[lowered]

    def note_address(self, old: str, new: str) -> None:
        """Remember an address for the list of names."""
        if not self.collecting and old != new and len(old) <= 2 * MAX_NAME:
            self._addresses.setdefault(old, new)

    def ip(self, text: str, length: int | None = None) -> str:
        """The replacement of an IP address, or of a network (``length``); the text itself if it is none."""
        whole = text if length is None else f"{text}/{length}"
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return whole
        inner = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        if inner is not None:
            return f"::ffff:{self.ip(str(inner))}" if length is None else whole
        if length is not None and length > address.max_prefixlen:
            length = None
        if self.collecting:
            self.networks.collect(address, length)
            return whole
        if length is None:
            return str(self.networks.address(address))
        return self.networks.network(address, length)

    # ------------------------------------------------------- people, subjects

    def person(self, phrase: str) -> str:
        """The replacement of a display name; what mail systems call themselves stays."""
        text = " ".join(phrase.split())
        words = _WORD.findall(text.lower())
        if not words or all(word in _SYSTEMS or word.isdigit() for word in words):
            return phrase
        if self.collecting:
            self._note_phrase(text, lambda: self._person(text))
            for word in words:
                if _LATIN.fullmatch(word) and len(word) > 2 and not word.isdigit() and word not in _PLAIN:
                    self._name_words.add(word)
            return phrase
        return self._person(text)

    def _person(self, text: str) -> str:
        key = text.lower()
        if key not in self._people:
            self._people[key] = f"Person {self.count('person')}"
        return self._people[key]

    def subject(self, text: str) -> str:
        """The replacement of a subject."""
        key = " ".join(text.split())
        if not key:
            return text
        if self.collecting:
            if len(key) > 2 and not all(word in WORDS for word in _WORD.findall(key.lower())):
                self._note_phrase(key, lambda: self._subject(key))
            return text
        return self._subject(key)

    def _subject(self, key: str) -> str:
        if key not in self._subjects:
            self._subjects[key] = f"Subject {self.count('subject')}"
        return self._subjects[key]

    def _note_phrase(self, text: str, new: Callable[[], str]) -> None:
        plain = text.lower() in _PLAIN
        if len(self._phrases) < MAX_PHRASES and 1 < len(text) <= MAX_PHRASE and not plain:
            self._phrases.setdefault(text, new)

    def replace_phrases(self, text: str) -> str:
        """Running text without the names of people and the subjects that the mail is known to hold."""
        if self.collecting:
            return text
        for phrase in sorted(self._phrases, key=len, reverse=True):
            if phrase in text:
                pattern = rf"(?<![A-Za-z0-9.+_@-]){re.escape(phrase)}(?![A-Za-z0-9+_@-])(?!\.[A-Za-z0-9])"
                text = re.sub(pattern, lambda _, phrase=phrase: self._phrases[phrase](), text)  # type: ignore[misc]
        return text

    # ------------------------------------------------------------ ids, words

    def ident(self, text: str) -> str:
        """Another id of the same shape."""
        if self.collecting or not text:
            return text
        if text not in self._ids:
            self._ids[text] = self.same_shape(text)
        return self._ids[text]

    def note_id(self, text: str) -> None:
        """An id that is to be replaced wherever it occurs."""
        for piece in re.split(r"[^A-Za-z0-9._-]+", text[:MAX_PHRASE]):
            lowered = piece.lower().strip("._-")
            plain = len(lowered) < 4 or lowered in WORDS or _NOT_AN_ID.fullmatch(lowered)
            if self.collecting and not plain:
                self.words.setdefault(lowered, self.ident)

    def is_host_like(self, text: str) -> bool:
        """Is it written as a host name is, rather than an id?"""
        return text[-1:].isalpha() and _NOT_AN_ID.fullmatch(text.lower()) is not None

    def word(self, text: str) -> str | None:
        """The replacement of a word that names somebody or something, None for any other word."""
        if self.collecting:
            return None
        lowered = text.lower()
        found = self.words.get(lowered)
        if found is not None:
            return found(text)
        return cased(text, "somebody") if lowered in self._name_words else None

    def mapping(self) -> dict[str, str]:
        """Original to replacement, all kinds in one list; what stayed is left out."""
        hosts = self.hostnames
        tables = (
            hosts.domains, self._addresses, hosts.hosts, self._locals, hosts.selectors,
            self._people, self._subjects, self._ids, self.networks.names(),
        )  # fmt: skip
        return {old: new for table in tables for old, new in table.items() if old != new}
