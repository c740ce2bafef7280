"""The hop timeline: when each server took the message on, how long it waited, and whose word that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from helpers.bounce import Bounce
from helpers.diagnosis import Diagnosis
from helpers.message import Hop, Message
from helpers.show.figures import BLUE, GREY, INK, ORANGE, PAPER, Picture, canvas, sentence_list, write
from helpers.show.figures.fitting import fit_inches, fold_inches
from helpers.show.safe import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Trust = Literal["receiver", "border", "sender", "unknown"]

WIDTH = 9.6  # inches
ROW, GAP = 0.68, 0.34  # inches: a hop, and a line that says how many are left out
MAX_HOPS = 6  # drawn; the rest is counted
BAR_AT, BAR_LENGTH = 6.35, 2.0
LONGEST = 7 * 86_400  # seconds: where the scale ends
TICKS = ((60, "1 min"), (3_600, "1 h"), (86_400, "1 day"))

BLANK = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.0}  # behind text that stands on a line

_LOOK: dict[Trust, tuple[str, str]] = {
    "receiver": (BLUE, "✔ the receiver's own line"),
    "border": (BLUE, "✔ the receiver saw this client's address"),
    "sender": (ORANGE, "✘ came with the mail: could be invented"),
    "unknown": (GREY, "? the header does not tell whose line it is"),
}


@dataclass(frozen=True)
class _Row:
    """One line of the timeline: the author's Date, a hop, or how many hops are left out."""

    name: str  # who wrote it
    detail: str = ""
    date: datetime | None = None
    delay: str = ""
    seconds: int | None = None
    trust: Trust = "unknown"
    number: int | None = None
    hidden: int = 0


def hops_figure(mail: Message | Bounce | Diagnosis) -> Picture:
    """Draw the way of a message in time: a row a Received field, oldest on top, with its delay.

    Takes a message, a bounce (then its original, as far as it came back) or a diagnosis; returns a
    `Picture`. Each field is the word of the server that wrote it: blue with ✔ from the receiver's
    border on, dashed orange with ✘ where the field came with the mail. Bars are delays on a
    logarithmic scale. More than six hops are cut, the border is kept. RFC 5321 §4.4.
    """
    message = _message(mail)
    rows = _rows(message)
    shown = _shortened(rows)
    title, verdict = _title(rows), _verdict(message, mail)
    below = fold_inches(verdict, WIDTH - 0.4, 12)
    height = 1.25 + sum(map(_height, shown)) + 0.24 * len(below)
    figure, axes = canvas(WIDTH, height)
    write(axes, 0.2, height - 0.28, title, size=14, weight="bold")
    _draw_scale(axes, height - 0.73, 0.4 + 0.24 * len(below))
    _draw_rows(axes, height - 0.78, shown)
    for position, line in enumerate(reversed(below)):
        write(axes, 0.2, 0.25 + 0.24 * position, line, size=12)
    return Picture(figure, _alt(title, shown, verdict))


def _message(mail: Message | Bounce | Diagnosis) -> Message | None:
    if isinstance(mail, Diagnosis):
        mail = mail.message or mail.bounce or mail
    if isinstance(mail, Bounce):
        return mail.original
    if isinstance(mail, Message):
        return mail
    if isinstance(mail, Diagnosis):
        return None
    raise TypeError(f"hops_figure takes a message, a bounce or a diagnosis, not {type(mail).__name__}")


# ----------------------------------------------------------------------- rows


def _rows(message: Message | None) -> list[_Row]:
    if message is None or not message.hops:
        return []
    border = message.incoming_hop
    rows = []
    if message.date is not None:
        rows.append(_Row("the author's Date field", "when the mail says it was written", message.date,
                         trust="sender"))  # fmt: skip
    for hop in message.hops:
        first = hop.index == 0
        seconds = _between(message.date, hop.date) if first else hop.delay_seconds
        rows.append(
            _Row(
                hop.by or "a server without a name",
                _client(hop),
                hop.date,
                _delay(hop, seconds),
                seconds,
                _trust(hop, border),
                hop.index + 1,
            )
        )
    return rows


def _client(hop: Hop) -> str:
    """Who handed the mail over, as the server noted it."""
    name = hop.rdns or hop.helo
    address = f"[{hop.ip}]" if hop.ip else ""
    return f"from {' '.join(filter(None, (name, address)))}" if name or address else "names no client"


def _trust(hop: Hop, border: Hop | None) -> Trust:
    if border is None:
        return "unknown"
    if hop.header_index == border.header_index:
        return "border"
    return "receiver" if hop.header_index < border.header_index else "sender"


def _between(earlier: datetime | None, later: datetime | None) -> int | None:
    return None if earlier is None or later is None else round((later - earlier).total_seconds())


def _delay(hop: Hop, seconds: int | None) -> str:
    if hop.date is None:
        return "no date that can be read"
    if seconds is None:
        return "after an unknown time" if hop.index else ""  # before the first one there is nothing
    if seconds < 0:
        return f"dated {span(-seconds)} earlier"
    return f"after {span(seconds)}"


def span(seconds: float) -> str:
    """A time span as people say it, in its two largest units: “2 min 5 s”."""
    left = round(seconds)
    parts = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count:,} {unit}")
        if parts and (len(parts) == 2 or not count):
            break
    return " ".join(parts) or "0 s"


def _shortened(rows: list[_Row]) -> list[_Row]:
    """At most MAX_HOPS rows: the first two, the border and what is just below it, and the newest."""
    if len(rows) <= MAX_HOPS:
        return rows
    wanted = [0, 1]
    wanted += [spot for at, row in enumerate(rows) if row.trust == "border" for spot in (at, at - 1)]
    newest = [*range(len(rows) - 1, -1, -1)]
    keep = set(list(dict.fromkeys([*wanted, *newest]))[:MAX_HOPS])
    shown: list[_Row] = []
    for at, row in enumerate(rows):
        if at in keep:
            shown.append(row)
        elif shown and shown[-1].hidden:
            shown[-1] = _left_out(shown[-1].hidden + 1)
        else:
            shown.append(_left_out(1))
    return shown


def _left_out(count: int) -> _Row:
    return _Row(f"… {count:,} more {'hop' if count == 1 else 'hops'} not drawn", hidden=count)


# -------------------------------------------------------------------- sentences


def _title(rows: Sequence[_Row]) -> str:
    hops = [row for row in rows if row.number is not None]
    if not hops:
        return "The way is not known: there is no Received field"
    dates = [row.date for row in rows if row.date is not None]
    count = f"{len(hops):,} {'hop' if len(hops) == 1 else 'hops'}"
    seconds = _between(dates[0], dates[-1]) if len(dates) > 1 else None
    if seconds is None:
        return f"The way of the message: {count}"
    how_long = span(seconds) if seconds >= 0 else "a time that can't be told, since the clocks disagree"
    return f"The way of the message: {count} in {how_long}"


def _verdict(message: Message | None, mail: object) -> str:
    border = message.incoming_hop if message is not None else None
    if message is None or not message.hops:
        return "Nobody wrote down which servers the mail passed."
    if border is not None:
        return (
            f"The receiver's side begins at hop {border.index + 1}. What is older was in the mail already "
            "when it came in, and the sender's side could have written anything."
        )
    if isinstance(mail, (Bounce, Diagnosis)):
        return "This is the header as it came back: written before the receiver took the mail, or refused it."
    return "No hop shows where the mail came in from outside, so none of these lines is vouched for."


def _clock(date: datetime | None, *, day: bool = False) -> str:
    if date is None:
        return ""
    try:
        return date.astimezone(UTC).strftime("%Y-%m-%d" if day else "%H:%M:%S")
    except (OverflowError, ValueError):  # the first or last day that a date can have
        return date.isoformat()[:10] if day else ""


def _alt(title: str, rows: Sequence[_Row], verdict: str) -> str:
    parts = [title]
    for row in rows:
        if row.hidden:
            parts.append(row.name)
            continue
        where = f"Hop {row.number}, written by {one_line(row.name, 80)}" if row.number else row.name
        words = [f"{where}: {one_line(row.detail, 120)}"]
        if row.date is not None:
            words.append(f"{_clock(row.date, day=True)} {_clock(row.date)} UTC".strip())
        words += [word for word in (row.delay, _LOOK[row.trust][1].lstrip("✔✘? ")) if word]
        parts.append(", ".join(words))
    return sentence_list([*parts, verdict])


# --------------------------------------------------------------------- drawing


def _length(seconds: int) -> float:
    return BAR_LENGTH * min(1.0, math.log1p(seconds) / math.log1p(LONGEST))


def _draw_scale(axes: Axes, y: float, bottom: float) -> None:
    write(axes, 0.2, y + 0.12, "UTC", size=10, color=GREY)
    write(axes, 1.5, y + 0.12, "written by", size=10, color=GREY)
    write(axes, BAR_AT - 0.1, y + 0.12, "delay", size=10, color=GREY, ha="right")
    for seconds, name in TICKS:
        x = BAR_AT + _length(seconds)
        axes.plot([x, x], [bottom, y], color="#D0D0D0", lw=0.8, zorder=0)
        write(axes, x, y + 0.12, name, size=10, color=GREY, ha="center")


def _height(row: _Row) -> float:
    return GAP if row.hidden else ROW


def _draw_rows(axes: Axes, top: float, rows: Sequence[_Row]) -> None:
    """The rows from the top down, on a line that is dashed where the sender could have drawn it."""
    before = None
    for row in rows:
        y = top - _height(row) / 2
        if before is not None:
            vouched = row.trust in ("receiver", "border")
            colour = _LOOK[row.trust][0]
            axes.plot([1.27, 1.27], [y, before], color=colour, lw=2, ls="-" if vouched else "--", zorder=1)
        _draw_row(axes, y, row)
        before, top = y, top - _height(row)


def _draw_row(axes: Axes, y: float, row: _Row) -> None:
    colour, trust = _LOOK[row.trust]
    if row.hidden:
        write(axes, 1.5, y, row.name, size=10.5, color=GREY)
        return
    filled = row.trust in ("receiver", "border")
    axes.plot(1.27, y, "o", ms=10, mec=colour, mew=2, mfc=colour if filled else PAPER, zorder=2)
    write(axes, 0.2, y + 0.11, _clock(row.date) or "no time", size=10.5)
    write(axes, 0.2, y - 0.12, _clock(row.date, day=True), size=10, color=GREY)
    name = f"{row.number}. {row.name}" if row.number else row.name
    weight = "bold" if row.number else "normal"
    write(axes, 1.5, y + 0.11, fit_inches(name, 4.7, 12, bold=True), size=12, weight=weight)
    write(axes, 1.5, y - 0.12, fit_inches(row.detail, 4.7, 10.5), size=10.5, color=GREY)
    write(axes, BAR_AT, y - 0.12, fit_inches(trust, 3.1, 10), size=10, color=colour, bbox=BLANK)
    _draw_delay(axes, y + 0.11, row)


def _draw_delay(axes: Axes, y: float, row: _Row) -> None:
    if not row.delay:
        return
    if row.seconds is None or row.seconds < 0:
        mark = "?" if row.seconds is None else "✘"
        colour = GREY if row.seconds is None else ORANGE
        write(
            axes, BAR_AT, y, fit_inches(f"{mark} {row.delay}", 3.1, 10.5), size=10.5, color=colour, bbox=BLANK
        )
        return
    length = max(0.03, _length(row.seconds))
    axes.plot([BAR_AT, BAR_AT + length], [y, y], color=INK, lw=7, solid_capstyle="butt")
    words = span(row.seconds)
    write(axes, BAR_AT + length + 0.1, y, words, size=10.5, bbox=BLANK)
