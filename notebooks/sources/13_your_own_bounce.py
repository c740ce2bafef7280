# %% [markdown] slideshow={"slide_type": "slide"}
# # 13 – Your own bounce
#
# **A mail of mine came back just now. Why exactly, what do I change, and how do I show it to somebody?**
#
# So far the mail was the story's. After this lesson yours takes its place: from one line or from the whole file,
# with real DNS or without, and with an answer that you can hand on without handing on your mail.
#
# *Needs: lesson 01. Nothing here leaves your machine, except DNS look-ups, and only when you ask for them.*

# %% slideshow={"slide_type": "-"}
import helpers as h

zone = h.sample_zone("fujiba")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The panel
#
# Run the cell, choose a file or paste some text, say where DNS answers come from, press *Explain*. To try it,
# take `data/sample_headers/incident_bounce.eml` and the recorded zone *sample: fujiba*.

# %% slideshow={"slide_type": "-"}
h.bounce_panel()

# %% [markdown] slideshow={"slide_type": "-"}
# One click on a record selects it whole. The buttons write into `data/private/`, which git ignores, each time
# under a new name. Answers in the panel are not stored in this notebook (unless you switched on *Save Widget State
# Automatically*); outputs of other cells are, so *Edit → Clear Outputs of All Cells* before you pass it on.

# %% [markdown] slideshow={"slide_type": "notes"}
# In a room: start with one pasted line, then give the file. The jump from "only the receiver's words" to the
# picture shows better than any sentence why the whole mail matters. Have a `.eml` of your own ready, redacted.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## The same without a panel
#
# In VS Code, Colab or a terminal, or when there are many files, three lines do the same.

# %% slideshow={"slide_type": "-"}
bounce = "../data/sample_headers/incident_bounce.eml"  # yours: "../data/private/my bounce.eml"
diagnosis = h.diagnose(bounce, dns=zone)  # yours: dns=h.LiveDns()
h.say(diagnosis.summary)

# %% [markdown] slideshow={"slide_type": "-"}
# `diagnosis` alone in a cell shows facts, fixes and steps; in a terminal it is `make diagnose FILE="…"`.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## When there is only one line
#
# Often somebody forwards a single sentence. Before you run it: what can be *certain* from that, with no mail
# and no DNS?

# %% slideshow={"slide_type": "-"}
line = "550 5.7.1 Your message was rejected due to fujiba.net's DMARC policy."
little = h.diagnose(line, dns=None)
print("certain:", *little.certain, sep="\n  ")
print("to get: ", *little.unchecked, sep="\n  ")

# %% [markdown] slideshow={"slide_type": "-"}
# Two things that many hours are lost over: the policy is the *sender's own*, and a pass for some other domain
# won't help. Why the mail failed isn't in the line. The kit says so, and what to get next.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Two headers more
#
# Somebody reads two more lines to you over the telephone. Will the cause be certain, still without DNS?

# %% slideshow={"slide_type": "-"}
told = """Return-Path: <owner.example@gmail.com>
From: monthly@fujiba.net"""
h.say(h.diagnose(told, dns=None).summary)

# %% [markdown] slideshow={"slide_type": "-"}
# For SPF, yes: whatever it said, it said it about `gmail.com`. Names can't tell that something *passed*, but often
# they tell that it can't have counted. For DKIM, no: nobody read out a `DKIM-Signature`, and the kit says so. Ask
# whether there is one with `d=fujiba.net`. Better, get the mail.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Getting the whole mail
#
# | program | how |
# |---|---|
# | Apple Mail | *File → Save As…*, format *Raw Message Source* |
# | Gmail in a browser | menu ⋮ → *Show original* → *Download Original* |
# | Outlook on the web, new Outlook | menu ⋯ → *Download* or *Save as*, choose EML |
# | classic Outlook | *File → Properties*, copy *Internet headers* (its `.msg` files can't be read) |
# | Thunderbird | *File → Save As → File…* |
#
# Three mails are worth having: the bounce itself, your own mail out of *Sent*, and the copy that another recipient
# did get. Only that one has `Return-Path` and every server on the way (lesson 02 reads them). Ask for it *as an
# attached file*: forwarding loses the headers.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Asking real DNS
#
# Records decide, and records are in DNS. `h.LiveDns()` asks the real one, `h.RecordingDns` writes down every
# answer. Here the "live" server is the story's zone, so that this cell needs no network.

# %% slideshow={"slide_type": "subslide"}
live = h.RecordingDns(h.LiveDns(resolver=zone))  # yours: h.RecordingDns(h.LiveDns())
answer = h.diagnose(bounce, dns=live)
live.looked_up()

# %% [markdown] slideshow={"slide_type": "-"}
# Questions that need no answer to another one are sent together, so you wait for rounds, not for questions. The
# later ones come from fixes that were tried out.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Once asked, always there
#
# Tomorrow the records may be different. What was answered can be saved, and the analysis repeated from it:

# %% slideshow={"slide_type": "-"}
from pathlib import Path
from tempfile import TemporaryDirectory

with TemporaryDirectory() as folder:  # yours: live.save("../data/private/my bounce.zone")
    saved = live.save(Path(folder, "my bounce.zone"))
    again = h.diagnose(bounce, dns=h.Zone.from_file(saved))
print("the same result:", again == answer)

# %% [markdown] slideshow={"slide_type": "-"}
# The panel does this by itself after each live look-up. A mail and its zone file are all that somebody else needs to
# get the same result, offline.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Who learns what?
#
# The only thing that goes out is names: your name server sees that somebody asks about `fujiba.net`, and the
# domains in the mail may see it, too. That matters when the mail is a forgery: its author can put a name of
# their own into it and learn when you look. Work without DNS first when you have that feeling.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## "But I sent it through Mailtrap!"
#
# A service is set up, its records are published, and the mail is refused. Guess: what is the first thing to check?

# %% slideshow={"slide_type": "-"}
compared = h.services.compare(diagnosis, "mailtrap", dns=zone)
h.say(compared.summary)

# %% [markdown] slideshow={"slide_type": "-"}
# Whether the service was used at all. The mail itself tells, by its `Return-Path` and `d=`:

# %% slideshow={"slide_type": "-"}
for row in compared.differences:
    print(f"{row.what} {row.here}; Mailtrap would write {row.expected}")
print([(one.record.host, one.state) for one in compared.records if one.record.required])

# %% [markdown] slideshow={"slide_type": "-"}
# And its records are missing as well: those with a fixed name aren't there. The third has a number in its name
# that only the service's page tells.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Handing the answer on
#
# Three forms, for three readers: a page for people, Markdown for a ticket or an assistant, JSON for programs.

# %% slideshow={"slide_type": "-"}
page = h.html_report(diagnosis)
print("scripts:", page.count("<script"), "- pictures inside:", page.count("data:image/png"))
pack = h.evidence_pack(diagnosis, hide_addresses=True)
print(*pack.splitlines()[6:13], sep="\n")

# %% [markdown] slideshow={"slide_type": "-"}
# The page is one file that asks the network for nothing and prints well; `h.save_report(diagnosis, "answer.html")`
# writes it (`.md` and `.json`, too), never over a file that exists. It shows names and addresses as they are.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Showing the mail itself
#
# For a study session the mail has to be there, and nobody in it. Domains that belong together stay together, so the
# cause can still be found. Predict: will its signatures still verify?

# %% slideshow={"slide_type": "-"}
shared = h.redact(bounce, dns=zone)
stranger = h.read_bounce(shared.message)
print(stranger.original.author_domain, "-", h.diagnose(stranger, dns=shared.zone).cause)

# %% [markdown] slideshow={"slide_type": "-"}
# They can't: a signature is about the original's bytes. So the verdicts of the original stand beside the copy, and
# its first header says that it was redacted. Look through it before you share it all the same.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Is it safe to open a stranger's mail here?
#
# A bounce holds what others wrote. Here is a subject that would run a script if anybody let it.

# %% slideshow={"slide_type": "-"}
attack = "From: a@example.com\nSubject: <img src=x onerror=alert(1)>\n\n"
h.read_message(attack)

# %% [markdown] slideshow={"slide_type": "-"}
# It stays text, in the panel and in every report. Attachments are never opened, links are never followed.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## What this does not do
#
# It reads one receiver's words, and a receiver may have reasons that it does not tell: reputation, content, volume.
# Then the answer is "the refusal is not about authentication", and no record will help. A bounce in a language or
# layout that nobody has seen before may be read as less than it says. And what the kit recomputes today holds for
# today's records, not for those of the day when the mail was sent.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## In three sentences
#
# Take what you have, even one line, and you learn what is certain and what to get next. The names in the mail
# often settle the cause before any DNS is asked, and what was asked can be kept and repeated. Hand on the
# answer, or a redacted copy, not the mail.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Exercises
#
# 1. From how few lines does the kit still name the story's cause? Put them into the text, one below the other.

# %% slideshow={"slide_type": "skip"}
lines = ...  # your text, such as """From: …"""
h.check_answer("13-few-lines", lines)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.check_answer("13-few-lines", told)

# %% [markdown] slideshow={"slide_type": "skip"}
# 2. The owner decides for Mailtrap. Make a zone in which its required records with fixed names are there, and
#    nothing is lost: start from `zone.with_records(name, "CNAME", ["…"])`.

# %% slideshow={"slide_type": "skip"}
mine = ...  # your zone
h.check_answer("13-records", mine)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
wanted = [one.record for one in compared.records if one.state == "missing"]
h.check_answer("13-records", h.services.publish(zone, wanted))

# %% [markdown] slideshow={"slide_type": "skip"}
# 3. Make a copy of the story's bounce that nobody can recognize and that still shows the cause. By hand or not:
#    what counts is what a stranger can read in it, however it is encoded.

# %% slideshow={"slide_type": "skip"}
copy = ...  # your mail, as text or bytes
h.check_answer("13-redacted", copy)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.check_answer("13-redacted", h.redact(bounce).message)

# %% [markdown] slideshow={"slide_type": "skip"}
# 4. Take a bounce of your own. Write down your guess first, then ask the kit, without DNS and with it. Where did
#    you differ, and who was right? (Open-ended.)
#
# ---
#
# **Sources:** Reports of failed delivery: RFC 3464 §2. Refusals that name DMARC: RFC 9989 §7.2. What each
# identifier can vouch for: RFC 7208 §2.4, RFC 6376 §3.5, RFC 9989 §4.4. Trace lines: RFC 5321 §4.4. Which
# Authentication-Results to believe: RFC 8601 §5. Menus of mail programs: as seen in 2026, in English.
