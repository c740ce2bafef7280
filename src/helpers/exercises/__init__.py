"""Exercises of the lessons: an answer is judged by what it does, and told what is wrong with it.

exercise   a question in a lesson, with a name such as ``03-two-records``: the lesson, then what it is about
judge      a function that takes the reader's answer and says what it makes of it; it never says the answer
feedback   right or not, why, and from the second wrong try on a hint

One file a lesson (``lesson_03.py``), each with a table ``EXERCISES``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from helpers.terms import Shown

if TYPE_CHECKING:
    from helpers.exercises.exam import Case as Case
    from helpers.exercises.exam import Way as Way
    from helpers.exercises.exam_cases import practice as practice

# Loaded when asked for: the exam needs every check (PEP 562).
_EXAM = {"Case": "exam", "Way": "exam", "practice": "exam_cases"}

SAID_BACK = 60  # characters of an answer that its feedback repeats
_tries: Counter[str] = Counter()  # wrong answers so far, in this session


@dataclass(frozen=True, slots=True, repr=False)
class Feedback(Shown):
    """What an answer is worth: right or not, what the kit found, and later a hint."""

    right: bool
    said: str
    hint: str = ""


@dataclass(frozen=True)
class Exercise:
    """How an answer is judged, and what helps a reader whose second answer is wrong as well."""

    judge: Callable[[Any], Feedback]
    hint: str


def right(said: str) -> Feedback:
    """The answer does what was asked; ``said`` is what can be seen from it."""
    return Feedback(True, said)


def wrong(said: str) -> Feedback:
    """The answer does not do what was asked; ``said`` is what it does instead, never the answer."""
    return Feedback(False, said)


def short(text: object, most: int = SAID_BACK) -> str:
    """An answer, or what came of one, as its feedback repeats it: on one line, of so many characters."""
    line = " ".join(str(text)[: 4 * most].split())
    line = "".join(letter if letter.isprintable() else "?" for letter in line)
    return line if len(line) <= most else f"{line[:most]}…"


def sentence(clause: str) -> str:
    """A clause of a check, such as ``Alignment.decided_by``, as a sentence; a domain stays as it is."""
    first = clause if "." in clause.partition(" ")[0] else clause[:1].upper() + clause[1:]
    return first if first.endswith((".", "?")) else f"{first}."


def quoted(answer: object) -> str:
    """An answer, or a part of one, as its feedback repeats it: `short`, in quotation marks."""
    return f"“{short(answer)}”"


def check_answer(exercise: str, answer: Any) -> Feedback:
    """Judge an answer to an exercise of the lessons.

    Arguments: the exercise's name as the lesson gives it, and the answer, whose shape the lesson
    tells; ``...`` stands for no answer yet. Returns `Feedback`: what the answer does, and from the
    second wrong try on a hint. Raises ValueError for an exercise that there is not.
    """
    found = _exercises(exercise).get(exercise)
    if found is None:
        raise ValueError(f"there is no exercise {exercise!r}; its name stands in the lesson's own cell")
    if answer is ...:
        return wrong(
            "Not answered yet: put your answer in the place of the three dots, then run the cell again."
        )
    try:
        feedback = found.judge(answer)
    except (TypeError, ValueError, AttributeError, LookupError) as error:
        feedback = wrong(f"This is not the kind of answer that the lesson asks for: {quoted(error)}")
    if feedback.right:
        return feedback
    _tries[exercise] += 1
    return replace(feedback, hint=found.hint) if _tries[exercise] > 1 else feedback


def _exercises(exercise: str) -> Mapping[str, Exercise]:
    """The table of the lesson that the exercise's name begins with."""
    module = f"{__name__}.lesson_{exercise[:2]}"
    if not exercise[:2].isdigit() or find_spec(module) is None:
        return {}
    table: Mapping[str, Exercise] = import_module(module).EXERCISES
    return table


def __getattr__(name: str) -> Any:
    if name not in _EXAM:
        raise AttributeError(f"module 'helpers.exercises' has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_EXAM[name]}"), name)
