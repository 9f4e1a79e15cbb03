from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from satdesk.bundles.formats import open_bundle
from satdesk.cli.app import run
from satdesk.errors import UsageError
from satdesk.files.dem import open_terrain
from satdesk.simulate.bias import RpcBias
from satdesk.simulate.camera import Attitude
from satdesk.simulate.cases import CASES
from satdesk.simulate.heights import DemKind, write_dem
from satdesk.simulate.landscape import Landscape
from satdesk.simulate.rpcfit import fit_rpc
from satdesk.simulate.scenarios import SCENARIOS
from satdesk.simulate.season import Season
from satdesk.simulate.take import cameras_of, demo_world, world_of
from satdesk.simulate.variation import Variation
from satdesk.simulate.write import simulate_pictures

BY_NAME = {case.name: case for case in CASES}


def test_every_case_is_a_scenario_and_has_a_name_of_its_own():
    assert len(BY_NAME) == len(CASES)
    for case in CASES:
        assert SCENARIOS[case.name] == (case,)


@pytest.mark.parametrize(
    ("landscape", "low", "high"), [("plain", 1, 12), ("gentle", 60, 250), ("mountain", 700, 2500)]
)
def test_landscapes_are_one_relief_of_other_heights(landscape, low, high):
    world = world_of(replace(CASES[0], landscape=Landscape(landscape)), 1)
    mountain = demo_world(1).relief.heights
    assert low < np.ptp(world.relief.heights) < high
    assert world.relief.heights.mean() == pytest.approx(mountain.mean(), abs=1e-6)
    correlation = np.corrcoef(world.relief.heights.ravel(), mountain.ravel())[0, 1]
    assert correlation == pytest.approx(1)


@pytest.mark.parametrize(("name", "scale"), [("pan", 1.0), ("ms", 0.25)])
def test_a_bias_moves_the_rpc_and_leaves_the_truth(name, scale):
    case = BY_NAME["rpc_drift"]
    cameras = cameras_of(case, world_of(case, 1))
    camera = getattr(cameras, name)
    fitted = fit_rpc(case.rpc_bias.applied(camera, scale), camera.shape, cameras.heights_m)
    assert fitted.worst_px < 1e-3
    rows, cols = camera.shape
    col, row = np.array([5.0, cols / 2, cols - 5.0]), np.array([0.0, rows / 2, rows])
    ground = (*camera.locate(col, row, np.full(3, 1900.0)), np.full(3, 1900.0))
    moved = fitted.model.project(*ground)
    bias = case.rpc_bias
    share = np.array([-0.5, 0.0, 0.5])
    np.testing.assert_allclose(
        moved[0] - col, scale * (bias.col_px + share * bias.col_drift_px), atol=2e-3
    )
    np.testing.assert_allclose(
        moved[1] - row, scale * (bias.row_px + share * bias.row_drift_px), atol=2e-3
    )
    assert RpcBias().applied(camera) is camera


def test_a_wrong_datum_is_wrong_by_the_undulation(tmp_path):
    relief = demo_world(1).relief
    write_dem(relief, tmp_path / "wrong.tif", DemKind(wrong_datum=True))
    terrain = open_terrain([tmp_path / "wrong.tif"], vertical=None).terrain
    lon, lat = np.array([46.13, 46.14]), np.array([40.2, 40.19])
    np.testing.assert_allclose(terrain.height(lon, lat) - relief.height(lon, lat), 17.4, atol=0.2)


@pytest.mark.parametrize(("spacing", "low", "high"), [(30.0, 0.5, 8.0), (900.0, 20.0, 150.0)])
def test_a_coarser_dem_is_the_same_ground_with_less_in_it(tmp_path, spacing, low, high):
    relief = demo_world(1).relief
    kind = DemKind(spacing_m=spacing)
    write_dem(relief, tmp_path / kind.file_name, kind)
    terrain = open_terrain([tmp_path / kind.file_name], vertical=None).terrain
    x, y = np.meshgrid(np.arange(-2000.0, 2000, 37), np.arange(-2000.0, 2000, 37))
    lon, lat = relief.plane.to_lonlat(x, y)
    difference = terrain.height(lon, lat) - relief.at(x, y)
    assert low < difference.std() < high
    assert abs(difference.mean()) < 0.2 * high


def test_a_spacing_that_makes_no_sense_is_refused():
    with pytest.raises(UsageError, match="spacing"):
        DemKind(spacing_m=2.0)


def test_the_camera_does_not_look_further_than_thirty_degrees_aside():
    with pytest.raises(UsageError, match="aside"):
        replace(CASES[0], attitude=Attitude(roll_deg=31.0))
    with pytest.raises(UsageError, match="multiple of four"):
        replace(CASES[0], pan_shape=(101, 100))


def test_a_variation_changes_what_it_says_and_nothing_else():
    base = SCENARIOS["test"][1]
    assert Variation().applied(base) == base
    instant = datetime(2019, 1, 3, 8, tzinfo=UTC)
    wish = Variation(
        roll_deg=-20.0,
        jitter_urad=0.5,
        rpc_shift_px=(3.0, 4.0),
        season=Season.WINTER,
        instant=instant,
        dem_spacing_m=90.0,
    )
    changed = wish.applied(base)
    assert changed.attitude.roll_deg == -20.0
    assert changed.attitude.pitch_deg == base.attitude.pitch_deg
    assert changed.attitude.jitter_urad == (0.5, 0.5, 0.5)
    assert changed.rpc_bias == RpcBias(col_px=3.0, row_px=4.0)
    assert changed.state.changed == base.state.changed
    assert changed.state.snow_line_m == 1500.0
    assert Variation(snow_line_m=7.0).applied(base).state.dryness == base.state.dryness
    assert (changed.instant, changed.dem.spacing_m) == (instant, 90.0)


def test_pictures_of_two_worlds_are_refused(tmp_path):
    pair = (CASES[0], BY_NAME["mountain"])
    with pytest.raises(UsageError, match="one world"):
        simulate_pictures(pair, tmp_path / "out")


def test_the_command_line_makes_a_variation(tmp_path, capsys):
    out = tmp_path / "out"
    words = "simulate test_oblique --terrain gentle --roll 20 --pitch 0 --rpc-shift 6 -4 "
    words += f"--season winter --dem-spacing 90 --at 2019-01-20T07:30:00Z --json --out {out}"
    assert run(words.split()) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["dem"] == str(out / "dem_90m_egm96.tif")
    scene = open_bundle(out / "SIMULATED_test_oblique")
    assert scene.problems == ()
    assert scene.acquisition.instant == datetime(2019, 1, 20, 7, 30, tzinfo=UTC)
    assert scene.center.viewing_deg == pytest.approx(20, abs=0.01)
    truth = json.loads((out / "truth_test_oblique.json").read_text())
    assert truth["rpc_bias_px"] == {"col": 6.0, "row": -4.0, "col_drift": 0.0, "row_drift": 0.0}
    grid = {name: np.array(values) for name, values in truth["ground"]["pan"].items()}
    found = scene.image("pan").model.project(grid["lon"], grid["lat"], grid["height"])
    np.testing.assert_allclose(found[0] - grid["col"], 6.0, atol=2e-3)
    np.testing.assert_allclose(found[1] - grid["row"], -4.0, atol=2e-3)


def test_one_instant_for_two_pictures_is_refused(tmp_path, capsys):
    words = f"simulate test --at 2019-01-20T07:30:00Z --out {tmp_path / 'out'}"
    assert run(words.split()) == 2
    assert "several pictures" in capsys.readouterr().err
