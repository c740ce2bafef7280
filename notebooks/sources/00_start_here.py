# %% [markdown] slideshow={"slide_type": "slide"}
# # Why was my mail refused, and what do I change?
#
# > `550 5.7.1 Your message was rejected due to fujiba.net's DMARC policy.`
#
# The owner of `fujiba.net` got this line back for a monthly business mail. The same mail had gone through
# for years. An assistant's advice ("add Gmail to your SPF record") changed nothing.
#
# This kit shows why, exactly, and what to change. It works on the real bytes of a message, with real
# cryptography and real DNS semantics, and no mail ever leaves your machine.

# %% [markdown] slideshow={"slide_type": "notes"}
# Ask first who has had a mail refused, and what they were advised to do. Most rooms will name SPF within a minute.
# Write the advice down where everybody sees it: lesson 08 puts each piece on trial.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The answer first
#
# Three checks look at a mail. **SPF** asks whether its server may send for the domain in the *envelope*, which
# servers show each other and no reader sees. **DKIM** asks which domain signed it. **DMARC** asks whether one of
# the two passed for the domain that the reader does see, the one in `From`.
#
# Guess before you run the cell below. The mail left through Google's own servers, and SPF passes for those: another
# receiver said so about this very mail. Did the one that refused it make a mistake?

# %% [markdown] slideshow={"slide_type": "notes"}
# Let them vote, and don't comment on the vote. The next picture answers it.

# %% [markdown] slideshow={"slide_type": "subslide"}
# In the picture, the boxes on the left say *who was vouched for*, the box on the right *whom the reader
# sees*. Look for a solid line between them.

# %% slideshow={"slide_type": "-"}
import helpers as h

bounce = h.read_bounce("../data/sample_headers/incident_bounce.eml")
diagnosis = h.diagnose(bounce, dns=h.sample_zone("fujiba"))
h.alignment_figure(diagnosis)

# %% [markdown] slideshow={"slide_type": "fragment"}
# There is none. SPF may pass or fail, it only ever speaks for `gmail.com`, since that is the domain in the
# envelope. Nobody signed for `fujiba.net`. DMARC asks for one pass that belongs to the domain in `From`; it
# found none, and `fujiba.net` itself asks receivers to reject such mail. The receiver did what it was asked to.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## What the answer rests on
#
# Every fact says how it is known: **stated** by a receiver, **recomputed** here, **inferred** from
# something else, or **unknown**.

# %% slideshow={"slide_type": "skip"}
diagnosis

# %% [markdown] slideshow={"slide_type": "skip"}
# Two rows are unknown: a bounce does not say from which address the mail reached the receiver, so SPF can't
# be checked again. It does not matter here: whatever SPF said, it said it about `gmail.com`.
#
# Below the facts stands what helps. Each of these was applied to a copy of the mail, its envelope and its DNS,
# and evaluated again; so was what was **tried in vain**, the famous SPF entry among it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## And after the change?
#
# The owner chose a sending service that puts a subdomain of `fujiba.net` into the envelope and signs with
# `d=fujiba.net`. The policy stayed as strict as before. Look for the solid lines.

# %% slideshow={"slide_type": "-"}
fixed = h.diagnose("../data/sample_headers/fixed_by_service.eml", dns=h.sample_zone("fujiba-fixed"))
h.alignment_figure(fixed)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Both identifiers are aligned now; one would have been enough. How each of these lines comes about, and how
# to get them for your own domain, is what the lessons are about.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Where to go from here
#
# **Study.** Read and run the lessons in order, with Shift+Enter. Each poses a question, lets you guess, and
# settles it with an experiment; its exercises are judged by what your answer does.
#
# **Present.** The same notebooks are slides: `make present` shows them live in JupyterLab, `make slides`
# writes each as one HTML file that needs no network. [The talk](talk.ipynb) tells the whole story in 25 minutes, and
# for the wall there is [one page with all of it](../docs/summary.pdf).
#
# **Your own bounce.** Put it into `data/private/`, which git ignores, and ask the kit. One line of it is enough
# to begin with:

# %% slideshow={"slide_type": "subslide"}
print(h.diagnose("550 5.7.1 Your message was rejected due to fujiba.net's DMARC policy.", dns=None))

# %% [markdown] slideshow={"slide_type": "fragment"}
# One line is little to go on, and the answer says so: what is certain, what could not be checked, and how to
# get it. With the whole bounce as a file the same call tells more, and `dns=h.LiveDns()` asks real DNS. That
# is the only thing that ever leaves your machine, and only when you ask for it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The lessons
#
# [[contents]]

# %% [markdown] slideshow={"slide_type": "slide"}
# ## In three sentences
#
# A bounce that blames DMARC is about *alignment*: somebody was vouched for, but not the domain that the
# reader sees in `From`. The policy in the bounce is the sender's own, not the receiver's. The way out is to
# get one pass for one's own domain, not to loosen anything.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Exercises
#
# Put your answer in the place of the three dots and run the cell. It is judged by what it does, as often as you like;
# from the second wrong one on there is a hint.
#
# 1. For which domain would SPF have to pass, so that this very mail gets through? There is more than one.

# %% slideshow={"slide_type": "skip"}
domain = ...  # a domain, as text

h.check_answer("00-spf-domain", domain)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.check_answer("00-spf-domain", "bounce.fujiba.net")

# %% [markdown] slideshow={"slide_type": "skip"}
# 2. The receiver follows a policy that it found in DNS. At which name? Take its records away, and there is nothing to
#    follow.

# %% slideshow={"slide_type": "skip"}
name = ...  # a name in DNS, as text

h.check_answer("00-policy-name", name)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.check_answer("00-policy-name", "_dmarc.fujiba.net")

# %% [markdown] slideshow={"slide_type": "skip"}
# 3. The kit reads a bounce without any DNS, too. Which sentence of the summary changes when you pass `dns=None` for
#    the story's bounce? Predict, then run. And is a mailbox at `gmail.com` to blame for `bounce_user_unknown.eml`?

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.say(h.diagnose(bounce, dns=None).summary)
h.say(h.diagnose("../data/sample_headers/bounce_user_unknown.eml", dns=None).summary)

# %% [markdown] slideshow={"slide_type": "skip"}
# The cause is the same: the names alone settle it. What is missing is the policy, since that stands in DNS. And not
# every bounce is about authentication: the kit says so instead of guessing.
#
# ---
#
# **Sources:** DMARC and alignment: RFC 9989 §4.4 and §5.3. Refusals that name DMARC: RFC 9989 §7.2.
# Reports of failed delivery: RFC 3464. SPF asks about the envelope: RFC 7208 §2.4.
