"""What lessons build by hand on the lab: fixed keys, bare signatures, receivers that go along or not."""

from __future__ import annotations

import base64
import dataclasses

import dkim
import pytest

import helpers as h

PLAIN = h.lab.RECEIVERS["plain"]
ZONE = h.sample_zone("fujiba")


@pytest.fixture(scope="module")
def net():
    with h.lab(ZONE) as lab:
        yield lab


@pytest.mark.parametrize(
    ("word", "code", "delivered", "written"),
    [
        ("reject", "550", False, None),
        ("quarantine", "250", True, "(p=reject dis=quarantine)"),
        ("none", "250", True, "(p=reject dis=none)"),
    ],
)
def test_a_receiver_decides_what_to_do_at_reject(net, word, code, delivered, written):
    receiver = dataclasses.replace(PLAIN, name="other", at_reject=word)
    trace = net.with_zone(ZONE).send(from_="monthly@fujiba.net", receiver=receiver)
    assert trace.reply.startswith(code)
    assert trace.delivered is delivered
    assert trace.disposition == word
    assert trace.authentication.dmarc.disposition == "reject"  # what was asked for stays what it is
    assert (trace.bounce is None) is delivered
    if written:
        assert written in trace.received.get("authentication-results").value


def test_quarantine_and_none_are_nobodys_choice(net):
    for policy in ("none", "quarantine"):
        zone = ZONE.with_records("_dmarc.fujiba.net", "TXT", [f"v=DMARC1; p={policy}"])
        trace = net.with_zone(zone).send(
            from_="monthly@fujiba.net", receiver=dataclasses.replace(PLAIN, at_reject="none")
        )
        assert trace.disposition == policy


def test_another_word_is_refused():
    with pytest.raises(ValueError, match="sometimes"):
        dataclasses.replace(PLAIN, at_reject="sometimes")


def test_a_signature_by_hand_verifies_elsewhere():
    mail = b"From: a@fujiba.net\r\n\r\nhello\r\n"
    key = h.lab.lab_key("fujiba-2025")
    digest = base64.b64encode(h.body_hash(h.canonicalize_body(b"hello\r\n", "relaxed"))).decode()
    tags = f"v=1; a=rsa-sha256; c=relaxed/relaxed; d=fujiba.net; s=2025; h=from; bh={digest}; b="
    fields = [b"From: a@fujiba.net\r\n", f"DKIM-Signature: {tags}".encode()]
    signed = b"".join(h.canonicalize_header(field, "relaxed") for field in fields)[:-2]
    raw = f"DKIM-Signature: {tags}{base64.b64encode(key.sign(signed)).decode()}\r\n".encode() + mail
    assert dkim.verify(raw, dnsfunc=lambda name, timeout=5: key.record.encode())
    assert not dkim.verify(
        raw.replace(b"hello", b"hallo"), dnsfunc=lambda name, timeout=5: key.record.encode()
    )


def test_the_labs_keys_stay_the_same_and_say_which_there_are():
    records = {label: h.lab.lab_key(label).record for label in ("fujiba-2024", "fujiba-2025")}
    assert len(set(records.values())) == 2
    assert records["fujiba-2025"].startswith(
        "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAskqw4G"
    )
    with pytest.raises(ValueError, match="fujiba-2025"):
        h.lab.lab_key("fujiba-2031")
