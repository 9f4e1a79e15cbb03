"""What is decided of a mosaic in small: seams about clouds, gaps, and scenes that add nothing."""

import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox
from shapely.geometry import box

from satdesk.core.sighting import State
from satdesk.geometry.frames import to_lonlat
from satdesk.release.assembly import seam_labels
from satdesk.release.coverage import coverage_facts, gap_features
from satdesk.release.previews import Preview, cells_over
from satdesk.release.recipe import MosaicChoice

GRID = GeoBox((600, 900), Affine(1.5, 0, 600_000, 0, -1.5, 4_440_000), "EPSG:32638")


def preview(cols, *, hidden=None, seed=0, shape=(80, 120)):
    """One ground for all; `cols` are those that a scene shows."""
    ground = np.random.default_rng(7).uniform(0.1, 0.3, (3, *shape)).astype(np.float32)
    ground += np.random.default_rng(seed).normal(0, 0.005, ground.shape).astype(np.float32)
    outside = np.ones(shape, bool)
    outside[:, cols] = False
    ground[:, outside] = np.nan
    veil = np.zeros(shape, bool)
    if hidden is not None:
        veil[hidden] = True
    return Preview(values=ground, hidden=veil)


def test_each_cell_goes_to_a_scene_that_shows_it():
    small = [preview(np.s_[:70], seed=1), preview(np.s_[40:100], seed=2)]
    labels = seam_labels(small, MosaicChoice())
    assert (labels[:, :40] == 1).all()
    assert (labels[:, 70:100] == 2).all()
    assert (labels[:, 100:] == 0).all()
    assert set(np.unique(labels[:, 40:70])) == {1, 2}
    assert (np.diff(labels[:, :100].astype(int), axis=1) >= 0).all()


def test_a_cloud_of_the_first_is_filled_by_the_second_and_no_seam_runs_in_it():
    cloud = np.s_[20:40, 50:64]
    small = [preview(np.s_[:], hidden=cloud), preview(np.s_[:], seed=3)]
    labels = seam_labels(small, MosaicChoice())
    assert (labels[cloud] == 2).all()
    assert (labels[:10] == 1).all()


def test_order_alone_lays_one_over_the_next():
    small = [preview(np.s_[:70]), preview(np.s_[40:100])]
    labels = seam_labels(small, MosaicChoice(seams="order"))
    assert (labels[:, :70] == 1).all()
    assert (labels[:, 70:100] == 2).all()


def test_a_scene_that_adds_nothing_shows_nothing():
    labels = seam_labels([preview(np.s_[:]), preview(np.s_[20:60])], MosaicChoice())
    assert (labels == 1).all()


def test_cells_of_any_district_are_bounded_and_cover_it():
    for scenes in (1, 4, 40):
        grid = GeoBox((40_000, 30_000), GRID.affine, GRID.crs)
        cells = cells_over(grid, scenes=scenes, bands=4, least_px=4)
        rows, cols = cells.grid.shape
        assert scenes * 4 * rows * cols <= 66_000_000
        assert rows * cells.cell_px >= 40_000
        assert cols * cells.cell_px >= 30_000


def test_areas_of_states_add_up_to_the_district():
    pixels = np.array([[50, 0, 0, 0, 0], [0, 30, 10, 0, 0], [0, 5, 0, 5, 0]])
    facts = coverage_facts(pixels, ("one", "two"), 100.0)
    assert facts["district_ha"] == 1.0
    assert {k: v["percent"] for k, v in facts["states"].items()} == {
        "not_imaged": 50.0,
        "clear": 35.0,
        "cloud": 10.0,
        "shadow": 5.0,
    }
    assert facts["scenes"][1]["states"]["shadow"]["ha"] == 0.05


def test_gaps_are_pieces_with_their_reason_and_area_largest_first():
    cells = np.zeros((2, 60, 90), np.int64)
    cells[0], cells[1] = 1, State.CLEAR
    cells[1, 10:20, 10:30] = State.CLOUD
    cells[1, 40:50, 60:70] = State.NOT_IMAGED
    corners = to_lonlat(
        "EPSG:32638", np.array([599_000.0, 602_000.0]), np.array([4_438_000.0, 4_441_000.0])
    )
    (west, east), (south, north) = corners
    first, second = gap_features(cells, 10, GRID, box(west, south, east, north))
    assert (first.get("missing"), second.get("missing")) == ("cloud", "not_imaged")
    # 20 × 10 cells of 15 m, and 10 × 10; UTM's scale is 0.9997 here
    np.testing.assert_allclose(first.get("area_ha"), 4.5, rtol=2e-3)
    np.testing.assert_allclose(second.get("area_ha"), 2.25, rtol=2e-3)
