"""Many messages: an mbox, a Maildir, a folder or a packed file of them, read in a stream and in parallel.

What can't be read is listed with its reason, and the reading goes on. Rows come in the order of the
mailbox, whoever reads: they say which recipient was refused, by whom, and why.

Words: a *row* is one failed recipient; a message is *unread* when nothing could be made of it.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from helpers.mailbox.files import HEAD, is_packed
from helpers.mailbox.places import items_of, size_of
from helpers.mailbox.progress import Progress
from helpers.mailbox.rows import COLUMNS, PLACE, MailboxRow, Values
from helpers.mailbox.run import FEW, SMALL, Job, Outcome, Workers, outcomes
from helpers.mailbox.streams import Item, Meter
from helpers.terms import Rules, Shown

if TYPE_CHECKING:
    from helpers.terms import Dns

__all__ = [
    "COLUMNS",
    "Counts",
    "Item",
    "MailboxReader",
    "MailboxRow",
    "Unread",
    "holds_many",
    "messages_in",
    "read_mailbox",
]

MAX_LISTED = 1_000  # unread messages that are told one by one; all are counted
PACKED_RATIO = 5  # how much text expands, about: for deciding who reads


class Unread(NamedTuple):
    """A message that could not be read: where it is, and why."""

    file: str | None
    position: int
    reason: str


@dataclass(frozen=True, slots=True, repr=False)
class Counts(Shown):
    """What was in a mailbox: every message is a bounce, no bounce, or unread."""

    messages: int = 0
    bounces: int = 0
    failed_recipients: int = 0  # the rows of bounces
    no_bounces: int = 0
    unread: int = 0


def messages_in(source: Any) -> Iterator[Item]:
    """Every message of a mailbox as bytes, one at a time, with the file it is in and its place there.

    ``source`` as in `read_mailbox`. What can't be read comes too, with ``raw`` None and the reason. Raises
    OSError when the source itself can't be opened, TypeError when it is none.
    """
    return items_of(source, size_of(source))


def holds_many(path: str | os.PathLike[str]) -> bool:
    """Is this a folder, something packed, or an mbox with more than one message? Raises OSError."""
    if os.path.isdir(path):
        return True
    with open(path, "rb") as file:
        if is_packed(file.read(HEAD)):
            return True
    return next(islice(messages_in(path), 1, None), None) is not None


class MailboxReader(Iterator[MailboxRow]):
    """The rows of a mailbox, one after the other; make it with `read_mailbox`.

    ``counts`` and ``unread`` (the first 1,000) tell what was found so far. Reading can be ended at any
    time with `close`, or by leaving a ``with`` block.
    """

    def __init__(self, items: Iterator[Item], workers: Workers, progress: Progress) -> None:
        self._workers = workers
        self._progress = progress
        self._messages = self._bounces = self._failed = self._others = self._bad = 0
        self._unread: list[Unread] = []
        self._rows = self._read(outcomes(items, workers))

    def __next__(self) -> MailboxRow:
        return MailboxRow(*next(self._rows))

    def values(self) -> Iterator[Values]:
        """The rows as plain tuples in the order of `COLUMNS`: for whoever makes a table of them."""
        return self._rows

    def __enter__(self) -> MailboxReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop reading. What was found so far stays."""
        self._rows.close()

    @property
    def counts(self) -> Counts:
        """How many messages, bounces and rows there were so far."""
        return Counts(self._messages, self._bounces, self._failed, self._others, self._bad)

    @property
    def unread(self) -> tuple[Unread, ...]:
        """The first 1,000 messages that could not be read, with the reason of each."""
        return tuple(self._unread)

    def __repr__(self) -> str:
        return f"<MailboxReader: {self._messages:,} messages so far, {self._failed:,} failed recipients>"

    def _read(self, found: Iterator[tuple[Item, Outcome]]) -> Generator[Values, None, None]:
        completed = False
        try:
            for item, outcome in found:
                self._messages += 1
                if isinstance(outcome, str):
                    self._bad += 1
                    if len(self._unread) < MAX_LISTED:
                        self._unread.append(Unread(item.file, item.position, outcome))
                else:
                    yield from self._counted(item, outcome)
                self._progress.update(self._messages)
            completed = True
        finally:
            self._progress.close()
            self._workers.close(wait=completed)

    def _counted(self, item: Item, rows: tuple[Values, ...]) -> Iterator[Values]:
        number = self._messages
        if rows and rows[0][_KIND] != "not-a-bounce":
            self._bounces += 1
            self._failed += len(rows)
        else:
            self._others += 1
        for row in rows:
            yield (number, item.file, item.position, *row)


_KIND = COLUMNS.index("kind") - PLACE


def read_mailbox(
    source: Any,
    dns: Dns | None = None,
    executor: Executor | None = None,
    *,
    everything: bool = False,
    rules: Rules = "rfc9989",
    progress: bool | None = None,
) -> MailboxReader:
    """The failed recipients of a mailbox, one row each, as they are read: memory does not grow with it.

    ``source``: the path of an mbox (also Gmail Takeout's), a Maildir with its folders, a folder of ``.eml``
    or mbox files, any of these packed as ``.gz``, ``.zip`` or ``.tgz``, or of one message; an open file; an
    mbox or a message as bytes; or bytes, messages and paths in a row. In folders, files with the usual
    endings of mail and without any ending are read. ``dns`` as in `diagnose`; fixes are not looked for.
    ``executor``: any `concurrent.futures.Executor`. By default a large mailbox is read by as many processes
    as there are processors, by threads with live or recording DNS, and a small one right here; rows and
    their order are the same. ``everything``: messages that are no bounces have a row too, with what would
    become of them. ``progress``: a bar; by default in terminals and notebooks, when it takes a while.

    Returns a `MailboxReader`, which gives `MailboxRow`, counts what it finds and lists what it can't read.

    Raises OSError when the source can't be opened, and TypeError for what is no source, no DNS or no
    executor, or DNS that can't go where the executor is; never for what the mailbox holds.
    """
    if dns is not None and not callable(dns):
        raise TypeError(f"dns is a zone or a resolver that can be asked, not {type(dns).__name__}")
    if executor is not None and not hasattr(executor, "submit"):
        raise TypeError(f"an executor has a method submit, as in concurrent.futures; {executor!r} has none")
    meter = size_of(source)
    job = Job(dns, rules, everything)
    workers = Workers(executor, job, small=_is_small(source, meter))
    return MailboxReader(items_of(source, meter), workers, Progress(progress, meter))


def _is_small(source: Any, meter: Meter) -> bool | None:
    """Is it read before other processes would have started? None: that can't be told before."""
    if meter.total is None:
        return None
    if meter.unit != "B":
        return meter.total < FEW
    packed = isinstance(source, str | os.PathLike) and os.fspath(source).endswith((".gz", ".zip", ".tgz"))
    return meter.total * (PACKED_RATIO if packed else 1) < SMALL
