from __future__ import annotations

import os
import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from rasterio.errors import NotGeoreferencedWarning

from satdesk.core.bands import BLUE, GREEN, NIR, RED, Band
from satdesk.core.layer import Layer
from satdesk.core.lineage import lineage
from satdesk.core.scene import ImageTile, SourceImage
from satdesk.errors import BrokenInputError, MissingInputError, UnreadableInputError
from satdesk.files.rasters import (
    ImageLayer,
    describe_file,
    image_state,
    require_pixels,
    saturated_share,
)
from satdesk.files.truncation import missing_end

RNG = np.random.default_rng(7)


def write(path: Path, values: np.ndarray, **options) -> Path:
    profile = {
        "driver": "JP2OpenJPEG" if path.suffix == ".jp2" else "GTiff",
        "count": values.shape[0],
        "height": values.shape[1],
        "width": values.shape[2],
        "dtype": values.dtype,
    }
    if path.suffix == ".jp2":
        options = {"QUALITY": "100", "REVERSIBLE": "YES", **options}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        sink = rasterio.open(path, "w", **profile, **options)
        with sink:
            sink.write(values)
    return path


def counts(bands: int, rows: int, cols: int) -> np.ndarray:
    return RNG.integers(1, 4000, (bands, rows, cols)).astype("uint16")


def image(paths, shape, bands=(RED,), **fields) -> SourceImage:
    tiles = tuple(p if isinstance(p, ImageTile) else ImageTile(path=p) for p in paths)
    grid = fields.pop("grid", None) or GeoBox(shape, Affine.identity(), None)
    return SourceImage(id="ms", tiles=tiles, grid=grid, bands=bands, **fields)


def part(grid: GeoBox, row: int, col: int, rows: int, cols: int) -> GeoBox:
    return GeoBox((rows, cols), grid.affine @ Affine.translation(col, row), grid.crs)


@pytest.mark.parametrize("name", ["a.tif", "a.jp2"])
def test_reads_what_was_written(tmp_path, name):
    values = counts(4, 30, 41)
    layer = ImageLayer(
        image=image([write(tmp_path / name, values)], (30, 41), (RED, GREEN, BLUE, NIR))
    )
    assert isinstance(layer, Layer)
    raster = layer.read(layer.grid)
    assert np.array_equal(raster.values, values)
    assert raster.valid.all()
    assert [band.name for band in raster.bands] == ["R", "G", "B", "NIR"]


@settings(max_examples=40, deadline=None)
@given(st.integers(-8, 34), st.integers(-8, 44), st.integers(1, 20), st.integers(1, 20))
def test_any_part_is_cut_from_the_whole(tmp_path_factory, row, col, rows, cols):
    folder = tmp_path_factory.getbasetemp()
    path = folder / "whole.tif"
    if not path.exists():
        write(path, counts(1, 30, 41))
    grid = GeoBox((30, 41), Affine.translation(5000, 7000), None)
    layer = ImageLayer(image=image([path], None, grid=grid))
    whole = np.pad(layer.read(grid).values, ((0, 0), (60, 60), (60, 60)))
    seen = np.pad(np.ones((30, 41), bool), 60)
    cut = layer.read(part(grid, row, col, rows, cols))
    window = (slice(row + 60, row + 60 + rows), slice(col + 60, col + 60 + cols))
    assert np.array_equal(cut.valid, seen[window])
    assert np.array_equal(cut.values[0][cut.valid], whole[0][window][cut.valid])


def test_tiles_are_one_image(tmp_path):
    values = counts(1, 50, 70)
    tiles = []
    for row, rows in ((0, 30), (30, 20)):
        for col, cols in ((0, 40), (40, 30)):
            path = tmp_path / f"R{row}C{col}.tif"
            write(path, values[:, row : row + rows, col : col + cols])
            tiles.append(ImageTile(path=path, origin=(col, row), shape=(rows, cols)))
    layer = ImageLayer(image=image(tiles, (50, 70)))
    assert np.array_equal(layer.read(layer.grid).values, values)
    across = part(layer.grid, 25, 35, 10, 10)
    assert np.array_equal(layer.read(across).values, values[:, 25:35, 35:45])


def test_one_file_a_band(tmp_path):
    values = counts(2, 20, 20)
    values[1, 3, 4] = 0
    paths = [write(tmp_path / f"{i}.tif", values[i : i + 1]) for i in range(2)]
    layer = ImageLayer(image=image(paths, (20, 20), (BLUE, GREEN), band_files=True, nodata=0))
    raster = layer.read(layer.grid)
    assert np.array_equal(raster.values, values)
    assert not raster.valid[3, 4]
    assert raster.valid.sum() == 399


def test_two_files_of_three_bands_are_one_image(tmp_path):
    values = counts(6, 12, 9)
    bands = tuple(Band(name=name) for name in ("R", "G", "B", "NIR", "RE", "DB"))
    tiles = [
        ImageTile(path=write(tmp_path / "rgb.tif", values[:3]), bands=(0, 1, 2)),
        ImageTile(path=write(tmp_path / "ned.tif", values[3:]), bands=(3, 4, 5)),
    ]
    layer = ImageLayer(image=image(tiles, (12, 9), bands))
    raster = layer.read(layer.grid)
    assert np.array_equal(raster.values, values)
    assert raster.valid.all()


def test_nodata_zero_must_stand_in_every_band(tmp_path):
    values = counts(3, 5, 5)
    values[:, 0, 0] = 0
    values[1, 2, 2] = 0
    path = write(tmp_path / "a.tif", values)
    layer = ImageLayer(image=image([path], (5, 5), (RED, GREEN, BLUE), nodata=0))
    valid = layer.read(layer.grid).valid
    assert not valid[0, 0]
    assert valid[2, 2]


def test_other_nodata_never_travels_as_a_number(tmp_path):
    values = counts(2, 5, 5).astype("int16")
    values[0, 1, 1] = -9999
    path = write(tmp_path / "a.tif", values)
    layer = ImageLayer(image=image([path], (5, 5), (RED, GREEN), nodata=-9999))
    valid = layer.read(layer.grid).valid
    assert not valid[1, 1]
    assert valid.sum() == 24


def test_nan_is_not_valid(tmp_path):
    values = counts(2, 4, 4).astype("float32")
    values[1, 2, 3] = np.nan
    path = write(tmp_path / "a.tif", values)
    layer = ImageLayer(image=image([path], (4, 4), (RED, GREEN)))
    assert np.argwhere(~layer.read(layer.grid).valid).tolist() == [[2, 3]]


def test_alpha_beside_the_bands_is_a_mask_and_among_them_is_infrared(tmp_path):
    values = counts(4, 6, 6)
    values[3, 0, 0] = 0
    path = write(tmp_path / "a.tif", values, photometric="RGB", alpha="YES")
    assert describe_file(path).colours[3] == "alpha"
    three = ImageLayer(image=image([path], (6, 6), (RED, GREEN, BLUE)))
    assert not three.read(three.grid).valid[0, 0]
    four = ImageLayer(image=image([path], (6, 6), (RED, GREEN, BLUE, NIR)))
    assert four.read(four.grid).valid.all()
    assert np.array_equal(four.read(four.grid).values, values)


def test_an_internal_mask_is_honoured(tmp_path):
    path = tmp_path / "a.tif"
    mask = np.full((6, 6), 255, "uint8")
    mask[2, 2] = 0
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(
            path,
            "w",
            driver="GTiff",
            count=1,
            height=6,
            width=6,
            dtype="uint16",
            crs="EPSG:32638",
            transform=Affine(10, 0, 0, 0, -10, 0),
        ) as sink,
    ):
        sink.write(counts(1, 6, 6))
        sink.write_mask(mask)
    layer = ImageLayer(image=image([path], (6, 6)))
    assert np.argwhere(~layer.read(layer.grid).valid).tolist() == [[2, 2]]


def test_saturated_counts_stay_valid_and_are_counted(tmp_path):
    values = np.full((2, 2, 2), 100, "uint16")
    values[0, 0, 0] = 4095
    values[1, 1, 1] = 4182
    path = write(tmp_path / "a.tif", values)
    layer = ImageLayer(image=image([path], (2, 2), (RED, GREEN), saturated=4095))
    raster = layer.read(layer.grid)
    assert raster.valid.all()
    assert saturated_share(raster, 4095) == 0.5
    assert saturated_share(raster, None) is None


def test_reading_from_threads_and_pickles_is_the_same(tmp_path):
    values = counts(1, 64, 64)
    layer = ImageLayer(image=image([write(tmp_path / "a.tif", values)], (64, 64)))
    again = pickle.loads(pickle.dumps(layer))  # noqa: S301 - our own bytes
    assert again == layer
    parts = [part(layer.grid, r, c, 16, 16) for r in range(0, 64, 16) for c in range(0, 64, 16)]
    with ThreadPoolExecutor(4) as pool:
        rasters = list(pool.map(again.read, parts))
    for raster, where in zip(rasters, parts, strict=True):
        row, col = int(where.affine.f), int(where.affine.c)
        assert np.array_equal(raster.values, values[:, row : row + 16, col : col + 16])
    assert lineage(layer).digest == lineage(again).digest


@pytest.mark.parametrize("name", ["a.tif", "a.jp2"])
def test_a_truncated_image_is_told(tmp_path, name):
    path = write(tmp_path / name, counts(1, 200, 200))
    assert missing_end(path) is None
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    assert missing_end(path) is not None
    layer = ImageLayer(image=image([path], (200, 200)))
    with pytest.raises(UnreadableInputError) as caught:
        layer.read(layer.grid)
    assert caught.value.subject == str(path)


@pytest.mark.parametrize(
    "options", [{"tiled": True, "blockxsize": 16, "blockysize": 16}, {"BIGTIFF": "YES"}]
)
def test_every_kind_of_tiff_shows_its_missing_end(tmp_path, options):
    path = write(tmp_path / "a.tif", counts(2, 90, 90), **options)
    assert missing_end(path) is None
    path.write_bytes(path.read_bytes()[:-100])
    assert missing_end(path) is not None


def test_padding_after_a_codestream_is_not_a_missing_end(tmp_path):
    path = write(tmp_path / "a.jp2", counts(1, 50, 50))
    data = path.read_bytes()
    start = data.index(b"jp2c") - 4
    path.write_bytes(data[:start] + b"\0\0\0\0" + data[start + 4 :] + b"\0" * 100)
    assert missing_end(path) is None


def test_absent_empty_and_foreign_are_told_apart(tmp_path):
    for name, data, state in (("e.tif", b"\0", "empty"), ("f.tif", b"hello world", "present")):
        (tmp_path / name).write_bytes(data)
        assert image_state(tmp_path / name) == state
    assert image_state(tmp_path / "g.tif") == "absent"
    for name, kind in (
        ("e.tif", UnreadableInputError),
        ("f.tif", UnreadableInputError),
        ("g.tif", MissingInputError),
    ):
        layer = ImageLayer(image=image([tmp_path / name], (5, 5)))
        with pytest.raises(kind):
            layer.read(layer.grid)
    with pytest.raises(UnreadableInputError, match="empty"):
        require_pixels(image([tmp_path / "e.tif"], (5, 5)))
    with pytest.raises(MissingInputError, match="absent"):
        require_pixels(image([tmp_path / "g.tif"], (5, 5)))


def test_another_size_or_fewer_planes_are_refused(tmp_path):
    path = write(tmp_path / "a.tif", counts(1, 10, 10))
    wrong = ImageLayer(image=image([path], (10, 11)))
    with pytest.raises(BrokenInputError, match="size"):
        wrong.read(wrong.grid)
    few = ImageLayer(image=image([path], (10, 10), (RED, GREEN)))
    with pytest.raises(BrokenInputError, match="planes"):
        few.read(few.grid)


def test_tiles_of_two_sample_types_are_refused(tmp_path):
    one = write(tmp_path / "1.tif", counts(1, 4, 4))
    two = write(tmp_path / "2.tif", counts(1, 4, 4).astype("float32"))
    tiles = [ImageTile(path=one), ImageTile(path=two, origin=(4, 0))]
    tiles = [replace(tile, shape=(4, 4)) for tile in tiles]
    layer = ImageLayer(image=image(tiles, (4, 8)))
    with pytest.raises(BrokenInputError, match="sample type"):
        layer.read(layer.grid)


def test_a_file_describes_itself(tmp_path):
    path = tmp_path / "a.tif"
    affine = Affine(1.5, 0, 300000, 0, -1.5, 4400000)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=2,
        height=3,
        width=4,
        dtype="int16",
        crs="EPSG:32638",
        transform=affine,
        nodata=-1,
    ) as sink:
        sink.write(np.ones((2, 3, 4), "int16"))
        sink.descriptions = ("B04", "B03")
        sink.update_tags(TIFFTAG_COPYRIGHT="me")
    facts = describe_file(path)
    assert (facts.shape, facts.count, facts.dtype, facts.nodata) == ((3, 4), 2, "int16", -1)
    assert facts.affine == affine
    assert facts.crs == "EPSG:32638"
    assert facts.descriptions == ("B04", "B03")
    assert dict(facts.tags)["TIFFTAG_COPYRIGHT"] == "me"


def test_ventoux_is_a_crop_of_its_full_image(shared_data):
    path = shared_data / "phr_ventoux" / "left_image.tif"
    grid = GeoBox((500, 500), Affine.translation(5000, 5000), None)
    layer = ImageLayer(image=image([path], None, grid=grid))
    with rasterio.open(path) as source:
        expected = source.read()
    cut = layer.read(part(grid, 100, 200, 30, 40))
    assert np.array_equal(cut.values, expected[:, 100:130, 200:240])


def test_a_path_that_is_no_utf8_is_told(tmp_path):
    path = tmp_path / os.fsdecode(b"a\xff.tif")
    path.write_bytes(b"II*\0")
    with pytest.raises(UnreadableInputError, match="no UTF-8"):
        describe_file(path)
