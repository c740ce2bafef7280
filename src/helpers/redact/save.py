"""Writing a redacted mail: no file that exists is touched, and none is left half written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

MAX_NUMBER = 10_000


def save_set(path: str | os.PathLike[str], contents: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Write one file for each ending (``".eml"`` first) and return their paths.

    ``path`` is the first file's name, or a folder that exists: then the next free number is taken.
    Raises FileExistsError when one of them is there already, OSError when it can't be written.
    """
    target = Path(path)
    if not target.is_dir():
        main = next(iter(contents))
        ending = target.suffix or main
        return _write_all(
            {target.with_suffix(ending if end == main else end): data for end, data in contents.items()}
        )
    for number in range(1, MAX_NUMBER):
        names = [target / f"redacted-{number}{end}" for end in contents]
        if any(name.exists() for name in names):
            continue
        try:
            return _write_all(dict(zip(names, contents.values(), strict=True)))
        except FileExistsError:
            continue  # somebody else took it just now
    raise FileExistsError(f"{target} holds {MAX_NUMBER - 1} redacted mails already; take another folder")


def _write_all(files: Mapping[Path, bytes]) -> tuple[Path, ...]:
    """All of them or none; the mail, which is the first, appears last."""
    for path in files:
        if path.exists():
            raise FileExistsError(f"{path} exists already and is not replaced")
    written: list[Path] = []
    try:
        for path in reversed(list(files)):
            _write_new(path, files[path])
            written.append(path)
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    return tuple(files)


def _write_new(path: Path, data: bytes) -> None:
    """A file that appears under its name only when it is complete, and never in place of another."""
    handle, name = tempfile.mkstemp(prefix=".redacted-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        try:
            os.link(name, path)
        except FileExistsError:
            raise FileExistsError(f"{path} exists already and is not replaced") from None
        except OSError:  # a file system without links
            with open(path, "xb") as file:
                file.write(data)
    finally:
        Path(name).unlink(missing_ok=True)
