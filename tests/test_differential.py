"""The same generated cases to the kit and to other implementations; every difference has its reason.

SPF against pyspf and Mail::SPF, DKIM against dkimpy and Mail::DKIM, DMARC (RFC 7489) against OpenDMARC's
library and Mail::DMARC. A difference that no row of the tables here explains fails the test; readers find
the same rows in docs/differences.md.
"""

from __future__ import annotations

import base64
import functools
import ipaddress
import itertools
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from tests.conftest import peer_module

import helpers as h

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
for folder in (HERE, ROOT / "tools"):
    sys.path.insert(0, str(folder))

from peers import cases, opendmarc  # noqa: E402
from samples.making import KEYS, key_record, signed  # noqa: E402

# Deterministic, and without shrinking: a difference is shown as it was found.
THOROUGH = settings(
    max_examples=1500, database=None, deadline=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """Why one peer may say something else: who is right, and where it stands."""

    peer: str
    when: str
    right: str
    rfc: str
    applies: Callable[[Any, str, str], bool]  # the case, what ours says, what the peer says


def explained(
    differences: tuple[Difference, ...], peer: str, case: Any, ours: str, theirs: str
) -> Difference | None:
    return next((one for one in differences if one.peer == peer and one.applies(case, ours, theirs)), None)


# ----------------------------------------------------------------------- peers


def needed(there: bool, what: str) -> None:
    if not there:
        pytest.fail(f"{what} is not installed") if os.environ.get("CI") else pytest.skip(
            f"{what} is not installed"
        )


class Perl:
    """Mail::SPF, Mail::DKIM and Mail::DMARC in one process, which answers one question at a time."""

    def __init__(self) -> None:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(["perl", str(HERE / "peers" / "peers.pl")], text=True, **pipes)

    def ask(self, kind: str, world: cases.World, **question: Any) -> dict[str, Any]:
        zone = {
            f"{name} {rdtype}": [[text] for text in records]
            if rdtype == "TXT" and records != "servfail"
            else records
            for name, types in world.items()
            for rdtype, records in types.items()
        }
        self.process.stdin.write(json.dumps({"kind": kind, "zone": zone, **question}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@pytest.fixture(scope="module")
def perl() -> Iterator[Perl]:
    modules = ("Mail::SPF", "Mail::DKIM::Verifier", "Mail::DMARC::PurePerl", "JSON::PP")
    command = ["perl", *(f"-M{module}" for module in modules), "-e", "1"]
    try:
        there = subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        there = False
    needed(there, "libmail-spf-perl, libmail-dkim-perl or libmail-dmarc-perl")
    peers = Perl()
    yield peers
    peers.process.stdin.close()
    peers.process.wait()


def zone_of(world: cases.World) -> h.Zone:
    def records(rdtype: str, values: Any) -> Any:
        if values == "servfail":
            return h.SERVFAIL
        return [tuple(value) for value in values] if rdtype == "MX" else values

    return h.Zone.from_dict(
        {name: {t: records(t, v) for t, v in types.items()} for name, types in world.items()}
    )


# ------------------------------------------------------------------------- SPF


def pyspf(world: cases.World, client: str, sender: str, helo: str) -> str:
    import spf

    def look_up(name: str, rdtype: str, strict: bool = True, timeout: int = 20) -> list[Any]:
        values = world.get(name.lower().rstrip("."), {}).get(rdtype, [])
        if values == "servfail":
            raise spf.TempError("servfail")
        shape = {
            "TXT": lambda text: [text.encode()],
            "MX": tuple,
            "AAAA": lambda text: ipaddress.ip_address(text).packed,
        }.get(rdtype, str)
        return [((name, rdtype), shape(value)) for value in values]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spf, "DNSLookup", look_up)
        return spf.query(i=client, s=sender, h=helo).check()[0]


def _texts(world: cases.World) -> str:
    return " ".join(text for types in world.values() for text in types.get("TXT", ()) if len(text) > 1)


SPF_DIFFERENCES = (
    Difference(
        "pyspf",
        "DNS fails while ptr looks up the names of the client",
        "ours: the mechanism does not match, evaluation goes on; pyspf ends with temperror",
        "RFC 7208 §5.5",
        lambda case, ours, theirs: theirs == "temperror" and "ptr" in _texts(case[0]),
    ),
    Difference(
        "pyspf",
        "a record includes its own domain, and a term before that matches",
        "ours: evaluation stops at the match; pyspf refuses the record before it looks",
        "RFC 7208 §4.6.2",
        lambda case, ours, theirs: theirs == "permerror" and "include:" in _texts(case[0]) and ours != "none",
    ),
)


def test_spf_is_what_two_other_libraries_say(perl):
    peer_module("spf")
    seen: Counter[str] = Counter()

    @THOROUGH
    @given(cases.spf_worlds())
    def compare(case: tuple[cases.World, str, str, str]) -> None:
        world, client, sender, helo = case
        ours = str(h.check_spf(client_ip=client, mail_from=sender, helo=helo, dns=zone_of(world)).result)
        answers = {
            "Mail::SPF": perl.ask("spf", world, ip=client, sender=sender, helo=helo)["result"],
            "pyspf": pyspf(world, client, sender, helo),
        }
        seen[ours] += 1
        for peer, theirs in answers.items():
            assert ours == theirs or explained(SPF_DIFFERENCES, peer, case, ours, theirs), (
                peer,
                ours,
                theirs,
                case,
            )

    compare()
    assert set(seen) == {"none", "neutral", "pass", "fail", "softfail", "temperror", "permerror"}


# ------------------------------------------------------------------------ DKIM

NAME = "2025._domainkey.signer.example"
NOT_VERIFIED = {"permerror", "temperror", "neutral", "policy"}  # dkimpy and Mail::DKIM don't tell these apart


@functools.cache
def signed_mail(canonicalization: str, headers: str) -> bytes:
    how = {"canonicalization": canonicalization, "headers": headers}
    return signed(cases.MAIL, "signer", at="2025-09-01T10:00:00+00:00", **how)


def dkimpy(message: bytes, record: str | None) -> str:
    import dkim

    def look_up(name: bytes, timeout: int = 5) -> bytes | None:
        if record == "servfail":
            raise dkim.DnsTimeoutError("no answer")
        return record.encode() if record is not None and name.decode().rstrip(".") == NAME else None

    try:
        return "pass" if dkim.DKIM(message).verify(dnsfunc=look_up) else "not verified"
    except dkim.DKIMException:
        return "not verified"


def mail_dkim(perl: Perl, message: bytes, record: str | None) -> str:
    world = {} if record is None else {NAME: {"TXT": "servfail" if record == "servfail" else [record]}}
    ((_, result, _),) = perl.ask("dkim", world, message=base64.b64encode(message).decode())["results"]
    return {"invalid": "not verified"}.get(result, result)


def same_dkim(ours: str, theirs: str) -> bool:
    if theirs == "not verified":
        return ours != "pass"
    return ours == theirs


def _broken_tags(case: list[str]) -> bool:
    names = [what.removeprefix("tag: ")[:2] for what in case if what.startswith("tag: ")]
    return bool({"tag: no v", "tag: twice"} & set(case)) or len(names) > len(set(names))


DKIM_DIFFERENCES = (
    Difference(
        "dkimpy",
        "octets of zero stand before the signature",
        "ours: a signature that is not as long as the modulus is invalid; dkimpy compares numbers",
        "RFC 8017 §8.2.2",
        lambda case, ours, theirs: "tag: b= broken" in case and theirs == "pass",
    ),
    Difference(
        "dkimpy",
        "the key's h= does not list the hash",
        "ours: the key may not be used for it; dkimpy leaves h= unread",
        "RFC 6376 §3.6.1",
        lambda case, ours, theirs: "h=sha1" in case and theirs == "pass",
    ),
    Difference(
        "Mail::DKIM",
        "the version is missing, or a tag stands there twice",
        "ours: such a syntax error is a permerror; Mail::DKIM reads on, and finds that it does not verify",
        "RFC 6376 §3.2",
        lambda case, ours, theirs: _broken_tags(case) and (ours, theirs) == ("permerror", "fail"),
    ),
    Difference(
        "Mail::DKIM",
        "the signature says rsa-sha1 over a hash that is none",
        "both refuse: ours since rsa-sha1 must not be used; Mail::DKIM since it does not verify",
        "RFC 8301 §3.1",
        lambda case, ours, theirs: "tag: a=rsa-sha1" in case and (ours, theirs) == ("policy", "fail"),
    ),
    Difference(
        "Mail::DKIM",
        "nothing at all follows the header",
        "ours: the body was not given back, so it is not known; a receiver who got it like this says fail",
        "RFC 6376 §3.7",
        lambda case, ours, theirs: "body: gone" in case and (ours, theirs) == ("neutral", "fail"),
    ),
)


def dkim_rows() -> Iterator[tuple[str, str, list[Any], Any]]:
    """Every change by itself under every canonicalisation, and every key record."""
    real = cases.KEY_RECORDS[0]
    for how, headers, change in itertools.product(cases.CANONICALIZATIONS, cases.HEADERS, cases.CHANGES):
        yield how, headers, [change], real
    for how, headers, key in itertools.product(cases.CANONICALIZATIONS, cases.HEADERS, cases.KEY_RECORDS):
        yield how, headers, [cases.CHANGES[0]], key


def compare_dkim(perl: Perl, row: tuple[str, str, list[Any], Any]) -> str:
    canonicalization, headers, changes, (key, published) = row
    message, record = signed_mail(canonicalization, headers), published(key_record(KEYS["signer"]))
    for _, old, new in changes:
        message = message.replace(old, new, 1)
    world = {} if record is None else {NAME: {"TXT": "servfail" if record == "servfail" else [record]}}
    (check,) = h.verify_dkim(message, dns=zone_of(world), now=1_756_800_000)
    ours, case = str(check.result), [*(what for what, _, _ in changes), key]
    for peer, theirs in (
        ("dkimpy", dkimpy(message, record)),
        ("Mail::DKIM", mail_dkim(perl, message, record)),
    ):
        assert same_dkim(ours, theirs) or explained(DKIM_DIFFERENCES, peer, case, ours, theirs), (
            peer,
            ours,
            theirs,
            row,
        )
    return ours


def test_dkim_is_what_two_other_libraries_say_of_every_single_change(perl):
    seen = Counter(compare_dkim(perl, row) for row in dkim_rows())
    assert set(seen) == {"pass", "fail", "neutral", "permerror", "temperror", "policy"}


def test_dkim_is_what_two_other_libraries_say_of_changes_together(perl):
    @THOROUGH
    @given(cases.dkim_cases)
    def compare(row: tuple[str, str, list[Any], Any]) -> None:
        compare_dkim(perl, row)

    compare()


# ----------------------------------------------------------------------- DMARC


def decision(check: h.Result) -> str:
    """Ours in the words of a decision: pass, none, temperror, or what is asked for when it fails."""
    if check.result != "fail":
        return str(check.result)
    return "fail" if check.disposition == "none" else str(check.disposition)


def by_opendmarc(case: tuple[cases.World, str, tuple[str, str], list[tuple[str, str]]]) -> str:
    world, author, spf, dkim = case
    for domain in (author, opendmarc.organizational_domain(author)):
        if found := world.get(f"_dmarc.{domain}"):
            return opendmarc.decide(author, found["TXT"][0], domain, spf, dkim)
    return "none"


def by_mail_dmarc(perl: Perl, case: tuple[cases.World, str, tuple[str, str], list[tuple[str, str]]]) -> str:
    world, author, spf, dkim = case
    found = perl.ask("dmarc", world, **{"from": author}, spf=spf, dkim=dkim)
    if "error" in found:
        return "crash"
    wanted = found["disposition"].lower()
    return found["result"] if found["result"] != "fail" else "fail" if wanted == "none" else wanted


def _record(case: Any) -> str:
    world, author = case[0], case[1]
    for domain in (author, opendmarc.organizational_domain(author)):
        if found := world.get(f"_dmarc.{domain}"):
            return str(found["TXT"][0])
    return ""


def _has_policy(record: str) -> bool:
    tags = dict(tag.strip().split("=", 1) for tag in record.split(";") if "=" in tag)
    return tags.get("p", "").lower() in ("none", "quarantine", "reject")


def _bad_sp(record: str) -> bool:
    return "sp=rejected" in record


def _overruled(case: Any) -> bool:
    results = [result for _, result in case[3]]
    return "pass" in results and results.index("pass") < len(results) - 1 and results[-1] != "pass"


DMARC_DIFFERENCES = (
    *(
        Difference(
            peer,
            "DNS failed for an identifier that would align, and nothing else aligns",
            f"ours: temperror, since it may have been a pass; {peer} has no such result and takes a fail",
            "RFC 7489 §6.6.2",
            lambda case, ours, theirs: ours == "temperror",
        )
        for peer in ("OpenDMARC", "Mail::DMARC")
    ),
    Difference(
        "OpenDMARC",
        "the record has no valid p or sp, and asks for reports",
        "ours: it counts as p=none, so aligned mail passes and other mail fails; OpenDMARC drops the record",
        "RFC 7489 §6.6.3",
        lambda case, ours, theirs: (
            theirs == "none" and (not _has_policy(_record(case)) or _bad_sp(_record(case)))
        ),
    ),
    Difference(
        "OpenDMARC",
        "adkim has a value that does not exist",
        "ours: the tag is left aside, the rest of the record holds; OpenDMARC drops the record",
        "RFC 7489 §6.3",
        lambda case, ours, theirs: theirs == "none" and "adkim=x" in _record(case),
    ),
    Difference(
        "OpenDMARC",
        "a signature that aligns only relaxed passes, and a later one fails",
        "ours: one aligned pass is enough; OpenDMARC 1.4.2 lets the later one take its place",
        "RFC 7489 §6.6.2",
        lambda case, ours, theirs: ours == "pass" and _overruled(case),
    ),
    Difference(
        "OpenDMARC",
        "aspf=s, and SPF passed for a subdomain of the author domain",
        "ours: strict means the same name; OpenDMARC 1.4.2 lets it align",
        "RFC 7489 §3.1.2",
        lambda case, ours, theirs: theirs == "pass" and "aspf=s" in _record(case),
    ),
    Difference(
        "Mail::DMARC",
        "there is a record, and it is no policy: nothing was evaluated",
        "ours: none; Mail::DMARC leaves its result at fail, with disposition none",
        "RFC 7489 §6.6.3",
        lambda case, ours, theirs: (ours, theirs) == ("none", "fail") and _record(case) != "",
    ),
    Difference(
        "Mail::DMARC",
        "p or sp has a value that does not exist, and the record asks for reports",
        "ours: it counts as p=none; Mail::DMARC takes no notice of it, keeps sp, or ends with an error",
        "RFC 7489 §6.6.3",
        lambda case, ours, theirs: (
            "rua=" in _record(case) and (not _has_policy(_record(case)) or _bad_sp(_record(case)))
        ),
    ),
)


def test_dmarc_by_the_old_rules_is_what_two_other_libraries_say(perl):
    needed(opendmarc.library() is not None, "libopendmarc2 or publicsuffix")
    seen: Counter[str] = Counter()

    @THOROUGH
    @given(cases.dmarc_worlds())
    def compare(case: tuple[cases.World, str, tuple[str, str], list[tuple[str, str]]]) -> None:
        world, author, spf, dkim = case
        check = h.evaluate_dmarc(
            author_domain=author, spf=spf, dkim=dkim, dns=zone_of(world), rules="rfc7489"
        )
        ours = decision(check)
        seen[ours] += 1
        for peer, theirs in (("OpenDMARC", by_opendmarc(case)), ("Mail::DMARC", by_mail_dmarc(perl, case))):
            assert ours == theirs or explained(DMARC_DIFFERENCES, peer, case, ours, theirs), (
                peer,
                ours,
                theirs,
                case,
            )

    compare()
    assert set(seen) == {"pass", "none", "temperror", "fail", "quarantine", "reject"}


# ----------------------------------------------------------------------- table


def table(differences: tuple[Difference, ...]) -> list[str]:
    rows = ["| peer | when | who is right | where it stands |", "|---|---|---|---|"]
    return rows + [f"| {one.peer} | {one.when} | {one.right} | {one.rfc} |" for one in differences]


@pytest.mark.parametrize(
    "differences", [SPF_DIFFERENCES, DKIM_DIFFERENCES, DMARC_DIFFERENCES], ids=["spf", "dkim", "dmarc"]
)
def test_readers_find_every_difference_in_the_table(differences):
    page = (ROOT / "docs" / "differences.md").read_text(encoding="utf-8")
    assert "\n".join(table(differences)) in page
