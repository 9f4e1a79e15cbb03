from __future__ import annotations

import shutil
import subprocess
import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.errors import NotGeoreferencedWarning

from corpus import rpc_dialects as written
from satdesk.errors import (
    BrokenInputError,
    MissingInputError,
    SatdeskError,
    UndeclaredInputError,
    UnreadableInputError,
)
from satdesk.files.rasters import describe_file
from satdesk.files.rpcs import find_rpc, pixel_grid, read_image_rpc, read_rpc
from satdesk.geometry.rpc import max_difference
from satdesk.release.aim import aim

GROUND = (
    np.array([45.98, 46.0, 46.03]),
    np.array([40.08, 40.1, 40.12]),
    np.array([900.0, 1500, 2200]),
)


def image(path: Path, *, rpc: bool = False, shape=(40, 60)) -> Path:
    profile = {"driver": "GTiff", "height": shape[0], "width": shape[1], "count": 1}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        sink = rasterio.open(path, "w", dtype="uint16", **profile)
    with sink:
        sink.write(np.ones((1, *shape), "uint16"))
        if rpc:
            sink.update_tags(ns="RPC", **written.tags())
    return path


def test_every_dialect_counts_to_the_same_pixel(tmp_path):
    paths = written.write_all(tmp_path)
    models = {}
    for profile, path in paths.items():
        found = read_rpc(path)
        assert found.profile == profile
        assert found.counts_from == (
            "1" if profile in {"PHR_SENSOR", "S6_SENSOR", "S7_SENSOR"} else "0"
        )
        models[profile] = found.model
    # The invented camera is centred on the centre of pixel 3000, 2000 counted from 0.
    for model in models.values():
        assert (model.samp_off, model.line_off) == (3000.5, 2000.5)
        assert max_difference(model, models["rpb"]) < 1e-6


def test_tags_count_like_text(tmp_path):
    found = read_image_rpc(image(tmp_path / "a.tif", rpc=True))
    assert found is not None
    assert found.profile == "tags"
    (tmp_path / "b.txt").write_text(written.text())
    assert max_difference(found.model, read_rpc(tmp_path / "b.txt").model) < 1e-6


@pytest.mark.oracle
def test_nitf_counts_like_tags(tmp_path):
    path = image(tmp_path / "a.tif", rpc=True)
    command = ["gdal_translate", "-q", "-of", "NITF", str(path), str(tmp_path / "b.ntf")]
    subprocess.run(command, check=True)
    (tmp_path / "b.ntf.aux.xml").unlink(missing_ok=True)
    assert max_difference(read_rpc(tmp_path / "b.ntf").model, read_rpc(path).model) < 1e-3


def test_sidecars_are_not_mistaken_for_tags(tmp_path):
    path = image(tmp_path / "a.tif")
    (tmp_path / "a_RPC.TXT").write_text(written.text())
    assert read_image_rpc(path) is None
    found = find_rpc(path)
    assert found is not None
    assert found.profile == "rpc-text"


def test_gdals_own_file_beside_an_image_is_read(tmp_path):
    path = image(tmp_path / "a.png")
    (tmp_path / "a.png.aux.xml").write_text(written.pam())
    found = find_rpc(path)
    assert found is not None
    assert (found.profile, found.path.name) == ("gdal-pam", "a.png.aux.xml")
    (tmp_path / "a_RPC.TXT").write_text(written.text())
    assert find_rpc(path).profile == "rpc-text"


def test_statistics_beside_an_image_are_no_rpc(tmp_path):
    path = image(tmp_path / "a.tif")
    (tmp_path / "a.tif.aux.xml").write_text("<PAMDataset><Metadata/></PAMDataset>")
    assert find_rpc(path) is None


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("image_name", "sidecar", "content"),
    [
        ("x.tif", "x_RPC.TXT", written.text()),
        ("x.tif", "x.RPB", written.rpb()),
        ("x.tif", "x.XML", written.worldview()),
        ("x.tif", "x.tif.aux.xml", written.pam()),
        ("IMG_x_R1C1.TIF", "RPC_x.XML", written.dimap("PHR_SENSOR", first=1)),
        ("IMG_x_R1C1.TIF", "RPC_x.XML", written.dimap("S7_SENSOR", first=1)),
        ("x.tif", None, None),
    ],
)
def test_gdal_gives_the_same_pixel(tmp_path, image_name, sidecar, content):
    path = image(tmp_path / image_name, rpc=sidecar is None)
    if sidecar is not None:
        (tmp_path / sidecar).write_text(content)
    found = find_rpc(path)
    assert found is not None
    col, row = found.model.project(*GROUND)
    lines = "\n".join(" ".join(map(repr, map(float, place))) for place in zip(*GROUND, strict=True))
    command = ["gdaltransform", "-rpc", "-i", str(path)]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    theirs = np.array([[float(w) for w in line.split()[:2]] for line in done.stdout.splitlines()])
    assert np.abs(theirs[:, 0] - col).max() < 1e-3
    assert np.abs(theirs[:, 1] - row).max() < 1e-3


def test_dimap_and_geom_of_ventoux_agree(shared_data):
    folder = shared_data / "phr_ventoux"
    xml = read_rpc(next(folder.glob("RPC_*.XML")))
    geom = read_rpc(folder / "left_image.geom")
    assert (xml.profile, xml.counts_from) == ("PHR_SENSOR", "1")
    assert (geom.profile, geom.counts_from) == ("ossim-geom", "0")
    assert max_difference(xml.model, geom.model) < 1e-3
    assert xml.model.samp_off == 19208.0
    assert find_rpc(folder / "left_image.tif", explicit=xml.path).path == xml.path


def test_real_files_of_many_missions_are_read(shared_data):
    folder = shared_data / "rpc"
    profiles = {path.name: read_rpc(path).profile for path in folder.iterdir()}
    assert profiles == {
        "rpc_IKONOS.txt": "rpc-text",
        "rpc_PLANET_L1A.txt": "rpc-text",
        "rpc_PLEIADES.xml": "PHR_SENSOR",
        "rpc_SPOT6.xml": "S6_SENSOR",
        "rpc_WV2.xml": "worldview-xml",
    }
    assert read_rpc(folder / "rpc_IKONOS.txt").model.samp_off == 6334.5
    assert read_rpc(folder / "rpc_WV2.xml").model.line_off == 10108.5


def test_a_swapped_domain_is_told_and_not_guessed_right(shared_data):
    found = read_rpc(shared_data / "rpc" / "rpc_SPOT6.xml")
    assert found.model.domain is None
    assert "does not hold the model's own centre" in found.notices[0]
    assert found.model.samp_off == 10976.5 - 0.5
    assert "is LAST/2" in found.notices[1]


def test_a_domain_that_holds_is_kept(tmp_path):
    domain = (
        "<Inverse_Model_Validity_Domain><FIRST_LON>45.9</FIRST_LON><FIRST_LAT>40</FIRST_LAT>"
        "<LAST_LON>46.1</LAST_LON><LAST_LAT>40.2</LAST_LAT></Inverse_Model_Validity_Domain>"
    )
    (tmp_path / "r.xml").write_text(written.dimap("S7_SENSOR", first=1, domain=domain))
    found = read_rpc(tmp_path / "r.xml")
    assert found.model.domain is not None
    assert (found.model.domain.lon_min, found.model.domain.lat_max) == (45.9, 40.2)
    assert found.notices == ()


def test_two_that_disagree_are_refused(tmp_path):
    path = image(tmp_path / "a.tif", rpc=True)
    moved = dict(written.NUMBERS, LINE_OFF=written.NUMBERS["LINE_OFF"] + 1)
    (tmp_path / "a_rpc.txt").write_text(written.text(numbers=moved))
    with pytest.raises(BrokenInputError, match=r"differ by 1\.0\d px") as caught:
        find_rpc(path)
    assert caught.value.remedy is not None


def test_an_rpc_of_another_place_is_refused(tmp_path):
    path = image(tmp_path / "a.tif", rpc=True)
    moved = dict(written.NUMBERS, LONG_OFF=12.0)
    (tmp_path / "a_rpc.txt").write_text(written.text(numbers=moved))
    with pytest.raises(BrokenInputError, match="see different ground"):
        find_rpc(path)


def test_a_user_file_that_disagrees_with_the_tags_is_refused(tmp_path):
    path = image(tmp_path / "a.tif", rpc=True)
    moved = dict(written.NUMBERS, SAMP_OFF=written.NUMBERS["SAMP_OFF"] + 0.5)
    (tmp_path / "other.txt").write_text(written.text(numbers=moved))
    with pytest.raises(BrokenInputError, match="disagree"):
        find_rpc(path, explicit=tmp_path / "other.txt")


def test_the_only_rpc_in_the_folder_is_not_taken(tmp_path):
    path = image(tmp_path / "a.tif")
    (tmp_path / "b_RPC.TXT").write_text(written.text())
    (tmp_path / "RPC_c.XML").write_text(written.dimap("PHR_SENSOR", first=1))
    assert find_rpc(path) is None


def test_a_later_tile_has_no_rpc_of_its_own(tmp_path):
    (tmp_path / "RPC_x.XML").write_text(written.dimap("PHR_SENSOR", first=1))
    assert find_rpc(image(tmp_path / "IMG_x_R1C1.TIF")) is not None
    with pytest.raises(UndeclaredInputError, match="later tile"):
        find_rpc(image(tmp_path / "IMG_x_R2C1.TIF"))


def test_the_dimap_reference_comes_last_but_comes(tmp_path):
    path = image(tmp_path / "a.tif")
    (tmp_path / "RPC_c.XML").write_text(written.dimap("PHR_SENSOR", first=1))
    found = find_rpc(path, dimap_ref=tmp_path / "RPC_c.XML")
    assert found is not None
    assert found.path.name == "RPC_c.XML"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LINE_OFF: 2000.0", "LINE_OFF: nan"),
        ("LINE_SCALE: 2100.0", "LINE_SCALE: 0"),
        ("LINE_SCALE: 2100.0", ""),
        ("LINE_DEN_COEFF_1: 1.0", "LINE_DEN_COEFF_1: 0"),
        ("SAMP_NUM_COEFF_20: 0.0", ""),
        ("LAT_OFF: 40.1", "LAT_OFF: north"),
        ("LAT_OFF: 40.1", "LAT_OFF: 140.1"),
    ],
)
def test_broken_numbers_are_told_with_the_file(tmp_path, old, new):
    path = tmp_path / "a_RPC.TXT"
    assert old in written.text()
    path.write_text(written.text().replace(old, new))
    with pytest.raises(BrokenInputError) as caught:
        read_rpc(path)
    assert caught.value.subject == str(path)


def test_all_zero_coefficients_are_refused(tmp_path):
    lines = [
        line.split(":")[0] + ": 0" if "COEFF" in line else line
        for line in written.text().splitlines()
    ]
    (tmp_path / "a.txt").write_text("\n".join(lines))
    with pytest.raises(BrokenInputError):
        read_rpc(tmp_path / "a.txt")


def test_rpc00a_is_refused(tmp_path):
    (tmp_path / "a.RPB").write_text(written.rpb("RPC00A"))
    with pytest.raises(BrokenInputError, match="RPC00B"):
        read_rpc(tmp_path / "a.RPB")


@pytest.mark.parametrize("blank", ["XXX", ""])
def test_an_rpb_that_leaves_its_kind_open_is_read_with_a_notice(tmp_path, blank):
    (tmp_path / "a.RPB").write_text(written.rpb(blank))
    (tmp_path / "b.RPB").write_text(written.rpb())
    opened, told = read_rpc(tmp_path / "a.RPB"), read_rpc(tmp_path / "b.RPB")
    assert opened.model == told.model
    assert "RPC00B" in opened.notices[0]
    assert told.notices == ()


def test_an_adjusted_ossim_model_is_refused(tmp_path):
    (tmp_path / "a.geom").write_text(
        written.ossim() + "adjustment_0.adj_param_0.parameter:  0.25\n"
    )
    with pytest.raises(BrokenInputError, match="adjust"):
        read_rpc(tmp_path / "a.geom")


def test_foreign_empty_and_absent_files(tmp_path):
    (tmp_path / "a.txt").write_text("hello: world\n")
    (tmp_path / "b.txt").write_text("")
    (tmp_path / "c.xml").write_text("<a><b/></a>")
    for name in ("a.txt", "b.txt", "c.xml"):
        with pytest.raises(UnreadableInputError):
            read_rpc(tmp_path / name)
    with pytest.raises(MissingInputError):
        read_rpc(tmp_path / "d.txt")
    with pytest.raises(UnreadableInputError, match="no RPC"):
        read_rpc(image(tmp_path / "e.tif"))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_mutated_files_raise_only_our_errors(tmp_path_factory, data):
    whole = data.draw(
        st.sampled_from([written.text(), written.rpb(), written.worldview(), written.ossim()])
    ).encode()
    start = data.draw(st.integers(0, len(whole) - 1))
    length = data.draw(st.integers(0, 40))
    mutated = whole[:start] + data.draw(st.binary(max_size=8)) + whole[start + length :]
    path = tmp_path_factory.mktemp("rpc") / "r"
    path.write_bytes(mutated)
    try:
        read_rpc(path)
    except SatdeskError:
        pass
    finally:
        shutil.rmtree(path.parent)


def test_a_crop_states_its_origin_and_counts_inside_the_full_image(shared_data):
    grid = pixel_grid(describe_file(shared_data / "phr_ventoux" / "left_image.tif"))
    assert grid.crs is None
    assert (grid.affine.c, grid.affine.f) == (5000, 5000)
    assert (grid.affine.a, grid.affine.e) == (1, 1)


@pytest.mark.oracle
def test_an_rpc_in_tags_counts_in_the_file_that_gdal_cut(tmp_path):
    """gdal_translate moves the offsets and the geotransform; together they would count twice."""
    whole, cut = image(tmp_path / "whole.tif", rpc=True), tmp_path / "cut.tif"
    whole.with_suffix(".tfw").write_text("1\n0\n0\n-1\n0.5\n-0.5\n")
    window = ["-srcwin", "30", "20", "20", "15"]
    subprocess.run(["gdal_translate", "-q", *window, str(whole), str(cut)], check=True)
    assert (describe_file(cut).affine.c, describe_file(cut).affine.f) == (30, -20)
    in_whole, in_cut = (aim(path).project(np.stack(GROUND, axis=1)) for path in (whole, cut))
    assert np.allclose(in_whole - in_cut, (30, 20), atol=1e-6)


def _placed(path, affine):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(
            path, "w", driver="GTiff", height=4, width=4, count=1, dtype="uint8", transform=affine
        ) as sink:
            sink.write(np.ones((1, 4, 4), "uint8"))
    return describe_file(path)


@pytest.mark.parametrize(
    ("world_file", "origin"),
    [
        # step, origin of the outer corner as a world file's reader gives it
        ((1, 0, 0, 0, 1, 0), (0, 0)),
        ((1, 0, 0, 0, -1, 0), (0, 0)),
        ((1, 0, 50, 0, 1, 70), (50, 70)),
        ((1, 0, 50, 0, -1, -70), (50, 70)),
        # the first centre is 1, -1: PAN and MS of a Pléiades PRIMARY product, whole and cut
        ((1, 0, 0.5, 0, -1, -0.5), (0, 0)),
        ((1, 0, 50.5, 0, -1, -70.5), (50, 70)),
        ((4, 0, -1, 0, -4, 1), (0, 0)),
        ((4, 0, 199, 0, -4, -279), (50, 70)),
    ],
)
def test_every_way_in_which_a_sensor_image_states_its_origin(tmp_path, world_file, origin):
    grid = pixel_grid(_placed(tmp_path / "m.tif", rasterio.Affine(*world_file)))
    assert (grid.affine.c, grid.affine.f) == origin
    assert (grid.affine.a, grid.affine.e) == (1, 1)


@pytest.mark.parametrize(
    "affine",
    [
        (1, 0, 0.5, 0, 1, 0.5),  # half pixels, rows downwards: nobody says from where they count
        (1, 0, -3, 0, 1, 0),
        (2, 0, 0, 0, 2, 0),
        (2, 0, 0, 0, -2, 0),  # a picture of half the size, whose RPC counts in the whole
        (4, 0, 0, 0, -4, 0),
        (1, 0.36, 0, 0, 1, 0),
        (1, 0, 0.25, 0, -1, -0.5),
    ],
)
def test_a_place_that_can_be_read_in_several_ways_is_refused(tmp_path, affine):
    with pytest.raises(BrokenInputError, match="CRS"):
        pixel_grid(_placed(tmp_path / "m.tif", rasterio.Affine(*affine)))


def test_a_map_without_crs_is_refused(tmp_path):
    path = tmp_path / "m.tif"
    affine = rasterio.Affine(10, 0, 500000, 0, -10, 4400000)
    with rasterio.open(
        path, "w", driver="GTiff", height=4, width=4, count=1, dtype="uint8", transform=affine
    ) as sink:
        sink.write(np.ones((1, 4, 4), "uint8"))
    with pytest.raises(BrokenInputError, match="CRS"):
        pixel_grid(describe_file(path))
