"""The part of a bounce that is meant for people: whom it names, what it quotes.

qmail, Exim, Exchange, DragonFly, Courier, Postfix, Sendmail and many more each have a layout of
their own, and so do their translations. Instead of one parser each there are a few rules that
hold for all: a recipient stands at the beginning of a line, and what follows is about them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from helpers.bounce.cut import MAX_REPORT
from helpers.bounce.reply import Words, closed, read_reply

MAX_LINE = 2_000
MAX_RECIPIENTS = 2_000

# --------------------------------------------------------------------- recipients

_A = r"[^\s<>\"'(),;:\[\]@|]{1,128}@[^\s<>\"'(),;:\[\]@|]{1,255}"
_ALONE = re.compile(
    rf"(?:[*>\u2022-]{{1,3}} +)?[\"'<]{{0,2}}({_A}?)[>\"']{{0,2}}(?: ?<(?:mailto:)?[^>\s]*>)? ?[:;,.]?$"
)
_LEADING = re.compile(
    rf"(?:[*>-]{{1,3}} +)?(?:<({_A})>|\"({_A})\"|({_A}))"
    r"(?:\s?:(?=\s|$)|\s+(?=[(\[]|- |on (?:[A-Z][a-z][a-z], |\d)|Invalid Address|Error, |\.\.\. ))\s*(.*)"
)
# Inside a sentence: where a recipient is surely meant; then wherever one may be meant.
_RECIPIENT = re.compile(
    rf"(?:\brcpt(?: to)?:? ?|\brecipient:? |\brecipients?[^@\n]{{0,60}}: |\bsmtp[:=]|"
    rf"\bdelivered:? (?:to:? )?|\b(?:message|mail) to:? |\baddressed to |generated from |"
    rf"\s(?:\*\*|==|=>|->) )"
    rf"[<'\"[]?(?:smtp:)?({_A})>?",
    re.IGNORECASE,
)
_INLINE = re.compile(
    rf"(?:\bto:? +|\buser: |\baddress: |is full: |\bfor |attempts: |\bto=|(?<!-\d): +|\bmailbox |"
    rf"\b(?:a|para) |\b[45]\d\d (?:[45]\.\d+\.\d+ )?)[<'\"]?({_A})>?",
    re.IGNORECASE,
)
_IN_BRACKETS = re.compile(rf"[<(]({_A})[)>]")
_HAS_CODE = re.compile(r"(?<![\w.])[45]\d\d(?:[ -]|: |$)", re.MULTILINE)
_COMMAND = re.compile(r"\s*(?:>>>|<<<)")


_OF_SENDER = re.compile(r">?:? sender address rejected", re.IGNORECASE)  # Postfix names the sender before it


class Block(NamedTuple):
    """One recipient and the lines about it."""

    recipient: str
    text: str


def recipient_blocks(words: str) -> list[Block]:
    """Recipients that stand at the beginning of a line, each with the text up to the next one."""
    found: list[tuple[str, list[str]]] = []
    margin, before = 0, ""
    for line in words[:MAX_REPORT].split("\n"):
        stripped = line.strip()
        named = _recipient_line(stripped) if "@" in stripped and len(stripped) <= MAX_LINE else None
        if named and before.endswith("sent by"):  # Exim names the sender, too
            named = None
        before = stripped or before
        indent = len(line) - len(line.lstrip()) if named else 0
        if named and found and _goes_on(found[-1], named, indent > margin):
            found[-1][1].append(stripped)
        elif named and len(found) < MAX_RECIPIENTS:
            recipient, rest = named
            margin = indent
            found.append((recipient, [rest] if rest and not rest.startswith("on ") else []))
        elif found:
            found[-1][1].append(line[:MAX_LINE])
    return _merged(found)


def _recipient_line(line: str) -> tuple[str, str] | None:
    if "\uff1a" in line:  # the colon of Chinese and Japanese, behind a label
        line = line.rpartition("\uff1a")[2].strip()
    if alone := _ALONE.match(line):
        return alone.group(1), ""
    if (leading := _LEADING.match(line)) and not _COMMAND.match(line):
        return leading.group(1) or leading.group(2) or leading.group(3), leading.group(4)
    return None


def _goes_on(before: tuple[str, list[str]], named: tuple[str, str], deeper: bool) -> bool:
    """A reply goes on that names an address at the beginning of a line: its recipient's, or further in."""
    recipient, lines = before
    return (deeper or recipient.lower() == named[0].lower()) and bool(lines) and lines[-1].strip() != ""


def _merged(found: list[tuple[str, list[str]]]) -> list[Block]:
    """The same recipient named twice (summary, then details) is one block; the one with a code counts."""
    blocks: dict[str, Block] = {}
    for recipient, lines in found:
        key, text = recipient.lower(), "\n".join(lines)
        kept = blocks.get(key)
        if (
            kept is None
            or not kept.text.strip()
            or (_HAS_CODE.search(text) and not _HAS_CODE.search(kept.text))
        ):
            blocks[key] = Block(kept.recipient if kept else recipient, text)
    return list(blocks.values())


def inline_recipient(words: str, sender: str = "") -> str | None:
    """A recipient inside a sentence: "an error delivering your mail to <…>"; None when none is named.

    ``sender``: the address that does not count.
    """
    head = words[:MAX_REPORT]
    for pattern in (_RECIPIENT, _INLINE, _IN_BRACKETS):
        for found in pattern.finditer(head):
            address = found.group(1).rstrip(".")
            if address.lower() != sender.lower() and not _OF_SENDER.match(head, found.end()):
                return address
    return None


# --------------------------------------------------------------------- transcripts


class Exchange(NamedTuple):
    """One command and its reply in a transcript of an SMTP session."""

    host: str | None
    command: str
    reply: str


_TALKING = re.compile(r"(?:\.\.\. )?while talking to ([^\s:]{1,253}):?", re.IGNORECASE)
_LOCAL = re.compile(
    r"([45]\d\d (?:[45]\.\d{1,3}\.\d{1,3} )?)<?([^\s<>@]{1,200}@[^\s<>@.]{1,63}[^\s<>@]{0,190}?)>?\.\.\. (.*)"
)


def summary_blocks(words: str) -> list[Block]:
    """Sendmail's own summary, one line a recipient: ``554 <user@example.org>... 550 Host unknown``."""
    blocks: dict[str, Block] = {}
    for line in words[:MAX_REPORT].split("\n"):
        found = _LOCAL.match(line) if line[:1] in "45" and len(line) <= MAX_LINE else None
        if found and len(blocks) < MAX_RECIPIENTS:
            code, recipient, said = found.groups()
            text = said if said[:3].isdigit() else code + said
            blocks.setdefault(recipient.lower(), Block(recipient, text))
    return list(blocks.values())


def read_transcript(words: str) -> list[Exchange]:
    """``>>>`` commands and ``<<<`` replies (Sendmail, Courier, EZweb); the lines of a reply joined."""
    exchanges: list[Exchange] = []
    host: str | None = None
    command = ""
    lines: list[str] = []

    def close() -> None:
        if lines:
            exchanges.append(Exchange(host, command, "\n".join(lines)))
            lines.clear()

    for raw in words[:MAX_REPORT].split("\n"):
        line = raw.strip()[:MAX_LINE]
        if line.startswith("<<<"):
            lines.append(line[3:].strip())
            if len(exchanges) >= MAX_RECIPIENTS:
                break
        elif line.startswith(">>>"):
            close()
            command = line[3:].strip()
        elif talking := _TALKING.match(line):
            close()
            host = talking.group(1).strip("[].").lower()
        elif lines:
            close()
    close()
    return exchanges


def stage_of_command(command: str, sendmail: bool) -> str | None:
    """The stage a command belongs to. Sendmail shows DATA for the whole of it, the final dot included."""
    word = command.upper()
    if word.startswith("DATA"):
        return "end-of-data" if sendmail else "data"
    if word == ".":
        return "end-of-data"
    for start, stage in (("MAIL", "mail"), ("RCPT", "rcpt"), ("EHLO", "helo"), ("HELO", "helo")):
        if word.startswith(start):
            return stage
    return None


# -------------------------------------------------------------- the reply in a block

_INTRODUCED = re.compile(
    r"(?:remote host said|other server returned was|response from the remote server was|response was|"
    r"server message|responded as follows|following error message|responded with failure|because of|"
    r"additional information follows|the problem appears to be|"
    r"(?:permanent|temporary) failure|technical details|reason it is being held|"
    r"message is being held because|"
    r"rejected for the following\s+reasons?|following reason for rejecting your request|"
    r"for the following reason|"
    r"address\(es\) failed|reason|because|error)[ \t]*:[ \t|-]*"
    r"|(?:server message|failure reasons|delivered information|session follows|log follows)[ \t:]*-{2,}\|?"
    r"|error delivering your mail to <[^<>\n]{1,400}>\."
)
_CODE_LINE = re.compile(
    r"([45](?<![^\s:'\"(\[\u2018\u201c\u201e\u00ab].)\d\d)(?:-|[ :](?=\s*\S))"
    r"(?!\d\d?\d?\b(?:[ :]\d|-\d{4}|$)|\d{4}\b)",
    re.MULTILINE,
)
_ENHANCED_LINE = re.compile(r"^[ \t>*-]*[45]\.\d{1,3}\.\d{1,3}[ :]", re.MULTILINE)
_ENDS = re.compile(
    r"\n[ \t]*(?:giving up on|i give up|this has been a|-{3,}|={3,}|_{3,}|\*{4,}|>>> |\(other mxes)|"
    r"[\n/)][ \t]*i'm not going to try|\s\[(?:rcpt_to|mail_from|body|data|connect)\]|\n[ \t]*\n|"
    r"\s\(in\s+reply\s+to\s|\n\s*\(expanded from"
)


def reply_in(block: str) -> Words | None:
    """The reply that a block of text quotes: code and words, or words alone; None when it quotes none."""
    text = block[: MAX_LINE * 2]
    lowered = _lowered(text)
    for code in _CODE_LINE.finditer(text):
        end = _end_of_reply(lowered, code.start(), code.group(1))
        words = read_reply(closed(_quoted(text, code.start(), end)))
        if words.code is not None:
            return words
    if line := _ENHANCED_LINE.search(text):
        return read_reply(_first_paragraph(text[line.start() :]))
    best: Words | None = None
    for introduced in [*_INTRODUCED.finditer(lowered)][:8]:
        words = read_reply(_first_paragraph(text[introduced.end() :]))
        if words.enhanced:
            return words
        best = best or (words if words.text else None)
    if best is None:
        words = read_reply(_first_paragraph(text))
        best = words if words.text else None
    return best


def _quoted(text: str, start: int, end: int) -> str:
    """A reply up to the quotation mark that closes what was opened right before it."""
    reply = text[start:end]
    closing = _CLOSING.get(text[start - 1 : start])
    return reply[: reply.index(closing)] if closing and reply.count(closing) == 1 else reply


_CLOSING = {'"': '"', "\u2018": "\u2019", "\u201c": "\u201d", "\u201e": "\u201c", "\u00ab": "\u00bb"}


def _lowered(text: str) -> str:
    """Lower case at the same positions; the rare letter that becomes two is left as it is."""
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else text


def _first_paragraph(text: str) -> str:
    stripped = text.lstrip(" \n\t-|:*")
    end = _ENDS.search(_lowered(stripped))
    return closed(stripped[: end.start() + (end.group()[0] == ")") if end else len(stripped)])


def telling_paragraph(words: str, recipient: str | None = None, last: bool = False) -> str:
    """The paragraph of a report that says what happened: with the recipient in it, or the first long one.

    ``last``: the last paragraph counts, for text that stands before a list of recipients.
    """
    paragraphs = [
        part.strip() for part in re.split(r"\n[ \t]*\n", words[:MAX_REPORT]) if part.strip(" \n*=-_|#")
    ]
    if recipient:
        paragraphs = [part for part in paragraphs if recipient in part] or paragraphs
    if last:
        return paragraphs[-1] if paragraphs and not paragraphs[-1].endswith(":") else ""
    telling = [part for part in paragraphs if len(part) >= (100 if part.endswith((":", ",")) else 40)]
    return (telling or paragraphs or [""])[0].strip(" \n*=_|#")


def _end_of_reply(text: str, start: int, code: str) -> int:
    """A reply ends at an empty line or a closing phrase, but not between its own numbered lines."""
    position = start
    while found := _ENDS.search(text, position):
        following = text[found.end() : found.end() + 200].lstrip()
        if found.group().strip() == "" and following.startswith((f"{code}-", f"{code} ")):
            position = found.end()
            continue
        return found.start() + (found.group()[0] == ")")
    return len(text)
