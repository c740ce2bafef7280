"""What stands in for the text of a mail: lines of the same length that say nothing."""

from __future__ import annotations

import re

_WORDS = (
    "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et "
    "dolore magna aliqua ut enim ad minim veniam quis nostrud exercitation ullamco laboris nisi ut aliquip "
    "ex ea commodo consequat duis aute irure dolor in reprehenderit in voluptate velit esse cillum dolore eu "
    "fugiat nulla pariatur excepteur sint occaecat cupidatat non proident sunt in culpa qui officia deserunt "
    "mollit anim id est laborum "
)
HTML = "<html><body><p>lorem ipsum dolor sit amet</p></body></html>\n"


MAX_RULE = 200  # characters
_RULE = re.compile(r"[-=_*~#+|. \t]*")  # a line that parts others
_STARTS = [0] + [at + 1 for at, character in enumerate(_WORDS[:-1]) if character == " "]


def filler(text: str) -> str:
    """Text in place of another, line by line of the same length."""
    out = []
    word = 0
    for line in text.split("\n"):
        length = len(line.rstrip())
        if length <= MAX_RULE and _RULE.fullmatch(line):
            out.append(line)
            continue
        out.append(_line(_STARTS[word], length))
        word = (word + length // 5 + 1) % len(_STARTS) if length else word
    return "\n".join(out)


def _line(position: int, length: int) -> str:
    if not length:
        return ""
    repeated = (
        _WORDS * ((position + length) // len(_WORDS) + 1) if position + length > len(_WORDS) else _WORDS
    )
    line = repeated[position : position + length]
    return f"{line[:-1]}." if line[-1] == " " else line
