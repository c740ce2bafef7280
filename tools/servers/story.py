"""Plays the story with real servers and keeps what they wrote: `python -m tools.servers.story FOLDER`.

    sender ─► relay (Postfix, puts its own account into MAIL FROM) ─► receiver (Postfix, OpenDKIM, OpenDMARC)

First the receiver refuses the mail by its author domain's DMARC policy, and the relay's Postfix writes a
bounce. The kit reads that bounce and proposes fixes. The one that signs for the author domain is put into
practice: its record into nsd's zone, its key into OpenDKIM on the relay. The same mail is then accepted.
With `exim` or `opensmtpd` as a second argument that program is the relay, and only the bounce is made;
OpenSMTPD leaves the author's address in MAIL FROM.
Needs Linux, root, postfix, opendkim, opendmarc and nsd.
"""

from __future__ import annotations

import json
import shutil
import smtplib
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tools.samples.making import KEYS, key_record, rsa_key
from tools.servers import network
from tools.servers.programs import (
    PATIENCE,
    Server,
    ServerError,
    exim,
    name_server,
    opendkim,
    opendmarc,
    opensmtpd,
    postfix,
)

import helpers as h

PROGRAMS = ("nsd", "postfix", "opendkim", "opendmarc", "unshare", "ip", "mount")
RELAY, RELAY_HOST = "192.0.2.41", "mail-sor-f41.google.com"
RECEIVER, RECEIVER_HOST = "203.0.113.20", "mx1.737flight.example"
LAPTOP = "192.0.2.7"
AUTHOR, ACCOUNT, READER = "monthly@fujiba.net", "owner.example@gmail.com", "booking@737flight.example"
REVERSE = (
    f"41.2.0.192.in-addr.arpa. IN PTR {RELAY_HOST}.\n20.113.0.203.in-addr.arpa. IN PTR {RECEIVER_HOST}.\n"
)
MAIL = f"""\
From: The fujiba office <{AUTHOR}>
To: {READER}
Subject: Monthly figures
Date: Fri, 09 May 2025 07:12:40 +0900
Message-ID: <monthly-2025-05@fujiba.net>
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii

The figures of this month are below.
"""


@contextmanager
def receiver(folder: Path) -> Iterator[Server]:
    """A Postfix that enforces DMARC: OpenDKIM verifies, OpenDMARC checks SPF and refuses what fails."""
    with ExitStack() as stack:
        enter = stack.enter_context
        verifier = enter(opendkim(folder, 8892, {"Mode": "v", "AlwaysAddARHeader": "yes"}))
        judge = enter(opendmarc(folder, 8893, {"AuthservID": RECEIVER_HOST}))
        settings = {
            "mynetworks": "127.0.0.0/8",
            "smtpd_milters": f"{verifier} {judge}",
            "virtual_mailbox_domains": "737flight.example",
            "virtual_mailbox_maps": f"inline:{{ {{ {READER} = 737flight.example/booking/ }} }}",
        }
        yield enter(postfix(folder / "postfix", RECEIVER_HOST, RECEIVER, settings))


@contextmanager
def relay(folder: Path, program: str, signing: dict[str, str] | None = None) -> Iterator[Server]:
    """The sender's relay, as one of three programs; as Postfix it signs when ``signing`` says how."""
    if program == "exim":
        with exim(folder / program, RELAY_HOST, RELAY, (AUTHOR, ACCOUNT)) as server:
            yield server
        return
    if program == "opensmtpd":
        with opensmtpd(folder / program, RELAY_HOST, RELAY, AUTHOR) as server:
            yield server
        return
    settings = {
        "mynetworks": "127.0.0.0/8 192.0.2.0/26",
        "sender_canonical_maps": f"inline:{{ {{ {AUTHOR} = {ACCOUNT} }} }}",
        "sender_canonical_classes": "envelope_sender",
        "virtual_mailbox_domains": "gmail.com",
        "virtual_mailbox_maps": f"inline:{{ {{ {ACCOUNT} = gmail.com/owner.example/ }} }}",
    }
    with ExitStack() as stack:
        if signing:
            settings["smtpd_milters"] = stack.enter_context(opendkim(folder, 8891, signing))
        yield stack.enter_context(postfix(folder / program, RELAY_HOST, RELAY, settings))


@contextmanager
def world(
    folder: Path, zone: h.Zone, program: str = "postfix", signing: dict[str, str] | None = None
) -> Iterator[tuple[Server, Server]]:
    """All servers, with this zone as the whole of DNS. Yields relay and receiver."""
    with (
        name_server(folder / "dns", zone.to_text() + REVERSE),
        receiver(folder / "receiver") as at_the_end,
        relay(folder / "relay", program, signing) as on_the_way,
    ):
        yield on_the_way, at_the_end


def send(through: Server) -> None:
    """Hand the monthly mail to the relay, as a mail program does."""
    with smtplib.SMTP(through.address, 25, "laptop.example", PATIENCE, (LAPTOP, 0)) as smtp:
        smtp.sendmail(AUTHOR, [READER], MAIL.replace("\n", "\r\n").encode("ascii"))


def wait_for(found: Callable[[], list[bytes]], servers: tuple[Server, Server]) -> bytes:
    """The first message that arrives there."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if messages := found():
            return messages[0]
        time.sleep(0.1)
    logs = "\n".join(server.log[-2000:] for server in servers)
    raise ServerError(f"no mail arrived within {PATIENCE:.0f} s; the servers' logs:\n{logs}")


def refused(folder: Path, zone: h.Zone, program: str = "postfix") -> bytes:
    """The bounce that the relay's server writes."""
    back_to = AUTHOR if program == "opensmtpd" else ACCOUNT
    with world(folder, zone, program) as servers:
        send(servers[0])
        return wait_for(lambda: servers[0].mail_of(back_to), servers)


def accepted(folder: Path, zone: h.Zone, selector: str, private_key: bytes) -> bytes:
    """The same mail as the receiver delivered it, after the change."""
    folder.mkdir(parents=True)
    key, internal = folder / "private.key", folder / "internal"
    key.touch(mode=0o600)
    key.write_bytes(private_key)
    internal.write_text("192.0.2.0/26\n")
    signing = {
        "Mode": "s",
        "Domain": "fujiba.net",
        "Selector": selector,
        "KeyFile": str(key),
        "Canonicalization": "relaxed/relaxed",
        "InternalHosts": str(internal),
    }
    with world(folder, zone, signing=signing) as servers:
        send(servers[0])
        return wait_for(lambda: servers[1].mail_of(READER), servers)


def play(folder: Path) -> dict[str, Any]:
    """The whole story with Postfix; writes both messages into the folder, returns what the kit said."""
    zone = h.sample_zone("fujiba")
    bounce = refused(folder / "before", zone)
    (folder / "bounce.eml").write_bytes(bounce)
    diagnosis = h.diagnose(bounce, dns=zone)
    fix = next(fix for fix in diagnosis.fixes if fix.code == "service_sign")
    (change,) = fix.changes  # a key's record; its selector and value are for the signer to choose
    if (change.type, change.name.partition(".")[2]) != ("TXT", "_domainkey.fujiba.net"):
        raise ServerError(f"the proposed record is no key: {change.type} {change.name}")
    key = KEYS["fujiba"]
    changed = zone.with_records(f"{key.selector}._domainkey.{key.domain}", "TXT", [key_record(key)])
    pem = rsa_key(key.label).private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    delivered = accepted(folder / "after", changed, key.selector, pem)
    (folder / "accepted.eml").write_bytes(delivered)
    return {
        "bounce": h.read_bounce(bounce).to_dict(),
        "cause": diagnosis.cause,
        "summary": diagnosis.summary,
        "fix": fix.title,
        "stated": [row.to_dict() for row in h.read_message(delivered).stated],
        "after": h.authenticate(delivered, dns=changed).to_dict(),
    }


def main(arguments: list[str]) -> int:
    """Play inside namespaces; exit status 0 when the story ended well, 2 when a program is missing."""
    target, *rest = arguments
    program = rest[0] if rest else "postfix"
    if not network.is_inside():
        if missing := network.missing_programs(PROGRAMS):
            print(f"not installed: {', '.join(missing)}", file=sys.stderr)
            return 2
        return network.enter("tools.servers.story", arguments)
    Path(target).mkdir(parents=True, exist_ok=True)
    folder = network.own_folder()
    network.set_up(RELAY_HOST, (LAPTOP, RELAY, RECEIVER), folder)
    if program == "postfix":
        Path(target, "told.json").write_text(json.dumps(play(folder), indent=1), encoding="utf-8")
    else:
        (folder / "bounce.eml").write_bytes(refused(folder / program, h.sample_zone("fujiba"), program))
    for message in folder.glob("*.eml"):
        shutil.copy(message, target)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
