import pickle

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from satdesk.core.lineage import lineage
from satdesk.errors import UsageError
from satdesk.geometry.grids import subgrid
from satdesk.products.covered import Covered, CoverMap

GRID = GeoBox((23, 31), Affine(1.5, 0, 300000, 0, -1.5, 4500000), "EPSG:32638")


def _layer(ratio=4):
    rng = np.random.default_rng(3)
    shape = tuple(-(-size // ratio) for size in GRID.shape)
    flags = rng.integers(0, 32, shape).astype(np.uint8)
    return Covered(cover=CoverMap(flags=flags, known=flags % 5 > 0), ratio=ratio, grid=GRID)


@given(
    row=st.integers(-5, 25), col=st.integers(-5, 33), rows=st.integers(1, 9), cols=st.integers(1, 9)
)
def test_a_part_is_that_part_of_the_whole(row, col, rows, cols):
    layer = _layer()
    wide = layer.read(subgrid(GRID, -5, -5, (45, 55)))
    part = layer.read(subgrid(GRID, row, col, (rows, cols)))
    here = (slice(row + 5, row + 5 + rows), slice(col + 5, col + 5 + cols))
    assert np.array_equal(part.values[0], wide.values[0][here])
    assert np.array_equal(part.valid, wide.valid[here])


def test_flags_are_those_of_the_block():
    layer = _layer()
    whole = layer.read(GRID)
    assert whole.values[0, 9, 13] == np.where(layer.cover.known, layer.cover.flags, 0)[2, 3]
    assert not layer.read(subgrid(GRID, -8, 0, (8, 5))).valid.any()


def test_equal_maps_are_equal_and_pickle():
    layer = _layer()
    again = pickle.loads(pickle.dumps(layer))  # noqa: S301 - our own bytes
    assert again == layer
    assert lineage(again).digest == lineage(layer).digest
    assert lineage(_layer(3)).digest != lineage(layer).digest


def test_a_map_of_another_size_is_refused():
    with pytest.raises(UsageError, match="cell for every block"):
        Covered(cover=_layer(3).cover, ratio=4, grid=GRID)
