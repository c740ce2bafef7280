"""One ordinary mail with an attachment, from 1 KB to 50 MB: what `authenticate` and `diagnose` cost.

    python benchmarks/bench_size.py

`authenticate` finds a valid signature; `diagnose` has a changed body to explain and fixes to prove. Rows of
``python -m benchmarks size`` compare a size with the one before, made as many times larger: 1.00 is linear.
"""

from __future__ import annotations

import base64
import random
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import dkim

from benchmarks import bench_authenticate as whole
from benchmarks.bench_dkim import rsa_key
from helpers import authenticate, diagnose

SIZES = {"1 KB": 1_000, "10 KB": 10_000, "100 KB": 100_000, "1 MB": 1_000_000, "10 MB": 10_000_000}
SIZES |= {"50 MB": 50_000_000}
WINDOW = 0.3  # seconds of processor time


class Cost(NamedTuple):
    """What one call costs for a mail of this size."""

    what: str
    label: str
    size: int  # bytes
    seconds: float  # of processor time
    peak: int  # most bytes in use at once, without the mail itself
    held: int  # bytes that the result keeps, the mail left out


def mail(size: int) -> bytes:
    """A signed mail of about this many bytes; the key is put where `bench_authenticate.dns` finds it."""
    private, record, _ = rsa_key()
    whole.TXT["size._domainkey.example.com"] = record
    body = base64.encodebytes(random.Random(size).randbytes(size * 3 // 4)).replace(b"\n", b"\r\n")
    message = whole.HEAD.encode() + body
    methods = (b"relaxed", b"relaxed")
    return dkim.sign(message, b"size", b"example.com", private, canonicalize=methods) + message


def _seconds(call: Callable[[], object]) -> float:
    call()
    count, start = 0, time.process_time()
    while (spent := time.process_time() - start) < WINDOW:
        call()
        count += 1
    return spent / count


def _measured(what: str, label: str, size: int, call: Callable[[], Any], verdict: str) -> Cost:
    seconds = _seconds(call)
    tracemalloc.start()
    try:
        found = call()
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    said = found.dmarc.result if what == "authenticate" else found.cause
    if said != verdict:
        raise AssertionError(f"{what}, {label}: {said} where {verdict} was expected")
    return Cost(what, label, size, seconds, peak, held)


def costs() -> Iterator[Cost]:
    """Both, in every size."""
    envelope, dns = whole.ENVELOPE, whole.dns
    for label, size in SIZES.items():
        intact = mail(size)
        changed = intact + b"Added on the way.\r\n"
        yield _measured(
            "authenticate",
            label,
            len(intact),
            lambda mail=intact: authenticate(mail, envelope=envelope, dns=dns, now=whole.NOW),
            "pass",
        )
        yield _measured(
            "diagnose", label, len(changed), lambda mail=changed: diagnose(mail, dns=dns), "signature_broken"
        )


def ratios() -> list[tuple[str, float, float]]:
    """``(case, ms, ms of the size before times as much)``: below 1.00 it would grow faster than the mail."""
    rows, before = [], {}
    for cost in costs():
        if cost.what in before:
            last = before[cost.what]
            expected = last.seconds * cost.size / last.size
            rows.append((f"{cost.what}, {cost.label}", cost.seconds * 1_000, expected * 1_000))
        before[cost.what] = cost
    return rows


def table() -> str:
    """The costs as Markdown."""
    lines = [
        "| call | mail | ms | ns a byte | peak, bytes a byte | kept, bytes a byte |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for cost in sorted(costs(), key=lambda cost: cost.what):
        a_byte = (cost.seconds * 1e9 / cost.size, cost.peak / cost.size, cost.held / cost.size)
        figures = f"{a_byte[0]:.1f} | {a_byte[1]:.2f} | {a_byte[2]:.2f}"
        lines.append(f"| {cost.what} | {cost.label} | {cost.seconds * 1_000:.2f} | {figures} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table(), end="")
