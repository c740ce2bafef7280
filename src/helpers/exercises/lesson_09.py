"""Exercises of lesson 09, on services: needs that put another one first, and what strict alignment leaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from helpers.exercises import Exercise, Feedback, quoted, right, wrong
from helpers.lookup import sample_zone
from helpers.services import choose, find, simulate

MAIL = (
    b"From: monthly@fujiba.net\nTo: desk@737flight.example\nSubject: Report\n"
    b"Date: Thu, 8 May 2025 18:00:00 -0700\n\nThe report is attached.\n"
)
FIRST = "ses"


def _needs(answer: Any) -> Feedback:
    if not isinstance(answer, Mapping):
        return wrong('The answer is a dict of what choose() takes, such as {"messages_per_month": 500}.')
    try:
        choices = choose(**{str(name): value for name, value in answer.items()})
    except (TypeError, ValueError, AttributeError) as error:
        return wrong(f"choose() can't work with that: {error}")
    first = choices[0]
    if first.service == FIRST and first.fits:
        return right(f"{first.name} comes first, with {first.score} of 20 points.")
    wanted = next(choice for choice in choices if choice.service == FIRST)
    why = (
        wanted.obstacles[0] if wanted.obstacles else f"it has {wanted.score} points, {first.score} are needed"
    )
    return wrong(f"{first.name} comes first. {wanted.name} does not: {why}")


def _both(answer: Any) -> Feedback:
    try:
        service = find(answer if isinstance(answer, str) else "")
    except ValueError:
        return wrong(f"{quoted(answer)} is no service that the kit knows; the table has their names.")
    one = simulate(MAIL, domain="fujiba.net", dns_zone=sample_zone("fujiba"), services=[service])[0]
    if len(one.strict_aligned) == 2:
        return right(f"{one.name}: both align, to the letter. {one.strict_why}")
    if not one.strict_aligned:
        return wrong(f"{one.name} aligns neither under strict alignment: {one.strict_why}")
    return wrong(f"{one.name} aligns one of the two under strict alignment, {one.strict_aligned[0]}.")


EXERCISES = {
    "09-needs": Exercise(
        _needs,
        "Read what stands against it: money is one thing, and what you have already counts as set up. "
        "More than one of the arguments may have to change.",
    ),
    "09-both-strict": Exercise(
        _both,
        "Strict wants the author domain itself in the Return-Path. Look for a service in the table whose "
        "Return-Path has no subdomain.",
    ),
}
