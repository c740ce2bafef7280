"""A mailbox's refusals as pictures: who refuses and why, and since when.

Both are pure functions of a DataFrame such as `analyze_mailbox` returns, or a part of one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from helpers.diagnosis import TITLES, Cause
from helpers.show.figures import BLUE, GREY, INK, ORANGE, PAPER, Picture, canvas, sentence_list, write
from helpers.show.measure import fit_end_inches, fit_inches, width_of
from helpers.show.safe import one_line

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

WIDTH = 9.6  # inches
ROW, NAME, BARS = 0.42, 2.7, 6.1  # inches: a row's height, the room for names, the longest bar
MAX_ROWS = 10  # receivers drawn; the others are counted in one row
MAX_KINDS = 5  # causes told apart; the others are counted in one
LANE, LEFT, RIGHT = 1.05, 0.35, 9.3  # a lane of the timeline, and where its time begins and ends
MAX_HEIGHT = 6.6  # a slide
MAX_STEPS = 60  # bars in a lane
UNRELATED = "not_about_authentication"
LIGHT = "#C4C4C4"
# Colour and hatching: each tells the causes apart without the other.
STYLES = ((ORANGE, ""), (BLUE, "///"), (PAPER, "..."), (ORANGE, "xxx"), (BLUE, ""))


def refusals_figure(frame: pd.DataFrame) -> Picture:
    """Draw who refuses and why: a bar a receiver, divided by cause, the longest on top.

    Takes a DataFrame such as `analyze_mailbox` returns, or some of its rows; returns a `Picture`.
    Grey is what is not about authentication. Raises ValueError when there are no rows, or when the
    columns ``receiver`` and ``cause`` are missing.
    """
    pairs = list(zip(_words(frame, "receiver", "(not named)"), _words(frame, "cause", ""), strict=True))
    if not pairs:
        raise ValueError("there are no refusals to draw: the table has no rows")
    kinds = _kinds([cause for _, cause in pairs])
    rows = _receivers(pairs, kinds)
    legend = _legend_lines(kinds)
    height = 0.55 + ROW * len(rows) + 0.3 * len(legend) + 0.15
    figure, axes = canvas(WIDTH, height)
    title = f"{len(pairs):,} refusals by receiver and cause"
    write(axes, 0.15, height - 0.27, title, size=13, weight="bold")
    most = max(sum(row.counts.values()) for row in rows)
    for number, row in enumerate(rows):
        _bar(axes, height - 0.72 - ROW * number, row, kinds, most)
    for number, line in enumerate(legend):
        _legend(axes, 0.3 * (len(legend) - number) - 0.05, line)
    return Picture(figure, _by_receiver(title, rows))


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
    causes = _words(frame, "cause", "")
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


# ----------------------------------------------------------------------- data


def _words(frame: pd.DataFrame, column: str, missing: str) -> list[str]:
    if column not in frame.columns:
        raise ValueError(f"the table has no column {column!r}; analyze_mailbox makes one that has")
    return [missing if value is None or value != value else str(value) for value in frame[column]]


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


def _title(cause: str) -> str:
    return TITLES[Cause(cause)] if cause in set(Cause) else one_line(cause, 60) or "cause not known"


@dataclass(frozen=True)
class _Kind:
    """One cause, or all the rare ones together, and how it is drawn."""

    cause: str
    title: str
    colour: str
    hatch: str


def _kinds(causes: Sequence[str]) -> list[_Kind]:
    """The causes from the most frequent on; what is not about authentication comes last."""
    common = [cause for cause, _ in Counter(sorted(causes)).most_common() if cause != UNRELATED]
    kinds = [
        _Kind(cause, _title(cause), *style)
        for cause, style in zip(common, STYLES[: MAX_KINDS - (len(common) > MAX_KINDS)], strict=False)
    ]
    if len(common) > len(kinds):
        kinds.append(_Kind("", f"{len(common) - len(kinds)} other causes", *STYLES[-1]))
    if UNRELATED in causes:
        kinds.append(_Kind(UNRELATED, "Not about authentication", LIGHT, ""))
    return kinds


@dataclass(frozen=True)
class _Row:
    name: str
    counts: dict[str, int]  # by the title of the kind


def _receivers(pairs: Sequence[tuple[str, str]], kinds: Sequence[_Kind]) -> list[_Row]:
    titles = {kind.cause: kind.title for kind in kinds}
    totals = Counter(sorted(receiver for receiver, _ in pairs)).most_common()
    drawn = [name for name, _ in totals[: MAX_ROWS - (len(totals) > MAX_ROWS)]]
    found: dict[str, Counter[str]] = {name: Counter() for name in drawn}
    rest: Counter[str] = Counter()
    for receiver, cause in pairs:
        found.get(receiver, rest)[titles.get(cause, titles.get("", ""))] += 1
    rows = [_Row(name, dict(counts)) for name, counts in found.items()]
    if rest:
        rows.append(_Row(f"{len(totals) - len(drawn)} others", dict(rest)))
    return rows


# ------------------------------------------------------------------- receivers


def _bar(axes: Axes, y: float, row: _Row, kinds: Sequence[_Kind], most: int) -> None:
    write(axes, NAME, y, fit_inches(row.name, NAME - 0.3, 11), ha="right")
    x = NAME + 0.15
    for kind in kinds:
        count = row.counts.get(kind.title, 0)
        width = BARS * count / most
        if count:
            _box(axes, x, y - 0.14, width, 0.28, kind.colour, kind.hatch)
            label = f"{count:,}"
            if width > width_of(label, 10) + 0.12:
                _label(axes, x + width / 2, y, label)
        x += width
    write(axes, x + 0.08, y, f"{sum(row.counts.values()):,}", size=11, weight="bold")


def _label(axes: Axes, x: float, y: float, text: str) -> None:
    """A number on a bar, on paper so that it can be read on any hatching."""
    half = width_of(text, 10) / 2 + 0.04
    _box(axes, x - half, y - 0.1, 2 * half, 0.2, PAPER, "", edge=PAPER)
    write(axes, x, y, text, size=10, ha="center")


def _box(
    axes: Axes, x: float, y: float, width: float, height: float, colour: str, hatch: str, edge: str = INK
) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle((x, y), width, height, facecolor=colour, edgecolor=edge, hatch=hatch, linewidth=0.7)
    )


def _legend_lines(kinds: Sequence[_Kind]) -> list[list[_Kind]]:
    lines: list[list[_Kind]] = [[]]
    room = WIDTH - 0.3
    for kind in kinds:
        needed = width_of(kind.title, 10.5) + 0.65
        if needed > room and lines[-1]:
            lines.append([])
            room = WIDTH - 0.3
        lines[-1].append(kind)
        room -= needed
    return lines


def _legend(axes: Axes, y: float, kinds: Sequence[_Kind]) -> None:
    x = 0.15
    for kind in kinds:
        _box(axes, x, y - 0.08, 0.26, 0.17, kind.colour, kind.hatch)
        title = fit_end_inches(kind.title, WIDTH - 0.9, 10.5)
        write(axes, x + 0.33, y, title, size=10.5)
        x += width_of(title, 10.5) + 0.65


def _by_receiver(title: str, rows: Sequence[_Row]) -> str:
    said = [f"{title}. The longest bar is on top"]
    for row in rows:
        parts = sorted(row.counts.items(), key=lambda item: (-item[1], item[0]))
        told = ", ".join(f"{count:,} {_in_sentence(name)}" for name, count in parts)
        said.append(f"{one_line(row.name)}: {sum(row.counts.values()):,} ({told})")
    return sentence_list(said)


def _in_sentence(title: str) -> str:
    """A title as part of a sentence: "DNS did not answer" keeps its capitals."""
    return title if title[:2].isupper() else title[:1].lower() + title[1:]


# ------------------------------------------------------------------------ time


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
    kind: _Kind
    counts: Counter[int]  # by the number of the bar
    first: date
    last: date

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def _lanes(dated: Sequence[tuple[date, str]], scale: _Scale) -> list[_Lane]:
    kinds = _kinds([cause for _, cause in dated])
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
    _box(axes, LEFT, y + tall - 0.32, after + width_of(told, 10.5) - LEFT, 0.24, PAPER, "", edge=PAPER)
    write(axes, LEFT, y + tall - 0.2, heading, size=11.5, weight="bold")
    write(axes, after, y + tall - 0.2, told, size=10.5, color=GREY)
    for number, count in sorted(lane.counts.items()):
        day = scale.first + timedelta(days=number * scale.step)
        width = (RIGHT - LEFT) * scale.step / ((scale.last - scale.first).days + 1)
        height = (tall - 0.45) * count / most
        _box(axes, scale.x(day), y + 0.05, width * 0.86, height, lane.kind.colour, lane.kind.hatch)
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
        _box(axes, at, y - 0.1, size, 0.2, PAPER, "", edge=PAPER)
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
