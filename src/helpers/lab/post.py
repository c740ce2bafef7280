"""The lab at work, inside its own thread: the servers, and the queue that carries mail between them.

The author's mail client speaks to a mail's first server; from then on each relay's mail goes into
one queue, and is sent to the next server in the order it came.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from helpers.lab.client import Said, deliver
from helpers.lab.mail import Mail, moment
from helpers.lab.mail import author_domain as author_domain_of
from helpers.lab.passing import at_home, pass_on, queue_id
from helpers.lab.receivers import Receiver
from helpers.lab.relays import Relay
from helpers.lab.report import Refusal, delivery_report
from helpers.lab.roles import role_of
from helpers.lab.run import INBOX, Host, Job, Run, Ticket, Way
from helpers.lab.server import Server, serve
from helpers.lab.trace import LabHop, Trace
from helpers.lab.wires import Party
from helpers.lab.world import INBOX_IP, mail_server
from helpers.lookup import Zone
from helpers.message import read_message
from helpers.terms import Rules


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
            server = await serve(role_of(self, host), self.address, self.errors.append, self._connections)
            self._servers.append(server)
            self.ports[host] = server.sockets[0].getsockname()[1]
        return self.ports[host]

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

    def keep(self, address: str, raw: bytes) -> None:
        """Put a mail into a mailbox."""
        self.mailboxes.setdefault(address.lower(), []).append(raw)
