"""Clouds hang above the ground and move: they do not spoil the fit of PAN to MS."""

import pytest

from satdesk.errors import LimitError
from satdesk.release.acceptance import Acceptance
from satdesk.release.composition import parts_of
from satdesk.release.ground import grid_over, ground_under, image_outline
from satdesk.release.matching import aligned_ms
from satdesk.release.recipe import GridChoice, SceneChoice, TerrainChoice
from satdesk.release.scenes import open_scene
from satdesk.simulate.strips import strips
from satdesk.simulate.write import Making, simulate_pictures


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The residual in PAN pixels of a strip under clouds, with and without them."""
    home = tmp_path_factory.mktemp("clouded") / "world"
    scenario = strips(2, shape=(640, 400), step_m=300.0, clouded=(1,), share=0.15)[1]
    simulate_pictures((scenario,), home, kit="strips", making=Making(compressed=False))
    (bundle,) = (path.parent for path in home.rglob("VOL_SIMULATED.XML"))
    parts = parts_of(open_scene(SceneChoice(bundle=bundle)), GridChoice())
    terrain = TerrainChoice(dem=(home / "dem_egm96.tif",), vertical="EGM96")
    ground = ground_under(image_outline(parts.finest, None), terrain, parts.images)
    grid = grid_over(image_outline(parts.finest, ground.terrain), gsd_m=1.5)

    def _measured(light):
        accepted = Acceptance(reasons={})
        pair = (parts.pan, parts.ms, grid, ground.terrain, accepted, parts.blocks)
        return aligned_ms(*pair, light)

    return parts, _measured


def test_clouds_would_have_it_refused(measured):
    with pytest.raises(LimitError) as refused:
        measured[1](None)
    assert refused.value.rule == "pan-ms-residual"


def test_without_its_clouds_the_pair_fits(measured):
    parts, measure = measured
    assert measure(parts.light).facts["residual_px"] < 0.3
