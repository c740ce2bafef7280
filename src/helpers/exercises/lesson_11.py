"""Exercises of lesson 11, on forwarding and lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from helpers.dmarc import evaluate_dmarc
from helpers.exercises import Exercise, Feedback, quoted, right, sentence, short, wrong
from helpers.lookup import Zone, sample_zone
from helpers.terms import Policy, Result

# What each way leaves of MAIL FROM and of the IP address, for a mail from fujiba.net without a signature.
WAYS = {
    "forwarder": (
        ("fujiba.net", "fail"),
        "MAIL FROM stays, and the forwarder's server is not in your record",
    ),
    "forwarder-srs": (("mailgun.org", "pass"), "SPF passes there, for which domain?"),
    "list": (("lists.example.org", "pass"), "SPF passes there, for which domain?"),
}
PACKED = "SRS0=WBES=XZ=bounce.fujiba.net=monthly+3@mailgun.org"


def _unsigned(answer: Any) -> Feedback:
    if isinstance(answer, str) or not isinstance(answer, (set, frozenset, list, tuple)):
        return wrong('The answer is a set of ways, such as {"forwarder", "list"}; none at all is set().')
    ways = [way for way in answer if isinstance(way, str)]
    if strange := [way for way in answer if way not in WAYS]:
        return wrong(f"{quoted(strange[0])} is none of the three ways: {', '.join(WAYS)}.")
    for way in ways:
        spf, why = WAYS[way]
        check = evaluate_dmarc(author_domain="fujiba.net", spf=spf, dns=sample_zone("fujiba-fixed"))
        if check.result != Result.PASS:
            return wrong(f"{way}: spf={spf[1]} for {spf[0]}, dmarc={check.result}. {sentence(why)}")
    return right("SPF alone survives none of them: that is why the signature matters.")


def _srs(answer: Any) -> Feedback:
    if not isinstance(answer, str) or answer.count("@") != 1:
        return wrong("The answer is one e-mail address, as text.")
    local, _, domain = answer.strip().strip("<>").partition("@")
    packed, _, forwarder = PACKED.partition("@")
    _, _, _, packed_domain, packed_local = packed.split("=", 4)
    if domain.lower() == forwarder:
        return wrong("That is where the report goes first; the forwarder unpacks it and sends it on.")
    if (local, domain.lower()) == (packed_local, packed_domain):
        return right("The report goes to the forwarder, which unpacks the address and passes it on.")
    if domain.lower() != packed_domain:
        return wrong(f"The domain is not {short(domain)}: look between the third and the fourth equals sign.")
    return wrong(f"The domain is right, the part before the @ is not {short(local)}.")


def _list_policy(answer: Any) -> Feedback:
    if not isinstance(answer, Mapping):
        return wrong('The answer is a dict of records: {"_dmarc.somewhere.fujiba.net": "v=DMARC1; p=…"}.')
    try:
        zone = sample_zone("fujiba-fixed") | Zone.from_dict(
            {str(name): {"TXT": texts} for name, texts in answer.items()}
        )
    except (ValueError, TypeError) as error:
        return wrong(f"These are no records: {error}")
    asked = {
        domain: evaluate_dmarc(author_domain=domain, spf=("lists.example.org", "pass"), dns=zone)
        for domain in ("lists.fujiba.net", "fujiba.net", "other.fujiba.net")
    }
    for domain in ("fujiba.net", "other.fujiba.net"):
        if asked[domain].disposition != Policy.REJECT:
            found = asked[domain].disposition
            return wrong(f"Mail that fails for {domain} is no longer refused: {found} is asked for.")
    if asked["lists.fujiba.net"].disposition != Policy.NONE:
        check = asked["lists.fujiba.net"]
        return wrong(f"For lists.fujiba.net, {check.policy_domain} still asks for {check.disposition}.")
    if asked["lists.fujiba.net"].record is None or asked["lists.fujiba.net"].result != Result.FAIL:
        return wrong(f"For lists.fujiba.net: {asked['lists.fujiba.net'].reason}")
    return right("lists.fujiba.net asks for nothing, fujiba.net and its other subdomains for reject.")


EXERCISES = {
    "11-unsigned": Exercise(
        _unsigned,
        "Go through the table above, column “SPF aligned”. Passing is not enough: for whom does it pass?",
    ),
    "11-srs": Exercise(
        _srs, "SRS0 = check = day = domain = local part @ forwarder. Put the two pieces together again."
    ),
    "11-list-policy": Exercise(
        _list_policy,
        "Lesson 05: which record holds for a subdomain that has one of its own? Leave the record of "
        "fujiba.net as it is.",
    ),
}
