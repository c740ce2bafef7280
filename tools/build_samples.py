"""Makes data/sample_headers/ (messages and index.json), the keys in data/zones/, the table in data/README.md.

    python tools/build_samples.py            writes whatever differs
    python tools/build_samples.py --check    writes nothing; exit status 1 when something differs

The same bytes come out every time: dates, ids and keys are fixed. What each message shows, where
it comes from and what it has to end with stand beside the message in tools/samples/.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from samples import bounces, by_servers, received, story
from samples.making import KEYS, Sample, key_record, seconds

DATA = Path(__file__).resolve().parent.parent / "data"
MESSAGES = DATA / "sample_headers"
ZONES = DATA / "zones"
ABOUT = (
    "Messages and bounces to read, check and diagnose. Each row says what a file shows, where it comes from, "
    "which zone file answers for it and what every check has to end with; README.md explains the fields. "
    "Made by tools/build_samples.py."
)
README = DATA / "README.md"
TABLE = re.compile(r"(<!-- samples -->\n).*(<!-- /samples -->)", re.DOTALL)
KEY_BLOCK = re.compile(r"^; key ([\w-]+)\n(\S+)([ \t]+)IN TXT \([^)]*\)", re.MULTILINE)


def samples() -> list[Sample]:
    """Every sample, in the order of the index."""
    return [make() for make in (*story.SAMPLES, *received.SAMPLES, *bounces.SAMPLES, *by_servers.SAMPLES)]


def row(sample: Sample) -> dict[str, Any]:
    """A sample's row of the index."""
    return {
        "file": sample.file,
        "title": sample.title,
        "shows": sample.shows,
        "origin": sample.origin,
        "zone": sample.zone,
        "received_at": sample.received_at,
        "now": seconds(sample.received_at) if sample.received_at else None,
        "envelope": sample.envelope or None,
        "expect": sample.expect,
    }


def with_keys(zone: str) -> str:
    """A zone file's text with the public key under each comment "; key <label>"."""

    def block(found: re.Match[str]) -> str:
        label, owner, gap = found.groups()
        text = key_record(KEYS[label])
        pieces = [text[at : at + 72] for at in range(0, len(text), 72)]
        lines = "\n".join(f'    "{piece}"' for piece in pieces)
        return f"; key {label}\n{owner}{gap}IN TXT (\n{lines} )"

    return KEY_BLOCK.sub(block, zone)


def table(made: list[Sample]) -> str:
    """The samples as rows of a Markdown table."""
    rows = ["| file | what it is | zone | DMARC |", "|---|---|---|---|"]
    for sample in made:
        result = (sample.expect["dmarc"] or {}).get("result", "–")
        rows.append(f"| `{sample.file}` | {sample.title} | `{sample.zone}` | {result} |")
    return "\n".join(rows) + "\n"


def outputs() -> dict[Path, bytes]:
    """Every file that this script is answerable for, with its content."""
    made = samples()
    index = {"about": ABOUT, "messages": [row(sample) for sample in made]}
    files = {MESSAGES / sample.file: sample.content for sample in made}
    files[MESSAGES / "index.json"] = (json.dumps(index, indent=1, ensure_ascii=False) + "\n").encode()
    for path in sorted(ZONES.glob("*.zone")):
        files[path] = with_keys(path.read_text("utf-8")).encode()
    readme = README.read_text("utf-8")
    files[README] = TABLE.sub(lambda m: m[1] + table(made) + m[2], readme).encode()
    return files


def main() -> int:
    """Write or check; the exit status says whether anything differed under --check."""
    parser = argparse.ArgumentParser(description="Make the sample messages, their index and their keys.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a file differs")
    check = parser.parse_args().check
    files = outputs()
    different = [path for path in files if not path.exists() or path.read_bytes() != files[path]]
    for path in different:
        if not check:
            path.write_bytes(files[path])
        sys.stdout.write(f"{'differs' if check else 'written'}: {path.relative_to(DATA.parent)}\n")
    return 1 if check and different else 0


if __name__ == "__main__":
    sys.exit(main())
