# %% [markdown] slideshow={"slide_type": "slide"}
# # 10 – Fixing it
#
# **Which records go where, what happens when I publish them, and how do I know that it worked?**
#
# Knowing the cause does not deliver a single mail. After this lesson you can turn "use a service" into three
# lines in a DNS panel and one setting in the mail program, and test each step before it touches your domain.
#
# *Needs: [[09]].*

# %% slideshow={"slide_type": "-"}
import helpers as h

bounce = h.read_bounce("../data/sample_headers/incident_bounce.eml")
mail = h.read_message("../data/sample_headers/incident_received.eml")
zone = h.sample_zone("fujiba")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What helps at all?
#
# The kit changes a copy of the message, its envelope or DNS, evaluates it again, and lists what passes then.
# Before you run it: is `p=none` among the fixes?

# %% slideshow={"slide_type": "-"}
diagnosis = h.diagnose(bounce, dns=zone)
for fix in diagnosis.fixes:
    print("✔" if fix.protection_kept else "!", fix.title)

# %% [markdown] slideshow={"slide_type": "-"}
# It is, at the end and with a warning: the mail gets through, and so does everybody else's who writes as
# `fujiba.net`. The first one is the service that the owner has already. In the story the choice was Mailtrap,
# which does two of the others at once, Return-Path and signature. The steps are the same for every service.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## From the service to the DNS panel
#
# These are the records that Mailtrap asks for, as Squarespace's panel takes them.

# %% slideshow={"slide_type": "-"}
asked = h.services.records_for("mailtrap", domain="fujiba.net")
h.services_table([record for record in asked if record.required])

# %% [markdown] slideshow={"slide_type": "-"}
# `{number}` is on the service's page; everything else is literal. The column *host* is what goes into the
# panel's field of that name: the part **before** your domain, and `@` for the domain itself.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Why not the whole name?
#
# Service pages often show `rwmt1._domainkey.fujiba.net`. Squarespace appends the domain to whatever stands in
# *Host*. So what does the pasted name become, and what would a receiver find? Here is the mail as Mailtrap
# would send it, with example numbers, and DNS with the names as they were pasted.

# %% slideshow={"slide_type": "-"}
sent = h.services.send_through("mailtrap", mail, domain="fujiba.net", verified=True)
needed = [record for record in sent.records if record.required]
pasted = zone | sent.world
for record in needed:
    pasted = pasted.with_records(f"{record.name}.fujiba.net", record.type, [record.value])
    print(f"{record.name}.fujiba.net")
print(h.authenticate(sent.message, envelope=sent.envelope, dns=pasted).dmarc.reason)

# %% [markdown] slideshow={"slide_type": "-"}
# The records exist, at names that nobody asks for. The panel shows them with a friendly tick. Look at the
# *whole* name after saving; many panels print it below the field.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Before publishing: what would change?
#
# DNS answers are kept by others for minutes to hours, so a mistake stays. A zone here is a value: publish
# into a copy and compare. Predict: how many of the records that exist now have to change?

# %% slideshow={"slide_type": "-"}
after = h.services.publish(zone, needed)
print("taken away:", sorted(set(zone.rows()) - set(after.rows())))
for name, rdtype, value in sorted(set(after.rows()) - set(zone.rows())):
    print("added:     ", name, rdtype, value)

# %% [markdown] slideshow={"slide_type": "-"}
# None. Three names are added, MX and SPF of `fujiba.net` stay what they were, and so Mailgun goes on
# forwarding.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### And what would a receiver say?
#
# `Overlay` lays changed records over any DNS: here over a zone, and over `h.LiveDns()` it asks real servers for
# everything that you did not change. Look for the solid lines.

# %% slideshow={"slide_type": "-"}
changes = {record.name: {record.type: [record.value]} for record in needed}
planned = h.Overlay(zone | sent.world, changes)
h.alignment_figure(h.authenticate(sent.message, envelope=sent.envelope, dns=planned))

# %% [markdown] slideshow={"slide_type": "-"}
# Both identifiers align.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### And the SPF record of `fujiba.net`?
#
# Many set-up pages ask for an `include` of the service in the domain's own record, and most owners have a pile of them
# there. What will it change here?

# %% slideshow={"slide_type": "-"} tags=["misconception-20"]
more = ["v=spf1 include:mailgun.org include:_spf.smtp.mailtrap.live ~all"]
for world in (planned, h.Overlay(planned, {"fujiba.net": {"TXT": more}})):
    found = h.authenticate(sent.message, envelope=sent.envelope, dns=world)
    print(found.spf.result, "for", found.spf.domain, "- dmarc", found.dmarc.result)

# %% [markdown] slideshow={"slide_type": "-"}
# Nothing. SPF asks for the domain in Return-Path, `mt64.fujiba.net`, and is led from there to the service's own record.
# At `fujiba.net` the entry would only use up look-ups. It belongs there for services that write `fujiba.net` itself into
# Return-Path.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## DNS is right, and the mail is still refused
#
# The records are published, and every checker on the web shows them green. So the mail is authenticated? The owner
# opens macOS Mail, enters the new outgoing server, writes as `monthly@fujiba.net` and presses *Send*. The lab does
# that over real SMTP, with a sending service that works like Mailtrap.

# %% slideshow={"slide_type": "-"} tags=["misconception-19"]
with h.lab(zone) as net:
    net.zone = zone | net.records("service", "fujiba.net")
    for name in ("bounce.fujiba.net", "svc1._domainkey.fujiba.net", "_dmarc.fujiba.net"):
        print("✔" if net.dns(name, "TXT").values else "✘", name)
    trace = net.send(from_="monthly@fujiba.net")
print(trace.reply)
print("handed in at:", trace.hops[0].server)

# %% [markdown] slideshow={"slide_type": "-"}
# A checker sees records, never the message, and this one used none of them: it went out through **Gmail**. In macOS
# Mail an outgoing server belongs to an *account*. The address at `fujiba.net` is a mere alias in the Gmail account, so
# whatever is written with it takes the Gmail account's server. A server in the list that no account uses is never
# asked.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### An account of its own
#
# So `fujiba.net` becomes an account, with the service as *its* outgoing server.

# %% slideshow={"slide_type": "-"}
accounts = [
    h.lab.Account("owner.example@gmail.com", outgoing="gmail"),
    h.lab.Account("monthly@fujiba.net", ("monthly@fujiba.net",), outgoing="service"),
]
with h.lab(zone, accounts=accounts) as net:
    net.zone = zone | net.records("service", "fujiba.net")
    trace = net.send(from_="monthly@fujiba.net")
print(trace.reply)

# %% [markdown] slideshow={"slide_type": "-"}
# Delivered, with the same DNS. (An account wants an incoming server, too: mail to `fujiba.net` ends up at Gmail,
# so that is the one to enter.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Which server was it?
#
# A header tells, too. Servers write upwards, so the **lowest** `Received` line is the first server's. Compare the
# story's mail with the one that just arrived.

# %% slideshow={"slide_type": "-"}
for one in (mail, trace.received):
    print("handed in at:", one.hops[0].by)
    print("Return-Path: ", one.return_path)
    signers = [check.domain for check in h.verify_dkim(one, dns=net.dns)]
    print("signed by:   ", *(signers or ["nobody"]))

# %% [markdown] slideshow={"slide_type": "-"}
# Three lines show whether the change has reached your mail: first server, `Return-Path`, and `d=`. Send a mail to
# yourself and look at them before you write to a customer.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The last proof
#
# Now Mailtrap's own names, records and signature, by SMTP to the receiver that refused the mail. One line each,
# before and after publishing.

# %% slideshow={"slide_type": "-"}
how = {"through": "direct", "client_ip": sent.envelope.client_ip}
with h.lab(zone | sent.world) as net:
    print("before:", net.send(sent.raw, from_=sent.envelope.mail_from, **how).reply)
    net.zone = after | sent.world
    print("after: ", net.send(sent.raw, from_=sent.envelope.mail_from, **how).reply)

# %% [markdown] slideshow={"slide_type": "-"}
# The same bytes, the same receiver, the same strict policy. Three records make the difference.

# %% [markdown] slideshow={"slide_type": "notes"}
# This is the end of the story: stop here for questions before the policy, which is about everybody's domain.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## From `p=none` to `p=reject`
#
# `fujiba.net` had `p=reject` and keeps it. A domain that begins should climb there in steps, and each step needs
# evidence. What does a receiver do with four mails at each step? Guess the last line first.

# %% slideshow={"slide_type": "subslide"} tags=["misconception-08"]
names = ("fixed_by_service", "incident_received", "mailing_list", "spoof")
print(" " * 12, *(f"{name:18}" for name in names))
for policy in ("none", "quarantine", "reject"):
    record = f"v=DMARC1; p={policy}; rua=mailto:dmarc@fujiba.net"
    step = h.sample_zone("fujiba-fixed").with_records("_dmarc.fujiba.net", "TXT", [record])
    found = [h.authenticate(f"../data/sample_headers/{name}.eml", dns=step) for name in names]
    print(f"{policy:12}", *(f"{one.dmarc.result}, {one.dmarc.disposition:11} " for one in found))

# %% [markdown] slideshow={"slide_type": "-"}
# The result never changes, only what is done about it. At `none` nobody is asked to stop the forgery. At
# `reject` receivers are asked to refuse it, and with it the forgotten way through Gmail, and our own mail that a
# list has altered. **Authentication first, then the policy**: a stricter policy mends nothing.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### What counts as evidence?
#
# At `p=none`, `rua=` makes receivers send a daily report of every server that wrote as you (RFC 9990). Stay at
# `none` for at least a month, and as long at `quarantine` (RFC 9989 §7.4 says so for domains whose people write
# to lists), and climb when
#
# 1. every sender of your own is in the reports and passes, the *monthly* mail, too,
# 2. it passes with DKIM, not with SPF alone: that is what a forwarder takes away,
# 3. what still fails is nobody you know, or lists that you can live without.
#
# A step back is one record, and takes effect as slowly as the step forward did.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What can go wrong
#
# A second SPF record, as an old help page asks for, is one classic (lesson 03). Here are two more, each in a copy. Say
# for each what breaks, and who would notice.
#
# **MX records that end the forwarding.** A set-up page lists five more records, and they are pasted, too.

# %% slideshow={"slide_type": "-"}
workspace = h.services.records_for("google workspace", domain="fujiba.net", example=True)
print("before:", zone("fujiba.net", "MX").values)
print("after: ", h.services.publish(zone, workspace)("fujiba.net", "MX").values[:2], "…")

# %% [markdown] slideshow={"slide_type": "-"}
# DMARC passes, outgoing mail is fine, and no mail reaches Mailgun any more. Nobody gets an error. MX is for
# receiving: leave it alone unless you want to receive elsewhere.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Half a set-up.** Amazon SES wants an MX record at the Return-Path's subdomain. Without it, SES falls back
# to its own Return-Path.

# %% slideshow={"slide_type": "-"}
for left_out in ([], ["Return-Path"], ["Return-Path", "DKIM key"]):
    ses = h.services.send_through(
        "ses", mail, domain="fujiba.net", verified=True, left_out=left_out
    )
    found = h.authenticate(ses.message, envelope=ses.envelope, dns=ses.zone(zone)).dmarc
    h.say(f"{found.result} without {left_out or 'nothing'}: {found.reason}")

# %% [markdown] slideshow={"slide_type": "-"}
# One missing record is not noticed: the signature carries it. The second one is the incident again. That is
# why it pays to have both, and to look at both.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## In three sentences
#
# A fix is a few records *and* a mail program that uses the server they speak for. Each can be tried on a copy
# first: what is added, what is taken away, and what a receiver says then. The policy comes last and in steps,
# and a mail to yourself shows in three header lines whether it all holds.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Exercises
#
# 1. A DNS panel that appends the domain: what goes into its field *Host* for the SPF record of `fujiba.net`, for its
#    DMARC record, and for a DKIM key with the selector `k1`?

# %% slideshow={"slide_type": "skip"}
hosts = ...  # {"SPF record": "…", "DMARC record": "…", "DKIM key": "…"}

h.check_answer("10-hosts", hosts)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
hosts = {"SPF record": "@", "DMARC record": "_dmarc", "DKIM key": "k1._domainkey"}
h.check_answer("10-hosts", hosts)

# %% [markdown] slideshow={"slide_type": "skip"}
# 2. Set `fujiba.net` up for Postmark: make a zone in which its mail passes and nothing that was there is lost.

# %% slideshow={"slide_type": "skip"}
new_zone = ...  # a zone, made from `zone`

h.check_answer("10-set-up", new_zone)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
wanted = h.services.records_for("postmark", domain="fujiba.net", example=True)
h.check_answer("10-set-up", h.services.publish(zone, wanted))

# %% [markdown] slideshow={"slide_type": "skip"}
# 3. The newsletter of `news.fujiba.net` is not set up yet and fails. Write the DMARC record of `fujiba.net` that lets it
#    through for now, and still has forgers of `fujiba.net` itself refused.

# %% slideshow={"slide_type": "skip"}
record = ...  # your record, as text

h.check_answer("10-exception", record)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.check_answer("10-exception", "v=DMARC1; p=reject; sp=none; rua=mailto:dmarc@fujiba.net")

# %% [markdown] slideshow={"slide_type": "skip"}
# The price: forgers may use any name below `fujiba.net` in the meantime.
#
# 4. Write down the records that *your* domain needs, and lay them over `h.LiveDns()` with `h.Overlay`. What would
#    be taken away? (Open-ended; this one asks real DNS.)
#
# ---
#
# **Sources:** SPF: one record, RFC 7208 §3.2 and §4.5. Alignment: RFC 9989 §4.4; tags `p`, `t`, `adkim`, `aspf`:
# §4.7; from monitoring to enforcement: §5.1.5–5.1.7 and §7.4. Aggregate reports: RFC 9990. Received lines: RFC 5321 §4.4. CNAME: RFC 1034
# §3.6.2. Records of services: `src/helpers/services/services.json`, each with address and date (read in 2026;
# the SES fallback in Amazon's API reference). Outgoing servers in macOS Mail and the Host field at Squarespace:
# the owner's account of 10 May 2025.
