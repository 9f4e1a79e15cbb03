from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from satdesk.core.bands import BLUE, PAN
from satdesk.core.layer import Layer
from satdesk.core.lineage import lineage
from satdesk.errors import UsageError
from satdesk.geometry.frames import lonlat_of_grid
from satdesk.geometry.grids import snapped_grid, subgrid
from satdesk.geometry.terrain import ConstantTerrain, GridTerrain
from satdesk.products.ortho import Ortho, Warped, source_pixels
from worlds import Hills, Picture, made_up_rpc, photographed, read_dimap_rpc, texture

UTM = "EPSG:32638"
GRID = snapped_grid((593500, 4433500, 593830, 4433770), UTM, 1.5)
RPC = made_up_rpc()


def dem(step=0.0002):
    """`Hills` on a grid of 20 m, as a GridTerrain."""
    affine = Affine(step, 0, 46.07, 0, -step, 40.08)
    col, row = np.meshgrid(np.arange(300) + 0.5, np.arange(300) + 0.5)
    lon, lat = affine.c + step * col, affine.f - step * row
    heights = Hills().height(lon, lat).astype(np.float32)
    return GridTerrain(heights=heights, affine=affine, crs="EPSG:4326")


@pytest.fixture(scope="module")
def picture():
    return photographed(RPC, Hills(), (768, 752, 300, 250))


def ortho(source, **changes):
    return Ortho(**({"source": source, "model": RPC, "terrain": dem(), "grid": GRID} | changes))


def test_an_oblique_view_of_hills_is_put_right(picture):
    got = ortho(picture, terrain=Hills()).read(GRID)
    truth = texture(*lonlat_of_grid(GRID))
    assert got.valid.mean() > 0.95
    error = (got.values[0] - truth)[got.valid]
    assert np.sqrt(np.mean(error**2)) < 4
    flat = ortho(picture, terrain=ConstantTerrain(height_m=1500.0)).read(GRID)
    both = flat.valid
    assert np.sqrt(np.mean((flat.values[0] - truth)[both] ** 2)) > 200


def test_half_a_pixel_would_show(picture):
    """The counting rule: a source shifted by half a pixel is clearly worse."""
    truth = texture(*lonlat_of_grid(GRID))

    def rms(layer):
        got = layer.read(GRID)
        return np.sqrt(np.mean((got.values[0] - truth)[got.valid] ** 2))

    right = rms(ortho(picture, terrain=Hills()))
    for shift in (-0.5, 0.5):
        moved = replace(RPC, samp_off=RPC.samp_off + shift, line_off=RPC.line_off + shift)
        assert rms(ortho(picture, terrain=Hills(), model=moved)) > 3 * right


@pytest.mark.parametrize("terrain", [dem(), Hills(), ConstantTerrain(height_m=1400.0)])
def test_blocks_hold_to_the_definition(picture, terrain):
    fast = ortho(picture, terrain=terrain)
    col, row = fast.positions(0, 0, tuple(GRID.shape))
    exact_col, exact_row = replace(fast, exact=True).positions(0, 0, tuple(GRID.shape))
    np.testing.assert_array_equal(np.isnan(col), np.isnan(exact_col))
    assert np.nanmax(np.hypot(col - exact_col, row - exact_row)) < 1e-4


@pytest.mark.parametrize("gsd_m", [0.5, 10.0, 30.0])
def test_blocks_hold_to_the_definition_in_real_mountains(shared_data, gsd_m):
    from satdesk.files.dem import open_terrain  # noqa: PLC0415 - the only test that needs files

    folder = shared_data / "phr_ventoux"
    rpc, _ = read_dimap_rpc(folder / "RPC_PHR1B_P_201308051042194_SEN_690908101-001.XML")
    terrain = open_terrain(
        [folder / "N44E005.hgt"], vertical="EGM96", bounds=(5.1, 44.0, 5.4, 44.3)
    ).terrain
    reach = 300 * gsd_m
    grid = snapped_grid((675000 - reach, 4897500 - reach, 675000 + reach, 4897500 + reach),
                        "EPSG:32631", gsd_m)  # fmt: skip
    source = Picture(
        values=np.zeros((1, 1, 1)),
        valid=np.ones((1, 1), bool),
        grid=GeoBox((1, 1), Affine(1, 0, 0, 0, 1, 0), None),
    )
    fast = Ortho(source=source, model=rpc, terrain=terrain, grid=grid)
    col, row = fast.positions(0, 0, tuple(grid.shape))
    exact_col, exact_row = replace(fast, exact=True).positions(0, 0, tuple(grid.shape))
    np.testing.assert_array_equal(np.isnan(col), np.isnan(exact_col))
    assert np.isfinite(col).mean() > 0.3
    assert np.nanmax(np.hypot(col - exact_col, row - exact_row)) < 1e-3


@given(
    st.integers(-40, 200), st.integers(-40, 170), st.integers(1, 90), st.integers(1, 90),
    st.sampled_from(["nearest", "bilinear", "cubic"]),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_any_part_equals_the_whole(picture, left, top, cols, rows, kernel):
    layer = ortho(picture, kernel=kernel)
    whole = layer.read(GRID)
    part = layer.read(subgrid(GRID, top, left, (rows, cols)))
    padded = np.pad(whole.values, ((0, 0), (200, 200), (200, 200)))
    known = np.pad(whole.valid, 200)
    here = np.s_[top + 200 : top + 200 + rows, left + 200 : left + 200 + cols]
    np.testing.assert_array_equal(part.values, padded[(slice(None), *here)])
    np.testing.assert_array_equal(part.valid, known[here])


def test_a_window_too_large_is_halved_without_a_trace(picture, monkeypatch):
    whole = ortho(picture).read(GRID)
    monkeypatch.setattr("satdesk.products.ortho._LARGEST_WINDOW", 5000)
    halved = ortho(picture).read(GRID)
    np.testing.assert_array_equal(halved.values, whole.values)
    np.testing.assert_array_equal(halved.valid, whole.valid)


def test_voids_of_the_terrain_are_not_valid(picture):
    terrain = dem()
    heights = terrain.heights.copy()
    row, col = (int(v) for v in np.array(terrain.cells(46.098, 40.048))[::-1])
    heights[row, col] = np.nan
    holed = replace(terrain, heights=heights)
    before, after = (ortho(picture, terrain=t).read(GRID) for t in (terrain, holed))
    assert 0 < (before.valid & ~after.valid).sum() < 1500
    same = after.valid
    np.testing.assert_allclose(after.values[0, same], before.values[0, same], atol=1e-2)


def test_masked_source_pixels_stay_masked(picture):
    holed = replace(picture, valid=picture.valid & (np.indices(picture.valid.shape)[0] != 200))
    got = ortho(holed).read(GRID)
    full = ortho(picture).read(GRID)
    assert 0 < (full.valid & ~got.valid).sum() < 800


def test_outside_everything_nothing_is_valid(picture):
    away = snapped_grid((700000, 4433500, 700060, 4433560), UTM, 1.5)
    got = ortho(picture, grid=away).read(away)
    assert not got.valid.any()
    assert got.values.dtype == np.float32


def test_a_coarser_output_may_ask_for_a_wider_kernel(picture):
    noise = np.random.default_rng(5).uniform(0, 1000, picture.values.shape)
    source = replace(picture, values=noise, valid=np.ones(noise.shape[1:], bool))
    coarse = GeoBox((22, 27), GRID.affine @ Affine.scale(8), UTM)
    layer = ortho(source, grid=coarse)
    widen = source_pixels(layer)
    assert 6 < max(widen) < 12
    fine = ortho(source).read(GRID)
    means = fine.values[0, :176, :216].reshape(22, 8, 27, 8).mean(axis=(1, 3))
    known = fine.valid[:176, :216].reshape(22, 8, 27, 8).all(axis=(1, 3))
    assert known.sum() > 300
    plain, wide = (replace(layer, widen=w).read(coarse) for w in ((1.0, 1.0), widen))
    errors = [np.std((got.values[0] - means)[known & got.valid]) for got in (plain, wide)]
    assert errors[1] < 0.25 * errors[0]


def test_it_is_a_layer_with_a_lineage(picture):
    layer = ortho(picture)
    assert isinstance(layer, Layer)
    assert layer.bands == (PAN,)
    step = lineage(layer)
    assert step.step == "ortho"
    assert [i.step for i in step.inputs] == ["picture"]
    again = pickle.loads(pickle.dumps(layer))  # noqa: S301 - our own bytes
    assert lineage(again).digest == step.digest
    np.testing.assert_array_equal(again.read(GRID).values, layer.read(GRID).values)


@pytest.mark.parametrize(
    "change",
    [
        {"grid": GeoBox((4, 4), Affine.identity(), None)},
        {"kernel": "lanczos"},
        {"widen": (0.0, 1.0)},
    ],
)
def test_what_is_no_ortho(picture, change):
    with pytest.raises(UsageError):
        ortho(picture, **change)


def georeferenced(crs=UTM, gsd=10.0):
    grid = GeoBox((60, 70), Affine(gsd, 0, 593000, 0, -gsd, 4434000), crs)
    values = np.stack([texture(*lonlat_of_grid(grid)), np.indices((60, 70))[1]]).astype(np.uint16)
    return Picture(values=values, valid=np.ones((60, 70), bool), grid=grid, bands=(PAN, BLUE))


@pytest.mark.parametrize("kernel", ["nearest", "bilinear", "cubic"])
def test_warping_on_the_own_lattice_changes_nothing(kernel):
    source = georeferenced()
    grid = subgrid(source.grid, 5, -3, (30, 40))
    got = Warped(source=source, grid=grid, kernel=kernel).read(grid)
    want = source.read(grid)
    np.testing.assert_array_equal(got.values, want.values)
    np.testing.assert_array_equal(got.valid, want.valid)


def test_warping_to_another_crs_finds_the_same_ground():
    source = georeferenced()
    slow = replace(source, values=np.stack(lonlat_of_grid(source.grid)))
    grid = snapped_grid((46.0925, 40.0465, 46.0985, 40.0502), "EPSG:4326", 0.0001)
    layer = Warped(source=slow, grid=grid)
    got = layer.read(grid)
    lon, lat = lonlat_of_grid(grid)
    assert got.valid.mean() > 0.9
    col, row = layer.positions(0, 0, tuple(grid.shape))
    inner = (col > 2) & (col < 68) & (row > 2) & (row < 58)
    np.testing.assert_allclose(got.values[0][inner], lon[inner], atol=1e-8)
    np.testing.assert_allclose(got.values[1][inner], lat[inner], atol=1e-8)
    exact = replace(layer, exact=True).positions(0, 0, tuple(grid.shape))
    assert np.hypot(col - exact[0], row - exact[1]).max() < 1e-4


@given(st.integers(-9, 60), st.integers(-9, 40), st.integers(1, 50), st.integers(1, 50))
@settings(max_examples=30, deadline=None)
def test_any_part_of_a_warp_equals_the_whole(left, top, cols, rows):
    grid = snapped_grid((46.0925, 40.0465, 46.0985, 40.0502), "EPSG:4326", 0.0001)
    layer = Warped(source=georeferenced(), grid=grid)
    whole, part = layer.read(grid), layer.read(subgrid(grid, top, left, (rows, cols)))
    padded = np.pad(whole.values, ((0, 0), (100, 100), (100, 100)))
    here = np.s_[top + 100 : top + 100 + rows, left + 100 : left + 100 + cols]
    np.testing.assert_array_equal(part.values, padded[(slice(None), *here)])


def test_sources_are_told_apart(picture):
    with pytest.raises(UsageError, match="camera"):
        Warped(source=picture, grid=GRID)
    with pytest.raises(UsageError, match="pixel plane"):
        ortho(georeferenced())


@pytest.mark.parametrize("part", ["source", "model", "terrain", "grid"])
def test_a_part_that_is_something_else_is_named(picture, part):
    with pytest.raises(UsageError, match=rf"{part}\)?: an argument is of another kind"):
        replace(ortho(picture), **{part: None})


@pytest.mark.parametrize("grid", ["x", None, (0, 0, 10, 10)])
def test_a_read_of_something_else_than_a_grid_is_refused(picture, grid):
    with pytest.raises(UsageError, match="grid: an argument is of another kind"):
        ortho(picture).read(grid)
