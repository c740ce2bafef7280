"""`check_spf` with its trace against pyspf, both asking the same dict: calls a second, in one run.

    python benchmarks/bench_spf.py

The two take turns and each one's best window counts, so a busy machine slows both. pyspf gets
its answers from a dict by replacing its one DNS function; it keeps no record between calls.
Ours remembers records once read, so "cold" rows, where that memory is emptied before every
call, are shown as well. `Zone` remembers its answers; the plain dict here does the same job.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from helpers.spf import check_spf, record
from helpers.terms import Answer, DnsStatus

WINDOW = 0.15  # seconds
ROUNDS = 7

TXT = {
    "ip4.example.com": "v=spf1 ip4:192.0.2.0/24 -all",
    "include.example.com": "v=spf1 include:one.example.com -all",
    "one.example.com": "v=spf1 ip4:198.51.100.0/24 include:two.example.com ~all",
    "two.example.com": "v=spf1 ip4:203.0.113.0/25 include:three.example.com ~all",
    "three.example.com": "v=spf1 ip4:203.0.113.128/25 ip4:192.0.2.0/24 ~all",
    "macro.example.com": "v=spf1 exists:%{ir}.%{l1r-}._spf.%{d2} -all",
}
A = {"1.2.0.192.alice._spf.example.com": "192.0.2.1"}
CASES = {
    "ip4 match": "alice@ip4.example.com",
    "3 nested includes": "alice@include.example.com",
    "macro exists": "alice@macro.example.com",
}
CLIENT, HELO = "192.0.2.1", "mail.example.com"

ANSWERS = {
    **{(name, "TXT"): Answer(name, "TXT", DnsStatus.DATA, (text,)) for name, text in TXT.items()},
    **{(name, "A"): Answer(name, "A", DnsStatus.DATA, (address,)) for name, address in A.items()},
}
PEER_ANSWERS: dict[tuple[str, str], list[tuple[tuple[str, str], object]]] = {
    **{(name, "TXT"): [((name, "TXT"), [text.encode()])] for name, text in TXT.items()},
    **{(name, "A"): [((name, "A"), address)] for name, address in A.items()},
}


def dns(name: str, rdtype: str) -> Answer:
    """What a resolver would say, from a dict."""
    found = ANSWERS.get((name, rdtype))
    return found if found is not None else Answer(name, rdtype, DnsStatus.NXDOMAIN)


def ours(mail_from: str) -> str:
    """One check with its whole trace."""
    return check_spf(client_ip=CLIENT, mail_from=mail_from, helo=HELO, dns=dns).result


def ours_cold(mail_from: str) -> str:
    """The same, with no record remembered."""
    record._parse_cached.cache_clear()
    return ours(mail_from)


def peer() -> Callable[[str], str]:
    """pyspf's check, asking the dict."""
    import spf

    spf.DNSLookup = lambda name, qtype, strict=True, timeout=20: PEER_ANSWERS.get((name, qtype), [])

    def check(mail_from: str) -> str:
        return spf.query(i=CLIENT, s=mail_from, h=HELO).check()[0]

    return check


def calls_a_second(check: Callable[[str], str], mail_from: str) -> float:
    """Over one window."""
    count, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < WINDOW:
        for _ in range(50):
            check(mail_from)
        count += 50
    return count / spent


def ratios() -> list[tuple[str, float, float]]:
    """One row a case: its name, our calls a second, pyspf's."""
    check = peer()
    rows = []
    for case, mail_from in CASES.items():
        if not ours(mail_from) == check(mail_from) == "pass":
            raise AssertionError(f"{case}: the two don't both pass")
        for label, mine in ((case, ours), (f"{case}, cold", ours_cold)):
            best = [0.0, 0.0]
            for _ in range(ROUNDS):
                best[0] = max(best[0], calls_a_second(mine, mail_from))
                best[1] = max(best[1], calls_a_second(check, mail_from))
            rows.append((label, best[0], best[1]))
    return rows


def main() -> None:
    print(f"{'SPF, calls a second':28}{'ours':>10}{'pyspf':>10}{'ratio':>8}")
    for case, mine, theirs in ratios():
        print(f"{case:28}{mine:10,.0f}{theirs:10,.0f}{mine / theirs:8.2f}")


if __name__ == "__main__":
    main()
