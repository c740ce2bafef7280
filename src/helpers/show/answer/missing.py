"""What could not be checked, and how to get it: which menu gives a mail with all its headers."""

from __future__ import annotations

from helpers.diagnosis import Cause, Diagnosis
from helpers.show.answer.parts import fold, section, sentences
from helpers.show.safe import escape

# Menus as of 2026, in the programs' English words.
PROGRAMS = (
    (
        "Apple Mail",
        "Select the message, then File → Save As…, format Raw Message Source. Or drag the message from the "
        "list onto the desktop.",
    ),
    (
        "Gmail in a browser",
        "Open the message, then the menu ⋮ (More) → Show original → Download Original.",
    ),
    (
        "Outlook on the web and new Outlook",
        "Open the message, then the menu ⋯ (More actions) → Download or Save as, and choose EML.",
    ),
    (
        "Classic Outlook for Windows",
        "It saves .msg files, which the kit does not read. Open the message in its own window, then "
        "File → Properties, and paste what stands under Internet headers.",
    ),
    (
        "Thunderbird",
        "Select the message, then the menu File → Save As → File…, which gives an .eml file.",
    ),
    (
        "A phone",
        "Its mail program shows no full headers. Open the same mailbox on a computer.",
    ),
)
WHICH = (
    "The bounce itself, as it came into your inbox: it holds the receiver's words, and often your mail.",
    "Your own mail, out of the Sent folder: it holds what the bounce left out.",
    "The mail as another recipient got it: only that copy has Return-Path, the receiver's "
    "Authentication-Results and every server on the way.",
)
LOOK_FOR = (
    "From, and behind its @ the author domain: whom the reader sees.",
    "Return-Path, or MAIL FROM in a log: the domain that SPF speaks for.",
    "DKIM-Signature, and in it d=: the domain that signed.",
    "Authentication-Results: what a receiver found. The topmost one is your own server's.",
    "Received, the lowest one: the server that took the mail from your mail program.",
)
ASK = (
    "Could you send me the message with its full headers? In your mail program, save it as a file (.eml) and "
    "attach that file. Forwarding it the usual way loses the headers."
)


def missing_html(diagnosis: Diagnosis) -> str:
    """What could not be checked, and behind a fold how to get it; the fold is open when little is at hand."""
    if diagnosis.cause == Cause.PASSES and not diagnosis.unchecked:
        return ""
    little = diagnosis.message is None
    programs = "".join(f"<li><b>{escape(name)}:</b> {escape(way)}</li>" for name, way in PROGRAMS)
    how = (
        f"<h4>Which mail</h4>{sentences(WHICH)}"
        f"<h4>What to look for in it</h4>{sentences(LOOK_FOR)}"
        f"<h4>Saving it with all its headers</h4><ul>{programs}</ul>"
        f"<h4>Asking a recipient for it</h4><p>“{escape(ASK)}”</p>"
    )
    return section(
        "Not checked, and how to get it",
        sentences(diagnosis.unchecked) + fold("How to get a mail with all its headers", how, is_open=little),
    )
