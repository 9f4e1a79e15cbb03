"""``satdesk refine``: correct a scene's models by what is known on the ground."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from satdesk.cli.answer import print_json
from satdesk.cli.options import (
    DATUMS,
    FILE,
    accept,
    accepted,
    as_json,
    image_id,
    model_kind,
    overwrite,
    scene_choice,
    scene_options,
    terrain_choice,
    terrain_options,
)
from satdesk.cli.spread import SpreadCommand

__all__ = ["command"]


@click.command("refine", cls=SpreadCommand)
@click.argument("bundle", type=FILE, required=False)
@scene_options
@click.option(
    "--gcps", type=FILE, help="Ground control points: CSV with a header, or GeoJSON points."
)
@click.option(
    "--check", type=FILE, help="More points, not fitted: they check the fit. Written as --gcps."
)
@click.option(
    "--hold-out",
    type=click.FloatRange(0, 0.5),
    default=0.0,
    show_default=True,
    help="Share of the points that is not fitted but checks the fit.",
)
@click.option("--reference", type=FILE, help="Orthoimage to be matched automatically.")
@model_kind
@image_id
@click.option("--crs", help="CRS of x and y in the file of points; longitude, latitude need none.")
@click.option(
    "--gcp-vertical",
    type=DATUMS,
    default="ellipsoid",
    show_default=True,
    help="Vertical datum of the points' heights.",
)
@click.option("--gcp-geoid", type=FILE, help="Geoid grid file for that datum; EGM96 ships.")
@terrain_options
@click.option("--out", type=FILE, help="The refinement to write (JSON), for ortho --refinement.")
@click.option("--report", type=FILE, help="Picture of the residuals to write (PNG).")
@accept
@overwrite
@as_json
def command(  # noqa: PLR0913 - one parameter an option
    bundle: Path | None,
    *,
    gcps: Path | None,
    check: Path | None,
    hold_out: float,
    reference: Path | None,
    kind: str,
    image_id: str | None,
    crs: str | None,
    gcp_vertical: str,
    gcp_geoid: Path | None,
    out: Path | None,
    report: Path | None,
    accept: tuple[str, ...],
    overwrite: bool,
    as_json: bool,
) -> None:
    """Correct the models of BUNDLE by ground control points or a reference orthoimage.

    Bad points are named and not used. Pixel positions in the file of points are col, row from the
    outer corner of the first pixel, or ji from its centre. A DEM is needed with --reference, and
    for points without a height.
    """
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's
    from satdesk.release.refinement import PointsChoice, RefinementWish  # noqa: PLC0415 - as above

    answer = desk.refine(
        scene_choice(bundle),
        PointsChoice(
            gcps=gcps,
            crs=crs,
            vertical=gcp_vertical,
            geoid=gcp_geoid,
            reference=reference,
            check=check,
            hold_out=hold_out,
        ),
        RefinementWish(kind=kind, image_id=image_id, out=out, report=report, overwrite=overwrite),
        terrain=terrain_choice(),
        accept=accepted(accept),
    )
    if as_json:
        print_json(answer)
        return
    _print(answer)


def _print(answer: dict[str, Any]) -> None:
    model = answer["model"]
    click.echo(f"{model['kind']} of {model['image']}: {' '.join(map(str, model['matrix']))}")
    click.echo(f"used {answer['points_used']} of {len(answer['points'])} points")
    for point in answer["points"]:
        if not point["used"]:
            size = "" if point["residual_px"] is None else f" ({point['residual_px']:.2f} px)"
            click.echo(f"  not used: {point['id']}{size}: {point['reason']}")
    click.echo(f"rms {answer['rms_px']} px, before {answer['before_rms_px']} px")
    said = answer["accuracy"]
    click.echo(f"positions {said}" if said else "not checked: no point could be left out")
    for key in ("check", "held_out"):
        for point in [] if answer[key] is None else answer[key]["points"]:
            click.echo(f"  checked by {point['id']}: {point['error_m']:.2f} m")
    for notice in answer["notices"]:
        click.echo(f"  note: {notice['text']}")
