"""`authenticate` with a name server that takes 50 ms for an answer: how long does one message take?

    python -m benchmarks.bench_live

The message of `bench_authenticate`, from a subdomain: SPF with three nested includes, two
signatures, DMARC at the organizational domain. The server is on loopback, answers side by side
and counts. All ask the same server in the same run:

kit           all checks, with every step
kit, singly   the same without asking ahead: one question after the other
authheaders   SPF (pyspf), the first signature (dkimpy), DMARC with the tree walk
pyspf+dkimpy  SPF and both signatures, no DMARC
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import NamedTuple

from benchmarks.bench_authenticate import (
    CLIENT,
    ENVELOPE,
    HEAD,
    HELO,
    MAIL_FROM,
    NOW,
    TXT,
    remember_suffixes,
    signed,
)
from benchmarks.dns_server import DnsServer, dns_server
from helpers import LiveDns, Zone, authenticate
from helpers.lookup import Lookups
from helpers.terms import Answer

DELAY = 0.05  # seconds
ROUNDS = 5
FROM = "From: Alice <alice@news.example.com>"


class Run(NamedTuple):
    """The fastest of some runs: seconds, questions that reached the server, round trips seen from there."""

    seconds: float
    queries: int
    rounds: int


def ours(message: bytes, port: int) -> Lookups:
    """All checks, with DNS that starts from nothing."""
    live = LiveDns("127.0.0.1", port)
    found = authenticate(message, envelope=ENVELOPE, dns=live, now=NOW)
    assert found.dmarc.result == "pass"
    assert found.dmarc.policy_domain == "example.com"
    return live.looked_up()


def singly(message: bytes, port: int) -> None:
    """The same, where nothing can be asked ahead."""
    live = LiveDns("127.0.0.1", port)

    def dns(name: str, rdtype: str) -> Answer:
        return live(name, rdtype)

    found = authenticate(message, envelope=ENVELOPE, dns=dns, now=NOW)
    assert found.dmarc.result == "pass"


def with_authheaders(message: bytes, port: int) -> None:
    import authheaders

    remember_suffixes()
    _use(port)
    words = authheaders.authenticate_message(
        message, "mx.example.net", spf=True, ip=CLIENT, mail_from=MAIL_FROM, helo=HELO, dmarcbis=True
    )
    assert all(word in words for word in ("spf=pass", "dkim=pass", "dmarc=pass")), words


def with_pyspf_and_dkimpy(message: bytes, port: int) -> None:
    import dkim
    import spf

    _use(port)
    assert spf.check2(CLIENT, MAIL_FROM, HELO)[0] == "pass"
    verifier = dkim.DKIM(message)
    assert all(verifier.verify(idx) for idx in range(2))


def _use(port: int) -> None:
    """What the peers ask is dnspython's default resolver."""
    import dns.resolver
    import spf

    spf.DNSLookup = spf.DNSLookup_dnspython  # another benchmark puts a dict in its place
    dns.resolver.default_resolver = resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], port


CHECKS: dict[str, Callable[[bytes, int], object]] = {
    "kit": ours,
    "kit, singly": singly,
    "authheaders": with_authheaders,
    "pyspf+dkimpy": with_pyspf_and_dkimpy,
}


def fastest(check: Callable[[bytes, int], object], message: bytes, server: DnsServer) -> Run:
    runs = []
    for _ in range(ROUNDS):
        server.forget()
        start = time.perf_counter()
        check(message, server.port)
        seconds = time.perf_counter() - start
        runs.append(Run(seconds, len(server.questions), server.rounds(DELAY)))
    return min(runs)


def measured() -> tuple[dict[str, Run], Lookups]:
    """One run for each of `CHECKS`, and what the kit itself says about its look-ups."""
    _, message = signed(HEAD.replace("From: Alice <alice@example.com>", FROM))
    zone = Zone.from_dict({name: {"TXT": text} for name, text in TXT.items()})
    with dns_server(zone, DELAY) as server, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyspf calls dnspython by an old name
        runs = {name: fastest(check, message, server) for name, check in CHECKS.items()}
        said = ours(message, server.port)
    if runs["kit"].rounds > said.depth + 1 or runs["kit"].queries > 2 * runs["kit, singly"].queries:
        raise AssertionError(f"{runs['kit']}, although the chain is {said.depth} deep: {said}")
    return runs, said


def ratios() -> list[tuple[str, float, float]]:
    """One row a peer: its name with queries and rounds of both, our milliseconds, the peer's."""
    runs, _ = measured()
    kit = runs["kit"]
    return [
        (
            f"{kit.queries} in {kit.rounds} / {name} {run.queries} in {run.rounds}",
            1000 * kit.seconds,
            1000 * run.seconds,
        )
        for name, run in runs.items()
        if name != "kit"
    ]


def main() -> None:
    runs, said = measured()
    print(f"{'one message, DNS 50 ms away':28}{'ms':>8}{'queries':>9}{'rounds':>8}{'times faster':>14}")
    for name, run in runs.items():
        faster = run.seconds / runs["kit"].seconds
        print(f"{name:28}{1000 * run.seconds:8.0f}{run.queries:9}{run.rounds:8}{faster:14.2f}")
    print(f"\nThe kit's own count: {said.words}; the chain is {said.depth} deep.")


if __name__ == "__main__":
    main()
