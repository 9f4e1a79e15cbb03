"""A picture on another grid: whole numbers, C and numpy alike, and where GDAL puts it."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from rasterio.enums import Resampling
from rasterio.io import MemoryFile
from rasterio.vrt import WarpedVRT

from satdesk.geometry import warping
from satdesk.geometry.lattice import exact_warp
from satdesk.geometry.warping import Piece, pieces, warped, warped_by_numpy
from satdesk.release.tiles import plan_pyramid, tile_grid

UTM = GeoBox((700, 900), Affine(1.5, 0, 587_000, 0, -1.5, 4_441_500), "EPSG:32638")


def web_tile(grid=UTM, gsd_m=1.5):
    pyramid = plan_pyramid(grid, gsd_m)
    columns, rows = pyramid.columns(pyramid.last), pyramid.rows(pyramid.last)
    return tile_grid(pyramid.last, columns[len(columns) // 2], rows[len(rows) // 2])


def picture(shape, seed=1, *, opaque=True):
    """Smooth enough to be interpolated, with holes where it is not opaque."""
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (*shape, 4)).astype(np.uint8)
    pixels[..., 3] = 255
    if not opaque:
        pixels[..., 3] = random.choice([0, 1, 100, 255, 255, 255, 255, 255], shape)
    return pixels


def piece_on(window, curves):
    curves = np.ascontiguousarray(curves, np.float64)
    return Piece(row=0, col=0, shape=(curves.shape[1], 40), window=(0, 0, *window), curves=curves)


def shift(rows, down, across, *, slope=1.0):
    """Row and column moved by so many pixels."""
    lines = np.arange(rows, dtype=float)
    zero = np.zeros(rows)
    col = np.stack([zero + across, zero + slope, zero], 1)
    row = np.stack([lines + down, zero, zero], 1)
    return np.stack([col, row])


@pytest.mark.skipif(warping._compiled is None, reason="satdesk._colours was not built here")
@given(
    seed=st.integers(0, 999),
    rows=st.integers(1, 40),
    cols=st.integers(1, 40),
    down=st.floats(-9, 9),
    across=st.floats(-9, 9),
    slope=st.floats(-1.2, 1.2),
    bend=st.floats(-0.01, 0.01),
    modes=st.tuples(st.booleans(), st.booleans()),
)
def test_compiled_code_gives_the_bytes_of_numpy(seed, rows, cols, down, across, slope, bend, modes):
    opaque, vector = modes
    pixels = picture((rows, cols), seed, opaque=opaque)
    curves = shift(25, down, across, slope=slope)
    curves[1, :, 2] = bend
    part = piece_on((rows, cols), curves)
    out = np.empty((25, 40, 4), np.uint8)
    warping._compiled.warp(pixels, part.curves, warping._WEIGHTS, out, opaque, vector)
    np.testing.assert_array_equal(out, warped_by_numpy(pixels, part))
    np.testing.assert_array_equal(warped(pixels, part), out)


def test_without_compiled_code_numpy_answers(monkeypatch):
    pixels, part = picture((30, 50), opaque=False), piece_on((30, 50), shift(25, 0.3, -2.7))
    fast = warped(pixels, part)
    monkeypatch.setattr(warping, "_compiled", None)
    np.testing.assert_array_equal(warped(pixels, part), fast)


@pytest.mark.skipif(warping._compiled is None, reason="satdesk._colours was not built here")
@pytest.mark.parametrize(
    "spoil",
    [
        lambda a: {**a, "curves": a["curves"][:, :-1].copy()},
        lambda a: {**a, "curves": a["curves"] * np.nan},
        lambda a: {**a, "curves": a["curves"] + 1e6},
        lambda a: {**a, "curves": a["curves"].astype(np.float32)},
        lambda a: {**a, "pixels": a["pixels"][..., :3].copy()},
        lambda a: {**a, "weights": a["weights"][:99].copy()},
    ],
)
def test_compiled_code_refuses_what_does_not_fit(spoil):
    given = {"pixels": picture((30, 50)), "curves": shift(25, 0, 0), "weights": warping._WEIGHTS}
    spoilt = spoil(given)
    out = np.empty((25, 40, 4), np.uint8)
    with pytest.raises(ValueError, match="do not fit"):
        warping._compiled.warp(
            spoilt["pixels"], spoilt["curves"], spoilt["weights"], out, True, True
        )


def test_a_whole_shift_gives_the_very_pixels():
    pixels = picture((60, 80), opaque=False)
    out = warped(pixels, piece_on((60, 80), shift(25, 7, 11)))
    shown = pixels[7:32, 11:51].copy()
    shown[shown[..., 3] == 0] = 0
    np.testing.assert_array_equal(out, shown)


def test_one_colour_stays_that_colour_to_its_edges():
    pixels = np.full((30, 50, 4), (200, 150, 100, 255), np.uint8)
    out = warped(pixels, piece_on((30, 50), shift(40, -4.4, -3.3)))
    seen = out[..., 3] > 0
    assert (out[seen][:, :3] == (200, 150, 100)).all()
    assert 0 < seen.sum() < seen.size
    assert (out[~seen] == 0).all()


def test_hidden_colours_do_not_bleed():
    pixels = np.full((30, 50, 4), (10, 20, 30, 255), np.uint8)
    pixels[:, 25:] = (250, 250, 250, 0)
    out = warped(pixels, piece_on((30, 50), shift(25, 0.5, 5.25)))
    seen = out[..., 3] > 0
    assert (out[seen][:, :3] == (10, 20, 30)).all()


def test_keys_cubic_is_met_as_far_as_places_and_weights_are_rounded():
    pixels = picture((40, 60))
    down, across = 3.37, 5.81
    out = warped(pixels, piece_on((40, 60), shift(25, down, across)))

    def keys(t):
        t = abs(t)
        near = 1.5 * t**3 - 2.5 * t**2 + 1
        return near if t <= 1 else -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2

    truth = np.zeros((25, 40, 3))
    for r in range(-1, 3):
        for c in range(-1, 3):
            weight = keys(down % 1 - r) * keys(across % 1 - c)
            truth += weight * pixels[3 + r :, 5 + c :][:25, :40, :3]
    # 1/256 pixel and 1/2048 of weight, on noise.
    assert np.abs(out[..., :3] - truth.clip(0, 255)).max() < 4


@pytest.mark.parametrize(
    "grid",
    [
        web_tile(),
        GeoBox((1100, 700), Affine(0.9, 0.2, 587_100, 0.2, -0.9, 4_441_300), "EPSG:32638"),
        GeoBox((300, 300), Affine(1e-5, 0, 46.02, 0, -1e-5, 40.12), "EPSG:4326"),
        GeoBox((1, 1), Affine(1, 0, 587_300, 0, -1, 4_441_000), "EPSG:32638"),
    ],
)
def test_places_are_those_of_one_transformation_a_pixel(grid):
    found = pieces(UTM, grid)
    assert found
    for part in found:
        col, row = exact_warp(UTM, grid, part.row, part.col, part.shape)
        x = np.arange(part.shape[1])
        a, b, c = np.moveaxis(part.curves, -1, 0)
        for curve, truth, first in ((0, col, part.window[1]), (1, row, part.window[0])):
            at = a[curve][:, None] + x * (b[curve][:, None] + x * c[curve][:, None])
            assert np.abs(at + first + 0.5 - truth).max() < 0.01


def test_what_no_piece_holds_lies_outside():
    far = GeoBox((600, 600), Affine(1.5, 0, 700_000, 0, -1.5, 4_441_500), "EPSG:32638")
    assert pieces(UTM, far) == ()


def test_where_no_quadratic_fits_nothing_is_promised():
    coarse = GeoBox((400, 400), Affine(40_000, 0, -8e6, 0, -40_000, 8e6), "EPSG:3857")
    world = GeoBox((2000, 2000), Affine(10_000, 0, -5e6, 0, -10_000, 1e7), "EPSG:32638")
    assert pieces(world, coarse) is None


def test_it_lies_where_gdal_puts_it_and_looks_the_same():
    pixels = picture(UTM.shape)
    pixels[..., :3] = np.cumsum(pixels[..., :3].astype(int) - 127, axis=1) % 97 + 60
    grid = web_tile()
    with MemoryFile() as memory:
        profile = {"driver": "GTiff", "dtype": "uint8", "count": 3}
        with memory.open(
            **profile, height=700, width=900, crs="EPSG:32638", transform=UTM.affine
        ) as dataset:
            dataset.write(np.moveaxis(pixels[..., :3], -1, 0))
        with (
            memory.open() as dataset,
            WarpedVRT(
                dataset,
                crs="EPSG:3857",
                transform=grid.affine,
                width=512,
                height=512,
                resampling=Resampling.cubic,
                tolerance=0.001,
            ) as vrt,
        ):
            gdal = np.moveaxis(vrt.read(), 0, -1)
    ours = np.zeros((512, 512, 4), np.uint8)
    for part in pieces(UTM, grid):
        row, col, rows, cols = part.window
        here = ours[part.row : part.row + part.shape[0], part.col : part.col + part.shape[1]]
        here[...] = warped(pixels[row : row + rows, col : col + cols], part)
    inside = ours[..., 3] == 255
    inside[2:-2, 2:-2] &= (
        inside[:-4, 2:-2] & inside[4:, 2:-2] & inside[2:-2, :-4] & inside[2:-2, 4:]
    )
    off = np.abs(ours[..., :3].astype(int) - gdal)[inside]
    assert inside.sum() > 1e5
    assert off.max() <= 3
    assert off.mean() < 0.3
