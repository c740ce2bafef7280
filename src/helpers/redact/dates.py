"""Dates moved by a number of whole weeks, so that weekdays and the time between any two stay.

Forms: RFC 5322 §3.3, asctime, ISO 8601, and seconds since 1970 in the tags of signatures.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

WEEK = 7 * 86_400
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_MONTH = "|".join(_MONTHS)
_DATE = re.compile(
    rf"(?P<day>\d{{1,2}})(?P<a>[\s-]+)(?P<month>{_MONTH})(?P<b>[a-z]{{0,6}}\.?[\s-]+)(?P<year>\d{{4}})(?!\d)"
    rf"|(?<![A-Za-z])(?P<month2>{_MONTH})(?P<c>[a-z]{{0,6}}\s+)(?P<day2>\d{{1,2}})(?P<d>,?\s+(?:\d\d:\d\d(?::\d\d)?\s+)?(?:[A-Z]{{3,4}}\s+)?)"
    rf"(?P<year2>\d{{4}})(?!\d)"
    rf"|(?<!\d)(?P<year3>(?:19|20)\d\d)(?P<e>[-/.])(?P<month3>\d\d)(?P=e)(?P<day3>\d\d)(?!\d)"
)


def shift_dates(text: str, weeks: int) -> str:
    """The text with each date in it moved."""
    return _DATE.sub(lambda found: _moved(found, weeks), text) if weeks else text


def _moved(found: re.Match[str], weeks: int) -> str:
    year = int(found["year"] or found["year2"] or found["year3"])
    month = int(found["month3"] or 0) or _MONTHS.index(found["month"] or found["month2"]) + 1
    day = int(found["day"] or found["day2"] or found["day3"])
    try:
        new = datetime(year, month, day, tzinfo=UTC) + timedelta(weeks=weeks)
    except (ValueError, OverflowError):
        return found.group()
    if found["day"]:
        return (
            f"{new.day:0{len(found['day'])}}{found['a']}{_MONTHS[new.month - 1]}{_end(found['b'])}{new.year}"
        )
    if found["day2"]:
        width = len(found["day2"]) + len(found["c"])
        gap = (
            found["c"] if len(f"{new.day}") == len(found["day2"]) else " " * max(1, width - len(f"{new.day}"))
        )
        return f"{_MONTHS[new.month - 1]}{_end(gap)}{new.day}{found['d']}{new.year}"
    mark = found["e"]
    return f"{new.year:04}{mark}{new.month:02}{mark}{new.day:02}"


def _end(text: str) -> str:
    """What stands behind the month, without the rest of its long name."""
    return re.sub(r"^[a-z]+\.?", "", text) or " "


def shift_seconds(text: str, weeks: int) -> str:
    """A number of seconds since 1970, moved."""
    return str(int(text) + weeks * WEEK) if weeks and text.isdigit() and len(text) <= 12 else text
