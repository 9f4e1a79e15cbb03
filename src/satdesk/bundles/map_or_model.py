"""An image that has both a map and an RPC: which of the two says where its pixels lie.

Maxar's Ortho Ready Standard, NITF with corners and others carry a CRS *and* an RPC. Their map is
the picture laid on one height and no orthoimage: whoever takes it for one leaves all relief in it,
and nothing tells. An orthoimage may also still carry the RPC of the raw image it was made from.

The two are told apart by numbers. Where the RPC, at one height, sees the map's positions in the
very pixels that hold them, the picture lies on that height, and the RPC is its camera. Where it
does not, nobody knows, and the user must say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from odc.geo.geobox import GeoBox

from satdesk.errors import BrokenInputError
from satdesk.files.rasters import FileFacts
from satdesk.files.rpcs import RpcFile, find_rpc, pixel_grid
from satdesk.geometry.affine import mapped
from satdesk.geometry.frames import to_lonlat
from satdesk.geometry.rpc import RPC

__all__ = ["LARGEST_MISFIT_PX", "NAME_ONE", "Placed", "placed"]

LARGEST_MISFIT_PX = 2.0
"""Maxar's maps are those of their RPCs within parts of a pixel; an orthoimage's is hundreds off."""

_NAMED_MISFIT = 0.5
"""An RPC that the user names may leave this share of the image's longer side."""

NAME_ONE = (
    "name the RPC with --rpc FILE (the image itself, where it is in its tags) if the image is not "
    "orthorectified; if it is, take the RPC away (gdal_edit.py -unsetrpc, or its file)"
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
    """

    grid: GeoBox
    rpc: RpcFile | None
    map_height_m: float | None = None
    doubt: str | None = None


def placed(facts: FileFacts, explicit: Path | None = None) -> Placed:
    """What says where the pixels of a file lie: its map, or its RPC.

    Args:
        facts: Of the file.
        explicit: The RPC that the user names; None = the file's own, if any.

    Raises:
        InputError: An RPC cannot be read, or two disagree.
        BrokenInputError: The RPC that is named sees other ground than the map shows.
    """
    rpc = find_rpc(facts.path, explicit=explicit)
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
        remedy="leave --rpc out, or name the RPC that belongs to this very file",
    )
