"""Addresses out of a field's text: RFC 5322 §3.4 with its obsolete forms (§4.4), and what mail really holds.

The value is cut into tokens once, then read left to right; encoded words are decoded after the
addresses are found, so that none of them can smuggle in a comma or an angle bracket.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.message.words import decode_jis_runs, decode_words
from helpers.terms import Shown, filled_directly


@filled_directly
@dataclass(frozen=True, slots=True, repr=False)
class Address(Shown):
    """One mailbox. ``domain`` is an A-label name in lower case, None for ``user@[192.0.2.1]`` or no domain.

    ``local`` is the local part without quoting; ``text`` the address as written, without its name.
    """

    name: str
    local: str
    domain: str | None
    text: str


_SIMPLE = re.compile(
    r'\s*(?:"([^"\\]*)"|([^"\\<>@,;:()\[\]]*))\s*<([^\s"<>@,;:()\[\]\\]+)@([A-Za-z0-9.-]+)>\s*'
)
_BARE = re.compile(r'\s*([^\s"<>@,;:()\[\]\\]+)@([A-Za-z0-9.-]+)\s*')
_NULL_SENDER = re.compile(r"<\s*>")
_TOKEN = re.compile(
    r'\s+|"[^"\\]*(?:\\.[^"\\]*)*"|\[[^\[\]\\]*(?:\\.[^\[\]\\]*)*\]|[<>,;:@.()]|[^\s()<>\[\]:;@\\,."]+|.',
    re.DOTALL,
)
_IN_COMMENT = re.compile(r"[()]|\\.", re.DOTALL)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_MAIL_DOMAIN = re.compile(r"[a-z0-9._-]+")  # RFC 5321 §4.1.2, and "_", which real names have


def a_label(name: str) -> str | None:
    """The A-label form of a mail domain in lower case, None when it is no such name."""
    from helpers.lookup import a_label as convert

    domain = convert(name)
    return domain if domain is not None and _MAIL_DOMAIN.fullmatch(domain) else None


def parse_addresses(value: str) -> tuple[Address, ...]:
    """Every mailbox in a field's (unfolded) value, groups dissolved, in order; never raises."""
    if "\x1b$" in value:
        value = decode_jis_runs(value)
    if simple := _SIMPLE.fullmatch(value):
        quoted, words, local, domain = simple.groups()
        name = decode_words(quoted if quoted is not None else words.strip())
        return (Address(name, local, a_label(domain), f"{local}@{domain}"),)
    if bare := _BARE.fullmatch(value):
        local, domain = bare.groups()
        return (Address("", local, a_label(domain), f"{local}@{domain}"),)
    return tuple(_Reader(value).read())


def addr_spec(value: str) -> str | None:
    """The one address in ``value`` as written: ``""`` for the null sender ``<>``, None for none."""
    text = value.strip()
    if _NULL_SENDER.match(text):
        return ""
    for address in parse_addresses(text):
        if address.text:
            return address.text
    return None


def _tokens(value: str) -> Iterator[str]:
    """Tokens; a comment is one piece that starts with "(", with nesting and quoted pairs seen."""
    position, size = 0, len(value)
    comments = quotes = literals = True
    while position < size:
        start = value[position]
        if start == "(" and comments:
            end = _comment_end(value, position)
            if end:
                yield value[position:end]
                position = end
                continue
            comments = False  # never closed: the bracket means nothing, here or later
        if (start == '"' and not quotes) or (start == "[" and not literals):
            piece = start
        else:
            found = _TOKEN.match(value, position)
            assert found is not None  # noqa: S101 - the last branch matches any character
            piece = found.group()
        position += len(piece)
        if piece == '"':
            quotes = False
        elif piece == "[":
            literals = False
        # A bracket without its other half parts words. Other strays stay where they are: without
        # them a domain would come out that nobody wrote.
        yield " " if piece in ("(", ")") else piece


def _comment_end(value: str, position: int) -> int:
    depth = 0
    for mark in _IN_COMMENT.finditer(value, position):
        if mark.group() == "(":
            depth += 1
        elif mark.group() == ")":
            depth -= 1
            if depth == 0:
                return mark.end()
    return 0


def _unquote(piece: str) -> str:
    return _QUOTED_PAIR.sub(r"\1", piece[1:-1]) if piece.startswith('"') else piece


class _Reader:
    """Reads one address list; the changing state of one reading."""

    def __init__(self, value: str) -> None:
        self.value = value
        self.found: list[Address] = []
        self.item: list[str] = []  # tokens of the mailbox being read, outside angle brackets
        self.comments: list[str] = []
        self.angle: list[str] | None = None  # tokens inside "<…", None outside
        self.closed: list[str] | None = None  # the same, once ">" was seen
        self.after: list[str] = []  # tokens behind that ">"
        self.waiting: list[str] = []  # "Doe" of "Doe, John <…>"

    def read(self) -> list[Address]:
        for token in _tokens(self.value):
            piece = token
            if token.startswith("("):  # a comment parts words like a blank
                self.comments.append(_QUOTED_PAIR.sub(r"\1", token[1:-1]).strip())
                piece = " "
            if self.angle is not None:
                self._inside(piece)
            elif piece == "<":
                if self.closed is not None:  # the comma is missing; the words between name the second
                    between, self.after = self.after, []
                    self._flush()
                    self.item = between
                self.angle = []
            elif piece in (",", ";"):
                self._flush()
            elif piece == ":" and self.closed is None and "@" not in self.item:
                self.item = []  # the name of a group
                self.waiting = []
            else:
                (self.item if self.closed is None else self.after).append(" " if piece == ">" else piece)
        if self.angle is not None:
            self.closed, self.angle = self.angle, None
        self._flush()
        self._give_up_waiting()
        return self.found

    def _inside(self, piece: str) -> None:
        angle = self.angle or []
        if piece == ">":
            self.closed, self.angle = angle, None
        elif piece == "<":
            self.angle = []
        elif piece == "," and angle[:1] != ["@"]:
            self.closed, self.angle = angle, None
            self._flush()
        elif piece == ":" and angle[:1] == ["@"]:
            self.angle = []  # the end of a source route, RFC 5322 §4.4
        elif angle or not piece.isspace():
            angle.append(piece)
            self.angle = angle

    def _flush(self) -> None:
        """The mailbox being read is complete."""
        item, closed, after, comments = self.item, self.closed, self.after, self.comments
        self.item, self.closed, self.after, self.comments = [], None, [], []
        if closed is not None:
            name = self._phrase([*self.waiting, *item]) or self._phrase(after) or " ".join(comments)
            self.waiting = []
            self._add_all(name, _with_at(_words(closed)))
            item = [piece for word in _words(after) if "@" in word for piece in (*word, " ")]
        words = _words(item)
        if not words:
            return
        if not any("@" in word for word in words):
            self.waiting += [*item, ", "]
            return
        self._give_up_waiting()
        name = self._phrase([piece for word in words if "@" not in word for piece in [*word, " "]])
        self._add_all(name or " ".join(comments), [word for word in words if "@" in word])

    def _give_up_waiting(self) -> None:
        """Words without any address: a local name such as ``MAILER-DAEMON``."""
        waiting, self.waiting = self.waiting, []
        text = "".join(_unquote(piece) for piece in waiting).rstrip(", ")
        if text.strip():
            self.found.append(Address("", decode_words(text.strip()), None, text.strip()))

    @staticmethod
    def _phrase(tokens: list[str]) -> str:
        text = "".join(_unquote(piece) for piece in tokens)
        return decode_words(" ".join(text.split()).rstrip(","))

    def _add_all(self, name: str, words: list[list[str]]) -> None:
        """Mailboxes without a comma between them: the name is the first one's, if it is anybody's."""
        for number, word in enumerate(words):
            self._add("" if number else name, word)

    def _add(self, name: str, tokens: list[str]) -> None:
        if not tokens:
            return
        text = "".join(tokens)
        if "@" not in tokens:
            if len(tokens) == 1 and "@" in text:  # <"user@example.com">, quoted as a whole
                local, _, domain = _unquote(text).rpartition("@")
                self.found.append(Address(name, local, a_label(domain), f"{local}@{domain}"))
                return
            self.found.append(Address(name, "".join(map(_unquote, tokens)), None, text))
            return
        if tokens[0] == "@" and ":" in tokens:  # a source route without its angle brackets, §4.4
            tokens = tokens[tokens.index(":") + 1 :]
        at = len(tokens) - 1 - tokens[::-1].index("@") if "@" in tokens else len(tokens)
        local = "".join(map(_unquote, tokens[:at]))
        domain = "".join(tokens[at + 1 :]).rstrip('"\\]')
        # a@b@c: one reader takes b for the domain, the next one c. Which, nobody can tell.
        clear = domain and tokens.count("@") == 1
        self.found.append(Address(name, local, a_label(domain) if clear else None, text))


def _with_at(words: list[list[str]]) -> list[list[str]]:
    """Those that can be addresses, or all of them as one word if none can."""
    return [word for word in words if "@" in word] or [[piece for word in words for piece in word]]


def _words(tokens: list[str]) -> list[list[str]]:
    """Tokens grouped into words; blanks around "." and "@" do not part (obsolete, §4.4)."""
    words: list[list[str]] = []
    word: list[str] = []
    blank = False
    for piece in tokens:
        if piece.isspace():
            blank = True
            continue
        if blank and word and piece not in (".", "@") and word[-1] not in (".", "@"):
            words.append(word)
            word = []
        word.append(piece)
        blank = False
    if word:
        words.append(word)
    return words
