"""A message: its headers, the hops it took, and what receivers stated about it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from helpers.message import Address, Hop, Message, Stated
from helpers.show.views.view import Table, View, view_of


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
