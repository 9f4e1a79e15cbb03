"""``satdesk simulate``: a bundle whose truth is known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from satdesk.cli.answer import print_json
from satdesk.cli.options import FILE, as_json, overwrite
from satdesk.errors import UsageError
from satdesk.release.times import parse_acquisition

if TYPE_CHECKING:
    from satdesk.simulate.variation import Variation

__all__ = ["command"]

F = TypeVar("F", bound=Callable[..., Any])

_PAIR = (float, float)


def _remember(context: click.Context, parameter: click.Parameter, value: object) -> None:
    context.meta[f"simulate.{parameter.name}"] = value


def _wish(name: str, kind: Any, help_text: str) -> Callable[[F], F]:  # noqa: ANN401 - click's
    if kind is bool:
        return click.option(
            name, is_flag=True, help=help_text, expose_value=False, callback=_remember
        )
    return click.option(name, type=kind, help=help_text, expose_value=False, callback=_remember)


_WISHES = (
    _wish("--terrain", click.Choice(["mountain", "gentle", "plain"]), "How high the relief is."),
    _wish("--roll", float, "Degrees to the right of the flight, at most 30."),
    _wish("--pitch", float, "Degrees forward, at most 30."),
    _wish("--drift", float, "Drift of roll and pitch, µrad a second."),
    _wish("--jitter", float, "Amplitude of a 35 Hz shake of the camera, µrad."),
    _wish("--rpc-shift", _PAIR, "Error of the written RPC: COL ROW, PAN pixels."),
    _wish("--rpc-drift", _PAIR, "Growth of that error from first to last row: COL ROW."),
    _wish(
        "--season", click.Choice(["spring", "summer", "autumn", "winter"]), "How the land looks."
    ),
    _wish("--snow-line", float, "Height above the ellipsoid from which snow lies, metres."),
    _wish("--at", str, "Instant of the picture, with its zone: the sun follows."),
    _wish("--dem-spacing", float, "Add a coarser DEM of the same ground: 30, 90, 900 … metres."),
    _wish("--dem-wrong-datum", bool, "Add a DEM that says EGM96 and holds ellipsoidal heights."),
    _wish("--clouds", float, "Share of the picture that clouds hide, 0.2 for a fifth."),
    _wish("--cloud-height", float, "Of the clouds above the ground, metres (2500)."),
    _wish("--haze", float, "Optical thickness of haze: 0.1 is slight, 0.5 thick."),
    _wish("--size-km", float, "Width and height of the picture, 1 to 60 km."),
    _wish("--uncompressed", bool, "Store pixels as they are: faster to write and to read."),
    _wish("--threads", click.IntRange(1), "All processors without; the bytes do not depend on it."),
)


def _wishes(function: F) -> F:
    for option in reversed(_WISHES):
        function = option(function)
    return function


@click.command("simulate")
@click.argument("scenario", default="demo")
@click.option("--out", type=FILE, required=True, help="Folder for bundles, terrain and truth.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the invented world.")
@_wishes
@overwrite
@as_json
def command(scenario: str, *, out: Path, seed: int, overwrite: bool, as_json: bool) -> None:
    """Make SCENARIO: SIMULATED DIMAP bundles, the terrain they were made over, and the truth.

    The scenarios are told in the explanation of the simulation; `demo` (the default) and `test`
    are pairs of two dates. What an option does not say stays as the scenario has it.
    """
    from satdesk import desk  # noqa: PLC0415 - heavy, and only this command's

    answer = desk.simulate(
        scenario,
        out,
        seed=seed,
        overwrite=overwrite,
        variation=_variation(),
        compressed=not _given()["uncompressed"],
        threads=_given()["threads"],
    )
    if as_json:
        print_json(answer)
        return
    for bundle in answer["bundles"]:
        click.echo(bundle)


def _variation() -> Variation:
    """What the options say, the rest None."""
    from satdesk.simulate.landscape import Landscape  # noqa: PLC0415 - heavy
    from satdesk.simulate.season import Season  # noqa: PLC0415 - heavy
    from satdesk.simulate.variation import Variation  # noqa: PLC0415 - heavy

    given = _given()
    terrain, season = given["terrain"], given["season"]
    return Variation(
        landscape=None if terrain is None else Landscape(terrain),
        roll_deg=given["roll"],
        pitch_deg=given["pitch"],
        drift_urad_s=given["drift"],
        jitter_urad=given["jitter"],
        rpc_shift_px=given["rpc_shift"],
        rpc_drift_px=given["rpc_drift"],
        season=None if season is None else Season(season),
        snow_line_m=given["snow_line"],
        instant=_instant(given["at"]),
        dem_spacing_m=given["dem_spacing"],
        wrong_datum=given["dem_wrong_datum"],
        cloud_share=given["clouds"],
        cloud_height_m=given["cloud_height"],
        haze=given["haze"],
        size_km=given["size_km"],
    )


def _given() -> dict[str, Any]:
    """The values of the wishes, by name."""
    return {
        key.removeprefix("simulate."): value
        for key, value in click.get_current_context().meta.items()
        if key.startswith("simulate.")
    }


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    acquisition = parse_acquisition(text, what="--at")
    if acquisition.instant is None:
        raise UsageError(
            "a picture is taken at an instant, not on a day",
            found=text,
            expected="an instant with its zone, such as 2018-10-08T07:28:40Z",
        )
    return acquisition.instant
