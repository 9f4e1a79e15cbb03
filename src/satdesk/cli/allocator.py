"""What the process does with memory that it has freed: it keeps some for the next tile."""

from __future__ import annotations

import ctypes

from satdesk.files.cores import usable_cores

__all__ = ["keep_freed_memory"]

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -2, -3, -8
"""Parameters of ``mallopt`` in glibc's malloc.h."""
_SETTINGS = {_MMAP_THRESHOLD: 8 << 20, _TRIM_THRESHOLD: 128 << 20, _TOP_PAD: 16 << 20}
"""Bytes: most arrays of a tile come from what was freed; a decoded block of JPEG 2000, and what it
is decoded in, are given back."""


def keep_freed_memory() -> bool:
    """Let freed arrays of the size of a tile be used again in place of being given back.

    By default glibc gives every large array back to the system and asks for it anew, and the system
    fills it with zeros, page by page: a tenth of the time of an orthoimage. And each thread keeps
    what it freed where the others cannot have it (an arena); here they share a few.

    Returns True where the C library takes the settings: glibc. Elsewhere nothing is changed.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # musl, macOS; Windows has no "all libraries"
        return False
    settings = {**_SETTINGS, _ARENA_MAX: usable_cores() + 1}
    return all(mallopt(parameter, size) == 1 for parameter, size in settings.items())
