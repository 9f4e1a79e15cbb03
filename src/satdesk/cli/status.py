"""``satdesk status``: what holds of a release now."""

from __future__ import annotations

from pathlib import Path

import click

from satdesk.cli.options import FILE, as_json
from satdesk.cli.standing import print_standing

__all__ = ["command"]


@click.command("status")
@click.argument("release", type=FILE)
@as_json
def command(release: Path, *, as_json: bool) -> None:
    """Say what holds of RELEASE now: draft, reviewed, embargoed, issued, corrected, withdrawn.

    It says what its status.json says; satdesk verify says whose word that is.
    """
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's

    print_standing(desk.status(release), as_json=as_json)
