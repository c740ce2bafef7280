"""How much of a header is interpreted; a hostile one may hold anything, any number of times.

What is beyond stays in ``Message.headers``, byte for byte. ``Message.repairs`` says what was not read.
"""

from __future__ import annotations

from helpers.message.fields import Header

MAX_HOPS = 1_000  # RFC 5321 §6.3 takes more than about 100 Received fields for a loop
MAX_STATEMENTS = 1_000  # ours: fields; a receiver writes one or two
MAX_ADDRESS_TEXT = 200_000  # ours: characters of all fields of one name, about 5,000 mailboxes
MAX_VALUE = 100_000  # ours: characters of one field; RFC 5322 §2.1.1 has lines of 998

ADDRESS_FIELDS = ("from", "sender", "reply-to", "to")


def is_statement(lname: str) -> bool:
    """Is a field of this (lower-case) name a statement about authentication, or a copy of one?"""
    return "authentication-results" in lname or "received-spf" in lname


def exceeded(headers: tuple[Header, ...], size: int) -> tuple[str, ...]:
    """What of this header is too much to be interpreted, one sentence each; ``size`` is in bytes."""
    if len(headers) <= min(MAX_HOPS, MAX_STATEMENTS) and size <= MAX_VALUE:
        return ()
    names = [header.lname for header in headers]
    found = []
    if (count := names.count("received")) > MAX_HOPS:
        found.append(f"{count} Received fields: the topmost {MAX_HOPS} were interpreted")
    if (count := sum(map(is_statement, names))) > MAX_STATEMENTS:
        found.append(
            f"{count} statements about authentication: the topmost {MAX_STATEMENTS} were interpreted"
        )
    sizes = dict.fromkeys(ADDRESS_FIELDS, 0)
    long = 0
    for name, header in zip(names, headers, strict=True):
        if name in ADDRESS_FIELDS:
            sizes[name] += len(header.raw)
        elif len(header.raw) > MAX_VALUE and (name == "received" or is_statement(name)):
            long += 1
    for name, there in sizes.items():
        if there > MAX_ADDRESS_TEXT:
            found.append(f"{there} bytes of {name.title()}: the first {MAX_ADDRESS_TEXT} were interpreted")
    if long:
        found.append(f"{long} fields of more than {MAX_VALUE} bytes: the rest of them was not interpreted")
    return tuple(found)
