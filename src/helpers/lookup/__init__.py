"""DNS as one injected question: ``dns(name, rdtype) -> Answer``.

`Zone` answers from records it holds and never touches the network. `LiveDns` asks real
servers and is the only place that does. `RecordingDns` writes down what another one
answered, in a file that `Zone.from_file` reads back. `Overlay` changes some records over any
of them.

Words: *NODATA* – the name exists but has no record of that type; *NXDOMAIN* – the name
does not exist (RFC 2308 §2); *empty non-terminal* – a name that has no records itself but
has names below it, so it exists (RFC 4592 §2.2.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any

from helpers.lookup.overlay import Overlay
from helpers.lookup.records import Nodes, a_label, canonical_name, read_values
from helpers.lookup.zone import MAX_REMEMBERED, Zone, answer_of, read_name, write_new
from helpers.terms import Answer, DnsFailure, DnsStatus

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from helpers.terms import Dns

__all__ = ["SERVFAIL", "TIMEOUT", "LiveDns", "Overlay", "RecordingDns", "Zone", "a_label", "sample_zone"]

SERVFAIL = DnsFailure.SERVFAIL
TIMEOUT = DnsFailure.TIMEOUT


def sample_zone(name: str) -> Zone:
    """One of the zones in ``data/zones``, by its file name without ``.zone``.

    Raises ValueError, with the names there are, when there is none of that name.
    """
    from pathlib import Path

    folder = Path(__file__).resolve().parents[3] / "data" / "zones"
    there = {path.stem: path for path in sorted(folder.glob("*.zone"))}
    if name not in there:
        known = ", ".join(there) or f"none, {folder} holds no .zone file"
        raise ValueError(f"there is no sample zone {name!r}; there are: {known}")
    return Zone.from_file(there[name])


class LiveDns:
    """Asks real name servers, through dnspython. The only part of the kit that uses the network.

    ``nameservers``: their IP addresses, one or several; None takes the system's. ``timeout``
    in seconds is for one question, whatever it takes: tries, TCP after a truncated answer,
    CNAMEs left to follow. ``resolver``: any dnspython resolver to use instead. Answers are
    kept for as long as their TTL allows, failures for five seconds (RFC 9520 §3.2).

    A call never raises for what DNS does. Without a network or a configured resolver the
    answer is SERVFAIL. Raises ValueError for an address that is none.
    """

    def __init__(
        self,
        nameservers: str | Sequence[str] | None = None,
        port: int = 53,
        timeout: float = 5.0,
        *,
        resolver: Any = None,
    ) -> None:
        from helpers.lookup.live import make_resolver

        if timeout <= 0:
            raise ValueError(f"a timeout of {timeout!r} seconds leaves no time to ask")
        servers = [nameservers] if isinstance(nameservers, str) else nameservers
        self._resolver = resolver if resolver is not None else make_resolver(servers, port, timeout)
        self._timeout = timeout
        self._kept: dict[tuple[str, str], tuple[Answer, float]] = {}

    def __repr__(self) -> str:
        servers = ", ".join(str(server) for server in getattr(self._resolver, "nameservers", ()))
        return f"<LiveDns: {servers or 'no name server'}, {self._timeout:g} s>"

    def __call__(self, name: str, rdtype: str) -> Answer:
        """What DNS answers now, or did within the TTL."""
        rdtype = rdtype.upper()
        qname = canonical_name(name)
        if qname is None:  # can't be asked for, so it can't exist
            return Answer(name.lower().removesuffix("."), rdtype, DnsStatus.NXDOMAIN)
        kept = self._kept.get((qname, rdtype))
        if kept and kept[1] > monotonic():
            return kept[0]
        return self._ask(qname, rdtype)

    def _ask(self, qname: str, rdtype: str) -> Answer:
        from helpers.lookup.live import ask

        if self._resolver is None:
            return answer_of(qname, rdtype, SERVFAIL, ())
        answer, keep = ask(self._resolver, qname, rdtype, self._timeout)
        if len(self._kept) >= MAX_REMEMBERED:
            self._kept.clear()
        self._kept[qname, rdtype] = answer, monotonic() + keep
        return answer


class RecordingDns:
    """Passes questions on to ``dns`` and remembers them with their answers, in order.

    ``save`` writes a file from which `Zone.from_file` gives the same answers, offline:
    records, names without records, names that do not exist, and failures.
    """

    def __init__(self, dns: Dns) -> None:
        self._dns = dns
        self._answers: list[tuple[str, str, Answer]] = []

    def __repr__(self) -> str:
        return f"<RecordingDns: {len(self._answers)} questions to {self._dns!r}>"

    def __call__(self, name: str, rdtype: str) -> Answer:
        """What ``dns`` answers."""
        answer = self._dns(name, rdtype)
        self._answers.append((name, rdtype, answer))
        return answer

    @property
    def questions(self) -> tuple[tuple[str, str], ...]:
        """Name and type of every question so far, in order, repeated ones too."""
        return tuple((name, rdtype) for name, rdtype, _ in self._answers)

    @property
    def answers(self) -> tuple[Answer, ...]:
        """What was answered, in the order of `questions`."""
        return tuple(answer for _, _, answer in self._answers)

    def zone(self) -> Zone:
        """A zone that answers every question so far the same way; the last answer counts."""
        nodes: Nodes = {}
        absent: set[tuple[str, str]] = set()
        for asked, rdtype, answer in self._answers:
            name = canonical_name(asked)
            if name is not None:  # an impossible name is NXDOMAIN in every zone
                _record(nodes, absent, name, rdtype.upper(), answer)
        return Zone.of_nodes({name: node for name, node in nodes.items() if node}, frozenset(absent))

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write `zone` as a master file; FileExistsError for an existing one unless ``overwrite=True``.

        Whoever gets the file learns which names were asked for.
        """
        heading = "; What DNS answered, as Zone.from_file reads it. Lines with ;! are part of it.\n"
        return write_new(path, heading + self.zone().to_text(), overwrite)


def _record(nodes: Nodes, absent: set[tuple[str, str]], name: str, rdtype: str, answer: Answer) -> None:
    """Enter one answer, over what an earlier one said."""
    if answer.status != DnsStatus.FAILURE:  # a failure is one of the question, not of what it points to
        for link in answer.chain:
            nodes.setdefault(name, {})["CNAME"] = (read_name(link),)
            nodes[name].pop(rdtype, None)
            absent.discard((name, rdtype))
            name = read_name(link)
    if answer.status == DnsStatus.NXDOMAIN:
        nodes.get(name, {}).pop(rdtype, None)
        absent.add((name, rdtype))
        return
    absent.discard((name, rdtype))
    failed = answer.status == DnsStatus.FAILURE
    entry = (answer.failure or SERVFAIL) if failed else read_values(rdtype, answer.values)
    nodes.setdefault(name, {})[rdtype] = entry
