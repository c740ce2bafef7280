"""`diagnose`: one mail in full, many of them a line each."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from helpers.command_line.words import READ, UnreadableError, about, dns_of, keep, not_there, out, read, say
from helpers.diagnosis import TITLES, Cause, Diagnosis
from helpers.fixes import diagnose

if TYPE_CHECKING:
    from helpers.mailbox import Counts, MailboxReader, MailboxRow
    from helpers.terms import Dns

MAX_UNREAD_LINES = 20  # unread messages of one mailbox that have a line; the others are counted
FORMULA = tuple("=+-@\t\r＝＋－＠")  # noqa: RUF001 - a spreadsheet takes a cell that begins so for one


def diagnose_files(options: argparse.Namespace) -> int:
    """Diagnose every file, as the options wish, and return the exit status."""
    from helpers.lookup import RecordingDns

    dns = dns_of(options)
    if options.record:
        if not options.live:
            raise ValueError("--record saves what DNS answered: it goes with --live")
        not_there(options.record)
        dns = RecordingDns(dns)  # type: ignore[arg-type]  # live, so not None
    try:
        return _all(options, dns)
    finally:
        if options.record:
            keep(dns, options.record)  # type: ignore[arg-type]
        elif options.live:
            say(dns.looked_up().words)  # type: ignore[union-attr]


def _all(options: argparse.Namespace, dns: Dns | None) -> int:
    from helpers.mailbox import holds_many

    shown = _Shown(options)
    status = READ
    for name in options.files:
        try:
            if name != "-" and holds_many(name):
                status = max(status, _many(name, dns, options, shown))
            elif options.csv:
                status = max(status, _many(name, dns, options, shown, one=True))
            else:
                shown.diagnosis(_one(name, dns, options.rules), name)
        except (OSError, UnreadableError) as error:
            if isinstance(error, BrokenPipeError):
                raise
            status = say(about(name, error))
    return status


def _one(name: str, dns: Dns | None, rules: Any) -> Diagnosis:
    diagnosis = diagnose(read(name), dns=dns, rules=rules)
    if diagnosis.cause == Cause.NOT_A_MESSAGE:
        raise UnreadableError(
            "no mail headers and no refusal in it; save the bounce as .eml, or its refusal as text"
        )
    return diagnosis


def _many(
    name: str, dns: Dns | None, options: argparse.Namespace, shown: _Shown, *, one: bool = False
) -> int:
    """A line for each row of a mailbox, or of one message; and one for each message that can't be read."""
    from helpers.mailbox import read_mailbox

    quiet = False if sys.stdout.isatty() else None  # a bar among the lines would be in the way
    source = [read(name)] if one else name
    everything = options.all or one
    causes: Counter[Cause] = Counter()
    with read_mailbox(
        source, dns, everything=everything, rules=options.rules, progress=False if one else quiet
    ) as reader:
        if options.html:
            raise UnreadableError("an HTML page is about one message; name its file, or take --json or --csv")
        for row in reader:
            causes[row.cause] += 1
            shown.row(row, name)
    if not reader.counts.messages:
        raise UnreadableError("this is a folder or a packed file without mail in it")
    if not (options.csv or options.json):
        out(_summary(reader.counts, causes))
    return _unread(name, reader)


def _unread(name: str, reader: MailboxReader) -> int:
    status = READ
    for bad in reader.unread[:MAX_UNREAD_LINES]:
        place = f", message {bad.position}" if bad.position > 1 or bad.file == name else ""
        status = say(f"{bad.file or name}{place}: {bad.reason}")
    if reader.counts.unread > MAX_UNREAD_LINES:
        say(f"{name}: {reader.counts.unread - MAX_UNREAD_LINES:,} more messages could not be read")
    return status


def _summary(counts: Counts, causes: Counter[Cause]) -> str:
    what = [f"{count:,} × {TITLES[cause]}" for cause, count in causes.most_common()]
    bounces = f"{counts.bounces:,} bounces" if counts.bounces != 1 else "1 bounce"
    others = f", {counts.no_bounces:,} no bounces" if counts.no_bounces else ""
    unread = f", {counts.unread:,} could not be read" if counts.unread else ""
    return "\n".join(
        [f"\n{counts.messages:,} messages: {bounces}{others}{unread}", *(f"  {line}" for line in what)]
    )


class _Shown:
    """What was shown so far: only the first answer has nothing above it, and a table has one heading."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._first = True
        self._table: Any = None

    def diagnosis(self, diagnosis: Diagnosis, name: str) -> None:
        """One mail in full."""
        if self._options.json:
            out(json.dumps({"file": name, **diagnosis.to_dict()}, ensure_ascii=True))
        elif self._options.html:
            from helpers.show.html import page_of

            out(page_of(diagnosis, title=name))
        else:
            if len(self._options.files) > 1:
                from helpers.show.safe import one_line

                out(f"{'' if self._first else chr(10)}== {one_line(name)} ==\n")
            out(str(diagnosis))
        self._first = False

    def row(self, row: MailboxRow, name: str) -> None:
        """One failed recipient."""
        if self._options.json:
            out(json.dumps({**row.to_dict(), "file": row.file or name}, ensure_ascii=True))
        elif self._options.csv:
            self._cells(row.to_dict(), row.file or name)
        else:
            out(_line(row, name))
        self._first = False

    def _cells(self, values: dict[str, Any], file: str) -> None:
        if self._table is None:
            self._table = csv.writer(sys.stdout, lineterminator="\n")
            self._table.writerow(values)
        self._table.writerow([cell(value) for value in {**values, "file": file}.values()])


def cell(value: Any) -> Any:
    """A value as a cell: one harmless line, and no formula (OWASP, "CSV Injection")."""
    from helpers.show.safe import one_line

    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    text = one_line(value, 2_000)
    return f"'{text}" if text.startswith(FORMULA) or value.startswith(FORMULA) else text


def _line(row: MailboxRow, name: str) -> str:
    """A row for people: where it is, when, why, who was to get it, and who says what."""
    from helpers.show.safe import one_line

    day = row.date.date().isoformat() if row.date else "no date   "
    recipient = row.recipient or ("(no bounce)" if row.kind == "not-a-bounce" else "(recipient not named)")
    whose = f" of {row.blamed_domain}" if row.blamed_domain else ""
    details = (
        f"by {row.receiver}" if row.receiver else "",
        " ".join(str(part) for part in (row.code, row.enhanced) if part),
        f"blames {row.blamed.value}{whose}" if row.blamed else "",
    )
    told = ", ".join((recipient, *(detail for detail in details if detail)))
    return one_line(f"{_place(row, name)}  {day}  {TITLES[row.cause]} – {told}", 500)


def _place(row: MailboxRow, name: str) -> str:
    """The message's number in the only file; else its file, from the folder or packed file on."""
    if row.file is None or row.file == name:
        return f"{row.position:06}"
    inside = row.file.removeprefix(name).lstrip("/\\")
    return f"{inside}, {row.position}" if row.position > 1 else inside
