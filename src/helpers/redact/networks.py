"""IP addresses renamed so that containment stays: who was in a network, or in one /24, still is.

Public addresses go to the ranges for documentation (RFC 5737, RFC 3849); where these are full, to
the range for benchmarks (RFC 2544), which is on no one's network either. Private ones stay private.

Words: a *net* is a block of addresses with everything in it; a *leaf* is one address.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_TREE = 4_000  # addresses whose relations are kept; a mail with more is hostile
MAX_NETS = 4_000

_V4_CLASSES = (  # what kind of address it is, and where such go
    ("127.0.0.0/8", ()),
    ("10.0.0.0/8", ("10.0.0.0/8",)),
    ("172.16.0.0/12", ("172.16.0.0/12",)),
    ("192.168.0.0/16", ("192.168.0.0/16",)),
    ("100.64.0.0/10", ("100.64.0.0/10",)),
    ("169.254.0.0/16", ("169.254.0.0/16",)),
    ("224.0.0.0/4", ("233.252.0.0/24",)),  # multicast for documentation, RFC 6676
    ("240.0.0.0/4", ("240.0.0.0/4",)),
    ("0.0.0.0/0", ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")),
)
_V4_MORE = "198.18.0.0/15"
_V6_CLASSES = (
    ("fc00::/7", ("fd00::/8",)),
    ("fe80::/10", ("fe80::/64",)),
    ("ff00::/8", ("ff0e::db8:0:0/96",)),  # RFC 6676
    ("::/0", ("2001:db8::/32", "3fff::/20")),
)
_KEPT = frozenset(["0.0.0.0", "255.255.255.255", "::", "::1"])  # noqa: S104 - nobody's address


@dataclass(slots=True)
class _Net:
    """A block on the way to its new place. ``size`` is a power of two."""

    base: int
    length: int
    explicit: bool
    size: int = 1
    nets: list[_Net] = field(default_factory=list)
    leaves: list[int] = field(default_factory=list)


class Networks:
    """Collects addresses and networks first; `assign` then gives each a new place."""

    def __init__(self) -> None:
        self.addresses: dict[Address, None] = {}
        self.nets: dict[tuple[int, int, int], None] = {}  # version, base, length
        self._avoid: set[str] = set()
        self._new: dict[Address, Address] = {}
        self._new_nets: dict[tuple[int, int, int], str] = {}

    def collect(self, address: Address, length: int | None = None) -> None:
        """Note an address, or the network that stands around it."""
        if str(address) in _KEPT or address.is_loopback:
            return
        if length is None or length == address.max_prefixlen:
            self.addresses[address] = None
        elif len(self.nets) < MAX_NETS:
            self.nets[address.version, _base(int(address), length, address.max_prefixlen), length] = None

    def avoid(self, text: str) -> None:
        """An address that is to be nobody's new one."""
        if len(self._avoid) < MAX_TREE and text not in self._avoid:
            with suppress(ValueError):
                self._avoid.add(str(ipaddress.ip_address(text)))

    def assign(self) -> None:
        """Find a new place for everything collected."""
        avoid = self._avoid | {str(address) for address in self.addresses}
        avoid |= {str(_address(version, base)) for version, base, _ in self.nets}
        for version, classes in ((4, _V4_CLASSES), (6, _V6_CLASSES)):
            leaves = [address for address in self.addresses if address.version == version]
            nets = [(base, length) for kind, base, length in self.nets if kind == version]
            for within, places in classes:
                whole = ipaddress.ip_network(within)
                mine = [int(address) for address in leaves if address in whole]
                leaves = [address for address in leaves if address not in whole]
                my_nets = [net for net in nets if _address(version, net[0]) in whole]
                nets = [net for net in nets if _address(version, net[0]) not in whole]
                if mine or my_nets:
                    self._assign_class(version, mine, my_nets, places, avoid)

    def _assign_class(
        self,
        version: int,
        leaves: list[int],
        nets: list[tuple[int, int]],
        places: Iterable[str],
        avoid: set[str],
    ) -> None:
        spaces = [_space(place) for place in places]
        spaces.sort(key=lambda space: any(space[0] <= leaf < space[0] + space[1] for leaf in leaves))
        more = [*spaces, _space(_V4_MORE)] if version == 4 else spaces
        groups = (256, 64, 16, 4, 1) if version == 4 else (1 << 64, 1 << 16, 1)
        trials = [(group, spaces) for group in groups] + [(group, more) for group in (256, 1)]
        if len(leaves) <= MAX_TREE:
            for group, room in trials:
                placed = _Placing(version, group, room, avoid).place(_forest(version, leaves, nets))
                if placed is not None:
                    self._keep(version, *placed)
                    return
        self._scatter(version, leaves, nets, more[-1])

    def _keep(
        self, version: int, leaves: dict[int, int], nets: dict[tuple[int, int], tuple[int, int]]
    ) -> None:
        for old, new in leaves.items():
            self._new[_address(version, old)] = _address(version, new)
        for (base, length), (new, new_length) in nets.items():
            self._new_nets[version, base, length] = f"{_address(version, new)}/{new_length}"

    def _scatter(
        self, version: int, leaves: list[int], nets: list[tuple[int, int]], room: tuple[int, int]
    ) -> None:
        """Too many to keep their relations: one after the other, round and round."""
        for number, leaf in enumerate(leaves):
            self._new[_address(version, leaf)] = _address(version, room[0] + 1 + number % (room[1] - 2))
        for base, length in nets:
            bits = 32 if version == 4 else 128
            self._new_nets[version, base, length] = f"{_address(version, room[0] + room[1] - 1)}/{bits}"

    def address(self, address: Address) -> Address:
        """The new address."""
        return self._new.get(address, address)

    def network(self, address: Address, length: int) -> str:
        """The new network as text with its prefix length."""
        if length == address.max_prefixlen:
            return f"{self.address(address)}/{length}"
        key = address.version, _base(int(address), length, address.max_prefixlen), length
        return self._new_nets.get(key, f"{address}/{length}")

    def names(self) -> dict[str, str]:
        """What became of each address and network."""
        names = {str(old): str(new) for old, new in self._new.items()}
        for (version, base, length), new in self._new_nets.items():
            names[f"{_address(version, base)}/{length}"] = new
        return names


def _space(place: str) -> tuple[int, int]:
    net = ipaddress.ip_network(place)
    return int(net.network_address), net.num_addresses


def _address(version: int, number: int) -> Address:
    return ipaddress.IPv4Address(number) if version == 4 else ipaddress.IPv6Address(number)


def _base(number: int, length: int, bits: int) -> int:
    return number >> (bits - length) << (bits - length) if length else 0


def _forest(version: int, leaves: list[int], nets: list[tuple[int, int]]) -> list[_Net]:
    """Nets within nets; every leaf is in the net of its /24 (IPv6: /64, and that in its /48)."""
    bits, groups = (32, (24,)) if version == 4 else (128, (48, 64))
    blocks = {(base, length): _Net(base, length, True) for base, length in nets}
    for leaf in leaves:
        for length in groups:
            base = _base(leaf, length, bits)
            blocks.setdefault((base, length), _Net(base, length, False))
    roots: list[_Net] = []
    stack: list[_Net] = []
    items = [(net.base, net.length, net) for net in blocks.values()]
    everything: list[tuple[int, int, _Net | None]] = [*items, *((leaf, bits + 1, None) for leaf in leaves)]
    for base, _, net in sorted(everything, key=lambda item: item[:2]):
        while stack and _base(base, stack[-1].length, bits) != stack[-1].base:
            stack.pop()
        if net is None:
            stack[-1].leaves.append(base)
            continue
        (stack[-1].nets if stack else roots).append(net)
        stack.append(net)
    return roots


class _Placing:
    """One try to find room, with nets of at least ``group`` addresses."""

    def __init__(self, version: int, group: int, spaces: list[tuple[int, int]], avoid: set[str]) -> None:
        self.version = version
        self.group = group
        self.spaces = spaces
        self.avoid = avoid
        self.leaves: dict[int, int] = {}
        self.nets: dict[tuple[int, int], tuple[int, int]] = {}

    def place(
        self, roots: list[_Net]
    ) -> tuple[dict[int, int], dict[tuple[int, int], tuple[int, int]]] | None:
        """New places of leaves and nets, None when there is no room."""
        for root in roots:
            self._measure(root)
        roots = sorted(roots, key=lambda root: -root.size)
        room = [[base, base + size] for base, size in self.spaces]
        return (self.leaves, self.nets) if self._fit(roots, room) else None

    def _measure(self, net: _Net) -> int:
        inner = sum(self._measure(child) for child in net.nets)
        wanted = inner + len(net.leaves) + (1 if net.leaves else 0)
        least = min(self.group, 4) if net.explicit or net.nets else self.group
        net.size = 1 << (max(wanted, least) - 1).bit_length()
        return net.size

    def _fit(self, nets: list[_Net], room: list[list[int]]) -> bool:
        """Put nets, largest first, at multiples of their size into what is free."""
        for net in nets:
            for free in room:
                start = -(-free[0] // net.size) * net.size
                while start + net.size <= free[1] and net.explicit and self._taken(start):
                    start += net.size
                if start + net.size <= free[1]:
                    free[0] = start + net.size
                    break
            else:
                return False
            if not self._inside(net, start):
                return False
        return True

    def _inside(self, net: _Net, start: int) -> bool:
        bits = 32 if self.version == 4 else 128
        if net.explicit:
            self.nets[net.base, net.length] = start, bits - (net.size.bit_length() - 1)
        room = [[start, start + net.size]]
        if not self._fit(sorted(net.nets, key=lambda child: -child.size), room):
            return False
        position, end = room[0]
        if net.size > 1 and position == start:
            position += 1  # the first address of a net looks like the net itself
        for leaf in net.leaves:
            while position < end and self._taken(position):
                position += 1
            if position >= end:
                return False
            self.leaves[leaf] = position
            position += 1
        return True

    def _taken(self, number: int) -> bool:
        return str(_address(self.version, number)) in self.avoid
