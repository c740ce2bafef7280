"""The panel for one's own bounce without a browser, the reports it saves, and a mail beside a service."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from benchmarks.dns_server import dns_server

import helpers as h
from helpers.show.panel import given, keep
from helpers.show.panel.explain import Asking, explain

SAMPLES = Path(__file__).resolve().parent.parent / "data" / "sample_headers"
BOUNCE = (SAMPLES / "incident_bounce.eml").read_bytes()
LINE = "550 5.7.1 Your message was rejected due to fujiba.net's DMARC policy."
FUJIBA = h.sample_zone("fujiba")
STORY = h.diagnose(BOUNCE, dns=FUJIBA)
ATTACK = (
    '"><img src=x onerror=alert(1)><script>alert(2)</script>\x1b[2J\u202e</style><style>*{color:red}</style>'
)


# ---------------------------------------------------------------- what was given


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "picture"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"\x00\x00\x00\x18ftypheic\x00", "picture"),
        (b"%PDF-1.7\n", "PDF"),
        (b"PK\x03\x04\x14\x00[Content_Types].xml" + b"\0" * 50, "word processor"),
        (b"PK\x03\x04\x14\x00mails/one.eml", "Unpack it"),
        (b"\x1f\x8b\x08\x00", "Unpack it"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Internet headers"),
        (b"{\\rtf1\\ansi", "RTF"),
        (b"", "nothing in it"),
        (b" \r\n\t\n", "nothing in it"),
        (b"no mail and no refusal, only words", "no mail headers and no refusal"),
        (bytes(range(1, 256)) * 20, "no mail headers and no refusal"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_mail_gets_a_sentence(content: bytes, said: str) -> None:
    explained = explain(given.Given("file", content), Asking())
    assert explained.diagnosis is None
    assert said in explained.problem
    assert "\n" not in explained.problem


@pytest.mark.parametrize(
    "content",
    [
        BOUNCE,
        b"\xff\xfe" + BOUNCE.decode("utf-8").encode("utf-16-le"),
        b"\xfe\xff" + BOUNCE.decode("utf-8").encode("utf-16-be"),
        b"%d      \n" % len(BOUNCE) + BOUNCE + b'<?xml version="1.0"?><plist><dict/></plist>\n',
        b"From MAILER-DAEMON Fri May  9 01:00:00 2025\n" + BOUNCE,
    ],
    ids=["eml", "utf-16-le", "utf-16-be", "emlx", "mbox"],
)
def test_a_mail_is_found_in_every_wrapping(content: bytes) -> None:
    explained = explain(given.Given("file", given.mail_bytes(content)), Asking(FUJIBA, "the story's zone"))
    assert explained.diagnosis is not None
    assert explained.diagnosis.cause == "authenticated_as_other"
    assert explained.notes == ("DNS: the story's zone, recorded; nothing was asked live.",)


def test_a_large_mail_is_explained_and_a_huge_file_is_not_read(tmp_path: Path) -> None:
    large = BOUNCE + b"x\n" * 13_000_000
    explained = explain(given.Given("large", large), Asking())
    assert explained.diagnosis is not None
    assert "26 MB" in explained.notes[0]
    huge = tmp_path / "huge.mbox"
    with huge.open("wb") as file:
        file.truncate(given.TOO_LARGE + 1)
    with pytest.raises(OSError, match="larger than any mail"):
        given.read_kept(huge)


def test_only_what_may_be_mail_is_listed(tmp_path: Path) -> None:
    for name in ("a.eml", "b", "README.md", "x.zone", "x.html", "x.json", ".hidden", "c.txt"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    assert {path.name for path in given.listed(tmp_path)} == {"a.eml", "b", "c.txt"}
    assert [path.name for path in given.listed_zones(tmp_path)] == ["x.zone"]
    assert given.listed(tmp_path / "absent") == []


# ---------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("my bounce.eml", "my bounce"),
        ("../../etc/passwd", "passwd"),
        ("C:\\mail\\..\\bounce.eml", "bounce"),
        ("<img src=x>.eml", "_img src=x_"),
        ("..", "mail"),
        (".eml", "eml"),
        ("", "mail"),
        ("月次レポート.eml", "月次レポート"),
        ("a\x00b\nc.eml", "a_b_c"),
        ("x" * 300 + ".eml", "x" * 60),
    ],
)
def test_a_strangers_file_name_stays_in_the_folder(name: str, stem: str, tmp_path: Path) -> None:
    assert keep.stem_of(name) == stem
    place = keep.write_beside(tmp_path, name, ".txt", lambda path: path.write_text("x", encoding="utf-8"))
    assert place.parent == tmp_path
    assert place.name == f"{stem}.txt"


@pytest.mark.parametrize("suffix", [".html", ".md", ".json"])
def test_a_report_is_never_written_over_anything(suffix: str, tmp_path: Path) -> None:
    place = h.save_report(STORY, tmp_path / f"report{suffix}")
    before = place.read_bytes()
    with pytest.raises(FileExistsError):
        h.save_report(STORY, place)
    assert place.read_bytes() == before
    assert b"fujiba.net" in before
    with pytest.raises(ValueError, match="ends with"):
        h.save_report(STORY, tmp_path / "report.pdf")
    assert [path.name for path in tmp_path.iterdir()] == [f"report{suffix}"]


def test_a_saved_report_is_the_diagnosis(tmp_path: Path) -> None:
    data = json.loads(h.save_report(STORY, tmp_path / "a.json").read_text(encoding="utf-8"))
    assert data == STORY.to_dict()
    text = h.save_report(STORY, tmp_path / "a.md", hide_addresses=True).read_text(encoding="utf-8")
    assert text == h.evidence_pack(STORY, hide_addresses=True)


# ---------------------------------------------------------------- the HTML report

TAGS = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "h4", "p", "b", "ul", "li", "div"),
    *("section", "span", "code", "img", "table", "thead", "tbody", "tr", "th", "td", "details", "summary"),
    "footer",
}


class Auditor(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.alts: list[str] = []
        self.styles: list[str] = []
        self.text = ""
        self._in_style = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        if tag not in TAGS:
            self.faults.append(tag)
        self.faults += [f"{tag} {name}" for name in values if name.startswith("on") or name == "href"]
        if "src" in values and not (values["src"] or "").startswith("data:image/png;base64,"):
            self.faults.append(f"{tag} src")
        if tag == "img":
            self.alts.append(values.get("alt") or "")
        self._in_style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.styles.append(data)
        else:
            self.text += data


def audit(page: str) -> Auditor:
    auditor = Auditor()
    auditor.feed(page)
    auditor.close()
    assert auditor.faults == []
    assert not re.search(r"url\(|@import", "".join(auditor.styles))
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\u200b]", page)
    return auditor


def test_the_report_says_all_of_the_diagnosis() -> None:
    page = h.html_report(STORY, title="my bounce.eml", notes=("DNS: recorded.",))
    seen = audit(page)
    assert "default-src 'none'" in page
    shown = " ".join(seen.text.split())
    for words in (STORY.title, "my bounce.eml", "DNS: recorded."):
        assert words in shown
    for sentence in (*STORY.certain, *STORY.unchecked, *(fix.why for fix in STORY.rejected_fixes)):
        assert " ".join(sentence.split()) in shown
    for fact in STORY.evidence:
        assert fact.name in shown
        assert fact.basis.value in shown
        assert (fact.value or "not known") in shown
    for fix in STORY.fixes:
        assert fix.title in shown
        for change in fix.changes:
            assert change.host in shown
            assert (change.value or "") in shown
    assert len(seen.alts) >= 3
    assert all(len(alt) > 40 for alt in seen.alts)


def test_the_same_diagnosis_gives_the_same_report() -> None:
    assert h.html_report(STORY) == h.html_report(h.diagnose(BOUNCE, dns=FUJIBA))


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("fixed_by_service", "fujiba-fixed"),
        ("forwarded_unsigned", "forwarding"),
        ("mailing_list", "forwarding"),
        ("key_missing", "keys"),
        ("several_authors", "fujiba"),
        ("bounce_user_unknown", None),
        ("bounce_headers_only", "fujiba-fixed"),
        ("japanese_utf8_domain", "japanese"),
        ("spf_too_many_lookups", "spf-records"),
        ("auto_reply", None),
    ],
)
def test_every_kind_of_answer_has_a_report(name: str, zone: str | None) -> None:
    diagnosis = h.diagnose(SAMPLES / f"{name}.eml", dns=h.sample_zone(zone) if zone else None)
    seen = audit(h.html_report(diagnosis))
    assert diagnosis.title in seen.text


def test_nothing_of_a_hostile_mail_comes_to_life_in_a_report() -> None:
    raw = (
        f"Return-Path: <{ATTACK}@example.com>\nReceived: from {ATTACK} ([192.0.2.1]) by {ATTACK}; now\n"
        f"Authentication-Results: {ATTACK}; dkim=pass header.d={ATTACK}\n"
        f"DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s={ATTACK}; h=from:{ATTACK}; bh=; b=\n"
        f"From: {ATTACK} <a@example.com>\nSubject: {ATTACK}\n\n{ATTACK}"
    ).encode()
    records = {
        "_dmarc.example.com": {"TXT": [f"v=DMARC1; p=reject; rua=mailto:{ATTACK}"]},
        "example.com": {"TXT": [f"v=spf1 include:{ATTACK} exp={ATTACK} -all"]},
    }
    zone = h.Zone.from_dict(records)
    diagnosis = h.diagnose(raw, dns=zone)
    comparison = h.services.compare(diagnosis, "mailtrap", dns=zone)
    seen = audit(h.html_report(diagnosis, title=ATTACK, comparison=comparison, notes=(ATTACK,)))
    assert "onerror=alert(1)" in seen.text
    audit(h.html_report(h.diagnose(f"550 5.7.1 {ATTACK} DMARC policy of {ATTACK}", dns=None)))


def test_a_report_takes_a_diagnosis() -> None:
    with pytest.raises(TypeError, match="takes a diagnosis, not str"):
        h.html_report("bounce.eml")  # type: ignore[arg-type]


# ---------------------------------------------------------------- the panel


def upload(name: str, content: bytes) -> dict[str, Any]:
    """A file as the browser hands it over."""
    when = datetime(2026, 1, 1, tzinfo=UTC)
    return {
        "name": name,
        "type": "",
        "size": len(content),
        "content": memoryview(content),
        "last_modified": when,
    }


def shown(panel: Any) -> str:
    """All HTML that the panel's answer holds now."""

    def walk(widget: Any) -> str:
        return str(getattr(widget, "value", "")) + "".join(map(walk, getattr(widget, "children", ())))

    return walk(panel.out)


def press(panel: Any, name: str) -> None:
    def walk(widget: Any) -> list[Any]:
        own = [widget] if getattr(widget, "description", None) == name and hasattr(widget, "click") else []
        return own + [found for child in getattr(widget, "children", ()) for found in walk(child)]

    (button,) = walk(panel.box)
    button.click()


def test_the_story_in_the_panel(tmp_path: Path) -> None:
    panel = h.bounce_panel(tmp_path, dns=FUJIBA, service="mailtrap")
    panel.fields["files"].value = (upload("incident.eml", BOUNCE),)
    assert "incident.eml" in panel.arrived.value
    press(panel, "Explain")
    (explained,) = panel.results
    assert explained.diagnosis == STORY
    assert explained.comparison is not None
    assert explained.comparison.sent_through is False
    assert "Was it Mailtrap?" in shown(panel)
    assert list(tmp_path.iterdir()) == [], "nothing is written unasked"


def test_what_the_buttons_save(tmp_path: Path) -> None:
    panel = h.bounce_panel(tmp_path, dns=FUJIBA)
    panel.fields["files"].value = (upload("my <b>.eml", BOUNCE),)
    panel.explain()
    for name in ("Report", "Markdown", "JSON", "Keep the mail", "Redacted copy", "Report"):
        press(panel, name)
        assert "Not saved" not in shown(panel)
        assert "Saved:" in shown(panel)
    names = {path.name for path in tmp_path.iterdir()}
    assert {"my _b_.html", "my _b_.md", "my _b_.json", "my _b_.eml", "my _b_-2.html"} <= names
    assert (tmp_path / "my _b_.eml").read_bytes() == BOUNCE
    assert "owner.example@" not in (tmp_path / "my _b_.md").read_text(encoding="utf-8")
    (redacted,) = tmp_path.glob("redacted*.eml")
    assert b"owner.example" not in redacted.read_bytes()
    assert h.diagnose(redacted, dns=h.Zone.from_file(*tmp_path.glob("redacted*.zone"))).cause == STORY.cause


def test_pasted_text_and_kept_files_each_get_an_answer(tmp_path: Path) -> None:
    (tmp_path / "kept.eml").write_bytes(BOUNCE)
    panel = h.bounce_panel(tmp_path)
    panel.fields["kept"].value = ("kept.eml",)
    panel.fields["text"].value = f"\n   {LINE}"
    panel.fields["files"].value = (upload("photo.jpg", b"\xff\xd8\xff\xe0JFIF"),)
    panel.explain()
    assert [one.given.name for one in panel.results] == ["photo.jpg", "kept.eml", "pasted text"]
    titles = [one.diagnosis.title if one.diagnosis else one.problem for one in panel.results]
    assert titles[0].startswith("This is a picture")
    assert titles[1:] == ["Authenticated as somebody else", "Only the receiver's words are at hand"]
    listed = panel.out.children[0]
    assert [label.partition(":")[0] for label, _ in listed.options] == [
        "1. photo.jpg",
        "2. kept.eml",
        "3. pasted text",
    ]
    assert "This is a picture" in shown(panel)
    listed.value = 2
    assert "DMARC of fujiba.net failed" in shown(panel)
    assert "This is a picture" not in shown(panel).partition("<style>")[2]


def test_live_answers_are_kept_beside_the_mail_and_repeat_it(tmp_path: Path) -> None:
    with dns_server(FUJIBA, delay=0) as server:
        panel = h.bounce_panel(tmp_path, dns="live", nameserver="127.0.0.1", port=server.port)
        panel.fields["files"].value = (upload("b.eml", BOUNCE),)
        panel.explain()
        panel.explain()
    assert panel.results[0].diagnosis == STORY
    assert [path.name for path in tmp_path.iterdir()] == ["b.zone"], "the same answers are kept once"
    assert h.diagnose(BOUNCE, dns=h.Zone.from_file(tmp_path / "b.zone")) == STORY
    assert "b.zone" in str(panel.fields["zone"].options)


def test_a_name_server_that_is_down_is_said(tmp_path: Path) -> None:
    silent = h.Zone.from_dict({"fujiba.net": {"TXT": h.TIMEOUT}, "_dmarc.fujiba.net": {"TXT": h.TIMEOUT}})
    with dns_server(silent) as server:
        panel = h.bounce_panel(tmp_path, dns="live", nameserver="127.0.0.1", port=server.port, timeout=0.3)
        panel.fields["files"].value = (upload("b.eml", BOUNCE),)
        (explained,) = panel.explain()
    assert "DNS did not answer" in shown(panel)
    assert explained.diagnosis is not None
    assert explained.diagnosis.cause == "dns_trouble"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda panel: None, "Nothing to explain yet"),
        (
            lambda panel: panel.fields.__getitem__("text").set_trait("value", "  \n "),
            "Nothing to explain yet",
        ),
    ],
    ids=["nothing", "blanks"],
)
def test_nothing_given_is_said(change: Any, said: str, tmp_path: Path) -> None:
    panel = h.bounce_panel(tmp_path)
    old = panel.fields["files"]
    change(panel)
    assert panel.explain() == ()
    assert said in panel.said.value
    assert panel.fields["files"] is not old, "after a lost upload only a new field sends anything"
    panel.fields["files"].value = (upload("b.eml", BOUNCE),)
    assert len(panel.explain()) == 1


def test_trouble_is_one_sentence_and_the_panel_stays_usable(tmp_path: Path) -> None:
    panel = h.bounce_panel(tmp_path, dns="live", nameserver="<b>not an address")
    panel.fields["text"].value = BOUNCE.decode("utf-8")
    assert panel.explain() == ()
    assert "is not the IP address of a name server" in panel.said.value
    assert "<b>not" not in panel.said.value
    assert not panel.fields["explain"].disabled
    (tmp_path / "gone.eml").write_bytes(BOUNCE)
    press_refresh = panel.fields["refresh"]
    press_refresh.click()
    panel.fields["kept"].value = ("gone.eml",)
    (tmp_path / "gone.eml").unlink()
    panel.fields["dns"].value = "none"
    panel.explain()
    assert "gone.eml" in panel.said.value
    panel.clear()
    assert panel.fields["kept"].options == ()
    panel.fields["text"].value = LINE
    assert len(panel.explain()) == 1


def test_an_old_answer_goes_when_something_new_is_asked(tmp_path: Path) -> None:
    panel = h.bounce_panel(tmp_path)
    panel.fields["text"].value = LINE
    panel.explain()
    assert "DMARC of fujiba.net failed" in shown(panel)
    panel.fields["text"].value = ""
    panel.explain()
    assert panel.results == ()
    assert shown(panel) == ""


def test_zone_files_can_be_given(tmp_path: Path) -> None:
    panel = h.bounce_panel(tmp_path)
    panel.fields["dns"].value = "zone"
    panel.fields["zone_file"].value = (upload("mine.zone", FUJIBA.to_text().encode()),)
    panel.fields["files"].value = (upload("b.eml", BOUNCE),)
    (explained,) = panel.explain()
    assert explained.diagnosis == STORY
    assert "mine.zone" in explained.notes[0]
    panel.fields["zone_file"].value = (upload("bad.zone", b'example.com. IN TXT "no end'),)
    assert "bad.zone" in panel.said.value


def test_a_panel_tells_nothing_of_a_folder_when_it_is_stored(tmp_path: Path) -> None:
    (tmp_path / "secret customer.eml").write_bytes(BOUNCE)
    empty, full = h.bounce_panel(tmp_path / "absent"), h.bounce_panel(tmp_path)
    full.fields["kept"].value = ("secret customer.eml",)
    full.explain()
    assert str(full) == str(empty) == repr(full)
    bundle = full._repr_mimebundle_()
    assert bundle["text/plain"] == str(empty)
    assert "secret" not in str(bundle)


@pytest.mark.parametrize(
    "wrong", [{"dns": "yes"}, {"service": "pigeons"}, {"timeout": 0}], ids=lambda wrong: next(iter(wrong))
)
def test_misuse_is_a_plain_sentence(wrong: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        h.bounce_panel(tmp_path, **wrong)


# ---------------------------------------------------------------- a mail beside a service


@pytest.mark.parametrize(
    ("sample", "zone", "service", "through"),
    [
        ("incident_bounce", "fujiba", "mailtrap", False),
        ("incident_bounce", "fujiba", "mailgun", False),
        ("incident_bounce", "fujiba", "gmail", True),
        ("fixed_by_service", "fujiba-fixed", "mailtrap", True),
        ("spoof", "fujiba", "mailtrap", False),
    ],
)
def test_whether_a_service_sent_it(sample: str, zone: str, service: str, through: bool) -> None:
    world = h.sample_zone(zone)
    diagnosis = h.diagnose(SAMPLES / f"{sample}.eml", dns=world)
    assert h.services.compare(diagnosis, service, dns=world).sent_through is through


@pytest.mark.parametrize("service", [one.id for one in h.services.all_services()])
def test_a_mail_that_a_service_sent_looks_like_it(service: str) -> None:
    mail = h.read_message(SAMPLES / "incident_received.eml")
    sent = h.services.send_through(service, mail, domain="fujiba.net", verified=True)
    world = sent.zone(FUJIBA)
    raw = f"Return-Path: <{sent.envelope.mail_from}>\r\n".encode() + sent.raw
    found = h.services.compare(h.diagnose(raw, dns=world), service, dns=world)
    assert found.sent_through
    assert all(row.same for row in found.differences)
    states = {one.state for one in found.records if one.record.required}
    assert states <= {"there", "compare", "fill in"}


def test_records_that_are_missing_differ_or_do_not_answer() -> None:
    diagnosis = h.diagnose(BOUNCE, dns=FUJIBA)

    def states(zone: h.Zone) -> dict[str, str]:
        found = h.services.compare(diagnosis, "mailtrap", dns=zone)
        return {one.record.host: one.state for one in found.records}

    name = "rwmt1._domainkey.fujiba.net"
    assert states(FUJIBA)["rwmt1._domainkey"] == "missing"
    other = FUJIBA.with_records(name, "CNAME", ["elsewhere.example"])
    assert states(other)["rwmt1._domainkey"] == "differs"
    right = FUJIBA.with_records(name, "CNAME", ["RWMT1.dkim.smtp.mailtrap.live"])
    assert states(right)["rwmt1._domainkey"] == "there"
    down = FUJIBA | h.Zone.from_dict({name: {"CNAME": h.SERVFAIL}})
    assert states(down)["rwmt1._domainkey"] == "no answer"
    assert {one.state for one in h.services.compare(diagnosis, "mailtrap").records} == {"not asked"}


def test_a_comparison_of_words_alone_has_the_records() -> None:
    found = h.services.compare(h.diagnose(LINE, dns=None), "mailtrap")
    assert found.sent_through is None
    assert found.domain == "fujiba.net"
    assert found.records
    with pytest.raises(ValueError, match="no author domain"):
        h.services.compare(h.diagnose("550 5.7.1 no domain here, DMARC", dns=None), "mailtrap")
