"""OpenDMARC's own library, called through ctypes: what its milter would decide about a message.

The library is not asked to look records up, since for that it would use the network: `decide` gets the
record, and `organizational_domain` is the library's own.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Sequence
from pathlib import Path

PUBLIC_SUFFIXES = Path("/usr/share/publicsuffix/public_suffix_list.dat")

# Out of opendmarc/dmarc.h.
MOZILLA_LIST = 1
IPV4, MAIL_FROM = 4, 1
OUTCOMES = {"none": 0, "pass": 1, "fail": 2, "temperror": 3}
DECISIONS = {14: "none", 15: "pass", 16: "reject", 17: "quarantine", 18: "fail"}


class _Settings(ctypes.Structure):
    _fields_ = (
        ("tld_type", ctypes.c_int),
        ("tld_source_file", ctypes.c_char * 4096),
        ("nscount", ctypes.c_int),
        ("nsaddr_list", ctypes.c_char * 16 * 3),
    )


@functools.cache
def library() -> ctypes.CDLL | None:
    """The library, ready to be used; None where it is not installed."""
    try:
        lib = ctypes.CDLL("libopendmarc.so.2")
    except OSError:
        return None
    if not PUBLIC_SUFFIXES.exists():
        return None
    settings = _Settings(tld_type=MOZILLA_LIST, tld_source_file=str(PUBLIC_SUFFIXES).encode())
    if lib.opendmarc_policy_library_init(ctypes.byref(settings)) != 0:
        return None
    lib.opendmarc_policy_connect_init.restype = ctypes.c_void_p
    lib.opendmarc_policy_connect_shutdown.restype = ctypes.c_void_p
    return lib


def organizational_domain(domain: str) -> str:
    """By its public suffix list, RFC 7489 §3.2."""
    lib, found = library(), ctypes.create_string_buffer(256)
    assert lib
    lib.opendmarc_get_tld(domain.encode(), found, ctypes.c_size_t(256))
    return found.value.decode()


def decide(
    author: str, record: str, found_at: str, spf: tuple[str, str] | None, dkim: Sequence[tuple[str, str]]
) -> str:
    """ "pass", "reject", "quarantine", "fail" (nothing is asked for) or "none" (the record is no policy)."""
    lib = library()
    assert lib
    context = ctypes.c_void_p(lib.opendmarc_policy_connect_init(b"192.0.2.1", IPV4))
    try:
        lib.opendmarc_policy_store_from_domain(context, author.encode())
        if spf:
            lib.opendmarc_policy_store_spf(context, spf[0].encode(), OUTCOMES.get(spf[1], 2), MAIL_FROM, b"")
        for domain, result in dkim:
            lib.opendmarc_policy_store_dkim(context, domain.encode(), b"s", OUTCOMES.get(result, 2), b"")
        organizational = None if found_at == author else found_at.encode()
        if lib.opendmarc_policy_store_dmarc(context, record.encode(), author.encode(), organizational) != 0:
            return "none"
        return DECISIONS[lib.opendmarc_get_policy_to_enforce(context)]
    finally:
        lib.opendmarc_policy_connect_shutdown(context)
