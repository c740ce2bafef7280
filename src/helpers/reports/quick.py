"""Records cut out of the text: a report repeats itself, and what is the same is read once.

Records of one report differ in address and count; what follows those is the same in hundreds of them, so
it is kept with what it says. What is new is read by one expression when it is of the usual form, and by the
XML parser, inside the report's own root element, when it is not. Each record that is well-formed by itself
is so in the whole as well. Where the text is not of the plain kind that this relies on, `NotPlainError`
sends the report to the thorough way: with comments, CDATA or processing instructions in it, ``</record>``
could be something else than the end of a record. (Those in the head do no harm: cut off inside one, it
would not be well-formed.)
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from lxml import etree

from helpers.reports import elements
from helpers.reports.elements import BadRecordError
from helpers.reports.results import DkimFound, Record, SpfFound
from helpers.reports.unpack import MIB, RefusedError

MAX_RECORD = 1 * MIB  # characters: RFC 9990 §3.1.3 wants at most 100 signatures in one, some 30 KiB
MAX_RECORDS = 250_000  # what 100 MiB of usual records hold
MAX_BAD = 20  # records that can't be used are told one by one, the others are counted
_KEPT_SIZE = 1 * MIB  # characters of text whose meaning is kept

# No entity, no outside file, no network; libxml2's own limits (depth, size of a text) stay on.
SAFE = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}

# _ is white space of XML, which is less than Python's \s; V is text without markup, reference or characters
# that XML would change or refuse.
_ = r"[ \t\r\n]*"
V = r"([^<>&\r\x00-\x08\x0b-\x1f\ufffe\uffff]*)"
_DKIM_FORM = (
    rf"<dkim>{_}<domain>{V}</domain>{_}(?:<selector>{V}</selector>{_})?<result>{V}</result>{_}"
    rf"(?:<selector>{V}</selector>{_})?(?:<human_result>{V}</human_result>{_})?</dkim>{_}"
)
_ROW = re.compile(
    rf"{_}<record>{_}<row>{_}<source_ip>{_}([0-9A-Fa-f.:]{{2,45}}){_}</source_ip>"
    rf"{_}<count>{_}([0-9]{{1,12}}){_}</count>"
)
_REST = re.compile(
    rf"{_}<policy_evaluated>{_}<disposition>{V}</disposition>{_}<dkim>{V}</dkim>{_}<spf>{V}</spf>{_}"
    rf"</policy_evaluated>{_}</row>{_}<identifiers>{_}(?:<envelope_to>{V}</envelope_to>{_})?"
    rf"(?:<envelope_from>{V}</envelope_from>{_})?<header_from>{V}</header_from>{_}</identifiers>{_}"
    rf"<auth_results>{_}((?:{_DKIM_FORM.replace(V, V[1:-1])})*)"
    rf"(?:<spf>{_}<domain>{V}</domain>{_}(?:<scope>{V}</scope>{_})?<result>{V}</result>{_}"
    rf"(?:<human_result>{V}</human_result>{_})?</spf>{_})?</auth_results>{_}"
)
_DKIM = re.compile(_DKIM_FORM)
_ROOT = re.compile(r"<feedback\b[^<>]{0,4000}>")
_END = re.compile(rf"{_}</feedback>{_}")

Parts = tuple[elements.Evaluated, elements.Identified, elements.Found]


class NotPlainError(Exception):
    """The text is not of the kind that can be cut into records: it may be XML all the same."""


class Records:
    """The records so far, and those that can't be used."""

    def __init__(self) -> None:
        self.good: list[Record] = []
        self.notes: list[str] = []
        self.seen = 0

    def add(self, make: Callable[[Any], Record], what: Any) -> None:
        """Add the record that ``make(what)`` gives, or note why it is none."""
        self.seen += 1
        if self.seen > MAX_RECORDS:
            raise RefusedError(f"It has more than {MAX_RECORDS:,} records, the most for one report.")
        try:
            self.good.append(make(what))
        except BadRecordError as why:
            if self.seen - len(self.good) <= MAX_BAD:
                self.notes.append(f"Record {self.seen:,} is left out: {why}.")

    def all_notes(self) -> tuple[str, ...]:
        """The notes, and how many more there would be."""
        more = self.seen - len(self.good) - MAX_BAD
        return (*self.notes, f"{more:,} more records are left out.") if more > 0 else tuple(self.notes)


class Pieces:
    """Reads records, and keeps what was read of each text after address and count."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._kept: dict[str, Parts] = {}
        self._room = _KEPT_SIZE
        self._parser = etree.XMLParser(**SAFE)

    def record(self, text: str) -> Record:
        """The record in ``text``, which lacks its end tag only. Raises BadRecordError, NotPlainError."""
        row = _ROW.match(text)
        if row is None:
            return record_of(self._parsed(text))
        rest = text[row.end() :]
        parts = self._kept.get(rest)
        if parts is None:
            usual = _REST.fullmatch(rest)
            parts = _usual_parts(usual) if usual else parts_of(self._parsed(text))
            self._keep(rest, parts)
        (disposition, dkim, spf, reasons), (header_from, sender, recipient), found = parts
        address, count = row[1].lower(), int(row[2])
        return Record(address, count, disposition, dkim, spf, header_from, sender, recipient, *found, reasons)

    def _parsed(self, text: str) -> Any:
        """The record as an element. Raises NotPlainError when it is not well-formed."""
        try:
            return etree.fromstring(f"{self._root}{text}</record></feedback>".encode(), self._parser)[0]
        except etree.XMLSyntaxError:
            raise NotPlainError from None

    def _keep(self, text: str, parts: Parts) -> None:
        self._room -= len(text)
        if self._room < 0:
            self._kept.clear()
            self._room = _KEPT_SIZE
        self._kept[text] = parts


def _usual_parts(form: re.Match[str]) -> Parts:
    """What the usual form says; the same as `parts_of` makes of its elements."""
    texts = [text and text.strip() for text in form.groups()]
    disposition, dkim_word, spf_word, recipient, sender, author, signatures, domain, scope, result, why = (
        texts
    )
    dkim = []
    for name, before, word, after, comment in _DKIM.findall(signatures or ""):
        if name := name.strip():
            selector = before.strip() or after.strip() or None
            dkim.append(
                DkimFound(name.lower(), word.strip().lower() or "none", selector, comment.strip() or None)
            )
    spf: tuple[SpfFound, ...] = ()
    if domain:
        spf = (SpfFound(domain.lower(), (result or "none").lower(), (scope or "mfrom").lower(), why or None),)
    evaluated = elements.said_of_policy(disposition, dkim_word, spf_word, ())
    return evaluated, elements.said_of_identifiers(author, sender, recipient), (tuple(dkim), spf)


def parts_of(record: Any) -> Parts:
    """What a record says besides address and count. Raises BadRecordError when it is none."""
    return _parts(elements.first_of_each(record))


def _parts(said: dict[str, Any]) -> Parts:
    row = said.get("row")
    if row is None:
        raise BadRecordError("it has no row")
    policy = elements.child(row, "policy_evaluated")
    if policy is None:
        raise BadRecordError("it does not say how the policy was evaluated")
    identifiers = said.get("identifiers", said.get("identities"))  # a draft had the second name
    if identifiers is None:
        raise BadRecordError("it does not say whose mail it is about")
    results = said.get("auth_results")
    found: elements.Found = elements.found(results) if results is not None else ((), ())
    return elements.evaluated(policy), elements.identified(identifiers), found


def record_of(element: Any) -> Record:
    """The record in an element. Raises BadRecordError when it is none."""
    inside = elements.first_of_each(element)
    (disposition, dkim, spf, reasons), (header_from, sender, recipient), found = _parts(inside)
    said = elements.leaves(inside["row"])
    address = said.get("source_ip")
    if address is None:
        raise BadRecordError("it does not say where the messages came from")
    count = elements.counted(said.get("count"))
    return Record(
        address.lower(), count, disposition, dkim, spf, header_from, sender, recipient, *found, reasons
    )


@contextmanager
def _no_collection() -> Iterator[None]:
    """Records hold no cycles: the collector would walk through them in vain, for a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def read_quickly(texts: Iterable[str]) -> tuple[Any, Records]:
    """The head of the report as an element, and its records.

    Raises NotPlainError when the text has to be read the thorough way, RefusedError beyond a limit.
    """
    records, rest, head, pieces = Records(), "", "", None
    for text in texts:
        rest += text
        if len(rest) > MAX_RECORD + len(text):  # no whole record for long: perhaps they have a prefix
            raise NotPlainError
        if pieces is None:
            start = rest.find("<record>")
            if start < 0:
                continue
            head, rest = rest[:start], rest[start:]
            root = _ROOT.search(head)
            if root is None:
                raise NotPlainError
            pieces = Pieces(root[0])
        if "<!" in rest or "<?" in rest:
            raise NotPlainError
        *whole, rest = rest.split("</record>")
        with _no_collection():
            for one in whole:
                records.add(pieces.record, one)
    if pieces is None or not _END.fullmatch(rest):
        raise NotPlainError
    try:
        return etree.fromstring(f"{head}</feedback>".encode(), etree.XMLParser(**SAFE)), records
    except etree.XMLSyntaxError:
        raise NotPlainError from None
