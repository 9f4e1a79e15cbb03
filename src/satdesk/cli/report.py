"""``satdesk report``: what the scenes of a recipe can show of its district, before any work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from satdesk.cli.answer import print_json
from satdesk.cli.options import FILE, as_json, overwrite

__all__ = ["command"]


@click.command("report")
@click.argument("recipe", type=FILE)
@click.option("--out", type=FILE, help="Folder for the map, the outlines and the gaps as GeoJSON.")
@overwrite
@as_json
def command(recipe: Path, *, out: Path | None, overwrite: bool, as_json: bool) -> None:
    """Tell what the scenes of RECIPE cover of its district, and what would complete it.

    Only outlines are compared: no pixel is read and no cloud is looked for. What an issued release
    shows clear, under cloud, in shadow or not at all stands in its release.json.
    """
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's

    answer = desk.report(recipe, out, overwrite=overwrite)
    if as_json:
        print_json(answer)
        return
    district = answer["district"]
    click.echo(f"{district['title']}: {district['area_ha']:,.1f} ha")
    for date in answer["dates"]:
        _print_date(date)


def _print_date(date: dict[str, Any]) -> None:
    days = ", ".join(date["days"])
    click.echo(f"{date['id']} (taken {days})")
    click.echo(f"  imaged      {_words(date['imaged'])}")
    click.echo(f"  not imaged  {_words(date['not_imaged'])} in {len(date['gaps'])} pieces")
    for scene in date["scenes"]:
        click.echo(f"  {scene['id']}: {_words(scene['imaged'])}, alone {_words(scene['alone'])}")
    for site in date["sites"]:
        shown = ", ".join(site["scenes"]) or "in no scene"
        click.echo(f"  site {site['title']}: {shown}")


def _words(share: dict[str, float]) -> str:
    return f"{share['ha']:,.1f} ha ({share['percent']:.1f} %)"
