"""What one SPF check counts, asks and fills in: the ledger, DNS in words, macro values.

Private to the room ``spf``.
"""

from __future__ import annotations

import re
import socket
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from helpers.lookup import a_label, is_open
from helpers.spf.macro import MAX_NAME, ValueOf, expand_name
from helpers.spf.record import SpfTerm, quoted
from helpers.terms import Answer, DnsStatus, Result, Step

if TYPE_CHECKING:
    from helpers.terms import Dns

MAX_LOOKUPS = 10  # RFC 7208 §4.6.4: terms that ask DNS
MAX_VOID_LOOKUPS = 2  # RFC 7208 §4.6.4: look-ups that find nothing
MAX_PTR = 10  # RFC 7208 §4.6.4: more names of one client IP are ignored
MAX_SHOWN = 10  # ours: macros of one term that get a step of their own
MAX_LOCAL_PART = 256  # RFC 5321 §4.5.3.1.3: no path has more octets; bounds what macros can make

COUNTED = tuple(f"Look-up {n} of {MAX_LOOKUPS}. " for n in range(MAX_LOOKUPS + 1))

MAX_LABEL = 63  # RFC 1035 §2.3.4

_NAME = re.compile(r"(?:[^.]{1,63}\.)*[^.]{1,63}")
_DATA, _FAILURE, _NXDOMAIN = DnsStatus.DATA, DnsStatus.FAILURE, DnsStatus.NXDOMAIN


class Client(NamedTuple):
    """The client IP as a number, so that a network is one shift away."""

    value: int
    bits: Literal[32, 128]
    text: str
    mapped: bool = False  # given as an IPv4-mapped IPv6 address

    @property
    def dotted(self) -> str:
        """Macro i: dotted quad, or 32 dotted hexadecimal digits (RFC 7208 §7.3)."""
        return self.text if self.bits == 32 else ".".join(f"{self.value:032X}")

    @property
    def arpa(self) -> str:
        """The name under which the client's PTR records are."""
        suffix = "in-addr.arpa" if self.bits == 32 else "ip6.arpa"
        return ".".join(reversed(self.dotted.lower().split("."))) + "." + suffix


class Sender(NamedTuple):
    """The identity that is checked (RFC 7208 §2.3, §2.4)."""

    identity: Literal["mailfrom", "helo"]
    local: str
    domain: str


class Looked(NamedTuple):
    """One answer, in words; ``error`` ends the check."""

    answer: Answer
    words: str
    error: Result | None = None


class Names(NamedTuple):
    """The names of the client IP that lead back to it (RFC 7208 §5.5)."""

    answer: Answer
    validated: tuple[str, ...]
    steps: tuple[Step, ...]
    open: bool  # not all of it is known yet: in a rehearsal only


class Ledger:
    """The one thing that changes during a check: what was counted, and the client's names once known."""

    __slots__ = ("client", "dns", "helo", "lookups", "names", "now", "rdtype", "receiver", "sender", "voids")

    def __init__(
        self, client: Client, dns: Dns, sender: Sender, helo: str, receiver: str, now: float | None
    ) -> None:
        self.client = client
        self.dns = dns
        self.sender = sender
        self.helo = helo
        self.receiver = receiver
        self.now = now
        self.rdtype = "A" if client.bits == 32 else "AAAA"
        self.lookups = 0
        self.voids = 0
        self.names: Names | None = None


# -------------------------------------------------------------- what is checked


@lru_cache(maxsize=256)
def read_client(text: str) -> Client:
    """The client IP; an IPv4-mapped IPv6 address is IPv4 (RFC 7208 §5). ValueError when it is no IP."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            packed = socket.inet_pton(family, text)
        except (OSError, ValueError):
            continue
        mapped = packed[:12] == b"\0" * 10 + b"\xff\xff"
        if mapped or len(packed) == 4:
            packed = packed[-4:]
            return Client(int.from_bytes(packed, "big"), 32, socket.inet_ntop(socket.AF_INET, packed), mapped)
        return Client(int.from_bytes(packed, "big"), 128, socket.inet_ntop(socket.AF_INET6, packed))
    raise ValueError(f"client_ip has to be an IPv4 or IPv6 address, not {quoted(text)}")


def read_sender(mail_from: str | None, helo: str) -> Sender:
    """Which identity, and its two halves; the local part is postmaster where there is none (§4.3)."""
    if not mail_from or mail_from == "<>":
        return Sender("helo", "postmaster", _domain_text(helo))
    address = mail_from[1:-1] if mail_from[0] == "<" and mail_from[-1] == ">" else mail_from
    if address[:1] == "@" and ":" in address:  # a source route: accepted and ignored (RFC 5321 §4.1.1.3)
        address = address.partition(":")[2]
    local, _, domain = address.rpartition("@")
    return Sender("mailfrom", local[:MAX_LOCAL_PART] or "postmaster", _domain_text(domain))


def _domain_text(domain: str) -> str:
    """As given, but A-labels for U-labels (RFC 7208 §4.3) and no final dot."""
    if not domain.isascii():
        return a_label(domain) or domain
    return domain.removesuffix(".")


def dns_name(text: str) -> str | None:
    """The name to ask DNS for, lower case; None when it can't be one (empty or long label, too long).

    Looser than a mail domain: macros make names with blanks and the like (RFC 7208 §7.1).
    """
    if not text.isascii():
        return a_label(text)
    name = text.removesuffix(".").lower()
    short = 0 < len(name) <= MAX_LABEL and ".." not in name and name[0] != "." != name[-1]
    if not short and (len(name) > MAX_NAME or not _NAME.fullmatch(name)):
        return None
    return name if "\\" not in name else name.replace("\\", "\\\\")  # here it is an octet like any other


def host_name(value: object) -> str | None:
    """The name in an MX or PTR record, as DNS gave it; None for the root: there is no host."""
    return str(value).lower().removesuffix(".") or None


def shown(text: str) -> str:
    """A name as it is, or in quotes and made harmless where it isn't an ordinary one."""
    return text if text and len(text) <= MAX_NAME and text.isprintable() else quoted(text)


# ------------------------------------------------------------ asking, counting


def ask(ledger: Ledger, name: str, rdtype: str) -> Looked:
    """One question for a mechanism; DNS failing, or a void look-up too many, ends the check."""
    answer = ledger.dns(name, rdtype)
    words = in_words(answer, name, rdtype)
    if answer.status == _DATA:
        return Looked(answer, words)
    if answer.status == _FAILURE:
        return Looked(answer, words, Result.TEMPERROR)
    return count_void(ledger, answer, words)


def count_void(ledger: Ledger, answer: Answer, words: str) -> Looked:
    """Count a look-up that may have found nothing (RFC 7208 §4.6.4)."""
    if answer.status == _DATA or answer.status == _FAILURE:
        return Looked(answer, words)
    if ledger.voids == MAX_VOID_LOOKUPS:
        over = f"It is the third look-up that found nothing; {MAX_VOID_LOOKUPS} are allowed (§4.6.4)."
        return Looked(answer, f"{words} {over}", Result.PERMERROR)
    ledger.voids += 1
    return Looked(answer, f"{words} Void look-up {ledger.voids} of {MAX_VOID_LOOKUPS}.")


def in_words(answer: Answer, name: str, rdtype: str) -> str:
    """What DNS said, as a sentence."""
    name = shown(name)
    if answer.status == _DATA:
        values = answer.values
        if len(values) == 1 and rdtype != "MX":
            return f"{rdtype} of {name}: {shown(values[0])}."
        words = ", ".join(map(_mx_words if rdtype == "MX" else shown, values[:4]))
        more = f" and {len(values) - 4} more" if len(values) > 4 else ""
        return f"{rdtype} of {name}: {words}{more}."
    if answer.status == _FAILURE:
        return f"DNS gave no answer for {rdtype} of {name} ({failure(answer)})."
    if answer.status == _NXDOMAIN:
        return f"There is no name {name}."
    return f"{name} has no {rdtype} record."


def _mx_words(value: tuple[int, str]) -> str:
    return f"{value[0]} {shown(value[1])}"


def failure(answer: Answer) -> str:
    """Why DNS did not answer."""
    return str(answer.failure or "no reason given")


def addresses(answer: Answer, bits: int) -> list[int]:
    """The addresses as numbers; what is no address of this family is left out."""
    family = socket.AF_INET if bits == 32 else socket.AF_INET6
    numbers = []
    for value in answer.values:
        try:
            numbers.append(int.from_bytes(socket.inet_pton(family, value), "big"))
        except (OSError, ValueError, TypeError):
            continue
    return numbers


def client_names(ledger: Ledger) -> Names:
    """The client's PTR names that have the client among their addresses; found once per check.

    The names belong to the client, not to the domain owner, so what fails or is void
    among them is passed over and not counted (RFC 7208 §5.5).
    """
    if ledger.names is not None:
        return ledger.names
    client = ledger.client
    answer = ledger.dns(client.arpa, "PTR")
    validated: list[str] = []
    steps: list[Step] = []
    unknown = is_open(answer)
    for text in answer.values[:MAX_PTR] if answer.status == _DATA else ():
        host = host_name(text)
        if host is None:
            continue
        asked = ledger.dns(host, ledger.rdtype)
        unknown = unknown or is_open(asked)
        good = asked.status == _DATA and client.value in addresses(asked, client.bits)
        if good:
            validated.append(host)
        verdict = "The client is there: a validated name." if good else "Not validated, so passed over."
        words = f"{in_words(asked, host, ledger.rdtype)} {verdict}"
        steps.append(Step(f"PTR {shown(host)}", words, "RFC 7208 §5.5", asked))
    if len(answer.values) > MAX_PTR:
        words = f"Only the first {MAX_PTR} of {len(answer.values)} names are looked at."
        steps.append(Step("further PTR records", words, "RFC 7208 §4.6.4"))
    ledger.names = Names(answer, tuple(validated), tuple(steps), unknown)
    return ledger.names


# -------------------------------------------------------------------- macros


def target_of(ledger: Ledger, term: SpfTerm, domain: str) -> tuple[str | None, tuple[Step, ...]]:
    """The name that a term is about, and the step that filled in its macros (RFC 7208 §4.8, §7).

    None: the local part isn't ASCII and can't be part of a name (RFC 8616 §4).
    """
    parts = term.parts
    if not parts:
        return domain, ()
    if len(parts) == 1 and isinstance(parts[0], str):
        text = parts[0].removesuffix(".")
        if len(text) <= MAX_NAME:
            return text, ()
    name, filled = expand_name(parts, values(ledger, domain))
    if name is None:
        return None, ()
    names = ledger.names.steps if ledger.names is not None else ()
    inner = [
        Step(
            macro.text,
            f"{macro.meaning}: {quoted(value)}",
            "RFC 7208 §7.2",
            None,
            names if macro.letter == "p" else (),
        )
        for macro, value in filled[:MAX_SHOWN]
    ]
    followed = f"With the values filled in: {quoted(name, MAX_NAME)}"
    return name, (Step(term.value or "", followed, "RFC 7208 §7.3", None, tuple(inner)),)


def values(ledger: Ledger, domain: str) -> ValueOf:
    """Macro letters to values (RFC 7208 §7.2). None: the value can't be part of a name (RFC 8616 §4)."""
    sender, client = ledger.sender, ledger.client

    def value_of(letter: str) -> str | None:
        if letter == "i":
            return client.dotted
        if letter == "d":
            return domain
        if letter in "sl":
            if not sender.local.isascii():
                return None
            return sender.local if letter == "l" else f"{sender.local}@{sender.domain}"
        if letter == "o":
            return sender.domain
        if letter == "h":
            return ledger.helo
        if letter == "v":
            return "in-addr" if client.bits == 32 else "ip6"
        if letter == "p":
            return _validated_name(ledger, domain)
        if letter == "c":
            return client.text
        return ledger.receiver if letter == "r" else str(_seconds(ledger))

    return value_of


def _validated_name(ledger: Ledger, domain: str) -> str | None:
    """Macro p: the domain itself if the client has that name, or a name in it, or any, or "unknown"."""
    found = client_names(ledger)
    if found.open:
        return None
    names = found.validated
    own = domain.lower()
    if own in names:
        return own
    return next((name for name in names if name.endswith("." + own)), names[0] if names else "unknown")


def _seconds(ledger: Ledger) -> int:
    if ledger.now is None:
        import time

        return int(time.time())
    return int(ledger.now)
