"""The lab's client: hands one mail to a server and writes down every line (RFC 5321 §3)."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from dataclasses import dataclass, field

from helpers.lab.mail import Mail
from helpers.lab.trace import Dialogue, Line, Speaker, one_line
from helpers.lab.wires import MAX_LINE, PASSWORD, PATIENCE, Party, loopback
from helpers.message import Header, read_message

# Header fields that a dialogue shows; the rest of a mail is one line that counts it.
SHOWN = ("from", "to", "subject", "sender", "dkim-signature", "x-google-dkim-signature", "return-path")
MAX_SHOWN = 12  # hostile mail may have thousands of them


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
