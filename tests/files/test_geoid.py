from __future__ import annotations

import subprocess

import numpy as np
import pytest
import rasterio
from affine import Affine

from satdesk.errors import (
    BrokenInputError,
    MissingInputError,
    UnknownNameError,
    UnreadableInputError,
)
from satdesk.files import geoid
from satdesk.files.geoid import open_geoid

PLACES = np.random.default_rng(2).uniform([-180, -89.9], [180, 89.9], (300, 2)).T


def test_the_shipped_grid_knows_kalbajar():
    loaded = open_geoid("egm96")
    assert loaded.grid.name == "EGM96"
    assert not loaded.stand_in
    assert float(loaded.grid.undulation_m(46.0, 40.1)) == pytest.approx(18.69, abs=0.01)


def test_it_wraps_and_reaches_the_poles():
    grid = open_geoid("EGM96").grid
    assert grid.wraps
    around = grid.undulation_m([-180.0, 180.0, 179.99999999, 540.0], 12.3)
    assert np.ptp(around) < 1e-5
    assert np.isfinite(grid.undulation_m([0, 77], [90, -90])).all()


def test_it_is_the_gtx_to_a_millimetre(shared_data):
    ours = open_geoid("EGM96").grid
    theirs = open_geoid(shared_data / "phr_ventoux" / "egm96_15.gtx").grid
    assert abs(ours.undulation - theirs.undulation).max() <= 0.00051
    assert abs(ours.undulation_m(*PLACES) - theirs.undulation_m(*PLACES)).max() <= 0.00051


@pytest.mark.oracle
def test_proj_interpolates_as_we_do(shared_data):
    grid = shared_data / "phr_ventoux" / "egm96_15.gtx"
    lines = "".join(f"{lon} {lat} 0\n" for lon, lat in PLACES.T)
    command = ["cct", "-d", "6", "+proj=pipeline", "+step", "+proj=unitconvert", "+xy_in=deg",
               "+xy_out=rad", "+step", "+proj=vgridshift", f"+grids={grid}", "+multiplier=1"]  # fmt: skip
    try:
        done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        pytest.skip("PROJ's command cct is not installed")
    heights = np.array([float(line.split()[2]) for line in done.stdout.splitlines()])
    ours = open_geoid("EGM96").grid.undulation_m(*PLACES)
    np.testing.assert_allclose(abs(heights), abs(ours), atol=0.0012)
    assert (np.sign(heights) == np.sign(ours)).all()


def test_egm2008_never_comes_unsaid(monkeypatch, tmp_path):
    monkeypatch.setattr("satdesk.files.geoid.datadir.get_data_dir", lambda: str(tmp_path))
    monkeypatch.setattr("satdesk.files.geoid.datadir.get_user_data_dir", lambda: str(tmp_path))
    loaded = open_geoid("EGM2008")
    assert loaded.stand_in
    assert loaded.grid.name == "EGM96"
    assert "0.5 m" in loaded.statement
    write_geoid(tmp_path / "us_nga_egm08_25.tif")
    found = open_geoid("EGM2008")
    assert (found.grid.name, found.stand_in, found.statement) == ("EGM2008", False, None)


def test_projs_network_is_asked_by_its_own_pipeline(shared_data):
    """PROJ reads a file here as it would read the network's; posts and sign must be right."""
    path = shared_data / "phr_ventoux" / "egm96_15.gtx"
    grid = geoid._over_network(str(path), (45.9, 39.9, 46.2, 40.3))
    lon, lat = np.array([45.95, 46.0, 46.125]), np.array([39.95, 40.1, 40.25])
    want = open_geoid("EGM96").grid.undulation_m(lon, lat)
    np.testing.assert_allclose(grid.undulation_m(lon, lat), want, atol=0.002)
    with pytest.raises(MissingInputError, match="network"):
        geoid._over_network("no_such_grid.tif", (45.9, 39.9, 46.2, 40.3))


def write_geoid(path, shape=(19, 36), step=10.0, crs="EPSG:4326", values=None):
    undulation = np.arange(np.prod(shape)).reshape(shape) / 10 if values is None else values
    with rasterio.open(
        path, "w", driver="GTiff", height=shape[0], width=shape[1], count=1, dtype="float32",
        crs=crs, transform=Affine(step, 0, -180 - step / 2, 0, -step, 90 + step / 2),
    ) as out:  # fmt: skip
        out.write(undulation.astype(np.float32), 1)
    return path


def test_a_window_of_a_large_grid_says_the_same(monkeypatch, tmp_path):
    path = write_geoid(tmp_path / "g.tif")
    whole = open_geoid(path).grid
    monkeypatch.setattr("satdesk.files.geoid._SMALL_CELLS", 10)
    for bounds in ((21.0, 31.0, 48.0, 52.0), (381.0, 31.0, 408.0, 52.0), (170.0, 0.0, 195.0, 9.0)):
        part = open_geoid(path, bounds).grid
        lon, lat = np.linspace(bounds[0], bounds[2], 9), np.linspace(bounds[1], bounds[3], 9)
        np.testing.assert_allclose(part.undulation_m(lon, lat), whole.undulation_m(lon, lat))
    assert open_geoid(path, (21.0, 31.0, 48.0, 52.0)).grid.undulation.size < 100


def test_geographiclibs_pgm(tmp_path):
    posts = (np.arange(19 * 36).reshape(19, 36) * 50).astype(">u2")
    path = tmp_path / "egm96-600.pgm"
    head = b"P5\n# Geoid file\n# Offset -108\n# Scale 0.003\n36 19\n65535\n"
    path.write_bytes(head + posts.tobytes())
    grid = open_geoid(path).grid
    assert grid.wraps
    assert float(grid.undulation_m(20.0, 70.0)) == pytest.approx(-108 + 0.003 * posts[2, 2])
    assert float(grid.undulation_m(-10.0, 90.0)) == pytest.approx(-108 + 0.003 * posts[0, 35])
    path.write_bytes(head + posts.tobytes()[:-9])
    with pytest.raises(BrokenInputError, match="truncated"):
        open_geoid(path)
    path.write_bytes(b"P5\n36 19\n65535\n" + posts.tobytes())
    with pytest.raises(BrokenInputError, match="offset"):
        open_geoid(path)
    path.write_bytes(b"P2 1 1 255 0")
    with pytest.raises(BrokenInputError, match="GeographicLib"):
        open_geoid(path)


def test_what_is_no_geoid(tmp_path):
    with pytest.raises(UnknownNameError, match="EGM96"):
        open_geoid("EGM69")
    with pytest.raises(MissingInputError):
        open_geoid(tmp_path / "absent.gtx")
    with pytest.raises(MissingInputError):
        open_geoid(tmp_path / "absent.pgm")
    (tmp_path / "text.gtx").write_text("not a grid")
    with pytest.raises(UnreadableInputError, match=r"text\.gtx"):
        open_geoid(tmp_path / "text.gtx")
    heights = write_geoid(tmp_path / "dem.tif", values=np.full((19, 36), 2500.0))
    with pytest.raises(BrokenInputError, match="2500"):
        open_geoid(heights)
    metres = write_geoid(tmp_path / "utm.tif", crs="EPSG:32638")
    with pytest.raises(BrokenInputError, match="longitude"):
        open_geoid(metres)
