# %% [markdown] slideshow={"slide_type": "slide"}
# # 11 – Forwarding and lists
#
# **I fixed my domain. Why does mail still fail when somebody forwards it?**
#
# Between you and the reader may stand servers that neither of you runs: a forwarder, a mailing list. Each of them
# takes something away. After this lesson you know what, which of the two checks survives which way, and what is
# yours to do about it.
#
# *Needs: lessons 03 to 06 and 10.*

# %% slideshow={"slide_type": "-"}
import helpers as h

forwarding = h.sample_zone("forwarding")
signed = h.read_message("../data/sample_headers/forwarded_signed.eml")
unsigned = h.read_message("../data/sample_headers/forwarded_unsigned.eml")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The story's own forwarder
#
# Mail **to** `fujiba.net` goes to Mailgun, and Mailgun sends it on to a mailbox at Gmail. A customer writes.
# The customer's SPF record lists the customer's one server. Which IP address will Gmail see?

# %% slideshow={"slide_type": "-"}
print(forwarding("customer.example", "TXT").values[0])
for hop in unsigned.hops:
    print(f"{hop.by:18} took it from {hop.helo} [{hop.ip}]")

# %% [markdown] slideshow={"slide_type": "-"}
# The forwarder's. MAIL FROM still says `customer.example`, and `198.51.100.10` is not in that record. It can't
# be: the customer does not know where we let our mail be sent.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### What Gmail finds
#
# The same mail twice, once with the customer's signature and once without. Look at the last word of each line.

# %% slideshow={"slide_type": "-"}
for message in (unsigned, signed):
    found = h.authenticate(message, dns=forwarding)
    dkim = [f"dkim={check.result} for {check.domain}" for check in found.dkim] or ["no signature"]
    print(f"spf={found.spf.result} for {found.spf.domain}, {dkim[0]}: dmarc={found.dmarc.result}")

# %% [markdown] slideshow={"slide_type": "-"}
# SPF breaks on the second hop, as it must: it asks which *server* speaks. A signature asks whether the *bytes* are
# the same, and a forwarder that leaves them alone leaves it whole.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Is the customer's DNS wrong?
#
# That is what the failure looks like. The same records, and the same mail straight from the customer's server:

# %% slideshow={"slide_type": "-"} tags=["misconception-15"]
straight = h.check_spf(client_ip="203.0.113.64", mail_from=unsigned.return_path, dns=forwarding)
forwarded = h.check_spf(client_ip="198.51.100.10", mail_from=unsigned.return_path, dns=forwarding)
print("straight: ", straight.result, "by", straight.matched)
print("forwarded:", forwarded.result, "by", forwarded.matched)

# %% [markdown] slideshow={"slide_type": "-"}
# The records are right. Listing every forwarder of every reader is not possible, and it would let each of them
# write as `customer.example`. What helps is the signature.

# %% [markdown] slideshow={"slide_type": "notes"}
# The room often asks whether Mailgun's servers should go into the customer's record. Ask back who would have to do
# that for the next reader's forwarder.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## SRS: the forwarder's repair
#
# A forwarder can put its own domain into MAIL FROM, with the old address packed inside: the **sender rewriting
# scheme**. Then SPF passes again. Our fixed mail in the lab, through both kinds of forwarder. What will *DMARC*
# gain from SRS?

# %% slideshow={"slide_type": "-"}
fixed = h.sample_zone("fujiba-fixed")
with h.lab(fixed) as net:
    net.zone = fixed | net.records("service", "fujiba.net")
    ways = [
        ["service"],
        ["service", "forwarder"],
        ["service", "forwarder-srs"],
        ["service", "list"],
    ]
    traces = {" → ".join(way): net.send(from_="monthly@fujiba.net", through=way) for way in ways}
    dns = net.dns

# %% [markdown] slideshow={"slide_type": "subslide"}
# The mail left the service with both identifiers aligned. For each way that ended in a mailbox: who is in MAIL
# FROM, and what do the checks say there?

# %% slideshow={"slide_type": "-"}
for way, trace in traces.items():
    if trace.received:
        found = h.authenticate(trace.received, dns=dns)
        aligned = "aligned" if found.dmarc.spf_aligned else "not aligned"
        print(f"{way:24}{trace.received.return_path}")
        print(f"{'':24}spf={found.spf.result}, {aligned}; dmarc={found.dmarc.result}")

# %% [markdown] slideshow={"slide_type": "-"}
# Nothing. SRS turns `spf=fail` into `spf=pass` for **the forwarder's** domain, which is not aligned. It helps
# against receivers that refuse on SPF alone; DMARC passes on the signature in both lines.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Mailing lists
#
# A list changes what it passes on: a word in the subject, a footer. The fourth way went through one. Predict the
# receiver's answer.

# %% slideshow={"slide_type": "-"}
print(traces["service → list"].reply)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The line that we know. Another mail that took that way arrived, at a receiver that was lenient. What is left of
# its two identifiers?

# %% slideshow={"slide_type": "-"}
listed = h.authenticate("../data/sample_headers/mailing_list.eml", dns=fixed)
h.alignment_figure(listed)

# %% [markdown] slideshow={"slide_type": "-"}
# Everything that passes belongs to `lists.example.org`. The author's own signature is there, and fails.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Which part of the signature noticed?

# %% slideshow={"slide_type": "-"}
for check in listed.dkim:
    print(f"{check.domain}: header {check.signature_ok}, body {check.body_hash_ok}")
    print("   ", check.reason)

# %% [markdown] slideshow={"slide_type": "-"}
# The header still fits; the footer broke the body hash. A list that adds nothing would have left it alone.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### What lists do about it
#
# Many lists put themselves into `From` when the author's domain asks for `reject` or `quarantine`. Whose policy
# is asked then?

# %% slideshow={"slide_type": "-"}
with h.lab(fixed) as net:
    net.zone = fixed | net.records("service", "fujiba.net")
    letter = {"from_": "Fujiba Office <monthly@fujiba.net>", "to": "members@lists.example.org"}
    trace = net.send(**letter, through=["service", "list-from"])
    print("From:", trace.received.get("From").value)
    print("Reply-To:", trace.received.get("Reply-To").value)
    print(h.authenticate(trace.received, dns=net.dns).dmarc.reason)

# %% [markdown] slideshow={"slide_type": "-"}
# The list's, and this one has none. It is honest; the reader loses the author in `From`, and answers may go
# astray. RFC 9989 §7.4 describes it, and asks domains whose people write to lists not to publish `p=reject`.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## ARC: a note from the forwarder
#
# A forwarder that changes mail could at least write down what it found *before*, and sign that note. Gmail did so
# when the signed mail above arrived, in case it has to go on from there. Three fields make one **set**:

# %% slideshow={"slide_type": "-"}
for header in signed.headers:
    if header.name.startswith("ARC-"):
        print(f"{header.name}: {header.value[:70]}…")

# %% [markdown] slideshow={"slide_type": "subslide"}
# `ARC-Authentication-Results` is the note, `ARC-Message-Signature` signs the message as it passed, `ARC-Seal` signs
# the notes. The kit checks the chain, oldest first:

# %% slideshow={"slide_type": "-"}
chain = h.verify_arc(signed, dns=forwarding)
print(chain.result, "–", chain.reason)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### What does a whole chain prove?
#
# Write a note of your own. Here a stranger changes one word of Gmail's note, from `spf=softfail` to `spf=pass`.
# Will the chain notice?

# %% slideshow={"slide_type": "-"}
forged = signed.raw.replace(b"spf=softfail", b"spf=pass    ")
print(h.verify_arc(forged, dns=forwarding).reason)

# %% [markdown] slideshow={"slide_type": "-"}
# It does. A chain proves *who wrote the notes* and that nobody changed them. It can't prove that they are true:
# somebody who lies seals a lie. So a receiver may believe an ARC chain only of forwarders that it trusts already.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Does it change DMARC?
#
# The chain is whole, and Google signed twice. Suppose the author had not signed at all:

# %% slideshow={"slide_type": "-"} tags=["misconception-16"]
found = h.authenticate(signed, dns=forwarding)
check = h.evaluate_dmarc(author_domain=signed.author_domain, spf=found.spf, dkim=(), dns=forwarding)
print("arc =", found.arc.result, "/ dmarc =", check.result)
for name, domain, why in signed.signatures_not_counted:
    print(f"{name} d={domain}: {why}")

# %% [markdown] slideshow={"slide_type": "-"}
# No. Without the author's signature nothing is left that DMARC counts, whatever `google.com` has sealed. A
# receiver *may* let such mail through as a local exception, and few said they did. RFC 8617 was an experiment;
# the IETF is moving it to *Historic*. Nothing for a domain owner to set up.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What is yours to do
#
# | way | SPF aligned | signature aligned | what you can do |
# |---|---|---|---|
# | straight | ✔ stays | ✔ stays | set up both (lesson 10) |
# | forwarded, unchanged | ✘ breaks | ✔ stays | **sign with your own domain** |
# | forwarded with SRS | ✘ passes for the forwarder | ✔ stays | the same |
# | list with a footer | ✘ passes for the list | ✘ breaks | a policy that lists survive; or write from another domain |
#
# And for mail *to* you: let a forwarder deliver unchanged, or fetch the mail (IMAP) instead of forwarding it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## In three sentences
#
# Forwarding breaks SPF, since it asks about the server; a signature survives as long as the bytes do. SRS and ARC
# are the forwarder's means: neither makes anything align. So sign with your own domain, and choose a policy
# that your people's lists can live with.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Exercises
#
# 1. Three ways: `"forwarder"`, `"forwarder-srs"`, `"list"`. A mail leaves your server with SPF aligned and *no*
#    signature. Give the ways on which DMARC still passes, as a set.

# %% slideshow={"slide_type": "skip"}
survive = ...  # such as {"forwarder", "list"}, or set()

h.check_answer("11-unsigned", survive)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.check_answer("11-unsigned", set())

# %% [markdown] slideshow={"slide_type": "skip"}
# 2. This is what a forwarder with SRS put into MAIL FROM: `SRS0=WBES=XZ=bounce.fujiba.net=monthly+3@mailgun.org`.
#    The mail can't be delivered. At which address does the report end up, once the forwarder has unpacked it?

# %% slideshow={"slide_type": "skip"}
address = ...  # as text

h.check_answer("11-srs", address)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.check_answer("11-srs", "monthly+3@bounce.fujiba.net")

# %% [markdown] slideshow={"slide_type": "skip"}
# 3. Open-ended: `fujiba.net` writes to a list that adds a footer, and its mail has to arrive there. Change DNS of
#    `fujiba.net` so that a receiver is asked to do *nothing* about mail from the subdomain `lists.fujiba.net`,
#    and goes on refusing what fails for `fujiba.net` itself. Give the new records.

# %% slideshow={"slide_type": "skip"}
records = ...  # such as {"_dmarc.somewhere.fujiba.net": "v=DMARC1; p=…"}

h.check_answer("11-list-policy", records)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.check_answer("11-list-policy", {"_dmarc.lists.fujiba.net": "v=DMARC1; p=none"})

# %% [markdown] slideshow={"slide_type": "skip"}
# A step back only where it is needed. Forgeries in the name of that subdomain get through as well: that is the
# price.
#
# ---
# **Sources:** SPF and forwarding: RFC 7208 §10.3, §11.4 and appendix D; what survives as a signature: RFC 6376 §5.3 and §6.1.3;
# lists and policies: RFC 9989 §7.4; ARC: RFC 8617 §4.1 and §5.2, no effect on alignment: RFC 9989 §4.4.3.
