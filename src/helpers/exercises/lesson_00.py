"""Exercises of the first notebook: who has to be vouched for, and whose record the receiver follows."""

from __future__ import annotations

from typing import Any

from helpers.dmarc import evaluate_dmarc
from helpers.exercises import Exercise, Feedback, quoted, right, sentence, wrong
from helpers.exercises.answers import domain_of
from helpers.lookup import sample_zone
from helpers.terms import Result

AUTHOR = "fujiba.net"


def _spf_domain(answer: Any) -> Feedback:
    domain = domain_of(answer)
    if domain is None:
        return wrong(f"{quoted(answer)} is no domain name; the answer is one, as text.")
    check = evaluate_dmarc(author_domain=AUTHOR, spf=(domain, "pass"), dkim=[], dns=sample_zone("fujiba"))
    if check.result == Result.PASS:
        return right(
            f"With spf=pass for {domain} it is dmarc=pass. {sentence(check.alignments[0].decided_by)}"
        )
    return wrong(
        f"With spf=pass for {domain} it is still dmarc=fail. {sentence(check.alignments[0].decided_by)}"
    )


def _policy_name(answer: Any) -> Feedback:
    name = domain_of(answer)
    if name is None:
        return wrong(f"{quoted(answer)} is no name in DNS; the answer is one, as text.")
    zone = sample_zone("fujiba")
    if not zone(name, "TXT").values:
        return wrong(f"Nothing is published at {name}, so nobody would miss it.")
    spf, silent = ("gmail.com", "pass"), zone.without(name)
    if evaluate_dmarc(author_domain=AUTHOR, spf=spf, dkim=[], dns=silent).result == Result.NONE:
        return right(f"Without {name} it is dmarc=none: the receiver has no policy to follow.")
    return wrong(
        f"Without the records at {name} it is dmarc=fail as before: that is not where the policy stands."
    )


EXERCISES = {
    "00-spf-domain": Exercise(
        _spf_domain,
        "Look at the box on the right of the picture. Which names belong to that one?",
    ),
    "00-policy-name": Exercise(
        _policy_name,
        "The bounce says whose policy it is. DMARC records stand at a name of their own, which begins "
        "with an underscore.",
    ),
}
