"""How many processors this process may use."""

from __future__ import annotations

import os

__all__ = ["usable_cores"]


def usable_cores() -> int:
    """Processors that the process may run on, at least 1.

    Those that `taskset` or a container's set of processors leaves it, where the system tells
    (Linux); elsewhere those of the machine.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
