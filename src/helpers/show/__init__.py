"""Tables, figures and HTML: the only place that knows pandas, matplotlib and ipywidgets.

Both are slow to import, so they are imported when the first table or figure is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def frame_of(obj: Any) -> pd.DataFrame:
    """The rows of a result as a DataFrame; see `helpers.show.tables.frame_of`."""
    from helpers.show import tables

    return tables.frame_of(obj)
