# %% [markdown] slideshow={"slide_type": "slide"}
# # 12 – Reports
#
# **Who sends mail in my name, and would `p=reject` hit my own?**
#
# A policy with `rua=` brings mail: every receiver that takes part writes once a day what it saw. It looks like
# noise in an attachment. After this lesson you can read it, without the mistake that most readers make, and
# decide by it.
#
# *Needs: lessons 05 and 06.*

# %% slideshow={"slide_type": "-"}
import helpers as h

path = "../data/reports/forms/receiver.example!fujiba.net!1746748800!1746835199.xml"
reports = h.read_reports("../data/reports/fujiba")
print(len(reports), "reports,", reports.messages, "messages")

# %% [markdown] slideshow={"slide_type": "-"}
# Thirteen weeks of `fujiba.net`, as two receivers saw them: five before the owner moved to a sending service, eight
# after. They came as zip and gzip, attached to mails in a mailbox.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One record
#
# On 9 May 2025 the monthly mail went out. This is what `receiver.example` wrote about it, in the file at `path`.

# %% slideshow={"slide_type": "-"}
with open(path) as file:
    print(file.read().split("<record>\n")[1].split("  </record>")[0])

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Did SPF pass?
#
# `<spf>fail</spf>`, it says, and further down `<result>pass</result>`. Is the receiver confused? Decide which of
# the two is about SPF, then let DMARC say what it makes of a pass for `gmail.com`.

# %% slideshow={"slide_type": "-"} tags=["misconception-07"]
record = h.read_reports(path).reports[0].records[0]
check = h.evaluate_dmarc(
    author_domain="fujiba.net", spf=("gmail.com", "pass"), dkim=[], dns=h.sample_zone("fujiba")
)
print("SPF said: ", *(f"{found.result} for {found.domain}" for found in record.spf))
print("aligned:  ", record.spf_aligned, "- recomputed:", check.spf_aligned)
print(record.in_words)

# %% [markdown] slideshow={"slide_type": "-"}
# SPF passed. Nothing is wrong with anybody's SPF record. `policy_evaluated` never says what SPF said: it says
# whether SPF passed *for a domain that aligns with `From`*. Whoever reads it as "SPF failed" goes and edits the record,
# and nothing changes.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Two places, two questions
#
# | where it stands | what it says | what it is about |
# |---|---|---|
# | `auth_results` | the **raw** result and its domain | did the check pass, for whomever? |
# | `policy_evaluated` | the **aligned** result | did it pass for the author domain? |
# | `disposition` | none, pass, quarantine, reject | what the receiver did |
# | `reason` | local_policy, mailing_list, … | why it did something else than the policy asks |
#
# A record is a sum: `count` messages from one address that all fared alike.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## All of them
#
# One row a record. The first thing everybody counts is how much fails.

# %% slideshow={"slide_type": "-"}
frame = reports.to_frame()
frame.groupby("dmarc")["count"].sum()

# %% [markdown] slideshow={"slide_type": "-"}
# More than half! Is more than half of the owner's mail in danger? The number does not say: it adds up the owner's
# mail, everybody else's, and both sides of the day when things were mended. So we ask *when*, and then *who*.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### When
#
# Look for the week in which the first blue appears.

# %% slideshow={"slide_type": "-"}
h.reports_figure(reports)

# %% [markdown] slideshow={"slide_type": "-"}
# Until 12 May not one message aligned, week after week. Then the mail moved, and since then most of it does. The
# tall bar is no disaster of ours, as we shall see.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### It stood in the reports
#
# The bounce came on 9 May. What had the receivers done with the same kind of mail in the month before?

# %% slideshow={"slide_type": "-"}
april = reports.between("2025-04-07", "2025-05-08").to_frame()
gmail = april[april["spf_domain"] == "gmail.com"]
gmail.groupby(["org", "disposition", "reason", "comment"])["count"].sum()

# %% [markdown] slideshow={"slide_type": "-"}
# Delivered, all of it, and each time with a reason: one receiver made an exception, the other announced in a
# comment that it would not for much longer. The owner could have known a month ahead. `p=reject` had been there all
# along; what changed on 8 May was a receiver.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Who
#
# An address says little: a service has hundreds, and changes them. What tells is the domain for which a check
# passed, aligned or not. So in the next picture each row is such a sender; who authenticated as nobody has only an
# address.
#
# Which rows will be the owner's own? And which would you rather see stopped?

# %% slideshow={"slide_type": "subslide"}
h.senders_figure(reports)

# %% [markdown] slideshow={"slide_type": "-"}
# Row one is the sending service, from 12 May on. Row two is Gmail: until the fix every day, and then three single
# messages more, the last on 3 June. Somebody forgot a phone. The rest needs a closer look.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The ones without a name
#
# These passed nothing. But SPF was asked for *some* domain, and a sender chooses which.

# %% slideshow={"slide_type": "-"}
nameless = frame[(frame["spf_result"] != "pass") & (frame["dkim_result"] == "")]
nameless.groupby(["spf_domain", "spf_result", "source_ip"])["count"].sum()

# %% [markdown] slideshow={"slide_type": "-"}
# Three stories. `web1.example.net` is a web server with a contact form: the owner's own, and it stopped on 24 May
# because the form was moved to the service. Whoever puts `fujiba.net` itself into MAIL FROM, from addresses that SPF
# does not know, is forging: 120 of those came on 8 May alone, the tall bar. And five are Gmail's, on their way through a
# forwarder.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### SPF fails. Is that mail lost?
#
# A tool once counted every SPF failure as a lost mail. Guess what DMARC says of these:

# %% slideshow={"slide_type": "-"} tags=["misconception-05"]
one_leg = frame[frame["dkim_aligned"] & ~frame["spf_aligned"]]
one_leg.groupby(["source_ip", "spf_result", "spf_domain", "dkim_domain", "dmarc"])["count"].sum()

# %% [markdown] slideshow={"slide_type": "-"}
# `pass`. The same forwarder as before, and now the mail is signed: DKIM carries it alone. One leg is enough. Having
# two is a reserve, and this is the day it was for.

# %% [markdown] slideshow={"slide_type": "notes"}
# A good place to ask who in the room has `rua=` published, and who has ever opened one of the attachments. Most have
# not. Commercial services do nothing else than this page does, for many domains.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## From report to action
#
# Is it safe to have `p=reject`? The kit asks the reports, and the owner says which senders are theirs. First the
# weeks before the fix.

# %% slideshow={"slide_type": "-"}
before = reports.between("2025-04-07", "2025-05-12")
found = h.reports.ready_for_reject(before, own=["gmail.com"])
print(found.answer)
h.say(*found.against)

# %% [markdown] slideshow={"slide_type": "-"}
# No, and the policy was `reject` already.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### And after the fix?
#
# Now the weeks since the last message from the phone. Will it be a yes?

# %% slideshow={"slide_type": "-"}
after = reports.between("2025-06-04", "2025-07-07")
found = h.reports.ready_for_reject(after)
print(found.answer)
h.say(*found.missing)

# %% [markdown] slideshow={"slide_type": "-"}
# *Not yet.* The kit can't know whether these four addresses are forgers or a server of ours that nobody remembers, and
# a report can't tell either.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Answered for
#
# We looked at these addresses above. So the owner says: not mine.

# %% slideshow={"slide_type": "-"}
found = h.reports.ready_for_reject(after, not_own=["198.51.100.200/30"])
found

# %% [markdown] slideshow={"slide_type": "-"}
# *Nothing against it*: that is the most a report can give. What is marked *mind* stays in any case. Ten messages went
# through a mailing list, which broke the signature (lesson 11): such mail may be refused, and a domain whose people
# write to lists should not have `p=reject` (RFC 9989 §7.4).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One message: failure reports
#
# `ruf=` asks for a report on each single failure, at once. Here are both that came.

# %% slideshow={"slide_type": "-"}
h.failures_table(reports).to_frame().T

# %% [markdown] slideshow={"slide_type": "-"}
# The first is the bounce of lesson 01 from the other side, the second the list. They are the quickest way to a cause,
# and rare: they show who writes to whom, so most receivers send none.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Can I trust a file from a stranger?
#
# The address in `rua=` stands in DNS, and anybody can write to it. Here is what else may come.

# %% slideshow={"slide_type": "-"}
for bad in h.read_reports("../data/reports/hostile").unreadable:
    print(f"{bad.source:21} {bad.why}")

# %% [markdown] slideshow={"slide_type": "-"}
# Entities that unfold to gigabytes or ask for a file of yours, a zip of zeros, XML as deep as a well, halves. Each is
# refused with a sentence, and the others are read all the same. What no parser sees is a report that is well made and
# *untrue*: before you act on a number, look at who sent it, and whether the report's own mail passes DMARC.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## In three sentences
#
# A report says in one place what SPF and DKIM said, and in another whether that was for you: only the second counts
# for DMARC, only the first tells you what to mend. Ask when and who before you ask how much, and name each sender
# as yours or not yours, for nobody else can. Reports can say *no* to `p=reject`, or that nothing speaks against it,
# of the receivers and the days that they cover.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Exercises
#
# 1. Change one record: take the one from the beginning and make of it a record in which DMARC passes **by SPF alone**,
#    from `<record>` to `</record>`. Both places have to agree.

# %% slideshow={"slide_type": "skip"}
record_text = ...  # your record, as text

h.check_answer("12-record", record_text)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
with open(path) as file:
    text = file.read()
one = text[text.index("<record>") : text.index("</record>")] + "</record>"
one = one.replace("gmail.com", "bounce.fujiba.net").replace("<spf>fail", "<spf>pass")
h.check_answer("12-record", one)

# %% [markdown] slideshow={"slide_type": "skip"}
# 2. Between 12 May and 3 June six senders were undecided. Say of each whether it is the owner's.

# %% slideshow={"slide_type": "skip"}
weeks = reports.between("2025-05-12", "2025-06-04")
print([sender.name for sender in h.reports.ready_for_reject(weeks).undecided])
whose = ...  # such as {"198.51.100.90": "own", "198.51.100.200": "not own", …}

h.check_answer("12-whose", whose)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
whose = {f"198.51.100.{last}": "not own" for last in (200, 201, 202, 203)}
h.check_answer("12-whose", {**whose, "198.51.100.90": "own", "gmail.com": "own"})

# %% [markdown] slideshow={"slide_type": "skip"}
# 3. Thirty days of clean reports are wanted. Which is the first day from which on there are thirty in which none of
#    the owner's mail fails?

# %% slideshow={"slide_type": "skip"}
day = ...  # as text, such as "2025-06-15"

h.check_answer("12-when", day)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.check_answer("12-when", "2025-06-04")

# %% [markdown] slideshow={"slide_type": "skip"}
# 4. Open-ended: export the mails at your own `rua=` address as an mbox file into `data/private/`, read them with
#    `h.read_reports("../data/private/…")`, and look at `h.senders_figure`. Is there a row that you can't explain?
#
# ---
#
# **Sources:** aggregate reports: RFC 9990 §3.1 with the schema at its end, the older form: RFC 7489 appendix C; raw
# and aligned results: RFC 9990 §3.1.1.9 and §3.1.1.11; reasons: §3.1.6; duplicates: §3.5.4; attacks: §8.1 and §8.2.
# Failure reports: RFC 9991 and RFC 6591 §3.1. From monitoring to enforcement: RFC 9989 §5.1.7, lists and SPF alone:
# §7.4; one aligned identifier is enough: §4.4. The reports are made up, and stand in `tools/reports/`.
