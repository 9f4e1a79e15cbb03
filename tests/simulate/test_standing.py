from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from satdesk.files.dem import open_terrain
from satdesk.simulate.camera import Attitude
from satdesk.simulate.cases import CASES
from satdesk.simulate.heights import write_surface
from satdesk.simulate.landscape import Landscape
from satdesk.simulate.plane import Plane
from satdesk.simulate.relief import Relief
from satdesk.simulate.settle import Building
from satdesk.simulate.standing import GROUND, ROOF, WALLS, entered, solid, surface_of
from satdesk.simulate.take import aimed, demo_world, take, world_of

HOUSE = Building(x=0.0, y=0.0, length_m=20, width_m=10, angle=0.0, height_m=8, roof=1)
FLAT = Relief(
    plane=Plane(lon_deg=46.13, lat_deg=40.2),
    heights=np.full((881, 881), 100.0),
    flow=np.zeros((441, 441)),
    range_m=(80.0, 140.0),
    steepest=0.01,
)


def entry(x, y, lean=(0.5, 0.0)):
    """What a ray meets that passes x, y at the height of the roof and leans by `lean`."""
    x, y = np.array([x], float), np.array([y], float)
    return entered(solid(HOUSE, FLAT), x, y, (np.array([lean[0]]), np.array([lean[1]])))


def test_a_ray_meets_roof_wall_or_ground():
    assert entry(0, 0).face == ROOF
    assert entry(0, 0).height == pytest.approx(108)
    # It goes east by half a metre for each metre down: from 2 m before the western wall, 4 m down.
    met = entry(-12, 0)
    assert met.face == WALLS[1]
    assert met.height == pytest.approx(104)
    # From 5 m before it, it reaches the ground first.
    assert entry(-15, 0).face == GROUND
    # Behind the house nothing is met; beside it nothing either.
    assert entry(11, 0).face == GROUND
    assert entry(0, 6).face == GROUND


def test_a_ray_straight_down_meets_what_lies_under_it():
    assert entry(9.9, 4.9, (0.0, 0.0)).face == ROOF
    assert entry(10.1, 0.0, (0.0, 0.0)).face == GROUND


@pytest.mark.parametrize("side", [-1, 1])
def test_the_long_walls_are_told_apart(side):
    met = entry(0, -6.0 * side, (0.0, 0.5 * side))
    assert met.face == WALLS[3 if side > 0 else 2]


def test_a_turned_house_is_met_in_its_own_axes():
    turned = solid(replace(HOUSE, angle=np.pi / 2), FLAT)
    zero = np.zeros(1)
    assert entered(turned, zero, np.array([9.0]), (zero, zero)).face == ROOF
    assert entered(turned, np.array([9.0]), zero, (zero, zero)).face == GROUND


def looking(roll):
    return replace(
        CASES[0],
        name="house",
        landscape=Landscape.PLAIN,
        attitude=Attitude(roll_deg=roll),
        pan_shape=(320, 320),
        middle_m=(0.0, 0.0),
    )


def alone(scenario, buildings):
    """A shot of a world in which nothing stands but some buildings."""
    world = world_of(scenario, 1)
    world = replace(world, lasting=buildings, lost=(), new=())
    return world, aimed(scenario, world, 1)


@pytest.mark.parametrize("roll", [-25.0, 25.0])
def test_a_house_leans_away_from_the_camera(roll):
    tall = Building(x=0, y=0, length_m=30, width_m=30, angle=0, height_m=30, roof=3)
    scenario = looking(roll)
    world, shot = alone(scenario, (tall,))
    empty, _ = alone(scenario, ())
    with_house = take(scenario, world, 1, mark=False).pan[0].astype(float)
    without = take(scenario, empty, 1, mark=False).pan[0].astype(float)
    camera, plane = shot.cameras.pan, world.relief.plane
    box = solid(tall, world.relief)
    lon, lat = plane.to_lonlat(np.zeros(2), np.zeros(2))
    col, row = camera.project(lon, lat, np.array([box.base_m, box.top_m]))
    # The roof is imaged where its height puts it, metres away from its foot.
    lean = np.hypot(col[1] - col[0], row[1] - row[0])
    assert lean * 1.5 == pytest.approx(30 * np.tan(np.radians(25)), rel=0.15)
    change = gaussian_filter(np.abs(with_house - without), 1)
    bright = with_house - without > 0.3 * (with_house - without).max()
    there = np.argwhere(bright).mean(axis=0) + 0.5
    assert np.hypot(there[0] - row[1], there[1] - col[1]) < 2.5
    assert change[:40].max() < 0.2 * change.max()


def test_hidden_ground_is_told_by_the_surface_and_not_by_the_ground():
    tall = Building(x=0, y=0, length_m=30, width_m=30, angle=0, height_m=30, roof=3)
    world, shot = alone(looking(25.0), (tall,))
    camera, boxes = shot.cameras.pan, (solid(tall, world.relief),)
    col, row = np.meshgrid(np.arange(120.5, 200), np.arange(120.5, 200))
    lon, lat, height, face = surface_of(camera, world.relief, boxes, col, row)
    # The roof fills as many pixels as its area has of a pixel's ground at its height.
    corner = camera.locate([160.0, 161, 160], [160.0, 160, 161], np.full(3, boxes[0].top_m))
    east, north = world.relief.plane.from_lonlat(*corner)
    pixel = abs(
        (east[1] - east[0]) * (north[2] - north[0]) - (east[2] - east[0]) * (north[1] - north[0])
    )
    assert (face == ROOF).sum() == pytest.approx(900 / pixel, rel=0.05)
    assert np.isin(face, WALLS).sum() > 100
    np.testing.assert_allclose(height[face == ROOF], boxes[0].top_m)
    back = camera.project(lon, lat, height)
    np.testing.assert_allclose(back, [col, row], atol=1e-5)
    x, y = world.relief.plane.from_lonlat(lon[face == ROOF], lat[face == ROOF])
    assert boxes[0].covers(x, y).all()
    ground = world.relief.height(lon[face == GROUND], lat[face == GROUND])
    np.testing.assert_allclose(height[face == GROUND], ground, atol=2e-3)


def test_a_shadow_is_as_long_as_the_sun_makes_it():
    tall = Building(x=0, y=0, length_m=30, width_m=30, angle=0, height_m=30, roof=3)
    scenario = looking(0.0)
    world, shot = alone(scenario, (tall,))
    empty, _ = alone(scenario, ())
    change = (
        take(scenario, world, 1, mark=False).pan[0] / take(scenario, empty, 1, mark=False).pan[0]
    )
    east, north = shot.exposure.sun.towards
    out = np.array([0.6, 0.9, 1.3])
    # Along the middle of the shadow, from the house's middle: its far corner adds to the length.
    reach = 30 * np.hypot(east, north)
    unit = np.array([-east, -north]) / np.hypot(east, north)
    edge = 15 / max(abs(unit))
    place = unit[:, None] * (edge + out * reach)
    lon, lat = world.relief.plane.to_lonlat(*place)
    col, row = shot.cameras.pan.project(lon, lat, world.relief.at(*place))
    shade = change[row.astype(int), col.astype(int)]
    assert (shade[:2] < 0.6).all()
    assert shade[2] == pytest.approx(1, abs=0.15)


def test_the_surface_model_is_the_dem_with_roofs(tmp_path):
    world = demo_world(1)
    write_surface(world.relief, world.lasting, tmp_path / "dsm.tif")
    surface = open_terrain([tmp_path / "dsm.tif"], vertical=None).terrain
    house = world.lasting[0]
    lon, lat = world.relief.plane.to_lonlat(np.array([house.x]), np.array([house.y]))
    assert surface.height(lon, lat)[0] == pytest.approx(solid(house, world.relief).top_m, abs=0.01)
    x, y = np.meshgrid(np.arange(-900.0, -500, 13), np.arange(-900.0, -500, 13))
    lon, lat = world.relief.plane.to_lonlat(x, y)
    np.testing.assert_allclose(surface.height(lon, lat), world.relief.at(x, y), atol=2e-3)
