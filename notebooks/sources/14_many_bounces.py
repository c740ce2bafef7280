# %% [markdown] slideshow={"slide_type": "slide"}
# # 14 – Many bounces
#
# **My mailbox is full of bounces. Which receivers refuse my mail, why, and since when?**
#
# One bounce tells what happened to one mail. A few hundred tell what happened to a domain. After this lesson you
# read a whole mailbox into a table, find the day on which something changed, and prove what it was.
#
# *Needs: lessons 01 and 06. Some pandas helps, and is not required.*

# %% slideshow={"slide_type": "-"}
import helpers as h

path = "../data/mailboxes/orchard.mbox.gz"
box = h.analyze_mailbox(path)
box.attrs["counts"]

# %% [markdown] slideshow={"slide_type": "-"}
# One call reads the mailbox and finds the cause of each refusal, on this machine. `box` is a DataFrame with one row
# for each recipient that did not get its mail.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Whose mailbox is this?
#
# An orchard's, from January to June 2026, as Gmail's Takeout would export it. The orchard sends in three ways: a
# **newsletter** through a sending service, mail of the **shop** from a server of its own, and **office** mail that is
# written with the orchard's address through a Gmail account.
#
# It is invented, by a script with a fixed seed (`tools/samples/mailbox_story.py`). The shapes and the refusals are
# those of real servers. The proportions are ours: nobody publishes dependable ones.

# %% slideshow={"slide_type": "subslide"}
box[["recipient", "receiver", "blamed", "cause"]].tail(4)

# %% [markdown] slideshow={"slide_type": "-"}
# `receiver` refused, `blamed` is what its words blame, `cause` what the kit makes of it with the mail that came
# back. There are 28 columns; `help(h.analyze_mailbox)` explains each.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### What could not be read?
#
# Three messages. Nothing is left out silently: each is listed with the reason.

# %% slideshow={"slide_type": "-"}
import pandas as pd

pd.DataFrame(box.attrs["unread"])[["position", "reason"]]

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Why were they refused?
#
# The orchard's people say: "Since DMARC everything bounces." Guess before you run it: of 532 bounces, how many are
# about authentication?

# %% slideshow={"slide_type": "-"}
box["cause"].value_counts()

# %% [markdown] slideshow={"slide_type": "-"}
# Fewer than a third. So what are the others about?

# %% slideshow={"slide_type": "subslide"}
box[box["blamed"].isna()]["meaning"].value_counts().head(6)

# %% [markdown] slideshow={"slide_type": "-"}
# Addresses that do not exist, domains that are gone, full mailboxes. No DNS record helps against those. A list that
# is kept clean does.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Who refuses?
#
# A bar for each receiver. Look at how much of a bar is grey: that part is not about authentication.

# %% slideshow={"slide_type": "-"}
h.refusals_figure(box)

# %% [markdown] slideshow={"slide_type": "-"}
# Gmail has the longest bar, then Microsoft. Nearly every bar is mostly grey, and every one that is named has some colour.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### So is Gmail the strictest?
#
# That is what the picture seems to say. Compare shares instead of counts: of what each receiver refused, how much
# was about authentication?

# %% slideshow={"slide_type": "-"}
big = box[box["receiver"].isin(box["receiver"].value_counts().index[:5])]
about = big["blamed"].notna().groupby(big["receiver"]).agg(["size", "mean"])
about.round(2)

# %% [markdown] slideshow={"slide_type": "-"}
# Gmail and Microsoft are level now; Gmail's bar is long because most readers are there. And even these shares are of
# *refusals*: how many mails each receiver **accepted** is in no bounce. For that you need your sending server's log,
# or the aggregate reports of lesson 12.

# %% [markdown] slideshow={"slide_type": "notes"}
# The room likes to name the strictest receiver. Let them, then ask: out of how many?

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Which of our ways is it?
#
# The receivers are many, and the ways out are three. MAIL FROM tells them apart: each way has its own. Which one do
# you expect to be clean?

# %% slideshow={"slide_type": "-"}
pd.crosstab(box["mail_from_domain"], box["cause"])

# %% [markdown] slideshow={"slide_type": "-"}
# This table is worth more than the picture. Not one newsletter was refused for authentication: the service aligns.
# Every *authenticated as somebody else* went out through Gmail, every *SPF unauthorized* from the shop.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Would the codes have told?
#
# Lesson 01 warned that words decide. Here are the codes of what is about authentication.

# %% slideshow={"slide_type": "-"}
refused = box[box["blamed"].notna()]
pd.crosstab(refused["enhanced"], refused["blamed"])

# %% [markdown] slideshow={"slide_type": "-"}
# `5.7.26` is Gmail's number for two different things. GMX gives none; the reporting server filled in `5.0.0`. Yahoo's
# `5.7.9` does not say "DMARC"; that it is about authentication stands on its help page, so `basis` is *documented*.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Since when?
#
# Each lane is a cause, each bar a week. Look for the first bar of each lane, and for one that ends.

# %% slideshow={"slide_type": "-"}
h.refusals_timeline_figure(box)

# %% [markdown] slideshow={"slide_type": "-"}
# The grey lane has gone up and down all the time: the newsletter goes out every second week. The other two begin on
# a day. One ends three weeks later, the other is still going on.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### On which day exactly?

# %% slideshow={"slide_type": "-"}
days = refused.groupby("cause")["date"].agg(["min", "max", "size"])
days.assign(min=days["min"].dt.date, max=days["max"].dt.date)

# %% [markdown] slideshow={"slide_type": "-"}
# Ask the orchard what happened on these days. Three notes turn up: *shop moved to the new server* (3 March), *new
# server added to the SPF record* (24 March), *DMARC policy from p=none to p=reject* (14 April). Draw them in.

# %% slideshow={"slide_type": "subslide"}
notes = {"2026-03-03": "shop moves", "2026-03-24": "SPF mended", "2026-04-14": "p=reject"}
h.refusals_timeline_figure(refused, events=notes)

# %% [markdown] slideshow={"slide_type": "-"}
# The dates fit to the day. That is a strong hint, and a hint only: it says *when*, not *why*.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## From a date to a proof
#
# The policy changed on 14 April. Did the office's mail *begin to fail* on that day? With DNS the kit can evaluate
# every mail that came back, once with today's policy and once with the old one. Predict what differs.

# %% slideshow={"slide_type": "-"}
zone = h.Zone.from_file("../data/mailboxes/orchard.zone")
relaxed = zone.with_records("_dmarc.orchard.example", "TXT", ["v=DMARC1; p=none"])
for dns in (relaxed, zone):
    office = h.analyze_mailbox(path, dns=dns).query("mail_from_domain == 'gmail.com'")
    print(office.groupby(["dmarc", "policy"]).size())

# %% [markdown] slideshow={"slide_type": "-"}
# Nothing but the policy. The very same mails fail under the old one, too; only nobody is asked to refuse them. The
# stricter policy did not break the office's mail. It made visible that it had never been in order.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The shop, by today's DNS
#
# The other cause, evaluated with DNS as it is now. What will become of the 47 rows?

# %% slideshow={"slide_type": "-"}
shop = h.analyze_mailbox(path, dns=zone).query("blamed == 'spf'")
shop["cause"].value_counts()

# %% [markdown] slideshow={"slide_type": "-"}
# Most are *not reproduced*: the receivers named the server's address, and by today's record it passes. The others
# named no address, so only their words are left. **DNS of today does not explain a refusal of March.** With the
# record of that time it does:

# %% slideshow={"slide_type": "-"}
march = zone.with_records("orchard.example", "TXT", ["v=spf1 ip4:203.0.113.25 -all"])
h.analyze_mailbox(path, dns=march).query("blamed == 'spf'")["cause"].value_counts()

# %% [markdown] slideshow={"slide_type": "-"}
# Records of a past day are rarely at hand. So keep the answers while they are fresh: `h.RecordingDns` in Python,
# `record` on the command line.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## From a row back to its mail
#
# A table has no fixes. Take one message of a sort, and ask about that one.

# %% slideshow={"slide_type": "-"}
row = refused[refused["cause"] == "authenticated_as_other"].iloc[-1]
mail = next(one for one in h.messages_in(path) if one.position == row["position"])
for fix in h.diagnose(mail.raw, dns=zone).fixes[:3]:
    print("✔" if fix.protection_kept else "!", fix.title)

# %% [markdown] slideshow={"slide_type": "-"}
# Any of these, for all 118 rows. The orchard has it all already: a server that its SPF record lists, and a service that
# signs. The office only has to use one of them, as in lesson 10.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Your own mailbox
#
# Export it into `data/private/`, which git ignores. Gmail: *Takeout*, mail only, a label for the bounces if you have
# one. Thunderbird: the folder's file without an ending. Apple Mail: *Mailbox → Export*. Then
#
# ```python
# box = h.analyze_mailbox("../data/private/All mail.mbox")
# box.to_csv("../data/private/bounces.csv")
# ```
#
# An mbox, a Maildir, a folder of `.eml`, packed or not: what is no bounce is counted and left out.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### And if it is large?
#
# It is read in a stream, by as many processes as the machine has processors, with a bar that shows how far it is.
# Stop it with *Interrupt* (Ctrl-C), and the table has what was done until then. For a cluster, hand over its executor:
#
# ```python
# from distributed import Client   # pip install ".[cluster]", in this repository
#
# with Client("scheduler.example:8786") as client:
#     box = h.analyze_mailbox("huge.mbox", executor=client.get_executor())
# ```
#
# In a terminal, `make diagnose FILE=data/private` writes a line for each row. With `ARGS=--csv` it is a table in which
# no cell is a formula: mail is written by strangers, and spreadsheets calculate.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## In three sentences
#
# Count by your own ways of sending first, and by receivers second: a cause belongs to a way. A first date tells when
# something changed, and evaluating the same mail with DNS before and after tells whether that was it. Bounces never
# tell how much arrived, so they make no ranking of receivers.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Exercises
#
# 1. Not everybody follows a policy from the first day on. When did GMX first refuse because of DMARC?

# %% slideshow={"slide_type": "skip"}
day = ...  # such as "2026-04-14"

h.check_answer("14-gmx", day)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
gmx = refused[refused["receiver"].str.startswith("GMX") & (refused["blamed"] == "dmarc")]
h.check_answer("14-gmx", gmx["date"].min())

# %% [markdown] slideshow={"slide_type": "skip"}
# 2. The move of 3 March could have gone unnoticed. Which SPF record at `orchard.example` lets both servers pass,
#    the old one at 203.0.113.25 and the new one at 203.0.113.77, and nobody else?

# %% slideshow={"slide_type": "skip"}
record = ...  # as text

h.check_answer("14-spf", record)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.check_answer("14-spf", "v=spf1 ip4:203.0.113.25 ip4:203.0.113.77 -all")

# %% [markdown] slideshow={"slide_type": "skip"}
# Publish it a day before the move, and take the old address out a week after.
#
# 3. Somebody has to answer for the office's way. Pick the rows that a service which aligns would have prevented, all
#    of them and no others, and give their `message` numbers.

# %% slideshow={"slide_type": "skip"}
rows = ...  # such as box[box["receiver"] == "Gmail"]["message"]

h.check_answer("14-rows", rows)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
office = box[(box["mail_from_domain"] == "gmail.com") & box["blamed"].notna()]
h.check_answer("14-rows", office["message"])

# %% [markdown] slideshow={"slide_type": "skip"}
# 4. Open-ended: read your own mailbox. Which of your ways has refusals for authentication, and what happened on the
#    day of the first?
#
# ---
# **Sources:** reports of failed delivery: RFC 3464 §2.2 and §2.3; status codes: RFC 3463 §2 and §3; codes for
# authentication: RFC 7372 §3; mbox: RFC 4155; what a policy asks of receivers, and what they do: RFC 9989 §5.3
# and §7.4. GMX has followed `p=reject` since May 2026 (email-tools.me, 6 May 2026).
