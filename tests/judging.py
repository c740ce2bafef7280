"""What every exercise's judge has to do, asked in one way by the tests of all lessons."""

from __future__ import annotations

from typing import Any

import helpers as h
from helpers import exercises


def new_session() -> None:
    """As if nobody had tried anything yet."""
    exercises._tries.clear()


def is_right(exercise: str, answer: Any) -> None:
    """The answer does the job: no hint is needed."""
    new_session()
    feedback = h.check_answer(exercise, answer)
    assert feedback.right, feedback.said
    assert feedback.hint == ""


def is_told(exercise: str, answer: Any, words: str) -> None:
    """What is wrong with this very answer is said, each time the same; a hint comes with the second try."""
    new_session()
    first = h.check_answer(exercise, answer)
    assert not first.right
    assert words in first.said
    assert first.hint == ""
    second = h.check_answer(exercise, answer)
    assert second.said == first.said
    assert len(second.hint) > 20
    assert " ".join(second.hint.split()) in " ".join(str(second).split())
