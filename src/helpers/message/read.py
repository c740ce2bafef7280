"""Bytes to header fields: where the header ends, which lines belong together.

A well-formed header is cut by one regular expression, every field byte for byte as it came (DKIM
signs those bytes). Whatever that expression does not cover completely goes to ``repair``,
which reads line by line and writes down each liberty it takes.

Glossary: a *field* is one header with its name, colon, value and line endings; *folding* is a
line ending followed by a blank inside a field (RFC 5322 §2.2.3); the *separator* is the empty
line between header and body.
"""

from __future__ import annotations

import re

from helpers.message.fields import Block, Header
from helpers.message.repair import repair

__all__ = ["Block", "Header", "read_block", "split_headers", "split_part"]

_SEPARATOR = re.compile(rb"\n\r{0,3}\n")
# Both anchored at the start of a line, so that a line without a colon costs its length once.
_FIELDS = re.compile(rb"^(([A-Za-z][A-Za-z0-9_.-]*):[^\n]*\n?(?:[ \t][^\n]*\n?)*)", re.MULTILINE)


def split_headers(raw: bytes) -> tuple[list[Header], bytes, bool]:
    """Cut a message into its fields (topmost first), its body, and whether there is a body.

    The last is False when the header has no separator after it: then nothing says what the body
    was. A message with a separator and nothing after it has a body, an empty one. Never raises.
    """
    block = read_block(raw)
    return list(block.headers), block.body, block.has_body


def read_block(raw: bytes) -> Block:
    """Read the header of ``raw``; RFC 5322 §2.2, and §4.5 for what must still be accepted."""
    end = _SEPARATOR.search(raw)
    if end is None:
        block, body_at, has_body = raw, len(raw), False
    else:
        block, body_at, has_body = raw[: end.start() + 1], end.end(), True
    carriage_returns = block.count(b"\r")
    if carriage_returns == 0 or carriage_returns == block.count(b"\r\n"):
        fields = _FIELDS.findall(block)
        if fields and sum([len(field) for field, _ in fields]) == len(block) and b"\0" not in block:
            headers = tuple([Header(name.decode("ascii"), field) for field, name in fields])
            return Block(headers, raw, body_at, has_body)
    return repair(raw)


_PART_LINE_END = re.compile(rb"\r{0,3}\n|\r")
_PART_SEPARATOR = re.compile(rb"\n\r{0,3}\n|\r\r(?!\n)")


def split_part(source: bytes, start: int, end: int) -> tuple[tuple[Header, ...], int]:
    """The fields of a MIME part at ``source[start:end]``, and where its body starts."""
    if first := _PART_LINE_END.match(source, start, end):
        return (), first.end()
    separator = _PART_SEPARATOR.search(source, start, end)
    block = source[start : separator.end() if separator else end].rstrip(b"\r\n") + b"\n"
    if b"\r" in block and block.count(b"\r") != block.count(b"\r\n"):
        block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    fields = _FIELDS.findall(block)
    if not fields or not block.startswith(fields[0][0]):
        return (), start
    headers = tuple([Header(name.decode("ascii"), field) for field, name in fields])
    return headers, separator.end() if separator else end
