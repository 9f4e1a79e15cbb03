"""The dates of a release laid on each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pytest
from affine import Affine
from odc.geo.geobox import GeoBox
from scipy import ndimage

from layers import BGRN
from satdesk.core.raster import Raster
from satdesk.core.scene import Acquisition, Scene
from satdesk.core.units import Quantity
from satdesk.errors import LimitError, UsageError
from satdesk.geometry.grids import offset, subgrid
from satdesk.products.ortho import Warped
from satdesk.products.registered import Relabelled
from satdesk.products.selected import Selected
from satdesk.release.acceptance import Acceptance
from satdesk.release.composition import Composition
from satdesk.release.dated import Dated
from satdesk.release.recipe import RegistrationChoice
from satdesk.release.registration import registered_dates

GRID = GeoBox((320, 360), Affine(2.0, 0, 500_000, 0, -2.0, 4_400_000), "EPSG:32638")
PAD = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A random ground, seen displaced by whole and broken pixels."""

    grid: GeoBox
    seed: int
    dcol: float = 0.0
    drow: float = 0.0
    bands = BGRN
    quantity = Quantity.COUNTS

    def read(self, grid):
        wide = subgrid(self.grid, -PAD, -PAD, tuple(n + 2 * PAD for n in self.grid.shape))
        field = np.random.default_rng(self.seed).normal(size=wide.shape)
        field = 1000 + 800 * ndimage.gaussian_filter(field, 1.6)
        field = ndimage.shift(field, (self.drow, self.dcol), order=5)
        row, col = offset(self.grid, grid)
        rows, cols = grid.shape
        plane = np.zeros((rows, cols), np.float32)
        known = field[max(row + PAD, 0) : row + PAD + rows, max(col + PAD, 0) : col + PAD + cols]
        top, left = max(-row - PAD, 0), max(-col - PAD, 0)
        plane[top : top + known.shape[0], left : left + known.shape[1]] = known
        values = np.stack([plane * gain for gain in (0.9, 1.0, 1.1, 1.8)])
        return Raster(
            values=values, valid=plane > 0, grid=grid, bands=self.bands, quantity=self.quantity
        )


def dated(name):
    scene = Scene(
        id=name, mission=None, images=(), acquisition=Acquisition(day=date.fromisoformat(name))
    )
    return Dated(id=name, scenes=(scene,), choices=())


def composed(layer):
    """Through the same layers as an issue, so that the grid can be moved."""
    names = tuple(band.name for band in layer.bands)
    laid = Selected(source=Warped(source=layer, grid=GRID), names=names)
    return (Composition(layer=laid, parts=None, facts=(), notices=()),)


DATES = [dated("2020-05-01"), dated("2020-06-01")]


def laid(second, choice=None, accept=None, dates=DATES):
    groups = [composed(Ground(grid=GRID, seed=1)), composed(second)]
    acceptance = Acceptance(reasons=accept or {})
    return registered_dates(dates, groups, GRID, choice or RegistrationChoice(), acceptance)


def facts_of(group):
    return dict(group[0].facts)["registration"]


def codes_of(group):
    return [notice.code for notice in group[0].notices]


def test_a_displaced_date_is_moved_and_says_so():
    first, second = laid(Ground(grid=GRID, seed=1, dcol=1.6, drow=-0.7))
    assert facts_of(first) == {"role": "reference"}
    facts = facts_of(second)
    assert facts["role"] == "moved"
    assert facts["center_px"] == pytest.approx([1.6, -0.7], abs=0.03)
    assert codes_of(second) == ["date-moved"]
    assert "by -1.60, +0.70 pixels" in second[0].notices[0].text
    assert isinstance(second[0].layer, Relabelled)
    inner = subgrid(GRID, 60, 60, (200, 200))
    before, after = first[0].layer.read(inner), second[0].layer.read(inner)
    raw = Ground(grid=GRID, seed=1, dcol=1.6, drow=-0.7).read(inner)
    assert np.std(after.values[1] - before.values[1]) < 0.2 * np.std(
        raw.values[1] - before.values[1]
    )


def test_dates_that_lie_on_each_other_stay():
    _, second = laid(Ground(grid=GRID, seed=1, dcol=0.03))
    assert facts_of(second)["role"] == "measured"
    assert codes_of(second) == ["date-registered"]
    assert not isinstance(second[0].layer, Relabelled)


def test_the_reference_can_be_the_later_date():
    choice = RegistrationChoice(reference="2020-06-01")
    first, second = laid(Ground(grid=GRID, seed=1, dcol=1.6), choice)
    assert facts_of(second) == {"role": "reference"}
    assert facts_of(first)["center_px"][0] == pytest.approx(-1.6, abs=0.03)


def test_an_unknown_reference_is_an_error():
    with pytest.raises(UsageError, match="none of the dates"):
        laid(Ground(grid=GRID, seed=1), RegistrationChoice(reference="1999-01-01"))


def test_two_places_are_refused_unless_accepted():
    with pytest.raises(LimitError) as caught:
        laid(Ground(grid=GRID, seed=2))
    assert caught.value.rule == "coregistration-too-few"
    assert caught.value.subject == "2020-06-01 on 2020-05-01"
    _, second = laid(Ground(grid=GRID, seed=2), accept={caught.value.rule: "it is a test"})
    assert codes_of(second) == ["accepted:coregistration-too-few", "dates-not-registered"]
    assert not isinstance(second[0].layer, Relabelled)


def test_a_recipe_can_leave_the_dates_as_they_are():
    groups = laid(Ground(grid=GRID, seed=2), RegistrationChoice(method="none"))
    assert [codes_of(group) for group in groups] == [["dates-not-registered"]] * 2


def test_one_date_needs_no_other():
    group = composed(Ground(grid=GRID, seed=1))
    acceptance = Acceptance(reasons={})
    assert registered_dates(DATES[:1], [group], GRID, RegistrationChoice(), acceptance) == (group,)
