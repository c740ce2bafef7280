"""One SMTP reply out of running text: its code, its words, who said it and at which point of the dialogue.

Glossary: a *reply* is what a server answers, "550-5.7.26 …" on several lines or one; its *code*
has three digits (RFC 5321 §4.2), the *enhanced* status code three numbers (RFC 3463); the *stage*
is the command that was answered.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

MAX_TEXT = 4_000


class Words(NamedTuple):
    """A reply as read. ``text`` is on one line, the code once at its beginning."""

    code: int | None
    enhanced: str | None
    text: str


_ENHANCED = r"[245]\.\d{1,3}\.\d{1,3}(?![\d.]*\d)"
# At the very beginning, after the type of an RFC 3464 Diagnostic-Code or the noise before it.
_AT_START = re.compile(
    r"(?:smtp|lmtp|unknown|x-[\w-]+)?\s*;?[\s'\"#<(\[:]*(?P<code>[245]\d\d)"
    rf"(?:[ \-:#]+'?(?=[245]\.\d)|[ \-:#]+|$)(?:(?P=code)[ -])?#?(?P<enhanced>{_ENHANCED})?",
    re.IGNORECASE,
)
# Further in: behind a mark that says a reply follows.
_FURTHER = re.compile(
    r"(?:<<<\s*|<-\s*|(?<![\da-f])[:;,] ?|['\"(\[#>] ?|[:;] |"
    r"\b(?:said|was|reason|error|code|with|returned|responsecode|reply)\b\s*:?\s*)"
    r"(?P<code>[45]\d\d)(?=[ \-:#,)\]]|$)(?!-?\d|\) ?\d)"
    rf"(?:[ \-:#]+(?:(?P=code)[ -])?#?(?P<enhanced>{_ENHANCED})?)?",
    re.IGNORECASE,
)
_BARE_ENHANCED = re.compile(rf"(?:^|[\s(\[#'\"])#?({_ENHANCED})(?=[\s)\]:;,'\"-]|$)")
_SPLIT_CODE = re.compile(r"\bERROR_CODE ?: ?([45]\d\d),? *(?:ERROR_CODE ?: ?)?,? ?")  # Zoho
_WRAPPED = re.compile(
    r"#[245]\.\d{1,3}\.\d{1,3} smtp; ?(?=[45]\d\d)"
)  # Exchange: <host #5.7.1 smtp;550 …> #SMTP#
_OWN_CODE = re.compile(r"x-unix", re.IGNORECASE)  # a program's exit status, not a reply


def read_reply(text: str) -> Words:
    """Code, enhanced status code and words of a reply.

    The words keep what comes after the code; the code repeated on each line of the reply
    ("550-5.7.26 …") is left out. RFC 5321 §4.2.1, RFC 2034 §4.
    """
    flat = _SPLIT_CODE.sub(r"\1 ", " ".join(text[:MAX_TEXT].split()))
    if wrapped := _WRAPPED.search(flat):
        flat = closed(flat[wrapped.end() :].removesuffix("#SMTP#").rstrip(" '\""))
    found = _AT_START.match(flat)
    if found is None or found.group("code")[0] == "2":
        found = _further(flat) or (found if found and not _OWN_CODE.match(flat) else None)
    if found is None:
        bare = _BARE_ENHANCED.search(flat)
        return Words(None, bare.group(1) if bare else None, closed(_without_type(flat)))
    code, enhanced = found.group("code"), found.group("enhanced")
    rest = flat[found.end() :]
    if not rest.strip(" ]).'\"") and found.start():  # the code stands behind the words
        return Words(int(code), enhanced, closed(_without_type(flat)))
    if "-" in found.group()[-12:]:
        rest = _without_repeats(rest, code, enhanced)
    if enhanced is None:
        enhanced = _enhanced_later(rest, code)
        words = f"{code} {rest.lstrip(' ,')}"
    else:
        words = f"{code} {enhanced} {rest.lstrip(' :')}"
    return Words(int(code), enhanced, closed(words))


def _further(flat: str) -> re.Match[str] | None:
    best = None
    for found in _FURTHER.finditer(flat):
        if found.group("enhanced"):
            return found
        best = best or found
    return best


def _enhanced_later(rest: str, code: str) -> str | None:
    """qmail writes the enhanced code at the end, "(#5.1.1)"; others in the middle. Class as the code's."""
    for found in _BARE_ENHANCED.finditer(rest):
        if found.group(1)[0] == code[0]:
            return found.group(1)
    return None


def _without_repeats(rest: str, code: str, enhanced: str | None) -> str:
    status = rf"(?:#?{re.escape(enhanced)}[ :]*)?" if enhanced else ""
    rest = re.sub(rf"(?:^|(?<=\s)){code}-[ ]?{status}", "", rest)
    return re.sub(rf"(?:^|(?<=\s)){code} +{status}", "", rest)


def _without_type(flat: str) -> str:
    return re.sub(r"^(?:smtp|lmtp|unknown|x-[\w-]{1,40})\s*;\s*", "", flat, count=1, flags=re.IGNORECASE)


def closed(text: str) -> str:
    """Without the closing quote or bracket of a quotation that was opened before the text."""
    text = text.strip()
    for quote in ("'", '"'):
        if text.endswith(quote) and text.count(quote) % 2:
            text = text[:-1]
    for opening, closing in ("[]", "()", "<>"):
        if text.endswith(closing) and text.count(closing) > text.count(opening):
            text = text[:-1]
    if text.startswith("[") and text.endswith("]") and text.count("[") == 1:
        text = text[1:-1]
    return text


# -------------------------------------------------------------------- stage

_STAGES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "connect",
        (
            "refused to talk to me",
            "after initial connection",
            "initial server greeting",
            "but greeting failed",
        ),
    ),
    (
        "end-of-data",
        (
            "to end of data",
            "after end of data",
            "sending end of data",
            "our final data",
            "after message body",
            "after i sent the message",
            "for text command",
            "[body]",
        ),
    ),
    (
        "helo",
        (
            "to helo command",
            "to ehlo command",
            "after helo",
            "after ehlo",
            "like our helo",
            "like our ehlo",
            "my name was rejected",
        ),
    ),
    (
        "mail",
        (
            "to mail from",
            "after mail from",
            "after pipelined mail from",
            "like our mail from",
            "sending mail from",
            "sender was rejected",
            "does not like sender",
            "[mail_from]",
            "after mail command",
            ">>> mail from",
        ),
    ),
    (
        "rcpt",
        (
            "to rcpt to",
            "after rcpt to",
            "after pipelined rcpt to",
            "like our rcpt to",
            "sending rcpt to",
            "does not like recipient",
            "[rcpt_to]",
            "after rcpt command",
            ">>> rcpt to",
            "smtp:rcpt",
            "following rcpt command",
            "rcpt to response",
        ),
    ),
    (
        "data",
        (
            "to data command",
            "after data",
            "after pipelined data",
            "like our data",
            "failed on data",
            "(data)",
            "[data]",
            "sending data",
        ),
    ),
)


def read_stage(text: str) -> str | None:
    """Which command the reply answered, as the reporting server put it; None when it does not say."""
    if not text:
        return None
    flat = " ".join(text[:MAX_TEXT].lower().split())
    for stage, phrases in _STAGES:
        for phrase in phrases:
            if phrase in flat:
                return stage
    return None


# --------------------------------------------------------------------- host

_NAME = (
    r"(?P<host>(?!\d{3}-)[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9])?\.?|\[?(?:\d{1,3}\.){3}\d{1,3}\]?)"
)
# What has to occur, and the pattern around the host's name; compiled when it is first needed.
_HOSTS = (
    ("host", r"\bhost:? @H\s?[\[(]"),  # Postfix, Exim, 1&1
    ("did not like", r"(?:\A|\s)@H \[[\da-fA-F.:]+\] did not like"),  # DragonFly
    ("while talking to", r"while talking to @H:"),  # Sendmail
    ("by ", r"\bby (?:the server for the recipient domain \S+ by )?@H \[[\da-fA-F.:]+\]"),  # Google
    ("]:", r"(?:\A|\s)@H \[[\da-fA-F.:]+\]:"),  # Courier
    ("] failed with", r"\bServer @H\[[\da-fA-F.:]+\] failed with"),  # MailFoundry
    ("Remote Server at", r"Remote Server at @H \("),  # Exchange
    (" gave this error", r"(?:\A|\s)@H gave this error"),
    (" rejected your message", r"(?:\A|\s)@H rejected your message"),
    (" responded with failure", r"(?:\A|\s)@H(?:\[[\da-fA-F.:]+\])? responded with failure"),
    ("SMTP Server <", r"SMTP Server <@H>"),
    ("host", r"(?<!client )\b(?:host|remote host):? @H\b"),
    (" does not like", r"(?:\A|\s|> )@H does not like"),
    (" failed after", r"(?:\A|\s|> )@H failed after"),
    ("Connected to", r"Connected to @H but"),
    ("Receiving server:", r"\bReceiving server: @H(?:\s|$)"),  # Exchange Online
    ("Server at", r"\bServer at @H returned"),
    ("H=", r"\sH=@H \["),  # Exim's log
)


@cache
def _host_pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace("@H", _NAME), re.IGNORECASE)


def read_host(text: str) -> str | None:
    """The host that gave the reply, as the reporting server names it; lower case, no final dot."""
    flat = " ".join(text[:MAX_TEXT].split())
    for needed, pattern in _HOSTS:
        if needed in flat:
            found = _host_pattern(pattern).search(flat)
            if found and "." in found.group("host"):
                return found.group("host").strip("[].").lower()
    return None
