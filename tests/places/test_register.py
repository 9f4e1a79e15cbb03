from __future__ import annotations

import json
import string
from dataclasses import replace
from importlib.resources import files

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satdesk.core.place import Name, Publication, Site, Source
from satdesk.errors import BrokenInputError, InputError, UnknownNameError, UsageError
from satdesk.geometry.frames import geodesic_m
from satdesk.places import (
    place_to_dict,
    public_sites,
    read_sites,
    search,
    seeds,
    write_sites,
)
from satdesk.places.sightings import Sighting, agreeing, site_from_sightings

DADIVANK = (46.28836, 40.16173)
WRONG = (44.5135, 40.1412)  # where one public file puts Dadivank
FORMATS = ["csv", "geojson", "gpkg"]


def sighting(title: str, lonlat: tuple[float, float], reference: str | None = "") -> Sighting:
    return Sighting(
        source=Source(title=title, reference=title if reference == "" else reference), lonlat=lonlat
    )


def made(*sightings: Sighting, uncertainty_m: float = 150) -> Site:
    return site_from_sightings(
        sightings, id="x", names=(Name(text="X"),), kind="monastery", uncertainty_m=uncertainty_m
    )


@pytest.fixture
def by_id() -> dict[str, Site]:
    return {site.id: site for site in seeds()}


def test_the_seeds_and_what_may_be_published(by_id):
    assert {site_id: site.publication for site_id, site in by_id.items()} == {
        "khudavang": Publication.PUBLISHED,
        "ganjasar": Publication.SINGLE_SOURCE,
        "istisu-sanatorium": Publication.SINGLE_SOURCE,
        "kalbajar-town": Publication.PUBLISHED,
        "museums": Publication.NOT_IDENTIFIED,
        "further-monuments": Publication.NOT_IDENTIFIED,
    }
    for site in by_id.values():
        assert all(source.reference for source in site.sources)
        if site.publication is Publication.NOT_IDENTIFIED:
            assert site.geometry is None
            assert site.notes == "not identified in the source"


def test_seeds_lie_where_public_sources_put_them(by_id):
    for site_id, lonlat, within_m in [
        ("khudavang", DADIVANK, 100),
        ("ganjasar", (46.53057, 40.05734), 100),
        ("kalbajar-town", (46.04446, 40.10984), 1),
    ]:
        point = by_id[site_id].geometry
        assert geodesic_m(point.x, point.y, *lonlat) < within_m


def test_no_name_of_the_seeds_is_dropped(by_id):
    assert {"Khudavang", "Dadivank", "Xudavəng", "Դադիվանք", "Дадиванк"} <= {
        n.text for n in by_id["khudavang"].names
    }
    assert {"Ganjasar", "Gandzasar", "Գանձասար"} <= {n.text for n in by_id["ganjasar"].names}


def test_the_sanatorium_says_that_its_position_is_the_settlements(by_id):
    assert "settlement" in by_id["istisu-sanatorium"].notes


def test_geonames_positions_are_those_of_the_shipped_extract(by_id):
    text = files("satdesk").joinpath("data/gazetteer.json").read_text("utf-8")
    places = {p["geonameid"]: p for p in json.loads(text)["places"]}
    for site_id, number in [("kalbajar-town", 586268), ("istisu-sanatorium", 147969)]:
        point = by_id[site_id].geometry
        assert (point.x, point.y) == (places[number]["longitude"], places[number]["latitude"])


def test_words_that_take_sides_occur_nowhere():
    for name in ("sites.toml", "districts_az.geojson", "gazetteer.json"):
        text = files("satdesk").joinpath(f"data/{name}").read_text("utf-8").casefold()
        assert not [word for word in ("liberat", "occup", "aggress", "reclaim") if word in text]


def test_two_sources_that_agree_publish():
    site = made(sighting("a", DADIVANK), sighting("b", (46.28801, 40.16139)))
    assert site.publication is Publication.PUBLISHED
    assert [s.title for s in site.sources] == ["a", "b"]
    assert (site.geometry.x, site.geometry.y) == DADIVANK


def test_a_source_that_puts_it_elsewhere_does_not_count():
    site = made(sighting("a", DADIVANK), sighting("wrong", WRONG))
    assert site.publication is Publication.SINGLE_SOURCE
    assert [s.title for s in site.sources] == ["a"]
    assert "wrong puts it 151.2 km away and is not counted." in site.notes


def test_the_first_source_being_wrong_does_not_decide():
    site = made(sighting("wrong", WRONG), sighting("a", DADIVANK), sighting("b", DADIVANK))
    assert site.publication is Publication.PUBLISHED
    assert (site.geometry.x, site.geometry.y) == DADIVANK
    assert [s.title for s in site.sources] == ["a", "b"]


def test_two_against_two_decides_nothing():
    site = made(
        sighting("a", DADIVANK), sighting("b", DADIVANK), sighting("c", WRONG), sighting("d", WRONG)
    )
    assert site.publication is Publication.SINGLE_SOURCE


def test_one_source_twice_or_without_a_reference_does_not_count():
    assert len(agreeing((sighting("a", DADIVANK), sighting("a", DADIVANK)), 150)) == 1
    anonymous = sighting("b", DADIVANK, reference=None)
    assert made(sighting("a", DADIVANK), anonymous).publication is Publication.SINGLE_SOURCE
    assert made(anonymous).publication is Publication.SINGLE_SOURCE


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_seeds_go_round(tmp_path, suffix):
    path = tmp_path / f"register.{suffix}"
    write_sites(path, seeds())
    assert read_sites(path) == seeds()
    assert list(tmp_path.iterdir()) == [path]


texts = st.text(
    alphabet=string.printable.replace("\r", "").replace("\x0b", "").replace("\x0c", "")
    + "əşçıİҷՔԱ漢",
    min_size=1,
    max_size=12,
).filter(lambda text: bool(text.strip()))
positions = st.builds(shapely.Point, st.floats(-180, 180, width=32), st.floats(-90, 90, width=32))
areas = st.builds(lambda p: shapely.box(p.x / 2, p.y / 2, p.x / 2 + 1, p.y / 2 + 1), positions)
sites = st.builds(
    Site,
    id=st.just("one"),
    names=st.lists(
        st.builds(Name, text=texts, language=st.none() | st.just("az"), source=st.none() | texts),
        min_size=1,
        max_size=3,
    ).map(tuple),
    kind=texts,
    geometry=st.none() | positions | areas,
    uncertainty_m=st.none() | st.floats(0, 1e5),
    sources=st.lists(st.builds(Source, title=texts, date=st.none() | texts), max_size=2).map(tuple),
    publication=st.sampled_from([Publication.SINGLE_SOURCE, Publication.NOT_IDENTIFIED]),
    sensitivity=st.sampled_from(["public", "coarse", "withheld"]),
    coarse_m=st.floats(1, 1e5),
    notes=st.none() | texts,
)


@pytest.mark.parametrize("suffix", FORMATS)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(site=sites)
def test_any_site_goes_round(tmp_path, suffix, site):
    path = tmp_path / f"register.{suffix}"
    write_sites(path, [site])
    assert read_sites(path) == (site,)


def test_a_hand_made_csv(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(
        "id,name,name:az,kind,lon,lat,source,sensitivity\n"
        "m1,Mill,Dəyirman,mill,46.1,40.1,Village archive,coarse\n"
        "m2,Lost,,,,,,\n",
        "utf-8",
    )
    mill, lost = read_sites(path)
    assert [(n.text, n.language) for n in mill.names] == [("Mill", None), ("Dəyirman", "az")]
    assert mill.sources == (Source(title="Village archive"),)
    assert mill.publication is Publication.SINGLE_SOURCE
    assert lost.publication is Publication.NOT_IDENTIFIED
    assert lost.kind == "site"


@pytest.mark.parametrize(
    "row",
    [
        "m1,,46,40,,",  # no name
        "m1,Mill,46,40,published,",  # published without two sources
        "m1,Mill,46,40,famous,",
        'm1,Mill,46,40,,"[1]"',
        'm1,Mill,46,40,,"{"',
    ],
)
def test_a_row_that_is_no_site_is_named(tmp_path, row):
    path = tmp_path / "bad.csv"
    path.write_text(f"id,name,lon,lat,publication,names\n{row}\n")
    with pytest.raises(BrokenInputError, match=r"bad\.csv: row 1"):
        read_sites(path)


def test_repeated_ids_are_refused(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("id,name,lon,lat\nm,Mill,46,40\nm,Mill,46,40\n")
    with pytest.raises(InputError, match="repeats; found: m"):
        read_sites(path)


def test_writing_nothing_or_elsewhere_is_wrong(tmp_path):
    with pytest.raises(UsageError):
        write_sites(tmp_path / "a.csv", [])
    with pytest.raises(UsageError):
        write_sites(tmp_path / "a.kml", seeds())
    assert list(tmp_path.iterdir()) == []


def test_the_public_sees_published_sites_only(by_id):
    shown, kept = public_sites(seeds())
    assert [site.id for site in shown] == ["khudavang", "kalbajar-town"]
    assert shown[0].geometry == by_id["khudavang"].geometry
    assert dict(kept) == {
        "Ganjasar": "one source only; two that agree are needed",
        "Istisu sanatorium": "one source only; two that agree are needed",
        "Museums": "not identified in the source",
        "Further historical and cultural monuments": "not identified in the source",
    }


def test_a_withheld_site_is_absent(by_id):
    site = replace(by_id["khudavang"], sensitivity="withheld")
    shown, kept = public_sites((site,))
    assert shown == ()
    assert kept == (("Khudavang", "its position is withheld"),)
    form = place_to_dict(site)
    assert form["centroid"] is None
    assert form["bbox"] is None
    assert "46.28" not in json.dumps(form)


@settings(deadline=None)
@given(lon=st.floats(-179, 179), lat=st.floats(-84, 84), coarse_m=st.floats(50, 20_000))
def test_a_coarse_site_tells_its_cell_and_no_more(lon, lat, coarse_m):
    site = replace(
        seeds()[0], geometry=shapely.Point(lon, lat), sensitivity="coarse", coarse_m=coarse_m
    )
    ((shown,), _) = public_sites((site,))
    moved = geodesic_m(lon, lat, shown.geometry.x, shown.geometry.y)
    assert moved <= 0.72 * coarse_m + 1  # half a cell's diagonal, and PROJ's ellipsoid
    assert shown.uncertainty_m >= coarse_m
    assert shown.notes is None
    again = replace(shown, sensitivity="coarse")
    assert public_sites((again,))[0][0].geometry.distance(shown.geometry) < 1e-5


def test_everything_in_a_cell_becomes_one_point():
    places = [shapely.Point(46.2881 + d, 40.1614 + d) for d in (0, 1e-4, 2e-4)]
    sites_ = tuple(
        replace(seeds()[0], geometry=p, sensitivity="coarse", coarse_m=5000) for p in places
    )
    assert len({site.geometry.wkt for site in public_sites(sites_)[0]}) == 1


def test_a_coarse_site_needs_a_grid(by_id):
    with pytest.raises(UsageError, match="coarse_m"):
        public_sites((replace(by_id["khudavang"], sensitivity="coarse", coarse_m=0),))


def test_search_finds_districts_and_sites():
    assert [place.id for place in search("kalbajar")] == ["ne10m:AZ-KAL", "kalbajar-town"]
    assert [place.id for place in search("дадиванк")] == ["khudavang"]
    assert [place.id for place in search("sanatorium")] == ["istisu-sanatorium"]
    with pytest.raises(UnknownNameError) as caught:
        search("Dadivankk")
    assert caught.value.nearest[0] == "Dadivank"
    with pytest.raises(UnknownNameError):
        search("  ")


def test_the_json_form_is_json_and_says_what_is_unknown():
    area, town = map(place_to_dict, search("kalbajar"))
    json.dumps([area, town], allow_nan=False)
    assert area["source"]["viewpoint"] == "unknown"
    assert area["bbox"][0] < town["centroid"][0] < area["bbox"][2]
    assert town["publication"] == "published"
