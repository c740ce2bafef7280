"""What may stay as it is: services that everybody uses, words of mail systems, names of roles.

Public services are in the mail of millions and tell nothing about its people; the receivers' own
names and help pages are what a refusal is recognised by. Everything else is replaced.
"""

from __future__ import annotations

import re

# ------------------------------------------------------------------ services

# Their hosts carry no customer's name: names below these stay whole.
_OWN_HOSTS = frozenset(
    """google.com googlemail.com gmail.com 1e100.net yahoo.com yahoo.co.jp yahoodns.net yahooinc.com
    apple.com icloud.com me.com mac.com akadns.net mail.ru yandex.ru yandex.net yandex.com qq.com
    microsoft.com hotmail.com live.com msn.com aol.com aka.ms openspf.org openspf.net pobox.com
    spamhaus.org docomo.ne.jp ezweb.ne.jp softbank.jp cm2.dti.ne.jp""".split()
)
# Their customers have names below these: labels that are not of the service's own kind are replaced.
_SERVICES = _OWN_HOSTS | frozenset(
    """googlegroups.com googleusercontent.com gappssmtp.com psmtp.com
    outlook.com outlook.de outlook.jp office365.com office.com onmicrosoft.com windows.net
    amazonses.com amazonaws.com awsapps.com aws.com amazon.com
    mailgun.org mailgun.net mailgun.com sendgrid.net sendgrid.com sendgrid.info twilio.com
    mailtrap.io mailtrap.net mailtrap.live smtp.mailtrap.live postmarkapp.com pm.mtasv.net mtasv.net
    sparkpostmail.com sparkpost.com mailchimp.com mandrillapp.com mcsv.net mcdlv.net rsgsv.net
    brevo.com sendinblue.com mailjet.com mailersend.net mailersend.com resend.com smtp2go.com
    elasticemail.com zendesk.com freshdesk.com hubspotemail.net exacttarget.com salesforce.com
    pphosted.com ppe-hosted.com proofpoint.com mimecast.com messagelabs.com symanteccloud.com
    barracudanetworks.com barracudacentral.org cloudfilter.net trendmicro.com fireeyecloud.com etp.fireeye.com
    secureserver.net gmx.net gmx.com gmx.de web.de mail.com 1und1.de kundenserver.de ionos.com t-online.de
    comcast.net cox.net charter.net rr.com att.net verizon.net laposte.net orange.fr wanadoo.fr free.fr sfr.fr
    softbank.ne.jp biglobe.ne.jp nifty.com so-net.ne.jp ocn.ne.jp au.com dti.ne.jp plala.or.jp
    facebook.com facebookmail.com cloudflare.net cloudflare.com cloudflare-email.net
    emailsrvr.com infomaniak.com infomaniak.ch hostpoint.ch protonmail.ch protonmail.com proton.me
    messagingengine.com fastmail.com i.ua zoho.com zoho.eu zohomail.com
    163.com 126.com netease.com mxhichina.com aliyun.com sina.com
    squarespace.com squarespacedns.com github.com linkedin.com twitter.com
    spamcop.net sorbs.net uceprotect.net surriel.com kitterman.com dmarcian.com dmarc.org
    ietf.org rfc-editor.org postfix.org exim.org dnswl.org returnpath.net validity.com""".split()
)
_PUBLIC_NAMES = frozenset(["smtpclient.apple"])  # what macOS and iOS say in EHLO


def service_of(name: str) -> str | None:
    """The public service that a host name (lower case) belongs to, None for anybody else's."""
    if name in _PUBLIC_NAMES:
        return name
    labels = name.split(".")
    for start in range(max(0, len(labels) - 6), len(labels) - 1):
        candidate = ".".join(labels[start:])
        if candidate in _SERVICES:
            return candidate
    return None


def has_own_hosts(service: str) -> bool:
    """Are all names below this service its own?"""
    return service in _OWN_HOSTS


# ----------------------------------------------------------- labels, local parts

_GENERIC = (
    "a|alt|app|aspmx|autodiscover|b|bounce|bounces|c|client|corp|customer|dkim|dmarc|dns|dyn|dynamic|e|edge|"
    "email|email-smtp|eop|eu|feedback|ftp|gateway|gmail-smtp-in|gw|host|hosts|imap|in|inbound|internal|isp|jp|"
    "l|list|lists|m|mail|mail-in|mail-inbound|mail-out|mailer|mailhost|mailout|mailserver|mbox|mda|mg|mg-in|mgin|"
    "mgout|monitor|msa|msg|mta|mta-in|mta-out|mx|mx-aol|mxa|mxb|mxs|net|netblocks|news|newsletter|node|notify|ns|"
    "o|olc|out|outbound|outlook|p|pop|post|postmaster|pp|prod|protection|ptr|rdns|relay|reply|return|returns|rp|s|"
    "send|sender|server|service|services|simulator|smtp|smtp-in|smtp-out|smtp-relay|smtpd|smtpout|so|spf|"
    "static|sub|support|transport|u|uk|us|user|users|v|vps|vs|web|webmail|www|x"
)
_GENERIC_LABEL = re.compile(rf"_?(?:{_GENERIC})[-_]?[a-z]?\d{{0,3}}(?:-\d{{1,3}})?")
_REGION = re.compile(r"(?:us|eu|ap|ca|sa|me|af)-(?:north|south|east|west|central)[a-z]{0,5}-\d")
_RECORD_LABELS = frozenset(
    ["_dmarc", "_domainkey", "_spf", "_adsp", "_report", "_smtp", "_tls", "*", "_mta-sts"]
)
_SELECTOR = re.compile(
    r"(?:s|k|m|key|sel|selector|dkim|dk|mail|email|google|default|smtp|mx|mandrill|pic|krs|mailo|mta|arc|svc|"
    r"zmail|fm|hs|sig|rsa|ed|ed25519|test|main|x|pm|mg|mt|mte|everlytickey|protonmail|arcselector|spop)?"
    r"[-_]?\d{0,8}[a-z]?\d{0,4}"
)


def is_generic_label(label: str) -> bool:
    """Could this label (lower case) stand in anybody's host name, such as ``mail2``?"""
    return (
        label in _RECORD_LABELS
        or _GENERIC_LABEL.fullmatch(label) is not None
        or _REGION.fullmatch(label) is not None
    )


def is_generic_selector(label: str) -> bool:
    """A DKIM selector that says nothing about its owner, such as ``s1`` or ``20230601``."""
    return _SELECTOR.fullmatch(label) is not None


ROLES = frozenset(
    """abuse admin administrator apache bounce bounces complaints contact daemon dmarc dmarc-noreply
    double-bounce fbl feedback feedback-report hostmaster info list listserv mail mail-daemon mailer
    mailer-daemon mailerdaemon mailmaster majordomo mdaemon newsletter no-reply nobody noreply
    notifications office owner post_master postmaster reports request return returns root sales
    scomp spam staff support sysadmin test undisclosed-recipients uucp webmaster www www-data""".split()
)

# ------------------------------------------------------------------ words

# Words of mail systems: a known name that is one of these is not replaced where it is only a word.
WORDS = frozenset(
    """a about accept accepted access account action actual added address addressed addresses administrator administrators after
    alert all allowed also amavis an and answer any are arf at attached attachment attempt attempts auth authenticate
    authenticated authentication auto automated automatic automatically away back bad because been before below block blocked
    body bounce bounced bounces bulk but by can cannot center check client code command complaint complete connect
    connection copy corporation could courier created customer daemon dagger data date day days deferred delay
    delayed delete deliver deliverable delivered delivering delivery denied description details detected diagnostic did dkim dmarc
    dns do does domain domains domino due during email empty end error errors exceeded exchange exim exist exists expired fail
    failed failing failure failures feedback field file filter final following for format found four free from full further
    gateway gmail google hard have header headers help here hold host hosts hour hours hotmail http https icloud id identity
    if in inbound inbox incident incoming info information input internal internet invalid ip ipv is it its
    last length level limit line list listed local log long loop mail mailbox mailer mailgun mails make manager max message
    messages microsoft missing more mta name native net network new news no non none not note notice notification
    notify null number of office on one only open option or original other our out outbound outgoing outlook over
    page part pass passed past pending per permanent permanently permitted please policy post postfix postmaster
    prevented problem process processing prohibited protection protocol quarantine queue quota reach reason received receiver
    recipient recipients record records refused reject rejected rejection related relay remote removed reply report reported
    reports request required resolver result retry return returned returning returns route rule rules said see
    send sender senders sendgrid sending sendmail sent server service session set signature site size smtp some soon sorry
    source spam spf spoof status stopped still subject submission subsystem such support suspicious system systems technical temporarily
    temporary test text than that the them then there these this time timed timeout to too transaction transcript transport
    trouble true try trying type unable unauthenticated undeliverable undelivered unknown unreachable unrouteable unsent
    unsubscribe until up use user users using valid verification verify version via violation virus wait warning was web
    webmaster were what when which while will with within without wrong yahoo you your
    example sample domain company business group team test online direct digital global first home help shop store
    world work""".split()
)

# How reports of a failure are headed; for subjects, in several languages.
FAILURE_WORDS = re.compile(
    r"undeliver|deliver(?:y|ed)|delivering|returned?\b|failure|bounce|could not|non ?remis|reject|mail error|"
    r"not be sent|unzustellbar|zustell|error sending|mail system error|returning message|no entregado|"
    r"no se puede entregar|n\u00e3o entregue|non recapitabile|complaint about message|feedback|abuse report|"
    r"authentication failure|warning|delayed|\u9000\u4fe1|\u672a\u9001\u8fbe|\u65e0\u6cd5\u9001\u8fbe|"
    r"\u914d\u4fe1\u4e0d\u80fd|\u4e0d\u9054|\u30e1\u30fc\u30eb\u30a8\u30e9\u30fc|"
    r"\u0434\u043e\u0441\u0442\u0430\u0432\u043b",
    re.IGNORECASE,
)
ANSWER_WORDS = re.compile(
    r"(?:auto[ :-]*(?:matic |matische |mated )?(?:reply|response|antwort)?|automatic reply|out[ -]of[ -](?:the )?office|away|"
    r"vacation|abwesen\w*|r.ponse automatique|respuesta autom\w*|risposta autom\w*|\u81ea\u52d5\w*)",
    re.IGNORECASE,
)
