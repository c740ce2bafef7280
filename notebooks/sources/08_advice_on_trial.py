# %% [markdown] slideshow={"slide_type": "slide"}
# # 08 – Advice on trial
#
# **Which of the things that everybody advises would have helped?**
#
# The owner of `fujiba.net` pasted one line of the bounce into an assistant and got a long answer; forums gave
# more. Some of it is right, some is right for somebody else, some is wrong, and all of it sounds alike. Here
# every claim gets an experiment.
#
# *Needs: [07 – Reproduce it](07_reproduce_it.ipynb).*

# %% slideshow={"slide_type": "-"}
import helpers as h

zone = h.sample_zone("fujiba")
net = h.lab(zone).start()

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The court
#
# For each claim: say **true**, **false** or **depends** before you run the cell. The judge is the receiver of
# the lab. This cell writes down how every mail ended: DMARC's result, and what the receiver did.

# %% slideshow={"slide_type": "-"}
docket = []


def rule(claim, verdict, **mails):
    seen = []
    for what, mail in mails.items():
        end = "delivered" if mail.delivered else "refused"
        seen.append(f"{what}: {mail.authentication.dmarc.result}, {end}".replace("_", " "))
    print(*seen, sep="\n")
    docket.append((claim, verdict, "; ".join(seen)))


def send(dns=zone, author="monthly@fujiba.net", **how):
    return net.with_zone(dns).send(from_=author, **how)


# %% [markdown] slideshow={"slide_type": "notes"}
# Play it as a court: read the claim, take hands for true, false, depends, and only then run the cell. All claims fit
# into half an hour; with less time take *SPF*, *`-all`* and *what has to pass*.


# %% [markdown] slideshow={"slide_type": "slide"}
# ## Let SPF know about Gmail
#
# > Put `include:_spf.google.com` into the SPF record of `fujiba.net`.
#
# The same record is tried twice: once through Gmail, once through Google Workspace.

# %% slideshow={"slide_type": "-"} tags=["misconception-01"]
included = ["v=spf1 include:mailgun.org include:_spf.google.com ~all"]
advised = zone.with_records("fujiba.net", "TXT", included)
gmail, workspace = send(advised, through="gmail"), send(advised, through="workspace")
rule("add an SPF include for Gmail", "depends", Gmail=gmail, Workspace=workspace)
print("asked about:", *(mail.authentication.spf.domain for mail in (gmail, workspace)))

# %% [markdown] slideshow={"slide_type": "-"}
# **Depends**, and for this mail it is false. Both relays send from the same address; what differs is the name
# that SPF asked about. A private Gmail account puts itself into `MAIL FROM`, and nobody reads the record of
# `fujiba.net`. The advice is right for Workspace. The pasted line did not say which of them it was.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A key for Gmail
#
# > Gmail needs DKIM, so publish a DKIM key for it in your DNS.
#
# The key below is real, and it is the right one. Does Gmail use it?

# %% slideshow={"slide_type": "-"}
key = net.records("workspace", "fujiba.net").without("fujiba.net")
gmail, workspace = send(zone | key, through="gmail"), send(zone | key, through="workspace")
rule("publish a DKIM key for Gmail", "false", Gmail=gmail, Workspace=workspace)

# %% [markdown] slideshow={"slide_type": "-"}
# **False.** A key verifies signatures, it makes none. Nobody at Gmail holds the private half for a domain that
# its owner never registered there, and there is no button for it. In Workspace there is one.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One SPF record for each service
#
# > You have an SPF record for Mailgun. Add a second one for your own server.
#
# The mail now leaves by a server of the domain's own, at 203.0.113.64. First one record with both, then two
# records.

# %% slideshow={"slide_type": "-"} tags=["misconception-12"]
one = zone.with_records("fujiba.net", "TXT", ["v=spf1 include:mailgun.org ip4:203.0.113.64 ~all"])
pair = ["v=spf1 include:mailgun.org ~all", "v=spf1 ip4:203.0.113.64 ~all"]
two = zone.with_records("fujiba.net", "TXT", pair)
together, apart = send(one, through="own"), send(two, through="own")
rule("one SPF record for each service", "false", one=together, two=apart)
print(apart.authentication.spf.result, "-", apart.authentication.spf.reason)

# %% [markdown] slideshow={"slide_type": "-"}
# **False**, and harmful: with two records SPF is an error for *every* server, Mailgun included (RFC 7208
# §4.5). Two services, one record.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Close the record
#
# > `-all` is safer than `~all`: it keeps forgers out.
#
# A forger at 198.51.100.200 writes as `fujiba.net`. Who stops him?

# %% slideshow={"slide_type": "-"}
hard = zone.with_records("fujiba.net", "TXT", ["v=spf1 include:mailgun.org -all"])
forger = {"through": "direct", "client_ip": "198.51.100.200"}
soft_end, hard_end, ours = send(zone, **forger), send(hard, **forger), send(hard)
rule("-all is safer", "depends", forger_soft=soft_end, forger_hard=hard_end, ours_hard=ours)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The DMARC policy stops him, either way, and our own mail is none the better for it. But `-all` has a price.
# Some receivers refuse at once for it, before they have seen a signature that might pass. Here are the words
# of such a refusal:

# %% slideshow={"slide_type": "-"} tags=["misconception-13"]
early = h.read_bounce("../data/sample_headers/bounce_gmail_spf.eml")
print(early.blamed, "-", early.replies[0].text[:84], "…")

# %% [markdown] slideshow={"slide_type": "-"}
# **Depends.** For a domain that sends no mail at all, `-all` is right. Where mail is signed and forwarded,
# `~all` and a DMARC policy are the better pair (RFC 9989 §7.1).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Loosen the DMARC record
#
# > Set `p=none` and it is solved.
# >
# > Your alignment is too strict, make it relaxed.
#
# Two claims, and the forger again.

# %% slideshow={"slide_type": "-"} tags=["misconception-25", "misconception-08"]
none, relaxed = (
    zone.with_records("_dmarc.fujiba.net", "TXT", [f"v=DMARC1; {tags}"])
    for tags in ("p=none", "p=reject; aspf=r; adkim=r")
)
rule("p=none solves it", "depends", ours_none=send(none), forger_none=send(none, **forger))
rule("relaxed alignment solves it", "false", ours_relaxed=send(relaxed))

# %% [markdown] slideshow={"slide_type": "-"}
# `p=none` **depends** on what you want: the bounce is gone, and the forger's mail gets in, too. It is for
# watching, not for repair. *Relaxed* is **false**: it is the default already. It forgives a different
# subdomain, never a different organization.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Set something in the mail client
#
# > Use *Send mail as* in Gmail's settings.
#
# That dialog asks for an outgoing server. The claim doesn't say which, so try two. The service has its
# records here.

# %% slideshow={"slide_type": "-"}
ready = zone | net.records("service", "fujiba.net")
as_gmail, as_service = send(ready, through="gmail"), send(ready, through="service")
rule("use Send mail as", "depends", by_Gmail=as_gmail, by_the_service=as_service)

# %% [markdown] slideshow={"slide_type": "-"}
# **Depends** on that server, and on nothing else in the dialog. It is no authentication, it is a way to say
# which server sends.

# %% [markdown] slideshow={"slide_type": "subslide"}
# > Untick *Treat as an alias*. Or set `Return-Path` and `Sender` by hand.
#
# The lab can't click in Gmail. It can write every header that such a setting might change.

# %% slideshow={"slide_type": "-"} tags=["misconception-17", "misconception-18"]
text = "From: monthly@fujiba.net\nTo: desk@737flight.example\nSubject: Monthly report\n\nHello\n"
extra = ("Sender: owner.example@gmail.com\n", "Return-Path: <monthly@fujiba.net>\n")
sender, path = (send(raw=line + text) for line in extra)
as_account = send(raw=text.replace("monthly@fujiba.net", "owner.example@gmail.com"), author=None)
rule("an alias or header setting", "false", Sender=sender, Return_Path=path, From_Gmail=as_account)

# %% [markdown] slideshow={"slide_type": "-"}
# **False.** DMARC compares `From` with two names: that in `MAIL FROM`, which the server writes, and `d=` in a
# signature, which the server makes. A client only controls `From`. Giving *that* up passes, and then the mail
# is from `gmail.com`.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What has to pass?
#
# > SPF and DKIM both have to pass.
# >
# > If both pass, DMARC passes.
#
# The service with one record only, twice; then Gmail on a day when it also signs.

# %% slideshow={"slide_type": "-"} tags=["misconception-05", "misconception-03"]
only_path = send(ready.without("svc1._domainkey.fujiba.net"), through="service")
only_key = send(ready.without("bounce.fujiba.net"), through="service")
rule("both have to pass", "false", only_Return_Path=only_path, only_signature=only_key)
signing = send(through="gmail-signing")
rule("if both pass, DMARC passes", "false", Gmail_signing=signing)
print("SPF", signing.authentication.spf.result, "- DKIM", signing.authentication.dkim[0].result)

# %% [markdown] slideshow={"slide_type": "-"}
# **False**, both ways round. One aligned pass is enough (RFC 9989 §5.3.5), and two passes for `gmail.com` are
# not one for `fujiba.net`. Count what is *aligned*, not what is green.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The receiver's policy
#
# > It is the recipient's DMARC policy. Ask them to relax it.
#
# Two receivers that never heard of each other. Only the record of `fujiba.net` changes.

# %% slideshow={"slide_type": "-"} tags=["misconception-11"]
apple, yahoo = send(receiver="apple"), send(receiver="yahoo")
watching = send(none, receiver="yahoo")
rule("it is the receiver's policy", "false", Apple=apple, Yahoo=yahoo, Yahoo_at_none=watching)

# %% [markdown] slideshow={"slide_type": "-"}
# **False.** They do what the record of the author domain asks for. A grain is left: a receiver has the last
# word, and may let in what fails or turn away what passes (RFC 9989 §5.4).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Another way out of the house
#
# > Send through a service, and verify your domain there.
#
# That stood in the assistant's answer too, far below the rest. Before and after verification:

# %% slideshow={"slide_type": "-"}
before, after = send(through="service"), send(ready, through="service")
rule("send through a verified service", "true", before=before, verified=after)

# %% [markdown] slideshow={"slide_type": "-"}
# **True**, and the second half is what does it: a service that was not told of the domain vouches for itself.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The verdicts
#
# The last column was not typed in: it is what the receivers did.

# %% slideshow={"slide_type": "-"} tags=["remove-input"]
import pandas as pd

net.close()
pd.set_option("display.max_colwidth", None)
columns, rows = ["claim", "verdict", "experiment"], range(1, len(docket) + 1)
pd.DataFrame(docket, index=rows, columns=columns)

# %% [markdown] slideshow={"slide_type": "subslide"}
# One is true. Four depend on something that the pasted line did not hold: which server sends, what else the
# domain does, what the owner wants. The kit tries the usual claims by itself and says why not:

# %% slideshow={"slide_type": "-"}
bounce = h.read_bounce("../data/sample_headers/incident_bounce.eml")
diagnosis = h.diagnose(bounce, dns=zone)
for tried in diagnosis.rejected_fixes:
    print("✘", tried.title)
    print("  ", tried.why)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Ask better
#
# The assistant was not stupid, it was blind. What can anybody know from that one line?

# %% slideshow={"slide_type": "-"}
line = h.diagnose("550 5.7.1 Your message was rejected due to fujiba.net's DMARC policy.", dns=None)
for sentence in line.unchecked:
    print("-", sentence)

# %% [markdown] slideshow={"slide_type": "-"}
# So it guessed what is most frequent. Give facts instead. The **evidence pack** is the whole diagnosis as text,
# made to be pasted into a ticket or an assistant. What will it have that the line had not?

# %% slideshow={"slide_type": "subslide"}
pack = h.evidence_pack(diagnosis, hide_addresses=True)
print("\n".join(row for row in pack.splitlines() if row.startswith(("# ", "## "))))

# %% [markdown] slideshow={"slide_type": "-"}
# Facts, each with how it is known; what helps, with its proof; what was tried in vain, so that nobody suggests
# it again; and what is not known. Addresses of people are hidden. Then ask for an experiment, not an opinion:
#
# 1. *Which line of this evidence does your advice rest on?*
# 2. *Exactly which record or setting changes, and to what value?*
# 3. *What would I see if you are wrong?*

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What was left out
#
# A trial shows what follows from the rules for *this* mail and *this* zone; for yours a claim may end
# otherwise. The lab's receivers judge by DMARC alone, while real ones also weigh reputation, content and
# volume. And a dozen claims are not all there are.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## In three sentences
#
# Most of the advice is an answer to somebody else's mail, since one pasted line does not say who wrote the
# envelope and who signed. A claim about e-mail authentication can be tested in a minute, and should be before
# anything is published. Whoever asks with facts gets an answer that can be checked.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Exercises
#
# 1. The advice to add `include:_spf.google.com` is an answer to somebody else's mail. To whose? Name a relay of
#    the lab (`h.lab.RELAYS` has them) for which it turns DMARC's fail into a pass.

# %% slideshow={"slide_type": "skip"}
relay = ...  # a relay's name, as text

h.check_answer("08-right-for", relay)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.check_answer("08-right-for", "workspace")

# %% [markdown] slideshow={"slide_type": "skip"}
# 2. "Begin gently, with `pct=0`", says an old guide. RFC 9989 §4.7 has another tag for testing. Write the record that
#    announces `reject` and asks receivers that follow it for `quarantine` only.

# %% slideshow={"slide_type": "skip"}
record = ...  # your record, as text

h.check_answer("08-gently", record)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.check_answer("08-gently", "v=DMARC1; p=reject; t=y; rua=mailto:dmarc@fujiba.net")

# %% [markdown] slideshow={"slide_type": "skip"}
# 3. Find a piece of advice about DMARC that is not in this lesson. Write its experiment so that it could come
#    out either way, and only then run it. (Open-ended.)
#
# ---
#
# **Sources:** SPF asks about MAIL FROM: RFC 7208 §2.4; one record: §3.2 and §4.5. What a signature says: RFC
# 6376 §3.5. Return-Path is written at delivery: RFC 5321 §4.4. One aligned pass: RFC 9989 §4.4 and §5.3.5. `-all` and
# DMARC: RFC 9989 §7.1. Whose policy: RFC 9989 §4.1. `pct` and `t`: RFC 9989 §4.7 and appendix A.6.
