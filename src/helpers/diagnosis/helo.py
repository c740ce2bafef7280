"""A refusal for SPF of the name in HELO: what is known of that name, and how it is said.

MAIL FROM is another question, with another record. For the null sender the two are one, since the
name in HELO stands in for the empty MAIL FROM (RFC 7208 §2.4), and DMARC counts it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.lookup import a_label
from helpers.spf import check_spf
from helpers.terms import Envelope, Result

if TYPE_CHECKING:
    from helpers.bounce import Bounce
    from helpers.diagnosis.evidence import Findings
    from helpers.terms import Dns, SpfCheck


def helo_envelope(bounce: Bounce | None, envelope: Envelope) -> Envelope | None:
    """The envelope as SPF of HELO sees it, where the receiver refused for that; else None."""
    if bounce is None or not bounce.blames_helo or envelope.mail_from == "":
        return None
    return Envelope(client_ip=envelope.client_ip, helo=a_label(envelope.helo or ""))


def check_helo(envelope: Envelope, dns: Dns) -> SpfCheck | None:
    """SPF of the name in HELO (RFC 7208 §2.3); None when it or the client IP is unknown."""
    if envelope.client_ip is None or not envelope.helo:
        return None
    return check_spf(client_ip=envelope.client_ip, mail_from=None, helo=envelope.helo, dns=dns)


# Top-level names that are only used inside (RFC 6761, RFC 6762, RFC 8375).
_INSIDE = frozenset(
    {"localhost", "localdomain", "local", "lan", "intranet", "internal", "private", "corp", "home"}
)


def is_private(name: str) -> bool:
    """Whether a name in HELO can't be looked up by others: one from inside, or without a dot."""
    top = name.rstrip(".").rpartition(".")
    return not top[0] or top[2].lower() in _INSIDE or name.endswith("home.arpa")


# ------------------------------------------------------------------- sentences


def sentence(cause: str, f: Findings) -> str | None:
    """The cause in words about HELO; None where the refusal is about something else."""
    if f.bounce is None or not f.bounce.blames_helo:
        return None
    if f.message is None:
        return _words_alone(f)
    if f.envelope.mail_from == "":
        return None  # the usual sentences, which name the domain that was asked for
    told = {
        "spf_unauthorized": _unauthorized,
        "spf_record_error": _record_error,
        "not_reproduced": _not_reproduced,
        "undecided": _unknown,
    }.get(cause)
    return told(f) if told is not None else None


def _words_alone(f: Findings) -> str:
    bounce = f.bounce
    name = bounce.blamed_domain if bounce is not None else None
    if bounce is not None and bounce.says_why:
        return f"{bounce.meaning} More can't be told from these words alone."
    return (
        f"The receiver says that SPF failed for the name in HELO{f', {name}' if name else ''}: the name that "
        "the sending server introduces itself with. It is not about MAIL FROM. The SPF record at that name, "
        "if there is one, does not list the server; more can't be told from these words alone."
    )


def _name(f: Findings) -> str:
    return f.helo.domain if f.helo is not None else "the name in HELO"


def _asked(f: Findings) -> str:
    """Which name the receiver asked about, and which it did not."""
    sender = (f.envelope.mail_from or "").rpartition("@")[2]
    another = sender and sender.lower() != _name(f)
    other = f" (MAIL FROM is at {sender}, and its record is not asked)" if another else ""
    return (
        f"The receiver refused for SPF of {_name(f)}, the name that the sending server gave in HELO{other}."
    )


def _unauthorized(f: Findings) -> str:
    found = f.helo
    if found is not None and found.result != Result.PASS and is_private(found.domain):
        return (
            f"{_asked(f)} No name like that can be looked up outside of a network of one's own, so nobody "
            "can publish an SPF record for it: the server has to introduce itself with a name that is in DNS."
        )
    if found is None or found.result is None:
        return (
            f"{_asked(f)} So the SPF record of {_name(f)} does not list that server, or the record is "
            "missing or broken."
        )
    server = f.envelope.client_ip or "the server"
    if found.result == Result.NONE:
        return f"{_asked(f)} There is no SPF record at that name, so nothing says that {server} may use it."
    return f"{_asked(f)} The SPF record at that name does not list {server} ({found.result})."


def _record_error(f: Findings) -> str:
    check = f.helo.check if f.helo is not None and f.helo.check is not None else f.broken_spf
    why = f" {check.reason}" if check is not None else ""
    return f"{_asked(f)} The SPF record at that name can't be evaluated:{why or ' it ended in permerror.'}"


def _not_reproduced(f: Findings) -> str:
    return (
        f"{_asked(f)} Yet here SPF passes for that name. The receiver saw something else: other DNS records "
        "at that time, or another sending server."
    )


def _unknown(f: Findings) -> str:
    if f.helo is None:
        return (
            "The receiver refused for SPF of the name that the sending server gave in HELO, and which name "
            "that was can't be told from what is at hand: look into the sending server's settings or log."
        )
    return f"{_asked(f)} Why it failed can't be told from what is at hand."
