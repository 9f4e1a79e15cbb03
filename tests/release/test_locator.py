from __future__ import annotations

import pytest
from shapely.geometry import MultiPolygon, Point, box

from satdesk.release.locator import Country, draw_locator, locator_view, world
from satdesk.release.plate_sheet import Rect, Sheet, drawing_style

DISTRICT = Point(46.0, 40.1).buffer(0.2)


def test_the_world_ships_with_the_package():
    names = {country.name for country in world()}
    assert {"Azerbaijan", "France", "Brazil"} <= names
    assert all(country.geometry.is_valid for country in world())


@pytest.mark.parametrize("aspect", [0.7, 1.0, 1.55])
def test_the_view_holds_the_district_and_has_the_aspect(aspect):
    view = locator_view(DISTRICT, world(), aspect)
    west, south, east, north = DISTRICT.bounds
    assert view.west < west < east < view.east
    assert view.south < south < north < view.north
    width = (view.east - view.west) * view.cos_lat
    assert width / (view.north - view.south) == pytest.approx(aspect)


def test_overseas_territories_do_not_shrink_the_country():
    home, far = box(0, 40, 8, 50), box(-60, 0, -50, 8)
    country = Country(name="Home and far", geometry=MultiPolygon([home, far]))
    view = locator_view(Point(4, 45).buffer(0.1), (country,), 1.0)
    assert view.west > -10
    assert view.north - view.south < 20


@pytest.mark.parametrize(("lon", "lat"), [(100.0, 62.0), (-30.0, 0.0), (179.9, -17.0)])
def test_large_countries_open_sea_and_the_date_line_have_a_bounded_window(lon, lat):
    view = locator_view(Point(lon, lat).buffer(0.05), world(), 1.55)
    assert 0 < view.north - view.south <= 36.0
    assert view.west < lon < view.east


def test_names_stay_in_the_locator_and_apart():
    with drawing_style():
        sheet = Sheet(pixels=(800, 600), dpi=200, paper="#ffffff")
        room = Rect(x=5, y=5, width=70, height=45)
        draw_locator(sheet, room, DISTRICT, world())
    assert "Azerbaijan" in {box.text for box in sheet.boxes}
    for i, one in enumerate(sheet.boxes):
        assert room.holds(one.rect, slack=0.5)
        assert not any(one.rect.meets(other.rect) for other in sheet.boxes[i + 1 :])


def test_areas_without_a_code_of_their_own_are_drawn_but_not_labelled():
    unlabelled = {country.name for country in world() if not country.named}
    assert "Somaliland" in unlabelled
    assert "Azerbaijan" not in unlabelled
    with drawing_style():
        sheet = Sheet(pixels=(800, 600), dpi=200, paper="#ffffff")
        room = Rect(x=5, y=5, width=70, height=45)
        draw_locator(sheet, room, Point(33.4, 35.1).buffer(0.05), world())
    printed = {box.text for box in sheet.boxes}
    assert "Turkey" in printed
    assert not printed & unlabelled


@pytest.mark.parametrize("width", [22, 27, 34])
def test_the_districts_country_is_named_whole_beside_the_ring(width):
    with drawing_style():
        sheet = Sheet(pixels=(800, 600), dpi=200, paper="#ffffff")
        draw_locator(sheet, Rect(x=5, y=5, width=width, height=width / 1.35), DISTRICT, world())
    said = [box.text for box in sheet.boxes]
    assert "Azerbaijan" in said
    assert not any("…" in text for text in said)
