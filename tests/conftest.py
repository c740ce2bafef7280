"""What several tests need: the shared conformance data, and the repository's own places."""

from __future__ import annotations

import os
import sys
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from tests.pages import browser, chromium, course, lab, page  # noqa: F401 - fixtures for every test

ROOT = Path(__file__).resolve().parent.parent
OFFLINE = ROOT / "tests" / "offline"  # its sitecustomize denies the network to the Python that starts with it


def pytest_configure(config: pytest.Config) -> None:
    """No test touches the network, nor any Python that a test starts: kernels, servers, command lines."""
    if "OFFLINE_LOG" in os.environ:  # a run inside a test of this run
        return
    handle, log = tempfile.mkstemp(prefix="offline-", suffix=".log")
    os.close(handle)
    os.environ["OFFLINE_LOG"] = log
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(OFFLINE), os.environ.get("PYTHONPATH")]))
    sys.path.insert(0, str(OFFLINE))
    sys.modules.pop("sitecustomize", None)  # the system's own, if it has one
    __import__("sitecustomize")
    sys.path.remove(str(OFFLINE))
    config.stash[_LOG] = Path(log)


def pytest_report_header() -> str:
    """How old the pinned versions are: the nearest thing to an audit that works offline."""
    first = (ROOT / "requirements.lock").read_text(encoding="utf-8").split("\n", 1)[0]
    pinned = date.fromisoformat(first.removeprefix("# Pinned on ").rstrip("."))
    age = (datetime.now(UTC).date() - pinned).days
    return f"locks: pinned on {pinned}, {age} days ago; make lock renews them"


_LOG: pytest.StashKey[Path] = pytest.StashKey()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """An attempt that somebody swallowed fails the run."""
    log = session.config.stash.get(_LOG, None)
    if log is None:
        return
    attempts = log.read_text(encoding="utf-8")
    log.unlink()
    if attempts:
        session.config.get_terminal_writer().write(f"\nsomething tried to use the network:\n{attempts}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


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


@pytest.fixture(scope="session")
def shared():
    return shared_path


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT
