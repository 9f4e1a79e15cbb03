"""``satdesk adjust`` on the simulated world, whose truth is known."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest
from affine import Affine

from satdesk.bundles.formats import open_bundle
from satdesk.cli.app import run
from satdesk.files.dem import open_terrain
from satdesk.geometry.affine import Adjusted
from satdesk.geometry.frames import geodesic_m, on_terrain
from satdesk.release.schema import check
from satdesk.simulate.write import simulate_all

BIAS = (12.3, -8.6)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return simulate_all("test", tmp_path_factory.mktemp("adjusted") / "world")


@pytest.fixture(scope="module")
def pair(world, tmp_path_factory):
    """The true bundle of the one date, and that of the other with its RPCs moved by `BIAS`."""
    folder = tmp_path_factory.mktemp("biased") / world.truths[1].bundle.name
    shutil.copytree(world.truths[1].bundle, folder)
    for path in folder.rglob("RPC_*.XML"):
        share = 1 if "_P_" in path.name else 0.25
        text = path.read_text(encoding="utf-8")
        for name, by in zip(("SAMP_OFF", "LINE_OFF"), BIAS, strict=True):
            stated = float(re.search(rf"<{name}>([^<]+)<", text)[1])
            text = re.sub(rf"(<{name}>)[^<]+", rf"\g<1>{stated + by * share!r}", text)
        path.write_text(text, encoding="utf-8")
    return str(world.truths[0].bundle), str(folder)


def answer(capsys, *arguments):
    code = run(["adjust", *map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


def apart_m(world, matrices):
    """Root mean square distance, metres, at which the corrected scenes show the same ground.

    The bundles that were written hold the true cameras. What they see of places on the terrain is
    followed to the terrain by the cameras that were biased and corrected.
    """
    terrain = open_terrain([world.dem], vertical="EGM96").terrain
    step = np.linspace(-0.0036, 0.0036, 25)
    lon, lat = (values.ravel() for values in np.meshgrid(46.1335 + step, 40.2069 + step * 0.6))
    height, shown = terrain.height(lon, lat), []
    for truth, bias, matrix in zip(world.truths, [(0, 0), BIAS], matrices, strict=True):
        true = open_bundle(truth.bundle).image("pan").model
        wrong = Adjusted(model=true, matrix=Affine(*matrix) @ Affine.translation(*bias))
        pixels = true.project(lon, lat, height)
        shown.append(on_terrain(wrong, *pixels, terrain, start_m=height)[:2])
    return np.sqrt((geodesic_m(*shown[0], *shown[1]) ** 2).mean())


def test_two_dates_meet_in_the_middle(world, pair, tmp_path, capsys):
    code, told = answer(capsys, *pair, "--dem", world.dem, "--out", tmp_path / "block")
    assert code == 0
    check(told, "adjust")
    moves = np.array([scene["moved_m"] for scene in told["scenes"]])
    np.testing.assert_allclose(moves[0], -moves[1], atol=1e-3)
    assert np.hypot(*moves[0]) > 5
    (both,) = told["pairs"]
    assert both["before_rms_m"] > 10
    assert both["rms_m"] <= both["held_out"]["rmse_m"] < 1
    true = apart_m(world, [scene["matrix"] for scene in told["scenes"]])
    assert both["held_out"]["rmse_m"] == pytest.approx(true, rel=0.3)
    assert told["accuracy"] is None
    for scene in told["scenes"]:
        written = json.loads((tmp_path / "block" / scene["refinement"]).read_text())
        check(written, "refine")
        assert written["source"]["kind"] == "block"
        assert written["leave_one_out"] is None
        assert written["accuracy"] is None
        picture = tmp_path / "block" / scene["refinement"].replace(".json", ".png")
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_other_scene_is_laid_on_one_that_is_held(world, pair, tmp_path, capsys):
    code, told = answer(
        capsys, *pair, "--hold", pair[0], "--dem", world.dem, "--out", tmp_path / "block"
    )
    assert code == 0
    held, moved = told["scenes"]
    assert held["held"]
    assert held["moved_m"] == [0, 0]
    assert held["refinement"] is None
    np.testing.assert_allclose(
        [moved["matrix"][2], moved["matrix"][5]], [-BIAS[0], -BIAS[1]], atol=0.1
    )
    refinement = tmp_path / "block" / moved["refinement"]
    # what was adjusted is adjusted: nothing is left to be moved
    code, again = answer(
        capsys, pair[1], pair[0], "--hold", f"{pair[1]}={refinement}", "--dem", world.dem
    )
    assert code == 0
    np.testing.assert_allclose(again["scenes"][1]["moved_m"], [0, 0], atol=0.15)


def test_an_orthoimage_takes_it_and_calls_it_unchecked(world, pair, tmp_path, capsys):
    arguments = ["--hold", pair[0], "--dem", world.dem, "--out", tmp_path / "block"]
    _, told = answer(capsys, *pair, *arguments)
    refinement = tmp_path / "block" / told["scenes"][1]["refinement"]
    ortho = ["ortho", pair[1], "--dem", str(world.dem), "--product", "pan", "--out"]
    refined = ["--refinement", str(refinement), "--json"]
    assert run([*ortho, str(tmp_path / "ortho.tif"), *refined]) == 0
    facts = json.loads(capsys.readouterr().out)["facts"]
    assert facts["accuracy"]["checked"] is False


@pytest.mark.parametrize(
    ("extra", "code", "kind"),
    [
        (("--hold", "elsewhere"), 2, "UsageError"),
        (("--vertical", "ellipsoid", "--height", "1"), 2, "UsageError"),
    ],
)
def test_what_cannot_be_meant(world, pair, capsys, extra, code, kind):
    found, told = answer(capsys, *pair, "--dem", world.dem, *extra)
    assert (found, told["error"]["kind"]) == (code, kind)


def test_one_scene_is_no_block(world, pair, capsys):
    code, told = answer(capsys, pair[0], "--dem", world.dem)
    assert (code, told["error"]["kind"]) == (2, "UsageError")
    code, told = answer(capsys, pair[0], pair[0], "--dem", world.dem)
    assert (code, told["error"]["kind"]) == (2, "UsageError")


def test_all_held_is_nothing_to_do(world, pair, capsys):
    code, told = answer(capsys, *pair, "--hold", pair[0], "--hold", pair[1], "--dem", world.dem)
    assert (code, told["error"]["kind"]) == (2, "UsageError")


def test_too_few_ties_for_the_model(world, pair, capsys, monkeypatch):
    from satdesk.release import adjustment_ties  # noqa: PLC0415 - patched here

    monkeypatch.setattr(adjustment_ties, "LEAST_POINTS", {"shift": 1000})
    code, told = answer(capsys, *pair, "--dem", world.dem)
    assert code == 4
    assert told["error"]["rule"] == "refine-too-few-points"
