"""Processes of this machine that start the same way on every system, from a script and from a notebook."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import multiprocessing.context
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from threading import Lock, Thread
from types import ModuleType
from typing import Any

MAX_PROCESSES = 61  # as many as Windows can wait for
_main_is_hidden = Lock()


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Process(multiprocessing.context.SpawnProcess):
    """A spawned process that does not run the caller's script again.

    Spawning imports ``__main__`` a second time, so that a script without an ``if __name__ == "__main__"``
    would start itself over and over. What our workers do is imported from this package.
    """

    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802 - multiprocessing's name
        with _main_is_hidden:
            main = sys.modules["__main__"]
            sys.modules["__main__"] = ModuleType("__main__")
            try:
                return multiprocessing.context.SpawnProcess._Popen(process_obj)
            finally:
                sys.modules["__main__"] = main


class _Context(multiprocessing.context.SpawnContext):
    # fork would copy a notebook kernel's threads' locks, held by threads that the copy does not have
    Process = _Process


def process_pool(
    workers: int, start: Callable[..., object] | None = None, *arguments: Any
) -> ProcessPoolExecutor | None:
    """A pool of new processes, each of which calls ``start`` first; None where the system has none."""
    try:
        return ProcessPoolExecutor(
            min(workers, MAX_PROCESSES),
            mp_context=_Context(),
            initializer=_begin,
            initargs=(start, arguments),
        )
    except (ImportError, NotImplementedError, OSError):  # no semaphores, as on some small systems
        return None


def _begin(start: Callable[..., object] | None, arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that hands out the work
    Thread(target=_end_with_parent, name="parent", daemon=True).start()
    if start is not None:
        start(*arguments)


def _end_with_parent() -> None:
    """End when the process that hands out the work does, however: nobody would ever fetch the results."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)
