"""Keeps what README.md says of the rest: its picture, the table of lessons, the Binder badge's address.

`make notebooks` calls it. The badge's address follows from git's remote `origin`; without a public one it
says OWNER/REPOSITORY.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import helpers as h

sys.path.insert(0, str(Path(__file__).resolve().parent))

from course.sources import course
from course.ways import contents

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PICTURE = ROOT / "docs" / "answer.png"
NOWHERE = "gh/OWNER/REPOSITORY"
START = "HEAD?urlpath=lab/tree/notebooks/00_start_here.ipynb"


def picture() -> bytes:
    """The answer for the story's bounce as PNG: the same bytes for the same kit and matplotlib."""
    received = ROOT / "data" / "sample_headers" / "incident_received.eml"
    return h.alignment_figure(h.diagnose(received, dns=h.sample_zone("fujiba"))).png()


def place(remote: str) -> str:
    """How Binder names a repository: https://mybinder.org/v2/ and this. `remote` is git's address of it."""
    match = re.fullmatch(
        r"(?:https?://|ssh://|git@)(?:[^@/]*@)?([\w.-]+)(?::\d+)?[/:](.+?)(?:\.git)?/?", remote.strip()
    )
    if not match or "." not in match[1]:
        return NOWHERE
    host, path = match.groups()
    if host == "github.com" and re.fullmatch(r"[\w.-]+/[\w.-]+", path):
        return f"gh/{path}"
    if host == "gitlab.com":
        return f"gl/{quote(path, safe='')}"
    return f"git/{quote(f'https://{host}/{path}', safe='')}"


def with_badge(text: str, remote: str) -> str:
    """The README with the badge leading to the repository."""
    address = f"https://mybinder.org/v2/{place(remote)}/{START}"
    return re.sub(r"https://mybinder\.org/v2/\S+?(?=\))", address, text)


def with_lessons(text: str) -> str:
    """The README with the table of lessons that there are."""
    table = contents(course(), folder="notebooks/")
    return re.sub(r"(<!-- lessons.*?-->\n).*?(<!-- end -->)", rf"\1{table}\n\2", text, flags=re.DOTALL)


def remote() -> str:
    """git's address of the repository, or nothing."""
    command = ["git", "config", "--get", "remote.origin.url"]
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""


def main() -> int:
    """Write what changed."""
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_bytes(picture())
    text = README.read_text(encoding="utf-8")
    README.write_text(with_lessons(with_badge(text, remote())), encoding="utf-8", newline="\n")
    print(f"{PICTURE.relative_to(ROOT)}\n{README.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
