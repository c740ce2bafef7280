"""A bounce that speaks of several recipients, taken apart: one bounce each, judged by its own reply.

The bounce as a whole blames what the first reply blames that is about authentication. Beside it another
recipient may simply not exist, and a table with a row a recipient has to say so.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from helpers.bounce.blame import Blame, blame
from helpers.bounce.codes import code_meaning
from helpers.bounce.names import receiver_by_words, receiver_name
from helpers.bounce.status import ARRIVED
from helpers.terms import BounceKind

if TYPE_CHECKING:
    from helpers.bounce import Bounce, Reply


def each_recipient(bounce: Bounce) -> tuple[Bounce, ...]:
    """The bounce once for each recipient that does not have the message, in the order of the report.

    Each has one reply, and what is blamed, by whom and on what basis is what this reply says. A bounce
    that names no recipient comes back as it is. Nothing for what is no bounce, and for recipients whose
    message was delivered, relayed or expanded (RFC 3464 §2.3.3).
    """
    if not bounce.is_bounce:
        return ()
    if len(bounce.replies) < 2 or bounce.kind == BounceKind.ARF:
        return (bounce,)
    failed = [reply for reply in bounce.replies if reply.action not in ARRIVED]
    worded = any(reply.text for reply in failed)  # without words only the whole text could be judged
    return tuple([_of(bounce, reply, judged=worded) for reply in failed])


def _of(bounce: Bounce, reply: Reply, *, judged: bool) -> Bounce:
    name = receiver_name(reply.receiver) or (receiver_by_words(reply.text) if reply.code else None)
    receiver = name or _by_recipient(reply) or reply.receiver
    alone = replace(bounce, replies=(reply,), receiver=receiver or bounce.receiver)
    if not judged:
        return alone
    told = _judged(reply.text, reply.enhanced or reply.status, name, reply.stage)
    return replace(
        alone,
        blamed=told.blamed,
        blamed_domain=told.domain,
        blamed_ip=told.ip,
        blamed_identity=told.identity,
        basis=told.basis,
        clue=told.clue if told.blamed else "",
        meaning=told.meaning or code_meaning(reply.enhanced or reply.status, reply.code),
    )


def _by_recipient(reply: Reply) -> str | None:
    """The receiver's name by the recipient's domain, where no host with a name gave the reply."""
    if (reply.receiver and not reply.receiver[0].isdigit()) or not reply.recipient:
        return None
    return receiver_name(reply.recipient.rpartition("@")[2])


@lru_cache(maxsize=64)  # the recipients of one bounce are mostly refused in the same words
def _judged(text: str, enhanced: str | None, receiver: str | None, stage: str | None) -> Blame:
    return blame(text, enhanced=enhanced, receiver=receiver, stage=stage)
