from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyogrio import raw

from satdesk.errors import (
    BrokenInputError,
    InputError,
    MissingInputError,
    UndeclaredInputError,
    UnreadableInputError,
    UnsafeInputError,
)
from satdesk.files import vectors
from satdesk.files.vectors import read_features
from satdesk.geometry.frames import geodesic_m

TRIANGLE = shapely.Polygon([(46.0, 40.0), (46.2, 40.0), (46.1, 40.15)])
IN_UTM = shapely.box(588_000, 4_439_000, 590_000, 4_441_000)


def write(path: Path, geometry, *, crs: str | None, driver: str) -> Path:
    raw.write(
        path,
        geometry=np.array([shapely.to_wkb(geometry)], dtype=object),
        field_data=[np.array(["Kəlbəcər"], dtype=object), np.array([3])],
        fields=["name", "count"],
        geometry_type=geometry.geom_type,
        crs=crs,
        driver=driver,
        **({"layer": "areas"} if driver == "GPKG" else {"ENCODING": "UTF-8"}),
    )
    return path


def geojson(path: Path, *geometries, crs: str | None = None) -> Path:
    features = [
        {
            "type": "Feature",
            "id": i,
            "properties": {"n": i},
            "geometry": shapely.geometry.mapping(g),
        }
        for i, g in enumerate(geometries)
    ]
    document = {"type": "FeatureCollection", "features": features}
    if crs:
        document["crs"] = {"type": "name", "properties": {"name": crs}}
    path.write_text(json.dumps(document))
    return path


def test_geojson_keeps_ids_properties_and_order(tmp_path):
    features = read_features(geojson(tmp_path / "a.geojson", TRIANGLE, shapely.Point(46, 40)))
    assert [f.id for f in features] == ["0", "1"]
    assert features[0].properties == (("n", 0),)
    assert features[0].geometry.equals(TRIANGLE)
    assert not features[0].repaired


def test_a_bare_geometry_is_geojson_too(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(shapely.to_geojson(TRIANGLE))
    assert read_features(path)[0].geometry.equals(TRIANGLE)


def test_a_declared_crs_in_geojson_is_obeyed(tmp_path):
    path = geojson(tmp_path / "a.geojson", IN_UTM, crs="urn:ogc:def:crs:EPSG::32638")
    lon, lat = read_features(path)[0].geometry.centroid.coords[0]
    assert (lon, lat) == (pytest.approx(46.0441, abs=1e-3), pytest.approx(40.1056, abs=1e-3))


def test_an_ellipsoid_without_a_datum_is_not_guessed(tmp_path):
    path = geojson(tmp_path / "a.geojson", TRIANGLE, crs="+proj=longlat +ellps=krass")
    with pytest.raises(UndeclaredInputError, match=r"a\.geojson: no shift is known"):
        read_features(path)


def test_a_known_datum_is_shifted(tmp_path):
    path = geojson(tmp_path / "a.geojson", shapely.Point(46, 40), crs="EPSG:4284")
    point = read_features(path)[0].geometry
    assert 50 < geodesic_m(46, 40, point.x, point.y) < 200  # Pulkovo 1942


def test_positions_in_metres_without_a_declaration_are_refused(tmp_path):
    with pytest.raises(BrokenInputError, match="nowhere on earth"):
        read_features(geojson(tmp_path / "a.geojson", IN_UTM))


@pytest.mark.parametrize(("driver", "name"), [("GPKG", "a.gpkg"), ("ESRI Shapefile", "a.shp")])
def test_tables_are_reprojected_from_their_declared_crs(tmp_path, driver, name):
    (feature,) = read_features(write(tmp_path / name, IN_UTM, crs="EPSG:32638", driver=driver))
    assert feature.get("NAME") == "Kəlbəcər"
    assert feature.get("count") == 3
    lon, lat = feature.geometry.centroid.coords[0]
    assert (lon, lat) == (pytest.approx(46.0441, abs=1e-3), pytest.approx(40.1056, abs=1e-3))


def test_geographic_tables_keep_longitude_first(tmp_path):
    for driver, name in (("GPKG", "a.gpkg"), ("ESRI Shapefile", "a.shp")):
        path = write(tmp_path / name, TRIANGLE, crs="EPSG:4326", driver=driver)
        assert read_features(path)[0].geometry.equals_exact(TRIANGLE, 1e-9, normalize=True)


def test_a_shapefile_without_prj_declares_nothing(tmp_path):
    path = write(tmp_path / "a.shp", TRIANGLE, crs="EPSG:4326", driver="ESRI Shapefile")
    (tmp_path / "a.prj").unlink()
    with pytest.raises(UndeclaredInputError, match=r"a\.shp.*no \.prj"):
        read_features(path)


def test_a_zipped_shapefile(tmp_path):
    write(tmp_path / "a.shp", TRIANGLE, crs="EPSG:4326", driver="ESRI Shapefile")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for path in tmp_path.glob("a.*"):
            if path.suffix != ".zip":
                archive.write(path, f"folder/{path.name}")
    assert read_features(tmp_path / "a.zip")[0].geometry.area == pytest.approx(TRIANGLE.area)


def test_a_zip_that_leaves_its_folder_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("../outside.shp", b"x")
    with pytest.raises(UnsafeInputError, match=r"a\.zip"):
        read_features(tmp_path / "a.zip")
    assert not (tmp_path.parent / "outside.shp").exists()


def test_a_zip_of_two_shapefiles_is_ambiguous(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("one.shp", b"x")
        archive.writestr("two.shp", b"x")
    with pytest.raises(UnreadableInputError, match=r"one\.shp, two\.shp"):
        read_features(tmp_path / "a.zip")


def test_wkt_as_a_whole_by_line_and_with_srid(tmp_path):
    path = tmp_path / "a.wkt"
    path.write_text(TRIANGLE.wkt.replace("), ", "),\n"))
    assert read_features(path)[0].geometry.equals(TRIANGLE)
    path.write_text("POINT (46 40)\n\nPOINT (47 41)\n")
    assert [f.geometry.x for f in read_features(path)] == [46, 47]
    path.write_text(f"SRID=32638;{IN_UTM.wkt}")
    assert read_features(path)[0].geometry.centroid.x == pytest.approx(46.0441, abs=1e-3)


def test_csv_points(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Name,Latitude,Longitude\nVəng,40.1,46.2\nunknown,,\n", "utf-8")
    first, second = read_features(path)
    assert (first.geometry.x, first.geometry.y) == (46.2, 40.1)
    assert first.get("name") == "Vəng"
    assert second.geometry is None


def test_an_invalid_polygon_is_repaired_and_said(tmp_path):
    bow = shapely.Polygon([(46, 40), (46.2, 40.2), (46.2, 40), (46, 40.2)])
    (feature,) = read_features(geojson(tmp_path / "a.geojson", bow))
    assert feature.repaired
    assert feature.geometry.is_valid
    assert feature.geometry.area == pytest.approx(0.02)


def test_a_polygon_without_area_is_beyond_repair(tmp_path):
    flat = shapely.Polygon([(46, 40), (46.2, 40.2), (46.1, 40.1)])
    with pytest.raises(BrokenInputError, match="cannot be repaired"):
        read_features(geojson(tmp_path / "a.geojson", flat))


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.geojson", b"", UnreadableInputError),
        ("a.geojson", b"{", UnreadableInputError),
        ("a.geojson", b"[1, 2]", UnreadableInputError),
        ("a.geojson", b'{"type": "FeatureCollection", "features": []}', UnreadableInputError),
        ("a.geojson", b'{"type": "Point", "coordinates": [NaN, 1]}', UnreadableInputError),
        ("a.geojson", b'{"type": "Point", "coordinates": ["a", {}]}', UnreadableInputError),
        ("a.geojson", b'{"type": "", "coordinates": null}', UnreadableInputError),
        ("a.geojson", b'{"type": "Point", "coordinates": [1' + b"0" * 400 + b", 1]}", InputError),
        ("a.geojson", b'{"type": "Point", "coordinates": [1e999, 1]}', BrokenInputError),
        ("a.geojson", b"[" * 100_000, UnreadableInputError),
        ("a.geojson", b"\xff\xfe", UnreadableInputError),
        ("a.gpkg", b"not a database", UnreadableInputError),
        ("a.shp", b"not a shapefile", UnreadableInputError),
        ("a.wkt", b"POLYGON ((1 2", UnreadableInputError),
        ("a.wkt", b"SRID=999999;POINT (1 2)", UndeclaredInputError),
        ("a.csv", b"a,b\n1,2\n", UnreadableInputError),
        ("a.csv", b"lon,lat\n1\n", UnreadableInputError),
        ("a.csv", b"lon,lat\n1,nan\n", BrokenInputError),
        ("a.csv", b"lon,lat\nx,y\n", UnreadableInputError),
        ("a.docx", b"x", UnreadableInputError),
    ],
)
def test_bad_files_are_named_in_a_clear_error(tmp_path, name, content, kind):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(kind, match=name):
        read_features(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(MissingInputError, match=r"none\.geojson"):
        read_features(tmp_path / "none.geojson")


def test_limits(tmp_path, monkeypatch):
    path = geojson(tmp_path / "a.geojson", TRIANGLE, TRIANGLE, TRIANGLE)
    monkeypatch.setattr(vectors, "MAX_FEATURES", 2)
    with pytest.raises(UnsafeInputError, match="more than 2 features"):
        read_features(path)
    monkeypatch.setattr(vectors, "MAX_BYTES", 10)
    with pytest.raises(UnsafeInputError, match="at most 10 bytes"):
        read_features(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["type", "features", "geometry", "coordinates", "properties", "crs"]),
            inner | st.sampled_from(["Feature", "FeatureCollection", "Point", "Polygon"]),
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(document=json_values)
def test_any_json_is_read_or_refused_as_input(tmp_path, document):
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps(document))
    try:
        said = str(len(read_features(path)))
    except InputError as error:
        said = str(error)
    assert said.isdigit() or "a.geojson" in said


def test_real_districts_and_their_crs(shared_data):
    folder = shared_data / "boundary"
    districts = read_features(folder / "naturalearth_superset_azerbaijan.geojson")
    assert len(districts) == 78
    (wof,) = read_features(folder / "wof_85668221_kalbajar.geojson")
    assert shapely.get_num_coordinates(wof.geometry) == pytest.approx(796, abs=8)


def test_the_areas_of_a_collection_are_read_without_what_touches_them(tmp_path):
    """As intersections in QGIS and PostGIS leave them: an area, and a line along its edge."""
    other = shapely.box(47, 40, 47.1, 40.1)
    mixed = shapely.GeometryCollection(
        [TRIANGLE, shapely.LineString([(46.0, 40.0), (46.2, 40.0)]), shapely.MultiPolygon([other])]
    )
    (feature,) = read_features(geojson(tmp_path / "a.geojson", mixed))
    assert feature.geometry.geom_type == "MultiPolygon"
    assert feature.geometry.area == pytest.approx(TRIANGLE.area + other.area)


def test_areas_of_collections_in_collections_count(tmp_path):
    other = shapely.box(47, 40, 47.1, 40.1)
    inner = shapely.GeometryCollection([shapely.GeometryCollection([other])])
    mixed = shapely.GeometryCollection([TRIANGLE, inner])
    (feature,) = read_features(geojson(tmp_path / "a.geojson", mixed))
    assert feature.geometry.area == pytest.approx(TRIANGLE.area + other.area)


@pytest.mark.parametrize("number", ["nan", "inf"])
def test_a_collection_of_no_places_is_refused(tmp_path, number):
    ring = f"{number} {number}, 1 1, 2 1, {number} {number}"
    path = tmp_path / "a.wkt"
    path.write_text(f"GEOMETRYCOLLECTION (POLYGON (({ring})), POINT (1 1))")
    with pytest.raises(InputError):
        read_features(path)
