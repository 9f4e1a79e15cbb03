"""Counts, radiance, reflectance; the sun against published values."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satdesk.errors import UsageError
from satdesk.radiometry import calibrate

SUN = {"irradiance": 1964.631, "sun_elevation_deg": 62.0, "sun_distance_au": 0.9886}


def test_radiance_by_hand():
    radiance = calibrate.counts_to_radiance([0, 1108], gain=11.08, bias=0.5)
    np.testing.assert_allclose(radiance, [0.5, 100.5])


def test_reflectance_by_hand():
    # a white diffuser at 1 au under a sun at the zenith radiates E0 / pi
    white = calibrate.radiance_to_toa(
        1000 / np.pi, irradiance=1000, sun_elevation_deg=90, sun_distance_au=1
    )
    assert float(white) == pytest.approx(1.0)
    low = calibrate.radiance_to_toa(
        1000 / np.pi, irradiance=1000, sun_elevation_deg=30, sun_distance_au=1
    )
    assert float(low) == pytest.approx(2.0)
    far = calibrate.radiance_to_toa(
        1000 / np.pi, irradiance=1000, sun_elevation_deg=90, sun_distance_au=1.01
    )
    assert float(far) == pytest.approx(1.0201)


def test_sentinel2_baseline_04_00():
    counts = np.array([1000, 2000, 11000], dtype=np.uint16)
    got = calibrate.counts_to_reflectance(counts, quantification=10000, offset=-1000)
    np.testing.assert_allclose(got, [0.0, 0.1, 1.0])


def test_landsat_by_hand():
    # USGS's usual numbers: 2.0e-5 and -0.1; a sun at 30 degrees halves the light
    got = calibrate.landsat_toa([5000, 15000], mult=2.0e-5, add=-0.1, sun_elevation_deg=30)
    np.testing.assert_allclose(got, [0.0, 0.4])
    # the guide's valid range 7273 to 43636 is reflectance 0 to 1
    np.testing.assert_allclose(calibrate.landsat_surface([7273, 43636]), [0, 1], atol=1e-4)
    with pytest.raises(UsageError, match="above the horizon"):
        calibrate.landsat_toa([1], mult=2.0e-5, add=-0.1, sun_elevation_deg=0)


@given(st.integers(0, 4095), st.floats(1, 30), st.floats(-5, 5))
def test_inverses(count, gain, bias):
    radiance = calibrate.counts_to_radiance(count, gain=gain, bias=bias)
    rho = calibrate.radiance_to_toa(radiance, **SUN)
    back = calibrate.toa_to_radiance(rho, **SUN)
    again = calibrate.radiance_to_counts(back, gain=gain, bias=bias)
    assert float(again) == pytest.approx(count, abs=1e-8)
    coded = calibrate.reflectance_to_counts(rho, quantification=10000, offset=-1000)
    decoded = calibrate.counts_to_reflectance(coded, quantification=10000, offset=-1000)
    assert float(decoded) == pytest.approx(float(rho), abs=1e-12)


@pytest.mark.parametrize("elevation", [0.0, -3.0, 91.0, float("nan")])
def test_no_reflectance_without_sun(elevation):
    with pytest.raises(UsageError, match="above the horizon"):
        calibrate.radiance_to_toa(
            1.0, irradiance=1.0, sun_elevation_deg=elevation, sun_distance_au=1.0
        )


def test_encoding_keeps_zero_for_nodata():
    rho = np.array([-0.01, 0.0, 0.00004, 0.1, 1.0, 9.0, np.nan])
    assert calibrate.encode_reflectance(rho).tolist() == [1, 1, 1, 1000, 10000, 65535, 0]
    valid = np.array([True, False, True, True, True, True, True])
    assert calibrate.encode_reflectance(rho, valid).tolist() == [1, 0, 1, 1000, 10000, 65535, 0]


@given(st.floats(1e-4, 6.5))
def test_encoding_is_exact_to_half_a_step(rho):
    decoded, usable = calibrate.decode_reflectance(calibrate.encode_reflectance(np.array([rho])))
    assert usable.all()
    assert abs(float(decoded[0]) - rho) <= 0.5e-4 + 1e-6


def test_sun_against_nrel():
    """Reda and Andreas, NREL/TP-560-34302 (2008), table A5.1."""
    instant = datetime(2003, 10, 17, 12, 30, 30, tzinfo=timezone(timedelta(hours=-7)))
    elevation, azimuth = calibrate.sun_position(instant, -105.1786, 39.742476)
    assert elevation == pytest.approx(39.872046, abs=0.005)
    assert azimuth == pytest.approx(194.340241, abs=0.01)
    assert calibrate.sun_distance_au(instant) == pytest.approx(0.9965422974, abs=1e-4)


def test_sun_against_meeus():
    """Meeus, Astronomical Algorithms, example 25.a: 1992 October 13.0 TD."""
    t = calibrate._julian_centuries(datetime(1992, 10, 13, tzinfo=UTC))
    alpha, delta = calibrate._sun_equatorial(t - 69.0 / 86400 / 36525)
    assert np.degrees(alpha) % 360 == pytest.approx(198.38083, abs=2e-5)
    assert np.degrees(delta) == pytest.approx(-7.78507, abs=2e-5)
    got = calibrate.sun_distance_au(datetime(1992, 10, 13, tzinfo=UTC))
    assert got == pytest.approx(0.99766, abs=1e-5)


@pytest.mark.parametrize(
    ("instant", "distance"),
    [
        # perihelion and aphelion of 2020, US Naval Observatory
        (datetime(2020, 1, 5, 7, 48, tzinfo=UTC), 0.9832436),
        (datetime(2020, 7, 4, 11, 35, tzinfo=UTC), 1.0166943),
    ],
)
def test_distance_at_the_apsides(instant, distance):
    assert calibrate.sun_distance_au(instant) == pytest.approx(distance, abs=1e-4)
    assert calibrate.sun_distance_au(instant.date()) == pytest.approx(distance, abs=2e-4)


def test_a_day_stands_for_its_noon():
    noon = datetime(2020, 11, 17, 12, tzinfo=UTC)
    assert calibrate.sun_distance_au(date(2020, 11, 17)) == calibrate.sun_distance_au(noon)


def test_naive_instants_are_refused():
    with pytest.raises(UsageError, match="aware"):
        calibrate.sun_distance_au(datetime.fromisoformat("2020-01-01T00:00:00"))


@pytest.mark.parametrize("folder", ["dimap_spot7", "dimap_pleiades"])
def test_sun_against_dimap_centres(shared_data, folder):
    # the provider's own angles stand up to 0.35 degrees of arc from the authority's; coarse on purpose
    checked = 0
    for path in sorted((shared_data / folder).rglob("DIM_*.XML")):
        root = ET.parse(path).getroot()
        center = root.find(".//Dataset_Extent/Center")
        lon, lat = float(center.findtext("LON")), float(center.findtext("LAT"))
        for place in root.iter("Located_Geometric_Values"):
            if place.findtext("LOCATION_TYPE") != "Center":
                continue
            instant = datetime.fromisoformat(place.findtext("TIME")).astimezone(UTC)
            elevation, azimuth = calibrate.sun_position(instant, lon, lat)
            stated = place.find("Solar_Incidences")
            assert elevation == pytest.approx(float(stated.findtext("SUN_ELEVATION")), abs=0.2)
            assert azimuth == pytest.approx(float(stated.findtext("SUN_AZIMUTH")), abs=1.0)
            checked += 1
    assert checked > 0
