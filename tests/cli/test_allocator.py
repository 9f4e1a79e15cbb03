"""Memory that is freed is kept for the next tile, where the C library knows how."""

from __future__ import annotations

import platform
import subprocess
import sys

from satdesk.cli import allocator

_AGAIN = """
import resource
import numpy as np
from satdesk.cli.allocator import keep_freed_memory
assert keep_freed_memory()
np.zeros(1 << 20).sum()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(50):
    np.empty(1 << 20).fill(1.0)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def test_an_array_of_a_tile_is_not_asked_for_again() -> None:
    if platform.libc_ver()[0] != "glibc":
        assert not allocator.keep_freed_memory()
        return
    told = subprocess.run(
        [sys.executable, "-c", _AGAIN], capture_output=True, check=True, text=True
    )
    assert int(told.stdout) < 3000  # 8 MB are 2048 pages: once, not fifty times
