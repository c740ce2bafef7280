"""What is said in several places is the same everywhere: dependencies, commands, ignored files, links."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from tests.pages import missing

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
ENVIRONMENT: dict[str, Any] = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
PYTHONS = ("3.11", "3.12", "3.13")
PAGES = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not any(part.startswith(".") or part == "build" for part in path.relative_to(ROOT).parts)
    and (path.parent != ROOT / "data/private" or path.name == "README.md")
)


def git(*args: str) -> str:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    if not shutil.which("git"):
        missing("git")
    return subprocess.run(["git", *args], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def tracked_files() -> list[Path]:
    return [ROOT / name for name in git("ls-files", "-z").split("\0") if name and (ROOT / name).exists()]


# ------------------------------------------------------------------- dependencies


def declared() -> dict[str, SpecifierSet]:
    return {canonicalize_name(r.name): r.specifier for r in map(Requirement, PROJECT["dependencies"])}


def group(name: str) -> list[str]:
    return [canonicalize_name(Requirement(text).name) for text in PYPROJECT["dependency-groups"][name]]


def locked(file: str) -> dict[str, list[tuple[Version, str]]]:
    """Name to (version, marker) of each pin; there are several where systems or Pythons differ."""
    pins: dict[str, list[tuple[Version, str]]] = {}
    for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"([a-z0-9.-]+)==([^ ;]+)(?: ; (.+?))? \\", line):
            name, version, marker = match.groups(default="")
            pins.setdefault(canonicalize_name(name), []).append((Version(version), marker))
    return pins


def test_conda_gets_the_same_packages_and_ranges() -> None:
    conda = {}
    for text in ENVIRONMENT["dependencies"]:
        # The grammar that conda and PEP 440 share: `name >=1,<2`, one blank, no build string, no channel.
        assert re.fullmatch(r"[a-z][a-z0-9_-]* [<>=!]=?[0-9.]+(,[<>=!]=?[0-9.]+)*", text), text
        name, spec = text.split()
        conda[canonicalize_name(name)] = SpecifierSet(spec)
    assert conda.pop("python") == SpecifierSet(PROJECT["requires-python"])
    assert conda == declared()


def test_conda_environment_has_no_pip_section_and_one_channel() -> None:
    assert sorted(ENVIRONMENT) == ["channels", "dependencies", "name"]
    assert ENVIRONMENT["channels"] == ["conda-forge", "nodefaults"]
    assert all(isinstance(entry, str) for entry in ENVIRONMENT["dependencies"])
    assert ENVIRONMENT["name"] == PROJECT["name"]


@pytest.mark.parametrize("file", ["requirements.lock", "requirements-dev.lock"])
def test_the_lock_holds_every_dependency_within_its_range(file: str) -> None:
    pins = locked(file)
    for name, allowed in declared().items():
        assert name in pins, f"{name} is not in {file}: make lock"
        for version, _ in pins[name]:
            assert version in allowed, f"{name} {version} in {file} is outside {allowed}: make lock"


@pytest.mark.parametrize("file", ["requirements.lock", "requirements-dev.lock"])
def test_every_pin_has_hashes_and_nothing_names_a_host(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text
    entries = re.findall(r"^[a-z0-9].*(?:\n[ ]+.*)*", text, flags=re.MULTILINE)
    assert len(entries) == sum(map(len, locked(file).values())) > 50
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_developers_lock_holds_the_readers() -> None:
    reader, developer = locked("requirements.lock"), locked("requirements-dev.lock")
    differing = {
        name: (sorted({v for v, _ in pins}), sorted({v for v, _ in developer.get(name, [])}))
        for name, pins in reader.items()
        if {version for version, _ in pins} != {version for version, _ in developer.get(name, [])}
    }
    assert differing == {}
    assert [name for name in (*group("dev"), *group("bench")) if name not in developer] == []


def test_readers_get_no_developers_tools() -> None:
    brought_by_readers_tools = {"nbclient", "packaging", "pytest", "pyyaml"}
    assert set(group("dev")) & set(locked("requirements.lock")) <= brought_by_readers_tools


def test_one_range_of_python_everywhere() -> None:
    allowed = SpecifierSet(PROJECT["requires-python"])
    for minor in range(8, 20):
        assert (f"3.{minor}" in PYTHONS) == allowed.contains(f"3.{minor}.5")
    classifiers = [text.rsplit(" ", 1)[1] for text in PROJECT["classifiers"] if "Python :: 3." in text]
    assert tuple(classifiers) == PYTHONS
    assert PYPROJECT["tool"]["mypy"]["python_version"] == PYTHONS[0]
    assert PYPROJECT["tool"]["ruff"]["target-version"] == "py" + PYTHONS[0].replace(".", "")
    setup = (ROOT / "tools/setup.sh").read_text(encoding="utf-8")
    assert "(3, 11) <= sys.version_info[:2] <= (3, 13)" in setup
    assert PROJECT["requires-python"] in setup
    assert "3.11, 3.12 or 3.13" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_what_is_installed_is_what_is_imported() -> None:
    import helpers

    assert Path(helpers.__file__ or "").parent == ROOT / "src" / "helpers"


# ------------------------------------------------------------------- commands

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = {name for line in re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE) for name in line.split()}
needs_make = pytest.mark.skipif(
    not shutil.which("make") and not os.environ.get("CI"), reason="make is not here"
)


def make(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    clean["PYTHONPATH"] = str(ROOT / "src")
    return subprocess.run(["make", *args], cwd=ROOT, capture_output=True, text=True, env={**clean, **env})


def commands(page: Path) -> list[str]:
    """Each `make …` on a page, in backquotes or in a block of commands."""
    text = page.read_text(encoding="utf-8")
    lines = [line.strip() for line in re.findall(r"^(?:    |\t)?(make .*)$", text, re.MULTILINE)]
    return [*re.findall(r"`(make [^`]+)`", text), *(line.split("  #")[0].strip() for line in lines)]


@needs_make
def test_help_says_one_line_for_every_target() -> None:
    shown = make("help").stdout.splitlines()
    named = [line.split()[1] for line in shown]
    assert set(named) == TARGETS
    assert len(named) == len(set(named))
    assert all(len(line.split(maxsplit=2)) == 3 for line in shown)
    assert make().stdout == make("help").stdout


def test_every_target_that_people_expect_is_there() -> None:
    expected = {
        "lab",
        "test",
        "help",
        "slides",
        "diagnose",
        "lint",
        "lock",
        "clean",
        "bench",
        "notebooks",
        "present",
    }
    assert expected <= TARGETS


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_name_only_targets_that_exist(page: Path) -> None:
    for command in commands(page):
        words = [word for word in command.split()[1:] if re.fullmatch(r"[a-z]+", word)]
        assert "=" in command or words, command
        assert set(words[:1]) <= TARGETS, f"{page.name}: {command}"


def test_the_readme_names_every_target() -> None:
    named = {word for command in commands(ROOT / "README.md") for word in command.split()[1:2]}
    assert TARGETS - named == set()


def test_the_readme_names_the_conda_environment() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "conda env create -f environment.yml" in text
    assert f"conda activate {ENVIRONMENT['name']}" in text


@needs_make
@pytest.mark.parametrize(
    "name", ["plain.eml", "with blanks.eml", 'quote\'d & (odd) "name".eml', "-dash.eml", "日本語.eml"]
)
def test_diagnose_takes_any_path(name: str, tmp_path: Path) -> None:
    mail = tmp_path / "a folder" / name
    mail.parent.mkdir()
    mail.write_bytes(b"From: a@example.com\nSubject: hello\n\nbody\n")
    shown = make(
        "-s",
        "-o",
        ".venv/.installed",
        f"PY={shlex.quote(sys.executable)}",
        "diagnose",
        f"FILE={mail}",
        "ARGS=--json",
    )
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("{")


@needs_make
def test_diagnose_without_a_file_says_how() -> None:
    shown = make("-s", "-o", ".venv/.installed", f"PY={shlex.quote(sys.executable)}", "diagnose", FILE="")
    assert shown.returncode != 0
    assert "FILE=" in shown.stderr.splitlines()[0]


@needs_make
def test_an_old_python_is_refused_in_one_clear_line(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text(
        '#!/bin/sh\ncase "$2" in *print*) echo "Python 3.9" ;; *) exit 1 ;; esac\n', encoding="utf-8"
    )
    old.chmod(0o755)
    shown = subprocess.run(
        ["tools/setup.sh", str(tmp_path / "venv"), "requirements.lock"],
        cwd=ROOT,
        env={**os.environ, "PYTHON": str(old)},
        capture_output=True,
        text=True,
    )
    assert shown.returncode != 0
    assert len(shown.stderr.splitlines()) == 1
    assert "3.11, 3.12 or 3.13" in shown.stderr
    assert "Python 3.9" in shown.stderr


@pytest.mark.parametrize("script", [".ci/run", "postBuild", "tools/setup.sh", "tools/lock.sh"])
def test_scripts_can_be_run(script: str) -> None:
    path = ROOT / script
    shell = path.read_text(encoding="utf-8").splitlines()[0].split("/")[-1].split()[-1]
    assert subprocess.run([shell, "-n", str(path)], check=False).returncode == 0
    if os.name == "posix":
        assert os.access(path, os.X_OK)


def test_jupyters_settings_come_beside_those_that_are_there(tmp_path: Path) -> None:
    overrides = tmp_path / "share/jupyter/lab/settings/overrides.json"
    overrides.parent.mkdir(parents=True)
    text = '{"somebody:else": {"likes": "dark"}, "jupyterlab-rise:plugin": {}}'
    overrides.write_text(text, encoding="utf-8")
    for _ in range(2):
        command = [sys.executable, "tools/jupyter_settings.py", str(tmp_path)]
        subprocess.run(command, cwd=ROOT, check=True)
        made = json.loads(overrides.read_text(encoding="utf-8"))
        assert made.pop("somebody:else") == {"likes": "dark"}
        assert made == json.loads((ROOT / "tools/jupyterlab_overrides.json").read_text(encoding="utf-8"))
    server = tmp_path / "etc/jupyter/jupyter_server_config.py"
    assert server.read_bytes() == (ROOT / "tools/jupyter_server_config.py").read_bytes()


def test_a_configuration_of_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    server = tmp_path / "etc/jupyter/jupyter_server_config.py"
    server.parent.mkdir(parents=True)
    server.write_text("c.ServerApp.port = 9999\n", encoding="utf-8")
    command = [sys.executable, "tools/jupyter_settings.py", str(tmp_path)]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert server.read_text(encoding="utf-8") == "c.ServerApp.port = 9999\n"
    assert str(server) in told.stderr


@pytest.mark.parametrize("caller", ["postBuild", "tools/setup.sh", "README.md"])
def test_everybody_gets_jupyters_settings(caller: str) -> None:
    assert "tools/jupyter_settings.py" in (ROOT / caller).read_text(encoding="utf-8")


# ------------------------------------------------------------------- what is kept, and what is not


@pytest.mark.parametrize(
    "path", ["bounce.eml", "my bounce.eml", "2026/june/x.eml", ".mbox", "README.txt", "notes.md"]
)
def test_own_mail_is_never_committed(path: str) -> None:
    assert git("check-ignore", f"data/private/{path}")


def test_only_the_readme_of_the_private_folder_is_tracked() -> None:
    assert git("ls-files", "data/private").split() == ["data/private/README.md"]
    assert "data/private/" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [".venv/x", "build/slides/x.html", "src/helpers/__pycache__/x.pyc"])
def test_what_is_made_is_ignored(path: str) -> None:
    assert git("check-ignore", path)


def test_mail_keeps_its_bytes() -> None:
    assert "text: unset" in git("check-attr", "text", "data/sample_headers/any.eml")


# Folders of one machine, and hosts of package registries.
MACHINE = re.compile(r"(?<![\w./+-])/(?:work|root|home/\w+|Users/\w+)/[\w.]", re.ASCII)
REGISTRY = re.compile(
    r"(?:files\.pythonhosted|pypi|test\.pypi|registry\.npmjs|conda\.anaconda)\.org", re.ASCII
)


def test_no_file_names_a_machines_folder_or_a_registrys_host() -> None:
    found = []
    for path in tracked_files():
        if "vendor" in path.parts or path.suffix in {".png", ".pdf", ".eml", ".mbox", ".pem", ".gz"}:
            continue
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), start=1):
            if '"image/png"' in line:
                continue
            if MACHINE.search(line) or REGISTRY.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert found == []


def test_text_files_end_as_text_files_do() -> None:
    wrong = []
    for path in tracked_files():
        if path.suffix not in {".py", ".md", ".toml", ".yml", ".zone", ".json", ".ipynb", ".cfg", ".sh"}:
            continue
        if {"vendor", "hostile"} & set(path.parts):
            continue
        data = path.read_bytes()
        if data and (b"\r" in data or not data.endswith(b"\n")):
            wrong.append(str(path.relative_to(ROOT)))
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    broken = [
        target
        for target in targets
        if "://" not in target
        and not target.startswith("#")
        and not (page.parent / target.split("#")[0]).exists()
    ]
    assert broken == []
