"""What two receivers saw of fujiba.net from 7 April to 6 July 2025: one row a day, sender and receiver.

The bounce of lesson 01 is of 9 May. On 12 May the owner moves to a sending service that aligns; a phone
goes on sending through Gmail until 3 June, and the web form follows on 26 May. The numbers are made up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

FIRST, LAST = date(2025, 4, 7), date(2025, 7, 6)
MOVED = date(2025, 5, 12)  # to the sending service
FORM_MOVED = date(2025, 5, 26)
PHONE = (date(2025, 5, 19), date(2025, 5, 26), date(2025, 6, 3))
STRICT = date(2025, 5, 8)  # from here on 737flight.example does what policies ask

WIDE, SMALL = "receiver.example", "737flight.example"  # the two receivers
MONTHLY = 9  # the day of the month


@dataclass(frozen=True)
class Seen:
    """Messages from one address that fared alike. ``dkim``: (domain, selector, result)."""

    source_ip: str
    count: int
    spf: tuple[str, str]  # (domain, result)
    dkim: tuple[tuple[str, str, str], ...] = ()
    aligned: tuple[str, ...] = ()  # of "dkim" and "spf"
    disposition: str = "none"
    reason: tuple[str, str] | None = None


SERVICE_KEYS = (("fujiba.net", "svc1", "pass"), ("sending-service.example", "svc", "pass"))
GMAIL = Seen("192.0.2.41", 0, ("gmail.com", "pass"))
GMAIL_PHONE = Seen("2001:db8:4864:20::102b", 1, ("gmail.com", "pass"))
FORM = Seen("198.51.100.90", 1, ("web1.example.net", "none"))
SERVICE = Seen("198.51.100.71", 0, ("bounce.fujiba.net", "pass"), SERVICE_KEYS, ("dkim", "spf"))
SERVICE_2 = replace(SERVICE, source_ip="198.51.100.72")
ALUMNI_BEFORE = Seen("203.0.113.150", 1, ("gmail.com", "softfail"))
ALUMNI = Seen("203.0.113.150", 1, ("bounce.fujiba.net", "fail"), SERVICE_KEYS, ("dkim",))
LIST_KEYS = (("fujiba.net", "svc1", "fail"), ("lists.example.org", "2025", "pass"))
LIST = Seen("203.0.113.130", 2, ("lists.example.org", "pass"), LIST_KEYS)
FORGERY = Seen("198.51.100.200", 0, ("fujiba.net", "softfail"))


def seen(receiver: str, day: date) -> tuple[Seen, ...]:
    """What a receiver saw on a day, judged as it judges; exceptions have a reason (RFC 9990 §3.1.1.9)."""
    rows = _wide(day) if receiver == WIDE else _small(day)
    return tuple(_judged(receiver, day, row) for row in rows if row.count)


def _wide(day: date) -> Iterator[Seen]:
    number = (day - FIRST).days
    if day < MOVED:
        yield replace(GMAIL, count=_own(day, 2 + number % 3, 36) if day.weekday() < 5 else 0)
    else:
        yield replace(SERVICE, count=_own(day, 3 + number % 4, 38))
        yield from [GMAIL_PHONE] * (day in PHONE)
    yield from [FORM] * (day < FORM_MOVED and day.weekday() != 6)
    if day.weekday() == 2:
        yield ALUMNI_BEFORE if day < MOVED else ALUMNI
    if day >= MOVED and day.weekday() == 3:
        yield LIST
    if day == STRICT:
        yield replace(FORGERY, count=120)
    elif number % 6 == 5:
        yield replace(FORGERY, source_ip=f"198.51.100.{200 + number // 6 % 3}", count=3 + number % 2)


def _small(day: date) -> Iterator[Seen]:
    if day.weekday() in (1, 4) or day.day == MONTHLY:
        own = GMAIL if day < MOVED else SERVICE_2
        yield replace(own, count=_own(day, 1 + day.weekday() % 2, 9))
    if day.weekday() == 1 and day.day % 2:
        yield replace(FORGERY, source_ip="198.51.100.203", count=2)


def _own(day: date, usual: int, monthly: int) -> int:
    return usual + monthly if day.day == MONTHLY else usual


def _judged(receiver: str, day: date, row: Seen) -> Seen:
    if row.aligned:
        return replace(row, disposition="none" if receiver == WIDE else "pass")
    if receiver == SMALL:
        if day >= STRICT:
            return replace(row, disposition="reject")
        return replace(row, reason=("other", "policies are applied from 8 May 2025 on"))
    if row.source_ip == LIST.source_ip:
        return replace(row, reason=("mailing_list", "List-Id: members.lists.example.org"))
    if row.source_ip == ALUMNI_BEFORE.source_ip:
        return replace(row, reason=("trusted_forwarder", "alumni.example"))
    if row.source_ip in (GMAIL.source_ip, GMAIL_PHONE.source_ip):
        return replace(row, reason=("local_policy", "mail of this sender was wanted before"))
    if row.source_ip == FORM.source_ip:
        return replace(row, disposition="quarantine", reason=("local_policy", "not certain enough to refuse"))
    return replace(row, disposition="reject")


def days() -> Iterator[date]:
    """Every day of the story."""
    return (FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1))


def stamp(day: date) -> int:
    """The beginning of a day, UTC, in seconds since 1970."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
