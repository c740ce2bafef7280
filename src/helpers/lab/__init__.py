"""The mail lab: a mail client, relays and receivers on this machine, speaking real SMTP.

    with h.lab(h.sample_zone("fujiba")) as net:
        trace = net.send(from_="monthly@fujiba.net", through="gmail", receiver="apple")

A mail goes out from the author's mail client to a relay, which does to it what such relays do, and
on to a receiver, which checks SPF, DKIM and DMARC with the kit's own engine and answers as
receivers do. A refusal becomes a bounce (RFC 3464) that travels back by SMTP and is read by the
kit's own reader. DNS is the given zone.

Nothing leaves the machine: servers and clients refuse every address but loopback. Client IP
addresses travel by the PROXY protocol. Left out: TLS, queues that wait, and a receiver's own
opinion of a sender. Time is the lab's own, so that two runs print the same.

============  ==========================================================================
`Lab`         the running lab: `send`, `zone`, `records`, `address`
`Trace`       one mail's way and end
`RELAYS`      the servers in between, by name: gmail, gmail-signing, workspace, service,
              own, forwarder, forwarder-srs, list, list-from; "direct" is none
`RECEIVERS`   the receivers, by name: apple, gmail, yahoo, microsoft, plain
`Account`     an account of the mail client: its outgoing server is bound to it
`lab_key`     keys that are the same in every run, for mail that is signed by hand
============  ==========================================================================
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from helpers.lab.accounts import ACCOUNTS, Account
from helpers.lab.relays import Relay
from helpers.lab.trace import Dialogue, LabHop, Line, Trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from helpers.lab.keys import lab_key as lab_key
    from helpers.lab.receivers import RECEIVERS as RECEIVERS
    from helpers.lab.receivers import Receiver as Receiver
    from helpers.lab.relays import RELAYS as RELAYS
    from helpers.lab.running import Lab as Lab
    from helpers.lookup import Zone
    from helpers.terms import Rules

__all__ = [
    "ACCOUNTS",
    "RECEIVERS",
    "RELAYS",
    "Account",
    "Dialogue",
    "Lab",
    "LabHop",
    "Line",
    "Receiver",
    "Relay",
    "Trace",
    "lab",
    "lab_key",
]

# The show room asks for `Trace` whenever it shows anything: what needs asyncio and aiosmtpd waits (PEP 562).
_LATER = {
    "Lab": "running",
    "RELAYS": "relays",
    "RECEIVERS": "receivers",
    "Receiver": "receivers",
    "lab_key": "keys",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _LATER:
        raise AttributeError(f"module 'helpers.lab' has no attribute {name!r}")
    return getattr(import_module(f"helpers.lab.{_LATER[name]}"), name)


def lab(
    zone: Zone,
    *,
    accounts: Sequence[Account] = ACCOUNTS,
    rules: Rules = "rfc9989",
    address: str = "127.0.0.1",
) -> Lab:
    """A mail lab with this DNS, for a ``with`` block: everything has stopped when the block is left.

    Arguments: the zone; the mail client's accounts, each with its outgoing server; the ``rules``
    that receivers follow for DMARC; the loopback ``address`` to listen on. Ports are chosen by
    the system. Works inside a notebook too, where a loop runs already.

    Raises TypeError when ``zone`` is no Zone, ValueError for an address that is not loopback.
    """
    from helpers.lab.running import Lab

    return Lab(zone, accounts=accounts, rules=rules, address=address)


class _Room(ModuleType):
    """`helpers.lab` is this folder and the function in it: whichever a program meets, ``h.lab(zone)`` works.

    Python writes the folder over the function of the same name as soon as anything imports from it.
    """

    def __call__(self, zone: Zone, **how: Any) -> Lab:
        return lab(zone, **how)


sys.modules[__name__].__class__ = _Room
