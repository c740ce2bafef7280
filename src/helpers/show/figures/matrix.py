"""The matrix of outcomes: what became of one mail on each way, under each policy, in each alignment mode."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from helpers.lab import Trace
from helpers.show.figures import BLUE, GREY, INK, ORANGE, Picture, canvas, fit, sentence_list, write
from helpers.show.safe import one_line
from helpers.terms import Policy, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_ROWS, MAX_MODES, MAX_POLICIES = 12, 2, 3  # more can't be read on a slide
ROW, HEAD, FOOT = 0.42, 0.95, 0.8  # heights in inches
LABEL, WIDTH = 2.75, 9.6  # widths in inches

Key = tuple[str, str, str]


@dataclass(frozen=True)
class _Kind:
    """One way to end. Filled cells are refusals: they stand out in grey, too."""

    mark: str
    word: str
    meaning: str
    colour: str
    dashed: bool = False
    filled: bool = False

    @property
    def label(self) -> str:
        return f"{self.mark} {self.word}"


PASSES = _Kind("✔", "passes", "DMARC pass, delivered", BLUE)
LET_IN = _Kind("○", "let in", "DMARC fail, delivered all the same", GREY, dashed=True)
JUNK = _Kind("▼", "junk", "DMARC fail, put into quarantine", ORANGE, dashed=True)
REFUSED = _Kind("✘", "refused", "DMARC fail, bounced", ORANGE, filled=True)
UNASKED = _Kind("–", "no DMARC", "no DMARC verdict, delivered", GREY)
STUCK = _Kind("?", "not yet", "not delivered for another reason", GREY)
MISSING = _Kind("", "not tried", "not tried", GREY)
KINDS = (PASSES, LET_IN, JUNK, REFUSED, UNASKED, STUCK)


def matrix_figure(outcomes: Mapping[Key, Trace]) -> Picture:
    """Draw how each mail ended: one row a way, one column a policy, one block an alignment mode.

    Takes traces by (way, policy, mode), such as ``("Gmail", "reject", "relaxed")``; rows,
    columns and blocks stand in the order in which the keys bring them. Returns a `Picture`. Every
    cell has a mark and a word: ✔ passes, ○ let in, ▼ junk, ✘ refused, – no DMARC, ? not yet.
    RFC 9989 §4.4, §5.3.

    Raises ValueError when there is nothing to draw or more than fits, TypeError for what is no trace.
    """
    ways, policies, modes = (_in_order(names) for names in zip(*_checked(outcomes), strict=True))
    if len(ways) > MAX_ROWS or len(policies) > MAX_POLICIES or len(modes) > MAX_MODES:
        raise ValueError(
            f"at most {MAX_ROWS} ways, {MAX_POLICIES} policies and {MAX_MODES} modes fit into the figure"
        )
    kinds = {key: kind_of(trace) for key, trace in outcomes.items()}
    columns = [(policy, mode) for mode in modes for policy in policies]
    height = HEAD + ROW * len(ways) + FOOT
    step = (WIDTH - LABEL - 0.15) / len(columns)
    figure, axes = canvas(WIDTH, height)
    _draw_head(axes, height, step, policies, modes)
    for i, way in enumerate(ways):
        y = height - HEAD - ROW * (i + 0.5)
        write(axes, 0.15, y, fit(way, 29), size=11.5)
        for j, (policy, mode) in enumerate(columns):
            gap = 0.08 * modes.index(mode)
            _draw_cell(axes, LABEL + step * j + gap, y, step, kinds.get((way, policy, mode), MISSING))
    _draw_legend(axes, [kind for kind in KINDS if kind in kinds.values()])
    return Picture(figure, _alt(ways, policies, modes, kinds))


def kind_of(trace: Trace) -> _Kind:
    """How one mail ended."""
    dmarc = trace.authentication.dmarc.result if trace.authentication is not None else None
    if trace.disposition == Policy.REJECT:
        return REFUSED
    if not trace.delivered:
        return STUCK
    if trace.disposition == Policy.QUARANTINE:
        return JUNK
    return {Result.PASS: PASSES, Result.FAIL: LET_IN}.get(dmarc, UNASKED) if dmarc else UNASKED


def _checked(outcomes: Mapping[Key, Trace]) -> list[Key]:
    if not isinstance(outcomes, Mapping):
        raise TypeError(f"outcomes are traces by (way, policy, mode), not {type(outcomes).__name__}")
    if not outcomes:
        raise ValueError("there are no outcomes to draw")
    for key, trace in outcomes.items():
        parts: object = key
        if not (isinstance(parts, tuple) and list(map(type, parts)) == [str] * 3):
            raise TypeError(f"an outcome's key is (way, policy, mode) as texts, not {key!r}")
        if not isinstance(trace, Trace):
            raise TypeError(f"an outcome is what the lab's send returned, not {type(trace).__name__}")
    return list(outcomes)


def _in_order(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


# -------------------------------------------------------------------- drawing


def _draw_head(axes: Axes, height: float, step: float, policies: list[str], modes: list[str]) -> None:
    for m, mode in enumerate(modes):
        left = LABEL + step * len(policies) * m + 0.08 * m
        middle = left + step * len(policies) / 2
        title = f"{fit(mode, 20)} alignment"
        write(axes, middle, height - 0.25, title, size=12, color=GREY, ha="center")
        axes.plot([left + 0.05, left + step * len(policies) - 0.05], [height - 0.43] * 2, color=GREY, lw=1)
        for p, policy in enumerate(policies):
            label = f"p={fit(policy, 12)}"
            write(axes, left + step * (p + 0.5), height - 0.66, label, size=10, weight="bold", ha="center")


def _draw_cell(axes: Axes, x: float, y: float, width: float, kind: _Kind) -> None:
    from matplotlib.patches import Rectangle

    box = Rectangle(
        (x + 0.04, y - ROW / 2 + 0.04), width - 0.08, ROW - 0.08,
        facecolor=kind.colour if kind.filled else "none", edgecolor=kind.colour,
        linewidth=0 if kind is MISSING else 1.5, linestyle="--" if kind.dashed else "-",
    )  # fmt: skip
    axes.add_patch(box)
    colour = "white" if kind.filled else INK if kind is LET_IN else kind.colour
    write(axes, x + width / 2, y, kind.label.strip(), size=10.5, ha="center", color=colour)


def _draw_legend(axes: Axes, kinds: list[_Kind]) -> None:
    """What the words mean, two in a row."""
    for i, kind in enumerate(kinds):
        text = f"{kind.label}: {kind.meaning}"
        write(axes, 0.15 + 4.8 * (i % 2), 0.52 - 0.3 * (i // 2), text, size=10, color=INK)


# ------------------------------------------------------------ the same in words


def _alt(ways: list[str], policies: list[str], modes: list[str], kinds: dict[Key, _Kind]) -> str:
    counted = [f"{n} {kind.word}" for kind in KINDS if (n := list(kinds.values()).count(kind))]
    head = f"Outcomes of {len(kinds)} mails by way, policy and alignment mode: {', '.join(counted)}"
    rows = [f"{one_line(way)}: {_row_words(way, policies, modes, kinds)}" for way in ways]
    return sentence_list([head, *rows])


def _row_words(way: str, policies: list[str], modes: list[str], kinds: dict[Key, _Kind]) -> str:
    """One row in words; modes that end alike are told together."""
    told = {
        mode: ", ".join(
            f"p={one_line(policy)} {kinds.get((way, policy, mode), MISSING).word}" for policy in policies
        )
        for mode in modes
    }
    parts = [
        (" and ".join(one_line(mode) for mode in alike), words)
        for words, alike in groupby(modes, key=lambda mode: told[mode])
    ]
    return "; ".join(f"{names}: {words}" for names, words in parts)
