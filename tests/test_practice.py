"""The exam: any change that works is right, and what gives protection up or harms other mail is not."""

from __future__ import annotations

from typing import Any

import pytest

import helpers as h

NUMBERS = range(1, 11)
KEY = h.practice(1).key

CAUSES = {
    1: "authenticated_as_other",
    2: "key_missing",
    3: "spf_record_error",
    4: "spf_record_error",
    5: "strict_alignment",
    6: "forwarded",
    7: "key_revoked",
    8: "spf_unauthorized",
    9: "authenticated_as_other",
    10: "key_invalid",
}

# (case, change): several for each case, since there is not one right answer.
WORKS: list[tuple[int, dict[str, Any]]] = [
    (1, {"signed_by": "bakery.example", "dns": {"s1._domainkey.bakery.example": KEY}}),
    (
        1,
        {
            "signed_by": "mail.bakery.example",
            "selector": "x",
            "dns": {"x._domainkey.mail.bakery.example": KEY},
        },
    ),
    (1, {"mail_from": "office@bakery.example", "dns": {"bakery.example": "v=spf1 ip4:198.51.100.3 -all"}}),
    (2, {"dns": {"jan2025._domainkey.school.example": KEY}}),
    (2, {"selector": "jan2024", "dns": {"jan2024._domainkey.school.example": KEY}}),
    (3, {"dns": {"clinic.example": "v=spf1 ip4:192.0.2.81 include:_spf.tickets.example -all"}}),
    (3, {"signed_by": "clinic.example", "dns": {"s1._domainkey.clinic.example": KEY}}),
    (4, {"dns": {"museum.example": "v=spf1 include:_spf.tickets.example ip4:192.0.2.82 -all"}}),
    (
        4,
        {"dns": {"museum.example": "v=spf1 ip4:192.0.2.82 include:_spf.tickets.example ~all"}},
    ),
    (5, {"dns": {"_dmarc.shop.example": "v=DMARC1; p=reject"}}),
    (5, {"dns": {"_dmarc.shop.example": "v=DMARC1; p=reject; adkim=s"}}),
    (5, {"mail_from": "orders@shop.example", "dns": {"shop.example": "v=spf1 ip4:192.0.2.83 -all"}}),
    (5, {"signed_by": "shop.example", "dns": {"s1._domainkey.shop.example": KEY}}),
    (6, {"signed_by": "club.example", "dns": {"s1._domainkey.club.example": KEY}}),
    (7, {"dns": {"s1._domainkey.choir.example": KEY}}),
    (7, {"selector": "s2", "dns": {"s2._domainkey.choir.example": [KEY]}}),
    (8, {"dns": {"workshop.example": "v=spf1 ip4:192.0.2.85 ip4:192.0.2.90 -all"}}),
    (8, {"signed_by": "workshop.example", "dns": {"s1._domainkey.workshop.example": KEY}}),
    (9, {"dns": {"_dmarc.travel.example": "v=DMARC1; p=reject"}}),
    (9, {"signed_by": "news.travel.example", "dns": {"s1._domainkey.news.travel.example": KEY}}),
    (10, {"dns": {"s1._domainkey.theatre.example": KEY}}),
]

FAILS: list[tuple[int, dict[str, Any], str]] = [
    (1, {}, "After the change, though: dmarc=fail"),
    (1, {"dns": {"bakery.example": "v=spf1 include:freemail.example -all"}}, "dmarc=fail"),
    (1, {"signed_by": "bakery.example"}, "dmarc=fail"),
    (1, {"dns": {"_dmarc.bakery.example": "v=DMARC1; p=none"}}, "dmarc=fail"),
    (1, {"dns": {"_dmarc.bakery.example": []}}, "dmarc=none"),
    (1, {"dns": {"freemail.example": "v=spf1 -all"}}, "not yours to change"),
    (3, {"dns": {"clinic.example": "v=spf1 include:_spf.tickets.example -all"}}, "dmarc=fail"),
    (
        4,
        {"dns": {"museum.example": "v=spf1 ip4:192.0.2.82 -all"}},
        "out.tickets.example sends for museum.example no longer",
    ),
    (8, {"dns": {"workshop.example": "v=spf1 +all"}}, "so does a stranger"),
    (
        8,
        {"dns": {"workshop.example": "v=spf1 ip4:192.0.2.90 -all"}},
        "old.workshop.example sends for workshop.example no longer",
    ),
    (
        5,
        {"dns": {"_dmarc.shop.example": "v=DMARC1; p=none"}},
        "answered with reject before, and now with none",
    ),
    (5, {"dns": {"_dmarc.shop.example": "v=DMARC1; p=quarantine"}}, "and now with quarantine"),
    (8, {"dns": "v=spf1 -all"}, "dns is a dict"),
    (8, {"dns": {"a..b": "x"}}, "not a name that DNS can hold"),
    (8, {"dns": {"workshop.example": [7]}}, "can't be published"),
    (8, {"mail_from": 7}, "mail_from is text"),
    (8, {"signed_by": "no domain"}, "can't be signed_by"),
]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_case_is_refused_as_it_stands_and_its_other_mail_is_not(number: int) -> None:
    case = h.practice(number)
    found = h.diagnose(case.message, dns=case.zone)
    assert found.cause == CAUSES[number]
    assert found.authentication.dmarc.result == "fail"
    assert found.authentication.dmarc.disposition in ("reject", "quarantine")
    assert found.authentication.envelope.client_ip
    for row in case.others:
        spf = h.check_spf(client_ip=row.client_ip, mail_from=row.mail_from, helo=row.helo, dns=case.zone)
        assert spf.result == "pass"


@pytest.mark.parametrize(("number", "change"), WORKS, ids=range(len(WORKS)))
def test_every_change_that_works_is_right(number: int, change: dict[str, Any]) -> None:
    feedback = h.practice(number).judge(cause=CAUSES[number], **change)
    assert feedback.right, feedback.said


@pytest.mark.parametrize(("number", "change", "words"), FAILS, ids=range(len(FAILS)))
def test_a_change_that_does_not_is_told_why(number: int, change: dict[str, Any], words: str) -> None:
    feedback = h.practice(number).judge(cause=CAUSES[number], **change)
    assert not feedback.right
    assert words in feedback.said


@pytest.mark.parametrize("number", NUMBERS)
def test_another_cause_is_wrong_and_the_right_one_is_not_given_away(number: int) -> None:
    for cause in h.Cause:
        feedback = h.practice(number).judge(cause=cause)
        assert ("does not fit" in feedback.said) == (cause != CAUSES[number])
        if cause != CAUSES[number]:
            assert CAUSES[number] not in feedback.said
    assert "none of the causes" in h.practice(number).judge(cause="bad luck").said


def test_the_kits_own_fix_is_right_where_it_names_records() -> None:
    case = h.practice(8)
    fix = next(
        fix for fix in h.diagnose(case.message, dns=case.zone).fixes if fix.changes and fix.protection_kept
    )
    (change,) = [change for change in fix.changes if change.type == "TXT" and "spf1" in change.value]
    assert case.judge(cause="spf_unauthorized", dns={change.name: change.value}).right


def test_the_exam_can_be_misused_only_with_a_clear_word() -> None:
    with pytest.raises(ValueError, match="cases 1 to 10"):
        h.practice(11)
    with pytest.raises(TypeError, match="can't be changed"):
        h.practice(1).judge(cause="forwarded", client_ip="192.0.2.1")
    assert "Not answered yet" in h.practice(1).judge(cause=..., dns=...).said


def test_a_case_shows_the_mail_and_its_own_dns_only() -> None:
    shown = str(h.practice(3))
    assert "desk@clinic.example" in shown
    assert "v=spf1 ip4:192.0.2.81" in shown
    assert "freemail.example" not in shown
