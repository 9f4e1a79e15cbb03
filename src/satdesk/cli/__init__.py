"""The command line: thin; every command calls one function of `satdesk.desk`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from satdesk.cli.interrupt import interruptible, postponed

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run ``satdesk`` with `arguments` (default: the process's own) and exit with its code."""
    given = sys.argv[1:] if arguments is None else arguments
    sys.exit(interruptible(lambda: _run(given), as_json="--json" in given))


def _run(arguments: Sequence[str]) -> int:
    with postponed():
        from satdesk.cli.app import run  # noqa: PLC0415 - keeps `import satdesk.cli` light
    return run(arguments)
