"""Makes data/mailboxes/orchard.mbox.gz, the mailbox of lesson 14, and the key in its zone.

    python tools/build_mailbox.py            writes what differs
    python tools/build_mailbox.py --check    writes nothing; exit status 1 when something differs

The same mails come out every time: tools/samples/mailbox_story.py has a fixed seed and says what happened.
What is compared is the mailbox itself: packed it may differ, as zlib's versions do.
"""

from __future__ import annotations

import argparse
import gzip
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from build_samples import with_keys
from samples.mailbox_story import Mail, Story

FOLDER = Path(__file__).resolve().parent.parent / "data" / "mailboxes"
MAILBOX = FOLDER / "orchard.mbox.gz"
ZONE = FOLDER / "orchard.zone"


def as_takeout(number: int, mail: Mail) -> bytes:
    """A message as Gmail's Takeout writes it: an id in the From_ line, and what Gmail keeps beside it."""
    thread = 1_850_000_000_000_000_000 + number * 7919
    line = f"From {thread}@xxx {mail.at:%a %b %d %H:%M:%S} +0000 {mail.at:%Y}\r\n"
    kept = (
        f"X-GM-THRID: {thread}\r\nX-Gmail-Labels: Inbox\r\n" if re.match(rb"[A-Z][\w-]*:", mail.raw) else ""
    )
    raw = re.sub(rb"(?m)^(>*From )", rb">\1", mail.raw)
    return (line + kept).encode() + raw.removesuffix(b"\r\n") + b"\r\n\r\n"


def mailbox() -> bytes:
    """The whole mailbox as an mbox."""
    return b"".join(as_takeout(number, mail) for number, mail in enumerate(Story().mails(), 1))


def main() -> int:
    """Write or check; the exit status says whether anything differed under --check."""
    parser = argparse.ArgumentParser(description="Make the sample mailbox and the key in its zone.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a file differs")
    check = parser.parse_args().check
    content, zone = mailbox(), with_keys(ZONE.read_text("utf-8"))
    different = []
    if not MAILBOX.exists() or gzip.decompress(MAILBOX.read_bytes()) != content:
        different.append(MAILBOX)
        if not check:
            MAILBOX.write_bytes(gzip.compress(content, 9, mtime=0))
    if ZONE.read_text("utf-8") != zone:
        different.append(ZONE)
        if not check:
            ZONE.write_text(zone, "utf-8")
    for path in different:
        sys.stdout.write(f"{'differs' if check else 'written'}: {path.relative_to(FOLDER.parent.parent)}\n")
    return 1 if check and different else 0


if __name__ == "__main__":
    sys.exit(main())
