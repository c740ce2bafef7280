"""A message beside the sending service that was expected to send it, and the records the service asks for."""

from __future__ import annotations

from helpers.services import Comparison, RecordState
from helpers.show.answer.parts import copied, section
from helpers.show.safe import escape
from helpers.show.views.comparison import SAME, STATES

PLACEHOLDERS = "What stands in {braces} is on the service's own page, where your domain is set up."


def expected_html(comparison: Comparison) -> str:
    """What the service would have written, and what DNS has of its records."""
    service = comparison.service.name
    rows = "".join(
        f"<tr><td>{escape(row.what)}</td><td>{escape(row.here)}</td><td>{escape(row.expected)}</td>"
        f'<td class="short">{SAME[row.same]}</td></tr>'
        for row in comparison.differences
    )
    beside = _table(("", "this mail", f"through {service}", ""), rows) if rows else ""
    return section(f"Was it {service}?", f"<p>{escape(comparison.summary)}</p>{beside}{_records(comparison)}")


def _records(comparison: Comparison) -> str:
    if not comparison.records:
        return ""
    rows = "".join(_record(one) for one in comparison.records)
    title = f"Records that {comparison.service.name} asks for at {comparison.domain}"
    columns = ("for", "type", "host", "value", "in DNS now")
    return f'<h4>{escape(title)}</h4><p class="hint">{escape(PLACEHOLDERS)}</p>{_table(columns, rows)}'


def _record(one: RecordState) -> str:
    record = one.record
    found = f'<span class="before">{escape(one.found)}</span>' if one.found and one.state != "there" else ""
    purpose = escape(record.purpose) + ("" if record.required else '<span class="before">optional</span>')
    return (
        f'<tr><td>{purpose}</td><td class="short">{escape(record.type)}</td>'
        f'<td class="host">{copied(record.host)}</td>'
        f"<td>{copied(record.value)}</td>"
        f"<td>{STATES[one.state]}{found}</td></tr>"
    )


def _table(columns: tuple[str, ...], rows: str) -> str:
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
