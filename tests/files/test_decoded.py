"""Files held open and blocks decoded once give the pixels that reading anew gives."""

from __future__ import annotations

import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from satdesk.core.bands import BLUE, GREEN, RED
from satdesk.core.scene import ImageTile, SourceImage
from satdesk.errors import UnreadableInputError
from satdesk.files.decoded import DecodedBlocks, OpenedFile
from satdesk.files.rasters import ImageLayer
from satdesk.geometry.grids import subgrid

SHAPE = (3, 610, 730)
TILED = {"tiled": True, "blockxsize": 128, "blockysize": 256}
PLAIN = {
    "strips": {},
    "low strips": {"blockysize": 3},
    "tiles": TILED,
    "tiles by pixel": {**TILED, "interleave": "pixel"},
    "strips by pixel": {"interleave": "pixel"},
    "big endian": {"endianness": "big"},
}
PACKED = {
    "deflate": {"compress": "deflate", "predictor": 2},
    "zstd tiles": {"compress": "zstd", **TILED},
    "12 bits": {"nbits": 12},
    "jp2": {"driver": "JP2OpenJPEG", "REVERSIBLE": "YES", "QUALITY": "100"},
}


def written(path, options, dtype="uint16"):
    values = np.random.default_rng(2).integers(1, 4000, SHAPE).astype(dtype)
    profile = {"driver": "GTiff", "count": 3, "height": SHAPE[1], "width": SHAPE[2], "dtype": dtype}
    with rasterio.open(path, "w", **(profile | options), transform=Affine.scale(2)) as dataset:
        dataset.write(values)
    return values


@pytest.mark.parametrize("name", [*PLAIN, *PACKED])
def test_any_window_is_what_was_written(tmp_path, name):
    path = tmp_path / "image.tif"
    values = written(path, (PLAIN | PACKED)[name])
    blocks = DecodedBlocks()
    file = blocks.file(path)
    assert (file.plain(3) is not None) == (name in PLAIN)
    rng = np.random.default_rng(5)
    for _ in range(20):
        (top, bottom), (left, right) = (
            sorted(rng.choice(n + 1, 2, replace=False).tolist()) for n in SHAPE[1:]
        )
        got, valid = blocks.read(file, 2, (left, top, right, bottom))
        assert got.dtype == np.uint16
        np.testing.assert_array_equal(got, values[:2, top:bottom, left:right])
        assert valid.all()


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_any_type_is_read(tmp_path, dtype):
    path = tmp_path / "image.tif"
    values = written(path, TILED, dtype)
    blocks = DecodedBlocks()
    got, _ = blocks.read(blocks.file(path), 3, (5, 7, 700, 600))
    np.testing.assert_array_equal(got, values[:, 7:600, 5:700])
    assert got.dtype == dtype


def test_a_block_is_decoded_once_however_many_ask(tmp_path, monkeypatch):
    path = tmp_path / "image.tif"
    written(path, PACKED["zstd tiles"])
    decoded = []
    decode = OpenedFile.decode
    monkeypatch.setattr(
        OpenedFile,
        "decode",
        lambda self, bands, box: decoded.append(box) or decode(self, bands, box),
    )
    blocks = DecodedBlocks()
    with ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(lambda _: blocks.read(blocks.file(path), 3, (9, 9, 650, 580)), range(16))
        )
    assert len(decoded) == len(set(decoded)) == 3 * 6
    assert all(np.array_equal(found[0][0], other[0]) for other in found)


def test_what_is_kept_has_a_limit(tmp_path):
    path = tmp_path / "image.tif"
    values = written(path, PACKED["zstd tiles"])
    block = 3 * 128 * 256 * 2
    blocks = DecodedBlocks(4 * block)
    for left in range(0, 700, 50):
        got, _ = blocks.read(blocks.file(path), 3, (left, 0, left + 30, 610))
        np.testing.assert_array_equal(got, values[:, :, left : left + 30])
        assert blocks.kept_bytes <= 4 * block
    assert pickle.loads(pickle.dumps(blocks)).kept_bytes == 0  # noqa: S301 - our own bytes


def test_masks_of_the_file_count(tmp_path):
    path = tmp_path / "image.tif"
    written(path, {})
    keep = np.random.default_rng(1).random(SHAPE[1:]) < 0.7
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as dataset:
        dataset.write_mask(keep)
    blocks = DecodedBlocks()
    file = blocks.file(path)
    assert file.plain(3) is None
    _, valid = blocks.read(file, 3, (100, 50, 500, 400))
    np.testing.assert_array_equal(valid, keep[50:400, 100:500])


def image_of(path):
    return SourceImage(
        id="ms", tiles=(ImageTile(path=path),), bands=(BLUE, GREEN, RED), nodata=0,
        grid=GeoBox(SHAPE[1:], Affine.identity(), None), dtype="uint16",
    )  # fmt: skip


@pytest.mark.parametrize("name", [*PLAIN, *PACKED])
def test_a_layer_reads_the_same_with_and_without(tmp_path, name):
    path = tmp_path / "image.tif"
    written(path, (PLAIN | PACKED)[name])
    alone = ImageLayer(image=image_of(path))
    kept = replace(alone, blocks=DecodedBlocks())
    assert alone == kept
    for at in ((-5, -7), (300, 500), (590, 720)):
        grid = subgrid(alone.grid, *at, (90, 80))
        one, other = alone.read(grid), kept.read(grid)
        np.testing.assert_array_equal(one.values, other.values)
        np.testing.assert_array_equal(one.valid, other.valid)


@pytest.mark.parametrize("name", ["tiles", "zstd tiles"])
def test_a_file_that_ends_early_is_told(tmp_path, name):
    path = tmp_path / "image.tif"
    written(path, (PLAIN | PACKED)[name])
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    layer = ImageLayer(image=image_of(path), blocks=DecodedBlocks())
    with pytest.raises(UnreadableInputError):
        layer.read(layer.grid)
    with rasterio.open(path) as dataset, pytest.raises(rasterio.errors.RasterioIOError):
        dataset.read(window=Window(0, 0, 730, 610))


@pytest.mark.parametrize("options", [{}, {"interleave": "pixel"}, {"endianness": "big"}])
def test_long_lines_are_read_in_parts(tmp_path, options):
    path = tmp_path / "image.tif"
    values = np.random.default_rng(2).integers(1, 4000, (3, 40, 9000)).astype("uint16")
    profile = {"driver": "GTiff", "count": 3, "height": 40, "width": 9000, "dtype": "uint16"}
    with rasterio.open(path, "w", **profile, **options, transform=Affine.scale(2)) as dataset:
        dataset.write(values)
    blocks = DecodedBlocks()
    for left, top, right, bottom in [(0, 0, 9000, 40), (8123, 7, 8124, 39), (17, 3, 4000, 4)]:
        got, _ = blocks.read(blocks.file(path), 3, (left, top, right, bottom))
        np.testing.assert_array_equal(got, values[:, top:bottom, left:right])


def test_a_disk_that_gives_parts_of_what_was_asked_for_is_asked_again(tmp_path, monkeypatch):
    path = tmp_path / "image.tif"
    values = written(path, {})
    whole = os.pread
    monkeypatch.setattr("os.pread", lambda file, size, start: whole(file, min(size, 999), start))
    blocks = DecodedBlocks()
    got, _ = blocks.read(blocks.file(path), 3, (0, 0, *SHAPE[:0:-1]))
    np.testing.assert_array_equal(got, values)


def test_a_file_that_is_cut_short_meanwhile_is_an_error(tmp_path):
    path = tmp_path / "image.tif"
    written(path, {})
    blocks = DecodedBlocks()
    file = blocks.file(path)
    assert file.plain(3) is not None
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(UnreadableInputError, match="cut short while"):
        blocks.read(file, 3, (0, 0, *SHAPE[:0:-1]))
