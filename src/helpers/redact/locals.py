"""Local parts, with the structures that forwarding and bounce handling give them.

SRS    SRS0=hash=time=domain=user, SRS1=hash=host==hash=time=domain=user: forwarders
BATV   prvs=tag=user: the sender's own mark, to tell real bounces from forged ones
VERP   list-user=domain, bounces+id-user=domain: the recipient in the Return-Path
tag    user+tag: subaddress (RFC 5233)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from helpers.redact.public import ROLES

if TYPE_CHECKING:
    from helpers.redact.text import Scrubber

MAX_PIECES = 30
_SCHEME = re.compile(
    r"(?:srs[01]|prvs|btv1|msprvs1|caf_|bounces?|return|owner|verp|xbounce|errors?)", re.IGNORECASE
)
_DOMAIN = re.compile(r"(?:[\w-]{1,63}\.)+[^\W\d_][\w-]{1,62}")
_TOKEN = re.compile(r"(?=[^=]*\d)[\w/.-]+")
_VERP_USER = re.compile(r"(.*?)((?:[a-z]+[+-])?(?:[\w.]*\d[\w.]*[+-])*)([^+=]+)", re.IGNORECASE | re.DOTALL)


def redact_local(local: str, domain: str, scrubber: Scrubber) -> str:
    """The new local part of ``local@domain``."""
    names = scrubber.names
    if len(local) > 1 and local.startswith('"') and local.endswith('"'):
        inside = local[1:-1]
        return f'"{redact_local(inside, domain, scrubber)}"' if inside.isascii() else '"user"'
    if "=" in local and local.count("=") < MAX_PIECES:
        return _structured(local, scrubber)
    if 0 < local[:-1].count("%") < MAX_PIECES and "." in local.rpartition("%")[2]:  # user%domain@relay
        user, _, host = local.rpartition("%")
        return f"{redact_local(user, host, scrubber)}%{names.domain(host)}"
    if "!" in local:  # host!user, as UUCP did
        host, _, user = local.rpartition("!")
        return "!".join([*(names.host(piece) for piece in host.split("!")), names.local(user)])
    user, plus, tag = local.partition("+")
    if plus and user:
        return f"{_user(user, scrubber)}+{_tag(tag, scrubber)}"
    return _user(local, scrubber)


def _user(text: str, scrubber: Scrubber) -> str:
    """A local part that may have the name of a role in it: bounce-12345, news-bounces, owner-news."""
    if text.lower() in ROLES:
        return text
    head, dash, tail = text.partition("-")
    if dash and tail and head.lower() in ROLES:
        return f"{head}-{_tag(tail, scrubber)}"
    head, dash, tail = text.rpartition("-")
    if dash and head and tail.lower() in ROLES:
        return f"{scrubber.names.local(head)}-{tail}"
    return scrubber.names.local(text)


def _tag(text: str, scrubber: Scrubber) -> str:
    """What follows the user: a number, a token, or somebody's name."""
    if not text or text.lower() in ROLES:
        return text
    if any(character.isdigit() for character in text):
        return scrubber.names.ident(text)
    return scrubber.names.local(text)


def _structured(local: str, scrubber: Scrubber) -> str:
    """Pieces between equals signs: words of a scheme stay, domains and users are who they are elsewhere."""
    pieces = local.split("=")
    srs = pieces[0].lower() in ("srs0", "srs1") or pieces[0].lower().startswith(
        ("srs0+", "srs0-", "srs1+", "srs1-")
    )
    out: list[str] = []
    for number, piece in enumerate(pieces):
        last = number == len(pieces) - 1
        if not piece:
            out.append(piece)
        elif _DOMAIN.fullmatch(piece):
            out.append(scrubber.names.domain(piece))
        elif srs and not last:
            out.append(_srs_piece(piece, number, scrubber))
        elif srs:
            out.append(_user(piece, scrubber))
        else:
            before_domain = not last and _DOMAIN.fullmatch(pieces[number + 1]) is not None
            out.append(_piece(piece, before_domain, scrubber))
    return "=".join(out)


def _srs_piece(piece: str, number: int, scrubber: Scrubber) -> str:
    if number == 0:
        head = piece[:4]
        return head + piece[4:5] + scrubber.names.ident(piece[5:])
    return scrubber.names.ident(piece)


def _piece(piece: str, before_domain: bool, scrubber: Scrubber) -> str:
    names = scrubber.names
    if _SCHEME.fullmatch(piece) or piece.lower() in ROLES:
        return piece
    if before_domain:  # the rest of it is a user at that domain
        found = _VERP_USER.fullmatch(piece)
        lead, user = (found.group(1) + found.group(2), found.group(3)) if found else ("", piece)
        return (
            _lead(lead, scrubber) + redact_local(user, "", scrubber)
            if "=" not in user
            else names.local(piece)
        )
    if any(character.isdigit() for character in piece) and _TOKEN.fullmatch(piece):
        return names.ident(piece)
    user, plus, tag = piece.partition("+")
    return f"{_user(user, scrubber)}+{_tag_or_scheme(tag, scrubber)}" if plus else _user(piece, scrubber)


def _tag_or_scheme(text: str, scrubber: Scrubber) -> str:
    return text if _SCHEME.fullmatch(text) else _tag(text, scrubber)


def _lead(text: str, scrubber: Scrubber) -> str:
    """``bounces+1234-ab12-`` before the user of a VERP."""
    return re.sub(r"[^+\-=]+", lambda found: _tag(found.group(), scrubber), text)
