"""PAN against MS on simulated pairs whose truth is known, and on a real one."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from affine import Affine
from odc.geo.geobox import GeoBox
from scipy import fft

from satdesk.core.bands import BLUE, GREEN, NIR, PAN, RED
from satdesk.core.raster import Raster
from satdesk.core.units import Quantity
from satdesk.errors import DisjointInputError, UsageError
from satdesk.geometry.affine import mapped
from satdesk.geometry.alignment import (
    AlignmentPair,
    measure_alignment,
    residual_error,
)

MIX = np.array([0.2, 0.3, 0.35, 0.1])
BANDS = (BLUE, GREEN, RED, NIR)
STEP = 4  # samples of the ground per PAN pixel
SIZE = 488  # PAN pixels that the world spans


@cache
def world(seed):
    """Four bands of a ground with sharp fields and fine texture, ``(band, y, x)``."""
    generator = np.random.default_rng(seed)
    n = SIZE * STEP
    frequency = np.hypot(np.fft.fftfreq(n)[:, None], np.fft.rfftfreq(n)[None, :])
    falling = (1 / (0.002 + frequency) ** 1.3).astype(np.float32)

    def field():
        parts = generator.standard_normal((2, *falling.shape), dtype=np.float32)
        made = fft.irfft2((parts[0] + 1j * parts[1]) * falling, (n, n))
        return made / made.std()

    shared, green, brown = field(), field(), field()
    fields = np.where(field() > 0.2, 1.0, -0.5)
    mixing = [(1, 0.1, 0.2), (1, 0.3, 0.3), (1, -0.2, 0.6), (0.5, 1.2, -0.3)]
    bands = [0.1 + 0.02 * (a * shared + b * green + c * brown + fields) for a, b, c in mixing]
    return np.array(bands, dtype=np.float32)


def seen(ground, *, pixel, left, top, shape):
    """Means over square footprints: `left`, `top` in samples of the ground, fractions allowed."""
    first = int(left), int(top)
    ground = ground[
        first[1] : int(top + pixel * shape[0]) + 2, first[0] : int(left + pixel * shape[1]) + 2
    ]
    left, top = left - first[0], top - first[1]
    integral = np.pad(ground.cumsum(0, dtype=np.float64).cumsum(1), ((1, 0), (1, 0)))
    xs, ys = left + pixel * np.arange(shape[1] + 1), top + pixel * np.arange(shape[0] + 1)

    def at(axis_places, plane, axis):
        low = np.floor(axis_places).astype(int)
        part = np.expand_dims(axis_places - low, 1 - axis)
        return np.take(plane, low, axis) * (1 - part) + np.take(plane, low + 1, axis) * part

    corners = at(ys, at(xs, integral, 1), 0)
    return np.diff(np.diff(corners, axis=0), axis=1) / pixel**2


def raster(values, bands, affine, *, crs=None, valid=None):
    return Raster(
        values=values,
        valid=np.ones(values.shape[1:], dtype=bool) if valid is None else valid,
        grid=GeoBox(values.shape[1:], affine, crs),
        bands=bands,
        quantity=Quantity.COUNTS,
    )


def pair(true, *, seed=1, noise=0.002, predicted=(0.0, 0.0), size=360, valid=None, spoil=None):
    """A pair in sensor geometry whose true shift is `true` and whose models say `predicted`.

    PAN pixel (c, r) of the full image covers the ground from 4 (c − 5000) samples on; an MS pixel
    at (C, R) shows what lies at PAN position (4 C − true).
    """
    ground, generator = world(seed), np.random.default_rng(seed + 50)
    col, row = 5080, 5060
    left, top = (col - 5000) * STEP, (row - 5000) * STEP
    pan = seen(np.tensordot(MIX, ground, axes=1), pixel=STEP, left=left, top=top, shape=(size,) * 2)
    pan = (pan + generator.normal(0, noise / 2, pan.shape))[None]
    ms_col, ms_row, n = col // 4 - 8, row // 4 - 8, size // 4 + 16
    at = [(4 * place - shift - 5000) * STEP for place, shift in zip((ms_col, ms_row), true)]  # noqa: B905 - two pairs
    ms = np.array(
        [seen(band, pixel=4 * STEP, left=at[0], top=at[1], shape=(n, n)) for band in ground]
    )
    ms += generator.normal(0, noise, ms.shape)
    if spoil is not None:
        spoil(pan, ms)
    return AlignmentPair(
        pan=raster(pan * 5000, (PAN,), Affine.translation(col, row), valid=valid),
        ms=raster(ms * 3000 + 40, BANDS, Affine.translation(ms_col, ms_row)),
        predict=Affine(0.25, 0, predicted[0] / 4, 0, 0.25, predicted[1] / 4),
    )


def test_the_simulated_camera_is_what_it_claims():
    """A ramp seen through a footprint has the value of its middle."""
    ramp = np.tile(np.arange(40.0), (40, 1))
    got = seen(ramp, pixel=4, left=2.5, top=1.0, shape=(3, 3))
    # sample i covers i to i + 1 and so has the value i at its middle
    np.testing.assert_allclose(got[0], [4.0, 8.0, 12.0])


@pytest.mark.parametrize(
    ("true", "predicted"),
    [
        ((0.0, 0.0), (0.0, 0.0)),
        ((1.4, 1.2), (1.5, 3.5)),
        ((-2.3, 0.7), (0.0, 0.0)),
        ((5.6, -4.9), (0.5, 0.5)),
        ((0.33, -0.61), (0.25, -0.5)),
    ],
)
def test_known_offsets_are_recovered(true, predicted):
    found = measure_alignment([pair(true, predicted=predicted)])
    assert found.reason is None
    assert found.ratio == pytest.approx(4)
    assert found.predicted_shift_px == pytest.approx(predicted, abs=1e-9)
    assert found.measured_shift_px == pytest.approx(true, abs=0.05)
    expected = np.subtract(true, predicted)
    assert found.difference_px == pytest.approx(expected, abs=0.05)
    assert found.residual_px < 0.1
    assert found.needs_correction is bool(np.hypot(*expected) > 0.3)
    assert residual_error(found) is None
    assert found.r2_measured >= max(found.r2_naive, found.r2_predicted) - 1e-3


def test_the_correction_lays_ms_onto_pan():
    true, predicted = (1.4, 1.2), (1.5, 3.5)
    sample = pair(true, predicted=predicted)
    matrix = measure_alignment([sample]).correction
    col, row = mapped(matrix, *mapped(sample.predict, np.array([5300.0]), np.array([5200.0])))
    np.testing.assert_allclose(4 * col - 5300, true[0], atol=0.05)
    np.testing.assert_allclose(4 * row - 5200, true[1], atol=0.05)


def test_no_correction_where_the_models_are_right():
    found = measure_alignment([pair((0.6, -0.4), predicted=(0.55, -0.35))])
    assert found.correction == Affine.identity()


def test_intervals_cover():
    hits, widest = 0, 0.0
    for seed in range(6):
        true = (0.3 * seed - 1, 0.7 - 0.2 * seed)
        found = measure_alignment(
            [pair(true, seed=seed % 3 + 1, noise=0.002 + 1e-5 * seed, size=280)]
        )
        error = np.abs(np.subtract(found.measured_shift_px, true))
        hits += int((error <= np.array(found.interval_95_px) + 0.01).sum())
        widest = max(widest, *found.interval_95_px)
        assert error.max() < 0.05
    assert hits >= 10
    assert widest < 0.1


def test_a_callable_prediction_is_linearised():
    sample = pair((1.4, 1.2))

    def predict(col, row):
        return col / 4 + 0.375 + 1e-9 * col**2, row / 4 + 0.875

    both = AlignmentPair(pan=sample.pan, ms=sample.ms, predict=predict)
    found = measure_alignment([both])
    assert found.predicted_shift_px == pytest.approx((1.61, 3.5), abs=0.02)
    assert found.measured_shift_px == pytest.approx((1.4, 1.2), abs=0.05)


def test_a_cloud_that_moved_between_the_exposures():
    def spoil(pan, ms):
        ms[:, 30:50, 20:45] = 0.6
        pan[:, 90:170, 70:170] = 0.65

    found = measure_alignment([pair((1.4, -1.2), spoil=spoil)])
    assert found.measured_shift_px == pytest.approx((1.4, -1.2), abs=0.05)
    assert found.residual_px < 0.1


def test_masked_pixels_take_no_part():
    valid = np.ones((360, 360), dtype=bool)
    valid[200:250, 120:220] = False

    def spoil(pan, ms):
        pan[:, ~valid] = 50.0

    found = measure_alignment([pair((1.4, -1.2), valid=valid, spoil=spoil)])
    assert found.measured_shift_px == pytest.approx((1.4, -1.2), abs=0.05)


def water(pan, ms):
    generator = np.random.default_rng(9)
    pan[:] = 0.02 + generator.normal(0, 5e-4, pan.shape)
    ms[:] = 0.02 + generator.normal(0, 5e-4, ms.shape)


def test_water_windows_take_no_part():
    samples = [
        pair((1.4, 1.2), size=280),
        pair((0.0, 0.0), spoil=water, size=280),
        pair((1.4, 1.2), seed=2, size=280),
    ]
    found = measure_alignment(samples)
    assert found.measured_shift_px == pytest.approx((1.4, 1.2), abs=0.05)
    assert [w.reason is None for w in found.windows] == [True, False, True]
    assert found.spread_px < 0.1


def test_water_alone_measures_nothing():
    found = measure_alignment([pair((1.0, 1.0), spoil=water, size=280)])
    assert found.reason
    assert found.measured_shift_px is found.residual_px is found.difference_px is None
    assert not found.needs_correction
    assert found.correction == Affine.identity()


def test_an_offset_out_of_reach_is_not_made_up():
    found = measure_alignment([pair((14.0, 0.0), size=280)], max_shift_px=4)
    assert found.reason


def test_windows_that_contradict_each_other_are_refused():
    samples = [pair((d, 0.0), seed=s, size=280) for d, s in ((0, 1), (1.5, 2), (-1.5, 3), (2.5, 1))]
    error = residual_error(measure_alignment(samples))
    assert error is not None
    assert error.rule == "pan-ms-residual"
    assert error.limit == 0.3


def test_trend_over_the_scene():
    """Samples far apart whose shift grows by 0.5 PAN px per 1000 PAN px."""
    samples = []
    for k, (east, south) in enumerate([(0, 0), (2000, 0), (0, 2000), (2000, 2000)]):
        sample = pair((east / 2000, 0.0), seed=k % 3 + 1, size=280)
        moved = [
            Raster(
                values=r.values,
                valid=r.valid,
                grid=GeoBox(r.values.shape[1:], Affine.translation(x, y), None),
                bands=r.bands,
                quantity=r.quantity,
            )
            for r, x, y in (
                (sample.pan, 5080 + east, 5060 + south),
                (sample.ms, 1262 + east / 4, 1257 + south / 4),
            )
        ]
        samples.append(AlignmentPair(pan=moved[0], ms=moved[1], predict=sample.predict))
    trend = measure_alignment(samples).trend_px
    assert trend == pytest.approx((0.5, 0.0, 0.0, 0.0), abs=0.05)


def test_pairs_on_a_map():
    """Rows run south, MS's origin is no multiple of its pixel; the correction is in metres."""
    sample, crs = pair((0.0, 0.0)), "EPSG:32638"
    east, north = 500_000.0, 4_400_000.0
    pan_affine = Affine(0.5, 0, east, 0, -0.5, north)
    # MS starts 8 of its pixels before PAN, and is written 0.8 m too far east, 0.3 m too far south
    ms_affine = Affine(2, 0, east - 16 + 0.8, 0, -2, north + 16 - 0.3)
    both = AlignmentPair(
        pan=raster(sample.pan.values, (PAN,), pan_affine, crs=crs),
        ms=raster(sample.ms.values, BANDS, ms_affine, crs=crs),
    )
    found = measure_alignment([both])
    assert found.predicted_shift_px == pytest.approx((0, 0), abs=1e-6)
    assert found.measured_shift_px == pytest.approx((1.6, 0.6), abs=0.05)
    assert found.ms_plane_shift == pytest.approx((0.8, -0.3), abs=0.025)


def test_bad_pairs_are_refused():
    sample = pair((0, 0), size=280)
    with pytest.raises(UsageError, match="at least one"):
        measure_alignment([])
    with pytest.raises(UsageError, match="prediction"):
        AlignmentPair(pan=sample.pan, ms=sample.ms)
    with pytest.raises(UsageError, match="one band"):
        AlignmentPair(pan=sample.ms, ms=sample.ms, predict=sample.predict)
    lost = AlignmentPair(
        pan=sample.pan, ms=sample.ms, predict=lambda c, r: (np.full_like(c, np.nan), r)
    )
    with pytest.raises(DisjointInputError, match="do not lead"):
        measure_alignment([lost])
    away = AlignmentPair(pan=sample.pan, ms=sample.ms, predict=Affine(0.25, 0, 5000, 0, 0.25, 5000))
    assert "too few" in measure_alignment([away]).reason


def test_a_real_pair_has_three_answers(shared_data):
    """Pléiades over Mont Ventoux: naive blocks, the two RPCs, and the images disagree."""
    rasterio = pytest.importorskip("rasterio")
    rpcs = pytest.importorskip("satdesk.files.rpcs")
    folder = shared_data / "phr_ventoux"
    rasters, models = [], []
    for stem, bands in (("left_image", (PAN,)), ("lowres_color_image", (RED, GREEN, BLUE, NIR))):
        with rasterio.open(folder / f"{stem}.tif") as source:
            affine = Affine.translation(source.transform.c, source.transform.f)
            rasters.append(raster(source.read().astype(float), bands, affine))
        models.append(rpcs.read_rpc(folder / f"{stem}.geom").model)

    def predict(col, row):
        height = np.full_like(col, 500.0)
        return models[1].project(*models[0].locate(col, row, height), height)

    found = measure_alignment([AlignmentPair(pan=rasters[0], ms=rasters[1], predict=predict)])
    assert found.predicted_shift_px == pytest.approx((1.5, 3.5), abs=0.05)
    assert found.measured_shift_px == pytest.approx((1.4, 1.2), abs=0.1)
    assert found.r2_predicted < found.r2_naive < found.r2_measured - 0.03
    assert found.needs_correction
    assert np.hypot(*found.check_px) < 0.1
    assert max(found.check_interval_95_px) < 0.1
    assert residual_error(found) is None


def test_a_sample_too_small_to_be_matched_states_its_own_doubt():
    found = measure_alignment([pair((1.4, 1.2), size=124)])
    assert found.check_px is None
    assert found.measured_shift_px == pytest.approx((1.4, 1.2), abs=0.1)
    assert found.residual_px == pytest.approx(np.hypot(*found.interval_95_px))
