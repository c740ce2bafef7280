"""A report to take apart, and short ways to read one: for the tests of reports."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import helpers as h
from helpers.reports import DkimFound, Record, SpfFound

DATA = Path(__file__).resolve().parent.parent / "data" / "reports"
FORMS = DATA / "forms"
OLD, NEW = (
    "receiver.example!fujiba.net!1746748800!1746835199",
    "737flight.example!fujiba.net!1746748800!1746835199",
)
RFC9990 = "urn:ietf:params:xml:ns:dmarc-2.0"

RECORD = """\
  <record>
    <row>
      <source_ip>192.0.2.1</source_ip>
      <count>3</count>
      <policy_evaluated>
        <disposition>none</disposition>
        <dkim>fail</dkim>
        <spf>pass</spf>
      </policy_evaluated>
    </row>
    <identifiers>
      <header_from>example.com</header_from>
    </identifiers>
    <auth_results>
      <dkim>
        <domain>example.net</domain>
        <selector>s1</selector>
        <result>pass</result>
      </dkim>
      <spf>
        <domain>example.com</domain>
        <result>pass</result>
      </spf>
    </auth_results>
  </record>
"""
XML = f"""\
<?xml version="1.0" encoding="UTF-8" ?>
<feedback>
  <version>1.0</version>
  <report_metadata>
    <org_name>receiver.example</org_name>
    <email>dmarc@receiver.example</email>
    <report_id>42</report_id>
    <date_range>
      <begin>1749427200</begin>
      <end>1749513599</end>
    </date_range>
  </report_metadata>
  <policy_published>
    <domain>example.com</domain>
    <p>none</p>
  </policy_published>
{RECORD}</feedback>
"""
READ = Record(
    source_ip="192.0.2.1", count=3, disposition="none", dkim_aligned=False, spf_aligned=True,
    header_from="example.com", dkim=(DkimFound("example.net", "pass", "s1"),),
    spf=(SpfFound("example.com", "pass"),),
)  # fmt: skip


def one(source: Any) -> Any:
    """The one report in the source, and nothing else."""
    read = h.read_reports(source)
    assert [unread.why for unread in read.unreadable] == []
    assert len(read.reports) == 1
    return read.reports[0]


def refused(source: Any) -> str:
    """Why the one thing in the source is refused."""
    read = h.read_reports(source)
    assert not read.reports
    assert not read.failures
    assert len(read.unreadable) == 1
    return read.unreadable[0].why


def zipped(*files: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return buffer.getvalue()


def changed(*pairs: tuple[str, str]) -> str:
    """The report with every old text replaced; each has to be there."""
    text = XML
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text
