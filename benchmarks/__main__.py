"""All benchmarks in one table: `make bench`, or `python -m benchmarks spf dkim` for some of them."""

from __future__ import annotations

import importlib
import sys
from typing import NamedTuple


class Benchmark(NamedTuple):
    """One module of this folder, and how its rows are read."""

    what: str
    peer: str
    unit: str
    less_is_better: bool = False


BENCHMARKS = {
    "import": Benchmark("import helpers", "see row", "ms", less_is_better=True),
    "spf": Benchmark("check_spf", "pyspf", "calls/s"),
    "dkim": Benchmark("verify_dkim", "dkimpy", "calls/s"),
    "bounce": Benchmark("read_bounce", "flufl.bounce", "messages/s"),
    "mailbox": Benchmark("analyze_mailbox", "see row", "messages/s"),
    "reports": Benchmark("read_reports", "parsedmarc", "MB/s of XML"),
    "authenticate": Benchmark("authenticate", "authheaders", "messages/s"),
    "live": Benchmark("authenticate, DNS 50 ms away", "see row", "ms", less_is_better=True),
    "size": Benchmark("one mail", "as the size before", "ms", less_is_better=True),
    "growth": Benchmark("1 MB", "ten times its 100 KB", "ms", less_is_better=True),
    "mailauth": Benchmark("", "mailauth 7.1 (Node)", "calls/s"),
}


def main(names: list[str]) -> int:
    """Runs the named benchmarks, or all, and prints a row for each case."""
    if unknown := [name for name in names if name not in BENCHMARKS]:
        print(f"no such benchmark: {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    print(f"{'what':56}{'ours':>11}{'peer':>11}  {'unit':11}{'times faster':>12}  peer")
    for name in names or BENCHMARKS:
        benchmark = BENCHMARKS[name]
        for case, ours, theirs in importlib.import_module(f"benchmarks.bench_{name}").ratios():
            faster = theirs / ours if benchmark.less_is_better else ours / theirs
            label = case if case.startswith(benchmark.what) else f"{benchmark.what}: {case}"
            digits = 1 if benchmark.less_is_better else 0
            print(
                f"{label:56}{ours:11,.{digits}f}{theirs:11,.{digits}f}  {benchmark.unit:11}{faster:12.2f}"
                f"  {benchmark.peer}",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
