"""The sample messages and zones: each ends as the index says, and the index says all of it."""

from __future__ import annotations

import ipaddress
import json
import re
import subprocess
import sys
from pathlib import Path

import dns.zone
import pytest

import helpers as h

ROOT = Path(__file__).resolve().parent.parent
MESSAGES = ROOT / "data" / "sample_headers"
ZONES = ROOT / "data" / "zones"
ROWS = json.loads((MESSAGES / "index.json").read_text("utf-8"))["messages"]
EXPECTED_FIELDS = {"cause", "author_domain", "spf", "dkim", "dmarc", "stated"}
OPTIONAL_FIELDS = {"bounce", "arc", "not_counted", "subject", "dkim_warns"}

every_row = pytest.mark.parametrize("row", ROWS, ids=[row["file"] for row in ROWS])
every_bounce = pytest.mark.parametrize(
    "row", [row for row in ROWS if "bounce" in row["expect"]], ids=lambda row: row["file"]
)
every_zone = pytest.mark.parametrize("path", sorted(ZONES.glob("*.zone")), ids=lambda path: path.stem)


def raw(file: str) -> bytes:
    return (MESSAGES / file).read_bytes()


def zone_of(row) -> h.Zone:
    return h.Zone.from_file(ZONES / f"{row['zone']}.zone")


def judged(row) -> h.Message | None:
    """The message that the row's verdicts are about: the one inside, where the file is a bounce."""
    bounce = h.read_bounce(raw(row["file"]))
    return bounce.original if bounce.is_bounce else h.read_message(raw(row["file"]))


def envelope_of(row) -> h.Envelope | None:
    return h.Envelope(**row["envelope"]) if row["envelope"] else None


def authenticated(row, **how) -> h.Authentication:
    return h.authenticate(judged(row), envelope=envelope_of(row), dns=zone_of(row), now=row["now"], **how)


# -------------------------------------------------------------- index and files


def test_every_file_is_in_the_index_and_every_row_has_its_file():
    listed = [row["file"] for row in ROWS]
    there = {path.name for path in MESSAGES.iterdir() if path.suffix in (".eml", ".txt")}
    assert len(listed) == len(set(listed))
    assert set(listed) == there


def test_every_zone_is_used_and_every_named_zone_is_there():
    assert {row["zone"] for row in ROWS} == {path.stem for path in ZONES.glob("*.zone")}


@every_row
def test_a_row_tells_what_origin_and_expectation(row):
    for told in ("title", "shows", "origin"):
        assert len(row[told]) >= 9
        assert not row[told].endswith(" ")
    assert set(row["expect"]) >= EXPECTED_FIELDS
    assert set(row["expect"]) <= EXPECTED_FIELDS | OPTIONAL_FIELDS


@every_row
def test_line_endings_are_those_of_mail(row):
    content = raw(row["file"])
    lines, carriage_returns = content.count(b"\n"), content.count(b"\r")
    assert content.count(b"\r\n") == carriage_returns == (lines if row["file"].endswith(".eml") else 0)


def test_samples_are_made_by_their_script():
    tool = ROOT / "tools" / "build_samples.py"
    run = subprocess.run([sys.executable, tool, "--check"], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr


# --------------------------------------------------------------------- verdicts


@every_row
def test_identities_and_statements(row):
    message, expect = judged(row), row["expect"]
    if message is None:
        assert expect["author_domain"] is None
        assert expect["stated"] == []
        return
    assert message.author_domain == expect["author_domain"]
    stated = [
        [said.by, said.method, str(said.result)]
        for said in message.stated
        if said.counted and said.header.lower() == "authentication-results"
    ]
    assert stated == expect["stated"]
    not_counted = [name for name, _domain, _why in message.signatures_not_counted]
    assert sorted(not_counted) == sorted(expect.get("not_counted", []))
    if "subject" in expect:
        assert message.subject == expect["subject"]


@every_row
def test_the_envelope_is_inferred_from_the_headers(row):
    """Of mail that arrived, all of it. Of mail that came back, MAIL FROM at least."""
    message = judged(row)
    if message is None:
        return
    inferred = message.envelope
    if "bounce" in row["expect"] and row["expect"]["bounce"]["kind"] != "not-a-bounce":
        assert inferred.mail_from in (row["envelope"]["mail_from"], None)
        return
    assert {name: getattr(inferred, name) for name in row["envelope"]} == row["envelope"]


@every_row
def test_spf(row):
    if row["expect"]["dmarc"] is None:
        return
    check, expect = authenticated(row).spf, row["expect"]["spf"]
    assert (check and {"result": str(check.result), "domain": check.domain}) == expect


@every_row
def test_dkim(row):
    if row["expect"]["dmarc"] is None:
        return
    checks, expect = authenticated(row).dkim, row["expect"]["dkim"]
    assert [{name: getattr(c, name) for name in e} for c, e in zip(checks, expect, strict=True)] == expect
    if "dkim_warns" in row["expect"]:
        assert row["expect"]["dkim_warns"] in " ".join(checks[0].warnings)


@every_row
@pytest.mark.parametrize("rules", ["rfc9989", "rfc7489"])
def test_dmarc(row, rules):
    """The samples end alike under the old rules and the new ones."""
    expect = row["expect"]["dmarc"]
    if expect is None:
        return
    check = authenticated(row, rules=rules).dmarc
    aligned = [[a.method, a.domain] for a in check.alignments if a.aligned and a.result == "pass"]
    assert {
        "result": check.result,
        "policy": check.policy,
        "policy_domain": check.policy_domain,
        "disposition": check.disposition,
        "aligned": aligned,
    } == expect


@every_row
def test_arc(row):
    if row["expect"]["dmarc"] is None:
        return
    assert h.verify_arc(judged(row).raw, dns=zone_of(row)).result == row["expect"].get("arc", "none")


@every_bounce
def test_bounce(row):
    bounce = h.read_bounce(raw(row["file"]))
    got = {
        "replies": [[r.recipient, r.code, r.enhanced] for r in bounce.replies],
        **{
            name: getattr(bounce, name)
            for name in (
                ["kind", "returned", "reporter", "receiver", "blamed", "blamed_domain", "blamed_ip", "basis"]
            )
        },
    }
    expect = row["expect"]["bounce"]
    assert {name: got[name] for name in expect} == expect


@every_row
def test_only_bounces_are_bounces(row):
    expect = row["expect"].get("bounce", {"kind": "not-a-bounce"})
    assert h.read_bounce(raw(row["file"])).is_bounce == (expect["kind"] != "not-a-bounce")


@every_row
def test_cause_from_the_file_alone(row):
    diagnosis = h.diagnose(raw(row["file"]), dns=zone_of(row))
    assert diagnosis.cause == row["expect"]["cause"]
    if row["envelope"]:  # found in the headers, or in what the bounce says about them
        envelope = diagnosis.authentication.envelope
        assert {name: getattr(envelope, name) for name in row["envelope"]} == row["envelope"]


# -------------------------------------------------------------------- the story


def test_nothing_the_owner_publishes_lets_the_incident_pass():
    """Adding Gmail to the SPF record, or publishing the service's key, changes nothing for this mail."""
    row = ROWS[0]
    published = zone_of(row).with_records(
        "fujiba.net", "TXT", ["v=spf1 include:mailgun.org include:_spf.google.com ~all"]
    )
    for zone in (published, h.Zone.from_file(ZONES / "fujiba-fixed.zone")):
        found = h.authenticate(judged(row), dns=zone, now=row["now"])
        assert (found.spf.result, found.dmarc.result) == ("pass", "fail")


def test_googles_private_signature_is_a_real_one():
    """Renamed it verifies, for 1e100.net, which aligns with nobody."""
    row = ROWS[0]
    renamed = raw(row["file"]).replace(b"X-Google-DKIM-Signature:", b"DKIM-Signature:")
    (check,) = h.verify_dkim(renamed, dns=zone_of(row), now=row["now"])
    assert (check.result, check.domain) == ("pass", "1e100.net")


def test_the_bounce_itself_is_genuine():
    row = next(row for row in ROWS if row["file"] == "incident_bounce.eml")
    (check,) = h.verify_dkim(raw(row["file"]), dns=zone_of(row), now=row["now"])
    assert (check.result, check.domain) == ("pass", "googlemail.com")


@every_row
def test_dkimpy_agrees_where_it_can(row, monkeypatch):
    """The reference verifier, on each RSA signature that our check accepts."""
    import dkim

    if not any(expected["result"] == "pass" for expected in row["expect"]["dkim"]):
        return
    monkeypatch.setattr(dkim.time, "time", lambda: row["now"])
    zone = zone_of(row)

    def txt(name, timeout=5):
        answer = zone(name.decode(), "TXT")
        return answer.values[0].encode() if answer.values else None

    message = judged(row)
    for at, expected in enumerate(row["expect"]["dkim"]):
        if expected["result"] == "pass" and not expected["selector"].startswith("ed"):
            assert dkim.DKIM(message.raw).verify(at, dnsfunc=txt) is True


# ------------------------------------------------------------------------ zones


@every_zone
def test_a_zone_file_is_one_that_a_name_server_can_serve(path):
    """SOA and NS at the top, nothing delegated away, and the same number of names in our reader."""
    served = dns.zone.from_file(str(path), origin=".", relativize=False)
    assert [str(name) for name, _ in served.iterate_rdatasets("NS")] == ["."]
    names = {str(name).rstrip(".").lower() or "." for name in served.nodes}
    assert names <= set(h.Zone.from_file(path).names())


@every_zone
def test_a_zone_is_found_by_its_name(path):
    assert h.sample_zone(path.stem).names() == h.Zone.from_file(path).names()


@every_zone
def test_a_zone_file_explains_itself(path):
    lines = path.read_text("utf-8").splitlines()
    assert lines[0].startswith("; ")
    assert sum(line.startswith(";") for line in lines) >= 5
    assert max(map(len, lines)) <= 110


# ------------------------------------------------------------- nobody's real data

OURS = re.compile(
    r"(?i)(^|\.)(example|example\.(com|net|org|jp)|fujiba\.net|gmail\.com|googlemail\.com|google\.com"
    r"|1e100\.net|mailgun\.(org|net)|cm2\.dti\.ne\.jp|smtpclient\.apple|outlook\.com)$"
)
PROPERTY = re.compile(r"(smtp|header)\.(mailfrom|helo|from|d|i|s|b)$")  # RFC 8601, no host names
HOST_NAME = re.compile(r"(?<![\w.-])(?:\w[\w-]*\.)+[^\W\d_]{2,}(?![\w@-]|\.\w)")
IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]\d)")
IPV6 = re.compile(r"(?i)(?<![\w:])(?:IPv6:)?([0-9a-f]{1,4}(?::[0-9a-f]{0,4}){3,7})(?![\w:])")
DOCUMENTATION = [
    ipaddress.ip_network(block)
    for block in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]
every_text = pytest.mark.parametrize(
    "path",
    [*sorted(MESSAGES.glob("*.*")), *sorted(ZONES.glob("*.zone"))],
    ids=lambda path: path.name,
)


@every_text
def test_only_reserved_or_public_names_occur(path):
    if path.name == "index.json":  # its prose names files
        text = json.dumps([[row["envelope"], row["expect"]] for row in ROWS], ensure_ascii=False)
    elif path.suffix == ".zone":  # without its comments, names written in full
        text = dns.zone.from_file(str(path), origin=".", relativize=False).to_text(relativize=False)
    else:
        text = path.read_text("utf-8")
    names = {name for name in HOST_NAME.findall(text) if not PROPERTY.search(name)}
    assert not {name for name in names if not OURS.search(name)}


@every_text
def test_only_documentation_addresses_occur(path):
    text = path.read_text("utf-8")
    addresses = [*IPV4.findall(text), *IPV6.findall(text)]
    outside = {
        address
        for address in addresses
        if not any(ipaddress.ip_address(address) in block for block in DOCUMENTATION)
    }
    assert not outside
