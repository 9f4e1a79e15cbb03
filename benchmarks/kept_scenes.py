"""Folders of simulated scenes that are used again, as long as they would come out the same.

A folder is known by its stamp: a digest of what it was made by, and of the simulator's own source.
What is missing, was left half made or has another stamp is made anew.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import satdesk.simulate

__all__ = ["kept", "stamp_of"]


def stamp_of(made_by: object) -> str:
    """SHA-256 over how a folder is made, in words, and over the simulator's source.

    Args:
        made_by: Anything whose ``repr`` says all that the folder depends on.
    """
    digest = hashlib.sha256(repr(made_by).encode())
    for source in sorted(Path(satdesk.simulate.__file__).parent.rglob("*.py")):
        digest.update(source.name.encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()


def kept(folder: Path, made_by: object, make: Callable[[Path], object]) -> Path:
    """`folder`, made by `make` where it is not there as `made_by` says.

    Args:
        folder: Removed first where its stamp is another.
        made_by: As for `stamp_of`.
        make: Given the folder, which is not there then.
    """
    stamp, beside = stamp_of(made_by), folder.with_name(f"{folder.name}.stamp")
    if folder.is_dir() and beside.is_file() and beside.read_text(encoding="ascii") == stamp:
        return folder
    beside.unlink(missing_ok=True)
    if folder.exists():
        shutil.rmtree(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    make(folder)
    beside.write_text(stamp, encoding="ascii")
    return folder
