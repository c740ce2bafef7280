"""What `import helpers` costs on top of a bare interpreter, beside pyspf and dkimpy: milliseconds.

    python benchmarks/bench_import.py

Each run is a whole process, from its start to its end. The candidates take turns, and the fastest run of each
counts: everything slower is the machine's other work.
"""

from __future__ import annotations

import subprocess
import sys
import time

RUNS = 40
OURS = "import helpers"
CASES = {"pyspf": "import spf", "dkimpy": "import dkim"}
UNIT = "ms"


def milliseconds(code: str) -> float:
    """One whole process."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return (time.perf_counter() - start) * 1000


def costs() -> dict[str, float]:
    """Each import's cost on top of a bare interpreter."""
    codes = ["pass", OURS, *CASES.values()]
    for code in codes:
        milliseconds(code)  # bytecode is written, files are in memory
    best = dict.fromkeys(codes, float("inf"))
    for _ in range(RUNS):
        for code in codes:
            best[code] = min(best[code], milliseconds(code))
    return {code: best[code] - best["pass"] for code in codes[1:]}


def ratios() -> list[tuple[str, float, float]]:
    """One row a peer: its name, our milliseconds, the peer's."""
    spent = costs()
    return [(f"against {peer}", spent[OURS], spent[code]) for peer, code in CASES.items()]


def main() -> None:
    print(f"{'import, ms more than python':40}{'ours':>10}{'peer':>10}{'ratio':>8}")
    for case, mine, theirs in ratios():
        print(f"{case:40}{mine:10.1f}{theirs:10.1f}{theirs / mine:8.2f}")


if __name__ == "__main__":
    main()
