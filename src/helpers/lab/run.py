"""One mail's way through the lab while it is under way, and the notes that servers need for it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from helpers.bounce import read_bounce
from helpers.lab.passing import Taken
from helpers.lab.receivers import Judgement, Receiver
from helpers.lab.relays import DIRECT, Relay
from helpers.lab.trace import Dialogue, LabHop, Trace
from helpers.lab.wires import Party
from helpers.lookup import Zone
from helpers.message import read_message
from helpers.terms import Policy, Rules

INBOX = "inbox"
Host = Relay | Receiver | str  # what a server of the lab is: a relay, a receiver or the inbox


@dataclass(slots=True)
class Run:
    """One mail on its way, and what became of it so far."""

    number: int
    path: tuple[Relay, ...]
    receiver: Receiver
    dns: Zone
    rules: Rules
    author: str | None = None
    hops: dict[int, LabHop] = field(
        default_factory=dict
    )  # by number: sessions overlap where a client says QUIT
    judgement: Judgement | None = None
    report: bytes | None = None
    reported_to: str | None = None
    under_way: int = 0  # jobs in the queue or being worked on
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def receiver_hop(self) -> int:
        """The number of the session with the receiver; the bounce comes in the next one."""
        return len(self.path) + 1

    @property
    def last_word(self) -> str:
        """The answer of the server that came furthest, bounces aside."""
        if self.judgement is not None:
            return " ".join(self.judgement.reply)
        numbers = [number for number in self.hops if number <= self.receiver_hop]
        return self.hops[max(numbers)].reply if numbers else ""

    def trace(self) -> Trace:
        """What became of it, as a result."""
        found = self.judgement
        stored = found.stored if found is not None else None
        hops = tuple(self.hops[number] for number in sorted(self.hops))
        return Trace(
            author_domain=self.author,
            through=tuple(relay.name for relay in self.path) or (DIRECT,),
            receiver=self.receiver.name,
            delivered=stored is not None,
            disposition=found.disposition if found is not None else Policy.NONE,
            reply=self.last_word,
            authentication=found.authentication if found is not None else None,
            hops=hops,
            dialogue=Dialogue([line for hop in hops for line in hop.dialogue]),
            received=read_message(stored) if stored is not None else None,
            bounce=read_bounce(self.report) if self.report is not None else None,
            bounced_to=self.reported_to,
        )


@dataclass(slots=True)
class Ticket:
    """What a server knows of a connection that the lab itself opened: whose mail it is, and where it is."""

    run: Run
    hop: int  # the number of the session; the relay of the run's path that it belongs to is one less
    server: Party


@dataclass(slots=True)
class Job:
    """A mail that a relay has taken and is to send on."""

    run: Run
    hop: int  # the session in which the relay took it
    taken: Taken


@dataclass(frozen=True, slots=True)
class Way:
    """One session to be: with which server, from where to where, after which changes, as whom."""

    host: Host
    client: Party
    server: Party
    changes: tuple[str, ...] = ()
    login: str | None = None
