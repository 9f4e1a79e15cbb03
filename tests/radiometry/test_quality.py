"""Scores: an authority's numbers, perfect pictures, known orders, holes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from satdesk.errors import UsageError
from satdesk.radiometry.lowpass import low_pass, mtf_taps
from satdesk.radiometry.quality import reference_blocks
from satdesk.radiometry.quality_full import full_blocks


def scene():
    """Arrays whose scores were computed by the MATLAB toolbox of Vivone et al. (2021) in Octave."""
    generator = np.random.default_rng(3)
    base = gaussian_filter(generator.normal(size=(256, 256)), 1.2)
    truth = np.stack(
        [
            400
            + 90 * (k + 1) * (base / base.std())
            + 60 * gaussian_filter(generator.normal(size=(256, 256)), 2) / 0.1
            for k in range(4)
        ]
    )
    truth = np.clip(np.rint(truth - truth.min() + 50), 1, 4095)
    picture = truth + generator.normal(0, 25, truth.shape) + 10 * np.arange(4)[:, None, None]
    picture = np.clip(np.rint(picture), 0, 4095)
    pan = np.rint(truth.mean(0) + generator.normal(0, 5, (256, 256)))
    return truth, picture, pan


def of(reference, picture, block=32):
    return reference_blocks(reference, picture, block=block, ratio=4)


@pytest.mark.parametrize(
    ("bands", "sam", "ergas", "q"),
    [
        (4, 0.7741017244, 0.4633574434, 0.9899059248),
        (3, 0.6673422061, 0.4179089078, 0.9885811903),
    ],
)
def test_the_toolbox_finds_the_same(bands, sam, ergas, q):
    truth, picture, _ = scene()
    found = of(truth[:bands], picture[:bands])
    assert float(found.sam_deg()) == pytest.approx(sam, abs=1e-9)
    assert float(found.ergas()) == pytest.approx(ergas, abs=1e-9)
    assert float(found.q2n()) == pytest.approx(q, abs=1e-9)


def test_the_toolbox_finds_the_same_spatial_distortion():
    truth, picture, pan = scene()
    ms = np.stack([low_pass(band, mtf_taps(0.3, 4)) for band in truth])
    blurred = low_pass(pan, mtf_taps(0.2, 4))
    full = full_blocks(picture, ms, pan, blurred, gains=(0.3,) * 4, ratio=4, block=32)
    # their blur reflects at the edges where ours leaves out: the arrays came from ours
    assert float(full.d_s()) == pytest.approx(0.0472359147, abs=1e-9)


@pytest.mark.parametrize("bands", [1, 2, 3, 4, 5, 8])
def test_a_picture_is_perfect_against_itself(bands):
    picture = np.random.default_rng(bands).uniform(10, 900, (bands, 64, 64))
    found = of(picture, picture)
    assert float(found.sam_deg()) == pytest.approx(0, abs=1e-5)
    assert float(found.ergas()) == 0
    assert float(found.q2n()) == pytest.approx(1, abs=1e-12)


def test_more_noise_is_worse_on_every_score():
    truth, _, _ = scene()
    noise = np.random.default_rng(5).normal(size=truth.shape)
    found = [of(truth, truth + sigma * noise) for sigma in (5, 20, 80)]
    for name, sign in (("sam_deg", 1), ("ergas", 1), ("q2n", -1)):
        values = sign * np.array([getattr(each, name)() for each in found])
        assert (np.diff(values) > 0).all(), name


@settings(max_examples=20, deadline=None)
@given(scale=st.floats(0.01, 100))
def test_the_unit_does_not_matter(scale):
    truth, picture, _ = scene()
    one, other = of(truth, picture), of(scale * truth, scale * picture)
    for name in ("sam_deg", "ergas", "q2n"):
        assert float(getattr(one, name)()) == pytest.approx(float(getattr(other, name)()), rel=1e-6)


def test_brightness_is_no_angle_and_hue_is():
    truth, _, _ = scene()
    assert float(of(truth, 1.2 * truth).sam_deg()) == pytest.approx(0, abs=1e-5)
    tinted = truth * np.array([1.2, 1, 1, 1])[:, None, None]
    assert float(of(truth, tinted).sam_deg()) > 3


def test_a_hole_takes_no_part():
    truth, picture, _ = scene()
    spoiled, holed = picture.copy(), truth.copy()
    spoiled[:, 40:50, 40:50] = 1e9
    holed[2, 40:50, 40:50] = np.nan
    found, clean = of(holed, spoiled), of(truth, picture)
    assert float(found.count.sum()) == 256 * 256 - 100
    for name in ("sam_deg", "ergas", "q2n"):
        assert float(getattr(found, name)()) == pytest.approx(
            float(getattr(clean, name)()), rel=0.01
        )


def test_a_block_that_is_mostly_a_hole_is_left():
    truth, picture, _ = scene()
    truth[:, :32, :20] = np.nan
    assert len(of(truth, picture).count) == 63


def test_pictures_of_two_shapes_are_refused():
    with pytest.raises(UsageError, match="agree"):
        of(np.ones((4, 32, 32)), np.ones((3, 32, 32)))


def test_what_blurs_back_to_ms_has_no_spectral_distortion():
    truth, _, pan = scene()
    ms = np.stack([low_pass(band, mtf_taps(0.3, 4)) for band in truth])
    blurred = low_pass(pan, mtf_taps(0.3, 4))
    rule = {"gains": (0.3,) * 4, "ratio": 4, "block": 32}
    good = full_blocks(truth, ms, pan, blurred, **rule)
    dull = full_blocks(ms, ms, pan, blurred, **rule)
    tinted = truth * np.array([1.2, 1, 1, 1])[:, None, None]
    wrong = full_blocks(tinted, ms, pan, blurred, **rule)
    assert float(good.d_lambda()) == pytest.approx(0, abs=1e-9)
    assert float(wrong.d_lambda()) > 0.05
    assert float(dull.d_s()) > float(good.d_s()) + 0.1
    assert float(good.hqnr()) > max(float(dull.hqnr()), float(wrong.hqnr()))
