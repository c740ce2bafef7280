"""The course on one printed page: four identities, two alignments, one decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.show.figures import BLUE, GREY, INK, ORANGE, Picture, arrow, canvas, card, sentence_list, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ON_PAPER = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
A4 = (8.27, 11.69)  # inches
LEFT, RIGHT = 0.55, 7.72
TITLE = "Why was my mail refused?"
SUBTITLE = "E-mail authentication on one page: four identities, two alignments, one decision"

# What it is, where it stands, who writes it, who asks about it, and what it was in the story.
IDENTITIES = (
    ("Author domain", "in From: what the reader sees", "the mail program", "DMARC", "fujiba.net"),
    ("MAIL FROM", "in the envelope (Return-Path)", "the sending server", "SPF", "gmail.com"),
    ("HELO", "in the server's greeting", "the sending server", "SPF, for bounces", "a Google server"),
    ("Signing domain", "after d= in DKIM-Signature", "whoever signs", "DKIM", "nobody signed"),
)
COLUMNS = ((LEFT, "identity"), (1.95, "where it stands"), (4.12, "who writes it"), (5.36, "who asks"))
STORY_AT = 6.5

# Two names beside the author domain fujiba.net: do they align?
NAMES = (
    ("fujiba.net", True, True),
    ("bounce.fujiba.net", True, False),
    ("gmail.com", False, False),
)
POLICIES = (
    ("p=none", "nothing: it is delivered"),
    ("p=quarantine", "put it aside, as junk"),
    ("p=reject", "refuse it: the bounce"),
)
CHECKS = (
    "Look into a mail that you sent to yourself: whose domain is in Return-Path, and whose after d=?",
    "One pass for your own domain is enough. Two are better: forwarding takes the one of SPF away.",
    "What helps is a service that puts your domain there. An SPF entry for somebody else's domain is "
    "never read.",
    "The policy is the author domain's own. A looser one lets the mail in, and everybody's forgeries.",
)
SOURCES = (
    "RFC 7208 §2.4 (SPF) · RFC 6376 §3.5 (DKIM) · RFC 9989 §4.4, §4.7 and §5.3 (DMARC) · "
    "RFC 5321 §4.4 (Return-Path)"
)


def summary_figure() -> Picture:
    """Draw the course's summary as one A4 page to print: identities, alignments, the decision.

    Returns a `Picture`, the same every time; `python tools/summary_page.py` keeps it as
    docs/summary.pdf. RFC 9989 §4.4 and §5.3.
    """
    figure, axes = canvas(*A4)
    write(axes, LEFT, 11.05, TITLE, size=22, weight="bold")
    write(axes, LEFT, 10.7, SUBTITLE, size=10.5, color=GREY)
    _identities(axes, 10.2)
    _alignments(axes, 7.65)
    _decision(axes, 5.12)
    _checks(axes, 1.6)
    return Picture(figure, _alt())


def _heading(axes: Axes, y: float, number: int, text: str) -> None:
    write(axes, LEFT, y, f"{number}  {text}", size=14, weight="bold", color=BLUE)
    axes.plot([LEFT, RIGHT], [y - 0.2, y - 0.2], color=BLUE, linewidth=1)


def _identities(axes: Axes, top: float) -> None:
    _heading(axes, top, 1, "Four identities, and each may be another domain")
    for x, words in (*COLUMNS, (STORY_AT, "in the story")):
        write(axes, x, top - 0.42, words, size=9, color=GREY)
    for row, (name, where, writer, asks, story) in enumerate(IDENTITIES):
        y = top - 0.76 - 0.4 * row
        write(axes, COLUMNS[0][0], y, name, size=10.5, weight="bold")
        for (x, _), words in zip(COLUMNS[1:], (where, writer, asks), strict=True):
            write(axes, x, y, words, size=9)
        write(axes, STORY_AT, y, story, size=9, weight="bold")
        axes.plot([LEFT, RIGHT], [y - 0.2, y - 0.2], color="#D0D0D0", linewidth=0.8)


def _alignments(axes: Axes, top: float) -> None:
    _heading(axes, top, 2, "Two alignments: is it the author's domain that passed?")
    for x, what, name in ((LEFT, "SPF passed for", "MAIL FROM"), (LEFT + 2.35, "DKIM passed for", "d=")):
        card(axes, x, top - 1.0, 2.1, 0.58, edge=INK)
        write(axes, x + 0.12, top - 0.58, what, size=9, color=GREY)
        write(axes, x + 0.12, top - 0.82, name, size=12, weight="bold")
    write(axes, LEFT + 4.75, top - 0.58, "and the domain in From:", size=9.5)
    write(axes, LEFT + 4.75, top - 0.82, "the same?", size=12, weight="bold")
    heads = (
        (LEFT, "beside fujiba.net"),
        (2.6, "relaxed: same organizational domain"),
        (5.2, "strict: same name"),
    )
    for x, words in heads:
        write(axes, x, top - 1.25, words, size=9, color=GREY)
    for row, (name, relaxed, strict) in enumerate(NAMES):
        y = top - 1.52 - 0.28 * row
        write(axes, LEFT, y, name, size=10.5, weight="bold")
        for x, aligned in ((2.6, relaxed), (5.2, strict)):
            mark = "✔ aligned" if aligned else "✘ not aligned"
            write(axes, x, y, mark, size=10.5, color=BLUE if aligned else ORANGE)


def _decision(axes: Axes, top: float) -> None:
    _heading(axes, top, 3, "One decision: is there an aligned pass?")
    questions = ("SPF passed, and MAIL FROM is aligned?", "A signature passed, and its d= is aligned?")
    for row, question in enumerate(questions):
        y = top - 0.98 - 0.95 * row
        card(axes, LEFT, y, 3.5, 0.6, edge=INK)
        write(axes, LEFT + 0.14, y + 0.3, question, size=10.5)
        arrow(axes, (LEFT + 3.55, y + 0.3), (5.05, top - 1.05), colour=BLUE)
        write(
            axes, LEFT + 3.95, y + 0.33 - 0.06 * row, "yes", size=10, weight="bold", color=BLUE, bbox=ON_PAPER
        )
    card(axes, 5.1, top - 1.35, 2.62, 0.6, edge=BLUE)
    write(axes, 5.25, top - 1.05, "✔ DMARC pass", size=12, weight="bold", color=BLUE)
    arrow(axes, (2.3, top - 1.0), (2.3, top - 1.3), colour=ORANGE, dashed=True)
    write(axes, 2.42, top - 1.16, "no", size=10, weight="bold", color=ORANGE)
    arrow(axes, (2.3, top - 1.95), (2.3, top - 2.25), colour=ORANGE, dashed=True)
    write(axes, 2.42, top - 2.11, "no", size=10, weight="bold", color=ORANGE)
    card(axes, LEFT, top - 2.85, 3.5, 0.58, edge=ORANGE, dashed=True)
    write(axes, LEFT + 0.14, top - 2.56, "✘ DMARC fail: the author domain asks for", size=10.5, color=ORANGE)
    for row, (policy, asked) in enumerate(POLICIES):
        y = top - 2.25 - 0.31 * row
        arrow(axes, (4.1, top - 2.56), (4.48, y), colour=ORANGE, dashed=True)
        write(axes, 4.55, y, policy, size=10.5, weight="bold")
        write(axes, 5.8, y, asked, size=9.5)
    write(axes, 4.55, top - 3.15, "Receivers have the last word.", size=9, color=GREY)


def _checks(axes: Axes, top: float) -> None:
    for row, words in enumerate(CHECKS):
        write(axes, LEFT, top - 0.27 * row, f"–  {words}", size=9)
    write(axes, LEFT, 0.4, SOURCES, size=7.5, color=GREY)


def _alt() -> str:
    """The page in words."""
    identities = [
        f"{name} stands {where}; {writer} writes it; who asks: {asks}"
        for name, where, writer, asks, _ in IDENTITIES
    ]
    names = [
        f"{name} beside fujiba.net is {'aligned' if relaxed else 'not aligned'} under relaxed alignment, "
        f"{'aligned' if strict else 'not aligned'} under strict"
        for name, relaxed, strict in NAMES
    ]
    policies = "; ".join(f"{policy} – {asked}" for policy, asked in POLICIES)
    decision = (
        "DMARC passes if SPF passed for an aligned MAIL FROM, or a signature with an aligned d= passed",
        f"Otherwise it fails, and the author domain asks for: {policies}",
    )
    return sentence_list([f"{TITLE} {SUBTITLE}", *identities, *names, *decision, *CHECKS])
