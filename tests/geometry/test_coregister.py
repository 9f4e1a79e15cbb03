"""Two dates laid on each other, on pictures whose displacement is known, and refusals."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from satdesk.errors import UsageError
from satdesk.geometry.coregister import PicturePair, coregister, refusal
from satdesk.geometry.coregister_agree import agreeing, contradiction
from satdesk.geometry.coregister_fit import Field, fit_field
from satdesk.geometry.coregister_ground import levels_of, stable


def ground(seed=3, size=400):
    """A random ground with 1/f texture, smooth enough to be sampled anywhere."""
    wide = size + 64
    fy, fx = np.fft.fftfreq(wide)[:, None], np.fft.fftfreq(wide)[None]
    radius = np.hypot(fx, fy)
    spectrum = np.fft.fft2(np.random.default_rng(seed).normal(size=(wide, wide)))
    field = np.fft.ifft2(spectrum * np.where(radius < 0.35, 1 / (0.03 + radius), 0)).real
    return 1000 + 200 * field / field.std()


def taken(field, displacement=None, noise=5.0, seed=1, gain=1.0):
    """What a date shows: the ground, displaced, in another light, with noise."""
    size = field.shape[0] - 64
    row, col = np.mgrid[:size, :size] + 0.5
    picture = field[32:-32, 32:-32]
    if displacement is not None:
        # moving(p + d(p)) = fixed(p), so moving(q) = fixed(q - d) to first order of d's slope
        dcol, drow = displacement(col, row)
        for _ in range(4):
            dcol, drow = displacement(col - dcol, row - drow)
        at = [row - drow + 31.5, col - dcol + 31.5]
        picture = ndimage.map_coordinates(field, at, order=5)
    return gain * picture + np.random.default_rng(seed).normal(0, noise, picture.shape)


def pair_of(fixed, moving, fixed_usable=None, moving_usable=None):
    everything = np.ones(fixed.shape, np.bool_)
    return PicturePair(
        fixed=fixed,
        moving=moving,
        fixed_usable=everything if fixed_usable is None else fixed_usable,
        moving_usable=everything if moving_usable is None else moving_usable,
    )


def truth_error(found, displacement, size=400):
    """RMS distance from the truth on a lattice of points that are no window's centre."""
    col, row = np.meshgrid(np.linspace(30.3, size - 30.7, 23), np.linspace(31.1, size - 29.9, 21))
    wanted, measured = displacement(col, row), found.displacement(col, row)
    return float(
        np.sqrt(np.mean([(w - m) ** 2 for w, m in zip(wanted, measured, strict=True)]) * 2)
    )


def shift(dcol, drow):
    return lambda col, row: (np.full_like(col, dcol), np.full_like(row, drow))


def turned(col, row):
    return 1.2 + 0.004 * (col - 200) - 0.002 * (row - 200), -0.7 + 0.003 * (col - 200)


def bent(col, row):
    return 1.5 * np.sin(col / 120), 1.2 * np.cos(row / 140) + 0.4


@given(st.floats(-12, 12), st.floats(-12, 12))
@settings(max_examples=6, deadline=None)
def test_shifts_are_found_to_a_few_hundredths(dcol, drow):
    field = ground()
    found = coregister([pair_of(taken(field), taken(field, shift(dcol, drow), seed=2, gain=0.6))])
    assert refusal(found) is None
    assert truth_error(found, shift(dcol, drow)) < 0.05


@pytest.mark.parametrize(
    ("truth", "kind"), [(shift(0.4, -0.3), "shift"), (turned, "affine"), (bent, "local")]
)
def test_the_field_is_as_simple_as_the_truth(truth, kind):
    field = ground(seed=8)
    found = coregister([pair_of(taken(field), taken(field, truth, seed=2))])
    assert refusal(found) is None
    assert found.kind == kind
    assert found.significant
    assert truth_error(found, truth) < 0.1
    assert found.held_out_rmse_px < 0.15
    low, high = found.held_out_interval_95_px
    assert low <= found.held_out_rmse_px <= high


def test_a_ground_that_bends_is_followed_from_window_to_window():
    def wave(col, row):
        return 2.5 * np.sin(col / 100), 2.5 * np.cos(row / 110)

    field = ground(seed=8)
    found = coregister([pair_of(taken(field), taken(field, wave, seed=2))])
    assert found.kind == "local"
    assert found.n_used > 0.95 * found.n_windows
    # 0.64 px without the windows that the stiff lattice leaves out
    assert truth_error(found, wave) < 0.1


def test_windows_that_do_not_agree_count_against_the_field():
    found = coregister([pair_of(taken(ground(seed=8)), taken(ground(seed=8), seed=2))])
    half = replace(found, n_used=found.n_windows // 4, contradiction_px=0.0)
    assert half.residual_px == pytest.approx(2 * found.held_out_rmse_px, rel=0.02)
    assert replace(found, held_out_rmse_px=None).residual_px is None
    nowhere = refusal(replace(found, held_out_rmse_px=None))
    assert nowhere.rule == "coregistration-too-few"
    assert np.isfinite(nowhere.measured)


def test_neighbours_that_agree_against_the_field_refuse_it():
    def parted(col, row):
        """The lower third lies two pixels off, and the field may not follow a step."""
        return 0.6 + 2.0 * (row > 270), 0.2 + 0 * row

    field = ground(seed=8)
    found = coregister([pair_of(taken(field), taken(field, parted, seed=2))])
    good = coregister([pair_of(taken(field), taken(field, shift(0.6, 0.2), seed=2))])
    assert good.contradiction_px < 0.05
    assert refusal(good) is None
    # on the windows that agree it looks well
    assert found.held_out_rmse_px / (found.n_used / found.n_windows) ** 0.5 < 0.3
    assert found.contradiction_px > 0.4
    error = refusal(found)
    assert error.rule == "coregistration-residual"
    assert "against the field" in str(error)
    assert error.measured == pytest.approx(found.residual_px, abs=1e-3)


def test_chance_around_a_window_cancels():
    places = np.stack(np.meshgrid(np.arange(9), np.arange(9)), -1).reshape(-1, 2) * 40.0
    field = Field(matrix=((0.5, 0.0, 0.0), (0.0, 0.0, 0.0)))
    rng = np.random.default_rng(2)
    scattered = rng.normal([0.5, 0], 0.3, places.shape)
    together = np.where(places[:, :1] > 200, [[1.1, 0]], [[0.5, 0]])
    assert contradiction(places, scattered, field, 40.0) < 0.3 * 2**0.5 / 2
    # a third of the windows, 0.6 px off: a little less where they meet the others
    assert contradiction(places, together, field, 40.0) == pytest.approx(0.6 / 3**0.5, abs=0.03)
    wild = together + 100.0
    assert contradiction(places, wild, field, 40.0) == pytest.approx(1.5)


def test_nothing_is_moved_where_nothing_differs():
    field = ground(seed=5)
    found = coregister([pair_of(taken(field), taken(field, seed=9, gain=0.8))])
    assert refusal(found) is None
    assert not found.significant


def test_a_changed_third_does_not_pull():
    field, other = ground(seed=8), ground(seed=99)
    moving = taken(field, shift(0.8, 0.5), seed=2)
    moving[:130] = taken(other)[:130]
    found = coregister([pair_of(taken(field), moving)])
    assert refusal(found) is None
    assert truth_error(found, shift(0.8, 0.5)) < 0.05
    assert found.n_used < 0.8 * found.n_windows


def test_reversed_contrast_is_no_obstacle():
    field = ground(seed=8)
    fixed, moving = taken(field), 2000 - taken(field, shift(0.8, 0.5), seed=2)
    fixed[:60] = moving[:60]  # texture alone would find this strip
    found = coregister([pair_of(fixed, moving)])
    if refusal(found) is None:
        assert truth_error(found, shift(0.8, 0.5)) < 0.3


def test_samples_of_a_grid_tell_the_same_as_the_whole():
    field = ground(seed=8)
    fixed, moving = taken(field), taken(field, turned, seed=2)
    samples = [
        PicturePair(
            fixed=fixed[row : row + 200, col : col + 200],
            moving=moving[row : row + 200, col : col + 200],
            fixed_usable=np.ones((200, 200), np.bool_),
            moving_usable=np.ones((200, 200), np.bool_),
            col=col,
            row=row,
        )
        for row in (0, 200)
        for col in (0, 200)
    ]
    assert truth_error(coregister(samples), turned) < 0.1


def cloud(rng):
    fy, fx = np.fft.fftfreq(256)[:, None], np.fft.fftfreq(256)[None]
    spectrum = np.fft.fft2(rng.normal(size=(256, 256))) / (np.hypot(fy, fx) + 1 / 256) ** 1.6
    field = np.fft.ifft2(spectrum).real
    return 3000 + 300 * field / field.std() + rng.normal(0, 8, (256, 256))


@pytest.mark.parametrize("seed", range(24))
def test_what_shows_nothing_in_common_is_refused(seed):
    rng = np.random.default_rng(seed)
    makers = [
        lambda: ground(int(rng.integers(1 << 30)), 256)[32:-32, 32:-32],
        lambda: cloud(rng),
        lambda: 500 + rng.normal(0, 3, (256, 256)),
        lambda: np.full((256, 256), 500.0),
    ]
    fixed, moving = makers[seed % 4](), makers[seed // 4 % 4]()
    if seed % 4 == 3 and seed // 4 % 4 == 3:
        moving = moving + 1
    error = refusal(coregister([pair_of(fixed, moving)]))
    assert error is not None
    assert error.rule == "coregistration-too-few"
    assert error.measured > error.limit
    assert "--accept coregistration-too-few" in str(error)


def test_windows_in_one_corner_are_refused():
    field = ground(seed=8)
    fixed, moving = taken(field), taken(field, shift(0.8, 0.5), seed=2)
    other = taken(ground(seed=99))
    moving[210:], moving[:, 210:] = other[210:], other[:, 210:]
    error = refusal(coregister([pair_of(fixed, moving)]))
    assert error is not None
    assert error.rule in {"coregistration-spread", "coregistration-too-few"}


def test_what_differs_from_window_to_window_is_refused():
    field = ground(seed=8)
    jitter = ndimage.gaussian_filter(
        np.random.default_rng(0).normal(size=(2, 400, 400)), (0, 14, 14)
    )
    jitter *= 0.8 / jitter.std()

    def shaken(col, row):
        at = [np.clip(row - 0.5, 0, 399), np.clip(col - 0.5, 0, 399)]
        return tuple(ndimage.map_coordinates(part, at, order=1) for part in jitter)

    error = refusal(coregister([pair_of(taken(field), taken(field, shaken, seed=2))]))
    assert error is not None
    assert error.rule in {"coregistration-residual", "coregistration-too-few"}


def test_no_common_ground_is_refused():
    field = ground(seed=8)
    nowhere = np.zeros((400, 400), np.bool_)
    found = coregister([pair_of(taken(field), taken(field), moving_usable=nowhere)])
    assert found.kind == "none"
    assert refusal(found).rule == "coregistration-too-few"


def test_a_registration_is_a_value():
    field = ground(seed=8)
    found = coregister([pair_of(taken(field), taken(field, bent, seed=2))])
    again = pickle.loads(pickle.dumps(found))  # noqa: S301 - our own bytes
    assert again == found
    assert again.lineage_digest() == found.lineage_digest()
    assert hash(again) == hash(found)


def test_pictures_of_two_shapes_are_no_pair():
    with pytest.raises(UsageError, match="one shape"):
        pair_of(np.zeros((8, 8)), np.zeros((8, 9)))


def test_a_third_of_wild_matches_does_not_pull():
    rng = np.random.default_rng(4)
    places = rng.uniform(0, 2000, (120, 2))
    offsets = np.stack(turned(places[:, 0] / 5, places[:, 1] / 5), axis=1)
    offsets += rng.normal(0, 0.05, offsets.shape)
    offsets[:40] = rng.uniform(-6, 6, (40, 2))
    near = agreeing(places, offsets)
    assert near[40:].mean() > 0.97
    fitted = fit_field(places[near], offsets[near], np.ones(near.sum()))
    assert fitted.kind == "affine"
    assert fitted.rmse_px < 0.15


def test_snow_shadow_and_water_are_not_stable():
    planes = {name: np.full((20, 20), 1000.0) for name in ("B", "G", "R", "NIR")}
    planes["NIR"] += 800
    for plane in planes.values():
        plane[:, :3] = 5000  # snow or cloud
        plane[:, 3:6] = 100  # shadow
    planes["NIR"][:, 6:9] = 300  # water
    valid = np.ones((20, 20), np.bool_)
    valid[:, 9:12] = False
    usable = stable(planes, valid, levels_of([(planes, valid)]))
    assert not usable[:, :12].any()
    assert usable[:, 12:].all()
