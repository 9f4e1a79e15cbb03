"""Taking a stretch out of a file without copying what lies behind it.

Linux's ext4 and XFS can: the map of the file's blocks is changed, no byte is moved.
Source: ``fallocate(2)``, ``FALLOC_FL_COLLAPSE_RANGE``.
"""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path
from typing import BinaryIO

__all__ = ["ALIGNMENT", "close_gap", "gaps_can_be_closed"]

ALIGNMENT = 4096
"""Bytes: a gap begins and ends at a multiple of it. File systems of larger blocks cannot do it."""

_COLLAPSE_RANGE = 0x08


def gaps_can_be_closed(folder: Path) -> bool:
    """Whether the file system below `folder` can: tried on a small file there, which is removed."""
    path = folder / "gap"
    try:
        with path.open("x+b") as file:
            file.write(b"a" * ALIGNMENT + b"b" * ALIGNMENT + b"c")
            close_gap(file, ALIGNMENT, ALIGNMENT)
            file.seek(0)
            return file.read() == b"a" * ALIGNMENT + b"c"
    except (AttributeError, OSError, TypeError):  # Windows has no "all libraries", macOS no call
        return False
    finally:
        path.unlink(missing_ok=True)


def close_gap(file: BinaryIO, start: int, size: int) -> None:
    """Take `size` bytes from `start` out of a file; something must lie behind them.

    Args:
        file: Open for writing.
        start: A multiple of `ALIGNMENT`, as is `size`.
        size: 0 = nothing is done.

    Raises:
        OSError: The file system cannot, or failed.
    """
    if not size:
        return
    file.flush()
    library = ctypes.CDLL(None, use_errno=True)
    call = getattr(library, "fallocate64", library.fallocate)
    given = (ctypes.c_int(_COLLAPSE_RANGE), ctypes.c_int64(start), ctypes.c_int64(size))
    while call(ctypes.c_int(file.fileno()), *given):
        code = ctypes.get_errno()
        if code != errno.EINTR:
            raise OSError(code, os.strerror(code))
