"""What is decoded ahead is what the tiles of a picture then read, in their order."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass

import numpy as np
import pytest
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox

from corpus import deliveries
from satdesk.core.bands import PAN
from satdesk.core.scene import ImageTile, SourceImage
from satdesk.files.decoded import DecodedBlocks, OpenedFile
from satdesk.files.rasters import ImageLayer
from satdesk.geometry.affine import mapped
from satdesk.geometry.frames import from_lonlat, to_lonlat
from satdesk.geometry.terrain import GridTerrain
from satdesk.products.ortho import Ortho, Warped
from satdesk.release import lookahead
from satdesk.release.lookahead import sources_ahead, wanted_windows
from satdesk.release.orthoimage import write_ortho
from satdesk.release.recipe import GridChoice, SceneChoice, TerrainChoice
from satdesk.release.scenes import open_scene
from satdesk.scale.run import Threads
from satdesk.scale.tiles import tiles

CRS = "EPSG:32638"
SHAPE = (700, 900)
PLACE = Affine(10, 0, 500000, 0, -10, 4400000)
TURNED = PLACE @ Affine.translation(200, -150) @ Affine.rotation(30)
REACH_PX = 4
TILE = 256
LEVEL = GridTerrain(heights=np.zeros((5, 5)), affine=Affine(1, 0, 43, 0, -1, 42), crs="EPSG:4326")


@dataclass(frozen=True)
class Straight:
    """A camera that looks straight down onto the place of the image."""

    def project(self, lon, lat, height):
        lon, lat, _ = np.broadcast_arrays(lon, lat, height)
        return mapped(~PLACE, *from_lonlat(CRS, lon, lat))

    def locate(self, col, row, height):  # noqa: ARG002 - part of the contract
        return to_lonlat(CRS, *mapped(PLACE, col, row))


@pytest.fixture
def path(tmp_path):
    values = np.random.default_rng(4).integers(1, 4000, (1, *SHAPE)).astype("uint16")
    return deliveries.raster(
        tmp_path / "a.jp2", values, crs=CRS, transform=PLACE, blockxsize=128, blockysize=128
    )


def image_of(path, *, sensor):
    model = Straight() if sensor else None
    grid = GeoBox(SHAPE, Affine.identity() if sensor else PLACE, None if sensor else CRS)
    return SourceImage(id="pan", tiles=(ImageTile(path=path),), bands=(PAN,), grid=grid,
                       model=model, dtype="uint16")  # fmt: skip


def on_ground(image, grid, blocks):
    source = ImageLayer(image=image, blocks=blocks)
    if image.model is None:
        return Warped(source=source, grid=grid)
    return Ortho(source=source, model=image.model, terrain=LEVEL, grid=grid)


@pytest.mark.parametrize("sensor", [False, True])
def test_tiles_read_what_was_wanted_in_that_order(path, monkeypatch, sensor):
    monkeypatch.setattr(lookahead, "_TILE_PX", TILE)
    image, blocks = image_of(path, sensor=sensor), DecodedBlocks()
    layer = on_ground(image, GeoBox((800, 1000), TURNED, CRS), blocks)
    told = [wanted.box for wanted in wanted_windows((image,), layer.grid, LEVEL)]
    read, reading = [], DecodedBlocks.read

    def spied(self, file, bands, box):
        read.append(box)
        return reading(self, file, bands, box)

    monkeypatch.setattr(DecodedBlocks, "read", spied)
    for part in tiles(layer.grid, TILE):
        layer.read(part.grid)
    places = iter(read)
    assert len(told) > 8
    for wanted in told:  # tiles that see nothing read one pixel, and none was wanted for them
        assert any(
            all(abs(a - b) <= REACH_PX for a, b in zip(wanted, box, strict=True)) for box in places
        )


def test_nothing_is_wanted_where_the_picture_lies_beside_the_image(path):
    beside = GeoBox((50, 50), PLACE @ Affine.translation(5000, 5000), CRS)
    assert list(wanted_windows((image_of(path, sensor=False),), beside, None)) == []
    assert list(wanted_windows((image_of(path, sensor=True),), beside, None)) == []


def test_of_an_image_in_parts_each_part_is_asked_for_its_own(path):
    parts = tuple(
        ImageTile(path=path.with_name(name), origin=origin, shape=(700, 450))
        for name, origin in (("left.jp2", (0, 0)), ("right.jp2", (450, 0)))
    )
    image = SourceImage(id="pan", tiles=parts, bands=(PAN,), grid=GeoBox(SHAPE, PLACE, CRS))
    told = list(ImageLayer(image=image).wanted((400, 600, 500, 800)))
    assert [(w.path.name, w.bands, w.box) for w in told] == [
        ("left.jp2", 1, (400, 600, 450, 700)),
        ("right.jp2", 1, (0, 600, 50, 700)),
    ]


def digest_of(path, out):
    write_ortho(
        open_scene(SceneChoice(bundle=path, bands=("PAN",))),
        out,
        wish=GridChoice(crs=CRS, gsd_m=7.0),
        terrain=TerrainChoice(),
        bounds=None,
        reasons={},
        overwrite=False,
        executor=Threads(3),
    )
    return hashlib.sha256(out.read_bytes()).hexdigest()


def test_a_picture_from_jpeg_2000_is_that_from_uncompressed_samples(path, monkeypatch):
    decoded, decode = [], OpenedFile.decode
    monkeypatch.setattr(
        OpenedFile, "decode", lambda f, n, box: decoded.append(box) or decode(f, n, box)
    )
    plain = path.with_suffix(".tif")
    with rasterio.open(path) as image:
        deliveries.raster(plain, image.read(), crs=CRS, transform=PLACE)
    one, other = (digest_of(p, p.with_name(f"{p.suffix[1:]}.out.tif")) for p in (path, plain))
    assert one == other
    assert len(decoded) == len(set(decoded)) == 3 * 8


def test_blocks_are_decoded_ahead_beside_the_work(path, monkeypatch):
    monkeypatch.setattr(lookahead, "usable_cores", lambda: 2)
    image, blocks = image_of(path, sensor=False), DecodedBlocks()
    begun, prepare = threading.Event(), DecodedBlocks.prepare
    monkeypatch.setattr(
        DecodedBlocks, "prepare", lambda self, *what: begun.set() or prepare(self, *what)
    )
    with sources_ahead((image,), blocks, GeoBox(SHAPE, PLACE, CRS), None):
        assert begun.wait(30)
