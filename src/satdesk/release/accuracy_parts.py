"""The parts of an error budget that are known before a pixel is written, and those that are not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from satdesk.core.scene import Scene, SourceImage
from satdesk.core.sensor import FloatArray, SensorModel, Terrain
from satdesk.geometry.budget import Basis, Part, TerrainError
from satdesk.geometry.interpolation import interpolation_error_under
from satdesk.geometry.terrain import GridTerrain
from satdesk.geometry.viewing import view_tangent
from satdesk.release.ground import Ground
from satdesk.release.recipe import TerrainChoice

__all__ = ["AccuracyJob", "budget_parts", "terrain_error"]

_STATED = "horizontal_accuracy_ce90_m"
_PLACES = 7
_STAND_IN_RMS_M = 0.5
"""EGM96 against EGM2008 over the Earth, as `files.geoid.STAND_IN` says and names its source."""
_LE90 = 1.6449


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyJob:
    """What a budget is made from.

    Attributes:
        scene: With its refinement applied.
        image: The image that sets the pixel.
        area: What is drawn of it, longitude/latitude.
        ground: The terrain in use, nothing hidden taken out.
        terrain: What the caller said of the terrain.
        refinement: The file of the refinement; None = the models as the provider states them.
    """

    scene: Scene
    image: SourceImage
    area: BaseGeometry
    ground: Ground
    terrain: TerrainChoice | None
    refinement: Path | None


def budget_parts(
    job: AccuracyJob, document: dict[str, Any] | None, terrain: TerrainError | None
) -> tuple[Part, ...]:
    """Provider, camera, points, terrain, datum; `document` is the refinement, None without one."""
    return (
        _provider(job),
        _sensor(job, document),
        _matching(document),
        *_dem_parts(job, terrain),
        _datum(job, terrain),
    )


def terrain_error(job: AccuracyJob) -> TerrainError | None:
    """What the terrain can do in this picture; None where none is used, or one height."""
    terrain, model = job.ground.terrain, job.image.model
    if not isinstance(terrain, GridTerrain) or model is None or job.image.grid.crs is not None:
        return None
    if job.area.is_empty:
        return None
    stand_in = bool(dict(job.ground.facts).get("geoid_stand_in"))
    stated = None if job.terrain is None else job.terrain.accuracy
    return TerrainError(
        tangent=_steepest(model, terrain, job.area),
        interpolation=interpolation_error_under(terrain, job.area.bounds),
        stated_le90_m=None if stated is None else stated.le90_m,
        datum_le90_m=_LE90 * _STAND_IN_RMS_M if stand_in else None,
    )


def _steepest(model: SensorModel, terrain: Terrain, area: BaseGeometry) -> float:
    """Largest tangent of the viewing angle at places of `area`; 0 where none is known."""
    west, south, east, north = area.bounds
    lon, lat = np.meshgrid(np.linspace(west, east, _PLACES), np.linspace(south, north, _PLACES))
    inside = shapely.intersects_xy(area, lon, lat)
    middle = area.representative_point()
    lons: FloatArray = np.append(lon[inside], middle.x)
    lats: FloatArray = np.append(lat[inside], middle.y)
    found = view_tangent(model, lons, lats, terrain.height(lons, lats))
    known = found[np.isfinite(found)]
    return float(known.max()) if known.size else 0.0


def _provider(job: AccuracyJob) -> Part:
    stated = _stated_ce90(job.scene, job.image)
    if stated is None:
        return Part(
            name="provider",
            value_m=None,
            measure="CE90",
            basis=Basis.NOT_KNOWN,
            by=None,
            note="the delivery states no accuracy",
        )
    return Part(
        name="provider",
        value_m=stated,
        measure="CE90",
        basis=Basis.STATED,
        by="the provider",
        note="absolute horizontal accuracy in the delivery's metadata",
    )


def _stated_ce90(scene: Scene, image: SourceImage) -> float | None:
    """What the delivery states of `image`, else the worst of its images; None = nothing."""
    found = {name: value for name, value in scene.facts if name.split(".")[-1] == _STATED}
    own = found.get(f"{image.id}.{_STATED}", found.get(_STATED))
    values = [_positive(text) for text in ([own] if own is not None else found.values())]
    return max((value for value in values if value is not None), default=None)


def _positive(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def _sensor(job: AccuracyJob, document: dict[str, Any] | None) -> Part:
    if document is None:
        provider = _provider(job)
        note = "the model as delivered; not refined"
        return Part(
            name="sensor",
            value_m=provider.value_m,
            measure="CE90",
            basis=provider.basis,
            by=provider.by,
            note=note if provider.value_m is not None else f"{note}; its accuracy is not stated",
        )
    found = document["check"] or document["held_out"] or document["leave_one_out"]
    source = document["source"]["kind"]
    against = "a reference image" if source == "reference" else "points on the ground"
    return Part(
        name="sensor",
        value_m=None if found is None else found["ce90_m"],
        measure="CE90",
        basis=Basis.NOT_KNOWN if found is None else Basis.MEASURED,
        by=None if found is None else f"{found['n']} points",
        note=f"refined by a {document['model']['kind']} against {against}, at the points' heights",
    )


def _matching(document: dict[str, Any] | None) -> Part:
    value = None if document is None else document["noise_ce90_m"]
    known = value is not None
    return Part(
        name="matching",
        value_m=value,
        measure="CE90",
        basis=Basis.MEASURED if known else Basis.NOT_CONCERNED,
        by="the spread of the points" if known else None,
        note=(
            "what the noise of the points does to the correction; in the camera's figure already"
            if known
            else "no points were fitted"
        ),
    )


def _dem_parts(job: AccuracyJob, terrain: TerrainError | None) -> tuple[Part, Part]:
    if terrain is None:
        on_map = job.image.grid.crs is not None
        note = (
            "the provider rectified the image on a terrain of its own"
            if on_map
            else "one height stands for all ground: relief displaces the picture"
        )
        basis = Basis.NOT_CONCERNED if on_map else Basis.NOT_KNOWN
        first, second = (
            Part(name=name, value_m=None, measure="CE90", basis=basis, by=None, note=note)
            for name in ("dem-stated", "dem-spacing")
        )
        return first, second
    stated = terrain.stated_ce90_m
    by = None if job.terrain is None else job.terrain.accuracy
    said = (
        "the accuracy of the terrain's heights was not stated"
        if stated is None
        else f"LE90 {terrain.stated_le90_m:g} m times the tangent of the viewing angle"
    )
    return Part(
        name="dem-stated",
        value_m=stated,
        measure="CE90",
        basis=Basis.NOT_KNOWN if stated is None else Basis.STATED,
        by=None if by is None else by.source,
        note=said,
    ), _spacing_part(terrain)


def _spacing_part(terrain: TerrainError) -> Part:
    found = terrain.interpolation
    note = "the terrain has too few cells to tell"
    if found is not None:
        coarse = (
            "" if found.detail_m == found.spacing_m else f" (relief from {found.detail_m:.0f} m)"
        )
        note = (
            f"heights {found.spacing_m:.3g} m apart{coarse} miss {found.p90_m:.2g} m (90 %), "
            f"{found.p99_m:.2g} m (99 %) between them, times tan "
            f"{math.degrees(math.atan(terrain.tangent)):.1f}°"
        )
    return Part(
        name="dem-spacing",
        value_m=terrain.spacing_ce90_m,
        measure="CE90",
        basis=Basis.NOT_KNOWN if found is None else Basis.ESTIMATED,
        by=None if found is None else "the DEM itself",
        note=note,
    )


def _datum(job: AccuracyJob, terrain: TerrainError | None) -> Part:
    facts = dict(job.ground.facts)
    datum = facts.get("vertical_datum")
    by: str | None = None
    value = None if terrain is None else terrain.datum_ce90_m
    if value is not None:
        note = "EGM96 stands in for EGM2008: 0.5 m (RMS) times the tangent of the viewing angle"
        basis, by = Basis.STATED, "the documentation of MICRODEM"
    elif datum == "MSL" and facts.get("geoid") == "EGM96":
        note, basis, by = "EGM96 was taken for mean sea level", Basis.NOT_KNOWN, None
    elif datum is None:
        note, basis, by = "no datum was converted", Basis.NOT_CONCERNED, None
    else:
        note, basis, by = f"heights above {datum}, as declared", Basis.NOT_CONCERNED, None
    return Part(name="datum", value_m=value, measure="CE90", basis=basis, by=by, note=note)
