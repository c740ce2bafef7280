"""The part of a bounce that is meant for people: where it ends, whom it names, what it quotes.

qmail, Exim, Exchange, DragonFly, Courier, Postfix, Sendmail and many more each have a layout of
their own, and so do their translations. Instead of one parser each there are a few rules that
hold for all: the returned message starts at a marker line or at a block of header fields, a
recipient stands at the beginning of a line, and what follows it is about that recipient.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from helpers._bounce_reply import Words, read_reply

MAX_REPORT = 60_000  # characters of prose that are looked at
MAX_LINE = 2_000
MAX_RECIPIENTS = 2_000

# -------------------------------------------------- where the returned message starts

_MARK = re.compile(
    r"^[ \t>|*=_-]*(?:message headers? follows?|original message follows|(?:below|this|included|enclosed|below this line) "
    r"is a copy of (?:the|your) [^\n]{0,80}|(?:the )?headers? of the original message[^\n]{0,60}|original message headers?|"
    r"original mail info|original (?:e-?mail )?message|unsent message (?:follows|below)|returned message|undelivered message|"
    r"message text follows|bounced e-?mail|returned e-?mail|the original message (?:follows|is attached) below)"
    r"[ \t:.|*=_-]*$",
    re.IGNORECASE | re.MULTILINE,
)
_HEADER_NAMES = (
    r"received|return-path|delivered-to|dkim-signature|domainkey-signature|arc-[a-z-]{1,30}|authentication-results|"
    r"received-spf|from|to|cc|date|subject|message-id|mime-version|content-type|content-transfer-encoding|reply-to|"
    r"sender|x-[a-z0-9-]{1,60}|user-agent|list-[a-z-]{1,20}|precedence|in-reply-to|references|feedback-id"
)
_HEADER_LINE = re.compile(rf"^({_HEADER_NAMES}) ?:", re.IGNORECASE | re.MULTILINE)
_ANY_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9_.-]{0,60}) ?:|[ \t]+\S")
_NAMED = frozenset({"from", "received", "return-path"})


class Report(NamedTuple):
    """A text cut in two: what the reporting server wrote, and the message it returned ("" for none)."""

    words: str
    returned: str
    marked: bool  # a marker line says that a message follows


def cut_returned(text: str) -> Report:
    """Cut a bounce's text where the returned message starts."""
    mark = _MARK.search(text, 0, MAX_REPORT)
    block = _header_block(text, mark.end() if mark else MAX_REPORT)
    if mark and (block is None or mark.start() < block):
        return Report(text[: mark.start()], text[mark.end() :].lstrip(" \t\n=-*|"), True)
    if block is not None:
        return Report(text[:block], text[block:], False)
    return Report(text, "", False)


def _header_block(text: str, limit: int) -> int | None:
    """Where three or more header fields in a row start, one of them From, Received or Return-Path."""
    position = 0
    while found := _HEADER_LINE.search(text, position, limit):
        names: set[str] = set()
        position = found.start()
        while position < len(text) and len(names) < 8:
            line_end = text.find("\n", position)
            line_end = len(text) if line_end < 0 else line_end
            field = _ANY_FIELD.match(text, position, min(line_end, position + MAX_LINE))
            if field is None:
                break
            if field.group(1):
                names.add(field.group(1).lower())
            position = line_end + 1
        if len(names) >= 3 and names & _NAMED and not names & {"reporting-mta", "final-recipient"}:
            return found.start()
        position = max(position, found.end())
    return None


# --------------------------------------------------------------------- recipients

_A = r"[^\s<>\"'(),;:\[\]@|]{1,128}@[^\s<>\"'(),;:\[\]@|]{1,255}"
_ALONE = re.compile(
    rf"(?:[*>\u2022-]{{1,3}} +)?[\"'<]{{0,2}}({_A}?)[>\"']{{0,2}}(?: ?<(?:mailto:)?[^>\s]*>)? ?[:;,.]?$"
)
_LEADING = re.compile(
    rf"(?:[*>-]{{1,3}} +)?(?:<({_A})>|\"({_A})\"|({_A}))"
    r"(?:\s?:(?=\s|$)|\s+(?=[(\[]|on [A-Z][a-z][a-z], |Invalid Address|Error, |\.\.\. ))\s*(.*)"
)
_INLINE = re.compile(
    rf"(?:\bto:? |\brecipient:? |\brecipients?[^@\n]{{0,60}}: |\buser: |\baddress: |is full: |\bfor |attempts: |"
    rf"\bto=|\brcpt: |: |\b[45]\d\d (?:[45]\.\d+\.\d+ )?|delivered:? )<?({_A})>?",
    re.IGNORECASE,
)
_IN_BRACKETS = re.compile(rf"[<(]({_A})[)>]")
_COMMAND = re.compile(r"\s*(?:>>>|<<<)")


class Block(NamedTuple):
    """One recipient and the lines about it."""

    recipient: str
    text: str


def recipient_blocks(words: str) -> list[Block]:
    """Recipients that stand at the beginning of a line, each with the text up to the next one."""
    found: list[tuple[str, list[str]]] = []
    for line in words[:MAX_REPORT].split("\n"):
        stripped = line.strip()
        named = _recipient_line(stripped) if "@" in stripped and len(stripped) <= MAX_LINE else None
        if named and len(found) < MAX_RECIPIENTS:
            recipient, rest = named
            found.append((recipient, [rest] if rest else []))
        elif found:
            found[-1][1].append(line[:MAX_LINE])
    return _merged(found)


def _recipient_line(line: str) -> tuple[str, str] | None:
    if alone := _ALONE.match(line):
        return alone.group(1), ""
    if (leading := _LEADING.match(line)) and not _COMMAND.match(line):
        return leading.group(1) or leading.group(2) or leading.group(3), leading.group(4)
    return None


def _merged(found: list[tuple[str, list[str]]]) -> list[Block]:
    """The same recipient named twice (summary, then details) is one block."""
    blocks: dict[str, list[str]] = {}
    written: dict[str, str] = {}
    for recipient, lines in found:
        key = recipient.lower()
        written.setdefault(key, recipient)
        kept = blocks.setdefault(key, [])
        if not any(line.strip() for line in kept):
            kept[:] = lines
        elif any(line.strip() for line in lines) and len(kept) < 200:
            kept.extend(lines)
    return [Block(written[key], "\n".join(lines)) for key, lines in blocks.items()]


def inline_recipient(words: str) -> str | None:
    """A recipient inside a sentence: "an error delivering your mail to <…>"; None when none is named."""
    head = words[:MAX_REPORT]
    found = _INLINE.search(head) or _IN_BRACKETS.search(head)
    return found.group(1).rstrip(".") if found else None


# --------------------------------------------------------------------- transcripts


class Exchange(NamedTuple):
    """One command and its reply in a transcript of an SMTP session."""

    host: str | None
    command: str
    reply: str


_TALKING = re.compile(r"(?:\.\.\. )?while talking to ([^\s:]{1,253}):?", re.IGNORECASE)
_SENDMAIL_LOCAL = re.compile(r"([45]\d\d) ((?:[45]\.\d{1,3}\.\d{1,3} )?)<?([^\s<>]{1,200})>?\.\.\. ")


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
    r"additional information follows|the problem appears to be|reason|because|error|details|log follows)\b"
    r"[ \t]*[:.]?[ \t|-]*",
    re.IGNORECASE,
)
_CODE_LINE = re.compile(
    r"(?:^|(?<=[\s:'\"(\[]))([45]\d\d)(?:-|[ :](?=\s*\S))(?!\d\d?\d?\b(?:[ :]\d|$))", re.MULTILINE
)
_ENDS = re.compile(
    r"\n[ \t]*(?:giving up on|i'm not going to try|i give up|this has been a|-{3,}|={3,}|_{3,}|\*{4,}|>>> |\(other mxes)|"
    r"\s\[(?:RCPT_TO|MAIL_FROM|BODY|DATA|CONNECT)\]|\n[ \t]*\n|\s\(in\s+reply\s+to\s|\n\s*\(expanded from",
    re.IGNORECASE,
)


def reply_in(block: str) -> Words | None:
    """The reply that a block of text quotes: code and words, or words alone; None when it quotes none."""
    text = block[: MAX_LINE * 2]
    for code in _CODE_LINE.finditer(text):
        end = _end_of_reply(text, code.start(), code.group(1))
        words = read_reply(text[code.start() : end].rstrip(" \n'\"])"))
        if words.code is not None:
            return words
    best: Words | None = None
    for start in [found.end() for found in _INTRODUCED.finditer(text)][:8] or [0]:
        stripped = text[start:].lstrip(" \n\t-|:")
        end_match = _ENDS.search(stripped)
        words = read_reply(stripped[: end_match.start() if end_match else len(stripped)])
        if words.enhanced:
            return words
        best = best or (words if words.text else None)
    return best


def _end_of_reply(text: str, start: int, code: str) -> int:
    """A reply ends at an empty line or a closing phrase, but not between its own numbered lines."""
    position = start
    while found := _ENDS.search(text, position):
        following = text[found.end() : found.end() + 200].lstrip()
        if found.group().strip() == "" and following.startswith((f"{code}-", f"{code} ")):
            position = found.end()
            continue
        return found.start()
    return len(text)


# --------------------------------------------------------------------- is it a bounce?

_SAYS_SO = re.compile(
    r"this is the qmail-send program|created automatically by (?:the )?(?:mail delivery|smtp relay)|this is the dragonfly mail agent|"
    r"this is the mailer-daemon|wasn't able to deliver your message|we were unable to deliver your message|"
    r"an error has occurred while attempting to deliver|delivery to the following recipients?|unable to deliver (?:mail|message)|"
    r"(?:could|can) ?not be delivered|couldn't be delivered|message has not been delivered|not been delivered|was not delivered to|"
    r"did not reach the following|delivery has failed|delivery failed|following addresses had|trouble delivering your message|"
    r"an error (?:has )?occurred while (?:trying|attempting) to deliver|was rejected by a remote|following recipients? (?:was|were) rejected|"
    r"recipients returned permanent errors|rejected recipient|mail sent on: |mailbox is full|failed addresses follow|"
    r"reject reason|unknown user: |failure reasons|not be delivered to|transcript of session follows|rejected your message|"
    r"message was rejected|has been rejected|incorrectly constructed|\u914d\u4fe1\u3067\u304d\u307e\u305b\u3093|"
    r"\u9001\u4fe1\u3067\u304d\u307e\u305b\u3093|zustell|nicht zugestellt|n'a pas pu \u00eatre|no se ha podido|\u9000\u4fe1",
    re.IGNORECASE,
)
_FROM_A_DAEMON = re.compile(
    r"mailer-?daemon|postmaster|mail delivery|mail administrator|mail deliver|system administrator|<>|mail system|ndr administrator|"
    r"mailbounce|delivery subsystem|no-reply@[^ ]*dion",
    re.IGNORECASE,
)
_ABOUT_FAILURE = re.compile(
    r"undeliver|deliver(?:y|ed)|returned? (?:mail|to sender)|failure|bounce|could not|non ?remis|rejected|mail error|not be sent|"
    r"unzustellbar|error sending|mail system error|returning message|no entregado|could not send",
    re.IGNORECASE,
)


def looks_like_bounce(*, sender: str, subject: str, words: str, failed_recipients: bool) -> bool:
    """Is a message without machine-readable report a bounce, going by sender, subject and text?

    Two of the three have to agree: a person may write about an undelivered mail, too.
    """
    if failed_recipients:
        return True
    daemon = _FROM_A_DAEMON.search(sender) is not None
    says_so = _SAYS_SO.search(words[:MAX_REPORT]) is not None
    subject_fits = _ABOUT_FAILURE.search(subject) is not None
    return daemon + says_so + subject_fits >= 2


def says_it_bounced(words: str) -> bool:
    """Does a pasted text read like a bounce as a whole?"""
    return _SAYS_SO.search(words[:MAX_REPORT]) is not None
