"""The anatomy of a DKIM signature: what it says, which header fields it covers, and which part of it held."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING

from helpers.authentication import received_at
from helpers.dkim import Signature, parse_signature, positions_by_name, select_headers, tag_steps, verify_dkim
from helpers.message import Message, read_message
from helpers.show.figures import BLUE, GREY, INK, ORANGE, Picture, canvas, card, sentence_list, write
from helpers.show.figures.fitting import fit_end_inches, fit_inches, fold_inches
from helpers.show.safe import one_line
from helpers.terms import DkimCheck, KeyState, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from helpers.terms import Dns

Source = bytes | str | os.PathLike[str] | IO[bytes] | IO[str] | Message

WIDTH = 9.6  # inches
TAG, FIELD, LINE = 0.4, 0.27, 0.23
FIELDS_AT, NOTE_AT = 5.25, 7.0
MAX_TAGS, MAX_FIELDS = 9, 13
ORDER = ("d", "s", "a", "c", "h", "l", "x", "bh", "b", "t", "i")  # the most telling tags first
SILENT = ("v", "q")  # the same in every signature: told of only where they are odd
# Fields that a reader sees or that decide how the body is shown; others are written on the way.
MATTERS = ("from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id", "in-reply-to",
           "references", "mime-version", "content-type", "content-transfer-encoding")  # fmt: skip


@dataclass(frozen=True)
class _Field:
    """Header fields of one name, or several names that came to the same: covered, open, or neither."""

    name: str
    note: str
    covered: bool | None


@dataclass(frozen=True)
class _Part:
    """One of the three things that have to hold."""

    name: str
    where: str
    words: str
    held: bool | None


def dkim_figure(
    message: Source, signature: int | DkimCheck = 0, *, dns: Dns | None = None, now: float | None = None
) -> Picture:
    """Draw one DKIM signature: its tags in words, the header fields it covers, and which part held.

    Arguments: the message, as anything `read_message` takes; which ``signature``, counted from the
    top with 0 the first, or the `DkimCheck` that `verify_dkim` made of it; ``dns``, who is asked for
    the key when only a number is given (without it nothing is verified, and the picture says so);
    ``now`` in seconds since 1970 for signatures that expire, by default the time of the last hop.

    Returns a `Picture`. Blue with ✔ is covered or held, dashed orange with ✘ is open or failed, grey
    with ? was not checked. Raises ValueError for a signature that the message does not have.
    RFC 6376 §3.5, §5.4, §6.1.
    """
    mail = read_message(message)
    place, number, count = _place(mail, signature)
    check = signature if isinstance(signature, DkimCheck) else None
    if check is None and dns is not None:
        check = verify_dkim(mail, dns=dns, now=received_at(mail) if now is None else now)[number]
    read = parse_signature(mail.headers[place].raw)
    asks = f"does {read.domain} vouch?" if read.domain else "for no readable domain"
    title = f"DKIM signature {number + 1} of {count:,}: {asks}"
    tags, fields, parts = _tags(read), _fields(mail, read, place), _parts(read, check)
    verdict = _verdict(check)
    _, colour = _look(None if check is None else check.result is Result.PASS)
    figure = _draw(title, tags, fields, parts, verdict, ORANGE if colour == ORANGE else INK)
    return Picture(figure, _alt(title, tags, fields, parts, verdict))


def _place(mail: Message, signature: int | DkimCheck) -> tuple[int, int, int]:
    """Which header it is, which signature from the top, and how many there are."""
    if isinstance(signature, bool) or not isinstance(signature, (int, DkimCheck)):
        raise TypeError("signature is a number, 0 the topmost, or what verify_dkim returned for one")
    places = [at for at, header in enumerate(mail.headers) if header.lname == "dkim-signature"]
    if isinstance(signature, DkimCheck):
        if signature.header_index not in places:
            raise ValueError("this check is not about a DKIM signature of this message")
        number = places.index(signature.header_index)
    elif 0 <= signature < len(places):
        number = signature
    else:
        raise ValueError(f"the message has {len(places)} DKIM signatures, so there is no number {signature}")
    return places[number], number, len(places)


# ------------------------------------------------------------- what is told of


def _tags(read: Signature) -> list[tuple[str, str, str]]:
    """Name, value and meaning, the most telling tags first."""
    meanings = {step.looked_at.partition("=")[0]: step.followed for step in tag_steps(read.tags)}
    shown = [name for name in ORDER if name in read.tags]
    odd = [
        name for name in read.tags if name not in ORDER and not (name in SILENT and len(read.tags[name]) < 9)
    ]
    rows = [(name, _value(name, read.tags[name]), meanings.get(name, "")) for name in (*shown, *odd)]
    if len(rows) > MAX_TAGS:
        left = len(rows) - MAX_TAGS + 1
        names = ", ".join(f"{name}=" for name, _, _ in rows[MAX_TAGS - 1 :][:6])
        rows = [*rows[: MAX_TAGS - 1], ("…", f"{left:,} more: {names}", "not drawn")]
    return rows


def _value(name: str, value: str) -> str:
    if name in ("t", "x") and value.isascii() and value.isdigit() and len(value) < 12:
        try:
            return f"{value} ({datetime.fromtimestamp(int(value), UTC):%Y-%m-%d %H:%M} UTC)"
        except (ValueError, OverflowError, OSError):
            return value
    return value


def _fields(mail: Message, read: Signature, own: int) -> list[_Field]:
    """What is covered, what is open and matters, and what is written on the way."""
    positions = positions_by_name(mail.headers)
    covered: dict[str, int] = {}
    sealed = set()
    for name, at in zip(
        read.signed_headers, select_headers(positions, read.signed_headers, own), strict=True
    ):
        covered[name] = covered.get(name, 0) + (at is not None)
        if at is None:
            sealed.add(name)
    names = {header.lname: header.name for header in mail.headers}
    signed = [
        _signed(names.get(name, name.title()), count, len(positions.get(name, ())), name in sealed)
        for name, count in covered.items()
    ]
    left = [name for name in positions if name not in covered and name != "dkim-signature"]
    unsigned = [_Field(names[name], "open: anybody may change it", False) for name in left if name in MATTERS]
    trace = [names[name] for name in left if name not in MATTERS]
    rest = [_Field(f"left out: {_some(trace)}", "", None)] if trace else []
    return [
        *_cut(signed, MAX_FIELDS - min(len(unsigned), 4) - len(rest), "signed"),
        *_cut(unsigned, 4, "open"),
        *rest,
    ]


def _signed(name: str, covered: int, there: int, sealed: bool) -> _Field:
    if not there:
        return _Field(name, "absent, none may be added", True)
    if covered < there:
        return _Field(name, f"the lower {covered:,} of {there:,} signed", False)
    return _Field(name, "signed, none may be added" if sealed else "signed", True)


def _some(names: Sequence[str]) -> str:
    """Few of the names, and how many there are."""
    more = f" and {len(names) - 2:,} more" if len(names) > 2 else ""
    return ", ".join(names[:2]) + more


def _cut(rows: list[_Field], room: int, what: str) -> list[_Field]:
    if len(rows) <= room:
        return rows
    left = rows[room - 1 :]
    covered = None if any(row.covered is False for row in left) and what == "signed" else left[0].covered
    return [*rows[: room - 1], _Field(f"… {len(left):,} more", what, covered)]


def _parts(read: Signature, check: DkimCheck | None) -> tuple[_Part, _Part, _Part]:
    where = read.query_name if read.domain and read.selector else "no name that can be asked"
    state = None if check is None else check.key_state
    found = state is KeyState.FOUND
    bits = f", {check.key_bits:,} bits" if check is not None and check.key_bits else ""
    key = "not asked for" if state is None else f"found{bits}" if found else str(state.value)
    body = {True: "fits: the body is as signed", False: "differs: another body", None: "not checked"}
    header = {True: "fits: the fields are as signed", False: "does not fit the fields", None: "not checked"}
    body_ok = None if check is None else check.body_hash_ok
    header_ok = None if check is None else check.signature_ok
    part = "of the whole body" if read.length is None else f"of the first {read.length:,} bytes (l=)"
    return (
        _Part("key record", where, key, None if state is None else found),
        _Part("body hash, bh=", part, body[body_ok], body_ok),
        _Part("signature, b=", "over fields and this field", header[header_ok], header_ok),
    )


def _verdict(check: DkimCheck | None) -> str:
    if check is None:
        return "Not verified: no DNS was given to ask for the key."
    told = [
        check.reason,
        *(text for text in check.warnings if not text.startswith("Not ")),
    ]  # the fields show those
    return f"{check.result}: {one_line(' '.join(told), 600)}"


def _look(held: bool | None) -> tuple[str, str]:
    return {True: ("✔", BLUE), False: ("✘", ORANGE), None: ("?", GREY)}[held]


def _alt(
    title: str,
    tags: Iterable[tuple[str, str, str]],
    fields: Iterable[_Field],
    parts: Iterable[_Part],
    verdict: str,
) -> str:
    words = [title]
    words += [
        f"{one_line(name, 20)}={one_line(value, 80)}, {meaning}".replace("…=", "")
        for name, value, meaning in tags
    ]
    words += [": ".join(filter(None, (one_line(field.name, 120), field.note))) for field in fields]
    words += [f"{part.name}, {one_line(part.where, 120)}: {part.words}" for part in parts]
    return sentence_list([*words, verdict])


# --------------------------------------------------------------------- drawing


def _draw(
    title: str,
    tags: Sequence[tuple[str, str, str]],
    fields: Sequence[_Field],
    parts: Sequence[_Part],
    verdict: str,
    colour: str,
) -> Figure:
    below = fold_inches(verdict, WIDTH - 0.4, 12, lines=3)
    columns = max(TAG * len(tags), FIELD * len(fields))
    bottom = 0.2 + LINE * len(below)
    height = bottom + 1.15 + columns + 0.95
    figure, axes = canvas(WIDTH, height)
    write(axes, 0.2, height - 0.28, fit_inches(title, WIDTH - 0.4, 14, bold=True), size=14, weight="bold")
    write(axes, 0.2, height - 0.65, "what it says", size=10.5, color=GREY)
    write(axes, FIELDS_AT, height - 0.65, "header fields it covers", size=10.5, color=GREY)
    for position, row in enumerate(tags):
        _draw_tag(axes, height - 0.95 - TAG * position, *row)
    for position, field in enumerate(fields):
        _draw_field(axes, height - 0.95 - FIELD * position, field)
    for position, part in enumerate(parts):
        _draw_part(axes, 0.2 + 3.1 * position, bottom + 0.05, part)
    for position, line in enumerate(reversed(below)):
        write(axes, 0.2, 0.2 + LINE * position, line, size=12, color=colour)
    return figure


def _draw_tag(axes: Axes, y: float, name: str, value: str, meaning: str) -> None:
    label = fit_inches(name if name == "…" else f"{name}=", 0.5, 11.5, bold=True)
    write(axes, 0.2, y, label, size=11.5, weight="bold", color=BLUE if name == "d" else INK)
    write(axes, 0.7, y, fit_inches(value or "(empty)", FIELDS_AT - 0.9, 11.5), size=11.5)
    write(axes, 0.7, y - 0.185, fit_end_inches(meaning, FIELDS_AT - 0.9, 10), size=10, color=GREY)


def _draw_field(axes: Axes, y: float, field: _Field) -> None:
    mark, colour = _look(field.covered)
    if not field.note:
        words = fit_end_inches(f"– {field.name}", WIDTH - FIELDS_AT - 0.1, 10.5)
        write(axes, FIELDS_AT, y, words, size=10.5, color=GREY)
        return
    write(axes, FIELDS_AT, y, "–" if field.covered is None else mark, size=11, color=colour)
    write(axes, FIELDS_AT + 0.24, y, fit_inches(field.name, NOTE_AT - FIELDS_AT - 0.34, 11), size=11)
    write(axes, NOTE_AT, y, fit_end_inches(field.note, WIDTH - NOTE_AT - 0.1, 10.5), size=10.5, color=colour)


def _draw_part(axes: Axes, x: float, y: float, part: _Part) -> None:
    mark, colour = _look(part.held)
    card(axes, x, y, 2.98, 0.9, edge=colour, dashed=part.held is not True)
    write(axes, x + 0.12, y + 0.72, part.name, size=10.5, weight="bold")
    write(axes, x + 0.12, y + 0.46, fit_inches(part.where, 2.75, 10), size=10, color=GREY)
    write(axes, x + 0.12, y + 0.2, fit_end_inches(f"{mark} {part.words}", 2.75, 11), size=11, color=colour)
