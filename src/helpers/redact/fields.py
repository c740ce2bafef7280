"""Header fields and the fields of reports, each redacted as its kind asks.

Unknown fields are not trusted: names in them are replaced, and of everything else only the length stays.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from helpers.message import Header
from helpers.redact.dates import shift_dates, shift_seconds
from helpers.redact.encodings import readable, worded_again
from helpers.redact.names import Names
from helpers.redact.phrases import redact_addresses
from helpers.redact.public import ANSWER_WORDS, FAILURE_WORDS, WORDS
from helpers.redact.text import Scrubber

_ADDRESSES = frozenset(
    """from to cc bcc sender reply-to resent-from resent-to resent-cc resent-bcc resent-sender resent-reply-to
    return-path delivered-to errors-to x-original-to envelope-to x-envelope-to x-envelope-from x-envelope-sender
    envelope-from apparently-to x-apparently-to x-failed-recipients disposition-notification-to return-receipt-to
    x-forwarded-to x-forwarded-for x-rcpt-to x-return-path x-mail-from x-original-from x-sender x-barracuda-envelope-from
    mail-followup-to mail-reply-to original-from original-recipient-to x-bounced-address list-owner list-post x-loop
    x-google-original-from x-real-to x-receiver x-ms-exchange-parent-message-id-from original-sender""".split()
)
_SUBJECTS = frozenset("subject thread-topic x-original-subject original-subject comments keywords".split())
_SUBJECTS |= frozenset(["\u4ef6\u540d", "betreff", "objet", "asunto", "assunto", "oggetto", "onderwerp"])
_IDS = frozenset(
    """message-id in-reply-to references resent-message-id content-id original-message-id x-message-id
    x-original-message-id x-google-original-message-id x-ms-exchange-parent-message-id
    x-microsoft-original-message-id supersedes""".split()
)
_DATES = frozenset(
    "date resent-date arrival-date last-attempt-date will-retry-until received-date expires".split()
)
# Fields that the kit reads, or that tell about software and handling: their words stay.
_WORDS = frozenset(
    """received x-received received-spf authentication-results arc-authentication-results auto-submitted precedence
    mime-version content-transfer-encoding content-language importance priority x-priority x-msmail-priority
    x-mailer user-agent x-mimeole x-auto-response-suppress x-ms-exchange-message-is-ndr x-ms-has-attach
    x-mlserver dkim-filter x-dkim list-unsubscribe-post content-description x-spam-flag
    reporting-mta received-from-mta remote-mta dsn-gateway final-recipient original-recipient x-actual-recipient
    action status diagnostic-code final-log-id-absent x-postfix-sender x-display-name-absent feedback-type version
    original-mail-from original-rcpt-to source-ip reported-domain auth-failure delivery-result identity-alignment
    dkim-domain dkim-identity dkim-selector spf-dns authentication-results-original incidents source-port
    reporting-ua disposition x-originating-ip x-sender-ip x-client-ip x-remote-ip x-source-ip x-mailer-version
    x-ms-exchange-generated-message-source sender-ip smtp-remote-ip x-supplementary-info x-notes-item
    x-redacted x-smtp-server x-received-from-mta helo-domain return x-feedback-report""".split()
)
_FREE_FORM = ("dkim-canonicalized-header", "dkim-canonicalized-body", "dkim-adsp-dns")
_ID_FIELDS = frozenset(
    """x-postfix-queue-id original-envelope-id final-log-id x-queueid x-queue-id feedback-id x-feedback-id
    x-sg-eid x-sg-id x-mailgun-sid x-ses-outgoing x-gm-message-state""".split()
)
_TAG_LISTS = ("dkim-signature", "arc-message-signature", "arc-seal", "domainkey-signature")
_TAG = re.compile(r"(?s)(\s*)([A-Za-z][A-Za-z0-9_]*)(\s*=)(.*)")
_BASE64 = re.compile(r"[A-Za-z0-9+/]")
_NAMED = re.compile(r"(\s*)(.*)", re.DOTALL)


@dataclass(slots=True)
class FieldRedactor:
    """What is the same for all fields of one message."""

    names: Names
    weeks: int = 0
    is_report: bool = False  # its own words are a mail system's, not a person's
    subject_of_original: str = ""
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
        text = readable(header, body)
        new = self.value(header.lname, text, body)
        if self.names.collecting:
            return header.raw
        if new == text and (body.isascii() and b"=?" not in body):
            new_bytes = body
        else:
            new_bytes = new.encode("utf-8", "replace")
        return self.field_name(name) + colon + new_bytes + ending

    def field_name(self, name: bytes) -> bytes:
        """Some fields are named after their owner: X-Fujiba-Mailer."""
        if not name.lower().startswith(b"x-"):
            return name
        pieces = name.split(b"-")
        new = [
            self.names.word(piece.decode("ascii", "replace")) if len(piece) > 3 else None for piece in pieces
        ]
        return b"-".join([(n.encode() if n and n.isascii() else p) for n, p in zip(new, pieces, strict=True)])

    def value(self, lname: str, text: str, raw: bytes = b"") -> str:
        """The value of a field: ``text`` as it stands behind the colon, folding included."""
        lead, rest = _NAMED.fullmatch(text).groups()  # type: ignore[union-attr]
        if not rest.strip():
            return text
        return lead + self._handler(lname)(rest, raw)

    def _handler(self, lname: str) -> Callable[[str, bytes], str]:
        if lname in _ADDRESSES:
            return lambda text, raw: redact_addresses(text, raw, self.scrubber)
        if lname in _SUBJECTS:
            return lambda text, raw: self.subject(text, raw)
        if lname in _IDS:
            return lambda text, _: self.message_ids(text)
        if lname in _DATES:
            return lambda text, _: shift_dates(self.scrubber.words(text), self.weeks)
        if lname.endswith(_TAG_LISTS):
            return lambda text, _: self.tag_list(text)
        if lname in _ID_FIELDS:
            return lambda text, _: self._id_field(text)
        if lname in ("content-type", "content-disposition"):
            return lambda text, _: self.parameters(text)
        if lname.startswith("list-"):
            return lambda text, raw: self._list_field(lname, text, raw)
        if lname in _WORDS or "authentication-results" in lname or "received-spf" in lname:
            return lambda text, _: shift_dates(self.scrubber.words(text), self.weeks)
        return lambda text, _: self._unknown(text)

    # ----------------------------------------------------------------- kinds

    def _unknown(self, text: str) -> str:
        return self.scrubber.shape(text)

    def _id_field(self, text: str) -> str:
        """Queue ids and the like; Feedback-ID has several, the last one the service's own."""
        for piece in text.split():
            self.names.note_id(piece)
        return re.sub(r"[^\s:;,<>]+", lambda found: self._id(found.group()), text)

    def _id(self, text: str) -> str:
        return self.scrubber.words(text) if "@" in text or text.lower() in WORDS else self.names.ident(text)

    def subject(self, text: str, raw: bytes) -> str:
        """A person's subject is replaced; a report's own words stay as far as nobody is named in them."""
        plain = " ".join(text.split())
        mark = re.match(r"(?:(?:re|fwd?|aw|wg|sv|tr|rv)\s*:\s*)+", plain, re.IGNORECASE)
        if not self.is_report:
            start = mark.group() if mark else ""
            rest = plain[len(start) :]
            answer = ANSWER_WORDS.match(rest)
            if answer and ":" in rest[answer.end() : answer.end() + 2]:
                cut = rest.index(":", answer.end() - 1) + 1
                start, rest = f"{start}{rest[:cut]} ", rest[cut:].strip()
            return worded_again(start + self.names.subject(rest), raw) if rest else text
        return self._report_subject(text, plain, raw)

    def _report_subject(self, text: str, plain: str, raw: bytes) -> str:
        head, colon, tail = plain.partition(":")
        if self.subject_of_original and self.subject_of_original in plain:
            self.names.subject(self.subject_of_original)
        if self._all_words(plain):
            return text
        known = FAILURE_WORDS.search(head)
        if colon and known and tail.strip():
            head = self.scrubber.words(head)
            if self._all_words(tail) or "complaint about" in head.lower():
                return worded_again(f"{head}:{self.scrubber.words(tail)}", raw)
            return worded_again(f"{head}: {self.names.subject(tail)}", raw)
        if FAILURE_WORDS.search(plain):
            return worded_again(self.scrubber.words(plain), raw)
        return worded_again(self.names.subject(plain), raw)

    def _all_words(self, text: str) -> bool:
        return all(word in WORDS or word.isdigit() for word in re.findall(r"[^\W_]+", text.lower()))

    def message_ids(self, text: str) -> str:
        """Ids between angle brackets, or bare: a token and a host."""
        return re.sub(r"[^\s<>,;]+", lambda found: self._message_id(found.group()), text)

    def _message_id(self, text: str) -> str:
        left, at, host = text.rpartition("@")
        if not at:
            self.names.note_id(text)
            return self.names.ident(text)
        self.names.note_id(left)
        if "@" in left:  # Message-ID with an address in it
            left = self.scrubber.words(left)
        new = f"{self.names.ident(left)}@{self.names.host(host) if not host.startswith('[') else self.scrubber.words(host)}"
        self.names.note_address(text, new)
        return new

    def tag_list(self, text: str) -> str:
        """A signature: who signs is renamed, what was signed stays named, hashes become others of the same shape."""
        pieces = text.split(";")
        return ";".join([self._tag(piece) for piece in pieces])

    def _tag(self, piece: str) -> str:
        found = _TAG.fullmatch(piece)
        if found is None:
            return self.scrubber.shape(piece)
        lead, name, equals, value = found.groups()
        if name == "d":
            value = _within(value, self.names.domain)
        elif name == "s":
            value = _within(value, self.names.selector)
        elif name == "i" and "@" in value:
            value = self.scrubber.words(value)
        elif name in ("b", "bh"):
            value = self._other_hash(value)
        elif name in ("t", "x"):
            value = _within(value, lambda inner: shift_seconds(inner, self.weeks))
        elif name == "z":
            value = "" if self.names.collecting else _within(value, lambda _: "From:redacted")
        elif name not in ("v", "a", "c", "h", "l", "q", "i", "cv"):
            value = self.scrubber.shape(value)
        return lead + name + equals + value

    def _other_hash(self, value: str) -> str:
        """Base64 of the same length and folding."""
        if self.names.collecting:
            return value
        letters = iter(_endless(self.names.secret("".join(value.split())), len(value)))
        return _BASE64.sub(lambda _: next(letters), value)

    def parameters(self, text: str) -> str:
        """Content-Type and Content-Disposition: file names and boundaries are replaced."""
        for old, new in sorted(self.boundaries.items(), key=lambda pair: -len(pair[0])):
            text = text.replace(old, f"\0{new}\0") if old else text
        plain = not any(mark in text.lower() for mark in ("name", "boundary*"))
        if not plain:
            text = _NAME.sub(self._file_name, text)
        pieces = text.split("\0")
        return "".join(
            [piece if number % 2 else self._parameter_words(piece) for number, piece in enumerate(pieces)]
        )

    def _parameter_words(self, text: str) -> str:
        return _PARAMETER.sub(self._parameter, self.scrubber.words(text))

    def _parameter(self, found: re.Match[str]) -> str:
        name = found.group(2).lower().rstrip("*")
        if name in _KEPT_PARAMETERS or name.startswith("boundary"):
            return found.group()
        if name in ("name", "filename"):
            return found.group()
        return found.group(1) + found.group(2) + "=" + self.scrubber.shape(found.group(3))

    def _file_name(self, found: re.Match[str]) -> str:
        number = found.group(3)
        if number and number.strip("*") not in ("", "0"):
            return ""  # the rest of a name in several pieces (RFC 2231 §3)
        extension = re.search(r"\.([A-Za-z0-9]{1,5})[\"'\s]*$", found.group(4))
        ending = f".{extension.group(1).lower()}" if extension else ""
        return f'{found.group(1)}{found.group(2)}="attachment{ending}"'

    def _list_field(self, lname: str, text: str, raw: bytes) -> str:
        if lname == "list-id":
            return redact_addresses(text, raw, self.scrubber, hosts=True)
        text = re.sub(r"(mailto:[^?>\s]*)\?[^>\s]*", r"\1", text) if not self.names.collecting else text
        return self.scrubber.words(text)


_NAME = re.compile(r"(;\s*)((?:file)?name)((?:\*\d*\*?)?)\s*=\s*(\"(?:[^\"\\]|\\.)*\"|[^;]*)", re.IGNORECASE)
_PARAMETER = re.compile(r"(;\s*)([A-Za-z0-9*_-]+)\s*=\s*(\"(?:[^\"\\]|\\.)*\"|[^;]*)")
_KEPT_PARAMETERS = frozenset(
    "charset report-type format delsp type protocol micalg boundary version access-type method".split()
)


def _within(value: str, change: Callable[[str], str]) -> str:
    """Change a value but not the blanks around it."""
    inner = "".join(value.split())
    if not inner:
        return value
    at = value.find(inner[0])
    end = len(value.rstrip())
    return value[:at] + change(inner) + value[end:]


def _endless(seed: bytes, length: int) -> str:
    raw = hashlib.shake_256(seed).digest(length)
    return binascii.b2a_base64(raw, newline=False).decode("ascii").rstrip("=")
