"""A player for a check's steps: one at a time, forward and back, with what DNS said and what followed.

ipywidgets is imported when a player is shown, not when it is made: `index`, `str()`, `to_frame()` and
HTML work without it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import replace
from threading import RLock
from typing import TYPE_CHECKING, Any

from helpers.show.html import framed, ink
from helpers.show.safe import clean, escape, one_line
from helpers.show.text import line_of
from helpers.show.views.terms import steps_table
from helpers.terms import Step

if TYPE_CHECKING:
    import pandas

MAX_STEPS = 500  # a hostile record may have thousands of terms, and nobody plays them
AROUND = 4  # steps listed before and after the one that is shown
WORDS = 90  # characters of a step in that list
SECONDS = 2  # a step, when it plays
LINE = 100  # columns of text

Row = tuple[str, str, str, str, str]  # number, looked at, DNS answered, what followed, source


def step_player(check: Any, index: int = 0) -> StepPlayer:
    """A player over the steps of a check: a slider, buttons and the words of each step.

    ``check`` is what an SPF, DKIM, ARC or DMARC check or a tree walk returned, or a sequence of
    `Step`. Nested steps are numbered below their parent: 3.2 is the second one inside step 3.
    ``index`` is the step to begin with, 0 the first. Of more than 500 steps the first 500 are played.
    Without widgets, set `StepPlayer.index` and print it, or take `StepPlayer.to_frame`.

    Raises TypeError for something without steps and IndexError for a step that there is not.
    """
    return StepPlayer(check, index)


class StepPlayer:
    """The player. ``index`` is the step that is shown now, 0 the first; setting it moves the slider, too."""

    def __init__(self, check: Any, index: int = 0) -> None:
        steps = _steps(check)
        rows = steps_table(steps).rows
        self.title = one_line(line_of(check), 200) if hasattr(check, "steps") else "Steps"
        self.rows: tuple[Row, ...] = tuple(tuple(str(cell) for cell in row) for row in rows[:MAX_STEPS])  # type: ignore[misc]
        self.left_out = len(rows) - len(self.rows)
        self._lock = RLock()
        self._index = 0
        self._slider: Any = None
        self._words: Any = None
        self._box: Any = None
        if self.rows or index:
            self.index = index

    @property
    def index(self) -> int:
        """Which step is shown: 0 is the first, ``len(player) - 1`` the last."""
        return self._index

    @index.setter
    def index(self, index: int) -> None:
        if isinstance(index, bool) or not isinstance(index, int):
            raise TypeError(f"index is the number of a step, 0 the first, not {type(index).__name__}")
        if not -len(self.rows) <= index < len(self.rows):
            raise IndexError(f"there are {len(self.rows)} steps, and {index} is none of them")
        with self._lock:
            self._index = index % len(self.rows)
            if self._slider is not None:
                self._slider.value = self._index
                self._words.value = self._html()

    def __len__(self) -> int:
        return len(self.rows)

    def next(self) -> StepPlayer:
        """One step on; the last one stays where it is."""
        return self._move(1)

    def previous(self) -> StepPlayer:
        """One step back; the first one stays where it is."""
        return self._move(-1)

    def _move(self, by: int) -> StepPlayer:
        with self._lock:
            if self.rows:
                self.index = min(max(self._index + by, 0), len(self.rows) - 1)
        return self

    def to_frame(self) -> pandas.DataFrame:
        """All steps as a DataFrame: number, looked at, DNS answered, what followed, source."""
        from helpers.show.frames import frame_of_table

        return frame_of_table(replace(steps_table(()), rows=self.rows))

    # ---------------------------------------------------------------- text

    def __str__(self) -> str:
        if not self.rows:
            return f"{self.title}\n\nThere are no steps."
        number, looked_at, answered, followed, source = self.rows[self._index]
        parts = [
            ("looked at", looked_at),
            ("DNS answered", answered),
            ("what followed", followed),
            ("source", source),
        ]
        lines = [self.title, "", self._where(number)]
        lines += [_line(name, words) for name, words in parts if words]
        return "\n".join([*lines, "", *self._outline()])

    __repr__ = __str__

    def _where(self, number: str) -> str:
        parent = number.rpartition(".")[0]
        inside = f", inside step {parent}" if parent else ""
        return f"Step {number}{inside} ({self._index + 1} of {len(self.rows)})"

    def _outline(self) -> list[str]:
        """The steps around this one, a line each, with a mark at this one."""
        start = max(0, min(self._index - AROUND, len(self.rows) - 2 * AROUND - 1))
        stop = min(len(self.rows), start + 2 * AROUND + 1)
        lines = [f"  … {start} before"] if start else []
        for position in range(start, stop):
            number, looked_at = self.rows[position][:2]
            indent = "  " * min(number.count("."), 8)
            mark = "▶ " if position == self._index else "  "
            lines.append(f"{mark}{indent}{number}  {one_line(looked_at, WORDS)}")
        after = len(self.rows) - stop
        if after or self.left_out:
            more = f", and {self.left_out:,} that are not played" if self.left_out else ""
            lines.append(f"  … {after} after{more}")
        return lines

    # ---------------------------------------------------------------- HTML

    def _html(self) -> str:
        """The step and its neighbours; every value is escaped."""
        parts = [f'<p style="margin:0 0 6px;{ink()};font-weight:bold">{escape(self.title)}</p>']
        if self.rows:
            parts += self._card(*self.rows[self._index])
            outline = "\n".join(self._outline())
            parts.append(
                f'<pre style="margin:8px 0 0;{ink()};line-height:1.4;white-space:pre-wrap;'
                f'background:none">{escape(outline, 10_000)}</pre>'
            )
        else:
            parts.append("<p>There are no steps.</p>")
        return framed("".join(parts))

    def _card(self, number: str, looked_at: str, answered: str, followed: str, source: str) -> list[str]:
        parts = [
            f'<p style="margin:0 0 2px;{ink()}">{escape(self._where(number))}</p>',
            _paragraph("", looked_at, "font-weight:bold;font-size:1.1em"),
        ]
        if answered:
            parts.append(_paragraph("DNS answered: ", answered, "font-family:monospace"))
        parts.append(_paragraph("", followed, ""))
        if source:
            parts.append(_paragraph("", source, ink("good")))
        return parts

    def _repr_html_(self) -> str:
        return self._html()

    # -------------------------------------------------------------- widgets

    def _repr_mimebundle_(self, **how: Any) -> dict[str, Any]:
        """The widgets where they can be had; where they can't, or in a stored notebook, HTML and text."""
        plain = {"text/plain": str(self), "text/html": self._html()}
        box = self.box
        return {**box._repr_mimebundle_(**how), **plain} if box is not None else plain

    @property
    def box(self) -> Any:
        """The widgets as one, made when first asked for; None without ipywidgets or without steps."""
        with self._lock:
            if self._box is None and self.rows:
                try:
                    self._box = self._build()
                except ImportError:
                    return None
            return self._box

    def _build(self) -> Any:
        import ipywidgets as widgets

        last = len(self.rows) - 1
        self._slider = widgets.IntSlider(
            value=self._index, min=0, max=last, readout=False, description="step",
            layout={"width": "420px", "max_width": "100%"},
        )  # fmt: skip
        self._words = widgets.HTML(value=self._html())
        play = widgets.Play(value=self._index, min=0, max=last, interval=SECONDS * 1_000, show_repeat=False)
        widgets.jslink((play, "value"), (self._slider, "value"))
        buttons = [
            widgets.Button(description=word, tooltip=tip, layout={"width": "auto"})
            for word, tip in (("◀ back", "the step before"), ("next ▶", "the step after"))
        ]
        buttons[0].on_click(lambda _: self.previous())
        buttons[1].on_click(lambda _: self.next())
        self._slider.observe(self._slid, names="value")
        controls = widgets.HBox([*buttons, self._slider, play], layout={"flex_flow": "row wrap"})
        return widgets.VBox([controls, self._words])

    def _slid(self, _: object) -> None:
        # Two moves may arrive in two threads: the later one to get here shows where the slider is now.
        with self._lock:
            self._index = self._slider.value
            self._words.value = self._html()


def _steps(check: Any) -> Sequence[Step]:
    steps = getattr(check, "steps", check)
    if isinstance(steps, (list, tuple)) and all(isinstance(step, Step) for step in steps):
        return steps
    raise TypeError(f"step_player takes a check with steps, or steps, not {type(check).__name__}")


def _line(name: str, words: str) -> str:
    return textwrap.fill(
        one_line(words, 1_000), LINE, initial_indent=f"{name}: ", subsequent_indent=" " * (len(name) + 2)
    )


def _paragraph(name: str, words: str, style: str) -> str:
    text = f"{name}{clean(words)}"
    return f'<p style="margin:0 0 4px;max-width:60em;overflow-wrap:anywhere;{style}">{escape(text)}</p>'
