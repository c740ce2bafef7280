"""The ways between the lessons, how long each takes, and the table of contents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from course.sources import Source, markdown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbformat import NotebookNode

WORDS_PER_MINUTE = 130  # of a text that explains something new
SECONDS_PER_LINE = 6  # of code, with a look at what it gives
MINUTES_PER_EXERCISE = 1.5  # to think of an answer; the open-ended ones take as long as one likes

ABOUT = {"talk": "The whole story as a talk", "glossary": "Glossary", "misconceptions": "Misconceptions"}


def minutes(source: Source) -> int:
    """How long a lesson takes, rounded to five minutes, from its words, lines of code and exercises."""
    reading = source.words / WORDS_PER_MINUTE
    running = sum(source.code_lines) * SECONDS_PER_LINE / 60
    return max(5, 5 * round((reading + running + source.exercises * MINUTES_PER_EXERCISE) / 5))


def top(source: Source, order: Sequence[Source]) -> NotebookNode:
    """The line below the title: how long the lesson takes, and the ways from here."""
    time = f"About {minutes(source)} minutes" if source.number is not None else ""
    return markdown(" · ".join(filter(None, (time, *_links(source, order)))), "skip")


def end(source: Source, order: Sequence[Source]) -> NotebookNode:
    """The last cell: the ways from here, and the pages to look things up in."""
    pages = [
        f"[{ABOUT[page.name]}]({page.name}.ipynb)"
        for page in order
        if page.number is None and page.name not in {source.name, "talk"}
    ]
    return markdown(" · ".join((*_links(source, order), *pages)), "skip")


def _links(source: Source, order: Sequence[Source]) -> list[str]:
    """Previous, contents, next: those that there are."""
    lessons = [lesson for lesson in order if lesson.number is not None]
    links = []
    if source.number is None:
        return [_contents(lessons)]
    place = [lesson.name for lesson in lessons].index(source.name)
    if place > 0:
        links.append(f"[← {lessons[place - 1].title}]({lessons[place - 1].name}.ipynb)")
    links.append(_contents(lessons))
    if place + 1 < len(lessons):
        links.append(f"[{lessons[place + 1].title} →]({lessons[place + 1].name}.ipynb)")
    return links


def _contents(lessons: Sequence[Source]) -> str:
    return f"[all lessons]({lessons[0].name}.ipynb#cell-id=The-lessons)"


def contents(order: Sequence[Source], folder: str = "") -> str:
    """A table of all lessons but the first, each with its question and its time; `folder` leads to them."""
    rows = (
        f"| [{source.title}]({folder}{source.name}.ipynb) | {source.question} | {minutes(source)} |"
        for source in order
        if source.number  # the first lesson, 0, is where the table stands
    )
    return "\n".join(("| lesson | the question | min |", "|---|---|---:|", *rows))
