"""What if a record were different? Some names changed over any DNS. `lookup` has it under its public name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from helpers.lookup.records import EVERY, MAX_CNAMES, Entry, Nodes, ancestors, canonical_name
from helpers.lookup.zone import Zone, answer_of
from helpers.terms import Answer, DnsFailure, DnsStatus

if TYPE_CHECKING:
    from helpers.lookup.ahead import Ticket
    from helpers.terms import Dns


class Overlay:
    """Answers the changed names and types from ``changes`` and everything else from ``dns``.

    ``dns``: a `Zone`, live or recorded DNS, another overlay: anything that answers. ``changes``
    as in `Zone.from_dict`, ``{name: {type: values}}``, or a `Zone`. The values replace what
    stood at that name and type; an empty list takes it away; SERVFAIL or TIMEOUT makes the
    question fail. A CNAME takes the place of everything else at its name (RFC 1034 §3.6.2).
    CNAMEs of either side lead to names of either side. ``dns`` itself is not changed.

    Over a zone the answers are those of the changed zone. Other DNS does not show its
    wildcards: one that answered for a changed name goes on doing so for its other types.

    Raises ValueError when ``changes`` can't be read, TypeError when ``dns`` can't be asked.
    """

    __slots__ = ("_base", "_changes", "_exists")

    def __init__(self, dns: Dns, changes: Mapping[str, Mapping[str, Any] | DnsFailure] | Zone) -> None:
        if not callable(dns):
            raise TypeError("an overlay needs dns, a zone or a resolver that answers what is not changed")
        given = changes if isinstance(changes, Zone) else Zone.from_dict(changes)
        nodes = {name: _alone(node) for name, node in given._nodes.items()}
        if isinstance(dns, Zone):
            self._base: Any = _changed_zone(dns, nodes)
        elif odd := next((name for name, node in nodes.items() if name[:2] == "*." or "DNAME" in node), None):
            raise ValueError(f"{odd}: a wildcard or DNAME can only be laid over a zone, not over other DNS")
        else:
            self._base = dns
        self._changes = nodes
        self._exists = {above for name in nodes for above in (name, *ancestors(name))}

    def __repr__(self) -> str:
        return f"<Overlay: {len(self._changes)} changed names over {self._base!r}>"

    def __call__(self, name: str, rdtype: str) -> Answer:
        """What DNS would answer."""
        return self._answer(name, rdtype, self._base)

    @property
    def ask_ahead(self) -> Callable[[Ticket], Ticket] | None:
        """As ``dns`` has it, if it does: only what is not changed is ever sent for."""
        return getattr(self._base, "ask_ahead", None)

    def at_hand(self, name: str, rdtype: str) -> Answer:
        """The answer, if nothing has to be sent for it; else raises `NotYet`."""
        return self._answer(name, rdtype, self._base.at_hand)

    def _answer(self, name: str, rdtype: str, base: Dns) -> Answer:
        if isinstance(base, Zone):
            return base(name, rdtype)
        rdtype = rdtype.upper()
        qname = canonical_name(name)
        if qname is None:
            return base(name, rdtype)
        return self._resolve(qname, rdtype, base)

    def _resolve(self, qname: str, rdtype: str, base: Dns) -> Answer:
        changed = self._changes
        chain: list[str] = []
        name = qname
        while len(chain) <= MAX_CNAMES:
            node = changed.get(name, {})
            entry = node.get(rdtype, node.get(EVERY))
            if entry is not None or (node.get("CNAME") == () and _has_cname(base, name)):
                return answer_of(qname, rdtype, entry or (), tuple(chain))
            if target := node.get("CNAME"):
                if isinstance(target, DnsFailure):
                    return answer_of(qname, rdtype, target, ())
                chain.append(target[0])
            else:
                answer = base(name, rdtype)
                links = _up_to_a_change(answer.chain, changed)
                if links is None:
                    return self._finished(qname, answer, chain)
                chain += links
            name = chain[-1]
        return answer_of(qname, rdtype, DnsFailure.SERVFAIL, ())

    def _finished(self, qname: str, answer: Answer, chain: list[str]) -> Answer:
        """The base's own answer, for a question that got there through ``chain``."""
        if answer.status == DnsStatus.FAILURE:
            return Answer(qname, answer.rdtype, answer.status, failure=answer.failure)
        whole = (*chain, *answer.chain)
        status = answer.status
        if status == DnsStatus.NXDOMAIN and (whole[-1] if whole else qname) in self._exists:
            status = DnsStatus.NODATA  # the changes made the name exist, or one below it
        return Answer(qname, answer.rdtype, status, answer.values, chain=whole)


def _has_cname(base: Dns, name: str) -> bool:
    """A name that has a CNAME has nothing else, so nothing is left when that is taken away."""
    return base(name, "CNAME").status == DnsStatus.DATA


def _alone(node: Mapping[str, Entry]) -> dict[str, Entry]:
    """A new CNAME stands alone at its name."""
    cname = node.get("CNAME")
    return {"CNAME": cname} if cname and not isinstance(cname, DnsFailure) else dict(node)


def _changed_zone(zone: Zone, changes: Nodes) -> Zone:
    """The zone with the changes in it, so that wildcards and names that exist are as they would be."""
    for name, node in changes.items():
        if node.get("CNAME") or EVERY in node:
            zone = zone.without(name)
        elif node.get("CNAME") == ():
            zone = zone.without(name, "CNAME")
    return zone | Zone.of_nodes(changes)


def _up_to_a_change(chain: tuple[str, ...], changed: Nodes) -> tuple[str, ...] | None:
    """The CNAMEs that lead to the first changed name, or None when none is changed."""
    for place, link in enumerate(chain, 1):
        if link in changed:
            return chain[:place]
    return None
