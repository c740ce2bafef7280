"""From the message to the bytes that are hashed: canonicalization and selection (RFC 6376 §3.4, §3.7, §5.4).

Every function takes time in proportion to its input, up to a logarithm: mail is hostile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from helpers.message import positions_by_name

if TYPE_CHECKING:
    from helpers.dkim.signature import Signature
    from helpers.message import Header

CRLF = b"\r\n"
WSP = b" \t"
MAX_PIECEWISE = 1 << 16  # bytes that `_replace` cuts into pieces


def canonicalize_header(raw: bytes, method: str) -> bytes:
    """One header field as DKIM hashes it, ending in CRLF. RFC 6376 §3.4.1, §3.4.2.

    ``raw`` is the whole field with name, folding and line ending (none at the end of input is
    fine); ``method`` is ``simple`` (byte for byte) or ``relaxed`` (case of the name, folding and
    runs of blanks don't matter). A lone LF counts as a line ending, as in mail stored on Unix.
    """
    _check_method(method)
    if method == "simple":
        raw = with_crlf(raw)
        return raw if raw.endswith(CRLF) else raw + CRLF
    if _has_usual_blanks(raw):
        return _relaxed(raw)
    name, _, value = raw.partition(b":")
    value = single_blanks(with_crlf(value).replace(CRLF, b"")).strip(WSP)
    return b"%b:%b\r\n" % (name.strip(WSP).lower(), value)


def _has_usual_blanks(raw: bytes) -> bool:
    """No white space but blanks, tabs and line endings: then `bytes.split` cuts where DKIM does."""
    return not (b"\v" in raw or b"\f" in raw or raw.count(b"\r") != raw.count(CRLF))


def _relaxed(raw: bytes) -> bytes:
    name, _, value = raw.partition(b":")
    return name.rstrip().lower() + b":" + b" ".join(value.split()) + CRLF


def canonicalize_body(body: bytes, method: str) -> bytes:
    """The body as DKIM hashes it. RFC 6376 §3.4.3, §3.4.4.

    ``body`` has CRLF line endings (see `with_crlf`). ``simple`` only drops empty lines at the
    end; ``relaxed`` drops blanks at the ends of lines and makes every run of blanks one.
    An empty body is one CRLF in ``simple`` and nothing in ``relaxed``.
    """
    _check_method(method)
    if body and not body.endswith(CRLF):
        body += CRLF
    if method == "simple":
        return _without_empty_end(body, CRLF)
    return _without_empty_end(_replace(single_blanks(body), b" \r\n", CRLF), b"")


def body_hash(body: bytes, length: int | None = None, algorithm: str = "sha256") -> bytes:
    """The hash that ``bh=`` has to hold: of a canonical body, or of its first ``length`` bytes (l=).

    ``algorithm`` is a name that hashlib knows. RFC 6376 §3.7.
    """
    signed = body if length is None else memoryview(body)[:length]
    return (hashlib.sha256(signed) if algorithm == "sha256" else hashlib.new(algorithm, signed)).digest()


def select_headers(
    positions: Mapping[str, Sequence[int]], names: Sequence[str], own: int
) -> list[int | None]:
    """Which fields does ``h=`` mean? RFC 6376 §5.4.2.

    Each name takes the bottommost field of that name that was not taken yet, or None when
    there is none left: nobody may add one then. ``positions`` comes from `positions_by_name`,
    ``names`` are in lower case. ``own`` is the position of the signature that is verified: it
    can't sign itself (RFC 6376 §3.5, h=). Returns positions in the message.
    """
    taken: dict[str, int] = {}
    chosen: list[int | None] = []
    for name in names:
        there = positions.get(name, ())
        number = taken.get(name, 0) + 1
        if number <= len(there) and there[-number] == own:
            number += 1
        taken[name] = number
        chosen.append(there[-number] if number <= len(there) else None)
    return chosen


def header_hash_input(headers: Sequence[Header], signature: Signature, own: int) -> bytes:
    """The bytes that ``b=`` signs: the fields of ``h=``, then the signature with an empty ``b=``.

    ``own`` is the position of the DKIM-Signature in ``headers``. RFC 6376 §3.7.
    """
    chosen = select_headers(positions_by_name(headers), signature.signed_headers, own)
    return b"".join(signed_parts(headers, signature, own, chosen))


def signed_parts(
    headers: Sequence[Header],
    signature: Signature,
    own: int,
    chosen: Sequence[int | None],
    cache: dict[str, dict[int, bytes]] | None = None,
) -> list[bytes]:
    """What `header_hash_input` joins: one part a name in ``h=`` (empty: none there), the signature last.

    ``cache`` keeps canonical fields, by method and place, for the next signature of the same message.
    """
    method = signature.header_canonicalization
    known = {} if cache is None else cache.setdefault(method, {})
    fields = [b"" if place is None else headers[place].raw for place in chosen]
    fields.append(without_signature_value(headers[own].raw))
    quick = method == "relaxed" and _has_usual_blanks(b"".join(fields))  # asked once for all of them
    parts = []
    for place, field in zip(chosen, fields, strict=False):  # all but the signature
        if place is None:
            parts.append(b"")
            continue
        part = known.get(place)
        if part is None:
            part = known[place] = _relaxed(field) if quick else canonicalize_header(field, method)
        parts.append(part)
    signature_field = _relaxed(fields[-1]) if quick else canonicalize_header(fields[-1], method)
    parts.append(signature_field[: -len(CRLF)])
    return parts


def without_signature_value(raw: bytes) -> bytes:
    """The field with ``b=`` emptied, blanks around the value included, all else untouched (RFC 6376 §3.7)."""
    start = raw.find(b":") + 1
    pieces = raw[start:].split(b";")
    last = len(pieces) - 1
    for position in range(last, -1, -1):  # b= usually stands at the end
        name, equals, value = pieces[position].partition(b"=")
        if equals and name.strip(b" \t\r\n") == b"b":
            pieces[position] = name + (b"=\r\n" if position == last and value.endswith(b"\n") else b"=")
            break
    return raw[:start] + b";".join(pieces)


def with_crlf(data: bytes) -> bytes:
    """The bytes as they travelled: each LF without a CR before it becomes CRLF (RFC 6376 §5.3).

    Where there is no LF at all and a CR at the end, CR is the line ending (old Macs).
    """
    if b"\n" not in data:
        return data.replace(b"\r", CRLF) if data.endswith(b"\r") else data
    if data.count(b"\n") == data.count(CRLF):
        return data
    return data.replace(CRLF, b"\n").replace(b"\n", CRLF)


def _check_method(method: str) -> None:
    if method not in ("simple", "relaxed"):
        raise ValueError(f"canonicalization is 'simple' or 'relaxed', not {method!r}")


def single_blanks(data: bytes) -> bytes:
    """Each run of blanks and tabs as one blank: halving the runs, so a long one is quick as well."""
    data = data.replace(b"\t", b" ")
    while b"  " in data:
        data = _replace(data, b"  ", b" ")
    return data


def _replace(data: bytes, old: bytes, new: bytes) -> bytes:
    """`bytes.replace`, a third quicker for ordinary sizes; beyond them the pieces would take much memory."""
    return new.join(data.split(old)) if len(data) <= MAX_PIECEWISE else data.replace(old, new)


def _without_empty_end(body: bytes, empty: bytes) -> bytes:
    """Drop empty lines at the end; ``empty`` is what a body without any other line becomes."""
    if not body.endswith(b"\r\n\r\n") and body != CRLF:
        return body or empty
    text = body.rstrip(CRLF)
    end = body[len(text) :].replace(CRLF, b"\0").rstrip(b"\0").replace(b"\0", CRLF)
    text += end  # lone CR or LF among the last line endings are no empty lines: they stay
    return text + CRLF if text else empty
