"""From light to counts: blur, noise, twelve bits, and the native pixel under the product's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import satdesk.simulate.render as render_module
from satdesk.simulate.cases import CASES
from satdesk.simulate.landscape import Landscape
from satdesk.simulate.scene_map import BAND_PIXEL_M, draw_map
from satdesk.simulate.sensor import ARRAYS, MS_ARRAYS, PAN_ARRAY, SATURATED, counts
from satdesk.simulate.sun import Sun
from satdesk.simulate.take import render

SUN = Sun(elevation_deg=45.0, azimuth_deg=150.0, distance_au=1.0)
SIDE = 256
SILENT = np.zeros((SIDE, SIDE), np.float32)
NATIVE_M, PRODUCT_M = {"pan": 2.0, "ms": 8.0}, {"pan": 1.5, "ms": 6.0}
PLAIN = replace(CASES[0], name="plain", landscape=Landscape.PLAIN, pan_shape=(512, 512))


def test_the_blur_between_detectors_leaves_four_fifths_at_their_nyquist_frequency():
    bars = 0.2 + 0.1 * np.cos(np.pi * np.arange(SIDE))
    pictures = [
        counts(PAN_ARRAY, np.broadcast_to(line.astype(np.float32), (SIDE, SIDE)), SUN, SILENT)
        for line in (bars, np.full(SIDE, 0.2))
    ]
    contrast = np.ptp(pictures[0][64, 32:-32]) / pictures[1][64, 64]
    assert contrast == pytest.approx(0.79, abs=0.01)


@pytest.fixture(scope="module")
def contrasts():
    """Contrast of pictures of bars, by image and cycles a native pixel, over that of wide bars."""
    found, wide = {}, 0.02
    with pytest.MonkeyPatch.context() as patch:
        for image, native in NATIVE_M.items():
            for cycles in (wide, 0.25, 0.45):
                patch.setattr(render_module, "draw_map", barred(cycles / (native * 702.9 / 694)))
                found[image, cycles] = getattr(render(PLAIN), image)[0].std()
    return {key: value / found[key[0], wide] for key, value in found.items()}


def barred(cycles_m):
    """`draw_map` of a ground that shows nothing but bars."""

    def drawn(*words):
        scene = draw_map(*words)
        for plane, pixel in (
            (scene.pan, scene.pixel_m),
            *((band, BAND_PIXEL_M) for band in scene.bands),
        ):
            x = scene.west + pixel * (np.arange(plane.shape[-1]) + 0.5)
            plane[...] = 0.2 + 0.1 * np.cos(2 * np.pi * cycles_m * x)
        return scene

    return drawn


@pytest.mark.parametrize("image", NATIVE_M)
def test_a_picture_shows_fine_bars_with_less_contrast(contrasts, image):
    """Aperture, blur and resampling together, in cycles a native pixel."""
    assert contrasts[image, 0.25] == pytest.approx(0.77, abs=0.03)
    assert contrasts[image, 0.45] == pytest.approx(0.40, abs=0.03)


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: array.id)
@pytest.mark.parametrize("reflectance", [0.05, 0.3])
def test_noise_grows_with_the_root_of_the_light_over_a_floor(array, reflectance):
    chance = np.random.default_rng(3).standard_normal((SIDE, SIDE)).astype(np.float32)
    grey = np.full((SIDE, SIDE), reflectance, np.float32)
    noisy, silent = (counts(array, grey, SUN, c).astype(float) for c in (chance, SILENT))
    expected = np.sqrt(1.2**2 + 0.012 * silent.mean() + 1 / 12)  # and that of whole counts
    assert noisy.std() == pytest.approx(expected, rel=0.03)
    assert noisy.mean() == pytest.approx(
        silent.mean(), abs=0.6
    )  # silent counts are all rounded alike


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: array.id)
def test_counts_are_whole_numbers_of_twelve_bits(array):
    ramp = np.broadcast_to(np.linspace(-0.1, 3.0, SIDE, dtype=np.float32), (SIDE, SIDE))
    made = counts(array, ramp, SUN, SILENT)
    np.testing.assert_array_equal(made, np.rint(made))
    assert (made.min(), made.max()) == (1, SATURATED)
    assert SATURATED == 2**12 - 1


def test_arrays_lie_apart_and_see_native_pixels_of_2_and_8_metres():
    assert [array.native_m for array in ARRAYS] == [2.0, 8.0, 8.0, 8.0, 8.0]
    looks = [array.look_along for array in ARRAYS]
    assert looks == sorted(set(looks))
    assert [array.id for array in MS_ARRAYS] == ["B2", "B1", "B0", "B3"]


@pytest.mark.parametrize("image", NATIVE_M)
def test_a_product_is_finer_than_what_it_was_taken_with(image):
    """1.5 and 6 m hold the noise of 2 and 8 m detectors: beyond their Nyquist frequency is little."""
    grey = replace(PLAIN, pan_shape=(1024, 1024))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render_module, "draw_map", barred(0.0))
        plane = getattr(render(grey), image)[0].astype(float)
    power = (np.abs(np.fft.rfft(plane - plane.mean(), axis=1)) ** 2).mean(axis=0)
    frequency = np.fft.rfftfreq(plane.shape[1])
    native = 0.5 * PRODUCT_M[image] / NATIVE_M[image]  # cycles a pixel of the product
    within, beyond = power[(frequency > 0.1) & (frequency < 0.7 * native)], power[frequency > 0.47]
    rounding = plane.shape[1] / 12
    assert beyond.mean() - rounding < 0.15 * (within.mean() - rounding)
