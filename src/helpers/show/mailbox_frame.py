"""A mailbox as a DataFrame: one row a failed recipient, and in its ``attrs`` what else there is to know."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from helpers.mailbox import COLUMNS, MailboxReader, read_mailbox
from helpers.show.safe import one_line
from helpers.terms import Rules

if TYPE_CHECKING:
    import pandas as pd

    from helpers.terms import Dns

MAX_CELL = 2_000  # characters
MAX_KNOWN = 4_096  # different values of a column that are looked for again
MISSING = -(1 << 63)  # "not a time"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WHOLE = ("message", "position")  # columns of whole numbers, none of them missing


def analyze_mailbox(
    path: Any,
    dns: Dns | None = None,
    executor: Executor | None = None,
    *,
    everything: bool = False,
    rules: Rules = "rfc9989",
    progress: bool | None = None,
) -> pd.DataFrame:
    """Who was refused, by whom, and why: a mailbox as a DataFrame, one row a failed recipient.

    ``path``: an mbox (also Gmail Takeout's), a Maildir with its folders, a folder of ``.eml`` or mbox files,
    any of these packed as ``.gz``, ``.zip`` or ``.tgz``; an open file; or bytes, messages and paths in a row.
    ``dns``: a zone, recorded or live DNS; None works from the messages alone. ``executor``: any
    `concurrent.futures.Executor`, such as Dask's ``client.get_executor()``. By default a large mailbox is
    read by as many processes as there are processors, by threads where ``dns`` is live or records, and a
    small one right here; the rows and their order are the same. ``everything``: mail that is no bounce has
    a row, too, of the kind ``not-a-bounce``. ``rules`` as in `diagnose`. ``progress``: a bar; by default in
    terminals and notebooks, when it takes a while.

    Columns, all there also when there are no rows; missing values are "not known" or "not said":

    - where: ``message`` (its number in this run, from 1), ``file`` and ``position`` (its number in the file)
    - when: ``date`` of the bounce, UTC
    - what: ``kind`` (dsn, plain-bounce, arf, postmaster-notice …), ``action`` (failed, delayed)
    - who: ``recipient``, ``recipient_domain``, ``receiver`` (who refused, by name where the kit knows it),
      ``receiver_host``, ``reporter`` (who wrote the bounce)
    - the refusal: ``code`` (550), ``enhanced`` (5.7.1), ``text``, ``meaning`` in plain words
    - what it blames: ``blamed`` (dmarc, spf, dkim, arc, alignment, authentication; missing when it is not
      about authentication), ``blamed_domain``, ``basis`` (stated, documented, inferred)
    - why: ``cause`` (the words of `Cause`), ``summary``
    - the message that came back: ``author_domain``, ``mail_from_domain``, ``dkim_domains`` (comma-separated),
      ``subject``, ``message_id``; ``client_ip`` as the receiver named it
    - recomputed, with ``dns`` and where authentication is blamed: ``dmarc`` (its result) and ``policy``

    Fixes are not looked for: `diagnose` one message of each sort for them. ``attrs`` of the DataFrame has
    ``counts`` (messages, bounces, failed_recipients, no_bounces, unread), ``unread`` (file, position and
    reason of the first 1,000 messages that could not be read) and ``interrupted``.

    Nothing in the mailbox stops the run. Ctrl-C does, and gives what was done until then, and says so.
    Raises OSError when the mailbox itself can't be opened, TypeError for what is none, for DNS that can't be
    asked or can't go where the executor is, and for what is no executor.
    """
    reader = read_mailbox(path, dns, executor, everything=everything, rules=rules, progress=progress)
    columns = _Columns()
    interrupted = False
    try:
        with reader:
            for row in reader.values():
                columns.add(row)
    except KeyboardInterrupt:
        interrupted = True
        done = f"{reader.counts.messages:,} messages were read"
        sys.stderr.write(f"\nInterrupted: {done}, and the table has what was found in them.\n")
    frame = columns.frame()
    frame.attrs.update(_notes(reader), interrupted=interrupted)
    return frame


def _notes(reader: MailboxReader) -> dict[str, Any]:
    unread = [
        {"file": _cell(one.file) if one.file else None, "position": one.position, "reason": _cell(one.reason)}
        for one in reader.unread
    ]
    return {"counts": reader.counts.to_dict(), "unread": unread}


def _cell(value: Any) -> str:
    """Text of a mail, harmless in a terminal."""
    return one_line(value.value if isinstance(value, Enum) else value, MAX_CELL)


class _Columns:
    """Rows turned into columns as they come. A value that occurs again takes four bytes."""

    def __init__(self) -> None:
        self._texts = {name: _Texts() for name in COLUMNS if name not in (*WHOLE, "code", "date")}
        self._whole = {name: array("q") for name in WHOLE}
        self._codes = array("q")
        self._dates = array("q")
        adders: dict[str, Callable[[Any], None]] = {name: one.add for name, one in self._texts.items()}
        adders |= {name: numbers.append for name, numbers in self._whole.items()}
        adders |= {"code": self._add_code, "date": self._add_date}
        self._adders = [adders[name] for name in COLUMNS]

    def add(self, row: Sequence[Any]) -> None:
        """One row more."""
        for add, value in zip(self._adders, row, strict=True):
            add(value)

    def _add_code(self, code: int | None) -> None:
        self._codes.append(-1 if code is None else code)

    def _add_date(self, date: datetime | None) -> None:
        if date is None:
            self._dates.append(MISSING)
            return
        since = date - EPOCH
        self._dates.append((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)

    def frame(self) -> pd.DataFrame:
        """The table, once. A row that was interrupted half-way is left out."""
        import pandas as pd

        from helpers.show import frames  # noqa: F401 - it has notebooks show $…$ as it is

        rows = min(len(self._dates), len(self._codes), *map(len, self._whole.values()))
        rows = min(rows, *(len(texts.numbers) for texts in self._texts.values()))
        self._adders.clear()  # they hold the columns, each of which is let go of when it is made
        made: dict[str, Any] = {}
        for name in COLUMNS:
            if name in self._whole:
                made[name] = pd.Series(self._whole.pop(name)[:rows].tolist(), dtype="int64")
            elif name == "code":
                codes = pd.Series(self._codes[:rows].tolist(), dtype="Int64")
                made[name] = codes.mask(codes < 0)
            elif name == "date":
                moments = pd.Series(self._dates[:rows].tolist(), dtype="int64")
                made[name] = moments.astype("datetime64[us]").dt.tz_localize("UTC")
            else:
                made[name] = self._texts.pop(name).series(rows)
        return pd.DataFrame(made, columns=list(COLUMNS), copy=False)


class _Texts:
    """A column of text: each different value once, and its number for each row.

    Where nearly every value differs (recipients, ids) only the first are looked for again; the others
    wait as bytes, which take a third of the room of Python's strings, until the table is made.
    """

    def __init__(self) -> None:
        self.numbers = array("I")
        self._known: dict[Any, int] = {None: 0}
        self._values: list[str | None] = [None]
        self._more = bytearray()
        self._ends = array("Q")

    def add(self, value: Any) -> None:
        number = self._known.get(value)
        if number is None:
            number = self._new(value)
        self.numbers.append(number)

    def _new(self, value: Any) -> int:
        if len(self._values) < MAX_KNOWN:
            number = self._known[value] = len(self._values)
            self._values.append(_cell(value))
            return number
        self._more += _cell(value).encode("utf-8", "replace")
        self._ends.append(len(self._more))
        return len(self._values) + len(self._ends) - 1

    def series(self, rows: int) -> pd.Series[Any]:
        """As pandas keeps text."""
        import pandas as pd

        values, start = self._values, 0
        for end in self._ends:
            values.append(self._more[start:end].decode())
            start = end
        text = pd.Series(["text"]).dtype  # object before pandas 3, str from then on
        return pd.Series([values[number] for number in self.numbers[:rows]], dtype=text)
