"""A copy to try things on: the message, its envelope and DNS, what was changed, and the checks after it.

Case   one refused message with everything known about it; it never changes
Trial  the case with some things changed; every change gives a new one
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

from helpers.authentication import check_envelope, received_at
from helpers.diagnosis import Cause, Diagnosis, Identifier, check_helo, forwarder, helo_envelope
from helpers.dkim import verify_dkim
from helpers.dmarc import evaluate_dmarc
from helpers.fixes.changes import changes_of, registered
from helpers.fixes.results import Change, Who
from helpers.lookup import AskedOnce, Overlay, Zone, a_label
from helpers.message import Message, read_message
from helpers.terms import (
    Answer,
    Authentication,
    Blamed,
    DkimCheck,
    DnsStatus,
    Envelope,
    Result,
    Rules,
    SpfCheck,
)

if TYPE_CHECKING:
    from helpers.services import Sent, Service
    from helpers.terms import DmarcCheck, Dns

Key = tuple[str, str]
"""Name and type of a set of records."""

Signed = dict[tuple[bytes, str, str], Message]
"""Messages with a proof's signature, by what was signed, domain and selector: each takes some ten ms."""

KEY_SHOWN = "v=DKIM1; k=rsa; p=<the key your service shows>"


class Goal(Enum):
    """What the receiver has to see, so that it has no reason to refuse."""

    DMARC = "dmarc"
    SPF = "spf"  # it refused for SPF itself, and asked about nothing else
    DKIM = "dkim"


class Case:
    """One message that failed, and what is known about it."""

    def __init__(
        self,
        diagnosis: Diagnosis,
        message: Message,
        found: Authentication,
        dns: Dns,
        now: float | None,
        signed: Signed | None = None,
    ) -> None:
        self.cause: Cause = diagnosis.cause
        self.message = message
        self.bounce = diagnosis.bounce
        self.identifiers: tuple[Identifier, ...] = diagnosis.identifiers
        self.envelope: Envelope = found.envelope
        self.spf: SpfCheck | None = found.spf
        self.dkim: tuple[DkimCheck, ...] = found.dkim
        self.dmarc: DmarcCheck = found.dmarc
        self.rules: Rules = found.dmarc.rules
        self.author = message.author_domain or ""
        self.dns: Dns = dns if isinstance(dns, Zone) else AskedOnce(dns)
        self.now = received_at(message) if now is None else now
        self.body_returned = self.bounce is None or self.bounce.returned in ("full", "full-in-text")
        self._signed: Signed = {} if signed is None else signed
        self._sent: dict[tuple[bytes, str, str], Sent | None] = {}

    @property
    def goal(self) -> Goal:
        """What the receiver's words ask for."""
        blamed = self.bounce.blamed if self.bounce is not None else None
        return {Blamed.SPF: Goal.SPF, Blamed.DKIM: Goal.DKIM}.get(blamed or Blamed.DMARC, Goal.DMARC)

    @property
    def about_helo(self) -> bool:
        """The receiver refused for SPF of the name in HELO, and MAIL FROM is another one."""
        return helo_envelope(self.bounce, self.envelope) is not None

    @property
    def helo_counts(self) -> bool:
        """SPF asks about the name in HELO: the receiver did, or MAIL FROM is empty (RFC 7208 §2.4)."""
        return self.about_helo or self.envelope.mail_from == ""

    @property
    def any_pass_will_do(self) -> bool:
        """The receiver asked for SPF or DKIM, and not for a policy: a pass of the author's own is enough."""
        return self.bounce is not None and self.bounce.blamed == Blamed.AUTHENTICATION

    @property
    def unsigned(self) -> bool:
        """True when no signature in the message could align with the author domain."""
        return not any(i.method == "dkim" and i.aligned_if_relaxed for i in self.identifiers)

    @property
    def spf_identifier(self) -> Identifier | None:
        """What SPF speaks for, if MAIL FROM is known."""
        return next((i for i in self.identifiers if i.method == "spf"), None)

    @property
    def mediated(self) -> bool:
        """True when a list or a forwarder had the message before the receiver did."""
        return self.listed or self.forwarded

    @property
    def listed(self) -> bool:
        """True when a mailing list sent the message on: with its own MAIL FROM, and often changed."""
        return self.message.get("List-Id") is not None or self.message.get("List-Post") is not None

    @property
    def forwarded(self) -> bool:
        """True when the receiver sees a forwarder's server, and MAIL FROM as it was before."""
        if self.cause is Cause.FORWARDED:
            return True
        return not self.listed and forwarder(self.message, self.bounce) is not None

    def about_keys(self, records: Mapping[Key, tuple[str, ...]]) -> bool:
        """Whether these records may change what a signature's key is."""
        places = {
            name
            for check in self.dkim
            for asked in [f"{check.selector}._domainkey.{check.domain}"]
            for name in (asked, *self.dns(asked, "TXT").chain)
        }
        return any("._domainkey." in name or name in places for name, _ in records)

    def stated_spf(self) -> tuple[str, Result] | None:
        """What a receiver stated, for where SPF can't be recomputed."""
        found = self.spf_identifier
        return None if found is None or found.result is None else (found.domain, found.result)

    def sign(self, message: Message, domain: str, selector: str) -> Message:
        """The message with a real signature on top, by the key of the proofs."""
        from helpers.services import AUTHOR_KEY, make_key, sign  # only where something is signed

        key = (message.raw, domain, selector)
        if key not in self._signed:
            raw = sign(message.raw, domain=domain, selector=selector, key=make_key(AUTHOR_KEY))
            self._signed[key] = read_message(raw)
        return self._signed[key]

    def send(self, message: Message, service: Service, domain: str, region: str | None) -> Sent | None:
        """The message as a service sends it for a domain that is set up there; None where it can't be."""
        from helpers.services import send_through

        key = (message.raw, domain, f"{service.id} {region}")
        if key not in self._sent:
            try:
                sent = send_through(service, message, domain=domain, region=region, verified=True)
            except ValueError:  # an author domain such as a public suffix, which nobody can set up
                sent = None
            self._sent[key] = sent
        return self._sent[key]


def key_record() -> str:
    """The record of the key that signs in the proofs."""
    from helpers.services import AUTHOR_KEY, make_key

    return make_key(AUTHOR_KEY).record


# --------------------------------------------------------------------- trials


@dataclass(frozen=True)
class Trial:
    """A case with some things changed, and the sentences that belong to them."""

    case: Case
    message: Message
    envelope: Envelope
    records: Mapping[Key, tuple[str, ...]] = field(default_factory=dict)
    foreign: frozenset[Key] = frozenset()  # not the owner's to publish: they stand in for a service's own
    shown: Mapping[str, str] = field(default_factory=dict)  # a value or name of the proof -> what to show
    titles: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    who: tuple[Who, ...] = ()
    effects: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    weaker: bool = False
    keeps_author: bool = True

    @property
    def author(self) -> str:
        """The author domain, as it is now; empty when there is not exactly one."""
        return self.message.author_domain or ""

    @property
    def dns(self) -> Dns:
        """DNS with the changes."""
        return overlaid(self.case.dns, self.records) if self.records else self.case.dns

    def home(self, name: str, rdtype: str) -> str:
        """Where the records of a name really stand: at the end of its CNAMEs."""
        answer = self.dns(name, rdtype)
        return answer.chain[-1] if answer.chain else answer.name

    def values(self, name: str, rdtype: str) -> tuple[str, ...] | None:
        """The records there, with the changes; None when DNS does not say."""
        answer = self.dns(name, rdtype)
        return None if answer.status == DnsStatus.FAILURE else answer.values

    def with_record(
        self, name: str, rdtype: str, *values: str, foreign: bool = False, shown: str | None = None
    ) -> Trial:
        """A trial where the name has exactly these records. ``shown`` stands for the last value."""
        records = {**self.records, (name, rdtype): values}
        others = self.foreign | {(name, rdtype)} if foreign else self.foreign
        words = {**self.shown, values[-1]: shown} if shown is not None else self.shown
        return replace(self, records=records, foreign=others, shown=words)

    def showing(self, real: str, shown: str) -> Trial:
        """A trial that shows something else for a value of the proof, or for the host of a name."""
        return self if shown == real else replace(self, shown={**self.shown, real: shown})

    def noting(
        self,
        *,
        title: str = "",
        who: tuple[Who, ...] = (),
        other: tuple[str, ...] = (),
        effects: tuple[str, ...] = (),
        assumed: tuple[str, ...] = (),
    ) -> Trial:
        """A trial with sentences more, none of them twice."""
        return replace(
            self,
            titles=_joined(self.titles, (title,) if title else ()),
            who=_joined(self.who, who),
            other=_joined(self.other, other),
            effects=_joined(self.effects, effects),
            assumed=_joined(self.assumed, assumed),
        )

    def judged(self) -> Authentication:
        """The kit's own checks of the copy. ARC is left out: DMARC does not ask about it."""
        case, dns = self.case, self.dns
        spf = check_envelope(self.envelope, dns)
        dkim = case.dkim
        if self.message is not case.message or case.about_keys(self.records):
            dkim = verify_dkim(self.message, dns=dns, now=case.now, body_returned=case.body_returned)
        known = spf if spf is not None or self.envelope is not case.envelope else case.stated_spf()
        author = self.message.author_domain
        dmarc = evaluate_dmarc(author_domain=author, spf=known, dkim=dkim, dns=dns, rules=case.rules)
        return Authentication(envelope=self.envelope, spf=spf, dkim=dkim, arc=None, dmarc=dmarc)

    def asked_spf(self, found: Authentication) -> SpfCheck | None:
        """The SPF check that the receiver refused for: that of HELO, or else that of MAIL FROM."""
        return check_helo(self.envelope, self.dns) if self.case.about_helo else found.spf

    def changes(self) -> tuple[Change, ...]:
        """What the owner has to enter, record by record."""
        return self._differences(own=True)

    def stand_ins(self) -> tuple[Change, ...]:
        """What the proof took others to publish."""
        return self._differences(own=False)

    def _differences(self, own: bool) -> tuple[Change, ...]:
        rows = [
            change
            for (name, rdtype), after in self.records.items()
            if ((name, rdtype) not in self.foreign) == own
            for change in changes_of(name, rdtype, own_values(self.case.dns, name, rdtype), after, self.shown)
        ]
        return tuple(rows)


def _joined(first: tuple, more: tuple) -> tuple:  # type: ignore[type-arg] # of the same sort, whatever it is
    return tuple(dict.fromkeys((*first, *more)))


def overlaid(dns: Dns, records: Mapping[Key, tuple[str, ...]]) -> Overlay:
    """DNS where these names have exactly these records."""
    changes: dict[str, dict[str, list[str]]] = {}
    for (name, rdtype), values in records.items():
        changes.setdefault(name, {})[rdtype] = list(values)
    return Overlay(dns, changes)


def own_values(dns: Dns, name: str, rdtype: str) -> tuple[str, ...]:
    """The records of a name itself: what a wildcard answers for it does not stand there."""
    answer = dns(name, rdtype)
    if not answer.values or name == registered(name):
        return answer.values
    nobodys = dns(f"{UNLIKELY}.{name.partition('.')[2]}", rdtype)
    return () if _same(answer, nobodys) else answer.values


def free_name(trial: Trial, labels: tuple[str, ...], domain: str) -> tuple[str, str] | None:
    """The first label with nothing there yet, and its full name. None: there is none, or DNS does not say.

    What a wildcard answers counts as nothing: the name that nobody would have answers the same.
    """
    for label in labels:
        name = a_label(f"{label}.{domain}")
        if name is None:
            return None
        answer = trial.dns(name, "TXT")
        if answer.status == DnsStatus.NXDOMAIN and not answer.chain:
            return label, name
        nobodys = f"{UNLIKELY}.{name.partition('.')[2]}"
        if all(_same(trial.dns(name, rdtype), trial.dns(nobodys, rdtype)) for rdtype in ("TXT", "A", "MX")):
            return label, name
    return None


UNLIKELY = "nobody-has-this-name"


def _same(one: Answer, other: Answer) -> bool:
    """Two answers by the same wildcard."""
    said = (one.status, one.values, one.chain)
    return one.status != DnsStatus.FAILURE and said == (other.status, other.values, other.chain)


def mended(trial: Trial, found: Authentication) -> bool:
    """Has the receiver no reason left to refuse?"""
    dmarc = found.dmarc
    goal = trial.case.goal
    if goal is Goal.SPF:
        ok = _passes_spf(trial, found)
        return ok and dmarc.result in (Result.PASS, Result.NONE)
    if goal is Goal.DKIM:
        ok = any(check.result == Result.PASS for check in found.dkim)
        return ok and dmarc.result in (Result.PASS, Result.NONE)
    if dmarc.result == Result.PASS:
        return True
    return (
        dmarc.result == Result.NONE
        and (not trial.keeps_author or trial.case.any_pass_will_do)
        and _same_owner(found)
    )


def _passes_spf(trial: Trial, found: Authentication) -> bool:
    """SPF that was refused passes; or the server gives another name, and nothing speaks against that one."""
    spf = trial.asked_spf(found)
    if spf is None:
        return False
    renamed = trial.case.about_helo and trial.envelope.helo != trial.case.envelope.helo
    return spf.result == Result.PASS or (renamed and spf.result == Result.NONE)


def _same_owner(found: Authentication) -> bool:
    """Without a policy DMARC compares nothing: does a pass belong to the author's organization?"""
    author = registered(found.dmarc.author_domain or "")
    passed = [check.domain for check in found.dkim if check.result == Result.PASS]
    if found.spf is not None and found.spf.result == Result.PASS:
        passed.append(found.spf.domain)
    return any(domain is not None and registered(domain) == author for domain in passed)


def outcome_of(trial: Trial, found: Authentication) -> str:
    """What the checks say after the change, in one sentence."""
    dmarc = found.dmarc
    said = f"dmarc={dmarc.result}: {dmarc.reason}"
    if dmarc.result == Result.FAIL:
        return f"{said} Disposition {dmarc.disposition}."
    spf = trial.asked_spf(found)
    if trial.case.about_helo and spf is not None:
        return f"spf={spf.result} for {spf.domain} in HELO, and {said}"
    if dmarc.result == Result.PASS:
        return said
    if trial.case.any_pass_will_do and _same_owner(found):
        passed_spf = found.spf is not None and found.spf.result == Result.PASS
        return f"{'spf' if passed_spf else 'dkim'}=pass, as the receiver asks, and {said}"
    if trial.case.goal is Goal.DMARC:
        return f"{said} Nobody is asked to refuse it."
    if trial.case.goal is Goal.SPF and found.spf is not None:
        return f"spf={found.spf.result} for {found.spf.domain}, and {said}"
    passed = next((check for check in found.dkim if check.result == Result.PASS), None)
    return f"dkim=pass for {passed.domain}, and {said}" if passed else said
