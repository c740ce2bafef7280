"""The ten cases of the final exam, as data."""

from __future__ import annotations

from typing import Any

from helpers.exercises.exam import Case, Way
from helpers.lab import lab_key
from helpers.lookup import Zone

KEY = lab_key("own").record
OTHER_KEY = lab_key("list").record

# Other people's domains, the same in every case.
WORLD: dict[str, dict[str, Any]] = {
    "freemail.example": {"TXT": ["v=spf1 ip4:198.51.100.0/28 -all"]},
    "s1._domainkey.freemail.example": {"TXT": [KEY]},
    "mailer.example": {"TXT": ["v=spf1 ip4:198.51.100.32/28 -all"]},
    "_spf.mailer.example": {"TXT": ["v=spf1 ip4:198.51.100.32/28 -all"]},
    "_spf.tickets.example": {"TXT": ["v=spf1 ip4:198.51.100.64/28 -all"]},
    **{f"_spf{n}.many.example": {"TXT": [f"v=spf1 ip4:203.0.113.{n} -all"]} for n in range(1, 10)},
    "_spf.many.example": {
        "TXT": ["v=spf1 " + " ".join(f"include:_spf{n}.many.example" for n in range(1, 10)) + " -all"]
    },
}


def _zone(records: dict[str, str | list[str]]) -> Zone:
    own = {name: {"TXT": [texts] if isinstance(texts, str) else texts} for name, texts in records.items()}
    return Zone.from_dict({**WORLD, **own})


CASES: tuple[Case, ...] = (
    Case(
        1,
        "Opening hours",
        "The bakery writes with its own address, and hands its mail to a free mail provider as it always "
        "did. The provider can sign for the domains of its customers.",
        "office@bakery.example",
        Way("198.51.100.3", "out.freemail.example", "bakery.owner@freemail.example", "freemail.example"),
        _zone({"_dmarc.bakery.example": "v=DMARC1; p=reject", "bakery.example": "v=spf1 -all"}),
    ),
    Case(
        2,
        "Timetable",
        "The school's newsletter service was told to sign with a new key in January. The old key is still in "
        "DNS. The office has a server of its own.",
        "office@school.example",
        Way("198.51.100.35", "out.mailer.example", "return@mailer.example", "school.example", "jan2025"),
        _zone(
            {
                "_dmarc.school.example": "v=DMARC1; p=quarantine",
                "school.example": "v=spf1 ip4:192.0.2.80 -all",
                "jan2024._domainkey.school.example": OTHER_KEY,
            }
        ),
        others=(Way("192.0.2.80", "mail.school.example", "office@school.example"),),
    ),
    Case(
        3,
        "Your appointment",
        "The clinic added its ticket service to DNS last week. Since then even mail from its own server is "
        "refused.",
        "desk@clinic.example",
        Way("192.0.2.81", "mail.clinic.example", "desk@clinic.example"),
        _zone(
            {
                "_dmarc.clinic.example": "v=DMARC1; p=reject",
                "clinic.example": ["v=spf1 ip4:192.0.2.81 -all", "v=spf1 include:_spf.tickets.example -all"],
            }
        ),
    ),
    Case(
        4,
        "Invitation",
        "The museum lists everybody who ever sent mail for it: a large service that nobody uses any more, "
        "its ticket shop, and its own server last.",
        "press@museum.example",
        Way("192.0.2.82", "mail.museum.example", "press@museum.example"),
        _zone(
            {
                "_dmarc.museum.example": "v=DMARC1; p=reject",
                "museum.example": "v=spf1 include:_spf.tickets.example include:_spf.many.example "
                "a:mail.museum.example mx ip4:192.0.2.82 -all",
            }
        ),
        others=(Way("198.51.100.66", "out.tickets.example", "shop@museum.example"),),
    ),
    Case(
        5,
        "Your parcel",
        "The shop sends with a subdomain of its own in MAIL FROM, and its server signs with another one. "
        "Both checks pass.",
        "orders@shop.example",
        Way("192.0.2.83", "mail.shop.example", "return@bounce.shop.example", "mail.shop.example"),
        _zone(
            {
                "_dmarc.shop.example": "v=DMARC1; p=reject; adkim=s; aspf=s",
                "bounce.shop.example": "v=spf1 ip4:192.0.2.83 -all",
                "s1._domainkey.mail.shop.example": KEY,
            }
        ),
    ),
    Case(
        6,
        "Next match",
        "The club's mail reaches nearly everybody. One member has an address at a forwarder, and never gets "
        "it. The club's server can sign.",
        "coach@club.example",
        Way("192.0.2.84", "mail.club.example", "coach@club.example"),
        _zone({"_dmarc.club.example": "v=DMARC1; p=reject", "club.example": "v=spf1 ip4:192.0.2.84 -all"}),
        on_the_way="forwarder",
    ),
    Case(
        7,
        "Minutes of the meeting",
        "Somebody cleaned up DNS. The choir's mail is signed by its server as before.",
        "board@choir.example",
        Way("198.51.100.36", "out.mailer.example", "return@mailer.example", "choir.example", "s1"),
        _zone(
            {"_dmarc.choir.example": "v=DMARC1; p=quarantine", "s1._domainkey.choir.example": "v=DKIM1; p="}
        ),
    ),
    Case(
        8,
        "Invoice 4711",
        "The workshop moved its mail to a new server at 192.0.2.90. The old one, 192.0.2.85, still sends "
        "reminders.",
        "office@workshop.example",
        Way("192.0.2.90", "new.workshop.example", "office@workshop.example"),
        _zone(
            {
                "_dmarc.workshop.example": "v=DMARC1; p=reject",
                "workshop.example": "v=spf1 ip4:192.0.2.85 -all",
            }
        ),
        others=(Way("192.0.2.85", "old.workshop.example", "office@workshop.example"),),
    ),
    Case(
        9,
        "Late deals",
        "The newsletter's subdomain has a DMARC record of its own; the travel agency's domain has none. A "
        "service signs for another subdomain. Receivers that follow the older RFC 7489 accept the mail.",
        "hello@news.travel.example",
        Way("198.51.100.37", "out.mailer.example", "return@mailer.example", "mta.travel.example"),
        _zone({"_dmarc.news.travel.example": "v=DMARC1; p=reject", "s1._domainkey.mta.travel.example": KEY}),
    ),
    Case(
        10,
        "Programme",
        "The theatre's panel took the key of its new service without a complaint. It has a field for 255 "
        "characters.",
        "box-office@theatre.example",
        Way("198.51.100.38", "out.mailer.example", "return@mailer.example", "theatre.example", "s1"),
        _zone({"_dmarc.theatre.example": "v=DMARC1; p=reject", "s1._domainkey.theatre.example": KEY[:255]}),
    ),
)


def practice(number: int) -> Case:
    """Case ``number`` of the exam, 1 to 10. Raises ValueError for another number."""
    if number not in range(1, len(CASES) + 1):
        raise ValueError(f"there are cases 1 to {len(CASES)}, and {number!r} is none of them")
    return CASES[int(number) - 1]
