"""The alignment figure: which domains were vouched for, and whether one of them is the author's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers.diagnosis import Diagnosis
from helpers.show.figures import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    Picture,
    arrow,
    canvas,
    card,
    fit,
    sentence_list,
    write,
)
from helpers.show.safe import one_line
from helpers.terms import Authentication, DmarcCheck, Policy, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UNTOLD = "pass or fail"  # the result of a check that nobody told
MAX_ROWS = 5  # a message with more signatures than this says how many are left out


@dataclass(frozen=True)
class _Row:
    """One identifier as drawn: the question asked, the name that answered, the outcome."""

    question: str
    domain: str | None
    result: str
    aligned: bool | None

    @property
    def vouches(self) -> bool:
        """Is this an aligned pass, or may it be one?"""
        return self.aligned is True and not self.failed

    @property
    def failed(self) -> bool:
        """Did the check itself end with anything but a pass?"""
        return "=" in self.result and not self.result.endswith("=pass")


def alignment_figure(result: Diagnosis | Authentication | DmarcCheck) -> Picture:
    """Draw what SPF and DKIM vouched for beside the author domain, and what DMARC makes of it.

    Takes a diagnosis, an authentication or a DMARC check; returns a `Picture`. Solid blue
    with ✔ is an aligned pass, dashed orange with ✘ is none. RFC 9989 §4.4.
    """
    author, rows, dmarc = _content(result)
    shown = rows[:MAX_ROWS]
    height = 0.95 * len(shown) + 1.3
    figure, axes = canvas(9.6, height)
    top = height - 0.55
    write(axes, 0.2, height - 0.25, "Who is vouched for?", size=12, color=GREY)
    write(axes, 9.4, height - 0.25, "What the reader sees", size=12, color=GREY, ha="right")
    middle = top - 0.95 * len(shown) / 2
    card(axes, 6.9, middle - 0.45, 2.5, 0.9, edge=INK)
    write(axes, 7.05, middle + 0.18, "From: (author domain)", size=10, color=GREY)
    write(axes, 7.05, middle - 0.14, fit(author or "not exactly one", 24), size=14, weight="bold")
    for i, row in enumerate(shown):
        _draw_row(axes, top - 0.95 * i - 0.45, middle, row)
    verdict, good = _verdict(dmarc, rows)
    if len(rows) > MAX_ROWS:
        verdict += f"  ({len(rows) - MAX_ROWS} more signatures not drawn)"
    write(
        axes,
        0.2,
        0.38,
        verdict,
        size=14,
        weight="bold",
        color=BLUE if good else ORANGE if good is False else INK,
    )
    return Picture(figure, _alt(author, rows, verdict))


def _draw_row(axes: Axes, y: float, middle: float, row: _Row) -> None:
    absent = row.domain is None
    edge = GREY if absent else BLUE if row.vouches else ORANGE
    card(axes, 0.2, y - 0.38, 3.6, 0.76, edge=edge, dashed=not row.vouches)
    write(axes, 0.35, y + 0.17, row.question, size=10, color=GREY)
    write(
        axes,
        0.35,
        y - 0.13,
        fit(row.domain or row.result, 25),
        size=14,
        weight="normal" if absent else "bold",
        color=GREY if absent else INK,
    )
    if absent:
        return
    write(axes, 3.65, y + 0.17, row.result, size=11, ha="right", color=INK)
    end = (6.85, middle + (y - middle) * 0.25)
    arrow(axes, (3.85, y), end, colour=edge, dashed=not row.vouches)
    label_y = y + (end[1] - y) * 0.42
    write(
        axes,
        5.1,
        label_y,
        _word(row),
        size=11,
        ha="center",
        color=edge,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
    )


def _word(row: _Row) -> str:
    if row.aligned is None:
        return "? depends on the record"
    if not row.aligned:
        return "✘ not aligned"
    return "✘ aligned, no pass" if row.failed else "✔ aligned"


def _content(
    result: Diagnosis | Authentication | DmarcCheck,
) -> tuple[str | None, list[_Row], DmarcCheck | None]:
    """The author domain, a row for each identifier, and DMARC's verdict where there is one."""
    if isinstance(result, Diagnosis):
        dmarc = result.authentication.dmarc if result.authentication else None
        author = _author(result)
        rows = [
            _Row(_QUESTION[i.method], i.domain, f"{i.method}={i.result}" if i.result else UNTOLD, i.aligned)
            for i in result.identifiers
        ]
    else:
        dmarc = result.dmarc if isinstance(result, Authentication) else result
        author = dmarc.author_domain
        rows = [
            _Row(_QUESTION[a.method], a.domain, f"{a.method}={a.result}", a.aligned) for a in dmarc.alignments
        ]
    for method, missing in (("spf", "MAIL FROM not known"), ("dkim", "no signature")):
        if not any(row.question == _QUESTION[method] for row in rows):
            rows.append(_Row(_QUESTION[method], None, missing, None))
    return author, sorted(rows, key=lambda row: row.question != _QUESTION["spf"]), dmarc


def _author(diagnosis: Diagnosis) -> str | None:
    """The author domain of the message, or where none came back, the domain that the refusal names."""
    if diagnosis.message is not None:
        return diagnosis.message.author_domain
    return diagnosis.bounce.blamed_domain if diagnosis.bounce is not None else None


_QUESTION = {"spf": "SPF asks about MAIL FROM", "dkim": "DKIM signature, d="}


def _verdict(dmarc: DmarcCheck | None, rows: list[_Row]) -> tuple[str, bool | None]:
    """The line below the picture, and whether it is good news (None: neither)."""
    if dmarc is None or dmarc.result not in (Result.PASS, Result.FAIL):
        if dmarc is not None:
            return f"DMARC {dmarc.result}: {dmarc.reason}"[:90], None
        if rows and all(row.aligned is False or row.domain is None for row in rows):
            return "✘ DMARC can't pass: nothing here can align", False
        return "? DMARC not evaluated: no DNS was asked", None
    if dmarc.result == Result.PASS:
        return "✔ DMARC pass: one aligned pass is enough", True
    asked = {Policy.REJECT: "reject", Policy.QUARANTINE: "quarantine", Policy.NONE: "do nothing about"}
    policy = asked[dmarc.disposition]
    return (
        f"✘ DMARC fail: no aligned pass; {fit(dmarc.policy_domain, 30)} asks receivers to {policy} it",
        False,
    )


def _alt(author: str | None, rows: list[_Row], verdict: str) -> str:
    parts = [f"Alignment with the author domain {one_line(author or '(not exactly one)')}"]
    for row in rows:
        if row.domain is None:
            parts.append(f"{row.question}: {row.result}")
        else:
            word = {True: "aligned", False: "not aligned", None: "alignment depends on the record"}[
                row.aligned
            ]
            parts.append(f"{row.question}: {one_line(row.domain)}, {row.result}, {word}")
    return sentence_list([*parts, verdict.lstrip("✔✘? ")])
