from __future__ import annotations

import json

import pytest
import shapely

from satdesk.core.place import Name, Site
from satdesk.errors import (
    BrokenInputError,
    UndeclaredInputError,
    UnknownNameError,
    UsageError,
    exit_code,
)
from satdesk.places import (
    contains,
    district,
    district_from_box,
    district_from_file,
    find_districts,
    seeds,
)
from satdesk.places.gazetteer import districts

SQUARE = shapely.box(46.0, 40.0, 46.2, 40.1)


def geojson(path, *features):
    items = [
        {"type": "Feature", "properties": p, "geometry": shapely.geometry.mapping(g)}
        for p, g in features
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": items}))
    return path


@pytest.mark.parametrize(
    "query",
    [
        "Kəlbəcər",
        "kalbajar",
        "KELBADJAR",
        "Kelbajar",
        "Քարվաճառ",
        "Кельбаджар",
        "كالباجار",
        "AZ-KAL",
        "az-kal",
        "ne10m:AZ-KAL",
    ],
)
def test_kalbajar_by_any_of_its_names(query):
    assert [d.id for d in find_districts(query)] == ["ne10m:AZ-KAL"]
    assert district(query).title == "Kalbajar"


def test_all_78_features_ship_with_unique_ids_and_valid_polygons():
    shipped = districts()
    assert len(shipped) == len({d.id for d in shipped}) == 78
    assert all(d.geometry.is_valid for d in shipped)
    assert {d.country for d in shipped} == {"AZ"}
    assert {d.time_zone for d in shipped} == {"Asia/Baku"}


def test_shipped_boundaries_are_contested_and_say_what_is_not_known():
    for shipped in districts():
        assert shipped.contested
        assert shipped.source.licence == "public domain"
        assert shipped.source.viewpoint is None
        assert shipped.source.valid_from is None


@pytest.mark.parametrize(
    ("query", "count"),
    [("AZ-SA", 2), ("AZ-LA", 2), ("AZ-YEV", 2), ("Şəki", 2), ("Lankaran", 3), ("Lənkəran", 1)],
)
def test_where_a_key_is_not_unique_all_candidates_are_given(query, count):
    found = find_districts(query)
    assert len(found) == count
    if count > 1:
        with pytest.raises(UnknownNameError) as caught:
            district(query)
        assert caught.value.nearest == tuple(d.id for d in found)
        assert all(d.id in str(caught.value) for d in found)
        assert "km²" in str(caught.value)
        assert exit_code(caught.value) == 3


def test_each_candidate_can_be_asked_for_by_its_id():
    areas = {district(d.id).geometry.area for d in find_districts("AZ-SA")}
    assert len(areas) == 2


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(UnknownNameError) as caught:
        district("Kalbajr")
    assert caught.value.nearest[0] == "Kalbajar"
    assert "did you mean Kalbajar" in str(caught.value)


def test_a_box_is_no_administrative_border():
    area = district_from_box((46, 40, 46.2, 40.1), name="Here")
    assert area.geometry.equals(SQUARE)
    assert not area.contested
    assert "not an administrative border" in area.source.title
    for box in [(46.2, 40, 46, 40.1), (46, 40, 46.2, 91), (46, 40, 46.2, float("nan"))]:
        with pytest.raises(UsageError):
            district_from_box(box, name="Nowhere")


def test_a_file_carries_its_source_viewpoint_and_validity(tmp_path):
    path = geojson(tmp_path / "mine.geojson", ({"name": "Mine", "iso": "AZ-X"}, SQUARE))
    area = district_from_file(
        path, name="Ours", source="Survey", viewpoint="AZ", valid_from="2020-11-25"
    )
    assert [n.text for n in area.names] == ["Ours", "Mine"]
    assert area.source.title == "Survey"
    assert (area.source.viewpoint, area.source.valid_from) == ("AZ", "2020-11-25")
    assert area.source.valid_to is None
    assert ("iso", "AZ-X") in area.codes
    assert area.contested


def test_one_of_several_polygons_is_chosen_by_key_or_number(tmp_path):
    far = shapely.box(47, 41, 47.1, 41.1)
    path = geojson(
        tmp_path / "a.geojson",
        ({"name": "One", "code": 1}, SQUARE),
        ({"name": "One", "code": 2}, far),
        ({"name": "A point"}, shapely.Point(46, 40)),
    )
    assert district_from_file(path, key="2").geometry.equals(far)
    assert district_from_file(path, key="#1").geometry.equals(SQUARE)
    with pytest.raises(UnknownNameError, match=r"fits 2 polygons.*#1.*#2"):
        district_from_file(path, key="one")
    with pytest.raises(UnknownNameError, match="the file has 2 polygons"):
        district_from_file(path)
    with pytest.raises(UnknownNameError, match=r"a\.geojson: no polygon answers to 'Onne'.*One"):
        district_from_file(path, key="Onne")


def test_files_without_polygon_or_name(tmp_path):
    with pytest.raises(BrokenInputError, match="holds no polygon"):
        district_from_file(geojson(tmp_path / "a.geojson", ({}, shapely.Point(46, 40))))
    wkt = tmp_path / "b.wkt"
    wkt.write_text(SQUARE.wkt)
    with pytest.raises(UsageError, match="has no name"):
        district_from_file(wkt)
    assert district_from_file(wkt, name="Here").title == "Here"


def test_a_repaired_polygon_says_so(tmp_path):
    bow = shapely.Polygon([(46, 40), (46.2, 40.2), (46.2, 40), (46, 40.2)])
    area = district_from_file(geojson(tmp_path / "a.geojson", ({"name": "Bow"}, bow)))
    assert "repaired" in area.source.title


def test_an_undeclared_crs_is_no_district(tmp_path):
    (tmp_path / "a.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "crs": {"type": "name"}, "features": []})
    )
    with pytest.raises(UndeclaredInputError):
        district_from_file(tmp_path / "a.geojson")


def test_two_sources_of_kalbajar_overlap_by_an_iou_of_0_874(shared_data):
    wof = district_from_file(shared_data / "boundary" / "wof_85668221_kalbajar.geojson")
    shipped = district("Kalbajar")
    shared = shipped.geometry.intersection(wof.geometry).area
    assert shared / shipped.geometry.union(wof.geometry).area == pytest.approx(0.874, abs=0.001)
    assert {n.text for n in wof.names} >= {"Kəlbəcər", "Kalbajar District"}


def test_the_shipped_polygon_is_that_of_the_source(shared_data):
    path = shared_data / "boundary" / "naturalearth_superset_azerbaijan.geojson"
    original = district_from_file(path, key="AZ-KAL")
    shipped = district("AZ-KAL")
    assert original.geometry.symmetric_difference(shipped.geometry).area < 2e-5


def test_inside_is_answered_per_polygon(shared_data):
    wof = district_from_file(shared_data / "boundary" / "wof_85668221_kalbajar.geojson")
    shipped = district("Kalbajar")
    spot = shipped.geometry.difference(wof.geometry).representative_point()
    site = Site(id="s", names=(Name(text="S"),), kind="site", geometry=spot)
    assert contains(shipped, site)
    assert not contains(wof, site)


def test_where_the_seeds_lie():
    shipped = district("Kalbajar")
    inside = {site.id: contains(shipped, site) for site in seeds()}
    assert inside["khudavang"]
    assert inside["kalbajar-town"]
    assert not inside["museums"]
