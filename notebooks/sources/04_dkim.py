# %% [markdown] slideshow={"slide_type": "slide"}
# # 04 – DKIM
#
# **What does a signature on a mail prove, what breaks it, and what does it leave open?**
#
# A DKIM signature is a domain's word for certain bytes of a mail. Here you make one by hand, let a stranger's
# program check it, try ten ways to break it, and meet three things that it never promised.
#
# *Needs: lesson 02. No mathematics: what a hash and a key do is enough.*

# %% slideshow={"slide_type": "-"}
import helpers as h

mail = b"""From: Fujiba Office <monthly@fujiba.net>
To: desk@737flight.example
Subject: Monthly  report,
 April 2025
Date: Fri, 9 May 2025 10:00:00 +0900

The report  is ready.\x20


""".replace(b"\n", b"\r\n")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The simple idea
#
# Take a fingerprint of the whole mail, a *hash*, and sign that. On its way a server does two harmless things: it
# puts its `Received` line on top, and it unfolds the long `Subject`. Will the hash survive?

# %% slideshow={"slide_type": "-"}
import hashlib

relayed = b"Received: from mac by relay.example\r\n" + mail.replace(b",\r\n April", b", April")
for one in (mail, relayed):
    print(hashlib.sha256(one).hexdigest())

# %% [markdown] slideshow={"slide_type": "-"}
# Nothing that a reader could see was changed, and the hash is another one. Servers do such things all the time.
# DKIM has two answers: it signs *some* of the header, and it brings everything into a **canonical form** first.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Two canonical forms
#
# `simple` leaves nearly everything as it is; `relaxed` evens out case and blanks (RFC 6376 §3.4). Here they are
# side by side, byte by byte: the `Subject`, then the body. Look for what `relaxed` took away.

# %% slideshow={"slide_type": "-"}
read = h.read_message(mail)
for method in ("simple", "relaxed"):
    print(f"{method:8}", h.canonicalize_header(read.headers[2].raw, method))
    print(f"{method:8}", h.canonicalize_body(read.body, method))

# %% [markdown] slideshow={"slide_type": "-"}
# The name is in small letters, the fold is gone, each run of blanks is one blank, the blank at the end of the
# line and the empty lines at the end are gone. Only the last of these does `simple` forgive as well, and only in
# the body.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Which change survives which form?
#
# Bet on each line before you run it: four changes, two forms.

# %% slideshow={"slide_type": "-"}
changes = {
    "empty lines at the end": read.body + b"\r\n\r\n",
    "two blanks made one": read.body.replace(b"  ", b" "),
    "a line broken in two": read.body.replace(b"  is", b"\r\nis"),
    "one letter": read.body.replace(b"ready", b"reedy"),
}
for what, changed in changes.items():
    for method in ("simple", "relaxed"):
        same = h.canonicalize_body(changed, method) == h.canonicalize_body(read.body, method)
        print(f"{what:24} {method:8} {'survives' if same else 'breaks'}")

# %% [markdown] slideshow={"slide_type": "-"}
# `relaxed` forgives blanks, never words, and not a new line break either. In `c=relaxed/simple` the first word
# is for the header, the second for the body; most mail says `relaxed/relaxed`.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A signature by hand
#
# Two hashes are made. The first is of the body and goes into the tag `bh=`.

# %% slideshow={"slide_type": "-"}
import base64

digest = hashlib.sha256(h.canonicalize_body(read.body, "relaxed")).digest()
tags = "v=1; a=rsa-sha256; c=relaxed/relaxed; d=fujiba.net; s=2025; h=from:to:subject:date; "
tags += f"bh={base64.b64encode(digest).decode()}; b="
print(tags)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Read it aloud: `d=` vouches, with its key named `s=`, for the fields in `h=` and for the body in `bh=`. The last
# tag, `b=`, is still empty.
#
# The second hash is of the header: the fields of `h=`, then the signature *itself*, as far as it is written (RFC
# 6376 §3.7). The private key signs that, and the result fills `b=`.

# %% slideshow={"slide_type": "-"}
fields = [header.raw for header in read.headers] + [f"DKIM-Signature: {tags}".encode()]
signed = b"".join(h.canonicalize_header(field, "relaxed") for field in fields)[:-2]
key = h.lab.lab_key("fujiba-2025")
value = base64.b64encode(key.sign(signed)).decode()
by_hand = f"DKIM-Signature: {tags}{value}\r\n".encode() + mail
print(signed.decode())

# %% [markdown] slideshow={"slide_type": "-"}
# These are exactly the bytes that were signed. The body is not among them, only its hash. So the two can be checked
# apart, and you will see why that is useful. (`[:-2]`: the last field goes in without its line ending.)

# %% [markdown] slideshow={"slide_type": "notes"}
# *Presenting:* Draw two boxes on the board, body and header, with an arrow from bh= into the header box: only that one is signed. It
# explains the table in a few slides, and why a bounce without the body is still worth something.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The key record
#
# The public half goes into DNS, at a name made of the **selector** and the domain. Selectors are free to choose
# and DNS can't list them: without a signed mail nobody can tell which keys a domain has.

# %% slideshow={"slide_type": "-"}
name = "2025._domainkey.fujiba.net"
zone = h.sample_zone("fujiba").with_records(name, "TXT", [key.record])
for tag, content in h.parse_key(zone(name, "TXT").values[0]).tags.items():
    print(f"{tag}={content[:50]}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Does it hold? `dkimpy` is a verifier of other people's, and knows nothing of the kit. It gets the mail and a function
# that answers for DNS. Then dkimpy signs the same mail. Will its `bh=` be ours?

# %% slideshow={"slide_type": "-"}
import dkim

how = {"canonicalize": (b"relaxed", b"relaxed"), "include_headers": [b"from", b"subject"]}
theirs = dkim.sign(mail, b"2025", b"fujiba.net", key.pem, **how)
print("dkimpy on ours:  ", dkim.verify(by_hand, dnsfunc=lambda *_, **__: key.record.encode()))
print("the kit on theirs:", h.verify_dkim(theirs + mail, dns=zone)[0].result)
print("the same bh=:    ", h.parse_signature(theirs).tags["bh"] in tags)

# %% [markdown] slideshow={"slide_type": "-"}
# Both ways round, and the body hash is the same to the letter. Nothing secret was needed to check it, only DNS.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What is signed, in one picture
#
# From now on the kit signs for us. On its way a server put `X-Note` on top of this copy. Look for the fields that the
# signature covers, and for the three parts that a verifier compares.

# %% slideshow={"slide_type": "-"}
sealed = h.services.sign(mail, domain="fujiba.net", selector="2025", key=key)
h.dkim_figure(b"X-Note: checked\r\n" + sealed, dns=zone)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: the mail
#
# Four fields are covered and `X-Note` is not, so anybody may add or change it. Key, body hash and signature hold:
# three parts, and each can break by itself.
#
# Five mails to try it on. The last two have a second `Subject` on top; in the very last the signer had written
# `h=from:to:subject:subject:date`.


# %% slideshow={"slide_type": "-"}
def checked(raw, dns=zone):
    return h.verify_dkim(raw, dns=dns)[0]


names, forged = ("to", "subject", "subject", "date"), b"Subject: Pay now\r\n"
guarded = h.services.sign(mail, domain="fujiba.net", selector="2025", key=key, headers=names)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Which of them still pass, and where one fails, will the body hash notice or the signature?

# %% slideshow={"slide_type": "-"}
h.checks_table(
    {
        "a word of the body": checked(sealed.replace(b"ready", b"late")),
        "a blank in the body": checked(sealed.replace(b"report  is", b"report is")),
        "Subject reworded": checked(sealed.replace(b"report,", b"invoice,")),
        "second Subject on top": checked(forged + sealed),
        "… where h= names it twice": checked(forged + guarded),
    }
)

# %% [markdown] slideshow={"slide_type": "-"}
# Body and header are noticed apart. The second `Subject` *passes*: `h=` names the field once, which means the lowest
# one, and many mail programs show the topmost. Naming a field once more than it is there promises that there is no
# further one (RFC 6376 §5.4).

# %% [markdown] slideshow={"slide_type": "notes"}
# *Presenting:* Let the room vote on "second Subject on top" before you show the table. Most expect a fail. Afterwards
# ask which other fields they would name twice: From first of all.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Break it: the key
#
# Now the mail stays and DNS changes. The bytes are the same in the first four rows; is the word? Three words of
# RFC 8601 will come up: `permerror` stays as it is until somebody acts, `temperror` may pass by itself, `policy` is
# valid and does not count.

# %% slideshow={"slide_type": "subslide"}
folder, old = "../data/sample_headers/", h.lab.lab_key("fujiba-2024")
late = h.read_message(f"{folder}signature_expired.eml")
h.checks_table(
    {
        "not published": checked(sealed, zone.without(name)),
        "revoked": checked(sealed, zone.with_records(name, "TXT", ["v=DKIM1; p="])),
        "another key": checked(sealed, zone.with_records(name, "TXT", [old.record])),
        "DNS does not answer": checked(sealed, zone.with_records(name, "TXT", h.TIMEOUT)),
        "expired (another mail)": checked(late, h.sample_zone("keys")),
    }
)

# %% [markdown] slideshow={"slide_type": "-"}
# Three of them say whom to ask: no key or a revoked one is the *owner's* affair, a silent DNS may answer later.
# "Another key" looks exactly like a changed header. And for all of them the same holds: a signature that does not
# verify is as if it were not there, no better and no worse (RFC 6376 §6.1).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Only the headers came back
#
# Many bounces return the header and no body. The hash in `bh=` can't be compared then. Is the signature worthless?

# %% slideshow={"slide_type": "-"}
bounce = h.read_bounce(f"{folder}bounce_headers_only.eml")
half = h.verify_dkim(bounce.original, dns=h.sample_zone("fujiba"), body_returned=False)[0]
print(half.result, "- signature fits:", half.signature_ok, "- body fits:", half.body_hash_ok)
h.say(half.reason)

# %% [markdown] slideshow={"slide_type": "-"}
# It still proves who signed and that the header is as it was. `neutral` is the honest word: the other half is
# unknown. For a diagnosis it is often enough: here `d=` is the service's, so it could never have aligned.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What a signature does not promise
#
# It says who vouches, and not that this is the domain in `From`: comparing the two is lesson 06. Three things more it
# leaves open.
#
# **That this mail was sent to you.** The envelope is not signed. A stranger sends our mail on to a thousand others:

# %% slideshow={"slide_type": "-"}
stranger = h.Envelope("198.51.100.201", "host201.example.net", "info@host201.example.net")
replayed = h.authenticate(sealed, envelope=stranger, dns=zone)
print(f"spf={replayed.spf.result} dkim={replayed.dkim[0].result} dmarc={replayed.dmarc.result}")

# %% [markdown] slideshow={"slide_type": "-"}
# It passes: not a byte was changed. This is **replay** (RFC 6376 §8.6). An expiry (`x=`) shortens the time for it,
# and nothing in DKIM prevents it.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **That all of it was signed.** The tag `l=` says how many bytes of the body count. Text was added to this mail below
# the end:

# %% slideshow={"slide_type": "-"}
keys = h.sample_zone("keys")
longer = h.read_message(f"{folder}length_tag_appended.eml")
check = checked(longer, keys)
print(longer.body.decode())
print(check.result, "-", check.warnings[-1])

# %% [markdown] slideshow={"slide_type": "-"}
# Sign without `l=` (RFC 6376 §8.2). And the third: **that the content is true, or wanted.** A spammer can sign, too.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A new key
#
# Keys are replaced, and selectors are there for that: two may be published at a time. A mail of yesterday, signed
# with the old key, is still in somebody's queue. Which stage loses it?

# %% slideshow={"slide_type": "-"}
waiting = h.services.sign(mail, domain="fujiba.net", selector="2024", key=old)
before = zone.without(name).with_records("2024._domainkey.fujiba.net", "TXT", [old.record])
both = before.with_records(name, "TXT", [key.record])
stages = {"1. as it was": before, "2. new key added": both, "3. old key removed": zone}
for stage, dns in stages.items():
    print(f"{stage:19} old: {checked(waiting, dns).result:10} new: {checked(sealed, dns).result}")

# %% [markdown] slideshow={"slide_type": "-"}
# Publish first, then sign with the new key, and remove the old one only when nothing signed with it is under way.
# Servers try for four or five days (RFC 5321 §4.5.4.1), so a week is safe. Reusing the *same* selector has no stage 2.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### A shorter key
#
# Ed25519 is a newer kind of key (RFC 8463). Not every receiver knows it, so mail is signed twice. Compare the records.

# %% slideshow={"slide_type": "-"}
for check in h.verify_dkim(h.read_message(f"{folder}two_algorithms.eml"), dns=keys):
    record = keys(f"{check.selector}._domainkey.{check.domain}", "TXT").values[0]
    print(f"{check.algorithm:15} {check.result}, record of {len(record)} characters")

# %% [markdown] slideshow={"slide_type": "-"}
# Both pass on their own. A receiver that does not know the first one takes the second. The RSA record has more than
# 255 characters, so DNS holds it as two strings; a panel that cuts it there breaks the key. A shorter RSA key is no
# way out: below 1024 bits it counts no more, as `rsa-sha1` does not (RFC 8301 §3).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## In three sentences
#
# A signature ties a domain, `d=`, to the fields in `h=` and the body in `bh=`, and anyone can check that with one
# record in DNS. Body, header and key fail apart from each other, and which one failed says who has to act. It does
# not say that the signer is the author, that the mail was meant for you, or that it is true.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Exercises
#
# 1. `key_missing.eml` was signed with the selector `may2025`, and somebody forgot to publish it. The service says:
#    the key is the one of selector `2025`. Mend the zone.

# %% slideshow={"slide_type": "skip"}
answer = ...  # your zone: h.sample_zone("keys").with_records(name, "TXT", [text])
h.check_answer("04-missing-key", answer)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
text = keys("2025._domainkey.signer.example", "TXT").values[0]
mended = keys.with_records("may2025._domainkey.signer.example", "TXT", [text])
h.check_answer("04-missing-key", mended)

# %% [markdown] slideshow={"slide_type": "skip"}
# 2. You have `sealed`, and no key. Make a mail whose topmost `Subject` says something else, or whose text does, and
#    that still passes for `fujiba.net`.

# %% slideshow={"slide_type": "skip"}
answer = ...  # your mail, as bytes
h.check_answer("04-unnoticed", answer)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.check_answer("04-unnoticed", b"Subject: The invoice is overdue\r\n" + sealed)

# %% [markdown] slideshow={"slide_type": "skip"}
# 3. Plan the change from selector `2024` to `2025`. There are four steps: `"publish 2025"`, `"sign with 2025"`,
#    `"remove 2024"`, and `"wait"`, which is a week. A mail goes out before the first step and after each. None
#    may meet a receiver that finds no key.

# %% slideshow={"slide_type": "skip"}
answer = ...  # your steps in order, as a list of texts
h.check_answer("04-new-key", answer)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.check_answer("04-new-key", ["publish 2025", "sign with 2025", "wait", "remove 2024"])

# %% [markdown] slideshow={"slide_type": "skip"}
# 4. Take a mail of your own from `data/private/` and ask `h.verify_dkim(mail, dns=h.LiveDns())`. Which fields are
#    signed, which are not, and how long is the key? (Open-ended; this one asks real DNS.)
#
# ---
#
# **Sources:** Canonical forms: RFC 6376 §3.4. Tags of a signature: §3.5; key records and selectors: §3.1 and §3.6;
# what is hashed: §3.7; which fields to sign: §5.4; verifying: §6.1; what is left open: §8. SHA-1 and key sizes: RFC 8301 §3.
# Ed25519: RFC 8463 §3 and §4. Results in words: RFC 8601 §2.7.1. How long servers try: RFC 5321 §4.5.4.1.
