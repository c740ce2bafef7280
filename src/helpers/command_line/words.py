"""What the commands have in common: exit statuses, lines on standard error, reading a file, DNS as wished."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from helpers.lookup import LiveDns, RecordingDns
    from helpers.terms import Dns

LARGE = 25_000_000  # bytes: above this a word is said, since reading takes a moment
TOO_LARGE = 200_000_000  # bytes: no mail; a disk image or some other file given by mistake
READ, NOT_READ, INTERRUPTED, PIPE_CLOSED = 0, 2, 130, 141  # exit statuses; the last two as shells have them


class UnreadableError(Exception):
    """A file that can't be read as mail; the text is the one line to say about it."""


def out(text: str) -> None:
    """A line on standard output."""
    sys.stdout.write(f"{text}\n")


def say(line: str) -> int:
    """One line on standard error, harmless even when a file's name is not; returns the status "not read"."""
    from helpers.show.safe import one_line

    sys.stderr.write(f"{one_line(line, 1000)}\n")
    return NOT_READ


def reason(error: Exception) -> str:
    """Why something could not be done, in one line."""
    if isinstance(error, FileNotFoundError):
        return f"{error.filename}: there is no such file"
    if isinstance(error, FileExistsError):
        return f"{error.filename}: is there already, and nothing is overwritten; choose another name"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: can't be read or written ({error.strerror})"
    return str(error)


def about(name: str, error: Exception) -> str:
    """The same, with the file's name in front where the error does not have it."""
    return f"{name}: {reason(error)}" if isinstance(error, UnreadableError) else reason(error)


def read(name: str) -> bytes:
    """The bytes of one mail. Raises UnreadableError or OSError."""
    if name == "-":
        raw = sys.stdin.buffer.read(TOO_LARGE + 1)
    else:
        with open(name, "rb") as file:
            raw = file.read(TOO_LARGE + 1)  # a device says that it has no bytes, and may have no end
    if len(raw) > TOO_LARGE:
        raise UnreadableError(f"larger than {TOO_LARGE // 1_000_000} MB, as no mail is")
    if not raw.strip():
        raise UnreadableError("the file is empty; save the bounce again with all its headers")
    if len(raw) > LARGE:
        say(f"{name}: a large mail ({len(raw) // 1_000_000} MB), reading it all takes a moment")
    return raw


def dns_of(options: argparse.Namespace) -> Dns | None:
    """DNS as the options wish: from files, live, or none."""
    from helpers.lookup import Zone

    if options.zone:
        return Zone.from_file(*options.zone)
    if options.live:
        return live_dns(options.nameserver)
    if options.nameserver:
        raise ValueError("--nameserver says whom to ask; without --live nobody is asked")
    return None


def live_dns(nameserver: str | None) -> LiveDns:
    """Real DNS: the system's servers, or the one that is given."""
    from helpers.lookup import LiveDns

    if nameserver is None:
        return LiveDns()
    address, _, port = nameserver.partition("#")
    if not (port or "53").isdecimal() or not 0 < int(port or 53) < 65536:
        raise ValueError(f"{nameserver}: the port behind # is a number up to 65535")
    return LiveDns(address, int(port or 53))


def keep(recorder: RecordingDns, path: str, *, asked: str = "") -> None:
    """Save what was answered, and say so."""
    say(f"{asked or recorder.looked_up().words}, saved in {recorder.save(path)}")


def not_there(path: str) -> None:
    """Raises FileExistsError for a file that is there: said before anything is asked, not after."""
    import errno
    import os

    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
