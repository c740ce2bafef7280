"""What may stay as it is: services that everybody uses, words of mail systems, names of roles.

Public services are in the mail of millions and tell nothing about its people; the receivers' own
names and help pages are what a refusal is recognised by. Everything else is replaced. The lists
themselves stand in lists.json.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

_LISTS: dict[str, list[str]] = json.loads(Path(__file__).with_name("lists.json").read_text("utf-8"))


def ordered(name: str) -> list[str]:
    """One list of lists.json, in its order."""
    return " ".join(_LISTS[name]).split()


def listed(name: str) -> frozenset[str]:
    """One list of lists.json."""
    return frozenset(ordered(name))


# ------------------------------------------------------------------ services

_OWN_HOSTS = listed("own_hosts")  # their hosts carry no customer's name: names below these stay whole
_SERVICES = _OWN_HOSTS | listed("services")  # labels below these that are not of the usual kind are replaced
_PUBLIC_NAMES = frozenset(["smtpclient.apple"])  # what macOS and iOS say in EHLO


def service_of(name: str) -> str | None:
    """The public service that a host name (lower case) belongs to, None for anybody else's."""
    if name in _PUBLIC_NAMES:
        return name
    labels = name.split(".")
    for start in range(max(0, len(labels) - 6), len(labels) - 1):
        candidate = ".".join(labels[start:])
        if candidate in _SERVICES:
            return candidate
    return None


def has_own_hosts(service: str) -> bool:
    """Are all names below this service its own?"""
    return service in _OWN_HOSTS


# ----------------------------------------------------------- labels, local parts

_GENERIC_LABEL = re.compile(
    rf"_?(?:{'|'.join(sorted(map(re.escape, listed('labels'))))})[-_]?[a-z]?\d{{0,3}}(?:-\d{{1,3}})?"
)
_REGION = re.compile(r"(?:us|eu|ap|ca|sa|me|af)-(?:north|south|east|west|central)[a-z]{0,5}-\d")
_DATE = re.compile(r"20\d{6}")  # of a key: 20230601.gappssmtp.com
_RECORD_LABELS = frozenset(
    ["_dmarc", "_domainkey", "_spf", "_adsp", "_report", "_smtp", "_tls", "*", "_mta-sts"]
)
_SELECTOR = re.compile(
    r"(?:s|k|m|key|sel|selector|dkim|dk|mail|email|google|default|smtp|mx|mandrill|pic|krs|mailo|mta|arc|svc|"
    r"zmail|fm|hs|sig|rsa|ed|ed25519|test|main|x|pm|mg|mt|mte|everlytickey|protonmail|arcselector|spop)?"
    r"[-_]?\d{0,8}[a-z]?\d{0,4}"
)


def is_generic_label(label: str) -> bool:
    """Could this label (lower case) stand in anybody's host name, such as ``mail2``?"""
    return (
        label in _RECORD_LABELS
        or _DATE.fullmatch(label) is not None
        or _GENERIC_LABEL.fullmatch(label) is not None
        or _REGION.fullmatch(label) is not None
    )


def is_generic_selector(label: str) -> bool:
    """A DKIM selector that says nothing about its owner, such as ``s1`` or ``20230601``."""
    return _SELECTOR.fullmatch(label) is not None


ROLES = listed("roles")

# Words of mail systems: a known name that is one of these is not replaced where it is only a word.
WORDS = listed("words")

# How reports of a failure are headed; for subjects, in several languages.
FAILURE_WORDS = re.compile(
    r"undeliver|deliver(?:y|ed)|delivering|returned?\b|failure|bounce|could not|non ?remis|reject|mail error|"
    r"not be sent|unzustellbar|zustell|error sending|mail system error|returning message|no entregado|"
    r"no se puede entregar|n\u00e3o entregue|non recapitabile|complaint about message|feedback|abuse report|"
    r"authentication failure|warning|delayed|\u9000\u4fe1|\u672a\u9001\u8fbe|\u65e0\u6cd5\u9001\u8fbe|"
    r"\u914d\u4fe1\u4e0d\u80fd|\u4e0d\u9054|\u30e1\u30fc\u30eb\u30a8\u30e9\u30fc|"
    r"\u0434\u043e\u0441\u0442\u0430\u0432\u043b",
    re.IGNORECASE,
)
ANSWER_WORDS = re.compile(
    r"(?:auto[ :-]*(?:matic |matische |mated )?(?:reply|response|antwort)?|automatic reply|"
    r"out[ -]of[ -](?:the )?office|away|vacation|abwesen\w*|r.ponse automatique|"
    r"respuesta autom\w*|risposta autom\w*|\u81ea\u52d5\w*)",
    re.IGNORECASE,
)
