"""The laws of layers: tiles equal the whole, and how they are run changes no byte."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point

from layers import RGB, Blurred, Flat, Texture, same, utm_grid
from satdesk.core.bands import Band
from satdesk.core.units import Quantity
from satdesk.products.clipped import Clipped
from satdesk.products.masked import Masked
from satdesk.products.mosaic import Mosaic
from satdesk.products.stamped import Stamped
from satdesk.release.stamps import text_pattern
from satdesk.scale.dask import Dask
from satdesk.scale.run import Serial, Threads, run


def composed(rows, cols, row0, col0):
    """Two blurred layers with halos, mosaicked, masked, clipped."""
    grid = utm_grid(rows, cols, row0=row0, col0=col0)
    layers = tuple(
        Blurred(source=Texture(grid=grid, seed=seed, holes=3)) for seed in (row0, col0 + 1)
    )
    mask = Texture(grid=grid, seed=9, bands=(Band(name="MASK"),), holes=11)
    masked = Masked(source=Mosaic(layers=layers), mask=mask)
    x, y = grid.affine.c + 0.7 * cols, grid.affine.f - 0.8 * rows
    return Clipped(source=masked, polygon=Point(x, y).buffer(0.9 * rows), crs="EPSG:32638")


def stamped(rows, cols, row0, col0):
    grid = utm_grid(rows, cols, row0=row0, col0=col0)
    picture = Texture(grid=grid, bands=RGB, quantity=Quantity.DISPLAY, dtype="uint8", top=250)
    return Stamped(source=picture, pattern=text_pattern("SIMULATED", 8))


layers = st.builds(
    lambda make, *place: make(*place),
    st.sampled_from([composed, stamped]),
    st.integers(1, 60),
    st.integers(1, 60),
    st.integers(-500, 500),
    st.integers(-500, 500),
)


@settings(max_examples=40, deadline=None)
@given(layer=layers, tile=st.integers(3, 40))
def test_tiles_equal_the_whole(layer, tile):
    assert same(run(layer, Serial(), tile), layer.read(layer.grid))


@settings(max_examples=15, deadline=None)
@given(layer=layers, tile=st.integers(5, 40), threads=st.integers(1, 4))
def test_threads_equal_serial(layer, tile, threads):
    assert same(run(layer, Threads(threads), tile), run(layer, Serial(), tile))


@settings(max_examples=8, deadline=None)
@given(layer=layers, tile=st.integers(9, 40), scheduler=st.sampled_from(["synchronous", "threads"]))
def test_dask_equals_serial(layer, tile, scheduler):
    pytest.importorskip("dask")
    assert same(run(layer, Dask(scheduler), tile), run(layer, Serial(), tile))


@settings(max_examples=25, deadline=None)
@given(layer=layers, data=st.data())
def test_any_sub_grid_has_the_pixels_of_the_whole(layer, data):
    rows, cols = layer.grid.shape
    row = data.draw(st.integers(0, rows - 1))
    col = data.draw(st.integers(0, cols - 1))
    part = layer.read(layer.grid[row:, col:])
    whole = layer.read(layer.grid)
    assert (part.values == whole.values[:, row:, col:]).all()
    assert (part.valid == whole.valid[row:, col:]).all()


@settings(max_examples=25, deadline=None)
@given(layer=layers, by=st.integers(1, 20))
def test_outside_its_grid_a_layer_is_not_valid(layer, by):
    wide = layer.read(layer.grid.pad(by))
    wide.valid[by:-by, by:-by] = False
    assert not wide.valid.any()


def test_a_layer_that_depended_on_its_tile_would_be_found():
    class Tiled:
        grid, bands = utm_grid(20, 20), Flat(grid=utm_grid(20, 20)).bands
        quantity = Quantity.DISPLAY

        def read(self, grid):
            return Flat(grid=self.grid, level=int(grid.shape[0])).read(grid)

    layer = Tiled()
    assert not same(run(layer, Serial(), 8), layer.read(layer.grid))
