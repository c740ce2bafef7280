"""What a proposal looks like: a change of a record, a fix with its proof, one that was tried in vain."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from helpers.message import Message
from helpers.terms import Authentication, DmarcCheck, Envelope, Shown


class Who(StrEnum):
    """Who can do what a fix asks for."""

    OWNER = "domain owner"
    SERVICE = "sending service"
    CLIENT = "mail client"
    RECEIVER = "receiver"


def _inner() -> dict[str, Any]:
    return {"json": False}


@dataclass(frozen=True, slots=True, repr=False)
class Change(Shown):
    """One record to add, change or remove.

    ``host`` is what a DNS panel's field takes, which appends the domain by itself: ``@`` for
    the domain. ``value`` is what to enter; where only somebody else can know it, a word in
    angle brackets stands for it, and the proof was made with ``tried``. ``before`` is the
    value there now, for ``change`` and ``remove``.
    """

    action: Literal["add", "change", "remove"]
    type: str
    name: str
    host: str
    value: str | None = None
    before: str | None = None
    tried: str | None = field(default=None, metadata=_inner())  # where it is not `value` itself

    @property
    def new(self) -> str | None:
        """The value that the proof was made with; None for a record that is removed."""
        return self.tried if self.tried is not None else self.value


@dataclass(frozen=True, slots=True, repr=False)
class Fix(Shown):
    """Something that was done to a copy of the message, its envelope and DNS, and mended it.

    ``changes`` are the records, ``other`` what is to be set elsewhere, ``who`` does it.
    ``proof`` is the DMARC check after it, ``outcome`` the same in a sentence. ``message``,
    ``envelope`` and ``stand_ins`` (records of others that the proof took to be there) are what
    was evaluated, so that anybody can do it again; they are not part of the JSON.
    """

    code: str
    title: str
    changes: tuple[Change, ...]
    other: tuple[str, ...]
    who: tuple[Who, ...]
    outcome: str
    proof: DmarcCheck
    protection_kept: bool
    side_effects: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    stand_ins: tuple[Change, ...] = field(default=(), metadata=_inner())
    message: Message | None = field(default=None, metadata=_inner())
    envelope: Envelope | None = field(default=None, metadata=_inner())
    authentication: Authentication | None = field(default=None, metadata=_inner())


@dataclass(frozen=True, slots=True, repr=False)
class RejectedFix(Shown):
    """Something that people are told to do. It was done to a copy, and the message failed all the same."""

    code: str
    title: str
    changes: tuple[Change, ...]
    why: str
    outcome: str
    proof: DmarcCheck
    other: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    stand_ins: tuple[Change, ...] = field(default=(), metadata=_inner())
    message: Message | None = field(default=None, metadata=_inner())
    envelope: Envelope | None = field(default=None, metadata=_inner())
    authentication: Authentication | None = field(default=None, metadata=_inner())
