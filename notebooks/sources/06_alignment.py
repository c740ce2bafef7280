# %% [markdown] slideshow={"slide_type": "slide"}
# # 06 – Alignment
#
# **SPF passed and DKIM passed. Why does the header still say `dmarc=fail`?**
#
# SPF and DKIM each end with a domain that somebody vouched for. DMARC asks one more question of each: is it
# *the domain that the reader sees*? After this lesson you can answer it in your head, and you know which of
# three domains to change when the answer is no.
#
# *Needs: lessons 03, 04 and 05.*

# %% slideshow={"slide_type": "-"}
import helpers as h

zone = h.sample_zone("fujiba")
message = h.read_message("../data/sample_headers/incident_signed_by_gmail.eml")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Two passes and a fail
#
# The monthly mail once more, in a copy that Gmail signed. Two checks, two results. Before you run it: what
# will DMARC say?

# %% slideshow={"slide_type": "-"} tags=["misconception-03"]
found = h.authenticate(message, dns=zone)
print("spf  =", found.spf.result, " for", found.spf.domain)
print("dkim =", found.dkim[0].result, " for", found.dkim[0].domain)
print("dmarc =", found.dmarc.result, "for", found.dmarc.author_domain)

# %% [markdown] slideshow={"slide_type": "-"}
# Two passes make no pass. Read the *names*, not the results: `gmail.com` is vouched for twice, and nobody
# vouches for `fujiba.net`. A pass for somebody else is no news about you.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Three domains, one comparison
#
# On the left who was vouched for, on the right whom the reader sees. Look for a solid line.

# %% slideshow={"slide_type": "-"}
h.alignment_figure(found)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Both lines are dashed. Each row of the next table is one comparison; the last column says what decided it.

# %% slideshow={"slide_type": "-"}
for row in found.dmarc.alignments:
    print(f"{row.identifier:10} {row.domain:10} {row.mode:8} {row.decided_by}")

# %% [markdown] slideshow={"slide_type": "notes"}
# Ask the room which of the three domains the sender could change. From: no, that is who they are. MAIL FROM and
# d=: both belong to the sending service, and that is where the way out is.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Which `From`?
#
# There are two senders in a mail: `MAIL FROM` in the envelope, and `From` in the header. A help page says that
# DMARC looks at the envelope. Try both ways round: the same pass for `fujiba.net`, once with `fujiba.net` in
# `From`, once with another domain there.

# %% slideshow={"slide_type": "-"} tags=["misconception-04"]
for author in ("fujiba.net", "gmail.com"):
    check = h.evaluate_dmarc(author_domain=author, spf=("fujiba.net", "pass"), dns=zone)
    print(
        f"From {author:11} MAIL FROM fujiba.net  dmarc={check.result}, asked: {check.policy_domain}"
    )

# %% [markdown] slideshow={"slide_type": "-"}
# The envelope is the same in both lines. What DMARC protects, whose record it reads and what it compares with
# is the domain in `From` of the header: the **author domain** (RFC 9989 §4.2). The envelope only supplies one of
# the names that are compared.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One is enough
#
# SPF aligned or not, DKIM aligned or not: four kinds of mail. How many of them pass? Commit to a number.

# %% slideshow={"slide_type": "-"} tags=["misconception-05"]
own, other = "mail.fujiba.net", "gmail.com"
for spf in (own, other):
    for dkim in (own, other):
        check = h.evaluate_dmarc(
            author_domain="fujiba.net", spf=(spf, "pass"), dkim=[(dkim, "pass")], dns=zone
        )
        print(f"SPF for {spf:16} DKIM for {dkim:16} dmarc={check.result}")

# %% [markdown] slideshow={"slide_type": "-"}
# Three of four. DMARC wants *one* aligned pass, and does not care which (RFC 9989 §5.3.5). The second one is a
# reserve: forwarding takes SPF away, a footer takes the signature away.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Can a record ask for both?
#
# `aspf=s` sounds like "SPF is required". Here SPF fails altogether and the signature is right.

# %% slideshow={"slide_type": "-"} tags=["misconception-06"]
strict = zone.with_records("_dmarc.fujiba.net", "TXT", ["v=DMARC1; p=reject; aspf=s; adkim=s"])
dkim_alone = {"spf": ("fujiba.net", "fail"), "dkim": [("fujiba.net", "pass")]}
print(h.evaluate_dmarc(author_domain="fujiba.net", **dkim_alone, dns=strict).reason)

# %% [markdown] slideshow={"slide_type": "-"}
# It passes. `aspf` and `adkim` say how names are *compared*; no tag says which of the two checks has to pass.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## When are two names the same?
#
# The simple idea: `d=` is the domain in `From`, or something below it. Written down, and put beside what DMARC
# finds for mail from `news.fujiba.net`. In which lines will they differ?


# %% slideshow={"slide_type": "-"} tags=["misconception-23"]
names = ("news.fujiba.net", "mx.news.fujiba.net", "fujiba.net", "shop.fujiba.net", "notfujiba.net")


def below(name, author):
    return name == author or name.endswith("." + author)


for signer in names:
    check = h.evaluate_dmarc(author_domain="news.fujiba.net", dkim=[(signer, "pass")], dns=zone)
    simple = below(signer, "news.fujiba.net")
    print(f"d={signer:20} simple idea: {simple!s:6} DMARC: {check.dkim_aligned}")

# %% [markdown] slideshow={"slide_type": "-"}
# The parent aligns, and so does a *sibling*. **Relaxed** alignment, the default, compares **organizational
# domains**: what was registered, `fujiba.net`, is the same for all four. The last one only looks alike.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Who says what was registered?
#
# Not the name itself: `fujiba.net` and `ne.jp` look the same. RFC 7489 asked a list of public suffixes. RFC 9989
# walks up the tree and looks for DMARC records (lesson 05). So take the record of `fujiba.net` away, and give
# `news.fujiba.net` one of its own. Does its sibling still align?

# %% slideshow={"slide_type": "-"}
alone = h.Zone.from_dict({"_dmarc.news.fujiba.net": {"TXT": ["v=DMARC1; p=reject"]}})
for rules in ("rfc7489", "rfc9989"):
    check = h.evaluate_dmarc(
        author_domain="news.fujiba.net", dkim=[("shop.fujiba.net", "pass")], dns=alone, rules=rules
    )
    print(f"{rules}: {check.organizational_domain:16} dmarc={check.result}")

# %% [markdown] slideshow={"slide_type": "-"}
# By the list it does, by the tree walk it does not: nothing above `news.fujiba.net` says that the names belong
# together. **Publish a record at the domain that you registered**, and old and new receivers agree.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Strict
#
# `adkim=s` and `aspf=s` want the same name, letter by letter. The five names from above under both modes:

# %% slideshow={"slide_type": "-"}
for signer in names:
    marks = []
    for world in (zone, strict):
        check = h.evaluate_dmarc(
            author_domain="news.fujiba.net", dkim=[(signer, "pass")], dns=world
        )
        marks.append("aligned" if check.dkim_aligned else "-")
    print(f"d={signer:20} relaxed: {marks[0]:9} strict: {marks[1]}")

# %% [markdown] slideshow={"slide_type": "-"}
# Strict shuts out a subdomain that somebody else runs for you, and your own newsletter with it. Its price is that
# every sender has to use exactly the name in `From`. Most domains are better served by relaxed; RFC 9989 §11.8
# tells what relaxed leaves open.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Playground
#
# The story's mail, with everything to turn. Get it to pass in three ways: by the envelope, by a signature, by
# `From`. Then switch strict on and see which of your three ways survives. (A whole address does as well as a
# domain.)

# %% slideshow={"slide_type": "-"}
playground = h.alignment_playground()
playground

# %% [markdown] slideshow={"slide_type": "skip"}
# Without widgets the fields can be set in code; the picture follows just the same. What does a signature of the
# owner change?

# %% slideshow={"slide_type": "skip"}
playground.fields["signed_by"].value = "mail.fujiba.net"
print(playground.check.result, "–", playground.check.reason)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Ten messages
#
# You are the receiver. Each line is a message: the domain in `From`, the domain of MAIL FROM and what SPF said,
# `d=` and what DKIM said, and tags of the author's record. Which pass?

# %% slideshow={"slide_type": "-"}
ten = [
    ("fujiba.net", "gmail.com", "pass", None, "none", ""),
    ("fujiba.net", "gmail.com", "pass", "fujiba.net", "pass", ""),
    ("fujiba.net", "bounce.fujiba.net", "pass", None, "none", ""),
    ("fujiba.net", "bounce.fujiba.net", "pass", None, "none", "aspf=s"),
    ("fujiba.net", "fujiba.net", "fail", "gmail.com", "pass", ""),
    ("fujiba.net", "fujiba.net", "softfail", "mail.fujiba.net", "pass", "adkim=r"),
    ("news.fujiba.net", "list.example.org", "pass", "shop.fujiba.net", "pass", ""),
    ("news.fujiba.net", "list.example.org", "pass", "fujiba.net", "pass", "adkim=s"),
    ("fujiba.net", "fujiba.net.example.com", "pass", "notfujiba.net", "pass", ""),
    ("fujiba.net", "list.example.org", "pass", "fujiba.net", "fail", ""),
]

# %% [markdown] slideshow={"slide_type": "subslide"}
# Write your verdicts down, `"pass"` or `"fail"`, ten of them, before you let the kit judge.

# %% slideshow={"slide_type": "-"}
verdicts = ...  # such as ["pass", "fail", …], one for each line

h.check_answer(
    "06-ten-messages", verdicts if verdicts is ... else list(zip(ten, verdicts, strict=False))
)

# %% [markdown] slideshow={"slide_type": "skip"}
# The first line is the story. One line has two passes, for names that only *look* like the author's.

# %% slideshow={"slide_type": "skip"} tags=["solution"]
verdicts = ["fail", "pass", "pass", "fail", "fail", "pass", "pass", "fail", "fail", "fail"]
h.check_answer("06-ten-messages", list(zip(ten, verdicts, strict=True)))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## In three sentences
#
# SPF and DKIM say *who* was vouched for; DMARC compares that name with the author domain, and one aligned pass is
# enough. Relaxed compares organizational domains, strict compares names. When it fails, look at the names: let
# MAIL FROM or `d=` be a domain of yours, since `From` is who you are.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Exercises
#
# 1. Mail from `news.example.com` goes out through a service: MAIL FROM is `bounce.service.example`, SPF passes.
#    `_dmarc.news.example.com` is `v=DMARC1; p=reject; adkim=s`, and `_dmarc.example.com` is
#    `v=DMARC1; p=reject`. Which `d=` makes it pass?

# %% slideshow={"slide_type": "skip"}
signer = ...  # a domain, as text

h.check_answer("06-signer", signer)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.check_answer("06-signer", "news.example.com")

# %% [markdown] slideshow={"slide_type": "skip"}
# 2. Open-ended: `news.example.com` writes, `shop.example.com` signs, under RFC 9989. Which DMARC record or
#    records make the two align, and still ask receivers to refuse what does not?

# %% slideshow={"slide_type": "skip"}
records = ...  # such as {"_dmarc.somewhere.example": "v=DMARC1; p=…"}

h.check_answer("06-siblings", records)

# %% slideshow={"slide_type": "skip"} tags=["solution"]
h.check_answer("06-siblings", {"_dmarc.example.com": "v=DMARC1; p=reject"})

# %% [markdown] slideshow={"slide_type": "skip"}
# One record, at the name that both ways meet. `sp=` is not needed: without it `p` holds for subdomains, too.
#
# ---
# **Sources:** identifier alignment: RFC 9989 §4.4, DKIM §4.4.1, SPF §4.4.2; why `From`: §4.2; organizational
# domains by the tree walk: §4.10.2; pass or fail: §5.3.5; what relaxed leaves open: §11.8. The older
# rules: RFC 7489 §3.1 and §3.2.
