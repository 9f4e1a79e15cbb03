import numpy as np
import pytest

from layers import Flat, Texture, utm_grid
from satdesk.core.bands import Band
from satdesk.core.units import Quantity
from satdesk.errors import UsageError
from satdesk.products.masked import Masked

GRID = utm_grid(30, 40)
MASK = (Band(name="MASK"),)


def test_only_what_source_and_mask_allow_is_usable():
    source = Texture(grid=GRID, seed=1)
    mask = Texture(grid=GRID, seed=2, bands=MASK, top=2, holes=5)
    # The texture's numbers are 1 and 2; shifted down they are a mask of 0 and 1.
    shifted = Shifted(mask)
    result = Masked(source=source, mask=shifted).read(GRID)
    raster, allowed = source.read(GRID), mask.read(GRID)
    expected = raster.valid & allowed.valid & (allowed.values[0] == 2)
    assert (result.valid == expected).all()
    assert expected.any()
    assert (result.values == raster.values).all()


class Shifted:
    def __init__(self, source):
        self.source = source
        self.grid, self.bands, self.quantity = source.grid, source.bands, source.quantity

    def read(self, grid):
        raster = self.source.read(grid)
        return raster.with_values(raster.values - 1)


@pytest.mark.parametrize(("level", "usable"), [(0, False), (1, True), (255, True)])
def test_zero_rules_out_and_anything_else_lets_through(level, usable):
    mask = Flat(grid=GRID, level=level, bands=MASK, quantity=Quantity.COUNTS)
    assert (Masked(source=Flat(grid=GRID), mask=mask).read(GRID).valid == usable).all()


def test_a_mask_fits_what_it_masks():
    source = Texture(grid=GRID)
    with pytest.raises(UsageError, match="one band"):
        Masked(source=source, mask=Texture(grid=GRID))
    with pytest.raises(UsageError, match="on the grid"):
        Masked(source=source, mask=Flat(grid=utm_grid(3, 4), bands=MASK))


def test_it_is_what_its_source_is():
    masked = Masked(source=Texture(grid=GRID), mask=Flat(grid=GRID, bands=MASK))
    assert (masked.grid, masked.bands) == (GRID, Texture(grid=GRID).bands)
    assert masked.quantity is Quantity.COUNTS
    assert np.issubdtype(masked.read(GRID).values.dtype, np.uint16)
