from __future__ import annotations

import json

import pytest
from shapely.geometry import MultiPolygon, box, mapping

from satdesk.geometry.antimeridian import joined
from satdesk.release.area import chosen_district
from satdesk.release.ground import grid_over
from satdesk.release.recipe import DistrictChoice

WHOLE = box(179.98, -17.0, 180.02, -16.98)
CUT = MultiPolygon([box(179.98, -17.0, 180.0, -16.98), box(-180.0, -17.0, -179.98, -16.98)])


def test_two_halves_at_the_antimeridian_are_one():
    assert joined(CUT).symmetric_difference(WHOLE).area == pytest.approx(0.0, abs=1e-12)
    assert joined(CUT).geom_type == "Polygon"


def test_islands_on_both_sides_lie_beside_each_other():
    fiji = MultiPolygon([box(177, -18, 178, -17), box(-179.9, -17, -179.5, -16)])
    assert joined(fiji).bounds == pytest.approx((177, -18, 180.5, -16))


@pytest.mark.parametrize(
    "geometry",
    [
        WHOLE,
        box(46.0, 40.0, 46.2, 40.2),
        box(-70.0, -20.0, -69.0, -19.0),
        MultiPolygon([box(-70, -20, -69, -19), box(-60, -20, -59, -19)]),
        MultiPolygon([box(-5, 50, -4, 51), box(4, 50, 5, 51)]),  # on both sides of Greenwich
        box(-180, -90, 180, 90),
    ],
)
def test_all_others_stay_as_they_are(geometry):
    assert joined(geometry) is geometry


def test_a_district_cut_as_geojson_has_it_lies_in_its_own_utm_zone(tmp_path):
    path = tmp_path / "fiji.geojson"
    feature = {"type": "Feature", "properties": {}, "geometry": mapping(CUT)}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    found = chosen_district(DistrictChoice(file=path, title="Taveuni", source="drawn for a test"))
    assert found.geometry.bounds == pytest.approx(WHOLE.bounds)
    grid = grid_over(found.geometry, gsd_m=10.0)
    assert str(grid.crs) in {"EPSG:32701", "EPSG:32760"}  # it was zone 31, half the Earth away


def test_a_box_from_east_to_west_crosses_the_antimeridian():
    # RFC 7946, 5.2
    choice = DistrictChoice(box=(179.98, -17.0, -179.98, -16.98), source="drawn for a test")
    assert chosen_district(choice).geometry.bounds == pytest.approx(WHOLE.bounds)
