import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layers import RGB, Flat, Texture, same, utm_grid
from satdesk.core.raster import Raster
from satdesk.core.units import Quantity
from satdesk.errors import UsageError
from satdesk.products.mosaic import Mosaic

GRID = utm_grid(30, 40)


def textures(*seeds, holes=2):
    return tuple(Texture(grid=GRID, seed=seed, holes=holes) for seed in seeds)


@settings(deadline=None)
@given(seeds=st.lists(st.integers(0, 50), min_size=1, max_size=4))
def test_the_first_usable_pixel_wins(seeds):
    layers = textures(*seeds)
    result = Mosaic(layers=layers).read(GRID)
    rasters = [layer.read(GRID) for layer in layers]
    for row in range(0, 30, 3):
        for col in range(0, 40, 3):
            usable = [raster for raster in rasters if raster.valid[row, col]]
            assert result.valid[row, col] == bool(usable)
            if usable:
                assert (result.values[:, row, col] == usable[0].values[:, row, col]).all()


def test_order_matters():
    one, two = textures(1, 2)
    assert not same(Mosaic(layers=(one, two)).read(GRID), Mosaic(layers=(two, one)).read(GRID))


class Unread:
    """A layer that must not be read."""

    grid = GRID
    bands = RGB
    quantity = Quantity.DISPLAY

    def read(self, grid) -> Raster:
        raise AssertionError(f"{grid} was read although nothing was open")


def test_what_cannot_be_seen_is_not_computed():
    result = Mosaic(layers=(Flat(grid=GRID), Unread())).read(GRID)
    assert result.valid.all()


def test_layers_must_agree():
    first = Texture(grid=GRID)
    for other, what in [
        (Texture(grid=utm_grid(30, 41)), "grid"),
        (Texture(grid=GRID, bands=RGB), "bands"),
        (Texture(grid=GRID, quantity=Quantity.TOA), "quantity"),
    ]:
        with pytest.raises(UsageError, match=f"share one {what}"):
            Mosaic(layers=(first, other))
    with pytest.raises(UsageError, match="at least one"):
        Mosaic(layers=())


def test_number_types_must_agree():
    layers = (Texture(grid=GRID), Texture(grid=GRID, dtype="float32"))
    with pytest.raises(UsageError, match="number type"):
        Mosaic(layers=layers).read(GRID)
