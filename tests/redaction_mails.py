"""Mails and bounces for hypothesis: people, hosts and addresses in every place and encoding that mail has."""

from __future__ import annotations

import base64
import quopri
import re
from urllib.parse import quote

from hypothesis import strategies as st

LABELS = st.sampled_from(["acme", "fujiba", "blauwal", "kitano-travel", "zenith9", "oriol", "xn--bcher-kva"])
SUFFIXES = st.sampled_from(["net", "co.jp", "de", "com", "org.uk", "io", "photography"])
HOSTS = st.sampled_from(["", "mail.", "mx1.", "neko.", "a.b.", "smtp-7.tokyo.", "p77.dip0."])
USERS = st.sampled_from(["anna", "j.doe", "tanaka_k", "o'hara", "x42", "first.last+tag", "Monthly"])
PEOPLE = st.sampled_from(["Anna Kunde", "田中 一郎", "Jörg Müller", "Doe, Jane", "O'Hara (Sales)", ""])
PUBLIC_DOMAINS = st.sampled_from(["gmail.com", "outlook.com", "icloud.com"])
DOMAINS = st.builds("{}{}.{}".format, HOSTS, LABELS, SUFFIXES)
IPS = st.one_of(
    st.ip_addresses(v=4, network="203.0.113.0/24"),
    st.ip_addresses(v=4, network="62.0.0.0/9"),
    st.ip_addresses(v=4, network="192.168.0.0/16"),
    st.ip_addresses(v=6, network="2a01:4f8::/32"),
    st.ip_addresses(v=6, network="2001:db8::/48"),
).map(str)
ADDRESSES = st.builds("{}@{}".format, USERS, st.one_of(DOMAINS, DOMAINS, PUBLIC_DOMAINS))


def encoded_word(name: str, charset: str = "utf-8") -> str:
    return f"=?{charset}?B?{base64.b64encode(name.encode(charset)).decode()}?="


@st.composite
def mailboxes(draw) -> str:
    name, address = draw(PEOPLE), draw(ADDRESSES)
    if not name:
        return draw(st.sampled_from([address, f"<{address}>"]))
    if name.isascii():
        return f'"{name}" <{address}>'
    charset = "iso-2022-jp" if name.startswith("田") and draw(st.booleans()) else "utf-8"
    return draw(st.sampled_from([f"{encoded_word(name, charset)} <{address}>", f"{name} <{address}>"]))


@st.composite
def return_paths(draw) -> str:
    address = draw(ADDRESSES)
    local, _, domain = address.partition("@")
    service = draw(DOMAINS)
    return draw(
        st.sampled_from(
            [
                f"<{address}>",
                "<>",
                f"<SRS0=aB3d=Q7={domain}={local}@{service}>",
                f"<SRS1=Xy9z={domain}==aB3d=Q7={service}={local}@{domain}>",
                f"<prvs=1234abcd56={address}>",
                f"<bounces+812-9f3c-{local}={domain}@{service}>",
                f"<list-owner+{local}={domain}@{service}>",
                f"<{local}+caf_=fwd={service}@gmail.com>",
            ]
        )
    )


RECEIVED = st.sampled_from(
    [
        "from {one} ({one} [{literal}])\n by {other} (Postfix) with ESMTPS id 4ZwQ8{size}x1\n"
        " for <{address}>",
        "from [{literal}] (helo={one}) by {other} with esmtpsa (Exim 4.97) (envelope-from <{address}>)",
        "from unknown (HELO {one}) ({ip}) by {other} with SMTP",
        "from {one}. ({one}. [{ip}]) by mx.google.com with ESMTPS id a1b2c3d4e5f6-7g8h9i0j1k2l",
    ]
)
ODD_FIELDS = st.sampled_from(  # fields that nobody knows, and those with places of their own for names
    [
        "X-Originating-IP: [{ip}]",
        "X-Trace: u={quoted};h={domain};a={ip}",
        "List-Unsubscribe: <mailto:leave@{domain}?subject={quoted}>, <https://{domain}/u/{quoted}>",
        'List-Id: "News of {domain}" <news.{domain}>',
        "Feedback-ID: 1234:{domain}:campaign:mailgun",
        "Message-ID: <20250508.{size}.abcdef@{domain}>",
        "X-Mailer: PHPMailer at {domain} ({ip})",
        "Authentication-Results: {domain}; spf=pass (sender IP is {ip}) smtp.mailfrom={address};\n"
        " dkim=pass header.d={domain}",
        "Received-SPF: pass ({domain}: domain of {address} designates {ip} as permitted sender)\n"
        " client-ip={ip};",
        "DKIM-Signature: v=1; a=rsa-sha256; d={domain}; s=tanaka; i={address};\n h=from:to;\n"
        " bh=QUJD; b=QUJD; z=From:{address}",
        "X-Report: =?utf-8?Q?{escaped}?=",
        "Content-Disposition: attachment; filename*=utf-8''{quoted}.pdf",
        "Thread-Topic: about {address}",
        "Comments: ask {domain} ({ip})",
    ]
)


@st.composite
def received(draw) -> str:
    ip, one = draw(IPS), draw(DOMAINS)
    literal = f"IPv6:{ip}" if ":" in ip else ip
    names = {"one": one, "other": draw(DOMAINS), "ip": ip, "literal": literal, "address": draw(ADDRESSES)}
    return draw(RECEIVED).format(**names, size=len(one)) + "; Thu, 08 May 2025 18:00:06 -0700 (PDT)"


@st.composite
def odd_fields(draw) -> str:
    address, domain, ip = draw(ADDRESSES), draw(DOMAINS), draw(IPS)
    quoted = quote(address, safe="")
    escaped = quoted.replace("%", "=")
    return draw(ODD_FIELDS).format(
        address=address, domain=domain, ip=ip, quoted=quoted, escaped=escaped, size=len(address)
    )


@st.composite
def contents(draw) -> tuple[str, bytes]:
    """Fields of a part and its content: text that names people, in some encoding."""
    address, domain, ip = draw(ADDRESSES), draw(DOMAINS), draw(IPS)
    text = f"Dear {address},\n\nplease look at https://{domain}/a?b={quote(address)} on {ip}.\n"
    kind = draw(st.sampled_from(["plain", "html", "base64", "qp", "sjis", "pdf"]))
    if kind == "html":
        return "Content-Type: text/html\n", f"<p>{text}<a href='mailto:{address}'>x</a></p>\n".encode()
    if kind == "base64":
        head = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n"
        return head, base64.encodebytes(text.encode())
    if kind == "qp":
        head = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n"
        return head, quopri.encodestring(text.encode())
    if kind == "sjis":
        return "Content-Type: text/plain; charset=shift_jis\n", f"拝啓 {text}".encode("shift_jis")
    if kind == "pdf":
        head = f'Content-Type: application/pdf; name="{address}.pdf"\nContent-Transfer-Encoding: base64\n'
        return head, base64.encodebytes(b"%PDF " + text.encode())
    return "Content-Type: text/plain\n", text.encode()


@st.composite
def mails(draw, depth: int = 0) -> bytes:
    fields = [f"Return-Path: {draw(return_paths())}"] if draw(st.booleans()) else []
    fields += [f"Received: {hop}" for hop in draw(st.lists(received(), max_size=2))]
    fields += draw(st.lists(odd_fields(), max_size=3))
    fields += [f"From: {draw(mailboxes())}", f"To: {draw(mailboxes())}", f"Subject: about {draw(ADDRESSES)}"]
    head, content = draw(contents())
    wrap = draw(st.sampled_from(["", "", "mixed", "message"])) if depth < 2 else ""
    if wrap == "mixed":
        other, more = draw(contents())
        content = b"--q\n%b\n%b\n--q\n%b\n%b\n--q--\n" % (head.encode(), content, other.encode(), more)
        head = "Content-Type: multipart/mixed; boundary=q\n"
    if wrap == "message":
        head, content = "Content-Type: message/rfc822\n", draw(mails(depth + 1))
    raw = ("\n".join(fields) + "\n" + head).encode() + b"\n" + content
    return raw.replace(b"\n", b"\r\n") if depth == 0 and draw(st.booleans()) else raw


REFUSALS = st.sampled_from(
    [
        "550-5.7.26 Unauthenticated email from {domain} is not accepted due to domain's 550 5.7.26 DMARC"
        " policy.",
        "550 5.7.1 {ip} is not allowed to send mail from {domain}. http://www.openspf.org/Why?id={quoted};ip={ip}",
        "554 5.7.9 Message not accepted for policy reasons. See https://postmaster.yahooinc.com/error-codes",
        "550 5.7.509 Access denied, sending domain {upper} does not pass DMARC verification",
        "550 5.1.1 <{address}>: Recipient address rejected: User unknown in {host}",
        "452 4.2.2 The mailbox {address} is over quota, ask {host} [{ip}]",
    ]
)


@st.composite
def bounces(draw) -> bytes:
    """A report with words, fields and the mail that came back."""
    address, host, ip, sender = draw(ADDRESSES), draw(DOMAINS), draw(IPS), draw(DOMAINS)
    names = {"address": address, "host": host, "ip": ip, "domain": sender, "upper": sender.upper()}
    reply = draw(REFUSALS).format(**names, quoted=quote(f"x@{sender}"))
    status = re.search(r"[45]\.\d\.\d+", reply).group()
    words = f"This is the mail system at host {sender}.\n\n<{address}>: host {host}[{ip}] said: {reply}\n"
    fields = (
        f"Reporting-MTA: dns; {sender}\nX-Postfix-Queue-ID: 4ZwQ8x1\n\nFinal-Recipient: rfc822; {address}\n"
    )
    fields += f"Action: failed\nStatus: {status}\nRemote-MTA: dns; {host}\nDiagnostic-Code: smtp; {reply}\n"
    head = f"Return-Path: <>\nFrom: MAILER-DAEMON@{sender} (Mail Delivery System)\nTo: {draw(ADDRESSES)}\n"
    head += "Subject: Undelivered Mail Returned to Sender\nContent-Type: multipart/report; boundary=r\n\n"
    text = f"{head}--r\n\n{words}\n--r\nContent-Type: message/delivery-status\n\n{fields}\n"
    return text.encode() + b"--r\nContent-Type: message/rfc822\n\n" + draw(mails(1)) + b"\n--r--\n"
