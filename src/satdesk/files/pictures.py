"""Written pictures, read back onto any grid: web tiles, plates, press images.

Resampling weighs colours by their opacity, so that the hidden colour of transparent pixels never
bleeds into an edge. Where a picture is shrunk, the nearest finer overview is taken first, so that
a coarse tile of a large picture is as quick as a fine one; what is shrunk beyond that, by up to
two, is the mean of four interpolated places a pixel. Beyond the coarsest overview GDAL averages.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from rasterio._err import CPLE_BaseError
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import RasterioError
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from satdesk.errors import BrokenInputError, MissingInputError, UnreadableInputError, UsageError
from satdesk.files.cores import usable_cores
from satdesk.files.reduction import halved_colours
from satdesk.geometry.frames import crs_of
from satdesk.geometry.grids import subgrid
from satdesk.geometry.warping import Piece, pieces, warped

__all__ = ["Picture", "read_classes", "read_picture", "read_values"]

Window4 = tuple[int, int, int, int]
"""First row, first column, rows, columns."""

_BLOCK = 512
_ABOUT_AS_FINE = 1.15
"""Coarser pixels, in pixels of the picture, need more than the 16 around their place."""
_MOST_SHRUNK = 2.1
"""Likewise, more than four interpolated places."""
_THREADED_PX = 1 << 19
"""A larger picture is warped by all cores; tiles of a page are spread over them by their caller."""


class Picture:
    """A written picture, opened once and read many times; use it in a ``with`` block.

    One object serves one thread at a time: open one a thread.

    Raises:
        MissingInputError: The file is not there.
        UnreadableInputError: It cannot be decoded.
        BrokenInputError: It is no 8-bit picture of one or three colours, with or without alpha, or
            has no place on the ground.
    """

    def __init__(self, path: Path) -> None:
        self._levels = _Levels(path)
        self._reading = threading.Lock()
        try:
            self._check(path)
        except BaseException:
            self.close()
            raise

    def read(self, grid: GeoBox) -> NDArray[np.uint8]:
        """The picture on `grid`: RGBA ``(y, x, 4)``, sRGB, opacity not multiplied in.

        Args:
            grid: Any CRS, any pixel size; outside the picture all four planes are 0.

        Raises:
            UsageError: `grid` has no CRS.
            UnreadableInputError: The file's pixels cannot be decoded.
        """
        sampled = self._sampled(grid)
        if sampled is not None:
            return sampled
        planes = self._levels.warped(grid, Resampling.cubic, add_alpha=not self._has_alpha)
        colours, alpha = planes[:-1], planes[-1]
        rgba = np.empty((*alpha.shape, 4), np.uint8)
        rgba[..., :3] = np.moveaxis(colours, 0, -1)  # one grey plane spreads over all three
        rgba[..., 3] = alpha
        rgba[alpha == 0] = 0
        return rgba

    def _sampled(self, grid: GeoBox) -> NDArray[np.uint8] | None:
        """By `satdesk.geometry.warping`; None where it would not do."""
        level, factor, shrink = self._levels.suited(grid)
        if shrink > _MOST_SHRUNK:
            return None
        place = _place(level, self._levels.whole.transform @ Affine.scale(factor))
        blocks = [_Block.planned(place, part, fine=shrink > _ABOUT_AS_FINE) for part in _cut(grid)]
        if any(block.pieces is None for block in blocks):
            return None
        rgba = np.zeros((*grid.shape, 4), np.uint8)

        def fill(block: _Block) -> None:
            rows, cols = block.shape
            here = rgba[block.row : block.row + rows, block.col : block.col + cols]
            here[...] = block.filled(lambda window: self._pixels(level, window))

        if len(blocks) == 1:
            fill(blocks[0])
        else:
            with ThreadPoolExecutor(usable_cores()) as pool:
                list(pool.map(fill, blocks))
        return rgba

    def _pixels(self, level: Any, window: Window4) -> NDArray[np.uint8]:  # noqa: ANN401 - rasterio
        """RGBA of a window of a level."""
        row, col, rows, cols = window
        colours = list(range(1, level.count - self._has_alpha + 1))
        rgba = np.empty((rows, cols, 4), np.uint8)
        with self._reading, self._levels.decoding():
            here = Window(col, row, cols, rows)
            # one grey plane spreads over all three
            rgba[..., :3] = np.moveaxis(level.read(colours, window=here), 0, -1)
            rgba[..., 3] = level.dataset_mask(window=here)
        return rgba

    def close(self) -> None:
        """Release the file."""
        self._levels.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _check(self, path: Path) -> None:
        whole = self._levels.whole
        self._has_alpha = ColorInterp.alpha in whole.colorinterp
        colours = whole.count - self._has_alpha
        if set(whole.dtypes) != {"uint8"} or colours not in {1, 3}:
            raise BrokenInputError(
                "not a picture for eyes",
                subject=path,
                found=f"{whole.count} planes of {whole.dtypes[0]}",
                expected="one or three colours of uint8, with or without alpha",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """A part of a grid: where it lies, and how it looks into a level; None where that bends."""

    row: int
    col: int
    shape: tuple[int, int]
    fine: bool
    pieces: tuple[Piece, ...] | None

    @classmethod
    def planned(cls, place: GeoBox, part: tuple[int, int, GeoBox], *, fine: bool) -> Self:
        row, col, grid = part
        rows, cols = grid.shape
        if fine:  # four places a pixel
            grid = GeoBox((2 * rows, 2 * cols), grid.affine @ Affine.scale(0.5), grid.crs)
        return cls(row=row, col=col, shape=(rows, cols), fine=fine, pieces=pieces(place, grid))

    def filled(self, pixels: Callable[[Window4], NDArray[np.uint8]]) -> NDArray[np.uint8]:
        times = 2 if self.fine else 1
        rgba = np.zeros((times * self.shape[0], times * self.shape[1], 4), np.uint8)
        for piece in self.pieces or ():
            rows, cols = piece.shape
            here = rgba[piece.row : piece.row + rows, piece.col : piece.col + cols]
            here[...] = warped(pixels(piece.window), piece)
        return halved_colours(rgba) if self.fine else rgba


def _cut(grid: GeoBox) -> Iterator[tuple[int, int, GeoBox]]:
    """Blocks of a grid with their first row and column."""
    rows, cols = grid.shape
    for row in range(0, rows, _BLOCK):
        for col in range(0, cols, _BLOCK):
            shape = min(_BLOCK, rows - row), min(_BLOCK, cols - col)
            yield row, col, subgrid(grid, row, col, shape)


def _place(level: Any, affine: Affine) -> GeoBox:  # noqa: ANN401 - rasterio is untyped
    """Where a level lies: its pixels are squares of those of the full resolution.

    GDAL stretches a level over the whole picture instead, by up to half of its pixels at the far
    edge where the picture's size is odd.
    """
    return GeoBox(level.shape, affine, level.crs.to_wkt())


def read_picture(path: Path, grid: GeoBox) -> NDArray[np.uint8]:
    """One reading of a `Picture`: RGBA ``(y, x, 4)`` on `grid`, transparent outside."""
    with Picture(path) as picture:
        return picture.read(grid)


def read_values(path: Path, grid: GeoBox) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """An analysis image on any grid, bilinear, for previews and comparisons.

    Args:
        path: A georeferenced raster.
        grid: Any CRS, any pixel size.

    Returns:
        ``values (band, y, x)`` in physical units (the file's scale and offset applied; alpha left
        out) and ``valid (y, x)``, True = usable. Where it is False the value means nothing.

    Raises:
        MissingInputError, UnreadableInputError, BrokenInputError: As `Picture`.
        UsageError: `grid` has no CRS.
    """
    levels = _Levels(path)
    try:
        whole = levels.whole
        has_alpha = ColorInterp.alpha in whole.colorinterp
        planes = levels.warped(grid, Resampling.bilinear, add_alpha=not has_alpha)
        scales = np.array(whole.scales[: len(planes) - 1])[:, np.newaxis, np.newaxis]
        offsets = np.array(whole.offsets[: len(planes) - 1])[:, np.newaxis, np.newaxis]
    finally:
        levels.close()
    return (planes[:-1] * scales + offsets).astype(np.float32), planes[-1] > 0


def read_classes(path: Path, grid: GeoBox) -> NDArray[np.uint8]:
    """The numbers of a file of classes on any grid, ``(y, x)``, none averaged; 0 outside the file.

    Raises:
        MissingInputError, UnreadableInputError: As `Picture`.
        BrokenInputError: Not one plane of uint8, or no place on the ground.
    """
    levels = _Levels(path)
    try:
        whole = levels.whole
        if whole.count != 1 or whole.dtypes[0] != "uint8":
            raise BrokenInputError(
                "the file is no map of classes",
                subject=path,
                found=f"{whole.count} plane(s) of {whole.dtypes[0]}",
                expected="1 plane of uint8",
            )
        planes = levels.warped(grid, Resampling.nearest, add_alpha=True)
    finally:
        levels.close()
    return np.where(planes[-1] > 0, planes[0], 0).astype(np.uint8)


class _Levels:
    """The full resolution of a file and its overviews, each opened when it is first needed."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise MissingInputError("no such file", subject=path)
        self._path = path
        self._open: dict[int, Any] = {}
        self._shrinks: dict[Hashable, float] = {}
        self.whole = self._level(0)
        if self.whole.crs is None:
            self.close()
            raise BrokenInputError("the file has no place on the ground", subject=path)
        self._factors = (1, *self.whole.overviews(1))

    def warped(self, grid: GeoBox, resampling: Resampling, *, add_alpha: bool) -> NDArray[Any]:
        """Planes ``(band, y, x)`` on `grid`, alpha last."""
        dataset, _, _ = self.suited(grid)
        rows, cols = grid.shape
        with (
            _decoding(self._path),
            WarpedVRT(
                dataset,
                crs=crs_of(grid),
                transform=grid.affine,
                width=cols,
                height=rows,
                resampling=resampling,
                add_alpha=add_alpha,
                NUM_THREADS="ALL_CPUS" if rows * cols > _THREADED_PX else "1",
            ) as warped,
        ):
            return np.asarray(warped.read())

    def decoding(self) -> AbstractContextManager[None]:
        """Within it what the decoder cannot read is an error of ours."""
        return _decoding(self._path)

    def close(self) -> None:
        """Close every level."""
        for dataset in self._open.values():
            dataset.close()

    def suited(self, grid: GeoBox) -> tuple[Any, int, float]:
        """The coarsest level that is at least as fine as `grid`.

        With its pixels in those of the full resolution, and a pixel of `grid` in its own.
        """
        if grid.crs is None:
            raise UsageError("a picture can only be read onto a grid with a CRS")
        shrink = self._shrink(grid)
        suited = [i for i, factor in enumerate(self._factors) if factor <= shrink * 1.01]
        number = max(suited, default=0)
        factor = self._factors[number]
        return self._level(number), factor, shrink / factor

    def _shrink(self, grid: GeoBox) -> float:
        pixel = (grid.crs, tuple(grid.affine)[:2], tuple(grid.affine)[3:5])
        if pixel not in self._shrinks:  # the tiles of one zoom share it
            self._shrinks[pixel] = _shrink(self.whole, grid)
        return self._shrinks[pixel]

    def _level(self, number: int) -> Any:  # noqa: ANN401 - rasterio is untyped
        if number not in self._open:
            options = {} if number == 0 else {"overview_level": number - 1}
            with _decoding(self._path), rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"):
                self._open[number] = rasterio.open(self._path, **options)
        return self._open[number]


def _shrink(dataset: Any, grid: GeoBox) -> float:  # noqa: ANN401 - rasterio is untyped
    """Edge of a pixel of `grid` in pixels of `dataset`, at the middle of `dataset`.

    There, and not at the middle of `grid`, because a web tile of a coarse zoom has its middle
    where the picture's CRS may not be defined.
    """
    centre = np.array([dataset.width, dataset.height]) / 2
    cols, rows = (centre[0] + np.array([0, 1, 0]), centre[1] + np.array([0, 0, 1]))
    x, y = _apply(dataset.transform, cols, rows)
    to_grid = Transformer.from_crs(dataset.crs.to_wkt(), str(grid.crs), always_xy=True)
    col, row = _apply(~grid.affine, *to_grid.transform(x, y))
    area = abs((col[1] - col[0]) * (row[2] - row[0]) - (col[2] - col[0]) * (row[1] - row[0]))
    return 1 / math.sqrt(area) if np.isfinite(area) and area > 0 else 1.0


def _apply(affine: Affine, x: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    return affine.a * x + affine.b * y + affine.c, affine.d * x + affine.e * y + affine.f


@contextmanager
def _decoding(path: Path) -> Iterator[None]:
    try:
        yield
    except (RasterioError, CPLE_BaseError) as error:
        raise UnreadableInputError(
            "the picture cannot be decoded",
            subject=path,
            found=str(error.__cause__ or error) or type(error).__name__,
            expected="a whole raster file",
            remedy="write it again",
        ) from error
