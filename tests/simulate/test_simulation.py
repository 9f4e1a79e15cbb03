from __future__ import annotations

import hashlib
import json
import shutil
import subprocess

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from satdesk.bundles.formats import open_bundle
from satdesk.core.sensor import Terrain
from satdesk.errors import UnknownNameError, UsageError
from satdesk.files.dem import open_terrain
from satdesk.simulate.scenarios import scenarios_of
from satdesk.simulate.take import dimap_images, render, shipped_world, take
from satdesk.simulate.write import simulate, simulate_all


@pytest.fixture(scope="module")
def simulation(tmp_path_factory):
    return simulate_all("test", tmp_path_factory.mktemp("simulated") / "out")


def pixels(shape, count=300):
    chance = np.random.default_rng(8)
    return chance.uniform(0, shape[1], count), chance.uniform(0, shape[0], count)


def test_the_reader_finds_nothing_wrong(simulation):
    for truth in simulation.truths:
        scene = open_bundle(truth.bundle)
        assert scene.problems == ()
        assert scene.simulated
        assert scene.mission == "SIMULATED"
        assert scene.credit == "SIMULATED by satdesk; no camera took this picture"
        assert scene.acquisition.instant == truth.scenario.instant
        assert [image.id for image in scene.images] == ["pan", "ms"]
        assert [b.name for b in scene.image("ms").bands] == ["R", "G", "B", "NIR"]
        assert scene.image("ms").calibration[2].irradiance == 1970.0
        assert (scene.image("pan").nodata, scene.image("pan").saturated) == (0, 4095)
        assert scene.image("pan").native_gsd_m == pytest.approx(2.1, abs=0.15)


@pytest.mark.parametrize("image_id", ["pan", "ms"])
def test_the_written_rpc_puts_every_pixel_where_the_truth_says(simulation, image_id):
    for truth in simulation.truths:
        image = open_bundle(truth.bundle).image(image_id)
        col, row = pixels(tuple(image.grid.shape))
        found = image.model.project(*truth.ground(image_id, col, row))
        assert np.hypot(found[0] - col, found[1] - row).max() < 1e-3


def test_the_angles_read_back_are_those_of_the_ray(simulation):
    for truth in simulation.truths:
        center = open_bundle(truth.bundle).center
        attitude = truth.scenario.attitude
        off_nadir = np.degrees(
            np.arccos(
                np.cos(np.radians(attitude.roll_deg)) * np.cos(np.radians(attitude.pitch_deg))
            )
        )
        assert center.viewing_deg == pytest.approx(off_nadir, abs=1e-3)
        # Where the satellite stands, from two points of one ray.
        camera = truth.camera("pan")
        rows, cols = truth.scenario.pan_shape
        col, row = np.full(2, cols / 2), np.full(2, rows / 2)
        lon, lat = camera.locate(col, row, np.array([1000.0, 3000.0]))
        east = (lon[1] - lon[0]) * np.cos(np.radians(lat[0]))
        towards = np.degrees(np.arctan2(east, lat[1] - lat[0])) % 360
        assert center.view_azimuth_deg == pytest.approx(towards, abs=0.2)


def test_the_dem_is_the_ground(simulation):
    terrain = open_terrain([simulation.dem], vertical=None).terrain
    truth = simulation.truths[0]
    assert isinstance(truth.world.relief, Terrain)
    lon, lat, height = truth.ground("pan", *pixels((400, 480)))
    np.testing.assert_allclose(terrain.height(lon, lat), height, atol=2e-3)


def test_a_ray_of_the_truth_meets_no_ground_before_its_end(simulation):
    truth = simulation.truths[1]
    col, row = pixels((400, 480), 100)
    _, _, end = truth.ground("pan", col, row)
    for above in (2.0, 10.0, 40.0, 160.0):
        lon, lat = truth.camera("pan").locate(col, row, end + above)
        assert (truth.world.relief.height(lon, lat) < end + above + 0.05).all()


def test_the_pixels_show_the_mark_and_memory_alone_goes_without(simulation):
    scenario = simulation.truths[0].scenario
    world = simulation.truths[0].world
    with_mark, without = take(scenario, world, 1), render(scenario)
    ratio = with_mark.pan[0] / without.pan[0]
    assert np.percentile(ratio, 99) > 1.12
    for corner in (ratio[:200, :200], ratio[-200:, -200:]):
        assert corner.std() > 0.03
    assert (with_mark.ms[0] / without.ms[0]).std() > 0.02
    with pytest.raises(UsageError, match="without the mark"):
        dimap_images(without.shot)


def test_pan_and_ms_agree_on_the_ground(simulation):
    truth = simulation.truths[0]
    picture, relief = take(truth.scenario, truth.world, 1), truth.world.relief
    x, y = np.meshgrid(np.arange(100, 500, 1.5), np.arange(900, 640, -1.5))
    lon, lat = relief.plane.to_lonlat(x, y)
    height = relief.height(lon, lat)
    pan = _sampled(picture.pan[0], picture.pan_rpc.model.project(lon, lat, height))
    place = picture.ms_rpc.model.project(lon, lat, height)
    ms = np.stack([_sampled(band, place) for band in picture.ms[:3]])
    smooth = gaussian_filter(pan, 2.6)
    fit = np.stack([*(band.ravel() for band in ms), np.ones(pan.size)], axis=1)
    weights = np.linalg.lstsq(fit, smooth.ravel(), rcond=None)[0]
    guess = (fit @ weights).reshape(pan.shape)
    inner = np.s_[20:-20, 20:-20]
    down, right = np.gradient(guess)
    slopes = np.stack([right[inner].ravel(), down[inner].ravel()], axis=1)
    shift = np.linalg.lstsq(slopes, (guess - smooth)[inner].ravel(), rcond=None)[0]
    assert abs(shift).max() < 0.15
    assert np.var((smooth - guess)[inner]) < 0.05 * np.var(smooth[inner])


def test_what_changes_is_told_and_lies_inside_the_picture(simulation):
    collection = json.loads(simulation.changes.read_text())
    kinds = [(f["properties"]["what"], f["properties"]["change"]) for f in collection["features"]]
    assert kinds.count(("building", "appears")) == 15
    assert kinds.count(("building", "vanishes")) > 3
    assert kinds.count(("road", "appears")) == 1
    camera = simulation.truths[0].camera("pan")
    seen = 0
    for feature in collection["features"]:
        if feature["properties"]["what"] == "building":
            lon, lat = np.array(feature["geometry"]["coordinates"][0]).T
            height = simulation.truths[0].world.relief.height(lon, lat)
            seen += bool(np.isfinite(camera.project(lon, lat, height)[0]).all())
    assert seen > 5


def test_the_same_seed_gives_the_same_bytes(simulation, tmp_path):
    first = simulation.truths[0]
    shipped_world.cache_clear()
    again = simulate(first.scenario, tmp_path)
    assert _digests(again.bundle) == _digests(first.bundle)


def test_another_seed_gives_another_picture(simulation):
    first = simulation.truths[0]
    other = take(first.scenario, first.world, 2)
    same = take(first.scenario, first.world, 1)
    assert (other.pan != same.pan).any()


def test_the_residual_of_the_rpc_is_reported(simulation):
    for truth in simulation.truths:
        path = simulation.folder / f"truth_{truth.scenario.name}.json"
        stated = json.loads(path.read_text(encoding="utf-8"))["rpc_residual_px"]
        for image_id in ("pan", "ms"):
            image, camera = open_bundle(truth.bundle).image(image_id), truth.camera(image_id)
            rows, cols = camera.shape
            col, row = pixels((rows, cols))
            height = np.random.default_rng(9).uniform(1300, 2300, len(col))
            found = image.model.project(*camera.locate(col, row, height), height)
            off = np.hypot(found[0] - col, found[1] - row).max()
            # Written with fifteen digits, so that a billionth of a pixel comes on top.
            assert off < 1.5 * stated[image_id]["worst"] + 1e-6
            assert stated[image_id]["rms"] <= stated[image_id]["worst"] < 0.01


@pytest.mark.oracle
@pytest.mark.skipif(shutil.which("gdalinfo") is None, reason="gdalinfo is not installed")
@pytest.mark.parametrize(("kind", "bands"), [("P", 1), ("MS", 4)])
def test_gdals_own_dimap_driver_opens_it(simulation, kind, bands):
    (document,) = simulation.truths[0].bundle.glob(f"IMG_*_{kind}_*/DIM_*.XML")
    words = ["gdalinfo", "-json", "-checksum", str(document)]
    facts = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    assert facts["driverShortName"] == "DIMAP"
    shape = simulation.truths[0].camera(kind.replace("P", "pan").lower()).shape
    assert facts["size"] == [shape[1], shape[0]]
    assert len(facts["bands"]) == bands
    assert all(band["checksum"] > 0 for band in facts["bands"])
    assert facts["metadata"][""]["MISSION"] == "SIMULATED"
    assert {"LINE_OFF", "SAMP_NUM_COEFF"} <= facts["metadata"]["RPC"].keys()


def test_a_delivery_carries_no_providers_copyright(simulation):
    for path in simulation.truths[0].bundle.rglob("*.XML"):
        text = path.read_text(encoding="utf-8").lower()
        assert "simulated" in text
        for owner in ("airbus", "cnes", "spot image", "azercosmos", "azersky", "©", "(c)"):
            assert owner not in text


def test_an_unknown_scenario_is_named():
    with pytest.raises(UnknownNameError, match="demo"):
        scenarios_of("denmo")


def _sampled(plane, place):
    from scipy.ndimage import map_coordinates  # noqa: PLC0415 - one use

    return map_coordinates(plane.astype(float), [place[1] - 0.5, place[0] - 0.5], order=3)


def _digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
