"""The one data file, services.json, as values. `services` has these under their public names.

What a fact's value means: None is unknown, and its ``note`` says why; empty text, an empty tuple
and 0 mean that there is none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from helpers.terms import Shown

FILE = Path(__file__).with_name("services.json")


@dataclass(frozen=True, slots=True, repr=False)
class Sourced(Shown):
    """One fact about a service, where it was read, and from when that is (or ``undated``)."""

    field: str
    value: Any
    source: str
    date: str
    note: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Change(Shown):
    """One thing that is different from the story's table of May 2025."""

    service: str
    field: str
    then: str
    now: str
    source: str
    date: str


@dataclass(frozen=True, slots=True, repr=False)
class Service(Shown):
    """One way to send mail from your own domain. Plain values, one row of a table; `facts` has their sources.

    In texts ``{domain}`` is the domain in From. Prices are in US dollars a month. ``setup_ease``
    and ``dns_ease`` (at Squarespace) go from 1, hard, to 5, easy. ``free_months`` is how long
    the free messages last, 0 for no end. ``mx`` is "stays" or "moves": what becomes of the
    domain's own MX records.
    """

    id: str
    name: str
    kind: str
    return_path_default: str | None
    return_path_aligned: str | None
    return_path_mechanism: str | None
    dkim_default: str | None
    dkim_verified: str | None
    selectors: tuple[str, ...] | None
    spf_include: str | None
    free_messages_per_month: int | None
    free_messages_per_day: int | None
    free_months: int | None
    paid_plan: str | None
    paid_messages_per_month: int | None
    price_per_month_usd: float | None
    smtp_submission: bool | None
    smtp_host: str | None
    mx: str | None
    dns_host: str | None
    mailgun_forwarding: str | None
    setup_ease: int | None
    dns_ease: int | None
    in_story: str | None
    caveats: tuple[str, ...] = ()

    @property
    def facts(self) -> tuple[Sourced, ...]:
        """Every field with its source, date and note, caveats one by one."""
        entry = entry_of(self.id)
        rows = [_sourced(name, entry[name]) for name in FACTS]
        return (*rows, *(_sourced("caveat", caveat) for caveat in entry["caveats"]))

    def fact(self, field: str) -> Sourced:
        """One field with its source; ValueError when there is none of that name."""
        if field not in FACTS:
            raise ValueError(f"a service has no field {field!r}; there are: {', '.join(FACTS)}")
        return _sourced(field, entry_of(self.id)[field])

    @property
    def changes(self) -> tuple[Change, ...]:
        """What changed since the story's table of May 2025, as far as the sources tell."""
        return tuple(
            Change(self.id, row["field"], row["then"], row["now"], *source_of(row))
            for row in entry_of(self.id)["changed_since"]
        )


IDENTITY = ("id", "name", "kind", "caveats")
FACTS = tuple(f.name for f in fields(Service) if f.name not in IDENTITY)


@cache
def document() -> dict[str, Any]:
    """The data file, read once."""
    loaded: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return loaded


def source_of(row: Mapping[str, Any]) -> tuple[str, str]:
    """Title and date of the source that a row of the file names."""
    source = document()["sources"][row["source"]]
    return source["title"], source["date"]


def _sourced(field: str, row: Mapping[str, Any]) -> Sourced:
    value = tuple(row["value"]) if isinstance(row["value"], list) else row["value"]
    return Sourced(field, value, *source_of(row), row.get("note", ""))


@cache
def _entries() -> dict[str, dict[str, Any]]:
    return {entry["id"]: entry for entry in document()["services"]}


def entry_of(service: str) -> dict[str, Any]:
    """A service's entry in the file, by its id."""
    return _entries()[service]


@cache
def all_services() -> tuple[Service, ...]:
    """Every service that the kit knows, in the order of the file: the story's six first."""
    return tuple(_service(entry) for entry in document()["services"])


def _service(entry: dict[str, Any]) -> Service:
    values = {name: _sourced(name, entry[name]).value for name in FACTS}
    caveats = tuple(caveat["value"] for caveat in entry["caveats"])
    return Service(id=entry["id"], name=entry["name"], kind=entry["kind"], caveats=caveats, **values)


@cache
def _names() -> dict[str, str]:
    return {
        _plain(name): entry["id"]
        for entry in document()["services"]
        for name in (entry["id"], entry["name"], *entry["aliases"])
    }


def _plain(name: str) -> str:
    """A name without case, blanks and punctuation; the plus of iCloud+ says nothing either."""
    return re.sub(r"[\W_]+", "", name.casefold())


def find(name: str | Service) -> Service:
    """A service by its id, name or another common name, in any case.

    Raises ValueError, with the ids there are, when there is none of that name.
    """
    if isinstance(name, Service):
        return name
    known = _known(name)
    if known is None:
        ids = ", ".join(service.id for service in all_services())
        raise ValueError(f"there is no service {name!r}; there are: {ids}")
    return next(service for service in all_services() if service.id == known)


def _known(name: object) -> str | None:
    return _names().get(_plain(name)) if isinstance(name, str) else None


def changed_since() -> tuple[Change, ...]:
    """What changed since the story's table of May 2025, all services, as far as the sources tell."""
    return tuple(change for service in all_services() for change in service.changes)
