"""The trained network behind the same answer as every other source; skipped where it is not."""

import numpy as np
import pytest

from satdesk.core.cover import Cover
from satdesk.errors import UsageError
from satdesk.radiometry.cover_network import network_answer

SHAPE = (120, 150)
LEVELS = {"B": 0.09, "G": 0.09, "R": 0.08, "NIR": 0.26}


def _planes():
    rng = np.random.default_rng(3)
    return {
        name: (level * (1 + 0.1 * rng.standard_normal(SHAPE))).astype(np.float32)
        for name, level in LEVELS.items()
    }


def test_a_missing_band_is_named():
    pytest.importorskip("ukis_csmask", reason="the extra satdesk[masks] is not installed")
    planes = _planes()
    del planes["NIR"]
    with pytest.raises(UsageError, match="four bands"):
        network_answer(planes, np.ones(SHAPE, bool), 6.0)


def test_it_answers_on_the_pictures_own_pixels_and_the_same_each_time():
    pytest.importorskip("ukis_csmask", reason="the extra satdesk[masks] is not installed")
    valid = np.ones(SHAPE, bool)
    valid[:, 140:] = False
    first, again = (network_answer(_planes(), valid, 6.0) for _ in range(2))
    assert first.flags.shape == SHAPE
    assert np.array_equal(first.flags, again.flags)
    assert first.told == Cover.CLOUD | Cover.CLOUD_SHADOW
    assert not first.flags[~valid].any()
    assert ((first.flags & Cover.CLOUD) > 0)[valid].mean() < 0.05  # a clear meadow
