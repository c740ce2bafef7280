"""What happened to the mail of orchard.example in the first half of 2026: the sample mailbox of lesson 14.

An orchard sends in three ways. The newsletter goes through a sending service that aligns. The shop's server
writes its own mail. The office writes with the orchard's address through a Gmail account, as in the course's
story. On 3 March the shop moves to another server, and SPF is told three weeks later. On 14 April the
domain's policy becomes p=reject. GMX follows such policies from May on.

The proportions are ours: there is no dependable published figure of how bounces are distributed. They follow
what everybody sees who keeps a list: most addresses simply do not exist (any more).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from samples.mailbox_forms import (
    NEW_SHOP_IP,
    OLD_SHOP_IP,
    Letter,
    Signatures,
    complaint,
    everyday,
    exim_bounce,
    google_report,
    postfix_report,
    sent,
)

SEED = 20260630
FIRST, LAST = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 6, 30, tzinfo=UTC)
MOVED, SPF_MENDED = datetime(2026, 3, 3, 8, tzinfo=UTC), datetime(2026, 3, 24, 12, tzinfo=UTC)
REJECT = datetime(2026, 4, 14, 7, tzinfo=UTC)
GMX_FOLLOWS = datetime(2026, 5, 4, tzinfo=UTC)


@dataclass(frozen=True)
class Receiver:
    """Who takes mail in for some domains: its host, an address for it here, and its share of the readers."""

    name: str
    host: str
    ip: str
    domains: tuple[str, ...]
    share: int


RECEIVERS = (
    Receiver("gmail", "aspmx.l.google.com", "192.0.2.61", ("choir", "library", "bakery", "yoga"), 38),
    Receiver("microsoft", "{}-example.mail.protection.outlook.com", "192.0.2.62",
             ("townhall", "school", "clinic"), 24),
    Receiver("apple", "mx01.mail.icloud.com", "192.0.2.63", ("studio", "gallery"), 8),
    Receiver("yahoo", "mta7.am0.yahoodns.net", "192.0.2.64", ("football", "knitting"), 8),
    Receiver("gmx", "mx00.emig.gmx.net", "192.0.2.65", ("firebrigade", "garden"), 7),
    Receiver("own", "mx.{}.example", "203.0.113.80", ("winery", "inn", "mill", "dairy", "carpenter"), 15),
)  # fmt: skip

UNKNOWN = {
    "gmail": "550-5.1.1 The account that you tried to reach does not exist. 550 5.1.1 sample{n} - gsmtp",
    "microsoft": "550 5.1.1 Requested action not taken: mailbox unavailable (S2017062302)",
    "apple": "550 5.1.1 <{to}>: user does not exist",
    "yahoo": "554 5.1.1 delivery error: this user has no such account",
    "gmx": "550 Requested action not taken: mailbox unavailable",
    "own": "550 5.1.1 <{to}>: Recipient address rejected: User unknown in local recipient table",
}
FULL = {
    "gmail": "452-4.2.2 The recipient's inbox is out of storage space. 452 4.2.2 sample{n} - gsmtp",
    "microsoft": "554 5.2.2 mailbox full; STOREDRV.Deliver; quota exceeded",
    "own": "552 5.2.2 <{to}>: mailbox full",
}
SPAM = {
    "gmail": "550-5.7.1 This message is likely unsolicited mail. 550 5.7.1 It was blocked. sample{n} - gsmtp",
    "microsoft": "550 5.7.1 Service unavailable, Client host [192.0.2.91] blocked using a list. S3140",
    "own": "554 5.7.1 Spam message rejected",
}
BUSY = {
    "yahoo": "421 4.7.0 [TSS04] Messages from 192.0.2.91 temporarily deferred due to unexpected volume",
    "own": "450 4.2.0 <{to}>: Recipient address rejected: Greylisted, try again later",
}
DMARC = {
    "gmail": "550-5.7.26 Unauthenticated email from orchard.example is not accepted due to domain's"
    " 550-5.7.26 DMARC policy. 550 5.7.26 sample{n} - gsmtp",
    "microsoft": "550 5.7.509 Access denied, sending domain ORCHARD.EXAMPLE does not pass DMARC verification"
    " and has a DMARC policy of reject.",
    "apple": "554 5.7.1 Your message was rejected due to orchard.example's DMARC policy.",
    "yahoo": "554 5.7.9 Message not accepted for policy reasons. See https://senders.yahooinc.com/",
    "gmx": "554 Transaction failed Reject due to domain's DMARC policy.",
    "own": "550 5.7.1 rejected by DMARC policy for orchard.example",
}
SPF = {
    "gmail": "550-5.7.26 The MAIL FROM domain [orchard.example] has an SPF record with a hard"
    " 550-5.7.26 fail policy (-all) but it fails to pass SPF checks with the ip: [{ip}]."
    " 550 5.7.26 sample{n} - gsmtp",
    "microsoft": "550 5.7.23 The message was rejected because of Sender Policy Framework violation",
    "gmx": "550 Reject due to SPF policy. The originating IP of the message is not permitted by the domain"
    " owner",
    "own": "550 5.7.23 <{to}>: Recipient address rejected: Message rejected due to: SPF fail - not"
    " authorized. ip={ip}",
}
NO_DOMAIN = "554 5.4.4 Host or domain name not found. Name service error for name={domain} type=MX: not found"
SUBJECTS = {
    "shop": ("Your order {n}", "Your box is on its way", "Invoice {n}"),
    "office": (
        "Opening hours",
        "Offer {n}",
        "Re: Delivery on Friday",
        "Minutes of the meeting",
        "Invoice {n}",
    ),
}


@dataclass(frozen=True)
class Mail:
    """A mail of the mailbox: when it came, and its bytes."""

    at: datetime
    raw: bytes


class Story:
    """Everything that came into the mailbox, in the order of time."""

    def __init__(self) -> None:
        self.random = Random(SEED)
        self.signatures = Signatures()
        self.number = 0

    def mails(self) -> list[Mail]:
        """All of it."""
        parts = (
            self.newsletters(),
            self.shop(),
            self.office(),
            self.forwarded(),
            self.others(),
            self.damaged(),
        )
        return sorted((mail for part in parts for mail in part), key=lambda mail: (mail.at, mail.raw))

    # ------------------------------------------------------------- the streams

    def newsletters(self) -> Iterator[Mail]:
        """Every second Tuesday: aligned, so what comes back is about addresses."""
        day = FIRST.replace(day=6, hour=6)
        while day < LAST:
            for _ in range(self.random.randint(18, 24)):
                letter = self._letter("newsletter", day + timedelta(seconds=self.random.randrange(900)))
                yield self._ordinary(letter, unknown=52, gone=10, full=14, spam=10, busy=14)
            if self.random.random() < 0.6:
                letter = self._letter("newsletter", day)
                at = day + timedelta(hours=self.random.randint(2, 30))
                yield Mail(at, complaint(letter, sent(letter, self.signatures), at))
            day += timedelta(days=14)

    def shop(self) -> Iterator[Mail]:
        """Mistyped addresses all the time; and for three weeks in March a server that SPF does not list."""
        for at in self._moments(FIRST, LAST, 62):
            yield self._ordinary(self._letter("shop", at), unknown=70, gone=30)
        for at in self._moments(MOVED, SPF_MENDED, 47):
            yield self._refused(self._letter("shop", at, self._receiver(SPF)), SPF)

    def office(self) -> Iterator[Mail]:
        """Old addresses; and from 14 April on whoever asks about DMARC."""
        for at in self._moments(FIRST, LAST, 24):
            yield self._ordinary(self._letter("office", at), unknown=80, full=20)
        for at in self._moments(REJECT, LAST, 112):
            receiver = self._receiver(DMARC)
            if receiver.name != "gmx" or at >= GMX_FOLLOWS:
                yield self._refused(self._letter("office", at, receiver), DMARC)

    def forwarded(self) -> Iterator[Mail]:
        """Office mail to an old pupils' address, which a school forwards to mailboxes at Gmail."""
        gmail = RECEIVERS[0]
        for at in self._moments(REJECT, LAST, 7):
            self.number += 1
            letter = Letter(
                "office",
                f"pupil{self.number}@alumni.example",
                at,
                self._subject("office"),
                self.number,
                f"reader{self.number}@choir.example",
            )
            when = at + timedelta(seconds=9)
            raw = (
                f"Received: from mail-sor-f41.google.com (mail-sor-f41.google.com [192.0.2.41])\r\n"
                f"        by forward.alumni.example (Postfix) with ESMTPS id 4For{self.number}\r\n"
                f"        for <{letter.recipient}>; {when:%a, %d %b %Y %H:%M:%S} +0000\r\n"
            ).encode() + sent(letter, self.signatures)
            reply = DMARC["gmail"].format(n=self.number)
            report = postfix_report(
                letter, reply, gmail.host, gmail.ip, raw, when, forwarder="forward.alumni.example"
            )
            yield Mail(when, report)

    def others(self) -> Iterator[Mail]:
        """Mail that is no bounce."""
        for at in self._moments(FIRST, LAST, 41):
            self.number += 1
            yield Mail(at, everyday(self.number, at, self.random))

    def damaged(self) -> Iterator[Mail]:
        """What can't be read: an empty message, a picture, a text without header."""
        picture = b"\x89PNG\r\n\x1a\n" + bytes(self.random.randrange(256) for _ in range(400))
        for at, raw in zip(
            self._moments(FIRST, LAST, 3),
            (b"", picture, b"(this message could not be exported)\r\n"),
            strict=True,
        ):
            yield Mail(at, raw)

    # --------------------------------------------------------------- one mail

    def _moments(self, first: datetime, last: datetime, count: int) -> list[datetime]:
        """Times on working days and Saturdays, by day."""
        found: list[datetime] = []
        seconds = int((last - first).total_seconds())
        while len(found) < count:
            at = first + timedelta(seconds=self.random.randrange(seconds))
            if at.weekday() < 6 and 6 <= at.hour <= 17:
                found.append(at)
        return sorted(found)

    def _receiver(self, words: dict[str, str]) -> Receiver:
        able = [receiver for receiver in RECEIVERS if receiver.name in words]
        return self.random.choices(able, [receiver.share for receiver in able])[0]

    def _letter(self, stream: str, at: datetime, receiver: Receiver | None = None) -> Letter:
        receiver = receiver or self._receiver(UNKNOWN)
        self.number += 1
        domain = self.random.choice(receiver.domains)
        recipient = f"reader{self.number}@{domain}.example"
        return Letter(stream, recipient, at, self._subject(stream, at), self.number)

    def _subject(self, stream: str, at: datetime | None = None) -> str:
        if stream == "newsletter" and at is not None:
            return f"Orchard letter, {at:%d %B %Y}"
        return self.random.choice(SUBJECTS[stream]).format(n=2600 + self.number)

    def _ordinary(self, letter: Letter, **weights: int) -> Mail:
        """Not about authentication; the weights say how often which reason."""
        reason = self.random.choices(list(weights), list(weights.values()))[0]
        if reason == "gone":
            domain = f"{self.random.choice(('chior', 'libary', 'town-hall', 'skool', 'closed-cafe'))}.example"
            letter = Letter(
                letter.stream, f"reader{letter.number}@{domain}", letter.at, letter.subject, letter.number
            )
            at = letter.at + timedelta(seconds=4)
            raw = sent(letter, self.signatures)
            return Mail(at, postfix_report(letter, NO_DOMAIN.format(domain=domain), "", "", raw, at))
        words = {"unknown": UNKNOWN, "full": FULL, "spam": SPAM, "busy": BUSY}[reason]
        name = _receiver_of(letter).name
        if name not in words:
            words = UNKNOWN
        return self._refused(letter, words)

    def _refused(self, letter: Letter, words: dict[str, str]) -> Mail:
        """The bounce of a letter that a receiver refused in such words."""
        receiver = _receiver_of(letter)
        domain = letter.recipient.partition("@")[2].removesuffix(".example")
        ip = NEW_SHOP_IP if letter.at >= MOVED else OLD_SHOP_IP
        reply = words[receiver.name].format(n=letter.number, to=letter.recipient, ip=ip)
        delay = timedelta(hours=4) if reply.startswith("4") else timedelta(seconds=self.random.randint(2, 40))
        at, host, raw = letter.at + delay, receiver.host.format(domain), sent(letter, self.signatures)
        if letter.stream == "office":
            return Mail(at, google_report(letter, reply, host, receiver.ip, raw, at))
        if letter.stream == "shop" and letter.at < MOVED:
            return Mail(at, exim_bounce(letter, reply, host, receiver.ip, raw, at))
        return Mail(at, postfix_report(letter, reply, host, receiver.ip, raw, at))


def _receiver_of(letter: Letter) -> Receiver:
    domain = letter.recipient.partition("@")[2].removesuffix(".example")
    return next(receiver for receiver in RECEIVERS if domain in receiver.domains)
