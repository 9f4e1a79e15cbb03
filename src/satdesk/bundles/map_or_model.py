"""An image that has both a map and an RPC: which of the two says where its pixels lie.

Maxar's Ortho Ready Standard, NITF with corners and others carry a CRS *and* an RPC. Their map is
the picture laid on one height and no orthoimage: whoever takes it for one leaves all relief in it,
and nothing tells. An orthoimage may also still carry the RPC of the raw image it was made from.

The two are told apart by numbers. Where the RPC, at one height, sees the map's positions in the
very pixels that hold them, the picture lies on that height, and the RPC is its camera. Where it
does not, nobody knows, and the user must say: the map, or the model. What the user says holds, and
is told as a fact of the scene.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from odc.geo.geobox import GeoBox

from satdesk.core.arguments import require_one_of
from satdesk.core.scene import GEOMETRIES, Problem
from satdesk.errors import BrokenInputError, InputError, UndeclaredInputError, UsageError
from satdesk.files.rasters import FileFacts
from satdesk.files.rpcs import RpcFile, find_rpc, pixel_grid
from satdesk.geometry.affine import mapped
from satdesk.geometry.frames import to_lonlat
from satdesk.geometry.rpc import RPC

__all__ = ["LARGEST_MISFIT_PX", "NAME_ONE", "Placed", "place_problems", "placed"]

LARGEST_MISFIT_PX = 2.0
"""Maxar's maps are those of their RPCs within parts of a pixel; an orthoimage's is hundreds off."""

_NAMED_MISFIT = 0.5
"""An RPC that the user names may leave this share of the image's longer side."""

NAME_ONE = (
    "say which of them holds: --geometry map if the image is orthorectified, --geometry model if "
    'it is not and the RPC is its camera (geometry = "map" or "model" in a recipe)'
)

_LATTICE = 5
_HEIGHTS = 33
_ROUNDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where the pixels of a file lie.

    Attributes:
        grid: On a map, or the sensor's pixel plane (no CRS).
        rpc: The camera of the pixel plane; None = there is none.
        map_height_m: Height above the ellipsoid of the map that was left aside for the RPC; None =
            there was none.
        doubt: What stands against both the map and the RPC, as a clause; None = nothing.
        chosen: What the user chose, and what was left aside for it, in words; None = no choice.
        flat: The map is chosen, and this says that the picture lies on one height; None = it
            is not known to.
    """

    grid: GeoBox
    rpc: RpcFile | None
    map_height_m: float | None = None
    doubt: str | None = None
    chosen: str | None = None
    flat: str | None = None


def placed(facts: FileFacts, explicit: Path | None = None, geometry: str | None = None) -> Placed:
    """What says where the pixels of a file lie: its map, or its RPC.

    Args:
        facts: Of the file.
        explicit: The RPC that the user names; None = the file's own, if any.
        geometry: One of `GEOMETRIES`, as the user says; None = the numbers tell, or nobody.

    Raises:
        UsageError: The choice is unknown, or speaks against the RPC that is named.
        UndeclaredInputError: The image lacks what was chosen.
        InputError: An RPC cannot be read, or two disagree.
        BrokenInputError: The RPC that is taken sees other ground than the map shows.
    """
    require_one_of(geometry, "geometry", GEOMETRIES)
    if geometry == "map":
        return _on_its_map(facts, explicit)
    rpc = find_rpc(facts.path, explicit=explicit)
    if geometry == "model":
        return _by_its_model(facts, rpc)
    if facts.crs is None:
        return Placed(grid=pixel_grid(facts, rpc), rpc=rpc)
    on_map = Placed(grid=GeoBox(facts.shape, facts.affine, facts.crs), rpc=None)
    if rpc is None:
        return on_map
    height, off = _misfit(on_map.grid, rpc.model)
    if off <= LARGEST_MISFIT_PX or (explicit and off <= _NAMED_MISFIT * max(facts.shape)):
        return Placed(grid=_pixels(facts), rpc=rpc, map_height_m=height)
    if explicit is not None:
        raise _other_ground(facts, rpc, off)
    return replace(on_map, doubt=_doubt(rpc, off))


def place_problems(place: Placed, file: str) -> list[Problem]:
    """What is wrong with where `file` lies."""
    problems = []
    if place.doubt is not None:
        problems.append(
            Problem(
                code="map-and-rpc",
                file=file,
                found=place.doubt,
                expected="a map alone, or the RPC of the picture as it lies on one height",
                remedy=NAME_ONE,
                blocks=True,
            )
        )
    if place.flat is not None:
        problems.append(
            Problem(
                code="map-lies-flat",
                file=file,
                found=place.flat,
                expected="an orthoimage, as the map was chosen",
                remedy="choose --geometry model, unless the ground is as flat as that",
            )
        )
    return problems


def _on_its_map(facts: FileFacts, explicit: Path | None) -> Placed:
    """The map, as the user says; an RPC is looked at only to tell what it shows of the map."""
    if explicit is not None:
        raise UsageError(
            "the map is chosen, and an RPC is named",
            subject=explicit,
            remedy="leave --rpc out, or choose --geometry model",
        )
    if facts.crs is None:
        raise _lacks(facts, "map", "no CRS", "an image with a CRS and a geotransform")
    grid = GeoBox(facts.shape, facts.affine, facts.crs)
    try:
        rpc = find_rpc(facts.path)
    except InputError:
        return Placed(grid=grid, rpc=None, chosen="map; an RPC that cannot be used is left aside")
    if rpc is None:
        return Placed(grid=grid, rpc=None, chosen="map")
    height, off = _misfit(grid, rpc.model)
    flat = (
        f"the RPC ({rpc.path.name}) sees all of the map at one height, {height:.0f} m above the "
        "ellipsoid: the relief stays in the picture"
    )
    chosen = f"map; the RPC ({rpc.path.name}) is left aside"
    fits = off <= LARGEST_MISFIT_PX
    return Placed(grid=grid, rpc=None, chosen=chosen, flat=flat if fits else None)


def _by_its_model(facts: FileFacts, rpc: RpcFile | None) -> Placed:
    """The RPC, as the user says."""
    if rpc is None:
        raise _lacks(facts, "model", "no RPC in its tags or beside it", "an image with an RPC")
    if facts.crs is None:
        return Placed(grid=pixel_grid(facts, rpc), rpc=rpc, chosen="model")
    height, off = _misfit(GeoBox(facts.shape, facts.affine, facts.crs), rpc.model)
    if off > _NAMED_MISFIT * max(facts.shape):
        raise _other_ground(facts, rpc, off)
    chosen = f"model; the RPC ({rpc.path.name}) is its camera, the map is left aside"
    return Placed(grid=_pixels(facts), rpc=rpc, map_height_m=height, chosen=chosen)


def _lacks(facts: FileFacts, choice: str, found: str, expected: str) -> UndeclaredInputError:
    return UndeclaredInputError(
        f"the {choice} is chosen, and the image has none",
        subject=facts.path,
        found=found,
        expected=expected,
        remedy="leave the choice of geometry out",
    )


def _pixels(facts: FileFacts) -> GeoBox:
    """The pixel plane of a whole file: its geotransform is the map's and no crop's origin."""
    return GeoBox(facts.shape, type(facts.affine).identity(), None)


def _misfit(grid: GeoBox, model: RPC) -> tuple[float, float]:
    """The height in metres at which the RPC fits the map best, and how many pixels it is off."""
    rows, cols = grid.shape
    col, row = np.meshgrid(np.linspace(0, cols, _LATTICE), np.linspace(0, rows, _LATTICE))
    lon, lat = to_lonlat(str(grid.crs), *mapped(grid.affine, col, row))

    def off(height: float) -> float:
        seen_col, seen_row = model.project(lon, lat, np.full(lon.shape, height))
        away = np.hypot(seen_col - col, seen_row - row)
        seen = np.isfinite(away)
        return float(away[seen].max()) if 2 * seen.sum() > seen.size else np.inf

    middle, half = model.height_off, abs(model.height_scale)
    best = (np.inf, middle)
    for _ in range(_ROUNDS):
        tried = np.linspace(middle - half, middle + half, _HEIGHTS)
        best = min(best, *((off(float(h)), float(h)) for h in tried))
        middle, half = best[1], 2 * half / (_HEIGHTS - 1)
    return best[1], best[0]


def _doubt(rpc: RpcFile, off: float) -> str:
    return (
        f"a map and an RPC ({rpc.path.name}), which sees the map's positions {_far(off)} their "
        "own pixels"
    )


def _far(off: float) -> str:
    return f"{off:.1f} px from" if np.isfinite(off) else "far from"


def _other_ground(facts: FileFacts, rpc: RpcFile, off: float) -> BrokenInputError:
    return BrokenInputError(
        "the image lies on a map, and the RPC sees other ground",
        subject=facts.path,
        found=f"{rpc.path.name} sees the map's positions {_far(off)} their own pixels",
        expected=f"an RPC of this image, which lies in {facts.crs}",
        remedy="leave --rpc out, name the RPC of this very file, or choose --geometry map",
    )
