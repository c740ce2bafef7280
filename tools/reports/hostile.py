"""Files that are refused, each for a reason of its own: attacks, damage, and things that are no report."""

from __future__ import annotations

import gzip
import io
import zipfile

from reports.forms import Report

ENTITIES = """\
<?xml version="1.0"?>
<!DOCTYPE feedback [
  <!ENTITY a "haha">
  <!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
  <!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
  <!ENTITY file SYSTEM "file:///etc/hostname">
]>
<feedback><report_metadata><org_name>&c; &file;</org_name></report_metadata></feedback>
"""


def hostile(report: Report) -> dict[str, bytes]:
    """File names and contents; ``report`` is the one that is cut off."""
    return {
        "entities.xml": ENTITIES.encode(),
        "entities_utf16.xml": ENTITIES.split("\n", 1)[1].encode("utf-16"),
        "cut_off.xml": report.xml[: len(report.xml) // 2].encode(),
        "cut_off.xml.gz": gzip.compress(report.xml.encode(), mtime=0)[:-40],
        "deep.xml": b"<feedback>" + b"<a>" * 20_000 + b"</a>" * 20_000 + b"</feedback>",
        "no_report.xml": b"<html><body>Please log in to see your report.</body></html>",
        "tls_report.json": b'{"organization-name": "receiver.example", "policies": []}',
        "zeros.zip": _zeros(10_000_000),
    }


def _zeros(size: int) -> bytes:
    """A zip of zeros: a thousand times smaller than what it unpacks to."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo("zeros.xml", (2025, 6, 1, 0, 0, 0))
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, bytes(size))
    return buffer.getvalue()
