"""The image of one date on the disk: as measured, with what gave its pixels, and for eyes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from odc.geo.geobox import GeoBox
from shapely.geometry.base import BaseGeometry

from satdesk._version import __version__
from satdesk.core.layer import Layer
from satdesk.errors import LimitError
from satdesk.products.clipped import inside
from satdesk.release.assembly import Assembly
from satdesk.release.cog import write_image
from satdesk.release.dated import Dated
from satdesk.release.display import blended
from satdesk.release.mosaic_files import write_mosaic
from satdesk.release.pictures import Progress, Stored, stored_layer
from satdesk.release.plan import Plan
from satdesk.release.sighted import Sightings
from satdesk.release.sighted_names import SOURCE_NAME
from satdesk.scale.run import Executor
from satdesk.scale.tiles import tiles

__all__ = ["WrittenDate", "date_folder", "for_eyes", "image_tags", "write_date"]

_LEAST_SEEN = 0.01


def date_folder(home: Path, date_id: str) -> Path:
    """The folder of a date, made where it is not there."""
    path = home / date_id
    path.mkdir(parents=True, exist_ok=True)
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenDate:
    """The image of one date, and the share of the district that it shows."""

    image: Stored
    seen: float
    sightings: Sightings | None


def write_date(
    plan: Plan,
    index: int,
    assembly: Assembly | None,
    folder: Path,
    scratch: Path,
    executor: Executor,
    told: Progress,
) -> WrittenDate:
    """Write ``image.tif`` where its licence lets it lie, and what gave each pixel of a mosaic."""
    date = plan.dates[index]
    layer = plan.layer(index)
    home = date_folder(folder if date.licence.analysis is True else scratch, date.id)
    path = home / "image.tif"
    sightings, progress = None, partial(told, f"image {date.id}")
    tags, codec = image_tags(plan, date), plan.recipe.grid.codec
    if assembly is None:
        written = write_image(
            layer,
            path,
            executor,
            codec=codec,
            tags=tags,
            simulated=date.simulated,
            progress=progress,
        )
    else:
        source = date_folder(folder, date.id) / SOURCE_NAME
        made = write_mosaic(
            layer,
            assembly.mosaic,
            (path, source),
            executor,
            scene_ids=assembly.scene_ids,
            codec=codec,
            tags=tags,
            simulated=date.simulated,
            progress=progress,
        )
        written = made.image
        sightings = Sightings(assembly=assembly, path=source, pixels=made.pixels)
    seen = written.usable / max(_pixels_inside(plan.district.geometry, plan.grid), 1)
    if seen < _LEAST_SEEN:
        _refuse_unseen(plan, date, seen)
    stored = Stored(path=path, grid=plan.grid, bands=layer.bands, quantity=layer.quantity)
    return WrittenDate(image=stored, seen=min(seen, 1.0), sightings=sightings)


def _refuse_unseen(plan: Plan, date: Dated, seen: float) -> None:
    plan.acceptance.settle(
        LimitError(
            f"hardly anything of {plan.district.title} was imaged on {date.id}",
            rule="district-unseen",
            measured=100 * (1 - seen),
            limit=100 * (1 - _LEAST_SEEN),
            unit="% not seen",
            remedy="choose a scene or a terrain that covers the district",
        )
    )


def _pixels_inside(polygon: BaseGeometry, grid: GeoBox) -> int:
    return sum(int(np.count_nonzero(inside(polygon, grid, t.grid))) for t in tiles(grid, 2048))


def image_tags(plan: Plan, date: Dated) -> dict[str, str]:
    """What a date's images say of themselves."""
    when = date.acquisition
    return {
        "TIFFTAG_IMAGEDESCRIPTION": f"{plan.recipe.title}; {plan.district.title}; {date.id}",
        "TIFFTAG_COPYRIGHT": date.credit or "credit not stated",
        "TIFFTAG_SOFTWARE": f"satdesk {__version__}",
        "ACQUISITION": when.day.isoformat() if when.instant is None else when.instant.isoformat(),
    }


def for_eyes(plan: Plan, written: WrittenDate) -> Layer:
    """What a date's picture for eyes is made from."""
    layer = stored_layer(written.image)
    if written.sightings is None:
        return layer
    return blended(layer, written.sightings.layer(plan), written.sightings.assembly)
