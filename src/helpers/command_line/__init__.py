"""The command line: the same diagnosis for a terminal.

python -m helpers diagnose FILE… [--zone FILE… | --live [--record FILE]] [--json | --html | --csv] [--all]
python -m helpers redact FILE… -o FOLDER
python -m helpers record FILE… -o ZONE

Exit status: 0 everything was read, 2 something could not be, which one line on standard error names,
130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from helpers.command_line.diagnosing import diagnose_files
from helpers.command_line.sharing import record_files, redact_files
from helpers.command_line.words import INTERRUPTED, NOT_READ, PIPE_CLOSED, reason, say

__all__ = ["main"]

COMMANDS = {"diagnose": diagnose_files, "redact": redact_files, "record": record_files}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = COMMANDS[options.command](options)
        sys.stdout.flush()
    except (OSError, ValueError) as error:
        if isinstance(error, BrokenPipeError):  # who reads it has seen enough, as `head` does
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return PIPE_CLOSED
        say(reason(error))
        return NOT_READ
    except KeyboardInterrupt:
        say("Interrupted: what was done until then is done.")
        return INTERRUPTED
    return status


class _Parser(argparse.ArgumentParser):
    """What it repeats can't steer the terminal: a stranger's file name may look like an option."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        sys.exit(say(f"{self.prog}: error: {message}"))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m helpers", description="Why was my mail refused, and what do I change?")
    commands = parser.add_subparsers(dest="command", required=True)
    _add_diagnose(commands.add_parser("diagnose", help="cause, evidence and proven fixes for a bounce"))
    _add_redact(commands.add_parser("redact", help="copies of mails that can be shown to others"))
    _add_record(commands.add_parser("record", help="look up what a mail needs in DNS, and keep the answers"))
    return parser


def _add_diagnose(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a bounce or a message as .eml, or a text file with the refusal; - reads standard input. Or "
        "many, for a line each: an mbox, a Maildir, a folder, or one of these packed (.gz, .zip, .tgz)",
    )
    _add_dns(parser)
    parser.add_argument("--record", metavar="FILE", help="with --live: save what DNS answered as a zone file")
    parser.add_argument(
        "--rules",
        choices=("rfc9989", "rfc7489"),
        default="rfc9989",
        help="which DMARC (default: %(default)s)",
    )
    parser.add_argument(
        "--all", action="store_true", help="of many messages, those that are no bounces, too: what they meet"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object a line")
    form.add_argument("--html", action="store_true", help="one HTML page on standard output, without scripts")
    form.add_argument(
        "--csv",
        action="store_true",
        help="a table with a row for each failed recipient; a cell that a spreadsheet would take for a "
        "formula begins with an apostrophe",
    )


def _add_redact(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="a mail, or many of them as for diagnose")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FOLDER",
        required=True,
        help="where the copies go, each with its verdicts; nothing there is overwritten",
    )
    _add_dns(parser)
    parser.add_argument(
        "--shift-dates", action="store_true", help="move all dates of a mail by the same time"
    )
    parser.add_argument(
        "--hide-public-services", action="store_true", help="rename gmail.com and the like as well"
    )


def _add_record(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="a mail; - reads standard input")
    parser.add_argument("-o", "--output", metavar="ZONE", required=True, help="the zone file to write")
    _add_nameserver(parser)
    parser.add_argument("--rules", choices=("rfc9989", "rfc7489"), default="rfc9989", help=argparse.SUPPRESS)


def _add_dns(parser: argparse.ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--zone", nargs="+", action="extend", metavar="FILE", help="take DNS answers from these master files"
    )
    source.add_argument(
        "--live", action="store_true", help="ask real DNS (the only thing that leaves this machine)"
    )
    _add_nameserver(parser)


def _add_nameserver(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--nameserver",
        metavar="ADDRESS",
        help="ask this one instead of the system's; 192.0.2.53#5353 with a port",
    )
