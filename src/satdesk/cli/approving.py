"""What the commands share by which a person puts a name to a draft."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from satdesk.cli.options import FILE, as_json, signing_options
from satdesk.cli.standing import print_standing, signing_of

__all__ = ["approving"]


def approving(name: str, step: Callable[[], Callable[..., dict[str, Any]]]) -> click.Command:
    """The command `name`, which calls what `step` gives: a verb of the desk, loaded when it runs.

    Its help is the docstring of `step`.
    """

    @click.command(name, help=step.__doc__)
    @click.argument("release", type=FILE)
    @click.option("--note", help="Your words for the log.")
    @signing_options
    @as_json
    def command(
        release: Path,
        *,
        note: str | None,
        sign: Path | None,
        certificates: Path | None,
        key: Path | None,
        log: Path,
        as_json: bool,
    ) -> None:
        signing = signing_of(sign, certificates, key)
        print_standing(step()(release, signing=signing, log=log, note=note), as_json=as_json)

    return command
