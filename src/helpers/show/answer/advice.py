"""What helps, proven, with records to copy; and what was tried in vain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from helpers.diagnosis import Diagnosis
from helpers.fixes import Change, Fix, RejectedFix
from helpers.show.answer.parts import copied, fold, section, sentences, table
from helpers.show.safe import escape
from helpers.show.views.diagnosis import proofs_table
from helpers.show.views.fixes import rejected_table

PROVEN = (
    "Each of these was applied to a copy of the message, its envelope and its DNS, and evaluated again with "
    "the checks that a receiver makes. One click on a field selects it whole, ready to copy."
)
IN_VAIN = "Tried in the same way. The message fails all the same."
WHAT = {"add": "add", "change": "change", "remove": "take away"}


def fixes_html(diagnosis: Diagnosis) -> str:
    """Every proven fix behind its title, best first; open are the first one and the first with records."""
    fixes = diagnosis.fixes
    if not fixes:
        return ""
    seen = (fixes[0], next((fix for fix in fixes if fix.changes), None))
    body = "".join(
        _fix(number, fix, is_open=any(fix is one for one in seen)) for number, fix in enumerate(fixes, 1)
    )
    proofs = proofs_table(diagnosis)
    steps = fold("Steps of the proofs", table(proofs)) if proofs.rows else ""
    return section("What helps, proven", f'<p class="hint">{PROVEN}</p>{body}{steps}')


def _fix(number: int, fix: Fix, *, is_open: bool) -> str:
    weak = "" if fix.protection_kept else '<span class="tag bad">✘ weakens protection</span>'
    who = "".join(f'<span class="tag">{escape(one.value)}</span>' for one in fix.who)
    return fold(f"{number}. {fix.title}", "".join(_inside(fix)), is_open=is_open, marked=weak + who)


def _inside(fix: Fix) -> Iterator[str]:
    yield records_html(fix.changes)
    yield sentences(fix.other)
    yield f"<p><b>Tried:</b> {escape(fix.outcome)}</p>"
    for title, lines in (("What else changes", fix.side_effects), ("Taken for granted", fix.assumptions)):
        if lines:
            yield f"<h4>{title}</h4>{sentences(lines)}"


def records_html(changes: Sequence[Change]) -> str:
    """Records as a DNS panel asks for them, each field to be copied."""
    if not changes:
        return ""
    head = "".join(f'<th scope="col">{title}</th>' for title in ("do", "type", "host", "value"))
    rows = "".join(_record(change) for change in changes)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _record(change: Change) -> str:
    gone = change.action == "remove"
    value = copied((change.before if gone else change.value) or "")
    if change.before is not None and not gone:
        value += f'<span class="before">now there: {escape(change.before)}</span>'
    return (
        f'<tr><td class="short">{WHAT[change.action]}</td><td class="short">{escape(change.type)}</td>'
        f'<td class="host" title="{escape(change.name)}">{copied(change.host)}</td><td>{value}</td></tr>'
    )


def rejected_html(fixes: Sequence[RejectedFix]) -> str:
    """What was tried in vain, and why it does not help."""
    if not fixes:
        return ""
    return section("Tried in vain", f'<p class="hint">{IN_VAIN}</p>' + table(rejected_table(fixes)))
