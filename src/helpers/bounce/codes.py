"""What a reply code or an enhanced status code means, in words (RFC 5321 §4.2, RFC 3463, RFC 7372 …)."""

from __future__ import annotations

# RFC 3463 §3.2 to §3.8, RFC 4954, RFC 7372, RFC 7505, RFC 8689; class left out.
_DETAILS: dict[str, str] = {
    "1.0": "something is wrong with an address",
    "1.1": "there is no such mailbox at the receiver",
    "1.2": "the recipient's domain does not exist or takes no mail",
    "1.3": "the recipient address is not written correctly",
    "1.4": "the recipient address fits more than one mailbox",
    "1.6": "the mailbox has moved and no new address is known",
    "1.7": "the sender address is not written correctly",
    "1.8": "the sender address's domain does not exist or can't be answered",
    "1.9": "the message was passed on to a system that sends no further reports",
    "1.10": "the recipient's domain says that it takes no mail (null MX)",
    "2.0": "something is wrong with the mailbox",
    "2.1": "the mailbox is disabled or takes no messages at the moment",
    "2.2": "the mailbox is full",
    "2.3": "the message is longer than the mailbox takes",
    "2.4": "a mailing list could not be expanded",
    "3.0": "the receiving mail system has a problem",
    "3.1": "the receiving mail system is full",
    "3.2": "the receiving mail system takes no messages at the moment",
    "3.3": "the receiving mail system lacks a feature that the message needs",
    "3.4": "the message is larger than the receiving system takes",
    "3.5": "the receiving mail system is set up wrongly",
    "4.0": "something is wrong on the network or with routing",
    "4.1": "the receiving server did not answer",
    "4.2": "the connection to the receiving server broke off",
    "4.3": "a directory needed for routing did not answer",
    "4.4": "no way to the recipient's domain was found",
    "4.5": "a mail system is overloaded",
    "4.6": "the message went round in a loop",
    "4.7": "the message could not be delivered in the time allowed",
    "5.0": "the two servers disagreed in the SMTP dialogue",
    "5.1": "a command came at the wrong place in the SMTP dialogue",
    "5.2": "a command was not written correctly",
    "5.3": "there were too many recipients",
    "5.4": "a command had wrong arguments",
    "5.5": "the servers use different versions of the protocol",
    "6.0": "something is wrong with the message's content or format",
    "6.1": "the receiver does not take this kind of content",
    "6.2": "the content would have to be converted and may not be",
    "6.3": "the content would have to be converted and can't be",
    "6.4": "the content was converted and lost something",
    "6.5": "the content could not be converted",
    "6.7": "a non-ASCII address is not permitted for this message",
    "6.9": "the message would have to be in UTF-8",
    "7.0": "the receiver refused for a reason of security or policy",
    "7.1": "the receiver refused the message for a policy of its own",
    "7.2": "this sender may not send to this mailing list",
    "7.3": "the message would have to be converted for security and can't be",
    "7.4": "a security feature that the message needs is missing",
    "7.5": "a cryptographic check of the message could not be made",
    "7.6": "the encryption used is not supported",
    "7.7": "the message was changed on the way",
    "7.8": "the login (SMTP AUTH) was refused",
    "7.9": "the login method is too weak, or (at Yahoo) the sender is not authenticated",
    "7.10": "the connection has to be encrypted",
    "7.11": "the login method needs encryption",
    "7.13": "the user account is disabled",
    "7.14": "a trust relationship is missing",
    "7.15": "the priority asked for is too low",
    "7.16": "the message is too big for the priority asked for",
    "7.17": "the mailbox has changed hands since the sender last knew it",
    "7.18": "the domain has changed hands since the sender last knew it",
    "7.20": "no DKIM signature passed",
    "7.21": "no DKIM signature was acceptable",
    "7.22": "no DKIM signature belongs to the author's domain",
    "7.23": "SPF failed",
    "7.24": "SPF could not be evaluated: there is something wrong with the record or with DNS",
    "7.25": "the sending server's IP address has no fitting reverse DNS (PTR) entry",
    "7.26": "several authentication checks failed",
    "7.27": "the sender's domain says that it takes no mail (null MX)",
    "7.28": "too much mail came from this sender",
    "7.29": "the ARC chain of custody did not verify",
    "7.30": "the message asks for TLS on the whole way (REQUIRETLS), and that can't be promised",
    "7.509": "the From domain does not pass DMARC and asks to reject",
    "7.515": "the From domain does not meet Microsoft's authentication level for big senders",
    "7.606": "the sending server's IP address is blocked at Microsoft",
}
_SUBJECTS = {
    "0": "no further detail is given",
    "1": "something is wrong with an address",
    "2": "something is wrong with the mailbox",
    "3": "the receiving mail system has a problem",
    "4": "something is wrong on the network or with routing",
    "5": "the two servers disagreed in the SMTP dialogue",
    "6": "something is wrong with the message's content or format",
    "7": "the receiver refused for a reason of security or policy",
}
_CODES = {
    421: "the receiving server broke off the conversation for now",
    450: "the mailbox can't be reached at the moment",
    451: "the receiving server had a problem of its own, or asks to try later",
    452: "the receiving server is out of space, or there were too many recipients",
    500: "a command was not understood",
    501: "a command had wrong arguments",
    502: "a command is not supported",
    503: "commands came in the wrong order",
    530: "a login is required",
    535: "the login was refused",
    550: "the mailbox does not exist, or the receiver refuses mail for it",
    551: "the user is not local to that server",
    552: "the mailbox is full or the message too large",
    553: "an address is not allowed or not written correctly",
    554: "the receiver refused the whole transaction",
    571: "the receiver refused the message for a policy of its own",
}
_CLASSES = {"2": "Delivered", "4": "A temporary failure", "5": "A permanent failure"}


def code_meaning(enhanced: str | None, code: int | None = None) -> str:
    """What an enhanced status code, or else a reply code, means: one sentence, "" when neither is known.

    ``enhanced`` is like "5.7.26" (RFC 3463), ``code`` like 550 (RFC 5321 §4.2). Codes that some
    receivers use in a way of their own (5.7.26 to 5.7.30 at Gmail) are given in the registry's sense.
    """
    klass, _, rest = (enhanced or "").partition(".")
    subject = rest.partition(".")[0]
    if klass in _CLASSES and subject in _SUBJECTS:
        if klass == "2":
            return "The message was accepted or delivered."
        detail = _DETAILS.get(rest)
        if detail is None or (rest.endswith(".0") and subject in {"0", "5"} and code in _CODES):
            detail = _CODES[code] if subject == "0" and code in _CODES else _SUBJECTS[subject]
        return f"{_CLASSES[klass]}: {detail}."
    if code is None or not 200 <= code < 600:
        return ""
    if code < 400:
        return "The message was accepted or delivered."
    general = "the receiver refused the message" if code >= 500 else "the receiver asks to try later"
    return f"{_CLASSES[str(code)[0]]}: {_CODES.get(code, general)}."
