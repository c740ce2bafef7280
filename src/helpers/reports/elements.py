"""From XML elements to results, whatever their order, namespace and white space (RFC 9990 §3.1, RFC 7489 C).

Reporters differ: elements are missing, doubled, empty, in capitals, or in a namespace of their own. The
first of a kind counts, an empty one is none, and what the RFCs don't know is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from helpers.reports.results import DkimFound, Override, SpfFound

_NUMBER = re.compile(r"\d{1,12}")
_MAX_ERRORS = 20


class BadRecordError(Exception):
    """A record without what makes it one; the message says what is wrong."""


Evaluated = tuple[str, bool, bool, tuple[Override, ...]]
Identified = tuple[str, str | None, str | None]
Found = tuple[tuple[DkimFound, ...], tuple[SpfFound, ...]]


def name_of(element: Any) -> str:
    """The element's name without namespace, "" for comments and the like."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def text_of(element: Any) -> str | None:
    """The element's text without white space around it, None when there is none."""
    if len(element):  # text may go on after a comment
        text = "".join([element.text or "", *(child.tail or "" for child in element if not name_of(child))])
        return text.strip() or None
    return (element.text or "").strip() or None


def children(element: Any, wanted: str) -> Iterator[Any]:
    """The children of that name."""
    return (child for child in element if name_of(child) == wanted)


def child(element: Any, wanted: str) -> Any | None:
    """The first child of that name, None when there is none."""
    return next(children(element, wanted), None)


def first_of_each(element: Any) -> dict[str, Any]:
    """The children by their name; the first of several counts."""
    found: dict[str, Any] = {}
    for one in element:
        found.setdefault(name_of(one), one)
    return found


def leaves(element: Any) -> dict[str, str | None]:
    """The text of each child by its name, None for an empty one; of several the first that is not empty."""
    found: dict[str, str | None] = {}
    for one in element:
        tag = one.tag
        if isinstance(tag, str):
            name = tag[tag.rfind("}") + 1 :]
            if found.get(name) is None:
                found[name] = text_of(one) if len(one) else (one.text or "").strip() or None
    return found


# ------------------------------------------------------------------- a record


def evaluated(element: Any) -> Evaluated:
    """``policy_evaluated``: the disposition, the aligned results of DKIM and SPF, the reasons."""
    said = leaves(element)
    reasons = []
    for reason in children(element, "reason"):
        why = leaves(reason)
        if why:
            reasons.append(Override(why.get("type"), why.get("comment")))
    return said_of_policy(said.get("disposition"), said.get("dkim"), said.get("spf"), tuple(reasons))


def said_of_policy(
    disposition: str | None, dkim: str | None, spf: str | None, reasons: tuple[Override, ...]
) -> Evaluated:
    """The same from the texts; what is not said did not pass."""
    passed = (dkim or "").lower() == "pass", (spf or "").lower() == "pass"
    return (disposition or "none").lower(), *passed, reasons


def identified(element: Any) -> Identified:
    """``identifiers``: the domains of From, of MAIL FROM and of the recipient."""
    said = leaves(element)
    sender = said["envelope_from"] or "" if "envelope_from" in said else None
    return said_of_identifiers(said.get("header_from"), sender, said.get("envelope_to"))


def said_of_identifiers(author: str | None, sender: str | None, recipient: str | None) -> Identified:
    """The same from the texts. An empty sender is the null reverse-path (RFC 9990 §3.1.1.10)."""
    return (
        (author or "").lower(),
        sender.lower() if sender is not None else None,
        recipient.lower() if recipient else None,
    )


def found(element: Any) -> Found:
    """``auth_results``: the raw results. One without a domain tells nothing that could be checked."""
    dkim, spf = [], []
    for one in element:
        name = name_of(one)
        if name not in ("dkim", "spf"):
            continue
        said = leaves(one)
        domain = said.get("domain")
        if domain is None:
            continue
        result, comment = (said.get("result") or "none").lower(), said.get("human_result")
        if name == "dkim":
            dkim.append(DkimFound(domain.lower(), result, said.get("selector"), comment))
        else:
            spf.append(SpfFound(domain.lower(), result, (said.get("scope") or "mfrom").lower(), comment))
    return tuple(dkim), tuple(spf)


def counted(text: str | None) -> int:
    """How many messages a row is about. Raises BadRecordError for what is no such number."""
    if text is None or not _NUMBER.fullmatch(text) or not text.isascii():
        raise BadRecordError("it does not say how many messages it is about")
    return int(text)


# --------------------------------------------------------------- the report's head


def metadata(element: Any) -> dict[str, Any]:
    """``report_metadata``: who reports, when, with which words of its own."""
    said = leaves(element)
    period = child(element, "date_range")
    times = leaves(period) if period is not None else {}
    email = said.get("email")
    errors = [text for text in map(text_of, children(element, "error")) if text]
    return {
        "org_name": said.get("org_name") or (email or "").rpartition("@")[2].strip(" >") or None,
        "email": email,
        "extra_contact_info": said.get("extra_contact_info"),
        "report_id": said.get("report_id"),
        "generator": said.get("generator"),
        "errors": tuple(errors[:_MAX_ERRORS]),
        "begin": _time(times.get("begin")),
        "end": _time(times.get("end")),
    }


def _time(text: str | None) -> datetime | None:
    """Seconds since 1970, of which some reporters write fractions."""
    whole = (text or "").partition(".")[0]
    if not _NUMBER.fullmatch(whole) or not whole.isascii():
        return None
    try:
        return datetime.fromtimestamp(int(whole), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def published(element: Any) -> dict[str, Any]:
    """``policy_published``: the DMARC policy record as the receiver saw it, with the RFC's defaults."""
    said = {name: text.lower() for name, text in leaves(element).items() if text}
    return {
        "domain": said["domain"].rstrip(".") if "domain" in said else None,
        "p": said.get("p"),
        "sp": said.get("sp") or said.get("p"),
        "adkim": said.get("adkim", "r"),
        "aspf": said.get("aspf", "r"),
        **{name: said.get(name) for name in ("np", "pct", "fo", "testing", "discovery_method")},
    }
