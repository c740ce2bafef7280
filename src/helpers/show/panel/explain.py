"""From one given thing to its explanation: no widget in here, so that a test or a script can do the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from helpers import services
from helpers.diagnosis import Cause, Diagnosis
from helpers.fixes import diagnose
from helpers.lookup import LiveDns, RecordingDns, Zone
from helpers.show.panel.given import Given, large_words, why_not_mail
from helpers.show.panel.keep import shown_path, write_beside
from helpers.terms import Answer, DnsStatus

if TYPE_CHECKING:
    from helpers.services import Comparison
    from helpers.terms import Dns

NO_MAIL = (
    "There are no mail headers and no refusal in it. Save the bounce as .eml, or paste the refusal's words."
)
ALONE = "DNS was not asked: this is from the message alone."
TIMEOUT = 5.0  # seconds for one live question


@dataclass(frozen=True)
class Asking:
    """Where DNS answers come from: nowhere, a zone at hand, or live name servers.

    ``words`` name the zone. ``server`` empty: the system's own. Live answers are kept in ``folder``.
    """

    zone: Zone | None = None
    words: str = ""
    live: bool = False
    server: str = ""
    port: int = 53
    timeout: float = TIMEOUT
    folder: Path = field(default_factory=Path)

    def dns(self) -> Dns | None:
        """What one analysis asks. Raises ValueError for a name server's address that is none."""
        if not self.live:
            return self.zone
        try:
            return RecordingDns(LiveDns(self.server or None, self.port, self.timeout))
        except ValueError:
            raise ValueError(
                f"{self.server!r} is not the IP address of a name server, such as 192.0.2.53"
            ) from None


@dataclass(frozen=True)
class Explained:
    """What became of one given thing. Without a diagnosis, ``problem`` is the sentence to show."""

    given: Given
    diagnosis: Diagnosis | None = None
    comparison: Comparison | None = None
    notes: tuple[str, ...] = ()
    zone: Zone | None = None  # what DNS said, for a redacted copy
    problem: str = ""


def explain(given: Given, asking: Asking, service: str | None = None) -> Explained:
    """Explain one mail or refusal. Never raises for what it holds; OSError when answers can't be kept.

    Arguments: what was given; where DNS comes from; ``service``, the id of the sending service
    that was expected to send it, or None. Raises ValueError for a name server that is none.
    """
    if why := why_not_mail(given.raw):
        return Explained(given, problem=why)
    dns = asking.dns()
    diagnosis = diagnose(given.raw, dns=dns)
    if diagnosis.cause == Cause.NOT_A_MESSAGE:
        return Explained(given, problem=NO_MAIL)
    comparison, notes = None, [large_words(len(given.raw))]
    if service is not None:
        try:
            comparison = services.compare(diagnosis, service, dns=dns)
        except ValueError as error:
            notes.append(f"No comparison with the service: {error}.")
    if isinstance(dns, RecordingDns):
        notes += _kept(dns, given, asking)
    else:
        notes.append(f"DNS: {asking.words}, recorded; nothing was asked live." if asking.zone else ALONE)
    zone = dns.zone() if isinstance(dns, RecordingDns) else asking.zone
    return Explained(given, diagnosis, comparison, tuple(filter(None, notes)), zone)


def _kept(dns: RecordingDns, given: Given, asking: Asking) -> list[str]:
    """What was asked live and where the answers are: once on disk, the analysis can be repeated."""
    if not dns.answers:
        return ["DNS: live, but there was nothing to ask for."]
    notes = [f"DNS: live, {dns.looked_up().words}."]
    if all(answer.status == DnsStatus.FAILURE for answer in dns.answers):
        whom = f"the name server {asking.server}" if asking.server else "this computer's name server"
        notes.append(f"No question was answered. Is there a network, and does {whom} work?")
        return notes
    place = write_beside(asking.folder, given.name, ".zone", lambda path: _save_answers(dns, path))
    notes.append(f"The answers are in {shown_path(place)}: choose that recorded zone to repeat this offline.")
    return notes


def _save_answers(dns: RecordingDns, place: Path) -> None:
    """Write the answers; a file that answers the same already will do. Raises FileExistsError for another."""
    try:
        dns.save(place)
    except FileExistsError:
        if not _answers_alike(place, dns):
            raise


def _answers_alike(place: Path, dns: RecordingDns) -> bool:
    """Whether a recorded zone answers what was asked now as it was answered, in whatever order."""
    try:
        there = Zone.from_file(place)
    except (OSError, ValueError):
        return False
    asked = zip(dns.questions, dns.answers, strict=True)
    return all(_said(there(*question)) == _said(answer) for question, answer in asked)


def _said(answer: Answer) -> tuple[object, ...]:
    return answer.status, answer.failure, sorted(map(str, answer.values))
