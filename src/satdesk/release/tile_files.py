"""A picture as web map tiles: ``z/x/y.webp``, for any map library, from any folder.

The finest zoom is taken from the picture; every coarser tile is the mean of the four below it, so
that a picture is read once, whatever the number of zooms. What lies outside the picture is
transparent, and a tile without a single usable pixel is not written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from PIL import Image

from satdesk.files.cores import usable_cores
from satdesk.files.reduction import halved_colours
from satdesk.release.tiles import TILE, Pyramid, TileIndex, TileRow, tile_grid

__all__ = ["Mark", "Reader", "encode", "write_tiles"]

_QUALITY = 82
_EFFORT = 2
"""libwebp's ``method``: 4 takes 2.3 times as long for 4 % fewer bytes and 0.35 dB more likeness."""
_SHARES = 64
"""So many parts at least are shared out among threads, where there are so many tiles."""

Pixels = NDArray[np.uint8]
"""``(y, x, 4)`` sRGB and alpha."""

Tile = tuple[int, int, int]
"""Zoom, column, row."""

Mark = Callable[[Pixels, int, tuple[int, int]], Pixels]
"""Draws a mark into pixels of a zoom, whose first one is ``row, col`` of its whole pixel plane."""


class Reader(Protocol):
    """What the pixels come from (`satdesk.files.pictures.Picture` is one)."""

    def read(self, grid: GeoBox) -> Pixels:
        """``(y, x, 4)`` of any grid; alpha 0 where there is nothing."""


def write_tiles(
    opened: Callable[[], AbstractContextManager[Reader]],
    folder: Path,
    pyramid: Pyramid,
    *,
    mark: Mark | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> TileIndex:
    """Write the tiles of a picture below `folder`.

    Parts of the pyramid are shared out among a few threads; each opens the picture for itself,
    since an open raster serves one thread at a time. The bytes depend on neither.

    Args:
        opened: Opens the picture; called once for each part.
        folder: Gets ``z/x/y.webp``.
        pyramid: Which zooms and which rectangle.
        mark: Burned into every tile (``DRAFT``, ``SIMULATED``), seamlessly across them; coarser
            tiles are made from finer ones without it.
        progress: Told the number of parts done and of all parts.
    """
    tiles = _Tiles(folder=folder, pyramid=pyramid, mark=mark)
    parts = tiles.parts()
    quarters: dict[Tile, Pixels | None] = {}
    with ThreadPoolExecutor(max_workers=min(8, usable_cores())) as pool:
        for part, quarter in zip(
            parts, pool.map(partial(_part, opened, tiles), parts), strict=True
        ):
            quarters[part] = quarter
            if progress is not None:
                progress(len(quarters), len(parts))
    for zoom in reversed(range(pyramid.first, parts[0][0])):
        quarters = {tile: tiles.joined(tile, quarters) for tile in tiles.at(zoom)}
    return _index(tiles.written)


def encode(pixels: Pixels) -> bytes:
    """One tile as lossy WebP; its alpha, if any, is kept exactly."""
    buffer = BytesIO()
    opaque = bool((pixels[..., 3] == 255).all())
    image = Image.fromarray(pixels[..., :3] if opaque else pixels)
    image.save(buffer, format="WEBP", quality=_QUALITY, alpha_quality=100, method=_EFFORT)
    return buffer.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tiles:
    """The tiles of one pyramid: written, and handed on at half their resolution."""

    folder: Path
    pyramid: Pyramid
    mark: Mark | None
    written: list[Tile] = field(default_factory=list)

    def at(self, zoom: int) -> list[Tile]:
        """The tiles of a zoom that may exist."""
        columns, rows = self.pyramid.columns(zoom), self.pyramid.rows(zoom)
        return [(zoom, x, y) for y in rows for x in columns]

    def parts(self) -> list[Tile]:
        """The tiles of the first zoom that has enough of them to share out."""
        zooms = self.pyramid.zooms
        return next((t for t in map(self.at, zooms) if len(t) >= _SHARES), self.at(zooms[-1]))

    def grown(self, picture: Reader, tile: Tile) -> Pixels | None:
        """A tile and all below it; half its resolution, or None where there is nothing."""
        if tile[0] == self.pyramid.last:
            return self._kept(tile, picture.read(tile_grid(*tile)))
        return self.joined(tile, {child: self.grown(picture, child) for child in self._below(tile)})

    def joined(self, tile: Tile, quarters: Mapping[Tile, Pixels | None]) -> Pixels | None:
        """A tile of the four below it."""
        pixels = np.zeros((TILE, TILE, 4), np.uint8)
        for child in self._below(tile):
            quarter = quarters[child]
            if quarter is not None:
                row, col = (child[2] % 2 * TILE // 2, child[1] % 2 * TILE // 2)
                pixels[row : row + TILE // 2, col : col + TILE // 2] = quarter
        return self._kept(tile, pixels)

    def _below(self, tile: Tile) -> list[Tile]:
        zoom, x, y = tile
        columns, rows = self.pyramid.columns(zoom + 1), self.pyramid.rows(zoom + 1)
        near = [(zoom + 1, 2 * x + right, 2 * y + down) for down in (0, 1) for right in (0, 1)]
        return [child for child in near if child[1] in columns and child[2] in rows]

    def _kept(self, tile: Tile, pixels: Pixels) -> Pixels | None:
        """Write one tile; None where it has no usable pixel."""
        if not pixels[..., 3].any():
            return None
        zoom, x, y = tile
        marked = pixels if self.mark is None else self.mark(pixels, zoom, (y * TILE, x * TILE))
        path = self.folder / str(zoom) / str(x) / f"{y}.webp"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(marked))
        self.written.append(tile)
        return halved_colours(pixels)


def _part(
    opened: Callable[[], AbstractContextManager[Reader]], tiles: _Tiles, tile: Tile
) -> Pixels | None:
    with opened() as picture:
        return tiles.grown(picture, tile)


def _index(written: Iterable[Tile]) -> TileIndex:
    ordered = sorted((zoom, y, x) for zoom, x, y in written)
    rows = groupby(ordered, key=lambda tile: tile[:2])
    return TileIndex(
        rows=tuple(
            TileRow(zoom=zoom, y=y, columns=tuple(tile[2] for tile in group))
            for (zoom, y), group in rows
        )
    )
