"""Aggregate reports as pictures: how much of a domain's mail aligns over time, and whose it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from helpers.reports import Record, Reports, senders
from helpers.show.figures import BLUE, GREY, ORANGE, Picture, canvas, card, fit, sentence_list, write
from helpers.show.safe import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 9.6  # inches
MOST_PERIODS = 13  # weeks of a quarter, or months of a year and one: more columns can't be read
MOST_SENDERS = 9
LEFT, RIGHT = 0.75, 9.45  # of the bars
NAMES = 2.45  # inches for the senders' names
BAR = 2.3  # inches of the tallest bar
ROW = 0.38


class Kind(NamedTuple):
    """A part of a bar: what it says, and how it looks without colour."""

    words: str
    colour: str
    hatch: str
    face: str


KINDS = (  # from the bottom of a bar to its top
    Kind("✔ aligned by DKIM and SPF", BLUE, "", f"{BLUE}CC"),
    Kind("✔ by DKIM only", BLUE, "", f"{BLUE}55"),
    Kind("✔ by SPF only", BLUE, "....", "#FFFFFF"),
    Kind("✘ not aligned", ORANGE, "////", "#FFFFFF"),
)


def reports_figure(reports: Reports) -> Picture:
    """Draw how much mail of a domain aligned, and by what, over time.

    Takes what `read_reports` gave; returns a `Picture`: one bar a week, or a month where there are more than
    13 weeks. Blue with ✔ aligned, hatched orange with ✘ did not. What receivers wrote under
    ``policy_evaluated`` counts (RFC 9990 §3.1.1.9). Raises ValueError when no report says when it was.
    """
    periods = _periods(reports)
    sums = {start: [0] * len(KINDS) for start in periods.starts}
    for report, record in reports.rows():
        start = periods.of(report.middle.date()) if report.middle is not None else None
        if start in sums:
            sums[start][_kind(record)] += record.count
    height = BAR + 1.75
    figure, axes = canvas(WIDTH, height)
    _key(axes, height - 0.25)
    scale = BAR / max(1, *(sum(counts) for counts in sums.values()))
    slot = (RIGHT - LEFT) / len(sums)
    for number, (start, counts) in enumerate(sums.items()):
        _bar(axes, LEFT + slot * number, min(slot, 1.2), counts, scale, periods.label(start))
    write(axes, 0.5, 0.62, "messages", size=10, color=GREY, rotation=90, va="bottom")
    write(
        axes,
        LEFT,
        0.18,
        f"by {periods.name}; {periods.name}s begin on the day below each bar",
        size=10,
        color=GREY,
    )
    return Picture(figure, _bars_alt(periods, sums))


def senders_figure(reports: Reports) -> Picture:
    """Draw who sent as the domain, over time, and whether it aligned: a row a sender, a column a period.

    Takes what `read_reports` gave; returns a `Picture`. Each box has the messages of one sender in one week
    (or month): solid blue with ✔ where all aligned, dashed orange with ✘ where some or all did not. Raises
    ValueError when no report says when it was.
    """
    periods = _periods(reports)
    found = senders(reports)
    labels = [(one.name, fit(one.label, 25)) for one in found[:MOST_SENDERS]]
    if len(found) > MOST_SENDERS:
        more = len(found) - MOST_SENDERS
        labels.append(("", f"{more} more sender{'s' if more > 1 else ''}"))
    cells = _cells(reports, periods, {name for name, _ in labels})
    height = ROW * len(labels) + 1.1
    figure, axes = canvas(WIDTH, height)
    slot = (RIGHT + 0.1 - NAMES) / len(periods.starts)
    for number, start in enumerate(periods.starts):
        x = NAMES + slot * (number + 0.5)
        write(axes, x, height - 0.25, periods.label(start), size=10, color=GREY, ha="center")
    for row, (name, label) in enumerate(labels):
        y = height - 0.7 - ROW * row
        write(axes, 0.1, y, label, size=11)
        for number, start in enumerate(periods.starts):
            _cell(axes, NAMES + slot * number, y, slot, cells[name, start])
    key = "✔ all aligned   ✘ not aligned (✘ 2/9: two of nine)   messages by "
    rows = "a row is what the mail authenticated as, or its address"
    write(axes, 0.1, 0.2, f"{key}{periods.name}; {rows}", size=10, color=GREY)
    shown = {one.name: one.label for one in found}
    return Picture(figure, _cells_alt(periods, {name: shown.get(name, "") for name, _ in labels}, cells))


# -------------------------------------------------------------------- periods


class Periods(NamedTuple):
    """The columns of a figure: their first days, and how a day finds its own."""

    name: str
    starts: tuple[date, ...]
    of: Callable[[date], date]

    def label(self, start: date) -> str:
        """What stands at a column."""
        return f"{start:%b %Y}" if self.name == "month" else f"{start.day} {start:%b}"


def _periods(reports: Reports) -> Periods:
    days = [report.middle.date() for report in reports if report.middle is not None]
    if not days:
        raise ValueError("there is nothing to draw: no aggregate report says which days it is about")
    first, last = min(days), max(days)
    weeks = (_monday(last) - _monday(first)).days // 7 + 1
    if weeks <= MOST_PERIODS:
        starts = tuple(_monday(first) + timedelta(weeks=number) for number in range(weeks))
        return Periods("week", starts, _monday)
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    newest = (_months_later(last, -number) for number in range(min(months, MOST_PERIODS)))
    return Periods("month", tuple(sorted(newest)), lambda day: day.replace(day=1))


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _months_later(day: date, number: int) -> date:
    months = day.year * 12 + day.month - 1 + number
    return date(months // 12, months % 12 + 1, 1)


# ------------------------------------------------------------------------ bars


def _kind(record: Record) -> int:
    """The index in `KINDS`."""
    if record.dkim_aligned:
        return 0 if record.spf_aligned else 1
    return 2 if record.spf_aligned else 3


def _key(axes: Axes, y: float) -> None:
    for number, kind in enumerate(KINDS):
        x = LEFT + number * 2.25 + (0.55 if number else 0)
        _part(axes, x, y - 0.09, 0.26, 0.18, kind)
        write(axes, x + 0.34, y, kind.words, size=10.5, color=kind.colour)


def _part(axes: Axes, x: float, y: float, width: float, height: float, kind: Kind) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle((x, y), width, height, facecolor=kind.face, edgecolor=kind.colour, lw=1.2, hatch=kind.hatch,
                  ls="--" if kind is KINDS[-1] else "-")
    )  # fmt: skip


def _bar(axes: Axes, x: float, slot: float, counts: Sequence[int], scale: float, label: str) -> None:
    y, middle = 0.62, x + slot / 2
    write(axes, middle, 0.46, label, size=10, color=GREY, ha="center")
    for kind, count in zip(KINDS, counts, strict=True):
        if count:
            _part(axes, x + slot * 0.12, y, slot * 0.76, count * scale, kind)
            y += count * scale
    aligned, failed = sum(counts[:-1]), counts[-1]
    if failed:
        write(axes, middle, y + 0.13, f"✘ {failed:,}", size=10, color=ORANGE, ha="center")
        y += 0.2
    if aligned:
        write(axes, middle, y + 0.13, f"✔ {aligned:,}", size=10, color=BLUE, ha="center")


def _bars_alt(periods: Periods, sums: dict[date, list[int]]) -> str:
    parts = [f"Messages of each {periods.name}, by what aligned"]
    for start, counts in sums.items():
        said = [
            f"{count:,} {kind.words[2:]}" for kind, count in zip(KINDS, counts, strict=True) if count
        ] or ["none"]
        parts.append(f"{periods.label(start)}: {', '.join(said)}")
    return sentence_list(parts)


# ----------------------------------------------------------------------- cells


class Count(NamedTuple):
    """Messages, and how many of them are not aligned."""

    messages: int = 0
    failed: int = 0


def _cells(reports: Reports, periods: Periods, shown: set[str]) -> Counts:
    """What each sender sent in each period; the senders that have no row are together in the row ""."""
    messages: Counter[tuple[str, date]] = Counter()
    failed: Counter[tuple[str, date]] = Counter()
    for report in reports:
        if report.middle is None:
            continue
        start = periods.of(report.middle.date())
        for one in senders((report,)):
            key = (one.name if one.name in shown else "", start)
            messages[key] += one.messages
            failed[key] += one.not_aligned
    return Counts({key: Count(messages[key], failed[key]) for key in messages})


class Counts(dict[tuple[str, date], Count]):
    """Cells by row and column; an empty one where nothing was sent."""

    def __missing__(self, key: tuple[str, date]) -> Count:
        return Count()


def _cell(axes: Axes, x: float, y: float, slot: float, count: Count) -> None:
    if not count.messages:
        write(axes, x + slot / 2, y, "·", size=10, color=GREY, ha="center")
        return
    colour = ORANGE if count.failed else BLUE
    card(axes, x + 0.02, y - 0.15, slot - 0.04, 0.3, edge=colour, dashed=bool(count.failed))
    write(axes, x + slot / 2, y, _count_words(count), size=10, color=colour, ha="center")


def _count_words(count: Count) -> str:
    if not count.failed:
        return f"✔ {_short(count.messages)}"
    if count.failed == count.messages:
        return f"✘ {_short(count.failed)}"
    return f"✘ {_short(count.failed)}/{_short(count.messages)}"


def _short(number: int) -> str:
    """A number in four characters or fewer: 999, 12k, 3M."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if number >= 10 * size:
            return f"{number // size}{letter}"
    return str(number)


def _cells_alt(periods: Periods, names: Mapping[str, str], cells: Counts) -> str:
    parts = [f"Messages of each sender by {periods.name}, and how many were not aligned"]
    for name, label in names.items():
        said = []
        for start in periods.starts:
            count = cells[name, start]
            if count.messages:
                said.append(f"{periods.label(start)} {count.messages:,} ({count.failed:,} not)")
        parts.append(f"{one_line(label, 80) or 'all others'}: {', '.join(said) or 'none'}")
    return sentence_list(parts)
