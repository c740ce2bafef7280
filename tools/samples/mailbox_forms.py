"""How the bounces of the sample mailbox look: the forms of the servers that write them.

The fields and the lines that mark the parts are those of the programs, the sentences are ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from random import Random

from samples.making import inside, message, signature

AUTHOR = "orchard.example"
OFFICE = "orchard-office@gmail.com"  # no such account: Gmail's names have no hyphen
SERVICE_HOST, SERVICE_IP = "out3.sending-service.example", "192.0.2.91"
SHOP_HOST, OLD_SHOP_IP, NEW_SHOP_IP = "shop.orchard.example", "203.0.113.25", "203.0.113.77"


@dataclass(frozen=True)
class Letter:
    """A mail that was sent: by which stream, to whom, when, about what."""

    stream: str  # newsletter, shop, office
    recipient: str
    at: datetime
    subject: str
    number: int
    forwarded_to: str = ""

    @property
    def message_id(self) -> str:
        """Its Message-ID, without brackets."""
        host = {"newsletter": "sending-service.example", "shop": SHOP_HOST, "office": AUTHOR}[self.stream]
        return f"{self.at:%Y%m%d%H%M}.{self.number}@{host}"


@dataclass
class Signatures:
    """The newsletter's signatures: one an issue, since none covers To."""

    made: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def of(self, raw: bytes, letter: Letter) -> bytes:
        """The signature of an issue, made once."""
        key = letter.subject, f"{letter.at:%Y-%m-%d}"
        if key not in self.made:
            headers = "from:subject:date:mime-version:content-type"
            self.made[key] = signature(raw, "orchard", at=letter.at.isoformat(), headers=headers)
        return self.made[key]


TEXTS = {
    "newsletter": ("Orchard letters <letters@orchard.example>", "What is ripe, and when we are open."),
    "shop": ("Orchard shop <orders@orchard.example>", "Thank you. Your box is packed tomorrow."),
    "office": ("Orchard office <office@orchard.example>", "Please find the details below."),
}


def sent(letter: Letter, signatures: Signatures) -> bytes:
    """The mail as the server that gave up had it, with what it had added on top."""
    author, text = TEXTS[letter.stream]
    day = format_datetime(letter.at.replace(hour=6, minute=0) if letter.stream == "newsletter" else letter.at)
    raw = message(
        f"""\
From: {author}
To: {letter.recipient}
Subject: {letter.subject}
Date: {day}
Message-ID: <{letter.message_id}>
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii
""",
        text,
    )
    when = format_datetime(letter.at)
    if letter.stream == "newsletter":
        return signatures.of(raw, letter) + raw
    if letter.stream == "shop":
        return f"Received: by {SHOP_HOST} (Postfix, from userid 33); {when}\r\n".encode() + raw
    hop = (
        f"Received: from smtpclient.apple (p41.client.example.net. [198.51.100.41])\r\n"
        f"        by smtp.gmail.com with ESMTPSA id sample{letter.number}\r\n"
        f"        for <{letter.recipient}>; {when}\r\n"
    )
    return hop.encode() + raw


def google_report(letter: Letter, reply: str, host: str, ip: str, raw: bytes, at: datetime) -> bytes:
    """Google's report on a mail that was handed in at smtp.gmail.com."""
    target = letter.forwarded_to or letter.recipient
    boundary = f"000000000000sample{letter.number:05}"
    last = reply.split(" 550-")[0].split(" 554-")[0]
    status = next((word for word in reply.replace("-", " ").split() if word.count(".") == 2), "5.0.0")
    return _report(
        boundary,
        f"""\
Delivered-To: {OFFICE}
Return-Path: <>
From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
To: {OFFICE}
Auto-Submitted: auto-replied
Subject: Delivery Status Notification ({"Delay" if reply.startswith("4") else "Failure"})
References: <{letter.message_id}>
X-Failed-Recipients: {target}
Message-ID: <{at:%Y%m%d}.sample.{letter.number}.GMR@mx.google.com>
Date: {format_datetime(at)}
""",
        f"The message to {target} was not delivered. This is what the other server answered:\n{last}",
        f"""\
Reporting-MTA: dns; googlemail.com
Received-From-MTA: dns; {OFFICE}
Arrival-Date: {format_datetime(letter.at)}
X-Original-Message-ID: <{letter.message_id}>
""",
        f"""\
Final-Recipient: rfc822; {target}
Action: {"delayed" if reply.startswith("4") else "failed"}
Status: {status}
Remote-MTA: dns; {host}. ({ip}, the server for the domain {target.rpartition("@")[2]}.)
Diagnostic-Code: smtp; {reply}
""",
        "message/rfc822",
        raw,
    )


def postfix_report(
    letter: Letter, reply: str, host: str, ip: str, raw: bytes, at: datetime, *, forwarder: str = ""
) -> bytes:
    """Postfix's report: of the sending service, of the shop's own server, or of a forwarder."""
    reporter = forwarder or {"newsletter": SERVICE_HOST, "shop": SHOP_HOST}[letter.stream]
    sender = {
        "newsletter": f"return+{letter.number}@news.orchard.example",
        "shop": "orders@orchard.example",
        "office": OFFICE,
    }[letter.stream]
    target = letter.forwarded_to or letter.recipient
    delayed = reply.startswith("4")
    status = next((word for word in reply.replace("-", " ").split() if word.count(".") == 2), "5.0.0")
    queue = f"4Sample{letter.number:05}"
    stage = "RCPT TO command" if status[2:] in ("1.1", "1.2", "2.2") else "end of DATA command"
    told = (
        f"<{target}>: host {host}[{ip}] said: {reply} (in reply to {stage})"
        if host
        else f"<{target}>: {reply.split(maxsplit=2)[2]}"
    )
    remote = f"Remote-MTA: dns; {host}\nDiagnostic-Code: smtp; {reply}\n" if host else (
        f"Diagnostic-Code: X-Postfix; {reply.split(maxsplit=2)[2]}\n"
    )  # fmt: skip
    return _report(
        f"{queue}.{int(at.timestamp())}/{reporter}",
        f"""\
Return-Path: <>
Received: by {reporter} (Postfix) id {queue}B; {format_datetime(at)}
Date: {format_datetime(at)}
From: MAILER-DAEMON@{reporter} (Mail Delivery System)
Subject: {"Delayed Mail (still being retried)" if delayed else "Undelivered Mail Returned to Sender"}
To: {sender}
Auto-Submitted: auto-replied
Message-Id: <{at:%Y%m%d%H%M%S}.{queue}B@{reporter}>
""",
        f"This is the mail system at host {reporter}.\n\nA message could not be delivered.\n\n{told}",
        f"""\
Reporting-MTA: dns; {reporter}
X-Postfix-Queue-ID: {queue}
X-Postfix-Sender: rfc822; {sender}
Arrival-Date: {format_datetime(letter.at)}
""",
        f"""\
Final-Recipient: rfc822; {target}
Original-Recipient: rfc822;{letter.recipient}
Action: {"delayed" if delayed else "failed"}
Status: {status}
{remote}""",
        "message/rfc822",
        f"Return-Path: <{sender}>\r\n".encode() + raw,
    )


def exim_bounce(letter: Letter, reply: str, host: str, ip: str, raw: bytes, at: datetime) -> bytes:
    """Exim's free text: the shop's server until it moved."""
    number = f"1sample-{letter.number:06}"
    stage = "RCPT TO" if " 5.1." in reply[:10] else "end of data"
    header = f"""\
Return-path: <>
Received: from mail by {SHOP_HOST} with local (Exim 4.98)
        id {number}B
        for orders@orchard.example; {format_datetime(at)}
X-Failed-Recipients: {letter.recipient}
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@{SHOP_HOST}>
To: orders@orchard.example
Subject: Mail delivery failed: returning message to sender
Message-Id: <E{number}B@{SHOP_HOST}>
Date: {format_datetime(at)}
"""
    body = f"""\
This message was created automatically by mail delivery software.

A message that you sent could not be delivered to:

  {letter.recipient}
    host {host} [{ip}]
    SMTP error from remote mail server after {stage}:
    {reply}

------ This is a copy of the message, including all the headers. ------

{inside(b"Return-path: <orders@orchard.example>" + bytes((13, 10)) + raw)}
"""
    return message(header, body)


def complaint(letter: Letter, raw: bytes, at: datetime) -> bytes:
    """A feedback report (RFC 5965): a reader pressed "this is spam"."""
    return _report(
        f"feedback{letter.number:05}",
        f"""\
From: feedback@mailbox-provider.example
To: abuse@sending-service.example
Subject: Feedback report
Date: {format_datetime(at)}
Message-ID: <{letter.number}.feedback@mailbox-provider.example>
""",
        "A reader marked this message as unwanted.",
        "Feedback-Type: abuse\nUser-Agent: Provider-Feedback/1.0\nVersion: 1\n",
        f"Original-Mail-From: <return+{letter.number}@news.orchard.example>\nSource-IP: {SERVICE_IP}\n",
        "message/rfc822",
        raw,
        kind="feedback-report",
    )


def _report(
    boundary: str,
    header: str,
    words: str,
    fields: str,
    recipient: str,
    returned_type: str,
    returned: bytes,
    *,
    kind: str = "delivery-status",
) -> bytes:
    gap = "" if kind == "feedback-report" else "\n"
    text = (
        f"{header}MIME-Version: 1.0\n"
        f'Content-Type: multipart/report; report-type={kind};\n boundary="{boundary}"\n\n'
        f"--{boundary}\nContent-Type: text/plain; charset=us-ascii\n\n{words}\n\n"
        f"--{boundary}\nContent-Type: message/{kind}\n\n{fields}{gap}{recipient}\n"
        f"--{boundary}\nContent-Type: {returned_type}\n\n{inside(returned)}\n\n--{boundary}--\n"
    )
    return text.replace("\n", "\r\n").encode()


def everyday(number: int, at: datetime, random: Random) -> bytes:
    """A mail that is no bounce: an answer, or a machine that says that somebody is away."""
    who = f"reader{number}@{random.choice(('choir', 'library', 'village'))}.example"
    away = random.random() < 0.35
    automatic = "Auto-Submitted: auto-replied\n" if away else ""
    return message(
        f"""\
Return-Path: <{"" if away else who}>
From: {who}
To: office@orchard.example
Subject: {"Out of office" if away else random.choice(("Re: Opening hours", "Re: Apples", "A question"))}
Date: {format_datetime(at)}
Message-ID: <{at:%Y%m%d}.{number}@{who.rpartition("@")[2]}>
{automatic}MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii
""",
        "I am away until Monday." if away else "Thank you, we look forward to it.",
    )
