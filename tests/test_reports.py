"""Reports are read in both forms, whatever holds them, and failure reports become rows."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.report_texts import DATA, FORMS, NEW, OLD, READ, RFC9990, XML, one, refused, zipped

import helpers as h
from helpers.reports import DkimFound, Override, Reports, SpfFound

# -------------------------------------------------------------------- both forms


def test_the_older_form_is_read_in_full() -> None:
    report = one(FORMS / f"{OLD}.xml")
    assert (report.org_name, report.domain, report.p, report.pct) == (
        "receiver.example", "fujiba.net", "reject", "100",
    )  # fmt: skip
    assert (report.sp, report.np, report.adkim, report.aspf) == ("reject", None, "r", "r")
    assert report.report_id == "20250509.fujiba.net@receiver.example"
    assert report.begin == datetime(2025, 5, 9, tzinfo=UTC)
    assert report.end == datetime(2025, 5, 9, 23, 59, 59, tzinfo=UTC)
    assert (report.namespace, report.version, report.notes) == (None, "1.0", ())
    gmail, form = report.records
    assert (gmail.source_ip, gmail.count, gmail.disposition) == ("192.0.2.41", 40, "none")
    assert (gmail.dkim_aligned, gmail.spf_aligned, gmail.aligned) == (False, False, False)
    assert gmail.spf == (SpfFound("gmail.com", "pass", "mfrom"),)
    assert gmail.reasons == (Override("local_policy", "mail of this sender was wanted before"),)
    assert gmail.envelope_from is None
    assert gmail.in_words == "SPF pass for gmail.com, not aligned; no DKIM result: DMARC fails"
    assert (form.source_ip, form.disposition, form.authenticated_as) == ("198.51.100.90", "quarantine", ())


def test_the_form_of_rfc_9990_is_read_in_full() -> None:
    report = one(FORMS / f"{NEW}.xml")
    assert report.namespace == RFC9990
    assert (report.np, report.testing, report.discovery_method, report.fo) == ("reject", "n", "treewalk", "0")
    assert report.generator == "example reporter 2.1"
    assert report.extra_contact_info == "Reports are made every night."
    assert (report.records[0].disposition, report.records[0].envelope_from) == ("reject", "gmail.com")
    service = h.read_reports(FORMS / "mail_with_two.eml").reports[1].records[0]
    assert (service.disposition, service.envelope_from, service.envelope_to) == (
        "pass", "bounce.fujiba.net", "737flight.example",
    )  # fmt: skip
    assert service.dkim[0] == DkimFound("fujiba.net", "pass", "svc1", "2048-bit key")
    assert service.in_words == (
        "SPF pass for bounce.fujiba.net, aligned; DKIM pass for fujiba.net, pass for sending-service.example,"
        " aligned: DMARC passes"
    )


def samples_of_rfc_9990() -> list[bytes]:
    """The text of every sample in the new form, taken out of its mailbox without the reader."""
    import mailbox

    found = [path.read_bytes() for path in FORMS.glob("737*.xml")]
    for mail in mailbox.mbox(DATA / "fujiba" / "737flight.example.mbox", create=False):
        found += [
            gzip.decompress(part.get_payload(decode=True)) for part in mail.walk() if part.get_filename()  # type: ignore[arg-type]
        ]  # fmt: skip
    return found


def test_samples_in_the_new_form_are_valid_by_its_schema(shared: Callable[..., Path]) -> None:
    from lxml import etree

    schema = etree.XMLSchema(etree.parse(shared("standards", "dmarc-xml-0.2.xsd")))
    texts = samples_of_rfc_9990()
    assert len(texts) > 20
    for text in texts:
        schema.assertValid(etree.fromstring(text))


# ------------------------------------------------------------- whatever holds them


@pytest.mark.parametrize(
    ("packed", "plain"),
    [(f"{OLD}.zip", f"{OLD}.xml"), (f"{NEW}.xml.gz", f"{NEW}.xml"), ("mail_with_one.eml", f"{OLD}.xml")],
)
def test_packing_changes_nothing(packed: str, plain: str) -> None:
    assert one(FORMS / packed).records == one(FORMS / plain).records


def test_a_mail_may_carry_several() -> None:
    read = h.read_reports(FORMS / "mail_with_two.eml")
    assert [str(report.begin.date()) for report in read if report.begin] == ["2025-05-09", "2025-05-27"]
    assert all("mail_with_two.eml: 737flight.example!fujiba.net!" in report.source for report in read)


def test_every_source_is_read_alike(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    path.write_text(XML, encoding="utf-8")
    raw = XML.encode()
    with path.open("rb") as binary, path.open(encoding="utf-8") as text:
        sources = [
            path, str(path), XML, raw, bytearray(raw), memoryview(raw), binary, text, io.BytesIO(raw), [path],
            (raw,), iter([XML]), tmp_path, gzip.compress(raw), zipped(("a/b.xml", raw)), "\ufeff" + XML,
            XML.encode("utf-16"), "\n  " + XML,
        ]  # fmt: skip
        for source in sources:
            assert one(source).records == (READ,)


def test_a_message_and_a_mail_in_a_mail() -> None:
    raw = (FORMS / "mail_with_one.eml").read_bytes()
    above = b'Content-Type: multipart/mixed; boundary="b"\n\n--b\n\nSee below.\n'
    forwarded = above + b"--b\nContent-Type: message/rfc822\n\n"
    expected = one(raw).records
    assert one(h.read_message(raw)).records == expected
    assert one(forwarded + raw + b"\n--b--\n").records == expected


def test_an_attachment_counts_by_what_it_is() -> None:
    mail = (FORMS / "mail_with_one.eml").read_text()
    for was, now in (
        (".zip", ".pdf"),
        ("application/zip", "application/octet-stream"),
        ("attachment", "inline"),
    ):
        assert one(mail.replace(was, now)).messages == 41
    plain = f"Subject: x\nContent-Type: text/plain\n\n{XML}"
    assert one(plain).records == (READ,)


def test_a_folder_and_its_mailboxes() -> None:
    read = h.read_reports(DATA)
    assert (len(read), len(read.failures), len(read.unreadable)) == (114, 2, 8)
    assert read.notes == ("Reports that came more than once and are counted once: 7.",)
    assert read.domains == ("fujiba.net",)
    assert [report.begin for report in read] == sorted(report.begin for report in read if report.begin)


def test_a_zip_with_several_and_with_what_is_none() -> None:
    other = XML.replace("<report_id>42", "<report_id>43")
    read = h.read_reports(
        zipped(
            ("a.xml", XML.encode()), ("b.xml", other.encode()), ("c.txt", b"hello"), ("__MACOSX/._a", b"\0")
        )
    )
    assert [report.report_id for report in read] == ["42", "43"]
    assert [unread.source for unread in read.unreadable] == ["the bytes: c.txt"]


def test_a_report_that_comes_twice_counts_once_and_a_changed_one_twice() -> None:
    twice = h.read_reports([XML, gzip.compress(XML.encode()), XML.replace("<count>3", "<count>5")])
    assert twice.messages == 8
    assert twice.notes == (
        "Reports that came more than once and are counted once: 1.",
        "Reports with another one's identifier and other contents, counted too: 1.",
    )


def test_misuse_is_an_error_and_contents_never_are(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        h.read_reports(tmp_path / "gone.xml")
    with pytest.raises(FileNotFoundError):
        h.read_reports("gone.xml")
    for wrong in (None, 5, [None]):
        with pytest.raises(TypeError, match="Reports are bytes, text, a path"):
            h.read_reports(wrong)
    assert h.read_reports([]) == h.read_reports(tmp_path) == Reports()


# ------------------------------------------------------------------------- failures


def test_failure_reports_become_rows() -> None:
    refusal, changed_mail = h.read_reports(DATA / "fujiba").failures
    assert refusal.arrived == datetime(2025, 5, 9, 1, 0, 4, tzinfo=UTC)
    assert (refusal.source_ip, refusal.mail_from, refusal.recipient) == (
        "192.0.2.41", "owner.example@gmail.com", "captain@737flight.example",
    )  # fmt: skip
    assert (refusal.auth_failure, refusal.identity_alignment, refusal.delivery_result) == (
        "dmarc",
        (),
        "reject",
    )
    assert (refusal.header_from, refusal.reported_domain, refusal.subject) == (
        "fujiba.net", "fujiba.net", "Monthly report, May",
    )  # fmt: skip
    assert (changed_mail.auth_failure, changed_mail.dkim_domain, changed_mail.dkim_selector) == (
        "bodyhash", "fujiba.net", "svc1",
    )  # fmt: skip


IN_WORDS = """\
Subject: DMARC Forensic Report for example.com from IP 203.0.113.68
Content-Type: multipart/report; boundary="b"

--b
Content-Type: text/plain

A message claiming to be from you has failed the published DMARC policy for your domain.

  Sender Domain: example.com
  Sender IP Address: 203.0.113.68
  Received date: Mon, 07 Apr 2025 23:16:09 +0200
  SPF Alignment: no
  DKIM Alignment: yes
  DMARC Results: None, Accept

------ This is a copy of the headers that were received before the error was detected.

From: <user@example.com>
Subject: Payment from your account.

--b--
"""


def test_a_failure_report_in_words_alone_is_one_too() -> None:
    read = h.read_reports(IN_WORDS)
    assert len(read.failures) == 1
    found = read.failures[0]
    assert (found.source_ip, found.reported_domain, found.identity_alignment, found.delivery_result) == (
        "203.0.113.68", "example.com", ("dkim",), "accept",
    )  # fmt: skip
    assert found.arrived == datetime(2025, 4, 7, 21, 16, 9, tzinfo=UTC)


def test_a_bounce_is_no_failure_report(root: Path) -> None:
    assert "no report in it" in refused(root / "data" / "sample_headers" / "incident_bounce.eml")


# -------------------------------------------------------------------------- samples


def test_the_samples_are_those_that_the_tool_makes(root: Path) -> None:
    made = subprocess.run(
        [sys.executable, str(root / "tools" / "build_reports.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (made.returncode, made.stdout) == (0, ""), made.stderr
