"""How each server is set up and started: a child process in the foreground, with its files in one folder."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.servers.network import NAME_SERVER, find

PATIENCE = 20.0  # seconds until a server has to listen, or a mail to arrive

NSD = """
server:
    ip-address: {address}
    port: 53
    server-count: 1
    username: ""
    chroot: ""
    pidfile: ""
    database: ""
    zonesdir: "{folder}"
    logfile: "{folder}/nsd.log"
    zonelistfile: "{folder}/zone.list"
    xfrdfile: "{folder}/xfrd.state"
    xfrdir: "{folder}"
    rrl-ratelimit: 0
remote-control:
    control-enable: no
zone:
    name: "."
    zonefile: "root.zone"
"""

# Only what the story needs of Postfix; nothing is chrooted, and each line of the log goes to a file.
MASTER = """
{address}:25 inet n - n - - smtpd
pickup   unix n - n 60 1 pickup
cleanup  unix n - n - 0 cleanup
qmgr     unix n - n 300 1 qmgr
rewrite  unix - - n - - trivial-rewrite
bounce   unix - - n - 0 bounce
defer    unix - - n - 0 bounce
trace    unix - - n - 0 bounce
smtp     unix - - n - - smtp
relay    unix - - n - - smtp
error    unix - - n - - error
retry    unix - - n - - error
discard  unix - - n - - discard
virtual  unix - n n - - virtual
proxymap unix - - n - - proxymap
anvil    unix - - n - 1 anvil
scache   unix - - n - 1 scache
tlsmgr   unix - - n 1000? 1 tlsmgr
postlog  unix-dgram n - n - 1 postlogd
"""

MAIN = {
    "compatibility_level": "3.6",
    "command_directory": "/usr/sbin",
    "daemon_directory": "/usr/lib/postfix/sbin",
    "mail_owner": "postfix",
    "setgid_group": "postdrop",
    "inet_protocols": "ipv4",
    "mydestination": "",
    "local_transport": "error:no local mail here",
    "alias_maps": "",
    "alias_database": "",
    "smtp_tls_security_level": "none",
    "smtpd_tls_security_level": "none",
    "virtual_uid_maps": "static:65534",
    "virtual_gid_maps": "static:65534",
    "virtual_minimum_uid": "1",
    "milter_default_action": "tempfail",
    "smtpd_relay_restrictions": "permit_mynetworks, reject_unauth_destination",
    "minimal_backoff_time": "300s",
    "biff": "no",
}

EXIM = """
primary_hostname = {host}
spool_directory = {folder}/spool
log_file_path = {folder}/spool/%slog
local_interfaces = {address}
daemon_smtp_ports = 25
pid_file_path = {folder}/spool/exim.pid
tls_advertise_hosts =
acl_smtp_rcpt = everybody
acl_smtp_data = everybody
begin acl
everybody:
  accept
begin routers
account:
  driver = accept
  domains = {domain}
  transport = mailbox
outside:
  driver = dnslookup
  transport = remote
begin transports
mailbox:
  driver = appendfile
  directory = {folder}/mail/{domain}/{local}
  maildir_format
  user = Debian-exim
remote:
  driver = smtp
  interface = {address}
  hosts_try_dane =
  dnssec_request_domains =
begin retry
* * F,1h,10m
begin rewrite
{written} {account} F
"""

OPENSMTPD = """
listen on {address} port 25 hostname {host}
action "mailbox" maildir "{mailbox}" virtual {{ "@" = nobody }}
action "relay" relay src {address} helo {host}
match from any for domain "{domain}" action "mailbox"
match from any for any action "relay"
"""


class ServerError(Exception):
    """A server did not start, or did not do what the story needs; the text holds its log's end."""


@dataclass(frozen=True)
class Server:
    """A running mail server: its own address, and the Maildirs it delivers into."""

    folder: Path
    address: str
    mailboxes: Path

    def mail_of(self, address: str) -> list[bytes]:
        """Every message delivered to this address so far."""
        local, _, domain = address.partition("@")
        return [path.read_bytes() for path in sorted((self.mailboxes / domain / local / "new").glob("*"))]

    @property
    def log(self) -> str:
        """The end of what it has logged so far."""
        return "\n".join(path.read_text(errors="replace")[-2000:] for path in self.folder.glob("*.log"))


@contextmanager
def running(
    command: list[str], log: Path, listens: tuple[str, int], *, at_once: bool = False
) -> Iterator[None]:
    """A server as a child process, from when it listens until the end of the block."""
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + PATIENCE
        while not _listens(*listens):
            if process.poll() is not None or time.monotonic() > deadline:
                raise ServerError(f"{command[0]} does not listen:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)
        yield
    finally:
        # Milters take five seconds to end in peace, and have nothing to lose.
        process.kill() if at_once else process.terminate()
        process.wait()


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), 1).close()
    except OSError:
        return False
    return True


@contextmanager
def name_server(folder: Path, zone: str) -> Iterator[None]:
    """nsd with the zone as the root of all names."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "root.zone").write_text(zone, encoding="utf-8")
    conf = folder / "nsd.conf"
    conf.write_text(NSD.format(address=NAME_SERVER, folder=folder), encoding="utf-8")
    with running([str(find("nsd")), "-d", "-c", str(conf)], folder / "nsd.out", (NAME_SERVER, 53)):
        yield


@contextmanager
def opendkim(folder: Path, port: int, settings: Mapping[str, str]) -> Iterator[str]:
    """OpenDKIM as a milter on loopback; yields what Postfix has to be told to ask it."""
    common = {
        "Socket": f"inet:{port}@127.0.0.1",
        "Nameservers": NAME_SERVER,
        "Syslog": "no",
        "RequireSafeKeys": "no",
        "UserID": "root",
    }
    with _milter("opendkim", "-x", folder, port, {**common, **settings}) as where:
        yield where


@contextmanager
def opendmarc(folder: Path, port: int, settings: Mapping[str, str]) -> Iterator[str]:
    """OpenDMARC as a milter on loopback, with its own SPF check; yields as `opendkim` does."""
    common = {
        "Socket": f"inet:{port}@127.0.0.1",
        "Syslog": "false",
        "SPFSelfValidate": "true",
        "SPFIgnoreResults": "true",
        "RejectFailures": "true",
        "UserID": "root",
        "IgnoreHosts": "/dev/null",
    }
    with _milter("opendmarc", "-c", folder, port, {**common, **settings}) as where:
        yield where


@contextmanager
def _milter(name: str, flag: str, folder: Path, port: int, settings: Mapping[str, str]) -> Iterator[str]:
    folder.mkdir(parents=True, exist_ok=True)
    conf = folder / f"{name}-{port}.conf"
    conf.write_text("".join(f"{key} {value}\n" for key, value in settings.items()), encoding="ascii")
    command = [str(find(name)), "-f", flag, str(conf)]
    with running(command, folder / f"{name}-{port}.log", ("127.0.0.1", port), at_once=True):
        yield f"inet:127.0.0.1:{port}"


@contextmanager
def postfix(folder: Path, host: str, address: str, settings: Mapping[str, str]) -> Iterator[Server]:
    """Postfix on port 25 of this address, sending from it, too."""
    conf, queue, mailboxes = folder / "conf", folder / "queue", folder / "mail"
    for path in (conf, queue, folder / "data", mailboxes):
        path.mkdir(parents=True)
    os.chown(mailboxes, 65534, 65534)
    subprocess.run(["chown", "postfix", str(folder / "data")], check=True)
    main = {
        **MAIN,
        "myhostname": host,
        "queue_directory": str(queue),
        "data_directory": str(folder / "data"),
        "inet_interfaces": address,
        "smtp_bind_address": address,
        "maillog_file": str(folder / "mail.log"),
        "maillog_file_prefixes": str(folder),
        "virtual_mailbox_base": str(mailboxes),
        **settings,
    }
    (conf / "main.cf").write_text("".join(f"{key} = {value}\n" for key, value in main.items()))
    (conf / "master.cf").write_text(MASTER.format(address=address))
    command = [str(find("postfix")), "-c", str(conf)]
    with ExitStack() as stack:
        stack.callback(subprocess.run, [*command, "stop"], capture_output=True)
        stack.enter_context(running([*command, "start-fg"], folder / "postfix.log", (address, 25)))
        yield Server(folder, address, mailboxes)


@contextmanager
def exim(folder: Path, host: str, address: str, rewrite: tuple[str, str]) -> Iterator[Server]:
    """Exim as a relay that writes the second address of ``rewrite`` into MAIL FROM instead of the first."""
    mailboxes = folder / "mail"
    for path in (mailboxes, folder / "spool"):
        path.mkdir(parents=True)
        subprocess.run(["chown", "Debian-exim:Debian-exim", str(path)], check=True)
    values = {
        "folder": folder,
        "host": host,
        "address": address,
        "written": rewrite[0],
        "account": rewrite[1],
    }
    local, _, domain = rewrite[1].partition("@")
    conf = folder / "exim.conf"
    conf.write_text(EXIM.format(**values, local=local, domain=domain))
    command = [str(find("exim4")), "-C", str(conf), "-bdf", "-q5s"]
    with running(command, folder / "exim.log", (address, 25), at_once=True):
        yield Server(folder, address, mailboxes)


@contextmanager
def opensmtpd(folder: Path, host: str, address: str, sender: str) -> Iterator[Server]:
    """OpenSMTPD as a relay; what comes back to the sender is put into a Maildir."""
    local, _, domain = sender.partition("@")
    mailboxes = folder / "mail"
    (mailboxes / domain).mkdir(parents=True)
    subprocess.run(["chown", "-R", "nobody", str(mailboxes)], check=True)
    conf = folder / "smtpd.conf"
    values = {"address": address, "host": host, "domain": domain, "mailbox": mailboxes / domain / local}
    conf.write_text(OPENSMTPD.format(**values))
    conf.chmod(0o644)
    with running([str(find("smtpd")), "-d", "-f", str(conf)], folder / "smtpd.log", (address, 25)):
        yield Server(folder, address, mailboxes)
