"""All checks of one message, as a receiver runs them: SPF and DKIM first, DMARC from their results."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import IO, TYPE_CHECKING

from helpers.arc import key_names, verify_arc
from helpers.dkim import key_questions, verify_dkim
from helpers.dmarc import evaluate_dmarc, foresee
from helpers.lookup import ahead, can_ask_ahead
from helpers.message import Message, read_message
from helpers.spf import check_spf, first_name
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
    DMARC is evaluated without it. Live DNS is asked ahead: the time to wait is that of the
    longest chain of look-ups that follow from each other, whatever their number.

    Never raises on odd mail; OSError for a file that can't be read, ValueError for an
    ``envelope`` whose client IP is no IP address. RFC 9989 §5.3.
    """
    message = read_message(message)
    envelope = message.envelope if envelope is None else envelope
    now = received_at(message) if now is None else now
    dns = asking_ahead(message, envelope, dns, rules)
    spf = check_envelope(envelope, dns)
    dkim = verify_dkim(message, dns=dns, now=now, body_returned=body_returned)
    arc = verify_arc(message, dns=dns, now=now)
    dmarc = evaluate_dmarc(author_domain=message.author_domain, spf=spf, dkim=dkim, dns=dns, rules=rules)
    return Authentication(envelope=envelope, spf=spf, dkim=dkim, arc=arc, dmarc=dmarc)


def asking_ahead(message: Message, envelope: Envelope, dns: Dns, rules: Rules) -> Dns:
    """``dns`` that sends at the same time for what all checks of this message will ask.

    Those are the first SPF record, every DKIM and ARC key and the author domain's DMARC record,
    and what may follow from them: includes, other addresses, DNS tree walks. DNS that can't be
    asked ahead, such as a zone, comes back as it is.
    """
    if not can_ask_ahead(dns):
        return dns
    keys = key_questions(message)
    names = [name for _, name in keys] + list(key_names(message))
    identifiers = [("dkim", domain) for domain, _ in keys]
    rehearsals: list[Callable[[Dns], object]] = []
    first = first_name(envelope.mail_from, envelope.helo) if envelope.mail_from is not None else None
    if first is not None:
        identifiers.insert(0, ("spf", first))
        if envelope.client_ip is not None:
            names.insert(0, first)
            rehearsals.append(lambda rehearsed: check_envelope(envelope, rehearsed))
    policy, walks = foresee(message.author_domain, identifiers, rules)
    return ahead(dns, [*[(name, "TXT") for name in names], *policy], [*rehearsals, *walks])


def received_at(message: Message) -> float | None:
    """When the last hop took the message, in seconds since 1970; None when no hop says so."""
    dates = [hop.date for hop in message.hops if hop.date is not None]
    return dates[-1].timestamp() if dates else None


def check_envelope(envelope: Envelope, dns: Dns) -> SpfCheck | None:
    """SPF of an envelope, or None when the client IP or MAIL FROM is unknown."""
    if envelope.client_ip is None or envelope.mail_from is None:
        return None
    return check_spf(client_ip=envelope.client_ip, mail_from=envelope.mail_from, helo=envelope.helo, dns=dns)
