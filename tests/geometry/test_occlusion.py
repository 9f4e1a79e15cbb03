"""Ground behind relief is found, and nothing else is."""

from __future__ import annotations

import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from scipy.ndimage import maximum_filter, minimum_filter

from satdesk.geometry.frames import from_lonlat, to_lonlat
from satdesk.geometry.occlusion import SeenTerrain, seen_terrain
from satdesk.geometry.terrain import ConstantTerrain, GridTerrain

CRS = "EPSG:32638"
CELL = 30.0
EAST, NORTH = 500_000.0, 4_430_000.0


@dataclass(frozen=True)
class Parallel:
    """A camera at infinity: a ray moves `east`, `north` metres for each metre that it climbs."""

    east: float
    north: float

    def project(self, lon, lat, height):
        x, y = from_lonlat(CRS, lon, lat)
        return x - self.east * height, y - self.north * height

    def locate(self, col, row, height):
        return to_lonlat(CRS, col + self.east * height, row + self.north * height)


def terrain(heights):
    return GridTerrain(
        heights=np.asarray(heights, float),
        affine=Affine(CELL, 0, EAST, 0, -CELL, NORTH),
        crs=CRS,
    )


def wall(height=300.0, at=30, width=3, cols=80):
    """A flat plain with a wall that runs from north to south."""
    heights = np.full((40, cols), 1000.0)
    heights[:, at : at + width] += height
    return terrain(heights)


def hidden_columns(view, ground):
    """Metres from the wall's middle to the west and to the east within which ground is hidden."""
    seen, _ = seen_terrain(ground, view)
    x = EAST + np.arange(0, 80 * CELL, 1.0)
    lon, lat = to_lonlat(CRS, x, np.full(x.size, NORTH - 600.0))
    lost = np.isnan(seen.height(lon, lat)) & np.isfinite(ground.height(lon, lat))
    middle = EAST + (30 + 1.5) * CELL
    return middle - x[lost & (x < middle)].min(initial=middle), x[lost].max(initial=middle) - middle


@pytest.mark.parametrize("slope", [0.4, 0.8, 1.2])
def test_the_shadow_of_a_wall_has_the_length_that_the_view_gives_it(slope):
    """The satellite stands in the west: the plain to the east of the wall is hidden."""
    west, east = hidden_columns(Parallel(east=-slope, north=0.0), wall())
    crest = 0.5 * 3 * CELL - CELL / 2  # from the middle to the last cell centre of the wall's top
    assert west == 0
    assert east == pytest.approx(crest + slope * 300.0, abs=CELL / 2)


def test_a_satellite_in_the_east_hides_the_west():
    west, east = hidden_columns(Parallel(east=0.8, north=0.0), wall())
    assert east == pytest.approx(0, abs=CELL)
    assert west > 200


def test_from_overhead_nothing_is_hidden_and_the_terrain_is_the_same():
    ground = wall()
    assert seen_terrain(ground, Parallel(east=0.0, north=0.0)) == (ground, 0.0)


@given(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5), st.integers(0, 1000))
def test_gentle_relief_hides_nothing(east, north, seed):
    bumps = np.random.default_rng(seed).random((20, 20)) * CELL * 0.9
    ground = terrain(1000 + bumps)
    assert seen_terrain(ground, Parallel(east=east, north=north))[0] is ground


def test_a_grid_of_rays_agrees_with_rays_followed_one_by_one():
    rng = np.random.default_rng(3)
    x = np.linspace(0, 6, 60)
    heights = 1500 + 500 * np.sin(x)[None, :] * np.cos(x)[:, None] + rng.normal(0, 20, (60, 60))
    ground, view = terrain(heights), Parallel(east=0.9, north=-0.6)
    seen, share = seen_terrain(ground, view)
    assert 0.01 < share < 0.6
    clear = minimum_filter(seen.hidden, 3) == maximum_filter(seen.hidden, 3)
    cells = [
        (r, c) for r, c in np.argwhere(np.ones((58, 58), bool))[::7] + 1 if clear[at(r), at(c)]
    ]
    told = [(excess(ground, view, r, c), seen.hidden[at(r), at(c)]) for r, c in cells]
    clearly = [(over > 0, hidden) for over, hidden in told if abs(over) > GRAZING_M]
    assert len(clearly) > 200  # the rest grazes a crest, or lies within ten metres of an edge
    assert all(over == hidden for over, hidden in clearly)


GRAZING_M = 4.0


def at(cell):
    return cell * 3 + 1  # 30 m cells are cut in three; the middle part


def excess(ground, view, row, col):
    """Metres by which the terrain rises above the ray of a cell's centre, at most."""
    col, row = col + 0.5, row + 0.5
    start = float(ground.height_at(np.array([col]), np.array([row]))[0])
    climb = np.arange(5.0, 1500, 0.25)
    over = ground.height_at(col + view.east * climb / CELL, row - view.north * climb / CELL)
    return float(np.nanmax(over - start - climb))


def test_other_terrains_and_blind_cameras_hide_nothing():
    flat = ConstantTerrain(height_m=3.0)
    assert seen_terrain(flat, Parallel(east=1.0, north=0.0)) == (flat, 0.0)

    class Blind(Parallel):
        def project(self, lon, lat, height):
            return lon * np.nan, lat * np.nan * height

    ground = wall()
    assert seen_terrain(ground, Blind(east=1.0, north=0.0)) == (ground, 0.0)


def test_a_seen_terrain_is_a_value():
    seen, _ = seen_terrain(wall(), Parallel(east=-0.8, north=0.0))
    assert isinstance(seen, SeenTerrain)
    again = pickle.loads(pickle.dumps(seen))  # noqa: S301 - our own bytes
    assert again == seen
    assert hash(again) == hash(seen)
    assert seen.lineage_digest() != wall().lineage_digest()


class Slanted:
    """Parallel rays towards a satellite at `azimuth`, `off` degrees from the vertical."""

    def __init__(self, azimuth, off):
        lean = np.tan(np.radians(off))
        self.x = lean * np.sin(np.radians(azimuth))
        self.y = lean * np.cos(np.radians(azimuth))

    def project(self, lon, lat, height):
        x, y = from_lonlat("EPSG:32638", lon, lat)
        return x - 5e5 - self.x * height, 4.43e6 - y + self.y * height

    def locate(self, col, row, height):
        return to_lonlat("EPSG:32638", 5e5 + col + self.x * height, 4.43e6 - row + self.y * height)


HALF = (16.0, 8.0)
STOREYS = 20.0


def house(cell):
    """A surface model with one house of vertical walls on a plain at 100 m."""
    n = int(120 / cell)
    x, y = np.meshgrid(*[(np.arange(n) + 0.5) * cell - 60] * 2)
    roof = (np.abs(x) < HALF[0]) & (np.abs(y) < HALF[1])
    return GridTerrain(
        heights=np.where(roof, 100.0 + STOREYS, 100.0).astype(np.float32),
        affine=Affine(cell, 0, 5e5 - 60, 0, -cell, 4.43e6 + 60),
        crs="EPSG:32638",
    )


@pytest.mark.parametrize("cell", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("off", [10, 20, 30])
@pytest.mark.parametrize("azimuth", [0, 73, 150, 225])
def test_a_house_hides_the_ground_behind_it_and_keeps_its_roof(cell, off, azimuth):
    """Truth by geometry: where a ray up from the plain enters the box.

    A cell is left open, and half a metre more where ground barely below a ray is not called hidden.
    """
    model = Slanted(azimuth, off)
    seen, share = seen_terrain(house(cell), model)
    assert share > 0
    x, y = np.meshgrid(*[np.arange(-50, 50, 0.5) + 0.13] * 2)
    roof = (np.abs(x) < HALF[0]) & (np.abs(y) < HALF[1])
    hidden = np.zeros_like(roof)
    for up in np.linspace(0, STOREYS, 200):
        hidden |= (np.abs(x + model.x * up) < HALF[0]) & (np.abs(y + model.y * up) < HALF[1])
    hidden &= ~roof
    blank = np.isnan(seen.height(*to_lonlat("EPSG:32638", 5e5 + x, 4.43e6 + y)))
    near = round(cell / 0.5)
    inner = ndimage.binary_erosion(hidden, iterations=near + 1)
    outer = ndimage.binary_dilation(hidden, np.ones((3, 3)), iterations=near)
    assert not inner.any() or blank[inner].mean() > 0.99
    assert not blank[~outer & ~roof].any()
    assert not blank[ndimage.binary_erosion(roof, iterations=near)].any()
