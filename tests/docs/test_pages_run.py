"""The documentation is run as a reader would: files saved, commands typed, code executed."""

from __future__ import annotations

import doctest
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from docs.pages import PAGES, ROOT, Block, blocks, commands
from satdesk.cli.app import app, run

SIMULATE = "satdesk simulate test --out world"
SHELL = {"cat", "cd", "cp", "ls", "mkdir", "mv", "rm", "sha256sum"}
SAVED = {"toml", "csv", "json"}


def has_work(page):
    return any(b.language in {"console", "python"} and b.skip is None for b in blocks(page))


def name(page):
    return str(page.relative_to(ROOT))


@pytest.mark.slow
@pytest.mark.parametrize("page", [p for p in PAGES if has_work(p)], ids=name)
def test_a_page_runs_from_top_to_bottom(page, world, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "documented"}
    for block in blocks(page):
        if block.skip is not None:
            continue
        if block.title is not None and block.language in SAVED:
            Path(block.title).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            lines = "\n" * block.line + block.text
            exec(compile(lines, block.page, "exec"), names)  # noqa: S102 - our own documentation
        elif block.language == "console":
            type_in(block, world, capfd)


def type_in(block: Block, world, capfd) -> None:
    for command, expected in commands(block):
        capfd.readouterr()
        words = shlex.split(command)
        if command == SIMULATE:
            shutil.copytree(world, "world")
            code = 0
        elif words[0] == "satdesk":
            code = run(words[1:])
        else:
            assert words[0] in SHELL, f"{block.where}: {command}"
            code = subprocess.run(["bash", "-c", command], check=False).returncode
        out, err = capfd.readouterr()
        assert code == wanted_code(expected), f"{block.where}: {command}\n{out}{err}"
        shown = "\n".join(x for x in expected.splitlines() if not x.startswith("exit "))
        if shown.strip():
            same = doctest.OutputChecker().check_output(
                shown + "\n", out + err, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
            )
            assert same, f"{block.where}: {command}\nshown:\n{shown}\nfound:\n{out}{err}"


def wanted_code(expected: str) -> int:
    """``exit N`` on a line of its own says that the command ends so."""
    told = [line for line in expected.splitlines() if line.startswith("exit ")]
    return int(told[0].split()[1]) if told else 0


def typed():
    for page in PAGES:
        for block in blocks(page, "console"):
            for command, _ in commands(block):
                if command.startswith("satdesk "):
                    yield pytest.param(command, id=f"{block.where}-{command[:40]}")


@pytest.mark.parametrize("command", list(typed()))
def test_every_typed_command_parses(command):
    words = [w for w in shlex.split(command, comments=True) if w != "&&"][1:]
    if words[0].startswith("-"):
        return
    context = click.Context(app, info_name="satdesk")
    found = app.get_command(context, words[0])
    assert found is not None, words[0]
    found.make_context(words[0], words[1:], parent=context)


def test_what_is_not_run_says_why():
    skipped = [b for page in PAGES for b in blocks(page) if b.skip is not None]
    assert all(len(b.skip.split()) >= 3 for b in skipped)
    share = len([b for b in skipped if b.language == "python"])
    assert share <= 2, "code in the documentation is there to be run"
