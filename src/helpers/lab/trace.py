"""What the lab shows of one mail: every SMTP session line by line, and how it ended. Results only."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from helpers.terms import Policy, Shown

if TYPE_CHECKING:
    from helpers.bounce import Bounce
    from helpers.message import Message
    from helpers.terms import Authentication

Speaker = Literal["client", "server"]

# Printable by category, but there is nothing to see: Unicode's Default_Ignorable_Code_Point, Braille's blank.
_SHOWS_NOTHING = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def one_line(text: str, length: int = 400) -> str:
    """Text that a stranger wrote, as one line that a terminal can show."""
    seen = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[: length + 1])
    shown = _SHOWS_NOTHING.sub(lambda found: ascii(found.group())[1:-1], seen)
    return shown if len(text) <= length else shown[: length - 1] + "…"


@dataclass(frozen=True, slots=True, repr=False)
class Line(Shown):
    """One line of an SMTP session: who said it, and in which session (1 is the author's own)."""

    hop: int
    speaker: Speaker
    text: str

    def __str__(self) -> str:
        """``C: MAIL FROM:<…>`` or ``S: 250 OK``, as the RFCs write it (RFC 5321 §4.1.1.1)."""
        return f"{'C' if self.speaker == 'client' else 'S'}: {one_line(self.text)}"

    def __repr__(self) -> str:
        """The same: a list of lines reads like the session."""
        return str(self)


class Dialogue(tuple[Line, ...]):
    """The lines of one or several sessions, in order: a tuple whose text can be read."""

    __slots__ = ()

    def __str__(self) -> str:
        """The lines as text, an empty line between two sessions."""
        parts = []
        for position, line in enumerate(self):
            if position and line.hop != self[position - 1].hop:
                parts.append("")
            parts.append(str(line))
        return "\n".join(parts)

    __repr__ = __str__

    def __getitem__(self, index: Any) -> Any:
        """A line, or some of them as a dialogue."""
        found = super().__getitem__(index)
        return Dialogue(found) if isinstance(index, slice) else found


@dataclass(frozen=True, slots=True, repr=False)
class LabHop(Shown):
    """One SMTP session: who handed the mail to whom, with which envelope, and what was answered.

    ``changes`` says what the client did to the mail before it passed it on. ``message`` is the
    mail as the client sent it here.
    """

    number: int
    client: str
    client_ip: str
    server: str
    server_ip: str
    mail_from: str  # "" is the null sender
    rcpt_to: str
    reply: str  # the answer that ended it, on one line
    accepted: bool
    changes: tuple[str, ...] = ()
    dialogue: tuple[Line, ...] = field(
        default=Dialogue(), metadata={"json": False}
    )  # the trace has all of it
    message: Message | None = field(default=None, metadata={"json": False})


@dataclass(frozen=True, slots=True, repr=False)
class Trace(Shown):
    """One mail's whole way through the lab. Made by `Lab.send`.

    ``reply`` is the last word on the mail: the receiver's, or that of a server before it which
    did not take it. ``disposition`` is what the receiver did: "none" (nothing against the
    mail), "quarantine" (it went to Junk) or "reject". ``received`` is the mail as the receiver
    stored it, None when it did not. ``bounce`` is what came back to ``bounced_to``.
    ``dialogue`` is a `Dialogue`: printed, it reads as the RFCs write SMTP.
    """

    author_domain: str | None
    through: tuple[str, ...]
    receiver: str
    delivered: bool
    disposition: Policy
    reply: str
    authentication: Authentication | None  # None: the mail never reached the receiver
    hops: tuple[LabHop, ...]
    dialogue: tuple[Line, ...]
    received: Message | None = None
    bounce: Bounce | None = None
    bounced_to: str | None = None
