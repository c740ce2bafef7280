"""Rooms import only rooms to their left, display stays in `show`, DNS in `lookup`, and importing is cheap."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "helpers"

# From left to right; a room may import what stands before it, and nothing in its own column or after.
COLUMNS = (
    ("terms", "files"),
    ("lookup",),
    ("message",),
    ("bounce",),
    ("domains",),
    ("spf", "dkim", "arc"),
    ("dmarc",),
    ("authentication",),
    ("diagnosis",),
    ("services",),
    ("fixes",),
    ("reports", "mailbox", "redact"),
    ("lab",),
    ("exercises",),
    ("show",),
    ("command_line",),
    ("__init__",),
    ("__main__",),
)
COLUMN = {room: number for number, rooms in enumerate(COLUMNS) for room in rooms}

EXCEPTIONS = {
    ("terms", "show"): "results show themselves (text, HTML, frames): imported when that is asked for",
    ("arc", "dkim"): "an ARC set is signed as DKIM signs: canonicalisation, keys and signatures are the same",
}

# Who may use which package from outside the standard library.
PACKAGES = {
    "cryptography": {"dkim", "arc", "services", "redact", "lab"},
    "dns": {"lookup"},
    "idna": {"lookup"},
    "publicsuffixlist": {"domains"},
    "dkim": {"services", "lab"},
    "aiosmtpd": {"lab"},
    "pandas": {"show"},
    "matplotlib": {"show"},
    "matplotlib_fontja": {"show"},
    "ipywidgets": {"show"},
    "IPython": {"show"},
    "lxml": {"reports"},
    "tqdm": {"mailbox"},
}

# What `import helpers` must not load: each costs more than the whole package may.
HEAVY = (
    "IPython",
    "asyncio",
    "cryptography",
    "dns",
    "email.parser",
    "idna",
    "ipywidgets",
    "matplotlib",
    "pandas",
)


@dataclass(frozen=True)
class Import:
    """One import statement: where it stands and what it asks for."""

    file: str
    line: int
    module: str
    deferred: bool  # inside a function: costs nothing before it is called
    typing_only: bool  # under `if TYPE_CHECKING`: never happens

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


def room_of(parts: tuple[str, ...]) -> str:
    """The room of a module of the package: `dkim.key` is a part of dkim, `show.html` one of show."""
    return parts[0] if parts else "__init__"


def imports_of(path: Path) -> list[Import]:
    found: list[Import] = []
    package = ("helpers", *path.relative_to(PACKAGE).parent.parts)

    def visit(node: ast.AST, deferred: bool, typing_only: bool) -> None:
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            # `from helpers import dkim` may name modules, `from helpers.dkim import verify_dkim` names one.
            modules = [f"{module}.{alias.name}" for alias in node.names] if module == "helpers" else [module]
        file, line = str(path.relative_to(PACKAGE)), getattr(node, "lineno", 0)
        found.extend(Import(file, line, module, deferred, typing_only) for module in modules)
        deferred = deferred or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in node.body:
                visit(child, deferred, True)
            for child in node.orelse:
                visit(child, deferred, typing_only)
            return
        for child in ast.iter_child_nodes(node):
            visit(child, deferred, typing_only)

    visit(ast.parse(path.read_text(encoding="utf-8")), False, False)
    return found


FILES = sorted(PACKAGE.rglob("*.py"))
IMPORTS = {str(path.relative_to(PACKAGE)): imports_of(path) for path in FILES}


def file_room(file: str) -> str:
    return room_of(tuple(Path(file).with_suffix("").parts))


@pytest.mark.parametrize("file", IMPORTS)
def test_a_file_belongs_to_a_room(file: str) -> None:
    assert file_room(file) in COLUMN, (
        f"{file} is of no room: move it into its room's folder, or list the room here"
    )


@pytest.mark.parametrize("file", IMPORTS)
def test_rooms_import_only_rooms_to_their_left(file: str) -> None:
    room = file_room(file)
    wrong = []
    for one in IMPORTS[file]:
        if not one.module.startswith("helpers."):
            continue
        other = room_of(tuple(one.module.split(".")[1:]))
        if other not in COLUMN:  # `from helpers import name`: through __init__, which stands to the right
            other = "__init__"
        if other == room or (room, other) in EXCEPTIONS or COLUMN[other] < COLUMN[room]:
            continue
        wrong.append(f"{one.where}: {other} is not to the left of {room}")
    assert not wrong


@pytest.mark.parametrize("file", IMPORTS)
def test_a_rooms_inner_files_are_its_own(file: str) -> None:
    """Others come in by the room's door, `helpers.dkim`, not by `helpers.dkim.key`."""
    room = file_room(file)
    wrong = [
        one.where
        for one in IMPORTS[file]
        if one.module.startswith("helpers.") and one.module.count(".") > 1
        for other in [room_of(tuple(one.module.split(".")[1:]))]
        if other != room and (room, other) not in EXCEPTIONS and other != "show"
    ]
    assert not wrong


def test_every_exception_is_used_and_deferred_where_it_points_right() -> None:
    used = set()
    for file, imports in IMPORTS.items():
        for one in imports:
            pair = (file_room(file), room_of(tuple(one.module.split(".")[1:])))
            if one.module.startswith("helpers.") and pair in EXCEPTIONS:
                used.add(pair)
                if COLUMN[pair[1]] > COLUMN[pair[0]]:
                    assert one.deferred or one.typing_only, f"{one.where} on import, not when it is needed"
    assert used == set(EXCEPTIONS)


@pytest.mark.parametrize("file", IMPORTS)
def test_packages_are_used_only_where_they_belong(file: str) -> None:
    room = file_room(file)
    wrong = []
    for one in IMPORTS[file]:
        top = one.module.split(".")[0]
        if one.typing_only or top in sys.stdlib_module_names or top == "helpers":
            continue
        if room not in PACKAGES.get(top, ()):
            wrong.append(f"{one.where}: {room} is not among its users {sorted(PACKAGES.get(top, ()))}")
    assert not wrong


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent, check=True
    )


def test_importing_loads_nothing_heavy_and_says_nothing() -> None:
    listed = run(f"import helpers, sys; print([name for name in {HEAVY} if name in sys.modules])")
    assert listed.stdout == "[]\n"
    assert listed.stderr == ""


def test_only_figures_load_display_packages() -> None:
    code = (
        "import helpers, sys\n"
        "for name in helpers.__all__:\n"
        "    if name.endswith('_figure'): continue\n"
        "    getattr(helpers, name)\n"
        "    loaded = {'pandas', 'matplotlib', 'ipywidgets'} & set(sys.modules)\n"
        "    assert not loaded, (name, loaded)"
    )
    assert run(code).stdout == ""


def test_every_public_name_is_there() -> None:
    import helpers

    assert [name for name in helpers.__all__ if not hasattr(helpers, name)] == []
    assert len(helpers.__all__) == len(set(helpers.__all__)) > 20


def test_the_notebooks_find_the_package_beside_them(tmp_path: Path) -> None:
    """In conda and Binder nothing is installed: a notebook's own folder has to do."""
    notebooks = PACKAGE.parent.parent / "notebooks"
    code = (
        "import sys; sys.path[:0] = ['']\n"  # as a kernel does
        "import helpers.terms, helpers as h\n"
        "from helpers import terms\n"
        "assert terms is helpers.terms and h.terms is terms\n"
        "print(h.__file__)"
    )
    # -S leaves out site-packages, and with it the installed package.
    shown = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, cwd=notebooks, check=True
    )
    assert Path(shown.stdout.strip()) == PACKAGE / "__init__.py"
