# %% [markdown] slideshow={"slide_type": "slide"}
# # 01 – The bounce
#
# **Who wrote this message, who refused mine, and what exactly do its words say?**
#
# A bounce looks like noise. It is a report with a fixed structure, written by one machine about another one.
# After this lesson you read it as such, and you know which four names in a message matter.
#
# *Needs: nothing but knowing what an e-mail is.*

# %% slideshow={"slide_type": "-"}
import helpers as h

bounce = h.read_bounce("../data/sample_headers/incident_bounce.eml")

# %% [markdown] slideshow={"slide_type": "notes"}
# The room has seen bounces, and nobody has read one to the end. Scroll slowly; what matters comes in three parts.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A mail about a mail
#
# Here is how the bounce begins, byte by byte as it came.

# %% slideshow={"slide_type": "-"}
print(bounce.message.raw[:640].decode())

# %% [markdown] slideshow={"slide_type": "-"}
# It is an ordinary mail, and its `Content-Type` says what sort: `multipart/report`. Such a report has three
# parts, for three kinds of readers.

# %% slideshow={"slide_type": "subslide"}
[part.content_type for part in bounce.message.parts]

# %% [markdown] slideshow={"slide_type": "-"}
# `text/plain` is for people, `message/delivery-status` for machines, and `message/rfc822` holds what came
# back of the original. Most people read the first and stop. The second is the precise one:

# %% slideshow={"slide_type": "subslide"}
status = next(
    part for part in bounce.message.parts if part.content_type == "message/delivery-status"
)
print(status.text())

# %% [markdown] slideshow={"slide_type": "-"}
# One block about the whole mail, then one block for each recipient (RFC 3464 §2). `Diagnostic-Code` holds
# the words of the refusal, exactly as the other side said them.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Who wrote it, and who refused?
#
# Commit to an answer before you run the next cell: did the system that *refused* the mail also *write* this
# bounce?

# %% slideshow={"slide_type": "-"}
print("written by:", bounce.reporter)
print("refused by:", bounce.receiver)

# %% [markdown] slideshow={"slide_type": "-"}
# No. The receiver only said one line while the connection was open, and hung up. Google's server was the one
# with the undeliverable mail in its hands, so Google wrote the report. Questions about the wording go to the
# receiver, though the letterhead says Google.

# %% [markdown] slideshow={"slide_type": "subslide"}
# The picture shows the way of the message. Look for the place where it stops, and from where the bounce
# starts back.

# %% slideshow={"slide_type": "-"}
h.journey_figure(bounce)

# %% [markdown] slideshow={"slide_type": "-"}
# The message went from the Mac to Google, and from there to the receiver, which refused it. The bounce starts
# at Google, one station earlier.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What do the words say?
#
# A bounce has one such reply for each recipient that failed. Here is ours, taken apart.

# %% slideshow={"slide_type": "-"}
bounce.replies[0]

# %% [markdown] slideshow={"slide_type": "-"}
# `550` means *no, and trying again won't help* (RFC 5321 §4.2.1). `5.7.1` is the enhanced status code: 5 for
# permanent, 7 for security or policy, 1 for "delivery not authorized" (RFC 3463 §3.8).

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### So look up the code?
#
# That is everybody's first idea. Take four refusals and sort them by their codes. Which of them are about
# DMARC?

# %% slideshow={"slide_type": "-"}
refusals = [
    "550 5.7.1 Your message was rejected due to fujiba.net's DMARC policy.",
    "550 5.7.1 Relaying denied",
    "550 5.7.26 Unauthenticated email from example.com is not accepted due to domain's DMARC policy.",
    "550 5.7.26 The MAIL FROM domain [example.com] has an SPF record with a hard fail policy (-all)",
]

# %% [markdown] slideshow={"slide_type": "subslide"}
# Decide first. Then let the kit read the words:

# %% slideshow={"slide_type": "-"}
for text in refusals:
    read = h.read_bounce(text)
    print(f"{read.replies[0].enhanced:7} {read.blamed or 'not authentication'}")

# %% [markdown] slideshow={"slide_type": "-"}
# The first two share a code and have nothing to do with each other; so do the last two. `5.7.1` says "refused"
# and no more, and the big receivers use the same number for different things. **The words decide, the code
# helps.** The kit keeps a table of such sentences with a source for each, and asks the code last.

# %% slideshow={"slide_type": "subslide"}
print("blamed:  ", bounce.blamed, "of", bounce.blamed_domain)
print("known by:", bounce.basis)
print("meaning: ", bounce.meaning)

# %% [markdown] slideshow={"slide_type": "-"}
# `stated` means that the words themselves say it. And whose policy is it? It is easy to read the sentence as
# "the receiver's DMARC policy". It says *fujiba.net's*: the rule was published by the owner of the domain in
# `From`, the author domain. The receiver looked it up and did what it asks.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What came back?
#
# The third part is our own message, as Google had it when it gave up.

# %% slideshow={"slide_type": "skip"}
original = bounce.original
original

# %% [markdown] slideshow={"slide_type": "-"}
# Headers are read from the bottom up: each server adds its line on top. Two things are missing here that you
# will look for in every such case: a `DKIM-Signature` and a `Return-Path`. The first was never there. The
# second is written by the receiver who delivers, and nobody delivered this.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The four names
#
# Four names in and around a message can say where it is from, and each is set by somebody else.
#
# | name | where it stands | who sets it | who asks about it |
# |---|---|---|---|
# | author domain | `From` header | the writer's mail program | the reader, and DMARC |
# | MAIL FROM | envelope, later `Return-Path` | the sending server | SPF |
# | HELO | the server's greeting | the sending server | SPF, above all for bounces |
# | signing domain | `d=` in `DKIM-Signature` | whoever signs | DKIM |

# %% [markdown] slideshow={"slide_type": "subslide"}
# The reader sees the first one only, here `fujiba.net`. MAIL FROM is not in the returned message. Is it lost?
# Think about where a bounce is sent.

# %% slideshow={"slide_type": "-"}
bounce.envelope

# %% [markdown] slideshow={"slide_type": "-"}
# A bounce goes to MAIL FROM, so the bounce's own `To` tells what it was. The kit calls that *inferred*, and
# names the source. The client IP, which SPF needs, is *unknown*: only the receiver saw it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The same mail where it did arrive
#
# The owner sent the same mail to another mailbox, and there it arrived. So is the mail all right, and the other
# receiver too strict? The copy carries what its receiver wrote down.

# %% slideshow={"slide_type": "-"} tags=["misconception-10"]
arrived = h.read_message("../data/sample_headers/incident_received.eml")
print("Return-Path:", arrived.return_path)
for stated in arrived.stated:
    print(f"{stated.by} says {stated.method}={stated.result_text} for {stated.domain}")

# %% [markdown] slideshow={"slide_type": "-"}
# It failed here as well, and was let in: that provider is lenient, the next one is not. But SPF *passed*. So
# why was the mail refused? Read the whole line: it passed **for `gmail.com`**. The sending
# server wrote the Gmail account into the envelope, and SPF asks about the envelope. Nobody asked about
# `fujiba.net`.

# %% [markdown] slideshow={"slide_type": "subslide"}
# There is something that looks like a signature, too:

# %% slideshow={"slide_type": "-"} tags=["misconception-16"]
for found in arrived.signatures_not_counted:
    print(f"{found.name}, d={found.domain}: {found.why}.")

# %% [markdown] slideshow={"slide_type": "-"}
# `X-Google-DKIM-Signature` is a note of Google to itself. Verifiers look for `DKIM-Signature` and nothing
# else (RFC 6376 §3.5), and the receiver's line above has no `dkim=` at all.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A first look at alignment
#
# DMARC asks one question: *did SPF or DKIM pass for a domain that belongs to the domain in `From`?* Predict
# the answer for each of the two, then look at the picture: which box on the left is joined to the one on the
# right by a solid line?

# %% slideshow={"slide_type": "subslide"}
checked = h.authenticate(arrived, dns=h.sample_zone("fujiba"))
h.alignment_figure(checked)

# %% [markdown] slideshow={"slide_type": "-"}
# Neither. SPF's pass is real, and it is about `gmail.com`; the dashed line says that it does not count for
# `fujiba.net`. There is no signature to look at. So DMARC fails, and the policy says reject.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Would an SPF entry help?
#
# The advice everybody gets first: add Google to the SPF record of `fujiba.net`. Try it. A zone is a value, so
# this makes a second world and leaves the first one alone.

# %% slideshow={"slide_type": "-"} tags=["misconception-01"]
advised = h.sample_zone("fujiba").with_records(
    "fujiba.net", "TXT", ["v=spf1 include:mailgun.org include:_spf.google.com ~all"]
)
print("before:", checked.dmarc.result)
print("after: ", h.authenticate(arrived, dns=advised).dmarc.result)

# %% [markdown] slideshow={"slide_type": "-"}
# Nothing changed, and nothing could. The receiver never reads that record for this mail, because the envelope
# says `gmail.com`. (Lesson 03 lists every name that it asks for.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What this does not tell
#
# A bounce is partial evidence. It holds one receiver's words on one day, and often only half of the message.
# Some receivers name no reason at all, and a few name the wrong one. The kit tells apart what is stated,
# recomputed and inferred, and says what it could not check:

# %% slideshow={"slide_type": "-"}
diagnosis = h.diagnose(bounce, dns=h.sample_zone("fujiba"))
for sentence in diagnosis.unchecked:
    print("-", sentence)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## In three sentences
#
# A bounce is a report in three parts, usually written by the sender's own server, which quotes the receiver.
# Its words decide what it is about, not its code. Of the four names in a message the reader sees one, SPF and
# DKIM vouch for others, and DMARC compares them.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Exercises
#
# 1. Somebody shows you `554 5.7.9 Message not accepted for policy reasons` from Yahoo. Is it about
#    authentication? How does the kit know?

# %% slideshow={"slide_type": "skip"} tags=["solution"]
yahoo = h.read_bounce("554 5.7.9 Message not accepted for policy reasons.")
print(yahoo.blamed, "-", yahoo.basis)
print(yahoo.meaning)

# %% [markdown] slideshow={"slide_type": "skip"}
# The words don't say it; the receiver's help page does. That is why the basis is `documented`.

# %% [markdown] slideshow={"slide_type": "skip"}
# 2. `monitoring.eml` is a newsletter that a service sent for `shop.example`. Take its names apart, with
#    `h.read_message` and `h.verify_dkim`, or by reading its headers.

# %% slideshow={"slide_type": "skip"}
names = ...  # {"author domain": "…", "MAIL FROM": "…", "signing domain": "…"}

h.check_answer("01-names", names)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
newsletter = h.read_message("../data/sample_headers/monitoring.eml")
(signature,) = h.verify_dkim(newsletter, dns=h.sample_zone("monitoring"))
names = {"author domain": newsletter.author_domain, "MAIL FROM": newsletter.return_path}
h.check_answer("01-names", names | {"signing domain": signature.domain})

# %% [markdown] slideshow={"slide_type": "skip"}
# 3. The words decide, the code helps. Write a refusal with the story's code, `5.7.1`, that the kit reads as one about
#    SPF.

# %% slideshow={"slide_type": "skip"}
refusal = ...  # one line, as a server would say it

h.check_answer("01-words", refusal)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.check_answer("01-words", "550 5.7.1 192.0.2.41 is not permitted to send mail from example.com")

# %% [markdown] slideshow={"slide_type": "skip"}
# 4. Write a refusal of your own that the kit reads wrongly. Then decide whether it is the words that are
#    unclear or the kit. (Open-ended; the table of sentences is `src/helpers/bounce/phrases.py`.)
#
# ---
#
# **Sources:** Report format: RFC 3464 §2. Reply codes: RFC 5321 §4.2. Enhanced status codes: RFC 3463 §3 and
# RFC 7372. Null sender and where bounces go: RFC 5321 §4.5.5. Signatures: RFC 6376 §3.5. Alignment:
# RFC 9989 §4.4. Wording of refusals: RFC 9989 §7.2.
