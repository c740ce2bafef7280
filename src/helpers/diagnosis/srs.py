"""MAIL FROM as a forwarder rewrites it: the Sender Rewriting Scheme, so that SPF passes for the forwarder."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from helpers.domains import organizational_domain

if TYPE_CHECKING:
    from helpers.diagnosis.evidence import Findings

# SRS0=hash=timestamp=domain=local@forwarder; a second forwarder writes SRS1=hash=first==hash=timestamp=…
_SRS = re.compile(
    r"(?:SRS1[=+-][^=@\s]{1,40}=[^=@\s]{1,255}=[=+-]|SRS0[=+-])[^=@\s]{1,40}=[^=@\s]{1,10}="
    r"([^=@\s]{1,255})=([^@\s]{1,255})@",
    re.I,
)


def rewritten_sender(findings: Findings) -> str | None:
    """The author's own address, where a forwarder rewrote it into one of its own; else None."""
    found = _SRS.match(findings.envelope.mail_from or "")
    author = findings.message.author_domain if findings.message is not None else None
    if found is None or author is None:
        return None
    domain, local = found.groups()
    ours, theirs = (organizational_domain(name, rules="rfc7489") for name in (author, domain.lower()))
    return f"{local}@{domain}" if ours == theirs else None
