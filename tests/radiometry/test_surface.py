"""Clean air: published depths, pressure, reciprocity, and there and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satdesk.errors import UsageError
from satdesk.radiometry.surface import (
    ANGSTROM,
    DARK_REFLECTANCE,
    dark_object,
    haze_path,
    pressure_hpa,
    rayleigh_depth,
    rayleigh_reflectance,
    unveiled,
)


def test_the_standard_atmosphere_s_own_table():
    np.testing.assert_allclose(pressure_hpa([0, 1000, 5000]), [1013.25, 898.75, 540.2], rtol=2e-4)


@pytest.mark.parametrize(
    ("wavelength_nm", "depth"), [(400, 0.3609), (500, 0.1434), (550, 0.0971), (700, 0.0365)]
)
def test_depths_of_bodhaine(wavelength_nm, depth):
    # B. A. Bodhaine et al., J. Atmos. Oceanic Technol. 16 (1999) 1854-1861, at 1013.25 hPa
    assert rayleigh_depth(wavelength_nm) == pytest.approx(depth, rel=0.015)


def test_thinner_air_adds_less():
    angles = {"sun_zenith_deg": 40.0, "view_zenith_deg": 10.0, "relative_azimuth_deg": 120.0}
    low = rayleigh_reflectance(490, **angles)
    high = rayleigh_reflectance(490, **angles, pressure=float(pressure_hpa(2000)))
    assert high / low == pytest.approx(float(pressure_hpa(2000)) / 1013.25)


@given(st.floats(0, 75), st.floats(0, 75), st.floats(0, 360))
def test_sun_and_satellite_can_change_places(sun, view, azimuth):
    one = rayleigh_reflectance(
        490, sun_zenith_deg=sun, view_zenith_deg=view, relative_azimuth_deg=azimuth
    )
    other = rayleigh_reflectance(
        490, sun_zenith_deg=view, view_zenith_deg=sun, relative_azimuth_deg=azimuth
    )
    assert one == pytest.approx(other)


@given(st.floats(0, 1), st.floats(0, 0.2), st.floats(0, 0.4), st.floats(0, 70), st.floats(0, 70))
def test_there_and_back(ground, path, depth, sun, view):
    through = 1 / np.cos(np.radians(sun)) + 1 / np.cos(np.radians(view))
    seen = path + ground * np.exp(-depth / 2 * through)
    got = unveiled(seen, path=path, depth=depth, sun_zenith_deg=sun, view_zenith_deg=view)
    assert float(got) == pytest.approx(ground, abs=1e-9)


def test_the_dark_object_leaves_what_is_not_usable():
    plane = np.full((60, 60), 0.2)
    plane[0, :20] = 0.03
    plane[1] = 0.0
    valid = np.ones(plane.shape, bool)
    valid[1] = False
    assert dark_object(plane, valid) == pytest.approx(0.03)


def test_what_cannot_be_told_is_refused():
    with pytest.raises(UsageError, match="needs a scene"):
        dark_object(np.ones((10, 10)), np.ones((10, 10), bool))
    with pytest.raises(UsageError, match="above the horizon"):
        rayleigh_reflectance(490, sun_zenith_deg=85, view_zenith_deg=0, relative_azimuth_deg=0)


@given(st.floats(0, 0.2))
def test_haze_that_fades_with_wavelength_is_found(thick):
    wavelengths = (490, 560, 660, 825)
    added = [thick * (490 / w) ** ANGSTROM for w in wavelengths]
    found = haze_path([DARK_REFLECTANCE + one for one in added], wavelengths)
    np.testing.assert_allclose(found, added, atol=1e-12)


def test_a_near_infrared_without_anything_dark_is_no_haze():
    blue, infrared = haze_path([0.03, 0.25], (490, 825))
    assert blue == pytest.approx(0.02)
    assert infrared == pytest.approx(0.02 * (490 / 825) ** ANGSTROM)


def test_less_than_no_light_is_given_back():
    assert haze_path([-0.004, 0.03], (490, 825)) == (-0.004, 0.0)
