"""The command line: thin; every command calls one function of `satdesk.desk`."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from satdesk.cli.allocator import keep_freed_memory
from satdesk.cli.interrupt import deaf, interruptible, postponed
from satdesk.cli.streams import fill_closed, take_all_letters

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run ``satdesk`` with `arguments` (default: the process's own) and exit with its code."""
    given = sys.argv[1:] if arguments is None else arguments
    fill_closed()
    take_all_letters(as_json="--json" in given)
    code = interruptible(lambda: _run(given), as_json="--json" in given)
    deaf()
    # The process ends: Python would go through all that is left several times to free what refers
    # to itself, a tenth of a second; the system frees it with all else.
    gc.freeze()
    sys.exit(code)


def _run(arguments: Sequence[str]) -> int:
    # The cores are filled by tiles and samples. BLAS's own threads would wait for each other on
    # matrices this small, and sums would depend on how many there are. Read when numpy is loaded.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Megabytes. Decoded blocks are kept by satdesk itself; GDAL would keep them once more, in a
    # twentieth of the machine's memory.
    os.environ.setdefault("GDAL_CACHEMAX", "128")
    keep_freed_memory()
    with postponed():
        from satdesk.cli.app import run  # noqa: PLC0415 - keeps `import satdesk.cli` light
    return run(arguments)
