"""Reports as tables, frames and pictures: raw and aligned apart, all rows in the frame, nothing unescaped."""

from __future__ import annotations

import dataclasses
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.report_texts import DATA, FORMS, OLD

import helpers as h
from helpers.reports import AggregateReport, Record, Reports, SpfFound, senders

ATTACK = '"><img src=x onerror=alert(1)><script>alert(2)</script>\x1b[31m\u202e'
COLUMNS = [
    "org", "report_id", "begin", "end", "domain", "p", "sp", "np", "adkim", "aspf", "source_ip", "count",
    "disposition", "dmarc", "spf_aligned", "dkim_aligned", "spf_result", "spf_domain", "spf_scope",
    "dkim_result", "dkim_domain", "dkim_selector", "header_from", "envelope_from", "envelope_to", "reason",
    "comment", "in_words", "source",
]  # fmt: skip


@pytest.fixture(scope="module")
def reports() -> Reports:
    return h.read_reports(DATA / "fujiba")


def test_the_frame_has_one_row_a_record(reports: Reports) -> None:
    frame = reports.to_frame()
    assert list(frame.columns) == COLUMNS
    assert len(frame) == sum(len(report.records) for report in reports)
    assert frame["count"].sum() == reports.messages == 773
    assert str(frame["begin"].dtype).startswith("datetime64")
    assert str(frame["begin"].dt.tz) == "UTC"
    misread = frame[(frame["spf_result"] == "pass") & ~frame["spf_aligned"]]
    assert set(misread["spf_domain"]) == {"gmail.com", "lists.example.org"}
    assert h.read_reports([]).to_frame().columns.tolist() == COLUMNS


def test_a_report_s_frame_is_its_own_and_can_be_had_twice() -> None:
    report = h.read_reports(FORMS / f"{OLD}.xml").reports[0]
    for _ in range(2):
        frame = report.to_frame()
        assert frame["in_words"][0] == "SPF pass for gmail.com, not aligned; no DKIM result: DMARC fails"
        assert frame["reason"].tolist() == ["local_policy", "local_policy"]


def test_raw_and_aligned_stand_apart_in_words() -> None:
    report = h.read_reports(FORMS / f"{OLD}.xml").reports[0]
    for text in (str(report), report._repr_html_()):
        for words in ("SPF said", "SPF aligned", "DKIM said", "DKIM aligned", "✘ fail", "receiver.example"):
            assert words in text
    record = report.records[0]
    assert "✘ 40 messages from 192.0.2.41: SPF pass for gmail.com, not aligned" in str(record)


def test_everything_says_what_it_is(reports: Reports) -> None:
    assert str(reports).startswith(
        "114 aggregate reports on fujiba.net, 2025-04-07 to 2025-07-06: 773 messages, 332 aligned;"
        " 2 failure reports"
    )
    whole = h.read_reports(DATA)
    assert "8 not read" in str(whole)
    assert "document type declaration" in str(whole)
    assert str(h.read_reports([])).startswith("no aggregate report")
    assert str(whole.unreadable[0]) == f"{whole.unreadable[0].source}: {whole.unreadable[0].why}"
    assert "a message from 192.0.2.41 failed: dmarc" in str(reports.failures[0])
    assert "gmail.com: 184 messages, 0 aligned" in str(senders(reports)[1])
    ready = h.reports.ready_for_reject(reports, own=["gmail.com"])
    assert str(ready).startswith("✘ p=reject for fujiba.net: no")
    assert "against  gmail.com is yours" in str(ready)
    assert len(ready.to_frame()) == len(ready.against) + len(ready.missing) + len(ready.cautions)


def test_tables_take_what_they_say(reports: Reports) -> None:
    table = h.senders_table(reports)
    assert table.to_frame().to_dict("list")["messages"][:2] == [332, 184]
    assert h.senders_table(senders(reports)).rows == h.senders_table(list(reports)).rows == table.rows
    assert h.failures_table(reports).to_frame()["failed"].tolist() == ["dmarc", "bodyhash"]
    for wrong in ([1], [reports]):
        with pytest.raises(TypeError, match="takes reports or senders"):
            h.senders_table(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="takes what read_reports gave"):
        h.failures_table([])  # type: ignore[arg-type]


def test_json_ready_values(reports: Reports) -> None:
    import json

    said = json.loads(json.dumps(reports.to_dict()))
    assert said["reports"][0]["records"][0]["spf"] == [
        {"domain": "gmail.com", "result": "pass", "scope": "mfrom", "comment": None}
    ]
    assert said["failures"][0]["arrived"] == "2025-05-09T01:00:04+00:00"
    assert json.loads(json.dumps(h.reports.ready_for_reject(reports).to_dict()))["answer"] == "not yet"


# --------------------------------------------------------------------- pictures


def ink(picture: Any) -> Any:
    import matplotlib.image
    import numpy

    pixels = matplotlib.image.imread(io.BytesIO(picture.png()), format="png")[:, :, :3]
    return numpy.any(pixels < 0.99, axis=2)


def test_pictures_are_drawn_and_say_the_same_in_words(reports: Reports) -> None:
    bars, grid = h.reports_figure(reports), h.senders_figure(reports)
    assert "12 May: 34 aligned by DKIM and SPF, 1 by DKIM only, 18 not aligned." in str(bars)
    assert "gmail.com: 7 Apr 63 (63 not), 14 Apr 19 (19 not)" in str(grid)
    for picture in (bars, grid):
        drawn = ink(picture)
        assert drawn.mean() > 0.02
        assert not drawn[:, :4].any()
        assert not drawn[:, -4:].any()
        assert picture.figure.get_size_inches()[1] <= 5.6


def test_a_year_is_drawn_by_month_and_many_senders_are_counted() -> None:
    first = datetime(2025, 1, 1, tzinfo=UTC)
    made = Reports(tuple(
        AggregateReport(
            "r.example", str(day), first + timedelta(days=day), first + timedelta(days=day, hours=23),
            "example.com", "none",
            records=(Record(f"192.0.2.{day % 15}", 20_000, "none", False, False, "example.com"),),
        )
        for day in range(400)
    ))  # fmt: skip
    assert "Feb 2026: 80,000 not aligned" in str(h.reports_figure(made))
    grid = h.senders_figure(made)
    assert "Messages of each sender by month" in str(grid)
    assert "all others: Feb 2025" in str(grid)
    assert any(text.get_text() == "6 more senders" for text in grid.figure.axes[0].texts)


@pytest.mark.parametrize("figure", [h.reports_figure, h.senders_figure])
def test_nothing_to_draw_is_an_error(figure: Any) -> None:
    with pytest.raises(ValueError, match="there is nothing to draw"):
        figure(Reports())


def test_hostile_reports_are_shown_harmless(reports: Reports) -> None:
    bad = Record(ATTACK, 3, ATTACK, False, False, ATTACK, ATTACK, ATTACK, spf=(SpfFound(ATTACK, "pass"),))
    report = AggregateReport(
        ATTACK, ATTACK, datetime(2025, 6, 9, tzinfo=UTC), datetime(2025, 6, 10, tzinfo=UTC), "example.com",
        ATTACK, records=(bad,), notes=(ATTACK,), errors=(ATTACK,), source=ATTACK, generator=ATTACK,
    )  # fmt: skip
    failure = dataclasses.replace(reports.failures[0], subject=ATTACK, mail_from=ATTACK)
    made = Reports((report,), (failure,), (), (ATTACK,))
    ready = h.reports.ready_for_reject(made)
    for one in (
        made,
        report,
        bad,
        failure,
        ready,
        h.senders_table(made),
        h.failures_table(made),
        senders(made)[0],
    ):
        html = one._repr_html_()
        assert "<img" not in html
        assert "<script" not in html
        assert "\x1b" not in str(one)
        assert "\u202e" not in str(one)
    for picture in (h.reports_figure(made), h.senders_figure(made)):
        assert "\x1b" not in str(picture)
        assert ink(picture).any()
