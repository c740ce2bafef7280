"""What servers and clients of the lab share: loopback only, one password, a little patience.

Everybody is at 127.0.0.1, so the addresses that matter travel in the first line of a connection,
by the PROXY protocol (version 1), as they do behind a load balancer. That works on every system,
where binding a documentation address does not.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

PASSWORD = "lab"  # noqa: S105 - every account of the lab has this one
PATIENCE = 20.0  # seconds for one session: on loopback nothing takes as long
MAX_LINE = 2**22  # bytes; RFC 5321 §4.5.3.1.6 allows 1000, and hostile mail does not ask


def loopback(address: str) -> str:
    """The address, when it is one of this machine's own (127.0.0.0/8 or ::1).

    Raises ValueError for anything else, a host name included: a name could mean any machine.
    """
    try:
        inside = ipaddress.ip_address(address).is_loopback
    except ValueError:
        inside = False
    if not inside:
        raise ValueError(f"the lab speaks on loopback only, 127.0.0.1 or ::1, not on {address!r}")
    return address


@dataclass(frozen=True, slots=True)
class Party:
    """One end of a session: the host name that it goes by, and its documentation address."""

    host: str
    ip: str
