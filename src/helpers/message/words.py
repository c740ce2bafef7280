"""Bytes to readable text: charsets as mail labels them, RFC 2047 encoded words. Nothing raises."""

from __future__ import annotations

import binascii
import codecs
import re
from functools import lru_cache

# What mail says against what it means: the wider charset of the same family.
_WIDER = {
    "shift_jis": "cp932", "shift-jis": "cp932", "x-sjis": "cp932", "sjis": "cp932", "windows-31j": "cp932",
    "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "hz-gb-2312": "hz",
    "ks_c_5601-1987": "cp949", "ks_c_5601": "cp949", "euc-kr": "cp949",
    "iso-8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "utf-8", "ascii": "utf-8",
    "iso-8859-8-i": "iso-8859-8", "iso-8859-8-e": "iso-8859-8", "iso-8859-6-i": "iso-8859-6",
    "iso-2022-jp": "iso2022_jp_ext", "cp50220": "iso2022_jp_ext", "cp50221": "iso2022_jp_ext",
    "unicode-1-1-utf-7": "utf-7", "unicode-1-1-utf-8": "utf-8", "utf8": "utf-8", "utf8mb4": "utf-8",
    "ansi_x3.4-1968": "utf-8", "x-unknown": "utf-8", "unknown-8bit": "utf-8",
    "default": "utf-8", "8bit": "utf-8", "binary": "utf-8",
}  # fmt: skip
MAX_LABEL = 60  # characters; the longest registered name of a charset has 45
# Python's codecs that are no charset of mail: slow on hostile input, or not text at all.
_REFUSED = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})


def is_charset(label: str) -> bool:
    """Whether a label may be used as a charset of mail; hostile mail names other codecs, in any spelling."""
    return 0 < len(label) <= MAX_LABEL and _is_charset(label)


@lru_cache(maxsize=256)
def _is_charset(label: str) -> bool:
    try:
        return codecs.lookup(label).name.replace("-", "_") not in _REFUSED
    except (LookupError, ValueError):
        return False


_ENCODED_WORD = re.compile(r"=\?([^?\s*]{1,75})(?:\*[^?\s]{0,75})?\?([bBqQ])\?([^?]*)\?=")
_BETWEEN = re.compile(r"\?=\s+=\?")


def bytes_to_text(data: bytes, charset: str = "") -> str:
    """Decode ``data`` as ``charset`` says; where that is unknown or wrong, as UTF-8, else as cp1252.

    An escape sequence of ISO-2022-JP counts as a label: Japanese mail often has no other.
    """
    wanted = charset.strip().strip("\"'").lower()
    if not wanted and b"\x1b$" in data:
        wanted = "iso-2022-jp"
    wanted = _WIDER.get(wanted, wanted)
    if wanted != "utf-8" and is_charset(wanted):
        try:
            return data.decode(wanted)
        except UnicodeDecodeError:
            if wanted == "iso2022_jp_ext":
                return _iso_2022_jp(data)
            if wanted != "cp1252":
                return data.decode(wanted, "replace")
        except (LookupError, ValueError):
            pass
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace") if wanted == "utf-8" and charset else data.decode("latin-1")


_ESCAPE = re.compile(rb"\x1b(\$[@B]|\([BJI]|\$\(D)")


def _iso_2022_jp(data: bytes) -> str:
    """ISO-2022-JP with the vendors' characters (such as ①) that Python's codec refuses, by way of cp932."""
    out: list[str] = []
    mode = b"(B"
    for number, piece in enumerate(_ESCAPE.split(data)):
        if number % 2:
            mode = piece
        elif mode in (b"$B", b"$@"):
            out.append(_jis_to_sjis(piece).decode("cp932", "replace"))
        elif mode == b"(I":
            out.append(bytes(byte | 0x80 for byte in piece).decode("cp932", "replace"))
        else:
            out.append(piece.decode("cp932", "replace"))
    return "".join(out)


def _jis_to_sjis(pairs: bytes) -> bytes:
    """JIS X 0208 pairs as Shift_JIS; line ends and blanks between them stay."""
    out = bytearray()
    position = 0
    while position < len(pairs):
        first = pairs[position]
        if first < 0x21 or position + 1 >= len(pairs):
            out.append(first)
            position += 1
            continue
        second = pairs[position + 1]
        position += 2
        low = second + (0x1F if second < 0x60 else 0x20) if first % 2 else second + 0x7E
        out += bytes((((first + 1) // 2 + (0x70 if first < 0x5F else 0xB0)) & 0xFF, low & 0xFF))
    return bytes(out)


_JIS_RUN = re.compile(r"\x1b\$[@B]([\x21-\x7e]*)\x1b\([BJ]")
_LIKE_AN_ADDRESS = re.compile(r"@[A-Za-z0-9-]+\.[A-Za-z0-9-]")


def decode_jis_runs(text: str) -> str:
    """Text with its unlabelled ISO-2022-JP made readable: half of a kanji may be ``<``, ``@`` or ``"``.

    A run that holds an address if one does not decode it stays: readers differ in what they see.
    """
    return _JIS_RUN.sub(_jis_run, text)


def _jis_run(run: re.Match[str]) -> str:
    if _LIKE_AN_ADDRESS.search(run.group(1)):
        return run.group()
    return _iso_2022_jp(run.group().encode("ascii"))


def decode_words(text: str) -> str:
    """Text with its RFC 2047 encoded words decoded; blanks between two of them go (§6.2)."""
    if "=?" not in text:
        return text
    out: list[str] = []
    position, held, held_charset = 0, b"", ""
    for word in _ENCODED_WORD.finditer(text):
        between = text[position : word.start()]
        data, charset = _word_bytes(word.group(2), word.group(3)), word.group(1).lower()
        position = word.end()
        if data is None:
            data, between = b"", between + word.group()
        if held and not between.strip() and charset == held_charset:
            held += data  # a character may be cut in two by its encoder: decode them together
            continue
        if held:
            out.append(bytes_to_text(held, held_charset))
            between = between if between.strip() else ""
        out.append(between)
        held, held_charset = data, charset
    if held:
        out.append(bytes_to_text(held, held_charset))
    out.append(text[position:])
    return "".join(out)


def _word_bytes(encoding: str, text: str) -> bytes | None:
    data = text.encode("utf-8", "replace")
    if encoding in "qQ":
        return binascii.a2b_qp(data.replace(b"_", b" "), header=False)
    return decode_base64(data)


def decode_base64(data: bytes) -> bytes:
    """Base64 as it really comes: foreign characters skipped, padding missing or in the middle."""
    try:
        return binascii.a2b_base64(data)
    except (binascii.Error, ValueError):
        kept = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
        return binascii.a2b_base64(kept[: len(kept) - (len(kept) % 4 == 1)] + b"==")
