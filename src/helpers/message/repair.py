"""Headers that are not well-formed: pasted, quoted, cut, converted, or no mail at all. Nothing raises.

Each liberty taken is noted in one plain sentence; where nothing can be made of the input, all of it is text.
"""

from __future__ import annotations

import re

from helpers.message.fields import Block, Header

_LINE = re.compile(rb"([^\r\n]*)(\r{0,3}\n|\r)?")
_ORDINARY = re.compile(rb"([A-Za-z][A-Za-z0-9_.-]*)([ \t]*):(?!//|:)")
_UNUSUAL = re.compile(rb"([!-9;-~]+)([ \t]*):")  # ftext, RFC 5322 §3.6.8
_MBOX = re.compile(rb">?From (?![ \t]*:)[^\r\n]*(?:\r{0,3}\n|\r|\Z)")
_EMPTY_LINES = re.compile(rb"(?:[ \t\x00]*[\r\n]+)+")
_QUOTED_FIELD = re.compile(rb"((?:>[ \t]?)+)[A-Za-z][A-Za-z0-9_.-]*[ \t]*:")
_INDENTED_FIELD = re.compile(rb"([ \t]+)[A-Za-z][A-Za-z0-9_.-]*[ \t]*:")
_SIGNED_NAMES = re.compile(rb"[ \t]*[A-Za-z0-9-]+(?:(?:[ \t]+:[ \t]*|:)[A-Za-z0-9-]+)*[ \t]*:?[ \t]*(?:;.*)?")
_LENGTH = re.compile(rb"\s{0,10}([0-9]{1,10})[ \t]{0,20}\r?\n")
_TIME_OR_ADDRESS = re.compile(rb"[0-9][0-9A-Fa-f]{0,3}:[0-9A-Fa-f:]")

# Fields that everybody has: they tell a header from text that only happens to hold a colon.
_KNOWN = frozenset(
    b"arc-authentication-results arc-message-signature arc-seal authentication-results auto-submitted bcc cc"
    b" content-disposition content-language content-transfer-encoding content-type date delivered-to"
    b" dkim-signature domainkey-signature envelope-to errors-to feedback-id from in-reply-to importance"
    b" list-help list-id list-post list-unsubscribe list-unsubscribe-post message-id mime-version"
    b" organization precedence priority received received-spf references reply-to resent-date resent-from"
    b" resent-message-id resent-sender resent-to return-path sender status subject thread-index thread-topic"
    b" to user-agent".split()
)
# Values that mail programs fold. After any other field a line that is no field starts the text.
_FOLDED = frozenset(
    b"received received-spf references in-reply-to to cc bcc content-type content-disposition"
    b" authentication-results dkim-signature domainkey-signature list-unsubscribe".split()
)
# Fields of one short value: a stray line after a complete one is not the rest of it.
_SHORT = frozenset(
    b"from sender date message-id mime-version content-transfer-encoding return-path delivered-to".split()
)
_TAG_LISTS = (b"signature", b"arc-seal")


def repair(raw: bytes) -> Block:
    """Read a header that is not well-formed, noting every liberty taken."""
    if not raw.strip(b" \t\r\n\0"):
        return Block((), raw, 0 if raw else len(raw), False, ("The input is empty.",))
    if raw.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        note = "This is an Outlook .msg file, not a message in text form; save it as .eml or copy the source."
        return Block((), raw, 0, True, (note,))
    repairs: list[str] = []
    text = _out_of_apple_mail(_without_bom(raw, repairs), repairs)
    if empty := _EMPTY_LINES.match(text):
        text = text[empty.end() :]
        repairs.append("Empty lines before the first header field were left out.")
    mbox_line = b""
    if mbox := _MBOX.match(text):
        mbox_line = mbox.group().strip(b"\r\n")
        text = text[mbox.end() :]
        repairs.append('The first line ("From …") is the separator of a mailbox file and was left out.')
    text = _without_prefix(text, repairs)
    reader = _LineReader(text)
    reader.read()
    return Block(
        tuple(reader.headers), text, reader.body_at, reader.has_body, (*repairs, *reader.notes()), mbox_line
    )


def _out_of_apple_mail(text: bytes, repairs: list[str]) -> bytes:
    """The mail in an .emlx file: its length in bytes stands before it, a property list behind it."""
    counted = _LENGTH.match(text)
    if counted is None:
        return text
    end = counted.end() + int(counted.group(1))
    if len(text) != end and not text[end : end + 100].lstrip().startswith((b"<?xml", b"<plist")):
        return text
    repairs.append("What Apple Mail stores around a message (.emlx) was left out.")
    return text[counted.end() : end]


def _without_bom(raw: bytes, repairs: list[str]) -> bytes:
    if raw.startswith(b"\xef\xbb\xbf"):
        repairs.append("The byte order mark of a text editor (UTF-8 BOM) was left out.")
        return raw[3:]
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) and b"\0" in raw[2:4]:
        repairs.append("The text was stored as UTF-16 and was converted to UTF-8.")
        return raw.decode("utf-16", "replace").encode("utf-8", "replace")
    return raw


def _without_prefix(text: bytes, repairs: list[str]) -> bytes:
    """Undo quoting ("> ") or indentation of a whole pasted message."""
    if quoted := _QUOTED_FIELD.match(text):
        prefix, depth = rb"^(?:>[ \t]?){1,%d}", quoted.group(1).count(b">")
        repairs.append('The text was quoted; the quote marks ("> ") before its lines were removed.')
        return re.sub(prefix % min(depth, 100), b"", text, flags=re.MULTILINE)
    if indented := _INDENTED_FIELD.match(text):
        blanks = indented.group(1)
        second = _LINE.match(text, _LINE.match(text).end())  # type: ignore[union-attr]
        if second and second.group(1) and not second.group(1).startswith(blanks):
            repairs.append("Blanks before the first header field were removed.")
            return text[len(blanks) :]
        repairs.append("The header was indented; the blanks before its lines were removed.")
        return re.sub(rb"^" + blanks, b"", text, flags=re.MULTILINE)
    return text


class _LineReader:
    """Reads a header line by line; the changing state of one repair."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.headers: list[Header] = []
        self.body_at = len(text)
        self.has_body = False
        self.name = b""  # of the field being read
        self.pieces: list[bytes] = []
        self.lost: list[bytes] = []  # lines after it that are neither a field nor indented
        self.lost_at = 0
        self.junk: list[bytes] = []  # lines before the first field
        self.tag = b""  # how the last tag of a signature starts, to know a folded h= when its names come
        self.rejoined = self.left_out = self.spaced = self.bare_cr = 0
        self.text_without_separator = False

    def read(self) -> None:
        position, size = 0, len(self.text)
        match = _LINE.match
        while position < size:
            found = match(self.text, position)
            assert found is not None  # the expression also matches nothing  # noqa: S101
            line, ending, at, position = found.group(1), found.group(2), position, found.end()
            if not line:
                self.body_at, self.has_body = position, True
                break
            if ending == b"\r":
                position = self._after_bare_cr(found, position)
                line = self.text[at:position].rstrip(b"\r\n")
            if self._take(line, self.text[at:position], at):
                return
        self._finish()

    def _after_bare_cr(self, found: re.Match[bytes], position: int) -> int:
        """A lone CR ends a line where a field, a folded line or an empty line follows it."""
        following = self.text[position : position + 1]
        if not following or following in b" \t\r\n" or _ORDINARY.match(self.text, position):
            self.bare_cr += 1
            return position
        if b"\n" not in self.text[position : position + 1000]:
            self.bare_cr += 1
            return position
        rest = re.compile(rb"[^\n]*\n?").match(self.text, position)
        return rest.end() if rest else position

    def _take(self, line: bytes, whole: bytes, at: int) -> bool:
        """Sort one line in; True when the body starts at it."""
        if line[0] in b" \t":
            if self.lost:
                self.lost.append(whole)
            elif self.name:
                self.pieces.append(whole)
                self._follow_tag(line)
            else:
                self.junk.append(line)
            return False
        field = self._field(line)
        if field is None:
            if line.startswith(b"--") and self.name:
                return self._body_starts(at)
            if not self.name:
                self.junk.append(line)
            else:
                self.lost_at = self.lost_at if self.lost else at
                self.lost.append(whole)
                self._follow_tag(line)
            return False
        name = field.group(1).lower()
        if self.lost and not self._continues() and name not in _KNOWN and not name.startswith(b"x-"):
            return self._body_starts(self.lost_at)
        self._close()
        self.name, self.pieces, self.tag = field.group(1), [whole], b""
        self._follow_tag(line.partition(b":")[2])
        self.spaced += bool(field.group(2))
        return False

    def _follow_tag(self, line: bytes) -> None:
        _, semicolon, rest = line.rpartition(b";")
        self.tag = (rest.strip() if semicolon else self.tag + line.strip())[:4]

    def _field(self, line: bytes) -> re.Match[bytes] | None:
        tag_list = self.name.lower().endswith(_TAG_LISTS)
        if tag_list and self.tag.replace(b" ", b"").startswith(b"h=") and _SIGNED_NAMES.fullmatch(line):
            return None  # the folded names of h=, which look like fields themselves
        if ordinary := _ORDINARY.match(line):
            return ordinary
        if tag_list or line.startswith(b"--") or b"//" in line[:12] or _TIME_OR_ADDRESS.match(line):
            return None
        return _UNUSUAL.match(line)

    def _continues(self) -> bool:
        """Are the lost lines the rest of the field before them, rather than the start of the text?"""
        name = self.name.lower()
        folded = name in _FOLDED or name.startswith((b"x-", b"arc-", b"list-"))
        return folded or self.lost[0].startswith((b"=?", b"<")) or not self._value()

    def _value(self) -> bytes:
        return b"".join(self.pieces[:2]).partition(b":")[2].strip()

    def _body_starts(self, at: int) -> bool:
        if self.lost and at != self.lost_at and not self._continues():
            at = self.lost_at
        if self.lost and at == self.lost_at:
            self.lost = []
        self._close()
        self.body_at, self.has_body, self.text_without_separator = at, True, True
        return True

    def _close(self) -> None:
        """The field being read is complete."""
        if self.lost and self.name.lower() in _SHORT and not self._continues():
            self.left_out += len(self.lost)
            self.lost = []
        if self.lost:
            self.rejoined += len(self.lost)
            self.pieces += [piece if piece[0] in b" \t" else b" " + piece for piece in self.lost]
            self.lost = []
        if self.name:
            self.headers.append(Header(self.name.decode("ascii"), b"".join(self.pieces)))
        self.name, self.pieces = b"", []

    def _finish(self) -> None:
        if self.lost and not self._continues():
            self._body_starts(self.lost_at)
        self._close()
        known = sum(1 for header in self.headers if header.name.lower().encode() in _KNOWN)
        if not self.headers or (self.junk and known < 2):
            self.headers, self.body_at, self.has_body = [], 0, True
            self.rejoined = self.left_out = self.spaced = 0

    def notes(self) -> list[str]:
        """What was repaired, one sentence each."""
        if not self.headers:
            return ["No header field was found; everything is read as text."]
        notes = []
        if self.junk:
            notes.append(f"{_lines(len(self.junk), ' before the first header field')} left out.")
        if self.left_out:
            notes.append(
                f"{_lines(self.left_out, ' between the fields')} left out: no field has such a form."
            )
        if self.rejoined:
            notes.append(f"{_lines(self.rejoined, '')} joined to the field before: the folding was lost.")
        if self.bare_cr:
            notes.append("A carriage return alone (CR) was read as the end of a line.")
        if self.spaced:
            notes.append("There is a blank between a field name and its colon (obsolete, RFC 5322 §4.5).")
        if self.text_without_separator:
            notes.append("The empty line between header and text is missing; text starts where fields end.")
        if any(b"\0" in header.raw for header in self.headers):
            notes.append("The header holds NUL bytes, which no message may have; they were kept.")
        return notes


def _lines(count: int, where: str) -> str:
    return f"1 line{where} was" if count == 1 else f"{count} lines{where} were"
