"""Text out of transfer encodings and charsets and back into them (RFC 2045, RFC 2047)."""

from __future__ import annotations

import base64
import binascii
import re

from helpers.message import Header, is_charset


def readable(header: Header, body: bytes) -> str:
    """The value as text: with its folding where it is plain ASCII, else decoded on one line."""
    if body.isascii() and b"=?" not in body and b"\x1b" not in body:
        return body.decode("ascii")
    return f" {header.decoded}"


_ENCODED = re.compile(rb"=\?([^?*\s]{1,60})(?:\*[^?\s]*)?\?([bBqQ])\?")


def worded_again(text: str, raw: bytes) -> str:
    """Text as an encoded word (RFC 2047) in the charset that the original had, plain if it had none."""
    found = _ENCODED.search(raw)
    if found is None or not text:
        return text
    charset = found.group(1).decode("ascii", "replace")
    data = _encoded(text, charset)
    if data is None:
        charset, data = "utf-8", text.encode("utf-8", "replace")
    limit = 30 if data.isascii() else len(data)
    pieces = [data[start : start + limit] for start in range(0, len(data), limit)]
    return " ".join([f"=?{charset}?B?{base64.b64encode(piece).decode()}?=" for piece in pieces])


def _encoded(text: str, charset: str) -> bytes | None:
    """None where this is no charset, or one that can't hold the text."""
    try:
        return text.encode(charset) if is_charset(charset) else None
    except (LookupError, UnicodeError):  # some codecs are found, and are not for text
        return None


_WIDER = {
    "shift_jis": "cp932", "x-sjis": "cp932", "gb2312": "gb18030", "gbk": "gb18030", "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949", "iso-8859-1": "cp1252", "us-ascii": "ascii", "iso-2022-jp": "iso2022_jp_ext",
}  # fmt: skip


def encode_text(text: str, charset: str, original: bytes) -> tuple[bytes, str | None]:
    """Text in its charset; in UTF-8, and that name for it, where the charset can't hold it."""
    label = charset.strip().strip("\"'").lower()
    if not label and b"\x1b$" in original:
        label = "iso-2022-jp"
    for codec in (label, _WIDER.get(label, "")):
        if (data := _encoded(text, codec)) is not None:
            return data, None
    if text.isascii():
        return text.encode("ascii"), None
    return text.encode("utf-8", "replace"), "utf-8"


def transfer_encode(data: bytes, encoding: str, ending: bytes) -> bytes:
    """base64 or quoted-printable as the part says; other encodings leave the bytes as they are."""
    if encoding == "base64":
        return base64.encodebytes(data).replace(b"\n", ending)
    if encoding == "quoted-printable":
        lines = data.replace(b"\r\n", b"\n").split(b"\n")
        return ending.join(
            [binascii.b2a_qp(line, istext=True).replace(b"=\n", b"=" + ending) for line in lines]
        )
    return data


def line_ending(data: bytes) -> bytes:
    """The line ending that most of the lines have."""
    pairs = data.count(b"\r\n")
    return b"\r\n" if pairs and pairs * 2 >= data.count(b"\n") else b"\n"
