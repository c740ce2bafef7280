"""Header fields and the fields of reports, each redacted as its kind asks.

Unknown fields are not trusted: names in them are replaced, and of all else only the length stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from helpers.message import Header
from helpers.redact.dates import shift_dates
from helpers.redact.encodings import readable, worded_again
from helpers.redact.names import Names
from helpers.redact.phrases import redact_addresses
from helpers.redact.public import ANSWER_WORDS, FAILURE_WORDS, WORDS, listed
from helpers.redact.tags import parameters, tag_list
from helpers.redact.text import Scrubber

_ADDRESSES = listed("address_fields")
_SUBJECTS = listed("subject_fields")
_IDS = listed("id_fields")
_DATES = listed("date_fields")
_WORDS = listed("word_fields")  # the kit reads them, or they tell about software: their words stay
_TOKENS = listed("token_fields")
_TAG_LISTS = ("dkim-signature", "arc-message-signature", "arc-seal", "domainkey-signature")
_STATEMENTS = ("authentication-results", "received-spf")
_ENCODINGS = frozenset(["7bit", "8bit", "binary", "base64", "quoted-printable"])
_ORDINARY = re.compile(rb"[A-Za-z][A-Za-z0-9_-]*[ \t]*")
_ANSWERED = re.compile(r"(?:(?:re|fwd?|aw|wg|sv|tr|rv)\s*:\s*)+", re.IGNORECASE)
_BARE_USER = re.compile(  # somebody of this host, without a domain
    r"((?:envelope-from|authenticated[ _](?:sender|user|as)[:=]?|auth(?:id)?=|sender[:=])"
    r" *<?\"?)([A-Za-z0-9._+-]+)(?=[>\"\s;,)])",
    re.IGNORECASE,
)
_MAILTO_QUERY = re.compile(r"(mailto:[^?>\s:]*)\?[^>\s]*")


@dataclass(slots=True)
class FieldRedactor:
    """What is the same for all fields of one message."""

    names: Names
    weeks: int = 0
    is_report: bool = False  # its own words are a mail system's, not a person's
    boundaries: dict[str, str] = field(default_factory=dict)
    scrubber: Scrubber = field(init=False)

    def __post_init__(self) -> None:
        self.scrubber = Scrubber(self.names)

    # -------------------------------------------------------------- a field

    def header(self, header: Header) -> bytes:
        """A whole field, with its line ending."""
        name, colon, value = header.raw.partition(b":")
        body = value.rstrip(b"\r\n")
        ending = value[len(body) :]
        if not _ORDINARY.fullmatch(name):  # a broken line that happens to have a colon
            new = self.scrubber.shape((name + colon + body).decode("utf-8", "replace"))
        else:
            new = self.value(header.lname, readable(header, body), body)
        if self.names.collecting:
            return header.raw
        if not _ORDINARY.fullmatch(name):
            return new.encode("utf-8", "replace") + ending
        return self._field_name(name) + colon + new.encode("utf-8", "replace") + ending

    def _field_name(self, name: bytes) -> bytes:
        """Some fields are named after their owner: X-Fujiba-Mailer."""
        if not name.lower().startswith(b"x-"):
            return name
        pieces = name.decode("ascii", "replace").split("-")
        new = [(self.names.word(piece) if len(piece) > 3 else None) or piece for piece in pieces]
        return "-".join([n if n.isascii() else p for n, p in zip(new, pieces, strict=True)]).encode()

    def value(self, lname: str, text: str, raw: bytes = b"") -> str:
        """The value of a field: ``text`` as it stands behind the colon, folding included.

        ``raw`` is the same as it came, for the charset of its encoded words.
        """
        rest = text.lstrip()
        if not rest:
            return text
        return text[: len(text) - len(rest)] + self._handler(lname)(rest, raw)

    def _handler(self, lname: str) -> Callable[[str, bytes], str]:
        if lname in _ADDRESSES:
            return lambda text, raw: redact_addresses(text, raw, self.scrubber)
        if lname in _SUBJECTS:
            return self._subject
        if lname in _IDS:
            return lambda text, _: self._message_ids(text)
        if lname in _TOKENS:
            return lambda text, _: self._tokens(text)
        if lname.endswith(_TAG_LISTS):
            return lambda text, _: tag_list(text, self.names, self.scrubber, self.weeks)
        if lname in ("content-type", "content-disposition"):
            return lambda text, _: parameters(text, self.boundaries, self.scrubber)
        if lname == "content-transfer-encoding":
            return lambda text, _: text if text.strip().lower() in _ENCODINGS else self.words(text)
        if lname == "list-id":
            return lambda text, raw: redact_addresses(text, raw, self.scrubber, hosts=True)
        if lname.startswith("list-"):
            return lambda text, _: self.words(_MAILTO_QUERY.sub(r"\1", text))
        if lname.endswith("received"):
            return lambda text, _: self.words(_BARE_USER.sub(self._bare_user, text))
        if lname in _WORDS or lname in _DATES or any(name in lname for name in _STATEMENTS):
            return lambda text, _: self.words(text)
        return lambda text, _: self.scrubber.shape(text)

    def _bare_user(self, found: re.Match[str]) -> str:
        return found.group(1) + self.names.local(found.group(2))

    def words(self, text: str) -> str:
        """Text whose words stay, with names replaced and dates moved."""
        return shift_dates(self.scrubber.words(text), self.weeks)

    # ------------------------------------------------------------- subjects

    def _subject(self, text: str, raw: bytes) -> str:
        """A person's subject is replaced; a report's own words stay as far as nobody is named in them."""
        plain = " ".join(text.split())
        if self.is_report:
            return self._report_subject(text, plain, raw)
        mark = _ANSWERED.match(plain)
        start = mark.group() if mark else ""
        rest = plain[len(start) :]
        answer = ANSWER_WORDS.match(rest)
        if answer and ":" in rest[answer.end() : answer.end() + 2]:
            cut = rest.index(":", answer.end()) + 1
            start, rest = f"{start}{rest[:cut]} ", rest[cut:].strip()
        return worded_again(start + self.names.subject(rest), raw) if rest else text

    def _report_subject(self, text: str, plain: str, raw: bytes) -> str:
        if _are_words(plain):
            return self.scrubber.words(text)
        head, colon, tail = plain.partition(":")
        if colon and FAILURE_WORDS.search(head) and tail.strip():
            about = self.scrubber.words(tail) if _are_words(tail) else f" {self.names.subject(tail)}"
            return worded_again(f"{self.scrubber.words(head)}:{about}", raw)
        if FAILURE_WORDS.search(plain):
            return worded_again(self.scrubber.words(plain), raw)
        return worded_again(self.names.subject(plain), raw)

    # ------------------------------------------------------------------ ids

    def _message_ids(self, text: str) -> str:
        """Ids between angle brackets, or bare: a token and a host."""
        return re.sub(r"[^\s<>,;]+", lambda found: self._message_id(found.group()), text)

    def _message_id(self, text: str) -> str:
        left, at, host = text.rpartition("@")
        if not at:
            self.names.note_id(text)
            return self.names.ident(text)
        self.names.note_id(left)
        if "@" in left:  # an address in a Message-ID
            left = self.scrubber.words(left)
        new_host = self.scrubber.words(host) if host.startswith("[") else self.names.host(host)
        new = f"{self.names.ident(left)}@{new_host}"
        self.names.note_address(text, new)
        return new

    def _tokens(self, text: str) -> str:
        """Queue ids and the like; Feedback-ID has several, the last one the service's own."""
        for piece in text.split():
            self.names.note_id(piece)
        return re.sub(r"[^\s:;,<>]+", lambda found: self._token(found.group()), text)

    def _token(self, text: str) -> str:
        known = "@" in text or text.lower() in WORDS or self.names.is_host_like(text)
        return self.scrubber.words(text) if known else self.names.ident(text)


def _are_words(text: str) -> bool:
    """Nothing but words of mail systems, and numbers."""
    return all(word in WORDS or word.isdigit() for word in re.findall(r"[^\W_]+", text.lower()))
