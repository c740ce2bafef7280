"""From what a user has to reports: files, folders, mails, mailboxes, bytes, and any of them in a list."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from helpers.message import Message, Part, read_message
from helpers.reports.failure import failure_of
from helpers.reports.parse import read_xml
from helpers.reports.results import AggregateReport, FailureReport, Reports, Unreadable
from helpers.reports.unpack import MAX_REPORT, MIB, Budget, RefusedError, is_packed, unpack

MAX_FILE = MAX_REPORT  # a packed report or a mail larger than what it may unpack to is none
MAX_DEPTH = 3  # mails in mails: a forwarded report
_LOOKS_LIKE_XML = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*<[\0]?(?:\?|!|[A-Za-z])")
_FEEDBACK = re.compile(rb"<(?:[\w.-]{1,40}:)?feedback\b")
_FROM_LINE = b"From "


class Reading:
    """What was read so far."""

    def __init__(self) -> None:
        self.reports: list[AggregateReport] = []
        self.failures: list[FailureReport] = []
        self.unreadable: list[Unreadable] = []

    @property
    def found(self) -> int:
        """How much was said about what was read."""
        return len(self.reports) + len(self.failures) + len(self.unreadable)

    def refuse(self, source: str, why: object) -> None:
        """Note that something can't be read."""
        self.unreadable.append(Unreadable(source, str(why)))

    # ------------------------------------------------------------ kinds of source

    def source(self, source: Any) -> None:
        """Read one thing that a user gave. Raises TypeError for what is none, OSError for a missing file."""
        if isinstance(source, Message):
            self.message(source, "the message", Budget(), 0)
        elif isinstance(source, (bytes, bytearray, memoryview)):
            self.data(bytes(source), "the bytes")
        elif isinstance(source, str) and _is_text(source):
            self.data(source.encode("utf-8", "surrogateescape"), "the text")
        elif isinstance(source, (str, os.PathLike)):
            self.path(Path(source))
        elif callable(getattr(source, "read", None)):
            self.file(source)
        elif isinstance(source, Iterable):
            for one in source:
                self.source(one)
        else:
            raise TypeError(
                "Reports are bytes, text, a path to a file or folder, an open file, a message, or several of"
                f" these, not {type(source).__name__}."
            )

    def path(self, path: Path) -> None:
        """Read a file, or every file below a folder; hidden ones and links to folders are passed over."""
        if not path.is_dir():
            with path.open("rb") as file:
                self.file(file, path.name)
            return
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(name for name in names if not name.startswith(".")):
                one = Path(folder, name)
                if not one.is_file():  # a pipe would wait for ever
                    continue
                try:
                    with one.open("rb") as file:
                        self.file(file, one.relative_to(path).as_posix())
                except OSError as error:
                    self.refuse(
                        one.relative_to(path).as_posix(), f"The file can't be opened: {error.strerror}."
                    )

    def file(self, file: Any, name: str = "") -> None:
        """Read an open file; a mailbox (mbox) message by message, so that it may be of any size."""
        name = name or Path(str(getattr(file, "name", "") or "the file")).name
        start = file.read(len(_FROM_LINE))
        if isinstance(start, str):
            self.data((start + file.read(MAX_FILE + 1)).encode("utf-8", "surrogateescape"), name)
        elif start == _FROM_LINE:
            for number, raw in enumerate(_messages(file), 1):
                self.one(raw, f"{name}, message {number}")
        else:
            self.one(start + file.read(MAX_FILE + 1), name)

    def data(self, data: bytes, source: str) -> None:
        """Read bytes: as a file that holds them."""
        self.file(BytesIO(data), source)

    def one(self, data: bytes, source: str) -> None:
        """Read the bytes of one file or message."""
        if len(data) > MAX_FILE:
            self.refuse(source, f"It is larger than {MAX_FILE // MIB} MiB, the most for one file.")
        elif not data.strip(b" \t\r\n"):
            self.refuse(source, "It is empty.")
        elif is_packed(data) or _LOOKS_LIKE_XML.match(data):
            self.packed(data, source, Budget())
        elif data.lstrip()[:1] in (b"{", b"["):
            self.refuse(source, "It is JSON, not XML: perhaps an SMTP TLS report (RFC 8460).")
        else:
            self.message(read_message(data), source, Budget(), 0)

    # ----------------------------------------------------------------- contents

    def packed(self, data: bytes, source: str, budget: Budget) -> None:
        """Read the reports in XML, gzip or zip."""
        try:
            for name, chunks in unpack(data, budget):
                inside = f"{source}: {name}" if name and name != source else source
                try:
                    self.reports.append(read_xml(chunks, inside))
                except RefusedError as why:
                    self.refuse(inside, why)
        except RefusedError as why:
            self.refuse(source, why)

    def message(self, message: Message, source: str, budget: Budget, depth: int) -> None:
        """Read the reports that a mail carries: attachments by what they are, not by what they are called."""
        before = self.found
        failure = failure_of(message, source) if _may_be_failure(message) else None
        if failure is not None:
            self.failures.append(failure)
            return
        for part in message.parts:
            if not part.is_leaf or part.content_type == "text/html":
                continue
            data = part.decoded()
            if part.content_type == "message/rfc822" and depth < MAX_DEPTH:
                inner = Reading()
                inner.message(read_message(data), source, budget, depth + 1)
                if inner.reports or inner.failures:
                    self._add(inner)
            elif is_packed(data) or _may_be_report(part, data):
                name = file_name(part)
                self.packed(data, f"{source}: {name}" if name else source, budget)
        if self.found == before:
            self.refuse(source, "There is no report in it: no XML, gzip or zip, nor a report of a failure.")

    def _add(self, other: Reading) -> None:
        self.reports += other.reports
        self.failures += other.failures
        self.unreadable += other.unreadable


def _is_text(source: str) -> bool:
    """Text of a report or mail, not a path: it has lines, or begins as XML does."""
    return "\n" in source or source.lstrip().startswith("<")


def _may_be_failure(message: Message) -> bool:
    types = {part.content_type for part in message.parts}
    return not types.isdisjoint({"multipart/report", "message/feedback-report"})


def _may_be_report(part: Part, data: bytes) -> bool:
    """XML that says so, or that is sent as a file of XML; other text of a mail is none."""
    if not _LOOKS_LIKE_XML.match(data):
        return False
    sent_as_xml = part.content_type.endswith("/xml") or file_name(part).lower().endswith(".xml")
    return sent_as_xml or bool(_FEEDBACK.search(data[:65536].replace(b"\0", b"")))


def file_name(part: Part) -> str:
    """The name that an attachment was sent with, without folders, "" when it has none."""
    header = part.get("content-disposition")
    found = (
        re.search(r"filename\*?=\s*(?:\"([^\"]{1,300})\"|([^;\s]{1,300}))", header.value) if header else None
    )
    name = (found[1] or found[2]) if found else part.params.get("name", "")
    return re.split(r"[\\/]", name)[-1]


def _messages(file: Any) -> Iterator[bytes]:
    """The messages of an mbox file whose first "From " was read: after an empty line, one begins another."""
    lines: list[bytes] = []
    size, blank = 0, False
    file.readline(1000)
    while line := file.readline(MAX_FILE):
        if blank and line.startswith(_FROM_LINE):
            yield b"".join(lines)
            lines, size = [], 0
            continue
        blank = not line.strip()
        size += len(line)
        if size <= MAX_FILE + 1:
            lines.append(line)
    yield b"".join(lines)


# --------------------------------------------------------------------- several


def gathered(reading: Reading) -> Reports:
    """Everything in order of time; a report that came twice is counted once (RFC 9990 §3.5.4)."""
    first: dict[tuple[Any, ...], AggregateReport] = {}
    kept, again, other = [], 0, 0
    for report in reading.reports:
        key = (report.org_name, report.report_id, report.domain, report.begin, report.end)
        known = first.setdefault(key, report)
        if known is not report and report.report_id is not None:
            if known.records == report.records:
                again += 1
                continue
            other += 1
        kept.append(report)
    notes = []
    if again:
        notes.append(f"Reports that came more than once and are counted once: {again:,}.")
    if other:
        notes.append(f"Reports with another one's identifier and other contents, counted too: {other:,}.")
    return Reports(
        tuple(sorted(kept, key=_by_time)),
        tuple(sorted(reading.failures, key=lambda one: (one.arrived is None, str(one.arrived), one.source))),
        tuple(reading.unreadable),
        tuple(notes),
    )


def _by_time(report: AggregateReport) -> tuple[Any, ...]:
    return report.begin is None, str(report.begin), report.org_name or "", report.report_id or ""
