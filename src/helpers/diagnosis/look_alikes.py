"""What an author domain is that looks like another one: letters of other alphabets, and a name in front.

DNS, SPF, DKIM and DMARC compare names as they are, so nothing is decided here; people read them as
they look. A *U-label* is what people read, an *A-label* (``xn--…``) what DNS is asked for
(RFC 5890 §2.3.2.1).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import replace

from helpers.domains import registered_domain
from helpers.lookup import a_label, u_label
from helpers.terms import Basis, Fact

MAX_LETTERS = 3  # letters that are named one by one
_LOOK_LATIN = (
    "CYRILLIC",
    "GREEK",
    "ARMENIAN",
    "CHEROKEE",
)  # alphabets with letters that look like Latin ones
# The ends of names that people take for the end of a whole address; "news", "email" or "de" in the middle
# of a name are everyday labels.
_ENDINGS = ("com", "net", "org", "edu", "gov")


def rows_about_name(domain: str | None) -> Iterator[Fact]:
    """What there is to know about how this A-label name looks; mostly nothing."""
    if domain is None:
        return
    if "xn--" in domain and (written := u_label(domain)) != domain:
        yield Fact("written as", written, Basis.RECOMPUTED, _letters(domain, written))
    if any(label in _ENDINGS for label in domain.split(".")[1:-2]):  # else the list need not be read
        owner = registered_domain(domain)
        if front := _name_in_front(domain, owner):
            source = f"but the name is one of {owner}, whose owner decides on it: {front} has no say"
            yield Fact("begins like", front, Basis.RECOMPUTED, source)


def with_dns_name(fact: Fact) -> Fact:
    """A domain with other letters than ASCII's may be a look-alike: what DNS calls it stands beside it."""
    domain = (fact.value or "").rpartition("@")[2]
    name = None if domain.isascii() else a_label(domain)
    return fact if name is None else replace(fact, source=f"{fact.source}; DNS knows its domain as {name}")


def _letters(domain: str, written: str) -> str:
    foreign = list(dict.fromkeys(c for c in written if not c.isascii()))
    named = [f"{c} is U+{ord(c):04X} {unicodedata.name(c, 'without a name')}" for c in foreign[:MAX_LETTERS]]
    more = f" and {len(foreign) - MAX_LETTERS} more" if len(foreign) > MAX_LETTERS else ""
    return f"{domain} as people read it: {', '.join(named)}{more}{_warning(written)}"


def _warning(written: str) -> str:
    """Whether a label can pass for a Latin one; nothing for umlauts, Kana, or a name that is all Cyrillic."""
    for label in written.split("."):
        alphabets = {unicodedata.name(c, "").partition(" ")[0] for c in label if c.isalpha()}
        for other in _LOOK_LATIN:
            if other in alphabets and "LATIN" in alphabets:
                return f". Latin and {other.title()} letters in one label: it can pass for another name"
            if other in alphabets and written.rpartition(".")[2].isascii():
                return f". All letters of that label are {other.title()}: it can pass for a Latin one"
    return ""


def _name_in_front(domain: str, owner: str) -> str:
    """The name of somebody else that this one begins with, such as fujiba.net in fujiba.net.example.com."""
    labels = domain.removesuffix(owner).removesuffix(".").split(".")
    for number, label in enumerate(labels[1:], 1):
        if label in _ENDINGS:
            return registered_domain(".".join(labels[: number + 1]))
    return ""
