"""An mbox cut into its messages, however large it is (RFC 4155, and the forms that came before it).

From_ line    the line "From address date" before each message. Gmail's Takeout writes an id for the address,
              Thunderbird a hyphen
quoting       a line of a message that begins with "From " has a ">" before it: mboxo quotes such lines only,
              mboxrd also those that have one already. One is taken off, which is right for mboxrd, and for
              mboxo but for lines that began with ">From " by themselves

Content-Length is not believed: it is one more thing that a message says about itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from helpers.mailbox.streams import BLOCK, DAMAGED, MAX_MESSAGE, Read

LOOK_AHEAD = 2_000  # bytes after "From " that decide whether it begins a message

_FROM = b"\nFrom "  # found fast; whether it begins a message is decided then
_DATED = re.compile(
    rb"From (?:\S{0,500} {1,8})?(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? {1,3}[\w ]{1,12}\d\d:\d\d[^\n]{0,100}\d{4}"
)
_FIELD = re.compile(rb"(?:>?From [^\n]{0,500}\n)?[A-Za-z][A-Za-z0-9_.-]{0,75}[ \t]*:")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_MARK = b"\xef\xbb\xbf"  # the byte order mark that some editors put before UTF-8
_BLANK_START = re.compile(rb"(?:\xef\xbb\xbf)?[\r\n \t]*")


def begins_mbox(head: bytes) -> bool:
    """Are these the first bytes of an mbox?"""
    blank = _BLANK_START.match(head)
    start = blank.end() if blank else 0
    return head.startswith(b"From ", start) and _begins_message(head, start)


def split_mbox(read: Read) -> Iterator[bytes | None]:
    """Every message, without its From_ line and unquoted; None for one of more than `MAX_MESSAGE` bytes.

    What stands before the first From_ line is a message too, unless it is blank. Holds one message and one
    block in memory at a time. Raises what ``read`` raises, after what was complete.
    """
    buffer, scan, skipping, ended = bytearray(b"\n"), 0, False, False
    failure: Exception | None = None
    while not ended:
        try:
            block = read(BLOCK)
        except DAMAGED as error:
            block, failure = b"", error
        ended = not block
        buffer += block
        if buffer.startswith(b"\n" + _MARK + b"From "):
            del buffer[1:4]
        start = 0
        for at in _starts(buffer, scan, ended):
            if skipping:
                yield None
            elif (message := _message(buffer, start, at)) is not None:
                yield message
            start, skipping = at, False
        del buffer[:start]
        scan = _resume(buffer, 1 if start else 0)
        skipping = skipping or len(buffer) > MAX_MESSAGE + LOOK_AHEAD
        if skipping and scan > 3:  # keeps what may be the beginning of a From_ line, and the line before it
            del buffer[: scan - 3]
            scan = 3
    if failure is not None:
        raise failure
    if skipping:
        yield None
    elif (message := _message(buffer, 0, None)) is not None:
        yield message


def _starts(buffer: bytearray, scan: int, ended: bool) -> Iterator[int]:
    """Where the messages in the buffer begin: the line feed before each From_ line."""
    at = buffer.find(_FROM, scan)
    while at >= 0 and (ended or at + LOOK_AHEAD <= len(buffer)):
        if _begins_message(buffer, at + 1):
            yield at
        at = buffer.find(_FROM, at + 1)


def _resume(buffer: bytearray, scan: int) -> int:
    """Where to go on searching when more was read: at the first "From " that was not decided yet."""
    undecided = buffer.find(_FROM, max(scan, len(buffer) - LOOK_AHEAD))
    return undecided if undecided >= 0 else max(scan, len(buffer) - len(_FROM))


def _begins_message(buffer: bytes | bytearray, at: int) -> bool:
    """Is the line at ``at``, which begins with "From ", a From_ line?

    Of three signs it needs two: an empty line before it, a date in it, a header field after it.
    """
    line_end = buffer.find(b"\n", at, at + LOOK_AHEAD // 2)
    if line_end < 0:
        line_end = min(len(buffer), at + LOOK_AHEAD // 2)
    before = bytes(buffer[max(0, at - 3) : at])
    blank = at <= 1 or before.endswith((b"\n\n", b"\n\r\n"))
    dated = _DATED.match(buffer, at, line_end) is not None
    field = _FIELD.match(buffer, line_end + 1, line_end + LOOK_AHEAD // 2) is not None
    return blank + dated + field >= 2


def _message(buffer: bytearray, start: int, end: int | None) -> bytes | None:
    """The message in the buffer, without the From_ line and the empty line that ends it."""
    with memoryview(buffer) as view:
        raw = bytes(view[start:end])
    if raw.startswith(_FROM):
        first = raw.find(b"\n", 1)
        raw = raw[first + 1 :] if first >= 0 else b""
    else:
        raw = raw[1:].removeprefix(_MARK)  # the line feed stands for the start of the file
        if not raw.strip():
            return None
    if raw.endswith(b"\n\r"):  # CRLF; the line feed that ended the empty line is cut off already
        raw = raw[:-1]
    elif end is None and raw.endswith((b"\n\n", b"\n\r\n")):
        raw = raw[: -2 if raw.endswith(b"\r\n") else -1]
    elif raw and not raw.endswith(b"\n"):
        raw += b"\n"
    return unquoted(raw)


def unquoted(raw: bytes) -> bytes:
    """Lines that were quoted so that they don't look like a From_ line, as they were."""
    return _QUOTED.sub(rb"\1", raw) if b">From " in raw else raw
