"""What receivers write when they refuse mail: a table of phrases, ours, with a source for each row.

Rows are tried from top to bottom and the first whose words all occur decides, so exact sentences
stand above general ones, and look-alikes ("authentication required" is about a login) stand
between the two. All words are lower case with a straight apostrophe; ``helpers.bounce.blame``
brings a reply into that form. Only the receiver's reply is searched, never the returned message.
"""

from __future__ import annotations

from typing import NamedTuple

from helpers.terms import Basis, Blamed


class Phrase(NamedTuple):
    """One way to refuse. ``blamed`` None: the words are about something else, which `meaning` names."""

    receiver: str  # who is known to write this; "any" when many do
    words: tuple[str, ...]  # all of them occur in the reply
    blamed: Blamed | None
    meaning: str
    source: str
    basis: Basis = Basis.STATED


_DMARC, _SPF, _DKIM, _ARC = Blamed.DMARC, Blamed.SPF, Blamed.DKIM, Blamed.ARC
_ALIGN, _AUTH = Blamed.ALIGNMENT, Blamed.AUTHENTICATION
_DOCUMENTED, _INFERRED = Basis.DOCUMENTED, Basis.INFERRED

_GOOGLE = "Google: Gmail SMTP errors and codes, support.google.com/a/answer/3726730"
_MICROSOFT = "Microsoft: NDR error codes in Exchange Online, learn.microsoft.com"
_YAHOO = "Yahoo: Sender Hub error codes, senders.yahooinc.com"
_APPLE = "Apple: Postmaster information for iCloud Mail, support.apple.com/102322"
_MIMECAST = "Mimecast: SMTP error codes, community.mimecast.com"
_GMX = "GMX / WEB.DE / mail.com: postmaster error messages, postmaster.mail.com"
_NETEASE = "NetEase: list of refusal codes for 163.com and 126.com"
_SEEN = "seen in bounces of this receiver"
_OPENSPF = "SPF libraries' default explanation text (openspf.org, spf.pobox.com)"
_RFC7372 = "RFC 7372 §3"

DMARC_REJECT = (
    "The message did not pass DMARC for the domain in its From header, and that domain asks "
    "receivers to refuse such mail."
)
SPF_FAIL = "The sending server is not on the list (SPF record) of the domain used as envelope sender."
DKIM_FAIL = "The message has no DKIM signature that the receiver could verify."
NO_AUTH = "The message passed neither SPF nor DKIM in a way the receiver accepts."
NOT_ALIGNED = "What SPF or DKIM proved belongs to another domain than the one in the From header."
NO_POLICY = "The receiver wants a DMARC record with a policy for the domain in the From header, and saw none."
SPF_BROKEN = (
    "The receiver could not evaluate the SPF record of the envelope sender's domain: it has an error."
)
HELO_FAIL = (
    "The sending server is not on the list (SPF record) of the name that it introduced itself with (HELO); "
    "the receiver asked about that name, and not about the envelope sender."
)
HELO_BROKEN = (
    "The receiver could not evaluate the SPF record of the name that the sending server introduced itself "
    "with (HELO): it has an error."
)
DMARC_BROKEN = (
    "The receiver could not use the DMARC record of the domain in the From header: it has an error, or there "
    "is more than one."
)
SPF_DNS = "The receiver's question to DNS for SPF got no answer; such a refusal is usually temporary."
DMARC_DNS = (
    "DNS did not answer the receiver, so it could not tell whether the message passes DMARC; such a refusal "
    "is temporary, and the sending server tries again."
)
DKIM_DNS = "The receiver could not fetch the DKIM key from DNS; such a refusal is usually temporary."
LIST_POLICY = (
    "This mailing list takes no mail from a domain whose DMARC policy is reject or quarantine, since what a "
    "list changes no longer passes at its subscribers. The message itself did not fail. Ask the list's owner "
    "to have the list write its own address into From, or write from another domain."
)
NO_ANSWER = frozenset({SPF_DNS, DKIM_DNS, DMARC_DNS})
SAY_WHY = frozenset({NO_POLICY, SPF_BROKEN, HELO_BROKEN, DMARC_BROKEN}) | NO_ANSWER
_LOGIN = "The server wants a login (SMTP AUTH) before it takes mail; this is not about SPF, DKIM or DMARC."
_PTR = "The sending server's IP address has no fitting reverse DNS (PTR) entry; not about SPF, DKIM or DMARC."
_MALFORMED = "The message breaks the format rules (RFC 5322); the receiver refused it for its form."
_TLS = "The receiver wants an encrypted connection (TLS); this is not about SPF, DKIM or DMARC."
_LISTED = "The sending server or domain is on a blocklist."
_TOO_MUCH = "The receiver slows mail down because more came from this sender than it expects."
_NO_SUCH = "There is no such mailbox at the receiver."
_GREYLISTED = (
    "The receiver greylists: it turns the first try of an unknown sender away and takes a later one. "
    "The sending server tries again by itself."
)
_INSIDERS = (
    "This group or mailbox takes mail only from people who are signed in at its own organization; "
    "not about SPF, DKIM or DMARC."
)
_BLOCKED_ACCOUNT = (
    "Microsoft stopped this account or domain from sending, mostly for spam that came from it; "
    "an administrator has to unblock it. Not about SPF, DKIM or DMARC."
)
_SUPPRESSED = (
    "The sending service did not even try: it keeps a list of addresses that failed or complained before, "
    "and this recipient is on it."
)
_CALLOUT = (
    "The receiver asked the sender's own server whether the sender address exists, and got no good answer."
)

# --------------------------------------------- sentences that say what failed

EXACT: tuple[Phrase, ...] = (
    Phrase("Gmail", ("temporary dns failure", "dmarc policy"), _DMARC, DMARC_DNS, _GOOGLE),
    Phrase("Gmail", ("not accepted due to domain's dmarc policy",), _DMARC, DMARC_REJECT, _GOOGLE),
    Phrase("Gmail", ("is not accepted due to", "dmarc policy"), _DMARC, DMARC_REJECT, _GOOGLE),
    Phrase("Gmail", ("p=dmarcrejection",), _DMARC, DMARC_REJECT, _GOOGLE),
    Phrase("Gmail", ("doesn't have a dmarc record",), _DMARC, NO_POLICY, _GOOGLE),
    Phrase("Gmail", ("doesn't specify a dmarc policy",), _DMARC, NO_POLICY, _GOOGLE),
    Phrase("any", ("does not have a dmarc record",), _DMARC, NO_POLICY, _SEEN),
    Phrase("any", ("has no dmarc record",), _DMARC, NO_POLICY, _SEEN),
    Phrase("any", ("no dmarc record found",), _DMARC, NO_POLICY, _SEEN),
    Phrase("any", ("missing dmarc record",), _DMARC, NO_POLICY, _SEEN),
    Phrase(
        "Gmail",
        ("unauthenticated email is not accepted from this domain",),
        _DMARC,
        DMARC_REJECT,
        "Gmail's wording of 2012 to 2013 for a DMARC refusal",
        _DOCUMENTED,
    ),
    Phrase(
        "Gmail",
        ("spf record with a hard fail",),
        _SPF,
        "The envelope sender's domain says that only the servers it lists may send (-all), "
        "and the sending server is not one of them.",
        _GOOGLE,
    ),
    Phrase("Gmail", ("must authenticate with at least one of spf or dkim",), _AUTH, NO_AUTH, _GOOGLE),
    Phrase("Gmail", ("authenticate with either spf or dkim",), _AUTH, NO_AUTH, _GOOGLE),
    Phrase("Gmail", ("fails to pass authentication checks",), _AUTH, NO_AUTH, _GOOGLE),
    Phrase("Gmail", ("does not have authentication information",), _AUTH, NO_AUTH, _GOOGLE),
    Phrase(
        "Gmail",
        ("the spf record of the sending domain", "suspicious"),
        _SPF,
        "The SPF record of the sending domain holds entries that the receiver distrusts.",
        _GOOGLE,
    ),
    Phrase(
        "Gmail",
        ("aligned with either the authenticated spf or dkim",),
        _ALIGN,
        NOT_ALIGNED,
        _GOOGLE,
    ),
    Phrase("Gmail", ("no dmarc alignment",), _ALIGN, NOT_ALIGNED, _GOOGLE),
    Phrase("Gmail", ("spf authentication did", "not pass"), _SPF, SPF_FAIL, _GOOGLE),
    Phrase("Gmail", ("dkim authentication did", "not pass"), _DKIM, DKIM_FAIL, _GOOGLE),
    Phrase("Gmail", ("senders to authenticate", "with spf"), _SPF, SPF_FAIL, _GOOGLE),
    Phrase("Gmail", ("senders to authenticate", "with dkim"), _DKIM, DKIM_FAIL, _GOOGLE),
    Phrase("Gmail", ("must authenticate", "with spf"), _SPF, SPF_FAIL, _GOOGLE),
    Phrase("Gmail", ("must authenticate", "with dkim"), _DKIM, DKIM_FAIL, _GOOGLE),
    Phrase(
        "Gmail",
        ("spf unauthorized mail is prohibited",),
        _SPF,
        SPF_FAIL,
        "another receiver's words, quoted by Gmail when it could not deliver",
    ),
    Phrase("Microsoft", ("does not pass dmarc verification",), _DMARC, DMARC_REJECT, _MICROSOFT),
    Phrase(
        "Microsoft (Outlook.com)",
        ("meet the required authentication level",),
        _AUTH,
        "The From domain sends much mail to Outlook.com, which then asks for SPF, DKIM and DMARC "
        "to pass; at least one did not.",
        "Microsoft: fix NDR error 550 5.7.515, support.microsoft.com",
    ),
    Phrase("Microsoft", ("sender policy framework violation",), _SPF, SPF_FAIL, _MICROSOFT),
    Phrase(
        "Microsoft",
        ("pass either spf or dkim validation",),
        _AUTH,
        "Mail that arrives over IPv6 has to pass SPF or DKIM here, and passed neither.",
        _MICROSOFT,
    ),
    Phrase(
        "Yahoo (AOL)",
        ("message not accepted for policy reasons",),
        _AUTH,
        "Yahoo's help page says what these words hide: the message failed SPF, DKIM or, in most "
        "cases, the DMARC policy of its From domain.",
        _YAHOO,
        _DOCUMENTED,
    ),
    Phrase("Yahoo (AOL)", ("blocked because the sender is unauthenticated",), _AUTH, NO_AUTH, _YAHOO),
    Phrase("Apple iCloud", ("was rejected due to", "'s dmarc policy"), _DMARC, DMARC_REJECT, _APPLE),
    Phrase("Apple iCloud", ("failing both spf and dkim",), _AUTH, NO_AUTH, _APPLE),
    Phrase(
        "Mail.ru",
        ("not accepted due to domain", "owner dmarc policy"),
        _DMARC,
        DMARC_REJECT,
        "Mail.ru: DMARC help page, help.mail.ru/mail-help/postmaster/dmarc",
    ),
    Phrase("Zoho", ("rejected per dmarc policy for",), _DMARC, DMARC_REJECT, "Zoho Mail help, help.zoho.com"),
    Phrase(
        "Proofpoint",
        ("rejected per sender's dmarc policy",),
        _DMARC,
        DMARC_REJECT,
        "seen in bounces of Proofpoint customers",
    ),
    Phrase(
        "Proofpoint Essentials",
        ("rejected per sender's spf policy",),
        _SPF,
        SPF_FAIL,
        "seen in bounces of Proofpoint Essentials customers",
    ),
    Phrase("any", ("dmarc check failed",), _DMARC, DMARC_REJECT, "QQ Mail help, and many others"),
    Phrase("any", ("spf check failed",), _SPF, SPF_FAIL, "QQ Mail help, and many others"),
    Phrase("NetEase (163/126)", ("mi:spf",), _SPF, SPF_FAIL, _NETEASE),
    Phrase("NetEase (163/126)", ("mi:dma",), _DMARC, DMARC_REJECT, _NETEASE, _DOCUMENTED),
    Phrase("GoDaddy (secureserver.net)", ("per it's spf record",), _SPF, SPF_FAIL, "GoDaddy bounce IB508"),
    Phrase("GoDaddy (secureserver.net)", ("per its spf record",), _SPF, SPF_FAIL, "GoDaddy bounce IB508"),
    Phrase(
        "GoDaddy (secureserver.net)", ("inspect your spf settings",), _SPF, SPF_FAIL, "GoDaddy bounce IB508"
    ),
    Phrase(
        "GoDaddy (secureserver.net)", ("ib508",), _SPF, SPF_FAIL, "GoDaddy help, error IB508", _DOCUMENTED
    ),
    Phrase(
        "Cox",
        ("cxsndr",),
        _AUTH,
        "Cox refuses this message for its SPF, DomainKeys or DKIM policy.",
        "Cox: email error codes, cox.com",
        _DOCUMENTED,
    ),
    Phrase(
        "Facebook",
        ("pol-p7",),
        _AUTH,
        "The message does not meet Facebook's requirements for authenticating its domain.",
        "Facebook postmaster response codes",
        _DOCUMENTED,
    ),
    Phrase("La Poste", ("is not allowed to send mail", "_401"), _SPF, SPF_FAIL, "La Poste bounce LPN*_401"),
    Phrase(
        "Orange",
        ("spf/dns",),
        _SPF,
        "The receiver's SPF check failed; it asks for the SPF record in DNS to be put right.",
        _SEEN,
    ),
    Phrase("Comcast", ("#dm00000",), _DMARC, DMARC_REJECT, "Comcast: postmaster.comcast.net, code DM000001"),
    Phrase("Mimecast", ("spf sender invalid",), _SPF, SPF_FAIL, _MIMECAST),
    Phrase("Mimecast", ("dkim sender invalid",), _DKIM, DKIM_FAIL, _MIMECAST),
    Phrase("Mimecast", ("dmarc sender invalid",), _DMARC, DMARC_REJECT, _MIMECAST),
    Phrase("GMX / WEB.DE / mail.com", ("reject due to spf policy",), _SPF, SPF_FAIL, _GMX),
    Phrase("GMX / WEB.DE / mail.com", ("reject due to domain's dmarc policy",), _DMARC, DMARC_REJECT, _GMX),
    Phrase("GMX / WEB.DE / mail.com", ("case?c=r2001",), _DMARC, DMARC_REJECT, _GMX, _DOCUMENTED),
    Phrase("Trellix (FireEye)", ("etp205",), _DMARC, DMARC_REJECT, "Trellix ETP bounce ETP205", _DOCUMENTED),
    Phrase(
        "CyberSolutions MailGates",
        ("sorry, we don't allow this mail",),
        _DMARC,
        DMARC_REJECT,
        "CyberSolutions support: what this refusal of MailGates means",
        _DOCUMENTED,
    ),
    Phrase(
        "any", ("failed dmarc evaluation of domain",), _DMARC, DMARC_REJECT, "seen behind Exchange Online"
    ),
    Phrase("OpenDMARC", ("rejected by dmarc policy for",), _DMARC, DMARC_REJECT, "OpenDMARC's default reply"),
    Phrase("any", ("multiple authentication checks failed",), _AUTH, NO_AUTH, _RFC7372),
    Phrase("any", ("no passing dkim signature found",), _DKIM, DKIM_FAIL, _RFC7372),
    Phrase("any", ("no acceptable dkim signature found",), _DKIM, DKIM_FAIL, _RFC7372),
    Phrase(
        "any",
        ("no valid author-matched dkim signature",),
        _DKIM,
        "No DKIM signature that verified belongs to the domain of the From header.",
        _RFC7372,
    ),
    Phrase(
        "any (Sender ID)",
        ("purported responsible address",),
        _AUTH,
        "Sender ID, an early relative of SPF, could not tell whom to hold responsible for the message.",
        "RFC 4407",
    ),
    Phrase(
        "Exchange Server (Sender ID)",
        ("sender id (pra)",),
        _AUTH,
        "Sender ID, an early relative of SPF, did not find the sending server among those allowed.",
        "RFC 4406; Exchange Server's Sender ID agent",
    ),
    Phrase("any", ("openspf.",), _SPF, SPF_FAIL, _OPENSPF),
    Phrase("any", ("open-spf.org",), _SPF, SPF_FAIL, _OPENSPF),
    Phrase("any", ("//spf.pobox.com",), _SPF, SPF_FAIL, _OPENSPF),
    Phrase(
        "any",
        ("bad spf records for",),
        _SPF,
        "The receiver could not use the SPF record of the sending domain.",
        _SEEN,
    ),
    Phrase("any", ("does not designate", "permitted sender"), _SPF, SPF_FAIL, _OPENSPF),
    Phrase(
        "any",
        ("mismatches client ip",),
        _SPF,
        "The receiver compared the sending server's IP address with the domain and they did not fit: "
        "a check like SPF, though it does not say so.",
        _SEEN,
        _INFERRED,
    ),
    Phrase(
        "any",
        ("invalid ip for sending mail of domain",),
        _SPF,
        "The sending server's IP address may not send for the envelope sender's domain: a check "
        "like SPF, though it does not say so. Typical after forwarding.",
        _SEEN,
        _INFERRED,
    ),
)

# Each row above holds one of these; a reply with none of them need not be compared with any row.
TRIGGERS = (
    "dmarc",
    "spf",
    "dkim",
    "authenti",
    "sender policy",
    "for policy reasons",
    "client ip",
    "invalid ip",
    "ib508",
    "cxsndr",
    "pol-p7",
    "mi:dma",
    "_401",
    "#dm00000",
    "c=r2001",
    "etp205",
    "we don't allow this mail",
    "purported responsible",
    "sender id (pra)",
    "permitted sender",
)

# ---------------------------------- look-alikes: words of authentication, another matter

# These decide even where SPF, DKIM or DMARC is named beside them.
OTHERWISE: tuple[Phrase, ...] = (
    Phrase("any", ("duplicate header",), None, _MALFORMED, "RFC 5322 §3.6"),
    Phrase("any", ("multiple addresses in from",), None, _MALFORMED, "RFC 5322 §3.6.2"),
    Phrase("any", ("not rfc 5322 compliant",), None, _MALFORMED, "RFC 5322"),
    Phrase(
        "Mailman",
        ("domain which publishes a dmarc policy",),
        None,
        LIST_POLICY,
        "Mailman: dmarc_moderation_notice, dmarc_mitigate_action",
    ),
    Phrase("any", ("domain with a dmarc policy of",), None, LIST_POLICY, "moderators of lists"),
    Phrase("Gmail", ("unusual rate of",), None, _TOO_MUCH, _GOOGLE),
    Phrase("any", ("unverified address",), None, _CALLOUT, "Postfix: ADDRESS_VERIFICATION_README"),
    Phrase("any", ("recipientnotfound",), None, _NO_SUCH, "Exchange: RESOLVER.ADR.RecipientNotFound"),
    Phrase(
        "any",
        ("(nullmx)",),
        None,
        "The recipient's domain says in DNS that it takes no mail (null MX).",
        "Postfix; RFC 7505",
    ),
    Phrase("any", ("suppression list",), None, _SUPPRESSED, "Amazon SES: account-level suppression list"),
    Phrase("any", ("previously bounced address",), None, _SUPPRESSED, "Mailgun: events, code 605"),
    Phrase("any", ("bounced address list",), None, _SUPPRESSED, "SendGrid: dropped events"),
    Phrase(
        "any",
        ("email address is not verified",),
        None,
        "Amazon SES sends only for addresses and domains that were verified in this region, and this one "
        "was not.",
        "Amazon SES: troubleshooting verification",
    ),
)

# These decide unless the words also say that a method failed.
LOOK_ALIKES: tuple[Phrase, ...] = (
    Phrase("any", ("sendernotauthenticatedfor",), None, _INSIDERS, "Exchange Online, 5.7.133 and 5.7.134"),
    Phrase("any", ("not authenticated for group",), None, _INSIDERS, "Exchange Online, 5.7.133"),
    Phrase("any", ("not authenticated for mailbox",), None, _INSIDERS, "Exchange Online, 5.7.134"),
    Phrase("any", ("unauthenticated senders not allowed",), None, _LOGIN, "SendGrid: login missing"),
    Phrase("any", ("smtp authentication",), None, _LOGIN, "RFC 4954"),
    Phrase("any", ("smtp auth",), None, _LOGIN, "RFC 4954"),
    Phrase("any", ("smtp-auth",), None, _LOGIN, "RFC 4954"),
    Phrase("any", ("client was not authenticated",), None, _LOGIN, "Exchange Server, 5.7.57"),
    Phrase("any", ("client not authenticated",), None, _LOGIN, "Exchange Server, 5.7.57"),
    Phrase("any", ("not authenticated by organization",), None, _LOGIN, "Exchange Online, 5.7.12"),
    Phrase("any", ("authentication required",), None, _LOGIN, "RFC 4954, code 530"),
    Phrase("any", ("authentication is required",), None, _LOGIN, "RFC 4954, code 530"),
    Phrase("any", ("authrequired",), None, _LOGIN, "Exchange Server: RESOLVER.RST.AuthRequired"),
    Phrase("any", ("must authenticate before",), None, _LOGIN, "RFC 4954"),
    Phrase("any", ("must authenticate first",), None, _LOGIN, "RFC 4954"),
    Phrase("any", ("authenticate yourself",), None, _LOGIN, "RFC 4954"),
    Phrase("any", ("without authentication",), None, _LOGIN, "MessageLabs: relaying needs a login"),
    Phrase("any", ("application-specific password",), None, _LOGIN, "Google account help"),
    Phrase("any", ("username and password",), None, _LOGIN, "RFC 4954, code 535"),
    Phrase("any", ("authentication credentials",), None, _LOGIN, "RFC 4954, code 535"),
    Phrase("any", ("ptr record",), None, _PTR, "RFC 7372 §3.3 (5.7.25)"),
    Phrase("any", ("reverse dns",), None, _PTR, "RFC 7372 §3.3 (5.7.25)"),
    Phrase("any", ("rdns",), None, _PTR, "RFC 7372 §3.3 (5.7.25)"),
)

# ------------------------------------------------ other reasons, for their meaning only

OTHER: tuple[Phrase, ...] = (
    Phrase(
        "Google Groups",
        ("permission to post",),
        None,
        "There is no such group, or it takes no mail from this sender.",
        "Google Groups",
    ),
    Phrase("any", ("banned sending ip",), None, _LISTED, _MICROSOFT),
    Phrase("any", ("traffic not accepted from this ip",), None, _LISTED, _MICROSOFT),
    Phrase("any", ("part of their network is on our",), None, _LISTED, _MICROSOFT),
    Phrase("any", ("bad outbound sender",), None, _BLOCKED_ACCOUNT, f"{_MICROSOFT}: 5.1.8"),
    Phrase("any", ("sending from unregistered domains",), None, _BLOCKED_ACCOUNT, f"{_MICROSOFT}: 5.7.750"),
    Phrase(
        "any",
        ("recipient address rejected: access denied",),
        None,
        "There is no such mailbox at the receiver, or its domain is not set up there (Exchange Online says "
        "so in these words).",
        f"{_MICROSOFT}: 5.4.1",
    ),
    Phrase(
        "any",
        ("permissions to send as",),
        None,
        "The account that logged in may not write with this address in From; its administrator can allow "
        "it. Not about SPF, DKIM or DMARC.",
        f"{_MICROSOFT}: 5.7.60",
    ),
    Phrase(
        "Mimecast",
        ("anti-spoofing",),
        None,
        "The receiver takes no mail from outside that carries its own domain in From. It is a rule of its "
        "own, and it can make an exception for this sender.",
        _MIMECAST,
    ),
    Phrase("any", ("greylist",), None, _GREYLISTED, "RFC 6647"),
    Phrase("any", ("graylist",), None, _GREYLISTED, "RFC 6647"),
    Phrase("any", ("unexpected volume",), None, _TOO_MUCH, _YAHOO),
    Phrase("any", ("spamhaus",), None, _LISTED, "spamhaus.org"),
    Phrase("any", ("blacklist",), None, _LISTED, _SEEN),
    Phrase("any", ("blocklist",), None, _LISTED, _SEEN),
    Phrase("any", ("block list",), None, _LISTED, _SEEN),
    Phrase("any", ("dnsbl",), None, _LISTED, _SEEN),
    Phrase("any", (" rbl",), None, _LISTED, _SEEN),
    Phrase("any", ("client host [", "blocked using"), None, _LISTED, "Postfix: reject_rbl_client"),
    Phrase("any", ("sender address [", "blocked using"), None, _LISTED, "Postfix: reject_rhsbl_sender"),
    Phrase("any", ("tls connection",), None, _TLS, "RFC 3207"),
    Phrase("any", ("tls/ssl",), None, _TLS, "RFC 3207"),
    Phrase("any", ("starttls",), None, _TLS, "RFC 3207"),
    Phrase("any", ("mailbox full",), None, "The recipient's mailbox is full.", "RFC 3463 §3.3"),
    Phrase("any", ("mailbox is full",), None, "The recipient's mailbox is full.", "RFC 3463 §3.3"),
    Phrase(
        "any", ("quota",), None, "The recipient's mailbox or a sending limit is used up.", "RFC 3463 §3.3"
    ),
    Phrase("any", ("user unknown",), None, _NO_SUCH, "RFC 3463 §3.2"),
    Phrase("any", ("unknown user",), None, _NO_SUCH, "RFC 3463 §3.2"),
    Phrase("any", ("no such user",), None, _NO_SUCH, "RFC 3463 §3.2"),
    Phrase("any", ("does not exist",), None, "The address does not exist at the receiver.", "RFC 3463 §3.2"),
    Phrase("any", ("relay access denied",), None, "The server does not pass on mail for strangers.", _SEEN),
    Phrase("any", ("unable to relay",), None, "The server does not pass on mail for strangers.", _SEEN),
    Phrase(
        "any",
        ("too large",),
        None,
        "The message, or a part of it, is larger than the receiver takes.",
        "RFC 3463 §3.4",
    ),
    Phrase("any", ("virus",), None, "The receiver found a virus or something it takes for one.", _SEEN),
    Phrase("any", ("spam",), None, "The receiver takes the message or its sender for spam.", _SEEN),
)
