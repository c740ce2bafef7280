"""What all tables of one redaction share: are notes still taken, which labels occur, numbers and secrets.

A mail is gone through twice. The first time everything is only noted (``collecting``), so that no
replacement is a name that occurs anyway, and relations between IP addresses are known before the
first one is renamed. The second time each name is looked up.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from helpers.redact.public import ordered

_SPELLING = ordered("spelling")
_OURS = re.compile(rf"(?<![a-z0-9])(?:{'|'.join(_SPELLING)})\d*(?![a-z0-9])")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Ledger:
    """The shared state. ``words`` says what becomes of a word wherever it stands in a text."""

    def __init__(self, key: bytes) -> None:
        self.collecting = True
        self.taken: set[str] = set()
        self.words: dict[str, Callable[[str], str]] = {}
        self._key = key[:64]
        self._counts: dict[str, int] = {}

    def take_from(self, text: str) -> None:
        """Names of ours that occur in a text are no replacement for anybody."""
        self.taken.update(_OURS.findall(text.lower()))

    def free(self) -> str:
        """The next label for an organization."""
        while True:
            turn, place = divmod(self.count("organization") - 1, len(_SPELLING))
            label = _SPELLING[place] + (str(turn + 1) if turn else "")
            if label not in self.taken:
                return label

    def numbered(self, kind: str) -> str:
        """The next label of a kind: ``host1``, ``user1``."""
        while True:
            label = f"{kind}{self.count(kind)}"
            if label not in self.taken and label not in self.words:
                return label

    def count(self, kind: str) -> int:
        """The next number of a kind."""
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return self._counts[kind]

    def secret(self, purpose: str, length: int = 32) -> bytes:
        """Bytes for one purpose, the same for the same mail."""
        seed = hashlib.blake2b(purpose.encode("utf-8", "surrogatepass"), key=self._key).digest()
        return hashlib.shake_256(seed).digest(length)

    def same_shape(self, text: str) -> str:
        """Another text of the same shape: digits for digits, letters for letters, the rest as it is."""
        letters = "abcdef" if all(c in "abcdef" for c in text.lower() if c.isalpha()) else _LETTERS
        out = []
        for character, byte in zip(text, self.secret(text, len(text)), strict=True):
            if character.isdigit():
                out.append(str(byte % 10))
            elif character.isalpha():
                letter = letters[byte % len(letters)]
                out.append(letter.upper() if character.isupper() else letter)
            else:
                out.append(character)
        return "".join(out)


def cased(model: str, text: str) -> str:
    """``text`` in the case of ``model``: all capitals, or as it is."""
    return text.upper() if len(model) > 1 and model.isupper() else text
