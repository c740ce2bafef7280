# %% [markdown] slideshow={"slide_type": "slide"}
# # 05 – DMARC
#
# **What does a domain ask of receivers, where do they find it, and do they do it?**
#
# SPF and DKIM end with a domain that was vouched for. DMARC is one record in which the owner of the domain in
# `From` says what should happen when that was somebody else. After this lesson you can read such a record, say
# which one applies to any name, and tell what it asks from what it can't.
#
# *Needs: lessons 03 and 04.*

# %% slideshow={"slide_type": "-"}
import helpers as h

zone = h.sample_zone("fujiba")
mail = h.read_message("../data/sample_headers/incident_received.eml")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The record
#
# It is a TXT record at `_dmarc.` in front of the domain, a list of tags like a DKIM key. Which tags are missing
# in it, and have a value all the same?

# %% slideshow={"slide_type": "-"}
text = zone("_dmarc.fujiba.net", "TXT").values[0]
h.parse_dmarc(text, "fujiba.net")

# %% [markdown] slideshow={"slide_type": "-"}
# Only `v` has to be there (receivers by the older RFC want `p`, too). `p` says what is asked for mail that **fails**: `none`, `quarantine` (put it aside, as
# junk) or `reject`. `adkim` and `aspf` say how exactly names have to agree (lesson 06), `rua` where reports go. All of
# them: RFC 9989 §4.7.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Whose policy is it?
#
# *"Your message was rejected due to fujiba.net's DMARC policy"*, says the receiver. So it is the
# receiver's policy, as one help page explains? Try it: the same mail, three receivers, and one record changed in DNS of
# `fujiba.net`. What will change?

# %% slideshow={"slide_type": "-"} tags=["misconception-11"]
with h.lab(zone) as net:
    for policy in ("reject", "none"):
        net.zone = zone.with_records("_dmarc.fujiba.net", "TXT", [f"v=DMARC1; p={policy}"])
        for receiver in ("apple", "yahoo", "microsoft"):
            reply = net.send(from_="monthly@fujiba.net", receiver=receiver).reply
            print(f"p={policy:7} {receiver:10} {reply[:56]}")

# %% [markdown] slideshow={"slide_type": "-"}
# All three changed their minds at once, and nobody had written to them. Each uses words of its own, and each reads
# the rule in the same place: in the author domain's DNS.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## And a subdomain?
#
# Only `fujiba.net` and `shop.fujiba.net` have records here. What holds for mail from `news`, which exists, and from
# `ghost`, which does not? Some say "no record, no policy", others "it inherits everything". Commit to four answers.

# %% slideshow={"slide_type": "-"}
record = "v=DMARC1; p=reject; sp=quarantine; np=reject; rua=mailto:dmarc@fujiba.net"
wide = zone.with_records("_dmarc.fujiba.net", "TXT", [record])
wide = wide.with_records("news.fujiba.net", "MX", [(10, "mx.fujiba.net")])
wide = wide.with_records("_dmarc.shop.fujiba.net", "TXT", ["v=DMARC1; p=none"])

# %% slideshow={"slide_type": "subslide"} tags=["misconception-22"]
for name in ("fujiba.net", "news.fujiba.net", "ghost.fujiba.net", "shop.fujiba.net"):
    check = h.evaluate_dmarc(author_domain=name, dns=wide)
    reports = ", ".join(check.record.rua) or "nobody"
    print(f"{name:17} {check.policy:11} by {check.policy_domain:16} reports to {reports}")

# %% [markdown] slideshow={"slide_type": "-"}
# `news` gets the record above it, with `sp` in the place of `p`. `ghost` gets `np`: DNS says that there is no such name
# (NXDOMAIN), and nobody honest writes from there. Without `np`, `sp` holds; without `sp`, `p` (RFC 9989 §4.7).
#
# `shop` has a record of its own, and that replaces the other **whole**. Not only the policy: its reports go nowhere.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The tree walk
#
# A receiver can't know that `fujiba.net` is where the names belong. So it climbs: it asks at the name itself, then one
# label higher, up to the top. Forgers like long names. How many questions does this one with 13 labels cost?

# %% slideshow={"slide_type": "-"}
h.discovery_figure(h.tree_walk("a.b.c.d.e.f.g.h.i.j.mail.fujiba.net", wide))

# %% [markdown] slideshow={"slide_type": "subslide"}
# Eight, as for every name that long: the walk skips to the last seven labels (RFC 9989 §4.10). The record with the
# **fewest labels** is at the **organizational domain**, marked ▲.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The nearest record?
#
# A department has a record, too, and mail comes from a name below it. Which of the two policies applies? Look for ◆.

# %% slideshow={"slide_type": "-"}
deep = wide.with_records("_dmarc.dept.fujiba.net", "TXT", ["v=DMARC1; p=none"])
deep = deep.with_records("a.dept.fujiba.net", "MX", [(10, "mx.fujiba.net")])
check = h.evaluate_dmarc(author_domain="a.dept.fujiba.net", dns=deep)
h.discovery_figure(check)

# %% [markdown] slideshow={"slide_type": "-"}
# Not the nearest. Three places count, in this order: the author domain itself, its organizational domain, a public
# suffix domain above (RFC 9989 §4.10.1). The record of `dept` speaks for `dept.fujiba.net` and nothing below.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Where an organization ends
#
# The tag `psd` moves the border of the organization. `n` says: *I am an organization of my own.* `y` says: *I am a
# registry, below me every name is somebody else.* Where does the walk from `a.dept.fujiba.net` end with each?

# %% slideshow={"slide_type": "-"}
for tag in ("psd=u", "psd=n", "psd=y"):
    world = deep.with_records("_dmarc.dept.fujiba.net", "TXT", [f"v=DMARC1; p=none; {tag}"])
    walk = h.tree_walk("a.dept.fujiba.net", world)
    print(tag, f"{len(walk.queries)} questions, organizational domain {walk.organizational_domain}")

# %% [markdown] slideshow={"slide_type": "-"}
# `u` is the default. With `n` or `y` the climb stops there (RFC 9989 §4.10.2): at `n` on the spot, at `y` one label
# below. Most domains need neither.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Two RFCs, one record
#
# Until 2026 it was RFC 7489: no walk, but a *public suffix list* that each receiver keeps a copy of. Receivers move to
# RFC 9989 one by one, so your record is read by both kinds. Here the owner goes carefully: refuse a quarter of what
# fails. Then with the new tag for testing. What does each kind of receiver make of it?

# %% slideshow={"slide_type": "-"} tags=["misconception-21"]
for tags in ("p=reject; pct=25", "p=reject; t=y"):
    dns = zone.with_records("_dmarc.fujiba.net", "TXT", [f"v=DMARC1; {tags}"])
    for rules in ("rfc7489", "rfc9989"):
        asked = h.evaluate_dmarc(author_domain="fujiba.net", dns=dns, rules=rules).steps[-1]
        print(f"{tags:16}  {rules}  {asked.followed.partition(':')[0]}")

# %% [markdown] slideshow={"slide_type": "-"}
# `pct` is gone: whoever follows RFC 9989 skips it and sees `p=reject`, for everything. Receivers had never agreed on any
# share but 0 and 100 (RFC 9989 §A.6). And `t=y`, one level milder, is unknown to the old ones. Neither is gentle
# everywhere; a weaker `p` is.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Who belongs together?
#
# Two mails with a good signature from a neighbour. `bank.example` is a registry (`psd=y`), and a department declares
# itself independent (`psd=n`). For which of them will the two RFCs differ?

# %% slideshow={"slide_type": "-"}
bank = h.Zone.from_dict({"_dmarc.bank.example": {"TXT": ["v=DMARC1; p=reject; psd=y"]}})
dept = zone.with_records("_dmarc.dept.fujiba.net", "TXT", ["v=DMARC1; p=reject; psd=n"])
cases = {
    ("giant.bank.example", "mega.bank.example"): bank,
    ("dept.fujiba.net", "shop.fujiba.net"): dept,
}
for (author, signer), dns in cases.items():
    for rules in ("rfc7489", "rfc9989"):
        check = h.evaluate_dmarc(author_domain=author, dkim=(signer, "pass"), dns=dns, rules=rules)
        print(f"{author:18} {rules} {check.organizational_domain:18} dmarc={check.result}")

# %% [markdown] slideshow={"slide_type": "-"}
# In both mails. The list knows nothing of these borders, and takes the neighbours for one organization. Strict
# alignment, with a record at each author domain, has one answer under both (RFC 9989 §C.3).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What receivers do with `reject`
#
# The story's mail was refused by one receiver, and let in by another that wrote the same `dmarc=fail` (lesson 01). Three
# kinds of receiver get it here, under `p=reject`: one does what is asked, one knows nothing of the sender but the
# policy and keeps to RFC 9989, one only writes down what it found. Which of them delivers?

# %% slideshow={"slide_type": "-"} tags=["misconception-09"]
from dataclasses import replace

with h.lab(zone) as net:
    for does in ("reject", "quarantine", "none"):
        receiver = replace(h.lab.RECEIVERS["plain"], at_reject=does)
        trace = net.send(from_="monthly@fujiba.net", receiver=receiver)
        print(f"{trace.authentication.dmarc.result}, {trace.disposition:10} {trace.reply}")

# %% [markdown] slideshow={"slide_type": "-"}
# Two of three, one of them to the junk folder. The policy is a **request**, and the last word is the receiver's (RFC 9989
# §5.4). §7.4 goes further: receivers MUST NOT reject for `p=reject` alone, and without other knowledge treat it as
# `quarantine`. It adds that few keep to that. So count on both: forged mail that gets in, and own mail that does not.

# %% [markdown] slideshow={"slide_type": "notes"}
# *Presenting:* Ask who in the room runs a receiver, and what it does at reject. MUST NOT is about mailing lists: a refusal makes the
# list think that the subscriber's address is dead.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Does `p=none` protect?
#
# More than a third of the records say `p=none` (37 % of those that MailTester Ninja found at 50,000 domains in 2026). A
# forgery as `fujiba.net` comes in, under a record of that kind. `fail` is certain; and then?

# %% slideshow={"slide_type": "-"} tags=["misconception-08"]
spoof = h.read_message("../data/sample_headers/spoof.eml")
with h.lab(zone) as net:
    for policy in ("none", "reject"):
        net.zone = zone.with_records("_dmarc.fujiba.net", "TXT", [f"v=DMARC1; p={policy}"])
        trace = net.send(spoof.raw, from_="billing@host200.example.net", through="direct")
        print(f"p={policy:7} dmarc={trace.authentication.dmarc.result}  {trace.reply}")

# %% [markdown] slideshow={"slide_type": "-"}
# Delivered. `none` MUST NOT change what a receiver does (RFC 9989 §5.4): it is for watching, and its use are the reports.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### So loosen it until it passes?
#
# Our own mail through Gmail fails. Four records, each looser than the one before. From which on does it *pass*?

# %% slideshow={"slide_type": "-"} tags=["misconception-25"]
for tags in ("p=reject; aspf=s; adkim=s", "p=reject", "p=reject; t=y", "p=none"):
    dns = h.sample_zone("fujiba-fixed").with_records(
        "_dmarc.fujiba.net", "TXT", [f"v=DMARC1; {tags}"]
    )
    ours, forged = (h.authenticate(one, dns=dns).dmarc for one in (mail, spoof))
    print(f"{tags:25} ours: {ours.result}, {ours.disposition:10} forged: {forged.disposition}")

# %% [markdown] slideshow={"slide_type": "-"}
# From none of them. A policy is about mail that has failed, so it can't mend one. And the two columns are the same to
# the letter: to DMARC, our mail through Gmail *is* a forgery. What mends it is in lesson 10.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Watching first
#
# `v=DMARC1; p=none; rua=mailto:dmarc@fujiba.net` is where a domain begins. Many receivers then send a daily report to that
# address: which servers wrote as this domain, how many mails, and whether they passed aligned (RFC 9990). They hold no
# text of any mail. Lesson 12 reads them.
#
# Then step by step: a month or more at `none`, as long at `quarantine`, comparing what the reports say. With `p=reject` a
# domain MUST have DKIM and not SPF alone; one whose people write to mailing lists SHOULD NOT go there at all (RFC 9989
# §7.4).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## In three sentences
#
# The domain in `From` says in one DNS record what it asks for mail that fails, and receivers find it at that name, at
# the organizational domain, or at a registry above. It is a request that some follow to the letter and some do not, and
# two RFCs read it differently at the edges. It never makes a mail pass.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Exercises
#
# 1. Write one record for `fujiba.net`. Mail from `fujiba.net` that fails is only suspicious; existing subdomains are left
#    as they are for now; names that nobody ever made are to be refused.

# %% slideshow={"slide_type": "skip"}
record = ...  # your record, as text
h.check_answer("05-three-answers", record)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.check_answer("05-three-answers", "v=DMARC1; p=quarantine; sp=none; np=reject")

# %% [markdown] slideshow={"slide_type": "skip"}
# 2. `list.fujiba.net` writes to mailing lists. Its mail is not to be refused or put aside, its failures are to be
#    reported to `dmarc@fujiba.net` as before, and everything else stays as strict as the story's record is. Change or
#    add one record.

# %% slideshow={"slide_type": "skip"}
answer = ...  # as {"name": "text of the record"}
h.check_answer("05-own-record", answer)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
own = {"_dmarc.list.fujiba.net": "v=DMARC1; p=none; rua=mailto:dmarc@fujiba.net"}
h.check_answer("05-own-record", own)

# %% [markdown] slideshow={"slide_type": "skip"}
# 3. A record that says `p=reject`, and asks *every* receiver, old or new, for no more than `quarantine`.

# %% slideshow={"slide_type": "skip"}
record = ...  # your record, as text
h.check_answer("05-both-kinds", record)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.check_answer("05-both-kinds", "v=DMARC1; p=reject; t=y; pct=0")

# %% [markdown] slideshow={"slide_type": "skip"}
# Two tags for one wish, each read by one kind of receiver. `pct=0` was one of the two shares that worked.
#
# 4. Climb from a name of your own with `h.tree_walk(name, h.LiveDns())`, then from one at a university. Which record
#    applies to mail from each, and what does it ask? (Open-ended; this one asks real DNS.)
#
# ---
#
# **Sources:** Tags: RFC 9989 §4.7 and §4.8. Tree walk: RFC 9989 §4.10; which record applies: §4.10.1; organizational
# domains: §4.10.2 and §C.3. What receivers do: §5.3, §5.4, §7.2 and §7.4. Existing names: §A.4. `pct` and `t`: §A.6. The older
# rules: RFC 7489 §3.2, §6.3 and §6.6. Reports: RFC 9990. How many records say `none`: MailTester Ninja, 2 July 2026, 50,000
# domains, CC BY 4.0.
