"""How much room text takes in a picture, so that names which a stranger chose can't leave their place."""

from __future__ import annotations

import functools
import unicodedata
from typing import TYPE_CHECKING

from helpers.show.safe import one_line

if TYPE_CHECKING:
    from matplotlib.ft2font import FT2Font

POINTS = 72  # in an inch
LOADED_SIZE = 100  # points at which the font is asked; any would do
MAX_MEASURED = 400  # characters looked at: more never fit into a picture


def fit_inches(text: object, inches: float, size: float, *, bold: bool = False) -> str:
    """Text as one line that takes at most so many inches at that size, cut in the middle if it must be."""
    line = _short_line(text)
    if width_of(line, size, bold=bold) <= inches:
        return line
    low, high = 1, len(line)
    while low < high:  # the longest cut that has room
        middle = (low + high + 1) // 2
        if width_of(_cut_middle(line, middle), size, bold=bold) <= inches:
            low = middle
        else:
            high = middle - 1
    return _cut_middle(line, low)


def fit_end_inches(text: object, inches: float, size: float, *, bold: bool = False) -> str:
    """Words as one line that takes at most so many inches at that size, their end cut if it must be."""
    line = _short_line(text)
    return line if width_of(line, size, bold=bold) <= inches else _cut_end(line, inches, size, bold=bold)


def fold_inches(text: object, inches: float, size: float, *, lines: int = 2) -> list[str]:
    """Text in at most so many lines, broken at blanks; what is left over is cut, and ends in “…”."""
    words = one_line(str(text)[: MAX_MEASURED * lines], 20 * MAX_MEASURED).split(" ")
    folded = [""]
    for position, word in enumerate(words):
        longer = f"{folded[-1]} {word}".strip()
        if not folded[-1] or width_of(longer, size) <= inches:
            folded[-1] = longer
        elif len(folded) < lines:
            folded.append(word)
        else:
            rest = " ".join([folded[-1], *words[position:]])
            folded[-1] = _cut_end(rest, inches, size)
            break
    return [fit_inches(line, inches, size) for line in folded]


def _short_line(text: object) -> str:
    """The text as one harmless line; of a very long one only both ends."""
    whole = str(text)
    return one_line(
        _cut_middle(whole, MAX_MEASURED) if len(whole) > MAX_MEASURED else whole, 20 * MAX_MEASURED
    )


def _cut_middle(text: str, room: int) -> str:
    head = (room - 1) // 2
    return f"{text[:head]}…{text[len(text) - (room - 1 - head) :]}"


def _cut_end(text: str, inches: float, size: float, *, bold: bool = False) -> str:
    while text and width_of(text + " …", size, bold=bold) > inches:
        text = text[:-1]
    return text.rstrip() + " …"


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """Inches that one line of text takes at a size in points."""
    return sum(_advance(character, bold) for character in text) * size / POINTS


@functools.lru_cache(maxsize=4096)
def _advance(character: str, bold: bool) -> float:
    """Width of one character, as a part of the font's size."""
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    from matplotlib.ft2font import LoadFlags

    glyph = _font(bold).load_char(ord(character), flags=LoadFlags.NO_HINTING)
    return glyph.linearHoriAdvance / 65_536 / LOADED_SIZE


@functools.lru_cache(maxsize=2)
def _font(bold: bool) -> FT2Font:
    from matplotlib.font_manager import FontProperties, findfont
    from matplotlib.ft2font import FT2Font

    # A font of our own: the one that matplotlib draws with changes its size as it draws.
    weight = "bold" if bold else "normal"
    found = FT2Font(findfont(FontProperties(family="DejaVu Sans", weight=weight)))
    found.set_size(LOADED_SIZE, POINTS)
    return found
