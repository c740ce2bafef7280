"""What a result shows: one description, which text, HTML and DataFrames all render.

View   a headline, a tone and tables
tone   "good" or "bad" only where alignment decides; a raw pass is "plain", since it may be
       a pass for somebody else's domain
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import singledispatch
from importlib import import_module
from typing import Any, Literal

Tone = Literal["good", "bad", "plain"]
Cell = str | int | float | bool | None

MARKS: dict[Tone, str] = {"good": "✔ ", "bad": "✘ ", "plain": ""}  # before a headline: never colour alone


@dataclass(frozen=True)
class Table:
    """Columns and rows of plain values; nothing in it is escaped yet."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    folded: bool = False  # HTML shows it closed, text leaves it out


@dataclass(frozen=True)
class View:
    """Everything to show of one result. `to_frame` gives what ``frame`` makes, or else the first table."""

    headline: str
    tone: Tone = "plain"
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    frame: Callable[[], Any] | None = None  # where there is more in a result than its tables show


# A file of views for each room. The first answer would wait for the reports and the lab as well, if all
# views came at once.
_ROOMS = (
    "bounce",
    "diagnosis",
    "domains",
    "exercises",
    "fixes",
    "lab",
    "lookup",
    "message",
    "redact",
    "reports",
)
VIEWS: dict[str, tuple[str, ...]] = {room: (room,) for room in (*_ROOMS, "spf")} | {
    "terms": ("terms", "spf", "dkim", "arc", "dmarc", "authentication"),  # results of several rooms
    "services": ("services", "comparison"),
}
_learnt: set[str] = set()


@singledispatch
def view_of(obj: Any) -> View:
    """The view of a result; any other dataclass is shown field by field."""
    if any(_learn(one) for one in type(obj).__mro__):
        return view_of(obj)
    if not dataclasses.is_dataclass(obj):
        return View(str(obj))
    fields = ((f.name, getattr(obj, f.name)) for f in dataclasses.fields(obj))
    return View(type(obj).__name__, tables=(about_table((name, cell_of(value)) for name, value in fields),))


def _learn(cls: type) -> bool:
    """Import the views of the room that this class comes from. False: they are there, or it has none."""
    package, _, rest = cls.__module__.partition(".")
    room = rest.partition(".")[0]
    if package != "helpers" or room not in VIEWS or room in _learnt:
        return False
    for name in VIEWS[room]:
        import_module(f"helpers.show.views.{name}")
    _learnt.add(room)  # only now: another thread may be waiting for the same views
    return True


def about_table(pairs: Iterable[tuple[str, Cell]], title: str = "Result") -> Table:
    """Fields of one result, those left out that have nothing in them."""
    rows = tuple((name, value) for name, value in pairs if value not in (None, "", ()))
    return Table(title, ("field", "value"), rows)


def cell_of(value: Any) -> Cell:
    """Any value as a cell: several are set apart by semicolons."""
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, (tuple, list)):
        return "; ".join(value_words(item) for item in value)
    return str(value)


def value_words(value: Any) -> str:
    """One value as DNS has it, such as ``10 mx.example.com``."""
    return " ".join(str(part) for part in value) if isinstance(value, tuple) else str(value)
