"""``satdesk identify``: from which release a picture comes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from satdesk.cli.answer import print_json
from satdesk.cli.options import FILE, as_json

__all__ = ["command"]

_HOW = {
    "file": "the very file",
    "pixels": "the very pixels, in another file",
}


@click.command("identify")
@click.argument("image", type=FILE)
@click.option(
    "--catalogue", type=FILE, required=True, help="Made by satdesk catalogue from releases."
)
@as_json
def command(image: Path, *, catalogue: Path, as_json: bool) -> None:
    """Tell from which release IMAGE comes, which part of it that is, and how sure that is.

    IMAGE may be cut, shrunk, re-encoded or a screenshot; its metadata play no part. Finding nothing
    means that no picture of the catalogue was recognised in it. What is found says where the pixels
    were published, not that nothing was changed in them.
    """
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's

    answer = desk.identify(image, catalogue)
    if as_json:
        print_json(answer)
        return
    if not answer["found"]:
        click.echo("not recognised: no picture of the catalogue was found in it")
    for find in answer["found"]:
        _print_find(find)


def _print_find(find: dict[str, Any]) -> None:
    simulated = ", SIMULATED" if find["simulated"] else ""
    click.echo(f"{find['release']} ({find['status']}{simulated}): {find['path']}")
    click.echo(f"  {_HOW.get(find['how']) or _likeness(find)}")
    if find["corners_lonlat"] is not None:
        corners = "; ".join("{:.5f} {:.5f}".format(*corner) for corner in find["corners_lonlat"])
        click.echo(f"  corners (longitude latitude): {corners}")


def _likeness(find: dict[str, Any]) -> str:
    return (
        f"alike: {find['alike']:.0%} of {find['blocks']} parts correlate "
        f"(median {find['correlation']:.2f}); {find['covered']:.0%} of IMAGE lies in it"
    )
