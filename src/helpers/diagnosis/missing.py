"""What could not be checked, in one sentence each, with the way to get it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from helpers.bounce import Bounce
    from helpers.message import Message
    from helpers.terms import Dns, Envelope

EXCERPT = (
    "These are only some lines of the header, so what is not among them, such as a DKIM signature, may have "
    "been in the message: give the whole source. Gmail: Show original. Apple Mail: View, Message, Raw "
    "Source. Thunderbird: View, Message Source. Outlook: File, Properties."
)
EXCERPT_CAME_BACK = (
    "The bounce returned only some lines of the header, so what is not among them, such as a DKIM signature, "
    "may have been in the message: take the one from your Sent folder, saved as .eml with all headers."
)
SIGNS_LATE = (
    "Exim signs a message while it sends it, so the copy in its bounces never shows its own DKIM signature: "
    "look into a message from that server that did arrive."
)


def missing(
    message: Message | None, bounce: Bounce | None, envelope: Envelope, dns: Dns | None
) -> tuple[str, ...]:
    """What could not be checked. Nothing for a refusal that is about something else."""
    if bounce is not None and (bounce.blamed is None or not bounce.is_bounce):
        return ()
    headers_only = bounce is not None and bounce.returned in ("headers", "headers-in-text")
    excerpt = message is not None and message.is_excerpt
    sentences = {
        "The message itself did not come back: take the one from your Sent folder, saved as .eml with "
        "all headers.": message is None,
        EXCERPT: excerpt and bounce is None,
        EXCERPT_CAME_BACK: excerpt and bounce is not None,
        SIGNS_LATE: signed_late(message, bounce),
        "Records and keys were not looked up: pass a zone, or ask for live DNS.": dns is None,
        "The address that connected to the receiver is not known, so SPF can't be recomputed: ask the "
        "recipient's side for it.": message is not None and envelope.client_ip is None,
        "MAIL FROM is not known: ask the recipient for the full headers and look at Return-Path.": message
        is not None
        and envelope.mail_from is None,
        "Only the headers came back, so a DKIM body hash can't be checked: compare with the message in "
        "your Sent folder.": headers_only and message is not None and _signed(message),
    }
    return tuple(sentence for sentence, true in sentences.items() if true)


def signed_late(message: Message | None, bounce: Bounce | None) -> bool:
    """True when the server that returned the message may have signed it on its way out only."""
    by_exim = bounce is not None and bounce.reporter == "Exim"
    return by_exim and message is not None and not _signed(message)


def _signed(message: Message) -> bool:
    return message.get("DKIM-Signature") is not None
