"""What each result shows: one description per type, which text, HTML and DataFrames all render.

View   a headline, a tone and tables
tone   "good" or "bad" only where alignment decides; a raw pass is "plain", since it may be
       a pass for somebody else's domain
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import Any, Literal

from helpers.bounce import Bounce, Reply
from helpers.diagnosis import Cause, Diagnosis
from helpers.domains import TreeWalk
from helpers.fixes import Change, Fix, RejectedFix
from helpers.lab import LabHop, Trace
from helpers.lookup import Zone
from helpers.message import Address, Hop, Message, Stated
from helpers.spf import SpfRecord
from helpers.terms import (
    Answer,
    ArcCheck,
    Authentication,
    DkimCheck,
    DmarcCheck,
    DmarcRecord,
    DnsStatus,
    Envelope,
    Fact,
    Policy,
    Result,
    SpfCheck,
    Step,
)

Tone = Literal["good", "bad", "plain"]
Cell = str | int | float | bool | None


@dataclass(frozen=True)
class Table:
    """Columns and rows of plain values; nothing in it is escaped yet."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    folded: bool = False  # HTML shows it closed, text leaves it out


@dataclass(frozen=True)
class View:
    """Everything to show of one result. `to_frame` gives what ``frame`` makes, or else the first table."""

    headline: str
    tone: Tone = "plain"
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    frame: Callable[[], Any] | None = None  # where there is more in a result than its tables show


# ------------------------------------------------------------- shared pieces


def answer_words(answer: Answer | None) -> str:
    """What DNS said, in words a person reads: the four kinds of answer stay apart."""
    if answer is None:
        return ""
    if answer.status == DnsStatus.NXDOMAIN:
        return f"{answer.name}: no such name (NXDOMAIN)"
    if answer.status == DnsStatus.NODATA:
        return f"{answer.name}: no {answer.rdtype} record (NODATA)"
    if answer.status == DnsStatus.FAILURE:
        return f"{answer.name}: no answer ({(answer.failure or 'failure').upper()})"
    return f"{answer.rdtype} {answer.name}: {'; '.join(_value_words(value) for value in answer.values)}"


def _value_words(value: Any) -> str:
    return " ".join(str(part) for part in value) if isinstance(value, tuple) else str(value)


def _numbered(steps: Sequence[Step], prefix: str = "") -> Iterable[tuple[str, Step]]:
    for position, step in enumerate(steps, 1):
        number = f"{prefix}{position}"
        yield number, step
        yield from _numbered(step.steps, f"{number}.")


def steps_table(steps: Sequence[Step], *, folded: bool = False) -> Table:
    """Any check's steps, nested ones numbered below their parent."""
    rows = tuple(
        (number, step.looked_at, answer_words(step.answer), step.followed, step.rfc)
        for number, step in _numbered(steps)
    )
    return Table("Steps", ("step", "looked at", "DNS answered", "what followed", "source"), rows, folded)


def facts_table(facts: Sequence[Fact], title: str = "Evidence") -> Table:
    """Facts with how each is known."""
    rows = tuple((fact.name, fact.value or "not known", fact.basis.value, fact.source) for fact in facts)
    return Table(title, ("fact", "value", "how it is known", "source"), rows)


def _about(pairs: Iterable[tuple[str, Cell]], title: str = "Result") -> Table:
    rows = tuple((name, value) for name, value in pairs if value not in (None, "", ()))
    return Table(title, ("field", "value"), rows)


# -------------------------------------------------------------- one per type


@singledispatch
def view_of(obj: Any) -> View:
    """The view of a result; any other dataclass is shown field by field."""
    if not dataclasses.is_dataclass(obj):
        return View(str(obj))
    fields = ((f.name, getattr(obj, f.name)) for f in dataclasses.fields(obj))
    return View(type(obj).__name__, tables=(_about((name, _cell(value)) for name, value in fields),))


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, (tuple, list)):
        return "; ".join(_value_words(item) for item in value)
    return str(value)


@view_of.register
def _(answer: Answer) -> View:
    rows = tuple((answer.name, answer.rdtype, _value_words(value)) for value in answer.values)
    return View(answer_words(answer), tables=(Table("Answer", ("name", "type", "value"), rows),))


@view_of.register
def _(step: Step) -> View:
    return View(f"{step.looked_at}: {step.followed}", tables=(steps_table((step,)),))


@view_of.register
def _(fact: Fact) -> View:
    return View(
        f"{fact.name}: {fact.value or 'not known'} ({fact.basis})", tables=(facts_table((fact,), "Fact"),)
    )


@view_of.register
def _(envelope: Envelope) -> View:
    known = {name: value for name, value in _envelope_pairs(envelope) if value is not None}
    headline = ", ".join(f"{name} {value or '<>'}" for name, value in known.items()) or "nothing known"
    table = facts_table(envelope.facts, "Envelope") if envelope.facts else _about(_envelope_pairs(envelope))
    return View(headline, tables=(table,))


def _envelope_pairs(envelope: Envelope) -> Iterable[tuple[str, Cell]]:
    yield "client IP", envelope.client_ip
    yield "HELO", envelope.helo
    yield "MAIL FROM", envelope.mail_from


@view_of.register
def _(check: SpfCheck) -> View:
    about = _about(
        (
            ("identity", "MAIL FROM" if check.identity == "mailfrom" else "HELO"),
            ("client IP", check.client_ip),
            ("record", check.record),
            ("matched", check.matched),
            ("reason", check.reason),
            ("explanation", check.explanation),
            ("look-ups", f"{check.dns_mechanisms} of 10, void {check.void_lookups} of 2"),
        )
    )
    return View(f"SPF {check.result} for {check.domain}", tables=(steps_table(check.steps), about))


@view_of.register
def _(check: DkimCheck) -> View:
    state = {True: "yes", False: "no", None: "not checkable"}
    about = _about(
        (
            ("selector", check.selector),
            ("algorithm", check.algorithm),
            ("canonicalization", check.canonicalization),
            ("signed headers", ", ".join(check.signed_headers)),
            ("body hash fits", state[check.body_hash_ok]),
            ("signature fits", state[check.signature_ok]),
            ("key bits", check.key_bits),
            ("reason", check.reason),
        )
    )
    domain = check.domain or "no domain"
    return View(
        f"DKIM {check.result} for {domain}", tables=(steps_table(check.steps), about), notes=check.warnings
    )


@view_of.register
def _(check: ArcCheck) -> View:
    notes = (check.reason,) if check.reason else ()
    return View(
        f"ARC {check.result}, sets: {len(check.sets)}", tables=(steps_table(check.steps),), notes=notes
    )


@view_of.register
def _(record: DmarcRecord) -> View:
    fields = [
        (f.name, _cell(getattr(record, f.name)))
        for f in dataclasses.fields(record)
        if f.name not in ("text", "domain", "problems")
    ]
    return View(record.text, tables=(_about(fields, "Tags"),), notes=record.problems)


def alignment_table(check: DmarcCheck) -> Table:
    """One row an identifier: what passed, for whom, and whether that is the author's domain."""
    rows = tuple(
        (
            row.identifier,
            row.domain,
            row.result.value,
            row.mode.value,
            "✔ aligned" if row.aligned else "✘ not aligned",
            row.decided_by,
        )
        for row in check.alignments
    )
    return Table(
        "Alignment", ("identifier", "domain", "result", "mode", "with the author domain", "decided by"), rows
    )


@view_of.register
def _(check: DmarcCheck) -> View:
    tone: Tone = {"pass": "good", "fail": "bad"}.get(check.result.value, "plain")  # type: ignore[assignment]
    about = _about(
        (
            ("author domain", check.author_domain),
            ("organizational domain", check.organizational_domain),
            ("record", check.record.text if check.record else None),
            ("policy domain", check.policy_domain),
            ("policy", check.policy),
            ("disposition", check.disposition),
            ("reason", check.reason),
        )
    )
    headline = f"DMARC {check.result} for {check.author_domain or 'no author domain'}"
    return View(
        headline, tone, (steps_table(check.steps, folded=True), alignment_table(check), about), check.warnings
    )


@view_of.register
def _(both: Authentication) -> View:
    dmarc = view_of(both.dmarc)
    rows = tuple((name, domain, result, reason) for name, domain, result, reason in _checks(both))
    checks = Table("Checks", ("check", "domain", "result", "reason"), rows)
    return View(
        dmarc.headline,
        dmarc.tone,
        (checks, alignment_table(both.dmarc), *view_of(both.envelope).tables),
        dmarc.notes,
    )


def _checks(both: Authentication) -> Iterable[tuple[str, str | None, str, str]]:
    if both.spf is None:
        yield "SPF", None, "not checked", "the client IP or MAIL FROM is not known"
    else:
        yield "SPF", both.spf.domain, both.spf.result.value, both.spf.reason
    for check in both.dkim:
        yield "DKIM", check.domain, check.result.value, check.reason
    if not both.dkim:
        yield "DKIM", None, Result.NONE.value, "no DKIM-Signature"
    if both.arc is not None and both.arc.result != Result.NONE:
        yield "ARC", None, both.arc.result.value, both.arc.reason
    yield "DMARC", both.dmarc.author_domain, both.dmarc.result.value, both.dmarc.reason


@view_of.register
def _(record: SpfRecord) -> View:
    rows = tuple((t.text, t.kind, t.qualifier, t.name, t.value, t.problem) for t in record.terms)
    terms = Table("Terms", ("term", "kind", "qualifier", "name", "value", "problem"), rows)
    return View(record.text, tables=(terms,), notes=(*record.problems, *record.notes))


@view_of.register
def _(walk: TreeWalk) -> View:
    headline = f"organizational domain of {walk.name}: {walk.organizational_domain}"
    return View(headline, tables=(steps_table(walk.steps),), notes=(walk.decided_by,))


@view_of.register
def _(zone: Zone) -> View:
    rows = tuple(tuple(row) for row in zone.rows())
    return View(f"zone with {len(rows)} records", tables=(Table("Records", ("name", "type", "value"), rows),))


@view_of.register
def _(message: Message) -> View:
    headers = Table(
        "Headers",
        ("name", "value"),
        tuple((header.name, " ".join(header.decoded.split())) for header in message.headers),
    )
    who = message.author_domain or "no single author domain"
    subject = message.subject or "no subject"
    tables = (headers, hops_table(message.hops), stated_table(message.stated))
    return View(f"message from {who}: {subject}", tables=tables, notes=message.repairs)


@view_of.register
def _(address: Address) -> View:
    return View(f"{address.name} <{address.text}>" if address.name else address.text)


@view_of.register
def _(hop: Hop) -> View:
    return View(
        f"{hop.helo or hop.ip or 'unknown'} → {hop.by or 'unknown'}",
        tables=(dataclasses.replace(hops_table((hop,)), folded=False),),
    )


def hops_table(hops: Sequence[Hop]) -> Table:
    """One row a hop, oldest first."""
    rows = tuple(
        (h.helo, h.ip, h.by, h.protocol, h.date.isoformat(" ") if h.date else None, h.delay_seconds, h.note)
        for h in hops
    )
    return Table("Hops", ("HELO", "IP", "by", "protocol", "date", "delay (s)", "note"), rows, folded=True)


@view_of.register
def _(stated: Stated) -> View:
    result = f"{stated.method}={stated.result_text}"
    about = f" for {stated.domain}" if stated.domain else ""
    headline = f"{stated.by or 'an unnamed receiver'} states {result}{about}"
    return View(headline, tables=(dataclasses.replace(stated_table((stated,)), folded=False),))


def stated_table(rows: Sequence[Stated]) -> Table:
    """One row a statement, in the order of the headers."""
    cells = tuple(
        (
            s.by,
            s.method,
            s.result_text,
            s.domain,
            "yes" if s.counted and s.trusted else "no",
            s.header,
            s.note,
        )
        for s in rows
    )
    columns = ("stated by", "method", "result", "domain", "to rely on", "header", "note")
    return Table("Stated by receivers", columns, cells, folded=True)


@view_of.register
def _(reply: Reply) -> View:
    return View(f"{reply.recipient or 'unknown recipient'}: {reply.text}", tables=(replies_table((reply,)),))


def replies_table(replies: Sequence[Reply]) -> Table:
    """One row a failed recipient."""
    rows = tuple((r.recipient, r.code, r.enhanced, r.text, r.receiver) for r in replies)
    return Table("Replies", ("recipient", "code", "enhanced", "text", "receiver"), rows)


@view_of.register
def _(bounce: Bounce) -> View:
    if not bounce.is_bounce:
        return View("not a bounce", notes=bounce.notes)
    blamed = (
        f"{bounce.blamed}{f' of {bounce.blamed_domain}' if bounce.blamed_domain else ''}"
        if bounce.blamed
        else "not authentication"
    )
    about = _about(
        (
            ("kind", bounce.kind),
            ("written by", bounce.reporter),
            ("refused by", bounce.receiver),
            ("blamed", blamed),
            ("known by", bounce.basis),
            ("the words", bounce.clue),
            ("meaning", bounce.meaning),
            ("came back", bounce.returned or "nothing of the message"),
        ),
        "Bounce",
    )
    return View(
        f"{bounce.kind} by {bounce.reporter or 'an unnamed system'}; blamed: {blamed}",
        tables=(replies_table(bounce.replies), about),
        notes=bounce.notes,
    )


@view_of.register
def _(diagnosis: Diagnosis) -> View:
    tone: Tone = (
        "good" if diagnosis.cause == Cause.PASSES else "bad" if diagnosis.cause in BAD_CAUSES else "plain"
    )
    tables = [
        facts_table(diagnosis.evidence),
        fixes_table(diagnosis.fixes),
        rejected_table(diagnosis.rejected_fixes),
    ]
    for title, sentences in (
        ("Certain in any case", diagnosis.certain),
        ("Not checked", diagnosis.unchecked),
    ):
        if sentences:
            tables.append(Table(title, (title.lower(),), tuple((sentence,) for sentence in sentences)))
    if diagnosis.authentication is not None:
        tables.append(
            dataclasses.replace(
                steps_table(diagnosis.authentication.dmarc.steps, folded=True),
                title="Steps of the DMARC check",
            )
        )
    tables += [about_fixes_table(diagnosis.fixes), proofs_table(diagnosis)]
    summary = diagnosis.summary.removeprefix(f"{diagnosis.title}: ")
    return View(f"{diagnosis.title}\n{summary[:1].upper()}{summary[1:]}", tone, tuple(tables))


@view_of.register
def _(trace: Trace | LabHop) -> View:
    """A mail's way through the lab, or one session of it: who handed it on, and the lines they spoke."""
    hops = (trace,) if isinstance(trace, LabHop) else trace.hops
    rows = tuple((h.number, h.client, h.client_ip, h.server, f"<{h.mail_from}>", h.reply) for h in hops)
    way = Table("Way", ("hop", "from", "client IP", "to", "MAIL FROM", "answer"), rows)
    did = tuple((h.number, h.client, change) for h in hops for change in h.changes)
    changes = Table("Changes", ("hop", "done by", "before it was sent on"), did)
    lines = tuple((line.hop, line.speaker, line.text) for line in trace.dialogue)
    dialogue = Table("Dialogue", ("hop", "who", "line"), lines, folded=True)
    if isinstance(trace, LabHop):
        return View(f"{trace.client} → {trace.server}: {trace.reply}", tables=(way, changes, dialogue))
    ended = {"quarantine": "quarantined", "reject": "refused"}.get(trace.disposition.value, "delivered")
    if not trace.delivered and trace.disposition == Policy.NONE:
        ended = "not delivered"
    passed = trace.authentication is not None and trace.authentication.dmarc.result == Result.PASS
    tone: Tone = "bad" if ended != "delivered" else "good" if passed else "plain"
    checks = view_of(trace.authentication).tables[:2] if trace.authentication is not None else ()
    came_back = f"{trace.bounced_to} got a bounce: {view_of(trace.bounce).headline}" if trace.bounce else ""
    notes = (came_back,) if came_back else ()
    return View(f"{ended}: {trace.reply}", tone, (way, changes, *checks, dialogue), notes)


BAD_CAUSES = frozenset(Cause) - {
    Cause.PASSES,
    Cause.NO_POLICY,
    Cause.STATED_ONLY,
    Cause.UNDECIDED,
    Cause.NOT_ABOUT_AUTHENTICATION,
    Cause.NOT_A_MESSAGE,
    Cause.NOT_REPRODUCED,
}


# ---------------------------------------------------------------------- fixes


@view_of.register
def _(change: Change) -> View:
    value = change.before if change.action == "remove" else change.value
    return View(f"{change.action} {change.type} {change.host}: {value}", tables=(changes_table((change,)),))


@view_of.register
def _(fix: Fix) -> View:
    tone: Tone = "good" if fix.protection_kept and fix.proof.result == Result.PASS else "plain"
    tables = (changes_table(fix.changes), about_fixes_table((fix,), folded=False), _proof_table(fix))
    return View(f"{fix.title}\n{fix.outcome}", tone, tables)


@view_of.register
def _(fix: RejectedFix) -> View:
    return View(f"{fix.title}\n{fix.why}", "bad", (changes_table(fix.changes), _proof_table(fix)))


def _proof_table(fix: Fix | RejectedFix) -> Table:
    return dataclasses.replace(steps_table(fix.proof.steps, folded=True), title="Steps of the proof")


def changes_table(changes: Sequence[Change]) -> Table:
    """Records as a DNS panel asks for them: each cell can be copied."""
    rows = tuple((c.action, c.type, c.host, c.value, c.before, c.name) for c in changes)
    return Table("Records", ("do", "type", "host", "value", "now there", "full name"), rows)


def fixes_table(fixes: Sequence[Fix]) -> Table:
    """What helps, best first: one row a record, the title where its fix begins."""
    rows: list[tuple[Cell, ...]] = []
    for number, fix in enumerate(fixes, 1):
        kept = "" if fix.protection_kept else " (weakens protection)"
        title: Cell = f"{number}. {fix.title}{kept}"
        for change in fix.changes:
            gone = change.action == "remove"
            value = f"(remove) {change.before}" if gone else change.value
            rows.append((title, change.type, change.host, value))
            title = None
        if title is not None:
            rows.append((title, None, None, "(no record)"))
    columns = ("what helps, tried on a copy", "type", "host", "value")
    return Table("What helps", columns, tuple(rows))


def rejected_table(fixes: Sequence[RejectedFix]) -> Table:
    """What was tried in vain, and why."""
    rows = tuple((fix.title, fix.why) for fix in fixes)
    return Table("Tried in vain", ("tried in vain", "why it does not help"), rows)


def about_fixes_table(fixes: Sequence[Fix], *, folded: bool = True) -> Table:
    """Who does what outside DNS, what else changes, and what the proofs took for granted."""
    rows: list[tuple[Cell, ...]] = []
    for number, fix in enumerate(fixes, 1):
        told = (
            ("who", (", ".join(who.value for who in fix.who),)),
            ("also to do", fix.other),
            ("what else changes", fix.side_effects),
            ("taken for granted", fix.assumptions),
        )
        rows += [(number, what, sentence) for what, sentences in told for sentence in sentences if sentence]
    return Table("Who does what, and what else changes", ("fix", "what", "detail"), tuple(rows), folded)


def proofs_table(diagnosis: Diagnosis) -> Table:
    """Where each proof differs from the check of the message as it came; a fix shows its own in full."""
    before = diagnosis.authentication.dmarc.steps if diagnosis.authentication is not None else ()
    rows = tuple(
        (fix.title, step.looked_at, step.followed, step.rfc)
        for fix in (*diagnosis.fixes, *diagnosis.rejected_fixes)
        for step in fix.proof.steps
        if step not in before or step.looked_at == "Result"
    )
    return Table("Steps of the proofs", ("tried", "looked at", "what followed", "source"), rows, folded=True)


# The views of some rooms stand in files of their own, which register them here.
from helpers.show import checks as _check_tables  # noqa: E402, F401
from helpers.show import comparison as _comparison  # noqa: E402, F401
from helpers.show import exam as _exam  # noqa: E402, F401
from helpers.show import exercises as _exercises  # noqa: E402, F401
from helpers.show import lookup as _lookup  # noqa: E402, F401
from helpers.show import redact as _redact  # noqa: E402, F401
from helpers.show import reports as _reports  # noqa: E402, F401
from helpers.show import services as _services  # noqa: E402, F401
