"""The SPF figure: which terms were looked at, which one decided, and what that cost in look-ups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from helpers.show.figures import BLUE, GREY, INK, ORANGE, PAPER, Picture, canvas, sentence_list, write
from helpers.show.figures.fitting import fit_end_inches, fit_inches, fold_inches
from helpers.show.figures.spf_tree import Node, shortened, tree_of
from helpers.show.safe import one_line
from helpers.terms import Result, SpfCheck

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 9.6  # inches
ROW = 0.28
MAX_ROWS = 16  # so that the picture fits a slide
INDENT, DEEPEST = 0.26, 8  # inches a level, and the level from which on it is the same
SAID_AT, COUNT_AT = 4.75, 8.3
LINE = 0.23
MAX_LOOKUPS, MAX_VOID = 10, 2  # RFC 7208 §4.6.4

_MARKS = {"match": "●", "no match": "○", "not reached": "·", "error": "✘", "detail": ""}


def spf_figure(check: SpfCheck) -> Picture:
    """Draw an SPF check as the tree of its records: each term in order, and what became of it.

    Takes an `SpfCheck`; returns a `Picture`. ● matched, ○ did not, ✘ ended the check with an error,
    · was not reached. At the right the look-ups that count, of ten, and those that found nothing,
    of two. Bold is the way to the result. Large trees are cut, what decided is kept. RFC 7208 §4.6.
    """
    if not isinstance(check, SpfCheck):
        raise TypeError(f"spf_figure takes what check_spf returned, not {type(check).__name__}")
    rows, left_out = shortened(tree_of(check), MAX_ROWS)
    below = fold_inches(_verdict(check, left_out), WIDTH - 0.4, 12, lines=3)
    height = 1.3 + ROW * len(rows) + LINE * len(below)
    figure, axes = canvas(WIDTH, height)
    question = fit_inches(_question(check), WIDTH - 0.4, 14, bold=True)
    write(axes, 0.2, height - 0.28, question, size=14, weight="bold")
    _draw_counts(axes, height - 0.68, check, rows)
    _draw_rows(axes, height - 1.08, rows)
    for position, line in enumerate(reversed(below)):
        write(axes, 0.2, 0.22 + LINE * position, line, size=12, color=_colour(check.result))
    return Picture(figure, _alt(check, rows, left_out))


def _question(check: SpfCheck) -> str:
    name = "HELO" if check.identity == "helo" else "MAIL FROM"
    return f"SPF: may {check.client_ip or 'this client'} use {check.domain or 'no domain'} in {name}?"


def _verdict(check: SpfCheck, left_out: int) -> str:
    mark = "✘ " if check.result in (Result.PERMERROR, Result.TEMPERROR) else ""
    more = f" Not drawn: {left_out:,} more rows of the tree." if left_out else ""
    return f"{mark}{check.result}: {one_line(check.reason, 400)}{more}"


def _colour(result: Result) -> str:
    return ORANGE if result in (Result.PERMERROR, Result.TEMPERROR) else INK


def _counts(check: SpfCheck, rows: Sequence[tuple[int, Node]]) -> tuple[str, str, bool]:
    """Look-ups and void ones in words, and whether one more than ten was wanted."""
    over = any(node.look_up is not None and node.look_up > MAX_LOOKUPS for _, node in rows)
    used = f"{check.dns_mechanisms} of {MAX_LOOKUPS} look-ups"
    return f"{used}, one more wanted" if over else used, f"{check.void_lookups} of {MAX_VOID} void", over


def _alt(check: SpfCheck, rows: Sequence[tuple[int, Node]], left_out: int) -> str:
    used, void, _ = _counts(check, rows)
    parts = [f"{used}; {void}"]
    inside: dict[int, str] = {}
    for depth, node in rows[1:]:
        inside[depth] = one_line(node.text, 120)
        words = f"In {inside[depth - 1]}, {inside[depth]}" if depth > 1 else inside[depth]
        outcome = ": ".join(filter(None, (_said(node), node.note)))
        parts.append(", ".join(filter(None, (words, one_line(outcome, 200), _count(node)))))
    verdict = _verdict(check, left_out).removeprefix("✘ ")
    return f"{one_line(_question(check), 300)} {sentence_list([*parts, verdict])}"


def _said(node: Node) -> str:
    return node.said or ("not reached" if node.state == "not reached" else "")


def _count(node: Node) -> str:
    parts = []
    if node.last_look_up is not None and node.last_look_up != node.look_up:
        parts.append(f"look-ups {node.look_up} to {node.last_look_up}")
    elif node.look_up is not None:
        parts.append(f"look-up {node.look_up}")
    if node.void is not None:
        parts.append(f"void {node.void}")
    return ", ".join(parts)


# --------------------------------------------------------------------- drawing


def _draw_counts(axes: Axes, y: float, check: SpfCheck, rows: Sequence[tuple[int, Node]]) -> None:
    """A box for each look-up that is allowed: filled where it was used, and one more where it was wanted."""
    from matplotlib.patches import Rectangle

    used, void, over = _counts(check, rows)
    x = 0.22
    for number in range(MAX_LOOKUPS + over):
        beyond = number >= MAX_LOOKUPS
        face = ORANGE if beyond else BLUE if number < check.dns_mechanisms else PAPER
        edge = ORANGE if beyond else BLUE
        axes.add_patch(Rectangle((x, y - 0.08), 0.16, 0.16, facecolor=face, edgecolor=edge, lw=1.2))
        x += 0.22
    colour = ORANGE if over else INK
    write(axes, x + 0.06, y, f"{'✘ ' * over}{used}   ·   {void}", size=11, color=colour)


def _draw_rows(axes: Axes, top: float, rows: Sequence[tuple[int, Node]]) -> None:
    above: dict[int, float] = {}  # where the last node of each level stands
    for position, (depth, node) in enumerate(rows):
        y = top - ROW * position
        x = 0.22 + INDENT * min(depth, DEEPEST)
        if depth and depth <= DEEPEST:
            start = above.get(depth - 1, y) - 0.09
            axes.plot([x - 0.16, x - 0.16, x - 0.04], [start, y, y], color="#B0B0B0", lw=1, zorder=0)
        above[depth] = y
        _draw_node(axes, x, y, node, root=not depth)


def _draw_node(axes: Axes, x: float, y: float, node: Node, *, root: bool) -> None:
    strong = node.on_path
    colour = ORANGE if node.state == "error" else INK if strong or node.state != "not reached" else GREY
    weight = "bold" if strong else "normal"
    room = (COUNT_AT if root else SAID_AT) - x - 0.1
    text = f"SPF record of {node.text}" if root else node.text
    write(axes, x, y, fit_inches(text, room, 11, bold=strong), size=11, color=colour, weight=weight)
    said = _said(node)
    words = f"{_MARKS[node.state]} {said}".strip()
    if node.note:
        words = f"{words}: {node.note}" if said else f"{words} {node.note}".strip()
    if words:
        tone = {"match": BLUE if strong else INK, "error": ORANGE}.get(node.state, GREY)
        room = (COUNT_AT if _count(node) else WIDTH - 0.2) - SAID_AT - 0.1
        write(
            axes,
            SAID_AT,
            y,
            fit_end_inches(words, room, 10.5, bold=strong),
            size=10.5,
            color=tone,
            weight=weight,
        )
    if count := _count(node):
        beyond = node.look_up is not None and node.look_up > MAX_LOOKUPS
        write(axes, WIDTH - 0.2, y, count, size=10.5, color=ORANGE if beyond else GREY, ha="right")
