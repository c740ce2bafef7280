"""Reading mail: fields byte for byte, identities, hops, statements, envelope, MIME parts, hostile input."""
# ruff: noqa: E501 - lines of real mail are long

from __future__ import annotations

import email
import io
import json
from datetime import timedelta
from itertools import cycle
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpers.message import Message, read_message, split_headers
from helpers.terms import Basis, Result

HEADER = (
    "Received: from a.example.org (a.example.org [192.0.2.1])\n"
    "\tby mx.example.net (Postfix) with ESMTPS id ABC123\n"
    "\tfor <x@example.net>; Mon, 1 Jan 2024 10:00:00 +0900 (JST)\n"
    "DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=s1; h=from:to:\n"
    " subject:date:message-id; bh=abc;\n"
    " b=xyz\n"
    " abc=\n"
    "Subject: Hello\n"
    " world\n"
    "From: A <a@example.org>\n"
    "To: b@example.net\n"
)
NAMES = ["Received", "DKIM-Signature", "Subject", "From", "To"]


def names(message: Message) -> list[str]:
    return [header.name for header in message.headers]


def field(name: str, value: str) -> Message:
    return read_message(f"{name}: {value}\n\n".encode())


@pytest.fixture(scope="module")
def corpus(shared) -> list[Path]:
    return sorted(path for path in shared("corpus", "bounces").rglob("*") if path.is_file())


# ------------------------------------------------------------------- sources


def test_every_kind_of_source_gives_the_same_message(tmp_path):
    raw = HEADER.encode() + b"\nbody\n"
    path = tmp_path / "mail.eml"
    path.write_bytes(raw)
    sources = [raw, bytearray(raw), memoryview(raw), raw.decode(), path, str(path), io.BytesIO(raw)]
    sources += [io.StringIO(raw.decode()), read_message(raw)]
    assert {read_message(source) for source in sources} == {read_message(raw)}


def test_a_message_comes_back_as_it_is():
    message = read_message(b"Subject: x\n\n")
    assert read_message(message) is message


def test_missing_files_and_wrong_types_are_errors(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_message(tmp_path / "none.eml")
    with pytest.raises(FileNotFoundError):
        read_message("no such file.eml")
    with pytest.raises(FileNotFoundError):
        read_message("no/such/file")
    with pytest.raises(IsADirectoryError):
        read_message(tmp_path)
    for wrong in (None, 5, ["x"], object()):
        with pytest.raises(TypeError, match="bytes, text, a path or an open file"):
            read_message(wrong)


def test_text_that_is_no_path_is_text():
    message = read_message("550 5.7.1 refused")
    assert message.body == b"550 5.7.1 refused"
    assert message.headers == ()
    assert read_message("550 5.7.1 see https://example.com/why.txt").headers == ()
    assert read_message("caf\udce9 \ud800.eml").raw  # lone surrogates


# ------------------------------------------------------------------- reading


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_well_formed_headers_keep_every_byte(ending):
    raw = (HEADER + "\nbody\n").replace("\n", ending).encode()
    headers, body, has_body = split_headers(raw)
    assert b"".join(header.raw for header in headers) + ending.encode() + body == raw
    assert [header.name for header in headers] == NAMES
    assert has_body
    assert read_message(raw).repairs == ()


def test_values_are_unfolded_and_names_have_any_case():
    message = read_message(HEADER)
    assert message.get("sUBJECT").value == "Hello world"
    assert message.get("absent") is None
    assert [header.lname for header in message.all("to")] == ["to"]


def test_a_header_without_separator_has_no_body():
    message = read_message(HEADER)
    assert not message.has_body
    assert message.body == b""
    assert read_message(HEADER + "\n").has_body


def mixed_endings(text: str) -> str:
    endings = cycle(["\r", "\n", "\r\n"])
    *lines, last = text.split("\n")
    return "".join(line + next(endings) for line in lines) + last


def lost_folding(text: str) -> str:
    return text.replace("\n\t", "\n").replace("\n ", "\n")


DAMAGED = {
    "CR only": (lambda t: t.replace("\n", "\r").encode(), "carriage return"),
    "mixed line ends": (lambda t: mixed_endings(t).encode(), "carriage return"),
    "mailbox line": (lambda t: ("From a@example.org Mon Jan  1 10:00:00 2024\n" + t).encode(), "mailbox"),
    "quoted mailbox line": (
        lambda t: (">From a@example.org Mon Jan  1 10:00:00 2024\n" + t).encode(),
        "mailbox",
    ),
    "byte order mark": (lambda t: b"\xef\xbb\xbf" + t.encode(), "byte order mark"),
    "UTF-16": (lambda t: t.encode("utf-16"), "UTF-16"),
    "empty lines first": (lambda t: ("\n \r\n\n" + t).encode(), "Empty lines"),
    "lost folding": (lambda t: lost_folding(t).encode(), "folding was lost"),
    "indented": (lambda t: "".join("    " + line for line in t.splitlines(True)).encode(), "indented"),
    "quoted": (lambda t: "".join("> " + line for line in t.splitlines(True)).encode(), "quoted"),
    "quoted twice": (lambda t: "".join(">> " + line for line in t.splitlines(True)).encode(), "quoted"),
    "first line indented": (lambda t: (" " + t).encode(), "Blanks before"),
    "words before": (lambda t: ("-----Original Message-----\n" + t).encode(), "before the first header"),
    "blank before colon": (lambda t: t.replace("Subject:", "Subject :").encode(), "RFC 5322"),
    "line without colon": (lambda t: t.replace("To: ", "what is this\nTo: ").encode(), "left out"),
}


@pytest.mark.parametrize("how", DAMAGED)
@pytest.mark.parametrize("with_body", [True, False])
def test_damaged_headers_are_repaired_and_it_is_noted(how, with_body):
    damage, note = DAMAGED[how]
    message = read_message(damage(HEADER + "\nbody" if with_body else HEADER))
    assert [name.lower() for name in names(message)] == [name.lower() for name in NAMES]
    assert message.subject == "Hello world"
    assert message.author_domain == "example.org"
    assert message.get("dkim-signature").value.endswith(
        "h=from:to: subject:date:message-id; bh=abc; b=xyz abc="
    )
    assert message.hops[0].ip == "192.0.2.1"
    assert any(note in repair for repair in message.repairs)
    assert all(repair.endswith(".") for repair in message.repairs)
    assert message.has_body == with_body
    assert message.body.strip() == (b"body" if with_body else b"")


def test_double_carriage_returns_end_lines_once():
    message = read_message((HEADER + "\nbody\n").replace("\n", "\r\r\n"))
    assert names(message) == NAMES
    assert message.body == b"body\r\r\n"


def test_text_right_after_the_header_is_text():
    message = read_message("From: a@example.org\nSubject: hi\nHello Bob,\nthis is text\n\nNote: more\n")
    assert names(message) == ["From", "Subject"]
    assert message.body.startswith(b"Hello Bob,")
    assert message.repairs
    multipart = "Content-Type: multipart/mixed; boundary=x\n--x\nContent-Type: text/plain\n\nhi\n--x--\n"
    assert [part.content_type for part in read_message(multipart).parts] == ["multipart/mixed", "text/plain"]


@pytest.mark.parametrize("raw", [b"", b"\n\n", b" \r\n\0"])
def test_nothing_is_an_empty_message(raw):
    message = read_message(raw)
    assert message.headers == ()
    assert message.repairs == ("The input is empty.",)
    assert not message.has_body


@pytest.mark.parametrize(
    "raw",
    [b"\xff\xd8\xff\xe0\x00\x10JFIF\x00: \n\n\x00\xff", b"\x00" * 10 + b"x", b"PK\x03\x04\n\n:", b":\n:\n"],
)
def test_binary_garbage_is_text(raw):
    message = read_message(raw)
    assert message.body == raw
    assert "No header field" in message.repairs[-1]
    assert message.author_domain is None


@pytest.mark.parametrize("rest", [b"", b'<?xml version="1.0"?>\n<plist/>\n', b"\n<plist/>"])
def test_a_file_of_apple_mail_is_the_mail_in_it(rest):
    mail = b"From: a@example.com\r\nSubject: 12\r\n\r\n34\r\n"
    read = read_message(b"%-10d\n" % len(mail) + mail + rest)
    assert (read.author_domain, read.body) == ("example.com", b"34\r\n")
    assert "Apple Mail" in read.repairs[0]


def test_a_number_before_a_mail_is_only_a_line():
    read = read_message(
        b"12\nFrom: a@example.com\nTo: b@example.net\nSubject: x\n\nand a body that is longer than that\n"
    )
    assert read.author_domain == "example.com"
    assert read.body == b"and a body that is longer than that\n"
    assert "Apple" not in " ".join(read.repairs)


def test_outlook_files_are_named():
    assert ".msg" in read_message(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100)).repairs[0]


def test_nul_and_8_bit_bytes_are_kept_and_noted():
    message = read_message(b"From: a@example.org\nSubject: a\x00b \xe9\n\nbody\x00\xff")
    assert message.get("subject").value == "a\0b \\xe9"
    assert message.get("subject").decoded == "a\0b é"
    assert message.body == b"body\x00\xff"
    assert any("NUL" in repair for repair in message.repairs)


def test_unusual_field_names_are_fields():
    message = read_message("X/Y(z): 1\n550: what\nSubject: s\n\nb")
    assert names(message) == ["X/Y(z)", "550", "Subject"]
    assert message.repairs == ()


@given(st.binary(max_size=400))
@example(b">From \n>From: a\n\r\n\r")
@example(b"A:\r\rB")
def test_nothing_raises_and_everything_is_json_ready(raw):
    message = read_message(raw)
    json.dumps(message.to_dict())
    for part in message.parts:
        part.text()
    assert message.raw == raw


LINES = st.lists(
    st.sampled_from(
        ["A: b", "Subject: x", " folded", "\tfolded", "", "--x", "no colon", "h=a:b", "Received: from x", "> q", "é:",
         "From a", "Content-Type: multipart/mixed; boundary=x", "\r", "\0"]
    ),
    max_size=12,
)  # fmt: skip


@given(LINES, st.sampled_from(["\n", "\r\n", "\r"]))
def test_what_was_not_repaired_is_every_byte_of_the_input(lines, ending):
    raw = ending.join(lines).encode()
    message = read_message(raw)
    list(message.parts)
    if message.repairs:
        return
    rebuilt = b"".join(header.raw for header in message.headers)
    rest = raw[len(rebuilt) :]
    assert raw.startswith(rebuilt)
    assert rest.endswith(message.body)
    assert rest[: len(rest) - len(message.body)].strip(b"\r\n") == b""


HOSTILE = {
    "one line": b"a" * 2_000_000,
    "one name": b"a" * 2_000_000 + b": x\n\n",
    "blanks": b" " * 2_000_000,
    "carriage returns": b"\r" * 500_000,
    "line feeds and returns": b"x\n" + b"\r" * 500_000,
    "open comments": b"From: " + b"(" * 300_000 + b"\nReceived: " + b"(" * 300_000 + b"\n\n",
    "open quotes": b"From: " + b'"\\' * 200_000 + b"\n\n",
    "quotes": b"From: " + b'"' * 200_001 + b"\n\n",
    "brackets": b"From: " + b"<[" * 200_000 + b"\n\n",
    "addresses with comments": b"From: " + b"a@b(c)" * 50_000 + b"\n\n",
    "addresses with names": b"From: " + b"x a@b " * 50_000 + b"\n\n",
    "addresses inside and behind": b"From: " + b"<a@b c@d> e@f " * 20_000 + b"\n\n",
    "half a kanji": b"From: " + b"\x1b$B<@a\x1b(B" * 30_000 + b"\x1b$B<@.a" * 30_000 + b"\n\n",
    "commas": b"From: " + b"a," * 200_000 + b"\n\n",
    "results": b"Authentication-Results: x; " + b"spf=pass ((" * 100_000 + b"\n\n",
    "semicolons": b"Authentication-Results: " + b";" * 300_000 + b"\n\n",
    "equals": b"Authentication-Results: x; a" + b" " * 300_000 + b"=" * 300_000 + b"\n\n",
    "words": b"Received-SPF: pass " + b"domain of " * 50_000 + b"\n\n",
    "parameters": b"Content-Type: text/plain" + b';a="\\' * 100_000 + b"\n\n",
    "type comments": b"Content-Type: text/plain;" + b"(" * 200_000 + b"\n\n",
    "encoded words": b"Subject: " + b"=?utf-8?q?" * 100_000 + b"\n\n",
    "encoded words, all decoded": b"Subject: " + b"=?utf-8?q?a?= " * 50_000 + b"\n\n",
    "date": b"Date: " + b"1 " * 300_000 + b"\n\n",
    "helo": b"Received: from x (" + b"helo " * 100_000 + b"\n\n",
    "addresses": b"Received: from x (" + b"1.1.1.1." * 50_000 + b":a" * 100_000 + b")\n\n",
    "boundaries": b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n" * 200_000,
    "pasted signature": b"x\nDKIM-Signature: h=from:\n" + b"to:cc\n" * 100_000 + b"Subject: x\n",
    "pasted text": b"From: a@example.org\nSubject: a\n" + b"text without colon\n" * 100_000,
}


@pytest.mark.parametrize("how", HOSTILE)
def test_hostile_mail_takes_no_time(how):
    """No time is measured: quadratic work on these would not come to an end in minutes."""
    message = read_message(HOSTILE[how])
    json.dumps(message.to_dict())
    for part in message.parts:
        part.text()


def test_a_big_mail_is_read():
    raw = HEADER.encode() + b"\n" + b"0123456789abcde\n" * (50 * 2**20 // 16)
    message = read_message(raw)
    assert message.author_domain == "example.org"
    assert len(message.parts) == 1
    assert len(message.body) == 50 * 2**20


def test_every_file_of_the_corpus_is_read(corpus):
    for path in corpus:
        message = read_message(path)
        json.dumps(message.to_dict())
        for part in message.parts:
            if part.content_type in ("message/rfc822", "text/rfc822-headers"):
                json.dumps(read_message(part.decoded()).to_dict())


# --------------------------------------------- differential: Python's parser


def stdlib_parts(message):
    yield message
    if message.is_multipart() and message.get_content_maintype() == "multipart":
        for part in message.get_payload():
            yield from stdlib_parts(part)


def same_lines(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


# Python's parser keeps looking for an end that never comes and loses the parts; ours has them.
PYTHON_LOSES_PARTS = {"lhost-office365-10.eml"}


def test_same_fields_and_parts_as_the_standard_library(corpus):
    compared = 0
    for path in corpus:
        raw = path.read_bytes()
        message = read_message(raw)
        if message.repairs:
            continue
        reference = email.message_from_bytes(raw)
        assert names(message) == list(reference.keys()), path
        for header, value in zip(message.headers, reference.values(), strict=True):
            if header.raw.isascii():
                assert header.value == str(value).replace("\r", "").replace("\n", "").strip(), path
        if path.name in PYTHON_LOSES_PARTS:
            continue
        parts = list(stdlib_parts(reference))
        assert [part.content_type for part in message.parts] == [part.get_content_type() for part in parts], (
            path
        )
        for part, other in zip(message.parts, parts, strict=True):
            if not other.is_multipart():
                assert same_lines(part.decoded()) == same_lines(other.get_payload(decode=True)), path
        compared += 1
    assert compared > 300


# ---------------------------------------------------------------- identities

ADDRESSES = {
    "user@example.com": [("", "user", "example.com")],
    "<user@example.com>": [("", "user", "example.com")],
    "User <user@EXAMPLE.com>": [("User", "user", "example.com")],
    '"Last, First" <user@example.com>': [("Last, First", "user", "example.com")],
    "Last, First <user@example.com>": [("Last, First", "user", "example.com")],
    '"a@evil.example"@example.com': [("", "a@evil.example", "example.com")],
    '"a\\"b c"@example.com': [("", 'a"b c', "example.com")],
    '"x@good.example" <x@evil.example>': [("x@good.example", "x", "evil.example")],
    "x@good.example <x@evil.example>": [("x@good.example", "x", "evil.example")],
    "x@example.com (y@evil.example)": [("y@evil.example", "x", "example.com")],
    "(a (nested) comment) x@example.com": [("a (nested) comment", "x", "example.com")],
    "Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>": [("Pete", "pete", "silly.test")],
    "a@example.com, b@example.net": [("", "a", "example.com"), ("", "b", "example.net")],
    "a@example.com; b@example.net": [("", "a", "example.com"), ("", "b", "example.net")],
    "<a@example.com> <b@example.net>": [("", "a", "example.com"), ("", "b", "example.net")],
    "a@example.com b@example.net": [("", "a", "example.com"), ("", "b", "example.net")],
    "Team: a@example.com, B <b@example.com>;": [("", "a", "example.com"), ("B", "b", "example.com")],
    "undisclosed-recipients:;": [],
    "": [],
    "user@[192.0.2.1]": [("", "user", None)],
    "User <user@[IPv6:2001:db8::1]>": [("User", "user", None)],
    "<@relay.example,@other.example:user@example.com>": [("", "user", "example.com")],
    "joe . doe @ example . com": [("", "joe.doe", "example.com")],
    "Joe <joe . doe @ example . com>": [("Joe", "joe.doe", "example.com")],
    "Joe Doe joe@example.com": [("Joe Doe", "joe", "example.com")],
    "Joe <joe@example.com": [("Joe", "joe", "example.com")],
    "Joe (unclosed <joe@example.com>": [("Joe unclosed", "joe", "example.com")],
    '"Joe <joe@example.com>': [("Joe", "joe", "example.com")],
    "Joe <<joe@example.com>>": [("Joe", "joe", "example.com")],
    '<"joe@example.com">': [("", "joe", "example.com")],
    "MAILER-DAEMON": [("", "MAILER-DAEMON", None)],
    "=?utf-8?B?5bGx55Sw?= <y@example.jp>": [("山田", "y", "example.jp")],
    '"=?utf-8?Q?J=C3=B6rg=2C_K?=" <y@example.com>': [("Jörg, K", "y", "example.com")],
    "=?iso-2022-jp?B?GyRCOzNFRBsoQg==?= <y@example.jp>": [("山田", "y", "example.jp")],
    "=?utf-8?Q?a=40good.example=2C?= <x@evil.example>": [("a@good.example,", "x", "evil.example")],
    "用户@例え.jp": [("", "用户", "xn--r8jz45g.jp")],
    "x@bücher.example": [("", "x", "xn--bcher-kva.example")],
    "x@XN--BCHER-KVA.example": [("", "x", "xn--bcher-kva.example")],
    "x@example.com.": [("", "x", "example.com")],
    "x@a..b": [("", "x", None)],
    # Brackets, quotes and comments in the wrong place must not make up a domain.
    "u@ex(comment)ample.com": [("ample.com", "u", "ex")],
    "u@example(comment).com": [("comment", "u", "example.com")],
    "u@example.com(comment)x": [("x", "u", "example.com")],
    "u@example.com(unclosed": [("unclosed", "u", "example.com")],
    "u@exam>ple.com": [("ple.com", "u", "exam")],
    'u@exam"ple.com': [("", "u", None)],
    "u@exa\\mple.com": [("", "u", None)],
    "u@[192.0.2.1": [("", "u", None)],
    'u@example.com"': [("", "u", "example.com")],
    "u@example.com:25": [("", "u", None)],
    "u@example.com/x": [("", "u", None)],
    "'u@example.com'": [("", "'u", None)],
    "u@=?utf-8?q?example.com?=": [("", "u", None)],
    "<joe doe@example.com>": [("", "doe", "example.com")],
    "a@b@c.example": [("", "a@b", None)],
    "<a@b.example@example.com>": [("", "a@b.example", None)],
    "a@b.example:c@example.com": [("", "a@b.example:c", None)],
    "@relay.example:user@example.com": [("", "user", "example.com")],
    "<a@example.com> Joe": [("Joe", "a", "example.com")],
    "<a@example.com> b@example.net": [("b@example.net", "a", "example.com"), ("", "b", "example.net")],
    "<a@example.com b@example.net>": [("", "a", "example.com"), ("", "b", "example.net")],
}


@pytest.mark.parametrize("text", ADDRESSES)
def test_addresses(text):
    found = [(a.name, a.local, a.domain) for a in field("From", text).from_addresses]
    assert found == ADDRESSES[text]


AUTHOR_DOMAINS = {
    ("A <a@example.com>",): "example.com",
    ("a@example.com, b@example.com",): "example.com",
    ("a@example.com, b@EXAMPLE.com",): "example.com",
    ("a@example.com, b@example.net",): None,
    ("a@example.com", "b@example.com"): None,
    ("user@[192.0.2.1]",): None,
    ("a@example.com, user@[192.0.2.1]",): None,
    ("MAILER-DAEMON",): None,
    ("<>",): None,
    ("Team:;",): None,
    (): None,
    ("Doe, John <j@example.com>",): "example.com",
    ("Team: a@example.com, b@example.com;",): "example.com",
    ("Team: a@example.com;, b@example.net",): None,
    ("", "a@example.com"): None,
    ("a@example.com,\n b@example.net",): None,
    ("Joe\n\t<a@example.com>\n ",): "example.com",
    ("a@example.com\n From: b@example.net",): None,
    ("ceo@example.com <x@example.net>",): "example.net",
    ('"ceo@example.com" <x@example.net>',): "example.net",
    ("=?utf-8?q?=3Cceo=40example.com=3E?= <x@example.net>",): "example.net",
    ("=?utf-8?q?ceo=40example.com?=",): None,
    ("'ceo@example.com' via List <x@example.net>",): "example.net",
    # Readers differ in which of the two they see: nobody can say who the author is.
    ("<ceo@example.com> <x@example.net>",): None,
    ("<ceo@example.com> x@example.net",): None,
    ("ceo@example.com x@example.net",): None,
    ("<ceo@example.com x@example.net>",): None,
    ("<ceo@example.com;x@example.net>",): None,
    ("ceo@example.com@example.net",): None,
    ("x@example.net (ceo@example.com",): None,
    ("a@example.com\rb@example.net",): None,
    ("\x1b$B<ceo@example.com>\x1b(B <x@example.net>",): None,
    ("ceo@example.com <>",): None,
}


@pytest.mark.parametrize("fields", AUTHOR_DOMAINS)
def test_author_domain(fields):
    header = "".join(f"From: {value}\n" for value in fields) + "Subject: x\n\n"
    assert read_message(header).author_domain == AUTHOR_DOMAINS[fields]


@pytest.mark.parametrize("form", ["{} <y@example.jp>", '"{}" <y@example.jp>', "y@example.jp ({})"])
@pytest.mark.parametrize("name", ["藤式自", "会送田川三天", "佐森取石鈴岡営", "専用窓口", "カード・お知らせ"])
def test_half_of_a_kanji_is_no_bracket(form, name):
    """Unlabelled ISO-2022-JP, as old Japanese mail has it, is full of bytes that look like < @ ( and quotes."""
    (address,) = read_message(f"From: {form.format(name)}\n\n".encode("iso-2022-jp")).from_addresses
    assert (address.name, address.domain) == (name, "example.jp")


def test_author_domains_of_several_fields():
    message = read_message("From: a@example.com\nFrom: b@example.net, c@example.com\n\n")
    assert message.author_domains == ("example.com", "example.net")


RETURN_PATHS = {
    "<a@example.com>": "a@example.com",
    "a@example.com": "a@example.com",
    "<>": "",
    " < > ": "",
    '<"a b"@example.com>': '"a b"@example.com',
    "": None,
}


@pytest.mark.parametrize("text", RETURN_PATHS)
def test_return_path(text):
    assert field("Return-Path", text).return_path == RETURN_PATHS[text]


def test_other_identities():
    message = read_message(
        "Sender: s@example.com\nReply-To: r@example.com, q@example.net\nTo: t@example.org\n"
        "Message-ID: <1@example.com>\nSubject: =?iso-2022-jp?B?GyRCN29MPhsoQg==?=\n =?utf-8?Q?_=E2=91=A0?=\n\n"
    )
    assert [a.text for a in message.sender + message.reply_to + message.to] == [
        "s@example.com", "r@example.com", "q@example.net", "t@example.org"
    ]  # fmt: skip
    assert message.message_id == "1@example.com"
    assert message.subject == "件名 ①"


SUBJECTS = {
    b"plain": "plain",
    b"=?UTF-8?B?44GT44KT?= =?UTF-8?B?44Gr44Gh44Gv?=": "こんにちは",
    b"=?UTF-8?B?44GT44I=?= =?UTF-8?B?kw==?=": "こん",  # a character cut in two
    b"=?utf-8?q?a_b?= c": "a b c",
    b"=?x-nonsense?q?caf=E9?=": "café",
    b"=?utf-8?x?abc?=": "=?utf-8?x?abc?=",
    b"=?utf-8*en?q?hi?=": "hi",
    b"=?iso-2022-jp?B?GyRCLSEbKEI=?=": "①",  # NEC's row 13, which Python's codec refuses
    b"=?shift_jis?B?h0A=?=": "①",
    b"=?punycode?q?" + b"a" * 100 + b"?=": "a" * 100,
    b"=?-punycode-?q?abc-?=": "abc-",
    b"=?unicode-escape?q?=5Cx41?=": "\\x41",
    b"\x1b$B7oL>\x1b(B": "件名",
    "件名".encode(): "件名",
    b"caf\xe9": "café",
}


@pytest.mark.parametrize("raw", SUBJECTS)
def test_subjects(raw):
    assert read_message(b"Subject: " + raw + b"\n\n").subject == SUBJECTS[raw]


DATES = {
    "Mon, 1 Jan 2024 10:00:00 +0900": "2024-01-01T10:00:00+09:00",
    "1 Jan 2024 10:00 +0900 (JST)": "2024-01-01T10:00:00+09:00",
    "Mon, 01 Jan 24 10:00:00 GMT": "2024-01-01T10:00:00+00:00",
    "Mon, 01 Jan 99 10:00:00 EST": "1999-01-01T10:00:00-05:00",
    "Mon,  1 Jan 2024 10:00:00 -0000": "2024-01-01T10:00:00+00:00",
    "Mon, 1 January 2024 10:00:60 Z": "2024-01-01T10:00:59+00:00",
    "Mon, 1-Jan-2024 10:00:00": "2024-01-01T10:00:00+00:00",
    "Mon Jan  1 10:00:00 2024": "2024-01-01T10:00:00+00:00",
    "Mon Jan  1 10:00:00 JST 2024": "2024-01-01T10:00:00+09:00",
    "2024-01-01T10:00:00Z": "2024-01-01T10:00:00+00:00",
    "Mon, 32 Jan 2024 10:00:00 +0900": None,
    "Mon, 1 Jan 2024 10:00:00 +9999": "2024-01-01T10:00:00+00:00",
    "yesterday": None,
}


@pytest.mark.parametrize("text", DATES)
def test_dates(text):
    date = field("Date", text).date
    assert (date.isoformat() if date else None) == DATES[text]


# ---------------------------------------------------------------------- hops

# What to expect of each: helo, rdns, ip, by, protocol, tls, authenticated.
RECEIVED = {
    "postfix": (
        "from mail.example.org (mail.example.org [192.0.2.1]) (using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384"
        " (256/256 bits)) (No client certificate requested) by mx.example.net (Postfix) with ESMTPS id 4ABC"
        " for <x@example.net>; Mon, 1 Jan 2024 10:00:00 +0900 (JST)",
        ("mail.example.org", "mail.example.org", "192.0.2.1", "mx.example.net", "ESMTPS",
         "TLS 1.3 TLS_AES_256_GCM_SHA384", False),
    ),
    "postfix-unknown": (
        "from helo.example (unknown [IPv6:2001:DB8::1]) by mx.example.net (Postfix) with SMTP id 4ABC;"
        " Mon, 1 Jan 2024 10:00:00 +0900",
        ("helo.example", None, "2001:db8::1", "mx.example.net", "SMTP", None, False),
    ),
    "postfix-submission": (
        "from [10.0.0.5] (p1.example.ne.jp [203.0.113.5]) (Authenticated sender: joe) by smtp.example.net (Postfix)"
        " with ESMTPSA id 4ABC for <x@example.org>; Mon, 1 Jan 2024 10:00:00 +0900",
        ("[10.0.0.5]", "p1.example.ne.jp", "203.0.113.5", "smtp.example.net", "ESMTPSA", "TLS", True),
    ),
    "postfix-local": (
        "by mx.example.net (Postfix, from userid 1000) id 4ABC; Mon, 1 Jan 2024 10:00:00 +0900",
        (None, None, None, "mx.example.net", None, None, False),
    ),
    "sendmail": (
        "from helo.example.org (host.example.org [192.0.2.1] (may be forged)) (authenticated bits=0)"
        " by mx.example.net (8.14.4/8.14.4) with ESMTP id q9V7; Wed, 31 Oct 2012 16:47:54 +0900",
        ("helo.example.org", "host.example.org", "192.0.2.1", "mx.example.net", "ESMTP", None, True),
    ),
    "sendmail-ident": (
        "from helo.example.org (IDENT:root@host.example.org [192.0.2.1]) by mx.example.net (8.11.6) with SMTP"
        " id q9V7; Wed, 31 Oct 2012 16:47:54 +0900",
        ("helo.example.org", "host.example.org", "192.0.2.1", "mx.example.net", "SMTP", None, False),
    ),
    "sendmail-local": (
        "(from root@localhost) by mx.example.net (8.14.4/8.14.4/Submit) id r4B0; Mon, 11 May 2013 00:00:00 +0900",
        (None, None, None, "mx.example.net", None, None, False),
    ),
    "exim-helo": (
        "from host.example.org ([192.0.2.1]:50000 helo=helo.example.org) by mx.example.net with esmtps"
        " (TLS1.3) tls TLS_AES_256_GCM_SHA384 (Exim 4.96) (envelope-from <a@example.org>) id 1abc-0001"
        " for x@example.net; Mon, 01 Jan 2024 10:00:00 +0000",
        ("helo.example.org", "host.example.org", "192.0.2.1", "mx.example.net", "ESMTPS",
         "TLS 1.3 TLS_AES_256_GCM_SHA384", False),
    ),
    "exim-same": (
        "from host.example.org ([192.0.2.1]) by mx.example.net with esmtp (Exim 4.96) id 1abc-0001;"
        " Mon, 01 Jan 2024 10:00:00 +0000",
        ("host.example.org", "host.example.org", "192.0.2.1", "mx.example.net", "ESMTP", None, False),
    ),
    "exim-no-name": (
        "from [192.0.2.1] (port=51714 helo=[10.0.0.3]) by mx.example.net with esmtpa (Exim 4.96) id 1abc;"
        " Mon, 01 Jan 2024 10:00:00 +0000",
        ("[10.0.0.3]", None, "192.0.2.1", "mx.example.net", "ESMTPA", None, True),
    ),
    "exchange": (
        "from mail.example.org (192.0.2.1) by AM5EUR03FT010.mail.protection.outlook.com (10.152.16.228) with"
        " Microsoft SMTP Server (version=TLS1_2, cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.20.7249.2 via"
        " Frontend Transport; Mon, 1 Jan 2024 10:00:00 +0000",
        ("mail.example.org", None, "192.0.2.1", "am5eur03ft010.mail.protection.outlook.com",
         "Microsoft SMTP Server", "TLS 1.2 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", False),
    ),
    "exchange-v6": (
        "from DB6P.eurprd.prod.outlook.com (2603:10a6:6:34::12) by AM0P.eurprd.prod.outlook.com"
        " (2603:10a6:208:1::5) with Microsoft SMTP Server (version=TLS1_2, cipher=X) id 15.20; Mon, 1 Jan 2024"
        " 10:00:00 +0000",
        ("db6p.eurprd.prod.outlook.com", None, "2603:10a6:6:34::12", "am0p.eurprd.prod.outlook.com",
         "Microsoft SMTP Server", "TLS 1.2", False),
    ),
    "iis": (
        "from a.example.org ([192.0.2.1]) by mx.example.net over TLS secured channel with Microsoft"
        " SMTPSVC(7.5.7601.22751); Thu, 29 Apr 2015 23:34:45 -0800",
        ("a.example.org", None, "192.0.2.1", "mx.example.net", "Microsoft SMTPSVC", "TLS", False),
    ),
    "gmail": (
        "from mail.example.org (mail.example.org. [192.0.2.1]) by mx.google.com with ESMTPS id"
        " e29.2024.01.01 for <x@example.net> (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256);"
        " Mon, 01 Jan 2024 02:00:00 -0800 (PST)",
        ("mail.example.org", "mail.example.org", "192.0.2.1", "mx.google.com", "ESMTPS",
         "TLS 1.3 TLS_AES_256_GCM_SHA384", False),
    ),
    "gmail-internal": (
        "by 2002:a05:6402:1a2b:b0:55a:abcd:1234 with SMTP id k12csp123; Mon, 1 Jan 2024 02:00:00 -0800 (PST)",
        (None, None, None, "2002:a05:6402:1a2b:b0:55a:abcd:1234", "SMTP", None, False),
    ),
    "gmail-submission": (
        "from smtpclient.apple (p1.example.ne.jp. [203.0.113.5]) by smtp.gmail.com with ESMTPSA id"
        " y23sm.43 for <x@example.net> (version=TLS1_2 cipher=ECDHE-RSA-AES128-GCM-SHA256 bits=128/128);"
        " Mon, 01 Jan 2024 02:00:00 -0800 (PST)",
        ("smtpclient.apple", "p1.example.ne.jp", "203.0.113.5", "smtp.gmail.com", "ESMTPSA",
         "TLS 1.2 ECDHE-RSA-AES128-GCM-SHA256", True),
    ),
    "qmail-invoked": (
        "(qmail 2222 invoked from network); 15 Oct 2015 06:22:22 -0000",
        (None, None, None, None, None, None, False),
    ),
    "qmail-helo": (
        "from unknown (HELO helo.example.org) (192.0.2.1) by mx.example.net with SMTP; 15 Oct 2015 06:22:22 -0000",
        ("helo.example.org", None, "192.0.2.1", "mx.example.net", "SMTP", None, False),
    ),
    "qmail-named": (
        "from host.example.org (HELO helo.example.org) (joe@192.0.2.1) by mx.example.net with ESMTPA;"
        " 15 Oct 2015 06:22:22 -0000",
        ("helo.example.org", "host.example.org", "192.0.2.1", "mx.example.net", "ESMTPA", None, True),
    ),
    "yahoo": (
        "from 127.0.0.1 (EHLO a1.smtp-out.example.org) (192.0.2.1) by mta1.mail.yahoo.example with SMTPS;"
        " Mon, 01 Jan 2024 10:00:00 +0000",
        ("a1.smtp-out.example.org", None, "192.0.2.1", "mta1.mail.yahoo.example", "SMTPS", "TLS", False),
    ),
    "amazon": (
        "from a27-5.smtp-out.us-west-2.amazonses.com (a27-5.smtp-out.us-west-2.amazonses.com [192.0.2.5])"
        " by inbound-smtp.us-west-2.amazonaws.com with SMTP id k6sb for x@example.net;"
        " Thu, 14 Jan 2016 07:45:12 +0000 (UTC)",
        ("a27-5.smtp-out.us-west-2.amazonses.com", "a27-5.smtp-out.us-west-2.amazonses.com", "192.0.2.5",
         "inbound-smtp.us-west-2.amazonaws.com", "SMTP", None, False),
    ),
    "apple": (
        "from st11p02im-mail025.me.example ([192.0.2.22]) by st11p00im-asmtp001.me.example (Oracle Communications"
        " Messaging Server 7.0.5.38.0 64bit (built Feb 26 2017)) with ESMTP id <EE@st11p00im.me.example> for"
        " x@example.net; Thu, 29 Apr 2017 23:34:45 +0000 (GMT)",
        ("st11p02im-mail025.me.example", None, "192.0.2.22", "st11p00im-asmtp001.me.example", "ESMTP", None, False),
    ),
    "opensmtpd": (
        "from localhost (localhost [127.0.0.1]); by mx.example.net (OpenSMTPD) with ESMTP id d70f9624;"
        " for <x@example.net>; Thu, 17 Jul 2014 11:19:54 +0000 (UTC)",
        ("localhost", "localhost", "127.0.0.1", "mx.example.net", "ESMTP", None, False),
    ),
    "ecelerity": (
        "from [192.0.2.222] ([192.0.2.222:222] helo=mta-2.example.org) by mx.example.net (envelope-from"
        " <a@example.org>) (ecelerity 3.6) with ESMTPS (cipher=AES256-GCM-SHA384) id 22/00; Thu, 29 Apr 2015"
        " 23:34:45 +0000",
        ("mta-2.example.org", None, "192.0.2.222", "mx.example.net", "ESMTPS", "TLS AES256-GCM-SHA384", False),
    ),
    "number-for-a-name": (
        "from lists.example.org (192.0.2.17 [192.0.2.17]) by mx.zohomail.example with SMTPS id 1508790023478635.29;"
        " Mon, 23 Oct 2017 13:20:23 -0700 (PDT)",
        ("lists.example.org", None, "192.0.2.17", "mx.zohomail.example", "SMTPS", "TLS", False),
    ),
    "empty-clauses": (
        "from localhost ( [203.0.113.9]) by bizesmtp.qq.example (ESMTP) with id ; Mon, 06 Mar 2023 10:15:12 +0800 (CST)",
        ("localhost", None, "203.0.113.9", "bizesmtp.qq.example", None, None, False),
    ),
    "yahoo-address": (
        "from 192.0.2.1 (EHLO mail.example.org) by 10.248.5.6 with SMTPs (version=TLS1_3"
        " cipher=TLS_AES_128_GCM_SHA256); Mon, 01 Jan 2024 10:00:00 +0000",
        ("mail.example.org", None, "192.0.2.1", "10.248.5.6", "SMTPS", "TLS 1.3 TLS_AES_128_GCM_SHA256", False),
    ),
    "no-helo-word": (
        "from (gw55.example.ne.jp [192.0.2.155]) by relay41.example.ne.jp with smtp id ffff; Thu, 09 Apr 2012"
        " 23:34:45 +0900",
        (None, "gw55.example.ne.jp", "192.0.2.155", "relay41.example.ne.jp", "SMTP", None, False),
    ),
    "bare-address": (
        "from [192.0.2.12] (using TLSv1.2 with cipher DHE-RSA-AES256-GCM-SHA384 (256 bits)) by"
        " server-2.tower.example.net id vbOz; Thu, 29 Apr 2017 23:34:45 +0000",
        (None, None, "192.0.2.12", "server-2.tower.example.net", None, "TLS 1.2 DHE-RSA-AES256-GCM-SHA384", False),
    ),
    "lmtp": (
        "from smtp.example.net by imap.example.net (Dovecot) with LMTP id YZv2 for <x@example.net>; Thu, 02 Feb"
        " 2021 23:34:45 +0900",
        ("smtp.example.net", None, None, "imap.example.net", "LMTP", None, False),
    ),
    "pickup": (
        "from mail pickup service by mx.example.net with Microsoft SMTPSVC; Sun, 31 Aug 2014 23:45:56 +0900",
        ("mail", None, None, "mx.example.net", "Microsoft SMTPSVC", None, False),
    ),
    "quoted-ehlo": (
        'from mx ([192.0.2.34]:10000 "EHLO smtp.example.org") by mx.example.net with ESMTP id 00;'
        " Thu, 29 Apr 2007 23:34:45 +0000",
        ("smtp.example.org", "mx", "192.0.2.34", "mx.example.net", "ESMTP", None, False),
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", RECEIVED)
def test_received(row):
    text, expected = RECEIVED[row]
    (hop,) = field("Received", text).hops
    assert (hop.helo, hop.rdns, hop.ip, hop.by, hop.protocol, hop.tls, hop.authenticated) == expected
    assert hop.date is not None
    assert hop.date.utcoffset() is not None
    assert hop.raw_text == text


def test_received_id_for_and_envelope_from():
    (hop,) = field("Received", RECEIVED["exim-helo"][0]).hops
    assert (hop.id, hop.for_address, hop.envelope_from) == ("1abc-0001", "x@example.net", "a@example.org")
    (odd,) = field("Received", "by 10.8.49.76 with SMTP id mf36.1 Fri, 05 Jul 2013 23:34:45 +0000 (UTC)").hops
    assert odd.id == "mf36.1"
    assert odd.date.year == 2013


def test_an_empty_id_does_not_swallow_what_follows():
    (hop,) = field(
        "Received", "from a by mx.qq.example with SMTP id for <x@example.net>; 1 Jan 2024 10:00:00 +0800"
    ).hops
    assert (hop.id, hop.for_address) == (None, "x@example.net")
    (hop,) = field("Received", "from a by mx.example.net with ESMTP id; Mon, 1 Jan 2024 10:00:00 +0900").hops
    assert hop.id is None


def test_hops_are_oldest_first_with_delays():
    message = read_message(
        "Received: by c.example; Mon, 1 Jan 2024 10:00:05 +0900\n"
        "Received: by b.example with no date at all\n"
        "Received: by a2.example; Mon, 1 Jan 2024 00:59:58 +0000\n"
        "Received: by a.example; Mon, 1 Jan 2024 10:00:00 +0900\n\n"
    )
    assert [hop.by for hop in message.hops] == ["a.example", "a2.example", "b.example", "c.example"]
    assert [hop.index for hop in message.hops] == [0, 1, 2, 3]
    assert [hop.delay_seconds for hop in message.hops] == [None, -2, None, None]
    assert "clocks" in message.hops[1].note
    assert message.hops[0].date.utcoffset() == timedelta(hours=9)


# -------------------------------------------------------------------- stated

# Each row: (method, result, domain) of every result, and the authserv-id.
RESULTS = {
    "none": ("example.com 1; none", "example.com", [("none", "none", None)]),
    "rfc-1": ("example.com; spf=pass smtp.mailfrom=example.net", "example.com", [("spf", "pass", "example.net")]),
    "rfc-2": (
        'example.com; auth=pass (cram-md5) smtp.auth=sender@example.net; spf=pass smtp.mailfrom="a b"@example.net',
        "example.com",
        [("auth", "pass", "example.net"), ("spf", "pass", "example.net")],
    ),
    "comments": (
        "foo.example.net (foobar) 1 (baz); dkim (Because I like it) / 1 (One yay) = (wait for it) fail policy (A dot"
        " can go here) . (like that) expired (this surprised me) = (as I wasn't expecting it) 1362471462",
        "foo.example.net",
        [("dkim", "fail", None)],
    ),
    "semicolon-in-comment": (
        "example.com; dkim=pass (1024-bit key; unprotected (really)) header.d=example.org header.i=@sub.example.org",
        "example.com",
        [("dkim", "pass", "example.org")],
    ),
    "header-i": ("example.com; dkim=pass header.i=@example.org", "example.com", [("dkim", "pass", "example.org")]),
    "two-signatures": (
        'example.com; dkim=pass header.d=a.example; dkim=fail reason="bad; very" header.d=b.example',
        "example.com",
        [("dkim", "pass", "a.example"), ("dkim", "fail", "b.example")],
    ),
    "lost-semicolons": (
        "example.com; dkim=pass (a) header.d=a.example dkim=fail (b) header.d=b.example",
        "example.com",
        [("dkim", "pass", "a.example"), ("dkim", "fail", "b.example")],
    ),
    "microsoft": (
        "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=example.org; dkim=none (message not signed)"
        " header.d=none;dmarc=fail action=oreject header.from=example.net;compauth=fail reason=000",
        None,
        [("spf", "pass", "example.org"), ("dkim", "none", None), ("dmarc", "fail", "example.net"),
         ("compauth", "fail", None)],
    ),
    "microsoft-old": (
        "spf=none (sender IP is ) smtp.mailfrom=<>; example.com; dkim=none (message not signed)"
        " header.d=none;example.com; dmarc=bestguesspass action=none header.from=example.com;",
        None,
        [("spf", "none", None), ("dkim", "none", None), ("dmarc", None, "example.com")],
    ),
    "google": (
        "mx.google.com; dkim=pass header.i=@example.org header.s=s1 header.b=Jb9/TF7+=; spf=pass (google.com: domain"
        " of a@example.org designates 192.0.2.1 as permitted sender) smtp.mailfrom=a@example.org; dmarc=pass (p=NONE"
        " sp=QUARANTINE dis=NONE) header.from=example.org",
        "mx.google.com",
        [("dkim", "pass", "example.org"), ("spf", "pass", "example.org"), ("dmarc", "pass", "example.org")],
    ),
    "incident": (
        "cm2.dti.ne.jp; spf=pass smtp.mailfrom=someone@gmail.com; dmarc=fail header.from=fujiba.net",
        "cm2.dti.ne.jp",
        [("spf", "pass", "gmail.com"), ("dmarc", "fail", "fujiba.net")],
    ),
    "yahoo": (
        "mta2022.mail.yahoo.example  from=example.org; domainkeys=neutral (no sig);  from=example.org; dkim=pass (ok)",
        "mta2022.mail.yahoo.example",
        [("domainkeys", "neutral", "example.org"), ("dkim", "pass", None)],
    ),
    "opendkim": (
        "mx.example.com; dkim=dkim_pass header.d=example.org; dmarc=success header.from=example.org",
        "mx.example.com",
        [("dkim", None, "example.org"), ("dmarc", None, "example.org")],
    ),
    "others": (
        "mx.example.com; dkim-adsp=discard header.from=a@example.org; dkim-atps=neutral; arc=pass (i=2)"
        " smtp.remote-ip=192.0.2.1; iprev=pass policy.iprev=192.0.2.1; x-tls=pass smtp.version=TLSv1.3;"
        " bimi=none header.d=example.org; sender-id=softfail header.from=a@example.org",
        "mx.example.com",
        [("dkim-adsp", None, "example.org"), ("dkim-atps", "neutral", None), ("arc", "pass", None),
         ("iprev", "pass", None), ("x-tls", "pass", None), ("bimi", "none", "example.org"),
         ("sender-id", "softfail", "example.org")],
    ),
    "missing-semicolon-after-id": (
        "mx.example.com spf=pass smtp.mailfrom=a@example.org", "mx.example.com", [("spf", "pass", "example.org")]
    ),
    "empty-property": (
        "mx.google.com; spf=neutral smtp.mail=; dkim=pass header.i=@example.org",
        "mx.google.com",
        [("spf", "neutral", None), ("dkim", "pass", "example.org")],
    ),
    "upper-case": (
        "mx.example.com; SPF=Pass smtp.MailFrom=A@EXAMPLE.org", "mx.example.com", [("spf", "pass", "example.org")]
    ),
    "idn": ("mx.example.com; dkim=pass header.d=bücher.example", "mx.example.com",
            [("dkim", "pass", "xn--bcher-kva.example")]),
    "yahoo-unknown": (
        "atlas206.free.mail.ne1.yahoo.example;\n dkim=unknown;\n spf=none smtp.mailfrom=example.org;\n"
        " dmarc=unknown header.from=example.org arc_overridden_status=NOT_OVERRIDDEN;",
        "atlas206.free.mail.ne1.yahoo.example",
        [("dkim", None, None), ("spf", "none", "example.org"), ("dmarc", None, "example.org")],
    ),
    "zoho": (
        "mx.zohomail.example;\n\tdkim=pass;\n\tspf=pass (zohomail.example: domain of b.example.org designates 192.0.2.1"
        " as permitted sender)  smtp.mailfrom=a@b.example.org;\n\tdmarc=pass(p=reject dis=none)  header.from=example.org",
        "mx.zohomail.example",
        [("dkim", "pass", None), ("spf", "pass", "b.example.org"), ("dmarc", "pass", "example.org")],
    ),
    "amazon": (
        "amazonses.example; spf=pass (spfCheck: domain of example.org designates 192.0.2.1 as permitted sender)"
        " client-ip=192.0.2.1; envelope-from=a@mail.example.org; helo=m.example.org; dkim=pass header.i=@example.org;",
        "amazonses.example",
        [("spf", "pass", "mail.example.org"), ("dkim", "pass", "example.org")],
    ),
    "user-without-domain": (
        "relay.example.com;\n auth=pass smtp.auth=CUSA124A263 smtp.mailfrom=a@example.org",
        "relay.example.com",
        [("auth", "pass", "example.org")],
    ),
    "spf-in-the-comment-only": (
        "mx.example.com; spf=softfail (domain of transitioning example.org discourages use of 192.0.2.1)",
        "mx.example.com",
        [("spf", "softfail", "example.org")],
    ),
    "fastmail": (
        "mx6.messagingengine.example; dkim=pass (1024-bit rsa key sha256) header.d=example.org header.b=oF80QtY/"
        " x-bits=1024 x-keytype=rsa; x-ptr=pass smtp.helo=m.example.org policy.ptr=m.example.org;"
        " dmarc=pass policy.applied-disposition=none (p=none,sp=none,d=none) header.from=example.org",
        "mx6.messagingengine.example",
        [("dkim", "pass", "example.org"), ("x-ptr", "pass", None), ("dmarc", "pass", "example.org")],
    ),
    "nifty": (
        "nifty.example; spf=pass\n\t smtp.mailfrom=t@example.jp; sender-id=pass\n\t header.From=t@example.jp; dkim=pass"
        " header.i=@example.jp;\n\t dkim-adsp=pass header.from=t@example.jp",
        "nifty.example",
        [("spf", "pass", "example.jp"), ("sender-id", "pass", "example.jp"), ("dkim", "pass", "example.jp"),
         ("dkim-adsp", "pass", "example.jp")],
    ),
    "unclosed": ("mx.example.com; spf=fail (oops; dkim=pass", "mx.example.com",
                 [("spf", "fail", None), ("dkim", "pass", None)]),
    "empty": ("", None, []),
}  # fmt: skip


@pytest.mark.parametrize("row", RESULTS)
def test_authentication_results(row):
    text, by, expected = RESULTS[row]
    stated = field("Authentication-Results", text).stated
    assert [(s.method, s.result and s.result.value, s.domain) for s in stated] == expected
    assert {s.by for s in stated} == ({by} if stated else set())
    assert all(s.note for s in stated if s.result is None)
    assert all(s.counted for s in stated)


def test_authentication_results_in_detail():
    dkim, other, spf = read_message(
        'Authentication-Results: "mx.example.com" 1; dkim/1=fail reason="bad \\"sig\\"" (1024-bit) header.d=a.example;\n'
        " dkim=hardfail (second; one) header.d=b.example;\n spf=softfail smtp.mailfrom=x@c.example\n\n"
    ).stated
    assert (dkim.by, dkim.method_version, dkim.reason, dkim.comment) == (
        "mx.example.com",
        "1",
        'bad "sig"',
        "1024-bit",
    )
    assert (other.result, other.result_text, other.comment) == (None, "hardfail", "second; one")
    assert spf.properties == (("smtp.mailfrom", "x@c.example"),)
    assert spf.value_of("smtp.helo", "smtp.mailfrom") == "x@c.example"
    assert field("Authentication-Results", "x 2; spf=pass").stated[0].note


def test_an_odd_word_is_explained_for_its_method():
    dkim, spf = field("Authentication-Results", "mx.example.com; dkim=unknown; spf=unknown").stated
    assert "no signature" in dkim.note
    assert "permerror" in spf.note


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Authentication-Results", "mx.example; spf=pass smtp.helo=m.example.org", True),
        (
            "Authentication-Results",
            "mx.example; spf=pass smtp.helo=m.example.org smtp.mailfrom=a@example.org",
            False,
        ),
        ("Authentication-Results", "mx.example; spf=pass smtp.mailfrom=<> smtp.helo=m.example.org", False),
        ("Authentication-Results", "mx.example; x-ptr=pass smtp.helo=m.example.org", False),
        ("Received-SPF", "pass identity=helo; helo=m.example.org; envelope-from=a@example.org", True),
        ("Received-SPF", "pass identity=mailfrom; helo=m.example.org; envelope-from=a@example.org", False),
    ],
)
def test_a_result_for_helo_is_told_apart(name, value, expected):
    (row,) = field(name, value).stated
    assert row.about_helo is expected


def test_comments_stay_with_their_result():
    stated = field("Authentication-Results", RESULTS["lost-semicolons"][0]).stated
    assert [s.comment for s in stated] == ["a", "b"]


RECEIVED_SPF = {
    "rfc": (
        "pass (mybox.example.org: domain of myname@example.com designates 192.0.2.1 as permitted sender)"
        ' receiver=mybox.example.org; client-ip=192.0.2.1; envelope-from="myname@example.com"; helo=foo.example.com;',
        ("mybox.example.org", Result.PASS, "example.com"),
    ),
    "policyd": (
        "Softfail (mailfrom) identity=mailfrom; client-ip=192.0.2.1; helo=foo.example.com;"
        " envelope-from=a@example.org; receiver=x@mx.example.net",
        ("mx.example.net", Result.SOFTFAIL, "example.org"),
    ),
    "helo": (
        "Fail (helo) identity=helo; client-ip=192.0.2.1; helo=foo.example.com; envelope-from=<>; receiver=<UNKNOWN>",
        (None, Result.FAIL, "foo.example.com"),
    ),
    "microsoft-softfail": (
        "SoftFail (protection.outlook.example: domain of transitioning example.org discourages use of 192.0.2.1 as"
        " permitted sender)",
        ("protection.outlook.example", Result.SOFTFAIL, "example.org"),
    ),
    "folded-inside": (
        "Pass (protection.outlook.example: domain of    APC01.example.org designates 192.0.2.1 as    permitted sender)",
        ("protection.outlook.example", Result.PASS, "apc01.example.org"),
    ),
    "null-sender-at-google": (
        "pass (google.com: domain of  designates 192.0.2.1 as permitted sender) client-ip=192.0.2.1;",
        ("google.com", Result.PASS, None),
    ),
    "microsoft-error": (
        "TempError (protection.outlook.example: error in processing during lookup of example.org: DNS Timeout)",
        ("protection.outlook.example", Result.TEMPERROR, "example.org"),
    ),
    "yahoo-softfail": (
        "softfail (domain of transitioningexample.org does not designate 192.0.2.1 as permitted sender)",
        (None, Result.SOFTFAIL, "example.org"),
    ),
    "google-neutral": (
        "neutral (google.com: 192.0.2.1 is neither permitted nor denied by best guess record for domain of"
        " a@example.org) client-ip=192.0.2.1;",
        ("google.com", Result.NEUTRAL, "example.org"),
    ),
    "google-error": (
        "permerror (google.com: permanent error in processing during lookup of a@example.org: include not found)",
        ("google.com", Result.PERMERROR, "example.org"),
    ),
    "google": (
        "pass (google.com: domain of a@example.org designates 2001:db8::1 as permitted sender) client-ip=2001:db8::1;",
        ("google.com", Result.PASS, "example.org"),
    ),
    "microsoft": (
        "None (protection.outlook.com: example.org does not designate permitted sender hosts)",
        ("protection.outlook.com", Result.NONE, None),
    ),
    "odd": ("unknown (whatever)", (None, None, None)),
    "empty": ("", (None, None, None)),
}


@pytest.mark.parametrize("row", RECEIVED_SPF)
def test_received_spf(row):
    text, expected = RECEIVED_SPF[row]
    (stated,) = field("Received-SPF", text).stated
    assert (stated.by, stated.result, stated.domain) == expected
    assert stated.method == "spf"


MICROSOFT = """\
Received: from A.prod.outlook.com (2603:10a6::1) by B.prod.outlook.com with HTTPS; Mon, 1 Jan 2024 10:00:04 +0000
Authentication-Results: spf=pass (sender IP is 192.0.2.1)
 smtp.mailfrom=example.org; dmarc=fail action=none header.from=example.net
Received-SPF: Pass (protection.outlook.com: domain of example.org designates 192.0.2.1 as permitted sender)
 receiver=protection.outlook.com; client-ip=192.0.2.1; helo=mail.example.org; pr=C
Received: from mail.example.org (192.0.2.1) by C.mail.protection.outlook.com (10.152.1.1) with Microsoft SMTP Server;
 Mon, 1 Jan 2024 10:00:03 +0000
Authentication-Results: mx.forged.example; dmarc=pass header.from=example.net
From: a@example.net

"""


def test_a_line_without_authserv_id_is_by_the_host_beside_it():
    message = read_message(MICROSOFT)
    spf, dmarc, received_spf, forged = message.stated
    assert spf.by == dmarc.by == "c.mail.protection.outlook.com"
    assert received_spf.by == "protection.outlook.com"
    assert all(row.trusted for row in (spf, dmarc, received_spf))
    assert not forged.trusted
    assert "could have written it" in forged.note


GOOGLE = """\
Delivered-To: x@example.com
Received: by 2002:a05:6402:1a2b:b0:55a:abcd:1234 with SMTP id k12; Mon, 1 Jan 2024 02:00:02 -0800 (PST)
ARC-Seal: i=1; a=rsa-sha256; d=google.com; s=arc; cv=none; b=x
ARC-Message-Signature: i=1; a=rsa-sha256; d=google.com; s=arc; b=x
ARC-Authentication-Results: i=1; mx.google.com; spf=pass smtp.mailfrom=a@example.org
Return-Path: <a@example.org>
Received: from mail.example.org (mail.example.org. [192.0.2.1])
 by mx.google.com with ESMTPS id e29; Mon, 01 Jan 2024 02:00:01 -0800 (PST)
Received-SPF: pass (google.com: domain of a@example.org designates 192.0.2.1 as permitted sender) client-ip=192.0.2.1;
Authentication-Results: mx.google.com; spf=pass smtp.mailfrom=a@example.org; dmarc=fail header.from=example.net
X-Google-DKIM-Signature: v=1; a=rsa-sha256; d=1e100.net; s=20230601; b=x
DomainKey-Signature: a=rsa-sha1; d=example.org; b=x
DKIM-Signature: v=1; d=example.net; s=s; b=x
Received: from evil.example ([198.51.100.9]) by mx.google.com with ESMTPS id e28; Mon, 1 Jan 2024 01:59:59 -0800
Authentication-Results: mx.google.com; dmarc=pass header.from=example.net
X-Authentication-Results: mx.example.org; dkim=pass header.d=example.net
From: a@example.net

"""


def test_copies_are_named_and_not_counted():
    message = read_message(GOOGLE)
    rows = [(s.header, s.counted, s.trusted) for s in message.stated]
    assert rows == [
        ("ARC-Authentication-Results", False, False),
        ("Received-SPF", True, True),
        ("Authentication-Results", True, True),
        ("Authentication-Results", True, True),
        ("Authentication-Results", True, False),
        ("X-Authentication-Results", False, False),
    ]
    not_counted = [(row.name, row.domain) for row in message.signatures_not_counted]
    assert not_counted == [
        ("ARC-Seal", "google.com"),
        ("ARC-Message-Signature", "google.com"),
        ("X-Google-DKIM-Signature", "1e100.net"),
        ("DomainKey-Signature", "example.org"),
    ]
    assert all(row.why for row in message.signatures_not_counted)


ICLOUD = """\
Received: from p00.icloudmta.me.com by p76-mailgateway-smtp-1 (mailgateway 2403B92) with SMTP id 4f24e911;
 Tue, 2 Jan 2024 18:52:56 GMT
X-Apple-Action: MOVE_TO_FOLDER/INBOX
Received: from mail.example.org (mail.example.org [192.0.2.50]) by ci74p00im-qukt09072702.me.com (Postfix)
 with ESMTPS id 11C766C0012C; Tue,  2 Jan 2024 18:52:53 +0000 (UTC)
X-ICL-SCORE: 3.33
Authentication-Results: bimi.icloud.com; bimi=skipped reason="insufficient dmarc"
X-ARC-Info: policy=fail; arc=none
Authentication-Results: dmarc.icloud.com; dmarc=none header.from=example.org
Authentication-Results: spf.icloud.com; spf=pass (spf.icloud.com: domain of a@example.org designates 192.0.2.50 as
 permitted sender) smtp.mailfrom=a@example.org
Authentication-Results: mx.example.org; dmarc=pass header.from=example.org
Received: from pc (pc [10.0.0.1]) by mail.example.org with ESMTPA; Tue,  2 Jan 2024 18:52:50 +0000
Authentication-Results: spf.icloud.com; spf=pass smtp.mailfrom=forged@example.org
From: a@example.org

"""


def test_a_service_may_state_under_another_name_than_its_hosts():
    rows = [(s.by, s.method, s.trusted) for s in read_message(ICLOUD).stated]
    assert rows == [
        ("bimi.icloud.com", "bimi", True),
        ("dmarc.icloud.com", "dmarc", True),
        ("spf.icloud.com", "spf", True),
        ("mx.example.org", "dmarc", False),
        ("spf.icloud.com", "spf", False),
    ]
    assert envelope(read_message(ICLOUD)) == ("192.0.2.50", "mail.example.org", "a@example.org")


# ------------------------------------------------------------------ envelope


def envelope(message: Message) -> tuple[str | None, str | None, str | None]:
    return message.envelope.client_ip, message.envelope.helo, message.envelope.mail_from


def test_envelope_from_what_receivers_stated():
    for text in (MICROSOFT, GOOGLE):
        assert envelope(read_message(text))[:2] == ("192.0.2.1", "mail.example.org")
    assert read_message(GOOGLE).envelope.mail_from == "a@example.org"
    facts = read_message(GOOGLE).envelope.facts
    assert facts[0].basis is Basis.STATED
    assert "Received-SPF" in facts[0].source
    assert any(fact.name == "client IP" and fact.basis is Basis.INFERRED for fact in facts)


def test_envelope_from_the_hop_that_took_the_mail_in():
    message = read_message(
        "Received: from relay.example.net (relay.example.net [192.0.2.77]) by imap.example.net with ESMTP; Mon, 1 Jan"
        " 2024 10:00:02 +0900\n"
        "Received: from localhost (localhost [127.0.0.1]) by relay.example.net with ESMTP; Mon, 1 Jan 2024 10:00:01\n"
        "Received: from mail.example.org (unknown [203.0.113.9]) by relay.example.net with ESMTP; Mon, 1 Jan 2024\n"
        "Received: from pc (host.isp.example [198.51.100.7]) by mail.example.org with ESMTPSA; Mon, 1 Jan 2024\n"
        "From: a@example.org\n\n"
    )
    assert envelope(message) == ("203.0.113.9", "mail.example.org", None)
    kinds = {fact.name: fact.basis for fact in message.envelope.facts}
    assert kinds == {"client IP": Basis.INFERRED, "HELO": Basis.INFERRED, "MAIL FROM": Basis.UNKNOWN}


def test_a_submission_says_nothing_about_the_client_of_the_receiver():
    text = RECEIVED["gmail-submission"][0]
    message = read_message(f"Received: {text}\nFrom: a@example.org\n\n")
    assert envelope(message) == (None, None, None)
    assert {fact.basis for fact in message.envelope.facts} == {Basis.UNKNOWN}


def test_a_name_that_is_only_claimed_does_not_make_a_host_internal():
    message = read_message(
        "Received: from mx2.example.net (unknown [203.0.113.66]) by mx.example.net (Postfix) with ESMTP; Mon, 1 Jan"
        " 2024 10:00:00 +0900\n"
        "Received: from good.example (good.example [192.0.2.1]) by mx2.example.net; Mon, 1 Jan 2024 10:00:00 +0900\n\n"
    )
    assert message.envelope.client_ip == "203.0.113.66"


def test_forged_statements_are_not_used():
    message = read_message(
        "Received: from evil.example (unknown [203.0.113.66]) by mx.example.net (Postfix) with ESMTP; Mon, 1 Jan 2024"
        " 10:00:00 +0900\n"
        "From: a@example.org\n"
        "Received-SPF: pass (mx.example.net: ok) client-ip=192.0.2.1; envelope-from=a@example.org; helo=x.example.org\n"
        "Authentication-Results: mx.example.net; spf=pass smtp.mailfrom=a@example.org\n\n"
    )
    assert envelope(message) == ("203.0.113.66", "evil.example", None)


def test_conflicting_sources_are_facts_too():
    message = read_message("Return-Path: <b@example.com>\n" + GOOGLE)
    assert message.envelope.mail_from == "b@example.com"
    differing = [fact for fact in message.envelope.facts if "differs" in fact.source]
    assert {fact.value for fact in differing} == {"a@example.org"}


def test_a_stated_domain_is_no_other_sender():
    facts = read_message("Return-Path: <a@example.org>\n" + MICROSOFT).envelope.facts
    senders = [fact.value for fact in facts if fact.name == "MAIL FROM"]
    assert senders == ["a@example.org", "example.org"]
    assert not any("differs" in fact.source for fact in facts)


def test_null_sender_and_mailbox_line():
    assert read_message("Return-Path: <>\nFrom: a@example.org\n\n").envelope.mail_from == ""
    message = read_message("From b@example.com Mon Jan  1 10:00:00 2024\nFrom: a@example.org\n\n")
    assert message.envelope.mail_from == "b@example.com"
    assert read_message("From: a@example.org\n\n").envelope.mail_from is None


# --------------------------------------------------------------------- parts


def types(message: Message) -> list[tuple[int, str]]:
    return [(part.depth, part.content_type) for part in message.parts]


MULTIPART = """\
Content-Type: multipart/report; report-type=delivery-status;
 boundary="=_a b"
Subject: x

preamble
--=_a b
Content-Type: text/plain; charset=iso-2022-jp
Content-Transfer-Encoding: 7bit

\x1b$B$3$s\x1b(B
--=_a b  \n\
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

--=_a b
Content-Type: message/rfc822

From: a@example.org
Content-Type: multipart/mixed; boundary=inner

--inner

deep
--inner--
--=_a b--
epilogue
"""


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_parts_with_every_line_ending(ending):
    message = read_message(MULTIPART.replace("\n", ending).encode())
    assert types(message) == [
        (0, "multipart/report"), (1, "text/plain"), (1, "message/delivery-status"), (1, "message/rfc822")
    ]  # fmt: skip
    root, text, status, original = message.parts
    assert root.params["report-type"] == "delivery-status"
    assert [part.is_leaf for part in message.parts] == [False, True, True, True]
    assert text.text() == "こん"
    assert status.text() == "Reporting-MTA: dns; mx.example.com\n"
    inner = read_message(original.decoded())
    assert inner.author_domain == "example.org"
    assert [part.text() for part in inner.parts if part.is_leaf] == ["deep"]


@pytest.mark.parametrize(
    ("header", "body", "text"),
    [
        ("Content-Transfer-Encoding: base64", b"Y2Fm\r\nw6k=\r\n", "café"),
        ("Content-Transfer-Encoding: BASE64 ", b"Y2Fmw6k", "café"),
        ("Content-Transfer-Encoding: base64", b"Y2Fm*w6k=!", "café"),
        ("Content-Transfer-Encoding: base64", b"Y2Fmw", "caf"),
        ("Content-Transfer-Encoding: quoted-printable", b"caf=C3=A9=\r\n!=ZZ", "café!=ZZ"),
        ("Content-Transfer-Encoding: x-unknown", b"cafe", "cafe"),
        ("Content-Type: text/plain; charset=latin1", b"caf\xe9", "café"),
        ("Content-Type: text/plain; charset=utf-8", b"caf\xe9", "caf�"),
        ("Content-Type: text/plain; charset=nonsense", b"caf\xe9", "café"),
        ("Content-Type: text/plain; charset=hex", b"cafe", "cafe"),
        ("Content-Type: text/plain; charset=punycode", b"cafe-", "cafe-"),
        ("Content-Type: text/plain; charset=_Punycode-", b"cafe-", "cafe-"),
        ("Content-Type: text/plain; charset=shift_jis", b"\x87\x40", "①"),
        ('Content-Type: text/plain; (comment) charset="iso-2022-jp"', b"\x1b$B-!\x1b(B", "①"),
        ("Content-Type: text/plain", b"\x1b$B$3$s\x1b(B", "こん"),
        ("Content-Type: text/plain; charset*0=utf; charset*1=-8", b"caf\xc3\xa9", "café"),
        ("Content-Type: nonsense", b"a\r\nb\rc", "a\nb\nc"),
    ],
)
def test_decoding(header, body, text):
    (part,) = read_message(header.encode() + b"\n\n" + body).parts
    assert part.text() == text


def test_missing_boundaries_are_survived():
    unclosed = read_message("Content-Type: multipart/mixed; boundary=x\n\n--x\n\na\n--x\n\nb")
    assert [part.text() for part in unclosed.parts if part.is_leaf] == ["a", "b"]
    inner = read_message(
        "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: multipart/alternative; boundary=y\n\n"
        "--y\n\na\n--x\n\nb\n--x--"
    )
    assert types(inner) == [
        (0, "multipart/mixed"), (1, "multipart/alternative"), (2, "text/plain"), (1, "text/plain")
    ]  # fmt: skip
    unnamed = read_message("Content-Type: multipart/mixed\n\n--abc\n\na\n--abc--\n")
    assert [part.text() for part in unnamed.parts if part.is_leaf] == ["a"]
    absent = read_message("Content-Type: multipart/mixed; boundary=x\n\njust text")
    assert [(part.is_leaf, part.text()) for part in absent.parts] == [(True, "just text")]


def test_digests_hold_messages_and_similar_boundaries_differ():
    digest = read_message("Content-Type: multipart/digest; boundary=x\n\n--x\n\nSubject: a\n\nb\n--x--\n")
    assert types(digest)[1] == (1, "message/rfc822")
    longer = read_message("Content-Type: multipart/mixed; boundary=x\n\n--x\n\n--xy\nno boundary\n--x--\n")
    assert [part.text() for part in longer.parts if part.is_leaf] == ["--xy\nno boundary"]


def test_depth_and_number_of_parts_are_bounded():
    deep = "Content-Type: multipart/mixed; boundary=b0\n\n" + "".join(
        f"--b{level}\nContent-Type: multipart/mixed; boundary=b{level + 1}\n\n" for level in range(100)
    )
    assert max(part.depth for part in read_message(deep).parts) == 20
    many = "Content-Type: multipart/mixed; boundary=x\n\n" + "--x\n\na\n" * 5000
    assert len(read_message(many).parts) == 1000


@settings(max_examples=50)
@given(st.binary(max_size=300), st.sampled_from(["base64", "quoted-printable", "8bit"]))
def test_parts_never_raise(body, encoding):
    raw = (
        f"Content-Type: multipart/mixed; boundary=x\nContent-Transfer-Encoding: {encoding}\n\n--x\n".encode()
    )
    for part in read_message(raw + body).parts:
        part.decoded()
        part.text()


# ------------------------------------------------------------------- showing


def test_dict_has_no_body_and_is_json():
    text = json.dumps(read_message(GOOGLE + "SECRET BODY").to_dict())
    assert "SECRET BODY" not in text
    data = json.loads(text)
    assert data["headers"][0] == {"name": "Delivered-To", "value": "x@example.com"}
    assert data["author_domain"] == "example.net"
    assert data["envelope"]["client_ip"] == "192.0.2.1"
    assert data["hops"][0]["date"].startswith("2024-01-01T01:59:59")


def test_messages_are_values():
    one, two = read_message(b"A: b\n\n"), read_message(b"A: b\n\n")
    assert one == two
    assert len({one, two}) == 1
    with pytest.raises(AttributeError):
        one.raw = b""


EXCERPTS = [
    # lines, picked out of a header?
    (b"From: a@example.com\nSubject: x\nReceived: from a by b; Sun, 15 Jun 2025 15:00:00 +0000\n", True),
    (b"From: a@example.com\nTo: b@example.net\n", True),
    (b"From: a@example.com\nTo: b@example.net\nSubject: x\nDate: Sun, 15 Jun 2025 15:00:00 +0000\n", True),
    (b"Authentication-Results: mx.example.net; dmarc=fail\nReturn-Path: <a@example.com>\n", True),
    (b"From: a@example.com\nDate: Sun, 15 Jun 2025 15:00:00 +0000\nMessage-ID: <1@example.com>\n", False),
    (b"Received: from a by b\nFrom: a@example.com\nDate: Sun, 15 Jun 2025 15:00:00 +0000\n", False),
    (
        b"DKIM-Signature: v=1; d=example.com\nFrom: a@example.com\nDate: Sun, 15 Jun 2025 15:00:00 +0000\n",
        False,
    ),
    (b"From: a@example.com\nSubject: a draft, or a test\n\nwith a text\n", False),
    (b"only a text", False),
    (b"", False),
]


@pytest.mark.parametrize(("raw", "excerpt"), EXCERPTS)
def test_a_few_lines_of_a_header_are_told_from_a_whole_one(raw, excerpt):
    assert read_message(raw).is_excerpt is excerpt
    if raw.strip() and b"\n\n" not in raw:
        assert read_message(raw + b"\n").is_excerpt is excerpt  # an empty line and nothing after it
