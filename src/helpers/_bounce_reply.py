"""One SMTP reply out of running text: its code, its words, who said it and at which point of the dialogue.

Glossary: a *reply* is what a server answers, "550-5.7.26 …" on several lines or one; its *code*
has three digits (RFC 5321 §4.2), the *enhanced* status code three numbers (RFC 3463); the *stage*
is the command that was answered.
"""

from __future__ import annotations

import re
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
    rf"(?:smtp|lmtp|unknown|x-[\w-]+)?\s*;?[\s'\"#<(\[:]*(?P<code>[245]\d\d)(?:[ \-:#]+|$)(?:(?P=code)[ -])?#?(?P<enhanced>{_ENHANCED})?",
    re.IGNORECASE,
)
# Further in: behind a mark that says a reply follows.
_FURTHER = re.compile(
    rf"(?:<<<\s*|<-\s*|['\"(\[:;,#]\s*|\b(?:said|was|reason|error|code|with|returned|responsecode|reply)\b\s*:?\s*)"
    rf"(?P<code>[245]\d\d)(?=[ \-:#,)\]]|$)(?!-?\d)(?:[ \-:#]+(?:(?P=code)[ -])?#?(?P<enhanced>{_ENHANCED})?)?",
    re.IGNORECASE,
)
_BARE_ENHANCED = re.compile(rf"(?:^|[\s(\[#'\"])#?({_ENHANCED})(?=[\s)\]:;,'\"-]|$)")
_AFTER_CODE = re.compile(rf"[^.]{{0,200}}?\(#({_ENHANCED})\)|.*?ERROR_CODE :({_ENHANCED})", re.DOTALL)
_SEPARATE_CODE = re.compile(r"\b(?:error_code\s?:|responsecode)\s?([45]\d\d)\b", re.IGNORECASE)


def read_reply(text: str) -> Words:
    """Code, enhanced status code and words of a reply.

    The words keep what comes after the code; the code repeated on each line of the reply
    ("550-5.7.26 …") is left out. RFC 5321 §4.2.1, RFC 2034 §4.
    """
    flat = " ".join(text[:MAX_TEXT].split())
    found = _AT_START.match(flat) or _further(flat)
    if found is None:
        bare = _BARE_ENHANCED.search(flat)
        return Words(None, bare.group(1) if bare else None, _without_type(flat))
    code, enhanced = found.group("code"), found.group("enhanced")
    rest = flat[found.end() :]
    if "-" in found.group()[-12:]:
        rest = _without_repeats(rest, code, enhanced)
    if enhanced is None:
        enhanced = _enhanced_later(rest, code)
        words = f"{code} {rest}"
    else:
        words = f"{code} {enhanced} {rest.lstrip(' :')}"
    return Words(int(code), enhanced, words.strip().rstrip("'\"").strip())


def _further(flat: str) -> re.Match[str] | None:
    separate = _SEPARATE_CODE.search(flat)
    if separate:
        return _FURTHER.search(flat, max(0, separate.start(1) - 1))
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


# -------------------------------------------------------------------- stage

_STAGES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (stage, re.compile(pattern, re.IGNORECASE))
    for stage, pattern in (
        (
            "connect",
            r"refused to talk to me|after initial connection|initial server greeting|but greeting failed",
        ),
        (
            "end-of-data",
            r"end of DATA|after end of data|our final DATA|after I sent the message|for TEXT command|\[BODY\]|"
            r"sending end of data|after message body",
        ),
        (
            "helo",
            r"reply to (?:HELO|EHLO)|after (?:HELO|EHLO)|but my name was rejected|did not like our (?:HELO|EHLO)",
        ),
        (
            "mail",
            r"reply to MAIL FROM|after (?:pipelined )?MAIL FROM|like our MAIL FROM|sender was rejected|"
            r"does not like sender|\[MAIL_FROM\]|after MAIL command|>>> MAIL From|sending MAIL FROM",
        ),
        (
            "rcpt",
            r"reply to RCPT TO|after (?:pipelined )?RCPT TO|like our RCPT TO|does not like recipient|\[RCPT_TO\]|"
            r"after RCPT command|>>> RCPT To|SMTP:RCPT|following RCPT command|for RCPT TO response|sending RCPT TO|"
            r"RCPT TO response",
        ),
        (
            "data",
            r"reply to DATA|after (?:pipelined )?DATA\b|like our DATA|failed on DATA|\(DATA\)|\[DATA\]|sending DATA",
        ),
    )
)


def read_stage(text: str) -> str | None:
    """Which command the reply answered, as the reporting server put it; None when it does not say."""
    if not text:
        return None
    flat = " ".join(text[:MAX_TEXT].split())
    for stage, pattern in _STAGES:
        if pattern.search(flat):
            return stage
    return None


# --------------------------------------------------------------------- host

_NAME = (
    r"(?P<host>(?!\d{3}-)[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9])?\.?|\[?(?:\d{1,3}\.){3}\d{1,3}\]?)"
)
_HOSTS = tuple(
    re.compile(pattern.replace("@H", _NAME), re.IGNORECASE)
    for pattern in (
        r"\bhost:? @H\s?[\[(]",  # Postfix, Exim, 1&1
        r"(?:\A|\s)@H \[[\da-fA-F.:]+\] did not like",  # DragonFly
        r"while talking to @H:",  # Sendmail
        r"\bby (?:the server for the recipient domain \S+ by )?@H \[[\da-fA-F.:]+\]",  # Google
        r"(?:\A|\s)@H \[[\da-fA-F.:]+\]:",  # Courier
        r"Remote Server at @H \(",  # Exchange
        r"(?:\A|\s)@H(?:\[[\da-fA-F.:]+\])? (?:gave this error|rejected your message|responded with failure)",
        r"SMTP Server <@H>",
        r"\bhost: @H\b",
        r"\bhost @H",
        r"(?:\A|\s|> )@H (?:does not like|failed after)",
        r"Connected to @H but",
        r"remote host @H said",
    )
)


def read_host(text: str) -> str | None:
    """The host that gave the reply, as the reporting server names it; lower case, no final dot."""
    flat = " ".join(text[:MAX_TEXT].split())
    for pattern in _HOSTS:
        found = pattern.search(flat)
        if found and "." in found.group("host"):
            return found.group("host").strip("[].").lower()
    return None
