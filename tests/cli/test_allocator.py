"""Memory that is freed is kept for the next tile, where the C library knows how."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from satdesk.cli import allocator

_AGAIN = """
import resource
import numpy as np
from satdesk.cli.allocator import keep_freed_memory
assert keep_freed_memory()
np.zeros(900_000).sum()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(50):
    np.empty(900_000).fill(1.0)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""

_SHARED = """
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock
import numpy as np
from satdesk.cli.allocator import keep_freed_memory
assert keep_freed_memory()
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 >> 20
together, turn = Barrier(16), Lock()
def fill(_):
    together.wait()
    with turn:
        [np.ones(800_000) for _ in range(4)]
with ThreadPoolExecutor(16) as pool:
    before = resident()
    list(pool.map(fill, range(16)))
    print(resident() - before)
"""


def test_an_array_of_a_tile_is_not_asked_for_again() -> None:
    if platform.libc_ver()[0] != "glibc":
        assert not allocator.keep_freed_memory()
        return
    told = subprocess.run(
        [sys.executable, "-c", _AGAIN], capture_output=True, check=True, text=True
    )
    assert int(told.stdout) < 3000  # 7 MB are 1,760 pages: once, not fifty times


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library is left as it is")
def test_threads_do_not_each_keep_what_they_freed() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _SHARED], capture_output=True, check=True, text=True
    )
    assert int(told.stdout) < 200  # MB; each of them 25
