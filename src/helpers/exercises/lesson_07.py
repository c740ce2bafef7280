"""Exercises of lesson 07, on the lab: records that are tried out, for the owner's mail and a forger's."""

from __future__ import annotations

from typing import Any

from helpers.dmarc import evaluate_dmarc
from helpers.exercises import Exercise, Feedback, quoted, right, wrong
from helpers.exercises.answers import texts_of
from helpers.lookup import Zone, sample_zone
from helpers.spf import check_spf
from helpers.terms import Result, SpfCheck

AUTHOR = "fujiba.net"
HOME_IP, MAILGUN_IP, FORGER_IP = "203.0.113.77", "198.51.100.1", "198.51.100.200"


def _published(name: str, texts: list[str]) -> Zone:
    return sample_zone("fujiba").with_records(name, "TXT", texts)


def _spf(answer: Any) -> Feedback:
    texts = texts_of(answer)
    if not texts:
        return wrong(f"{quoted(answer)} is no record; the answer is its text, v=spf1 and what follows.")
    zone = _published(AUTHOR, texts)

    def check(ip: str) -> SpfCheck:
        return check_spf(client_ip=ip, mail_from=f"monthly@{AUTHOR}", helo="host.example", dns=zone)

    home, mailgun, forger = check(HOME_IP), check(MAILGUN_IP), check(FORGER_IP)
    if home.result != Result.PASS:
        return wrong(f"From the line at home, {HOME_IP}, it is spf={home.result}: {home.reason}")
    if forger.result == Result.PASS:
        return wrong(
            f"It passes from home, and for a forger at {FORGER_IP} as well: the record lets anybody in."
        )
    if mailgun.result != Result.PASS:
        return wrong(f"It passes from home, and Mailgun's mail does not any more: spf={mailgun.result}.")
    return right(
        f"spf=pass for {AUTHOR} from home, and so DMARC passes; Mailgun still passes, a forger gets "
        f"spf={forger.result}. It holds as long as the address at home does."
    )


def _junk(answer: Any) -> Feedback:
    texts = texts_of(answer)
    if not texts:
        return wrong(f"{quoted(answer)} is no record; the answer is its text, v=DMARC1 and what follows.")
    check = evaluate_dmarc(
        author_domain=AUTHOR, spf=("gmail.com", "pass"), dkim=[], dns=_published(f"_dmarc.{AUTHOR}", texts)
    )
    if check.result == Result.NONE:
        return wrong(f"dmarc=none: {check.reason}")
    if check.disposition == "quarantine":
        return right("Not refused, and not in the inbox: receivers are asked to put it aside.")
    means = {
        "reject": "it is refused as before",
        "none": "it is delivered like any other, the forger's as well",
    }
    return wrong(
        f"Receivers are asked for {check.disposition}: {means.get(check.disposition, 'something else')}."
    )


EXERCISES = {
    "07-from-home": Exercise(
        _spf,
        "The mechanism that names one address is ip4. It goes into the record that is there, before the "
        "word that answers for everybody else.",
    ),
    "07-junk": Exercise(
        _junk,
        "There are three policies: one does nothing, one refuses. The third is between them.",
    ),
}
