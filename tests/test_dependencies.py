"""Every dependency has its reason, and the locks say how old they are."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ROW = re.compile(r"\| ([a-z0-9-]+) \| (.+) \| (.+) \| (\S+), (\d{4}-\d\d-\d\d) \|")


def declared() -> set[str]:
    lists = [
        PYPROJECT["project"]["dependencies"],
        *PYPROJECT["project"]["optional-dependencies"].values(),
        *PYPROJECT["dependency-groups"].values(),
    ]
    return {Requirement(text).name.lower() for texts in lists for text in texts}


def rows() -> list[tuple[str, ...]]:
    lines = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").splitlines()
    return [match.groups() for line in lines if (match := ROW.fullmatch(line))]


def test_each_dependency_has_one_line_that_justifies_it() -> None:
    names = [row[0] for row in rows()]
    assert sorted(names) == sorted(set(names))
    assert set(names) == declared()


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_a_line_says_what_for_and_when_it_was_last_released(row) -> None:
    _, what_for, _, _, released = row
    assert len(what_for) >= 5
    assert date(2018, 1, 1) < date.fromisoformat(released) <= datetime.now(UTC).date()


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_says_when_it_was_pinned(lock) -> None:
    first = (ROOT / lock).read_text(encoding="utf-8").split("\n", 1)[0]
    pinned = re.fullmatch(r"# Pinned on (\d{4}-\d\d-\d\d)\.", first)
    assert pinned
    assert date.fromisoformat(pinned[1]) <= datetime.now(UTC).date()
