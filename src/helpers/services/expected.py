"""Did this mail go out through that service, and are its records there? `services` has `compare`.

Mail that was to go through a sending service and went through another server fails with the service's
records all in place. So two things are compared: the message with the same message as the service
would send it, and the records that the service asks for with those in DNS.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from helpers.diagnosis import Diagnosis
from helpers.services.facts import Service, find
from helpers.services.records import DnsRecord, records_for
from helpers.services.send import Sent, send_through
from helpers.terms import Answer, DnsStatus, Shown

if TYPE_CHECKING:
    from helpers.message import Message
    from helpers.terms import Dns

State = Literal["there", "missing", "differs", "compare", "no answer", "fill in", "not asked"]


@dataclass(frozen=True, slots=True, repr=False)
class Difference(Shown):
    """One thing of a message beside the same thing as the service writes it. ``same`` None: not known."""

    what: str
    here: str
    expected: str
    same: bool | None


@dataclass(frozen=True, slots=True, repr=False)
class RecordState(Shown):
    """A record that the service asks for, and what DNS has in its place.

    ``state``: "there"; "missing"; "differs"; "compare" – something is there, and only the
    service's page tells whether it is right; "fill in" – the name itself is on the service's
    page; "no answer"; "not asked" – without DNS. ``found`` is what DNS said.
    """

    record: DnsRecord
    state: State
    found: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Comparison(Shown):
    """A message beside a sending service. ``sent_through`` None: no message is at hand."""

    service: Service
    domain: str
    sent_through: bool | None
    summary: str
    differences: tuple[Difference, ...]
    records: tuple[RecordState, ...]


def compare(diagnosis: Diagnosis, service: str | Service, *, dns: Dns | None = None) -> Comparison:
    """Whether a diagnosed message left through a service, and which of its records DNS has.

    Arguments: a diagnosis, whose author domain is taken as set up at the service; the service,
    by any of its names; ``dns``, a zone, live or recorded DNS, or None to ask nothing. Only the
    names that the service's own page gives are asked for.

    Raises ValueError for an unknown service, and when the diagnosis names no domain that could
    be set up there, TypeError for anything else than a diagnosis.
    """
    if not isinstance(diagnosis, Diagnosis):
        raise TypeError(f"compare takes a diagnosis, not {type(diagnosis).__name__}")
    found, message = find(service), diagnosis.message
    domain = message.author_domain if message is not None else None
    if domain is None and diagnosis.bounce is not None:
        domain = diagnosis.bounce.blamed_domain
    if domain is None:
        raise ValueError("there is no author domain that could be set up at a service")
    asked = records_for(found, domain=domain)
    states = tuple(_state(record, dns) for record in asked)
    if message is None:
        summary = f"Only the receiver's words are at hand, so nobody can say whether {found.name} sent it."
        return Comparison(found, domain, None, summary, (), states)
    sent = send_through(found, message, domain=domain, verified=True)
    rows = tuple(_differences(diagnosis, message, sent, found))
    through = all(row.same is not False for row in rows)
    return Comparison(found, domain, through, _summary(found, domain, rows, through), rows, states)


# -------------------------------------------------------------------- message

MAIL_FROM, SIGNED = "MAIL FROM (Return-Path) at", "DKIM signature, d="


def _differences(
    diagnosis: Diagnosis, message: Message, sent: Sent, service: Service
) -> Iterator[Difference]:
    here = next((one.domain.lower() for one in diagnosis.identifiers if one.method == "spf"), None)
    if there := _domain(sent.envelope.mail_from):
        shown = (_domain(service.return_path_aligned) or there).replace("{domain}", sent.domain)
        yield Difference(MAIL_FROM, here or "not known", shown, _fits(here, there, shown, sent.domain))
    signers, expected = _signers(message), _signers(sent.message)
    if expected:
        wanted = [name for name in expected if name == sent.domain] or expected[:1]
        yield Difference(
            SIGNED, ", ".join(signers) or "none", ", ".join(expected), set(wanted) <= set(signers)
        )


def _domain(address: str | None) -> str | None:
    return (address or "").rpartition("@")[2].lower() or None


def _signers(message: Message) -> list[str]:
    """The signing domains, each once, without checking the signatures: who is named is the question."""
    found = (_tag(header.value, "d") for header in message.all("DKIM-Signature"))
    return list(dict.fromkeys(name.lower() for name in found if name))


def _tag(field: str, wanted: str) -> str:
    pairs = (part.partition("=") for part in field.split(";"))
    return next(("".join(value.split()) for name, _, value in pairs if name.strip() == wanted), "")


def _fits(here: str | None, there: str, shown: str, domain: str) -> bool | None:
    """Whether the name could be the service's. Another name below the domain may have been chosen there."""
    if here is None:
        return None
    if here == there:
        return True
    head, brace, tail = shown.partition("{number}")
    number = here.removeprefix(head).removesuffix(tail)
    if brace and here == f"{head}{number}{tail}" and number.isdigit():
        return True
    both_below = there.endswith(f".{domain}") and here.endswith(f".{domain}")
    return None if both_below else False


def _summary(service: Service, domain: str, rows: Sequence[Difference], through: bool) -> str:
    if service.id == "gmail":
        return f"Nothing that {domain} publishes changes what plain Gmail sends: it never signs for {domain}."
    if through and all(row.same for row in rows):
        return f"The mail looks as {service.name} sends it for {domain}."
    if through:
        return f"{service.name} may have sent the mail for {domain}: not all is known."
    told = {
        MAIL_FROM: "its Return-Path is at {here}",
        SIGNED: "nobody signed it with d={domain}",
    }
    wrong = [told[row.what].format(here=row.here, domain=domain) for row in rows if row.same is False]
    return (
        f"This mail did not leave through {service.name} as that is set up for {domain}: "
        f"{', and '.join(wrong)}. Look which outgoing server the mail program really used, and whether the "
        "domain is verified at the service."
    )


# -------------------------------------------------------------------- records


def _state(record: DnsRecord, dns: Dns | None) -> RecordState:
    if dns is None:
        return RecordState(record, "not asked")
    if "{" in record.name:
        return RecordState(record, "fill in", "the name is on the service's page")
    answer = dns(record.name, record.type)
    if answer.status == DnsStatus.FAILURE:
        return RecordState(record, "no answer", (answer.failure or "failure").upper())
    values = _values(record, answer)
    if not values:
        return RecordState(record, "missing")
    found = "; ".join(values)
    if record.placeholders:
        return RecordState(record, "compare", found)
    fitting = any(_same(record, value) for value in values)
    return RecordState(record, "there" if fitting else "differs", found)


def _values(record: DnsRecord, answer: Answer) -> list[str]:
    """The values at the name that are about the same thing: of several TXT records the SPF one."""
    if record.type == "CNAME":
        return [str(name).rstrip(".") for name in (*answer.chain[:1], *answer.values)][:1]
    texts = [
        " ".join(str(part) for part in value) if isinstance(value, tuple) else str(value)
        for value in answer.values
    ]
    start = {"SPF": "v=spf1", "DMARC": "v=dmarc1", "verification": record.value.partition("{")[0]}
    return [text for text in texts if text.lower().startswith(start.get(record.purpose, "").lower())]


def _same(record: DnsRecord, value: str) -> bool:
    if record.purpose == "DMARC":  # a service asks that there is one; which policy is the owner's affair
        return True
    if record.value.lower().startswith("v=spf1"):  # one record holds the words of several services
        wanted = [word for word in record.value.lower().split()[1:] if word.startswith(("include:", "a:"))]
        return set(wanted) <= set(value.lower().split())
    return value.lower().rstrip(".") == record.value.lower().rstrip(".")
