# %% [markdown] slideshow={"slide_type": "slide"}
# # The mail that worked for years
#
# **One bounce, three domains, and what an owner can do about it. 25 minutes.**
#
# > `550 5.7.1 Your message was rejected due to fujiba.net's DMARC policy.`
#
# Every claim on these slides is computed while you look at it, from the real bytes of the mail.

# %% slideshow={"slide_type": "skip"}
import helpers as h

zone = h.sample_zone("fujiba")
bounce = h.read_bounce("../data/sample_headers/incident_bounce.eml")
mail = h.read_message("../data/sample_headers/incident_received.eml")
found = h.authenticate(mail, dns=zone)
diagnosis = h.diagnose(bounce, dns=zone)

# %% [markdown] slideshow={"slide_type": "notes"}
# 0:00. Read the line aloud, and ask who has seen one like it. Ask whose policy it is: the receiver's or
# fujiba.net's? Leave the answer open until "The bounce, read slowly".

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Somebody owns a domain
#
# - Mail **to** `fujiba.net` goes to Mailgun, which forwards it to a Gmail mailbox.
# - Mail **from** it is written in macOS Mail, as `monthly@fujiba.net`, and leaves through `smtp.gmail.com`.
# - It worked for years. One day the monthly mail to a customer came back.
#
# Nothing had been changed. Or had it?

# %% [markdown] slideshow={"slide_type": "notes"}
# 1:00. The change was at the receivers: since 2024 large ones do what the domain asks for. The domain had asked for
# it all along.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The bounce, read slowly

# %% slideshow={"slide_type": "-"} tags=["remove-input"]
reply = bounce.replies[0]
print("who refused:   ", reply.receiver)
print("code:          ", reply.code, reply.enhanced, "– a policy said no, and it is final")
print("what it blames:", bounce.blamed, "of", bounce.blamed_domain)
print("whose record:  ", found.dmarc.record.text)

# %% [markdown] slideshow={"slide_type": "-"}
# The policy is **the owner's own**. It stands in the DNS of `fujiba.net`, and the receiver did as it was asked.

# %% [markdown] slideshow={"slide_type": "notes"}
# 2:00. Now the answer: the record is printed above. A receiver can be lenient, it can't change what is asked for.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## How the mail travelled
#
# Read upwards: each server writes its line on top. Which one is the first that knows the author?

# %% slideshow={"slide_type": "-"} tags=["remove-input"]
h.hops_figure(mail)

# %% [markdown] slideshow={"slide_type": "notes"}
# 3:30. The lowest line is Google's submission server. That is where the envelope was written. Point out that only
# the line of the receiver itself can be trusted by the receiver.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One mail, four names
#
# | who says it | where | here |
# |---|---|---|
# | the reader's screen | `From:` | `fujiba.net` |
# | the envelope | MAIL FROM, later `Return-Path` | `gmail.com` |
# | the greeting | HELO | a server of Google |
# | a signature | `d=` | nobody, or Google |
#
# The reader sees the first. The checks ask about the others.

# %% [markdown] slideshow={"slide_type": "notes"}
# 5:00. If you draw one thing on the board, draw this: an envelope and a letter in it, with two senders.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Question 1, SPF: may this server use this envelope?

# %% slideshow={"slide_type": "-"} tags=["remove-input"]
h.spf_figure(found.spf)

# %% [markdown] slideshow={"slide_type": "-"}
# A clear **pass**. For whom?

# %% [markdown] slideshow={"slide_type": "notes"}
# 6:30. Let the room say it: for gmail.com. The record of fujiba.net was not even asked for; it is nowhere in this
# picture. So "add Gmail to your SPF record" can't change anything. We prove it in a minute.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Question 2, DKIM: has somebody signed these bytes?
#
# Gmail signs some mail, in its own name. A signature covers chosen header fields and the body.

# %% slideshow={"slide_type": "-"} tags=["remove-input"]
signed = h.read_message("../data/sample_headers/incident_signed_by_gmail.eml")
h.dkim_figure(signed, dns=zone)

# %% [markdown] slideshow={"slide_type": "notes"}
# 8:30. Two hashes: one for the header fields listed in h=, one for the body. Again a pass, again for gmail.com.
# X-Google-DKIM-Signature is not one: no receiver looks at it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Question 3, DMARC: is one of them the domain that the reader sees?

# %% slideshow={"slide_type": "-"} tags=["remove-input"]
h.alignment_figure(h.authenticate(signed, dns=zone))

# %% [markdown] slideshow={"slide_type": "-"}
# **Two passes, and none of them is `fujiba.net`.** That is all there is to this bounce.

# %% [markdown] slideshow={"slide_type": "notes"}
# 10:30. The heart of the talk. Stop here and let somebody explain it back to you.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Where the policy comes from
#
# The receiver climbs from the domain in `From` towards the root and looks for a record below `_dmarc`.

# %% slideshow={"slide_type": "-"} tags=["remove-input"]
h.discovery_figure(found.dmarc)

# %% [markdown] slideshow={"slide_type": "notes"}
# 12:30. RFC 9989 replaced the list of public suffixes by this walk. For most domains both give the same answer.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## An assistant's advice, tried
#
# > Add `include:_spf.google.com` to the SPF record of `fujiba.net`.

# %% slideshow={"slide_type": "-"}
advised = zone.with_records(
    "fujiba.net", "TXT", ["v=spf1 include:mailgun.org include:_spf.google.com ~all"]
)
after = h.authenticate(mail, dns=advised)
print("before:", found.dmarc.result, "/ after:", after.dmarc.result)

# %% [markdown] slideshow={"slide_type": "-"}
# The record is right, and nobody reads it. SPF asks for the domain in the **envelope**.

# %% [markdown] slideshow={"slide_type": "notes"}
# 14:00. Run this one live. It is the sentence that most help pages begin with.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## More advice, tried in vain

# %% slideshow={"slide_type": "-"} tags=["remove-input"]
for fix in diagnosis.rejected_fixes[:4]:
    print("✘", fix.title)

# %% [markdown] slideshow={"slide_type": "-"}
# Each was applied to a copy of the mail, its envelope and its DNS, and evaluated again. None ends with a pass.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## And what works

# %% slideshow={"slide_type": "-"} tags=["remove-input"]
for fix in diagnosis.fixes:
    print("✔" if fix.protection_kept else "!", fix.title)

# %% [markdown] slideshow={"slide_type": "-"}
# The last one lets the mail through, and everybody else's who writes as `fujiba.net`.

# %% [markdown] slideshow={"slide_type": "notes"}
# 15:30. Ask which of these costs nothing. Mailgun is there already and its servers are in the SPF record; but the
# mail program has to send through it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Which service aligns?

# %% slideshow={"slide_type": "-"} tags=["remove-input"]
six = ("mailgun", "mailtrap", "google-workspace", "sendgrid", "postmark", "amazon-ses", "gmail")
h.services_figure(h.services.simulate(mail, domain="fujiba.net", dns_zone=zone, services=six))

# %% [markdown] slideshow={"slide_type": "notes"}
# 17:00. The question to a service is not "do you support DMARC?" but "is my domain in Return-Path, and in d=?".

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Three lines of DNS

# %% slideshow={"slide_type": "-"} tags=["remove-input"]
needed = [
    record for record in h.services.records_for("mailtrap", domain="fujiba.net") if record.required
]
h.services_table(needed)

# %% [markdown] slideshow={"slide_type": "-"}
# *Host* is the part before your domain: most panels append the domain by themselves.

# %% [markdown] slideshow={"slide_type": "notes"}
# 18:30. The commonest mistake of all: pasting the whole name. The record then exists where nobody looks.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The same mail, after

# %% slideshow={"slide_type": "-"} tags=["remove-input"]
h.alignment_figure(
    h.diagnose("../data/sample_headers/fixed_by_service.eml", dns=h.sample_zone("fujiba-fixed"))
)

# %% [markdown] slideshow={"slide_type": "-"}
# Two solid lines. One would do; the second is a reserve.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Still refused? Look which server took it
#
# macOS Mail binds an outgoing server to an *account*. An alias in the Gmail account goes out through Gmail,
# whatever DNS says.

# %% slideshow={"slide_type": "-"}
with h.lab(zone) as net:
    net.zone = zone | net.records("service", "fujiba.net")
    print("as an alias:  ", net.send(from_="monthly@fujiba.net", through="gmail").reply)
    print("as an account:", net.send(from_="monthly@fujiba.net", through="service").reply)

# %% [markdown] slideshow={"slide_type": "notes"}
# 20:00. Real SMTP on this machine. The two lines differ in one setting of the mail program.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The reserve is needed: forwarding
#
# The reader may have the mail forwarded. What is left of each identifier then?

# %% slideshow={"slide_type": "-"} tags=["remove-input"]
forwarded = h.authenticate(
    "../data/sample_headers/forwarded_signed.eml", dns=h.sample_zone("forwarding")
)
h.alignment_figure(forwarded)

# %% [markdown] slideshow={"slide_type": "-"}
# SPF asks which server speaks, and now it is the forwarder's. **Sign with your own domain.**

# %% [markdown] slideshow={"slide_type": "slide"}
# ## "Then ask for less: `p=none`"
#
# The mail gets through. A forgery, under three policies:

# %% slideshow={"slide_type": "-"}
for policy in ("none", "quarantine", "reject"):
    asked = zone.with_records("_dmarc.fujiba.net", "TXT", [f"v=DMARC1; p={policy}"])
    check = h.authenticate("../data/sample_headers/spoof.eml", dns=asked).dmarc
    print(f"p={policy:11} dmarc={check.result}, receivers are asked to do: {check.disposition}")

# %% [markdown] slideshow={"slide_type": "notes"}
# 22:00. The result never changes, only what is done about it. Authentication first, then the policy.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Your own bounce
#
# 1. Save it as `.eml`, and give it to the kit: lesson 13, or `make diagnose FILE=…`. It stays on your machine.
# 2. Look at the *names*: who is in `From`, in `Return-Path`, in `d=`?
# 3. Find the service that puts **your** domain into one of the last two, better into both.
# 4. Change a copy of DNS first, and look what would happen.

# %% [markdown] slideshow={"slide_type": "notes"}
# 23:30. If there is time, take a bounce from the room. Everything works offline; live DNS is asked only on request.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## In three sentences
#
# SPF and DKIM say who was vouched for, and DMARC asks whether that is the domain the reader sees. A bounce that
# names your policy is your own record at work. Do not loosen it: get one pass for your own domain, better two.

# %% [markdown] slideshow={"slide_type": "skip"}
# ---
# **Sources:** SPF RFC 7208 §2.4, DKIM RFC 6376 §3.7, alignment RFC 9989 §4.4, discovery RFC 9989 §4.10.1, refusals RFC 9989
# §7.2. Each slide's lesson: 01 the bounce, 02 headers, 03 SPF, 04 DKIM, 05 and 06 DMARC and alignment, 07 to 10 trying,
# choosing and fixing, 11 forwarding, 13 your own bounce.
