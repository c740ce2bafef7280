"""DNS as one injected question: ``dns(name, rdtype) -> Answer``.

`Zone` answers from records it holds and never touches the network. `LiveDns` asks real
servers and is the only place that does. `RecordingDns` writes down what another one
answered, in a file that `Zone.from_file` reads back.

Words: *NODATA* – the name exists but has no record of that type; *NXDOMAIN* – the name
does not exist (RFC 2308 §2); *empty non-terminal* – a name that has no records itself but
has names below it, so it exists (RFC 4592 §2.2.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from helpers._records import (
    MAX_NAME_TEXT,
    a_label,
    ancestors,
    canonical_name,
    hierarchy,
    read_type,
    read_values,
)
from helpers.terms import Answer, DnsFailure, DnsStatus, Shown

__all__ = ["SERVFAIL", "TIMEOUT", "Zone", "a_label"]

SERVFAIL = DnsFailure.SERVFAIL
TIMEOUT = DnsFailure.TIMEOUT

MAX_CNAMES = 15  # links of one chain; RFC 1034 §3.6.2 asks for a limit and leaves the number open
MAX_REMEMBERED = 8192  # answers kept by a zone: a bound for hostile streams of names

Entry = tuple[Any, ...] | DnsFailure
Node = Mapping[str, Entry]
EVERY = "ANY"  # as a type in a node: what every type without an entry of its own answers


class Zone(Shown):
    """DNS held in memory: a value that answers ``zone(name, rdtype)`` and never changes.

    A name that is listed, or has a listed name below it, exists; ``*`` works as RFC 4592
    says; CNAME and DNAME are followed; any other name is NXDOMAIN. Make one with
    `from_dict`, `from_file` or `from_text`, and a changed copy with `with_records`,
    `without` or ``zone | other``.
    """

    __slots__ = ("_absent", "_answers", "_dnames", "_exists", "_nodes")

    _nodes: dict[str, dict[str, Entry]]

    def __init__(self) -> None:
        self._set({}, frozenset())

    def _set(self, nodes: dict[str, dict[str, Entry]], absent: frozenset[tuple[str, str]]) -> None:
        self._nodes = nodes
        self._absent = absent  # questions recorded as NXDOMAIN, whatever the names around them say
        self._exists = {above for name in nodes for above in (name, *ancestors(name))}
        self._dnames = frozenset(name for name, node in nodes.items() if node.get("DNAME"))
        self._answers: dict[tuple[str, str], Answer] = {}

    @classmethod
    def _of(
        cls, nodes: dict[str, dict[str, Entry]], absent: frozenset[tuple[str, str]] = frozenset()
    ) -> Zone:
        zone = cls.__new__(cls)
        zone._set(nodes, absent)
        return zone

    @classmethod
    def from_dict(cls, records: Mapping[str, Mapping[str, Any] | DnsFailure]) -> Zone:
        """A zone from ``{name: {type: values}}``.

        Values are a list or one value: text for TXT (a list of character-strings inside the
        list is joined), an address, ``(10, "mx.example.com")`` or ``"10 mx.example.com"``
        for MX, a name, or the text of a master file for other types. SERVFAIL or TIMEOUT in
        place of the values makes that question fail, in place of the types every question
        for that name. ``{}``: the name exists and has no records. Raises ValueError with a
        sentence that names the record at fault.
        """
        nodes: dict[str, dict[str, Entry]] = {}
        for name, types in records.items():
            if isinstance(types, DnsFailure):
                types = {EVERY: types}
            if not isinstance(types, Mapping):
                raise ValueError(f"{name}: expected record types, such as {{'TXT': [...]}}, not {types!r}")
            node = nodes.setdefault(_read_name(name), {})
            for rdtype, given in types.items():
                key, entry = _read_entry(name, rdtype, given)
                node[key] = entry
        return cls._of(nodes)

    def with_records(self, name: str, rdtype: str, values: Any) -> Zone:
        """A new zone where ``name`` has exactly these records of that type.

        ``values`` as in `from_dict`. Raises ValueError when they can't be read.
        """
        owner = _read_name(name)
        key, entry = _read_entry(name, rdtype, values)
        nodes = dict(self._nodes)
        nodes[owner] = {**nodes.get(owner, {}), key: entry}
        return self._of(nodes, self._absent - {(owner, key)})

    def without(self, name: str, rdtype: str | None = None) -> Zone:
        """A new zone where ``name`` has no records of that type, or none at all.

        A name that loses its last record no longer exists, unless names below it do.
        """
        owner = _read_name(name)
        nodes = dict(self._nodes)
        node = nodes.pop(owner, {})
        gone = None if rdtype is None else read_type(rdtype)
        left = {key: entry for key, entry in node.items() if gone is not None and key != gone}
        if left:
            nodes[owner] = left
        return self._of(nodes, frozenset(x for x in self._absent if x[0] != owner or gone not in (None, x[1])))

    def names(self) -> tuple[str, ...]:
        """The names that are listed, each domain before what is below it."""
        return tuple(sorted(self._nodes, key=hierarchy))

    # ------------------------------------------------------------- questions

    def __call__(self, name: str, rdtype: str) -> Answer:
        """What this zone answers. Never raises for a name, however odd; an impossible one is NXDOMAIN."""
        try:
            return self._answers[name, rdtype]
        except KeyError:
            pass
        answer = self._resolve(name, rdtype.upper())
        if len(name) <= MAX_NAME_TEXT:
            if len(self._answers) >= MAX_REMEMBERED:
                self._answers.clear()
            self._answers[name, rdtype] = answer
        return answer

    def _resolve(self, asked: str, rdtype: str) -> Answer:
        qname = canonical_name(asked)
        if qname is None:
            return Answer(asked.lower().removesuffix("."), rdtype, DnsStatus.NXDOMAIN)
        chain: list[str] = []
        name = qname
        while len(chain) <= MAX_CNAMES:
            node = None if (name, rdtype) in self._absent else self._node(name)
            if node is None:
                return Answer(qname, rdtype, DnsStatus.NXDOMAIN, chain=tuple(chain))
            entry = node.get(rdtype, node.get(EVERY))
            target = node.get("CNAME") if entry is None else None
            if not target or isinstance(target, DnsFailure):
                return _answer(qname, rdtype, entry or (), tuple(chain))
            name = target[0]
            chain.append(name)
        return _answer(qname, rdtype, SERVFAIL, ())

    def _node(self, name: str) -> Node | None:
        """What stands at a name: its own records, a wildcard's, or None: there is no such name."""
        if self._dnames:
            for above in ancestors(name):
                if above in self._dnames:
                    return self._through_dname(name, above)
        node = self._nodes.get(name)
        if node is not None:
            return node
        if name in self._exists:
            return {}  # an empty non-terminal
        for above in ancestors(name):
            if above in self._exists:  # the closest encloser, RFC 4592 §3.3.1
                return self._nodes.get("*" if above == "." else f"*.{above}")
        return None

    def _through_dname(self, name: str, owner: str) -> Node:
        """RFC 6672 §2.2: the part of the name above the DNAME is exchanged."""
        target = self._nodes[owner]["DNAME"]
        if isinstance(target, DnsFailure):
            return {EVERY: target}
        prefix = name if owner == "." else name[: -len(owner) - 1]
        renamed = canonical_name(f"{prefix}." if target[0] == "." else f"{prefix}.{target[0]}")
        return {"CNAME": (renamed,)} if renamed else {EVERY: SERVFAIL}  # too long: YXDOMAIN


def _answer(name: str, rdtype: str, entry: Entry, chain: tuple[str, ...]) -> Answer:
    if isinstance(entry, DnsFailure):  # a resolver that fails does not say how far it came
        return Answer(name, rdtype, DnsStatus.FAILURE, failure=entry)
    return Answer(name, rdtype, DnsStatus.DATA if entry else DnsStatus.NODATA, entry, chain=chain)


def _read_name(name: Any) -> str:
    canonical = canonical_name(name) if isinstance(name, str) else None
    if canonical is None:
        raise ValueError(f"{name!r} is not a domain name")
    return canonical


def _read_entry(name: str, rdtype: Any, given: Any) -> tuple[str, Entry]:
    try:
        key = read_type(rdtype)
        entry = read_values(key, given)
    except ValueError as problem:
        raise ValueError(f"{name} {rdtype}: {problem}") from None
    if key == "CNAME" and not isinstance(entry, DnsFailure) and len(entry) > 1:
        raise ValueError(f"{name} CNAME: a name can have one CNAME only (RFC 1034 §3.6.2)")
    return key, entry
