"""``satdesk mask`` and clouded mosaics by the command line, on simulated scenes."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import rasterio

from satdesk.cli.app import run
from satdesk.core.sighting import State
from satdesk.release.mask_classes import CLASSES
from satdesk.release.schema import check
from satdesk.simulate.render import CLOUD
from satdesk.simulate.scenarios import scenarios_of
from satdesk.simulate.sky import Clouds, Sky
from satdesk.simulate.strips import strips
from satdesk.simulate.write import Making, simulate_pictures


@pytest.fixture(scope="module")
def clouded(tmp_path_factory):
    """One small scene under clouds: its folder."""
    home = tmp_path_factory.mktemp("mask") / "world"
    (plain, *_) = scenarios_of("test")
    scenario = replace(plain, sky=Sky(clouds=Clouds(share=0.3, above_m=800.0)))
    simulate_pictures((scenario,), home, kit="test", making=Making(compressed=False))
    return home


def _asked(capsys, *words):
    code = run(["mask", *map(str, words), "--json"])
    out = capsys.readouterr().out
    return code, json.loads(out)


def _bundle(home):
    (bundle,) = home.rglob("SIMULATED_*/VOL_SIMULATED.XML")
    return bundle.parent


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_the_providers_mask_is_the_truth_on_the_images_own_pixels(clouded, tmp_path, capsys):
    out = tmp_path / "mask.tif"
    code, answer = _asked(capsys, _bundle(clouded), "--method", "provider", "--out", out)
    assert code == 0
    check(answer, "mask")
    (truth,) = clouded.rglob("truth_*_ms_mask.tif")
    with rasterio.open(out) as opened, rasterio.open(truth) as known:
        told, bits = opened.read(1), known.read(1)
        colours, tags = opened.colormap(1), opened.tags()
        assert opened.crs is None
    assert np.array_equal(told == 2, (bits & CLOUD) > 0)
    for each in CLASSES:
        assert colours[each.number][:3] == each.colour
        assert tags[f"CLASS_{each.number}"] == each.words
    assert tags["SIMULATED"] == "YES"
    assert answer["shares"]["cloud"]["pixels"] == int((told == 2).sum())
    # DIMAP has no mask of shadows: nobody looked, which is not "none".
    assert answer["cover"]["shares_of_imaged"]["cloud_shadow"] is None


def test_sources_are_kept_beside_what_they_say_together(clouded, tmp_path, capsys):
    (dem,) = clouded.rglob("dem_egm96.tif")
    code, answer = _asked(
        capsys, _bundle(clouded), "--dem", dem, "--vertical", "EGM96", "--gsd", "12",
        "--method", "classical+provider", "--out", tmp_path / "mask.tif",
    )  # fmt: skip
    assert code == 0
    check(answer, "mask")
    assert answer["grid"]["crs"] == "EPSG:32638"
    cover = answer["cover"]
    assert set(cover["sources"]) == {"classical", "provider"}
    cloud = {name: s["shares_of_imaged"]["cloud"] for name, s in cover["sources"].items()}
    assert max(cloud.values()) <= cover["shares_of_imaged"]["cloud"] <= sum(cloud.values())
    assert 0 < cover["agreement"]["classical and provider"] <= 1


def test_a_map_needs_a_terrain(clouded, tmp_path, capsys):
    out = tmp_path / "mask.tif"
    assert run(["mask", str(_bundle(clouded)), "--gsd", "12", "--out", str(out)]) == 2
    assert "--dem" in capsys.readouterr().err
    assert not out.exists()


def test_the_learned_mask_says_how_to_get_it(clouded, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("satdesk.radiometry.cover_network.find_spec", lambda _name: None)
    words = ["mask", str(_bundle(clouded)), "--method", "learned", "--out", str(tmp_path / "a.tif")]
    assert run(words) == 2
    assert "satdesk[masks]" in capsys.readouterr().err


@pytest.mark.parametrize("method", ["none", "clasical", "provider+provider"])
def test_an_unknown_method_is_refused(clouded, tmp_path, method):
    words = ["mask", str(_bundle(clouded)), "--method", method, "--out", str(tmp_path / "a.tif")]
    assert run(words) == 2


@pytest.fixture(scope="module")
def mosaic(tmp_path_factory):
    """Two overlapping strips, the second under clouds, issued with masks."""
    world = tmp_path_factory.mktemp("clouded") / "world"
    pair = strips(2, shape=(640, 400), step_m=300.0, clouded=(1,), share=0.25)
    simulate_pictures(pair, world, kit="strips", making=Making(compressed=False))
    path = world / "recipe.toml"
    text = path.read_text(encoding="utf-8")
    head, first, second, _ = text.split("[[scenes]]")
    masks = '\n[masks]\nmethod = "classical+provider"\n\n'
    path.write_text(f"{head}{masks}[[scenes]]{first}[[scenes]]{second}", encoding="utf-8")
    out = world.parent / "release"
    code = run(["issue", str(path), "--out", str(out)])
    return code, out


def test_a_clouded_mosaic_is_issued_and_counts_its_cloud(mosaic):
    code, folder = mosaic
    assert code == 0  # the clouds move between PAN and MS, and are left out of that measure
    (date,) = json.loads((folder / "release.json").read_text(encoding="utf-8"))["dates"]
    coverage, cloud = date["facts"]["coverage"], date["facts"]["cloud"]
    with rasterio.open(folder / date["id"] / "source.tif") as opened:
        number, state = opened.read()
    imaged = number > 0
    share = 100 * (state == State.CLOUD)[imaged].mean()
    assert cloud["cloud_percent_of_picture"] == pytest.approx(share, abs=1e-3)
    hidden = sum(coverage["states"].get(w, {"percent": 0})["percent"] for w in ("cloud", "shadow"))
    assert cloud["hidden_percent"] == pytest.approx(hidden, abs=2e-3)
    items = [json.loads(p.read_text(encoding="utf-8")) for p in folder.rglob("*.json")]
    (item,) = [i for i in items if isinstance(i, dict) and i.get("type") == "Feature"]
    assert item["properties"]["eo:cloud_cover"] == cloud["cloud_percent_of_picture"]
    assert "classical+provider" in item["properties"]["satdesk:cloud_cover_source"]


def test_where_one_strip_sees_cloud_the_other_is_taken(mosaic):
    folder = mosaic[1]
    document = json.loads((folder / "release.json").read_text(encoding="utf-8"))
    (date,) = document["dates"]
    each = [f["cover"] for name, f in date["facts"].items() if isinstance(f, dict) and "cover" in f]
    clouds = [cover["shares_of_imaged"]["cloud"] for cover in each]
    assert len(clouds) == 2
    assert min(clouds) < 0.02 < max(clouds)
    with rasterio.open(folder / date["id"] / "source.tif") as opened:
        number, state = opened.read()
    assert (state == State.CLOUD)[number == 1].sum() <= (state == State.CLOUD)[number == 2].sum()
