"""Results as pandas DataFrames."""

from __future__ import annotations

from typing import Any

import pandas as pd

from helpers.show.views import Table, view_of

# A notebook typesets $…$ in a frame's cells, and mail is not mathematics. pandas has no setting for one
# frame only.
pd.set_option("display.html.use_mathjax", False)


def frame_of(obj: Any) -> pd.DataFrame:
    """The first table of a result's view: steps of a check, headers of a message, evidence …"""
    view = view_of(obj)
    if view.frame is not None:
        frame: pd.DataFrame = view.frame()
        return frame
    return frame_of_table(view.tables[0]) if view.tables else pd.DataFrame()


def frame_of_table(table: Table) -> pd.DataFrame:
    """A table's rows under its columns."""
    return pd.DataFrame.from_records(list(table.rows), columns=list(table.columns))
