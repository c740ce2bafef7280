"""A diagnosis to keep and to share: one HTML page, Markdown or JSON, in a new file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.diagnosis import Diagnosis
from helpers.files import write_new
from helpers.show.safe import escape

if TYPE_CHECKING:
    from helpers.services import Comparison

# Nothing is run, nothing is fetched, nothing is sent: the browser itself is told so.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'"
TITLE = "Why was this mail refused?"
FOOTER = (
    "Made on the owner's own machine. This page holds no script and asks the network for nothing. "
    "Names and addresses out of the mail stand in it as they are."
)
FORMATS = (".html", ".md", ".json")


def html_report(
    diagnosis: Diagnosis,
    *,
    title: str = TITLE,
    comparison: Comparison | None = None,
    notes: tuple[str, ...] = (),
) -> str:
    """The whole answer as one HTML page that stands alone: no script, nothing fetched, pictures inside.

    Arguments: a diagnosis; ``title``, such as the mail's file name; ``comparison``, from
    `services.compare`; ``notes``, sentences about how the answer came about. The same
    diagnosis gives the same page. It prints with its folds open, and holds addresses as they are.
    Raises TypeError for anything else than a diagnosis.
    """
    if not isinstance(diagnosis, Diagnosis):
        raise TypeError(f"html_report takes a diagnosis, not {type(diagnosis).__name__}")
    from helpers.show.answer import answer_html
    from helpers.show.answer.style import PAGE_STYLE

    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="referrer" content="no-referrer">'
        f"<title>{escape(title)}</title><style>{PAGE_STYLE}</style></head>"
        f"<body><h1>{escape(title)}</h1>{answer_html(diagnosis, comparison=comparison, notes=notes)}"
        f"<footer>{FOOTER}</footer></body></html>\n"
    )


def save_report(
    diagnosis: Diagnosis,
    path: str | os.PathLike[str],
    *,
    hide_addresses: bool = False,
    comparison: Comparison | None = None,
) -> Path:
    """Write a diagnosis into a new file; its ending says as what: ``.html``, ``.md`` or ``.json``.

    Arguments: a diagnosis; the file's path; ``hide_addresses``, for Markdown only, as in
    `evidence_pack`; ``comparison``, for HTML only, as in `html_report`.

    Returns the path. Raises FileExistsError rather than overwrite, ValueError for another
    ending, and OSError when the file can't be written; then nothing of it is left.
    """
    place = Path(path)
    text = _text(diagnosis, place, hide_addresses, comparison)
    return write_new(place, text.encode("utf-8", "backslashreplace"))


def _text(diagnosis: Diagnosis, place: Path, hide_addresses: bool, comparison: Comparison | None) -> str:
    kind = place.suffix.lower()
    if kind == ".html":
        return html_report(diagnosis, comparison=comparison)
    if kind == ".md":
        from helpers.show.evidence_pack import evidence_pack

        return evidence_pack(diagnosis, hide_addresses=hide_addresses)
    if kind == ".json":
        if not isinstance(diagnosis, Diagnosis):
            raise TypeError(f"save_report takes a diagnosis, not {type(diagnosis).__name__}")
        return json.dumps(diagnosis.to_dict(), ensure_ascii=True, indent=2) + "\n"
    raise ValueError(f"a report ends with {', '.join(FORMATS)}, not {place.suffix or 'nothing'!r}")
