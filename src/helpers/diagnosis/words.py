"""The sentences of a diagnosis: the cause, said so that a layman understands. No decisions here."""

from __future__ import annotations

from collections.abc import Callable

from helpers.diagnosis import helo, unsure
from helpers.diagnosis.asked import what_is_asked
from helpers.diagnosis.evidence import Findings, Identifier, may_be_signed
from helpers.diagnosis.missing import signed_late
from helpers.diagnosis.srs import rewritten_sender
from helpers.terms import DkimCheck, KeyState, Result


def summary_of(cause: str, findings: Findings) -> str:
    """The cause in two or three sentences, then what the policy asks receivers to do."""
    if (about_helo := helo.sentence(cause, findings)) is not None:
        return about_helo
    said = _SENTENCES[cause](findings)
    return f"{said}{what_is_asked(findings.dmarc)}" if _fails(cause, findings) else said


# Causes that do not say that the message failed DMARC here.
_NO_FAILURE = frozenset({"passes", "not_about_authentication", "not_reproduced", "no_policy", "stated_only"})


def _fails(cause: str, findings: Findings) -> bool:
    """Whether the message did not pass: the kit found so, or the receiver says it."""
    return cause not in _NO_FAILURE and (cause != "undecided" or findings.bounce is not None)


# ---------------------------------------------------------- one for each cause


def _passes(f: Findings) -> str:
    return f"An aligned identifier passes for {f.author_domain}: DMARC has nothing to object to."


def _authenticated_as_other(f: Findings) -> str:
    parts = [_spoke_for(identifier) for identifier in f.identifiers]
    also = "also " if any(i.method == "dkim" for i in f.identifiers) else ""
    here = " among the header lines at hand" if may_be_signed(f) else ""
    parts.append(f"there is {also}no DKIM signature by {f.author_domain}{here}")
    said = (
        f"Authenticated as somebody else: {', '.join(parts)}, so nothing aligns with From: {f.author_domain}."
    )
    if may_be_signed(f):
        source = "look at the message in your Sent folder" if f.bounce else "give the whole source to be sure"
        said += (
            f" But these are only some lines of the header, and the others may hold a signature: {source}."
        )
    return said


def _spoke_for(identifier: Identifier) -> str:
    name = "SPF" if identifier.method == "spf" else "DKIM"
    if identifier.result == Result.PASS:
        return f"{name} passed for {identifier.domain}"
    if identifier.result is None:
        return f"{name} could only ever speak for {identifier.domain}"
    return f"{name} ended in {identifier.result} for {identifier.domain}"


def _nothing_authenticates(f: Findings) -> str:
    spf = f.spf
    said = f"SPF ended in {spf.result} for {spf.domain}" if spf else "SPF has nothing to say"
    signed = "there is no DKIM signature" if f.unsigned else "no DKIM signature verified"
    return f"Nothing vouches for this message as mail from {f.author_domain}: {said}, and {signed}."


def _spf_unauthorized(f: Findings) -> str:
    spf = f.spf
    if spf is not None and spf.result is None:
        return (
            f"{_deduced(f, spf)} So the server that handed the message over is not one that the SPF record "
            f"of {spf.domain} lists, or that record is missing or broken."
        )
    where = f" from {f.envelope.client_ip}" if f.envelope.client_ip else ""
    if spf is not None and spf.label == "HELO":
        where = f" with an empty MAIL FROM, for which HELO stands in,{where}"
    if spf is not None and (good := _passing_signature(f)):
        return (
            f"The message came{where}, a server that the SPF record of {spf.domain} does not list "
            f"({spf.result}). The signature by {good} does pass, but the receiver refused for SPF itself."
        )
    rest = "there is no DKIM signature" if f.unsigned else f"no DKIM signature by {f.author_domain} verified"
    listed = f"the SPF record of {spf.domain} does not list ({spf.result})" if spf else "no SPF record lists"
    return (
        f"The message came{where}, a server that {listed}, and {rest}. "
        "To a receiver this looks exactly like a forgery."
    )


def _passing_signature(f: Findings) -> str | None:
    return next((i.domain for i in f.identifiers if i.method == "dkim" and i.result == Result.PASS), None)


def _deduced(f: Findings, spf: Identifier) -> str:
    """Why SPF must have failed although nobody here saw its result."""
    if f.bounce is not None and f.bounce.blamed == "spf":
        if f.envelope.mail_from == "":
            return (
                "The receiver says that SPF failed; MAIL FROM is empty, so it asks about HELO, here "
                f"{spf.domain}."
            )
        return f"The receiver says that SPF failed; it asks about MAIL FROM, here {spf.domain}."
    if signed_late(f.message, f.bounce):
        return (
            f"The copy that came back has no DKIM signature, so SPF for {spf.domain} should have passed, and "
            "the receiver says that nothing did."
        )
    if not f.unsigned:
        return (
            f"No signature here can align with {f.author_domain}, so only SPF for {spf.domain} could have "
            "passed for it, and the receiver says that nothing did."
        )
    return (
        f"There is no DKIM signature, so only SPF for {spf.domain} could have passed, and the receiver "
        "says that nothing did."
    )


def _spf_record_error(f: Findings) -> str:
    spf = f.spf
    if spf is not None and spf.result is None and f.broken_spf is not None:
        return (
            f"{_deduced(f, spf)} And the SPF record of {spf.domain} can't be evaluated: {f.broken_spf.reason}"
        )
    why = spf.check.reason if spf and spf.check else "it ended in permerror."
    return f"The SPF record that should authorize the server can't be evaluated: {why} Nothing else aligns."


def _forwarded(f: Findings) -> str:
    spf = f.spf
    if spf is not None and rewritten_sender(f) is not None:
        rest = "there was no DKIM signature" if f.unsigned else "no DKIM signature"
        return (
            "The message was forwarded, and the forwarder put an address of its own into MAIL FROM (SRS). So "
            f"SPF can only speak for {spf.domain}, and {rest} of {f.author_domain} "
            f"{'to survive' if f.unsigned else 'survived'} the trip."
        )
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
    listed = f.message.get("List-Id") if f.message is not None else None
    if listed is not None and listed.value:
        name = listed.decoded[:100].strip("<> ")
        return (
            f"The message came through a mailing list ({name}), and the signature of {check.domain} does not "
            "fit any more: lists put a tag into the subject or a footer under the text, and that breaks it"
            f"{_copied(f)}. Nothing else aligns."
        )
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
    spf = f.spf
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
        said = fault.format(place=place)
        if check and check.key_state is KeyState.INVALID and place in check.reason:
            said = f"{check.reason[:1].lower()}{check.reason[1:].rstrip('.')}"
        return (
            f"The message is signed, but {said}. So the signature can't be checked, and nothing else aligns."
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
    if f.policy_gap is not None:
        return f"No DMARC policy of {f.author_domain} applies: {f.policy_gap.sentence}."
    if f.bounce is not None:
        return (
            f"The receiver asks for a DMARC record of {f.author_domain} and saw none"
            f"{', and there is none' if f.dmarc is not None else ''}. A record that asks for nothing "
            "(p=none) is enough for that."
        )
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
    "not_reproduced": unsure.not_reproduced,
    "stated_only": unsure.stated_only,
    "undecided": unsure.undecided,
    "not_about_authentication": unsure.not_about_authentication,
    "not_a_message": unsure.not_a_message,
}
