"""The judges of all lessons: what does the job is right, what is wrong is said, nothing trips them."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import nbformat
import pytest
from tests.judging import is_right, is_told

import helpers as h

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
MODULES = sorted(path.stem for path in (ROOT / "src/helpers/exercises").glob("lesson_*.py"))
TABLE = {
    name: exercise
    for module in MODULES
    for name, exercise in import_module(f"helpers.exercises.{module}").EXERCISES.items()
}
ZONE = h.sample_zone("fujiba")
POSTMARK = h.services.records_for("postmark", domain="fujiba.net", example=True)
SHOP = {"author domain": "shop.example", "MAIL FROM": "r@return.sending-service.example"}


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("00-spf-domain", "fujiba.net"),
        ("00-spf-domain", " Mail.Fujiba.NET. "),
        ("00-spf-domain", "<monthly@fujiba.net>"),
        ("00-policy-name", "_dmarc.fujiba.net"),
        ("01-names", SHOP | {"signing domain": "Sending-Service.example"}),
        ("01-words", "550 5.7.1 192.0.2.41 is not permitted to send mail from example.com"),
        ("01-words", "550-5.7.1 SPF check failed\n550 5.7.1 for example.com"),
        ("07-from-home", "v=spf1 include:mailgun.org ip4:203.0.113.77 ~all"),
        ("07-from-home", "v=spf1 ip4:203.0.113.64/26 include:mailgun.org -all"),
        ("07-from-home", ["v=spf1 +ip4:203.0.113.77 redirect=mailgun.org"]),
        ("07-junk", "v=DMARC1; p=quarantine"),
        ("07-junk", "v=DMARC1; p=reject; t=y"),
        ("08-right-for", "workspace"),
        ("08-gently", "v=DMARC1; t=y; p=reject"),
        ("08-gently", "  v=DMARC1; t=y; p=reject\n"),
        ("09-both-strict", "mailgun"),
        ("09-both-strict", "Fastmail"),
        ("09-needs", {"messages_per_month": 50_000, "max_price_usd": 10}),
        ("10-hosts", {"SPF record": "@", "DMARC record": "_dmarc", "DKIM key": "K1._domainkey"}),
        ("10-set-up", h.services.publish(ZONE, POSTMARK)),
        ("10-set-up", h.services.publish(ZONE, POSTMARK[:1])),
        ("10-exception", "v=DMARC1; p=reject; sp=none"),
        ("10-exception", ["v=DMARC1; sp=none; p=reject; np=reject"]),
    ],
)
def test_whatever_does_the_job_is_right(exercise: str, answer: Any) -> None:
    is_right(exercise, answer)


@pytest.mark.parametrize(
    ("exercise", "answer", "words"),
    [
        ("00-spf-domain", "gmail.com", "gmail.com and fujiba.net have different organizational domains"),
        ("00-spf-domain", "not a domain", "no domain name"),
        ("00-spf-domain", "MAIL FROM a@gmail.com, From b@fujiba.net", "no domain name"),
        ("00-policy-name", "fujiba.net", "dmarc=fail as before"),
        ("00-policy-name", "_dmarc.example.com", "Nothing is published"),
        (
            "01-names",
            SHOP | {"MAIL FROM": "shop.example", "signing domain": "gmail.com"},
            "shop.example is not its MAIL FROM, it is its author domain. gmail.com is not its signing domain",
        ),
        ("01-names", SHOP, "a domain for each"),
        ("01-words", "550 5.7.26 SPF check failed", "finds 5.7.26"),
        ("01-words", "550 5.7.1 rejected by the DMARC policy of example.com", "refusal about DMARC"),
        ("01-words", "550 5.7.1 Relaying denied", "not about authentication"),
        ("01-words", "hello", "no reply of a server"),
        ("07-from-home", "v=spf1 include:mailgun.org ~all", "spf=softfail"),
        ("07-from-home", "v=spf1 include:mailgun.org +all", "lets anybody in"),
        ("07-from-home", "v=spf1 ip4:203.0.113.77 ~all", "Mailgun's mail does not any more"),
        ("07-from-home", ["v=spf1 include:mailgun.org ~all", "v=spf1 ip4:203.0.113.77 ~all"], "permerror"),
        ("07-junk", "v=DMARC1; p=none", "the forger's as well"),
        ("07-junk", "p=quarantine", "dmarc=none"),
        ("08-right-for", "gmail", "before and after: SPF was asked about gmail.com"),
        ("08-right-for", "forwarder", "passes without the advice"),
        ("08-right-for", "outlook", "no relay of the lab"),
        ("08-gently", "v=DMARC1; p=reject; pct=0", "nothing in it makes that milder"),
        ("08-gently", "v=DMARC1; p=quarantine", "should announce reject"),
        ("09-both-strict", "mailtrap", "one of the two"),
        ("09-both-strict", "gmail", "neither"),
        ("09-needs", {}, "Mailtrap comes first. Amazon SES does not: Free for 6 months only"),
        ("09-needs", {"colour": "blue"}, "can't work with that"),
        (
            "10-hosts",
            dict.fromkeys(("SPF record", "DMARC record", "DKIM key"), "fujiba.net"),
            "fujiba.net.fu",
        ),
        ("10-set-up", ZONE, "dmarc=fail: DKIM passed for pm.mtasv.net"),
        ("10-set-up", h.services.publish(ZONE.without("fujiba.net"), POSTMARK), "is gone: MX at fujiba.net"),
        (
            "10-set-up",
            h.services.publish(ZONE.with_records("_dmarc.fujiba.net", "TXT", ["v=DMARC1; p=none"]), POSTMARK),
            "a forger is no longer refused",
        ),
        ("10-exception", "v=DMARC1; p=reject", "meets reject, like a forgery"),
        ("10-exception", "v=DMARC1; p=none", "meets none: he should be refused"),
    ],
)
def test_what_is_wrong_with_an_answer_is_said_and_never_the_answer(
    exercise: str, answer: Any, words: str
) -> None:
    is_told(exercise, answer, words)


def test_the_names_of_lesson_01_are_those_of_its_message() -> None:
    mail = h.read_message(ROOT / "data/sample_headers/monitoring.eml")
    (signature,) = h.verify_dkim(mail, dns=h.sample_zone("monitoring"))
    names = {
        "author domain": mail.author_domain,
        "MAIL FROM": mail.return_path,
        "signing domain": signature.domain,
    }
    assert h.check_answer("01-names", names).right


# ------------------------------------------------------------------- every lesson's


ODD: list[Any] = [
    *(None, 0, -1, 1.5, float("nan"), True, b"", b"\xff\x00", "", " ", "\x00", "\ud800", "x" * 100_000),
    *("ä.例", "..", "a" * 70 + ".example", "v=spf1 " + "a " * 5000, "v=DMARC1; " * 2000, "550 5.7.1"),
    *([], [None], [[]], ["a"] * 1000, [float("inf")] * 10, (), set(), range(10**9), object(), type, len),
    *({}, {"a": None}, {1: 2}, {"": ""}, {"example.com": 3}, {"_dmarc.x": ["v=DMARC1", 4]}),
    *(h.Zone.from_dict({}), ZONE, "<script>"),
]


@pytest.mark.parametrize("exercise", TABLE)
def test_nothing_that_is_passed_makes_a_judge_stumble(exercise: str) -> None:
    for answer in ODD:
        feedback = h.check_answer(exercise, answer)
        assert feedback.said
        assert len(feedback.said) < 1500, feedback.said[:200]
        assert "\x00" not in str(feedback)


def asked(path: Path) -> list[tuple[Any, str, ast.expr]]:
    """Each `h.check_answer("…", …)` of a notebook: its cell, the exercise, the answer."""
    found = []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and "check_answer" in cell.source:
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "h.check_answer":
                    assert isinstance(node.args[0], ast.Constant)
                    found.append((cell, str(node.args[0].value), node.args[1]))
    return found


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_exercise_is_asked_then_solved(path: Path) -> None:
    calls = asked(path)
    solved = {name for cell, name, _ in calls if "solution" in cell.metadata.get("tags", ())}
    posed = {name for cell, name, _ in calls if "solution" not in cell.metadata.get("tags", ())}
    assert posed == solved
    assert posed == {name for name in TABLE if name[:2] == path.stem[:2]}
    for cell, name, _ in calls:
        shown = "".join(output.get("data", {}).get("text/plain", "") for output in cell.outputs)
        expected = "Right" if "solution" in cell.metadata.get("tags", ()) else "Not answered yet"
        assert expected in shown, f"{name}: {shown[:200]}"


@pytest.mark.parametrize("exercise", TABLE)
def test_a_hint_helps_and_an_exercise_is_named_after_its_lesson(exercise: str) -> None:
    assert re.fullmatch(r"\d\d-[a-z0-9-]+", exercise)
    assert 20 < len(TABLE[exercise].hint) < 400


def test_an_unknown_exercise_is_a_mistake_of_the_caller() -> None:
    for name in ("03", "77-nothing", "", "lesson_00", "01-"):
        with pytest.raises(ValueError, match="there is no exercise"):
            h.check_answer(name, 1)
