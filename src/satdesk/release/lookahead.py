"""The windows of its sources that a picture will look into, in the order of its tiles."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager

import numpy as np
from odc.geo.geobox import GeoBox

from satdesk.core.scene import SourceImage
from satdesk.core.sensor import FloatArray, Terrain
from satdesk.files.ahead import Wanted, decoding_ahead
from satdesk.files.cores import usable_cores
from satdesk.files.decoded import DecodedBlocks
from satdesk.files.rasters import ImageLayer
from satdesk.geometry.affine import mapped
from satdesk.geometry.camera import project
from satdesk.geometry.frames import crs_of, from_lonlat, to_lonlat
from satdesk.scale.tiles import Tile, tiles

__all__ = ["sources_ahead", "wanted_windows"]

_TILE_PX = 1024
"""Four blocks of a file, as `scale.encoded` computes them together."""
_NODES = (0.0, 0.5, 1.0)


def sources_ahead(
    images: tuple[SourceImage, ...], blocks: DecodedBlocks, grid: GeoBox, terrain: Terrain | None
) -> AbstractContextManager[None]:
    """Decode what a picture on `grid` will look into beside what is done within the context.

    On half of the cores: GDAL decodes a block of JPEG 2000 with several threads itself. Not on a
    machine with one core, where nothing is idle.
    """
    cores = usable_cores()
    return decoding_ahead(blocks, wanted_windows(images, grid, terrain), cores // 2)


def wanted_windows(
    images: tuple[SourceImage, ...], grid: GeoBox, terrain: Terrain | None
) -> Iterator[Wanted]:
    """What tile after tile of a picture asks of the files of `images`.

    Told from nine places of each tile: what they miss at a window's edge, the tile itself asks for.
    """
    parts = tiles(grid, _TILE_PX)
    x, y = np.concatenate([_nodes(grid, part) for part in parts], axis=1)
    lon, lat = to_lonlat(crs_of(grid), x, y)
    seen = [(ImageLayer(image=image), _spans(image, lon, lat, terrain)) for image in images]
    for number in range(len(parts)):
        for layer, spans in seen:
            left, top, right, bottom = spans[number]
            if left < right and top < bottom:
                yield from layer.wanted((int(left), int(top), int(right), int(bottom)))


def _nodes(grid: GeoBox, part: Tile) -> FloatArray:
    """``x, y`` (2, 9) in the grid's CRS: corners, middles of the edges, and the middle."""
    rows, cols = (int(size) for size in part.grid.shape)
    down, across = np.meshgrid(_NODES, _NODES, indexing="ij")
    col, row = part.col0 + cols * across.ravel(), part.row0 + rows * down.ravel()
    return np.stack(mapped(grid.affine, col, row))


def _spans(
    image: SourceImage, lon: FloatArray, lat: FloatArray, terrain: Terrain | None
) -> FloatArray:
    """``left, top, right, bottom`` (tile, 4) in the image's array; zeros where it shows nothing."""
    if image.grid.crs is not None:
        plane = from_lonlat(str(image.grid.crs), lon, lat)
    elif image.model is None or terrain is None:
        return np.zeros((lon.size // len(_NODES) ** 2, 4))
    else:
        plane = project(image.model, lon, lat, terrain.height(lon, lat))
    col, row = (p.reshape(-1, len(_NODES) ** 2) for p in mapped(~image.grid.affine, *plane))
    known = np.isfinite(col) & np.isfinite(row)
    rows, cols = image.grid.shape
    low = [np.where(known, p, np.inf).min(axis=1) for p in (col, row)]
    high = [np.where(known, p, -np.inf).max(axis=1) for p in (col, row)]
    ends = [np.clip(e, 0, s) for e, s in zip((*low, *high), (cols, rows, cols, rows), strict=True)]
    return np.stack([np.floor(ends[0]), np.floor(ends[1]), np.ceil(ends[2]), np.ceil(ends[3])], 1)
