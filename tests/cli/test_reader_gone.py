from __future__ import annotations

import json
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


@pytest.mark.parametrize("letters", ["ascii", "latin-1", "utf-8:strict"])
def test_an_answer_is_printed_whatever_letters_the_locale_has(letters):
    def printed(*arguments: str | bytes) -> tuple[int, bytes]:
        done = subprocess.run(
            [sys.executable, "-m", "satdesk", *arguments],
            env=os.environ | {"PYTHONIOENCODING": letters},
            capture_output=True,
            check=False,
        )
        assert b"Traceback" not in done.stderr
        return done.returncode, done.stdout

    assert printed("places", "kalbajar")[0] == 0
    code, out = printed("places", "kalbajar", "--json")
    assert code == 0
    names = json.loads(out.decode("utf-8"))["districts"][0]["names"]
    assert "Kəlbəcər" in {name["text"] for name in names}
    code, out = printed("inspect", b"no\xff", "--json")  # an odd byte, as Linux has it in names
    assert code == 3
    assert json.loads(out.decode("utf-8"))["error"]["subject"] == "no\udcff"
