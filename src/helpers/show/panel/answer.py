"""What the panel shows for one given thing: the answer, and buttons that save it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

from helpers.diagnosis import Diagnosis
from helpers.files import write_new
from helpers.show.answer import answer_html, problem_html
from helpers.show.export import html_report
from helpers.show.panel.explain import Explained
from helpers.show.panel.keep import shown_path, write_beside
from helpers.show.safe import escape, one_line

UNSAVED = "into data/private, each under a new name"


def reason(error: Exception) -> str:
    """An error as one harmless sentence."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{one_line(error.filename)}: {error.strerror}."
    text = one_line(str(error), 400) or type(error).__name__
    return text if text.endswith((".", "?", "!")) else f"{text}."


def answer_box(explained: Explained, folder: Path) -> Any:
    """The answer to one given thing as a widget."""
    import ipywidgets as widgets

    if explained.diagnosis is None:
        return widgets.HTML(problem_html(explained.given.name, explained.problem))
    answer = widgets.HTML(
        answer_html(explained.diagnosis, comparison=explained.comparison, notes=explained.notes)
    )
    bar = _SaveBar(explained, explained.diagnosis, folder)
    return widgets.VBox([bar.box, answer])


def overview_line(number: int, explained: Explained) -> str:
    """One line for one given thing: what it is called, and what became of it."""
    said = explained.diagnosis.title if explained.diagnosis is not None else explained.problem
    return f"{number}. {one_line(explained.given.name, 70)}: {said}"


class _SaveBar:
    """Buttons that write the answer into the folder for own mail, each under a new name."""

    def __init__(self, explained: Explained, diagnosis: Diagnosis, folder: Path) -> None:
        import ipywidgets as widgets

        self._explained, self._diagnosis = explained, diagnosis
        self._folder, self._lock = folder, Lock()
        self._hide = widgets.Checkbox(
            value=True,
            description="hide addresses in Markdown",
            indent=False,
            layout={"width": "max-content"},
        )
        self._said = widgets.HTML(f'<span class="hint">{UNSAVED}</span>')
        buttons = [self._button(name, title, write) for name, title, write in self._ways()]
        row = {"flex_flow": "row wrap", "align_items": "center", "grid_gap": "2px 4px"}
        title = widgets.HTML("<b>Save:</b>")
        self.box = widgets.HBox([title, *buttons, self._hide, self._said], layout=row)

    def _ways(self) -> list[tuple[str, str, Callable[[], Path]]]:
        ways: list[tuple[str, str, Callable[[], Path]]] = [
            ("Report", "One HTML page that stands alone, to open, print or attach", self._html),
            ("Markdown", "The evidence as text, for a ticket or an assistant", self._markdown),
            ("JSON", "Everything as data, for programs", self._json),
            (
                "Redacted copy",
                "The mail without names, addresses and hosts, to show others",
                self._redacted,
            ),
        ]
        if not self._explained.given.kept:
            ways.append(("Keep the mail", "The mail itself, to pick it again later", self._mail))
        return ways

    def _button(self, name: str, title: str, write: Callable[[], Path]) -> Any:
        import ipywidgets as widgets

        button = widgets.Button(description=name, tooltip=title, layout={"width": "max-content"})
        button.on_click(lambda _: self._do(write))
        return button

    def _do(self, write: Callable[[], Path]) -> None:
        with self._lock:  # two clicks may arrive in two threads
            try:
                said = f"Saved: <b>{escape(shown_path(write()))}</b>"
            except Exception as error:  # whatever went wrong is told, and the panel stays usable
                said = f"Not saved: {escape(reason(error))}"
            self._said.value = f'<span class="hint">{said}</span>'

    def _write(self, suffix: str, content: bytes) -> Path:
        name = self._explained.given.name
        return write_beside(self._folder, name, suffix, lambda place: write_new(place, content))

    def _html(self) -> Path:
        one = self._explained
        page = html_report(self._diagnosis, title=one.given.name, comparison=one.comparison, notes=one.notes)
        return self._write(".html", page.encode("utf-8", "backslashreplace"))

    def _markdown(self) -> Path:
        from helpers.show.evidence_pack import evidence_pack

        text = evidence_pack(self._diagnosis, hide_addresses=self._hide.value)
        return self._write(".md", text.encode("utf-8", "backslashreplace"))

    def _json(self) -> Path:
        text = json.dumps(self._diagnosis.to_dict(), ensure_ascii=True, indent=2)
        return self._write(".json", f"{text}\n".encode())

    def _redacted(self) -> Path:
        from helpers.redact import redact

        redacted = redact(self._explained.given.raw, dns=self._explained.zone)
        self._folder.mkdir(parents=True, exist_ok=True)
        place: Path = redacted.save(self._folder)[0]
        return place

    def _mail(self) -> Path:
        name = self._explained.given.name
        suffix = ".txt" if name.endswith((".txt", "text")) else ".eml"
        return self._write(suffix, self._explained.given.raw)
