"""Looks for input that makes the kit raise or hang: ``make fuzz ARGS="spf 60"`` (target and seconds).

Without a target each has its turn, 60 seconds long. What is found is made small and kept in
``tests/finds/<target>/``; tests/test_hostile.py reads it again in every run of the tests.
Coverage-guided by atheris, which is there for Linux on x86-64.
"""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FINDS = ROOT / "tests" / "finds"
SECONDS = 60
MAX_BYTES = 20_000  # what is larger finds nothing that this doesn't, and slowly
SLOW = 10  # seconds for one input: it hangs

import helpers as h  # noqa: E402

ZONE = h.Zone.from_dict({
    "example.com": {"TXT": ["v=spf1 ip4:192.0.2.0/24 -all"], "MX": [(10, "mx.example.com")]},
    "mx.example.com": {"A": ["192.0.2.1"]},
    "_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject"]},
    "s._domainkey.example.com": {"TXT": ["v=DKIM1; p=MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg=="]},
})  # fmt: skip


def _text(data: bytes) -> str:
    """As the octets of TXT become text."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _message(data: bytes) -> None:
    message = h.read_message(data)
    assert message.raw == data
    message.to_dict()
    _ = message.parts, message.body, message.date, str(message)


def _bounce(data: bytes) -> None:
    h.read_bounce(data).to_dict()


def _diagnose(data: bytes) -> None:
    h.diagnose(h.read_bounce(data), dns=ZONE).to_dict()


def _spf(data: bytes) -> None:
    """The first line is the record at the author domain, the second MAIL FROM, the third HELO."""
    record, mail_from, helo = (*_text(data).split("\n", 2), "", "")[:3]
    zone = ZONE.with_records("example.com", "TXT", [record]) if record else ZONE
    h.check_spf(client_ip="192.0.2.1", mail_from=mail_from or "a@example.com", helo=helo, dns=zone).to_dict()


def _dkim(data: bytes) -> None:
    for check in h.verify_dkim(data, dns=ZONE, now=0):
        check.to_dict()


def _key(data: bytes) -> None:
    """The key record that a signature names."""
    zone = ZONE.with_records("s._domainkey.example.com", "TXT", [_text(data)])
    field = b"DKIM-Signature: v=1; a=ed25519-sha256; d=example.com; s=s; h=from; bh=AAAA; b=AAAA\r\n"
    h.verify_dkim(field + b"From: a\r\n\r\n", dns=zone, now=0)


def _arc(data: bytes) -> None:
    h.verify_arc(data, dns=ZONE).to_dict()


def _dmarc(data: bytes) -> None:
    """The first line is the author domain, the rest its record."""
    name, _, record = _text(data).partition("\n")
    zone = ZONE.with_records("_dmarc.example.com", "TXT", [record])
    for author in ("example.com", name):
        for rules in ("rfc9989", "rfc7489"):
            h.evaluate_dmarc(author_domain=author, spf=(name, "pass"), dns=zone, rules=rules).to_dict()


def _zone(data: bytes) -> None:
    try:
        zone = h.Zone.from_text(_text(data))
    except ValueError:  # documented: it can't be read
        return
    h.check_spf(client_ip="192.0.2.1", mail_from="a@example.com", helo="a.example", dns=zone)
    h.evaluate_dmarc(author_domain="example.com", spf=("example.com", "pass"), dns=zone)


def _redact(data: bytes) -> None:
    h.redact(data).to_dict()


def _reports(data: bytes) -> None:
    h.read_reports(data).to_dict()


TARGETS: dict[str, Callable[[bytes], None]] = {
    "message": _message,
    "bounce": _bounce,
    "diagnose": _diagnose,
    "spf": _spf,
    "dkim": _dkim,
    "key": _key,
    "arc": _arc,
    "dmarc": _dmarc,
    "zone": _zone,
    "redact": _redact,
    "reports": _reports,
}


def seeds(target: str) -> list[bytes]:
    """Where to start from: the sample data, as the target takes it."""
    mails = [path.read_bytes() for path in sorted((ROOT / "data" / "sample_headers").glob("*.eml"))]
    zones = [path.read_bytes() for path in sorted((ROOT / "data" / "zones").glob("*.zone"))]
    texts = [line.split(b'"')[1] for zone in zones for line in zone.splitlines() if line.count(b'"') > 1]
    return {
        "spf": [text + b"\na@example.com\nmx.example.com" for text in texts if text.startswith(b"v=spf1")],
        "key": [text for text in texts if b"p=" in text],
        "dmarc": [b"a.example.com\n" + text for text in texts if text.startswith(b"v=DMARC1")],
        "zone": zones,
        "reports": [*mails[:5], *(path.read_bytes() for path in (ROOT / "data").glob("*/*.xml"))],
    }.get(target, mails)


# ------------------------------------------------------------------ one target


def fuzz(target: str, seconds: int) -> int:
    """Runs one target in a process of its own; returns how many new finds there are."""
    kept = FINDS / target
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        corpus, crashes = Path(folder, "corpus"), Path(folder, "crashes")
        corpus.mkdir()
        crashes.mkdir()
        for number, seed in enumerate(seed for seed in seeds(target) if len(seed) <= MAX_BYTES):
            (corpus / str(number)).write_bytes(seed)
        limits = [
            f"-max_total_time={seconds}",
            f"-max_len={MAX_BYTES}",
            f"-timeout={SLOW}",
            "-rss_limit_mb=3000",
        ]
        quiet = ["-verbosity=0", "-print_final_stats=1", f"-artifact_prefix={crashes}/"]
        command = [sys.executable, __file__, "--inside", target, *limits, *quiet, str(corpus)]
        ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        said = ended.stdout.decode("utf-8", "replace")
        found = [path.read_bytes() for path in crashes.iterdir()]
    inputs = [line.split()[-1] for line in said.splitlines() if "number_of_executed_units" in line]
    print(f"{target:9} {seconds} s, {inputs[0] if inputs else '?'} inputs, {len(found)} finds", flush=True)
    new = 0
    for data in found:
        slow = _slow(target, data)
        if not slow and not _fails(target, data):
            print("  one took long because the machine was busy, and is left out")
            continue
        small = data if slow else minimised(target, data)
        new += 1
        kept.mkdir(parents=True, exist_ok=True)
        path = kept / hashlib.sha256(small).hexdigest()[:12]
        path.write_bytes(small)
        what = "slow" if slow else getattr(_fails(target, small), "__name__", "")
        print(f"  {path.relative_to(ROOT)}: {len(small)} bytes, {what}")
    if ended.returncode and not found:
        print(said[-3000:], file=sys.stderr)
        return 1
    return new


def _slow(target: str, data: bytes) -> bool:
    """Whether it takes more than a fifth of the limit in processor time, now that nothing watches it."""

    def stop(*_: object) -> None:
        raise _TooLongError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, SLOW / 5)
    try:
        TARGETS[target](data)
    except _TooLongError:
        return True
    except Exception:
        return False
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    return False


class _TooLongError(BaseException):  # past every "except Exception" on the way
    pass


def _fails(target: str, data: bytes) -> type[BaseException] | None:
    try:
        TARGETS[target](data)
    except Exception as raised:
        return type(raised)
    return None


def minimised(target: str, data: bytes) -> bytes:
    """The smallest input found by leaving parts out that still raises the same; a slow one stays as it is."""
    wanted = _fails(target, data)
    size = len(data) // 2 if wanted else 0
    while size:
        position = 0
        while position < len(data):
            shorter = data[:position] + data[position + size :]
            if _fails(target, shorter) is wanted:
                data = shorter
            else:
                position += size
        size //= 2
    return data


def _inside(arguments: list[str]) -> None:
    """The process that atheris drives."""
    import atheris

    target = TARGETS[arguments[0]]
    for seed in seeds(arguments[0])[
        :3
    ]:  # rooms are loaded when they are needed, and only then can be watched
        target(seed)
    atheris.instrument_all()
    atheris.Setup([__file__, *arguments[1:]], target)
    atheris.Fuzz()


def main(arguments: list[str]) -> int:
    """``[target] [seconds]``; returns 0 when nothing was found."""
    seconds = next((int(word) for word in arguments if word.isdigit()), SECONDS)
    names = [word for word in arguments if not word.isdigit()]
    if unknown := [name for name in names if name not in TARGETS]:
        print(f"no such target: {', '.join(unknown)}; there are: {', '.join(TARGETS)}", file=sys.stderr)
        return 2
    try:
        import atheris  # noqa: F401
    except ImportError:
        print("make fuzz needs atheris, which exists for Linux on x86-64 only.", file=sys.stderr)
        return 2
    return 1 if sum([fuzz(name, seconds) for name in names or TARGETS]) else 0


if __name__ == "__main__":
    given: list[Any] = sys.argv[1:]
    if given[:1] == ["--inside"]:
        _inside(given[1:])
    else:
        sys.exit(main(given))
