"""The network is denied to everything that the tests run; here is the proof that the denial works."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

REACH_OUT = {
    "connect": "import socket; socket.create_connection(('192.0.2.1', 80), 1)",
    "udp": "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.53', 53))",
    "udp message": "import socket as s; s.socket(type=s.SOCK_DGRAM).sendmsg([b''], [], 0, ('192.0.2.5', 53))",
    "old name": "import socket; socket.gethostbyname('www.example.com')",
    "ipv6": "import socket; socket.socket(socket.AF_INET6).connect(('2001:db8::1', 80))",
    "name": "import socket; socket.getaddrinfo('www.example.com', 80)",
    "live DNS": "import helpers; helpers.LiveDns(['192.0.2.53'], timeout=1)('example.com', 'TXT'); exit(1)",
    "asyncio": "import asyncio; asyncio.run(asyncio.open_connection('192.0.2.1', 80))",
}


@pytest.mark.parametrize("code", REACH_OUT.values(), ids=REACH_OUT)
def test_an_attempt_is_refused_and_written_down(code, tmp_path):
    log = tmp_path / "attempts"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "OFFLINE_LOG": str(log)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert log.read_text().count("\n") >= 1


def test_loopback_and_programs_here_are_not_meant(tmp_path):
    log = tmp_path / "attempts"
    code = (
        "import socket\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(server.getsockname(), 5)\n"
        "socket.getaddrinfo('localhost', 80); socket.getaddrinfo('192.0.2.1', 80)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], env={**os.environ, "OFFLINE_LOG": str(log)})
    assert run.returncode == 0
    assert not log.exists()


def test_this_very_process_is_denied_too(monkeypatch, tmp_path):
    monkeypatch.setenv("OFFLINE_LOG", str(tmp_path / "attempts"))
    with pytest.raises(PermissionError, match="may not use the network"):
        socket.create_connection(("192.0.2.1", 80), 1)


def test_a_run_in_which_an_attempt_was_swallowed_fails(tmp_path):
    tests, root = tmp_path / "tests", str(tmp_path)
    shutil.copytree(Path(__file__).with_name("offline"), tests / "offline")
    (tests / "conftest.py").write_text("from offline.denied import pytest_configure, pytest_sessionfinish\n")
    (tests / "test_it.py").write_text(
        "import socket\n"
        "def test_it():\n"
        "    try:\n"
        "        socket.create_connection(('192.0.2.1', 80), 1)\n"
        "    except OSError:\n"
        "        pass\n"
    )
    environment = {key: value for key, value in os.environ.items() if key != "OFFLINE_LOG"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", root, root]
    environment["PYTHONPATH"] = str(tests)
    run = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=root)
    assert "1 passed" in run.stdout
    assert "something tried to use the network" in run.stdout
    assert run.returncode == 1
