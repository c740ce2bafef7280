"""Hooks of pytest: no test touches the network, and an attempt that somebody swallowed fails the run."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest

HERE = str(
    Path(__file__).resolve().parent
)  # its sitecustomize denies the network to a Python that starts with it
_LOG: pytest.StashKey[Path] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    """Deny the network to this Python, and to any that a test starts: kernels, servers, command lines."""
    if "OFFLINE_LOG" in os.environ:  # a run inside a test of this run
        return
    handle, log = tempfile.mkstemp(prefix="offline-", suffix=".log")
    os.close(handle)
    os.environ["OFFLINE_LOG"] = log
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [HERE, os.environ.get("PYTHONPATH")]))
    sys.path.insert(0, HERE)
    sys.modules.pop("sitecustomize", None)  # the system's own, if it has one
    __import__("sitecustomize")
    sys.path.remove(HERE)
    config.stash[_LOG] = Path(log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Say what was attempted, and let the run fail for it."""
    log = session.config.stash.get(_LOG, None)
    if log is None:
        return
    attempts = log.read_text(encoding="utf-8")
    log.unlink()
    if attempts:
        session.config.get_terminal_writer().write(f"\nsomething tried to use the network:\n{attempts}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
