"""`redact` and `record`: what can be handed to others, mail without names and the DNS that judges it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from helpers.command_line.words import (
    READ,
    UnreadableError,
    about,
    dns_of,
    keep,
    live_dns,
    not_there,
    out,
    read,
    say,
)
from helpers.fixes import diagnose


def redact_files(options: argparse.Namespace) -> int:
    """Write a redacted copy of each mail into the folder, and return the exit status."""
    from helpers.redact import redact

    dns = dns_of(options)
    folder = Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    status, notes = READ, dict[str, None]()
    for name in options.files:
        try:
            for place, raw in _mails(name):
                if raw is None:
                    status = say(place)
                    continue
                copy = redact(
                    raw,
                    dns=dns,
                    keep_public_services=not options.hide_public_services,
                    dates="shift" if options.shift_dates else "keep",
                )
                for path in copy.save(folder):
                    out(str(path))
                notes.update(dict.fromkeys(copy.notes))
        except (OSError, UnreadableError) as error:
            if isinstance(error, BrokenPipeError | FileExistsError):
                raise
            status = say(about(name, error))
    for note in notes:
        say(f"note: {note}")
    return status


def _mails(name: str) -> Iterator[tuple[str, bytes | None]]:
    """Each mail of a file with its place; or, without bytes, the line that says why there is none."""
    from helpers.mailbox import holds_many, messages_in

    if name == "-" or not holds_many(name):
        yield name, read(name)
        return
    found = False
    for item in messages_in(name):
        found = True
        place = f"{item.file or name}, message {item.position}"
        yield (place, item.raw) if item.raw is not None else (f"{place}: {item.reason}", None)
    if not found:
        raise UnreadableError("this is a folder or a packed file without mail in it")


def record_files(options: argparse.Namespace) -> int:
    """Ask real DNS everything that diagnosing the mails asks, and save the answers as a zone file."""
    from helpers.lookup import RecordingDns

    not_there(options.output)
    recorder = RecordingDns(live_dns(options.nameserver))
    status = READ
    for name in options.files:
        try:
            diagnose(read(name), dns=recorder, rules=options.rules)
        except (OSError, UnreadableError) as error:
            status = say(about(name, error))
    keep(recorder, options.output)
    return status
