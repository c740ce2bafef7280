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
_PARAMETER = re.compile(r"(;\s*)([A-Za-z0-9*_-]+)\s*=\s*(\"(?:[^\"\\]|\\.)*+\"|[^;]*)")
_MEDIA_TYPE = re.compile(r"\s*(?:[\w.+-]+/[\w.+-]+|inline|attachment)(?=[\s;]|$)", re.IGNORECASE)
_TOKEN = re.compile(r"\"?[\w./+-]{1,70}\"?")
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
    kind = _MEDIA_TYPE.match(text)
    position = kind.end() if kind else 0
    out = [text[:position]]
    for found in _PARAMETER.finditer(text, position):
        out += [scrubber.words(text[position : found.start()]), _parameter(found, boundaries, scrubber)]
        position = found.end()
    out.append(scrubber.words(text[position:]))
    return "".join(out)


def _parameter(found: re.Match[str], boundaries: Mapping[str, str], scrubber: Scrubber) -> str:
    lead, name, value = found.groups()
    plain, _, number = name.lower().partition("*")
    if plain in ("name", "filename", "boundary") and number.rstrip("*") not in ("", "0"):
        return ""  # the rest of a value in several pieces (RFC 2231 §3)
    if plain in ("name", "filename"):
        return f'{lead}{name.partition("*")[0]}="attachment{_extension(value)}"'
    if plain == "boundary":
        return f'{lead}boundary="{_boundary(value, boundaries)}"'
    if plain in _KEPT_PARAMETERS and _TOKEN.fullmatch(value.strip()):
        return found.group()
    return f"{lead}{name}={scrubber.shape(value)}"


def _extension(value: str) -> str:
    found = _EXTENSION.search(value)
    return f".{found.group(1).lower()}" if found else ""


def _boundary(value: str, boundaries: Mapping[str, str]) -> str:
    """The new boundary; of one in several pieces the first is known."""
    plain = re.sub(r"\\(.)", r"\1", value.strip().strip('"')).rstrip()
    if plain in boundaries:
        return boundaries[plain]
    return next((new for old, new in boundaries.items() if plain and old.startswith(plain)), "=_part")
