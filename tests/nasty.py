"""The worst mail and DNS that anybody thought of, in any size: tests and `make bench` measure growth with it.

Each pattern is a function from a size in bytes to what is read, and the reader it is for.
"""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from typing import Any

import helpers as h

HEAD = b"From: a@example.com\r\nTo: b@example.net\r\nSubject: x\r\nDate: Mon, 1 Sep 2025 10:00:00 +0000\r\n"
DNS = {"example.com": {"TXT": ["v=spf1 -all"]}, "_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject"]}}
ZONE = h.Zone.from_dict(DNS)
SIGNATURE = (
    b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=s; h=from; bh=AAAA; b=AAAA\r\n"
)


def fill(piece: bytes, size: int) -> bytes:
    """The piece again and again, to about the size."""
    return piece * max(1, size // len(piece))


def header(name: bytes, value: bytes) -> bytes:
    return HEAD + name + b": " + value + b"\r\n\r\nbody\r\n"


def nested_parts(size: int) -> bytes:
    """A multipart in a multipart in a multipart …"""
    depth = max(1, size // 100)
    opened = [
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (number, number)
        for number in range(depth)
    ]
    return HEAD + b"MIME-Version: 1.0\r\n" + b"".join(opened) + b"\r\nend\r\n"


def nested_messages(size: int) -> bytes:
    """A message in a message in a message …"""
    return HEAD + fill(b"Content-Type: message/rfc822\r\n\r\nFrom: a@example.com\r\n", size) + b"\r\n\r\nend"


BOUNCE = (
    b"From: MAILER-DAEMON@a.example\r\nSubject: failure\r\n\r\nYour message was refused: 550 5.7.1 no\r\n"
)


def report(size: int) -> bytes:
    """A delivery report about very many recipients."""
    rows = fill(b"Final-Recipient: rfc822; x@example.net\r\nAction: failed\r\nStatus: 5.7.1\r\n\r\n", size)
    return (
        HEAD + b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nrefused\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        b"Reporting-MTA: dns; mx.example.net\r\n\r\n" + rows + b"--b--\r\n"
    )


MESSAGES: dict[str, Callable[[int], bytes]] = {
    "nested parentheses": lambda size: header(b"Received", b"from x " + b"(" * size),
    "comments": lambda size: header(b"From", fill(b"(c) ", size) + b"a@example.com"),
    "comments not closed": lambda size: header(
        b"Authentication-Results", b"mx; spf=pass " + fill(b"(a (b ", size)
    ),
    "folded lines": lambda size: header(b"Subject", fill(b"x\r\n ", size)),
    "blank folded lines": lambda size: header(b"Subject", fill(b"\r\n \t", size)),
    "addresses": lambda size: header(b"To", fill(b"a@example.com, ", size)),
    "quotes not closed": lambda size: header(b"To", b'"' + fill(b'\\" , ', size)),
    "angle brackets": lambda size: header(b"To", fill(b"<a@example.com", size)),
    "groups": lambda size: header(b"From", fill(b"g:", size)),
    "encoded words": lambda size: header(b"Subject", fill(b"=?utf-8?Q?=41?= ", size)),
    "encoded words not closed": lambda size: header(b"Subject", fill(b"=?iso-2022-jp?B?", size)),
    "Received lines": lambda size: (
        fill(b"Received: from a ([192.0.2.1]) by b; Mon, 1 Sep 2025 10:00:00 +0000\r\n", size) + HEAD
    ),
    "Authentication-Results": lambda size: (
        fill(b"Authentication-Results: mx; spf=pass smtp.mailfrom=a.example\r\n", size) + HEAD
    ),
    "results in one field": lambda size: header(
        b"Authentication-Results", b"mx" + fill(b"; dkim=pass header.d=a", size)
    ),
    "DKIM-Signatures": lambda size: fill(SIGNATURE, size) + HEAD + b"\r\nbody\r\n",
    "one large DKIM-Signature": lambda size: header(b"DKIM-Signature", b"v=1; " + fill(b"t=1; ", size)),
    "h= with everything": lambda size: (
        SIGNATURE.replace(b"h=from", b"h=" + fill(b"from:", size)) + HEAD + b"\r\nbody"
    ),
    "many fields, many signed": lambda size: (
        SIGNATURE.replace(b"h=from", b"h=" + fill(b"x:", size // 4))
        + fill(b"X: y\r\n", size * 3 // 4)
        + HEAD
        + b"\r\nbody"
    ),
    "ARC sets": lambda size: (
        b"".join(
            b"ARC-Seal: i=%d; a=rsa-sha256; cv=pass; d=a.example; s=s; b=AAAA\r\n"
            b"ARC-Message-Signature: i=%d; a=rsa-sha256; d=a.example; s=s; h=from; bh=AA; b=AA\r\n"
            b"ARC-Authentication-Results: i=%d; mx; spf=pass\r\n" % (number, number, number)
            for number in range(1, max(2, size // 190))
        )
        + HEAD
    ),
    "a header without an end": lambda size: HEAD + b"X: " + b"y" * size,
    "lines without a colon": lambda size: HEAD + fill(b"no colon here\r\n", size),
    "bare carriage returns": lambda size: HEAD + fill(b"\r", size),
    "NUL bytes": lambda size: HEAD + b"X: " + b"\0" * size,
    "boundary strings": lambda size: (
        HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + fill(b"--b\r\n\r\n", size)
    ),
    "boundaries nearly": lambda size: (
        HEAD + b'Content-Type: multipart/mixed; boundary="bbbbbbbb"\r\n\r\n' + fill(b"--bbbbbbb\r\n", size)
    ),
    "parts nested": nested_parts,
    "messages nested": nested_messages,
    "MIME parameters": lambda size: header(b"Content-Type", b"text/plain" + fill(b"; a=b", size)),
    "RFC 2231 pieces": lambda size: header(
        b"Content-Type", b"text/plain" + b"".join(b"; name*%d=x" % number for number in range(size // 12))
    ),
    "base64": lambda size: HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + fill(b"QUJD\r\n", size),
    "quoted-printable": lambda size: (
        HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + fill(b"=3D=\r\n", size)
    ),
    "blank body": lambda size: SIGNATURE + HEAD + b"\r\n" + fill(b" \r\n", size),
    "one body line": lambda size: SIGNATURE + HEAD + b"\r\n" + b" x" * (size // 2),
    "blanks in a body line": lambda size: HEAD + b"\r\nx" + b" \t" * (size // 2) + b"x\r\n",
    "recipients of a report": report,
    "text of a bounce": lambda size: (
        b"From: MAILER-DAEMON@a.example\r\nSubject: failure\r\n\r\n"
        + fill(b"<x@example.net>: host mx.example.net said: 550 5.7.1 DMARC policy of example.com\r\n", size)
    ),
    "numbers in a bounce": lambda size: (
        b"From: MAILER-DAEMON@a.example\r\nSubject: failure\r\n\r\n" + fill(b"550 5.7.1 ", size)
    ),
    "blank lines of a bounce": lambda size: BOUNCE + b"\n" * size,
    "links in links": lambda size: BOUNCE + fill(b"https://a.example/?x=", size),
    "wildcards in a bounce": lambda size: BOUNCE + fill(b"*.", size),
    "routes of an address": lambda size: BOUNCE + b"a" + fill(b"%b.c", size) + b"@example.net",
    "a pasted line": lambda size: fill(b"550 5.7.1 DMARC (", size),
    "at signs": lambda size: header(b"From", b"@" * size),
    "dots": lambda size: header(b"From", b"a@" + b"." * size),
    "one label": lambda size: header(b"From", b"a@" + b"x" * size),
    "surrogates and bidi": lambda size: header(b"Subject", fill("\u202e\u200b\ud7ff".encode(), size)),
}


def _spf_zone(text: str) -> h.Zone:
    return h.Zone.from_dict({"example.com": {"TXT": [text]}})


def _names(size: int) -> int:
    return max(1, size // 40)


def _flood(size: int) -> h.Zone:
    hosts = [(10, f"mx{number}.example.com") for number in range(_names(size))]
    return h.Zone.from_dict({"example.com": {"TXT": ["v=spf1 mx ptr -all"], "MX": hosts}})


def _pointers(size: int) -> h.Zone:
    names = [f"h{number}.example.net" for number in range(_names(size))]
    return h.Zone.from_dict(
        {"example.com": {"TXT": ["v=spf1 ptr -all"]}, "1.2.0.192.in-addr.arpa": {"PTR": names}}
    )


def _loop(size: int) -> h.Zone:
    ring = {
        f"r{n}.example.com": {"TXT": [f"v=spf1 include:r{n + 1}.example.com -all"]}
        for n in range(_names(size))
    }
    return h.Zone.from_dict({"example.com": {"TXT": ["v=spf1 include:r0.example.com -all"]}, **ring})


def _aliases(size: int) -> h.Zone:
    chain = {f"c{n}.example.com": {"CNAME": f"c{n + 1}.example.com"} for n in range(_names(size))}
    return h.Zone.from_dict({**chain, "example.com": {"TXT": ["v=spf1 include:c0.example.com -all"]}})


# Zones are made before anything is measured: what counts is the check.
SPF: dict[str, Callable[[int], h.Zone]] = {
    "SPF record": lambda size: _spf_zone("v=spf1 " + "ip4:198.51.100.1 " * (size // 17) + "-all"),
    "SPF mechanisms that cost": lambda size: _spf_zone("v=spf1 " + "a:x.example.com " * (size // 16)),
    "SPF one term": lambda size: _spf_zone("v=spf1 a:" + "x" * size),
    "macro bombs": lambda size: _spf_zone("v=spf1 exists:" + "%{l}%{o}%{d}%{s}." * (size // 17) + "com -all"),
    "macro digits": lambda size: _spf_zone("v=spf1 exists:%{d" + "9" * size + "} -all"),
    "unknown modifiers": lambda size: _spf_zone("v=spf1 " + "x=y " * (size // 4)),
    "MX floods": _flood,
    "PTR floods": _pointers,
    "include loops": _loop,
    "CNAME chains": _aliases,
}

DMARC: dict[str, Callable[[int], h.Zone]] = {
    "DMARC record": lambda size: h.Zone.from_dict(
        {"_dmarc.example.com": {"TXT": ["v=DMARC1; " + "p=none; " * (size // 8)]}}
    ),
    "DMARC addresses": lambda size: h.Zone.from_dict(
        {"_dmarc.example.com": {"TXT": ["v=DMARC1; p=none; rua=" + "mailto:a@example.com," * (size // 21)]}}
    ),
}

ZONES: dict[str, Callable[[int], str]] = {
    "master file of one line": lambda size: "example.com. IN TXT " + '"x" ' * (size // 4),
    "master file of brackets": lambda size: "example.com. IN TXT (" + "(" * size,
    "master file of names": lambda size: "\n".join(
        f"n{n}.example.com. IN A 192.0.2.1" for n in range(size // 32)
    ),
    "master file of escapes": lambda size: "example.com. IN TXT " + "\\065" * (size // 4),
}


def _feedback(size: int, row: str) -> bytes:
    rows = row * max(1, size // len(row))
    return (
        "<feedback><report_metadata><org_name>a</org_name><report_id>1</report_id>"
        "<date_range><begin>1</begin><end>2</end></date_range></report_metadata>"
        f"<policy_published><domain>example.com</domain><p>none</p></policy_published>{rows}</feedback>"
    ).encode()


RECORD = (
    "<record><row><source_ip>192.0.2.1</source_ip><count>1</count><policy_evaluated>"
    "<dkim>fail</dkim><spf>fail</spf></policy_evaluated></row><identifiers><header_from>example.com"
    "</header_from></identifiers><auth_results><spf><domain>example.com</domain><result>fail</result></spf>"
    "</auth_results></record>"
)
REPORTS: dict[str, Callable[[int], bytes]] = {
    "aggregate records": lambda size: _feedback(size, RECORD),
    "aggregate signatures": lambda size: _feedback(
        size, RECORD.replace("<auth_results>", "<auth_results>" + "<dkim><domain>a</domain></dkim>" * 50)
    ),
    "unknown elements": lambda size: _feedback(size, "<x/>"),
    "elements nested": lambda size: b"<feedback>" + b"<x>" * (size // 3),
    "attributes": lambda size: b"<feedback " + b" ".join(b'a%d=""' % n for n in range(size // 9)) + b"/>",
    "entities": lambda size: (
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + fill(b'<!ENTITY b "&a;&a;">', size) + b"]><feedback/>"
    ),
    "comments in XML": lambda size: b"<feedback>" + fill(b"<!-- - -->", size) + b"</feedback>",
    "mails in a mailbox": lambda size: fill(b"From a@example.com Mon Sep  1 10:00:00 2025\n\nx\n\n", size),
}


def read(raw: bytes) -> Any:
    """A message with everything the kit derives from it, and all checks."""
    bounce = h.read_bounce(raw)
    message = bounce.original or bounce.message
    if message is None:
        return bounce
    _ = message.hops, message.stated, message.envelope, message.subject, message.to, message.parts
    return h.diagnose(bounce, dns=ZONE)


def check_spf(zone: h.Zone) -> Any:
    return h.check_spf(client_ip="192.0.2.1", mail_from="a@example.com", helo="x.example.com", dns=zone)


def check_dmarc(zone: h.Zone) -> Any:
    return h.evaluate_dmarc(author_domain="example.com", spf=("example.com", "pass"), dns=zone)


def read_zone(text: str) -> Any:
    """A master file; that it is refused is an answer, too."""
    try:
        return h.Zone.from_text(text)
    except ValueError as refused:
        return refused


def patterns() -> dict[str, tuple[Callable[[int], Any], Callable[[Any], Any]]]:
    """Every pattern with its reader."""
    found: dict[str, tuple[Callable[[int], Any], Callable[[Any], Any]]] = {}
    groups: tuple[tuple[dict[str, Any], Callable[[Any], Any]], ...] = (
        (MESSAGES, read),
        (SPF, check_spf),
        (DMARC, check_dmarc),
        (ZONES, read_zone),
        (REPORTS, h.read_reports),
    )
    for group, reader in groups:
        found |= {name: (make, reader) for name, make in group.items()}
    return found


def bombs() -> dict[str, bytes]:
    """Small files that unpack to something enormous, for readers of reports and mailboxes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("report.xml", b"\0" * 50_000_000)
    return {"zip of zeros": packed.getvalue(), "gzip of zeros": gzip.compress(b"\0" * 50_000_000)}


def _zip_of(kind: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", kind) as archive:
        archive.writestr("a.mbox", b"\0" * 50_000_000)
    return packed.getvalue()


def _long_directory(*, hidden: bool) -> bytes:
    """A zip that lists 400,000 files without names; ``hidden``: one of its last records lies."""
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 0, 20, 0, 0, 0, 0, 0x21, *[0] * 10)
    listed, start = entry * 400_000, b"PK\3\4" + b"\0" * 26
    sizes = (0, len(listed), len(start))
    long = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, *(sizes[0], *sizes))
    long += struct.pack("<4sLQL", b"PK\6\7", 0, len(start) + len(listed), 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0, 0, len(entry) if hidden else len(listed), len(start), 0)
    return start + listed + (long if hidden else b"") + end


def _long_header(kind: bytes) -> bytes:
    header = tarfile.TarInfo("x")
    header.type, header.size = kind, 50_000_000
    return header.tobuf(tarfile.USTAR_FORMAT) + b"a" * header.size


def archives() -> dict[str, bytes]:
    """Small packed files that Python's own readers of archives would hold in memory as something enormous."""
    return {
        "zip packed by bzip2": _zip_of(zipfile.ZIP_BZIP2),
        "zip packed by LZMA": _zip_of(zipfile.ZIP_LZMA),
        "list of a zip": gzip.compress(_long_directory(hidden=False)),
        "list of a zip, hidden": gzip.compress(_long_directory(hidden=True)),
        "tar with a long name": gzip.compress(_long_header(tarfile.GNUTYPE_LONGNAME)),
        "tar with long attributes": gzip.compress(_long_header(tarfile.XHDTYPE)),
    }


def peak(reader: Callable[[Any], Any], given: Any) -> int:
    """The most bytes in use at once, without the input itself."""
    tracemalloc.start()
    try:
        result = reader(given)
        most = tracemalloc.get_traced_memory()[1]
        del result
    finally:
        tracemalloc.stop()
    return most
