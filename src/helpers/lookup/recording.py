"""DNS that writes down what was answered. `lookup` has it under its public name."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any

from helpers.files import write_new
from helpers.lookup.ahead import NotYet, Question, Ticket
from helpers.lookup.looked_up import Lookups
from helpers.lookup.records import Nodes, canonical_name, read_values
from helpers.lookup.zone import Zone, read_name
from helpers.terms import Answer, DnsFailure, DnsStatus

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from helpers.terms import Dns

HEADING = "; What DNS answered, as Zone.from_file reads it. Lines with ;! are part of it.\n"


class RecordingDns:
    """Passes questions on to ``dns`` and remembers them with their answers, in order.

    ``save`` writes a file from which `Zone.from_file` gives the same answers, offline:
    records, names without records, names that do not exist, and failures. Where ``dns`` is
    asked ahead, answers that nobody needed in the end are in that file too.
    """

    def __init__(self, dns: Dns) -> None:
        self._dns: Any = dns
        self._answers: list[tuple[str, str, Answer]] = []
        self._asked_ahead: dict[Question, Answer] = {}
        self._lock = Lock()  # answers to what was asked ahead come in other threads

    def __repr__(self) -> str:
        return f"<RecordingDns: {len(self._answers)} questions to {self._dns!r}>"

    def __call__(self, name: str, rdtype: str) -> Answer:
        """What ``dns`` answers."""
        answer: Answer = self._dns(name, rdtype)
        with self._lock:
            self._answers.append((name, rdtype, answer))
        return answer

    @property
    def ask_ahead(self) -> Callable[[Ticket], Ticket] | None:
        """As ``dns`` has it, if it does; the answers are remembered."""
        return self._ask_ahead if getattr(self._dns, "ask_ahead", None) is not None else None

    def _ask_ahead(self, ticket: Ticket) -> Ticket:
        sent: Ticket = self._dns.ask_ahead(ticket)
        sent.when_settled(self._remember)
        return sent

    def _remember(self, ticket: Ticket) -> None:
        try:
            answer = self._dns.at_hand(*ticket.question)
        except NotYet:
            return
        with self._lock:
            self._asked_ahead[ticket.question] = answer

    def at_hand(self, name: str, rdtype: str) -> Answer:
        """The answer, if nothing has to be sent for it; else raises `NotYet`."""
        answer: Answer = self._dns.at_hand(name, rdtype)
        return answer

    @property
    def questions(self) -> tuple[tuple[str, str], ...]:
        """Name and type of every question so far, in order, repeated ones too."""
        with self._lock:
            return tuple((name, rdtype) for name, rdtype, _ in self._answers)

    @property
    def answers(self) -> tuple[Answer, ...]:
        """What was answered, in the order of `questions`."""
        with self._lock:
            return tuple(answer for _, _, answer in self._answers)

    def looked_up(self) -> Lookups:
        """What live DNS was sent, round by round; nothing where ``dns`` is not live."""
        ask = getattr(self._dns, "looked_up", None)
        found: Lookups = ask() if ask is not None else Lookups()
        return found

    def zone(self) -> Zone:
        """A zone that answers every question so far the same way; the last answer counts."""
        with self._lock:
            answers = [(*question, answer) for question, answer in self._asked_ahead.items()] + self._answers
        nodes: Nodes = {}
        absent: set[tuple[str, str]] = set()
        for asked, rdtype, answer in answers:
            name = canonical_name(asked)
            if name is not None:  # an impossible name is NXDOMAIN in every zone
                _record(nodes, absent, name, rdtype.upper(), answer)
        return Zone.of_nodes({name: node for name, node in nodes.items() if node}, frozenset(absent))

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write `zone` as a master file; FileExistsError for an existing one unless ``overwrite=True``.

        Whoever gets the file learns which names were asked for.
        """
        return write_new(path, (HEADING + self.zone().to_text()).encode(), overwrite=overwrite)


def _record(nodes: Nodes, absent: set[tuple[str, str]], name: str, rdtype: str, answer: Answer) -> None:
    """Enter one answer, over what an earlier one said."""
    if answer.status != DnsStatus.FAILURE:  # a failure is one of the question, not of what it points to
        for link in answer.chain:
            nodes.setdefault(name, {})["CNAME"] = (read_name(link),)
            nodes[name].pop(rdtype, None)
            absent.discard((name, rdtype))
            name = read_name(link)
    if answer.status == DnsStatus.NXDOMAIN:
        nodes.get(name, {}).pop(rdtype, None)
        absent.add((name, rdtype))
        return
    absent.discard((name, rdtype))
    failed = answer.status == DnsStatus.FAILURE
    entry = (answer.failure or DnsFailure.SERVFAIL) if failed else read_values(rdtype, answer.values)
    nodes.setdefault(name, {})[rdtype] = entry
