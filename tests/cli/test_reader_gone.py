from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("arguments", [["places", "kalbajar"], ["places", "kalbajar", "--json"]])
def test_a_reader_that_has_gone_is_no_bug(arguments):
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run(
        [sys.executable, "-m", "satdesk", *arguments],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)
    assert ended.stderr == ""
    assert ended.returncode == 0


@pytest.mark.parametrize("arguments", [["places", "kalbajar"], ["places", "kalbajar", "--json"]])
def test_an_answer_that_finds_no_room_is_an_error_of_the_machine(arguments):
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "satdesk", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.stderr == "satdesk: No space left on device\n"
    assert ended.returncode == 6


@pytest.mark.parametrize("closed", ["1", "2", "0 1 2"])
def test_streams_that_are_closed_are_not_taken_by_files(tmp_path, closed):
    code = (
        f"import os; [os.close(int(n)) for n in '{closed}'.split()];"
        "from satdesk.cli import main\n"
        "try:\n    main(['places', 'kalbajar'])\n"
        f"except SystemExit as end:\n    open({str(tmp_path / 'out')!r}, 'w').write("
        "f'{end.code} {os.open(os.devnull, os.O_RDONLY) > 2}')"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (tmp_path / "out").read_text() == "0 True"
