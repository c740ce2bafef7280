"""Is it a bounce at all? The signs, for what carries no machine-readable report."""

from __future__ import annotations

import re

from helpers.bounce.cut import MAX_REPORT
from helpers.message import Message

_SAYS_SO = (
    "this is the qmail-send program",
    "created automatically by",
    "dragonfly mail agent",
    "mailer-daemon, please",
    "able to deliver your message",
    "able to deliver mail",
    "able to deliver message",
    "unable to deliver",
    "able to deliver the",
    "failed recipients",
    "has been returned because",
    "no such user",
    "while attempting to deliver",
    "while trying to deliver",
    "delivery to the following recip",
    "be delivered",
    "not been delivered",
    "was not delivered to",
    "did not reach the following",
    "delivery has failed",
    "delivery failed",
    "delevery to the following",
    "following addresses had",
    "trouble delivering your message",
    "rejected by a remote",
    "following recipient was rejected",
    "following recipients were rejected",
    "recipients returned permanent errors",
    "rejected recipient",
    "mailbox is full",
    "failed addresses follow",
    "reject reason",
    "unknown user: ",
    "failure reasons",
    "session follows",
    "rejected your message",
    "message was rejected",
    "has been rejected",
    "incorrectly constructed",
    "addressed to:",
    "non-deliverable",
    # "not delivered", "returned" in Japanese, Chinese, Russian, German, French, Spanish, Portuguese, Italian
    "\u914d\u4fe1\u3067\u304d\u307e\u305b\u3093",
    "\u9001\u4fe1\u3067\u304d\u307e\u305b\u3093",
    "\u5c4a\u3051\u308b\u3053\u3068\u304c\u3067\u304d\u307e\u305b\u3093",
    "\u914d\u9001\u3067\u304d\u307e\u305b\u3093",
    "\u9000\u4fe1",
    "\u65e0\u6cd5\u6295\u9012",
    "\u672a\u80fd\u9001\u8fbe",
    "\u0431\u044b\u0442\u044c \u0434\u043e\u0441\u0442\u0430\u0432\u043b\u0435\u043d\u043e",
    "zugestellt",
    "zustellung",
    "n'a pas pu \u00eatre",
    "no se ha podido",
    "n\u00e3o p\u00f4de ser entregue",
    "non \u00e8 stato possibile",
)
# A list returns or holds a posting, under an address of its own: Mailman 2 and 3, Sympa.
_LIST_TEMPLATES = (
    "is being held until the list moderator",
    "mailing-list was rejected for the following",
    "rejected by the list moderator",
    "not allowed to send this message for the following reason",
)
_WAITING = re.compile(
    r"has not yet been delivered|not yet been delivered to|delivery attempts will continue|"
    r"this is a warning message only|(?:still|continue) trying|will keep trying|"
    r"will continue to (?:try|retry)|delivery incomplete|wird weiter(?:hin)? versuch|"
    r"zustellung verz\u00f6gert"
)
_TEMPLATES = (
    *_LIST_TEMPLATES,
    "this is the qmail-send program",
    "created automatically by mail delivery",
    "dragonfly mail agent",
    "this is the mail system at host",
    "diagnostic information for administrators:",
    "could not be delivered to the following recipient",
)
_FROM_A_DAEMON = re.compile(
    r"mailer-?daemon|mdaemon@|post_?master|sysadmin@|mail deliver|mail administrator|system administrator|<>|"
    r"mail system|ndr administrator|mailbounce|delivery subsystem|no-reply@[^ ]{0,80}dion"
)
_ABOUT_FAILURE = re.compile(
    r"undeliver|deliver(?:y|ed)|returned? (?:mail|to sender)|failure|bounce|could not|non ?remis|rejected|"
    r"mail error|not be sent|unzustellbar|error sending|mail system error|returning message|no entregado|"
    r"no se puede entregar|n\u00e3o entregue|non recapitabile|\u9000\u4fe1|\u672a\u9001\u8fbe|"
    r"\u65e0\u6cd5\u9001\u8fbe|\u914d\u4fe1\u4e0d\u80fd|\u4e0d\u9054|"
    r"\u30e1\u30fc\u30eb\u30a8\u30e9\u30fc|\u0434\u043e\u0441\u0442\u0430\u0432\u043b"
)
_QUOTES_REPLY = re.compile(r"(?<![\w.])[45]\d\d[ -][45]\.\d{1,3}\.\d{1,3}\b|<<< [45]\d\d ")
_CODE_LINE = re.compile(r"^[45]\d\d(?: - |[ -])[A-Za-z]", re.MULTILINE)  # or the number of a house


def looks_like_bounce(
    *, sender: str, subject: str, words: str, automatic: bool, returned: bool, submitted: bool = False
) -> bool:
    """Is a message without machine-readable report a bounce, going by sender, subject and text?

    ``automatic``: it has the null sender, as reports have to; ``submitted``: another header says that
    a program sent it (RFC 3834); ``returned``: another message is in it.
    A person may write about undelivered mail, too, so what reads like a bounce has to come from a
    mail system, or else to be one by every other sign.
    """
    about_failure = _ABOUT_FAILURE.search(subject.lower()) is not None
    daemon = _FROM_A_DAEMON.search(sender.lower())
    if automatic or daemon:
        if about_failure or (returned and daemon and "daemon" in daemon.group()) or says_it_bounced(words):
            return True
        quoted = _QUOTES_REPLY.search(words, 0, MAX_REPORT)
        return (quoted or (daemon and _CODE_LINE.search(words, 0, MAX_REPORT))) is not None
    lowered = words[:MAX_REPORT].lower()
    if any(template in lowered for template in _TEMPLATES):
        return True
    if about_failure and submitted and _QUOTES_REPLY.search(words, 0, MAX_REPORT):
        return True
    return about_failure and returned and says_it_bounced(words)


def says_it_bounced(words: str) -> bool:
    """Does a pasted text read like a bounce as a whole?"""
    lowered = words[:MAX_REPORT].lower()
    return any(phrase in lowered for phrase in _SAYS_SO)


def says_it_waits(words: str) -> bool:
    """Does a text say that nothing has failed yet, and that the server goes on trying?"""
    return _WAITING.search(words[:MAX_REPORT].lower()) is not None


_PICTURES_AND_ARCHIVES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"%PDF", b"PK\x03\x04", b"\x1f\x8b")
_ODD_BYTES = bytes(byte for byte in range(32) if byte not in b"\t\r\n\x1b\x0c")


def is_binary(raw: bytes) -> bool:
    """A picture, an archive or some other file that is not text."""
    head = raw[:1024]
    if head.startswith(_PICTURES_AND_ARCHIVES):
        return True
    odd = len(head) - len(head.translate(None, _ODD_BYTES))
    return odd > len(head) // 10 and not head.startswith((b"\xff\xfe", b"\xfe\xff"))


def is_list_manager(message: Message) -> bool:
    """Does fml write, itself? It returns articles that it does not take, under its own address."""
    sender = message.get("from")
    return message.get("x-mlserver") is not None and sender is not None and "-admin@" in sender.value


_ANSWERS = re.compile(
    r"\s*(?:re ?:|auto[ :-]|automati|out[ -]of|away|vacation|abwesen|"
    r"r.ponse auto|respuesta auto|risposta auto|\u81ea\u52d5)"
)


def is_passed_on(message: Message) -> bool:
    """Did a person write it, who answers or passes a bounce on? Then it went elsewhere than the bounce."""
    return _PASSED_ON.match(message.subject.lower()) is not None


_PASSED_ON = re.compile(
    r"\s*(?:\[[^\]]{0,40}\] ?)?(?:re|fwd?|aw|wg|tr|rv|sv|vs|enc|\u8f6c\u53d1|\u56de\u590d) ?[:\uff1a]"
)


def is_submitted_by_a_program(message: Message) -> bool:
    """Auto-Submitted says so (RFC 3834 §5), and no sign of an answering machine."""
    submitted = message.get("auto-submitted")
    if submitted is None or _ANSWERS.match(message.subject.lower()):
        return False
    return submitted.value.strip().lower().startswith("auto-") and "vacation" not in submitted.value.lower()


def is_automatic(message: Message) -> bool:
    """The null sender, which reports have to use (RFC 5321 §4.5.5), and no sign of an answering machine."""
    if message.return_path != "" or _ANSWERS.match(message.subject.lower()):
        return False
    submitted = message.get("auto-submitted")
    return submitted is None or "vacation" not in submitted.value.lower()
