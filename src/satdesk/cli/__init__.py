"""The command line: thin; every command calls one function of `satdesk.desk`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run ``satdesk`` with `arguments` (default: the process's own) and exit with its code."""
    from satdesk.cli.app import run  # noqa: PLC0415 - keeps `import satdesk.cli` light

    sys.exit(run(sys.argv[1:] if arguments is None else arguments))
