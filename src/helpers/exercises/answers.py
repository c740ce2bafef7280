"""What readers give as a domain, a day or a record, read as people write them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from helpers.lookup import a_label

MAX_TEXT, MAX_TEXTS = 2_000, 10  # characters of a record and records of a name that are read


def domain_of(answer: Any) -> str | None:
    """The domain in an answer as A-label, also where a whole address was given; None without exactly one."""
    if not isinstance(answer, str) or answer.count("@") > 1:
        return None
    name = answer.strip().strip("<>").rpartition("@")[2].strip()
    return a_label(name) if name else None


def day_of(answer: Any) -> date | None:
    """The day in an answer: a date, a time on it, or text such as ``2025-06-15``; None without one."""
    if isinstance(answer, datetime):
        return answer.date()
    if isinstance(answer, date):
        return answer
    try:
        return datetime.fromisoformat(str(answer).strip()).date()
    except ValueError:
        return None


def texts_of(answer: Any) -> list[str]:
    """The texts of the TXT records in an answer: one, or a list of them; none where it is neither."""
    texts = [answer] if isinstance(answer, str) else answer
    if not isinstance(texts, (list, tuple)) or not all(isinstance(text, str) for text in texts):
        return []
    return [text.strip()[:MAX_TEXT] for text in texts[:MAX_TEXTS]]
