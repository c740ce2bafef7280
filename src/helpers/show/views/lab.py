"""A mail's way through the lab, or one session of it: who handed it on, and the lines they spoke."""

from __future__ import annotations

from collections.abc import Sequence

from helpers.lab import LabHop, Trace
from helpers.show.views.view import Table, Tone, View, view_of
from helpers.terms import Policy, Result


@view_of.register
def _(hop: LabHop) -> View:
    tables = (_way_table((hop,)), _changes_table((hop,)), _dialogue_table(hop))
    return View(f"{hop.client} → {hop.server}: {hop.reply}", tables=tables)


@view_of.register
def _(trace: Trace) -> View:
    ended = _ended(trace)
    passed = trace.authentication is not None and trace.authentication.dmarc.result == Result.PASS
    tone: Tone = "bad" if ended != "delivered" else "good" if passed else "plain"
    checks = view_of(trace.authentication).tables[:2] if trace.authentication is not None else ()
    came_back = f"{trace.bounced_to} got a bounce: {view_of(trace.bounce).headline}" if trace.bounce else ""
    return View(
        f"{ended}: {trace.reply}",
        tone,
        (_way_table(trace.hops), _changes_table(trace.hops), *checks, _dialogue_table(trace)),
        notes=(came_back,) if came_back else (),
    )


def _ended(trace: Trace) -> str:
    """What became of the mail, in a word or two."""
    if trace.disposition == Policy.NONE and not trace.delivered:
        return "not delivered"
    return {Policy.QUARANTINE: "quarantined", Policy.REJECT: "refused"}.get(trace.disposition, "delivered")


def _way_table(hops: Sequence[LabHop]) -> Table:
    rows = tuple((h.number, h.client, h.client_ip, h.server, f"<{h.mail_from}>", h.reply) for h in hops)
    return Table("Way", ("hop", "from", "client IP", "to", "MAIL FROM", "answer"), rows)


def _changes_table(hops: Sequence[LabHop]) -> Table:
    rows = tuple((h.number, h.client, change) for h in hops for change in h.changes)
    return Table("Changes", ("hop", "done by", "before it was sent on"), rows)


def _dialogue_table(spoken: Trace | LabHop) -> Table:
    rows = tuple((line.hop, line.speaker, line.text) for line in spoken.dialogue)
    return Table("Dialogue", ("hop", "who", "line"), rows, folded=True)
