"""A progress bar where somebody looks: in a terminal and in a notebook, nowhere else."""

from __future__ import annotations

import sys
from typing import Any

from helpers.mailbox.streams import Meter

DELAY = 5.0  # seconds: what is done before needs no bar, and a stored notebook none that differs each time


class Progress:
    """The bar; without ``shown`` nothing at all. ``shown`` None: when there is a person to see it."""

    def __init__(self, shown: bool | None, meter: Meter) -> None:
        self._meter = meter
        self._bar: Any = None
        self._told = 0
        if shown or (shown is None and (_in_terminal() or _in_notebook())):
            self._bar = _bar(meter, bool(shown))

    def update(self, messages: int) -> None:
        """So many messages are done, and as much of the source as the meter says."""
        if self._bar is not None:
            done = min(self._meter.done, self._meter.total or self._meter.done)
            if self._meter.unit == "B":
                self._bar.set_postfix_str(f"{messages:,} messages", refresh=False)
            self._bar.update(done - self._told)
            self._told = done

    def close(self) -> None:
        """The bar stays as it is."""
        if self._bar is not None:
            self._bar.close()


def _bar(meter: Meter, asked: bool) -> Any:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a notebook without ipywidgets, where it is text
        from tqdm.auto import tqdm

    # Whoever asks gets one; else TQDM_DISABLE in the environment has a say.
    when: dict[str, Any] = {"disable": False} if asked else {"delay": DELAY}
    return tqdm(
        total=meter.total,
        unit=meter.unit,
        unit_scale=meter.unit == "B",
        unit_divisor=1000,
        desc="reading",
        leave=True,
        dynamic_ncols=True,
        **when,
    )


def _in_terminal() -> bool:
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):  # none, or closed
        return False


def _in_notebook() -> bool:
    """Is this a kernel? Nothing is imported to find out: a kernel has it all."""
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None and hasattr(module, "get_ipython") else None
    return shell is not None and "IPKernelApp" in getattr(shell, "config", {})
