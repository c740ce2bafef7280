"""From sets of records to single changes, in the words of a DNS panel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Literal

from helpers.domains import organizational_domain
from helpers.fixes.results import Change


@lru_cache(maxsize=1024)
def registered(name: str) -> str:
    """The domain that is registered, and so the one that a DNS panel is about."""
    return organizational_domain(name, rules="rfc7489")


def host_of(name: str) -> str:
    """A name as a DNS panel's host field wants it: without the domain, which the panel appends."""
    domain = registered(name)
    return "@" if name == domain else name.removesuffix(f".{domain}")


def changes_of(
    name: str, rdtype: str, before: tuple[str, ...], after: tuple[str, ...], shown: Mapping[str, str]
) -> Iterator[Change]:
    """What turns the records ``before`` into those ``after``. ``shown`` says what to show for it."""
    gone, new = _without(before, after), _without(after, before)
    host = shown.get(name) or host_of(name)
    for place in range(max(len(gone), len(new))):
        old = gone[place] if place < len(gone) else None
        value = new[place] if place < len(new) else None
        action: Literal["add", "change", "remove"] = (
            "add" if old is None else "remove" if value is None else "change"
        )
        instead = shown.get(value) if value is not None else None
        yield Change(action, rdtype, name, host, instead or value, old, value if instead else None)


def _without(values: tuple[str, ...], others: tuple[str, ...]) -> list[str]:
    """The values that are not among the others; the same text twice is two records (RFC 7208 §3.2)."""
    left = list(others)
    kept = []
    for value in values:
        if value in left:
            left.remove(value)
        else:
            kept.append(value)
    return kept
