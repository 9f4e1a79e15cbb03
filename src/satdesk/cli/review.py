"""``satdesk review``: a draft was looked at."""

from __future__ import annotations

from pathlib import Path

import click

from satdesk.cli.options import FILE, as_json, signing_options
from satdesk.cli.standing import print_standing, signing_of

__all__ = ["command"]


@click.command("review")
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
    """Say that you reviewed the draft RELEASE: its facts, words and pictures.

    Its files must be as they were written. What is reviewed is the recipe and the pictures, so the
    review holds for what is issued of the same.
    """
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's

    signing = signing_of(sign, certificates, key)
    answer = desk.review(release, signing=signing, log=log, note=note)
    print_standing(answer, as_json=as_json)
