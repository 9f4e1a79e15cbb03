"""``satdesk report``: what the scenes of a recipe can show of its district, before any work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from satdesk.cli.answer import print_json
from satdesk.cli.options import FILE, as_json, overwrite

__all__ = ["command"]

_MOST_PIECES = 8


@click.command("report")
@click.argument("recipe", type=FILE)
@click.option("--out", type=FILE, help="Folder for the map, the outlines and the gaps as GeoJSON.")
@click.option(
    "--masks",
    metavar="METHOD",
    help="Look for cloud and shadow: classical, provider, learned, joined by +; none: outlines "
    "alone. Default: the recipe's [masks].",
)
@overwrite
@as_json
def command(
    recipe: Path, *, out: Path | None, masks: str | None, overwrite: bool, as_json: bool
) -> None:
    """Tell what the scenes of RECIPE cover of its district, and what would complete it.

    Outlines are compared. With masks the scenes are looked at too, on cells of their multispectral
    pixels: what each scene, each site and the whole date show clear, under cloud, in shadow or not
    at all, and where a scene is still missing.
    """
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's

    answer = desk.report(recipe, out, masks=masks, overwrite=overwrite)
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
    if date["seen"] is not None:
        _print_seen(date["seen"])


def _print_seen(seen: dict[str, Any]) -> None:
    click.echo("  each place by the scene that saw it best:")
    for state, share in seen["states"].items():
        click.echo(f"    {_plain(state):<12}{_words(share)}")
    for scene in seen["scenes"]:
        shares = (f"{_plain(s)} {v['percent']:.1f} %" for s, v in scene["states"].items())
        told = scene["told_by"] or f"not told: {scene['not_told_because']}"
        click.echo(f"    {scene['id']}: {', '.join(shares)} ({told})")
    for site in seen["sites"]:
        shares = (f"{_plain(state)} {share:g} %" for state, share in site["states"].items())
        click.echo(f"    site {site['title']}: {', '.join(shares)}")
    for piece in seen["missing"][:_MOST_PIECES]:
        place = " ".join(f"{value:.4f}" for value in piece["bbox"])
        click.echo(f"    missing: {piece['area_ha']:,.1f} ha {_plain(piece['missing'])}, {place}")
    if len(seen["missing"]) > _MOST_PIECES:
        click.echo(f"    and {len(seen['missing']) - _MOST_PIECES} smaller pieces")


def _plain(state: str) -> str:
    return state.replace("_", " ")


def _words(share: dict[str, float]) -> str:
    return f"{share['ha']:,.1f} ha ({share['percent']:.1f} %)"
