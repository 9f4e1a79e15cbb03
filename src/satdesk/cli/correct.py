"""``satdesk correct``: a later revision takes the place of a release."""

from __future__ import annotations

from pathlib import Path

import click

from satdesk.cli.options import FILE, as_json, signing_options
from satdesk.cli.standing import print_standing, signing_of

__all__ = ["command"]


@click.command("correct")
@click.argument("old", type=FILE)
@click.argument("new", type=FILE)
@click.option("--reason", required=True, help="Why; published, and logged.")
@signing_options
@as_json
def command(
    old: Path,
    new: Path,
    *,
    reason: str,
    sign: Path | None,
    certificates: Path | None,
    key: Path | None,
    log: Path,
    as_json: bool,
) -> None:
    """Say in the release OLD that its later revision NEW takes its place.

    Both must have been issued. OLD stays as it is, but its page, its status and satdesk verify say
    so; publish its status files again.
    """
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's

    signing = signing_of(sign, certificates, key)
    answer = desk.correct(old, new, signing=signing, log=log, reason=reason)
    print_standing(answer, as_json=as_json)
