"""Images laid onto a grid on the ground: from sensor geometry (`Ortho`) or another CRS (`Warped`).

Both ask, for every pixel's centre of the output, where it lies in the source (`geometry.lattice`)
and take the value there (`geometry.resample`). A read of any part gives the same bytes as the same
pixels of the whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.core.arguments import require_able
from satdesk.core.bands import Band
from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.core.sensor import FloatArray, SensorModel, Terrain
from satdesk.core.units import Quantity
from satdesk.errors import UsageError
from satdesk.geometry.grids import offset, require_grid, subgrid
from satdesk.geometry.lattice import exact_positions, exact_warp, positions, warp_positions
from satdesk.geometry.resample import KERNELS, reach_px, sample

__all__ = ["Ortho", "Warped", "source_pixels"]

_LARGEST_WINDOW = 1 << 24
Positions = Callable[[int, int, tuple[int, int]], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ortho:
    """An image in sensor geometry, orthorectified.

    Attributes:
        source: Layer in the sensor's pixel plane (``crs=None``); the translation of its affine is
            the crop's origin in the full image that `model` counts in.
        model: Ground to image.
        terrain: Heights above the ellipsoid.
        grid: Output grid, with a CRS.
        kernel: ``nearest``, ``bilinear`` or ``cubic``; `geometry.resample` says what masks do.
        widen: Source pixels that an output pixel spans in col and row: above 1 the kernel is
            stretched against aliasing (`source_pixels` measures it). Never chosen unasked.
        exact: True evaluates PROJ and the camera at every pixel: the definition, for checks.

    Raises:
        UsageError: A source with a CRS or a grid without one, an unknown kernel.
    """

    source: Layer
    model: SensorModel
    terrain: Terrain
    grid: GeoBox
    kernel: str = "cubic"
    widen: tuple[float, float] = (1.0, 1.0)
    exact: bool = False

    def __post_init__(self) -> None:
        _check_source(self.source, "Ortho(source)")
        require_able(self.model, "Ortho(model)", "a sensor model, such as an RPC", "project")
        require_able(self.terrain, "Ortho(terrain)", "a terrain: it tells heights", "height")
        if self.source.grid.crs is not None:
            raise UsageError(
                "orthorectification starts from the sensor's pixel plane",
                found=str(self.source.grid.crs),
                expected="a source without a CRS",
            )
        _check_output(self.grid, self.kernel, self.widen)

    @property
    def bands(self) -> tuple[Band, ...]:
        """The source's."""
        return self.source.bands

    @property
    def quantity(self) -> Quantity:
        """The source's."""
        return self.source.quantity

    def read(self, grid: GeoBox) -> Raster:
        """Values at the pixel centres of `grid`; not valid where terrain, camera or source end."""
        return _read(self, grid, self.positions)

    def positions(
        self, row: int, col: int, shape: tuple[int, int]
    ) -> tuple[FloatArray, FloatArray]:
        """``col, row`` in the source's array of a window of the output grid; NaN = nowhere."""
        evaluate = exact_positions if self.exact else positions
        image_col, image_row = evaluate(self.model, self.terrain, self.grid, row, col, shape)
        to_array = ~self.source.grid.affine
        return (
            to_array.a * image_col + to_array.b * image_row + to_array.c,
            to_array.d * image_col + to_array.e * image_row + to_array.f,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Warped:
    """A georeferenced image, brought onto another grid.

    On the source's own lattice every kernel returns the source's pixels unchanged.

    Attributes:
        source: Layer with a CRS.
        grid: Output grid, with a CRS.
        kernel: As for `Ortho`.
        widen: As for `Ortho`.
        exact: As for `Ortho`.

    Raises:
        UsageError: A source or a grid without a CRS, an unknown kernel.
    """

    source: Layer
    grid: GeoBox
    kernel: str = "cubic"
    widen: tuple[float, float] = (1.0, 1.0)
    exact: bool = False

    def __post_init__(self) -> None:
        _check_source(self.source, "Warped(source)")
        if self.source.grid.crs is None:
            raise UsageError(
                "an image in sensor geometry cannot be warped without its camera",
                found="a source without a CRS",
                expected="a georeferenced image",
            )
        _check_output(self.grid, self.kernel, self.widen)

    @property
    def bands(self) -> tuple[Band, ...]:
        """The source's."""
        return self.source.bands

    @property
    def quantity(self) -> Quantity:
        """The source's."""
        return self.source.quantity

    def read(self, grid: GeoBox) -> Raster:
        """Values at the pixel centres of `grid`; not valid where the source ends."""
        return _read(self, grid, self.positions)

    def positions(
        self, row: int, col: int, shape: tuple[int, int]
    ) -> tuple[FloatArray, FloatArray]:
        """``col, row`` in the source's array of a window of the output grid; NaN = nowhere."""
        evaluate = exact_warp if self.exact else warp_positions
        return evaluate(self.source.grid, self.grid, row, col, shape)


def source_pixels(layer: Ortho | Warped) -> tuple[float, float]:
    """How many source pixels an output pixel spans in col and row, at the middle of the grid.

    It is what `widen` wants where the output is coarser than the source.

    Returns:
        ``col, row``: the larger of what a step to the right and a step down moves.

    Raises:
        UsageError: The middle of the grid is not seen.
    """
    rows, cols = layer.grid.shape
    col, row = layer.positions(rows // 2, cols // 2, (2, 2))
    spans = tuple(
        max(abs(float(p[0, 1] - p[0, 0])), abs(float(p[1, 0] - p[0, 0]))) for p in (col, row)
    )
    if not all(map(math.isfinite, spans)):
        raise UsageError("the middle of the grid is not seen", expected="a grid on the image")
    return spans[0], spans[1]


def _check_source(source: object, name: str) -> None:
    require_able(source, name, "a layer, such as an image that was opened", "read")


def _check_output(grid: GeoBox, kernel: str, widen: tuple[float, float]) -> None:
    require_grid(grid, "grid")
    if grid.crs is None:
        raise UsageError("an output grid needs a CRS", found="none", expected="EPSG:…")
    if kernel not in KERNELS:
        raise UsageError("unknown kernel", found=repr(kernel), expected=", ".join(KERNELS))
    if not all(math.isfinite(w) and w > 0 for w in widen):
        raise UsageError("a kernel is widened by positive factors", found=str(widen))


def _read(layer: Ortho | Warped, grid: GeoBox, positions: Positions) -> Raster:
    """The pixels of `grid`; those outside the layer's own grid are not valid."""
    row, col = offset(layer.grid, grid)
    top, left = max(row, 0), max(col, 0)
    bottom = min(row + grid.shape[0], layer.grid.shape[0])
    right = min(col + grid.shape[1], layer.grid.shape[1])
    inner = (max(bottom - top, 0), max(right - left, 0))
    seen, good = _piece(layer, positions, (top, left), inner)
    values = np.zeros((len(layer.bands), *tuple(grid.shape)), dtype=seen.dtype)
    valid = np.zeros(tuple(grid.shape), dtype=np.bool_)
    if inner[0] and inner[1]:
        here = (slice(top - row, bottom - row), slice(left - col, right - col))
        values[(slice(None), *here)], valid[here] = seen, good
    return Raster(values=values, valid=valid, grid=grid, bands=layer.bands, quantity=layer.quantity)


def _piece(
    layer: Ortho | Warped, positions: Positions, start: tuple[int, int], shape: tuple[int, int]
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """A window of the layer, halved while the source's window under it is too large."""
    col, row = positions(*start, shape)
    source = layer.source.grid
    reach = reach_px(layer.kernel, layer.widen)
    lines, columns = _span(row, reach, source.shape[0]), _span(col, reach, source.shape[1])
    size = (lines[1] - lines[0], columns[1] - columns[0])
    if size[0] * size[1] > _LARGEST_WINDOW and max(shape) > 1:
        return _halves(layer, positions, start, shape)
    window = layer.source.read(subgrid(source, lines[0], columns[0], size))
    return sample(
        window.values,
        window.valid,
        col - columns[0],
        row - lines[0],
        layer.kernel,
        layer.widen,
    )


def _halves(
    layer: Ortho | Warped, positions: Positions, start: tuple[int, int], shape: tuple[int, int]
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    axis = 0 if shape[0] >= shape[1] else 1
    cut = shape[axis] // 2
    shapes = [list(shape), list(shape)]
    shapes[0][axis], shapes[1][axis] = cut, shape[axis] - cut
    second = list(start)
    second[axis] += cut
    parts = [
        _piece(layer, positions, (at[0], at[1]), (size[0], size[1]))
        for at, size in zip((list(start), second), shapes, strict=True)
    ]
    return (
        np.concatenate([part[0] for part in parts], axis=axis + 1),
        np.concatenate([part[1] for part in parts], axis=axis),
    )


def _span(position: FloatArray, reach: int, size: int) -> tuple[int, int]:
    """First and past-the-last source pixel that positions along one axis may look at.

    At least one pixel, so that a piece that sees nothing still learns the type of the values.
    """
    near = position[(position > -reach) & (position < size + reach)]
    if not near.size:
        return 0, 1
    first = max(math.floor(near.min()) - reach, 0)
    return min(first, size - 1), max(min(math.floor(near.max()) + reach + 1, size), first + 1)
