"""What a panel shows follows its fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any


def follow(fields: Mapping[str, Any], show: Callable[[], None]) -> None:
    """Call ``show`` now, and again whenever one of these widgets has another value."""
    lock = Lock()

    def update(_: object = None) -> None:
        # Two changes may arrive in two threads: the later one to get here shows what holds now.
        with lock:
            show()

    for field in fields.values():
        field.observe(update, names="value")
    update()
