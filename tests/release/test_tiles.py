"""Web map tiles: numbering, zooms, which tiles exist, what is in them."""

from __future__ import annotations

import math
from contextlib import contextmanager
from io import BytesIO
from itertools import pairwise

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from PIL import Image

from satdesk.errors import DisjointInputError, UsageError
from satdesk.release.tile_files import encode, write_tiles
from satdesk.release.tiles import (
    TILE,
    Pyramid,
    TileIndex,
    TileRow,
    plan_pyramid,
    tile_grid,
)

KALBAJAR = GeoBox((800, 1000), Affine(1.5, 0, 587_000, 0, -1.5, 4_441_500), "EPSG:32638")
KALBAJAR_LAT = 40.11


class Disc:
    """A reader that shows a red disc on nothing; its radius and centre are Mercator metres."""

    def __init__(self, center, radius_m):
        self.center, self.radius_m = center, radius_m

    def read(self, grid):
        rows, cols = np.mgrid[: grid.shape[0], : grid.shape[1]] + 0.5
        x = grid.affine.c + cols * grid.affine.a
        y = grid.affine.f + rows * grid.affine.e
        inside = np.hypot(x - self.center[0], y - self.center[1]) < self.radius_m
        pixels = np.zeros((*grid.shape, 4), np.uint8)
        pixels[inside] = (200, 30, 40, 255)
        return pixels

    @contextmanager
    def opened(self):
        yield self


@pytest.fixture
def disc():
    pyramid = plan_pyramid(KALBAJAR, 1.5)
    west, south, east, north = pyramid.bounds
    return pyramid, Disc(((west + east) / 2, (south + north) / 2), (north - south) / 2)


@given(
    lon=st.floats(-179.99, 179.99),
    lat=st.floats(-84.9, 84.9),
    zoom=st.integers(0, 20),
)
def test_tile_numbers_are_those_of_the_common_scheme(lon, lat, zoom):
    # The formula of the scheme, on angles; ours works in metres.
    n = 2**zoom
    x = math.floor((lon + 180) / 360 * n)
    y = math.floor((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n)
    box = tile_grid(zoom, x, y).boundingbox
    east_m = math.radians(lon) * 6378137
    north_m = math.asinh(math.tan(math.radians(lat))) * 6378137
    assert box.left - 1e-5 <= east_m <= box.right + 1e-5
    assert box.bottom - 1e-5 <= north_m <= box.top + 1e-5


@given(zoom=st.integers(0, 20), data=st.data())
def test_four_children_fill_their_parent(zoom, data):
    x = data.draw(st.integers(0, 2**zoom - 1))
    y = data.draw(st.integers(0, 2**zoom - 1))
    parent = tile_grid(zoom, x, y).boundingbox
    first = tile_grid(zoom + 1, 2 * x, 2 * y).boundingbox
    last = tile_grid(zoom + 1, 2 * x + 1, 2 * y + 1).boundingbox
    assert (first.left, first.top) == pytest.approx((parent.left, parent.top), abs=1e-6)
    assert (last.right, last.bottom) == pytest.approx((parent.right, parent.bottom), abs=1e-6)


@given(gsd=st.floats(0.2, 60))
def test_the_finest_zoom_keeps_the_pictures_pixels_without_waste(gsd):
    pyramid = plan_pyramid(KALBAJAR, gsd)
    ground = tile_grid(pyramid.last, 0, 0).affine.a * math.cos(math.radians(KALBAJAR_LAT))
    assert pyramid.ground_m(pyramid.last) == pytest.approx(ground, rel=1e-3)
    assert ground <= gsd * 1.101
    # Half of the limit at most would mean that a coarser zoom had done.
    assert ground > gsd * 0.549 or pyramid.last == pyramid.first


def test_the_coarsest_zoom_shows_everything_in_half_a_tile():
    pyramid = plan_pyramid(KALBAJAR, 1.5)
    assert pyramid.extent_px(pyramid.first) <= TILE / 2 < pyramid.extent_px(pyramid.first + 1)


def test_what_mercator_cannot_show_is_refused():
    arctic = GeoBox((100, 100), Affine(1000, 0, 0, 0, -1000, 100_000), "EPSG:3413")
    with pytest.raises(DisjointInputError, match="85°"):
        plan_pyramid(arctic, 1000)


@pytest.mark.parametrize("gsd", [0, -1, math.nan])
def test_a_pixel_size_must_be_positive(gsd):
    with pytest.raises(UsageError, match="positive"):
        plan_pyramid(KALBAJAR, gsd)


@given(columns=st.sets(st.integers(0, 60)).map(sorted))
def test_runs_name_exactly_the_columns_that_exist(columns):
    index = TileIndex(rows=(TileRow(zoom=7, y=3, columns=tuple(columns)),))
    runs = index.runs()["7"]["3"]
    assert [x for first, last in runs for x in range(first, last + 1)] == columns
    assert all(one[1] + 1 < two[0] for one, two in pairwise(runs))


def test_the_index_names_exactly_the_files(disc, tmp_path):
    pyramid, reader = disc
    index = write_tiles(reader.opened, tmp_path, pyramid)
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.webp")}
    assert set(index.paths()) == written
    assert {row.zoom for row in index.rows} == set(pyramid.zooms)


def test_tiles_without_a_pixel_are_not_written(tmp_path):
    pyramid = plan_pyramid(KALBAJAR, 0.3)
    west, _, _, north = pyramid.bounds
    index = write_tiles(Disc((west, north), 60).opened, tmp_path, pyramid)
    finest = [row for row in index.rows if row.zoom == pyramid.last]
    touched = len(pyramid.columns(pyramid.last)) * len(pyramid.rows(pyramid.last))
    assert 0 < sum(len(row.columns) for row in finest) < touched


def test_outside_is_transparent_and_inside_keeps_its_colour(disc, tmp_path):
    pyramid, reader = disc
    for path in write_tiles(reader.opened, tmp_path, pyramid).paths():
        zoom, x, y = (int(part) for part in path.removesuffix(".webp").split("/"))
        shown = np.asarray(Image.open(tmp_path / path).convert("RGBA")).astype(int)
        truth = reader.read(tile_grid(zoom, x, y)).astype(int)
        assert shown.shape == (TILE, TILE, 4)
        levels = pyramid.last - zoom
        # Means of means of four, each rounded.
        assert np.abs(shown[..., 3] - _share(reader, (zoom, x, y), levels)).max() <= levels
        # Two pixels away from the edge, which lossy colours may soften.
        inside = truth[..., 3] == 255
        core = inside[2:-2, 2:-2] & inside[:-4, 2:-2] & inside[4:, 2:-2]
        core &= inside[2:-2, :-4] & inside[2:-2, 4:]
        difference = np.abs(shown - truth)[2:-2, 2:-2][core]
        assert difference.size == 0 or difference.max() < 24


def test_an_opaque_tile_carries_no_alpha():
    opaque = np.full((TILE, TILE, 4), 255, np.uint8)
    assert Image.open(BytesIO(encode(opaque))).mode == "RGB"
    opaque[0, 0, 3] = 0
    assert Image.open(BytesIO(encode(opaque))).mode == "RGBA"


def test_the_bytes_do_not_depend_on_the_number_of_threads(disc, tmp_path, monkeypatch):
    pyramid, reader = disc
    for count in (1, 4):
        monkeypatch.setattr(
            "os.sched_getaffinity", lambda _, count=count: set(range(count)), raising=False
        )
        write_tiles(reader.opened, tmp_path / str(count), pyramid)
    one, four = (_bytes(tmp_path / str(count)) for count in (1, 4))
    assert one == four
    assert one


def test_a_mark_is_told_where_its_pixels_lie(disc, tmp_path):
    pyramid, reader = disc
    seen = set()

    def mark(pixels, zoom, origin):
        seen.add(f"{zoom}/{origin[1] // TILE}/{origin[0] // TILE}.webp")
        return 255 - pixels

    index = write_tiles(reader.opened, tmp_path, pyramid, mark=mark)
    assert seen == set(index.paths())


def test_progress_ends_with_all_parts(disc, tmp_path):
    pyramid, reader = disc
    told = []
    write_tiles(reader.opened, tmp_path, pyramid, progress=lambda *pair: told.append(pair))
    total = len(told)
    assert total > 1
    assert told == [(done, total) for done in range(1, total + 1)]


def test_the_whole_world_has_one_tile_at_zoom_zero():
    half = 20_037_508.342789244
    world = Pyramid(bounds=(-half, -half, half, half), first=0, last=2)
    assert [len(world.columns(zoom)) for zoom in world.zooms] == [1, 2, 4]
    assert [len(world.rows(zoom)) for zoom in world.zooms] == [1, 2, 4]


def test_a_picture_is_read_once_whatever_the_number_of_zooms(disc, tmp_path):
    pyramid, reader = disc
    grids = []

    class Spy:
        def read(self, grid):
            grids.append(grid)
            return reader.read(grid)

    @contextmanager
    def opened():
        yield Spy()

    write_tiles(opened, tmp_path, pyramid)
    finest = {tile_grid(*t) for t in _tiles(pyramid, pyramid.last)}
    assert len(grids) == len(finest)
    assert set(grids) == finest


def test_a_coarser_tile_is_the_mean_of_four_weighted_by_opacity(tmp_path):
    pyramid = plan_pyramid(KALBAJAR, 1.5)

    class Noise:
        def read(self, grid):
            # The bounds tell the tile, so that threads change nothing.
            seed = abs(int(grid.boundingbox.left + 7 * grid.boundingbox.top))
            random = np.random.default_rng(seed)
            pixels = random.integers(0, 256, (*grid.shape, 4)).astype(np.uint8)
            pixels[..., 3] *= random.integers(0, 2, grid.shape, np.uint8)
            return pixels

    seen = {}

    def mark(pixels, zoom, origin):
        seen[zoom, origin[1] // TILE, origin[0] // TILE] = pixels.copy()
        return pixels

    @contextmanager
    def opened():
        yield Noise()

    write_tiles(opened, tmp_path, pyramid, mark=mark)
    zoom, x, y = next(t for t in seen if t[0] == pyramid.last - 1)
    parent = seen[zoom, x, y].astype(float)
    for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
        child = seen.get((zoom + 1, 2 * x + right, 2 * y + down))
        if child is None:
            continue
        squares = child.reshape(TILE // 2, 2, TILE // 2, 2, 4).astype(float)
        opacity = squares[..., 3]
        part = parent[down * 256 :, right * 256 :][:256, :256]
        assert np.abs(part[..., 3] - opacity.mean((1, 3))).max() <= 0.5
        total = opacity.sum((1, 3))
        colours = (squares[..., :3] * opacity[..., None]).sum((1, 3))
        means = colours / np.maximum(total, 1)[..., None]
        assert np.abs(part[..., :3] - means)[part[..., 3] > 0].max() <= 0.5


def _share(reader, tile, levels):
    """Opacity of a tile from the finest zoom's pixels, exactly."""
    coarse = tile_grid(*tile)
    n = 2**levels
    shape = (TILE * n, TILE * n)
    fine = GeoBox(shape, coarse.affine @ Affine.scale(1 / n), coarse.crs)
    return reader.read(fine)[..., 3].reshape(TILE, n, TILE, n).mean((1, 3))


def _tiles(pyramid, zoom):
    return [(zoom, x, y) for y in pyramid.rows(zoom) for x in pyramid.columns(zoom)]


def _bytes(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.webp")
    }
