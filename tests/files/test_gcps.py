from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satdesk.errors import (
    BrokenInputError,
    MissingInputError,
    SatdeskError,
    UndeclaredInputError,
    UnreadableInputError,
    UsageError,
)
from satdesk.files.gcps import ControlPoint, read_gcps

POINT = ControlPoint(id="a", lon=46.1, lat=40.2, height_m=1700.5, col=12.25, row=30.5)


def csv(tmp_path, text, name="points.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def geojson(tmp_path, properties, at=(46.1, 40.2, 1700.5), **members):
    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": list(at)},
        "properties": properties,
    }
    document = {"type": "FeatureCollection", "features": [feature], **members}
    return csv(tmp_path, json.dumps(document), "points.geojson")


@pytest.mark.parametrize(
    "text",
    [
        "id,lon,lat,height,col,row\na,46.1,40.2,1700.5,12.25,30.5\n",
        "\ufeffID;Longitude;Latitude;Z;Column;Line\r\na;46,1;40,2;1700,5;12,25;30,5\r\n",
        "row\tcol\theight\tlat\tlon\tname\n30.5\t12.25\t1700.5\t40.2\t46.1\ta\n",
        "# surveyed\n\nid, lon, lat, height, col, row, note\na, 46.1, 40.2, 1700.5, 12.25, 30.5, x\n",
        "id,lon,lat,height,j,i\na,46.1,40.2,1700.5,11.75,30.0\n",
    ],
)
def test_csv_of_many_hands(tmp_path, text):
    assert read_gcps(csv(tmp_path, text)).points == (POINT,)


def test_orthority_counts_from_the_centre_of_the_first_pixel(tmp_path):
    path = geojson(tmp_path, {"id": "a", "ji": [11.75, 30.0], "filename": "one.tif", "info": "x"})
    (point,) = read_gcps(path).points
    assert (point.col, point.row) == (12.25, 30.5)
    assert (point.lon, point.lat, point.height_m) == (46.1, 40.2, 1700.5)
    assert point.filename == "one.tif"


def test_geojson_with_our_own_names_and_height_as_a_property(tmp_path):
    path = geojson(tmp_path, {"id": "a", "col": 12.25, "row": 30.5, "height": 1700.5}, (46.1, 40.2))
    assert read_gcps(path).points == (POINT,)


def test_x_and_y_in_a_named_crs(tmp_path):
    path = csv(tmp_path, "id,x,y,z,col,row\n1,423380.84,4450454.40,1700.5,12.25,30.5\n")
    (point,) = read_gcps(path, crs="EPSG:32638").points
    assert (point.lon, point.lat) == pytest.approx((44.1, 40.2), abs=0.01)
    with pytest.raises(UndeclaredInputError, match="CRS"):
        read_gcps(path)


def test_a_geojson_obeys_the_crs_that_it_declares(tmp_path):
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32638"}}
    path = geojson(tmp_path, {"col": 1, "row": 2}, (500000.0, 4450000.0, 10.0), crs=crs)
    (point,) = read_gcps(path).points
    assert (point.lon, point.lat) == pytest.approx((45.0, 40.2), abs=0.01)


def test_heights_above_a_geoid_are_raised_to_the_ellipsoid(tmp_path):
    path = csv(tmp_path, "id,lon,lat,height,col,row\na,46.0,40.1,1000,1,1\nb,46,40,,2,2\n")
    above, unknown = read_gcps(path, vertical="EGM96").points
    assert above.height_m == pytest.approx(1018.69, abs=0.05)
    assert unknown.height_m is None
    assert read_gcps(path).points[0].height_m == 1000


def test_a_geoid_that_stands_in_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("satdesk.files.geoid._EGM2008_FILES", ("none.tif",))
    path = csv(tmp_path, "lon,lat,height,col,row\n46.0,40.1,1000,1,1\n")
    assert "EGM96 stood in" in read_gcps(path, vertical="EGM2008").notices[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,lon,lat,height,col\n1,2,3,4,5\n", "lacks a column"),
        ("lon,longitude,lat,col,row\n1,2,3,4,5\n", "mean the same"),
        ("lon,lat,col,row\n46,40,1,1\n46,forty,2,2\n", "line 3 has no usable lat"),
        ("lon,lat,col,row\n46,40,1,nan\n", "line 2 has no usable row"),
        ("lon,lat,col,row\n46,40,1\n", "line 2 has too few fields"),
        ("lon,lat,col,row\n46,40,,1\n", "line 2 has no usable col"),
        ("lon,lat,col,row\n\n", "no points"),
        ("lon,lat,col,row\n46,140,1,1\n", "line 2 lies nowhere"),
        ("id,lon,lat,col,row\na,46,40,1,1\na,46,40,2,2\n", "one id"),
        ("lon,lat,col,row,j,i\n46,40,1,1,2,2\n", "twice"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path, text, said):
    with pytest.raises(BrokenInputError, match=said):
        read_gcps(csv(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"type": "FeatureCollection"}',
        '{"features": [{"geometry": {"type": "LineString"}}]}',
        '{"features": [{"geometry": {"type": "Point", "coordinates": [1]}}]}',
        '{"features": [{"geometry": {"type": "Point", "coordinates": [1]}, "properties": 3}]}',
        '{"features": [{"geometry": {"type": "Point", "coordinates": [1, NaN]}}]}',
    ],
)
def test_geojson_that_is_none_of_ours_is_refused(tmp_path, text):
    with pytest.raises((UnreadableInputError, BrokenInputError)):
        read_gcps(csv(tmp_path, text, "points.json"))


def test_a_ji_that_is_no_pair_is_refused(tmp_path):
    with pytest.raises(BrokenInputError, match="feature 1 has a ji"):
        read_gcps(geojson(tmp_path, {"ji": 3}))


def test_calls_that_are_wrong(tmp_path):
    with pytest.raises(MissingInputError):
        read_gcps(tmp_path / "none.csv")
    path = csv(tmp_path, "lon,lat,col,row\n46,40,1,1\n")
    with pytest.raises(UsageError):
        read_gcps(path, vertical="NAVD88")
    with pytest.raises(UsageError):
        read_gcps(path, geoid=tmp_path / "geoid.gtx")
    (tmp_path / "odd.csv").write_bytes(b"\xff\xfe\x00lon")
    with pytest.raises(UnreadableInputError):
        read_gcps(tmp_path / "odd.csv")


@given(st.text(max_size=200), st.sampled_from(["points.csv", "points.json"]))
def test_any_text_is_read_or_refused_by_a_named_error(tmp_path_factory, text, name):
    path = tmp_path_factory.mktemp("text") / name
    path.write_text(text, encoding="utf-8", errors="replace")
    with contextlib.suppress(SatdeskError):
        assert read_gcps(path).points
