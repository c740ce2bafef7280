"""Messages in, outcomes out, in the same order, whoever does the work in between.

chunk      some messages that are handed to an executor together: each alone would cost more than it takes
outcome    what became of one message: its rows, or the reason why it could not be read
in flight  handed over and not come back yet; bounded, so that memory does not grow with the mailbox
"""

from __future__ import annotations

import hashlib
import pickle
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from helpers.lookup import LiveDns, RecordingDns, Zone
from helpers.mailbox.pool import process_pool, processors
from helpers.mailbox.rows import Values, rows_of
from helpers.mailbox.streams import Item
from helpers.terms import Rules

if TYPE_CHECKING:
    from helpers.terms import Dns

MAX_CHUNK = 64  # messages
MAX_CHUNK_BYTES = 512_000
MAX_IN_FLIGHT = 64  # chunks
MAX_BYTES_IN_FLIGHT = 32_000_000
FEW_PROCESSORS = 4  # up to so many this process reads, too; with more it has enough to do with handing out
AHEAD = 4  # chunks for each process, so that it never waits while this one reads
THREADS = 8  # for live DNS, where the time goes into waiting
SMALL = 3_000_000  # bytes, and
FEW = 600  # messages: what one process has read before others would have started

Outcome = tuple[Values, ...] | str


# ------------------------------------------------------------- in the executor


@dataclass(frozen=True, slots=True)
class Job:
    """What is done with every message. For another process DNS is packed, and unpacked there once."""

    dns: Dns | None
    rules: Rules
    everything: bool
    packed: Packed | None = None


@dataclass(frozen=True, slots=True)
class Packed:
    """Pickled DNS. ``data`` None: the process was given it when it started."""

    digest: str
    data: bytes | None


_unpacked: dict[str, Dns] = {}  # in a worker: the zones that it was given, the last few


def unpack(packed: Packed) -> Dns:
    """The DNS, the same object each time in one process."""
    dns = _unpacked.get(packed.digest)
    if dns is None:
        if packed.data is None:
            raise RuntimeError("this process was not given the DNS it shall ask")
        dns = pickle.loads(packed.data)  # noqa: S301 - packed by `pack`, in the process that handed it over
        while len(_unpacked) >= 4:
            _unpacked.pop(next(iter(_unpacked)))
        _unpacked[packed.digest] = dns
    return dns


def read_chunk(job: Job, raws: list[bytes]) -> list[Outcome]:
    """The outcome of each message."""
    dns = job.dns if job.packed is None else unpack(job.packed)
    return [_read(raw, dns, job) for raw in raws]


def _read(raw: bytes, dns: Dns | None, job: Job) -> Outcome:
    try:
        return rows_of(raw, dns=dns, rules=job.rules, everything=job.everything)
    except Exception as error:  # a fault of the kit's must not end the run; it is told with the message
        return f"the kit failed on it ({type(error).__name__}: {str(error)[:200]}); please report that"


# ------------------------------------------------------------------- by whom


def pack(dns: Dns) -> Packed:
    """DNS for another process. Raises TypeError for what can't go there."""
    if isinstance(dns, RecordingDns):
        raise TypeError(
            "a RecordingDns in another process would record nothing here: pass a ThreadPoolExecutor, or none"
        )
    try:
        data = pickle.dumps(dns)
    except Exception as error:
        raise TypeError(
            f"{dns!r} can't be handed to another process ({error}): pass a ThreadPoolExecutor, or none"
        ) from None
    return Packed(hashlib.sha256(data).hexdigest(), data)


def _is_value(dns: Dns | None) -> bool:
    """Records at hand, which are the same in every process."""
    return dns is None or isinstance(dns, Zone)


def _is_live(dns: Dns | None) -> bool:
    return isinstance(dns, LiveDns | RecordingDns)


class Workers:
    """Who reads: the executor that was passed; or this machine's processes, or threads, or nobody but us.

    With live DNS the time goes into waiting, and a recorder has to stay in this process, so threads do it.
    Records at hand are sent to processes once. A small mailbox is read here: it would be read before
    others had started. ``small`` is None where the size is not known before. Few processes are one less than
    there are processors: this one reads, too, while they start and whenever they have enough to do.
    """

    def __init__(self, executor: Executor | None, job: Job, *, small: bool | None) -> None:
        self._here = self._there = job
        self._executor = executor
        self._own = executor is None
        self._start_at = 0 if small is False else FEW  # messages that are read here first
        self._enough: int | None = None  # chunks that keep the processes busy; None: this one does not help
        self._busy: list[Future[list[Outcome]]] = []
        self._may_start = self._own and not small and (_is_value(job.dns) or _is_live(job.dns))
        if executor is not None and job.dns is not None and not isinstance(executor, ThreadPoolExecutor):
            self._there = replace(job, dns=None, packed=pack(job.dns))

    def submit(self, raws: list[bytes]) -> Future[list[Outcome]]:
        """Hand a chunk over; the future is done already where it was read here."""
        if self._may_start and self._start_at <= 0:
            self._start()
        self._start_at -= len(raws)
        if self._executor is None or self._is_my_turn():
            done: Future[list[Outcome]] = Future()
            done.set_result(self.read_here(raws))
            return done
        try:
            future = self._executor.submit(read_chunk, self._there, raws)
        except BrokenExecutor:
            self._replace()
            return self.submit(raws)
        if self._enough is not None:
            self._busy.append(future)
        return future

    def _is_my_turn(self) -> bool:
        if self._enough is None:
            return False
        self._busy = [future for future in self._busy if not future.done()]
        return len(self._busy) >= self._enough

    def read_here(self, raws: list[bytes]) -> list[Outcome]:
        """The outcomes of a chunk, worked out in this process."""
        return read_chunk(self._here, raws)

    def again(self, raws: list[bytes]) -> list[Outcome]:
        """A chunk whose executor failed, message by message in a process that may die of one of them."""
        if self._own:
            self._replace()
        if not _is_value(self._here.dns):
            return self.read_here(raws)
        found = _one_by_one(self._here, raws)
        if found is None:  # no process can be started here at all
            self._may_start = False
            return self.read_here(raws)
        return found

    def close(self, *, wait: bool) -> None:
        """Let go of what was started here; what was handed to it and has not begun is dropped."""
        if self._own and self._executor is not None:
            self._executor.shutdown(wait=wait, cancel_futures=True)

    def _replace(self) -> None:
        """Go on without the executor, which is broken, and with one of our own where that can be."""
        self.close(wait=False)
        self._executor, self._there, self._own = None, self._here, True
        self._enough, self._busy = None, []
        self._may_start, self._start_at = _is_value(self._here.dns), 0

    def _start(self) -> None:
        self._may_start = False
        if _is_live(self._here.dns):
            self._executor = ThreadPoolExecutor(THREADS, "mailbox")
        elif (count := processors()) > 1:
            others = count - 1 if count <= FEW_PROCESSORS else count
            self._executor, self._there = _processes(self._here, others)
            self._enough = AHEAD * others if others < count else None


def _processes(job: Job, count: int) -> tuple[Executor | None, Job]:
    """A pool whose processes have the DNS already, and the job for them."""
    if job.dns is None:
        return process_pool(count), job
    packed = pack(job.dns)
    return process_pool(count, unpack, packed), replace(job, dns=None, packed=Packed(packed.digest, None))


def _one_by_one(job: Job, raws: list[bytes]) -> list[Outcome] | None:
    """Each message in a process; where it ends that, the next has a new one. None: there are no processes."""
    found: list[Outcome] = []
    pool, there = _one_process(job)
    for raw in raws:
        if pool is None:
            return None
        try:
            found += pool.submit(read_chunk, there, [raw]).result()
        except BrokenExecutor:
            found.append("reading it ended the process that did so; please report that")
            pool, there = _one_process(job)
    if pool is not None:
        pool.shutdown()
    return found


def _one_process(job: Job) -> tuple[Executor | None, Job]:
    """One process that has shown that it works."""
    pool, there = _processes(job, 1)
    try:
        if pool is not None:
            pool.submit(read_chunk, there, []).result()
    except BrokenExecutor:
        pool = None
    return pool, there


# ------------------------------------------------------------------ in order


def outcomes(items: Iterable[Item], workers: Workers) -> Iterator[tuple[Item, Outcome]]:
    """Each item with its outcome, in the items' order."""
    flying: deque[_Flight] = deque()
    for chunk in chunks(items):
        raws = [item.raw for item in chunk if item.raw is not None]
        flying.append(_Flight(chunk, raws, workers.submit(raws), sum(map(len, raws))))
        while _too_many(flying) or (flying and flying[0].future.done()):
            yield from flying.popleft().land(workers)
    while flying:
        yield from flying.popleft().land(workers)


def chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Items in lists that are worth handing over."""
    chunk: list[Item] = []
    size = 0
    for item in items:
        chunk.append(item)
        size += len(item.raw or b"")
        if len(chunk) >= MAX_CHUNK or size >= MAX_CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


@dataclass(slots=True)
class _Flight:
    chunk: list[Item]
    raws: list[bytes]
    future: Future[list[Outcome]]
    size: int

    def land(self, workers: Workers) -> Iterator[tuple[Item, Outcome]]:
        """The items with what came back for them."""
        found = iter(self._outcomes(workers))
        for item in self.chunk:
            yield item, (next(found) if item.raw is not None else item.reason)

    def _outcomes(self, workers: Workers) -> list[Outcome]:
        try:
            return self.future.result()
        except Exception:  # the executor's: what a message does to the kit is an outcome
            return workers.again(self.raws)


def _too_many(flying: deque[_Flight]) -> bool:
    if len(flying) > MAX_IN_FLIGHT:
        return True
    return len(flying) > 1 and sum(flight.size for flight in flying) > MAX_BYTES_IN_FLIGHT
