"""``satdesk project``: in which pixel is this place."""

from __future__ import annotations

from pathlib import Path

import click

from satdesk.cli.answer import print_json
from satdesk.cli.options import FILE, GEOMETRY, GEOMETRY_HELP, as_json
from satdesk.cli.points import chosen_points

__all__ = ["command"]


@click.command("project")
@click.argument("source", type=FILE)
@click.option("--lonlat", type=float, nargs=2, help="Longitude and latitude, degrees, WGS 84.")
@click.option("--height", type=float, help="Metres above the WGS 84 ellipsoid.")
@click.option("--points", type=FILE, help="CSV with a header: lon,lat,height.")
@click.option("--image", "image_id", help="Which image of a bundle (default: pan, else the first).")
@click.option("--rpc", type=FILE, help="RPC file; else the image's tags, its sidecar, its DIMAP.")
@click.option("--geometry", type=GEOMETRY, help=GEOMETRY_HELP)
@as_json
def command(
    source: Path,
    *,
    lonlat: tuple[float, float] | None,
    height: float | None,
    points: Path | None,
    image_id: str | None,
    rpc: Path | None,
    geometry: str | None,
    as_json: bool,
) -> None:
    """Tell in which pixel of SOURCE a place on the ground is.

    SOURCE is a bundle, an image, or a bare RPC file. Columns and rows count from the outer corner
    of the file's first pixel, whose centre is 0.5 0.5. Without --json: a line "col row" for each
    point, nan outside the domain.
    """
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's

    asked = chosen_points(lonlat, height, points, names=("lon", "lat"))
    found = desk.project(source, asked, image_id=image_id, rpc=rpc, geometry=geometry)
    if as_json:
        print_json({"points": [desk.named(point, ("col", "row")) for point in found]})
        return
    for col, row in found:
        click.echo(f"{col:.6f} {row:.6f}")
