"""Whole processes, measured: wall, processor time, peak memory, bytes written."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a step, or several in turn, took.

    `written_mb` is what the processes wrote, intermediate files included (the kernel's own count).
    """

    wall_s: float
    cpu_s: float
    peak_mb: float
    written_mb: float

    def plus(self, other: Cost) -> Cost:
        return Cost(
            wall_s=self.wall_s + other.wall_s,
            cpu_s=self.cpu_s + other.cpu_s,
            peak_mb=max(self.peak_mb, other.peak_mb),
            written_mb=self.written_mb + other.written_mb,
        )


class Failed(Exception):  # noqa: N818 - a fact about a peer
    """A step ended badly; the text is the end of what it said."""


def run(command: Sequence[str], environment: dict[str, str]) -> Cost:
    """One process from start to end. Its own children count if it waited for them."""
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=said,
            stderr=subprocess.STDOUT,
            env=os.environ | environment,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            told = said.read()[-400:].decode(errors="replace")
            raise Failed(f"{Path(str(command[0])).name}: {told}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Cost(
        wall_s=wall,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss * unit / 1e6,
        written_mb=usage.ru_oublock * 512 / 1e6,
    )


def run_all(commands: Sequence[Sequence[str]], environment: dict[str, str]) -> Cost:
    """Steps in turn."""
    total = Cost(wall_s=0, cpu_s=0, peak_mb=0, written_mb=0)
    for command in commands:
        total = total.plus(run(command, environment))
    return total
