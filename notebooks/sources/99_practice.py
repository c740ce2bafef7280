# %% [markdown] slideshow={"slide_type": "slide"}
# # 99 – Practice
#
# **Ten domains, ten refused mails. What is the cause, and which change mends it?**
#
# None of these cases was in a lesson. Read the story, look at the mail and at DNS with everything that you have
# learned, write down the cause and a change, and let the kit send the mail again. Any change that works is
# right, as long as a stranger's mail fares as badly as before and the domain's other mail goes on passing.
#
# *Needs: lessons 01 to 11.*

# %% slideshow={"slide_type": "-"}
import helpers as h

h.say(", ".join(cause.value for cause in h.Cause))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## How it works
#
# `case.judge(cause=…, …)` takes what you change: `dns`, TXT records as name and text; `mail_from`, `signed_by`
# and `selector`, how the mail is sent. `case.key` is the record that belongs to the key in use. Everything from the
# lessons works on `case.message` and `case.zone`, such as

# %% slideshow={"slide_type": "-"}
case = h.practice(1)
print(h.authenticate(case.message, dns=case.zone).dmarc.reason)

# %% [markdown] slideshow={"slide_type": "notes"}
# In a group: two people a case, ten minutes, then each pair shows its change and the others try to break it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Case 1: Opening hours

# %% slideshow={"slide_type": "-"}
h.practice(1)

# %% [markdown] slideshow={"slide_type": "-"}
# What is the cause, and what do you change?

# %% slideshow={"slide_type": "skip"}
cause = ...  # your cause, as text
change = {"dns": ...}  # what changes, such as {"dns": {"name": "text"}, "signed_by": "…"}

h.practice(1).judge(cause=cause, **change)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.practice(1).judge(
    cause="authenticated_as_other",
    signed_by="bakery.example",
    dns={"s1._domainkey.bakery.example": h.practice(1).key},
)

# %% [markdown] slideshow={"slide_type": "skip"}
# The Return-Path may stay the provider's: one aligned pass is enough (lesson 06).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Case 2: Timetable

# %% slideshow={"slide_type": "-"}
h.practice(2)

# %% [markdown] slideshow={"slide_type": "skip"}
# The cause first, then the change:

# %% slideshow={"slide_type": "skip"}
cause = ...  # your cause, as text
change = {"dns": ...}  # what changes, such as {"dns": {"name": "text"}, "signed_by": "…"}

h.practice(2).judge(cause=cause, **change)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.practice(2).judge(
    cause="key_missing", dns={"jan2025._domainkey.school.example": h.practice(2).key}
)

# %% [markdown] slideshow={"slide_type": "skip"}
# The signature names `jan2025`, and nobody had published that key. The old one may go once nothing is signed
# with it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Case 3: Your appointment

# %% slideshow={"slide_type": "-"}
h.practice(3)

# %% [markdown] slideshow={"slide_type": "skip"}
# The cause first, then the change:

# %% slideshow={"slide_type": "skip"}
cause = ...  # your cause, as text
change = {"dns": ...}  # what changes, such as {"dns": {"name": "text"}, "signed_by": "…"}

h.practice(3).judge(cause=cause, **change)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.practice(3).judge(
    cause="spf_record_error",
    dns={"clinic.example": "v=spf1 ip4:192.0.2.81 include:_spf.tickets.example -all"},
)

# %% [markdown] slideshow={"slide_type": "skip"}
# One record with all mechanisms in it. A second one makes both worthless (lesson 03).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Case 4: Invitation

# %% slideshow={"slide_type": "-"}
h.practice(4)

# %% [markdown] slideshow={"slide_type": "skip"}
# The cause first, then the change:

# %% slideshow={"slide_type": "skip"}
cause = ...  # your cause, as text
change = {"dns": ...}  # what changes, such as {"dns": {"name": "text"}, "signed_by": "…"}

h.practice(4).judge(cause=cause, **change)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.practice(4).judge(
    cause="spf_record_error",
    dns={"museum.example": "v=spf1 include:_spf.tickets.example ip4:192.0.2.82 -all"},
)

# %% [markdown] slideshow={"slide_type": "skip"}
# Whatever is taken out, the ticket shop has to stay: the exam sends its mail as well.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Case 5: Your parcel

# %% slideshow={"slide_type": "-"}
h.practice(5)

# %% [markdown] slideshow={"slide_type": "skip"}
# The cause first, then the change:

# %% slideshow={"slide_type": "skip"}
cause = ...  # your cause, as text
change = {"dns": ...}  # what changes, such as {"dns": {"name": "text"}, "signed_by": "…"}

h.practice(5).judge(cause=cause, **change)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.practice(5).judge(cause="strict_alignment", dns={"_dmarc.shop.example": "v=DMARC1; p=reject"})

# %% [markdown] slideshow={"slide_type": "skip"}
# Relaxed would do for one of the two already. Or let MAIL FROM and `d=` be `shop.example` itself.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Case 6: Next match

# %% slideshow={"slide_type": "-"}
h.practice(6)

# %% [markdown] slideshow={"slide_type": "skip"}
# The cause first, then the change:

# %% slideshow={"slide_type": "skip"}
cause = ...  # your cause, as text
change = {"dns": ...}  # what changes, such as {"dns": {"name": "text"}, "signed_by": "…"}

h.practice(6).judge(cause=cause, **change)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.practice(6).judge(
    cause="forwarded",
    signed_by="club.example",
    dns={"s1._domainkey.club.example": h.practice(6).key},
)

# %% [markdown] slideshow={"slide_type": "skip"}
# No record can list the forwarders of all readers. A signature travels along (lesson 11).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Case 7: Minutes of the meeting

# %% slideshow={"slide_type": "-"}
h.practice(7)

# %% [markdown] slideshow={"slide_type": "skip"}
# The cause first, then the change:

# %% slideshow={"slide_type": "skip"}
cause = ...  # your cause, as text
change = {"dns": ...}  # what changes, such as {"dns": {"name": "text"}, "signed_by": "…"}

h.practice(7).judge(cause=cause, **change)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.practice(7).judge(cause="key_revoked", dns={"s1._domainkey.choir.example": h.practice(7).key})

# %% [markdown] slideshow={"slide_type": "skip"}
# An empty `p=` is a revoked key, not a missing one: somebody took it back on purpose, or by mistake.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Case 8: Invoice 4711

# %% slideshow={"slide_type": "-"}
h.practice(8)

# %% [markdown] slideshow={"slide_type": "skip"}
# The cause first, then the change:

# %% slideshow={"slide_type": "skip"}
cause = ...  # your cause, as text
change = {"dns": ...}  # what changes, such as {"dns": {"name": "text"}, "signed_by": "…"}

h.practice(8).judge(cause=cause, **change)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.practice(8).judge(
    cause="spf_unauthorized",
    dns={"workshop.example": "v=spf1 ip4:192.0.2.85 ip4:192.0.2.90 -all"},
)

# %% [markdown] slideshow={"slide_type": "skip"}
# `+all` would have passed as well, and let everybody in: the exam tries a stranger, too.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Case 9: Late deals

# %% slideshow={"slide_type": "-"}
h.practice(9)

# %% [markdown] slideshow={"slide_type": "skip"}
# The cause first, then the change:

# %% slideshow={"slide_type": "skip"}
cause = ...  # your cause, as text
change = {"dns": ...}  # what changes, such as {"dns": {"name": "text"}, "signed_by": "…"}

h.practice(9).judge(cause=cause, **change)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.practice(9).judge(
    cause="authenticated_as_other", dns={"_dmarc.travel.example": "v=DMARC1; p=reject"}
)

# %% [markdown] slideshow={"slide_type": "skip"}
# Siblings belong together only when the tree walk finds a record above both (lesson 05). Signing as
# `news.travel.example` does it, too.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Case 10: Programme

# %% slideshow={"slide_type": "-"}
h.practice(10)

# %% [markdown] slideshow={"slide_type": "skip"}
# The cause first, then the change:

# %% slideshow={"slide_type": "skip"}
cause = ...  # your cause, as text
change = {"dns": ...}  # what changes, such as {"dns": {"name": "text"}, "signed_by": "…"}

h.practice(10).judge(cause=cause, **change)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.practice(10).judge(cause="key_invalid", dns={"s1._domainkey.theatre.example": h.practice(10).key})

# %% [markdown] slideshow={"slide_type": "skip"}
# A key of 2048 bits is longer than 255 characters. It belongs into one record of two strings.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## In three sentences
#
# Look at the names first, then at the results, then at DNS: in that order most causes show themselves. A change is
# good when the mail passes *and* a stranger's does not. What you can do for these ten domains you can do for
# your own: [13 – Your own bounce](13_your_own_bounce.ipynb).

# %% [markdown] slideshow={"slide_type": "skip"}
# ---
# **Sources:** what each cause rests on stands in the lesson that has it: SPF RFC 7208 §4.6.4 and §3.2, keys RFC 6376
# §3.6.1, alignment RFC 9989 §4.4, the tree walk RFC 9989 §4.10.
