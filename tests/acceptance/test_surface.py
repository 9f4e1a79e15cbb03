"""Surface reflectance as a user meets it: nearer to the truth, said on everything, or refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio
from affine import Affine

from acceptance.commandline import refused, satdesk, told
from corpus import deliveries
from satdesk.simulate.sensor import MS_ARRAYS

ARRAYS = {array.band.name: array for array in MS_ARRAYS}
BANDS = ("B", "G", "R", "NIR")


def ortho(bundle, dem, out, *more):
    given = ("--dem", dem, "--vertical", "EGM96", "--product", "ms", "--out", out, *more)
    return ("ortho", bundle, *given)


def picture(bundle, dem, out, quantity):
    facts = told(satdesk(*ortho(bundle, dem, out, "--quantity", quantity, "--json")), "ortho")
    with rasterio.open(out) as file:
        return file.read() / 1e4, facts


def errors(picture, truth, usable):
    return {
        name: float(np.median(np.abs(p - t)[usable]))
        for name, p, t in zip(BANDS, picture, truth, strict=True)
    }


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    """One place through clear air and through haze; what its ground reflects by the simulator."""
    folder = tmp_path_factory.mktemp("air")
    seen = {}
    for depth in (0.0, 0.2):
        root = folder / f"haze-{depth}"
        told(satdesk("simulate", "haze", "--haze", depth, "--out", root, "--json"), "simulate")
        bundle, dem = root / "SIMULATED_haze", root / "dem_egm96.tif"
        seen[depth] = {
            q: picture(bundle, dem, folder / f"{q}-{depth}.tif", q) for q in ("toa", "boa")
        }
    clear = seen[0.0]["toa"][0]
    truth = [
        (plane - ARRAYS[name].path_share) / ARRAYS[name].clearness
        for name, plane in zip(BANDS, clear, strict=True)
    ]
    usable = (clear[0] > 0) & (np.max(truth, axis=0) < 0.6)
    assert usable.mean() > 0.3
    return seen, truth, usable


@pytest.mark.parametrize("depth", [0.0, 0.2])
def test_the_visible_comes_much_nearer_to_the_truth(taken, depth):
    seen, truth, usable = taken
    before = errors(seen[depth]["toa"][0], truth, usable)
    after = errors(seen[depth]["boa"][0], truth, usable)
    for name in ("B", "G", "R"):
        assert after[name] < before[name] / 4
    # Haze also dims the ground, which is not undone: bright near infrared ends up too dark.
    assert after["NIR"] < 0.04


def test_what_was_done_and_what_it_is_not_is_said(taken):
    facts = taken[0][0.2]["boa"][1]
    assert facts["quantity"] == "boa"
    said = {notice["code"]: notice["text"] for notice in facts["notices"]}
    for word in ("aerosol", "adjacency", "BRDF", "slope"):
        assert word in said["surface-estimate"]
    numbers = facts["facts"]["surface"]
    assert numbers["clean_air"]["B"] > numbers["clean_air"]["NIR"] > 0
    assert numbers["haze"]["B"] > numbers["haze"]["NIR"] > 0
    assert numbers["mean_height_m"] > 500


def test_it_travels_with_a_release(world, tmp_path):
    recipe = world.recipe(tmp_path, ("[sites]", '[grid]\nquantity = "boa"\n[sites]'))
    told(satdesk("issue", recipe, "--out", tmp_path / "out", "--json"), "issue")
    document = json.loads((tmp_path / "out" / "release.json").read_text())
    items = [json.loads(path.read_text()) for path in (tmp_path / "out").rglob("*.json")]
    stated = [item["properties"] for item in items if item.get("type") == "Feature"]
    assert len(stated) == len(document["dates"]) == 2
    for date in document["dates"]:
        assert date["quantity"] == "boa"
        assert "an estimate of the ground's reflectance" in date["caption"]
        assert "surface-estimate" in [notice["code"] for notice in date["notices"]]
        assert set(date["facts"]["surface"]["haze"]) == set(BANDS)
    for item in stated:
        assert item["satdesk:quantity"] == "boa"
        assert "surface-estimate" in json.dumps(item["satdesk:notices"])


def test_what_is_not_stated_is_refused_by_name(world, tmp_path):
    pan, ms = world.pan(world.before), world.ms(world.before)
    rpcs = {"pan": "P", "ms": "MS"}
    named = {k: next(world.before.rglob(f"RPC_*_{v}_*.XML")) for k, v in rpcs.items()}
    call = (
        "ortho", "--pan", pan, "--ms", ms, "--rpc", named["pan"], "--ms-rpc", named["ms"],
        "--dem", world.dem, "--vertical", "EGM96", "--bands", "R,G,B,NIR",
        "--quantity", "boa", "--out", tmp_path / "o.tif",
    )  # fmt: skip
    refused(*call, code=3, says=("calibration",), around=tmp_path)
    message = refused(*call, "--counts-per-reflectance", "10000", code=3,
                      says=("wavelengths of R, G, B, NIR",), around=tmp_path)  # fmt: skip
    assert "PAN" not in message  # it gives detail alone


def test_without_a_time_of_day_there_is_no_sun(tmp_path):
    affine = Affine(10, 0, 500_000, 0, -10, 4_400_000)
    image = deliveries.raster(
        tmp_path / "i.tif", np.full((4, 40, 40), 900, "uint16"), crs="EPSG:32638", transform=affine
    )
    call = (
        "ortho", image, "--bands", "B,G,R,NIR", "--counts-per-reflectance", "10000",
        "--at", "2018-09-20", "--height", "900", "--quantity", "boa", "--out", tmp_path / "o.tif",
    )  # fmt: skip
    message = refused(*call, code=3, says=("time of day", "wavelengths of B"), around=tmp_path)
    assert "surface reflectance cannot be estimated" in message


def test_loose_files_of_a_known_satellite_take_its_wavelengths_and_say_so(shared_data, tmp_path):
    folder = shared_data / "phr_ventoux"
    call = (
        "ortho", "--pan", folder / "left_image.tif", "--ms", folder / "lowres_color_image.tif",
        "--rpc", next(folder.glob("RPC_*.XML")), "--dem", folder / "N44E005.hgt",
        "--vertical", "EGM96", "--quantity", "boa", "--out", tmp_path / "o.tif", "--json",
    )  # fmt: skip
    facts = told(satdesk(*call), "ortho")
    (said,) = (n["text"] for n in facts["notices"] if n["code"] == "wavelengths-from-table")
    assert "Pléiades 1A/1B HiRI" in said
    surface = facts["facts"]["surface"]
    assert surface["wavelengths_from_table"] == ["R", "G", "B", "NIR"]
    assert surface["wavelengths_nm"]["B"] == [430, 550]
    assert "CATALYST" in surface["wavelengths_source"]


def test_what_the_delivery_states_counts(taken):
    surface = taken[0][0.0]["boa"][1]["facts"]["surface"]
    assert surface["wavelengths_from_table"] == []
    assert surface["wavelengths_source"] == "the delivery"
