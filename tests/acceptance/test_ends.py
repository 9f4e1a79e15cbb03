"""Signals that end a command in the midst of its work, and what is left then: nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from acceptance.commandline import tree

START = """
import signal, sys
for name in ("SIGTERM", "SIGHUP"):
    signal.signal(getattr(signal, name), signal.SIG_DFL)  # whatever was inherited
from satdesk.cli import main
main()
"""


def started(folder: Path, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", START, *map(str, arguments), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(folder)},
    )


def wait_for_work(process: subprocess.Popen[str], folder: Path, before: set[str]) -> None:
    """Wait until the command has begun to write."""
    while tree(folder) == before:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


@pytest.mark.parametrize("command", ["ortho", "issue", "simulate", "mask"])
@pytest.mark.parametrize(
    ("signals", "code"),
    [((signal.SIGTERM,), 143), ((signal.SIGHUP, signal.SIGTERM, signal.SIGHUP), 129)],
)
def test_a_signal_leaves_nothing(world, tmp_path, command, signals, code):
    out = tmp_path / "out.tif"
    terrain = ("--dem", world.dem, "--vertical", "EGM96", "--out", out)
    calls = {
        "ortho": ("ortho", world.before, *terrain, "--gsd", "0.1"),
        "issue": ("issue", world.recipe(tmp_path), "--out", out),
        "simulate": ("simulate", "demo", "--out", out),
        "mask": ("mask", world.before, *terrain),
    }
    before = tree(tmp_path)
    process = started(tmp_path, *calls[command])
    wait_for_work(process, tmp_path, before)
    for number in signals:
        process.send_signal(number)
        time.sleep(0.02)
    printed, complained = process.communicate()
    assert process.returncode == code, complained
    name = signals[0].name
    assert complained == f"satdesk: ended by {name}; nothing was left half-written\n"
    assert json.loads(printed)["error"]["exit_code"] == code
    assert tree(tmp_path) == before
