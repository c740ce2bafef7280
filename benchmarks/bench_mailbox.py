"""How fast a mailbox becomes a table with the cause of each refusal, beside flufl.bounce and p5-sisimai.

    python -m benchmarks mailbox
    python -m benchmarks.bench_mailbox --memory 1000     the most memory, too, for an mbox of so many MB

Needs the conformance data beside the checkout. The peers only read who failed and with which reply; ours also
finds the cause and makes the DataFrame.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import logging
import mailbox
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.bench_bounce import corpus

ROUNDS = 3
COPIES = 20  # of the corpus: long enough that starting two processes is a small part
SISIMAI = "use Sisimai; my $found = Sisimai->rise($ARGV[0]); print scalar @{ $found || [] }"


def as_mbox(messages: list[bytes]) -> bytes:
    """The messages as an mbox with line feeds."""
    pieces = []
    for raw in messages:
        text = raw.replace(b"\r\n", b"\n")
        if b"\n" not in text:
            text = text.replace(b"\r", b"\n")
        quoted = re.sub(rb"(?m)^(>*From )", rb">\1", text).rstrip(b"\n")
        pieces.append(b"From MAILER-DAEMON Mon Jan  1 00:00:00 2024\n" + quoted + b"\n\n")
    return b"".join(pieces)


@contextlib.contextmanager
def mbox_file(content: bytes, copies: int) -> Iterator[Path]:
    """An mbox on disk for as long as the block lasts."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "corpus.mbox")
        with path.open("wb") as file:
            for _ in range(copies):
                file.write(content)
        yield path


def ours(path: Path, processes: int) -> int:
    """Our table, with so many processes."""
    from helpers.mailbox import run
    from helpers.show.mailbox_frame import analyze_mailbox

    before, run.processors = run.processors, lambda: processes
    try:
        return analyze_mailbox(path, progress=False).attrs["counts"]["messages"]
    finally:
        run.processors = before


def flufl(path: Path) -> int:
    """flufl.bounce on every message that Python's own mailbox finds in the file."""
    from flufl.bounce import all_failures

    logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)
    count = 0
    for message in mailbox.mbox(path, create=False):
        with contextlib.suppress(Exception):  # it raises for a message without From
            all_failures(message)
        count += 1
    return count


def has_sisimai() -> bool:
    """Does Perl have it here?"""
    perl = shutil.which("perl")
    return perl is not None and not subprocess.run([perl, "-MSisimai", "-e1"], capture_output=True).returncode


def sisimai(path: Path, count: int) -> int:
    """p5-sisimai on the file, which holds so many messages."""
    subprocess.run(["perl", "-e", SISIMAI, str(path)], check=True, capture_output=True)
    return count


Clock = Callable[[], float]


def best(clock: Clock, works: dict[str, Callable[[], int]], rounds: int = ROUNDS) -> dict[str, float]:
    """Messages a second, the best of rounds in which they take turns."""
    rates = dict.fromkeys(works, 0.0)
    for _ in range(rounds):
        for name, work in works.items():
            start = clock()
            count = work()
            rates[name] = max(rates[name], count / (clock() - start))
    return rates


def ratios() -> list[tuple[str, float, float]]:
    """``(what, ours, the other's)`` in messages a second.

    One process by processor time: what else runs counts less. Two by the clock, so on an idle machine only.
    """
    messages = corpus()
    if not messages:
        return []
    with mbox_file(as_mbox(messages), COPIES) as path:
        one = functools.partial(ours, path, 1)
        rates = best(time.process_time, {"one": one, "flufl": functools.partial(flufl, path)})
        rows = [("one process, against flufl.bounce", rates["one"], rates["flufl"])]
        if has_sisimai():
            other = functools.partial(sisimai, path, COPIES * len(messages))
            rates = best(time.perf_counter, {"one": one, "sisimai": other})
            rows.append(("one process, against p5-sisimai", rates["one"], rates["sisimai"]))
        else:
            print("analyze_mailbox: against p5-sisimai: not measured, Perl has no Sisimai here")
        if len(os.sched_getaffinity(0)) > 1:
            rates = best(time.perf_counter, {"one": one, "two": functools.partial(ours, path, 2)})
            rows.append(("two processes, against one", rates["two"], rates["one"]))
    return rows


def memory(megabytes: int) -> str:
    """The most memory of a process, and of any of its workers, while it reads an mbox of that size."""
    content = as_mbox(corpus())
    code = (
        "import sys, resource\nfrom helpers.show.mailbox_frame import analyze_mailbox\n"
        "frame = analyze_mailbox(sys.argv[1], progress=False)\n"
        "most = [resource.getrusage(who).ru_maxrss // 1024 for who in (resource.RUSAGE_SELF, "
        "resource.RUSAGE_CHILDREN)]\n"
        "print(f'{len(frame):,} rows, {most[0]} MB, a worker at most {most[1]} MB')"
    )
    with mbox_file(content, -(-megabytes * 1_000_000 // len(content))) as path:
        done = subprocess.run(
            [sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True
        )
    return f"{megabytes:,} MB of mbox: {done.stdout.strip()}"


def main() -> None:
    """The rows, and the memory where it is asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--memory", type=int, metavar="MB", help="measure the memory for an mbox of this size"
    )
    options = parser.parse_args()
    for what, mine, theirs in ratios():
        print(f"{what}: {mine:,.0f} : {theirs:,.0f} = {mine / theirs:.2f}")
    if options.memory:
        print(memory(options.memory))


if __name__ == "__main__":
    main()
