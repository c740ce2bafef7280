"""Which domain and which IP address a refusal names as the culprit.

All of it reads a reply in the normal form of ``helpers.bounce.blame``: lower case, single blanks.
"""

from __future__ import annotations

import re
from functools import cache

URL = re.compile(r"<?https?://[^\s>]*>?|www\.[^\s]*")
ADDRESS = re.compile(r"[^\s<>\"'(),;:@]{1,128}@[^\s<>\"'(),;:@]{1,255}")
_D = r"((?:[^\W_](?:[\w-]{0,62})\.){1,10}[^\W\d_][\w-]{1,62})"
DOMAIN_WORD = re.compile(_D)
_IPV4 = re.compile(r"(?<![\w.])((?:\d{1,3}\.){3}\d{1,3})(?!\.?\w)")
_IPV6 = re.compile(r"(?<![\w.:])([0-9a-f]{0,4}:[0-9a-f:]{1,40})(?![\w:]|\.\w)")

_LINKED_IP = re.compile(
    r"[;&?](?:ip|i=ip&v)=((?:\d{1,3}\.){3}\d{1,3}(?![\w.]\w)|[0-9a-f]{0,4}:[0-9a-f:]{1,40})"
)


def named_address(words: str) -> str | None:
    """The first IP address that is named outside of links."""
    plain = URL.sub(" ", words)
    if found := _IPV4.search(plain):
        return found.group(1)
    for found in _IPV6.finditer(plain):
        if found.group(1).count(":") >= 2:
            from ipaddress import IPv6Address

            try:
                IPv6Address(found.group(1))
            except ValueError:
                continue
            return found.group(1)
    return None


# Where the culprit stands, the surest first; compiled when they are first needed.
_DOMAINS = (
    r"unauthenticated e-?mail from @D",
    r"(?<![\w.-])@D's (?:dmarc|spf|dkim)",
    r"header\.from ?= ?<?@D",
    r"polic(?:y|ies) (?:for|of|by) (?:the )?(?:domain )?[<\[(\"']{0,2}@D",
    r"evaluation of domain [<\[(\"']{0,2}@D",
    r"(?:mail from|mailfrom|envelope[ -]from|sending|sender|sender's|from|of|for|due to) domain:? ?"
    r"[<\[(\"']{1,2}@D",
    r"(?:sending|sender|mail from|of|for|from) domain:? @D",
    r"(?<!\w)domain:? ?[<\[(\"']{0,2}@D",
    r"(?:send|sending|sender|mail|mails|e-?mail|e-?mails|messages?)(?: \w+){0,2} (?:from|for|as) "
    r"[<\[(\"']{0,2}(?:[^\s@<>]{1,64}@)?@D",
    r"spf \[?@D\]? with ip",
    r"spf \[@D",
    r"dmarc[: ]+@D policy",
    r"[\"'<\[(]@D[\"'>\])]'?s? policy",
    r"validating @D",
    r"(?<![\w.-])@D (?:does not|doesn't|do not|did not) "
    r"(?:allow|designate|permit|authori[sz]e|meet|pass)",
    r"(?:envelope-from|mailfrom|smtp\.mailfrom|sender)[=:] ?[\"'<]?(?:[^\s@<>]{0,64}@)?@D",
    r"(?:record|records|dmarc|spf) (?:for|of) [<\[(\"']{0,2}(?:[^\s@<>]{1,64}@)?@D",
    r"(?:domain of|domain for) (?:[^\s@<>]{0,64}@)?@D",
    r"<[^\s@<>]{1,64}@(?:@D)>: (?:sender address|reject|spf|dmarc|sender)",
    r"(?:header\.d|d|domain) ?= ?[\"'<]?@D",
    r"(?:domaine|dominio|dom\u00ednio|domeny|domein|dom\u00e4ne|\u0434\u043e\u043c\u0435\u043d\u0430) @D",
    r"(?:richtlinie|politique|pol[i\u00ed]tica|policy|beleid|polityki?|policies)(?: dmarc| spf| dkim)? "
    r"(?:von|de|di|da|do|van|av|af|f\u00fcr) (?:la |le |el |du |del |der )?@D",
    r"(?:dmarc|spf|dkim) (?:(?:policy|check|validation) )?(?:policy|check|rejects?|rejected|rejection|"
    r"fail|failed|fails|failure|violation|violated)(?: - |[:;] | ?\()(?:[\da-f.:]{3,45}(?: / |, | ))?@D",
    r"(?:dmarc|spf|dkim) (?:\w{1,20} ){0,2}for <?(?:[^\s@<>]{1,64}@)?@D",
    r"polic(?:y|ies)(?: is|:)? (?:reject|quarantine|none) \(@D",
    r"(?<![\w-])[\w-]{1,63}\._domainkey\.@D",
    r"(?:\u9001\u4fe1\u5143|\u57df\u540d|\u30c9\u30e1\u30a4\u30f3)[ :\uff1a\u300c]{0,2}@D",
    r"dkim signatures? (?:of|by|for|from) @D",
    r"no (?:valid |dkim )?signatures? (?:of|by|for|from) @D",
    r"(?<![\w.-])@D (?:has|publishes) (?:no|p=)",
    r"(?<!\w)sender <?(?:[^\s@<>]{1,64}@)?@D",
    r"(?:dkim|spf) ?= ?\[@D\]",
    r"(?<![\w@.-])@D (?:spf|dkim|dmarc)(?!\w)",
    r"(?:spf|dkim|dmarc) (?:soft)?fail\w{0,3} <?(?:[^\s@<>]{1,64}@)?@D",
    r"_dmarc\.@D",
    r"dmarc settings (?:of|for) @D",
    r"(?:authori[sz]ed|permitted|allowed|autoris\w{1,3}|autoriz\w{2,4}) (?:by|par|por|da) @D",
    r"(?:for|f\u00fcr|pour|para) [<\[(\"']{0,2}@D",
)
# The name in HELO, where the words are about that; in links and beside the word itself.
_HELO_NAMES = (
    r"[?;&](?:id|identity)=@D",
    r"<@D>: (?:helo|ehlo) command rejected",
    r"(?<![\w-])(?:helo|ehlo) ?= ?[\"'<]?@D",
    r"(?<![\w.])(?:helo|ehlo)(?:[ )/:-]{1,2}\w{1,20}){0,6}?[ :]{0,3}[<\[(\"']{0,2}@D",
    r"(?<![\w.@-])@D[>\])\"':]{0,2} (?:\(|as |in )?(?:the )?(?:helo|ehlo)",
)
_LINKED_DOMAIN = re.compile(r"[?;&](?:id|identity|sender)=[^\s@;&]{0,64}(?:@|%40)" + _D)


@cache
def _domain_pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace("@D", _D))


def blamed_domain(words: str) -> str | None:
    """The domain that the reply names as the culprit; links count only where they carry the sender."""
    plain = URL.sub(" ", words)
    for pattern in _DOMAINS:
        if found := _domain_pattern(pattern).search(plain):
            return _as_a_label(found.group(1).strip("-_"))
    linked = _LINKED_DOMAIN.search(words)
    return _as_a_label(linked.group(1)) if linked else None


def helo_name(words: str) -> str | None:
    """The name in HELO that the reply names as the culprit, where it is about that."""
    for pattern in _HELO_NAMES:
        if found := _domain_pattern(pattern).search(words):
            return _as_a_label(found.group(1).strip("-_"))
    return None


def _as_a_label(domain: str) -> str | None:
    if domain.isascii():
        return domain
    from helpers.lookup import a_label

    return a_label(domain)


def linked_address(words: str) -> str | None:
    """openspf.org links carry the address: ``Why?s=mfrom;id=…;ip=192.0.2.1``."""
    found = _LINKED_IP.search(words)
    return found.group(1) if found else None
