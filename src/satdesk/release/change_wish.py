"""What is to be measured of two pictures, and where."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from shapely import make_valid
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from satdesk.core.arguments import keep_paths, require_size
from satdesk.errors import BrokenInputError, UsageError
from satdesk.files.vectors import read_features
from satdesk.release.area import chosen_district
from satdesk.release.recipe import DistrictChoice

__all__ = ["AreaWish", "area_wish"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaWish:
    """What is to be measured.

    Attributes:
        kind: One of `satdesk.radiometry.change_kinds.KINDS`.
        within: Polygon in longitude/latitude; None = all that both pictures cover.
        title: Of that polygon.
        pixel_m: Edge of a pixel of the comparison.
        least_ha: Smallest piece and smallest hole that is mapped.
        misregistration_px: How far the two may lie off each other, pixels of the comparison.
        masks: What ``satdesk mask`` wrote of each date; None = nothing.
        points: Judged points; None = none were.
        draw: How many points are drawn for judging; 0 = none.
        seed: Of the draw.
    """

    kind: str
    within: BaseGeometry | None = None
    title: str = "the frame that both pictures share"
    pixel_m: float = 6.0
    least_ha: float = 0.05
    misregistration_px: float = 0.5
    masks: tuple[Path | None, Path | None] = (None, None)
    points: Path | None = None
    draw: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        require_size(self.pixel_m, "the pixel of the comparison")
        require_size(self.least_ha or None, "the smallest piece")
        keep_paths(self, "points")


def area_wish(  # noqa: PLR0913 - the wishes of one job, keyword-only
    kind: str,
    *,
    within: Path | None,
    district: str | None,
    pixel_m: float,
    least_ha: float,
    misregistration_px: float,
    masks: tuple[Path | None, Path | None] = (None, None),
    points: Path | None,
    draw: int,
    seed: int,
) -> AreaWish:
    """A wish whose area is named by a file of polygons or by a district.

    Raises:
        UsageError: Both are named.
        InputError: The file holds no polygon, or nobody knows the district.
    """
    if within is not None and district is not None:
        raise UsageError("an area is a file or a district", found="both", expected="one of them")
    wish = AreaWish(
        kind=kind,
        pixel_m=pixel_m,
        least_ha=least_ha,
        misregistration_px=misregistration_px,
        masks=masks,
        points=points,
        draw=draw,
        seed=seed,
    )
    if within is not None:
        return replace(wish, within=_polygons(within), title=within.stem)
    if district is not None:
        found = chosen_district(DistrictChoice(name=district))
        return replace(wish, within=make_valid(found.geometry), title=found.title)
    return wish


def _polygons(path: Path) -> BaseGeometry:
    shapes = [f.geometry for f in read_features(path) if f.geometry is not None]
    areas = [shape for shape in shapes if shape.geom_type in {"Polygon", "MultiPolygon"}]
    if not areas:
        raise BrokenInputError(
            "the file holds no polygon", subject=path, found=f"{len(shapes)} other shapes"
        )
    return unary_union(areas)
