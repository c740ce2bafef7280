"""Running text with its names replaced: addresses, hosts, IPs, links and known words, in one pass.

`Scrubber.words` keeps all other words, for what servers write; `Scrubber.shape` keeps none of
them, only their length, for fields that nobody here knows.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import quote, unquote

from helpers.redact.locals import redact_local
from helpers.redact.names import Names
from helpers.redact.public import listed, service_of

# What ends a local part, the marks of languages without blanks included.
_L = (
    r"\s<>()\[\],;:\"@|\\\x00-\x1f\u201c\u201d\u201e\u00ab\u00bb\u3001\u3002\u300c\u300d"
    r"\u3010\u3011\uff08\uff09\uff1a\uff1b\uff0c"
)
_TOKEN = re.compile(
    rf"""
    (?P<url>https?://[^\s<>"\u3000-\u303f]++)
  | (?P<quoted>"[^"\r\n@]{{1,64}}")@(?P<quoted_at>[\w.\-]++)
  | (?<![^{_L}'])(?P<local>[^{_L}'][^{_L}]*+)@(?P<at>\[[^\]\s]{{1,80}}\]|[\w.\-]++|)
  | (?<![^{_L}'])(?P<coded_local>[^{_L}'%+=][^{_L}]*?)(?P<coded>%40|\+40|=40|&\#64;)(?P<coded_at>[\w.\-]++)
  | (?<![\w:.])(?P<v6>(?:[A-Za-z][A-Za-z0-9]{{0,15}}:)?(?:[0-9A-Fa-f]{{0,4}}:){{2,7}}[0-9A-Fa-f.]{{0,15}})
        (?![A-Za-z0-9:])(?:/(?P<v6_length>\d{{1,3}})(?!\d))?
  | (?<![A-Za-z0-9_])(?<![A-Za-z0-9_]\.)(?P<domain>(?:\*\.)?(?:[A-Za-z0-9_][A-Za-z0-9_\-]{{0,62}}\.)+
        (?:xn--[A-Za-z0-9\-]{{1,59}}|[A-Za-z][A-Za-z0-9\-]{{0,62}}))(?![A-Za-z0-9_])
  | (?<![A-Za-z0-9.])(?P<v4>\d{{1,3}}(?:\.\d{{1,3}}){{3}})(?:/(?P<v4_length>\d{{1,2}})(?!\d))?
        (?![A-Za-z0-9_])(?!\.\d)
  | (?P<word>(?>[A-Za-z0-9](?:(?:[A-Za-z0-9_\-]|\.(?!\.))*[A-Za-z0-9])?)(?![\u00c0-\u024f])
        |[A-Za-z0-9\u00c0-\u024f]+|[^\x00-\x7f\W_]+)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_PROPERTY = re.compile(  # RFC 8601 §2.7 and what receivers add
    r"(?:smtp|header|body|policy|dns|iprev|tls|arc|auth|bimi|x-[\w-]{1,30})\."
    r"(?:mailfrom|mfrom|mail|from|helo|ehlo|auth|rcptto|client-ip|remote-ip|[disab]|iprev|dmarc|published-domain-policy|"
    r"published-subdomain-policy|applied-disposition|evaluated-disposition|override-reason|arc-aware-result|sec|"
    r"oldest-pass|chain|sender|envfrom|version|cipher|spf|dkim|policy|ptr|dnssec|selector)",
    re.IGNORECASE,
)
_KEYED = re.compile(
    r"((?:(?:smtp|header|policy|body)\.[\w.-]{1,40}|envelope-from|envelope-sender|from|to|for|rcpt|rcpt_to|orcpt|"
    r"mail_from|mail|user|helo|i|id|r|d|s|h|u|e|identity|sender|mailfrom|mfrom|address|addr|email|mail|client|auth|x|"
    r"recipient|sasl_username|account|login|reason|value|title|alt|content|href|p|rua|ruf|uid|name)=['\"]?)(.*)",
    re.IGNORECASE | re.DOTALL,
)
_CODES = listed("reply_codes")
_FILES = listed("file_endings")
_CIPHER = re.compile(r"(?:TLS|SSL|ECDHE|DHE|AES|RSA|CHACHA|DES|EDH|AEAD)[-_A-Z0-9.]*|ISO-\d.*|SHA\d+", re.I)
_IP_INSIDE = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
_PIECE = re.compile(r"[^\W_]+")
_MARKS = re.compile(r"^[*>=\-.!#&\u2022\u00b7]+")
MAX_BLURRED = 60  # characters of a word whose length is told
MAX_LINKS = 5  # links in links that are read, as scanners of mail wrap them; what is deeper goes
MAX_ID = 12  # characters from which on a mixture of letters and digits is an id
_KEPT_VALUES = listed("kept_values")


class Scrubber:
    """Goes through text with one table of names."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self._links = 0  # how many links the text at hand is in

    def words(self, text: str) -> str:
        """The text with names replaced and everything else kept."""
        pieces = self.names.hostnames.parted(self.names.replace_phrases(text))
        return "".join(
            [
                self.names.domain(piece) if number % 2 else _TOKEN.sub(self._keep, piece)
                for number, piece in enumerate(pieces)
            ]
        )

    def shape(self, text: str) -> str:
        """The text with names replaced, of all other words only the length."""
        return _TOKEN.sub(self._blur, text)

    def _keep(self, found: re.Match[str]) -> str:
        known = self._known(found)
        return self._word(found.group()) if known is None else known

    def _blur(self, found: re.Match[str]) -> str:
        known = self._known(found)
        if known is not None:
            return known
        text = found.group()
        return text if self.names.collecting else _PIECE.sub(_blurred, text)

    def _known(self, found: re.Match[str]) -> str | None:
        """The replacement of everything but words; None for a word."""
        if found["word"]:
            return None
        if found["url"]:
            return self.url(found["url"])
        if found["quoted"]:
            return self.address(found["quoted"], found["quoted_at"])
        if found["local"]:
            return self.address(found["local"], found["at"])
        if found["coded"]:
            return self.address(found["coded_local"], found["coded_at"], found["coded"])
        if found["v6"]:
            return self._v6(found["v6"], found["v6_length"])
        if found["v4"]:
            return self.names.ip(found["v4"], int(found["v4_length"]) if found["v4_length"] else None)
        return self._domain(found)

    # ---------------------------------------------------------------- kinds

    def address(self, local: str, domain: str, at: str = "@") -> str:
        """An address in running text; marks and keys before it stay."""
        if keyed := _KEYED.fullmatch(local):
            return keyed.group(1) + self._after_key(keyed.group(2), domain, at)
        marks = _MARKS.match(local)
        before = marks.group() if marks else ""
        local = local[len(before) :]
        if not local.isascii() and _end_of_domain(domain)[0].isascii():  # words of a language without blanks
            cut = max(index for index, letter in enumerate(local) if not letter.isascii()) + 1
            if cut < len(local):
                before, local = before + self._word_pieces(local[:cut]), local[cut:]
        return before + self._after_key(local, domain, at)

    def _after_key(self, local: str, domain: str, at: str) -> str:
        domain, after = _end_of_domain(domain)
        old_domain = domain
        new_local = redact_local(local, domain, self)
        if domain.startswith("["):
            inside = domain[1:-1]
            tag = "IPv6:" if inside.lower().startswith("ipv6:") else ""
            domain = f"[{tag}{self.names.ip(inside[len(tag) :])}]"
        elif domain:
            domain = self.names.domain(domain)
        new = f"{new_local}{at}{domain}"
        self.names.note_address(f"{local}@{old_domain}", f"{new_local}@{domain}")
        return new + (self.words(after) if after else "")

    def url(self, url: str) -> str:
        """A link: the path stays where it is a public service's page, names in it replaced."""
        end = url.rstrip(".,;:!?)]}'")
        end += "::" if url.startswith("::", len(end)) else ""  # the end of an IPv6 address
        after = url[len(end) :]
        scheme, _, rest = end.partition("://")
        host = re.match(r"[^/?#]*", rest).group()  # type: ignore[union-attr]
        path = rest[len(host) :]
        host, colon, port = host.rpartition("@")[2].partition(":")
        keep = service_of(host.lower().rstrip(".")) is not None and self.names.keep_public
        path = self._path(path, keep=keep)
        return f"{scheme}://{self._host_text(host)}{colon}{port}{path}{after}"

    def _path(self, path: str, *, keep: bool) -> str:
        """What follows the host of a link; its names are to be known elsewhere, too."""
        plain = unquote(path)
        new = self._words_of_link(plain)
        if new is None or not keep:
            return "/path" if len(path) > 1 and not self.names.collecting else path
        if new == plain:
            return path
        return quote(new, safe="/?&=;:+,~#.-_!*'()$" + ("" if "%40" in path else "@"))

    def _words_of_link(self, text: str) -> str | None:
        """`words`; None where links are in links so deep that a hostile mail is all that does it."""
        if self._links == MAX_LINKS:
            return None
        self._links += 1
        try:
            return self.words(text)
        finally:
            self._links -= 1

    def _host_text(self, host: str) -> str:
        if re.fullmatch(r"[\d.]+", host):
            return self.names.ip(host)
        return self.names.domain(host) if "." in host else self.names.host(host)

    def _v6(self, text: str, length: str | None) -> str:
        tail = f"/{length}" if length else ""
        for start in (0, text.find(":") + 1):
            try:
                address = ipaddress.IPv6Address(text[start:].rstrip("."))
            except ValueError:
                continue
            end = text[start:][len(text[start:].rstrip(".")) :]
            new = self.names.ip(str(address), int(length) if length else None)
            return text[:start] + (text[start:] + tail if self.names.collecting else new + end)
        return _IP_INSIDE.sub(lambda found: self.names.ip(found.group()), text) + tail

    def _domain(self, found: re.Match[str]) -> str | None:
        """A host name; None for what only looks like one: a file, a code, two sentences without a blank."""
        text = found["domain"]
        known = self.names.word(text)
        if known is not None:
            return known
        labels = text.split(".")
        top = labels[-1]
        if _PROPERTY.fullmatch(text) or _is_key(found, labels[0]):
            return text
        if labels[0].lower() in _CODES or len(top) < 2 or (top.lower() in _FILES and len(labels) == 2):
            return None
        if top[0].isupper() and not top.isupper() and top.lower() not in _TOPS:
            return None
        return self.names.domain(text)

    def _word(self, word: str) -> str:
        """A word of running text: replaced where it names somebody, or is an id."""
        known = self.names.word(word)
        if known is not None:
            return known
        if "." in word and _IP_INSIDE.search(word):
            return _IP_INSIDE.sub(lambda found: self.names.ip(found.group()), word)
        if is_id(word):
            return self.names.ident(word)
        return self._word_pieces(word)

    def _word_pieces(self, text: str) -> str:
        return _PIECE.sub(lambda found: self.names.word(found.group()) or found.group(), text)


def _is_key(found: re.Match[str], first: str) -> bool:
    """Is this ``policy.something=`` of a receiver's own making?"""
    return (
        first.lower() in ("policy", "header", "smtp", "body")
        and found.string[found.end() : found.end() + 1] == "="
    )


_TOPS = listed("common_tops")


def is_id(word: str) -> bool:
    """Long, with letters and digits mixed: no word of any language."""
    if len(word) < MAX_ID or not word.isascii() or _CIPHER.fullmatch(word):
        return False
    digits = sum(character.isdigit() for character in word)
    if not any(character.isalpha() for character in word):
        return max(len(piece) for piece in re.split(r"[^0-9]", word)) > 9
    is_base64 = len(word) >= 2 * MAX_ID and digits and not word.islower() and not word.isupper()
    return digits >= 4 or bool(is_base64)


def _blurred(found: re.Match[str]) -> str:
    """Only the length of a word is left of it, and whether it is a number."""
    word = found.group()
    if word.lower() in _KEPT_VALUES:
        return word
    return ("0" if word.isdigit() else "x") * min(len(word), MAX_BLURRED)


def _end_of_domain(domain: str) -> tuple[str, str]:
    """A domain in running text without the sentence's full stop, or the words that touch it."""
    if domain.startswith("["):
        return domain, ""
    end = domain.rstrip(".-_")
    if not end.isascii():
        found = re.match(r"(?:[A-Za-z0-9_-]+\.)+[A-Za-z]{2,}(?=[^\x00-\x7f])", end)
        found = found or re.match(r"(?:[\w-]+\.)+[A-Za-z]{2,}(?=[^\x00-\x7f])", end)
        if found:
            return found.group(), domain[found.end() :]
    return end, domain[len(end) :]
