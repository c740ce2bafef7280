"""Mail that real servers wrote when they played the story (tools/servers), kept as they wrote it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from samples.bounces import bounce_row
from samples.making import Sample, dkim_row, dmarc, last_hop, spf

WRITTEN = Path(__file__).with_name("servers")
RECEIVER = "mx1.737flight.example"
REFUSED = dmarc("fail", "reject", "fujiba.net", disposition="reject")
RECORDED = "recorded on 24 November 2026 by tools/servers"


def written(name: str) -> bytes:
    """The message, with the line endings that it has between servers: they store it with their own."""
    return (WRITTEN / name).read_bytes().replace(b"\n", b"\r\n")


def refusal(program: str, version: str, shows: str, *, mail_from: str, cause: str, **said: Any) -> Sample:
    """A bounce of the same refusal: OpenDMARC said no, and this program tells the sender so."""
    file = f"bounce_by_{program.lower()}.eml"
    content = written(file)
    returned = content[content.index(b"\r\nReceived: from", content.index(b"delivery-status")) + 2 :]
    return Sample(
        file=file,
        title=f"A real bounce by {program}",
        shows=shows,
        origin=f"Written by {program} {version}; the refusal by OpenDMARC 1.4.2 behind Postfix 3.7.11; "
        f"{RECORDED}. Addresses out of the documentation ranges, in a network of their own.",
        zone="fujiba",
        content=content,
        received_at=last_hop(returned),
        envelope={"client_ip": None, "helo": None, "mail_from": mail_from},
        expect={
            "cause": cause,
            "author_domain": "fujiba.net",
            "spf": None,
            "dkim": [],
            "dmarc": REFUSED,
            "stated": [],
            "bounce": bounce_row(
                "dsn",
                said.get("returned", "full"),
                [["booking@737flight.example", 550, "5.7.1"]],
                reporter=program,
                receiver=said.get("receiver", RECEIVER),
                blamed="dmarc",
                domain="fujiba.net",
            ),
        },
    )


def postfix() -> Sample:
    """Postfix's report, with the whole mail."""
    return refusal(
        "Postfix",
        "3.7.11",
        "The incident once more, with real servers: the relay put its own account into MAIL FROM, nobody "
        "signed, and the receiver did what fujiba.net asks for.",
        mail_from="owner.example@gmail.com",
        cause="authenticated_as_other",
    )


def exim() -> Sample:
    """Exim's report: its own Status says 5.0.0, the receiver's words say 5.7.1."""
    return refusal(
        "Exim",
        "4.96",
        "The same refusal as Exim reports it: the Status field says only 5.0.0, the receiver's own 5.7.1 "
        "stands in Diagnostic-Code.",
        mail_from="owner.example@gmail.com",
        cause="authenticated_as_other",
    )


def opensmtpd() -> Sample:
    """OpenSMTPD's report: multipart/mixed, no Remote-MTA, no Diagnostic-Code."""
    return refusal(
        "OpenSMTPD",
        "6.8.0",
        "A report without Diagnostic-Code and Remote-MTA, inside multipart/mixed: the refusal stands in the "
        "text alone. OpenSMTPD left the author's address in MAIL FROM, so SPF could have aligned, from a "
        "listed server.",
        mail_from="monthly@fujiba.net",
        cause="spf_unauthorized",
        returned="headers",
        receiver=None,
    )


def accepted() -> Sample:
    """The same mail after the fix, as Postfix delivered it."""
    content = written("accepted_by_postfix.eml")
    return Sample(
        file="accepted_by_postfix.eml",
        title="Accepted: the same mail, signed for fujiba.net by OpenDKIM",
        shows="The relay still puts its own account into MAIL FROM, so SPF passes for gmail.com and does not "
        "align. The signature alone is enough for OpenDMARC.",
        origin="Written by Postfix 3.7.11, OpenDKIM 2.11.0 and OpenDMARC 1.4.2 after the kit's fix was put "
        f"into practice; {RECORDED}. Signed with a key of the sample messages.",
        zone="fujiba-fixed",
        content=content,
        received_at=last_hop(content),
        envelope={
            "client_ip": "192.0.2.41",
            "helo": "mail-sor-f41.google.com",
            "mail_from": "owner.example@gmail.com",
        },
        expect={
            "cause": "passes",
            "author_domain": "fujiba.net",
            "spf": spf("pass", "gmail.com"),
            "dkim": [dkim_row("pass", "fujiba")],
            "dmarc": dmarc("pass", "reject", "fujiba.net", aligned=[["dkim", "fujiba.net"]]),
            "stated": [
                [RECEIVER, "dmarc", "pass"],
                [RECEIVER, "spf", "pass"],
                [RECEIVER, "dkim", "pass"],
                [RECEIVER, "dkim-atps", "neutral"],
            ],
        },
    )


SAMPLES = (postfix, exim, opensmtpd, accepted)
