"""What an analysis cost: how many questions were sent, and how often it had to wait for answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from helpers.terms import DnsFailure, DnsStatus, Shown

if TYPE_CHECKING:
    from helpers.lookup.ahead import Ticket


@dataclass(frozen=True, slots=True, repr=False)
class Lookup(Shown):
    """One question that was sent. What was not ``needed`` in the end had been sent ahead in vain."""

    round: int  # questions of the same round were on their way together
    name: str
    rdtype: str
    needed: bool
    status: DnsStatus | None = None  # None: no answer yet
    failure: DnsFailure | None = None
    seconds: float | None = None  # from asking to the answer


@dataclass(frozen=True, slots=True, repr=False)
class Lookups(Shown):
    """The questions that live DNS was sent, round by round.

    ``rounds`` is how often the analysis stood still for answers; ``depth`` how often it had to,
    since a name only follows from an answer: an include names the next record. Asking one
    question after the other would have taken as many rounds as there are queries. ``waited``
    is in seconds.
    """

    rows: tuple[Lookup, ...] = ()
    depth: int = 0
    waited: float = 0.0

    @property
    def queries(self) -> int:
        """How many questions were sent."""
        return len(self.rows)

    @property
    def unused(self) -> int:
        """How many of them nobody needed in the end; never more than the others."""
        return sum(not row.needed for row in self.rows)

    @property
    def rounds(self) -> int:
        """Round trips that the analysis waited for."""
        return len({row.round for row in self.rows if row.needed})

    @property
    def words(self) -> str:
        """For example "9 queries in 4 rounds"."""
        if not self.rows:
            return "no queries"
        text = f"{_count(self.queries, 'query', 'queries')} in {_count(self.rounds, 'round', 'rounds')}"
        return f"{text}, {self.unused} of them not needed in the end" if self.unused else text

    def by_round(self) -> tuple[tuple[Lookup, ...], ...]:
        """The questions of each round, in order."""
        rounds = sorted({row.round for row in self.rows})
        return tuple(tuple(row for row in self.rows if row.round == number) for number in rounds)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: the numbers, and the rows."""
        return {
            "queries": self.queries,
            "rounds": self.rounds,
            "depth": self.depth,
            "unused": self.unused,
            "waited": round(self.waited, 3),
            "rows": [row.to_dict() for row in self.rows],
        }


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def lookups_of(tickets: Iterable[Ticket]) -> Lookups:
    """From tickets in the order they were sent. Analyses follow each other: so do their rounds."""
    analyses: dict[int, list[Ticket]] = {}
    for ticket in tickets:
        analyses.setdefault(id(ticket.analysis or ticket), []).append(ticket)
    rows: list[Lookup] = []
    rounds = depth = 0
    waited = 0.0
    for group in analyses.values():
        rows += [_row(ticket, rounds) for ticket in sorted(group, key=lambda one: one.round)]
        rounds += max(ticket.round for ticket in group)
        depth += max((ticket.depth for ticket in group if ticket.needed), default=0)
        waited += sum(ticket.waited for ticket in group)
    return Lookups(tuple(rows), depth, waited)


def _row(ticket: Ticket, before: int) -> Lookup:
    answer = ticket.answer
    return Lookup(
        before + ticket.round,
        *ticket.question,
        ticket.needed,
        answer.status if answer is not None else None,
        answer.failure if answer is not None else None,
        ticket.seconds,
    )
