"""The lab's servers, by aiosmtpd: SMTP with a PROXY line before it (RFC 5321, RFC 4954)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from aiosmtpd.proxy_protocol import ProxyData
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from helpers.lab.mail import Mail
from helpers.lab.trace import one_line
from helpers.lab.wires import MAX_LINE, PASSWORD, PATIENCE, loopback


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
