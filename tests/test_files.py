"""What the kit writes for a person is there whole or not at all, whatever happens in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import helpers as h
from helpers.files import write_new

ROOT = Path(__file__).resolve().parent.parent

# How each kind of file is written, as a program of its own would: `target` is the file's path.
WRITERS = {
    "a zone": "h.sample_zone('fujiba').save(target)",
    "a recording": "dns = h.RecordingDns(h.sample_zone('fujiba'))\n"
    "h.diagnose(bounce, dns=dns)\n"
    "dns.save(target)",
    "a report": "h.save_report(h.diagnose(bounce, dns=h.sample_zone('fujiba')), target)",
    "an evidence pack": "h.save_report(h.diagnose(bounce, dns=h.sample_zone('fujiba')), target)",
    "JSON": "h.save_report(h.diagnose(bounce, dns=h.sample_zone('fujiba')), target)",
    "a picture": "h.alignment_figure(h.diagnose(bounce, dns=None)).save(target)",
    "a redacted mail": "h.redact(bounce).save(target)",
}
ENDINGS = {
    "a report": ".html",
    "an evidence pack": ".md",
    "JSON": ".json",
    "a picture": ".png",
    "a redacted mail": ".eml",
}
BEFORE = "import helpers as h\nbounce = 'data/sample_headers/incident_bounce.eml'\n"
FULL_DISK = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the write fails, as on a full disk, and nobody is killed
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
"""


def run(code: str, target: Path) -> subprocess.CompletedProcess[str]:
    whole = f"{BEFORE}target = {str(target)!r}\n{code}"
    return subprocess.run([sys.executable, "-c", whole], cwd=ROOT, capture_output=True, text=True)


def path_for(kind: str, folder: Path) -> Path:
    return folder / f"mine{ENDINGS.get(kind, '.zone')}"


writers = pytest.mark.parametrize("kind", WRITERS)


@writers
def test_it_is_written_and_a_second_time_not_overwritten(kind: str, tmp_path: Path) -> None:
    target = path_for(kind, tmp_path)
    first = run(WRITERS[kind], target)
    assert first.returncode == 0, first.stderr
    content = target.read_bytes()
    there = sorted(tmp_path.iterdir())
    second = run(WRITERS[kind], target)
    assert "FileExistsError" in second.stderr
    assert str(target) in second.stderr
    assert target.read_bytes() == content
    assert sorted(tmp_path.iterdir()) == there


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on the size of files")
@writers
def test_a_full_disk_leaves_nothing_behind(kind: str, tmp_path: Path) -> None:
    failed = run(f"import matplotlib.font_manager\n{FULL_DISK}{WRITERS[kind]}", path_for(kind, tmp_path))
    assert failed.returncode == 1
    assert "OSError" in failed.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL], ids=lambda sign: sign.name)
@writers
def test_ctrl_c_or_a_killed_kernel_leaves_no_half_file(
    kind: str, sign: signal.Signals, tmp_path: Path
) -> None:
    """The program is stopped when the content is written and the file does not have its name yet."""
    stop = f"""
        import os, sys
        def stop(event, arguments):
            if event in ("os.link", "os.rename"):
                os.kill(os.getpid(), {int(sign)})
        sys.addaudithook(stop)
        """
    stopped = run(f"{textwrap.dedent(stop)}\n{WRITERS[kind]}", path_for(kind, tmp_path))
    assert stopped.returncode != 0
    assert not path_for(kind, tmp_path).exists()


def test_a_name_that_was_taken_meanwhile_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "x"

    def no_links(*_: object) -> None:
        target.write_text("somebody else's")
        raise OSError(1, "no hard links here")

    monkeypatch.setattr(os, "link", no_links)
    with pytest.raises(FileExistsError):
        write_new(target, b"mine")
    assert target.read_text() == "somebody else's"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("failure", [OSError(28, "no space left"), KeyboardInterrupt()], ids=type)
def test_without_hard_links_nothing_is_left_either(
    failure: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise OSError(1, "no hard links here")

    def fails(*_: object) -> None:
        raise failure

    monkeypatch.setattr(os, "link", no_links)
    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(type(failure)):
        write_new(tmp_path / "x", b"mine")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="needs symbolic links")
def test_a_link_that_stands_there_is_not_written_through(tmp_path: Path) -> None:
    target, elsewhere = tmp_path / "x", tmp_path / "elsewhere"
    target.symlink_to(elsewhere)
    with pytest.raises(FileExistsError):
        write_new(target, b"mine")
    assert not elsewhere.exists()
    assert list(tmp_path.iterdir()) == [target]


def test_overwriting_has_to_be_asked_for(tmp_path: Path) -> None:
    target = tmp_path / "x.zone"
    h.sample_zone("fujiba").save(target)
    with pytest.raises(FileExistsError, match=r"x\.zone exists already"):
        h.sample_zone("keys").save(target)
    h.sample_zone("keys").save(target, overwrite=True)
    assert "signer.example" in target.read_text()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as error:
        write_new(tmp_path / "no" / "file", b"x")
    assert error.value.filename == str(tmp_path / "no" / "file")
