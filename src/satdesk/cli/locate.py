"""``satdesk locate``: where on the ground is this pixel."""

from __future__ import annotations

from pathlib import Path

import click

from satdesk.cli.answer import print_json
from satdesk.cli.options import FILE, GEOMETRY, GEOMETRY_HELP, as_json
from satdesk.cli.points import chosen_points

__all__ = ["command"]


@click.command("locate")
@click.argument("source", type=FILE)
@click.option("--colrow", type=float, nargs=2, help="Column and row from the file's outer corner.")
@click.option("--height", type=float, help="Metres above the WGS 84 ellipsoid.")
@click.option("--points", type=FILE, help="CSV with a header: col,row,height.")
@click.option("--image", "image_id", help="Which image of a bundle (default: pan, else the first).")
@click.option("--rpc", type=FILE, help="RPC file; else the image's tags, its sidecar, its DIMAP.")
@click.option("--geometry", type=GEOMETRY, help=GEOMETRY_HELP)
@as_json
def command(
    source: Path,
    *,
    colrow: tuple[float, float] | None,
    height: float | None,
    points: Path | None,
    image_id: str | None,
    rpc: Path | None,
    geometry: str | None,
    as_json: bool,
) -> None:
    """Tell where on the ground a pixel of SOURCE is, at a height.

    SOURCE is a bundle, an image, or a bare RPC file. The first pixel's centre is 0.5 0.5; a crop's
    origin is added. Without --json: a line "lon lat height" for each point, nan outside the domain.
    """
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's

    asked = chosen_points(colrow, height, points, names=("col", "row"))
    found = desk.locate(source, asked, image_id=image_id, rpc=rpc, geometry=geometry)
    if as_json:
        print_json({"points": [desk.named(point, ("lon", "lat", "height")) for point in found]})
        return
    for lon, lat, above in found:
        click.echo(f"{lon:.9f} {lat:.9f} {above:.3f}")
