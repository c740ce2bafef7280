"""Results as pandas DataFrames."""

from __future__ import annotations

from typing import Any

import pandas as pd

from helpers.show.views import view_of

# A notebook typesets $…$ in a frame's cells, and mail is not mathematics. pandas has no setting for one
# frame only.
pd.set_option("display.html.use_mathjax", False)


def frame_of(obj: Any) -> pd.DataFrame:
    """The first table of a result's view: steps of a check, headers of a message, evidence …"""
    tables = view_of(obj).tables
    if not tables:
        return pd.DataFrame()
    return pd.DataFrame.from_records(list(tables[0].rows), columns=list(tables[0].columns))
