"""From XML's bytes to its text: which encoding, which bytes are none, and no document type.

Everything after this room's door works on decoded text. So what is searched for a document type is what
the parser gets, and no encoding (UTF-16, UTF-7 and others hide ``<!`` from a search in bytes) comes between.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import chain

from helpers.reports.unpack import Chunks, RefusedError, is_packed

# Declared encodings that are believed. UTF-8 is the rule; the others are what mail programs of that
# language write. UTF-7 and Python's own inventions are not among them.
_KNOWN = re.compile(
    r"(us-)?ascii|utf-?8|iso-?8859-?\d{1,2}|latin-?1|windows-125\d|cp125\d|koi8-[ru]"
    r"|gb2312|gbk|gb18030|big5|shift_jis|euc-jp|iso-2022-jp|euc-kr"
)
_DECLARATION = re.compile(r"\s*<\?xml\b[^<>]{0,300}\?>", re.IGNORECASE)
_DECLARED = re.compile(
    rb"\s*<\?xml\b[^<>]{0,300}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']", re.IGNORECASE
)
_ENOUGH = 1024  # bytes to see the declaration in
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class BytesLeftOutError(Exception):
    """Some bytes are no characters in the encoding: read again and leave them out."""


def texts(chunks: Chunks, *, forgiving: bool = False) -> Iterator[str]:
    """The XML as pieces of text, without byte order mark and declaration.

    Raises RefusedError when it is no XML or has a document type, and, unless ``forgiving``,
    BytesLeftOutError where bytes can't be decoded.
    """
    stream = chunks()
    first = b""
    for chunk in stream:
        first += chunk
        if len(first) >= _ENOUGH:
            break
    if is_packed(first):
        raise RefusedError("It is packed twice: unpack it once, then try again.")
    encoding, first = _encoding(first)
    decoder = codecs.getincrementaldecoder(encoding)("ignore" if forgiving else "strict")
    end = ""  # of the piece before: a mark may stand on both sides of a cut
    begun = False
    try:
        for chunk in chain((first,), stream, (b"",)):
            text = decoder.decode(chunk, final=not chunk)
            if not begun:
                text, begun = _beginning(text), True
            _no_document_type(end + text)
            end = text[-16:]
            if text:
                yield text
    except UnicodeDecodeError:
        raise BytesLeftOutError from None


def _encoding(first: bytes) -> tuple[str, bytes]:
    """The encoding of bytes that begin like this, and the bytes after a byte order mark."""
    for mark, name in _BOMS:
        if first.startswith(mark):
            return name, first[len(mark) :]
    if first[:2] in (b"<\0", b"\0<"):
        return ("utf-16-le" if first[1:2] == b"\0" else "utf-16-be"), first
    declared = _DECLARED.match(first)
    name = declared.group(1).decode("ascii").lower() if declared else "utf-8"
    if not _KNOWN.fullmatch(name):
        return "utf-8", first
    try:
        return codecs.lookup(name).name, first
    except LookupError:
        return "utf-8", first


def _beginning(text: str) -> str:
    """The text after declaration and blank lines. Raises RefusedError when it is no XML."""
    found = _DECLARATION.match(text)
    text = (text[found.end() :] if found else text).lstrip()
    if found or text.startswith("<"):
        return text
    if not text:
        raise RefusedError("It is empty.")
    if text.startswith(("{", "[")):
        raise RefusedError("It is JSON, not XML: perhaps an SMTP TLS report (RFC 8460).")
    raise RefusedError("It is no XML: it does not begin with “<”.")


def _no_document_type(text: str) -> None:
    """Entities, default attributes and outside files are declared in a document type: no report needs one."""
    if "<!" in text and re.search(r"<!\s*(DOCTYPE|ENTITY|ATTLIST|ELEMENT)", text, re.IGNORECASE):
        raise RefusedError("It has a document type declaration, which no report needs and attacks use.")
