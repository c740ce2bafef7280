"""The words of the RFCs as enums and frozen results. Every other room speaks in these.

A result never changes after it was made, and carries its whole trace in ``steps``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas

# ------------------------------------------------------------------- words


class Result(StrEnum):
    """What a check ends with (RFC 8601 §2.7; RFC 7208 §2.6; RFC 9989 §9.2)."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"  # noqa: S105 - the RFC's word, not a password
    FAIL = "fail"
    SOFTFAIL = "softfail"
    POLICY = "policy"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class DnsStatus(StrEnum):
    """The four things DNS can say: SPF's void look-ups and DMARC's ``np`` need them apart."""

    DATA = "data"
    NODATA = "nodata"
    NXDOMAIN = "nxdomain"
    FAILURE = "failure"


class DnsFailure(StrEnum):
    """Why DNS did not answer. As a value in a zone it makes that question fail this way."""

    SERVFAIL = "servfail"
    TIMEOUT = "timeout"


class Basis(StrEnum):
    """Where a fact comes from, told apart wherever a fact is shown."""

    STATED = "stated"  # a receiver wrote it down
    RECOMPUTED = "recomputed"  # the kit worked it out itself
    INFERRED = "inferred"  # follows from something else, which `source` names
    DOCUMENTED = "documented"  # not in the words, but on the receiver's help page
    UNKNOWN = "unknown"


class Policy(StrEnum):
    """Domain Owner Assessment Policy (RFC 9989 §4.7, tag ``p``)."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"

    @property
    def strength(self) -> int:
        """How much it asks receivers to do: more for a stricter policy."""
        return list(Policy).index(self)


class AlignmentMode(StrEnum):
    """RFC 9989 §4.4: relaxed compares organizational domains, strict compares names."""

    RELAXED = "relaxed"
    STRICT = "strict"


class BounceKind(StrEnum):
    """What sort of message came back."""

    DSN = "dsn"  # RFC 3464 report
    PLAIN_BOUNCE = "plain-bounce"  # free text
    ARF = "arf"  # RFC 5965 / 6591 feedback or authentication failure report
    POSTMASTER_NOTICE = "postmaster-notice"  # a transcript sent to a postmaster
    PASTED_REPLY = "pasted-reply"  # just the words of the refusal
    NOT_A_BOUNCE = "not-a-bounce"


class Blamed(StrEnum):
    """What the receiver's words blame."""

    DMARC = "dmarc"
    SPF = "spf"
    DKIM = "dkim"
    ARC = "arc"
    ALIGNMENT = "alignment"
    AUTHENTICATION = "authentication"  # authentication, without saying which part


class KeyState(StrEnum):
    """What became of a signature's key record (RFC 6376 §3.6.1, §6.1.2)."""

    FOUND = "found"
    MISSING = "missing"  # no such name, or no record there
    REVOKED = "revoked"  # an empty p=
    INVALID = "invalid"  # a record is there and can't be used
    UNREACHABLE = "unreachable"  # DNS did not answer


Rules = Literal["rfc9989", "rfc7489"]

# ------------------------------------------------------------- shared shape


def plain(value: Any) -> Any:
    """JSON-ready form of a value: enums are their words, tuples are lists, dates are ISO 8601."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Shown):
        return value.to_dict()
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "backslashreplace")
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return str(value)


class Shown:
    """A result that people look at. Display itself lives in ``helpers.show``.

    The four methods below are the one place where an import points to the right: a
    notebook finds ``_repr_html_`` on the object itself, so the object has to know the way.
    """

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values; keys are the field names. Fields marked ``json=False`` stay out."""
        return {
            f.name: plain(getattr(self, f.name))
            for f in dataclasses.fields(self)  # type: ignore[arg-type]
            if f.metadata.get("json", True)
        }

    def to_frame(self) -> pandas.DataFrame:
        """Rows as a DataFrame: steps of a check, headers of a message, replies of a bounce …"""
        from helpers.show import frame_of

        return frame_of(self)

    def __str__(self) -> str:
        from helpers.show.text import text_of

        return text_of(self)

    def __repr__(self) -> str:
        from helpers.show.text import line_of

        return f"<{type(self).__name__}: {line_of(self)}>"

    def _repr_html_(self) -> str:
        from helpers.show.html import html_of

        return html_of(self)


_Class = TypeVar("_Class")
_Value = TypeVar("_Value")


def filled_directly(cls: type[_Class]) -> type[_Class]:
    """A frozen dataclass with slots whose ``__init__`` fills the slots themselves.

    The one that ``dataclass`` writes goes through ``object.__setattr__`` by name and takes
    twice as long: of the ten microseconds of an SPF check that was three. Nothing else differs.
    """
    fields = dataclasses.fields(cls)  # type: ignore[arg-type]
    if any(f.default_factory is not dataclasses.MISSING or f.kw_only for f in fields):
        raise TypeError(f"{cls.__name__} has fields that need more than a plain assignment")
    scope: dict[str, Any] = {f"_{f.name}": cls.__dict__[f.name].__set__ for f in fields}
    parameters = ", ".join(f.name for f in fields)
    body = "; ".join(f"_{f.name}(self, {f.name})" for f in fields)
    exec(f"def __init__(self, {parameters}): {body}", scope)  # noqa: S102 - field names only, as dataclass does
    init, written = scope["__init__"], cls.__init__
    init.__defaults__, init.__annotations__ = written.__defaults__, written.__annotations__
    init.__qualname__ = written.__qualname__
    cls.__init__ = init  # type: ignore[method-assign]
    return cls


def later(tell: Callable[..., _Value], *arguments: Any) -> _Value:
    """What ``tell(*arguments)`` returns, for a field that is `told_when_asked`."""
    return partial(tell, *arguments)  # type: ignore[return-value] # the field is that value once it is read


def told(notes: Iterable[Callable[[], tuple[Step, ...]]]) -> tuple[Step, ...]:
    """The steps that these notes tell, in order: what a check keeps of each thing it did, for `later`."""
    return tuple([step for tell in notes for step in tell()])


def told_when_asked(*names: str) -> Callable[[type[_Class]], type[_Class]]:
    """A frozen dataclass with slots whose fields of these names may be given as `later` makes them.

    They are put into words when somebody reads them, once, and are like any other field then. Of the
    time that a DKIM signature takes, its 30 steps were a sixth; whoever reads a whole mailbox never asks.
    """

    def decorate(cls: type[_Class]) -> type[_Class]:
        for name in names:
            setattr(cls, name, _read_when_asked(cls, cls.__dict__[name]))
        return cls

    return decorate


def _read_when_asked(cls: type[_Class], slot: Any) -> property:
    def read(self: _Class) -> Any:
        value = slot.__get__(self, cls)
        if isinstance(value, partial):
            value = value()
            slot.__set__(self, value)
        return value

    return property(read, slot.__set__)


# ----------------------------------------------------------------- DNS, step


@filled_directly
@dataclass(frozen=True, slots=True, repr=False)
class Answer(Shown):
    """What DNS said to one question.

    ``values`` holds, by type: TXT one ``str`` per record (its character-strings joined, no
    separator), A/AAAA the address as text, MX ``(preference, exchange)``, others their
    text. Names have lower case and no final dot. ``chain`` lists the names that CNAMEs led
    to, in order; the values are those of the last one. Values keep the order of their
    source, and two answers that differ in nothing else are equal (RFC 2181 §5: a set).
    """

    name: str
    rdtype: str
    status: DnsStatus
    values: tuple[Any, ...] = ()
    failure: DnsFailure | None = None
    chain: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Answer) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        values = tuple(sorted(self.values, key=str))
        return self.name, self.rdtype, self.status, values, self.failure, self.chain


if TYPE_CHECKING:
    Dns = Callable[[str, str], Answer]
    """One injected question: ``dns(name, rdtype) -> Answer``; name as an A-label name."""


@filled_directly
@dataclass(frozen=True, slots=True, repr=False)
class Step(Shown):
    """One thing a check did, in order: what it looked at, what DNS said, what followed, why."""

    looked_at: str
    followed: str
    rfc: str = ""
    answer: Answer | None = None
    steps: tuple[Step, ...] = ()  # what happened inside this one: an include, a tree walk


def flatten(steps: tuple[Step, ...], depth: int = 0) -> Iterator[tuple[int, Step]]:
    """Every step with its nesting depth (0 is outermost), in the order it happened."""
    for step in steps:
        yield depth, step
        yield from flatten(step.steps, depth + 1)


@dataclass(frozen=True, slots=True, repr=False)
class Fact(Shown):
    """One fact, and how it is known: ``source`` names the header, reply or record."""

    name: str
    value: str | None
    basis: Basis
    source: str = ""


# -------------------------------------------------------------------- checks


@dataclass(frozen=True, slots=True, repr=False)
class Envelope(Shown):
    """The SMTP side of a message (RFC 5321): who connected and what MAIL FROM said.

    ``mail_from`` is ``""`` for the null sender ``<>`` and None when unknown. ``facts``
    gives one row each with its source when the envelope was inferred from a message.
    """

    client_ip: str | None = None
    helo: str | None = None
    mail_from: str | None = None
    facts: tuple[Fact, ...] = ()


SpfIdentity = Literal["mailfrom", "helo"]
"""What SPF is asked about (RFC 7208 §2.3, §2.4)."""


@filled_directly
@dataclass(frozen=True, slots=True, repr=False)
class SpfCheck(Shown):
    """RFC 7208: may this client IP use this domain in MAIL FROM or HELO?"""

    result: Result
    domain: str  # the domain whose record was asked for
    identity: SpfIdentity
    client_ip: str | None = None
    mail_from: str | None = None
    helo: str | None = None
    record: str | None = None
    matched: str | None = None  # the term that decided, as written in the record
    explanation: str | None = None  # the domain owner's text (exp=), only when the result is fail
    reason: str = ""
    dns_mechanisms: int = 0  # terms that cost a look-up, of 10 (RFC 7208 §4.6.4)
    void_lookups: int = 0  # look-ups with no answer, of 2
    steps: tuple[Step, ...] = ()


@told_when_asked("steps", "warnings")
@filled_directly
@dataclass(frozen=True, slots=True, repr=False)
class DkimCheck(Shown):
    """RFC 6376, one signature: does the domain ``d=`` vouch for these bytes?

    ``body_hash_ok`` and ``signature_ok`` are None where they could not be checked.
    """

    result: Result
    domain: str | None  # d= as A-label, lower case
    selector: str | None
    reason: str = ""
    body_hash_ok: bool | None = None
    signature_ok: bool | None = None
    identity: str | None = None  # i=
    algorithm: str | None = None  # a=
    canonicalization: str | None = None  # c=, e.g. "relaxed/simple"
    signed_headers: tuple[str, ...] = ()  # h=
    key_state: KeyState | None = None  # None: the key was not asked for
    key_bits: int | None = None
    header_index: int | None = None  # which header of the message, 0 is the topmost
    warnings: tuple[str, ...] = ()  # what a pass hides: l=, headers not signed, weak key, t=y
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class ArcCheck(Shown):
    """RFC 8617: the chain of custody that forwarders may have added."""

    result: Result
    sets: tuple[Any, ...] = ()
    reason: str = ""
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class DmarcRecord(Shown):
    """A DMARC policy record as read (RFC 9989 §4.7). ``text`` is the record itself."""

    text: str
    domain: str  # the DMARC policy domain: where it was found, without "_dmarc."
    p: Policy | None = None
    sp: Policy | None = None
    np: Policy | None = None
    adkim: AlignmentMode = AlignmentMode.RELAXED
    aspf: AlignmentMode = AlignmentMode.RELAXED
    psd: Literal["y", "n", "u"] = "u"
    t: Literal["y", "n"] = "n"
    fo: tuple[str, ...] = ("0",)
    rua: tuple[str, ...] = ()
    ruf: tuple[str, ...] = ()
    historic: tuple[tuple[str, str], ...] = ()  # pct, rf, ri: part of RFC 7489, historic now
    unknown: tuple[tuple[str, str], ...] = ()
    problems: tuple[str, ...] = ()  # syntax errors, one sentence each; never fatal by themselves
    invalid: tuple[tuple[str, str], ...] = ()  # known tags whose value is not allowed, as written


@filled_directly
@dataclass(frozen=True, slots=True, repr=False)
class Alignment(Shown):
    """One authenticated identifier against the author domain (RFC 9989 §4.4)."""

    identifier: str  # "MAIL FROM", "HELO" or "DKIM d="
    method: Literal["spf", "dkim"]
    domain: str | None
    result: Result  # of the method itself
    organizational_domain: str | None
    mode: AlignmentMode
    aligned: bool
    decided_by: str  # one sentence: the comparison that decided


@filled_directly
@dataclass(frozen=True, slots=True, repr=False)
class DmarcCheck(Shown):
    """RFC 9989 (or 7489): is one authenticated identifier aligned with the author domain?

    ``policy`` is what applies to this message after ``sp``/``np``/``t``; ``published`` the
    same before ``t``. ``disposition`` is what the domain owner asks receivers to do with
    this very message ("none" when it passed).
    """

    result: Result
    author_domain: str | None
    policy: Policy | None = None
    published: Policy | None = None
    policy_domain: str | None = None
    organizational_domain: str | None = None
    disposition: Policy = Policy.NONE
    record: DmarcRecord | None = None
    alignments: tuple[Alignment, ...] = ()
    rules: Rules = "rfc9989"
    reason: str = ""
    warnings: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()

    @property
    def spf_aligned(self) -> bool:
        """True when SPF passed for an aligned domain."""
        return any(a.aligned and a.result == Result.PASS for a in self.alignments if a.method == "spf")

    @property
    def dkim_aligned(self) -> bool:
        """True when at least one passing signature is aligned."""
        return any(a.aligned and a.result == Result.PASS for a in self.alignments if a.method == "dkim")


@dataclass(frozen=True, slots=True, repr=False)
class Authentication(Shown):
    """All checks of one message. ``spf`` is None when the client IP or MAIL FROM is unknown."""

    envelope: Envelope
    spf: SpfCheck | None
    dkim: tuple[DkimCheck, ...]
    arc: ArcCheck | None
    dmarc: DmarcCheck
