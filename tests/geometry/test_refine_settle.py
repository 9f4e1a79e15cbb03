"""A block over steep ground: ties are found where wrong models put them, metres too high or low."""

from __future__ import annotations

import numpy as np
from affine import Affine

from satdesk.geometry.affine import Adjusted
from satdesk.geometry.checkpoints import ground_per_pixel
from satdesk.geometry.frames import on_terrain
from satdesk.geometry.refine_block import Ties, adjust_block
from satdesk.geometry.refine_settle import settled_block
from worlds import Hills, made_up_rpc

BIAS = [(0.0, 0.0), (9.0, -7.0), (-6.0, 11.0)]
"""Pixels by which the models of the scenes are wrong."""


class Patchy(Hills):
    """Unknown in the east."""

    def height(self, lon, lat):
        return np.where(np.asarray(lon) < 46.1, super().height(lon, lat), np.nan)


def camera(scene):
    """Three cameras that look at the ground from different sides."""
    rpc = made_up_rpc()
    line, samp = list(rpc.line_num), list(rpc.samp_num)
    line[3], samp[3] = [(0.79, -0.36), (-0.5, 0.3), (0.1, 0.6)][scene]
    return made_up_rpc(line_num=tuple(line), samp_num=tuple(samp))


def believed(scene):
    """The provider's model."""
    return Adjusted(model=camera(scene), matrix=Affine.translation(*BIAS[scene]))


def tied(first, second, terrain):
    """Ties as two pictures show them, where the first model puts them: the ties and their heights.

    They are seen on true ground everywhere; the terrain may know less of it.
    """
    chance = np.random.default_rng([first, second])
    lon, lat = chance.uniform(46.097, 46.103, 30), chance.uniform(40.048, 40.052, 30)
    true = lon, lat, Hills().height(lon, lat)
    seen = [np.column_stack(camera(scene).project(*true)) for scene in (first, second)]
    models = believed(first), believed(second)
    found = on_terrain(models[0], *seen[0].T, terrain, start_m=1500.0)
    predicted = [np.column_stack(model.project(*found)) for model in models]
    grounds = [ground_per_pixel(m, p, found[2]) for m, p in zip(models, predicted, strict=True)]
    ties = Ties(
        first=first,
        second=second,
        predicted_first=predicted[0],
        predicted_second=predicted[1],
        seen_first=seen[0],
        seen_second=seen[1],
        per_pixel_first=grounds[0],
        per_pixel_second=grounds[1],
    )
    return ties, found[2]


def block_over(terrain):
    ties, heights = zip(tied(0, 1, terrain), tied(1, 2, terrain), strict=True)
    models = [believed(scene) for scene in range(3)]
    return ties, settled_block(ties, heights, models, terrain, held=(0,))


def left_px(block):
    """Pixels by which the corrected models are still wrong."""
    shifts = [(matrix.c, matrix.f) for matrix in block.matrices]
    return np.abs(np.array(shifts) + BIAS).max()


def test_biases_are_found_on_steep_ground():
    ties, block = block_over(Hills())
    assert left_px(block) < 0.01
    assert block.rms_m < 0.01
    # the wrong heights are worth correcting
    once = adjust_block(ties, 3, held=(0,))
    assert left_px(once) > 0.2
    assert once.rms_m > 0.3


def test_ties_beside_the_terrain_keep_the_height_that_they_had():
    _, block = block_over(Patchy())
    assert np.isfinite(np.concatenate(block.residuals_m)).all()
    assert left_px(block) < 2.0
