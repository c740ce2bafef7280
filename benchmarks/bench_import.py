"""What `import helpers` costs on top of a bare interpreter, beside pyspf and dkimpy: milliseconds.

    python benchmarks/bench_import.py

Each run is a whole process, from its start to its end. The candidates take turns, and the fastest run of each
counts: everything slower is the machine's other work. `import helpers` loads a room when it is first used, so
the whole engine, every room that a diagnosis uses, is measured as well.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

RUNS = 40
MEASURABLE = 0.1  # ms; less than this is lost in a process's start
OURS = {"alone": "import helpers", "whole engine": "from helpers import diagnose, read_bounce, Zone"}
CASES = {"pyspf": "import spf", "dkimpy": "import dkim"}
# With bytecode, as installed packages have it, ours included.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def milliseconds(code: str) -> float:
    """One whole process."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env=ENVIRONMENT)
    return (time.perf_counter() - start) * 1000


def costs() -> dict[str, float]:
    """Each import's cost on top of a bare interpreter."""
    codes = ["pass", *OURS.values(), *CASES.values()]
    for code in codes:
        milliseconds(code)  # bytecode is written, files are in memory
    best = dict.fromkeys(codes, float("inf"))
    for _ in range(RUNS):
        for code in codes:
            best[code] = min(best[code], milliseconds(code))
    return {code: max(best[code] - best["pass"], MEASURABLE) for code in codes[1:]}


def ratios() -> list[tuple[str, float, float]]:
    """One row a pair: its name, our milliseconds, the peer's."""
    spent = costs()
    return [
        (f"{what}, against {peer}", spent[ours], spent[theirs])
        for what, ours in OURS.items()
        for peer, theirs in CASES.items()
    ]


def main() -> None:
    print(f"{'import, ms more than python':40}{'ours':>10}{'peer':>10}{'ratio':>8}")
    for case, mine, theirs in ratios():
        print(f"{case:40}{mine:10.1f}{theirs:10.1f}{theirs / mine:8.2f}")


if __name__ == "__main__":
    main()
