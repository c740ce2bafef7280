"""How fast bounces are read, beside flufl.bounce in the same process.

Run it with the conformance data beside the checkout: ``python benchmarks/bench_bounce.py``.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path
from typing import Any

ROUNDS = 7


def corpus() -> list[bytes]:
    """Every message of the bounce corpus; an empty list when it is not beside the checkout."""
    shared = Path(os.environ.get("SHARED_DIR", Path(__file__).resolve().parent.parent.parent / "shared"))
    folder = shared / "corpus" / "bounces" / "maildir"
    return [path.read_bytes() for path in sorted(folder.glob("*/*.eml"))]


def rate(work: Callable[[bytes], Any], messages: list[bytes]) -> float:
    """Messages a second of one pass, by processor time: what else runs on the machine counts less."""
    start = time.process_time()
    for raw in messages:
        work(raw)
    return len(messages) / (time.process_time() - start)


def ratios() -> list[tuple[str, float, float]]:
    """``(what, ours, peer's)`` in messages a second: the middle of rounds that alternate."""
    from flufl.bounce import all_failures

    from helpers.bounce import read_bounce

    messages = corpus()
    if not messages:
        return []

    def peer(raw: bytes) -> Any:
        return all_failures(message_from_bytes(raw))

    rounds = [(rate(read_bounce, messages), rate(peer, messages)) for _ in range(ROUNDS)]
    ours = statistics.median(one for one, _ in rounds)
    theirs = statistics.median(other for _, other in rounds)
    return [("read_bounce, messages/s, against flufl.bounce", ours, theirs)]


if __name__ == "__main__":
    for what, ours, theirs in ratios():
        print(f"{what}: {ours:,.0f} : {theirs:,.0f} = {ours / theirs:.2f}")
