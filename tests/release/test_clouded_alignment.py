"""Clouds hang above the ground and move: they do not spoil the fit of PAN to MS."""

from dataclasses import replace

import pytest
from affine import Affine

from satdesk.errors import LimitError
from satdesk.geometry.affine import Adjusted
from satdesk.release.acceptance import Acceptance
from satdesk.release.composition import parts_of
from satdesk.release.ground import grid_over, ground_under, image_outline
from satdesk.release.matching import aligned_ms
from satdesk.release.recipe import GridChoice, SceneChoice, TerrainChoice
from satdesk.release.scenes import open_scene
from satdesk.simulate.strips import strips
from satdesk.simulate.write import Making, simulate_pictures

SHAPE = (640, 400)


def _measure(home, *, share=None, twist=None):
    """Measures the fit of a strip, clear or under clouds, its MS model twisted or not."""
    clouded = () if share is None else (1,)
    scenario = strips(2, shape=SHAPE, step_m=300.0, clouded=clouded, share=share or 0.15)[1]
    simulate_pictures((scenario,), home, kit="strips", making=Making(compressed=False))
    (bundle,) = (path.parent for path in home.rglob("VOL_SIMULATED.XML"))
    parts = parts_of(open_scene(SceneChoice(bundle=bundle)), GridChoice())
    terrain = TerrainChoice(dem=(home / "dem_egm96.tif",), vertical="EGM96")
    ground = ground_under(image_outline(parts.finest, None), terrain, parts.images)
    grid = grid_over(image_outline(parts.finest, ground.terrain), gsd_m=1.5)
    ms = parts.ms
    if twist is not None:
        ms = replace(ms, model=Adjusted(model=ms.model, matrix=twist))

    def _measured(light):
        accepted = Acceptance(reasons={})
        return aligned_ms(parts.pan, ms, grid, ground.terrain, accepted, parts.blocks, light)

    return parts, _measured


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The fit of a strip of which clouds hide a quarter."""
    return _measure(tmp_path_factory.mktemp("clouded") / "world", share=0.25)


def test_clouds_would_have_it_refused(measured):
    with pytest.raises(LimitError) as refused:
        measured[1](None)
    assert refused.value.rule == "pan-ms-residual"


def test_without_its_clouds_the_pair_fits(measured):
    parts, measure = measured
    assert measure(parts.light).facts["residual_px"] < 0.3


def test_clear_ground_that_does_not_fit_is_refused_all_the_same(tmp_path):
    """MS turned against PAN about the middle: no shift lays one onto the other."""
    middle = (SHAPE[1] / 8, SHAPE[0] / 8)
    twist = (
        Affine.translation(*middle)
        @ Affine.rotation(3.0)
        @ Affine.translation(*(-v for v in middle))
    )
    parts, measure = _measure(tmp_path / "world", twist=twist)
    with pytest.raises(LimitError) as refused:
        measure(parts.light)
    assert refused.value.rule == "pan-ms-residual"
