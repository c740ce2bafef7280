"""Denies this Python, and every Python it starts, the network: loopback is all there is.

Python imports a module of this name when it starts. Each attempt is refused and written down in the
file that OFFLINE_LOG names, so that one which a program swallows is seen all the same.
"""

import os
import sys

HERE = {"", "localhost", "::1", "::", "0.0.0.0", None}  # an unspecified address is this machine's own


def _is_here(host):
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    return host in HERE or str(host).startswith(("127.", "::ffff:127."))


def _hook(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        if not isinstance(address, tuple) or _is_here(address[0]):  # a Unix socket, or no address of its own
            return
        wanted = address[0]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        wanted = arguments[0]
        if _is_here(wanted) or _is_number(wanted):  # an address as a number is not looked up anywhere
            return
    else:
        return
    log = os.environ.get("OFFLINE_LOG")
    if log:
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"{event} {wanted!r} by {' '.join(sys.orig_argv)[:300]}\n")
    raise PermissionError(f"this program may not use the network, and asked for {wanted!r}")


def _is_number(host):
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    return ":" in text or (text.count(".") == 3 and text.replace(".", "").isdigit())


sys.addaudithook(_hook)
