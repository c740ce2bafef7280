"""Tables, figures and HTML: the only place that knows pandas, matplotlib and ipywidgets.

views     what each result shows, one file a room; `text`, `html` and `frames` render it
figures   pictures with a text alternative, one file a figure
answer    a diagnosis as one HTML answer; `export` saves it, `panel` shows it for a mail just given
safe      what comes out of mail is made harmless here

The packages are slow to import, so they are imported when the first table, figure or panel is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def frame_of(obj: Any) -> pd.DataFrame:
    """The rows of a result as a DataFrame; see `helpers.show.frames.frame_of`."""
    from helpers.show import frames

    return frames.frame_of(obj)
