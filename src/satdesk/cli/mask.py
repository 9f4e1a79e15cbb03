"""``satdesk mask``: what hides the ground of one scene, as one file of classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from satdesk.cli.answer import print_json
from satdesk.cli.options import (
    FILE,
    as_json,
    overwrite,
    scene_choice,
    scene_options,
    terrain_choice,
    terrain_options,
)
from satdesk.cli.spread import SpreadCommand
from satdesk.errors import UsageError

__all__ = ["command"]


@click.command("mask", cls=SpreadCommand)
@click.argument("bundle", type=FILE, required=False)
@scene_options
@terrain_options
@click.option(
    "--method",
    default="classical",
    show_default=True,
    help="classical, provider or learned, or several joined by +.",
)
@click.option("--crs", help="Output CRS, e.g. EPSG:32638; default: the scene's UTM zone.")
@click.option("--bounds", type=float, nargs=4, help="XMIN YMIN XMAX YMAX in the output CRS.")
@click.option("--gsd", type=float, help="Output pixel; default: the multispectral image's.")
@click.option("--out", type=FILE, required=True, help="The GeoTIFF of classes to write (a COG).")
@overwrite
@as_json
def command(
    bundle: Path | None,
    *,
    method: str,
    crs: str | None,
    bounds: tuple[float, float, float, float] | None,
    gsd: float | None,
    out: Path,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Tell what hides the ground of a scene: a Cloud Optimized GeoTIFF of classes.

    Without a terrain an image in sensor geometry keeps its own pixels.
    """
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's
    from satdesk.release.cover_sources import methods_of  # noqa: PLC0415 - as above
    from satdesk.release.mask_image import MaskWish  # noqa: PLC0415 - as above

    methods = methods_of(method)
    if not methods:
        raise UsageError("a mask is told by somebody", found="--method none")
    answer = desk.mask(
        scene_choice(bundle),
        out,
        wish=MaskWish(methods=methods, crs=crs, gsd_m=gsd, bounds=bounds),
        terrain=terrain_choice(),
        overwrite=overwrite,
    )
    print_json(answer) if as_json else _print(answer)


def _print(answer: dict[str, Any]) -> None:
    click.echo(f"{answer['path']}: told by {answer['cover']['method']}")
    for name, share in answer["shares"].items():
        if share["pixels"] or name in {"clear", "cloud"}:
            click.echo(f"  {name.replace('_', ' ')}: {share['percent']:.2f} %")
    stated = answer["provider_cloud_percent"]
    click.echo(f"  the provider states {'nothing' if stated is None else f'{stated:g} % cloud'}")
    for notice in answer["notices"]:
        click.echo(f"  note: {notice['text']}")
