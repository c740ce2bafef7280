"""A mailbox's refusals in time: since when, and until when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from helpers.show.figures import GREY, INK, PAPER, Picture, canvas, sentence_list, write
from helpers.show.figures.fitting import fit_end_inches, width_of
from helpers.show.figures.mailbox import WIDTH, Kind, box, kinds_of, words_of
from helpers.show.safe import one_line

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

LANE, LEFT, RIGHT = 1.05, 0.35, 9.3  # a lane of the timeline, and where its time begins and ends
MAX_HEIGHT = 6.6  # a slide
MAX_STEPS = 60  # bars in a lane


def refusals_timeline_figure(
    frame: pd.DataFrame, *, events: Mapping[str | date, str] | None = None
) -> Picture:
    """Draw since when: a lane a cause, with a bar for each day or week, and the first and last date.

    Takes a DataFrame such as `analyze_mailbox` returns, or some of its rows; ``events`` are days, as
    dates or in ISO 8601, with a word each: ``{"2026-04-14": "p=reject"}``; they are drawn as dashed
    lines. Returns a `Picture`. Rows without a date are left out, and that is said. Raises ValueError
    when no row has a date, when an event's day can't be read, or when the columns ``date`` and
    ``cause`` are missing.
    """
    moments = _days(frame)
    causes = words_of(frame, "cause", "")
    dated = [(day, cause) for day, cause in zip(moments, causes, strict=True) if day is not None]
    if not dated:
        raise ValueError("there is nothing to draw: no row has a date")
    marks = sorted((_day(day), one_line(word, 60)) for day, word in (events or {}).items())
    scale = _scale([day for day, _ in dated])
    lanes = _lanes(dated, scale)
    shown = [mark for mark in marks if scale.first <= mark[0] <= scale.last]
    head = 0.95 if shown else 0.5
    tall = min(LANE, (MAX_HEIGHT - head - 0.4) / len(lanes))
    height = head + tall * len(lanes) + 0.4
    figure, axes = canvas(WIDTH, height)
    title = f"Refusals {scale.per}, by cause"
    missing = len(moments) - len(dated)
    write(axes, 0.15, height - 0.27, title, size=13, weight="bold")
    if missing:
        write(axes, RIGHT, height - 0.27, f"{missing:,} without a date", size=10, color=GREY, ha="right")
    _events(axes, shown, height, scale)
    for number, lane in enumerate(lanes):
        _lane(axes, height - head - tall * (number + 1), tall, lane, scale)
    _months(axes, scale)
    return Picture(figure, _over_time(title, lanes, scale, marks, missing))


def _days(frame: pd.DataFrame) -> list[date | None]:
    if "date" not in frame.columns:
        raise ValueError("the table has no column 'date'; analyze_mailbox makes one that has")
    return [None if value != value else value.date() for value in frame["date"]]


def _day(value: str | date) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError(f"{value!r} is no day; write it as 2026-04-14") from None


# --------------------------------------------------------------------- the scale


@dataclass(frozen=True)
class _Scale:
    first: date
    last: date
    step: int  # days
    per: str  # "a week"

    def x(self, day: date) -> float:
        """Where a day begins, in inches."""
        span = (self.last - self.first).days + 1
        return LEFT + (RIGHT - LEFT) * (day - self.first).days / span

    def number(self, day: date) -> int:
        """In which bar a day is."""
        return (day - self.first).days // self.step


def _scale(days: Sequence[date]) -> _Scale:
    """From the first Monday to the last Sunday, in days, weeks, or four weeks and more."""
    first, last = min(days), max(days)
    span = (last - first).days + 1
    if span <= MAX_STEPS:
        return _Scale(first, last, 1, "a day")
    first -= timedelta(days=first.weekday())
    weeks = -(-((last - first).days + 1) // 7)
    each = -(-weeks // MAX_STEPS)
    steps = -(-weeks // each)
    end = min(date.max.toordinal(), first.toordinal() + 7 * each * steps - 1)
    return _Scale(first, date.fromordinal(end), 7 * each, "a week" if each == 1 else f"in {each} weeks")


@dataclass(frozen=True)
class _Lane:
    kind: Kind
    counts: Counter[int]  # by the number of the bar
    first: date
    last: date

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def _lanes(dated: Sequence[tuple[date, str]], scale: _Scale) -> list[_Lane]:
    kinds = kinds_of([cause for _, cause in dated])
    known = {kind.cause for kind in kinds}
    found: dict[str, list[date]] = {kind.cause: [] for kind in kinds}
    for day, cause in dated:
        found[cause if cause in known else ""].append(day)
    return [
        _Lane(
            kind,
            Counter(map(scale.number, found[kind.cause])),
            min(found[kind.cause]),
            max(found[kind.cause]),
        )
        for kind in kinds
    ]


def _lane(axes: Axes, y: float, tall: float, lane: _Lane, scale: _Scale) -> None:
    most = max(lane.counts.values())
    told = f"{lane.total:,}, first {_said(lane.first)}, last {_said(lane.last)}, at most {most:,} {scale.per}"
    room = RIGHT - LEFT
    heading = fit_end_inches(lane.kind.title, room / 2, 11.5, bold=True)
    after = LEFT + width_of(heading, 11.5, bold=True) + 0.15
    told = fit_end_inches(told, RIGHT - after, 10.5)
    box(axes, LEFT, y + tall - 0.32, after + width_of(told, 10.5) - LEFT, 0.24, PAPER, "", edge=PAPER)
    write(axes, LEFT, y + tall - 0.2, heading, size=11.5, weight="bold")
    write(axes, after, y + tall - 0.2, told, size=10.5, color=GREY)
    for number, count in sorted(lane.counts.items()):
        day = scale.first + timedelta(days=number * scale.step)
        width = (RIGHT - LEFT) * scale.step / ((scale.last - scale.first).days + 1)
        height = (tall - 0.45) * count / most
        box(axes, scale.x(day), y + 0.05, width * 0.86, height, lane.kind.colour, lane.kind.hatch)
    axes.plot([LEFT, RIGHT], [y + 0.05, y + 0.05], color=INK, lw=0.8)


def _months(axes: Axes, scale: _Scale) -> None:
    """The first of each month below the lanes, as many as have room; days where there is no first."""
    firsts = [
        date(year, month, 1)
        for year in range(scale.first.year, scale.last.year + 1)
        for month in range(1, 13)
        if scale.first <= date(year, month, 1) <= scale.last
    ]
    shown = firsts if len(firsts) > 1 else [scale.first, scale.last]
    every = -(-len(shown) // 9)
    for day in shown[::every]:
        x = scale.x(day)
        axes.plot([x, x], [0.36, 0.43], color=INK, lw=0.8)
        words = f"{day:%b %Y}" if len(firsts) > 1 else _said(day)
        x = min(x, RIGHT - width_of(words, 10) + 0.1)
        write(axes, x, 0.22, words, size=10, color=GREY)


def _events(axes: Axes, marks: Sequence[tuple[date, str]], height: float, scale: _Scale) -> None:
    free = [LEFT, LEFT]  # two lines of words, each free from there on
    for day, word in marks:
        x = scale.x(day)
        words = f"{word}, {_said(day)}"
        size = width_of(words, 10)
        at = min(max(LEFT, x - size / 2), RIGHT - size)
        line = 0 if at >= free[0] else 1
        free[line] = at + size + 0.15
        y = height - 0.6 - 0.22 * line
        axes.plot([x, x], [0.4, y - 0.12], color=INK, lw=1.4, ls="--", zorder=0.5)  # bars stand before it
        box(axes, at, y - 0.1, size, 0.2, PAPER, "", edge=PAPER)
        write(axes, at, y, words, size=10)


def _said(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _over_time(
    title: str, lanes: Sequence[_Lane], scale: _Scale, marks: Sequence[tuple[date, str]], missing: int
) -> str:
    said = [f"{title}, from {_said(scale.first)} to {_said(scale.last)}"]
    for lane in lanes:
        number, most = max(lane.counts.items(), key=lambda item: (item[1], -item[0]))
        peak = scale.first + timedelta(days=number * scale.step)
        said.append(
            f"{lane.kind.title}: {lane.total:,}, the first on {_said(lane.first)}, the last on "
            f"{_said(lane.last)}, at most {most:,} {scale.per}, from {_said(peak)} on"
        )
    said += [f"Marked: {word}, {_said(day)}" for day, word in marks]
    if missing:
        said.append(f"{missing:,} have no date and are left out")
    return sentence_list(said)
