"""The figures of single checks: the words say the facts, there is ink, no name leaves its place."""

from __future__ import annotations

import builtins
import io
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import helpers as h
from helpers.show.figures import Picture
from helpers.show.figures.fitting import fit_end_inches, fit_inches, fold_inches, width_of
from helpers.show.figures.hops import span
from helpers.show.figures.spf_tree import rows_of, tree_of
from helpers.terms import SpfCheck, Step

SAMPLES = "data/sample_headers/"
NOW = 1_747_000_000
LONG = "w" * 63
HOSTILE = f"{LONG}.{LONG}.{LONG}.example"
MANY = 1_200


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, root: Any) -> None:
    monkeypatch.chdir(root)


def ink(picture: Picture) -> float:
    """How much of the picture is not its background."""
    from matplotlib import image

    pixels = image.imread(io.BytesIO(picture.png()))[..., :3]
    return float((abs(pixels - pixels[0, 0]) > 0.02).any(axis=-1).mean())


def texts(picture: Picture) -> list[str]:
    return [text.get_text() for text in picture.figure.axes[0].texts]


def boxes(picture: Picture) -> list[tuple[str, Any]]:
    """Each text with its place in pixels."""
    pen: Any = FigureCanvasAgg(picture.figure).get_renderer()  # type: ignore[no-untyped-call]
    return [(text.get_text(), text.get_window_extent(pen)) for text in picture.figure.axes[0].texts]


def spf(zone: dict[str, Any], *, of: str = "a.example", ip: str = "203.0.113.110") -> SpfCheck:
    return h.check_spf(client_ip=ip, mail_from=f"bob@{of}", dns=h.Zone.from_dict(zone), now=NOW)


def txt(**records: str) -> dict[str, Any]:
    return {f"{name.replace('_', '.')}.example": {"TXT": [text]} for name, text in records.items()}


def received(*lines: str, date: str = "") -> h.Message:
    fields = "".join(f"Received: {line}\n" for line in lines)
    dated = f"Date: {date}\n" if date else ""
    return h.read_message(f"{fields}{dated}From: a@a.example\n\nbody".encode())


def hop(number: int, at: str) -> str:
    client = f"h{number}.example.net (h{number}.example.net [192.0.2.{number % 250}])"
    return f"from {client} by h{number + 1}.example.net with ESMTP; {at}"


def signed(extra: str = "", tags: str = "") -> bytes:
    """A mail whose signature can be read and whose hashes are made up."""
    field = f"v=1; a=rsa-sha256; d=a.example; s=k; h=from:from:subject; bh=AAAA; b=BBBB{tags}"
    return f"DKIM-Signature: {field}\n{extra}Subject: hello\nFrom: a@a.example\n\nbody\n".encode()


def hostile_record() -> str:
    return f"v=DMARC1; p=none; rua=mailto:$x^2$@{HOSTILE}; x=<script>alert(1)</script>{'W' * 900}"


HUGE_SPF = "v=spf1 " + " ".join(f"ip4:192.0.2.{n % 250}" for n in range(MANY)) + " ip4:203.0.113.110 -all"
LOOPING = txt(a="v=spf1 a mx include:b.example -all", b="v=spf1 include:a.example ~all")


def _samples() -> dict[str, Callable[[], Picture]]:
    """Every kind of figure on ordinary, odd and hostile input."""
    zone = h.sample_zone("fujiba")
    many = [hop(number, "Mon, 12 May 2025 10:00:00 +0000") for number in range(MANY)]
    deep = ".".join("abcdefghijklmnopqrst") + ".example"
    hostile_zone = h.Zone.from_dict({f"_dmarc.{HOSTILE}": {"TXT": [hostile_record()]}})
    pairs = [(f"{n}.{HOSTILE}", "pass") for n in range(9)]
    fields = "".join(f"X-{LONG}-{n}: {LONG}\n" for n in range(MANY))
    return {
        "hops": lambda: h.hops_figure(h.read_message(SAMPLES + "incident_received.eml")),
        "hops of a bounce": lambda: h.hops_figure(h.read_bounce(SAMPLES + "incident_bounce.eml")),
        "hops, none": lambda: h.hops_figure(received()),
        "hops, many": lambda: h.hops_figure(received(*many)),
        "hops, hostile": lambda: h.hops_figure(
            received(
                f"from {HOSTILE} ($x^2$ [192.0.2.1]) by {HOSTILE}\x1b[31m\u202e; never",
                f"from 日本語.{LONG} by {'日本' * 40}; Fri, 31 Dec 9999 23:59:59 -1200",
            )
        ),
        "spf": lambda: h.spf_figure(spf(txt(a="v=spf1 include:b.example -all", b="v=spf1 a ~all"))),
        "spf, none": lambda: h.spf_figure(spf({})),
        "spf, huge": lambda: h.spf_figure(spf(txt(a=HUGE_SPF))),
        "spf, loop": lambda: h.spf_figure(spf(LOOPING)),
        "spf, hostile": lambda: h.spf_figure(
            spf({HOSTILE: {"TXT": [f"v=spf1 a:{HOSTILE} x=\x1b[31m <script>.{LONG}.$x^2$ -all"]}}, of=HOSTILE)
        ),
        "dkim": lambda: h.dkim_figure(SAMPLES + "fixed_by_service.eml", dns=h.sample_zone("fujiba-fixed")),
        "dkim, hostile": lambda: h.dkim_figure(
            signed(fields, f"; zz={'W' * 900}; i=$x^2$@{HOSTILE}; l=5; x=99999999999"), dns=zone
        ),
        "discovery": lambda: h.discovery_figure(dmarc("mail.news.fujiba.net")),
        "discovery, old rules": lambda: h.discovery_figure(dmarc("mail.news.fujiba.net", rules="rfc7489")),
        "discovery, none": lambda: h.discovery_figure(dmarc(None)),
        "discovery, deep": lambda: h.discovery_figure(h.tree_walk(deep, hostile_zone)),
        "discovery, hostile": lambda: h.discovery_figure(
            h.evaluate_dmarc(author_domain=HOSTILE, spf=pairs[0], dkim=pairs, dns=hostile_zone)
        ),
    }


def dmarc(author: str | None, zone: h.Zone | None = None, **how: Any) -> Any:
    dns = h.sample_zone("fujiba") if zone is None else zone
    return h.evaluate_dmarc(author_domain=author, spf=("gmail.com", "pass"), dns=dns, **how)


SAMPLE_NAMES = tuple(_samples())


# ------------------------------------------------------------ all the figures


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_a_figure_fits_a_slide_and_its_text_fits_the_figure(name: str) -> None:
    picture = _samples()[name]()
    width, height = picture.figure.get_size_inches()
    assert width == 9.6
    assert 1 < height <= 6.6
    whole = picture.figure.bbox
    placed = boxes(picture)
    outside = [
        text
        for text, box in placed
        if box.x0 < whole.x0 or box.x1 > whole.x1 or box.y0 < whole.y0 or box.y1 > whole.y1
    ]
    assert outside == []
    assert min(float(text.get_fontsize()) for text in picture.figure.axes[0].texts) >= 10
    assert ink(picture) > 0.01


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_texts_do_not_run_into_each_other(name: str) -> None:
    placed = [(text, box) for text, box in boxes(_samples()[name]()) if text.strip()]
    slack = 2  # pixels of a hundred to the inch: the boxes hold a little more than the letters
    clashes = [
        (one, two)
        for position, (one, a) in enumerate(placed)
        for two, b in placed[position + 1 :]
        if min(a.x1, b.x1) - max(a.x0, b.x0) > slack and min(a.y1, b.y1) - max(a.y0, b.y0) > slack + 2
    ]
    assert clashes == []


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_words_are_one_harmless_line_of_bounded_length(name: str) -> None:
    picture = _samples()[name]()
    assert str(picture) == picture.alt
    assert picture.alt.endswith(".")
    assert not set(picture.alt) & set("\n\r\x1b\u202e")
    assert len(picture.alt) < 8_000
    assert all("\x1b" not in text and "\u202e" not in text for text in texts(picture))


@pytest.mark.parametrize("name", ["hops", "spf", "dkim", "discovery"])
def test_the_same_check_gives_the_same_picture(name: str) -> None:
    make = _samples()[name]
    assert make().png() == make().png()


def test_figures_of_something_else_are_refused_in_a_sentence() -> None:
    with pytest.raises(TypeError, match="takes a message, a bounce or a diagnosis, not str"):
        h.hops_figure("mail.eml")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="what check_spf returned, not str"):
        h.spf_figure("pass")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="what evaluate_dmarc or tree_walk returned"):
        h.discovery_figure("fujiba.net")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a check with steps, or steps, not str"):
        h.step_player("pass")


# ------------------------------------------------------------------------ hops


def test_hops_say_who_wrote_each_line_and_from_where_on_it_is_the_receivers() -> None:
    words = h.hops_figure(h.read_message(SAMPLES + "incident_received.eml")).alt
    assert words.startswith("The way of the message: 3 hops in 6 s. ")
    assert (
        "Hop 1, written by smtp.gmail.com: from p77.client.example.jp [203.0.113.77], "
        "2025-05-09 01:00:03 UTC, after 3 s, came with the mail: could be invented." in words
    )
    assert "Hop 3, written by cm2.dti.ne.jp" in words
    assert "after 2 s, the receiver saw this client's address." in words
    assert words.count("could be invented") == 3  # two hops and the author's own Date
    assert "The receiver's side begins at hop 3." in words


def test_a_line_that_a_spoofer_put_in_moves_no_border() -> None:
    honest = received(
        "from evil.example (evil.example [203.0.113.7]) by mx.a.example; 12 May 2025 10:00:00 +0000"
    )
    forged = received(
        "from evil.example (evil.example [203.0.113.7]) by mx.a.example; 12 May 2025 10:00:00 +0000",
        "from bank.example (bank.example [192.0.2.1]) by mx.a.example; 12 May 2025 09:59:00 +0000",
    )
    for message in (honest, forged):
        assert message.incoming_hop is not None
        assert message.incoming_hop.ip == "203.0.113.7"
    words = h.hops_figure(forged).alt
    assert "from bank.example [192.0.2.1], 2025-05-12 09:59:00 UTC, came with the mail" in words


def test_delays_that_are_negative_or_unknown_are_named() -> None:
    picture = h.hops_figure(
        received(
            hop(3, "no date at all"),
            hop(2, "Mon, 12 May 2025 09:30:00 +0000"),
            hop(1, "Mon, 12 May 2025 10:00:00 +0000"),
            date="Mon, 12 May 2025 11:00:00 +0200",
        )
    )
    shown = texts(picture)
    assert "✘ dated 30 min earlier" in shown
    assert "? no date that can be read" in shown
    assert "1 h" in shown  # from Date to the first hop, whatever their zones
    assert "dated 30 min earlier" in picture.alt


def test_of_many_hops_the_border_and_the_ends_are_drawn_and_the_rest_is_counted() -> None:
    inside = [
        f"from a{n}.corp.example (a{n}.corp.example [192.0.2.9]) by a{n + 1}.corp.example; 1 May 2025 9:00"
        for n in range(20)
    ]
    outside = "from evil.example.net (evil.example.net [203.0.113.7]) by a0.corp.example; 1 May 2025 8:00"
    older = [hop(number, "Mon, 12 May 2025 08:00:00 +0000") for number in range(20)]
    words = h.hops_figure(received(*reversed(inside), outside, *older)).alt
    assert words.startswith("The way of the message: 41 hops in ")
    assert "The receiver's side begins at hop 21." in words
    assert "Hop 21, written by a0.corp.example: from evil.example.net [203.0.113.7]" in words
    assert "Hop 41," in words
    drawn = words.count("written by")
    left_out = sum(int(part.split()[0]) for part in words.split("… ")[1:])
    assert drawn + left_out == 41


def test_what_came_back_in_a_bounce_is_not_called_the_receivers_word() -> None:
    bounce = h.read_bounce(SAMPLES + "incident_bounce.eml")
    diagnosis = h.diagnose(bounce, dns=h.sample_zone("fujiba"))
    for mail in (bounce, diagnosis):
        assert "as it came back" in h.hops_figure(mail).alt
    assert "no Received field" in h.hops_figure(h.read_bounce("550 5.7.1 refused")).alt


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (1.4, "1 s"), (59, "59 s"), (125, "2 min 5 s"), (3_600, "1 h"), (90_061, "1 d 1 h"),
     (86_400 + 60, "1 d"), (10**9, "11,574 d 1 h")],
)  # fmt: skip
def test_spans_are_read_as_people_say_them(seconds: float, words: str) -> None:
    assert span(seconds) == words


# ------------------------------------------------------------------------- SPF


def test_the_tree_has_each_term_in_order_and_says_which_was_not_reached() -> None:
    words = h.spf_figure(
        spf(
            txt(
                a="v=spf1 include:b.example include:c.example mx -all",
                b="v=spf1 ip4:192.0.2.0/24 ?all",
                c="v=spf1 ip4:203.0.113.0/24 -all",
            )
        )
    ).alt
    assert words == (
        "SPF: may 203.0.113.110 use a.example in MAIL FROM? 2 of 10 look-ups; 0 of 2 void. "
        "include:b.example, no match: its record says neutral, look-up 1. "
        "In include:b.example, ip4:192.0.2.0/24, no match: 203.0.113.110 is not in this network. "
        "In include:b.example, ?all, match: neutral: “all” stands for every client. "
        "include:c.example, match: pass: its record says pass, look-up 2. "
        "In include:c.example, ip4:203.0.113.0/24, match: pass: 203.0.113.110 is in this network. "
        "In include:c.example, -all, not reached. mx, not reached. -all, not reached. "
        "pass: a.example lets 203.0.113.110 send its mail: "
        "“include:c.example” → “ip4:203.0.113.0/24” matches."
    )


def test_a_redirect_stands_where_it_is_written_and_says_what_was_decided_there() -> None:
    words = h.spf_figure(spf(txt(a="v=spf1 redirect=b.example ip4:192.0.2.1", b="v=spf1 -all"))).alt
    assert "redirect=b.example, decides: fail, look-up 1. In redirect=b.example, -all, match: fail" in words
    assert words.index("redirect=b.example, decides") < words.index("ip4:192.0.2.1, no match")


def test_the_eleventh_look_up_is_shown_as_the_one_too_many() -> None:
    picture = h.spf_figure(
        h.check_spf(
            client_ip="203.0.113.151", mail_from="a@many-lookups.example", dns=h.sample_zone("spf-records")
        )
    )
    assert "10 of 10 look-ups, one more wanted; 0 of 2 void." in picture.alt
    assert "include:s11.many-lookups.example, permerror: one look-up too many, look-up 11." in picture.alt
    assert "~all, not reached." in picture.alt
    from matplotlib.patches import Rectangle

    squares = [patch for patch in picture.figure.axes[0].patches if isinstance(patch, Rectangle)]
    assert len(squares) == 11


def test_void_look_ups_are_numbered_and_the_third_ends_the_check() -> None:
    words = h.spf_figure(spf(txt(a="v=spf1 a:x.a.example exists:%{l}.%{d} mx:y.a.example -all"))).alt
    assert "a:x.a.example, no match: There is no name x.a.example, look-up 1, void 1." in words
    assert "no match: There is no name bob.a.example, look-up 2, void 2." in words
    assert "In exists:%{l}.%{d}, macros filled in, “bob.a.example”." in words
    assert "mx:y.a.example, permerror: a third void look-up, look-up 3." in words


def test_a_loop_of_includes_ends_at_the_limit_and_in_the_picture() -> None:
    check = spf(
        LOOPING | {"a.example": {**LOOPING["a.example"], "A": ["192.0.2.1"], "MX": [(10, "a.example")]}}
    )
    assert check.result == "permerror"
    words = h.spf_figure(check).alt
    assert "permerror: one look-up too many, look-up 11." in words
    assert "more rows of the tree" in words


def test_records_that_can_not_be_used_are_shown_with_what_is_wrong() -> None:
    two = h.spf_figure(spf({"a.example": {"TXT": ["v=spf1 -all", "v=spf1 ~all", "other"]}})).alt
    assert "v=spf1 -all, one of 2 SPF records. v=spf1 ~all, one of 2 SPF records." in two
    bad = h.spf_figure(spf(txt(a="v=spf1 ipv4:192.0.2.1 a -all"))).alt
    assert "ipv4:192.0.2.1, is no mechanism that SPF knows (§5); perhaps ip4 was meant." in bad
    assert "a, not reached." in bad
    gone = h.spf_figure(spf(txt(a="v=spf1 include:gone.example -all"))).alt
    assert "In include:gone.example, TXT records of gone.example, There is no name gone.example" in gone
    down = h.spf_figure(spf({"a.example": {"TXT": ["v=spf1 a -all"], "A": h.TIMEOUT}})).alt
    assert "a, temperror: DNS gave no answer for A of a.example (timeout), look-up 1." in down


def test_no_record_and_no_domain_are_no_errors() -> None:
    nothing = h.spf_figure(spf({}))
    assert "none: There is no name a.example" in nothing.alt
    assert not any("✘" in text for text in texts(nothing))
    assert (
        "nobody is no domain name"
        in h.spf_figure(
            h.check_spf(client_ip="192.0.2.1", mail_from=None, helo="nobody", dns=h.Zone.from_dict({}))
        ).alt
    )


def test_of_a_huge_record_what_decided_stays_and_the_rest_is_counted() -> None:
    picture = h.spf_figure(spf(txt(a=HUGE_SPF)))
    assert f"… {MANY:,} terms, no match." in picture.alt
    assert "ip4:203.0.113.110, match: pass" in picture.alt
    assert f"Not drawn: {MANY:,} more rows of the tree." in picture.alt


@pytest.mark.parametrize("name", ["spf", "spf, loop", "spf, hostile"])
def test_the_tree_counts_as_the_check_does(name: str) -> None:
    zones = {
        "spf": spf(txt(a="v=spf1 include:b.example a:gone.example -all", b="v=spf1 a mx ~all")),
        "spf, loop": spf(LOOPING),
        "spf, hostile": spf(
            txt(a="v=spf1 exists:%{l}.x.example ptr include:b.example -all", b="v=spf1 mx ?all")
        ),
    }
    check = zones[name]
    nodes = [node for _, node in rows_of(tree_of(check))]
    counted = [node.look_up for node in nodes if node.look_up is not None and node.look_up <= 10]
    assert sorted(counted) == list(range(1, check.dns_mechanisms + 1))
    assert max((node.void or 0 for node in nodes), default=0) == check.void_lookups


# ------------------------------------------------------------------------ DKIM


def test_the_anatomy_says_what_is_covered_what_is_open_and_what_held() -> None:
    words = h.dkim_figure(SAMPLES + "fixed_by_service.eml", dns=h.sample_zone("fujiba-fixed")).alt
    assert words.startswith("DKIM signature 1 of 1: does fujiba.net vouch?")
    assert "d=fujiba.net, the domain that vouches." in words
    assert "From: signed, none may be added. To: signed." in words
    assert "Content-Transfer-Encoding: open: anybody may change it." in words
    assert "key record, svc1._domainkey.fujiba.net: found, 2,048 bits." in words
    assert "body hash, bh=, of the whole body: fits" in words
    assert "signature, b=, over fields and this field: fits" in words
    assert "pass: fujiba.net signed this message" in words


@pytest.mark.parametrize(
    ("change", "body", "header", "result"),
    [
        ((b"the report", b"thy report"), "differs: another body", "fits: the fields are as signed", "fail"),
        ((b"Monthly report", b"Yearly report"), "fits: the body", "does not fit the fields", "fail"),
        ((b"X-Nothing", b"X-Nothing"), "fits: the body", "fits: the fields", "pass"),
    ],
)
def test_the_part_that_failed_is_the_one_that_is_marked(
    change: tuple[bytes, bytes], body: str, header: str, result: str
) -> None:
    with open(SAMPLES + "fixed_by_service.eml", "rb") as file:
        mail = h.read_message(file.read().replace(*change))
    picture = h.dkim_figure(mail, dns=h.sample_zone("fujiba-fixed"))
    assert f"of the whole body: {body}" in picture.alt
    assert f"this field: {header}" in picture.alt
    assert f" {result}: " in picture.alt
    assert any(text.startswith("✘") for text in texts(picture)) == (
        result == "fail" or "Content-Transfer-Encoding: open" in picture.alt
    )


def test_a_key_that_is_not_there_is_told_apart_from_a_hash_that_differs() -> None:
    zone = h.sample_zone("keys")
    for name, state in (("key_revoked", "revoked"), ("key_missing", "missing")):
        words = h.dkim_figure(SAMPLES + name + ".eml", dns=zone).alt
        assert f"_domainkey.signer.example: {state}." in words
        assert "over fields and this field: not checked." in words


def test_without_dns_nothing_is_verified_and_the_words_say_so() -> None:
    words = h.dkim_figure(signed()).alt
    assert "Not verified: no DNS was given to ask for the key." in words
    assert "k._domainkey.a.example: not asked for." in words


def test_a_second_field_that_is_not_covered_is_marked() -> None:
    mail = signed("From: evil@b.example\nSubject: win\n")
    words = h.dkim_figure(mail).alt
    assert "From: signed." in words  # h= names it twice: both are covered
    assert "Subject: the lower 1 of 2 signed." in words


def test_text_below_l_is_told_of_beside_the_pass() -> None:
    words = h.dkim_figure(SAMPLES + "length_tag_appended.eml", dns=h.sample_zone("keys")).alt
    assert "of the first 46 bytes (l=): fits" in words
    assert "69 more are here that nobody signed" in words


def test_the_signature_is_chosen_by_number_or_by_its_check() -> None:
    mail = h.read_message(SAMPLES + "mailing_list.eml")
    zone = h.sample_zone("fujiba-fixed")
    checks = h.authenticate(mail, dns=zone).dkim
    assert len(checks) == 2
    for number, check in enumerate(checks):
        assert h.dkim_figure(mail, check).alt == h.dkim_figure(mail, number, dns=zone).alt
        assert f"signature {number + 1} of 2: does {check.domain} vouch?" in h.dkim_figure(mail, check).alt
    with pytest.raises(ValueError, match="has 2 DKIM signatures, so there is no number 2"):
        h.dkim_figure(mail, 2)
    with pytest.raises(ValueError, match="not about a DKIM signature of this message"):
        h.dkim_figure(b"From: a@a.example\n\n", checks[0])
    with pytest.raises(TypeError, match="a number, 0 the topmost"):
        h.dkim_figure(mail, "first")  # type: ignore[arg-type]


# ------------------------------------------------------------------- discovery


def test_discovery_asks_bottom_up_and_names_both_uses_of_a_record() -> None:
    words = h.discovery_figure(dmarc("mail.news.fujiba.net")).alt
    assert "Question 1, _dmarc.mail.news.fujiba.net: no such name." in words
    assert "Question 4, _dmarc.net: no such name." in words
    assert "its policy applies: reject; organizational domain." in words
    assert "fujiba.net is the shortest name with a DMARC record on the way up." in words
    assert "MAIL FROM gmail.com, organizational domain gmail.com: not aligned." in words


def test_the_first_name_asked_is_at_the_bottom() -> None:
    places = {text: box.y0 for text, box in boxes(h.discovery_figure(dmarc("mail.news.fujiba.net")))}
    assert places["_dmarc.mail.news.fujiba.net"] < places["_dmarc.fujiba.net"] < places["_dmarc.net"]


def test_the_policy_and_the_organizational_domain_may_be_different_records() -> None:
    zone = h.Zone.from_dict(
        {
            "_dmarc.news.corp.example": {"TXT": ["v=DMARC1; p=none"]},
            "_dmarc.corp.example": {"TXT": ["v=DMARC1; p=reject"]},
        }
    )
    words = h.discovery_figure(dmarc("news.corp.example", zone)).alt
    assert "_dmarc.news.corp.example: v=DMARC1; p=none; its policy applies: none." in words
    assert "_dmarc.corp.example: v=DMARC1; p=reject; organizational domain." in words


def test_the_old_rules_ask_two_names_and_the_suffix_list() -> None:
    words = h.discovery_figure(dmarc("mail.news.fujiba.net", rules="rfc7489")).alt
    assert "(RFC 7489)" in words
    assert "_dmarc.news.fujiba.net is not asked: RFC 7489 asks no more than two names." in words
    assert "Question 2, _dmarc.fujiba.net" in words
    assert "one label more than the public suffix net" in words
    assert "Question 3" not in words


def test_a_walk_that_stops_skips_or_fails_says_so() -> None:
    zone = h.Zone.from_dict({"_dmarc.corp.example": {"TXT": ["v=DMARC1; p=reject; psd=n"]}})
    walk = h.tree_walk("k.j.i.h.g.f.e.d.c.corp.example", zone)
    words = h.discovery_figure(walk).alt
    assert "3 more names are not asked: a walk asks for eight names at most." in words
    assert "_dmarc.example is not asked: the walk ended." in words
    assert words.count("Question ") == len(walk.queries)
    down = h.Zone.from_dict({"_dmarc.corp.example": {"TXT": h.SERVFAIL}})
    assert "DNS did not answer (servfail)" in h.discovery_figure(dmarc("a.corp.example", down)).alt
    twice = h.Zone.from_dict({"_dmarc.corp.example": {"TXT": ["v=DMARC1; p=none", "v=DMARC1; p=reject"]}})
    picture = h.discovery_figure(dmarc("corp.example", twice))
    assert "2 DMARC records: none of them is used" in picture.alt
    assert "✘" in texts(picture)


def test_a_record_that_can_not_be_used_is_not_called_a_policy() -> None:
    zone = h.Zone.from_dict({"_dmarc.corp.example": {"TXT": ["v=DMARC1; p=rejekt"]}})
    words = h.discovery_figure(dmarc("corp.example", zone)).alt
    assert "it would apply, but can't be used" in words
    assert "its policy applies" not in words


# ----------------------------------------------------------------- step player


def player() -> Any:
    check = h.check_spf(client_ip="192.0.2.41", mail_from="o@gmail.com", dns=h.sample_zone("fujiba"))
    return h.step_player(check)


def test_the_player_goes_through_all_steps_with_nested_ones_numbered() -> None:
    steps = player()
    numbers = [row[0] for row in steps.rows]
    assert numbers == ["1", "2", "3", "3.1", "3.2", "3.2.1", "3.2.2"]
    assert len(steps) == 7
    assert "Step 1 (1 of 7)" in str(steps)
    assert steps.next().next().next().index == 3
    assert "Step 3.1, inside step 3 (4 of 7)" in str(steps)
    assert "DNS answered: TXT _spf.google.com: v=spf1 include:" in str(steps)
    assert "source: RFC 7208 §4.5" in str(steps)
    steps.index = -1
    assert steps.next().index == 6  # the end stays the end
    steps.index = 0
    assert steps.previous().index == 0


def test_the_player_as_a_frame_has_every_step() -> None:
    frame = player().to_frame()
    assert list(frame.columns) == ["step", "looked at", "DNS answered", "what followed", "source"]
    assert len(frame) == 7
    assert frame.iloc[6]["what followed"].endswith("Match: the result is pass.")


def test_the_slider_and_the_index_move_each_other() -> None:
    steps = player()
    controls, words = steps.box.children
    back, onward, slider, play = controls.children
    slider.value = 4
    assert steps.index == 4
    assert "Step 3.2, inside step 3 (5 of 7)" in words.value
    steps.index = 1
    assert slider.value == 1
    assert "Step 2 (2 of 7)" in words.value
    onward.click()
    back.click()
    back.click()
    assert (steps.index, slider.value) == (0, 0)
    assert (play.min, play.max) == (0, 6)


def test_moves_in_several_threads_end_in_one_state() -> None:
    steps = player()
    _, words = steps.box.children
    movers = [threading.Thread(target=steps.next if n % 2 else steps.previous) for n in range(40)]
    for mover in movers:
        mover.start()
    for mover in movers:
        mover.join()
    assert f"({steps.index + 1} of 7)" in words.value


def test_hostile_steps_stay_text() -> None:
    bad = '<img src=x onerror="alert(1)">$x^2$\x1b[31m'
    steps = h.step_player((Step(bad, bad, bad, None, (Step(bad, bad),)),))
    shown = steps._repr_html_()
    assert "<img" not in shown
    assert "&lt;img" in shown
    assert "\x1b" not in shown + str(steps)
    assert 'class="tex2jax_ignore mathjax_ignore"' in shown
    assert steps.box.children[1].value == shown


def test_the_player_works_without_widgets(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any, **how: Any) -> Any:
        if name == "ipywidgets":
            raise ImportError(name)
        return real(name, *rest, **how)

    monkeypatch.delitem(sys.modules, "ipywidgets", raising=False)
    monkeypatch.setattr(builtins, "__import__", refuse)
    steps = player()
    shown = steps._repr_mimebundle_()
    assert set(shown) == {"text/plain", "text/html"}
    steps.index = 2
    assert "Step 3 (3 of 7)" in steps._repr_mimebundle_()["text/html"]


def test_a_huge_check_is_played_in_part_and_says_so() -> None:
    steps = h.step_player(spf(txt(a=HUGE_SPF)), index=499)
    assert len(steps) == 500
    more = len(spf(txt(a=HUGE_SPF)).steps) - 500
    assert f"and {more:,} that are not played" in str(steps)
    assert len(str(steps)) < 3_000


def test_a_check_without_steps_and_a_wrong_index_are_said_in_a_sentence() -> None:
    empty = h.step_player(())
    assert "There are no steps." in str(empty)
    assert "There are no steps." in empty._repr_mimebundle_()["text/html"]
    assert empty.next().index == 0
    with pytest.raises(IndexError, match="there are 7 steps, and 7 is none of them"):
        player().index = 7
    with pytest.raises(TypeError, match="index is the number of a step"):
        player().index = "3"


# ------------------------------------------------------------------- measuring


@pytest.mark.parametrize("text", ["short", LONG, "W" * 5_000, "日本語" * 90, "a b " * 90, "", "\x1b" * 300])
@pytest.mark.parametrize("inches", [0.3, 2.0])
def test_what_is_fitted_takes_no_more_room_than_there_is(text: str, inches: float) -> None:
    for bold in (False, True):
        assert width_of(fit_inches(text, inches, 11, bold=bold), 11, bold=bold) <= inches
        assert width_of(fit_end_inches(text, inches, 11, bold=bold), 11, bold=bold) <= inches
    lines = fold_inches(text, inches, 11, lines=2)
    assert 1 <= len(lines) <= 2
    assert all(width_of(line, 11) <= inches for line in lines)


def test_what_has_room_stays_as_it_is() -> None:
    assert fit_inches("mail.example.net", 3, 11) == "mail.example.net"
    assert fit_end_inches("no match", 3, 11) == "no match"
    assert fold_inches("one two three", 0.7, 11, lines=3) == ["one two", "three"]
    assert fit_inches(LONG, 1, 11)[0] == fit_inches(LONG, 1, 11)[-1] == "w"  # cut in the middle
