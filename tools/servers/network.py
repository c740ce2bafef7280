"""A network of its own for the servers: nothing in it reaches the machine's network, nor the other way.

`enter` starts this Python again in new namespaces (Linux, root). There the loopback interface carries the
documentation addresses of the story, and /etc/resolv.conf names its name server. When the process ends,
all of it is gone.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

INSIDE = "EMAIL_AUTH_KIT_INSIDE"
NAMESPACES = ("--net", "--mount", "--uts")  # network, files that are mounted, the machine's name
FOLDER = Path("/mnt")  # only inside: what the machine has there is not touched
NAME_SERVER = "127.0.0.53"


def missing_programs(programs: Sequence[str]) -> list[str]:
    """Which of these are not installed."""
    return [name for name in programs if find(name) is None]


def find(program: str) -> str | None:
    """The program's path, also where it stands in a folder that only root has on its PATH."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin:/usr/lib/postfix/sbin")


def can_enter() -> bool:
    """May this process make namespaces here? Only asking the kernel tells."""
    unshare = find("unshare")
    if os.geteuid() != 0 or unshare is None:
        return False
    return subprocess.run([unshare, *NAMESPACES, "true"], capture_output=True).returncode == 0


def enter(module: str, arguments: Sequence[str]) -> int:
    """Run `python -m module arguments` inside, and return its exit status."""
    command = [str(find("unshare")), *NAMESPACES, "--propagation", "private", sys.executable, "-m", module]
    return subprocess.run([*command, *arguments], env={**os.environ, INSIDE: "yes"}).returncode


def own_folder() -> Path:
    """An empty folder that every user may look into, and that is gone with the namespace.

    Temporary folders are often closed to other users, and the servers work as users of their own.
    """
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", str(FOLDER)], check=True)
    return FOLDER


def is_inside() -> bool:
    """Was this process started by `enter`?"""
    return os.environ.get(INSIDE) == "yes"


def set_up(host: str, addresses: Sequence[str], folder: Path) -> None:
    """Call this machine so, give loopback these addresses, and all programs in here the one name server."""
    socket.sethostname(host)
    ip = str(find("ip"))
    subprocess.run([ip, "link", "set", "lo", "up"], check=True)
    for address in addresses:
        subprocess.run([ip, "addr", "add", f"{address}/32", "dev", "lo"], check=True)
    for name, text in (
        ("resolv.conf", f"nameserver {NAME_SERVER}\noptions timeout:1 attempts:1\n"),
        ("hosts", "127.0.0.1 localhost\n"),
    ):
        ours = folder / name
        ours.write_text(text, encoding="ascii")
        subprocess.run(["mount", "--bind", str(ours), str(Path("/etc", name).resolve())], check=True)
