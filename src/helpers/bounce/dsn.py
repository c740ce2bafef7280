"""The machine-readable parts of a report: delivery status (RFC 3464) and feedback (RFC 5965, 6591).

Both are blocks of "Name: value" lines. Real ones are sloppier than the RFCs: blanks before the
colon, per-message and per-recipient fields in one block, continuation lines that are not indented,
addresses without their type. All of that is read.
"""

from __future__ import annotations

import re

MAX_BLOCKS = 2_000  # recipients in one report; a hostile report may claim any number
MAX_FIELDS = 60  # in one block; RFC 3464 knows eleven

Fields = dict[str, str]  # lower-case name -> value; of a repeated field the first counts

_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9_.-]{0,60}) ?:[ \t]*(.*)")
_NAMES_RECIPIENT = frozenset({"final-recipient", "original-recipient", "x-actual-recipient"})
_RECIPIENT_FIELDS = _NAMES_RECIPIENT | {"action", "diagnostic-code"}
_PER_MESSAGE = frozenset(
    [
        "reporting-mta",
        "received-from-mta",
        "arrival-date",
        "original-envelope-id",
        "dsn-gateway",
        "x-postfix-queue-id",
        "x-postfix-sender",
        "display_date_format",
    ]
)


def read_blocks(text: str) -> tuple[Fields, list[Fields]]:
    """The per-message fields and one block of fields for each recipient (RFC 3464 §2.1)."""
    message: Fields = {}
    recipients: list[Fields] = []
    for fields in _blocks(text):
        if not _RECIPIENT_FIELDS.isdisjoint(fields):
            for name in _PER_MESSAGE & fields.keys():
                message.setdefault(name, fields[name])
            # An empty line may stand within one recipient's fields.
            begun = recipients.pop() if recipients and _names_nobody(recipients[-1]) else {}
            recipients.append(begun | fields)
        elif recipients and "status" in fields and "diagnostic-code" not in recipients[-1]:
            recipients[-1] = fields | recipients[-1]
        else:
            for name, value in fields.items():
                message.setdefault(name, value)
    return message, recipients


def _names_nobody(fields: Fields) -> bool:
    return len(fields) < MAX_FIELDS and _NAMES_RECIPIENT.isdisjoint(fields)


def _blocks(text: str) -> list[Fields]:
    """Blocks between empty lines; a second Final-Recipient starts a new block all the same."""
    blocks: list[Fields] = []
    current: Fields = {}
    name = ""
    for line in text.split("\n"):
        if not line.strip():
            if current:
                blocks.append(current)
                if len(blocks) >= MAX_BLOCKS:
                    return blocks
            current, name = {}, ""
            continue
        new, colon, value = line.partition(":")
        new = new.rstrip(" ").lower()
        if not colon or not new[:1].isalpha() or " " in new or len(new) > 60:
            if name and len(current[name]) < 8_000:
                current[name] += " " + line.strip()
            continue
        if new == "final-recipient" and new in current:
            blocks.append(current)
            current = {}
        name = new if new not in current and len(current) < MAX_FIELDS else ""
        if name:
            current[name] = value.strip()
    if current:
        blocks.append(current)
    return blocks[:MAX_BLOCKS]


def typed(value: str | None) -> str | None:
    """What stands behind the type: ``dns; mx.example.com`` gives ``mx.example.com`` (RFC 3464 §2.1.2)."""
    if not value:
        return None
    kind, semicolon, rest = value.partition(";")
    if semicolon and "@" not in kind:
        again, semicolon, further = rest.partition(";")  # some write the type twice
        value = further if semicolon and again.strip().lower() == kind.strip().lower() else rest
    return value.strip() or None


def address(value: str | None) -> str | None:
    """The address of a recipient field as written, without type, angle brackets and comment."""
    text = typed(value)
    if text is None:
        return None
    if "@" not in text and "+40" in text:  # still in the form of the ORCPT parameter (RFC 3461 §4)
        text = _XTEXT.sub(_character, text)
    if "\\x{" in text:  # RFC 6533 §3
        text = _UNICODE.sub(_character, text)
    if "<" in text and ">" in text:
        text = text[text.index("<") + 1 : text.rindex(">")]
    if "@" in text and " " in text and not text.startswith('"'):
        text = next((word for word in text.split() if "@" in word), text)
    return text.strip(" <>\t") or None


_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_UNICODE = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")


def _character(found: re.Match[str]) -> str:
    number = int(found.group(1), 16)
    return chr(number) if 0x20 < number < 0xD800 or 0xE000 <= number < 0x110000 else found.group()


def host(value: str | None) -> str | None:
    """The host of an MTA field: lower case, without type, comment and final dot."""
    text = typed(value)
    if not text:
        return None
    name = text.split(None, 1)[0].strip("()[]<>;,").rstrip(".").lower()
    return name if "." in name or ":" in name else None


_ACTIONS = {"failure": "failed", "error": "failed", "expired": "failed", "delay": "delayed"}


def action(value: str | None) -> str | None:
    """The word of an Action field (RFC 3464 §2.3.3), put right where a server uses one of its own."""
    words = (value or "").lower().split()
    return _ACTIONS.get(words[0].rstrip(";."), words[0]) if words else None


_STATUS = re.compile(r"\s*#?([245]\.\d{1,3}\.\d{1,3})(?!\d)")


def status(value: str | None) -> str | None:
    """The three numbers of a Status field; what stands behind them is a comment (RFC 3464 §2.3.4)."""
    found = _STATUS.match(value or "")
    return found.group(1) if found else None


def read_feedback(text: str) -> list[tuple[str, str]]:
    """Every field of a feedback report in order, repeated ones too (RFC 5965 §3)."""
    fields: list[tuple[str, str]] = []
    for line in text.split("\n"):
        found = None if line[:1] in " \t" else _FIELD.match(line)
        if found:
            fields.append((found.group(1), found.group(2).strip()))
        elif line.strip() and fields and len(fields[-1][1]) < 8_000:
            fields[-1] = (fields[-1][0], f"{fields[-1][1]} {line.strip()}")
        if len(fields) >= MAX_BLOCKS:
            break
    return fields
