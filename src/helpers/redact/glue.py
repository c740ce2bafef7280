"""What stands between the contents of parts: delimiter lines, the parts' own fields, text nobody reads."""

from __future__ import annotations

from collections.abc import Callable

from helpers.message import Header, read_message
from helpers.redact.fields import FieldRedactor
from helpers.redact.filler import filler

_UNKNOWN = "=_part"  # where no Content-Type names the boundary and it was guessed

FieldOf = Callable[[Header, dict[str, str]], bytes]


class Glue:
    """Redacts it piece by piece, in order; it remembers whether a part's fields are still open."""

    def __init__(self, fields: FieldRedactor, ending: bytes, field_of: FieldOf) -> None:
        self.fields = fields
        self.ending = ending
        self.field_of = field_of
        self.in_fields = False
        self.block: list[bytes] = []  # the lines of the fields that are open
        self.boundaries = {
            b"--" + old.encode("utf-8", "backslashreplace"): new for old, new in fields.boundaries.items()
        }

    def run(self, text: bytes, changed: dict[str, str]) -> bytes:
        """The text up to the next content; ``changed`` is about that content, for its fields."""
        out: list[bytes] = []
        for line in text.splitlines(keepends=True):
            stripped = line.rstrip(b"\r\n \t")
            delimiter = self._delimiter(stripped) if stripped.startswith(b"--") else None
            if delimiter is not None:
                out += [*self._fields(changed), delimiter + line[len(stripped) :]]
                self.in_fields = not delimiter.endswith(b"--")
            elif self.in_fields and stripped:
                self.block.append(line)
            elif self.in_fields:
                out += [*self._fields(changed), line]
                self.in_fields = False
            else:
                out.append(self._filled(line, stripped))
        out += self._fields(changed)
        return b"".join(out)

    def _filled(self, line: bytes, stripped: bytes) -> bytes:
        text = stripped.decode("latin-1")
        if self.fields.names.collecting:
            self.fields.names.avoid(text)
            return line
        return filler(text).encode("ascii") + line[len(stripped) :]

    def _delimiter(self, line: bytes) -> bytes | None:
        """The delimiter line with its new boundary, None when it is none."""
        closing = line.endswith(b"--")
        if line in self.boundaries:
            return b"--" + self.boundaries[line].encode()
        if closing and line[:-2] in self.boundaries:
            return b"--" + self.boundaries[line[:-2]].encode() + b"--"
        if self.boundaries:
            return None
        return b"--" + _UNKNOWN.encode() + (b"--" if closing else b"")

    def _fields(self, changed: dict[str, str]) -> list[bytes]:
        """The fields that are open, redacted."""
        if not self.block:
            return []
        headers = read_message(b"".join(self.block)).headers
        self.block = []
        fields = [self.field_of(header, changed) for header in headers]
        return fields or [b"X-Removed: yes" + self.ending]
