"""The command line as a person uses it: a process with files, output, one line for what can't be read."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.dns_server import dns_server

from helpers.lookup import Zone

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
    "folder": (lambda path: path.mkdir(), "this is a folder or a packed file without mail in it"),
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


# ----------------------------------------------------------------- mailboxes


def letter(number: int, *, subject: str = "June", reply: str = "550 5.1.1 User unknown") -> bytes:
    """A report about one recipient."""
    return (
        "From: MAILER-DAEMON@relay.example\nTo: me@example.com\nSubject: Undelivered\n"
        "Date: Mon, 1 Jun 2026 10:00:00 +0900\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; relay.example\n\n"
        f"Final-Recipient: rfc822; person{number}@example.org\nAction: failed\nStatus: 5.1.1\n"
        f"Remote-MTA: dns; mx.example.org\nDiagnostic-Code: smtp; {reply}\n\n"
        "--b\nContent-Type: message/rfc822\n\nFrom: me@example.com\n"
        f"Message-ID: <{number}@example.com>\nSubject: {subject}\n\nHello\n--b--\n"
    ).encode()


REFUSED = "550 5.7.1 Rejected due to example.com's DMARC policy."


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """An mbox of two bounces and an ordinary mail."""
    messages = [letter(1), MAIL.replace(b"\r\n", b"\n"), letter(2, reply=REFUSED)]
    path = tmp_path / "Trash"
    path.write_bytes(b"".join(b"From x@y Mon Jun  1 10:00:00 2026\n" + one + b"\n" for one in messages))
    return path


def test_a_mailbox_has_a_line_for_each_failed_recipient(box: Path) -> None:
    done = run("diagnose", box)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert "person1@example.org" in lines[0]
    assert "550 5.1.1" in lines[0]
    assert "blames dmarc of example.com" in lines[1]
    assert "2026-06-01" in lines[1]
    assert "3 messages: 2 bounces, 1 no bounces" in done.stdout
    every = run("diagnose", box, "--all").stdout.splitlines()
    assert "(no bounce)" in every[1]


def test_a_mailbox_as_json(box: Path, mail: Path) -> None:
    done = run("diagnose", box, mail, "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row.get("position") for row in rows] == [1, 3, None]
    assert rows[0]["cause"] == "not_about_authentication"
    assert [row["file"] for row in rows] == [str(box), str(box), str(mail)]
    assert (done.returncode, done.stderr) == (0, "")


def test_a_folder_is_a_mailbox_and_what_is_bad_in_it_is_told(box: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.eml").write_bytes(b"\xff\xd8\xff\xe0" + bytes(range(256)) * 9)
    (tmp_path / "b.eml").write_bytes(letter(7))
    done = run("diagnose", tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "bad.eml" in done.stderr
    assert [line.count("person") for line in done.stdout.splitlines()[:3]] == [1, 1, 1]


def test_an_mbox_with_one_message_is_that_message(tmp_path: Path) -> None:
    path = tmp_path / "one"
    path.write_bytes(b"From x@y Mon Jun  1 10:00:00 2026\n" + letter(1, reply=REFUSED) + b"\n")
    assert "how it is known" in run("diagnose", path).stdout


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1", "'+1"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("a=b", "a=b"),
        ("=?utf-8?q?=09=3D1+1?=", "'=1+1"),
        ('say "hello", please', 'say "hello", please'),
        ("\uff1d1\uff0b1", "'\uff1d1\uff0b1"),
    ],
)
def test_a_table_holds_no_formulas(subject: str, shown: str, tmp_path: Path) -> None:
    path = tmp_path / "one.eml"
    path.write_bytes(letter(1, subject=subject))
    done = run("diagnose", path, "--csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["subject"] for row in rows] == [shown]
    assert rows[0]["code"] == "550"
    assert rows[0]["file"] == str(path)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_table_of_several_files_has_one_heading(box: Path, mail: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("diagnose", box, mail, "--csv").stdout)))
    assert [Path(row["file"]).name for row in rows] == [box.name, box.name, mail.name]
    assert rows[2]["kind"] == "not-a-bounce"
    assert rows[2]["cause"] == "authenticated_as_other"


def test_a_page_is_about_one_message(box: Path) -> None:
    done = run("diagnose", box, "--html")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_who_reads_only_the_first_lines_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "box.mbox"
    path.write_bytes(
        b"".join(b"From x@y Mon Jun  1 10:00:00 2026\n" + letter(n) + b"\n" for n in range(3000))
    )
    command = [sys.executable, "-m", "helpers", "diagnose", str(path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        assert b"person0" in process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""


@pytest.mark.parametrize("arguments", [("one.eml", "-\x1b]52;c;QQ\x07\x9b31m"), ("--rules", "\x1b[2J")])
def test_a_name_that_is_taken_for_an_option_can_not_steer_the_terminal(arguments: tuple[str, str]) -> None:
    done = run("diagnose", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "\\x1b" in done.stderr
    assert not set(done.stderr) & {"\x1b", "\x07", "\x9b"}


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="needs a device without an end")
@pytest.mark.parametrize(
    "arguments",
    [
        ("diagnose", "/dev/zero"),
        ("diagnose", "{mail}", "--zone", "/dev/zero"),
        ("redact", "/dev/zero", "-o", "{new}"),
    ],
)
def test_a_device_without_an_end_is_named(arguments: tuple[str, ...], mail: Path, tmp_path: Path) -> None:
    done = run(*(argument.format(mail=mail, new=tmp_path / "new") for argument in arguments))
    assert done.returncode == 2
    assert done.stderr.startswith("/dev/zero: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a named pipe")
def test_ctrl_c_is_one_line(tmp_path: Path) -> None:
    """The second file is a pipe that nobody writes to, so the run is in the middle for sure."""
    path, pipe = tmp_path / "one.eml", tmp_path / "two.eml"
    path.write_bytes(letter(1))
    os.mkfifo(pipe)
    command = [sys.executable, "-u", "-m", "helpers", "diagnose", str(path), str(pipe), "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        assert b"not_about_authentication" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        try:
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert said.decode().splitlines() == ["Interrupted: what was done until then is done."]


# ------------------------------------------------------------ live, recorded, shared

FUJIBA = ROOT / "data" / "zones" / "fujiba.zone"
BOUNCE = ROOT / "data" / "sample_headers" / "incident_bounce.eml"


@pytest.fixture
def nameserver() -> Iterator[str]:
    with dns_server(Zone.from_file(FUJIBA), delay=0.0) as server:
        yield f"127.0.0.1#{server.port}"


def test_live_answers_are_recorded_and_give_the_same_again(nameserver: str, tmp_path: Path) -> None:
    zone = tmp_path / "kept.zone"
    done = run("diagnose", BOUNCE, "--live", "--nameserver", nameserver, "--record", zone, "--json")
    assert done.returncode == 0
    assert re.fullmatch(r"\d+ queries in \d+ rounds?.*, saved in .*kept\.zone\n", done.stderr)
    again = run("diagnose", BOUNCE, "--zone", zone, "--json")
    assert again.stdout == done.stdout
    assert json.loads(again.stdout)["fixes"]
    refused = run("diagnose", BOUNCE, "--live", "--nameserver", nameserver, "--record", zone)
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (2, "", 1)
    assert "nothing is overwritten" in refused.stderr


def test_live_says_what_it_asked(nameserver: str) -> None:
    done = run("diagnose", BOUNCE, "--live", "--nameserver", nameserver)
    assert re.fullmatch(r"\d+ queries in \d+ rounds?.*\n", done.stderr)


def test_record(nameserver: str, tmp_path: Path) -> None:
    zone = tmp_path / "kept.zone"
    done = run("record", BOUNCE, "-o", zone, "--nameserver", nameserver)
    assert (done.returncode, done.stdout) == (0, "")
    assert "saved in" in done.stderr
    given = ("diagnose", BOUNCE, "--json", "--zone")
    assert run(*given, zone).stdout == run(*given, FUJIBA).stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--record", "x.zone"], "goes with --live"),
        (["--nameserver", "127.0.0.1"], "without --live"),
        (["--live", "--nameserver", "127.0.0.1#x"], "the port"),
        (["--live", "--nameserver", "nowhere"], "nowhere"),
    ],
)
def test_options_that_do_not_fit(options: list[str], words: str, mail: Path) -> None:
    done = run("diagnose", mail, *options)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert words in done.stderr


def test_redact_writes_copies_and_overwrites_nothing(tmp_path: Path, box: Path) -> None:
    folder = tmp_path / "to share"
    done = run("redact", BOUNCE, box, tmp_path / "none.eml", "-o", folder, "--zone", FUJIBA)
    assert done.returncode == 2
    assert "none.eml: there is no such file" in done.stderr
    copies = sorted(folder.glob("*.eml"))
    assert len(copies) == 4
    assert {str(path) for path in folder.iterdir()} == set(done.stdout.splitlines())
    text = copies[0].read_text("utf-8", "replace")
    assert "fujiba" not in text
    assert "owner.example" not in text
    zone = copies[0].with_suffix(".zone")
    found = json.loads(run("diagnose", copies[0], "--zone", zone, "--json").stdout)
    assert found["cause"] == "authenticated_as_other"
    again = run("redact", BOUNCE, "-o", folder)
    assert again.returncode == 0
    assert len(list(folder.glob("*.eml"))) == 5
