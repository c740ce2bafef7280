"""The lab at work, inside its own thread: servers that take mail, and what carries it on.

A *run* is one mail's way. Its first server is spoken to by the author's mail client; from then on
each relay's mail goes into one queue, and is sent to the next server in the order it came.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from helpers.bounce import read_bounce
from helpers.lab.mail import Mail, moment
from helpers.lab.mail import author_domain as author_domain_of
from helpers.lab.passing import Taken, at_home, pass_on, queue_id
from helpers.lab.receivers import RECEIVERS, Judgement, Receiver, judge, stored_report
from helpers.lab.relays import DIRECT, Relay
from helpers.lab.report import Refusal, delivery_report
from helpers.lab.smtp import Arrived, Party, Said, Server, deliver, serve
from helpers.lab.trace import Dialogue, LabHop, Trace
from helpers.lab.world import INBOX_IP, mail_server
from helpers.lookup import Zone
from helpers.message import read_message
from helpers.terms import Policy, Rules

# The author's machine at home. What reverse DNS says of it is the provider's name for the line.
HOME = Party("smtpclient.apple", "203.0.113.77")
HOME_NAMES = {HOME.ip: "p77.client.example.jp"}

INBOX = "inbox"
Host = Relay | Receiver | str  # what a server of the lab is: a relay, a receiver or the inbox


@dataclass(slots=True)
class Run:
    """One mail on its way, and what became of it so far."""

    number: int
    path: tuple[Relay, ...]
    receiver: Receiver
    dns: Zone
    rules: Rules
    author: str | None = None
    hops: dict[int, LabHop] = field(
        default_factory=dict
    )  # by number: sessions overlap where a client says QUIT
    judgement: Judgement | None = None
    report: bytes | None = None
    reported_to: str | None = None
    under_way: int = 0  # jobs in the queue or being worked on
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def receiver_hop(self) -> int:
        """The number of the session with the receiver; the bounce comes in the next one."""
        return len(self.path) + 1

    @property
    def last_word(self) -> str:
        """The answer of the server that came furthest, bounces aside."""
        if self.judgement is not None:
            return " ".join(self.judgement.reply)
        numbers = [number for number in self.hops if number <= self.receiver_hop]
        return self.hops[max(numbers)].reply if numbers else ""

    def trace(self) -> Trace:
        """What became of it, as a result."""
        found = self.judgement
        stored = found.stored if found is not None else None
        hops = tuple(self.hops[number] for number in sorted(self.hops))
        return Trace(
            author_domain=self.author,
            through=tuple(relay.name for relay in self.path) or (DIRECT,),
            receiver=self.receiver.name,
            delivered=stored is not None,
            disposition=found.disposition if found is not None else Policy.NONE,
            reply=self.last_word,
            authentication=found.authentication if found is not None else None,
            hops=hops,
            dialogue=Dialogue([line for hop in hops for line in hop.dialogue]),
            received=read_message(stored) if stored is not None else None,
            bounce=read_bounce(self.report) if self.report is not None else None,
            bounced_to=self.reported_to,
        )


@dataclass(slots=True)
class Ticket:
    """What a server knows of a connection that the lab itself opened: whose mail it is, and where it is."""

    run: Run
    hop: int  # the number of the session; the relay of the run's path that it belongs to is one less
    server: Party


@dataclass(slots=True)
class Job:
    """A mail that a relay has taken and is to send on."""

    run: Run
    hop: int  # the session in which the relay took it
    taken: Taken


@dataclass(frozen=True, slots=True)
class Way:
    """One session to be: with which server, from where to where, after which changes, as whom."""

    host: Host
    client: Party
    server: Party
    changes: tuple[str, ...] = ()
    login: str | None = None


class Post:
    """Every server of the lab and the queue between them. All of it runs in one event loop."""

    def __init__(self, address: str, dns: Zone, rules: Rules) -> None:
        self.address = address
        self.dns = dns
        self.rules: Rules = rules
        self.runs: list[Run] = []
        self.mailboxes: dict[str, list[bytes]] = {}
        self.ports: dict[Host, int] = {}
        self.errors: list[Exception] = []
        self._tickets: dict[int, Ticket] = {}
        self._servers: list[asyncio.Server] = []
        self._connections: set[Server] = set()
        self._queue: asyncio.Queue[Job] = asyncio.Queue()
        self._worker: asyncio.Task[None] | None = None

    # ------------------------------------------------------------ start, end

    async def open(self) -> None:
        """Start the worker. Servers start when somebody wants to speak to them."""
        self._worker = asyncio.create_task(self._work())

    async def port(self, host: Host) -> int:
        """The port of a server, which is started now if it was not yet."""
        if host not in self.ports:
            server = await serve(self._role(host), self.address, self.errors.append, self._connections)
            self._servers.append(server)
            self.ports[host] = server.sockets[0].getsockname()[1]
        return self.ports[host]

    def _role(self, host: Host) -> RelayRole | ReceiverRole | InboxRole:
        if isinstance(host, Relay):
            return RelayRole(self, host)
        return ReceiverRole(self, host) if isinstance(host, Receiver) else InboxRole(self)

    async def close(self) -> None:
        """Stop everything: no port, no connection, no task is left."""
        for server in self._servers:
            server.close()
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.wait([self._worker])
        for connection in list(self._connections):
            await connection.ended()
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)

    # ------------------------------------------------------------------ runs

    @property
    def next_number(self) -> int:
        """The number that the next run will have."""
        return len(self.runs) + 1

    def new_run(self, path: Sequence[Relay], receiver: Receiver) -> Run:
        """A run with the next number; it keeps the DNS of this moment."""
        run = Run(self.next_number, tuple(path), receiver, self.dns, self.rules)
        self.runs.append(run)
        return run

    async def send(self, run: Run, mail: Mail, client: Party, login: str | None) -> Trace:
        """Speak to the first server as the author's mail client, then wait until the mail has ended.

        When that server refuses, the client sees it at once: nobody has to report it.
        """
        run.author = author_domain_of(mail.raw)
        said = await self._hand_over(run, 1, mail, client, (), login)
        if run.path and said.accepted:
            await run.done.wait()
        self._raise_errors()
        return run.trace()

    async def idle(self) -> None:
        """Wait until nothing is under way, mail of other clients included."""
        for run in list(self.runs):
            if run.under_way:
                await run.done.wait()
        self._raise_errors()

    def _raise_errors(self) -> None:
        if self.errors:
            raise self.errors.pop()

    async def _work(self) -> None:
        while True:
            job = await self._queue.get()
            try:
                await self._carry(job)
            except Exception as error:  # `send` raises it where the user can see it
                self.errors.append(error)
            job.run.under_way -= 1
            if not job.run.under_way:
                job.run.done.set()

    def enqueue(self, job: Job) -> None:
        """A relay has taken a mail."""
        job.run.under_way += 1
        job.run.done.clear()
        self._queue.put_nowait(job)

    def ticket(self, port: int) -> Ticket | None:
        """Whose connection comes from this port; None for a client from outside the lab."""
        return self._tickets.get(port)

    # ----------------------------------------------------------------- moves

    async def _carry(self, job: Job) -> None:
        run, relay = job.run, job.run.path[job.hop - 1]
        passed = pass_on(relay, job.taken, dns=run.dns, number=run.number, hop=job.hop)
        client = Party(passed.host, passed.host_ip)
        said = await self._hand_over(run, job.hop + 1, passed.mail, client, passed.changes, None)
        if said.accepted or not passed.report_to:
            return
        hop = run.receiver_hop + 1
        refused_by = run.hops[job.hop + 1]
        report = delivery_report(
            at_home(relay, run.author, run.dns),
            passed.mail,
            Refusal(said.reply, refused_by.server, refused_by.server_ip),
            to=passed.report_to,
            at=moment(run.number, hop),
            identifier=queue_id(run.number, hop),
        )
        host, ip = mail_server(report.rcpt_to.rpartition("@")[2], run.dns, INBOX_IP)
        way = Way(INBOX, client, Party(host, ip), ("a bounce was written",))
        if (await self._deliver(run, hop, report, way)).accepted:
            run.reported_to = report.rcpt_to

    async def _hand_over(
        self, run: Run, hop: int, mail: Mail, client: Party, changes: tuple[str, ...], login: str | None
    ) -> Said:
        """To the next relay of the path, or to the receiver after the last one."""
        host: Host
        if hop < run.receiver_hop:
            host = run.path[hop - 1]
            relay = at_home(host, run.author, run.dns)
            server = Party(relay.server, relay.server_ip)
        else:
            host = run.receiver
            server = Party(*mail_server(mail.rcpt_to.rpartition("@")[2], run.dns))
        return await self._deliver(run, hop, mail, Way(host, client, server, changes, login))

    async def _deliver(self, run: Run, hop: int, mail: Mail, way: Way) -> Said:
        """One session, and what the trace keeps of it."""
        ports: list[int] = []

        def connected(port: int) -> None:
            ports.append(port)
            self._tickets[port] = Ticket(run, hop, way.server)

        try:
            said = await deliver(
                mail,
                hop=hop,
                address=self.address,
                port=await self.port(way.host),
                client=way.client,
                server=way.server,
                login=way.login,
                connected=connected,
            )
        finally:
            for port in ports:
                del self._tickets[port]
        run.hops[hop] = LabHop(
            number=hop,
            client=way.client.host,
            client_ip=way.client.ip,
            server=way.server.host,
            server_ip=way.server.ip,
            mail_from=mail.mail_from,
            rcpt_to=mail.rcpt_to,
            reply=" ".join(said.reply),
            accepted=said.accepted,
            changes=way.changes,
            dialogue=said.dialogue,
            message=read_message(mail.raw),
        )
        return said

    def taken(self, arrived: Arrived, dns: Zone) -> Taken:
        """The mail with what reverse DNS would say of the client: its name, if that name has the address."""
        name = HOME_NAMES.get(arrived.client_ip)
        rdtype = "AAAA" if ":" in arrived.client_ip else "A"
        if name is None and arrived.client_ip in dns(arrived.helo, rdtype).values:
            name = arrived.helo
        return Taken(arrived.mail, arrived.client_ip, name, arrived.helo, arrived.login)

    def keep(self, address: str, raw: bytes) -> None:
        """Put a mail into a mailbox."""
        self.mailboxes.setdefault(address.lower(), []).append(raw)


# -------------------------------------------------------------------- roles


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
            run.author = author_domain_of(arrived.mail.raw)
            ticket = Ticket(run, 1, Party(self.host, self.relay.server_ip))
        run = ticket.run
        self.post.enqueue(Job(run, ticket.hop, self.post.taken(arrived, run.dns)))
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
            run.author = author_domain_of(arrived.mail.raw)
        else:
            run = ticket.run
        found = judge(
            self.receiver,
            self.post.taken(arrived, run.dns),
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
        raw = stored_report(self.post.taken(arrived, dns), host=host, number=number, hop=hop)
        self.post.keep(arrived.mail.rcpt_to, raw)
        if ticket is not None:
            ticket.run.report = raw
        return (f"250 2.0.0 OK {queue_id(number, hop)}",)
