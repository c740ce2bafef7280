"""The MIME tree of a message, flattened (RFC 2045, 2046): cut at boundaries, nothing decoded until asked.

Nothing raises; depth and number of parts are bounded, and a part stands for its whole rest where
a bound is reached.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from helpers.message.fields import Header
from helpers.message.read import split_part
from helpers.message.words import bytes_to_text, decode_base64

MAX_DEPTH = 20
MAX_PARTS = 1000


@dataclass(frozen=True, eq=False)
class Part:
    """One node of the MIME tree, in the order of the message; the first is the message itself.

    ``params`` are the parameters of Content-Type, names in lower case, values unquoted.
    ``is_leaf`` is False for a multipart that was cut into the parts that follow, one ``depth`` deeper.
    A message/rfc822 or text/rfc822-headers part is a leaf: its ``decoded()`` can be read as a message.
    """

    content_type: str
    params: Mapping[str, str]
    headers: tuple[Header, ...]
    depth: int
    is_leaf: bool
    _source: bytes = field(repr=False)
    _start: int = field(repr=False)
    _end: int = field(repr=False)

    @cached_property
    def body(self) -> bytes:
        """The bytes as they are in the message, still transfer-encoded."""
        return self._source[self._start : self._end]

    @property
    def span(self) -> tuple[int, int]:
        """Where `body` starts and ends; the message's own body starts where the first part's does."""
        return self._start, self._end

    def get(self, name: str) -> Header | None:
        """The part's first header of this name."""
        return _find(self.headers, name)

    @property
    def encoding(self) -> str:
        """Content-Transfer-Encoding in lower case, ``""`` when there is none."""
        header = _find(self.headers, "content-transfer-encoding")
        return header.value.partition(";")[0].strip().strip('"').lower() if header else ""

    def decoded(self) -> bytes:
        """The body with base64 or quoted-printable undone (RFC 2045 §6), as far as it can be."""
        encoding = self.encoding
        if encoding == "quoted-printable":
            return binascii.a2b_qp(self.body)
        if encoding == "base64":
            return decode_base64(self.body)
        return self.body

    def text(self) -> str:
        """The decoded body as text with ``\\n`` line ends; unknown and wrong charsets are survived."""
        text = bytes_to_text(self.decoded(), self.params.get("charset", ""))
        return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


_TYPE = re.compile(r"\s*([A-Za-z0-9!#$&^_.+-]+)\s*/\s*([A-Za-z0-9!#$&^_.+-]+)")
# Consumes everything it looks at, a quoted string without its end included, so that no text is read twice.
_PARAM = re.compile(
    r';[\s;]*(?:([A-Za-z0-9!#$&^_.+*-]+)\s*=\s*)?(?:"([^"\\]*(?:\\.[^"\\]*)*)(?:"|\\?\Z)[^;]*|([^;"]*)[^;]*)',
    re.DOTALL,
)
_COMMENT = re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z))|\([^()]*(?:\)|\Z|(?=\())', re.DOTALL)
_GUESSED_BOUNDARY = re.compile(rb"(?:\r?\n|\r|\A)--([^\s][^\r\n]{0,199}?)[ \t]*(?=[\r\n])")


def parse_content_type(value: str) -> tuple[str, dict[str, str]]:
    """``("text/plain", {"charset": …})`` from a Content-Type value; ``("", {})`` when it is none."""
    found = _TYPE.match(value)
    if not found:
        return "", {}
    params: dict[str, str] = {}
    if ";" in value:
        for name, quoted, plain in _PARAM.findall(_without_comments(value)):
            if name:
                text = re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL) if quoted else plain.strip()
                params.setdefault(name.lower(), text)
        _join_continuations(params)
    return f"{found.group(1)}/{found.group(2)}".lower(), params


def _without_comments(value: str) -> str:
    if "(" not in value:
        return value
    return _COMMENT.sub(lambda found: found.group(1) or "", value)


def _join_continuations(params: dict[str, str]) -> None:
    """RFC 2231 §3: ``boundary*0=…; boundary*1=…`` is one parameter."""
    for first in [name for name in params if name.endswith(("*0", "*0*"))]:
        base = first.split("*", 1)[0]
        pieces: list[str] = []
        while len(pieces) < 1000:
            number = len(pieces)
            piece = params.get(f"{base}*{number}", params.get(f"{base}*{number}*"))
            if piece is None:
                break
            pieces.append(piece)
        params.setdefault(base, "".join(pieces))


def walk(headers: tuple[Header, ...], source: bytes, start: int) -> tuple[Part, ...]:
    """Every node of the message whose body is ``source[start:]``, depth first."""
    parts: list[Part] = []
    _visit(parts, headers, source, start, len(source), 0, "text/plain")
    return tuple(parts)


def _visit(
    parts: list[Part],
    headers: tuple[Header, ...],
    source: bytes,
    start: int,
    end: int,
    depth: int,
    default: str,
) -> None:
    header = _find(headers, "content-type")
    content_type, params = parse_content_type(header.value) if header else ("", {})
    content_type = content_type or default
    spans: list[tuple[int, int]] = []
    if content_type.startswith("multipart/") and depth < MAX_DEPTH:
        spans = _spans(source, start, end, params.get("boundary", ""), MAX_PARTS - len(parts))
    parts.append(Part(content_type, params, headers, depth, not spans, source, start, end))
    inner = "message/rfc822" if content_type == "multipart/digest" else "text/plain"
    for first, last in spans:
        if len(parts) >= MAX_PARTS:
            return
        part_headers, body_at = split_part(source, first, last)
        _visit(parts, part_headers, source, body_at, last, depth + 1, inner)


def _spans(source: bytes, start: int, end: int, boundary: str, limit: int) -> list[tuple[int, int]]:
    """Where the parts between delimiter lines are (RFC 2046 §5.1.1); the last may lack its delimiter."""
    delimiter = b"--" + boundary.rstrip().encode("utf-8", "backslashreplace")
    if not boundary.strip():
        guessed = _GUESSED_BOUNDARY.search(source, max(0, start - 1), min(end, start + 65536))
        if not guessed:
            return []
        delimiter = b"--" + guessed.group(1)
    spans: list[tuple[int, int]] = []
    opened, position, size = -1, start, len(delimiter)
    while len(spans) < limit:
        at = source.find(delimiter, position, end)
        if at < 0:
            break
        position = at + size
        if at != start and source[at - 1] not in b"\r\n":
            continue
        line_end = _line_end(source, position, end)
        rest = source[position:line_end].strip(b" \t\r\n")
        if rest not in (b"", b"--"):
            continue
        if opened >= 0:
            spans.append((opened, _before_line_end(source, opened, at)))
        opened, position = line_end, line_end
        if rest:
            return spans
    if 0 <= opened < end and len(spans) < limit:
        spans.append((opened, end))
    return spans


def _line_end(source: bytes, position: int, end: int) -> int:
    """Just behind the line ending that follows ``position``."""
    at = source.find(b"\n", position, min(end, position + 200))
    carriage_return = source.find(b"\r", position, at if at >= 0 else min(end, position + 200))
    if carriage_return >= 0 and carriage_return + 1 != at:
        return carriage_return + 1
    return at + 1 if at >= 0 else min(end, position + 200)


def _before_line_end(source: bytes, start: int, at: int) -> int:
    """The line ending before a delimiter belongs to the delimiter."""
    if at > start and source[at - 1] == 10:
        at -= 1
    if at > start and source[at - 1] == 13:
        at -= 1
    return at


def _find(headers: tuple[Header, ...], name: str) -> Header | None:
    wanted = name.lower()
    for header in headers:
        if header.name.lower() == wanted:
            return header
    return None
