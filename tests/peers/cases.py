"""Generated cases for differential tests: SPF worlds, signed messages that were changed, DMARC worlds."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

World = dict[str, dict[str, Any]]  # name -> type -> records, or "servfail"

CLIENTS = ("192.0.2.1", "198.51.100.7", "2001:db8::1")
NAMES = (
    "example.com",
    "a.example.com",
    "b.example.com",
    "c.example.net",
    "mx.example.com",
    "none.example.org",
)

# ------------------------------------------------------------------------ SPF

_addresses = st.sampled_from(("192.0.2.1", "192.0.2.99", "198.51.100.7", "203.0.113.5"))
_six = st.sampled_from(("2001:db8::1", "2001:db8::99"))
_targets = st.sampled_from(
    (
        *NAMES,
        "%{d}",
        "%{d2}",
        "a.%{d}",
        "%{l}.example.com",
        "%{ir}.example.com",
        "%{h}",
        "%{s}",
        "%{o1r}.net",
        "%%x.com",
    )
)
_lengths = st.sampled_from(("", "/24", "/32", "/0", "/8", "/33", "//64", "/24//64", "/024"))
_qualifiers = st.sampled_from(("", "", "+", "-", "~", "?"))


def _mechanism(name: str, argument: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(lambda q, a: f"{q}{name}{a}", _qualifiers, argument)


def _maybe(strategy: st.SearchStrategy[str], before: str = ":") -> st.SearchStrategy[str]:
    return st.one_of(st.just(""), strategy.map(lambda text: before + text))


_with_length = st.builds(lambda name, length: name + length, _maybe(_targets), _lengths)
_terms = st.one_of(
    _mechanism("all", st.just("")),
    _mechanism("a", _with_length),
    _mechanism("mx", _with_length),
    _mechanism("include", _targets.map(":{}".format)),
    _mechanism("exists", _targets.map(":{}".format)),
    _mechanism("ptr", _maybe(_targets)),
    _mechanism(
        "ip4",
        st.builds(lambda a, n: f":{a}{n}", _addresses, st.sampled_from(("", "/24", "/32", "/33", "/0"))),
    ),
    _mechanism("ip6", st.builds(lambda a, n: f":{a}{n}", _six, st.sampled_from(("", "/64", "/128", "/129")))),
    _targets.map("redirect={}".format),
    st.sampled_from(
        ("x-later=%{d}", "exp=exp.example.com", "unknown", "a:", "include", "ip4:1.2.3", "all:x", "-", "")
    ),
)
_records = st.lists(_terms, max_size=5).map(lambda terms: " ".join(["v=spf1", *terms]))
_texts = st.one_of(
    _records.map(lambda text: [text]),
    st.lists(_records, min_size=2, max_size=2),
    st.sampled_from((["some other text"], ["v=spf10 -all"], ["V=SPF1 A -ALL"], ["v=spf1"], "servfail")),
)


@st.composite
def spf_worlds(draw: st.DrawFn) -> tuple[World, str, str, str]:
    """A world of records, and client IP, MAIL FROM and HELO to ask about."""
    world: World = {}
    for name in NAMES[:-1]:
        types: dict[str, Any] = {}
        if name == "example.com" or draw(st.booleans()):
            types["TXT"] = draw(_texts)
        if draw(st.booleans()):
            types["A"] = draw(st.one_of(st.lists(_addresses, min_size=1, max_size=2), st.just("servfail")))
        if draw(st.booleans()):
            types["AAAA"] = draw(st.lists(_six, min_size=1, max_size=2))
        if draw(st.integers(0, 2)) == 0:
            types["MX"] = draw(
                st.lists(st.sampled_from(NAMES).map(lambda host: [10, host]), min_size=1, max_size=2)
            )
        if types:
            world[name] = types
    if draw(st.booleans()):
        world["1.2.0.192.in-addr.arpa"] = {"PTR": ["a.example.com"]}
    client, sender, helo = (draw(st.sampled_from(x)) for x in (CLIENTS, ("me@example.com",), NAMES))
    return world, client, sender, helo


# ---------------------------------------------------------------------- DMARC

# Names below the public suffix "com", so that old and new rules have the same organizational domain.
AUTHORS = ("example.com", "mail.example.com", "a.mail.example.com", "other.com", "example.co.uk")
_results = st.sampled_from(("pass", "fail", "none", "temperror"))
_identifiers = st.tuples(st.sampled_from((*AUTHORS, "news.example.com", "x.other.com")), _results)
_policies = st.sampled_from(("none", "quarantine", "reject", "Reject", "rejected"))
_tags = st.one_of(
    _policies.map("sp={}".format),
    st.sampled_from(
        ("adkim=s", "adkim=r", "adkim=x", "aspf=s", "aspf=r", "rua=mailto:d@example.com", "fo=1", "x=y")
    ),
)


@st.composite
def dmarc_records(draw: st.DrawFn) -> str:
    """A record, mostly valid."""
    tags = draw(st.lists(_tags, max_size=4, unique_by=lambda tag: tag.partition("=")[0]))
    policy = draw(st.one_of(_policies.map("p={}".format), st.just("")))
    glue = draw(st.sampled_from(("; ", ";", " ; ")))
    return glue.join(filter(None, ["v=DMARC1", policy, *tags])) + draw(st.sampled_from(("", ";")))


@st.composite
def dmarc_worlds(draw: st.DrawFn) -> tuple[World, str, tuple[str, str], list[tuple[str, str]]]:
    """Records below _dmarc, the author domain, and what SPF and DKIM found."""
    world: World = {name: {"A": ["192.0.2.1"]} for name in AUTHORS}
    for name in ("example.com", "mail.example.com", "other.com"):
        if draw(st.booleans()):
            world[f"_dmarc.{name}"] = {"TXT": [draw(dmarc_records())]}
    dkim = draw(st.lists(_identifiers, max_size=2))
    return world, draw(st.sampled_from(AUTHORS)), draw(_identifiers), dkim


# ----------------------------------------------------------------------- DKIM

MAIL = (
    b"From: Me <me@signer.example>\r\nTo: you@example.net\r\nSubject: A  folded\r\n subject\r\n"
    b"Date: Mon, 01 Sep 2025 10:00:00 +0000\r\nMessage-ID: <1@signer.example>\r\nX-Other: other\r\n\r\n"
    b"First  line \r\n\r\nlast line\r\n\r\n\r\n"
)
CANONICALIZATIONS = ("relaxed/relaxed", "relaxed/simple", "simple/relaxed", "simple/simple")
HEADERS = (
    "from",
    "from:to:subject:date",
    "from:from:subject",
    "from:to:x-missing:subject",
    "to:subject:from",
)

# What happens to a signed message on its way: (what, old bytes, new bytes), each applied once.
CHANGES = (
    ("nothing", b"", b""),
    ("body: a word", b"last line", b"last word"),
    ("body: blanks at a line's end", b"First  line \r\n", b"First  line\t \r\n"),
    ("body: blanks squeezed", b"First  line", b"First line"),
    ("body: lines at the end", b"last line\r\n\r\n\r\n", b"last line\r\n"),
    ("body: a footer", b"last line\r\n", b"last line\r\n--\r\nthe list\r\n"),
    ("body: gone", b"First  line \r\n\r\nlast line\r\n\r\n\r\n", b""),
    ("header: refolded", b"folded\r\n subject", b"folded subject"),
    ("header: blanks", b"Subject: A  folded", b"Subject:  A folded"),
    ("header: name's case", b"Subject:", b"SUBJECT:"),
    ("header: a word", b"A  folded", b"B  folded"),
    ("header: From changed", b"Me <me@", b"Them <me@"),
    ("header: a second From above", b"To: you", b"From: evil@example.org\r\nTo: you"),
    ("header: a second Subject", b"To: you", b"Subject: other\r\nTo: you"),
    ("header: not covered, changed", b"X-Other: other", b"X-Other: changed"),
    ("header: X-Missing added", b"X-Other: other", b"X-Missing: here\r\nX-Other: other"),
    ("header: Subject removed", b"Subject: A  folded\r\n subject\r\n", b""),
    ("tag: v=2", b"v=1;", b"v=2;"),
    ("tag: no v", b"v=1; ", b""),
    ("tag: other domain", b"d=signer.example", b"d=other.example"),
    ("tag: a=rsa-sha1", b"a=rsa-sha256", b"a=rsa-sha1"),
    ("tag: a=rsa-sha512", b"a=rsa-sha256", b"a=rsa-sha512"),
    ("tag: unknown", b"v=1;", b"v=1; zz=1;"),
    ("tag: i= of the domain", b"v=1;", b"v=1; i=me@signer.example;"),
    ("tag: i= of a subdomain", b"v=1;", b"v=1; i=me@sub.signer.example;"),
    ("tag: i= of another", b"v=1;", b"v=1; i=me@other.example;"),
    ("tag: q=", b"v=1;", b"v=1; q=dns/txt;"),
    ("tag: q= unknown", b"v=1;", b"v=1; q=carrier/pigeon;"),
    ("tag: twice", b"v=1;", b"v=1; v=1;"),
    ("tag: b= broken", b" b=", b" b=AAAA"),
    ("tag: bh= broken", b" bh=", b" bh=AAAA"),
)

# The key's record: (what, from the real text to what is published; None: nothing is, "servfail": DNS fails).
KEY_RECORDS: tuple[tuple[str, Any], ...] = (
    ("as it is", lambda text: text),
    ("no v", lambda text: text.removeprefix("v=DKIM1; ")),
    ("v last", lambda text: text.removeprefix("v=DKIM1; ") + "; v=DKIM1"),
    ("v=DKIM2", lambda text: text.replace("DKIM1", "DKIM2")),
    ("revoked", lambda text: "v=DKIM1; k=rsa; p="),
    ("no p", lambda text: "v=DKIM1; k=rsa"),
    ("broken p", lambda text: text[:60]),
    ("k=ed25519", lambda text: text.replace("k=rsa", "k=ed25519")),
    ("no k", lambda text: text.replace("k=rsa; ", "")),
    ("h=sha256", lambda text: text.replace("k=rsa", "h=sha256; k=rsa")),
    ("h=sha1", lambda text: text.replace("k=rsa", "h=sha1; k=rsa")),
    ("h=sha1:sha256", lambda text: text.replace("k=rsa", "h=sha1:sha256; k=rsa")),
    ("s=email", lambda text: text.replace("k=rsa", "s=email; k=rsa")),
    ("s=*", lambda text: text.replace("k=rsa", "s=*; k=rsa")),
    ("s=other", lambda text: text.replace("k=rsa", "s=other; k=rsa")),
    ("t=s", lambda text: text.replace("k=rsa", "t=s; k=rsa")),
    ("t=y", lambda text: text.replace("k=rsa", "t=y; k=rsa")),
    ("blanks", lambda text: text.replace("; ", " ;  ").replace("=", " = ", 2)),
    ("not a record", lambda text: "hello"),
    ("missing", lambda text: None),
    ("DNS fails", lambda text: "servfail"),
)

dkim_cases = st.tuples(
    st.sampled_from(CANONICALIZATIONS),
    st.sampled_from(HEADERS),
    st.lists(st.sampled_from(CHANGES), min_size=1, max_size=2, unique_by=lambda change: change[0]),
    st.sampled_from([KEY_RECORDS[0]] * 20 + list(KEY_RECORDS)),
)
