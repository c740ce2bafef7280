"""From a message to the facts of a bounce: kind, replies, blame. ``helpers.bounce`` gives them their form."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from helpers import _bounce_dsn as dsn
from helpers._bounce_blame import NOTHING, Blame, blame
from helpers._bounce_codes import code_meaning
from helpers._bounce_names import receiver_by_words, receiver_name, reporter_name
from helpers._bounce_parts import Material, Returned, sort_parts
from helpers._bounce_reply import Words, read_host, read_reply, read_stage
from helpers._bounce_text import (
    Block,
    Exchange,
    inline_recipient,
    looks_like_bounce,
    read_transcript,
    recipient_blocks,
    reply_in,
    says_it_bounced,
    stage_of_command,
    summary_blocks,
    telling_paragraph,
)
from helpers.message import Message, read_message
from helpers.terms import BounceKind

MAX_REPLIES = 1_000
MAX_JUDGED = 50  # different texts; further recipients of one bounce repeat them
MAX_NESTING = 3
_MAY_WRAP = frozenset({BounceKind.NOT_A_BOUNCE, BounceKind.PLAIN_BOUNCE})
_REPORTS = frozenset({BounceKind.DSN, BounceKind.ARF})
_REFUSALS = _REPORTS | {BounceKind.PLAIN_BOUNCE}
_ARRIVED = frozenset({"delivered", "relayed", "expanded"})

_ODD_BYTES = bytes(byte for byte in range(32) if byte not in b"\t\r\n\x1b\x0c")

Row = dict[str, Any]  # the fields of one Reply


@dataclass(slots=True)
class Found:
    """What was found, still changing."""

    kind: BounceKind = BounceKind.NOT_A_BOUNCE
    replies: list[Row] = field(default_factory=list)
    report: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    receiver: str | None = None
    reporter: str | None = None
    blame: Blame = NOTHING
    returned: Returned | None = None
    original: Message | None = None


def read(message: Message, depth: int = 0) -> Found:
    """Read a message as a bounce. ``depth``: how many messages it was found inside of."""
    found = Found()
    if not message.raw.strip():
        found.notes.append("The input is empty.")
        return found
    if _is_binary(message.raw):
        found.notes.append("This is not text, so neither a message nor a bounce.")
        return found
    material = sort_parts(_with_line_feeds(message))
    found.original, found.returned = material.original, material.returned
    found.notes += material.notes
    if message.raw.startswith(b"From ") and b"\nFrom " in message.body:
        found.notes.append("The file may hold several messages; the first one was read.")
    for reader in (_read_feedback, _read_status, _read_session, _read_notification, _read_words):
        if reader(found, message, material):
            break
    inner = _bounce_inside(found, depth)
    if inner is not None:
        return inner
    if len(found.replies) > MAX_REPLIES:
        found.notes.append(
            f"The bounce names {len(found.replies)} recipients; the first {MAX_REPLIES} are shown."
        )
        del found.replies[MAX_REPLIES:]
    if found.kind != BounceKind.NOT_A_BOUNCE:
        _conclude(found, message, material)
    return found


def _with_line_feeds(message: Message) -> Message:
    """Bare CR as line end (old Macs): MIME's encodings are undone line by line and need line feeds."""
    return read_message(message.raw.replace(b"\r", b"\n")) if b"\n" not in message.raw else message


def _bounce_inside(found: Found, depth: int) -> Found | None:
    """A bounce that was forwarded, or wrapped by a further server that adds no reply of its own."""
    inside = found.original
    if inside is None or depth >= MAX_NESTING or found.kind not in _MAY_WRAP:
        return None
    if any(row["code"] or row["enhanced"] for row in found.replies):
        return None
    inner = read(inside, depth + 1)
    trusted = _REFUSALS if found.kind == BounceKind.NOT_A_BOUNCE else _REPORTS
    if inner.kind not in trusted or not inner.replies:
        return None
    inner.notes.insert(0, "The bounce was found inside another message that passes it on.")
    return inner


def _is_binary(raw: bytes) -> bool:
    head = raw[:1024]
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"%PDF", b"PK\x03\x04", b"\x1f\x8b")):
        return True
    odd = len(head) - len(head.translate(None, _ODD_BYTES))
    return odd > len(head) // 10 and not head.startswith((b"\xff\xfe", b"\xfe\xff"))


# ----------------------------------------------------------- delivery status (RFC 3464)


def _read_status(found: Found, message: Message, material: Material) -> bool:
    if not material.status:
        return False
    per_message, recipients = dsn.read_blocks(material.status)
    if not per_message and not recipients:
        return False
    found.kind = BounceKind.DSN
    found.report = [(_written(name), value) for name, value in per_message.items()]
    context = _Context(material.words, message)
    rows = [_status_row(fields, context) for fields in recipients]
    failed = [row for row in rows if row["action"] not in _ARRIVED]
    if failed and len(failed) < len(rows):
        found.notes.append(f"The report also names {len(rows) - len(failed)} recipients who were reached.")
    found.replies = failed or rows
    if rows and not failed:
        found.notes.append("This report says that the message arrived; nothing failed.")
    if not rows:
        found.replies = _rows_from_words(material.words, message, material.original)
    return True


class _Context:
    """The prose of a report, looked through once for all its recipients."""

    def __init__(self, words: str, message: Message) -> None:
        self.words = words
        self.exchanges: list[Exchange] = read_transcript(words) if "<<<" in words else []
        self.sendmail = "while talking to" in words
        self._message = message
        self._blocks: dict[str, Block] | None = None

    def block(self, *addresses: str | None) -> str:
        """The lines about one recipient; all of the prose when it names nobody."""
        if self._blocks is None:
            self._blocks = {block.recipient.lower(): block for block in recipient_blocks(self.words)}
        for address in addresses:
            if address and address.lower() in self._blocks:
                return self._blocks[address.lower()].text
        return "" if len(self._blocks) > 1 else self.words

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


def _status_row(fields: dsn.Fields, context: _Context) -> Row:
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
    action = fields.get("action", "").lower().split()
    return {
        "recipient": _recipient(final, written, actual, fields, context),
        "code": words.code,
        "enhanced": words.enhanced,
        "text": words.text,
        "receiver": mta_host or (exchange.host if exchange else None) or read_host(block),
        "action": action[0] if action else None,
        "status": dsn.status(fields.get("status")),
        "original_recipient": written if written != final else None,
        "actual_recipient": actual,
        "stage": stage or read_stage(block) or read_stage(diagnostic),
    }


def _recipient(
    final: str | None, written: str | None, actual: str | None, fields: dsn.Fields, context: _Context
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
    if words.code is None or words.enhanced is None or _is_cut(diagnostic):
        told = reply_in(block) if block else None
        if told is not None and _is_better(told, words, diagnostic):
            return told
    return words


def _is_cut(diagnostic: str) -> bool:
    """Does the field end within a reply of several lines ("550-…" without its last line "550 …")?"""
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


# ------------------------------------------------------- feedback reports (RFC 5965, 6591)


def _read_feedback(found: Found, message: Message, material: Material) -> bool:
    if not material.feedback:
        return _read_complaint(found, message, material)
    fields = dsn.read_feedback(material.feedback)
    if not any(name.lower() == "feedback-type" for name, _ in fields):
        return False
    from helpers._bounce_feedback import blame_of_feedback

    found.kind = BounceKind.ARF
    found.report = fields
    found.blame = blame_of_feedback(fields, material.words)
    found.reporter = next((value for name, value in fields if name.lower() == "user-agent"), None)
    recipients = [value for name, value in fields if name.lower() == "original-rcpt-to"]
    delivery = next((value for name, value in fields if name.lower() == "delivery-result"), None)
    found.replies = [
        {"recipient": dsn.address(value), "action": delivery} for value in recipients if dsn.address(value)
    ]
    return True


def _read_complaint(found: Found, message: Message, material: Material) -> bool:
    """Hotmail's feedback loop sends the message complained about without any report part."""
    subject = message.get("subject") if material.original is not None else None
    if subject is None or not subject.value.lower().startswith("complaint about message from"):
        return False
    found.kind = BounceKind.ARF
    found.reporter = "Hotmail"
    found.blame = Blame(None, meaning="A recipient marked the message as unwanted (feedback loop).")
    return True


# ---------------------------------------------------------------- a session's transcript

_SESSION = re.compile(r"^ ?Out: \d\d\d", re.MULTILINE)
_SAID = re.compile(r"^ ?(Out|In): {1,2}(.*(?:\n {5}.*)*)", re.MULTILINE)
_IN_ANGLES = re.compile(r"<([^<>\s]{0,320})>")


def _read_session(found: Found, message: Message, material: Material) -> bool:
    """A transcript that a server sends to its postmaster (Postfix, ``notify_classes``)."""
    if not _SESSION.search(material.words):
        return False
    found.kind = BounceKind.POSTMASTER_NOTICE
    recipients: list[str] = []
    refused: list[tuple[str, str]] = []
    command = ""
    for who, said in _SAID.findall(material.words):
        flat = " ".join(said.split())
        if who == "In":
            command = flat
            address = _IN_ANGLES.search(flat)
            if flat.upper().startswith("RCPT TO") and address:
                recipients.append(address.group(1))
            elif flat.upper().startswith("MAIL FROM") and address:
                found.report.append(("MAIL FROM", address.group(1)))
        elif flat[:1] in "45":
            refused.append((command, flat))
    if not refused:
        return True
    command, reply = refused[-1]
    words = read_reply(reply)
    stage = stage_of_command(command, sendmail=True)
    for recipient in recipients[-MAX_REPLIES:] or [None]:
        found.replies.append(
            {
                "recipient": recipient,
                "code": words.code,
                "enhanced": words.enhanced,
                "text": words.text,
                "stage": stage,
            }
        )
    return True


# ---------------------------------------------------------------- notifications in JSON


def _read_notification(found: Found, message: Message, material: Material) -> bool:
    """Amazon SNS: a bounce, delivery or complaint of Amazon SES as JSON."""
    text = material.words.lstrip()
    if not text.startswith("{") or ('"notificationType"' not in text and '"eventType"' not in text):
        return False
    from helpers._bounce_feedback import rows_of_notification

    what, rows = rows_of_notification(text.replace("!\n ", ""))
    found.replies = rows
    if what == "Bounce":
        found.kind = BounceKind.PLAIN_BOUNCE
    else:
        found.notes.append(f"A notification by Amazon SNS ({what or 'of an unknown type'}), not a bounce.")
    return True


# ------------------------------------------------------------------------- free text


def _read_words(found: Found, message: Message, material: Material) -> bool:
    if not material.is_mail:
        return _read_pasted(found, message, material)
    sender = message.get("from")
    if not looks_like_bounce(
        sender=(sender.value if sender else "") or message.return_path or "<>",
        subject=message.subject,
        words=material.words,
        failed_recipients=message.get("x-failed-recipients") is not None,
    ):
        found.notes.append("Neither sender nor subject nor text is that of a bounce.")
        return True
    found.kind = BounceKind.PLAIN_BOUNCE
    found.replies = _rows_from_words(material.words, message, material.original)
    return True


def _read_pasted(found: Found, message: Message, material: Material) -> bool:
    """Text without mail headers: the words of a refusal, or the text of a bounce."""
    words = material.words
    rows = _rows_from_words(words, message, material.original)
    if says_it_bounced(words) and any(row["recipient"] for row in rows):
        found.kind = BounceKind.PLAIN_BOUNCE
    elif any(row["code"] for row in rows) or (len(words) < 2_000 and blame(words).blamed):
        found.kind = BounceKind.PASTED_REPLY
    else:
        found.notes.append("The text holds neither mail headers nor the words of a refusal.")
        return True
    found.replies = rows
    return True


def _rows_from_words(words: str, message: Message, original: Message | None) -> list[Row]:
    """Recipients and replies of a bounce in free text."""
    context = _Context(words, message)
    blocks = recipient_blocks(words)
    failed = context.failed_recipients()
    if failed:
        known = {block.recipient.lower(): block for block in blocks}
        blocks = [known.get(address.lower()) or Block(address, words) for address in failed]
    if not blocks and not (blocks := summary_blocks(words)):
        recipient = inline_recipient(words) or _only_recipient(original)
        blocks = [Block(recipient or "", words)]
    start = words.find(blocks[0].recipient) if blocks[0].recipient else 0
    before = words[: max(0, start)].rstrip(" \n\t<\"'")
    rows = [_words_row(block, context, words, before) for block in blocks]
    return _filled(rows)


def _words_row(block: Block, context: _Context, words: str, before: str) -> Row:
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


def _only_recipient(original: Message | None) -> str | None:
    if original is None or len(original.to) != 1:
        return None
    address = original.to[0]
    return address.text if "@" in address.text else None


# ------------------------------------------------------------------------ conclusions


def _conclude(found: Found, message: Message, material: Material) -> None:
    """Who refused, who reports, what is blamed."""
    host = next((row["receiver"] for row in found.replies if row.get("receiver")), None)
    texts = [row["text"] for row in found.replies[:MAX_JUDGED] if row.get("code")]
    name = receiver_name(host) or next(filter(None, map(receiver_by_words, texts)), None)
    if found.kind != BounceKind.ARF:
        _judge(found, name, material.words)
    recipient = next((row["recipient"] for row in found.replies if row.get("recipient")), None)
    domain = recipient.rpartition("@")[2] if recipient else None
    found.receiver = name or (receiver_name(domain) if not host or host[0].isdigit() else None) or host
    if found.blame.receiver and name is None and found.blame.blamed is not None:
        found.notes.append(f"These words are known from {found.blame.receiver}.")
    reporting = next((dsn.host(value) for label, value in found.report if label == "Reporting-MTA"), None)
    found.reporter = found.reporter or _reporter(message, material, reporting)


def _judge(found: Found, receiver: str | None, words: str) -> None:
    judged: set[tuple[str, str | None]] = set()
    for row in found.replies:
        if row.get("action") in _ARRIVED:
            continue
        text, enhanced = row.get("text", ""), row.get("enhanced") or row.get("status")
        if (text, enhanced) in judged or len(judged) >= MAX_JUDGED:
            continue
        judged.add((text, enhanced))
        result = blame(text, enhanced=enhanced, receiver=receiver)
        if result.blamed is not None:
            found.blame = result
            return
        if not found.blame.meaning:
            found.blame = result
    if not any(text for text, _ in judged):
        found.blame = blame(words) if words.strip() else NOTHING
    if not found.blame.meaning and found.replies:
        row = found.replies[0]
        enhanced = row.get("enhanced") or row.get("status")
        found.blame = found.blame._replace(meaning=code_meaning(enhanced, row.get("code")))


def _reporter(message: Message, material: Material, reporting: str | None) -> str | None:
    prose = [material.words[:2_000], material.words[-400:], material.status[:600]]
    if message.get("x-ms-exchange-message-is-ndr"):
        prose.append("x-ms-exchange-message-is-ndr")
    headers = [message.get(name) for name in ("from", "message-id", "subject")]
    addresses = [header.value[:300] for header in headers if header] + [reporting or ""]
    if message.get("x-bounced-address"):
        prose.append("indimail")
    return reporter_name("\n".join(prose), "\n".join(addresses), reporting)
