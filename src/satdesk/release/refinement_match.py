"""Points from a reference orthoimage, or ties with another scene: rectified windows, matched.

Each window is rectified onto the reference's own grid with the present model and the terrain, and
matched by `geometry.register`. What the reference shows at a window's middle, the rectified image
shows a little further; the pixel from which that place was taken is where the image has it.
A coarse pass at a quarter of the resolution finds large errors, a fine pass follows it. Windows
without texture, under cloud or of another season drop out; where brightness disagrees, the
strength of edges is matched instead. Of two scenes the one, rectified, is the other's reference.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from shapely import make_valid, transform
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from satdesk.bundles.formats import open_images
from satdesk.core.layer import Layer
from satdesk.core.scene import SourceImage
from satdesk.core.sensor import SensorModel, Terrain
from satdesk.errors import DisjointInputError, UndeclaredInputError
from satdesk.files.rasters import ImageLayer, describe_file
from satdesk.geometry.affine import Adjusted, mapped
from satdesk.geometry.frames import from_lonlat, pixel_size_m, to_lonlat
from satdesk.geometry.refine import fit_refinement
from satdesk.products.ortho import Ortho
from satdesk.release.ground import grid_over, image_outline, measured_pixel_m
from satdesk.release.refinement_points import Observed, model_of
from satdesk.release.refinement_windows import (
    Job,
    Match,
    bounding_window,
    matched,
    matches_over,
)

__all__ = ["open_reference", "reference_points", "tie_points"]

_COARSE = 4
_COARSE_REACH_PX = 16
_COARSE_FEW = 3
_MOST_WHOLE_PX = 1200
_FINE_REACH_PX = 8
_FEW = 6


def open_reference(path: Path) -> SourceImage:
    """The reference as an image on a map; its planes need no names.

    Raises:
        UndeclaredInputError: It has no CRS.
    """
    facts = describe_file(path)
    if facts.crs is None:
        raise UndeclaredInputError(
            "the reference does not say where it lies",
            subject=path,
            found="no CRS",
            expected="a georeferenced orthoimage",
        )
    planes = facts.count - sum(colour == "alpha" for colour in facts.colours)
    names = tuple(f"plane {number}" for number in range(1, planes + 1))
    return open_images(image=path, bands=names).images[0]


def reference_points(image: SourceImage, reference: SourceImage, terrain: Terrain) -> Observed:
    """Points where `reference` and `image` show the same, as many as agree with themselves.

    Raises:
        DisjointInputError: The two do not overlap.
    """
    area = _overlap(image, reference, terrain)
    step = max(1, round(measured_pixel_m(image) / _pixel_m(reference)))
    return _points(image, ImageLayer(image=reference), terrain, area, step)


def tie_points(first: SourceImage, second: SourceImage, terrain: Terrain) -> Observed:
    """Points where `first`, rectified, and `second` show the same, as `second` sees them.

    No point where the two show no ground in common.
    """
    outlines = [image_outline(image, terrain) for image in (first, second)]
    common = make_valid(outlines[0]).intersection(make_valid(outlines[1]))
    if common.is_empty or common.area <= 0:
        return _none()
    pixel_m = max(measured_pixel_m(first), measured_pixel_m(second))
    grid = grid_over(common, gsd_m=pixel_m)
    span = pixel_m / measured_pixel_m(first)
    layer = Ortho(
        source=ImageLayer(image=first),
        model=model_of(first),
        terrain=terrain,
        grid=grid,
        widen=(span, span) if span > 1.3 else (1.0, 1.0),
    )
    return _points(second, layer, terrain, _on_map(common, str(grid.crs)), 1)


def _points(
    image: SourceImage, reference: Layer, terrain: Terrain, area: BaseGeometry, step: int
) -> Observed:
    model = model_of(image)
    model_now = _coarsely(image, reference, terrain, area, step)
    matches: list[Match] = []
    for edges in (False, True):
        job = Job(
            image=image,
            model=model_now,
            terrain=terrain,
            reference=reference,
            step=step,
            reach=_FINE_REACH_PX,
            edges=edges,
        )
        found = matches_over(job, area)
        matches = found if len(found) > len(matches) else matches
        if len(matches) >= _FEW:
            break
    return _observed(matches, image, reference, terrain, (model, model_now))


def _none() -> Observed:
    nowhere = np.empty((0, 2))
    return Observed(
        ids=(),
        lonlat=nowhere,
        height_m=np.empty(0),
        colrow=nowhere,
        predicted=nowhere,
        measured=nowhere,
    )


def _pixel_m(reference: SourceImage) -> float:
    x_m, y_m = pixel_size_m(reference.grid)
    return float(np.sqrt(x_m * y_m))


def _overlap(image: SourceImage, reference: SourceImage, terrain: Terrain) -> BaseGeometry:
    """What both show, in the reference's CRS."""
    outline = _on_map(image_outline(image, terrain), str(reference.grid.crs))
    common = make_valid(outline).intersection(box(*reference.grid.boundingbox.bbox))
    if not common.is_empty and common.area > 0:
        return common
    raise DisjointInputError(
        "the image and the reference do not overlap",
        subject=reference.tiles[0].path,
        found="image in {:g} {:g} {:g} {:g}".format(*outline.bounds),
        expected="reference in {:g} {:g} {:g} {:g}".format(*reference.grid.boundingbox.bbox),
        remedy="choose a reference of the place that the image shows",
    )


def _on_map(geometry: BaseGeometry, crs: str) -> BaseGeometry:
    """Longitude and latitude into `crs`."""
    return transform(geometry, lambda xy: np.column_stack(from_lonlat(crs, xy[:, 0], xy[:, 1])))


def _coarsely(
    image: SourceImage, reference: Layer, terrain: Terrain, area: BaseGeometry, step: int
) -> SensorModel:
    """The model moved by what a quarter of the resolution shows; as it is where that is nothing."""
    model = model_of(image)
    job = Job(
        image=image,
        model=model,
        terrain=terrain,
        reference=reference,
        step=step * _COARSE,
        reach=_COARSE_REACH_PX,
    )
    found = matches_over(job, area)
    if len(found) < _COARSE_FEW:
        found = _as_a_whole(job, area) or found
    seen = _observed(found, image, reference, terrain, (model, model))
    if not seen.ids:
        return model
    least_px = float(_COARSE) / 4
    fitted = fit_refinement(seen.predicted, seen.measured, "shift", least_px)
    return Adjusted(model=model, matrix=fitted.matrix)


def _as_a_whole(job: Job, area: BaseGeometry) -> list[Match]:
    """The one match of the whole area: of a small one, whose windows show too little, finer too."""
    for share in (_COARSE, _COARSE // 2, 1):
        step = job.step * share // _COARSE
        window = bounding_window(job, area, step)
        if max(window.shape) > _MOST_WHOLE_PX * step:
            break
        match = matched(replace(job, step=step, reach=job.reach * _COARSE // share), window)
        if match is not None:
            return [match]
    return []


def _observed(
    matches: list[Match],
    image: SourceImage,
    reference: Layer,
    terrain: Terrain,
    models: tuple[SensorModel, SensorModel],
) -> Observed:
    """Matches as points; `models` are the provider's, and the one that the image was matched in."""
    crs = str(reference.grid.crs)
    here = np.array([match.here for match in matches]).reshape(-1, 2)
    there = np.array([match.there for match in matches]).reshape(-1, 2)
    lonlat = np.column_stack(to_lonlat(crs, here[:, 0], here[:, 1]))
    height = terrain.height(lonlat[:, 0], lonlat[:, 1])
    predicted = np.column_stack(models[0].project(lonlat[:, 0], lonlat[:, 1], height))
    lon, lat = to_lonlat(crs, there[:, 0], there[:, 1])
    measured = np.column_stack(models[1].project(lon, lat, terrain.height(lon, lat)))
    known = np.isfinite(predicted).all(axis=1) & np.isfinite(measured).all(axis=1)
    colrow = np.column_stack(mapped(~image.grid.affine, measured[:, 0], measured[:, 1]))
    return Observed(
        ids=tuple(f"window {number + 1}" for number in np.flatnonzero(known)),
        lonlat=lonlat[known],
        height_m=height[known],
        colrow=colrow[known],
        predicted=predicted[known],
        measured=measured[known],
    )
