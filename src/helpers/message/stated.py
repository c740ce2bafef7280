"""What receivers wrote into the header: Authentication-Results (RFC 8601) and Received-SPF (RFC 7208 §9.1).

Anybody can write such a field, so each statement says who made it, whether it counts, and whether
its place in the header allows trusting it. Copies (ARC's, ``X-…``) are listed and never counted.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace

from helpers.message.addresses import a_label
from helpers.message.fields import Header
from helpers.message.hops import Hop, find_ip
from helpers.message.limits import MAX_STATEMENTS, MAX_VALUE, is_statement
from helpers.terms import Result, Shown, filled_directly


@filled_directly
@dataclass(frozen=True, slots=True, repr=False)
class Stated(Shown):
    """One method's result as a receiver wrote it.

    ``by`` is the authserv-id, or the receiving host where the field has none. ``result`` is None
    when ``result_text`` is not a word of the RFCs. ``domain`` is the identifier the result is about.
    ``counted`` is False for copies; ``trusted`` is False where the sender could have written the field.
    """

    header: str
    header_index: int
    by: str | None
    method: str
    result: Result | None
    result_text: str
    domain: str | None = None
    properties: tuple[tuple[str, str], ...] = ()
    reason: str = ""
    comment: str = ""
    counted: bool = True
    note: str = ""
    trusted: bool = True
    method_version: str = ""

    def value_of(self, *names: str) -> str | None:
        """The value of the first of these properties that is there, such as ``smtp.mailfrom``."""
        for name in names:
            for key, value in self.properties:
                if key == name:
                    return value
        return None

    @property
    def about_helo(self) -> bool:
        """Is this SPF's result for HELO alone? DMARC counts only the one for MAIL FROM (RFC 9989 §4.4.2)."""
        if self.method != "spf":
            return False
        if identity := self.value_of("identity"):
            return identity.lower() == "helo"
        return self.value_of(*_HELO_NAMES) is not None and self.value_of(*_SENDER_NAMES) is None


_RESULTS = {result.value: result for result in Result}
_ODD_RESULTS = {
    "hardfail": "an old word for fail (RFC 5451)",
    "bestguesspass": "the domain publishes no DMARC record; Microsoft guessed",
    "dkim_pass": "a word of a filter; RFC 8601 says pass",
    "dkim_fail": "a word of a filter; RFC 8601 says fail",
    "success": "not a word of RFC 8601, which says pass",
    "unknown": "not a word of RFC 8601; Yahoo writes it where there is no signature or no record",
    "error": "a word from before RFC 4408, which says temperror",
}
_OLD_UNKNOWN = "a word from before RFC 4408, which says permerror"  # the same word, said of SPF
_METHODS = frozenset({
    "arc", "auth", "bimi", "compauth", "cram", "dkim", "dkim-adsp", "dkim-atps", "dmarc", "dnswl",
    "domainkeys", "iprev", "rrvs", "s-mime", "sender-id", "smime", "spf", "vbr",
})  # fmt: skip
_SENDER_NAMES = ("smtp.mailfrom", "smtp.mfrom", "smtp.mail", "smtp.from", "envelope-from", "smtp.envfrom")
_HELO_NAMES = ("smtp.helo", "smtp.ehlo", "helo")
# Keys of Received-SPF (RFC 7208 §9.1), which Amazon also writes between the results, with semicolons.
_SPF_KEYS = frozenset({"client-ip", "envelope-from", "helo", "identity", "mechanism", "problem", "receiver"})
_DOMAIN_FROM = {
    "spf": (*_SENDER_NAMES, *_HELO_NAMES),
    "dkim": ("header.d", "header.i", "header.from"),
    "domainkeys": ("header.d", "header.from", "header.sender", "from"),
    "dmarc": ("header.from", "from"),
    "sender-id": ("header.from", "header.sender"),
    "auth": ("smtp.auth", "smtp.mailfrom"),
    "iprev": (),
    "arc": ("header.d",),
}
_OTHER_NAMES = ("header.d", "header.from", "header.i", "smtp.mailfrom", "from")

_SCAN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[();]|[^"();]+|"', re.DOTALL)
_SCAN_UNQUOTED = re.compile(r"[();]|[^();]+")
_PAIR = re.compile(
    r"(?<![A-Za-z0-9_.-])([A-Za-z0-9_.-]+(?:\s*/\s*\d+)?)\s*="
    r'(?:("[^"\\]*(?:\\.[^"\\]*)*(?:"(?:@[^\s;]*)?|\\?\Z))|([^\s;]+)|\s+(?![\w.-]+\s*=)([^\s;]+))?',
    re.DOTALL,
)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_FIRST_WORD = re.compile(r'\s*("[^"\\]*(?:\\.[^"\\]*)*"|[^\s=]+)(?!\s*=)(?=\s|$)')
_SAID_IP = re.compile(
    r"sender IP is\s+\[?([0-9A-Fa-f.:]+)"
    r"|(?:designate[sd]?|discourages use of)\s+(?:<[^<>]*>\s*)?\[?([0-9A-Fa-f.:]+)\]? as permitted"
    r"|(?:^|\s)([0-9A-Fa-f.:]+) is (?:neither permitted nor denied|authorized to use)",
    re.I,
)
_CLIENT_NAMES = ("client-ip", "smtp.remote-ip", "smtp.client-ip", "policy.iprev", "smtp.remote_ip")
_INSTANCE = re.compile(r"\s*i\s*=\s*\d+\s*")
# "transitioning" is Microsoft's and Yahoo's word for softfail; Yahoo forgets the blank behind it.
_SAID_DOMAIN = re.compile(
    r"(?:domain of\s+(?:transitioning\s*)?|during lookup of\s+)(?!designates\s|does not\s|discourages\s)"
    r"(\S*[A-Za-z0-9-])(?=[\s:,;]|\Z)"
)
_SPF_HOST = re.compile(r"\s*([A-Za-z0-9.-]+\.[A-Za-z0-9-]+)\s*:\s")


Segment = tuple[str, list[tuple[int, str]]]
Place = tuple[str, int, str | None]  # the field's name, its index, and who wrote it


def is_copy(row: Stated) -> bool:
    """Is the field only a copy of a statement, under a name that no receiver looks at (ARC's, ``X-…``)?"""
    return row.header.lower() not in ("authentication-results", "received-spf")


def parse_stated(headers: tuple[Header, ...], hops: tuple[Hop, ...]) -> tuple[Stated, ...]:
    """Every statement in the header, topmost first; whom to trust is not judged yet.

    Of very many fields the topmost `MAX_STATEMENTS`: those that the receiver wrote.
    """
    stated: list[Stated] = []
    fields = [(index, header) for index, header in enumerate(headers) if is_statement(header.lname)]
    for index, header in fields[:MAX_STATEMENTS]:
        read = received_spf if "received-spf" in header.lname else authentication_results
        rows = read(header.value[:MAX_VALUE], header.name, index)
        if rows and rows[0].by is None and (host := _writing_host(index, hops)):
            note = "who wrote it is taken from the Received field beside it"
            rows = [noted(replace(row, by=host), note) for row in rows]
        stated += rows
    return tuple(stated)


def client_ip(row: Stated) -> str | None:
    """The client's address as a statement tells it, by a property or in its comment."""
    if ip := find_ip(row.value_of(*_CLIENT_NAMES) or ""):
        return ip
    if said := _SAID_IP.search(row.comment):
        return find_ip(next(group for group in said.groups() if group))
    return None


# ---------------------------------------------------- Authentication-Results


def authentication_results(value: str, header: str = "", index: int = 0) -> list[Stated]:
    """The rows of one Authentication-Results value (RFC 8601 §2.2), also without authserv-id."""
    segments = list(_segments(value))
    if segments and _INSTANCE.fullmatch(segments[0][0]):
        segments = segments[1:]  # ARC's copy starts with i=
    by, version = None, ""
    rows: list[Stated] = []
    if segments and (word := _FIRST_WORD.match(segments[0][0])):
        by = _unquoted(word.group(1)).lower()
        rest = segments[0][0][word.end() :]
        version = rest.strip()
        segments = [(rest, segments[0][1]) if "=" in rest else ("", []), *segments[1:]]
    loose: list[tuple[str, str]] = []  # properties before any method, as Yahoo writes from=
    late: list[tuple[str, str]] = []  # properties of the last row that came in segments of their own
    for text, comments in segments:
        found, loose = _rows_of((header, index, by), text, comments, loose)
        if rows and not found and loose and all("." in name or name in _SPF_KEYS for name, _ in loose):
            late += loose
            loose = []
        if found and late:
            rows[-1] = _with_properties(rows[-1], late)
            late = []
        rows += found
    if late:
        rows[-1] = _with_properties(rows[-1], late)
    if version.isdigit() and version != "1":
        rows = [noted(row, f"version {version} of this field is not known") for row in rows]
    return rows


def _scan(value: str) -> Iterator[str]:
    """Quoted strings, brackets, semicolons and what is between; a quote that never ends is text."""
    for found in _SCAN.finditer(value):
        if found.group() == '"':
            yield from _SCAN_UNQUOTED.findall(value, found.start())
            return
        yield found.group()


def _segments(value: str) -> Iterator[Segment]:
    """The parts between semicolons, each with its comments and where in the text they stood."""
    text: list[str] = []
    length = 0
    comments: list[tuple[int, str]] = []
    comment: list[str] = []
    depth = 0
    closings = value.count(")")
    for token in _scan(value):
        if token == "(" and (depth or closings > 0):  # noqa: S105
            depth += 1
            if depth > 1:
                comment.append(token)
        elif token == ")":  # noqa: S105
            closings -= 1
            depth = max(0, depth - 1)
            if depth:
                comment.append(token)
            elif comment:
                comments.append((length, _QUOTED_PAIR.sub(r"\1", "".join(comment)).strip()))
                comment = []
                text.append(" ")
                length += 1
        elif depth:
            comment.append(token)
        elif token == ";":  # noqa: S105
            yield "".join(text), comments
            text, comments, length = [], [], 0
        else:
            text.append(token)
            length += len(token)
    if comment:
        comments.append((length, "".join(comment).strip()))
    yield "".join(text), comments


def _rows_of(
    place: Place, text: str, comments: list[tuple[int, str]], loose: list[tuple[str, str]]
) -> tuple[list[Stated], list[tuple[str, str]]]:
    """The results of one segment: one, or several where the semicolons between them were lost.

    ``loose`` are properties of segments before it; those still without a method come back.
    """
    rows: list[tuple[int, str, str, list[tuple[str, str]]]] = []
    for pair in _PAIR.finditer(text):
        name = pair.group(1).lower()
        value = _unquoted(pair.group(2) or pair.group(3) or pair.group(4) or "")
        base = name.partition("/")[0].strip()
        starts = "." not in base and base not in _SPF_KEYS and base not in ("from", "reason", "action")
        if base in _METHODS or (not rows and starts):
            rows.append((pair.start(), name, value, loose))
            loose = []
        else:
            (rows[-1][3] if rows else loose).append((name, value))
    if not rows and text.strip().lower() == "none":
        note = "no authentication was done (RFC 8601 §2.2)"
        return [Stated(*place, "none", Result.NONE, "none", note=note)], loose
    stated = []
    places, first = [at for at, _ in comments], 0  # in order, so each row takes those up to the next row
    for number, (_, name, value, properties) in enumerate(rows):
        end = rows[number + 1][0] if number + 1 < len(rows) else len(text) + 1
        following = bisect_left(places, end, first)
        own = [comment for _, comment in comments[first:following]]
        first = following
        stated.append(_row(place, name, value, properties, "; ".join(own)))
    return stated, loose


def _with_properties(row: Stated, more: list[tuple[str, str]]) -> Stated:
    properties = (*row.properties, *more)
    return replace(row, properties=properties, domain=_domain_of(row.method, properties, row.comment))


def _row(place: Place, name: str, value: str, properties: list[tuple[str, str]], comment: str) -> Stated:
    method, _, version = (piece.strip() for piece in name.partition("/"))
    word = value.lower()
    reason = next((text for key, text in properties if key == "reason"), "")
    kept = tuple([(key, text) for key, text in properties if key != "reason"])
    result = _RESULTS.get(word)
    return Stated(
        *place, method, result, value, _domain_of(method, kept, comment), kept, reason, comment,
        note="" if result else f'"{value}": {_odd(method, word)}', method_version=version,
    )  # fmt: skip


def _odd(method: str, word: str) -> str:
    """What a result that is no word of the RFCs means."""
    if method == "spf" and word == "unknown":
        return _OLD_UNKNOWN
    return _ODD_RESULTS.get(word, "not a result word of RFC 8601")


def _domain_of(method: str, properties: tuple[tuple[str, str], ...], comment: str = "") -> str | None:
    values = dict(reversed(properties))
    for name in _DOMAIN_FROM.get(method, _OTHER_NAMES):
        if value := values.get(name):
            _, at, domain = value.strip("<>").rpartition("@")
            if domain and domain.lower() != "none" and (at or name != "smtp.auth"):
                return a_label(domain)
    said = _SAID_DOMAIN.search(comment) if method == "spf" else None
    return a_label(said.group(1).rpartition("@")[2]) if said else None


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text.startswith('"') and text.endswith('"'):
        return _QUOTED_PAIR.sub(r"\1", text[1:-1])
    return text


# -------------------------------------------------------------- Received-SPF


def received_spf(value: str, header: str = "", index: int = 0) -> list[Stated]:
    """The row of one Received-SPF value: result, comment, then key=value pairs (RFC 7208 §9.1)."""
    text_pieces: list[str] = []
    comments: list[str] = []
    for text, segment_comments in _segments(value):
        text_pieces.append(text)
        comments += [comment for _, comment in segment_comments]
    word = text_pieces[0].split(None, 1)[0] if text_pieces[0].strip() else ""
    pairs = [
        (pair.group(1).lower(), _unquoted(pair.group(2) or pair.group(3) or pair.group(4) or ""))
        for piece in text_pieces
        for pair in _PAIR.finditer(piece)
    ]
    properties = tuple([(name, text.rstrip(",").strip("<>")) for name, text in pairs])
    values = dict(reversed(properties))
    identity = values.get("identity", "mailfrom").lower()
    about = values.get("envelope-from", "") if identity != "helo" else ""
    comment = "; ".join(comments)
    said = _SAID_DOMAIN.search(comment)
    domain = (about or (said.group(1) if said else "") or values.get("helo", "")).rpartition("@")[2]
    receiver = values.get("receiver", "").lower().rpartition("@")[2]
    by = receiver if "." in receiver else None
    if by is None and (host := _SPF_HOST.match(comment)):
        by = host.group(1).lower()
    result = _RESULTS.get(word.lower().rstrip(":;,"))
    note = "" if result else f'"{word}": {_odd("spf", word.lower())}'
    found = a_label(domain) if domain else None
    return [Stated(header, index, by, "spf", result, word, found, properties, comment=comment, note=note)]


def _writing_host(index: int, hops: tuple[Hop, ...]) -> str | None:
    """Who wrote a field without a name: the host of the Received field below it, else above it."""
    below = [hop for hop in hops if hop.header_index > index]
    above = [hop for hop in hops if hop.header_index < index]
    nearest = below[-1] if below else above[0] if above else None
    return nearest.by if nearest else None


def noted(row: Stated, note: str) -> Stated:
    """The row with one more note."""
    return replace(row, note=f"{row.note}; {note}" if row.note else note)
