"""What a wrong call is told."""

from __future__ import annotations

import click
import pytest

from acceptance.commandline import satdesk
from satdesk.cli.app import COMMANDS, app


def test_without_a_command_help_is_printed_as_it_is():
    ended = satdesk()
    assert ended.code == 2
    assert ended.err.startswith("Usage: satdesk [OPTIONS] COMMAND")
    assert "; do:" not in ended.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["isue"], "satdesk: there is no command 'isue'; do: did you mean issue?"),
        (["qqq"], "satdesk: there is no command 'qqq'; do: see satdesk --help"),
        (["--qqq"], "satdesk: No such option '--qqq'; do: see satdesk --help"),
        (["issue"], "satdesk: issue: Missing argument 'RECIPE'; do: see satdesk issue --help"),
    ],
)
def test_a_wrong_call_is_one_line_that_names_what_to_type(words, told):
    ended = satdesk(*words)
    assert (ended.code, ended.err.strip()) == (2, told)


def test_a_scenario_is_suggested_by_likeness_and_else_all_are_named(tmp_path):
    ended = satdesk("simulate", "demoo", "--out", tmp_path / "x")
    assert ended.code == 3
    assert ended.err.strip().split("; do: did you mean demo")[1:]
    ended = satdesk("simulate", "qqq", "--out", tmp_path / "x")
    assert "did you mean" not in ended.err
    assert "take one of attitude_drift, " in ended.err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_is(name):
    command = app.get_command(click.Context(app), name)
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, option.opts
