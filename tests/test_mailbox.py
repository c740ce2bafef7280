"""Mailboxes: every form is read, whatever is broken in it, whoever reads; each recipient has a row."""

from __future__ import annotations

import gzip
import io
import mailbox
import os
import re
import signal
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import ROOT, peer_module, shared_path

import helpers as h
from helpers import mailbox as room
from helpers.mailbox import files, mbox, run, streams
from helpers.show import mailbox_frame as table

SAMPLES = ROOT / "data" / "sample_headers"
STORY = (SAMPLES / "incident_bounce.eml").read_bytes()
UNKNOWN = (SAMPLES / "bounce_user_unknown.eml").read_bytes()
OTHER = (SAMPLES / "incident_received.eml").read_bytes()


def bounce(number: int = 1, *, body: str = "Hello", reply: str = "550 5.1.1 User unknown") -> bytes:
    """A small report about one recipient."""
    return (
        f"From: MAILER-DAEMON@relay.example\r\nTo: me@example.com\r\nSubject: Undelivered\r\n"
        f"Date: Mon, {1 + number % 28} Jun 2026 10:00:00 +0900\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n"
        f"Final-Recipient: rfc822; person{number}@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        f"Remote-MTA: dns; mx.example.org\r\nDiagnostic-Code: smtp; {reply}\r\n\r\n"
        "--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: me@example.com\r\n"
        f"Message-ID: <{number}@example.com>\r\nSubject: Letter {number}\r\n\r\n{body}\r\n--b--\r\n"
    ).encode()


def as_mbox(*messages: bytes, line: str = "From sender@example.com Mon Jun  1 10:00:00 2026") -> bytes:
    """As mboxrd has it."""
    quoted = (re.sub(rb"(?m)^(>*From )", rb">\1", one) for one in messages)
    return b"".join(line.encode() + b"\n" + one.removesuffix(b"\n") + b"\n\n" for one in quoted)


def raws(source: Any) -> list[bytes | None]:
    return [item.raw for item in h.messages_in(source)]


def reasons(frame: pd.DataFrame) -> list[str]:
    return [one["reason"] for one in frame.attrs["unread"]]


# ------------------------------------------------------------------- the rows


def test_the_story() -> None:
    frame = h.analyze_mailbox(SAMPLES / "incident_bounce.eml", dns=h.sample_zone("fujiba"))
    assert isinstance(frame, pd.DataFrame)
    (row,) = frame.to_dict("records")
    assert row["cause"] == "authenticated_as_other"
    assert (row["receiver"], row["reporter"]) == ("mx1.737flight.example", "Google")
    assert (row["code"], row["enhanced"]) == (550, "5.7.1")
    assert (row["blamed"], row["blamed_domain"], row["basis"]) == ("dmarc", "fujiba.net", "stated")
    assert (row["author_domain"], row["mail_from_domain"]) == ("fujiba.net", "gmail.com")
    assert (row["dmarc"], row["policy"]) == ("fail", "reject")
    assert row["recipient_domain"] == row["recipient"].rpartition("@")[2]
    assert (row["message"], row["position"], row["kind"], row["action"]) == (1, 1, "dsn", "failed")
    assert "aligns with From: fujiba.net" in row["summary"]
    assert pd.isna(row["dkim_domains"])
    assert row["date"].tzinfo is not None


def test_each_recipient_has_a_row_and_is_judged_by_its_own_reply() -> None:
    text = bounce().decode()
    first = text[text.index("Final-Recipient") : text.index("\r\n\r\n--b\r\nContent-Type: message/rfc822")]
    others = [
        first.replace("person1", "second").replace("550 5.1.1 User unknown", "550 5.7.1 Rejected due to "
        "example.com's DMARC policy."),
        first.replace("person1", "third").replace("Action: failed", "Action: delivered"),
        first.replace("person1", "fourth").replace("Action: failed", "Action: delayed"),
    ]  # fmt: skip
    raw = text.replace(first, "\r\n\r\n".join([first, *others])).encode()
    frame = h.analyze_mailbox([raw])
    assert list(frame["recipient"].str.partition("@")[0]) == ["person1", "second", "fourth"]
    assert list(frame["action"]) == ["failed", "failed", "delayed"]
    assert [None if pd.isna(one) else one for one in frame["blamed"]] == [None, "dmarc", None]
    assert list(frame["cause"])[::2] == ["not_about_authentication"] * 2
    assert frame["cause"][1] != "not_about_authentication"
    assert set(frame["message"]) == {1}
    assert frame.attrs["counts"]["failed_recipients"] == 3
    assert frame.attrs["counts"]["bounces"] == 1


def test_the_columns_are_documented_and_there_without_rows() -> None:
    empty, full = h.analyze_mailbox([]), h.analyze_mailbox([STORY])
    assert list(empty.columns) == list(full.columns) == list(room.COLUMNS)
    assert empty.dtypes.equals(full.dtypes)
    assert len(empty) == 0
    missing = [name for name in room.COLUMNS if f"``{name}``" not in (h.analyze_mailbox.__doc__ or "")]
    assert missing == []


def test_rows_one_by_one_say_the_same() -> None:
    with h.read_mailbox([STORY, OTHER, b"", UNKNOWN]) as reader:
        rows = list(reader)
    assert [row.message for row in rows] == [1, 4]
    assert [str(row.cause) for row in rows] == ["authenticated_as_other", "not_about_authentication"]
    assert (reader.counts.messages, reader.counts.bounces) == (4, 2)
    assert (reader.counts.no_bounces, reader.counts.unread) == (1, 1)
    assert reader.unread[0].position == 3
    assert rows[0].to_dict()["code"] == 550
    assert "authenticated_as_other" in str(rows[0])


def test_mail_that_is_no_bounce_has_a_row_on_demand() -> None:
    frame = h.analyze_mailbox([OTHER, STORY], everything=True, dns=h.sample_zone("fujiba"))
    assert list(frame["kind"]) == ["not-a-bounce", "dsn"]
    assert list(frame["cause"]) == ["authenticated_as_other"] * 2
    assert frame.attrs["counts"]["no_bounces"] == 1
    assert len(h.analyze_mailbox([OTHER])) == 0


def test_a_refusal_that_is_not_about_authentication_asks_dns_nothing() -> None:
    dns = h.RecordingDns(h.sample_zone("fujiba-fixed"))
    h.analyze_mailbox([UNKNOWN], dns=dns)
    assert dns.questions == ()


def test_cells_can_not_steer_a_terminal() -> None:
    reply = "550 5.1.1 \x1b[2Jgone \u202eback"
    frame = h.analyze_mailbox([bounce(reply=reply)])
    assert not re.search("[\x00-\x1f\x7f\u202e]", frame.to_csv(index=False).replace("\n", ""))
    assert "gone" in frame["text"][0]


def test_odd_dates() -> None:
    for date, year in (("Mon, 1 Jan 0001 00:00:00 +1400", None), ("Fri, 31 Dec 9999 23:00:00 -1200", None),
                       ("Mon, 1 Jan 1900 00:00:00 +0000", 1900)):  # fmt: skip
        raw = re.sub(rb"Date: [^\r]*", b"Date: " + date.encode(), bounce())
        frame = h.analyze_mailbox([raw])
        assert (None if pd.isna(frame["date"][0]) else frame["date"][0].year) == year, date


# ----------------------------------------------------------------------- mbox

PAIR = [bounce(1, body="From here on\r\n>From there\r\n>>From\r\n\r\nFrom: x"), OTHER]
LF = [one.replace(b"\r\n", b"\n") for one in PAIR]
MBOXES = {
    "line feeds": (as_mbox(*LF), LF),
    "CRLF": (as_mbox(*LF).replace(b"\n", b"\r\n"), PAIR),
    "Gmail Takeout": (as_mbox(*LF, line="From 1834567890123456789@xxx Mon Jun 01 01:00:00 +0000 2026"), LF),
    "Thunderbird": (as_mbox(*LF, line="From - Mon Jun 01 10:00:00 2026"), LF),
    "no date": (as_mbox(*LF, line="From sender@example.com"), LF),
    "a byte order mark": (b"\xef\xbb\xbf" + as_mbox(*LF), LF),
    "empty lines first": (b"\n\n" + as_mbox(*LF), LF),
    "no empty line between": (as_mbox(*LF).replace(b"\n\nFrom sender", b"\nFrom sender"), LF),
    "no last line end": (as_mbox(*LF).rstrip(b"\n"), [LF[0], LF[1].rstrip(b"\n") + b"\n"]),
}


@pytest.mark.parametrize("block", [1, 7, 64, 1 << 20])
@pytest.mark.parametrize("form", MBOXES)
def test_forms_of_mbox(form: str, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mbox, "BLOCK", block)
    monkeypatch.setattr(mbox, "LOOK_AHEAD", 200)
    content, messages = MBOXES[form]
    assert raws(content) == messages


def test_a_line_in_a_letter_is_no_new_message() -> None:
    letter = (
        LF[0]
        .replace(b"Hello", b"x")
        .replace(
            b"From here on",
            b"Dear all,\nFrom Monday, 1 June 2026 at 10:00 on we are closed.\n\nFrom then on: no.",
        )
    )
    content = b"From a@example.com Mon Jun  1 10:00:00 2026\n" + letter + b"\n"
    assert len(raws(content)) == 1


lines = st.lists(
    st.sampled_from(["", "From", "From ", "From a@example.com Mon Jun  1 10:00:00 2026", ">From x",
                     ">>From y",
                     "Subject: x", "text", "--b", " folded", "From : x", "Fro", "m "]), max_size=12,
).map("\n".join)  # fmt: skip


@given(bodies=st.lists(lines, min_size=1, max_size=5), block=st.sampled_from([1, 3, 50, 5000]))
@settings(max_examples=300)
def test_what_was_put_into_an_mbox_comes_out(bodies: list[str], block: int) -> None:
    messages = [f"Subject: {n}\n\n{body}\n".encode() for n, body in enumerate(bodies)]
    before, mbox.BLOCK = mbox.BLOCK, block
    try:
        assert raws(as_mbox(*messages)) == messages
    finally:
        mbox.BLOCK = before


def test_mailboxes_that_python_wrote(tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "box")
    for number in range(5):
        box.add(bounce(number).replace(b"\r\n", b"\n"))
    box.flush()
    assert raws(tmp_path / "box") == [bounce(n).replace(b"\r\n", b"\n") for n in range(5)]


def test_messages_larger_than_any_mail_are_left_out_and_the_next_ones_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mbox, "MAX_MESSAGE", 5_000)
    monkeypatch.setattr(mbox, "BLOCK", 1_000)
    huge = LF[0].replace(b"here on", b"x" * 40_000)
    found = list(h.messages_in(as_mbox(LF[1], huge, LF[0], huge, huge, LF[1], huge)))
    assert [item.raw for item in found] == [LF[1], None, LF[0], None, None, LF[1], None]
    assert [item.position for item in found] == list(range(1, 8))
    assert "larger" in found[1].reason


def test_an_empty_message_is_told_and_counted() -> None:
    frame = h.analyze_mailbox(
        as_mbox(LF[0]) + b"From x@example.com Mon Jun  1 10:00:00 2026\n\n" + as_mbox(LF[0])
    )
    assert list(frame["position"]) == [1, 3]
    assert reasons(frame) == ["the message is empty"]


# -------------------------------------------------------------- other places


def maildir(folder: Path) -> None:
    for name, messages in {"": [1, 2], ".Sent": [3], ".Sent.Old": [4]}.items():
        for part in ("cur", "new", "tmp"):
            (folder / name / part).mkdir(parents=True)
        for number in messages:
            (folder / name / "cur" / f"17{number}.M1P1.host.example:2,S").write_bytes(bounce(number))
    (folder / "new" / "180.M1P1.host").write_bytes(bounce(5))
    (folder / "tmp" / "190.M1P1.host").write_bytes(bounce(6))
    (folder / "dovecot-uidlist").write_bytes(b"3 V1\n")


def test_maildir_with_its_folders(tmp_path: Path) -> None:
    maildir(tmp_path / "Mail")
    frame = h.analyze_mailbox(tmp_path / "Mail")
    assert list(frame["recipient"].str.extract(r"person(\d)")[0]) == ["1", "2", "5", "3", "4"]
    assert frame["file"][0] == str(tmp_path / "Mail" / "cur" / "171.M1P1.host.example:2,S")
    assert frame.attrs["counts"]["unread"] == 0


def test_a_folder_of_all_sorts(tmp_path: Path) -> None:
    (tmp_path / "b.eml").write_bytes(bounce(2))
    (tmp_path / "a.mbox").write_bytes(as_mbox(bounce(1), bounce(1)))
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "12").write_bytes(bounce(3))  # as MH names them
    body = bounce(4)
    (tmp_path / "inner" / "x.emlx").write_bytes(b"%d\n" % len(body) + body + b"<?xml version='1.0'?><plist/>")
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff" + bytes(1000))
    (tmp_path / "README.md").write_bytes(b"# not mail")
    (tmp_path / ".hidden.eml").write_bytes(bounce(9))
    (tmp_path / "z.msg").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600))
    (tmp_path / "picture.eml").write_bytes(b"\xff\xd8\xff\xe0" + bytes(range(256)) * 9)
    (tmp_path / "gone.eml").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.eml")  # opening it would wait for ever
    (tmp_path / "again").symlink_to(tmp_path)
    (tmp_path / "empty.eml").write_bytes(b"")
    frame = h.analyze_mailbox(tmp_path)
    assert list(frame["recipient"].str.extract(r"person(\d)")[0]) == ["1", "1", "2", "3", "4"]
    assert list(frame["position"]) == [1, 2, 1, 1, 1]
    told = {Path(one["file"]).name: one["reason"] for one in frame.attrs["unread"]}
    assert set(told) == {"z.msg", "picture.eml", "empty.eml"}
    assert "save it as .eml" in told["z.msg"]
    assert told["empty.eml"] == "the file is empty"


def packed(kind: str, members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as box:
            for name, content in members.items():
                box.writestr(name, content)
    else:
        with tarfile.open(fileobj=out, mode="w:gz") as tar:
            for name, content in members.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


@pytest.mark.parametrize("kind", ["zip", "tgz"])
def test_packed_folders(kind: str, tmp_path: Path) -> None:
    inner = packed("zip", {"deep/c.eml": bounce(3)})
    members = {
        "Takeout/Mail/All mail.mbox": as_mbox(bounce(1), bounce(2)),
        "Takeout/archive.html": b"<html>",
        "more/inner.zip": inner,
        "Mail/cur/17.M1.host.example": bounce(4),
        "__MACOSX/._b.eml": b"\0\5\x16\7",
        "one.eml": bounce(5),
    }
    path = tmp_path / f"takeout.{kind}"
    path.write_bytes(packed(kind, members))
    for source in (path, path.read_bytes(), io.BytesIO(path.read_bytes()), [path]):
        frame = h.analyze_mailbox(source)
        assert list(frame["recipient"].str.extract(r"person(\d)")[0]) == ["1", "2", "3", "4", "5"]
        assert frame.attrs["counts"]["unread"] == 0
    frame = h.analyze_mailbox(path)
    assert frame["file"][2] == f"{path}/more/inner.zip/deep/c.eml"


def test_gzip_whole_and_cut_off(tmp_path: Path) -> None:
    content = gzip.compress(as_mbox(*(bounce(n, body=os.urandom(5000).hex()) for n in range(9))))
    (tmp_path / "box.mbox.gz").write_bytes(content)
    assert len(h.analyze_mailbox(tmp_path / "box.mbox.gz")) == 9
    assert len(h.analyze_mailbox(content + content + bytes(500))) == 18  # members, and padding
    assert reasons(h.analyze_mailbox(content[:-6] + b"\xff" * 6)) != []  # the sum does not fit
    (tmp_path / "cut.mbox.gz").write_bytes(content[: len(content) // 2])
    frame = h.analyze_mailbox(tmp_path / "cut.mbox.gz")
    assert 0 < len(frame) < 9
    assert reasons(frame) == ["the packed file ends too early"]
    assert frame.attrs["unread"][0]["position"] == len(frame) + 1


def zip_bomb(levels: int) -> bytes:
    content = packed("zip", {"zeros.eml": bytes(30_000_000)})
    for level in range(levels):
        content = packed("zip", {f"{level}-{n}.zip": content for n in range(10)})
    return content


def test_packed_files_that_expand_without_end_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "FREE", 1_000_000)
    read = 0
    spend = streams.Budget.spend

    def counted(self: streams.Budget, amount: int) -> None:
        nonlocal read
        read += amount
        spend(self, amount)

    monkeypatch.setattr(streams.Budget, "spend", counted)
    frame = h.analyze_mailbox(zip_bomb(2))
    assert len(frame) == 0
    assert any("no mailbox does" in reason for reason in reasons(frame))
    assert frame.attrs["counts"]["unread"] < 5
    assert read < 20_000_000
    frame = h.analyze_mailbox(packed("zip", {"a.zip": zip_bomb(2), "b.eml": bounce()}))
    assert any("more than 3 times" in reason or "no mailbox does" in reason for reason in reasons(frame))


def test_too_deep_too_many_locked_and_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bounce()
    for _ in range(4):
        content = gzip.compress(content)
    assert reasons(h.analyze_mailbox(content)) == ["packed more than 3 times"]
    good = packed("zip", {"a.eml": bounce(1), "b.eml": bounce(2), "c.eml": bounce(3)})
    broken = bytearray(good)
    broken[good.index(b"b.eml") + 30] ^= 0xFF  # in the packed bytes of the second
    frame = h.analyze_mailbox(bytes(broken))
    assert list(frame["recipient"].str.extract(r"person(\d)")[0]) == ["1", "3"]
    assert "damaged" in reasons(frame)[0]
    assert "damaged" in reasons(h.analyze_mailbox(good[:-30]))[0]
    locked = bytearray(good)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for found in re.finditer(re.escape(mark), good):
            locked[found.start() + at] |= 1
    assert reasons(h.analyze_mailbox(bytes(locked))) == ["it is locked with a password"] * 3
    monkeypatch.setattr(files, "MAX_DIRECTORY", 100)
    assert "too many files" in reasons(h.analyze_mailbox(good))[0]


@pytest.mark.parametrize("kind", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_to_pack_are_told_and_the_next_file_is_read(kind: int) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("a.eml", bounce(1), kind)
        archive.writestr("b.eml", bounce(2))
    frame = h.analyze_mailbox(content.getvalue())
    assert list(frame["file"]) == ["/b.eml"]
    assert reasons(frame) == ["packed in a way that is not used for mail; unpack it and pack it again"]


def test_members_of_a_zip_without_a_name_are_passed_over() -> None:
    named = packed("zip", {"a.eml": bounce(1), "b.eml": bounce(2)})
    listed = named.rindex(b"a.eml")  # in the list at the end
    nameless = bytearray(named[:listed] + named[listed + 5 :])
    nameless[listed - 18] = 0  # the length of the name
    nameless[-10] -= 5  # the length of the list
    assert list(h.analyze_mailbox(bytes(nameless))["file"]) == ["/b.eml"]


def test_members_of_a_tar_may_be_large_and_their_headers_not() -> None:
    letter = bounce(1) + b"x" * 3_000_000
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w", format=form) as archive:
            for name in ("a.jpg", "b.eml", "folder/" * 40 + "c.eml"):
                info = tarfile.TarInfo(name)
                info.size = len(letter)
                archive.addfile(info, io.BytesIO(letter))
        frame = h.analyze_mailbox(content.getvalue())
        assert [name.rpartition("/")[2] for name in frame["file"]] == ["b.eml", "c.eml"]
        assert reasons(frame) == []


def test_things_in_a_row(tmp_path: Path) -> None:
    (tmp_path / "a.mbox").write_bytes(as_mbox(bounce(1), bounce(2)))
    row = [bounce(3), h.read_message(bounce(4)), tmp_path / "a.mbox", str(tmp_path / "none.eml"), 17, None,
           io.BytesIO(bounce(5)), bounce(6).decode()]  # fmt: skip
    frame = h.analyze_mailbox(iter(row))
    assert list(frame["recipient"].str.extract(r"person(\d)")[0]) == ["3", "4", "1", "2", "5", "6"]
    assert frame.attrs["counts"]["messages"] == 9
    assert [one["position"] for one in frame.attrs["unread"]] == [1, 5, 6]
    assert "not int" in reasons(frame)[1]
    assert "No such file" in reasons(frame)[0]


def test_misuse_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        h.analyze_mailbox(tmp_path / "nothing.mbox")
    for wrong in ({"path": 17}, {"path": [], "dns": "fujiba"}, {"path": [], "executor": 3}):
        with pytest.raises(TypeError):
            h.analyze_mailbox(**wrong)
    with (
        ProcessPoolExecutor(1, get_context("spawn")) as pool,
        pytest.raises(TypeError, match="record nothing"),
    ):
        h.analyze_mailbox([], dns=h.RecordingDns(h.sample_zone("fujiba")), executor=pool)
    with (
        ProcessPoolExecutor(1, get_context("spawn")) as pool,
        pytest.raises(TypeError, match="another process"),
    ):
        h.analyze_mailbox([], dns=lambda name, rdtype: None, executor=pool)


# ------------------------------------------------------------- whoever reads


def many(count: int = 300) -> list[bytes]:
    kinds = [STORY, UNKNOWN, OTHER, b"", bounce()]
    return [bounce(n) if n % 3 else kinds[n % 5] for n in range(count)]


@pytest.fixture(scope="module")
def alone() -> pd.DataFrame:
    return h.analyze_mailbox(many(), dns=h.sample_zone("fujiba"))


def same(frame: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(frame, other)
    assert frame.attrs == other.attrs


def test_threads(alone: pd.DataFrame) -> None:
    with ThreadPoolExecutor(3) as executor:
        same(alone, h.analyze_mailbox(many(), dns=h.sample_zone("fujiba"), executor=executor))


def test_processes_of_the_caller(alone: pd.DataFrame) -> None:
    with ProcessPoolExecutor(2, get_context("spawn")) as executor:
        same(alone, h.analyze_mailbox(many(), dns=h.sample_zone("fujiba"), executor=executor))


def test_processes_of_this_machine(alone: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "FEW", 10)
    monkeypatch.setattr(run, "processors", lambda: 2)
    pools = []
    started = run.process_pool
    monkeypatch.setattr(run, "process_pool", lambda *given: pools.append(started(*given)) or pools[-1])
    same(alone, h.analyze_mailbox(many(), dns=h.sample_zone("fujiba")))
    assert len(pools) == 1


def test_live_and_recording_dns_stay_here_in_threads(
    alone: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "FEW", 10)
    monkeypatch.setattr(run, "process_pool", lambda *given: pytest.fail("no process can share a recorder"))
    dns = h.RecordingDns(h.LiveDns(resolver=h.sample_zone("fujiba")))
    same(alone, h.analyze_mailbox(many(), dns=dns))
    assert ("_dmarc.fujiba.net", "TXT") in dns.questions


@pytest.mark.parametrize("processes", [False, True])
def test_a_cluster(processes: bool, alone: pd.DataFrame) -> None:
    distributed = peer_module("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, processes=processes, threads_per_worker=1, dashboard_address=None, protocol="tcp"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        executor = client.get_executor()
        same(alone, h.analyze_mailbox(many(), dns=h.sample_zone("fujiba"), executor=executor))


class Failing(Executor):
    """Takes everything and does nothing."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_exception(BrokenExecutor("out of order"))
        return future


def test_a_broken_executor_costs_nothing_but_time(alone: pd.DataFrame) -> None:
    same(alone, h.analyze_mailbox(many(), dns=h.sample_zone("fujiba"), executor=Failing()))


def test_where_no_process_can_start_everything_is_read_here(
    alone: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "FEW", 10)
    monkeypatch.setattr(run, "processors", lambda: 2)
    monkeypatch.setattr(run, "process_pool", lambda *given: None)
    same(alone, h.analyze_mailbox(many(), dns=h.sample_zone("fujiba")))


def test_processes_that_are_killed(alone: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "FEW", 10)
    monkeypatch.setattr(run, "processors", lambda: 2)
    pools: list[Any] = []
    started = run.process_pool
    monkeypatch.setattr(run, "process_pool", lambda *given: pools.append(started(*given)) or pools[-1])
    reader = h.read_mailbox(many(), dns=h.sample_zone("fujiba"))
    recipients = [next(reader).recipient]
    for process in list(pools[0]._processes.values()):
        os.kill(process.pid, signal.SIGKILL)
    recipients += [row.recipient for row in reader]
    assert recipients == [None if pd.isna(one) else one for one in alone["recipient"]]


def test_a_fault_of_the_kit_is_told_with_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def rows_of(raw: bytes, **given: Any) -> Any:
        raise RecursionError("too deep")

    monkeypatch.setattr(run, "rows_of", rows_of)
    frame = h.analyze_mailbox([STORY])
    assert reasons(frame) == ["the kit failed on it (RecursionError: too deep); please report that"]


def test_memory_does_not_grow_with_the_mailbox() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield bounce(taken)

    bound = (run.MAX_IN_FLIGHT + 2) * run.MAX_CHUNK
    with ThreadPoolExecutor(2) as executor:
        reader = h.read_mailbox(endless(), executor=executor)
        for _ in range(100):
            next(reader)
            assert taken - reader.counts.messages <= bound
        reader.close()
    assert list(reader) == []


@pytest.mark.parametrize("elsewhere", [False, True])
def test_ctrl_c_gives_what_was_done(elsewhere: bool, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> Iterator[bytes]:
        yield from (bounce(n) for n in range(200))
        raise KeyboardInterrupt

    executor = ProcessPoolExecutor(2, get_context("spawn")) if elsewhere else None
    frame = h.analyze_mailbox(interrupted(), executor=executor)
    if executor is not None:
        executor.shutdown(wait=True, cancel_futures=True)
    assert frame.attrs["interrupted"]
    assert len(frame) == frame.attrs["counts"]["messages"] <= 200
    assert len(frame) >= (0 if elsewhere else 100)
    assert list(frame["message"]) == list(range(1, len(frame) + 1))
    assert f"Interrupted: {len(frame)} messages were read" in capsys.readouterr().err


def test_a_script_without_a_guard_is_not_started_again(tmp_path: Path) -> None:
    (tmp_path / "large.mbox").write_bytes(as_mbox(*(bounce(n, body="x" * 5_000) for n in range(650))))
    script = tmp_path / "mine.py"
    script.write_text(
        "import helpers as h\nfrom helpers.mailbox import run\nrun.processors = lambda: 2\n"
        f"print('begun', flush=True)\nprint(len(h.analyze_mailbox({str(tmp_path / 'large.mbox')!r})))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, env=environment, timeout=100
    )
    assert (done.stdout, done.stderr) == ("begun\n650\n", "")


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_processes_end_with_the_one_that_started_them(number: int, tmp_path: Path) -> None:
    """Ctrl-C goes to all at once, SIGKILL to the first one only. Nobody stays behind and holds its output."""
    script = (
        "import os, signal, sys, helpers as h\nfrom helpers.mailbox import run\nrun.processors = lambda: 2\n"
        f"one = {bounce()!r}\n"
        "def endless():\n    n = 0\n    while True:\n        n += 1\n"
        "        if n == 5000: print('begun', flush=True)\n        yield one\n"
        "print(len(h.analyze_mailbox(endless())) > 0)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", script]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdout=pipe, stderr=pipe, env=environment, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        if number == signal.SIGINT:
            os.killpg(process.pid, number)
        else:
            process.kill()
        try:
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    if number == signal.SIGINT:
        assert (process.returncode, out) == (0, b"True\n")
        said = err.decode().strip().splitlines()
        assert len(said) == 1, "no traceback of a worker"
        assert said[0].startswith("Interrupted")


# ------------------------------------------------------------- progress, cells


def test_progress_only_where_somebody_looks(capfd: pytest.CaptureFixture[str]) -> None:
    h.analyze_mailbox(many(100))
    assert capfd.readouterr() == ("", "")
    h.analyze_mailbox(as_mbox(*many(100)), progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "100 messages" in err
    h.analyze_mailbox(many(100), progress=True)
    assert "100/100" in capfd.readouterr().err


@given(st.lists(st.one_of(st.none(), st.text(max_size=5)), max_size=60), st.integers(1, 10))
@settings(max_examples=200)
def test_a_column_of_text_keeps_its_values(values: list[str | None], known: int) -> None:
    before, table.MAX_KNOWN = table.MAX_KNOWN, known
    try:
        texts = table._Texts()
        for value in values:
            texts.add(value)
        kept = [None if pd.isna(one) else one for one in texts.series(len(values))]
    finally:
        table.MAX_KNOWN = before
    assert kept == [None if value is None else table._cell(value) for value in values]


# ------------------------------------------------------------------- hostile


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"\x1f\x8b\x08", b"PK\x03\x04", b"From ", b"\0" * 257 + b"ustar"]),
)
@settings(max_examples=300)
def test_bytes_of_any_sort_never_raise(content: bytes, start: bytes) -> None:
    frame = h.analyze_mailbox(start + content)
    counts = frame.attrs["counts"]
    assert counts["messages"] == counts["bounces"] + counts["no_bounces"] + counts["unread"]


def test_the_real_bounces_as_an_mbox_are_read_as_they_are_one_by_one() -> None:
    paths = sorted(shared_path("corpus", "bounces", "maildir", "bsd").glob("*.eml"))
    messages = [path.read_bytes().replace(b"\r\n", b"\n") for path in paths]
    frame = h.analyze_mailbox(as_mbox(*messages))
    single = h.analyze_mailbox(messages)
    assert frame.attrs["counts"] == single.attrs["counts"]
    assert frame.attrs["counts"]["messages"] == len(paths)
    same_columns = [name for name in room.COLUMNS if name != "position"]
    pd.testing.assert_frame_equal(frame[same_columns], single[same_columns])


# --------------------------------------------------------------- sample, figures

ORCHARD = ROOT / "data" / "mailboxes" / "orchard.mbox.gz"
EVENTS = {"2026-03-03": "shop moves", "2026-04-14": "p=reject"}


@pytest.fixture(scope="module")
def orchard() -> pd.DataFrame:
    return h.analyze_mailbox(ORCHARD)


def test_the_sample_mailbox_is_what_its_script_makes() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "build_mailbox.py"), "--check"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert ORCHARD.stat().st_size < 500_000


def test_the_sample_mailbox_tells_its_story(orchard: pd.DataFrame) -> None:
    counts = orchard.attrs["counts"]
    assert counts["messages"] == counts["bounces"] + counts["no_bounces"] + counts["unread"] > 500
    assert counts["unread"] == 3
    assert set(orchard["cause"]) == {
        "authenticated_as_other", "spf_unauthorized", "not_about_authentication",
    }  # fmt: skip
    first = orchard.groupby("cause")["date"].min().dt.date.astype(str)
    assert first["authenticated_as_other"] == "2026-04-14"
    assert first["spf_unauthorized"] == "2026-03-03"
    of_cause = orchard.groupby("cause")["mail_from_domain"].unique().map(set)
    assert of_cause["authenticated_as_other"] == {"gmail.com"}
    assert of_cause["spf_unauthorized"] == {"orchard.example"}
    gmx = orchard[orchard["receiver"].str.startswith("GMX", na=False) & (orchard["blamed"] == "dmarc")]
    assert gmx["date"].min().month == 5


def test_the_sample_mailbox_is_invented(orchard: pd.DataFrame) -> None:
    content = gzip.decompress(ORCHARD.read_bytes())
    assert content.startswith(b"From 1850000000000007919@xxx ")
    for address in set(re.findall(rb"[\w.+-]+@([a-z0-9-]+(?:\.[a-z0-9-]+)+)", content)):
        assert address.endswith((b".example", b"gmail.com", b"googlemail.com", b"mx.google.com")), address
    ips = set(re.findall(rb"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])", content))
    assert ips
    assert all(ip.startswith((b"192.0.2.", b"198.51.100.", b"203.0.113.")) for ip in ips)


def test_todays_dns_does_not_explain_what_was_mended_since() -> None:
    zone = h.Zone.from_file(ORCHARD.with_name("orchard.zone"))
    frame = h.analyze_mailbox(ORCHARD, dns=zone)
    spf = frame[frame["blamed"] == "spf"]
    assert set(spf["cause"]) == {"not_reproduced", "spf_unauthorized"}
    old = zone.with_records("orchard.example", "TXT", ["v=spf1 ip4:203.0.113.25 -all"])
    assert set(h.analyze_mailbox(ORCHARD, dns=old)["cause"]) >= {"spf_unauthorized"}
    assert "not_reproduced" not in set(h.analyze_mailbox(ORCHARD, dns=old)["cause"])
    assert set(frame.loc[frame["blamed"] == "dmarc", "dmarc"]) == {"fail"}


def texts(picture: Any) -> list[str]:
    return [text.get_text() for text in picture.figure.axes[0].texts]


def test_refusals_by_receiver(orchard: pd.DataFrame) -> None:
    picture = h.refusals_figure(orchard)
    gmail = orchard[orchard["receiver"] == "Gmail"]["cause"].value_counts()
    said = f"Gmail: {gmail.sum()} ({gmail['not_about_authentication']} not about authentication"
    assert said in str(picture)
    assert {"Gmail", "Yahoo", str(gmail.sum()), "Authenticated as somebody else"} <= set(texts(picture))
    assert picture.png() == h.refusals_figure(orchard.sample(frac=1, random_state=1)).png()
    numbers = [int(one) for one in re.findall(r": (\d+) \(", str(picture))]
    assert sum(numbers) == len(orchard)


def test_refusals_over_time(orchard: pd.DataFrame) -> None:
    picture = h.refusals_timeline_figure(orchard, events=EVENTS)
    total = (orchard["cause"] == "authenticated_as_other").sum()
    assert f"Authenticated as somebody else: {total}, the first on 14 Apr 2026" in str(picture)
    assert "p=reject, 14 Apr 2026" in texts(picture)
    assert "a week" in str(picture)
    short = orchard[orchard["date"].dt.month == 3]
    assert "Refusals a day" in str(h.refusals_timeline_figure(short))
    unknown = orchard.assign(date=orchard["date"].where(orchard.index % 2 == 0))
    assert f"{unknown['date'].isna().sum()} have no date" in str(h.refusals_timeline_figure(unknown))


def odd_frames() -> Iterator[pd.DataFrame]:
    def frame(receivers: list[Any], causes: list[Any], dates: list[str]) -> pd.DataFrame:
        moments = pd.to_datetime(pd.Series(dates, dtype="str"), utc=True, format="ISO8601")
        return pd.DataFrame({"receiver": receivers, "cause": causes, "date": moments})

    yield frame(["a"], ["passes"], ["2026-01-01"])
    yield frame([None, "x" * 300], ["\x1b[2J$x$", None], ["2026-01-01", "2026-01-01"])
    yield frame(["日本.example"] * 2, ["undecided"] * 2, ["1700-01-01", "2200-12-31"])
    causes = [cause.value for cause in h.Cause]
    yield frame([f"r{n}" for n in range(len(causes))], causes, ["2026-02-03"] * len(causes))


@pytest.mark.parametrize("frame", list(odd_frames()))
def test_figures_of_odd_tables(frame: pd.DataFrame) -> None:
    for picture in (
        h.refusals_figure(frame),
        h.refusals_timeline_figure(frame, events={"2026-01-01": "<b>&$", "1500-01-01": "x"}),
    ):
        assert picture.png().startswith(b"\x89PNG")
        assert "\x1b" not in str(picture)
        width, height = picture.figure.get_size_inches()
        assert width == 9.6
        assert height <= 6.7


def test_figures_say_what_they_can_not_draw(orchard: pd.DataFrame) -> None:
    for draw in (h.refusals_figure, h.refusals_timeline_figure):
        with pytest.raises(ValueError, match="no"):
            draw(orchard[:0])
        with pytest.raises(ValueError, match="no column"):
            draw(orchard[["message"]])
    with pytest.raises(ValueError, match="is no day"):
        h.refusals_timeline_figure(orchard, events={"tomorrow": "x"})
