"""The check of one DKIM signature."""

from __future__ import annotations

from helpers.show.views.terms import steps_table
from helpers.show.views.view import View, about_table, view_of
from helpers.terms import DkimCheck


@view_of.register
def _(check: DkimCheck) -> View:
    state = {True: "yes", False: "no", None: "not checkable"}
    about = about_table(
        (
            ("selector", check.selector),
            ("algorithm", check.algorithm),
            ("canonicalization", check.canonicalization),
            ("signed headers", ", ".join(check.signed_headers)),
            ("body hash fits", state[check.body_hash_ok]),
            ("signature fits", state[check.signature_ok]),
            ("key bits", check.key_bits),
            ("reason", check.reason),
        )
    )
    domain = check.domain or "no domain"
    return View(
        f"DKIM {check.result} for {domain}", tables=(steps_table(check.steps), about), notes=check.warnings
    )
