"""A mailbox's refusals as a picture: who refuses, and why. `mailbox_timeline` draws since when.

Pure functions of a DataFrame such as `analyze_mailbox` returns, or of a part of one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers.diagnosis import TITLES, Cause
from helpers.show.figures import BLUE, INK, ORANGE, PAPER, Picture, canvas, sentence_list, write
from helpers.show.figures.fitting import fit_end_inches, fit_inches, width_of
from helpers.show.safe import one_line

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

WIDTH = 9.6  # inches
ROW, NAME, BARS = 0.42, 2.7, 6.1  # inches: a row's height, the room for names, the longest bar
MAX_ROWS = 10  # receivers drawn; the others are counted in one row
MAX_KINDS = 5  # causes told apart; the others are counted in one
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
    pairs = list(zip(words_of(frame, "receiver", "(not named)"), words_of(frame, "cause", ""), strict=True))
    if not pairs:
        raise ValueError("there are no refusals to draw: the table has no rows")
    kinds = kinds_of([cause for _, cause in pairs])
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


# ----------------------------------------------------------------------- data


def words_of(frame: pd.DataFrame, column: str, missing: str) -> list[str]:
    """A column as text, with a word for missing values. Raises ValueError when there is no such column."""
    if column not in frame.columns:
        raise ValueError(f"the table has no column {column!r}; analyze_mailbox makes one that has")
    return [missing if value is None or value != value else str(value) for value in frame[column]]


def _title(cause: str) -> str:
    return TITLES[Cause(cause)] if cause in set(Cause) else one_line(cause, 60) or "cause not known"


@dataclass(frozen=True)
class Kind:
    """One cause, or all the rare ones together, and how it is drawn."""

    cause: str
    title: str
    colour: str
    hatch: str


def kinds_of(causes: Sequence[str]) -> list[Kind]:
    """The causes from the most frequent on; what is not about authentication comes last."""
    common = [cause for cause, _ in Counter(sorted(causes)).most_common() if cause != UNRELATED]
    kinds = [
        Kind(cause, _title(cause), *style)
        for cause, style in zip(common, STYLES[: MAX_KINDS - (len(common) > MAX_KINDS)], strict=False)
    ]
    if len(common) > len(kinds):
        kinds.append(Kind("", f"{len(common) - len(kinds)} other causes", *STYLES[-1]))
    if UNRELATED in causes:
        kinds.append(Kind(UNRELATED, "Not about authentication", LIGHT, ""))
    return kinds


@dataclass(frozen=True)
class _Row:
    name: str
    counts: dict[str, int]  # by the title of the kind


def _receivers(pairs: Sequence[tuple[str, str]], kinds: Sequence[Kind]) -> list[_Row]:
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


def _bar(axes: Axes, y: float, row: _Row, kinds: Sequence[Kind], most: int) -> None:
    write(axes, NAME, y, fit_inches(row.name, NAME - 0.3, 11), ha="right")
    x = NAME + 0.15
    for kind in kinds:
        count = row.counts.get(kind.title, 0)
        width = BARS * count / most
        if count:
            box(axes, x, y - 0.14, width, 0.28, kind.colour, kind.hatch)
            label = f"{count:,}"
            if width > width_of(label, 10) + 0.12:
                _label(axes, x + width / 2, y, label)
        x += width
    write(axes, x + 0.08, y, f"{sum(row.counts.values()):,}", size=11, weight="bold")


def _label(axes: Axes, x: float, y: float, text: str) -> None:
    """A number on a bar, on paper so that it can be read on any hatching."""
    half = width_of(text, 10) / 2 + 0.04
    box(axes, x - half, y - 0.1, 2 * half, 0.2, PAPER, "", edge=PAPER)
    write(axes, x, y, text, size=10, ha="center")


def box(
    axes: Axes, x: float, y: float, width: float, height: float, colour: str, hatch: str, edge: str = INK
) -> None:
    """A rectangle with its lower left corner at x, y."""
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle((x, y), width, height, facecolor=colour, edgecolor=edge, hatch=hatch, linewidth=0.7)
    )


def _legend_lines(kinds: Sequence[Kind]) -> list[list[Kind]]:
    lines: list[list[Kind]] = [[]]
    room = WIDTH - 0.3
    for kind in kinds:
        needed = width_of(kind.title, 10.5) + 0.65
        if needed > room and lines[-1]:
            lines.append([])
            room = WIDTH - 0.3
        lines[-1].append(kind)
        room -= needed
    return lines


def _legend(axes: Axes, y: float, kinds: Sequence[Kind]) -> None:
    x = 0.15
    for kind in kinds:
        box(axes, x, y - 0.08, 0.26, 0.17, kind.colour, kind.hatch)
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
