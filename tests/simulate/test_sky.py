from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import rasterio
from scipy.ndimage import gaussian_filter, shift

from satdesk.bundles.formats import open_bundle
from satdesk.errors import UsageError
from satdesk.simulate.camera import Attitude
from satdesk.simulate.cases import CASES
from satdesk.simulate.render import CLOUD, CLOUD_SHADOW
from satdesk.simulate.sky import CLOUD_DEPTH, Clouds, Haze, Sheet, Sky, cloud_light, sheet
from satdesk.simulate.take import aimed, render, take, world_of
from satdesk.simulate.variation import Variation
from satdesk.simulate.write import simulate_pictures

BASE = replace(CASES[0], name="sky", pan_shape=(640, 640))
CLOUDY = replace(BASE, sky=Sky(clouds=Clouds(share=0.2)))


@pytest.fixture(scope="module")
def clear():
    return render(BASE)


@pytest.fixture(scope="module")
def cloudy():
    return render(CLOUDY)


@pytest.mark.parametrize("share", [0.05, 0.2, 0.7, 1.0])
def test_clouds_hide_the_share_that_is_wanted(share):
    x, y = np.array([0.0, 9000, 9000, 0]), np.array([9000.0, 9000, 0, 0])
    found = sheet(Clouds(share=share), 4000.0, (x, y), 3)
    across = np.linspace(20, 8980, 200)
    depth = found.depth(*np.meshgrid(across, across), np.zeros(1))
    assert np.mean(depth >= CLOUD_DEPTH) == pytest.approx(share, abs=0.02)
    assert depth.max() <= found.clouds.thickest


def test_the_wind_carries_clouds():
    clouds = Clouds(share=0.3, wind_m_s=(12.0, -5.0))
    cover = Sheet(clouds=clouds, height_m=4000.0, level=0.5, seed=4)
    x, y = np.meshgrid(np.arange(0, 900.0, 7), np.arange(0, 900.0, 7))
    now = cover.depth(x, y, np.zeros(1))
    later = cover.depth(x + 120.0, y - 50.0, np.full(1, 10.0))
    np.testing.assert_allclose(later, now, rtol=1e-3)
    assert np.abs(cover.depth(x, y, np.full(1, 10.0)) - now).max() > 1


def test_thick_clouds_hide_and_thin_ones_hardly():
    depth = np.array([0.0, 0.1, 30.0], np.float32)
    ground, through, own = cloud_light(np.full(3, 0.2, np.float32), depth, depth, 0.8)
    assert (ground[0], through[0], own[0]) == (np.float32(0.2), 1, 0)
    assert through[1] > 0.9
    assert own[1] < 0.02
    assert through[2] < 1e-3
    assert own[2] > 0.6
    assert 0.05 < ground[2] < 0.1


def test_the_masks_say_where_the_picture_differs(clear, cloudy):
    cloud, shadow = cloudy.pan_mask & CLOUD > 0, cloudy.pan_mask & CLOUD_SHADOW > 0
    assert cloud.mean() == pytest.approx(0.2, abs=0.03)
    assert shadow.mean() > 0.05
    assert not (clear.pan_mask & (CLOUD | CLOUD_SHADOW)).any()
    change = cloudy.pan[0] / clear.pan[0]
    # Half of this cloud is thin: where it is thick it is white, and nowhere it goes unseen.
    assert np.median(change[cloud]) > 1.2
    assert np.percentile(change[cloud], 75) > 2
    assert np.median(change[shadow & ~cloud]) < 0.8
    free = change[~cloud & ~shadow]
    # Thinner clouds and their shadows lie outside the masks: an eighth is what they may change.
    assert abs(np.median(free) - 1) < 0.125
    assert np.percentile(free, 2) > 0.75
    small = cloudy.ms_mask & CLOUD > 0
    assert np.mean(small != cloud[2::4, 2::4]) < 0.03


def test_a_shadow_lies_where_the_sun_puts_it():
    shot = aimed(CLOUDY, world_of(CLOUDY, 1), 1)
    exposure, clouds = shot.exposure, shot.exposure.clouds
    relief = exposure.world.relief
    x, y = np.meshgrid(np.arange(200, 1000.0, 9), np.arange(-400, 400.0, 9))
    height = relief.at(x, y)
    rise = clouds.height_m - height
    azimuth, elevation = np.radians([exposure.sun.azimuth_deg, exposure.sun.elevation_deg])
    away = rise / np.tan(elevation)
    expected = clouds.depth(x + away * np.sin(azimuth), y + away * np.cos(azimuth), np.zeros(1))
    picture = take(CLOUDY, exposure.world, 1)
    lon, lat = relief.plane.to_lonlat(x, y)
    col, row = shot.cameras.pan.project(lon, lat, height)
    inside = (col > 2) & (col < 638) & (row > 2) & (row < 638)
    mask = picture.pan_mask[row[inside].astype(int), col[inside].astype(int)] & CLOUD_SHADOW > 0
    assert np.mean(mask == (expected[inside] >= CLOUD_DEPTH)) > 0.97


def test_bands_see_high_clouds_apart_and_the_ground_not(clear):
    # Red and infrared look 1.5 mrad apart along the track.
    still = Sky(clouds=Clouds(share=0.5, above_m=6000.0, thickest=6.0, wind_m_s=(0.0, 0.0)))
    picture = render(replace(BASE, sky=still))
    # 6000 m × 1.5 mrad × about 1.1 = 10 m: 1.6 MS pixels along the flight.
    cloud = _apart(picture.ms[0], picture.ms[3], picture.ms_mask & CLOUD > 0)
    assert abs(cloud) == pytest.approx(1.6, abs=0.3)
    ground = _apart(clear.ms[0], clear.ms[1], np.ones(clear.ms_mask.shape, bool))
    assert abs(ground) < 0.15


def _apart(fixed, moving, used):
    """Rows by which one band lies off another: the shift at which they correlate best."""
    one, other = (np.log(band.astype(float)) for band in (fixed, moving))
    inner = gaussian_filter(used.astype(float), 2) > 0.9
    inner[:8] = inner[-8:] = False
    candidates = np.arange(-4, 4.01, 0.1)
    scores = [
        np.corrcoef(one[inner], shift(other, (-rows, 0), order=3, mode="nearest")[inner])[0, 1]
        for rows in candidates
    ]
    return candidates[int(np.argmax(scores))]


def test_the_mark_is_readable_on_clouds_and_in_haze():
    for sky in (Sky(clouds=Clouds(share=1.0)), Sky(haze=Haze(depth=0.8))):
        scenario = replace(BASE, sky=sky)
        world = world_of(scenario, 1)
        ratio = take(scenario, world, 1).pan[0] / take(scenario, world, 1, mark=False).pan[0]
        for corner in (ratio[:200, :200], ratio[-200:, -200:]):
            assert corner.std() > 0.03


def test_haze_lifts_the_dark_and_lowers_the_contrast(clear):
    hazy = render(replace(BASE, sky=Sky(haze=Haze(depth=0.4))))
    assert np.percentile(hazy.pan, 1) > 1.3 * np.percentile(clear.pan, 1)
    assert hazy.pan.std() < 0.95 * clear.pan.std()
    blue, infrared = (hazy.ms[i].mean() / clear.ms[i].mean() for i in (2, 3))
    assert blue > infrared


def test_impossible_weather_is_refused():
    with pytest.raises(UsageError, match="share"):
        Clouds(share=1.4)
    with pytest.raises(UsageError, match="higher"):
        Clouds(share=0.2, above_m=100.0)


def test_a_variation_brings_weather_and_takes_it_away():
    brought = Variation(cloud_share=0.3, cloud_height_m=4000.0, haze=0.2).applied(BASE)
    assert brought.sky == Sky(clouds=Clouds(share=0.3, above_m=4000.0), haze=Haze(depth=0.2))
    assert Variation(cloud_share=0.0, haze=0.0).applied(brought).sky == Sky()
    assert Variation().applied(brought).sky == brought.sky


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_cloudy_bundle_has_masks_beside_it_and_in_it(tmp_path):
    made = simulate_pictures((replace(CLOUDY, attitude=Attitude(roll_deg=12.0)),), tmp_path / "out")
    scene = open_bundle(made.truths[0].bundle)
    assert scene.problems == ()
    assert {(mask.kind, mask.image_id) for mask in scene.masks} == {
        ("cloud", "pan"),
        ("cloud", "ms"),
    }
    for name, shape in (("pan", (640, 640)), ("ms", (160, 160))):
        path = tmp_path / "out" / f"truth_sky_{name}_mask.tif"
        with rasterio.open(path) as file:
            mask = file.read(1)
        assert mask.shape == shape
        assert (mask & CLOUD > 0).mean() == pytest.approx(0.2, abs=0.03)
        listed = next(mask for mask in scene.masks if mask.image_id == name)
        assert listed.features >= 1
