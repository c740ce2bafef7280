"""Figures say in words what they draw, and they draw."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import helpers as h
from helpers.lab import Lab, Trace
from helpers.show.figures import Picture

RECORD = "_dmarc.fujiba.net"


@pytest.fixture(scope="module")
def net() -> Iterator[Lab]:
    with h.lab(h.sample_zone("fujiba")) as running:
        yield running


def send(net: Lab, way: str, policy: str, mode: str, *, verified: bool = False) -> Trace:
    zone = h.sample_zone("fujiba")
    if verified:
        zone = zone | net.with_zone(zone).records(way, "fujiba.net")
    net.zone = zone.with_records(RECORD, "TXT", [f"v=DMARC1; p={policy}; aspf={mode[0]}; adkim={mode[0]}"])
    return net.send(from_="monthly@fujiba.net", through=way)


def ink(picture: Picture) -> float:
    """How much of the picture is not its background."""
    from matplotlib import image

    pixels = image.imread(io.BytesIO(picture.png()))[..., :3]
    return float((abs(pixels - pixels[0, 0]) > 0.02).any(axis=-1).mean())


def test_the_matrix_tells_every_outcome_in_words(net: Lab) -> None:
    outcomes = {
        (way, policy, mode): send(net, relay, policy, mode, verified=verified)
        for way, relay, verified in (("Gmail", "gmail", False), ("a service", "service", True))
        for policy in ("none", "quarantine", "reject")
        for mode in ("relaxed", "strict")
    }
    picture = h.matrix_figure(outcomes)
    assert picture.alt == (
        "Outcomes of 12 mails by way, policy and alignment mode: 6 passes, 2 let in, 2 junk, 2 refused. "
        "Gmail: relaxed and strict: p=none let in, p=quarantine junk, p=reject refused. "
        "a service: relaxed and strict: p=none passes, p=quarantine passes, p=reject passes."
    )
    assert str(picture) == picture.alt
    assert ink(picture) > 0.02


def test_modes_that_differ_are_told_apart_and_gaps_are_named(net: Lab) -> None:
    passed, failed = (
        send(net, "service", "reject", "strict", verified=True),
        send(net, "gmail", "reject", "strict"),
    )
    outcomes = {("one", "reject", "relaxed"): passed, ("one", "reject", "strict"): failed}
    outcomes["two", "none", "strict"] = passed
    words = h.matrix_figure(outcomes).alt
    assert (
        "one: relaxed: p=reject passes, p=none not tried; strict: p=reject refused, p=none not tried."
        in words
    )
    assert (
        "two: relaxed: p=reject not tried, p=none not tried; strict: p=reject not tried, p=none passes."
        in words
    )


def test_mail_that_has_no_verdict_is_not_called_a_pass(net: Lab) -> None:
    net.zone = h.sample_zone("fujiba").without(RECORD)
    unasked = net.send(from_="monthly@fujiba.net", through="gmail")
    net.zone = h.sample_zone("fujiba").with_records(RECORD, "TXT", h.TIMEOUT)
    deferred = net.send(from_="monthly@fujiba.net", through="gmail")
    words = h.matrix_figure({("a", "-", "relaxed"): unasked, ("b", "-", "relaxed"): deferred}).alt
    assert "a: relaxed: p=- no DMARC." in words
    assert "b: relaxed: p=- not yet." in words


def test_refusals_differ_from_passes_in_more_than_colour(net: Lab) -> None:
    passed, refused = (
        send(net, "service", "reject", "relaxed", verified=True),
        send(net, "gmail", "reject", "relaxed"),
    )
    shown = [h.matrix_figure({("w", "reject", "relaxed"): trace}) for trace in (passed, refused)]
    texts = [{text.get_text() for text in picture.figure.axes[0].texts} for picture in shown]
    assert "✔ passes" in texts[0] - texts[1]
    assert "✘ refused" in texts[1] - texts[0]


def test_every_text_of_the_matrix_stays_inside_its_picture(net: Lab) -> None:
    trace = send(net, "gmail", "reject", "relaxed")
    outcomes = {
        (f"way {number} " + "long " * 9, policy, mode): trace
        for number in range(12)
        for policy in ("none", "quarantine", "reject")
        for mode in ("relaxed", "strict")
    }
    picture = h.matrix_figure(outcomes)
    pen: Any = FigureCanvasAgg(picture.figure).get_renderer()  # type: ignore[no-untyped-call]
    whole = picture.figure.bbox
    labels = [text.get_window_extent(pen) for text in picture.figure.axes[0].texts]
    assert all(whole.x0 <= box.x0 and box.x1 <= whole.x1 for box in labels)
    assert all(whole.y0 <= box.y0 and box.y1 <= whole.y1 for box in labels)
    cells = [patch.get_window_extent(pen) for patch in picture.figure.axes[0].patches]
    rows = [
        box
        for text, box in zip(picture.figure.axes[0].texts, labels, strict=True)
        if "way" in text.get_text()
    ]
    assert max(box.x1 for box in rows) <= min(box.x0 for box in cells)


def test_the_same_outcomes_give_the_same_picture(net: Lab) -> None:
    outcomes = {("Gmail", "reject", "relaxed"): send(net, "gmail", "reject", "relaxed")}
    assert h.matrix_figure(outcomes).png() == h.matrix_figure(outcomes).png()


def test_what_can_not_be_drawn_is_said_in_one_sentence(net: Lab) -> None:
    trace = send(net, "gmail", "reject", "relaxed")
    with pytest.raises(ValueError, match="no outcomes to draw"):
        h.matrix_figure({})
    with pytest.raises(TypeError, match=r"key is \(way, policy, mode\)"):
        h.matrix_figure({("Gmail", "reject"): trace})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="what the lab's send returned, not str"):
        h.matrix_figure({("Gmail", "reject", "relaxed"): "refused"})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="not list"):
        h.matrix_figure([trace])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at most 12 ways"):
        h.matrix_figure({(str(number), "reject", "relaxed"): trace for number in range(13)})


def test_a_hostile_name_stays_one_line_of_text(net: Lab) -> None:
    trace = replace(send(net, "gmail", "reject", "relaxed"), reply="x")
    words = h.matrix_figure({("a\nb\x1b[31m$x^2$", "reject", "relaxed"): trace}).alt
    assert "\n" not in words
    assert "\x1b" not in words
