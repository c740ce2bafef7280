"""The sentences of a diagnosis: the cause, said so that a layman understands. No decisions here."""

from __future__ import annotations

from collections.abc import Callable

from helpers.diagnosis.evidence import Findings, Identifier
from helpers.terms import DkimCheck, Policy, Result


def summary_of(cause: str, findings: Findings) -> str:
    """The cause in two or three sentences, then what the policy asks receivers to do."""
    return f"{_SENTENCES[cause](findings)}{_consequence(findings)}"


def _consequence(findings: Findings) -> str:
    dmarc = findings.dmarc
    if dmarc is None or dmarc.policy is None or dmarc.result != Result.FAIL:
        return ""
    asked = {
        Policy.REJECT: "asks receivers to reject such mail (p=reject)",
        Policy.QUARANTINE: "asks receivers to treat such mail as suspicious (p=quarantine)",
        Policy.NONE: "asks receivers to do nothing about it (p=none), so most deliver it",
    }[dmarc.policy]
    return f" {dmarc.policy_domain} {asked}."


# ---------------------------------------------------------- one for each cause


def _passes(f: Findings) -> str:
    return f"An aligned identifier passes for {f.author_domain}: DMARC has nothing to object to."


def _authenticated_as_other(f: Findings) -> str:
    parts = [_spoke_for(identifier) for identifier in f.identifiers]
    also = "also " if any(i.method == "dkim" for i in f.identifiers) else ""
    parts.append(f"there is {also}no DKIM signature by {f.author_domain}")
    return (
        f"Authenticated as somebody else: {', '.join(parts)}, so nothing aligns with From: {f.author_domain}."
    )


def _spoke_for(identifier: Identifier) -> str:
    name = "SPF" if identifier.method == "spf" else "DKIM"
    if identifier.result == Result.PASS:
        return f"{name} passed for {identifier.domain}"
    if identifier.result is None:
        return f"{name} could only ever speak for {identifier.domain}"
    return f"{name} ended in {identifier.result} for {identifier.domain}"


def _nothing_authenticates(f: Findings) -> str:
    spf = _spf(f)
    said = f"SPF ended in {spf.result} for {spf.domain}" if spf else "SPF has nothing to say"
    signed = "there is no DKIM signature" if f.unsigned else "no DKIM signature verified"
    return f"Nothing vouches for this message as mail from {f.author_domain}: {said}, and {signed}."


def _spf(f: Findings) -> Identifier | None:
    return next((i for i in f.identifiers if i.method == "spf"), None)


def _spf_unauthorized(f: Findings) -> str:
    spf = _spf(f)
    if spf is not None and spf.result is None:
        return (
            f"{_deduced(f, spf)} So the server that handed the message over is not one that the SPF record "
            f"of {spf.domain} lists, or that record is missing or broken."
        )
    where = f" from {f.envelope.client_ip}" if f.envelope.client_ip else ""
    rest = "there is no DKIM signature" if f.unsigned else f"no DKIM signature by {f.author_domain} verified"
    listed = f"the SPF record of {spf.domain} does not list ({spf.result})" if spf else "no SPF record lists"
    return (
        f"The message came{where}, a server that {listed}, and {rest}. "
        "To a receiver this looks exactly like a forgery."
    )


def _deduced(f: Findings, spf: Identifier) -> str:
    """Why SPF must have failed although nobody here saw its result."""
    if f.bounce is not None and f.bounce.blamed == "spf":
        return f"The receiver says that SPF failed; it asks about MAIL FROM, here {spf.domain}."
    return (
        f"There is no DKIM signature, so only SPF for {spf.domain} could have passed, and the receiver "
        "says that nothing did."
    )


def _spf_record_error(f: Findings) -> str:
    spf = _spf(f)
    why = spf.check.reason if spf and spf.check else "it ended in permerror."
    return f"The SPF record that should authorize the server can't be evaluated: {why} Nothing else aligns."


def _forwarded(f: Findings) -> str:
    spf = _spf(f)
    if spf is not None and spf.result is None:
        return (
            f"{_deduced(f, spf)} The message was forwarded on its way: the receiver saw the forwarder's "
            f"server, which the SPF record of {spf.domain} has no reason to list."
        )
    rest = "there was no DKIM signature to survive" if f.unsigned else "no DKIM signature survived"
    lost = f"which {spf.domain} does not list, so SPF ended in {spf.result}" if spf else "which nothing lists"
    return f"The message was forwarded: the receiver saw the forwarder's server, {lost}, and {rest} the trip."


def _own_signature(f: Findings) -> DkimCheck | None:
    for identifier in f.identifiers:
        if identifier.aligned is not False and isinstance(identifier.check, DkimCheck):
            return identifier.check
    return None


def _signature_broken(f: Findings) -> str:
    check = _own_signature(f)
    if check is None:
        return f"A receiver says that the DKIM signature of {f.author_domain} did not verify."
    if check.signature_ok:
        return (
            f"{check.domain} did sign this message, but the body changed afterwards, so the signature does "
            f"not verify. Mailing lists, footers and virus scanners do that{_copied(f)}. Nothing else aligns."
        )
    return (
        f"A signature names {check.domain}, and it does not fit: a signed header changed on the way, or "
        f"{check.domain} never made it. A forgery looks the same. Nothing else aligns."
    )


def _copied(f: Findings) -> str:
    """A second reading where the sending server is a stranger, too."""
    spf = _spf(f)
    if spf is None or spf.aligned is not True or spf.result not in (Result.FAIL, Result.SOFTFAIL):
        return ""
    return (
        f"; so does a forger who copies a signature, and the sending server is none that {spf.domain} lists"
    )


def _signature_invalid(f: Findings) -> str:
    check = _own_signature(f)
    why = check.reason if check is not None else ""
    return f"The DKIM signature by {f.author_domain} can't be accepted: {why} Nothing else aligns."


def _key(fault: str) -> Callable[[Findings], str]:
    def sentence(f: Findings) -> str:
        check = _own_signature(f)
        place = f"{check.selector}._domainkey.{check.domain}" if check else "the place the signature names"
        return (
            f"The message is signed, but {fault.format(place=place)}. "
            "So the signature can't be checked, and nothing else aligns."
        )

    return sentence


def _strict_alignment(f: Findings) -> str:
    near = next(i for i in f.identifiers if i.aligned_if_relaxed and i.result == Result.PASS)
    name, tag = ("SPF", "aspf=s") if near.method == "spf" else ("DKIM", "adkim=s")
    return (
        f"{name} passed for {near.domain}, which belongs to the same organization as {f.author_domain}, "
        f"but the DMARC record asks for an exact match ({tag})."
    )


def _no_policy(f: Findings) -> str:
    return f"{f.author_domain} publishes no DMARC policy, so DMARC says nothing about this message."


def _dns_trouble(_: Findings) -> str:
    return (
        "DNS did not answer a question that the outcome depends on, so nobody can say pass or fail. "
        "A receiver usually asks the sender to try again later."
    )


def _no_author_domain(f: Findings) -> str:
    domains = f.message.author_domains if f.message is not None else ()
    seen = f"it names {', '.join(domains)}" if domains else "it names none"
    return f"DMARC needs exactly one domain in From, and here {seen}. So no policy can be applied."


def _stated_only(f: Findings) -> str:
    bounce = f.bounce
    if bounce is None:
        return "There is nothing to go on."
    whose = f" of {bounce.blamed_domain}" if bounce.blamed_domain else ""
    if bounce.blamed in ("dmarc", "alignment"):
        return (
            f"The receiver says that DMARC{whose} failed. So neither SPF nor DKIM passed for a domain "
            "aligned with From; which of them was missing can't be told from these words alone."
        )
    what = {"spf": "SPF", "dkim": "DKIM", "arc": "ARC"}.get(
        bounce.blamed or "", "the sender's authentication"
    )
    return f"The receiver says that {what}{whose} failed. Why can't be told from these words alone."


def _not_reproduced(f: Findings) -> str:
    blamed = f.bounce.blamed if f.bounce is not None else None
    said = f"The receiver blames {blamed}" if blamed else "A receiver refused it"
    good = next((i for i in f.identifiers if i.aligned and i.result == Result.PASS), None)
    if good is not None:
        return (
            f"{said}, yet here the message passes: {good.label} {good.domain} is aligned. The receiver saw "
            "something else: a changed copy, other DNS records at that time, or another sending server."
        )
    return (
        f"{said}, yet the headers that came back still carry a valid signature by {f.author_domain}. "
        "If it failed at the receiver, the body was changed on the way, or the key could not be fetched."
    )


def _undecided(f: Findings) -> str:
    could = [
        f"SPF for {i.domain}" if i.method == "spf" else f"the DKIM signature by {i.domain}"
        for i in f.identifiers
        if i.aligned is not False
    ]
    said = "The receiver says that nothing did. Which failed, and why," if f.bounce else "Whether any did"
    return (
        f"Could have passed for {f.author_domain}: {', '.join(could)}. "
        f"{said} can't be told from what is at hand."
    )


def _not_about_authentication(f: Findings) -> str:
    meaning = f.bounce.meaning if f.bounce is not None else ""
    return f"The refusal is not about SPF, DKIM or DMARC. {meaning}".strip()


def _not_a_message(_: Findings) -> str:
    return "There is no header and no refusal in it: nothing here can be read as mail."


_SENTENCES: dict[str, Callable[[Findings], str]] = {
    "passes": _passes,
    "authenticated_as_other": _authenticated_as_other,
    "nothing_authenticates": _nothing_authenticates,
    "spf_unauthorized": _spf_unauthorized,
    "spf_record_error": _spf_record_error,
    "forwarded": _forwarded,
    "signature_broken": _signature_broken,
    "signature_invalid": _signature_invalid,
    "key_missing": _key("there is no key at {place}"),
    "key_revoked": _key("the key at {place} was revoked (its p= is empty)"),
    "key_invalid": _key("the key record at {place} can't be used"),
    "strict_alignment": _strict_alignment,
    "no_policy": _no_policy,
    "dns_trouble": _dns_trouble,
    "no_author_domain": _no_author_domain,
    "not_reproduced": _not_reproduced,
    "stated_only": _stated_only,
    "undecided": _undecided,
    "not_about_authentication": _not_about_authentication,
    "not_a_message": _not_a_message,
}
