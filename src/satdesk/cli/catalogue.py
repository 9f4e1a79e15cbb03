"""``satdesk catalogue``: releases that pictures can be identified by."""

from __future__ import annotations

from pathlib import Path

import click

from satdesk.cli.answer import print_json
from satdesk.cli.options import FILE, as_json

__all__ = ["command"]


@click.command("catalogue")
@click.argument("catalogue", type=FILE)
@click.argument("releases", type=FILE, nargs=-1)
@as_json
def command(catalogue: Path, *, releases: tuple[Path, ...], as_json: bool) -> None:
    """Add RELEASES (folders) to the file CATALOGUE, and list what is in it.

    The file is made where it is not there. It holds fingerprints and grey copies of the visual
    images, press images and plates, nothing that a release keeps back. A release that is in it
    already is left alone; a release whose files are not those that it lists is refused.
    """
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's

    answer = desk.catalogue(catalogue, releases)
    if as_json:
        print_json(answer)
        return
    for release in answer["releases"]:
        click.echo(f"{release['release']}: {release['pictures']} pictures, {release['status']}")
