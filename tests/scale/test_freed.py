"""What a step has freed does not stay with the process."""

import sys
from pathlib import Path

import numpy as np
import pytest

from satdesk.cli.allocator import keep_freed_memory
from satdesk.scale.freed import give_back_freed_memory


def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


@pytest.mark.skipif(sys.platform != "linux", reason="measured by Linux's /proc")
def test_freed_arrays_are_given_back():
    if not keep_freed_memory():
        pytest.skip("the C library is not glibc: it keeps nothing")
    held = [np.ones(1 << 17) for _ in range(300)]  # 1 MB each, below what is mapped by itself
    last = held[-1]
    del held
    before = resident_mb()
    assert give_back_freed_memory()
    assert resident_mb() < before - 150
    assert last.all()
