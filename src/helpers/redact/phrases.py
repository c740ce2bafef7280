"""Address fields: names and comments replaced, the form of the list kept as odd as it is (RFC 5322 §3.4)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from helpers.redact.encodings import worded_again

if TYPE_CHECKING:
    from helpers.redact.text import Scrubber

_QUOTED = r'"(?:[^"\\]|\\.)*+'
_PIECE = re.compile(
    rf"""(?P<quoted>{_QUOTED}(?:"(?!\s*@)|\\?\Z))
      | (?P<address>{_QUOTED}"\s*@[^\s<>,;:()"]+
          | [^\s<>,;:()"\[\]]*@(?:\[[^\]]*\]|[^\s<>,;:()"\[\]]*))
      | (?P<comment>\([^()]*\))
      | (?P<mark>[<>,;:()\[\]"]|\s+)
      | (?P<word>[^\s<>,;:()"\[\]]+)""",
    re.VERBOSE | re.DOTALL,
)


def redact_addresses(text: str, raw: bytes, scrubber: Scrubber, *, hosts: bool = False) -> str:
    """An address list with every name and address in it replaced.

    ``raw`` is the field as it came, for the charset of its encoded words; ``hosts`` means that a
    bare name between angle brackets is a domain (List-Id, RFC 2919).
    """
    if not scrubber.names.collecting and b"=?" in raw:
        return _redacted(text, raw, scrubber, hosts)
    return _redacted(text, b"", scrubber, hosts)


def _redacted(text: str, raw: bytes, scrubber: Scrubber, hosts: bool) -> str:
    out: list[str] = []
    phrase: list[str] = []
    inside = False
    for found in _PIECE.finditer(text):
        kind, piece = found.lastgroup, found.group()
        if kind in ("quoted", "word") and not inside:
            phrase.append(piece)
            continue
        if kind == "mark" and piece.isspace() and phrase:
            phrase.append(piece)
            continue
        _flush(phrase, out, raw, scrubber)
        if piece in "<>":
            inside = piece == "<"
        out.append(_other(kind, piece, inside, scrubber, hosts))
    _flush(phrase, out, raw, scrubber)
    return "".join(out)


def _other(kind: str | None, piece: str, inside: bool, scrubber: Scrubber, hosts: bool) -> str:
    if kind == "address":
        return scrubber.words(piece)
    if kind == "comment":
        return f"({_phrase(piece[1:-1], scrubber)})"
    if kind in ("word", "quoted"):  # between angle brackets, without an @
        if hosts:
            return scrubber.names.host(piece)
        quote = '"' if kind == "quoted" else ""
        return quote + _bare(piece.strip('"') if quote else piece, scrubber) + quote
    return piece


def _bare(piece: str, scrubber: Scrubber) -> str:
    """A local name such as MAILER-DAEMON, or an address as a whole in quotes."""
    return scrubber.words(piece) if "@" in piece or "." in piece else scrubber.names.local(piece)


def _flush(phrase: list[str], out: list[str], raw: bytes, scrubber: Scrubber) -> None:
    """The words before an address are the name of its owner."""
    if not phrase:
        return
    text = "".join(phrase)
    phrase.clear()
    end = len(text.rstrip())
    name, blanks = text[:end], text[end:]
    quoted = len(name) > 1 and name.startswith('"') and name.endswith('"') and '"' not in name[1:-1]
    new = _phrase(name[1:-1] if quoted else name, scrubber)
    if quoted:
        new = f'"{new}"'
    elif raw:
        new = worded_again(new, raw)
    out.append(new + blanks)


def _phrase(text: str, scrubber: Scrubber) -> str:
    if "@" in text or "://" in text:
        return scrubber.words(text)
    stripped = text.replace('"', "").replace("\\", "")
    if not stripped.strip():
        return text
    new = scrubber.names.person(stripped)
    return scrubber.words(text) if new == stripped else new
