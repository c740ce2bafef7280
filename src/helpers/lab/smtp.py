"""SMTP itself: servers by aiosmtpd, and a client that writes down every line. Loopback only.

Everybody is at 127.0.0.1, so the addresses that matter travel in the first line of a connection,
by the PROXY protocol (version 1), as they do behind a load balancer. That works on every system,
where binding a documentation address does not.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiosmtpd.proxy_protocol import ProxyData
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from helpers.lab.mail import Mail
from helpers.lab.trace import Dialogue, Line, Speaker, one_line
from helpers.message import Header, read_message

PASSWORD = "lab"  # noqa: S105 - every account of the lab has this one
PATIENCE = 20.0  # seconds for one session: on loopback nothing takes as long
MAX_LINE = 2**22  # bytes; RFC 5321 §4.5.3.1.6 allows 1000, and hostile mail does not ask

# Header fields that a dialogue shows; the rest of a mail is one line that counts it.
SHOWN = ("from", "to", "subject", "sender", "dkim-signature", "x-google-dkim-signature", "return-path")
MAX_SHOWN = 12  # hostile mail may have thousands of them


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


# ------------------------------------------------------------------- server


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail as it reached a server, before the server decided about it."""

    mail: Mail
    client_ip: str
    helo: str
    login: str | None
    port: int  # of the client's end: the lab knows its own connections by it


class Role(Protocol):
    """What a server is for: it takes mail and answers."""

    host: str
    needs_login: bool

    def greets_as(self, port: int) -> str:
        """The host name for the client at this port."""

    def take(self, arrived: Arrived) -> tuple[str, ...]:
        """The lines of the reply at the end of DATA."""


class QuietSession(Session):
    """aiosmtpd's own session warns on each login that an attribute of it will go away; this one does not."""

    login_data = None


class Server(SMTP):
    """One connection to a server of the lab."""

    line_length_limit = MAX_LINE
    connections: set[Server]  # all that are open, so that the lab can end them

    def _create_session(self) -> Session:
        return QuietSession(self.loop)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the connection as open."""
        self.connections.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Note it as closed."""
        self.connections.discard(self)
        super().connection_lost(error)

    async def ended(self) -> None:
        """Cut the connection and wait until nothing of it runs."""
        task = self._handler_coroutine
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()
        if task is not None:
            task.cancel()
            await asyncio.wait([task])


class Handler:
    """aiosmtpd's hooks for one role: the words, and what is refused before DATA."""

    def __init__(self, role: Role, failed: Callable[[Exception], None]) -> None:
        self.role = role
        self._failed = failed

    async def handle_PROXY(  # noqa: N802 - aiosmtpd's names
        self, server: SMTP, session: Session, envelope: Envelope, proxy: ProxyData
    ) -> bool:
        """Take the client's address out of the PROXY line."""
        server.hostname = self.role.greets_as(_port(session))
        return True

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """What the server can do; a login only where it is needed."""
        session.host_name = hostname
        kept = [line for line in responses if "AUTH" not in line or self.role.needs_login]
        return [*kept[:-1], "250 ENHANCEDSTATUSCODES"]

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """A submission server wants a login first (RFC 6409 §4.3)."""
        if self.role.needs_login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address  # aiosmtpd writes the null sender as "<>"
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Every recipient is known here."""
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Hand the mail over, once for each recipient; the last reply counts."""
        proxy, login = session.proxy_data, _login(session)
        sender = "" if envelope.mail_from in (None, "<>") else envelope.mail_from
        raw = envelope.original_content or b""
        reply: tuple[str, ...] = ()
        for recipient in envelope.rcpt_tos:
            arrived = Arrived(
                Mail(sender or "", recipient, raw),
                str(proxy.src_addr) if proxy is not None else "",
                session.host_name or "",
                login,
                _port(session),
            )
            reply = self.role.take(arrived)
        return "\r\n".join(one_line(line, 500) for line in reply).encode("ascii", "replace").decode()

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Say goodbye."""
        return "221 2.0.0 Bye"

    async def handle_exception(self, error: Exception) -> str:
        """A fault of the lab itself: kept for `Lab.send` to raise."""
        self._failed(error)
        return "451 4.3.0 The lab's server failed"


def _port(session: Session) -> int:
    peer: Any = session.peer  # aiosmtpd calls it text; it is what the socket says
    return int(peer[1])


def _login(session: Session) -> str | None:
    data: Any = session.auth_data
    return data.login.decode("utf-8", "replace") if isinstance(data, LoginPassword) else None


def _authenticate(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
) -> AuthResult:
    right = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
    return AuthResult(success=right, handled=False, auth_data=data)


async def serve(
    role: Role, address: str, failed: Callable[[Exception], None], connections: set[Server]
) -> asyncio.Server:
    """A server for the role, on a port of this machine that the system chooses."""
    loop = asyncio.get_running_loop()

    def connection() -> Server:
        server = Server(
            Handler(role, failed),
            loop=loop,
            hostname=role.host,
            ident="ESMTP",
            auth_require_tls=False,
            authenticator=_authenticate,
            proxy_protocol_timeout=PATIENCE,
            timeout=PATIENCE,
        )
        server.connections = connections
        return server

    return await loop.create_server(connection, loopback(address), 0)


# ------------------------------------------------------------------- client


@dataclass(frozen=True, slots=True)
class Party:
    """One end of a session: the host name that it goes by, and its documentation address."""

    host: str
    ip: str


@dataclass(slots=True)
class Said:
    """A session in the making: the lines so far and how it ended."""

    hop: int
    lines: list[Line] = field(default_factory=list)
    reply: tuple[str, ...] = ()

    def add(self, speaker: Speaker, text: str) -> None:
        """Write a line down."""
        self.lines.append(Line(self.hop, speaker, one_line(text)))

    @property
    def accepted(self) -> bool:
        """Did the server take the mail?"""
        return bool(self.reply) and self.reply[0].startswith("2")

    @property
    def dialogue(self) -> Dialogue:
        """The lines."""
        return Dialogue(self.lines)


async def deliver(
    mail: Mail,
    *,
    hop: int,
    address: str,
    port: int,
    client: Party,
    server: Party,
    login: str | None = None,
    connected: Callable[[int], None] = lambda port: None,
) -> Said:
    """Hand one mail to a server, and note every line of it.

    ``connected`` hears of the client's own port before the first word is said. Raises
    ConnectionError with one sentence when nobody listens there or the server hangs up.
    """
    said = Said(hop)
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(loopback(address), port, limit=MAX_LINE)
            try:
                connected(writer.get_extra_info("sockname")[1])
                await _session(Wire(reader, writer, said), mail, client, server, login)
            finally:
                writer.transport.abort()
    except TimeoutError:
        raise ConnectionError(f"{server.host} ({address} port {port}) stopped answering") from None
    except (OSError, EOFError):
        raise ConnectionError(
            f"nobody answers for {server.host} at {address} port {port}: the port is closed"
        ) from None
    return said


@dataclass(slots=True)
class Wire:
    """A connection, and the notes that are taken of it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    said: Said

    async def send(self, line: str, shown: str | None = None) -> None:
        """Say a line; ``shown`` is what the dialogue has for it."""
        self.said.add("client", line if shown is None else shown)
        self.writer.write(line.encode("utf-8", "surrogateescape") + b"\r\n")
        await self.writer.drain()

    async def reply(self) -> bool:
        """Read a whole reply; was it a positive one? It counts as the session's last word."""
        lines: list[str] = []
        while not lines or lines[-1][3:4] == "-":
            line = await self.reader.readuntil(b"\r\n")
            lines.append(line[:-2].decode("utf-8", "replace"))
            self.said.add("server", lines[-1])
        self.said.reply = tuple(lines)
        return lines[-1][:1] in ("2", "3")

    async def ask(self, line: str, shown: str | None = None) -> bool:
        """Say a line and read the reply."""
        await self.send(line, shown)
        return await self.reply()


async def _session(wire: Wire, mail: Mail, client: Party, server: Party, login: str | None) -> None:
    await wire.send(_proxy_line(client.ip, server.ip))
    if await wire.reply() and await _transaction(wire, mail, client, login):
        await _content(wire, mail.raw)
    final = wire.said.reply
    await wire.ask("QUIT")
    wire.said.reply = final


async def _transaction(wire: Wire, mail: Mail, client: Party, login: str | None) -> bool:
    """EHLO to RCPT, until one is refused."""
    if not await wire.ask(f"EHLO {client.host}"):
        return False
    if login is not None:
        secret = base64.b64encode(f"\0{login}\0{PASSWORD}".encode()).decode()
        if not await wire.ask(f"AUTH PLAIN {secret}", f"AUTH PLAIN (as {login})"):
            return False
    eight_bit = "" if mail.raw.isascii() else " BODY=8BITMIME"  # RFC 6152
    return (
        await wire.ask(f"MAIL FROM:<{mail.mail_from}>{eight_bit}")
        and await wire.ask(f"RCPT TO:<{mail.rcpt_to}>")
        and await wire.ask("DATA")
    )


async def _content(wire: Wire, raw: bytes) -> None:
    for text in shown_content(raw):
        wire.said.add("client", text)
    wire.writer.write(stuffed(raw))
    await wire.ask(".")


def stuffed(raw: bytes) -> bytes:
    """The message as it travels: a line that starts with a dot gets a second one (RFC 5321 §4.5.2)."""
    ended = raw if raw.endswith(b"\r\n") or not raw else raw + b"\r\n"
    ended = ended.replace(b"\r\n.", b"\r\n..")
    return b"." + ended if ended.startswith(b".") else ended


def shown_content(raw: bytes) -> list[str]:
    """What a dialogue has of a message: the fields that the checks look at, and a count of the rest."""
    message = read_message(raw)
    fields = [header for header in message.headers if header.lname in SHOWN][:MAX_SHOWN]
    lines = [f"{header.name}: {_shown_value(header)}" for header in fields]
    rest = len(message.headers) - len(fields)
    lines.append(f"… {rest} more header field{'' if rest == 1 else 's'}, {len(message.body)} bytes of body")
    return lines


def _shown_value(header: Header) -> str:
    if not header.lname.endswith("dkim-signature"):
        return " ".join(header.decoded.split())[:200]
    tags = [part.strip() for part in header.value.split(";")]
    return "; ".join([tag for tag in tags if tag[:2] in ("a=", "d=", "s=")][:3]) + "; …"


def _proxy_line(source: str, target: str) -> str:
    """The PROXY line. Both ends have to be of one family: an IPv6 client finds the server at IPv6 too."""
    if ":" in source and ":" not in target:
        target = "2001:db8::25"
    elif ":" not in source and ":" in target:
        target = "192.0.2.25"
    return f"PROXY TCP{6 if ':' in source else 4} {source} {target} 40000 25"
