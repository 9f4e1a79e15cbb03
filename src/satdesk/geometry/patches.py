"""Where the pixels of a patch look into an image: a quadratic in column, row and height.

The fused pass (`geometry.onepass`) evaluates positions itself, pixel by pixel. What it needs of a
patch of 128 × 128 pixels is prepared here: PROJ and camera at 3 × 3 nodes, the camera there at
three heights across the patch's relief. The terrain is looked up at every pixel, always.

A patch is checked as `geometry.lattice` checks its blocks: at four places between the nodes and two
heights between the knots. Where the quadratic misses the camera by more than 0.002 px, and at the
border of the camera's domain, the patch goes by `lattice.positions`, which knows smaller blocks
and the definition itself. Patches are counted from the grid's own first pixel and always computed
whole, so a pixel does not depend on the tile that asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.core.sensor import FloatArray, SensorModel, Terrain
from satdesk.geometry.affine import Adjusted, mapped
from satdesk.geometry.camera import project
from satdesk.geometry.frames import crs_of, lonlat_of_grid, to_lonlat
from satdesk.geometry.lattice import positions
from satdesk.geometry.occlusion import SeenTerrain
from satdesk.geometry.onepass import EXACT, OUTSIDE, PATCH, SMOOTH, heights
from satdesk.geometry.terrain import GridTerrain

__all__ = [
    "Patches",
    "Relief",
    "Sight",
    "out_of_sight",
    "patches_under",
    "relief_under",
    "sight_of",
]

_NODES = np.array([0.0, (PATCH - 1) / 2, PATCH - 1.0])
_PROBES = np.array([PATCH // 4, PATCH - 1 - PATCH // 4], dtype=np.float64)
_BETWEEN = np.arange(0, PATCH, 16.0)
_PROBE_LEVELS = np.array([-(3**-0.5), 3**-0.5])
_TOLERANCE_PX = 0.002
_TOLERANCE_CELLS = 0.002
_TOLERANCE_DEG = 1e-9
"""A tenth of a millimetre on the ground."""
_TOLERANCE_RISE_PX = 0.005
_ROUNDED = 1e-7
"""What a place in a grid of heights loses as float32, of the cells that a patch spans."""
_LEAST_RELIEF_M = 1.0
_REACH = 3
_TELLING = 0.25

Floats = NDArray[np.float32]
Pair = tuple[FloatArray, FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patches:
    """The patches that a window of a grid touches, row by row.

    Attributes:
        grid: The whole output grid.
        row: Row of the first patch's first pixel in `grid`.
        col: Column, likewise.
        down: Patches from top to bottom.
        across: Patches from left to right.
        nodes: ``lon, lat``, each ``(patch, 3, 3)``; longitudes do not jump within a patch.
        probes: As `nodes`, ``(patch, 2, 2)`` between them.
    """

    grid: GeoBox
    row: int
    col: int
    down: int
    across: int
    nodes: Pair
    probes: Pair

    @property
    def shape(self) -> tuple[int, int]:
        """``rows, cols`` of all pixels."""
        return self.down * PATCH, self.across * PATCH

    def starts(self) -> list[tuple[int, int]]:
        """``row, col`` in `grid` of each patch's first pixel."""
        return [
            (self.row + i * PATCH, self.col + j * PATCH)
            for i in range(self.down)
            for j in range(self.across)
        ]

    def part(self, patch: int) -> tuple[slice, slice]:
        """Where a patch lies in an array of `shape`."""
        top, left = patch // self.across * PATCH, patch % self.across * PATCH
        return slice(top, top + PATCH), slice(left, left + PATCH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relief:
    """Heights under patches.

    Attributes:
        heights: float32 (y, x) of all pixels, metres less the patch's reference; NaN = unknown.
        reference: float64 (patch,), metres above the ellipsoid.
        middle: float32 (patch,), middle of the range of heights, from the reference.
        half: float64 (patch,), half of that range, at least 0.5 m.
        known: bool (patch,), True where any height is known.
        apart: float64 (patch,), cells of the terrain by which places in it may be missed; infinite
            where too few heights are known to tell their range.
    """

    heights: Floats
    reference: FloatArray
    middle: Floats
    half: FloatArray
    known: NDArray[np.bool_]
    apart: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Where patches look into one image; the numbers that `onepass.render` takes.

    Attributes:
        base: int32 (patch, 2): col, row of a pixel of the image's array near the patch's middle.
        terms: float32 (patch, 2, height, v, u): col, row from the base, pixels' centres whole.
        middle: float32 (patch,), of the heights.
        inverse: float32 (patch,), 1 / half the range of the heights.
        kind: uint8 (patch,): OUTSIDE, SMOOTH or EXACT.
        exact: float32 (2, y, x) from the base, where a patch is EXACT; else None.
        window: ``left, top, right, bottom`` of the pixels that may be looked at; None = none.
    """

    base: NDArray[np.int32]
    terms: Floats
    middle: Floats
    inverse: Floats
    kind: NDArray[np.uint8]
    exact: Floats | None
    window: tuple[int, int, int, int] | None


def patches_under(grid: GeoBox, row: int, col: int, shape: tuple[int, int]) -> Patches:
    """The patches that a window of `grid` touches; it may begin outside of it.

    Raises:
        UsageError: The grid has no CRS.
    """
    first, left = row // PATCH, col // PATCH
    down, across = -(-(row + shape[0]) // PATCH) - first, -(-(col + shape[1]) // PATCH) - left
    starts = np.array(
        [(i * PATCH, j * PATCH) for i in range(first, first + down)
         for j in range(left, left + across)], dtype=np.float64,
    )  # fmt: skip
    nodes, probes = _lonlat(grid, starts, (_NODES, _PROBES))
    return Patches(
        grid=grid,
        row=first * PATCH,
        col=left * PATCH,
        down=down,
        across=across,
        nodes=nodes,
        probes=probes,
    )


def _lonlat(grid: GeoBox, starts: FloatArray, places: tuple[FloatArray, ...]) -> list[Pair]:
    """``lon, lat`` ``(patch, n, n)`` of pixels of each patch, for several n at once."""
    across = [starts[:, 1, None, None] + at + 0.5 + 0 * at[:, None] for at in places]
    down = [starts[:, 0, None, None] + at[:, None] + 0.5 + 0 * at for at in places]
    flat = [np.concatenate([part.ravel() for part in parts]) for parts in (across, down)]
    lon, lat = to_lonlat(crs_of(grid), *mapped(grid.affine, *flat))
    cuts = np.cumsum([part.size for part in across])[:-1]
    found = [
        (a.reshape(shape.shape), b.reshape(shape.shape))
        for a, b, shape in zip(np.split(lon, cuts), np.split(lat, cuts), across, strict=True)
    ]
    middle = found[0][0][:, 1:2, 1:2] if places[0].size == 3 else found[0][0][:, :1, :1]
    return [(lon - 360 * np.round((lon - middle) / 360), lat) for lon, lat in found]


def out_of_sight(
    model: SensorModel, terrain: Terrain, patches: Patches, place: Affine, size: tuple[int, int]
) -> NDArray[np.bool_]:
    """Patches ``(patch,)`` none of whose pixels can look into an image; False where it is not sure.

    Asked before any height is looked up: the camera is asked at a patch's corners, at the lowest
    and the highest cell around the window, and what it answers must lie on one side of the image by
    more than a quarter of its own width: what bends between the corners bends far less.

    Args:
        model: The camera.
        terrain: A `GridTerrain`, seen or whole; of any other nothing is sure.
        patches: Of the output grid.
        place: Of the image's array in the full image that `model` counts in.
        size: ``rows, cols`` of the image's array.
    """
    whole = terrain.terrain if isinstance(terrain, SeenTerrain) else terrain
    n = patches.down * patches.across
    lon, lat = (part[:, ::2, ::2].ravel() for part in patches.nodes)
    levels = _heights_around(whole, lon, lat) if isinstance(whole, GridTerrain) else None
    if levels is None:
        return np.zeros(n, np.bool_)
    seen = Adjusted(model=model, matrix=~place)
    height = np.repeat(levels, lon.size)
    found = np.array(project(seen, np.tile(lon, 2), np.tile(lat, 2), height)).reshape(2, 2, n, 4)
    low, high = found.min(axis=(1, 3)), found.max(axis=(1, 3))
    apart = (high - low) / 4 + 1  # NaN where the camera does not answer: nothing is sure then
    limits = np.array([[size[1]], [size[0]]])
    return np.asarray(((high + apart < 0) | (low - apart > limits)).any(axis=0))


def _heights_around(
    terrain: GridTerrain, lon: FloatArray, lat: FloatArray
) -> tuple[float, float] | None:
    """The lowest and the highest cell around some places; None where none is known."""
    col, row = terrain.cells(lon, lat)
    if not np.isfinite(col + row).all():
        return None
    (top, bottom), (left, right) = (
        np.clip([int(at.min()) - _REACH, int(at.max()) + _REACH], 0, size)
        for at, size in zip((row, col), terrain.heights.shape, strict=True)
    )
    cells = terrain.heights[top:bottom, left:right]
    low = float(np.fmin.reduce(cells, axis=None, initial=np.inf))
    high = float(np.fmax.reduce(cells, axis=None, initial=-np.inf))
    return (low, high) if np.isfinite(low) else None


def relief_under(
    terrain: Terrain, patches: Patches, unseen: NDArray[np.bool_] | None = None
) -> Relief:
    """Heights at every pixel of some patches; none is known of those that are `unseen`.

    Of a `GridTerrain` in float32, seen or whole, the place in its grid is interpolated. Any other
    terrain is asked at every pixel, and so is each where the map bends too much for a quadratic.
    """
    n = patches.down * patches.across
    wanted = np.ones(n, np.bool_) if unseen is None else ~unseen
    out = np.empty(patches.shape, np.float32)
    low, high = np.full(n, np.inf, np.float32), np.full(n, -np.inf, np.float32)
    whole = terrain.terrain if isinstance(terrain, SeenTerrain) else terrain
    if isinstance(whole, GridTerrain) and whole.heights.dtype == np.float32:
        smooth, reference, apart = _from_grid(terrain, whole, patches, wanted, (out, low, high))
    else:
        smooth, reference, apart = np.zeros(n, np.bool_), np.zeros(n, np.float32), np.zeros(n)
    for patch in np.flatnonzero(~wanted & ~smooth):
        out[patches.part(int(patch))] = np.nan
    for patch in np.flatnonzero(wanted & ~smooth):
        height = _asked(terrain, patches, int(patch))
        known = np.isfinite(height)
        reference[patch] = np.rint(height[known].min()) if known.any() else 0
        offsets = (height - reference[patch]).astype(np.float32)
        out[patches.part(int(patch))] = offsets
        low[patch] = np.min(offsets, where=known, initial=np.inf)
        high[patch] = np.max(offsets, where=known, initial=-np.inf)
    apart = np.where(_telling(out, patches), np.where(smooth, apart, 0.0), np.inf)
    return _relief(out, reference.astype(np.float64), low, high, apart)


def _from_grid(
    terrain: Terrain,
    grid: GridTerrain,
    patches: Patches,
    wanted: NDArray[np.bool_],
    filled: tuple[Floats, Floats, Floats],
) -> tuple[NDArray[np.bool_], Floats, FloatArray]:
    """Fill heights, lowest and highest; which patches that holds for, references, cells missed."""
    seen = terrain if isinstance(terrain, SeenTerrain) else None
    nodes = np.stack(grid.cells(*patches.nodes), axis=1) - 0.5
    probes = np.stack(grid.cells(*patches.probes), axis=1) - 0.5
    size = max(grid.heights.shape)
    known = np.isfinite(nodes).all(axis=(1, 2, 3)) & (np.abs(nodes) < 4 * size).all(axis=(1, 2, 3))
    base = np.where(known[:, None], np.floor(nodes[:, :, 1, 1]), 0.0)
    terms = _monomials(np.where(known[:, None, None, None], nodes - base[..., None, None], 0.0))
    off = np.abs(_at_probes(terms) + base[..., None, None] - probes)
    smooth = wanted & known & (off <= _TOLERANCE_CELLS).all(axis=(1, 2, 3))
    reference = _reference(grid, base)
    heights(
        np.ascontiguousarray(grid.heights),
        None if seen is None else seen.hidden,
        1 if seen is None else seen.parts,
        base.astype(np.int32),
        terms.astype(np.float32),
        reference,
        np.where(smooth, SMOOTH, OUTSIDE).astype(np.uint8),
        patches.down,
        patches.across,
        *filled,
    )
    span = np.abs(terms).sum(axis=(1, 2, 3))
    return smooth, reference, off.sum(axis=1).max(axis=(1, 2)) + _ROUNDED * span


def _reference(terrain: GridTerrain, base: FloatArray) -> Floats:
    """A height near those of a patch: of the cell at its middle, 0 where that is not known."""
    rows, cols = terrain.heights.shape
    col, row = np.clip(base.astype(np.intp), 0, [cols - 1, rows - 1]).T
    height = np.rint(terrain.heights[row, col]).astype(np.float32)
    return np.where(np.isfinite(height), height, np.float32(0))


def _asked(terrain: Terrain, patches: Patches, patch: int) -> FloatArray:
    """Heights of one patch, metres: at interpolated places, exact where the map bends."""
    lon, lat = (part[patch] for part in patches.nodes)
    near = [
        np.abs(_at_probes(_monomials(nodes)) - probes[patch]) <= _TOLERANCE_DEG
        for nodes, probes in zip((lon, lat), patches.probes, strict=True)
    ]
    if np.all(near):
        return terrain.height(_spread(lon), _spread(lat))
    exact = lonlat_of_grid(patches.grid, *patches.starts()[patch], (PATCH, PATCH))
    return terrain.height(*exact)


def _relief(
    heights: Floats, reference: FloatArray, low: Floats, high: Floats, apart: FloatArray
) -> Relief:
    known = np.isfinite(low)
    low, high = np.where(known, low, 0), np.where(known, high, 0)
    span = high.astype(np.float64) - low
    return Relief(
        heights=heights,
        reference=reference,
        middle=((low.astype(np.float64) + high) / 2).astype(np.float32),
        half=np.maximum(span, _LEAST_RELIEF_M) / 2,
        known=known,
        apart=apart,
    )


def sight_of(
    model: SensorModel,
    terrain: Terrain,
    patches: Patches,
    relief: Relief,
    place: Affine,
    size: tuple[int, int],
) -> Sight:
    """Where some patches look into an image.

    Args:
        model: The camera.
        terrain: The same that `relief` was taken from.
        patches: Of the output grid.
        relief: Their heights.
        place: Of the image's array in the full image that `model` counts in.
        size: ``rows, cols`` of the image's array.
    """
    seen = Adjusted(model=model, matrix=~place)
    knots = relief.reference + relief.middle
    found, probes = _through_camera(seen, patches, knots, relief.half)
    known = np.isfinite(found[:, 0] + found[:, 1]).reshape(len(found), -1)
    all_known, any_known = np.asarray(known.all(axis=1)), np.asarray(known.any(axis=1))
    base = np.where(all_known[:, None], np.floor(found[:, :, 1, 1, 1]), 0.0)
    terms = _monomials(np.where(all_known[:, None, None, None, None], found, 0.0) - (
        base + 0.5)[:, :, None, None, None], axes=3)  # fmt: skip
    off = _at_probes(terms, axes=3) + (base + 0.5)[:, :, None, None, None] - probes
    miss = ~(np.hypot(off[:, 0], off[:, 1]) <= _TOLERANCE_PX).all(axis=(1, 2, 3))
    miss |= _rises(found, relief)
    kind = np.where(all_known & ~miss, SMOOTH, EXACT).astype(np.uint8)
    kind[~relief.known] = OUTSIDE
    for patch in np.flatnonzero((kind == EXACT) & ~any_known):
        if not _glimpsed(seen, patches, int(patch), knots[patch]):
            kind[patch] = OUTSIDE
    sight = Sight(
        base=base.astype(np.int64).clip(-(1 << 29), 1 << 29).astype(np.int32),
        terms=terms.astype(np.float32),
        middle=relief.middle,
        inverse=(1 / relief.half).astype(np.float32),
        kind=kind,
        exact=None,
        window=None,
    )
    if (kind == EXACT).any():
        sight = _with_exact(sight, seen, terrain, patches)
    return _with_window(sight, patches, size)


def _through_camera(
    seen: Adjusted, patches: Patches, middle: FloatArray, half: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Positions ``(patch, 2, 3, 3, 3)`` at knots and nodes, ``(patch, 2, 2, 2, 2)`` at probes."""
    n = len(middle)
    knots = (middle[:, None] + half[:, None] * np.array([-1.0, 0.0, 1.0]))[:, :, None, None]
    levels = (middle[:, None] + half[:, None] * _PROBE_LEVELS)[:, :, None, None]
    parts = [(patches.nodes, knots, 3), (patches.probes, levels, 2)]
    lon, lat, height = (
        np.concatenate([
            np.broadcast_to(array, (n, k, k, k)).reshape(n, -1) for array, k in arrays
        ], axis=1)
        for arrays in (
            [(at[0][:, None], k) for at, _, k in parts],
            [(at[1][:, None], k) for at, _, k in parts],
            [(level, k) for _, level, k in parts],
        )
    )  # fmt: skip
    col, row = project(seen, lon.ravel(), lat.ravel(), height.ravel())
    found = np.stack([col.reshape(n, -1), row.reshape(n, -1)], axis=1)
    return found[:, :, :27].reshape(n, 2, 3, 3, 3), found[:, :, 27:].reshape(n, 2, 2, 2, 2)


def _rises(found: FloatArray, relief: Relief) -> NDArray[np.bool_]:
    """Patches where a place in the terrain that is missed moves the pixel too far.

    Between two cells the ground rises by its whole relief at most, and that moves the pixel by the
    way from the lowest knot to the highest.
    """
    way = found[:, :, -1] - found[:, :, 0]
    rise = np.hypot(way[:, 0], way[:, 1]).max(axis=(1, 2))
    telling = np.isfinite(relief.apart)
    moved = np.nan_to_num(rise, nan=0.0) * np.where(telling, relief.apart, 0.0)
    return np.asarray(~telling | (moved > _TOLERANCE_RISE_PX))


def _telling(heights: Floats, patches: Patches) -> NDArray[np.bool_]:
    """Patches of which enough is known to tell their relief: not a few pixels at the edge."""
    if np.isfinite(heights.max() - heights.min()):  # nothing is unknown: both would tell of it
        return np.ones(patches.down * patches.across, np.bool_)
    known = np.isfinite(heights).reshape(patches.down, PATCH, patches.across, PATCH)
    return np.asarray(known.mean(axis=(1, 3)).ravel() >= _TELLING)


def _monomials(nodes: FloatArray, axes: int = 2) -> FloatArray:
    """Values at −1, 0, 1 along the last `axes` axes as coefficients of 1, t, t²; elementwise."""
    for axis in range(-axes, 0):
        low, middle, high = np.moveaxis(nodes, axis, 0)
        nodes = np.stack([middle, (high - low) / 2, (high + low) / 2 - middle], axis=axis)
    return nodes


def _at_probes(terms: FloatArray, axes: int = 2) -> FloatArray:
    """The polynomials at the probes: ``(…, 2, 2)``, or ``(…, 2, 2, 2)`` with heights."""
    places = _PROBES / ((PATCH - 1) / 2) - 1
    for axis, at in zip(range(-axes, 0), [_PROBE_LEVELS, places, places][-axes:], strict=True):
        a, b, c = np.moveaxis(terms, axis, 0)
        terms = np.stack([a + t * (b + t * c) for t in at], axis=axis)
    return terms


def _spread(nodes: FloatArray) -> FloatArray:
    """``(3, 3)`` nodes as pixels ``(PATCH, PATCH)``."""
    t = (2 * np.arange(PATCH) - (PATCH - 1)) / (PATCH - 1)
    terms, v = _monomials(nodes), t[:, None]
    a, b, c = (terms[0, j] + v * (terms[1, j] + v * terms[2, j]) for j in range(3))
    value: FloatArray = a + t * (b + t * c)
    return value


def _glimpsed(seen: Adjusted, patches: Patches, patch: int, height: float) -> bool:
    """Whether the camera answers anywhere in a patch none of whose nodes it knows."""
    start = np.array([patches.starts()[patch]], dtype=np.float64)
    ((lon, lat),) = _lonlat(patches.grid, start, (_BETWEEN,))
    col, _ = project(seen, lon.ravel(), lat.ravel(), np.full(lon.size, height))
    return bool(np.isfinite(col).any())


def _with_exact(sight: Sight, seen: Adjusted, terrain: Terrain, patches: Patches) -> Sight:
    """Positions of the patches that no quadratic follows."""
    exact = np.full((2, *patches.shape), np.nan, np.float32)
    base, kind = sight.base.copy(), sight.kind.copy()
    for patch in np.flatnonzero(kind == EXACT):
        at = patches.starts()[patch]
        found = np.stack(positions(seen, terrain, patches.grid, *at, (PATCH, PATCH)))
        known = np.isfinite(found).all(axis=0)
        if not known.any() or np.abs(found[:, known]).max() > 1 << 29:
            kind[patch] = OUTSIDE
            continue
        base[patch] = np.floor(np.median(found[:, known], axis=1))
        offsets = found - (base[patch] + 0.5)[:, None, None]
        exact[(slice(None), *patches.part(int(patch)))] = offsets
    return replace(sight, base=base, kind=kind, exact=exact)


def _with_window(sight: Sight, patches: Patches, size: tuple[int, int]) -> Sight:
    """Patches that cannot touch the image become OUTSIDE; the window holds what the others see."""
    spread = np.abs(sight.terms).sum(axis=(2, 3, 4), dtype=np.float64)
    center = sight.terms[:, :, 0, 0, 0].astype(np.float64)
    spread = spread - np.abs(center)
    low, high = center - spread, center + spread
    for patch in np.flatnonzero(sight.kind == EXACT):
        if sight.exact is None:
            break
        here = sight.exact[(slice(None), *patches.part(int(patch)))].astype(np.float64)
        low[patch], high[patch] = np.nanmin(here, axis=(1, 2)), np.nanmax(here, axis=(1, 2))
    low, high = low + sight.base, high + sight.base + 1
    limits = np.array([size[1], size[0]])
    touching = (sight.kind != OUTSIDE) & (high >= 0).all(axis=1) & (low < limits).all(axis=1)
    kind = np.where(touching, sight.kind, OUTSIDE).astype(np.uint8)
    if not touching.any():
        return replace(sight, kind=kind)
    first = np.clip(np.floor(low[touching].min(axis=0)) - _REACH, 0, limits - 1)
    last = np.clip(np.ceil(high[touching].max(axis=0)) + _REACH, first + 1, limits)
    (left, top), (right, bottom) = first.astype(int), last.astype(int)
    window = (int(left), int(top), int(right), int(bottom))
    return replace(sight, kind=kind, window=window)
