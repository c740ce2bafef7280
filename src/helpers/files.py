"""Writing a file for a person: wholly or not at all, and never over one that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from pathlib import Path


def write_new(path: str | os.PathLike[str], content: bytes, *, overwrite: bool = False) -> Path:
    """Write a file, wholly or not at all; one that exists is replaced only when that was asked for.

    The content goes into a draft beside it, which then takes its name: whatever ends the program, or a
    full disk, leaves nothing half written under that name. Returns the path. Raises FileExistsError
    for a file that exists, OSError when it can't be written.
    """
    import os
    import secrets
    from pathlib import Path  # these cost imports, so only where a file is written

    target = Path(os.path.realpath(path)) if overwrite else Path(path)
    exists = FileExistsError(f"{path} exists already and is not replaced")
    if not overwrite and os.path.lexists(target):
        raise exists
    draft = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}")
    try:
        with open(draft, "xb") as file:
            file.write(content)
        if overwrite:
            os.replace(draft, target)
        else:
            _claim(draft, target)
    except FileExistsError:
        raise exists from None
    except OSError as error:  # about the name that was given, not the draft's
        raise type(error)(error.errno, error.strerror, str(path)) from None
    finally:
        draft.unlink(missing_ok=True)
    return Path(path)


def _claim(draft: Path, target: Path) -> None:
    """Give the draft its name. Raises FileExistsError when the name was taken meanwhile."""
    import os

    try:
        os.link(draft, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        open(target, "x").close()
        try:
            os.replace(draft, target)
        except BaseException:  # an empty file is none of ours
            target.unlink(missing_ok=True)
            raise
