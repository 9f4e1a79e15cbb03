import pickle
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon, box

from layers import BGRN, Flat, Texture, utm_grid
from satdesk.core.bands import BLUE, NIR, Band
from satdesk.core.layer import Layer
from satdesk.core.place import District, Name, Publication, Site, Source
from satdesk.core.raster import Raster
from satdesk.core.scene import (
    Acquisition,
    Angles,
    BandCalibration,
    ImageTile,
    Precision,
    Scene,
    SourceImage,
)
from satdesk.core.units import Quantity
from satdesk.errors import UsageError

GRID = utm_grid(3, 4)
SOURCE = Source(title="a map")
NAMES = (Name(text="Kəlbəcər", language="az"), Name(text="Kalbajar", language="en"))


def raster(values, valid):
    return Raster(values=values, valid=valid, grid=GRID, bands=BGRN, quantity=Quantity.COUNTS)


@settings(deadline=None)
@given(
    shape=st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 5)),
    mask=st.tuples(st.integers(1, 5), st.integers(1, 5)),
)
def test_a_raster_is_band_y_x_of_its_grid(shape, mask):
    fits = shape == (4, 3, 4) and mask == (3, 4)
    if fits:
        raster(np.zeros(shape), np.zeros(mask, bool))
    else:
        with pytest.raises(UsageError, match="must be"):
            raster(np.zeros(shape), np.zeros(mask, bool))


def test_a_mask_is_boolean():
    with pytest.raises(UsageError, match="boolean"):
        raster(np.zeros((4, 3, 4)), np.zeros((3, 4), np.uint8))


def test_a_band_is_found_by_name():
    values = np.arange(48).reshape(4, 3, 4)
    tile = raster(values, np.ones((3, 4), bool))
    assert (tile.band("NIR") == values[3]).all()
    with pytest.raises(UsageError, match="no band SWIR"):
        tile.band("SWIR")


def test_other_numbers_keep_the_place():
    tile = raster(np.zeros((4, 3, 4)), np.ones((3, 4), bool))
    other = tile.with_values(
        np.ones((1, 3, 4)), bands=(NIR,), quantity=Quantity.TOA, valid=np.zeros((3, 4), bool)
    )
    assert (other.bands, other.quantity) == ((NIR,), Quantity.TOA)
    assert other.grid == tile.grid
    assert not other.valid.any()
    assert tile.with_values(np.ones((4, 3, 4))).valid is tile.valid
    with pytest.raises(UsageError):
        tile.with_values(np.ones((1, 3, 4)))


def test_a_raster_crosses_processes():
    tile = Texture(grid=GRID).read(GRID)
    again = pickle.loads(pickle.dumps(tile))  # noqa: S301 - our own bytes
    assert (again.values == tile.values).all()
    assert again.grid == tile.grid


def test_layers_are_known_by_their_verb():
    assert isinstance(Flat(grid=GRID), Layer)
    assert not isinstance(GRID, Layer)


@pytest.mark.parametrize("wavelength", [(0, 400), (500, 400), (400, 400), (-1, 5)])
def test_wavelengths_ascend(wavelength):
    with pytest.raises(UsageError, match="ascend"):
        Band(name="B", wavelength_nm=wavelength)


def test_bands_have_names():
    with pytest.raises(UsageError, match="name"):
        Band(name="")
    assert BLUE.common_name == "blue"
    assert Band(name="B8A").common_name is None


@settings(deadline=None)
@given(st.datetimes(timezones=st.just(UTC)))
def test_an_acquisition_has_the_day_of_its_instant(instant):
    taken = Acquisition.at(instant)
    assert taken.day == instant.date()
    assert taken.precision is Precision.INSTANT
    assert Acquisition.on(taken.day).precision is Precision.DAY
    with pytest.raises(UsageError, match="day"):
        Acquisition(
            day=taken.day + timedelta(days=1 if taken.day < date.max else -1), instant=instant
        )


@pytest.mark.parametrize("zone", [None, timezone(timedelta(hours=4))])
def test_only_utc_instants_count(zone):
    instant = datetime(2020, 11, 17, 6, 45, tzinfo=zone)
    with pytest.raises((UsageError, TypeError), match="UTC"):
        Acquisition.at(instant)


@pytest.mark.parametrize("field", ["gain", "irradiance", "quantification"])
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_calibrations_are_positive(field, value):
    with pytest.raises(UsageError, match=field):
        BandCalibration(**{field: value})


def image(**fields):
    tile = ImageTile(path=Path("a.tif"))
    return SourceImage(id="ms", tiles=(tile,), grid=GRID, bands=BGRN, **fields)


def test_one_calibration_a_band():
    with pytest.raises(UsageError, match="one calibration a band"):
        image(calibration=(BandCalibration(gain=1),))
    assert image(calibration=(BandCalibration(gain=1),) * 4).quantity is Quantity.COUNTS


def test_a_scene_names_the_images_it_has():
    scene = Scene(
        id="S",
        mission=None,
        images=(image(),),
        acquisition=None,
        angles=(Angles(where="top_left"), Angles(where="center", incidence_deg=8)),
    )
    assert scene.image("ms").id == "ms"
    assert scene.center.incidence_deg == 8
    with pytest.raises(UsageError, match="found: ms"):
        scene.image("pan")


@settings(deadline=None)
@given(st.text(alphabet=" \t\n\u00a0", max_size=4))
def test_names_are_not_empty(text):
    with pytest.raises(UsageError, match="empty"):
        Name(text=text)


def test_titles_prefer_english_and_keep_every_name():
    district = District(id="1", names=NAMES, geometry=box(45, 39, 46, 40), source=SOURCE)
    assert district.title == "Kalbajar"
    assert district.names == NAMES
    assert District(id="1", names=NAMES[:1], geometry=box(0, 0, 1, 1), source=SOURCE).title == (
        "Kəlbəcər"
    )


@pytest.mark.parametrize("geometry", [Point(46, 40), Polygon()])
def test_a_district_is_an_area(geometry):
    with pytest.raises(UsageError, match="polygon"):
        District(id="1", names=NAMES, geometry=geometry, source=SOURCE)
    with pytest.raises(UsageError, match="needs a name"):
        District(id="1", names=(), geometry=box(0, 0, 1, 1), source=SOURCE)


@pytest.mark.parametrize(
    ("geometry", "sources"), [(None, 2), (Point(46, 40), 1), (Point(46, 40), 0)]
)
def test_a_published_site_has_two_sources_and_a_place(geometry, sources):
    with pytest.raises(UsageError, match="two citable sources"):
        Site(
            id="1",
            names=NAMES,
            kind="town",
            geometry=geometry,
            sources=(SOURCE,) * sources,
            publication=Publication.PUBLISHED,
        )


def test_sites_are_unpublished_unless_stated():
    site = Site(id="1", names=NAMES, kind="town", geometry=Point(46, 40))
    assert site.publication is Publication.SINGLE_SOURCE
    assert site.title == "Kalbajar"
    with pytest.raises(UsageError, match="sensitivity"):
        Site(id="1", names=NAMES, kind="town", geometry=None, sensitivity="secret")
    with pytest.raises(UsageError, match="needs a name"):
        Site(id="1", names=(), kind="town", geometry=None)
