"""The end of a command's process."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import gc
from satdesk.cli import main
assert not gc.get_freeze_count()
try:
    main(["--version"])
except SystemExit as end:
    assert end.code == 0
assert gc.get_freeze_count() > 1000
"""


def test_what_is_left_at_the_end_is_not_searched_for_what_refers_to_itself():
    # a process of its own: what is frozen is never collected again
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("satdesk")
