from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

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


ENDS = """
import gc, os, signal, sys
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)  # whatever was inherited
signal.signal(signal.SIGINT, signal.default_int_handler)
from satdesk.cli.interrupt import interruptible

def end(name="{name}"):
    os.kill(os.getpid(), getattr(signal, name))

"""


def ended(tmp_path: Path, name: str, code: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "ends.py").write_text(ENDS.replace("{name}", name) + code)
    return subprocess.run(
        [sys.executable, "-m", "ends"], cwd=tmp_path, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("name", "code", "says"),
    [
        ("SIGINT", 130, "interrupted"),
        ("SIGTERM", 143, "ended by SIGTERM"),
        ("SIGHUP", 129, "ended by SIGHUP"),
    ],
)
def test_each_signal_ends_with_its_own_status_and_one_line(tmp_path, name, code, says):
    done = ended(tmp_path, name, "sys.exit(interruptible(end, as_json=True))\n")
    assert done.returncode == code, done.stderr
    assert done.stderr == f"satdesk: {says}; nothing was left half-written\n"
    error = json.loads(done.stdout)["error"]
    assert (error["kind"], error["exit_code"]) == ("Interrupted", code)


def test_the_commands_of_the_line_say_it_once_too(tmp_path):
    # click would put an empty line before it
    code = """
import click
from satdesk.cli import app
@click.command()
def command():
    end()
app.Commands.get_command = lambda *_: command
sys.exit(interruptible(lambda: app.run(["ortho"]), as_json=False))
"""
    done = ended(tmp_path, "SIGTERM", code)
    assert done.returncode == 143
    assert done.stderr == "satdesk: ended by SIGTERM; nothing was left half-written\n"


@pytest.mark.parametrize("second", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_second_signal_does_not_stop_the_clearing_up(tmp_path, second):
    code = f"""
def command():
    try:
        end()
    finally:
        end("{second}")
        print("all cleared up", flush=True)

sys.exit(interruptible(command, as_json=False))
"""
    done = ended(tmp_path, "SIGTERM", code)
    assert done.stdout == "all cleared up\n"
    assert done.returncode == 143
    assert done.stderr.count("\n") == 1


def test_a_signal_that_was_lost_is_no_end_to_signals(tmp_path):
    code = """
from contextlib import contextmanager

@contextmanager
def passing():
    yield

def command():
    try:
        with passing():  # which leaves the error in a cycle of frames
            end()
    except KeyboardInterrupt:
        pass  # as where C calls back
    end()
    raise AssertionError("not ended")

sys.exit(interruptible(command, as_json=False))
"""
    assert ended(tmp_path, "SIGTERM", code).returncode == 143


@pytest.mark.parametrize("name", ["SIGHUP", "SIGTERM", "SIGINT"])
def test_what_was_started_with_a_signal_ignored_ignores_it(tmp_path, name):
    # nohup does it with SIGHUP, a shell with SIGINT of what runs in its background
    code = f"signal.signal(signal.{name}, signal.SIG_IGN)\n"
    code += "sys.exit(interruptible(lambda: end() or 7, as_json=False))\n"
    assert ended(tmp_path, name, code).returncode == 7


def test_a_terminal_that_has_hung_up_is_no_error(tmp_path):
    code = "os.dup2(os.open('/dev/full', os.O_WRONLY), 2)\n"
    code += "sys.exit(interruptible(end, as_json=True))\n"
    done = ended(tmp_path, "SIGHUP", code)
    assert done.returncode == 129


def test_signals_wait_while_modules_are_imported(tmp_path):
    code = """
from satdesk.cli.interrupt import postponed

def command():
    with postponed():
        end()
        end("SIGINT")
        print("imported", flush=True)
    raise AssertionError("not ended")

sys.exit(interruptible(command, as_json=False))
"""
    done = ended(tmp_path, "SIGTERM", code)
    assert (done.returncode, done.stdout) == (143, "imported\n")
