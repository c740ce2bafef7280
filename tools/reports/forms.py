"""A day's rows as XML, in the form of RFC 7489 and in that of RFC 9990, packed and put into mails."""

from __future__ import annotations

import base64
import gzip
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from email.utils import formatdate
from xml.sax.saxutils import escape

from reports.story import Seen, stamp

NAMESPACE = "urn:ietf:params:xml:ns:dmarc-2.0"  # RFC 9990 §3.1.1.1
DOMAIN = "fujiba.net"
WORDS = {"pass": "2048-bit key", "fail": "body hash did not verify"}


@dataclass(frozen=True)
class Report:
    """One report: its text, and what its file, its mail and its reporter are called."""

    receiver: str
    day: date
    xml: str

    @property
    def name(self) -> str:
        """The file name without its ending (RFC 9990 §3.5.2)."""
        return f"{self.receiver}!{DOMAIN}!{stamp(self.day)}!{stamp(self.day) + 86399}"

    @property
    def identifier(self) -> str:
        """The report_id (RFC 9990 §3.5.1)."""
        return f"{self.day:%Y%m%d}.{DOMAIN}@{self.receiver}"


def rfc7489(receiver: str, day: date, rows: Sequence[Seen]) -> Report:
    """The older form, as large receivers still write it: no namespace, MAIL FROM left out."""
    report = Report(receiver, day, "")
    records = "".join(_record_7489(row) for row in rows)
    xml = f"""<?xml version="1.0" encoding="UTF-8" ?>
<feedback>
  <version>1.0</version>
  <report_metadata>
    <org_name>{receiver}</org_name>
    <email>dmarc-noreply@{receiver}</email>
    <extra_contact_info>https://{receiver}/dmarc</extra_contact_info>
    <report_id>{report.identifier}</report_id>
    <date_range>
      <begin>{stamp(day)}</begin>
      <end>{stamp(day) + 86399}</end>
    </date_range>
  </report_metadata>
  <policy_published>
    <domain>{DOMAIN}</domain>
    <adkim>r</adkim>
    <aspf>r</aspf>
    <p>reject</p>
    <sp>reject</sp>
    <pct>100</pct>
  </policy_published>
{records}</feedback>
"""
    return Report(receiver, day, xml)


def _record_7489(row: Seen) -> str:
    signatures = "".join(
        f"""      <dkim>
        <domain>{domain}</domain>
        <result>{result}</result>
        <selector>{selector}</selector>
      </dkim>
"""
        for domain, selector, result in row.dkim
    )
    return f"""  <record>
    <row>
      <source_ip>{row.source_ip}</source_ip>
      <count>{row.count}</count>
{_policy_evaluated(row)}    </row>
    <identifiers>
      <header_from>{DOMAIN}</header_from>
    </identifiers>
    <auth_results>
{signatures}      <spf>
        <domain>{row.spf[0]}</domain>
        <result>{row.spf[1]}</result>
      </spf>
    </auth_results>
  </record>
"""


def rfc9990(receiver: str, day: date, rows: Sequence[Seen]) -> Report:
    """The form of 2026, with what it added; valid by the schema in its Appendix A."""
    report = Report(receiver, day, "")
    records = "".join(_record_9990(row) for row in rows)
    xml = f"""<?xml version="1.0" encoding="UTF-8"?>
<feedback xmlns="{NAMESPACE}">
  <version>1.0</version>
  <report_metadata>
    <org_name>{receiver}</org_name>
    <email>postmaster@{receiver}</email>
    <extra_contact_info lang="en">Reports are made every night.</extra_contact_info>
    <report_id>{report.identifier}</report_id>
    <date_range>
      <begin>{stamp(day)}</begin>
      <end>{stamp(day) + 86399}</end>
    </date_range>
    <generator>example reporter 2.1</generator>
  </report_metadata>
  <policy_published>
    <domain>{DOMAIN}</domain>
    <p>reject</p>
    <sp>reject</sp>
    <np>reject</np>
    <adkim>r</adkim>
    <aspf>r</aspf>
    <discovery_method>treewalk</discovery_method>
    <fo>0</fo>
    <testing>n</testing>
  </policy_published>
{records}</feedback>
"""
    return Report(receiver, day, xml)


def _record_9990(row: Seen) -> str:
    signatures = "".join(
        f"""      <dkim>
        <domain>{domain}</domain>
        <selector>{selector}</selector>
        <result>{result}</result>
        <human_result lang="en">{WORDS[result]}</human_result>
      </dkim>
"""
        for domain, selector, result in row.dkim
    )
    return f"""  <record>
    <row>
      <source_ip>{row.source_ip}</source_ip>
      <count>{row.count}</count>
{_policy_evaluated(row)}    </row>
    <identifiers>
      <header_from>{DOMAIN}</header_from>
      <envelope_from>{row.spf[0]}</envelope_from>
      <envelope_to>737flight.example</envelope_to>
    </identifiers>
    <auth_results>
{signatures}      <spf>
        <domain>{row.spf[0]}</domain>
        <scope>mfrom</scope>
        <result>{row.spf[1]}</result>
      </spf>
    </auth_results>
  </record>
"""


def _policy_evaluated(row: Seen) -> str:
    words = {check: "pass" if check in row.aligned else "fail" for check in ("dkim", "spf")}
    reason = ""
    if row.reason:
        reason = f"""        <reason>
          <type>{row.reason[0]}</type>
          <comment>{escape(row.reason[1])}</comment>
        </reason>
"""
    return f"""      <policy_evaluated>
        <disposition>{row.disposition}</disposition>
        <dkim>{words["dkim"]}</dkim>
        <spf>{words["spf"]}</spf>
{reason}      </policy_evaluated>
"""


# ------------------------------------------------------------------------ packed


def zipped(report: Report) -> bytes:
    """The report in a zip archive, as RFC 7489 reporters like it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo(
            f"{report.name}.xml", (report.day.year, report.day.month, report.day.day, 23, 59, 58)
        )
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, report.xml)
    return buffer.getvalue()


def gzipped(report: Report) -> bytes:
    """The report as RFC 9990 §3.5.2 wants it."""
    return gzip.compress(report.xml.encode(), mtime=0)


def attached(report: Report) -> tuple[str, str, bytes]:
    """Name, type and bytes of the attachment that the receiver sends."""
    if NAMESPACE in report.xml:
        return f"{report.name}.xml.gz", "application/gzip", gzipped(report)
    return f"{report.name}.zip", "application/zip", zipped(report)


def mail(*reports: Report) -> bytes:
    """A mail with the reports attached (RFC 9990 §3.5.2): sent in the night after the day."""
    first = reports[0]
    sent = stamp(first.day + timedelta(days=1)) + 3 * 3600
    boundary = f"report-{first.day:%Y%m%d}-{first.receiver}"
    lines = [
        f"From: DMARC reports <dmarc-noreply@{first.receiver}>",
        f"To: dmarc@{DOMAIN}",
        f"Subject: Report Domain: {DOMAIN} Submitter: {first.receiver}",
        f"\tReport-ID: <{first.identifier}>",
        f"Date: {formatdate(sent)}",
        f"Message-ID: <{first.identifier}>",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/mixed; boundary="{boundary}"',
        "",
        f"--{boundary}",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        f"This is an aggregate report about {DOMAIN}, attached.",
    ]
    for report in reports:
        name, kind, data = attached(report)
        lines += [
            f"--{boundary}",
            f"Content-Type: {kind}",
            f'Content-Disposition: attachment; filename="{name}"',
            "Content-Transfer-Encoding: base64",
            "",
            base64.encodebytes(data).decode("ascii").rstrip("\n"),
        ]
    lines += [f"--{boundary}--", ""]
    return "\n".join(lines).encode("ascii")


def mailbox(mails: Sequence[tuple[date, bytes]]) -> bytes:
    """The mails as an mbox file, as mail programs export a folder."""
    return b"".join(
        f"From MAILER-DAEMON {day + timedelta(days=1):%a %b %d} 03:00:00 {day.year}\n".encode() + raw + b"\n"
        for day, raw in mails
    )
