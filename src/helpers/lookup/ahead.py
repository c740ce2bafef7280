"""Asking ahead: what a check will ask next is on its way while it waits for something else.

A check asks DNS one question after the other, and often the name of the next one does not hang on
the answer: all includes of an SPF record, every DKIM key, the whole DNS tree walk. Nobody writes
down here which those are. The check is *rehearsed*: run on what is known so far, with a guess in
place of each answer that has not come, only to hear its questions; what it makes of the guesses is
thrown away. The check itself gets real answers only, in its own order, so that its result, its
steps and its counters are those of a check that never asks ahead.

Words. *Ticket*: a question on its way. *Sure*: the check will ask it, whatever DNS says.
*Needed*: the check did ask it. *Round*: what is on its way together. *Depth*: in which round a
question would be, if it were sent as soon as its name is known.

The budget: at no moment were more questions sent than twice those that are sure or needed. So a
check sends at most twice what it would send without asking ahead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Event, Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from helpers.terms import Answer, DnsStatus

if TYPE_CHECKING:
    from helpers.terms import Dns

    Rehearsal = Callable[[Dns], object]
    """A check as a function of DNS; what it returns does not count."""

BUDGET = 2  # times the questions that are sure or needed
MAX_REHEARSALS = 64  # of one analysis, so that no record keeps it going for long; most take about ten
LONGEST_WAIT = (
    3600.0  # seconds that a thread sleeps at a stretch: more than any limit, less than a platform's
)

Question = tuple[str, str]
NOTHING = ("", "")


class NotYet(Exception):  # noqa: N818 - not an error: an answer that is not at hand
    """The answer is not at hand; ``question`` is what has to be sent for it."""

    def __init__(self, name: str, rdtype: str) -> None:
        super().__init__(name, rdtype)
        self.question: Question = name, rdtype


class Ticket:
    """A question on its way: for which analysis, since when, and the answer once it is there."""

    def __init__(self, question: Question, analysis: object = None, spent: float = 0.0) -> None:
        self.question = question
        self.analysis = analysis  # None: a single question
        self.needed = analysis is None
        self.round = self.depth = 1  # within its analysis
        self.spent = spent  # seconds that the analysis had waited before this was sent
        self.due = 0.0  # on the monotonic clock: later than that nobody waits for it
        self.seconds: float | None = None  # from asking to the answer
        self.waited = 0.0  # seconds that a check stood still for it
        self.answer: Answer | None = None
        self.error: BaseException | None = None
        self.settled = Event()
        self._lock = Lock()
        self._tell: list[Callable[[Ticket], None]] = []

    def settle(self, answer: Answer | None, error: BaseException | None = None) -> None:
        """The answer is there; or ``error``, a fault in the program that asked."""
        with self._lock:
            self.answer, self.error = answer, error
            self.settled.set()
        for tell in self._tell:
            tell(self)

    def when_settled(self, tell: Callable[[Ticket], None]) -> None:
        """Call ``tell`` in the thread that brings the answer, or at once if it is there."""
        with self._lock:
            if not self.settled.is_set():
                self._tell.append(tell)
                return
        tell(self)


def can_ask_ahead(dns: Dns) -> bool:
    """Whether this DNS has ``ask_ahead`` and ``at_hand``: live DNS does, and what is laid over it."""
    return getattr(dns, "ask_ahead", None) is not None


def ahead(
    dns: Dns, sure: Iterable[Question] = (), rehearsals: Sequence[Rehearsal] = (), *, eager: bool = True
) -> Dns:
    """``dns`` for one analysis, asking ahead. DNS that can't, such as a `Zone`, comes back as it is.

    ``sure``: the questions that the analysis will ask, whatever DNS says. ``rehearsals``: its
    checks as functions of DNS, to hear from them what they may ask. They are heard whenever an
    answer comes while the analysis waits; ``eager=False``, for what takes long: when it begins to.
    """
    return _Ahead(dns, sure, rehearsals, eager) if can_ask_ahead(dns) else dns


class _Place(NamedTuple):
    """Where a question stands in its analysis."""

    depth: int = 0
    round: int = 0

    def after(self, other: _Place) -> _Place:
        return _Place(max(self.depth, other.depth), max(self.round, other.round))

    def next(self) -> _Place:
        return _Place(self.depth + 1, self.round + 1)


class _Ahead:
    """DNS for one analysis in one thread; only the answers are brought by others."""

    def __init__(
        self, dns: Any, sure: Iterable[Question], rehearsals: Sequence[Rehearsal], eager: bool
    ) -> None:
        self._dns = dns
        self._rehearsals = rehearsals
        self._eager = eager
        self._left = MAX_REHEARSALS if rehearsals else 0
        self._analysis = object()
        self._tickets: dict[Question, Ticket] = {}
        self._places: dict[Question, _Place] = {}  # of every question heard of
        self._sent_for: dict[Question, Question] = {}  # what a check asks -> what is sent for it
        self._counted: set[Question] = set()  # those sent that are sure or needed
        self._came_in: set[Question] = set()  # those whose answers were taken in
        self._known: set[Question] = set()  # those that a rehearsal has used
        self._news = True  # since the last rehearsal
        self._kept_back = False  # by the budget
        self._done = _Place()  # the latest answer that the analysis got
        self._waited = 0.0
        self._arrived: SimpleQueue[Ticket] = SimpleQueue()
        for question in dict.fromkeys(sure):
            ticket = self._missing(*question)
            if ticket is not None:
                self._counted.add(ticket.question)

    def __repr__(self) -> str:
        return f"<asking ahead: {self._dns!r}>"

    # ------------------------------------------------------------- what the check asks

    def __call__(self, name: str, rdtype: str) -> Answer:
        """What DNS answers, waiting for it where it is on its way already."""
        begun = monotonic()
        while (ticket := self._missing(name, rdtype)) is not None and self._came(ticket, begun):
            begun = monotonic()  # once more where a changed record leads to the next name
        self._got((name, rdtype))
        answer: Answer = self._dns(name, rdtype)
        return answer

    def _missing(self, name: str, rdtype: str) -> Ticket | None:
        """The ticket of the answer that this question lacks, sent now if need be; None when it is here."""
        try:
            self._dns.at_hand(name, rdtype)
        except NotYet as missing:
            sent = self._sent_for[name, rdtype] = missing.question
        else:
            sent = self._sent_for.get((name, rdtype), NOTHING)
            return None if sent in self._came_in else self._tickets.get(sent)
        if sent in self._tickets:
            return self._tickets[sent]
        latest = self._done.next()
        place = self._places.get(sent, latest)
        return self._send(sent, _Place(place.depth, latest.round))

    def _came(self, ticket: Ticket, begun: float) -> bool:
        """Rehearse and wait until the answer is here. False: it is late, or got lost.

        ``begun``: when the check asked, before anything was sent, so that no time is left that nobody counts.
        """
        question = ticket.question
        if question in self._came_in:
            return False
        self._need(ticket)
        self._look_ahead()
        while question not in self._came_in and (left := ticket.due - monotonic()) > 0:
            self._take_in(left)
            if self._eager and question not in self._came_in:
                self._look_ahead()
        stood = monotonic() - begun
        ticket.waited += stood
        self._waited += stood
        self._done = self._done.after(self._places[question])
        return question in self._came_in and ticket.error is None

    def _take_in(self, seconds: float) -> None:
        """Wait for an answer so long, and take all that have come."""
        try:
            ticket = self._arrived.get(timeout=min(seconds, LONGEST_WAIT))
            while True:
                self._news = True
                self._came_in.add(ticket.question)
                ticket = self._arrived.get_nowait()
        except Empty:
            return

    def _got(self, asked: Question) -> None:
        sent = self._sent_for.get(asked, NOTHING)
        if sent in self._tickets:
            self._need(self._tickets[sent])
            self._done = self._done.after(self._places[sent])

    def _need(self, ticket: Ticket) -> None:
        if ticket.question not in self._counted:
            self._counted.add(ticket.question)
            self._news = self._news or self._kept_back

    # ------------------------------------------------------------------ what may come

    def _look_ahead(self) -> None:
        """Hear what may be asked next, and send for it as far as the budget goes."""
        if not self._news or not self._left:
            return
        self._news = False
        self._left -= 1
        wanted = self._rehearse()
        affordable = max(0, BUDGET * len(self._counted) - len(self._tickets))
        self._kept_back = len(wanted) > affordable
        for question, place in wanted[:affordable]:
            self._send(question, place)

    def _rehearse(self) -> list[tuple[Question, _Place]]:
        """The questions that the rehearsals ask and nobody has sent, in their order."""
        wanted: dict[Question, _Place] = {}
        known: set[Question] = set()
        for rehearsal in self._rehearsals:
            with suppress(Exception):  # nothing that follows from a guess counts, and the check itself comes
                rehearsal(self._hearing(wanted, known))
        self._known |= known
        return list(wanted.items())

    def _hearing(self, wanted: dict[Question, _Place], known: set[Question]) -> Dns:
        """DNS for one rehearsal: real answers as far as they are there, else guesses."""
        latest = _Place()  # of the answers that are new: what is asked after them was not known before

        def dns(name: str, rdtype: str) -> Answer:
            nonlocal latest
            try:
                answer: Answer = self._dns.at_hand(name, rdtype)
            except NotYet as missing:
                sent = missing.question
                self._sent_for[name, rdtype] = sent
                if sent not in self._tickets and sent not in wanted:
                    wanted[sent] = self._place(sent, latest)
                return guess(name, rdtype)
            sent = self._sent_for.get((name, rdtype), NOTHING)
            if sent in self._tickets and sent not in self._came_in:
                return guess(name, rdtype)  # it came in this moment
            if sent in self._tickets and sent not in self._known:
                known.add(sent)
                latest = latest.after(self._places[sent])
            return answer

        return dns

    def _place(self, question: Question, latest: _Place) -> _Place:
        heard = self._places.get(question)
        if heard is None:
            heard = self._places[question] = latest.next()
            return heard
        return heard.after(_Place(0, self._done.round + 1))  # it was kept back until now

    def _send(self, question: Question, place: _Place) -> Ticket:
        ticket = Ticket(question, self._analysis, self._waited)
        ticket.depth, ticket.round = self._places[question] = place
        sent: Ticket = self._dns.ask_ahead(ticket)
        self._tickets[question] = sent
        sent.when_settled(self._arrived.put)
        return sent


# Guesses that let a check go on: an include that does not match, a policy to compare identifiers by.
GUESSES = {"TXT": ("v=spf1 -all",)}
GUESSED_POLICY = ("v=DMARC1; p=none",)


def guess(name: str, rdtype: str) -> Answer:
    """What a rehearsal takes for the answer. DATA without values is what real DNS never says: not known."""
    values = GUESSED_POLICY if name.startswith("_dmarc.") else GUESSES.get(rdtype, ())
    return Answer(name, rdtype, DnsStatus.DATA, values)


def is_open(answer: Answer) -> bool:
    """True for addresses, PTR or MX records that a rehearsal does not know yet."""
    return not answer.values and answer.status == DnsStatus.DATA


class AskedOnce:
    """DNS for all checks of one analysis: every question is asked once, and one time limit holds for all."""

    def __init__(self, dns: Dns) -> None:
        self._dns: Any = _Limited(dns) if can_ask_ahead(dns) else dns
        self._alone = ahead(self._dns)  # for what is asked outside a check
        self._answers: dict[Question, Answer] = {}

    def __repr__(self) -> str:
        return f"<asked once: {self._dns!r}>"

    def __call__(self, name: str, rdtype: str) -> Answer:
        """What ``dns`` answered the first time."""
        answer = self._answers.get((name, rdtype))
        if answer is None:
            answer = self._answers[name, rdtype] = self._alone(name, rdtype)
        return answer

    @property
    def ask_ahead(self) -> Callable[[Ticket], Ticket] | None:
        """As ``dns`` has it, if it does."""
        return getattr(self._dns, "ask_ahead", None)

    def at_hand(self, name: str, rdtype: str) -> Answer:
        """The answer, if nothing has to be sent for it; else raises `NotYet`."""
        answer: Answer = self._answers.get((name, rdtype)) or self._dns.at_hand(name, rdtype)
        return answer


class _Limited:
    """Passes on what is asked, and tells how long the checks have waited in all."""

    def __init__(self, dns: Any) -> None:
        self._dns = dns
        self._tickets: list[Ticket] = []

    def __repr__(self) -> str:
        return repr(self._dns)

    def __call__(self, name: str, rdtype: str) -> Answer:
        answer: Answer = self._dns(name, rdtype)
        return answer

    def at_hand(self, name: str, rdtype: str) -> Answer:
        answer: Answer = self._dns.at_hand(name, rdtype)
        return answer

    def ask_ahead(self, ticket: Ticket) -> Ticket:
        ticket.spent = max(ticket.spent, sum(one.waited for one in self._tickets))
        sent: Ticket = self._dns.ask_ahead(ticket)
        self._tickets.append(sent)
        return sent
