# %% [markdown] slideshow={"slide_type": "slide"}
# # Glossary
#
# The words of the course, as the RFCs use them. Each has a heading of its own, so that the lessons can link to it;
# after the definition come the section that defines it and the lesson where it is met.

# %% slideshow={"slide_type": "skip"}
import helpers as h

zone = h.sample_zone("fujiba")
mail = h.read_message("../data/sample_headers/fixed_by_service.eml")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The message and its names

# %% [markdown] slideshow={"slide_type": "-"}
# ### SMTP
#
# The language in which servers hand mail to each other: commands such as `MAIL FROM`, answers of three digits and a
# sentence.
#
# *RFC 5321 §3 · [[02]]*

# %% [markdown] slideshow={"slide_type": "-"}
# ### Author domain
#
# The domain of the address in `From`: the one that the reader sees, and the one that DMARC is about. There is one, or
# DMARC has nothing to ask for.
#
# *RFC 9989 §3.2.2 · [[01]]*

# %% slideshow={"slide_type": "-"}
mail.author_domain

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Envelope
#
# What two servers say to each other about a message (`MAIL FROM`, `RCPT TO`) while they hand it over. It is no part of
# the message and is gone afterwards, except for what the receiver writes down.
#
# *RFC 5321 §2.3.1 · [[02]]*

# %% [markdown] slideshow={"slide_type": "-"}
# ### MAIL FROM
#
# The address in the envelope to which bounces go. The server that sends writes it, and it need not be the one in `From`.
# SPF asks about its domain.
#
# *RFC 5321 §4.1.1.2, RFC 7208 §2.4 · [[02]]*

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Return-Path
#
# The header in which the last server writes down what MAIL FROM was. One that was in the message before may be removed.
#
# *RFC 5321 §4.4 · [[02]]*

# %% slideshow={"slide_type": "-"}
mail.return_path

# %% [markdown] slideshow={"slide_type": "-"}
# ### HELO
#
# The name with which a sending server greets, with the command `HELO` or `EHLO`. SPF asks about it when MAIL FROM is
# empty; DMARC does not ask about it otherwise.
#
# *RFC 5321 §4.1.1.1, RFC 7208 §2.3 · [[02]]*

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Client IP
#
# The address from which the last server got the message: the second thing that SPF needs. Only that server saw it. From
# a message it can be inferred, from the `Received` line that the reader's own provider wrote.
#
# *RFC 7208 §4.1 · [[03]]*

# %% [markdown] slideshow={"slide_type": "-"}
# ### Received
#
# The header that each server puts on top of a message that it takes. They are read from the bottom up, and are as
# trustworthy as the server that wrote them.
#
# *RFC 5321 §4.4 · [[02]]*

# %% slideshow={"slide_type": "-"}
[hop.by for hop in mail.hops]

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Authentication-Results
#
# The header in which a receiver writes down what its checks said. It counts only where one's own provider wrote it:
# anybody can write one.
#
# *RFC 8601 §2.2 and §5 · [[02]]*

# %% [markdown] slideshow={"slide_type": "-"}
# ### Encoded word
#
# How letters beyond ASCII are written in a header: character set, encoding, text.
#
# *RFC 2047 §2 · [[02]]*

# %% slideshow={"slide_type": "-"}
h.read_message("Subject: =?ISO-2022-JP?B?GyRCN25NY0pzOXAbKEI=?=\n\n").subject

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### A-label
#
# How a label of a domain name beyond ASCII is written in DNS. Names are compared in this form.
#
# *RFC 5890 §2.3.2.1, RFC 8616 §3 · [[02]]*

# %% slideshow={"slide_type": "-"}
h.read_message("From: info@例え.example\n\n").author_domain

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Names and records

# %% [markdown] slideshow={"slide_type": "-"}
# ### DNS
#
# The public directory of domain names. Below a name stand records, such as `TXT` (some text) or `MX`; whoever owns the
# domain writes them, and everybody may ask.
#
# *RFC 1034 · [[01]]*

# %% [markdown] slideshow={"slide_type": "-"}
# ### Zone
#
# The part of DNS that one owner writes, as a set of records. In the kit a zone is a value: a changed one is a second
# world, and the first stays as it was.
#
# *RFC 1035 §5 · [[01]]*

# %% slideshow={"slide_type": "-"}
zone("fujiba.net", "TXT").values

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### MX record
#
# Names the servers that *receive* mail for a domain. It says nothing about who may send, unless an SPF record asks for
# it with `mx`.
#
# *RFC 5321 §5.1 · [[10]]*

# %% [markdown] slideshow={"slide_type": "-"}
# ### NXDOMAIN and NODATA
#
# Two ways of saying no: the name does not exist at all, or it exists and has no record of the type that was asked for.
# SPF counts both as void; for DMARC they differ.
#
# *RFC 2308 §2.1 and §2.2 · [[05]]*

# %% slideshow={"slide_type": "-"}
for name in ("nobody.fujiba.net", "fujiba.net"):
    print(f"{name:18} {zone(name, 'CNAME').status}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Who may send: SPF

# %% [markdown] slideshow={"slide_type": "-"}
# ### SPF
#
# Sender Policy Framework: a domain lists the servers that may use it in the envelope, and the receiver looks whether
# the one that is speaking is among them.
#
# *RFC 7208 §2 · [[03]]*

# %% [markdown] slideshow={"slide_type": "-"}
# ### SPF record
#
# A TXT record that begins with `v=spf1` and says which addresses may send with this domain in MAIL FROM. A domain has
# exactly one.
#
# *RFC 7208 §3 and §3.2 · [[03]]*

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Mechanism
#
# One word of an SPF record, such as `include:…`, `ip4:…` or `all`. They are tried from left to right; the first that
# matches decides, and the sign before it is the answer: `+` pass, `-` fail, `~` softfail, `?` neutral.
#
# *RFC 7208 §4.6.2 and §5 · [[03]]*

# %% [markdown] slideshow={"slide_type": "-"}
# ### Softfail
#
# SPF's answer for `~`: probably not authorized. For DMARC it is no pass, exactly like `fail`; the difference is that
# hardly anybody refuses mail for it before the message was seen.
#
# *RFC 7208 §2.6.5 and §8.5 · [[03]]*

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Look-up limit
#
# Evaluating one SPF record may lead to ten terms that ask DNS, inside of includes as well. The eleventh is a `permerror`.
#
# *RFC 7208 §4.6.4 · [[03]]*

# %% slideshow={"slide_type": "-"}
checked = h.check_spf(client_ip="192.0.2.1", mail_from="a@fujiba.net", helo="a.example", dns=zone)
print(checked.dns_mechanisms, "of 10")

# %% [markdown] slideshow={"slide_type": "-"}
# ### Void look-up
#
# A question to DNS that brings nothing. SPF allows two, so that a record full of dead names can't be used to attack
# somebody's name servers.
#
# *RFC 7208 §4.6.4 · [[03]]*

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### SPF macro
#
# A placeholder in an SPF record such as `%{i}`, the client IP, which is filled in when mail arrives.
#
# *RFC 7208 §7 · [[03]]*

# %% [markdown] slideshow={"slide_type": "-"}
# ### SPF-authenticated identifier
#
# The domain that SPF passed for: that of MAIL FROM. `spf=pass` says nothing until one adds for whom.
#
# *RFC 9989 §4.4.2 · [[06]]*

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Permerror and temperror
#
# No answer, for two reasons: a record is wrong, and stays so until somebody mends it; or DNS did not answer, and may in
# a minute.
#
# *RFC 7208 §2.6.6 and §2.6.7 · [[03]]*

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Who signed: DKIM

# %% [markdown] slideshow={"slide_type": "-"}
# ### DKIM
#
# DomainKeys Identified Mail: a server signs chosen parts of a message for a domain, and the receiver checks that with a
# key that the domain publishes.
#
# *RFC 6376 · [[04]]*

# %% [markdown] slideshow={"slide_type": "-"}
# ### DKIM signature
#
# The header `DKIM-Signature`: a cryptographic signature of chosen headers and of the body. Headers with similar names,
# such as `X-Google-DKIM-Signature`, are not looked at.
#
# *RFC 6376 §3.5 · [[04]]*

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### DKIM signing domain
#
# The domain in `d=` of a signature: who takes responsibility. It can be anybody, which is why it has to be compared with
# the author domain.
#
# *RFC 9989 §3.2.3, RFC 6376 §2.5 · [[04]]*

# %% slideshow={"slide_type": "-"}
[
    check.domain
    for check in h.verify_dkim(mail, dns=h.sample_zone("fujiba-fixed"), now=1_750_000_000)
]

# %% [markdown] slideshow={"slide_type": "-"}
# ### Selector
#
# The name in `s=` of a signature. It leads to the key, and lets a domain have several keys: one for each service, an old
# and a new one.
#
# *RFC 6376 §3.1 · [[04]]*

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### DKIM key record
#
# The public key, in a TXT record at `selector._domainkey.domain`. It verifies signatures and makes none. An empty `p=`
# means that the key was revoked.
#
# *RFC 6376 §3.6.1 · [[04]]*

# %% [markdown] slideshow={"slide_type": "-"}
# ### Canonicalization
#
# The form into which a message is brought before it is hashed. *simple* forgives nothing, *relaxed* forgives changed
# blanks and letter case of header names.
#
# *RFC 6376 §3.4 · [[04]]*

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Body hash
#
# The hash of the body in `bh=`. A footer added by a mailing list changes the body, and the hash no longer fits.
#
# *RFC 6376 §3.7 · [[04]]*

# %% [markdown] slideshow={"slide_type": "-"}
# ### Replay
#
# Sending a signed message again, unchanged, to other people. The signature holds, since the envelope is not signed.
#
# *RFC 6376 §8.6 · [[04]]*

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Whom the reader sees: DMARC

# %% [markdown] slideshow={"slide_type": "-"}
# ### DMARC
#
# Domain-based Message Authentication, Reporting, and Conformance: asks whether SPF or DKIM passed for the domain in
# `From`, and lets its owner say what is to happen when neither did.
#
# *RFC 9989 §4.1 · [[05]]*

# %% [markdown] slideshow={"slide_type": "-"}
# ### DMARC record
#
# A TXT record at `_dmarc.domain` that begins with `v=DMARC1`: what the owner asks receivers to do with mail that fails,
# and where to send reports.
#
# *RFC 9989 §4.5 and §4.7 · [[05]]*

# %% slideshow={"slide_type": "-"}
zone("_dmarc.fujiba.net", "TXT").values

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Identifier alignment
#
# A domain that SPF or DKIM passed for belongs to the author domain. DMARC passes if at least one does. A pass for
# somebody else's domain is worth nothing here.
#
# *RFC 9989 §3.2.10 and §4.4 · [[06]]*

# %% [markdown] slideshow={"slide_type": "-"}
# ### Relaxed and strict
#
# How exactly two domains have to agree: *relaxed* wants the same organizational domain, *strict* the same name to the
# letter. The tags `aspf` and `adkim` choose; relaxed is what holds without them.
#
# *RFC 9989 §3.2.10.1 and §3.2.10.2 · [[06]]*

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Organizational domain
#
# The domain at the top of what one owner has, such as `fujiba.net` for `bounce.fujiba.net`. RFC 9989 finds it with a tree
# walk, RFC 7489 with the public suffix list.
#
# *RFC 9989 §3.2.14 and §4.10.2 · [[06]]*

# %% slideshow={"slide_type": "-"}
h.organizational_domain("bounce.fujiba.net", dns=zone)

# %% [markdown] slideshow={"slide_type": "-"}
# ### DNS tree walk
#
# Asking for `_dmarc` records from a name upwards, label by label, eight questions at most.
#
# *RFC 9989 §4.10 · [[05]]*

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Public suffix domain
#
# A domain such as `com` or `co.jp` under which others register names. It can say so with `psd=y`; the public suffix list
# is a collection of them.
#
# *RFC 9989 §3.2.15 · [[05]]*

# %% [markdown] slideshow={"slide_type": "-"}
# ### DMARC policy domain
#
# The domain whose DMARC record holds for a message: the author domain, or else its organizational domain, or else the
# public suffix domain above.
#
# *RFC 9989 §3.2.5 and §4.10.1 · [[05]]*

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Assessment policy
#
# What the owner asks for when DMARC fails: `none`, `quarantine` or `reject`, in `p` for the domain, in `sp` for
# subdomains, in `np` for those that do not exist.
#
# *RFC 9989 §3.2.8 and §4.7 · [[05]]*

# %% [markdown] slideshow={"slide_type": "-"}
# ### Disposition
#
# What is done with a message. The policy asks, the receiver decides.
#
# *RFC 9989 §5.3.6 and §5.4 · [[05]]*

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Aggregate report
#
# A receiver's daily table, as XML: which addresses sent how much as this domain, and how that ended. It is asked for with
# `rua=`.
#
# *RFC 9990 · [[12]]*

# %% [markdown] slideshow={"slide_type": "-"}
# ### Failure report
#
# A report about a single message that failed, asked for with `ruf=`. Few receivers send them, since they hold people's
# mail.
#
# *RFC 9991, RFC 6591 §3.1 · [[12]]*

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Refusals and bounces

# %% [markdown] slideshow={"slide_type": "-"}
# ### Bounce
#
# A message that says that another one was not delivered; its regular form is called *delivery status notification*, DSN.
# The server that was left with the message writes it, not the one that refused.
#
# *RFC 3464 §2 · [[01]]*

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Reply code
#
# The three digits of a server's answer. `2` at the beginning is yes, `4` is *not now*, `5` is no.
#
# *RFC 5321 §4.2.1 · [[01]]*

# %% [markdown] slideshow={"slide_type": "-"}
# ### Enhanced status code
#
# Three numbers such as `5.7.1` that say more than the reply code: class, subject, detail. Receivers use them freely; the
# words beside them decide.
#
# *RFC 3463 §2, RFC 7372 §3 · [[01]]*

# %% slideshow={"slide_type": "-"}
h.read_bounce("550 5.7.1 Relaying denied").replies[0].enhanced

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Null sender
#
# An empty MAIL FROM, `<>`. Bounces have it, so that no bounce ever causes another one.
#
# *RFC 5321 §4.5.5 · [[07]]*

# %% [markdown] slideshow={"slide_type": "slide"}
# ## On the way

# %% [markdown] slideshow={"slide_type": "-"}
# ### Sending service
#
# A company whose servers send other people's mail. What it writes into MAIL FROM and `d=` decides whether that mail is
# aligned.
#
# *RFC 9989 §5.1.1 and §5.1.2 · [[09]]*

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Forwarder
#
# A server that sends on what it received, to another address. The client IP is then the forwarder's, and SPF's pass is
# gone; a signature lasts if nothing was changed.
#
# *RFC 7208 §10.3 and appendix D · [[11]]*

# %% [markdown] slideshow={"slide_type": "-"}
# ### SRS
#
# Sender Rewriting Scheme: a forwarder puts its own domain into MAIL FROM, so that SPF passes again, for the forwarder. It
# helps delivery and bounces, not alignment. It is a convention, in no RFC of its own.
#
# *RFC 7208 §10.3 · [[11]]*

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Mailing list
#
# A forwarder to many, which often changes subject and body. Then both passes are gone, and many lists put their own
# address into `From`.
#
# *RFC 5321 §3.9.2, RFC 9989 §7.4 · [[11]]*

# %% [markdown] slideshow={"slide_type": "-"}
# ### ARC
#
# Authenticated Received Chain: each server on the way seals what it saw, so that a later one may believe that SPF or DKIM
# had passed before. It only helps where the last receiver trusts the sealer, and it is being moved to Historic.
#
# *RFC 8617 §4 · [[11]]*

# %% [markdown] slideshow={"slide_type": "skip"}
# ---
#
# **Sources:** the sections named with each word. RFC 9989 and RFC 9990 replaced RFC 7489 in 2026; where a word changed
# its meaning, the new one stands here.
