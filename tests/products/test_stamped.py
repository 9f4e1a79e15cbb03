import pickle

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from layers import Flat, Texture, same, utm_grid
from satdesk.core.lineage import lineage
from satdesk.errors import UsageError
from satdesk.products.stamped import Stamped, StampPattern, blend

RNG = np.random.default_rng(5)
LIGHT = (RNG.random((7, 11)) < 0.3).astype(np.uint8) * 255
DARK = ((RNG.random((7, 11)) < 0.3) & (LIGHT == 0)).astype(np.uint8) * 255
PATTERN = StampPattern.from_arrays("X", LIGHT, DARK, opacity=0.5)
GRID = utm_grid(50, 60, row0=-3, col0=17)


@settings(deadline=None)
@given(row=st.integers(0, 40), col=st.integers(0, 50), rows=st.integers(1, 10))
def test_tiles_have_no_seams(row, col, rows):
    layer = Stamped(source=Flat(grid=GRID), pattern=PATTERN)
    whole = layer.read(GRID).values
    part = layer.read(GRID[row : row + rows, col : col + 10]).values
    assert (part == whole[:, row : row + rows, col : col + 10]).all()


def test_the_place_is_absolute():
    one = Stamped(source=Flat(grid=GRID), pattern=PATTERN).read(GRID).values
    shifted = utm_grid(50, 60, row0=-3 + 7, col0=17 + 2 * 11)
    two = Stamped(source=Flat(grid=shifted), pattern=PATTERN).read(shifted).values
    assert (one == two).all()
    aside = utm_grid(50, 60, row0=-3, col0=18)
    three = Stamped(source=Flat(grid=aside), pattern=PATTERN).read(aside).values
    assert (one[:, :, 1:] == three[:, :, :-1]).all()


def test_an_origin_on_half_pixels_has_no_seams_either():
    grid = GeoBox((50, 60), Affine(0.3, 0, 0.15, 0, -0.3, 0.45), "EPSG:32638")
    layer = Stamped(source=Flat(grid=grid), pattern=PATTERN)
    whole = layer.read(grid).values
    for row in range(0, 50, 5):
        part = layer.read(grid[row : row + 5, :]).values
        assert (part == whole[:, row : row + 5]).all()


@pytest.mark.parametrize("level", [0, 30, 128, 230, 255])
def test_it_shows_on_snow_and_in_shadow(level):
    stamped = Stamped(source=Flat(grid=GRID, level=level), pattern=PATTERN).read(GRID).values
    assert int(stamped.max()) - int(stamped.min()) >= 100


def test_what_is_valid_stays():
    source = Texture(
        grid=GRID,
        bands=Flat(grid=GRID).bands,
        quantity=Flat(grid=GRID).quantity,
        dtype="uint8",
        top=250,
    )
    stamped = Stamped(source=source, pattern=PATTERN).read(GRID)
    assert (stamped.valid == source.read(GRID).valid).all()
    assert not stamped.valid.all()


def test_between_the_letters_nothing_changes():
    planes = RNG.integers(0, 256, (3, 7, 11)).astype(np.uint8)
    clear = (LIGHT == 0) & (DARK == 0)
    assert (blend(planes, PATTERN, (0, 0))[:, clear] == planes[:, clear]).all()


def test_full_opacity_is_black_and_white():
    full = StampPattern.from_arrays("X", LIGHT, DARK, opacity=1)
    planes = np.full((3, 7, 11), 90, np.uint8)
    result = blend(planes, full, (7, 11))
    assert (result[:, LIGHT == 255] == 255).all()
    assert (result[:, (DARK == 255)] == 0).all()
    assert (planes == 90).all()


def test_it_pickles_compares_and_has_a_lineage():
    layer = Stamped(source=Flat(grid=GRID), pattern=PATTERN)
    again = pickle.loads(pickle.dumps(layer))  # noqa: S301 - our own bytes
    assert again == layer
    assert hash(again) == hash(layer)
    assert same(again.read(GRID), layer.read(GRID))
    other = StampPattern.from_arrays("X", DARK, LIGHT, opacity=0.5)
    assert lineage(again).digest == lineage(layer).digest
    assert lineage(Stamped(source=Flat(grid=GRID), pattern=other)).digest != lineage(layer).digest


def test_measurements_are_never_stamped():
    with pytest.raises(UsageError, match="measurements never"):
        Stamped(source=Texture(grid=GRID), pattern=PATTERN)
    with pytest.raises(UsageError, match="8-bit"):
        Stamped(source=Flat(grid=GRID, dtype="uint16"), pattern=PATTERN).read(GRID)


@pytest.mark.parametrize(
    "change",
    [{"shape": (7, 12)}, {"opacity": 0.0}, {"opacity": 1.5}, {"light": bytes(77)}, {"dark": b""}],
)
def test_a_stamp_that_could_not_be_seen_is_refused(change):
    fields = {
        "text": "X", "shape": (7, 11), "opacity": 0.5,
        "light": LIGHT.tobytes(), "dark": DARK.tobytes(),
    }  # fmt: skip
    with pytest.raises(UsageError):
        StampPattern(**(fields | change))
