"""The journey figure: which hosts a message passed, where it was refused, and who wrote the bounce."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers.bounce import Bounce
from helpers.message import Hop, Message
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

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_STATIONS = 5  # more hosts than this are drawn as one "… n more hosts"
WIDTH = 9.6  # inches
SLOW = 60  # seconds: a delay worth writing down


@dataclass(frozen=True)
class _Station:
    """One host on the way; ``note`` is what happened before it got here."""

    role: str
    host: str
    note: str = ""
    refused: bool = False


def journey_figure(mail: Bounce | Message) -> Picture:
    """Draw the way of a message from its Received headers, and of its bounce if there is one.

    Takes a message or a bounce (then the original's way, as far as it came back); returns a
    `Picture`. The refusing host is dashed orange with ✘. RFC 5321 §4.4.
    """
    stations = _shortened(_stations(mail))
    bounced = isinstance(mail, Bounce) and mail.is_bounce
    height = 2.9 if bounced else 1.9
    figure, axes = canvas(WIDTH, height)
    gap = 0.55
    width = (WIDTH - 0.4 - gap * (len(stations) - 1)) / len(stations)
    for i, station in enumerate(stations):
        x = 0.2 + i * (width + gap)
        _draw(axes, x, height - 1.5, width, station)
        if i:
            colour = ORANGE if station.refused else BLUE
            arrow(
                axes,
                (x - gap + 0.05, height - 1.05),
                (x - 0.05, height - 1.05),
                colour=colour,
                dashed=station.refused,
            )
    reporter = (mail.reporter or "the refused sender's server") if isinstance(mail, Bounce) else ""
    if bounced:
        _draw_return(axes, reporter, width, len(stations), gap)
    return Picture(figure, _alt(stations, reporter if bounced else ""))


def _draw(axes: Axes, x: float, y: float, width: float, station: _Station) -> None:
    edge = ORANGE if station.refused else BLUE
    card(axes, x, y, width, 0.9, edge=edge, dashed=station.refused)
    role = f"✘ {station.role}" if station.refused else station.role
    write(
        axes, x + 0.12, y + 0.65, fit(role, int(width * 11)), size=10, color=edge if station.refused else GREY
    )
    write(axes, x + 0.12, y + 0.3, fit(station.host, int(width * 9.5)), size=12, weight="bold", color=INK)
    if station.note:
        write(axes, x + 0.02, y + 1.1, fit(station.note, int(width * 12)), size=10, color=GREY)


def _draw_return(axes: Axes, reporter: str, width: float, count: int, gap: float) -> None:
    last = 0.2 + (count - 1) * (width + gap)
    start = (last - gap - width / 2, 1.35) if count > 1 else (last + width / 2, 1.35)
    axes.plot([start[0], start[0], 0.2 + width / 3], [start[1], 0.55, 0.55], color=ORANGE, lw=2, ls="--")
    arrow(axes, (0.2 + width / 3, 0.55), (0.2 + width / 3, 1.35), colour=ORANGE, dashed=True)
    words = f"the bounce comes back, written by {fit(reporter, 40)}"
    write(axes, 0.35 + width / 3, 0.3, words, size=11, color=ORANGE)


def _stations(mail: Bounce | Message) -> list[_Station]:
    message = mail.original if isinstance(mail, Bounce) else mail
    hops = message.hops if message is not None else ()
    stations: list[_Station] = []
    if hops and (first := _host(hops[0].helo or hops[0].rdns or hops[0].ip)):
        stations.append(_Station("sent from", first))
    for hop in hops:
        host = _host(hop.by)
        if host and (not stations or stations[-1].host != host):
            stations.append(_Station("passed on by", host, _delay(hop)))
    if stations and not isinstance(mail, Bounce):
        stations[-1] = _Station("received by", stations[-1].host, stations[-1].note)
    if isinstance(mail, Bounce) and mail.is_bounce:
        refusing = next((reply.receiver for reply in mail.replies if reply.receiver), None) or mail.receiver
        stations.append(_Station("refused by", _host(refusing) or "the receiver", refused=True))
    return stations or [_Station("no Received header", "the way is not known")]


def _host(name: str | None) -> str:
    return one_line(name or "", 80)


def _delay(hop: Hop) -> str:
    seconds = hop.delay_seconds
    if seconds is None or abs(seconds) < SLOW:
        return ""
    return f"after {seconds / 60:.0f} min" if abs(seconds) < 3 * 3600 else f"after {seconds / 3600:.0f} h"


def _shortened(stations: list[_Station]) -> list[_Station]:
    if len(stations) <= MAX_STATIONS:
        return stations
    hidden = len(stations) - MAX_STATIONS + 1
    return [*stations[:2], _Station("…", f"{hidden} more hosts"), *stations[-(MAX_STATIONS - 3) :]]


def _alt(stations: list[_Station], reporter: str) -> str:
    way = [
        f"{station.role} {station.host}{f', {station.note}' if station.note else ''}" for station in stations
    ]
    parts = [f"The way of the message: {'; '.join(way)}"]
    if reporter:
        parts.append(f"The bounce was written by {one_line(reporter)}")
    return sentence_list(parts)
