"""Exercises of lesson 10, on fixing: a DNS panel, a whole set-up, a policy with an exception."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from helpers.authentication import authenticate
from helpers.dmarc import evaluate_dmarc
from helpers.exercises import Exercise, Feedback, quoted, right, wrong
from helpers.exercises.answers import texts_of
from helpers.lookup import Zone, sample_zone
from helpers.services import Sent, send_through
from helpers.terms import DmarcCheck, Result

AUTHOR = "fujiba.net"
HOSTS = {
    "SPF record": AUTHOR,
    "DMARC record": f"_dmarc.{AUTHOR}",
    "DKIM key": f"k1._domainkey.{AUTHOR}",
}  # and the name where receivers ask for it
MAIL = (
    b"From: monthly@fujiba.net\nTo: desk@737flight.example\nSubject: Report\n"
    b"Date: Thu, 8 May 2025 18:00:00 -0700\n\nThe report is attached.\n"
)


def _hosts(answer: Any) -> Feedback:
    if not isinstance(answer, Mapping) or set(answer) != set(HOSTS):
        return wrong(f"The answer is a dict with what goes into the field for {', '.join(map(repr, HOSTS))}.")
    words = []
    for what, name in HOSTS.items():
        host = str(answer[what]).strip().rstrip(".").lower()[:200]
        made = AUTHOR if host == "@" else f"{host}.{AUTHOR}" if host else AUTHOR
        if made != name:
            words.append(f"The {what} ends up at {made}, where nobody asks for it.")
    return wrong(" ".join(words)) if words else right("Each ends up at the name where receivers ask for it.")


@cache
def _sent() -> Sent:
    return send_through("postmark", MAIL, domain=AUTHOR, verified=True)


def _set_up(answer: Any) -> Feedback:
    if not isinstance(answer, Zone):
        return wrong(f"{quoted(answer)} is no zone; the answer is what `publish` or `with_records` returns.")
    before, sent = sample_zone("fujiba"), _sent()
    checked = authenticate(sent.message, envelope=sent.envelope, dns=answer | sent.world)
    if checked.dmarc.result != Result.PASS:
        return wrong(f"Through Postmark it is dmarc={checked.dmarc.result}: {checked.dmarc.reason}")
    gone = sorted({row[:2] for row in before.rows()} - {row[:2] for row in answer.rows()})
    if gone:
        return wrong(
            f"Through Postmark it passes. But something that was there is gone: {gone[0][1]} at {gone[0][0]}."
        )
    policy = evaluate_dmarc(author_domain=AUTHOR, spf=("gmail.com", "pass"), dkim=[], dns=answer)
    if policy.disposition != "reject":
        return wrong(
            "Through Postmark it passes. But the policy is not what it was: a forger is no longer refused."
        )
    if before(AUTHOR, "MX").values != answer(AUTHOR, "MX").values:
        return wrong("Through Postmark it passes. But the MX records changed: Mailgun no longer forwards.")
    return right("dmarc=pass through Postmark, and what was in DNS before is there.")


def _evaluated(texts: list[str], author: str) -> DmarcCheck:
    zone = Zone.from_dict({f"_dmarc.{AUTHOR}": {"TXT": texts}, f"news.{AUTHOR}": {"A": ["192.0.2.7"]}})
    return evaluate_dmarc(author_domain=author, spf=("sender.example", "pass"), dkim=[], dns=zone)


def _exception(answer: Any) -> Feedback:
    texts = texts_of(answer)
    if not texts:
        return wrong(f"{quoted(answer)} is no record; the answer is its text, v=DMARC1 and what follows.")
    main, news = _evaluated(texts, AUTHOR), _evaluated(texts, f"news.{AUTHOR}")
    if main.result == Result.NONE:
        return wrong(f"dmarc=none: {main.reason}")
    if main.disposition != "reject":
        return wrong(
            f"A forger who writes as {AUTHOR} itself meets {main.disposition}: he should be refused."
        )
    if news.disposition != "none":
        return wrong(f"The newsletter of news.{AUTHOR} meets {news.disposition}, like a forgery.")
    return right(f"As {AUTHOR} a forger is refused, and the newsletter gets through until it is set up.")


EXERCISES = {
    "10-hosts": Exercise(
        _hosts,
        "The panel appends the domain. So write what stands before it, and the sign for “nothing before "
        "it” where the record belongs to the domain itself.",
    ),
    "10-set-up": Exercise(
        _set_up,
        "`records_for(…, example=True)` gives the records with a key in them, and `publish` puts them "
        "into a zone without taking away what is there.",
    ),
    "10-exception": Exercise(
        _exception,
        "A record has a policy for the domain and, in a tag of its own, one for what is below it.",
    ),
}
