"""All checks of one message, as a receiver runs them: SPF and DKIM first, DMARC from their results."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING

from helpers.arc import verify_arc
from helpers.dkim import verify_dkim
from helpers.dmarc import evaluate_dmarc
from helpers.message import Message, read_message
from helpers.spf import check_spf
from helpers.terms import Authentication, Envelope, Rules, SpfCheck

if TYPE_CHECKING:
    from helpers.terms import Dns

Source = bytes | str | os.PathLike[str] | IO[bytes] | IO[str] | Message


def authenticate(
    message: Source,
    *,
    dns: Dns,
    envelope: Envelope | None = None,
    rules: Rules = "rfc9989",
    now: float | None = None,
    body_returned: bool = True,
) -> Authentication:
    """What a receiver would find: SPF, every DKIM signature, ARC, and DMARC from them.

    Arguments: the message (anything `read_message` takes); ``dns``, the one source of DNS
    answers; ``envelope``, inferred from the message's own headers when left out; ``rules``
    for DMARC; ``now`` in seconds since 1970, by default the time of the message's last hop,
    so that yesterday's mail is judged as it was judged yesterday; ``body_returned=False``
    when the body is known to be missing or cut, as in many bounces. For what a bounce gave
    back, pass the bounce's own `envelope`: the original's headers only know the way before.

    SPF is None when the client IP or MAIL FROM is unknown: it can't be checked then, and
    DMARC is evaluated without it. Never raises on odd mail; OSError for a file that can't be
    read, ValueError for an ``envelope`` whose client IP is no IP address. RFC 9989 §5.3.
    """
    message = read_message(message)
    envelope = message.envelope if envelope is None else envelope
    now = received_at(message) if now is None else now
    spf = check_envelope(envelope, dns)
    dkim = verify_dkim(message, dns=dns, now=now, body_returned=body_returned)
    arc = verify_arc(message, dns=dns, now=now)
    dmarc = evaluate_dmarc(author_domain=message.author_domain, spf=spf, dkim=dkim, dns=dns, rules=rules)
    return Authentication(envelope=envelope, spf=spf, dkim=dkim, arc=arc, dmarc=dmarc)


def received_at(message: Message) -> float | None:
    """When the last hop took the message, in seconds since 1970; None when no hop says so."""
    dates = [hop.date for hop in message.hops if hop.date is not None]
    return dates[-1].timestamp() if dates else None


def check_envelope(envelope: Envelope, dns: Dns) -> SpfCheck | None:
    """SPF of an envelope, or None when the client IP or MAIL FROM is unknown."""
    if envelope.client_ip is None or envelope.mail_from is None:
        return None
    return check_spf(client_ip=envelope.client_ip, mail_from=envelope.mail_from, helo=envelope.helo, dns=dns)
