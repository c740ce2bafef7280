"""How fast aggregate reports are read, beside parsedmarc's parser in the same process on the same text.

Each row is megabytes of XML a second on one core, by processor time, with all records made: the middle of
rounds that alternate. ``usual`` repeats itself as large receivers' reports do; in ``all different`` no two
records share a domain; ``one line`` is without white space; ``with comments`` has one in each record, which
sends it the way of the XML parser. parsedmarc reads a part of the same report, since it is slower.
"""

from __future__ import annotations

import random
import re
import statistics
import time
from collections.abc import Callable
from typing import Any

ROUNDS = 5
RECORDS = 40_000  # some 26 MB
OF_PEER = 1_000

HEAD = """<?xml version="1.0" encoding="UTF-8" ?>
<feedback>
  <version>1.0</version>
  <report_metadata>
    <org_name>receiver.example</org_name>
    <email>dmarc@receiver.example</email>
    <report_id>1</report_id>
    <date_range>
      <begin>1749427200</begin>
      <end>1749513599</end>
    </date_range>
  </report_metadata>
  <policy_published>
    <domain>example.com</domain>
    <adkim>r</adkim>
    <aspf>r</aspf>
    <p>none</p>
    <sp>none</sp>
    <pct>100</pct>
  </policy_published>
"""
RECORD = """  <record>
    <row>
      <source_ip>{ip}</source_ip>
      <count>{count}</count>
      <policy_evaluated>
        <disposition>none</disposition>
        <dkim>{dkim}</dkim>
        <spf>{spf}</spf>
      </policy_evaluated>
    </row>
    <identifiers>
      <header_from>{author}</header_from>
    </identifiers>
    <auth_results>
      <dkim>
        <domain>{signer}</domain>
        <result>{dkim}</result>
        <selector>s{selector}</selector>
      </dkim>
      <spf>
        <domain>{sender}</domain>
        <result>{spf}</result>
      </spf>
    </auth_results>
  </record>
"""


def report(records: int, *, all_different: bool = False) -> str:
    """The text of a report with that many records, the same each time."""
    chance = random.Random(1)

    def record(number: int) -> str:
        own = f"h{number}.example.com" if all_different else "example.com"
        return RECORD.format(
            ip=f"198.51.{chance.randrange(256)}.{chance.randrange(256)}",
            count=chance.randrange(1, 500),
            dkim=chance.choice(("pass", "fail")),
            spf=chance.choice(("pass", "fail")),
            author=own,
            signer=chance.choice((own, "service.example")),
            sender=own if all_different else f"bounce{chance.randrange(20)}.service.example",
            selector=chance.randrange(5),
        )

    return HEAD + "".join(record(number) for number in range(records)) + "</feedback>\n"


def commented(text: str) -> str:
    """The same report with a comment in each record."""
    return text.replace("<row>", "<row><!-- a comment -->")


def rate(work: Callable[[bytes], Any], data: bytes) -> float:
    """Megabytes a second of one pass."""
    start = time.process_time()
    work(data)
    return len(data) / 1e6 / (time.process_time() - start)


def ratios() -> list[tuple[str, float, float]]:
    """``(what, ours, parsedmarc's)`` in MB/s."""
    from parsedmarc import parse_aggregate_report_xml

    from helpers.reports import read_reports

    def ours(data: bytes) -> int:
        return len(read_reports(data).reports[0].records)

    def theirs(data: bytes) -> int:
        made = parse_aggregate_report_xml(data, offline=True, always_use_local_files=True)
        return len(made["records"])

    usual = report(RECORDS)
    texts = {
        "usual": (usual, report(OF_PEER)),
        "usual, one line": (re.sub(r">\s+<", "><", usual), re.sub(r">\s+<", "><", report(OF_PEER))),
        "all different": (report(RECORDS, all_different=True), report(OF_PEER, all_different=True)),
        "with comments": (commented(report(RECORDS // 4)), commented(report(OF_PEER))),
    }
    rows = []
    for name, (whole, part) in texts.items():
        mine, peer = whole.encode(), part.encode()
        assert ours(mine) > 0
        rounds = [(rate(ours, mine), rate(theirs, peer)) for _ in range(ROUNDS)]
        first, second = zip(*rounds, strict=True)
        rows.append((name, statistics.median(first), statistics.median(second)))
    return rows


if __name__ == "__main__":
    for what, mine, peers in ratios():
        print(f"{what}: {mine:.1f} : {peers:.2f} MB/s = {mine / peers:.0f}")
