"""What DNS answered, what a step found, and facts: the pieces that the views of all checks are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from helpers.show.views.view import Cell, Table, View, about_table, value_words, view_of
from helpers.terms import Answer, DnsStatus, Envelope, Fact, Step


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
    return f"{answer.rdtype} {answer.name}: {'; '.join(value_words(value) for value in answer.values)}"


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


@view_of.register
def _(answer: Answer) -> View:
    rows = tuple((answer.name, answer.rdtype, value_words(value)) for value in answer.values)
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
    table = (
        facts_table(envelope.facts, "Envelope") if envelope.facts else about_table(_envelope_pairs(envelope))
    )
    return View(headline, tables=(table,))


def _envelope_pairs(envelope: Envelope) -> Iterable[tuple[str, Cell]]:
    yield "client IP", envelope.client_ip
    yield "HELO", envelope.helo
    yield "MAIL FROM", envelope.mail_from
