"""Checks side by side: one table a kind, in the order given, escaped like everything else."""

from __future__ import annotations

import pytest

import helpers as h

MAIL = b"From: monthly@fujiba.net\r\nSubject: April\r\n\r\nThe report is ready.\r\n"
KEY = h.lab.lab_key("fujiba-2025")
ZONE = h.sample_zone("fujiba").with_records("2025._domainkey.fujiba.net", "TXT", [KEY.record])
SIGNED = h.services.sign(MAIL, domain="fujiba.net", selector="2025", key=KEY)


def checked(raw: bytes, dns: h.Zone = ZONE) -> object:
    return h.verify_dkim(raw, dns=dns)[0]


CASES = {
    "untouched": (checked(SIGNED), ("pass", "✔ fits", "✔ fits", "✔ found")),
    "body": (checked(SIGNED.replace(b"ready", b"late")), ("fail", "✘ differs", "✔ fits", "✔ found")),
    "header": (checked(SIGNED.replace(b"April", b"May")), ("fail", "✔ fits", "✘ differs", "✔ found")),
    "no key": (
        checked(SIGNED, h.sample_zone("fujiba")),
        ("permerror", "✔ fits", "– not checked", "✘ missing"),
    ),
    "no tags": (
        checked(b"DKIM-Signature: v=1\r\n" + MAIL),
        ("permerror", "– not checked", "– not checked", "– not asked for"),
    ),
}


def test_dkim_says_which_part_noticed():
    table = h.checks_table({name: check for name, (check, _) in CASES.items()})
    assert [row[0] for row in table.rows] == list(CASES)
    assert [row[1:5] for row in table.rows] == [wanted for _, wanted in CASES.values()]
    assert [row[5] for row in table.rows] == [check.reason for check, _ in CASES.values()]
    assert list(table.to_frame().columns) == ["tried", "DKIM", "body hash", "signature", "key record", "why"]


def test_dmarc_says_whose_policy_asks_for_what():
    table = h.checks_table(
        {
            "signed": h.evaluate_dmarc(author_domain="fujiba.net", dkim=checked(SIGNED), dns=ZONE),
            "not": h.evaluate_dmarc(author_domain="fujiba.net", dns=ZONE),
            "nobody": h.evaluate_dmarc(author_domain="example.net", dns=ZONE),
        }
    )
    assert [row[:4] for row in table.rows] == [
        ("signed", "✔ pass", "fujiba.net", "nothing"),
        ("not", "✘ fail", "fujiba.net", "reject"),
        ("nobody", "none", "–", "nothing"),
    ]


def test_spf_says_what_decided():
    spf = h.check_spf(client_ip="198.51.100.1", mail_from="a@mailgun.org", helo="x.example", dns=ZONE)
    assert h.checks_table({"one": spf}).rows[0][1:4] == ("pass", "mailgun.org", spf.matched)


def test_names_of_rows_are_escaped():
    table = h.checks_table({"<script>x</script>": checked(SIGNED)})
    assert "<script>" not in table._repr_html_()
    assert "&lt;script&gt;" in table._repr_html_()


@pytest.mark.parametrize(
    "given", [{}, {"a": "pass"}, {"a": checked(SIGNED), "b": h.evaluate_dmarc(author_domain=None, dns=ZONE)}]
)
def test_other_things_are_refused_in_a_sentence(given):
    with pytest.raises(TypeError, match="checks of one kind"):
        h.checks_table(given)
