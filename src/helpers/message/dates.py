"""Dates as mail writes them: RFC 5322 §3.3, its obsolete forms (§4.3), asctime and ISO 8601."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_DATE = re.compile(
    r"(\d{1,2})[\s-]+([A-Za-z]{3})[a-z]{0,6}\.?[\s-]+(\d{4}|\d{2,3})[\s,]+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?"
    r"(?:[.,]\d{1,9})?(?:\s*([+-]\d{2}:?\d{2})|\s*\(?([A-Za-z]{1,5})\b)?"
)
_ASCTIME = re.compile(
    r"([A-Za-z]{3})\s+(\d{1,2})\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s+(?:([+-]\d{4}|[A-Z]{1,5})\s+)?(\d{4})"
    r"(?:\s+([+-]\d{4}))?"
)
_ISO = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?\s*([+-]\d{2}:?\d{2}|Z)?"
)
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
# Zone names that still occur, in hours. All others mean "unknown", which is read as UTC (§4.3).
_ZONES = {
    "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
    "jst": 9, "kst": 9, "hkt": 8, "sgt": 8, "msk": 3, "bst": 1, "wet": 0, "west": 1, "cet": 1, "cest": 2,
    "met": 1, "mest": 2, "eet": 2, "eest": 3, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13,
}  # fmt: skip


def parse_date(text: str) -> datetime | None:
    """The first date in ``text`` with its zone (UTC where it names none), None when there is none."""
    if found := _DATE.search(text):
        day, month, year, hour, minute, second, offset, zone = found.groups()
        if month.lower() in _MONTHS:
            return _build(year, _MONTHS[month.lower()], day, hour, minute, second, offset or zone)
    if found := _ASCTIME.search(text):
        month, day, hour, minute, second, zone, year, offset = found.groups()
        if month.lower() in _MONTHS:
            return _build(year, _MONTHS[month.lower()], day, hour, minute, second, offset or zone)
    if found := _ISO.search(text):
        year, month, day, hour, minute, second, offset = found.groups()
        return _build(year, int(month), day, hour, minute, second, offset)
    return None


def _build(
    year: str, month: int, day: str, hour: str, minute: str, second: str | None, zone: str | None
) -> datetime | None:
    full_year = int(year)
    if len(year) == 2:
        full_year += 2000 if full_year < 50 else 1900  # RFC 5322 §4.3
    elif len(year) == 3:
        full_year += 1900
    seconds = min(int(second or 0), 59)  # a leap second is the last one before it
    try:
        return datetime(full_year, month, int(day), int(hour), int(minute), seconds, tzinfo=_zone(zone))
    except (ValueError, OverflowError):
        return None


def _zone(text: str | None) -> timezone:
    if not text:
        return UTC
    if text[0] in "+-":
        digits = text[1:].replace(":", "")
        minutes = int(digits[:2]) * 60 + int(digits[2:])
        if minutes == 0 or minutes >= 24 * 60:
            return UTC
        return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
    hours = _ZONES.get(text.lower(), 0)
    return timezone(timedelta(hours=hours)) if hours else UTC
