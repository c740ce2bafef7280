"""The way a mail took, out of its Received fields (RFC 5321 §4.4) as real servers write them.

The clauses (``from``, ``by``, ``with``, ``id``, ``for``) are told apart first, comments kept with the
clause they follow; what a clause then means depends on who wrote it: Postfix and Sendmail put HELO
first and the verified name into the comment, Exim and qmail the other way round.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from helpers.message.dates import parse_date
from helpers.message.fields import Header
from helpers.message.limits import MAX_HOPS, MAX_VALUE
from helpers.terms import Shown, filled_directly


@filled_directly
@dataclass(frozen=True, slots=True, repr=False)
class Hop(Shown):
    """One server passing the mail on to the next, as the receiving one wrote it down.

    ``index`` counts from the oldest hop, 0. ``helo`` is the name the client gave, ``rdns`` the name
    its address has in DNS, ``ip`` that address. ``delay_seconds`` counts from the previous hop; it is
    None when a date is missing and negative when clocks disagree (``note`` says so). ``tls`` is
    ``"TLS"`` with what is known of version and cipher, None when nothing says that TLS was used.
    """

    index: int
    helo: str | None = None
    rdns: str | None = None
    ip: str | None = None
    by: str | None = None
    protocol: str | None = None
    tls: str | None = None
    for_address: str | None = None
    id: str | None = None
    date: datetime | None = None
    delay_seconds: int | None = None
    raw_text: str = ""
    envelope_from: str | None = None  # "" for the null sender
    authenticated: bool = False  # the client logged in: this is a submission (RFC 4954)
    header_index: int = 0  # which header of the message, 0 is the topmost
    note: str = ""


_TOKEN = re.compile(r"[^\s();]+|\([^()]*\)|[();]")  # a comment without a comment in it is one piece
_BRACKET = re.compile(r"[()]")
_KEYWORDS = frozenset({"from", "by", "with", "id", "for", "via"})
_EMPTY_CLAUSES = frozenset({("with", "id"), ("id", "for")})  # QQ writes "with id ;" and "id for <…>"
_IPV4 = re.compile(r"(?<![\w.:-])(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})(?![\w-]|\.\w)")
_IPV6 = re.compile(
    r"(?<![\w:.])(?:IPv6:)?((?:[0-9A-Fa-f]{0,4}:){2,7}(?:[0-9A-Fa-f]{1,4}|\d{1,3}(?:\.\d{1,3}){3})?)(?![\w:])",
    re.I,
)
_HELO = re.compile(r"""\b(?:helo|ehlo|lhlo)[= ]\s*["?]?([^\s"?()]+)""", re.I)
_ENVELOPE_FROM = re.compile(r"\benvelope[- ](?:from|sender)[=: ]\s*(<[^<>]*>|[^\s<>();]+)", re.I)
_AUTHENTICATED = re.compile(r"\b(?:authenticated|auth=)", re.I)
_TLS_VERSION = re.compile(r"\b(TLS|SSL)\s?v?\s?(\d)(?:[._](\d))?", re.I)
_TLS_CIPHER = re.compile(
    r"\bcipher[= ]\s*([A-Za-z0-9_-]{6,60})|\bTLS[\w.]{0,12}:([A-Za-z0-9_-]{6,60})|\btls (TLS_\w+)", re.I
)
_WITH_TLS = re.compile(r"(?:SMTP|LMTP|HTTP)S(?:A)?\b|/TLS|\(TLS\)|over TLS", re.I)
_NAME_BEFORE_IP = re.compile(r"(?<![A-Za-z0-9._-])([A-Za-z0-9_][A-Za-z0-9._-]*)\.?\s*\[")
_NOT_A_CLIENT = re.compile(
    r"\s*(?:using|version|cipher|envelope|authenticated|no client|tls|ftp:|http)", re.I
)
_PROTOCOL = re.compile(r"(?:UTF8)?(?:E?SMTP|LMTP)S?A?|HTTPS?|local|MAPI|UUCP|QMQP", re.I)

Clauses = dict[str, tuple[list[str], list[str]]]


def parse_hops(headers: tuple[Header, ...]) -> tuple[Hop, ...]:
    """Every Received field as a hop, oldest to newest, with the delay from each to the next.

    Of very many the topmost `MAX_HOPS`: those that the receiver and its neighbours wrote.
    """
    received = [(index, header) for index, header in enumerate(headers) if header.lname == "received"]
    left_out = len(received) - MAX_HOPS
    hops: list[Hop] = []
    for index, header in reversed(received[:MAX_HOPS]):
        hop = parse_received(header.value[:MAX_VALUE], len(hops), index)
        hops.append(_with_delay(hop, hops[-1] if hops else None))
    if left_out > 0:
        hops[0] = replace(hops[0], note=f"The {left_out} Received fields below it were not read.")
    return tuple(hops)


def _with_delay(hop: Hop, previous: Hop | None) -> Hop:
    if previous is None or hop.date is None or previous.date is None:
        return hop
    delay = round((hop.date - previous.date).total_seconds())
    note = "The clocks disagree: this hop is dated before the one before it." if delay < 0 else ""
    return replace(hop, delay_seconds=delay, note=note)


def parse_received(value: str, index: int = 0, header_index: int = 0) -> Hop:
    """One Received value read; fields that it does not tell are None."""
    if "&lt;" in value:  # shown by a web page and copied from there
        value = value.replace("&lt;", "<").replace("&gt;", ">")
    clauses, date_text = _clauses(value)
    everything = " ".join(comment for _, comments in clauses.values() for comment in comments)
    helo, rdns, ip = _client(clauses)
    by_words = clauses.get("by", ([], []))[0]
    protocol = _protocol(clauses.get("with", ([], []))[0])
    for_words = clauses.get("for", ([], []))[0]
    ids = clauses.get("id", ([], []))[0]
    envelope_from = _ENVELOPE_FROM.search(value) if "nvelope" in value.lower() else None
    return Hop(
        index=index,
        header_index=header_index,
        helo=helo,
        rdns=rdns,
        ip=ip,
        by=_host(by_words[0]) if by_words else None,
        protocol=protocol,
        tls=_tls(value, protocol),
        for_address=for_words[0].strip("<>;,") or None if for_words else None,
        id=ids[0].strip(";") or None if ids else None,
        date=parse_date(date_text),
        raw_text=value,
        envelope_from=envelope_from.group(1).strip("<>") if envelope_from else None,
        authenticated=bool(_AUTHENTICATED.search(everything)) or (protocol or "").upper() in _SUBMISSION,
    )


_SUBMISSION = frozenset({"ESMTPA", "ESMTPSA", "UTF8SMTPA", "UTF8SMTPSA", "HTTP", "HTTPS", "LOCAL"})


def _clauses(value: str) -> tuple[Clauses, str]:
    """``{"by": (words, comments) …}`` and the text that holds the date."""
    clauses: Clauses = {"": ([], [])}
    current, position, date_at = "", 0, -1
    words, comments = clauses[""]
    for token in _TOKEN.finditer(value):
        if token.start() < position:
            continue  # inside a comment that was taken as a whole
        text = token.group()
        if text == "(":
            start = token.end()
            position = _comment_end(value, start)
            comments.append(value[start : position - 1])
        elif text[0] == "(":
            comments.append(text[1:-1])
        elif text == ";":
            date_at = token.end()
            current, (words, comments) = "", clauses[""]
        elif (
            (keyword := text.lower()) in _KEYWORDS
            and keyword not in clauses
            and (words or comments or not current or (current, keyword) in _EMPTY_CLAUSES)
        ):
            words, comments = clauses[keyword] = ([], [])
            current = keyword
        elif text != ")":
            words.append(text)
    if date_at >= 0 and any(character.isdigit() for character in value[date_at:]):
        return clauses, value[date_at:]
    return clauses, value[-60:]


def _comment_end(value: str, position: int) -> int:
    """Behind the bracket that closes the comment whose text starts at ``position``."""
    depth = 1
    for bracket in _BRACKET.finditer(value, position):
        depth += 1 if bracket.group() == "(" else -1
        if depth == 0:
            return bracket.end()
    return len(value) + 1


def _client(clauses: Clauses) -> tuple[str | None, str | None, str | None]:
    """HELO, reverse name and address of the client in the ``from`` clause."""
    if "from" not in clauses:
        return None, None, None
    words, comments = clauses["from"]
    comments = [comment for comment in comments if not _NOT_A_CLIENT.match(comment)]
    text = " ".join(comments)
    name = _host(words[0]) if words else None
    named = _HELO.search(text)
    told_ip = find_ip(_HELO.sub(" ", text) if named else text) or find_ip(" ".join(words[1:]))
    ip = told_ip or find_ip(" ".join(words))
    if named:  # Exim, qmail, Yahoo: the first word is what the server itself knows
        helo: str | None = named.group(1).strip(",;").lower()
        rdns = name if name and find_ip(name) is None and name.lower() != "unknown" else None
        return helo, rdns, ip
    in_comment = _NAME_BEFORE_IP.search(text) or _NAME_BEFORE_IP.search("@" + text.rpartition("@")[2])
    rdns = in_comment.group(1).rstrip(".") if in_comment else None
    if rdns and (rdns.lower() in ("unknown", "unverified", "ipv6") or find_ip(rdns)):
        rdns = None
    by_comments = " ".join(clauses["by"][1] + clauses.get("with", ([], []))[1]) if "by" in clauses else ""
    if rdns is None and ip and "Exim" in by_comments and name and find_ip(name) is None:
        rdns = name
    if name and find_ip(name):  # a bare address is no HELO unless another one is given as the address
        return (words[0].strip(",;").lower() if told_ip else None), rdns, ip
    return None if name == "unknown" else name, rdns, ip


def _host(word: str) -> str | None:
    text = word.strip(";,<>\"'")
    if text.startswith("["):
        return find_ip(text) or text
    if "(" in text:
        text = text.partition("(")[0]
    return text.rstrip(".").lower() or None


def find_ip(text: str) -> str | None:
    """The first IP address in ``text`` in its usual form, None when there is none."""
    for found in _IPV4.finditer(text):
        # An octet with a zero before it is octal to some and decimal to others: no address (RFC 6943 §3.1.1).
        if all(octet == str(int(octet)) and int(octet) < 256 for octet in found.group(1).split(".")):
            return found.group(1)
    if text.count(":") < 2:
        return None
    import ipaddress

    for found in _IPV6.finditer(text):
        try:
            return str(ipaddress.IPv6Address(found.group(1)))
        except ValueError:
            continue
    return None


def _protocol(words: list[str]) -> str | None:
    if not words:
        return None
    if words[0] == "Microsoft":
        return " ".join(words[:3]) if words[1:2] == ["SMTP"] else " ".join(words[:2])
    for word in words[:6]:
        if found := _PROTOCOL.match(word):
            return found.group().upper() if found.group().lower() != "local" else "local"
    return words[0].strip(";")


def _tls(value: str, protocol: str | None) -> str | None:
    version, cipher = _TLS_VERSION.search(value), _TLS_CIPHER.search(value)
    if not version and not cipher and not _WITH_TLS.search(protocol or "") and not _WITH_TLS.search(value):
        return None
    name = "TLS"
    if version:
        name = f"{version.group(1).upper()} {version.group(2)}.{version.group(3) or '0'}"
    if cipher:
        name += " " + next(group for group in cipher.groups() if group)
    return name
