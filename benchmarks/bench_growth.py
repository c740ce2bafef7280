"""How cost grows with size, 100 KB to 10 MB, for the worst mail and DNS that anybody thought of.

``python -m benchmarks growth`` compares 1 MB with ten times the cost of 100 KB: 1.00 is linear, less is
worse. ``python -m benchmarks.bench_growth --write`` writes the whole table to benchmarks/GROWTH.md.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import bench_size

ROOT = Path(__file__).resolve().parent.parent
SIZES = (100_000, 1_000_000, 10_000_000)
ROUNDS = 3
TABLE = Path(__file__).with_name("GROWTH.md")
INTRODUCTION = """# How cost grows with size

Each line is one pattern of `tests/nasty.py`, read with everything that the kit derives from it: for mail
the bounce, its original, all checks, the diagnosis and its proven fixes. Processor time as a multiple of
that for 100 KB; peak of memory in bytes for each byte of input. Linear is 10 at 1 MB and 100 at 10 MB;
less comes from what costs the same at any size, and from the limits in `helpers/message/limits.py` and
beside each check. Made by `python -m benchmarks.bench_growth --write`, Python {version}, {cores} cores.

| pattern | 1 MB | 10 MB | bytes a byte, 1 MB | bytes a byte, 10 MB |
| --- | ---: | ---: | ---: | ---: |
"""
ORDINARY = """
## An ordinary mail, 1 KB to 50 MB

One signed mail with an attachment. `authenticate` finds everything in order; `diagnose` finds that the body
was changed, and proves each fix on a copy of its own, which the diagnosis keeps. Processor time of one call;
memory besides the mail itself. `python -m benchmarks size` compares each size with the one before.

"""


class Growth(NamedTuple):
    """One pattern: seconds and peak bytes by size."""

    name: str
    seconds: tuple[float, ...]
    peaks: tuple[int, ...]


def _nasty() -> Any:
    """The patterns, and how much memory reading one takes: tests hold the same ones."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    from tests import nasty

    return nasty


def seconds(reader: Callable[[Any], Any], given: Any, rounds: int = ROUNDS) -> float:
    """Processor time of the quickest round."""
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        reader(given)
        taken.append(time.process_time() - start)
    return min(taken)


def ratios() -> Iterator[tuple[str, float, float]]:
    """``(pattern, 1 MB, ten times 100 KB)`` in milliseconds."""
    for name, (make, reader) in _nasty().patterns().items():
        reader(make(1_000))
        small, large = (seconds(reader, make(size)) for size in SIZES[:2])
        yield name, large * 1_000, small * 10_000


def measure() -> Iterator[Growth]:
    """Every pattern in every size."""
    for name, (make, reader) in _nasty().patterns().items():
        reader(make(1_000))
        given = [make(size) for size in SIZES]
        times = [
            seconds(reader, one, ROUNDS if size < SIZES[2] else 1)
            for one, size in zip(given, SIZES, strict=True)
        ]
        yield Growth(name, tuple(times), tuple(_nasty().peak(reader, one) for one in given))


def row(growth: Growth) -> str:
    """A line of the table."""
    first = max(growth.seconds[0], 0.0005)  # what takes less says nothing about growth
    times = " | ".join(f"{later / first:.1f}" for later in growth.seconds[1:])
    peaks = " | ".join(f"{most / size:.1f}" for most, size in zip(growth.peaks[1:], SIZES[1:], strict=True))
    return f"| {growth.name} | {times} | {peaks} |"


def write() -> None:
    """Writes the table, whole or not at all."""
    head = INTRODUCTION.format(version=sys.version.split()[0], cores=os.cpu_count())
    rows = []
    for growth in measure():
        rows.append(row(growth))
        print(rows[-1], flush=True)
    ordinary = ORDINARY + bench_size.table()
    unfinished = TABLE.with_suffix(".tmp")
    unfinished.write_text(head + "\n".join(rows) + "\n" + ordinary, encoding="utf-8")
    unfinished.replace(TABLE)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write()
    else:
        for what, ours, theirs in ratios():
            print(f"{what:32} {ours:9.1f} ms, ten times 100 KB: {theirs:9.1f} ms, {theirs / ours:5.2f}")
