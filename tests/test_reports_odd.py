"""What reporters do otherwise is read all the same: as parsedmarc reads it, and the same by both ways."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import peer_module
from tests.report_texts import FORMS, NEW, OLD, READ, RECORD, RFC9990, XML, changed, one

import helpers as h
from helpers.reports import DkimFound, Override, SpfFound

# ------------------------------------------------------------------ what reporters do

WHOLE = '<feedback xmlns:e="urn:x-own"><e:extra a="1">yes</e:extra>'
SPF = "      <spf>\n        <domain>example.com</domain>\n        <result>pass</result>\n      </spf>\n"
DKIM = RECORD[RECORD.index("      <dkim>\n        <domain>") : RECORD.index("      <spf>\n        <domain>")]
ROW = "<source_ip>192.0.2.1</source_ip>\n      <count>3</count>"

SAME = {
    "no version": [("  <version>1.0</version>\n", "")],
    "a namespace of RFC 9990": [("<feedback>", f'<feedback xmlns="{RFC9990}">')],
    "a namespace of RFC 7489": [("<feedback>", '<feedback xmlns="http://dmarc.org/dmarc-xml/0.1">')],
    "any namespace": [("<feedback>", '<feedback xmlns="urn:whatever">')],
    "a prefix": [("<feedback>", '<d:feedback xmlns:d="urn:x">'), ("</feedback>", "</d:feedback>"),
                 ("<record>", "<d:record>"), ("</record>", "</d:record>")],
    "unknown elements": [("<feedback>", WHOLE), ("</auth_results>", "</auth_results><e:arc>pass</e:arc>")],
    "an undeclared prefix": [("</auth_results>", "</auth_results><e:arc>pass</e:arc>")],
    "extensions anywhere": [("<row>", "<note/><row><x/>"), ("<identifiers>", "<identifiers><x>1</x>")],
    "comments": [("<record>", "<record><!-- </record> -->"), ("<count>", "<count><!-- 5 -->")],
    "CDATA": [("<count>3", "<count><![CDATA[3]]>")],
    "instructions": [("<row>", "<?x </record> ?><row>")],
    "attributes": [("<record>", '<record id="1">'), ("<count>", "<count unit='messages'>")],
    "white space": [("<count>3", "<count>\n 3 \t"), ("192.0.2.1<", " 192.0.2.1\n<"), (">s1<", "> s1 <"),
                    (">example.com<", ">\n example.com <")],
    "no white space": [("\n", ""), ("  ", "")],
    "line ends of Windows": [("\n", "\r\n")],
    "count before the address": [(ROW, "<count>3</count><source_ip>192.0.2.1</source_ip>")],
    "capitals": [("<spf>pass", "<spf>Pass"), ("<dkim>fail", "<dkim>FAIL"), ("<result>pass", "<result>PASS"),
                 (">none</d", ">None</d"), (">example.com<", ">Example.COM<")],
    "text between the elements": [("</p>", "</p>11")],
    "a draft's name": [("identifiers>", "identities>")],
    "spf before dkim": [(DKIM, ""), (SPF, SPF + DKIM)],
    "a result without a domain": [(SPF, SPF + "<spf><result>none</result><scope>helo</scope></spf>"),
                                  (DKIM, DKIM + "<dkim><domain></domain><result>none</result></dkim>")],
    "references": [("192.0.2.1", "192.0.2.&#49;"), (">s1<", ">&#x73;1<")],
    "a schema around it": [("<feedback>", '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><feedback>')],
    "fractions of a second": [("1749427200", "1749427200.5")],
    "mark-up in the e-mail address": [("dmarc@receiver.example", "<dmarc@receiver.example>")],
    "an ampersand alone": [("<org_name>receiver", "<org_name>a & b receiver")],
    "characters that XML has not": [("dmarc@", "\x01dmarc@")],
    "UTF-16 that is none": [("UTF-8", "utf-16")],
    "an unknown encoding": [("UTF-8", "x-none")],
}  # fmt: skip


@pytest.mark.parametrize("case", SAME)
def test_what_reporters_do_otherwise_changes_no_record(case: str) -> None:
    report = one(changed(*SAME[case]))
    assert report.records == (READ,)
    assert (report.begin, report.domain, report.p) == (
        datetime(2025, 6, 9, tzinfo=UTC),
        "example.com",
        "none",
    ) or (case == "fractions of a second")


OTHER: dict[str, tuple[list[tuple[str, str]], dict[str, Any]]] = {
    "several signatures": (
        [(DKIM, DKIM + DKIM.replace("example.net", "example.com").replace(">pass", ">fail"))],
        {"dkim": (*READ.dkim, DkimFound("example.com", "fail", "s1"))},
    ),
    "no selector": ([("<selector>s1</selector>", "")], {"dkim": (DkimFound("example.net", "pass"),)}),
    "no results": ([(DKIM, ""), (SPF, "")], {"dkim": (), "spf": ()}),
    "a scope": (
        [("        <result>pass</result>\n      </spf>", "<scope>helo</scope><result>none</result></spf>")],
        {"spf": (SpfFound("example.com", "none", "helo"),)},
    ),
    "an unknown word": (
        [("        <result>pass</result>\n      </spf>", "<result>hardfail</result></spf>")],
        {"spf": (SpfFound("example.com", "hardfail"),)},
    ),
    "words in another language": (
        [("pass</result>\n      </spf>", 'pass</result><human_result lang="ja">合格</human_result></spf>')],
        {"spf": (SpfFound("example.com", "pass", "mfrom", "合格"),)},
    ),
    "reasons": (
        [("</policy_evaluated>", "<reason><type>mailing_list</type></reason><reason><type/><comment>x &lt; y"
                                 "</comment></reason><reason/></policy_evaluated>")],
        {"reasons": (Override("mailing_list"), Override(None, "x < y"))},
    ),
    "the null sender": ([("<header_from>", "<envelope_from/><header_from>")], {"envelope_from": ""}),
    "both senders": (
        [("<header_from>", "<envelope_to>A.example</envelope_to><envelope_from>B.example</envelope_from>"
                           "<header_from>")],
        {"envelope_to": "a.example", "envelope_from": "b.example"},
    ),
    "nothing evaluated": (
        [("<disposition>none</disposition>", ""), ("<dkim>fail</dkim>", ""), ("<spf>pass</spf>", "<spf/>")],
        {"spf_aligned": False},
    ),
    "an address of the other kind": ([("192.0.2.1", "2001:DB8::1")], {"source_ip": "2001:db8::1"}),
}  # fmt: skip


@pytest.mark.parametrize("case", OTHER)
def test_what_reporters_say_is_kept(case: str) -> None:
    import dataclasses

    pairs, fields = OTHER[case]
    assert one(changed(*pairs)).records == (dataclasses.replace(READ, **fields),)


@pytest.mark.parametrize(
    ("pairs", "note"),
    [
        ([("<count>3", "<count>many")], "Record 1 is left out: it does not say how many messages"),
        ([("<count>3", "<count>-3")], "Record 1 is left out: it does not say how many messages"),
        ([("<count>3", "<count>１")], "Record 1 is left out: it does not say how many messages"),
        ([("<source_ip>192.0.2.1</source_ip>", "")], "it does not say where the messages came from"),
        ([("policy_evaluated>", "policy>")], "it does not say how the policy was evaluated"),
        ([("identifiers>", "x>")], "it does not say whose mail it is about"),
        ([("row>", "line>")], "it has no row"),
        ([(RECORD, "")], "The report has no record."),
        ([("<org_name>receiver.example</org_name>", ""), ("dmarc@receiver.example", "")], "who wrote it"),
        ([("<report_id>42</report_id>", "")], "its report_id"),
        ([("<begin>1749427200", "<begin>yesterday")], "when its period begins"),
        ([("<begin>1749427200", "<begin>999999999999")], "when its period begins"),
        ([("<domain>example.com</domain>\n    <p>", "<p>")], "which domain it is about"),
        ([("</count>", "</counts>")], "not well-formed and was mended: Opening and ending tag mismatch"),
    ],
)  # fmt: skip
def test_what_is_missing_is_noted(pairs: list[tuple[str, str]], note: str) -> None:
    report = one(changed(*pairs))
    assert note in " ".join(report.notes)


def test_a_large_report_with_a_prefix_is_read_whole() -> None:
    text = changed(*SAME["a prefix"])
    start, end = text.index("<d:record>"), text.index("</d:record>") + len("</d:record>")
    report = one(text[:start] + text[start:end] * 3_000 + text[end:])
    assert report.records == (READ,) * 3_000
    assert report.notes == ()


def test_bytes_that_are_no_characters_are_left_out_and_noted() -> None:
    report = one(XML.encode().replace(b"receiver.example</org", b"receiver\x91.example</org"))
    assert report.org_name == "receiver.example"
    assert report.records == (READ,)
    assert "Some bytes are no characters" in report.notes[0]


@pytest.mark.parametrize(
    ("encoding", "text"), [("ISO-8859-1", "é"), ("Shift_JIS", "日本"), ("windows-1252", "“x”")]
)
def test_a_declared_encoding_is_believed(encoding: str, text: str) -> None:
    said = XML.replace("UTF-8", encoding).replace("receiver.example</org", f"{text}</org")
    assert one(said.encode(encoding)).org_name == text


def test_bad_records_are_told_up_to_a_number_and_then_counted() -> None:
    report = one(XML.replace(RECORD, RECORD + RECORD.replace("<count>3", "<count>x") * 50))
    assert report.records == (READ,)
    assert len(report.notes) == 21
    assert report.notes[-1] == "30 more records are left out."


# ----------------------------------------------------- the quick and the thorough way

words = st.sampled_from(["pass", "fail", "Fail", "none", "softfail", " pass ", "", "hardfail"])
domains = st.sampled_from(
    ["example.com", "EXAMPLE.net", "", " a.example ", "b&amp;c", "x<!-- y -->z", "日本.example"]
)


def element(name: str, inner: st.SearchStrategy[str], optional: bool = True) -> st.SearchStrategy[str]:
    made = inner.map(lambda text: f"<{name}>{text}</{name}>")
    return st.one_of(st.just(""), made, made.map(lambda text: f"{text}\n")) if optional else made


def together(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.permutations(parts).flatmap(lambda order: st.tuples(*order)).map("".join)


leaves_of_dkim = together(
    element("domain", domains),
    element("selector", domains),
    element("result", words),
    element("human_result", domains),
)
leaves_of_spf = together(element("domain", domains), element("scope", words), element("result", words))
reason = element("reason", together(element("type", words), element("comment", domains)))
verdicts = (element("disposition", words), element("dkim", words), element("spf", words), reason, reason)
names = (element("envelope_to", domains), element("envelope_from", domains), element("header_from", domains))
results = (element("dkim", leaves_of_dkim), element("dkim", leaves_of_dkim), element("spf", leaves_of_spf))
records_of_any_form = st.tuples(
    element("policy_evaluated", together(*verdicts)),
    element("identifiers", together(*names)),
    element("auth_results", together(*results)),
).map(
    lambda parts: (
        f"<record><row><source_ip>192.0.2.9</source_ip>\n<count>7</count>{parts[0]}</row>"
        f"{parts[1]}{parts[2]}</record>"
    )
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(records_of_any_form, min_size=1, max_size=3))
def test_both_ways_of_reading_say_the_same(found: list[str]) -> None:
    """A processing instruction between the records sends the whole report the thorough way."""
    quick = one(XML.replace(RECORD, "".join(found)))
    thorough = one(XML.replace(RECORD, "<?go thoroughly?>" + "".join(found)))
    assert quick.records == thorough.records
    assert quick.notes == thorough.notes


# ----------------------------------------------------------------------- parsedmarc


def theirs(path: Path) -> list[dict[str, Any]]:
    """What parsedmarc makes of a file, one row a record; an error where it reads none."""
    parsedmarc = peer_module("parsedmarc")
    parsed = parsedmarc.parse_report_file(
        str(path), offline=True, always_use_local_files=True, normalize_timespan_threshold_hours=1e9
    )
    if parsed["report_type"] != "aggregate":
        return []
    report = parsed["report"]
    meta, policy = report["report_metadata"], report["policy_published"]
    head = {
        "org": meta["org_name"], "contact": meta["org_extra_contact_info"],
        "report_id": meta["report_id"], "generator": meta["generator"], "version": report["xml_schema"],
        **{name: policy[name] and policy[name].lower() for name in POLICY},
    }  # fmt: skip
    return [{**head, **their_record(record)} for record in report["records"]]


POLICY = ("domain", "p", "sp", "np", "adkim", "aspf", "pct", "fo", "testing", "discovery_method")


NAMES = ("header_from", "envelope_from", "envelope_to")
MARKS = (("dkim", "selector"), ("spf", "scope"))


def found(result: dict[str, Any], mark: str) -> tuple[str, str, str, str | None]:
    return result["domain"].lower(), result[mark], result["result"], result["human_result"]


def their_record(record: dict[str, Any]) -> dict[str, Any]:
    results, evaluated = record["auth_results"], record["policy_evaluated"]
    return {
        "ip": record["source"]["ip_address"],
        "count": record["count"],
        "disposition": evaluated["disposition"],
        "aligned": (record["alignment"]["dkim"], record["alignment"]["spf"]),
        "reasons": [(one["type"], one["comment"]) for one in evaluated["policy_override_reasons"]],
        **{name: record["identifiers"][name] and record["identifiers"][name].lower() for name in NAMES},
        **{check: [found(one, mark) for one in results[check]] for check, mark in MARKS},
    }  # fmt: skip


def ours(path: Path) -> list[dict[str, Any]]:
    """The same by this kit, with parsedmarc's liberties taken: they are all listed here."""
    from parsedmarc.utils import get_base_domain

    rows = []
    for report, record in h.read_reports(path).rows():
        org = report.org_name or ""
        last = record.spf[-1].domain if record.spf else None
        rows.append({
            "org": (get_base_domain(org) or org) if " " not in org else org,  # the reporter's host left out
            "contact": report.extra_contact_info,
            "report_id": (report.report_id or "").strip("<>").partition("@")[0],
            "generator": report.generator,
            "version": report.version or "draft",
            **{name: getattr(report, name) for name in POLICY},
            "ip": record.source_ip,
            "count": record.count,
            "disposition": record.disposition,
            "aligned": (record.dkim_aligned, record.spf_aligned),
            "reasons": [(one.type, one.comment) for one in record.reasons],
            "header_from": record.header_from,
            "envelope_from": record.envelope_from or last,  # not said: taken from SPF's domain
            "envelope_to": record.envelope_to,
            "dkim": [(one.domain, one.selector or "none", one.result, one.comment) for one in record.dkim],
            "spf": [(one.domain, one.scope, one.result, one.comment) for one in record.spf],
        })  # fmt: skip
    return rows


@pytest.mark.parametrize(
    "name", [f"{OLD}.xml", f"{OLD}.zip", f"{NEW}.xml", f"{NEW}.xml.gz", "mail_with_one.eml"]
)
def test_parsedmarc_reads_the_same_rows_in_our_samples(name: str) -> None:
    rows = theirs(FORMS / name)
    assert len(rows) > 0
    assert ours(FORMS / name) == rows


@pytest.mark.parametrize("case", [*SAME, *OTHER])
def test_parsedmarc_reads_the_same_rows_in_odd_reports(case: str, tmp_path: Path) -> None:
    parsedmarc = peer_module("parsedmarc")
    path = tmp_path / "report.xml"
    pairs = SAME[case] if case in SAME else OTHER[case][0]
    path.write_text(changed(*pairs), encoding="utf-8", newline="")
    try:
        rows = theirs(path)
    except parsedmarc.ParserError:
        rows = []
    if rows:  # it refuses or leaves out some that are read here, never the other way round
        assert without_guesses(ours(path)) == without_guesses(rows)


def without_guesses(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows without what parsedmarc guesses where nothing is said."""
    return [{name: value for name, value in row.items() if name != "envelope_from"} for row in rows]


PUBLISHED = Path(os.environ.get("PARSEDMARC_SAMPLES", "/nowhere"))


@pytest.mark.skipif(
    not PUBLISHED.is_dir(), reason="PARSEDMARC_SAMPLES names no folder with parsedmarc's samples"
)
def test_parsedmarc_reads_the_same_rows_in_its_own_samples() -> None:
    """Its repository has them (samples/), its source distribution has not: clone it, and name the folder."""
    parsedmarc = peer_module("parsedmarc")
    compared = 0
    for path in sorted(path for path in PUBLISHED.rglob("*") if path.is_file()):
        try:
            rows = theirs(path)
        except parsedmarc.ParserError:
            continue
        if rows:
            assert ours(path) == rows, path.name
            compared += 1
    assert compared > 10
