"""From the receiver's words to what they blame: the table of phrases, words in general, codes last.

Codes come last because 5.7.26, 27, 29, 30 and 5.7.9 mean different things at different receivers.
Everything here reads one reply, cut to ``MAX_REPLY`` characters, in linear time.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from helpers.bounce.culprit import (
    ADDRESS,
    DOMAIN_WORD,
    URL,
    blamed_domain,
    helo_name,
    linked_address,
    named_address,
)
from helpers.bounce.identity import identity_in, told_of_helo
from helpers.bounce.meanings import MEANINGS, meaning_in, only_failure
from helpers.bounce.phrases import (
    EXACT,
    LOOK_ALIKES,
    NO_AUTH,
    OTHER,
    OTHERWISE,
    SPF_FAIL,
    TRIGGERS,
    Phrase,
)
from helpers.terms import Basis, Blamed, SpfIdentity

MAX_REPLY = 4_000  # a reply line has at most 512 octets (RFC 5321 §4.5.3.1.5); some write seven of them


class Blame(NamedTuple):
    """What one reply says. ``blamed`` None: not about authentication."""

    blamed: Blamed | None
    basis: Basis | None = None
    clue: str = ""
    meaning: str = ""
    receiver: str = ""  # who is known to write these words, "" when many do
    domain: str | None = None
    ip: str | None = None
    identity: SpfIdentity | None = None  # of SPF, where the words say which


NOTHING = Blame(None)

_TYPOGRAPHIC = str.maketrans(
    {"\u2019": "'", "\u2018": "'", "`": "'", "\u00b4": "'", "\u201c": '"', "\u201d": '"'}
)
_REPEATED_CODE = re.compile(r"([245](?<![\w.].)\d\d)-(?:([245]\.\d{1,3}\.\d{1,3})[ :]?)?")


def normal_words(text: str) -> str:
    """A reply in the form that the table is written in: lower case, single blanks, no repeated codes."""
    text = text[:MAX_REPLY].translate(_TYPOGRAPHIC)
    if found := _REPEATED_CODE.search(text):
        code, enhanced = found.groups()
        again = re.escape(code) + r"[- ]\s*" + (re.escape(enhanced) + r"[ :]?" if enhanced else "")
        text = re.sub(rf"(?<![\w.]){again}|(?<![\w.]){code}-", " ", text)
    return " ".join(text.lower().split())


# ------------------------------------------------------------ words in general

_METHOD_WORDS = (
    "dmarc",
    "spf",
    "dkim",
    "domainkeys",
    "sender policy",
    "sender id",
    "sender-id",
    "senderid",
    "arc",
)
_METHOD = re.compile(
    r"(?<![a-z0-9_./@-])(?:(?P<dmarc>dmarc)|(?P<spf>spf|sender policy framework)|(?P<dkim>dkim|domainkeys)|"
    r"(?P<senderid>sender[- ]?id(?= ?\(| check| fail| valid| auth))|"
    r"(?P<arc>arc(?=[ -](?:valid|chain|seal|auth|sign|set|result|check|fail))))"
    r"(?![a-z0-9_]|\.[a-z0-9_]|-signature)"
)
_NEGATED = (
    r"(?:pass|accept|allow|authori[sz]|permit|valid|verif|comply|match|align|met|meet|found|sign|exist)"
)
_FAILED = re.compile(
    r"fail|reject|refus|den(?:y|ied)|declin|prohibit|disallow|violat|invalid|unauth|block|bad|missing|lack|"
    r"broken|polic|error|mismatch|forg|spoof|suspicious|require|mandatory|none|without|quarantine|protect|"
    r"unable to|could not|cannot|no valid|not (?:in|list)|"
    rf"not {_NEGATED}|n't {_NEGATED}|no (?:\w+ )?record|"
    r"fehlgeschlagen|abgelehnt|echou|\u00e9chou|echec|\u00e9chec|rechaz|fall[o\u00f3]|"  # European languages
    r"verbiet|zur\u00fcckgewiesen|verweiger|rejet|rejei|rifiut|respint|geweigerd|odrzuc|zamietnut|avvis|afvist|hyl\u00e4t|reddedil|"
    r"no (?:ha )?pas[a\u00f3]|n[a\u00e3]o pass|n'a pas pass|nicht bestanden|"
    r"\u043e\u0442\u043a\u043b\u043e\u043d|\u043e\u0442\u0432\u0435\u0440\u0433|"  # Russian
    r"\uac70\ubd80|"  # Korean: refused
    r"\u62d2|\u5931\u8d25|\u5931\u6557|\u8bb8\u53ef"  # Chinese, Japanese: refuse, fail, permission
)
_PASSED = re.compile(
    r"(?<!nor )(?:dmarc|spf|dkim|arc)[\s:=(\]\"']{1,4}(?:(?:check|result|status|is|was|has)[\s:=]{1,2}){0,2}"
    r"(?:pass|passed|ok|success|fine|valid|neutral)\b|(?<!not )\bpassed (?:the )?(?:dmarc|spf|dkim|arc)\b"
)
_RESULT = re.compile(
    r"(?<!\w)(dmarc|spf|dkim|arc)[\s\"']{0,2}[:=][\s\"']{0,2}(?:did )?"
    r"(?:fail|softfail|permerror|temperror|not pass|reject|quarantine)"
)
_SENTENCE = re.compile(r"[.;!?](?=\s|$)|\s--?\s|\|")
_ALIGNED = re.compile(r"\b(?:un|mis|non-?)?align")
_EITHER = re.compile(r"\b(?:either|both|neither|nor|or|and)\b|/|&|,")
_MESSAGE_AUTH = re.compile(
    r"(?:message|mail|sender|sending|domain|from|header).{0,60}"
    r"(?:authentication (?:check|fail|requirement|level|information|polic)|"
    r"not authenticated|unauthenticated|(?:fail|not pass).{0,20}authentication)"
    r"|unauthenticated (?:e-?mail|mail|message)"
    r"|(?:sender|domain|message|mail) authentication (?:has |was |is )?(?:fail|required|not)"
    r"|\u9001\u4fe1\u30c9\u30e1\u30a4\u30f3\u8a8d\u8a3c"  # Japanese for SPF, DKIM and DMARC together
)
_NOT_ALLOWED = re.compile(
    r"not (?:allowed|permitted|authori[sz]ed|a permitted)"
    r"[^.]{0,30}(?:send|sender)[^.@]{0,40}(?:from|for|of|as)\b"
)
_UNRELATED = re.compile(r"not rfc 5322|duplicate|smtp auth|log ?in|password|credential|\btls\b|\bssl\b")
_ADVICE = re.compile(
    r"be sure|make sure|ensure|please (?:check|verify|review|see)|recommend|consider|set ?up|learn|"
    r"to avoid|to prevent|should"
)
_LOGIN_REPLY = re.compile(r"5(?:30|34|35|38)[ -]|[45]\d\d[ -][45]\.7\.(?:8|11|13|57) ")  # RFC 4954 §4, §6


def _general(plain: str) -> tuple[Blamed, Basis, str] | None:
    """Rules over words for replies that no row of the table knows; ``plain``: without links."""
    named: dict[str, bool] = {}  # method -> does its sentence say that something failed?
    clue = ""
    for sentence in _SENTENCE.split(plain)[:60]:
        methods = {m.lastgroup or "" for m in _METHOD.finditer(sentence)}
        if not methods or _UNRELATED.search(sentence):
            continue
        if _PASSED.search(sentence):
            methods = {m.group(1) for m in _RESULT.finditer(sentence)}
        advice = _ADVICE.search(sentence)
        failed = _FAILED.search(sentence, 0, advice.start() if advice else len(sentence)) is not None
        if advice and not failed:
            continue
        for method in methods:
            named[method] = named.get(method, False) or failed
        if methods and not clue:
            clue = sentence.strip()
    if not named:
        return None
    certain = any(named.values())
    if certain:
        named = {method: True for method, failed in named.items() if failed}
    basis = Basis.STATED if certain else Basis.INFERRED
    return _which(named, plain), basis, _short(clue)


def _which(named: dict[str, bool], words: str) -> Blamed:
    """Several methods are named: which one do the words mean?"""
    if _ALIGNED.search(words) and ("dmarc" not in named or "dmarc align" in words):
        return Blamed.ALIGNMENT
    if "dmarc" in named:
        return Blamed.DMARC
    if "spf" in named and "dkim" in named and _EITHER.search(words):
        return Blamed.AUTHENTICATION
    for method in ("spf", "dkim", "arc"):
        if method in named:
            return Blamed(method)
    return Blamed.AUTHENTICATION  # Sender ID


def _short(clue: str) -> str:
    return clue if len(clue) <= 100 else clue[:97] + "\u2026"


def _by_words(words: str) -> Blame | None:
    """The table, the look-alikes, then words in general."""
    if any(word in words for word in TRIGGERS):
        for row in EXACT:
            if row.words[0] in words and all(word in words for word in row.words[1:]):
                return _by_row(row, words)
    if found_french := _FRENCH.search(words):
        return _by_french_code(found_french)
    found = _otherwise(OTHERWISE, words) or _by_named_method(words)
    if found is not None:
        return found
    if "authenti" in words or "\u8a8d\u8a3c" in words:
        found_auth = _MESSAGE_AUTH.search(words)
        if found_auth and not _UNRELATED.search(words) and not _LOGIN_REPLY.match(words):
            return Blame(Blamed.AUTHENTICATION, Basis.STATED, _short(found_auth.group()), NO_AUTH)
    refused = _NOT_ALLOWED.search(words) if "not " in words and "send" in words else None
    if refused and named_address(words) and DOMAIN_WORD.search(words, refused.end()):
        return Blame(Blamed.SPF, Basis.INFERRED, _short(refused.group()), SPF_FAIL)
    return None


def _by_row(row: Phrase, words: str) -> Blame:
    """A row of the table that fits; where the words list results and one failed, that one is blamed."""
    receiver = "" if row.receiver.startswith("any") else row.receiver
    clue = " \u2026 ".join(row.words)
    failed = only_failure(words) if row.blamed == Blamed.AUTHENTICATION else None
    if failed is not None:
        method, listed = failed
        return Blame(method, Basis.STATED, listed, MEANINGS[method], receiver)
    return Blame(row.blamed, row.basis, clue, row.meaning, receiver)


def _by_named_method(words: str) -> Blame | None:
    """A method that is said to have failed; else a look-alike; else a method that is only named."""
    found = None
    if any(word in words for word in _METHOD_WORDS):
        plain = ADDRESS.sub(" ", URL.sub(" ", words))
        found = _general(plain) if _METHOD.search(plain) else None
    if found is None or found[1] != Basis.STATED:
        other = _otherwise(LOOK_ALIKES, words) or (_otherwise(OTHER, words) if found else None)
        if other is not None or found is None:
            return other
    blamed, basis, clue = found
    return Blame(blamed, basis, clue, meaning_in(words, blamed))


def is_refusal(text: str) -> bool:
    """Do words without any code say what failed, or that a service did not even try?"""
    words = normal_words(text)
    if _otherwise(OTHERWISE, words) is not None:
        return True
    found = _by_words(words)
    return found is not None and found.basis in {Basis.STATED, Basis.DOCUMENTED}


def _otherwise(table: tuple[Phrase, ...], words: str) -> Blame | None:
    """The first row of a table that is about something else than authentication."""
    for row in table:
        if row.words[0] in words and all(word in words for word in row.words[1:]):
            return Blame(None, meaning=row.meaning)
    return None


# ------------------------------------------- Orange's and La Poste's codes, in their words

_FRENCH = re.compile(r"\b(?:lpn|ofr|ouk)(?:\d{3}|aaa)?[_-](39\d|401|515|517|519)\b")


def _by_french_code(found: re.Match[str]) -> Blame:
    """515 and 517 are DMARC, 39x, 401 and 519 SPF (Orange: postmaster help page)."""
    blamed = Blamed.DMARC if found.group(1) in {"515", "517"} else Blamed.SPF
    return Blame(blamed, Basis.DOCUMENTED, found.group(), MEANINGS[blamed], "Orange and La Poste")


# ------------------------------------------------------------------ codes, last

_EVERYWHERE = {
    "7.20": Blamed.DKIM,
    "7.21": Blamed.DKIM,
    "7.22": Blamed.DKIM,
    "7.23": Blamed.SPF,
    "7.24": Blamed.SPF,
    "7.26": Blamed.AUTHENTICATION,
}
_AT_GOOGLE = {
    "7.24": Blamed.SPF,
    "7.26": Blamed.AUTHENTICATION,
    "7.27": Blamed.SPF,
    "7.30": Blamed.DKIM,
    "7.31": Blamed.DMARC,  # the list of 2024; 7.40 since
    "7.32": Blamed.ALIGNMENT,
    "7.40": Blamed.DMARC,
}
_AT_MICROSOFT = {
    "7.23": Blamed.SPF,
    "7.26": Blamed.AUTHENTICATION,
    "7.509": Blamed.DMARC,
    "7.515": Blamed.AUTHENTICATION,
}


def _by_code(enhanced: str | None, receiver: str | None) -> Blame | None:
    """Only where the code can mean one thing (RFC 7372 §3; the receivers' own lists)."""
    if not enhanced or enhanced[0] not in "45":
        return None
    detail, who = enhanced[2:], receiver or ""
    if "Gmail" in who or "Google" in who:
        blamed, source = _AT_GOOGLE.get(detail), "at Gmail"
    elif detail in {"7.509", "7.515"} or "Microsoft" in who:
        blamed, source = _AT_MICROSOFT.get(detail), "at Microsoft"
    else:
        blamed, source = _EVERYWHERE.get(detail), "RFC 7372"
        if detail == "7.29":
            blamed = Blamed.ARC
    if blamed is None:
        return None
    return Blame(blamed, Basis.DOCUMENTED, f"code {enhanced} ({source})", MEANINGS[blamed])


def blame(
    text: str, *, enhanced: str | None = None, receiver: str | None = None, stage: str | None = None
) -> Blame:
    """What the words of one reply blame, and whom.

    ``text`` is the reply, ``enhanced`` its status code ("5.7.26"), ``receiver`` the readable name
    of who refused, if known, ``stage`` the command it answered. Never raises.
    """
    words = normal_words(text)
    found = _by_words(words)
    if found is None:
        other = _otherwise(OTHER, words)
        found = (None if other else _by_code(enhanced, receiver)) or other or NOTHING
    if found.blamed is None:
        return found
    found = found._replace(ip=named_address(words) or linked_address(words))
    domain = blamed_domain(words)
    identity = identity_in(words, stage, domain is not None) if found.blamed == Blamed.SPF else None
    if identity != "helo":
        return found._replace(domain=domain, identity=identity)
    return found._replace(domain=helo_name(words), identity=identity, meaning=told_of_helo(found.meaning))
