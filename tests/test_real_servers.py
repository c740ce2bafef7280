"""The story with real servers: what Postfix, OpenDKIM and OpenDMARC do is what the kit says they do.

They run in namespaces of their own (Linux, root): tools/servers sets them up.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import helpers as h

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.servers import network  # noqa: E402
from tools.servers.story import ACCOUNT, PROGRAMS, READER, RECEIVER_HOST, RELAY  # noqa: E402


@pytest.fixture(scope="module")
def played(tmp_path_factory) -> Path:
    """The folder with what the servers wrote."""
    if missing := network.missing_programs(PROGRAMS):
        reason = f"not installed: {', '.join(missing)} (Debian: postfix opendkim opendmarc nsd iproute2)"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    if not network.can_enter():
        reason = "this user may not make network namespaces here, which takes root"
        pytest.fail(reason) if os.environ.get("CI") and os.geteuid() == 0 else pytest.skip(reason)
    folder = tmp_path_factory.mktemp("servers")
    command = [sys.executable, "-m", "tools.servers.story", str(folder)]
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    run = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return folder


@pytest.fixture(scope="module")
def told(played) -> dict:
    return json.loads((played / "told.json").read_text())


def test_postfix_writes_a_bounce_and_the_kit_reads_it(played):
    bounce = h.read_bounce(played / "bounce.eml")
    assert (bounce.kind, bounce.reporter, bounce.receiver) == ("dsn", "Postfix", RECEIVER_HOST)
    assert (bounce.blamed, bounce.blamed_domain, bounce.basis) == ("dmarc", "fujiba.net", "stated")
    assert bounce.envelope.mail_from == ACCOUNT
    (reply,) = bounce.replies
    assert (reply.recipient, reply.code, reply.enhanced) == (READER, 550, "5.7.1")


def test_the_cause_is_the_one_that_the_servers_were_set_up_for(told):
    assert told["cause"] == "authenticated_as_other"
    assert "gmail.com" in told["summary"]


def test_after_the_proposed_change_the_same_mail_is_accepted(played, told):
    """OpenDKIM signed, the key was in nsd's zone; nothing else differs from the mail that was refused."""
    refused = h.read_bounce(played / "bounce.eml").original
    accepted = h.read_message(played / "accepted.eml")
    for name in ("From", "To", "Subject", "Date", "Message-ID"):
        assert refused.get(name).value == accepted.get(name).value
    assert accepted.return_path == ACCOUNT
    assert told["after"]["dmarc"]["result"] == "pass"


def test_the_kit_finds_what_the_servers_found(played, told):
    """SPF and DMARC by OpenDMARC, DKIM by OpenDKIM, and ours, all of one message."""
    stated = {row.method: row for row in h.read_message(played / "accepted.eml").stated}
    after = told["after"]
    assert stated["spf"].result == after["spf"]["result"] == "pass"
    assert stated["spf"].domain == after["spf"]["domain"] == "gmail.com"
    assert [stated["dkim"].result] == [check["result"] for check in after["dkim"]] == ["pass"]
    assert stated["dkim"].domain == after["dkim"][0]["domain"] == "fujiba.net"
    assert stated["dmarc"].result == after["dmarc"]["result"]
    assert after["envelope"]["client_ip"] == RELAY


@pytest.mark.parametrize(
    ("file", "program"),
    [
        ("bounce_by_postfix.eml", "Postfix"),
        ("bounce_by_exim.eml", "Exim"),
        ("bounce_by_opensmtpd.eml", "OpenSMTPD"),
    ],
)
def test_three_servers_report_the_same_refusal(file, program):
    bounce = h.read_bounce(ROOT / "data" / "sample_headers" / file)
    (reply,) = bounce.replies
    assert bounce.reporter == program
    assert (reply.recipient, reply.code, reply.enhanced) == (READER, 550, "5.7.1")
    assert reply.text.endswith("rejected by DMARC policy for fujiba.net")


def test_a_bounce_written_today_is_read_as_the_stored_one(played):
    now, stored = (
        h.read_bounce(path)
        for path in (played / "bounce.eml", ROOT / "data/sample_headers/bounce_by_postfix.eml")
    )
    assert [reply.to_dict() for reply in now.replies] == [reply.to_dict() for reply in stored.replies]
    assert (now.kind, now.blamed, now.returned) == (stored.kind, stored.blamed, stored.returned)
