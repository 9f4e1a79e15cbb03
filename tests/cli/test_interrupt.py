from __future__ import annotations

import subprocess
import sys

import pytest

BUSY = """
import os, signal
from satdesk.cli.interrupt import interruptible

def command():
    exec("os.kill(os.getpid(), signal.SIGINT)")   # as while a dataclass is being made
    raise AssertionError("not interrupted")

def handled():
    try:
        return command()
    except KeyboardInterrupt:
        return 130

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever was inherited
    raise SystemExit(interruptible({name}, as_json=True))
"""


@pytest.mark.parametrize("name", ["command", "handled"])
def test_an_interrupt_within_exec_ends_with_130(tmp_path, name):
    # CPython would end `python -m` by the signal itself, exit status -2.
    (tmp_path / "busy.py").write_text(BUSY.replace("{name}", name))
    ended = subprocess.run(
        [sys.executable, "-m", "busy"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 130, ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_shell_that_ignores_interrupts_is_followed(tmp_path):
    (tmp_path / "ignoring.py").write_text(
        "import os, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "from satdesk.cli.interrupt import interruptible\n"
        "sys.exit(interruptible(lambda: os.kill(os.getpid(), signal.SIGINT) or 7, as_json=False))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-m", "ignoring"],
        cwd=tmp_path,
        check=False,
    )
    assert ended.returncode == 7
