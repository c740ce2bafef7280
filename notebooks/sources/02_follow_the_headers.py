# %% [markdown] slideshow={"slide_type": "slide"}
# # 02 – Follow the headers
#
# **Which lines of a header can I believe, and who wrote the others?**
#
# A header looks like one text. It is written by many hands: the author's program, every server on the way, and,
# now and then, somebody who wants to deceive you. After this lesson you know whose word each line is, and you
# have sent a forged mail over real SMTP to see what of it survives.
#
# *Needs: [[01]].*

# %% slideshow={"slide_type": "-"}
import helpers as h

mail = h.read_message("../data/sample_headers/incident_received.eml")
zone = h.sample_zone("fujiba")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What the mail program hides
#
# This is the story's mail in the one mailbox where it arrived. A mail program shows four or five of its fields.
# How many are there? Guess before you run.

# %% slideshow={"slide_type": "-"}
print(len(mail.headers))
h.say(", ".join(header.name for header in mail.headers))

# %% [markdown] slideshow={"slide_type": "-"}
# Read them from the end. The last nine are the Mac's: `From` to `X-Mailer`. Then each server put its own on
# **top**: Gmail's servers the six above, the receiver the first three. Nobody went back to sign the whole.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Envelope and header
#
# Before a server sees any of these fields it is handed an *envelope*: who gets the bounces, and who gets the
# mail. The lab sends the story's mail again, over SMTP on this machine. Here is what Google's server says to the
# receiver. Look for the two senders.

# %% slideshow={"slide_type": "subslide"}
with h.lab(zone) as net:
    trace = net.send(from_="monthly@fujiba.net", through="gmail")
conversation = str(trace.hops[1].dialogue).splitlines()
print("\n".join(line for line in conversation if line.startswith("C: ")))

# %% [markdown] slideshow={"slide_type": "-"}
# `MAIL FROM:<owner.example@gmail.com>` is the envelope, `From: monthly@fujiba.net` the letter inside. SMTP compares
# the two as little as a postman compares the back of an envelope with the letterhead (RFC 5321 §3.3).
# (`PROXY` is the lab's own: it lends the server an address.)

# %% [markdown] slideshow={"slide_type": "notes"}
# *Presenting:* Give the room a moment with this output. Everything later hangs on it: SPF asks about the third line, the reader
# sees the `From:` further down, and nothing in SMTP ties one to the other.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Four names in one mail
#
# Who stands in `From`, and who in the envelope? For the second the kit needs evidence, since the envelope is thrown
# away after delivery. It names its source.

# %% slideshow={"slide_type": "-"}
print("author domain:", mail.author_domain)
mail.envelope

# %% [markdown] slideshow={"slide_type": "-"}
# MAIL FROM is *stated*: the receiver copied it into `Return-Path`. The client IP and HELO are *inferred* from the
# `Received` line where the mail came in. The fourth name, `d=` of a `DKIM-Signature`, is missing here.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | name | set by | proven by |
# |---|---|---|
# | author domain, `From` | the author's program, freely | nothing by itself |
# | MAIL FROM | the sending server, freely | SPF, if it passes |
# | HELO | the sending server, freely | SPF, if it is asked about it |
# | `d=` | whoever signs, freely | the signature, if it verifies |
#
# `Sender`, where there is one, is one more header field that anybody may write. No check asks about it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The way, line by line
#
# Each server that takes a mail writes a `Received` field: from whom, by whom, when (RFC 5321 §4.4). Before you look
# at the picture: three servers wrote one here. Whose can *you* believe, if you trust your own provider and nobody
# else? In the picture a believable one has a filled dot.

# %% slideshow={"slide_type": "subslide"} tags=["remove-input"]
h.hops_figure(mail)

# %% [markdown] slideshow={"slide_type": "-"}
# Only the last. `cm2.dti.ne.jp` saw the address `192.0.2.41` on its own connection. The other two lines, and `Date`,
# were part of what that client handed over. They happen to be true.

# %% [markdown] slideshow={"slide_type": "subslide"}
# The kit calls this hop the border, and reads client IP and HELO from it, and from no other:

# %% slideshow={"slide_type": "-"}
h.say(mail.incoming_hop.raw_text)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What a spoofer writes
#
# Now be the other side. You want a mail to look as if it came from `fujiba.net` through Google, checked and passed.
# A header is text. Write one:

# %% slideshow={"slide_type": "-"}
spoof = """\
Return-Path: <monthly@fujiba.net>
Received: from smtp.gmail.com (smtp.gmail.com [192.0.2.41])
 by mx.google.com with ESMTPS; Fri, 09 May 2025 00:30:00 +0000
Authentication-Results: mx.google.com; dmarc=pass header.from=fujiba.net
Authentication-Results: mx1.737flight.example; dmarc=pass header.from=fujiba.net
From: Fujiba Office <monthly@fujiba.net>
Subject: New bank account

Please pay.
"""

# %% [markdown] slideshow={"slide_type": "notes"}
# *Presenting:* Let the room dictate further lines: a Received-SPF, an X-Spam-Status, a whole second hop. All of it is
# text before the letter, and SMTP takes it.

# %% [markdown] slideshow={"slide_type": "subslide"}
# The last of the two results even bears the name of the receiver that you send it to. For the experiment
# `fujiba.net` asks for no action (`p=none`), so that the mail arrives. Which of your lines will be in it?

# %% slideshow={"slide_type": "-"}
lenient = zone.with_records("_dmarc.fujiba.net", "TXT", ["v=DMARC1; p=none"])
with h.lab(lenient) as net:
    sent = net.send(spoof, from_="news@example.net", through="direct", client_ip="198.51.100.200")
arrived = sent.received
print(arrived.raw.decode())

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Whose Return-Path is it?
#
# Some mail programs let you set one, and you did. Compare:

# %% slideshow={"slide_type": "-"} tags=["misconception-18"]
print("written by you:", h.read_message(spoof).return_path)
print("as it arrived: ", arrived.return_path)

# %% [markdown] slideshow={"slide_type": "-"}
# The server that delivers writes its own, from MAIL FROM, and may take out any that came, as here (RFC 5321 §4.4).
# No setting of a mail program can do that for it. To get another Return-Path, another *server* has to send.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### One of your results is gone, the other is still there
#
# The receiver drops results that bear its own name, as RFC 8601 §5 tells it to. Google's name is not its business.
# So whoever searches the text finds what you planted. What matters is *where* a line stands, and who can have written
# it:

# %% slideshow={"slide_type": "-"}
print("dmarc=pass" in arrived.raw.decode())
for row in arrived.stated:
    word = "trusted" if row.trusted else "NOT trusted"
    print(f"{row.by}: {row.method}={row.result} for {row.domain or 'nobody'} - {word}")

# %% [markdown] slideshow={"slide_type": "-"}
# The planted one stands below the border. It came in with the mail, so anybody could have written it. The true
# result, `dmarc=fail`, is above.

# %% [markdown] slideshow={"slide_type": "subslide"}
# The same in the picture. Look which of the two dots is hollow.

# %% slideshow={"slide_type": "-"} tags=["remove-input"]
h.hops_figure(arrived)

# %% [markdown] slideshow={"slide_type": "-"}
# Google's, though the line names a real server and its real address. It is text that you wrote a minute ago. The
# filled dot has the address that you really sent from.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Results as real receivers write them
#
# `Authentication-Results` has a grammar (RFC 8601 §2.2), and each provider has its own way with it. Three shapes, as
# three large receivers write them:

# %% slideshow={"slide_type": "-"}
results = [
    "mx.google.com; dkim=pass header.i=@fujiba.net header.s=svc1; spf=pass (google.com:"
    " domain of b@mt64.fujiba.net designates 198.51.100.71 as permitted sender)"
    " smtp.mailfrom=b@mt64.fujiba.net",
    "spf=pass (sender IP is 198.51.100.71) smtp.mailfrom=shop.example; dkim=none"
    " (message not signed) header.d=none;dmarc=bestguesspass action=none"
    " header.from=shop.example;compauth=pass reason=109",
    "mx.yahoo.com; dkim=unknown; spf=pass smtp.mailfrom=mt64.fujiba.net;"
    " dmarc=pass(p=REJECT) header.from=fujiba.net;",
]

# %% [markdown] slideshow={"slide_type": "subslide"}
# Can you tell Google, Microsoft and Yahoo apart? And *for which domain* is each word meant?

# %% slideshow={"slide_type": "-"}
for result in results:
    for row in h.read_message(f"Authentication-Results: {result}\n\n").stated:
        said = f"{row.method}={row.result_text}"
        print(f"{row.by or '-':13} {said:20} {row.result or '?':5} {row.domain or '-'}")

# %% [markdown] slideshow={"slide_type": "-"}
# Google names the signer by `header.i`, Microsoft leaves out who is speaking and invents words (`bestguesspass`,
# `compauth`), Yahoo says `unknown` for "not signed". The kit gives each word its domain, and a `?` where it is none
# of RFC 8601's. A result without its domain is half a result.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Japanese headers
#
# Header fields are ASCII by tradition. Other scripts come as *encoded words* (RFC 2047 §2), in Japanese mail often
# in ISO-2022-JP. What a server sees, and what a reader sees:

# %% slideshow={"slide_type": "-"}
japanese = h.read_message("../data/sample_headers/japanese_iso2022jp.eml")
print(japanese.get("subject").value)
print(japanese.subject)
print(japanese.body[:32])
print(japanese.parts[0].text()[:16])

# %% [markdown] slideshow={"slide_type": "-"}
# `=?charset?B?…?=` is base64 of bytes in that charset. The body switches to two-byte characters and back by escape
# sequences. A signature covers the bytes, never the characters: whoever re-encodes a mail "for display" breaks it.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Domain names have a second form, too. DNS, SPF, DKIM and DMARC compare **A-labels**:

# %% slideshow={"slide_type": "-"}
modern = h.read_message("../data/sample_headers/japanese_utf8_domain.eml")
print(modern.get("from").value)
print(modern.author_domain)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### An address that is a name
#
# Encoded words hide things, too. Is this mail from `fujiba.net`?

# %% slideshow={"slide_type": "-"}
trick = "From: =?utf-8?B?bW9udGhseUBmdWppYmEubmV0?= <news@example.net>\n\n"
address = h.read_message(trick).from_addresses[0]
print("a reader sees:", address.name)
print("DMARC asks:   ", h.read_message(trick).author_domain)

# %% [markdown] slideshow={"slide_type": "-"}
# Addresses are found first and words decoded afterwards, so the name stays a name. DMARC for `example.net` may even
# *pass*. Many mail programs show the name alone; no check in this course protects it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What this does not tell
#
# Trust by place needs a provider that does its part. Had ours not removed results under its own name, one planted
# right below its `Received` field would look like one it wrote. And clocks are nobody's proof: hours may be
# invented, a delay in a line below the border even more so.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## In three sentences
#
# The envelope and the header have a sender each, and nothing in SMTP compares them. You can believe the lines from
# the receiver's border upward; everything below came with the mail. Four names claim to be the origin, and each
# proves something only if a check passed **for that very name**.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Exercises
#
# 1. A customer's mail came through a forwarder. Fill in the four names as the *last* receiver knows them. (The
#    sample is `forwarded_signed.eml`; a domain is enough for each.)

# %% slideshow={"slide_type": "skip"}
forwarded = h.read_message("../data/sample_headers/forwarded_signed.eml")
names = ...  # {"From": "…", "MAIL FROM": "…", "HELO": "…", "d=": "…"}
h.check_answer("02-four-names", names)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
names = {
    "From": forwarded.author_domain,
    "MAIL FROM": forwarded.return_path,
    "HELO": forwarded.envelope.helo,
    "d=": h.parse_signature(forwarded.get("DKIM-Signature").raw).domain,
}
h.check_answer("02-four-names", names)

# %% [markdown] slideshow={"slide_type": "skip"}
# 2. Write the value of a `Subject` field that reads `六月の予定` and holds nothing but ASCII, in ISO-2022-JP or any
#    other charset.

# %% slideshow={"slide_type": "skip"}
subject = ...  # your field's value, as text
h.check_answer("02-subject", subject)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
from base64 import b64encode

subject = f"=?iso-2022-jp?B?{b64encode('六月の予定'.encode('iso-2022-jp')).decode()}?="
h.check_answer("02-subject", subject)

# %% [markdown] slideshow={"slide_type": "skip"}
# 3. Write a whole header, as a receiver would store it, in which a **planted** result says `dmarc=pass` for
#    `fujiba.net`, the receiver's own says something else, and the kit trusts the right one.

# %% slideshow={"slide_type": "skip"}
header = ...  # your header, as text
h.check_answer("02-planted", header)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.check_answer("02-planted", arrived.raw.decode())

# %% [markdown] slideshow={"slide_type": "skip"}
# 4. Now move the planted line, line by line, upward. From which place on does the kit believe it? Which sentence of
#    RFC 8601 §5 keeps that place safe? (Open-ended.)
#
# ---
#
# **Sources:** Envelope and mail data: RFC 5321 §2.3.1 and §3.3. Trace fields and Return-Path: RFC 5321 §4.4. From and
# Sender: RFC 5322 §3.6.2. Authentication-Results: RFC 8601 §2.2, who is trusted §1.2, what is removed §5, forgeries
# §7.1. Encoded words: RFC 2047 §2 and §5. Names in A-labels: RFC 8616 §3 and §6. Author domain: RFC 9989 §4.4.
