"""Options that several commands share, and how their texts become values."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from satdesk.core.scene import GEOMETRIES
from satdesk.errors import UsageError
from satdesk.release.recipe import SceneChoice, StatedAccuracy, TerrainChoice
from satdesk.release.times import parse_acquisition

__all__ = [
    "DATUMS",
    "GEOMETRY",
    "GEOMETRY_HELP",
    "accept",
    "accepted",
    "as_json",
    "image_id",
    "model_kind",
    "overwrite",
    "scene_choice",
    "scene_options",
    "signing_options",
    "stated_accuracy",
    "terrain_choice",
    "terrain_options",
]

F = TypeVar("F", bound=Callable[..., Any])

FILE = click.Path(path_type=Path)
DATUMS = click.Choice(["EGM96", "EGM2008", "MSL", "ellipsoid"])
GEOMETRY = click.Choice(GEOMETRIES)
GEOMETRY_HELP = "Of an image with a map and an RPC: its map holds, or the RPC is its camera."

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
overwrite = click.option(
    "--overwrite", is_flag=True, help="Swap an existing result whole, by rename."
)

accept = click.option(
    "--accept", multiple=True, metavar="RULE=REASON", help="Accept one broken rule."
)
model_kind = click.option(
    "--model",
    "kind",
    type=click.Choice(["shift", "drift", "affine"]),
    default="shift",
    show_default=True,
    help="A shift; one that grows with the row; one that also grows with the column.",
)
image_id = click.option(
    "--image", "image_id", help="Which image: pan, ms (default: pan, else the first)."
)


def _remember(context: click.Context, parameter: click.Parameter, value: object) -> None:
    """Keep an option's value in the call's context instead of the command's signature."""
    context.meta[f"given.{parameter.name}"] = value


def _given(*names: str) -> dict[str, Any]:
    """Values that `_remember` kept in the running call, by name."""
    meta = click.get_current_context().meta
    return {name: meta[f"given.{name}"] for name in names}


def _kept(
    name: str,
    kind: Any,  # noqa: ANN401 - a click type
    help_text: str,
    *,
    multiple: bool = False,
) -> Callable[[F], F]:
    return click.option(
        name, type=kind, help=help_text, multiple=multiple, expose_value=False, callback=_remember
    )


_SCENE_OPTIONS = (
    _kept("--pan", FILE, "Panchromatic image of a scene of loose files."),
    _kept("--ms", FILE, "Multispectral image of a scene of loose files."),
    _kept("--rpc", FILE, "RPC of the (PAN) image; else its tags, sidecar, DIMAP."),
    _kept("--ms-rpc", FILE, "RPC of the MS image."),
    _kept("--at", str, "Acquisition where the files do not say: a day, or an instant."),
    _kept("--bands", str, "Our band names in the file's order: B,G,R,NIR."),
    _kept("--counts-per-reflectance", float, "Counts that mean reflectance 1.0, e.g. 10000."),
    _kept("--nodata", float, "The count that means no data."),
    _kept("--geometry", GEOMETRY, GEOMETRY_HELP),
)

_SCENE = (
    "pan", "ms", "rpc", "ms_rpc", "at", "bands", "counts_per_reflectance", "nodata",
    "geometry",
)  # fmt: skip
_TERRAIN_OPTIONS = (
    _kept("--dem", FILE, "DEM tiles or a VRT: one or more files.", multiple=True),
    _kept("--vertical", DATUMS, "Vertical datum of the DEM, where the file does not declare it."),
    _kept("--geoid", FILE, "Geoid grid file of the DEM; EGM96 ships."),
    _kept("--height", float, "One ellipsoidal height in metres instead of a DEM."),
)


def scene_options(command: F) -> F:
    """Add the options that say what a scene is; `scene_choice` reads them."""
    for option in reversed(_SCENE_OPTIONS):
        command = option(command)
    return command


def scene_choice(source: Path | None) -> SceneChoice:
    """The scene that the argument and the scene options of the running command describe.

    Raises:
        UsageError: Neither a bundle nor loose files, or both.
    """
    given = _given(*_SCENE)
    if (source is None) == (given["pan"] is None and given["ms"] is None):
        raise UsageError(
            "a scene is a bundle, or loose files",
            found="both" if source else "neither",
            expected="BUNDLE, or --pan FILE and/or --ms FILE",
        )
    at, bands = given["at"], given["bands"]
    return SceneChoice(
        bundle=source,
        pan=given["pan"],
        ms=given["ms"],
        rpc=given["rpc"],
        ms_rpc=given["ms_rpc"],
        at=None if at is None else parse_acquisition(at, what="--at"),
        bands=None if bands is None else tuple(bands.replace(" ", "").split(",")),
        counts_per_reflectance=given["counts_per_reflectance"],
        nodata=given["nodata"],
        geometry=given["geometry"],
    )


_SIGNING_OPTIONS = (
    click.option("--sign", type=FILE, metavar="KEYFOLDER", help="The keys of satdesk keys."),
    click.option(
        "--certificates",
        type=FILE,
        envvar="SATDESK_CERTIFICATES",
        help="PEM, signing certificate first [SATDESK_CERTIFICATES].",
    ),
    click.option(
        "--key",
        type=FILE,
        envvar="SATDESK_KEY",
        help="PEM private key [SATDESK_KEY]; its pass-phrase only in SATDESK_KEY_PASSPHRASE.",
    ),
    click.option(
        "--log",
        type=FILE,
        required=True,
        envvar="SATDESK_LOG",
        help="The desk's log; made where it does not exist [SATDESK_LOG].",
    ),
)


def signing_options(command: F) -> F:
    """Add the options that say with which key a step is signed, and in which log it is written."""
    for option in reversed(_SIGNING_OPTIONS):
        command = option(command)
    return command


def terrain_options(command: F) -> F:
    """Add the options that say what the ground is; `terrain_choice` reads them."""
    for option in reversed(_TERRAIN_OPTIONS):
        command = option(command)
    return command


def terrain_choice(accuracy: StatedAccuracy | None = None) -> TerrainChoice:
    """The terrain that the options of the running command describe.

    Args:
        accuracy: How exact its heights are, as somebody states.

    Raises:
        UsageError: A DEM and one height.
    """
    given = _given("dem", "vertical", "geoid", "height")
    return TerrainChoice(
        dem=given["dem"],
        vertical=given["vertical"],
        geoid=given["geoid"],
        height_m=given["height"],
        accuracy=accuracy,
    )


def accepted(rules: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """``RULE=REASON`` options as pairs; UsageError where there is no reason."""
    pairs = []
    for rule in rules:
        name, _, reason = rule.partition("=")
        if not name or not reason.strip():
            raise UsageError("a rule is accepted with a reason", found=rule, expected="RULE=REASON")
        pairs.append((name, reason.strip()))
    return tuple(pairs)


def stated_accuracy(stated: str | None) -> StatedAccuracy | None:
    """``LE90=SOURCE`` as a value; UsageError where one of them is missing."""
    if stated is None:
        return None
    number, _, source = stated.partition("=")
    try:
        metres = float(number)
    except ValueError:
        metres = math.nan
    return StatedAccuracy(le90_m=metres, source=source.strip())
