"""The files of a measured change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from satdesk.core.bands import Band
from satdesk.files.cog import write_cog
from satdesk.files.shapes import outlines
from satdesk.files.vector_output import write_features
from satdesk.files.vectors import Feature
from satdesk.geometry.areas import area_km2
from satdesk.geometry.frames import crs_of, to_lonlat
from satdesk.release.change_map import CHANGED, ChangeMap
from satdesk.release.change_pair import ChangePair
from satdesk.release.change_picture import PictureWords, write_change_picture
from satdesk.release.change_points import drawn_points
from satdesk.release.change_wish import AreaWish

__all__ = ["change_files", "write_change"]

_BLOCK = 512
_NOTE_LETTERS = 84


def change_files(found: ChangeMap, wish: AreaWish) -> list[str]:
    """Names of what `write_change` writes."""
    some = ["change.geojson"] if found.changed_px else []
    drawn = ["points.geojson"] if wish.draw else []
    return ["area.json", *some, "change.png", "change.tif", *drawn]


def write_change(
    folder: Path, pair: ChangePair, wish: AreaWish, found: ChangeMap, answer: dict[str, Any]
) -> None:
    """Write the map, the outlines, the picture, the drawn points and the figures."""
    _write_map(folder / "change.tif", pair, found, answer)
    if found.changed_px:
        write_features(folder / "change.geojson", _features(pair, found))
    if wish.draw:
        points = drawn_points(found, pair.grid, wish.draw, wish.seed)
        write_features(folder / "points.geojson", points)
    _draw(folder / "change.png", pair, found, answer)
    text = json.dumps(answer, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False)
    (folder / "area.json").write_text(text + "\n", encoding="utf-8", newline="\n")


def _write_map(path: Path, pair: ChangePair, found: ChangeMap, answer: dict[str, Any]) -> None:
    tags = {
        "CLASSES": "0 not told, 1 not changed, 2 changed",
        "KIND": answer["kind"],
        "TIFFTAG_IMAGEDESCRIPTION": answer["statement"],
    }
    if pair.simulated:
        tags["SIMULATED"] = "YES"
    write_cog(
        path,
        _tiles(found.classes),
        grid=pair.grid,
        bands=(Band(name="change"),),
        dtype="uint8",
        nodata=0,
        codec="deflate:6",
        tags=tags,
        overview_resampling="nearest",
    )


def _tiles(classes: NDArray[np.uint8]) -> Iterator[tuple[tuple[int, int], NDArray[np.uint8]]]:
    for row in range(0, classes.shape[0], _BLOCK):
        for col in range(0, classes.shape[1], _BLOCK):
            yield (row, col), classes[None, row : row + _BLOCK, col : col + _BLOCK]


def _features(pair: ChangePair, found: ChangeMap) -> list[Feature]:
    crs = crs_of(pair.grid)
    features = []
    for number, piece in enumerate(outlines(found.classes == CHANGED, pair.grid), start=1):
        shape = shapely.transform(piece, lambda xy: np.column_stack(to_lonlat(crs, *xy.T)))
        ha = 100 * sum(area_km2(p) for p in shapely.get_parts(shape) if p.geom_type == "Polygon")
        features.append(
            Feature(geometry=shape, properties=(("number", number), ("ha", round(ha, 3))))
        )
    return features


def _draw(path: Path, pair: ChangePair, found: ChangeMap, answer: dict[str, Any]) -> None:
    area, points = answer["area"], answer["points"]
    figure = f"{area['ha']:,.1f} ha, range {area['low_ha']:,.1f} to {area['high_ha']:,.1f} ha"
    notes = [f"{answer['measure']['words']}; alike: {answer['alike']}"]
    if points is not None:
        low, high = points["interval_95_ha"]
        notes.insert(0, f"By {points['points']} judged points: {points['ha']:,.1f} ha "
                        f"({low:,.1f} to {high:,.1f} ha, 95 %)")  # fmt: skip
    dates = [(answer["dates"][name]["acquired"] or "?")[:10] for name in ("before", "after")]
    notes.append(f"Before {dates[0]}, after {dates[1]} (shown). Who or what did it is not told.")
    words = PictureWords(
        title=f"{'SIMULATED - ' if pair.simulated else ''}{answer['within']['title']}",
        outlined=f"{answer['words']}: {figure}",
        notes=tuple(line for note in notes for line in wrap(note, _NOTE_LETTERS)),
        simulated=pair.simulated,
    )
    write_change_picture(path, pair.after, pair.grid, found, words)
