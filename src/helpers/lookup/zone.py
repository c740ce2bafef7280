"""DNS held in memory. `lookup` has it under its public name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import TYPE_CHECKING, Any

from helpers.files import write_new
from helpers.lookup.records import (
    EVERY,
    MAX_CNAMES,
    MAX_NAME_TEXT,
    Entry,
    Nodes,
    ancestors,
    canonical_name,
    hierarchy,
    read_type,
    read_values,
    written_name,
    written_values,
)
from helpers.terms import Answer, DnsFailure, DnsStatus, Shown

if TYPE_CHECKING:
    import os
    from pathlib import Path

MAX_FILE = 100_000_000  # ours: characters of one master file, a million records
MAX_REMEMBERED = 8192  # answers kept: a bound for hostile streams of names

Questions = frozenset[tuple[str, str]]


class Zone(Shown):
    """DNS held in memory: a value that answers ``zone(name, rdtype)`` and never changes.

    A name that is listed, or has a listed name below it, exists; ``*`` works as RFC 4592
    says; CNAME and DNAME are followed; any other name is NXDOMAIN. Make one with
    `from_dict`, `from_file` or `from_text`, and a changed copy with `with_records`,
    `without` or ``zone | other``.
    """

    __slots__ = ("_absent", "_answers", "_dnames", "_exists", "_nodes")

    def __init__(self) -> None:
        self._set({}, frozenset())

    def _set(self, nodes: Nodes, absent: Questions) -> None:
        self._nodes = nodes
        self._absent = absent  # questions recorded as NXDOMAIN, whatever the names around them say
        self._exists = {above for name in nodes for above in (name, *ancestors(name))}
        self._dnames = frozenset(name for name, node in nodes.items() if node.get("DNAME"))
        self._answers: dict[tuple[str, str], Answer] = {}

    @classmethod
    def of_nodes(cls, nodes: Nodes, absent: Questions = frozenset()) -> Zone:
        """From entries that are in their final spelling already: for this room only."""
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
        for that name, and as the value of type ``ANY`` every type that is not listed.
        ``{}``: the name exists and has no records. Raises ValueError with a sentence that
        names the record at fault.
        """
        nodes: Nodes = {}
        for name, given in records.items():
            types = {EVERY: given} if isinstance(given, DnsFailure) else given
            if not isinstance(types, Mapping):
                raise ValueError(f"{name}: expected record types, such as {{'TXT': [...]}}, not {types!r}")
            node = nodes.setdefault(read_name(name), {})
            for rdtype, values in types.items():
                key, entry = _read_entry(name, rdtype, values)
                node[key] = entry
        return cls.of_nodes(nodes)

    @classmethod
    def from_file(
        cls, path: str | os.PathLike[str], *more_paths: str | os.PathLike[str], origin: str | None = None
    ) -> Zone:
        """A zone from one or several master files (RFC 1035 §5).

        A file may hold several domains and needs no SOA, NS or TTL. ``origin`` completes
        names without a final dot until a $ORIGIN line does; without either they are taken
        as full names. A file written by `save` brings back failures too. Raises OSError
        when a file can't be opened, ValueError with file and line when it can't be read.
        """
        return cls._read([(str(each), _decoded(each)) for each in (path, *more_paths)], origin)

    @classmethod
    def from_text(cls, text: str, origin: str | None = None) -> Zone:
        """A zone from the text of a master file; otherwise as `from_file`."""
        return cls._read([("zone", text)], origin)

    @classmethod
    def _read(cls, texts: list[tuple[str, str]], origin: str | None) -> Zone:
        from helpers.lookup.file import read_files

        nodes, absent = read_files(texts, origin)
        return cls.of_nodes(nodes, frozenset(absent))

    def with_records(self, name: str, rdtype: str, values: Any) -> Zone:
        """A new zone where ``name`` has exactly these records of that type.

        ``values`` as in `from_dict`; an empty list leaves the name without that type.
        Raises ValueError when they can't be read.
        """
        owner = read_name(name)
        key, entry = _read_entry(name, rdtype, values)
        nodes = dict(self._nodes)
        nodes[owner] = {**nodes.get(owner, {}), key: entry}
        return self.of_nodes(nodes, self._absent_beside({owner, *ancestors(owner)}))

    def _absent_beside(self, names: Set[str]) -> Questions:
        """What was recorded as NXDOMAIN, without what exists now that these names do."""
        below = tuple(name[1:] for name in names if name.startswith("*."))
        return frozenset(
            x for x in self._absent if x[0] not in names and not (below and x[0].endswith(below))
        )

    def without(self, name: str, rdtype: str | None = None) -> Zone:
        """A new zone where ``name`` has no records of that type, or none at all.

        A name that loses its last record no longer exists, unless names below it do.
        """
        owner = read_name(name)
        nodes = dict(self._nodes)
        node = nodes.pop(owner, {})
        gone = None if rdtype is None else read_type(rdtype)
        left = {key: entry for key, entry in node.items() if gone is not None and key != gone}
        if left:
            nodes[owner] = left
        return self.of_nodes(nodes, self._absent)

    def __or__(self, other: Zone) -> Zone:
        """Both zones as one; where both have records of a type at a name, those of ``other`` count."""
        if not isinstance(other, Zone):
            return NotImplemented
        nodes = dict(self._nodes)
        for name, node in other._nodes.items():
            nodes[name] = {**nodes.get(name, {}), **node}
        return self.of_nodes(nodes, self._absent_beside(other._exists) | other._absent)

    def names(self) -> tuple[str, ...]:
        """The names that are listed, each domain before what is below it."""
        return tuple(sorted(self._nodes, key=hierarchy))

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Name, type and value of every record, in the words of a master file; failures too."""
        for name in self.names():
            for rdtype, entry in _in_order(self._nodes[name]):
                shown = (entry.value,) if isinstance(entry, DnsFailure) else written_values(rdtype, entry)
                for value in shown:
                    yield name, rdtype, value

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: name to type to list of values, or to ``"servfail"`` or ``"timeout"``."""
        return {name: {k: _json(x) for k, x in self._nodes[name].items()} for name in self.names()}

    def to_text(self) -> str:
        """The zone as a master file that `from_text` and name servers read.

        What a master file can't say (a failure, a name without records) stands in comments
        that start with ``;!``.
        """
        lines = ["$ORIGIN .", "$TTL 300"]
        for name in self.names():
            lines += _written_node(written_name(name), self._nodes[name])
        lines += [f";!nxdomain {written_name(name)} {rdtype}" for name, rdtype in sorted(self._absent)]
        return "\n".join(lines) + "\n"

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write `to_text` to a file and return its path.

        A file that exists is replaced only with ``overwrite=True``, else FileExistsError.
        """
        return write_new(path, self.to_text().encode(), overwrite=overwrite)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Zone) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Questions, frozenset[Any]]:
        """Zones are equal when they have the same records, in whatever order."""
        entries: set[tuple[str, str, Entry]] = {(name, "", ()) for name in self._nodes}
        for name, node in self._nodes.items():
            for rdtype, entry in node.items():
                entries.add((name, rdtype, entry if isinstance(entry, DnsFailure) else tuple(sorted(entry))))
        return self._absent, frozenset(entries)

    def __reduce__(self) -> tuple[Any, ...]:
        return Zone.of_nodes, (self._nodes, self._absent)

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
        if not isinstance(asked, str):
            raise TypeError(f"a name in DNS is text, not {asked!r}")
        qname = canonical_name(asked)
        if qname is None:
            return Answer(asked.lower().removesuffix("."), rdtype, DnsStatus.NXDOMAIN)
        chain: list[str] = []
        name = qname
        while len(chain) <= MAX_CNAMES:
            node = None if self._is_absent(name, rdtype) else self._node(name)
            if node is None:
                return Answer(qname, rdtype, DnsStatus.NXDOMAIN, chain=tuple(chain))
            entry = node.get(rdtype, node.get(EVERY))
            target = node.get("CNAME") if entry is None else None
            if not target or isinstance(target, DnsFailure):
                return answer_of(qname, rdtype, entry or (), tuple(chain))
            name = target[0]
            chain.append(name)
        return answer_of(qname, rdtype, DnsFailure.SERVFAIL, ())

    def _is_absent(self, name: str, rdtype: str) -> bool:
        return bool(self._absent) and ((name, rdtype) in self._absent or (name, EVERY) in self._absent)

    def _node(self, name: str) -> Mapping[str, Entry] | None:
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
                source = "*" if above == "." else f"*.{above}"
                return self._nodes.get(source, {} if source in self._exists else None)
        return None

    def _through_dname(self, name: str, owner: str) -> Mapping[str, Entry]:
        """RFC 6672 §2.2: the part of the name above the DNAME is exchanged."""
        target = self._nodes[owner]["DNAME"]
        if isinstance(target, DnsFailure):
            return {EVERY: target}
        prefix = name if owner == "." else name[: -len(owner) - 1]
        renamed = canonical_name(f"{prefix}." if target[0] == "." else f"{prefix}.{target[0]}")
        return {"CNAME": (renamed,)} if renamed else {EVERY: DnsFailure.SERVFAIL}  # too long: YXDOMAIN


def answer_of(name: str, rdtype: str, entry: Entry, chain: tuple[str, ...]) -> Answer:
    """An entry as the answer to a question that reached it through ``chain``."""
    if isinstance(entry, DnsFailure):  # a resolver that fails does not say how far it came
        return Answer(name, rdtype, DnsStatus.FAILURE, failure=entry)
    return Answer(name, rdtype, DnsStatus.DATA if entry else DnsStatus.NODATA, entry, chain=chain)


def read_name(name: Any) -> str:
    """The name in its final spelling. Raises ValueError when it is none."""
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


def _json(entry: Entry) -> Any:
    if isinstance(entry, DnsFailure):
        return entry.value
    return [list(value) if isinstance(value, tuple) else value for value in entry]


def _in_order(node: Mapping[str, Entry]) -> list[tuple[str, Entry]]:
    """Types by name, but SOA first: some servers want it at the start of the file."""
    return sorted(node.items(), key=lambda item: (item[0] != "SOA", item[0]))


def _written_node(name: str, node: Mapping[str, Entry]) -> Iterator[str]:
    if not node:
        yield f";!nodata {name}"
    for rdtype, entry in _in_order(node):
        kind = "" if rdtype == EVERY else f" {rdtype}"
        if isinstance(entry, DnsFailure):
            yield f";!{entry.value} {name}{kind}"
        elif not entry:
            yield f";!nodata {name}{kind}"
        else:
            for value in written_values(rdtype, entry):
                yield f"{name} IN {rdtype} {value}"


def _decoded(path: str | os.PathLike[str]) -> str:
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read(MAX_FILE + 1)
    except UnicodeDecodeError:
        raise ValueError(f"{path}: is not a text file in UTF-8") from None
    if len(text) > MAX_FILE:  # or a device, which has no end
        raise ValueError(f"{path}: has more than {MAX_FILE:,} characters")
    return text
