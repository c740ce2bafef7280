"""Bounces in free text, pasted replies, and transcripts that a server sends to its postmaster."""

from __future__ import annotations

import re

from helpers.bounce.blame import is_refusal
from helpers.bounce.events import rows_of_events
from helpers.bounce.parts import MAX_REPLIES, Copy, Material, Reading, Row
from helpers.bounce.reply import Words, read_host, read_reply, read_stage
from helpers.bounce.signs import (
    is_automatic,
    is_list_manager,
    is_submitted_by_a_program,
    looks_like_bounce,
    says_it_bounced,
    says_it_waits,
)
from helpers.bounce.status import Context
from helpers.bounce.text import (
    Block,
    inline_recipient,
    recipient_blocks,
    reply_in,
    stage_of_command,
    summary_blocks,
    telling_paragraph,
)
from helpers.message import Message
from helpers.terms import BounceKind

MAX_PASTED = 20_000  # characters; more is no longer the text of one bounce
MAX_REFUSAL = 500  # characters of a refusal pasted without its code
_DATA_FORMAT = re.compile(r"\s*(?:\{|\[\s*[\[{\"]|<\?xml)")


def read_words(message: Message, material: Material) -> Reading:
    """A bounce without report fields, going by its words; also the answer that it is none."""
    if not material.is_mail:
        return _read_pasted(message, material)
    sender = message.get("from")
    bounced = message.get("x-failed-recipients") is not None or looks_like_bounce(
        sender=(sender.value if sender else "") or message.return_path or "<>",
        subject=message.subject,
        words=material.words,
        automatic=is_automatic(message),
        returned=material.copy is not None,
        submitted=is_submitted_by_a_program(message),
    )
    if bounced or (material.copy is not None and is_list_manager(message)):
        rows = rows_from_words(material.words, message, material.copy)
        return Reading(BounceKind.PLAIN_BOUNCE, _waiting(rows, material.words))
    return _none("Neither sender nor subject nor text is that of a bounce.")


def _waiting(rows: list[Row], words: str) -> list[Row]:
    """The rows of a warning: nobody has given up yet."""
    if says_it_waits(words):
        for row in rows:
            if (row["code"] or 400) < 500:
                row["action"] = "delayed"
    return rows


def _none(why: str) -> Reading:
    return Reading(BounceKind.NOT_A_BOUNCE, notes=[why])


def _read_pasted(message: Message, material: Material) -> Reading:
    """Text without mail headers: the words of a refusal, or the text of a bounce."""
    words = material.words
    if _DATA_FORMAT.match(words) and (rows := rows_of_events(words)):
        note = "This is a sending service's record of an event; what the receiver said was read out of it."
        return Reading(BounceKind.PASTED_REPLY, rows, notes=[note])
    if len(words) > MAX_PASTED or _DATA_FORMAT.match(words):
        return _none("The text is neither a message nor the words of a refusal.")
    rows = rows_from_words(words, message, material.copy)
    paragraphs = "\n\n" in words.strip()
    if paragraphs and says_it_bounced(words) and any(row["recipient"] for row in rows):
        return Reading(BounceKind.PLAIN_BOUNCE, _waiting(rows, words))
    if any(row["code"] for row in rows) or (len(words) <= MAX_REFUSAL and is_refusal(words)):
        return Reading(BounceKind.PASTED_REPLY, rows)
    return _none("The text holds neither mail headers nor the words of a refusal.")


def rows_from_words(words: str, message: Message, copy: Copy | None) -> list[Row]:
    """Recipients and replies of a bounce in free text."""
    context = Context(words, message)
    blocks = recipient_blocks(words)
    failed = context.failed_recipients()
    known = {block.recipient.lower(): block for block in blocks}
    named = any(address.lower() in known for address in failed)
    if failed and (named or not any(_quotes_code(block) for block in blocks)):
        blocks = [known.get(address.lower()) or Block(address, words) for address in failed]
    if not blocks and not (blocks := summary_blocks(words)):
        sender = message.to[0].text if message.to else ""  # gets the bounce, is seldom its recipient
        recipient = inline_recipient(words, sender) or _only_recipient(copy) or inline_recipient(words)
        blocks = [Block(recipient or "", words)]
    start = words.find(blocks[0].recipient) if blocks[0].recipient else 0
    before = words[: max(0, start)].rstrip(" \n\t<\"'")
    rows: list[Row] = []
    shared: Row | None = None  # what the text says about all recipients that it does not name apart
    for block in blocks[: MAX_REPLIES + 1]:
        row = (
            _words_row(block, context, words, before) if block.text is not words or shared is None else shared
        )
        shared = row if block.text is words else shared
        rows.append({**row, "recipient": block.recipient or None})
    return _filled(rows)


def _quotes_code(block: Block) -> bool:
    reply = reply_in(block.text)
    return reply is not None and reply.code is not None


def _words_row(block: Block, context: Context, words: str, before: str) -> Row:
    text = block.text
    exchange = context.exchange(Words(None, None, ""), block.recipient) if context.exchanges else None
    reply = read_reply(exchange.reply) if exchange else _told(block, words, before)
    stage = stage_of_command(exchange.command, context.sendmail) if exchange else read_stage(text)
    return {
        "recipient": block.recipient or None,
        "code": reply.code,
        "enhanced": reply.enhanced,
        "text": reply.text,
        "receiver": (exchange.host if exchange else None) or read_host(text),
        "stage": stage,
    }


def _told(block: Block, words: str, before: str) -> Words:
    """What a block says, or else what stands before the list of recipients."""
    told = reply_in(block.text)
    if told is not None and (told.code or told.enhanced):
        return told
    earlier = reply_in(before) if before.strip() and block.text is not words else None
    if earlier is not None and earlier.code:
        return earlier
    if told is None:
        return read_reply(telling_paragraph(before, last=True))
    if block.text is words and told.text and words.lstrip(" \n\t-|:*").startswith(told.text[:20]):
        return read_reply(telling_paragraph(words, block.recipient))
    return told


def _filled(rows: list[Row]) -> list[Row]:
    """Recipients listed together share the reason that stands behind the last of them."""
    last: Row | None = None
    for row in reversed(rows):
        if row["text"] or row["code"]:
            last = row
        elif last is not None:
            row.update({name: last[name] for name in ("code", "enhanced", "text", "receiver", "stage")})
    return rows


def _only_recipient(copy: Copy | None) -> str | None:
    recipients = copy.message.to if copy is not None else ()
    if len(recipients) != 1:
        return None
    address = recipients[0]
    return address.text if "@" in address.text else None


# ---------------------------------------------------------------- a session's transcript

_SESSION = re.compile(r"^ ?Out: \d\d\d", re.MULTILINE)
_SAID = re.compile(r"^ ?(Out|In): {1,2}(.*(?:\n {5}.*)*)", re.MULTILINE)
_IN_ANGLES = re.compile(r"<([^<>\s]{0,320})>")


def read_session(message: Message, material: Material) -> Reading | None:
    """A transcript that a server sends to its postmaster (Postfix's ``notify_classes``), else None."""
    if "Out: " not in material.words or not _SESSION.search(material.words):
        return None
    reading = Reading(BounceKind.POSTMASTER_NOTICE)
    recipients: list[str | None] = []
    command, refused = "", ("", "")
    for who, said in _SAID.findall(material.words):
        flat = " ".join(said.split())
        address = _IN_ANGLES.search(flat)
        if who == "Out":
            refused = (command, flat) if flat[:1] in {"4", "5"} else refused
            continue
        command = flat
        if address and flat.upper().startswith("RCPT TO"):
            recipients.append(address.group(1))
        elif address and flat.upper().startswith("MAIL FROM"):
            reading.report.append(("MAIL FROM", address.group(1)))
    if refused[1]:
        words, stage = read_reply(refused[1]), stage_of_command(refused[0], sendmail=True)
        row = {"code": words.code, "enhanced": words.enhanced, "text": words.text, "stage": stage}
        reading.replies = [
            {"recipient": recipient, **row} for recipient in recipients[-MAX_REPLIES:] or [None]
        ]
    return reading
