"""Image matching on pictures whose shift is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satdesk.errors import UsageError
from satdesk.geometry.register import measure_shift


def picture(dcol=0.0, drow=0.0, seed=5, shape=(160, 200), cutoff=0.35):
    """A band-limited random field, moved exactly by a phase ramp; cut free of the wrap-around."""
    wide = tuple(n + 64 for n in shape)
    spectrum = np.fft.rfft2(np.random.default_rng(seed).normal(size=wide))
    fy, fx = np.fft.fftfreq(wide[0])[:, None], np.fft.rfftfreq(wide[1])[None, :]
    radius = np.hypot(fx, fy)
    spectrum *= np.where(radius < cutoff, 1 / (0.03 + radius), 0)
    spectrum *= np.exp(-2j * np.pi * (fx * dcol + fy * drow))
    field = np.fft.irfft2(spectrum, wide)[32:-32, 32:-32]
    return field / field.std()


def noise(seed, sigma):
    return np.random.default_rng(seed).normal(0, sigma, (160, 200))


@given(st.floats(-5, 5), st.floats(-5, 5), st.integers(0, 50))
@settings(max_examples=15, deadline=None)
def test_known_shifts_are_found(dcol, drow, seed):
    fixed = picture(seed=seed) + noise(seed + 1, 0.1)
    moving = picture(dcol, drow, seed=seed) + noise(seed + 2, 0.1)
    shift = measure_shift(fixed, moving)
    assert shift.reason is None
    assert shift.dcol == pytest.approx(dcol, abs=0.05)
    assert shift.drow == pytest.approx(drow, abs=0.05)
    assert shift.score > 0.5


def test_the_interval_covers():
    hits = 0
    for seed in range(30):
        fixed = picture(seed=seed) + noise(seed + 100, 0.3)
        moving = picture(0.4, -0.3, seed=seed) + noise(seed + 200, 0.3)
        shift = measure_shift(fixed, moving, max_shift=3)
        hits += abs(shift.dcol - 0.4) <= shift.interval_95_px[0]
        hits += abs(shift.drow + 0.3) <= shift.interval_95_px[1]
        assert max(shift.interval_95_px) < 0.1
    assert hits >= 51  # of 60; at 95 % fewer than 51 happen once in 3000


@given(st.floats(0.01, 1000), st.floats(-1e4, 1e4))
@settings(max_examples=10, deadline=None)
def test_brightness_and_contrast_do_not_matter(gain, bias):
    fixed, moving = picture(), picture(1.3, -0.6)
    plain = measure_shift(fixed, moving)
    changed = measure_shift(fixed, gain * moving + bias)
    assert changed.dcol == pytest.approx(plain.dcol, abs=1e-4)
    assert changed.drow == pytest.approx(plain.drow, abs=1e-4)


def test_there_and_back():
    one, other = picture(), picture(2.4, 1.7) + noise(3, 0.05)
    there, back = measure_shift(one, other), measure_shift(other, one)
    assert there.dcol == pytest.approx(-back.dcol, abs=0.02)
    assert there.drow == pytest.approx(-back.drow, abs=0.02)


def test_masked_pixels_take_no_part():
    fixed, moving = picture(), picture(1.5, -0.5)
    valid = np.ones(fixed.shape, dtype=bool)
    valid[40:90, 30:120] = False
    fixed[~valid] = 1e4
    moving[:, :20] = np.nan
    shift = measure_shift(fixed, moving, fixed_valid=valid)
    assert shift.dcol == pytest.approx(1.5, abs=0.05)
    assert shift.drow == pytest.approx(-0.5, abs=0.05)


def test_a_changed_part_does_not_matter():
    fixed, moving = picture(), picture(1.5, -0.5)
    moving[:70, :100] = picture(seed=77)[:70, :100]
    shift = measure_shift(fixed, moving)
    assert shift.dcol == pytest.approx(1.5, abs=0.05)
    assert shift.drow == pytest.approx(-0.5, abs=0.05)


@pytest.mark.parametrize(
    ("fixed", "moving"),
    [
        (np.full((160, 200), 7.3), picture()),
        (picture(), np.full((160, 200), 1e5)),
        (picture(seed=1), picture(seed=2)),
        (noise(1, 1.0), noise(2, 1.0)),
        (picture(), -picture()),
    ],
)
def test_nothing_is_measured_where_nothing_agrees(fixed, moving):
    shift = measure_shift(fixed, moving)
    assert shift.reason
    assert shift.dcol is shift.drow is shift.interval_95_px is None


def test_no_overlap_of_usable_pixels():
    left = np.zeros((160, 200), dtype=bool)
    left[:, :90] = True
    shift = measure_shift(picture(), picture(), fixed_valid=left, moving_valid=~left)
    assert shift.reason == "too few usable pixels in common"


def test_textures_that_never_meet():
    left = np.zeros((160, 200))
    right = left.copy()
    left[:, :60] = picture()[:, :60]
    right[:, 140:] = picture()[:, 140:]
    assert measure_shift(left, right).reason


def test_shapes_must_agree():
    with pytest.raises(UsageError, match="one shape"):
        measure_shift(picture(), picture()[1:])


def test_two_days_of_sentinel_2(shared_data):
    """Beirut's two dates lie apart in x alone; the four bands, matched apart, say by how much."""
    rasterio = pytest.importorskip("rasterio")
    folder = shared_data / "change" / "oscd" / "beirut"
    days = []
    for day in (1, 2):
        with rasterio.open(folder / f"imgs_{day}_B02B03B04B08.tif") as source:
            days.append(source.read()[:, :600, :600].astype(float))
    shifts = [measure_shift(before, after) for before, after in zip(*days, strict=True)]
    assert all(shift.reason is None for shift in shifts)
    assert np.ptp([shift.dcol for shift in shifts]) < 0.1
    assert -0.7 < np.median([shift.dcol for shift in shifts]) < -0.3
    assert abs(np.median([shift.drow for shift in shifts])) < 0.15
