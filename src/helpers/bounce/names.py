"""Readable names: of receivers by their host names, of reporting servers by what they write."""

from __future__ import annotations

import re

_RECEIVERS: tuple[tuple[str, str], ...] = (
    ("googlegroups.com", "Google Groups"),
    ("google.com", "Gmail"),
    ("googlemail.com", "Gmail"),
    ("gmail.com", "Gmail"),
    ("olc.protection.outlook.com", "Microsoft (Outlook.com)"),
    ("hotmail.com", "Microsoft (Outlook.com)"),
    ("live.com", "Microsoft (Outlook.com)"),
    ("outlook.com", "Microsoft (Exchange Online)"),
    ("outlook.de", "Microsoft (Outlook.com)"),
    ("mx-aol.mail.gm0.yahoodns.net", "Yahoo (AOL)"),
    ("aol.com", "Yahoo (AOL)"),
    ("yahoodns.net", "Yahoo"),
    ("yahoo.com", "Yahoo"),
    ("yahoo.co.jp", "Yahoo! JAPAN"),
    ("icloud.com", "Apple iCloud"),
    ("me.com", "Apple iCloud"),
    ("mac.com", "Apple iCloud"),
    ("me.com.akadns.net", "Apple iCloud"),
    ("apple.com", "Apple"),
    ("mail.ru", "Mail.ru"),
    ("yandex.ru", "Yandex"),
    ("yandex.net", "Yandex"),
    ("zoho.com", "Zoho"),
    ("zoho.eu", "Zoho"),
    ("zohomail.com", "Zoho"),
    ("qq.com", "Tencent QQ"),
    ("netease.com", "NetEase (163/126)"),
    ("163.com", "NetEase (163/126)"),
    ("126.com", "NetEase (163/126)"),
    ("mxhichina.com", "Alibaba Cloud mail"),
    ("secureserver.net", "GoDaddy (secureserver.net)"),
    ("pphosted.com", "Proofpoint"),
    ("ppe-hosted.com", "Proofpoint Essentials"),
    ("mimecast.com", "Mimecast"),
    ("messagelabs.com", "MessageLabs"),
    ("barracudanetworks.com", "Barracuda"),
    ("gmx.net", "GMX / WEB.DE / mail.com"),
    ("gmx.com", "GMX / WEB.DE / mail.com"),
    ("web.de", "GMX / WEB.DE / mail.com"),
    ("mail.com", "GMX / WEB.DE / mail.com"),
    ("kundenserver.de", "IONOS"),
    ("t-online.de", "T-Online"),
    ("comcast.net", "Comcast"),
    ("cox.net", "Cox"),
    ("cloudfilter.net", "Cox"),
    ("charter.net", "Spectrum"),
    ("laposte.net", "La Poste"),
    ("orange.fr", "Orange"),
    ("wanadoo.fr", "Orange"),
    ("free.fr", "Free"),
    ("docomo.ne.jp", "NTT docomo"),
    ("ezweb.ne.jp", "au (KDDI)"),
    ("au.com", "au (KDDI)"),
    ("softbank.jp", "SoftBank"),
    ("softbank.ne.jp", "SoftBank"),
    ("biglobe.ne.jp", "Biglobe"),
    ("dti.ne.jp", "DTI"),
    ("facebook.com", "Facebook"),
    ("cloudflare.net", "Cloudflare"),
    ("amazonaws.com", "Amazon SES"),
    ("amazonses.com", "Amazon SES"),
    ("sendgrid.net", "SendGrid"),
    ("mailgun.org", "Mailgun"),
    ("emailsrvr.com", "Rackspace"),
    ("infomaniak.com", "Infomaniak"),
    ("infomaniak.ch", "Infomaniak"),
    ("hostpoint.ch", "Hostpoint"),
    ("protonmail.ch", "Proton Mail"),
    ("messagingengine.com", "Fastmail"),
    ("i.ua", "i.ua"),
)
_BY_SUFFIX = dict(_RECEIVERS)


def receiver_name(host: str | None) -> str | None:
    """The readable name of the operator of a mail host, None when it is not known by its name."""
    if not host:
        return None
    labels = host.lower().rstrip(".").split(".")
    for start in range(max(0, len(labels) - 6), len(labels) - 1):
        name = _BY_SUFFIX.get(".".join(labels[start:]))
        if name:
            return name
    return None


_BY_PROSE: tuple[tuple[str, str], ...] = (
    ("indimail", "IndiMail (qmail)"),
    ("this is the qmail-send program", "qmail"),
    ("dragonfly mail agent", "DragonFly dma"),
    ("running the courier mail server", "Courier"),
    ("postfix smtp server", "Postfix"),
    ("m-filter", "m-FILTER"),
    ("interscan", "Trend Micro InterScan"),
    ("opensmtpd", "OpenSMTPD"),
    ("this is the mailer-daemon, please do not reply", "OpenSMTPD"),
    ("symantec email security", "MessageLabs"),
    ("google groups", "Google Groups"),
    ("domino directory", "Domino"),
    ("msexch:", "Exchange Server"),
)
_BY_ADDRESS: tuple[tuple[str, str], ...] = (
    ("mimecast.lan", "Mimecast"),
    ("mimecast.com", "Mimecast"),
    ("microsoftexchange329e71ec88ae4615bbc36ab6ce41109e", "Exchange Server"),
    ("mailer-daemon@t-online.de", "T-Online"),
    ("mailer-daemon@googlemail.com", "Google"),
    ("mailer-daemon@google.com", "Google"),
    ("kundenserver.de", "IONOS"),
    ("mailer-daemon@mail.gmx", "GMX"),
    ("mail.zoho.", "Zoho"),
    ("corp.mail.ru", "Mail.ru"),
    ("mxlogic", "MX Logic"),
    ("mailer-daemon@yahoo.", "Yahoo"),
    ("sns.amazonaws.com", "Amazon SNS"),
    ("amazonses.com", "Amazon SES"),
    ("mailer-daemon@yandex", "Yandex"),
    ("hotmail.com", "Hotmail"),
    ("protection.outlook.com", "Exchange Online"),
    ("prod.outlook.com", "Exchange Online"),
    ("ezweb.ne.jp", "au (KDDI)"),
    ("biglobe.ne.jp", "Biglobe"),
    ("messagelabs.com", "MessageLabs"),
    ("barracuda", "Barracuda"),
)
_BY_TEMPLATE: tuple[tuple[str, str], ...] = (
    ("x-ms-exchange-message-is-ndr", "Exchange Server"),
    ("diagnostic information for administrators", "Exchange Server"),
    ("this is the mail system at host", "Postfix"),
    ("this is the postfix program", "Postfix"),
    ("x-postfix-queue-id", "Postfix"),
    ("(mail delivery system)", "Postfix"),
    ("created automatically by mail delivery software", "Exim"),
    ("created automatically by the smtp relay", "Exim"),
    ("mail delivery subsystem", "Sendmail"),
)


def reporter_name(prose: str, addresses: str, reporting_mta: str | None) -> str | None:
    """Who wrote the bounce: the product or service its words give away, else the reporting host.

    ``prose`` is what it wrote itself, ``addresses`` its From, Message-ID and Reporting-MTA.
    """
    prose, addresses = prose.lower(), addresses.lower()
    for table, where in ((_BY_PROSE, prose), (_BY_ADDRESS, addresses), (_BY_TEMPLATE, prose + addresses)):
        for words, name in table:
            if words in where:
                return name
    return reporting_mta


_URLS = re.compile(
    r"protection\.outlook\.com|service\.mail\.qq\.com|help\.mail\.ru|mail\.163\.com/help|support\.apple\.com|support\.google\.com|postmaster\.yahooinc\.com|senders\.yahooinc\.com"
)
_BY_URL = {
    "protection.outlook.com": "Microsoft (Exchange Online)",  # the receiving host, in brackets at the end
    "service.mail.qq.com": "Tencent QQ",
    "help.mail.ru": "Mail.ru",
    "mail.163.com/help": "NetEase (163/126)",
    "support.apple.com": "Apple iCloud",
    "support.google.com": "Gmail",
    "postmaster.yahooinc.com": "Yahoo",
    "senders.yahooinc.com": "Yahoo",
}


def receiver_by_words(text: str) -> str | None:
    """The receiver whose own help page a reply links to, or whose own host it names."""
    found = _URLS.search(text.lower())
    return _BY_URL[found.group()] if found else None
