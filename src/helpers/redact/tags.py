"""Values that are lists: the tags of signatures (RFC 6376 §3.5), MIME's parameters (RFC 2045 §5.1)."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Mapping

from helpers.redact.dates import shift_seconds
from helpers.redact.names import Names
from helpers.redact.public import listed
from helpers.redact.text import Scrubber

_TAG = re.compile(r"(\s*)([A-Za-z][A-Za-z0-9_]*)(\s*=)(.*)", re.DOTALL)
_BASE64 = re.compile(r"[A-Za-z0-9+/]")
_FORM_TAGS = frozenset(["v", "a", "c", "h", "l", "q", "i", "cv"])  # how it was signed, not by whom
_VALUE = r"(\"(?:[^\"\\]|\\.)*\"|[^;]*)"
_FILE_NAME = re.compile(rf"(;\s*)((?:file)?name)((?:\*\d*\*?)?)\s*=\s*{_VALUE}", re.IGNORECASE)
_PARAMETER = re.compile(rf"(;\s*)([A-Za-z0-9*_-]+)\s*=\s*{_VALUE}")
_KEPT_PARAMETERS = listed("parameters")
_EXTENSION = re.compile(r"\.([A-Za-z0-9]{1,5})[\"'\s]*$")


def tag_list(text: str, names: Names, scrubber: Scrubber, weeks: int) -> str:
    """A signature: who signs is renamed, which fields were signed stays, hashes become others."""
    return ";".join([_tag(piece, names, scrubber, weeks) for piece in text.split(";")])


def _tag(piece: str, names: Names, scrubber: Scrubber, weeks: int) -> str:
    found = _TAG.fullmatch(piece)
    if found is None:
        return scrubber.shape(piece)
    lead, name, equals, value = found.groups()
    if name == "d":
        value = _within(value, names.domain)
    elif name == "s":
        value = _within(value, names.selector)
    elif name == "i" and "@" in value:
        value = scrubber.words(value)
    elif name in ("b", "bh"):
        value = value if names.collecting else _other_hash(value, names)
    elif name in ("t", "x"):
        value = _within(value, lambda inner: shift_seconds(inner, weeks))
    elif name == "z":  # copies of signed fields, subject and all
        value = value if names.collecting else _within(value, lambda _: "From:redacted")
    elif name not in _FORM_TAGS:
        value = scrubber.shape(value)
    return lead + name + equals + value


def _other_hash(value: str, names: Names) -> str:
    """Base64 of the same length and folding."""
    seed = names.secret("".join(value.split()), len(value))
    letters = iter(binascii.b2a_base64(seed, newline=False).decode("ascii").rstrip("="))
    return _BASE64.sub(lambda _: next(letters), value)


def _within(value: str, change: Callable[[str], str]) -> str:
    """Change a value but not the blanks around it."""
    inner = "".join(value.split())
    if not inner:
        return value
    return value[: value.find(inner[0])] + change(inner) + value[len(value.rstrip()) :]


def parameters(text: str, boundaries: Mapping[str, str], scrubber: Scrubber) -> str:
    """Content-Type and Content-Disposition: file names, boundaries and unknown parameters go."""
    for old, new in sorted(boundaries.items(), key=lambda pair: -len(pair[0])):
        text = text.replace(old, f"\0{new}\0")
    if "name" in text.lower():
        text = _FILE_NAME.sub(_file_name, text)
    pieces = text.split("\0")
    return "".join([piece if n % 2 else _other(piece, scrubber) for n, piece in enumerate(pieces)])


def _file_name(found: re.Match[str]) -> str:
    if found.group(3).strip("*") not in ("", "0"):
        return ""  # the rest of a name in several pieces (RFC 2231 §3)
    extension = _EXTENSION.search(found.group(4))
    ending = f".{extension.group(1).lower()}" if extension else ""
    return f'{found.group(1)}{found.group(2)}="attachment{ending}"'


def _other(text: str, scrubber: Scrubber) -> str:
    return _PARAMETER.sub(lambda found: _parameter(found, scrubber), scrubber.words(text))


def _parameter(found: re.Match[str], scrubber: Scrubber) -> str:
    name = found.group(2).lower().partition("*")[0]
    if name in _KEPT_PARAMETERS or name in ("name", "filename"):
        return found.group()
    return f"{found.group(1)}{found.group(2)}={scrubber.shape(found.group(3))}"
