"""One's own mail made shareable: who is in it is renamed, what it shows about authentication stays.

People, addresses, domains, hosts, IP addresses, ids, subjects and texts are replaced, each always by
the same: the same domain stays the same, a subdomain stays one, what aligned aligns, an address in a
network stays in it. Public services (gmail.com, mailgun.org, …) and the receiver's words stay, so
that the copy is diagnosed as the original was. Text of people becomes filling, attachments go.

Signatures can't survive that. What they proved is written down before (`Redacted.verdicts`), the
copy says so itself, and where DNS was asked each is made again by a key in the redacted zone.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from helpers.authentication import Source
from helpers.bounce import read_bounce
from helpers.diagnosis import Diagnosis, find_cause
from helpers.fixes import diagnose
from helpers.lookup import RecordingDns, Zone
from helpers.message import Message, read_message
from helpers.redact.mail import MailRedactor
from helpers.redact.names import Names
from helpers.redact.save import save_set
from helpers.redact.signing import Signer
from helpers.redact.verdicts import difference, verdicts_of
from helpers.redact.zones import redact_answers, suffixes_with_records
from helpers.terms import Fact, Rules, Shown, plain

if TYPE_CHECKING:
    from helpers.terms import Dns

__all__ = ["Redacted", "redact"]

Dates = Literal["keep", "shift"]
_TOLD = frozenset(["cause", "SPF", "DKIM", "ARC", "DMARC"])
MAX_WEEKS = 500  # dates go back by at most this


class SecretNames(dict[str, str]):
    """Original to replacement. It does not show itself: who has it can undo the redaction."""

    def __repr__(self) -> str:
        return f"<{len(self)} names, not shown>"

    __str__ = __repr__


@dataclass(frozen=True, repr=False)
class Redacted(Shown):
    """A redacted mail and what belongs to it; make it with `redact`.

    ``message`` is the mail; ``verdicts`` what the checks of the original ended in, under the new
    names; ``zone`` the DNS answers under the new names, None when no DNS was given; ``notes`` what
    to know before sharing. ``names`` tells who became whom and undoes everything: it is left out of
    `to_dict`, of everything shown, and of what `save` writes.
    """

    message: bytes
    verdicts: tuple[Fact, ...] = ()
    zone: Zone | None = None
    notes: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=SecretNames, metadata={"json": False})

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: the mail as text, verdicts, zone and notes; never the names."""
        return {
            "message": self.message.decode("utf-8", "backslashreplace"),
            "verdicts": [fact.to_dict() for fact in self.verdicts],
            "zone": self.zone.to_dict() if self.zone is not None else None,
            "notes": list(self.notes),
        }

    def save(self, path: str | os.PathLike[str]) -> tuple[Path, ...]:
        """Write the mail, beside it ``.verdicts.json``, and ``.zone`` when there is one; returns the paths.

        ``path`` is a file such as ``shared.eml``, or a folder that exists: then ``redacted-1.eml``,
        or the next number that is free. Each file appears when it is complete; one that exists is
        never replaced (FileExistsError). The names are not written: keep them, if at all, elsewhere.
        """
        told = {"verdicts": plain(self.verdicts), "notes": list(self.notes)}
        contents = {
            ".eml": self.message,
            ".verdicts.json": json.dumps(told, indent=1, ensure_ascii=True).encode() + b"\n",
        }
        if self.zone is not None:
            contents[".zone"] = self.zone.to_text().encode("utf-8")
        return save_set(path, contents)


def redact(
    source: Source,
    *,
    dns: Dns | None = None,
    keep_public_services: bool = True,
    dates: Dates = "keep",
    salt: str | bytes | None = None,
    rules: Rules = "rfc9989",
    now: float | None = None,
) -> Redacted:
    """A copy of a mail or bounce that can be shown to others, with the verdicts of the original.

    Arguments: ``source``, anything `read_message` takes; ``dns``, what answers the checks (a zone,
    live or recorded DNS): what it was asked goes into ``zone`` under the new names;
    ``keep_public_services=False`` renames gmail.com and its like, too; ``dates="shift"`` moves every
    date by the same number of weeks; ``salt`` is what ids are derived from, by default the mail
    itself, so that the same mail gives the same copy; ``rules`` and ``now`` as in `authenticate`.

    Returns a `Redacted`. Its ``notes`` say so when the copy reads differently from the original.
    Raises OSError when a file can't be read, TypeError or ValueError for arguments that are none of
    the above; never because of what the mail holds.
    """
    _check_arguments(dns, dates, salt)
    message = read_message(source)
    names = Names(_key(message.raw, salt), keep_public_services)
    weeks = -(1 + names.secret("weeks")[0] * MAX_WEEKS // 256) if dates == "shift" else 0
    recorded = RecordingDns(dns) if dns is not None else None
    before = diagnose(read_bounce(message), dns=recorded, rules=rules, now=now)
    signer = _signer(before, names)
    _collect(message, before, names, weeks, recorded)
    return _Copy(message, names, weeks, recorded, signer, before, rules, now).make()


def _check_arguments(dns: object, dates: object, salt: object) -> None:
    if dns is not None and not callable(dns):
        raise TypeError("dns has to be something that answers DNS questions, for example a Zone, or None")
    if dates not in ("keep", "shift"):
        raise ValueError(f'dates can be "keep" or "shift", not {dates!r}')
    if salt is not None and not isinstance(salt, (str, bytes)):
        raise TypeError(f"salt is text or bytes, not {type(salt).__name__}")


def _key(raw: bytes, salt: str | bytes | None) -> bytes:
    material = (
        raw if salt is None else salt.encode("utf-8", "surrogatepass") if isinstance(salt, str) else salt
    )
    return hashlib.sha256(b"redact\0" + material).digest()


def _signer(before: Diagnosis, names: Names) -> Signer | None:
    found = before.authentication
    if found is None or not found.dkim or before.message is None:
        return None
    return Signer(before.message, found.dkim, names)


def _collect(
    message: Message, before: Diagnosis, names: Names, weeks: int, recorded: RecordingDns | None
) -> None:
    """The first time through: notes are taken of everybody who is named, the author first."""
    for one in (before.message, message):
        if one is not None and one.author_domain:
            names.domain(one.author_domain)
    MailRedactor(names, weeks).redact(message.raw)
    if recorded is not None:
        redact_answers(recorded, names, {})
        names.hostnames.note_suffixes(suffixes_with_records(recorded, set(names.hostnames.seen)))
    names.freeze()


@dataclass(slots=True)
class _Copy:
    """The second time through, when everybody has a new name."""

    message: Message
    names: Names
    weeks: int
    recorded: RecordingDns | None
    signer: Signer | None
    before: Diagnosis
    rules: Rules
    now: float | None

    def make(self) -> Redacted:
        verdicts = verdicts_of(self.before, self.names, asked=self.recorded is not None)
        zone = None
        if self.recorded is not None:
            zone = redact_answers(self.recorded, self.names, self.signer.keys if self.signer else {})
        resign = self.signer.resign if self.signer is not None else None
        head = _heading(verdicts, self.signer)
        raw = MailRedactor(self.names, self.weeks, resign).redact(self.message.raw, head)
        after = find_cause(raw, dns=zone, rules=self.rules, now=self._now())
        notes = self._notes(verdicts, difference(self.before, after, self.names))
        return Redacted(raw, verdicts, zone, notes, SecretNames(self.names.mapping()))

    def _now(self) -> float | None:
        return None if self.now is None else self.now + self.weeks * 7 * 86_400

    def _notes(self, verdicts: tuple[Fact, ...], differs: str) -> tuple[str, ...]:
        notes = [
            "Look through the copy before you share it: a name that only its sense gives away may be left."
        ]
        if differs:
            notes.append(f"The copy does not tell everything that the original did: {differs}.")
        if self.signer is not None and self.signer.made:
            notes.append(
                f"Signatures that fitted ({self.signer.made}) were made again with keys of this copy: they "
                "prove nothing about the original, whose results are among the verdicts."
            )
        if any(fact.name == "ARC" and fact.value == "pass" for fact in verdicts):
            notes.append("ARC's chain of custody can't be made again: it fails in the copy.")
        return tuple(notes)


def _heading(verdicts: tuple[Fact, ...], signer: Signer | None) -> bytes:
    """The field by which a copy says that it is one."""
    told = [f"{fact.name}: {fact.value}" for fact in verdicts if fact.name in _TOLD][:10]
    again = signer is not None and any(check.signature_ok for check in signer.checks)
    how = "those that fitted were made again with test keys; " if again else ""
    text = (
        f"names and texts are replaced, so no signature of the original fits; {how}before: {'; '.join(told)}"
    )
    lines, line = [], "X-Redacted:"
    for word in text.split():
        if len(line) + len(word) > 76:
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\n".join([*lines, line]).encode("utf-8") + b"\n"


class _Room(ModuleType):
    """`helpers.redact` is this folder and the function in it: ``h.redact(mail)`` works in any case."""

    def __call__(self, source: Source, **options: Any) -> Redacted:
        return redact(source, **options)


sys.modules[__name__].__class__ = _Room
