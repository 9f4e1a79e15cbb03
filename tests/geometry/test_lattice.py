from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from affine import Affine
from odc.geo.geobox import GeoBox

from satdesk.geometry.frames import from_lonlat
from satdesk.geometry.grids import snapped_grid, utm_crs
from satdesk.geometry.lattice import (
    BLOCK,
    exact_positions,
    exact_warp,
    positions,
    warp_positions,
)
from satdesk.geometry.occlusion import seen_terrain
from satdesk.geometry.patches import patches_under, relief_under, sight_of
from satdesk.geometry.terrain import ConstantTerrain, GridTerrain
from worlds import Hills, made_up_rpc, read_dimap_rpc, read_text_rpc

REAL = (
    "rpc/rpc_SPOT6.xml",
    "rpc/rpc_PLEIADES.xml",
    "rpc/rpc_IKONOS.txt",
    "rpc/rpc_PLANET_L1A.txt",
)


def worst(found, exact):
    np.testing.assert_array_equal(np.isnan(found[0]), np.isnan(exact[0]))
    return np.nanmax(np.hypot(found[0] - exact[0], found[1] - exact[1]))


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("gsd_m", [0.5, 10.0, 100.0])
def test_real_cameras_over_ground_worse_than_any(shared_data, name, gsd_m):
    """Heights are white noise over nearly the whole range that the camera is declared for."""
    path = shared_data / name
    model = read_text_rpc(path) if path.suffix == ".txt" else read_dimap_rpc(path)[0]
    lon, lat = (float(v) for v in model.locate(model.samp_off, model.line_off, model.height_off))
    low, high = model.height_range
    step, n = 0.0004, 300
    noise = np.random.default_rng(1).uniform(-0.45, 0.45, (n, n))
    terrain = GridTerrain(
        heights=(model.height_off + (high - low) * noise).astype(np.float32),
        affine=Affine(step, 0, lon - step * n / 2, 0, -step, lat + step * n / 2),
        crs="EPSG:4326",
    )
    crs = utm_crs(lon, lat)
    x, y = (float(v) for v in from_lonlat(crs, lon, lat))
    half = gsd_m * min(100, 4000 / gsd_m)
    grid = snapped_grid((x - half, y - half, x + half, y + half), crs, gsd_m)
    shape = tuple(grid.shape)
    found = positions(model, terrain, grid, 0, 0, shape)
    assert np.isfinite(found[0]).any()
    assert worst(found, exact_positions(model, terrain, grid, 0, 0, shape)) < 0.01


class Kinked:
    """A camera that no quadratic follows, to see the blocks notice."""

    def project(self, lon, lat, height):
        lon, lat, height = np.broadcast_arrays(lon, lat, height)
        return 1e5 * (lon - 46) + np.sin(lon * 2e5), 1e5 * (40 - lat) + height * 0.1

    def locate(self, col, row, height):
        raise NotImplementedError


def test_a_camera_that_is_not_smooth_is_evaluated_exactly():
    grid = GeoBox((70, 90), Affine(1e-5, 0, 46, 0, -1e-5, 40), "EPSG:4326")
    shape = (70, 90)
    args = (Kinked(), ConstantTerrain(height_m=5.0), grid, 0, 0, shape)
    np.testing.assert_array_equal(positions(*args), exact_positions(*args))


def test_at_the_border_of_the_domain():
    model = made_up_rpc()
    grid = snapped_grid((590500, 4432500, 596500, 4435500), "EPSG:32638", 15)
    shape = tuple(grid.shape)
    found = positions(model, Hills(), grid, 0, 0, shape)
    assert 0.2 < np.isnan(found[0]).mean() < 0.9
    assert worst(found, exact_positions(model, Hills(), grid, 0, 0, shape)) < 1e-4


@pytest.mark.parametrize(("row", "col"), [(0, 0), (-7, 5), (31, 33), (-40, -64), (64, 32)])
def test_windows_start_anywhere(row, col):
    model = made_up_rpc()
    grid = snapped_grid((593500, 4433500, 593830, 4433770), "EPSG:32638", 1.5)
    whole = np.array(positions(model, Hills(), grid, -64, -64, (230, 230)))
    part = np.array(positions(model, Hills(), grid, row, col, (BLOCK + 3, BLOCK - 5)))
    here = np.s_[:, row + 64 : row + 64 + BLOCK + 3, col + 64 : col + 64 + BLOCK - 5]
    np.testing.assert_array_equal(part, whole[here])
    assert np.array(positions(model, Hills(), grid, row, col, (0, 5))).shape == (2, 0, 5)


def test_warps_across_the_antimeridian():
    source = GeoBox((200, 300), Affine(0.001, 0, 179.85, 0, -0.001, 50.1), "EPSG:4326")
    x, y = from_lonlat("EPSG:32601", -179.99, 50.0)
    box = (float(x) - 5000, float(y) - 5000, float(x) + 5000, float(y) + 5000)
    grid = snapped_grid(box, "EPSG:32601", 50)
    shape = tuple(grid.shape)
    found = warp_positions(source, grid, 0, 0, shape)
    assert worst(found, exact_warp(source, grid, 0, 0, shape)) < 1e-4
    assert np.isfinite(found[0]).all()
    assert 0 < found[0].min() < found[0].max() < 300


def test_one_crs_is_pure_arithmetic():
    source = GeoBox((20, 30), Affine(2.0, 0, 100, 0, -2.0, 80), "EPSG:32638")
    grid = GeoBox((8, 9), Affine(3.0, 0, 106, 0, -3.0, 74), "EPSG:32638")
    col, row = warp_positions(source, grid, 0, 0, (8, 9))
    assert (col[0, 0], row[0, 0], col[0, 1], row[1, 0]) == (3.75, 3.75, 5.25, 5.25)


def test_an_image_between_the_nodes_of_a_block_is_not_lost():
    """Pixels of 300 m: half a block is 4.6 km, and the camera sees less than that."""
    model = made_up_rpc(lon_scale=0.006, lat_scale=0.005)
    lon, lat = (float(v) for v in model.locate(model.samp_off, model.line_off, model.height_off))
    x, y = (float(v) for v in from_lonlat("EPSG:32638", lon, lat))
    # the middle of the image a quarter of a block from the block's first node
    grid = GeoBox((40, 40), Affine(300, 0, x - 2400, 0, -300, y + 2400), "EPSG:32638")
    terrain = ConstantTerrain(height_m=1500.0)
    found = positions(model, terrain, grid, 0, 0, (40, 40))
    exact = exact_positions(model, terrain, grid, 0, 0, (40, 40))
    assert np.isfinite(exact[0]).any()
    assert worst(found, exact) < 1e-9


def test_hidden_ground_whose_edge_is_the_edge_of_a_pixel():
    """A grid that shares its edges with the DEM: rounding does not choose the side."""
    heights = np.where(np.arange(60) % 5 == 0, 300.0, 0.0)[None].repeat(60, 0) + 1400.0
    terrain = GridTerrain(
        heights=heights, affine=Affine(30, 0, 593500, 0, -30, 4434500), crs="EPSG:32638"
    )
    seen, share = seen_terrain(terrain, made_up_rpc())
    assert share > 0.05
    grid = GeoBox((170, 170), Affine(10, 0, 593505, 0, -10, 4434495), "EPSG:32638")
    args = (made_up_rpc(), seen, grid, 0, 0, (170, 170))
    assert worst(positions(*args), exact_positions(*args)) < 1e-4


def on_cliffs(model, lat, cell_m, pixel_m):
    """A camera moved to `lat`, cliffs between single cells of a Mercator map, and a grid in degrees."""
    stretch = np.cos(np.radians(model.lat_off)) / np.cos(np.radians(lat))
    moved = replace(model, lat_off=lat, lon_scale=model.lon_scale * stretch, domain=None)
    at = moved.samp_off, moved.line_off, moved.height_off
    lon, lat = (float(v) for v in moved.locate(*at))
    low, high = model.height_range
    low, n = max(low, -400.0), 400
    steps = np.random.default_rng(3).random((n // 8, n // 8)) > 0.5
    heights = low + (high - low) * (0.1 + 0.8 * steps.repeat(8, 0).repeat(8, 1))
    x, y = (float(v) for v in from_lonlat("EPSG:3857", lon, lat))
    corner = Affine(cell_m, 0, x - cell_m * n / 2, 0, -cell_m, y + cell_m * n / 2)
    terrain = GridTerrain(heights=heights.astype(np.float32), affine=corner, crs="EPSG:3857")
    step, size = np.array([1 / np.cos(np.radians(lat)), 1.0]) * pixel_m / 111_000, 150
    edge = Affine(step[0], 0, lon - step[0] * size / 2, 0, -step[1], lat + step[1] * size / 2)
    return moved, terrain, GeoBox((size, size), edge, "EPSG:4326")


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("lat", [40.0, 78.0])
@pytest.mark.parametrize(
    ("cell_m", "pixel_m"), [(0.5, 1.5), (2.0, 6.0), (2.0, 30.0), (30.0, 100.0)]
)
def test_cliffs_between_cells_of_another_map(shared_data, name, lat, cell_m, pixel_m):
    """A place in the terrain that is missed by a hair is missed by a whole cliff."""
    path = shared_data / name
    given = read_text_rpc(path) if path.suffix == ".txt" else read_dimap_rpc(path)[0]
    model, terrain, grid = on_cliffs(given, lat, cell_m, pixel_m)
    shape = tuple(grid.shape)
    exact = exact_positions(model, terrain, grid, 0, 0, shape)
    assert np.isfinite(exact[0]).any()
    assert worst(positions(model, terrain, grid, 0, 0, shape), exact) < 0.005
    patches = patches_under(grid, 0, 0, shape)
    relief = relief_under(terrain, patches)
    sight = sight_of(model, terrain, patches, relief, Affine.identity(), (60_000, 60_000))
    assert worst(seen(sight, patches, relief, shape), exact) < 0.01


def seen(sight, patches, relief, shape):
    """Positions of all pixels, as the fused pass evaluates them."""
    out = np.full((2, *patches.shape), np.nan)
    t = (2 * np.arange(128) - 127) / 127
    for patch in range(len(sight.kind)):
        part = patches.part(patch)
        base = (sight.base[patch] + 0.5)[:, None, None]
        if sight.kind[patch] == 2:
            out[(slice(None), *part)] = sight.exact[(slice(None), *part)] + base
        elif sight.kind[patch] == 1:
            level = (relief.heights[part] - sight.middle[patch]) * sight.inverse[patch]
            powers = [np.stack([v**0, v, v**2]) for v in (level, t)]
            terms = sight.terms[patch].astype(float)
            out[(slice(None), *part)] = base + np.einsum(
                "kzvu,zyx,vy,ux->kyx", terms, powers[0], powers[1], powers[1]
            )
    return out[:, : shape[0], : shape[1]]
