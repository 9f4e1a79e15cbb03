"""Every method: known truth, hue of water, haze, roofs and snow, holes, and the choice among them."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from satdesk.core.lineage import plain
from satdesk.errors import BrokenInputError, DisjointInputError, UnknownNameError, UsageError
from satdesk.radiometry.lowpass import decimated, mtf_taps, upsampled
from satdesk.radiometry.quality import reference_blocks
from satdesk.radiometry.sharpen import SharpeningMethod
from satdesk.radiometry.sharpen_adaptive import LocalGains
from satdesk.radiometry.sharpen_hpm import HighPassModulation
from satdesk.radiometry.sharpen_local import RatioComponent
from satdesk.radiometry.sharpen_methods import METHODS, TITLES, fit_method
from satdesk.radiometry.sharpen_scores import (
    Bench,
    FusionSample,
    composite,
    measured_scores,
    sharpened,
)
from satdesk.radiometry.sharpen_training import Training

BANDS = ("B", "G", "R", "NIR")
SHARES = np.array([0.24, 0.34, 0.32, 0.10])
COLOURS = {
    "grass": (0.09, 0.11, 0.10, 0.32),
    "soil": (0.12, 0.15, 0.19, 0.26),
    "water": (0.085, 0.07, 0.045, 0.02),
    "roof": (0.55, 0.56, 0.60, 0.62),
    "snow": (0.85, 0.86, 0.87, 0.80),
}
HUE_KEPT = ("brovey", "rcs", "bt-h")
PATCHES = {
    "water": (slice(40, 88), slice(40, 88)),
    "roof": (slice(150, 182), slice(150, 182)),
    "snow": (slice(60, 130), slice(180, 250)),
}


def truth_of(size=256, seed=4):
    """``(band, y, x)`` reflectance: grass and soil with texture; water, a roof and snow on it."""
    generator = np.random.default_rng(seed)
    mix = gaussian_filter(generator.normal(size=(size, size)), 6)
    mix = (mix > 0)[None] * 1.0
    grass, soil = (np.array(COLOURS[name])[:, None, None] for name in ("grass", "soil"))
    ground = grass * mix + soil * (1 - mix)
    texture = gaussian_filter(generator.normal(size=(size, size)), 1)
    ground = ground * (1 + 0.25 * texture / texture.std() * 0.6).clip(0.4, 1.7)
    for name, patch in PATCHES.items():
        ground[:, patch[0], patch[1]] = np.array(COLOURS[name])[:, None, None]
    return ground


def sample_of(truth, gain=0.3):
    pan = np.tensordot(SHARES, truth, 1)
    native = np.array([decimated(band, mtf_taps(gain, 4, even=True), 4) for band in truth])
    ms = np.array([upsampled(band, 4) for band in native])
    return FusionSample(pan=pan, ms=ms, native=native)


def bench_of(truth, **changes):
    given = {"bands": BANDS, "gains": (0.3,) * 4, "pan_gain": 0.3, "ratio": 4} | changes
    return Bench(samples=(sample_of(truth),), **given)


TRUTH = truth_of()
BENCH = bench_of(TRUTH)


def angle_deg(first, second):
    """Between the mean colours of two patches."""
    a, b = (v.reshape(len(v), -1).mean(axis=1) for v in (first, second))
    return float(np.degrees(np.arccos(min(a @ b / np.linalg.norm(a) / np.linalg.norm(b), 1.0))))


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_a_value_with_fitted_numbers(name):
    method = fit_method(name, BENCH.training())
    assert isinstance(method, SharpeningMethod)
    assert pickle.loads(pickle.dumps(method)) == method  # noqa: S301 - our own bytes
    assert plain(method) == plain(fit_method(name, BENCH.training()))
    assert name in TITLES


@pytest.mark.parametrize("name", METHODS)
def test_a_method_comes_closer_to_the_truth_than_interpolation(name):
    method = fit_method(name, BENCH.training())
    (made,) = sharpened(method, BENCH)
    ours = reference_blocks(TRUTH, made, block=32, ratio=4)
    theirs = reference_blocks(TRUTH, BENCH.samples[0].ms, block=32, ratio=4)
    assert float(ours.ergas()) < 0.8 * float(theirs.ergas())
    assert float(ours.q2n()) > float(theirs.q2n())
    assert made.dtype == np.float32
    assert (made >= 0).all()


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("patch", PATCHES)
def test_even_water_roofs_and_snow_keep_their_colour(name, patch):
    method = fit_method(name, BENCH.training())
    (made,) = sharpened(method, BENCH)
    rows, cols = PATCHES[patch]
    inner = (
        slice(None),
        slice(rows.start + 8, rows.stop - 8),
        slice(cols.start + 8, cols.stop - 8),
    )
    assert angle_deg(made[inner], TRUTH[inner]) < 0.5


@pytest.mark.parametrize("name", HUE_KEPT)
@pytest.mark.parametrize("patch", PATCHES)
def test_haze_keeps_its_colour(name, patch):
    haze = np.array([0.08, 0.045, 0.03, 0.01])[:, None, None]
    hazy = 0.85 * TRUTH + haze
    bench = bench_of(hazy)
    (made,) = sharpened(fit_method(name, bench.training()), bench)
    rows, cols = PATCHES[patch]
    inner = (
        slice(None),
        slice(rows.start + 8, rows.stop - 8),
        slice(cols.start + 8, cols.stop - 8),
    )
    assert angle_deg(made[inner], hazy[inner]) < 0.5


@pytest.mark.parametrize("name", ["brovey", "rcs"])
def test_one_ratio_serves_all_bands(name):
    (made,) = sharpened(fit_method(name, BENCH.training()), BENCH)
    ratio = made / BENCH.samples[0].ms
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:1], ratio.shape), rtol=1e-4)


def test_bt_h_has_one_ratio_above_the_haze():
    method = fit_method("bt-h", BENCH.training())
    (made,) = sharpened(method, BENCH)
    haze = np.array(method.haze)[:, None, None]
    clear = BENCH.samples[0].ms - haze
    bright = (clear > 0.01).all(axis=0)
    ratio = (made - haze)[:, bright] / clear[:, bright]
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:1], ratio.shape), rtol=2e-3)


def test_the_weighted_sum_of_local_gains_is_pan():
    method = fit_method("gsa-local", BENCH.training())
    sample = BENCH.samples[0]
    (made,) = sharpened(method, BENCH)
    haze = np.array(method.haze)[:, None, None]
    total = np.tensordot(np.array(method.weights), made - haze, 1) + method.offset
    clear = np.tensordot(np.array(method.weights), sample.ms - haze, 1)
    bright = (clear >= method.floor) & (made > 0).all(axis=0)
    assert bright.mean() > 0.95
    np.testing.assert_allclose(total[bright], sample.pan[bright], rtol=1e-5)


def beside_a_road():
    """Meadow with two bright roads, a third of it in shade under blue light; where rims are."""
    meadow = np.array([0.04, 0.08, 0.06, 0.34])[:, None, None]
    gravel = np.array([0.22, 0.26, 0.29, 0.33])[:, None, None]
    generator = np.random.default_rng(5)
    texture = gaussian_filter(generator.normal(size=(256, 256)), 1)
    col = np.arange(256)[None] + np.zeros((256, 1))
    road = (np.abs(col - 90.5) < 3) | (np.abs(col - 150.5) < 8)
    ground = np.where(road, gravel, meadow * (1 + 0.15 * texture / texture.std()).clip(0.4, 1.7))
    sunlit = np.where(np.arange(256)[:, None] < 170, 1.0, 0.0)
    direct = np.array([0.74, 0.80, 0.85, 0.90])[:, None, None]
    veil = np.array([0.058, 0.033, 0.021, 0.010])[:, None, None]
    truth = veil + ground * (direct * sunlit + 1 - direct)
    rims = np.zeros((256, 256), bool)
    for edge in (88, 93, 143, 158):
        rims[:160, edge - 4 : edge + 5] = True
    shade = np.zeros_like(rims)
    shade[182:, :70] = True
    return truth, {"rims": rims & ~road, "shade": shade}


def colours(picture, truth, where):
    """Root mean square of what the visible bands' shares of their sum differ by."""
    shares = [p[:3, where] / p[:3, where].sum(axis=0) for p in (picture, truth)]
    return float(np.sqrt(np.mean((shares[0] - shares[1]) ** 2)))


def test_local_gains_leave_no_rims_beside_roads_and_no_blue_in_shade():
    truth, places = beside_a_road()
    bench = bench_of(truth)
    made = {n: sharpened(fit_method(n, bench.training()), bench)[0] for n in METHODS}
    off = {
        place: {name: colours(picture, truth, where) for name, picture in made.items()}
        for place, where in places.items()
    }
    mended = off["rims"].pop("gsa-local")
    assert mended < 0.6 * off["rims"]["brovey"]
    assert mended < min(off["rims"].values())
    assert off["shade"]["gsa-local"] < off["shade"]["bt-h"]


def test_a_lonely_pixel_has_the_ratio_alone():
    method = local_gains(sigma_px=8.0)
    pan, ms = np.full((9, 9), np.nan), np.full((1, 9, 9), np.nan)
    pan[4, 4], ms[0, 4, 4] = 0.6, 0.3
    made = method.sharpen(pan, ms)
    np.testing.assert_allclose(made[0, 4, 4] - 0.1, 0.6, rtol=1e-6)
    assert made.sum() == made[0, 4, 4]


@pytest.mark.parametrize("name", METHODS)
def test_a_saturated_roof_stays_white_and_makes_no_halo(name):
    top = np.full(4, 1.0)
    truth = TRUTH.copy()
    truth[:, 150:182, 150:182] = top[:, None, None]
    bench = bench_of(truth)
    (made,) = sharpened(fit_method(name, bench.training()), bench)
    around = made[:, 190:200, 150:182]
    np.testing.assert_allclose(
        around.mean(axis=(1, 2)), truth[:, 190:200, 150:182].mean(axis=(1, 2)), rtol=0.12
    )


@pytest.mark.parametrize("name", METHODS)
def test_a_hole_spoils_nothing_around_it(name):
    method = fit_method(name, BENCH.training())
    sample = BENCH.samples[0]
    pan, ms = sample.pan.copy(), sample.ms.copy()
    pan[100:104, 100:104] = np.nan
    ms[:, 100:104, 100:104] = np.nan
    made = method.sharpen(pan, ms)
    whole = method.sharpen(sample.pan, sample.ms)
    assert np.isfinite(made).all()
    near = np.zeros(pan.shape, bool)
    near[90:114, 90:114] = True
    near[100:104, 100:104] = False
    np.testing.assert_allclose(made[:, near], whole[:, near], rtol=0.2, atol=0.02)


def test_auto_has_one_order_of_quality_and_perfection_is_one():
    zero = np.array(0.0)
    assert float(composite(zero, zero, np.array(1.0), zero, zero)) == 1
    worse = [
        composite(np.array(2.0), zero, np.array(1.0), zero, zero),
        composite(zero, np.array(2.0), np.array(1.0), zero, zero),
        composite(zero, zero, np.array(0.9), zero, zero),
        composite(zero, zero, np.array(1.0), np.array(0.1), zero),
        composite(zero, zero, np.array(1.0), zero, np.array(0.1)),
    ]
    assert all(0.97 < float(value) < 0.99 for value in worse)


def test_scores_carry_intervals_that_hold_them():
    scores = measured_scores("brovey", fit_method("brovey", BENCH.training()), BENCH)
    assert scores.blocks == (16, 64)
    assert scores.block_px == (16, 32)
    for name, low, high in scores.interval_95:
        assert low <= getattr(scores, name) <= high
    assert scores.hqnr == pytest.approx((1 - scores.d_lambda) * (1 - scores.d_s))
    assert scores == measured_scores("brovey", fit_method("brovey", BENCH.training()), BENCH)


def test_the_scores_see_a_shift_of_pan():
    clean = measured_scores("brovey", fit_method("brovey", BENCH.training()), BENCH)
    sample = BENCH.samples[0]
    moved = FusionSample(pan=np.roll(sample.pan, 3, axis=1), ms=sample.ms, native=sample.native)
    bench = Bench(samples=(moved,), bands=BANDS, gains=(0.3,) * 4, pan_gain=0.3, ratio=4)
    spoiled = measured_scores("brovey", fit_method("brovey", bench.training()), bench)
    assert spoiled.composite < clean.composite - 0.02


def test_reduced_resolution_is_the_scene_four_times_coarser():
    coarse = BENCH.reduced()
    (sample,) = coarse.samples
    assert sample.pan.shape == (64, 64)
    assert sample.native.shape == (4, 16, 16)
    assert sample.ms.shape == (4, 64, 64)
    assert coarse.training().dark == BENCH.training().dark


def test_too_small_a_sample_is_not_scored():
    bench = bench_of(truth_of(64))
    with pytest.raises(DisjointInputError):
        measured_scores("rcs", fit_method("rcs", bench.training()), bench)


def test_an_unknown_method_names_those_that_there_are():
    with pytest.raises(UnknownNameError, match="no sharpening method"):
        fit_method("magic", BENCH.training())


def test_a_constant_pan_is_refused():
    with pytest.raises(BrokenInputError, match="constant"):
        Training(
            pan_lowres=np.ones(100),
            ms=np.ones((1, 100)),
            bands=("R",),
            gains=(0.3,),
            ratio=4.0,
            dark=(0.0,),
        )


def local_gains(**changes):
    numbers = {"haze": (0.1,), "offset": 0.0, "sigma_px": 2.0, "doubt": 0.05, "floor": 0.01}
    return LocalGains(weights=(1.0,), **(numbers | changes))


def test_a_window_is_odd_and_numbers_are_one_a_band():
    with pytest.raises(UsageError, match="odd"):
        RatioComponent(window=4, floor=1.0)
    with pytest.raises(UsageError, match="one haze"):
        local_gains(haze=(0.1, 0.2))
    with pytest.raises(UsageError, match="must be positive"):
        local_gains(doubt=0.0)
    with pytest.raises(UsageError, match="one MTF"):
        HighPassModulation(mtf=(0.3,), ratio=4.0, offsets=(), floors=(1.0,))
