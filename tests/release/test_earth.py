"""The file for globes: it opens in GDAL, its pictures lie where they should, nothing is lost."""

from __future__ import annotations

import io
import subprocess
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from pyproj import Transformer

from release_content import CRS, make_content
from satdesk.core.place import Name
from satdesk.files.xml import read_xml
from satdesk.release.content import Licence
from satdesk.release.earth import write_kmz


@pytest.fixture
def made(tmp_path):
    content = make_content(tmp_path)
    (artifact,) = write_kmz(content, tmp_path)
    return content, tmp_path / artifact.path


def _document(path, folder):
    (folder / "doc.kml").write_bytes(zipfile.ZipFile(path).read("doc.kml"))
    return read_xml(folder / "doc.kml"), (folder / "doc.kml").read_text("utf-8")


def _picture(path, name):
    return np.asarray(Image.open(io.BytesIO(zipfile.ZipFile(path).read(name))))


def test_every_date_place_and_name_is_there(made, tmp_path):
    content, path = made
    _, words = _document(path, tmp_path)
    assert words.count("<GroundOverlay>") == len(content.dates)
    assert [words.count(f"<visibility>{i}</visibility>") for i in (1, 0)] == [1, 1]
    for site in content.sites:
        assert site.title in words
        assert all(name.text in words for name in site.names)
    assert "(contested boundary)" in words
    assert "2020-09-14T07:33:20Z" in words
    assert content.dates[0].credit in words


def test_a_picture_lies_where_its_box_says(made):
    """A place found in ``visual.tif`` has the same colour in the globe's picture."""
    content, path = made
    picture = _picture(path, "pictures/before.png")
    west, south, east, north = content.district.geometry.bounds
    forward = Transformer.from_crs("EPSG:4326", CRS, always_xy=True)
    import rasterio  # noqa: PLC0415 - the oracle

    with rasterio.open(content.dates[0].visual) as visual:
        pixels, affine = visual.read(), visual.transform
    lon, lat = west + 0.45 * (east - west), south + 0.4 * (north - south)
    col, row = ~affine @ forward.transform(lon, lat)
    rows, cols = picture.shape[:2]
    shown = picture[int((north - lat) / (north - south) * rows), int(0.45 * cols)]
    near = pixels[:3, int(row) - 1 : int(row) + 2, int(col) - 1 : int(col) + 2]
    assert np.all(shown[:3] >= near.min(axis=(1, 2)) - 12.0)
    assert np.all(shown[:3] <= near.max(axis=(1, 2)) + 12.0)
    assert shown[3] == 255
    assert picture[0, 0, 3] == 0  # outside the district nothing is drawn


def test_the_same_content_gives_the_same_bytes(made, tmp_path):
    content, path = made
    before = path.read_bytes()
    path.unlink()
    write_kmz(content, tmp_path)
    assert path.read_bytes() == before


def test_a_licence_without_tiles_gives_no_picture(tmp_path):
    content = make_content(tmp_path)
    closed = Licence(name="closed", press=True, tiles=False, analysis=False)
    one, other = content.dates
    (artifact,) = write_kmz(replace(content, dates=(one, replace(other, licence=closed))), tmp_path)
    names = zipfile.ZipFile(tmp_path / artifact.path).namelist()
    assert names == ["doc.kml", "pictures/before.png"]
    dates = tuple(replace(image, licence=closed) for image in content.dates)
    assert write_kmz(replace(content, dates=dates), tmp_path) == ()


def test_draft_and_simulated_are_in_words_and_pixels(tmp_path):
    plain = make_content(tmp_path / "plain")
    marked = make_content(tmp_path / "marked", draft=True, simulated=True)
    for content, name in ((plain, "plain"), (marked, "marked")):
        write_kmz(content, tmp_path / name)
    _, words = _document(tmp_path / "marked" / "kalbajar-test.kmz", tmp_path)
    assert "SIMULATED · DRAFT · " in words
    one, other = (
        _picture(tmp_path / n / "kalbajar-test.kmz", "pictures/after.png")
        for n in ("plain", "marked")
    )
    assert (one != other).any(axis=2).mean() > 0.01


def test_hostile_words_stay_words(tmp_path):
    content = make_content(tmp_path)
    bad = 'x</name><script>\x00\x1b"&'
    site = replace(content.sites[0], names=(Name(text=bad, language="en"),))
    write_kmz(replace(content, title=bad, sites=(site,)), tmp_path)
    document, _ = _document(tmp_path / "kalbajar-test.kmz", tmp_path)
    assert document.text(".//{*}Document/{*}name").startswith('x</name><script>"&')


@pytest.mark.oracle
def test_gdal_opens_it(made):
    content, path = made
    told = subprocess.run(
        ["ogrinfo", "-ro", "-al", "-so", str(path)], capture_output=True, text=True, check=True
    ).stdout
    assert "Feature Count" in told
    assert content.sites[0].geometry is not None
