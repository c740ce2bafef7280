"""Is this the header of a mail, or a few lines that somebody picked out of one?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from helpers.message import Message


_BY_MACHINES = ("received", "message-id", "dkim-signature")


def is_excerpt(message: Message) -> bool:
    """True for a few header lines without a text: what they lack may have been in the mail.

    Every mail has From and Date (RFC 5322 §3.6). One that was sent has Message-ID as well, one that
    arrived has Received (RFC 5321 §4.4), one that was signed DKIM-Signature; a header with none of them is
    what a mail program shows on top of a mail. With a text below, the lines are taken for whole.
    """
    if not message.headers or message.body.strip():
        return False
    if message.get("from") is None or message.get("date") is None:
        return True
    return all(message.get(name) is None for name in _BY_MACHINES)
