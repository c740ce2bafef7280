"""The mail client's accounts: which outgoing server a From address uses."""

from __future__ import annotations

from dataclasses import dataclass

from helpers.terms import Shown


@dataclass(frozen=True, slots=True, repr=False)
class Account(Shown):
    """An account of the mail client. As in macOS Mail, the outgoing server is bound to the account.

    ``login`` is the address that it logs in with, there and at its inbox; ``addresses`` are what
    it can put into From; ``outgoing`` names a relay.
    """

    login: str
    addresses: tuple[str, ...] = ()
    outgoing: str = "gmail"


# The story's: mail as fujiba.net goes out by the server of a private Gmail account.
ACCOUNTS = (Account("owner.example@gmail.com", ("owner.example@gmail.com", "monthly@fujiba.net")),)


def account_for(address: str, accounts: tuple[Account, ...]) -> Account:
    """The account that sends as this address; the first one where none is meant for it."""
    for account in accounts:
        if address.lower() in (own.lower() for own in (account.login, *account.addresses)):
            return account
    return accounts[0]
