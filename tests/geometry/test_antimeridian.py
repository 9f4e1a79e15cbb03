from __future__ import annotations

import json

import pytest
from shapely.geometry import MultiPolygon, box, mapping

from satdesk.errors import UsageError
from satdesk.geometry.antimeridian import joined
from satdesk.release.area import chosen_district
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


def test_a_district_on_both_sides_is_refused_however_it_is_written(tmp_path):
    # cut as RFC 7946 has it, it got a UTM zone half the Earth away
    path = tmp_path / "fiji.geojson"
    feature = {"type": "Feature", "properties": {}, "geometry": mapping(CUT)}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    for choice in (
        DistrictChoice(file=path, title="Taveuni", source="drawn for a test"),
        DistrictChoice(box=(179.98, -17.0, -179.98, -16.98), source="drawn for a test"),
        DistrictChoice(box=(179.98, -17.0, 180.02, -16.98), source="drawn for a test"),
    ):
        with pytest.raises(UsageError, match="across the antimeridian") as refused:
            chosen_district(choice)
        assert "179.980 to 180.020" in str(refused.value)


@pytest.mark.parametrize("box_deg", [(179.9, -17, 180, -16), (-180, -17, -179.9, -16)])
def test_a_district_that_ends_there_is_not(box_deg):
    choice = DistrictChoice(box=box_deg, source="drawn for a test")
    assert chosen_district(choice).geometry.bounds == pytest.approx(box_deg)
