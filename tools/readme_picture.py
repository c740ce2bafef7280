"""Draws the picture at the top of README.md: the answer for the story's bounce. `make notebooks` calls it."""

from __future__ import annotations

import sys
from pathlib import Path

import helpers as h

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "answer.png"


def picture() -> bytes:
    """The PNG, the same bytes for the same kit and matplotlib."""
    received = ROOT / "data" / "sample_headers" / "incident_received.eml"
    return h.alignment_figure(h.diagnose(received, dns=h.sample_zone("fujiba"))).png()


def main() -> int:
    """Write the picture."""
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_bytes(picture())
    print(PICTURE.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
