"""What a refinement is fitted to: points with their place on the ground and in the image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from satdesk.core.scene import SourceImage
from satdesk.core.sensor import FloatArray, SensorModel, Terrain
from satdesk.errors import DisjointInputError, UndeclaredInputError
from satdesk.files.gcps import ControlPoint
from satdesk.geometry.affine import mapped

__all__ = ["Observed", "SetAside", "control_points", "model_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A point that could not be used, whatever it says.

    Attributes:
        id: The point's.
        lonlat: Degrees.
        height_m: Above the ellipsoid; None = not known.
        colrow: In the image file.
        reason: Why.
    """

    id: str
    lonlat: tuple[float, float]
    height_m: float | None
    colrow: tuple[float, float]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observed:
    """Points with both positions.

    Attributes:
        ids: One a point.
        lonlat: ``(n, 2)`` degrees.
        height_m: ``(n,)`` above the ellipsoid.
        colrow: ``(n, 2)`` in the image file, from the outer corner of its first pixel.
        predicted: ``(n, 2)`` in the model's plane, by the model.
        measured: ``(n, 2)`` in the model's plane, as the image shows.
        aside: Points that could not be used.
    """

    ids: tuple[str, ...]
    lonlat: FloatArray
    height_m: FloatArray
    colrow: FloatArray
    predicted: FloatArray
    measured: FloatArray
    aside: tuple[SetAside, ...] = ()

    @property
    def residuals(self) -> FloatArray:
        """``(n, 2)`` measured minus predicted, pixels."""
        return self.measured - self.predicted


def model_of(image: SourceImage) -> SensorModel:
    """The image's camera.

    Raises:
        UndeclaredInputError: It has none: it lies on a map, or its RPC is missing.
    """
    if image.grid.crs is None and image.model is not None:
        return image.model
    raise UndeclaredInputError(
        "only an image in sensor geometry with a model can be refined",
        subject=image.id,
        found="no RPC" if image.grid.crs is None else f"an image on a map ({image.grid.crs})",
        expected="an image with an RPC",
        remedy="name the RPC with --rpc FILE, or take the delivery in sensor geometry",
    )


def control_points(
    points: tuple[ControlPoint, ...],
    image: SourceImage,
    terrain: Terrain | None,
    subject: Path,
) -> Observed:
    """Surveyed points as `image` sees them.

    Where the points name two images or more, those of this image's files are taken.

    Raises:
        UndeclaredInputError: Heights are missing and there is no terrain.
        DisjointInputError: None of the points lies in the image and in the model's domain.
    """
    own = _of_image(points, image, subject)
    own = _with_heights(own, terrain, subject)
    model = model_of(image)
    lonlat = np.array([[p.lon, p.lat] for p in own])
    height = np.array([np.nan if p.height_m is None else p.height_m for p in own])
    colrow = np.array([[p.col, p.row] for p in own])
    predicted = np.column_stack(model.project(lonlat[:, 0], lonlat[:, 1], height))
    reasons = [_why_not(p, np.asarray(at), image) for p, at in zip(own, predicted, strict=True)]
    kept = np.array([reason is None for reason in reasons])
    aside = tuple(
        _aside(p, reason) for p, reason in zip(own, reasons, strict=True) if reason is not None
    )
    if not kept.any():
        raise DisjointInputError(
            "none of the points can be used with this image",
            subject=subject,
            found=f"{aside[0].id}: {aside[0].reason}",
            expected="points inside the image and its model's domain",
            remedy="check that points and image belong together, and the order of lon and lat",
        )
    return Observed(
        ids=tuple(p.id for p, keep in zip(own, kept, strict=True) if keep),
        lonlat=lonlat[kept],
        height_m=height[kept],
        colrow=colrow[kept],
        predicted=predicted[kept],
        measured=np.column_stack(mapped(image.grid.affine, *colrow[kept].T)),
        aside=aside,
    )


def _of_image(
    points: tuple[ControlPoint, ...], image: SourceImage, subject: Path
) -> tuple[ControlPoint, ...]:
    named = {p.filename for p in points if p.filename is not None}
    if len(named) < 2:
        return points
    stems = {tile.path.stem for tile in image.tiles}
    own = tuple(p for p in points if p.filename is None or Path(p.filename).stem in stems)
    if own:
        return own
    raise DisjointInputError(
        "the points belong to several images, and none of them is this one",
        subject=subject,
        found=", ".join(sorted(named)[:5]),
        expected=", ".join(sorted(stems)),
    )


def _with_heights(
    points: tuple[ControlPoint, ...], terrain: Terrain | None, subject: Path
) -> tuple[ControlPoint, ...]:
    lacking = [p for p in points if p.height_m is None]
    if not lacking:
        return points
    if terrain is None:
        raise UndeclaredInputError(
            "points without a height need a terrain",
            subject=subject,
            found=f"{len(lacking)} of {len(points)} points without a height ({lacking[0].id} …)",
            expected="a height for every point, or a DEM",
            remedy="name it with --dem FILE --vertical DATUM, or --height METRES",
        )
    lon, lat = np.array([p.lon for p in lacking]), np.array([p.lat for p in lacking])
    found = {id(p): float(h) for p, h in zip(lacking, terrain.height(lon, lat), strict=True)}
    return tuple(
        replace(p, height_m=found[id(p)]) if id(p) in found and np.isfinite(found[id(p)]) else p
        for p in points
    )


def _why_not(point: ControlPoint, at: FloatArray, image: SourceImage) -> str | None:
    rows, cols = image.grid.shape
    if point.height_m is None:
        return "its height is not known: the terrain does not reach it"
    if not (0 <= point.col <= cols and 0 <= point.row <= rows):
        return "its pixel lies outside the image"
    if not np.isfinite(at).all():
        return "it lies outside the model's domain"
    return None


def _aside(point: ControlPoint, reason: str) -> SetAside:
    return SetAside(
        id=point.id,
        lonlat=(point.lon, point.lat),
        height_m=point.height_m,
        colrow=(point.col, point.row),
        reason=reason,
    )
