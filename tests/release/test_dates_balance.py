"""Before and after on stable ground: what changed keeps its change, what stayed looks the same."""

from dataclasses import dataclass

import numpy as np
import pytest
from affine import Affine
from odc.geo.geobox import GeoBox

from satdesk.core.bands import BLUE, GREEN, NIR, RED
from satdesk.core.raster import Raster
from satdesk.core.units import Quantity
from satdesk.geometry.grids import offset
from satdesk.release.display import dates_balanced

GRID = GeoBox((768, 1024), Affine(1.5, 0, 5e5, 0, -1.5, 4.4e6), "EPSG:32638")
BANDS = (RED, GREEN, BLUE, NIR)
GAINS = np.array([1.10, 1.06, 1.12, 0.94], np.float32)
BURNT = np.array([0.45, 0.5, 0.6, 0.3], np.float32)


@dataclass(frozen=True)
class Held:
    """Pixels as a layer."""

    values: np.ndarray
    valid: np.ndarray
    grid: GeoBox = GRID
    bands: tuple = BANDS
    quantity: Quantity = Quantity.TOA

    def read(self, grid):
        row, col = offset(self.grid, grid)
        part = np.s_[row : row + grid.shape[0], col : col + grid.shape[1]]
        return Raster(
            values=self.values[:, *part],
            valid=self.valid[part],
            grid=grid,
            bands=self.bands,
            quantity=self.quantity,
        )


def _dates(changed_rows, *, hidden_cols=0):
    """Before and after: the same ground under another calibration, its upper rows burnt."""
    rng = np.random.default_rng(8)
    coarse = rng.uniform(0.04, 0.4, (4, 96, 128)).astype(np.float32)
    ground = np.repeat(np.repeat(coarse, 8, axis=1), 8, axis=2)
    after = ground * GAINS[:, None, None]
    after[:, :changed_rows] *= BURNT[:, None, None]
    noise = [np.exp(rng.normal(0, 0.01, ground.shape)).astype(np.float32) for _ in range(2)]
    valid = np.ones(GRID.shape, bool)
    valid[:, :hidden_cols] = False
    after = np.where(valid, after, 9.0)  # a cloud that the mask hides says nothing
    return Held(ground * noise[0], np.ones_like(valid)), Held(after * noise[1], valid)


def _shown(found):
    return [layer.read(GRID).values for layer in found.layers]


@pytest.mark.parametrize("changed", [0, 200, 300])
def test_stable_ground_is_as_bright_on_both_dates_and_change_stays_change(changed):
    found = dates_balanced(_dates(changed, hidden_cols=200), wished=True)
    before, after = (values[:, :, 200:] for values in _shown(found))
    stable = np.median(after[:, changed:] / before[:, changed:], axis=(1, 2))
    np.testing.assert_allclose(stable, 1, atol=0.003)
    if changed:
        burnt = np.median(after[:, :changed] / before[:, :changed], axis=(1, 2))
        np.testing.assert_allclose(burnt, BURNT, rtol=0.004)
    gains = np.array([list(facts["gains"].values()) for facts in found.facts])
    np.testing.assert_allclose(gains[0] / gains[1], GAINS, rtol=0.003)
    # a weight: noise alone takes a fifth of it away in four bands
    assert 0.7 < found.facts[0]["stable_share"] / (1 - changed / 768) < 1.06
    assert {notice.code for notice in found.notices[1]} == {"dates-balanced"}


def test_where_most_of_the_ground_changed_differently_the_dates_are_left_alone():
    before, after = _dates(0)
    rng = np.random.default_rng(2)
    patches = np.repeat(np.repeat(rng.uniform(0.3, 3.0, (96, 128)), 8, 0), 8, 1)
    patches[600:] = 1
    changed = Held((after.values * patches).astype(np.float32), after.valid)
    found = dates_balanced((before, changed), wished=True)
    assert found.facts[0]["applied_to"] == "nothing"
    np.testing.assert_array_equal(_shown(found)[1], changed.values)


def test_dates_that_calibration_cannot_explain_are_left_alone():
    before, after = _dates(0)
    darker = Held(after.values / 2.6, after.valid)
    found = dates_balanced((before, darker), wished=True)
    assert found.facts[1]["reason"] == "the dates differ more than light does"
    np.testing.assert_array_equal(_shown(found)[1], darker.values)
    assert {notice.code for notice in found.notices[1]} == {"dates-not-balanced"}


def test_nothing_is_done_unless_wished():
    pair = _dates(200)
    assert dates_balanced(pair, wished=False).layers == pair
