"""A name server on loopback that answers from a zone after a delay, for benchmarks and tests.

Questions are answered side by side, over UDP and TCP, as a resolver does: the delay is that of
one question, not of all before it. Where the zone says SERVFAIL it says so, where the zone says
TIMEOUT it is silent.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from helpers.lookup import TIMEOUT, Zone
from helpers.lookup.records import written_name, written_values
from helpers.terms import Answer, DnsStatus

Delay = float | Callable[[str, str], float]
"""Seconds, for all questions or by name and type."""

SOA = "ns.invalid. hostmaster.invalid. 1 7200 900 1209600 300"


@dataclass
class DnsServer:
    """A running server: its port, and name and type of every question that came in, in order, and when."""

    port: int = 0
    questions: list[tuple[str, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)  # seconds, on the monotonic clock

    def rounds(self, delay: float) -> int:
        """Round trips of who asked, as seen from here: a round ends with the answer to its first question."""
        count, end = 0, float("-inf")
        for moment in self.times:
            if moment >= end:
                count, end = count + 1, moment + delay
        return count

    def forget(self) -> None:
        """Begin to count anew."""
        self.questions.clear()
        self.times.clear()


@contextmanager
def dns_server(zone: Zone, delay: Delay = 0.05, ttl: int = 300) -> Iterator[DnsServer]:
    """Serve ``zone`` on 127.0.0.1 until the block ends."""
    server = DnsServer()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    ready = threading.Event()

    def answer(packet: bytes) -> tuple[dns.message.Message, Answer, float] | None:
        try:
            query = dns.message.from_wire(packet)
        except dns.exception.DNSException:
            return None
        asked = query.question[0]
        name = asked.name.to_text(omit_final_dot=True).lower()
        rdtype = dns.rdatatype.to_text(asked.rdtype)
        server.questions.append((name, rdtype))
        server.times.append(loop.time())
        said = zone(name, rdtype)
        return query, said, delay(name, rdtype) if callable(delay) else delay

    class Udp(asyncio.DatagramProtocol):
        transport: Any

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            found = answer(data)
            if found is not None and found[1].failure != TIMEOUT:
                wire = _wire(found[0], found[1], ttl, found[0].payload or 512)
                loop.call_later(found[2], self.transport.sendto, wire, addr)

    async def tcp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            size = int.from_bytes(await reader.readexactly(2), "big")
            found = answer(await reader.readexactly(size))
            if found is not None and found[1].failure != TIMEOUT:
                await asyncio.sleep(found[2])
                wire = _wire(found[0], found[1], ttl, 65535)
                writer.write(len(wire).to_bytes(2, "big") + wire)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def serve() -> None:
        transport, listener = await _bind(loop, Udp, tcp, server)
        ready.set()
        await stop.wait()
        transport.close()
        listener.close()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    if not ready.wait(5):
        raise OSError("the name server on loopback did not start")
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(5)


async def _bind(
    loop: asyncio.AbstractEventLoop,
    udp: type[asyncio.DatagramProtocol],
    tcp: Callable[[asyncio.StreamReader, asyncio.StreamWriter], object],
    server: DnsServer,
) -> tuple[asyncio.BaseTransport, asyncio.Server]:
    """A port that is free for UDP and TCP."""
    while True:
        transport, _ = await loop.create_datagram_endpoint(udp, local_addr=("127.0.0.1", 0))
        server.port = transport.get_extra_info("sockname")[1]
        try:
            return transport, await asyncio.start_server(tcp, "127.0.0.1", server.port)  # type: ignore[arg-type]
        except OSError:
            transport.close()


def _wire(query: dns.message.Message, said: Answer, ttl: int, size: int) -> bytes:
    """What the zone says as a message; without its records and marked as truncated where it is too long."""
    reply = dns.message.make_response(query, recursion_available=True)
    if said.status == DnsStatus.FAILURE:
        reply.set_rcode(dns.rcode.SERVFAIL)
        return reply.to_wire()
    if said.status == DnsStatus.NXDOMAIN:
        reply.set_rcode(dns.rcode.NXDOMAIN)
    names = [written_name(name) for name in (said.name, *said.chain)]
    reply.answer += [dns.rrset.from_text(name, ttl, "IN", "CNAME", to) for name, to in pairwise(names)]
    if said.values:
        # A set for each record: dnspython shuffles the records of one set.
        values = written_values(said.rdtype, said.values)
        reply.answer += [dns.rrset.from_text(names[-1], ttl, "IN", said.rdtype, value) for value in values]
    else:
        reply.authority.append(dns.rrset.from_text(".", ttl, "IN", "SOA", SOA))
    try:
        return reply.to_wire(max_size=size)
    except dns.exception.TooBig:
        reply.answer.clear()
        reply.flags |= dns.flags.TC
        return reply.to_wire()
