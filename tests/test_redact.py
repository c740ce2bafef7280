"""A redacted mail: nobody of the original is left in any encoding, and it reads as the original did."""

from __future__ import annotations

import base64
import json
import os
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import ROOT, shared_path
from tests.redaction import identifiers, layers, leaks
from tests.redaction_mails import bounces, mails

import helpers as h
from helpers.bounce import Bounce, read_bounce
from helpers.message import read_message
from helpers.redact import Redacted, redact
from helpers.services import all_services

SAMPLES = ROOT / "data" / "sample_headers"
INDEX = json.loads((SAMPLES / "index.json").read_text("utf-8"))["messages"]


def zone_of(row: dict) -> h.Zone | None:
    return h.sample_zone(row["zone"]) if row.get("zone") else None


def essence(bounce: Bounce | None) -> dict[str, object]:
    """What a bounce says apart from names."""
    if bounce is None:
        return {}
    return {
        "kind": bounce.kind,
        "blamed": bounce.blamed,
        "basis": bounce.basis,
        "meaning": bounce.meaning,
        "returned": bounce.returned,
        "has blamed domain": bounce.blamed_domain is not None,
        "has blamed ip": bounce.blamed_ip is not None,
        "replies": [(r.code, r.enhanced, r.status, r.action, r.stage) for r in bounce.replies],
    }


def shape(raw: bytes) -> list[tuple[str, str, list[str]]]:
    """The MIME tree: type, transfer encoding and field names of each part."""
    parts = read_message(raw).parts
    return [
        (p.content_type, p.encoding, [f.lname for f in p.headers if f.lname != "x-redacted"]) for p in parts
    ]


# ------------------------------------------------------------------ samples


@pytest.mark.parametrize("row", INDEX, ids=lambda row: row["file"])
def test_a_sample_tells_the_same_and_names_nobody(row):
    raw, zone = (SAMPLES / row["file"]).read_bytes(), zone_of(row)
    copy = redact(raw, dns=zone)
    assert leaks(raw, copy.message) == set()
    assert leaks(raw, json.dumps(copy.to_dict()).encode()) == set()
    assert copy.message.count(b"mailto:") == raw.count(b"mailto:")
    if copy.zone is not None:
        assert "rua=mailto:" in copy.zone.to_text() or "rua=" not in copy.zone.to_text()
        assert leaks(raw, copy.zone.to_text().encode()) == set()
    before, after = h.diagnose(raw, dns=zone), h.diagnose(copy.message, dns=copy.zone)
    assert after.cause == before.cause == row["expect"]["cause"]
    assert essence(after.bounce) == essence(before.bounce)
    assert [f.value for f in copy.verdicts if f.name == "cause"] == [before.cause]
    assert not any("does not tell" in note for note in copy.notes)


@pytest.mark.parametrize("row", INDEX, ids=lambda row: row["file"])
def test_every_check_of_a_sample_ends_the_same(row):
    """SPF through renamed networks, DKIM by keys of the copy, DMARC by renamed records, under both rules."""
    raw, zone = (SAMPLES / row["file"]).read_bytes(), zone_of(row)
    if zone is None:
        pytest.skip("no DNS belongs to this sample")
    for rules in ("rfc9989", "rfc7489"):
        copy = redact(raw, dns=zone, rules=rules)
        before = h.diagnose(raw, dns=zone, rules=rules)
        after = h.diagnose(copy.message, dns=copy.zone, rules=rules)
        assert [_outcome(i) for i in after.identifiers] == [_outcome(i) for i in before.identifiers]
        assert _dmarc(after) == _dmarc(before)
        assert [fix.protection_kept for fix in after.fixes] == [fix.protection_kept for fix in before.fixes]


def _outcome(identifier):
    key = getattr(identifier.check, "key_state", None)
    return identifier.method, identifier.result, identifier.aligned, identifier.aligned_if_relaxed, key


def _dmarc(diagnosis):
    found = diagnosis.authentication.dmarc if diagnosis.authentication else None
    return found and (found.result, found.policy, found.published, found.disposition, len(found.alignments))


@pytest.mark.parametrize("row", INDEX, ids=lambda row: row["file"])
def test_the_structure_of_a_sample_stays(row):
    raw = (SAMPLES / row["file"]).read_bytes()
    copy = redact(raw)
    assert shape(copy.message) == shape(raw)
    before, after = read_message(raw), read_message(copy.message)
    for one, other in zip(before.hops, after.hops, strict=True):
        assert (one.protocol, one.tls, one.date, one.delay_seconds) == (
            other.protocol,
            other.tls,
            other.date,
            other.delay_seconds,
        )
    stated = [[(s.method, s.result, s.counted, s.trusted) for s in m.stated] for m in (before, after)]
    assert stated[0] == stated[1]


@pytest.mark.parametrize("row", INDEX, ids=lambda row: row["file"])
def test_names_subjects_and_texts_of_people_are_gone(row):
    raw = (SAMPLES / row["file"]).read_bytes()
    message = h.diagnose(raw, dns=None).message or read_message(raw)
    known = (message.subject, *(a.name for a in message.from_addresses))
    words = [text for text in known if len(text) > 5]
    words += [
        line.strip()
        for part in message.parts
        if part.is_leaf
        for line in part.text().split("\n")
        if len(line) > 30 and line.strip(" _")
    ]
    copy = redact(raw)
    text = read_message(copy.message)
    everything = "\n".join([copy.message.decode("utf-8", "replace"), *(p.text() for p in text.parts)])
    assert [word for word in words if word in everything] == []


# ------------------------------------------------------------------- corpus


@pytest.fixture(scope="module")
def corpus() -> list[tuple[str, bytes, Redacted]]:
    base = shared_path("corpus", "bounces")
    files = [path for path in sorted(base.rglob("*")) if path.is_file() and path.parent != base]
    rows = [(str(path.relative_to(base)), path.read_bytes()) for path in files]
    return [(name, raw, redact(raw)) for name, raw in rows]


def test_nobody_of_the_corpus_is_left_in_any_encoding(corpus):
    left = {name: leaks(raw, copy.message) for name, raw, copy in corpus}
    assert len(left) > 430
    assert {name: found for name, found in left.items() if found} == {}


def test_every_copy_of_the_corpus_is_diagnosed_as_its_original(corpus):
    different = {}
    for name, raw, copy in corpus:
        before, after = h.diagnose(raw, dns=None), h.diagnose(copy.message, dns=None)
        if (before.cause, essence(before.bounce)) != (after.cause, essence(after.bounce)):
            different[name] = (before.cause, essence(before.bounce)), (after.cause, essence(after.bounce))
    assert different == {}


def test_the_test_finds_many_names_in_the_corpus_itself(corpus):
    """Or else the two tests above would look for nothing."""
    counted = [len(identifiers(raw)) for _, raw, _ in corpus]
    assert min(counted) >= 1
    assert sum(counted) > 441 * 8
    unchanged = [name for name, raw, copy in corpus if not leaks(raw, raw)]
    assert unchanged == []


HIDDEN = {
    "as it is": lambda text: text,
    "in capitals": str.upper,
    "quoted-printable": lambda text: (
        "Content-Transfer-Encoding: quoted-printable\n\n" + "".join(f"={ord(c):02X}" for c in text)
    ),
    "base64": lambda text: base64.encodebytes(f"ask {text} for it".encode()).decode(),
    "encoded word": lambda text: f"=?utf-8?B?{base64.b64encode(text.encode()).decode()}?=",
    "URL": lambda text: f"https://gmail.com/?u={quote(text, safe='').replace('.', '%2E')}",
    "base64 within base64": lambda text: base64.encodebytes(
        base64.encodebytes(f"ask {text} now".encode())
    ).decode(),
}
SECRET = b"From: anna@fujiba.net\nTo: b@acme.co.jp\nReceived: from m.acme.co.jp ([212.7.9.30]) by x\n\nHi.\n"


@pytest.mark.parametrize("hide", HIDDEN.values(), ids=HIDDEN)
@pytest.mark.parametrize("secret", ["anna@fujiba.net", "m.acme.co.jp", "212.7.9.30"])
def test_the_test_sees_a_leak(hide, secret):
    copy = redact(SECRET).message
    assert leaks(SECRET, copy) == set()
    assert secret in leaks(SECRET, copy + b"\n" + hide(secret).encode() + b"\n")


def test_the_test_sees_a_redaction_that_forgets_texts(monkeypatch):
    raw = SECRET + b"Write to anna@fujiba.net or call m.acme.co.jp.\n"
    assert leaks(raw, redact(raw).message) == set()
    monkeypatch.setattr("helpers.redact.mail.filler", lambda text: text)
    assert leaks(raw, redact(raw).message) >= {"anna@fujiba.net", "m.acme.co.jp"}


# ---------------------------------------------------------- generated mails


@settings(max_examples=1000, deadline=None, derandomize=True, database=None)
@given(st.one_of(mails(), mails(), bounces()))
def test_generated_mails_name_nobody_and_read_the_same(raw):
    copy = redact(raw)
    assert leaks(raw, copy.message) == set()
    before, after = h.diagnose(raw, dns=None), h.diagnose(copy.message, dns=None)
    assert after.cause == before.cause
    assert essence(after.bounce) == essence(before.bounce)
    assert [i.aligned for i in after.identifiers] == [i.aligned for i in before.identifiers]
    assert shape(copy.message) == shape(raw)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_damaged_bounces_never_raise(data):
    raw = bytearray((SAMPLES / data.draw(st.sampled_from([row["file"] for row in INDEX]))).read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, max(0, len(raw) - 1)))
        raw[at : at + data.draw(st.integers(0, 60))] = data.draw(st.binary(max_size=20))
    json.dumps(redact(bytes(raw)).to_dict())


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(mails())
def test_a_copy_can_be_redacted_again(raw):
    once = redact(raw)
    twice = redact(once.message)
    assert h.diagnose(twice.message, dns=None).cause == h.diagnose(raw, dns=None).cause
    assert leaks(once.message, twice.message) == set()


# ------------------------------------------------- places where names hide

REPORT = (
    "Return-Path: <>\nFrom: MAILER-DAEMON@acme.de\nTo: anna@fujiba.net\n"
    "Subject: Undelivered Mail Returned to Sender\n\nThis is the mail system at host acme.de. It could not be"
    " delivered to:\n\n<tanaka@oriol.jp>: 550 5.1.1 unknown\n\n"
)
MAIL = "From: anna@fujiba.net\nTo: b@acme.de\n"
HIDING = {  # where: (a mail, what must not be left of it)
    "subject told in words": (f"{REPORT}The message subject was: Wolkenbruch\n", "Wolkenbruch"),
    "subject of the report": (
        REPORT.replace("Undelivered Mail", "Undeliverable: Wolkenbruch"),
        "Wolkenbruch",
    ),
    "header in a report's text": (
        f"{REPORT}Original message headers:\n\nReceived: from x by y; z\nSubject: Wolkenbruch\n"
        "X-Trace: Regenfass\nand more Regenfass\nFrom: Donna Wetter <dw@oriol.jp>\n",
        "Wolkenbruch Regenfass Donna Wetter",
    ),
    "local part in quotes": (f'{REPORT}Write to "Regenfass Keller"@oriol.jp instead\n', "Regenfass Keller"),
    "link in many links": (
        f"{REPORT}See {'https://www.google.com/url?q=' * 8}https://regenfass.jp/dwetter\n",
        "regenfass dwetter",
    ),
    "route of many hosts": (f"{REPORT}for dwetter{'%keller.example' * 40}@oriol.jp\n", "dwetter"),
    "wildcards": (
        f"{REPORT}names *.*.regenfass.jp and a.*.keller.jp and **regenfass.jp**\n",
        "regenfass keller",
    ),
    "blank lines before a field": (f"{REPORT}\n\n | \n> \nSubject: Wolkenbruch\n", "Wolkenbruch"),
    "organization's name": (f"{REPORT}Ask Fujiba or the postmaster of FUJIBA.\n", "fujiba"),
    "X.500 name": (
        f"{REPORT}IMCEAEX-/o=Regenfass/ou=Keller/cn=Recipients/cn=dwetter\n",
        "Regenfass Keller dwetter",
    ),
    "home directory": (f"{REPORT}can't open /{'home'}/dwetter/.forward\n", "dwetter"),
    "local name in brackets": (f"{REPORT}Your message to <dwetter> was refused\n", "dwetter"),
    "coded lines": (f"{REPORT}{base64.b64encode(b'Regenfass im Keller. ' * 6).decode()}\n", "Regenfass"),
    "display name in another field": (
        f"{REPORT}Reported by Donna Wetter\n\nFrom: Donna Wetter <d@x.jp>\n",
        "Wetter",
    ),
    "field named after its owner": (f"{MAIL}X-Fujiba-Version: 7\n\n", "fujiba"),
    "file name": (f'{MAIL}Content-Type: application/pdf; name="Regenfass.pdf"\n\nx\n', "Regenfass"),
    "file name in pieces": (
        f"{MAIL}Content-Type: application/pdf; name*0*=utf-8''Re; name*1*=genfass.pdf\n\nx\n",
        "genfass",
    ),
    "boundary": (
        f'{MAIL}Content-Type: multipart/mixed; boundary="Regenfass"\n\n--Regenfass\n\nx\n--Regenfass--\n',
        "Regenfass",
    ),
    "preamble and epilogue": (
        f"{MAIL}Content-Type: multipart/mixed; boundary=q\n\nRegenfass\n--q\n\nx\n--q--\nKeller\n",
        "Regenfass Keller",
    ),
    "comment of an address": ("From: anna@fujiba.net (Donna Wetter)\n\n", "Donna Wetter"),
    "group of addresses": (
        f"{MAIL}Cc: Regenfass: c@oriol.jp, Donna Wetter <d@oriol.jp>;\n\n",
        "Donna Wetter oriol",
    ),
    "sender of a submission": (
        f"{MAIL}Received: from pc (pc [62.1.2.3]) (Authenticated sender: dwetter) by mx.fujiba.net; x\n\n",
        "dwetter",
    ),
    "envelope sender without a domain": (
        f"{MAIL}Received: from mail by mx.fujiba.net (Exim) (envelope-from dwetter) id 1uK; x\n\n",
        "dwetter",
    ),
    "host of one label": (
        f"{MAIL}Received: from REGENFASS-PC (x [62.1.2.3]) by mx.fujiba.net; x\n\n",
        "REGENFASS",
    ),
    "copied fields of a signature": (
        f"{MAIL}DKIM-Signature: v=1; d=fujiba.net; s=q; z=Subject:Regenfass|To:donna@oriol.jp; b=QUJD\n\n",
        "Regenfass donna oriol",
    ),
    "unknown field": (
        f"{MAIL}X-Note: Regenfass at \u0420\u0435\u0433\u0435\u043d\n\n",
        "Regenfass \u0420\u0435\u0433\u0435\u043d",
    ),
    "line that is no field": (f"{MAIL}([Regenfass: 7]) of Keller\n\n", "Regenfass Keller"),
    "mailbox line": (f"From dwetter@fujiba.net Thu May  8 18:00:06 2025\n{MAIL}\n", "dwetter"),
    "text without a header": ("Donna Wetter keeps a Regenfass.\n", "Regenfass"),
    "notification as JSON": (
        f"{MAIL}\n"
        + '{"notificationType": "Delivery", "mail": {"source": "dwetter@fujiba.net", "commonHeaders": '
        '{"subject": "Regenfass", "from": ["Donna Wetter <d@oriol.jp>"]}}}\n',
        "dwetter Regenfass Donna oriol",
    ),
    "URL-encoded field": (
        f"{MAIL}List-Unsubscribe: <https://acme.de/u/dwetter%40oriol.jp/Regenfass>\n\n",
        "dwetter Regenfass",
    ),
    "ISO-2022-JP without a label": (
        MAIL.encode()
        + b"Subject: "
        + "雨樽の会".encode("iso-2022-jp")
        + b"\n\n"
        + "雨樽の会".encode("iso-2022-jp"),
        "雨樽の会",
    ),
    "UTF-16": (f"{MAIL}\nRegenfass\n".encode("utf-16"), "Regenfass fujiba"),
}


@pytest.mark.parametrize(("mail", "secrets"), HIDING.values(), ids=HIDING)
def test_nothing_is_left_where_names_hide(mail, secrets):
    raw = mail if isinstance(mail, bytes) else mail.encode()
    copy = redact(raw).message
    assert leaks(raw, copy, *secrets.split()) == set()
    everything = "\n".join(layers(copy)).lower()
    assert [word for word in secrets.lower().split() if word in everything] == []


# ---------------------------------------------------------------- relations


def fields_of(copy: Redacted, name: str) -> list[str]:
    return [header.value for header in read_message(copy.message).all(name)]


def test_the_same_stays_the_same_and_below_stays_below():
    raw = (
        b"From: a@news.fujiba.net\nTo: b@FUJIBA.NET, c@acme.co.jp\nReply-To: b@fujiba.net\n"
        b"Received: from mx1.acme.co.jp (mx1.acme.co.jp [62.1.2.3]) by relay.fujiba.net; "
        b"8 May 2025 10:00:00 +0000\n"
        b"Received: from x (x [62.1.2.9]) by y.fujiba.net; 8 May 2025 09:00:00 +0000\n\nHi.\n"
    )
    copy = redact(raw)
    message = read_message(copy.message)
    author = message.author_domain
    organization = h.organizational_domain(author, rules="rfc7489")
    assert author != organization
    assert author.endswith(f".{organization}")
    assert organization.endswith(".example")
    first, second = message.to
    assert first.domain == organization
    assert first.text == message.reply_to[0].text.upper().lower().replace(
        first.domain, first.text.rpartition("@")[2]
    )
    assert h.organizational_domain(second.domain, rules="rfc7489") == second.domain != organization
    older, newer = message.hops
    assert newer.helo == f"mx1.{second.domain}"
    assert newer.by == f"relay.{organization}"
    assert newer.ip.rpartition(".")[0] == older.ip.rpartition(".")[0]
    assert newer.ip != older.ip


def test_public_services_stay_named_unless_asked():
    raw = b"From: me@gmail.com\nTo: desk@acme.co.jp\nReceived: from mail-sor-f41.google.com by mx.acme.jp\n\n"
    kept = redact(raw)
    assert read_message(kept.message).author_domain == "gmail.com"
    assert b"me@" not in kept.message
    assert b"mail-sor-f41.google.com" in kept.message
    renamed = redact(raw, keep_public_services=False)
    assert b"gmail" not in renamed.message
    assert b"google" not in renamed.message


def test_customers_of_public_services_are_renamed():
    raw = (
        b"From: a@fujiba.net\nReceived: from fujiba-net.mail.protection.outlook.com by"
        b" ec2-62-1-2-3.compute.amazonaws.com; 8 May 2025 1:00:00 +0000\n"
        b"DKIM-Signature: v=1; d=fujiba-net.20230601.gappssmtp.com; s=20230601; b=QUJD\n\n"
    )
    text = redact(raw).message.decode()
    assert "fujiba" not in text
    assert "62-1-2-3" not in text
    assert "d=alpha-example.20230601.gappssmtp.com" in text
    assert "from alpha-example.mail.protection.outlook.com" in text


def test_every_service_of_the_kit_is_public():
    """What a service writes into Return-Path and signs with stays readable."""
    known = [
        text for one in all_services() for text in (one.spf_include, one.smtp_host, one.dkim_default) if text
    ]
    names = {
        name for text in known for name in re.findall(r"(?:[a-z0-9-]+\.)+[a-z]{2,}", text) if "{" not in text
    }
    assert len(names) > 5
    for name in names:
        copy = redact(
            f"From: a@fujiba.net\nReceived: from {name} by {name}; 8 May 2025 1:00:00 +0000\n\n".encode()
        )
        service = ".".join(name.split(".")[-2:])
        assert service in copy.message.decode(), name


LOCAL_PARTS = {
    "SRS0=Ab3d=XY=fujiba.net=anna@fwd.acme.jp": (
        r"SRS0=\w{4}=\w\w=alpha\.example=user\d@\w+\.bravo\.example"
    ),
    "SRS1=Zz9y=acme.jp==Ab3d=XY=fujiba.net=anna@other.de": (
        r"SRS1=\w{4}=bravo\.example==\w{4}=\w\w=alpha\.example=user\d@\w+\.example"
    ),
    "prvs=1234abcd56=anna@fujiba.net": r"prvs=\d{4}[a-f]{4}\d\d=user\d@alpha\.example",
    "bounces+123-ab12-anna=fujiba.net@sendgrid.net": (
        r"bounces\+\d{3}-[a-z]{2}\d\d-user\d=alpha\.example@sendgrid\.net"
    ),
    "list-bounces+anna=fujiba.net@acme.jp": r"list-bounces\+user\d=alpha\.example@bravo\.example",
    "x-bounces@acme.jp": r"user\d-bounces@bravo\.example",
    "owner-x@acme.jp": r"owner-user\d@bravo\.example",
    "x-bounces+anna=fujiba.net@acme.jp": r"user\d-bounces\+user\d=alpha\.example@bravo\.example",
    "return+4711@fujiba.net": r"return\+\d{4}@alpha\.example",
    "me+caf_=anna=fujiba.net@gmail.com": r"user\d\+caf_=user\d=alpha\.example@gmail\.com",
    "postmaster@fujiba.net": r"postmaster@alpha\.example",
    "anna%fujiba.net@acme.jp": r"user\d%alpha\.example@bravo\.example",
}


@pytest.mark.parametrize(("address", "pattern"), LOCAL_PARTS.items())
def test_return_paths_keep_their_structure(address, pattern):
    raw = f"Return-Path: <{address}>\nFrom: anna@fujiba.net\nTo: x@acme.jp\n\n".encode()
    copy = redact(raw)
    assert re.fullmatch(f"<{pattern}>", fields_of(copy, "return-path")[0])
    user = fields_of(copy, "from")[0].partition("@")[0]
    if "anna" in address:
        assert user in fields_of(copy, "return-path")[0]


def test_dates_are_kept_or_all_moved_alike():
    raw = (SAMPLES / "signature_expired.eml").read_bytes()
    zone = h.sample_zone("keys")
    kept, moved = redact(raw, dns=zone), redact(raw, dns=zone, dates="shift")
    before, same, after = (read_message(m) for m in (raw, kept.message, moved.message))
    assert same.date == before.date
    gap = before.date - after.date
    assert gap.days >= 7
    assert gap.days % 7 == 0
    assert all(one.date - other.date == gap for one, other in zip(before.hops, after.hops, strict=True))
    signed = [re.search(r"t=(\d+)", m.get("dkim-signature").value).group(1) for m in (before, after)]
    assert int(signed[0]) - int(signed[1]) == gap.total_seconds()
    assert h.diagnose(moved.message, dns=moved.zone).cause == h.diagnose(raw, dns=zone).cause


def test_the_same_mail_gives_the_same_copy():
    raw = (SAMPLES / "bounce_gmail_spf.eml").read_bytes()
    zone = h.sample_zone("spf-records")
    assert redact(raw, dns=zone).message == redact(raw, dns=zone).message
    assert redact(raw).message != redact(raw, salt="another").message
    assert redact(raw, salt="another").message == redact(raw, salt=b"another").message


def test_recorded_and_live_like_answers_do_as_well():
    raw = (SAMPLES / "forwarded_signed.eml").read_bytes()
    recording = h.RecordingDns(h.sample_zone("forwarding"))
    copy = redact(raw, dns=recording)
    assert h.diagnose(copy.message, dns=copy.zone).cause == "passes"
    again = h.Zone.from_text(copy.zone.to_text())
    assert h.diagnose(copy.message, dns=again).cause == "passes"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("file", ["spoof.eml", "fixed_by_service.eml"])
def test_a_signed_mail_within_a_text_is_checked_with_the_same_end(file, newline):
    """The signature covers the copy as it stands in the text of the report."""
    report = (
        "Return-Path: <>\nFrom: Mail Delivery System <Mailer-Daemon@acme.de>\nTo: x@fujiba.net\n"
        "Subject: Mail delivery failed: returning message to sender\n\n"
        "This message was created automatically by mail delivery software.\n\n  a@acme.jp\n"
        "    550 5.7.1 rejected by DMARC policy for fujiba.net\n\n"
        "------ This is a copy of the message, including all the headers. ------\n\n"
    )
    raw = (report + (SAMPLES / file).read_text("utf-8")).replace("\n", newline).encode()
    zone = h.sample_zone("fujiba-fixed")
    copy = redact(raw, dns=zone)
    before, after = h.diagnose(raw, dns=zone), h.diagnose(copy.message, dns=copy.zone)
    assert [_outcome(i) for i in after.identifiers] == [_outcome(i) for i in before.identifiers]
    assert after.cause == before.cause
    assert leaks(raw, copy.message) == set()


def test_a_chain_that_held_is_said_to_fail_in_the_copy():
    raw = (SAMPLES / "forwarded_signed.eml").read_bytes()
    copy = redact(raw, dns=h.sample_zone("forwarding"))
    assert [fact.value for fact in copy.verdicts if fact.name == "ARC"] == ["pass"]
    assert any(note.startswith("ARC's chain") for note in copy.notes)


def test_a_public_suffix_with_a_record_of_its_own():
    """psd=y at co.jp decides what the organization is; the list says the same for another reason."""
    zone = h.Zone.from_dict(
        {
            "_dmarc.co.jp": {"TXT": ["v=DMARC1; p=reject; psd=y"]},
            "mail.acme.co.jp": {"TXT": ["v=spf1 ip4:62.1.2.0/24 -all"]},
            "acme.co.jp": {},
        }
    )
    raw = (
        b"Return-Path: <a@mail.acme.co.jp>\nReceived: from mail.acme.co.jp (mail.acme.co.jp [62.1.2.3]) by"
        b" mx.fujiba.net; 8 May 2025 1:00:00 +0000\nFrom: a@acme.co.jp\n\nHi.\n"
    )
    copy = redact(raw, dns=zone)
    before, after = h.diagnose(raw, dns=zone), h.diagnose(copy.message, dns=copy.zone)
    assert _dmarc(after) == _dmarc(before)
    assert before.authentication.dmarc.policy_domain == "co.jp"
    assert after.cause == before.cause == "passes"


def test_macros_in_spf_records_still_lead_somewhere():
    zone = h.Zone.from_dict(
        {
            "fujiba.net": {"TXT": ["v=spf1 exists:%{ir}.%{l}._spf.fujiba.net include:%{d2}.acme.jp -all"]},
            "3.2.1.62.anna._spf.fujiba.net": {"A": ["127.0.0.2"]},
        }
    )
    raw = (
        b"Return-Path: <anna@fujiba.net>\nReceived: from x.acme.jp (x.acme.jp [62.1.2.3]) by mx.acme.de;"
        b" 8 May 2025 1:00:00 +0000\nFrom: anna@fujiba.net\n\n"
    )
    copy = redact(raw, dns=zone)
    assert (
        h.authenticate(copy.message, dns=copy.zone).spf.result
        == h.authenticate(raw, dns=zone).spf.result
        == "pass"
    )
    assert "%{ir}" in copy.zone.to_text()


# --------------------------------------------------- what the copy says, saving


def test_the_copy_says_that_it_is_one():
    raw = (SAMPLES / "fixed_by_service.eml").read_bytes()
    copy = redact(raw, dns=h.sample_zone("fujiba-fixed"))
    first = read_message(copy.message).headers[0]
    assert first.name == "X-Redacted"
    assert "cause: passes" in first.value
    assert "DKIM: pass for alpha.example" in first.value
    assert any("prove nothing about the original" in note for note in copy.notes)
    without = read_message(redact(raw).message).headers[0].value
    assert "no signature of the original fits; before: cause: passes" in without


def test_names_are_nowhere_but_in_names(tmp_path):
    raw = (SAMPLES / "incident_bounce.eml").read_bytes()
    copy = redact(raw, dns=h.sample_zone("fujiba"))
    assert copy.names["fujiba.net"] == read_message(h.read_bounce(copy.message).original.raw).author_domain
    shown = [
        str(copy),
        repr(copy),
        copy._repr_html_(),
        json.dumps(copy.to_dict()),
        repr(copy.names),
        str(copy.names),
    ]
    shown += [path.read_text("utf-8") for path in copy.save(tmp_path / "shared.eml")]
    for text in shown:
        assert "fujiba" not in text.lower()
        assert leaks(raw, text.encode()) == set()


def test_saving_writes_mail_verdicts_and_zone(tmp_path):
    copy = redact(SAMPLES / "bounce_gmail_spf.eml", dns=h.sample_zone("spf-records"))
    paths = copy.save(tmp_path / "shared.eml")
    assert [path.name for path in paths] == ["shared.eml", "shared.verdicts.json", "shared.zone"]
    assert paths[0].read_bytes() == copy.message
    told = json.loads(paths[1].read_text())
    assert told["verdicts"][0]["value"] == "spf_unauthorized"
    assert h.diagnose(paths[0], dns=h.Zone.from_file(paths[2])).cause == "spf_unauthorized"
    assert sorted(os.listdir(tmp_path)) == sorted(path.name for path in paths)


def test_saving_into_a_folder_takes_the_next_number(tmp_path):
    copy = redact(SAMPLES / "pasted_reply.txt")
    assert [path.name for path in copy.save(tmp_path)] == ["redacted-1.eml", "redacted-1.verdicts.json"]
    assert [path.name for path in copy.save(tmp_path)] == ["redacted-2.eml", "redacted-2.verdicts.json"]


@pytest.mark.parametrize("there", ["shared.eml", "shared.verdicts.json", "shared.zone"])
def test_saving_never_replaces_anything(tmp_path, there):
    (tmp_path / there).write_text("mine")
    copy = redact(SAMPLES / "bounce_gmail_spf.eml", dns=h.sample_zone("spf-records"))
    with pytest.raises(FileExistsError, match=re.escape(there)):
        copy.save(tmp_path / "shared.eml")
    assert (tmp_path / there).read_text() == "mine"
    assert os.listdir(tmp_path) == [there]


@pytest.mark.parametrize(
    ("name", "error"), [("no/such/folder.eml", FileNotFoundError), ("a.zone", ValueError)]
)
def test_saving_under_a_name_that_can_not_be(tmp_path, name, error):
    with pytest.raises(error, match=r"no such folder|name the mail"):
        redact(SECRET).save(tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_an_interrupted_saving_leaves_nothing(tmp_path, monkeypatch):
    copy = redact(SAMPLES / "bounce_gmail_spf.eml", dns=h.sample_zone("spf-records"))
    real, calls = os.link, []

    def link(source, target):
        calls.append(target)
        if len(calls) == 3:
            raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(KeyboardInterrupt):
        copy.save(tmp_path / "shared.eml")
    assert os.listdir(tmp_path) == []


def test_a_hostile_mail_shows_nothing_that_runs():
    raw = b"From: a@fujiba.net\nSubject: <script>alert(1)</script>\nReceived: from <img/src=x> by <script>\n"
    raw += b"X-<b>: 1\n\n<script>"
    assert "<script>" not in redact(raw)._repr_html_().lower()


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"dns": {}}, TypeError),
        ({"dates": "hide"}, ValueError),
        ({"salt": 7}, TypeError),
    ],
)
def test_misuse_is_told_in_a_sentence(options, error):
    with pytest.raises(error, match=r"(?:dns|dates|salt) (?:has|can|is) "):
        redact(b"From: a@b.de\n\n", **options)


def test_files_and_calls(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        redact(tmp_path / "missing.eml")
    with pytest.raises(TypeError):
        redact(42)
    assert h.redact(b"From: a@fujiba.net\n\n").message == redact(b"From: a@fujiba.net\n\n").message


@pytest.mark.parametrize(
    "raw", [b"", b"\n", b"\0" * 100, b"\xff\xfe\x00", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), b"hello"]
)
def test_what_is_no_mail_gives_no_error(raw):
    copy = redact(raw)
    assert read_bounce(copy.message).kind == read_bounce(raw).kind


def test_ten_megabytes():
    body = b"Dear anna@fujiba.net, the numbers of 62.1.2.3 follow.\n" * 200_000
    raw = b"From: anna@fujiba.net\nTo: b@acme.co.jp\nSubject: numbers\n\n" + body
    copy = redact(raw)
    assert len(raw) > 10_000_000
    assert copy.message.count(b"\n") >= raw.count(b"\n")
    assert b"fujiba" not in copy.message
    assert b"62.1.2.3" not in copy.message


@pytest.mark.parametrize(
    "charset", ["punycode", "-Punycode", "idna", "unicode_escape", "hex", "\0", "a" * 200]
)
def test_whatever_is_named_as_charset_nothing_raises_and_no_name_stays(charset):
    head = f"From: =?{charset}?B?TmFrYW11cmE=?= <nakamura@example.com>\r\n"
    head += f"Content-Type: text/plain; charset={charset}\r\n\r\n"
    shared = h.redact(head.encode() + "Nakamura (中村) nakamura@example.com\r\n".encode())
    assert "nakamura" not in shared.message.decode("utf-8").lower()
