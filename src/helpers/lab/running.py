"""A running lab: the object that a lesson holds, and the thread behind it."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import threading
from collections.abc import Coroutine, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from helpers.dkim import with_crlf
from helpers.lab.accounts import ACCOUNTS, Account, account_for
from helpers.lab.mail import Mail, compose, read_mailbox
from helpers.lab.post import Post
from helpers.lab.receivers import RECEIVERS, Receiver
from helpers.lab.relays import DIRECT, RELAYS, Relay
from helpers.lab.roles import HOME
from helpers.lab.trace import Trace
from helpers.lab.wires import PATIENCE, Party, loopback
from helpers.lab.world import records_for, world_of
from helpers.lookup import Zone, a_label
from helpers.message import Message, read_message
from helpers.terms import Rules

BODY = """Dear partner,

the report for April is ready. Three flights were booked, one was
moved to June, and the invoice follows by post.

Kind regards from the office – see you in May.
"""
Source = bytes | str | os.PathLike[str] | Message  # what `read_message` takes
Path = str | Relay | Sequence[str | Relay]
_Value = TypeVar("_Value")


class Lab:
    """Senders, relays and receivers on loopback. Made by `helpers.lab`, used in a ``with`` block.

    ``zone`` is the DNS that everybody asks; give it another value and send again. What the lab
    adds to it (the providers' own records and keys) is in ``dns``.
    """

    def __init__(
        self,
        zone: Zone,
        *,
        accounts: Sequence[Account] = ACCOUNTS,
        rules: Rules = "rfc9989",
        address: str = "127.0.0.1",
    ) -> None:
        if rules not in ("rfc9989", "rfc7489"):
            raise ValueError(f'rules has to be "rfc9989" or "rfc7489", not {rules!r}')
        self.accounts = tuple(accounts)
        if not self.accounts:
            raise ValueError("a mail client without an account can't send")
        self._address = loopback(address)
        self._zone, self._world = zone, world_of(checked(zone))
        self._rules: Rules = rules
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._post: Post | None = None

    # ------------------------------------------------------------ start, end

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> Self:
        """Start the lab's thread. `close` ends it; a ``with`` block does both."""
        if self._loop is not None:
            raise ValueError("this lab runs already")
        self._loop = asyncio.SelectorEventLoop()  # the one kind that every system has
        self._thread = threading.Thread(target=self._serve, name="mail lab", daemon=True)
        self._thread.start()
        try:
            self._post = Post(self._address, self._world, self._rules)
            self._call(self._post.open())
        except BaseException:
            self.close()
            raise
        return self

    def _serve(self) -> None:
        loop = self._loop
        if loop is None:
            return
        try:
            loop.run_forever()
        finally:
            loop.close()

    def close(self) -> None:
        """Stop every server, close every port, end the thread. Does nothing the second time."""
        loop, thread, post = self._loop, self._thread, self._post
        self._loop = self._thread = self._post = None
        if loop is None or thread is None:
            return
        try:
            if post is not None:
                asyncio.run_coroutine_threadsafe(post.close(), loop).result(PATIENCE)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(PATIENCE)

    def _call(self, work: Coroutine[Any, Any, _Value]) -> _Value:
        """Run something in the lab's thread and wait for it, whatever loop runs in this one."""
        if self._loop is None:
            work.close()
            raise ValueError(ENDED)
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _running(self) -> Post:
        if self._post is None:
            raise ValueError(ENDED)
        return self._post

    def __repr__(self) -> str:
        state = "running" if self._post is not None else "not running"
        return f"<Lab: {state}, {len(self._zone.names())} names in its zone>"

    # ------------------------------------------------------------------- DNS

    @property
    def zone(self) -> Zone:
        """The DNS that was given. Assign another zone, and the next mail meets that one."""
        return self._zone

    @zone.setter
    def zone(self, zone: Zone) -> None:
        self._world = world_of(checked(zone))
        self._zone = zone
        if self._post is not None:
            self._post.dns = self._world

    def with_zone(self, zone: Zone) -> Self:
        """This lab with another zone from now on: ``net.with_zone(fixed).send(…)``."""
        self.zone = zone
        return self

    @property
    def dns(self) -> Zone:
        """What the lab's servers ask: the zone, the providers' records and the relays' keys."""
        return self._world

    def records(self, through: str | Relay, domain: str) -> Zone:
        """What the owner of ``domain`` publishes for a relay, as a zone: ``net.zone | net.records(…)``.

        Empty where nothing that the owner publishes helps, as with Gmail. An SPF record is the one
        that is there with a term more, so publish for one relay before asking for the next. Raises
        ValueError for a relay that the lab does not have and for a text that is no domain.
        """
        label = a_label(str(domain))
        if label is None:
            raise ValueError(f"{domain!r} is no domain name")
        return records_for(relay_of(through), label, self._world)

    # ------------------------------------------------------------------ mail

    def send(
        self,
        raw: Source | None = None,
        *,
        from_: str | None = None,
        to: str = "desk@737flight.example",
        subject: str = "Monthly report, April 2025",
        body: str = BODY,
        through: Path | None = None,
        receiver: str | Receiver = "apple",
        client_ip: str = HOME.ip,
    ) -> Trace:
        """Send one mail over SMTP and say what became of it.

        ``from_`` and ``to`` are addresses, with or without a name. ``through`` names the relay, or
        several in order (a forwarder or list behind an outgoing server), or "direct" for none;
        left out, the account that ``from_`` belongs to decides. ``receiver`` names who takes or
        refuses it. ``raw`` is a complete message (anything that `read_message` takes) instead of
        subject and body: ``from_`` is then only MAIL FROM, by default the address in its From.
        ``client_ip`` is the author's machine.

        Raises ValueError with one sentence for an unknown relay or receiver, for what is no
        address, and when the lab does not run; never for what the mail holds. ConnectionError
        when a server of the lab does not answer.
        """
        author = read_mailbox(from_ if from_ is not None else _author_of(raw), "from_")
        recipient = read_mailbox(to, "to")
        account = account_for(author[1], self.accounts)
        path = path_of(account.outgoing if through is None else through)
        login = self._login(path[0], author[1]) if path else None
        there = receiver_of(receiver)
        home = Party(HOME.host, str(ipaddress.ip_address(client_ip)))
        post = self._running()

        async def work() -> Trace:
            number = post.next_number
            if raw is None:
                content = compose(author, recipient, subject, body, number=number)
            else:
                content = with_crlf(read_message(raw).raw)
            run = post.new_run(path, there)
            return await post.send(run, Mail(author[1], recipient[1], content), home, login)

        return self._call(work())

    def _login(self, relay: Relay, author: str) -> str | None:
        """Who logs in at the first relay: at Gmail the account of that name, elsewhere the author."""
        if not relay.login:
            return None
        if relay.return_path != "account":
            return author
        for account in self.accounts:
            if account.login.lower().endswith(f"@{relay.domain}"):
                return account.login
        raise ValueError(
            f"none of the mail client's accounts is at {relay.domain}, so {relay.name!r} has no login"
        )

    @property
    def traces(self) -> tuple[Trace, ...]:
        """Every mail so far, those of other mail clients included, in the order they were begun."""
        post = self._running()
        self._call(post.idle())
        return tuple(run.trace() for run in post.runs)

    def inbox(self, address: str) -> tuple[Message, ...]:
        """What has arrived for an address so far: mail and bounces, the oldest first."""
        post = self._running()
        self._call(post.idle())
        return tuple(read_message(raw) for raw in post.mailboxes.get(address.lower(), ()))

    def address(self, server: str) -> tuple[str, int]:
        """Where a server listens, for other mail clients: IP address and port.

        ``server`` is a relay's or a receiver's name. The first line of a client has to be a PROXY
        line that says where it comes from; the password of every account is "lab".
        Where a name is both, as "gmail", the relay is meant; "to gmail" is the receiver.
        """
        post = self._running()
        name = server.removeprefix("to ")
        host = RELAYS[server] if server in RELAYS else receiver_of(name)
        return self._address, self._call(post.port(host))

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports that are open now."""
        return tuple(self._post.ports.values()) if self._post is not None else ()


ENDED = "this lab does not run: use it inside its `with` block, or call start()"


def checked(zone: Zone) -> Zone:
    """The zone. Raises TypeError for anything else: the lab never asks real DNS."""
    if not isinstance(zone, Zone):
        raise TypeError(
            f"the lab's DNS is a Zone, such as h.sample_zone('fujiba'), not {type(zone).__name__}"
        )
    return zone


def relay_of(name: str | Relay) -> Relay:
    """The relay of this name. Raises ValueError, with the names there are."""
    if isinstance(name, Relay):
        return name
    if name not in RELAYS:
        raise ValueError(f"the lab has no relay {name!r}; it has: {', '.join(RELAYS)}, {DIRECT}")
    return RELAYS[name]


def receiver_of(name: str | Receiver) -> Receiver:
    """The receiver of this name. Raises ValueError, with the names there are."""
    if isinstance(name, Receiver):
        return name
    if name not in RECEIVERS:
        raise ValueError(f"the lab has no receiver {name!r}; it has: {', '.join(RECEIVERS)}")
    return RECEIVERS[name]


def path_of(through: Path) -> tuple[Relay, ...]:
    """The relays in order. A forwarder or a list first means that the author's own server is before it."""
    names = [through] if isinstance(through, (str, Relay)) else list(through)
    if not names:
        raise ValueError('through is at least one relay; "direct" is none')
    if names == [DIRECT]:
        return ()
    path = [relay_of(name) for name in names]
    if not path[0].login:
        path.insert(0, RELAYS["own"])
    if late := [relay.name for relay in path[1:] if relay.login]:
        raise ValueError(f"{late[0]!r} is an outgoing server, which only the author's mail client can use")
    return tuple(path)


def _author_of(raw: Source | None) -> str:
    if raw is None:
        raise ValueError('who sends it? from_="monthly@fujiba.net", for instance')
    found = read_message(raw).from_addresses
    if len(found) != 1:
        raise ValueError(f"the message has {len(found)} authors, so say from_= for MAIL FROM")
    return found[0].text
