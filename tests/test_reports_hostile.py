"""Attacks and damage end in a sentence, in little memory and time, and never in an error."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys

import pytest
from tests.report_texts import DATA, XML, refused, zipped

import helpers as h

# -------------------------------------------------------------------------- hostile


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("entities.xml", "document type declaration"),
        ("entities_utf16.xml", "document type declaration"),
        ("cut_off.xml", "It is cut off"),
        ("cut_off.xml.gz", "ends too early"),
        ("deep.xml", "nested more than 256 deep"),
        ("no_report.xml", "its root element is <html>"),
        ("tls_report.json", "SMTP TLS report"),
        ("zeros.zip", "It is no XML"),
    ],
)
def test_hostile_samples_are_refused_with_a_sentence(name: str, why: str) -> None:
    said = refused(DATA / "hostile" / name)
    assert why in said
    assert said.endswith(".")
    assert "\n" not in said


LOL = '<!DOCTYPE f [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><feedback>&b;</feedback>'


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (LOL.encode("utf-16-le"), "document type"),
        (LOL.encode("utf-16-be"), "document type"),
        (b'<?xml version="1.0" encoding="UTF-7"?>' + LOL.encode("utf-7"), "document type"),
        (b'<!DOCTYPE f SYSTEM "http://127.0.0.1:9/x">' + XML.encode(), "document type"),
        (b"<!-- " + b"x" * 262_130 + b"--><!DOCTYPE f>" + XML.encode(), "document type"),
        (b"<feedback " + b" ".join(b'a%d="1"' % n for n in range(150_000)) + b"/>", "more than 1 MiB"),
        (b'<feedback a="' + b"x" * 2_000_000 + b'"/>', "more than 1 MiB without a whole record"),
        (XML.replace("<count>3", "<count>" + "3" * 2_000_000).encode(), "more than 1 MiB"),
        (XML.replace("<row>", "<a>" * 300 + "</a>" * 300 + "<row>").encode(), "nested more than 256 deep"),
        (XML[:-200].encode(), "cut off"),
        (gzip.compress(XML.encode())[:-4], "ends too early"),
        (gzip.compress(XML.encode())[:40] + b"\xff" * 40, "damaged"),
        (gzip.compress(gzip.compress(XML.encode())), "packed twice"),
        (gzip.compress(b"") * 200, "more than 100 members"),
        (zipped(("a.zip", zipped(("a.xml", XML.encode())))), "packed twice"),
        (zipped(), "The zip archive is empty"),
        (zipped(*((f"{n}.xml", b"<a/>") for n in range(101))), "holds 101 files"),
        (zipped(("a.xml", XML.encode()))[:-10], "can't be opened"),
        (zipped(("a.xml", XML.encode())).replace(b"\x14\0\0\0\x08", b"\x14\0\x01\0\x08"), "encrypted"),
        (zipped(("a.xml", XML.encode())).replace(b"\x00\x08\x00", b"\x00\x63\x00"), "can't be unpacked"),
        (b"", "empty"), (b" \n", "empty"), (b"hello", "no report in it"), (b"\0" * 1000, "no report in it"),
        (b"<a", "cut off"), (b"<a></b></feedback>", "not well-formed"), (b"{}", "JSON"),
        (b"<feedback></feedback>", "no DMARC report"),
        (b"Subject: hi\n\nNothing attached.\n", "no report in it"),
    ],
)  # fmt: skip
def test_hostile_and_broken_bytes_are_refused_with_a_sentence(data: bytes, why: str) -> None:
    said = refused(data)
    assert why in said
    assert said.endswith(".")


BOMBS = """
import gzip, json, resource, struct, sys, zlib
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
import helpers as h

def deflated(first, block, times):
    # After a full flush a block is compressed to the same bytes each time: ten gigabytes take no time.
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    start = packer.compress(first) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    return start + again * times + b"\\x03\\x00"

def gzipped(first, block, times):
    return b"\\x1f\\x8b\\x08" + bytes(7) + deflated(first, block, times) + bytes(8)

def zipped(first, block, times):
    data, size = deflated(first, block, times), 0xFFFFFFFE
    fields = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0x21, 0, len(data), size, 5, 0)
    entry = b"PK\\x03\\x04" + fields + b"a.xml" + data
    listed = b"PK\\x01\\x02" + struct.pack("<H", 20) + fields + bytes(2 + 2 + 2 + 4 + 4) + b"a.xml"
    end = b"PK\\x05\\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(listed), len(entry), 0)
    return entry + listed + end

MIB = 1 << 20
record = (b"<record><row><source_ip>192.0.2.1</source_ip><count>1</count><policy_evaluated><dkim>fail</dkim>"
          b"</policy_evaluated></row><identifiers><header_from>a.example</header_from></identifiers></record>")
long = record.replace(b"<row>", b"<a>" + b"x" * 6_000 + b"</a><row>")
bombs = {
    "zeros, gzip": gzipped(b"", bytes(16 * MIB), 640),
    "zeros, zip": zipped(b"", bytes(16 * MIB), 640),
    "white space": gzipped(b"<feedback>", b" " * (16 * MIB), 640),
    "elements": gzipped(b"<feedback>", b"<a/>" * (4 * MIB), 640),
    "one record": gzipped(b"<feedback><record>", b"<a/>" * (4 * MIB), 640),
    "a comment": gzipped(b"<feedback><!-- ", b"x" * (16 * MIB), 640),
    "records": gzipped(b"<feedback>", record * 60_000, 640),
    "large records": zipped(b"<feedback>", long * 2_000, 640),
    "records with a comment": gzipped(b"<feedback><report_metadata/><record><!-- --></record>",
                                      b"<a/>" * 8_000 + b"<record/>", 640),
}
read = {name: h.read_reports(data) for name, data in bombs.items()}
print(json.dumps({name: [one.why for one in found.unreadable] for name, found in read.items()}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on memory is set as Linux has it")
def test_bombs_of_ten_gigabytes_end_in_a_sentence_within_a_gigabyte() -> None:
    made = subprocess.run(
        [sys.executable, "-c", BOMBS], capture_output=True, text=True, check=False, timeout=300
    )
    assert made.returncode == 0, made.stderr[-2000:]
    said = json.loads(made.stdout)
    assert all(len(whys) == 1 for whys in said.values()), said
    assert "It is no XML" in said["zeros, gzip"][0]
    assert "It is no XML" in said["zeros, zip"][0]
    for name in ("white space", "elements", "a comment"):
        assert "more than 1 MiB without a whole record" in said[name][0]
    assert "more than 1 MiB without a whole record" in said["one record"][0]
    assert "more than 250,000 records" in said["records"][0]
    assert "more than 100 MiB of XML" in said["large records"][0]


def test_nothing_that_is_inside_raises() -> None:
    for size in range(0, len(XML), 7):
        for cut in (
            XML.encode()[:size],
            gzip.compress(XML.encode())[:size],
            zipped(("a", XML.encode()))[:size],
        ):
            h.read_reports(cut)
