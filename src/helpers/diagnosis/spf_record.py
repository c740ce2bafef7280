"""An SPF record that no server can pass with, found without knowing which server sent the message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.spf import check_spf
from helpers.terms import Result

if TYPE_CHECKING:
    from helpers.bounce import Bounce
    from helpers.terms import Dns, Envelope, SpfCheck

NOBODYS_ADDRESS = "255.255.255.255"  # no mechanism lists it, so a record is evaluated to its end


def broken_record(envelope: Envelope, bounce: Bounce | None, dns: Dns) -> SpfCheck | None:
    """The check of a refused message's SPF record, when it is in error for a server it does not name early.

    Too many look-ups count here, too: RFC 7208 §4.6.4 ends them in permerror unless a term before the
    limit matches. None when the record is in order, or the receiver blames something else.
    """
    if bounce is None or bounce.blamed is None or not (envelope.mail_from or envelope.helo):
        return None
    check = check_spf(
        client_ip=NOBODYS_ADDRESS, mail_from=envelope.mail_from, helo=envelope.helo or "", dns=dns
    )
    return check if check.result == Result.PERMERROR else None
