"""The part of a bounce that is meant for people: where it ends, whom it names, what it quotes.

qmail, Exim, Exchange, DragonFly, Courier, Postfix, Sendmail and many more each have a layout of
their own, and so do their translations. Instead of one parser each there are a few rules that
hold for all: the returned message starts at a marker line or at a block of header fields, a
recipient stands at the beginning of a line, and what follows it is about that recipient.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from helpers._bounce_reply import Words, closed, read_reply

MAX_REPORT = 60_000  # characters of prose that are looked at
MAX_LINE = 2_000
MAX_RECIPIENTS = 2_000

# -------------------------------------------------- where the returned message starts

_MARK = re.compile(
    r"message headers? follows?|original message follows|(?:below|this|included|enclosed|below this line) "
    r"is a copy of (?:the|your) .{0,80}|(?:the )?headers? of the original message.{0,60}|original message headers?|"
    r"original mail info|original (?:e-?mail )?message|unsent message (?:follows|below)|returned message|"
    r"undelivered message|message text follows|(?:bounced|returned) e-?mail|"
    r"the original message (?:follows|is attached) below"
)
_MARK_WORDS = ("copy of", "original", "follow", "unsent", "returned", "undelivered", "bounced")
_HEADER_NAMES = frozenset(
    [
        *("received", "return-path", "delivered-to", "dkim-signature", "domainkey-signature", "received-spf"),
        *("authentication-results", "from", "to", "cc", "date", "subject", "message-id", "mime-version"),
        *("content-type", "content-transfer-encoding", "reply-to", "sender", "user-agent", "precedence"),
        *("in-reply-to", "references", "feedback-id"),
    ]
)
_NAMED = frozenset({"from", "received", "return-path"})  # one of them is in every header that came back
_STATUS_NAMES = frozenset({"reporting-mta", "final-recipient", "x-postfix-queue-id"})


class Report(NamedTuple):
    """A text cut in two: what the reporting server wrote, and the message it returned ("" for none)."""

    words: str
    returned: str


def cut_returned(text: str) -> Report:
    """Cut a bounce's text where the returned message starts: at a marker line, or at header fields."""
    lowered = text[:MAX_REPORT].lower()
    mark = _mark_line(lowered)
    if any(f"\n{name}:" in lowered or f"\n{name} :" in lowered for name in _NAMED) or lowered.startswith(
        ("received:", "from:", "return-path:")
    ):
        block = _header_block(text[: mark[0] if mark else MAX_REPORT])
        if block is not None:
            return Report(text[:block], text[block:])
    if mark:
        return Report(text[: mark[0]], text[mark[1] :].lstrip(" \t\n=-*|"))
    return Report(text, "")


def _mark_line(lowered: str) -> tuple[int, int] | None:
    """Start and end of the first line that announces the returned message."""
    best: tuple[int, int] | None = None
    for word in _MARK_WORDS:
        at = lowered.find(word)
        while at >= 0 and (best is None or at < best[0]):
            start, end = lowered.rfind("\n", 0, at) + 1, lowered.find("\n", at)
            end = len(lowered) if end < 0 else end
            if end - start < 200 and _MARK.fullmatch(lowered[start:end].strip(" \t>|*=_-:.")):
                best = (start, end)
                break
            at = lowered.find(word, end)
    return best


def _header_block(text: str) -> int | None:
    """Where three or more header fields in a row start, one of them From, Received or Return-Path."""
    lines = text.split("\n")
    position = skip_to = 0
    for number, line in enumerate(lines):
        if number >= skip_to and _field_name(line) in _HEADER_NAMES:
            names, skip_to = _names_of_block(lines, number)
            if len(names) >= 3 and names & _NAMED and not names & _STATUS_NAMES:
                return position
        position += len(line) + 1
    return None


def _field_name(line: str) -> str:
    """The name when a line starts like a header field, else ""; unknown X- fields count as one name."""
    colon = line.find(":", 1, 70)
    if colon < 0 or not line[0].isalpha():
        return ""
    name = line[:colon].rstrip(" ").lower()
    if name in _HEADER_NAMES or not name.startswith(("x-", "arc-", "list-")) or " " in name:
        return name
    return "subject" if name not in _STATUS_NAMES else name


def _names_of_block(lines: list[str], start: int) -> tuple[set[str], int]:
    """The different field names from a line on, and the number of the line where the fields end."""
    names: set[str] = set()
    for number in range(start, len(lines)):
        line = lines[number]
        if line[:1] in " \t" and line.strip():
            continue
        name = line[: line.find(":", 1, 70)].rstrip(" ").lower() if line[:1].isalpha() and ":" in line[:70] else ""
        if not name or " " in name:
            return names, number
        names.add(name)
        if len(names) >= 8 and names & _NAMED:
            return names, number
    return names, len(lines)


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
_HAS_CODE = re.compile(r"(?<![\w.])[45]\d\d(?:[ -]|: |$)", re.MULTILINE)
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
        if named and found and _goes_on(found[-1], named):
            found[-1][1].append(stripped)
        elif named and len(found) < MAX_RECIPIENTS:
            recipient, rest = named
            found.append((recipient, [rest] if rest and not rest.startswith("on ") else []))
        elif found:
            found[-1][1].append(line[:MAX_LINE])
    return _merged(found)


def _recipient_line(line: str) -> tuple[str, str] | None:
    if alone := _ALONE.match(line):
        return alone.group(1), ""
    if (leading := _LEADING.match(line)) and not _COMMAND.match(line):
        return leading.group(1) or leading.group(2) or leading.group(3), leading.group(4)
    return None


def _goes_on(before: tuple[str, list[str]], named: tuple[str, str]) -> bool:
    """A reply that names the recipient once more, on a line of its own, goes on."""
    recipient, lines = before
    return recipient.lower() == named[0].lower() and bool(lines) and lines[-1].strip() != ""


def _merged(found: list[tuple[str, list[str]]]) -> list[Block]:
    """The same recipient named twice (summary, then details) is one block; the one with a code counts."""
    blocks: dict[str, Block] = {}
    for recipient, lines in found:
        key, text = recipient.lower(), "\n".join(lines)
        kept = blocks.get(key)
        if kept is None or not kept.text.strip() or (_HAS_CODE.search(text) and not _HAS_CODE.search(kept.text)):
            blocks[key] = Block(kept.recipient if kept else recipient, text)
    return list(blocks.values())


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
_LOCAL = re.compile(r"([45]\d\d (?:[45]\.\d{1,3}\.\d{1,3} )?)<([^\s<>@]{1,200}@[^\s<>@]{1,250})>\.\.\. (.*)")


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
    r"additional information follows|the problem appears to be|(?:permanent|temporary) failure|technical details|"
    r"address\(es\) failed|reason|because|error)[ \t]*:[ \t|-]*"
    r"|(?:server message|failure reasons|delivered information|session follows|log follows)[ \t:]*-{2,}\|?"
    r"|error delivering your mail to <[^<>\n]{1,400}>\.",
    re.IGNORECASE,
)
_CODE_LINE = re.compile(
    r"([45](?<![^\s:'\"(\[].)\d\d)(?:-|[ :](?=\s*\S))(?!\d\d?\d?\b(?:[ :]\d|$))", re.MULTILINE
)
_ENHANCED_LINE = re.compile(r"^[ \t>*-]*[45]\.\d{1,3}\.\d{1,3}[ :]", re.MULTILINE)
_ENDS = re.compile(
    r"\n[ \t]*(?:giving up on|i give up|this has been a|-{3,}|={3,}|_{3,}|\*{4,}|>>> |\(other mxes)|"
    r"[\n/)][ \t]*i'm not going to try|\s\[(?:RCPT_TO|MAIL_FROM|BODY|DATA|CONNECT)\]|\n[ \t]*\n|"
    r"\s\(in\s+reply\s+to\s|\n\s*\(expanded from",
    re.IGNORECASE,
)


def reply_in(block: str) -> Words | None:
    """The reply that a block of text quotes: code and words, or words alone; None when it quotes none."""
    text = block[: MAX_LINE * 2]
    for code in _CODE_LINE.finditer(text):
        end = _end_of_reply(text, code.start(), code.group(1))
        words = read_reply(closed(text[code.start() : end]))
        if words.code is not None:
            return words
    if line := _ENHANCED_LINE.search(text):
        return read_reply(_first_paragraph(text[line.start() :]))
    best: Words | None = None
    for introduced in [*_INTRODUCED.finditer(text)][:8]:
        words = read_reply(_first_paragraph(text[introduced.end() :]))
        if words.enhanced:
            return words
        best = best or (words if words.text else None)
    if best is None:
        words = read_reply(_first_paragraph(text))
        best = words if words.text else None
    return best


def _first_paragraph(text: str) -> str:
    stripped = text.lstrip(" \n\t-|:*")
    end = _ENDS.search(stripped)
    return closed(stripped[: end.start() + (end.group()[0] == ")") if end else len(stripped)])


def telling_paragraph(words: str, recipient: str | None = None, last: bool = False) -> str:
    """The paragraph of a prose report that says what happened: with the recipient in it, else the longest part.

    ``last``: the last paragraph counts, for text that stands before a list of recipients.
    """
    paragraphs = [part.strip() for part in re.split(r"\n[ \t]*\n", words[:MAX_REPORT]) if part.strip(" \n*=-_|#")]
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


# --------------------------------------------------------------------- is it a bounce?

_SAYS_SO = (
    *("this is the qmail-send program", "created automatically by", "dragonfly mail agent", "mailer-daemon, please"),
    *("able to deliver your message", "able to deliver mail", "able to deliver message", "unable to deliver"),
    *("while attempting to deliver", "while trying to deliver", "delivery to the following recip", "be delivered"),
    *("not been delivered", "was not delivered to", "did not reach the following", "delivery has failed"),
    *("delivery failed", "delevery to the following", "following addresses had", "trouble delivering your message"),
    *("rejected by a remote", "following recipient was rejected", "following recipients were rejected"),
    *("recipients returned permanent errors", "rejected recipient", "mailbox is full", "failed addresses follow"),
    *("reject reason", "unknown user: ", "failure reasons", "session follows", "rejected your message"),
    *("message was rejected", "has been rejected", "incorrectly constructed", "addressed to:", "non-deliverable"),
    *("\u914d\u4fe1\u3067\u304d\u307e\u305b\u3093", "\u9001\u4fe1\u3067\u304d\u307e\u305b\u3093"),  # Japanese: not delivered
    *("zugestellt", "zustellung", "n'a pas pu \u00eatre", "no se ha podido", "\u9000\u4fe1"),
)
_FROM_A_DAEMON = re.compile(
    r"mailer-?daemon|postmaster|mail deliver|mail administrator|system administrator|<>|mail system|"
    r"ndr administrator|mailbounce|delivery subsystem|no-reply@[^ ]{0,80}dion"
)
_ABOUT_FAILURE = re.compile(
    r"undeliver|deliver(?:y|ed)|returned? (?:mail|to sender)|failure|bounce|could not|non ?remis|rejected|"
    r"mail error|not be sent|unzustellbar|error sending|mail system error|returning message|no entregado"
)
_QUOTES_REPLY = re.compile(r"(?<![\w.])[45]\d\d[ -][45]\.\d{1,3}\.\d{1,3}\b|<<< [45]\d\d ")


def looks_like_bounce(*, sender: str, subject: str, words: str, failed_recipients: bool) -> bool:
    """Is a message without machine-readable report a bounce, going by sender, subject and text?

    Two of the three have to agree: a person may write about an undelivered mail, too.
    """
    if failed_recipients:
        return True
    daemon = _FROM_A_DAEMON.search(sender.lower()) is not None
    says_so = says_it_bounced(words)
    if daemon and says_so:
        return True
    subject_fits = _ABOUT_FAILURE.search(subject.lower()) is not None
    quotes_reply = _QUOTES_REPLY.search(words, 0, MAX_REPORT) is not None
    return daemon + says_so + subject_fits + quotes_reply >= 2 and (daemon or says_so)


def says_it_bounced(words: str) -> bool:
    """Does a pasted text read like a bounce as a whole?"""
    lowered = words[:MAX_REPORT].lower()
    return any(phrase in lowered for phrase in _SAYS_SO)
