# %% [markdown] slideshow={"slide_type": "slide"}
# # 03 – SPF
#
# **May this server send in the name of that domain, and which domain is "that"?**
#
# SPF is the oldest of the three checks and the most misunderstood. It asks a small question, answers it well, and
# is blamed for not answering another one. After this lesson you can read any SPF record, follow its evaluation to
# the term that decides, and say what the result is worth.
#
# *Needs: [[02]].*

# %% slideshow={"slide_type": "-"}
import helpers as h

mail = h.read_message("../data/sample_headers/incident_received.eml")
zone = h.sample_zone("fujiba")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The question
#
# *May the host with this IP address use this domain in MAIL FROM?* Two things go in, an address and a domain. Here
# is Google's server, once with each of the story's two domains. Guess both results.

# %% slideshow={"slide_type": "-"}
for sender in ("owner.example@gmail.com", "monthly@fujiba.net"):
    check = h.check_spf(client_ip="192.0.2.41", mail_from=sender, dns=zone)
    print(f"{check.domain}: {check.result}")

# %% [markdown] slideshow={"slide_type": "-"}
# One server, two answers: each domain says for itself who may send. A result without its domain means nothing.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### And `From`?
#
# In the story's mail `From` is at `fujiba.net`. Take the mail as it arrived, put other authors into it, and check
# again. When will SPF notice?

# %% slideshow={"slide_type": "-"} tags=["misconception-02"]
for author in (b"monthly@fujiba.net", b"boss@example.org", b"president@bank.example"):
    changed = mail.raw.replace(b"monthly@fujiba.net", author)
    found = h.authenticate(changed, dns=zone)
    print(f"From {author.decode()}: spf={found.spf.result} for {found.spf.domain}")

# %% [markdown] slideshow={"slide_type": "-"}
# Never. Nothing of the header goes into SPF's question: a receiver can ask it at MAIL FROM, before a byte of the header
# was sent. It does not look at `From`, and could not.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Anatomy of a record
#
# The answer stands in DNS, as a TXT record at the domain itself. Terms are read from left to right.

# %% slideshow={"slide_type": "-"}
record = h.parse_spf(zone("fujiba.net", "TXT").values[0])
record

# %% [markdown] slideshow={"slide_type": "subslide"}
# | mechanism | matches when the client is | look-up? |
# |---|---|---|
# | `ip4:` `ip6:` | in this network | free |
# | `a` `mx` | an address of this name, or of its mail servers | counts |
# | `include:` | let pass by that other record | counts |
# | `ptr` | a host whose reverse name is below this one (do not use it) | counts |
# | `exists:` | anybody, if this name has an address (macros) | counts |
# | `all` | anybody | free |
#
# The sign before it says what a match means: `+` or nothing pass, `-` fail, `~` softfail, `?` neutral. The first match
# decides. `redirect=` hands the whole question to another domain when nothing matched.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Step by step
#
# Mailgun's server `198.51.100.40` sends for `fujiba.net`. The player goes through the evaluation (press *next*, or
# drag): what was looked at, what DNS answered, what followed, which section says so. How many records will be read?

# %% slideshow={"slide_type": "-"}
mailgun = h.check_spf(client_ip="198.51.100.40", mail_from="monthly@fujiba.net", dns=zone)
h.step_player(mailgun)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Includes are a tree
#
# The same steps at a glance. Look for the bold way from the top to the term that matched, and for what was never
# reached.

# %% slideshow={"slide_type": "-"} tags=["remove-input"]
h.spf_figure(mailgun)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Three records were asked for before the fourth had the address. Mailgun's own `-all` was not reached, and would not
# have mattered: **of an include only a pass is a match**. Its fail, softfail or neutral is "no match", and the next term
# is looked at. (An error inside stays an error, RFC 7208 §5.2.)

# %% [markdown] slideshow={"slide_type": "notes"}
# *Presenting:* Ask the room what happens with the strict -all inside the include when the client is a stranger. The include does
# not match, and the ~all of fujiba.net decides: softfail.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The advice that changes nothing
#
# "Add `include:_spf.google.com` to your record." Do it, and check the story's mail again, with a note of every
# name that is asked for. What will the list show?

# %% slideshow={"slide_type": "-"} tags=["misconception-01"]
advised = "v=spf1 include:mailgun.org include:_spf.google.com ~all"
asked = h.RecordingDns(zone.with_records("fujiba.net", "TXT", [advised]))
found = h.authenticate(mail, dns=asked)
print("SPF asked:", [name for name, _ in asked.questions if not name.startswith("_dmarc")])
print("spf =", found.spf.result, "for", found.spf.domain, "| dmarc =", found.dmarc.result)

# %% [markdown] slideshow={"slide_type": "-"}
# The new record is valid, and nobody read it. The envelope says `gmail.com`. To make this record matter, another
# server has to send, one that puts `fujiba.net` into MAIL FROM. (Where a service's include does belong: [[10]].)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Two services, two records?
#
# The first service said "add this record", and so did the second. Here is mail from the first one's server, before
# and after. Does the second record do harm?

# %% slideshow={"slide_type": "-"} tags=["misconception-12"]
office = {"client_ip": "203.0.113.110", "mail_from": "office@two-records.example"}
records = h.sample_zone("spf-records")
both = records("two-records.example", "TXT").values
for texts in (both[:1], both):
    there = records.with_records("two-records.example", "TXT", list(texts))
    print(len(texts), "of 2 records:", h.check_spf(**office, dns=there).result)

# %% [markdown] slideshow={"slide_type": "-"}
# It breaks everything, the mail that passed before included. A receiver must not choose between two
# (RFC 7208 §4.5): `permerror`, for every mail of the domain. There is **one** record, with all terms in it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Ten look-ups
#
# A record could send receivers around the world, so ten terms may ask DNS (RFC 7208 §4.6.4). This domain has
# eleven services, one include each. Its mail comes from the last one. Which term will it fail at?

# %% slideshow={"slide_type": "subslide"} tags=["remove-input"]
eleven = {"client_ip": "203.0.113.151", "mail_from": "office@many-lookups.example"}
h.spf_figure(h.check_spf(**eleven, dns=records))

# %% [markdown] slideshow={"slide_type": "subslide"}
# At the eleventh, and not with "no match" but with an error. The order matters: mail from the first service still
# passes, and so the mistake stays unseen until somebody adds one more at the front.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### So, ten includes?
#
# This shop has three, and each of the three records names hosts with `a` and `mx`. Will it do?

# %% slideshow={"slide_type": "-"} tags=["misconception-14"]
host = {"A": ["192.0.2.1"], "MX": [(10, "mx.example")], "TXT": ["v=spf1 a mx -all"]}
names = ["crm.example", "news.example", "desk.example"]
text = f"v=spf1 a mx {' '.join('include:' + name for name in names)} -all"
shop = h.Zone.from_dict(
    {
        "shop.example": {**host, "TXT": [text]},
        "mx.example": {"A": ["192.0.2.2"]},
        **dict.fromkeys(names, host),
    }
)
check = h.check_spf(client_ip="203.0.113.9", mail_from="a@shop.example", dns=shop)
print(check.result, "-", check.reason)

# %% [markdown] slideshow={"slide_type": "-"}
# Three includes, and the limit is passed: `a`, `mx`, `ptr`, `exists` and `redirect` count as well, and so does everything
# **inside** an include. `ip4`, `ip6` and `all` are free.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Names that are gone
#
# A second limit is smaller. Here the client stands in the record, word for word. What can go wrong?

# %% slideshow={"slide_type": "-"}
text = "v=spf1 a:web.old.example a:crm.old.example mx:old.example ip4:203.0.113.9 -all"
old = h.Zone.from_dict({"old.example": {"TXT": [text]}})
h.say(h.check_spf(client_ip="203.0.113.9", mail_from="a@old.example", dns=old).reason)

# %% [markdown] slideshow={"slide_type": "-"}
# A look-up that finds nothing is a *void* one, and receivers SHOULD stop after two. Old names left in a record are not
# harmless.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## `~all` or `-all`?
#
# "Minus is the safe choice." A customer's mail is forwarded, so SPF can't match; half of their mail is signed. One
# receiver looks at DMARC. Another one refuses at MAIL FROM whatever SPF calls `fail`, before it sees a signature.
# Which of the four mails gets through at each?

# %% slideshow={"slide_type": "subslide"} tags=["misconception-13"]
for ending in ("~all", "-all"):
    text = f"v=spf1 ip4:203.0.113.64 {ending}"
    there = h.sample_zone("forwarding").with_records("customer.example", "TXT", [text])
    for name in ("signed", "unsigned"):
        found = h.authenticate(f"../data/sample_headers/forwarded_{name}.eml", dns=there)
        early = "refused" if found.spf.result == "fail" else "goes on"
        print(f"{ending} {name:8} spf={found.spf.result:8} {early:7} dmarc={found.dmarc.result}")

# %% [markdown] slideshow={"slide_type": "-"}
# DMARC comes to the same end with either ending: `softfail` and `fail` are both no pass. What `-all` adds is the early
# refusal, and it hits the signed mail, which DMARC would have passed. RFC 9989 §7.1 warns of it. A domain whose
# DMARC policy asks for more than `none` loses little with `~all`: only where SPF is checked and DMARC is not does it
# make a difference.

# %% [markdown] slideshow={"slide_type": "notes"}
# *Presenting:* Somebody will say that their auditor wants -all. It is right for a domain that sends no mail at all, which
# is the first exercise; for the others the DMARC policy does what the auditor means.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Why forwarding breaks it at all
#
# SPF authorises hosts, and these mails came to Gmail from `198.51.100.10`, a forwarder that the customer never heard of.
# No record can name every reader's forwarder. What the forwarder can do about it is in [[11]].

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Macros
#
# A name in a term may hold blanks to fill in: `%{i}` the client IP, `%{d}` the domain, `%{l}` the local part
# (RFC 7208 §7.2). Which name will be asked for here?

# %% slideshow={"slide_type": "-"}
listed = {"bob.9.113.0.203._ok.post.example": {"A": ["127.0.0.2"]}}
listed["post.example"] = {"TXT": ["v=spf1 exists:%{l}.%{ir}._ok.%{d} -all"]}
macros = h.Zone.from_dict(listed)
for sender in ("bob@post.example", "eve@post.example"):
    check = h.check_spf(client_ip="203.0.113.9", mail_from=sender, dns=macros)
    print(sender, check.result, "-", check.steps[2].answer.name)

# %% [markdown] slideshow={"slide_type": "-"}
# `r` turns the address around, as DNS names are written. One record, and a decision per user and address; large
# services use it to keep within ten look-ups. Its price: DNS is asked for each sender anew, and caches hardly help.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What SPF does not say
#
# A pass says that the *server* may use the *envelope domain*. It does not say who wrote the mail, that the text is as
# it was, or that the domain in `From` has anything to do with it. Somebody may own `post.example`, publish a perfect
# record, and write `From: president@bank.example`. Tying the two domains together is alignment: [[05]] and
# [[06]].

# %% [markdown] slideshow={"slide_type": "slide"}
# ## In three sentences
#
# SPF asks whether an IP address may use the domain in **MAIL FROM**, and never looks at `From`. The domain's one record
# is read from left to right, the first match decides, and ten look-ups are all there is. It breaks on forwarding by
# design, so it is a good first witness and a poor only one.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Exercises
#
# 1. A domain never sends mail, from any address, IPv4 or IPv6. What is its record?

# %% slideshow={"slide_type": "skip"}
record = ...  # your record, as text
h.check_answer("03-no-mail", record)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.check_answer("03-no-mail", "v=spf1 -all")

# %% [markdown] slideshow={"slide_type": "skip"}
# 2. `two-records.example` sends from its own server `203.0.113.110` and through the service whose record is at
#    `_spf.sending-service.example`. Write the one record that lets both pass and nobody else.

# %% slideshow={"slide_type": "skip"}
record = ...  # your record, as text
h.check_answer("03-two-records", record)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
record = "v=spf1 ip4:203.0.113.110 include:_spf.sending-service.example ~all"
h.check_answer("03-two-records", record)

# %% [markdown] slideshow={"slide_type": "skip"}
# 3. `many-lookups.example` has its eleven hosts at `203.0.113.141` to `203.0.113.151`. Write a record that lets all
#    eleven pass, nobody else, with ten look-ups at most. More than one way leads there; each has a price.

# %% slideshow={"slide_type": "skip"}
record = ...  # your record, as text
h.check_answer("03-ten-look-ups", record)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
hosts = " ".join(f"ip4:203.0.113.{number}" for number in range(141, 152))
h.check_answer("03-ten-look-ups", f"v=spf1 {hosts} ~all")

# %% [markdown] slideshow={"slide_type": "skip"}
# Addresses are free, but they are the services' own: when one changes, the record is wrong and nobody tells you.
#
# 4. How many look-ups does your own domain's record cost? `h.check_spf(client_ip="192.0.2.1", mail_from="a@your.domain",
#    dns=h.LiveDns())` counts them for a stranger, who has to go the whole way. (Open-ended; asks real DNS.)
#
# ---
#
# **Sources:** MAIL FROM and HELO: RFC 7208 §2.3 and §2.4. Selecting the record: §4.5. Evaluation: §4.6 and §4.7.
# Limits: §4.6.4. Mechanisms: §5. Modifiers: §6. Macros: §7. Results and what to do with them: §8. Forged identities
# that SPF can't see: §11.2. Forwarders: §D.2. SPF and DMARC, and `-all`: RFC 9989 §7.1.
