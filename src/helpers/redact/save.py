"""Writing a redacted mail: no file that exists is touched, and none is left half written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from helpers.files import write_new

MAX_NUMBER = 10_000


def save_set(path: str | os.PathLike[str], contents: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Write one file for each ending (``".eml"``, the mail's, first) and return their paths.

    ``path`` is the mail's name, or a folder that exists: then the next free number is taken. Raises
    FileExistsError when one of the files is there already, FileNotFoundError for a folder that is
    not there, ValueError for a name that one of the other files needs, OSError otherwise.
    """
    target = Path(path)
    if not target.is_dir():
        return _write_all(_named(target, contents))
    for number in range(1, MAX_NUMBER):
        names = [target / f"redacted-{number}{ending}" for ending in contents]
        if any(name.exists() for name in names):
            continue
        try:
            return _write_all(dict(zip(names, contents.values(), strict=True)))
        except FileExistsError:
            continue  # somebody else took it just now
    raise FileExistsError(f"{target} holds {MAX_NUMBER - 1} redacted mails already; take another folder")


def _named(target: Path, contents: Mapping[str, bytes]) -> dict[Path, bytes]:
    main, *others = contents
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{target.parent}: there is no such folder")
    if target.suffix in (".zone", ".json"):
        raise ValueError(f"{target.name} is a name for what goes beside the mail; name the mail: shared.eml")
    name = target if target.suffix else target.with_suffix(main)
    return {name: contents[main], **{target.with_suffix(ending): contents[ending] for ending in others}}


def _write_all(files: Mapping[Path, bytes]) -> tuple[Path, ...]:
    """All of them or none; the mail, which is the first, appears last."""
    for path in files:
        if path.exists():
            raise FileExistsError(f"{path} exists already and is not replaced")
    written: list[Path] = []
    try:
        for path in reversed(list(files)):
            write_new(path, files[path])
            written.append(path)
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    return tuple(files)
