"""The command line as a person uses it: a process with files, output, one line for what can't be read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

STORY = b"550 5.7.1 Your message was rejected due to fujiba.net's DMARC policy.\n"
MAIL = b"Return-Path: <owner@mailbox.example>\r\nFrom: a@example.com\r\nSubject: June\r\n\r\nHello\r\n"


def run(*arguments: str | Path, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-m", "helpers", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        env=environment,
        check=False,
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in err
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    path = tmp_path / "June report.eml"
    path.write_bytes(MAIL)
    return path


def test_text(mail: Path) -> None:
    done = run("diagnose", mail)
    assert done.returncode == 0
    assert "Authenticated as somebody else" in done.stdout
    assert "not looked up" in done.stdout
    assert done.stderr == ""


def test_json_is_one_object_a_line(mail: Path) -> None:
    done = run("diagnose", mail, mail, "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["cause"] for row in rows] == ["authenticated_as_other"] * 2
    assert rows[0]["file"] == str(mail)
    assert done.returncode == 0


def test_html_is_a_page(mail: Path) -> None:
    page = run("diagnose", mail, "--html").stdout
    assert page.startswith("<!doctype html>")
    assert "Authenticated as somebody else" in page


def test_zone(mail: Path, tmp_path: Path) -> None:
    zone = tmp_path / "my.zone"
    zone.write_text('_dmarc.example.com. 300 IN TXT "v=DMARC1; p=quarantine"\n')
    plain = json.loads(run("diagnose", mail, "--zone", zone, "--json").stdout)
    assert plain["authentication"]["dmarc"]["policy"] == "quarantine"


def test_standard_input() -> None:
    done = run("diagnose", "-", stdin=STORY)
    assert "fujiba.net" in done.stdout
    assert done.returncode == 0


def test_a_large_mail_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.eml"
    path.write_bytes(MAIL + b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n" * 820_000)
    done = run("diagnose", path)
    assert done.returncode == 0
    assert "Authenticated as somebody else" in done.stdout
    assert done.stderr.count("\n") == 1
    assert "large.eml" in done.stderr


UNREADABLE = {
    "folder": (lambda path: path.mkdir(), "this is a folder"),
    "empty.eml": (lambda path: path.write_bytes(b""), "the file is empty"),
    "blank.eml": (lambda path: path.write_bytes(b"\r\n \r\n"), "the file is empty"),
    "photo.jpg": (
        lambda path: path.write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(range(256)) * 50),
        "no mail headers",
    ),
    "missing.eml": (lambda path: None, "there is no such file"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_one_clear_line_for_what_cannot_be_read(name: str, mail: Path, tmp_path: Path) -> None:
    make, words = UNREADABLE[name]
    make(tmp_path / name)
    done = run("diagnose", tmp_path / name, mail)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert str(tmp_path / name) in done.stderr
    assert words in done.stderr
    assert "Authenticated as somebody else" in done.stdout, "the other file is still read"


def test_a_bad_zone_is_one_line(mail: Path, tmp_path: Path) -> None:
    zone = tmp_path / "bad.zone"
    zone.write_text("this is ( not a zone\n")
    done = run("diagnose", mail, "--zone", zone)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "bad.zone" in done.stderr


def test_names_of_files_are_harmless_too(tmp_path: Path) -> None:
    done = run("diagnose", tmp_path / "a\x1b[2Jb.eml")
    assert "\x1b" not in done.stderr
