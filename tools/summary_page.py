"""Makes docs/summary.pdf, the course on one A4 page to print. `make notebooks` calls it.

The same kit and the same matplotlib give the same bytes: no date is kept, and the page's words stand in the
file as its subject, for those who can't see it.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import helpers as h

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "summary.pdf"


def page() -> bytes:
    """The page as PDF."""
    picture = h.summary_figure()
    about = {"Title": "Why was my mail refused?", "Subject": picture.alt, "CreationDate": None}
    buffer = io.BytesIO()
    picture.figure.savefig(buffer, format="pdf", metadata=about)
    return buffer.getvalue()


def main() -> int:
    """Write the page."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_bytes(page())
    print(PAGE.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
