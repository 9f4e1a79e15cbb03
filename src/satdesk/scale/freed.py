"""Memory that was freed and that the C library still holds, between the steps of a job."""

from __future__ import annotations

import ctypes

__all__ = ["give_back_freed_memory"]


def give_back_freed_memory() -> bool:
    """Give the system what earlier steps have freed, before a step that needs much of its own.

    A process that keeps freed memory for its next tile, or whose threads have freed it piece by
    piece, else carries it through all that follows. It takes some milliseconds.

    Returns True where the C library does it: glibc (``malloc_trim``). Elsewhere nothing happens.
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # musl, macOS; Windows has no "all libraries"
        return False
    trim(0)
    return True
