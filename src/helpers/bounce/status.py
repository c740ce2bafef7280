"""Delivery status notifications (RFC 3464): one row for each recipient, in the most specific words.

A Diagnostic-Code may hold the first line of a reply only, and its Status field may be a summary
(5.0.0); the transcript in the prose beside it then has the whole reply.
"""

from __future__ import annotations

import re

from helpers.bounce import dsn
from helpers.bounce.parts import Material, Reading, Row
from helpers.bounce.reply import Words, read_host, read_reply, read_stage
from helpers.bounce.text import (
    Block,
    Exchange,
    read_transcript,
    recipient_blocks,
    reply_in,
    stage_of_command,
)
from helpers.message import Message
from helpers.terms import BounceKind

ARRIVED = frozenset({"delivered", "relayed", "expanded"})  # RFC 3464 §2.3.3


def read_status(message: Message, material: Material) -> Reading | None:
    """A delivery status notification; None when there is none."""
    if not material.status:
        return None
    per_message, recipients = dsn.read_blocks(material.status)
    if not per_message and not recipients:
        return None
    context = Context(material.words, message, several=len(recipients) > 1)
    rows: list[Row] = []
    for fields in recipients:
        if (row := _status_row(fields, context)) != (rows[-1] if rows else None):
            rows.append(row)
    failed = [row for row in rows if row["action"] not in ARRIVED]
    reading = Reading(BounceKind.DSN, failed or rows)
    reading.report = [(_written(name), value) for name, value in per_message.items()]
    if failed and len(failed) < len(rows):
        reading.notes.append(f"The report also names {len(rows) - len(failed)} recipients who were reached.")
    if rows and not failed:
        reading.notes.append("This report says that the message arrived; nothing failed.")
    return reading


class Context:
    """The prose of a report, looked through once for all its recipients."""

    def __init__(self, words: str, message: Message, several: bool = False) -> None:
        self.words = words
        self._several = several
        self.exchanges: list[Exchange] = read_transcript(words) if "<<<" in words else []
        self.sendmail = "while talking to" in words
        self._message = message
        self._blocks: dict[str, Block] | None = None

    def block(self, *addresses: str | None) -> str:
        """The lines about one recipient; all of the prose when it names nobody, or the only one otherwise."""
        if self._blocks is None:
            self._blocks = {block.recipient.lower(): block for block in recipient_blocks(self.words)}
        for address in addresses:
            if address and address.lower() in self._blocks:
                return self._blocks[address.lower()].text
        return "" if len(self._blocks) > (0 if self._several else 1) else self.words

    def failed_recipients(self) -> list[str]:
        """Exim's and Google's X-Failed-Recipients."""
        header = self._message.get("x-failed-recipients")
        names = header.value[:20_000].split(",") if header else []
        return [name.strip(" <>\t") for name in names if "@" in name]

    def exchange(self, words: Words, *addresses: str | None) -> Exchange | None:
        """The exchange of the transcript that a Diagnostic-Code shortens, or that names the recipient."""
        start = _comparable(words.text)[:40]
        named = [address.lower() for address in addresses if address]
        for exchange in self.exchanges:
            if words.code is not None and _comparable(exchange.reply).startswith(start):
                return exchange
        for exchange in self.exchanges:
            text = f"{exchange.command}\n{exchange.reply}".lower()
            if any(address in text for address in named) and exchange.reply[:1] in "45":
                return exchange
        if words.code is None and len(self.exchanges) == 1 and self.exchanges[0].reply[:1] in "45":
            return self.exchanges[0]
        return None


_NOT_WORDS = re.compile(r"[^a-z0-9]+")


def _comparable(text: str) -> str:
    return _NOT_WORDS.sub("", text[:200].lower())


_TRUNCATED = re.compile(r"[245]\d\d-(?!\d{1,3}\s)")


def _status_row(fields: dsn.Fields, context: Context) -> Row:
    """One recipient of a delivery status notification."""
    final = dsn.address(fields.get("final-recipient"))
    written = dsn.address(fields.get("original-recipient"))
    actual = dsn.address(fields.get("x-actual-recipient"))
    diagnostic = fields.get("diagnostic-code", "")
    words = read_reply(diagnostic)
    exchange = context.exchange(words, final, actual, written) if context.exchanges else None
    block = context.block(actual, final, written)
    words = _best_words(words, diagnostic, exchange, block)
    mta_host = dsn.host(fields.get("remote-mta"))
    stage = stage_of_command(exchange.command, context.sendmail) if exchange else None
    return {
        "recipient": _recipient(final, written, actual, fields, context),
        "code": words.code,
        "enhanced": words.enhanced,
        "text": words.text,
        "receiver": mta_host or (exchange.host if exchange else None) or read_host(block),
        "action": dsn.action(fields.get("action")),
        "status": dsn.status(fields.get("status")),
        "original_recipient": written if written != final else None,
        "actual_recipient": actual,
        "stage": stage or read_stage(block) or read_stage(diagnostic),
    }


def _recipient(
    final: str | None, written: str | None, actual: str | None, fields: dsn.Fields, context: Context
) -> str | None:
    if final and "@" in final and not final.startswith("@"):
        return final
    usable = [address for address in (written, actual) if address and "@" in address]
    return usable[0] if usable else next(iter(context.failed_recipients()), None) or final


def _best_words(words: Words, diagnostic: str, exchange: Exchange | None, block: str) -> Words:
    """The most specific reply text: a Diagnostic-Code may hold the first line only, or nothing."""
    if exchange is not None:
        quoted = read_reply(exchange.reply)
        if words.code is None or (quoted.code == words.code and len(quoted.text) > len(words.text)):
            return quoted
    if (
        words.code is None
        or _is_cut(diagnostic)
        or (words.enhanced is None and _may_hold_status(block, words.code))
    ):
        told = reply_in(block) if block else None
        if told is not None and _is_better(told, words, diagnostic):
            return told
    return words


def _may_hold_status(block: str, code: int) -> bool:
    klass = code // 100
    return any(f"{klass}.{subject}." in block for subject in range(8))


def _is_cut(diagnostic: str) -> bool:
    """Does the field end within a reply of several lines ("550-…" without its last line "550 …")?"""
    if "-" not in diagnostic[:200]:
        return False
    found = re.search(r"\b([245]\d\d)-", diagnostic[:200])
    return found is not None and f"{found.group(1)} " not in diagnostic[found.end() :]


def _is_better(told: Words, words: Words, diagnostic: str) -> bool:
    if words.code is None:
        return told.code is not None or not words.text
    same = told.code == words.code and _comparable(told.text)[3:23] == _comparable(words.text)[3:23]
    if _is_cut(diagnostic):
        return same and len(told.text) > len(words.text)
    return told.code == words.code and told.enhanced is not None and len(told.text) >= len(words.text)


def _written(name: str) -> str:
    """A field name as RFCs write it: reporting-mta is Reporting-MTA."""
    return "-".join(word.upper() if word in {"mta", "id"} else word.capitalize() for word in name.split("-"))
