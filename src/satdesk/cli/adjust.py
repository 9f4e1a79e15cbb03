"""``satdesk adjust``: overlapping scenes laid on each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from satdesk.cli.answer import print_json
from satdesk.cli.options import (
    FILE,
    accept,
    accepted,
    as_json,
    image_id,
    model_kind,
    overwrite,
    terrain_choice,
    terrain_options,
)
from satdesk.cli.spread import SpreadCommand
from satdesk.errors import UsageError

__all__ = ["command"]


@click.command("adjust", cls=SpreadCommand)
@click.argument("bundles", type=FILE, nargs=-1, required=True)
@click.option(
    "--hold",
    multiple=True,
    metavar="BUNDLE[=REFINEMENT]",
    help="A scene that stays where it is, or where a refinement of its own puts it.",
)
@model_kind
@image_id
@terrain_options
@click.option("--out", type=FILE, help="Folder to write: a refinement and a picture of each scene.")
@accept
@overwrite
@as_json
def command(
    bundles: tuple[Path, ...],
    *,
    hold: tuple[str, ...],
    kind: str,
    image_id: str | None,
    out: Path | None,
    accept: tuple[str, ...],
    overwrite: bool,
    as_json: bool,
) -> None:
    """Lay overlapping scenes BUNDLES on each other by what they show together.

    Ties are found automatically on the terrain; bad ones are named and not used. Unless a scene is
    held, the common position stays the mean of what the providers state: ties tell nothing of where
    the scenes lie. Each refinement is for ortho --refinement, or a recipe.
    """
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's
    from satdesk.release.adjustment import BlockWish  # noqa: PLC0415 - as above
    from satdesk.release.recipe import SceneChoice  # noqa: PLC0415 - as above

    held = _held(hold, bundles)
    answer = desk.adjust(
        [SceneChoice(bundle=b, refinement=held.get(n)) for n, b in enumerate(bundles)],
        BlockWish(
            kind=kind, image_id=image_id, held=tuple(sorted(held)), out=out, overwrite=overwrite
        ),
        terrain=terrain_choice(),
        accept=accepted(accept),
    )
    if as_json:
        print_json(answer)
        return
    _print(answer)


def _held(hold: tuple[str, ...], bundles: tuple[Path, ...]) -> dict[int, Path | None]:
    """The refinement, if any, of each held scene by its number."""
    places = {bundle.resolve(): number for number, bundle in enumerate(bundles)}
    held: dict[int, Path | None] = {}
    for text in hold:
        name, _, refinement = text.partition("=")
        number = places.get(Path(name).resolve())
        if number is None:
            raise UsageError(
                "--hold names a scene that is not adjusted",
                found=name,
                expected=", ".join(map(str, bundles)),
            )
        held[number] = Path(refinement) if refinement else None
    return held


def _print(answer: dict[str, Any]) -> None:
    for scene in answer["scenes"]:
        east, north = scene["moved_m"]
        where = "held" if scene["held"] else f"moved {east:+.2f} m east, {north:+.2f} m north"
        click.echo(f"{scene['scene']}: {where}")
    for pair in answer["pairs"]:
        first, second = pair["scenes"]
        click.echo(
            f"{first} and {second}: used {pair['used']} of {pair['ties']} ties, "
            f"rms before {pair['before_rms_m']} m, after {pair['rms_m']} m"
        )
        for tie in pair["bad"]:
            click.echo(f"  not used: {tie['id']} ({tie['residual_m']:.2f} m)")
    checked = answer["held_out"]
    if checked:
        click.echo(f"ties left out lie {checked['rmse_m']} m apart (rms of {checked['n']})")
    click.echo("not checked: ties do not tell where the scenes lie")
    for notice in answer["notices"]:
        click.echo(f"  note: {notice['text']}")
