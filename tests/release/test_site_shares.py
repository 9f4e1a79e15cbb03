"""How the surroundings of sites were seen, where the answer is known."""

from dataclasses import dataclass

import numpy as np
import pytest
from affine import Affine
from odc.geo.geobox import GeoBox
from shapely.geometry import Point, box

from satdesk.core.place import District, Name, Site, Source
from satdesk.core.raster import Raster
from satdesk.core.sighting import SOURCE, STATE, State
from satdesk.core.units import Quantity
from satdesk.geometry.frames import to_lonlat
from satdesk.geometry.grids import offset
from satdesk.release.coverage import site_facts
from satdesk.release.seen import Seen, seen_facts

GRID = GeoBox((400, 600), Affine(5.0, 0, 600_000, 0, -5.0, 4_440_000), "EPSG:32638")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarters:
    """Clear in the west, in the east cloud above and shadow below; nothing right of column 500."""

    grid: GeoBox
    bands = (SOURCE, STATE)
    quantity = Quantity.SIGHTING

    def read(self, grid: GeoBox) -> Raster:
        row0, col0 = offset(self.grid, grid)
        row = (row0 + np.arange(grid.shape[0]))[:, None] + np.zeros(tuple(grid.shape), int)
        col = (col0 + np.arange(grid.shape[1]))[None] + np.zeros(tuple(grid.shape), int)
        state = np.where(row < 200, State.CLOUD, State.SHADOW)
        state = np.where(col < 300, State.CLEAR, state)
        valid = (row >= 0) & (row < 400) & (col >= 0) & (col < 500)
        return Raster(
            values=np.stack([np.ones_like(state), state]).astype(np.uint8),
            valid=valid, grid=grid, bands=self.bands, quantity=self.quantity,
        )  # fmt: skip


def shares(col, row, **stated):
    x, y = GRID.affine @ (col, row)
    lon, lat = to_lonlat(str(GRID.crs), np.array([x]), np.array([y]))
    site = Site(
        id="s", names=(Name(text="S", language="en"),), kind="town",
        geometry=Point(float(lon[0]), float(lat[0])), **stated,
    )  # fmt: skip
    (facts,) = site_facts(Quarters(grid=GRID), [site])
    return facts["radius_m"], facts["states"]


def test_a_site_where_the_quarters_meet_sees_each_by_its_share():
    radius, states = shares(300.5, 200.5)
    assert radius == 250.0
    assert states == pytest.approx({"clear": 50.0, "cloud": 25.0, "shadow": 25.0}, abs=1.0)


def test_what_lies_beyond_the_picture_is_not_imaged():
    assert shares(499.9, 200.5)[1]["not_imaged"] == pytest.approx(50.0, abs=1.0)
    assert shares(900.0, 200.0)[1] == {"not_imaged": 100.0}


def test_an_uncertain_site_is_looked_at_within_its_uncertainty():
    radius, states = shares(240.5, 100.5, uncertainty_m=600.0)
    assert radius == 600.0
    # The cloud begins 300 m east of the middle: a circle's part beyond half of its radius.
    expected = 100 * (np.arccos(0.5) - 0.5 * np.sqrt(0.75)) / np.pi
    assert states["cloud"] + states.get("shadow", 0) == pytest.approx(expected, abs=1.0)


def test_a_report_s_sites_count_by_the_scene_that_saw_them_best():
    grid = GeoBox((80, 120), Affine(25.0, 0, 600_000, 0, -25.0, 4_440_000), "EPSG:32638")
    cloud = np.full((80, 120), State.CLOUD, np.uint8)
    half = cloud.copy()
    half[:, :60] = State.CLEAR
    half[:, 100:] = cloud[:, 100:] = State.NOT_IMAGED
    seen = Seen(
        grid=grid,
        inside=np.ones((80, 120), bool),
        states=(cloud, half),
        told_by=("classical", "classical"),
        reasons=("", ""),
    )
    corners = to_lonlat("EPSG:32638", np.array([6e5, 6.03e5]), np.array([4.438e6, 4.44e6]))
    district = District(
        id="d", names=(Name(text="D", language="en"),),
        geometry=box(corners[0][0], corners[1][0], corners[0][1], corners[1][1]),
        source=Source(title="drawn"),
    )  # fmt: skip
    places = {"middle": (60.0, 40.0), "north": (30.0, -60.0), "east": (150.0, 40.0)}
    sites = [_site(name, grid.affine @ at) for name, at in places.items()]
    facts = {
        each["id"]: each["states"]
        for each in seen_facts(seen, ("a", "b"), district, sites)["sites"]
    }
    assert facts["middle"] == pytest.approx({"clear": 50.0, "cloud": 50.0}, abs=4.0)
    assert facts["north"] == facts["east"] == {"not_imaged": 100.0}


def _site(name, at):
    lon, lat = to_lonlat("EPSG:32638", np.array([at[0]]), np.array([at[1]]))
    return Site(
        id=name, names=(Name(text=name, language="en"),), kind="town",
        geometry=Point(float(lon[0]), float(lat[0])),
    )  # fmt: skip
