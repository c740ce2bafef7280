"""What each server of the lab does with a mail that it is given: pass it on, judge it, or keep it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.lab.mail import author_domain
from helpers.lab.passing import Taken, at_home, queue_id
from helpers.lab.receivers import RECEIVERS, Receiver, judge, stored_report
from helpers.lab.relays import Relay
from helpers.lab.run import Host, Job, Ticket
from helpers.lab.server import Arrived
from helpers.lab.wires import Party
from helpers.lookup import Zone

if TYPE_CHECKING:
    from helpers.lab.post import Post

# The author's machine at home. What reverse DNS says of it is the provider's name for the line.
HOME = Party("smtpclient.apple", "203.0.113.77")
HOME_NAMES = {HOME.ip: "p77.client.example.jp"}


def role_of(post: Post, host: Host) -> RelayRole | ReceiverRole | InboxRole:
    """The role for a relay, a receiver or the inbox."""
    if isinstance(host, Relay):
        return RelayRole(post, host)
    return ReceiverRole(post, host) if isinstance(host, Receiver) else InboxRole(post)


def taken(arrived: Arrived, dns: Zone) -> Taken:
    """The mail with what reverse DNS would say of the client: its name, if that name has the address."""
    name = HOME_NAMES.get(arrived.client_ip)
    rdtype = "AAAA" if ":" in arrived.client_ip else "A"
    if name is None and arrived.client_ip in dns(arrived.helo, rdtype).values:
        name = arrived.helo
    return Taken(arrived.mail, arrived.client_ip, name, arrived.helo, arrived.login)


class _Role:
    """What the three kinds of server have in common."""

    needs_login = False

    def __init__(self, post: Post, host: str) -> None:
        self.post = post
        self.host = host

    def greets_as(self, port: int) -> str:
        """The name that the client looked for."""
        ticket = self.post.ticket(port)
        return ticket.server.host if ticket is not None else self.host


class RelayRole(_Role):
    """A server that takes mail in order to send it on."""

    def __init__(self, post: Post, relay: Relay) -> None:
        super().__init__(post, at_home(relay, None, post.dns).server)
        self.relay = relay
        self.needs_login = relay.login

    def take(self, arrived: Arrived) -> tuple[str, ...]:
        """Into the queue; whether it arrives is another matter."""
        ticket = self.post.ticket(arrived.port)
        if ticket is None:
            run = self.post.new_run([self.relay], next(iter(RECEIVERS.values())))
            run.author = author_domain(arrived.mail.raw)
            ticket = Ticket(run, 1, Party(self.host, self.relay.server_ip))
        run = ticket.run
        self.post.enqueue(Job(run, ticket.hop, taken(arrived, run.dns)))
        return (f"250 2.0.0 OK {queue_id(run.number, ticket.hop)}",)


class ReceiverRole(_Role):
    """A server at which the mail ends, or is turned away."""

    def __init__(self, post: Post, receiver: Receiver) -> None:
        super().__init__(post, "mx1.receiver.example")
        self.receiver = receiver

    def take(self, arrived: Arrived) -> tuple[str, ...]:
        """Check the mail and answer."""
        ticket = self.post.ticket(arrived.port)
        if ticket is None:
            run = self.post.new_run([], self.receiver)
            run.author = author_domain(arrived.mail.raw)
        else:
            run = ticket.run
        found = judge(
            self.receiver,
            taken(arrived, run.dns),
            host=ticket.server.host if ticket is not None else self.host,
            dns=run.dns,
            rules=run.rules,
            number=run.number,
            hop=run.receiver_hop,
        )
        run.judgement = found
        if found.stored is not None:
            self.post.keep(arrived.mail.rcpt_to, found.stored)
        return found.reply


class InboxRole(_Role):
    """The server of whoever gets the bounce. It takes everything."""

    def __init__(self, post: Post) -> None:
        super().__init__(post, "mx.google.com")

    def take(self, arrived: Arrived) -> tuple[str, ...]:
        """Store the bounce."""
        ticket = self.post.ticket(arrived.port)
        number, hop = (ticket.run.number, ticket.hop) if ticket is not None else (1, 1)
        host = ticket.server.host if ticket is not None else self.host
        dns = ticket.run.dns if ticket is not None else self.post.dns
        raw = stored_report(taken(arrived, dns), host=host, number=number, hop=hop)
        self.post.keep(arrived.mail.rcpt_to, raw)
        if ticket is not None:
            ticket.run.report = raw
        return (f"250 2.0.0 OK {queue_id(number, hop)}",)
