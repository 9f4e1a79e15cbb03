import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layers import utm_grid
from satdesk.errors import UsageError
from satdesk.geometry.grids import offset
from satdesk.scale.tiles import tiles


@settings(deadline=None)
@given(
    rows=st.integers(1, 60),
    cols=st.integers(1, 60),
    size=st.integers(1, 70),
)
def test_tiles_cover_each_pixel_once_in_row_major_order(rows, cols, size):
    grid = utm_grid(rows, cols)
    seen = np.zeros((rows, cols), int)
    parts = tiles(grid, size)
    for part in parts:
        high, wide = part.grid.shape
        assert 0 < high <= size
        assert 0 < wide <= size
        assert offset(grid, part.grid) == (part.row0, part.col0)
        seen[part.row0 : part.row0 + high, part.col0 : part.col0 + wide] += 1
    assert (seen == 1).all()
    assert [(p.row0, p.col0) for p in parts] == sorted((p.row0, p.col0) for p in parts)


def test_a_tile_without_pixels_is_refused():
    with pytest.raises(UsageError, match="at least one pixel"):
        tiles(utm_grid(3, 4), 0)
