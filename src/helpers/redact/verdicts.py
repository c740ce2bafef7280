"""What the checks of the original ended in, under the new names; and whether the copy reads the same."""

from __future__ import annotations

from collections.abc import Iterator

from helpers.bounce import Bounce
from helpers.diagnosis import Diagnosis
from helpers.redact.names import Names
from helpers.terms import Basis, Fact, Result


def verdicts_of(diagnosis: Diagnosis, names: Names, *, asked: bool) -> tuple[Fact, ...]:
    """The verdicts of the original. ``asked``: DNS was asked, so they were recomputed."""
    return tuple(_rows(diagnosis, names, "the original, with DNS" if asked else "the original, without DNS"))


def _rows(diagnosis: Diagnosis, names: Names, source: str) -> Iterator[Fact]:
    yield Fact("cause", diagnosis.cause.value, Basis.RECOMPUTED, source)
    bounce = diagnosis.bounce
    if bounce is not None:
        yield Fact("kind", bounce.kind.value, Basis.RECOMPUTED, "the original")
        if bounce.blamed is not None:
            about = f" of {names.domain(bounce.blamed_domain)}" if bounce.blamed_domain else ""
            yield Fact(
                "blamed", f"{bounce.blamed}{about}", bounce.basis or Basis.STATED, "the receiver's words"
            )
        for reply in bounce.replies[:3]:
            if reply.code or reply.enhanced:
                codes = " ".join(str(code) for code in (reply.code, reply.enhanced) if code)
                yield Fact("reply", codes, Basis.STATED, "the receiver's words")
    author = diagnosis.message.author_domain if diagnosis.message is not None else None
    if author:
        yield Fact("author domain", names.domain(author), Basis.RECOMPUTED, "the From header")
    yield from _checks(diagnosis, names, source)


def _checks(diagnosis: Diagnosis, names: Names, source: str) -> Iterator[Fact]:
    for identifier in diagnosis.identifiers:
        aligned = {True: "aligned", False: "not aligned", None: "alignment not known"}[identifier.aligned]
        result = identifier.result.value if identifier.result is not None else "not known"
        value = f"{result} for {names.domain(identifier.domain)}, {aligned}"
        where = source if identifier.basis == Basis.RECOMPUTED else "the original's header"
        yield Fact(identifier.method.upper(), value, identifier.basis, where)
    found = diagnosis.authentication
    if found is None:
        return
    if found.arc is not None and found.arc.result != Result.NONE:
        yield Fact("ARC", found.arc.result.value, Basis.RECOMPUTED, source)
    dmarc = found.dmarc
    value = f"{dmarc.result}, disposition {dmarc.disposition}"
    if dmarc.policy_domain:
        value += f", policy of {names.domain(dmarc.policy_domain)}"
    yield Fact("DMARC", value, Basis.RECOMPUTED, source)


def difference(before: Diagnosis, after: Diagnosis, names: Names) -> str:
    """What the redacted copy no longer tells as the original did; "" when it reads the same."""
    if before.cause != after.cause:
        return f"its cause reads {after.cause.value} instead of {before.cause.value}"
    old, new = _essence(before.bounce, names), _essence(after.bounce, None)
    for what, expected in old.items():
        if expected != new.get(what):
            return f"its {what} reads {new.get(what)} instead of {expected}"
    return ""


def _essence(bounce: Bounce | None, names: Names | None) -> dict[str, object]:
    if bounce is None:
        return {}
    domain = bounce.blamed_domain
    return {
        "kind": bounce.kind.value,
        "blamed": bounce.blamed.value if bounce.blamed is not None else None,
        "blamed domain": names.domain(domain) if names is not None and domain else domain,
        "replies": [(reply.code, reply.enhanced, reply.status) for reply in bounce.replies],
    }
