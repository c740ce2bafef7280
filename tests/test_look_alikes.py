"""An author domain that looks like another one is told as what it is, beside the name that DNS knows."""

from __future__ import annotations

import pytest

import helpers as h


def rows(domain: str) -> dict[str, tuple[str | None, str]]:
    """Value and source of each fact that a diagnosis has about a mail from this domain, by name."""
    found = h.diagnose(f"From: Fujiba <a@{domain}>\r\nTo: b@example.net\r\n\r\nHello\r\n".encode(), dns=None)
    return {fact.name: (fact.value, fact.source) for fact in found.evidence}


@pytest.mark.parametrize(
    ("domain", "written", "told"),
    [
        (
            "fuj\u0456ba.net",
            "fuj\u0456ba.net",
            [
                "\u0456 is U+0456 CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I",
                "Latin and Cyrillic letters in one label: it can pass for another name",
            ],
        ),
        ("xn--80ak6aa92e.com", "\u0430\u0440\u0440\u04cf\u0435.com", ["1 more", "can pass for a Latin one"]),
        (
            "\u03bfpen.example",
            "\u03bfpen.example",
            ["GREEK SMALL LETTER OMICRON", "Latin and Greek letters in one label: it can pass for"],
        ),
        ("b\u00fccher.example", "b\u00fccher.example", ["LATIN SMALL LETTER U WITH DIAERESIS"]),
        ("xn--e1afmkfd.xn--p1ai", "\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444", ["and 3 more"]),
    ],
)
def test_other_letters_are_named(domain: str, written: str, told: list[str]) -> None:
    found = rows(domain)
    value, source = found["written as"]
    assert value == written
    assert (found["author domain"][0] or "").startswith("xn--")
    for words in told:
        assert words in source
    if "pass for" not in "".join(told):
        assert "pass for" not in source


@pytest.mark.parametrize(
    ("domain", "front", "owner"),
    [
        ("fujiba.net.example.com", "fujiba.net", "example.com"),
        ("mail.fujiba.net.example.co.uk", "fujiba.net", "example.co.uk"),
        ("www.fujiba.com.login.example.org", "fujiba.com", "example.org"),
    ],
)
def test_a_name_in_front_has_no_say(domain: str, front: str, owner: str) -> None:
    value, source = rows(domain)["begins like"]
    assert value == front
    assert owner in source
    assert f"{front} has no say" in source


@pytest.mark.parametrize(
    "domain",
    [
        *("fujiba.net", "mail.fujiba.net", "fujiba.com.au", "mail.fujiba.com.au", "net.example.com"),
        *("news.email.example.com", "xn--.example", "xn--a-b-c-.example", "x" * 63 + ".example"),
    ],
)
def test_an_everyday_name_gets_no_row(domain: str) -> None:
    assert not {"written as", "begins like"} & set(rows(domain))
