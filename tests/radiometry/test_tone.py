"""The display curve: monotonic, shared, honest about dark and bright."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satdesk.core.units import Quantity
from satdesk.errors import DisjointInputError, UsageError
from satdesk.radiometry.tone import ToneCurve, fit_tone


def ground(seed=2, shape=(3, 80, 90), base=0.05, spread=0.25):
    generator = np.random.default_rng(seed)
    grey = base + spread * generator.beta(2, 4, shape[1:])
    return grey + np.array([0.0, 0.01, 0.03])[: shape[0], None, None]


def all_valid(values):
    return np.ones(values.shape[1:], dtype=bool)


def fitted(*dates, quantity=Quantity.TOA):
    return fit_tone([(d, all_valid(d)) for d in dates], quantity=quantity)


@given(
    st.lists(st.floats(-0.2, 2.0), min_size=2, max_size=50),
    st.floats(0.0, 0.1),
    st.floats(0.15, 0.6),
    st.floats(0.7, 1.5),
    st.floats(0.3, 0.9),
)
@settings(max_examples=80, deadline=None)
def test_monotonic(levels, low, white, top, knee):
    tone = ToneCurve(low=(low,) * 3, white=white, top=top, knee=knee)
    plane = np.sort(np.array(levels))[None, None, :].repeat(3, axis=0)
    shown = tone.apply(plane).astype(int)
    assert (np.diff(shown, axis=-1) >= 0).all()


def test_ends_and_srgb():
    tone = ToneCurve(low=(0.02,) * 3, white=0.3, top=1.2)
    levels = np.array([-1.0, 0.02, 0.02 + 0.28 * 0.18, 1.2, 5.0, np.nan])
    shown = tone.apply(np.tile(levels, (3, 1, 1)))
    # mid grey, 18 %, is 118 on the screen
    assert shown[0, 0].tolist() == [0, 0, 118, 255, 255, 0]


def test_snow_keeps_its_relief():
    tone = fitted(ground())
    snow = np.tile(np.array([0.6, 0.7, 0.8, 0.9]), (3, 1, 1))
    shown = tone.apply(snow)[0, 0].astype(int)
    assert shown[0] >= 230
    assert (np.diff(shown) >= 1).all()
    assert shown[-1] < 255


def snowy(share, base=0.05):
    """Ground of which a part is snow with its own relief."""
    values = ground(base=base)
    rows = round(share * values.shape[1])
    drawn = np.random.default_rng(4).uniform(0.65, 1.0, (rows, values.shape[2]))
    values[:, :rows] = drawn * np.array([0.98, 1.0, 1.01])[:, None, None]
    return values


@pytest.mark.parametrize("share", [0.03, 0.2, 0.6])
def test_snow_that_is_there_gets_twice_the_levels_and_stays_white(share):
    bare, with_snow = fitted(ground()), fitted(snowy(share))
    snow = np.tile(np.linspace(0.65, 1.0, 1024), (3, 1, 1))
    levels = [np.unique(tone.apply(snow)[1]).size for tone in (bare, with_snow)]
    assert levels[1] >= max(1.7 * levels[0], 10)
    shown = with_snow.apply(snow)[:, 0].astype(int)
    assert shown.min() >= 225
    assert np.ptp(shown, axis=0).max() <= 6
    # its detail: what 12 bits tell apart by a sixteenth of the range is still told apart
    assert (np.diff(shown[1][:: 1024 // 8]) >= 1).all()


def test_a_speck_of_snow_changes_nothing_and_the_ground_keeps_its_grey():
    assert fitted(snowy(0.013)).knee == fitted(ground()).knee
    median = [float(np.median(fitted(values).apply(ground()))) for values in (ground(), snowy(0.2))]
    assert median[1] == pytest.approx(median[0], abs=8)


def test_white_is_neutral():
    tone = fitted(ground())
    assert np.ptp(tone.apply(np.full((3, 1, 1), tone.white))) <= 1
    assert np.ptp(tone.apply(np.full((3, 1, 1), tone.top))) == 0


def test_ground_is_exposed_for_mid_grey():
    scene = ground()
    shown = fitted(scene).apply(scene)
    assert 90 < np.median(shown) < 140
    assert np.quantile(shown, 0.98) < 245


def test_clouds_and_snow_do_not_darken_the_ground():
    scene = ground()
    cloudy = scene.copy()
    cloudy[:, :30] = 0.8
    clear, covered = fitted(scene), fitted(cloudy)
    assert covered.white == pytest.approx(clear.white, rel=0.05)


def test_a_snow_field_is_shown_white():
    snow = ground(base=0.6, spread=0.2)
    shown = fitted(snow).apply(snow)
    assert np.median(shown) > 215


def test_a_lake_is_shown_dark():
    lake = ground(base=0.01, spread=0.01)
    shown = fitted(lake).apply(lake)
    assert np.median(shown) < 80


def test_every_date_has_the_same_say():
    before, after = ground(3), ground(4, shape=(3, 300, 300), base=0.1)
    assert fitted(before, after) == fitted(after, before)
    few = np.zeros(after.shape[1:], dtype=bool)
    few[:40, :40] = True
    one = fit_tone([(before, all_valid(before)), (after, few)])
    assert one.white == pytest.approx(fitted(before, after).white, rel=0.03)


def test_counts_are_toned_too():
    scene = ground() * 3000 + 200
    tone = fitted(scene, quantity=Quantity.COUNTS)
    shown = tone.apply(scene.astype(np.uint16))
    assert shown.dtype == np.uint8
    assert 70 < np.median(shown) < 150
    flat = np.full((3, 4, 4), 7.0)
    assert fitted(flat, quantity=Quantity.COUNTS).apply(flat).dtype == np.uint8


def test_grey():
    scene = ground(shape=(1, 40, 40))
    tone = fitted(scene)
    assert len(tone.low) == 1
    assert tone.apply(scene).shape == scene.shape


def test_bad_input_is_refused():
    scene = ground()
    with pytest.raises(DisjointInputError, match="no date"):
        fit_tone([(scene, ~all_valid(scene))])
    with pytest.raises(UsageError, match="channels"):
        fitted(scene, scene[:1])
    with pytest.raises(UsageError, match="not toned again"):
        fitted(scene, quantity=Quantity.DISPLAY)
    with pytest.raises(UsageError, match="low < white < top"):
        ToneCurve(low=(0.5,), white=0.3, top=1.0)
    with pytest.raises(UsageError, match="knee"):
        ToneCurve(low=(0.1,), white=0.3, top=1.0, knee=1.0)
    with pytest.raises(UsageError, match="channels"):
        fitted(scene).apply(scene[:2])


@given(seed=st.integers(0, 500), base=st.floats(0.0, 0.3), spread=st.floats(0.02, 0.9))
@settings(max_examples=60, deadline=None)
def test_every_fitted_curve_rises_in_every_band(seed, base, spread):
    tone = fitted(ground(seed, base=base, spread=spread))
    steps = np.linspace(-0.05, 1.4, 4096)
    shown = tone.apply(np.tile(steps, (3, 1, 1)))[:, 0].astype(int)
    assert (np.diff(shown, axis=1) >= 0).all()
    assert (shown[:, 0] == 0).all()
    assert (shown[:, -1] == 255).all()


@given(seed=st.integers(0, 500), base=st.floats(0.0, 0.1))
@settings(max_examples=40, deadline=None)
def test_snow_stays_white_and_no_level_of_it_is_left_out(seed, base):
    tone = fitted(ground(seed, base=base))
    snow = np.linspace(0.65, 1.1, 1024)
    shown = tone.apply(np.tile(snow, (3, 1, 1)))[:, 0].astype(int)
    assert np.ptp(shown, axis=0).max() <= 4
    levels = np.unique(shown[1])
    assert levels.size == levels[-1] - levels[0] + 1


def test_shadows_keep_their_steps():
    tone = fitted(ground())
    low = tone.low[1]
    shadow = np.linspace(low, low + 0.1 * (tone.white - low), 256)
    shown = tone.apply(np.tile(shadow, (3, 1, 1)))[1, 0].astype(int)
    # a tenth of the light has a third of the levels, and none of them is left out by more than one
    assert np.unique(shown).size >= 80
    assert np.diff(shown).max() <= 4
