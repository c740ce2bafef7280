"""Links from a lesson's prose to the glossary: the first mention of each term, and nothing that is no prose.

The terms are the headings of notebooks/sources/glossary.py. Words that mean the same, or are forms of them,
stand below; what has another meaning in everyday English ("header", "record") is no term here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from course.sources import Source, anchor, without_code_blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# How a term may be written in a sentence, besides as it stands in its heading.
FORMS: dict[str, tuple[str, ...]] = {
    "A-label": ("A-labels",),
    "Aggregate report": ("aggregate reports",),
    "ARC": (),
    "Assessment policy": ("DMARC policy",),
    "Authentication-Results": (),
    "Author domain": ("author domains",),
    "Body hash": (),
    "Bounce": ("bounces", "DSN"),
    "Canonicalization": ("canonicalisation", "canonicalized"),
    "Client IP": (),
    "Disposition": (),
    "DKIM": (),
    "DKIM key record": ("key record", "key records"),
    "DKIM signature": ("DKIM signatures",),
    "DKIM signing domain": ("signing domain", "signing domains"),
    "DMARC": (),
    "DMARC policy domain": ("policy domain",),
    "DMARC record": ("DMARC records",),
    "DNS": (),
    "DNS tree walk": ("tree walk",),
    "Encoded word": ("encoded words",),
    "Enhanced status code": ("enhanced status codes",),
    "Envelope": (),
    "Failure report": ("failure reports",),
    "Forwarder": ("forwarders", "forwarding"),
    "HELO": ("EHLO",),
    "Identifier alignment": ("alignment", "aligned", "aligns", "align"),
    "Look-up limit": ("ten look-ups",),
    "MAIL FROM": (),
    "Mailing list": ("mailing lists",),
    "Mechanism": ("mechanisms",),
    "MX record": ("MX records",),
    "Null sender": (),
    "NXDOMAIN and NODATA": ("NXDOMAIN", "NODATA"),
    "Organizational domain": ("organizational domains",),
    "Permerror and temperror": ("permerror", "temperror"),
    "Public suffix domain": ("public suffix", "public suffixes"),
    "Received": (),
    "Relaxed and strict": ("relaxed alignment", "strict alignment"),
    "Replay": (),
    "Reply code": ("reply codes",),
    "Return-Path": (),
    "Selector": ("selectors",),
    "Sending service": ("sending services",),
    "SMTP": (),
    "Softfail": (),
    "SPF": (),
    "SPF macro": ("macro", "macros"),
    "SPF record": ("SPF records",),
    "SPF-authenticated identifier": (),
    "SRS": (),
    "Void look-up": ("void look-ups",),
    "Zone": (),
}

# Headings, quoted blocks and tables' rules; code, links that are there, addresses.
_NO_PROSE = re.compile(r"^#+ .*$|^>.*$|^\|[-:| ]+\|$|`[^`]+`|!?\[[^\]]*\]\([^)]*\)|\w+://\S+", re.MULTILINE)


def terms(order: Sequence[Source]) -> list[str]:
    """The glossary's terms, if there is a glossary."""
    return [
        re.sub(r"^#+ ", "", cell.source.splitlines()[0])
        for source in order
        if source.name == "glossary"
        for cell in source.cells
        if cell.source.startswith("### ")
    ]


def linked(texts: Iterable[str], known: Sequence[str]) -> list[str]:
    """The texts of a lesson, in their order, each term a link where it is mentioned first."""
    left = {form.lower(): term for term in known for form in (term, *FORMS.get(term, ()))}
    seen: set[str] = set()
    return [_link_in(text, left, seen) for text in texts]


def _link_in(text: str, forms: dict[str, str], seen: set[str]) -> str:
    if not forms or ("```" in text and without_code_blocks(text) != text):
        return text  # a fenced block: rare, and left alone
    any_form = "|".join(
        re.escape(form).replace(r"\ ", r"\s+") for form in sorted(forms, key=len, reverse=True)
    )
    pattern = re.compile(rf"(?<![\w./@-])({any_form})(?![\w@-])", re.IGNORECASE)

    def link(match: re.Match[str]) -> str:
        term = forms[" ".join(match[1].lower().split())]
        if term in seen or not _written_as_meant(match[1], term):
            return match[0]
        seen.add(term)
        return f"[{match[1]}](glossary.ipynb#cell-id={anchor(term)})"

    parts, at = [], 0
    for protected in _NO_PROSE.finditer(text):
        parts += [pattern.sub(link, text[at : protected.start()]), protected[0]]
        at = protected.end()
    return "".join([*parts, pattern.sub(link, text[at:])])


def _written_as_meant(words: str, term: str) -> bool:
    """Names are written as names are: `received` is a word, `Received` a header, `Mail from` no command."""
    if term.isupper():
        return words.isupper()
    return term != "Received" or words[:1].isupper()
