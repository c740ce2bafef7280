"""Figures as pictures with a text alternative. Each is a pure function from a result.

matplotlib is imported by the first figure, not before. pyplot is not used: it keeps one
current figure for the whole process, and two widget callbacks then draw into each other's.
Every picture owns its `Figure`.
"""

from __future__ import annotations

import functools
import importlib.util
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.files import write_new
from helpers.show.safe import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE = "#0072B2"
ORANGE = "#B34700"
GREY = "#5A5A5A"
INK = "#1A1A1A"
PAPER = "#FFFFFF"
DPI = 200
FIRST_EAST_ASIAN = "\u2e80"  # characters from here on are not in DejaVu Sans
SCREEN_DPI = 100  # CSS pixels per inch: the PNG holds twice as many, for sharp slides


class Picture:
    """A drawn figure. Shows itself as PNG; `str()` says the same in words."""

    def __init__(self, figure: Figure, alt: str) -> None:
        self.figure = figure
        self.alt = alt
        self._png: bytes | None = None

    def png(self) -> bytes:
        """The picture's PNG bytes (the same for the same input)."""
        if self._png is None:
            buffer = io.BytesIO()
            self.figure.savefig(buffer, format="png", dpi=DPI, facecolor=PAPER, metadata={"Software": None})
            self._png = buffer.getvalue()
        return self._png

    def save(self, path: str) -> None:
        """Write the picture to a new file; its ending (.png, .svg, .pdf) says the format."""
        drawn = io.BytesIO()
        self.figure.savefig(drawn, format=str(path).rpartition(".")[2], dpi=DPI, facecolor=PAPER)
        write_new(path, drawn.getvalue())

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        inches = self.figure.get_size_inches()
        size = {"width": round(inches[0] * SCREEN_DPI), "height": round(inches[1] * SCREEN_DPI)}
        return {"image/png": self.png(), "text/plain": self.alt}, {"image/png": {**size, "alt": self.alt}}

    def __str__(self) -> str:
        return self.alt

    def __repr__(self) -> str:
        return self.alt


# -------------------------------------------------------------------- drawing


@functools.lru_cache(maxsize=1)
def font_families() -> list[str]:
    """DejaVu first (its ✔ and ✘ are right), then a font with Japanese glyphs."""
    from matplotlib import font_manager

    # Importing the package would change matplotlib's defaults for everybody; only its font is wanted.
    spec = importlib.util.find_spec("matplotlib_fontja")
    if spec is None or not spec.submodule_search_locations:
        return ["DejaVu Sans"]
    font = Path(spec.submodule_search_locations[0], "fonts", "ipaexg.ttf")
    font_manager.fontManager.addfont(str(font))
    return ["DejaVu Sans", "IPAexGothic"]


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty figure of that many inches, whose axes count in inches from the lower left."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.axis("off")
    return figure, axes


def write(axes: Axes, x: float, y: float, text: str, *, size: float = 11, **style: Any) -> None:
    """Text at a place, never read as mathematics."""
    style = {"color": INK, "va": "center", "ha": "left", **style}
    families = font_families()
    if max(text, default="") < FIRST_EAST_ASIAN:
        families = families[:1]
    else:
        style.pop("weight", None)  # the Japanese font has one weight, and matplotlib warns for others
    axes.text(x, y, text, fontsize=size, fontfamily=families, parse_math=False, **style)


def card(
    axes: Axes, x: float, y: float, width: float, height: float, *, edge: str, dashed: bool = False
) -> None:
    """A rounded box with its lower left corner at x, y."""
    from matplotlib.patches import FancyBboxPatch

    box = FancyBboxPatch(
        (x, y), width, height, boxstyle="round,pad=0,rounding_size=0.08", facecolor=PAPER, edgecolor=edge,
        linewidth=1.8, linestyle="--" if dashed else "-",
    )  # fmt: skip
    axes.add_patch(box)


def arrow(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], *, colour: str, dashed: bool = False
) -> None:
    """An arrow from one place to another."""
    style = {
        "arrowstyle": "-|>",
        "color": colour,
        "lw": 2,
        "ls": "--" if dashed else "-",
        "shrinkA": 0,
        "shrinkB": 0,
    }
    axes.annotate("", xy=end, xytext=start, arrowprops=style)


def fit(text: object, room: int) -> str:
    """Text cut in the middle so that it takes at most ``room`` characters: names differ at both ends."""
    line = one_line(text)
    if len(line) <= room:
        return line
    head = (room - 1) // 2
    return f"{line[:head]}…{line[-(room - 1 - head) :]}"


def sentence_list(parts: Sequence[str]) -> str:
    """Parts as one sentence for a text alternative."""
    return " ".join(part if part.endswith(".") else f"{part}." for part in parts)
