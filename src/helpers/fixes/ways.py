"""Candidates that send the mail another way: through a service, under another name, with another envelope.

Each takes a trial and gives the changed one, or None where there is nothing for it to do.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import replace

from helpers.diagnosis import Cause, check_helo
from helpers.dkim import with_crlf
from helpers.fixes.changes import registered
from helpers.fixes.dkim_repair import sign_for_author, sign_for_other
from helpers.fixes.known_service import listed_service
from helpers.fixes.results import Who
from helpers.fixes.spf_flat import check_worst, listed_address
from helpers.fixes.spf_repair import spf_domain
from helpers.fixes.trial import Trial, free_name
from helpers.lookup import a_label
from helpers.message import Address, Message, read_message
from helpers.spf import check_spf
from helpers.terms import DnsStatus, Envelope, Result

# Stand-ins for a service that nobody has chosen yet (RFC 2606 names, RFC 5737 addresses).
SERVICE_HOST = "return.service.example"
SERVICE_HELO = "out.service.example"
SERVICE_IP = "203.0.113.250"
SERVICE_SHOWN = "<the host name your service shows>"
FORWARDER_IP = "203.0.113.251"  # of a forwarder whose address is not known

RETURN_LABELS = ("bounce", "return", "mail-bounce", "send-bounce")
MAX_NAMES = 10  # RFC 7208 §4.6.4: of one address or one domain's mail hosts
MAX_AUTHORS = 5  # ours: authors of one message that are tried alone

# Addresses that software makes: nobody reads there, and nobody writes From there.
_NOT_A_PERSONS = re.compile(
    r"[+=]|^(?:bounces?|returns?|mailer|postmaster|no-?reply|root|nobody|www-data|apache|nginx)\b|-bounces$|"
    r"^[0-9a-f-]{12,}$|^\d+$",
    re.I,
)
# Domains that services use in Return-Path for all their customers: nobody can write From there.
_SERVICES = re.compile(
    r"^(?:bounces?|returns?|return-path|mailer|em\d*|rp|pm-bounces)\d*\.|"
    r"(?:^|\.)(?:amazonses\.com|sendgrid\.net|mailgun\.(?:org|net)|mtasv\.net|mandrillapp\.com|mcsv\.net|"
    r"rsgsv\.net|sparkpostmail\.com|mailjet\.com|sendinblue\.com|brevo\.com|mailtrap\.live|"
    r"smtp2go\.com|exacttarget\.com|onmicrosoft\.com|gappssmtp\.com)$"
)


# ----------------------------------------------------------- a sending service


def return_path(trial: Trial) -> Trial | None:
    """A service puts a subdomain of the author domain into MAIL FROM; a CNAME lends it its records."""
    case = trial.case
    if not trial.author or (case.mediated and case.cause is Cause.SIGNATURE_BROKEN):
        return None  # a list has its own MAIL FROM: ours never gets to the receiver
    found = free_name(trial, RETURN_LABELS, trial.author)
    if found is None:
        return None
    _, name = found
    changed = trial.with_record(name, "CNAME", SERVICE_HOST, shown=SERVICE_SHOWN)
    changed = changed.with_record(SERVICE_HOST, "TXT", f"v=spf1 ip4:{SERVICE_IP} -all", foreign=True)
    changed = replace(changed, envelope=_envelope_of_service(trial, f"bounces@{name}"))
    return changed.noting(
        title=f"Send through a service with {name} in its Return-Path",
        who=(Who.OWNER, Who.SERVICE, Who.CLIENT),
        other=(
            f"At the service, set the Return-Path (also called custom MAIL FROM or bounce domain) to {name}.",
            "In the mail client, send through the service's outgoing server.",
        ),
        effects=_incoming(trial),
        assumed=(f"{SERVICE_HOST} and {SERVICE_IP} stand for the service's own host and address.",),
    )


def listed_server(trial: Trial) -> Trial | None:
    """The mail goes through a server that the author domain lists already, with that domain in MAIL FROM."""
    case, author = trial.case, trial.author
    if not author or case.mediated or listed_service(trial) is not None:
        return None  # a service that is known by name has records of its own
    if case.helo_counts:  # it may be that very server, with that very name in HELO
        return None
    address = listed_address(trial, author)
    if address is None or check_worst(trial, author).result == Result.PERMERROR:
        return None  # a record that is broken for other servers is to be mended first
    mail_from = f"bounces@{author}"
    check = check_spf(client_ip=address, mail_from=mail_from, helo=SERVICE_HELO, dns=trial.dns)
    server = _as_a_server((check.matched or "").lstrip("+").partition(":")[2]) or address
    changed = replace(trial, envelope=Envelope(address, SERVICE_HELO, mail_from))
    return changed.noting(
        title=f"Send through {server}, which the SPF record of {author} lists already",
        who=(Who.SERVICE, Who.CLIENT),
        other=(
            f"Have that server write an address at {author} itself into Return-Path (MAIL FROM).",
            "In the mail client, send through that outgoing server.",
        ),
        assumed=(f"It sends from an address that the record lists: the proof took {address}.",),
    )


def _as_a_server(name: str) -> str:
    """Whose servers a term lists: nobody sends through _spf.example.com, which only holds a record."""
    first = name.partition(".")[0]
    return registered(name) if first.startswith(("_", "spf")) else name


def _envelope_of_service(trial: Trial, mail_from: str) -> Envelope:
    """What the receiver sees: the service itself, or the forwarder behind it, who keeps MAIL FROM."""
    if not trial.case.forwarded:
        return Envelope(SERVICE_IP, SERVICE_HELO, mail_from)
    before = trial.envelope
    return Envelope(before.client_ip or FORWARDER_IP, before.helo, mail_from)


def _incoming(trial: Trial) -> tuple[str, ...]:
    """What must not happen to incoming mail: MX records of a service belong to its subdomain."""
    answer = trial.dns(trial.author, "MX")
    if answer.status is not DnsStatus.DATA:
        return ()
    hosts = [str(value[1]) for value in sorted(answer.values)]
    return (
        f"The MX records of {trial.author} stay as they are: others there would take incoming "
        f"mail away from {', '.join(hosts[:2])}.",
    )


def both(trial: Trial) -> Trial | None:
    """The service does both: the Return-Path and the signature."""
    first = return_path(trial)
    return sign_for_author(first) if first is not None else None


def exact_mail_from(trial: Trial) -> Trial | None:
    """MAIL FROM at the author domain itself, from the server that sends now: strict alignment wants that."""
    domain = spf_domain(trial)
    if not trial.author or domain is None or domain == trial.author or not trial.envelope.mail_from:
        return None
    if registered(domain) != registered(trial.author):
        return None
    local = (trial.envelope.mail_from or "").rpartition("@")[0] or "bounces"
    changed = replace(trial, envelope=replace(trial.envelope, mail_from=f"{local}@{trial.author}", facts=()))
    other = f"Have the server that sends the mail write an address at {trial.author} itself into MAIL FROM."
    return changed.noting(title=f"Use {trial.author} itself in MAIL FROM", who=(Who.SERVICE,), other=(other,))


def rewritten_by_forwarder(trial: Trial) -> Trial | None:
    """SRS: the forwarder puts an address of its own into MAIL FROM, and its record lists its server."""
    case = trial.case
    if (
        not case.forwarded
        or not trial.envelope.mail_from
        or trial.envelope.mail_from.lower().startswith("srs")
    ):
        return None
    ip = trial.envelope.client_ip or FORWARDER_IP
    local, _, domain = trial.envelope.mail_from.rpartition("@")
    rewritten = f"SRS0=hash=tt={domain}={local}@forwarder.example"[-250:]
    term = f"ip6:{ip}" if ":" in ip else f"ip4:{ip}"
    changed = trial.with_record("forwarder.example", "TXT", f"v=spf1 {term} -all", foreign=True)
    changed = replace(changed, envelope=Envelope(ip, trial.envelope.helo, rewritten))
    return changed.noting(
        title="Have the forwarder rewrite MAIL FROM (SRS)",
        who=(Who.SERVICE,),
        other=("Have the forwarder rewrite MAIL FROM to an address of its own (SRS).",),
        assumed=("forwarder.example stands for the forwarder's own domain.",),
    )


# ------------------------------------------------------------- another name in HELO


def helo_name(trial: Trial) -> Trial | None:
    """The server introduces itself with the name that its address has in DNS, there and back."""
    ip, before = trial.envelope.client_ip, (trial.envelope.helo or "").lower().removesuffix(".")
    if not trial.case.helo_counts or ip is None:
        return None
    for name in names_of(trial, ip):
        envelope = replace(trial.envelope, helo=name, facts=())
        check = check_helo(envelope, trial.dns)
        if name != before and check is not None and check.result in (Result.PASS, Result.NONE):
            changed = replace(trial, envelope=envelope)
            return changed.noting(
                title=f"Have the sending server introduce itself as {name}",
                who=(Who.SERVICE,),
                other=(
                    f"In the sending server's settings, set the name for HELO/EHLO to {name} (Postfix: "
                    "smtp_helo_name, Exim: helo_data of the smtp transport).",
                ),
                effects=(f"{name} has the address {ip} in DNS.",),
            )
    return None


def names_of(trial: Trial, ip: str) -> list[str]:
    """The names of an address: by its PTR records, and the author's mail hosts, if they lead back to it."""
    address = ipaddress.ip_address(ip)
    answer = trial.dns(address.reverse_pointer, "PTR")
    hosts = sorted(trial.dns(trial.author, "MX").values) if trial.author else []
    found = [*answer.values[:MAX_NAMES], *(host for _, host in hosts[:MAX_NAMES])]
    names = dict.fromkeys(str(value).lower().removesuffix(".") for value in found)
    rdtype = "A" if address.version == 4 else "AAAA"
    return [
        name
        for name in names
        if "." in name and any(ipaddress.ip_address(v) == address for v in trial.dns(name, rdtype).values)
    ]


# ------------------------------------------------------------- another author


def write_as_sender(trial: Trial) -> Trial | None:
    """From becomes the address in MAIL FROM, the one that is vouched for."""
    case, mail_from = trial.case, trial.envelope.mail_from
    domain = spf_domain(trial)
    if case.mediated or not trial.author or not mail_from or domain is None:
        return None
    if trial.author != case.author:  # somebody else was put into From already
        return None
    local = mail_from.rpartition("@")[0]
    if registered(domain) == registered(trial.author) or not local:
        return None
    if _NOT_A_PERSONS.search(local) or _SERVICES.search(domain):
        return None
    changed = _with_author(trial, mail_from)
    if changed is None:
        return None
    if trial.envelope.client_ip is None:
        address = listed_address(trial, domain)
        if address is None:
            return None
        changed = replace(changed, envelope=replace(trial.envelope, client_ip=address, facts=()))
        assumed = f"The client IP is not known: the proof took {address}, which {domain} itself lists."
        changed = changed.noting(assumed=(assumed,))
    return changed.noting(
        title=f"Write as {mail_from}, the address in MAIL FROM",
        who=(Who.CLIENT,),
        other=(f"In the mail client, write From {mail_from}; {trial.author} can go into Reply-To.",),
        effects=(f"Readers see {domain} and no longer {trial.author}.",),
    )


def list_writes_as_itself(trial: Trial) -> Trial | None:
    """The list that changes the message writes its own address into From."""
    case = trial.case
    if not case.mediated or case.cause is not Cause.SIGNATURE_BROKEN or not trial.author:
        return None
    passed = [i for i in case.identifiers if i.result in (Result.PASS, None) and i.aligned is False]
    if not passed:
        return None
    domain = min((i.domain for i in passed), key=len)
    post = case.message.get("List-Post")
    found = re.search(r"mailto:([^@\s<>?,]+@[^\s<>?,]+)", post.value) if post else None
    address = found.group(1) if found else f"list@{domain}"
    if registered(address.rpartition("@")[2].lower()) != registered(domain):
        address = f"list@{domain}"
    changed = _with_author(trial, address)
    if changed is None:
        return None
    if not any(i.method == "spf" and i.result == Result.PASS for i in passed):
        changed = sign_for_other(changed, domain)
    return changed.noting(
        title=f"Have the list write as itself: From {address}",
        who=(Who.SERVICE,),
        other=(
            f"Ask the list to write its own address into From ({address}) and yours into Reply-To; "
            "list software has a setting for that.",
        ),
        effects=(f"Readers see the list in From, and no longer {trial.author}.",),
    )


def one_author(trial: Trial) -> Trial | None:
    """From names one author only: the first whose domain is vouched for, else the first."""
    addresses = [a for a in trial.message.from_addresses if a.domain is not None][:MAX_AUTHORS]
    if trial.author or not addresses:
        return None
    tried = [(changed, a.text) for a in addresses if (changed := _with_one(trial, a)) is not None]
    passing = [row for row in tried if row[0].judged().dmarc.result == Result.PASS]
    if not tried:
        return None
    changed, text = (passing or tried)[0]
    others = ", ".join(a.text for a in addresses if a.text != text)
    more = f" The others ({others[:200]}) can go into Reply-To or Cc." if others else ""
    other = f"In the mail client, write one address into From: {text}.{more}"
    return changed.noting(title=f"Name one author in From: {text}", who=(Who.CLIENT,), other=(other,))


def _with_one(trial: Trial, address: Address) -> Trial | None:
    changed = _with_author(trial, address.text)
    return None if changed is None else replace(changed, keeps_author=True)


def _with_author(trial: Trial, address: str) -> Trial | None:
    """The message with this From, if that makes a message with one author."""
    domain = a_label(address.rpartition("@")[2])
    if domain is None or not address.isascii() or re.search(r"[\s<>()\[\],;:\"\\]", address):
        return None
    message = read_message(_with_from(trial.message, address.encode("ascii")))
    if message.author_domain != domain:
        return None
    return replace(trial, message=message, keeps_author=False)


def _with_from(message: Message, address: bytes) -> bytes:
    lines = []
    written = False
    for header in message.headers:
        if header.lname != "from":
            raw = with_crlf(header.raw)
            lines.append(raw if raw.endswith(b"\r\n") else raw + b"\r\n")
        elif not written:
            written = True
            lines.append(b"From: <" + address + b">\r\n")
    return b"".join(lines) + b"\r\n" + with_crlf(message.body)
