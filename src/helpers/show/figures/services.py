"""Sending services as pictures: what DMARC says of mail through each, and which of them fits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from helpers.services import Choice, Simulation
from helpers.show.figures import BLUE, GREY, ORANGE, Picture, canvas, card, fit, sentence_list, write
from helpers.show.safe import one_line
from helpers.show.views.services import aligned_words, verdict
from helpers.terms import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 9.6  # inches
ROW = 0.44
CELLS = ((3.5, 1.6), (5.3, 2.0), (7.45, 2.0))  # left edge and width of the three columns
MAX_ROWS = 20  # more than that are counted in the last line, not drawn
_Shown = TypeVar("_Shown", Simulation, Choice)
PARTS = ("set-up", "DNS", "cost", "alignment")
POINT = 0.14  # inches
BARS = 2.45  # where the first of the four bars begins
SHORT = 50  # characters of the reason why a service does not fit


def services_figure(simulations: Sequence[Simulation]) -> Picture:
    """Draw DMARC's answer for each service: before its set-up, and after it, relaxed and strict.

    Takes what `helpers.services.simulate` gives; returns a `Picture`. Blue with ✔ passes and
    names the checks that align, dashed orange with ✘ fails. A star marks what had to be
    assumed. RFC 9989 §4.4. Raises ValueError when there is nothing to draw.
    """
    shown = _rows(simulations)
    height = ROW * len(shown) + 1.0
    figure, axes = canvas(WIDTH, height)
    top = height - 0.25
    heads = ("before set-up", "after, relaxed", "after, strict")
    for (x, width), head in zip(CELLS, heads, strict=True):
        write(axes, x + width / 2, top, head, size=10.5, color=GREY, ha="center")
    for i, one in enumerate(shown):
        y = top - 0.42 - ROW * i
        write(axes, 0.15, y, fit(one.name, 30), size=12, weight="bold")
        before = _worst(one.before, one.strict_before)
        _cell(axes, 0, y, before, " *" if one.notes else "")
        _cell(axes, 1, y, one.after, _and(one.aligned))
        _cell(axes, 2, y, one.strict_after, _and(one.strict_aligned))
    left_out = len(simulations) - len(shown)
    last = "✔ DMARC passes, and what aligns.  ✘ DMARC fails.  * see its note: something was assumed."
    write(axes, 0.15, 0.2, last + _more(left_out), size=10, color=GREY)
    return Picture(figure, _simulations_alt(shown) + _more(left_out))


def choice_figure(choices: Sequence[Choice]) -> Picture:
    """Draw how well each service fits: its points in four parts, and what speaks against it.

    Takes what `helpers.services.choose` gives; returns a `Picture`. Solid blue with ✔ fits,
    dashed orange with ✘ does not, and says why. Raises ValueError when there is nothing to draw.
    """
    shown = _rows(choices)
    height = ROW * len(shown) + (0.85 if len(choices) > len(shown) else 0.6)
    figure, axes = canvas(WIDTH, height)
    top = height - 0.3
    write(axes, 0.15, top, "of 5 points each:", size=10.5, color=GREY)
    for i, part in enumerate(PARTS):
        write(axes, BARS + (i + 0.5) * 5 * POINT, top, part, size=10.5, color=GREY, ha="center")
    for i, choice in enumerate(shown):
        _choice(axes, top - 0.42 - ROW * i, choice)
    left_out = len(choices) - len(shown)
    if left_out:
        write(axes, 0.15, 0.2, _more(left_out).strip(), size=10, color=GREY)
    return Picture(figure, _choices_alt(shown) + _more(left_out))


# ------------------------------------------------------------------- drawing


def _rows(results: Sequence[_Shown]) -> Sequence[_Shown]:
    if not results:
        raise ValueError("there is nothing to draw: give at least one simulation or choice")
    return results[:MAX_ROWS]


def _worst(relaxed: Result, strict: Result) -> Result:
    """Strict asks for more, so what fails relaxed fails strict; one cell says both."""
    return strict if relaxed == Result.PASS else relaxed


def _and(aligned: tuple[str, ...]) -> str:
    return f": {aligned_words(aligned)}" if aligned else ""


def _cell(axes: Axes, column: int, y: float, result: Result, text: str) -> None:
    good = result == Result.PASS
    colour = BLUE if good else ORANGE
    x, width = CELLS[column]
    card(axes, x, y - 0.17, width, 0.34, edge=colour, dashed=not good)
    write(axes, x + width / 2, y, verdict(result) + text, size=11, color=colour, ha="center")


def _choice(axes: Axes, y: float, choice: Choice) -> None:
    colour = BLUE if choice.fits else ORANGE
    write(axes, 0.15, y, fit(choice.name, 23), size=11, weight="bold")
    points = (choice.setup, choice.dns, choice.cost, choice.alignment)
    for i, number in enumerate(points):
        x = BARS + i * 5 * POINT
        _bar(axes, x, y, min(max(number, 0), 5) * POINT, colour, dashed=not choice.fits)
        write(axes, x + (0.15 if number == 1 else 0.07), y, str(number), size=10)  # never on a bar's edge
    word = "✔ fits" if choice.fits else "✘"
    write(axes, 5.48, y, f"{choice.score}", size=11.5, weight="bold", ha="center")
    why = "" if choice.fits else " " + _short(choice.obstacles)
    write(axes, 5.75, y, word + why, size=9.5, color=colour)


def _bar(axes: Axes, x: float, y: float, width: float, colour: str, *, dashed: bool) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle((x, y - 0.14), 5 * POINT - 0.06, 0.28, facecolor="none", edgecolor="#BBBBBB", lw=0.8)
    )
    if width > 0:
        bar = Rectangle(
            (x, y - 0.14), width - 0.06, 0.28,
            facecolor=f"{colour}33", edgecolor=colour, lw=1.4, ls="--" if dashed else "-",
        )  # fmt: skip
        axes.add_patch(bar)


def _short(obstacles: Sequence[str]) -> str:
    """The first obstacle up to its first full stop or semicolon, and how many more there are."""
    if not obstacles:
        return ""
    first = re.split(r"[.;] ", one_line(obstacles[0]), maxsplit=1)[0].rstrip(".")
    more = f" (+{len(obstacles) - 1})" if len(obstacles) > 1 else ""
    room = SHORT - len(more)
    return (first if len(first) <= room else f"{first[: room - 1].rstrip()}…") + more


# --------------------------------------------------------------------- words


def _more(left_out: int) -> str:
    return f"  ({left_out} more not drawn.)" if left_out else ""


def _simulations_alt(shown: Sequence[Simulation]) -> str:
    parts = ["DMARC for the same mail through each service"]
    for one in shown:
        before = f"{_worst(one.before, one.strict_before)} before set-up"
        assumed = " (see its note)" if one.notes else ""
        parts.append(
            f"{one_line(one.name)}: {before}{assumed}; after it, "
            f"relaxed {one.after} ({aligned_words(one.aligned)}), "
            f"strict {one.strict_after} ({aligned_words(one.strict_aligned)})"
        )
    return sentence_list(parts)


def _choices_alt(shown: Sequence[Choice]) -> str:
    parts = ["Points of each service, at most 5 each for set-up, DNS, cost and alignment"]
    for choice in shown:
        points = f"{choice.setup} + {choice.dns} + {choice.cost} + {choice.alignment} = {choice.score}"
        word = (
            "fits"
            if choice.fits
            else f"does not fit: {' '.join(one_line(text) for text in choice.obstacles)}"
        )
        parts.append(f"{one_line(choice.name)}: {points}, {word}")
    return sentence_list(parts)
