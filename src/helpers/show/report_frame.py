"""Aggregate reports as a DataFrame: one row a record, with the report that it stands in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from helpers.reports import AggregateReport, Record

if TYPE_CHECKING:
    import pandas as pd


def records_frame(rows: Iterable[tuple[AggregateReport, Record]]) -> pd.DataFrame:
    """One row a record, with the report that it stands in."""
    import pandas as pd

    pairs = list(rows)
    made = {name: [value(report, record) for report, record in pairs] for name, value in _COLUMNS.items()}
    frame = pd.DataFrame(made)
    for name in ("begin", "end"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame


def _joined(part: str, check: str) -> Callable[[AggregateReport, Record], str]:
    return lambda _, record: ", ".join([getattr(one, part) or "" for one in getattr(record, check)])


_COLUMNS: dict[str, Callable[[AggregateReport, Record], Any]] = {
    "org": lambda report, _: report.org_name,
    "report_id": lambda report, _: report.report_id,
    "begin": lambda report, _: report.begin,
    "end": lambda report, _: report.end,
    "domain": lambda report, _: report.domain,
    "p": lambda report, _: report.p,
    "sp": lambda report, _: report.sp,
    "np": lambda report, _: report.np,
    "adkim": lambda report, _: report.adkim,
    "aspf": lambda report, _: report.aspf,
    "source_ip": lambda _, record: record.source_ip,
    "count": lambda _, record: record.count,
    "disposition": lambda _, record: record.disposition,
    "dmarc": lambda _, record: "pass" if record.aligned else "fail",
    "spf_aligned": lambda _, record: record.spf_aligned,
    "dkim_aligned": lambda _, record: record.dkim_aligned,
    "spf_result": _joined("result", "spf"),
    "spf_domain": _joined("domain", "spf"),
    "spf_scope": _joined("scope", "spf"),
    "dkim_result": _joined("result", "dkim"),
    "dkim_domain": _joined("domain", "dkim"),
    "dkim_selector": _joined("selector", "dkim"),
    "header_from": lambda _, record: record.header_from,
    "envelope_from": lambda _, record: record.envelope_from,
    "envelope_to": lambda _, record: record.envelope_to,
    "reason": _joined("type", "reasons"),
    "comment": _joined("comment", "reasons"),
    "in_words": lambda _, record: record.in_words,
    "source": lambda report, _: report.source,
}
