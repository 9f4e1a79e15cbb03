"""``satdesk ortho``: one scene orthorectified, no release."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from satdesk.cli.answer import print_json
from satdesk.cli.options import (
    FILE,
    accept,
    accepted,
    as_json,
    overwrite,
    scene_choice,
    scene_options,
    stated_accuracy,
    terrain_choice,
    terrain_options,
)
from satdesk.cli.progress import progress_bar
from satdesk.cli.spread import SpreadCommand

__all__ = ["command"]


@click.command("ortho", cls=SpreadCommand)
@click.argument("bundle", type=FILE, required=False)
@scene_options
@terrain_options
@click.option(
    "--dem-accuracy",
    metavar="LE90=SOURCE",
    help="Error in metres that 90 % of the DEM's heights do not exceed, and who states it.",
)
@click.option(
    "--accuracy",
    type=click.FloatRange(min=0, min_open=True),
    help="CE90 in metres that is wanted: a picture that prints a larger one, or none, is refused.",
)
@click.option(
    "--product",
    type=click.Choice(["pan", "ms", "sharpened"]),
    help="Default: sharpened where PAN and MS exist, else what there is.",
)
@click.option(
    "--quantity",
    type=click.Choice(["counts", "toa", "boa"]),
    help="Default: toa where possible; boa: an estimate of the ground's own reflectance.",
)
@click.option(
    "--refinement", type=FILE, help="What satdesk refine --out wrote for this scene; applied."
)
@click.option("--crs", help="Output CRS, e.g. EPSG:32638; default: the scene's UTM zone.")
@click.option("--bounds", type=float, nargs=4, help="XMIN YMIN XMAX YMAX in the output CRS.")
@click.option("--gsd", type=float, help="Output pixel in units of the CRS.")
@click.option(
    "--sharpening",
    type=click.Choice(["auto", "brovey", "rcs", "lmvm", "gsa", "mtf-glp-hpm", "bt-h", "gsa-local"]),
    default="brovey",
    show_default=True,
    help="Pansharpening method; auto: the best measured on samples of the scene.",
)
@click.option(
    "--resampling",
    type=click.Choice(["nearest", "bilinear", "cubic"]),
    default="cubic",
    show_default=True,
    help="How counts between pixels are found.",
)
@click.option("--codec", default="zstd:1", show_default=True, help="COG compression, name:level.")
@click.option("--out", type=FILE, required=True, help="The GeoTIFF to write (a COG).")
@click.option("--checksum", is_flag=True, help="With --json: tell the file's SHA-256 too.")
@accept
@overwrite
@as_json
def command(  # noqa: PLR0913 - one parameter an option
    bundle: Path | None,
    *,
    dem_accuracy: str | None,
    accuracy: float | None,
    product: str | None,
    quantity: str | None,
    refinement: Path | None,
    crs: str | None,
    bounds: tuple[float, float, float, float] | None,
    gsd: float | None,
    sharpening: str,
    resampling: str,
    codec: str,
    out: Path,
    checksum: bool,
    accept: tuple[str, ...],
    overwrite: bool,
    as_json: bool,
) -> None:
    """Orthorectify one scene into a Cloud Optimized GeoTIFF; sharpened where PAN and MS exist."""
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's
    from satdesk.release.recipe import GridChoice  # noqa: PLC0415 - as above

    choice = replace(scene_choice(bundle), refinement=refinement)
    grid = GridChoice(
        crs=crs,
        gsd_m=gsd,
        product=product,
        quantity=quantity,
        sharpening=sharpening,
        resampling=resampling,
        accuracy_m=accuracy,
        codec=codec,
    )
    terrain = terrain_choice(stated_accuracy(dem_accuracy))
    with progress_bar("ortho") as progress:
        answer = desk.ortho(
            choice,
            out,
            grid=grid,
            terrain=terrain,
            bounds=bounds,
            accept=accepted(accept),
            overwrite=overwrite,
            checksum=checksum,
            progress=progress,
        )
    print_json(answer) if as_json else _print(answer)


def _print(answer: dict[str, Any]) -> None:
    click.echo(f"{answer['path']}: {answer['product']}, {answer['quantity']}")
    click.echo(f"positions {answer['facts']['accuracy']['statement']}")
    for line in _quality(answer["facts"].get("sharpening")):
        click.echo(line)
    for notice in answer["notices"]:
        click.echo(f"  note: {notice['text']}")


def _quality(sharpening: dict[str, Any] | None) -> list[str]:
    """One line on how the picture was sharpened and how well."""
    if sharpening is None:
        return []
    scores = sharpening["scores"]
    if scores is None:
        measured = f"not scored: {sharpening['scores_reason']}"
    else:
        measured = (
            f"SAM {scores['sam_deg']:.2f} degrees, ERGAS {scores['ergas']:.2f}, "
            f"Q2n {scores['q2n']:.3f}, HQNR {scores['hqnr']:.3f}"
        )
    return [f"  sharpened by {sharpening['method']}; {measured}"]
