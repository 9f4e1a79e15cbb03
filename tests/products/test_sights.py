"""How one scene was seen, as the sources of a mosaic tell it."""

from dataclasses import dataclass

import numpy as np
from odc.geo.geobox import GeoBox

from layers import Texture, utm_grid
from satdesk.core.cover import COVER, Cover
from satdesk.core.raster import Raster
from satdesk.core.sighting import State
from satdesk.core.units import Quantity
from satdesk.geometry.grids import offset
from satdesk.products.seamed import Sighted
from satdesk.products.sights import Sights

GRID = utm_grid(6, 40)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Each flag in columns of its own; the last columns are not known."""

    grid: GeoBox
    bands = (COVER,)
    quantity = Quantity.COVER

    def read(self, grid: GeoBox) -> Raster:
        _, first = offset(self.grid, grid)
        col = (first + np.arange(grid.shape[1])) // 8
        kinds = [0, Cover.CLOUD, Cover.CLOUD_SHADOW, Cover.SHADOW_NOT_TOLD | Cover.SNOW, 0]
        flags = np.array([int(each) for each in kinds], np.uint8)[col]
        plane = np.broadcast_to(flags, tuple(grid.shape)).copy()
        valid = np.broadcast_to(col < 4, plane.shape).copy()
        return Raster(
            values=plane[None], valid=valid, grid=grid, bands=self.bands, quantity=self.quantity
        )


SEEN = Sights(scene=Sighted(layer=Texture(grid=GRID), cover=Columns(grid=GRID)))


def test_every_imaged_pixel_has_its_state():
    raster = SEEN.read(GRID)
    source, state = raster.values
    valid = Texture(grid=GRID).read(GRID).valid
    assert np.array_equal(source == 1, valid)
    assert (state[~valid] == State.NOT_IMAGED).all()
    wanted = [State.CLEAR, State.CLOUD, State.SHADOW, State.NOT_TOLD, State.NOT_TOLD]
    expected = np.repeat(np.array([int(w) for w in wanted]), 8)[None].repeat(6, axis=0)
    assert np.array_equal(state[valid], expected[valid])


def test_a_part_is_the_same_part_of_the_whole():
    whole, part = SEEN.read(GRID), SEEN.read(GRID[2:5, 5:33])
    assert np.array_equal(part.values, whole.values[:, 2:5, 5:33])
    assert np.array_equal(part.valid, whole.valid[2:5, 5:33])
