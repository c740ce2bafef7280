"""The discovery figure: which names were asked for a DMARC record, and which answer was used for what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from helpers.domains import TreeWalk, parse_dmarc
from helpers.show.figures import BLUE, GREY, INK, ORANGE, PAPER, Picture, canvas, sentence_list, write
from helpers.show.figures.fitting import fit_end_inches, fit_inches, fold_inches
from helpers.show.safe import one_line
from helpers.terms import Answer, DmarcCheck, DnsStatus, Step, flatten

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 9.6  # inches
RUNG, GAP, LINE = 0.46, 0.3, 0.235
NAME_AT, USE_AT = 0.85, 6.45
MAX_RUNGS = 9  # a walk asks for at most eight names (RFC 9989 §4.10); and a line for those left out
MAX_COMPARED = 3  # identifiers told of; the rest is counted
MAX_HEIGHT = 6.6  # a slide
PREFIX = "_dmarc."
SKIPS = "a walk asks for eight names at most"  # RFC 9989 §4.10


@dataclass(frozen=True)
class _Rung:
    """One name on the way up: when it was asked (None: not at all), what it said, what it is used for."""

    domain: str
    number: int | None = None
    said: str = ""
    record: bool = False
    trouble: bool = False  # DNS did not answer, or there are several records
    uses: tuple[str, ...] = ()
    hidden: int = 0  # above zero: this rung stands for so many names


def discovery_figure(check: DmarcCheck | TreeWalk) -> Picture:
    """Draw the way from a domain up to the DMARC record that applies to it, names asked from the bottom up.

    Takes what `evaluate_dmarc` or `tree_walk` returned; returns a `Picture`. A filled dot with a
    number is a name that has a record, a hollow one has none, ✘ could not be used; names without a
    number were not asked. ◆ is the record whose policy applies, ▲ the organizational domain, which
    alignment compares. Below it is said why. RFC 9989 §4.10, RFC 7489 §6.6.3 and §3.2.
    """
    if isinstance(check, TreeWalk):
        title, rungs, words = _of_walk(check)
    elif isinstance(check, DmarcCheck):
        title, rungs, words = _of_check(check)
    else:
        raise TypeError("discovery_figure takes what evaluate_dmarc or tree_walk returned")
    lines = _lines(words, MAX_HEIGHT - 0.95 - sum(map(_height, rungs)))
    height = 0.95 + sum(map(_height, rungs)) + LINE * len(lines)
    figure, axes = canvas(WIDTH, height)
    write(axes, 0.2, height - 0.28, fit_inches(title, WIDTH - 0.4, 14, bold=True), size=14, weight="bold")
    _draw_rungs(axes, height - 0.6, rungs)
    for position, line in enumerate(reversed(lines)):
        write(axes, 0.2, 0.2 + LINE * position, line, size=11)
    return Picture(figure, _alt(title, rungs, words))


# ----------------------------------------------------------------------- rungs


def _of_walk(walk: TreeWalk) -> tuple[str, list[_Rung], list[str]]:
    rungs = _ladder(walk.name, _questions(walk.steps))
    organization = "" if walk.failed is not None else walk.organizational_domain
    rungs = [_used(rung, rung.domain == organization, "▲ organizational domain") for rung in rungs]
    words = [f"▲ {organization or 'The organizational domain is unknown'}: {walk.decided_by}."]
    return f"DNS tree walk from {walk.name}", _shortened(rungs), words


def _of_check(check: DmarcCheck) -> tuple[str, list[_Rung], list[str]]:
    author = check.author_domain or ""
    old = check.rules == "rfc7489"
    questions = [(name, answer) for name, answer in _questions(check.steps) if _is_above(name, author)]
    rungs = _ladder(author, questions, old=old) if questions else []
    policy = (
        f"◆ its policy applies: {check.published}"
        if check.published
        else "◆ it would apply, but can't be used"
    )
    found = check.record.domain if check.record is not None else None
    rungs = [_used(rung, rung.domain == found, policy) for rung in rungs]
    rungs = [
        _used(rung, rung.domain == check.organizational_domain, "▲ organizational domain") for rung in rungs
    ]
    title = f"DMARC for {author or 'no single author domain'}: where is the record?"
    return f"{title}{' (RFC 7489)' * old}", _shortened(rungs), [*_reasons(check), *_compared(check)]


def _questions(steps: tuple[Step, ...]) -> list[tuple[str, Answer]]:
    """Domains that were asked for a DMARC record, in order, each once, with the answers."""
    asked: dict[str, Answer] = {}
    for _, step in flatten(steps):
        answer = step.answer
        if answer is not None and answer.rdtype == "TXT" and answer.name.startswith(PREFIX):
            asked.setdefault(step.looked_at.removeprefix("TXT ").removeprefix(PREFIX), answer)
    return list(asked.items())


def _is_above(name: str, author: str) -> bool:
    return author == name or author.endswith("." + name)


def _ladder(start: str, asked: Sequence[tuple[str, Answer]], *, old: bool = False) -> list[_Rung]:
    """Every name from ``start`` up to the top-level domain, those that nobody asked included."""
    numbers = {name: number for number, (name, _) in enumerate(asked, 1)}
    answers = dict(asked)
    labels = start.split(".")
    rungs: list[_Rung] = []
    left = len(asked)
    for position in range(len(labels)):
        name = ".".join(labels[position:])
        if name in answers:
            rungs.append(_rung(name, numbers[name], answers[name]))
            left -= 1
            continue
        why = "RFC 7489 asks no more than two names" if old else "the walk ended" if not left else SKIPS
        count = rungs.pop().hidden + 1 if rungs and rungs[-1].hidden else 1
        rungs.append(_not_asked(count, name, why))
    return rungs


def _not_asked(count: int, last: str, why: str) -> _Rung:
    what = f"{PREFIX}{last} is not asked" if count == 1 else f"{count:,} more names are not asked"
    return _Rung(last, said=f"{what}: {why}", hidden=count)


def _rung(name: str, number: int, answer: Answer) -> _Rung:
    if answer.status is DnsStatus.FAILURE:
        return _Rung(
            name, number, f"DNS did not answer ({answer.failure or 'no reason given'})", trouble=True
        )
    if answer.status is DnsStatus.NXDOMAIN:
        return _Rung(name, number, "no such name")
    records = [str(value) for value in answer.values if parse_dmarc(str(value), name) is not None]
    if len(records) == 1:
        return _Rung(name, number, records[0], record=True)
    if records:
        return _Rung(name, number, f"{len(records):,} DMARC records: none of them is used", trouble=True)
    return _Rung(name, number, "TXT records, none of them DMARC" if answer.values else "no TXT record")


def _used(rung: _Rung, is_used: bool, how: str) -> _Rung:
    return replace(rung, uses=(*rung.uses, how)) if is_used else rung


def _shortened(rungs: list[_Rung]) -> list[_Rung]:
    """At most MAX_RUNGS, the bottom and the top ones; a walk never has more, only a made-up check."""
    if len(rungs) <= MAX_RUNGS:
        return rungs
    cut = len(rungs) - MAX_RUNGS + 1
    middle = _Rung("", said=f"… {cut:,} more names not drawn", hidden=cut)
    return [*rungs[:4], middle, *rungs[4 + cut :]]


# -------------------------------------------------------------------- sentences


def _reasons(check: DmarcCheck) -> list[str]:
    """Why this record and this organizational domain, in the check's own words."""
    beginnings = {"Policy for ": "◆ ", "Policy in ": "◆ ", "Test mode": "◆ ", "Sampling": "◆ ",
                  "Organizational domain of the author domain ": "▲ "}  # fmt: skip
    words = []
    for step in check.steps:
        mark = next((mark for start, mark in beginnings.items() if step.looked_at.startswith(start)), None)
        if mark:
            words.append(f"{mark}{step.followed}")
    if not words:
        words.append(check.reason or "DMARC was not evaluated.")
    return words


def _compared(check: DmarcCheck) -> list[str]:
    rows = [
        f"{row.identifier} {row.domain or '(none)'}"
        + (f", organizational domain {row.organizational_domain}" if row.organizational_domain else "")
        + f": {'✔ aligned' if row.aligned else '✘ not aligned'}"
        for row in check.alignments
    ]
    if len(rows) > MAX_COMPARED:
        rows = [
            *rows[: MAX_COMPARED - 1],
            f"… and {len(rows) - MAX_COMPARED + 1:,} more identifiers compared",
        ]
    return rows


def _lines(words: Sequence[str], room: float) -> list[str]:
    """The sentences as lines of the picture, in so many inches: two lines a sentence where there is room."""
    fitting = int(room / LINE)
    for lines in (2, 1):
        folded = [line for text in words for line in fold_inches(text, WIDTH - 0.4, 11, lines=lines)]
        if len(folded) <= fitting:
            return folded
    return [*folded[: fitting - 1], f"… {len(folded) - fitting + 1:,} more lines"]


def _alt(title: str, rungs: Sequence[_Rung], words: Iterable[str]) -> str:
    parts = []
    for rung in rungs:
        if rung.number is None:
            parts.append(one_line(rung.said, 300))
            continue
        uses = "; ".join(use.lstrip("◆▲ ") for use in rung.uses)
        text = f"Question {rung.number}, {PREFIX}{one_line(rung.domain, 120)}: {one_line(rung.said, 200)}"
        parts.append(f"{text}; {uses}" if uses else text)
    told = [one_line(text, 400).lstrip("◆▲ ").replace("✔ ", "").replace("✘ ", "") for text in words]
    heading = one_line(title, 300)
    return (
        f"{heading} {sentence_list([*parts, *told])}"
        if heading[-1:] == "?"
        else sentence_list([heading, *parts, *told])
    )


# --------------------------------------------------------------------- drawing


def _height(rung: _Rung) -> float:
    return GAP if rung.hidden else RUNG


def _draw_rungs(axes: Axes, top: float, rungs: Sequence[_Rung]) -> None:
    """The first name asked at the bottom, the last one on top."""
    below = None
    y = top - sum(map(_height, rungs))
    for rung in rungs:
        middle = y + _height(rung) / 2
        if below is not None:
            dashed = rung.hidden or below[1]
            axes.plot(
                [0.48, 0.48], [below[0], middle], color=GREY, lw=1.4, ls=":" if dashed else "-", zorder=0
            )
        _draw_rung(axes, middle, rung)
        below = (middle, bool(rung.hidden))
        y += _height(rung)


def _draw_rung(axes: Axes, y: float, rung: _Rung) -> None:
    if rung.hidden:
        write(axes, NAME_AT, y, fit_inches(rung.said, WIDTH - NAME_AT - 0.3, 10.5), size=10.5, color=GREY)
        return
    colour = ORANGE if rung.trouble else BLUE if rung.record else GREY
    axes.plot(0.48, y, "o", ms=18, mec=colour, mew=1.8, mfc=colour if rung.record else PAPER, zorder=1)
    mark = "✘" if rung.trouble else str(rung.number)
    write(
        axes, 0.48, y - 0.005, mark, size=10.5, ha="center", color=PAPER if rung.record else colour, zorder=2
    )
    room = (USE_AT if rung.uses else WIDTH - 0.1) - NAME_AT - 0.15
    write(axes, NAME_AT, y + 0.105, fit_inches(PREFIX + rung.domain, room, 12, bold=True), size=12,
          weight="bold" if rung.record else "normal")  # fmt: skip
    said = fit_end_inches(rung.said, room, 10.5)
    write(axes, NAME_AT, y - 0.105, said, size=10.5, color=ORANGE if rung.trouble else GREY)
    for position, use in enumerate(rung.uses):
        place = y + (0.105 - 0.21 * position if len(rung.uses) > 1 else 0)
        colour = BLUE if use[0] == "◆" else INK
        write(axes, USE_AT, place, fit_end_inches(use, WIDTH - USE_AT - 0.1, 11), size=11, color=colour)
