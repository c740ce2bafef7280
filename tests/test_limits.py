"""Limits from both sides: the last that is allowed, the first that is not. The rooms' own tests have more."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.nasty import HEAD, SIGNATURE
from tests.report_texts import XML, refused, zipped

import helpers as h
from helpers.dkim import body_hash, header_hash_input, parse_signature
from helpers.domains import walk_names
from helpers.lookup import Zone
from helpers.message import read_message
from helpers.services import make_key
from helpers.terms import DnsStatus, Result

KEY = make_key("limits")
KEYS = {"s._domainkey.example.com": {"TXT": [KEY.record]}}


class Asked:
    """A zone that remembers what it was asked."""

    def __init__(self, records: dict[str, Any]) -> None:
        self.zone, self.names = Zone.from_dict(records), list[str]()

    def __call__(self, name: str, rdtype: str) -> Any:
        self.names.append(name)
        return self.zone(name, rdtype)


# ------------------------------------------------------------------------- DKIM


def signed(tags: bytes) -> bytes:
    """A message with a signature that fits and has these tags as well."""
    digest = base64.b64encode(body_hash(b"x\r\n"))
    usual = b"v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=s; h=from"
    field = b"DKIM-Signature: %b; %b bh=%b; b=AAAA\r\n"
    raw = field % (usual, tags, digest) + b"From: a@example.com\r\n\r\nx\r\n"
    headers = read_message(raw).headers
    value = base64.b64encode(KEY.sign(header_hash_input(headers, parse_signature(headers[0].raw), 0)))
    return raw.replace(b"b=AAAA", b"b=" + value)


@pytest.mark.parametrize(
    ("tags", "now", "result"),
    [
        (b"t=10000;", 9_700, "pass"), (b"t=10000;", 9_699, "policy"),
        (b"x=10000;", 10_300, "pass"), (b"x=10000;", 10_301, "policy"),
        (b"t=9; x=10;", 20, "pass"), (b"t=10; x=10;", 20, "permerror"),
        (b"i=@a.example.com;", 0, "pass"), (b"i=@badexample.com;", 0, "permerror"),
    ],
)  # fmt: skip
def test_times_and_identities_of_a_signature(tags: bytes, now: int, result: str) -> None:
    (check,) = h.verify_dkim(signed(tags), dns=Zone.from_dict(KEYS), now=now)
    assert check.result == result


@pytest.mark.parametrize(("octets", "valid"), [(253, True), (254, False)])
def test_the_name_of_a_key_fits_into_dns(octets: int, valid: bool) -> None:
    domain = ".".join(["d" * 60] * 3 + ["e" * (octets - len("s._domainkey.") - 183 - 4), "com"])
    raw = SIGNATURE.replace(b"d=example.com", b"d=" + domain.encode())
    assert len(f"s._domainkey.{domain}") == octets
    assert (parse_signature(raw).problem is None) == valid


@pytest.mark.parametrize(("place", "result"), [(9, "pass"), (10, "fail")])
def test_ten_keys_at_one_name_are_tried(place: int, result: str) -> None:
    records = [make_key("another").record + f"; n={n}" for n in range(12)]
    records[place] = KEY.record
    (check,) = h.verify_dkim(signed(b""), dns=Zone.from_dict({"s._domainkey.example.com": {"TXT": records}}))
    assert check.result == result


def test_fifty_signatures_are_evaluated() -> None:
    checks = h.verify_dkim(SIGNATURE * 52 + HEAD + b"\r\nx", dns=Zone.from_dict({}))
    assert [check.reason.startswith("Not evaluated") for check in checks] == [False] * 50 + [True] * 2


# -------------------------------------------------------------------------- ARC


def arc(number: bytes, message: bytes = b"h=from", seal: bytes = b"") -> bytes:
    """One ARC set that nobody signed."""
    return (
        b"ARC-Seal: i=%b; a=rsa-sha256; cv=none; d=a.example; s=s; b=AAAA%b\r\n"
        b"ARC-Message-Signature: i=%b; a=rsa-sha256; d=a.example; s=s; %b; bh=AAAA; b=AAAA\r\n"
        b"ARC-Authentication-Results: i=%b; mx; spf=pass\r\n" % (number, seal, number, message, number)
    )


@pytest.mark.parametrize("number", [b"0", b"51", b"001", b"0" * 5_000 + b"1", "\u0661".encode(), b""])
def test_what_is_no_number_of_an_arc_set(number: bytes) -> None:
    check = h.verify_arc(arc(number) + HEAD + b"\r\nx", dns=Zone.from_dict({}))
    assert (check.result, "is not a number from 1 to 50" in check.reason) == (Result.FAIL, True)


@pytest.mark.parametrize(("count", "why"), [(50, "does not hold"), (51, "more than 50 fields")])
def test_fifty_arc_sets_are_read(count: int, why: str) -> None:
    sets = b"".join(
        arc(b"%d" % n).replace(b"cv=none", b"cv=pass" if n > 1 else b"cv=none") for n in range(1, count + 1)
    )
    check = h.verify_arc(sets + HEAD + b"\r\nx", dns=Zone.from_dict({}))
    assert check.result == Result.FAIL
    assert (why in check.reason) or (count == 50 and "is not as" in check.reason)


@pytest.mark.parametrize(
    ("field", "why"),
    [(arc(b"1", message=b"h=from:arc-seal"), "lists ARC-Seal"), (arc(b"1", seal=b"; h=from"), "a tag h=")],
)
def test_what_arc_fields_may_not_sign(field: bytes, why: str) -> None:
    assert why in h.verify_arc(field + HEAD + b"\r\nx", dns=Zone.from_dict({})).reason


# ------------------------------------------------------------------------ DMARC


@pytest.mark.parametrize(("labels", "names"), [(6, 6), (7, 7), (8, 8), (9, 8), (127, 8)])
def test_a_tree_walk_asks_eight_names_and_none_twice(labels: int, names: int) -> None:
    asked = walk_names(".".join(["a"] * labels))
    assert len(set(asked)) == len(asked) == names


@pytest.mark.parametrize(("octets", "asked"), [(253, True), (254, False)])
def test_a_record_whose_name_does_not_fit_is_not_asked_for(octets: int, asked: bool) -> None:
    domain = ".".join(["d" * 60] * 3 + ["e" * (octets - len("_dmarc.") - 183 - 4), "com"])
    dns = Asked({"example.com": {}})
    h.evaluate_dmarc(author_domain=domain, dns=dns)
    assert (f"_dmarc.{domain}" in dns.names) == asked
    assert all(len(name) <= 253 for name in dns.names)


def test_twenty_identifiers_are_walked_for_and_those_that_passed_first() -> None:
    dns = Asked({"_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject"]}})
    flood = [(f"d{n}.example.com", "fail") for n in range(60)]
    check = h.evaluate_dmarc(
        author_domain="example.com", dkim=[*flood, ("last.example.com", "pass")], dns=dns
    )
    assert (check.result, "_dmarc.last.example.com" in dns.names) == ("pass", True)
    assert len([name for name in dns.names if name.startswith("_dmarc.d")]) == 19


def test_the_end_of_a_name_is_no_parent() -> None:
    dns = Asked({"_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject"]}})
    check = h.evaluate_dmarc(author_domain="example.com", spf=("badexample.com", "fail"), dns=dns)
    assert (check.result, check.spf_aligned) == ("fail", False)
    assert "_dmarc.badexample.com" not in dns.names


# -------------------------------------------------------------------------- DNS


@pytest.mark.parametrize(("name", "exists"), [("x" * 63, True), ("x" * 64, False)])
def test_labels_of_a_zone(name: str, exists: bool) -> None:
    if exists:
        assert Zone.from_dict({f"{name}.com": {"A": ["192.0.2.1"]}}).names() == (f"{name}.com",)
    else:
        with pytest.raises(ValueError, match="not a domain name"):
            Zone.from_dict({f"{name}.com": {}})


@pytest.mark.parametrize(("octets", "valid"), [(253, True), (254, False)])
def test_names_of_a_zone(octets: int, valid: bool) -> None:
    for first in ("d", "\\032"):  # a plain name, and one that is read octet by octet
        name = ".".join([first * 60, "d" * 60, "d" * 60, "d" * 60, "e" * (octets - 244)])
        if valid:
            assert len(Zone.from_dict({name: {}}).names()) == 1
        else:
            with pytest.raises(ValueError, match="not a domain name"):
                Zone.from_dict({name: {}})


@pytest.mark.parametrize(("links", "status"), [(15, DnsStatus.DATA), (16, DnsStatus.FAILURE)])
def test_fifteen_aliases_are_followed(links: int, status: DnsStatus) -> None:
    chain = {f"c{n}.example.com": {"CNAME": f"c{n + 1}.example.com"} for n in range(links)}
    zone = Zone.from_dict({**chain, f"c{links}.example.com": {"A": ["192.0.2.1"]}})
    assert zone("c0.example.com", "A").status == status


@pytest.mark.parametrize("line", ["$INCLUDE /etc/hostname", "$GENERATE 1-3 a$ A 192.0.2.1", "$include x"])
def test_a_zone_from_a_stranger_reads_no_other_file(line: str) -> None:
    with pytest.raises(ValueError, match="line 1"):
        Zone.from_text(f"{line}\nb.example. A 192.0.2.1\n")


# ------------------------------------------------------------- mail and bounces


def nested(depth: int) -> bytes:
    opened = [
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (number, number)
        for number in range(depth)
    ]
    return HEAD + b"".join(opened) + b"\r\nend\r\n"


def test_parts_are_cut_twenty_deep() -> None:
    assert [max(part.depth for part in read_message(nested(n)).parts) for n in (20, 21, 40)] == [20, 20, 20]


def test_a_thousand_parts_are_cut() -> None:
    parts = HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\nx\r\n" * 1_200
    assert len(read_message(parts).parts) == 1_000


@pytest.mark.parametrize(
    "text",
    [
        "[" * 50_000,
        '{"a":' * 10_000,
        '{"a":' * 500 + '{"email": "a@example.com", "reason": "550 5.7.1 no"}' + "}" * 500,
        json.dumps({"reason": "{" * 40_000}),
        '{"email": "a@example.com", "reason": ' + "9" * 5_000 + "}",
    ],
    ids=range(5),
)  # fmt: skip
def test_an_event_that_is_nested_without_end_is_read_or_left(text: str) -> None:
    assert len(h.read_bounce(text.encode()).replies) <= 1


@pytest.mark.parametrize(("depth", "more", "found"), [(12, 0, 1), (13, 0, 0), (0, 59_900, 1), (0, 60_000, 0)])
def test_how_deep_and_how_long_an_event_may_be(depth: int, more: int, found: int) -> None:
    event = json.dumps({"email": "a@example.com", "reason": "550 5.7.1 no", "x": "y" * more})
    text = '{"a":' * depth + event + "}" * depth
    assert len(h.read_bounce(text.encode()).replies) == found


# ---------------------------------------------------------- reports, mailboxes


def test_a_hundred_files_in_a_zip_of_reports() -> None:
    assert len(h.read_reports(zipped(*((f"{n}.xml", b"<a/>") for n in range(100)))).unreadable) == 100
    assert "holds 101 files" in refused(zipped(*((f"{n}.xml", b"<a/>") for n in range(101))))


@pytest.mark.parametrize(("depth", "found"), [(3, 1), (4, 0)])
def test_reports_are_looked_for_three_mails_deep(depth: int, found: int) -> None:
    mail = b"Content-Type: application/xml\r\n\r\n" + XML.encode()
    for _ in range(depth):
        mail = b"Subject: x\r\nContent-Type: message/rfc822\r\n\r\n" + mail
    assert len(h.read_reports(mail)) == found


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a named pipe")
@pytest.mark.parametrize("reader", [h.read_reports, h.analyze_mailbox], ids=["reports", "mailbox"])
def test_pipes_and_circles_in_a_folder_are_passed_over(reader: Any, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.eml")
    (tmp_path / "round").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "lost.eml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "self.eml").symlink_to(tmp_path / "self.eml")
    assert len(reader(tmp_path)) == 0


@pytest.mark.skipif(os.name != "posix", reason="needs symbolic links")
def test_a_link_to_itself_hides_no_mail_in_a_maildir(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "0").symlink_to(tmp_path / "new" / "0")
    (tmp_path / "new" / "1").write_bytes(b"550 5.7.1 rejected due to DMARC policy\r\n")
    assert len(h.analyze_mailbox(tmp_path)) == 1


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="needs a device")
def test_a_device_is_no_mailbox() -> None:
    assert h.analyze_mailbox("/dev/null").attrs["unread"][0]["reason"] == "neither a file nor a folder"
