# %% [markdown] slideshow={"slide_type": "slide"}
# # 07 – Reproduce it
#
# **Can I make it happen again, where I see every line, and then change one thing at a time?**
#
# An incident that can be repeated is half solved. Here the monthly mail goes out once more by SMTP: from a mail
# client through Gmail to a receiver that refuses it. Nothing leaves your machine.
#
# *Needs: lessons 01 and 06.*

# %% slideshow={"slide_type": "-"}
import helpers as h

zone = h.sample_zone("fujiba")
net = h.lab(zone).start()

# %% [markdown] slideshow={"slide_type": "notes"}
# Everything from here on is live: the dialogues are what the sockets carried a moment ago. If somebody asks "and
# what if …", change that one thing in the cell and run it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A small internet on one machine
#
# `net` is a lab. Its programs talk as real servers do, on the loopback address only.
#
# | part | what it does |
# |---|---|
# | mail client | has accounts, and each account has its own outgoing server, as in macOS Mail |
# | relays | Gmail as it was observed, a sending service, Google Workspace, forwarders, mailing lists |
# | receivers | run the kit's own checks, do what the author domain asks for, and answer in their own words |
# | DNS | the zone that you pass, here that of the day of the refusal |
#
# On one machine everybody is `127.0.0.1`. So each client begins with a `PROXY` line that says which address it
# stands for. It is the only thing here that you won't see between real servers.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Send it again
#
# Before you run this: how many SMTP sessions will this one mail cause, and which of them fails?

# %% slideshow={"slide_type": "-"}
trace = net.send(from_="monthly@fujiba.net")
for hop in trace.hops:
    print(f"{hop.number}. {hop.client} → {hop.server}")
    print(f"   {hop.reply}")

# %% [markdown] slideshow={"slide_type": "-"}
# Three. The first succeeds, the second ends in the refusal that you know from lesson 01, and the third is not
# the mail any more: it is the bounce on its way home. Look inside each.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Session 1: the mail client and Gmail
#
# `C` is the client, `S` the server. Look for the name in `MAIL FROM`.

# %% slideshow={"slide_type": "-"}
print(trace.hops[0].dialogue)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The client logs in with the Gmail account and says `MAIL FROM:<monthly@fujiba.net>`. Gmail answers `250`: it
# takes the mail. So far, `fujiba.net` stands in the envelope.
#
# The line with the dots shortens the content. Every byte of it is in `trace.hops[0].message.raw`.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Session 2: Gmail and the receiver
#
# Gmail hands the mail on, and now Gmail is the client. What will it say after `MAIL FROM:`? Decide, then run.

# %% slideshow={"slide_type": "-"}
print(trace.hops[1].dialogue)

# %% [markdown] slideshow={"slide_type": "subslide"}
# It says `owner.example@gmail.com`. The envelope belongs to whoever is speaking, so a relay may write its
# own. The receiver objects only after the final dot: it has to read the `From` header before it can ask
# `fujiba.net` for a policy.
#
# ### What exactly did Gmail change?
#
# The mail before and after, compared byte by byte:

# %% slideshow={"slide_type": "-"}
before, after = (hop.message for hop in trace.hops[:2])
added = after.headers[: len(after.headers) - len(before.headers)]
print("added on top:  ", ", ".join(header.name for header in added))
print("rest unchanged:", after.raw.endswith(before.raw))
for change in trace.hops[1].changes:
    print("besides:       ", change)

# %% [markdown] slideshow={"slide_type": "-"}
# What the client wrote is still there, to the last byte. Google put its own lines on top, and none of them is
# a `DKIM-Signature`. The mail is intact, and nobody has vouched for `fujiba.net`. (To see all of it, print
# `after.raw.decode()`.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### What did the receiver make of it?
#
# It ran the same checks that the kit runs for you.

# %% slideshow={"slide_type": "-"}
checked = trace.authentication
print("SPF  ", checked.spf.result, "for", checked.spf.domain)
print("DKIM ", len(checked.dkim), "signatures")
print("DMARC", checked.dmarc.result, "-", checked.dmarc.reason)

# %% [markdown] slideshow={"slide_type": "-"}
# SPF passed. It passed for the name that Gmail had just written into the envelope.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Session 3: the bounce comes home
#
# Gmail is left with a mail that it can't deliver, so it writes a report. To which address? The `From` header
# says `monthly@fujiba.net`. Decide first.

# %% slideshow={"slide_type": "-"}
home = trace.hops[2]
print(f"MAIL FROM:<{home.mail_from}>  RCPT TO:<{home.rcpt_to}>")

# %% [markdown] slideshow={"slide_type": "-"}
# It goes to the Gmail account, because a bounce goes to `MAIL FROM`, whoever stands in `From`. Its own
# `MAIL FROM` is empty, so that a bounce never causes another one (RFC 5321 §4.5.5).
#
# The kit reads the bytes that arrived, like any bounce out of a file. Here they are beside the incident's:

# %% slideshow={"slide_type": "subslide"}
incident = h.read_bounce("../data/sample_headers/incident_bounce.eml")
for bounce in (incident, h.read_bounce(trace.bounce.message.raw)):
    print(bounce.replies[0].text)
    print("  written by", bounce.reporter, "- refused by", bounce.receiver)
    print("  cause:", h.diagnose(bounce, dns=zone).cause)

# %% [markdown] slideshow={"slide_type": "-"}
# The same words, the same two parties, the same cause. The incident is reproduced.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Change one thing
#
# Now the point of a lab. Change **one** thing, leave the rest, and send the same mail again.


# %% slideshow={"slide_type": "-"}
def attempt(what, **how):
    trace = net.send(from_="monthly@fujiba.net", **how)
    print(f"{what:28} dmarc={trace.authentication.dmarc.result:5} {trace.reply[:35]}")


attempt("as it was")

# %% [markdown] slideshow={"slide_type": "-"}
# First the **policy**. A zone is a value: this is a second world beside the first.

# %% slideshow={"slide_type": "subslide"}
net.zone = zone.with_records("_dmarc.fujiba.net", "TXT", ["v=DMARC1; p=none"])
attempt("p=none")

# %% [markdown] slideshow={"slide_type": "-"}
# Delivered, and still `fail`. Nothing is repaired: the owner only stopped asking receivers to refuse.
#
# Next the **relay**, under the old policy. Both of these sign with a key of their own. Will one of them pass?

# %% slideshow={"slide_type": "-"}
net.zone = zone
attempt("Gmail, signing as gmail.com", through="gmail-signing")
attempt("a service, not set up", through="service")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Neither. SPF passes and DKIM passes, both for the relay's own names. To align, the service needs something
# that only the owner of `fujiba.net` can give. This is what it asks for:

# %% slideshow={"slide_type": "-"}
for name, rdtype, value in net.records("service", "fujiba.net").rows():
    print(name, rdtype, value)

# %% [markdown] slideshow={"slide_type": "-"}
# One name for the envelope, one for the key. Publish both and send:

# %% slideshow={"slide_type": "-"}
net.zone = zone | net.records("service", "fujiba.net")
attempt("a service, set up", through="service")

# %% [markdown] slideshow={"slide_type": "subslide"}
# It passes, under `p=reject`, and nothing in the text of the mail had to change.
# (Another **receiver** would have used other words for the same decision: lesson 05.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## All of it at once
#
# Six ways to send, three policies, two alignment modes: 36 mails. The service now also comes half set up,
# with one of its two records only.

# %% slideshow={"slide_type": "-"}
both = net.records("service", "fujiba.net")
ways = {
    "Gmail": ("gmail", zone),
    "Gmail, signing for itself": ("gmail-signing", zone),
    "a service, not set up": ("service", zone),
    "a service, Return-Path only": ("service", zone | both.without("svc1._domainkey.fujiba.net")),
    "a service, signature only": ("service", zone | both.without("bounce.fujiba.net")),
    "a service, both": ("service", zone | both),
}

# %% slideshow={"slide_type": "subslide"}
outcomes = {}
for way, (relay, dns) in ways.items():
    for policy in ("none", "quarantine", "reject"):
        for mode in ("relaxed", "strict"):
            record = f"v=DMARC1; p={policy}; aspf={mode[0]}; adkim={mode[0]}"
            net.zone = dns.with_records("_dmarc.fujiba.net", "TXT", [record])
            outcomes[way, policy, mode] = net.send(from_="monthly@fujiba.net", through=relay)

# %% [markdown] slideshow={"slide_type": "-"}
# Every one of them went through the sessions that you have just read. Two questions to bet on before you look:
# does any policy turn a `fail` into a pass? And for which way does the alignment mode matter?

# %% slideshow={"slide_type": "subslide"}
net.close()  # the lab has done its work
h.matrix_figure(outcomes)

# %% [markdown] slideshow={"slide_type": "notes"}
# Take both bets before this slide. Point at one row and let the room say why it looks like that; the row *Return-Path
# only* is the interesting one.

# %% [markdown] slideshow={"slide_type": "fragment"}
# Read it by columns: **no policy makes anything pass.** A policy only decides what a fail costs: nothing, the
# junk folder, or the mail.
#
# Read it by rows: the first three fail everywhere, the last two pass everywhere. The mode matters for one way
# only: `bounce.fujiba.net` is not exactly `fujiba.net`, so strict alignment refuses it. The signature says
# `d=fujiba.net`, exactly. It saves the last row.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What was left out
#
# The lab has no TLS, no queue that waits and tries again, and no opinion of a sender. Real receivers have one,
# and may refuse what passes or take what fails. The relays do what was seen in messages of the day, not
# what a provider promises. So the lab proves what *follows from the rules*. Whether a provider keeps to them
# today, only a real message shows.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## In three sentences
#
# The mail was intact when it was refused: Gmail had changed the envelope, and nobody had signed for
# `fujiba.net`. A policy never makes a mail pass, it only decides what a fail costs. One record for the
# envelope or one for the key was enough, and of those two the signature is the sturdier.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Exercises
#
# 1. Leave Gmail out: `through="direct"` lets the Mac speak to the receiver itself. Now `fujiba.net` stays in
#    the envelope. Predict SPF's result, and for which domain it is.

# %% slideshow={"slide_type": "skip"} tags=["solution"]
with h.lab(zone) as other:
    alone = other.send(from_="monthly@fujiba.net", through="direct")
print(alone.authentication.spf.result, "for", alone.authentication.spf.domain)
print(alone.authentication.dmarc.result, "-", alone.authentication.dmarc.reason)

# %% [markdown] slideshow={"slide_type": "skip"}
# The name is the right one at last, and the address is wrong: `~all` answers `softfail` for a home line. Being
# aligned is half of it; it also has to pass.
#
# 2. So let it pass. The line at home has the address `203.0.113.77`. Change the SPF record of `fujiba.net`, and
#    neither break Mailgun's mail nor let a forger in.

# %% slideshow={"slide_type": "skip"}
record = ...  # your record, as text

h.check_answer("07-from-home", record)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.check_answer("07-from-home", "v=spf1 include:mailgun.org ip4:203.0.113.77 ~all")

# %% [markdown] slideshow={"slide_type": "skip"}
# 3. Which DMARC record puts the story's mail into the junk folder, instead of refusing it?

# %% slideshow={"slide_type": "skip"}
record = ...  # your record, as text

h.check_answer("07-junk", record)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.check_answer("07-junk", "v=DMARC1; p=quarantine; rua=mailto:dmarc@fujiba.net")

# %% [markdown] slideshow={"slide_type": "skip"}
# 4. The service is set up, both records are there. A colleague answers through a mailing list that adds a
#    footer: `through=["service", "list"]`. Does the mail pass?

# %% slideshow={"slide_type": "skip"} tags=["solution"]
with h.lab(zone | both) as other:
    listed = other.send(from_="monthly@fujiba.net", through=["service", "list"])
for check in listed.authentication.dkim:
    print("DKIM", check.result, "for", check.domain)
print("SPF ", listed.authentication.spf.result, "for", listed.authentication.spf.domain)
print(listed.reply)

# %% [markdown] slideshow={"slide_type": "skip"}
# The list wrote its own envelope and broke the signature with its footer, so both passes are gone. What is
# left speaks for the list. (`"list-from"` shows what lists do about it.)
#
# 5. What if DNS does not answer? Set the value of `_dmarc.fujiba.net` to `h.TIMEOUT`, send through Gmail, and
#    read the bounce. Would you call it a refusal?

# %% slideshow={"slide_type": "skip"} tags=["solution"]
with h.lab(zone.with_records("_dmarc.fujiba.net", "TXT", h.TIMEOUT)) as other:
    waiting = other.send(from_="monthly@fujiba.net")
print(waiting.reply)
print(waiting.bounce.message.subject)

# %% [markdown] slideshow={"slide_type": "skip"}
# `4yz` means *later*. The receiver does not know the policy and does not guess; the report says *Delay*.
#
# 6. `h.lab.RELAYS` has the relays as facts, and `dataclasses.replace` makes another one of them. Build one
#    that passes under strict alignment without any signature. (Open-ended. One answer is a server of your
#    own that keeps `MAIL FROM`; which record does it need?)
#
# ---
#
# **Sources:** SMTP sessions and reply codes: RFC 5321 §3.3 and §4.2. Null sender: RFC 5321 §4.5.5. Bounces: RFC
# 3464 §2. SPF checks MAIL FROM: RFC 7208 §2.4. Alignment, relaxed and strict: RFC 9989 §4.4. Policies and what
# receivers do: RFC 9989 §5.3 and §7. Results that a receiver writes down: RFC 8601 §2.
