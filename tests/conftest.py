"""What several tests need: the shared conformance data, and the repository's own places."""

from __future__ import annotations

import importlib
import os
import signal
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.offline.denied import pytest_configure, pytest_sessionfinish  # noqa: F401 - hooks
from tests.pages import browser, chromium, course, lab, missing, page  # noqa: F401 - fixtures for every test

ROOT = Path(__file__).resolve().parent.parent

os.environ["TQDM_DISABLE"] = "1"  # in lessons on a slow machine, where no bar was stored


def pytest_report_header() -> str:
    """How old the pinned versions are: the nearest thing to an audit that works offline."""
    first = (ROOT / "requirements.lock").read_text(encoding="utf-8").split("\n", 1)[0]
    pinned = date.fromisoformat(first.removeprefix("# Pinned on ").rstrip("."))
    age = (datetime.now(UTC).date() - pinned).days
    return f"locks: pinned on {pinned}, {age} days ago; make lock renews them"


def shared_path(*parts: str) -> Path:
    """A file of the conformance data beside the checkout.

    Where the data is absent a test that needs it is skipped, but on CI its absence is a failure.
    """
    base = Path(os.environ.get("SHARED_DIR", ROOT.parent / "shared"))
    path = base.joinpath(*parts)
    if not path.exists():
        if os.environ.get("CI"):
            pytest.fail(f"{'/'.join(parts)} is missing beside the checkout; on CI it has to be there")
        pytest.skip(f"no {'/'.join(parts)} beside the checkout", allow_module_level=True)
    return path


def peer_module(name: str) -> Any:
    """A package that only some tests need; the developer's lock has it, so on CI its absence is a failure."""
    try:
        return importlib.import_module(name)
    except ImportError:
        missing(f"the package {name}")


@pytest.fixture(scope="session")
def shared():
    return shared_path


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_reaches_programs() -> Iterator[None]:
    """What a shell script starts in the background ignores Ctrl-C, and so would every program of a test."""
    before = signal.getsignal(signal.SIGINT)
    if before == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
