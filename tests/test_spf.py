"""SPF: the RFC 7208 suite as data, the trace of every mechanism, and hostile records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from tests.conftest import shared_path

from helpers.lookup import TIMEOUT, Zone
from helpers.spf import check_spf

# ------------------------------------------------------------- RFC 7208 suite


def zone_of(zonedata: dict[str, list[Any]]) -> Zone:
    """The suite's zone data as a zone: SPF records stand for TXT where a name has no TXT of its own."""
    records: dict[str, dict[str, Any]] = {}
    for name, entries in zonedata.items():
        node: dict[str, Any] = {}
        spf: list[Any] = []
        for entry in entries:
            if entry == "TIMEOUT":
                continue
            ((rdtype, value),) = entry.items()
            if rdtype == "SPF":
                spf.append(value)
            elif (rdtype, value) == ("TXT", "NONE"):
                spf = []
                node["TXT"] = []
            else:
                node.setdefault(rdtype, []).append(tuple(value) if rdtype == "MX" else value)
        if "TXT" not in node and spf:
            node["TXT"] = spf
        if "TIMEOUT" in entries:
            node = {t: node.get(t) or TIMEOUT for t in ("TXT", "A", "AAAA", "MX", "PTR")}
        records[name] = node
    return Zone.from_dict(records)


def suite() -> Iterator[Any]:
    text = shared_path("conformance", "rfc7208-tests.yml").read_text(encoding="utf-8")
    for scenario in yaml.safe_load_all(text):
        zone = zone_of(scenario["zonedata"])
        for name, row in scenario["tests"].items():
            yield pytest.param(row, zone, id=name)


@pytest.mark.parametrize(("row", "zone"), list(suite()))
def test_rfc7208_suite_with_its_preferred_answers(row: dict[str, Any], zone: Zone) -> None:
    check = check_spf(client_ip=row["host"], mail_from=row["mailfrom"], helo=row["helo"], dns=zone)
    preferred = row["result"] if isinstance(row["result"], str) else row["result"][0]
    assert check.result == preferred, check.reason
    if "explanation" in row:
        assert (check.explanation or "DEFAULT") == row["explanation"]
