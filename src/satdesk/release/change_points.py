"""Points of a map of change for a person to judge, and what the judgements say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import shapely
from odc.geo.geobox import GeoBox

from satdesk.errors import BrokenInputError
from satdesk.files.vectors import Feature, read_features
from satdesk.geometry.affine import mapped
from satdesk.geometry.frames import crs_of, from_lonlat, to_lonlat
from satdesk.radiometry.area_estimate import Judged, estimated
from satdesk.release.change_map import CHANGED, UNCHANGED, ChangeMap

__all__ = ["drawn_points", "judged_area"]

_ANSWERS = ("yes", "no", "unclear")


def drawn_points(found: ChangeMap, grid: GeoBox, count: int, seed: int) -> list[Feature]:
    """Points drawn at random, half of them where the ground is mapped as changed.

    They are mixed and do not say which is which: whoever judges them shall not know the map's own
    answer. Each is the middle of a pixel; ``changed`` is left empty for yes, no or unclear.

    Args:
        found: The map.
        grid: Of the map.
        count: Of all points; fewer come where a class has fewer pixels.
        seed: The same seed draws the same points.
    """
    generator = np.random.default_rng(seed)
    places = []
    for value, wanted in ((CHANGED, count // 2), (UNCHANGED, count - count // 2)):
        index = np.flatnonzero(found.classes == value)
        places.append(generator.choice(index, min(wanted, len(index)), replace=False))
    mixed = generator.permutation(np.concatenate(places))
    row, col = np.unravel_index(mixed, found.classes.shape)
    centre = (np.asarray(each, np.float64) + 0.5 for each in (col, row))
    lon, lat = to_lonlat(crs_of(grid), *mapped(grid.affine, *centre))
    return [
        Feature(
            geometry=shapely.Point(round(float(x), 7), round(float(y), 7)),
            properties=(("id", f"p{number:04d}"), ("changed", None)),
        )
        for number, (x, y) in enumerate(zip(lon, lat, strict=True), start=1)
    ]


def judged_area(path: Path, found: ChangeMap, grid: GeoBox, pixel_m2: float) -> dict[str, Any]:
    """The area as judged points say, JSON-ready.

    Args:
        path: Points with a property ``changed``: yes, no, unclear or nothing.
        found: The map from whose classes they were drawn.
        grid: Of the map.
        pixel_m2: Area of a pixel.

    Raises:
        InputError: The file cannot be used, or too few points were judged.
    """
    answers = [(feature, _answer(path, feature)) for feature in read_features(path)]
    counts = {value: [0, 0] for value in (CHANGED, UNCHANGED)}
    unused = 0
    for feature, answer in answers:
        value = _class_at(feature, found, grid)
        if value not in counts or answer not in {"yes", "no"}:
            unused += 1
            continue
        counts[value][0] += 1
        counts[value][1] += answer == "yes"
    mapped_ha = found.changed_px * pixel_m2 / 1e4
    rest_ha = (found.known_px - found.changed_px) * pixel_m2 / 1e4
    made = estimated(
        Judged(area_ha=mapped_ha, points=counts[CHANGED][0], changed=counts[CHANGED][1]),
        Judged(area_ha=rest_ha, points=counts[UNCHANGED][0], changed=counts[UNCHANGED][1]),
    )
    return {
        "ha": round(made.ha, 3),
        "interval_95_ha": [round(made.low_ha, 3), round(made.high_ha, 3)],
        "points": counts[CHANGED][0] + counts[UNCHANGED][0],
        "points_not_used": unused,
        "users_accuracy": round(made.users, 4),
        "producers_accuracy": None if made.producers is None else round(made.producers, 4),
        "source": "P. Olofsson et al., Remote Sens. Environ. 148 (2014) 42-57",
    }


def _answer(path: Path, feature: Feature) -> str | None:
    said = feature.get("changed")
    word = None if said in (None, "") else str(said).strip().casefold()
    if word is not None and word not in _ANSWERS:
        raise BrokenInputError(
            "a point's judgement is none that is known",
            subject=path,
            found=f"changed = {said!r}",
            expected=", ".join(_ANSWERS) + ", or nothing",
        )
    return word


def _class_at(feature: Feature, found: ChangeMap, grid: GeoBox) -> int:
    """0 where the point lies outside the map, or is none."""
    if feature.geometry is None or feature.geometry.geom_type != "Point":
        return 0
    at = (np.array([feature.geometry.x]), np.array([feature.geometry.y]))
    col, row = mapped(~grid.affine, *from_lonlat(crs_of(grid), *at))
    across, down = float(col[0]), float(row[0])
    rows, cols = found.classes.shape
    if not (0 <= across < cols and 0 <= down < rows):
        return 0
    return int(found.classes[int(down), int(across)])
