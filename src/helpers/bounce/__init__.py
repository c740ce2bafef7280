"""A bounce, read: who wrote it, who refused, with which words, what they blame, what came back.

``read_bounce`` takes anything from a complete report (RFC 3464, RFC 6591) over free text to a
single pasted line, never raises for what it holds, and says when it is no bounce at all.

Glossary: the *reporter* wrote the bounce, usually the sender's own server; the *receiver* is who
refused; a *reply* is what the receiver said about one recipient; the *original* is the message
that did not arrive, as far as it was returned.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from helpers.bounce.codes import code_meaning
from helpers.bounce.each import each_recipient
from helpers.bounce.envelope import envelope_of
from helpers.bounce.parts import Copy, Returned
from helpers.bounce.phrases import LIST_POLICY, NO_ANSWER, NO_POLICY, SAY_WHY
from helpers.bounce.read import read_facts
from helpers.message import Message, read_message
from helpers.terms import Basis, Blamed, BounceKind, Envelope, Shown, SpfIdentity

__all__ = ["Bounce", "Reply", "code_meaning", "each_recipient", "read_bounce"]

_NOT_FAILED = frozenset({"delivered", "relayed", "expanded"})  # RFC 3464 §2.3.3


@dataclass(frozen=True, slots=True, repr=False)
class Reply(Shown):
    """What was said about one recipient.

    ``enhanced`` is the status code in the reply's own words, ``status`` the report's Status field:
    where they differ, the words are nearer to the truth.
    """

    recipient: str | None
    code: int | None = None  # 550 (RFC 5321 §4.2)
    enhanced: str | None = None  # "5.7.1" (RFC 3463)
    text: str = ""  # the whole reply on one line
    receiver: str | None = None  # the host that gave it
    action: str | None = None  # failed, delayed, delivered, relayed, expanded (RFC 3464 §2.3.3)
    status: str | None = None
    original_recipient: str | None = None  # as the sender wrote it, before any forwarding
    actual_recipient: str | None = None  # where forwarding led to, if the report says so
    stage: str | None = None  # connect, helo, mail, rcpt, data, end-of-data


@dataclass(frozen=True, slots=True, repr=False)
class Bounce(Shown):
    """A bounce as read; make it with :func:`read_bounce`."""

    kind: BounceKind
    replies: tuple[Reply, ...] = ()
    receiver: str | None = None  # who refused: a known name, else the host
    reporter: str | None = None  # who wrote the bounce: product or service, else the host
    blamed: Blamed | None = None  # None: the words are not about authentication
    blamed_domain: str | None = None
    blamed_ip: str | None = None
    blamed_identity: SpfIdentity | None = None  # of SPF, where the words say which
    basis: Basis | None = None  # how it is known what is blamed
    clue: str = ""  # the phrase that decided
    meaning: str = ""  # the refusal in plain words
    returned: Returned | None = None  # in which form the original came back
    report: tuple[tuple[str, str], ...] = ()  # per-message fields of the report
    notes: tuple[str, ...] = ()
    message: Message | None = field(default=None, metadata={"json": False})  # the bounce itself
    _copy: Copy | None = field(default=None, metadata={"json": False})

    @property
    def original(self) -> Message | None:
        """The message that did not arrive, as far as it came back."""
        return self._copy.message if self._copy is not None else None

    @property
    def envelope(self) -> Envelope:
        """The envelope that the refusing receiver saw, each fact with its source.

        Not the one in the original's headers: those were written on the sender's side.
        """
        return envelope_of(self)

    @property
    def is_bounce(self) -> bool:
        """True when this says that a message failed, is delayed or was complained about."""
        if self.kind == BounceKind.NOT_A_BOUNCE:
            return False
        return not self.replies or any(reply.action not in _NOT_FAILED for reply in self.replies)

    @property
    def says_it_arrived(self) -> bool:
        """True for a report of success: its recipients have the message (RFC 3464 §2.3.3)."""
        arrived = bool(self.replies) and all(reply.action in _NOT_FAILED for reply in self.replies)
        return self.kind == BounceKind.DSN and arrived

    @property
    def still_tried(self) -> bool:
        """True when nothing has failed for good: each recipient's message is only delayed."""
        waiting = bool(self.replies) and all(reply.action == "delayed" for reply in self.replies)
        return self.is_bounce and waiting

    @property
    def is_wordless(self) -> bool:
        """True when the replies are bare codes: nothing says what they are about."""
        texts = [reply.text for reply in self.replies]
        return self.blamed is None and any(texts) and not any(c.isalpha() for text in texts for c in text)

    @property
    def refuses_policy(self) -> bool:
        """True when a mailing list takes no mail of a domain with this DMARC policy, passing or not."""
        return self.blamed is None and self.meaning == LIST_POLICY

    @property
    def asks_for_policy(self) -> bool:
        """True when the receiver refuses since it saw no DMARC record, and not since the message failed."""
        return self.blamed == Blamed.DMARC and self.meaning == NO_POLICY

    @property
    def blames_helo(self) -> bool:
        """True when the refusal is for SPF of the name in HELO, and not of MAIL FROM (RFC 7208 §2.3)."""
        return self.blamed == Blamed.SPF and self.blamed_identity == "helo"

    @property
    def says_dns(self) -> bool:
        """True when the words say that DNS gave the receiver no answer: nothing is known to have failed."""
        return self.blamed is not None and self.meaning in NO_ANSWER

    @property
    def says_why(self) -> bool:
        """True when the words say why a method failed: no record, a broken one, DNS without an answer."""
        return self.blamed is not None and self.meaning in SAY_WHY

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values. Of the two messages only what identifies them, never their text."""
        return {
            **Shown.to_dict(self),
            "is_bounce": self.is_bounce,
            "envelope": self.envelope.to_dict(),
            "original": _outline(self.original),
            "message": _outline(self.message),
        }


def _outline(message: Message | None) -> dict[str, Any] | None:
    if message is None:
        return None
    return {
        "from": [address.text for address in message.from_addresses],
        "author_domain": message.author_domain,
        "return_path": message.return_path,
        "subject": message.subject,
        "message_id": message.message_id,
    }


def read_bounce(source: Any) -> Bounce:
    """Read a bounce: what was refused, by whom, in which words, and what those words blame.

    ``source``: bytes, text, a path, an open file or a ``Message``: a delivery status notification
    (RFC 3464), a bounce in free text, a feedback report (RFC 5965, 6591), or just the words of a
    refusal such as "550 5.7.1 Your message was rejected …". Anything else gives a Bounce whose
    ``kind`` is "not-a-bounce".

    Raises OSError when a file can't be read and TypeError for other things than the above; never
    because of what is inside.
    """
    facts = read_facts(read_message(source))
    reading, blame = facts.reading, facts.reading.blame
    return Bounce(
        kind=reading.kind,
        replies=tuple([Reply(**row) for row in reading.replies]),
        receiver=facts.receiver,
        reporter=reading.reporter,
        blamed=blame.blamed,
        blamed_domain=blame.domain,
        blamed_ip=blame.ip,
        blamed_identity=blame.identity,
        basis=blame.basis,
        clue=blame.clue if blame.blamed else "",
        meaning=blame.meaning,
        returned=facts.copy.form if facts.copy is not None else None,
        report=tuple(reading.report),
        notes=tuple(reading.notes),
        message=facts.message,
        _copy=facts.copy,
    )
