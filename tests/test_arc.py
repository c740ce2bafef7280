"""ARC: the validation suite as data, chains made by dkimpy, and broken or hostile ones."""

from __future__ import annotations

import base64
import json
import re

import dkim as dkimpy
import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import shared_path

from helpers.arc import MAX_SETS, verify_arc
from helpers.message import read_message
from helpers.terms import Answer, DnsFailure, DnsStatus, Result, flatten

# -------------------------------------------------------------------- the suite


def _suite() -> list:
    text = shared_path("conformance", "arc-draft-validation-tests.yml").read_text(encoding="utf-8")
    rows = []
    for part in yaml.safe_load_all(text):
        zone = part.get("txt-records") or {}
        rows += [pytest.param(case, zone, id=name) for name, case in part["tests"].items()]
    return rows


def dns_of(zone: dict):
    def dns(name: str, rdtype: str) -> Answer:
        value = zone.get(name)
        if isinstance(value, DnsFailure):
            return Answer(name, rdtype, DnsStatus.FAILURE, failure=value)
        if value is None:
            return Answer(name, rdtype, DnsStatus.NXDOMAIN)
        return Answer(name, rdtype, DnsStatus.DATA, (value,))

    return dns


@pytest.mark.parametrize(("case", "zone"), _suite())
def test_suite(case, zone):
    message = case["message"].replace("\n", "\r\n").encode()
    check = verify_arc(message, dns=dns_of(zone))
    # The suite leaves the answer open where the newest seal itself says cv=fail; RFC 8617 §5.2 says fail.
    assert check.result == (case["cv"].lower() or "fail"), check.reason
    assert check.reason.endswith(".")
    json.dumps(check.to_dict())


# ------------------------------------------------------------- chains by dkimpy

_KEY = rsa.generate_private_key(65537, 2048)
_PEM = _KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
_PUBLIC = _KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
ZONE = {
    f"sel._domainkey.{domain}": f"v=DKIM1; p={base64.b64encode(_PUBLIC).decode()}"
    for domain in ("one.example", "two.example", "three.example")
}

PLAIN = (
    b"From: user@example.com\r\nTo: list@one.example\r\nSubject: a  test\r\n of folding\r\n"
    b"Date: Tue, 24 Nov 2026 07:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n\r\nHello,  world\r\nbye\r\n"
)


def forward(message: bytes, domain: str, arc: str) -> bytes:
    """What a forwarder does: write down what it found (of ARC: ``arc``) and seal it."""
    found = f"Authentication-Results: {domain}; arc={arc}; spf=pass smtp.mailfrom=example.com\r\n".encode()
    message = found + message
    fields = dkimpy.arc_sign(
        message, b"sel", domain.encode(), _PEM, domain.encode(), include_headers=[b"from", b"to", b"subject"]
    )
    return b"".join(fields) + message


ONE = forward(PLAIN, "one.example", "none")
TWO = forward(ONE, "two.example", "pass")


def check(message: bytes, zone: dict = ZONE, **options: object):
    return verify_arc(message, dns_of(zone), **options)


def test_no_arc():
    for message in (b"", PLAIN, b"X-ARC-Seal: i=1\r\n\r\n"):
        assert check(message).result == Result.NONE


def test_a_chain_made_by_dkimpy():
    found = check(TWO)
    assert found.result == Result.PASS, found.reason
    assert [(one.instance, one.domain, one.selector, one.cv) for one in found.sets] == [
        (1, "one.example", "sel", "none"),
        (2, "two.example", "sel", "pass"),
    ]
    for one in found.sets:
        assert (one.seal_ok, one.message_signature_ok, one.body_hash_ok) == (True, True, True)
        assert "spf=pass" in one.authentication_results


def test_who_changed_the_message():
    changed = forward(ONE.replace(b"Subject: a", b"Subject: [list] a"), "two.example", "pass")
    found = check(changed)
    assert found.result == Result.PASS  # the newest forwarder vouches for what it sent on
    assert [one.message_signature_ok for one in found.sets] == [False, True]


def test_any_form_of_the_message_is_taken():
    assert check(TWO.replace(b"\r\n", b"\n")).result == Result.PASS
    assert check(TWO.decode()).result == Result.PASS
    assert check(read_message(TWO)).result == Result.PASS


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"Subject: a", b"Subject: b", "the message is not as one.example"),
        (b"bye", b"by", "the body was changed"),
        (b"spf=pass", b"spf=fail", "the seal i=1"),
        (b"cv=none", b"cv=pass", "cv=pass"),
        (b"cv=none", b"cv=fail", "cv=fail"),
        (b"cv=none", b"cv=perhaps", "not none, pass or fail"),
    ],
)
def test_broken_chains_say_what_broke(old, new, words):
    assert old in ONE
    found = check(ONE.replace(old, new))
    assert found.result == Result.FAIL
    assert words in found.reason


def test_a_missing_field_a_gap_and_a_duplicate():
    seal = re.search(rb"ARC-Seal:.*?\r\n(?![ \t])", ONE, re.DOTALL).group()
    assert "lacks its ARC-Seal" in check(ONE.replace(seal, b"")).reason
    assert "two fields ARC-Seal" in check(seal + ONE).reason
    assert "i=2" in check(b"ARC-Authentication-Results: i=2; x; none\r\n" + ONE).reason


def test_keys_that_can_not_be_had():
    name = "sel._domainkey.one.example"
    for value, words in ((None, "no key"), (DnsFailure.TIMEOUT, "in time"), ("v=DKIM1; p=", "revoked")):
        found = check(ONE, {name: value})
        assert found.result == Result.FAIL
        assert words in found.reason


def test_only_the_header_came_back():
    head = ONE.partition(b"\r\n\r\n")[0] + b"\r\n"
    found = check(head)
    assert found.result == Result.NEUTRAL
    assert found.sets[0].seal_ok is True
    assert found.sets[0].message_signature_ok is None
    assert check(head.replace(b"Subject: a", b"Subject: b")).result == Result.FAIL
    cut = ONE.replace(b"bye\r\n", b"")
    assert check(cut).result == Result.FAIL
    assert check(cut, body_returned=False).result == Result.NEUTRAL


def test_steps_tell_each_set():
    steps = [step for _, step in flatten(check(ONE).steps)]
    text = "\n".join(f"{step.looked_at} {step.followed}" for step in steps)
    for word in (
        "ARC set i=1",
        "ARC-Message-Signature",
        "ARC-Seal",
        "key record at",
        "result: pass",
        "cv=none",
    ):
        assert word in text
    assert all(step.rfc for step in steps)


# ------------------------------------------------------------------ hostile mail


def test_more_sets_than_allowed():
    many = b"".join(
        b"ARC-Seal: i=%d; x\r\nARC-Message-Signature: i=%d\r\n" % (number, number)
        for number in range(1, MAX_SETS + 2)
    )
    found = check(many * 20 + PLAIN)
    assert found.result == Result.FAIL
    assert "more than 50" in found.reason


def test_long_chains_of_long_fields_take_bounded_time():
    one = (
        "ARC-Seal: i={n}; a=rsa-sha256; d=one.example; s=sel; cv={cv}; b=AAAA\r\n"
        "ARC-Message-Signature: i={n}; a=rsa-sha256; d=one.example; s=sel; h=from; bh=AAAA; b=AAAA\r\n"
        "ARC-Authentication-Results: i={n}; x" + "\r\n y" * 5_000 + "\r\n"
    )
    chain = "".join(one.format(n=n, cv="none" if n == 1 else "pass") for n in range(MAX_SETS, 0, -1))
    assert check(chain.encode() + PLAIN).result == Result.FAIL


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_nothing_raises(data):
    position = data.draw(st.integers(0, len(ONE) - 1))
    count = data.draw(st.integers(0, 20))
    changed = ONE[:position] + data.draw(st.binary(max_size=20)) + ONE[position + count :]
    json.dumps(check(changed).to_dict())


def test_misuse_is_an_error():
    with pytest.raises(TypeError, match="dns"):
        verify_arc(ONE, dns=None)
    with pytest.raises(TypeError, match="message"):
        verify_arc(None, dns=dns_of({}))
