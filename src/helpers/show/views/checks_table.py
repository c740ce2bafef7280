"""Checks of one kind side by side: what was tried, how it ended, and which part of the check noticed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from helpers.show.views.rows_table import RowsTable
from helpers.show.views.view import Cell
from helpers.terms import DkimCheck, DmarcCheck, KeyState, Policy, Result, SpfCheck

_FITS = {True: "✔ fits", False: "✘ differs", None: "– not checked"}
_KEYS = {None: "– not asked for", KeyState.FOUND: "✔ found"}  # any other state is a fault
_ASKED = {
    Policy.NONE: "nothing",
    Policy.QUARANTINE: "quarantine",
    Policy.REJECT: "reject",
}


class ChecksTable(RowsTable):
    """Checks of one kind, a row each. `to_frame` gives the same rows."""

    __slots__ = ()


def checks_table(checks: Mapping[str, SpfCheck | DkimCheck | DmarcCheck]) -> ChecksTable:
    """Checks of one kind as a table, in the order they are given: ``{"what was tried": check, …}``.

    SPF: result, domain and what decided. DKIM: result, and what became of the body hash, the
    signature over the header and the key record. DMARC: result, where the policy stands, and what
    the domain owner asks of receivers for this message. Each row ends with the check's own reason.

    Raises TypeError when there are none, when they are of several kinds, or of a kind without a table.
    """
    given = dict(checks)
    kinds = {type(check) for check in given.values()}
    if len(kinds) != 1 or not kinds <= set(_TABLES):
        names = ", ".join(sorted(kind.__name__ for kind in kinds)) or "nothing"
        raise TypeError(f"checks_table takes checks of one kind, SPF, DKIM or DMARC, by name, not {names}")
    title, columns, row = _TABLES[kinds.pop()]
    rows = tuple((str(tried), *row(check)) for tried, check in given.items())
    return ChecksTable(title, ("tried", *columns), rows)


def _spf_row(check: SpfCheck) -> tuple[str, ...]:
    return check.result.value, check.domain, check.matched or "nothing", check.reason


def _dkim_row(check: DkimCheck) -> tuple[str, ...]:
    state = check.key_state
    return (
        check.result.value,
        _FITS[check.body_hash_ok],
        _FITS[check.signature_ok],
        _KEYS.get(state, f"✘ {state}"),
        check.reason,
    )


def _dmarc_row(check: DmarcCheck) -> tuple[str, ...]:
    mark = {Result.PASS: "✔ ", Result.FAIL: "✘ "}.get(check.result, "")  # here alignment has decided
    return f"{mark}{check.result}", check.policy_domain or "–", _ASKED[check.disposition], check.reason


_TABLES: dict[type, tuple[str, tuple[str, ...], Callable[[Any], tuple[Cell, ...]]]] = {
    SpfCheck: ("SPF checks", ("SPF", "for", "decided by", "why"), _spf_row),
    DkimCheck: ("DKIM checks", ("DKIM", "body hash", "signature", "key record", "why"), _dkim_row),
    DmarcCheck: ("DMARC checks", ("DMARC", "policy of", "asked for", "why"), _dmarc_row),
}
