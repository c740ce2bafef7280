"""Why was my mail refused, and what do I change? Helpers for the notebooks and for your own mail.

Read a message or a bounce, run the checks a receiver runs, and ask why they ended as they did:

    import helpers as h

    bounce = h.read_bounce("bounce.eml")
    h.diagnose(bounce, dns=h.Zone.from_file("my-domain.zone"))

Nothing here touches the network unless `LiveDns` is passed as ``dns``. A name below is
imported when it is first used, so that `import helpers` costs next to nothing (PEP 562).
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # type checkers take it for true; `typing` itself takes longer to load than all this
if TYPE_CHECKING:
    from typing import Any

    from helpers import fixes as fixes
    from helpers import reports as reports
    from helpers import services as services
    from helpers.arc import verify_arc as verify_arc
    from helpers.authentication import authenticate as authenticate
    from helpers.bounce import Bounce as Bounce
    from helpers.bounce import code_meaning as code_meaning
    from helpers.bounce import read_bounce as read_bounce
    from helpers.diagnosis import Cause as Cause
    from helpers.diagnosis import Diagnosis as Diagnosis
    from helpers.dkim import body_hash as body_hash
    from helpers.dkim import canonicalize_body as canonicalize_body
    from helpers.dkim import canonicalize_header as canonicalize_header
    from helpers.dkim import parse_key as parse_key
    from helpers.dkim import parse_signature as parse_signature
    from helpers.dkim import verify_dkim as verify_dkim
    from helpers.dmarc import evaluate_dmarc as evaluate_dmarc
    from helpers.domains import organizational_domain as organizational_domain
    from helpers.domains import parse_dmarc as parse_dmarc
    from helpers.domains import tree_walk as tree_walk
    from helpers.exercises import check_answer as check_answer
    from helpers.exercises import practice as practice
    from helpers.fixes import diagnose as diagnose
    from helpers.lab import lab as lab
    from helpers.lookup import SERVFAIL as SERVFAIL
    from helpers.lookup import TIMEOUT as TIMEOUT
    from helpers.lookup import LiveDns as LiveDns
    from helpers.lookup import Overlay as Overlay
    from helpers.lookup import RecordingDns as RecordingDns
    from helpers.lookup import Zone as Zone
    from helpers.lookup import sample_zone as sample_zone
    from helpers.mailbox import messages_in as messages_in
    from helpers.mailbox import read_mailbox as read_mailbox
    from helpers.message import Message as Message
    from helpers.message import read_message as read_message
    from helpers.redact import Redacted as Redacted
    from helpers.redact import redact as redact
    from helpers.reports import read_reports as read_reports
    from helpers.show.alignment_playground import alignment_playground as alignment_playground
    from helpers.show.evidence_pack import evidence_pack as evidence_pack
    from helpers.show.export import html_report as html_report
    from helpers.show.export import save_report as save_report
    from helpers.show.figures.alignment import alignment_figure as alignment_figure
    from helpers.show.figures.discovery import discovery_figure as discovery_figure
    from helpers.show.figures.dkim import dkim_figure as dkim_figure
    from helpers.show.figures.hops import hops_figure as hops_figure
    from helpers.show.figures.journey import journey_figure as journey_figure
    from helpers.show.figures.mailbox import refusals_figure as refusals_figure
    from helpers.show.figures.mailbox_timeline import refusals_timeline_figure as refusals_timeline_figure
    from helpers.show.figures.matrix import matrix_figure as matrix_figure
    from helpers.show.figures.reports import reports_figure as reports_figure
    from helpers.show.figures.reports import senders_figure as senders_figure
    from helpers.show.figures.services import choice_figure as choice_figure
    from helpers.show.figures.services import services_figure as services_figure
    from helpers.show.figures.spf import spf_figure as spf_figure
    from helpers.show.figures.summary import summary_figure as summary_figure
    from helpers.show.mailbox_frame import analyze_mailbox as analyze_mailbox
    from helpers.show.panel import bounce_panel as bounce_panel
    from helpers.show.service_chooser import service_chooser as service_chooser
    from helpers.show.step_player import step_player as step_player
    from helpers.show.text import say as say
    from helpers.show.views.checks_table import checks_table as checks_table
    from helpers.show.views.reports import failures_table as failures_table
    from helpers.show.views.reports import senders_table as senders_table
    from helpers.show.views.services import services_table as services_table
    from helpers.spf import check_spf as check_spf
    from helpers.spf import parse_spf as parse_spf
    from helpers.terms import Answer as Answer
    from helpers.terms import Authentication as Authentication
    from helpers.terms import Envelope as Envelope
    from helpers.terms import Result as Result
    from helpers.terms import Step as Step

_NAMES = {
    "arc": ("verify_arc",),
    "authentication": ("authenticate",),
    "bounce": ("Bounce", "code_meaning", "read_bounce"),
    "diagnosis": ("Cause", "Diagnosis"),
    "dkim": (
        "body_hash",
        "canonicalize_body",
        "canonicalize_header",
        "parse_key",
        "parse_signature",
        "verify_dkim",
    ),
    "dmarc": ("evaluate_dmarc",),
    "domains": ("organizational_domain", "parse_dmarc", "tree_walk"),
    "exercises": ("check_answer", "practice"),
    "fixes": ("diagnose",),
    "lookup": ("SERVFAIL", "TIMEOUT", "LiveDns", "Overlay", "RecordingDns", "Zone", "sample_zone"),
    "mailbox": ("messages_in", "read_mailbox"),
    "message": ("Message", "read_message"),
    "redact": ("Redacted",),
    "reports": ("read_reports",),
    "show.alignment_playground": ("alignment_playground",),
    "show.evidence_pack": ("evidence_pack",),
    "show.export": ("html_report", "save_report"),
    "show.figures.alignment": ("alignment_figure",),
    "show.figures.discovery": ("discovery_figure",),
    "show.figures.dkim": ("dkim_figure",),
    "show.figures.hops": ("hops_figure",),
    "show.figures.journey": ("journey_figure",),
    "show.figures.mailbox": ("refusals_figure",),
    "show.figures.mailbox_timeline": ("refusals_timeline_figure",),
    "show.figures.matrix": ("matrix_figure",),
    "show.figures.reports": ("reports_figure", "senders_figure"),
    "show.figures.services": ("choice_figure", "services_figure"),
    "show.figures.spf": ("spf_figure",),
    "show.figures.summary": ("summary_figure",),
    "show.mailbox_frame": ("analyze_mailbox",),
    "show.panel": ("bounce_panel",),
    "show.service_chooser": ("service_chooser",),
    "show.step_player": ("step_player",),
    "show.text": ("say",),
    "show.views.checks_table": ("checks_table",),
    "show.views.reports": ("failures_table", "senders_table"),
    "show.views.services": ("services_table",),
    "spf": ("check_spf", "parse_spf"),
    "terms": ("Answer", "Authentication", "Envelope", "Result", "Step"),
}
_ROOM = {name: room for room, names in _NAMES.items() for name in names}
# Rooms with many names of their own: h.services.find(…)
_WHOLE = ("fixes", "lab", "redact", "reports", "services")

__all__ = sorted((*_ROOM, *_WHOLE))  # noqa: PLE0605 - a list of the names above


def __getattr__(name: str) -> Any:
    if name in _WHOLE:
        return import_module(f"helpers.{name}")
    if name not in _ROOM:
        raise AttributeError(f"module 'helpers' has no attribute {name!r}")
    value = getattr(import_module(f"helpers.{_ROOM[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
