"""python -m helpers: see `helpers.command_line`."""

from __future__ import annotations

import os
import sys


def run() -> int:
    """The command line, to its end."""
    try:
        from helpers.command_line import main

        status = main()
    except KeyboardInterrupt:  # while it was still being loaded
        status = 130
    if status == 130 and not _has_processes():  # nobody waits for look-ups that are still on their way
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status


def _has_processes() -> bool:
    """Are there processes of ours? They end by themselves, and have to be told to."""
    module = sys.modules.get("multiprocessing")
    return module is not None and bool(module.active_children())


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(run())
