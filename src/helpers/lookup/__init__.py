"""DNS as one injected question: ``dns(name, rdtype) -> Answer``.

`Zone` answers from records it holds and never touches the network. `LiveDns` asks real
servers and is the only place that does. `RecordingDns` writes down what another one
answered, in a file that `Zone.from_file` reads back. `Overlay` changes some records over any
of them. `ahead` has live DNS send for what a check will ask next, while it waits.

Words: *NODATA* – the name exists but has no record of that type; *NXDOMAIN* – the name
does not exist (RFC 2308 §2); *empty non-terminal* – a name that has no records itself but
has names below it, so it exists (RFC 4592 §2.2.2).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from threading import Lock, Thread
from time import monotonic
from typing import Any

from helpers.lookup.ahead import (
    LONGEST_WAIT,
    AskedOnce,
    NotYet,
    Question,
    Ticket,
    ahead,
    can_ask_ahead,
    is_open,
)
from helpers.lookup.looked_up import Lookup, Lookups, lookups_of
from helpers.lookup.overlay import Overlay
from helpers.lookup.recording import RecordingDns
from helpers.lookup.records import a_label, canonical_name, u_label
from helpers.lookup.zone import MAX_REMEMBERED, Zone, answer_of
from helpers.terms import Answer, DnsFailure, DnsStatus

__all__ = [
    "SERVFAIL",
    "TIMEOUT",
    "AskedOnce",
    "LiveDns",
    "Lookup",
    "Lookups",
    "Overlay",
    "RecordingDns",
    "Zone",
    "a_label",
    "ahead",
    "can_ask_ahead",
    "is_open",
    "sample_zone",
    "u_label",
]

SERVFAIL = DnsFailure.SERVFAIL
TIMEOUT = DnsFailure.TIMEOUT

MAX_AT_ONCE = 16  # questions on their way together; more wait for one of them to be answered
TOTAL = 4  # times the timeout: how long one analysis waits for all its answers
TOO_SHORT = 0.001  # seconds: dnspython keeps its time limits by another clock, so this may be left of them
FAILURE_TTL = 5.0  # seconds that a failure is kept, RFC 9520 §3.2


def sample_zone(name: str) -> Zone:
    """One of the zones in ``data/zones``, by its file name without ``.zone``.

    Raises ValueError, with the names there are, when there is none of that name.
    """
    from pathlib import Path

    folder = Path(__file__).resolve().parents[3] / "data" / "zones"
    there = {path.stem: path for path in sorted(folder.glob("*.zone"))}
    if name not in there:
        known = ", ".join(there) or f"none, {folder} holds no .zone file"
        raise ValueError(f"there is no sample zone {name!r}; there are: {known}")
    return Zone.from_file(there[name])


class LiveDns:
    """Asks real name servers, through dnspython. The only part of the kit that uses the network.

    ``nameservers``: their IP addresses, one or several; None takes the system's. ``timeout``
    in seconds is for one question, whatever it takes: tries, TCP after a truncated answer,
    CNAMEs left to follow. ``total`` in seconds is how long one analysis waits for all its
    answers, four times the timeout unless given: what has not come by then is a time-out.
    ``resolver``: any dnspython resolver to use instead; or a `Zone`, which answers at once, so
    that `looked_up` tells what the same questions would have cost on a network. Answers are
    kept for as long as their TTL allows, failures for five seconds (RFC 9520 §3.2).

    The kit's checks have it send for what they will ask next while they wait: up to 16
    questions are then on their way together, each in a thread of its own that ends with the
    answer and never keeps Python from ending.

    A call never raises for what DNS does. Without a network or a configured resolver the
    answer is SERVFAIL. Raises ValueError for an address that is none.
    """

    def __init__(
        self,
        nameservers: str | Sequence[str] | None = None,
        port: int = 53,
        timeout: float = 5.0,
        *,
        total: float | None = None,
        resolver: Any = None,
    ) -> None:
        if timeout <= 0 or (total is not None and total <= 0):
            raise ValueError(f"a timeout of {min(timeout, total or timeout)!r} seconds leaves no time to ask")
        if resolver is None:
            from helpers.lookup.live import make_resolver

            servers = [nameservers] if isinstance(nameservers, str) else nameservers
            resolver = make_resolver(servers, port, timeout)
        self._resolver = resolver
        self._timeout = timeout
        self._total = TOTAL * timeout if total is None else total
        self._lock = Lock()  # for all below
        self._kept: dict[Question, tuple[Answer, float, Ticket]] = {}
        self._on_their_way: dict[Question, Ticket] = {}
        self._waiting: deque[Ticket] = deque()
        self._threads = 0
        self._sent: deque[Ticket] = deque(maxlen=MAX_REMEMBERED)

    def __repr__(self) -> str:
        if isinstance(self._resolver, Zone):
            return f"<LiveDns: as if {self._resolver!r} were on a network>"
        servers = ", ".join(str(server) for server in getattr(self._resolver, "nameservers", ()))
        return f"<LiveDns: {servers or 'no name server'}, {self._timeout:g} s>"

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy, also in another process, asks the same servers and has answers of its own."""
        return _live, (self._resolver, self._timeout, self._total)

    def __call__(self, name: str, rdtype: str) -> Answer:
        """What DNS answers now, or did within the TTL."""
        try:
            answer = self.at_hand(name, rdtype)
        except NotYet as missing:
            begun = monotonic()
            return self._wait_for(self.ask_ahead(Ticket(missing.question)), begun)
        if kept := self._kept.get((answer.name, answer.rdtype)):
            kept[2].needed = True
        return answer

    def _wait_for(self, ticket: Ticket, begun: float) -> Answer:
        ticket.needed = True
        while not ticket.settled.wait(min(max(0.0, ticket.due - monotonic()), LONGEST_WAIT)):
            if ticket.due <= monotonic():
                self._settle(ticket, answer_of(*ticket.question, TIMEOUT, ()), FAILURE_TTL)
        ticket.waited += monotonic() - begun
        if ticket.error is not None:
            raise ticket.error
        assert ticket.answer is not None  # settled, and without an error  # noqa: S101
        return ticket.answer

    def at_hand(self, name: str, rdtype: str) -> Answer:
        """The answer, if nothing has to be sent for it; else raises `NotYet`."""
        rdtype = rdtype.upper()
        qname = canonical_name(name)
        if qname is None:  # can't be asked for, so it can't exist
            return Answer(name.lower().removesuffix("."), rdtype, DnsStatus.NXDOMAIN)
        kept = self._kept.get((qname, rdtype))
        if kept is None or kept[1] <= monotonic():
            raise NotYet(qname, rdtype)
        return kept[0]

    def looked_up(self) -> Lookups:
        """The questions sent so far (the last 8,192), round by round."""
        with self._lock:
            return lookups_of(self._sent)

    # -------------------------------------------------------------------- sending

    def ask_ahead(self, ticket: Ticket) -> Ticket:
        """Send for an answer without waiting for it; the ticket that will have it, maybe an earlier one."""
        with self._lock:
            if (running := self._on_their_way.get(ticket.question)) is not None:
                return running
            self._on_their_way[ticket.question] = ticket
            left = self._total - ticket.spent
            late = left <= TOO_SHORT
            ticket.due = monotonic() + left
            if not late and self._resolver is not None:
                self._sent.append(ticket)
        if late or self._resolver is None:
            failure = TIMEOUT if late else SERVFAIL
            self._settle(ticket, answer_of(*ticket.question, failure, ()), FAILURE_TTL)
        elif isinstance(self._resolver, Zone):
            self._settle(ticket, self._resolver(*ticket.question), self._total)
        else:
            self._send(ticket)
        return ticket

    def _send(self, ticket: Ticket) -> None:
        with self._lock:
            self._waiting.append(ticket)
            if self._threads == MAX_AT_ONCE:
                return
            self._threads += 1
            ticket.due = min(ticket.due, monotonic() + self._timeout)
        try:
            Thread(target=self._work, name="LiveDns", daemon=True).start()
        except RuntimeError:  # no thread is to be had, so it is asked here
            self._work()

    def _work(self) -> None:
        """Ask what waits, until nothing does."""
        while True:
            with self._lock:
                if not self._waiting:
                    self._threads -= 1
                    return
                ticket = self._waiting.popleft()
            self._ask(ticket)

    def _ask(self, ticket: Ticket) -> None:
        from helpers.lookup.live import ask

        begun = monotonic()
        ticket.due = min(ticket.due, begun + self._timeout)
        try:
            answer, keep = ask(self._resolver, *ticket.question, ticket.due - begun)
        except BaseException as error:  # a fault of the resolver's own: raised where its answer is waited for
            self._settle(ticket, None, 0, error)
            return
        ticket.seconds = monotonic() - begun
        if ticket.analysis is not None:  # which may come to ask for it later than its TTL
            keep = max(keep, self._total)
        self._settle(ticket, answer, keep)

    def _settle(
        self, ticket: Ticket, answer: Answer | None, keep: float, error: BaseException | None = None
    ) -> None:
        """The answer is there. What comes later than the time-out that was given for it is dropped."""
        with self._lock:
            if self._on_their_way.get(ticket.question) is not ticket:
                return
            del self._on_their_way[ticket.question]
            if answer is not None:
                if len(self._kept) >= MAX_REMEMBERED:
                    self._kept.clear()
                self._kept[ticket.question] = answer, monotonic() + keep, ticket
        ticket.settle(answer, error)


def _live(resolver: Any, timeout: float, total: float) -> LiveDns:
    return LiveDns(timeout=timeout, total=total, resolver=resolver)
