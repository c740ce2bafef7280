"""The servers between the author and the receiver, as data. What they do is in `passing`.

Glossary: a *submission server* takes mail from its own users, who log in; a *forwarder* takes
mail for an address and sends it on to another one; *SRS* (sender rewriting scheme) puts the
forwarder's own domain into MAIL FROM, so that SPF can pass again; a *list* sends one mail to
many, changed, from its own address.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from helpers.terms import Shown

ReturnPath = Literal["kept", "account", "aligned", "srs", "list"]
Signing = Literal["nobody", "own domain", "author domain", "author or own domain"]

AUTHOR = "{author}"  # in a host name: the author domain


@dataclass(frozen=True, slots=True, repr=False)
class Relay(Shown):
    """One server on the way, as facts. `dataclasses.replace` makes another one of it.

    ``return_path``: what becomes of MAIL FROM. "kept"; "account": the address that logged in;
    "aligned": a name below the author domain once its DNS points to the relay, until then the
    relay's own; "srs"; "list": the list's own, one for each member.
    ``signing``: whose DKIM-Signature it adds. The author's only when the key that DNS publishes
    for the author domain is the relay's.
    """

    name: str
    title: str
    server: str  # takes the mail in
    server_ip: str
    host: str  # sends it on, and says so in EHLO
    host_ip: str
    login: bool = True  # a submission server; False: takes mail from any server
    return_path: ReturnPath = "kept"
    signing: Signing = "nobody"
    key: str = ""  # one of `keys.PRIMES`, for the author domain
    author_selector: str = ""  # s= in the author domain
    own_key: str = ""
    domain: str = ""  # its own: d=, MAIL FROM, where its accounts are
    selector: str = ""  # s= in its own domain
    spf: str = ""  # what an SPF record needs in order to allow it
    google: bool = False  # writes Google's own header fields
    sends_to: str = ""  # a forwarder's or a list's recipient; "" passes the recipient on
    list_name: str = ""
    list_takes_from: bool = False  # the list also puts itself into From
    reporter: str = ""  # From of its bounces; "" is MAILER-DAEMON at its host

    def __post_init__(self) -> None:
        """A relay that signs needs keys, one that rewrites needs a domain."""
        if self.signing != "nobody" and not (self.key or self.own_key):
            raise ValueError(f"the relay {self.name!r} signs, so it needs a key")
        if self.return_path in ("aligned", "srs", "list") and not self.domain:
            raise ValueError(f"the relay {self.name!r} writes its own Return-Path, so it needs a domain")


_GOOGLE_REPORTER = "Mail Delivery Subsystem <mailer-daemon@googlemail.com>"

# Host names of Google and Mailgun are real, addresses are out of the documentation ranges, as in data/zones.
_GMAIL = Relay(
    name="gmail",
    title="Gmail, as a private account's outgoing server",
    server="smtp.gmail.com",
    server_ip="192.0.2.60",
    host="mail-sor-f41.google.com",
    host_ip="192.0.2.41",
    return_path="account",
    domain="gmail.com",
    selector="20230601",
    own_key="google",
    google=True,
    reporter=_GOOGLE_REPORTER,
)

_FORWARDER = Relay(
    name="forwarder",
    title="a forwarder that keeps MAIL FROM",
    server="mxa.mailgun.org",
    server_ip="198.51.100.1",
    host="so254-10.mailgun.net",
    host_ip="198.51.100.10",
    login=False,
    domain="mailgun.org",
    sends_to="owner.example@gmail.com",
)

_LIST = Relay(
    name="list",
    title="a mailing list that changes subject and body",
    server="mail.lists.example.org",
    server_ip="203.0.113.130",
    host="mail.lists.example.org",
    host_ip="203.0.113.130",
    login=False,
    return_path="list",
    signing="own domain",
    domain="lists.example.org",
    selector="2025",
    own_key="list",
    sends_to="reader@example.jp",
    list_name="Members",
)


def _variant(relay: Relay, **changes: object) -> Relay:
    from dataclasses import replace

    return replace(relay, **changes)  # type: ignore[arg-type]


RELAYS: dict[str, Relay] = {
    relay.name: relay
    for relay in (
        _GMAIL,
        _variant(
            _GMAIL,
            name="gmail-signing",
            title="Gmail, when it also signs with d=gmail.com",
            signing="own domain",
        ),
        _variant(
            _GMAIL,
            name="workspace",
            title="Google Workspace for the author domain",
            return_path="kept",
            signing="author or own domain",
            key="workspace",
            author_selector="google",
            domain="gappssmtp.com",
            spf="include:_spf.google.com",
        ),
        Relay(
            name="service",
            title="a sending service that aligns once DNS points to it",
            server="smtp.sending-service.example",
            server_ip="198.51.100.69",
            host="out7.sending-service.example",
            host_ip="198.51.100.71",
            return_path="aligned",
            signing="author or own domain",
            key="service-customer",
            author_selector="svc1",
            own_key="service",
            domain="sending-service.example",
            selector="svc",
        ),
        Relay(
            name="own",
            title="the author domain's own server",
            server=f"mail.{AUTHOR}",
            server_ip="203.0.113.64",
            host=f"mail.{AUTHOR}",
            host_ip="203.0.113.64",
            signing="author domain",
            key="own",
            author_selector="lab",
            spf="ip4:203.0.113.64",
        ),
        _FORWARDER,
        _variant(_FORWARDER, name="forwarder-srs", title="a forwarder with SRS", return_path="srs"),
        _LIST,
        _variant(
            _LIST,
            name="list-from",
            title="a mailing list that also takes over From",
            list_takes_from=True,
        ),
    )
}

DIRECT = "direct"  # no relay: the author's own machine speaks to the receiver
