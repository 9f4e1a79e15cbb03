from __future__ import annotations

import subprocess

import numpy as np
import pytest
import rasterio
from affine import Affine

from satdesk.errors import (
    BrokenInputError,
    DisjointInputError,
    MissingInputError,
    UndeclaredInputError,
    UnreadableInputError,
    UsageError,
)
from satdesk.files.dem import open_terrain
from satdesk.files.geoid import open_geoid
from satdesk.geometry.frames import from_lonlat, to_lonlat

STEP = 0.01
BOUNDS = (46.05, 40.05, 46.15, 40.15)
N = open_geoid("EGM96").grid.undulation_m


def surface(lon, lat):
    return 1000 + 5000 * (lon - 46) - 3000 * (lat - 40)


def write(path, *, west=46.0, north=40.2, shape=(20, 20), crs="EPSG:4326", heights=None, **tags):
    """A DEM of `surface`; `tags` may set nodata, count, unit and vertical."""
    affine = Affine(STEP, 0, west, 0, -STEP, north)
    col, row = np.meshgrid(np.arange(shape[1]) + 0.5, np.arange(shape[0]) + 0.5)
    values = surface(west + STEP * col, north - STEP * row) if heights is None else heights
    with rasterio.open(
        path, "w", driver="GTiff", height=shape[0], width=shape[1], count=tags.get("count", 1),
        dtype="float32", crs=crs, transform=affine, nodata=tags.get("nodata"),
    ) as out:  # fmt: skip
        out.write(np.asarray(values, dtype=np.float32), 1)
        if "unit" in tags:
            out.units = (tags["unit"],)
        if "vertical" in tags:
            out.update_tags(VERTICAL_DATUM=tags["vertical"])
    return path


def facts(loaded):
    return dict(loaded.facts)


def test_heights_end_above_the_ellipsoid(tmp_path):
    path = write(tmp_path / "a.tif")
    lon, lat = np.array([46.07, 46.123]), np.array([40.09, 40.111])
    plain = open_terrain([path], vertical="ellipsoid").terrain.height(lon, lat)
    np.testing.assert_allclose(plain, surface(lon, lat), atol=1e-3)
    shifted = open_terrain([path], vertical="EGM96").terrain.height(lon, lat)
    np.testing.assert_allclose(shifted - plain, N(lon, lat), atol=1e-2)


def test_a_window_says_what_the_whole_says(tmp_path):
    path = write(tmp_path / "a.tif", shape=(80, 90), north=40.6)
    whole = open_terrain([path], vertical="EGM96").terrain
    part = open_terrain([path], vertical="EGM96", bounds=BOUNDS).terrain
    assert part.heights.size < whole.heights.size / 4
    lon, lat = np.meshgrid(np.linspace(46.05, 46.15, 20), np.linspace(40.05, 40.15, 20))
    np.testing.assert_allclose(part.height(lon, lat), whole.height(lon, lat), atol=1e-3)


def test_tiles_join_without_a_seam(tmp_path):
    paths = [
        write(tmp_path / "east.tif", west=46.1, shape=(20, 10)),
        write(tmp_path / "west.tif", west=46.0, shape=(20, 11)),
    ]
    loaded = open_terrain(paths, vertical="ellipsoid", bounds=BOUNDS)
    lon = np.linspace(46.06, 46.14, 50)
    np.testing.assert_allclose(loaded.terrain.height(lon, 40.1), surface(lon, 40.1), atol=1e-3)
    assert facts(loaded)["known_share"] == 1.0
    assert facts(loaded)["files"] == ["east.tif", "west.tif"]


def test_tiles_on_both_sides_of_the_antimeridian(tmp_path):
    paths = [
        write(tmp_path / "w.tif", west=179.8, heights=np.full((20, 20), 7.0)),
        write(tmp_path / "e.tif", west=-180.0, heights=np.full((20, 20), 7.0)),
    ]
    for east in (180.1, -179.9):
        bounds = (179.9, 40.05, east, 40.15)
        loaded = open_terrain(paths, vertical="ellipsoid", bounds=bounds)
        got = loaded.terrain.height(np.array([179.95, 180.0, -179.95, 180.05]), 40.1)
        np.testing.assert_allclose(got, 7.0)
        assert facts(loaded)["known_share"] == 1.0


def test_a_vrt_of_tiles(tmp_path):
    for name, west in (("a", 46.0), ("b", 46.1)):
        write(tmp_path / f"{name}.tif", west=west, shape=(20, 10))
    try:
        subprocess.run(
            ["gdalbuildvrt", "-q", tmp_path / "ab.vrt", tmp_path / "a.tif", tmp_path / "b.tif"],
            check=True,
        )
    except FileNotFoundError:
        pytest.skip("gdalbuildvrt is not installed")
    terrain = open_terrain([tmp_path / "ab.vrt"], vertical="ellipsoid", bounds=BOUNDS).terrain
    lon = np.linspace(46.06, 46.14, 50)
    np.testing.assert_allclose(terrain.height(lon, 40.1), surface(lon, 40.1), atol=1e-3)


@pytest.mark.parametrize(
    ("crs", "datum"),
    [
        ("EPSG:4326+5773", "EGM96"),
        ("EPSG:4326+3855", "EGM2008"),
        ("EPSG:4326+5714", "MSL"),
        ("EPSG:4979", "ellipsoid"),
    ],
)
def test_a_file_may_declare_its_datum(tmp_path, crs, datum):
    assert (
        facts(open_terrain([write(tmp_path / "a.tif", crs=crs)], vertical=None))["vertical_datum"]
        == datum
    )


def test_a_tag_may_declare_it_too(tmp_path):
    loaded = open_terrain([write(tmp_path / "a.tif", vertical="MSL")], vertical=None)
    assert facts(loaded)["vertical_datum"] == "MSL"
    assert "mean sea level" in loaded.notices[0]


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:4326+5703"])
def test_an_undeclared_datum_is_an_error(tmp_path, crs):
    with pytest.raises(UndeclaredInputError, match=r"a\.tif.*--vertical"):
        open_terrain([write(tmp_path / "a.tif", crs=crs)], vertical=None)


def test_a_contradicted_declaration_is_said(tmp_path):
    path = write(tmp_path / "a.tif", crs="EPSG:4326+3855")
    loaded = open_terrain([path], vertical="EGM96")
    assert "declares heights above EGM2008" in loaded.notices[0]
    assert facts(loaded)["vertical_datum"] == "EGM96"


def test_a_stand_in_geoid_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("satdesk.files.geoid._EGM2008_FILES", ())
    loaded = open_terrain([write(tmp_path / "a.tif")], vertical="EGM2008")
    assert "EGM96 stood in" in loaded.notices[0]
    assert facts(loaded)["geoid_stand_in"] is True


def test_feet_become_metres(tmp_path):
    feet = np.full((20, 20), 1000.0)
    loaded = open_terrain(
        [write(tmp_path / "a.tif", heights=feet, unit="ft")], vertical="ellipsoid"
    )
    assert float(loaded.terrain.height(46.1, 40.1)) == pytest.approx(304.8, abs=1e-3)
    with pytest.raises(UndeclaredInputError, match="fathom"):
        open_terrain([write(tmp_path / "b.tif", heights=feet, unit="fathom")], vertical="ellipsoid")


def test_small_voids_are_filled_and_counted(tmp_path):
    heights = np.full((40, 40), 500.0)
    heights[5:7, 5:7] = -9999
    heights[15:32, 15:32] = -9999
    path = write(tmp_path / "a.tif", shape=(40, 40), heights=heights, nodata=-9999)
    loaded = open_terrain([path], vertical="ellipsoid", fill_cells=4)
    assert facts(loaded)["cells_filled"] == 4
    assert facts(loaded)["cells_unknown"] == 17 * 17
    assert float(loaded.terrain.height(46.06, 40.14)) == pytest.approx(500)
    assert np.isnan(loaded.terrain.height(46.23, 39.97))


def test_a_part_only_is_covered(tmp_path):
    loaded = open_terrain(
        [write(tmp_path / "a.tif")], vertical="ellipsoid", bounds=(46.1, 40.05, 46.3, 40.15)
    )
    assert 0.4 < facts(loaded)["known_share"] < 0.6
    assert np.isnan(loaded.terrain.height(46.25, 40.1))


def test_it_does_not_cover_the_place(tmp_path):
    with pytest.raises(DisjointInputError, match=r"a\.tif"):
        open_terrain([write(tmp_path / "a.tif")], vertical="EGM96", bounds=(47, 41, 47.1, 41.1))


def test_bad_files(tmp_path):
    void = write(tmp_path / "void.tif", heights=np.full((20, 20), -9999.0), nodata=-9999)
    three = write(tmp_path / "three.tif", count=3)
    lost = write(tmp_path / "lost.tif", crs=None)
    deep = write(tmp_path / "deep.tif", heights=np.full((20, 20), -32768.0))
    holed = np.full((20, 20), 700.0)
    holed[3, 3] = -9999
    usual = write(tmp_path / "usual.tif", heights=holed)
    cut = write(tmp_path / "cut.tif", shape=(400, 400))
    cut.write_bytes(cut.read_bytes()[:20_000])
    for path, error, words in (
        (void, BrokenInputError, "voids"),
        (three, BrokenInputError, "3 bands"),
        (lost, UndeclaredInputError, "no CRS"),
        (deep, BrokenInputError, "nodata"),
        (usual, BrokenInputError, "-9999"),
        (cut, UnreadableInputError, "decoded"),
        (tmp_path / "absent.tif", MissingInputError, "absent"),
    ):
        with pytest.raises(error, match=words):
            open_terrain([path], vertical="EGM96")


def test_tiles_of_another_lattice_are_resampled_and_named(tmp_path):
    first = write(tmp_path / "a.tif", shape=(20, 10))
    shifted = write(tmp_path / "b.tif", west=46.0963, north=40.2027, shape=(21, 12))
    loaded = open_terrain([first, shifted], vertical="ellipsoid", bounds=BOUNDS)
    assert facts(loaded)["files_resampled"] == ["b.tif"]
    lon, lat = np.meshgrid(np.linspace(46.06, 46.14, 60), np.linspace(40.06, 40.14, 9))
    np.testing.assert_allclose(loaded.terrain.height(lon, lat), surface(lon, lat), atol=1e-2)


def test_tiles_of_another_crs_are_resampled_and_named(tmp_path):
    first = write(tmp_path / "a.tif", shape=(20, 10))
    x, y = from_lonlat("EPSG:32638", 46.09, 40.21)
    affine = Affine(500, 0, round(float(x)), 0, -500, round(float(y)))
    col, row = np.meshgrid(np.arange(30) + 0.5, np.arange(50) + 0.5)
    lon, lat = to_lonlat("EPSG:32638", affine.c + 500 * col, affine.f - 500 * row)
    with rasterio.open(
        tmp_path / "utm.tif", "w", driver="GTiff", height=50, width=30, count=1,
        dtype="float32", crs="EPSG:32638", transform=affine,
    ) as out:  # fmt: skip
        out.write(surface(lon, lat).astype(np.float32), 1)
    loaded = open_terrain([first, tmp_path / "utm.tif"], vertical="ellipsoid", bounds=BOUNDS)
    assert facts(loaded)["files_resampled"] == ["utm.tif"]
    assert facts(loaded)["known_share"] == 1.0
    lon, lat = np.meshgrid(np.linspace(46.06, 46.14, 60), np.linspace(40.06, 40.14, 9))
    np.testing.assert_allclose(loaded.terrain.height(lon, lat), surface(lon, lat), atol=0.5)


def test_tiles_of_different_datums(tmp_path):
    tagged = [write(tmp_path / f"{v}.tif", vertical=v) for v in ("EGM96", "MSL")]
    with pytest.raises(BrokenInputError, match="EGM96, MSL"):
        open_terrain(tagged, vertical=None)


def test_bad_calls(tmp_path):
    path = write(tmp_path / "a.tif")
    with pytest.raises(UsageError):
        open_terrain([], vertical="EGM96")
    with pytest.raises(UsageError, match="ascend"):
        open_terrain([path], vertical="EGM96", bounds=(46, 41, 47, 40))
    with pytest.raises(UsageError, match="EGM84"):
        open_terrain([path], vertical="EGM84")
    with pytest.raises(UsageError, match="no geoid"):
        open_terrain([path], vertical="ellipsoid", geoid=tmp_path / "g.gtx")


def test_srtm_as_it_comes(shared_data):
    """Posts of an .hgt lie on whole arc-seconds; its 4822 voids are counted or filled."""
    folder = shared_data / "phr_ventoux"
    loaded = open_terrain([folder / "N44E005.hgt"], vertical="EGM96", geoid=folder / "egm96_15.gtx")
    found = facts(loaded)
    assert found["cells_filled"] + found["cells_unknown"] == 4822
    with rasterio.open(folder / "N44E005.hgt") as raw:
        posts = raw.read(1)
    post = posts[1200 - 300, 240]
    lon, lat = 5 + 240 / 1200, 44 + 300 / 1200
    got = float(loaded.terrain.height(lon, lat))
    assert got == pytest.approx(post + float(N(lon, lat)), abs=0.01)


def test_globe_around_kalbajar(shared_data):
    path = shared_data / "dem" / "globe30s_kalbajar.tif"
    loaded = open_terrain([path], vertical="MSL", bounds=(45.9, 39.9, 46.6, 40.3))
    town = float(loaded.terrain.height(46.04446, 40.10984))
    assert town == pytest.approx(1556 + 18.7, abs=60)


def test_a_named_geoid_stands_for_mean_sea_level(shared_data):
    folder = shared_data / "phr_ventoux"
    loaded = open_terrain([folder / "N44E005.hgt"], vertical="MSL", geoid=folder / "egm96_15.gtx")
    assert loaded.notices == ()
    assert facts(loaded)["geoid"] == "egm96_15.gtx"


def vertical(name, datum):
    """WGS 84 with a vertical CRS of no code."""
    flat = rasterio.CRS.from_epsg(4326).to_wkt(version="WKT2_2019")
    return (
        f'COMPOUNDCRS["WGS 84 and heights",{flat},VERTCRS["{name}",VDATUM["{datum}"],'
        'CS[vertical,1],AXIS["up",up,LENGTHUNIT["metre",1]]]]'
    )


@pytest.mark.parametrize(
    ("name", "datum", "expected"),
    [
        ("EGM96 geoid (meters)", "EGM96 geoid", "EGM96"),
        ("EGM 2008 heights", "unknown", "EGM2008"),
        ("WGS 84 ellipsoid heights", "unknown", "ellipsoid"),
    ],
)
def test_a_vertical_crs_without_a_code_is_known_by_its_name(tmp_path, name, datum, expected):
    path = write(tmp_path / "a.tif", crs=vertical(name, datum))
    assert facts(open_terrain([path], vertical=None))["vertical_datum"] == expected


@pytest.mark.parametrize("told", ["EPSG:4326+5703", "EPSG:4326+5715"])
def test_a_known_name_that_is_not_ours_is_not_called_undeclared(tmp_path, told):
    with pytest.raises(UndeclaredInputError, match="none that is known here"):
        open_terrain([write(tmp_path / "a.tif", crs=told)], vertical=None)


def test_a_tag_may_write_the_datum_as_it_likes(tmp_path):
    path = write(tmp_path / "a.tif", vertical="egm 96")
    assert facts(open_terrain([path], vertical=None))["vertical_datum"] == "EGM96"


def test_one_file_needs_no_list(tmp_path):
    path = write(tmp_path / "a.tif")
    alone = open_terrain(path, vertical="ellipsoid").terrain
    assert open_terrain(str(path), vertical="ellipsoid").terrain.height(46.1, 40.1) == (
        alone.height(46.1, 40.1)
    )
