"""Discs on pixels against distances from every pixel to the next of the mask."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from satdesk.radiometry.discs import around, wide_parts

RADII = (0.6, 1.0, 2**0.5, 2.0, 5**0.5, 3.7, 9.0, 60.0)


def _masks():
    shapes = st.tuples(st.integers(1, 25), st.integers(1, 25))
    return shapes.flatmap(lambda shape: arrays(np.bool_, shape))


@given(_masks(), st.sampled_from(RADII))
def test_around_is_what_lies_within_the_radius(mask, radius):
    found = around(mask, radius)
    if mask.any():
        np.testing.assert_array_equal(found, ndimage.distance_transform_edt(~mask) <= radius)
    else:
        assert not found.any()


@given(_masks(), st.sampled_from(RADII))
def test_wide_parts_hold_a_disc(mask, radius):
    found = wide_parts(mask, radius)
    assert not (found & ~mask).any()
    if radius >= 1 and mask.any() and not mask.all():
        middles = ndimage.distance_transform_edt(mask) > radius
        assert found.any() == middles.any()
        assert not (middles & ~found).any()


@pytest.mark.parametrize("radius", [0.3, 4.0])
def test_nothing_has_nothing_around_it(radius):
    nothing = np.zeros((7, 9), bool)
    assert not around(nothing, radius).any()
    assert not wide_parts(nothing, radius).any()
