"""The command line: the same diagnosis for a terminal.

python -m helpers diagnose FILE… [--zone FILE… | --live] [--json | --html]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.diagnosis import Cause, Diagnosis
from helpers.fixes import diagnose

if TYPE_CHECKING:
    from helpers.terms import Dns

LARGE = 25_000_000  # bytes: above this a word is said, since reading takes a moment
TOO_LARGE = 200_000_000  # bytes: no mail; a disk image or a whole mailbox given by mistake
READ, NOT_READ = 0, 2  # exit statuses


class UnreadableError(Exception):
    """A file that can't be read as mail; the text is the one line to say about it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        dns = _dns(options)
    except (OSError, ValueError) as error:
        return _say(_reason(error))
    status = READ
    for position, name in enumerate(options.files):
        try:
            diagnosis = _diagnose_file(name, dns, options.rules)
        except (OSError, UnreadableError) as error:
            status = _say(
                f"{name}: {_reason(error)}" if isinstance(error, UnreadableError) else _reason(error)
            )
            continue
        _show(diagnosis, name, options, first=position == 0)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m helpers", description="Why was my mail refused, and what do I change?"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    diagnosis = commands.add_parser("diagnose", help="cause, evidence and proven fixes for a bounce")
    diagnosis.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a bounce or a message as .eml, or a text file with the refusal; - reads standard input",
    )
    source = diagnosis.add_mutually_exclusive_group()
    source.add_argument(
        "--zone", nargs="+", action="extend", metavar="FILE", help="take DNS answers from these master files"
    )
    source.add_argument(
        "--live", action="store_true", help="ask real DNS (the only thing that leaves this machine)"
    )
    diagnosis.add_argument(
        "--rules",
        choices=("rfc9989", "rfc7489"),
        default="rfc9989",
        help="which DMARC (default: %(default)s)",
    )
    form = diagnosis.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object a line")
    form.add_argument("--html", action="store_true", help="one HTML page on standard output, without scripts")
    return parser


def _dns(options: argparse.Namespace) -> Dns | None:
    from helpers.lookup import LiveDns, Zone

    if options.zone:
        return Zone.from_file(*options.zone)
    return LiveDns() if options.live else None


def _diagnose_file(name: str, dns: Dns | None, rules: str) -> Diagnosis:
    raw = _read(name)
    if not raw.strip():
        raise UnreadableError("the file is empty; save the bounce again with all its headers")
    if len(raw) > LARGE:
        _say(f"{name}: a large mail ({len(raw) // 1_000_000} MB), reading it all takes a moment")
    diagnosis = diagnose(raw, dns=dns, rules=rules)  # type: ignore[arg-type]
    if diagnosis.cause == Cause.NOT_A_MESSAGE:
        raise UnreadableError(
            "no mail headers and no refusal in it; save the bounce as .eml, or its refusal as text"
        )
    return diagnosis


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read(TOO_LARGE)
    path = Path(name)
    if path.is_dir():
        raise UnreadableError("this is a folder; name the files in it")
    if path.exists() and path.stat().st_size > TOO_LARGE:
        raise UnreadableError(
            f"larger than {TOO_LARGE // 1_000_000} MB; name one message, not a whole mailbox"
        )
    return path.read_bytes()


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"{error.filename}: there is no such file"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: can't be read ({error.strerror})"
    return str(error)


def _say(line: str) -> int:
    """One line on standard error, harmless even when a file's name is not."""
    from helpers.show.safe import one_line

    print(one_line(line, 1000), file=sys.stderr)
    return NOT_READ


def _show(diagnosis: Diagnosis, name: str, options: argparse.Namespace, *, first: bool) -> None:
    if options.json:
        print(json.dumps({"file": name, **diagnosis.to_dict()}, ensure_ascii=True))
        return
    if options.html:
        from helpers.show.html import page_of

        print(page_of(diagnosis, title=name))
        return
    if len(options.files) > 1:
        from helpers.show.safe import one_line

        print(f"{'' if first else chr(10)}== {one_line(name)} ==\n")
    print(diagnosis)


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(main())
