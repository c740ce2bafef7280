"""One report's XML, read: quickly where the text is plain, else element by element, mended if need be.

Measured on a report of Google's shape (26 MB, pretty-printed; libxml2 2.14, expat 2.6), parsing only, results
made by none: expat with Python handlers 54 MB/s, `XMLPullParser` with its elements looked at 54, `iterparse`
56. Making the results costs as much again. Hence the quick way (see `quick`); the thorough one is the
`XMLPullParser`, since it can be fed, bounded and told to recover.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from lxml import etree

from helpers.reports import elements
from helpers.reports.quick import MAX_RECORD, SAFE, NotPlainError, Records, read_quickly, record_of
from helpers.reports.results import AggregateReport
from helpers.reports.text import BytesLeftOutError, texts
from helpers.reports.unpack import MIB, Chunks, RefusedError

_STEP = 1 << 16  # characters fed to the parser at once
_TAGS = ("{*}record", "{*}report_metadata", "{*}policy_published", "{*}version")
_OPENING = re.compile(r"<([A-Za-z_][\w.:-]{0,100})([^<>]{0,4000})")
_BEGUN = re.compile(r"<(?:[\w.-]{1,40}:)?record[\s>]")
_CLOSED = re.compile(r"</(?:[\w.-]{1,40}:)?feedback\s*>")
_NAMESPACE = re.compile(r"xmlns(?::[\w.-]{1,100})?\s*=\s*[\"']([^\"'<>]{1,300})[\"']")


def read_xml(chunks: Chunks, source: str) -> AggregateReport:
    """The report in some XML, which ``chunks()`` gives from its beginning each time.

    Raises RefusedError when there is none in it or when it is beyond a limit.
    """
    notes: list[str] = []
    try:
        try:
            head, records = read_quickly(texts(chunks))
        except NotPlainError:
            head, records = _read_thoroughly(chunks, notes, forgiving=False)
    except BytesLeftOutError:
        notes = ["Some bytes are no characters in the encoding of the file; they are left out."]
        head, records = _read_thoroughly(chunks, notes, forgiving=True)
    return _report(head, records, notes, source, _beginning(chunks))


def _report(head: Any, records: Records, notes: list[str], source: str, beginning: str) -> AggregateReport:
    about = elements.child(head, "report_metadata")
    policy = elements.child(head, "policy_published")
    if about is None and policy is None and not records.good:
        root = _OPENING.search(beginning)
        name = root[1] if root else "missing"
        raise RefusedError(
            f"The XML is no DMARC report: its root element is <{name}>, not a filled <feedback>."
        )
    said = {
        **elements.metadata(about if about is not None else etree.Element("none")),
        **elements.published(policy if policy is not None else etree.Element("none")),
    }
    missing = [words for name, words in _NEEDED.items() if said[name] is None]
    notes += [f"The report does not say {words}." for words in missing]
    if not records.seen:
        notes.append("The report has no record.")
    version = elements.child(head, "version")
    return AggregateReport(
        **said,
        version=elements.text_of(version) if version is not None else None,
        namespace=_namespace(beginning),
        records=tuple(records.good),
        notes=(*notes, *records.all_notes()),
        source=source,
    )


_NEEDED = {
    "org_name": "who wrote it",
    "report_id": "its report_id",
    "begin": "when its period begins",
    "end": "when its period ends",
    "domain": "which domain it is about",
    "p": "which policy was published",
}


def _beginning(chunks: Chunks) -> str:
    try:
        return next(texts(chunks, forgiving=True), "")[:8192]
    except RefusedError:
        return ""


def _namespace(beginning: str) -> str | None:
    """The namespace of the root element; for other elements' nobody asks."""
    for found in _OPENING.finditer(beginning):
        if found[1].rpartition(":")[2] == "feedback":
            named = _NAMESPACE.search(found[2])
            return named[1] if named else None
    return None


# ---------------------------------------------------------------- element by element


def _read_thoroughly(chunks: Chunks, notes: list[str], *, forgiving: bool) -> tuple[Any, Records]:
    """All that the parser gives; a second time, mending, when the XML is not well-formed."""
    try:
        return _pulled(texts(chunks, forgiving=forgiving), mend=False)
    except etree.XMLSyntaxError as error:
        why = _words(error)
    head, records = _pulled(texts(chunks, forgiving=forgiving), mend=True)
    if not records.seen:
        raise RefusedError(f"The XML is not well-formed: {why}.")
    notes.append(f"The XML is not well-formed and was mended: {why}.")
    return head, records


def _words(error: etree.XMLSyntaxError) -> str:
    """What the parser says, without its line and its advice to switch limits off."""
    said = " ".join(str(error.msg or error).partition(", line")[0].split())
    if "XML_PARSE_HUGE" in said:
        deep = "Excessive depth" in said
        return (
            "elements are nested more than 256 deep"
            if deep
            else "a part of it is larger than a parser may take"
        )
    return said.rstrip(".")[:200]


def _pulled(pieces: Iterable[str], *, mend: bool) -> tuple[Any, Records]:
    """Feed the parser and take what is complete, so that the tree never holds more than a record.

    Raises XMLSyntaxError where it is not to mend, RefusedError beyond a limit.
    """
    parser = etree.XMLPullParser(events=("end",), tag=_TAGS, recover=mend, remove_pis=True, **SAFE)
    head, records = etree.Element("feedback"), Records()
    waiting, begun, closed, end = 0, 0, False, ""
    for piece in pieces:
        closed = closed or bool(_CLOSED.search(end + piece))
        begun += len(_BEGUN.findall(end + piece)) - len(_BEGUN.findall(end))
        end = piece[-64:]
        for at in range(0, len(piece), _STEP):
            step = piece[at : at + _STEP]
            parser.feed(step.encode("utf-8", "replace"))
            waiting = 0 if _taken(parser, head, records) else waiting + len(step)
            if waiting > MAX_RECORD:
                raise RefusedError(f"It has more than {MAX_RECORD // MIB} MiB without a whole record.")
    try:
        parser.close()
    except etree.XMLSyntaxError:
        if not mend:
            raise
    _taken(parser, head, records)
    if mend and not closed:
        raise RefusedError("It is cut off: it ends before </feedback>, so a part of the report is missing.")
    if mend and begun > records.seen:
        records.notes.append(f"Records that are lost in what is not well-formed: {begun - records.seen:,}.")
    return head, records


def _taken(parser: Any, head: Any, records: Records) -> bool:
    """Take the finished elements out of the parser; True when there were any."""
    found = False
    for _, element in parser.read_events():
        parent = element.getparent()
        if parent is None or elements.name_of(parent) != "feedback":
            continue
        found = True
        if elements.name_of(element) == "record":
            records.add(record_of, element)
        elif elements.child(head, elements.name_of(element)) is None:
            head.append(deepcopy(element))
        element.clear()
        del parent[: parent.index(element)]
    return found
