"""Candidates about DKIM: repair or publish the key that a signature names, sign for the author domain.

Each takes a trial and gives the changed one, or None where there is nothing for it to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from helpers.diagnosis import Cause, default_signer
from helpers.dkim import parse_key, verify_dkim, with_crlf
from helpers.fixes.changes import registered
from helpers.fixes.results import Who
from helpers.fixes.trial import KEY_SHOWN, Case, Trial, free_name, key_record
from helpers.lookup import a_label
from helpers.message import Message, read_message
from helpers.terms import DkimCheck, KeyState, Result

SELECTORS = ("s1", "s2", "s3", "s4")  # tried in order for one that is free; the service shows its own
COMMON_SELECTORS = (
    "default",
    "selector1",
    "s1",
    "k1",
    "mail",
    "dkim",
    "google",
)  # where a key may stand instead
MAX_KEY_TEXT = 8_192  # ours: characters of a key record that are worth mending
NAMED = "s1"  # of a stand-in signature by somebody else

STAND_IN_KEY = "A key made on the spot stands for the one that the service will show."
NO_BODY = "Only the header came back: the proof signed it with an empty body."

_FAULTY = (KeyState.MISSING, KeyState.REVOKED, KeyState.INVALID)


def _own_faulty(trial: Trial) -> Iterator[DkimCheck]:
    """Signatures that could align if their key were in order."""
    for check in trial.case.dkim:
        named = check.domain and check.selector and trial.author
        if (
            named
            and check.key_state in _FAULTY
            and registered(named_domain(check)) == registered(trial.author)
        ):
            yield check


def named_domain(check: DkimCheck) -> str:
    """d= of a signature."""
    return check.domain or ""


def key_name(check: DkimCheck) -> str:
    """Where the key of a signature is (RFC 6376 §3.6.2.1)."""
    return f"{check.selector}._domainkey.{check.domain}"


def _verifies(trial: Trial, name: str, record: str, check: DkimCheck) -> bool:
    """Does the signature that came with the message fit this key?"""
    dns = trial.with_record(name, "TXT", record).dns
    case = trial.case
    checks = verify_dkim(trial.message, dns=dns, now=case.now, body_returned=case.body_returned)
    return any(c.header_index == check.header_index and c.result == Result.PASS for c in checks)


# ------------------------------------------------------------------- repairs


def mend_key(trial: Trial) -> Trial | None:
    """A key record that can't be read, or must not be used, as it was meant. The old signature proves it."""
    for check in _own_faulty(trial):
        values = trial.values(key_name(check), "TXT") or ()
        home = trial.home(key_name(check), "TXT")
        for record in _mended_keys(values):
            if record not in values and _verifies(trial, home, record, check):
                title = f"Mend the key record at {key_name(check)}"
                changed = trial.with_record(home, "TXT", record)
                return changed.noting(title=title, who=(_publisher(trial, home),))
    return None


def _mended_keys(values: tuple[str, ...]) -> Iterator[str]:
    """What damaged key records may have meant, one after the other."""
    if not values or sum(map(len, values)) > MAX_KEY_TEXT:
        return
    texts = list(values)
    if len(values) > 1:  # a panel that made a record of each piece
        whole = [value for value in values if "p=" in value]
        rest = [value for value in values if "p=" not in value]
        texts += ["".join((*whole[:1], *rest)), "".join(values)]
    escaped = r"\\[0-9]{3}|\\[nrt]"  # what a backslash begins, or only the backslash itself
    for text in [version for one in texts for version in (one, re.sub(escaped, "", one))]:
        cleaned = _cleaned(text)
        if cleaned is not None:
            yield cleaned
            public = cleaned.partition("p=")[2]
            for kind in ("rsa", "ed25519"):
                yield f"v=DKIM1; k={kind}; p={public}"


def _cleaned(text: str) -> str | None:
    """A key record without quotes, blanks, backslashes and PEM lines in it."""
    text = re.sub(r"-----(?:BEGIN|END)[^-]*-----", "", text)
    text = re.sub("[\"'\\\\`\u201c\u201d\u2018\u2019]", "", text)
    match = re.search(r"(?:^|[;\s,])p\s*=(.*)", text, re.DOTALL | re.IGNORECASE)
    if match is None:
        return None
    value = match.group(1).partition(";")[0]
    public = re.sub(r"[^A-Za-z0-9+/]", "", value)
    if not public:
        return None
    kind = re.search(r"(?:^|[;\s,])k\s*=\s*(rsa|ed25519)\b", text, re.IGNORECASE)
    padded = public + "=" * (-len(public) % 4)
    return f"v=DKIM1; k={kind.group(1).lower() if kind else 'rsa'}; p={padded}"


def key_elsewhere(trial: Trial) -> Trial | None:
    """The key is in DNS, under another selector. The old signature proves that it is the one."""
    for check in _own_faulty(trial):
        if check.key_state is not KeyState.MISSING:
            continue
        for place in _other_places(trial, check):
            for record in trial.values(place, "TXT") or ():
                if parse_key(record).problem is None and _verifies(trial, key_name(check), record, check):
                    return _copied(trial, check, record, place)
    return None


def _other_places(trial: Trial, check: DkimCheck) -> Iterator[str]:
    """Where a key lands by mistake, or stands for another selector."""
    name, domain = key_name(check), named_domain(check)
    yield f"{name}.{registered(domain)}"  # the DNS panel appended the domain
    yield f"{check.selector}.domainkey.{domain}"
    yield f"{check.selector}.{domain}"
    named = [c.selector for c in trial.case.dkim if c.selector]
    for selector in dict.fromkeys((*named, *COMMON_SELECTORS)):
        if selector != check.selector:
            yield f"{selector}._domainkey.{domain}"


def _copied(trial: Trial, check: DkimCheck, record: str, place: str) -> Trial:
    home = trial.home(key_name(check), "TXT")
    other = f"Or have the service sign with s={place.partition('.')[0]}, where the key is already."
    if place.startswith(f"{check.selector}."):
        other = f"Remove the record at {place}: no receiver looks there."
    title = f"Publish the key that is at {place} where the signature looks for it"
    changed = trial.with_record(home, "TXT", record)
    return changed.noting(title=title, who=(_publisher(trial, home),), other=(other,))


def publish_key(trial: Trial) -> Trial | None:
    """A key where the signature looks for it. Its private half is the signer's, so the proof signs anew."""
    for check in _own_faulty(trial):
        if check.body_hash_ok is False:  # more than the key is wrong, and signing anew would hide it
            continue
        domain, selector, place = named_domain(check), check.selector or "", check.header_index
        if place is None or a_label(selector) is None or a_label(key_name(check)) is None:
            continue
        home = trial.home(key_name(check), "TXT")
        values = trial.values(home, "TXT") or ()
        if len(values) > 1:
            continue
        unsigned = read_message(without_header(trial.message, place))
        signed = trial.case.sign(unsigned, domain, selector)
        changed = replace(trial, message=signed).with_record(home, "TXT", key_record(), shown=KEY_SHOWN)
        other = [f"The signing side has to use the private half of this very key, with s={selector}."]
        if check.key_state is KeyState.REVOKED:
            other.insert(0, "Make a new key pair: one that was revoked must not come back.")
        return changed.noting(
            title=f"Publish a key at {key_name(check)}, where the signature looks for it",
            who=(_publisher(trial, home), Who.SERVICE),
            other=tuple(other),
            assumed=(STAND_IN_KEY, *_no_body(trial.case)),
        )
    return None


def _publisher(trial: Trial, name: str) -> Who:
    """Who publishes at a name: the owner, or the service to whose name a CNAME leads."""
    return Who.OWNER if registered(name) == registered(trial.author) else Who.SERVICE


def _no_body(case: Case) -> tuple[str, ...]:
    missing = not case.message.has_body or (case.bounce is not None and not case.body_returned)
    return (NO_BODY,) if missing else ()


def without_header(message: Message, index: int) -> bytes:
    """The message without one of its fields."""
    kept = [with_crlf(header.raw) for place, header in enumerate(message.headers) if place != index]
    return (
        b"".join(line if line.endswith(b"\r\n") else line + b"\r\n" for line in kept)
        + b"\r\n"
        + with_crlf(message.body)
    )


# -------------------------------------------------------------------- signing


def sign_for_author(trial: Trial) -> Trial | None:
    """Somebody who sends the mail signs with d= of the author domain, and its key is in DNS."""
    if not trial.author:
        return None
    found = free_name(trial, SELECTORS, f"_domainkey.{trial.author}")
    if found is None:
        return None
    selector, name = found
    changed = replace(trial, message=_signed_on_its_way(trial, selector))
    changed = changed.with_record(name, "TXT", key_record(), shown=KEY_SHOWN)
    other = [
        f"Have the service that sends the mail sign it with d={trial.author} (often called domain "
        "authentication); it shows the selector and the key, sometimes as a CNAME record."
    ]
    services = dict.fromkeys(default_signer(check.domain or "") for check in trial.case.dkim)
    other += [_SWITCHED_ON[service] for service in services if service]
    if _relay(trial) in GMAIL:
        other.append("smtp.gmail.com does not do that: the mail has to leave through another service.")
    if trial.case.cause is Cause.SIGNATURE_BROKEN and not trial.case.mediated:
        other.append("Footers, disclaimers and scanners have to do their work before the signing.")
    return changed.noting(
        title=f"Have the sending service sign with d={trial.author}",
        who=(Who.OWNER, Who.SERVICE),
        other=tuple(other),
        assumed=(STAND_IN_KEY, *_no_body(trial.case)),
    )


_SWITCHED_ON = {
    "Google Workspace": (
        "This message came from Google Workspace: in its Admin console, Apps, Google Workspace, Gmail, "
        "Authenticate email makes the record; once it is in DNS, Start authentication turns it on."
    ),
    "Microsoft 365": (
        "This message came from Microsoft 365: in its Defender portal, Email authentication settings, DKIM "
        "shows two CNAME records for the domain; once they are in DNS, turn signing on there."
    ),
}
GMAIL = frozenset({"gmail.com", "googlemail.com"})


def _relay(trial: Trial) -> str:
    """The domain in MAIL FROM as the message came."""
    return (trial.case.envelope.mail_from or "").rpartition("@")[2].lower()


def _signed_on_its_way(trial: Trial, selector: str) -> Message:
    """The message as it arrives: where a list changes what it passes on, it does so after the signing."""
    case, message = trial.case, trial.message
    if case.cause is not Cause.SIGNATURE_BROKEN or not case.mediated:
        return case.sign(message, trial.author, selector)
    body_changed = any(check.body_hash_ok is False for check in case.dkim)
    before = read_message(_before_the_change(message, body_changed))
    signature = case.sign(before, trial.author, selector).headers[0].raw
    return read_message(signature + joined_raw(message))


def _before_the_change(message: Message, body_changed: bool) -> bytes:
    """A message that differs where the list's change is: nobody here knows what it was."""
    if body_changed:
        return joined_raw(message) + b"(what was there before)\r\n"
    raw = [with_crlf(header.raw) for header in message.headers]
    changed = [
        b"Subject: (what was there before)\r\n" if one[:8].lower() == b"subject:" else one for one in raw
    ]
    return b"".join(changed) + b"\r\n" + with_crlf(message.body)


def joined_raw(message: Message) -> bytes:
    """The message's fields and body, with CRLF."""
    return without_header(message, -1)


def sign_for_other(trial: Trial, domain: str) -> Trial:
    """A signature by somebody else, who signs what he sends: his key stands in, at his own name."""
    message = trial.case.sign(trial.message, domain, NAMED)
    name = f"{NAMED}._domainkey.{domain}"
    changed = replace(trial, message=message).with_record(name, "TXT", key_record(), foreign=True)
    return changed.noting(assumed=(f"{domain} signs the changed message as it signed this one.",))


def key_only(trial: Trial) -> Trial | None:
    """A key for the author domain in DNS, and nobody who signs with it."""
    if not trial.author or not trial.case.unsigned:
        return None
    found = free_name(trial, SELECTORS, f"_domainkey.{trial.author}")
    if found is None:
        return None
    shown = "v=DKIM1; k=rsa; p=<a key that nobody signs with>"
    title = f"Publish a DKIM key for {trial.author}, and change nothing else"
    return trial.with_record(found[1], "TXT", key_record(), shown=shown).noting(title=title, who=(Who.OWNER,))
