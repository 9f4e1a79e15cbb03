from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from satdesk.errors import UsageError
from satdesk.files.dem import open_terrain
from satdesk.simulate.erosion import eroded
from satdesk.simulate.light import illumination, lit_share
from satdesk.simulate.mark import PERIOD_M, marked
from satdesk.simulate.noise import noise
from satdesk.simulate.plane import Plane
from satdesk.simulate.relief import HALF_M, NODE_M, Relief
from satdesk.simulate.scenarios import PLANE, SCENARIOS
from satdesk.simulate.scene_map import draw_map
from satdesk.simulate.sun import Sun, sun_at
from satdesk.simulate.take import demo_world
from satdesk.simulate.world import State

NAMED_SITES = {
    "Khudavang": (46.28836, 40.16173),
    "Ganjasar": (46.53057, 40.05734),
    "Istisu": (45.96062, 39.94628),
    "Kalbajar": (46.04446, 40.10984),
}
SUN = Sun(elevation_deg=30.0, azimuth_deg=180.0, distance_au=1.0)


@pytest.fixture(scope="module")
def world():
    return demo_world(1)


def axes(west, north, cols, rows, step=1.5):
    return west + step * np.arange(cols), north - step * np.arange(rows)


def test_noise_is_fixed_to_the_ground():
    whole = noise(axes(-90, 60, 200, 150), 11.0, 4)
    part = noise(axes(-90 + 30 * 1.5, 60 - 20 * 1.5, 100, 80), 11.0, 4)
    np.testing.assert_array_equal(part, whole[20:100, 30:130])


def test_noise_has_the_spread_that_it_promises():
    field = noise(axes(0, 0, 900, 900), 6.0, 9)
    assert abs(field.mean()) < 0.05
    assert field.std() == pytest.approx(1, abs=0.05)


def test_the_plane_goes_both_ways():
    plane = Plane(lon_deg=46.13, lat_deg=40.2)
    lon, lat = plane.to_lonlat(np.array([500.0]), np.array([-900.0]))
    np.testing.assert_allclose(plane.from_lonlat(lon, lat), [[500.0], [-900.0]], atol=1e-8)
    # A degree of longitude and of latitude there, after the ellipsoid's radii of curvature.
    np.testing.assert_allclose(plane.metres_a_degree, [85_138, 111_039], rtol=3e-4)


def test_water_runs_downhill_to_the_edge_after_erosion():
    bowl = np.add.outer(np.linspace(-1, 1, 40) ** 2, np.linspace(-1, 1, 50) ** 2) * 100
    heights, drainage = eroded(bowl, 16.0, 0.05, 4)
    receiver = drainage.receiver
    moves = receiver != np.arange(receiver.size)
    assert (heights.ravel()[receiver] <= heights.ravel() + 1e-9).all()
    inner = np.zeros(bowl.shape, bool)
    inner[1:-1, 1:-1] = True
    assert (moves == inner.ravel()).all()
    outlets = ~moves
    assert drainage.area_m2[outlets].sum() == pytest.approx(bowl.size * 256)


def test_the_world_follows_the_real_terrain_on_the_whole(world):
    x, y = np.meshgrid(*world.relief.axes)
    lon, lat = world.relief.plane.to_lonlat(x, y)
    from importlib import resources  # noqa: PLC0415 - one use

    shipped = resources.files("satdesk") / "data" / "terrain_kalbajar.tif"
    with resources.as_file(shipped) as path:
        base = open_terrain([path], vertical=None).terrain.height(lon, lat)
    difference = world.relief.heights - base
    assert abs(difference.mean()) < 60
    assert difference.std() < 110


def test_heights_between_nodes_are_bilinear(world):
    x, y = world.relief.axes
    corners = world.relief.heights[100:102, 200:202]
    middle = world.relief.at(np.array(x[200] + NODE_M / 2), np.array(y[100] - NODE_M / 2))
    assert middle == pytest.approx(corners.mean())
    assert np.isnan(world.relief.at(np.array(HALF_M + 10), np.array(0.0)))


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_invented_stands_near_a_real_named_site(seed):
    for hamlet in demo_world(seed).hamlets:
        for lon, lat in NAMED_SITES.values():
            x, y = PLANE.from_lonlat(np.array(lon), np.array(lat))
            assert np.hypot(hamlet.x - x, hamlet.y - y) > 3000 + hamlet.radius_m
        assert "simulated" in hamlet.name.lower()


def test_before_and_after_are_one_world_with_one_change(world):
    before, after = (set(map(repr, world.buildings(State(changed=c)))) for c in (False, True))
    assert len(before & after) == len(world.lasting) > 10
    assert len(before - after) == len(world.lost) > 3
    assert len(after - before) == len(world.new) == 15
    assert len(world.roads(State(changed=True))) == len(world.roads(State())) + 1


def test_a_map_is_the_same_in_every_window(world):
    sun = sun_at(SCENARIOS["test"][0].instant, 46.13, 40.2)
    wide = draw_map(world, State(), sun, (0, 0, 360, 300))
    part = draw_map(world, State(), sun, (120, 60, 300, 240))
    col, row = round((120 - wide.west) / 1.5), round((wide.north - 240) / 1.5)
    # Noise is equal to the bit; slopes of what stands on the ground end at a window's edge.
    inner = np.s_[2:-2, 2:-2]
    np.testing.assert_allclose(
        part.pan[inner], wide.pan[row : row + 120, col : col + 120][inner], rtol=1e-4
    )


def test_reflectance_is_plausible(world):
    sun = sun_at(SCENARIOS["test"][0].instant, 46.13, 40.2)
    scene = draw_map(world, State(), sun, (0, 500, 360, 860))
    assert scene.pan.min() > 0
    assert scene.pan.max() < 1.3
    blue, _, red, nir = scene.bands.reshape(4, -1).mean(axis=1)
    assert nir > 1.5 * red > 1.5 * blue * 0.9


def test_a_block_throws_a_shadow_as_long_as_the_sun_is_low():
    heights = np.zeros((101, 41))
    heights[60:68, :] = 60.0  # a block: far steps are as long as a block is deep
    relief = Relief(
        plane=PLANE, heights=heights, flow=np.zeros((50, 20)), range_m=(0, 60), steepest=8.0
    )
    lit = lit_share(relief, SUN)
    # The sun stands in the south at 30°: 60 m throw 104 m, thirteen nodes, to the north;
    # steps grow by 13 %, and the tip may be short by one of them.
    shaded = np.flatnonzero(lit[:60, 20] < 0.5)
    assert shaded.max() == 59
    assert shaded.min() == pytest.approx(60 - 60 / np.tan(np.radians(30)) / NODE_M, abs=2.1)
    assert lit[80, 20] == 1


def test_a_slope_towards_the_sun_is_brighter():
    flat, facing = np.zeros((1, 2)), np.array([[0.0, 0.4]])
    direct, diffuse = illumination((flat, facing), np.ones((1, 2)), SUN)
    assert direct[0, 0] == pytest.approx(1, rel=1e-6)
    # Rising to the north is facing south, where the sun stands.
    expected = np.cos(np.radians(60 - np.degrees(np.arctan(0.4)))) / np.sin(np.radians(30))
    assert direct[0, 1] == pytest.approx(expected, rel=1e-5)
    assert diffuse[0, 1] < diffuse[0, 0]


@pytest.mark.parametrize(
    ("instant", "lon", "lat", "elevation"),
    [
        # At the solstice's noon the sun stands at 90° − latitude + 23.44°.
        (datetime(2018, 6, 21, 12, 1, 47, tzinfo=UTC), 0.0, 40.0, 73.43),
        (datetime(2018, 12, 21, 11, 58, 0, tzinfo=UTC), 0.0, 40.0, 26.57),
    ],
)
def test_the_sun_at_noon(instant, lon, lat, elevation):
    sun = sun_at(instant, lon, lat)
    assert sun.elevation_deg == pytest.approx(elevation, abs=0.02)
    assert sun.azimuth_deg == pytest.approx(180, abs=0.5)


def test_the_sun_is_near_in_january_and_far_in_july():
    near = sun_at(datetime(2018, 1, 3, 6, tzinfo=UTC), 0, 0).distance_au
    far = sun_at(datetime(2018, 7, 6, 17, tzinfo=UTC), 0, 0).distance_au
    assert near == pytest.approx(0.98328, abs=1e-4)
    assert far == pytest.approx(1.01670, abs=1e-4)


def test_the_mark_is_in_every_crop_and_on_every_ground():
    x, y = np.meshgrid(np.arange(0, PERIOD_M, 1.5), -np.arange(0, PERIOD_M, 1.5))
    for ground in (0.02, 0.2, 0.7):
        grey = np.full(x.shape, ground)
        strength = marked(grey, x, y, 2.0) / ground
        assert strength.max() > 1.15
        assert strength.min() < 0.92
        # Half a period is enough to hold part of the word.
        for part in (strength[:120, :120], strength[120:, 60:180]):
            assert part.std() > 0.02


def test_a_picture_beyond_the_world_is_refused(world):
    from dataclasses import replace  # noqa: PLC0415 - one use

    from satdesk.simulate.take import take  # noqa: PLC0415 - one use

    outside = replace(SCENARIOS["test"][0], middle_m=(HALF_M - 50, 0.0), pan_shape=(200, 200))
    with pytest.raises(UsageError, match="beyond the world"):
        take(outside, world, 1)
