"""``satdesk area``: hectares that changed between two pictures."""

from __future__ import annotations

from pathlib import Path

import click

from satdesk.cli.answer import print_json
from satdesk.cli.options import FILE, accept, accepted, as_json, overwrite

__all__ = ["command"]


@click.command("area")
@click.argument("before", type=FILE)
@click.argument("after", type=FILE)
@click.option(
    "--kind",
    type=click.Choice(["burnt", "cleared", "flooded", "built"]),
    required=True,
    help="What is looked for; the answer says what looks alike.",
)
@click.option("--within", type=FILE, help="Polygons; default: the frame that both pictures share.")
@click.option("--district", help="A district of the gazetteer in place of --within.")
@click.option(
    "--pixel", type=float, default=6.0, show_default=True, help="Pixel of the comparison, metres."
)
@click.option(
    "--least", type=float, default=0.05, show_default=True, help="Smallest piece mapped, hectares."
)
@click.option(
    "--misregistration",
    type=click.FloatRange(min=0),
    default=0.5,
    show_default=True,
    help="How far the pictures may lie off each other, pixels of the comparison.",
)
@click.option("--mask-before", type=FILE, help="What satdesk mask wrote of the first date.")
@click.option("--mask-after", type=FILE, help="What satdesk mask wrote of the second date.")
@click.option("--points", type=FILE, help="Judged points: a property changed = yes, no, unclear.")
@click.option(
    "--draw", type=click.IntRange(min=0), default=0, help="Draw so many points to be judged."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the draw.")
@click.option("--out", type=FILE, help="Folder for map, outlines, picture and figures.")
@accept
@overwrite
@as_json
def command(  # noqa: PLR0913 - one parameter an option
    before: Path,
    after: Path,
    *,
    kind: str,
    within: Path | None,
    district: str | None,
    pixel: float,
    least: float,
    misregistration: float,
    mask_before: Path | None,
    mask_after: Path | None,
    points: Path | None,
    draw: int,
    seed: int,
    out: Path | None,
    accept: tuple[str, ...],
    overwrite: bool,
    as_json: bool,
) -> None:
    """Measure how many hectares changed from BEFORE to AFTER, two pictures of reflectance.

    The figure comes with a range, the smallest piece mapped and the map itself. It says what is
    seen, never what or who did it.
    """
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's
    from satdesk.release.change_wish import area_wish  # noqa: PLC0415 - as above

    wish = area_wish(
        kind,
        within=within,
        district=district,
        pixel_m=pixel,
        least_ha=least,
        misregistration_px=misregistration,
        masks=(mask_before, mask_after),
        points=points,
        draw=draw,
        seed=seed,
    )
    answer = desk.area(before, after, out, wish, accept=accepted(accept), overwrite=overwrite)
    if as_json:
        print_json(answer)
        return
    click.echo(answer["statement"])
    click.echo(f"  looks alike: {answer['alike']}")
    for notice in answer["notices"]:
        click.echo(f"  note: {notice['text']}")
