"""Which statements in a header count, and which the sender could have written itself (RFC 8601 §1.2, §5)."""

from __future__ import annotations

from dataclasses import replace

from helpers.message.fields import Header
from helpers.message.hops import Hop, find_ip
from helpers.message.limits import is_statement
from helpers.message.stated import Stated, is_copy, noted


def judged(
    rows: tuple[Stated, ...], headers: tuple[Header, ...], hops: tuple[Hop, ...], boundary: int | None
) -> tuple[Stated, ...]:
    """The statements with what counts and what can be trusted.

    ``boundary`` is the index of the Received field by which the mail came in from outside: what
    stands below it may have been in the mail already. None: the header does not tell.
    """
    below, by = 0, None
    if rows and boundary is not None:
        below = _end_of_own(boundary, headers)
        by = next((hop.by for hop in hops if hop.header_index == boundary), None)
    return tuple([_judge(row, boundary, below, by) for row in rows])


def _judge(row: Stated, boundary: int | None, below: int, by: str | None) -> Stated:
    if is_copy(row):
        note = "a copy under another name, not a statement"
        if row.header.lower().startswith("arc-"):
            note = "ARC's copy: part of a chain of its own"
        return noted(replace(row, counted=False, trusted=False), note)
    if boundary is None or row.header_index < boundary:
        return row
    if row.header_index < below and (row.by is None or related(row.by, by) or row.by == by):
        return row
    note = "it stands below the point where the mail came in from outside: the sender could have written it"
    return noted(replace(row, trusted=False), note)


def _end_of_own(boundary: int, headers: tuple[Header, ...]) -> int:
    """Receivers also write their results just below their own Received field: where those end."""
    for index in range(boundary + 1, len(headers)):
        name = headers[index].lname
        if not is_statement(name) and not name.startswith(("arc-", "x-", "dkim-filter")):
            return index
    return len(headers)


def related(one: str | None, other: str | None) -> bool:
    """Do two host names look like one organization's? Their last labels say so; no list is asked."""
    if not one or not other or find_ip(one) or find_ip(other):
        return False
    return _site(one) == _site(other)


# Services whose statements carry another name than the host that writes them.
_SAME_SERVICE = {
    "icloud.com": "apple.com", "me.com": "apple.com", "mac.com": "apple.com",
    "ppops.net": "pphosted.com", "zoho.com": "zohomail.com", "yahoodns.net": "yahoo.com",
}  # fmt: skip


def _site(name: str) -> str:
    labels = name.lower().rstrip(".").split(".")
    short = len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3
    site = ".".join(labels[-3:] if short else labels[-2:])
    return _SAME_SERVICE.get(site, site)
