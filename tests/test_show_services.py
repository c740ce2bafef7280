"""Sending services as tables, pictures and a panel: what is said, what is drawn, what a click changes."""

from __future__ import annotations

import base64
import dataclasses
import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import Any

import pytest

import helpers as h
from helpers import services
from helpers.show.service_chooser import STRICT_OBSTACLE
from helpers.show.views.services import aligned_words, free_words, price_words, words
from helpers.terms import Result

DOMAIN = "fujiba.net"
MAIL = b"From: Office <monthly@fujiba.net>\r\nTo: reader@example.net\r\nSubject: April\r\n\r\nHello.\r\n"
ZONE = h.Zone.from_dict({f"_dmarc.{DOMAIN}": {"TXT": ["v=DMARC1; p=reject"]}})
ATTACK = '"><img src=x onerror=alert(1)><script>alert(2)</script>\x1b[31m\u202e'
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def simulations() -> tuple[services.Simulation, ...]:
    return services.simulate(MAIL, domain=DOMAIN, dns_zone=ZONE, services=["mailgun", "mailtrap", "gmail"])


class Tags(HTMLParser):
    """The tags that a browser would see, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def ink(png: bytes) -> Any:
    """The pixels of a picture, 1 where it is not white."""
    import io

    import matplotlib.image
    import numpy

    pixels = matplotlib.image.imread(io.BytesIO(png), format="png")[:, :, :3]
    return numpy.any(pixels < 0.99, axis=2)


# ---------------------------------------------------------------------- tables


def test_a_table_has_a_row_each_and_the_frame_has_the_same() -> None:
    table = h.services_table(services.all_services()[:6])
    assert [row[0] for row in table.rows] == [
        "Mailgun", "Mailtrap", "Google Workspace", "SendGrid", "Postmark", "Amazon SES",
    ]  # fmt: skip
    frame = table.to_frame()
    assert list(frame.columns) == list(table.columns)
    assert [tuple(row) for row in frame.to_numpy()] == list(table.rows)
    assert Tags(table._repr_html_()).text.count("stays") == 5


def test_unknown_is_said_and_none_is_not_unknown() -> None:
    rows = {row[0]: dict(zip(h.services_table(services.all_services()).columns, row, strict=True))
            for row in h.services_table(services.all_services()).rows}  # fmt: skip
    assert rows["Google Workspace"]["price a month"] == "not known"
    assert rows["Google Workspace"]["free a month"] == "none"
    assert rows["Brevo"]["Return-Path"] == "none"
    assert rows["Amazon SES"]["free a month"] == "3,000, 6 months"
    assert all(cell for row in rows.values() for cell in row.values())


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "not known"),
        (True, "yes"),
        (False, "no"),
        (0, "none"),
        ("", "none"),
        ((), "none"),
        (("s1", "s2"), "s1, s2"),
        (4000, "4,000"),
    ],
)
def test_a_value_in_words(value: object, said: str) -> None:
    assert words(value) == said


def test_prices_and_free_messages_in_words() -> None:
    assert price_words(services.find("mailtrap")) == "$15.00 for 10,000"
    assert price_words(services.find("gmail")) == "nothing"
    assert free_words(services.find("mailtrap")) == "4,000"


@pytest.mark.parametrize(
    ("identifiers", "said"),
    [
        ((), "nothing"),
        (("MAIL FROM a.example",), "SPF only"),
        (("DKIM d=a.example",), "DKIM only"),
        (("MAIL FROM a.example", "DKIM d=a.example", "DKIM d=b.example"), "SPF + DKIM"),
    ],
)
def test_what_aligns_in_words(identifiers: tuple[str, ...], said: str) -> None:
    assert aligned_words(identifiers) == said


def test_records_are_shown_as_a_panel_takes_them() -> None:
    table = h.services_table(services.records_for("mailtrap", domain=DOMAIN))
    row = next(row for row in table.rows if row[2].startswith("rwmt1"))
    assert row[:5] == ("DKIM key", "CNAME", "rwmt1._domainkey", "rwmt1.dkim.smtp.mailtrap.live", "yes")
    apex = h.services_table(services.records_for("mailgun", domain=DOMAIN)).rows[0]
    assert apex[1:3] == ("TXT", "@")


def test_facts_and_changes_keep_their_dates() -> None:
    change = next(row for row in h.services_table(services.changed_since()).rows if row[0] == "Mailtrap")
    assert change[1:] == ("free messages per month", "1,000", "4,000 (150 a day)", "2026-08-22")
    fact = services.find("mailtrap").fact("price_per_month_usd")
    assert h.services_table([fact]).rows[0][:3] == ("price per month usd", "15.0", "undated")


def test_choices_say_what_speaks_against_a_service() -> None:
    rows = {row[0]: row for row in h.services_table(services.choose()).rows}
    assert rows["Mailtrap"][1:3] == ("✔ fits", "18")
    assert rows["SendGrid"][1] == "✘"
    assert rows["SendGrid"][-1] == "It costs $19.95 a month; at most $0.00 may be spent."


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], "there is nothing to tabulate"),
        ([ZONE], "not Zone"),
        ([services.find("ses"), services.find("ses").facts[0]], "not Service, Sourced"),
    ],
)
def test_what_has_no_table_is_one_clear_sentence(given: list[Any], words: str) -> None:
    with pytest.raises(TypeError, match=words):
        h.services_table(given)


# ----------------------------------------------------------------------- views


def test_a_service_shows_every_fact_with_its_source_and_its_caveats() -> None:
    service = services.find("ses")
    shown = Tags(service._repr_html_()).text
    for fact in service.facts:
        assert fact.source in shown
        if fact.field == "caveat":
            assert fact.value in shown
    assert list(service.to_frame().columns) == ["fact", "value", "as of", "read at", "note"]


def test_a_simulation_says_why_each_time(simulations: tuple[services.Simulation, ...]) -> None:
    shown = str(simulations[1])
    assert shown.startswith("✔ Mailtrap: DMARC fail before set-up, pass after")
    assert "aspf=s asks for identical" in " ".join(shown.split())
    assert str(simulations[2]).startswith("✘ Gmail")


def test_a_sent_mail_shows_its_envelope_signature_and_records() -> None:
    sent = services.send_through("mailtrap", MAIL, domain=DOMAIN, verified=True)
    shown = Tags(sent._repr_html_()).text
    for part in ("bounces@mt64.fujiba.net", "d=fujiba.net", "smtp.mailtrap.live", "rwmt1._domainkey"):
        assert part in shown
    assert "before fujiba.net was set up" in str(
        services.send_through("mailtrap", MAIL, domain=DOMAIN, verified=False)
    )


def test_a_choice_shows_points_reasons_and_obstacles() -> None:
    choice = next(choice for choice in services.choose() if choice.service == "sendgrid")
    shown = " ".join(str(choice).split())
    assert "SendGrid does not fit: 12 of 20 points" in shown
    assert choice.obstacles[0] in shown


def test_hostile_text_stays_text() -> None:
    for result in (
        dataclasses.replace(services.find("ses"), name=ATTACK, mx=ATTACK, caveats=(ATTACK,)),
        dataclasses.replace(services.find("ses"), id=ATTACK, name=ATTACK),
        dataclasses.replace(services.changed_since()[0], service=ATTACK, now=ATTACK),
        dataclasses.replace(services.records_for("ses", domain=DOMAIN)[0], value=ATTACK, note=ATTACK),
        dataclasses.replace(services.choose()[0], name=ATTACK, reasons=(ATTACK,), obstacles=(ATTACK,)),
    ):
        for shown in (result._repr_html_(), h.services_table([result])._repr_html_()):
            tags = Tags(shown)
            assert not {"img", "script"} & tags.tags
            assert "onerror=alert(1)" in tags.text
            assert "\x1b" not in shown
            assert "\u202e" not in shown
    sent = services.send_through(
        "mailtrap", MAIL.replace(b"April", ATTACK.encode()), domain=DOMAIN, verified=True
    )
    assert not {"img", "script"} & Tags(sent._repr_html_()).tags


# -------------------------------------------------------------------- pictures


def test_the_services_figure_says_in_words_what_it_draws(
    simulations: tuple[services.Simulation, ...],
) -> None:
    figure = h.services_figure(simulations)
    assert str(figure) == (
        "DMARC for the same mail through each service. "
        "Mailgun: fail before set-up (see its note); after it, relaxed pass (SPF + DKIM), "
        "strict pass (SPF + DKIM). "
        "Mailtrap: fail before set-up (see its note); after it, relaxed pass (SPF + DKIM), "
        "strict pass (DKIM only). "
        "Gmail (smtp.gmail.com): fail before set-up (see its note); after it, relaxed fail (nothing), "
        "strict fail (nothing)."
    )
    data, metadata = figure._repr_mimebundle_()
    assert data["text/plain"] == metadata["image/png"]["alt"] == figure.alt
    assert figure.png().startswith(PNG)


def test_the_services_figure_draws_every_cell(simulations: tuple[services.Simulation, ...]) -> None:
    height, width = ink(h.services_figure(simulations).png()).shape
    for count in (1, 3):
        drawn = ink(h.services_figure(simulations[:count]).png())
        for left, right in ((0, 0.35), (0.36, 0.54), (0.55, 0.76), (0.77, 1)):
            assert drawn[:, int(left * width) : int(right * width)].mean() > 0.005
    assert height > ink(h.services_figure(simulations[:1]).png()).shape[0]


def test_a_result_changes_the_picture_and_its_words(simulations: tuple[services.Simulation, ...]) -> None:
    worse = dataclasses.replace(simulations[1], after=Result.FAIL, aligned=())
    before, after = h.services_figure(simulations[1:2]), h.services_figure([worse])
    assert "relaxed fail (nothing)" in after.alt
    assert (ink(before.png()) != ink(after.png())).any()


def test_passing_before_set_up_under_relaxed_only_is_not_drawn_as_a_pass(
    simulations: tuple[services.Simulation, ...],
) -> None:
    half = dataclasses.replace(simulations[0], before=Result.PASS, strict_before=Result.FAIL)
    assert "Mailgun: fail before set-up" in h.services_figure([half]).alt


def test_the_choice_figure_says_in_words_what_it_draws() -> None:
    alt = h.choice_figure(services.choose()).alt
    assert "Mailtrap: 4 + 5 + 5 + 4 = 18, fits." in alt
    assert "SendGrid: 2 + 5 + 1 + 4 = 12, does not fit: It costs $19.95 a month" in alt
    for choice in services.choose():
        assert choice.name in alt
        assert all(obstacle.rstrip(".") in alt for obstacle in choice.obstacles)


def test_nothing_drawn_runs_out_of_the_picture() -> None:
    everyone = services.simulate(MAIL, domain=DOMAIN, dns_zone=ZONE)
    long = dataclasses.replace(
        services.choose()[-1], name="A service " * 9, obstacles=("It is not what is needed " * 9, "more")
    )
    for figure in (h.services_figure(everyone), h.choice_figure([*services.choose(), long])):
        drawn = ink(figure.png())
        assert drawn.any()
        edge = 8  # pixels
        assert not drawn[:edge].any()
        assert not drawn[-edge:].any()
        assert not drawn[:, :edge].any()
        assert not drawn[:, -edge:].any()


def test_what_is_not_drawn_is_counted() -> None:
    choices = [*services.choose(), *services.choose()]
    assert h.choice_figure(choices).alt.endswith("(8 more not drawn.)")


def test_hostile_names_are_drawn_as_text() -> None:
    choice = dataclasses.replace(services.choose()[0], name="$\\frac{" + ATTACK, score=-3, setup=99, dns=-1)
    figure = h.choice_figure([choice])
    assert figure.png().startswith(PNG)
    assert "\x1b" not in figure.alt
    assert "\u202e" not in figure.alt


@pytest.mark.parametrize("draw", [h.services_figure, h.choice_figure])
def test_nothing_to_draw_is_one_clear_sentence(draw: Any) -> None:
    with pytest.raises(ValueError, match="there is nothing to draw"):
        draw([])


# ----------------------------------------------------------------------- panel


def png_of(panel: Any) -> bytes:
    found = re.search('src="data:image/png;base64,([^"]+)"', panel.picture.value)
    assert found is not None
    return base64.b64decode(found.group(1))


def fitting(panel: Any) -> list[str]:
    return [choice.service for choice in panel.choices if choice.fits]


def test_the_panel_begins_with_the_story() -> None:
    panel = h.service_chooser()
    assert fitting(panel) == ["mailtrap", "mailgun", "postmark", "resend", "brevo"]
    assert str(panel).endswith("Now 5 of 14 services fit: Mailtrap, Mailgun, Postmark, Resend, Brevo.")
    assert png_of(panel) == h.choice_figure(panel.choices).png()


@pytest.mark.parametrize(
    ("field", "value", "comes", "goes"),
    [
        ("messages", 3_500, set(), {"mailgun", "postmark", "resend"}),
        ("price", 20.0, {"sendgrid", "ses"}, set()),
        ("strict", True, set(), {"mailtrap", "postmark", "resend", "brevo"}),
    ],
)
def test_a_field_changes_choices_table_and_picture(
    field: str, value: object, comes: set[str], goes: set[str]
) -> None:
    panel = h.service_chooser()
    before, table, picture = set(fitting(panel)), panel.table.value, png_of(panel)
    panel.fields[field].value = value
    after = set(fitting(panel))
    assert after - before == comes
    assert before - after == goes
    assert panel.table.value != table
    assert Tags(panel.table.value).text.count("✔ fits") == len(after)
    assert (ink(png_of(panel)) != ink(picture)).any()
    assert ink(png_of(panel)).mean() > 0.02


def test_every_field_does_something_and_back_is_back() -> None:
    panel = h.service_chooser(max_price_usd=20)
    first = panel.choices
    other = {"messages": 9_000, "price": 0.0, "keep_mx": False, "dns_at": "Cloudflare", "smtp": False,
             "strict": True, "mailgun": True}  # fmt: skip
    assert set(other) == set(panel.fields)
    for name, value in other.items():
        field = panel.fields[name]
        was, field.value = field.value, value
        assert panel.choices != first, name
        field.value = was
        assert panel.choices == first, name


def test_strict_says_why_and_puts_what_fits_on_top() -> None:
    panel = h.service_chooser(strict=True)
    assert fitting(panel) == ["mailgun"]
    assert panel.choices[0].service == "mailgun"
    mailtrap = next(choice for choice in panel.choices if choice.service == "mailtrap")
    assert mailtrap.obstacles == (STRICT_OBSTACLE,)
    assert STRICT_OBSTACLE in Tags(panel.table.value).text


def test_a_panel_of_some_services() -> None:
    panel = h.service_chooser(["Mailtrap", "SES"], already=["mailgun"], dns_at="my own server")
    assert {choice.service for choice in panel.choices} == {"mailtrap", "ses"}
    assert panel.fields["mailgun"].value is True
    assert panel.fields["dns_at"].value == "somewhere else"


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"services": ["nobody"]}, "there is no service 'nobody'"),
        ({"messages_per_month": -1}, "messages_per_month has to be a number from 0 on"),
        ({"max_price_usd": float("nan")}, "max_price_usd has to be a number from 0 on"),
        ({"already": ["ses"]}, "a field for one account that is there already: Mailgun"),
    ],
)
def test_misuse_of_the_panel_is_one_clear_sentence(how: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        h.service_chooser(**how)


def test_a_notebook_gets_the_panel_and_the_same_in_words() -> None:
    panel = h.service_chooser()
    bundle = panel._repr_mimebundle_()
    assert bundle["text/plain"] == str(panel)
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == panel.box.model_id


def test_two_panels_do_not_share_a_figure() -> None:
    one, two = h.service_chooser(), h.service_chooser()
    one.fields["messages"].value = 9_000
    assert two.picture.value == h.service_chooser().picture.value


def test_the_panel_draws_without_pyplot_and_tables_without_ipywidgets() -> None:
    code = (
        "import sys, helpers as h\n"
        "str(h.services_table(h.services.choose()))\n"
        "assert not {'ipywidgets', 'matplotlib', 'pandas'} & set(sys.modules)\n"
        "h.service_chooser()\n"
        "assert 'ipywidgets' in sys.modules and 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
